"""What a notebook shows of each kind of result: the parts that its terminal rendering is made of, made of the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.parts import Code, Folded, Line, Paragraph, Part, Points, Said, Table

if TYPE_CHECKING:
    from evidence.report.pooled.rows import Row


@dataclass(frozen=True)
class Picture:
    """A forest: a line for each row, with its bar on one axis. `rule` is where the reference's rate stands on it.

    The last two of `head` are of the picture and of the source; a line's `detail` is where its number was read, its
    place in `addresses` a link to that.
    """

    caption: str
    head: tuple[str, ...]
    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]
    rule: float | None
    weighted: bool
    addresses: tuple[str, ...]


class Fragment(NamedTuple):
    """What is shown of a result: its name, and parts one below the other."""

    heading: str
    parts: tuple[Part | Picture, ...]


def describe(result: object) -> Fragment:
    """The parts of a result; of a kind that is not known here, its text as it is."""
    for kind in type(result).__mro__:
        if kind.__name__ in KINDS:
            heading, *parts = KINDS[kind.__name__](result)
            return Fragment(str(heading), tuple(part for part in parts if not isinstance(part, str)))
    return Fragment(type(result).__name__, (Code(tuple(str(result).splitlines())),))


Parts = Iterator[str | Part | Picture]
"""The heading first, then the parts."""


def _say(text: str, tone: str = "") -> Paragraph:
    return Paragraph(Said(text), tone)


def _warn(warnings: Iterable[str]) -> Iterator[Paragraph]:
    return (_say(text, "warning") for text in warnings)


def _list(texts: Iterable[str], footnotes: Iterable[tuple[str, str]] = ()) -> Points:
    """What to mind, then what the marks mean; empty texts left out."""
    marked = "; ".join(f"{mark}\xa0{text}" for mark, text in footnotes)
    return Points(tuple(Said(text) for text in (*texts, marked) if text))


def _grid(cells: Sequence[Sequence[str]], caption: str = "", left: int = 1, last: int = 0) -> Iterator[Table]:
    """Cells with their head as a table; from column `left` on numbers, but for the `last` ones; nothing without rows."""
    if len(cells) > 1:
        head, *rows = (tuple(Said(cell.strip()) for cell in line) for line in cells)
        yield Table(caption, head, tuple(rows), frozenset(range(left, len(head) - last)))


def _forest(
    lines: Sequence[Row], digits: int, rate: float | None = None, caption: str = "", name: str = "Study"
) -> Iterator[Picture]:
    """Rows as `evidence` prints them on a terminal; `rate` is the reference's, ruled through the picture."""
    from evidence.report.forest import axis_top
    from evidence.report.page.forest import bars, position, ticks

    values = [line.value for line in lines if line.value is not None]
    if not values:
        return
    top = axis_top(values)
    weighted = any(line.weight is not None for line in lines)
    level = numbers.level(values[0].level)
    head = [name, "Events/n", "%", f"{level}% CI", *(["Weight"] if weighted else []), "Forest plot", "Source"]
    shown = []
    for line, bar in zip(lines, bars(lines, top), strict=True):
        estimate = limits = ""
        if line.value is not None:
            estimate = "" if line.kind == "prediction" else numbers.percent(line.value.estimate, digits)
            limits = (
                f"{numbers.percent(line.value.low, digits)} to {numbers.percent(line.value.high, digits)}"
            )
        weight = "" if line.weight is None else f"{100 * line.weight:.1f}"
        read = (line.study.locator or line.study.source) if line.study else ""
        shown.append(Line(line.kind, Said(line.name), line.counts, estimate, limits, weight, bar, read))
    yield Picture(
        caption,
        tuple(head),
        tuple(shown),
        ticks(top),
        None if rate is None else position(rate, top),
        weighted,
        tuple(line.study.source if line.study else "" for line in lines),
    )


# ---- pools and comparisons -----------------------------------------------------------------------


def _analysis(result: Any) -> Parts:
    from evidence.report.pooled.rows import decimals, rows
    from evidence.report.pooled.text import checked_reference, legend
    from evidence.report.pooled.words import words

    said, reference = words(result), checked_reference(result)
    yield said.heading or "Pooled"
    yield _say(said.headline)
    rate = float(reference.proportion.estimate) if reference else None
    yield from _forest(rows(result), decimals(result), rate)
    remarks = (*said.comparison, *said.heterogeneity, *said.notes, *said.group_notes, *said.row_notes)
    yield _list((*remarks, said.differences, *said.methods), (*said.footnotes, *legend(reference)))
    if said.excluded:
        listed = tuple(_grid([("Rule", "Reports"), *said.excluded], left=2))
        yield Folded("Left out, by the first rule that applies", listed)


