"""How good the reports are and how sure the conclusions: read, checked for sense and put in order, never computed.

Two rules hold whoever judges. A comparison of groups from different studies is at least at serious risk of bias by
confounding (ROBINS-I, domain 1): nobody was allotted to them, and nothing adjusts for how they differ. And a large
effect never raises the certainty here: without a concurrent control, who was treated and reported makes large rates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from evidence.review.instruments import (
    CONFOUNDING,
    INSTRUMENTS,
    LARGE,
    LEVELS,
    LOWERING,
    OVERALL,
    QUESTIONS,
    RAISING,
    RANDOMISED,
    ROB2,
    ROBINS,
    SERIES,
    START,
    STEPS,
    Instrument,
)
from evidence.review.schema import Appraisal, Grade, Problem, Study

if TYPE_CHECKING:
    from evidence.review.tables import Review

FILE, CERTAINTY = "quality.csv", "certainty.csv"
SERIOUS = "serious"

CROSS_STUDY = (
    "the two groups come from different studies, nobody was allotted to one or the other, and nothing adjusts for how "
    "their patients differ"
)
"""Why a contrast between studies is at least at serious risk of bias by confounding, whoever judges."""

LARGE_EFFECT = (
    "a large effect raises no certainty where nobody was treated otherwise at the same time and place"
)


# ---- what cannot be ------------------------------------------------------------------------------


def appraisal_problems(row: Appraisal) -> Iterator[Problem]:
    """The item is one of the instrument, and the judgement one of its words."""
    instrument = INSTRUMENTS[row.instrument]
    if row.item not in instrument.items:
        yield _problem(row, "item", row.item, f"is no item of {row.instrument}", ", ".join(instrument.items))
        return
    words = instrument.words + instrument.unknown
    if row.judgement not in words:
        reason = f"is no judgement of {row.instrument}"
        yield _problem(row, "judgement", row.judgement, reason, ", ".join(words))
    elif row.judgement == "two stars" and row.item != "comparability":
        reason = "is for comparability alone"
        yield _problem(row, "judgement", row.judgement, reason, "one star or no star")


def grade_problems(row: Grade) -> Iterator[Problem]:
    """Levels where it starts and ends, steps between; nothing is raised by a large effect."""

    def problem(reason: str, allowed: str) -> Problem:
        return Problem(CERTAINTY, row.row, "judgement", row.judgement, reason, allowed)

    up, down = row.judgement.startswith("up"), row.judgement.startswith("down")
    if row.item in (START, OVERALL):
        if row.judgement not in LEVELS:
            yield problem(f"is a step, and the row {row.item} a level", ", ".join(LEVELS))
        elif row.item == START and row.question != RANDOMISED and row.judgement not in LEVELS[2:]:
            yield problem("is too high a start for what nobody was randomised to", "low or very low")
    elif row.judgement in LEVELS:
        yield problem(f"is a level, and {row.item} a step", ", ".join(STEPS))
    elif row.item == LARGE and row.judgement != "no change":
        yield problem(f"raises nothing: {LARGE_EFFECT}", "no change")
    elif (row.item in LOWERING and up) or (row.item in RAISING and down):
        yield problem(
            f"goes the wrong way for {row.item}", "no change, " + ("down" if up else "up") + " 1 or 2"
        )


def check_appraisals(rows: Sequence[Appraisal], studies: Mapping[str, Study]) -> Iterator[Problem]:
    """What shows only beside the report and the other items."""
    for row in rows:
        study = studies.get(row.study)
        if study is None:
            continue
        if row.instrument == ROB2.name and study.design not in ROB2.designs and study.design != "not stated":
            reason = f"is for randomised trials, and the design is {study.design}"
            yield _problem(row, "instrument", row.instrument, reason, "an instrument for that design")
        mild = row.judgement in ROBINS.words[: ROBINS.words.index(SERIOUS)]
        if (
            row.instrument == ROBINS.name
            and row.item in (CONFOUNDING, OVERALL)
            and mild
            and single_arm(study)
        ):
            reason = f"is too good for a report without a control group of its own: {CROSS_STUDY}"
            yield _problem(row, "judgement", row.judgement, reason, "serious or critical")
    for whole, parts in _wholes(rows):
        words = INSTRUMENTS[whole.instrument].words
        known = [part for part in parts if part.judgement in words]
        if not known or whole.judgement not in words:
            continue
        worst = max(known, key=lambda part: words.index(part.judgement))
        if words.index(whole.judgement) < words.index(worst.judgement):
            reason = f"is better than {worst.item}, which is {worst.judgement} (row {worst.row})"
            yield _problem(whole, "judgement", whole.judgement, reason, f"{worst.judgement} or worse")


def single_arm(study: Study) -> bool:
    """Whether nobody in the report was treated otherwise, as far as it says."""
    return study.design in SERIES or (study.design in ROBINS.designs and not study.controls)


def _wholes(rows: Iterable[Appraisal]) -> Iterator[tuple[Appraisal, list[Appraisal]]]:
    groups: dict[tuple[str, str, str], list[Appraisal]] = {}
    for row in rows:
        groups.setdefault((row.study, row.instrument, row.outcome), []).append(row)
    for group in groups.values():
        for row in group:
            if row.item == OVERALL:
                yield row, [other for other in group if other.item != OVERALL]


def check_grades(rows: Sequence[Grade]) -> Iterator[Problem]:
    """Where a certainty ends is where its steps lead."""
    for certainty in certainties(rows):
        start, end = certainty.steps.get(START), certainty.steps.get(OVERALL)
        if end is None:
            continue
        if start is None:
            reason = "is where it ends, and no row says where it starts"
            yield Problem(
                CERTAINTY, end.row, "judgement", end.judgement, reason, "a row start with its level"
            )
            continue
        moved = [row for item, row in certainty.steps.items() if item not in (START, OVERALL)]
        if not all(row.judgement in STEPS for row in moved) or not {start.judgement, end.judgement} <= set(
            LEVELS
        ):
            continue  # said already
        number = LEVELS.index(start.judgement) + sum(STEPS[row.judgement] for row in moved)
        led = LEVELS[min(max(number, 0), len(LEVELS) - 1)]
        if led != end.judgement:
            path = ", ".join([start.judgement, *(r.judgement for r in moved if r.judgement != "no change")])
            reason = f"is not where the rows lead: {path} is {led}"
            yield Problem(
                CERTAINTY, end.row, "judgement", end.judgement, reason, "steps and level that agree"
            )


def _problem(row: Appraisal, column: str, value: str, reason: str, allowed: str) -> Problem:
    return Problem(FILE, row.row, column, value, reason, allowed)


# ---- put in order --------------------------------------------------------------------------------


class Judged(NamedTuple):
    """A report (or one outcome of it) with one instrument: what was judged, item by item, and what was not."""

    study: str
    instrument: Instrument
    outcome: str
    rows: Mapping[str, Appraisal]

    @property
    def open(self) -> tuple[str, ...]:
        """Items nobody has judged."""
        return tuple(item for item in self.instrument.items if item not in self.rows)


class Missing(NamedTuple):
    """A report nobody has judged with any instrument: the one offered for its design, and the analyses that use it."""

    study: str
    design: str
    instrument: str
    analyses: tuple[str, ...]


class CrossStudy(NamedTuple):
    """A comparison the review makes between studies: at least serious for confounding, by rule."""

    analysis: str
    ours: str
    against: str
    differs: tuple[str, ...]


class Certainty(NamedTuple):
    """One question about one outcome, with the steps somebody took."""

    outcome: str
    question: str
    steps: Mapping[str, Grade]

    @property
    def open(self) -> tuple[str, ...]:
        """What nobody has said; raising is never owed."""
        return tuple(item for item in (START, *LOWERING, OVERALL) if item not in self.steps)


class Quality(NamedTuple):
    """What is judged of a review's reports, what is not, and what holds by rule."""

    judged: tuple[Judged, ...]
    missing: tuple[Missing, ...]
    contrasts: tuple[CrossStudy, ...]


