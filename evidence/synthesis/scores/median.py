"""The median of a sample and its distribution-free interval, between two of the values themselves.

The number of values below the population's median is binomial(n, 1/2) whatever the distribution: the sign test
inverted. Conover, Practical Nonparametric Statistics, 3rd ed. 1999, section 3.2; Hahn and Meeker, Statistical
Intervals, 1991, section 5.2. With ties the confidence is at least the one stated: Scheffé and Tukey, Ann Math
Stat 1945;16:187-192.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from evidence.errors import OptionError
from evidence.synthesis.proportions import check_level
from evidence.synthesis.results import Interval

_ROUNDING = 1e-9
"""Relative: 5 values at level 0.9375 reach it exactly, though not to the last binary digit."""


def median_interval(values: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """The median of `values`, shape (n,), and the d-th smallest and d-th largest of them as limits.

    d is the largest rank at which the confidence is still `level`; the `level` of the result is the confidence
    attained. That is more than asked for, since confidence comes in steps; and less where n is too small for
    `level`: then the limits are the smallest and the largest value (n = 5: 0.9375). A single value has no
    interval: its limits are nan, its level 0. Raises OptionError on no values and on values that are not finite.
    """
    check_level(level)
    x = np.sort(np.asarray(values, dtype=float))
    n = x.size
    if x.ndim != 1 or n == 0:
        raise OptionError("shape of values", x.shape, "(n,), with n of at least 1")
    if not np.isfinite(x).all():
        raise OptionError("values", x[~np.isfinite(x)][0], "finite numbers")
    # Halved before they are added: the sum of two large values may overflow.
    middle = float(x[(n - 1) // 2] / 2 + x[n // 2] / 2)
    if n == 1:
        return Interval(middle, float("nan"), float("nan"), 0.0)
    ranks = np.arange(1, n // 2 + 1)
    outside = 2 * bdtr(ranks - 1.0, n, 0.5)
    enough = np.flatnonzero(outside <= (1 - level) * (1 + _ROUNDING))
    d = int(enough[-1]) if enough.size else 0
    low, high = float(x[d]), float(x[n - 1 - d])
    return Interval(min(max(middle, low), high), low, high, float(1 - outside[d]))
