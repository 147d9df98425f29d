"""Two people's tables beside each other: where they agree, cell by cell, and what is left to settle.

Rows are matched by their key. What both wrote alike is agreed; what one wrote and the other left empty, or wrote
otherwise, is a difference. Two numbers are alike if they mean the same (8.70 and 8.7), two texts if they are the same.
Cohen's kappa (1960) is given for columns of words, over the rows that both filled, with the interval from its large-
sample standard error (Fleiss, Cohen and Everitt 1969); it is not defined where both used one and the same word only.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import lru_cache
from math import sqrt
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

from evidence.errors import DataError, InputError, OptionError
from evidence.review.question import FILE
from evidence.review.schema import MARKED, NUMERIC, TABLES, Column, Fault, Problem, Table, nearest
from evidence.review.sheet import find_mark, read_sheet, with_point
from evidence.review.spreadsheet import Grid, is_spreadsheet, read_pages

LEAST = 10
"""Rows below which the large-sample interval of kappa is only a hint, and is said to be."""

MOST_WORDS = 12
"""Different words up to which an undeclared column counts as one of categories."""


class Kappa(NamedTuple):
    """Agreement beyond chance over `n` rows; None, with the reason in `note`, for what is not defined."""

    n: int
    observed: float | None
    expected: float | None
    kappa: float | None
    se: float | None
    low: float | None
    high: float | None
    level: float
    note: str


class Cell(NamedTuple):
    """One cell that differs: the row's key, what each wrote, and where."""

    key: tuple[str, ...]
    column: str
    a: str
    b: str
    row_a: int
    row_b: int


class ColumnAgreement(NamedTuple):
    """One column over the rows both have: cells one or both filled, those alike, and what only one filled.

    `kappa` for words, None for others; `larger_a` and `larger_b` count numbers that differ by who has the larger one,
    and `largest` is the largest difference.
    """

    column: str
    kind: str
    cells: int
    alike: int
    both_empty: int
    only_a: int
    only_b: int
    kappa: Kappa | None
    larger_a: int = 0
    larger_b: int = 0
    largest: float | None = None

    @property
    def percent(self) -> float | None:
        return self.alike / self.cells if self.cells else None


