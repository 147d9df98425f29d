"""A CSV file as numbered rows of stripped cells, with whatever is wrong with its form.

Rows are numbered as a spreadsheet shows them: the header is row 1, a blank row
counts, a cell with a line break does not. Encoding is UTF-8, with or without a
byte-order mark; cells are separated by commas, semicolons or tabs, one of them
throughout.

What a person cannot see, or another program would read otherwise, is a problem.
Its cell is read as it was probably meant, only so that further problems can be
found. A file without such things pays for one look at its bytes.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from io import BytesIO, TextIOBase, TextIOWrapper
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple, TextIO

from evidence.errors import DataError, InputError
from evidence.review.encoding import (
    BOM,
    HIDDEN,
    as_1252,
    escaped,
    foreign,
    in_1252,
    is_utf8,
    may_hide,
    mixes_line_ends,
    read_once,
    starts_a_cell,
)
from evidence.review.schema import Problem

DELIMITERS = (",", ";", "\t")
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}

BROKEN_ROWS = 20
"""Rows with a quote left open after which reading starts again; then the file is given up."""

COMMA, POINT, THOUSANDS = r"-?[0-9]+,[0-9]+", r"-?[0-9]+\.[0-9]+", r"-?[1-9][0-9]{0,2}(,[0-9]{3})+"
"""Patterns are text here: few files need one, and compiling them would cost each a tenth of its reading."""

_QUOTED = r'"(?:[^"]|"")*"'
_ENDS = {"\r\n": "CR LF (Windows)", "\n": "LF (Unix)", "\r": "CR (old Macintosh)"}


class Sheet(NamedTuple):
    """`header` and `(row number, cells)`; every row has as many cells as the header.

    Rows that cannot be lined up with the header are in `problems` instead, and
    the sheet is `torn`. `spoiled` holds, by row, the places of cells that are in
    `problems` already; `padded` the cells with white space around them: (row,
    place, as it stands). In an `aligned` file that is its style. `first` is the
    header's row.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]
    problems: tuple[Problem, ...]
    delimiter: str = ","
    torn: bool = False
    spoiled: Mapping[int, Iterable[int]] = MappingProxyType({})
    padded: tuple[tuple[int, int, str], ...] = ()
    aligned: bool = False
    first: int = 1


def bytes_of(source: str | Path | TextIO | BinaryIO, name: str | None = None) -> tuple[str, bytes]:
    """What messages call a file or an open stream, and all that is in it. Raises `InputError` for a file nobody can read."""
    if isinstance(source, str | Path):
        try:
            return name or Path(source).name, Path(source).read_bytes()
        except OSError as error:
            raise InputError(f"{name or source} cannot be read: {error.strerror}") from error
    # A text stream has decoded already, perhaps in another encoding than UTF-8: take its bytes instead.
    stream = getattr(source, "buffer", source) if isinstance(source, TextIOBase) else source
    data = stream.read()
    return name or "standard input", data.encode("utf-8") if isinstance(data, str) else data


def read_sheet(raw: bytes, file: str, delimiter: str | None = None) -> Sheet:
    """Read the bytes of a CSV file; `delimiter=None` takes the one that occurs most in the header."""
    other = foreign(raw)
    if other:
        problem = Problem(file, None, "", "", f"the file is {other}", "text saved as CSV UTF-8")
        return Sheet(file, (), (), (problem,), torn=True)
    return _Reading(raw.removeprefix(BOM), file, delimiter).sheet()


def find_mark(sheet: Sheet, places: Iterable[int]) -> str:
    """The decimal mark of the columns at these places, "." or ",".

    A comma it is only where cells are not separated by commas, at least one
    number can be nothing else (17,5, not 1,234), and most are written so.
    """
    if sheet.delimiter == ",":
        return "."
    texts = [cells[place] for place in places for _, cells in sheet.rows]
    commas = [text for text in texts if re.fullmatch(COMMA, text)]
    points = sum(1 for text in texts if re.fullmatch(POINT, text))
    certain = any(not re.fullmatch(THOUSANDS, text) for text in commas)
    return "," if certain and len(commas) > points else "."


def with_point(text: str) -> str:
    """A number with a decimal comma as one with a point; whatever else it is, as it is."""
    return text.replace(",", ".") if re.fullmatch(COMMA, text) else text


