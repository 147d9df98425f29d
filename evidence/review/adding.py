"""Rows added, edited, removed and verified, as a person asks for it; `evidence.review.writing` does the writing.

A number is verified by somebody who read it in the full text, on a page: nothing
here makes a row verified without a name and a place, and a verified number that
is changed is not verified any more until somebody says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from evidence.errors import DataError, InputError, NotPossible, OptionError
from evidence.review.names import plain, read_weeks
from evidence.review.schema import NUMERIC, STATES, TABLES, Column, Fault, Problem, Table, nearest, parse
from evidence.review.writing import Edit

KINDS: Mapping[str, str] = {
    "report": "studies",
    "cohort": "cohorts",
    "outcome": "outcomes",
    "patient": "patients",
    "score": "scores",
    "reference": "references",
    "overlap": "overlaps",
    "statement": "statements",
}
"""What a person adds -> its table."""

VERIFIED = STATES[0]

NUMBERS = ("value", "arm", "subgroup", "outcome", "score", "patient")
"""Columns that, beside those of NUMERIC kinds, say what was found: after a change it has to be verified again."""


class RowChange(NamedTuple):
    """One row: what is done ("added", "changed", "removed"), the cells before and after, those that are empty left out."""

    action: str
    table: str
    row: int
    before: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def file(self) -> str:
        return TABLES[self.table].file

    @property
    def cells(self) -> Mapping[str, str]:
        """The row as it is afterwards, as it was if it is gone."""
        return self.after or self.before


def find_table(name: str) -> Table:
    """The table somebody means: outcomes, outcomes.csv, outcome, report."""
    said = name.casefold().removesuffix(".csv")
    known = {**{table: table for table in TABLES}, **KINDS, **{f"{kind}s": t for kind, t in KINDS.items()}}
    if said not in known:
        near = nearest(said, known)
        hint = f" (did you mean {near}?)" if near else ""
        raise OptionError("table", name, f"{', '.join(TABLES)}{hint}")
    return TABLES[known[said]]


# ---- adding --------------------------------------------------------------------------------------


def add_rows(edit: Edit, table: str, rows: Iterable[Mapping[str, str]]) -> list[RowChange]:
    """Add rows; raises `InputError` for a column that is not there or a row verified by nobody."""
    changes = []
    for row in rows:
        order = [column.name for column in edit.columns(table)]
        filled = {name: text.strip() for name, text in row.items() if text.strip()}
        filled = {name: filled[name] for name in (*order, *filled) if name in filled}
        cells = _vouched(edit, table, filled)
        number = edit.append(table, cells)
        changes.append(RowChange("added", table, number, {}, cells))
    return changes


def lacking(edit: Edit, table: str, row: Mapping[str, str]) -> list[Column]:
    """The columns without which a row cannot be."""
    return [c for c in edit.columns(table) if c.required and not row.get(c.name, "").strip()]


def _vouched(edit: Edit, table: str, row: Mapping[str, str]) -> dict[str, str]:
    """The row, dated if it is verified; refused if it is verified by nobody."""
    cells = dict(row)
    names = {column.name for column in edit.columns(table)}
    if cells.get("state") != VERIFIED or "verified_by" not in names:
        return cells
    missing = [name for name in ("verified_by", "locator") if not cells.get(name)]
    if missing:
        raise InputError(
            f"state {VERIFIED} says that somebody read it in the full text: {' and '.join(missing)} must say who, "
            "and on which page; or take state read and use evidence verify afterwards"
        )
    cells.setdefault("verified_on", date.today().isoformat())
    return cells


_Key = tuple[int, tuple[str, ...]]
"""A row's number and the cells of its key."""


# ---- finding -------------------------------------------------------------------------------------


