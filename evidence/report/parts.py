"""What a page or a table for a paper is made of. Plain values: every text was cleaned, none is escaped, no number is left to format.

`lang` is the language of a text where that is not the page's own, so that a screen reader pronounces it well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias


class Said(NamedTuple):
    """A text, its address where it has one, and the anchor it goes to on this page."""

    text: str
    href: str = ""
    lang: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `tone` is "lead" for the answer, "warning" for what must be read first, "small" for asides."""

    kind: ClassVar[str] = "paragraph"
    said: Said
    tone: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    said: Said


@dataclass(frozen=True)
class Points:
    """A list; numbered where it is one of references."""

    kind: ClassVar[str] = "points"
    items: tuple[Said, ...]
    numbered: bool = False
    steps: bool = False
    """Whether each item leads to the next, as in a flow diagram."""


@dataclass(frozen=True)
class Pairs:
    """Terms and what they are."""

    kind: ClassVar[str] = "pairs"
    pairs: tuple[tuple[str, Said], ...]


@dataclass(frozen=True)
class Code:
    """Lines to type."""

    kind: ClassVar[str] = "code"
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of cells, the first of each its heading; `numeric` are the columns of numbers, `ids` the anchors of rows."""

    kind: ClassVar[str] = "table"
    caption: str
    head: tuple[Said, ...]
    rows: tuple[tuple[Said, ...], ...]
    numeric: frozenset[int] = frozenset()
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Folded:
    """Parts behind a line that opens them."""

    kind: ClassVar[str] = "folded"
    summary: str
    parts: tuple[Part, ...]


# ---- the forest ----------------------------------------------------------------------------------


class Bar(NamedTuple):
    """An interval on the axis, everything in percent of its length. `shape` is square, diamond or dashes (no mark)."""

    low: float
    high: float
    at: float
    shape: str
    size: float


class Line(NamedTuple):
    """A line of the forest: what it is called, its numbers as printed, its bar, and what a look closer tells."""

    kind: str
    name: Said
    counts: str
    estimate: str
    interval: str
    weight: str
    bar: Bar | None
    detail: str
    lang: str = ""


class Beside(NamedTuple):
    """The differences from one reference under one model: a table, and what it would take, in words."""

    table: Table | None
    said: tuple[Said, ...]


@dataclass(frozen=True)
class View:
    """What one model says: its forest, its notes, and the differences from each reference in the order of `Forest`."""

    label: str
    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]
    rules: tuple[float, ...]
    """Where each reference's rate stands on the axis."""
    beside: tuple[Beside, ...]
    notes: tuple[Said, ...]
    weighted: bool


@dataclass(frozen=True)
class Forest:
    """The views to switch between; the first is shown, beside the reference at `leading` (-1 where there is none)."""

    kind: ClassVar[str] = "forest"
    caption: str
    head: tuple[str, ...]
    views: tuple[View, ...]
    references: tuple[str, ...]
    leading: int


Part: TypeAlias = Paragraph | Heading | Points | Pairs | Code | Table | Folded | Forest


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading of its own."""

    key: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Page:
    """The whole page; `words` are the few texts of its frame."""

    lang: str
    title: Said
    subtitle: Said
    sections: tuple[Section, ...]
    words: dict[str, str]
    version: str
