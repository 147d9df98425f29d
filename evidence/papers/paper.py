"""A paper as a record has it: parts, identifiers, and the notices that hang on it.

`paper_from_medline` takes the dictionary Bio.Medline makes of a record. What the record does not say stays
empty. Tags are explained in the MEDLINE/PubMed data element descriptions of the NLM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

RETRACTED = "retracted"

NOTICES = {
    "RIN": RETRACTED,
    "ROF": "retraction of",
    "PRIN": "partially retracted",
    "PROF": "partial retraction of",
    "ECI": "expression of concern",
    "ECF": "expression of concern for",
    "EIN": "erratum",
    "EFR": "erratum for",
    "CRI": "corrected and republished",
    "CRF": "corrected republication of",
    "RPI": "republished",
    "RPF": "republication of",
    "UIN": "updated",
    "UOF": "update of",
    "CIN": "comment",
    "CON": "comment on",
}
"""MEDLINE tag -> the kind of notice. Those on the paper itself come in pairs with those it gives another paper:
a retraction notice ("retraction of") is not itself retracted."""


class Author(NamedTuple):
    """A person (family, given names and initials as far as known, "Jr"), or a group: then `collective` alone."""

    family: str = ""
    given: str = ""
    initials: str = ""
    collective: str = ""
    suffix: str = ""

    @property
    def name(self) -> str:
        """As Vancouver prints it: `Khan MA`, `King ML Jr`, `TULIP Study Group`."""
        return self.collective or " ".join(filter(None, (self.family, self.initials, self.suffix)))


class Notice(NamedTuple):
    """A link to another record: one of the kinds of NOTICES, its citation as the record has it, its PMID or ""."""

    kind: str
    text: str = ""
    pmid: str = ""


class Paper(NamedTuple):
    """A bibliographic record. Everything may be empty; `year` may be None; `date` is as the record has it.

    `pages` are as in the record: 211-221, 576-83, e39553. `medline` is the record's
    exact text where it was read from one, so that writing it loses nothing.
    """

    pmid: str = ""
    doi: str = ""
    pmcid: str = ""
    title: str = ""
    authors: tuple[Author, ...] = ()
    journal: str = ""
    journal_abbreviation: str = ""
    year: int | None = None
    date: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    issn: str = ""
    language: str = ""
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    url: str = ""
    publication_types: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    kind: str = "article"
    medline: str = ""

    @property
    def retracted(self) -> bool:
        """Whether the paper has been retracted; False for the notice that retracts another."""
        return any(notice.kind == RETRACTED for notice in self.notices)

    @property
    def first_author_family(self) -> str:
        """Family name of the first author, or the group's; "" where nobody is named."""
        return (self.authors[0].family or self.authors[0].collective) if self.authors else ""

    @property
    def first_page(self) -> str:
        """211 of 211-221, e39553; "" where the record has no pages."""
        return first_page(self.pages)


def first_page(pages: str) -> str:
    """The first page of a range, as printed: 211 of 211–21, e576 of e576–83, A112.2."""
    return re.split(r"\s*[-‐‑‒–—−,;]\s*", pages.strip(), maxsplit=1)[0]


def last_page(pages: str) -> str:
    """The last page of one range, its elided digits filled in: 221 of 211–21, e583 of e576–83; "" without a range."""
    found = re.fullmatch(r"\s*([A-Za-z]*)(\d+)\s*[-‐‑‒–—−]\s*([A-Za-z]*)(\d+)\s*", pages)
    if not found:
        return ""
    letters, first, other, last = found.groups()
    if len(last) < len(first) and other in ("", letters):
        last = first[: len(first) - len(last)] + last
    return (other or letters) + last


# ---- from MEDLINE --------------------------------------------------------------------------------


def paper_from_medline(record: Mapping[str, object], text: str = "") -> Paper:
    """The paper in a record of Bio.Medline; `text` is its exact MEDLINE text, if at hand.

    Never raises: a damaged record gives a paper with less in it. Whether it may be used (a PMID among those
    asked for, a title) is for the caller to check.
    """
    types = tuple(_list(record, "PT"))
    located = " ".join([*_list(record, "LID"), *_list(record, "AID")])
    date = _text(record, "DP")
    pmid = _text(record, "PMID")
    return Paper(
        pmid=pmid if re.fullmatch(r"[1-9]\d{0,8}", pmid, re.ASCII) else "",
        doi=_search(r"(10\.\d{4,9}/\S+) \[doi\]", located),
        pmcid=_search(r"(PMC\d+)", _text(record, "PMC")),
        title=without_stop(_text(record, "TI") or _text(record, "BTI")),
        authors=tuple(_authors(record, text)),
        journal=_text(record, "JT"),
        journal_abbreviation=_text(record, "TA"),
        year=year_of(date) or year_of(_text(record, "DEP")),
        date=date,
        volume=_text(record, "VI"),
        issue=_text(record, "IP"),
        pages=_text(record, "PG"),
        issn=_search(r"(\d{4}-\d{3}[\dXx])", _text(record, "IS")),
        language=next(iter(_list(record, "LA")), ""),
        abstract=_text(record, "AB"),
        keywords=tuple(_list(record, "OT")),
        notes=tuple(_list(record, "GN")),
        publication_types=types,
        notices=tuple(_notices(record, types)),
        medline=text,
    )


