"""The agreement of two people's tables for other programs: JSON with every difference, CSV with one row a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evidence.report.characters import clean
from evidence.report.machine import csv_rows, json_text
from evidence.review.agreement import ColumnAgreement, Kappa, TableAgreement

COLUMNS = (
    "table", "column", "kind", "rows", "cells", "alike", "percent", "both_empty", "only_a", "only_b", "kappa", "kappa_low",
    "kappa_high", "kappa_n", "level", "larger_a", "larger_b", "largest_difference", "note",
)  # fmt: skip


def render_json(found: Sequence[TableAgreement], *, names: tuple[str, str] = ("A", "B"), **_: Any) -> str:
    """One object: for each table the columns, every cell that differs, and the rows only one has."""
    told = {
        "a": clean(names[0]),
        "b": clean(names[1]),
        "agreed": all(table.agreed for table in found),
        "tables": [
            {
                "table": table.name or None,
                "key": list(table.key),
                "rows": table.shared,
                "cells": table.cells,
                "alike": table.alike,
                "only_a": [[clean(part) for part in key] for key in table.only_a],
                "only_b": [[clean(part) for part in key] for key in table.only_b],
                "columns": [_column(column) for column in table.columns],
                "differences": [
                    {
                        "key": [clean(part) for part in cell.key],
                        "column": clean(cell.column),
                        "a": clean(cell.a),
                        "b": clean(cell.b),
                        "row_a": cell.row_a,
                        "row_b": cell.row_b,
                    }
                    for cell in table.differences
                ],
                "notes": [clean(note) for note in table.notes],
            }
            for table in found
        ],
    }
    return json_text(told)


def _column(column: ColumnAgreement) -> dict[str, Any]:
    return {
        "column": clean(column.column),
        "kind": column.kind,
        "cells": column.cells,
        "alike": column.alike,
        "percent": None if column.percent is None else 100 * column.percent,
        "both_empty": column.both_empty,
        "only_a": column.only_a,
        "only_b": column.only_b,
        "kappa": None if column.kappa is None else _kappa(column.kappa),
        "larger_a": column.larger_a if column.kind == "number" else None,
        "larger_b": column.larger_b if column.kind == "number" else None,
        "largest_difference": column.largest,
    }


def _kappa(found: Kappa) -> dict[str, Any]:
    return {
        "n": found.n,
        "observed": found.observed,
        "expected": found.expected,
        "estimate": found.kappa,
        "se": found.se,
        "low": found.low,
        "high": found.high,
        "level": found.level,
        "note": found.note or None,
    }


def render_csv(found: Sequence[TableAgreement], **_: Any) -> str:
    """One row a column."""
    return csv_rows((COLUMNS, *_rows(found)))


def _rows(found: Sequence[TableAgreement]) -> Iterator[tuple[Any, ...]]:
    for table in found:
        for column in table.columns:
            one, number = column.kappa, column.kind == "number"
            beyond = (one.kappa, one.low, one.high, one.n, one.level) if one else (None,) * 5
            yield (
                table.name, column.column, column.kind, table.shared, column.cells, column.alike,
                None if column.percent is None else 100 * column.percent, column.both_empty, column.only_a, column.only_b,
                *beyond, column.larger_a if number else None, column.larger_b if number else None, column.largest,
                one.note if one else "",
            )  # fmt: skip
