"""PRISMA 2020: its 27 items, and what a review holds for each.

Page MJ, McKenzie JE, Bossuyt PM, et al. BMJ 2021;372:n71 (CC BY 4.0); the items in the words of its Table 1; the Spanish of
the topics is ours, not that of the published translation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evidence.report.characters import clean
from evidence.report.checklists.items import AUTHORS, HELD, MISSING, PART, Answer, Item, Known
from evidence.review.schema import Study

TITLE = "PRISMA 2020"
SOURCE = "page2021"

_T, _A, _I = ("Title", "Título"), ("Abstract", "Resumen"), ("Introduction", "Introducción")
_M, _R, _D = ("Methods", "Métodos"), ("Results", "Resultados"), ("Discussion", "Discusión")
_O = ("Other information", "Otra información")
_SYNTHESIS, _SYNTHESES = (
    ("Synthesis methods", "Métodos de síntesis"),
    ("Results of syntheses", "Resultados de la síntesis"),
)
_DATA, _SELECTION = ("Data items", "Lista de los datos"), ("Study selection", "Selección de los estudios")
_REGISTER = ("Registration and protocol", "Registro y protocolo")

ITEMS: tuple[Item, ...] = (
    Item("1", _T, _T, "Identify the report as a systematic review."),
    Item("2", _A, _A, "See the PRISMA 2020 for Abstracts checklist."),
    Item(
        "3",
        _I,
        ("Rationale", "Justificación"),
        "Describe the rationale for the review in the context of existing knowledge.",
    ),
    Item(
        "4",
        _I,
        ("Objectives", "Objetivos"),
        "Provide an explicit statement of the objective(s) or question(s) the review addresses.",
    ),
    Item(
        "5",
        _M,
        ("Eligibility criteria", "Criterios de elegibilidad"),
        "Specify the inclusion and exclusion criteria for the review and how studies were grouped for the "
        "syntheses.",
    ),
    Item(
        "6",
        _M,
        ("Information sources", "Fuentes de información"),
        "Specify all databases, registers, websites, organisations, reference lists and other sources searched or"
        " consulted to identify studies. Specify the date when each source was last searched or consulted.",
    ),
    Item(
        "7",
        _M,
        ("Search strategy", "Estrategia de búsqueda"),
        "Present the full search strategies for all databases, registers and websites, including any filters and "
        "limits used.",
    ),
    Item(
        "8",
        _M,
        ("Selection process", "Proceso de selección de los estudios"),
        "Specify the methods used to decide whether a study met the inclusion criteria of the review, including "
        "how many reviewers screened each record and each report retrieved, whether they worked independently, "
        "and if applicable, details of automation tools used in the process.",
    ),
    Item(
        "9",
        _M,
        ("Data collection process", "Proceso de extracción de los datos"),
        "Specify the methods used to collect data from reports, including how many reviewers collected data from "
        "each report, whether they worked independently, any processes for obtaining or confirming data from "
        "study investigators, and if applicable, details of automation tools used in the process.",
    ),
    Item(
        "10a",
        _M,
        _DATA,
        "List and define all outcomes for which data were sought. Specify whether all results that were "
        "compatible with each outcome domain in each study were sought (e.g. for all measures, time points, "
        "analyses), and if not, the methods used to decide which results to collect.",
    ),
    Item(
        "10b",
        _M,
        _DATA,
        "List and define all other variables for which data were sought (e.g. participant and intervention "
        "characteristics, funding sources). Describe any assumptions made about any missing or unclear "
        "information.",
    ),
    Item(
        "11",
        _M,
        ("Study risk of bias assessment", "Evaluación del riesgo de sesgo de los estudios individuales"),
        "Specify the methods used to assess risk of bias in the included studies, including details of the "
        "tool(s) used, how many reviewers assessed each study and whether they worked independently, and if "
        "applicable, details of automation tools used in the process.",
    ),
    Item(
        "12",
        _M,
        ("Effect measures", "Medidas del efecto"),
        "Specify for each outcome the effect measure(s) (e.g. risk ratio, mean difference) used in the synthesis "
        "or presentation of results.",
    ),
    Item(
        "13a",
        _M,
        _SYNTHESIS,
        "Describe the processes used to decide which studies were eligible for each synthesis (e.g. tabulating "
        "the study intervention characteristics and comparing against the planned groups for each synthesis (item"
        " #5)).",
    ),
    Item(
        "13b",
        _M,
        _SYNTHESIS,
        "Describe any methods required to prepare the data for presentation or synthesis, such as handling of "
        "missing summary statistics, or data conversions.",
    ),
    Item(
        "13c",
        _M,
        _SYNTHESIS,
        "Describe any methods used to tabulate or visually display results of individual studies and syntheses.",
    ),
    Item(
        "13d",
        _M,
        _SYNTHESIS,
        "Describe any methods used to synthesize results and provide a rationale for the choice(s). If meta-"
        "analysis was performed, describe the model(s), method(s) to identify the presence and extent of "
        "statistical heterogeneity, and software package(s) used.",
    ),
    Item(
        "13e",
        _M,
        _SYNTHESIS,
        "Describe any methods used to explore possible causes of heterogeneity among study results (e.g. subgroup"
        " analysis, meta-regression).",
    ),
    Item(
        "13f",
        _M,
        _SYNTHESIS,
        "Describe any sensitivity analyses conducted to assess robustness of the synthesized results.",
    ),
    Item(
        "14",
        _M,
        ("Reporting bias assessment", "Evaluación del sesgo en la publicación"),
        "Describe any methods used to assess risk of bias due to missing results in a synthesis (arising from "
        "reporting biases).",
    ),
    Item(
        "15",
        _M,
        ("Certainty assessment", "Evaluación de la certeza de la evidencia"),
        "Describe any methods used to assess certainty (or confidence) in the body of evidence for an outcome.",
    ),
    Item(
        "16a",
        _R,
        _SELECTION,
        "Describe the results of the search and selection process, from the number of records identified in the "
        "search to the number of studies included in the review, ideally using a flow diagram.",
    ),
    Item(
        "16b",
        _R,
        _SELECTION,
        "Cite studies that might appear to meet the inclusion criteria, but which were excluded, and explain why "
        "they were excluded.",
    ),
    Item(
        "17",
        _R,
        ("Study characteristics", "Características de los estudios"),
        "Cite each included study and present its characteristics.",
    ),
    Item(
        "18",
        _R,
        ("Risk of bias in studies", "Riesgo de sesgo de los estudios individuales"),
        "Present assessments of risk of bias for each included study.",
    ),
    Item(
        "19",
        _R,
        ("Results of individual studies", "Resultados de los estudios individuales"),
        "For all outcomes, present, for each study: (a) summary statistics for each group (where appropriate) and"
        " (b) an effect estimate and its precision (e.g. confidence/credible interval), ideally using structured "
        "tables or plots.",
    ),
    Item(
        "20a",
        _R,
        _SYNTHESES,
        "For each synthesis, briefly summarise the characteristics and risk of bias among contributing studies.",
    ),
    Item(
        "20b",
        _R,
        _SYNTHESES,
        "Present results of all statistical syntheses conducted. If meta-analysis was done, present for each the "
        "summary estimate and its precision (e.g. confidence/credible interval) and measures of statistical "
        "heterogeneity. If comparing groups, describe the direction of the effect.",
    ),
    Item(
        "20c",
        _R,
        _SYNTHESES,
        "Present results of all investigations of possible causes of heterogeneity among study results.",
    ),
    Item(
        "20d",
        _R,
        _SYNTHESES,
        "Present results of all sensitivity analyses conducted to assess the robustness of the synthesized "
        "results.",
    ),
    Item(
        "21",
        _R,
        ("Reporting biases", "Sesgos en la publicación"),
        "Present assessments of risk of bias due to missing results (arising from reporting biases) for each "
        "synthesis assessed.",
    ),
    Item(
        "22",
        _R,
        ("Certainty of evidence", "Certeza de la evidencia"),
        "Present assessments of certainty (or confidence) in the body of evidence for each outcome assessed.",
    ),
    Item("23a", _D, _D, "Provide a general interpretation of the results in the context of other evidence."),
    Item("23b", _D, _D, "Discuss any limitations of the evidence included in the review."),
    Item("23c", _D, _D, "Discuss any limitations of the review processes used."),
    Item("23d", _D, _D, "Discuss implications of the results for practice, policy, and future research."),
    Item(
        "24a",
        _O,
        _REGISTER,
        "Provide registration information for the review, including register name and registration number, or "
        "state that the review was not registered.",
    ),
    Item(
        "24b",
        _O,
        _REGISTER,
        "Indicate where the review protocol can be accessed, or state that a protocol was not prepared.",
    ),
    Item(
        "24c",
        _O,
        _REGISTER,
        "Describe and explain any amendments to information provided at registration or in the protocol.",
    ),
    Item(
        "25",
        _O,
        ("Support", "Financiación"),
        "Describe sources of financial or non-financial support for the review, and the role of the funders or "
        "sponsors in the review.",
    ),
    Item(
        "26",
        _O,
        ("Competing interests", "Conflicto de intereses"),
        "Declare any competing interests of review authors.",
    ),
    Item(
        "27",
        _O,
        (
            "Availability of data, code and other materials",
            "Disponibilidad de datos, códigos y otros materiales",
        ),
        "Report which of the following are publicly available and where they can be found: template data "
        "collection forms; data extracted from included studies; data used for all analyses; analytic code; any "
        "other materials used in the review.",
    ),
)
"""The 27 items, 42 with their parts."""

FEW = 10
"""Below so many series no test of funnel asymmetry means anything (Sterne et al. 2011)."""


def answer(item: Item, known: Known) -> Answer:
    """What the review holds for an item; what only the manuscript can say is the authors'."""
    fill = FILL.get(item.number)
    return fill(known) if fill else Answer(AUTHORS)


