"""The tables of a review as a Frictionless data package, made from the schema that reads them.

A program that knows nothing of evidence can check the tables with it: names,
types, limits, keys and references. What spans columns (events no more than n, a
percentage that fits its count) has no words there; `evidence check` knows it.
Specification: https://specs.frictionlessdata.io/tabular-data-package/ (version 1).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from evidence.review.question import Question
from evidence.review.schema import LAST_VISIT, MOST, NOT_STATED, PATTERNS, TABLES, Column, Table
from evidence.review.sheet import read_sheet
from evidence.review.tables import load

FILE = "datapackage.json"

WEEKS = rf"([0-9]+(\.[0-9]*)?|\.[0-9]+|{LAST_VISIT}|{NOT_STATED})"
"""A number or one of two words: a string to others, with this pattern."""


def describe(folder: str | Path, name: str) -> dict[str, Any]:
    """The package of the review in a folder; `name` is a short one, as the specification wants it.

    Fields stand in the order of each file's header, because readers go by place.
    Raises what `load` raises.
    """
    question = load(folder).question
    files = {table.name: Path(folder) / table.file for table in TABLES.values()}
    headers = {
        table: read_sheet(file.read_bytes(), file.name).header
        for table, file in files.items()
        if file.is_file()
    }
    return {
        "profile": "tabular-data-package",
        "name": name,
        "title": question.title,
        "resources": [
            _resource(TABLES[table], header, question, headers) for table, header in headers.items()
        ],
    }


def render_package(package: Mapping[str, Any]) -> str:
    """The text of datapackage.json."""
    return json.dumps(package, ensure_ascii=False, indent=2) + "\n"


def _resource(
    table: Table, header: Sequence[str], question: Question, tables: Collection[str]
) -> dict[str, Any]:
    known = {column.name: column for column in table.columns + question.columns.get(table.name, ())}
    columns = [known[name] for name in header]
    keys = [_reference(column.name, "studies", "study") for column in columns if column.refers == "studies"]
    if table.name == "scores" and "patients" in tables:
        keys.append(_reference(["study", "patient"], "patients", ["study", "patient"]))
    schema: dict[str, Any] = {
        "fields": [_field(column, question) for column in columns],
        "missingValues": [""],
        "primaryKey": [name for name in table.key if name in header],
    }
    if keys:
        schema["foreignKeys"] = keys
    return {
        "name": table.name,
        "path": table.file,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": schema,
    }


def _reference(fields: str | list[str], resource: str, other: str | list[str]) -> dict[str, Any]:
    return {"fields": fields, "reference": {"resource": resource, "fields": other}}


def _field(column: Column, question: Question) -> dict[str, Any]:
    limits: dict[str, Any] = {"required": True} if column.required else {}
    kind = "string"
    if column.kind == "integer":
        kind = "integer"
        limits |= {
            "minimum": int(column.low or 0),
            "maximum": int(MOST if column.high is None else column.high),
        }
    elif column.kind == "number":
        kind = "number"
        limits |= {} if column.low is None else {"minimum": column.low}
    elif column.kind == "percent":
        kind = "number"
        limits |= {"minimum": 0, "maximum": 100}
    elif column.kind == "weeks":
        limits["pattern"] = WEEKS
    elif column.words:
        limits["enum"] = list(column.words)
    elif column.refers == "outcomes":
        limits["enum"] = list(question.outcomes)
    elif column.kind in PATTERNS:
        limits["pattern"] = PATTERNS[column.kind][0].pattern
    field: dict[str, Any] = {"name": column.name, "type": kind}
    if column.meaning:
        field["description"] = column.meaning
    if limits:
        field["constraints"] = limits
    return field
