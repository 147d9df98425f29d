"""What changed in a workbook since `evidence.review.workbook` wrote it, and its way back into the tables.

Three states of each row are compared: as it was written into the workbook, as it stands there now, as it stands in
the file now. Only what was changed in the workbook is taken from it, so that what others did meanwhile stays; where
both changed a row, nobody's word is taken. What a spreadsheet does by itself is a finding, not a change.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from evidence.errors import DataError, InputError
from evidence.review.adding import NUMBERS, VERIFIED, RowChange, add_rows, edit_row
from evidence.review.schema import NUMERIC, TABLES, Column, Fault, Problem, Table, nearest
from evidence.review.spreadsheet import Grid, read_pages
from evidence.review.tables import read_toml
from evidence.review.workbook import (
    ABOUT,
    FORMAT,
    LISTS,
    ROW,
    STAMP,
    Stored,
    digest,
    key_of,
    offered,
    plain_ends,
    read_stored,
    restored,
)
from evidence.review.writing import Edit

_PLAIN = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
})  # fmt: skip
"""Signs that spreadsheets put in by themselves, and what was typed."""

_REPLACED = (("\u2026", "..."), ("\u00a9", "(c)"), ("\u00ae", "(r)"), ("\u2122", "(tm)"), ("\u2192", "-->"))
_DIGITS = re.compile(r"-?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?", re.ASCII)


class Change(NamedTuple):
    """A row that was changed, added or removed: where it stands in the file (0 if nowhere yet) and in the sheet (0 if gone).

    `cells` are those that differ, each before and after; all that are not empty of a row added or removed. `name` is
    its key, to be called by.
    """

    table: str
    kind: str
    row: int
    line: int
    name: str
    cells: Mapping[str, tuple[str, str]]


Lines = Mapping[str, Mapping[int, int]]
"""Where rows stand in the workbook: table -> row of the file -> row of the sheet."""


class Returned(NamedTuple):
    """The changes in the order of the tables; `notes` about what was left alone; `lines` of rows that stay, by table."""

    file: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    lines: Lines


def read_workbook(raw: bytes, file: str, folder: str | Path, *, literal: bool = False) -> Returned:
    """The changes a workbook asks for in the review of a folder.

    `literal` takes cells as they stand that look as if the spreadsheet had changed them. Raises `InputError` for
    what is no workbook of `write_workbook`, `DataError` with every cell that cannot be taken.
    """
    pages = read_pages(raw, file)
    base = _read_stamp(pages, file)
    question, problems = read_toml(Path(folder))
    if problems:
        raise DataError(problems)
    changes: list[Change] = []
    notes = [
        f"sheet {title} is no table and was left aside" + (f"; {hint} is missing" if hint else "")
        for title in pages
        if title not in (*TABLES, ABOUT, STAMP, LISTS)
        for hint in [nearest(title, [name for name in TABLES if name not in pages])]
    ]
    lines: dict[str, dict[int, int]] = {}
    for table in TABLES.values():
        if table.name not in base:
            continue
        if table.name not in pages:
            notes.append(f"the workbook has no sheet {table.name}: {table.file} was left alone")
            continue
        columns = table.columns + question.columns.get(table.name, ())
        sheet = _Page(
            table, columns, pages[table.name], base[table.name], read_stored(Path(folder), table), literal
        )
        changes += sheet.changes()
        problems += sheet.problems
        lines[table.name] = sheet.kept
    if problems:
        raise DataError(problems)
    return Returned(file, tuple(changes), tuple(notes), lines)


def apply(returned: Returned, edit: Edit) -> tuple[list[RowChange], Lines]:
    """Make the changes in an edit, for its `commit`; with them, where each row that stays stands in the workbook.

    Raises `DataError` for a row that nobody vouches for.
    """
    gone: dict[str, set[int]] = {}
    done: list[RowChange] = []
    problems: list[Problem] = []
    lines = {table: dict(kept) for table, kept in returned.lines.items()}
    ordered = sorted(returned.changes, key=lambda change: ("changed", "removed", "added").index(change.kind))
    for kind, changes in groupby(ordered, key=lambda change: change.kind):
        if kind == "added":
            lines = {table: _moved_up(kept, gone.get(table, set())) for table, kept in lines.items()}
        for change in changes:
            after = {name: new for name, (_, new) in change.cells.items()}
            try:
                if kind == "changed":
                    state = edit.row(change.table, change.row).get("state")
                    after |= {"state": state} if state and "state" not in after else {}  # asked for before
                    done.append(edit_row(edit, change.table, change.row, after))
                elif kind == "added":
                    (added,) = add_rows(edit, change.table, [after])
                    done.append(added)
                    lines[change.table][added.row] = change.line
                else:
                    before = {name: text for name, text in edit.row(change.table, change.row).items() if text}
                    edit.remove(change.table, change.row)
                    gone.setdefault(change.table, set()).add(change.row)
                    done.append(RowChange("removed", change.table, change.row, before, {}))
            except InputError as error:
                page = f"{returned.file}, sheet {change.table}"
                problems.append(Problem(page, change.line or None, "", "", str(error)))
    if problems:
        raise DataError(problems)
    if "added" not in {change.kind for change in ordered}:
        lines = {table: _moved_up(kept, gone.get(table, set())) for table, kept in lines.items()}
    order = list(TABLES)
    return sorted(done, key=lambda change: order.index(change.table)), lines


def _moved_up(kept: Mapping[int, int], gone: AbstractSet[int]) -> dict[int, int]:
    """Rows by the numbers they have when others are gone."""
    before = sorted(gone)
    return {row - bisect_left(before, row): line for row, line in kept.items() if row not in gone}


def placed(problems: Iterable[object], file: str, lines: Lines) -> Iterator[object]:
    """Problems where the person who works in the spreadsheet finds them."""
    for problem in problems:
        if isinstance(problem, Problem) and problem.file.endswith(".csv"):
            table = problem.file.removesuffix(".csv")
            line = lines.get(table, {}).get(problem.row or 0)
            yield problem._replace(file=f"{file}, sheet {table}", row=line) if line else problem
        else:
            yield problem


# ---- what the rows were ---------------------------------------------------------------------------


class _Base(NamedTuple):
    """A table as it was written into the workbook: its columns, and by file row the key and the digest."""

    names: tuple[str, ...]
    rows: Mapping[int, tuple[str, str]]


def _read_stamp(pages: Mapping[str, Grid], file: str) -> dict[str, _Base]:
    page = pages.get(STAMP)
    if page is None or page.header[:1] != (f"evidence workbook {FORMAT}",):
        raise InputError(
            f"{file} was not made by evidence sheet export, or its hidden sheet {STAMP} is lost; "
            "for rows of a table of your own: evidence add --from"
        )
    names: dict[str, tuple[str, ...]] = {}
    rows: dict[str, dict[int, tuple[str, str]]] = {}
    try:
        for _, cells in page.rows:
            table, row, key, mark = (str(cell) for cell in cells[:4])
            if row == "0":
                names[table] = tuple(json.loads(restored(key)))
            else:
                rows.setdefault(table, {})[int(row)] = key, mark
    except ValueError:
        raise InputError(f"{file}: its hidden sheet {STAMP} was changed; export the review again") from None
    return {table: _Base(found, rows.get(table, {})) for table, found in names.items()}


# ---- a sheet -------------------------------------------------------------------------------------


class _Page:
    """One sheet against its file."""

    def __init__(
        self,
        table: Table,
        columns: Sequence[Column],
        grid: Grid,
        base: _Base,
        stored: Stored,
        literal: bool,
    ) -> None:
        self.table, self.grid, self.base, self.literal = table, grid, base, literal
        self.columns = {column.name: column for column in offered(columns, stored.header)}
        self.now = {
            number: {name: cell for name, cell in zip(stored.header, cells, strict=True) if cell}
            for number, cells in stored.rows.items()
        }
        self.by_key = {key_of(table, row): number for number, row in self.now.items()}
        self.problems = list(grid.problems)
        self.kept: dict[int, int] = {}

    def changes(self) -> Iterator[Change]:
        """The changes; what cannot be taken goes to `problems`."""
        places = self._places()
        if places is None:
            return
        seen: dict[int, int] = {}
        added: list[Change] = []
        for line, cells in self.grid.rows:
            row = self._cells(places, line, cells, seen)
            if row is None:
                continue
            number, texts = row
            if not texts:  # emptied from one end to the other: deleted
                seen.pop(number or 0, None)
                continue
            if number is None:
                if self._is_there(texts, digest(self.base.names, texts)):
                    continue
                found = {name: ("", text) for name, text in texts.items()}
                added.append(Change(self.table.name, "added", 0, line, self._name(texts), found))
                continue
            yield from self._changed(number, line, texts)
        yield from self._removed(seen)
        yield from added

    def _places(self) -> dict[str, int] | None:
        """Where each exported column stands; None, with the problems, where one is not there."""
        header = [restored(name) for name in self.grid.header]
        wanted = (ROW, *self.base.names)
        missing = [name for name in wanted if name not in header]
        odd = [name for name in header if name and name not in wanted]
        for name in odd:
            meant = nearest(name, missing) or (missing[0] if len(missing) == len(odd) == 1 else "")
            missing = [other for other in missing if other != meant]
            said = f"a column of the sheet as exported; declare a new one in review.toml under [columns.{self.table.name}]"
            self._problem(1, name, name, "is not a column of this sheet", said, meant)
        for name in missing:
            allowed = "the column as exported; to empty it, empty its cells"
            self._problem(1, name, "", "the column is missing", allowed)
        faulty = bool(odd or missing or any(problem.row == 1 for problem in self.grid.problems))
        return None if faulty else {name: header.index(name) for name in wanted}

    def _cells(
        self, places: Mapping[str, int], line: int, cells: Sequence[str | Fault], seen: dict[int, int]
    ) -> tuple[int | None, dict[str, str]] | None:
        """The file row and the texts of a line that are not empty; None where one of them cannot be taken."""
        said = cells[places[ROW]]
        number = int(said) if isinstance(said, str) and re.fullmatch("[0-9]{1,9}", said) else None
        new = "empty for a new row, else the number it was exported with"
        if number is None and said != "":
            shown, reason = (said, "is not the row of a file") if isinstance(said, str) else ("", said.reason)
            self._problem(line, ROW, shown, reason, new)
            return None
        if number is not None and number not in self.base.rows:
            self._problem(line, ROW, str(number), f"is no row that was exported from {self.table.file}", new)
            return None
        if number in seen:
            reason = f"stands in row {seen[number]} too, as in a row that was copied"
            self._problem(line, ROW, str(number), reason, new, "an empty cell, for a new row")
            return None
        before: Mapping[str, str] = {}
        if number is not None:
            seen[number] = line
            before = self.now.get(self._find(number)[0] or 0, {})
        texts: dict[str, str] = {}
        sound = True
        for name in self.base.names:
            cell = cells[places[name]]
            if isinstance(cell, Fault):
                old = before.get(name, "")
                place = self.grid.place(places[name], line)
                self._problem(
                    line, place, "", cell.reason, cell.allowed, f"{old}, as in the file" if old else ""
                )
                sound = False
            elif cell:
                text = restored(cell)
                if text:
                    texts[name] = text
        return (number, texts) if sound else None

    def _find(self, number: int) -> tuple[int | None, bool]:
        """Where the exported row stands in the file now, and whether it is as it was."""
        key, mark = self.base.rows[number]
        row = self.now.get(number)
        if row is not None and digest(self.base.names, row) == mark:
            return number, True
        moved = self.by_key.get(key)
        if moved is None:
            return None, False
        return moved, digest(self.base.names, self.now[moved]) == mark

    def _changed(self, number: int, line: int, texts: Mapping[str, str]) -> Iterator[Change]:
        row, same = self._find(number)
        if row is not None:
            self.kept[row] = line
        mark = digest(self.base.names, texts)
        if mark == self.base.rows[number][1]:
            return
        if self._is_there(texts, mark):  # a second time, or somebody else did the same
            return
        if row is None or not same:
            what = "is no longer in it" if row is None else f"was changed there as well (row {row} now)"
            reason = f"the row was changed here, and since the export in {self.table.file} it {what}"
            self._problem(line, "", "", reason, "one of the two; export again and make the change there")
            return
        before = self.now[row]
        cells = {}
        for name in self.base.names:
            old, new = before.get(name, ""), texts.get(name, "")
            if plain_ends(old) == plain_ends(new) or self._same_number(name, old, new):
                continue
            reason = "" if self.literal else habit(old, new)
            if reason:
                kept = f"{old}, as in the file; or --literal, to take it as it is"
                self._problem(line, name, new, reason, kept, old)
            elif self._vouched(before, texts, name):
                by = f" by {before['verified_by']}" if before.get("verified_by") else ""
                reason = f"is another value, and the row still says that it was verified{by}"
                kept = "state read (then evidence verify), or who verified the new value in verified_by"
                self._problem(line, name, new, reason, kept)
            else:
                cells[name] = old, new
        if cells:
            yield Change(self.table.name, "changed", row, line, self._name(before), cells)

    def _is_there(self, texts: Mapping[str, str], mark: str) -> bool:
        there = self.by_key.get(key_of(self.table, texts))
        return there is not None and digest(self.base.names, self.now[there]) == mark

    def _vouched(self, before: Mapping[str, str], after: Mapping[str, str], name: str) -> bool:
        """Whether a number that was verified stays so named after it became another one."""
        said = ("state", "verified_by", "verified_on")
        column = self.columns.get(name)
        counted = name in NUMBERS or (column is not None and column.kind in NUMERIC)
        same = all(before.get(word, "") == after.get(word, "") for word in said)
        return counted and same and after.get("state") == VERIFIED

    def _same_number(self, name: str, old: str, new: str) -> bool:
        """8.7 for 8.70: the file's spelling stays."""
        column = self.columns.get(name)
        return (
            column is not None
            and column.kind in NUMERIC
            and _number(old) is not None
            and _number(old) == _number(new)
        )

    def _removed(self, seen: Mapping[int, int]) -> Iterator[Change]:
        for number in self.base.rows:
            if number in seen:
                continue
            row, same = self._find(number)
            if row is None:
                continue
            if not same:
                reason = f"row {row} of {self.table.file} was changed since the export, and is deleted here"
                self._problem(None, "", "", reason, "one of the two; export again and delete it there")
                continue
            cells = {name: (text, "") for name, text in self.now[row].items()}
            yield Change(self.table.name, "removed", row, 0, self._name(self.now[row]), cells)

    def _name(self, row: Mapping[str, str]) -> str:
        return ", ".join(filter(None, (row.get(name, "") for name in self.table.key)))

    def _problem(
        self, line: int | None, column: str, value: str, reason: str, allowed: str, likely: str = ""
    ) -> None:
        self.problems.append(Problem(self.grid.file, line, column, value, reason, allowed, likely))