def _compared(result: Any) -> Parts:
    from evidence.report.compared.export import remarks
    from evidence.report.compared.text import ruled_row, side_lines, table
    from evidence.report.compared.words import words
    from evidence.report.pooled.rows import decimals
    from evidence.report.pooled.text import legend

    said, ruled = words(result), ruled_row(result)
    yield said.heading or "Compared"
    yield _say(said.headline)
    rate = float(ruled.proportion.estimate) if ruled else None
    yield from _forest(list(side_lines(result)), decimals(result), rate, name="Side")
    yield from _grid(table(result), "Differences")
    yield _list(remarks(said), (*said.footnotes, *legend(ruled)))


def _trials(result: Any) -> Parts:
    from evidence.report.trial.export import remarks
    from evidence.report.trial.words import pool_table, table, words

    said = words(result)
    yield said.heading or "Trials"
    yield _say(said.headline)
    yield from _grid(table(result), "Each trial")
    for pool in result.pools:
        yield from _grid(pool_table(result, pool), "Pooled")
    yield _list(remarks(said), said.footnotes)


def _multilevel(result: Any) -> Parts:
    from evidence.report.pooled.multilevel import averages, heading, headline, notes

    yield heading(result)
    yield _say(headline(result))
    rows = [
        (row.cluster, row.label, row.when, f"{row.events}/{row.n}", numbers.percent(row.events / row.n))
        for row in result.rows
    ]
    yield from _grid([("Cohort", "Report", "When", "Events/n", "%"), *rows], "Rows", left=3)
    level = numbers.level(result.pooled.level)
    means = [
        (
            name,
            "" if value is result.pooled.prediction else numbers.percent(value.estimate),
            f"{numbers.percent(value.low)} to {numbers.percent(value.high)}",
        )
        for name, value in averages(result)
    ]
    yield from _grid([("Average", "%", f"{level}% CI"), *means], "Averages")
    yield _list((*notes(result), f"Method: {result.pooled.method}."))


# ---- what moves a pool ---------------------------------------------------------------------------


def _regression(result: Any) -> Parts:
    from evidence.report.pooled.words import sentence
    from evidence.report.regression.text import (
        coefficient_cells,
        findings,
        method_words,
        prediction_cells,
        remarks,
        title,
    )

    yield title(result)
    yield from _warn(map(sentence, result.warnings))
    yield _say(" ".join(findings(result)))
    yield from _grid(coefficient_cells(result), "Coefficients")
    if result.predictions:
        yield from _grid(prediction_cells(result), "Predicted proportions")
    yield _list((*remarks(result), method_words(result)))


def _influence(result: Any) -> Parts:
    from evidence.report.influence.words import digits, lines, table, words
    from evidence.report.pooled.text import checked_reference, legend
    from evidence.report.pooled.words import footnotes

    said = words(result)
    yield said.heading
    yield _say(said.headline)
    marked: tuple[tuple[str, str], ...] = ()
    if result.refits is not None:
        reference = checked_reference(result)
        rate = float(reference.proportion.estimate) if reference else None
        yield from _forest(lines(result), digits(result), rate, name="Series")
        marked = (*footnotes(result), *legend(reference))
    yield from _grid(table(result))
    yield _list((*said.notes, said.method), marked)


def _gosh(result: Any) -> Parts:
    from evidence.report.influence.gosh import table, words

    said = words(result)
    yield said.heading
    yield _say(said.headline)
    yield from _grid(table(result))
    yield _list((said.shape, *said.notes, said.method))


def _asymmetry(result: Any) -> Parts:
    from evidence.report.asymmetry.words import remarks, table, words

    said = words(result)
    yield said.heading
    yield from _warn(said.warnings)
    yield _say(said.headline)
    yield from _grid(table(result), "Tests", left=2)
    yield _list(remarks(said))


def _sensitivity(result: Any) -> Parts:
    from evidence.report.sensitivity.text import sections
    from evidence.report.sensitivity.words import words

    said = words(result)
    yield said.heading
    yield _say(said.headline)
    yield _say(said.weakest)
    for title, text, cells in sections(result):
        if cells:
            yield _say(text)
            yield from _grid(cells, title)
        elif text:
            yield _say(f"{title}: {text}")
    yield _list((*said.notes, f"Method: {said.method}"))


def _history(result: Any) -> Parts:
    from evidence.report.history.words import history_table, line_words

    yield clean(result.title or result.review)
    if result.lines:
        head, *rows = history_table(result)
        said = [(*row, line_words(line)) for row, line in zip(rows, result.lines, strict=True)]
        yield from _grid([(*head, "What changed"), *said], "Snapshots", left=len(head) + 1)
    else:
        yield _say("No snapshot yet.")
    yield _list(result.notes)


