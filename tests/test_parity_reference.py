"""`pool_counts` against R, row by row: every row is compared, or left out for a reason that is named and counted.

Two references. tests/reference, made by validation/ with Debian's metafor from synthetic and two published sets, is
always there. The full one (39 sets; metafor 5.0, meta 8.3) may lie beside the checkout, and is skipped where it does not.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

from evidence.synthesis.pooling import pool_counts
from evidence.synthesis.results import Pooled

from .test_quadrature import dense_table_log_likelihood

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "tests" / "reference"
SHARED = ROOT.parent / "shared" / "reference"
beside = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the full reference does not lie beside this checkout"
)

CLOSED_FORM = 1e-10  # relative; of limits: to their interval's width
ITERATED = 1e-6  # the same
TAU2 = 1e-9  # absolute, where relative is less: R's own search stops at steps of 1e-11
EXACT_MAXIMUM = 1e-5  # of the binomial-normal likelihood: mu, tau2 and se, relative or absolute
LME4 = 5e-3  # of an interval's width: what seven quadrature nodes cost R's GLMM where tau2 is 5
GLM_STOP = 2e-4  # relative: R's logistic regressions stop early, and study logits at 0 and n stay finite
HALF_THE_DIGITS = 1e-7  # R's double-arcsine inverse takes the root of a difference near 0
ROUNDING = 1e-14  # absolute: fifteen digits are printed

MEASURE = {"PLO": "logit", "PFT": "double-arcsine", "PAS": "arcsine", "PLN": "log", "PR": "raw"}
SM = {"PLOGIT": "logit", "PFT": "double-arcsine", "PAS": "arcsine", "PLN": "log", "PRAW": "raw"}
CI = {"z": "wald", "t": "t", "knha": "hksj-plain", "adhoc": "hksj"}
ESTIMATORS = ("REML", "PM", "DL", "ML", "EB", "HS", "HE", "SJ")
ITERATIVE = ("REML", "PM", "ML", "EB")

Row = dict[str, str]


# --- reading ------------------------------------------------------------------------------


@cache
def read(folder: Path, name: str) -> list[Row]:
    with (folder / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@cache
def sets(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found: dict[str, tuple[list[float], list[float]]] = {}
    for row in read(folder, "datasets.csv"):
        events, n = found.setdefault(row["dataset"], ([], []))
        events.append(float(row["event"]))
        n.append(float(row["n"]))
    return {name: (np.array(events), np.array(n)) for name, (events, n) in found.items()}


def number(row: Row, name: str) -> float | None:
    return float(row[name]) if row.get(name) not in ("", "NaN", None) else None


@cache
def pooled(folder: Path, dataset: str, options: tuple[tuple[str, Any], ...]) -> Pooled:
    return pool_counts(*sets(folder)[dataset], **dict(options))


def pool(folder: Path, dataset: str, **options: Any) -> Pooled:
    return pooled(folder, dataset, tuple(sorted(options.items())))


def has_edge(folder: Path, dataset: str) -> bool:
    return any(x in (0, n) for x, n in zip(*sets(folder)[dataset], strict=True))


# --- comparing ----------------------------------------------------------------------------


class Faults(list[str]):
    """What did not agree, and how many numbers were looked at."""

    looked_at = 0

    def near(
        self,
        row: Row,
        name: str,
        ours: Any,
        theirs: float | None,
        rtol: float,
        scale: float = 0.0,
        atol: float = 0.0,
    ) -> None:
        """`scale` is what rtol is relative to, where that is more than the number itself."""
        if theirs is None:
            return
        self.looked_at += 1
        tolerance = rtol * max(abs(theirs), scale) + atol + ROUNDING
        if ours is None or not abs(ours - theirs) <= tolerance:
            where = " ".join(
                row[c] for c in ("dataset", "measure", "sm", "method", "method_tau", "test") if row.get(c)
            )
            self.append(f"{where}: {name} {ours} instead of {theirs}")


def back(measure: str, value: float, n: Iterable[float]) -> float:
    """From the measure's scale to a proportion inside 0 to 1; Freeman and Tukey's by searching their formula."""
    if measure == "logit":
        return float(1 / (1 + np.exp(-value)))
    if measure == "log":
        return float(np.exp(min(value, 0.0)))
    if measure == "raw":
        return float(np.clip(value, 0, 1))
    if measure == "arcsine":
        return float(np.sin(np.clip(value, 0, np.pi / 2)) ** 2)
    size = 1 / np.mean(1 / np.asarray(list(n)))

    def forward(p: float) -> float:
        return (
            float(np.arcsin(np.sqrt(size * p / (size + 1))) + np.arcsin(np.sqrt((size * p + 1) / (size + 1))))
            / 2
            - value
        )

    if forward(0.0) >= 0:
        return 0.0
    return 1.0 if forward(1.0) <= 0 else float(brentq(forward, 0, 1, xtol=1e-16, rtol=9e-16))


# --- metafor: rma.uni -----------------------------------------------------------------------


def left_out_of_pooled(row: Row) -> str | None:
    """Why a row cannot be expressed, or None."""
    if row["method"] not in ("EE", *ESTIMATORS):
        return "estimator not offered"
    if int(row["k"]) == 1:
        return "one study is not pooled"
    return None


def compare_pooled(folder: Path, row: Row, own: Row | None, faults: Faults) -> Counter[str]:
    """One row of pooled.csv; `own` replaces the estimates of a peer known to have stopped elsewhere."""
    seen: Counter[str] = Counter()
    dataset, method, test, k = row["dataset"], row["method"], row["test"], int(row["k"])
    measure, level = MEASURE[row["measure"]], float(row["level"]) / 100
    random: dict[str, Any] = (
        {"model": "random", "tau2": method.lower()} if method != "EE" else {"model": "common"}
    )
    options = {"measure": measure, "ci": CI[test], "level": level, **random}
    rtol = ITERATED if method in ITERATIVE else CLOSED_FORM

    def at(prediction: str) -> Pooled:
        return pool(folder, dataset, prediction=prediction, **options)

    found = at("hksj" if test == "knha" else "t")
    assert found.fit is not None and found.heterogeneity is not None
    expected = {
        name: number(row, name) for name in ("estimate", "se", "tau2", "ci_lb", "ci_ub", "Q", "Qp", "I2")
    }
    if own is not None:
        expected |= {"estimate": number(own, "own_estimate"), "tau2": number(own, "own_tau2"), "se": None}
        expected |= {"ci_lb": None, "ci_ub": None}
        if test == "z":
            expected["se"] = number(own, "own_se")
    heterogeneity = found.heterogeneity
    faults.near(row, "estimate", found.fit.estimate, expected["estimate"], rtol, found.fit.se)
    faults.near(row, "se", found.fit.se, expected["se"], rtol)
    faults.near(
        row, "tau2", heterogeneity.tau2, expected["tau2"], rtol, atol=TAU2 if method in ITERATIVE else 0
    )
    faults.near(row, "Q", heterogeneity.q, expected["Q"], CLOSED_FORM)
    faults.near(row, "Qp", heterogeneity.pvalue, expected["Qp"], 1e-9)
    if method in ("EE", "DL"):  # elsewhere R's I2 is made from tau2
        i2 = max(expected["I2"] or 0.0, 0.0) / 100
        faults.near(row, "I2", heterogeneity.i2, i2, CLOSED_FORM)
        seen["I2"] += 1
    if own is not None:
        seen["own"] += 1
        return seen
    seen["rows"] += 1
    low, high = expected["ci_lb"], expected["ci_ub"]
    assert low is not None and high is not None
    faults.near(row, "low", found.fit.low, low, rtol, high - low)
    faults.near(row, "high", found.fit.high, high, rtol, high - low)
    size = sets(folder)[dataset][1]
    natural = [number(row, name) for name in ("bt_estimate", "bt_ci_lb", "bt_ci_ub")]
    for ours, theirs, name in zip(found.proportion, natural, ("proportion", "from", "to"), strict=True):
        assert theirs is not None
        slack = HALF_THE_DIGITS if measure == "double-arcsine" else 0.0
        width = found.proportion.high - found.proportion.low
        faults.near(row, name, ours, float(np.clip(theirs, 0, 1)), rtol, width, slack)
    if method != "EE":
        seen += compare_predictions(row, at, lambda v: back(measure, v, size), rtol, k, faults)
    return seen


def compare_predictions(
    row: Row,
    at: Callable[[str], Pooled],
    natural: Callable[[float], float],
    rtol: float,
    k: int,
    faults: Faults,
) -> Counter[str]:
    """Limits for a new study: t and z with the classic standard error, t(k - 1) with Hartung and Knapp's."""
    columns = {
        "z": {"t": "pi_t", "hts": "pi_riley", "wald": "pi_z" if "pi_z_lb" in row else "pi"},
        "t": {"t": "pi_t", "hts": "pi_riley", "wald": "pi_z"},
        "knha": {"hksj": "pi_t"},
        "adhoc": {},
    }
    seen: Counter[str] = Counter()
    for kind, column in columns[row["test"]].items():
        low, high = number(row, f"{column}_lb"), number(row, f"{column}_ub")
        if low is None or high is None:
            continue
        prediction = at(kind).prediction
        if k < 3:
            assert prediction is None
            seen["prediction from two"] += 1
            continue
        assert prediction is not None
        seen[f"prediction {kind}"] += 1
        limits = natural(low), natural(high)
        faults.near(row, f"{kind} from", prediction.low, limits[0], rtol, limits[1] - limits[0])
        faults.near(row, f"{kind} to", prediction.high, limits[1], rtol, limits[1] - limits[0])
    return seen


