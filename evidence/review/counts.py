"""A bare table of counts (FILE.csv or standard input): study, events, n, and whatever else it carries.

No review is needed. Columns go by the names people's files already have; the
rules for numbers are those of a review's outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from evidence.errors import InputError
from evidence.review.schema import MOST, Column, Fault, Problem, parse
from evidence.review.sheet import Sheet, bytes_of, find_mark, padding, read_sheet, refuse_faults, with_point
from evidence.telling import tell

STUDY = ("study", "studies", "label", "author", "authors", "slab", "studlab", "trial", "name", "source")
EVENTS = ("events", "event", "xi", "x", "cases", "responders", "r", "successes", "positive")
N = ("n", "ni", "total", "totals", "patients", "size", "samplesize", "evaluated", "denominator")
"""Accepted names, the clearest first; case, spaces and underscores do not matter."""

_EVENTS = Column("events", "integer", "", True, high=MOST)
_N = Column("n", "integer", "", True, low=1, high=MOST)


class CountRow(NamedTuple):
    """One study's counts; `extra` holds the other columns as typed, `row` the row in the file."""

    study: str
    events: int
    n: int
    extra: Mapping[str, str]
    row: int


def read_counts(source: str | Path | TextIO | BinaryIO, name: str | None = None) -> list[CountRow]:
    """The rows of a file or an open stream; commas, semicolons or tabs between cells.

    `name` is what messages call it. Raises `InputError` where there is no such
    table, `DataError` with every fault in it. Studies without a name are numbered.
    In `extra`, numbers with a decimal comma have a point, if the file is written so.
    """
    file, raw = bytes_of(source, name)
    sheet = read_sheet(raw, file)
    problems = list(sheet.problems)
    if not sheet.header:
        why = problems[0].finding if problems and raw.strip() else "it is empty"
        raise InputError(
            f"{file} is not a table of counts: {why}. It needs a header such as study,events,n and a row for each study"
        )
    study, events, n = (_find(sheet.header, names, file, problems) for names in (STUDY, EVENTS, N))
    for what, index, names in (("events", events, EVENTS), ("n", n, N)):
        if index is None:
            found = ", ".join(repr(column) for column in sheet.header)
            raise InputError(f"{file} has no column for {what}; it has {found}; accepted: {', '.join(names)}")
    assert events is not None and n is not None
    if not sheet.aligned:
        problems += padding(sheet._replace(first=0), {events, n})
    others = [
        (column, index)
        for index, column in enumerate(sheet.header)
        if index not in (study, events, n) and column
    ]
    comma = find_mark(sheet, (index for _, index in others)) == ","
    rows = []
    for position, (number, cells) in enumerate(sheet.rows, 1):
        spoiled = sheet.spoiled.get(number, ())
        values = []
        for column, index in ((_EVENTS, events), (_N, n)):
            value = None if index in spoiled else parse(column, cells[index])
            if isinstance(value, Fault):
                problems.append(misread(sheet, number, index, cells[index], column, value))
            values.append(value)
        count, size = values
        if not isinstance(count, int) or not isinstance(size, int):
            continue
        if count > size:
            limits = f"a whole number from 0 to {sheet.header[n]}"
            reason = f"is more than {sheet.header[n]} ({size})"
            problems.append(Problem(file, number, sheet.header[events], cells[events], reason, limits))
            continue
        label = cells[study] if study is not None else ""
        extra = {column: with_point(cells[index]) if comma else cells[index] for column, index in others}
        rows.append(CountRow(label or str(position), count, size, extra, number))
    refuse_faults(sheet, problems)
    tell("%s read: %d rows", file, len(rows))
    return rows


def misread(sheet: Sheet, number: int, place: int, text: str, column: Column, fault: Fault) -> Problem:
    """The problem of a cell, by its row and place, that is not what the column asks for; and what it was probably meant to be."""
    from evidence.review.likely import explain

    guess = explain(column, text, fault)
    return Problem(sheet.file, number, sheet.header[place], text, guess.reason, fault.allowed, guess.likely)


def _find(header: tuple[str, ...], names: tuple[str, ...], file: str, problems: list[Problem]) -> int | None:
    """Where the column is; the first name wins outright, two other names at once are a problem."""
    found = {
        name: index for index in range(len(header) - 1, -1, -1) if (name := plain(header[index])) in names
    }
    if not found:
        return None
    if names[0] not in found and len(found) > 1 and names is not STUDY:
        index = max(found.values())
        others = " and ".join(header[place] for place in sorted(found.values()))
        reason = f"leaves it open which of {others} is meant"
        problems.append(
            Problem(file, 1, header[index], header[index], reason, f"one of them, named {names[0]}")
        )
    return found[min(found, key=names.index)]


def plain(name: str) -> str:
    """A column's name without case, spaces, underscores, dots and hyphens."""
    return re.sub(r"[\s_.-]", "", name).casefold()
