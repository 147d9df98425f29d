"""What would turn a conclusion: each figure from a second, independent computation (enumeration, scipy, simulation)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from evidence.errors import OptionError
from evidence.synthesis.doubts.confounding import e_value, largest_ratio
from evidence.synthesis.doubts.file_drawer import file_drawer
from evidence.synthesis.doubts.fragility import Fragility, drop_outs, fragility
from evidence.synthesis.doubts.joint_map import joint_map, unpublished_rate
from evidence.synthesis.doubts.margin import response_margin, with_error
from evidence.synthesis.doubts.tipping import average_limit
from evidence.synthesis.doubts.total import average_limits, chance_of_total, correlation, tipping_point
from evidence.synthesis.roots import first_true

BEFORE, AFTER = [33, 47, 17, 49, 23, 20], [0, 2, 2, 1, 5, 0]
"""Six patients' scores, from a published letter's table (10.1016/j.ad.2025.05.013)."""

# ---- hidden patients -----------------------------------------------------------------------------


def enumerated(x1: int, n1: int, x2: int, n2: int) -> tuple[int, int, int]:
    """p, exact limit and estimate by counting up, with scipy's test and statsmodels' limit."""
    counting = range(1000)
    pvalue = next(
        h for h in counting if stats.fisher_exact([[x1, n1 + h - x1], [x2, n2 - x2]])[1] > 0.05 * (1 + 1e-9)
    )
    limit = next(h for h in counting if proportion_confint(x1, n1 + h, method="beta")[0] <= x2 / n2)
    estimate = next(h for h in counting if x1 / (n1 + h) <= x2 / n2)
    return pvalue, limit, estimate


@pytest.mark.parametrize(
    ("group", "reference", "expected"),
    [
        ((6, 6), (24, 49), (1, 1, 7)),
        ((26, 26), (24, 49), (11, 14, 28)),
        ((26, 26), (49, 107), (15, 16, 31)),
        ((18, 20), (5, 30), None),
    ],
)
def test_hidden_patients_are_those_found_by_counting_up(
    group: tuple[int, int], reference: tuple[int, int], expected: tuple[int, int, int] | None
) -> None:
    found = fragility(*group, *reference)
    assert (found.pvalue, found.limit, found.estimate) == enumerated(*group, *reference)
    assert expected is None or (found.pvalue, found.limit, found.estimate) == expected
    assert found.hidden == "non-responders"


counts = st.tuples(st.integers(1, 30), st.integers(1, 30)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


@settings(max_examples=60, deadline=None)
@given(counts)
def test_hidden_patients_mirror_with_the_counts(table: tuple[int, int, int, int]) -> None:
    x1, n1, x2, n2 = table
    one, other = fragility(*table), fragility(n1 - x1, n1, n2 - x2, n2)
    assert one[1:] == other[1:]
    if x1 * n2 != x2 * n1:
        assert {one.hidden, other.hidden} == {"responders", "non-responders"}
    if one.estimate is not None and one.limit is not None:
        assert one.limit <= one.estimate


def test_a_reference_at_nothing_is_never_met() -> None:
    assert fragility(5, 5, 0, 20).estimate is None
    assert fragility(5, 5, 5, 5) == Fragility("non-responders", 0, 0, 0, 0)
    with pytest.raises(OptionError, match=r"first group is '7/6'"):
        fragility(7, 6, 1, 2)


@given(st.integers(0, 300), st.integers(0, 400))
def test_the_first_number_is_found_or_is_beyond_the_most(answer: int, most: int) -> None:
    found = first_true(lambda number: number >= answer, most=max(most, 1))
    assert found == (answer if answer <= max(most, 1) else None)


def test_patients_who_dropped_out_under_each_way_to_count_them() -> None:
    assert drop_outs(8, 8, 10) == ((8, 8), (8, 10), (10, 10), (8, 10))
    assert drop_outs(2, 8, 10, better="lower") == ((2, 8), (4, 10), (2, 10), (2, 10))
    with pytest.raises(OptionError, match="at least the 8 evaluated"):
        drop_outs(8, 8, 7)


# ---- the file drawer -----------------------------------------------------------------------------


def test_series_that_all_responded_imply_many_unpublished_ones() -> None:
    for rate, expected in ((0.49, 3241.0), (0.8, 19.9), (0.9, 4.65)):
        found = file_drawer([6, 9, 11], rate)
        assert found.unpublished == pytest.approx(sum(rate**-n - 1 for n in (6, 9, 11)), rel=1e-12)
        assert found.unpublished == pytest.approx(expected, rel=2e-3)
    assert file_drawer([6], 1.0).unpublished == 0


def test_the_file_drawer_agrees_with_running_trials_until_one_is_published() -> None:
    rng = np.random.default_rng(20)
    share, rate, size = 0.8, 0.6, 9
    striking = rng.binomial(size, rate, 400_000) >= math.ceil(share * size)
    waits = np.diff(np.flatnonzero(striking)) - 1
    found = file_drawer([size], rate, share=share).unpublished
    assert abs(waits.mean() - found) < 4 * waits.std() / math.sqrt(len(waits))


def test_a_rate_or_a_share_that_is_none_is_refused() -> None:
    for wrong in ((0.0, 1.0), (0.5, 0.0), (1.5, 1.0)):
        with pytest.raises(OptionError):
            file_drawer([6], wrong[0], share=wrong[1])


# ---- three doubts at once ------------------------------------------------------------------------


@pytest.mark.parametrize("conclusion", ["limit", "pvalue"])
def test_the_joint_map_is_what_trying_every_number_finds(conclusion: str) -> None:
    def holds(x: int, n: int) -> bool:
        if conclusion == "limit":
            return bool(proportion_confint(x, n, method="beta")[0] > 49 / 107)
        return x / n > 49 / 107 and bool(stats.fisher_exact([[x, n - x], [49, 58]])[1] <= 0.05)

    found = joint_map(26, 26, [6, 9, 11], 49, 107, unpublished=3, dropped=4, conclusion=conclusion)
    rate = sum(x * math.comb(9, x) * (49 / 107) ** x * (58 / 107) ** (9 - x) for x in range(9))
    rate /= 9 * (1 - (49 / 107) ** 9)
    assert found.size == 9
    assert found.rate == pytest.approx(rate, rel=1e-12)
    brute = np.empty((4, 5), dtype=int)
    for u in range(4):
        for d in range(5):
            x, n = 26 + math.floor(u * 9 * rate + d * 49 / 107), 26 + 9 * u + d
            brute[u, d] = next(h for h in range(99) if not holds(x, n + h)) - 1
    brute = np.minimum.accumulate(np.minimum.accumulate(brute, axis=0), axis=1)
    assert found.survives.tolist() == brute.tolist()
    assert found.survives[0, 0] == (15 if conclusion == "limit" else 14)  # one fewer than turns it


def test_the_joint_map_says_how_far_it_is_and_refuses_what_it_cannot_map() -> None:
    done: list[float] = []
    joint_map(6, 6, [6], 24, 49, unpublished=1, dropped=1, progress=done.append)
    assert done == [0.5, 1.0]
    with pytest.raises(OptionError, match="a rate above the reference's 24/49"):
        joint_map(1, 6, [6], 24, 49)
    assert unpublished_rate(1.0, 5) == 0.0


# ---- confounding ---------------------------------------------------------------------------------


def test_e_values_as_published() -> None:
    """VanderWeele & Ding 2017: RR 3.9 (1.8 to 8.7) has E-values 7.26 and 3.0."""
    found = e_value(3.9, 1.8, 8.7)
    assert round(found.estimate, 2) == 7.26
    assert found.limit is not None
    assert round(found.limit, 1) == 3.0
    assert round(e_value(6 / 6 / (24 / 49)).estimate, 1) == 3.5


@given(st.floats(0.01, 100), st.floats(0.01, 1))
def test_an_e_value_is_where_the_bounding_factor_reaches_the_ratio(ratio: float, part: float) -> None:
    found = e_value(ratio, ratio * part, ratio / part)
    e, above = found.estimate, max(ratio, 1 / ratio)
    assert e * e / (2 * e - 1) == pytest.approx(above, rel=1e-9)  # Ding & VanderWeele's bound with both at E
    assert found.limit is not None
    assert 1 <= found.limit <= e * (1 + 1e-9)
    assert e_value(1 / ratio).estimate == pytest.approx(e)


def test_no_series_can_show_a_dramatic_ratio_to_a_high_rate() -> None:
    assert largest_ratio(24 / 49) == pytest.approx(2.0417, abs=5e-5)
    assert largest_ratio(0) is None
    with pytest.raises(OptionError, match="a risk ratio above 0"):
        e_value(0)


# ---- the response margin -------------------------------------------------------------------------


def test_all_six_respond_up_to_78_percent_and_the_band_is_kolmogorovs() -> None:
    margin = response_margin(BEFORE, AFTER)
    assert margin.holds == pytest.approx(18 / 23)
    assert margin.share[78] == 1
    assert margin.share[79] == pytest.approx(5 / 6)
    assert margin.low[50] == pytest.approx(1 - 0.521, abs=0.003)  # Massey 1951, Table 1: n = 6, 5 %
    wider = response_margin(BEFORE, AFTER, level=0.99)
    assert (wider.low <= margin.low).all()


def test_the_band_holds_everywhere_at_once_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    draws = rng.random((20_000, 6))  # reductions uniform on 0..1: the true share at t is 1 - t
    rank = np.sort(draws, axis=1)
    above = np.arange(6, 0, -1) / 6  # just below each reduction; one sixth less just above it
    worst = np.maximum(np.abs(above - (1 - rank)), np.abs(above - 1 / 6 - (1 - rank))).max(1)
    width = 1 - response_margin(BEFORE, AFTER).low[0]
    assert abs((worst <= width).mean() - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 20_000)


def test_measurement_error_is_what_simulated_errors_give() -> None:
    rng = np.random.default_rng(8)
    found = with_error(BEFORE, AFTER, 0.75, 2.0)
    start = np.array(BEFORE) + rng.normal(0, 2, (40_000, 6))
    end = np.array(AFTER) + rng.normal(0, 2, (40_000, 6))
    responders = (end <= 0.25 * start).sum(1)
    assert abs(responders.mean() - found.expected) < 4 * responders.std() / 200
    assert abs((responders == 6).mean() - found.all_respond) < 4 * 0.5 / 200
    assert (found.counted, found.low, found.high) == (6, 4, 6)
    with pytest.raises(OptionError, match="standard error of measurement"):
        with_error(BEFORE, AFTER, 0.5, 0)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 60)), min_size=1, max_size=12))
def test_a_margin_falls_and_stays_in_its_band(scores: list[tuple[int, int]]) -> None:
    margin = response_margin(*zip(*scores, strict=True))
    assert (np.diff(margin.share) <= 0).all()
    assert ((margin.low <= margin.share) & (margin.share <= margin.high)).all()
    assert (margin.holds is None) == any(after > before for before, after in scores)


# ---- the average for a given heterogeneity -------------------------------------------------------


def test_the_prior_free_limits_are_clopper_pearsons_without_heterogeneity_and_fall_with_it() -> None:
    x, n = np.array([5.0, 9.0, 11.0]), np.array([6.0, 9.0, 11.0])
    low, high = average_limits(x, n, np.array([0.0, 0.5, 1.0, 2.0, 3.0]))
    assert (low[0], high[0]) == pytest.approx(proportion_confint(25, 26, method="beta"), abs=1e-8)
    assert (np.diff(low) < 0).all()
    everyone = average_limits(n, n, np.array([0.5, 1.0, 2.0, 3.0]))[0]
    assert everyone == pytest.approx([0.852, 0.808, 0.691, 0.596], abs=5e-4)
    assert everyone == pytest.approx(average_limit(n, np.array([0.5, 1.0, 2.0, 3.0])), abs=1e-7)
    mirrored = average_limits(n - x, n, np.array([0.5, 2.0]))
    assert mirrored[0] == pytest.approx(1 - average_limits(x, n, np.array([0.5, 2.0]))[1], abs=1e-8)


def test_the_chance_of_a_total_is_what_simulated_studies_give() -> None:
    rng = np.random.default_rng(5)
    n, mu, tau = np.array([6, 9, 11]), 0.7, 1.3
    rates = 1 / (1 + np.exp(-(mu + tau * rng.normal(size=(100_000, 3)))))
    totals = rng.binomial(n, rates).sum(1)
    for total in (12, 20, 25):
        chance = chance_of_total(total, n.astype(float), mu, tau)
        assert abs((totals >= total).mean() - chance) < 4 * math.sqrt(chance * (1 - chance) / 100_000)


def test_the_tipping_point_is_where_the_limit_meets_the_reference() -> None:
    n = np.array([6.0, 9.0, 11.0])
    assert tipping_point(n, n, 24 / 49) == pytest.approx(4.9, abs=0.05)
    x = np.array([5.0, 8.0, 11.0])
    tau = tipping_point(x, n, 49 / 107)
    assert tau is not None
    assert average_limits(x, n, np.array([tau]))[0, 0] == pytest.approx(49 / 107, abs=1e-5)
    assert tipping_point(x, n, 0.9) == 0.0
    assert tipping_point(n, n, 1e-4) is None
    assert correlation(1.8138) == pytest.approx(0.5, abs=1e-4)