def find_row(edit: Edit, table: str, words: Sequence[str]) -> int:
    """The number of the one row that is called so: by cells of its key or parts of them, in any order, or `row 12`.

    Raises `InputError` where none or several are, with those that could be meant.
    """
    header = edit.header(table)
    places = [header.index(name) for name in TABLES[table].key if name in header]
    wanted = _words(words)

    def keys(holding: Iterable[str]) -> list[_Key]:
        return [
            (number, tuple(cells[place] for place in places)) for number, cells in edit.rows(table, holding)
        ]

    # As it is written, which is found at once in a large table; then but for case, accents and hyphens.
    found = _called(keys([_as_text(word) for word in wanted]), wanted, _same)
    every = [] if found else keys(())
    found = found or _called(every, wanted, _same)
    numbered = _number(words)
    if not found and numbered is not None:
        edit.row(table, numbered)
        return numbered
    found = found or _called(every, wanted, _part)
    if len(found) > 1:
        whole = [one for one in found if sum(map(bool, one[1])) == len(wanted)]
        found = whole if len(whole) == 1 else found
    if len(found) == 1:
        return found[0][0]
    said, file = " ".join(words), TABLES[table].file
    if found:
        shown = "\n".join(f"  row {n}: {', '.join(filter(None, key))}" for n, key in found[:8])
        more = f"\n  and {len(found) - 8} more" if len(found) > 8 else ""
        raise InputError(
            f"{len(found)} rows of {file} are called {said}; say more, or row NUMBER:\n{shown}{more}"
        )
    known = {cell for _, key in every for cell in key if cell}
    missed = next((word for word in wanted if not any(_part(word, cell) for cell in known)), "")
    near = nearest(missed, known) if missed else ""
    raise InputError(f"no row of {file} is called {said}" + (f" (did you mean {near}?)" if near else ""))


def _called(keys: Sequence[_Key], words: Sequence[str], means: Callable[[str, str], bool]) -> list[_Key]:
    """The rows with a cell for every word."""
    means = cache(means)  # a table has few distinct cells in its key's columns
    return [one for one in keys if all(any(means(word, cell) for cell in one[1]) for word in words)]


def _words(words: Sequence[str]) -> list[str]:
    """The words of a key; those of a time together, a report and a patient (viedma2025:1) apart."""
    text = "\0".join(part for word in words for part in re.split(r"(?<=[\w.-]):(?=\w)", word))
    text = re.sub(r"(?i)\b(last|weeks?)\0(visit|[0-9.]+)", r"\1 \2", text)
    return [word for word in text.split("\0") if word.strip()]


def _same(word: str, cell: str) -> bool:
    if word == cell or plain(word) == plain(cell):
        return True
    if cell[:1].isdigit() or cell.startswith("last"):
        weeks = read_weeks(word)
        return weeks is not None and weeks == read_weeks(cell)
    return False


def _as_text(word: str) -> str:
    """A word as it stands in a table: of a time, the number."""
    weeks = read_weeks(word)
    return f"{weeks:g}" if isinstance(weeks, float) else word


def _part(word: str, cell: str) -> bool:
    return _same(word, cell) or (len(word) > 2 and plain(word) in plain(cell))


def _number(words: Sequence[str]) -> int | None:
    text = words[-1] if len(words) == 1 or [w.casefold() for w in words[:-1]] == ["row"] else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


# ---- changing ------------------------------------------------------------------------------------


def edit_row(edit: Edit, table: str, number: int, changes: Mapping[str, str]) -> RowChange:
    """Change cells of a row; a verified number that changes needs a new state."""
    before = edit.row(table, number)
    columns = {column.name: column for column in edit.columns(table)}
    for name in changes:
        if name not in columns:
            near = nearest(name, columns)
            hint = f" (did you mean {near}?)" if near else ""
            raise InputError(
                f"{TABLES[table].file} has no column {name!r}{hint}; it has {', '.join(columns)}"
            )
    wanted = {name: text.strip() for name, text in changes.items() if text.strip() != before.get(name, "")}
    if not wanted:
        raise InputError(f"{TABLES[table].file} row {number} says so already; nothing to change")
    if before.get("state") == VERIFIED:
        wanted = _again(columns, table, number, before, wanted, "state" in changes)
    after = {**before, **wanted}
    if after.get("state") == VERIFIED and {"state", "verified_by", "locator"} & set(wanted):
        vouched = _vouched(edit, table, {name: text for name, text in after.items() if text})
        wanted |= {name: text for name, text in vouched.items() if before.get(name, "") != text}
    edit.replace(table, number, wanted)
    return RowChange("changed", table, number, _filled(before), _filled(edit.row(table, number)))


def _again(
    columns: Mapping[str, Column],
    table: str,
    number: int,
    before: Mapping[str, str],
    wanted: Mapping[str, str],
    said: bool,
) -> dict[str, str]:
    """What a change of a verified row takes with it: the name of who verified what is no longer there."""
    numbers = [name for name in wanted if columns[name].kind in NUMERIC or name in NUMBERS]
    if numbers and not said:
        by = f" by {before['verified_by']}" if before.get("verified_by") else ""
        raise InputError(
            f"{TABLES[table].file} row {number} was verified{by}; with another {' and '.join(numbers)} say how the new "
            "value was read: state=read, or state=verified with verified_by=NAME and locator=PAGE"
        )
    cells = dict(wanted)
    if numbers or wanted.get("state", VERIFIED) != VERIFIED:
        for name in ("verified_by", "verified_on"):
            if before.get(name) and name not in wanted:
                cells[name] = ""
    return cells


