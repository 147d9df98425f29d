"""evidence add: one line more, checked first, with what it does to the pool."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import evidence
from evidence.cli import add as add_module
from evidence.cli import asking, changing, main
from evidence.review import adding
from evidence.review.schema import TABLES
from evidence.review.tables import load
from evidence.review.writing import LOCK
from tests.made_reviews import review as make_review

SHIPPED = Path(evidence.__file__).parent.parent / "data"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("EVIDENCE_REVIEW", raising=False)


@pytest.fixture
def small(tmp_path):
    """Two series of the pool."""
    folder = tmp_path / "small"
    folder.mkdir()
    make_review(folder, ["ours 6/6", "other 3/9"], studies={"third": "", "report": "design=case_report"})
    return folder


@pytest.fixture
def copy(tmp_path):
    """A copy of the shipped review."""
    folder = tmp_path / "copy"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("__*__*"))
    return folder


def run(*args, **settings):
    return CliRunner().invoke(main, [str(arg) for arg in args], **settings)


def outcome(folder, *args, study="third", events="5", n="10", weeks="12", state="unverified"):
    """evidence add outcome, of the third report where nothing else is said."""
    given = {"study": study, "outcome": "cure", "weeks": weeks, "events": events, "n": n, "state": state}
    pairs = [part for name, text in given.items() for part in (f"--{name}", text)]
    return run("add", "outcome", "--review", folder, *pairs, *args)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != LOCK}


# ---- one line ------------------------------------------------------------------------------------


def test_a_series_of_the_letter_is_one_line_of_one_file_and_changes_the_pool(copy):
    """Martín-Torregrosa's series is in studies.csv without a count; these counts are made up."""
    before = contents(copy)
    done = run(
        "add", "outcome", "--review", copy, "--study", "martintorregrosa2024", "--arm", "anifrolumab", "--outcome",
        "clasi50", "--weeks", "16", "--events", "6", "--n", "6", "--state", "unverified", "--yes",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    after = contents(copy)
    assert {name for name in after if after[name] != before[name]} == {"outcomes.csv"}
    added = after["outcomes.csv"].removeprefix(before["outcomes.csv"]).decode()
    header = before["outcomes.csv"].decode().splitlines()[0].split(",")
    cells = dict(zip(header, added.rstrip("\n").split(","), strict=True))
    assert added.endswith("\n")
    assert added.count("\n") == 1
    assert {name: text for name, text in cells.items() if text} == {
        "study": "martintorregrosa2024", "arm": "anifrolumab", "outcome": "clasi50", "weeks": "16", "events": "6", "n": "6",
        "state": "unverified",
    }  # fmt: skip
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["before", "3", "series", "exact", "26/26", "100.0", "86.8", "to", "100.0"] in lines
    assert ["after", "4", "series", "exact", "32/32", "100.0", "89.1", "to", "100.0"] in lines
    assert "Martín-Torregrosa 2024 enters: 6/6 at week 16." in done.stdout
    assert "possibly share patients" in done.stdout
    pooled = evidence.pool(load(copy))
    assert (pooled.leading.events, pooled.leading.n) == (32, 32)


def test_every_kind_of_row_can_be_added(small):
    steps = {
        "report": "--study lin --design cohort --state unverified --year 2026",
        "cohort": "--study lin --cohort ward",
        "overlap": "--cohort-a ward --cohort-b ours --certainty possible --reason same",
        "outcome": "--study lin --outcome cure --weeks 12 --events 1 --n 2 --state unverified",
        "patient": "--study lin --patient 1 --state unverified",
        "score": "--study lin --patient 1 --score pain --weeks 0 --value 2.5 --state unverified",
        "reference": "--cited-by lin --number 1 --citation Someone",
        "statement": "--study lin --place text --quantity age --statistic median --printed 35 --state unverified",
    }
    assert set(steps) == set(add_module.KINDS)
    for kind, options in steps.items():
        done = run("add", kind, "--review", small, *options.split(), "--yes")
        assert done.exit_code == 0, (kind, done.output)
    review = load(small)
    assert review.cohorts["lin"] == ("ward",)
    assert review.scores[0].value == 2.5
    assert len(review.statements) == len(review.references) == len(review.overlaps) == 1


def test_kinds_and_options_are_those_of_the_tables():
    assert tuple(adding.KINDS) == add_module.KINDS
    context = click.Context(add_module.add)
    for kind, table in adding.KINDS.items():
        command = add_module.add.get_command(context, kind)
        names = {option.name for option in command.params}
        assert names == {column.name for column in TABLES[table].columns} | set(add_module.ASIDE)
        assert all(option.help for option in command.params)
        shown = run("add", kind, "--help").output
        assert max(map(len, shown.splitlines())) <= 80


def test_a_column_of_the_reviews_own_is_set(small):
    toml = small / "review.toml"
    toml.write_text(toml.read_text() + '[columns.outcomes]\ncentre = ["one", "many"]\n')
    assert outcome(small, "--set", "centre=many", "--yes").exit_code == 0
    assert load(small).rows[-1].extra == {"centre": "many"}
    wrong = outcome(small, "--set", "centre=few", "--yes", weeks="20")
    assert wrong.exit_code == 1
    assert "column centre: 'few' is not one of the words" in wrong.stderr
    assert "has no column 'color'" in outcome(small, "--set", "color=red", "--yes", weeks="20").stderr
    assert outcome(small, "--set", "centre", "--yes").exit_code == 2


# ---- what it does to the pool --------------------------------------------------------------------


def test_who_does_not_enter_is_said_with_the_rule(small):
    done = outcome(small, "--dry-run", study="report")
    assert "The pool stays as it is: 9/15 in 2 series." in done.stdout
    text = " ".join(done.stdout.split())
    assert "REPORT does not enter: case report; pooled are cohort, case series (rule: design)." in text
    assert "LATE" not in text


def test_a_first_series_makes_the_analysis_possible(small):
    for number in ("2", "2"):
        assert run("remove", "outcomes", "row", number, "--review", small, "--yes").exit_code == 0
    done = json.loads(outcome(small, "--dry-run", "--format", "json").stdout)
    (one,) = done["analyses"]
    assert one["before"] is None
    assert one["impossible_before"] == "no report has a row for Cure"
    assert (one["after"]["k"], one["after"]["events"], one["after"]["n"]) == (1, 5, 10)


def test_json_has_the_numbers_in_full(small):
    done = json.loads(outcome(small, "--dry-run", "--format", "json").stdout)
    (one,) = done["analyses"]
    assert done["written"] is False
    assert [row["row"] for row in done["rows"]] == [4]
    for side, counts in (("before", ([6, 3], [6, 9])), ("after", ([6, 3, 5], [6, 9, 10]))):
        expected = evidence.pool_counts(*counts)
        assert one[side]["proportion"]["low"] == pytest.approx(float(expected.proportion.low), abs=1e-12)
        assert one[side]["k"] == len(counts[0])
    assert [row["study"] for row in one["entered"]] == ["third"]


def test_csv_is_a_line_a_cell(small):
    lines = outcome(small, "--dry-run", "--format", "csv").stdout.splitlines()
    assert lines[0] == "action,file,row,column,before,after"
    assert "added,outcomes.csv,4,events,,5" in lines


def test_another_analysis_that_changes_is_shown_too(copy):
    done = run(
        "add", "outcome", "--review", copy, "--study", "valencia2025", "--arm", "anifrolumab", "--outcome",
        "herpes_zoster", "--weeks", "last visit", "--events", "0", "--n", "9", "--state", "unverified", "--dry-run",
        "--format", "json",
    )  # fmt: skip
    assert [(a["analysis"], a["changed"]) for a in json.loads(done.stdout)["analyses"]] == [
        ("primary", False),
        ("herpes_zoster", True),
    ]


# ---- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"events": "11"}, "column events: '11' is more than n (10)"),
        ({"state": "verifed"}, "(did you mean verified?)"),
        ({"weeks": "last vist"}, "(did you mean last visit?)"),
        ({"study": "nobody"}, "column study: 'nobody' is not in studies.csv"),
        ({"study": "other"}, "row 4, column study: 'other, drug, cure, 12' is in row 3 already"),
        ({"state": "read"}, "column source: the cell is empty, though the row was read (read)"),
    ],
)
def test_a_row_that_cannot_be_is_not_written(small, args, said):
    before = contents(small)
    done = outcome(small, "--yes", "--arm", "drug", **args)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "nothing was written" in done.stderr
    assert contents(small) == before


