"""The binomial-normal model: the exact maximum found by brute force, the limits put back into the likelihood."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import expit, logit
from scipy.stats import binom, chi2

from evidence.synthesis.counts.average import average_proportion
from evidence.synthesis.counts.average_limits import profile_average
from evidence.synthesis.counts.binomial import (
    Maximum,
    has_maximum,
    maximise,
    profile_mu,
    profile_tau2,
    saturated_log_likelihood,
    wald_q,
)
from evidence.synthesis.counts.bootstrap import confidence_in_tau, draws_for
from evidence.synthesis.counts.quadrature import derivatives, table_log_likelihood
from evidence.synthesis.pooling import pool_counts

from .test_quadrature import dense_average, dense_table_log_likelihood

REFERENCE = Path(__file__).resolve().parent / "reference"

CLOSED_FORM = 1e-10  # relative
MAXIMUM = 1e-6  # mu, se and tau2 of the exact maximum, relative or absolute
LIMIT = 1e-6  # profile limits, relative or absolute
HEIGHT = 1e-8  # log-likelihood, absolute
DROP = chi2.ppf(0.95, 1) / 2

PRITZ = (
    [16, 10, 4, 43, 10, 25, 13, 12, 22, 4, 5, 18, 58, 6],
    [17, 12, 8, 58, 10, 42, 14, 12, 41, 5, 6, 23, 68, 10],
)
TWO_FAR_APART = ([5, 116], [119, 170])

# One study of a million among tiny ones: maxima at tau = 0 and above, the first higher; and the other way round.
HUGE_AND_TINY = ([251342, 1, 0, 2, 3, 1, 0, 4], [10**6, 3, 2, 5, 4, 1, 2, 6])
HUGE_AND_SMALL = ([251342, 9, 0, 12, 3, 11, 0, 4], [10**6, 13, 12, 15, 14, 11, 12, 6])
NEARLY_SEPARATED = ([20, 0, 20, 0, 1], [20, 20, 20, 20, 2])


def table(counts: tuple[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([counts[0]], dtype=float), np.array([counts[1]], dtype=float)


def first(values: np.ndarray) -> float:
    return float(values[0])


@cache
def rows(engine: str) -> dict[str, dict[str, str]]:
    with (REFERENCE / "glmm.csv").open(newline="", encoding="utf-8") as stream:
        return {row["dataset"]: row for row in csv.DictReader(stream) if row["engine"] == engine}


@cache
def sets() -> dict[str, tuple[list[float], list[float]]]:
    found: dict[str, tuple[list[float], list[float]]] = {}
    with (REFERENCE / "datasets.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            events, n = found.setdefault(row["dataset"], ([], []))
            events.append(float(row["event"]))
            n.append(float(row["n"]))
    return found


@cache
def fitted(dataset: str) -> Maximum:
    return maximise(*table(sets()[dataset]))


FINITE = [name for name, row in rows("exact").items() if row["status"] == "ok"]
ENDLESS = [name for name, row in rows("exact").items() if row["status"] == "no_maximum"]


# --- against the exact maximum of another program ---------------------------------------


def test_the_reference_is_whole() -> None:
    assert len(FINITE) == 17
    assert ENDLESS == ["all_events", "all_zero", "separated"]
    assert {name for name, row in rows("exact").items() if row["status"] == "not_identified"} == {
        "k1",
        "every_n_one",
    }
    assert set(rows("exact")) == set(rows("metafor")) == set(sets())


@pytest.mark.parametrize("dataset", FINITE)
def test_the_exact_maximum(dataset: str) -> None:
    row, best = rows("exact")[dataset], fitted(dataset)
    assert first(best.mu) == pytest.approx(float(row["estimate"]), rel=MAXIMUM, abs=MAXIMUM)
    assert first(best.tau) ** 2 == pytest.approx(float(row["tau2"]), rel=MAXIMUM, abs=MAXIMUM)
    assert first(best.se) == pytest.approx(float(row["se"]), rel=MAXIMUM)
    x, n = table(sets()[dataset])
    coefficients = float(
        (binom.logpmf(x, n, x / n) - x * safe_log(x / n) - (n - x) * safe_log(1 - x / n)).sum()
    )
    assert first(best.value) + coefficients == pytest.approx(float(row["ll"]), abs=HEIGHT)
    assert first(best.common) + coefficients == pytest.approx(float(row["ll_common"]), abs=HEIGHT)


def safe_log(p: np.ndarray) -> np.ndarray:
    return np.log(np.where(p > 0, p, 1.0))


@pytest.mark.parametrize("dataset", FINITE)
def test_the_profile_interval_of_tau2(dataset: str) -> None:
    row = rows("exact")[dataset]
    low, high = profile_tau2(*table(sets()[dataset]), fitted(dataset), DROP)
    assert first(low) == pytest.approx(float(row["tau2_lb"]), rel=LIMIT, abs=LIMIT)
    assert first(high) == pytest.approx(float(row["tau2_ub"]), rel=LIMIT, abs=LIMIT)


@pytest.mark.parametrize("dataset", FINITE)
def test_the_wald_and_likelihood_tests_of_one_common_proportion(dataset: str) -> None:
    row = rows("exact")[dataset]
    x, n = table(sets()[dataset])
    ratio = 2 * (first(saturated_log_likelihood(x, n)) - first(fitted(dataset).common))
    assert ratio == pytest.approx(float(row["QE_LRT"]), rel=CLOSED_FORM, abs=1e-9)
    if row["QE_Wld"]:
        assert first(wald_q(x, n)) == pytest.approx(float(row["QE_Wld"]), rel=CLOSED_FORM, abs=1e-12)


@pytest.mark.parametrize("dataset", [d for d in FINITE if rows("metafor")[d]["status"] != "error"])
def test_metafor_s_own_maximum_is_no_higher(dataset: str) -> None:
    """lme4 stops within about 1e-5, or at the lower of two maxima; never above ours."""
    row = rows("metafor")[dataset]
    at = dense_table_log_likelihood(*sets()[dataset], float(row["estimate"]), float(row["tau2"]) ** 0.5)
    assert first(fitted(dataset).value) >= at - HEIGHT


# --- against brute force -----------------------------------------------------------------


def brute_force(counts: tuple[Any, Any], starts: list[tuple[float, float]]) -> tuple[float, float, float]:
    """mu, tau and height of the highest maximum that Nelder and Mead find on the dense grid's likelihood."""
    best = (0.0, 0.0, -np.inf)
    for start in starts:
        point = np.array(start)
        for _ in range(2):  # the second search starts from a fresh simplex
            found = minimize(
                lambda v: -dense_table_log_likelihood(*counts, float(v[0]), abs(float(v[1]))),
                point,
                method="Nelder-Mead",
                options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 2000},
            )
            point = found.x
        if -found.fun > best[2]:
            best = float(point[0]), abs(float(point[1])), -float(found.fun)
    return best


