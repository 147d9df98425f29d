"""audit(review): every rule on every table and statement, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evidence.errors import DataError, OptionError
from evidence.review.audit.agreement import check_criterion, check_twice, check_word
from evidence.review.audit.changes import check_changes, check_course, check_p
from evidence.review.audit.findings import RULES, SEVERITIES, Finding, Rule
from evidence.review.audit.intervals import check_effects, check_interval
from evidence.review.audit.people import faulty_conditions
from evidence.review.audit.results import (
    by_place,
    check_denominators,
    check_evaluated,
    check_parts,
    check_percent,
    check_reports,
    check_thresholds,
    treated_first,
)
from evidence.review.audit.scene import Scene
from evidence.review.audit.shares import check_share
from evidence.review.audit.summaries import check_spreads, check_summary
from evidence.review.names import find_reports
from evidence.review.schema import OutcomeRow, Statement
from evidence.review.tables import Review
from evidence.shown import Shown


@dataclass(frozen=True)
class Audit(Shown):
    """What an audit found. Findings come by report in the order of studies.csv, then worst first.

    `read` is how many statements, results, patients and scores were looked at, `rules` those that were asked for;
    `labels` what reports are called.
    """

    title: str
    findings: tuple[Finding, ...]
    read: Mapping[str, int]
    rules: tuple[Rule, ...]
    labels: Mapping[str, str] = field(repr=False)

    def __bool__(self) -> bool:
        """Whether anything was found."""
        return bool(self.findings)

    @property
    def counts(self) -> Mapping[str, int]:
        """Findings by severity, worst first, those without one left out."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity: found[severity] for severity in SEVERITIES if found[severity]}


def audit(
    review: Review, *, study: str | None = None, rules: Sequence[str] = (), severity: str = "note"
) -> Audit:
    """Recompute what the papers of a review print, and list what does not hold; nothing is repaired.

    `study` keeps one report, by its key or label, `rules` the named rules (see `RULES`), `severity` what is at least so bad. Raises
    `OptionError` on names there are not, `DataError` where a condition in statements.csv cannot be read.
    """
    studies = set(review.studies if study is None else find_reports(review, study, "study"))
    for name in rules:
        if name not in RULES:
            raise OptionError("rules", name, tuple(RULES))
    if severity not in SEVERITIES:
        raise OptionError("severity", severity, SEVERITIES)
    problems = list(faulty_conditions(review))
    if problems:
        raise DataError(problems)
    scene = Scene(review)
    rows = [row for row in review.rows if not row.derived]
    worst = SEVERITIES[: SEVERITIES.index(severity) + 1]
    wanted = set(rules) or set(RULES)
    found = {
        finding: None
        for finding in _all(scene, rows, review.statements)
        if finding.rule in wanted and finding.severity in worst and finding.study in studies
    }
    order = {name: number for number, name in enumerate(review.studies)}
    kept = sorted(found, key=lambda finding: (order[finding.study], SEVERITIES.index(finding.severity)))
    return Audit(
        title=review.title or review.name,
        findings=tuple(kept),
        read={
            "statements": sum(said.study in studies for said in review.statements),
            "outcomes": sum(row.study in studies for row in rows),
            "patients": sum(patient.study in studies for patient in review.patients),
            "scores": sum(score.study in studies for score in review.scores),
        },
        rules=tuple(rule for rule in RULES.values() if rule.name in wanted),
        labels=review.labels,
    )


def _all(scene: Scene, rows: Sequence[OutcomeRow], statements: Sequence[Statement]) -> Iterator[Finding]:
    for said in statements:
        yield from check_share(scene, said)
        yield from check_summary(scene, said)
        yield from check_word(scene, said)
        yield from check_criterion(scene, said)
        yield from check_interval(scene, said)
        yield from check_p(scene, said)
    yield from check_twice(scene, statements)
    yield from check_spreads(scene, statements)
    yield from check_changes(scene, statements)
    for row in rows:
        yield from check_percent(row)
        yield from check_evaluated(scene, row)
    yield from _words(scene, [row for row in rows if row.value], rows)
    # A threshold counted from patients stands beside the typed ones.
    yield from check_thresholds(scene, scene.review.rows)
    yield from check_parts(scene, rows)
    yield from check_reports(scene, rows)
    yield from check_denominators(scene, rows)


def _words(scene: Scene, worded: Sequence[OutcomeRow], rows: Iterable[OutcomeRow]) -> Iterator[Finding]:
    """What stands in words beside a result: effects once, with the treated arm, and courses."""
    if not worded:
        return
    places = {(row.study, row.outcome, row.weeks) for row in worded}
    beside = by_place(row for row in rows if (row.study, row.outcome, row.weeks) in places)
    for row in worded:
        if treated_first(row):
            yield from check_effects(row, beside[row.study, row.outcome, row.weeks])
        yield from check_course(scene, row)