def run_pooled(
    folder: Path, rows: list[Row], own: Callable[[Row], Row | None]
) -> tuple[Counter[str], Faults]:
    seen: Counter[str] = Counter()
    faults = Faults()
    for row in rows:
        reason = left_out_of_pooled(row)
        if reason:
            seen[f"left out: {reason}"] += 1
        else:
            seen += compare_pooled(folder, row, own(row), faults)
    return seen, faults


def own_of_committed(row: Row) -> Row | None:
    return None if row["status"] == "ok" else row


def test_committed_pooled() -> None:
    seen, faults = run_pooled(COMMITTED, read(COMMITTED, "pooled.csv"), own_of_committed)
    assert faults == []
    assert seen == COMMITTED_POOLED


@beside
def test_shared_pooled() -> None:
    flags = {
        (row["dataset"], row["measure"], row["method"]): row
        for row in read(SHARED, "pooled_flags.csv")
        if row["control"] == "tight"
    }
    rows = [row for row in read(SHARED, "pooled.csv") if row["control"] == "tight" and row["status"] == "ok"]
    seen, faults = run_pooled(
        SHARED, rows, lambda row: flags.get((row["dataset"], row["measure"], row["method"]))
    )
    assert faults == []
    assert seen == SHARED_POOLED
    assert len(rows) == sum(seen[c] for c in seen if c in ("rows", "own") or c.startswith("left out")) == 5810


