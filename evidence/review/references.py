"""The rows an analysis is compared with: which arm at which time leads, and what stands beside it.

The time that was asked for leads, else the one the analysis declares. An
unverified row never leads where a checked one of its patients is at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from evidence.errors import NotPossible
from evidence.review.arms import is_comparator, is_control, whole_rows
from evidence.review.choice import Chosen, Reference, Window
from evidence.review.question import AnalysisSpec, ReferenceSpec
from evidence.review.schema import STATES, OutcomeRow
from evidence.review.tables import Review

Time = Window | str
"""A window of weeks, or "last visit"."""

# ---- rows to compare with ------------------------------------------------------------------------


def find_reference(review: Review, outcome: str, spec: ReferenceSpec) -> Reference:
    """The row a reference means: exact weeks where given; strata of a complete split are summed.

    Raises `NotPossible` with what there is instead.
    """
    study = review.studies.get(spec.study)
    label = review.label(spec.study) if study else spec.study
    asked = " ".join(
        filter(None, (spec.arm, spec.subgroup, f"week {spec.weeks:g}" if spec.weeks is not None else ""))
    )
    head = f"the reference {label} ({spec.study}{', ' + asked if asked else ''}) cannot be used: "
    rows = [row for row in review.by_outcome.get(outcome, ()) if row.study == spec.study]
    if study is None or not rows:
        raise NotPossible(f"{head}it has no row for {review.outcomes[outcome].label}")
    meant = [row for row in rows if (row.arm == spec.arm if spec.arm else not is_control(row.arm))]
    if spec.weeks is not None:
        meant = [row for row in meant if row.weeks == spec.weeks]
    if spec.subgroup:
        meant = [row for row in meant if row.subgroup == spec.subgroup]
    if not meant:
        have = "; ".join(dict.fromkeys(f"{row.arm or 'no arm named'}, {row.when}" for row in rows))
        raise NotPossible(f"{head}its rows are: {have}")
    poolable = [row for row in meant if not row.not_poolable]
    if not poolable:
        raise NotPossible(head + "; ".join(dict.fromkeys(row.not_poolable for row in meant)))
    units = poolable if spec.subgroup else whole_rows(poolable, rows)
    if not units:
        raise NotPossible(f"{head}only subgroups are there: {', '.join(row.subgroup for row in poolable)}")
    if len(units) > 1:
        could = "; ".join(f"{unit.arm or 'no arm named'}, {unit.when}" for unit in units)
        raise NotPossible(f"{head}it could be any of {could}: name its arm and weeks")
    return to_reference(review, units[0])


def to_reference(review: Review, row: OutcomeRow) -> Reference:
    """A row as something to compare with; sums of strata say so, and a caution travels with its row."""
    summed = row.note if row.split and not row.subgroup else ""
    notes = tuple(filter(None, (summed, *row.cautions)))
    return Reference(row, review.studies[row.study], review.label(row.study), "reference", notes)


def arms_and_times(
    review: Review, outcome: str, studies: Iterable[str], subgroup: str = ""
) -> list[Reference]:
    """Every arm at every time of these reports, its row for all or for a subgroup.

    Of two reports' rows for one arm and time it is the one in the better state.
    """
    wanted = dict.fromkeys(studies)
    by_study: dict[str, list[OutcomeRow]] = {study: [] for study in wanted}
    for row in review.by_outcome.get(outcome, ()):
        if row.study in wanted:
            by_study[row.study].append(row)
    best: dict[tuple[str, float | str], Reference] = {}
    for rows in by_study.values():
        poolable = [row for row in rows if not row.not_poolable and _one_arm(row.arm)]
        part = [row for row in poolable if row.subgroup == subgroup]
        for row in part if subgroup else whole_rows(poolable, rows):
            known = best.get((row.arm, row.weeks))
            if known is None or STATES.index(row.state) < STATES.index(known.state):
                best[row.arm, row.weeks] = to_reference(review, row)
    return list(best.values())


def _one_arm(arm: str) -> bool:
    return is_comparator(arm) or not is_control(arm)


def same_patients(review: Review, study: str) -> list[str]:
    """The report and every other that describes exactly its cohorts."""
    own = set(review.cohorts[study])
    return [study, *(key for key, cohorts in review.cohorts.items() if key != study and set(cohorts) == own)]


def on_both_sides(review: Review, one: Chosen, other: Chosen) -> bool:
    """Whether two rows count the same people: of one cohort, in one arm."""
    mine, its = set(review.cohorts[one.study.study]), set(review.cohorts[other.study.study])
    if not mine & its:
        return False
    if mine == its:
        return one.arm == other.arm and (
            one.subgroup == other.subgroup or not (one.subgroup and other.subgroup)
        )
    return is_control(one.arm) == is_control(other.arm)


# ---- which leads ---------------------------------------------------------------------------------


def within(entry: Chosen, time: Time) -> bool:
    """Whether a row is of that time: a week inside the window, or the very word."""
    if isinstance(time, str):
        return entry.row.weeks == time
    return entry.weeks is not None and time[0] <= entry.weeks <= time[1]


def nearest_time(entries: Sequence[Reference], target: float | None) -> Reference:
    """The one at the time nearest `target`, of two the earlier; without a target the last visit, then the latest."""

    def rank(entry: Reference) -> tuple[float, float]:
        if entry.weeks is None:
            return (1 if target is not None else 0), 0.0
        return (0, abs(entry.weeks - target)) if target is not None else (1, -entry.weeks)

    return min(entries, key=lambda entry: (*rank(entry), entry.weeks or 0.0))


def middle(time: Time) -> float | None:
    """The middle of a window of weeks; None for a time without a number."""
    return None if isinstance(time, str) else (time[0] + time[1]) / 2


def time_in_words(time: Time) -> str:
    """`week 12`, `weeks 8 to 26`, `last visit`."""
    if isinstance(time, str):
        return time
    low, high = time
    return f"week {low:g}" if low == high else f"weeks {low:g} to {high:g}"


def declared_references(
    review: Review, spec: AnalysisSpec, at: Time | None = None
) -> tuple[list[Reference], list[str]]:
    """The references an analysis names, the one to lead first, and what to say about the choice.

    `at` is a time that was asked for: the named arm's row of that time leads, be
    it among those named or not. Raises NotPossible where one cannot be found.
    """
    if spec.reference is None:
        return [find_reference(review, spec.outcome, beside) for beside in spec.beside], []
    lead = find_reference(review, spec.outcome, spec.reference)
    arm, found, said = lead.arm, [lead], []
    for beside in spec.beside:
        found.append(find_reference(review, spec.outcome, beside._replace(arm=beside.arm or arm)))
    if at is not None and not within(lead, at):
        others = [entry for entry in found if entry.arm == arm and within(entry, at)]
        if not others and not lead.subgroup:
            there = arms_and_times(review, spec.outcome, same_patients(review, lead.study.study))
            others = [entry for entry in there if entry.arm == arm and within(entry, at)]
            found += others
        if others:
            lead = nearest_time(others, middle(at))
        else:
            said.append(f"{lead.named} has no row at {time_in_words(at)}: its {lead.when} leads")
    if lead.state == "unverified":
        checked = [entry for entry in found if entry.state != "unverified" and entry.arm == arm]
        timely = [entry for entry in checked if entry.row.weeks == lead.row.weeks]
        if checked:
            instead = (timely or checked)[0]
            said.append(_leads_instead(lead, instead))
            lead = instead
    return [lead, *(entry for entry in found if entry is not lead)], said


def _leads_instead(lead: Reference, instead: Reference, why: str = "") -> str:
    if lead.study.study == instead.study.study:
        return f"{lead.named} at {lead.when} is unverified: its {instead.when} leads instead"
    return f"{lead.named} is unverified: {instead.named}{why} leads instead"


# ---- for a comparison of its own -----------------------------------------------------------------


class Wanted(NamedTuple):
    """What somebody wants a row compared with: reports, and the arm, subgroup and time as far as they were said."""

    reports: tuple[str, ...]
    arm: str = ""
    subgroup: str = ""
    at: Time | None = None


def compared_with(
    review: Review,
    spec: AnalysisSpec,
    wanted: Wanted,
    *,
    entry: Chosen | None,
    declared: Sequence[Reference] = (),
) -> tuple[list[Reference], list[str]]:
    """All arms and times of some reports, the one to lead first, with what to say about the choice.

    Rows of other reports on exactly their patients are among them, and those of
    `declared`, the references the analysis names itself. `entry` is the row on the
    other side: nobody is on both. Where the arm is not said it is the treated one
    the analysis declares, else the largest; where the time is not, the declared
    one, else the nearest to that of `entry`. Raises NotPossible where nothing is left.
    """
    outcome, reports = review.outcomes[spec.outcome].label, wanted.reports
    named = f"{review.label(reports[0])} ({', '.join(reports)})"
    known = [*reports, *(other for study in reports for other in same_patients(review, study)[1:])]
    there = arms_and_times(review, spec.outcome, known, wanted.subgroup)
    there += [other for other in declared if not any(_same_row(review, other, one) for one in there)]
    if not there:
        raise NotPossible(f"{named} has no count of {outcome} for one of its arms")
    asked = [other for other in there if _is_wanted(other, wanted)]
    free = [other for other in there if entry is None or not on_both_sides(review, entry, other)]
    if entry is not None and not [other for other in free if other in asked or not asked]:
        raise NotPossible(
            f"{entry.named} and {named} are the same patients: nobody can be on both sides of a comparison"
        )
    if entry is not None:  # its own trial at another time is no comparator
        same_time = [o for o in free if o.row.weeks == entry.row.weeks or not _same_trial(review, entry, o)]
        free = same_time or free
    own = [other for other in free if other.study.study in known] or free
    of_arm = [other for other in own if other.arm == wanted.arm] if wanted.arm else _treated(spec, own)
    timely = of_arm if wanted.at is None else [other for other in of_arm if within(other, wanted.at)]
    if not timely:
        what = ", ".join(filter(None, (wanted.arm, wanted.at and time_in_words(wanted.at))))
        have = "; ".join(f"{other.arm or 'no arm named'}, {other.when}" for other in own)
        raise NotPossible(f"{named} has no row of {outcome} for {what}; there are: {have}")
    lead, said = nearest_time(timely, _target(spec, wanted, entry)), []
    instead = _checked_instead(review, spec, lead, of_arm, entry) if lead.state == "unverified" else None
    if instead is not None:
        said.append(_leads_instead(lead, instead, "" if instead in free else ", which has its patients,"))
        its_own = arms_and_times(
            review, spec.outcome, same_patients(review, instead.study.study), wanted.subgroup
        )
        free += [
            other
            for other in its_own
            if other.arm == instead.arm and not any(_same_row(review, other, one) for one in free)
        ]
        lead = next(other for other in free if _same_row(review, other, instead))
    return _in_order(lead, free), said


def _is_wanted(entry: Reference, wanted: Wanted) -> bool:
    """Whether a row is of the arm and the time that were said."""
    return wanted.arm in ("", entry.arm) and (wanted.at is None or within(entry, wanted.at))


def _same_row(review: Review, one: Reference, other: Reference) -> bool:
    """Whether two rows are of the same patients in one arm at one time, in whichever report."""
    places = [(row.arm, row.subgroup, row.row.weeks) for row in (one, other)]
    return places[0] == places[1] and _same_trial(review, one, other)


def _same_trial(review: Review, one: Chosen, other: Chosen) -> bool:
    """Whether two rows are of reports on exactly the same cohorts."""
    return set(review.cohorts[one.study.study]) == set(review.cohorts[other.study.study])


def _treated(spec: AnalysisSpec, there: Sequence[Reference]) -> list[Reference]:
    """Of the treated arms the one the analysis compares with, else the largest; a control where there is no other."""
    treated = [entry for entry in there if not is_control(entry.arm)] or list(there)
    declared = spec.reference.arm if spec.reference else ""
    arm = declared if any(entry.arm == declared for entry in treated) else max(treated, key=_size).arm
    return [entry for entry in treated if entry.arm == arm]


def _size(entry: Reference) -> int:
    return entry.n


def _target(spec: AnalysisSpec, wanted: Wanted, entry: Chosen | None) -> float | None:
    """The time to be near: the one asked for, the declared one where its report is meant, else that of `entry`."""
    if wanted.at is not None:
        return middle(wanted.at)
    declared = spec.reference
    if declared is not None and declared.study in wanted.reports and declared.weeks is not None:
        return declared.weeks
    if entry is not None and entry.weeks is not None:
        return entry.weeks
    return declared.weeks if declared is not None else None


def _checked_instead(
    review: Review, spec: AnalysisSpec, lead: Reference, of_arm: Sequence[Reference], entry: Chosen | None
) -> Reference | None:
    """A checked row for an unverified one: of a report that has its patients too, or of its arm at another time."""
    own = set(review.cohorts[lead.study.study])
    wider = [study for study, cohorts in review.cohorts.items() if own < set(cohorts)]
    others = [
        other
        for other in [*of_arm, *arms_and_times(review, spec.outcome, wider, lead.subgroup)]
        if other.state != "unverified"
        and other.arm == lead.arm
        and (entry is None or not on_both_sides(review, entry, other))
    ]
    same_time = [other for other in others if other.row.weeks == lead.row.weeks]
    return next(iter([*same_time, *others]), None)


def _in_order(lead: Reference, there: Iterable[Reference]) -> list[Reference]:
    """The leading row, its other times, other reports' rows of its arm, other treated arms, then controls.

    Among each the leading report first, and its time before others.
    """

    def place(entry: Reference) -> tuple[int, str, bool, bool, float]:
        if is_control(entry.arm) and not is_control(lead.arm):
            kind = 3
        elif entry.arm != lead.arm:
            kind = 2
        else:
            kind = 0 if entry.label == lead.label else 1
        label = "" if entry.label == lead.label else entry.label
        return kind, label, entry.weeks != lead.weeks, entry.weeks is None, entry.weeks or 0.0

    return [lead, *sorted((entry for entry in there if entry is not lead), key=place)]
