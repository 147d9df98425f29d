"""The header row of a table against the columns it should have: one finding a slip, and none that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from evidence.review.schema import Column, Fault, Problem, Table, nearest, parse
from evidence.review.sheet import Sheet

COUNTS = ("events", "n")
"""Columns of outcomes.csv that no row with a proportion can do without, though a review of medians could."""

SAMPLE = 50
"""Cells looked at to see whether a misnamed column holds what the column does that it is close to."""


class Heading(NamedTuple):
    """Where each column stands, misspelt ones included; those whose absence is said already; the problems."""

    places: Mapping[str, int]
    missing: AbstractSet[str]
    problems: Sequence[Problem]


def read_heading(table: Table, columns: Sequence[Column], sheet: Sheet) -> Heading:
    """Columns by name. A name nobody knows is taken for the missing one it is close to, so that its cells are checked.

    A table whose header has no known name at all has no `places`.
    """
    known = {column.name: column for column in columns}
    places: dict[str, int] = {}
    odd = []
    for index, name in enumerate(sheet.header):
        if name in known and name not in places:
            places[name] = index
        else:
            odd.append(index)
    if not odd and len(places) == len(known):
        return Heading(places, frozenset(), ())
    said = set(sheet.spoiled.get(sheet.first, ()))
    unknown = [index for index in odd if sheet.header[index] and sheet.header[index] not in known]
    needed = [column.name for column in columns if column.name not in places and _is_needed(table, column)]
    meant: dict[int, str] = {}
    for index in unknown:
        absent = [name for name in known if name not in places and name not in meant.values()]
        near = _alias(sheet.header[index], absent) or nearest(sheet.header[index], absent)
        if near:
            meant[index] = near
            if near in needed or _holds(known[near], sheet, index):
                places[near] = index
    if not places:
        allowed = "the names of the columns: " + ", ".join(known)
        reason = f"row {sheet.first} is not a header: none of its cells is a column of this table"
        return Heading({}, frozenset(), (Problem(table.file, sheet.first, "", "", reason, allowed),))
    # What is left over of the header stands where something is missing.
    left = [index for index in odd if index not in meant]
    absent = [name for name in needed if name not in places]
    meant |= dict(zip([index for index in left if index in unknown], absent, strict=False))
    problems = [_unknown(table, sheet, index, meant.get(index, "")) for index in unknown if index not in said]
    problems += [
        Problem(table.file, sheet.first, name, "", "the column is missing", known[name].meaning)
        for name in absent[len(left) :]
        if name not in COUNTS
    ]
    doubtful = len(unknown) > sum(1 for index in meant.values() if index in places) or bool(left)
    missing = {name for name in known if name not in places} if doubtful else set(absent) - set(COUNTS)
    return Heading(places, missing, problems)


def _is_needed(table: Table, column: Column) -> bool:
    return (
        column.required
        or column.name in table.key[:1]
        or (table.name == "outcomes" and column.name in COUNTS)
    )


def _unknown(table: Table, sheet: Sheet, index: int, meant: str) -> Problem:
    name = sheet.header[index]
    allowed = f"a column of the table, or one declared in review.toml under [columns.{table.name}]"
    return Problem(table.file, sheet.first, name, name, "is not a column of this table", allowed, meant)


def _alias(name: str, absent: Iterable[str]) -> str:
    """Events and n under the names that bare files of counts may use."""
    from evidence.review.counts import EVENTS, N, plain

    for column, names in zip(COUNTS, (EVENTS, N), strict=True):
        if column in absent and plain(name) in names:
            return column
    return ""


def _holds(column: Column, sheet: Sheet, index: int) -> bool:
    """Whether the cells of a column could be this one's."""
    return not any(isinstance(parse(column, cells[index]), Fault) for _, cells in sheet.rows[:SAMPLE])
