"""evidence overlap: pairs that share patients are found with their reasons, others are not, and decisions are recorded."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import evidence
from evidence.errors import NotPossible, OptionError
from evidence.review.deciding import decide_overlap
from evidence.review.resemblance import suspicion, suspicions
from evidence.review.tables import Review

Run = Any


@pytest.fixture(scope="module")
def shipped() -> Review:
    return evidence.load("data")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return Path(shutil.copytree("data", tmp_path / "review", ignore=shutil.ignore_patterns("__pycache__")))


def add_report(folder: Path, **cells: str) -> None:
    table = folder / "studies.csv"
    header = table.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    row = {"design": "case series", "state": "unverified", **cells}
    line = ",".join(f'"{row.get(name, "")}"' for name in header)
    table.write_text(table.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")


def test_what_the_shipped_review_lists_is_all_decided(shipped: Review) -> None:
    found = suspicions(shipped)
    assert len(found) == 16
    assert {pair.decided for pair in found} == {"same cohort", "probable", "possible"}
    first = found[0]
    assert (first.one, first.other, first.points) == ("viedma2025", "viedma2025es", 9)
    assert first.reasons[0].startswith("4 shared authors (Viedma Martinez M, ")
    assert [pair.points for pair in found] == sorted((pair.points for pair in found), reverse=True)


def test_each_reason_counts(shipped: Review) -> None:
    earlier = suspicion(shipped, "viedma2025", "viedma2024")
    assert (earlier.points, earlier.decided) == (5, "probable")
    assert set(earlier.reasons) == {
        "3 shared authors (Viedma Martinez M, Jimenez Gallo D, Linares Barrios M)",
        "the same first author",
        "the same country (Spain)",
    }
    apart = suspicion(shipped, "viedma2025", "carter2023")
    assert apart.points == -2
    assert apart.reasons == ("different countries (Spain, UK)",)
    with pytest.raises(OptionError, match="did you mean viedma"):
        suspicion(shipped, "viedma2O25", "carter2023")


def test_a_new_series_of_the_same_group_is_suspected_and_one_elsewhere_is_not(own: Path) -> None:
    who = "Gallo-Pineda G, Linares-Barrios M, Nuevo A"
    add_report(
        own,
        study="new2026",
        authors=who,
        country="Spain",
        treated="9",
        recruited_from="2024-03",
        recruited_to="2025-01",
    )
    add_report(
        own, study="far2026", authors="Nadie N", country="Japan", centre="Hospital, Osaka", treated="6"
    )
    found = {(pair.one, pair.other): pair for pair in suspicions(evidence.load(own)) if not pair.decided}
    assert ("viedma2025", "new2026") in found
    assert (
        "recruitment windows that meet (2023-07 to 2024-04, 2024-03 to 2025-01)"
        in found["viedma2025", "new2026"].reasons
    )
    assert not any("far2026" in names for names in found)


def test_windows_that_do_not_meet_speak_against_it(own: Path) -> None:
    add_report(
        own,
        study="later2026",
        authors="Gallo-Pineda G, Linares-Barrios M",
        country="Spain",
        recruited_from="2025-01",
        recruited_to="2025-09",
    )
    pair = suspicion(evidence.load(own), "viedma2025", "later2026")
    assert pair.points == 2 + 1 - 4


def test_a_decision_changes_one_row_and_a_new_one_adds_one(own: Path) -> None:
    before = (own / "overlaps.csv").read_text(encoding="utf-8").splitlines()
    assert decide_overlap(str(own), "viedma2025", "viedma2024", "certain", "the authors say so") == [
        "overlaps.csv row 2: cadiz and cadiz-earlier, probable before, now certain"
    ]
    after = (own / "overlaps.csv").read_text(encoding="utf-8").splitlines()
    assert [number for number, pair in enumerate(zip(before, after, strict=True)) if len(set(pair)) > 1] == [
        1
    ]
    decide_overlap(
        str(own), "viedma2025", "loricera2025", "ruled out", "other patients", "https://example.org"
    )
    last = (own / "overlaps.csv").read_text(encoding="utf-8").splitlines()
    assert last[:-1] == after
    assert suspicion(evidence.load(own), "viedma2025", "loricera2025").decided == "ruled out"
    with pytest.raises(NotPossible, match="of one cohort"):
        decide_overlap(str(own), "viedma2025", "viedma2025es", "certain", "x")


def test_the_command_lists_shows_and_decides(run: Run, own: Path) -> None:
    listed = json.loads(run("overlap", "--format", "json").stdout)
    assert {"study_a", "study_b", "points", "decided", "reasons"} == set(listed["pairs"][0])
    assert "5 points; probable" in " ".join(run("overlap", "viedma2025", "viedma2024").stdout.split())
    assert run("overlap", "viedma2025").returncode == 2
    assert run("overlap", "viedma2025", "carter2023", "--decision", "possible").returncode == 2
    refused = run("overlap", "viedma2025", "carter2023", "--decision", "possible", "--reason", "x")
    assert refused.returncode == 2
    assert "read-only" in refused.stderr
    done = run(
        "overlap",
        "--review",
        str(own),
        "viedma2025",
        "carter2023",
        "--decision",
        "possible",
        "--reason",
        "a doubt",
    )
    assert done.returncode == 0
    assert "cadiz and leeds, possible" in done.stderr


def test_costs_grow_with_the_reports_not_their_square(shipped: Review) -> None:
    """One place shared by all tells nothing of any two, and is not paired."""
    study = next(iter(shipped.studies.values()))
    many = {
        f"s{i}": study._replace(study=f"s{i}", authors=f"Name{i} A", centre="Leeds", title="", treated=None)
        for i in range(3000)
    }
    found = suspicions(replace(shipped, studies=many, cohorts={key: (key,) for key in many}, overlaps=()))
    assert found == []
