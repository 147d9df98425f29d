"""Responders among patients: the counts, who is missing, what cannot be computed, and the command around it."""

from __future__ import annotations

import csv
import inspect
import io
import json
import os
import random
import re
import shlex
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import evidence
from evidence.cli import main
from evidence.cli import responders as command
from evidence.errors import DataError, EvidenceError, InputError, NotPossible, OptionError
from evidence.report.characters import cells
from evidence.report.scores.responders import percent_text, render_text, words
from evidence.report.scores.responders_export import (
    COLUMNS,
    outcome_rows,
    render_csv,
    render_markdown,
    to_dict,
)
from evidence.review.paired import PairedScores, paired_of, read_paired
from evidence.review.responders import (
    MISSING,
    POLICIES,
    TESTS,
    MissingScores,
    Responders,
    improvement,
    relative_change,
    responders,
    rules_of,
)
from evidence.review.schema import TABLES

BEFORE, AFTER = [33, 47, 17, 49, 23, 20], [0, 2, 2, 1, 5, 0]
"""CLASI-A of the six patients in Viedma-Martínez et al, Actas Dermosifiliogr 2025, Table 1."""

TABLE = "no,clasi_baseline,clasi_last\n1,33,0\n2,47,2\n3,17,2\n4,49,1\n5,23,5\n6,20,0\n"

SCORE = st.one_of(st.none(), st.integers(0, 60), st.sampled_from([0, 0.5, 17.5]))
PAIRS = st.lists(st.tuples(SCORE, SCORE), min_size=1, max_size=15)
POLICY = st.sampled_from(sorted(POLICIES))


def counts(result: Responders) -> list[tuple[int, int]]:
    return [(count.events, count.n) for count in result.counts]


def six(**options: Any) -> Responders:
    return responders(BEFORE, AFTER, **options)


def of(pairs: list[tuple[Any, Any]], **options: Any) -> Responders:
    return responders([b for b, _ in pairs], [a for _, a in pairs], **options)


# ---- the letter's six --------------------------------------------------------------------------


def test_the_six_patients_of_the_letter() -> None:
    result = six(drop=[50, 75, 90], at_most=[0], below=[3])
    assert counts(result) == [(6, 6), (6, 6), (4, 6), (2, 6), (5, 6)]
    assert result.before and result.after and result.change and result.relative_change
    assert (result.before.median, result.before.low, result.before.high) == (28, 17, 49)
    assert (result.after.median, result.after.low, result.after.high) == (1.5, 0, 5)
    assert result.change.median == -26.5
    assert result.relative_change.interval is not None
    low, high = result.relative_change.interval.low, result.relative_change.interval.high
    assert (low, high) == (-1, pytest.approx(-18 / 23))
    assert result.relative_change.interval.level == pytest.approx(0.96875)
    assert result.holds is not None
    assert result.holds.percent == pytest.approx(100 * 18 / 23)
    assert result.holds.patients == ("5",)
    assert [count.proportion and round(100 * count.proportion.low, 1) for count in result.counts[:3]] == [
        54.1,
        54.1,
        22.3,
    ]


def test_the_screen() -> None:
    assert str(six(at_most=[0], drop=[50, 90])) + "\n" == SCREEN


SCREEN = """\
before to after, 6 patients (lower is better)

All 6 patients had a score at least 50 % lower (95 % CI 54.1 to 100). All 6 are
responders at any threshold up to 78 % lower (patient 5: 23 to 5).

  Response             Events/n      %  95% CI          0    25    50   75   100
  at least 50 % lower       6/6  100.0   54.1 to 100.0              ├──────────■
  at least 90 % lower       4/6   66.7   22.3 to  95.7       ├─────────■──────┤
  at most 0                 2/6   33.3    4.3 to  77.7   ├──────■─────────┤

  Median of       n  Median            Range  Exact interval
  before          6      28         17 to 49
  after           6     1.5           0 to 5
  change          6   −26.5       −48 to −15  −48 to −15 (96.88 %)
  percent change  6   −96.9  −100.0 to −78.3  −100.0 to −78.3 (96.88 %)

  Patient  Scores  % change  0                       −50                 −90
  5        23 → 5     −78.3  │███████████████████████████████████████     ┊
  3        17 → 2     −88.2  │████████████████████████████████████████████┊
  2        47 → 2     −95.7  │████████████████████████████████████████████████
  4        49 → 1     −98.0  │█████████████████████████████████████████████████
  1        33 → 0    −100.0  │██████████████████████████████████████████████████
  6        20 → 0    −100.0  │██████████████████████████████████████████████████

  One group before and after, without a control: part of the change may be the
    natural course or regression to the mean.
  Method: exact (Clopper-Pearson) 95 % intervals of the proportions; medians
    with the distribution-free interval between order statistics (sign test),
    whose confidence comes in steps: the one stated is attained.
"""