def _diff(result: Any) -> Parts:
    from evidence.report.history.words import words

    said = words(result)
    yield said.heading
    yield from _warn(result.warnings)
    yield _say(said.headline)
    for name, lines in said.lists:
        yield _say(f"{name}:")
        yield _list(lines)
    if result.changed:
        yield from _grid([("", "Before", "Now"), *said.results] if said.results else [], "Results")
    yield from _grid(said.steps, "Study by study")
    yield _list(said.notes)


# ---- scores of patients --------------------------------------------------------------------------


def _responders(result: Any) -> Parts:
    from evidence.report.pooled.rows import Row
    from evidence.report.scores.responders import figures, summaries, words

    said = words(result)
    yield said.heading
    yield _say(said.headline)
    counts = [
        Row("study", clean(count.rule.name), events=count.events, n=count.n, value=count.proportion)
        for count in result.counts
    ]
    yield from _forest(counts, 1, name="Response")
    medians = [figures(*row) for row in summaries(result)]
    yield from _grid([("Median of", "n", "Median", "Range", "Exact interval"), *medians], "Medians")
    yield _list((*said.missing, *said.notes, said.method))


def _scores(result: Any) -> Parts:
    from evidence.report.scores.responders import figures, summaries
    from evidence.report.scores.text import words

    said = words(result)
    yield said.heading
    yield _say(said.headline)
    medians = [figures(*row) for row in summaries(result.described)]
    yield from _grid([("Median of", "n", "Median", "Range", "Exact interval"), *medians], "Medians")
    yield _list((*said.notes, said.method))


def _pooled_scores(result: Any) -> Parts:
    from evidence.report.scores.pooled import heading, headline, method, notes, printed_as

    yield result.source or "Scores, pooled"
    for pool in result.times:
        yield _say(headline(pool))
        rows = [(row.study, str(row.n), printed_as(row)) for row in pool.rows]
        yield from _grid([("Study", "n", "As printed"), *rows], heading(result, pool), left=3)
        pools = [
            (
                each.method,
                each.target,
                *(f"{value:.4g}".replace("-", "−") for value in each.pooled),
                f"{100 * each.pooled.level:.4g}",
            )
            for each in pool.pools
        ]
        yield from _grid([("Method", "Of", "Estimate", "Low", "High", "Level, %"), *pools], "Pools", left=2)
    yield _list((*notes(result), f"Method: {method(result)}."))


# ---- the review ----------------------------------------------------------------------------------


def _audit(result: Any) -> Parts:
    from evidence.report.review.audit import MEANS, NOUNS

    yield result.title
    read = ", ".join(
        numbers.plural(result.read[table], noun) for table, noun in NOUNS.items() if result.read[table]
    )
    found = ", ".join(numbers.plural(count, severity) for severity, count in result.counts.items())
    yield _say(f"{read or 'Nothing'} recomputed: {found or 'nothing found'}.")
    rows = [
        (
            result.labels[one.study],
            one.severity,
            ", ".join(filter(None, (one.quantity, one.place))),
            one.printed,
            one.recomputed,
            one.reason,
            f"{one.file}, row {one.row}",
        )
        for one in result.findings
    ]
    head = ("Report", "Severity", "Of", "Printed", "Recomputed", "Why", "In the review")
    yield from _grid([head, *rows], "Findings", left=len(head))
    yield _list(f"{severity}: {MEANS[severity]}" for severity in result.counts)


def _checklist(result: Any) -> Parts:
    from evidence.report.checklists.items import STATUSES
    from evidence.report.checklists.printing import HEADS

    words = STATUSES[result.lang]
    yield f"{result.title}. {result.review}"
    yield _say("; ".join(f"{words[status]}: {result.count(status)}" for status in words) + ".")
    rows = [
        (item.number, item.topic, item.text, words[item.status], item.where, item.missing, item.command)
        for item in result.items
    ]
    yield from _grid([HEADS[result.lang], *rows], result.title, left=len(HEADS[result.lang]))
    yield _list((*result.notes, result.source))


def _written(result: Any) -> Parts:
    yield result.piece.capitalize()
    yield _say(result.text)
    yield Points(tuple(map(Said, result.references)), numbered=True)


def _review(result: Any) -> Parts:
    yield result.title or result.name
    yield _say(f"{numbers.plural(len(result.studies), 'report')} in {result.path}.")
    rows = [
        (
            key,
            outcome.label,
            outcome.definition,
            str(len({row.study for row in result.by_outcome.get(key, ())})),
            str(len(result.by_outcome.get(key, ()))),
        )
        for key, outcome in result.outcomes.items()
    ]
    yield from _grid([("Outcome", "Label", "Definition", "Reports", "Results"), *rows], "Outcomes", left=3)
    analyses = [
        (key, result.outcomes[spec.outcome].label, ", ".join(spec.designs))
        for key, spec in result.analyses.items()
    ]
    yield from _grid([("Analysis", "Outcome", "Designs that are pooled"), *analyses], "Analyses", left=3)