# --- metafor: confint -------------------------------------------------------------------------


def compare_tau2_limits(folder: Path, rows: list[Row], faults: Faults) -> Counter[str]:
    seen: Counter[str] = Counter()
    for row in rows:
        found = pool(
            folder,
            row["dataset"],
            model="random",
            measure=MEASURE[row["measure"]],
            level=float(row["level"]) / 100,
        ).heterogeneity
        assert found is not None
        columns = ("own_tau2_lb", "own_tau2_ub") if row["status"] == "differs" else ("tau2_lb", "tau2_ub")
        for name, ours in zip(columns, (found.tau2_low, found.tau2_high), strict=True):
            theirs = number(row, name)
            faults.near(row, name, ours, 0.0 if theirs is None else theirs, ITERATED, atol=TAU2)
        seen[row["status"]] += 1
    return seen


def test_committed_tau2_limits() -> None:
    faults = Faults()
    seen = compare_tau2_limits(COMMITTED, read(COMMITTED, "tau2_ci.csv"), faults)
    assert faults == []
    assert seen == COMMITTED_TAU2_LIMITS
    assert faults.looked_at == 2 * 210


@beside
def test_shared_tau2_limits() -> None:
    rows = read(SHARED, "tau2_ci.csv")
    kinds = Counter((row["type"], row["control"]) for row in rows)
    faults = Faults()
    tight = [row for row in rows if (row["type"], row["control"]) == ("QP", "tight")]
    assert compare_tau2_limits(SHARED, tight, faults) == {"ok": 372}
    assert faults == []
    assert faults.looked_at == 2 * 372
    # Left out: R's own stopping error; intervals that are not offered (Biggerstaff-Jackson, Jackson, and the
    # profile likelihood of the normal-normal model).
    assert kinds == {
        ("QP", "tight"): 372,
        ("QP", "default"): 185,
        ("BJ", "tight"): 185,
        ("J", "tight"): 185,
        ("PL", "tight"): 148,
    }


