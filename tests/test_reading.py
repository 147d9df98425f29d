"""What is written is read back the same, however it is spelt; and damage is found, or changes no number."""

from __future__ import annotations

import contextlib
import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import DataError, InputError
from evidence.review.instruments import INSTRUMENTS
from evidence.review.likely import composed, latin
from evidence.review.schema import LAST_VISIT, NOT_STATED, TABLES, Column, Table
from evidence.review.tables import Review, load, read_counts

# ---- any review ----------------------------------------------------------------------------------

TOML = """\
format = 1
title = "Any review"
[outcomes.healed]
[outcomes.fever]
[columns.studies]
setting = ["ward", "practice"]
mean_age = "number"
remark = "text"
[columns.scores]
seen = "date"
readings = "integer"
"""
OWN = {
    "studies": (
        Column("setting", "choice", "", words=("ward", "practice")),
        Column("mean_age", "number", ""),
        Column("remark", "text", ""),
    ),
    "scores": (Column("seen", "date", ""), Column("readings", "integer", "")),
}
OUTCOMES = ("healed", "fever")
ATTRIBUTES = {
    "cohorts": "links",
    "outcomes": "rows",
    "searches": "runs",
    "quality": "appraisals",
    "certainty": "grades",
}

Cell = tuple[str, object]
"""A cell's text, and the value it stands for."""

NO_LETTERS = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
LETTERS = st.characters(codec="utf-8", exclude_categories=NO_LETTERS, exclude_characters="\ufffc\ufffd")
PUNCTUATION = st.sampled_from(list(",;\"'\n\t%-+=()"))


def is_plain(text: str) -> bool:
    """Not a formula, a spreadsheet's error or letters read in the wrong encoding, which are problems by design."""
    return not text.startswith(("=", "#")) and not any(sign in text for sign in ("Ã", "Â", "â€"))


texts = st.text(LETTERS | PUNCTUATION, max_size=6).map(str.strip).filter(is_plain)
names = (
    st.text(LETTERS, max_size=5)
    .map(lambda text: composed(" ".join(text.split())))
    .filter(lambda text: latin(text) == text and is_plain(text))
)
keys = st.from_regex(r"[a-z][a-z0-9_.-]{0,7}", fullmatch=True)
decimals = st.integers(-10_000, 10_000).map(lambda number: Decimal(number) / 100)


def cells(column: Column) -> st.SearchStrategy[Cell]:
    """Cells a column may hold, each as text and as value. Numbers have two decimals: 1,234 would be two numbers."""
    empty: Cell = ("", None if column.kind in ("integer", "number") else "")
    low = int(column.low or 0)
    some: st.SearchStrategy[Cell]
    if column.kind == "integer":
        some = st.integers(low, min(int(column.high or 10**9), 10**9)).map(lambda n: (str(n), n))
    elif column.kind == "number":
        some = decimals.map(lambda d: abs(d) if column.low is not None else d).map(
            lambda d: (f"{d:f}", float(d))
        )
    elif column.kind == "weeks":
        number = decimals.map(abs).map(lambda d: (f"{d:f}", float(d)))
        some = number | st.sampled_from([(word, word) for word in (LAST_VISIT, NOT_STATED)])
    elif column.kind == "percent":
        some = st.integers(0, 1000).map(lambda n: (f"{n / 10:.1f}",) * 2)
    elif column.words:
        some = st.sampled_from([(word, word) for word in column.words])
    elif column.kind == "date":
        some = st.dates(date(1900, 1, 1), date(2099, 12, 31)).map(lambda day: (day.isoformat()[:7],) * 2)
    elif column.kind == "doi":
        some = st.integers(1000, 9999).map(lambda n: (f"10.{n}/x.{n}",) * 2)
    elif column.kind in ("pmid", "pmcid"):
        some = st.integers(1, 10**8).map(lambda n: ("PMC" * (column.kind == "pmcid") + str(n),) * 2)
    else:
        words = {"key": keys, "name": names}.get(column.kind, texts)
        some = words.filter(bool).map(lambda word: (word, word))
    return some if column.required else st.just(empty) | some


def columns(table: Table) -> tuple[Column, ...]:
    return table.columns + OWN.get(table.name, ())


