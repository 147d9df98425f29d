"""What a change of the tables does to the analyses: the pool before and after, and what became of each report touched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from evidence.analysis.pooling import pool
from evidence.analysis.results import Analysis, StudyRow
from evidence.errors import EvidenceError
from evidence.review.choice import Excluded
from evidence.review.question import AnalysisSpec
from evidence.review.selection import resolve
from evidence.review.tables import Review


class Consequence(NamedTuple):
    """One analysis before and after; None with a reason where it is not possible.

    `entered`, `left` and `moved` (a row before, the row after) are the pooled rows
    that differ. `out` says of each report touched that does not enter which rule
    keeps it out.
    """

    analysis: str
    label: str
    before: Analysis | None
    after: Analysis | None
    impossible_before: str = ""
    impossible_after: str = ""
    entered: tuple[StudyRow, ...] = ()
    left: tuple[StudyRow, ...] = ()
    moved: tuple[tuple[StudyRow, StudyRow], ...] = ()
    out: tuple[Excluded, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether any number of the analysis is another one."""
        return bool(
            self.entered
            or self.left
            or self.moved
            or self.impossible_before != self.impossible_after
            or _references(self.before) != _references(self.after)
        )


def consequences(
    before: Review, after: Review, touched: Iterable[str], *, also: Iterable[str] = ()
) -> tuple[Consequence, ...]:
    """The default analysis, and each other of review.toml that changes.

    `touched` are the reports whose rows were changed; `also` names outcomes whose
    analyses are given although they stay as they were.
    """
    reports = tuple(dict.fromkeys(touched))
    try:
        default: AnalysisSpec | None = resolve(after)
    except EvidenceError:
        default = None
    specs = [] if default is None else [default]
    specs += [spec for spec in after.analyses.values() if spec != default]
    wanted = frozenset(also)
    found = []
    for spec in specs:
        one = _consequence(before, after, spec, reports)
        if spec is default or one.changed or spec.outcome in wanted:
            found.append(one)
    return tuple(found)


def _consequence(before: Review, after: Review, spec: AnalysisSpec, reports: Sequence[str]) -> Consequence:
    old, no_old = _pooled(before, spec)
    new, no_new = _pooled(after, spec)
    was, now = _rows(old), _rows(new)
    excluded = () if new is None else new.excluded
    both = [(was[study], now[study]) for study in was if study in now]
    return Consequence(
        spec.name,
        after.outcomes[spec.outcome].label,
        old,
        new,
        no_old,
        no_new,
        entered=tuple(row for study, row in now.items() if study not in was),
        left=tuple(row for study, row in was.items() if study not in now),
        moved=tuple((a, b) for a, b in both if _numbers(a) != _numbers(b)),
        out=tuple(one for one in excluded if one.study in reports and one.rule != "no row"),
    )


def _pooled(review: Review, spec: AnalysisSpec) -> tuple[Analysis | None, str]:
    """The analysis as the review has it, or why there is none."""
    if spec.name and spec.name not in review.analyses:
        return None, "the review does not have this analysis"
    try:
        if spec.name:
            return pool(review, analysis=spec.name), ""
        return pool(review, spec.outcome), ""
    except EvidenceError as error:
        return None, str(error).split("\n")[0].split(";")[0]


def _rows(analysis: Analysis | None) -> dict[str, StudyRow]:
    if analysis is None:
        return {}
    return {row.study: row for row in analysis.studies if row.role != "reference"}


def _references(analysis: Analysis | None) -> list[tuple[object, ...]]:
    if analysis is None:
        return []
    return [_numbers(row) for row in analysis.studies if row.role == "reference"]


def _numbers(row: StudyRow) -> tuple[object, ...]:
    return row.study, row.role, row.arm, row.subgroup, row.when, row.events, row.n
