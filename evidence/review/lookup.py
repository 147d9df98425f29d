"""look_up(): all that a review knows of one thing, by whatever a person calls it.

A thing is a report, a cohort, an outcome, a patient, a result (one or more rows
of a report) or an entry of a reference list. What comes back holds the records
themselves, and what each analysis makes of them: where they enter, or which
rule left them out and why.

    smith2020, Smith 2020, 10.1000/182      report, by key, label or identifier
    leeds                                   cohort
    cure, Any rash                          outcome, by key or label
    smith2020:1                             patient
    trial1 cure placebo week 12             rows of a report, in any order of the words
    ref 3, smith2020 ref 3                  entry of a reference list
    cohort trial1                           the kind first, where a name is both
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from evidence.errors import NotPossible, OptionError
from evidence.review import overlaps
from evidence.review.choice import Chosen, Selection
from evidence.review.names import (
    Address,
    bare_identifier,
    called_reports,
    listed,
    match,
    narrow,
    plain,
    told,
)
from evidence.review.patients import derive
from evidence.review.question import AnalysisSpec, Outcome
from evidence.review.schema import (
    OutcomeRow,
    Overlap,
    Patient,
    ReferenceEntry,
    Score,
    Statement,
    Study,
)
from evidence.review.selection import resolve, select
from evidence.review.tables import Review

LEFT_OUT = "left out"
NOT_POSSIBLE = "not possible"

Record = Study | Outcome | Patient | ReferenceEntry


class Use(NamedTuple):
    """What an analysis makes of a report: its `role` there, with the row it gives, or the rule that left it out.

    `role` is ours, pooled, reference, "left out", or "not possible" where the
    analysis itself is not. `analysis` is "" for an outcome that has none of its own.
    """

    study: str
    analysis: str
    outcome: str
    role: str
    row: OutcomeRow | None = None
    rule: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()


class CohortView(NamedTuple):
    """A cohort: the reports that describe it with what is said of that, and the cohorts it may share patients with."""

    cohort: str
    reports: tuple[tuple[str, str], ...]
    overlaps: tuple[tuple[str, Overlap], ...]


class Found(NamedTuple):
    """One thing with all that is known of it; what does not apply is empty.

    kind        report, cohort, outcome, patient, row or reference
    key, label  how the review calls it, and how it is called in a sentence
    record      of a report, outcome, patient or reference its row in the tables (or in review.toml); else None
    rows        results that it has, or that it is
    uses        what each analysis makes of its report, or of the reports that describe it
    cohorts     a report's, or the one that is meant, with who describes them and what they overlap
    patients    individual patients of a report
    scores      of those patients, or of the one that is meant
    statements  what the report prints about itself
    references  the report's own reference list
    cited       entries of other reports' lists that are this report
    """

    kind: str
    key: str
    label: str
    record: Record | None = None
    rows: tuple[OutcomeRow, ...] = ()
    uses: tuple[Use, ...] = ()
    cohorts: tuple[CohortView, ...] = ()
    patients: tuple[Patient, ...] = ()
    scores: tuple[Score, ...] = ()
    statements: tuple[Statement, ...] = ()
    references: tuple[ReferenceEntry, ...] = ()
    cited: tuple[ReferenceEntry, ...] = ()


def look_up(review: Review, key: str) -> tuple[Found, ...]:
    """What `key` names; several things where they share a name, such as a label.

    `key` is what a person calls it, in any case: a report's key, label or identifier, a cohort, an outcome or an
    analysis, a patient (`smith2020:1`), a result (`smith2020 cure week 12`), a reference (`ref 3`), or a part of a name
    that fits one thing only. The kind may stand first (`cohort leeds`).

    Raises OptionError with near misses where nothing is called so.
    """
    text = " ".join(key.split())
    first, _, rest = text.partition(" ")
    if plain(first) in FINDERS and rest:
        found = FINDERS[plain(first)](review, rest)
        if found:
            return found
    for finder in dict.fromkeys(FINDERS.values()):
        found = finder(review, text)
        if found:
            return found
    return _guess(review, text)


def _guess(review: Review, text: str) -> tuple[Found, ...]:
    """What a part of a name means where it means one thing only; else near misses."""
    said = plain(text)
    names = dict(_names(review))
    parts = {
        key: called for key, called in names.items() if said and any(said in plain(name) for name in called)
    }
    if len({called[-1] for called in parts.values()}) == 1:
        return tuple(found for key in parts for found in look_up(review, key))
    if parts:
        raise OptionError("key", text, f"one of those it could be: {listed(list(parts))}")
    from difflib import get_close_matches

    by_name = {plain(name): key for key, called in names.items() for name in called}
    if len(by_name) > 5000:  # comparing with all of them takes longer than the hint is worth
        by_name = {name: key for name, key in by_name.items() if name[:1] == said[:1]}
    near = dict.fromkeys(by_name[name] for name in get_close_matches(said, list(by_name)[:5000], 3, 0.6))
    hint = f" (did you mean {', '.join(near)}?)" if near else ""
    kinds = (
        "a report, cohort or outcome by key or label, a patient (REPORT:NUMBER), a result (REPORT OUTCOME)"
    )
    raise OptionError("key", text, f"{kinds}, or a reference (ref NUMBER){hint}")


def _names(review: Review) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every key one may ask for with all it is called, its label last."""
    for study in review.studies:
        yield study, (study, review.label(study))
    for outcome in review.outcomes.values():
        yield outcome.key, (outcome.key, outcome.label)
    for cohort in {cohort: None for cohorts in review.cohorts.values() for cohort in cohorts}:
        if cohort not in review.studies and cohort not in review.outcomes:
            yield cohort, (cohort,)


