"""Responders from individual patients: the rules, their edges, and who cannot be judged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.review.patients import derive, responds
from evidence.review.question import Outcome, PatientRule
from evidence.review.schema import LAST_VISIT, NOT_STATED, TABLES, Patient, Score, Study

HALF = PatientRule("pain", "reduction_at_least", 0.5)


def study(name="a", treated=None):
    blank = [""] * len(TABLES["studies"].columns)
    return Study(*blank)._replace(study=name, treated=treated)


def outcome(rule, key="half", definition="half the pain", scale="VAS"):
    return Outcome(key, key, definition, "higher", scale, rule)


def patients(*names, arm="drug", of="a"):
    return [Patient(of, name, arm, None, "", "page", "", "verified", "") for name in names]


def course(name, *values, of="a", state="verified", source="page"):
    """Scores of one patient: (weeks, value) pairs."""
    return [Score(of, name, "pain", weeks, value, source, "Table 1", state, "") for weeks, value in values]


def one(rule, members, scores, treated=None):
    (row,) = derive([outcome(rule)], members, scores, {"a": study(treated=treated)})
    return row


@pytest.mark.parametrize(
    ("test", "limit", "baseline", "last", "response"),
    [
        ("at_most", 0, None, 0, True),
        ("at_most", 0, None, 0.5, False),
        ("below", 3, None, 2, True),
        ("below", 3, None, 3, False),
        ("at_least", 3, None, 3, True),
        ("above", 3, None, 3, False),
        ("above", 3, None, 4, True),
        ("reduction_at_least", 0.5, 10, 5, True),
        ("reduction_at_least", 0.5, 10, 5.1, False),
        ("reduction_at_least", 0.9, 20, 2, True),  # 20 * (1 - 0.9) is 1.9999999999999996
        ("reduction_at_least", 0.9, 17, 2, False),
        ("reduction_at_least", 1.0, 17, 0, True),
        ("reduction_at_least", 0.5, 10, 20, False),
        ("reduction_at_least", 0.5, 0, 0, None),
        ("reduction_at_least", 0.5, None, 3, None),
    ],
)
def test_rules(test, limit, baseline, last, response):
    assert responds(PatientRule("pain", test, limit), baseline, last) is response


@given(st.integers(1, 300), st.integers(0, 300), st.integers(1, 100))
def test_reductions_are_exact_at_their_edges(baseline, last, percent):
    rule = PatientRule("pain", "reduction_at_least", percent / 100)
    assert responds(rule, baseline, last) is (100 * (baseline - last) >= percent * baseline)


def test_the_row_counts_responders_at_the_last_visit():
    scores = course("1", (0.0, 10), (4.0, 9), (12.0, 5)) + course("2", (0.0, 10), (30.0, 6), (8.0, 1))
    row = one(HALF, patients("1", "2"), scores)
    assert (row.events, row.n) == (1, 2)  # patient 2 ends at 6, though week 8 was better
    assert (row.weeks, row.weeks_from, row.weeks_to) == (LAST_VISIT, 12.0, 30.0)
    assert row.derived
    assert row.row == 0
    assert (row.not_poolable, row.arm, row.scale, row.threshold) == ("", "drug", "VAS", "at least 50 %")
    assert (row.definition, row.source, row.locator) == ("half the pain", "page", "Table 1")


def test_the_order_of_the_scores_does_not_matter():
    scores = course("1", (0.0, 10), (4.0, 9), (12.0, 5)) + course("2", (0.0, 10), (8.0, 1))
    assert one(HALF, patients("1", "2"), scores) == one(HALF, patients("1", "2"), scores[::-1])


def test_last_visit_is_later_than_any_week_and_has_no_span():
    row = one(HALF, patients("1"), course("1", (0.0, 10), (52.0, 9), (LAST_VISIT, 2)))
    assert (row.events, row.weeks_from, row.weeks_to) == (1, None, None)


def test_a_score_at_a_time_not_stated_is_neither_baseline_nor_last():
    assert (
        derive([outcome(HALF)], patients("1"), course("1", (0.0, 10), (NOT_STATED, 2)), {"a": study()}) == []
    )


@pytest.mark.parametrize(
    ("scores", "members", "treated", "reason"),
    [
        (course("1", (0.0, 10), (8.0, 1)), ("1", "2"), None, "scores of 1 of 2 patients"),
        (course("1", (0.0, 10), (8.0, 1)), ("1",), 4, "scores of 1 of 4 patients"),
        (
            course("1", (0.0, 10), (8.0, 1)) + course("2", (8.0, 1)),
            ("1", "2"),
            2,
            "scores of 1 of 2 patients",
        ),
        (
            course("1", (0.0, 10), (8.0, 1)) + course("2", (0.0, 0), (8.0, 0)),
            ("1", "2"),
            2,
            "scores of 1 of 2 patients",
        ),
        (course("1", (0.0, 10), (8.0, 1)), ("1",), 1, ""),
    ],
)
def test_some_patients_are_not_all(scores, members, treated, reason):
    row = one(HALF, patients(*members), scores, treated)
    assert (row.n, row.not_poolable) == (1, reason)


def test_no_scores_no_row():
    assert derive([outcome(HALF)], patients("1", "2"), [], {"a": study()}) == []
    assert derive([outcome(None)], patients("1"), course("1", (0.0, 9), (8.0, 1)), {"a": study()}) == []


def test_arms_are_kept_apart_and_treated_is_not_held_against_one_of_them():
    members = patients("1", arm="drug") + patients("2", arm="placebo")
    scores = course("1", (0.0, 10), (8.0, 1)) + course("2", (0.0, 10), (8.0, 9))
    rows = derive([outcome(HALF)], members, scores, {"a": study(treated=2)})
    assert [(row.arm, row.events, row.n, row.not_poolable) for row in rows] == [
        ("drug", 1, 1, ""),
        ("placebo", 0, 1, ""),
    ]


def test_the_worst_state_and_all_sources_travel():
    scores = course("1", (0.0, 10), (8.0, 1)) + course(
        "2", (0.0, 10), (8.0, 9), state="read", source="abstract"
    )
    row = one(HALF, patients("1", "2"), scores)
    assert (row.state, row.source) == ("read", "page; abstract")
    unused = [Score("a", "1", "itch", 0.0, 3, "x", "", "unverified", "")]
    assert one(HALF, patients("1"), course("1", (0.0, 10), (8.0, 1)) + unused).state == "verified"


def test_thresholds_in_words():
    assert PatientRule("pain", "below", 3.0).threshold == "below 3"
    assert PatientRule("pain", "at_most", 0.0).threshold == "at most 0"
    assert PatientRule("pain", "reduction_at_least", 0.75).threshold == "at least 75 %"
