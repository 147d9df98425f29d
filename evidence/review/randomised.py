"""The randomised contrasts of a review: each trial's treated arm against its own control, at each time; and which may be pooled.

Only arms of one report, of one time and one part of its patients, are set against each other. Of the contrasts of one time
those enter a pool whose patients are in no other: a report that adds up trials is left out where each of these stands there by
itself, read from its paper; else the order is better state, larger n, later year, table order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from evidence.review import overlaps
from evidence.review.arms import is_comparator, is_control, whole_rows
from evidence.review.choice import Excluded, Left, Window
from evidence.review.schema import LAST_VISIT, RANDOMISED, STATES, OutcomeRow, Study, worst_state
from evidence.review.tables import Review

CHECKED = ("verified", "read")
"""States of a count that somebody read in its paper or its abstract."""


class Randomised(NamedTuple):
    """A treated and a control row of one report; `left` says by which rule and why it is not pooled, if it is not."""

    treated: OutcomeRow
    control: OutcomeRow
    study: Study
    label: str
    notes: tuple[str, ...] = ()
    left: Left | None = None

    @property
    def state(self) -> str:
        """The worse of the two arms' states."""
        return worst_state((self.treated.state, self.control.state))

    @property
    def n(self) -> int:
        return (self.treated.n or 0) + (self.control.n or 0)

    @property
    def named(self) -> str:
        return f"{self.label} ({self.study.study})"


class Contrasts(NamedTuple):
    """What a review has of an outcome: contrasts by time, reports without one, warnings, how many single arms stay out."""

    found: tuple[Randomised, ...]
    excluded: tuple[Excluded, ...]
    warnings: tuple[str, ...]
    single_arms: int


def randomised(
    review: Review,
    outcome: str,
    *,
    arm: str | None = None,
    weeks: Window | str | None = None,
    where: str | None = None,
    subgroups: bool = False,
    barred: Mapping[str, Left] | None = None,
) -> Contrasts:
    """Every randomised contrast of an outcome, those of one time together, each with whether it may be pooled.

    `arm` is the treated arm to take, `weeks` a window or "last visit", `where` a condition that both rows meet. With
    `subgroups` parts of the patients are shown as well; they are never pooled.
    """
    condition = None
    if where is not None:
        from evidence.review.selection import where_columns
        from evidence.review.where import parse_where

        condition = parse_where(where, where_columns(review), _numeric(review))
    by_study: dict[str, list[OutcomeRow]] = defaultdict(list)
    for row in review.by_outcome.get(outcome, ()):
        by_study[row.study].append(row)
    found: list[Randomised] = []
    excluded: list[Excluded] = []
    single_arms = 0
    for key, rows in by_study.items():
        study = review.studies[key]
        if study.design not in RANDOMISED:
            single_arms += 1
            continue
        left = (barred or {}).get(key)
        contrasts = [] if left else list(_contrasts(review, study, rows, arm, subgroups))
        if left is None and not contrasts:
            left = _why_none(rows, arm)
        if left is None and weeks is not None:
            contrasts = [one for one in contrasts if _in_time(one.treated, weeks)]
            left = None if contrasts else ("window", "no row at the time asked for")
        if left is None and condition is not None:
            contrasts = [one for one in contrasts if _meets(review, condition, one)]
            left = None if contrasts else ("where", f"does not meet {condition}")
        if left is not None:
            excluded.append(Excluded(key, review.label(key), *left))
        found += contrasts if left is None else []
    ordered = sorted(found, key=lambda one: (_time(one.treated), one.study.row))
    settled = [one for _, group in _by_time(ordered) for one in _settle(review, group)]
    return Contrasts(tuple(settled), tuple(excluded), tuple(_possible(review, settled)), single_arms)


# ---- the contrasts of a report -------------------------------------------------------------------


def _contrasts(
    review: Review, study: Study, rows: Sequence[OutcomeRow], arm: str | None, subgroups: bool
) -> Iterator[Randomised]:
    poolable = [row for row in rows if not row.not_poolable]
    units = list(whole_rows(poolable, rows))
    if subgroups:
        units += [row for row in poolable if row.subgroup]
    places: dict[tuple[float | str, str], list[OutcomeRow]] = defaultdict(list)
    for unit in units:
        places[unit.weeks, unit.subgroup].append(unit)
    for members in places.values():
        controls = [row for row in members if is_comparator(row.arm)]
        treated = [row for row in members if not is_control(row.arm) and arm in (None, row.arm)]
        if not controls or not treated:
            continue
        control = max(controls, key=lambda row: row.n or 0)
        for number, row in enumerate(sorted(treated, key=lambda row: -(row.n or 0))):
            left: Left | None = None
            if row.subgroup:
                left = "subgroup", f"a part of the patients: {row.subgroup}"
            elif number:
                left = "same control", f"its controls are already compared with {treated[0].arm}"
            said = dict.fromkeys(filter(None, _remarks(review, study, row, control)))
            yield Randomised(row, control, study, review.label(study.study), tuple(said), left)


def _remarks(review: Review, study: Study, treated: OutcomeRow, control: OutcomeRow) -> Iterator[str]:
    for row, which in ((treated, "treated"), (control, "control")):
        if row.derived and row.note:
            yield f"{which} arm: {row.note}"
    for row in (treated, control):
        yield row.caution
    cohorts = review.cohorts[study.study]
    if len(cohorts) > 1:
        yield f"adds up the arms of {len(cohorts)} trials, as its paper does; patients were randomised within each"
    if treated.percent_kind == "stratified":
        yield "the counts are the paper's; its own percentages are stratified and may differ from them"


