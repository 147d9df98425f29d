"""The damaged corpus: each fault is found where it is, once; other ways to write the same have none.

`validation/damage.py` makes the copies, and says how.
"""

from __future__ import annotations

import csv
import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from evidence.errors import DataError
from evidence.review.schema import Problem
from evidence.review.tables import Review, load

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "tests" / "damaged"

FAULTS, FORMS = 120, 10
"""How many there are, so that the corpus cannot shrink unnoticed."""

TABLES = {"studies", "cohorts", "overlaps", "outcomes", "patients", "scores", "references", "statements"}


def entries() -> list[dict[str, str]]:
    with (HOME / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


INDEX = entries()
DAMAGED = [entry for entry in INDEX if entry["row"]]
CLEAN = [entry for entry in INDEX if not entry["row"]]


def read(entry: dict[str, str], folder: Path) -> Review:
    """The small review with one of its tables replaced by the copy."""
    shutil.copytree(HOME / "review", folder, dirs_exist_ok=True)
    shutil.copy(HOME / entry["copy"], folder / entry["file"])
    return load(folder)


@pytest.mark.parametrize("entry", DAMAGED, ids=lambda entry: entry["fault"])
def test_each_fault_is_found_at_its_place_and_nothing_else(entry: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(entry, tmp_path)
    found: list[Any] = list(caught.value.problems)
    place = (entry["file"], int(entry["row"]) or None, entry["column"])
    assert [(problem.file, problem.row, problem.column) for problem in found] == [place], list(
        map(str, found)
    )
    (problem,) = found
    assert isinstance(problem, Problem)
    assert problem.reason
    assert problem.allowed
    assert not entry["likely"] or problem.likely == entry["likely"]


@pytest.mark.parametrize("entry", CLEAN, ids=lambda entry: entry["fault"])
def test_nothing_is_found_in_what_means_the_same(entry: dict[str, str], tmp_path: Path) -> None:
    whole, other = load(HOME / "review"), read(entry, tmp_path)
    assert [row._replace(row=0) for row in other.rows] == [row._replace(row=0) for row in whole.rows]


def test_the_corpus_has_not_shrunk() -> None:
    assert len(DAMAGED) >= FAULTS
    assert len(CLEAN) >= FORMS
    assert len({entry["fault"] for entry in INDEX}) == len(INDEX)
    assert {entry["file"].removesuffix(".csv") for entry in DAMAGED} == TABLES
    assert sum(path.stat().st_size for path in HOME.rglob("*")) < 500_000


def test_the_script_makes_the_corpus_byte_for_byte() -> None:
    spec = importlib.util.spec_from_file_location("damage", ROOT / "validation" / "damage.py")
    assert spec is not None
    assert spec.loader is not None
    damage = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(damage)
    made = damage.made()
    assert {path.name for path in HOME.iterdir() if path.is_file() and path.suffix == ".csv"} == set(made)
    for name, raw in made.items():
        assert (HOME / name).read_bytes() == raw, name
