"""data/datapackage.json: made from the schema, of the shape the specification asks for, and true of the tables."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evidence.review.package import WEEKS, describe, render_package
from evidence.review.schema import PATTERNS, TABLES, Column, Fault, parse
from evidence.review.tables import Review, load

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"

SHIPPED = [table for table in TABLES if table not in ("searches", "found", "decisions")]
"""Tables of the shipped review: nobody has run its searches yet."""

Package = dict[str, Any]


@pytest.fixture(scope="module")
def package() -> Package:
    document = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


@cache
def shipped() -> Review:
    return load(DATA)


def columns(table: str) -> dict[str, Column]:
    return {column.name: column for column in shipped().columns(table)}


def test_the_file_is_what_the_schema_makes() -> None:
    spec = importlib.util.spec_from_file_location("datapackage", ROOT / "validation" / "datapackage.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (DATA / "datapackage.json").read_text(encoding="utf-8") == script.rendered()


# ---- the specification: https://specs.frictionlessdata.io/tabular-data-package/ -------------------

TYPES = {"string", "number", "integer"}
CONSTRAINTS = {
    "string": {"required", "enum", "pattern"},
    "number": {"required", "minimum", "maximum"},
    "integer": {"required", "minimum", "maximum"},
}
NAME = re.compile(r"[-a-z0-9._/]+")


def test_it_has_the_shape_of_a_tabular_data_package(package: Package) -> None:
    assert package["profile"] == "tabular-data-package"
    assert NAME.fullmatch(package["name"])
    names = [resource["name"] for resource in package["resources"]]
    assert len(set(names)) == len(names) >= 1
    fields = {
        resource["name"]: [field["name"] for field in resource["schema"]["fields"]]
        for resource in package["resources"]
    }
    for resource in package["resources"]:
        assert set(resource) == {"name", "path", "profile", "format", "mediatype", "encoding", "schema"}
        assert resource["profile"] == "tabular-data-resource"
        assert NAME.fullmatch(resource["name"])
        assert not resource["path"].startswith(("/", ".."))
        schema, here = resource["schema"], fields[resource["name"]]
        assert set(schema) <= {"fields", "missingValues", "primaryKey", "foreignKeys"}
        assert schema["missingValues"] == [""]
        assert set(schema["primaryKey"]) <= set(here)
        for key in schema.get("foreignKeys", ()):
            assert set(key) == {"fields", "reference"}
            there = key["reference"]["fields"]
            assert type(there) is type(key["fields"])
            ours, theirs = ([x] if isinstance(x, str) else x for x in (key["fields"], there))
            assert len(ours) == len(theirs)
            assert set(ours) <= set(here)
            assert set(theirs) <= set(fields[key["reference"]["resource"]])
        for field in schema["fields"]:
            assert set(field) <= {"name", "type", "description", "constraints"}
            assert field["type"] in TYPES
            assert set(field.get("constraints", ())) <= CONSTRAINTS[field["type"]]


# ---- it agrees with the schema -------------------------------------------------------------------


@pytest.mark.parametrize("table", SHIPPED)
def test_each_table_has_its_columns_keys_and_references(package: Package, table: str) -> None:
    (resource,) = [resource for resource in package["resources"] if resource["name"] == table]
    with (DATA / resource["path"]).open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    schema = resource["schema"]
    assert [field["name"] for field in schema["fields"]] == header
    assert {column.name for column in TABLES[table].columns} <= set(header)
    assert tuple(schema["primaryKey"]) == TABLES[table].key
    referred = {key["fields"] for key in schema.get("foreignKeys", ()) if isinstance(key["fields"], str)}
    assert referred == {column.name for column in TABLES[table].columns if column.refers == "studies"}
    for field in schema["fields"]:
        column, limits = columns(table)[field["name"]], field.get("constraints", {})
        assert limits.get("required", False) == column.required
        assert tuple(limits.get("enum", column.words)) == (
            tuple(shipped().outcomes) if column.refers == "outcomes" else column.words
        )
        assert field.get("description", "") == column.meaning


def accepts(field: Package, text: str) -> bool:
    """Whether the package's words for a column let a cell pass."""
    limits = field.get("constraints", {})
    if not text:
        return not limits.get("required", False)
    if field["type"] == "integer" and not re.fullmatch(r"-?[0-9]+", text):
        return False
    if field["type"] == "number" and not re.fullmatch(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)", text):
        return False
    if "minimum" in limits and float(text) < limits["minimum"]:
        return False
    if "maximum" in limits and float(text) > limits["maximum"]:
        return False
    if "enum" in limits and text not in limits["enum"]:
        return False
    return "pattern" not in limits or bool(re.fullmatch(limits["pattern"], text))