# ---- reports and cohorts -------------------------------------------------------------------------


def find_report(review: Review, text: str) -> tuple[Found, ...]:
    """The reports called so."""
    studies = called_reports(review, text)
    return tuple(_report(review, study, _selections(review, _specs(review, studies))) for study in studies)


def _report(review: Review, study: str, selections: Selections) -> Found:
    return Found(
        "report",
        study,
        review.label(study),
        review.studies[study],
        rows=tuple(row for row in review.rows if row.study == study),
        uses=tuple(_uses(selections, [study])),
        cohorts=tuple(_cohort(review, cohort) for cohort in review.cohorts[study]),
        patients=tuple(patient for patient in review.patients if patient.study == study),
        scores=tuple(score for score in review.scores if score.study == study),
        statements=tuple(statement for statement in review.statements if statement.study == study),
        references=tuple(entry for entry in review.references if entry.cited_by == study),
        cited=tuple(entry for entry in review.references if entry.study == study),
    )


def find_cohort(review: Review, text: str) -> tuple[Found, ...]:
    """The cohort called so: who describes it, and through whom it enters."""
    known = dict.fromkeys(cohort for cohorts in review.cohorts.values() for cohort in cohorts)
    said = plain(text)
    found = []
    for cohort in known:
        if plain(cohort) == said:
            studies = [study for study, cohorts in review.cohorts.items() if cohort in cohorts]
            specs = list(review.analyses.values()) or _specs(review, studies)
            uses = _uses(_selections(review, specs), studies)
            view = (_cohort(review, cohort),)
            found.append(Found("cohort", cohort, cohort, uses=tuple(uses), cohorts=view))
    return tuple(found)


def _cohort(review: Review, cohort: str) -> CohortView:
    notes = {link.study: link.note for link in review.links if link.cohort == cohort}
    reports = [study for study, cohorts in review.cohorts.items() if cohort in cohorts]
    return CohortView(
        cohort,
        tuple((study, notes.get(study, "")) for study in reports),
        tuple(overlaps.of_cohort(review, cohort)),
    )


# ---- what the analyses make of it ----------------------------------------------------------------

Selections = Mapping[AnalysisSpec, Selection | NotPossible]


def _specs(review: Review, studies: Iterable[str]) -> list[AnalysisSpec]:
    """The declared analyses, then one for each other outcome these reports have a row of."""
    specs = list(review.analyses.values())
    wanted = set(studies)
    told = dict.fromkeys(row.outcome for row in review.rows if row.study in wanted)
    declared = {spec.outcome for spec in specs}
    return [*specs, *(resolve(review, outcome) for outcome in told if outcome not in declared)]


