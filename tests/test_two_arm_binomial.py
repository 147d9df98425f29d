"""Binomial models of two arms against R, against the likelihood integrated by brute force, and against what must be true."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, gammaln, logsumexp, xlog1py, xlogy

from evidence.errors import NotPossible
from evidence.synthesis.arms import binomial as engine
from evidence.synthesis.arms.binomial import BINOMIAL_MODELS, Maximum, maximise
from evidence.synthesis.arms.pooling import pool_arms
from evidence.synthesis.arms.tables import Arms, as_arms

from .test_two_arms import MODEL, Row, beside, number, read, sets

EXACT_MAXIMUM = 1e-5  # theta, se, tau2: relative or absolute, as for one arm
HESSIAN = 2e-4  # of a standard error: R differences the exact conditional likelihood numerically

ZEROS = as_arms([0, 1, 0, 3, 0], [20, 25, 30, 40, 15], [2, 4, 0, 5, 1], [22, 24, 31, 42, 15])
VARIED = as_arms(
    [1, 3, 2, 5, 4, 12], [10, 300, 20, 500, 40, 30], [10, 4, 1, 3, 6, 5], [100, 30, 20, 100, 40, 30]
)


# ---- the likelihood by brute force ---------------------------------------------------------------

GRID = np.linspace(-12, 12, 4001)
WEIGHT = -0.5 * GRID**2 - 0.5 * np.log(2 * np.pi) + np.log(GRID[1] - GRID[0])


def binomial(x: float, n: float, eta: np.ndarray) -> np.ndarray:
    p = expit(eta)
    return xlogy(x, p) + xlog1py(n - x, -p)


def brute(
    arms: Arms, model: str, theta: float, tau: float, mean: float = 0.0, sigma: float = 0.0, every: int = 4
) -> float:
    """The log-likelihood on a fixed fine grid; studies' own parameters maximised by golden section."""
    total = 0.0
    grid, weight = GRID[::every], WEIGHT[::every] + np.log(every)
    for a, n1, c, n2 in zip(*arms, strict=True):
        if model == "random-studies":
            z1, z2 = np.meshgrid(GRID[::10], GRID[::10])
            both = np.add.outer(WEIGHT[::10], WEIGHT[::10]) + 2 * np.log(10)
            eta = mean + sigma * z1
            half = (theta + tau * z2) / 2
            total += logsumexp(both + binomial(a, n1, eta + half) + binomial(c, n2, eta - half))
            continue
        delta = theta + tau * grid
        if model == "fixed-studies":
            total += max_over(
                lambda own, a=a, n1=n1, c=c, n2=n2, d=delta: logsumexp(
                    weight + binomial(a, n1, own + d / 2) + binomial(c, n2, own - d / 2)
                )
            )
            continue
        if model == "conditional-binomial":
            value = binomial(a, a + c, delta + np.log(n1 / n2))
        else:
            j = np.arange(max(0, a + c - n2), min(n1, a + c) + 1)
            w = -gammaln(j + 1) - gammaln(n1 - j + 1) - gammaln(a + c - j + 1) - gammaln(n2 - a - c + j + 1)
            here = w[int(a - j[0])]
            value = -logsumexp(w - here + np.outer(delta, j - a), axis=1)
        total += logsumexp(weight + value)
    return float(total)


def max_over(function: Any) -> float:
    low, high, golden = -15.0, 15.0, (5**0.5 - 1) / 2
    for _ in range(36):
        one, two = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, two) if function(one) > function(two) else (one, high)
    return float(function((low + high) / 2))


@pytest.mark.parametrize("model", BINOMIAL_MODELS)
@pytest.mark.parametrize("arms", [VARIED, ZEROS], ids=["varied", "zeros"])
def test_the_maximum_is_that_of_the_likelihood_by_brute_force(model: str, arms: Arms) -> None:
    arms = arms.keep(arms.informative)
    best = maximise(arms, model)
    summit = engine._one_effect(arms, model)
    mean = float(summit.shared[0]) if model == "random-studies" else 0.0
    sigma = float(np.sqrt(best.sigma2 or 0.0))
    if model == "random-studies" and best.tau > 0:
        mean = float(engine._best(arms, model, summit).shared[0])
    here = brute(arms, model, best.theta, best.tau, mean, sigma)
    assert here == pytest.approx(best.value, abs=1e-6)
    for theta, tau in ((0.05, 0.0), (-0.05, 0.0), (0.0, 0.08), (0.0, -0.08)):
        beside_it = brute(arms, model, best.theta + theta, abs(best.tau + tau), mean, sigma)
        assert beside_it < here + 1e-9


