"""What a check found, as text for people and as JSON for editors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from evidence.report.characters import clean, to_ascii, wrap
from evidence.report.machine import json_text
from evidence.report.numbers import plural
from evidence.review.checking import Checked, Unchecked
from evidence.review.schema import Problem

SHORT = 12
"""Numbers listed of each kind unless all are asked for; rows listed of a finding that many have (JSON has them all)."""

NOUNS = {
    "studies": "report",
    "outcomes": "row",
    "patients": "patient",
    "scores": "score",
    "statements": "statement",
    "references": "reference",
}
"""What the rows of a table are called, in the order they are counted."""

MEANS = {
    "verified": "full text",
    "read": "abstract or register entry",
    "secondary": "another source",
    "unverified": "recalled or assumed",
}
"""Where a number in this state was read."""

OUTCOMES = "outcomes.csv"

INDENT = " " * 14

DOUBTFUL = ("unverified", "secondary")
"""States of numbers that are not the report's own words."""


def render_check(
    checked: Checked,
    format: str = "text",
    *,
    states: bool = False,
    width: int | None = None,
    unicode: bool = True,
) -> str:
    """Text or JSON. `states` lists all that is not verified; `width` None leaves each finding on one line."""
    if format == "json":
        return render_json(checked)
    lines = list(_findings(checked, width) if checked.problems else _clean(checked, states, width))
    text = "\n".join(lines) + "\n"
    return text if unicode else to_ascii(text)


def render_json(checked: Checked) -> str:
    """One object: `problems`, each with file, row, column, value, reason, allowed, likely; and what was counted."""
    files = {file: len(found) for file, found in _by_file(checked.problems)}
    document: dict[str, Any] = {
        "review": checked.title,
        "place": checked.place,
        "problems": [problem._asdict() for problem in checked.problems],
        "counts": {"problems": len(checked.problems), "files": files, "read": dict(checked.read)},
        "states": {table: dict(counts) for table, counts in checked.states.items()},
        "unchecked": [entry._asdict() for entry in checked.unchecked],
    }
    return json_text(document)


# ---- problems ------------------------------------------------------------------------------------


def _findings(checked: Checked, width: int | None) -> Iterator[str]:
    files = _by_file(checked.problems)
    where = files[0][0] if len(files) == 1 else f"{len(files)} files"
    yield f"{clean(checked.title or checked.place)}: {plural(len(checked.problems), 'problem')} in {where}"
    for file, problems in files:
        yield ""
        yield clean(file)
        for place, finding in _lines(problems):
            yield from _wrapped(clean(f"{place}{finding}"), width, "  ", "      ")


def _by_file(problems: Iterable[Problem]) -> list[tuple[str, list[Problem]]]:
    return [(file, list(found)) for file, found in groupby(problems, key=lambda problem: problem.file)]


def _lines(problems: Sequence[Problem]) -> Iterator[tuple[str, str]]:
    """Place and finding; the same finding in one column is one line with all of its rows."""
    rows: dict[tuple[str, str], list[int]] = {}
    for problem in problems:
        found = rows.setdefault((problem.column, problem.finding), [])
        if problem.row is not None:
            found.append(problem.row)
    for (column, finding), numbers in rows.items():
        place = ", ".join(filter(None, (row_numbers(numbers), column)))
        yield (f"{place}: " if place else ""), finding


def row_numbers(numbers: Sequence[int]) -> str:
    """`row 3`; `rows 3, 5 to 9`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    words = [str(a) if a == b else f"{a}, {b}" if b == a + 1 else f"{a} to {b}" for a, b in spans[:SHORT]]
    if len(spans) > SHORT:
        words.append(f"... ({len(numbers)} in all)")
    return f"{'row' if len(numbers) == 1 else 'rows'} {', '.join(words)}" if words else ""


# ---- nothing wrong -------------------------------------------------------------------------------


def _clean(checked: Checked, states: bool, width: int | None) -> Iterator[str]:
    read = checked.read
    if not checked.title:
        yield f"{clean(checked.place)}: {plural(read['rows'], 'row')}, {read['events']}/{read['n']} in all: no problems"
        return
    yield clean(checked.title)
    counted = ", ".join(plural(read[table], noun) for table, noun in NOUNS.items() if read[table])
    yield from _wrapped(f"{counted}: no problems", width, "")
    known = checked.states.get("outcomes", {})
    if known:
        yield ""
        shares = ", ".join(f"{count} {state} ({MEANS[state]})" for state, count in known.items())
        yield from _wrapped(f"Of {plural(sum(known.values()), 'row')} of outcomes: {shares}.", width, "")
    used = [entry for entry in checked.unchecked if entry.analyses]
    others = [entry for entry in checked.unchecked if not entry.analyses]
    if not states:
        others = [
            entry for entry in others if entry.number and entry.state in DOUBTFUL and entry.file == OUTCOMES
        ]
    listed = 0
    for heading, entries in (
        ("Still to be verified, and an analysis rests on it:", used),
        ("Still to be verified:" if states else "Recalled, or from another source than the report:", others),
    ):
        if entries:
            yield ""
            yield heading
        for entry in entries if states else entries[:SHORT]:
            yield from _entry(entry, width)
            listed += 1
    rest = len(checked.unchecked) - listed
    if rest:
        more = "more row is" if rest == 1 else "more rows are"
        yield ""
        yield f"{rest} {more if listed else more.removeprefix('more ')} not verified: evidence check --states"


def _entry(entry: Unchecked, width: int | None) -> Iterator[str]:
    """State and number; then where it stands, and where it was read. Addresses are not broken: they are to be copied."""
    number = f": {entry.number}" if entry.number else ""
    used = f" [{', '.join(entry.analyses)}]" if entry.analyses else ""
    said = clean(f"{entry.label}, {entry.what}{number}{used}")
    yield from _wrapped(said, width, f"  {entry.state:10}  ", INDENT)
    place = f"{entry.file} row {entry.row}" + (f"; {clean(entry.locator)}" if entry.locator else "")
    yield from _wrapped(place, width, INDENT)
    if entry.source:
        yield INDENT + clean(entry.source)


def _wrapped(text: str, width: int | None, indent: str, hanging: str | None = None) -> list[str]:
    if width is None:
        return [indent + text]
    return wrap(text, width, indent, indent if hanging is None else hanging)
