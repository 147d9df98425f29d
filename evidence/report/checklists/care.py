"""CARE 2013: what a report of cases should tell, and what the tables hold of one report's patients.

Gagnier JJ, Kienle G, Altman DG, et al. J Med Case Rep 2013;7:223. Items 1 to 11 in the words of the 2013 checklist on the
guideline's site, 12 and 13 in those of the paper's Table 1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from evidence.report.checklists.items import AUTHORS, HELD, MISSING, PART, Answer, Item, Known
from evidence.report.checklists.jbi import clinical
from evidence.review.schema import LAST_VISIT, Study

TITLE = "CARE 2013"
SOURCE = "gagnier2013"

_T, _K, _A = ("Title", "Título"), ("Key words", "Palabras clave"), ("Abstract", "Resumen")
_I, _P = ("Introduction", "Introducción"), ("Patient information", "Información del paciente")
_C, _L = ("Clinical findings", "Hallazgos clínicos"), ("Timeline", "Línea temporal")
_G, _X = (
    ("Diagnostic assessment", "Evaluación diagnóstica"),
    ("Therapeutic intervention", "Intervención terapéutica"),
)
_F, _D = ("Follow-up and outcomes", "Seguimiento y desenlaces"), ("Discussion", "Discusión")
_V, _S = ("Patient perspective", "Perspectiva del paciente"), ("Informed consent", "Consentimiento informado")

ITEMS: tuple[Item, ...] = (
    Item("1", _T, _T, "The diagnosis or intervention of primary focus followed by the words “case report”."),
    Item(
        "2",
        _K,
        _K,
        "2 to 5 key words that identify diagnoses or interventions in this case report (including “case report”).",
    ),
    Item(
        "3a",
        _A,
        _A,
        "Introduction: What is unique about this case and what does it add to the scientific literature?",
    ),
    Item("3b", _A, _A, "The patient’s main concerns and important clinical findings."),
    Item("3c", _A, _A, "The primary diagnoses, interventions, and outcomes."),
    Item("3d", _A, _A, "Conclusion: What are one or more “take-away” lessons from this case report?"),
    Item(
        "4",
        _I,
        _I,
        "Briefly summarizes why this case is unique and may include medical literature references.",
    ),
    Item("5a", _P, _P, "De-identified patient specific information."),
    Item("5b", _P, _P, "Primary concerns and symptoms of the patient."),
    Item("5c", _P, _P, "Medical, family, and psychosocial history including relevant genetic information."),
    Item("5d", _P, _P, "Relevant past interventions and their outcomes."),
    Item("6", _C, _C, "Describe significant physical examination (PE) and important clinical findings."),
    Item(
        "7",
        _L,
        _L,
        "Historical and current information from this episode of care organized as a timeline (figure or table).",
    ),
    Item("8a", _G, _G, "Diagnostic methods (PE, laboratory testing, imaging, surveys)."),
    Item("8b", _G, _G, "Diagnostic challenges."),
    Item("8c", _G, _G, "Diagnosis (including other diagnoses considered)."),
    Item("8d", _G, _G, "Prognostic characteristics when applicable."),
    Item("9a", _X, _X, "Types of therapeutic intervention (pharmacologic, surgical, preventive)."),
    Item("9b", _X, _X, "Administration of therapeutic intervention (dosage, strength, duration)."),
    Item("9c", _X, _X, "Changes in therapeutic interventions with explanations."),
    Item("10a", _F, _F, "Clinician- and patient-assessed outcomes if available."),
    Item("10b", _F, _F, "Important follow-up diagnostic and other test results."),
    Item("10c", _F, _F, "Intervention adherence and tolerability. (How was this assessed?)"),
    Item("10d", _F, _F, "Adverse and unanticipated events."),
    Item("11a", _D, _D, "Strengths and limitations in your approach to this case."),
    Item("11b", _D, _D, "Discussion of the relevant medical literature."),
    Item("11c", _D, _D, "The rationale for your conclusions."),
    Item("11d", _D, _D, "The primary “take-away” lessons from this case report."),
    Item("12", _V, _V, "The patient should share his or her perspective or experience whenever possible."),
    Item("13", _S, _S, "Did the patient give informed consent? Please provide if requested."),
)
"""The 13 items, 30 with their parts."""


def answer(item: Item, known: Known, study: Study) -> Answer:
    """What the tables hold of the report's patients; the rest is the authors'."""
    fill = FILL.get(item.number)
    return fill(known, study) if fill else Answer(AUTHORS)


def _demographics(known: Known, study: Study) -> Answer:
    people = [patient for patient in known.review.patients if patient.study == study.study]
    if not people:
        return Answer(
            MISSING,
            missing=known.say(
                "patients.csv has none of its patients", "patients.csv no tiene ninguno de sus pacientes"
            ),
        )
    lacking = [patient.patient for patient in people if patient.age is None or not patient.sex]
    where = known.say(
        f"patients.csv, age and sex: {len(people)} patients",
        f"patients.csv, age y sex: {len(people)} pacientes",
    )
    missing = known.say("not of patient ", "no del paciente ") + known.listed(lacking) if lacking else ""
    return Answer(PART if lacking else HELD, where, missing)


def _history(known: Known, study: Study) -> Answer:
    """The review's own columns may hold it; what they mean only its authors know."""
    said = clinical(known, study)
    where = known.say("may be in ", "puede estar en ") + said if said else ""
    return Answer(AUTHORS, where)


