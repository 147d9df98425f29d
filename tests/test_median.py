"""The interval of a median: the ranks that tables print, coverage by enumeration, SciPy, and laws."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import OptionError
from evidence.synthesis.scores.median import median_interval

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)
LEVELS = st.floats(0.5, 0.999)

PRINTED = [
    # n, rank of the lower limit, confidence in percent; the narrowest that reaches 95 % (or the range)
    (2, 1, 50.0),
    (3, 1, 75.0),
    (4, 1, 87.5),
    (5, 1, 93.75),
    (6, 1, 96.9),
    (7, 1, 98.4),
    (8, 1, 99.2),
    (9, 2, 96.1),
    (10, 2, 97.9),
    (11, 2, 98.8),
    (12, 3, 96.1),
    (15, 4, 96.5),
    (16, 4, 97.9),
    (17, 5, 95.1),
    (18, 5, 96.9),
    (19, 5, 98.1),
    (20, 6, 95.9),
    (100, 40, 96.5),
]
"""As tables of the sign test's interval print them; that coverage is right is shown by enumeration below."""


@pytest.mark.parametrize(("n", "rank", "percent"), PRINTED)
def test_the_ranks_and_confidences_that_tables_print(n: int, rank: int, percent: float) -> None:
    found = median_interval(range(1, n + 1))
    assert (found.low, found.high) == (rank, n + 1 - rank)
    assert 100 * found.level == pytest.approx(percent, abs=0.05)
    assert found.estimate == (n + 1) / 2


@pytest.mark.parametrize("n", [2, 5, 6, 9, 12])
def test_the_confidence_is_the_share_of_samples_whose_interval_holds_the_median(n: int) -> None:
    """Each value is below or above the population's median, -1 or 1 around 0, with equal chance: all 2^n samples."""
    samples = list(product((-1.0, 1.0), repeat=n))
    held = sum(found.low <= 0 <= found.high for found in map(median_interval, samples))
    assert held / len(samples) == pytest.approx(median_interval(range(n)).level, abs=1e-12)


def test_five_cannot_reach_95_percent_and_one_has_no_interval() -> None:
    five = median_interval([3, 1, 2, 5, 4])
    assert (five.low, five.high, five.level) == (1, 5, pytest.approx(0.9375, abs=1e-15))
    assert median_interval([3, 1, 2, 5, 4], level=0.9375).level == five.level
    one = median_interval([7])
    assert one.estimate == 7
    assert np.isnan(one.low) and np.isnan(one.high)
    assert one.level == 0


@given(VALUES, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_it_is_scipys_where_that_has_one(values: list[float], level: float) -> None:
    """SciPy has none where n is too small; at levels attained exactly, rounding decides there."""
    from scipy.stats import quantile_test

    found = median_interval(values, level=level)
    theirs = quantile_test(values, p=0.5).confidence_interval(level)
    if len(values) > 1 and found.level >= level:
        assert found.low == theirs.low
        assert found.high == theirs.high


@given(VALUES, LEVELS)
def test_the_interval_holds_the_median_and_ends_at_values(values: list[float], level: float) -> None:
    found = median_interval(values, level=level)
    assert found.estimate == pytest.approx(float(np.median(values)), rel=1e-12, abs=1e-300)
    if len(values) > 1:
        assert found.low <= found.estimate <= found.high
        assert {found.low, found.high} <= set(values)
        assert found.level >= level or (found.low, found.high) == (min(values), max(values))


@given(VALUES, st.randoms())
def test_order_is_irrelevant(values: list[float], random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert repr(median_interval(shuffled)) == repr(median_interval(values))


@given(VALUES, LEVELS, LEVELS)
def test_a_higher_level_is_no_narrower(values: list[float], a: float, b: float) -> None:
    low, high = median_interval(values, level=min(a, b)), median_interval(values, level=max(a, b))
    if len(values) > 1:
        assert high.low <= low.low
        assert low.high <= high.high


@given(VALUES)
def test_mirrored_values_mirror_the_interval(values: list[float]) -> None:
    there, back = median_interval(values), median_interval([-value for value in values])
    if len(values) > 1:
        assert (back.low, back.high) == (-there.high, -there.low)
    assert back.estimate == -there.estimate


def test_large_values_do_not_overflow() -> None:
    assert median_interval([1e308, 1.5e308]).estimate == 1.25e308


@pytest.mark.parametrize("values", [[], [[1.0, 2.0]], [1.0, float("nan")], [float("inf")]])
def test_what_has_no_median_is_an_option_error(values: list[float]) -> None:
    with pytest.raises(OptionError):
        median_interval(values)


@pytest.mark.parametrize("level", [0, 1, -1, 95, float("nan")])
def test_what_is_no_level_is_an_option_error(level: float) -> None:
    with pytest.raises(OptionError, match="level"):
        median_interval([1, 2, 3], level=level)
