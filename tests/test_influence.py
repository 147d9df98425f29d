"""Leave-one-out, cumulative pools and influence diagnostics: against R, against fits from the beginning, and by law."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import NotPossible
from evidence.synthesis.counts.binomial import has_maximum, maximise
from evidence.synthesis.influence import leaving_out
from evidence.synthesis.influence.downdating import maxima_without_each, wald_q_without_each
from evidence.synthesis.influence.influence import diagnose, diagnose_binomial
from evidence.synthesis.influence.leaving_out import Refits, cumulative, leave_one_out
from evidence.synthesis.pooling import pool_counts
from evidence.synthesis.proportions import MEASURES

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "tests" / "reference"
SHARED = ROOT.parent / "shared" / "reference"
beside = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the full reference does not lie beside this checkout"
)

CLOSED_FORM = 1e-10  # relative; of an estimate and limits: to the standard error
ITERATED = 1e-6  # the same
TAU2 = 1e-9  # absolute: R's search stops at steps of 1e-11
EARLY = 1e-5  # relative, where tau2 is so small (below 1e-6) that R's absolute stop shows
WARM = 1e-8  # of (mu, tau): a maximum found from that of all studies, against a fit by the same nodes
LADDER = 1e-5  # the same, where the fit chose other nodes (the tolerance of the model itself)
ROUNDING = 1e-13

MEASURE = {"PLO": "logit", "PFT": "double-arcsine", "PAS": "arcsine"}
Row = dict[str, str]


@cache
def read(folder: Path, name: str) -> list[Row]:
    with (folder / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@cache
def sets(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for row in read(folder, "datasets.csv"):
        found[row["dataset"]][0].append(float(row["event"]))
        found[row["dataset"]][1].append(float(row["n"]))
    return {name: (np.array(events), np.array(n)) for name, (events, n) in found.items()}


def options(row: Row) -> dict[str, Any]:
    random = {"model": "random", "tau2": row["method"].lower()}
    return {
        "measure": MEASURE[row["measure"]],
        "ci": "wald",
        **({"model": "common"} if row["method"] == "EE" else random),
    }


def tolerance(row: Row) -> float:
    return ITERATED if row["method"] in ("REML", "ML", "PM") else CLOSED_FORM


def grouped(rows: list[Row], *names: str) -> Iterator[list[Row]]:
    def key(row: Row) -> tuple[str, ...]:
        return tuple(row[name] for name in names)

    for _, group in groupby(rows, key):
        yield list(group)


def draw(k: int, seed: int, mu: float = 0.5, tau: float = 0.7) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    n = random.integers(10, 201, k)
    return random.binomial(n, 1 / (1 + np.exp(-(mu + tau * random.standard_normal(k))))), n


# ---- leave-one-out and cumulative, against R ----------------------------------------------------------


def compare_refit(row: Row, refits: Refits, place: int) -> Counter[str]:
    """One row of R's leave1out or cumul; says what was looked at, or why it was not."""
    if refits.k[place] == 1:
        return Counter({"one study is not pooled": 1})
    if row["estimate"] in ("", "NaN"):
        return Counter({"R gave no answer": 1})
    rtol, se = tolerance(row), float(row["se"])
    found = {
        "estimate": (refits.fit.estimate[place], se),
        "se": (refits.fit.se[place], 0.0),
        "ci_lb": (refits.fit.low[place], se),
        "ci_ub": (refits.fit.high[place], se),
        "Q": (refits.q[place], 0.0),
        "Qp": (refits.pvalue[place], 0.0),
        "tau2": (refits.tau2[place], 0.0),
        **({"bt_estimate": (refits.proportion.estimate[place], 0.0)} if "bt_estimate" in row else {}),
        **({"I2": (100 * refits.i2[place], 0.0)} if row["method"] in ("EE", "DL") else {}),
    }
    for name, (ours, scale) in found.items():
        theirs = max(float(row[name]), 0.0) if name == "I2" else float(row[name])
        allowed = rtol * max(abs(theirs), scale) + (TAU2 if name == "tau2" else ROUNDING)
        assert abs(ours - theirs) <= allowed, (row, name, ours)
    return Counter({"compared": 1, "numbers": len(found)})