@pytest.mark.parametrize("model", ["hypergeometric", "conditional-binomial"])
def test_the_standard_error_is_the_curvature_of_the_brute_likelihood(model: str) -> None:
    best = maximise(VARIED, model)
    assert best.tau > 0
    h = 1e-3

    def at(i: float, j: float) -> float:
        return brute(VARIED, model, best.theta + i * h, best.tau + j * h)

    centre = at(0, 0)
    tt = (at(1, 0) - 2 * centre + at(-1, 0)) / h**2
    ss = (at(0, 1) - 2 * centre + at(0, -1)) / h**2
    ts = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h**2)
    assert best.se == pytest.approx(np.sqrt(-ss / (tt * ss - ts**2)), rel=1e-4)


# ---- R -------------------------------------------------------------------------------------------


def close(ours: float, theirs: float | None, tolerance: float) -> bool:
    return theirs is not None and abs(ours - theirs) <= tolerance * max(abs(theirs), 1.0)


@beside
def test_glmms_are_those_of_metafor_or_better() -> None:
    """R's own answer where it reached the maximum; else ours has the higher likelihood, and R's point is no maximum."""
    seen: Counter[str] = Counter()
    for row in read("twoarm_pooled_metafor.csv"):
        if row["fun"] != "rma.glmm":
            continue
        arms = sets()[row["dataset"]]
        arms = arms.keep(arms.informative)
        model, common = MODEL[row["option"]], row["method"] == "EE"
        if not arms.k:
            assert row["status"] == "error"
            seen["R and we: no study is left"] += 1
            continue
        best = maximise(arms, model, common=common)
        if row["status"] == "error":
            seen["R fails; ours has a maximum"] += 1
            assert np.isfinite([best.theta, best.se]).all()
            continue
        seen[_judged(row, arms, model, best)] += 1
        if best.saturated is not None and number(row, "QE_LRT") is not None:
            lrt = 2 * (best.saturated - best.common_value)
            assert close(lrt, number(row, "QE_LRT"), 1e-6), row
            seen["LRT of heterogeneity"] += 1
    assert seen == GLMM_COUNTS


def _judged(row: Row, arms: Arms, model: str, best: Maximum) -> str:
    pairs = ((best.theta, "estimate"), (best.se, "se"), (best.tau**2, "tau2"))
    if all(close(ours, number(row, name), EXACT_MAXIMUM) for ours, name in pairs):
        return f"{row['option']}: agrees"
    loose = (EXACT_MAXIMUM, HESSIAN, EXACT_MAXIMUM)
    if all(close(ours, number(row, name), t) for (ours, name), t in zip(pairs, loose, strict=True)):
        return f"{row['option']}: agrees, R's standard error from numerical differences"
    theta, tau2 = number(row, "estimate"), number(row, "tau2")
    assert theta is not None and tau2 is not None
    if (
        model == "random-studies"
    ):  # the mean and sigma of R's fit are not in the table: ours at its theta and tau
        design = engine._design(arms, model, random=True)
        start = engine._start(arms, model, engine._one_effect(arms, model), np.sqrt(tau2))
        start.shared[1] = theta
        theirs = _held(design, start, best.nodes)
    else:
        theirs = brute(arms, model, theta, float(np.sqrt(tau2)), every=10)
    assert theirs < best.value + 1e-6, row
    assert theirs < best.value - 1e-12 or tau2 == pytest.approx(best.tau**2, abs=1e-3), row
    if model == "random-studies":
        return "UM.RS: R stops at Laplace's approximation; ours is higher"
    return f"{row['option']}: R stops beside the maximum; ours is higher"


def _held(design: Any, start: Any, nodes: int) -> float:
    """The likelihood at a given theta and tau, maximised over the mean and sigma on a fine net around ours."""
    best = -np.inf
    mean, sigma = start.shared[0], start.shared[2]
    for shift in np.linspace(-0.2, 0.2, 5):
        for scale in np.linspace(0.85, 1.15, 5):
            shared = start.shared.copy()
            shared[0], shared[2] = mean + shift, sigma * scale
            value = engine._terms(design, engine._Point(start.own, shared), 21).value.sum()
            best = max(best, float(value))
    return best


GLMM_COUNTS = {
    "CM.AL: agrees": 21,
    "CM.AL: R stops beside the maximum; ours is higher": 2,
    "CM.EL: agrees": 4,
    "CM.EL: agrees, R's standard error from numerical differences": 5,
    "CM.EL: R stops beside the maximum; ours is higher": 1,
    "UM.FS: agrees": 18,
    "UM.FS: R stops beside the maximum; ours is higher": 5,
    "UM.RS: agrees": 11,
    "UM.RS: agrees, R's standard error from numerical differences": 1,
    "UM.RS: R stops at Laplace's approximation; ours is higher": 10,
    "R and we: no study is left": 8,
    "R fails; ours has a maximum": 6,
    "LRT of heterogeneity": 53,
}


