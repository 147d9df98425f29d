"""What the formats of reference managers share: kinds of work, the mark of a retraction, notices among the notes.

No format has a field for a retraction or an erratum, so it goes where a person
will see it: "[RETRACTED]" before the title, and each notice as a note that
begins with its kind in brackets. Reading takes both off again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from evidence.papers.citation import Citation
from evidence.papers.names import is_group
from evidence.papers.paper import NOTICES, RETRACTED, Author, Notice, Paper, author_of, initials_of, last_page

MARK = "[RETRACTED]"

KINDS = ("article", "book", "chapter", "conference", "preprint", "report", "thesis", "webpage", "other")
"""What `Paper.kind` may be."""

AS_PRINTED = "As printed: "
"""How the note begins that carries a reference of which there is no record."""

UNSAID = ("comment", "comment on")
"""Links that are no notice, and stay at home."""

_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_HIDDEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u00ad\\u200b-\\u200f\\u2028\\u2029\\u202a-\\u202e\\u2060-\\u206f\\ufeff\\ud800-\\udfff]"
)


def visible(text: str) -> str:
    """The text without what a terminal or an editor would obey: commands, controls, direction overrides."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub("", _TERMINAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def line(text: str) -> str:
    """The text on one line."""
    return text if text.isascii() and text.isprintable() else " ".join(visible(text).split())


# ---- writing -------------------------------------------------------------------------------------


def as_paper(item: Citation | Paper) -> Paper:
    """The record, or a printed reference in the form of one: its parts, and the whole of it as a note."""
    if isinstance(item, Paper):
        return item
    return Paper(
        pmid=item.pmid,
        doi=item.doi,
        title=item.title,
        authors=tuple(
            Author(collective=name) if is_group(name) else author_of(name) for name in item.authors
        ),
        journal=item.journal,
        year=item.year,
        volume=item.volume,
        issue=item.issue,
        pages=item.pages,
        notes=(AS_PRINTED + line(item.text),),
        kind="article" if item.journal else "other",
    )


def bare_title(paper: Paper) -> str:
    """The title on one line, without the publisher's own mark of a retraction, which ours replaces."""
    title = line(paper.title)
    if not paper.retracted:
        return title
    return re.sub(r"^\W*(?:RETRACTED|Retracted)(?: (?:ARTICLE|PAPER|article|paper))?\W*[:.\]]\s*", "", title)


def marked_title(paper: Paper) -> str:
    """The title, with the mark before it if the paper has been retracted."""
    title = bare_title(paper)
    return f"{MARK} {title}".rstrip() if paper.retracted else title


def notes_of(paper: Paper) -> list[str]:
    """The notes, then the notices as notes: `[erratum] Lancet. 2020;1:2. PMID: 3`."""
    hung = [
        f"[{notice.kind}] {line(notice.text)}".rstrip()
        for notice in paper.notices
        if notice.kind not in UNSAID
    ]
    return [*map(visible, paper.notes), *hung]


def page_range(paper: Paper) -> tuple[str, str]:
    """First and last page, elided digits filled in; the last is "" for one page or several ranges."""
    last = last_page(paper.pages)
    return (paper.first_page, last) if last else (line(paper.pages), "")


# ---- reading -------------------------------------------------------------------------------------


def unmark(title: str) -> tuple[str, bool]:
    """The title without the mark of a retraction, and whether it had one."""
    found = re.match(r"\s*\[RETRACTED\]\s*", title, re.IGNORECASE)
    return (title[found.end() :], True) if found else (title, False)


def take_notices(notes: Iterable[str], retracted: bool) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
    """The notes without those that are notices, and the notices; at least one where the title is marked."""
    kept, notices = [], []
    for note in notes:
        found = re.match(r"\[([a-z ]+)\] ?(.*)", note, re.DOTALL)
        if found and found[1] in NOTICES.values():
            pmid = re.search(r"PMID:\s*([1-9]\d{0,8})(?!\d)", found[2])
            notices.append(Notice(found[1], found[2], pmid[1] if pmid else ""))
        elif note.strip():
            kept.append(note)
    if retracted and not any(notice.kind == RETRACTED for notice in notices):
        notices.insert(0, Notice(RETRACTED))
    return tuple(kept), tuple(notices)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date_parts(date: str) -> tuple[int, ...]:
    """Year, month and day of a date as MEDLINE has it, as far as it says: (2020, 1, 16) of `2020 Jan 16`."""
    found = re.match(r"(\d{4})(?: ([A-Z][a-z]{2})(?: (\d{1,2}))?(?![\w-]))?", date)
    if not found:
        return ()
    month = _MONTHS.index(found[2]) + 1 if found[2] in _MONTHS else 0
    return tuple(int(part) for part in (found[1], month or None, found[3] if month else None) if part)


def date_from(parts: Sequence[int]) -> str:
    """A date as MEDLINE has it, from year, month and day as far as known."""
    year, month, day = (*parts, 0, 0, 0)[:3]
    if not 1 <= month <= 12:
        return str(year) if year else ""
    return f"{year} {_MONTHS[month - 1]}" + (f" {day}" if 1 <= day <= 31 else "")


def joined_pages(first: str, last: str) -> str:
    """211-221 from its ends; a range in the first alone, as EndNote writes it, is one already."""
    return f"{first}-{last}" if first and last and last != first else first or last


def join_words(words: Iterable[str]) -> str:
    """Keywords in one field: between commas, or semicolons where one of them has a comma itself."""
    words = [line(word) for word in words]
    if any("," in word for word in words):
        return "".join(f"{word}; " for word in words).rstrip(" " if len(words) == 1 else "; ")
    return ", ".join(words)


def split_words(field: str) -> tuple[str, ...]:
    """The keywords of one field."""
    return tuple(word.strip() for word in field.split(";" if ";" in field else ",") if word.strip())


def author_from(name: str) -> Author:
    """`Khan, Muhammad A`, `King, M. L., Jr`, `Khan MA`; without a comma and of several words: a group."""
    family, comma, rest = name.partition(",")
    given, _, suffix = (part.strip() for part in rest.partition(","))
    family = family.strip()
    if given:
        return Author(family, given, initials_of(given), suffix=suffix)
    person = author_of(family)
    if person.initials and not comma:
        return person
    return Author(collective=family) if " " in family or comma else Author(family)


def full_name(author: Author) -> str:
    """`Khan, Muhammad A` or `King, M L, Jr`; a group as it is."""
    if author.collective:
        return line(author.collective)
    given = author.given or " ".join(author.initials)
    return line(", ".join(filter(None, (author.family, given, author.suffix))))
