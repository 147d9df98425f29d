"""What changed, for other programs and for manuscripts: JSON and CSV in full, Markdown to paste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evidence.analysis.history import Diff, Entry, History, Line, Side, Step
from evidence.analysis.results import StudyRow
from evidence.analysis.snapshots import ContrastState, PoolState, plain
from evidence.report.characters import clean
from evidence.report.history.words import history_table, line_words, step_name, words
from evidence.report.machine import csv_text, json_text, limits
from evidence.report.markup import escape_markdown, markdown_table, markdown_text
from evidence.review.changes import FileChange
from evidence.review.schema import TABLES

KEYS = {table.file: table.key for table in TABLES.values()}

# ---- JSON ----------------------------------------------------------------------------------------


def render_diff_json(diff: Diff) -> str:
    """One object; `before` and `after` hold what each side says, the rest what is between them."""
    told = words(diff)
    moves = diff.moves
    return json_text(
        {
            "version": diff.version,
            "review": diff.review,
            "outcome": diff.outcome,
            "analysis": diff.analysis,
            "changed": diff.changed,
            "warnings": list(map(clean, diff.warnings)),
            "answer": told.headline,
            "before": _side(diff.before),
            "after": _side(diff.after),
            "files": [_file(change) for change in diff.files],
            "entered": [_entry(entry) for entry in moves.entered],
            "left": [_entry(entry) for entry in moves.left],
            "changed_rows": [{"before": _row(old), "after": _row(new)} for old, new in moves.changed],
            "outside": [entry._asdict() for entry in moves.outside],
            "references": [
                {"before": old and _row(old), "after": new and _row(new)} for old, new in moves.references
            ],
            "options": [
                {"option": name, "before": plain(old), "after": plain(new)}
                for name, old, new in moves.options
            ],
            "steps": [_step(step) for step in diff.steps],
            "total": plain(diff.total),
            "comparisons": [
                {
                    "ours": (new or old).ours,  # type: ignore[union-attr]  # one of them is there
                    "against": (new or old).against,  # type: ignore[union-attr]
                    "before": old and _contrast(old),
                    "after": new and _contrast(new),
                }
                for old, new in diff.comparisons
            ],
            "notes": list(told.notes),
        }
    )


def _side(side: Side) -> dict[str, Any]:
    state = side.state
    return {
        "name": side.name,
        "when": side.when,
        "version": side.version,
        "data": side.data,
        "impossible": side.impossible or None,
        "options": state and plain(state.options),
        "pooled": [_pool(pool) for pool in state.pooled] if state else [],
    }


def _pool(pool: PoolState) -> Any:
    return plain(pool._asdict() | {"notes": list(map(clean, pool.notes))})


def _file(change: FileChange) -> dict[str, Any]:
    names = KEYS.get(change.file, ("setting",))
    return {
        "file": change.file,
        "note": change.note,
        "rows": [
            {
                "change": row.kind,
                "row": row.row or None,
                "key": dict(zip(names, row.key, strict=False)),
                "cells": [cell._asdict() for cell in row.cells],
            }
            for row in change.rows
        ],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {**_row(entry.row), "rule": entry.rule, "reason": entry.reason}


ROW = ("study", "label", "arm", "subgroup", "when", "role", "events", "n", "state", "source", "locator")


def _row(row: StudyRow) -> dict[str, Any]:
    return {name: plain(getattr(row, name)) for name in ROW}


def _step(step: Step) -> dict[str, Any]:
    made: dict[str, Any] = plain(step._asdict())
    return made


def _contrast(contrast: ContrastState) -> dict[str, Any]:
    made: dict[str, Any] = plain(contrast._asdict())
    return {name: value for name, value in made.items() if name not in ("ours", "against")}


def render_history_json(history: History) -> str:
    """One object; each snapshot with its numbers and what changed since the one before."""
    return json_text(
        {
            "version": history.version,
            "review": history.review,
            "snapshots": [_line(line) for line in history.lines],
            "unsaved": history.unsaved,
            "notes": list(map(clean, history.notes)),
        }
    )


def _line(line: Line) -> dict[str, Any]:
    one, state = line.snapshot, line.snapshot.state
    return {
        "snapshot": one.name,
        "taken": one.taken,
        "version": one.version,
        "data": one.data,
        "outcome": state.outcome,
        "analysis": state.analysis,
        "options": plain(state.options),
        "pooled": [_pool(pool) for pool in state.pooled],
        "files": [{"file": name, "rows": rows} for name, rows in line.files],
        "entered": [entry.row.study for entry in line.moves.entered],
        "left": [entry.row.study for entry in line.moves.left],
        "changed_rows": [new.study for _, new in line.moves.changed],
        "said": line_words(line),
    }


# ---- CSV -----------------------------------------------------------------------------------------

DIFF_COLUMNS = (
    "kind", "change", "file", "row", "key", "study", "label", "column", "before", "after", "rule", "reason",
    "side", "k", "events", "n", "model", "estimate", "low", "high", "level", "move", "notes",
)  # fmt: skip

HISTORY_COLUMNS = (
    "snapshot", "taken", "version", "outcome", "analysis", "k", "events", "n", "model", "estimate", "low", "high",
    "level", "exact_low", "exact_high", "changed", "data",
)  # fmt: skip


def render_diff_csv(diff: Diff) -> str:
    """A line for each cell, report, step and number that is another; proportions from 0 to 1 in full."""
    return csv_text(DIFF_COLUMNS, _diff_lines(diff))


def _diff_lines(diff: Diff) -> Iterator[dict[str, Any]]:
    for warning in diff.warnings:
        yield {"kind": "warning", "notes": warning}
    for change in diff.files:
        if change.note:
            yield {"kind": "file", "file": change.file, "notes": change.note}
        for row in change.rows:
            place = {"kind": "row", "change": row.kind, "file": change.file, "row": row.row or None}
            place["key"] = "; ".join(filter(None, row.key))
            for cell in row.cells or ():
                yield place | cell._asdict()
            if not row.cells:
                yield place
    for kind, entries in (("entered", diff.moves.entered), ("left", diff.moves.left)):
        for entry in entries:
            yield _study("report", kind, entry.row) | {"rule": entry.rule, "reason": entry.reason}
    for old, new in diff.moves.changed:
        counts = {"before": f"{old.events} of {old.n}", "after": f"{new.events} of {new.n}"}
        yield _study("report", "changed", new) | counts
    for one in diff.moves.outside:
        yield {
            "kind": "report", "change": "outside", "study": one.study, "label": one.label,
            "before": one.rule_before, "after": one.rule_after, "rule": one.rule_after, "reason": one.reason,
        }  # fmt: skip
    for before, after in diff.moves.references:
        for side, reference in (("before", before), ("after", after)):
            if reference is not None:
                yield _study("reference", "changed", reference) | {"side": side}
    for name, was, now in diff.moves.options:
        yield {"kind": "option", "column": name, "before": str(was), "after": str(now)}
    yield from _numbers(diff)
    for note in words(diff).notes:
        yield {"kind": "note", "notes": note}


def _numbers(diff: Diff) -> Iterator[dict[str, Any]]:
    for step in diff.steps:
        yield {
            "kind": "step", "change": step.kind, "study": "; ".join(step.studies), "label": step_name(step),
            "k": step.k, "events": step.events, "n": step.n, "model": step.model, "move": step.move,
            **limits(step.estimate),
        }  # fmt: skip
    for side, held in (("before", diff.before.state), ("after", diff.after.state)):
        for pool in held.pooled if held else ():
            about = {
                "side": side,
                "label": pool.pool,
                "k": pool.k,
                "events": pool.events,
                "n": pool.n,
                "model": pool.model,
            }
            for name in ("proportion", "average", "exact", "prediction"):
                if getattr(pool, name) is not None:
                    yield {"kind": "pool", "column": name, **about, **limits(getattr(pool, name))}
        for contrast in held.comparisons if held else ():
            label = f"{contrast.ours} minus {contrast.against}"
            yield {
                "kind": "comparison",
                "side": side,
                "label": label,
                "column": "difference",
                **limits(contrast.difference),
            }


def _study(kind: str, change: str, row: StudyRow) -> dict[str, Any]:
    return {
        "kind": kind,
        "change": change,
        "study": row.study,
        "label": row.name,
        "events": row.events,
        "n": row.n,
    }


def render_history_csv(history: History) -> str:
    """A line for each snapshot."""
    return csv_text(HISTORY_COLUMNS, map(_history_line, history.lines))


def _history_line(line: Line) -> dict[str, Any]:
    one, pool = line.snapshot, line.snapshot.state.pooled[0]
    return {
        "snapshot": one.name, "taken": one.taken, "version": one.version, "data": one.data,
        "outcome": one.state.outcome, "analysis": one.state.analysis,
        "k": pool.k, "events": pool.events, "n": pool.n, "model": pool.model, **limits(pool.estimate),
        "exact_low": pool.exact.low, "exact_high": pool.exact.high, "changed": line_words(line),
    }  # fmt: skip


# ---- Markdown ------------------------------------------------------------------------------------


def render_diff_markdown(diff: Diff) -> str:
    """A heading, the answer, what changed as lists, the numbers before and now, the steps, the notes."""
    told, escape = words(diff), escape_markdown
    parts = [[f"# {escape(told.heading)}"]]
    parts += [[f"**{escape(clean(warning))}**"] for warning in diff.warnings]
    parts.append([escape(told.headline)])
    for name, lines in told.lists:
        parts += [[f"## {escape(name)}"], [f"- {_said(line)}" for line in lines]]
    if diff.changed and told.results:
        parts += [["## Results"], _table([("", "Before", "Now"), *told.results], 1)]
    if told.steps:
        parts += [["## Study by study"], _table(told.steps, 1)]
    parts.append([f"- {escape(note)}" for note in told.notes])
    return markdown_text(parts)


def _said(line: str) -> str:
    """A line with its sign as code: a bare + or - would begin a list."""
    sign, text = line[:1].strip(), escape_markdown(line[2:])
    return f"`{sign}` {text}" if sign else text


def render_history_markdown(history: History) -> str:
    """The snapshots as a table, with what changed in the last column."""
    escape = escape_markdown
    head, *lines = history_table(history) if history.lines else ((),)
    parts = [[f"# {escape(clean(history.title or history.review))}"]]
    if lines:
        said = [(*cells, line_words(line)) for cells, line in zip(lines, history.lines, strict=True)]
        parts.append(_table([(*head, "What changed"), *said], 2))
    else:
        parts.append(["No snapshot yet."])
    parts.append([f"- {escape(clean(note))}" for note in history.notes])
    return markdown_text(parts)


def _table(lines: Sequence[Sequence[str]], left: int) -> list[str]:
    cells = [[escape_markdown(cell.strip()) for cell in line] for line in lines]
    return markdown_table(cells, numeric=range(left, len(cells[0])))
