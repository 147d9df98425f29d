"""References from and to files: text as printed, RIS, BibTeX, NBIB, CSL-JSON; and CSV, written only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from evidence.errors import InputError, OptionError
from evidence.files import FORMULA
from evidence.papers.citation import Citation, parse_citation
from evidence.papers.exchange import UNSAID, as_paper, line, marked_title
from evidence.papers.paper import Paper

READABLE = ("text", "ris", "bibtex", "nbib", "csl-json")
WRITABLE = ("ris", "bibtex", "csl-json", "nbib", "csv")

ENDINGS = {
    ".ris": "ris",
    ".bib": "bibtex",
    ".bibtex": "bibtex",
    ".nbib": "nbib",
    ".medline": "nbib",
    ".json": "csl-json",
    ".csl": "csl-json",
}
"""Ending of a file's name -> the format it promises."""

MOST_BYTES = 200_000_000
"""A larger file is not a list of references."""

# ---- reading -------------------------------------------------------------------------------------


def read_references(source: str | Path, format: str | None = None) -> list[Citation | Paper]:
    """The references in a file (a Path) or in a text (a str): printed ones as `Citation`, records as `Paper`.

    `format` is one of READABLE; else it is told from the file's ending or from the content.
    Raises InputError for a file that cannot be read or holds no reference, OptionError for another format.
    """
    if format is not None and format not in READABLE:
        raise OptionError("format", format, READABLE)
    if isinstance(source, Path):
        text, name = _read(source), str(source)
        promised = ENDINGS.get(source.suffix.lower())
    else:
        text, name = source.removeprefix("\ufeff"), "the text"
        promised = None
    chosen = format or promised
    try:
        found = _READERS[chosen or format_of_text(text)](text)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    if not found:
        raise InputError(f"{name} holds no reference{f' in {chosen}' if chosen else ''}")
    return found


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(
                f"{path} has more than {MOST_BYTES // 1_000_000} MB; it is not a list of references"
            )
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    return decode(raw)


def decode(raw: bytes) -> str:
    """UTF-8, UTF-16 where its mark says so, else Windows' own, in which older reference managers export."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def format_of_text(text: str) -> str:
    """The format a text is in, by how it begins; text as printed where nothing else fits."""
    head = text.removeprefix("\ufeff").lstrip()[:100_000]
    if re.match(r"\[\s*(\{\s*\"|\])|\{\s*\"", head):
        return "csl-json"
    if re.search(r"^\s{0,4}TY\s{0,2}-\s", head, re.MULTILINE):
        return "ris"
    if re.search(r"^PMID ?- ?\d", head, re.MULTILINE):
        return "nbib"
    if re.search(r"^\s*@[A-Za-z]+\s*[{(]", head, re.MULTILINE):
        return "bibtex"
    return "text"


_HEADING = re.compile(
    r"[#*_\s]*(?:references|bibliography|literature(?: cited)?|referencias|bibliograf[íi]a|literatur)\s*[:.]?[*_\s]*",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\s*(?:\[(\d{1,4})\]|\((\d{1,4})\)|(\d{1,4})[.)])\s*(?=\S)")


def split_list(text: str) -> list[str]:
    """The references of a pasted list, each as printed: numbered, or apart by blank lines, or one a line.

    Lines of one reference are joined where numbers or blank lines show that they belong together, and where the
    further ones are indented.
    """
    lines = [raw.rstrip() for raw in re.split(r"\r\n|\r|\n|\f", text)]
    lines = [raw for raw in lines if not (raw.strip() and _HEADING.fullmatch(raw))]
    starts = _numbered_starts([_number(raw) for raw in lines])
    if sum(starts) > 1 and next(
        (begins for raw, begins in zip(lines, starts, strict=True) if raw.strip()), False
    ):
        return _grouped(lines, starts)
    blocks = [block for block in _blocks(lines) if block]
    if (
        len(blocks) > 1
        and any(len(block) > 1 for block in blocks)
        and not all(map(_stands_alone, _flat(blocks)))
    ):
        return [_join(block) for block in blocks]
    starts = [bool(raw.strip()) and not (raw[:1].isspace() and index > 0) for index, raw in enumerate(lines)]
    return _grouped(lines, starts)


def _number(raw: str) -> int | None:
    found = _NUMBERED.match(raw)
    return int(next(filter(None, found.groups()))) if found else None


def _numbered_starts(numbers: Sequence[int | None]) -> list[bool]:
    """Where a new entry begins: at the next number in line, so that a year or a page at a line's head begins none."""
    starts, expected = [], None
    for number in numbers:
        begins = number is not None and (expected is None or number == expected)
        starts.append(begins)
        expected = number + 1 if begins and number is not None else expected
    return starts