def without_stop(title: str) -> str:
    """A title without the full stop MEDLINE puts behind each."""
    return title if title.endswith("...") else title.removesuffix(".")


def year_of(date: str) -> int | None:
    """The year a date begins with: 2020 of `2020 Jan 16`, 1998 of `1998 Dec-1999 Jan`, 2019 of `Winter 2019`."""
    found = re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?=\D|\d{4}|$)", date)
    return int(found[1]) if found else None


def _list(record: Mapping[str, object], tag: str) -> list[str]:
    value = record.get(tag)
    if value is None:
        return []
    values = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    found = [" ".join(part.split()) for part in values if isinstance(part, str)]
    return [part for part in found if part]


def _text(record: Mapping[str, object], tag: str) -> str:
    return " ".join(_list(record, tag))


def _search(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


def _authors(record: Mapping[str, object], text: str) -> Iterable[Author]:
    """People and groups in the record's order, which only its text tells: Bio.Medline sorts them by tag.

    Without the text: groups first where the record begins with one, else last.
    """
    people = _people(_list(record, "FAU"), _list(record, "AU"))
    groups = [Author(collective=name) for name in _list(record, "CN")]
    if not groups:
        return people
    order = re.findall(r"^(AU|CN)  - ", text, re.MULTILINE)
    if order.count("AU") == len(people) and order.count("CN") == len(groups):
        person, group = iter(people), iter(groups)
        return [next(person) if tag == "AU" else next(group) for tag in order]
    tags = [tag for tag in record if tag in ("CN", "FAU", "AU")]
    return [*groups, *people] if tags[:1] == ["CN"] else [*people, *groups]


def _people(full: Sequence[str], short: Sequence[str]) -> list[Author]:
    if len(full) != len(short):  # they cannot be told to belong together
        return [author_of(name) for name in (short or full)]
    return [_person(name, brief) for name, brief in zip(full, short, strict=True)]


SUFFIX = re.compile(r"(?:Jr|Sr|2nd|3rd|\dth|I{2,3}|IV)\.?", re.ASCII)


def _person(full: str, short: str) -> Author:
    """From `Khan, Muhammad A` and `Khan MA`."""
    family, _, given = full.partition(", ")
    if not given or not short.startswith(family + " "):
        return author_of(short)
    initials, _, suffix = short[len(family) + 1 :].partition(" ")
    if suffix and not SUFFIX.fullmatch(suffix):
        initials, suffix = f"{initials} {suffix}", ""
    return Author(family, given.removesuffix(" " + suffix) if suffix else given, initials, suffix=suffix)


def author_of(name: str) -> Author:
    """A person from `Khan MA`, `King ML Jr` or `Khan, Muhammad A`; a name alone is a family name."""
    family, comma, given = name.partition(",")
    if comma:
        given = " ".join(given.split())
        return Author(family.strip(), given, initials_of(given))
    words = name.split()
    suffix = words.pop() if len(words) > 2 and SUFFIX.fullmatch(words[-1]) else ""
    if len(words) > 1 and words[-1].isupper():
        return Author(" ".join(words[:-1]), "", words[-1], suffix=suffix)
    return Author(" ".join([*words, *([suffix] if suffix else [])]))


def initials_of(given: str) -> str:
    """MA of `Muhammad A`, JP of `Jean-Pierre`, MA of `M. A.`."""
    words = re.findall(r"[^\W\d_]+", given)
    return "".join(word if word.isupper() and len(word) <= 3 else word[0].upper() for word in words)


def _notices(record: Mapping[str, object], types: Sequence[str]) -> Iterable[Notice]:
    for tag, kind in NOTICES.items() if not NOTICES.keys().isdisjoint(record) else ():
        for text in _joined(_list(record, tag)):
            yield Notice(kind, text, _search(r"PMID:\s*([1-9]\d{0,8})(?!\d)", text))
    if "Retracted Publication" in types and not _list(record, "RIN"):
        yield Notice(RETRACTED)


def _joined(lines: list[str]) -> list[str]:
    """One entry a notice: Bio.Medline makes an entry of each line, also of the second line of a long one."""
    entries: list[str] = []
    for line in lines:
        begun = entries and not re.search(r"\b(1[89]|20)\d\d\b", entries[-1])
        if begun or (entries and re.match(r"(doi:|pii:|PMID:|10\.\d)|[;:)\d]", line)):
            entries[-1] += " " + line
        else:
            entries.append(line)
    return entries
