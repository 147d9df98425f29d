"""Fail-safe numbers: how many unseen studies without effect would undo a result. Kept because readers ask for them.

Effects yi are measured from the value that means no effect. The Cochrane Handbook advises against fail-safe numbers:
they take the unseen studies to show no effect on average, and know nothing of heterogeneity.
"""

from __future__ import annotations

from math import ceil, inf

import numpy as np
from scipy.special import ndtr, ndtri

from evidence.synthesis.results import Floats


def rosenthal(yi: Floats, vi: Floats, *, alpha: float = 0.05) -> tuple[float, float]:
    """Null studies that would bring Stouffer's combined z to one-sided `alpha`, and the combined p.

    Rosenthal 1979, Psychol Bull 86:638-641.
    """
    z = abs(float((yi / np.sqrt(vi)).sum())) / float(np.sqrt(len(yi)))
    needed = len(yi) * (z / float(ndtri(alpha))) ** 2 - len(yi)
    return _whole(needed), float(ndtr(-z))


def orwin(yi: Floats, *, target: float, vi: Floats | None = None) -> tuple[float, float]:
    """Null studies that would bring the mean effect to `target`, and that mean (Orwin 1983, J Educ Stat 8:157-159).

    The mean is plain, or by 1 / vi where variances are given; `target` takes its sign. `asymmetry` does not show it: it
    asks for an effect too small to matter, which nobody can name for the proportion of a single arm, and at half the
    mean, which other programs take instead, the answer is always the number of studies seen.
    """
    weights = np.ones_like(yi) if vi is None else 1 / vi
    mean = float((weights * yi).sum() / weights.sum())
    if target == 0:
        return inf, mean
    return _whole(len(yi) * (abs(mean) - abs(target)) / abs(target)), mean


def rosenberg(yi: Floats, vi: Floats, *, alpha: float = 0.05) -> tuple[float, float]:
    """Null studies, of average weight, that would bring the common effect to two-sided `alpha`, and its p.

    Rosenberg 2005, Evolution 59:464-468.
    """
    weights = 1 / vi
    total = float(weights.sum())
    z = abs(float((weights * yi).sum())) / float(np.sqrt(total))
    needed = len(yi) * ((z / float(ndtri(alpha / 2))) ** 2 * total - total) / total
    return _whole(needed), float(2 * ndtr(-z))


def _whole(needed: float) -> float:
    """Rounded up, since part of a study will not do; what is a whole number but for rounding stays one."""
    nearest = round(needed)
    return float(max(0, nearest if abs(needed - nearest) < 1e-8 else ceil(needed)))
