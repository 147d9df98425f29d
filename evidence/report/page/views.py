"""The forest of each model, and the differences from each reference: everything the page can switch between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from evidence.analysis.contrasts import pool_and_row
from evidence.analysis.pooling import pool
from evidence.analysis.results import Analysis, Contrast, StudyRow
from evidence.report import numbers
from evidence.report.characters import clean, shorten
from evidence.report.forest import axis_top
from evidence.report.page.forest import bars, position, ticks
from evidence.report.page.texts import TEXTS, name, number, when
from evidence.report.parts import Bar, Beside, Forest, Line, Paragraph, Part, Said, Table, View
from evidence.report.pooled.contrasts import hidden_sentence, leading_contrast, name_of, test_words
from evidence.report.pooled.rows import MODEL_NAMES, Row, decimals, rows
from evidence.report.pooled.text import checked_reference
from evidence.report.pooled.words import words
from evidence.review.arms import is_control
from evidence.review.tables import Review

MODELS: tuple[Mapping[str, Any], ...] = (
    {},
    {"model": "exact"},
    {"model": "bayes"},
    {"model": "binomial"},
    {"model": "random", "measure": "arcsine"},
)
"""What can be switched between: as `evidence pool` chooses, then what a reader may have used instead."""

MOST = 150
"""Lines of a forest up to which every model has one of its own."""

LABEL, LONGEST = 300, 6000
"""Characters of a label and of a paragraph: what is longer is no text any more, and would fill the page."""


def forest(
    review: Review, outcome: str | None, asked: Mapping[str, Any], made: Analysis, lang: str
) -> Iterator[Part]:
    """The forest with its views; a word where there are too many lines for more than one."""
    text = TEXTS[lang]
    many = len(made.studies) > MOST
    choices = MODELS[:1] if many or made.leading.k < 2 else MODELS  # of one series all models say the same
    found = [made if not choice else pool(review, outcome, **asked, **choice) for choice in choices]
    references = [row for row in made.studies if row.role == "reference"]
    lead = checked_reference(made)
    level = number(numbers.level(float(made.options["level"])), lang)
    yield Forest(
        caption=text["forest_caption"],
        head=(
            text["study"],
            text["counts"],
            text["percent"],
            text["interval"].format(level=level),
            text["plot"],
        ),
        views=tuple(_view(one, choice, made, lang) for one, choice in zip(found, choices, strict=True)),
        references=tuple(called(row, lang) for row in references),
        leading=next((i for i, row in enumerate(references) if row is lead), 0 if references else -1),
    )
    if many:
        yield Paragraph(Said(text["too_many"]), "small")


def _view(analysis: Analysis, choice: Mapping[str, Any], made: Analysis, lang: str) -> View:
    lines = rows(analysis)
    digits = decimals(analysis)
    values = [line.value for line in lines if line.value]
    top = axis_top(values)
    references = [row for row in analysis.studies if row.role == "reference"]
    drawn = zip(lines, bars(lines, top), strict=True)
    return View(
        label=_label(analysis, choice, lang),
        lines=tuple(_line(line, bar, digits, made, lang) for line, bar in drawn),
        ticks=tuple((at, number(said, lang)) for at, said in ticks(top)),
        rules=tuple(position(float(row.proportion.estimate), top) for row in references),
        beside=tuple(_beside(analysis, row, lang) for row in references),
        notes=tuple(_notes(analysis, lang)),
        weighted=any(line.weight is not None for line in lines),
    )


def _label(analysis: Analysis, choice: Mapping[str, Any], lang: str) -> str:
    """The model as asked for, and what it gave way to."""
    text = TEXTS[lang]
    became = _model(analysis.leading.model, analysis.leading.measure, lang)
    if not choice:
        return f"{became} ({text['as_pool']})"
    wanted = _model(choice["model"], choice.get("measure"), lang)
    if choice["model"] == analysis.leading.model:
        return wanted
    return text["gives_way"].format(asked=wanted, model=became)


def _model(model: str, measure: str | None, lang: str) -> str:
    said = name(MODEL_NAMES.get(model, model), lang)
    return f"{said}, {name(measure, lang)}" if model in ("random", "common") and measure else said


def _line(line: Row, bar: Bar | None, digits: int, made: Analysis, lang: str) -> Line:
    if line.study:
        label = " ".join((called(line.study, lang), *line.marks))
    else:
        label = shorten(name(line.name, lang), LABEL)
    if line.value is None:
        return Line(line.kind, Said(label), "", "", "", "", None, "")
    estimate = "" if line.kind == "prediction" else numbers.percent(line.value.estimate, digits)
    limits = f"{numbers.percent(line.value.low, digits)} to {numbers.percent(line.value.high, digits)}"
    weight = "" if line.weight is None else f"{100 * line.weight:.1f}"
    return Line(
        kind=line.kind,
        name=Said(label, anchor=_anchor(line, made)),
        counts=line.counts,
        estimate=number(estimate, lang),
        interval=number(limits, lang),
        weight=number(weight, lang),
        bar=bar,
        detail=_detail(line, lang),
        lang="" if line.study or lang == "en" else "en",
    )


def _anchor(line: Row, made: Analysis) -> str:
    """Where on the page a line's number is explained."""
    return source_id(made, line.study.name) if line.study else "methods"


