"""References in the form somebody asked for: a list to paste, or a file for a reference manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.papers.exchange import line
from evidence.papers.formats import write_references
from evidence.papers.styles import cite, escape
from evidence.report.characters import to_ascii

if TYPE_CHECKING:
    from evidence.analysis.citing import Bibliography
    from evidence.review.tables import Review

LISTS = ("text", "markdown")
"""The formats people read; the others are for programs."""


def render(
    bibliography: Bibliography,
    review: Review,
    *,
    style: str = "vancouver",
    format: str = "text",
    unicode: bool = True,
) -> str:
    """The references in a style as text or Markdown, or in one of the formats of `evidence.papers.formats`."""
    if format not in LISTS:
        return write_references((entry.item for entry in bibliography.entries), format)
    lists = bibliography.lists
    parts = []
    for cited_by, entries in lists:
        numbers = [entry.number or 0 for entry in entries] if cited_by else None
        listed = cite((entry.item for entry in entries), style=style, format=format, numbers=numbers)
        if len(lists) > 1:
            name = line(review.label(cited_by))
            listed = (f"## {escape(name)}\n\n" if format == "markdown" else f"{name}\n\n") + listed
        parts.append(listed)
    text = "\n".join(parts)
    return text if unicode or format != "text" else to_ascii(text)
