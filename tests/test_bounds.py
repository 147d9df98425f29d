"""Counts that are only bounded: from the table, a percentage, a word or some of the patients; and pools of them."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence
from evidence.errors import DataError, OptionError
from evidence.review.bounds import bounded_rows, bounds_of
from evidence.review.printed import Bounds
from evidence.review.schema import OutcomeRow
from evidence.review.selection import select
from evidence.synthesis.doubts.count_bounds import pool_set

from .made_reviews import review as made_review


def row(**cells: object) -> OutcomeRow:
    blank = dict.fromkeys(OutcomeRow._fields[:-3], "") | {"events": None, "n": None}
    blank |= {"events_low": None, "events_high": None}
    return OutcomeRow(**(blank | cells))  # type: ignore[arg-type]


def test_what_bounds_a_count() -> None:
    assert bounds_of(row(n=7, events_low=4)) == (7, Bounds(4, 7), "stated")
    assert bounds_of(row(n=300, percent="33")) == (300, Bounds(98, 101), "percentage")
    assert bounds_of(row(n=300, percent="33", percent_kind="modelled")) is None
    assert bounds_of(row(n=9, value="most")) == (9, Bounds(5, 9), "word")
    assert bounds_of(row(n=2, events=2, derived=True, not_poolable="scores of 2 of 4"), 4) == (
        4,
        Bounds(2, 4),
        "patients",
    )
    assert bounds_of(row(n=2, events=2, not_poolable="a subgroup"), 4) is None
    assert bounds_of(row(value="most")) is None
    assert bounds_of(row(n=94, percent="24.9")) is None  # no count of 94 prints so


def test_the_shipped_review_bounds_what_it_cannot_count() -> None:
    review = evidence.load("data")
    found = {one.row.study: (one.n, one.bounds, one.by) for one in bounded_rows(review, select(review))}
    assert found == {"carter2023": (7, Bounds(4, 7), "stated"), "lsm2023four": (4, Bounds(2, 4), "patients")}
    carter = next(one.row for one in bounded_rows(review, select(review)) if one.row.study == "carter2023")
    assert "median reduction is printed as 60 %" in carter.disputed


def test_bounds_of_a_known_count_or_beyond_n_are_problems(tmp_path: Path) -> None:
    for cells, said in (
        ("5/9 events_low=4", "bounds a count that is known"),
        ("/9 events_low=10 not_poolable=median", "is more than n"),
        ("/9 events_low=5 events_high=4 not_poolable=median", "is more than events_high"),
    ):
        with pytest.raises(DataError, match=said):
            made_review(tmp_path, [f"a {cells}"])


def test_a_pool_of_bounded_counts_is_the_set_of_all_its_pools() -> None:
    found = pool_set([6, 9, 4], [6, 9, 7], [6, 9, 7], model="exact")
    every = [evidence.pool_counts([6, 9, x], [6, 9, 7], model="exact").proportion for x in range(4, 8)]
    assert found.estimate == (min(p.estimate for p in every), max(p.estimate for p in every))
    assert found.low == (min(p.low for p in every), max(p.low for p in every))
    assert (found.tables, found.complete, found.events, found.n) == (4, True, (19, 22), 22)
    with pytest.raises(OptionError, match="not above"):
        pool_set([3], [2], [4])


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.integers(2, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.integers(0, n), st.just(n))),
        min_size=2,
        max_size=4,
    )
)
def test_every_possible_pool_lies_in_the_set(studies: list[tuple[int, int, int]]) -> None:
    low, high = [min(a, b) for a, b, _ in studies], [max(a, b) for a, b, _ in studies]
    high = [min(h, low + 2) for h, low in zip(high, low, strict=True)]
    n = [size for *_, size in studies]
    found = pool_set(low, high, n, model="random", measure="arcsine", prediction="none")
    for events in product(*[range(a, b + 1) for a, b in zip(low, high, strict=True)]):
        pooled = evidence.pool_counts(list(events), n, model="random", measure="arcsine").proportion
        assert found.estimate[0] - 1e-9 <= pooled.estimate <= found.estimate[1] + 1e-9
        assert found.low[0] - 1e-9 <= pooled.low
        assert pooled.high <= found.high[1] + 1e-9


def test_the_average_of_the_pools_is_the_same_beside_the_usual_interval_and_beside_t() -> None:
    """The sensitivity of a review asks for t, which costs a tenth."""
    known = ([6, 11, 9, 4, 2], [6, 11, 9, 5, 4], [6, 11, 9, 7, 4])
    assert pool_set(*known, ci="t") == pool_set(*known)