@pytest.mark.parametrize(
    "counts",
    [
        TWO_FAR_APART,
        ([3, 28, 9, 40], [25, 40, 33, 52]),
        ([0, 0, 0, 2, 0], [30, 12, 45, 60, 25]),
        ([6, 0, 1], [6, 5, 2]),
        ([1, 99, 2, 180], [100, 100, 150, 181]),
        ([3, 0, 0, 0, 0, 1], [3, 1, 2, 1, 1, 3]),
        NEARLY_SEPARATED,
    ],
    ids=str,
)
def test_the_maximum_by_brute_force(counts: tuple[Any, Any]) -> None:
    best = maximise(*table(counts))
    centre = np.log(sum(counts[0]) / (sum(counts[1]) - sum(counts[0])))
    mu, tau, height = brute_force(counts, [(centre, 0.5), (centre, 4.0)])
    assert first(best.value) == pytest.approx(height, abs=HEIGHT)
    assert first(best.mu) == pytest.approx(mu, rel=1e-5, abs=1e-5)
    assert first(best.tau) ** 2 == pytest.approx(tau**2, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(("counts", "above_zero"), [(HUGE_AND_TINY, False), (HUGE_AND_SMALL, True)])
def test_the_higher_of_two_maxima_is_taken(counts: tuple[Any, Any], above_zero: bool) -> None:
    best = maximise(*table(counts))
    grid = np.concatenate([[0.0], np.geomspace(1e-3, 10, 30)])

    def height(tau: float) -> float:
        lows = np.array([-1.5, -1.2, -1.0915, -0.9, -0.5, 0.0, 0.5])
        start = max(lows, key=lambda mu: dense_table_log_likelihood(*counts, float(mu), tau))
        found = minimize_scalar(
            lambda mu: -dense_table_log_likelihood(*counts, float(mu), tau),
            bracket=(start - 0.01, start + 0.01),
            tol=1e-12,
        )
        return -float(found.fun)

    heights = np.array([height(float(tau)) for tau in grid])
    peaks = [
        i
        for i in range(len(grid))
        if (i == 0 or heights[i] > heights[i - 1]) and (i == len(grid) - 1 or heights[i] > heights[i + 1])
    ]
    assert len(peaks) == 2
    assert bool(best.tau[0] > 0) is above_zero
    assert first(best.value) >= heights.max() - 1e-6


def test_at_the_maximum_the_score_vanishes_and_the_covariance_inverts_the_information() -> None:
    for counts in (PRITZ, TWO_FAR_APART, ([3, 28, 9, 40], [25, 40, 33, 52])):
        x, n = table(counts)
        best = maximise(x, n)
        at = derivatives(x, n, best.mu, best.tau, 161)
        assert (first(at.d_mu), first(at.d_tau)) == pytest.approx((0, 0), abs=1e-6)
        information = -np.array(
            [[first(at.d_mu_mu), first(at.d_mu_tau)], [first(at.d_mu_tau), first(at.d_tau_tau)]]
        )
        covariance = np.array(
            [
                [first(best.covariance_mu), first(best.covariance_mu_tau)],
                [first(best.covariance_mu_tau), first(best.covariance_tau)],
            ]
        )
        np.testing.assert_allclose(information @ covariance, np.eye(2), atol=1e-6)


def test_without_heterogeneity_mu_is_the_pooled_logit_and_its_variance_binomial() -> None:
    x, n = table(([5, 10, 20, 40], [20, 40, 80, 160]))
    best = maximise(x, n)
    assert first(best.tau) == 0
    assert first(best.mu) == pytest.approx(np.log(1 / 3), rel=CLOSED_FORM)
    assert first(best.se) == pytest.approx(1 / np.sqrt(300 * 0.25 * 0.75), rel=CLOSED_FORM)
    assert np.isnan(best.covariance_tau[0])


def test_one_study_is_its_own_logit() -> None:
    best = maximise(*table(([7], [20])))
    assert (first(best.mu), first(best.tau)) == pytest.approx((np.log(7 / 13), 0), rel=CLOSED_FORM)


# --- where there is no maximum -------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "finite"),
    [
        (([6, 9, 11], [6, 9, 11]), False),
        (([0, 0], [20, 30]), False),
        (([6, 0], [6, 5]), False),
        (([1, 0, 1], [1, 1, 1]), False),
        (([6, 0, 3, 0], [6, 5, 3, 1000]), False),
        (([6, 0, 1], [6, 5, 2]), True),
        (([0, 0, 1], [10**7, 10**7, 10**7]), True),
        (([5, 9, 11], [6, 9, 11]), True),
    ],
)
def test_a_finite_maximum_needs_one_study_inside(counts: tuple[Any, Any], finite: bool) -> None:
    assert has_maximum(*table(counts)).tolist() == [finite]


