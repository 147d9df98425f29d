"""Two people's tables: kappa against other arithmetic, every difference found once, and a consensus that invents nothing."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from statsmodels.stats.inter_rater import cohens_kappa

import evidence
from evidence.cli import main
from evidence.errors import DataError, InputError, OptionError
from evidence.report.review.agreement import kappa_in_words
from evidence.review.agreement import DISAGREEMENT, Kappa, TableAgreement, agree, consensus, kappa, same
from evidence.review.tables import load
from evidence.review.workbook import write_workbook
from tests.made_reviews import review as make_review

SHIPPED = Path(evidence.__file__).parent.parent / "data"

ROWS = [
    "ours 6/6",
    "other 3/9",
    "other 1/9 outcome=rash",
    "third 2/8 scale=A",
    "fourth 5/8 scale=B state=read",
]


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """The same review twice."""
    for name in ("anna", "ben"):
        home = tmp_path / name
        home.mkdir()
        make_review(home, ROWS)
    return tmp_path / "anna", tmp_path / "ben"


def change(folder: Path, old: str, new: str, table: str = "outcomes") -> None:
    path = folder / f"{table}.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def outcomes(a: Path, b: Path) -> TableAgreement:
    (found,) = agree(a, b, table="outcomes")
    return found


# ---- kappa ---------------------------------------------------------------------------------------


def pairs(table: list[list[int]]) -> list[tuple[str, str]]:
    return [
        (str(i), str(j)) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)
    ]


def by_differences(table: list[list[int]]) -> tuple[float, float]:
    """Kappa, and its variance by the delta method with numerical derivatives: no formula of anybody's."""
    size = len(table)
    cells = [(i, j) for i in range(size) for j in range(size)]
    n = sum(map(sum, table))

    def value(p: dict[tuple[int, int], float]) -> float:
        total = sum(p.values())
        rows = [sum(p[i, j] for j in range(size)) / total for i in range(size)]
        columns = [sum(p[i, j] for i in range(size)) / total for j in range(size)]
        chance = sum(r * c for r, c in zip(rows, columns, strict=True))
        return (sum(p[i, i] for i in range(size)) / total - chance) / (1 - chance)

    at = {(i, j): table[i][j] / n for i, j in cells}
    step = 1e-6
    slopes = {
        cell: (value({**at, cell: at[cell] + step}) - value({**at, cell: at[cell] - step})) / (2 * step)
        for cell in cells
    }
    mean = sum(at[cell] * slopes[cell] for cell in cells)
    variance = sum(at[cell] * slopes[cell] ** 2 for cell in cells) - mean**2
    return value(at), variance / n


tables = st.integers(2, 4).flatmap(
    lambda size: st.lists(
        st.lists(st.integers(0, 20), min_size=size, max_size=size), min_size=size, max_size=size
    )
)


@given(tables)
def test_kappa_and_its_error_are_those_of_the_definition_and_of_statsmodels(table: list[list[int]]) -> None:
    found = kappa(pairs(table))
    n = sum(map(sum, table))
    assert found.n == n
    rows, columns = [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]
    if not n or sum(r * c for r, c in zip(rows, columns, strict=True)) == n * n:
        assert found.kappa is None
        assert found.note
        return
    value, variance = by_differences(table)
    assert found.kappa == pytest.approx(value, abs=1e-10)
    if sum(table[i][i] for i in range(len(table))) == n:
        assert (found.low, found.high) == (None, None)
        assert "they agree in every row" in found.note
        return
    assert found.se is not None
    assert found.se**2 == pytest.approx(variance, rel=1e-6, abs=1e-8)
    with np.errstate(all="ignore"):  # it divides by a standard error of 0
        other = cohens_kappa(table)
    assert found.kappa == pytest.approx(other.kappa, abs=1e-10)
    if found.se:
        assert found.se == pytest.approx(other.std_kappa, abs=1e-10)
        assert found.low == pytest.approx(max(-1, other.kappa_low), abs=1e-10)
        assert found.high == pytest.approx(min(1, other.kappa_upp), abs=1e-10)