# ---- methods -------------------------------------------------------------------------------------


def _objectives(known: Known) -> Answer:
    if known.spec is None:
        return Answer(
            MISSING,
            missing=known.say("review.toml declares no analysis", "review.toml no declara ningún análisis"),
        )
    outcome = clean(known.review.outcomes[known.spec.outcome].label)
    title = clean(known.spec.title or known.review.title)
    where = f"{known.where}: {title}; {outcome}" if title else f"{known.where}: {outcome}"
    missing = known.say(
        "the question in a sentence, by the authors", "la pregunta en una frase, a cargo de los autores"
    )
    return Answer(PART, where, missing)


def _eligibility(known: Known) -> Answer:
    spec = known.spec
    if spec is None:
        return _objectives(known)
    said = []
    if spec.designs:
        said.append(known.say("designs: ", "diseños: ") + known.listed(spec.designs))
    if isinstance(spec.weeks, tuple):
        low, high = (f"{week:g}" for week in spec.weeks)
        said.append(known.say(f"weeks {low} to {high}", f"semanas {low} a {high}"))
    if spec.last_visit:
        said.append(known.say("else the last visit", "si no, la última visita"))
    if spec.arms:
        said.append(known.say("arms: ", "brazos: ") + known.listed(spec.arms))
    if not said:
        missing = known.say("the analysis declares no criterion", "el análisis no declara ningún criterio")
        return Answer(MISSING, known.where, missing)
    missing = known.say(
        "criteria on patients and treatment, by the authors",
        "los criterios sobre pacientes y tratamiento, a cargo de los autores",
    )
    return Answer(PART, f"{known.where}: {'; '.join(said)}", missing)


