"""The beta-binomial model: R's maximum, brute force by scipy's law, the limits put back into the likelihood."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit
from scipy.stats import betabinom, binom, chi2
from scipy.stats import t as student

from evidence.synthesis.counts.betabinomial import (
    Maximum,
    _sum_to,
    maximise,
    new_study,
    profile_mu,
    profile_rho,
)
from evidence.synthesis.pooling import pool_counts

REFERENCE = Path(__file__).resolve().parent / "reference"

ITERATED = 1e-6  # relative or absolute: R's maximum and limits
HEIGHT = 1e-9  # log-likelihood, relative to itself
SUM = 1e-10  # of up to a thousand terms, absolute
DROP = chi2.ppf(0.95, 1) / 2

HUGE = ([2_000_000, 5_000_000, 9_000_000], [10**7] * 3)
SIX = ([3, 28, 9, 40, 0, 5], [25, 40, 33, 52, 7, 5])


def table(counts: tuple[Any, Any]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([counts[0]], dtype=float), np.array([counts[1]], dtype=float)


def first(values: Any) -> float:
    return float(np.asarray(values)[0])


def by_law(counts: tuple[Any, Any], mu: float, rho: float) -> float:
    """scipy's log-likelihood, binomial coefficients and all."""
    x, n = (np.array(values) for values in counts)
    if rho == 0:
        return float(binom.logpmf(x, n, expit(mu)).sum())
    size = (1 - rho) / rho
    return float(betabinom.logpmf(x, n, expit(mu) * size, expit(-mu) * size).sum())


# --- R ----------------------------------------------------------------------------------------


@cache
def rows() -> dict[str, dict[str, str]]:
    with (REFERENCE / "betabinomial.csv").open(newline="", encoding="utf-8") as stream:
        return {row["dataset"]: row for row in csv.DictReader(stream)}


@cache
def sets() -> dict[str, tuple[list[int], list[int]]]:
    found: dict[str, tuple[list[int], list[int]]] = {}
    with (REFERENCE / "datasets.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            events, n = found.setdefault(row["dataset"], ([], []))
            events.append(int(float(row["event"])))
            n.append(int(float(row["n"])))
    return found


FINITE = [name for name, row in rows().items() if row["status"] == "ok"]


def test_the_reference_is_whole() -> None:
    assert len(FINITE) == 16
    assert {name for name, row in rows().items() if row["status"] == "no_maximum"} == {
        "all_events",
        "all_zero",
        "separated",
        "every_n_one",
    }
    assert set(sets()) - set(rows()) == {"huge_tiny"}


@pytest.mark.parametrize("dataset", FINITE)
def test_r_s_maximum_and_limits(dataset: str) -> None:
    row, counts = rows()[dataset], table(sets()[dataset])
    best = maximise(*counts)
    low, high = profile_mu(*counts, best, DROP)
    rho_low, rho_high = profile_rho(*counts, best, DROP)
    half = student.ppf(0.975, len(sets()[dataset][0]) - 1) * first(best.se)
    for name, ours in (
        ("mu", best.mu),
        ("se", best.se),
        ("rho", best.rho),
        ("ll", best.value),
        ("ll_common", best.common),
        ("ci_t_lb", best.mu - half),
        ("ci_t_ub", best.mu + half),
        ("profile_lb", low),
        ("profile_ub", high),
        ("rho_lb", rho_low),
        ("rho_ub", rho_high),
    ):
        assert first(ours) == pytest.approx(float(row[name]), rel=ITERATED, abs=ITERATED), name


# --- brute force --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "counts",
    [
        ([5, 116], [119, 170]),
        SIX,
        ([20, 0, 20, 0, 1], [20, 20, 20, 20, 2]),
        ([1, 99, 2, 180], [100, 100, 150, 181]),
        ([70, 110, 40], [100, 120, 98]),
    ],
    ids=str,
)
def test_the_maximum_by_brute_force(counts: tuple[Any, Any]) -> None:
    best = maximise(*table(counts))
    found = min(
        (
            minimize(
                lambda v: -by_law(counts, float(v[0]), float(expit(v[1]))),
                [0.1, start],
                method="Nelder-Mead",
                options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000},
            )
            for start in (-5.0, 0.0)
        ),
        key=lambda result: result.fun,
    )
    ours = by_law(counts, first(best.mu), first(best.rho))
    assert ours >= -found.fun - HEIGHT * abs(ours)
    assert first(best.mu) == pytest.approx(found.x[0], abs=1e-5)
    assert first(best.rho) == pytest.approx(expit(found.x[1]), abs=1e-5)


