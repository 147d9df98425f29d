"""Rows before they are written, and what they do to the analyses: pool before and after, who enters, who does not and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evidence.analysis.consequences import Consequence
from evidence.analysis.results import Analysis, StudyRow
from evidence.report.characters import cells, clean, pad
from evidence.report.machine import csv_rows, interval, json_text, plain
from evidence.report.numbers import percent, plural
from evidence.report.pooled.rows import at, decimals, pool_lines, pool_name
from evidence.report.terminal import BOLD, Paper, as_text
from evidence.review.adding import RowChange
from evidence.review.schema import TABLES
from evidence.review.tables import Review

SHOWN = 5
"""Rows shown in full; of more, the first and how many there are."""

NARROWEST = ("before", "", "", "", "", "")
"""How wide the columns of a pool are at least."""

ACTIONS = {"added": "new", "changed": "changed", "removed": "removed"}


def render_changes(
    changes: Sequence[RowChange],
    found: Sequence[Consequence],
    review: Review,
    format: str = "text",
    *,
    written: bool = False,
    width: int = 80,
    unicode: bool = True,
    color: bool = False,
) -> str:
    """Text, JSON or CSV; `written`, whether it is done, is for programs."""
    if format == "json":
        return render_json(changes, found, written=written)
    if format == "csv":
        return render_csv(changes)
    paper = Paper(width, unicode, color)
    blocks = [_row(change, review, paper) for change in changes[:SHOWN]]
    more = changes[SHOWN:]
    if more and {(change.file, change.action) for change in changes} == {(changes[0].file, "added")}:
        blocks.append([f"and {len(more)} more rows of {changes[0].file}"])
    elif more:  # who says yes has to know of each
        blocks.append([line for change in more for line in paper.paragraph(_brief(change), "", "  ")])
    blocks += [list(_consequence(one, paper)) for one in found]
    return as_text(blocks)


# ---- rows ----------------------------------------------------------------------------------------


def _row(change: RowChange, review: Review, paper: Paper) -> list[str]:
    """Every cell that holds something under its column's name; of a change, only what changes."""
    lines = [paper.paint(BOLD, f"{change.file} row {change.row}, {ACTIONS[change.action]}")]
    names = list(change.cells)
    if change.action == "changed":
        key = [name for name in TABLES[change.table].key if name in change.after]
        all_names = dict.fromkeys((*key, *change.before, *change.after))
        names = [name for name in all_names if name in key or _differs(change, name)]
    column = max((len(clean(name)) for name in names), default=0)
    for name in names:
        indent = f"  {pad(clean(name).replace('_', ' '), column)}  "
        lines += paper.paragraph(_cell(change, name, review), indent, " " * cells(indent))
    return lines


def _brief(change: RowChange) -> str:
    """`outcomes.csv row 7 (lin2026, drug, cure, 12), changed: events 5 -> 6`."""
    key = ", ".join(filter(None, (change.cells.get(name, "") for name in TABLES[change.table].key)))
    head = f"{change.file} row {change.row} ({clean(key)}), {ACTIONS[change.action]}"
    if change.action != "changed":
        return head
    names = [name for name in dict.fromkeys((*change.before, *change.after)) if _differs(change, name)]
    cells_ = (
        f"{clean(name)} {clean(change.before.get(name, '')) or 'empty'} -> {clean(change.after.get(name, '')) or 'empty'}"
        for name in names
    )
    return f"{head}: {'; '.join(cells_)}"


def _differs(change: RowChange, name: str) -> bool:
    return change.before.get(name, "") != change.after.get(name, "")


def _cell(change: RowChange, name: str, review: Review) -> str:
    text = clean(change.cells.get(name, ""))
    if change.action == "changed" and _differs(change, name):
        was = clean(change.before.get(name, "")) or "empty"
        return f"{was} -> {text or 'empty'}"
    called = ""
    if name in ("study", "cited_by") and text in review.labels:
        called = review.label(text)
    elif name == "outcome" and text in review.outcomes:
        called = review.outcomes[text].label
    return f"{text} ({clean(called)})" if called and called != text else text


# ---- analyses ------------------------------------------------------------------------------------


def _consequence(one: Consequence, paper: Paper) -> Iterator[str]:
    name = f" ({clean(one.analysis)})" if one.analysis else ""
    yield paper.paint(BOLD, paper.say(f"{clean(one.label)}{name}"))
    if one.changed:
        lines = [*_pool("before", one.before), *_pool("after", one.after)]
        widths = [max(cells(line[i]) for line in (*lines, NARROWEST)) for i in range(6)]
        for when, analysis, impossible in (
            ("before", one.before, one.impossible_before),
            ("after", one.after, one.impossible_after),
        ):
            if analysis is None:
                yield from paper.paragraph(clean(impossible), f"  {pad(when, 6)}  ", " " * 10)
            for line in _pool(when, analysis):
                columns = zip(line, widths, strict=True)
                parts = [pad(text, width, right=place > 2) for place, (text, width) in enumerate(columns)]
                yield "  " + paper.say("  ".join(parts))
    elif one.after is None:
        yield from paper.paragraph(f"Still not possible: {clean(one.impossible_after)}", "  ", "  ")
    else:
        series = plural(int(one.after.pooled[0].source.k), "series")
        yield from paper.paragraph(f"The pool stays as it is: {_counts(one.after)} in {series}.", "  ", "  ")
    for text in sentences(one):
        yield from paper.paragraph(text, "  ", "  ")