def test_patients_of_a_review_by_its_own_rules(root: Path) -> None:
    review = evidence.load(root / "data")
    paired = paired_of(review)
    assert [patient.before for patient in paired.patients] == BEFORE
    assert [patient.after for patient in paired.patients] == AFTER
    derived = {
        row.outcome: (row.events, row.n) for row in review.rows if row.derived and row.study == "viedma2025"
    }
    result = CliRunner().invoke(main, ["responders", "--review", str(root / "data"), "--format", "json"])
    made = {rule["label"]: (rule["events"], rule["n"]) for rule in json.loads(result.stdout)["rules"]}
    assert made == {review.outcomes[name].label: count for name, count in derived.items()}
    assert len(made) == 5


def test_patients_treated_but_not_listed_have_no_score(root: Path) -> None:
    review = evidence.load(root / "data")
    paired = paired_of(review, where="study == lsm2023four")
    assert len(paired.patients) == 4
    with pytest.raises(InputError, match="which patients are meant"):
        paired_of(review, where="age >= 0")
    with pytest.raises(OptionError, match="a patient with a score"):
        paired_of(review, where="study == nobody")
    with pytest.raises(OptionError, match="did you mean clasi_a"):
        paired_of(review, score="clasi_b")


def test_the_table_beside_the_checkout_if_it_is_there(root: Path) -> None:
    table = root.parent / "shared" / "facts" / "patients.csv"
    if not table.exists():
        pytest.skip("not there")
    paired = read_paired(table, where="study_id == VIEDMA2025")
    assert [(patient.before, patient.after) for patient in paired.patients] == list(
        zip(BEFORE, AFTER, strict=True)
    )
    assert paired.guessed == "--before baseline_clasi_a --after last_clasi_a --id patient_id"


# ---- rules ---------------------------------------------------------------------------------------


def test_without_a_rule_it_takes_the_usual_percentages() -> None:
    assert [count.rule.threshold for count in six().counts] == [f"at least {p} % lower" for p in (50, 75, 90)]
    assert [count.rule.threshold for count in six(at_most=[0]).counts] == ["at most 0"]
    assert [rule.test for rule in rules_of("higher")] == ["rise"] * 3


def test_each_rule_once_in_a_fixed_order() -> None:
    names = [count.rule.threshold for count in six(below=[3], drop=[90, 50, 90], at_most=[0, 0.0]).counts]
    assert names == ["at least 90 % lower", "at least 50 % lower", "at most 0", "below 3"]


