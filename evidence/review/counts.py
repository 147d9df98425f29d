"""A bare table of counts (FILE.csv or standard input): study, events, n, and whatever else it carries.

No review is needed. Columns go by the names people's files already have; the
rules for numbers are those of a review's outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import TextIOBase
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from evidence.errors import DataError, InputError
from evidence.review.schema import MOST, Column, Fault, Problem, parse
from evidence.review.sheet import COMMA, find_mark, padding, read_sheet

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
    file, raw = _bytes(source, name)
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
                problems.append(_problem(file, number, column, sheet.header[index], cells[index], value))
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
        extra = {column: _with_point(cells[index]) if comma else cells[index] for column, index in others}
        rows.append(CountRow(label or str(position), count, size, extra, number))
    if not sheet.rows and not problems:
        problems.append(
            Problem(file, None, "", "", "there are no rows below the header", "a row for each study")
        )
    if problems:
        problems.sort(key=lambda problem: problem.row or 0)
        raise DataError(problems)
    return rows


def _problem(file: str, number: int, column: Column, name: str, text: str, fault: Fault) -> Problem:
    from evidence.review.likely import explain

    guess = explain(column, text, fault)
    return Problem(file, number, name, text, guess.reason, fault.allowed, guess.likely)


def _with_point(text: str) -> str:
    return text.replace(",", ".") if re.fullmatch(COMMA, text) else text


def _bytes(source: str | Path | TextIO | BinaryIO, name: str | None) -> tuple[str, bytes]:
    if isinstance(source, str | Path):
        try:
            return name or Path(source).name, Path(source).read_bytes()
        except OSError as error:
            raise InputError(f"{name or source} cannot be read: {error.strerror}") from error
    # A text stream has decoded already, perhaps in another encoding than UTF-8: take its bytes instead.
    stream = getattr(source, "buffer", source) if isinstance(source, TextIOBase) else source
    data = stream.read()
    return name or "standard input", data.encode("utf-8") if isinstance(data, str) else data


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
