"""CSL-JSON, what Zotero, Pandoc and citation processors speak: plain JSON with the names of CSL 1.0.2."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from evidence.errors import InputError
from evidence.papers.exchange import (
    date_from,
    date_parts,
    join_words,
    joined_pages,
    line,
    marked_title,
    notes_of,
    page_range,
    split_words,
    take_notices,
    unmark,
    visible,
)
from evidence.papers.paper import Author, Paper, initials_of, year_of

TYPES = {
    "article-journal": "article",
    "book": "book",
    "chapter": "chapter",
    "paper-conference": "conference",
    "article": "preprint",
    "report": "report",
    "thesis": "thesis",
    "webpage": "webpage",
    "document": "other",
    "article-magazine": "article",
    "article-newspaper": "article",
    "review": "article",
    "entry-encyclopedia": "chapter",
    "post-weblog": "webpage",
}
"""CSL type -> kind. The first of each kind is the one written."""


def read_csl(text: str) -> list[Paper]:
    """The papers in CSL-JSON: a list of items, one item, or {"items": [...]}. Raises InputError for other JSON."""
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"the CSL-JSON cannot be read: {error}") from None
    if isinstance(found, dict):
        items = found.get("items", [found])
    else:
        items = found
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InputError("the CSL-JSON is not a list of items")
    return [_paper(item) for item in items]


def _paper(item: Mapping[str, Any]) -> Paper:
    def text(*names: str) -> str:
        return next((" ".join(str(item[name]).split()) for name in names if _is_text(item.get(name))), "")

    title, retracted = unmark(text("title"))
    note = str(item["note"]) if _is_text(item.get("note")) else ""
    kept, notices = take_notices(re.split(r"\n[ \t]*\n", note), retracted)
    parts = _issued(item.get("issued"))
    pages = text("page", "number")
    first, last = re.sub(r"\s*[–—-]+\s*", "-", pages).partition("-")[::2]
    custom = item.get("custom")
    types = custom.get("publication_types") if isinstance(custom, dict) else None
    return Paper(
        pmid=_match(r"([1-9]\d{0,8})$", text("PMID"))
        or _match(r"\bPMID:\s*([1-9]\d{0,8})\b", " ".join(kept)),
        doi=_match(r"(10\.\d{4,9}/\S+)", text("DOI") or text("URL")),
        pmcid=_match(r"(PMC\d+)", text("PMCID")),
        title=re.sub(r"</?(?:i|b|sub|sup|span)\b[^>]*>", "", title),
        authors=tuple(_author(name) for name in _list(item.get("author")) if isinstance(name, dict)),
        journal=text("container-title"),
        journal_abbreviation=text("container-title-short", "journalAbbreviation"),
        year=parts[0] if parts else year_of(text("issued")),
        date=date_from(parts),
        volume=text("volume"),
        issue=text("issue"),
        pages=joined_pages(first, last),
        issn=_match(r"(\d{4}-?\d{3}[\dXx])", text("ISSN")),
        language=text("language"),
        abstract=text("abstract"),
        keywords=split_words(text("keyword")),
        notes=kept,
        url=text("URL"),
        publication_types=tuple(word for word in _list(types) if isinstance(word, str)),
        notices=notices,
        kind=TYPES.get(text("type"), "other"),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip() != ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _match(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


def _issued(value: object) -> list[int]:
    """Year, month, day of {"date-parts": [[2020, 1, 16]]}, whose numbers may be texts, or {"raw": "2020-01-16"}."""
    if not isinstance(value, dict):
        return []
    parts = _list(value.get("date-parts"))
    if parts and isinstance(parts[0], list):
        numbers = [str(part) for part in parts[0][:3]]
    else:
        numbers = re.findall(r"\d+", str(value.get("raw") or value.get("literal") or ""))[:3]
    found = [int(part) for part in numbers if part.isascii() and part.isdigit() and len(part) <= 4]
    return found if found and 1000 <= found[0] <= 2999 else []


def _author(name: Mapping[str, Any]) -> Author:
    def part(*keys: str) -> str:
        return " ".join(str(name[key]).strip() for key in keys if _is_text(name.get(key)))

    if part("literal") and not part("family"):
        return Author(collective=part("literal"))
    given = part("given")
    family = part("non-dropping-particle", "family")
    dropping = part("dropping-particle")
    return Author(f"{dropping} {family}".strip(), given, initials_of(given), suffix=part("suffix"))


# ---- writing -------------------------------------------------------------------------------------

_WRITTEN = {kind: type_ for type_, kind in reversed(TYPES.items())}


def write_csl(papers: Iterable[Paper]) -> str:
    """The papers as a list of CSL items, ids as PubMed has them or 1, 2, 3."""
    items = [_item(paper, number) for number, paper in enumerate(papers, 1)]
    return json.dumps(items, ensure_ascii=False, indent=1) + "\n"


def _item(paper: Paper, number: int) -> dict[str, Any]:
    first, last = page_range(paper)
    parts = date_parts(paper.date) or ((paper.year,) if paper.year else ())
    item: dict[str, Any] = {
        "id": f"pmid:{paper.pmid}" if paper.pmid else str(number),
        "type": _WRITTEN[paper.kind],
        "title": marked_title(paper),
        "author": [_name(author) for author in paper.authors],
        "container-title": line(paper.journal or paper.journal_abbreviation),
        "container-title-short": line(paper.journal_abbreviation),
        "issued": {"date-parts": [list(parts)]} if parts else {},
        "volume": line(paper.volume),
        "issue": line(paper.issue),
        "page": f"{first}-{last}" if last else first,
        "DOI": line(paper.doi),
        "PMID": paper.pmid,
        "PMCID": line(paper.pmcid),
        "ISSN": line(paper.issn),
        "URL": line(paper.url),
        "language": line(paper.language),
        "abstract": visible(paper.abstract),
        "keyword": join_words(paper.keywords),
        "note": "\n\n".join(re.sub(r"\n\s*\n", "\n", note) for note in notes_of(paper)),
        "custom": {"publication_types": list(map(line, paper.publication_types))}
        if paper.publication_types
        else {},
    }
    return {name: value for name, value in item.items() if value or name in ("id", "type")}


def _name(author: Author) -> dict[str, str]:
    if author.collective:
        return {"literal": line(author.collective)}
    parts = {
        "family": line(author.family),
        "given": line(author.given or " ".join(author.initials)),
        "suffix": line(author.suffix),
    }
    return {name: value for name, value in parts.items() if value}
