"""Summary of findings: a row an outcome, with the rate of the series, of what they are compared with, and the certainty.

Certainty is what named people judged in certainty.csv; where nobody did the table says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evidence.analysis.contrasts import Differences
from evidence.analysis.results import Analysis, StudyRow
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.numbers import percent
from evidence.report.page.gather import SPANISH_CROSS_STUDY
from evidence.report.page.texts import name
from evidence.report.parts import Said
from evidence.report.pooled.rows import decimals, pool_lines, pool_name
from evidence.report.tables.beside import controls_of, pool_against, references_of, series_of
from evidence.report.tables.paper import Column, PaperTable, letters, tabled
from evidence.report.tables.saying import Saying
from evidence.report.writing.results import assumed, pooled_states, secondary_sources
from evidence.review.instruments import OVERALL, START
from evidence.review.quality import CROSS_STUDY, Certainty
from evidence.review.question import AnalysisSpec, Outcome


class Finding(NamedTuple):
    """An outcome with its pool; or without one, and why. `about` and `spec` are the review's, None of a result alone."""

    made: Analysis | None
    found: Differences
    about: Outcome | None = None
    spec: AnalysisSpec | None = None
    reason: Exception | None = None

    @property
    def label(self) -> str:
        return self.about.label if self.about else self.made.outcome_label if self.made else ""

    @property
    def definition(self) -> str:
        return self.about.definition if self.about else self.made.definition if self.made else ""

    @property
    def comparator(self) -> StudyRow | None:
        """What the series are compared with: a count that nobody has checked never is."""
        found = references_of(self.made) if self.made else []
        return found[0] if found and found[0].state != "unverified" else None


class Cells(NamedTuple):
    """A row of the table."""

    outcome: Said
    definition: Said
    weeks: Said
    series: Said
    pooled: Said
    comparator: Said
    assumed: Said
    difference: Said
    certainty: Said
    comments: Said


HEADS = {
    "outcome": "term_outcome",
    "definition": "term_definition",
    "weeks": "term_weeks",
    "series": "series",
    "pooled": "pooled",
    "comparator": "comparator",
    "assumed": "assumed",
    "difference": "difference",
    "certainty": "certainty",
    "comments": "comments",
}
"""Column -> the key of its head, in the order of `Cells`."""


def findings(
    title: str, found: Sequence[Finding], empty: int, judged: Sequence[Certainty], say: Saying, level: float
) -> PaperTable:
    """The table; `empty` is how many other outcomes have nothing to pool, `judged` every certainty of the review."""
    marks = letters()
    sure = {(one.outcome, one.question): next(marks) for one in _in_order(judged, found)}
    lines = [_cells(one, sure, judged, say) for one in found]
    numeric = {"series", "pooled", "assumed", "difference"}
    shown = say.figure(numbers.level(level))
    columns = (
        Column(say.word(key, level=shown), [line[place] for line in lines], name in numeric)
        for place, (name, key) in enumerate(HEADS.items())
    )
    notes = tuple(_notes(found, empty, judged, sure, say))
    headed = say.own(": ".join(filter(None, (say.text["findings"], title))))
    return PaperTable(
        "findings",
        say.lang,
        headed,
        (tabled(say.text["findings_caption"].format(per=say.per), columns),),
        notes,
    )


def _cells(one: Finding, sure: dict[tuple[str, str], str], judged: Sequence[Certainty], say: Saying) -> Cells:
    blank = Said("")
    label, means = say.own(one.label or say.text["pooled_counts"]), say.own(one.definition)
    certainty = say.prose("; ".join(_levels(one, sure, judged, say)) or say.text["not_judged"])
    made = one.made
    if made is None:
        reason = say.prose(say.impossible(one.reason)) if one.reason else blank
        return Cells(label, means, blank, blank, blank, blank, blank, blank, certainty, reason)
    digits, whole = decimals(made), made.pooled[0]
    rows, reference = series_of(made), one.comparator
    value = rows[0].proportion if len(rows) == 1 else whole.result.average or whole.result.proportion
    comparator = other = difference = ""
    if reference:
        gap = pool_against(made, whole, reference, one.found).comparison.difference
        comparator = f"{say.called(reference)}: {reference.events}/{reference.n}"
        other = say.scaled(percent(reference.proportion.estimate, digits))
        difference = say.scaled(say.points(gap, digits))
    return Cells(
        label,
        means,
        Said(_weeks(one, say)),
        Said(f"{int(whole.source.events)}/{int(whole.source.n)} ({len(rows)})"),
        Said(say.scaled(say.interval(value, digits))),
        say.own(comparator),
        Said(other),
        Said(difference),
        certainty,
        say.prose(" ".join(_comments(one, made, say))),
    )


