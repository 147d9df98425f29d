"""Rows to be added, from a CSV file or a workbook with the columns of a table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from evidence.errors import DataError, InputError
from evidence.review.schema import MARKED, Column, Fault, Problem, nearest
from evidence.review.sheet import find_mark, read_sheet, with_point
from evidence.review.spreadsheet import is_spreadsheet, read_spreadsheet

__all__ = ["Given", "read_rows"]


class Given(NamedTuple):
    """Rows with their numbers in the file they are from."""

    file: str
    rows: tuple[Mapping[str, str], ...]
    numbers: tuple[int, ...]


def read_rows(path: str, columns: Sequence[Column], sheet: str | None = None) -> Given:
    """The rows of a file whose header names columns of the table, in any order.

    Raises `DataError` for what is wrong in the file by itself; whether the rows
    fit the review is seen when they are in it.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    name = os.path.basename(path)
    if is_spreadsheet(raw):
        return _workbook(raw, name, columns, sheet)
    read = read_sheet(raw, name)
    problems = [*read.problems, *_unknown(name, read.first, read.header, columns)]
    if problems:
        raise DataError(problems)
    marked = [c.name for c in columns if c.kind in MARKED]
    comma = find_mark(read, [read.header.index(name) for name in marked if name in read.header]) == ","
    rows = tuple(
        {
            column: with_point(text) if comma and column in marked else text
            for column, text in zip(read.header, cells, strict=True)
        }
        for _, cells in read.rows
    )
    return _given(name, rows, tuple(number for number, _ in read.rows))


def _workbook(raw: bytes, name: str, columns: Sequence[Column], sheet: str | None) -> Given:
    grid = read_spreadsheet(raw, name, sheet)
    problems = [*grid.problems, *_unknown(grid.file, 1, grid.header, columns)]
    rows = []
    for number, cells in grid.rows:
        row = {}
        for index, cell in enumerate(cells):
            if isinstance(cell, Fault):
                place = grid.place(index, number)
                problems.append(Problem(grid.file, number, place, "", cell.reason, cell.allowed))
            else:
                row[grid.header[index]] = cell.strip()
        rows.append(row)
    if problems:
        raise DataError(problems)
    return _given(grid.file, tuple(rows), tuple(number for number, _ in grid.rows))


def _given(file: str, rows: tuple[Mapping[str, str], ...], numbers: tuple[int, ...]) -> Given:
    if not rows:
        raise InputError(f"{file} has a header and no rows: there is nothing to add")
    return Given(file, rows, numbers)


def _unknown(file: str, row: int, header: Sequence[str], columns: Sequence[Column]) -> list[Problem]:
    known = [column.name for column in columns]
    allowed = ", ".join(known)
    return [
        Problem(file, row, name, name, "is not a column of this table", allowed, nearest(name, known))
        for name in header
        if name and name not in known
    ]
