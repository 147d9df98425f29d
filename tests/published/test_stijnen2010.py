"""Stijnen T, Hamza TH, Ozdemir P. Random effects meta-analysis of event outcome in the framework of the generalized
linear mixed model with applications in sparse data. Stat Med 2010;29:3046-3067. Table II, page 3050.

Risks of catheter-related bloodstream infection with standard and with anti-infective catheters, eighteen trials of
Niel-Weise BS, Stijnen T, van den Broek PJ (Intensive Care Med 2007;33:2058-2068, figure 2). The table's figures as
metafor's own test of this example quotes them, with its remarks where the paper's last digit is another; the counts
are its dat.nielweise2007.
"""

from __future__ import annotations

import pytest

from evidence.synthesis.pooling import pool_counts

STANDARD = (
    [3, 3, 9, 7, 6, 4, 3, 2, 19, 2, 7, 1, 5, 11, 0, 1, 3, 1],
    [117, 35, 195, 136, 157, 139, 177, 39, 103, 122, 64, 58, 175, 180, 105, 262, 362, 69],
)
ANTI_INFECTIVE = (
    [0, 1, 2, 0, 5, 1, 1, 1, 1, 1, 0, 0, 3, 6, 0, 0, 1, 4],
    [116, 44, 208, 130, 151, 98, 174, 74, 97, 113, 66, 70, 188, 187, 118, 252, 345, 64],
)


@pytest.mark.parametrize(
    ("counts", "mu", "se", "tau2", "percent"),
    [
        (STANDARD, -3.50, 0.26, 0.81, (2.9, 1.8, 4.8)),
        (ANTI_INFECTIVE, -4.81, 0.36, 0.83, (0.8, 0.4, 1.6)),
    ],
    ids=["standard", "anti-infective"],
)
def test_table_ii_binomial_normal(
    counts: tuple[list[int], list[int]], mu: float, se: float, tau2: float, percent: tuple[float, ...]
) -> None:
    pooled = pool_counts(*counts, model="binomial", ci="wald")
    assert pooled.fit is not None and pooled.heterogeneity is not None
    assert pooled.fit.estimate == pytest.approx(mu, abs=0.005)
    assert pooled.fit.se == pytest.approx(se, abs=0.005)
    assert pooled.heterogeneity.tau2 == pytest.approx(tau2, abs=0.005)
    assert [100 * v for v in pooled.proportion] == pytest.approx(percent, abs=0.05)


@pytest.mark.parametrize(
    ("counts", "mu", "se", "tau2", "percent"),
    [
        # the paper prints 3.5 and 5.6 where metafor, and we, have 3.55 and 5.54
        (STANDARD, -3.30, 0.24, 0.663, (3.55, 2.26, 5.54)),
        (ANTI_INFECTIVE, -4.26, 0.26, 0.393, (1.39, 0.84, 2.29)),
    ],
    ids=["standard", "anti-infective"],
)
def test_table_ii_normal_normal(
    counts: tuple[list[int], list[int]], mu: float, se: float, tau2: float, percent: tuple[float, ...]
) -> None:
    pooled = pool_counts(*counts, model="random", ci="wald")
    assert pooled.fit is not None and pooled.heterogeneity is not None
    assert pooled.fit.estimate == pytest.approx(mu, abs=0.005)
    assert pooled.fit.se == pytest.approx(se, abs=0.005)
    assert pooled.heterogeneity.tau2 == pytest.approx(tau2, abs=0.0005)
    assert [100 * v for v in pooled.proportion] == pytest.approx(percent, abs=0.005)


def test_the_beta_binomial_says_nearly_the_same_of_the_average() -> None:
    """Not in the paper: the two models' averages, one by integration, one its own parameter."""
    for counts in (STANDARD, ANTI_INFECTIVE):
        normal = pool_counts(*counts, model="binomial").average
        beta = pool_counts(*counts, model="beta-binomial").proportion
        assert normal is not None
        assert beta.estimate == pytest.approx(normal.estimate, rel=0.1)
