"""Rows: the right lines in the right order, with the marks their numbers need."""

from __future__ import annotations

from dataclasses import replace

from evidence.analysis import Analysis, PoolRow
from evidence.report.pooled.rows import Row, find_row, raised, rows

from .made_analyses import all_responded, heterogeneous, pooled, study


def labels(analysis: Analysis, **options: bool) -> list[str]:
    return [row.label for row in rows(analysis, **options)]


def by_label(analysis: Analysis) -> dict[str, Row]:
    return {row.label: row for row in rows(analysis)}


def test_series_with_ours_last_then_pools_then_references() -> None:
    assert labels(all_responded()) == [
        "Chasset 2023",
        "Valencia 2025",
        "Ours",
        "All series, exact",
        "The others, exact",
        "All series, Bayes, average",
        "Another series, prediction",
        "TULIP-1+2, week 12",
        "TULIP-1+2, week 52",
        "TULIP-2, week 12",
        "placebo, week 12",
    ]


def test_the_state_of_a_number_and_an_unusual_scale_are_marked() -> None:
    found = by_label(all_responded())
    assert found["Chasset 2023"].marks == ("◦",)
    assert found["Valencia 2025"].marks == ("ᴿ",)
    assert found["TULIP-2, week 12"].marks == ("†",)
    assert found["TULIP-2, week 12"].name == "TULIP-2, week 12 †"
    assert found["Ours"].marks == ()


def test_a_scale_without_a_superscript_keeps_a_caret() -> None:
    assert raised("R") == "ᴿ"
    assert raised("S") == "^S"


def test_only_counted_lines_show_counts() -> None:
    found = by_label(all_responded())
    assert found["All series, exact"].counts == "26/26"
    assert found["All series, Bayes, average"].counts == ""
    assert found["Another series, prediction"].counts == ""


def test_a_model_by_likelihood_shows_median_average_and_prediction() -> None:
    assert labels(heterogeneous())[-3:] == [
        "All series, binomial",
        "All series, binomial, average",
        "Another series, prediction",
    ]


def test_one_study_is_not_shown_again_as_a_pool() -> None:
    one = study("Only 2020", 3, 9, 0.07, 0.70)
    pool = PoolRow("all", pooled(1, 3, 9, (0.07, 0.70)))
    analysis = replace(all_responded(), studies=(one,), pooled=(pool,))
    assert labels(analysis) == ["Only 2020"]
    assert labels(analysis, single=True) == ["Only 2020", "All series, exact"]


def test_groups_have_headings_their_series_and_their_pool() -> None:
    studies = (
        study("A", 1, 4, 0.0, 0.8, group="cohort"),
        study("B", 2, 4, 0.1, 0.9, group="case series"),
        study("C", 3, 4, 0.2, 1.0, group="cohort"),
        study("D", 3, 4, 0.2, 1.0),
    )
    pools = (
        PoolRow("all", pooled(4, 9, 16, (0.3, 0.8))),
        PoolRow("cohort", pooled(2, 4, 8, (0.16, 0.84))),
        PoolRow("case series", pooled(1, 2, 4, (0.07, 0.93))),
    )
    assert labels(replace(all_responded(), studies=studies, pooled=pools)) == [
        "cohort",
        "A",
        "C",
        "cohort, exact",
        "case series",
        "B",
        "no group stated",
        "D",
        "All series, exact",
    ]


def test_a_name_has_what_tells_it_apart_and_the_time_of_a_reference() -> None:
    trial = study("Trial", 5, 9, 0.2, 0.9, role="reference", arm="high", when="week 12")
    assert trial.name == "Trial, week 12"
    assert trial._replace(also="high").name == "Trial, high, week 12"
    assert trial._replace(arm="placebo", also="Trial").name == "placebo, Trial, week 12"
    assert trial._replace(when="time not stated").name == "Trial"
    assert trial._replace(role="pooled").name == "Trial"


def test_a_contrast_finds_its_row_by_name_not_by_key() -> None:
    made = all_responded()
    assert find_row(made, "TULIP-1+2, week 52") is made.studies[4]
    assert find_row(made, "ours2025") is None
    assert find_row(made, "all") is None


def test_panel_adds_the_other_models() -> None:
    assert labels(all_responded(), panel=True)[-3:] == [
        "Other models",
        "Bayes, median",
        "Exact",
    ]
