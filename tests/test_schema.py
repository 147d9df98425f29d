"""The description of the tables: it agrees with the records, and its cells mean one thing."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.review.schema import (
    LAST_VISIT,
    NOT_STATED,
    STATES,
    TABLES,
    Column,
    Fault,
    OutcomeRow,
    Problem,
    allowed,
    near,
    nearest,
    parse,
    percent_fits,
    worst_state,
)

COUNT = Column("events", "integer", "", high=1000)
NEEDED = Column("n", "integer", "", True, low=1)
WEEKS = Column("weeks", "weeks", "", True)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_records_have_the_columns_of_their_table(table):
    names = [column.name for column in table.columns]
    fields = list(table.record._fields)
    assert fields[: len(names)] == names
    assert fields[len(names) : len(names) + 2] == ["extra", "row"]
    assert set(table.key) <= set(names)
    assert all(column.required for column in table.columns if column.name == table.key[0])
    assert len(set(names)) == len(names)


def test_references_between_tables_lead_somewhere():
    for table in TABLES.values():
        for column in table.columns:
            assert column.refers in ("", "studies", "cohorts", "outcomes")
            assert not column.refers or column.kind == "key"


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        (COUNT, "0", 0),
        (COUNT, "1000", 1000),
        (COUNT, "", None),
        (WEEKS, "12", 12.0),
        (WEEKS, "8.70", 8.7),
        (WEEKS, LAST_VISIT, LAST_VISIT),
        (WEEKS, NOT_STATED, NOT_STATED),
        (Column("x", "number", ""), "-1.5", -1.5),
        (Column("x", "number", ""), ".5", 0.5),
        (Column("x", "name", ""), "anifrolumab 300 mg", "anifrolumab 300 mg"),
        (Column("x", "name", ""), "TNF-α-Blocker, größer", "TNF-α-Blocker, größer"),
        (Column("x", "name", ""), "плацебо", "плацебо"),
        (Column("x", "percent", ""), "49.0", "49.0"),
        (Column("x", "percent", ""), "", ""),
        (Column("x", "date", ""), "2023-07", "2023-07"),
        (Column("x", "key", ""), "carter2022acr", "carter2022acr"),
        (Column("x", "doi", ""), "10.1016/j.ad.2025.05.013", "10.1016/j.ad.2025.05.013"),
        (Column("x", "choice", "", words=STATES), "read", "read"),
    ],
)
def test_cells_that_can_be_read(column, text, value):
    assert parse(column, text) == value


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        (NEEDED, "", "the cell is empty"),
        (NEEDED, "0", "is less than 1"),
        (COUNT, "-1", "is negative"),
        (COUNT, "2.5", "is not a whole number"),
        (COUNT, "7.0", "is not a whole number"),
        (COUNT, "1e3", "is not a number"),
        (COUNT, "+7", "is not a number"),
        (Column("x", "number", ""), "+1.5", "is not a number"),
        (Column("x", "number", ""), "1.5e-3", "is not a number"),
        (Column("x", "name", ""), "two  words", "has more between two words than one space"),
        (Column("x", "name", ""), "two\u00a0words", "has more between two words than one space"),
        (Column("x", "name", ""), "plаcebo", "has letters that only look Latin"),
        (Column("x", "key", ""), "cа", "has letters that only look Latin"),
        (Column("x", "name", ""), "Ca\u0301diz", "has accents written as characters of their own"),
        (COUNT, "1,234", "is not a number"),
        (COUNT, "1_000", "is not a number"),
        (COUNT, "²", "is not a number"),
        (COUNT, "٣", "is not a number"),
        (COUNT, "seven", "is not a number"),
        (COUNT, "1001", "is more than 1000"),
        (COUNT, "9" * 5000, "is more than 1000"),
        (COUNT, "-" + "9" * 5000, "is negative"),
        (COUNT, "+", "is not a number"),
        (WEEKS, "-3", "is negative"),
        (WEEKS, "nan", "is not a number"),
        (WEEKS, "inf", "is not a number"),
        (WEEKS, "1e999", "is not a number"),
        (WEEKS, "last vist", "is not a number"),
        (WEEKS, "12 weeks", "is not a number"),
        (Column("x", "percent", ""), "49 %", "is not a percentage"),
        (Column("x", "percent", ""), "100.1", "is not a percentage"),
        (Column("x", "percent", ""), "-1", "is not a percentage"),
        (Column("x", "date", ""), "2023-13", "is not 2023, 2023-07 or 2023-07-31"),
        (Column("x", "date", ""), "July 2023", "is not 2023, 2023-07 or 2023-07-31"),
        (Column("x", "pmid", ""), "PMC123", "is not a PubMed number, digits only"),
        (
            Column("x", "doi", ""),
            "https://doi.org/10.1/x",
            "is not a DOI, 10.xxxx/..., without https://doi.org/",
        ),
        (Column("x", "key", ""), "two words", "is not a short name of letters, digits, '.', '_' and '-'"),
        (
            Column("x", "choice", "", words=STATES),
            "verifed",
            "is not one of the words for this column",
        ),
    ],
)
def test_cells_that_cannot(column, text, reason):
    fault = parse(column, text)
    assert isinstance(fault, Fault)
    assert fault.reason == reason
    assert fault.allowed


@given(
    st.text(max_size=20), st.sampled_from([column for table in TABLES.values() for column in table.columns])
)
def test_any_text_is_a_value_or_a_fault(text, column):
    value = parse(column, text.strip())
    assert isinstance(value, Fault | str | int | float) or value is None
    if isinstance(value, int) and not isinstance(value, bool):
        assert str(value) in text


@given(st.integers(0, 400), st.integers(1, 400), st.integers(0, 3))
def test_a_rounded_or_truncated_percentage_fits(events, n, decimals):
    events = min(events, n)
    unit = Decimal(1).scaleb(-decimals)
    exact = Decimal(100) * events / Decimal(n)
    for rounding in (ROUND_DOWN, ROUND_HALF_UP, ROUND_HALF_DOWN):
        assert percent_fits(str(exact.quantize(unit, rounding=rounding)), events, n)
    for off in (Decimal("1.01"), Decimal("-0.51")):  # past truncation below, past rounding above
        printed = (exact - off * unit).quantize(unit, rounding=ROUND_DOWN)
        if 0 <= printed <= 100 and not (-unit / 2 <= exact - printed < unit):
            assert not percent_fits(str(printed), events, n)


@pytest.mark.parametrize(
    ("percent", "events", "n", "fits"),
    [
        ("66", 4, 6, True),  # truncated
        ("67", 4, 6, True),
        ("66.6", 4, 6, True),
        ("66.8", 4, 6, False),
        ("65", 4, 6, False),
        ("68", 4, 6, False),
        ("24.9", 24, 94, False),  # a stratified rate, printed for 25.53 %
        ("50.0", 1, 2, True),
        ("0", 0, 7, True),
        ("100", 7, 7, True),
        ("12.5", 1, 8, True),
        ("12", 1, 8, True),
        ("13", 1, 8, True),
    ],
)
def test_percentages_of_counts(percent, events, n, fits):
    assert percent_fits(percent, events, n) is fits


def test_a_problem_is_one_line_that_says_everything():
    problem = Problem("outcomes.csv", 7, "events", "12", "is more than n (9)", "a whole number from 0 to n")
    assert str(problem) == (
        "outcomes.csv row 7, column events: '12' is more than n (9); allowed: a whole number from 0 to n"
    )
    assert (
        str(Problem("review.toml", None, "format", "2", "is not known"))
        == "review.toml, format: '2' is not known"
    )
    assert str(Problem("x.csv", None, "", "", "the file is empty")) == "x.csv: the file is empty"
    assert "\n" not in str(Problem("x.csv", 2, "a", "line\nbreak\x00", "is odd", "", "a\nb"))
    assert len(str(Problem("x.csv", 2, "a", "x" * 10_000, "is long", "", "y" * 10_000))) < 300
    assert (
        str(Problem("x.csv", 2, "a", "Ca\xa0diz", "is odd", "words", "Cádiz"))
        == "x.csv row 2, column a: 'Ca\\xa0diz' is odd (did you mean Cádiz?); allowed: words"
    )
    assert '"\'12"' in str(Problem("x.csv", 2, "a", "'12", "is odd"))


@pytest.mark.parametrize("at", [0, 30, 51, 90, 149])
def test_a_long_value_is_cut_so_that_its_fault_is_seen(at):
    value = "x" * at + "\u200b" + "y" * (149 - at)
    text = str(Problem("x.csv", 2, "a", value, "is odd"))
    assert "\\u200b" in text
    assert len(text) < 110


def test_what_is_allowed_is_said_for_every_column():
    for table in TABLES.values():
        for column in table.columns:
            assert allowed(column)
            assert ("empty" in allowed(column)) is not column.required


@pytest.mark.parametrize(
    ("weeks", "low", "high", "printed", "when"),
    [
        (12.0, None, None, "", "week 12"),
        (8.7, None, None, "", "week 8.7"),
        (52.0, 40.0, 52.0, "", "weeks 40 to 52"),
        (LAST_VISIT, 8.7, 43.48, "", "last visit (9 to 43 weeks)"),
        (LAST_VISIT, 16.0, None, "16+", "last visit (from 16 weeks)"),
        (LAST_VISIT, None, 85.0, "", "last visit (up to 85 weeks)"),
        (LAST_VISIT, None, None, "mean 7.1 months", "last visit (mean 7.1 months)"),
        (LAST_VISIT, 12.0, 12.0, "", "last visit (12 weeks)"),
        (LAST_VISIT, None, None, "", "last visit"),
        (NOT_STATED, None, None, "", "time not stated"),
    ],
)
def test_time_in_words(weeks, low, high, printed, when):
    blank = OutcomeRow("s", "", "", "o", weeks, low, high, printed, 1, 2, *[""] * 11, None, None, *[""] * 5)
    assert blank.when == when


def test_states_and_near_misses():
    assert worst_state(["verified", "secondary", "read"]) == "secondary"
    assert near("clasi5O", ["clasi50", "bicla"]) == " (did you mean clasi50?)"
    assert near("zzz", ["clasi50"]) == ""
    assert nearest("CLASI-50", ["clasi50", "bicla"]) == "clasi50"
    assert near("t1", [f"s{i}" for i in range(10_000)]) == ""  # among thousands only those that begin alike
    assert near("s1O", [f"s{i}" for i in range(10_000)]) == " (did you mean s1?)"