class Extract(NamedTuple):
    """A table as one person has it: columns in order, and by key the row in the file and its cells."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Mapping[tuple[str, ...], tuple[int, Mapping[str, str]]]


class TableAgreement(NamedTuple):
    """One table of both: its columns, the cells that differ, and the rows that only one has."""

    name: str
    key: tuple[str, ...]
    shared: int
    only_a: tuple[tuple[str, ...], ...]
    only_b: tuple[tuple[str, ...], ...]
    columns: tuple[ColumnAgreement, ...]
    differences: tuple[Cell, ...]
    notes: tuple[str, ...]
    a: Extract
    b: Extract

    @property
    def cells(self) -> int:
        return sum(column.cells for column in self.columns)

    @property
    def alike(self) -> int:
        return sum(column.alike for column in self.columns)

    @property
    def agreed(self) -> bool:
        """Whether there is nothing left to settle."""
        return not (self.differences or self.only_a or self.only_b)


def agree(
    a: str | Path,
    b: str | Path,
    *,
    table: str | None = None,
    key: Sequence[str] = (),
    level: float = 0.95,
) -> list[TableAgreement]:
    """Compare two folders, two CSV files or two workbooks.

    `table` keeps one table, or says which one a file is; `key` names the columns that tell the rows of a file with
    columns of its own. Raises `DataError` for files with findings in their form, `InputError` where rows cannot be matched.
    """
    if table is not None and table not in TABLES:
        raise OptionError("table", table, ", ".join(TABLES))
    one, other = (_read(str(path), table, tuple(key)) for path in (a, b))
    names = [name for name in one if name in other]
    if not names:
        raise InputError(f"{a} and {b} have no table in common: {', '.join(one)}; {', '.join(other)}")
    return [_compare(one[name], other[name], level) for name in names]


# ---- kappa ---------------------------------------------------------------------------------------


def kappa(pairs: Iterable[tuple[str, str]], level: float = 0.95) -> Kappa:
    """Cohen's kappa of two people's words, with the interval from its large-sample standard error.

    Where both used the same single word throughout, chance alone would agree as well: not defined. Where they agree
    in every row the standard error is 0, which says nothing of other rows: no interval.
    """
    return _kappa(Counter(pairs), level)


def _kappa(counts: Counter[tuple[str, str]], level: float) -> Kappa:
    n = counts.total()
    nothing = Kappa(n, None, None, None, None, None, None, level, "")
    if not n:
        return nothing._replace(note="no row that both filled")
    rows, columns = Counter[str](), Counter[str]()
    for (word, other), count in counts.items():
        rows[word] += count
        columns[other] += count
    alike = sum(count for (word, other), count in counts.items() if word == other)
    chance = sum(rows[word] * columns[word] for word in rows)
    observed, expected = alike / n, chance / n**2
    if chance == n * n:
        return nothing._replace(
            observed=observed, expected=expected, note="not defined: both used one word only"
        )
    value = (n * alike - chance) / (n * n - chance)
    if alike == n:
        note = "no interval: they agree in every row"
        return Kappa(n, observed, expected, value, 0.0, None, None, level, note)
    first = sum(
        count / n * (1 - (rows[word] + columns[word]) / n * (1 - value)) ** 2
        for (word, other), count in counts.items()
        if word == other
    )
    second = (1 - value) ** 2 * sum(
        count / n * ((columns[word] + rows[other]) / n) ** 2
        for (word, other), count in counts.items()
        if word != other
    )
    third = (value - expected * (1 - value)) ** 2
    se = sqrt(max(first + second - third, 0.0) / n) / (1 - expected)
    if not se:
        return Kappa(
            n, observed, expected, value, 0.0, None, None, level, "no interval: its standard error is 0"
        )
    reach = NormalDist().inv_cdf((1 + level) / 2) * se
    note = f"few rows ({n}): the interval is only a hint" if n < LEAST else ""
    return Kappa(
        n, observed, expected, value, se, max(-1.0, value - reach), min(1.0, value + reach), level, note
    )


# ---- comparing -----------------------------------------------------------------------------------


def _compare(a: Extract, b: Extract, level: float) -> TableAgreement:
    shared = [found for found in a.rows if found in b.rows]
    names = [name for name in a.columns if name in b.columns and name not in a.key]
    notes = [
        f"only {whose} has the column{'s' * (len(extra) > 1)} {', '.join(extra)}"
        for whose, extra in (
            ("A", [name for name in a.columns if name not in b.columns]),
            ("B", [name for name in b.columns if name not in a.columns]),
        )
        if extra
    ]
    columns, differences = [], []
    ours, theirs = ([one.rows[found][1] for found in shared] for one in (a, b))
    for name in names:
        # Most cells repeat, so each distinct pair of them is looked at once.
        mine, its = ([row.get(name, "") for row in rows] for rows in (ours, theirs))
        counts = Counter(zip(mine, its, strict=True))
        kind = _kind(a.name, name, counts)
        unlike = {pair for pair in counts if not same(*pair, kind)}
        if unlike:
            differences += [
                Cell(found, name, *pair, a.rows[found][0], b.rows[found][0])
                for found, pair in zip(shared, zip(mine, its, strict=True), strict=True)
                if pair in unlike
            ]
        columns.append(_column(name, kind, counts, unlike, level))
    order = {found: number for number, found in enumerate(shared)}
    differences.sort(key=lambda cell: order[cell.key])
    return TableAgreement(
        a.name,
        a.key,
        len(shared),
        tuple(found for found in a.rows if found not in b.rows),
        tuple(found for found in b.rows if found not in a.rows),
        tuple(columns),
        tuple(differences),
        tuple(notes),
        a,
        b,
    )


def _column(
    name: str, kind: str, counts: Counter[tuple[str, str]], unlike: AbstractSet[tuple[str, str]], level: float
) -> ColumnAgreement:
    def total(*, a: bool, b: bool) -> int:
        return sum(count for (mine, its), count in counts.items() if bool(mine) is a and bool(its) is b)

    both = Counter({pair: count for pair, count in counts.items() if all(pair)})
    gaps = [
        (gap, count)
        for pair, count in (both.items() if kind == "number" else ())
        if (gap := _gap(*pair)) is not None
    ]
    only_a, only_b, filled = total(a=True, b=False), total(a=False, b=True), both.total()
    return ColumnAgreement(
        name,
        kind,
        filled + only_a + only_b,
        sum(count for pair, count in both.items() if pair not in unlike),
        total(a=False, b=False),
        only_a,
        only_b,
        _kappa(both, level) if kind == "words" else None,
        sum(count for gap, count in gaps if gap > 0),
        sum(count for gap, count in gaps if gap < 0),
        float(max(abs(gap) for gap, _ in gaps)) if gaps else None,
    )


def _gap(a: str, b: str) -> Decimal | None:
    """How much larger A's number is; None where one of them is no number."""
    ours, theirs = _number(a), _number(b)
    return None if ours is None or theirs is None else ours - theirs