def _sources(known: Known) -> Answer:
    last: dict[str, str] = {}
    for run in known.review.runs:
        name = run.database or run.search
        last[name] = max(last.get(name, ""), run.date)
    if not last:
        missing = known.say("no search has been run", "no se ha ejecutado ninguna búsqueda")
        saved = [
            f"{clean(one.name)} ({clean(one.database)})" if one.database else clean(one.name)
            for one in known.review.searches.values()
        ]
        where = (
            known.say("review.toml, saved searches: ", "review.toml, búsquedas guardadas: ")
            + known.listed(saved)
            if saved
            else ""
        )
        return Answer(MISSING, where, missing, "evidence update")
    said = [
        known.say(f"{name}, last on {date}", f"{name}, la última el {date}") for name, date in last.items()
    ]
    missing = known.say(
        "sources searched outside the review, by the authors",
        "las fuentes consultadas fuera de la revisión, a cargo de los autores",
    )
    return Answer(PART, f"searches.csv: {known.listed(said)}", missing, "evidence flow")


def _strategies(known: Known) -> Answer:
    run = {one.search for one in known.review.runs}
    saved = list(known.review.searches)
    if not saved and not run:
        return Answer(
            MISSING,
            missing=known.say(
                "no search is saved in review.toml", "no hay ninguna búsqueda guardada en review.toml"
            ),
        )
    where = known.say("review.toml, [searches]: ", "review.toml, [searches]: ") + known.listed(saved)
    never = [name for name in saved if name not in run]
    if never:
        missing = known.say("never run: ", "nunca ejecutadas: ") + known.listed(never)
        return Answer(PART, where, missing, "evidence update")
    return Answer(
        HELD,
        where
        + known.say("; as sent in searches.csv, query", "; tal como se enviaron en searches.csv, query"),
    )