def test_higher_is_better() -> None:
    result = responders(
        [10, 10, 10, 0], [15, 14.9, 5, 3], rise=[50], at_least=[5], above=[5], better="higher"
    )
    assert counts(result) == [(1, 3), (3, 4), (2, 4)]
    assert result.counts[0].undefined == ("4",)
    assert result.holds is None
    up = responders([10, 10], [15, 20], better="higher")
    assert up.holds is not None
    assert up.holds.percent == 50


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"drop": [0]}, "drop is 0; allowed: percent above 0, up to 100"),
        ({"drop": [101]}, "drop is 101"),
        ({"rise": [50]}, "rise is 50; allowed: none while lower is better"),
        ({"drop": [50], "better": "higher"}, "drop is 50; allowed: none while higher is better"),
        ({"at_most": [float("nan")]}, "at_most is nan"),
        ({"better": "up"}, "better is 'up'; allowed: lower, higher"),
        ({"missing": "no"}, "missing is 'no'; allowed: ask, observed, worst, best"),
        ({"interval": "wald"}, "method is 'wald'"),
        ({"level": 95}, "level is 95"),
        ({"patients": ["a"]}, "number of patients is 1; allowed: that of the scores, 6"),
        ({"patients": list("abcdea")}, "patients is 'a'; allowed: each patient once"),
    ],
)
def test_what_is_not_allowed(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError) as error:
        six(**options)
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([1, 2], [1], "number of scores after is 1"),
        ([1, "x"], [1, 2], r"before\[1\] is 'x'"),
        ([1, 2], [1, 1e300], r"after\[1\] is 1e\+300"),
    ],
)
def test_scores_that_are_none(before: list[Any], after: list[Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        responders(before, after)


def test_no_patients() -> None:
    with pytest.raises(NotPossible, match="no patients"):
        responders([], [])


# ---- missing scores ------------------------------------------------------------------------------

GAPS: list[tuple[Any, Any]] = [
    (10, 0),
    (10, 4),
    (10, 9),
    (10, None),
    (None, 0),
    (float("nan"), None),
    (0, 0),
    (0, None),
]
"""Two with a drop of half, one without, a drop-out, no baseline, neither, and two that started at 0."""


def test_missing_scores_are_asked_about() -> None:
    with pytest.raises(MissingScores) as question:
        of(GAPS, drop=[50], at_most=[0])
    said = str(question.value)
    assert question.value.exit_code == 1
    assert "of 8 patients, 4 lack a score:\n  before: 5, 6\n  after: 4, 6, 8\n" in said
    assert re.search(r"at least 50 % lower +2/3 +2/6 +5/6\n", said)
    assert re.search(r"at most 0 +3/5 +3/8 +6/8$", said)
    assert all(word in said and meaning in said for word, meaning in POLICIES.items())


def test_nothing_is_asked_where_no_answer_would_matter() -> None:
    result = of([(None, 0), (10, 4)], at_most=[0])
    assert counts(result) == [(1, 2)]
    assert "Missing scores: 1 (1 of 2 patients)" in str(result)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("observed", [(2, 3), (3, 5)]), ("worst", [(2, 6), (3, 8)]), ("best", [(5, 6), (6, 8)])],
)
def test_how_missing_scores_count(missing: str, expected: list[tuple[int, int]]) -> None:
    result = of(GAPS, drop=[50], at_most=[0], missing=missing)
    assert counts(result) == expected
    assert result.counts[0].missing == ("4", "5", "6")
    assert result.counts[0].undefined == ("7", "8")
    assert result.change is not None and result.relative_change is not None
    assert (result.change.n, result.relative_change.n) == (4, 3)
    text = str(result)
    assert "No percent change can be computed from a baseline that is not above 0: 7, 8" in text
    assert "Missing scores: 4, 5, 6, 8 (4 of 8 patients)" in text
    assert "at least 50 % lower: 2/6 to 5/6; at most 0: 3/8 to 6/8." in " ".join(text.split())


def test_a_missing_score_that_counts_as_no_response_ends_the_claim() -> None:
    pairs = [(10, 0), (10, None)]
    assert of(pairs, missing="worst").holds is None
    observed = of(pairs, missing="observed")
    assert observed.holds is not None
    assert observed.holds.percent == 100


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (
            "observed",
            "All 2 patients who can be judged had a score at least 50 % lower (95 % CI 15.8 to 100).",
        ),
        (
            "worst",
            "Counting 1 with missing scores as non-responders, 2 of 3 patients had a score at least 50 % lower",
        ),
        (
            "best",
            "Counting 1 with missing scores as responders, all 3 patients had a score at least 50 % lower",
        ),
    ],
)
def test_no_assumption_goes_unsaid(missing: str, said: str) -> None:
    assert words(of([(10, 0), (10, 4), (10, None)], missing=missing)).headline.startswith(said)