def sentences(one: Consequence) -> Iterator[str]:
    """Who enters, who leaves, whose numbers are others, and why a report that was touched stays out."""
    for row in one.entered:
        as_ours = " as ours" if row.role == "ours" else ""
        yield f"{clean(row.label)} enters{as_ours}: {row.events}/{row.n}{at(row.when)}."
    for row in one.left:
        yield f"{clean(row.label)} is no longer pooled (it was {row.events}/{row.n}{at(row.when)})."
    for was, now in one.moved:
        yield f"{clean(now.label)}: {_said(was)} before, {_said(now)} now."
    for out in one.out:
        yield f"{clean(out.label)} does not enter: {clean(out.reason)} (rule: {out.rule})."
    yield from _notes(one)


def _said(row: StudyRow) -> str:
    return f"{row.events}/{row.n}{at(row.when)}" + (", as ours" if row.role == "ours" else "")


def _notes(one: Consequence) -> Iterator[str]:
    """What is to be minded about a report that was touched and was not before: an overlap that is only possible."""
    if one.after is None:
        return
    known = one.before.notes if one.before is not None else ()
    names = [row.label for row in (*one.entered, *(now for _, now in one.moved))]
    for note in one.after.notes:
        if note not in known and any(name in note for name in names):
            yield clean(note)


def _pool(when: str, analysis: Analysis | None) -> list[tuple[str, ...]]:
    """The pool's lines as `evidence pool` has them."""
    if analysis is None:
        return []
    digits, rows = decimals(analysis), list[tuple[str, ...]]()
    first = (when, plural(int(analysis.pooled[0].source.k), "series"))
    for line in pool_lines(analysis.pooled[0], single=True):
        value = line.value
        assert value is not None
        limits = f"{percent(value.low, digits)} to {percent(value.high, digits)}"
        label = line.label.removeprefix(f"{pool_name('all')}, ")
        rows.append((*first, label, line.counts, percent(value.estimate, digits), limits))
        first = ("", "")
    return rows


def _counts(analysis: Analysis) -> str:
    whole = analysis.pooled[0].source
    return f"{int(whole.events)}/{int(whole.n)}"


# ---- for programs --------------------------------------------------------------------------------


def render_json(changes: Sequence[RowChange], found: Sequence[Consequence], *, written: bool) -> str:
    """One object: `written`; `rows`, each with its cells before and after; `analyses`, each with its pool before and after."""
    document = {
        "written": written,
        "rows": [
            {
                "action": change.action,
                "table": change.table,
                "file": change.file,
                "row": change.row,
                "before": dict(change.before) or None,
                "after": dict(change.after) or None,
            }
            for change in changes
        ],
        "analyses": [_data(one) for one in found],
    }
    return json_text(plain(document))


def _data(one: Consequence) -> dict[str, Any]:
    return {
        "analysis": one.analysis,
        "outcome": one.label,
        "changed": one.changed,
        "before": _pool_data(one.before),
        "after": _pool_data(one.after),
        "impossible_before": one.impossible_before or None,
        "impossible_after": one.impossible_after or None,
        "entered": [_study(row) for row in one.entered],
        "left": [_study(row) for row in one.left],
        "moved": [{"before": _study(was), "after": _study(now)} for was, now in one.moved],
        "excluded": [{"study": out.study, "rule": out.rule, "reason": out.reason} for out in one.out],
        "notes": list(_notes(one)),
    }


def _pool_data(analysis: Analysis | None) -> dict[str, Any] | None:
    if analysis is None:
        return None
    whole, source = analysis.pooled[0].result, analysis.pooled[0].source
    return {
        "k": int(whole.k),
        "events": int(whole.events),
        "n": int(whole.n),
        "model": whole.model,
        "exact": interval(source.exact),
        "proportion": interval(whole.proportion),
        "average": interval(whole.average),
    }


def _study(row: StudyRow) -> dict[str, Any]:
    return {
        "study": row.study,
        "label": row.label,
        "role": row.role,
        "arm": row.arm,
        "when": row.when,
        "events": row.events,
        "n": row.n,
        "state": row.state,
    }


def render_csv(changes: Sequence[RowChange]) -> str:
    """A line for each cell that is another than before."""
    rows = (
        (change.action, change.file, change.row, name, change.before.get(name), change.after.get(name))
        for change in changes
        for name in dict.fromkeys((*change.before, *change.after))
        if _differs(change, name)
    )
    return csv_rows((("action", "file", "row", "column", "before", "after"), *rows))