def _selections(review: Review, specs: Iterable[AnalysisSpec]) -> Selections:
    made: dict[AnalysisSpec, Selection | NotPossible] = {}
    for spec in specs:
        try:
            made[spec] = select(review, spec)
        except NotPossible as reason:
            made[spec] = reason
    return made


def _uses(selections: Selections, studies: Sequence[str]) -> Iterator[Use]:
    """For each analysis what becomes of these reports, in the analyses' order."""
    wanted = set(studies)
    for spec, selection in selections.items():
        if isinstance(selection, NotPossible):
            yield Use(studies[0], spec.name, spec.outcome, NOT_POSSIBLE, reason=str(selection))
            continue
        for entry in (*selection.chosen, *selection.references):
            if entry.study.study in wanted:
                yield _used(spec, entry)
        for left in selection.excluded:
            if left.study in wanted:
                yield Use(left.study, spec.name, spec.outcome, LEFT_OUT, None, left.rule, left.reason)


def _used(spec: AnalysisSpec, entry: Chosen) -> Use:
    return Use(entry.study.study, spec.name, spec.outcome, entry.role, entry.row, notes=entry.notes)


# ---- outcomes ------------------------------------------------------------------------------------


def find_outcome(review: Review, text: str) -> tuple[Found, ...]:
    """The outcome called so, or that of the analysis of this name: its rows, and what enters."""
    if text in review.analyses:
        spec = review.analyses[text]
        return (_outcome(review, review.outcomes[spec.outcome], [spec]),)
    said = plain(text)
    found = [
        outcome for outcome in review.outcomes.values() if said in (plain(outcome.key), plain(outcome.label))
    ]
    made = []
    for outcome in found[:1]:
        declared = [spec for spec in review.analyses.values() if spec.outcome == outcome.key]
        made.append(_outcome(review, outcome, declared or [resolve(review, outcome.key)]))
    return tuple(made)


def _outcome(review: Review, outcome: Outcome, specs: Sequence[AnalysisSpec]) -> Found:
    rows = review.by_outcome.get(outcome.key, ())
    uses = _uses(_selections(review, specs), [row.study for row in rows]) if rows else ()
    return Found("outcome", outcome.key, outcome.label, outcome, rows=tuple(rows), uses=tuple(uses))


# ---- patients and rows ---------------------------------------------------------------------------


def find_patient(review: Review, text: str) -> tuple[Found, ...]:
    """`smith2020:1`, `smith2020 patient 1`: a patient with the scores, and who counts as a responder."""
    found = []
    for reports, words in _addressed(review, text):
        name = plain(" ".join(words))
        for patient in review.patients:
            named = plain(patient.patient)
            if patient.study in reports and name in (named, f"patient {named}"):
                found.append(_patient(review, patient))
        if found:
            break
    return tuple(found)


def _patient(review: Review, patient: Patient) -> Found:
    scores = tuple(s for s in review.scores if (s.study, s.patient) == (patient.study, patient.patient))
    alone = {patient.study: review.studies[patient.study]._replace(treated=None)}
    judged = derive(review.outcomes.values(), [patient], scores, alone)
    key = f"{patient.study}:{patient.patient}"
    label = f"patient {patient.patient} of {review.label(patient.study)}"
    specs = [resolve(review, row.outcome) for row in judged]
    uses = tuple(_uses(_selections(review, specs), [patient.study]))
    return Found("patient", key, label, patient, rows=tuple(judged), uses=uses, scores=scores)


