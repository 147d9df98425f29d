"""Common and random effects, layer by layer: R's tau2 goes in, R's estimate, intervals and prediction must come out."""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import chi2, norm, t

from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2, generalised_q
from evidence.synthesis.inverse_variance.models import (
    centre,
    critical,
    fit_inverse_variance,
    limit_beyond,
    predict,
)
from evidence.synthesis.proportions import MEASURES
from evidence.synthesis.results import Fit, Floats

REFERENCE = Path(__file__).resolve().parent / "reference"

CLOSED_FORM = 1e-10  # relative (limits: to the width of their interval)
ITERATED = 1e-6  # relative
ROUNDING = 1e-14  # where R prints 15 digits of a zero

MEASURE = {"PLO": "logit", "PFT": "double-arcsine", "PAS": "arcsine", "PLN": "log", "PR": "raw"}
# Of 21 sets of more than one study (17 of more than two): by z with nine methods, otherwise with four.
COMPARED_FITS = 21 * (9 + 4 * 3)  # for each measure
COMPARED_HKSJ = 21 * 5 * 4
COMPARED_PREDICTIONS = {"z": 17 * 5 * 8, "t": 17 * 5 * 3, "knha": 17 * 5 * 3, "adhoc": 17 * 5 * 3}

CI = {"z": "wald", "t": "t", "knha": "hksj-plain", "adhoc": "hksj"}