def test_a_script_that_leaves_out_what_a_row_needs_is_told_all_of_it(small):
    done = run("add", "outcome", "--review", small, "--study", "third", "--yes")
    assert done.exit_code == 2
    for name in ("--outcome", "--weeks", "--state"):
        assert f"  {name}: " in done.stderr
    assert "--study:" not in done.stderr


def test_a_verified_number_needs_somebody_and_a_page(small):
    done = outcome(small, "--source", "x", "--yes", state="verified")
    assert done.exit_code == 2
    assert "verified_by and locator" in done.stderr
    done = outcome(
        small, "--source", "x", "--verified-by", "MV", "--locator", "p. 3", "--yes", state="verified"
    )
    assert done.exit_code == 0
    row = load(small).rows[-1]
    assert (row.state, row.verified_by, row.locator) == ("verified", "MV", "p. 3")
    assert len(row.verified_on) == 10


def test_nobody_to_ask_is_wrong_usage_and_a_dry_run_writes_nothing(small):
    before = contents(small)
    assert outcome(small).exit_code == 2
    done = outcome(small, "--dry-run")
    assert done.exit_code == 0
    assert "nothing was written (--dry-run)" in done.stderr
    assert contents(small) == before
    assert not (small / LOCK).exists()


def test_the_shipped_review_is_refused_but_may_be_looked_at():
    given = ("add", "cohort", "--study", "khan2023", "--cohort", "ward")
    done = run(*given, "--yes")
    assert done.exit_code == 2
    assert "evidence init --example" in done.stderr
    assert run(*given, "--dry-run").exit_code == 0


