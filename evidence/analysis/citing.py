"""What to cite: the reference lists of a review, the reports of an analysis, or the ones somebody names.

Each from the best there is: the record that was fetched, else the reference as
a paper printed it, else the columns of studies.csv, which are then marked
"from the table".
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from evidence.errors import NotPossible, OptionError
from evidence.papers.citation import Citation, parse_citation
from evidence.papers.library import Library
from evidence.papers.notices import FOLDER
from evidence.papers.paper import Paper
from evidence.review.schema import ReferenceEntry, Study, near
from evidence.review.selection import resolve, select
from evidence.review.tables import Review

RECORD, PRINTED, TABLE = "record", "as printed", "from the table"
"""Where an entry is from, best first."""

MARK = "[from the table]"


class Entry(NamedTuple):
    """One reference: what to call it, the reference itself, where it is from; its list and number, if it has them."""

    key: str
    item: Citation | Paper
    origin: str
    cited_by: str = ""
    number: int | None = None


class Bibliography(NamedTuple):
    """The references to print in order, and what to tell whoever asked for them."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...]

    @property
    def lists(self) -> list[tuple[str, list[Entry]]]:
        """The entries by the report whose reference list they are from; one list under "" unless all have one."""
        if not all(entry.cited_by and entry.number is not None for entry in self.entries):
            return [("", list(self.entries))]
        lists: dict[str, list[Entry]] = {}
        for entry in self.entries:
            lists.setdefault(entry.cited_by, []).append(entry)
        return list(lists.items())


def cited(review: Review, keys: Sequence[str] = (), *, analysis: str | None = None) -> Bibliography:
    """The references of a review; of an analysis: of the reports it pools and compares with; or those of `keys`.

    A key is that of a report, a number of the reference list (3, or viedma2025:3), or a PMID.
    Raises OptionError for one that is none of these, NotPossible where there is nothing to cite.
    """
    shelf = _Shelf(review)
    if keys:
        entries = [shelf.named(key) for key in keys]
    elif analysis is not None:
        selection = select(review, resolve(review, analysis=analysis))
        chosen = [*selection.chosen, *selection.references]
        entries = [shelf.report(entry.study)._replace(cited_by="") for entry in chosen]
    elif review.references:
        entries = [shelf.reference(row) for row in review.references]
    else:
        entries = [shelf.report(study) for study in review.studies.values()]
    entries = list({_same(entry): entry for entry in reversed(entries)}.values())[::-1]
    if not entries:
        raise NotPossible("there is nothing to cite: neither references.csv nor studies.csv has a row")
    return Bibliography(tuple(entries), tuple(_notes(review, entries, shelf.library)))


def _same(entry: Entry) -> tuple[str, str]:
    """Two entries of one reference are one."""
    return entry.item.text if isinstance(entry.item, Citation) else entry.item.pmid, entry.cited_by


class _Shelf:
    """Where references are looked up: the review's tables and its library of records."""

    def __init__(self, review: Review) -> None:
        self.review = review
        self.library = Library(os.path.join(review.path, FOLDER))
        self.rows: dict[str, ReferenceEntry] = {}
        for row in review.references:
            if row.study:
                self.rows.setdefault(row.study, row)

    def named(self, key: str) -> Entry:
        """The entry of a key."""
        study = self.review.studies.get(key)
        if study is not None:
            return self.report(study)
        listed = [
            row for row in self.review.references if key in (str(row.number), f"{row.cited_by}:{row.number}")
        ]
        if len(listed) > 1:
            which = ", ".join(f"{row.cited_by}:{row.number}" for row in listed)
            raise OptionError("KEY", key, f"one of the lists' own: {which}")
        if listed:
            return self.reference(listed[0])
        if re.fullmatch(r"[1-9]\d{0,8}", key, re.ASCII):
            for row in self.review.references:
                if row.pmid == key:
                    return self.reference(row)
            for report in self.review.studies.values():
                if report.pmid == key:
                    return self.report(report)
            paper = self.library.get(key)
            if paper is not None:
                return Entry(key, paper, RECORD)
        found = near(key, self.review.studies)
        raise OptionError(
            "KEY", key, f"a report of studies.csv, a number of the reference list, or a PMID{found}"
        )

    def reference(self, row: ReferenceEntry) -> Entry:
        """A row of references.csv."""
        study = self.review.studies.get(row.study)
        key = row.study or f"{row.cited_by}:{row.number}"
        place = (row.cited_by, row.number)
        pmid = row.pmid or (study.pmid if study else "")
        paper = self.library.get(pmid) if pmid else None
        if paper is not None:
            return Entry(key, paper, RECORD, *place)
        printed = parse_citation(row.citation)
        printed = printed._replace(doi=printed.doi or row.doi, pmid=printed.pmid or pmid)
        return Entry(key, printed, PRINTED, *place)

    def report(self, study: Study) -> Entry:
        """A report: by the reference list that has it, else by its own row."""
        row = self.rows.get(study.study)
        paper = self.library.get(study.pmid) if study.pmid else None
        if paper is not None:
            return Entry(study.study, paper, RECORD)
        if row is not None:
            return self.reference(row)
        return Entry(study.study, from_table(study, self.review.label(study.study)), TABLE)


def from_table(study: Study, label: str) -> Citation:
    """A reference put together from the columns of studies.csv, and marked as such."""
    title, journal = study.title.rstrip("."), study.journal.rstrip(".")
    year = str(study.year) if study.year and str(study.year) not in journal else ""
    parts = [study.authors.rstrip("."), title, journal, year, f"doi:{study.doi}" if study.doi else ""]
    text = " ".join(part if part.endswith("?") else f"{part}." for part in parts if part) or f"{label}."
    read = parse_citation(text)
    names = tuple(name.strip(" .") for name in re.split(r"[,;]", study.authors) if name.strip(" ."))
    return read._replace(
        authors=tuple(name for name in names if name.casefold() != "et al"),
        et_al="et al" in study.authors,
        title=title,
        journal=read.journal or journal,
        year=study.year or read.year,
        doi=study.doi,
        pmid=study.pmid,
        text=f"{text} {MARK}",
    )


def _notes(review: Review, entries: Iterable[Entry], library: Library) -> Iterator[str]:
    entries = list(entries)
    for entry in entries:
        if isinstance(entry.item, Paper) and entry.item.retracted:
            notice = next((notice for notice in entry.item.notices if notice.text), None)
            yield f"retracted: {_name(review, entry)}{f' ({notice.text})' if notice else ''}"
    origins = Counter(entry.origin for entry in entries)
    if origins[PRINTED]:
        yield (
            f"{_of(origins[PRINTED], len(entries))} as printed, in whatever style that is: "
            "no record of them is kept; evidence fetch gets it"
        )
    if origins[TABLE]:
        names = ", ".join(_name(review, entry) for entry in entries[:200] if entry.origin == TABLE)
        yield f"{_of(origins[TABLE], len(entries))} put together from studies.csv, and marked so: {names}"
    yield from library.problems() if origins[RECORD] < len(entries) else ()


def _of(count: int, total: int) -> str:
    return f"{'all' if count == total else count} of {total}" if total > 1 else "this one is"


def _name(review: Review, entry: Entry) -> str:
    if entry.key in review.studies:
        return review.label(entry.key)
    return f"reference {entry.number}" if entry.number is not None else f"PMID {entry.key}"