@cache
def counts() -> dict[str, tuple[list[float], list[float]]]:
    sets: dict[str, tuple[list[float], list[float]]] = {}
    with (REFERENCE / "datasets.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            events, n = sets.setdefault(row["dataset"], ([], []))
            events.append(float(row["event"]))
            n.append(float(row["n"]))
    return sets


def effects(dataset: str, measure: str) -> tuple[np.ndarray, np.ndarray]:
    yi, vi = MEASURES[MEASURE[measure]].effects(*counts()[dataset])
    return np.atleast_2d(yi), np.atleast_2d(vi)


@cache
def fits() -> list[dict[str, str]]:
    """Every fit that R answered, of more than one study."""
    with (REFERENCE / "pooled.csv").open(newline="", encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["status"] != "error" and int(row["k"]) > 1]


def near(found: object, expected: float, scale: float = 0.0) -> bool:
    return abs(float(np.ravel(found)[0]) - expected) <= CLOSED_FORM * max(abs(expected), scale) + ROUNDING


def numbers(fit: Fit, row: int) -> list[float]:
    return [float(v[row]) for v in (fit.estimate, fit.se, fit.low, fit.high)]


# --- isolated: R's tau2 in ------------------------------------------------------------


@pytest.mark.parametrize("measure", MEASURE)
def test_r_s_tau2_gives_r_s_estimate_and_intervals(measure: str) -> None:
    wrong, compared = [], 0
    for row in fits():
        if row["measure"] != measure:
            continue
        compared += 1
        yi, vi = effects(row["dataset"], measure)
        r = {name: float(row[name]) for name in ("tau2", "estimate", "se", "ci_lb", "ci_ub")}
        fit = fit_inverse_variance(
            yi, vi, np.array([r["tau2"]]), ci=CI[row["test"]], level=float(row["level"]) / 100
        )
        width = r["ci_ub"] - r["ci_lb"]
        good = (
            near(fit.estimate, r["estimate"], r["se"])
            and near(fit.se, r["se"])
            and near(fit.low, r["ci_lb"], width)
            and near(fit.high, r["ci_ub"], width)
        )
        if not good:
            wrong.append((row["dataset"], row["method"], row["test"], fit, r))
    assert wrong == []
    assert compared == COMPARED_FITS


@pytest.mark.parametrize(("kind", "column"), [("t", "pi_t"), ("hts", "pi_riley"), ("wald", "pi_z")])
def test_r_s_tau2_and_standard_error_give_r_s_prediction(kind: str, column: str) -> None:
    wrong, tests = [], Counter()
    for row in fits():
        if not row[f"{column}_lb"] or int(row["k"]) < 3:
            continue
        tests[row["test"]] += 1
        low, high = float(row[f"{column}_lb"]), float(row[f"{column}_ub"])
        arrays = (np.array([float(row[name])]) for name in ("estimate", "se", "tau2"))
        found = predict(*arrays, int(row["k"]), kind=kind, level=0.95)
        if not (near(found[0], low, high - low) and near(found[1], high, high - low)):
            wrong.append((row["dataset"], row["measure"], row["method"], row["test"], found, low, high))
    assert wrong == []
    assert tests == COMPARED_PREDICTIONS


def hartung_knapp(yi: Floats, vi: Floats, tau2: Floats) -> Floats:
    """The standard error that a prediction interval of kind "hksj" is made with: Hartung and Knapp's, without floor."""
    at = centre(yi, vi, tau2)
    return at.se * at.hksj


def test_r_s_tau2_gives_r_s_hartung_knapp_standard_error() -> None:
    rows = [row for row in fits() if row["test"] == "knha"]
    for row in rows:
        yi, vi = effects(row["dataset"], row["measure"])
        assert near(hartung_knapp(yi, vi, np.array([float(row["tau2"])])), float(row["se"]))
    assert len(rows) == COMPARED_HKSJ


# --- by hand --------------------------------------------------------------------------

Y, V = np.array([[0.0, 5.0]]), np.array([[1.0, 4.0]])  # weights 1, 1/4; mean 1; Q = 5 on 1 df
ZERO = np.zeros(1)


@pytest.mark.parametrize(
    ("ci", "se", "quantile"),
    [
        ("wald", np.sqrt(0.8), norm.ppf(0.975)),
        ("t", np.sqrt(0.8), t.ppf(0.975, 1)),
        ("hksj", 2.0, t.ppf(0.975, 1)),  # sqrt(0.8 * 5)
        ("hksj-plain", 2.0, t.ppf(0.975, 1)),
    ],
)
def test_two_studies_by_hand(ci: str, se: float, quantile: float) -> None:
    fit = fit_inverse_variance(Y, V, ZERO, ci=ci, level=0.95)
    expected = [1.0, se, 1 - quantile * se, 1 + quantile * se]
    assert numbers(fit, 0) == pytest.approx(expected, rel=CLOSED_FORM)


def test_the_floor_keeps_hartung_knapp_from_narrowing() -> None:
    alike = np.array([[0.50, 0.51, 0.49]]), np.ones((1, 3))  # Q far below its 2 degrees of freedom
    classic = fit_inverse_variance(*alike, ZERO, ci="t", level=0.95)
    floored = fit_inverse_variance(*alike, ZERO, ci="hksj", level=0.95)
    plain = fit_inverse_variance(*alike, ZERO, ci="hksj-plain", level=0.95)
    assert float(floored.se[0]) == float(classic.se[0]) == pytest.approx(np.sqrt(1 / 3), rel=CLOSED_FORM)
    assert float(plain.se[0]) == pytest.approx(np.sqrt(1 / 3 * 0.0002 / 2), rel=CLOSED_FORM)


def test_one_study_has_the_normal_quantile_and_its_own_standard_error() -> None:
    one = np.array([[0.3]]), np.array([[0.04]])
    for ci in ("wald", "t", "hksj", "hksj-plain"):
        fit = fit_inverse_variance(*one, ZERO, ci=ci, level=0.9)
        assert float(fit.se[0]) == pytest.approx(0.2, rel=CLOSED_FORM)
        assert float(fit.high[0]) == pytest.approx(0.3 + 0.2 * norm.ppf(0.95), rel=CLOSED_FORM)


def test_prediction_by_hand() -> None:
    arrays = np.array([1.0]), np.array([3.0]), np.array([16.0])  # standard deviation 5
    for kind, quantile in (("t", t.ppf(0.975, 4)), ("hts", t.ppf(0.975, 3)), ("wald", norm.ppf(0.975))):
        found = predict(*arrays, 5, kind=kind, level=0.95)
        assert [float(v[0]) for v in found] == pytest.approx(
            [1 - 5 * quantile, 1 + 5 * quantile], rel=CLOSED_FORM
        )


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.999])
def test_critical_values(level: float) -> None:
    assert critical(level) == pytest.approx(norm.ppf((1 + level) / 2), rel=CLOSED_FORM)
    assert critical(level, 7) == pytest.approx(t.ppf((1 + level) / 2, 7), rel=CLOSED_FORM)