def refuse_faults(sheet: Sheet, problems: list[Problem]) -> None:
    """Raise `DataError` with the problems, in the order of the rows; that there is no row is one, where there is no other."""
    if not sheet.rows and not problems:
        reason = "there are no rows below the header"
        problems.append(Problem(sheet.file, None, "", "", reason, "a row for each study"))
    if problems:
        problems.sort(key=lambda problem: problem.row or 0)
        raise DataError(problems)


def padding(sheet: Sheet, places: AbstractSet[int]) -> Iterator[Problem]:
    """White space around cells at these places and in the header, which nobody sees and other programs do not strip."""
    for number, index, text in sheet.padded:
        if index not in places and number != sheet.first:
            continue
        inside = text.strip()
        if sheet.aligned and text.strip(" ") == inside:
            continue
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        odd = next((c for c in before + after if c != " "), "")
        what = f"white space (U+{ord(odd):04X})" if odd else "a space"
        where = " and ".join(word for word, space in (("before it", before), ("after it", after)) if space)
        reason = f"has {what} {where}" if inside else f"is not empty: it holds {what}"
        column = sheet.header[index] if index < len(sheet.header) else ""
        yield Problem(
            sheet.file, number, column, text, reason, "no white space around it", inside or "an empty cell"
        )


class _Reading:
    """One pass through the rows; what it looks for in them depends on what the bytes hold."""

    def __init__(self, raw: bytes, file: str, delimiter: str | None) -> None:
        self.raw, self.file = raw, file
        self.problems: list[Problem] = []
        self.spoiled: dict[int, set[int]] = defaultdict(set)
        self.padded: list[tuple[int, int, str]] = []
        self.undecoded: list[Problem] = []
        # Odd bytes are carried through decoding, so that each is found again in its cell.
        self.errors = "strict" if is_utf8(raw) else "surrogateescape"
        self.hidden = may_hide(raw)
        self.formulas = starts_a_cell(b"=", raw) or starts_a_cell(b"#", raw)
        self.mixed = mixes_line_ends(raw)
        self.quoted = b'"' in raw
        first = raw.split(b"\n", 1)[0].split(b"\r", 1)[0]
        self.delimiter = delimiter or max(DELIMITERS, key=lambda sign: first.count(sign.encode()))
        self.header: tuple[str, ...] = ()
        self.first = 0  # the header's row
        self.taken: list[str] = []  # the lines of the row at hand, if they matter
        self.ends: dict[int, str] = {}
        self.broken = 0
        self.torn = False  # rows could not be lined up with the header
        self.adrift = False  # after a row that could not be read: the next ones may be the rest of it

    def sheet(self) -> Sheet:
        rows: list[tuple[int, list[str]]] = []
        ragged: dict[int, list[str]] = {}
        careful = self.hidden or self.formulas or self.errors != "strict"
        quoted, mixed = self.quoted, self.mixed
        width = 0
        for number, raw_cells in self._records(watched=quoted or mixed):
            if mixed:
                self.ends[number] = _end(self.taken[-1])
            cells = [cell.strip() for cell in raw_cells]
            if not cells[0] and not any(cells):
                continue
            if width == 0:
                if self.broken:
                    break
                self.header, self.first, width = tuple(cells), number, len(cells)
            elif len(cells) != width:
                if not self.adrift:
                    ragged[number] = raw_cells
                self.torn = True
                continue
            elif cells[0] == self.header[0] and tuple(cells) == self.header:
                self._found(
                    number, "", "", "the row is the header again", f"the header once, in row {self.first}"
                )
                continue
            else:
                rows.append((number, cells))
                self.adrift = False
            if quoted and '"' in "".join(raw_cells):
                self._quotes(number, raw_cells)
            if careful:
                self._look(number, raw_cells, cells)
                if number == self.first:
                    self.header = tuple(cells)  # without what nobody sees
            elif cells != raw_cells:
                self.padded += [(number, i, cell) for i, cell in enumerate(raw_cells) if cell != cells[i]]
        rows = self._line_ends(rows, ragged)
        self._ragged(rows, ragged)
        self._encoding()
        if not self.header and not self.problems:
            allowed = "a header row with the column names, then the rows"
            self.problems.append(Problem(self.file, None, "", "", "the file is empty", allowed))
        spaces = sum(1 for row, index, _ in self.padded if row == self.first and index > 0)
        return Sheet(
            self.file,
            self.header,
            tuple(rows),
            tuple(self.problems),
            self.delimiter,
            torn=self.torn or self.broken > 0 or not self.header,
            spoiled=self.spoiled,
            padded=tuple(self.padded),
            aligned=2 * spaces >= width > 1,
            first=self.first or 1,
        )

    # ---- rows

    def _lines(self) -> TextIOWrapper:
        # Untranslated: csv itself knows \n, \r\n, \r and breaks inside quotes.
        return TextIOWrapper(BytesIO(self.raw), "utf-8", self.errors, newline="")

    def _records(self, watched: bool) -> Iterator[tuple[int, list[str]]]:
        """Rows with their numbers, blank ones left out. After one that cannot be read, on from the next line."""
        lines: Iterator[str] = self._lines()
        reader = csv.reader(
            self._recorded(lines) if watched else lines, delimiter=self.delimiter, strict=True
        )
        number = 0
        while True:
            number += 1
            self.taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.broken += 1
                self._unreadable(number, str(error))
                if self.broken > BROKEN_ROWS:
                    return
                self.adrift = True
                lines = chain(self.taken[1:], lines)
                reader = csv.reader(self._recorded(lines), delimiter=self.delimiter, strict=True)
                continue
            if cells:
                yield number, cells

    def _recorded(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self.taken.append(line)
            yield line

    def _unreadable(self, number: int, error: str) -> None:
        reason, allowed = (
            "a quote is left open, or stands single inside quotes",
            'quotes closed, "" for one inside',
        )
        index = _open_cell("".join(self.taken), self.delimiter)
        if "limit" in error:
            reason, allowed, index = "the row has a cell of more than 131072 characters", "shorter cells", -1
        if self.broken > BROKEN_ROWS:
            reason += "; the rows after it were not read"
        self._found(number, self._column(index), "", reason, allowed)

    def _quotes(self, number: int, cells: list[str]) -> None:
        """Quotes inside a cell that has none around it: only the lines of the row show them."""
        lines = "".join(self.taken)
        for index, cell in enumerate(cells):
            if '"' in cell and '"' + cell.replace('"', '""') + '"' not in lines:
                reason = "has a quote in it, but none around it"
                self._spoil(number, index, cell, reason, 'the cell in double quotes, "" for one inside')

    # ---- cells

    def _look(self, number: int, raw_cells: list[str], cells: list[str]) -> None:
        """Bytes that are not UTF-8, characters nobody sees, formulas; `cells` are then as they were probably meant."""
        for index, cell in enumerate(raw_cells):
            if self.errors != "strict" and any(escaped(c) is not None for c in cell):
                self._undecoded(number, index, cell)
                cells[index] = as_1252(cell).strip()
            elif self.hidden and (meant := read_once(cell)) != cell:
                reason = "is UTF-8 that was read as Windows-1252 and saved again"
                self._spoil(number, index, cell, reason, "the text as it was", meant)
            elif self.hidden and (found := next((c for c in cell if c in HIDDEN), "")):
                cells[index] = "".join(c for c in cell if c not in HIDDEN).strip()
                self._hidden(number, index, cell, found, cells[index])
            elif self.formulas and cell.startswith(("=", "#")):
                self._shown_otherwise(number, index, cell)
            elif cell != cells[index]:
                self.padded.append((number, index, cell))

    def _undecoded(self, number: int, index: int, cell: str) -> None:
        odd = next(byte for byte in map(escaped, cell) if byte is not None)
        letter = in_1252(odd)
        reason = f"has the byte 0x{odd:02X}, which is not UTF-8"
        reason += f" ({letter} in Windows-1252)" if letter else ""
        shown = "".join(c if escaped(c) is None else "\ufffd" for c in cell)
        meant, allowed = as_1252(cell) if letter else "", "text saved as CSV UTF-8"
        self.undecoded.append(Problem(self.file, number, self._column(index), shown, reason, allowed, meant))
        self.spoiled[number].add(index)

    def _hidden(self, number: int, index: int, cell: str, character: str, meant: str) -> None:
        from evidence.review.likely import called

        if character == "\ufffd":
            reason = "has a replacement character (U+FFFD): a letter was lost when the file was converted"
            self._spoil(number, index, cell, reason, "the letter that was there")
        else:
            reason = f"has {called(character)} in it, which nobody sees"
            self._spoil(number, index, cell, reason, "visible characters", meant)

    def _shown_otherwise(self, number: int, index: int, cell: str) -> None:
        from evidence.review.likely import shown_otherwise

        guess = shown_otherwise(cell)
        if guess is not None:
            self._spoil(number, index, cell, guess.reason, "the value itself", guess.likely)

    # ---- the whole

    def _header_faults(self) -> None:
        nameless = [str(index) for index, name in enumerate(self.header, 1) if not name]
        if nameless:
            which = (
                f"column {nameless[0]} has" if len(nameless) == 1 else f"columns {', '.join(nameless)} have"
            )
            self._found(self.first, "", "", f"{which} no name", "a name for each column")
        for name, count in Counter(self.header).items():
            if name and count > 1:
                self._found(self.first, name, name, f"names {count} columns", "each column once")

    def _encoding(self) -> None:
        """A file that is Windows-1252 throughout has one fault, not one in each cell with an accent."""
        found = self.undecoded
        if len(found) > 1 and self.raw.decode("utf-8", "ignore").isascii():
            others = "one more cell" if len(found) == 2 else f"{len(found) - 1} more cells"
            found = [found[0]._replace(reason=f"{found[0].reason}; so it is in {others}")]
        self.problems += found

    def _line_ends(
        self, rows: list[tuple[int, list[str]]], ragged: dict[int, list[str]]
    ) -> list[tuple[int, list[str]]]:
        """One problem for lines that end otherwise than most; what such an end cut a row into is none of its own."""
        counts = Counter(filter(None, self.ends.values()))
        if len(counts) < 2 or self.broken:
            return rows
        usual = counts.most_common(1)[0][0]
        stray = [number for number, end in self.ends.items() if end not in ("", usual)]
        rest = {number + 1 for number in stray if number in ragged}
        self.problems = [problem for problem in self.problems if problem.row not in rest]
        self.padded = [place for place in self.padded if place[0] not in rest]
        for number in stray:
            ragged.pop(number, None)
            ragged.pop(number + 1, None)
        reason = f"the row ends in {_ENDS[self.ends[stray[0]]]}, others in {_ENDS[usual]}"
        reason += f"; so do {len(stray) - 1} more" if len(stray) > 1 else ""
        self._found(stray[0], "", "", reason, "one kind of line end in the whole file")
        return [row for row in rows if row[0] not in rest]

    def _ragged(self, rows: list[tuple[int, list[str]]], ragged: dict[int, list[str]]) -> None:
        """Rows with too few or too many cells; if it is all of them, and alike, the header is what is wrong."""
        widths = {len(cells) for cells in ragged.values()}
        if len(ragged) > 1 and not rows and len(widths) == 1 and not self.broken:
            reason = f"the header has {len(self.header)} cells, all rows have {widths.pop()}"
            allowed = f"a name for each column, with {NAMES[self.delimiter]} between them"
            self._found(self.first, "", "", reason, allowed)
            self.header = ()
            return
        self._header_faults()
        for number, cells in ragged.items():
            self._found(number, "", "", *_miscounted(cells, len(self.header), self.delimiter))

    def _column(self, index: int) -> str:
        return self.header[index] if 0 <= index < len(self.header) else ""

    def _spoil(self, number: int, index: int, cell: str, reason: str, allowed: str, likely: str = "") -> None:
        self.spoiled[number].add(index)
        # A column's name that is itself the problem names nothing.
        column = self._column(index) if number != self.first else ""
        self._found(number, column, cell, reason, allowed, likely)

    def _found(
        self, number: int, column: str, value: str, reason: str, allowed: str, likely: str = ""
    ) -> None:
        self.problems.append(Problem(self.file, number, column, value, reason, allowed, likely))


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _miscounted(cells: list[str], width: int, delimiter: str) -> tuple[str, str, str]:
    """Reason, what is allowed and what was likely meant, for a row with another number of cells than the header."""
    likely = ""
    if any(cell.startswith((' "', '\t"')) for cell in cells):
        likely = "no space before the quotes"
    elif len(cells) == 1 and any(cells[0].count(sign) == width - 1 for sign in DELIMITERS):
        likely = f"{NAMES[delimiter]} between the cells, as in the other rows"
    allowed = f'{width} cells; a cell with "{delimiter}" in it needs double quotes around it'
    return f"the row has {len(cells)} cells where the header has {width}", allowed, likely


def _open_cell(lines: str, delimiter: str) -> int:
    """The place of the first cell whose quotes do not end where the cell does; -1 if there is none."""
    at, index = 0, 0
    ends = delimiter + "\r\n"
    while at < len(lines):
        if lines[at] == '"':
            closed = re.compile(_QUOTED).match(lines, at)
            if closed is None or lines[closed.end() : closed.end() + 1] not in (*ends, ""):
                return index
            at = closed.end()
        else:
            while at < len(lines) and lines[at] not in ends:
                at += 1
        if lines[at : at + 1] != delimiter:
            return -1  # the row ends here
        at, index = at + 1, index + 1
    return -1
