"""The change of one group's scores: Wilcoxon's signed-rank test and the Hodges-Lehmann estimate, both exact.

The test's distribution is that of the ranks at hand, ties and all: each sign of 2^n is as likely as another where
nothing changed. Wilcoxon 1945, Biometrics Bull 1:80-83; zeros as he does (left out) or as Pratt 1959, J Am Stat
Assoc 54:655-667 (ranked, then left out). The estimate is the median of the means of all pairs, and its interval lies
between two of them: Hodges and Lehmann 1963, Ann Math Stat 34:598-611; Hollander, Wolfe and Chicken, Nonparametric
Statistical Methods, 3rd ed. 2014, sections 3.1 to 3.3.
"""

from __future__ import annotations

from functools import lru_cache
from math import floor, log10
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from evidence.errors import OptionError
from evidence.synthesis.proportions import check_level
from evidence.synthesis.results import Floats, Interval

ZEROS = ("wilcoxon", "pratt")
"""How changes of 0 count: left out before ranking, or ranked with the others and left out then."""

MOST_EXACT = 400
"""Patients up to whom the distribution is enumerated; beyond, the normal approximation has no visible error."""

_DIGITS = 12  # significant digits of a difference of two scores: 0.3 - 0.1 and 0.2 are tied
_ROUNDING = 1e-9  # relative: five changes reach 93.75 % exactly, though not to the last binary digit
_MOST_PAIRS = 2000  # changes whose pairs' means are written out; beyond, they are counted instead


class SignedRank(NamedTuple):
    """Wilcoxon's signed-rank test of changes centred at 0.

    `statistic` is the sum of the ranks of positive changes; `n` the changes that count, of which `tied` share their
    size with another; `zeros` those that are 0. `pvalue` is two-sided, `exact` whether from the whole distribution
    (else normal, with continuity and tie correction), `smallest` the smallest p that these ranks can give.
    `pvalue` is nan where no change counts.
    """

    statistic: float
    pvalue: float
    n: int
    zeros: int
    tied: int
    exact: bool
    smallest: float


def differences(before: npt.ArrayLike, after: npt.ArrayLike) -> Floats:
    """After minus before, rounded where floating point alone would part ties: to 12 digits of the largest score."""
    first, last = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    largest = float(max(np.abs(first).max(initial=0), np.abs(last).max(initial=0)))
    if not largest:
        return np.asarray(last - first)
    return np.asarray(np.round(last - first, _DIGITS - 1 - floor(log10(largest))))


def signed_rank(changes: npt.ArrayLike, *, zeros: str = "wilcoxon") -> SignedRank:
    """Test changes, shape (n,), for a distribution that is symmetric about 0; infinite changes rank last.

    Raises OptionError for no changes, nan, and an unknown `zeros`.
    """
    x = _checked(changes)
    if zeros not in ZEROS:
        raise OptionError("zeros", zeros, ZEROS)
    counted = x != 0
    none = int((~counted).sum())
    ranks = _midranks(np.abs(x))[counted] if zeros == "pratt" else _midranks(np.abs(x[counted]))
    signs = x[counted]
    n = signs.size
    sizes = np.unique(np.abs(signs), return_counts=True)[1]
    tied = int(sizes[sizes > 1].sum())
    if n == 0:
        return SignedRank(0.0, float("nan"), 0, none, 0, True, float("nan"))
    statistic = float(ranks[signs > 0].sum())
    if n <= MOST_EXACT:
        doubled = np.rint(2 * ranks).astype(np.intp)  # mid-ranks are halves
        chance = _distribution(tuple(sorted(doubled.tolist())))
        pvalue = _two_sided(chance, round(2 * statistic))
        return SignedRank(statistic, pvalue, n, none, tied, True, min(1.0, 2.0 ** (1 - n)))
    mean, variance = ranks.sum() / 2, (ranks**2).sum() / 4
    z = max(abs(statistic - mean) - 0.5, 0.0) / np.sqrt(variance)
    return SignedRank(statistic, float(2 * ndtr(-z)), n, none, tied, False, 0.0)


