"""Bare tables of counts: the names people use, what is found in them, and what other columns become."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import DataError, InputError
from evidence.review.counts import CountRow, read_counts
from evidence.review.where import parse_where


def problems_of(text: str | bytes) -> list[Any]:
    with pytest.raises(DataError) as caught:
        read_counts(io.BytesIO(text.encode() if isinstance(text, str) else text), "t.csv")
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "header",
    [
        "study,events,n",
        "Study,Events,N",
        "author,xi,ni",
        "slab,event,total",
        "trial,events,total",
        "label,cases,N",
        "studlab,r,n",
        "Study,Responders,Sample size",
        "study , events , n ",
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_counts_under_the_names_people_use(header: str, delimiter: str) -> None:
    text = (header + "\nSmith,3,9\nJones,0,7\n").replace(",", delimiter)
    rows = read_counts(io.StringIO(text), "counts")
    assert [(row.study, row.events, row.n, row.row) for row in rows] == [
        ("Smith", 3, 9, 2),
        ("Jones", 0, 7, 3),
    ]


def test_other_columns_are_kept_and_nameless_studies_numbered(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_bytes("\ufeffn,design,events\n9,cohort,3\n\n7,trial,0\n".encode())
    rows = read_counts(file)
    assert [(row.study, row.events, row.n, dict(row.extra), row.row) for row in rows] == [
        ("1", 3, 9, {"design": "cohort"}, 2),
        ("2", 0, 7, {"design": "trial"}, 4),
    ]
    assert read_counts(io.BytesIO(file.read_bytes())) == rows


def test_all_faults_of_a_bare_file_at_once() -> None:
    text = "study,xi,ni,x\na,10,9,\nb,-1,9,\nc,2.5,9,\nd,,9,\ne,1,0,\nf,1\ng,3,9,ok\n"
    found = [(p.row, p.column, p.value, p.reason) for p in problems_of(text)]
    assert (1, "x", "x", "leaves it open which of xi and x is meant") in found
    found_all = problems_of(text.replace(",x\n", ",why\n"))
    assert [(p.file, p.row, p.column, p.value, p.reason) for p in found_all] == [
        ("t.csv", 2, "xi", "10", "is more than ni (9)"),
        ("t.csv", 3, "xi", "-1", "is negative"),
        ("t.csv", 4, "xi", "2.5", "is not a whole number"),
        ("t.csv", 5, "xi", "", "the cell is empty"),
        ("t.csv", 6, "ni", "0", "is less than 1"),
        ("t.csv", 7, "", "", "the row has 2 cells where the header has 4"),
    ]


def test_what_is_no_table_of_counts(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_counts(tmp_path / "nothing.csv")
    for nothing in ("", "\n\n", " \n"):
        with pytest.raises(InputError, match="is empty"):
            read_counts(io.StringIO(nothing), "t.csv")
    with pytest.raises(InputError, match="the file is UTF-16 text"):
        read_counts(io.BytesIO("study,events,n\na,1,2\n".encode("utf-16")), "t.csv")
    with pytest.raises(InputError, match=r"a spreadsheet \(XLSX\)"):
        read_counts(io.BytesIO(b"PK\x03\x04rest"), "t.csv")
    with pytest.raises(InputError, match="no column for n; it has 'study', 'events'"):
        read_counts(io.StringIO("study,events\na,1\n"), "t.csv")
    with pytest.raises(DataError, match="no rows below the header"):
        read_counts(io.StringIO("study,events,n\n"), "t.csv")


@given(st.binary(max_size=60))
def test_any_bytes_are_counts_or_an_error(raw: bytes) -> None:
    for head in (b"", b"study,events,n\n"):
        try:
            rows = read_counts(io.BytesIO(head + raw), "t.csv")
        except (DataError, InputError):
            continue
        assert all(0 <= row.events <= row.n for row in rows)


@pytest.mark.parametrize(
    ("events", "likely"),
    [
        ("03-Dec", "3/12 or 12/3"),
        ("4 (66%)", "4"),
        ("4/6", "events 4, n 6"),
        ("66%", "66 in the column percent"),
        ("1 234", "1234"),
        ("n/a", ""),
    ],
)
def test_what_was_likely_meant(events: str, likely: str) -> None:
    (found,) = problems_of(f"study,events,n\nA,{events},40\n")
    assert (found.row, found.column, found.value, found.likely) == (2, "events", events, likely)


def test_nothing_is_stripped_from_a_number_unless_the_file_is_written_so() -> None:
    (found,) = problems_of("study,events,n\nA,3, 9\n")
    assert (found.row, found.column, found.reason) == (2, "n", "has a space before it")
    rows = read_counts(io.StringIO("study, events, n\nA, 3, 9\n"))
    assert [(row.study, row.events, row.n) for row in rows] == [("A", 3, 9)]


def test_a_faulty_cell_of_another_column_is_found_and_its_row_not_said_twice() -> None:
    found = problems_of("study,events,n,note\nA,1\u200b2,9,x\nB,1,9,=A2\nC\u00ad,1,9,\n")
    assert [(p.row, p.column) for p in found] == [(2, "events"), (3, "note"), (4, "study")]


def row_of(text: str) -> dict[str, object]:
    (row, *_) = read_counts(io.StringIO(text))
    assert isinstance(row, CountRow)
    return {"study": row.study, "events": row.events, "n": row.n, **row.extra}


@pytest.mark.parametrize(
    "condition", ["n >= 5", "n == 9 and age > 35", "age < 36", "age == 35.50", "not (n < 9)"]
)
@pytest.mark.parametrize(
    "text",
    ["study,events,n,age\nA,3,9,35.5\n", "study;events;n;age\nA;3;9;35,5\nB;1;2;1,5\n", "study\tevents\tn\tage\nA\t3\t9\t35.5\n"],
)  # fmt: skip
def test_numbers_of_a_bare_file_are_compared_as_numbers(text: str, condition: str) -> None:
    row = row_of(text)
    assert parse_where(condition, row)(row)


def test_a_comma_that_may_be_thousands_stays_as_typed() -> None:
    assert row_of("study;events;n;cost\nA;3;9;1,234\n")["cost"] == "1,234"
    assert row_of("study;events;n;cost\nA;3;9;1,234\nB;1;2;0,5\n")["cost"] == "1.234"
