"""checklist(): the items of a reporting checklist, each with where a review answers it and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.errors import NotPossible, OptionError
from evidence.literature import LITERATURE
from evidence.report.characters import clean
from evidence.report.checklists import care, jbi, prisma
from evidence.report.checklists.items import Answer, Checklist, Filled, Item, Known
from evidence.review.instruments import SERIES
from evidence.review.schema import Study
from evidence.review.selection import resolve
from evidence.review.tables import Review

NAMES = ("prisma", "jbi", "care")
LANGUAGES = ("en", "es")


def checklist(
    review: Review, name: str, *, analysis: str | None = None, study: str | None = None, lang: str = "en"
) -> Checklist:
    """A checklist by name, filled from a review: "prisma" (2020), "jbi" (case series) or "care" (2013).

    `analysis` is the one of review.toml it is asked of, the first by default. `study` is the report for jbi, else every
    series that the analysis pools, and for care, else ours. Item texts are in English, as published, in either `lang`.

    An item is in the review only where something was looked for and found; what the tables cannot know is the authors'.
    Raises OptionError for names that do not exist, NotPossible where there is no report to ask.
    """
    if name not in NAMES:
        raise OptionError("name", name, NAMES)
    if lang not in LANGUAGES:
        raise OptionError("lang", lang, LANGUAGES)
    if study is not None and name == "prisma":
        raise OptionError("study", study, "none: prisma is about the review as a whole")
    known = _known(review, analysis, lang)
    place = LANGUAGES.index(lang)
    if name == "prisma":
        items = [_filled(item, prisma.answer(item, known), place) for item in prisma.ITEMS]
        module = prisma.TITLE, prisma.SOURCE
    elif name == "jbi":
        items = [
            _filled(item, jbi.answer(item, known, one), place, one.study)
            for one in _series(known, study)
            for item in jbi.ITEMS
        ]
        module = jbi.TITLE, jbi.SOURCE
    else:
        one = _cases(known, study)
        items = [_filled(item, care.answer(item, known, one), place, one.study) for item in care.ITEMS]
        module = care.TITLE, care.SOURCE
    title, source = module
    return Checklist(
        name,
        title,
        LITERATURE[source],
        lang,
        clean(review.title or review.name),
        tuple(items),
        tuple(_notes(known)),
    )


def _known(review: Review, analysis: str | None, lang: str) -> Known:
    """An analysis that is named must exist; a review without one is told as it is."""
    if analysis is None and not review.analyses:
        return Known(review, None, lang)
    return Known(review, resolve(review, analysis=analysis), lang)


def _filled(item: Item, answer: Answer, place: int, study: str = "") -> Filled:
    return Filled(
        item.number,
        item.section[place],
        item.topic[place],
        item.text,
        answer.status,
        clean(answer.where),
        clean(answer.missing),
        answer.command,
        study,
    )


def _series(known: Known, study: str | None) -> list[Study]:
    """The case series the analysis pools, or the one that is named."""
    if study is not None:
        return [_named(known.review, study)]
    found = [one for one in known.pooled if one.design in SERIES]
    if not found:
        raise NotPossible("the analysis pools no case series; name a report with --study")
    return found


def _cases(known: Known, study: str | None) -> Study:
    if study is not None:
        return _named(known.review, study)
    ours = known.spec.ours if known.spec else ""
    if not ours:
        raise NotPossible("the analysis does not say which report is ours; name one with --study")
    return known.review.studies[ours]


def _named(review: Review, name: str) -> Study:
    if name in review.studies:
        return review.studies[name]
    found = [study for study in review.studies if review.label(study).casefold() == name.casefold()]
    if len(found) != 1:
        from evidence.review.schema import near

        raise OptionError("study", name, f"a report of studies.csv{near(name, review.studies)}")
    return review.studies[found[0]]


def _notes(known: Known) -> Iterator[str]:
    yield known.say(
        "This says what the review's tables hold, not what the manuscript reports: pages are for the authors to add.",
        "Esto dice qué contienen las tablas de la revisión, no qué recoge el manuscrito: las páginas las añaden los autores.",
    )
    if known.lang == "es":
        yield "El texto de los ítems se da en inglés, como se publicó; lo citado de la revisión, como está escrito en ella."
