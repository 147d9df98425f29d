"""Which rows of the tables came, went or changed between two times, cell by cell; a row is known by its key, not its line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from evidence.review.question import FILE
from evidence.review.revision import Past, plain_lines
from evidence.review.schema import TABLES, Table
from evidence.review.sheet import Sheet, read_sheet

CAME, WENT, CHANGED = "came", "went", "changed"

ABSENT = ""
"""What a cell holds that is empty, or whose column is not there: for a reader the same."""


class Cell(NamedTuple):
    """One cell, or one setting of review.toml, before and after."""

    column: str
    before: str
    after: str


class RowChange(NamedTuple):
    """A row that came, went or changed; `key` are the cells it is known by, `row` its row in the file that has it.

    `cells` are those that differ; of a row that came or went those that hold
    anything beside its key.
    """

    kind: str
    key: tuple[str, ...]
    row: int
    cells: tuple[Cell, ...]


class FileChange(NamedTuple):
    """One file that is not as it was. `note` says what is no row's own: columns, or only the form."""

    file: str
    rows: tuple[RowChange, ...] = ()
    note: str = ""

    def count(self, kind: str) -> int:
        """How many rows came, went or changed."""
        return sum(change.kind == kind for change in self.rows)


def changes(before: Past, after: Past) -> tuple[FileChange, ...]:
    """The files that differ, review.toml first, then the tables in their usual order."""
    found = []
    if before.files.get(FILE) != after.files.get(FILE):
        found.append(_settings(before.files.get(FILE, b""), after.files.get(FILE, b"")))
    for table in TABLES.values():
        old, new = before.files.get(table.file, b""), after.files.get(table.file, b"")
        if old != new:
            found.append(_rows(table, old, new))
    return tuple(found)


# ---- tables --------------------------------------------------------------------------------------


def _rows(table: Table, old: bytes, new: bytes) -> FileChange:
    before, after = (read_sheet(raw, table.file) for raw in _differing(old, new))
    notes = list(_form(before, after))
    columns = tuple(dict.fromkeys([*after.header, *before.header]))
    ours, theirs = (_by_key(table, sheet, columns) for sheet in (before, after))
    found = []
    for key, (number, cells) in theirs.items():
        if key not in ours:
            found.append(RowChange(CAME, key[0], number, tuple(_cells(table, columns, (), cells))))
        elif ours[key][1] != cells:
            found.append(
                RowChange(CHANGED, key[0], number, tuple(_cells(table, columns, ours[key][1], cells)))
            )
    for key, (number, cells) in ours.items():
        if key not in theirs:
            found.append(RowChange(WENT, key[0], number, tuple(_cells(table, columns, cells, ()))))
    if not found and not notes:
        notes.append("the same rows; only order, line ends, quotes or spaces differ")
    return FileChange(table.file, tuple(found), "; ".join(notes))


def _differing(old: bytes, new: bytes) -> tuple[bytes, bytes]:
    """Both files with lines they share made blank, which keeps the row numbers; as they are where that is not safe.

    Of a hundred thousand rows a handful changed: only those are worth taking apart.
    """
    one, other = plain_lines(old), plain_lines(new)
    if not one or not other or one[0] != other[0] or not one[0].strip():
        return old, new
    ours, theirs = set(one) - {b""}, set(other) - {b""}
    if len(ours) < len(one) - one.count(b"") or len(theirs) < len(other) - other.count(b""):
        return old, new  # a line that stands twice: which of them went?
    return _blanked(one, theirs), _blanked(other, ours)


def _blanked(lines: Sequence[bytes], shared: set[bytes]) -> bytes:
    rest = [b"" if line in shared else line for line in lines[1:]]
    return b"\n".join([lines[0], *rest]) + b"\n"


def _form(before: Sheet, after: Sheet) -> Iterator[str]:
    """What is to be said of the files as such."""
    for word, one, other in (("without", before, after), ("with", after, before)):
        columns = [name for name in one.header if name not in other.header] if other.header else []
        if columns:
            yield f"{word} the column{'s' * (len(columns) > 1)} {', '.join(columns)}"
    for when, sheet in (("before", before), ("now", after)):
        if sheet.torn and sheet.header:
            yield f"some rows {when} cannot be lined up with the header and are left aside"
    if not before.header and after.header:
        yield "the file is new"
    if before.header and not after.header:
        yield "the file is gone or empty"


Row = tuple[int, tuple[str, ...]]
"""Row number, and the cells in the order of the columns of both sides."""


def _by_key(table: Table, sheet: Sheet, columns: Sequence[str]) -> Mapping[tuple[tuple[str, ...], int], Row]:
    """Each row by its key, and by how many before it have the same one: none, in a table without faults."""
    cells_of, key_of = _getter(sheet, columns), _getter(sheet, table.key)
    rows: dict[tuple[tuple[str, ...], int], Row] = {}
    for number, cells in sheet.rows:
        wider = [*cells, ABSENT]
        key, count = key_of(wider), 0
        while (key, count) in rows:
            count += 1
        rows[key, count] = number, cells_of(wider)
    return rows


def _getter(sheet: Sheet, columns: Sequence[str]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Takes these columns from the cells of a row, to which an empty cell was added for those it does not have."""
    places = {name: place for place, name in reversed(list(enumerate(sheet.header)))}
    wanted = [places.get(name, len(sheet.header)) for name in columns]
    if len(wanted) < 2:  # itemgetter gives one item bare
        return lambda cells: tuple([cells[place] for place in wanted])
    return itemgetter(*wanted)


def _cells(
    table: Table, columns: Sequence[str], before: Sequence[str], after: Sequence[str]
) -> Iterator[Cell]:
    """The cells that differ; of a row on one side only, those that hold anything beside its key."""
    nothing = (ABSENT,) * len(columns)
    for column, old, new in zip(columns, before or nothing, after or nothing, strict=True):
        if old != new and not (column in table.key and not (before and after)):
            yield Cell(column, old, new)


# ---- review.toml ---------------------------------------------------------------------------------


def _settings(old: bytes, new: bytes) -> FileChange:
    """The settings that differ, each by its path, as rows without a number."""
    import tomllib

    try:
        before, after = (dict(_flat(tomllib.loads(raw.decode("utf-8-sig")))) for raw in (old, new))
    except (ValueError, RecursionError):
        return FileChange(FILE, (), "not both can be read as TOML")
    found: dict[str, list[Cell]] = defaultdict(list)
    for path in dict.fromkeys([*after, *before]):
        one, other = before.get(path, ABSENT), after.get(path, ABSENT)
        if one != other:
            kind = CAME if path not in before else WENT if path not in after else CHANGED
            found[kind].append(Cell(path, one, other))
    rows = [RowChange(kind, (cell.column,), 0, (cell,)) for kind, cells in found.items() for cell in cells]
    return FileChange(FILE, tuple(rows), "" if rows else "the same settings; only comments or form differ")


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else name)
    else:
        yield path, str(value)
