"""What a check of a review or a table finds: its problems; or what was read, and which numbers nobody has verified yet."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from evidence.errors import DataError, EvidenceError
from evidence.review.schema import STATES, OutcomeRow, Problem
from evidence.review.tables import Review, load, read_counts

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

CHECKED = STATES[0]
"""The state of a number that somebody has read in the full text."""


class Unchecked(NamedTuple):
    """A row whose numbers nobody has read in the full text: what it says, how it is known, which analyses use it."""

    file: str
    row: int
    label: str
    what: str
    number: str
    state: str
    source: str
    locator: str
    analyses: tuple[str, ...] = ()


class Checked(NamedTuple):
    """`problems`, or else: `read`, the rows by table; `states`, these by state; `unchecked`, the least certain first.

    `title` is the review's, "" for a bare table; `place` the folder or file.
    """

    place: str
    title: str
    problems: tuple[Problem, ...] = ()
    read: Mapping[str, int] = {}
    states: Mapping[str, Mapping[str, int]] = {}
    unchecked: tuple[Unchecked, ...] = ()


def check_review(path: str | Path | Traversable) -> Checked:
    """The findings in a review; raises `InputError` where there is none to read."""
    try:
        review = load(path)
    except DataError as error:
        return Checked(_shown(path), "", _problems(error))
    faulty = _conditions(review)
    if faulty:
        return Checked(_shown(path), review.title or review.name, faulty)
    typed = tuple(row for row in review.rows if not row.derived)
    tables = {
        "studies": tuple(review.studies.values()),
        "cohorts": review.links,
        "overlaps": review.overlaps,
        "outcomes": typed,
        "patients": review.patients,
        "scores": review.scores,
        "references": review.references,
        "statements": review.statements,
    }
    states = {
        name: {state: count for state in STATES if (count := counts[state])}
        for name, records in tables.items()
        if (counts := Counter(getattr(record, "state", "") for record in records)) and "" not in counts
    }
    unchecked = sorted(_unchecked(review, typed), key=_urgency)
    read = {name: len(records) for name, records in tables.items()}
    return Checked(_shown(path), review.title or review.name, (), read, states, tuple(unchecked))


def _conditions(review: Review) -> tuple[Problem, ...]:
    """Conditions on patients in statements.csv that cannot be read."""
    if not any(said.where or said.criterion for said in review.statements):
        return ()
    from evidence.review.audit.people import faulty_conditions

    return tuple(faulty_conditions(review))


def _shown(path: str | Path | Traversable) -> str:
    """The folder as it was named; by its own name where that is only a dot."""
    name = str(path)
    return os.path.basename(os.path.abspath(name)) if name in ("", ".", "./") else name


def check_counts(source: str | Path | BinaryIO, name: str | None = None) -> Checked:
    """The findings in a bare table of counts; raises `InputError` where it is none."""
    place = name or str(source)
    try:
        rows = read_counts(source, name)
    except DataError as error:
        return Checked(place, "", _problems(error))
    return Checked(
        place, "", (), {"rows": len(rows), "events": sum(r.events for r in rows), "n": sum(r.n for r in rows)}
    )


def _problems(error: DataError) -> tuple[Problem, ...]:
    return tuple(problem for problem in error.problems if isinstance(problem, Problem))


# ---- what is not verified ------------------------------------------------------------------------


def _unchecked(review: Review, typed: Iterable[OutcomeRow]) -> Iterator[Unchecked]:
    """Every row that is not verified, table by table."""

    def entry(table: str, record: Any, what: str, number: str, analyses: Iterable[str] = ()) -> Unchecked:
        origin = record.state, record.source, record.locator
        return Unchecked(
            f"{table}.csv", record.row, review.label(record.study), what, number, *origin, tuple(analyses)
        )

    used: Mapping[_Key, list[str]] | None = None
    for row in typed:
        if row.state != CHECKED:
            used = _used(review) if used is None else used
            what = ", ".join(
                filter(None, (row.arm, row.subgroup, review.outcomes[row.outcome].label, row.when))
            )
            analyses = [*used.get(_itself(row), ()), *(used.get(_summed(row), ()) if row.split else ())]
            yield entry("outcomes", row, what, _number(row), dict.fromkeys(analyses))
    for score in review.scores:
        if score.state != CHECKED:
            when = f"week {score.weeks:g}" if isinstance(score.weeks, float) else score.weeks
            yield entry(
                "scores", score, f"patient {score.patient}, {score.score}, {when}", f"{score.value:g}"
            )
    for said in review.statements:
        if said.state != CHECKED:
            yield entry("statements", said, f"{said.quantity}, {said.statistic}, {said.place}", said.printed)
    for patient in review.patients:
        if patient.state != CHECKED:
            yield entry("patients", patient, f"patient {patient.patient}", "")
    for study in review.studies.values():
        if study.state != CHECKED:
            yield entry(
                "studies", study, "the report", "" if study.treated is None else f"{study.treated} treated"
            )


def _number(row: OutcomeRow) -> str:
    """The counts, else the percentage, else the words as printed."""
    if row.events is not None:
        return f"{row.events}/{row.n}"
    return f"{row.percent} %" if row.percent else row.value


_Key = tuple[object, ...]


def _itself(row: OutcomeRow) -> _Key:
    return row.study, row.arm, row.outcome, row.weeks, "", row.subgroup


def _summed(row: OutcomeRow) -> _Key:
    return row.study, row.arm, row.outcome, row.weeks, row.split, ""


def _used(review: Review) -> Mapping[_Key, list[str]]:
    """The analyses in which a row, or the sum of the strata of a split, enters or is compared with."""
    from evidence.review.selection import select  # not needed where every number is verified

    used: dict[_Key, list[str]] = defaultdict(list)
    for name, spec in review.analyses.items():
        try:
            selection = select(review, spec)
        except EvidenceError:  # a declared reference without a row: evidence pool says so
            continue
        for entry in (*selection.chosen, *selection.references):
            key = _itself(entry.row) if entry.row.subgroup or not entry.row.split else _summed(entry.row)
            used[key].append(name)
    return used


def _urgency(entry: Unchecked) -> tuple[int, bool, int]:
    """Least certain first; then what an analysis rests on; then in the order of the tables."""
    table = [f"{name}.csv" for name in ("outcomes", "scores", "statements", "patients", "studies")]
    return -STATES.index(entry.state), not entry.analyses, table.index(entry.file)