def _selecting(known: Known) -> Answer:
    decisions = known.review.decisions
    if not decisions:
        missing = known.say(
            "no decision is recorded in decisions.csv", "no consta ninguna decisión en decisions.csv"
        )
        return Answer(MISSING, missing=missing, command="evidence screen")
    people = dict.fromkeys(one.screener for one in decisions)
    papers = len({one.paper for one in decisions})
    where = known.say(
        f"decisions.csv: {len(decisions)} decisions on {papers} papers by {known.listed(list(people))}",
        f"decisions.csv: {len(decisions)} decisiones sobre {papers} artículos de {known.listed(list(people))}",
    )
    missing = known.say(
        "whether they worked independently, by the authors",
        "si trabajaron de forma independiente, a cargo de los autores",
    )
    return Answer(PART, where, missing, "evidence screen")


def _collecting(known: Known) -> Answer:
    rows = [row for row in known.review.rows if not row.derived]
    if not rows:
        return Answer(
            MISSING, missing=known.say("outcomes.csv has no row", "outcomes.csv no tiene ninguna fila")
        )
    states = {
        state: sum(row.state == state for row in rows)
        for state in ("verified", "read", "secondary", "unverified")
    }
    told = ", ".join(f"{state} {number}" for state, number in states.items() if number)
    where = f"outcomes.csv, state: {told}; source, locator"
    people = dict.fromkeys(row.verified_by for row in rows if row.verified_by)
    if people:
        where += f"; verified_by: {known.listed(list(people))}"
    missing = known.say(
        "how many people collected data and whether independently, by the authors",
        "cuántas personas extrajeron los datos y si lo hicieron de forma independiente, a cargo de los autores",
    )
    return Answer(PART, where, missing, "evidence check")


def _outcomes(known: Known) -> Answer:
    outcomes = known.review.outcomes
    bare = [one.label for one in outcomes.values() if not one.definition]
    where = known.say(f"review.toml: {len(outcomes)} outcomes", f"review.toml: {len(outcomes)} desenlaces")
    parts = [known.say("no definition: ", "sin definición: ") + known.listed(bare)] if bare else []
    parts.append(
        known.say(
            "whether all results were sought, by the authors",
            "si se buscaron todos los resultados, a cargo de los autores",
        )
    )
    return Answer(PART, where, "; ".join(parts), "evidence outcomes")


