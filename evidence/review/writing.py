"""The tables of a review changed: rows added, replaced and removed, and nothing else touched.

    with editing(folder) as edit:
        edit.append("outcomes", {"study": "lin2024", "events": "3", ...})
        review = edit.preview()  # as it would be, checked
        edit.commit()

Whoever edits has the review to himself: a lock in its folder keeps others out,
and a file that another program changed meanwhile is not written over. Each file
is written whole or not at all; where several change, in an order in which the
review is valid after each of them, so that a process may be killed at any time.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from evidence.errors import DataError, InputError
from evidence.files import write_whole
from evidence.review.patients import derive
from evidence.review.question import FILE, Question
from evidence.review.rewriting import BOM, change_cells, written
from evidence.review.rules import agree
from evidence.review.schema import MARKED, TABLES, Column, OutcomeRow
from evidence.review.sheet import DELIMITERS, POINT, find_mark, read_sheet, with_point
from evidence.review.tables import Review, is_shipped, load, read_toml

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

LOCK = ".evidence.lock"
LOCK_SECONDS = 5.0
"""How long to wait for another process; a change takes a second or two."""

LEFT_BEHIND = 60.0
"""Seconds after which a half-written file is nobody's any more."""

RELOAD = 1000
"""Changed rows above which a review is loaded again rather than taken back."""


@contextmanager
def editing(folder: str | Path) -> Iterator[Edit]:
    """The review in a folder, to be changed by nobody else meanwhile; nothing is written but by `commit`.

    Raises `InputError` where there is no review, it is the one that comes with
    evidence, it cannot be written, or somebody else is writing.
    """
    path = os.fspath(folder)
    refuse(path)
    with _alone(path):
        _sweep(path)
        yield Edit(path)


def draft(folder: str | Path) -> Edit:
    """Changes to any review, the one that comes with evidence too, to be looked at and never written."""
    path = os.fspath(folder)
    _need_review(path)
    return Edit(path, writable=False)


def refuse(folder: str | Path) -> None:
    """Raise `InputError` where no table may be written."""
    path = os.fspath(folder)
    _need_review(path)
    if is_shipped(Path(path)):
        raise InputError(
            "the review that comes with evidence is read-only; "
            "evidence init --example DIR makes a copy of it that is yours"
        )
    if not os.access(path, os.W_OK | os.X_OK):
        raise InputError(f"cannot write in {path}: it is read-only for you")


def _need_review(path: str) -> None:
    if not os.path.isfile(os.path.join(path, FILE)):
        kind = f"has no {FILE}" if os.path.isdir(path) else "is not a folder"
        raise InputError(
            f"{path} {kind}, so there is no review to change; evidence init {_quoted(path)} makes one"
        )


