"""What another database exported: its records as papers, from the formats of reference managers or a table of its own.

Tables are told by their headings, as PubMed, Scopus and Web of Science write them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

from evidence.errors import InputError
from evidence.papers.checking import PMID
from evidence.papers.exchange import as_paper, line
from evidence.papers.formats import decode, read_references
from evidence.papers.paper import Author, Paper, author_of, without_stop, year_of

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "pmid": ("pmid", "pubmed id", "pubmedid"),
    "doi": ("doi", "doi link"),
    "title": ("title", "article title", "document title"),
    "authors": ("authors", "author", "author names", "authors full names"),
    "year": ("year", "publication year", "pub year", "publication date"),
    "journal": ("journal", "journal/book", "source title", "source", "publication title"),
    "abstract": ("abstract",),
}
"""What a column is -> how its heading may be called, in small letters."""


def read_export(path: Path) -> list[Paper]:
    """The papers in a file: NBIB, RIS, BibTeX, CSL-JSON, references as printed, or CSV.

    Raises InputError for a file that cannot be read or holds no paper.
    """
    if path.suffix.lower() in (".csv", ".tsv"):
        return _read_table(path)
    return [as_paper(one) for one in read_references(path)]


def _read_table(path: Path) -> list[Paper]:
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from None
    header = [" ".join(cell.lower().split()) for cell in rows[0]] if rows else []
    places = {
        what: next((header.index(name) for name in names if name in header), -1)
        for what, names in HEADINGS.items()
    }
    if max(places["title"], places["pmid"], places["doi"]) < 0:
        raise InputError(
            f"{path} has no column with a title, PMID or DOI; its columns: {', '.join(header)[:200]}"
        )
    papers = [_paper({what: _at(row, place) for what, place in places.items()}) for row in rows[1:]]
    papers = [paper for paper in papers if paper.title or paper.pmid or paper.doi]
    if not papers:
        raise InputError(f"{path} holds no paper")
    return papers


def _at(row: list[str], place: int) -> str:
    return line(row[place]) if 0 <= place < len(row) else ""


def _paper(cells: Mapping[str, str]) -> Paper:
    doi = re.search(r"10\.\d{4,9}/\S+", cells["doi"])
    return Paper(
        pmid=cells["pmid"] if PMID.fullmatch(cells["pmid"]) else "",
        doi=doi[0] if doi else "",
        title=without_stop(cells["title"]),
        authors=tuple(_authors(cells["authors"])),
        journal=cells["journal"],
        year=year_of(cells["year"]),
        date=cells["year"],
        abstract=cells["abstract"],
    )


def _authors(text: str) -> list[Author]:
    """`Khan MA, King M` and `Khan, M.A.; King, M.`: where there are semicolons, they part people."""
    names = text.split(";") if ";" in text else text.split(",")
    return [author_of(name.strip().removesuffix(".")) for name in names if name.strip(" .")]
