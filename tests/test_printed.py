"""Printed numbers and the counts they can stand for, against counting them all."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from evidence.review.printed import Bounds, Printed, counts_of, counts_of_word, read_printed


def test_numbers_are_read_with_the_decimals_they_were_printed_with() -> None:
    assert read_printed("24.90") == Printed(Fraction(249, 10), 2)
    assert read_printed(" 49 % ") == Printed(Fraction(49), 0)
    assert read_printed("16,7") == Printed(Fraction(167, 10), 1)
    assert read_printed("−3") == Printed(Fraction(-3), 0)
    for text in ("", "about 20", "1e3", "nan", "4-12", "1.2.3", "٣"):
        assert read_printed(text) is None


def test_a_printed_percentage_of_a_trial_that_no_count_gives() -> None:
    """24/94 printed as 24.9 %: stratified, for 23/94 is 24.5 and 24/94 is 25.5."""
    assert counts_of(Printed(Fraction(249, 10), 1), 94).any == ()
    assert counts_of(Printed(Fraction(66), 0), 6) == ((), (4,))  # 66.7, cut off
    assert counts_of(Printed(Fraction(49), 0), 49).rounded == (24,)


@given(st.integers(1, 60), st.data(), st.integers(0, 2))
def test_every_count_stands_for_the_percentage_it_prints_as(
    n: int, data: st.DataObject, decimals: int
) -> None:
    x = data.draw(st.integers(0, n))
    scale = 10**decimals
    exact = Fraction(100 * x * scale, n)
    down = Printed(Fraction(exact.numerator // exact.denominator, scale), decimals)
    half_even = Printed(Fraction(round(exact), scale), decimals)
    half_up = Printed(Fraction((2 * exact + 1) // 2, scale), decimals)
    assert x in counts_of(down, n).truncated
    assert x in counts_of(half_even, n).rounded
    assert x in counts_of(half_up, n).rounded
    for other in counts_of(half_up, n).rounded:
        assert abs(Fraction(100 * other, n) - half_up.value) <= half_up.unit / 2


def test_bounds_by_words() -> None:
    assert counts_of_word("Most", 7) == Bounds(4, 7)
    assert counts_of_word("most", 6) == Bounds(4, 6)
    assert counts_of_word("a  minority", 6) == Bounds(0, 2)
    assert counts_of_word("several", 6) is None
