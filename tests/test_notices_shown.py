"""A retracted paper is said to be, wherever its numbers are shown; and can be left out, with the reason."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import evidence
from evidence.papers.notices import COLUMNS

Run = Callable[..., CompletedProcess[str]]

CARTER = "36944572"  # the PMID of a report of the shipped review
RETRACTED = "retracted", "J Made Up. 2026;1:1.", "99000001"


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy of the shipped review in which one paper has been retracted and another one corrected."""
    review = tmp_path / "review"
    shutil.copytree(root / "data", review)
    (review / "papers").mkdir()
    with (review / "papers" / "notices.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerow((CARTER, "", *RETRACTED))
        table.writerow(("30588322", "", "corrected", "J Made Up. 2026;1:2.", ""))
    return review


def test_a_pooled_study_that_was_retracted_is_said_first(folder: Path) -> None:
    analysis = evidence.pool(evidence.load(folder), "discontinuation")
    (warning,) = analysis.warnings
    assert warning == "WARNING: Carter 2023 (carter2023): retracted: J Made Up. 2026;1:1. PMID: 99000001."
    assert "\n\nWARNING: Carter 2023" in str(analysis)
    assert {row.study for row in analysis.studies} >= {"carter2023"}


def test_it_can_be_left_out_with_the_reason(folder: Path) -> None:
    analysis = evidence.pool(evidence.load(folder), "discontinuation", exclude_retracted=True)
    assert "carter2023" not in {row.study for row in analysis.studies}
    assert not analysis.warnings
    (left,) = [report for report in analysis.excluded if report.study == "carter2023"]
    assert (left.rule, left.reason) == ("retracted", "retracted: J Made Up. 2026;1:1. PMID: 99000001")


def test_a_pool_without_that_study_is_quiet(folder: Path) -> None:
    assert evidence.pool(evidence.load(folder)).warnings == ()
    assert evidence.compare(evidence.load(folder)).warnings == ()


def test_every_command_says_it(folder: Path, run: Run) -> None:
    review = "--review", str(folder)
    pooled = run("pool", *review, "--outcome", "discontinuation", "--format", "json")
    assert json.loads(pooled.stdout)["notes"][0].startswith("WARNING: Carter 2023")
    assert (
        "retracted: J Made Up"
        in run("pool", *review, "--outcome", "discontinuation", "--format", "markdown").stdout
    )
    shown = run("show", *review, "carter2023")
    assert "Notices on the paper\n    retracted: J Made Up. 2026;1:1. PMID: 99000001" in shown.stdout
    checked = run("check", *review)
    assert checked.returncode == 0
    assert f"PMID {CARTER}: retracted: J Made Up" in checked.stderr
    compared = run("compare", *review, "carter2023", "--outcome", "discontinuation")
    assert "WARNING: Carter 2023" in compared.stdout
    left = run("pool", *review, "--outcome", "discontinuation", "--exclude-retracted", "--excluded")
    assert "retracted: J Made Up" in " ".join(left.stdout.split()) and "WARNING" not in left.stdout


def test_a_damaged_table_of_notices_stops_the_pool(folder: Path, run: Run) -> None:
    (folder / "papers" / "notices.csv").write_text("pmid\n1\n", encoding="utf-8")
    done = run("pool", "--review", str(folder))
    assert done.returncode == 2
    assert "notices.csv cannot be read" in done.stderr
