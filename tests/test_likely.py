"""What a slip was likely meant to be: the table of them, and that no guess is made that the column could not hold."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.review.likely import composed, dates, explain, latin, serial, shown_otherwise, visible
from evidence.review.schema import DESIGNS, LAST_VISIT, NOT_STATED, STATES, TABLES, Column, Fault, parse

COUNT = Column("events", "integer", "", high=100_000)
N = Column("n", "integer", "", low=1, high=100_000)
TREATED = Column("treated", "integer", "")
NUMBER = Column("value", "number", "")
AGE = Column("age", "number", "", low=0)
WEEKS = Column("weeks", "weeks", "", True)
PERCENT = Column("percent", "percent", "")
DATE = Column("recruited_from", "date", "")
STATE = Column("state", "choice", "", True, STATES)
DESIGN = Column("design", "choice", "", True, DESIGNS)
KEY = Column("study", "key", "", True)
NAME = Column("arm", "name", "")

GUESSES = [
    # dates that were numbers: both readings, in every language and form
    *[(COUNT, text, "is a date", "3/12 or 12/3") for text in (
        "03-Dec", "3-Dec", "3. Dez", "03. Dez.", "03-dic", "3-déc", "03-déc.", "3 dec", "Dec 3", "3-Dec-26", "3 December 2026",
        "December 3, 2026", "2026-12-03", "2026-12-03 00:00:00", "2026-12-03T00:00", "03/12/2026", "3/12/26", "03.12.2026",
    )],
    (COUNT, "12-Mar", "is a date", "12/3 or 3/12"),
    (COUNT, "5-mai", "is a date", "5/5"),
    (COUNT, "6-juin", "is a date", "6/6"),
    (COUNT, "7-juil.", "is a date", "7/7"),
    (COUNT, "8-août", "is a date", "8/8"),
    (COUNT, "3-ene", "is a date", "3/1 or 1/3"),
    (COUNT, "3. Mrz", "is a date", "3/3"),
    (COUNT, "3-ott", "is a date", "3/10 or 10/3"),
    (COUNT, "Mar-49", "is a date", "3/49"),
    (COUNT, "Dec-03", "is a date", "3/12 or 12/3"),
    (COUNT, "2049-03-01", "is a date", "1/3 or 3/1 or 3/49"),
    (NUMBER, "3. Dez", "is a date", "3.12 or 12.3"),
    (PERCENT, "08-Sep", "is a date", "8.9 or 9.8"),
    (WEEKS, "02-Aug", "is a date", "2-8 or 8-2"),
    # separators
    *[(N, f"1{mark}234", "has a thousands separator", "1234") for mark in (",", ".", " ", "'", "’", "\u00a0", "\u2009", "\u202f")],
    (NUMBER, "1,234", "has a thousands separator or a decimal comma", "1234 or 1.234"),
    (NUMBER, "1 234,5", "has a thousands separator", "1234.5"),
    (NUMBER, "1.234.567", "has a thousands separator", "1234567"),
    (NUMBER, "1,234.5", "has a thousands separator", "1234.5"),
    (NUMBER, "0,123", "has a decimal comma", "0.123"),
    (PERCENT, "66,7", "has a decimal comma", "66.7"),
    (COUNT, "2,5", "is not a whole number", ""),
    (COUNT, "2,0", "is not a whole number", "2"),
    (COUNT, "7.0", "is not a whole number", "7"),
    (COUNT, "7.5", "is not a whole number", ""),
    # signs
    (PERCENT, "66.7%", "has a percent sign", "66.7"),
    (PERCENT, "66,7 %", "has a percent sign", "66.7"),
    (COUNT, "66%", "is a percentage, not a count", "66 in the column percent"),
    (TREATED, "66%", "has a percent sign", ""),
    (COUNT, "+7", "starts with a plus sign", "7"),
    (NUMBER, "−7", "has digits or signs of another script", "-7"),
    (COUNT, "٣", "has digits or signs of another script", "3"),
    (COUNT, "７", "has digits or signs of another script", "7"),
    (COUNT, "²", "is not a number", ""),
    (COUNT, "1O", "has a letter for a digit", "10"),
    (COUNT, "l2", "has a letter for a digit", "12"),
    (COUNT, "OO", "is not a number", ""),
    (COUNT, "'12", "starts with an apostrophe", "12"),
    (COUNT, "'n/a", "starts with an apostrophe", "an empty cell"),
    (COUNT, "1E+02", "is in scientific notation", "100"),
    (NUMBER, "1.5e-3", "is in scientific notation", "0.0015"),
    (NUMBER, "1E+99", "is in scientific notation", str(10**99)),
    # nothing known
    *[(COUNT, text, "stands for a missing value", "an empty cell") for text in ("n/a", "NA", "-", "–", "nr", "None", ".", "?")],
    (WEEKS, "NA", "stands for a missing value", NOT_STATED),
    (DESIGN, "unknown", "stands for a missing value", NOT_STATED),
    (STATE, "unknown", "stands for a missing value", ""),
    (DATE, "n.d.", "stands for a missing value", "an empty cell"),
    # something beside the number
    (COUNT, "12 (45%)", "is a count with its percentage", "12"),
    (COUNT, "12 (45,5 %)", "is a count with its percentage", "12"),
    (COUNT, "6/9", "is two numbers in one cell", "events 6, n 9"),
    (COUNT, "6 of 9", "is two numbers in one cell", "events 6, n 9"),
    (TREATED, "6/9", "is two numbers in one cell", ""),
    (COUNT, "12 patients", "has something beside the number", "12"),
    (COUNT, "n=12", "has something beside the number", "12"),
    (COUNT, "12*", "has something beside the number", "12"),
    (AGE, "34 years", "has something beside the number", "34"),
    (WEEKS, "12 weeks", "has something beside the number", "12"),
    (WEEKS, "week 12", "has something beside the number", "12"),
    (WEEKS, "w12", "has something beside the number", "12"),
    (WEEKS, "3 months", "has something beside the number", "13.04"),
    (WEEKS, "month 3", "has something beside the number", "13.04"),
    (WEEKS, "28 days", "has something beside the number", "4"),
    (COUNT, "<5", "is not a number", ""),
    # words
    (COUNT, "four", "is not a number", "4"),
    (WEEKS, "last vist", "is not a number", LAST_VISIT),
    (WEEKS, "Last visit", "is not a number", LAST_VISIT),
    (WEEKS, "end of study", "is not a number", LAST_VISIT),
    (WEEKS, "baseline", "is not a number", "0"),
    (STATE, "Verified", "is not one of the words", "verified"),
    (DESIGN, "case\u00a0series", "has a no-break space (U+00A0)", "case series"),
    # keys and names
    (KEY, "two words", "is not a short name", "two-words"),
    (KEY, "smith\u200b2020", "has a zero-width space (U+200B)", "smith2020"),
    (KEY, "sm\u0456th", "has a letter that only looks Latin (\u0456, U+0456)", "smith"),
    (NAME, "two  words", "has more between two words", "two words"),
    (NAME, "two\u00a0words", "has a no-break space (U+00A0)", "two words"),
    (NAME, "Ca\u0301diz", "has accents written as characters of their own", "Cádiz"),
    # identifiers and dates
    (Column("doi", "doi", ""), "https://doi.org/10.1016/j.ad.2025.05.013", "is not a DOI", "10.1016/j.ad.2025.05.013"),
    (Column("doi", "doi", ""), "doi: 10.1016/j.ad.2025.05.013.", "is not a DOI", "10.1016/j.ad.2025.05.013"),
    (Column("pmid", "pmid", ""), "PMID: 37378095", "is not a PubMed number", "37378095"),
    (Column("pmid", "pmid", ""), "37378095.0", "is not a PubMed number", "37378095"),
    (Column("pmid", "pmid", ""), "https://pubmed.ncbi.nlm.nih.gov/37378095/", "is not a PubMed number", "37378095"),
    (Column("pmcid", "pmcid", ""), "11393608", "is not PMC and digits", "PMC11393608"),
    (DATE, "Jul-23", "is not 2023", "2023-07"),
    (DATE, "July 2023", "is not 2023", "2023-07"),
    (DATE, "07/2023", "is not 2023", "2023-07"),
    (DATE, "2023/7/31", "is not 2023", "2023-07-31"),
    (DATE, "31/07/2023", "is not 2023", "2023-07-31"),
    (DATE, "03/04/2023", "is not 2023", "2023-04-03 or 2023-03-04"),
    (DATE, "31 juillet 2023", "is not 2023", "2023-07-31"),
    (DATE, "July 31, 2023", "is not 2023", "2023-07-31"),
    (DATE, "2023-07-31 00:00:00", "is not 2023", "2023-07-31"),
    (DATE, "last summer", "is not 2023", ""),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text", "reason", "likely"), GUESSES, ids=lambda part: str(part)[:20])
def test_guesses(column: Column, text: str, reason: str, likely: str) -> None:
    fault = parse(column, text)
    assert isinstance(fault, Fault)
    guess = explain(column, text, fault)
    assert guess.reason.startswith(reason)
    assert guess.likely == likely


def test_references_are_guessed_among_the_keys_there_are() -> None:
    fault = Fault("is not in studies.csv", "a key of studies.csv")
    assert explain(KEY, "Smith 2020", fault, {"smith2020", "jones2021"}).likely == "smith2020"
    assert explain(KEY, "nobody", fault, {"smith2020"}).likely == ""


@given(st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)))
def test_a_date_is_read_both_ways_whatever_its_form(day: datetime.date) -> None:
    both = {f"{day.day}/{day.month}", f"{day.month}/{day.day}"}
    assert both <= set(dates(day.isoformat()))
    for form in ("%d-%b", "%d/%m/%Y", "%d. %b", "%d %B %Y"):
        assert set(dates(day.strftime(form))) == both
    number = (day - datetime.date(1899, 12, 30)).days
    assert set(serial(number).split(" or ")) == both


def test_numbers_that_are_no_date() -> None:
    assert serial(460) == ""
    assert serial(10**9) == ""
    for text in ("3/12", "0-Dec", "32-Dec", "Foo-12", "2026-13-40", "12", ""):
        assert list(dates(text)) == []


def test_what_a_spreadsheet_shows_otherwise() -> None:
    for text, likely in (
        ("=3+4", "7"),
        ("=12", "12"),
        ("=SUM(A1:A3)", ""),
        ("#N/A", "an empty cell"),
        ("#REF!", ""),
        ("####", ""),
    ):
        guess = shown_otherwise(text)
        assert guess is not None
        assert guess.likely == likely
    assert shown_otherwise("#1 in the list") is None
    assert shown_otherwise("") is None


@given(
    st.text(max_size=12), st.sampled_from([column for table in TABLES.values() for column in table.columns])
)
def test_any_text_can_be_explained(text: str, column: Column) -> None:
    text = text.strip()
    fault = parse(column, text)
    if isinstance(fault, Fault):
        guess = explain(column, text, fault)
        assert guess.reason
        assert guess.likely != text or not text
        assert guess == explain(column, text, fault)


@given(st.text(max_size=12))
def test_mending_is_done_once_and_leaves_what_is_seen(text: str) -> None:
    for mend in (visible, composed, latin):
        assert mend(mend(text)) == mend(text)
    assert text.isascii() or all(word for word in visible(text).split())
    assert latin(text.encode("ascii", "ignore").decode()) == text.encode("ascii", "ignore").decode()