def test_nobody_can_be_judged() -> None:
    result = of([(0, 0), (0, 5)], drop=[50])
    assert result.counts[0].proportion is None
    assert counts(result) == [(0, 0)]
    assert "Nobody can be judged by at least 50 % lower." in str(result)
    assert json.dumps(to_dict(result), allow_nan=False)
    assert ",0,0,,,," in outcome_rows(result, "a") or "scores of 0 of 2 patients" in outcome_rows(result, "a")


def test_nobody_improved() -> None:
    result = of([(10, 12), (10, 0)])
    assert result.holds is None
    assert "Got worse: 1." in str(result)


def test_five_patients_cannot_give_95_percent() -> None:
    text = " ".join(str(of([(10, i) for i in range(5)])).split())
    assert "5 patients cannot give a 95 % interval of a median" in text
    assert "has 93.75 %." in text
    assert "2 patients cannot give" in str(of([(10, 1), (10, 2), (0, 1), (0, 0), (0, 5), (0, 5)]))
    assert "One patient gives no interval of a median." in str(of([(10, 5)]))
    assert "cannot give" not in str(six())
    assert "cannot give" not in str(of([(10, i) for i in range(5)], level=0.9))


# ---- laws ----------------------------------------------------------------------------------------


@given(PAIRS, st.randoms(use_true_random=False), POLICY)
def test_the_order_of_patients_is_irrelevant(
    pairs: list[tuple[Any, Any]], rng: random.Random, missing: str
) -> None:
    names = [f"p{i}" for i in range(len(pairs))]
    there = of(pairs, patients=names, missing=missing, at_most=[0], drop=[50])
    order = list(range(len(pairs)))
    rng.shuffle(order)
    back = of(
        [pairs[i] for i in order], patients=[names[i] for i in order], missing=missing, at_most=[0], drop=[50]
    )
    assert counts(there) == counts(back)
    for name in ("before", "after", "change", "relative_change"):
        assert repr(getattr(there, name)) == repr(getattr(back, name))

    def plot(result: Responders) -> str:
        return str(result).split("\n\n")[4 - (result.before is None)]

    if there.before or there.after:
        assert [line for line in str(there).splitlines() if "│" in line] == [
            line for line in str(back).splitlines() if "│" in line
        ]


@given(PAIRS, st.sampled_from([0.001, 0.1, 3.0, 7.0, 1000.0]))
def test_scaling_the_scores_changes_no_percentage(pairs: list[tuple[Any, Any]], factor: float) -> None:
    scaled = [tuple(None if x is None else factor * x for x in pair) for pair in pairs]
    there, back = of(pairs, missing="observed"), of(scaled, missing="observed")  # type: ignore[arg-type]
    assert counts(there) == counts(back)
    for a, b in zip(there.patients, back.patients, strict=True):
        there_change, back_change = relative_change(a), relative_change(b)
        assert (there_change is None) == (back_change is None)
        assert there_change is None or there_change == pytest.approx(back_change, rel=1e-9, abs=1e-12)


@given(PAIRS)
def test_observed_lies_between_worst_and_best(pairs: list[tuple[Any, Any]]) -> None:
    for count in of(pairs, missing="observed", drop=[50], below=[3]).counts:
        (worst, n), (seen, known), (best, same) = (
            count.choices[word] for word in ("worst", "observed", "best")
        )
        assert worst == seen <= best
        assert n == same == known + len(count.missing) == len(pairs) - len(count.undefined)
        assert best - worst == len(count.missing)


@given(PAIRS, POLICY)
def test_all_respond_up_to_the_threshold_that_is_said_and_not_beyond(
    pairs: list[tuple[Any, Any]], missing: str
) -> None:
    holds = of(pairs, missing=missing).holds
    if holds is not None:
        (at,) = of(pairs, missing=missing, drop=[holds.percent]).counts
        assert at.events == at.n > 0
        if holds.percent < 100:
            (beyond,) = of(pairs, missing=missing, drop=[min(100, holds.percent * 1.001)]).counts
            assert beyond.events < beyond.n