# --- metafor: rma.glmm ------------------------------------------------------------------------

# Maximised with 61 nodes, where tau is 5.2 and some studies stand at 0 and n: 1.0e-5 of tau2 short of the maximum.
NOT_QUITE_THE_MAXIMUM = "syn_extreme_het"


@beside
def test_shared_glmm() -> None:
    faults, seen = Faults(), Counter[str]()
    for row in read(SHARED, "glmm.csv"):
        if not row["engine"].startswith("own exact ML"):
            seen["left out: lme4"] += 1
            continue
        found = pool(SHARED, row["dataset"], model="binomial", ci="wald")
        if row["status"] != "ok":
            assert found.fit is None and found.heterogeneity is None
            assert found.model == ("exact" if found.k == 1 else "bayes")
            seen[f"left out: {row['status']}"] += 1
            continue
        assert found.fit is not None and found.heterogeneity is not None
        seen["rows"] += 1
        exempt = row["dataset"] == NOT_QUITE_THE_MAXIMUM
        rtol = 2 * EXACT_MAXIMUM if exempt else EXACT_MAXIMUM
        numbers = {
            name: number(row, name) for name in ("estimate", "se", "tau2", "ci_lb", "ci_ub", "bt_estimate")
        }
        faults.near(row, "mu", found.fit.estimate, numbers["estimate"], rtol, 1)
        faults.near(row, "se", found.fit.se, numbers["se"], rtol)
        faults.near(row, "tau2", found.heterogeneity.tau2, numbers["tau2"], rtol, 1)
        low, high = numbers["ci_lb"], numbers["ci_ub"]
        assert low is not None and high is not None
        faults.near(row, "low", found.fit.low, low, rtol, high - low)
        faults.near(row, "high", found.fit.high, high, rtol, high - low)
        faults.near(row, "proportion", found.proportion.estimate, numbers["bt_estimate"], rtol)
        ll, ll_ee = number(row, "ll"), number(row, "ll_ee")
        assert ll is not None and ll_ee is not None
        faults.near(
            row, "lrt", found.heterogeneity.lrt, 2 * (ll - ll_ee), 1e-8, atol=2e-5 if exempt else 2e-6
        )
    assert faults == []
    assert seen == {
        "rows": 35,
        "left out: not_estimable": 3,
        "left out: not_identifiable": 1,
        "left out: lme4": 273,
    }


@beside
def test_the_exempted_maximum_is_lower_than_ours() -> None:
    counts = sets(SHARED)[NOT_QUITE_THE_MAXIMUM]
    row = next(
        row
        for row in read(SHARED, "glmm.csv")
        if row["dataset"] == NOT_QUITE_THE_MAXIMUM and row["engine"].startswith("own exact ML")
    )
    found = pool(SHARED, NOT_QUITE_THE_MAXIMUM, model="binomial", ci="wald")
    assert found.fit is not None and found.heterogeneity is not None
    assert found.heterogeneity.tau2 == pytest.approx(27.283778, abs=5e-7)  # by dense trapezoidal sums
    theirs = dense_table_log_likelihood(*counts, float(row["estimate"]), float(row["tau2"]) ** 0.5)
    mu, tau = found.fit.estimate, found.heterogeneity.tau2**0.5
    ours = dense_table_log_likelihood(*counts, mu, tau)
    assert ours > theirs
    for step in (1e-4, -1e-4):
        assert dense_table_log_likelihood(*counts, mu + step, tau) < ours
        assert dense_table_log_likelihood(*counts, mu, tau + step) < ours


