"""Hyperdynamic therapy for cerebral vasospasm, 14 studies: Pritz, Zhou & Brizendine (1996); Zhou, Brizendine & Pritz
(1999), Methods for combining rates from several studies, Stat Med 18(5):557-566, whose counts are metadat's
dat.pritz1997. The random-effects figures are those that R's metafor and meta print for these counts."""

from __future__ import annotations

import pytest

from evidence.synthesis.pooling import pool_counts

SIX, FOUR, THREE = 5e-7, 5e-5, 5e-4  # half a unit of the last decimal printed
LME4 = 3e-6  # R's interval, printed to six decimals, carries the error of lme4's seven quadrature nodes

EVENTS = [16, 10, 4, 43, 10, 25, 13, 12, 22, 4, 5, 18, 58, 6]
N = [17, 12, 8, 58, 10, 42, 14, 12, 41, 5, 6, 23, 68, 10]


def test_the_crude_rate() -> None:
    pooled = pool_counts(EVENTS, N, model="exact")
    assert (pooled.k, pooled.events, pooled.n) == (14, 246, 326)
    assert pooled.proportion.estimate == pytest.approx(0.7546, abs=FOUR)


@pytest.mark.parametrize(
    ("ci", "low", "high", "printed"), [("wald", 0.692403, 0.874553, LME4), ("t", 0.6800, 0.8808, FOUR)]
)
def test_the_mixed_effects_logistic_regression(ci: str, low: float, high: float, printed: float) -> None:
    pooled = pool_counts(EVENTS, N, model="binomial", ci=ci)
    assert pooled.proportion.estimate == pytest.approx(0.798443, abs=SIX)
    # R's intervals carry lme4's own stopping error in the sixth decimal
    assert (pooled.proportion.low, pooled.proportion.high) == pytest.approx(
        (low, high), abs=max(printed, 1e-6)
    )
    assert pooled.heterogeneity is not None
    assert pooled.heterogeneity.tau2 == pytest.approx(0.58931, abs=5e-6)


@pytest.mark.parametrize(
    ("ci", "low", "high", "printed"), [("wald", 0.660522, 0.833716, SIX), ("hksj", 0.6481, 0.8412, FOUR)]
)
def test_the_random_effects_model_of_logits(ci: str, low: float, high: float, printed: float) -> None:
    pooled = pool_counts(EVENTS, N, model="random", ci=ci)
    assert pooled.proportion.estimate == pytest.approx(0.757479, abs=SIX)
    assert (pooled.proportion.low, pooled.proportion.high) == pytest.approx((low, high), abs=printed)


def test_methods_differ_by_five_points_on_ordinary_data() -> None:
    logit = pool_counts(EVENTS, N, model="random")
    binomial = pool_counts(EVENTS, N, model="binomial")
    arcsine = pool_counts(EVENTS, N, model="random", measure="arcsine")
    found = [pooled.proportion.estimate for pooled in (logit, binomial, arcsine)]
    assert found == pytest.approx([0.757, 0.798, 0.813], abs=THREE)
