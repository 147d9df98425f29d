"""Rules that no cell shows by itself: across the cells of a row, the rows of a table, and tables.

Each yields its problems. `faulty` names the columns of a row that are problems
already: what would only follow from one of them is not said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from evidence.review import schema
from evidence.review.schema import (
    STATES,
    TABLES,
    Appraisal,
    Grade,
    OutcomeRow,
    Overlap,
    Problem,
    Score,
    Table,
    nearest,
)

HINTS = 1000
"""Faults for which the likely intent is sought; more are a wrong file, not so many slips."""

Check = Callable[[Any, AbstractSet[str]], Iterable[Problem]]
"""A record and its faulty columns -> problems."""


# ---- a row ---------------------------------------------------------------------------------------


def check_outcome(row: OutcomeRow, faulty: AbstractSet[str]) -> Iterable[Problem]:
    """Counts, percentage, span of weeks and split of a row agree with each other."""

    def problem(column: str, value: object, reason: str, allowed: str, likely: str = "") -> Problem:
        return Problem(TABLES["outcomes"].file, row.row, column, str(value), reason, allowed, likely)

    events, n = row.events, row.n
    if "events" not in faulty and "n" not in faulty:
        if events is None:
            if not row.not_poolable and "not_poolable" not in faulty:
                reason = "the cell is empty, and no reason says why the row cannot be pooled"
                percent = "" if {"percent", "percent_kind"} & faulty else row.percent
                yield problem("events", "", reason, _instead(percent), _counted(percent, n, row.percent_kind))
        elif n is None:
            reason = f"the cell is empty, though there are {events} events"
            yield problem("n", "", reason, "a whole number from 1")
        elif events > n:
            likely = _meant(events, n, "" if "percent" in faulty else row.percent)
            yield problem("events", events, f"is more than n ({n})", "a whole number from 0 to n", likely)
        elif (
            row.percent
            and row.percent_kind in ("", "crude")
            and not {"percent", "percent_kind"} & faulty
            and not schema.percent_fits(row.percent, events, n)
        ):
            decimals = len(row.percent.partition(".")[2])
            reason = f"cannot be {events}/{n}, which is {100 * events / n:.2f} %"
            allowed = "that, rounded or cut off, or another percent_kind"
            yield problem("percent", row.percent, reason, allowed, f"{100 * events / n:.{decimals}f}")
    yield from _check_bounds(row, faulty, problem)
    low, high = row.weeks_from, row.weeks_to
    if low is not None and high is not None and low > high:
        yield problem("weeks_to", f"{high:g}", f"is before weeks_from ({low:g})", f"a number from {low:g}")
    if row.split and not row.subgroup and not {"split", "subgroup"} & faulty:
        reason = f"the cell is empty, though the row is part of the split {row.split}"
        yield problem("subgroup", "", reason, "its part")


def _check_bounds(
    row: OutcomeRow, faulty: AbstractSet[str], problem: Callable[..., Problem]
) -> Iterable[Problem]:
    """Bounds stand where a count is not known, and lie within 0 and n."""
    low, high = row.events_low, row.events_high
    if (low is None and high is None) or {"events", "n", "events_low", "events_high"} & faulty:
        return
    column, value = ("events_low", low) if low is not None else ("events_high", high)
    if row.events is not None:
        yield problem(column, value, f"bounds a count that is known ({row.events})", "nothing, or no events")
    elif row.n is None:
        yield problem("n", "", "the cell is empty, though there are bounds", "a whole number from 1")
    elif low is not None and high is not None and low > high:
        yield problem("events_low", low, f"is more than events_high ({high})", f"a whole number up to {high}")
    elif max(low or 0, high or 0) > row.n:
        worst = "events_high" if (high or 0) > row.n else "events_low"
        yield problem(
            worst, max(low or 0, high or 0), f"is more than n ({row.n})", "a whole number from 0 to n"
        )


def _instead(percent: str) -> str:
    """What may stand where there is no count."""
    known = 'such as "only the percentage is printed, no count"' if percent else "in words"
    return f"a whole number from 0 to n; or leave events empty and say in not_poolable why there is none, {known}"


def _counted(percent: str, n: int | None, kind: str) -> str:
    """The only count that a printed percentage of n patients can stand for; empty where there are several, or none."""
    if not percent or not n or kind not in ("", "crude"):
        return ""
    from evidence.review.printed import counts_of, read_printed  # few tables lack a count

    printed = read_printed(percent)
    counts = counts_of(printed, n).any if printed else ()
    return str(counts[0]) if len(counts) == 1 else ""


def _meant(events: int, n: int, percent: str) -> str:
    """What more events than patients probably are: the two exchanged, if the percentage says so, or a date's number."""
    if percent and schema.percent_fits(percent, n, events):
        return f"events {n}, n {events}"
    from evidence.review.likely import serial

    return serial(events)


def check_overlap(overlap: Overlap, faulty: AbstractSet[str]) -> Iterable[Problem]:
    """Two cohorts, not one."""
    if overlap.cohort_a == overlap.cohort_b and not faulty:
        file = TABLES["overlaps"].file
        yield Problem(file, overlap.row, "cohort_b", overlap.cohort_b, "is cohort_a too", "another cohort")


def no_check(record: object, faulty: AbstractSet[str]) -> Iterable[Problem]:
    """For tables whose rows have nothing to agree on."""
    return ()