# ---- what spreadsheets do ------------------------------------------------------------------------


def habit(old: str, new: str) -> str:
    """How a spreadsheet makes the new text of the old one by itself; "" where a person must have done it."""
    if not old or not new:
        return ""
    if re.fullmatch("0+[0-9]+", old) and old.lstrip("0") == new.lstrip("0"):
        return "has lost its leading zeros, as numbers do in a spreadsheet"
    numbers = _number(old), _number(new)
    if None not in numbers:
        if numbers[0] == numbers[1]:
            return f"is the number that a spreadsheet made of {old}"
        digits = [text.lstrip("-").lstrip("0").replace(".", "") for text in (old, new)]
        if len(digits[0]) > 15 and digits[0][:14] == digits[1][:14]:
            return f"is {old} with its last digits lost: a spreadsheet keeps 15"
        return ""
    if _typed(old) == _typed(new):
        return "differs from the file only in quotes, dashes or spaces that a spreadsheet puts in by itself"
    from evidence.review.likely import ERRORS, dates

    if ERRORS.fullmatch(new) or set(new) == {"#"}:
        return f"is what a spreadsheet shows instead of {old}"
    parts = re.fullmatch("([0-9]{1,2})([-/.])([0-9]{1,2})", old)
    if parts and f"{int(parts[1])}/{int(parts[3])}" in tuple(dates(new)):
        return f"is a date that a spreadsheet made of {old}"
    return ""


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _DIGITS.fullmatch(text) else None


def _typed(text: str) -> str:
    for sign, typed in _REPLACED:
        text = text.replace(sign, typed)
    return " ".join(text.translate(_PLAIN).split())
