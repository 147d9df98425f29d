"""Queries of PubMed: their field tags checked before they are sent, what PubMed made of them, and sets of any size.

PubMed refuses nothing. A tag it does not know is dropped without a word, and `asthma[foo]` finds a quarter of a
million records; words it does not know are left out of the query; of more than 9,999 records it gives the first. So
tags are checked here, what PubMed says it left out is kept, and a large set is asked for in parts, by the day a
record entered PubMed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from evidence.errors import NotPossible
from evidence.papers.checking import Searched
from evidence.papers.eutils import MOST_PMIDS, NoAnswer

MOST = 100_000
"""More records than anybody screens: a query that finds them was not meant so."""

FIRST_DAY = date(1780, 1, 1)
"""Before the oldest record of PubMed."""

LAST_DAY = date(2100, 12, 31)

FIELDS: Mapping[str, tuple[str, ...]] = {
    "Affiliation": ("ad", "affl"),
    "All Fields": ("all",),
    "Article Identifier": ("aid", "doi"),
    "Author": ("au", "auth"),
    "Author - Corporate": ("cn", "corporate author"),
    "Author - First": ("1au", "first author name", "first author"),
    "Author - Full": ("fau", "full author name"),
    "Author - Identifier": ("auid", "author identifier"),
    "Author - Last": ("lastau", "last author name", "last author"),
    "Book": ("book",),
    "Conflict of Interest Statement": ("cois", "conflict of interest statements"),
    "Date - Completion": ("dcom", "completion date"),
    "Date - Create": ("crdt", "create date"),
    "Date - Entry": ("edat", "entry date", "entrez date"),
    "Date - MeSH": ("mhda", "mesh date"),
    "Date - Modification": ("lr", "modification date"),
    "Date - Publication": ("dp", "pdat", "publication date"),
    "EC/RN Number": ("rn", "ecno"),
    "Editor": ("ed",),
    "Filter": ("filter", "filt", "sb", "subset"),
    "Grants and Funding": ("gr", "grnt", "grant number"),
    "ISBN": ("isbn",),
    "Investigator": ("ir",),
    "Investigator - Full": ("fir", "full investigator name"),
    "Issue": ("ip",),
    "Journal": ("ta", "jour", "is"),
    "Language": ("la", "lang"),
    "Location ID": ("lid",),
    "MeSH Major Topic": ("majr",),
    "MeSH Subheading": ("sh", "subh", "mesh subheadings"),
    "MeSH Terms": ("mh", "mesh"),
    "NLM Unique ID": ("jid",),
    "Other Term": ("ot",),
    "Owner": ("owner",),
    "PMC ID": ("pmc", "pmcid", "pmcid and mid"),
    "PMID": ("pmid", "uid"),
    "Pagination": ("pg", "page"),
    "Personal Name as Subject": ("ps", "subject - personal name"),
    "Pharmacological Action": ("pa",),
    "Place of Publication": ("pl",),
    "Print Publication Date": ("ppdat", "date - print publication"),
    "Electronic Publication Date": ("epdat", "date - electronic publication"),
    "Publication Type": ("pt", "ptyp"),
    "Publisher": ("pubn",),
    "Secondary Source ID": ("si",),
    "Supplementary Concept": ("nm", "subs"),
    "Text Word": ("tw", "word", "text words"),
    "Title": ("ti", "titl"),
    "Title/Abstract": ("tiab",),
    "Transliterated Title": ("tt",),
    "Volume": ("vi", "vol"),
}
"""PubMed's fields with the tags for each. https://pubmed.ncbi.nlm.nih.gov/help/#search-tags"""

TAGS: Mapping[str, str] = {name.lower(): field for field, tags in FIELDS.items() for name in (field, *tags)}
"""What may stand between brackets -> the field it means."""

NEAR = ("Title", "Title/Abstract", "Affiliation")
"""Fields that take a distance: "skin lupus"[tiab:~2]."""

EXPLODED = (
    "MeSH Terms",
    "MeSH Major Topic",
    "MeSH Subheading",
    "Pharmacological Action",
    "Supplementary Concept",
)
"""Fields that take :noexp."""


class Flaw(NamedTuple):
    """Why PubMed would not search what a query says: the part of it, the reason, what may stand there, what was meant."""

    part: str
    reason: str
    allowed: str
    likely: str = ""


class Split(NamedTuple):
    """A part of a large set: the days on which its records entered PubMed, and how many there are."""

    first: date
    last: date
    total: int


class Results(NamedTuple):
    """What a query found: how many records, their PMIDs, what PubMed made of the query, and what it left out.

    `splits` are the parts it was asked for in, none for one that came at once.
    """

    total: int
    pmids: tuple[str, ...]
    translation: str
    left_out: tuple[str, ...] = ()
    splits: tuple[Split, ...] = ()


# ---- before it is sent ---------------------------------------------------------------------------

_PART = re.compile(r'"[^"]*"|\[[^\[\]]*\]|[()]|[^\s()\[\]"]+|[\[\]"]')
_OPERATORS = ("AND", "OR", "NOT")