def test_where_studies_are_alike_it_is_the_binomial() -> None:
    best = maximise(*table(([5, 10, 20, 40], [20, 40, 80, 160])))
    assert (first(best.mu), first(best.rho)) == pytest.approx((np.log(1 / 3), 0.0), rel=1e-12)
    assert first(best.se) == pytest.approx(1 / np.sqrt(300 * 0.25 * 0.75), rel=1e-10)
    assert first(best.value) == first(best.common)


def test_ten_million_patients_lose_no_digits() -> None:
    """The counts and their hundred-thousandth have nearly the same fit, though gamma functions have no digits left."""
    large, small = (maximise(*table((np.array(HUGE[0]) / by, np.array(HUGE[1]) / by))) for by in (1, 1000))
    assert first(large.mu) == pytest.approx(first(small.mu), rel=1e-3)
    assert first(large.rho) == pytest.approx(first(small.rho), rel=1e-3)
    # between studies alone: proportions 0.2, 0.5, 0.9 fitted by a beta
    p = np.array([0.2, 0.5, 0.9])
    found = minimize(
        lambda v: (
            -float(
                (np.exp(v[0]) * np.log(p) + np.exp(v[1]) * np.log1p(-p) - (np.log(p) + np.log1p(-p))).sum()
                - 3 * log_beta(float(np.exp(v[0])), float(np.exp(v[1])))
            )
        ),
        [0.0, 0.0],
        method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-14},
    )
    a, b = np.exp(found.x)
    assert expit(first(large.mu)) == pytest.approx(a / (a + b), abs=1e-6)
    assert first(large.rho) == pytest.approx(1 / (a + b + 1), abs=1e-6)


def log_beta(a: float, b: float) -> float:
    from scipy.special import betaln

    return float(betaln(a, b))


@pytest.mark.parametrize("m", [1, 5, 64, 65, 66, 100, 1000])
@pytest.mark.parametrize(("start", "step"), [(1e-3, 0.5), (0.3, 0.01), (0.5, 0.9), (0.9, 0.0)])
def test_long_sums_are_integrals(m: int, start: float, step: float) -> None:
    at = _sum_to(np.array([[float(m)]]))
    r = np.arange(m)
    for function in (np.log, lambda v: 1 / v, lambda v: 1 / v**2):
        exact = function(start + step * r).sum()
        ours = float((at.weight * function(start + step * at.r)).sum())
        assert ours == pytest.approx(exact, rel=1e-12, abs=SUM)


# --- intervals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [SIX, ([5, 116], [119, 170]), ([0, 0, 0, 2, 0], [30, 12, 45, 60, 25])])
def test_at_a_profile_limit_the_likelihood_has_fallen_by_half_a_chi_square(counts: tuple[Any, Any]) -> None:
    best = maximise(*table(counts))
    top = by_law(counts, first(best.mu), first(best.rho))
    for limit in map(first, profile_mu(*table(counts), best, DROP)):
        grid = np.concatenate([[0.0], expit(np.linspace(-14, 9, 60))])
        heights = [by_law(counts, limit, float(rho)) for rho in grid]
        place = int(np.argmax(heights))
        around = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
        found = minimize_scalar(
            lambda rho, at=limit: -by_law(counts, at, float(rho)), bounds=around, method="bounded"
        )
        assert top - max(heights[place], -found.fun) == pytest.approx(DROP, abs=1e-6)
    low, high = map(first, profile_rho(*table(counts), best, DROP))
    assert low <= first(best.rho) < high
    for rho in [high, *([low] if low > 0 else [])]:
        found = minimize_scalar(lambda mu, at=rho: -by_law(counts, float(mu), at), bracket=(-6, 3), tol=1e-10)
        assert top + found.fun == pytest.approx(DROP, abs=1e-6)


