"""A bare table of two-arm counts (FILE.csv or standard input): study, events and n of the treated arm, then of the control.

Columns go by the names people's files already have (metafor's ai, n1i, ci, n2i; meta's event.e, n.e, event.c, n.c); the rules
for numbers are those of a table of single arms, see `counts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from evidence.errors import InputError
from evidence.review.counts import STUDY, misread, plain
from evidence.review.schema import MOST, Column, Fault, Problem, parse
from evidence.review.sheet import Sheet, bytes_of, padding, read_sheet, refuse_faults

ALIASES: Mapping[str, tuple[str, ...]] = {
    "events": ("events", "ai", "evente", "event1", "events1", "eventstreated", "eventstreatment", "eventsexp", "tpos", "r1"),
    "n": ("n", "n1i", "ne", "n1", "ntreated", "ntreatment", "nexp", "totaltreated", "treated"),
    "events_control": ("eventscontrol", "ci", "eventc", "event2", "events2", "eventscontrols", "eventsplacebo", "cpos", "r2"),
    "n_control": ("ncontrol", "n2i", "nc", "n2", "ncontrols", "nplacebo", "totalcontrol", "control"),
}  # fmt: skip
"""Accepted names, the clearest first; case, spaces, dots and underscores do not matter."""

PAIRS = (("events", "n"), ("events_control", "n_control"))


class ArmRow(NamedTuple):
    """One study's two arms; `row` is its row in the file."""

    study: str
    events: int
    n: int
    events_control: int
    n_control: int
    row: int = 0


def read_arms(source: str | Path | TextIO | BinaryIO, name: str | None = None) -> list[ArmRow]:
    """The rows of a file or an open stream; commas, semicolons or tabs between cells.

    Raises `InputError` where there is no such table, `DataError` with every fault in it. Studies without a name are numbered.
    """
    file, raw = bytes_of(source, name)
    sheet = read_sheet(raw, file)
    problems = list(sheet.problems)
    if not sheet.header:
        why = problems[0].finding if problems and raw.strip() else "it is empty"
        raise InputError(
            f"{file} is not a table of two arms: {why}. It needs a header such as "
            "study,events,n,events_control,n_control and a row for each study"
        )
    places = {column: _find(sheet, names) for column, names in ALIASES.items()}
    for column, place in places.items():
        if place is None:
            found = ", ".join(repr(title) for title in sheet.header)
            accepted = ", ".join((column, *ALIASES[column][1:]))
            raise InputError(f"{file} has no column for {column}; it has {found}; accepted: {accepted}")
    known = {column: place for column, place in places.items() if place is not None}
    study = _find(sheet, STUDY)
    if not sheet.aligned:
        problems += padding(sheet._replace(first=0), set(known.values()))
    rows = []
    for position, (number, cells) in enumerate(sheet.rows, 1):
        counts = _counts(file, sheet, number, cells, known, problems)
        if counts:
            label = cells[study] if study is not None else ""
            rows.append(ArmRow(label or str(position), *counts, row=number))
    refuse_faults(sheet, problems)
    return rows


def _counts(
    file: str,
    sheet: Sheet,
    number: int,
    cells: Sequence[str],
    places: Mapping[str, int],
    problems: list[Problem],
) -> tuple[int, int, int, int] | None:
    """The four numbers of a row; None, and a problem each, where they are not counts."""
    spoiled = sheet.spoiled.get(number, ())
    values: dict[str, int] = {}
    for name, place in places.items():
        if place in spoiled:
            continue
        column = Column(name, "integer", "", True, low=1 if name in ("n", "n_control") else 0, high=MOST)
        value = parse(column, cells[place])
        if isinstance(value, Fault):
            problems.append(misread(sheet, number, place, cells[place], column, value))
        elif isinstance(value, int):
            values[name] = value
    if len(values) < len(places):
        return None
    for events, n in PAIRS:
        if values[events] > values[n]:
            title, size = sheet.header[places[events]], sheet.header[places[n]]
            reason, limits = f"is more than {size} ({values[n]})", f"a whole number from 0 to {size}"
            problems.append(Problem(file, number, title, cells[places[events]], reason, limits))
            return None
    return values["events"], values["n"], values["events_control"], values["n_control"]


def _find(sheet: Sheet, names: tuple[str, ...]) -> int | None:
    """Where a column is; the clearest of its names wins."""
    found = {plain(title): place for place, title in reversed(list(enumerate(sheet.header)))}
    return next((found[name] for name in names if name in found), None)
