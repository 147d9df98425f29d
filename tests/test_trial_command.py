"""evidence trial: a review's trials against their own controls, typed counts, tables; whose patients count once; formats."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import evidence
from evidence.cli import main
from evidence.cli import trial as command_module
from evidence.errors import DataError, InputError, NotPossible, OptionError
from evidence.report.trial import methods as trial_explained
from evidence.review.arm_counts import ArmRow, read_arms
from evidence.synthesis.arms import pooling as two_arm_pooling
from evidence.synthesis.arms import tables as two_arms

from .made_reviews import review as made

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*args: str, **settings: Any) -> Result:
    return CliRunner().invoke(main, ["trial", *args], **settings)


@pytest.fixture(scope="module")
def review() -> Any:
    return evidence.load(ROOT / "data")


# ---- whose patients count once ---------------------------------------------------------------------


def kept(found: evidence.Trials) -> list[str]:
    return [row.study for row in found.trials if row.pooled]


def test_of_overlapping_trials_one_is_used_and_the_reason_is_said(review: Any) -> None:
    found = evidence.trial(review, "clasi50", weeks=12)
    assert kept(found) == ["tulip12"]
    first = found.trials[0]
    assert (first.events, first.n, first.events_control, first.n_control) == (49, 107, 24, 94)
    left = {row.study: row.why for row in found.trials if not row.pooled}
    assert set(left) == {"tulip1", "tulip2"}
    assert all("same patients as TULIP-1+2 (tulip12), which is verified" in why for why in left.values())
    assert found.pools == ()
    assert found.leading is None
    assert any("Nothing is pooled" in note for note in found.notes)


def test_checked_trials_by_themselves_are_pooled_and_their_sum_is_not(review: Any) -> None:
    found = evidence.trial(review, "bicla")
    assert kept(found) == ["tulip1", "tulip2"]
    apart = {row.study: row.why for row in found.trials if not row.pooled}
    assert set(apart) == {"tulip12", "tulip12is"}
    assert all("kept apart here" in why for why in apart.values())
    assert found.leading is not None
    direct = evidence.pool_arms([85, 86], [180, 180], [55, 57], [184, 182])
    assert found.leading.effect == direct.effect
    assert sum(row.weight or 0 for row in found.trials) == pytest.approx(1)


def test_strata_are_never_pooled_beside_the_whole(review: Any) -> None:
    found = evidence.trial(review, "clasi50", weeks=12, subgroups=True)
    parts = [row for row in found.trials if row.subgroup]
    assert {row.subgroup for row in parts} == {"IFNGS-high", "IFNGS-low"}
    assert not any(row.pooled for row in parts)
    assert kept(found) == ["tulip12"]


def test_complete_strata_stand_for_the_whole_where_it_is_not_printed(review: Any) -> None:
    found = evidence.trial(review, "clasi50", weeks=52)
    (row,) = found.trials
    assert (row.events, row.n, row.events_control, row.n_control) == (68, 107, 42, 94)
    assert any("sum of 2 strata: 50/73 + 18/34" in note for note in row.notes)


ROWS = ["a 8/20 arm=drug", "a 4/20 arm=placebo", "b 9/25 arm=drug", "b 5/24 arm=placebo", "series 6/6"]
DESIGNS = {"a": "design=trial", "b": "design=trial"}


def test_single_arms_never_enter(tmp_path: Path) -> None:
    found = evidence.trial(made(tmp_path, ROWS, studies=DESIGNS, cohorts="a,a b,b series,s"), "cure")
    assert kept(found) == ["b", "a"] or kept(found) == ["a", "b"]
    assert found.leading is not None
    assert found.leading.k == 2
    assert any("1 report has a single arm only" in note for note in found.notes)


def test_a_certain_overlap_keeps_one_and_a_possible_one_is_said(tmp_path: Path) -> None:
    sure = made(tmp_path, ROWS, studies=DESIGNS, cohorts="a,a b,b series,s", overlaps="a,b,certain")
    found = evidence.trial(sure, "cure")
    assert kept(found) == ["b"]  # the larger
    assert "certainly shares patients with B (b): same ward" in found.trials[1].why
    perhaps = made(tmp_path, ROWS, studies=DESIGNS, cohorts="a,a b,b series,s", overlaps="a,b,possible")
    found = evidence.trial(perhaps, "cure")
    assert len(kept(found)) == 2
    assert any("possibly share patients" in note for note in found.notes)


def test_arms_of_one_trial_share_a_control_and_one_enters(tmp_path: Path) -> None:
    rows = [
        "a 8/20 arm=high",
        "a 6/18 arm=low",
        "a 4/20 arm=placebo",
        "b 9/25 arm=high",
        "b 5/24 arm=placebo",
    ]
    made_review = made(tmp_path, rows, studies=DESIGNS, cohorts="a,a b,b")
    found = evidence.trial(made_review, "cure")
    assert len(found.trials) == 3
    assert [row.arm for row in found.trials if not row.pooled] == ["low"]
    low = evidence.trial(made_review, "cure", arm="low")
    assert [(row.study, row.arm) for row in low.trials] == [("a", "low")]
    with pytest.raises(OptionError, match="arm"):
        evidence.trial(made_review, "cure", arm="lwo")


def test_times_are_pooled_apart(tmp_path: Path) -> None:
    rows = [f"{row} weeks={weeks}" for weeks in (12, 52) for row in ROWS[:4]]
    found = evidence.trial(made(tmp_path, rows, studies=DESIGNS, cohorts="a,a b,b"), "cure")
    assert [pool.when for pool in found.pools] == ["week 12", "week 52"]
    assert len(found.trials) == 4


def test_without_a_control_nothing_is_compared(tmp_path: Path) -> None:
    review = made(tmp_path, ["a 8/20 arm=drug"], studies={"a": "design=trial"}, cohorts="a,a")
    with pytest.raises(NotPossible, match="no trial has a treated and a control arm"):
        evidence.trial(review, "cure")


def test_where_keeps_trials_of_which_both_arms_meet_it(tmp_path: Path) -> None:
    review = made(tmp_path, ROWS, studies=DESIGNS, cohorts="a,a b,b series,s")
    assert kept(evidence.trial(review, "cure", where="n >= 24")) == ["b"]


# ---- typed counts and tables -----------------------------------------------------------------------


def test_typed_counts_and_a_table_give_the_same(tmp_path: Path) -> None:
    typed = run("A=25/58,14/54", "B=24/49,10/40", "--format", "json")
    assert typed.exit_code == 0, typed.output
    (tmp_path / "t.csv").write_text("study,event.e,n.e,event.c,n.c\nA,25,58,14,54\nB,24,49,10,40\n")
    table = run("t.csv", "--format", "json")
    piped = run("-", "--format", "json", input="study;ai;n1i;ci;n2i\nA;25;58;14;54\nB;24;49;10;40\n")
    first, second, third = (json.loads(result.stdout) for result in (typed, table, piped))
    assert first["pooled"] == second["pooled"] == third["pooled"]
    assert first["trials"][0]["odds_ratio"] == second["trials"][0]["odds_ratio"]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("49/107",), "a trial has two"),
        (("9/8,1/2",), "no more than n"),
        (("0/0,1/2",), "n from 1"),
        (("1/2,1/2", "x.csv"), "only argument"),
        (("1/2,1/2", "--outcome", "cure"), "goes with a review"),
        (("1/2,1/2", "--ci", "hksj"), "mantel-haenszel"),
        (("nowhere.csv",), "cannot be read"),
    ],
)
def test_wrong_usage_says_what_is_wrong(args: tuple[str, ...], says: str) -> None:
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert says in result.output


def test_a_table_with_faults_names_each_cell() -> None:
    table = "study,events,n,events_control,n_control\nA,5,4,1,9\nB,x,4,1,9\n"
    with pytest.raises(DataError) as found:
        read_arms(io.BytesIO(table.encode()), "t.csv")
    assert len(found.value.problems) == 2
    with pytest.raises(InputError, match="no column for n_control"):
        read_arms(io.BytesIO(b"study,events,n,events_control\nA,1,2,3\n"), "t.csv")


# ---- what is shown ---------------------------------------------------------------------------------


def test_the_text_leads_with_the_verified_contrast_and_fits_the_screen() -> None:
    result = run("--outcome", "clasi50")
    assert result.exit_code == 0, result.output
    assert "49 of 107 on anifrolumab 300 mg responded at week 12 (45.8 %)" in " ".join(result.stdout.split())
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\u2021" in result.stdout


def test_every_format_holds_the_same_numbers() -> None:
    made_json = json.loads(run("--outcome", "bicla", "--format", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(run("--outcome", "bicla", "--format", "csv").stdout)))
    pool = made_json["pooled"][0]["results"][0]
    (line,) = [row for row in rows if row["kind"] == "pool" and row["measure"] == "odds-ratio"]
    assert float(line["estimate"]) == pool["effect"]["estimate"]
    assert {row["study"] for row in rows if row["kind"] == "trial"} == {
        "tulip1",
        "tulip2",
        "tulip12",
        "tulip12is",
    }
    assert "| TULIP-1, week 52 |" in run("--outcome", "bicla", "--format", "markdown").stdout


def test_where_all_responded_every_number_that_exists_is_said_and_no_other() -> None:
    result = run("6/6,0/5", "5/5,0/4", "--format", "json")
    assert result.exit_code == 0
    made_json = json.loads(result.stdout)
    assert made_json["pooled"][0]["results"][0]["effect"] is None
    assert made_json["trials"][0]["odds_ratio"]["estimate"] is None
    assert any("No finite odds ratio" in note for note in made_json["notes"])


def test_hostile_names_do_not_reach_the_terminal() -> None:
    result = run("A\x1b[31m=1/2,1/2")
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout


def test_the_methods_paragraph_follows_the_options() -> None:
    plain = run("--outcome", "bicla", "--methods").stdout
    assert "Mantel-Haenszel method" in plain
    assert "Mantel N, Haenszel W." in plain
    glmm = run("--outcome", "bicla", "--methods", "--model", "hypergeometric").stdout
    assert "Van Houwelingen HC" in glmm
    assert "Mantel N" not in glmm
    zeros = run(
        "0/20,2/22", "1/25,4/24", "--model", "random", "--zero-cells", "treatment-arm", "--methods"
    ).stdout
    assert "Sweeting MJ" in zeros


@pytest.mark.parametrize(
    ("options", "call"),
    [
        ((), "rma.mh("),
        (("--model", "peto"), "rma.peto("),
        (("--model", "random"), 'test = "adhoc"'),
        (("--model", "hypergeometric"), 'model = "CM.EL", method = "ML"'),
        (("--model", "sample-size"), 'method = "SSW"'),
        (("--model", "random", "--zero-cells", "treatment-arm"), '"TACC"'),
    ],
)
def test_the_r_code_is_the_call_asked_for(options: tuple[str, ...], call: str) -> None:
    code = run("A=25/58,14/54", "B=24/49,10/40", "C=3/9,1/8", "--show-r", *options).stdout
    assert code.startswith("# compared with R 4.2.2, metafor 5.0-1, meta 8.3-0")
    assert call in code
    assert "ai = c(25, 24, 3)" in code


def test_the_words_of_the_command_are_the_engines_own() -> None:
    assert tuple(two_arms.ARM_MEASURES) == command_module.MEASURES
    assert tuple(two_arm_pooling.ARM_MODELS) == command_module.MODELS
    assert command_module.ZERO_CELLS == two_arms.ZERO_CELLS
    assert command_module.PREDICTIONS == two_arm_pooling.ARM_PREDICTIONS
    assert command_module.EFFECTS == two_arm_pooling.EFFECTS
    assert set(command_module.CI) == {
        ci for offered in two_arm_pooling.ARM_INTERVALS.values() for ci in offered
    }


def test_a_failed_command_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("mine")
    assert run("9/8,1/2", "--output", "out.json").exit_code == 2
    assert (tmp_path / "out.json").read_text() == "mine"


def test_bare_rows_print_themselves() -> None:
    found = evidence.trial_rows([ArmRow("A", 49, 107, 24, 94)])
    assert "49 of 107" in str(found)
    assert trial_explained.r_code(found).count("fisher.test") == 1