@beside
def test_leave_one_out_is_rs() -> None:
    seen: Counter[str] = Counter()
    for rows in grouped(read(SHARED, "leave1out.csv"), "dataset", "measure", "method"):
        refits = leave_one_out(*sets(SHARED)[rows[0]["dataset"]], **options(rows[0]))
        for row in rows:
            seen += compare_refit(row, refits, int(row["idx"]) - 1)
    assert seen == {"compared": 4838, "one study is not pooled": 12, "numbers": 42086}


@beside
def test_cumulative_is_rs() -> None:
    seen: Counter[str] = Counter()
    for rows in grouped(read(SHARED, "cumul.csv"), "dataset", "measure", "method", "order"):
        x, n = sets(SHARED)[rows[0]["dataset"]]
        order = [int(row["added_idx"]) - 1 for row in rows]
        refits = cumulative(x[order], n[order], **options(rows[0]))
        for place, row in enumerate(rows):
            seen += compare_refit(row, refits, place)
    assert seen == {
        "compared": 5235,
        "one study is not pooled": 264,
        "R gave no answer": 5,  # Fisher scoring did not converge; the likelihood has a maximum
        "numbers": 39265,
    }


DIAGNOSTICS = {
    "rstudent": "rstudent", "dffits": "dffits", "cook_d": "cooks", "cov_r": "covariance", "tau2_del": "tau2",
    "QE_del": "q", "hat": "hat", "dfbs": "dfbetas", "rstandard": "rstandard", "baujat_x": "baujat_x",
    "baujat_y": "baujat_y", "blup": "blup", "blup_se": "blup_se",
}  # fmt: skip


@beside
def test_diagnostics_are_rs() -> None:
    seen: Counter[str] = Counter()
    for rows in grouped(read(SHARED, "influence.csv"), "dataset", "measure", "method"):
        first = rows[0]
        yi, vi = MEASURES[MEASURE[first["measure"]]].effects(*sets(SHARED)[first["dataset"]])
        found = diagnose(yi, vi, tau2=first["method"].lower())
        for place, row in enumerate(rows):
            early = row["method"] == "REML" and float(row["tau2_del"]) < 1e-6
            for theirs, ours in DIAGNOSTICS.items():
                value = float(row[theirs])
                allowed = (EARLY if early else ITERATED) * max(abs(value), 1e-3) + ROUNDING
                assert abs(getattr(found, ours)[place] - value) <= allowed, (row, theirs)
                seen["numbers"] += 1
            assert found.influential[place] == (row["is_infl"] == "TRUE"), row
            assert 100 * found.weight[place] == pytest.approx(float(row["weight"]), rel=ITERATED)
            seen["marked" if found.influential[place] else "not marked"] += 1
    assert seen == {"numbers": 28470, "marked": 51, "not marked": 2139}


def test_the_committed_reference_is_met() -> None:
    seen: Counter[str] = Counter()
    rows = [row for row in read(COMMITTED, "influence.csv") if row["what"] != "gosh"]
    for group in grouped(rows, "dataset", "measure", "method"):
        first = group[0]
        x, n = sets(COMMITTED)[first["dataset"]]
        yi, vi = MEASURES[MEASURE[first["measure"]]].effects(x, n)
        diagnostics = diagnose(yi, vi, tau2=None if first["method"] == "EE" else first["method"].lower())
        refits = {
            "leave-one-out": leave_one_out(x, n, **options(first)),
            "cumulative": cumulative(x, n, **options(first)),
        }
        for row in group:
            place, value = int(row["i"]) - 1, float(row["value"])
            if row["what"] == "influence":
                ours = getattr(diagnostics, row["name"])[place]
            else:
                found = refits[row["what"]]
                if found.k[place] == 1:
                    seen["one study is not pooled"] += 1
                    continue
                home = found.fit if row["name"] in ("estimate", "se") else found
                ours = getattr(home, row["name"])[place]
            assert ours == pytest.approx(value, rel=tolerance(row), abs=TAU2), row
            seen[row["what"]] += 1
    assert seen == {"influence": 1080, "leave-one-out": 540, "cumulative": 480, "one study is not pooled": 60}


