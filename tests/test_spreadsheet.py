"""XLSX: numbers as they are, and every cell that could be misread named by its address."""

from __future__ import annotations

import datetime
import random
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from evidence.errors import DataError, EvidenceError, InputError, OptionError
from evidence.review import spreadsheet
from evidence.review.paired import PairedScores, read_paired
from evidence.review.schema import Problem
from evidence.review.spreadsheet import is_spreadsheet, read_spreadsheet

HEAD = ("id", "before", "after")
ROWS: list[Sequence[Any]] = [(1, 33, 0), (2, 47, 2), (3, 17, 2)]


def workbook(*rows: Sequence[Any], head: Sequence[Any] = HEAD) -> Workbook:
    book = Workbook()
    for row in (head, *rows):
        book.active.append(row)
    return book


def saved(book: Workbook) -> bytes:
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def paired(book: Workbook, **options: Any) -> list[PairedScores]:
    return list(read_paired(BytesIO(saved(book)), **options).patients)


def problems(book: Workbook, **options: Any) -> list[Problem]:
    with pytest.raises(DataError) as error:
        paired(book, **options)
    return [problem for problem in error.value.problems if isinstance(problem, Problem)]


def test_numbers_are_read_as_they_are() -> None:
    assert paired(workbook(*ROWS)) == [
        PairedScores("1", 33.0, 0.0, 2),
        PairedScores("2", 47.0, 2.0, 3),
        PairedScores("3", 17.0, 2.0, 4),
    ]


@given(st.lists(st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6)), min_size=1, max_size=8))
def test_no_digit_changes(values: list[float]) -> None:
    """A spreadsheet keeps 15 digits."""
    values = [0 if 0 < abs(value) < 1e-6 else float(f"{value:.15g}") for value in values]
    book = workbook(*((i, value, value) for i, value in enumerate(values, 1)))
    assert [patient.before for patient in paired(book)] == values


def test_text_empty_cells_and_na() -> None:
    book = workbook(("a ", "17.5", None), ("b", "NA", " n/a"), (" c", 1, ""))
    assert paired(book) == [
        PairedScores("a", 17.5, None, 2),
        PairedScores("b", None, None, 3),
        PairedScores("c", 1.0, None, 4),
    ]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (datetime.date(2024, 12, 3), "is a date (2024-12-03), perhaps made of 3/12 or 12/3"),
        (datetime.time(3, 0), "is a time (03:00:00)"),
        (datetime.timedelta(hours=30), "is a time"),
        ("=B2/2", "is a formula (=B2/2) whose result is not in the file"),
        ("#DIV/0!", "is an error (#DIV/0!)"),
        (True, "is a truth value (TRUE)"),
        ("17,5", "has a decimal comma"),
        ("-", "stands for a missing value"),
        ("about 5", "is not a number"),
        (1e12, "is no score, by its size"),
    ],
)
def test_a_cell_that_could_mean_something_else_is_named_by_its_address(cell: Any, said: str) -> None:
    (problem,) = problems(workbook(*ROWS, (4, 20, cell)))
    assert said in str(problem)
    assert problem.row == 5
    assert problem.column == "after (C5)"
    assert problem.allowed


def test_what_is_wrong_in_other_columns_does_not_matter() -> None:
    book = workbook((1, 10, 5, datetime.date(2024, 1, 1), "=1"), head=(*HEAD, "visit", "sum"))
    book.active.merge_cells("D5:E6")
    assert paired(book) == [PairedScores("1", 10.0, 5.0, 2)]


def test_a_formula_counts_by_the_result_in_the_file() -> None:
    """openpyxl writes no results, so one is put in by hand, as a spreadsheet program would."""
    raw = saved(workbook((1, "=20+13", 0)))
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(raw)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            data = before.read(name).replace(b"<f>20+13</f><v></v>", b"<f>20+13</f><v>33</v>")
            after.writestr(name, data.replace(b"<f>20+13</f><v />", b"<f>20+13</f><v>33</v>"))
    assert read_paired(BytesIO(out.getvalue())).patients == (PairedScores("1", 33.0, 0.0, 2),)


