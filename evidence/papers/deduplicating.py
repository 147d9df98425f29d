"""Whether two records are of one paper: by PMID, else DOI, else title with year.

The rule, in this order; the first line that applies decides:

    both have a PMID                        the same paper if it is the same
    both have a DOI                         the same paper if it is the same
    titles agree, years at most one apart   the same paper, unless first authors differ
    anything else                           two papers

Titles agree that have the same letters and digits in the same order: accents, capitals, punctuation, markup and a
subtitle's colon do not count. A title of fewer than five words ("Lupus", "Department of Error") only counts with
the same first author. Two years that differ by one are one paper, first online and then in print. A translation with
a PMID or DOI of its own is another record, and so another paper here: `overlaps.csv` and `cohorts.csv` know that its
patients are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar
from unicodedata import normalize

from evidence.papers.paper import Paper

FEWEST_WORDS = 5
"""Shorter titles are shared by different papers."""

YEARS = 1

_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,40}>")
_WORD = re.compile(r"[^\W_]+")
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i"})


class Identity(NamedTuple):
    """What a record is told by; anything may be empty."""

    pmid: str = ""
    doi: str = ""
    title: str = ""
    year: int | None = None
    author: str = ""


def identity_of(paper: Paper) -> Identity:
    """What the paper is told by."""
    return Identity(paper.pmid, paper.doi, paper.title, paper.year, paper.first_author_family)


@lru_cache(maxsize=4096)
def plain_title(title: str) -> str:
    """The words of a title, as they are compared."""
    words = _WORD.findall(_plain(_MARKUP.sub(" ", title)))
    return " ".join(words)


def plain_doi(doi: str) -> str:
    """A DOI as they are compared: in small letters, without the resolver's address."""
    found = re.search(r"10\.\d{4,9}/\S+", doi.strip().lower())
    return found[0].rstrip(".,;") if found else ""


def _plain(text: str) -> str:
    folded = normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(c for c in folded if not "\u0300" <= c <= "\u036f")


def same_paper(one: Identity, other: Identity) -> bool:
    """Whether both are of one paper, by the rule above."""
    if one.pmid and other.pmid:
        return one.pmid == other.pmid
    dois = plain_doi(one.doi), plain_doi(other.doi)
    if all(dois):
        return dois[0] == dois[1]
    title = plain_title(one.title)
    if not title or title != plain_title(other.title):
        return False
    if one.year and other.year and abs(one.year - other.year) > YEARS:
        return False
    authors = plain_title(one.author), plain_title(other.author)
    if all(authors):
        return authors[0] == authors[1]
    return title.count(" ") + 1 >= FEWEST_WORDS


Owner = TypeVar("Owner")


class Index(Generic[Owner]):
    """Papers and whose they are, to be found again by another record of the same paper."""

    def __init__(self, entries: Iterable[tuple[Identity, Owner]] = ()) -> None:
        self._by: dict[str, list[tuple[Identity, Owner]]] = {}
        for identity, owner in entries:
            self.add(identity, owner)

    def add(self, identity: Identity, owner: Owner) -> None:
        """Take a paper in; one that is here already stays whose it was."""
        for name in _names(identity):
            self._by.setdefault(name, []).append((identity, owner))

    def find(self, identity: Identity) -> Owner | None:
        """Whose paper it is; None if it is nobody's. The one taken in first, where there are several."""
        for name in _names(identity):
            for known, owner in self._by.get(name, ()):
                if same_paper(identity, known):
                    return owner
        return None


def _names(identity: Identity) -> list[str]:
    """Under what a paper is kept: the surest name first."""
    named = [
        ("pmid", identity.pmid),
        ("doi", plain_doi(identity.doi)),
        ("title", plain_title(identity.title)),
    ]
    return [f"{kind} {name}" for kind, name in named if name]
