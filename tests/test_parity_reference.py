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

from evidence.synthesis.inverse_variance.heterogeneity import generalised_q, log_likelihood
from evidence.synthesis.pooling import pool_counts
from evidence.synthesis.proportions import MEASURES
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
FEW_DF = 1e-5  # of a width: near one degree of freedom t's quantile is as sensitive to tau2 as that
ROUNDING = 1e-14  # absolute: fifteen digits are printed

MEASURE = {"PLO": "logit", "PFT": "double-arcsine", "PAS": "arcsine", "PLN": "log", "PR": "raw"}
SM = {"PLOGIT": "logit", "PFT": "double-arcsine", "PAS": "arcsine", "PLN": "log", "PRAW": "raw"}
CI = {"z": "wald", "t": "t", "knha": "hksj-plain", "adhoc": "hksj"}
ESTIMATORS = ("REML", "PM", "DL", "ML", "EB", "HS", "HE", "SJ")
ITERATIVE = ("REML", "PM", "ML", "EB", "DLIT", "SJIT", "PMM", "REML_unweighted")
VARIANTS = ("HSk", "DLIT", "SJIT", "PMM", "REML_unweighted", "GENQ_invvar", "GENQ_invse")

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


R_STOPPED = {
    ("crisafulli2020", "PR", "DLIT"),
    ("crisafulli2020", "PR", "REML_unweighted"),
    ("crisafulli2020", "PAS", "SJIT"),
    ("crisafulli2020", "PFT", "SJIT"),
    ("crisafulli2020", "PR", "SJIT"),
    ("nielweise_t", "PR", "SJIT"),
    ("nissen_death_t", "PFT", "SJIT"),
    ("nissen_death_t", "PR", "SJIT"),
    ("roever2022", "PR", "SJIT"),
    ("syn_one_zero_rest", "PLN", "SJIT"),
    ("woods2010", "PR", "SJIT"),
}
"""Repetitions that creep by less than 1e-11 a step before they are there; a test below says by how much."""


def left_out_of_pooled(row: Row) -> str | None:
    """Why a row cannot be expressed, or None."""
    if int(row["k"]) == 1:
        return "one study is not pooled"
    if (row["dataset"], row["measure"], row["method"]) in R_STOPPED:
        return "R stopped early"
    return None


def as_options(folder: Path, row: Row) -> dict[str, Any]:
    """The model, estimator and weights of a row's `method`."""
    method = row["method"]
    assert method in ("EE", *ESTIMATORS, *VARIANTS)
    if method == "EE":
        return {"model": "common"}
    random = {"model": "random"}
    if method == "REML_unweighted":
        return random | {"tau2": "reml", "weights": "equal"}
    if method.startswith("GENQ"):
        vi = MEASURES[MEASURE[row["measure"]]].effects(*sets(folder)[row["dataset"]])[1]
        weights = 1 / vi if method == "GENQ_invvar" else 1 / np.sqrt(vi)
        return random | {"tau2": "genq", "weights": tuple(weights.tolist())}
    return random | {"tau2": method.lower()}