def hodges_lehmann(changes: npt.ArrayLike, *, level: float = 0.95) -> Interval:
    """The median of the means of all pairs of changes (each with itself too), with its exact interval.

    The `level` of the result is the confidence attained: at least the one asked for, since it comes in steps; less
    where n is too small, when the limits are the smallest and the largest change (n = 5: 0.9375). It is exact for
    changes without ties and more with them. A single change has no interval: limits nan, level 0. The test inverted
    is Wilcoxon's with all changes, zeros too.
    """
    check_level(level)
    x = np.sort(_checked(changes))
    n = x.size
    pairs = n * (n + 1) // 2
    middle = (pairs + 1) // 2, pairs // 2 + 1
    if n == 1:
        return Interval(float(x[0]), float("nan"), float("nan"), 0.0)
    rank, attained = _rank(n, level)
    centre_low, centre_high, low, high = _pair_means(x, (*middle, rank, pairs + 1 - rank))
    # Halved before they are added; two infinite ones of unlike sign have no middle.
    centre = centre_low if centre_low == centre_high else centre_low / 2 + centre_high / 2
    return Interval(centre, low, high, attained)


def _checked(changes: npt.ArrayLike) -> Floats:
    x = np.asarray(changes, dtype=float)
    if x.ndim != 1 or x.size == 0:
        raise OptionError("shape of changes", x.shape, "(n,), with n of at least 1")
    if np.isnan(x).any():
        raise OptionError("changes", float("nan"), "numbers")
    return x


def _midranks(sizes: Floats) -> Floats:
    """Ranks from 1, those of equal values shared."""
    _, place, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place])


@lru_cache(maxsize=16)
def _distribution(ranks: tuple[int, ...]) -> Floats:
    """The chance of each sum, 0, 1, ..., of the ranks with a positive sign, when every sign is a coin's."""
    chance = np.zeros(sum(ranks) + 1)
    chance[0] = 1.0
    top = 0
    for rank in ranks:
        chance[rank : top + rank + 1] += chance[: top + 1].copy()
        top += rank
        chance[: top + 1] *= 0.5
    return chance


def _two_sided(chance: Floats, total: int) -> float:
    """Twice the smaller tail, at most 1: the distribution is symmetric."""
    lower = min(total, chance.size - 1 - total)
    return min(1.0, 2 * float(chance[: lower + 1].sum()))


def _rank(n: int, level: float) -> tuple[int, float]:
    """The rank, from 1, of the pair's mean that is the lower limit, and the confidence attained."""
    allowed = (1 - level) * (1 + _ROUNDING) / 2
    if n <= MOST_EXACT:
        below = np.cumsum(_distribution(tuple(range(1, n + 1))))
        rank = max(1, int(np.searchsorted(below, allowed, side="right")))
        return rank, float(1 - 2 * below[rank - 1])
    mean, sd = n * (n + 1) / 4, np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    rank = max(1, int(np.floor(mean + ndtri(allowed) * sd - 0.5)))
    return rank, float(1 - 2 * ndtr((rank - 0.5 - mean) / sd))


def _pair_means(x: Floats, ranks: tuple[int, ...]) -> list[float]:
    """The means of pairs i <= j of sorted values with these ranks from 1."""
    n = x.size
    if n <= _MOST_PAIRS:
        first, second = np.triu_indices(n)
        with np.errstate(invalid="ignore"):
            means = np.sort(x[first] / 2 + x[second] / 2)
        return [float(means[rank - 1]) for rank in ranks]
    return [_counted_mean(x, rank) for rank in ranks]


def _counted_mean(x: Floats, rank: int) -> float:
    """The same for many values: halve a bracket until the count of smaller means tells the value."""
    low, high = float(x[0]), float(x[-1])
    while True:
        middle = low / 2 + high / 2
        if middle in (low, high):
            return high if _count(x, low) < rank else low
        low, high = (low, middle) if _count(x, middle) >= rank else (middle, high)


def _count(x: Floats, value: float) -> int:
    """How many pairs i <= j have a mean of at most `value`."""
    upto = np.searchsorted(x, 2 * value - x, side="right")
    return int(np.maximum(upto - np.arange(x.size), 0).sum())
