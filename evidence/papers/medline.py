"""MEDLINE text, PubMed's own format and the .nbib file of reference managers, from and to papers.

Bio.Medline parses; but it makes two values of a wrapped line in most tags and trips over a line before the
first tag, so the text is unfolded first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from evidence.papers.exchange import line, visible
from evidence.papers.paper import NOTICES, RETRACTED, Paper, paper_from_medline

_LINE = re.compile(r"^(?:[A-Z][A-Z0-9][A-Z0-9 ]{2}- .*| {6}.*)$", re.MULTILINE)
"""A line with a new value, four columns of tag, a hyphen and a space; or six spaces and more of the value before."""

_BETWEEN = re.compile(r"\n(?=PMID- )|\n(?! {6})[ \t]*\n")
"""What ends a record: the next PMID, or an empty line. One of six spaces is a paragraph's end within an abstract."""


def blocks(text: str) -> Iterator[str]:
    """The exact text of each record, without lines that are none of MEDLINE's."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for part in _BETWEEN.split(text):
        lines = _LINE.findall(part)
        if len(lines) != part.count("\n") + 1 or lines[0].startswith("      "):
            lines = list(_whole(part.split("\n")))
        if lines:
            yield "\n".join(lines) + "\n"


def _whole(lines: Iterable[str]) -> Iterator[str]:
    """The lines of values that are whole: behind a line that is no MEDLINE, more of the value before it is not its end."""
    whole = False
    for one in lines:
        more = one.startswith("      ")
        whole = bool(_LINE.fullmatch(one)) and (whole or not more)
        if whole:
            yield one


def unfold(block: str) -> list[str]:
    """The lines of a record, each value on one line."""
    # str.replace, since a pattern that looks for spaces before a line's end tries at every space of an abstract
    joined = block.replace(" \n      ", "\n      ").replace("\n      ", " ")
    return [one for one in joined.split("\n") if one]


def read_medline(text: str) -> Iterator[Paper]:
    """The papers in MEDLINE text, each with its exact text; whatever else is in it (HTML, an error) gives none."""
    from Bio import Medline

    for block in blocks(text):
        read: Any = Medline.read
        yield paper_from_medline(read(f"{one}\n" for one in unfold(block)), block)


# ---- writing -------------------------------------------------------------------------------------

_TAG_OF = {kind: tag for tag, kind in NOTICES.items()}


def write_medline(papers: Iterable[Paper]) -> str:
    """The papers as MEDLINE text: their own exact text where they have one, else made from their parts."""
    return "\n".join(visible(paper.medline) if paper.medline else _record(paper) for paper in papers)


def _record(paper: Paper) -> str:
    lines = [f"{tag:<4}- {value}" for tag, value in _tags(paper) if value]
    return "".join(f"{wrapped}\n" for one in lines for wrapped in _fold(one))


def _tags(paper: Paper) -> Iterator[tuple[str, str]]:
    yield "PMID", paper.pmid
    yield "IS", line(paper.issn)
    yield "VI", line(paper.volume)
    yield "IP", line(paper.issue)
    yield "DP", line(paper.date) or str(paper.year or "")
    yield "TI", line(paper.title) + ("" if paper.title.endswith(("?", "!", ".")) or not paper.title else ".")
    yield "PG", line(paper.pages)
    yield "LID", f"{line(paper.doi)} [doi]" if paper.doi else ""
    yield "AB", line(paper.abstract)
    for author in paper.authors:
        if author.collective:
            yield "CN", line(author.collective)
        else:
            given = author.given or " ".join(author.initials)
            yield "FAU", line(f"{author.family}, {given}" + (f" {author.suffix}" if author.suffix else ""))
            yield "AU", line(author.name)
    yield "LA", line(paper.language)
    for type_ in paper.publication_types or ("Journal Article",):
        yield "PT", line(type_)
    for notice in paper.notices:
        if (
            notice.kind == RETRACTED
            and not notice.text
            and "Retracted Publication" not in paper.publication_types
        ):
            yield "PT", "Retracted Publication"
        else:
            yield _TAG_OF[notice.kind], line(notice.text)
    yield "TA", line(paper.journal_abbreviation)
    yield "JT", line(paper.journal)
    for word in paper.keywords:
        yield "OT", line(word)
    yield "AID", f"{line(paper.doi)} [doi]" if paper.doi else ""
    yield "PMC", line(paper.pmcid)
    for note in paper.notes:
        yield "GN", line(note)


def _fold(text: str) -> Iterator[str]:
    """Lines of at most 88 columns, as PubMed's, the further ones six columns in."""
    words = text.split(" ")
    current = words[0]
    for word in words[1:]:
        if len(current) + 1 + len(word) > 88 and current.strip():
            yield current
            current = "      " + word
        else:
            current += " " + word
    yield current