def find_rows(review: Review, text: str) -> tuple[Found, ...]:
    """`smith2020 cure`, `trial1:cure:placebo:12`: rows of a report, and which of them enters."""
    for reports, words in _addressed(review, text):
        if not words:
            continue
        rows = [row for row in review.rows if row.study in reports]
        outcome, address = _picked(review, Address(reports), words, rows)
        meant = tuple(row for row in rows if outcome in ("", row.outcome) and address.holds(row))
        if not meant:
            raise OptionError("key", text, f"a result of {', '.join(reports)}: {told(rows)}")
        outcomes = dict.fromkeys(row.outcome for row in meant)
        uses = _uses(_selections(review, [_spec(review, name) for name in outcomes]), reports)
        label = f"{review.label(reports[0])}: {', '.join(review.outcomes[name].label for name in outcomes)}"
        return (Found("row", text, label, None, rows=meant, uses=tuple(uses)),)
    return ()


def _spec(review: Review, outcome: str) -> AnalysisSpec:
    return resolve(review, outcome)


def _addressed(review: Review, text: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """A report at the start of the words, the longest name first, and the words that follow it."""
    words = re.split(r"[\s:#]+", text.strip())
    for size in range(len(words) - 1, 0, -1):
        reports = called_reports(review, " ".join(words[:size]))
        if reports:
            yield reports, words[size:]


def _picked(
    review: Review, address: Address, words: Sequence[str], rows: Sequence[OutcomeRow]
) -> tuple[str, Address]:
    """The outcome, arm, subgroup and time the words name, as many words at a time as mean something."""
    outcome, at = "", 0
    outcomes = {row.outcome: review.outcomes[row.outcome].label for row in rows}
    while at < len(words):
        for size in range(len(words) - at, 0, -1):
            piece = " ".join(words[at : at + size])
            named = [key for key, label in outcomes.items() if plain(piece) in (plain(key), plain(label))]
            if named and not outcome:
                outcome = named[0]
                break
            try:
                address = narrow(address, piece, [row for row in rows if outcome in ("", row.outcome)], "key")
                break
            except OptionError:
                continue
        else:
            _nothing_called(words[at], outcomes, [row for row in rows if outcome in ("", row.outcome)])
        at += size
    return outcome, address


def _nothing_called(word: str, outcomes: Mapping[str, str], rows: Sequence[OutcomeRow]) -> None:
    near = match(word, outcomes)
    if near:
        raise OptionError("key", word, f"one of the outcomes it has: {listed(near)}")
    have = ", ".join(outcomes) or "it has none"
    raise OptionError("key", word, f"an outcome ({have}), or an arm, subgroup or time: {told(rows)}")


# ---- references ----------------------------------------------------------------------------------

_NUMBERED = re.compile(
    r"(?:(?:(?P<by>.+?)[\s:]+)?ref(?:erence)?\.?\s*)?#?(?P<number>[0-9]{1,6})", re.IGNORECASE
)


def find_reference(review: Review, text: str) -> tuple[Found, ...]:
    """`ref 3`, `smith2020 ref 3`, a PubMed number or a DOI: entries of a reference list."""
    bare = bare_identifier(text)
    found = [entry for entry in review.references if bare and bare in (entry.pmid, entry.doi.casefold())]
    numbered = _NUMBERED.fullmatch(text.strip())
    if not found and numbered:
        by = numbered["by"]
        reports = called_reports(review, by) if by else tuple(review.studies)
        number = int(numbered["number"])
        found = [e for e in review.references if e.number == number and e.cited_by in reports]
    return tuple(_reference(review, entry) for entry in found)


def _reference(review: Review, entry: ReferenceEntry) -> Found:
    uses: tuple[Use, ...] = ()
    if entry.study:
        uses = tuple(_uses(_selections(review, _specs(review, [entry.study])), [entry.study]))
    key = f"{entry.cited_by} ref {entry.number}"
    label = f"reference {entry.number} of {review.label(entry.cited_by)}"
    return Found("reference", key, label, entry, uses=uses)


FINDERS: Mapping[str, Callable[[Review, str], tuple[Found, ...]]] = {
    "report": find_report,
    "study": find_report,
    "outcome": find_outcome,
    "cohort": find_cohort,
    "analysis": find_outcome,
    "patient": find_patient,
    "ref": find_reference,
    "reference": find_reference,
    "row": find_rows,
    "result": find_rows,
}
"""The kind, which may stand before a key, and what finds it; without a kind they are asked in this order."""