def test_a_printed_kappa() -> None:
    """fmsb 's Kappa.test of 10, 1, 1, 10, as printed by its users: 0.8181818 (0.5779259 to 1.0584377)."""
    found = kappa(pairs([[10, 1], [1, 10]]))
    assert found.kappa == pytest.approx(0.8181818, abs=5e-8)
    assert found.low == pytest.approx(0.5779259, abs=5e-8)
    assert found.high == 1  # where theirs ends at 1.058, which no kappa can be


def test_cohens_own_example() -> None:
    """Cohen 1960, the table of proportions in 200 patients: 0.70 observed, 0.41 by chance, kappa 0.492."""
    found = kappa(pairs([[88, 14, 18], [10, 40, 10], [2, 6, 12]]))
    assert found.observed == pytest.approx(0.70)
    assert found.expected == pytest.approx(0.41)
    assert found.kappa == pytest.approx(0.492, abs=5e-4)


@pytest.mark.parametrize(
    ("given", "note"),
    [
        ([], "no row that both filled"),
        ([("a", "a")] * 9, "not defined: both used one word only"),
        ([("a", "a"), ("b", "b")], "no interval: they agree in every row"),
        ([("a", "a"), ("b", "b"), ("a", "b")], "few rows (3)"),
    ],
)
def test_what_kappa_does_not_say_is_said(given: list[tuple[str, str]], note: str) -> None:
    assert note in kappa(given).note


def test_a_kappa_of_nothing_has_no_sign() -> None:
    """One used a single word: kappa is 0, and so are both ends of its interval but for rounding."""
    found = kappa([("a", "a")] * 2 + [("a", "b")])
    assert found.low is not None
    assert found.low <= 0
    assert kappa_in_words(found).startswith("kappa 0.00 (0.00 to 0.00)")


def test_kappa_does_not_know_who_is_who_nor_what_the_words_are() -> None:
    table = pairs([[9, 3, 1], [2, 7, 4], [0, 1, 8]])
    one = kappa(table)
    turned = kappa((b, a) for a, b in table)
    renamed = kappa((f"x{a}", f"x{b}") for a, b in table)
    assert renamed == one
    for field in Kappa._fields[1:7]:
        assert getattr(turned, field) == pytest.approx(getattr(one, field), abs=1e-12)


# ---- cell by cell --------------------------------------------------------------------------------


def test_the_same_twice_leaves_nothing_to_settle(two: tuple[Path, Path]) -> None:
    found = agree(*two)
    assert [table.name for table in found] == ["studies", "cohorts", "overlaps", "outcomes"]
    assert all(table.agreed for table in found)
    assert all(table.cells == table.alike for table in found)
    assert outcomes(*two).shared == 5


def test_every_difference_is_found_once_and_counted_where_it_belongs(two: tuple[Path, Path]) -> None:
    anna, ben = two
    change(ben, "cure,12,3,9", "cure,12,4,9")
    change(ben, "third,drug,,,cure,12,2,8,verified", "third,drug,,,cure,12,2,8,read")
    change(ben, ",A,,,,x", ",,,,,x")
    found = outcomes(anna, ben)
    key = ("third", "drug", "", "cure", "12")
    assert [
        (cell.key, cell.column, cell.a, cell.b, cell.row_a, cell.row_b) for cell in found.differences
    ] == [
        (("other", "drug", "", "cure", "12"), "events", "3", "4", 3, 3),
        (key, "state", "verified", "read", 5, 5),
        (key, "scale", "A", "", 5, 5),
    ]
    columns = {column.column: column for column in found.columns}
    events = columns["events"]
    assert (events.cells, events.alike, events.percent) == (5, 4, 0.8)
    assert (events.larger_a, events.larger_b, events.largest) == (0, 1, 1.0)
    assert events.kappa is None
    state = columns["state"].kappa
    assert state is not None
    assert (state.n, state.observed) == (5, 0.8)
    assert state.kappa == pytest.approx((0.8 - 14 / 25) / (1 - 14 / 25))
    scale = columns["scale"]
    assert (scale.cells, scale.alike, scale.only_a, scale.only_b, scale.both_empty) == (2, 1, 1, 0, 3)


