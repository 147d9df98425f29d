"""Rows whose count is not known but bounded: by what the table says, a printed percentage, or a word.

A paper that gives only "most", a median or a percentage of so many patients still says between which counts the true one
lies. Such rows are never pooled as counts; they widen a pool to a set of pools.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evidence.review.arms import is_control
from evidence.review.choice import Selection
from evidence.review.printed import Bounds, counts_of, counts_of_word, read_printed
from evidence.review.schema import OutcomeRow
from evidence.review.tables import Review


class Bounded(NamedTuple):
    """A row with the bounds of its count of `n`, and where they are from; `label` is the report's.

    `by` is "stated" (events_low, events_high), "percentage", "word", or "patients": some have scores, all the others
    may have responded or not.
    """

    row: OutcomeRow
    label: str
    n: int
    bounds: Bounds
    by: str


def bounds_of(row: OutcomeRow, treated: int | None = None) -> tuple[int, Bounds, str] | None:
    """n, between which counts of it the row's true one lies, and by what; None where nothing bounds it, or it is known.

    `treated` is how many the report treated, for rows counted from some of the patients.
    """
    if row.n is None:
        return None
    if row.events is not None:
        if row.derived and row.not_poolable and treated is not None and treated > row.n:
            return treated, Bounds(row.events, row.events + treated - row.n), "patients"
        return None
    if row.events_low is not None or row.events_high is not None:
        high = row.n if row.events_high is None else row.events_high
        return row.n, Bounds(row.events_low or 0, high), "stated"
    if row.percent and row.percent_kind in ("", "crude"):
        printed = read_printed(row.percent)
        fitting = counts_of(printed, row.n).any if printed else ()
        return (row.n, Bounds(fitting[0], fitting[-1]), "percentage") if fitting else None
    worded = counts_of_word(row.value, row.n)
    return (row.n, worded, "word") if worded else None


def bounded_rows(review: Review, selection: Selection) -> Iterator[Bounded]:
    """One bounded row of each report that the analysis would pool, had it a count: the nearest in time.

    Reports that are in the selection, or share a cohort with one that is, are passed over; so are designs the analysis
    does not pool.
    """
    spec = selection.spec
    there = {cohort for entry in selection.chosen for cohort in review.cohorts[entry.study.study]}
    by_study: dict[str, list[Bounded]] = {}
    for row in review.by_outcome.get(spec.outcome, ()):
        found = bounds_of(row, review.studies[row.study].treated)
        if found is None or row.subgroup or not _wanted(review, row, selection):
            continue
        cohorts = set(review.cohorts[row.study])
        if not cohorts & there:
            by_study.setdefault(row.study, []).append(Bounded(row, review.label(row.study), *found))
    for rows in by_study.values():
        yield min(rows, key=lambda one: _distance(one.row, selection))


def _wanted(review: Review, row: OutcomeRow, selection: Selection) -> bool:
    spec = selection.spec
    arm = row.arm in spec.arms if spec.arms else not is_control(row.arm)
    design = not spec.designs or review.studies[row.study].design in spec.designs
    return arm and design and _distance(row, selection) < float("inf")


def _distance(row: OutcomeRow, selection: Selection) -> float:
    """Weeks from the window's middle; a last visit is farther than any, a row outside infinitely."""
    weeks = selection.spec.weeks
    if not isinstance(row.weeks, float):
        return 1e6 if selection.spec.last_visit or weeks is None else float("inf")
    if isinstance(weeks, tuple):
        low, high = weeks
        return abs(row.weeks - (low + high) / 2) if low <= row.weeks <= high else float("inf")
    return -row.weeks if weeks is None else float("inf")
