"""Items and answers, and what is known of a review when they are filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from evidence.errors import EvidenceError
from evidence.report.characters import clean
from evidence.review.question import AnalysisSpec
from evidence.review.schema import Study
from evidence.review.tables import Review
from evidence.shown import Displayed

if TYPE_CHECKING:
    from evidence.review.choice import Selection

HELD, PART, MISSING, AUTHORS = "in the review", "in part", "missing", "by the authors"
STATUSES = {
    "en": {HELD: HELD, PART: PART, MISSING: MISSING, AUTHORS: "to be written by the authors"},
    "es": {
        HELD: "en la revisión",
        PART: "en parte",
        MISSING: "falta",
        AUTHORS: "a cargo de los autores",
    },
}
"""What the tables hold of an item, by language. None of them says that the manuscript reports it."""


class Item(NamedTuple):
    """An item: its number, section and topic in English and Spanish, and its text as published."""

    number: str
    section: tuple[str, str]
    topic: tuple[str, str]
    text: str


class Answer(NamedTuple):
    """What the review holds for an item: a status, where, what is missing, and a command that prints it."""

    status: str
    where: str = ""
    missing: str = ""
    command: str = ""


class Filled(NamedTuple):
    """An item with its answer; `study` is the report it was asked of, "" where it is of the whole review."""

    number: str
    section: str
    topic: str
    text: str
    status: str
    where: str
    missing: str
    command: str
    study: str = ""


@dataclass(frozen=True)
class Checklist(Displayed):
    """A filled checklist: its name, where it is from, its items in order, and what to say about the whole."""

    name: str
    title: str
    source: str
    lang: str
    review: str
    items: tuple[Filled, ...]
    notes: tuple[str, ...]

    def count(self, status: str) -> int:
        """How many items have a status."""
        return sum(item.status == status for item in self.items)

    def __str__(self) -> str:
        from evidence.report.checklists.printing import render

        return render(self).removesuffix("\n")


@dataclass(frozen=True)
class Known:
    """A review, the analysis that is asked of it, and the language of the answers."""

    review: Review
    spec: AnalysisSpec | None
    lang: str

    def say(self, english: str, spanish: str) -> str:
        """The sentence in the language asked for."""
        return spanish if self.lang == "es" else english

    def listed(self, items: Sequence[str], most: int = 8) -> str:
        """Names with commas; many are cut, and it is said how many more there are."""
        names = [clean(item) for item in items]
        if len(names) <= most:
            return ", ".join(names)
        more = len(names) - most
        return ", ".join(names[:most]) + self.say(f" and {more} more", f" y {more} más")

    @cached_property
    def selection(self) -> Selection | None:
        """What the analysis pools; None where it cannot be made."""
        from evidence.review.selection import select

        if self.spec is None:
            return None
        try:
            return select(self.review, self.spec)
        except EvidenceError:
            return None

    @property
    def pooled(self) -> list[Study]:
        """The reports that the analysis pools."""
        return [entry.study for entry in self.selection.chosen] if self.selection else []

    @property
    def where(self) -> str:
        """The analysis in review.toml."""
        return (
            f"review.toml, [analyses.{clean(self.spec.name)}]"
            if self.spec and self.spec.name
            else "review.toml"
        )