# ---- maxima from that of all --------------------------------------------------------------------------


def left_out(x: np.ndarray, n: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    keep = np.array([np.delete(np.arange(len(x)), row) for row in rows])
    return x[keep].astype(float), n[keep].astype(float)


@pytest.mark.parametrize(
    ("k", "mu", "tau"), [(40, 0.5, 0.7), (200, 1.5, 0.05), (60, 2.0, 2.5), (100, 0.5, 0.0)]
)
def test_maxima_from_that_of_all_are_those_of_a_fit_from_the_beginning(k: int, mu: float, tau: float) -> None:
    x, n = draw(k, 3, mu, tau)
    warm, found = maxima_without_each(x.astype(float), n.astype(float))
    assert found.mean() > 0.9
    rows = np.flatnonzero(found)[:25]
    cold = maximise(*left_out(x, n, rows))
    for name in ("mu", "tau", "value", "common", "covariance_mu"):
        np.testing.assert_allclose(getattr(warm, name)[rows], getattr(cold, name), rtol=WARM, atol=WARM)
    inner = cold.tau > 0
    for name in ("covariance_mu_tau", "covariance_tau"):
        np.testing.assert_allclose(
            getattr(warm, name)[rows][inner], getattr(cold, name)[inner], rtol=1e-6, atol=1e-9
        )


def test_a_maximum_that_lies_elsewhere_is_not_guessed_at() -> None:
    """Sparse counts, a huge study, two maxima, an edge: whatever is claimed to be found is what a fit finds."""
    random = np.random.default_rng(11)
    claimed = rows_of_all = 0
    for _ in range(14):
        k = int(random.integers(3, 25))
        n = random.integers(2, int(random.choice([6, 30, 300])), k).astype(float)
        if random.random() < 0.3:
            n[0] = 10.0 ** random.integers(2, 5)
        logits = random.choice([0, 1, 3]) + random.choice([0, 0.5, 2, 4]) * random.standard_normal(k)
        x = random.binomial(n.astype(int), 1 / (1 + np.exp(-logits))).astype(float)
        if not has_maximum(x[None], n[None])[0]:
            continue
        warm, found = maxima_without_each(x, n)
        rows = np.flatnonzero(found)
        claimed, rows_of_all = claimed + len(rows), rows_of_all + k
        if rows.size:
            tables = left_out(x, n, rows)
            assert has_maximum(*tables).all()
            cold = maximise(*tables)
            np.testing.assert_allclose(warm.mu[rows], cold.mu, rtol=LADDER, atol=LADDER)
            np.testing.assert_allclose(warm.tau[rows], cold.tau, rtol=LADDER, atol=LADDER)
    assert 0.5 * rows_of_all < claimed < rows_of_all  # most are found, and some are left to a fit


def test_many_studies_agree_with_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    x, n = draw(35, 5)
    warm = leave_one_out(x, n)
    assert warm.warm.sum() == 34
    monkeypatch.setattr(leaving_out, "_MANY", 1000)
    cold = leave_one_out(x, n)
    assert not cold.warm.any()
    for name in ("proportion", "average"):
        for limit in ("estimate", "low", "high"):
            ours, theirs = (getattr(getattr(refits, name), limit) for refits in (warm, cold))
            np.testing.assert_allclose(ours, theirs, rtol=1e-7)
    for name in ("tau2", "q", "i2", "pvalue"):
        np.testing.assert_allclose(getattr(warm, name), getattr(cold, name), rtol=1e-6, atol=1e-12)
    assert warm.model == cold.model
    assert [method.split(";")[0] for method in warm.method] == [m.split(";")[0] for m in cold.method]


def test_one_chunk_or_many_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x, n = draw(12, 8)
    whole = leave_one_out(x, n, model="random")
    monkeypatch.setattr(leaving_out, "_CHUNK", 25)
    parts = leave_one_out(x, n, model="random")
    np.testing.assert_array_equal(whole.fit.estimate, parts.fit.estimate)
    np.testing.assert_array_equal(whole.tau2, parts.tau2)


# ---- what a refit is ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chosen",
    [
        {"model": "exact"},
        {"model": "common"},
        *({"model": "random", "tau2": name} for name in ("reml", "pm", "dl", "ml", "eb", "hs", "he", "sj")),
        {"model": "random", "measure": "double-arcsine", "ci": "hksj-plain"},
        {"model": "binomial"},
        {"model": "binomial", "ci": "wald"},
        {"model": "bayes", "prior_scale": 0.5},
        {"model": "auto"},
    ],
)
def test_each_row_is_the_pool_of_the_others(chosen: dict[str, Any]) -> None:
    x, n = np.array([5, 4, 11, 20, 5, 3]), np.array([9, 8, 12, 31, 6, 3])
    refits = leave_one_out(x, n, **chosen)
    for place in range(len(x)):
        alone = pool_counts(np.delete(x, place), np.delete(n, place), **chosen)
        assert refits.model[place] == alone.model
        assert (refits.events[place], refits.n[place], refits.k[place]) == (alone.events, alone.n, alone.k)
        row = [getattr(refits.proportion, name)[place] for name in ("estimate", "low", "high")]
        assert row == pytest.approx([*alone.proportion], rel=1e-9)
        if alone.average is not None:
            assert refits.average.low[place] == pytest.approx(alone.average.low, rel=1e-9)
        if alone.heterogeneity is not None:
            assert refits.tau2[place] == pytest.approx(alone.heterogeneity.tau2, rel=1e-9, abs=1e-12)