def test_merged_cells() -> None:
    book = workbook(*ROWS)
    book.active.merge_cells("B3:B4")
    found = problems(book)
    assert [(p.row, p.column) for p in found] == [(3, "before (B3)"), (4, "before (B4)")]
    assert "merged cells B3:B4" in found[0].reason


def test_hidden_rows_with_something_in_them() -> None:
    book = workbook(*ROWS, *((i, 5, 1) for i in range(4, 9)))
    for number in (3, 5, 6, 20):
        book.active.row_dimensions[number].hidden = True
    found = problems(book)
    assert [(p.row, p.reason) for p in found] == [
        (3, "the row is hidden, yet would count"),
        (5, "rows 5 to 6 are hidden, yet would count"),
    ]


def test_columns_without_a_name_and_names_of_two_columns() -> None:
    found = problems(workbook((1, 5, 1, 9, 8), head=("id", "before", "after", None, "before")))
    assert [(p.column, p.row) for p in found] == [("D", 1), ("before", 1)]
    assert found[1].reason == "names the columns B and E"


def test_empty_columns_rows_and_titles() -> None:
    book = Workbook()
    book.active["B3"], book.active["C3"], book.active["D3"] = HEAD
    book.active["B6"], book.active["C6"], book.active["D6"] = "x", 10, 2
    book.active["H9"].number_format = "0.00"
    assert paired(book) == [PairedScores("x", 10.0, 2.0, 6)]


def test_which_sheet() -> None:
    book = workbook(*ROWS)
    book.create_sheet("empty")
    assert len(paired(book)) == 3
    other = book.create_sheet("Second")
    for row in (HEAD, (9, 10, 1)):
        other.append(row)
    with pytest.raises(InputError, match="has Sheet, Second; name one with --sheet"):
        paired(book)
    assert paired(book, sheet="second ") == [PairedScores("9", 10.0, 1.0, 2)]
    with pytest.raises(OptionError, match="did you mean Second"):
        paired(book, sheet="Secnd")
    other.sheet_state = "hidden"
    assert len(paired(book)) == 3


def test_an_empty_workbook() -> None:
    with pytest.raises(InputError, match="no visible sheet with anything in it"):
        paired(Workbook())
    with pytest.raises(InputError, match="is empty"):
        paired(Workbook(), sheet="Sheet")


def test_old_and_encrypted_workbooks_are_said_to_be() -> None:
    assert is_spreadsheet(spreadsheet.OLD)
    with pytest.raises(InputError, match=r"old \(.xls\) or password-protected"):
        read_paired(BytesIO(spreadsheet.OLD + b"rest"))


def test_a_sheet_that_is_far_too_large_is_refused_at_once() -> None:
    book = workbook(*ROWS)
    book.active["XFD1048576"] = 1
    with pytest.raises(InputError, match="reaches to cell XFD1048576"):
        paired(book)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "LARGEST", 1000)
    with pytest.raises(InputError, match="unpacks to"):
        paired(workbook(*ROWS))


@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_damage_ends_in_a_sentence_never_in_a_traceback(rng: random.Random, count: int) -> None:
    raw = bytearray(GOOD)
    for _ in range(count):
        raw[rng.randrange(4, len(raw))] = rng.randrange(256)
    if rng.random() < 0.3:
        del raw[rng.randrange(4, len(raw)) :]
    with suppress(EvidenceError):
        found = read_spreadsheet(bytes(raw), "x.xlsx")
        assert found.header or found.problems


@given(
    st.randoms(use_true_random=False),
    st.integers(1, 6),
    st.sampled_from(["sheet1.xml", "workbook.xml", "styles.xml"]),
)
def test_damage_inside_its_parts(rng: random.Random, count: int, part: str) -> None:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(GOOD)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            data = bytearray(before.read(name))
            for _ in range(count if name.endswith(part) else 0):
                at = rng.randrange(len(data))
                data[at : at + rng.randrange(3)] = rng.choice(
                    [b"9", b"<", b'"', b"", b"=", b"Z99", b"-", b"/"]
                )
            after.writestr(name, bytes(data))
    with suppress(EvidenceError):
        assert read_paired(BytesIO(out.getvalue())).patients


GOOD = saved(workbook(*ROWS))