@beside
def test_metabins_glmms_are_metafors() -> None:
    """metabin calls rma.glmm, common and random, so its rows say nothing more: they are the same numbers."""
    theirs = {
        (row["dataset"], row["option"], row["method"]): row
        for row in read("twoarm_pooled_metafor.csv")
        if row["fun"] == "rma.glmm"
    }
    seen: Counter[str] = Counter()
    for row in read("twoarm_pooled_meta.csv"):
        if row["method"] != "GLMM":
            continue
        if row["status"] != "ok":
            seen["error in both"] += 1
            assert theirs[row["dataset"], row["option"], "ML"]["status"] == "error"
            continue
        ee, ml = (theirs[row["dataset"], row["option"], method] for method in ("EE", "ML"))
        assert float(row["te_common"]) == pytest.approx(float(ee["estimate"]), rel=1e-10)
        if ml["status"] == "ok":
            assert float(row["te_random"]) == pytest.approx(float(ml["estimate"]), rel=1e-10)
        seen["the same"] += 1
    assert seen == {"the same": 22, "error in both": 2}


# ---- what must be true ---------------------------------------------------------------------------


@pytest.mark.parametrize("model", BINOMIAL_MODELS)
def test_arms_and_outcomes_swapped_mirror_the_effect(model: str) -> None:
    best = maximise(VARIED, model)
    swapped = maximise(Arms(VARIED.ci, VARIED.n2i, VARIED.ai, VARIED.n1i), model)
    assert swapped.theta == pytest.approx(-best.theta, abs=1e-7)
    assert swapped.tau == pytest.approx(best.tau, abs=1e-7)
    if model != "conditional-binomial":  # which takes the outcome for the rare one
        other = maximise(Arms(VARIED.bi, VARIED.n1i, VARIED.di, VARIED.n2i), model)
        assert other.theta == pytest.approx(-best.theta, abs=1e-7)


@pytest.mark.parametrize("model", BINOMIAL_MODELS)
def test_identical_studies_do_not_differ(model: str) -> None:
    best = maximise(as_arms([4] * 5, [20] * 5, [8] * 5, [20] * 5), model)
    assert best.tau == 0
    assert best.theta < 0


def test_one_effect_of_one_study_is_its_own() -> None:
    one = as_arms([4], [20], [8], [25])
    logistic = maximise(one, "fixed-studies")
    assert logistic.theta == pytest.approx(np.log(4 * 17 / (16 * 8)), abs=1e-9)
    assert logistic.se == pytest.approx(np.sqrt(1 / 4 + 1 / 16 + 1 / 8 + 1 / 17), rel=1e-7)


@pytest.mark.parametrize(
    ("ai", "n1i", "ci", "n2i"),
    [
        ([0, 0], [10, 12], [3, 4], [10, 11]),
        ([5, 6], [5, 6], [2, 3], [10, 9]),
        ([0, 6], [5, 6], [5, 0], [5, 6]),
    ],
    ids=["nobody treated responded", "everybody treated responded", "separated"],
)
@pytest.mark.parametrize("model", ["hypergeometric", "fixed-studies"])
def test_what_has_no_maximum_is_refused_with_the_reason(
    ai: Any, n1i: Any, ci: Any, n2i: Any, model: str
) -> None:
    with pytest.raises(NotPossible, match=r"no odds ratio is finite|no maximum"):
        pool_arms(ai, n1i, ci, n2i, model=model)


def test_profile_limits_lie_where_the_likelihood_has_fallen() -> None:
    found = pool_arms(*VARIED, model="hypergeometric", ci_method="profile")
    assert found.maximum is not None
    drop = 1.920729410347062
    for limit in (found.fit.low, found.fit.high):
        heights = [brute(VARIED, "hypergeometric", limit, tau) for tau in np.linspace(0.5, 4.5, 33)]
        assert max(heights) == pytest.approx(found.maximum.value - drop, abs=5e-3)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 19), st.integers(1, 19)), min_size=2, max_size=5),
    st.sampled_from(["hypergeometric", "conditional-binomial", "fixed-studies"]),
)
def test_the_likelihood_is_never_below_that_of_one_effect(pairs: list[tuple[int, int]], model: str) -> None:
    ai, ci = zip(*pairs, strict=True)
    arms = as_arms(ai, [20] * len(ai), ci, [20] * len(ci))
    best = maximise(arms, model)
    assert best.value >= best.common_value
    assert best.tau >= 0
    assert np.isfinite([best.theta, best.se]).all()
