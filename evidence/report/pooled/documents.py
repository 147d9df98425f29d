"""For a manuscript: the table with its sentences in Markdown and in LaTeX (booktabs)."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.analysis.results import Analysis
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.markup import (
    LATEX,
    MARKDOWN,
    Escape,
    Markup,
    escape_latex,
    escape_markdown,
    markdown_table,
    markdown_text,
)
from evidence.report.pooled.rows import Row, decimals, rows
from evidence.report.pooled.words import Words, words
from evidence.synthesis.results import Interval


def render_markdown(analysis: Analysis, *, excluded: bool = False, panel: bool = False) -> str:
    """A heading, the answer, the table with sources, then the notes as a list."""
    said, escape = words(analysis), escape_markdown
    cells = list(_cells(analysis, MARKDOWN, panel=panel))
    table = markdown_table(cells, numeric=range(1, len(cells[0]) - 2))
    notes = [f"- {escape(text)}" for text in _remarks(said, excluded)]
    notes += [f"- {mark} {escape(text)}" for mark, text in said.footnotes]
    parts = [[f"# {escape(said.heading)}"], [escape(said.headline)], table, notes]
    return markdown_text(parts)


def render_latex(analysis: Analysis, *, excluded: bool = False, panel: bool = False) -> str:
    """A table environment for booktabs; sources and notes in small type beneath it."""
    said, escape = words(analysis), escape_latex
    head, *body = _cells(analysis, LATEX, panel=panel)
    notes = [escape(text) for text in (said.headline, *_remarks(said, excluded))]
    notes += [f"{escape(mark)} {escape(text)}." for mark, text in said.footnotes]
    notes += [f"{line[0]}: {line[-1]}." for line in body if line[-1]]
    lines = [
        r"% needs \usepackage{booktabs} and UTF-8 input",
        r"\begin{table}",
        rf"\caption{{{escape(said.heading)}}}",
        r"\centering",
        rf"\begin{{tabular}}{{l{'r' * (len(head) - 3)}l}}",
        r"\toprule",
        " & ".join(head[:-1]) + r" \\",
        r"\midrule",
        *(" & ".join(line[:-1]) + r" \\" for line in body),
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\medskip",
        r"\begin{minipage}{\linewidth}\footnotesize",
        *(rf"{note}\par" for note in notes),
        r"\end{minipage}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _remarks(said: Words, excluded: bool) -> list[str]:
    left_out = [f"Left out ({rule}): {text}" for rule, text in said.excluded] if excluded else []
    parts = (
        *said.comparison,
        *said.heterogeneity,
        *said.notes,
        *said.group_notes,
        *said.row_notes,
        said.differences,
        *said.methods,
        *left_out,
    )
    return [text for text in parts if text]


def _cells(analysis: Analysis, markup: Markup, *, panel: bool) -> Iterator[list[str]]:
    """The table's cells, header first: label, counts, percent, interval, weight, when and source."""
    lines, escape = rows(analysis, panel=panel), markup.escape
    values = [line.value for line in lines if line.value]
    digits = decimals(analysis)
    level = numbers.level(values[0].level) if values else "95"
    weighted = any(line.weight is not None for line in lines)
    head = ["Study", "Events/n", "%", f"{level}% CI", *(["Weight"] if weighted else []), "When", "Source"]
    yield [escape(text) for text in head]
    for line in lines:
        if line.value is None:
            yield [markup.strong(escape(line.label)), *[""] * (len(head) - 1)]
            continue
        yield [
            escape(line.name),
            line.counts,
            *_figures(line, line.value, digits, escape),
            *([escape("" if line.weight is None else f"{100 * line.weight:.1f}")] if weighted else []),
            escape(clean(line.study.when)) if line.study and line.kind != "reference" else "",
            origin(line, markup),
        ]


def _figures(line: Row, value: Interval, digits: int, escape: Escape) -> list[str]:
    estimate = "" if line.kind == "prediction" else numbers.percent(value.estimate, digits)
    limits = f"{numbers.percent(value.low, digits)} to {numbers.percent(value.high, digits)}"
    return [escape(estimate), escape(limits)]


def origin(line: Row, markup: Markup) -> str:
    """Where the number was read: the place, then the address."""
    if line.study is None:
        return ""
    place, source = clean(line.study.locator), clean(line.study.source)
    return ", ".join([markup.escape(place)] * bool(place) + [markup.address(source)] * bool(source))
