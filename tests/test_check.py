"""evidence check: what it finds, how it says so, what still has to be read, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from evidence.cli import main
from evidence.report.review.check import render_check
from evidence.review.checking import Checked, Unchecked, check_counts, check_review
from evidence.review.schema import Problem

ROOT = Path(__file__).resolve().parent.parent
SMALL = ROOT / "tests" / "damaged" / "review"

SENSITIVITY = {
    "review.toml": """\
format = 1
title = "Sensitivity of rapid tests for influenza"

[outcomes.sensitivity]
label = "Sensitivity"
definition = "positive by the rapid test, of those positive by PCR"
better = "higher"

[outcomes.specificity]
better = "higher"

[analyses.primary]
outcome = "sensitivity"
pool = { design = ["cross-sectional", "case-control"] }
reference = { study = "maker2019" }

[columns.studies]
setting = ["emergency", "practice"]
prevalence = "number"

[columns.outcomes]
cut_off = "text"
reader = ["blinded", "not blinded"]
""",
    "studies.csv": """\
study,authors,year,design,setting,prevalence,source,locator,state
meyer2018,Meyer K,2018,cross-sectional,emergency,12.5,https://example.org/1,Table 2,verified
okafor2020,Okafor C,2020,case-control,practice,,https://example.org/2,abstract,read
maker2019,,2019,trial,,,https://example.org/3,leaflet,secondary
""",
    "outcomes.csv": """\
study,arm,outcome,weeks,events,n,percent,not_poolable,cut_off,reader,source,locator,state
meyer2018,rapid test,sensitivity,0,41,50,82,,weak line,blinded,https://example.org/1,Table 2,verified
meyer2018,rapid test,specificity,0,340,350,97.1,,weak line,blinded,https://example.org/1,Table 2,verified
okafor2020,rapid test,sensitivity,0,60,80,75.0,,,not blinded,https://example.org/2,abstract,read
maker2019,rapid test,sensitivity,0,95,100,,,,,https://example.org/3,leaflet,secondary
maker2019,rapid test,specificity,0,,,99,no count,,,https://example.org/3,leaflet,unverified
""",
}
"""Another subject altogether: diagnostic accuracy, where events are true positives."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in SENSITIVITY.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVIDENCE_REVIEW", raising=False)
    return tmp_path