ROWS = {
    table.name: st.lists(st.fixed_dictionaries({c.name: cells(c) for c in columns(table)}), max_size=2)
    for table in TABLES.values()
}


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[dict[str, Cell]]]:
    """Every table's rows, keys unique and references met."""
    found: dict[str, list[dict[str, Cell]]] = {}
    for table in TABLES.values():
        found[table.name] = [row for row in draw(ROWS[table.name]) if _mend(draw, table, row, found)]
        seen: set[tuple[object, ...]] = set()
        unique = []
        for row in found[table.name]:
            key = tuple(row[name][1] for name in table.key)
            if key not in seen and key[::-1] not in seen:
                unique.append(row)
            seen.add(key)
        found[table.name] = unique
    return found


def _mend(
    draw: st.DrawFn, table: Table, row: dict[str, Cell], found: dict[str, list[dict[str, Cell]]]
) -> bool:
    """Make the row agree with the others and with itself; False if there is nothing it could refer to."""
    studies = [other["study"] for other in found.get("studies", ())]
    for column in table.columns:
        if column.refers == "studies" and (column.required or row[column.name][0]):
            if not studies:
                return False
            row[column.name] = draw(st.sampled_from(studies))
        elif column.refers == "outcomes" and (column.required or row[column.name][0]):
            row[column.name] = (draw(st.sampled_from(OUTCOMES)),) * 2
    if "state" in row and not row.get("source", ("x",))[0]:
        row["source"] = ("x", "x")
    if row.get("verified_by", ("",))[0] or row.get("verified_on", ("",))[0]:
        row |= {"state": ("verified", "verified"), "locator": ("p. 1", "p. 1"), "verified_by": ("x", "x")}
    if table.name == "overlaps":
        linked = {link["study"][0] for link in found["cohorts"]}
        known = {link["cohort"] for link in found["cohorts"]} | {s for s in studies if s[0] not in linked}
        if len(known) < 2:
            return False
        row["cohort_a"], row["cohort_b"] = draw(st.permutations(sorted(known)))[:2]
    if table.name == "scores":
        patients = [(patient["study"], patient["patient"]) for patient in found["patients"]]
        if not patients:
            return False
        row["study"], row["patient"] = draw(st.sampled_from(patients))
    if table.name == "quality":  # each instrument has its own items and words, which test_quality tries
        row |= {"instrument": ("JBI case series",) * 2, "judgement": ("unclear",) * 2}
        row["item"] = (draw(st.sampled_from(tuple(INSTRUMENTS["JBI case series"].items))),) * 2
    if table.name == "certainty":
        row |= {"item": ("imprecision",) * 2, "judgement": ("down 1",) * 2}
    if table.name == "outcomes":
        spans = sorted(
            (row[name] for name in ("weeks_from", "weeks_to") if row[name][0]), key=lambda cell: cell[1]
        )
        if len(spans) == 2:
            row["weeks_from"], row["weeks_to"] = spans
        events, n = row["events"][1], row["n"][1]
        if isinstance(events, int) and isinstance(n, int):
            row["events"] = (str(min(events, n)), min(events, n))
        else:
            row["events"], row["not_poolable"] = ("", None), ("a median", "a median")
        low, high = row["events_low"], row["events_high"]
        if row["events"][0] or not isinstance(n, int):
            row["events_low"] = row["events_high"] = ("", None)
        else:
            bounds = sorted(min(one[1], n) for one in (low, high) if isinstance(one[1], int))
            filled = [(str(bound), bound) for bound in bounds]
            row["events_low"], row["events_high"] = (
                filled if len(filled) == 2 else (*filled, ("", None), ("", None))[:2]
            )
        row["percent_kind"] = ("modelled",) * 2
        row["split"] = row["split"] if row["subgroup"][0] else ("", "")
    return True


def write(
    folder: Path, found: dict[str, list[dict[str, Cell]]], delimiter: str, end: str, mark: str, bom: str
) -> Path:
    (folder / "review.toml").write_text(TOML)
    for table in TABLES.values():
        numeric = {c.name for c in columns(table) if c.kind in ("number", "weeks", "percent")}
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
        writer.writerow([column.name for column in columns(table)])
        for row in found[table.name]:
            texts = {
                name: text.replace(".", mark) if name in numeric else text for name, (text, _) in row.items()
            }
            writer.writerow([texts[column.name] for column in columns(table)])
        (folder / table.file).write_bytes((bom + out.getvalue()).encode())
    return folder


