"""Characteristics: a row a report, those that enter first, then those they are compared with; only columns with something in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from evidence.analysis.contrasts import Place, place
from evidence.analysis.results import NO_TIME, Analysis, StudyRow
from evidence.report.page import links
from evidence.report.page.texts import when
from evidence.report.parts import Said
from evidence.report.pooled.rows import marks
from evidence.report.tables.paper import Column, PaperTable, tabled
from evidence.report.tables.saying import Saying
from evidence.review.choice import Chosen
from evidence.review.schema import Study
from evidence.review.tables import Review

Rows = Sequence[tuple[StudyRow, Chosen | None]]
"""The rows of one report in the result, each with the row of the tables it was made from, if there are tables."""


def characteristics(
    made: Analysis, review: Review | None, entries: Iterable[Chosen], say: Saying
) -> PaperTable:
    """The reports of a result; of counts that were typed there is little to tell."""
    known: Mapping[Place, Chosen] = {place(entry): entry for entry in entries}
    reports: dict[str, list[tuple[StudyRow, Chosen | None]]] = {}
    for row in made.studies:
        reports.setdefault(row.study, []).append((row, known.get(place(row))))
    table = tabled(
        say.text["characteristics_caption"],
        [
            Column(say.word(key), [make(rows) for rows in reports.values()], numeric)
            for key, make, numeric in _columns(made, review, say)
        ],
    )
    left_out = [say.word("excluded", n=len(made.excluded))] if made.excluded else []
    notes = (*say.warnings([made]), *say.marks([made]), *left_out)
    return PaperTable("characteristics", say.lang, say.titled("characteristics", made), (table,), notes)


def _columns(
    made: Analysis, review: Review | None, say: Saying
) -> Iterator[tuple[str, Callable[[Rows], Said], bool]]:
    """Each column's key, how its cell is made of a report's rows, whether it holds numbers."""

    names = _names(made, review)

    def study(key: str) -> Study | None:
        return review.studies.get(key) if review else None

    def of_study(tell: Callable[[Study], object]) -> Callable[[Rows], Said]:
        def cell(rows: Rows) -> Said:
            found = study(rows[0][0].study)
            told = tell(found) if found else None
            return say.own("" if told is None else told)

        return cell

    def each(tell: Callable[[StudyRow, Chosen | None], str]) -> Callable[[Rows], Said]:
        """What is said of each row; behind its arm or time where the report's rows differ in it."""

        def cell(rows: Rows) -> Said:
            told = [tell(row, entry) for row, entry in rows]
            if len(set(told)) == 1:
                return say.own(told[0])
            named = (f"{tag}: {text}" for tag, text in zip(_tags(rows, say), told, strict=True) if text)
            return say.own("; ".join(dict.fromkeys(named)))

        return cell

    def listed(tell: Callable[[StudyRow, Chosen | None], str]) -> Callable[[Rows], Said]:
        """What is said of the rows, each once."""
        return lambda rows: say.own("; ".join(dict.fromkeys(filter(None, (tell(*pair) for pair in rows)))))

    def label(rows: Rows) -> Said:
        called = names[rows[0][0].study]
        flags = dict.fromkeys(mark for row, _ in rows for mark in marks(made, row))
        return say.own(" ".join((called, *flags)))

    def silence(row: StudyRow, entry: Chosen | None) -> str:
        """Silence on missing data is a rule too, and not the same one."""
        return (entry.row.missing_data or say.text["not_stated"]) if entry else ""

    def source(rows: Rows) -> Said:
        found = study(rows[0][0].study)
        origin = (found.doi or found.source if found else "") or rows[0][0].source
        read = "; ".join(dict.fromkeys(filter(None, (row.locator for row, _ in rows))))
        return say.own(", ".join(filter(None, (links.place(origin), read))), origin)

    yield "study", label, False
    yield "role", listed(lambda row, _: say.text[f"role_{row.role}"]), False
    yield "design", of_study(lambda one: one.design_detail or one.design), False
    yield "setting", of_study(lambda one: _setting(one, say)), False
    yield "population", _population(study, say), False
    yield "arm", listed(lambda row, _: ", ".join(filter(None, (row.arm, row.subgroup)))), False
    yield "patients", each(lambda row, _: _counted(row, study, say)), True
    yield "follow_up", listed(lambda row, _: _time(row, say)), False
    yield "term_definition", listed(lambda row, entry: _definition(row, entry, say)), False
    yield "missing_data", each(silence), False
    yield "state", each(lambda row, _: _state(row, say)), False
    yield "source", source, False


def _names(made: Analysis, review: Review | None) -> dict[str, str]:
    """What each report is called; two of one name by their keys as well."""
    names = {row.study: row.label for row in made.studies}
    if review:
        names |= {key: review.label(key) for key in names if key in review.studies}
    uses = Counter(names.values())
    return {key: called if uses[called] == 1 else f"{called} ({key})" for key, called in names.items()}


def _tags(rows: Rows, say: Saying) -> Iterator[str]:
    """What tells the rows of a report apart: arm, part and time, as far as they differ."""
    kinds = [
        [row.arm for row, _ in rows],
        [row.subgroup for row, _ in rows],
        [_time(row, say) for row, _ in rows],
    ]
    telling = [values for values in kinds if len(set(values)) > 1]
    for values in zip(*telling, strict=True) if telling else ((row.name,) for row, _ in rows):
        yield ", ".join(filter(None, values))


def _time(row: StudyRow, say: Saying) -> str:
    return "" if row.when == NO_TIME else when(row.when, say.lang)


def _setting(study: Study, say: Saying) -> str:
    """Where and when: "Hospital of X, Spain; 2023-07 to 2024-04"."""
    between = f" {say.text['to']} ".join(filter(None, (study.recruited_from, study.recruited_to)))
    return "; ".join(filter(None, (", ".join(filter(None, (study.centre, study.country))), between)))


def _counted(row: StudyRow, study: Callable[[str], Study | None], say: Saying) -> str:
    """The patients counted, and of a series those treated where they were others. A trial's part of its patients is not lost."""
    found = study(row.study) if row.role != "reference" else None
    treated = found.treated if found else None
    return (
        f"{row.n} ({say.text['of_treated'].format(n=treated)})"
        if treated and treated != row.n
        else str(row.n)
    )


def _population(study: Callable[[str], Study | None], say: Saying) -> Callable[[Rows], Said]:
    """Of the report, then of the rows where they take a part of its patients."""

    def cell(rows: Rows) -> Said:
        found = study(rows[0][0].study)
        texts = [found.population if found else "", *(entry.row.population for _, entry in rows if entry)]
        return say.own("; ".join(dict.fromkeys(filter(None, texts))))

    return cell


def _definition(row: StudyRow, entry: Chosen | None, say: Saying) -> str:
    """The outcome in the report's own words, and its scale where they do not name it."""
    said = entry.row.definition if entry else ""
    scale = "" if row.scale in said else f"{say.text['scale']}: {row.scale}"
    return "; ".join(filter(None, (said, scale)))


def _state(row: StudyRow, say: Saying) -> str:
    """How far the number was checked, and what must be said of it."""
    return "; ".join(
        filter(None, (say.text[row.state] if row.state else "", *(note.rstrip(".") for note in row.notes)))
    )
