"""Responders counted from individual patients: scores and a declared rule become an outcome row.

A patient's baseline is the score at week 0, the last visit is the latest one
after it. Who has no score at the last visit (or no baseline, where the rule is
a reduction) cannot be judged: the row then says how many of how many could,
and is not poolable, because those with a published score are not a sample.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from evidence.review.question import Outcome, PatientRule
from evidence.review.schema import LAST_VISIT, NOT_STATED, OutcomeRow, Patient, Score, Study, worst_state

SLACK = 1e-9
"""Relative rounding allowance: 20 to 2 is a reduction of 90 %, though 20 * (1 - 0.9) is not 2 in binary."""


def derive(
    outcomes: Iterable[Outcome],
    patients: Sequence[Patient],
    scores: Iterable[Score],
    studies: Mapping[str, Study],
) -> list[OutcomeRow]:
    """One row for each outcome with a rule and each report's arm in which a patient can be judged.

    Rows come in the order of the outcomes, then of the patients' table; they
    are `derived`, at the last visit, with the span of the last visits in weeks.
    """
    arms: dict[tuple[str, str], list[Patient]] = defaultdict(list)
    for patient in patients:
        arms[patient.study, patient.arm].append(patient)
    courses: dict[tuple[str, str, str], list[Score]] = defaultdict(list)
    for score in scores:
        courses[score.study, score.patient, score.score].append(score)
    sizes: dict[str, int] = defaultdict(int)
    for study, _ in arms:
        sizes[study] += 1
    rows = []
    for outcome in outcomes:
        if outcome.rule is None:
            continue
        for (study, arm), members in arms.items():
            # `treated` counts a whole report, so it can only be held against a report with one arm.
            treated = studies[study].treated if sizes[study] == 1 else None
            row = _row(outcome, outcome.rule, study, arm, members, courses, treated or 0)
            if row is not None:
                rows.append(row)
    return rows


def responds(rule: PatientRule, baseline: float | None, last: float) -> bool | None:
    """Whether a patient is a responder; None where a reduction has no baseline above 0 to be a share of."""
    slack = SLACK * max(abs(last), abs(rule.limit))
    if rule.test == "at_most":
        return last <= rule.limit + slack
    if rule.test == "below":
        return last < rule.limit - slack
    if rule.test == "at_least":
        return last >= rule.limit - slack
    if rule.test == "above":
        return last > rule.limit + slack
    if baseline is None or baseline <= 0:
        return None
    return baseline - last >= rule.limit * baseline * (1 - SLACK)


def _row(
    outcome: Outcome,
    rule: PatientRule,
    study: str,
    arm: str,
    members: Sequence[Patient],
    courses: Mapping[tuple[str, str, str], Sequence[Score]],
    treated: int,
) -> OutcomeRow | None:
    events = n = 0
    used: list[Score] = []
    weeks: list[float] = []
    for patient in members:
        course = courses.get((study, patient.patient, rule.score), ())
        baseline, last = ends(course)
        if last is None or last.value is None:
            continue
        response = responds(rule, baseline.value if baseline else None, last.value)
        if response is None:
            continue
        n += 1
        events += response
        used += [last] if baseline is None else [baseline, last]
        if isinstance(last.weeks, float):
            weeks.append(last.weeks)
    if n == 0:
        return None
    whole = max(len(members), treated)
    spanned = len(weeks) == n  # a span of some of the last visits would pass for all of them
    return OutcomeRow(
        study=study,
        arm=arm,
        subgroup="",
        outcome=outcome.key,
        weeks=LAST_VISIT,
        weeks_from=min(weeks) if spanned else None,
        weeks_to=max(weeks) if spanned else None,
        time_printed="",
        events=events,
        n=n,
        percent="",
        percent_kind="",
        value="",
        definition=outcome.definition or f"{rule.score} {rule.threshold}",
        scale=outcome.scale,
        threshold=rule.threshold,
        population="",
        missing_data="",
        split="",
        not_poolable="" if n == whole else f"scores of {n} of {whole} patients",
        caution="",
        events_low=None,
        events_high=None,
        disputed="",
        source=_joined(score.source for score in used),
        locator=_joined(score.locator for score in used),
        state=worst_state(score.state for score in used),
        note="counted from the individual patients",
        derived=True,
    )


def ends(course: Sequence[Score]) -> tuple[Score | None, Score | None]:
    """The baseline and the last visit of one patient; a score at a time not stated is neither."""
    baseline = last = None
    latest = 0.0
    for score in course:
        if score.weeks == 0:
            baseline = score
        elif score.weeks != NOT_STATED:
            week = score.weeks if isinstance(score.weeks, float) else float("inf")
            if week > latest:
                last, latest = score, week
    return baseline, last


def _joined(words: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, words)))