@beside
def test_shared_glmm_wald_test_of_one_proportion() -> None:
    """R's Q for a GLMM: a Wald test in the saturated logistic regression."""
    faults, seen = Faults(), Counter[str]()
    for row in read(SHARED, "glmm.csv"):
        if (row["method"], row["nAGQ"], row["test"], row["status"]) != ("ML", "7", "z", "ok"):
            continue
        found = pool(SHARED, row["dataset"], model="binomial", ci="wald").heterogeneity
        if found is None:
            seen["left out: no finite maximum"] += 1
            continue
        seen["rows"] += 1
        faults.near(row, "QE_Wld", found.q, number(row, "QE_Wld"), GLM_STOP)
        faults.near(row, "QEp_Wld", found.pvalue, number(row, "QEp_Wld"), GLM_STOP, atol=1e-5)
    assert faults == []
    assert seen == {"rows": 34, "left out: no finite maximum": 1}


# --- meta: prediction intervals ----------------------------------------------------------------

PREDICTION = {"V": "t", "HTS": "hts", "S": "wald", "HK": "hksj"}


def left_out_of_meta_pi(row: Row) -> str | None:
    if row["pi_method"] not in PREDICTION:
        return "interval not offered"
    if len(sets(SHARED)[row["dataset"]][0]) < 3:
        return "fewer than three studies"
    if row["sm"] in ("PLN", "PRAW") and has_edge(SHARED, row["dataset"]):
        return "meta corrects log and raw otherwise at 0 and n"
    return None


@beside
def test_shared_prediction_of_inverse_variance() -> None:
    faults, seen = Faults(), Counter[str]()
    flags = {
        (r["dataset"], r["measure"], r["method"])
        for r in read(SHARED, "pooled_flags.csv")
        if r["control"] == "tight"
    }
    names = {"PLOGIT": "PLO", "PRAW": "PR"}
    for row in read(SHARED, "meta_pi.csv"):
        if row["method"] != "Inverse":
            continue
        reason = left_out_of_meta_pi(row)
        if (row["dataset"], names.get(row["sm"], row["sm"]), row["method_tau"]) in flags and not reason:
            reason = "R stopped early"
        if reason:
            seen[f"left out: {reason}"] += 1
            continue
        seen[row["pi_method"]] += 1
        found = pool(
            SHARED,
            row["dataset"],
            model="random",
            measure=SM[row["sm"]],
            tau2=row["method_tau"].lower(),
            prediction=PREDICTION[row["pi_method"]],
        ).prediction
        assert found is not None
        low, high = number(row, "bt_lower"), number(row, "bt_upper")
        assert low is not None and high is not None
        low, high = float(np.clip(low, 0, 1)), float(np.clip(high, 0, 1))
        slack = HALF_THE_DIGITS if row["sm"] == "PFT" else 0.0
        faults.near(row, "from", found.low, low, ITERATED, high - low, slack)
        faults.near(row, "to", found.high, high, ITERATED, high - low, slack)
    assert faults == []
    assert seen == SHARED_PREDICTIONS


@beside
def test_shared_prediction_of_the_glmm() -> None:
    faults, seen = Faults(), Counter[str]()
    for row in read(SHARED, "meta_pi.csv"):
        if row["method"] == "Inverse":
            continue
        reason = left_out_of_meta_pi(row)
        found = (
            None
            if reason
            else pool(SHARED, row["dataset"], model="binomial", prediction=PREDICTION[row["pi_method"]])
        )
        if found is not None and found.fit is None:
            reason = "no finite maximum"
        if row["dataset"] == "syn_huge_tiny":
            reason = "lme4 stops at the lower of two maxima"
        if reason:
            seen[f"left out: {reason}"] += 1
            continue
        assert found is not None and found.prediction is not None
        seen[row["pi_method"]] += 1
        low, high = number(row, "bt_lower"), number(row, "bt_upper")
        assert low is not None and high is not None
        faults.near(row, "from", found.prediction.low, low, LME4, high - low)
        faults.near(row, "to", found.prediction.high, high, LME4, high - low)
    assert faults == []
    assert seen == SHARED_GLMM_PREDICTIONS