# --- profile likelihood ----------------------------------------------------------------


def profile_by_search(yi: np.ndarray, vi: np.ndarray, mean: float) -> float:
    """The highest log-likelihood at this mean, over a grid of tau2 and then by Brent's method."""

    def minus(tau2: float) -> float:
        return 0.5 * float((np.log(vi + tau2) + (yi - mean) ** 2 / (vi + tau2)).sum())

    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 400)])
    best = int(np.argmin([minus(v) for v in grid]))
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    inner = minimize_scalar(minus, bounds=around, method="bounded", options={"xatol": 1e-10})
    return -min(minus(grid[best]), float(inner.fun))


@pytest.mark.parametrize(
    "dataset", ["pritz1997", "heterogeneous", "homogeneous", "k3", "near_one", "extreme"]
)
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_at_a_profile_limit_the_likelihood_has_fallen_by_half_a_chi_square(
    dataset: str, level: float
) -> None:
    yi, vi = effects(dataset, "PLO")
    tau2 = estimate_tau2(yi, vi, "ml")
    fit = fit_inverse_variance(yi, vi, tau2, ci="profile", level=level)
    top = profile_by_search(yi[0], vi[0], float(fit.estimate[0]))
    for limit in (fit.low, fit.high):
        fallen = top - profile_by_search(yi[0], vi[0], float(limit[0]))
        assert fallen == pytest.approx(chi2.ppf(level, 1) / 2, rel=ITERATED)
    assert fit.low[0] < fit.estimate[0] < fit.high[0]


def test_without_heterogeneity_to_speak_of_the_profile_is_wald() -> None:
    """With far less spread than the variances explain tau2 stays at 0 all the way to the limits."""
    yi, vi = np.array([[0.30, 0.31, 0.29, 0.30]]), np.full((1, 4), 0.5)
    profile = fit_inverse_variance(yi, vi, ZERO, ci="profile", level=0.5)
    wald = fit_inverse_variance(yi, vi, ZERO, ci="wald", level=0.5)
    assert float(profile.low[0]) == pytest.approx(float(wald.low[0]), rel=ITERATED)
    assert float(profile.high[0]) == pytest.approx(float(wald.high[0]), rel=ITERATED)


def test_a_limit_may_lie_far_beyond_the_first_step() -> None:
    found = limit_beyond(lambda v: 1e6 - np.abs(v - 3), np.array([3.0, 3.0]), np.array([1.0, -1.0]))
    assert found == pytest.approx([1_000_003, -999_997], rel=1e-9)


# --- laws ------------------------------------------------------------------------------


def test_every_table_of_a_batch_is_as_if_alone() -> None:
    rng = np.random.default_rng(6)
    yi, vi = rng.normal(size=(30, 5)), np.exp(rng.normal(-1, 1, (30, 5)))
    tau2 = estimate_tau2(yi, vi, "reml")
    for ci in ("wald", "t", "hksj", "hksj-plain", "profile"):
        together = fit_inverse_variance(yi, vi, tau2, ci=ci, level=0.95)
        for i in range(len(yi)):
            alone = fit_inverse_variance(yi[i : i + 1], vi[i : i + 1], tau2[i : i + 1], ci=ci, level=0.95)
            assert numbers(alone, 0) == numbers(together, i)


def test_the_hartung_knapp_variance_is_the_classic_one_times_q_over_its_degrees_of_freedom() -> None:
    for dataset in ("pritz1997", "debruin2009", "k30"):
        yi, vi = effects(dataset, "PLO")
        tau2 = estimate_tau2(yi, vi, "reml")
        classic = float(fit_inverse_variance(yi, vi, tau2, ci="wald", level=0.95).se[0])
        factor = float(generalised_q(yi, vi, tau2)[0]) / (yi.shape[-1] - 1)
        assert float(hartung_knapp(yi, vi, tau2)[0]) == pytest.approx(
            classic * np.sqrt(factor), rel=CLOSED_FORM
        )
