"""Trim and fill against R, by hand, and by its laws."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.inverse_variance.heterogeneity import log_likelihood
from evidence.synthesis.inverse_variance.models import fit_inverse_variance
from evidence.synthesis.small_studies.trimming import Trimmed, missing_side, trim_and_fill

from .test_asymmetry import near, studies
from .test_parity_reference import COMMITTED, MEASURE, SHARED, Row, beside, number, read


def pooled(found: Trimmed, tau2: float) -> tuple[float, float]:
    fit = fit_inverse_variance(found.yi[None], found.vi[None], np.array([tau2]), ci="wald", level=0.95)
    return float(fit.estimate[0]), float(fit.se[0])


def test_against_r() -> None:
    rows = [row for row in read(COMMITTED, "small_studies.csv") if row["test"] == "trimfill"]
    assert len(rows) == 80
    for row in rows:
        _, _, yi, vi = studies(COMMITTED, row["dataset"], MEASURE[row["measure"]])
        method, estimator, side = row["detail"].split()
        how: dict[str, Any] = {"trim": "common", "tau2": None} if method == "EE" else {"trim": "random"}
        found = trim_and_fill(yi, vi, estimator=estimator, ties="first", **how)
        theirs = [number(row, name) for name in "abcd"]
        assert (found.side, found.k0) == (side, theirs[0]), row
        rtol = 1e-9 if method == "EE" else 1e-6
        assert all(near(a, b, rtol) for a, b in zip(pooled(found, found.tau2), theirs[1:3], strict=True)), row
        assert theirs[3] is not None
        assert found.tau2 == pytest.approx(theirs[3], rel=1e-6, abs=1e-8)


def options_of(row: Row) -> dict[str, Any]:
    if row["engine"] == "metafor":
        random = row["method"] == "REML"
        return {
            "trim": "random" if random else "common",
            "tau2": "reml" if random else None,
            "ties": "first",
            "side": row["side_arg"],
        }
    return {"trim": "common" if row["method"].endswith("TRUE") else "random"}


REML_STOP = (
    2e-4  # relative: R stops its search for tau2 at steps of 1e-5, and the filled studies move with it
)


@beside
def test_the_full_reference() -> None:
    """Side and number missing agree in every row; the pool to R's stopping error in tau2, ours being the likelier.

    Exempt: identical proportions, which R trims by the last digit; R's errors; Q0 without a value.
    """
    seen: Counter[str] = Counter()
    wrong = []
    for row in read(SHARED, "trimfill.csv"):
        _, _, yi, vi = studies(SHARED, row["dataset"], MEASURE[row["measure"]])
        options = options_of(row)
        try:
            if row["engine"] == "meta":  # finds the side by Egger's test whatever the model
                options["side"] = missing_side(yi, vi, None)
            found = trim_and_fill(yi, vi, estimator=row["estimator"], **options)
        except NotPossible as reason:
            kind = (
                "Q0 has no value"
                if "Q0" in str(reason)
                else "no side"
                if "same size" in str(reason)
                else "identical"
            )
            assert row["status"] != "ok" or row["dataset"] == "syn_identical"
            seen[kind] += 1
            continue
        if row["status"] != "ok":
            assert "Fisher scoring" in row["error"] or "non-negative integer" in row["error"]
            seen["R failed"] += 1
            continue
        if (found.side, found.k0) != (row["side"], number(row, "k0")):
            wrong.append((row, found))
            continue
        theirs = number(row, "tau2") if row["engine"] == "metafor" or row["tau2"] else None
        assert theirs is not None
        kind = "compared"
        exact = options["trim"] == "common" or options.get("tau2", "reml") is None
        rtol = 1e-9 if exact else REML_STOP
        estimate, se = pooled(found, theirs)
        if not (near(estimate, number(row, "estimate"), rtol) and near(se, number(row, "se"), rtol)):
            wrong.append((row, found, estimate, se))
        if options.get("tau2", "reml"):
            ours, peer = (
                float(log_likelihood(found.yi[None], found.vi[None], np.array([t]), restricted=True)[0])
                for t in (found.tau2, theirs)
            )
            assert ours >= peer - 1e-9
        if not near(found.q, number(row, "Q"), rtol if exact else 1e-3):
            wrong.append((row, found.q))
        if row["se_k0"] not in ("", "NaN") and not near(found.se, number(row, "se_k0"), 1e-9):
            wrong.append((row, found.se))
        if not near(found.pvalue, number(row, "p_k0"), 1e-12):
            wrong.append((row, found.pvalue))
        seen[kind] += 1
    assert not wrong
    assert seen == {"compared": 716, "no side": 30, "Q0 has no value": 25, "identical": 12, "R failed": 9}


def test_by_hand() -> None:
    """Five studies of one variance. Centre 2.4: distances -2.4 -1.4 -0.4 0.6 3.6, ranks -4 -3 -1 2 5."""
    yi, vi = np.array([0.0, 1, 2, 3, 6]), np.ones(5)
    found = trim_and_fill(yi, vi, side="left", tau2=None)
    # sum of the ranks above 7: L0 = (28 - 30) / 9, so none is missing
    assert (found.k0, found.side) == (0, "left")
    # R0: 5 - 4 - 1 = 0 too; a lone extreme rank is no run
    assert trim_and_fill(yi, vi, side="left", estimator="R0", tau2=None).pvalue == 0.5


def test_filled_studies_mirror_those_trimmed() -> None:
    yi = np.array([0.1, 0.2, 0.15, 0.9, 1.4, 1.1, 0.12, 0.18])
    vi = np.array([0.01, 0.02, 0.01, 0.3, 0.4, 0.35, 0.015, 0.012])
    found = trim_and_fill(yi, vi)
    assert found.side == "left"
    assert found.k0 >= 2
    highest = np.sort(yi)[-found.k0 :]
    centres = (found.yi[8:] + highest) / 2
    assert np.ptp(centres) < 1e-12  # all mirrored in one point
    assert np.array_equal(np.sort(found.vi[8:]), np.sort(vi[np.argsort(yi)[-found.k0 :]]))


EFFECTS = st.lists(
    st.tuples(st.floats(-3, 3).map(lambda y: round(y, 2)), st.integers(4, 400)), min_size=4, max_size=15
).filter(lambda rows: len({n for _, n in rows}) > 1 and len({y for y, _ in rows}) > 2)


@given(EFFECTS, st.sampled_from(["L0", "R0", "Q0"]))
def test_it_mirrors_and_never_fills_more_than_it_has(rows: list[tuple[float, int]], estimator: str) -> None:
    yi, vi = np.array([y for y, _ in rows]), 1 / np.array([float(n) for _, n in rows])
    try:
        found = trim_and_fill(yi, vi, side="left", estimator=estimator)
    except NotPossible:
        with pytest.raises(NotPossible):
            trim_and_fill(-yi, vi, side="right", estimator=estimator)
        return
    other = trim_and_fill(-yi, vi, side="right", estimator=estimator)
    assert found.k0 == other.k0 < len(rows)
    assert sorted(found.yi) == pytest.approx(sorted(-other.yi), rel=1e-9, abs=1e-9)


def test_q0_refuses_where_metafor_stops_with_a_root_of_a_negative() -> None:
    x, n = (
        np.array([16.0, 10, 4, 43, 10, 25, 13, 12, 22, 4, 5, 18, 58, 6]),
        np.array([17.0, 12, 8, 58, 10, 42, 14, 12, 41, 5, 6, 23, 68, 10]),
    )
    from evidence.synthesis.proportions import MEASURES

    yi, vi = MEASURES["logit"].effects(x, n)
    with pytest.raises(NotPossible, match="L0 has one"):
        trim_and_fill(yi, vi, estimator="Q0")
    assert trim_and_fill(yi, vi, estimator="L0").k0 == 6


@pytest.mark.parametrize("option", ["estimator", "side", "trim", "ties"])
def test_unknown_words_are_refused(option: str) -> None:
    with pytest.raises(OptionError, match="nowhere"):
        trim_and_fill(np.array([1.0, 2, 4]), np.array([1.0, 2, 3]), **{option: "nowhere"})


def test_two_studies_and_identical_ones_are_refused() -> None:
    with pytest.raises(NotPossible, match="at least 3"):
        trim_and_fill(np.array([1.0, 2]), np.ones(2))
    with pytest.raises(NotPossible, match="all the same"):
        trim_and_fill(np.ones(5), np.arange(1.0, 6))