def same(a: str, b: str, kind: str) -> bool:
    """Whether two cells say the same."""
    if a == b:
        return True
    if kind != "number":
        return False
    numbers = _number(a), _number(b)
    return None not in numbers and numbers[0] == numbers[1]


def _number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)", text, re.ASCII) else None


def _kind(table: str, name: str, counts: Counter[tuple[str, str]]) -> str:
    """ "words" for categories, "number", or "text"; by the schema, else by what stands there."""
    column = (
        next((one for one in TABLES[table].columns if one.name == name), None) if table in TABLES else None
    )
    if column is not None:
        if column.words:
            return "words"
        return "number" if column.kind in NUMERIC else "text"
    texts = {text for pair in counts for text in pair if text}
    if texts and all(_number(text) is not None for text in texts):
        return "number"
    filled = sum(count * len([text for text in pair if text]) for pair, count in counts.items())
    few = len(texts) <= min(MOST_WORDS, filled // 3)
    return "words" if few and all(len(text) <= 40 for text in texts) else "text"


# ---- reading -------------------------------------------------------------------------------------


def _read(path: str, table: str | None, key: tuple[str, ...]) -> dict[str, Extract]:
    """The tables of a folder, a file or a workbook by name."""
    if os.path.isdir(path):
        files = [(one, os.path.join(path, one.file)) for one in TABLES.values() if table in (None, one.name)]
        found = {one.name: _csv(_bytes(file), one, ()) for one, file in files if os.path.isfile(file)}
        if not found:
            raise InputError(f"{path} has no table{f' {table}.csv' if table else 's of a review'}")
        return found
    raw = _bytes(path)
    if is_spreadsheet(raw):
        pages = {title: page for title, page in read_pages(raw, os.path.basename(path)).items() if page.rows}
        known = {title: page for title, page in pages.items() if title in TABLES and table in (None, title)}
        if known and not key:
            return {title: _grid(page, TABLES[title], ()) for title, page in known.items()}
        if len(pages) != 1:
            raise InputError(
                f"which sheet of {path} is meant? It has {', '.join(pages)}; name one like a table, or keep one"
            )
        (page,) = pages.values()
        one = _which(os.path.basename(path), page.header, table, key)
        return {one.name if isinstance(one, Table) else "": _grid(page, one, key)}
    sheet = read_sheet(raw, os.path.basename(path))
    one = _which(os.path.basename(path), sheet.header, table, key)
    return {one.name if one else "": _csv(raw, one, key, os.path.basename(path))}


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _which(file: str, header: Sequence[str], table: str | None, key: tuple[str, ...]) -> Table | None:
    """Which table a file is: the one named, or called so, or whose needed columns it has; None for one of its own."""
    if table is not None:
        return TABLES[table]
    if key:
        return None
    stem = os.path.splitext(file)[0]
    if stem in TABLES:
        return TABLES[stem]
    fits = [
        one
        for one in TABLES.values()
        if {c.name for c in one.columns if c.required} | set(one.key) <= set(header)
    ]
    if len(fits) == 1:
        return fits[0]
    raise InputError(
        f"{file} is no table of a review by its name or columns; --table says which one, or --key which columns"
    )


def _csv(raw: bytes, table: Table | None, key: tuple[str, ...], file: str = "") -> Extract:
    sheet = read_sheet(raw, file or (table.file if table else ""))
    if sheet.problems:
        raise DataError(sheet.problems)
    columns = table.columns if table else ()
    marked = {c.name for c in columns if c.kind in MARKED} if table else set(sheet.header)
    comma = find_mark(sheet, [i for i, name in enumerate(sheet.header) if name in marked]) == ","
    rows = [(number, dict(zip(sheet.header, cells, strict=True))) for number, cells in sheet.rows]
    for _, row in rows if comma else ():
        for name in marked.intersection(row):
            row[name] = with_point(row[name])
    return _extract(sheet.file, sheet.header, rows, table, key)


def _grid(page: Grid, table: Table | None, key: tuple[str, ...]) -> Extract:
    from evidence.review.workbook import ROW, restored

    problems = list(page.problems)
    rows = []
    for number, cells in page.rows:
        row = {}
        for index, cell in enumerate(cells):
            if isinstance(cell, Fault):
                problems.append(
                    Problem(page.file, number, page.place(index, number), "", cell.reason, cell.allowed)
                )
            elif page.header[index] != ROW:
                row[page.header[index]] = restored(cell)
        rows.append((number, row))
    if problems:
        raise DataError(problems)
    return _extract(page.file, tuple(name for name in page.header if name != ROW), rows, table, key)


def _extract(
    file: str,
    header: Sequence[str],
    rows: Iterable[tuple[int, Mapping[str, str]]],
    table: Table | None,
    key: tuple[str, ...],
) -> Extract:
    wanted = key or (table.key if table else ())
    for name in wanted:
        if name not in header and (key or _needed(table, name)):
            near = nearest(name, header)
            raise InputError(
                f"{file} has no column {name!r}, by which its rows are told apart"
                + (f" (did you mean {near}?)" if near else "")
            )
    found: dict[tuple[str, ...], tuple[int, Mapping[str, str]]] = {}
    problems = []
    numeric = [c.name for c in table.columns if c.kind in NUMERIC and c.name in wanted] if table else []
    for number, row in rows:
        named = {**row, **{name: _plain(row.get(name, "")) for name in numeric}} if numeric else row
        cells = tuple([named.get(name, "") for name in wanted])
        if cells in found:
            shown = ", ".join(filter(None, cells))
            reason = f"is in row {found[cells][0]} already"
            problems.append(
                Problem(file, number, wanted[0], shown, reason, f"one row for each {', '.join(wanted)}")
            )
        else:
            found[cells] = number, row
    if problems:
        raise DataError(problems)
    return Extract(table.name if table else "", wanted, tuple(header), found)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """A number of a key in one spelling, so that week 12.0 is week 12."""
    number = _number(text)
    return text if number is None else format(number.normalize() + 0, "f")


def _needed(table: Table | None, name: str) -> bool:
    return table is not None and any(column.name == name and column.required for column in table.columns)


# ---- what is left to settle ----------------------------------------------------------------------

DISAGREEMENT = "disagreement"
"""The column of a consensus that says what is still open in a row."""


def consensus(found: TableAgreement) -> bytes:
    """The table both can agree to, as CSV: what is alike as A has it, what differs empty, and said in the last column.

    A cell that only one filled is a difference too. A row that only one has is kept, and said to be one's. A table in
    which nothing is open has no such column.
    """
    import csv
    from io import StringIO

    columns = list(found.a.columns) + [name for name in found.b.columns if name not in found.a.columns]
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if DISAGREEMENT in columns:
        raise InputError(f"a column is called {DISAGREEMENT} already: is one of the two a consensus?")
    end = [] if found.agreed else [DISAGREEMENT]
    writer.writerow([*columns, *end])
    open_cells: dict[tuple[str, ...], list[Cell]] = {}
    for cell in found.differences:
        open_cells.setdefault(cell.key, []).append(cell)
    for key, (_, row) in found.a.rows.items():
        if key in found.b.rows:
            differing = {cell.column: cell for cell in open_cells.get(key, ())}
            theirs = found.b.rows[key][1]
            both = {**{name: theirs[name] for name in theirs if name not in found.a.columns}, **row}
            said = "; ".join(
                f"{cell.column}: {cell.a or 'empty'} (A), {cell.b or 'empty'} (B)"
                for cell in differing.values()
            )
            writer.writerow(
                ["" if name in differing else both.get(name, "") for name in columns] + [said][: len(end)]
            )
        else:
            writer.writerow([row.get(name, "") for name in columns] + ["the row is in A only"])
    for key, (_, row) in found.b.rows.items():
        if key not in found.a.rows:
            writer.writerow([row.get(name, "") for name in columns] + ["the row is in B only"])
    return out.getvalue().encode()


def write_consensus(path: str, found: Sequence[TableAgreement], a: str) -> list[str]:
    """Write a table, or a folder of them with A's review.toml, and return the files; nothing that is there is written over."""
    from evidence.files import write_whole

    if os.path.exists(path) and not (os.path.isdir(path) and not os.listdir(path)):
        raise InputError(f"{path} exists; name a new file or folder for the consensus")
    if len(found) == 1 and path.lower().endswith(".csv"):
        write_whole(path, consensus(found[0]))
        return [path]
    files = {TABLES[one.name].file if one.name else "table.csv": consensus(one) for one in found}
    question = os.path.join(a, FILE)
    if os.path.isfile(question):
        files[FILE] = _bytes(question)
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    for name, raw in files.items():
        write_whole(os.path.join(path, name), raw)
    return [os.path.join(path, name) for name in files]


__all__ = [
    "Cell",
    "Column",
    "ColumnAgreement",
    "Kappa",
    "TableAgreement",
    "agree",
    "consensus",
    "kappa",
    "write_consensus",
]