def remove_row(edit: Edit, table: str, number: int) -> RowChange:
    """Take a row out. Raises `NotPossible` where others refer to it, naming them."""
    before = edit.row(table, number)
    edit.remove(table, number)
    try:
        edit.preview()
    except DataError as error:
        problems = [problem for problem in error.problems if isinstance(problem, Problem)]
        if not problems or not all(_refers(problem, before) for problem in problems):
            raise
        raise NotPossible(
            f"{TABLES[table].file} row {number} cannot be removed: others refer to it, remove or change them "
            f"first: {', '.join(_places(problems))}"
        ) from None
    return RowChange("removed", table, number, _filled(before), {})


def _refers(problem: Problem, row: Mapping[str, str]) -> bool:
    said = problem.reason.startswith(("is not in ", "is not a patient of ", "is not a report in "))
    return said and problem.value in row.values()


def _places(problems: Sequence[Problem]) -> Iterator[str]:
    """`outcomes.csv rows 5, 6`, `review.toml analyses.primary.ours`; of many the first."""
    rows: dict[str, list[int]] = {}
    for problem in problems:
        if problem.row is None:
            yield f"{problem.file} {problem.column}"
        else:
            rows.setdefault(problem.file, []).append(problem.row)
    for file, numbers in rows.items():
        shown = ", ".join(map(str, numbers[:12])) + (f" and {len(numbers) - 12} more" * (len(numbers) > 12))
        yield f"{file} {'row' if len(numbers) == 1 else 'rows'} {shown}"


# ---- verifying -----------------------------------------------------------------------------------


def verify_row(
    edit: Edit,
    table: str,
    number: int,
    *,
    by: str,
    locator: str,
    on: str = "",
    source: str = "",
    reads: str = "",
) -> RowChange:
    """Record that somebody read the row in the full text, where and when; a second reader is added to the first.

    `reads` is what the page says, events/n or the number: where it is not what
    the row says, nothing is recorded and `NotPossible` raised.
    """
    before = edit.row(table, number)
    if "state" not in {column.name for column in edit.columns(table)}:
        raise InputError(f"{TABLES[table].file} has no state: there is nothing to verify")
    if reads:
        _compare(before, reads, f"{TABLES[table].file} row {number}")
    who = before.get("verified_by", "") if before.get("state") == VERIFIED else ""
    names = list(dict.fromkeys(filter(None, (name.strip() for name in f"{who};{by}".split(";")))))
    changes = {
        "state": VERIFIED,
        "locator": locator,
        "verified_by": "; ".join(names),
        "verified_on": on or date.today().isoformat(),
        **({"source": source} if source else {}),
    }
    if not source and (before.get("state") == "secondary" or not before.get("source")):
        other = (
            "the row's source is another one than the report"
            if before.get("source")
            else "the row has no source"
        )
        raise InputError(f"{other}: --source says which paper was read")
    for column in edit.columns(table):
        if column.name in changes:
            fault = parse(column, changes[column.name].strip())
            if isinstance(fault, Fault):
                raise OptionError(column.name, changes[column.name], fault.allowed)
    edit.replace(table, number, changes)
    return RowChange("changed", table, number, _filled(before), _filled(edit.row(table, number)))


def _compare(row: Mapping[str, str], reads: str, place: str) -> None:
    said = "".join(reads.split())
    counts = f"{row['events']}/{row['n']}" if row.get("events") and row.get("n") else ""
    known = [text for text in (counts, row.get("value", ""), row.get("percent", "")) if text]
    if said.removesuffix("%") not in ["".join(text.split()) for text in known]:
        raise NotPossible(
            f"the page says {reads}, {place} says {known[0] if known else 'nothing'}: nothing was recorded; "
            "evidence edit corrects the row"
        )


def _filled(row: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in row.items() if text}


# ---- who is touched ------------------------------------------------------------------------------


def touched(changes: Iterable[RowChange], cohorts: Mapping[str, Sequence[str]]) -> list[str]:
    """The reports that changed rows are about; `cohorts` are those of each report."""
    reports: dict[str, None] = {}
    for change in changes:
        for cells in (change.before, change.after):
            if study := cells.get("study"):
                reports[study] = None
            named = {cells.get("cohort_a"), cells.get("cohort_b")} - {None}
            if named:
                reports |= dict.fromkeys(study for study, own in cohorts.items() if named & set(own))
    return list(reports)