class Edit:
    """Changes to a review's tables, kept until `commit`.

    A row is called by the number it had when the table was read: a removal moves
    no other one before everything is written.
    """

    def __init__(self, folder: str, *, writable: bool = True) -> None:
        self.folder, self.writable = folder, writable
        self._tables: dict[str, _Lines] = {}
        self._preview: Review | None = None

    def append(self, table: str, row: Mapping[str, str]) -> int:
        """Add a row at the end and return the number it will have; a table, or a column with anything in it, that is not there is made."""
        self._preview = None
        return self._lines(table).append(row)

    def replace(self, table: str, row_number: int, changes: Mapping[str, str]) -> None:
        """Change cells of a row, the others staying byte for byte."""
        self._preview = None
        self._lines(table).replace(row_number, changes)

    def remove(self, table: str, row_number: int) -> None:
        """Take a row out."""
        self._preview = None
        self._lines(table).remove(row_number)

    def row(self, table: str, row_number: int) -> dict[str, str]:
        """The cells of a row as they stand now, by column."""
        return self._lines(table).row(row_number)

    def rows(self, table: str, holding: Iterable[str] = ()) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Number and cells of each row, in the order of `header`; of those whose text has all of `holding` in it."""
        return self._lines(table).rows(tuple(holding))

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns a table may have, the review's own ones last."""
        return tuple(self._lines(table).columns.values())

    def before(self) -> Review:
        """The review without the changes: `preview` taken back, which costs a tenth of loading a large review again."""
        return _taken_back(self)

    def header(self, table: str) -> tuple[str, ...]:
        """The columns of a table in their order, those to be added included."""
        return tuple(self._lines(table).header)

    @cached_property
    def question(self) -> Question:
        """What review.toml says. Raises `DataError` with what is wrong in it."""
        question, problems = read_toml(Path(self.folder))
        if problems:
            raise DataError(problems)
        return question

    @property
    def changed(self) -> tuple[str, ...]:
        """The tables that differ from what is on disk."""
        return tuple(name for name, lines in self._tables.items() if lines.changed)

    def preview(self) -> Review:
        """The review as it would be. Raises `DataError` with everything that would be wrong in it."""
        if self._preview is None:
            self._preview = self._load(self.changed)
        return self._preview

    def commit(self) -> None:
        """Write what changed, after the same checks as `preview`.

        Raises `DataError` for what would be wrong, `InputError` where a file
        cannot be written or was changed by somebody else since it was read.
        """
        if not self.writable:
            raise InputError("this was only to be looked at; nothing is written")
        self.preview()
        order = self._order()
        for name in order:
            lines = self._tables[name]
            if lines.before is not None and not os.access(lines.path, os.W_OK):
                raise InputError(f"cannot write {lines.path}: it is read-only for you")
            if _read(lines.path) != lines.before:
                raise InputError(f"{lines.path} was changed meanwhile; nothing was written, run this again")
        for name in order:
            lines = self._tables[name]
            raw = lines.raw()
            write_whole(lines.path, raw)
            lines.before = raw

    def _order(self) -> tuple[str, ...]:
        """The changed tables in an order that leaves a valid review after each: what others refer to comes first, and goes last."""
        ranks = list(TABLES)
        names = sorted(self.changed, key=ranks.index)
        growing = [name for name in names if not self._tables[name].shrinks]
        shrinking = [name for name in reversed(names) if self._tables[name].shrinks]
        for order in ((*growing, *shrinking), (*shrinking, *growing)):
            if self._valid_throughout(order):
                return order
        raise InputError(
            f"{', '.join(TABLES[name].file for name in names)} cannot be written one after the other "
            "without an invalid review in between; make the change in several steps"
        )

    def _valid_throughout(self, order: tuple[str, ...]) -> bool:
        try:
            for count in range(1, len(order)):
                self._load(order[:count])
        except DataError:
            return False
        return True

    def _load(self, names: tuple[str, ...]) -> Review:
        drafts = {TABLES[name].file: self._tables[name].raw() for name in names}
        return load(cast("Traversable", _Draft(self.folder, drafts)))

    def _lines(self, table: str) -> _Lines:
        if table not in self._tables:
            columns = TABLES[table].columns + self.question.columns.get(table, ())
            self._tables[table] = _Lines(os.path.join(self.folder, TABLES[table].file), columns)
        return self._tables[table]