def test_separation_is_told_table_by_table() -> None:
    x = np.array([[6.0, 0], [5, 1], [6, 5], [0, 0]])
    assert has_maximum(x, np.array([[6.0, 5]] * 4)).tolist() == [False, True, False, False]


def test_a_separated_likelihood_does_grow_without_end() -> None:
    """What `has_maximum` claims: 6/6 with 0/5 fit the better the further apart studies may be."""
    heights = [
        max(dense_table_log_likelihood([6, 0], [6, 5], mu, tau) for mu in (-1.0, 0.0, 1.0))
        for tau in (1.0, 4.0, 16.0, 64.0, 256.0)
    ]
    assert heights == sorted(heights)
    assert (
        heights[-1] < 2 * np.log(0.5) < heights[-1] + 0.05
    )  # its limit: each study at 0 or 1, half and half


# --- profile limits --------------------------------------------------------------------------


def best_at_mu(counts: tuple[Any, Any], mu: float) -> float:
    """The dense grid's likelihood maximised over tau: a wide grid, then golden section."""
    grid = np.concatenate([[0.0], np.geomspace(0.01, 60, 50)])
    heights = [dense_table_log_likelihood(*counts, mu, float(tau)) for tau in grid]
    best = int(np.argmax(heights))
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(
        lambda tau: -dense_table_log_likelihood(*counts, mu, float(tau)), bounds=around, method="bounded"
    )
    return max(heights[best], -float(found.fun))