def _variables(known: Known) -> Answer:
    own = [column.name for columns in known.review.question.columns.values() for column in columns]
    where = known.say(
        "columns of studies.csv, outcomes.csv and patients.csv",
        "columnas de studies.csv, outcomes.csv y patients.csv",
    )
    where += (
        known.say("; the review's own: ", "; propias de la revisión: ") + known.listed(own) if own else ""
    )
    missing = known.say(
        "assumptions on what was unclear, by the authors",
        "los supuestos sobre lo que no estaba claro, a cargo de los autores",
    )
    return Answer(PART, where, missing)


def _judged(known: Known) -> tuple[list[Study], list[Study]]:
    """The pooled reports that somebody judged on every item of an instrument, and the others."""
    from evidence.review.quality import quality_of

    whole = {one.study for one in quality_of(known.review).judged if not one.open}
    return [s for s in known.pooled if s.study in whole], [s for s in known.pooled if s.study not in whole]


def _labels(known: Known, studies: list[Study]) -> str:
    return known.listed([known.review.label(study.study) for study in studies])


def _bias_methods(known: Known) -> Answer:
    tools = list(dict.fromkeys(row.instrument for row in known.review.appraisals))
    if not tools:
        return Answer(
            MISSING,
            missing=known.say("quality.csv has no judgement", "quality.csv no tiene ninguna valoración"),
            command="evidence quality",
        )
    missing = known.say(
        "how many people judged and whether independently, by the authors",
        "cuántas personas valoraron y si lo hicieron de forma independiente, a cargo de los autores",
    )
    return Answer(PART, f"quality.csv: {known.listed(tools)}", missing, "evidence quality")


def _measures(known: Known) -> Answer:
    where = known.say(
        "proportions, and differences between them with their intervals",
        "proporciones, y sus diferencias con sus intervalos",
    )
    return _if_pooled(known, Answer(HELD, where, command="evidence write methods"))


def _if_pooled(known: Known, held: Answer) -> Answer:
    """The answer, if the analysis pools anything."""
    if known.pooled:
        return held
    return Answer(
        MISSING,
        missing=known.say("no row is left to pool", "no queda ninguna fila que combinar"),
        command="evidence pool --excluded",
    )


def _eligible(known: Known) -> Answer:
    excluded = len(known.selection.excluded) if known.selection else 0
    where = known.say(
        f"{known.where}; {excluded} reports left out, each with its rule",
        f"{known.where}; {excluded} artículos excluidos, cada uno con su regla",
    )
    return _if_pooled(known, Answer(HELD, where, command="evidence pool --excluded"))


def _preparing(known: Known) -> Answer:
    derived = sum(row.derived for row in known.review.rows)
    where = known.say(
        f"{derived} rows derived from patients or strata",
        f"{derived} filas derivadas de pacientes o estratos",
    )
    missing = known.say(
        "how missing results were handled, by the authors",
        "cómo se trataron los resultados ausentes, a cargo de los autores",
    )
    return _if_pooled(known, Answer(PART, where, missing, "evidence write methods"))


def _shown(known: Known) -> Answer:
    return _if_pooled(
        known,
        Answer(
            HELD,
            known.say("table and forest plot", "tabla y diagrama de bosque"),
            command="evidence forest --output forest.pdf",
        ),
    )


def _synthesis(known: Known) -> Answer:
    where = known.say(
        "the methods, written from the options used",
        "los métodos, redactados a partir de las opciones usadas",
    )
    return _if_pooled(known, Answer(HELD, where, command="evidence write methods"))


def _causes(known: Known) -> Answer:
    where = known.say(
        "whether it was done is not recorded in the review", "la revisión no registra si se hizo"
    )
    return Answer(AUTHORS, where, command="evidence pool --by design")