@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=20),
            st.one_of(st.none(), st.floats(0, 1e9).filter(lambda x: x == 0 or x > 1e-9)),
            st.one_of(st.none(), st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-9)),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda each: each[0],
    ),
    POLICY,
    st.integers(80, 160),
    st.booleans(),
    st.sampled_from(["lower", "higher"]),
)
def test_no_line_is_too_wide_and_ascii_is_ascii(
    made: list[tuple[str, Any, Any]], missing: str, width: int, unicode: bool, better: str
) -> None:
    names, before, after = zip(*made, strict=True)
    result = responders(before, after, patients=names, missing=missing, better=better)
    text = render_text(result, width=width, unicode=unicode)
    assert max(map(cells, text.splitlines())) <= width
    assert unicode or text.isascii()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    json.dumps(to_dict(result), allow_nan=False)
    assert len(list(csv.DictReader(io.StringIO(render_csv(result))))) >= len(made) + 3
    assert render_markdown(result).startswith("# ")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (-1, "−100.0"),
        (-0.99999, ">−100.0"),
        (-0.9565, "−95.7"),
        (0, "0.0"),
        (-1e-9, "0.0"),
        (0.125, "+12.5"),
        (1e9, "+1e+11"),
    ],
)
def test_percent_changes_as_text(share: float, text: str) -> None:
    assert percent_text(share) == text


# ---- tables --------------------------------------------------------------------------------------


def table(text: str | bytes, **options: Any) -> list[PairedScores]:
    raw = text if isinstance(text, bytes) else text.encode()
    return list(read_paired(io.BytesIO(raw), **options).patients)