class _Lines:
    """A table as the text of its records, line ends and blank lines included."""

    def __init__(self, path: str, columns: tuple[Column, ...]) -> None:
        self.path = path
        self.columns = {column.name: column for column in columns}
        self.before = _read(path)
        self.touched = self.shrinks = False
        self.removed = 0
        self._raw: bytes | None = None
        raw = self.before or b""
        if not raw.strip():
            raw = (",".join(self.columns) + "\n").encode()
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise InputError(f"{path} is not UTF-8; evidence check says where") from None
        self.bom = BOM if text.startswith(BOM) else ""
        text = text.removeprefix(BOM)
        first = re.split("[\r\n]", text, maxsplit=1)[0]
        self.delimiter = max(DELIMITERS, key=first.count)
        self.records, self.first = _records(text, self.delimiter, path)
        self.original = self.records.copy()
        cells = self._cells(self.records[self.first])
        self.header = [cell.strip() for cell in cells]
        self.end = _end(self.records[self.first]) or "\n"
        self.quotes_all = self.records[self.first].startswith('"') and all(
            f'"{cell}"' in self.records[self.first] for cell in cells
        )
        self.mark = "."
        if self.delimiter != ",":
            sheet = read_sheet(raw, os.path.basename(path))
            marked = [
                self.header.index(c.name) for c in columns if c.kind in MARKED and c.name in self.header
            ]
            self.mark = find_mark(sheet, marked)

    @property
    def changed(self) -> bool:
        return self.touched and self.raw() != self.before

    def raw(self) -> bytes:
        if self._raw is None:
            self._raw = (self.bom + "".join(self.records)).encode()
        return self._raw

    def replaced(self) -> list[int]:
        """Which of the original records are another text now, or gone."""
        return [i for i, record in enumerate(self.original) if self.records[i] != record]

    def append(self, row: Mapping[str, str]) -> int:
        self._need(row)
        last = next(index for index in reversed(range(len(self.records))) if self.records[index])
        if not _end(self.records[last]):
            self.records[last] += self.end
        cells = [self._cell(name, row.get(name, "")) for name in self.header]
        texts = [written(cell, self.delimiter, self.quotes_all) for cell in cells]
        self.records.append(self.delimiter.join(texts) + self.end)
        self.touched, self._raw = True, None
        return len(self.records) - self.removed

    def replace(self, number: int, changes: Mapping[str, str]) -> None:
        index = self._index(number)
        self._need(changes)
        width = len(self._cells(self.records[index]))
        if width != len(self.header):
            raise InputError(f"{self.path} row {number} has {width} cells, its header {len(self.header)}")
        cells = {(2, name): self._cell(name, value) for name, value in changes.items() if name in self.header}
        # Two lines are enough for the one who changes cells: the header and the row.
        head = self.delimiter.join(written(name, self.delimiter, False) for name in self.header) + "\n"
        both = change_cells((head + self.records[index]).encode(), os.path.basename(self.path), cells)
        self.records[index] = both.decode().removeprefix(head)
        self.touched, self._raw = True, None

    def remove(self, number: int) -> None:
        self.records[self._index(number)] = ""
        self.removed += 1
        self.touched = self.shrinks = True
        self._raw = None

    def row(self, number: int) -> dict[str, str]:
        cells = self._cells(self.records[self._index(number)])
        return {name: self._read(name, cell.strip()) for name, cell in zip(self.header, cells, strict=False)}

    def rows(self, holding: tuple[str, ...] = ()) -> Iterator[tuple[int, tuple[str, ...]]]:
        width = len(self.header)
        wanted = [
            (number, record)
            for number, record in enumerate(self.records, 1)
            if number - 1 > self.first and all(text in record for text in holding)
        ]
        # A record of several lines is one string to the reader, which takes it so: its quotes are closed.
        reader = csv.reader((record for _, record in wanted), delimiter=self.delimiter, strict=True)
        for (number, _), cells in zip(wanted, reader, strict=True):
            if len(cells) == width:
                yield number, tuple(map(self._read, self.header, map(str.strip, cells)))

    def _index(self, number: int) -> int:
        index = number - 1
        if not (self.first < index < len(self.records) and self.records[index].strip("\r\n")):
            raise InputError(f"{self.path} has no row {number}")
        return index

    def _need(self, row: Mapping[str, str]) -> None:
        """Add the columns that are not there yet, as the last ones; every line gets an empty cell."""
        for name in row:
            if name not in self.columns and name not in self.header:
                raise InputError(f"{os.path.basename(self.path)} has no column {name!r}")
        added = [name for name in self.columns if name not in self.header and row.get(name, "").strip()]
        if added:
            # The original records too: their rows say what they said, and are compared with those of now.
            self.records = self._widened(self.records, added)
            self.original = self._widened(self.original, added)
            self.header += added

    def _widened(self, records: list[str], names: list[str]) -> list[str]:
        head = "".join(self.delimiter + written(name, self.delimiter, self.quotes_all) for name in names)
        empty = (self.delimiter + written("", self.delimiter, self.quotes_all)) * len(names)
        # Most lines end as the header does and hold no blank row: a slice is a third of the cost of stripping.
        end, cut = self.end, -len(self.end)
        made = [
            record[:cut] + empty + end
            if record.endswith(end) and record[cut - 1 : cut] not in "\r\n"
            else record
            for record in records
        ]
        for index, record in enumerate(records):
            if index == self.first or made[index] is record:
                body = record.rstrip("\r\n")
                cells = head if index == self.first else empty
                made[index] = body + cells + record[len(body) :] if body else record
        return made

    def _cell(self, name: str, value: str) -> str:
        value = value.strip()
        column = self.columns.get(name)
        if self.mark == "," and column and column.kind in MARKED and re.fullmatch(POINT, value):
            return value.replace(".", ",")
        return value

    def _read(self, name: str, text: str) -> str:
        """The cell with a decimal point, as the schema spells it."""
        if self.mark == ".":
            return text
        column = self.columns.get(name)
        marked = column is not None and column.kind in MARKED
        return with_point(text) if marked else text

    def _cells(self, record: str) -> list[str]:
        return next(csv.reader(StringIO(record, newline=""), delimiter=self.delimiter, strict=True), [])


def _records(text: str, delimiter: str, path: str) -> tuple[list[str], int]:
    """The text of each record as csv.reader counts them, and the index of the header among them."""
    lines = list(StringIO(text, newline=""))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    records, first, at = [], -1, 0
    try:
        for cells in reader:
            end = reader.line_num
            records.append(lines[at] if end == at + 1 else "".join(lines[at:end]))
            if first < 0 and any(cell.strip() for cell in cells):
                first = len(records) - 1
            at = end
    except csv.Error as error:
        raise InputError(f"{path} cannot be changed: row {len(records) + 1}: {error}") from None
    if first < 0:
        raise InputError(f"{path} cannot be changed: it has no header")
    return records, first


