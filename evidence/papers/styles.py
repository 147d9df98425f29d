"""Papers as printed references: Vancouver as the clinical journals of this field print it, and APA (7th edition).

Vancouver: six authors and "et al.", the NLM's abbreviation of the journal,
year;volume:pages with an en dash and the last page's repeated digits left out.
The issue is printed where pages begin anew in it: supplements, and volumes nobody knows.

A reference of which there is no record is printed as it was, in whatever style
that is: its parts are only read from it, and a guess is no citation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from evidence.errors import OptionError
from evidence.papers import journals
from evidence.papers.citation import Citation, plain
from evidence.papers.exchange import MARK, bare_title, line
from evidence.papers.paper import Author, Paper, first_page, last_page

STYLES = ("vancouver", "apa")
FORMATS = ("text", "markdown")

Emphasis = Callable[[str], str]
"""Text to the same text in italics, or as it is where there are none."""


def cite(
    items: Iterable[Citation | Paper],
    *,
    style: str = "vancouver",
    format: str = "text",
    numbers: Sequence[int] | None = None,
) -> str:
    """The references as a list, one a line: Vancouver numbered, APA by the first author's name.

    `numbers` are used instead of 1, 2, 3. Raises OptionError for another style or format.
    """
    if style not in STYLES:
        raise OptionError("style", style, STYLES)
    if format not in FORMATS:
        raise OptionError("format", format, FORMATS)
    items = list(items)
    markdown = format == "markdown"
    if style == "apa":
        ordered = sorted(items, key=_in_apa_order)
        return "".join(f"{_shown(item, style, markdown)}\n" + "\n" * markdown for item in ordered)
    counted = zip(numbers or range(1, len(items) + 1), items, strict=True)
    return "".join(f"{number}. {_shown(item, style, markdown)}\n" for number, item in counted)


def _in_apa_order(item: Citation | Paper) -> tuple[str, int, str]:
    name = item.first_author_family or item.title or (item.text if isinstance(item, Citation) else "")
    return journals.fold(name), item.year or 9999, item.title


def _shown(item: Citation | Paper, style: str, markdown: bool) -> str:
    if isinstance(item, Citation):
        text = plain(line(item.text))
        return escape(text) if markdown else text
    write = vancouver if style == "vancouver" else apa
    return write(item, markdown=markdown)


def escape(text: str) -> str:
    """Text that Markdown prints as it is."""
    return re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", text)


def _italic(text: str) -> str:
    return f"*{escape(text)}*" if text else ""


def _same(text: str) -> str:
    return text


def _title(paper: Paper, markdown: bool) -> str:
    title = escape(bare_title(paper)) if markdown else bare_title(paper)
    mark = (f"**{MARK}** " if markdown else f"{MARK} ") if paper.retracted else ""
    return stop(mark + title) if title else mark.strip()


def stop(text: str) -> str:
    """The text with a full stop, unless it ends a sentence already."""
    return text if not text or text.endswith((".", "?", "!", ".]", "?]")) else f"{text}."


# ---- Vancouver -----------------------------------------------------------------------------------

MOST_AUTHORS = 6


def vancouver(paper: Paper, *, markdown: bool = False) -> str:
    """`Khan MA, Khan FH. Role of anifrolumab. Cureus. 2023;15:e39553.`"""
    italic, safe = (_italic, escape) if markdown else (_same, _same)
    names = [line(author.name) for author in paper.authors]
    more = ["et al"] if len(names) > MOST_AUTHORS else []
    journal = line(paper.journal_abbreviation or paper.journal)
    parts = [
        stop(safe(", ".join([*names[:MOST_AUTHORS], *more]))),
        _title(paper, markdown),
        stop(italic(journal)),
        stop(safe(_numbers(paper))),
    ]
    if not paper.pages and paper.doi:
        parts.append(safe(f"doi:{line(paper.doi)}."))
    return " ".join(part for part in parts if part)


def _numbers(paper: Paper) -> str:
    """2020;382:211–21; 2024;11(Suppl 1):A112.2; a year alone."""
    volume, issue = line(paper.volume), line(paper.issue)
    shown = f"({issue})" if issue and (not volume or not issue[:1].isdigit() or " " in issue) else ""
    place = volume + shown
    pages = elided(line(paper.pages))
    return (str(paper.year or "") + (f";{place}" if place else "") + (f":{pages}" if pages else "")).lstrip(
        ";:"
    )


def elided(pages: str) -> str:
    """A range with an en dash and without the digits its ends share: 211–21 of 211-221, e576–83 of e576-e583."""
    last = last_page(pages)
    if not last:
        return re.sub(r"(?<=\w)-(?=\w)", "–", pages)
    first = first_page(pages)
    if last == first:
        return first
    letters = re.match(r"[A-Za-z]*", first)
    head = letters[0] if letters else ""
    if not last.startswith(head) or len(last) != len(first):
        return f"{first}–{last}"
    ends, begins = last[len(head) :], first[len(head) :]
    shared = 0
    while shared < len(ends) - 1 and ends[shared] == begins[shared]:
        shared += 1
    return f"{first}–{ends[shared:]}"


# ---- APA -----------------------------------------------------------------------------------------

MOST_APA_AUTHORS = 20


def apa(paper: Paper, *, markdown: bool = False) -> str:
    """`Khan, M. A., & Khan, F. H. (2023). Role of anifrolumab. Cureus, 15(6), Article e39553. https://doi.org/...`"""
    italic, safe = (_italic, escape) if markdown else (_same, _same)
    year = f"({paper.year or 'n.d.'})."
    title = _title(paper, markdown)
    authors = safe(_apa_authors(paper.authors))
    head = [stop(authors), year, title] if authors else [title, year]
    volume = italic(line(paper.volume)) + (safe(f"({line(paper.issue)})") if paper.issue else "")
    source = ", ".join(
        filter(None, (italic(_apa_journal(paper)), volume, safe(_apa_pages(line(paper.pages)))))
    )
    doi = f"https://doi.org/{line(paper.doi)}" if paper.doi else ""
    return " ".join(part for part in (*head, stop(source), doi) if part)


def _apa_authors(authors: Sequence[Author]) -> str:
    names = [_apa_name(author) for author in authors]
    if len(names) > MOST_APA_AUTHORS:
        return ", ".join(names[: MOST_APA_AUTHORS - 1]) + f", … {names[-1]}"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])}, & {names[-1]}"


def _apa_name(author: Author) -> str:
    if author.collective:
        return line(author.collective)
    initials = _dotted(author.given) or " ".join(
        f"{initial}." for initial in author.initials if initial.isalpha()
    )
    return line(
        ", ".join(
            filter(
                None,
                (author.family, initials, stop(author.suffix) if author.suffix == "Jr" else author.suffix),
            )
        )
    )


def _dotted(given: str) -> str:
    """M. A. of Muhammad A, J.-P. of Jean-Pierre, M. J. L. of M J L."""
    words = [part for part in given.replace(".", " ").split() if part[:1].isalpha()]
    return " ".join("-".join(f"{piece[0].upper()}." for piece in word.split("-") if piece) for word in words)


_ARTICLES = "a an and at by de del der des die do du e el en et for from für in la le of on the to und with y"

_SMALL = frozenset(_ARTICLES.split())


def _apa_journal(paper: Paper) -> str:
    """The full title with capitals; MEDLINE's has small letters, subtitles and the place of publication."""
    title = line(paper.journal or journals.title_of(paper.journal_abbreviation) or paper.journal_abbreviation)
    title = re.sub(r"\s*\([^)]*\)$", "", re.split(r" [:=] ", title)[0])
    words = title.rstrip(".").split(" ")
    return " ".join(
        word if any(c.isupper() for c in word) or (index and word in _SMALL) else word[:1].upper() + word[1:]
        for index, word in enumerate(words)
    )


def _apa_pages(pages: str) -> str:
    last = last_page(pages)
    if last:
        return f"{first_page(pages)}–{last}"
    article = re.fullmatch(r"[A-Za-z]+\d[\w.]*|\d{5,}", pages)
    return f"Article {pages}" if article else re.sub(r"(?<=\w)-(?=\w)", "–", pages)