def _grouped(lines: Sequence[str], starts: Sequence[bool]) -> list[str]:
    groups: list[list[str]] = []
    for raw, begins in zip(lines, starts, strict=True):
        if begins or (raw.strip() and not groups):
            groups.append([raw])
        elif raw.strip():
            groups[-1].append(raw)
    return [_join(group) for group in groups]


def _blocks(lines: Iterable[str]) -> list[list[str]]:
    blocks: list[list[str]] = [[]]
    for raw in lines:
        if raw.strip():
            blocks[-1].append(raw)
        elif blocks[-1]:
            blocks.append([])
    return blocks


def _flat(blocks: Iterable[list[str]]) -> list[str]:
    return [raw for block in blocks for raw in block]


def _stands_alone(raw: str) -> bool:
    """Whether a line can be a whole reference: it has a year, a DOI or a PMID, and does not begin small."""
    citation = parse_citation(raw)
    return bool(citation.year or citation.doi or citation.pmid) and not raw.strip()[:1].islower()


def _join(lines: Sequence[str]) -> str:
    """One reference from its lines; a word that was broken at a line's end stays broken, as printed."""
    return " ".join(raw.strip() for raw in lines)


def _from_text(text: str) -> list[Citation | Paper]:
    return [parse_citation(one) for one in split_list(text)]


def _from_ris(text: str) -> list[Citation | Paper]:
    from evidence.papers.ris import read_ris

    return [*read_ris(text)]


def _from_bibtex(text: str) -> list[Citation | Paper]:
    from evidence.papers.bibtex import read_bibtex

    return [*read_bibtex(text)]


def _from_nbib(text: str) -> list[Citation | Paper]:
    from evidence.papers.medline import read_medline

    return [paper for paper in read_medline(text) if paper.pmid or paper.title]


def _from_csl(text: str) -> list[Citation | Paper]:
    from evidence.papers.csl import read_csl

    return [*read_csl(text)]


_READERS: dict[str, Callable[[str], list[Citation | Paper]]] = {
    "text": _from_text,
    "ris": _from_ris,
    "bibtex": _from_bibtex,
    "nbib": _from_nbib,
    "csl-json": _from_csl,
}

# ---- writing -------------------------------------------------------------------------------------


def write_references(items: Iterable[Citation | Paper], format: str) -> str:
    """The references in one of WRITABLE. Raises OptionError for another format.

    A printed reference goes in with the parts that were found in it, and as printed in a note.
    """
    if format not in WRITABLE:
        raise OptionError("format", format, WRITABLE)
    items = list(items)
    if format == "csv":
        return _csv(items)
    papers = [as_paper(item) for item in items]
    if format == "ris":
        from evidence.papers.ris import write_ris

        return write_ris(papers)
    if format == "bibtex":
        from evidence.papers.bibtex import write_bibtex

        return write_bibtex(papers)
    if format == "nbib":
        from evidence.papers.medline import write_medline

        return write_medline(papers)
    from evidence.papers.csl import write_csl

    return write_csl(papers)


COLUMNS = (
    "pmid", "doi", "pmcid", "authors", "year", "title", "journal", "journal_abbreviation", "volume", "issue", "pages",
    "retracted", "notices", "origin", "citation",
)  # fmt: skip
"""`origin` says whether the parts are a record's or were read from the reference as printed."""


def _csv(items: Iterable[Citation | Paper]) -> str:
    import csv
    import io

    from evidence.papers.styles import vancouver

    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for item in items:
        paper = as_paper(item)
        printed = item.text if isinstance(item, Citation) else vancouver(paper)
        notices = "; ".join(
            f"{notice.kind}: {notice.text}".rstrip(": ")
            for notice in paper.notices
            if notice.kind not in UNSAID
        )
        cells: list[Any] = [
            paper.pmid,
            paper.doi,
            paper.pmcid,
            ", ".join(author.name for author in paper.authors),
            paper.year or "",
            marked_title(paper),
            paper.journal,
            paper.journal_abbreviation,
            paper.volume,
            paper.issue,
            paper.pages,
            "yes" if paper.retracted else "",
            notices,
            "as printed" if isinstance(item, Citation) else "record",
            printed,
        ]
        table.writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _cell(value: object) -> str:
    """Text a spreadsheet will not take for a formula."""
    text = line(str(value))
    return f"'{text}" if text.startswith(FORMULA) else text