def found(text: str | bytes, **options: Any) -> list[str]:
    with pytest.raises(DataError) as error:
        table(text, **options)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("header", "guessed"),
    [
        ("patient,before,after", "--before before --after after --id patient"),
        ("ID;Baseline;Last", "--before Baseline --after Last --id ID"),
        ("no,CLASI-A pre,CLASI-A post", "--before 'CLASI-A pre' --after 'CLASI-A post' --id no"),
        ("name,baseline_clasi,last_clasi,baseline_age", "--before baseline_clasi --after last_clasi"),
        ("baseline_pain,week 4,last visit", "--before baseline_pain --after 'last visit'"),
        ("before,after,clasi_before,clasi_after", "--before before --after after"),
    ],
)
def test_columns_told_by_their_names(header: str, guessed: str) -> None:
    row = re.sub(r"[^,;]+", "1", header)
    assert read_paired(io.BytesIO(f"{header}\n{row}\n".encode())).guessed == guessed


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            "id,a,b",
            "which column of standard input is the score before? It has 'id', 'a', 'b'; name one with --before",
        ),
        ("x_before,y_before,x_after,y_after", "which column of standard input is the score before?"),
        ("", "standard input is empty"),
    ],
)
def test_columns_that_leave_a_doubt_are_asked_for(header: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        table(header + "\n")


def test_columns_by_option() -> None:
    text = "id,w0,w12,w24\na,10,5,1\n"
    assert table(text, before="w0", after="w24") == [PairedScores("a", 10, 1, 2)]
    assert table(text, before="W 0", after="w12", id="w24") == [PairedScores("1", 10, 5, 2)]
    with pytest.raises(OptionError, match=r"after is 'w13'; allowed: a column of .*'w12'.*did you mean w12"):
        table(text, before="w0", after="w13")
    with pytest.raises(OptionError, match="another column than before"):
        table(text, before="w0", after="w0")
    with pytest.raises(OptionError, match="a sheet of an XLSX workbook"):
        table(text, sheet="x")


def test_semicolons_and_decimal_commas() -> None:
    assert table("id;before;after\na;17,5;2\nb;1,25;NA\nc;1,125;0\n") == [
        PairedScores("a", 17.5, 2, 2),
        PairedScores("b", 1.25, None, 3),
        PairedScores("c", 1.125, 0, 4),
    ]


def test_commas_that_are_not_certain_to_be_decimal() -> None:
    assert len(found("id;before;after\na;1,234;2\n")) == 1  # one thousand, or one and a quarter
    assert len(found("id;before;after\na;17,5;2.5\n")) == 1  # both ways in one table
    (mixed,) = found("id;before;after\na;17,5;2.5\nb;1,5;3\n")
    assert "'2.5' has a decimal point, where other scores have a comma (did you mean 2,5?)" in mixed
    assert len(found('id,before,after\na,"17,5",2\n')) == 1  # commas separate the cells already


def test_every_problem_at_once_with_its_place() -> None:
    text = "id,before,after\na,10,x\na,10,1\n,10,1\nMean,9,1\ne,-,2024-12-03\nf,10\n"
    problems = found(text)
    assert len(problems) == 7
    for said, problem in zip(
        [
            "row 2, column after: 'x' is not a number",
            "row 3, column id: 'a' is in row 2 already",
            "row 4, column id: the cell is empty",
            "row 5, column id: 'Mean' is a summary, not a patient",
            "row 6, column before: '-'",
            "row 6, column after: '2024-12-03' is",
            "row 7",
        ],
        problems,
        strict=True,
    ):
        assert said in problem
        assert "allowed: " in problem


def test_a_file_that_is_no_table_is_called_what_it_is() -> None:
    assert "UTF-16" in found("id,before,after\na,1,2\n".encode("utf-16"))[0]
    assert len(found(b"%PDF-1.7\n")) == 1


def test_initials_are_patients() -> None:
    assert [patient.patient for patient in table("id,before,after\nSD,1,1\nN,1,1\nMax,1,1\n")] == [
        "SD",
        "N",
        "Max",
    ]


def test_a_table_without_rows_or_without_any_that_meet_the_condition() -> None:
    assert "there are no rows below the header" in found("before,after\n")[0]
    assert "no row meets before > 5" in found("before,after\n1,1\n", where="before > 5")[0]


def test_a_condition_keeps_rows_and_their_faults() -> None:
    text = "id,arm,before,after\na,drug,10,1\na,placebo,10,x\n"
    assert table(text, where="arm == drug") == [PairedScores("a", 10, 1, 2)]
    assert len(table("id;before;after\na;1,5;1\nb;2,5;1\n", where="before > 2")) == 1
    assert len(found(text)) == 2


def test_patients_without_a_name_are_called_by_their_row() -> None:
    assert [patient.patient for patient in table("before,after\n1,1\n\n2,1\n")] == ["row 2", "row 4"]
    assert "(row 2: 10 to 5)" in str(of([(10, 5)], patients=["row 2"]))


@given(
    st.binary(max_size=200)
    | st.text(alphabet="id,before;after\n0123456789.-\"' \t\r", max_size=200).map(str.encode)
)
def test_any_bytes_are_a_table_or_a_sentence(raw: bytes) -> None:
    for start in (b"", b"id,before,after\na,1,2\n"):
        with suppress(EvidenceError):
            assert table(start + raw)


# ---- the command ---------------------------------------------------------------------------------


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("patients.csv").write_text(TABLE)
    Path("gaps.csv").write_text("id,before,after\na,10,0\nb,10,4\nc,10,\n")


def run(*args: str, **settings: Any) -> Result:
    return CliRunner().invoke(main, ["responders", *args], **settings)


@pytest.mark.usefixtures("_here")
def test_a_table() -> None:
    result = run("patients.csv", "--drop", "50,75", "--drop", "90%", "--at-most", "0", "--below", "3")
    assert result.exit_code == 0
    assert "columns by their names: --before clasi_baseline --after clasi_last --id no" in result.stderr
    for line in (
        r"at least 50 % lower +6/6",
        r"at least 90 % lower +4/6",
        r"at most 0 +2/6",
        r"below 3 +5/6",
    ):
        assert re.search(line, result.stdout)
    named = run("patients.csv", "--before", "clasi_baseline", "--after", "clasi_last", "--id", "no")
    assert named.stderr == ""
    assert "at least 75 % lower" in named.stdout


@pytest.mark.usefixtures("_here")
def test_standard_input() -> None:
    result = run("-", input=TABLE)
    assert result.exit_code == 0
    assert result.stdout.startswith("standard input: clasi_baseline to clasi_last, 6 patients")


@pytest.mark.usefixtures("_here")
def test_a_script_that_does_not_say_how_missing_scores_count_stops() -> None:
    result = run("gaps.csv", "--drop", "50", "--output", "out.txt")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "of 3 patients, 1 lacks a score:\n  after: c\n" in result.stderr
    assert re.search(r"at least 50 % lower +2/2 +2/3 +3/3\n$", result.stderr)
    assert not Path("out.txt").exists()
    for word, count in (("observed", "2/2"), ("worst", "2/3"), ("best", "3/3")):
        assert f"  {count} " in run("gaps.csv", "--drop", "50", "--missing", word).stdout


@pytest.mark.usefixtures("_here")
@pytest.mark.skipif(os.name == "nt", reason="terminals")
def test_a_person_is_asked() -> None:
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(
            sys.executable, [sys.executable, "-m", "evidence.cli", "responders", "gaps.csv", "--drop", "50"]
        )
    shown = b""
    deadline = time.monotonic() + 60
    while b"How do they count" not in shown and time.monotonic() < deadline:
        shown += os.read(terminal, 4096)
    os.write(terminal, b"worst\n")
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
    except OSError:  # Linux: the other end is closed
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"2/3" in shown.split(b"How do they count")[1]


WRONG = [
    (["none.csv"], "none.csv cannot be read"),
    (["patients.csv", "--before", "clasi_baselin"], "did you mean clasi_baseline"),
    (["patients.csv", "--drop", "half"], "'half' is not a number; write 50 or 50,75,90"),
    (["patients.csv", "--drop", "500"], "drop is 500.0; allowed: percent above 0, up to 100"),
    (["patients.csv", "--rise", "50"], "rise is 50.0; allowed: none while lower is better"),
    (["patients.csv", "--sheet", "x"], "a sheet of an XLSX workbook"),
    (["patients.csv", "--where", "age > 3"], "not a column"),
    (["patients.csv", "--score", "clasi"], "--score goes with a review"),
    (["patients.csv", "--as-rows", "a", "--format", "json"], "--as-rows prints CSV"),
    (["patients.csv", "--as-rows", "a b"], "as_rows is 'a b'"),
    (["--before", "x"], "--before goes with a table"),
    (["--as-rows", "x"], "--as-rows goes with a table"),
    (["--score", "none"], "score is 'none'"),
    (["patients.csv", "--missing", "guess"], "'guess' is not one of"),
]


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(("args", "said"), WRONG)
def test_wrong_usage_ends_with_2(args: list[str], said: str) -> None:
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.usefixtures("_here")
def test_findings_end_with_1_and_never_command_the_terminal() -> None:
    Path("bad.csv").write_text("id,before,after\n\x1b[31mevil\x07,10,x\nb,10,y\x1b]0;t\x07\n")
    result = run("bad.csv")
    assert result.exit_code == 1
    assert "bad.csv row 2, column after: 'x' is not a number" in result.stderr
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.stderr)


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize("name", ["text", "markdown", "csv", "json"])
def test_output_is_what_the_terminal_would_get(name: str) -> None:
    shown = run("patients.csv", "--format", name)
    written = run("patients.csv", "--format", name, "--output", "out")
    assert written.exit_code == 0
    assert written.stdout == ""
    assert Path("out").read_text(encoding="utf-8") == shown.stdout