@settings(max_examples=30)
@given(
    tables(),
    st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", ".")]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
)
def test_any_review_is_read_back_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    found: dict[str, list[dict[str, Cell]]],
    signs: tuple[str, str],
    end: str,
    bom: str,
) -> None:
    delimiter, mark = signs
    review = load(write(tmp_path_factory.mktemp("review"), found, delimiter, end, mark, bom))
    for table in TABLES.values():
        attribute = getattr(review, ATTRIBUTES.get(table.name, table.name))
        records = list(attribute.values()) if isinstance(attribute, dict) else list(attribute)
        own = OWN.get(table.name, ())
        assert len(records) == len(found[table.name])
        for number, (record, row) in enumerate(zip(records, found[table.name], strict=True), 2):
            assert record.row == number
            assert {name: getattr(record, name) for name in record._fields[: len(table.columns)]} == {
                column.name: row[column.name][1] for column in table.columns
            }
            assert dict(record.extra) == {column.name: row[column.name][1] for column in own}


# ---- damage --------------------------------------------------------------------------------------

SMALL = {
    "review.toml": """\
format = 1
title = "Antibodies after vaccination"
[outcomes.seroconversion]
patients = { score = "titre", at_least = 40 }
[outcomes.fever]
[columns.studies]
age_group = ["children", "adults"]
mean_age = "number"
""",
    "studies.csv": """\
study,authors,year,design,treated,age_group,mean_age,source,state
smith2020,"Smith A, Müller B",2020,cohort,9,adults,40.5,https://example.org/1,verified
jones2021,"Jones ""Joe"" B",2021,trial,80,children,,https://example.org/2,read
""",
    "cohorts.csv": "study,cohort,note\nsmith2020,leeds,\njones2021,york,\n",
    "overlaps.csv": "cohort_a,cohort_b,certainty,reason\nleeds,york,ruled out,neighbours\n",
    "outcomes.csv": """\
study,arm,subgroup,outcome,weeks,weeks_from,weeks_to,events,n,percent,percent_kind,split,not_poolable,source,state,note
smith2020,vaccine,,seroconversion,4,,,8,9,88.9,,,,https://example.org/1,verified,"two
lines"
smith2020,vaccine,,fever,last visit,1,8.5,0,9,,,,,https://example.org/1,verified,
jones2021,vaccine,,seroconversion,4,,,30,40,75,crude,,,https://example.org/2,read,"a, b"
jones2021,placebo,women,seroconversion,4,,,12,140,5.5,stratified,sex,,https://example.org/2,read,6 of 7
jones2021,placebo,men,fever,12.25,,,,,12,,,no count,https://example.org/2,secondary,
""",
    "patients.csv": "study,patient,arm,age,sex,source,state\nsmith2020,1,vaccine,30,F,https://example.org/1,verified\n",
    "scores.csv": """\
study;patient;score;weeks;value;source;state
smith2020;1;titre;0;10,5;https://example.org/1;verified
smith2020;1;titre;6,25;80,25;https://example.org/1;verified
""",
}
DAMAGEABLE = sorted(name for name in SMALL if name.endswith(".csv"))

NUMERALS = b"0123456789.-,"
"""What numbers are made of. A digit for a digit, or one more or less, is another number, and nobody can tell."""