CELLS = (
    "", "0", "1", "12", "-1", "8.70", "100", "100.5", "2023", "2023-07", "2023-13", "1799", "3000000000", "last visit", "not stated",
    "last vist", "verified", "read", "cohort", "case series", "clasi50", "viedma2025", "two words", "_x", "a.b-c", "10.1016/j.ad.1",
    "https://doi.org/10.1", "37378095", "PMC123", "crude", "certain", "median", "1,5", "1e3", "+1", "anything at all",
)  # fmt: skip


@pytest.mark.parametrize("table", SHIPPED)
def test_a_cell_passes_here_where_it_passes_there(package: Package, table: str) -> None:
    (resource,) = [resource for resource in package["resources"] if resource["name"] == table]
    outcomes = set(shipped().outcomes)
    for field in resource["schema"]["fields"]:
        column = columns(table)[field["name"]]
        for text in CELLS:
            ours = not isinstance(parse(column, text), Fault)
            if column.refers == "outcomes":
                ours = text in outcomes if text else not column.required
            assert accepts(field, text) is ours, (field["name"], text)


def test_every_cell_of_the_shipped_tables_passes(package: Package) -> None:
    for resource in package["resources"]:
        with (DATA / resource["path"]).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for field in resource["schema"]["fields"]:
                    assert accepts(field, row[field["name"]]), (resource["name"], field["name"], row)


# ---- another review ------------------------------------------------------------------------------


def test_a_review_with_few_tables_and_own_columns_in_its_own_order(tmp_path: Path) -> None:
    (tmp_path / "review.toml").write_text(
        'format = 1\ntitle = "T"\n[outcomes.o]\n[columns.studies]\nn_beds = "integer"\n'
    )
    (tmp_path / "studies.csv").write_text("n_beds,study,design,state\n3,a,cohort,unverified\n")
    (tmp_path / "outcomes.csv").write_text("study,outcome,weeks,events,n,state\na,o,4,1,2,unverified\n")
    made = describe(tmp_path, "t")
    assert json.loads(render_package(made)) == made
    assert [resource["name"] for resource in made["resources"]] == ["studies", "outcomes"]
    studies, outcomes = (resource["schema"] for resource in made["resources"])
    assert [(field["name"], field["type"]) for field in studies["fields"]][:2] == [
        ("n_beds", "integer"),
        ("study", "string"),
    ]
    assert outcomes["primaryKey"] == ["study", "outcome", "weeks"]
    assert outcomes["foreignKeys"] == [
        {"fields": "study", "reference": {"resource": "studies", "fields": "study"}}
    ]
    enum = next(field for field in outcomes["fields"] if field["name"] == "outcome")["constraints"]["enum"]
    assert enum == ["o"]


def test_patterns_are_those_the_reader_uses() -> None:
    for kind, (pattern, _) in PATTERNS.items():
        column = Column("x", kind, "")
        for text in CELLS[1:]:
            if kind != "key" or text.isascii():
                assert bool(pattern.fullmatch(text)) is not isinstance(parse(column, text), Fault)
    for text in CELLS[1:]:
        passes = not isinstance(parse(Column("weeks", "weeks", ""), text), Fault)
        assert bool(re.fullmatch(WEEKS, text)) is passes, text