def check_appraisal(row: Appraisal, faulty: AbstractSet[str]) -> Iterable[Problem]:
    """Item and judgement are the instrument's."""
    from evidence.review.quality import appraisal_problems  # few reviews have such rows

    return () if {"instrument", "item", "judgement"} & faulty else appraisal_problems(row)


def check_grade(row: Grade, faulty: AbstractSet[str]) -> Iterable[Problem]:
    """A level where a level belongs, a step where a step does."""
    from evidence.review.quality import grade_problems

    return () if {"question", "item", "judgement"} & faulty else grade_problems(row)


CHECKS: Mapping[str, Check] = {
    "outcomes": check_outcome,
    "overlaps": check_overlap,
    "quality": check_appraisal,
    "certainty": check_grade,
}


def _check_verified(table: Table, record: Any, faulty: AbstractSet[str]) -> Iterable[Problem]:
    """Who verified a row and where he looked go together, and with its state."""
    if {"state", "verified_by", "verified_on", "locator"} & faulty:
        return
    if record.state != STATES[0]:
        reason, allowed = f"though the state is {record.state}", f"{STATES[0]}, or nobody who did it"
        column = "verified_by" if record.verified_by else "verified_on"
        yield Problem(table.file, record.row, column, getattr(record, column), reason, allowed)
    elif not record.verified_by:
        reason = "the cell is empty, though there is a date in verified_on"
        yield Problem(table.file, record.row, "verified_by", "", reason, "who checked it")
    elif not record.locator:
        reason = f"the cell is empty, though {record.verified_by} verified the row"
        yield Problem(
            table.file, record.row, "locator", "", reason, "the page, table or figure that was read"
        )


def source_check(table: Table, places: Mapping[str, int]) -> Check:
    """A check that a row read somewhere says where; a missing column is one problem, not one a row."""
    said = set()

    def check(record: Any, faulty: AbstractSet[str]) -> Iterable[Problem]:
        if record.verified_by or record.verified_on:
            found = tuple(_check_verified(table, record, faulty))
            if found:
                return found
        if (
            record.source
            or record.state in (None, "", "unverified")
            or "source" in said
            or "source" in faulty
        ):
            return ()
        value = f"though the row was read ({record.state})"
        allowed = "the address it was read from, or state unverified"
        if "source" in places:
            return (Problem(table.file, record.row, "source", "", f"the cell is empty, {value}", allowed),)
        said.add("source")
        return (
            Problem(table.file, 1, "source", "", "the column is missing, though rows were read", allowed),
        )

    return check if any(column.name == "state" for column in table.columns) else no_check


# ---- rows and tables -----------------------------------------------------------------------------


def duplicate(table: Table, key: tuple[object, ...], number: int, before: int) -> Problem:
    """A row whose key another row has."""
    shown = ", ".join(
        f"{value:g}" if isinstance(value, float) else str(value) for value in key if value != ""
    )
    rule = "one row for each " + ", ".join(table.key)
    return Problem(table.file, number, table.key[0], shown, f"is in row {before} already", rule)


def mirrored(overlaps: Iterable[Overlap]) -> list[Problem]:
    """Pairs that stand there twice, the other way round."""
    seen: dict[tuple[str, str], int] = {}
    problems = []
    for pair in overlaps:
        before = seen.get((pair.cohort_b, pair.cohort_a))
        if before is not None:
            shown, reason = (
                f"{pair.cohort_a}, {pair.cohort_b}",
                f"is in row {before} already, the other way round",
            )
            problems.append(
                Problem("overlaps.csv", pair.row, "cohort_a", shown, reason, "one row for each pair")
            )
        seen[pair.cohort_a, pair.cohort_b] = pair.row
    return problems


def unknown_patients(scores: Iterable[Score], known: AbstractSet[tuple[str, ...]]) -> list[Problem]:
    """Scores of patients whom patients.csv does not have."""
    missing = [score for score in scores if (score.study, score.patient) not in known]
    others: dict[str, list[str]] = defaultdict(list)
    for study, patient in sorted(known) if missing else ():
        others[study].append(patient)
    return [
        Problem(
            "scores.csv",
            score.row,
            "patient",
            score.patient,
            f"is not a patient of {score.study}",
            "a patient of patients.csv",
            nearest(score.patient, others[score.study]) if index < HINTS else "",
        )
        for index, score in enumerate(missing)
    ]


def agree(
    typed: Sequence[OutcomeRow], derived: Sequence[OutcomeRow]
) -> tuple[list[OutcomeRow], list[Problem]]:
    """Derived rows that nobody typed; a typed one must say what the patients say, and is then kept."""
    concerned = {row.study for row in derived}
    by_key = {
        (row.study, row.arm, row.subgroup, row.outcome, row.weeks): row
        for row in typed
        if row.study in concerned
    }
    kept, problems = [], []
    for row in derived:
        same = by_key.get((row.study, row.arm, row.subgroup, row.outcome, row.weeks))
        if same is None:
            kept.append(row)
        elif (
            not row.not_poolable and (same.events, same.n) != (row.events, row.n) and same.events is not None
        ):
            reason = f"does not agree with the patients' scores, which give {row.events}/{row.n}"
            shown = f"{same.events}/{same.n}"
            problems.append(
                Problem("outcomes.csv", same.row, "events", shown, reason, "the same, or no row here")
            )
    return kept, problems
