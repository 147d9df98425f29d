"""Printed numbers and the counts they can stand for, against counting them all."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.review.printed import Bounds, Printed, counts_by_median, counts_of, counts_of_word, read_printed


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


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("strictly", [False, True])
def test_bounds_by_a_median_are_what_listing_all_scores_gives(n: int, strictly: bool) -> None:
    seen: dict[float, set[int]] = {}
    for scores in combinations_with_replacement(range(5), n):
        count = sum(score < 2 if strictly else score <= 2 for score in scores)
        seen.setdefault(median(scores), set()).add(count)
    for middle, found in seen.items():
        bounds = counts_by_median(n, middle, 2, strictly=strictly)
        assert bounds.low <= min(found)
        assert max(found) <= bounds.high
        if n % 2 or middle not in (1.5, 2.0, 2.5):  # an even number's middle two may lie on both sides
            assert bounds.low == min(found) or bounds.high == max(found)


@pytest.mark.parametrize("n", [2, 4, 6])
def test_a_median_at_the_bottom_of_the_scale_takes_both_middle_scores_there(n: int) -> None:
    counts = [scores.count(0) for scores in combinations_with_replacement(range(4), n) if median(scores) == 0]
    assert counts_by_median(n, 0, 0, least=0) == Bounds(min(counts), max(counts))


def test_bounds_by_words_and_by_a_median_of_nothing() -> None:
    assert counts_by_median(7, 0, 0) == Bounds(4, 7)
    assert counts_of_word("Most", 7) == Bounds(4, 7)
    assert counts_of_word("most", 6) == Bounds(4, 6)
    assert counts_of_word("a  minority", 6) == Bounds(0, 2)
    assert counts_of_word("several", 6) is None