# ---- bare numbers --------------------------------------------------------------------------------


MOST = 20
"""Tables of a batch that are shown."""


def _pooled(result: Any) -> Parts:
    from evidence.report.pooled.rows import MODEL_NAMES, Row

    if isinstance(result.model, tuple):
        yield from _batch(result)
        return
    yield f"{numbers.plural(result.k, 'study')} pooled: {MODEL_NAMES.get(result.model, result.model)}"
    studies = result.studies
    values = [type(studies)(*row, studies.level) for row in zip(*studies, strict=True)]
    each = zip(result.study_events, result.study_n, values, strict=True)
    lines = [
        Row("study", f"Study {number}", events=int(x), n=int(n), value=value)
        for number, (x, n, value) in enumerate(each, 1)
    ]
    if result.weights is not None:
        lines = [
            line._replace(weight=float(share)) for line, share in zip(lines, result.weights, strict=True)
        ]
    model = MODEL_NAMES.get(result.model, result.model)
    bayes = result.model == "bayes"  # whose median is not events / n
    value = result.exact if bayes else result.proportion
    called = f"Pooled, {'exact' if bayes else model}"
    lines.append(Row("pool", called, events=int(result.events), n=int(result.n), value=value))
    if bayes:
        lines.append(Row("panel", f"{model}, median", value=result.proportion))
    if result.average is not None:
        lines.append(Row("average", f"{model}, average", value=result.average))
    if result.prediction is not None:
        lines.append(Row("prediction", "Another study, prediction", value=result.prediction))
    yield from _forest(lines, 1)
    spread = result.heterogeneity
    differ = ""
    if spread is not None and numbers.known(spread.tau2) and numbers.known(spread.pvalue):
        differ = (
            f"tau² {numbers.plain(float(spread.tau2))}, I² {100 * spread.i2:.0f} %, "
            f"Q = {numbers.plain(float(spread.q))} on {spread.df} df, {numbers.pvalue(float(spread.pvalue))}."
        )
    yield _list((differ, *result.notes, f"Method: {result.method}."))


def _batch(result: Any) -> Parts:
    total = len(result.model)
    yield f"{numbers.plural(total, 'table')} of {numbers.plural(result.k, 'study')}, pooled"
    rows = [
        (
            str(place + 1),
            f"{result.events[place]:.0f}/{result.n[place]:.0f}",
            result.model[place],
            numbers.percent(result.proportion.estimate[place]),
            f"{numbers.percent(result.proportion.low[place])} to {numbers.percent(result.proportion.high[place])}",
        )
        for place in range(min(total, MOST))
    ]
    head = ("Table", "Events/n", "Model", "%", f"{numbers.level(result.level)}% CI")
    yield from _grid([head, *rows], f"The first {MOST}" if total > MOST else "Pools")


def _comparison(result: Any) -> Parts:
    yield "Two proportions compared"
    level = numbers.level(result.difference.level)
    gap, form = result.difference, numbers.points
    rows = [
        (
            "Difference, points",
            form(gap.estimate, sign=True),
            f"{form(gap.low)} to {form(gap.high)}",
            result.difference_method,
        )
    ]
    for name, value, how in (
        ("Ratio", result.ratio, result.ratio_method),
        ("Odds ratio", result.odds_ratio, result.odds_ratio_method),
    ):
        if value is not None:
            limits = f"{numbers.ratio(value.low)} to {numbers.ratio(value.high)}"
            rows.append((name, numbers.ratio(value.estimate), limits, how or ""))
    yield from _grid([("", "Estimate", f"{level}% CI", "Method"), *rows], last=1)
    known = result.test is not None and numbers.known(result.pvalue)
    yield _list(
        (f"{result.test.capitalize()}: {numbers.pvalue(result.pvalue)}." if known else "", *result.notes)
    )


KINDS: Mapping[str, Callable[[Any], Parts]] = {
    "Analysis": _analysis,
    "Asymmetry": _asymmetry,
    "Audit": _audit,
    "Checklist": _checklist,
    "Compared": _compared,
    "Comparison": _comparison,
    "Diff": _diff,
    "Gosh": _gosh,
    "History": _history,
    "Influence": _influence,
    "Multilevel": _multilevel,
    "Pooled": _pooled,
    "PooledScores": _pooled_scores,
    "Regression": _regression,
    "Responders": _responders,
    "Review": _review,
    "Scores": _scores,
    "Sensitivity": _sensitivity,
    "Trials": _trials,
    "Written": _written,
}
"""Kind of result -> what a notebook shows of it."""