def _weeks(one: Finding, say: Saying) -> str:
    weeks: object = one.made.options.get("weeks") if one.made else None
    if isinstance(weeks, tuple | list):
        low, high = (f"{week:g}" for week in weeks)
        time = low if low == high else say.text["weeks_window"].format(low=low, high=high)
        return time + (say.text["or_last_visit"] if one.spec and one.spec.last_visit else "")
    if one.spec is None:
        return ""
    return say.text["any" if weeks is None else "last_visit"]


def _comments(one: Finding, made: Analysis, say: Saying) -> Iterator[str]:
    """What must be known beside the row, in the words of `evidence write`."""
    words = say.say
    yield from (words.warning(clean(text)) for text in made.warnings)
    if one.spec and not one.spec.name:
        yield say.text["undeclared"]
    if len(series_of(made)) == 1:
        yield say.text["one_series"]
    else:
        yield from _rate(made, say)
        yield from filter(None, assumed(made, made.leading, words, decimals(made)))
    yield from pooled_states(made, words)
    reference, references, controls = one.comparator, references_of(made), controls_of(made)
    if reference:
        yield words.bearing("naive" if made.review else "")
        yield from filter(None, [secondary_sources([reference], words)])
    elif references:
        yield words.alone(words.name(references[0]))
    elif controls:
        yield say.text["control"].format(name=say.called(controls[0]))
    else:
        yield words.no_reference()


def _rate(made: Analysis, say: Saying) -> Iterator[str]:
    """What the rate is by its model; and the counted one, where the model's is another."""
    pool = made.pooled[0]
    *counted, line = (line for line in pool_lines(pool, single=False) if line.value)
    model = name(line.name, say.lang).removeprefix(f"{name(pool_name(pool.pool), say.lang)}, ")
    yield say.text["rate_bayes" if pool.source.model == "bayes" else "rate"].format(model=model)
    for other in counted:
        if other.value:
            share = say.scaled(say.interval(other.value, decimals(made)))
            yield say.text["counted"].format(name=name(other.name, say.lang), share=share)


# ---- certainty -----------------------------------------------------------------------------------


def _in_order(judged: Sequence[Certainty], found: Sequence[Finding]) -> Iterator[Certainty]:
    """The certainties in the order of the rows, each once."""
    for outcome in dict.fromkeys(one.about.key for one in found if one.about):
        yield from (one for one in judged if one.outcome == outcome)


def _levels(
    one: Finding, sure: dict[tuple[str, str], str], judged: Sequence[Certainty], say: Saying
) -> Iterator[str]:
    """ "event rate: very low (a)"."""
    for certainty in judged:
        if one.about and certainty.outcome == one.about.key:
            end = certainty.steps.get(OVERALL)
            level = say.text[end.judgement if end else "not_concluded"]
            mark = sure[certainty.outcome, certainty.question]
            yield f"{say.text[certainty.question]}: {level} ({mark})"


def _reasons(certainty: Certainty, mark: str, label: str, say: Saying) -> Said:
    """Where it starts and each step that moves it, with its reason; who took them; what nobody said."""
    steps = [
        say.text["step"].format(
            item=say.text[item], judgement=say.text[row.judgement], reason=clean(row.reason)
        )
        for item, row in certainty.steps.items()
        if item == START or (item != OVERALL and row.judgement != "no change")
    ]
    people = ", ".join(dict.fromkeys(clean(row.by) for row in certainty.steps.values() if row.by))
    said = f"({mark}) {clean(label)}, {say.text[certainty.question]}: {'; '.join(steps) or '-'}."
    said += f" {say.text['by_whom'].format(by=people)}" if people else ""
    if certainty.open:
        said += f" {say.text['not_said'].format(items=', '.join(say.text[item] for item in certainty.open))}"
    return say.own(said)


# ---- notes ---------------------------------------------------------------------------------------


def _notes(
    found: Sequence[Finding],
    empty: int,
    judged: Sequence[Certainty],
    sure: dict[tuple[str, str], str],
    say: Saying,
) -> Iterator[Said]:
    labels = {one.about.key: one.label for one in found if one.about}
    for certainty in _in_order(judged, found):
        yield _reasons(certainty, sure[certainty.outcome, certainty.question], labels[certainty.outcome], say)
    yield say.word("read_not_computed")
    compared = [one for one in found if one.comparator]
    if compared:
        yield say.word("minus_comparator")
    if any(one.about for one in compared):
        reason = CROSS_STUDY if say.lang == "en" else SPANISH_CROSS_STUDY
        yield say.word("confounding", reason=reason)
    methods: dict[str, list[str]] = {}
    for one in found:
        if one.made and len(series_of(one.made)) > 1 and one.made.leading.method:
            method = clean(str(one.made.leading.method)).rstrip(".")
            methods.setdefault(method, []).append(clean(one.label))
    for method, outcomes in methods.items():
        yield say.english(": ".join(filter(None, ("; ".join(filter(None, outcomes)), method))) + ".")
    if empty:
        yield say.word("nothing_to_pool", n=empty)
