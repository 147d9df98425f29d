"""Heterogeneity: every estimator on examples done by hand, maxima by brute force, intervals put back into Q."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2
from statsmodels.stats.meta_analysis import combine_effects

from evidence.errors import OptionError
from evidence.synthesis.inverse_variance.heterogeneity import (
    TAU2_ESTIMATORS,
    estimate_tau2,
    generalised_q,
    i2_h2,
    log_likelihood,
    profiled_log_likelihood,
    q_profile,
    q_pvalue,
    solve_q,
    weighted_mean,
)
from evidence.synthesis.proportions import MEASURES

CLOSED_FORM = 1e-10  # relative
ITERATED = 1e-6  # relative
TAU2 = 1e-8  # absolute
SAME_HEIGHT = 1e-9  # log-likelihoods this close are one maximum

ONE = np.ones(3)
THREE = np.array([0.0, 2.0, 4.0])  # mean 2, sum of squares 8

# Equal variances of 1: Q(tau2) = 8 / (1 + tau2).
BY_HAND = {
    "dl": 3.0,  # (8 - 2) / (3 - 3/3)
    "pm": 3.0,  # 8 / (1 + 3) = 2
    "eb": 3.0,
    "he": 3.0,  # 8/2 - 1
    "reml": 3.0,  # 8/2 - 1
    "ml": 5 / 3,  # 8/3 - 1
    "hs": 5 / 3,  # (8 - 3) / 3
    "sj": 32 / 11,  # start 8/3, Q there 24/11; their product over 2
    "hsk": 3.0,  # (3/2 * 8 - 3) / 3
    "dlit": 3.0,
    "sjit": 3.0,
    "pmm": 8 / (2 * np.log(2)) - 1,  # Q at the median of a chi-square with 2 df, which is 2 ln 2
}


def one(function: object, yi: object, vi: object, *rest: object, **options: object) -> float:
    return float(function(np.asarray(yi, float)[None], np.asarray(vi, float)[None], *rest, **options)[0])


def random_sets(count: int, seed: int = 5) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    sets = []
    for _ in range(count):
        k = int(rng.integers(2, 13))
        vi = np.exp(rng.normal(-1, rng.choice([0.2, 1.0, 2.5]), k))
        sets.append((rng.normal(0.3, np.sqrt(vi + rng.choice([0.0, 0.1, 2.0]))), vi))
    return sets


# --- by hand ---------------------------------------------------------------------


def test_every_estimator_has_its_example() -> None:
    assert set(BY_HAND) == set(TAU2_ESTIMATORS)


@pytest.mark.parametrize("method", BY_HAND)
def test_estimators_with_equal_variances(method: str) -> None:
    assert one(estimate_tau2, THREE, ONE, method) == pytest.approx(BY_HAND[method], rel=CLOSED_FORM)


@pytest.mark.parametrize("method", ["dl", "pm", "eb", "he", "reml"])
def test_two_studies_have_half_of_what_their_variances_leave_unexplained(method: str) -> None:
    # the one contrast y1 - y2 has variance v1 + v2 + 2 tau2: (25 - 1 - 4) / 2
    assert one(estimate_tau2, [0.0, 5.0], [1.0, 4.0], method) == pytest.approx(10.0, rel=CLOSED_FORM)


def test_hunter_schmidt_with_unequal_variances() -> None:
    # weights 1, 1/4; mean 1, Q = 1 + 16/4 = 5; (5 - 2) / 1.25
    assert one(estimate_tau2, [0.0, 5.0], [1.0, 4.0], "hs") == pytest.approx(2.4, rel=CLOSED_FORM)


def test_sidik_jonkman_with_unequal_variances() -> None:
    # start 6.25; weights 1/7.25 and 1/10.25, so Q = 25 / (7.25 + 10.25)
    assert one(estimate_tau2, [0.0, 5.0], [1.0, 4.0], "sj") == pytest.approx(
        6.25 * 25 / 17.5, rel=CLOSED_FORM
    )


def test_maximum_likelihood_with_unequal_variances_has_no_slope_there() -> None:
    yi, vi = np.array([0.0, 9.0, 1.0]), np.array([1.0, 4.0, 0.5])
    tau2 = one(estimate_tau2, yi, vi, "ml")
    wi = 1 / (vi + tau2)
    mean = (wi * yi).sum() / wi.sum()
    assert tau2 > 0
    assert (wi**2 * (yi - mean) ** 2).sum() == pytest.approx(wi.sum(), rel=ITERATED)


@pytest.mark.parametrize("method", TAU2_ESTIMATORS)
def test_no_estimate_is_below_zero(method: str) -> None:
    close = [0.10, 0.11, 0.12, 0.10], [1.0, 2.0, 1.5, 1.0]  # far less spread than their variances explain
    estimate = one(estimate_tau2, *close, method)
    assert estimate == 0 or (method == "sj" and 0 < estimate < 1e-4)  # Sidik and Jonkman's is positive always


@pytest.mark.parametrize("method", TAU2_ESTIMATORS)
def test_identical_effects_have_none(method: str) -> None:
    assert one(estimate_tau2, [0.7, 0.7, 0.7], [0.1, 0.2, 3.0], method) == pytest.approx(0, abs=1e-30)


@pytest.mark.parametrize("method", TAU2_ESTIMATORS)
def test_one_study_has_none(method: str) -> None:
    assert one(estimate_tau2, [0.7], [0.1], method) == 0


def test_an_unknown_estimator_is_refused_with_those_allowed() -> None:
    with pytest.raises(OptionError, match="reml, pm, dl, ml, eb, hs, he, sj"):
        estimate_tau2(THREE[None], ONE[None], "fe")


def test_mean_and_q_by_hand() -> None:
    yi, vi = np.array([0.0, 5.0]), np.array([1.0, 4.0])
    mean, total = weighted_mean(yi, vi, np.array(0.0))
    assert (float(mean), float(total)) == (1.0, 1.25)
    assert float(generalised_q(yi, vi, np.array(0.0))) == 5.0
    assert float(generalised_q(yi, vi, np.array(10.0))) == pytest.approx(1.0, rel=CLOSED_FORM)


def test_i2_and_h2_by_hand() -> None:
    # Higgins & Thompson 2002: Q above k, ln H has standard error (ln Q - ln df) / 2 (sqrt(2 Q) - sqrt(2 k - 3))
    q, k = 20.0, 10
    se = 0.5 * (np.log(q) - np.log(k - 1)) / (np.sqrt(2 * q) - np.sqrt(2 * k - 3))
    low, high = (np.sqrt(q / 9) * np.exp(sign * 1.959963984540054 * se) for sign in (-1, 1))
    i2, i2_low, i2_high, h2 = (float(v) for v in i2_h2(np.array(q), k - 1))
    assert (i2, h2) == pytest.approx((11 / 20, 20 / 9), rel=CLOSED_FORM)
    assert (i2_low, i2_high) == pytest.approx((max(0, 1 - 1 / low**2), 1 - 1 / high**2), rel=CLOSED_FORM)


def test_i2_and_h2_are_floored_where_q_is_small() -> None:
    # Q at most k: the other standard error, sqrt(1 / (2 (k - 2)) (1 - 1 / (3 (k - 2)^2)))
    q, k = 4.0, 6
    se = np.sqrt(1 / 8 * (1 - 1 / 48))
    high = np.exp(1.959963984540054 * se)
    i2, i2_low, i2_high, h2 = (float(v) for v in i2_h2(np.array(q), k - 1))
    assert (i2, i2_low, h2) == (0, 0, 1)
    assert i2_high == pytest.approx(1 - 1 / high**2, rel=CLOSED_FORM)


def test_i2_of_two_studies_has_no_interval_unless_q_exceeds_two() -> None:
    assert np.isnan(i2_h2(np.array(1.5), 1)[1:3]).all()
    assert np.isfinite(i2_h2(np.array(3.5), 1)).all()


def test_i2_of_a_q_of_zero_is_zero_without_a_warning() -> None:
    with np.errstate(all="raise"):
        i2, low, high, h2 = i2_h2(np.zeros(2), 7)
    assert (i2.tolist(), low.tolist(), h2.tolist()) == ([0, 0], [0, 0], [1, 1])
    assert (high > 0).all()


def test_the_pvalue_of_q_is_a_chi_square_tail() -> None:
    q = np.array([0.0, 1e-12, 3.0, 40.0, 900.0])
    np.testing.assert_allclose(q_pvalue(q, 7), chi2.sf(q, 7), rtol=CLOSED_FORM)


# --- likelihood: by brute force -----------------------------------------------------

# (measure, events, n): likelihoods of tau2 with two maxima, nearly as high as each other or far apart
TWO_MAXIMA = [
    ("log", [1, 0, 0, 18, 0, 0, 0, 0, 0, 44, 0], [408, 2, 444, 985, 24, 4, 2, 113, 2, 2438, 4]),
    ("log", [25, 0, 129, 0, 0, 52, 0], [19020, 17, 86793, 23, 14, 39907, 4]),
    ("raw", [237, 29902, 4, 106], [258, 33892, 4, 114]),
    ("raw", [88, 2471, 1, 19, 59, 28, 24, 53, 2730, 6], [114, 3234, 2, 24, 77, 35, 26, 62, 3570, 8]),
    ("double-arcsine", [5, 3, 1464, 2, 72, 3, 142, 118], [20, 22, 6750, 6, 296, 40, 655, 431]),
    ("log", [251342, 1, 0, 2, 3, 1, 0, 4], [10**6, 3, 2, 5, 4, 1, 2, 6]),
]


def dense_heights(yi: np.ndarray, vi: np.ndarray, *, restricted: bool) -> tuple[np.ndarray, np.ndarray]:
    """A grid of tau2 a hundred times finer than any estimator needs, and the log-likelihood on it, written out."""
    top = 4 * (yi.max() - yi.min()) ** 2 + vi.max()
    grid = np.concatenate([[0.0], np.geomspace(1e-6 * vi.min(), top, 6001)])
    total = vi + grid[:, None]
    wi = 1 / total
    mean = (wi @ yi) / wi.sum(1)
    heights = -0.5 * (np.log(total).sum(1) + (wi * (yi - mean[:, None]) ** 2).sum(1))
    return grid, heights - 0.5 * np.log(wi.sum(1)) if restricted else heights


def effects(measure: str, events: list[int], n: list[int]) -> tuple[np.ndarray, np.ndarray]:
    yi, vi = MEASURES[measure].effects(events, n)
    return np.asarray(yi), np.asarray(vi)


@pytest.mark.parametrize("method", ["reml", "ml"])
@pytest.mark.parametrize("case", range(len(TWO_MAXIMA)))
def test_the_higher_of_two_maxima_is_taken(method: str, case: int) -> None:
    yi, vi = effects(*TWO_MAXIMA[case])
    restricted = method == "reml"
    grid, heights = dense_heights(yi, vi, restricted=restricted)
    tau2 = one(estimate_tau2, yi, vi, method)
    height = float(log_likelihood(yi, vi, np.array(tau2), restricted=restricted))
    assert height >= heights.max() - SAME_HEIGHT
    assert tau2 == pytest.approx(grid[heights.argmax()], rel=0.01, abs=1e-6 * vi.min())


def test_some_of_those_do_have_two_maxima() -> None:
    found = 0
    for case in TWO_MAXIMA:
        for restricted in (True, False):
            _, heights = dense_heights(*effects(*case), restricted=restricted)
            rising = np.diff(heights) > 0
            peaks = int((~rising[1:] & rising[:-1]).sum()) + int(not rising[0])
            found += peaks > 1
    assert found >= 5


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_no_point_of_a_dense_grid_is_higher(method: str) -> None:
    restricted = method == "reml"
    for yi, vi in random_sets(120):
        _, heights = dense_heights(yi, vi, restricted=restricted)
        tau2 = one(estimate_tau2, yi, vi, method)
        height = float(log_likelihood(yi, vi, np.array(tau2), restricted=restricted))
        assert height >= heights.max() - SAME_HEIGHT


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_the_likelihood_is_flat_at_its_maximum(method: str) -> None:
    restricted = method == "reml"
    for yi, vi in random_sets(60):
        tau2 = one(estimate_tau2, yi, vi, method)
        step = 1e-4 * (tau2 + vi.min())
        around = [tau2 + step] if tau2 == 0 else [tau2 - step, tau2 + step]
        at, *beside = (
            float(log_likelihood(yi, vi, np.array(t), restricted=restricted)) for t in (tau2, *around)
        )
        assert all(at >= value for value in beside)


def test_a_given_mean_is_maximised_over_tau2_alone() -> None:
    for yi, vi in random_sets(30):
        for mean in (-1.0, 0.2, 3.0):
            value = float(profiled_log_likelihood(yi[None], vi[None], np.array([mean]))[0])
            grid = np.concatenate([[0.0], np.geomspace(1e-6, 200, 4001)])
            heights = -0.5 * (np.log(vi + grid[:, None]) + (yi - mean) ** 2 / (vi + grid[:, None])).sum(1)
            assert value >= heights.max() - SAME_HEIGHT
            assert value <= heights.max() + 1e-4


# --- Q-profile, Paule-Mandel ---------------------------------------------------------


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_q_profile_limits_put_back_into_q_give_the_chi_square_quantiles(level: float) -> None:
    positive = 0
    for yi, vi in random_sets(80):
        df = len(yi) - 1
        low, high = (float(v[0]) for v in q_profile(yi[None], vi[None], level))
        assert 0 <= low <= high
        for limit, tail in ((low, (1 + level) / 2), (high, (1 - level) / 2)):
            target = chi2.ppf(tail, df)
            at = float(generalised_q(yi, vi, np.array(limit)))
            if limit > 0:
                assert at == pytest.approx(target, rel=CLOSED_FORM)
                positive += 1
            else:
                assert at <= target
    assert positive > 60


def test_q_profile_has_no_width_where_no_tau2_fits() -> None:
    low, high = q_profile(np.full((1, 9), 0.3), np.linspace(0.1, 2, 9)[None])
    assert (low.tolist(), high.tolist()) == ([0.0], [0.0])


def test_paule_mandel_makes_q_its_degrees_of_freedom() -> None:
    for yi, vi in random_sets(80):
        tau2 = one(estimate_tau2, yi, vi, "pm")
        at = float(generalised_q(yi, vi, np.array(tau2)))
        assert at == pytest.approx(len(yi) - 1, rel=CLOSED_FORM) if tau2 > 0 else at <= len(yi) - 1


def test_solve_q_over_many_orders_of_magnitude() -> None:
    target = np.array([1e-6, 1e-3, 1.0, 7.9])
    tau2 = solve_q(np.tile(THREE, (4, 1)), np.ones((4, 3)), target)
    np.testing.assert_allclose(tau2, 8 / target - 1, rtol=CLOSED_FORM)


# --- a second source ----------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning:statsmodels")
def test_statsmodels_agrees_where_it_is_right() -> None:
    """Its DerSimonian-Laird is not truncated at 0, so it is truncated here."""
    compared = 0
    for yi, vi in random_sets(40):
        theirs = combine_effects(yi, vi, method_re="dl")
        assert one(generalised_q, yi, vi, np.zeros(1)) == pytest.approx(theirs.q, rel=CLOSED_FORM)
        assert one(estimate_tau2, yi, vi, "dl") == pytest.approx(max(theirs.tau2, 0), rel=CLOSED_FORM)
        iterated = combine_effects(yi, vi, method_re="iterated", atol=1e-13, maxiter=10_000)
        if iterated.tau2 > 0:  # elsewhere it stops at 0 or below
            compared += 1
            assert one(estimate_tau2, yi, vi, "pm") == pytest.approx(iterated.tau2, rel=ITERATED, abs=TAU2)
    assert compared > 10


# --- laws ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", TAU2_ESTIMATORS)
def test_scaling_shifting_and_reordering_do_what_they_must(method: str) -> None:
    for yi, vi in random_sets(25):
        tau2 = one(estimate_tau2, yi, vi, method)
        order = np.random.default_rng(0).permutation(len(yi))
        about = {"rel": ITERATED, "abs": TAU2}
        assert one(estimate_tau2, yi[order], vi[order], method) == pytest.approx(tau2, **about)
        assert one(estimate_tau2, -yi + 5, vi, method) == pytest.approx(tau2, **about)
        assert one(estimate_tau2, 10 * yi, 100 * vi, method) == pytest.approx(100 * tau2, **about)


@pytest.mark.parametrize("method", TAU2_ESTIMATORS)
def test_many_tables_at_once_are_each_as_if_alone(method: str) -> None:
    rng = np.random.default_rng(2)
    yi, vi = rng.normal(size=(50, 6)), np.exp(rng.normal(-1, 1.5, (50, 6)))
    together = estimate_tau2(yi, vi, method)
    assert together.tolist() == [one(estimate_tau2, *pair, method) for pair in zip(yi, vi, strict=True)]


@pytest.mark.parametrize("method", TAU2_ESTIMATORS)
def test_variances_over_twelve_orders_of_magnitude(method: str) -> None:
    rng = np.random.default_rng(8)
    vi = np.logspace(-10, 2, 40)
    yi = rng.normal(0, np.sqrt(vi + 0.5))
    with np.errstate(all="raise", under="ignore"):
        estimate = one(estimate_tau2, yi, vi, method)
    assert np.isfinite(estimate)
    assert estimate >= 0