def test_hostile_text_does_not_reach_the_terminal(small):
    done = outcome(small, "--note", "\x1b[2Jgone", "--dry-run")
    assert "\x1b" not in done.output
    done = run("edit", "outcomes", "\x1b[2J", "events=3", "--review", small, "--yes")
    assert "\x1b" not in done.output


# ---- many ----------------------------------------------------------------------------------------


def test_rows_of_a_csv_file_are_added_and_options_fill_their_gaps(small, tmp_path):
    file = tmp_path / "new.csv"
    file.write_text("outcome;study;weeks;events;n\ncure;third;12,5;4;8\nrash;third;20;1;8\n")
    before = (small / "outcomes.csv").read_bytes()
    done = run(
        "add", "outcome", "--from", file, "--state", "unverified", "--arm", "drug", "--review", small, "--yes"
    )
    assert done.exit_code == 0, done.output
    assert "written: outcomes.csv rows 4 to 5" in done.stderr
    raw = (small / "outcomes.csv").read_bytes()
    assert raw.startswith(before)
    assert [(r.outcome, r.weeks, r.arm, r.events) for r in load(small).rows[2:]] == [
        ("cure", 12.5, "drug", 4),
        ("rash", 20.0, "drug", 1),
    ]


def test_rows_of_a_workbook_are_added(small, tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["study", "outcome", "weeks", "events", "n", "state"])
    book.active.append(["third", "cure", 12, 4, 8, "unverified"])
    book.save(tmp_path / "new.xlsx")
    done = run("add", "outcome", "--from", tmp_path / "new.xlsx", "--review", small, "--yes")
    assert done.exit_code == 0, done.output
    assert (small / "outcomes.csv").read_text().splitlines()[-1].startswith("third,,,,cure,12,4,8,unverified")


def test_what_is_wrong_in_a_file_is_said_by_its_own_rows_and_nothing_is_written(small, tmp_path):
    before = contents(small)
    file = tmp_path / "new.csv"
    file.write_text(
        "study,outcome,weeks,events,n,state\nthird,cure,12,4,8,unverified\n\nthird,cure,16,9,8,unverified\n"
    )
    done = run("add", "outcome", "--from", file, "--review", small, "--yes")
    assert done.exit_code == 1
    assert "new.csv row 4, column events: '9' is more than n (8)" in done.stderr
    file.write_text("study,evnts\nthird,4\n")
    done = run("add", "outcome", "--from", file, "--review", small, "--yes")
    assert (
        "new.csv row 1, column evnts: 'evnts' is not a column of this table (did you mean events?)"
        in done.stderr
    )
    file.write_text("study,events\n")
    assert "no rows" in run("add", "outcome", "--from", file, "--review", small, "--yes").stderr
    assert contents(small) == before


# ---- on a terminal -------------------------------------------------------------------------------


@pytest.fixture
def at_a_terminal(monkeypatch):
    monkeypatch.setattr(changing, "at_a_terminal", lambda: True)


@pytest.mark.usefixtures("at_a_terminal")
def test_a_person_is_asked_with_the_choices_of_the_table_until_the_row_can_be(small):
    answers = [
        "thrid", "third",  # a slip, and the report again
        "1",               # the arm by its number
        "",                # no subgroup
        "Cure", "cure",
        "last vist", "16",
        "-1", "3", "9", "", "", "", "",
        "4",               # the state by its number
        "note", "by hand", "",
        "y",
    ]  # fmt: skip
    done = run("add", "outcome", "--review", small, input="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    for said in ("did you mean third?", "1  drug", "did you mean last visit?", "is negative", "Write this?"):
        assert said in done.stderr, said
    row = load(small).rows[-1]
    assert (row.study, row.arm, row.outcome, row.weeks, row.events, row.n) == (
        "third",
        "drug",
        "cure",
        16.0,
        3,
        9,
    )
    assert (row.state, row.note) == ("unverified", "by hand")


@pytest.mark.usefixtures("at_a_terminal")
def test_what_was_given_is_not_asked_and_a_no_writes_nothing(small):
    before = contents(small)
    done = run(
        "add", "overlap", "--review", small, "--certainty", "possible", "--reason", "x", "--source", "y",
        input="ours\nother\n\nn\n",
    )  # fmt: skip
    assert done.exit_code == 0
    assert "certainty:" not in done.stderr
    assert "nothing was written" in done.stderr
    assert contents(small) == before


@pytest.mark.usefixtures("at_a_terminal")
def test_a_person_who_says_verified_is_asked_by_whom(small):
    given = [
        "--study",
        "third",
        "--patient",
        "1",
        "--arm",
        "",
        "--age",
        "",
        "--sex",
        "",
        "--source",
        "x",
        "--note",
        "",
    ]
    done = run("add", "patient", "--review", small, *given, input="\nverified\n\np. 2\nMV\ny\n")
    assert done.exit_code == 0, done.output
    assert load(small).patients[0].verified_by == "MV"


def test_columns_asked_for_are_columns():
    for table, names in asking.ASKED.items():
        columns = {column.name: column for column in TABLES[table].columns}
        assert set(names) <= set(columns)
        assert {name for name, column in columns.items() if column.required} <= set(names)