def test_the_order_of_rows_and_columns_and_the_spelling_of_numbers_do_not_matter(
    two: tuple[Path, Path],
) -> None:
    anna, ben = two
    with (ben / "outcomes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])[::-1]
    with (ben / "outcomes.csv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(names)
        for row in reversed(rows):
            writer.writerow([row[name].replace("12", "12.0") for name in names])
    assert outcomes(anna, ben).agreed
    assert same("8.70", "8.7", "number")
    assert not same("8.70", "8.7", "text")
    assert not same("", "0", "number")


def test_rows_that_only_one_has(two: tuple[Path, Path]) -> None:
    anna, ben = two
    change(ben, "other,drug,,,rash", "other,control,,,rash")
    found = outcomes(anna, ben)
    assert found.only_a == (("other", "drug", "", "rash", "12"),)
    assert found.only_b == (("other", "control", "", "rash", "12"),)
    assert found.shared == 4
    assert not found.agreed


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "1", "2"]), st.sampled_from(["", "1", "2"])), min_size=1, max_size=12
    )
)
def test_cells_add_up(tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]) -> None:
    home = tmp_path_factory.mktemp("cells")
    for name, place in (("a.csv", 0), ("b.csv", 1)):
        lines = [f"{number},{pair[place]}" for number, pair in enumerate(cells)]
        (home / name).write_text("\n".join(["id,x", *lines]) + "\n")
    (found,) = agree(home / "a.csv", home / "b.csv", key=["id"])
    (column,) = found.columns
    counts = Counter((bool(a), bool(b), a == b) for a, b in cells)
    assert column.both_empty == counts[False, False, True]
    assert column.alike == counts[True, True, True]
    assert column.only_a == counts[True, False, False]
    assert column.only_b == counts[False, True, False]
    assert column.cells + column.both_empty == len(cells)
    assert len(found.differences) == column.cells - column.alike


def test_workbooks_and_files_are_compared_with_each_other(two: tuple[Path, Path], tmp_path: Path) -> None:
    anna, ben = two
    change(ben, "cure,12,3,9", "cure,12,4,9")
    for home in two:
        (tmp_path / f"{home.name}.xlsx").write_bytes(write_workbook(home))
    books = agree(tmp_path / "anna.xlsx", tmp_path / "ben.xlsx")
    assert [(table.name, len(table.differences)) for table in books] == [
        (table.name, len(table.differences)) for table in agree(anna, ben) if table.shared
    ]
    (mixed,) = agree(tmp_path / "anna.xlsx", ben / "outcomes.csv")
    assert [cell.column for cell in mixed.differences] == ["events"]
    book = Workbook()
    book.active.append(["id", "colour"])
    book.active.append([1, "red"])
    book.save(tmp_path / "own.xlsx")
    (tmp_path / "own.csv").write_text("id,colour\n1,blue\n")
    (own,) = agree(tmp_path / "own.xlsx", tmp_path / "own.csv", key=["id"])
    assert [(cell.a, cell.b) for cell in own.differences] == [("red", "blue")]