def _robust(known: Known) -> Answer:
    chosen = known.review.question.multiverse.get(known.spec.name, ()) if known.spec else ()
    if not chosen:
        missing = known.say(
            "no other choices are declared in review.toml", "review.toml no declara otras elecciones posibles"
        )
        return _if_pooled(known, Answer(MISSING, missing=missing, command="evidence sensitivity"))
    name = clean(known.spec.name) if known.spec else ""
    where = known.say(
        f"review.toml, [multiverse.{name}]: {len(chosen)} other choices, each with its reason",
        f"review.toml, [multiverse.{name}]: otras {len(chosen)} elecciones, cada una con su motivo",
    )
    return _if_pooled(known, Answer(HELD, where, command="evidence sensitivity"))


def _reporting(known: Known) -> Answer:
    k = len(known.pooled)
    if k < FEW:
        where = known.say(
            f"{k} series: too few for a test of asymmetry",
            f"{k} series: demasiado pocas para una prueba de asimetría",
        )
        return Answer(AUTHORS, where, command="evidence sensitivity")
    return Answer(
        AUTHORS,
        known.say("whether it was done is not recorded in the review", "la revisión no registra si se hizo"),
        command="evidence asymmetry",
    )


def _certainty(known: Known) -> Answer:
    from evidence.review.quality import certainties

    rows = [row for row in known.review.grades if known.spec is None or row.outcome == known.spec.outcome]
    command = "evidence quality --certainty"
    if not rows:
        missing = known.say(
            "certainty.csv has no judgement of this outcome", "certainty.csv no valora este desenlace"
        )
        return Answer(MISSING, missing=missing, command=command)
    where = known.say(f"certainty.csv: {len(rows)} rows (GRADE)", f"certainty.csv: {len(rows)} filas (GRADE)")
    unsaid = dict.fromkeys(item for one in certainties(rows) for item in one.open)
    if unsaid:
        return Answer(
            PART, where, known.say("not said: ", "sin indicar: ") + known.listed(list(unsaid)), command
        )
    return Answer(HELD, where, command=command)


# ---- results -------------------------------------------------------------------------------------


def _flow(known: Known) -> Answer:
    if not known.review.runs:
        missing = known.say(
            "no search has been run, so there is no flow of records",
            "no se ha ejecutado ninguna búsqueda: no hay flujo de registros",
        )
        return Answer(MISSING, missing=missing, command="evidence update")
    from evidence.analysis.flow import flow

    counted = flow(known.review)
    where = known.say(
        "counts of the diagram for updated reviews", "recuentos del diagrama de revisiones actualizadas"
    )
    if counted.findings:
        number = len(counted.findings)
        missing = known.say(
            f"{number} findings: counts that do not add up, or papers that wait",
            f"{number} hallazgos: recuentos que no cuadran o artículos pendientes",
        )
        return Answer(PART, where, missing, "evidence flow")
    return Answer(HELD, where, command="evidence flow")


def _excluded(known: Known) -> Answer:
    left = known.selection.excluded if known.selection else ()
    told = [one for one in left if one.rule != "no row"]
    where = known.say(
        f"{len(told)} reports with a result left out, each with its reason",
        f"{len(told)} artículos con resultado excluidos, cada uno con su motivo",
    )
    missing = known.say("which of them to cite, by the authors", "cuáles citar, a cargo de los autores")
    return _if_pooled(known, Answer(PART, where, missing, "evidence pool --excluded"))


CHARACTERISTICS = ("design", "centre", "country", "recruited_from", "treated", "population")


def _characteristics(known: Known) -> Answer:
    lacking = [
        f"{clean(known.review.label(study.study))}: {', '.join(empty)}"
        for study in known.pooled
        if (empty := [name for name in CHARACTERISTICS if not getattr(study, name)])
    ]
    where = known.say(
        f"studies.csv: {', '.join(CHARACTERISTICS)}", f"studies.csv: {', '.join(CHARACTERISTICS)}"
    )
    status = PART if lacking else HELD
    missing = known.say("empty: ", "vacías: ") + "; ".join(lacking) if lacking else ""
    return _if_pooled(known, Answer(status, where, missing, "evidence cite"))


