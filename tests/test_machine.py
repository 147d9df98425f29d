"""What other programs get: JSON that hides nothing, CSV of which a spreadsheet runs nothing, numbers in full."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.report.characters import clean
from evidence.report.machine import csv_rows, csv_text, field, interval, json_text, limits, plain
from evidence.report.markup import markdown_table, markdown_text
from evidence.synthesis.results import Interval

ROOT = Path(__file__).resolve().parent.parent
SIGNS = ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
BEFORE = [
    "",
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n\t ",
    "\x00",
    "\xa0",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\u202e",
    "\x1b[0m",
]


# ---- a cell --------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("sign", SIGNS)
def test_a_formula_is_text_whatever_stands_before_it(sign: str, before: str) -> None:
    assert field(f"{before}{sign}cmd|' /C calc'!A0") == f"'{sign}cmd|' /C calc'!A0"


@given(st.text())
def test_no_text_is_a_formula_or_more_than_a_line(text: str) -> None:
    cell = field(text)
    assert not cell.startswith((*SIGNS, "\t", "\r", "\n", " "))
    assert cell in (clean(text), "'" + clean(text))


def test_a_number_is_a_number_and_a_text_that_looks_like_one_is_text() -> None:
    assert [field(value) for value in (-3.5, -3, 0.1, True, None, float("inf"), float("nan"))] == [
        "-3.5", "-3", "0.1", "True", "", "", "",
    ]  # fmt: skip
    assert field("-3.5") == "'-3.5"
    assert field("3.5") == "3.5"


# ---- tables --------------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.text() | st.floats(allow_nan=False) | st.none(), min_size=2, max_size=2), max_size=4)
)
def test_lines_by_name_and_rows_by_place_give_the_same_table(rows: list[list[object]]) -> None:
    by_place = csv_rows((("a", "b"), *rows))
    assert by_place == csv_text(("a", "b"), (dict(zip("ab", row, strict=True)) for row in rows))
    assert list(csv.reader(io.StringIO(by_place))) == [
        ["a", "b"],
        *([field(cell) for cell in row] for row in rows),
    ]


def test_a_column_nobody_declared_is_no_silent_loss() -> None:
    with pytest.raises(ValueError, match="estimat"):
        csv_text(("estimate",), [{"estimat": 1}])


def test_a_markdown_table_lines_numbers_up_to_the_right() -> None:
    lines = [("Study", "n", "Source"), ("A", "3", "x")]
    assert markdown_table(lines)[1] == "| --- | ---: | ---: |"
    assert markdown_table(lines, numeric={1})[1] == "| --- | ---: | --- |"
    assert markdown_table(iter(lines), numeric=())[1:] == ["| --- | --- | --- |", "| A | 3 | x |"]
    assert markdown_text([["# A"], [], ["x", "y"]]) == "# A\n\nx\ny\n"


# ---- JSON ----------------------------------------------------------------------------------------


@given(st.text())
def test_json_gives_the_text_back_and_shows_all_of_it(text: str) -> None:
    made = json_text({"a": [text]})
    assert json.loads(made) == {"a": [text]}
    assert all(c.isprintable() or c == "\n" for c in made)


def test_json_commands_no_terminal_and_keeps_letters() -> None:
    made = json_text("\x1b[2J\u202eevil\x7f\u0085\U000e0001 García")
    assert made == '"\\u001b[2J\\u202eevil\\u007f\\u0085\\udb40\\udc01 García"\n'
    with pytest.raises(ValueError, match="JSON compliant"):
        json_text(float("nan"))


def test_an_interval_has_one_form() -> None:
    value = Interval(0.5, 0.25, float("inf"), 0.95)
    assert interval(value, "wilson") == {**limits(value), "method": "wilson"}
    assert plain(interval(value)) == {"estimate": 0.5, "low": 0.25, "high": None, "level": 0.95}
    assert interval(None) is None
    assert limits(None) == {}


# ---- there is one of each ------------------------------------------------------------------------


def test_nobody_else_in_the_report_writes_csv_or_json() -> None:
    found = {
        path.name
        for folder in ("evidence/report", "cli")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"csv\.(Dict)?[wW]riter\(|json\.dumps?\(", path.read_text(encoding="utf-8"))
    }
    assert found == {"machine.py"}