def damage(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def run(*args: str, **settings: Any) -> Result:
    return CliRunner().invoke(main, ["check", *args], **settings)


# ---- a review on another subject -----------------------------------------------------------------


def test_a_clean_review_says_what_was_read_and_what_is_still_to_be_read(folder: Path) -> None:
    result = run()
    assert result.exit_code == 0
    assert result.stderr == ""
    assert (
        result.stdout
        == """\
Sensitivity of rapid tests for influenza
3 reports, 5 rows: no problems

Of 5 rows of outcomes: 2 verified (full text), 1 read (abstract or register entry), 1 secondary (another source), 1 unverified \
(recalled or assumed).

Still to be verified, and an analysis rests on it:
  secondary   maker2019, rapid test, Sensitivity, week 0: 95/100 [primary]
              outcomes.csv row 5; leaflet
              https://example.org/3
  read        Okafor 2020, rapid test, Sensitivity, week 0: 60/80 [primary]
              outcomes.csv row 4; abstract
              https://example.org/2

Recalled, or from another source than the report:
  unverified  maker2019, rapid test, specificity, week 0: 99 %
              outcomes.csv row 6; leaflet
              https://example.org/3

2 more rows are not verified: evidence check --states
"""
    )


def test_states_lists_every_row_that_is_not_verified(folder: Path) -> None:
    text = run("--states").stdout
    assert "studies.csv row 3; abstract" in text
    assert "studies.csv row 4; leaflet" in text
    assert "--states" not in text
    assert text.count("outcomes.csv row") == 3


def test_a_review_in_which_all_is_verified(folder: Path) -> None:
    for file in ("studies.csv", "outcomes.csv"):
        text = re.sub(
            r",(read|secondary|unverified)$", ",verified", (folder / file).read_text(), flags=re.MULTILINE
        )
        (folder / file).write_text(text)
    assert run().stdout.splitlines()[1:] == [
        "3 reports, 5 rows: no problems",
        "",
        "Of 5 rows of outcomes: 5 verified (full text).",
    ]


def test_strata_that_an_analysis_sums_are_said_to_be_used(tmp_path: Path) -> None:
    small = check_review(SMALL)
    assert small.problems == ()
    assert {entry.label for entry in small.unchecked if entry.analyses} <= {
        "Carter 2023",
        "TULIP-1+2",
        "Valencia 2025",
    }
    shipped = check_review(ROOT / "data")
    used = [(entry.row, entry.state, entry.analyses) for entry in shipped.unchecked if entry.analyses]
    assert used[0][1:] == ("unverified", ("primary",))
    assert [entry.state for entry in shipped.unchecked] == sorted(
        (entry.state for entry in shipped.unchecked), key=("unverified", "secondary", "read").index
    )


# ---- problems ------------------------------------------------------------------------------------


def test_all_problems_by_file_each_with_its_place_and_what_was_meant(folder: Path) -> None:
    damage(folder, "outcomes.csv", ",41,50,", ",51,50,")
    damage(folder, "outcomes.csv", ",60,80,", ",03-Dec,80,")
    damage(folder, "studies.csv", "cross-sectional", "cross sectional")
    damage(folder, "review.toml", 'better = "higher"', 'better = "up"')
    result = run()
    assert result.exit_code == 1
    assert (
        result.stdout
        == f"""\
{folder.name}: 4 problems in 3 files

review.toml
  outcomes.sensitivity.better: 'up' is not one of the words; allowed: higher, lower

studies.csv
  row 2, design: 'cross sectional' is not one of the words for this column (did you mean cross-sectional?); allowed: case report, \
case series, cohort, registry, cross-sectional, case-control, trial, pooled trials, trial extension, review, protocol, not stated

outcomes.csv
  row 2, events: '51' is more than n (50); allowed: a whole number from 0 to n
  row 4, events: '03-Dec' is a date, which a spreadsheet made of a number (did you mean 3/12 or 12/3?); allowed: a whole number \
from 0, or empty
"""
    )


def test_the_same_finding_in_many_rows_is_one_line(folder: Path) -> None:
    text = (
        (folder / "outcomes.csv")
        .read_text()
        .replace("maker2019", "maker2018")
        .replace("okafor2020,", "maker2018,")
    )
    (folder / "outcomes.csv").write_text(text)
    assert "  rows 4 to 6, study: 'maker2018' is not in studies.csv (did you mean maker2019?)" in run().stdout
    assert len(json.loads(run("--format", "json").stdout)["problems"]) == 3


def test_rows_are_listed_as_people_would() -> None:
    problems = tuple(Problem("x.csv", row, "a", "b", "is odd") for row in (2, 3, 5, 6, 7, 9))
    assert "rows 2, 3, 5 to 7, 9, a: 'b' is odd" in render_check(Checked("x.csv", "", problems))
    problems = tuple(Problem("x.csv", row, "a", "b", "is odd") for row in range(2, 100, 2))
    assert "22, 24, ... (49 in all), a: 'b' is odd" in render_check(Checked("x.csv", "", problems))


def test_json_has_every_part_for_an_editor(folder: Path) -> None:
    damage(folder, "outcomes.csv", ",60,80,", ",03-Dec,80,")
    result = run("--format", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert set(document) == {"review", "place", "problems", "counts", "states", "unchecked"}
    assert document["problems"] == [
        {
            "file": "outcomes.csv",
            "row": 4,
            "column": "events",
            "value": "03-Dec",
            "reason": "is a date, which a spreadsheet made of a number",
            "allowed": "a whole number from 0, or empty",
            "likely": "3/12 or 12/3",
        }
    ]
    assert document["counts"] == {"problems": 1, "files": {"outcomes.csv": 1}, "read": {}}
    assert (document["states"], document["unchecked"]) == ({}, [])


def test_json_of_a_clean_review_counts_what_was_read(folder: Path) -> None:
    document = json.loads(run("--format", "json").stdout)
    assert document["problems"] == []
    assert document["counts"]["read"]["outcomes"] == 5
    assert document["states"]["outcomes"] == {"verified": 2, "read": 1, "secondary": 1, "unverified": 1}
    assert [(entry["file"], entry["row"]) for entry in document["unchecked"]][:2] == [
        ("outcomes.csv", 6),
        ("outcomes.csv", 5),
    ]


def test_text_is_wrapped_only_for_a_terminal() -> None:
    problem = Problem("x.csv", 2, "a", "b", "is " + "very " * 30 + "odd")
    checked = Checked("x.csv", "", (problem,))
    assert max(map(len, render_check(checked).splitlines())) > 150
    lines = render_check(checked, width=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[4].startswith("      very")
    entry = Unchecked(
        "outcomes.csv", 2, "A " * 40, "arm", "1/2", "read", "https://example.org/" + "x" * 90, "p. 3"
    )
    shown = render_check(
        Checked(
            ".",
            "T",
            (),
            {"outcomes": 1} | dict.fromkeys(("studies", "patients", "scores", "statements", "references"), 0),
            {},
            (entry,),
        ),
        states=True,
        width=80,
    )
    assert "x" * 90 in shown  # an address is to be copied


def test_hostile_text_never_reaches_the_terminal(folder: Path) -> None:
    damage(folder, "studies.csv", "Meyer K", "\x1b[31mMeyer\x07")
    damage(folder, "outcomes.csv", "meyer2018,rapid", "mey\x1b]0;x\x07er,rapid")
    for args in ((), ("--format", "json")):
        result = run(*args)
        assert result.exit_code == 1
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.stdout)


def test_json_escapes_what_hides_and_means_the_same() -> None:
    value = "a\x7fb\u202ec\x9bd\u200be\u00a0é\U000e0041"
    text = render_check(Checked("x.csv", "", (Problem("x.csv", 2, "a", value, "is odd"),)), "json")
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "é" in text
    assert json.loads(text)["problems"][0]["value"] == value


def test_ascii_where_the_terminal_cannot() -> None:
    checked = Checked("x.csv", "", (Problem("x.csv", 2, "a", "Cádiz", "is odd"),))
    assert render_check(checked, unicode=False).isascii()


def test_a_check_loads_no_numbers() -> None:
    code = "import sys\ntry:\n from evidence.cli import main; main(['check'])\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert "evidence.report.review.check" in done.stderr.split()
    assert not {"numpy", "pandas", "scipy"}.intersection(done.stderr.split())


# ---- which review, which table -------------------------------------------------------------------


def test_the_shipped_review_is_clean_and_says_that_it_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run()
    assert result.exit_code == 0
    assert "using the review that comes with evidence" in result.stderr
    assert "no problems" in result.stdout
    assert "TULIP-2, anifrolumab 300 mg, CLASI-50, week 12: 24/49 [primary]" in result.stdout


def test_a_table_of_a_review_means_the_review(folder: Path) -> None:
    for file in ("outcomes.csv", "review.toml"):
        result = run(file)
        assert result.exit_code == 0
        assert f"{file} is part of the review in .: all of it is checked" in result.stderr
        assert result.stdout == run().stdout
    assert run(str(folder)).stdout == run().stdout
    assert run("--review", str(folder)).stdout == run().stdout


def test_a_bare_table(folder: Path) -> None:
    Path("t.csv").write_text("study,events,n\nA,3,9\nB,1,4\n")
    result = run("t.csv")
    assert (result.exit_code, result.stdout) == (0, "t.csv: 2 rows, 4/13 in all: no problems\n")
    assert (
        run("-", input="study,events,n\nA,3,9\n").stdout == "standard input: 1 row, 3/9 in all: no problems\n"
    )
    Path("t.csv").write_text("study,events,n\nA,9,3\nB,x,4\n")
    result = run("t.csv")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "t.csv: 2 problems in t.csv"
    assert check_counts("t.csv").problems[0].row == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["no-such-file.csv"], "no-such-file.csv cannot be read"),
        (["--review", "no-such-folder"], "is not a folder"),
        (["t.csv", "--review", "."], "--review goes with a review"),
        (["empty.csv"], "is not a table of counts"),
        (["--output", "no/such/folder/x"], "cannot write"),
    ],
)
def test_what_cannot_be_read_ends_with_2(folder: Path, args: list[str], said: str) -> None:
    Path("t.csv").write_text("study,events,n\nA,3,9\n")
    Path("empty.csv").write_text("")
    result = run(*args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_toml_that_cannot_be_read_ends_with_2_and_says_where(folder: Path) -> None:
    damage(folder, "review.toml", "title = ", "title ")
    result = run()
    assert result.exit_code == 2
    assert "line 2" in result.stderr


def test_output_goes_whole_to_a_file_whose_ending_chooses_the_format(folder: Path) -> None:
    assert run("--output", "check.json").exit_code == 0
    assert json.loads(Path("check.json").read_text())["problems"] == []
    damage(folder, "outcomes.csv", ",41,50,", ",51,50,")
    assert run("--output", "check.txt").exit_code == 1
    assert "is more than n (50)" in Path("check.txt").read_text()