def best_at_tau(counts: tuple[Any, Any], tau: float, near: float) -> float:
    found = minimize_scalar(
        lambda mu: -dense_table_log_likelihood(*counts, float(mu), tau),
        bracket=(near - 1, near + 1),
        tol=1e-10,
    )
    return -float(found.fun)


@pytest.mark.parametrize("dataset", ["pritz1997", "k2", "k3", "k3_near_one", "rare_four", "zero_but_one"])
def test_at_a_profile_limit_of_mu_the_likelihood_has_fallen_by_half_a_chi_square(dataset: str) -> None:
    counts = sets()[dataset]
    best = fitted(dataset)
    low, high = profile_mu(*table(counts), best, DROP)
    assert first(low) < first(best.mu) < first(high)
    for limit in (first(low), first(high)):
        assert first(best.value) - best_at_mu(counts, limit) == pytest.approx(DROP, abs=1e-6)


@pytest.mark.parametrize("dataset", ["pritz1997", "k2", "k3", "k3_near_one", "zero_but_one"])
def test_at_a_profile_limit_of_tau2_the_likelihood_has_fallen_by_half_a_chi_square(dataset: str) -> None:
    counts = sets()[dataset]
    best = fitted(dataset)
    low, high = profile_tau2(*table(counts), best, DROP)
    assert first(low) <= first(best.tau) ** 2 <= first(high)
    top = first(best.value)
    assert top - best_at_tau(counts, first(high) ** 0.5, first(best.mu)) == pytest.approx(DROP, abs=1e-6)
    fallen = top - best_at_tau(counts, first(low) ** 0.5, first(best.mu))
    assert fallen == pytest.approx(DROP, abs=1e-6) if low[0] > 0 else fallen <= DROP + 1e-6


@pytest.mark.parametrize("dataset", FINITE)
def test_the_profile_interval_of_mu(dataset: str) -> None:
    row = rows("exact")[dataset]
    limits = profile_mu(*table(sets()[dataset]), fitted(dataset), DROP)
    for column, limit in zip(("profile_lb", "profile_ub"), limits, strict=True):
        assert first(limit) == pytest.approx(float(row[column]), rel=LIMIT, abs=LIMIT)


# --- Wald's Q ----------------------------------------------------------------------------------


def test_wald_q_by_hand() -> None:
    # logits of 1/2 and 1/3, weights 5 and 20/3: their difference squared over 1/5 + 3/20
    assert first(wald_q(*table(([10, 10], [20, 30])))) == pytest.approx(
        np.log(2) ** 2 / 0.35, rel=CLOSED_FORM
    )


def test_a_study_without_a_finite_logit_adds_nothing_to_wald_q() -> None:
    with_edges = wald_q(*table(([10, 0, 10, 7], [20, 5, 30, 7])))
    assert first(with_edges) == pytest.approx(np.log(2) ** 2 / 0.35, rel=CLOSED_FORM)


# --- laws ----------------------------------------------------------------------------------------