def quality_of(review: Review, *, instrument: str | None = None) -> Quality:
    """The judgements of a review by instrument and in the order of its reports; `instrument` keeps one."""
    order = {study: number for number, study in enumerate(review.studies)}
    groups: dict[tuple[str, str, str], dict[str, Appraisal]] = {}
    for row in review.appraisals:
        groups.setdefault((row.instrument, row.study, row.outcome), {})[row.item] = row
    names = list(INSTRUMENTS)
    judged = [
        Judged(study, INSTRUMENTS[name], outcome, rows)
        for (name, study, outcome), rows in sorted(
            groups.items(), key=lambda group: (names.index(group[0][0]), order[group[0][1]], group[0][2])
        )
        if instrument in (None, name)
    ]
    used, contrasts = _used(review)
    known = {row.study for row in review.appraisals}
    missing = [
        Missing(key, study.design, offered(study.design), tuple(used.get(key, ())))
        for key, study in review.studies.items()
        if key not in known and (offered(study.design) or key in used)
    ]
    missing.sort(key=lambda one: not one.analyses)
    return Quality(tuple(judged), tuple(missing), tuple(contrasts))


def offered(design: str) -> str:
    """The instrument for a design; "" for reviews, protocols and what is not stated."""
    return next((one.name for one in INSTRUMENTS.values() if design in one.designs), "")


def _used(review: Review) -> tuple[dict[str, list[str]], list[CrossStudy]]:
    """The analyses each report enters, and the comparisons they make between studies."""
    from evidence.errors import EvidenceError
    from evidence.review.differences import differs_in
    from evidence.review.selection import select

    used: dict[str, list[str]] = {}
    contrasts = []
    for name, spec in review.analyses.items():
        try:
            selection = select(review, spec)
        except EvidenceError:  # a declared reference without a row: evidence pool says so
            continue
        for entry in (*selection.chosen, *selection.references):
            found = used.setdefault(entry.row.study, [])
            if name not in found:
                found.append(name)
        ours = next((entry.row for entry in selection.chosen if entry.row.study == spec.ours), None)
        leading = next((entry.row for entry in selection.references), None)
        if spec.reference and leading is not None and selection.chosen:
            first = ours or selection.chosen[0].row
            differs = differs_in(first, leading, review)
            contrasts.append(CrossStudy(name, spec.ours if ours else "", leading.study, differs))
    return used, contrasts


def certainties(rows: Iterable[Grade]) -> list[Certainty]:
    """The steps by outcome and question, in the order of the table; a rate apart from a contrast."""
    groups: dict[tuple[str, str], dict[str, Grade]] = {}
    for row in rows:
        groups.setdefault((row.outcome, row.question), {})[row.item] = row
    found = [Certainty(outcome, question, steps) for (outcome, question), steps in groups.items()]
    firsts = {outcome: number for number, (outcome, _) in reversed(list(enumerate(groups)))}
    return sorted(found, key=lambda one: (firsts[one.outcome], QUESTIONS.index(one.question)))