def solid(review: Review) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a review that is not free text or a name: numbers, times, percentages, words of a list, references."""
    found = {}
    for table in TABLES.values():
        attribute = getattr(review, ATTRIBUTES.get(table.name, table.name))
        records: Any = attribute.values() if isinstance(attribute, dict) else attribute
        kinds = ("integer", "number", "weeks", "percent", "choice")
        names = [column.name for column in table.columns if column.kind in kinds or column.refers]
        found[table.name] = [
            (*(getattr(record, name) for name in names), *record.extra.values())
            for record in records
            if not getattr(record, "derived", False)
        ]
    return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    for name, text in SMALL.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder


def outcome_of(folder: Path, file: str, damaged: bytes) -> Review | None:
    """The review with a damaged file; None where there are findings. Nothing else may be raised."""
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(damaged)
    try:
        return load(folder)
    except DataError as error:
        problems: Any = error.problems
    finally:
        (folder / file).write_bytes(whole)
    assert problems
    assert all("\n" not in str(problem) and problem.file in SMALL for problem in problems)
    return None


def assert_no_number_changed(folder: Path, file: str, damaged: bytes) -> None:
    review = outcome_of(folder, file, damaged)
    if review is not None:
        assert solid(review) == solid(load(folder))


@settings(max_examples=300)
@given(st.sampled_from(DAMAGEABLE), st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_a_byte_replaced_is_found_or_changes_no_number(
    small: Path, file: str, where: float, byte: int
) -> None:
    raw = bytearray((small / file).read_bytes())
    raw[int(where * len(raw))] = byte
    if byte in NUMERALS:
        outcome_of(small, file, bytes(raw))
    else:
        assert_no_number_changed(small, file, bytes(raw))


@settings(max_examples=200)
@given(st.sampled_from(DAMAGEABLE), st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=3))
def test_bytes_put_in_are_found_or_change_no_number(
    small: Path, file: str, where: float, more: bytes
) -> None:
    raw = (small / file).read_bytes()
    at = int(where * (len(raw) + 1))
    damaged = raw[:at] + more + raw[at:]
    if any(byte in NUMERALS for byte in more):
        outcome_of(small, file, damaged)
    else:
        assert_no_number_changed(small, file, damaged)


@settings(max_examples=200)
@given(st.sampled_from(DAMAGEABLE), st.floats(0, 1, exclude_max=True))
def test_a_byte_lost_is_found_or_changes_no_number(small: Path, file: str, where: float) -> None:
    raw = (small / file).read_bytes()
    at = int(where * len(raw))
    damaged = raw[:at] + raw[at + 1 :]
    if raw[at] in NUMERALS.replace(b",", b"") or (raw[at : at + 1] == b"," and file == "scores.csv"):
        outcome_of(small, file, damaged)
    else:
        assert_no_number_changed(small, file, damaged)


@pytest.mark.parametrize("file", DAMAGEABLE)
@pytest.mark.parametrize("byte", [b" ", b'"', b";", b"\n", b"\r", b"+", b"e", b"'", b"\t", b"\xa0", b"\x00"])
def test_each_digit_replaced_by_what_could_pass_for_nothing(small: Path, file: str, byte: bytes) -> None:
    raw = (small / file).read_bytes()
    for at, old in enumerate(raw):
        if old in b"0123456789":
            assert_no_number_changed(small, file, raw[:at] + byte + raw[at + 1 :])


@settings(max_examples=100)
@given(st.sampled_from(DAMAGEABLE), st.floats(0, 1))
def test_a_file_cut_off_is_found_or_has_its_first_rows(small: Path, file: str, where: float) -> None:
    raw = (small / file).read_bytes()
    review = outcome_of(small, file, raw[: int(where * len(raw))])
    if review is not None:
        name, whole, found = file.removesuffix(".csv"), solid(load(small)), solid(review)
        assert found.pop(name) == whole.pop(name)[: len(solid(review)[name])]
        assert found == whole


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 255))
def test_a_damaged_review_toml_never_ends_in_a_traceback(
    small: Path, tmp_path_factory: pytest.TempPathFactory, where: float, byte: int
) -> None:
    folder = tmp_path_factory.mktemp("toml")
    for name, text in SMALL.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    raw = bytearray(SMALL["review.toml"].encode())
    raw[int(where * len(raw))] = byte
    (folder / "review.toml").write_bytes(raw)
    with contextlib.suppress(DataError, InputError):
        load(folder)


# ---- the same for a bare table -------------------------------------------------------------------

BARE = b'study,events,n,design,age\nSmith,12,30,cohort,35.5\n"Jones, B",0,7,trial,40\n'


@settings(max_examples=200)
@given(st.integers(0, len(BARE) - 1), st.integers(0, 255))
def test_a_damaged_bare_table_is_found_or_has_the_same_counts(at: int, byte: int) -> None:
    raw = bytearray(BARE)
    raw[at] = byte
    try:
        rows = read_counts(io.BytesIO(bytes(raw)), "t.csv")
    except (DataError, InputError):
        return
    if byte not in NUMERALS:
        assert [(row.events, row.n) for row in rows] == [(12, 30), (0, 7)]
        first, second = (row.row for row in rows)
        assert second == first + 1 and first in (2, 3)  # a line end at the very start is a blank row above
