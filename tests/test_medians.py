"""Scores from printed medians: metafor's and estmeansd's figures, distributions that are known, brute force, refusals."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.scores.median import median_interval
from evidence.synthesis.scores.medians import (
    ESTIMATES,
    METHODS,
    Summary,
    box_cox_mean_sd,
    fit_quantiles,
    luo_mean,
    pool_medians,
    shi_sd,
    skewness,
    wan_mean,
    wan_sd,
    weighted_median,
)

FIVENUM = {
    # n -> mean by Luo and SD by Wan, from range, quartiles and all five of 2, 6, 9, 17, 41: metafor 4.4's conv.fivenum
    7: ((15.021544795358952, 14.29106691143328), (10.889285714285714, 10.103962147784886), (14.361220613598714, 12.197514529609084)),
    30: ((11.972897250696676, 9.5575055212413016), (10.782500000000001, 8.5626224066574625), (12.3038216208361, 9.0600639639493821)),
    100: ((10.403596372036779, 7.804399930371213), (10.75975, 8.2742542328822122), (11.420082492316839, 8.0393270816267126)),
}  # fmt: skip
"""As published in the tests of a Python reimplementation on GitHub, which had them from R."""

ROWS = [
    Summary(11, 15, low=4, high=35),
    Summary(6, 28, low=17, high=49),
    Summary(18, mean=12, sd=2.9),
    Summary(40, 17, q1=10, q3=22),
]


@pytest.mark.parametrize("n", FIVENUM)
def test_luo_and_wan_are_metafors(n: int) -> None:
    rows = (
        Summary(n, 9, low=2, high=41),
        Summary(n, 9, q1=6, q3=17),
        Summary(n, 9, q1=6, q3=17, low=2, high=41),
    )
    for row, (mean, sd) in zip(rows, FIVENUM[n], strict=True):
        assert luo_mean(row) == pytest.approx(mean, rel=1e-12)
        assert wan_sd(row) == pytest.approx(sd, rel=1e-12)


def test_shi_weighs_range_and_quartiles_and_is_wans_where_there_is_one() -> None:
    """Written as the paper does, (b - a) / theta1 + (q3 - q1) / theta2, rather than by weights."""
    n = 50
    theta1 = (2 + 0.14 * n**0.6) * stats.norm.ppf((n - 0.375) / (n + 0.25))
    theta2 = (2 + 2 / (0.07 * n**0.6)) * stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25))
    row = Summary(n, 9, q1=6, q3=17, low=2, high=41)
    assert shi_sd(row) == pytest.approx((41 - 2) / theta1 + (17 - 6) / theta2, rel=1e-12)
    assert shi_sd(row._replace(q1=None)) == wan_sd(row._replace(q1=None))


def test_a_fitted_distribution_has_the_mean_that_estmeansd_prints() -> None:
    """Its README: qe.mean.sd(min.val = 2, med.val = 4, max.val = 9, n = 100) is 4.347284, 1.502171.

    R's search stops where its steps gain little; ours is as near or nearer to the quantiles.
    """
    fitted = fit_quantiles(Summary(100, 4, low=2, high=9))
    assert fitted.family == "log-normal"
    assert fitted.mean_sd() == pytest.approx((4.347284, 1.502171), rel=1e-5)


@pytest.mark.parametrize(
    ("family", "law"),
    [
        ("normal", stats.norm(20, 6)),
        ("log-normal", stats.lognorm(0.6, scale=12)),
        ("gamma", stats.gamma(3.5, scale=4)),
        ("Weibull", stats.weibull_min(1.7, scale=15)),
    ],
)
def test_exact_quantiles_of_a_distribution_give_it_back(family: str, law: Any) -> None:
    n = 60
    low, q1, median, q3, high = law.ppf([1 / n, 0.25, 0.5, 0.75, 1 - 1 / n])
    row = Summary(n, median, q1, q3, low, high)
    fitted = fit_quantiles(row)
    assert fitted.family == family
    assert fitted.mean_sd() == pytest.approx((law.mean(), law.std()), rel=1e-5)
    assert fitted.median_se(n) == pytest.approx(1 / (2 * law.pdf(median) * np.sqrt(n)), rel=1e-5)


def test_box_cox_is_the_logarithm_for_a_log_normal_and_luo_for_a_symmetric_one() -> None:
    row = Summary(50, np.exp(2.0), q1=np.exp(1.4), q3=np.exp(2.6))
    spread = wan_sd(Summary(50, 2, 1.4, 2.6))
    mean = np.exp(2 + spread**2 / 2)
    assert box_cox_mean_sd(row) == pytest.approx((mean, mean * np.sqrt(np.expm1(spread**2))), rel=1e-6)
    even = Summary(50, 100, q1=95, q3=105)
    assert box_cox_mean_sd(even) == pytest.approx((luo_mean(even), wan_sd(even)), rel=1e-4)


def test_the_skewness_test_rejects_one_in_twenty_normal_samples_and_most_skewed_ones() -> None:
    rng = np.random.default_rng(20260701)
    for n in (21, 101):  # of 4 Q + 1, as the test was made for
        shares = []
        for samples in (rng.normal(size=(4000, n)), rng.lognormal(size=(4000, n))):
            low, q1, m, q3, high = np.percentile(samples, [0, 25, 50, 75, 100], axis=1)
            for kind in ("range", "quartiles", "all"):
                outer, inner = kind != "quartiles", kind != "range"
                found = [
                    skewness(
                        Summary(
                            n,
                            m[i],
                            q1[i] if inner else None,
                            q3[i] if inner else None,
                            low[i] if outer else None,
                            high[i] if outer else None,
                        )
                    )
                    for i in range(0, 4000, 2)
                ]
                shares.append(np.mean([each is not None and each.skewed for each in found]))
        assert shares[:3] == pytest.approx([0.05, 0.05, 0.05], abs=0.02)
        assert shares[3] > (0.6 if n == 21 else 0.99)
        assert shares[5] > (0.6 if n == 21 else 0.99)


# ---- the weighted median ---------------------------------------------------------------------------


@given(st.lists(st.integers(0, 50).map(float), min_size=2, max_size=15, unique=True), st.floats(0.6, 0.99))
def test_equal_weights_are_the_plain_median_and_the_sign_test(values: list[float], level: float) -> None:
    found, plain = (
        weighted_median(values, [3] * len(values), level=level),
        median_interval(values, level=level),
    )
    assert (found.estimate, found.low, found.high) == (plain.estimate, plain.low, plain.high)
    assert found.level == pytest.approx(plain.level, abs=1e-12)


@given(st.lists(st.integers(1, 12), min_size=2, max_size=8))
def test_the_weighted_interval_holds_as_often_as_it_says_over_every_sign(weights: list[int]) -> None:
    """Values at -1, -2, ... or 1, 2, ... about a median of 0, by a coin: every one of 2^k samples."""
    sizes = np.arange(1, len(weights) + 1, dtype=float)
    level = 0.8
    held, least = 0, 1.0
    for signs in product((-1.0, 1.0), repeat=len(weights)):
        found = weighted_median(list(sizes * signs), weights, level=level)
        held += found.low <= 0 <= found.high
        least = min(least, found.level)
    assert held / 2 ** len(weights) >= min(level, least) - 1e-12


# ---- pools -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_every_method_pools_and_ignores_the_order(method: str) -> None:
    found, back = pool_medians(ROWS, method=method), pool_medians(ROWS[::-1], method=method)
    assert found.pooled.low <= found.pooled.estimate <= found.pooled.high
    assert list(found.pooled) == pytest.approx(list(back.pooled), rel=1e-9)
    assert (found.tau2 is None) == (method not in ESTIMATES)
    assert len(found.studies) == 4


def test_a_pool_of_printed_means_is_the_inverse_variance_pool() -> None:
    from evidence.synthesis.inverse_variance.models import fit_inverse_variance

    rows = [Summary(20, mean=10, sd=4), Summary(50, mean=11, sd=5)]
    yi, vi = np.array([[10.0, 11.0]]), np.array([[16 / 20, 25 / 50]])
    fit = fit_inverse_variance(yi, vi, np.zeros(1), ci="hksj", level=0.95)
    found = pool_medians(rows, method="luo")
    assert found.tau2 == 0
    assert list(found.pooled) == pytest.approx([fit.estimate[0], fit.low[0], fit.high[0]], rel=1e-10)


@given(
    st.integers(5, 300),
    st.lists(st.floats(0.5, 90), min_size=5, max_size=5, unique=True).filter(
        lambda v: min(np.diff(sorted(v))) > 0.3
    ),
)
def test_estimates_lie_within_the_range(n: int, five: list[float]) -> None:
    low, q1, m, q3, high = sorted(five)
    row = Summary(n, m, q1, q3, low, high)
    assert low <= luo_mean(row) <= high
    assert low <= wan_mean(row) <= high
    assert shi_sd(row) > 0


def test_zeros_can_be_fitted_and_negative_scores_only_by_the_normal() -> None:
    assert fit_quantiles(Summary(11, 2, low=0, high=13)).family in ("gamma", "Weibull", "log-normal")
    assert fit_quantiles(Summary(11, -2, low=-9, high=3)).family == "normal"


def test_what_cannot_be_pooled_is_refused_with_its_number() -> None:
    with pytest.raises(NotPossible, match="at least two"):
        pool_medians(ROWS[:1])
    bare = [ROWS[0], Summary(9, 12)]
    assert pool_medians(bare).pooled.estimate == 15  # 11 patients against 9
    with pytest.raises(NotPossible, match="study 2 cannot be pooled by quantile: there is no spread"):
        pool_medians(bare, method="quantile")
    with pytest.raises(NotPossible, match=r"study 1 .* values above 0"):
        pool_medians([Summary(11, 2, low=0, high=13), ROWS[0]], method="box-cox")
    with pytest.raises(NotPossible, match="standard error is 0"):
        pool_medians([Summary(9, mean=3, sd=0), ROWS[2]], method="luo")
    with pytest.raises(OptionError, match="in order"):
        pool_medians([Summary(9, 12, low=13, high=20), ROWS[0]])
    with pytest.raises(OptionError, match="weighted-median"):
        pool_medians(ROWS, method="hozo")
    with pytest.raises(OptionError, match="finite"):
        pool_medians([Summary(9, float("nan")), ROWS[0]])