# --- meta: heterogeneity -------------------------------------------------------------------------


@beside
def test_shared_heterogeneity() -> None:
    faults, seen = Faults(), Counter[str]()
    for row in read(SHARED, "meta_het.csv"):
        if row["method"] != "Inverse":
            reason = "GLMM: compared with metafor's"
        elif row["method_I2"] != "Q":
            reason = "I2 from tau2 is not offered"
        elif len(sets(SHARED)[row["dataset"]][0]) < 2:
            reason = "one study"
        elif row["sm"] in ("PLN", "PRAW") and has_edge(SHARED, row["dataset"]):
            reason = "meta corrects log and raw otherwise at 0 and n"
        else:
            reason = None
        if reason:
            seen[f"left out: {reason}"] += 1
            continue
        seen["rows"] += 1
        found = pool(
            SHARED, row["dataset"], model="random", measure=SM[row["sm"]], tau2=row["method_tau"].lower()
        ).heterogeneity
        assert found is not None
        assert found.df == int(row["df_Q"])
        faults.near(row, "Q", found.q, number(row, "Q"), CLOSED_FORM)
        faults.near(row, "p", found.pvalue, number(row, "pval_Q"), 1e-9)
        faults.near(row, "I2", found.i2, number(row, "I2"), CLOSED_FORM)
        faults.near(row, "H", found.h2**0.5, number(row, "H"), CLOSED_FORM)
        for name, ours in (("I2_lb", found.i2_low), ("I2_ub", found.i2_high)):
            theirs = number(row, name)
            assert (ours is None) == (theirs is None)
            faults.near(row, name, ours, theirs, CLOSED_FORM)
            if ours is not None:
                seen["I2 limits"] += 1
                faults.near(
                    row, f"H of {name}", (1 - ours) ** -0.5, number(row, name.replace("I2", "H")), CLOSED_FORM
                )
        rtol = ITERATED if row["method_tau"] in ITERATIVE else CLOSED_FORM
        faults.near(row, "tau2", found.tau2, number(row, "tau2"), rtol, atol=TAU2)
    assert faults == []
    assert seen == SHARED_HETEROGENEITY


# --- how many ---------------------------------------------------------------------------------------

COMMITTED_POOLED = {
    "I2": 840,
    "own": 1,
    "prediction from two": 500,
    "prediction hksj": 255,
    "prediction hts": 934,
    "prediction t": 934,
    "prediction wald": 934,
    "rows": 2204,
    "left out: one study is not pooled": 45,
}
COMMITTED_TAU2_LIMITS = {
    "null_set": 44,
    "ok": 166,
}
SHARED_POOLED = {
    "I2": 760,
    "own": 12,
    "prediction from two": 185,
    "prediction hksj": 1291,
    "prediction hts": 1844,
    "prediction t": 1844,
    "prediction wald": 1844,
    "rows": 4358,
    "left out: estimator not offered": 1325,
    "left out: one study is not pooled": 115,
}
SHARED_PREDICTIONS = {
    "HK": 787,
    "HTS": 787,
    "S": 787,
    "V": 787,
    "left out: R stopped early": 8,
    "left out: fewer than three studies": 200,
    "left out: interval not offered": 1355,
    "left out: meta corrects log and raw otherwise at 0 and n": 504,
}
SHARED_GLMM_PREDICTIONS = {
    "HTS": 33,
    "S": 33,
    "V": 66,
    "left out: fewer than three studies": 8,
    "left out: lme4 stops at the lower of two maxima": 4,
    "left out: no finite maximum": 12,
}
SHARED_HETEROGENEITY = {
    "I2 limits": 2152,
    "rows": 1110,
    "left out: GLMM: compared with metafor's": 78,
    "left out: I2 from tau2 is not offered": 190,
    "left out: meta corrects log and raw otherwise at 0 and n": 168,
    "left out: one study": 34,
}