def _times(known: Known, study: Study) -> dict[str, list[float | str]]:
    """Patient -> when a score was taken."""
    times: dict[str, list[float | str]] = defaultdict(list)
    for score in known.review.scores:
        if score.study == study.study:
            times[score.patient].append(score.weeks)
    return times


def _people(known: Known, study: Study) -> int:
    return sum(patient.study == study.study for patient in known.review.patients)


def _baseline(known: Known, study: Study) -> Answer:
    first = sum(0 in weeks for weeks in _times(known, study).values())
    if not first:
        return Answer(
            MISSING,
            missing=known.say(
                "scores.csv has no score at week 0", "scores.csv no tiene ninguna puntuación en la semana 0"
            ),
        )
    total = max(_people(known, study), first)
    where = known.say(
        f"scores.csv, week 0: {first} of {total} patients",
        f"scores.csv, semana 0: {first} de {total} pacientes",
    )
    missing = known.say(
        "the examination beyond these scores, by the authors",
        "la exploración más allá de estas puntuaciones, a cargo de los autores",
    )
    return Answer(PART, where, missing, "evidence scores")


def _timeline(known: Known, study: Study) -> Answer:
    times = _times(known, study)
    several = sum(len(weeks) > 1 for weeks in times.values())
    if not several:
        return Answer(
            MISSING,
            missing=known.say(
                "scores.csv has no course of a patient", "scores.csv no tiene la evolución de ningún paciente"
            ),
        )
    total = max(_people(known, study), several)
    where = known.say(
        f"scores.csv: the course of {several} of {total} patients",
        f"scores.csv: la evolución de {several} de {total} pacientes",
    )
    missing = known.say(
        "what happened before week 0, by the authors",
        "lo ocurrido antes de la semana 0, a cargo de los autores",
    )
    return Answer(PART, where, missing, "evidence figure swimmer --output swimmer.svg")


def _treatment(known: Known, study: Study) -> Answer:
    arms = list(
        dict.fromkeys(
            patient.arm for patient in known.review.patients if patient.study == study.study and patient.arm
        )
    )
    arms = arms or list(
        dict.fromkeys(row.arm for row in known.review.rows if row.study == study.study and row.arm)
    )
    if not arms:
        return Answer(
            MISSING,
            missing=known.say("no treatment arm is named", "no se nombra ningún brazo de tratamiento"),
        )
    return Answer(HELD, f"patients.csv, outcomes.csv, arm: {known.listed(arms)}")


def _outcomes(known: Known, study: Study) -> Answer:
    rows = [row for row in known.review.rows if row.study == study.study]
    names = list(dict.fromkeys(known.review.outcomes[row.outcome].label for row in rows))
    if not rows:
        return Answer(
            MISSING,
            missing=known.say(
                "outcomes.csv has no result of this report",
                "outcomes.csv no tiene ningún resultado de este artículo",
            ),
        )
    missing = known.say(
        "which were assessed by the patients, by the authors",
        "cuáles valoraron los pacientes, a cargo de los autores",
    )
    return Answer(PART, f"outcomes.csv: {known.listed(names)}", missing, "evidence outcomes")


def _follow_up(known: Known, study: Study) -> Answer:
    later = sum(
        any(week == LAST_VISIT or (isinstance(week, float) and week > 0) for week in weeks)
        for weeks in _times(known, study).values()
    )
    if not later:
        return Answer(
            MISSING,
            missing=known.say(
                "scores.csv has no score after week 0", "scores.csv no tiene puntuaciones tras la semana 0"
            ),
        )
    where = known.say(
        f"scores.csv, after week 0: {later} patients", f"scores.csv, tras la semana 0: {later} pacientes"
    )
    missing = known.say("other tests, by the authors", "otras pruebas, a cargo de los autores")
    return Answer(PART, where, missing)


def _harms(known: Known, study: Study) -> Answer:
    names = list(
        dict.fromkeys(
            known.review.outcomes[row.outcome].label
            for row in known.review.rows
            if row.study == study.study and known.review.outcomes[row.outcome].better == "lower"
        )
    )
    if not names:
        missing = known.say(
            "outcomes.csv has no outcome of which less is better",
            "outcomes.csv no tiene ningún desenlace del que menos sea mejor",
        )
        return Answer(MISSING, missing=missing)
    missing = known.say("whether these are all, by the authors", "si son todos, a cargo de los autores")
    return Answer(PART, f"outcomes.csv: {known.listed(names)}", missing)


def _limits(known: Known, study: Study) -> Answer:
    missing = known.say("their discussion, by the authors", "su discusión, a cargo de los autores")
    if study not in known.pooled:
        return Answer(AUTHORS)
    where = known.say("sentences on what is weakest", "frases sobre lo más débil")
    return Answer(PART, where, missing, "evidence write limitations")


def _literature(known: Known, study: Study) -> Answer:
    entries = [row for row in known.review.references if row.cited_by == study.study]
    if not entries:
        return Answer(AUTHORS)
    where = known.say(
        f"references.csv: {len(entries)} references", f"references.csv: {len(entries)} referencias"
    )
    missing = known.say("their discussion, by the authors", "su discusión, a cargo de los autores")
    return Answer(PART, where, missing, "evidence cite")


FILL: Mapping[str, Callable[[Known, Study], Answer]] = {
    "5a": _demographics,
    "5b": _history,
    "5c": _history,
    "5d": _history,
    "6": _baseline,
    "7": _timeline,
    "9a": _treatment,
    "10a": _outcomes,
    "10b": _follow_up,
    "10c": _history,
    "10d": _harms,
    "11a": _limits,
    "11b": _literature,
}
"""Item -> what looks for it in the tables. The others, consent among them, no table can answer."""
