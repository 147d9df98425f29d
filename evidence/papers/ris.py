"""RIS, the format of EndNote, Zotero, Scopus and most publishers' pages.

Our own reader: rispy 0.10 loses without a word the record behind a missing ER,
the first one behind a byte-order mark, all of a file with one space less in its
tags, and the second of two DOIs; and it takes the lines of one note for several
notes. Once a file is cleaned of all that, little is left to parse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from evidence.papers.exchange import (
    author_from,
    date_from,
    date_parts,
    full_name,
    joined_pages,
    line,
    marked_title,
    notes_of,
    page_range,
    take_notices,
    unmark,
    visible,
)
from evidence.papers.paper import Paper, year_of

TAG = re.compile(r"\s{0,4}([A-Z][A-Z0-9])\s{0,2}-(?:\s+(.*))?$")
"""TY  - JOUR; also with a space less, indented, or with nothing behind it."""

TYPES = {
    "JOUR": "article",
    "EJOUR": "article",
    "MGZN": "article",
    "NEWS": "article",
    "ABST": "article",
    "BOOK": "book",
    "EBOOK": "book",
    "EDBOOK": "book",
    "CHAP": "chapter",
    "ECHAP": "chapter",
    "CONF": "conference",
    "CPAPER": "conference",
    "UNPB": "preprint",
    "RPRT": "report",
    "GOVDOC": "report",
    "THES": "thesis",
    "ELEC": "webpage",
    "WEB": "webpage",
}
"""RIS type -> kind. The first of each kind is the one written."""

Record = Mapping[str, list[str]]
"""Tag -> values in order. A value of several lines has line breaks."""


def records(text: str) -> Iterator[Record]:
    """The records of a file: from each TY to its ER, the next TY or the end."""
    record: dict[str, list[str]] = {}
    tag = ""
    for raw in re.split(r"\r\n|\r|\n", text.lstrip("\ufeff")):
        found = TAG.match(raw)
        if found and found[1] == "TY":
            if record:
                yield record
            record, tag = {"TY": [(found[2] or "").strip()]}, "TY"
        elif found and found[1] == "ER":
            if record:
                yield record
            record, tag = {}, ""
        elif record and found:
            tag = found[1]
            record.setdefault(tag, []).append((found[2] or "").strip())
        elif tag and tag != "TY":
            record[tag][-1] += "\n" + raw.strip()
    if record:
        yield record


def read_ris(text: str) -> list[Paper]:
    """The papers in RIS text, in order."""
    return [_paper(record) for record in records(text)]


def _paper(record: Record) -> Paper:
    title, retracted = unmark(_one(record, "TI", "T1", "CT", "BT"))
    notes, notices = take_notices([note.strip("\n") for note in _all(record, "N1", "RN")], retracted)
    date = _date(_one(record, "DA", "PY", "Y1"))
    authors = [author_from(name) for name in _all(record, "AU", "A1")]
    dois = [found for value in _all(record, "DO", "L3", "UR") if (found := _doi(value))]
    return Paper(
        pmid=_pmid(record, notes),
        doi=dois[0] if dois else "",
        pmcid=_match(r"(PMC\d+)", " ".join(_all(record, "C2", "PM"))),
        title=title,
        authors=tuple(authors),
        journal=_one(record, "T2", "JF", "JO", "JA", "J2"),
        journal_abbreviation=_one(record, "J2", "JA", "JO") if _one(record, "T2", "JF") else "",
        year=year_of(_one(record, "PY", "Y1", "DA")),
        date=date,
        volume=_one(record, "VL"),
        issue=_one(record, "IS"),
        pages=joined_pages(_one(record, "SP"), _one(record, "EP")) or _one(record, "C7"),
        issn=_match(r"(\d{4}-?\d{3}[\dXx])", _one(record, "SN")),
        language=_one(record, "LA"),
        abstract=_one(record, "AB", "N2"),
        keywords=tuple(word for value in _all(record, "KW") for word in value.split("\n") if word),
        notes=notes,
        url=_one(record, "UR").split("\n")[0],
        publication_types=tuple(_all(record, "M3")),
        notices=notices,
        kind=TYPES.get(record["TY"][0].upper(), "other"),
    )


def _all(record: Record, *tags: str) -> list[str]:
    return [value for tag in tags for value in record.get(tag, ()) if value]


def _one(record: Record, *tags: str) -> str:
    return next(iter(_all(record, *tags)), "")


def _match(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


def _doi(value: str) -> str:
    return _match(r"(10\.\d{4,9}/\S+)", value)


def _pmid(record: Record, notes: Iterable[str]) -> str:
    """AN is PubMed's number only in a record that says it is from there: other databases have numbers too."""
    origin = " ".join(_all(record, "DB", "DP", "UR")).lower()
    number = _one(record, "AN").removeprefix("PMID:").strip()
    if re.fullmatch(r"[1-9]\d{0,8}", number, re.ASCII) and re.search(r"pubmed|medline|\bnlm\b", origin):
        return number
    return _match(
        r"\bPMID:?\s*([1-9]\d{0,8})\b", " ".join([*notes, *_all(record, "AN", "M1", "ID")])
    ) or _match(r"pubmed\.ncbi\.nlm\.nih\.gov/([1-9]\d{0,8})\b", " ".join(_all(record, "UR", "L2")))


def _date(value: str) -> str:
    """2020/01/16/ as MEDLINE has it: 2020 Jan 16."""
    parts = [int(part) for part in re.split(r"[/-]", value.strip())[:3] if part.isdigit()]
    return date_from(parts) if parts and parts[0] > 1000 else line(value)


# ---- writing -------------------------------------------------------------------------------------

_WRITTEN = {kind: type_ for type_, kind in reversed(TYPES.items())} | {"other": "GEN"}


def write_ris(papers: list[Paper]) -> str:
    """The papers as RIS; each ends with ER and a blank line."""
    return "".join("".join(f"{tag}  - {value}\n" for tag, value in _tags(paper)) + "\n" for paper in papers)


def _tags(paper: Paper) -> Iterator[tuple[str, str]]:
    first, last = page_range(paper)
    parts = date_parts(paper.date)
    yield "TY", _WRITTEN[paper.kind]
    for author in paper.authors:
        # EndNote takes a name without a comma apart: the comma keeps a group whole.
        yield "AU", full_name(author) + ("," if author.collective else "")
    single = {
        "TI": marked_title(paper),
        "T2": line(paper.journal or paper.journal_abbreviation),
        "J2": line(paper.journal_abbreviation),
        "PY": str(paper.year or ""),
        "DA": "/".join(f"{part:02}" for part in parts) if len(parts) > 1 else "",
        "VL": line(paper.volume),
        "IS": line(paper.issue),
        "SP": first,
        "EP": last,
        "SN": line(paper.issn),
        "LA": line(paper.language),
        "DO": line(paper.doi),
        "UR": line(paper.url),
        "AN": paper.pmid,
        "DB": "PubMed" if paper.pmid else "",
        "C2": line(paper.pmcid),
        "AB": visible(paper.abstract),
    }
    yield from ((tag, value) for tag, value in single.items() if value)
    yield from (("M3", line(word)) for word in paper.publication_types)
    yield from (("KW", line(word)) for word in paper.keywords)
    yield from (("N1", note) for note in notes_of(paper))
    yield "ER", ""