def check_query(query: str) -> list[Flaw]:
    """Everything for which PubMed would search something else than the query says; none for a sound one."""
    flaws = []
    parts = _PART.findall(query)
    curly = next((sign for sign in query if sign in "\u201c\u201d\u201e\u00ab\u00bb"), "")
    if not query.strip():
        flaws.append(Flaw("", "the query is empty", "words, with tags such as [tiab]"))
    if curly:
        flaws.append(Flaw(curly, "is a typographic quotation mark", 'the plain one, "'))
    if '"' in parts:
        flaws.append(Flaw('"', "has no second quotation mark", "phrases in a pair of them"))
    for bracket in ("[", "]"):
        if bracket in parts:
            flaws.append(Flaw(bracket, "has no other half", "tags in a pair of brackets, such as [tiab]"))
    depth = 0
    for part in parts:
        depth += (part == "(") - (part == ")")
        if depth < 0:
            break
    if depth:
        which = "(" if depth > 0 else ")"
        flaws.append(Flaw(which, "has no other half", "as many opening parentheses as closing ones"))
    before = ""
    for part in parts:
        if part.startswith("[") and len(part) > 1:
            flaws += _check_tag(part, before)
        elif part.upper() in _OPERATORS and part not in _OPERATORS and before[-1:] in ("]", ")"):
            flaws.append(Flaw(part, "is searched as a word", "AND, OR and NOT in capitals", part.upper()))
        before = part
    return flaws


def _check_tag(tag: str, before: str) -> Iterator[Flaw]:
    name, _, more = " ".join(tag[1:-1].lower().split()).partition(":")
    field = TAGS.get(name.strip())
    if before in ("", "(", *_OPERATORS):
        yield Flaw(tag, "stands behind no word", "a word or a phrase before its tag")
    if field is None:
        yield Flaw(
            tag,
            "is no field known here; PubMed drops such a tag and searches everywhere",
            _EXAMPLES,
            _nearest(name),
        )
    elif more.strip().startswith("~"):
        if not re.fullmatch(r"~\s*\d{1,3}", more.strip()):
            yield Flaw(tag, "is no distance", "a number of words, such as [tiab:~2]")
        elif field not in NEAR:
            yield Flaw(tag, "takes no distance", "[ti:~2], [tiab:~2] or [ad:~2]")
        elif not before.startswith('"'):
            yield Flaw(tag, "is a distance behind no phrase", '"two words"[tiab:~2]')
    elif more and not (more.strip() == "noexp" and field in EXPLODED):
        yield Flaw(tag, "has an ending PubMed does not know", "[mh:noexp]; or [tiab:~2] for a distance")


_EXAMPLES = "tiab, ti, tw, mh, majr, pt, nm, au, 1au, ta, dp, edat, la, ..."


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name, list(TAGS), n=1, cutoff=0.6)
    return f"[{found[0]}]" if found else ""


def is_tagged_throughout(query: str) -> bool:
    """Whether each word of the query stands before a tag, so that PubMed has to map none to fields of its own choice."""
    open_word = False
    for part in _PART.findall(query):
        if part.startswith("["):
            open_word = False
        elif part in ("(", ")", *_OPERATORS):
            if open_word:
                return False
        else:
            open_word = True
    return not open_word


# ---- what PubMed made of it ----------------------------------------------------------------------


def left_out(query: str, found: Searched) -> tuple[str, ...]:
    """What PubMed did not search as it was written, in words; none where it ran the query as it is."""
    said = list(found.left_out)
    if (
        is_tagged_throughout(query)
        and "[all fields]" in found.translation.lower()
        and "[all" not in query.lower()
    ):
        said.append("a word was searched in all fields, though each has a tag")
    return tuple(dict.fromkeys(said))


# ---- all of it -----------------------------------------------------------------------------------

Ask = Callable[[date | None, date | None], Searched]
"""Asks for the records that entered PubMed between two days, both included; None for any."""


def search_all(
    query: str,
    ask: Ask,
    *,
    since: date | None = None,
    most: int = MOST,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Results:
    """Every record a query finds, those of a large set in parts by day; `since` leaves out what entered PubMed before.

    Raises NoAnswer, and NotPossible where it finds more than `most`, or more in a day than esearch gives.
    """
    whole = ask(since, LAST_DAY if since else None)
    said = left_out(query, whole)
    if whole.total <= MOST_PMIDS:
        return Results(whole.total, _complete(whole), whole.translation, said)
    if whole.total > most:
        raise NotPossible(
            f"the query finds {whole.total:,} records, more than {most:,}; PubMed searched: {whole.translation}"
        )
    pmids: dict[str, None] = {}
    splits: list[Split] = []
    for first, last, found in _split(since or FIRST_DAY, LAST_DAY, ask):
        pmids.update(dict.fromkeys(_complete(found)))
        splits.append(Split(first, last, found.total))
        progress(len(pmids), whole.total)
    if (
        len(pmids) < whole.total
    ):  # PubMed grew or shrank between two questions, or a record has no day of entry
        said += (f"{whole.total - len(pmids):,} of {whole.total:,} records are in no part of the set",)
    return Results(whole.total, tuple(pmids), whole.translation, said, tuple(splits))


def _split(first: date, last: date, ask: Ask) -> Iterator[tuple[date, date, Searched]]:
    """Parts small enough to be given whole, latest first, as PubMed sorts."""
    todo = [(first, last)]
    while todo:
        low, high = todo.pop()
        found = ask(low, high)
        if found.total <= MOST_PMIDS:
            if found.total:
                yield low, high, found
            continue
        if low == high:
            raise NotPossible(
                f"{found.total:,} records entered PubMed on {low}, more than it gives: narrow the query"
            )
        middle = _middle(low, high)
        todo += [(low, middle), (middle + timedelta(days=1), high)]


_BUSY = (date(1990, 1, 1), date(2030, 1, 1))
"""Most records entered PubMed between these days, so that a split far outside them gains nothing."""


def _middle(low: date, high: date) -> date:
    for busy in _BUSY:
        if low < busy <= high and (high - low).days > 366 * 60:
            return busy - timedelta(days=1)
    return low + (high - low) // 2


def _complete(found: Searched) -> tuple[str, ...]:
    """The PMIDs, all of them. Raises NoAnswer where some are missing."""
    if len(found.pmids) != found.total:
        raise NoAnswer(f"PubMed found {found.total:,} records and listed {len(found.pmids):,}")
    return found.pmids