def _bias_results(known: Known) -> Answer:
    judged, others = _judged(known)
    if not known.pooled or not judged:
        return Answer(
            MISSING,
            missing=known.say(
                "no pooled report has been judged on every item in quality.csv",
                "quality.csv no valora por completo ningún artículo combinado",
            ),
            command="evidence quality",
        )
    where = f"quality.csv: {_labels(known, judged)}"
    missing = (
        known.say("not, or not wholly, judged: ", "sin valorar, o no del todo: ") + _labels(known, others)
        if others
        else ""
    )
    return Answer(PART if others else HELD, where, missing, "evidence quality")


def _unchecked(known: Known) -> str:
    chosen = known.selection.chosen if known.selection else ()
    names = [entry.label for entry in chosen if entry.state == "unverified"]
    return (
        known.say("not yet checked against the paper: ", "aún sin comprobar en el artículo: ")
        + known.listed(names)
        if names
        else ""
    )


def _individual(known: Known) -> Answer:
    k = len(known.pooled)
    where = known.say(
        f"outcomes.csv: events and n of {k} series, with intervals",
        f"outcomes.csv: events y n de {k} series, con intervalos",
    )
    missing = _unchecked(known)
    return _if_pooled(known, Answer(PART if missing else HELD, where, missing, "evidence pool"))


def _summary(known: Known) -> Answer:
    parts = [answer.missing for answer in (_characteristics(known), _bias_results(known)) if answer.missing]
    return _if_pooled(known, Answer(PART if parts else HELD, "studies.csv, quality.csv", "; ".join(parts)))


def _syntheses(known: Known) -> Answer:
    missing = _unchecked(known)
    where = known.say(
        "the pool with its interval; heterogeneity where it can be estimated",
        "el conjunto con su intervalo; la heterogeneidad si se puede estimar",
    )
    return _if_pooled(known, Answer(PART if missing else HELD, where, missing, "evidence write results"))


def _robustness(known: Known) -> Answer:
    if known.spec is None or known.spec.reference is None:
        missing = known.say(
            "the analysis names no reference: only what needs none is shown",
            "el análisis no nombra ninguna referencia: solo se muestra lo que no la necesita",
        )
        return _if_pooled(known, Answer(PART, missing=missing, command="evidence sensitivity"))
    where = known.say(
        "what it would take to turn the conclusion", "qué haría falta para invertir la conclusión"
    )
    return _if_pooled(known, Answer(HELD, where, command="evidence sensitivity"))


def _limits(known: Known) -> Answer:
    where = known.say("sentences on what is weakest", "frases sobre lo más débil")
    missing = known.say("their discussion, by the authors", "su discusión, a cargo de los autores")
    return _if_pooled(known, Answer(PART, where, missing, "evidence write limitations"))


def _available(known: Known) -> Answer:
    where = known.say(
        "the review's folder: review.toml and its tables",
        "la carpeta de la revisión: review.toml y sus tablas",
    )
    missing = known.say(
        "where they are made public, by the authors", "dónde se hacen públicas, a cargo de los autores"
    )
    return Answer(PART, where, missing, "evidence pool --show-r")


FILL: Mapping[str, Callable[[Known], Answer]] = {
    "4": _objectives,
    "5": _eligibility,
    "6": _sources,
    "7": _strategies,
    "8": _selecting,
    "9": _collecting,
    "10a": _outcomes,
    "10b": _variables,
    "11": _bias_methods,
    "12": _measures,
    "13a": _eligible,
    "13b": _preparing,
    "13c": _shown,
    "13d": _synthesis,
    "13e": _causes,
    "13f": _robust,
    "14": _reporting,
    "15": _certainty,
    "16a": _flow,
    "16b": _excluded,
    "17": _characteristics,
    "18": _bias_results,
    "19": _individual,
    "20a": _summary,
    "20b": _syntheses,
    "20c": _causes,
    "20d": _robustness,
    "21": _reporting,
    "22": _certainty,
    "23b": _limits,
    "27": _available,
}
"""Item -> what looks for it in the review. The others are the authors' alone."""
