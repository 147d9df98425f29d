"""What the pools of many subsets say together: how far each study splits them, and whether they lie in heaps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from evidence.synthesis.influence.gosh import Subsets
from evidence.synthesis.results import Floats

BINS = 40
_SMOOTH = 2  # passes of (1, 2, 1) / 4 over the histogram: a heap is wider than a bin
_VALLEY = 0.75  # of the lower of two tops: a shallower dip between them is no valley
_LEAST = 0.05  # of all subsets a heap must hold
ENOUGH = 255
"""Subsets (all of eight studies) from which on a shape is spoken of."""


@dataclass(frozen=True)
class Split:
    """Subsets with a study against those without it.

    `above` is the chance that a subset with the study has the higher estimate than one without, ties counting half:
    0.5 where it does not matter, near 0 or 1 where the study makes two heaps of them (Mann and Whitney's U as a share).
    """

    median_with: float
    median_without: float
    above: float

    @property
    def separation(self) -> float:
        """How far apart, 0 (not at all) to 1 (no overlap)."""
        return abs(2 * self.above - 1)


@dataclass(frozen=True)
class Heaps:
    """The histogram of the estimates from `low` to `high` in equal bins, and the tops of its heaps."""

    counts: tuple[int, ...]
    low: float
    high: float
    tops: tuple[float, ...]
    told: bool
    """Whether there are enough subsets to speak of a shape."""


def splits(found: Subsets, estimates: Floats) -> tuple[Split, ...]:
    """One for each study; nan where all subsets have it, or none."""
    order = np.argsort(estimates, kind="stable")
    rank = np.empty(len(order))
    rank[order] = np.arange(1, len(order) + 1)
    _average_ties(estimates[order], order, rank)
    out = []
    for study in range(found.k):
        member = found.with_study(study)
        inside = int(member.sum())
        outside = len(member) - inside
        if not inside or not outside:
            out.append(Split(float("nan"), float("nan"), float("nan")))
            continue
        above = (rank[member].sum() - inside * (inside + 1) / 2) / (inside * outside)
        out.append(
            Split(float(np.median(estimates[member])), float(np.median(estimates[~member])), float(above))
        )
    return tuple(out)


def _average_ties(ordered: Floats, order: npt.NDArray[np.intp], rank: Floats) -> None:
    """Equal estimates share their mean rank."""
    (starts,) = np.nonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    if len(starts) == len(ordered):
        return
    sizes = np.diff(np.append(starts, len(ordered)))
    rank[order] = np.repeat(starts + (sizes + 1) / 2, sizes)


def heaps(estimates: Floats) -> Heaps:
    """Tops of the smoothed histogram with a valley between them."""
    low, high = (float(v) for v in (estimates.min(), estimates.max()))
    told = len(estimates) >= ENOUGH
    if not high - low > 1e-9:
        return Heaps((len(estimates),), low, high, (low,), told)
    counts, edges = np.histogram(estimates, bins=BINS, range=(low, high))
    smooth = np.concatenate([[0.0], counts, [0.0]])
    for _ in range(_SMOOTH):
        smooth[1:-1] = (smooth[:-2] + 2 * smooth[1:-1] + smooth[2:]) / 4
    height = smooth[1:-1]
    tops = _tops(height)
    # A heap reaches to the lowest point on either side of its top.
    cuts = [0, *(a + int(height[a:b].argmin()) for a, b in pairwise(tops)), BINS]
    held = [counts[a:b].sum() / len(estimates) for a, b in pairwise(cuts)]
    centres = (edges[1:] + edges[:-1]) / 2
    kept = [float(centres[top]) for top, share in zip(tops, held, strict=True) if share >= _LEAST]
    return Heaps(tuple(counts.tolist()), low, high, tuple(kept), told)


def _tops(height: Floats) -> list[int]:
    """Places of tops, the lower of two without a valley between them dropped, until all have one."""
    padded = np.concatenate([[-1.0], height, [-1.0]])
    tops = np.flatnonzero((padded[1:-1] > padded[:-2]) & (padded[1:-1] >= padded[2:])).tolist()
    while len(tops) > 1:
        depth = [height[a:b].min() / min(height[a], height[b]) for a, b in pairwise(tops)]
        worst = int(np.argmax(depth))
        if depth[worst] < _VALLEY:
            break
        a, b = tops[worst], tops[worst + 1]
        tops.remove(a if height[a] < height[b] else b)
    return tops
