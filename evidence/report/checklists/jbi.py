"""JBI's checklist for case series: ten questions of each series pooled, with the judgements that quality.csv holds.

A judgement is a person's. Where nobody has judged, the answer only says what the tables hold that bears on the question;
most of it says what was extracted, not what the report failed to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evidence.report.characters import clean
from evidence.report.checklists.items import HELD, MISSING, Answer, Item, Known
from evidence.review.instruments import JBI
from evidence.review.schema import Study

TITLE = "JBI case series"
SOURCE = JBI.source
COMMAND = "evidence quality"

_SECTION = ("Appraisal", "Valoración")
TOPICS: Mapping[str, str] = {
    "criteria": "criterios de inclusión",
    "condition measured": "medición de la enfermedad",
    "condition identified": "identificación de la enfermedad",
    "consecutive inclusion": "inclusión consecutiva",
    "complete inclusion": "inclusión completa",
    "demographics": "datos demográficos",
    "clinical information": "información clínica",
    "outcomes": "desenlaces",
    "site": "centro",
    "statistics": "análisis estadístico",
}
ITEMS: tuple[Item, ...] = tuple(
    Item(str(number), _SECTION, (name, TOPICS[name]), text)
    for number, (name, text) in enumerate(JBI.items.items(), 1)
)


def answer(item: Item, known: Known, study: Study) -> Answer:
    """The judgement there is, else what bears on it."""
    judged = [
        row
        for row in known.review.appraisals
        if (row.study, row.instrument, row.item) == (study.study, JBI.name, item.topic[0])
    ]
    if judged:
        said = "; ".join(
            f"{row.judgement}: {clean(row.reason)}" if row.reason else row.judgement for row in judged
        )
        return Answer(HELD, f"quality.csv: {said}", command=COMMAND)
    hint = HINTS.get(item.topic[0])
    missing = known.say("to be judged by a reviewer", "a juicio de un revisor")
    return Answer(MISSING, hint(known, study) if hint else "", missing)


def _population(known: Known, study: Study) -> str:
    return f"studies.csv, population: {clean(study.population)}" if study.population else ""


def _scale(known: Known, study: Study) -> str:
    rows = [row for row in known.review.rows if row.study == study.study and row.scale]
    scales = list(dict.fromkeys(row.scale for row in rows))
    return f"outcomes.csv, scale: {known.listed(scales)}" if scales else ""


def _complete(known: Known, study: Study) -> str:
    entries = known.selection.chosen if known.selection else ()
    n = next((entry.n for entry in entries if entry.study.study == study.study), None)
    if study.treated is None or n is None:
        return ""
    return known.say(
        f"studies.csv, treated: {study.treated}; evaluated: {n}",
        f"studies.csv, treated: {study.treated}; evaluados: {n}",
    )


def _people(known: Known, study: Study) -> str:
    people = [patient for patient in known.review.patients if patient.study == study.study]
    if not people:
        return known.say(
            "patients.csv has none of its patients", "patients.csv no tiene ninguno de sus pacientes"
        )
    both = sum(patient.age is not None and bool(patient.sex) for patient in people)
    return known.say(
        f"patients.csv: age and sex of {both} of {len(people)} patients",
        f"patients.csv: edad y sexo de {both} de {len(people)} pacientes",
    )


def clinical(known: Known, study: Study) -> str:
    """The review's own columns that say something of the report's patients."""
    people = [patient for patient in known.review.patients if patient.study == study.study]
    names = dict.fromkeys(
        name for patient in people for name, value in patient.extra.items() if value not in ("", None)
    )
    return f"patients.csv: {known.listed(list(names))}" if names else ""


def _results(known: Known, study: Study) -> str:
    rows = [row for row in known.review.rows if row.study == study.study]
    return known.say(f"outcomes.csv: {len(rows)} results", f"outcomes.csv: {len(rows)} resultados")


def _site(known: Known, study: Study) -> str:
    parts = ", ".join(filter(None, (clean(study.centre), clean(study.country))))
    return f"studies.csv, centre, country: {parts}" if parts else ""


HINTS: Mapping[str, Callable[[Known, Study], str]] = {
    "criteria": _population,
    "condition measured": _scale,
    "complete inclusion": _complete,
    "demographics": _people,
    "clinical information": clinical,
    "outcomes": _results,
    "site": _site,
}