def test_the_population_average_of_the_reference() -> None:
    for dataset in FINITE:
        best = fitted(dataset)
        average = dense_average(first(best.mu), first(best.tau))
        assert average == pytest.approx(float(rows("exact")[dataset]["average"]), rel=MAXIMUM)
        assert abs(average - 0.5) <= abs(expit(first(best.mu)) - 0.5) + 1e-9


def test_mirrored_counts_mirror_the_maximum() -> None:
    for counts in (PRITZ, TWO_FAR_APART, NEARLY_SEPARATED, ([0, 1, 3], [40, 20, 30])):
        x, n = table(counts)
        here, there = maximise(x, n), maximise(n - x, n)
        assert first(here.mu) == pytest.approx(-first(there.mu), rel=1e-9, abs=1e-9)
        assert first(here.tau) == pytest.approx(first(there.tau), rel=1e-9, abs=1e-9)
        assert first(here.se) == pytest.approx(first(there.se), rel=1e-7)


def test_many_tables_at_once_are_each_as_if_alone() -> None:
    rng = np.random.default_rng(9)
    n = rng.integers(2, 80, (40, 6)).astype(float)
    x = np.clip(np.floor(n * expit(rng.normal(0.5, 1.5, n.shape))), 0, n)
    x[:, 0] = np.clip(x[:, 0], 1, n[:, 0] - 1)
    together = maximise(x, n)
    for i in range(len(x)):
        alone = maximise(x[i : i + 1], n[i : i + 1])
        for ours, theirs in zip(alone, together, strict=True):
            assert ours[0] == pytest.approx(theirs[i], rel=1e-9, abs=1e-12, nan_ok=True)


def test_ten_million_patients_lose_no_digits() -> None:
    """x, n and their hundred-thousandth have nearly the same maximum: the sampling error is nil in both."""
    large = maximise(*table(([2_000_000, 5_000_000, 9_000_000], [10**7] * 3)))
    small = maximise(*table(([20_000, 50_000, 90_000], [10**5] * 3)))
    logits = np.log(np.array([0.2, 0.5, 0.9]) / np.array([0.8, 0.5, 0.1]))
    assert first(large.mu) == pytest.approx(logits.mean(), abs=1e-6)
    assert first(large.tau) ** 2 == pytest.approx(logits.var(), rel=1e-5)
    assert first(small.tau) ** 2 == pytest.approx(logits.var(), rel=1e-3)


# --- the population average's limits ----------------------------------------------------------------


def best_at_average(counts: tuple[Any, Any], average: float) -> float:
    """The dense grid's likelihood maximised over tau while the average stays, mu found by bisection."""

    def height(tau: float) -> float:
        mu = brentq(lambda m: dense_average(m, tau) - average, -400, 400, xtol=1e-13)
        return dense_table_log_likelihood(*counts, float(mu), tau)

    grid = np.concatenate([[0.0], np.geomspace(0.02, 25, 40)])
    heights = [height(float(tau)) for tau in grid]
    best = int(np.argmax(heights))
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(lambda tau: -height(float(tau)), bounds=around, method="bounded")
    return max(heights[best], -float(found.fun))


@pytest.mark.parametrize("dataset", ["pritz1997", "k3", "k3_near_one"])
def test_at_a_profile_limit_of_the_average_the_likelihood_has_fallen_by_half_a_chi_square(
    dataset: str,
) -> None:
    best = fitted(dataset)
    low, high = (float(expit(v[0])) for v in profile_average(*table(sets()[dataset]), best, DROP))
    assert low < dense_average(first(best.mu), first(best.tau)) < high
    for limit in (low, high):
        fallen = first(best.value) - best_at_average(sets()[dataset], limit)
        assert fallen == pytest.approx(DROP, abs=2e-6)


