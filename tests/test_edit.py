"""evidence edit, remove and verify: one row, the rest byte for byte; what was verified stays traceable."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

import evidence
from evidence.cli import main
from evidence.review.tables import load
from evidence.review.writing import LOCK
from tests.made_reviews import REFERENCE
from tests.made_reviews import review as make_review

SHIPPED = Path(evidence.__file__).parent.parent / "data"


@pytest.fixture
def small(tmp_path):
    """Three series, one of them with a cohort and an overlap."""
    make_review(
        tmp_path,
        ["ours 6/6", "other 3/9", "third 4/8", "third 5/8 weeks=20 state=read", "third 1/7 outcome=rash state=secondary"],
        cohorts="third,ward other,clinic",
        overlaps="ward,clinic,possible",
    )  # fmt: skip
    return tmp_path


def run(folder, *args):
    return CliRunner().invoke(main, [*map(str, args), "--review", str(folder)])


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name != LOCK}


def lines(folder, name="outcomes.csv"):
    return (folder / name).read_text().splitlines()


# ---- edit ----------------------------------------------------------------------------------------


def test_an_edit_changes_one_line_and_shows_the_pool(small):
    before = lines(small)
    done = run(small, "edit", "outcomes", "other", "cure", "events=4", "state=read", "--yes")
    assert done.exit_code == 0, done.output
    after = lines(small)
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [2]
    assert after[2] == before[2].replace(",3,9,verified", ",4,9,read")
    assert "events   3 -> 4" in done.stdout
    assert "OTHER: 3/9 at week 12 before, 4/9 at week 12 now." in done.stdout


@pytest.mark.parametrize(
    ("key", "row"),
    [
        (("third", "cure", "week", "20"), 5),
        (("third", "20"), 5),
        (("20", "third"), 5),
        (("THIRD", "rash"), 6),
        (("row", "5"), 5),
        (("5",), 5),
        (("oth",), 3),
    ],
)
def test_a_row_is_called_by_what_tells_it_from_others(small, key, row):
    done = run(small, "edit", "outcomes", *key, "caution=x", "--dry-run", "--format", "json")
    assert json.loads(done.stdout)["rows"][0]["row"] == row, done.output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ("outcomes", "third", "caution=x"),
            "3 rows of outcomes.csv are called third; say more, or row NUMBER",
        ),
        (("outcomes", "thrd", "caution=x"), "no row of outcomes.csv is called thrd (did you mean third?)"),
        (("outcomes", "row", "99", "caution=x"), "has no row 99"),
        (("outcomes", "row", "1", "caution=x"), "has no row 1"),
        (("outcoms", "third", "caution=x"), "did you mean outcomes?"),
        (("outcomes", "other", "evnts=4"), "no column 'evnts' (did you mean events?)"),
        (("outcomes", "other", "events=3"), "says so already"),
        (("outcomes", "other"), "Say what changes"),
        (("outcomes", "events=3"), "KEY comes first"),
        (("outcomes", "other", "events=3", "cure"), "KEY comes first"),
    ],
)
def test_what_cannot_be_found_or_changed_is_said(small, args, said):
    before = contents(small)
    done = run(small, "edit", *args, "--yes")
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
    assert contents(small) == before


def test_an_edit_that_would_not_validate_is_not_written(small):
    before = contents(small)
    done = run(small, "edit", "outcomes", "other", "events=10", "state=read", "--yes")
    assert done.exit_code == 1
    assert "row 3, column events: '10' is more than n (9)" in done.stderr
    assert contents(small) == before


def test_a_verified_number_that_changes_is_not_verified_any_more_until_it_is_said(small):
    run(small, "verify", "other", "cure", "--by", "MV", "--locator", "p. 2", "--yes")
    before = contents(small)
    done = run(small, "edit", "outcomes", "other", "events=4", "--yes")
    assert done.exit_code == 2
    assert "was verified by MV; with another events say how the new value was read" in done.stderr
    assert contents(small) == before
    done = run(small, "edit", "outcomes", "other", "events=4", "state=read", "--yes")
    assert done.exit_code == 0, done.output
    row = load(small).by_outcome["cure"][1]
    assert (row.events, row.state, row.verified_by, row.verified_on) == (4, "read", "", "")


def test_a_verified_row_may_get_a_word_of_caution(small):
    run(small, "verify", "other", "cure", "--by", "MV", "--locator", "p. 2", "--yes")
    assert run(small, "edit", "outcomes", "other", "caution=mixed doses", "--yes").exit_code == 0
    row = load(small).by_outcome["cure"][1]
    assert (row.state, row.verified_by, row.caution) == ("verified", "MV", "mixed doses")


def test_no_edit_makes_a_row_verified_by_nobody(small):
    assert run(small, "edit", "outcomes", "third", "20", "state=verified", "--yes").exit_code == 2
    given = ("state=verified", "verified_by=JG", "locator=Table 1")
    assert run(small, "edit", "outcomes", "third", "20", *given, "--yes").exit_code == 0
    assert load(small).by_outcome["cure"][3].verified_on == date.today().isoformat()


# ---- remove --------------------------------------------------------------------------------------


def test_a_row_is_taken_out_and_the_others_stay(small):
    before = lines(small)
    done = run(small, "remove", "outcomes", "other", "cure", "--yes")
    assert done.exit_code == 0, done.output
    assert lines(small) == before[:2] + before[3:]
    assert "OTHER is no longer pooled (it was 3/9 at week 12)." in done.stdout


def test_what_others_refer_to_stays_and_they_are_named(small):
    before = contents(small)
    done = run(small, "remove", "studies", "third", "--yes")
    assert done.exit_code == 1
    assert "cohorts.csv row 2, outcomes.csv rows 4, 5, 6" in done.stderr
    done = run(small, "remove", "cohorts", "third", "--yes")
    assert "overlaps.csv row 2" in done.stderr
    assert run(small, "remove", "outcomes", "ours", "--dry-run").exit_code == 0
    assert contents(small) == before


def test_a_report_that_an_analysis_names_stays(tmp_path):
    make_review(tmp_path, ["ours 6/6"], toml=REFERENCE, studies={"trial": "design=trial"})
    done = run(tmp_path, "remove", "studies", "trial", "--yes")
    assert done.exit_code == 1
    assert "review.toml analyses.primary.reference.study" in done.stderr


def test_a_patient_with_scores_stays(small):
    run(small, "add", "patient", "--study", "ours", "--patient", "1", "--state", "unverified", "--yes")
    score = ("--score", "pain", "--weeks", "0", "--value", "3", "--state", "unverified")
    run(small, "add", "score", "--study", "ours", "--patient", "1", *score, "--yes")
    done = run(small, "remove", "patients", "ours:1", "--yes")
    assert done.exit_code == 1
    assert "scores.csv row 2" in done.stderr


# ---- verify --------------------------------------------------------------------------------------


def test_who_verified_what_where_and_when_is_kept_and_shown(small):
    done = run(
        small,
        "verify",
        "third",
        "week",
        "20",
        "--by",
        "MV",
        "--locator",
        "Table 2, p. 4",
        "--on",
        "2026-07-31",
        "--yes",
    )
    assert done.exit_code == 0, done.output
    row = load(small).by_outcome["cure"][3]
    assert (row.state, row.verified_by, row.verified_on, row.locator) == (
        "verified",
        "MV",
        "2026-07-31",
        "Table 2, p. 4",
    )
    shown = " ".join(run(small, "show", "third").stdout.split())
    assert "verified by MV on 2026-07-31; Table 2, p. 4" in shown
    data = json.loads(run(small, "show", "third", "--format", "json").stdout)
    assert "2026-07-31" in json.dumps(data)


def test_a_second_reader_is_added_to_the_first(small):
    for by in ("MV", "JG", "MV"):
        assert run(small, "verify", "other", "cure", "--by", by, "--locator", "p. 2", "--yes").exit_code == 0
    assert load(small).by_outcome["cure"][1].verified_by == "MV; JG"


def test_the_page_must_say_what_the_row_says(small):
    before = contents(small)
    given = ("--by", "MV", "--locator", "p. 2", "--yes")
    done = run(small, "verify", "other", "cure", *given, "--reads", "4/9")
    assert done.exit_code == 1
    assert "the page says 4/9, outcomes.csv row 3 says 3/9: nothing was recorded" in done.stderr
    assert contents(small) == before
    assert run(small, "verify", "other", "cure", *given, "--reads", "3 / 9").exit_code == 0


def test_what_another_source_said_is_verified_in_the_paper_itself(small):
    given = ("verify", "third", "rash", "--by", "MV", "--locator", "p. 2", "--yes")
    done = run(small, *given)
    assert done.exit_code == 2
    assert "--source says which paper was read" in done.stderr
    assert run(small, *given, "--source", "https://doi.org/10.1000/1").exit_code == 0


def test_a_row_of_another_table_is_verified(small):
    run(small, "add", "patient", "--study", "ours", "--patient", "1", "--state", "unverified", "--yes")
    given = ("--by", "MV", "--locator", "p. 2", "--source", "x", "--yes")
    assert run(small, "verify", "patients", "ours:1", *given).exit_code == 0
    assert load(small).patients[0].verified_by == "MV"
    assert "no state" in run(small, "verify", "overlaps", "ward", "clinic", *given).stderr


@pytest.mark.parametrize("options", [("--by", "MV"), ("--locator", "p. 2")])
def test_a_name_and_a_place_are_needed(small, options):
    assert run(small, "verify", "other", "cure", *options, "--yes").exit_code == 2


def test_a_date_that_is_none_is_refused(small):
    done = run(small, "verify", "other", "cure", "--by", "MV", "--locator", "x", "--on", "31.7.2026", "--yes")
    assert done.exit_code == 2
    assert "2023-07-31" in done.stderr


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("read,MV,", "column verified_by: 'MV' though the state is read"),
        ("read,,2026", "column verified_on: '2026' though the state is read"),
        ("verified,,2026", "column verified_by: the cell is empty, though there is a date"),
        ("verified,MV,", "column locator: the cell is empty, though MV verified the row"),
    ],
)
def test_a_table_in_which_nobody_verified_a_verified_row_has_findings(tmp_path, cells, said):
    make_review(tmp_path, ["ours 6/6"])
    (tmp_path / "studies.csv").write_text(
        f"study,design,source,state,verified_by,verified_on\nours,cohort,x,{cells}\n"
    )
    done = run(tmp_path, "check")
    assert done.exit_code == 1
    assert said.partition(": ")[2] in done.stdout


def test_verifying_in_a_copy_of_the_shipped_review_changes_one_line(tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("__*__*"))
    before = lines(copy)
    done = run(
        copy,
        "verify",
        "valencia2025",
        "clasi50",
        "--by",
        "MV",
        "--locator",
        "Table 1",
        "--reads",
        "9/9",
        "--yes",
    )
    assert done.exit_code == 0, done.output
    assert sum(a != b for a, b in zip(before, lines(copy), strict=True)) == 1