def called(study: StudyRow, lang: str) -> str:
    """What a row is called, its time in the page's language, short enough for a line."""
    label = clean(study.name)
    if study.when and label.endswith(f", {clean(study.when)}"):
        label = f"{label.removesuffix(clean(study.when))}{when(clean(study.when), lang)}"
    return shorten(label, LABEL)


def source_id(made: Analysis, name: str) -> str:
    """The anchor of a study's row: a number, since a name may hold anything."""
    return f"source-{next(i for i, study in enumerate(made.studies, 1) if study.name == name)}"


def _detail(line: Row, lang: str) -> str:
    """What a look closer tells: where a count was read and its state, or how a pool was made."""
    if line.study is not None:
        study = line.study
        state = TEXTS[lang][study.state]
        parts = (study.arm, when(study.when, lang), study.locator, state, *study.notes)
        return shorten("; ".join(clean(part).rstrip(".") for part in parts if part), LABEL)
    pool = line.pool
    if pool is None or (
        line.kind == "pool" and pool.source.model == "bayes"
    ):  # summed counts: the label says it all
        return ""
    return shorten(clean(str(pool.result.method or "")), LABEL)


# ---- beside each reference -----------------------------------------------------------------------


def _beside(analysis: Analysis, reference: StudyRow, lang: str) -> Beside:
    """The differences from one reference, as `evidence pool` prints those from the one that leads."""
    text = TEXTS[lang]
    label = called(reference, lang)
    if is_control(reference.arm):
        return Beside(None, (Said(text["control"].format(name=label)),))
    only = replace(analysis, comparisons=tuple(_contrasts(analysis, reference)))
    digits = decimals(analysis)
    lines = []
    for contrast in only.comparisons:
        gap = contrast.comparison.difference
        limits = f"{numbers.points(gap.low, digits)} to {numbers.points(gap.high, digits)}"
        known = contrast.comparison.test and numbers.known(contrast.comparison.pvalue)
        lines.append(
            (
                Said(shorten(name(name_of(analysis, contrast.ours), lang), LABEL)),
                Said(number(numbers.points(gap.estimate, digits, sign=True), lang)),
                Said(number(limits, lang)),
                Said(number(test_words(contrast.comparison), lang) if known else ""),
            )
        )
    level = number(numbers.level(float(analysis.options["level"])), lang)
    head = (
        Said(text["minus"].format(name=label)),
        Said(text["points"]),
        Said(text["interval"].format(level=level)),
        Said(text["test"]),
    )
    caption = text["differences_caption"].format(name=label)
    lead = leading_contrast(only)
    hidden = hidden_sentence(only, lead) if lead and lead.hidden_nonresponders else ""
    sentences = filter(None, (hidden, words(only).differences))
    return Beside(
        Table(caption, head, tuple(lines), frozenset({1, 2})) if lines else None,
        tuple(_english(sentence, lang) for sentence in sentences),
    )


def _contrasts(analysis: Analysis, reference: StudyRow) -> Iterator[Contrast]:
    """Those the analysis has; and of the pool with a reference that does not lead, made as that with the leading one."""
    found = [one for one in analysis.comparisons if one.against == reference.name]
    yield from found
    whole = analysis.pooled[0]
    series = [row for row in analysis.studies if row.role != "reference"]
    if whole.result.k > 1 and not any(one.ours == whole.pool for one in found):
        yield pool_and_row(whole, series, reference, {})


def _notes(analysis: Analysis, lang: str) -> Iterator[Said]:
    """What goes with one model: heterogeneity, what to mind, how it was done."""
    told = words(analysis)
    for text in (*told.heterogeneity, *told.notes, *told.row_notes, *told.methods):
        yield _english(text, lang)


def _english(text: str, lang: str) -> Said:
    return Said(shorten(text, LONGEST), lang="" if lang == "en" else "en")
