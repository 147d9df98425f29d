"""Two rows, or a pool and a row, beside each other: the numbers, what else differs, and what the contrast can bear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from evidence.analysis.results import Contrast, PoolRow, StudyRow
from evidence.review.arms import is_comparator
from evidence.review.choice import Chosen
from evidence.review.differences import differs_in
from evidence.review.names import listed
from evidence.review.schema import NOT_STATED, RANDOMISED
from evidence.review.tables import Review
from evidence.synthesis.comparison import (
    TESTS,
    compare_proportions,
    mover_difference,
)
from evidence.synthesis.doubts.fragility import hidden_nonresponders
from evidence.synthesis.proportions import proportion_interval
from evidence.synthesis.results import Comparison, Interval

SAID_OF_OTHERS = "missing data: "
"""What is said of each series of a pool that differs from the reference; of a row by itself everything is."""


Place = tuple[str, str, str, str]
"""Report, arm, subgroup, time: what a row is known by."""

Differences = Mapping[tuple[Place, Place], tuple[str, ...]]


def place(row: Chosen | StudyRow) -> Place:
    """What a row is known by, whether it is still the review's or already a result's."""
    study = row.study if isinstance(row, StudyRow) else row.study.study
    return study, row.arm, row.subgroup, row.when


def differences(review: Review, entries: Iterable[Chosen], references: Iterable[Chosen]) -> Differences:
    """What differs between each row and each reference, from the tables' own columns."""
    others = [(place(reference), reference.row) for reference in references]
    return {
        (place(entry), where): differs_in(entry.row, row, review)
        for entry in entries
        for where, row in others
    }


def between_rows(
    one: StudyRow,
    other: StudyRow,
    found: Differences,
    *,
    level: float,
    test: str = "fisher",
    difference: str = "newcombe",
    kind: str = "",
) -> Contrast:
    """One row minus another, with how many unseen patients without the outcome would undo it."""
    counts = one.events, one.n, other.events, other.n
    return Contrast(
        one.name,
        other.name,
        compare_proportions(*counts, test=test, difference=difference, level=level),
        found.get((place(one), place(other)), ()),
        hidden_nonresponders(*counts, level=level),
        kind,
    )


def pool_and_row(
    pool: PoolRow,
    rows: Sequence[StudyRow],
    other: StudyRow,
    found: Differences,
    *,
    test: str = "fisher",
    kind: str = "",
) -> Contrast:
    """A pool of `rows` minus a row, by MOVER: the pool's average where it has one, and the row's Wilson interval."""
    result = pool.result
    arm = proportion_interval(other.events, other.n, method="wilson", level=result.level)
    counts = float(result.events), float(result.n), float(other.events), float(other.n)
    comparison = Comparison(
        difference=mover_difference(result.average or result.proportion, arm),
        difference_method="MOVER (the pool's interval and the arm's Wilson interval)",
        ratio=None,
        ratio_method=None,
        odds_ratio=None,
        odds_ratio_method=None,
        test=f"{test}, summed counts",
        pvalue=TESTS[test](*counts),
    )
    names: dict[str, list[str]] = {}
    for row in rows:
        for text in found.get((place(row), place(other)), ()) if row.role != "ours" else ():
            if text.startswith(SAID_OF_OTHERS) and NOT_STATED not in text:
                names.setdefault(text, []).append(row.name)
    said = tuple(f"{listed(called)}: {text}" for text, called in names.items())
    hidden = hidden_nonresponders(*counts, level=result.level)
    return Contrast(pool.pool, other.name, comparison, said, hidden, kind)


def row_and_pool(one: StudyRow, pool: PoolRow, *, test: str = "fisher", kind: str = "") -> Contrast:
    """A row minus a pool, by MOVER, the other way round."""
    turned = pool_and_row(pool, (), one, {}, test=test)
    gap, counts = turned.comparison.difference, (one.events, one.n)
    total = int(pool.result.events), int(pool.result.n)
    difference = Interval(-gap.estimate, -gap.high, -gap.low, gap.level)
    return Contrast(
        one.name,
        pool.pool,
        Comparison(
            difference=difference,
            difference_method="MOVER (the row's Wilson interval and the pool's interval)",
            ratio=None,
            ratio_method=None,
            odds_ratio=None,
            odds_ratio_method=None,
            test=turned.comparison.test,
            pvalue=turned.comparison.pvalue,
        ),
        (),
        hidden_nonresponders(*counts, *total, level=gap.level),
        kind,
    )


def kinds(review: Review, entries: Sequence[Chosen], references: Sequence[Chosen]) -> list[str]:
    """What a contrast of the entries with each reference can bear: "randomised", "anchored" or "naive"."""
    outcomes = {entry.row.outcome for entry in (*entries, *references)}
    rows = [row for outcome in outcomes for row in review.by_outcome.get(outcome, ())]
    controls = {arm for arm in {row.arm for row in rows} if is_comparator(arm)}
    controlled = {row.study for row in rows if row.arm in controls}
    controlled |= {entry.study.study for entry in (*entries, *references) if entry.study.controls}
    anchor = any(entry.study.study in controlled for entry in entries)
    return [
        "randomised"
        if len(entries) == 1 and _randomised(review, entries[0], reference)
        else "anchored"
        if anchor and reference.study.study in controlled
        else "naive"
        for reference in references
    ]


def _randomised(review: Review, one: Chosen, other: Chosen) -> bool:
    """Whether both are arms of the same randomised patients, at one time and in one part of them."""
    same = set(review.cohorts[one.study.study]) == set(review.cohorts[other.study.study])
    return (
        same
        and one.arm != other.arm
        and one.study.design in RANDOMISED
        and other.study.design in RANDOMISED
        and (one.subgroup, one.row.weeks) == (other.subgroup, other.row.weeks)
    )
