"""What every rule looks at: the review, its patients, its rows by report and outcome; and how a finding is made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

from evidence.review.arms import is_control
from evidence.review.audit.findings import Finding
from evidence.review.audit.people import People
from evidence.review.audit.reading import as_printed
from evidence.review.printed import Printed
from evidence.review.schema import OutcomeRow, Statement
from evidence.review.tables import Review


class Scene:
    """A review as an audit sees it."""

    def __init__(self, review: Review) -> None:
        self.review = review
        self.people = People(review)

    @cached_property
    def rows(self) -> Mapping[tuple[str, str], Sequence[OutcomeRow]]:
        """Rows by report and outcome, those counted from patients included."""
        concerned = {said.about or said.study for said in self.review.statements}
        found: dict[tuple[str, str], list[OutcomeRow]] = defaultdict(list)
        for row in self.review.rows:
            if row.study in concerned:
                found[row.study, row.outcome].append(row)
        return found

    @cached_property
    def percents(self) -> Mapping[tuple[str, str, str, int | None], Sequence[Statement]]:
        """Percentages of statements.csv by report, report they are about, quantity and n."""
        found: dict[tuple[str, str, str, int | None], list[Statement]] = defaultdict(list)
        for said in self.review.statements:
            if said.statistic == "percent" and said.value is not None:
                found[said.study, said.about, said.quantity, said.n].append(said)
        return found

    def outcome(self, said: Statement) -> str:
        """The outcome a statement speaks of: the one it names, else its quantity where that is one; or ""."""
        return said.outcome or (said.quantity if said.quantity in self.review.outcomes else "")

    def results(self, said: Statement) -> list[OutcomeRow]:
        """Rows of the treated patients for the outcome a statement speaks of, whole arms only."""
        found = self.rows.get((said.about or said.study, self.outcome(said)), ())
        return [row for row in found if not row.subgroup and not is_control(row.arm)]

    def arms(self, said: Statement) -> list[tuple[OutcomeRow, OutcomeRow]]:
        """Pairs of a treated and a control arm with counts, at one time, for the outcome a statement speaks of."""
        found = [
            row
            for row in self.rows.get((said.about or said.study, self.outcome(said)), ())
            if row.events is not None and not row.subgroup
        ]
        return [
            (one, other)
            for one in found
            for other in found
            if one.weeks == other.weeks and not is_control(one.arm) and is_control(other.arm)
        ]


def value_of(said: Statement) -> Printed:
    """A statement's number with the decimals its words print."""
    assert said.value is not None
    return as_printed(said.value, said.printed)


def about(said: Statement) -> str:
    """Where in the paper: `text`; `table summary (Table 1, summary)`."""
    apart = said.locator and said.locator.casefold() != said.place.casefold()
    return f"{said.place} ({said.locator})" if apart else said.place


def found_in(
    said: Statement,
    rule: str,
    severity: str,
    reason: str,
    *,
    printed: str = "",
    recomputed: str = "",
    column: str = "value",
) -> Finding:
    """A finding about a statement."""
    return Finding(
        rule,
        severity,
        said.study,
        "statements.csv",
        said.row,
        column,
        about(said),
        said.quantity,
        printed,
        recomputed,
        reason,
    )


def found_at(
    row: OutcomeRow,
    rule: str,
    severity: str,
    reason: str,
    *,
    printed: str = "",
    recomputed: str = "",
    column: str,
) -> Finding:
    """A finding about a row of outcomes.csv."""
    return Finding(
        rule,
        severity,
        row.study,
        "outcomes.csv",
        row.row,
        column,
        row.locator,
        row.outcome,
        printed,
        recomputed,
        reason,
    )