def _why_none(rows: Sequence[OutcomeRow], arm: str | None) -> Left:
    """Why a report has no contrast."""
    poolable = [row for row in rows if not row.not_poolable]
    if not poolable:
        return "not poolable", "; ".join(dict.fromkeys(row.not_poolable for row in rows))
    arms = ", ".join(dict.fromkeys(row.arm or "no named arm" for row in poolable))
    if arm is not None and all(row.arm != arm for row in poolable):
        return "control arm", f"no row of {arm}; it has {arms}"
    return "control arm", f"no treated and control arm of one time and part of its patients: {arms}"


def _numeric(review: Review) -> list[str]:
    return [
        column.name
        for table in ("outcomes", "studies")
        for column in review.columns(table)
        if column.kind in ("integer", "number")
    ]


def _meets(review: Review, condition: object, one: Randomised) -> bool:
    from evidence.review.selection import value_of

    return all(
        condition({name: value_of(name, row, one.study) for name in condition.names})  # type: ignore[operator, attr-defined]
        for row in (one.treated, one.control)
    )


# ---- times ---------------------------------------------------------------------------------------


def _in_time(row: OutcomeRow, weeks: Window | str) -> bool:
    if isinstance(weeks, str):
        return row.weeks == weeks
    return isinstance(row.weeks, float) and weeks[0] <= row.weeks <= weeks[1]


def _time(row: OutcomeRow) -> tuple[int, float]:
    """Weeks in order, then the last visit, then what has no time."""
    if isinstance(row.weeks, float):
        return 0, row.weeks
    return (1, 0.0) if row.weeks == LAST_VISIT else (2, 0.0)


def _by_time(ordered: Sequence[Randomised]) -> Iterator[tuple[float | str, list[Randomised]]]:
    groups: dict[float | str, list[Randomised]] = defaultdict(list)
    for one in ordered:
        groups[one.treated.weeks].append(one)
    yield from groups.items()


# ---- whose patients are in once ------------------------------------------------------------------


def _settle(review: Review, group: Sequence[Randomised]) -> list[Randomised]:
    """The contrasts of one time, those that may be pooled first; the others say in which other one their patients are."""
    free = [one for one in group if one.left is None]
    sums = {one.study.study for one in free if _parts(review, one, free)}
    sharing = overlaps.shared(review, ("certain", "probable"))
    taken: dict[str, Randomised] = {}
    settled = []
    for one in sorted(free, key=lambda one: (*_preference(one, sums), one.study.row)):
        cohorts = review.cohorts[one.study.study]
        others = dict.fromkeys(taken[cohort].named for cohort in cohorts if cohort in taken)
        if others:
            first = next(taken[cohort] for cohort in cohorts if cohort in taken)
            why = f"same patients as {' and '.join(others)}, {_because(one, first, sums)}"
            settled.append(one._replace(left=("same cohort", why)))
            continue
        near = next(
            ((taken[b], *why) for a in cohorts for b, why in sharing.get(a, {}).items() if b in taken), None
        )
        if near is not None:
            other, certainty, reason = near
            words = f"{overlaps.ADVERBS[certainty]} shares patients with {other.named}: {reason}"
            settled.append(one._replace(left=("overlap", words)))
            continue
        taken |= dict.fromkeys(cohorts, one)
        settled.append(one)
    kept = [one for one in settled if one.left is None]
    return [*kept, *(one for one in settled if one.left), *(one for one in group if one.left)]


def _parts(review: Review, one: Randomised, group: Sequence[Randomised]) -> bool:
    """Whether each of the trials a report adds up stands here by itself, checked."""
    cohorts = set(review.cohorts[one.study.study])
    inside = [
        other
        for other in group
        if other is not one and other.state in CHECKED and set(review.cohorts[other.study.study]) < cohorts
    ]
    return len(cohorts) > 1 and cohorts == {
        cohort for other in inside for cohort in review.cohorts[other.study.study]
    }


def _preference(one: Randomised, sums: set[str]) -> tuple[bool, bool, int, int, int]:
    """Smaller is better."""
    return (
        one.state not in CHECKED,
        one.study.study in sums,
        STATES.index(one.state),
        -one.n,
        -(one.study.year or 0),
    )


def _because(one: Randomised, other: Randomised, sums: set[str]) -> str:
    if one.study.study in sums:
        return "kept apart here, so that patients are compared with those they were randomised against"
    kinds = ("", "", f"is {other.state} (this one {one.state})", "is larger", "is later", "comes first")
    mine, its = (*_preference(one, sums), 1), (*_preference(other, sums), 0)
    if mine[0] != its[0]:
        return f"which is {other.state} (this one {one.state})"
    return "which " + next(kind for kind, a, b in zip(kinds, mine, its, strict=True) if a != b and kind)


def _possible(review: Review, settled: Sequence[Randomised]) -> Iterator[str]:
    """A sentence for each pair of pooled contrasts that may share patients."""
    holder = {
        cohort: one for one in settled if one.left is None for cohort in review.cohorts[one.study.study]
    }
    said = set()
    for pair in review.overlaps:
        a, b = holder.get(pair.cohort_a), holder.get(pair.cohort_b)
        if pair.certainty == "possible" and a and b and a.study.study != b.study.study:
            said.add(f"{a.label} and {b.label} possibly share patients: {pair.reason}")
    yield from sorted(said)