@pytest.mark.usefixtures("_here")
def test_json_and_csv_hold_the_same_numbers() -> None:
    made = json.loads(run("gaps.csv", "--missing", "worst", "--format", "json").stdout)
    assert made["version"] == evidence.__version__
    assert [(rule["events"], rule["n"]) for rule in made["rules"]] == [(2, 3), (1, 3), (1, 3)]
    assert made["rules"][0]["choices"]["best"] == {"events": 3, "n": 3}
    assert made["patients"][2] == {
        "patient": "c", "row": 4, "before": 10.0, "after": None, "change": None, "relative_change": None,
        "responses": [None, None, None],
    }  # fmt: skip
    assert made["all_respond_up_to"] is None
    rows = list(csv.DictReader(io.StringIO(run("gaps.csv", "--missing", "worst", "--format", "csv").stdout)))
    assert tuple(rows[0]) == COLUMNS
    rules = [row for row in rows if row["kind"] == "rule"]
    assert [(int(row["events"]), int(row["n"])) for row in rules] == [(2, 3), (1, 3), (1, 3)]
    assert [float(row["low"]) for row in rules] == [rule["proportion"]["low"] for rule in made["rules"]]
    median = next(row for row in rows if row["label"] == "relative change")
    assert float(median["estimate"]) == made["medians"]["relative_change"]["median"]