def test_weights_of_the_users_go_with_their_studies() -> None:
    x, n, weights = np.array([5, 4, 11, 20]), np.array([9, 8, 12, 31]), np.array([1.0, 2.0, 3.0, 4.0])
    refits = leave_one_out(x, n, model="random", weights=weights)
    alone = pool_counts(x[:3], n[:3], model="random", weights=weights[:3])
    assert refits.proportion.estimate[3] == pytest.approx(alone.proportion.estimate, rel=1e-12)
    steps = cumulative(x, n, model="random", weights=weights)
    assert steps.proportion.estimate[2] == pytest.approx(alone.proportion.estimate, rel=1e-12)


def test_like_is_compared_with_like_though_four_studies_alone_would_get_another_model() -> None:
    refits = leave_one_out([5, 4, 11, 20, 5], [9, 8, 12, 31, 6])
    assert set(refits.model) == {"binomial"}
    assert pool_counts([4, 11, 20, 5], [8, 12, 31, 6]).model == "bayes"


def test_where_all_the_others_responded_the_row_falls_back_and_says_so() -> None:
    refits = leave_one_out([4, 6, 7, 8, 9, 9], [5, 6, 7, 8, 9, 9])
    assert refits.model == ("bayes", *["binomial"] * 5)
    assert any("All patients responded in every study" in note for note in refits.notes[0])
    assert np.isnan(refits.tau2[0])
    assert np.isfinite(refits.tau2[1:]).all()
    assert 0 < refits.average.low[0] < refits.average.estimate[0] < 1


def test_among_many_the_one_without_which_there_is_no_maximum_is_found() -> None:
    n = np.full(40, 12)
    x = n.copy()
    x[17] = 11
    refits = leave_one_out(x, n)
    assert [place for place, model in enumerate(refits.model) if model == "bayes"] == [17]


def test_two_studies_and_one() -> None:
    assert leave_one_out([3, 5], [6, 9], model="random").model == ("exact", "exact")
    with pytest.raises(NotPossible, match="nothing is left"):
        leave_one_out([3], [6])
    assert cumulative([3], [6]).model == ("exact",)


def test_each_step_chooses_its_model_as_a_pool_would() -> None:
    steps = cumulative([4, 6, 7, 8, 9, 9], [5, 6, 8, 8, 9, 9])
    assert steps.model == ("exact", "bayes", "bayes", "bayes", "binomial", "binomial")
    assert steps.k.tolist() == [1, 2, 3, 4, 5, 6]


