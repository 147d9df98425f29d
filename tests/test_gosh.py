"""Pools of all subsets: against R, against pools one by one, and what is made of them together."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.analysis import gosh_rows
from evidence.errors import NotPossible, OptionError
from evidence.review.counts import CountRow
from evidence.synthesis.influence.gosh import subsets
from evidence.synthesis.influence.heaps import heaps, splits
from evidence.synthesis.pooling import pool_counts
from evidence.synthesis.proportions import MEASURES

from .test_influence import (
    CLOSED_FORM,
    COMMITTED,
    ITERATED,
    MEASURE,
    SHARED,
    TAU2,
    beside,
    grouped,
    read,
    sets,
)

ROUNDING = 1e-13
ESTIMATORS = ("reml", "pm", "dl", "ml", "eb", "hs", "he", "sj")


def effects(k: int, seed: int = 1, tau: float = 0.7) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    n = random.integers(5, 60, k).astype(float)
    x = random.binomial(n.astype(int), 1 / (1 + np.exp(-(0.5 + tau * random.standard_normal(k))))).astype(
        float
    )
    return x, n, *MEASURES["logit"].effects(x, n)


# ---- against R ----------------------------------------------------------------------------------------


@beside
def test_every_subset_is_rs() -> None:
    seen: Counter[str] = Counter()
    for rows in grouped(read(SHARED, "gosh.csv"), "dataset", "measure", "method"):
        first = rows[0]
        x, n = sets(SHARED)[first["dataset"]]
        yi, vi = MEASURES[MEASURE[first["measure"]]].effects(x, n)
        found = subsets(yi, vi, tau2=None if first["method"] == "EE" else first["method"].lower())
        assert found.complete
        assert len(found.size) == len(rows)  # R has every subset as well
        rtol = ITERATED if first["method"] == "REML" else CLOSED_FORM
        for row in rows:
            place = int(row["included"][:0:-1], 2) - 1
            assert found.size[place] == int(row["k"])
            for name, ours, scale in (
                ("estimate", found.estimate, 1e-3),
                ("tau2", found.tau2, 0.0),
                ("Q", found.q, 1e-3),
            ):
                theirs = float(row[name])
                allowed = rtol * max(abs(theirs), scale) + (TAU2 if name == "tau2" else ROUNDING)
                assert abs(ours[place] - theirs) <= allowed, (row, name)
                seen["numbers"] += 1
            if row["method"] in ("EE", "DL"):
                i2 = max(float(row["I2"]), 0) / 100
                assert found.i2[place] == pytest.approx(i2, rel=1e-9, abs=1e-12), row
                seen["I2"] += 1
            else:
                seen["R's I2 is made from tau2"] += 1
    assert seen == {"numbers": 17730, "I2": 5644, "R's I2 is made from tau2": 266}


def test_the_committed_reference_is_met() -> None:
    rows = [row for row in read(COMMITTED, "influence.csv") if row["what"] == "gosh"]
    x, n = (column[:5] for column in sets(COMMITTED)["heterogeneous"])
    yi, vi = MEASURES["logit"].effects(x, n)
    for group in grouped(rows, "method"):
        method = group[0]["method"]
        found = subsets(yi, vi, tau2=None if method == "EE" else method.lower())
        for row in group:
            ours = getattr(found, row["name"])[int(row["i"]) - 1]
            rtol = ITERATED if method in ("REML", "PM") else CLOSED_FORM
            assert ours == pytest.approx(float(row["value"]), rel=rtol, abs=TAU2), row
    assert len(rows) == 372


# ---- against pools one by one -------------------------------------------------------------------------


@pytest.mark.parametrize("name", [None, *ESTIMATORS])
@pytest.mark.parametrize("tau", [0.0, 1.5])
def test_each_subset_is_the_pool_of_its_studies(name: str | None, tau: float) -> None:
    x, n, yi, vi = effects(7, tau=tau)
    found = subsets(yi, vi, tau2=name)
    chosen: dict[str, Any] = {"model": "common"} if name is None else {"model": "random", "tau2": name}
    for place, member in enumerate(found.members()):
        assert found.size[place] == member.sum()
        if member.sum() > 1:
            alone = pool_counts(x[member], n[member], **chosen)
            assert alone.fit is not None
            assert alone.heterogeneity is not None
            assert found.estimate[place] == pytest.approx(alone.fit.estimate, rel=1e-9, abs=1e-9)
            assert found.tau2[place] == pytest.approx(alone.heterogeneity.tau2, rel=1e-8, abs=1e-10)
            assert found.i2[place] == pytest.approx(alone.heterogeneity.i2, rel=1e-9, abs=1e-9)
        else:
            assert found.estimate[place] == pytest.approx(yi[member][0], rel=1e-12)
            assert found.tau2[place] == found.q[place] == 0


def test_the_higher_of_two_maxima_is_taken() -> None:
    """A likelihood with a maximum near 0 and another far out; the grid alone shows the wrong one in some subset."""
    random = np.random.default_rng(4)
    yi = np.concatenate([random.normal(0, 0.01, 5), random.normal(0, 3, 5)])
    vi = np.concatenate([np.full(5, 1e-4), np.full(5, 0.5)])
    found = subsets(yi, vi, tau2="ml")
    from evidence.synthesis.inverse_variance.heterogeneity import log_likelihood

    grid = np.concatenate([[0.0], np.geomspace(1e-6, 100, 4000)])
    for place, member in enumerate(found.members()):
        if member.sum() > 1:
            y, v = (np.broadcast_to(a[member], (len(grid), int(member.sum()))) for a in (yi, vi))
            best = log_likelihood(y, v, grid, restricted=False).max()
            ours = log_likelihood(y[:1], v[:1], found.tau2[place : place + 1], restricted=False)[0]
            assert ours >= best - 1e-9


@given(st.integers(2, 9), st.integers(0, 1000))
def test_the_subset_of_all_is_the_last_and_chunks_make_no_difference(k: int, seed: int) -> None:
    x, n, yi, vi = effects(k, seed)
    found = subsets(yi, vi, tau2="dl")
    whole = pool_counts(x, n, model="random", tau2="dl")
    assert whole.fit is not None
    assert len(found.size) == 2**k - 1
    assert found.members(slice(-1, None)).all()
    assert found.estimate[-1] == pytest.approx(whole.fit.estimate, rel=1e-9, abs=1e-12)


# ---- samples, memory, progress ------------------------------------------------------------------------


def test_a_sample_is_drawn_by_its_seed_and_speaks_like_the_whole() -> None:
    _, _, yi, vi = effects(12)
    whole = subsets(yi, vi, tau2="dl")
    drawn, again, other = (subsets(yi, vi, tau2="dl", most=2000, seed=seed) for seed in (7, 7, 8))
    assert whole.complete
    assert not drawn.complete
    assert drawn.seed == 7
    np.testing.assert_array_equal(drawn.estimate, again.estimate)
    assert (drawn.estimate != other.estimate).any()
    assert drawn.members().any(1).all()  # no subset is empty
    assert drawn.members().mean() == pytest.approx(0.5, abs=0.02)
    assert np.median(drawn.estimate) == pytest.approx(np.median(whole.estimate), abs=0.05)


def test_more_studies_than_bits_in_a_number() -> None:
    _, _, yi, vi = effects(100)
    found = subsets(yi, vi, tau2="reml", most=300)
    assert found.bits.shape == (300, 13)
    member = found.members()
    assert member.shape == (300, 100)
    np.testing.assert_array_equal(found.with_study(99), member[:, 99])
    assert abs(member[:, 99].mean() - 0.5) < 0.15


def test_memory_is_that_of_a_chunk_and_of_the_results() -> None:
    _, _, yi, vi = effects(16)
    subsets(yi, vi)
    tracemalloc.start()
    found = subsets(yi, vi)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    results = sum(a.nbytes for a in (found.bits, found.size, found.estimate, found.tau2, found.q))
    assert results <= 29 * len(found.size)
    assert most < 2 * results + 25e6


def test_progress_ends_with_all() -> None:
    _, _, yi, vi = effects(13)
    told: list[tuple[int, int]] = []
    subsets(yi, vi, progress=lambda done, total: told.append((done, total)))
    assert len(told) > 1
    assert told == sorted(told)
    assert told[-1] == (8191, 8191)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(NotPossible, match="one study"):
        subsets([0.1], [0.2])
    with pytest.raises(OptionError, match="tau2"):
        subsets([0.1, 0.2], [0.2, 0.2], tau2="best")
    with pytest.raises(OptionError, match="most"):
        subsets([0.1, 0.2], [0.2, 0.2], most=0)


# ---- what they say together ---------------------------------------------------------------------------


def rows(*pairs: tuple[int, int]) -> list[CountRow]:
    return [CountRow(f"S{number}", x, n, {}, number) for number, (x, n) in enumerate(pairs, 1)]


def test_a_study_that_splits_the_subsets_is_named() -> None:
    found = gosh_rows(rows(*[(10, 40)] * 8, (380, 400)), model="common")
    assert [split.separation > 0.99 for split in found.splits] == [False] * 8 + [True]
    last = found.splits[-1]
    assert last.above > 0.99
    assert last.median_with > 0.6 > 0.3 > last.median_without
    text = str(found)
    assert "S9 splits them" in text
    assert "heaps" in text


def test_one_heap_and_two() -> None:
    random = np.random.default_rng(2)
    one = heaps(random.normal(0.5, 0.05, 5000))
    assert len(one.tops) == 1
    assert one.tops[0] == pytest.approx(0.5, abs=0.03)
    two = heaps(np.concatenate([random.normal(0.3, 0.04, 4000), random.normal(0.7, 0.04, 1500)]))
    assert two.tops == pytest.approx((0.3, 0.7), abs=0.03)
    assert sum(two.counts) == 5500
    same = heaps(np.full(300, 0.4))
    assert same.tops == (0.4,)
    assert not heaps(np.array([0.1, 0.9])).told


def test_separation_is_the_share_of_pairs() -> None:
    _, _, yi, vi = effects(6)
    found = subsets(yi, vi, tau2="dl")
    for study, split in enumerate(splits(found, found.estimate)):
        member = found.with_study(study)
        higher = np.sign(found.estimate[member][:, None] - found.estimate[~member]).mean()
        assert 2 * split.above - 1 == pytest.approx(higher, abs=1e-12)
        assert split.median_with == np.median(found.estimate[member])


def test_double_arcsine_goes_back_by_each_subsets_own_sizes() -> None:
    found = gosh_rows(rows((2, 9), (30, 40), (55, 100)), measure="double-arcsine", tau2="dl")
    alone = pool_counts([2, 55], [9, 100], model="random", measure="double-arcsine", tau2="dl")
    assert found.proportion[0b101 - 1] == pytest.approx(alone.proportion.estimate, rel=1e-12)


def test_a_likelihood_is_refused_for_a_million_subsets() -> None:
    with pytest.raises(OptionError, match="random, common"):
        gosh_rows(rows((1, 2), (2, 3)), model="binomial")
    assert gosh_rows(rows((1, 2), (2, 3)), model="auto").leading.model == "random"
    with pytest.raises(NotPossible, match="one series"):
        gosh_rows(rows((1, 2)))


def test_where_every_study_was_corrected_it_says_who_made_the_estimate() -> None:
    found = gosh_rows(rows((6, 6), (9, 9), (11, 11)))
    assert any("made by the 0.5 added to every study" in note for note in found.notes)
