"""Sentences: no claim stronger than its number, and nothing unverified in the lead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evidence.analysis import Analysis, PoolRow, StudyRow
from evidence.report.numbers import brief, fixed, percent, plain, points, pvalue
from evidence.report.pooled.headline import frequency, tail_chance
from evidence.report.pooled.words import heterogeneity_sentence, words
from evidence.review.selection import Excluded
from evidence.synthesis.results import Heterogeneity

from .made_analyses import all_responded, bare_counts, contrast, heterogeneous, pooled, study

PERCENT = [
    (0.4579, "45.8"),
    (1, "100.0"),
    (0, "0.0"),
    (0.99996, ">99.9"),
    (0.00004, "<0.1"),
    (0.9995, ">99.9"),
    (None, "?"),
    (float("nan"), "?"),
]


@pytest.mark.parametrize(("value", "shown"), PERCENT)
def test_a_percentage_is_never_rounded_to_certainty(value: Any, shown: str) -> None:
    assert percent(value) == shown


def test_numbers_in_sentences() -> None:
    assert brief(1) == "100"
    assert brief(0.541) == "54.1"
    assert points(-0.035, sign=True) == "−3.5"
    assert points(0.542, sign=True) == "+54.2"
    assert points(0.0, sign=True) == points(-0.0001, sign=True) == "0.0"
    assert pvalue(0.0004) == "p < 0.001"
    assert pvalue(0.0116) == "p = 0.012"
    assert pvalue(0.34) == "p = 0.34"
    assert plain(23976) == "23976"
    assert (fixed(0.618), fixed(-0.616), fixed(1.0), fixed(0.0)) == ("0.62", "-0.62", "1.00", "0.00")
    assert fixed(-0.0) == fixed(-0.004) == "0.00"


# ---- the headline ----------------------------------------------------------------------------


def test_the_first_screen_of_a_review() -> None:
    assert words(all_responded()).headline == (
        "All 6 of our patients responded (95 % CI 54.1 to 100). In TULIP-1+2, 49 of 107 did at week 12 (45.8 %): "
        "if that rate applied, 6 of 6 would occur about once in 100; at week 52's 63.6 %, once in 15. "
        "Not randomised against each other."
    )


def test_the_heading_names_the_outcome_and_its_definition() -> None:
    assert (
        words(all_responded()).heading
        == "A drug for a disease of the skin: CLASI-50 (at least 50 % less CLASI-A)"
    )
    assert words(bare_counts()).heading == "Counts"


def with_ours(analysis: Analysis, **fields: Any) -> Analysis:
    ours, *rest = analysis.studies
    return replace(analysis, studies=(ours._replace(**fields), *rest))


def test_a_harm_is_had_not_responded_to() -> None:
    said = words(replace(with_ours(all_responded(), events=4), better="lower")).headline
    assert said.startswith("4 of our 6 patients had the event")
    assert "responded" not in said


def test_no_direction_claims_neither() -> None:
    assert "6 of our patients had the outcome" in words(replace(all_responded(), better="")).headline


def test_none_responded() -> None:
    said = words(with_ours(all_responded(), events=0)).headline
    assert said.startswith("None of our 6 patients responded")
    assert "0 of 6 would occur about once in 40;" in said


def test_one_patient() -> None:
    made = with_ours(all_responded(), events=0, n=1)
    assert words(made).headline.startswith("Our one patient did not respond (95 % CI")
    assert words(with_ours(made, events=1)).headline.startswith("Our one patient responded (95 % CI")
    assert "did not have the event" in words(replace(made, better="lower")).headline


def test_some_responded_names_the_tail_the_chance_is_of() -> None:
    assert "5 or more of 6 would occur" in words(with_ours(all_responded(), events=5)).headline
    assert "1 or fewer of 6 would occur" in words(with_ours(all_responded(), events=1)).headline


def test_the_tail_is_named_again_where_it_is_the_other_one() -> None:
    said = words(with_ours(all_responded(), events=3)).headline  # 50 %: above week 12, below week 52
    assert "3 or more of 6 would occur more often than not; at week 52's 63.6 %, 3 or fewer of 6 " in said


def references(analysis: Analysis, *states: str) -> Analysis:
    def stated(row: StudyRow, state: str) -> StudyRow:
        return row._replace(state=state)

    others = [row for row in analysis.studies if row.role != "reference"]
    refs = [row for row in analysis.studies if row.role == "reference"]
    return replace(analysis, studies=(*others, *(stated(r, s) for r, s in zip(refs, states, strict=True))))


def test_an_unverified_reference_never_leads() -> None:
    said = words(references(all_responded(), "unverified", "verified", "verified", "verified")).headline
    assert "TULIP-1+2, week 12 is not yet checked against the paper and does not lead." in said
    assert "In TULIP-1+2, 68 of 107 did at week 52" in said
    assert "49 of 107" not in said


def test_a_placebo_arm_is_the_last_choice() -> None:
    said = words(references(all_responded(), *["unverified"] * 3, "verified")).headline
    assert "In placebo, 24 of 94 did" in said


def test_no_checked_reference_is_said() -> None:
    said = words(references(all_responded(), *["unverified"] * 4)).headline
    assert "No checked reference exists: TULIP-1+2, week 12 (49 of 107) is not yet checked" in said
    assert "once in" not in said


def test_a_secondary_reference_says_so() -> None:
    said = words(references(all_responded(), "secondary", "verified", "verified", "verified")).headline
    assert "(45.8 %) (read from a secondary source): if" in said


def test_our_own_unverified_count_does_not_lead() -> None:
    said = words(with_ours(all_responded(), state="unverified")).headline
    assert said.startswith(
        "In the three series together, all 26 patients responded (exact 95 % CI 86.8 to 100)."
    )
    assert "Our own count is not yet checked" in said


def test_without_ours_the_pool_leads() -> None:
    said = words(heterogeneous()).headline
    assert said == (
        "In the 14 series together, 371 of 651 patients responded; 79.8 % did in the typical series "
        "(95 % CI 68.0 to 88.1). Another series may lie anywhere from 41.0 to 96.0 %."
    )


def test_without_references_nothing_is_compared() -> None:
    analysis = all_responded()
    alone = tuple(row for row in analysis.studies if row.role != "reference")
    said = words(replace(analysis, studies=alone, comparisons=()))
    assert said.headline == "All 6 of our patients responded (95 % CI 54.1 to 100)."
    assert said.comparison == ()


def test_one_series_is_called_one() -> None:
    analysis = replace(
        bare_counts(),
        studies=bare_counts().studies[:1],
        pooled=(PoolRow("all", pooled(1, 5, 6, (0.36, 0.996))),),
    )
    assert (
        words(analysis).headline
        == "In the one series, 5 of 6 patients had the outcome (83.3 %, exact 95 % CI 36.0 to 99.6)."
    )


# ---- chances ---------------------------------------------------------------------------------


def test_the_tail_is_the_binomials() -> None:
    assert tail_chance(6, 6, 49 / 107, above=True) == pytest.approx((49 / 107) ** 6, rel=1e-10)
    assert tail_chance(0, 6, 0.25, above=False) == pytest.approx(0.75**6, rel=1e-10)
    assert tail_chance(0, 6, 0.25, above=True) == 1
    assert tail_chance(2, 4, 0.5, above=True) == pytest.approx(11 / 16, rel=1e-10)


FREQUENCIES = [
    (0.99, "nearly always"),
    (0.6, "more often than not"),
    (0.34, "about three times in ten"),
    (0.066, "about once in 15"),
    (0.0092, "about once in 100"),
    (0.00043, "about once in 2 000"),
    (1e-9, "less than once in a million"),
]


@pytest.mark.parametrize(("chance", "said"), FREQUENCIES)
def test_a_chance_as_people_say_it(chance: float, said: str) -> None:
    assert frequency(chance) == said


# ---- below the table -------------------------------------------------------------------------


def test_differences_stand_side_by_side_with_the_unverified_marked() -> None:
    first, hidden, second = words(all_responded()).comparison
    assert first == (
        "Ours minus TULIP-1+2 at week 12: +54.2 points (14.1 to 63.3, Fisher p = 0.012); "
        "at week 52: +36.4 (−3.5 to 45.9)."
    )
    assert second == "Ours minus TULIP-2 at week 12 †: +51.0 points (9.7 to 64.4, Fisher p = 0.027)."
    assert hidden == "One hidden non-responder among ours would take p above 0.05."


def test_a_hidden_patient_where_the_outcome_is_a_harm() -> None:
    said = words(replace(all_responded(), better="lower")).comparison[1]
    assert said == "One hidden patient without the event among ours would take p above 0.05."


def test_the_hidden_sentence_is_not_about_an_unverified_reference() -> None:
    only = contrast("Ours", "TULIP-2, week 12", (0.51, 0.1, 0.64), 0.03, hidden_nonresponders=1)
    assert len(words(replace(all_responded(), comparisons=(only,))).comparison) == 1


def test_a_pool_against_a_reference() -> None:
    made = replace(
        all_responded(), comparisons=(contrast("all", "TULIP-1+2, week 12", (0.5, 0.3, 0.6), 0.001),)
    )
    assert words(made).comparison[0].startswith("All series minus TULIP-1+2 at week 12: +50.0 points")


def test_heterogeneity_names_its_i2() -> None:
    (said,) = words(heterogeneous()).heterogeneity
    assert said == (
        "Heterogeneity: tau² 0.589 (0.12 to 2.05); I² (Q) 56 % (22 to 76); Q = 29.8, df 13, p = 0.005; "
        "likelihood ratio test of tau² = 0: p < 0.001."
    )


def test_what_is_not_known_of_heterogeneity_is_left_out() -> None:
    none = Heterogeneity(0.2, None, None, None, "Q", None, float("nan"), 3, None)
    assert heterogeneity_sentence(none) == "tau² 0.2"


def test_the_common_model_estimates_no_tau2() -> None:
    common = Heterogeneity(0.0, 0.2, None, None, "Q", 1.2, 3.4, 3, 0.33)
    assert heterogeneity_sentence(common) == "I² (Q) 20 %; Q = 3.4, df 3, p = 0.33"


def test_notes_of_all_come_once() -> None:
    analysis = all_responded()
    assert (
        words(replace(analysis, notes=analysis.pooled[0].result.notes)).notes
        == analysis.pooled[0].result.notes
    )


def test_what_differs_from_the_leading_reference() -> None:
    assert words(all_responded()).differences == (
        "Differences from TULIP-1+2, week 12: drop-outs counted as non-responders in TULIP; "
        "last visit against weeks 12 and 52."
    )


def test_what_to_mind_about_a_row_is_said_by_its_name() -> None:
    ours = all_responded().studies[0]._replace(notes=("last visit", "counted anyway."))
    assert words(replace(all_responded(), studies=(ours,))).row_notes == (
        "Ours: last visit; counted anyway.",
    )


def test_groups_speak_for_themselves_only_where_they_have_something_to_say() -> None:
    parts = [
        PoolRow("others", pooled(2, 4, 8, (0.1, 0.9), notes=("of the others",), method="Exact")),
        PoolRow("one", pooled(1, 4, 8, (0.1, 0.9), notes=("one study",), method="Exact")),
        PoolRow("two", pooled(2, 4, 8, (0.1, 0.9), notes=("few",), method="Exact", model="exact")),
    ]
    said = words(replace(all_responded(), pooled=(all_responded().pooled[0], *parts)))
    assert said.group_notes == ("two: few.",)
    assert said.notes[1:] == ("A possible overlap of Valencia 2025 with Martin 2024.",)
    assert said.methods[1:] == ("The others: Exact.", "two: Exact.")


def test_the_pool_of_our_series_alone_is_not_compared_again() -> None:
    analysis = all_responded()
    alone = replace(analysis, pooled=(PoolRow("all", pooled(1, 6, 6, (0.54, 1))),))
    pool = contrast("all", "TULIP-1+2, week 12", (0.5, 0.3, 0.6), 0.001)
    said = words(replace(alone, comparisons=(*analysis.comparisons, pool))).comparison
    assert not any(text.startswith("All series") for text in said)


def test_a_control_arm_is_called_by_its_arm() -> None:
    row = study("Trial", 1, 9, 0, 1, role="reference", arm="placebo", when="week 12")
    assert row.name == "placebo, week 12"
    assert row._replace(arm="drug").name == "Trial, week 12"


def test_reports_without_a_row_share_a_line() -> None:
    reports = [
        Excluded("a", "A", "no row", "no row for CLASI-50"),
        Excluded("b", "B", "design", "trial; pooled are cohort"),
        Excluded("c", "C", "no row", "no row for CLASI-50"),
    ]
    said = words(replace(all_responded(), excluded=tuple(reports))).excluded
    assert said == (("design", "B: trial; pooled are cohort"), ("no row", "No row for CLASI-50: A; C"))


def test_reports_are_listed_in_the_order_of_the_rules() -> None:
    rules = ["overlap", "no row", "window", "not poolable", "design"]
    reports = tuple(Excluded(rule, rule, rule, "why") for rule in rules)
    said = words(replace(all_responded(), excluded=reports)).excluded
    assert [rule for rule, _ in said] == ["not poolable", "design", "window", "overlap", "no row"]


def test_footnotes_only_for_marks_in_use() -> None:
    said = words(all_responded())
    assert said.footnotes == (
        ("ᴿ", "by RCLASI-A"),
        ("†", "not yet checked against the paper"),
        ("◦", "read from a secondary source"),
    )
    assert words(bare_counts()).footnotes == ()


def test_controls_are_taken_out_of_every_sentence() -> None:
    analysis = replace(all_responded(), title="evil\x1b[31m title\x07", notes=("note\x1b]0;x\x07 \u202eabc",))
    said = words(analysis)
    assert said.heading.startswith("evil title:")
    assert "note abc." in said.notes
    assert study("a", 1, 2, 0, 1).label == "a"
