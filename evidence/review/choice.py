"""What a selection is made of: a row that enters with its report and role, a report that does not with its rule."""

from __future__ import annotations

from typing import NamedTuple

from evidence.review.question import AnalysisSpec
from evidence.review.schema import OutcomeRow, Study

Window = tuple[float, float]

Left = tuple[str, str]
"""The rule that left a report out, and the reason."""


class Chosen(NamedTuple):
    """A row that enters, its report, its role ("ours", "pooled", "reference") and what to say about the choice."""

    row: OutcomeRow
    study: Study
    label: str
    role: str
    notes: tuple[str, ...] = ()

    @property
    def events(self) -> int:
        assert self.row.events is not None  # poolable rows have counts: the tables are checked for it
        return self.row.events

    @property
    def n(self) -> int:
        assert self.row.n is not None
        return self.row.n

    @property
    def arm(self) -> str:
        return self.row.arm

    @property
    def subgroup(self) -> str:
        return self.row.subgroup

    @property
    def weeks(self) -> float | None:
        """Weeks as a number; None for the last visit and times not stated."""
        return self.row.weeks if isinstance(self.row.weeks, float) else None

    @property
    def when(self) -> str:
        return self.row.when

    @property
    def state(self) -> str:
        return self.row.state

    @property
    def source(self) -> str:
        return self.row.source

    @property
    def locator(self) -> str:
        return self.row.locator

    @property
    def scale(self) -> str:
        return self.row.scale

    @property
    def named(self) -> str:
        """The label with the report's key, which tells two of one label apart."""
        return f"{self.label} ({self.study.study})"


Reference = Chosen
"""A row to compare with: a `Chosen` whose role is "reference"."""


RULES = (
    "no row",
    "not poolable",
    "control arm",
    "design",
    "where",
    "window",
    "subgroup",
    "reference",
    "same cohort",
    "overlap",
)
"""What may leave a report out, in the order the rules apply."""


class Excluded(NamedTuple):
    """A report that does not enter: the rule that left it out, the reason in words."""

    study: str
    label: str
    rule: str
    reason: str


class Selection(NamedTuple):
    """What an analysis works on. `references[0]` is the one to lead; `spec` what was asked."""

    spec: AnalysisSpec
    chosen: tuple[Chosen, ...]
    references: tuple[Reference, ...]
    excluded: tuple[Excluded, ...]
    warnings: tuple[str, ...]