def test_a_new_study_is_the_fitted_beta_with_its_mean_uncertain() -> None:
    best = Maximum(*(np.array([v]) for v in (0.5, 0.2, 0.3, 0.0, -1.0)))
    wanted = np.array([0.5, 0.025, 0.975])
    random = np.random.default_rng(1)
    mus = 0.5 + 0.3 * random.standard_t(4, 400_000)
    drawn = random.beta(4 * expit(mus), 4 * expit(-mus))
    found = new_study(best, 4, wanted)[:, 0]
    assert found == pytest.approx(np.quantile(drawn, wanted), abs=3e-3)
    certain = best._replace(rho=np.zeros(1))
    expected = expit(0.5 + 0.3 * student.ppf(wanted, 4))
    assert new_study(certain, 4, wanted)[:, 0] == pytest.approx(expected, rel=1e-10)
    nearly = best._replace(rho=np.full(1, 1e-10))
    assert new_study(nearly, 4, wanted)[:, 0] == pytest.approx(expected, abs=2e-3)


# --- as a pool ------------------------------------------------------------------------------------


def test_what_a_pool_says() -> None:
    pooled = pool_counts(*SIX, model="beta-binomial")
    assert (pooled.model, pooled.ci, pooled.df) == ("beta-binomial", "t", 5)
    assert pooled.average is None  # the proportion is one
    h = pooled.heterogeneity
    assert h is not None and h.tau2 is None and h.tau2_low is None
    assert 0 < h.overdispersion_low < h.overdispersion < h.overdispersion_high < 1
    best = maximise(*table(SIX))
    ratio = 2 * (by_law(SIX, first(best.mu), first(best.rho)) - by_law(SIX, logit(85 / 162), 0))
    assert h.lrt == pytest.approx(ratio, rel=1e-9)
    assert h.lrt_pvalue == pytest.approx(0.5 * chi2.sf(ratio, 1), rel=1e-8)
    widths = [
        (found := pool_counts(*SIX, model="beta-binomial", ci=ci).proportion).high - found.low
        for ci in ("wald", "t")
    ]
    assert widths[0] < widths[1]


@pytest.mark.parametrize(
    "counts", [([6, 9, 11], [6, 9, 11]), ([0, 0], [5, 9]), ([6, 0], [6, 5]), ([1, 0, 1], [1, 1, 1])]
)
def test_without_a_finite_maximum_another_model_is_used_and_it_is_said(counts: tuple[Any, Any]) -> None:
    pooled = pool_counts(*counts, model="beta-binomial")
    assert pooled.model == "bayes" and pooled.heterogeneity is None
    assert any("Bayesian model is reported" in note for note in pooled.notes)


def test_two_studies_have_no_prediction() -> None:
    pooled = pool_counts([5, 116], [119, 170], model="beta-binomial")
    assert pooled.prediction is None
    assert pool_counts([3, 5, 9], [7, 9, 11], model="beta-binomial", prediction="none").prediction is None


def test_studies_near_0_and_1_are_said_to_be_so() -> None:
    pooled = pool_counts([20, 0, 20, 0, 1], [20, 20, 20, 20, 2], model="beta-binomial")
    assert any("overdispersion 0.88" in note for note in pooled.notes)


# --- laws -----------------------------------------------------------------------------------------

STUDIES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=6).filter(
    lambda studies: any(a > 0 and b > 0 for a, b in studies) and all(a + b > 0 for a, b in studies)
)


@settings(max_examples=25)
@given(STUDIES)
def test_mirrored_counts_mirror_it_and_order_does_not_matter(studies: list[tuple[int, int]]) -> None:
    x, others = (np.array(column, float) for column in zip(*studies, strict=True))
    n = x + others
    here, mirrored, turned = (
        maximise(a[None], n_[None]) for a, n_ in ((x, n), (others, n), (x[::-1], n[::-1]))
    )
    assert first(here.mu) == pytest.approx(-first(mirrored.mu), rel=1e-6, abs=1e-6)
    assert first(here.rho) == pytest.approx(first(mirrored.rho), rel=1e-6, abs=1e-6)
    assert first(here.mu) == pytest.approx(first(turned.mu), rel=1e-6, abs=1e-6)
    assert first(here.value) >= first(here.common) - 1e-9
    assert 0 <= first(here.rho) < 1 and first(here.se) > 0


def test_many_tables_at_once_are_each_as_if_alone() -> None:
    random = np.random.default_rng(2)
    n = random.integers(2, 90, (30, 5)).astype(float)
    x = np.floor(n * random.beta(2, 1, n.shape))
    x[:, 0] = np.clip(x[:, 0], 1, n[:, 0] - 1)
    together = maximise(x, n)
    for i in range(len(x)):
        for ours, theirs in zip(maximise(x[i : i + 1], n[i : i + 1]), together, strict=True):
            assert ours[0] == pytest.approx(theirs[i], rel=1e-7, abs=1e-9)