def test_what_cannot_be_compared_is_explained(two: tuple[Path, Path], tmp_path: Path) -> None:
    anna, ben = two
    own = tmp_path / "own.csv"
    own.write_text("id,x\n1,2\n1,3\n")
    with pytest.raises(
        InputError, match="is no table of a review by its name or columns; --table says which"
    ):
        agree(own, own)
    with pytest.raises(DataError, match="is in row 2 already"):
        agree(own, own, key=["id"])
    with pytest.raises(InputError, match=r"has no column 'idd', by which .* \(did you mean id"):
        agree(own, own, key=["idd"])
    with pytest.raises(InputError, match="no table in common: outcomes; studies"):
        agree(anna / "outcomes.csv", ben / "studies.csv")
    with pytest.raises(OptionError, match="table is 'nonsense'"):
        agree(anna, ben, table="nonsense")
    with pytest.raises(InputError, match="cannot be read"):
        agree(anna / "none.csv", ben)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="has no tables of a review"):
        agree(anna, tmp_path / "empty")


# ---- consensus -----------------------------------------------------------------------------------


def test_a_consensus_keeps_what_is_alike_and_chooses_nothing(two: tuple[Path, Path]) -> None:
    anna, ben = two
    change(ben, "cure,12,3,9", "cure,12,4,9")
    change(ben, "other,drug,,,rash", "other,control,,,rash")
    found = outcomes(anna, ben)
    rows = list(csv.DictReader(consensus(found).decode().splitlines()))
    with (anna / "outcomes.csv").open(newline="") as file:
        ours = list(csv.DictReader(file))
    said = [row.pop(DISAGREEMENT) for row in rows]
    assert said == ["", "events: 3 (A), 4 (B)", "the row is in A only", "", "", "the row is in B only"]
    assert rows[1] == {**ours[1], "events": ""}
    assert [rows[i] for i in (0, 2, 3, 4)] == [ours[i] for i in (0, 2, 3, 4)]
    assert rows[5] == {**ours[2], "arm": "control"}


def test_a_consensus_of_two_who_agree_is_the_review_itself(two: tuple[Path, Path], tmp_path: Path) -> None:
    assert (
        CliRunner().invoke(main, ["agree", *map(str, two), "--consensus", str(tmp_path / "c")]).exit_code == 0
    )
    review, whole = load(tmp_path / "c"), load(two[0])
    assert review.rows == whole.rows
    assert review.studies == whole.studies


# ---- the command ---------------------------------------------------------------------------------


def run(*args: object) -> Any:
    return CliRunner().invoke(main, ["agree", *map(str, args)])


def test_the_command_says_what_is_to_be_settled(two: tuple[Path, Path], tmp_path: Path) -> None:
    anna, ben = two
    assert run(anna, ben).exit_code == 0
    change(ben, "cure,12,3,9", "cure,12,4,9")
    change(ben, ",2020,cohort", ",2020,case series", "studies")
    result = run(anna, ben)
    assert result.exit_code == 1
    assert "other, drug, cure, 12: events '3' (A row 3), '4' (B row 3)" in " ".join(result.stdout.split())
    assert "A larger in 0, B in 1; by 1 at most" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    told = json.loads(run(anna, ben, "--format", "json").stdout)
    (table,) = [table for table in told["tables"] if table["table"] == "outcomes"]
    assert [cell["column"] for cell in table["differences"]] == ["events"]
    rows = list(csv.DictReader(run(anna, ben, "--format", "csv").stdout.splitlines()))
    (events,) = [row for row in rows if row["column"] == "events"]
    assert (events["alike"], events["cells"], events["largest_difference"]) == ("4", "5", "1.0")
    (design,) = [row for row in rows if row["column"] == "design"]
    assert design["kappa"] == "0.0"
    assert "Cohen J." in run(anna, ben, "--methods").stdout
    new = tmp_path / "agreed"
    written = run(anna, ben, "--consensus", new)
    assert "2 cells left empty" in written.stderr
    assert {path.name for path in new.iterdir()} >= {"outcomes.csv", "studies.csv", "review.toml"}
    with pytest.raises(DataError, match="'disagreement' is not a column"):
        load(new)  # until it is settled
    assert "exists; name a new file" in run(anna, ben, "--consensus", new).stderr


def test_the_shipped_review_agrees_with_its_copy(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("__pycache__"))
    assert all(table.agreed for table in agree(SHIPPED, copy))
