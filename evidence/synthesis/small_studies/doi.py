"""The Doi plot and its LFK index: where each study lies among the others, by rank instead of by precision.

Furuya-Kanamori, Barendregt & Doi 2018, Int J Evid Based Healthc 16:195-203.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from evidence.errors import NotPossible
from evidence.synthesis.results import Floats
from evidence.synthesis.small_studies.asymmetry import LEAST

MINOR, MAJOR = 1.0, 2.0
"""Beyond 1 in size the index is called minor asymmetry, beyond 2 major: thresholds without an error rate."""


_SAME = 1e-12  # relative: effects closer than this differ by rounding


@dataclass(frozen=True, slots=True)
class DoiPlot:
    """`z` is each study's normal quantile, in the order of the studies given; the plot shows |z| against the effect.

    `lfk` is positive where high values stand out, negative where low ones do. It is no test: it has no p-value,
    and how far chance alone takes it depends on how many studies there are.
    """

    z: Floats
    lfk: float

    @property
    def verdict(self) -> str:
        """The authors' words for the index."""
        size = abs(self.lfk)
        return "no" if size <= MINOR else "minor" if size <= MAJOR else "major"


def doi_plot(yi: Floats, vi: Floats) -> DoiPlot:
    """Rank the studies by effect, each counting as many ranks as its precision is worth, and measure the asymmetry.

    A study's mid-rank is the sum of the weights 100 max(vi) / vi before it and half its own; z is the normal quantile
    of (mid-rank - 0.5) / total. Of equal effects the more precise study comes first, whatever the order they are
    given in. The index averages z plus the effects' distance from the tip, on z's range.
    Raises NotPossible below three studies, and where all effects are the same.
    """
    k = len(yi)
    if k < LEAST:
        raise NotPossible(f"a Doi plot needs at least {LEAST} studies; here are {k}")
    spread = float(np.ptp(yi))
    if spread <= _SAME * float(np.abs(yi).max()):
        raise NotPossible("the studies' effects are all the same: a Doi plot of them is one upright line")
    order = np.lexsort((vi, _levels(yi)))
    effects, weights = yi[order], 100 * vi.max() / vi[order]
    middle = np.cumsum(weights) - weights / 2
    z = ndtri((middle - 0.5) / weights.sum())
    tip = effects[np.abs(z).argmin()]
    lfk = 5 / (2 * k) * float((z + np.ptp(z) / spread * (effects - tip)).sum())
    placed = np.empty(k)
    placed[order] = z
    return DoiPlot(placed, lfk)


def _levels(effects: Floats) -> Floats:
    """The effects' ranks, equal ones together though their last digits differ."""
    ordered = np.sort(effects)
    steps = np.concatenate([[True], np.diff(ordered) > _SAME * np.abs(effects).max()])
    return np.asarray(np.cumsum(steps)[np.searchsorted(ordered, effects)], dtype=float)