def _end(record: str) -> str:
    return record[len(record.rstrip("\r\n")) :][:2]


# ---- the review as it would be -------------------------------------------------------------------


class _Draft:
    """A folder in which some files are only drafts; as much of a folder as `load` asks for."""

    def __init__(self, folder: str, drafts: Mapping[str, bytes], name: str = "") -> None:
        self.folder, self.drafts, self.name = folder, drafts, name
        self.path = os.path.join(folder, name) if name else folder

    def __str__(self) -> str:
        return self.path

    def __fspath__(self) -> str:
        return self.path

    def joinpath(self, name: str) -> _Draft:
        return _Draft(self.folder, self.drafts, name)

    def is_dir(self) -> bool:
        return os.path.isdir(self.path)

    def is_file(self) -> bool:
        return self.name in self.drafts or os.path.isfile(self.path)

    def read_bytes(self) -> bytes:
        if self.name in self.drafts:
            return self.drafts[self.name]
        with open(self.path, "rb") as file:
            return file.read()


def _taken_back(edit: Edit) -> Review:
    """The review before the changes, made of what it is after them.

    Outcomes are most of what there is to read: those that did not change are taken
    from the preview, only the others are read again, with the smaller tables.
    """
    after, lines = edit.preview(), edit._lines("outcomes")
    changed = lines.replaced()
    if len(changed) > RELOAD or lines.delimiter != "," or lines.before is None:
        return load(edit.folder)
    head = lines.original[: lines.first + 1]
    old = "".join([*head, *(lines.original[i] for i in changed)])
    few = load(cast("Traversable", _Draft(edit.folder, {"outcomes.csv": (lines.bom + old).encode()})))
    again = [row._replace(row=changed[row.row - len(head) - 1] + 1) for row in few.rows if not row.derived]
    # The number a row has after the changes -> its place among the original records.
    places = [i for i, record in enumerate(lines.records) if record]
    gone, count = set(changed), len(lines.original)
    for row in after.rows:
        if not row.derived and (place := places[row.row - 1]) < count and place not in gone:
            again.append(row if row.row == place + 1 else row._replace(row=place + 1))
    if changed:
        again.sort(key=lambda row: row.row)
    outcomes = few.question.outcomes.values()
    derived, _ = agree(again, derive(outcomes, few.patients, few.scores, few.studies))
    rows = tuple(again + derived)
    by_outcome: dict[str, list[OutcomeRow]] = {}
    for row in rows:
        by_outcome.setdefault(row.outcome, []).append(row)
    grouped = {outcome: tuple(found) for outcome, found in by_outcome.items()}
    return dataclasses.replace(few, rows=rows, by_outcome=grouped)


def _read(path: str) -> bytes | None:
    """The bytes of a file, None where there is none."""
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    return raw


# ---- one at a time -------------------------------------------------------------------------------


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    """While no other process writes here: flock on Unix, msvcrt on Windows, freed when a process dies."""
    from filelock import FileLock, Timeout

    path = os.path.join(folder, LOCK)
    lock = FileLock(path)
    release: Callable[..., Any] = lock.release
    try:
        lock.acquire(timeout=LOCK_SECONDS)
        with suppress(OSError):
            _sign(path)
    except Timeout:
        raise InputError(
            f"{_holder(path)} is writing to {folder}; nothing was changed, try again when it is done"
        ) from None
    except PermissionError as error:
        raise InputError(f"cannot write in {folder}: {error.strerror}") from error
    except NotImplementedError:  # a file system without locks: what was changed meanwhile is still noticed
        release = _nothing
    except OSError as error:
        import errno

        if error.errno not in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL):
            raise InputError(f"cannot write in {folder}: {error.strerror}") from error
        release = _nothing
    try:
        yield
    finally:
        release()


def _nothing() -> None:
    pass


def _sign(path: str) -> None:
    """Say in the lock's file who has it."""
    import platform

    with open(path, "w", encoding="utf-8") as file:
        file.write(f"process {os.getpid()} on {platform.node()}, since {time.strftime('%H:%M:%S')}\n")


def _holder(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            who = file.readline(200).strip()
    except (OSError, ValueError):
        who = ""
    return f"another evidence ({who})" if who else "another evidence"


def _sweep(folder: str) -> None:
    """Remove what a process that was killed left half written."""
    parts = re.compile(r"\.(?:" + "|".join(re.escape(t.file) for t in TABLES.values()) + r")\.[0-9]+\.part")
    with suppress(OSError):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if parts.fullmatch(name) and time.time() - os.stat(path).st_mtime > LEFT_BEHIND:
                os.unlink(path)


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)
