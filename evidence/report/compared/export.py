"""A comparison for other programs and for manuscripts: JSON and CSV in full, Markdown to paste."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evidence.analysis.results import Compared, Contrast, PoolRow, StudyRow
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.compared.text import side_lines, table
from evidence.report.compared.words import Words, side, words
from evidence.report.machine import about, csv_text, finite, json_text, plain
from evidence.report.markup import MARKDOWN, escape_markdown, markdown_table, markdown_text
from evidence.report.pooled.documents import origin
from evidence.report.pooled.export import as_contrast, as_pool, as_study
from evidence.report.pooled.rows import decimals, find_row, marks
from evidence.report.verbs import said
from evidence.synthesis.results import Interval


def remarks(told: Words) -> list[str]:
    """What to mind, a sentence or paragraph each, in the order of the screen."""
    parts = (
        told.bearing,
        told.hidden,
        *told.notes,
        *told.row_notes,
        told.differences,
        told.test,
        told.method,
    )
    return [text for text in parts if text]


# ---- JSON ----------------------------------------------------------------------------------------


def render_json(compared: Compared) -> str:
    """One object; rows, pools and comparisons have the keys they have in a pool, the first comparison leads."""
    return json_text(to_dict(compared))


def to_dict(compared: Compared) -> dict[str, Any]:
    """The comparison as plain dicts, lists, strings and numbers."""
    told = words(compared)
    notes = remarks(told)
    notes += [f"{mark} {text}" for mark, text in told.footnotes]
    comparisons = [_contrast(compared, contrast, notes) for contrast in compared.comparisons]
    return {
        **about(compared),
        "options": plain(compared.options),
        "answer": told.headline,
        "studies": [finite(as_study(compared, study)) for study in compared.studies],
        "pooled": [finite(as_pool(compared, pool)) for pool in compared.pooled],
        "comparisons": comparisons,
        "notes": notes,
    }


def _contrast(compared: Compared, contrast: Contrast, notes: list[str]) -> dict[str, Any]:
    made = as_contrast(contrast, notes)
    own = [said(compared, note) for note in contrast.comparison.notes]
    return made | {
        "hidden_nonresponders": contrast.hidden_nonresponders,
        "kind": contrast.kind,
        "notes": own,
    }


# ---- CSV -----------------------------------------------------------------------------------------

SIDE = ("events", "n", "weeks", "when", "arm", "state", "scale", "source", "locator")
INTERVALS = ("difference", "ratio", "odds_ratio")
COLUMNS = (
    "kind",
    "ours",
    *(f"ours_{name}" for name in SIDE),
    "against",
    *(f"against_{name}" for name in SIDE),
    *(f"{name}{part}" for name in INTERVALS for part in ("", "_low", "_high", "_method")),
    "level",
    "test",
    "pvalue",
    "hidden_nonresponders",
    "marks",
    "differs_in",
    "notes",
)


def render_csv(compared: Compared) -> str:
    """One row a comparison, the first to lead, then the notes; differences are of proportions from 0 to 1."""
    told = words(compared)
    lines = [_line(compared, contrast) for contrast in compared.comparisons]
    lines += [{"kind": "note", "notes": text} for text in (told.headline, *remarks(told))]
    lines += [{"kind": "note", "marks": mark, "notes": text} for mark, text in told.footnotes]
    return csv_text(COLUMNS, lines)


def _line(compared: Compared, contrast: Contrast) -> dict[str, Any]:
    comparison = contrast.comparison
    line: dict[str, Any] = {
        "kind": contrast.kind or "comparison",
        "ours": contrast.ours,
        "against": contrast.against,
        "level": comparison.difference.level,
        "test": comparison.test,
        "pvalue": comparison.pvalue,
        "hidden_nonresponders": contrast.hidden_nonresponders,
        "differs_in": "; ".join(contrast.differs_in),
        "notes": "; ".join(said(compared, note) for note in comparison.notes),
    }
    row = find_row(compared, contrast.against)
    line["marks"] = " ".join(marks(compared, row)) if row else None
    for which in ("ours", "against"):
        line |= _side(side(compared, line[which]), which)
    for name in INTERVALS:
        line |= _interval(name, getattr(comparison, name), getattr(comparison, f"{name}_method"))
    return line


def _side(found: StudyRow | PoolRow, which: str) -> dict[str, Any]:
    if isinstance(found, PoolRow):
        return {f"{which}_events": found.source.events, f"{which}_n": found.source.n}
    fields = {f"{which}_{name}": getattr(found, name) for name in SIDE}
    fields[f"{which}_weeks"] = None if found.weeks is None else f"{found.weeks:g}"
    return fields


def _interval(name: str, interval: Interval | None, method: str | None) -> dict[str, Any]:
    if interval is None:
        return {}
    limits = {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return limits | {f"{name}_method": method}


# ---- Markdown ------------------------------------------------------------------------------------


def render_markdown(compared: Compared) -> str:
    """A heading, the answer, both sides with their sources, the contrasts, then the notes as a list."""
    told, escape = words(compared), escape_markdown
    notes = [f"- {escape(text)}" for text in remarks(told)]
    notes += [f"- {mark} {escape(text)}" for mark, text in told.footnotes]
    contrasts = [[escape(cell) for cell in line] for line in table(compared)]
    parts = [
        [f"# {escape(told.heading)}"] if told.heading else [],
        [escape(told.headline)],
        markdown_table(_sides(compared)),
        markdown_table(contrasts),
        notes,
    ]
    return markdown_text(parts)


def _sides(compared: Compared) -> Iterator[list[str]]:
    lines, digits = list(side_lines(compared)), decimals(compared)
    level = numbers.level(compared.leading.comparison.difference.level)
    yield ["Side", "Events/n", "%", f"{level}% CI", "When", "Source"]
    for line in lines:
        assert line.value is not None
        limits = f"{numbers.percent(line.value.low, digits)} to {numbers.percent(line.value.high, digits)}"
        yield [
            escape_markdown(line.name),
            line.counts,
            numbers.percent(line.value.estimate, digits),
            limits,
            escape_markdown(clean(line.study.when)) if line.study else "",
            origin(line, MARKDOWN),
        ]