counts = st.lists(
    st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=3, max_size=8
)


@given(counts)
def test_the_last_step_is_the_pool_of_all(table: list[tuple[int, int]]) -> None:
    x, n = map(list, zip(*table, strict=True))
    steps = cumulative(x, n, model="random", tau2="dl")
    whole = pool_counts(x, n, model="random", tau2="dl")
    assert steps.proportion.high[-1] == pytest.approx(whole.proportion.high, rel=1e-12)


@given(counts)
def test_who_stands_where_makes_no_difference(table: list[tuple[int, int]]) -> None:
    x, n = (np.array(column) for column in zip(*table, strict=True))
    here, there = (
        leave_one_out(x, n, model="common"),
        leave_one_out(x[::-1], n[::-1], model="common"),
    )
    np.testing.assert_allclose(here.fit.estimate, there.fit.estimate[::-1], rtol=1e-9, atol=1e-12)


@given(counts)
def test_q_without_each_is_that_of_the_others(table: list[tuple[int, int]]) -> None:
    from evidence.synthesis.counts.binomial import wald_q

    x, n = (np.array(column, dtype=float) for column in zip(*table, strict=True))
    tables = left_out(x, n, np.arange(len(x)))
    inside = ((tables[0] > 0) & (tables[0] < tables[1])).any(-1)
    expected = wald_q(tables[0][inside], tables[1][inside])
    np.testing.assert_allclose(wald_q_without_each(x, n)[inside], expected, rtol=1e-8, atol=1e-10)


# ---- diagnostics --------------------------------------------------------------------------------------


def test_q_is_shared_out_by_the_baujat_plot() -> None:
    """With a common effect the horizontal coordinates add up to Cochran's Q."""
    x, n = draw(9, 2)
    yi, vi = MEASURES["logit"].effects(x.astype(float), n.astype(float))
    found = diagnose(yi, vi, tau2=None)
    whole = pool_counts(x, n, model="common")
    assert whole.heterogeneity is not None
    assert found.baujat_x.sum() == pytest.approx(whole.heterogeneity.q, rel=1e-12)
    assert found.weight.sum() == pytest.approx(1, rel=1e-12)


def test_an_outlier_is_marked_and_nobody_else() -> None:
    yi = np.array([0.1, 0.0, -0.1, 0.05, 0.02, -0.04, 3.0])
    found = diagnose(yi, np.full(7, 0.05))
    assert found.influential.tolist() == [False] * 6 + [True]
    assert found.rstudent[6] > 5
    assert found.tau2[6] < 1e-3


def test_the_binomial_models_diagnostics_are_made_of_its_maxima() -> None:
    x, n = np.array([5, 6, 7, 8, 1, 9, 3]), np.array([9, 9, 17, 8, 13, 10, 7])
    found = diagnose_binomial(x, n)
    whole = maximise(x[None].astype(float), n[None].astype(float))
    rest = maximise(*left_out(x, n, np.arange(7)))
    np.testing.assert_allclose(found.dfbetas, (whole.mu[0] - rest.mu) / rest.se, rtol=1e-6)
    np.testing.assert_allclose(found.cooks, (whole.mu[0] - rest.mu) ** 2 / whole.covariance_mu[0], rtol=1e-6)
    np.testing.assert_allclose(found.tau2, rest.tau**2, rtol=1e-6)
    assert (found.displacement >= 0).all()
    # near the maximum the likelihood is a parabola: the displacement is then of the order of Cook's distance
    assert 0.2 < np.median(found.displacement / found.cooks) < 10


def test_a_study_without_which_there_is_no_maximum_is_influential() -> None:
    found = diagnose_binomial([4, 6, 7, 8, 9], [5, 6, 7, 8, 9])
    assert found.influential[0]
    assert np.isnan(found.dfbetas[0])
    with pytest.raises(NotPossible, match="no finite maximum"):
        diagnose_binomial([6, 9], [6, 9])
    with pytest.raises(NotPossible, match="one study"):
        diagnose([0.1], [0.2])
