"""Whether a record is the paper a reference means: first author, year and title must agree.

A citation matcher tolerates a wrong author or year, and a title search finds the reply along with the paper; so no
hit counts before its record was compared with the words printed.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache
from unicodedata import category, normalize

from evidence.papers.citation import Citation
from evidence.papers.paper import Paper

LIKENESS = 0.9
"""Titles differ by less than a tenth: hyphens, spelling, a subtitle's colon. difflib's ratio."""

LEAST_WORDS = 6
"""A title may be cut off where it is printed, after so many words."""

TELLING = frozenset(
    {
        *("reply", "replies", "response", "re", "letter", "editorial", "author", "authors", "protocol"),
        *(
            "comment",
            "comments",
            "commentary",
            "correction",
            "corrections",
            "corrigendum",
            "erratum",
            "errata",
        ),
        *(
            "retraction",
            "retracted",
            "withdrawn",
            "part",
            "i",
            "ii",
            "iii",
            "iv",
            "v",
            "not",
            "non",
            "without",
        ),
    }
)
"""Words that make another paper of the same title; figures do too."""

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae"})
_PLAIN = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"}
)


def disagreements(citation: Citation, paper: Paper) -> tuple[str, ...]:
    """What keeps the record from being confirmed, in words; nothing if first author, year (within one) and title agree."""
    lacks = []
    if not citation.authors:
        lacks.append("the reference names no author")
    if citation.year is None:
        lacks.append("the reference has no year")
    if not citation.title and not same_title("", paper.title, citation.text):
        lacks.append("the reference prints no title")
    return (*contradictions(citation, paper), *lacks)


def contradictions(citation: Citation, paper: Paper) -> tuple[str, ...]:
    """Where the record says other than the reference, in words; what the reference does not say contradicts nothing."""
    found = []
    if citation.authors and not _same_author(citation, paper):
        found.append(
            f"first author {paper.first_author_family or '(none)'}, not {citation.first_author_family}"
        )
    if citation.year is not None and not any(abs(year - citation.year) <= 1 for year in years(paper)):
        found.append(f"year {paper.year or '(none)'}, not {citation.year}")
    if citation.title and not same_title(citation.title, paper.title):
        found.append("another title")
    return tuple(found)


def years(paper: Paper) -> set[int]:
    """The years a paper may be cited by: of its issue, and of the day it came out online."""
    online = re.search(r"^DEP *- (\d{4})", paper.medline, re.MULTILINE)
    return {year for year in (paper.year, int(online[1]) if online else None) if year}


def _same_author(citation: Citation, paper: Paper) -> bool:
    """The first author's family name, or one of the groups: those come after the people in a record, before in print."""
    printed = citation.first_author_family
    names = [paper.first_author_family, *(author.collective for author in paper.authors if author.collective)]
    return any(same_name(printed, name) for name in names if name)


def same_name(a: str, b: str) -> bool:
    """Müller is Mueller and Muller, Bata-Csörgő is Bata Csorgo, and Viedma is Viedma-Martínez."""
    for table in (_PLAIN, _GERMAN):
        for other in (_PLAIN, _GERMAN):
            one, two = _words(a, table), _words(b, other)
            if not one or not two:
                return False
            shorter = min(len(one), len(two))
            if one[:shorter] == two[:shorter] or "".join(one) == "".join(two):
                return True
    return False


def same_title(printed: str, title: str, text: str = "") -> bool:
    """Whether the titles are the same but for spelling; without a printed one, whether the reference's text holds it."""
    ours, theirs = title_words(printed), title_words(title)
    if not theirs:
        return False
    if not ours:
        return len(theirs) >= LEAST_WORDS and f" {' '.join(theirs)} " in f" {' '.join(title_words(text))} "
    if ours == theirs or "".join(ours) == "".join(theirs):
        return True
    odd = set(ours) ^ set(theirs)
    if any(word in TELLING or any(c.isdigit() for c in word) for word in odd):
        return False
    shorter = min(len(ours), len(theirs))
    if shorter >= LEAST_WORDS and ours[:shorter] == theirs[:shorter]:
        return True
    return SequenceMatcher(None, " ".join(ours), " ".join(theirs), autojunk=False).ratio() >= LIKENESS


@lru_cache(maxsize=4096)
def title_words(title: str) -> tuple[str, ...]:
    """The words of a title as they are compared: plain lower case, without a translator's brackets."""
    title = re.sub(
        r"^\s*\[?\s*(translated article|artículo traducido)\s*\]?[.:\s]*", "", title, flags=re.IGNORECASE
    )
    return tuple(_words(title, _PLAIN))


def _words(text: str, table: dict[int, str]) -> list[str]:
    text = normalize("NFC", text.casefold()).translate(table)
    plain = "".join(c for c in normalize("NFKD", text) if not category(c).startswith("M"))
    return re.findall(r"[^\W_]+", plain)
