"""--where: what the grammar means, what it refuses, and that it runs nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import OptionError
from evidence.review.where import DEEPEST, parse_where

COLUMNS = ("design", "n", "year", "state", "note", "country", "mean age")
ROW = {
    "design": "Case series",
    "n": 9,
    "year": 2023,
    "state": "read",
    "note": "",
    "country": None,
    "mean age": "35",
}


def holds(text, row=ROW):
    return parse_where(text, COLUMNS)(row)


@pytest.mark.parametrize(
    "text",
    [
        "n == 9",
        "n == 9.0",
        "n >= 5 and year < 2024",
        "n < 5 or year == 2023",
        "not n < 5",
        "not (n < 5 or n > 10)",
        'design == "case series"',
        "design == 'CASE SERIES'",
        "state in (verified, read)",
        'design in (cohort, "case series")',
        "state not in (secondary, unverified)",
        "n in (8, 9)",
        "n != 8",
        "state != verified",
        "state > a",
        "n<10 AND year>=2023",
        "((n == 9))",
        "not not n == 9",
        "n == 1 or n == 9 and year == 2023",  # and binds tighter than or
        '"mean age" > 34',  # text that is a number, as in a bare file
        "design has series",
        'design has "CASE series"',
        "n has 9",
    ],
)
def test_holds(text):
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "n != 9",
        "n > 9",
        "n == 9 and year == 2024",
        "(n == 9 or year == 1) and state == verified",
        "design == cohort",
        "n == nine",
        "n > nine",
        "state < 5",
        'country == ""',
        "country != Spain",  # missing compares false, whatever is asked
        "country not in (Spain)",
        "note == x",
        "note < x",
        "note has x",
        "design has serie",  # whole words
        "design has ase",
        "country has Spain",
    ],
)
def test_does_not_hold(text):
    assert not holds(text)


def test_a_missing_value_compares_false_and_not_turns_that_round():
    assert not holds("country == Spain")
    assert holds("not country == Spain")


def test_says_which_columns_it_looks_at():
    assert parse_where("n > 1 and (year < 3 or n < 2)", COLUMNS).names == {"n", "year"}
    assert str(parse_where("n > 1", COLUMNS)) == "n > 1"


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ("n = 9", 2, "=="),
        ("n == 9 && year == 1", 7, "and"),
        ("n => 9", 2, "write >="),
        ("n =< 9", 2, "write <="),
        ("n <> 9", 2, "write !="),
        ("n ≥ 9", 2, "write >="),
        ("n ≠ 9", 2, "write !="),
        ("design == “case series”", 10, "use straight quotes"),
        ("design in (cohort, ‘case series’)", 19, "use straight quotes"),
        ("not (n ≤ 9)", 7, "write <="),
        ("n == 9 | year == 1", 7, "or"),
        ("desing == cohort", 0, "did you mean design?"),
        ("n == 9 and 5 <= year", 11, "not a column"),
        ("n", 1, "expected one of"),
        ("n ==", 4, "expected a number"),
        ("n == 9 year", 7, "several words in quotes"),
        ("design == case series", 15, "several words in quotes"),
        ('design == "case series', 10, "not closed"),
        ("(n == 9", 0, "expected )"),
        ("n == 9)", 6, "expected and, or"),
        ("n in 9", 5, "expected a list"),
        ("n has", 5, "expected a number"),
        ('n has " "', 6, "expected a word"),
        ("n in ()", 6, "expected a number"),
        ("n in (1 2)", 8, "expected ,"),
        ("n not 9", 6, "expected in"),
        ("and n == 9", 0, "not a column"),
        ("n == 9 and", 10, "expected a column"),
        ("!n", 0, "not"),
        ("(" * 60 + "n == 9" + ")" * 60, DEEPEST, "levels"),
        ("not " * 60 + "n == 9", 4 * DEEPEST, "levels"),
        ("__import__('os').system('true')", 0, "not a column"),
    ],
)
def test_refuses_and_shows_where(text, at, says):
    with pytest.raises(OptionError) as caught:
        parse_where(text, COLUMNS)
    message = str(caught.value)
    *_, shown, caret = message.split("\n")
    assert shown == f"  {text}"
    assert caret.index("^") - 2 == at
    assert says in caret
    assert caught.value.exit_code == 2


def test_the_error_names_the_columns():
    with pytest.raises(OptionError, match="design, n, year, state"):
        parse_where("nothing == 1", COLUMNS)


@given(st.text(max_size=40))
def test_any_text_is_a_condition_or_an_option_error(text):
    try:
        where = parse_where(text, COLUMNS)
    except OptionError:
        return
    assert where(ROW) in (True, False)


WORDS = [
    "n",
    "design",
    "==",
    "<",
    "!=",
    "in",
    "not",
    "and",
    "or",
    "(",
    ")",
    ",",
    "9",
    "cohort",
    '"case series"',
    "'x",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_any_words_of_the_grammar_too(text):
    try:
        where = parse_where(text, COLUMNS)
    except OptionError:
        return
    assert where(ROW) in (True, False)
    assert where({}) in (True, False)


comparisons = st.tuples(
    st.sampled_from(["n", "year"]), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.integers(0, 3)
)


def _python(tree, row):
    """The same condition, worked out without the parser."""
    match tree:
        case ("and", left, right):
            return _python(left, row) and _python(right, row)
        case ("or", left, right):
            return _python(left, row) or _python(right, row)
        case ("not", inner):
            return not _python(inner, row)
        case (name, sign, value):
            left = row[name]
            return {
                "==": left == value,
                "!=": left != value,
                "<": left < value,
                "<=": left <= value,
                ">": left > value,
                ">=": left >= value,
            }[sign]


def _written(tree):
    match tree:
        case ("and" | "or" as word, left, right):
            return f"({_written(left)}) {word} ({_written(right)})"
        case ("not", inner):
            return f"not ({_written(inner)})"
        case (name, sign, value):
            return f"{name} {sign} {value}"


trees = st.recursive(
    comparisons,
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner) | st.tuples(st.just("not"), inner),
    max_leaves=8,
)


@given(trees, st.integers(0, 3), st.integers(0, 3))
def test_means_what_python_means(tree, n, year):
    row = {"n": n, "year": year}
    assert parse_where(_written(tree), COLUMNS)(row) is _python(tree, row)
