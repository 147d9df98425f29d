"""evidence compare: the numbers of two sides, who leads, what is said of them, and every way to ask."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence
from evidence.analysis import Compared
from evidence.analysis.rows import count_rows, tell_apart
from evidence.cli import compare as command
from evidence.cli import main, options
from evidence.errors import NotPossible, OptionError
from evidence.report import COMPARED_FORMATS, render
from evidence.report.characters import cells
from evidence.report.compared import methods as compared_methods
from evidence.report.compared.words import words
from evidence.report.stack import stack
from evidence.review.counts import CountRow
from evidence.review.tables import Review, find_review, load
from evidence.synthesis.comparison import DIFFERENCES, TESTS

from .made_reviews import REFERENCE, TOML, review

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def shipped() -> Review:
    return load(find_review("data")[0] if Path("data/review.toml").is_file() else find_review()[0])


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def counts(text: str, name: str = "") -> CountRow:
    events, n = text.split("/")
    return CountRow(name or text, int(events), int(n), {}, 0)


def against(compared: Compared) -> list[str]:
    return [contrast.against for contrast in compared.comparisons]


def said(compared: Compared) -> str:
    told = words(compared)
    parts = (told.headline, told.bearing, told.hidden, *told.notes, told.differences, told.test, told.method)
    return "\n".join(parts)


# ---- numbers -------------------------------------------------------------------------------------


def test_six_of_six_against_24_of_49() -> None:
    """The letter's own comparison, by every method, as the literature's formulas give it."""
    found = evidence.compare_rows(counts("6/6", "Ours"), counts("24/49", "TULIP-2"))
    assert list(found.difference)[:3] == pytest.approx([0.5102, 0.0970, 0.6442], abs=5e-5)
    assert found.pvalue == pytest.approx(0.0266, abs=5e-5)
    assert found.ratio is not None
    assert found.ratio.low == pytest.approx(1.19, abs=5e-3)
    assert found.odds_ratio is not None
    assert found.odds_ratio.estimate is None
    assert found.leading.hidden_nonresponders == 1
    for test, p in (("boschloo", 0.0172), ("barnard", 0.0460)):
        other = evidence.compare_rows(counts("6/6"), counts("24/49"), test=test)
        assert other.pvalue == pytest.approx(p, abs=5e-5)
        assert other.difference == found.difference
    other = evidence.compare_rows(counts("6/6"), counts("24/49"), difference="miettinen-nurminen")
    assert other.difference.low != found.difference.low
    assert "Miettinen and Nurminen" in said(other)


def test_ours_against_the_analysis_own_reference(shipped: Review) -> None:
    found = evidence.compare(shipped)
    assert against(found) == [
        "TULIP-1+2, week 12",
        "TULIP-1+2, week 52",
        "TULIP-2, week 12",
        "placebo, week 12",
        "placebo, week 52",
    ]
    counted = {row.name: f"{row.events}/{row.n}" for row in found.studies}
    assert counted == {
        "Ours": "6/6",
        "TULIP-1+2, week 12": "49/107",
        "TULIP-1+2, week 52": "68/107",
        "TULIP-2, week 12": "24/49",
        "placebo, week 12": "24/94",
        "placebo, week 52": "42/94",
    }
    pooled = evidence.pool(shipped)
    shared = {c.against: c.comparison for c in pooled.comparisons if c.ours == "Ours"}
    assert all(found_at.comparison == shared[found_at.against] for found_at in found.comparisons[:3])
    week_52 = found.comparisons[1].comparison
    assert list(week_52.difference)[:3] == pytest.approx([0.365, -0.035, 0.459], abs=6e-4)
    assert week_52.pvalue == pytest.approx(0.092, abs=1e-3)


def test_the_pool_against_an_arm_by_mover(shipped: Review) -> None:
    found = evidence.compare(shipped, "clasi50", cohort="all", against="tulip2")
    (unverified,) = [c for c in found.comparisons if c.against == "TULIP-2, week 12"]
    assert list(unverified.comparison.difference)[:3] == pytest.approx([0.497, 0.2667, 0.632], abs=1e-3)
    assert unverified.hidden_nonresponders == 11
    assert unverified.comparison.ratio is None
    assert "average over series, 98.7 %" in words(found).headline
    assert "15 hidden non-responders among all series" in words(found).hidden
    assert [pool.pool for pool in found.pooled] == ["all"]


def test_ours_against_the_other_series(shipped: Review) -> None:
    found = evidence.compare(shipped, against="others")
    (contrast,) = found.comparisons
    assert (contrast.ours, contrast.against) == ("Ours", "others")
    gap = contrast.comparison.difference
    turned = evidence.compare(shipped, cohort="others", against=counts("6/6", "Ours")).difference
    assert (gap.estimate, gap.low, gap.high) == pytest.approx(
        (-turned.estimate, -turned.high, -turned.low), abs=1e-12
    )
    assert "In the two other series together, all 20 patients responded" in words(found).headline
    with pytest.raises(OptionError, match="others: all series together have ours among them"):
        evidence.compare(shipped, against="all")


# ---- who leads -----------------------------------------------------------------------------------


def test_the_time_that_was_asked_for_leads(shipped: Review) -> None:
    found = evidence.compare(shipped, weeks=52)
    assert against(found)[:2] == ["TULIP-1+2, week 52", "TULIP-1+2, week 12"]
    assert words(found).headline.startswith(
        "All 6 of our patients responded (95 % CI 54.1 to 100). In TULIP-1+2, 68 of 107 did at week 52 (63.6 %): "
        "a difference of +36.4 points (95 % CI −3.5 to 45.9, which includes 0, Fisher p = 0.091); at week 12, "
    )
    assert words(found).hidden == ""
    assert against(evidence.compare(shipped, weeks=(40, 60)))[0] == "TULIP-1+2, week 52"
    with pytest.raises(NotPossible, match=r"no row of CLASI-50 for week 24; there are: .*week 12"):
        evidence.compare(shipped, weeks=24)


def test_the_arm_that_was_asked_for_leads(shipped: Review) -> None:
    found = evidence.compare(shipped, arm="placebo")
    assert against(found)[:2] == ["placebo, week 12", "placebo, week 52"]
    assert "In the placebo arm of TULIP-1+2, 24 of 94 did" in words(found).headline
    assert against(evidence.compare(shipped, arm="anifrolumab"))[0] == "TULIP-1+2, week 12"
    with pytest.raises(OptionError, match=r"arm is 'plaza'; allowed: .*placebo"):
        evidence.compare(shipped, arm="plaza")


def test_an_unverified_row_is_marked_and_another_leads(shipped: Review) -> None:
    found = evidence.compare(shipped, "clasi50", cohort="viedma2025", against="tulip2")
    assert against(found) == [
        "TULIP-1+2, week 12",
        "TULIP-1+2, week 52",
        "TULIP-2, week 12",
        "placebo, TULIP-2, week 12",
    ]
    assert (
        found.instead
        == "TULIP-2 (tulip2) is unverified: TULIP-1+2 (tulip12), which has its patients, leads instead"
    )
    assert found.instead in words(found).headline
    screen = render(found)
    assert "TULIP-2, week 12 †" in screen
    assert "† not yet checked against the paper" in " ".join(screen.split())


ASKED = product(
    [None, "all", "valencia2025", "tulip2", "tulip1:placebo"],
    [None, "tulip12", "tulip2", "tulip1", "others", "valencia2025"],
    [None, "placebo"],
    [None, 12, 52],
)


def test_whatever_is_asked_no_unverified_row_leads_and_nobody_is_on_both_sides(shipped: Review) -> None:
    answered = 0
    for cohort, other, arm, weeks in ASKED:
        try:
            found = evidence.compare(shipped, cohort=cohort, against=other, arm=arm, weeks=weeks)
        except (NotPossible, OptionError):
            continue
        answered += 1
        by_name = {row.name: row for row in found.studies}
        assert len(by_name) == len(found.studies)
        states = [by_name[name].state for name in found.leading[:2] if name in by_name]
        headline = words(found).headline
        if "unverified" in states:
            assert "not yet checked against the paper" in headline
            assert "The figures below are a calculation, not a finding." in headline
            assert "points (" not in headline
            assert words(found).hidden == ""
        else:
            assert " points (95 % CI" in headline
        one = [row for row in found.studies if row.role != "reference"]
        for row in one if len(found.pooled) == 0 else ():
            for beside in (row for row in found.studies if row.role == "reference"):
                assert (row.study, row.arm) != (beside.study, beside.arm)
        assert max(map(cells, render(found).splitlines())) <= 80
    assert answered > 40


def test_the_same_patients_are_not_compared_with_themselves(shipped: Review) -> None:
    with pytest.raises(NotPossible, match=r"nobody can be on both sides.*evidence compare --against tulip2"):
        evidence.compare(shipped, cohort="tulip2")
    with pytest.raises(NotPossible, match="are the same patients"):
        evidence.compare(shipped, cohort="tulip12:12", against="tulip12:anifrolumab:12")
    with pytest.raises(NotPossible, match=r"no row for CLASI-50; its patients are in Viedma-Martínez 2025"):
        evidence.compare(shipped, cohort="viedma2025es")


def test_strata_of_another_report_on_the_same_patients_are_another_time(tmp_path: Path) -> None:
    rows = [
        "ours 5/9",
        "trial 49/107",
        "trial 24/94 arm=placebo",
        "again 50/73 weeks=52 subgroup=yes split=before",
        "again 18/34 weeks=52 subgroup=no split=before",
        "again 49/107",
    ]
    made = review(
        tmp_path,
        rows,
        toml=REFERENCE,
        studies={"trial": "design=trial controls=94", "again": "design=trial"},
        cohorts="trial,t again,t",
    )
    found = evidence.compare(made)
    assert against(found) == ["TRIAL, week 12", "AGAIN, week 52", "placebo, week 12"]
    assert found.studies[2].notes == ("sum of 2 strata: 50/73 + 18/34",)


def test_two_treated_arms_at_one_time_have_names_of_their_own(tmp_path: Path) -> None:
    rows = ["ours 5/9", "trial 49/107 arm=low", "trial 60/110 arm=high", "trial 24/94 arm=placebo"]
    toml = TOML + 'reference = { study = "trial", arm = "low", weeks = 12 }\n'
    toml += 'beside = [{ study = "trial", arm = "high", weeks = 12 }]\n'
    made = review(tmp_path, rows, toml=toml, studies={"trial": "design=trial"})
    names = ["TRIAL, low, week 12", "TRIAL, high, week 12", "placebo, week 12"]
    assert against(evidence.compare(made)) == names
    pooled = evidence.pool(made)
    assert [row.name for row in pooled.studies if row.role == "reference"] == names[:2]
    told = str(pooled)
    assert "Ours minus TRIAL, low at week 12" in " ".join(told.split())
    assert "TRIAL, high at week 12" in " ".join(told.split())


@given(st.lists(st.sampled_from(["a", "all", "others", "Ours", "b"]), min_size=1, max_size=6))
def test_no_two_rows_and_no_row_and_pool_share_a_name(labels: list[str]) -> None:
    rows = count_rows([CountRow(label, 1, 2, {}, 0) for label in labels], "exact", 0.95, role="reference")
    names = [row.name for row in tell_apart(rows)]
    assert len({*names, "all", "others"}) == len(names) + 2
    assert all(name.startswith(label) for name, label in zip(names, labels, strict=True))


# ---- what a contrast can bear --------------------------------------------------------------------


def test_a_single_arm_against_a_trial_is_naive(shipped: Review) -> None:
    told = words(evidence.compare(shipped))
    assert told.headline.endswith("Not randomised against each other.")
    assert told.bearing == (
        "A naive comparison: patients were not randomised between the two and no comparator is common to them, so no "
        "anchored comparison is possible. Matching or weighting (MAIC, STC) cannot help: however its patients are "
        "weighted, 6 of 6 stays 100 %."
    )
    assert told.hidden == "One hidden non-responder among ours would take p above 0.05."
    assert told.differences == (
        "Differences from TULIP-1+2, week 12: time: last visit (9 to 43 weeks) against week 12; population: SLE with "
        "refractory severe CLE, all women, ANA+ against baseline CLASI-A at least 10; design: case series against "
        "pooled trials; missing data: not stated against non-responder imputation."
    )


def test_what_cannot_be_helped_is_said_only_where_it_is_true(tmp_path: Path) -> None:
    trial = {"trial": "design=trial controls=94"}
    rows = ["ours 5/9", "trial 49/107", "trial 24/94 arm=placebo", "b 0/9", "c 9/9", "c 1/9 arm=placebo"]
    made = review(tmp_path, rows, toml=REFERENCE, studies=trial)
    told = words(evidence.compare(made)).bearing
    assert "no anchored comparison is possible" in told
    assert "cannot help" not in told
    assert told.endswith("Nothing here adjusts for how the patients differ.")
    assert "0 of 9 stays 0 %" in words(evidence.compare(made, cohort="b")).bearing
    told = words(evidence.compare(made, cohort="c")).bearing
    assert "Both sides have a control arm, so an anchored comparison through it may be possible" in told
    assert "no comparator is common" not in told
    assert "cannot help" not in told  # weighting patients would move an anchored contrast
    assert [c.kind for c in evidence.compare(made, cohort="c").comparisons] == ["anchored", "anchored"]


def test_two_arms_of_one_trial_are_randomised(shipped: Review) -> None:
    found = evidence.compare(shipped, cohort="tulip12", against="tulip12:placebo")
    assert against(found) == ["placebo, week 12"]  # another time would be no comparator
    assert found.leading.kind == "randomised"
    told = words(found)
    assert told.headline.endswith("Patients were randomised between the two.")
    assert "Both arms were randomised together." in told.bearing
    assert "naive" not in said(found)
    assert against(evidence.compare(shipped, cohort="tulip12is", against="tulip12is", arm="placebo")) == [
        "placebo, week 52"
    ]
    part = evidence.compare(shipped, cohort="tulip12:IFNGS-high", against="tulip12:placebo:IFNGS-high")
    assert (part.leading.ours, part.leading.kind) == ("TULIP-1+2, IFNGS-high", "randomised")


def test_counts_alone_claim_neither() -> None:
    told = words(evidence.compare_rows(counts("6/6", "Ours"), counts("24/49", "TULIP-2")))
    assert "randomised against" not in told.headline
    assert told.bearing.startswith("Counts do not say how the groups came about")


def test_an_overlap_of_the_two_sides_is_said(tmp_path: Path) -> None:
    made = review(
        tmp_path,
        ["ours 5/9", "trial 49/107"],
        toml=REFERENCE,
        studies={"trial": "design=trial"},
        overlaps="ours,trial,possible",
    )
    assert "OURS and TRIAL possibly share patients: same ward." in words(evidence.compare(made)).notes


# ---- one test ------------------------------------------------------------------------------------


def test_one_test_is_shown_and_another_one_is_remarked_on(shipped: Review) -> None:
    assert words(evidence.compare(shipped)).test == ""
    found = evidence.compare(shipped, test="boschloo")
    assert {c.comparison.test for c in found.comparisons} == {"boschloo"}
    told = words(found)
    assert "choosing among their p-values afterwards is a way to cheat" in told.test
    assert "Fisher p" not in told.headline
    assert "take Fisher's p above 0.05" in told.hidden
    for name, allowed in (("test", TESTS), ("difference", DIFFERENCES)):
        with pytest.raises(OptionError, match=", ".join(allowed)):
            evidence.compare(shipped, **{name: "best"})


# ---- words for other outcomes --------------------------------------------------------------------


def test_a_harm_is_had_not_responded_to(shipped: Review) -> None:
    told = said(evidence.compare(shipped, "any adverse event"))
    assert "4 of our 6 patients had the event" in told
    assert "399 of 459 had it at week 52 (86.9 %): a difference of −20.3 points" in told
    assert "respond" not in told


def test_without_a_reference_the_way_to_name_one_is_said(shipped: Review) -> None:
    with pytest.raises(NotPossible, match=r"the outcome urti names no reference.*--against STUDY"):
        evidence.compare(shipped, "urti")
    assert evidence.compare(shipped, "urti", against="valencia2025").comparisons[0].kind == "naive"


def test_names_that_do_not_exist_are_answered_with_near_misses(shipped: Review) -> None:
    with pytest.raises(OptionError, match=r"cohort is 'viedma205'.*did you mean viedma2025"):
        evidence.compare(shipped, cohort="viedma205")
    with pytest.raises(OptionError, match=r"against is 'tulip22'.*did you mean tulip2"):
        evidence.compare(shipped, against="tulip22")
    with pytest.raises(
        OptionError, match="one of the reports called so: viedma2025, viedma2025es, viedma2024"
    ):
        evidence.compare(shipped, cohort="viedma")
    with pytest.raises(OptionError, match=r"arm, subgroup or time of its rows: .*IFNGS-high"):
        evidence.compare(shipped, against="tulip12:nobody")


# ---- every format --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMPARED_FORMATS)
@pytest.mark.parametrize("asked", [{}, {"cohort": "all"}, {"against": "others"}, {"weeks": 52}], ids=str)
def test_every_format_holds_the_answer(shipped: Review, name: str, asked: dict[str, Any]) -> None:
    found = evidence.compare(shipped, **asked)
    text = " ".join(render(found, name).replace("\\", "").split())
    for row in found.studies if not found.pooled else ():
        assert f"{row.events}/{row.n}" in text or (name in ("json", "csv") and row.source in text)
    assert words(found).headline.split(". ")[0] in text
    assert words(found).method in text
    for note in words(found).row_notes:
        assert note in text


def test_json_has_the_keys_of_a_pool(shipped: Review) -> None:
    made = json.loads(render(evidence.compare(shipped), "json"), parse_constant=pytest.fail)
    pooled = json.loads(render(evidence.pool(shipped), "json"))
    assert set(made) - {"answer"} == set(pooled) - {"panel", "excluded", "subgroups"}
    assert set(made["studies"][0]) == set(pooled["studies"][0])
    assert set(pooled["comparisons"][0]) <= set(made["comparisons"][0])
    first = made["comparisons"][0]
    assert first["odds_ratio"]["estimate"] is None
    assert first["kind"] == "naive"
    assert "no finite odds ratio" in first["notes"][0]
    assert any("No finite odds ratio" in note for note in made["notes"])
    assert made["options"]["test"] == "fisher"


def test_csv_has_a_row_a_comparison_with_both_sources(shipped: Review) -> None:
    text = render(evidence.compare(shipped), "csv")
    lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    compared = [line for line in lines if line["kind"] != "note"]
    assert [line["against"] for line in compared] == against(evidence.compare(shipped))
    first = compared[0]
    assert (first["ours_events"], first["ours_n"], first["against_events"], first["against_n"]) == (
        "6",
        "6",
        "49",
        "107",
    )
    assert first["ours_source"].startswith("https://")
    assert first["against_source"].startswith("https://")
    assert float(first["difference"]) == 1 - 49 / 107
    assert compared[2]["marks"] == "†"
    assert first["odds_ratio"] == ""


HOSTILE = ["=cmd|' /C calc'!A0", "\x1b[31mred\x1b]0;t\x07\r\nnext", "a | b", "<script>", "\u202eabc\u200b"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", COMPARED_FORMATS)
def test_no_control_character_and_no_formula_reaches_any_output(text: str, name: str) -> None:
    found = evidence.compare_rows(
        counts("5/6", text), counts("2/9", text), counts("3/9", "x" * 90), title=text
    )
    out = render(found, name)
    assert not CONTROL.search(out)
    assert "<script" not in out or name != "markdown"
    if name == "csv":
        assert not any(
            cell.startswith(("=", "+", "@")) for line in csv.reader(io.StringIO(out)) for cell in line
        )


@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_terminal(shipped: Review, width: int, unicode: bool) -> None:
    big = counts("900000000/999999999", "A trial with a long name and very many patients in it")
    made = [
        evidence.compare(shipped),
        evidence.compare(shipped, cohort="others"),
        evidence.compare(shipped, cohort="valencia2025", against="viedma2025"),
        evidence.compare_rows(counts("1/2", "山田太郎ほか 2024"), big, counts("0/5", "é" * 70)),
    ]
    for found in made:
        screen = render(found, width=width, unicode=unicode)
        assert max(map(cells, screen.splitlines())) <= width
        assert unicode or screen.isascii()


def test_wider_terminals_show_the_contrasts_in_one_table(shipped: Review) -> None:
    found = evidence.compare(shipped, cohort="tulip12", against="tulip12:placebo")
    assert render(found, width=80).count("TULIP-1+2 against") == 2
    assert render(found, width=120).count("TULIP-1+2 against") == 1


def test_color_adds_only_escapes(shipped: Review) -> None:
    found = evidence.compare(shipped)
    assert re.sub(r"\x1b\[\d+m", "", render(found, color=True)) == render(found)


def test_printing_a_comparison_is_its_screen(shipped: Review) -> None:
    found = evidence.compare(shipped)
    assert str(found) + "\n" == render(found)


def test_stacked_columns_keep_their_rows() -> None:
    lines = [("name", "aaaa", "bbbb", "cccc"), ("x", "1", "2", "3")]
    assert stack(lines, 22) == [["  name  aaaa  bbbb", "  x     1     2"], ["  name  cccc", "  x     3"]]
    assert stack(lines, 80) == [["  name  aaaa  bbbb  cccc", "  x     1     2     3"]]


# ---- the command ---------------------------------------------------------------------------------


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["compare", *args])


def test_each_option_is_a_keyword_of_the_library_and_the_other_way_round() -> None:
    import inspect

    names = {option.name for option in command.compare.params}
    library = inspect.signature(evidence.compare).parameters
    assert names - {"args", "review", "format", "output", "methods", "show_r"} == set(library) - {
        "review",
        "cohort",
    }
    shown = command.compare.make_context("compare", []).params
    shared = (set(library) & set(shown)) - {"review"}
    assert {name: shown[name] for name in shared} == {name: library[name].default for name in shared}
    assert tuple(TESTS) == command.TESTS
    assert tuple(DIFFERENCES) == command.DIFFERENCES
    assert options.INTERVALS[0] == library["interval"].default


@pytest.mark.usefixtures("_elsewhere")
def test_counts_need_no_review() -> None:
    result = run("6/6", "24/49")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "a difference of +51.0 points" in " ".join(result.stdout.split())
    named = run("Ours=6/6", "TULIP-2=24/49", "--against", "TULIP-1+2=49/107")
    assert "TULIP-1+2" in named.stdout
    assert run("6/6", "--against", "24/49").stdout == result.stdout


@pytest.mark.usefixtures("_elsewhere")
def test_typed_counts_against_the_review() -> None:
    result = run("García=8/9", "--against", "tulip12")
    assert result.exit_code == 0
    assert "8 of 9 patients in García responded (88.9 %" in " ".join(result.stdout.split())
    assert "8 of our 9 patients responded" in " ".join(run("8/9").stdout.split())


WRONG = [
    (["7/6", "1/2"], 2, "7/6 is not events/n"),
    (["0/0", "1/2"], 2, "0/0 is not events/n"),
    (["1/2", "1/99999999999"], 2, "n is at most"),
    (["6/6", "24/49", "--arm", "placebo"], 2, "--arm goes with a review"),
    (["6/6", "24/49", "--review", "x"], 2, "--review goes with a review"),
    (["6/6", "tulip2", "tulip12"], 2, "compare with one thing at a time"),
    (["nobody"], 2, "cohort is 'nobody'"),
    (["--against", "nobody"], 2, "against is 'nobody'"),
    (["--against", "all"], 2, "others"),
    (["all", "others"], 2, "all is a pool already"),
    (["--weeks", "soon"], 2, "write 12, 8-26 or 'last visit'"),
    (["--weeks", "24"], 1, "there are"),
    (["--test", "chi2"], 2, "'chi2' is not one of"),
    (["--outcome", "nothing"], 2, "nothing"),
    (["--review", "no-such-folder"], 2, "no-such-folder"),
    (["tulip2"], 1, "nobody can be on both sides"),
    (["viedma2025es"], 1, "has no row for CLASI-50"),
]


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(("args", "code", "why"), WRONG)
def test_what_goes_wrong_says_why_and_how_it_ends(args: list[str], code: int, why: str) -> None:
    result = run(*args)
    assert result.exit_code == code, result.output
    assert why in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("_elsewhere")
def test_a_failed_comparison_leaves_the_file(tmp_path: Path) -> None:
    (tmp_path / "out.md").write_text("old")
    assert run("--weeks", "24", "--output", "out.md").exit_code == 1
    assert (tmp_path / "out.md").read_text() == "old"
    assert run("--output", "out.md").exit_code == 0
    assert (tmp_path / "out.md").read_text(encoding="utf-8").startswith("# Anifrolumab")


def test_it_loads_what_a_pool_loads() -> None:
    code = (
        "import sys\nfrom evidence.cli import main\n"
        "try:\n    main(['compare'])\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    loaded = set(done.stderr.split())
    heavy = {"pandas", "statsmodels", "requests", "requests_cache", "Bio", "openpyxl", "scipy.stats"}
    assert not loaded & heavy
    assert not loaded & {
        "evidence.report.compared.export",
        "evidence.report.pooled.documents",
        "evidence.review.lookup",
    }


# ---- any counts ----------------------------------------------------------------------------------

GROUP = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=25)
@given(GROUP, st.lists(GROUP, min_size=1, max_size=3), st.sampled_from([0.8, 0.95, 0.99]))
def test_any_counts_can_be_compared_and_printed(
    one: tuple[int, int], others: list[tuple[int, int]], level: float
) -> None:
    rows = [CountRow(f"Group {number}", *group, {}, 0) for number, group in enumerate([one, *others])]
    found = evidence.compare_rows(*rows, level=level)
    for contrast, other in zip(found.comparisons, others, strict=True):
        gap = contrast.comparison.difference
        assert gap.low - 1e-12 <= gap.estimate <= gap.high + 1e-12
        assert gap.estimate == pytest.approx(one[0] / one[1] - other[0] / other[1], abs=1e-12)
        assert gap.level == level
    for name in COMPARED_FORMATS:
        text = render(found, name)
        assert not re.search(r"\bnan\b|\bNone\b(?! of)|\binf\b", text)
    assert max(map(cells, render(found).splitlines())) <= 80
    one_way, other_way = (evidence.compare_rows(*pair).leading.comparison for pair in (rows[:2], rows[1::-1]))
    assert one_way.pvalue == pytest.approx(other_way.pvalue, rel=1e-9)
    assert one_way.difference.low == pytest.approx(-other_way.difference.high, abs=1e-12)


def test_a_comparison_explains_itself(shipped: Review) -> None:
    said = compared_methods.methods(evidence.compare(shipped))
    assert "Newcombe's hybrid score interval [1], by their ratio with Koopman's" in said
    assert "The one test is Fisher's exact test, two-sided." in said
    assert "not randomised" in said
    pooled = compared_methods.methods(evidence.compare(shipped, cohort="all"))
    assert "on the summed counts" in pooled
    assert "Koopman" not in pooled
    code = compared_methods.r_code(evidence.compare(shipped, against="tulip2"))
    assert "x <- c(6, 24); n <- c(6, 49)" in code
    assert "a side is a pool" in compared_methods.r_code(evidence.compare(shipped, cohort="all"))