@pytest.mark.usefixtures("_here")
def test_the_examples_with_a_table_run() -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in csv.reader(io.StringIO(TABLE)):
        book.active.append([int(cell) if cell.isdigit() else cell for cell in row])
    book.save("patients.xlsx")
    Path("patients.csv").write_text(TABLE.replace("clasi_", ""))
    assert run("patients.xlsx").stdout == run("-", input=TABLE).stdout.replace(
        "standard input", "patients.xlsx"
    )
    (part,) = re.findall(
        r"With a table of your own:\n((?:  .*\n?)+)", inspect.cleandoc(command.responders.help or "")
    )
    lines = [shlex.split(line) for line in part.splitlines()]
    assert len(lines) == 4
    for line in lines:
        assert line[:2] == ["evidence", "responders"]
        result = run(*line[2:])
        assert result.exit_code == 0, (line, result.output)


# ---- rows for a review ---------------------------------------------------------------------------


@pytest.mark.usefixtures("_here")
def test_rows_for_a_review_are_read_and_pooled_there() -> None:
    rows = run("patients.csv", "--drop", "50", "--as-rows", "own2026")
    assert rows.exit_code == 0
    review = Path("review")
    review.mkdir()
    (review / "outcomes.csv").write_text(rows.stdout)
    (review / "studies.csv").write_text("study,design,source,state\nown2026,case series,own,verified\n")
    (review / "review.toml").write_text('format = 1\ntitle = "x"\n[outcomes.drop50]\nlabel = "half"\n')
    assert evidence.load(review).rows[0].events == 6
    assert "6/6" in CliRunner().invoke(main, ["pool", "--review", "review", "--outcome", "drop50"]).stdout


def test_rows_say_how_missing_scores_were_counted() -> None:
    def row(missing: str) -> dict[str, str]:
        result = of(GAPS, at_most=[0], missing=missing)
        (line,) = csv.DictReader(io.StringIO(outcome_rows(result, "a")))
        return line

    assert list(row("worst")) == [column.name for column in TABLES["outcomes"].columns]
    worst, observed, best = row("worst"), row("observed"), row("best")
    assert (worst["events"], worst["n"], worst["not_poolable"]) == ("3", "8", "")
    assert worst["missing_data"] == f"3 of 8 missing: {POLICIES['worst']}"
    assert (observed["events"], observed["n"]) == ("3", "5")
    assert observed["not_poolable"] == "scores of 5 of 8 patients"
    assert best["caution"] == "missing scores counted as responses"
    assert worst["outcome"] == "at_most_0"


# ---- names ---------------------------------------------------------------------------------------


def test_each_keyword_of_the_library_is_an_option_with_the_same_default() -> None:
    found = main.get_command(click.Context(main), "responders")
    assert found is not None
    options = {option.name: option for option in found.params}
    library = inspect.signature(evidence.responders).parameters
    shared = {name for name, p in library.items() if p.kind is p.KEYWORD_ONLY} - {"patients"}
    assert shared <= set(options)
    context = found.make_context("responders", [])
    for name in shared:
        default = context.params[name]
        assert (tuple(default) if isinstance(default, list) else default) == library[name].default, name
    reader = set(inspect.signature(read_paired).parameters) - {"source"}
    assert reader <= set(options)
    assert command.MISSING == MISSING
    assert set(command.RULES) == {test for tests in TESTS.values() for test in tests}


def test_sentences_and_signs() -> None:
    said = words(of([(10, 5), (10, 10)], below=[6]))
    assert said.headline == "1 of 2 patients ended with a score below 6 (50.0 %, 95 % CI 1.3 to 98.7)."
    assert words(of([(10, 5)], at_most=[6])).headline.startswith(
        "The one patient ended with a score of at most 6"
    )
    assert improvement(PairedScores("a", 10, 12), "higher") == 20
    assert improvement(PairedScores("a", 10, 12), "lower") == -20