def compare_pooled(folder: Path, row: Row, own: Row | None, faults: Faults) -> Counter[str]:
    """One row of pooled.csv; `own` replaces the estimates of a peer known to have stopped elsewhere."""
    seen: Counter[str] = Counter()
    dataset, method, test, k = row["dataset"], row["method"], row["test"], int(row["k"])
    measure, level = MEASURE[row["measure"]], float(row["level"]) / 100
    options = {"measure": measure, "ci": CI[test], "level": level, **as_options(folder, row)}
    rtol = ITERATED if method in ITERATIVE else CLOSED_FORM

    def at(prediction: str) -> Pooled:
        return pool(folder, dataset, prediction=prediction, **options)

    found = at("hksj" if test == "knha" else "t")
    assert found.fit is not None and found.heterogeneity is not None
    expected = {
        name: number(row, name)
        for name in ("estimate", "se", "tau2", "ci_lb", "ci_ub", "Q", "Qp", "I2", "H2")
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
    if own is None:
        i2 = max(expected["I2"] or 0.0, 0.0) / 100
        slack = TAU2 / (TAU2 + float(heterogeneity.tau2)) if method in ITERATIVE else 0.0
        seen["I2"] += 1
        if method == "EE":  # from Q; R's H2 may then be below 1
            faults.near(row, "I2", heterogeneity.i2, i2, rtol)
        else:
            plain = {"ci": "wald", "prediction": "none", "level": 0.95, "i2": "tau2"}
            by_tau2 = pool(folder, dataset, **options | plain).heterogeneity
            assert by_tau2 is not None and by_tau2.i2_kind == "tau2"
            faults.near(row, "I2", by_tau2.i2, i2, rtol, atol=slack)
            faults.near(row, "H2", by_tau2.h2, expected["H2"], rtol, atol=slack)
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


@beside
def test_where_r_stopped_early_its_tau2_solves_the_equation_less_well_than_ours() -> None:
    left = set(R_STOPPED)
    for row in read(SHARED, "pooled.csv"):
        key = (row["dataset"], row["measure"], row["method"])
        if key not in left or row["control"] != "tight" or row["test"] != "z":
            continue
        left.discard(key)
        yi, vi = MEASURES[MEASURE[row["measure"]]].effects(*sets(SHARED)[row["dataset"]])
        found = pool(SHARED, row["dataset"], measure=MEASURE[row["measure"]], **as_options(SHARED, row))
        assert found.heterogeneity is not None
        ours, theirs = found.heterogeneity.tau2, number(row, "tau2")
        assert theirs is not None and abs(ours - theirs) < 1e-8
        if row["method"] == "REML_unweighted":
            heights = [log_likelihood(yi, vi, np.array(t), restricted=True) for t in (ours, theirs)]
            assert heights[0] >= heights[1]
        else:  # both repetitions stay where Q(tau2) is its degrees of freedom; SJIT creeps towards 0 elsewhere
            misses = [abs(generalised_q(yi, vi, np.array(t)) - (len(yi) - 1)) for t in (ours, theirs)]
            assert misses[0] < 1e-9 * len(yi) < misses[1] or (ours == 0 < theirs)
    assert not left


# --- metafor: confint -------------------------------------------------------------------------


TAU2_INTERVAL = {
    "QP": "q-profile",
    "PL": "profile",
    "J": "jackson",
    "BJ": "biggerstaff-jackson",
    "": "q-profile",
}
# R's own search for these two stops at steps of 1.2e-4, whatever it is told.
ROOT_STOP = 1.3e-4
TAU2_MAX = 100.0  # where R's search ends unless it is told otherwise
SEARCHED = {"J": ROOT_STOP, "BJ": ROOT_STOP}


def compare_tau2_limits(folder: Path, rows: list[Row], faults: Faults) -> Counter[str]:
    seen: Counter[str] = Counter()
    for row in rows:
        kind = row.get("type", "QP")
        found = pool(
            folder,
            row["dataset"],
            model="random",
            tau2=row.get("method", "REML").lower(),
            tau2_ci=TAU2_INTERVAL[kind],
            i2="tau2",
            measure=MEASURE[row["measure"]],
            level=float(row["level"]) / 100,
        ).heterogeneity
        assert found is not None
        stop = SEARCHED.get(kind, TAU2)
        columns = ("own_tau2_lb", "own_tau2_ub") if row["status"] == "differs" else ("tau2_lb", "tau2_ub")
        for name, ours in zip(columns, (found.tau2_low, found.tau2_high), strict=True):
            theirs = number(row, name)
            faults.near(row, f"{kind} {name}", ours, 0.0 if theirs is None else theirs, ITERATED, atol=stop)
        if kind not in SEARCHED:
            for name, ours in (("I2_lb", found.i2_low), ("I2_ub", found.i2_high)):
                i2 = number(row, name)
                if i2 is not None:
                    # a limit of tau2 that is off by `stop` is off by its share in tau2 and a sampling variance
                    typical = found.tau2_high * (1 / found.i2_high - 1) if found.i2_high > 0 else np.inf
                    faults.near(row, f"{kind} {name}", ours, i2 / 100, ITERATED, atol=stop / typical)
                    seen["I2"] += 1
        seen[f"{kind} {row['status']}"] += 1
    return seen


def test_committed_tau2_limits() -> None:
    faults = Faults()
    seen = compare_tau2_limits(COMMITTED, read(COMMITTED, "tau2_ci.csv"), faults)
    assert faults == []
    assert seen == COMMITTED_TAU2_LIMITS
    assert faults.looked_at == 4 * 210


@beside
def test_shared_tau2_limits() -> None:
    rows = read(SHARED, "tau2_ci.csv")
    kinds = Counter((row["type"], row["control"]) for row in rows)
    faults = Faults()
    tight = [row for row in rows if row["control"] == "tight"]
    assert compare_tau2_limits(SHARED, tight, faults) == SHARED_TAU2_LIMITS
    assert faults == []
    # Left out: R's own stopping error.
    assert kinds == {
        ("QP", "tight"): 372,
        ("QP", "default"): 185,
        ("BJ", "tight"): 185,
        ("J", "tight"): 185,
        ("PL", "tight"): 148,
    }


# --- what else inverse variance can be asked for ------------------------------------------------


def compare_option(row: Row, faults: Faults) -> None:
    """One row of options.csv, on the logit scale."""
    dataset, kind, method = row["dataset"], row["kind"], row["method"]
    n = sets(COMMITTED)[dataset][1]
    weights = {"equal": "equal", "given": tuple(n.tolist())}.get(kind, "model")
    tau2_ci = kind if kind in TAU2_INTERVAL.values() else None
    ci = "kenward-roger" if kind == "kenward-roger" else "wald"
    found = pool(
        COMMITTED,
        dataset,
        model="random",
        ci=ci,
        tau2=method.lower(),
        weights=weights,
        tau2_ci=tau2_ci,
        level=float(row["level"]) / 100,
    )
    fit, heterogeneity = found.fit, found.heterogeneity
    assert fit is not None and heterogeneity is not None
    faults.near(row, f"{kind} tau2", heterogeneity.tau2, number(row, "tau2"), ITERATED, atol=TAU2)
    low, high = number(row, "low"), number(row, "high")
    if tau2_ci:
        faults.near(row, f"{kind} low", heterogeneity.tau2_low, low, ITERATED, atol=TAU2)
        faults.near(row, f"{kind} high", heterogeneity.tau2_high, high, ITERATED, atol=TAU2)
        return
    faults.near(row, f"{kind} estimate", fit.estimate, number(row, "estimate"), ITERATED, fit.se)
    faults.near(row, f"{kind} se", fit.se, number(row, "se"), ITERATED)
    if kind == "kenward-roger":
        faults.near(row, "df", found.df, number(row, "df"), ITERATED)
        return
    assert low is not None and high is not None
    faults.near(row, f"{kind} low", fit.low, low, ITERATED, high - low)
    faults.near(row, f"{kind} high", fit.high, high, ITERATED, high - low)


def test_committed_options() -> None:
    faults, seen = Faults(), Counter[str]()
    for row in read(COMMITTED, "options.csv"):
        compare_option(row, faults)
        seen[row["kind"]] += 1
    assert faults == []
    assert seen == COMMITTED_OPTIONS


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

PREDICTION = {
    "V": "t",
    "HTS": "hts",
    "S": "wald",
    "HK": "hksj",
    "HK-PR": "hksj-hts",
    "KR": "kenward-roger",
    "KR-PR": "kenward-roger-hts",
}


def left_out_of_meta_pi(row: Row) -> str | None:
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
        low, high = number(row, "bt_lower"), number(row, "bt_upper")
        if low is None or high is None:
            assert row["pi_method"] == "KR-PR" and found is None
            seen["no degree of freedom"] += 1
            continue
        assert found is not None
        low, high = float(np.clip(low, 0, 1)), float(np.clip(high, 0, 1))
        slack = HALF_THE_DIGITS if row["sm"] == "PFT" else 0.0
        rtol = FEW_DF if row["pi_method"] == "KR-PR" else ITERATED
        faults.near(row, "from", found.low, low, rtol, high - low, slack)
        faults.near(row, "to", found.high, high, rtol, high - low, slack)
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


# --- meta: intervals of the pool --------------------------------------------------------------------

META_CI = {
    ("classic", ""): "wald",
    ("HK", ""): "hksj-plain",
    ("HK", "se"): "hksj",
    ("HK", "ci"): "hksj-ci",
    ("HK", "IQWiG6"): "hksj-iqwig6",
    ("KR", ""): "kenward-roger",
    ("IVhet", ""): "ivhet",
}


def left_out_of_meta(row: Row, flags: set[tuple[str, str, str]]) -> str | None:
    if row["method"] != "Inverse":
        return "GLMM: compared with metafor's"
    if len(sets(SHARED)[row["dataset"]][0]) < 2:
        return "one study"
    if row["sm"] in ("PLN", "PRAW") and has_edge(SHARED, row["dataset"]):
        return "meta corrects log and raw otherwise at 0 and n"
    names = {"PLOGIT": "PLO", "PRAW": "PR"}
    if (row["dataset"], names.get(row["sm"], row["sm"]), row["method_tau"]) in flags:
        return "R stopped early"
    return None


def flagged() -> set[tuple[str, str, str]]:
    """Fits of which the peer's search for tau2 is known to have stopped elsewhere."""
    return {
        (r["dataset"], r["measure"], r["method"])
        for r in read(SHARED, "pooled_flags.csv")
        if r["control"] == "tight"
    }


@beside
def test_shared_intervals_of_the_pool() -> None:
    faults, seen, flags = Faults(), Counter[str](), flagged()
    for row in read(SHARED, "meta_ci.csv"):
        ci = META_CI[row["ci_method"], row["adhoc"]]
        estimates_tau2 = row["model"] == "random" or ci == "ivhet"
        reason = left_out_of_meta(row, flags if estimates_tau2 else set())
        if reason:
            seen[f"left out: {reason}"] += 1
            continue
        seen[ci] += 1
        tau2 = {"tau2": row["method_tau"].lower()} if estimates_tau2 else {}
        found = pool(SHARED, row["dataset"], model=row["model"], measure=SM[row["sm"]], ci=ci, **tau2)
        fit, low, high = found.fit, number(row, "lower"), number(row, "upper")
        assert fit is not None and low is not None and high is not None
        faults.near(row, f"{ci} te", fit.estimate, number(row, "te"), ITERATED, fit.se)
        faults.near(row, f"{ci} se", fit.se, number(row, "se"), ITERATED)
        faults.near(row, f"{ci} low", fit.low, low, ITERATED, high - low)
        faults.near(row, f"{ci} high", fit.high, high, ITERATED, high - low)
        df = number(row, "df")
        assert (found.df is None) == (df in (None, np.inf)), row
        if found.df is not None:
            seen["df"] += 1
            faults.near(row, f"{ci} df", found.df, df, ITERATED)
    assert faults == []
    assert seen == SHARED_INTERVALS


# --- meta: heterogeneity -------------------------------------------------------------------------


@beside
def test_shared_heterogeneity() -> None:
    faults, seen = Faults(), Counter[str]()
    for row in read(SHARED, "meta_het.csv"):
        reason = left_out_of_meta(row, set())
        if reason:
            seen[f"left out: {reason}"] += 1
            continue
        seen["rows"] += 1
        by_tau2 = row["method_I2"] == "tau2"
        found = pool(
            SHARED,
            row["dataset"],
            model="random",
            measure=SM[row["sm"]],
            tau2=row["method_tau"].lower(),
            i2=row["method_I2"].lower(),
            tau2_ci=TAU2_INTERVAL[row["method_tau_ci"]],
        ).heterogeneity
        assert found is not None
        assert found.df == int(row["df_Q"])
        rtol = ITERATED if row["method_tau"] in ITERATIVE else CLOSED_FORM
        faults.near(row, "Q", found.q, number(row, "Q"), CLOSED_FORM)
        faults.near(row, "p", found.pvalue, number(row, "pval_Q"), 1e-9)
        faults.near(row, "tau2", found.tau2, number(row, "tau2"), rtol, atol=TAU2)
        # of I2 and H from tau2 only those that R computed as tightly: its searches stop at steps of 1.2e-4
        i2_rtol = ITERATED if by_tau2 else CLOSED_FORM
        slack = ROOT_STOP / typical_of(row) if by_tau2 else 0.0
        faults.near(row, "I2", found.i2, number(row, "I2"), i2_rtol, atol=slack)
        faults.near(row, "H", found.h2**0.5, number(row, "H"), i2_rtol, atol=slack)
        for name, ours in (("I2_lb", found.i2_low), ("I2_ub", found.i2_high)):
            theirs = number(row, name)
            if by_tau2 and name == "I2_ub" and found.tau2_high > TAU2_MAX:
                continue  # counted below
            assert (ours is None) == (theirs is None)
            faults.near(row, name, ours, theirs, i2_rtol, atol=slack)
            if ours is not None:
                seen["I2 limits"] += 1
                h, width = (1 - ours) ** -0.5, slack * (1 - ours) ** -1.5
                faults.near(row, f"H of {name}", h, number(row, name.replace("I2", "H")), i2_rtol, atol=width)
        for name, ours in (("tau2_lb", found.tau2_low), ("tau2_ub", found.tau2_high)):
            theirs = number(row, name)
            if theirs == TAU2_MAX and ours > TAU2_MAX:
                seen["beyond where R searches"] += 1
            elif theirs is not None:
                seen["tau2 limits"] += 1
                faults.near(row, name, ours, theirs, ITERATED, atol=ROOT_STOP)
    assert faults == []
    assert seen == SHARED_HETEROGENEITY


def typical_of(row: Row) -> float:
    """A sampling variance to stand for all of a set's, by Higgins and Thompson's formula."""
    wi = 1 / MEASURES[SM[row["sm"]]].effects(*sets(SHARED)[row["dataset"]])[1]
    return float((len(wi) - 1) * wi.sum() / (wi.sum() ** 2 - (wi**2).sum()))


@beside
def test_shared_tests_of_heterogeneity_of_the_glmm() -> None:
    """Both of R's: a Wald test in the saturated logistic regression, and its likelihood ratio with one proportion."""
    faults, seen = Faults(), Counter[str]()
    for row in read(SHARED, "meta_het.csv"):
        if row["method"] == "Inverse":
            continue
        found = pool(SHARED, row["dataset"], model="binomial").heterogeneity
        if found is None:
            seen["left out: no finite maximum"] += 1
            continue
        seen["rows"] += 1
        faults.near(row, "Q", found.q, number(row, "Q"), GLM_STOP)
        faults.near(row, "I2", found.i2, number(row, "I2"), GLM_STOP, atol=GLM_STOP)
        faults.near(row, "Q_LRT", found.q_lrt, number(row, "Q_LRT"), GLM_STOP, atol=1e-7)
        faults.near(row, "pval_Q_LRT", found.q_lrt_pvalue, number(row, "pval_Q_LRT"), GLM_STOP, atol=1e-7)
    assert faults == []
    assert seen == SHARED_GLMM_HETEROGENEITY


# --- how many ---------------------------------------------------------------------------------------

COMMITTED_POOLED = {
    "I2": 2204,
    "own": 1,
    "prediction from two": 500,
    "prediction hksj": 255,
    "prediction hts": 934,
    "prediction t": 934,
    "prediction wald": 934,
    "rows": 2204,
    "left out: one study is not pooled": 45,
}
COMMITTED_TAU2_LIMITS = {"I2": 420, "QP null_set": 44, "QP ok": 166}
SHARED_POOLED = {
    "I2": 5647,
    "own": 12,
    "prediction from two": 290,
    "prediction hksj": 1291,
    "prediction hts": 3098,
    "prediction t": 3098,
    "prediction wald": 3098,
    "rows": 5647,
    "left out: R stopped early": 11,
    "left out: one study is not pooled": 140,
}
SHARED_TAU2_LIMITS = {"BJ ok": 185, "I2": 1040, "J ok": 185, "PL ok": 148, "QP ok": 372}
SHARED_INTERVALS = {
    "df": 3185,
    "hksj": 812,
    "hksj-ci": 812,
    "hksj-iqwig6": 812,
    "hksj-plain": 812,
    "ivhet": 147,
    "kenward-roger": 147,
    "wald": 1626,
    "left out: GLMM: compared with metafor's": 195,
    "left out: R stopped early": 12,
    "left out: meta corrects log and raw otherwise at 0 and n": 840,
    "left out: one study": 160,
}
SHARED_PREDICTIONS = {
    "HK": 787,
    "HK-PR": 787,
    "HTS": 787,
    "KR": 142,
    "KR-PR": 142,
    "S": 787,
    "V": 787,
    "no degree of freedom": 4,
    "left out: R stopped early": 12,
    "left out: fewer than three studies": 270,
    "left out: meta corrects log and raw otherwise at 0 and n": 714,
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
    "I2 limits": 2440,
    "beyond where R searches": 17,
    "rows": 1255,
    "tau2 limits": 2493,
    "left out: GLMM: compared with metafor's": 78,
    "left out: meta corrects log and raw otherwise at 0 and n": 208,
    "left out: one study": 39,
}
SHARED_GLMM_HETEROGENEITY = {"rows": 70, "left out: no finite maximum": 8}
COMMITTED_OPTIONS = {
    "biggerstaff-jackson": 8,
    "equal": 8,
    "estimator": 16,
    "given": 16,
    "jackson": 8,
    "kenward-roger": 8,
    "profile": 16,
}
