"""Responders at every threshold: how far below its scores "all responded" still holds, and how sure the curve is.

A patient's reduction is the share of the baseline that went; at a threshold t the responders are those whose reduction
is at least t. So the curve over t is one minus the distribution function of the reductions, and the exact two-sided
Kolmogorov band (Massey 1951, J Am Stat Assoc 46:68-78) holds for all thresholds at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from evidence.errors import OptionError
from evidence.synthesis.results import Floats

THRESHOLDS = np.linspace(0, 1, 101)
"""0 to 100 % reduction, in whole percent."""


class Margin(NamedTuple):
    """Responders at each threshold (T,), as shares of n, with a band that holds for all thresholds at once.

    `holds` is the largest threshold that everybody meets: the smallest reduction; None where somebody got worse.
    """

    thresholds: Floats
    share: Floats
    low: Floats
    high: Floats
    n: int
    level: float
    holds: float | None


def reductions(before: npt.ArrayLike, after: npt.ArrayLike) -> Floats:
    """Each patient's reduction as a share of the baseline, arrays (n,). Raises OptionError for a baseline of 0 or less."""
    start, end = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    if start.shape != end.shape or start.ndim != 1 or not len(start):
        raise OptionError("before, after", (start.shape, end.shape), "two lists of one length, at least 1")
    if not (np.isfinite(start).all() and np.isfinite(end).all() and (start > 0).all()):
        raise OptionError("before", start.tolist(), "finite scores, baselines above 0")
    return np.asarray((start - end) / start)


def response_margin(
    before: npt.ArrayLike, after: npt.ArrayLike, *, level: float = 0.95, thresholds: Floats = THRESHOLDS
) -> Margin:
    """The share of responders at every threshold, with its simultaneous band."""
    from scipy.stats import kstwo

    falls = reductions(before, after)
    n = len(falls)
    # 1e-12: a reduction of exactly half meets one half, whatever binary arithmetic says
    share = (falls[None, :] >= thresholds[:, None] - 1e-12).mean(-1)
    width = float(kstwo.ppf(level, n))
    least = float(falls.min())
    return Margin(
        thresholds,
        share,
        np.maximum(share - width, 0),
        np.minimum(share + width, 1),
        n,
        level,
        least if least >= 0 else None,
    )


class Measured(NamedTuple):
    """Responders at one threshold when each score has a measurement error: what was counted, and what to expect.

    `expected` is the expected number of responders by true scores, `low` and `high` bound it with probability
    `level`; `all_respond` is the probability that every patient truly meets the threshold.
    """

    threshold: float
    counted: int
    expected: float
    low: int
    high: int
    all_respond: float


def with_error(
    before: npt.ArrayLike, after: npt.ArrayLike, threshold: float, sem: float, *, level: float = 0.95
) -> Measured:
    """Responders by true scores, each printed score being the true one plus a normal error of standard deviation `sem`.

    The true scores are taken to be spread evenly around the printed ones (a flat prior), errors to be independent, so
    that patient i meets the threshold with probability Phi(((1 - t) before - after) / (sem sqrt((1 - t)^2 + 1))), and
    the number who do is a Poisson-binomial sum, worked exactly. `sem` is in points of the score; it must come from a
    reliability study of the score. Raises OptionError for one that is not above 0.
    """
    falls = reductions(before, after)
    if not (np.isfinite(sem) and sem > 0):
        raise OptionError("sem", sem, "the score's standard error of measurement, in points, above 0")
    if not 0 <= threshold <= 1:
        raise OptionError("threshold", threshold, "a share of the baseline from 0 to 1")
    kept = 1 - threshold
    room = kept * np.asarray(before, dtype=float) - np.asarray(after, dtype=float)
    chances = np.asarray(ndtr(room / (sem * np.sqrt(kept**2 + 1))))
    counts = np.ones(1)
    for chance in chances:
        counts = np.convolve(counts, [1 - chance, chance])
    below = np.cumsum(counts)
    tail = (1 - level) / 2
    return Measured(
        threshold,
        int((falls >= threshold - 1e-12).sum()),
        float(chances.sum()),
        int(np.searchsorted(below, tail)),
        int(np.searchsorted(below, 1 - tail)),
        float(counts[-1]),
    )