@pytest.mark.parametrize("dataset", ["pritz1997", "k2", "k3_near_one", "heterogeneous", "zero_but_one"])
def test_the_profile_of_the_average_holds_the_average_of_any_model_that_good(dataset: str) -> None:
    """No (mu, tau) with a likelihood inside the drop has an average outside the limits, and some come close."""
    x, n = table(sets()[dataset])
    best = fitted(dataset)
    low, high = (float(v[0]) for v in profile_average(x, n, best, DROP))
    random = np.random.default_rng(8)
    tau = np.abs(first(best.tau) + random.normal(0, 0.4 + first(best.tau), 3000))
    mu = first(best.mu) + random.normal(0, 2.5 * first(best.se) + 0.3 * tau)
    values = table_log_likelihood(np.repeat(x, 3000, 0), np.repeat(n, 3000, 0), mu, tau, 41)
    average = logit(average_proportion(mu, tau))[values > first(best.value) - DROP]
    assert average.size > 20
    assert low - 1e-4 <= average.min() < average.max() <= high + 1e-4
    assert average.max() - average.min() > 0.4 * (high - low)


def test_a_pool_asked_for_profile_limits_has_them_for_the_average_too() -> None:
    wald, profile = (pool_counts(*PRITZ, model="binomial", ci=ci) for ci in ("wald", "profile"))
    limits = profile_average(*table(PRITZ), maximise(*table(PRITZ)), DROP)
    assert profile.average is not None and wald.average is not None
    assert [profile.average.low, profile.average.high] == pytest.approx(
        [float(expit(v[0])) for v in limits], rel=1e-9
    )
    assert profile.average.estimate == wald.average.estimate
    assert abs(profile.average.low - wald.average.low) < 0.02  # fourteen studies: the delta method is near


# --- prediction by bootstrap --------------------------------------------------------------------------


def test_the_confidence_that_tau_is_no_larger_rises_and_is_a_pvalue_at_none() -> None:
    x, n = (values[0] for values in table(PRITZ))
    best = fitted("pritz1997")
    grid, confidence, mus, errors = confidence_in_tau(x, n, first(best.mu), first(best.tau))
    assert (np.diff(confidence) >= 0).all() and (np.diff(grid) >= 0).all()
    # without heterogeneity Pearson's statistic is nearly a chi-square
    share = x.sum() / n.sum()
    statistic = ((x - n * share) ** 2 / (n * share * (1 - share))).sum()
    assert confidence[0] == pytest.approx(chi2.sf(statistic, 13), abs=0.01)
    assert np.interp(0.5, confidence, grid) == pytest.approx(first(best.tau), abs=0.25)
    at = int(np.flatnonzero(grid == first(best.tau))[0])
    assert mus[at] == pytest.approx(first(best.mu), abs=1e-6)
    assert errors[0] == pytest.approx(1 / np.sqrt(n.sum() * share * (1 - share)), rel=1e-6)


def test_a_bootstrap_prediction_is_the_same_every_time_and_says_how_it_was_made() -> None:
    one, two = (pool_counts(*PRITZ, model="binomial", prediction="bootstrap") for _ in range(2))
    assert one.prediction == two.prediction
    assert any("2000 draws" in note and "seed 2019" in note for note in one.notes)
    together = pool_counts(
        np.array([PRITZ[0], PRITZ[0][::-1]]),
        np.array([PRITZ[1], PRITZ[1][::-1]]),
        model="binomial",
        prediction="bootstrap",
    )
    assert together.prediction is not None and one.prediction is not None
    assert together.prediction.low[0] == pytest.approx(one.prediction.low, rel=1e-9)


def test_a_bootstrap_prediction_allows_for_a_tau_of_which_little_is_known() -> None:
    t, bootstrap = (
        pool_counts([5, 9, 11], [6, 9, 11], model="binomial", prediction=kind).prediction
        for kind in ("t", "bootstrap")
    )
    assert t is not None and bootstrap is not None
    assert bootstrap.low < 0.1 < t.low  # tau is estimated as 0 here, which nobody knows
    many = [
        pool_counts([40] * 30, [80] * 30, model="binomial", prediction=k).prediction
        for k in ("t", "bootstrap")
    ]
    assert [*many[1]] == pytest.approx([*many[0]], abs=0.03)


def test_many_studies_are_drawn_less_often() -> None:
    assert [draws_for(k) for k in (3, 200, 1000, 10_000)] == [2000, 2000, 400, 200]
