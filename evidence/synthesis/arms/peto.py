"""Peto's one-step odds ratio: observed minus expected events, over the hypergeometric variance.

Yusuf, Peto, Lewis, Collins & Sleight 1985, Prog Cardiovasc Dis 27:335-371. Good for rare events, arms of like size and odds
ratios near 1; away from there it is biased (Greenland & Salvan 1990, Stat Med 9:247-252).
"""

from __future__ import annotations

import numpy as np

from evidence.synthesis.arms.tables import Arms, Effects

FAR_FROM_ONE = 4.0
"""An odds ratio this far from 1, either way, is beyond what one step reaches well."""

UNEQUAL = 4.0
"""Arms whose sizes part by this factor bias it."""


def peto_effects(arms: Arms) -> Effects:
    """(O - E) / V and 1 / V of each study; studies in which nobody, or everybody, responded have no V."""
    n, m = arms.total, arms.ai + arms.ci
    with np.errstate(divide="ignore", invalid="ignore"):
        v = m * (n - m) * (arms.n1i / n) * (arms.n2i / n) / (n - 1)
        used = v > 0
        yi = (arms.ai - arms.n1i * m / n) / v
        vi = 1 / v
    none = np.zeros(arms.k, dtype=bool)
    return Effects(np.where(used, yi, np.nan), np.where(used, vi, np.nan), used, none)


def strained(arms: Arms, log_odds_ratio: float) -> list[str]:
    """Which of the method's conditions these studies do not meet, in words."""
    found = []
    if abs(log_odds_ratio) > np.log(FAR_FROM_ONE):
        found.append("the odds ratio is far from 1")
    ratio = arms.n1i / arms.n2i
    if (np.maximum(ratio, 1 / ratio) >= UNEQUAL).any():
        found.append("arms of a study differ much in size")
    return found
