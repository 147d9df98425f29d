"""Mantel and Haenszel's common effect of 2x2 tables, the tests that go with it, and whether the odds ratio is common.

Each study is a stratum; sums over strata need no correction for empty cells as long as the sums themselves are not
empty, and that is what makes the method good for rare events. A study without any event adds nothing to a ratio, whatever
its size; in a difference it counts, at no difference.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from evidence.errors import OptionError
from evidence.synthesis.arms.tables import Arms
from evidence.synthesis.results import Floats

VARIANCES = ("sato", "greenland-robins")


class Summed(NamedTuple):
    """An effect from sums over studies on the model scale; nan where a sum it divides by is empty."""

    estimate: float
    se: float


class Association(NamedTuple):
    """A chi-square statistic with its degrees of freedom and p."""

    statistic: float
    df: int
    pvalue: float


def mantel_haenszel(arms: Arms, measure: str, *, variance: str = "sato") -> Summed:
    """The common odds ratio, risk ratio (both as logs) or risk difference.

    odds-ratio       Mantel & Haenszel 1959, J Natl Cancer Inst 22:719-748; variance of Robins, Breslow & Greenland
                     1986, Biometrics 42:311-323
    risk-ratio       and risk-difference: Greenland & Robins 1985, Biometrics 41:55-68. The difference's `variance` is
                     Sato's (Sato, Greenland & Robins 1989, Biometrics 45:1323-1324; metafor), right for few large and for
                     many small studies, or "greenland-robins" (meta), right for few large ones

    Counts may be enlarged ones. Raises OptionError for another measure or variance.
    """
    a, n1, c, n2 = arms
    b, d, n = arms.bi, arms.di, arms.total
    if variance not in VARIANCES:
        raise OptionError("variance", variance, VARIANCES)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "odds-ratio":
            p, q, r, s = (a + d) / n, (b + c) / n, a * d / n, b * c / n
            over, under = r.sum(), s.sum()
            squared = (
                (p * r).sum() / over**2 + (p * s + q * r).sum() / (over * under) + (q * s).sum() / under**2
            ) / 2
            return _finite(np.log(over / under), squared)
        if measure == "risk-ratio":
            over, under = (a * n2 / n).sum(), (c * n1 / n).sum()
            squared = (n1 * n2 * (a + c) / n**2 - a * c / n).sum() / (over * under)
            return _finite(np.log(over / under), squared)
        if measure == "risk-difference":
            weight = (n1 * n2 / n).sum()
            estimate = ((a * n2 - c * n1) / n).sum() / weight
            if variance == "sato":
                first = c * (n1 / n) ** 2 - a * (n2 / n) ** 2 + n1 * n2 / n**2 * (n2 - n1) / 2
                second = (a * d / n + c * b / n) / 2
                squared = (estimate * first.sum() + second.sum()) / weight**2
            else:
                squared = ((a * b * n2**3 + c * d * n1**3) / (n1 * n2 * n**2)).sum() / weight**2
            return _finite(estimate, squared)
    raise OptionError(
        "measure of the mantel-haenszel model", measure, ("odds-ratio", "risk-ratio", "risk-difference")
    )


def _finite(estimate: float, variance: float) -> Summed:
    if not (np.isfinite(estimate) and np.isfinite(variance)):
        return Summed(float("nan"), float("nan"))
    return Summed(float(estimate), float(np.sqrt(max(variance, 0.0))))


def mantel_haenszel_weights(arms: Arms, measure: str) -> Floats:
    """Each study's share: b c / N of the odds ratio, c n1 / N of the risk ratio, n1 n2 / N of the difference."""
    n = arms.total
    if measure == "odds-ratio":
        weights = arms.bi * arms.ci / n
    else:
        weights = (arms.ci if measure == "risk-ratio" else arms.n2i) * arms.n1i / n
    total = weights.sum()
    return np.asarray(weights / total if total > 0 else np.full(arms.k, np.nan))


def association_test(arms: Arms, *, correct: bool = True, cochran: bool = False) -> Association | None:
    """Whether treatment and response go together at all, over the strata: the Cochran-Mantel-Haenszel chi-square.

    Mantel & Haenszel 1959, with their continuity correction of 0.5 unless told otherwise; with `cochran` that of Cochran
    1954, Biometrics 10:417-451, whose variances divide by N instead of N - 1. None where no table has both kinds of
    patients.
    """
    mixed = arms.informative
    if not mixed.any():
        return None
    a, n1, c, n2 = arms.keep(mixed)
    n, m = n1 + n2, a + c
    excess = abs((a - n1 * m / n).sum())
    variance = (n1 / n * (n2 / n) * m * (n - m) / (n if cochran else n - 1)).sum()
    excess = excess - 0.5 if correct else excess
    statistic = float(excess**2 / variance)
    return Association(statistic, 1, float(chdtrc(1, statistic)))


def homogeneity_test(arms: Arms, log_odds_ratio: float, *, tarone: bool = True) -> Association | None:
    """Whether the studies share one odds ratio: Breslow and Day's chi-square at Mantel and Haenszel's estimate.

    Breslow & Day 1980, IARC Scientific Publications 32, chapter 4; Tarone's correction (1985, Biometrika 72:91-95)
    makes it a proper chi-square with a Mantel-Haenszel estimate. None for fewer than two informative studies or without
    a finite odds ratio.
    """
    mixed = arms.informative
    if mixed.sum() < 2 or not np.isfinite(log_odds_ratio):
        return None
    a, n1, c, n2 = arms.keep(mixed)
    m = a + c
    expected = expected_events(m, n1, n2, float(np.exp(log_odds_ratio)))
    cells = (expected, n1 - expected, m - expected, n2 - m + expected)
    variance = 1 / np.sum([1 / cell for cell in cells], axis=0)
    statistic = float(((a - expected) ** 2 / variance).sum())
    if tarone:
        statistic -= float((a - expected).sum() ** 2 / variance.sum())
    statistic = max(statistic, 0.0)
    df = int(mixed.sum()) - 1
    return Association(statistic, df, float(chdtrc(df, statistic)))


def expected_events(m: Floats, n1: Floats, n2: Floats, odds_ratio: float) -> Floats:
    """The treated arm's events that give a table with these margins this odds ratio, the root within the margins.

    The quadratic is solved in the form that does not subtract near equals, so that an odds ratio of 1 is no exception.
    """
    half = odds_ratio * (n1 + m) + n2 - m
    root = np.sqrt(np.maximum(half**2 - 4 * (odds_ratio - 1) * odds_ratio * n1 * m, 0.0))
    return np.asarray(2 * odds_ratio * n1 * m / (half + root))
