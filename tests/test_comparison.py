"""Two proportions: against R, scipy, statsmodels, printed examples, other formulas, and laws."""

from __future__ import annotations

import csv
import math
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import barnard_exact, binom, boschloo_exact, fisher_exact, hypergeom
from scipy.stats.contingency import odds_ratio as scipy_odds_ratio
from statsmodels.stats.proportion import confint_proportions_2indep

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.comparison import (
    DIFFERENCES,
    TESTS,
    barnard_pvalue,
    boschloo_pvalue,
    chance_of_at_least,
    compare_proportions,
    conditional_odds_ratio,
    fisher_pvalue,
    koopman_ratio,
    miettinen_nurminen_difference,
    mover_difference,
    newcombe_difference,
)
from evidence.synthesis.doubts.fragility import hidden_nonresponders
from evidence.synthesis.proportions import proportion_interval
from evidence.synthesis.results import Interval

CLOSED_FORM = 1e-10
ITERATED = 1e-8
FISHER_TEST = 2e-2  # where fisher.test itself stops searching: 0.001764 for a limit of 0.001785
SEARCHED = 1e-6  # limits that the reference itself finds by a numerical search
Table = tuple[int, int, int, int]

REFERENCE = Path(__file__).parent / "reference"
SERIES = (6, 6, 24, 49)


def reference(name: str) -> list[tuple[Table, float, dict[str, float | None]]]:
    """Counts, level and R's values of each row; None where R has no finite one."""
    with (REFERENCE / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    counts = ("events1", "n1", "events2", "n2")
    return [
        (
            tuple(int(row[c]) for c in counts),  # type: ignore[misc]
            float(row["level"]),
            {key: float(value) if value else None for key, value in row.items()},
        )
        for row in rows
    ]


def close(ours: object, theirs: object, rel: float) -> bool:
    """Equal as None, or as numbers."""
    return (
        ours is theirs if None in (ours, theirs) else bool(ours == pytest.approx(theirs, rel=rel, abs=1e-12))
    )


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """No computation here may warn, nor divide by zero where numpy would keep silent."""
    with warnings.catch_warnings(), np.errstate(divide="raise", over="raise", invalid="raise"):
        warnings.simplefilter("error")
        yield


# --- the comparison this package was written for -------------------------------------


def test_six_of_six_against_a_trial_arm() -> None:
    found = compare_proportions(*SERIES)
    assert tuple(found.difference) == pytest.approx((0.5102, 0.0970, 0.6442), abs=5e-5)
    assert found.ratio is not None
    assert found.ratio.low == pytest.approx(1.19, abs=5e-3)
    assert found.pvalue == pytest.approx(0.0266, abs=5e-5)
    assert found.odds_ratio is not None
    assert (found.odds_ratio.estimate, found.odds_ratio.high) == (None, None)
    assert found.odds_ratio.low == pytest.approx(1.08, abs=5e-3)
    assert found.notes == ("no finite odds ratio: every patient in the first group responded; at least 1.08",)
    assert (found.test, found.difference_method, found.ratio_method, found.odds_ratio_method) == (
        "fisher",
        "newcombe",
        "koopman",
        "conditional",
    )


@pytest.mark.parametrize(("test", "pvalue"), [("fisher", 0.0266), ("boschloo", 0.0172), ("barnard", 0.0460)])
def test_six_of_six_by_each_test(test: str, pvalue: float) -> None:
    assert compare_proportions(*SERIES, test=test).pvalue == pytest.approx(pvalue, abs=5e-5)


def test_the_comparator_decides() -> None:
    week_52 = compare_proportions(6, 6, 68, 107)
    assert tuple(week_52.difference) == pytest.approx((0.365, -0.035, 0.459), abs=1e-3)
    assert week_52.pvalue == pytest.approx(0.092, abs=1e-3)


def test_a_bayesian_average_against_a_trial_arm() -> None:
    average = Interval(0.964, 0.740, 0.999)
    beside_wilson = mover_difference(average, proportion_interval(24, 49, method="wilson"))
    assert tuple(beside_wilson) == pytest.approx((0.474, 0.213, 0.613), abs=1e-3)
    beside_exact = mover_difference(average, proportion_interval(24, 49))
    assert beside_exact.low < beside_wilson.low
    assert beside_exact.high > beside_wilson.high


def test_hidden_nonresponders_of_the_series_and_the_pool() -> None:
    assert hidden_nonresponders(*SERIES) == 1
    assert hidden_nonresponders(26, 26, 24, 49) == 11


def test_how_rare_six_of_six_is_at_the_trials_rates() -> None:
    assert 1 / chance_of_at_least(6, 6, 49 / 107) == pytest.approx(108.4, abs=0.1)
    assert 1 / chance_of_at_least(6, 6, 68 / 107) == pytest.approx(15.2, abs=0.1)


# --- printed examples ------------------------------------------------------------------

# Newcombe, Stat Med 1998;17:873-890, Table II, method 10, contrasts (a) to (h).
NEWCOMBE_TABLE_2 = [
    ((56, 70, 48, 80), 0.0524, 0.3339),
    ((9, 10, 3, 10), 0.1705, 0.8090),
    ((6, 7, 2, 7), 0.0582, 0.8062),
    ((5, 56, 0, 29), -0.0381, 0.1926),
    ((0, 10, 0, 20), -0.1611, 0.2775),
    ((0, 10, 0, 10), -0.2775, 0.2775),
    ((10, 10, 0, 20), 0.6791, 1.0000),
    ((10, 10, 0, 10), 0.6075, 1.0000),
]
# The same table, Miettinen and Nurminen's method, contrasts (a), (b) and (g).
MIETTINEN_NURMINEN_TABLE_2 = [
    ((56, 70, 48, 80), 0.0528, 0.3382),
    ((9, 10, 3, 10), 0.1700, 0.8406),
    ((10, 10, 0, 20), 0.7156, 1.0000),
]


@pytest.mark.parametrize(("counts", "low", "high"), NEWCOMBE_TABLE_2)
def test_newcombes_printed_examples(counts: Table, low: float, high: float) -> None:
    ours = newcombe_difference(*counts)
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=5.1e-5)


@pytest.mark.parametrize(("counts", "low", "high"), MIETTINEN_NURMINEN_TABLE_2)
def test_miettinen_and_nurminens_printed_examples(counts: Table, low: float, high: float) -> None:
    ours = miettinen_nurminen_difference(*counts)
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=5.1e-5)


def test_koopmans_example() -> None:
    """Koopman, Biometrics 1984;40:513-517: 36/40 against 16/80."""
    assert tuple(koopman_ratio(36, 40, 16, 80) or ()) == pytest.approx((4.5, 2.94, 7.15), abs=5e-3)


# --- R ------------------------------------------------------------------------------------


def test_the_odds_ratio_and_fishers_test_are_rs() -> None:
    rows = reference("comparison_exact.csv")
    assert len(rows) == 36
    for counts, level, r in rows:
        assert fisher_pvalue(*counts) == pytest.approx(r["fisher_pvalue"], rel=CLOSED_FORM), counts
        ours = conditional_odds_ratio(*counts, level=level)
        if ours is None:
            assert r["or"] is r["low"] is r["high"] is None
            continue
        for value, name in zip(ours, ("or", "low", "high"), strict=True):
            assert close(value, r[name], ITERATED), counts
            assert close(value, r[f"fisher_{name}"], FISHER_TEST), counts


def test_the_score_intervals_are_rs() -> None:
    rows = reference("comparison_score.csv")
    assert len(rows) == 36
    for counts, level, r in rows:
        newcombe = newcombe_difference(*counts, level=level)
        assert tuple(newcombe) == pytest.approx(
            (r["difference"], r["newcombe_low"], r["newcombe_high"]), rel=CLOSED_FORM, abs=1e-12
        )
        score = miettinen_nurminen_difference(*counts, level=level)
        assert (score.low, score.high) == pytest.approx((r["mn_low"], r["mn_high"]), rel=SEARCHED, abs=1e-7)
        ratio = koopman_ratio(*counts, level=level) or Interval(None, None, None)
        assert close(ratio.low, r["koopman_low"], SEARCHED), counts
        assert close(ratio.high, r["koopman_high"], SEARCHED), counts


# --- other programs -----------------------------------------------------------------------

SMALL = [
    (x1, n1, x2, n2)
    for n1, n2 in product((1, 2, 5, 9), (1, 4, 7))
    for x1, x2 in product(range(n1 + 1), range(n2 + 1))
]


def test_fisher_is_scipys_on_every_small_table() -> None:
    for x1, n1, x2, n2 in SMALL:
        theirs = fisher_exact([[x1, n1 - x1], [x2, n2 - x2]]).pvalue
        assert fisher_pvalue(x1, n1, x2, n2) == pytest.approx(theirs, rel=1e-9)


def test_the_odds_ratio_is_scipys_on_small_tables() -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        for x1, n1, x2, n2 in SMALL[::3]:
            ours = conditional_odds_ratio(x1, n1, x2, n2, level=0.9)
            if ours is None:
                assert x1 + x2 in (0, n1 + n2)
                continue
            result = scipy_odds_ratio([[x1, n1 - x1], [x2, n2 - x2]])
            theirs = result.confidence_interval(0.9)
            for value, other in zip(ours, (result.statistic, theirs.low, theirs.high), strict=True):
                assert (value is None and other == math.inf) or value == pytest.approx(other, rel=1e-6)


def test_newcombe_and_koopman_are_those_of_statsmodels() -> None:
    """Away from 0 and n, where its ratio is wrong. Its score interval for the difference is another one:
    for 56/70 against 48/80 at 90 % it gives 0.0765 to 0.3214, R's search for the same 0.0770 to 0.3167."""
    for x1, n1, x2, n2 in [(56, 70, 48, 80), (9, 10, 3, 10), (36, 40, 16, 80), (40, 900, 61, 1000)]:
        newcombe = newcombe_difference(x1, n1, x2, n2, level=0.9)
        theirs = confint_proportions_2indep(x1, n1, x2, n2, method="newcomb", compare="diff", alpha=0.1)
        assert (newcombe.low, newcombe.high) == pytest.approx(theirs, rel=CLOSED_FORM)
    for x1, n1, x2, n2 in [(9, 10, 3, 10), (36, 40, 16, 80)]:
        ratio = koopman_ratio(x1, n1, x2, n2, level=0.9)
        theirs = confint_proportions_2indep(
            x1, n1, x2, n2, method="score", compare="ratio", correction=False, alpha=0.1
        )
        assert ratio is not None
        assert (ratio.low, ratio.high) == pytest.approx(theirs, rel=1e-7)


def at_any_rate(region: np.ndarray, n1: int, n2: int) -> float:
    """The region's largest probability over the common rate, walked through finely."""
    rates = np.linspace(0, 1, 4001)
    one, two = (binom.pmf(np.arange(n + 1)[:, None], n, rates) for n in (n1, n2))
    return float(np.max(np.einsum("ij,ir,jr->r", region.astype(float), one, two)))


UNCONDITIONAL = [
    SERIES,
    (7, 9, 2, 8),
    (3, 12, 9, 11),
    (5, 5, 1, 4),
    (14, 16, 0, 2),
    (2, 18, 17, 17),
    (3, 6, 4, 8),
]


@pytest.mark.parametrize("counts", UNCONDITIONAL)
def test_barnard_counts_every_table_as_far_from_equality(counts: Table) -> None:
    x1, n1, x2, n2 = counts
    i, j = np.meshgrid(np.arange(n1 + 1), np.arange(n2 + 1), indexing="ij")
    pooled = (i + j) / (n1 + n2)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    wald = np.abs(i / n1 - j / n2) / np.where(error > 0, error, 1)
    assert barnard_pvalue(*counts) == pytest.approx(
        at_any_rate(wald >= wald[x1, x2] - 1e-9, n1, n2), rel=1e-5
    )


@pytest.mark.parametrize("counts", UNCONDITIONAL)
def test_boschloo_counts_every_table_with_as_small_a_fisher_p(counts: Table) -> None:
    x1, n1, x2, n2 = counts
    i, j = np.meshgrid(np.arange(n1 + 1), np.arange(n2 + 1), indexing="ij")
    sides = (hypergeom.cdf(i, n1 + n2, n1, i + j), hypergeom.sf(i - 1, n1 + n2, n1, i + j))
    least = min(at_any_rate(side <= side[x1, x2] * (1 + 1e-9), n1, n2) for side in sides)
    assert boschloo_pvalue(*counts) == pytest.approx(min(2 * least, 1), rel=1e-5)


@pytest.mark.parametrize("counts", [SERIES, (7, 9, 2, 8), (12, 20, 5, 25), (68, 107, 49, 107)])
def test_unconditional_tests_are_scipys(counts: Table) -> None:
    x1, n1, x2, n2 = counts
    table = [[x1, x2], [n1 - x1, n2 - x2]]
    assert barnard_pvalue(*counts) == pytest.approx(barnard_exact(table).pvalue, rel=1e-7)
    assert boschloo_pvalue(*counts) == pytest.approx(boschloo_exact(table).pvalue, rel=1e-7)


def test_barnard_keeps_the_mirror_image_that_scipy_drops() -> None:
    """4/4 against 1/7: (4, 1) and (0, 6) lie equally far from equality. At a rate of 1/2 these two
    and the two beyond them make (7 + 7 + 1 + 1) of 2^11 tables."""
    assert barnard_pvalue(4, 4, 1, 7) == pytest.approx(16 / 2**11, rel=1e-9)


# --- the same limits by other formulas ---------------------------------------------------------


def cubic_p2(x1: int, n1: int, x2: int, n2: int, d: float) -> float:
    """Miettinen and Nurminen's closed form of the restricted estimate (1985, appendix)."""
    n, x = n1 + n2, x1 + x2
    l2, l1, l0 = (n1 + 2 * n2) * d - n - x, (n2 * d - n - 2 * x2) * d + x, x2 * d * (1 - d)
    q = (l2 / (3 * n)) ** 3 - l1 * l2 / (6 * n * n) + l0 / (2 * n)
    p = math.copysign(math.sqrt(max((l2 / (3 * n)) ** 2 - l1 / (3 * n), 0)), q)
    a = (math.pi + math.acos(max(-1, min(1, q / p**3 if p else 1)))) / 3
    return min(max(2 * p * math.cos(a) - l2 / (3 * n), 0, -d), 1, 1 - d)


def test_the_difference_limits_solve_the_closed_form_score_equation() -> None:
    z2 = float(ndtri(0.975)) ** 2
    for x1, n1, x2, n2 in [(56, 70, 48, 80), (6, 6, 24, 49), (1, 30, 2, 7), (0, 10, 3, 20), (9, 9, 4, 4)]:
        ours = miettinen_nurminen_difference(x1, n1, x2, n2)
        for d in (ours.low, ours.high):
            p2 = cubic_p2(x1, n1, x2, n2, d)
            p1 = p2 + d
            variance = (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) * (n1 + n2) / (n1 + n2 - 1)
            assert (x1 / n1 - x2 / n2 - d) ** 2 / variance == pytest.approx(z2, rel=1e-5)


def test_the_ratio_limits_solve_koopmans_chi_square() -> None:
    """Pearson's chi-square of both groups at the restricted estimates, by brentq: Koopman's own form."""

    def chi_square(x1: int, n1: int, x2: int, n2: int, ratio: float) -> float:
        b = ratio * (n1 + x2) + x1 + n2
        p1 = (b - math.sqrt(b * b - 4 * ratio * (n1 + n2) * (x1 + x2))) / (2 * (n1 + n2))
        return (x1 - n1 * p1) ** 2 / (n1 * p1 * (1 - p1)) * (1 + n1 * (ratio - p1) / (n2 * (1 - p1)))

    target = float(ndtri(0.975)) ** 2
    for counts in [(36, 40, 16, 80), (5, 9, 12, 40), (3, 100, 7, 90), (47, 50, 30, 60)]:
        ours = koopman_ratio(*counts)
        assert ours is not None
        low, high = (
            brentq(lambda r, c=counts: chi_square(*c, r) - target, *bracket, xtol=1e-13)
            for bracket in ((ours.estimate / 50, ours.estimate), (ours.estimate, ours.estimate * 50))
        )
        assert (ours.low, ours.high) == pytest.approx((low, high), rel=1e-7)


@pytest.mark.parametrize("n", [5, 1000, 10**7])
def test_the_ratio_of_all_to_all_keeps_its_digits(n: int) -> None:
    """Where everybody responded Koopman's equation is z^2 = n (ratio - 1)."""
    ours = koopman_ratio(n, n, n, n)
    assert ours is not None
    assert ours.high - 1 == pytest.approx(float(ndtri(0.975)) ** 2 / n, rel=1e-8)


def test_conditional_limits_leave_their_tails() -> None:
    def noncentral(x1: int, n1: int, x2: int, n2: int, ratio: float) -> tuple[float, float, float]:
        """P(X <= x1), P(X >= x1) and the mean, by exact whole-number binomials."""
        support = range(max(0, x1 + x2 - n2), min(n1, x1 + x2) + 1)
        weights = {k: math.comb(n1, k) * math.comb(n2, x1 + x2 - k) * ratio**k for k in support}
        total = math.fsum(weights.values())
        return (
            math.fsum(w for k, w in weights.items() if k <= x1) / total,
            math.fsum(w for k, w in weights.items() if k >= x1) / total,
            math.fsum(k * w for k, w in weights.items()) / total,
        )

    for counts in [(56, 70, 48, 80), (1, 6, 2, 9), (30, 40, 5, 60)]:
        ours = conditional_odds_ratio(*counts, level=0.9)
        assert ours is not None
        assert noncentral(*counts, ours.low)[1] == pytest.approx(0.05, rel=1e-10)
        assert noncentral(*counts, ours.high)[0] == pytest.approx(0.05, rel=1e-10)
        assert noncentral(*counts, ours.estimate)[2] == pytest.approx(counts[0], rel=1e-10)


# --- what has no finite value -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "ratio", "odds_ratio", "notes"),
    [
        (
            (0, 5, 0, 8),
            False,
            False,
            ("no ratio: nobody responded in either group", "no odds ratio: nobody responded in both groups"),
        ),
        ((5, 5, 8, 8), True, False, ("no odds ratio: everybody responded in both groups",)),
        ((0, 9, 3, 7), True, True, ()),
        ((5, 9, 7, 7), True, True, ()),
        (
            (3, 7, 0, 9),
            True,
            True,
            (
                "no finite ratio: nobody in the second group responded; at least 1.22",
                "no finite odds ratio: nobody in the second group responded; at least 0.608",
            ),
        ),
    ],
)
def test_what_is_missing_is_said(
    counts: Table, ratio: bool, odds_ratio: bool, notes: tuple[str, ...]
) -> None:
    found = compare_proportions(*counts)
    assert (found.ratio is not None, found.odds_ratio is not None) == (ratio, odds_ratio)
    assert (found.ratio_method is None, found.odds_ratio_method is None) == (not ratio, not odds_ratio)
    assert found.notes == notes


def test_zero_in_the_first_group_gives_zero_and_an_upper_limit() -> None:
    ratio, odds_ratio = koopman_ratio(0, 9, 3, 7), conditional_odds_ratio(0, 9, 3, 7)
    assert ratio is not None
    assert odds_ratio is not None
    assert ratio.estimate == ratio.low == odds_ratio.estimate == odds_ratio.low == 0
    assert 0 < ratio.high < 1 < odds_ratio.high < 2


@pytest.mark.parametrize("test", TESTS)
def test_nobody_or_everybody_responding_is_no_evidence(test: str) -> None:
    assert TESTS[test](0, 5, 0, 9) == TESTS[test](5, 5, 9, 9) == 1


def test_unconditional_tests_refuse_what_would_take_minutes() -> None:
    with pytest.raises(
        NotPossible, match="20000 patients: Boschloo's and Barnard's tests stop at 2000; Fisher's"
    ):
        boschloo_pvalue(1, 10_000, 2, 10_000)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: compare_proportions(7, 6, 1, 2), "events1 is 7; allowed: a whole number from 0 to n1 = 6"),
        (lambda: compare_proportions(1, 2, 1, 0), "n2 is 0; allowed: a whole number of patients, 1 or more"),
        (lambda: compare_proportions(1, 2, 0.5, 1), "events2 is 0.5"),
        (lambda: fisher_pvalue(float("nan"), 2, 1, 2), "events1 is nan"),
        (lambda: koopman_ratio(1, float("inf"), 1, 2), "n1 is inf"),
        (
            lambda: compare_proportions(*SERIES, test="chi2"),
            "test is 'chi2'; allowed: fisher, boschloo, barnard",
        ),
        (
            lambda: compare_proportions(*SERIES, difference="wald"),
            "difference is 'wald'; allowed: newcombe, miettinen-nurminen",
        ),
        (lambda: compare_proportions(*SERIES, level=95), "level is 95"),
        (lambda: chance_of_at_least(6, 6, 1.5), "rate is 1.5; allowed: a probability from 0 to 1"),
        (
            lambda: mover_difference(Interval(0.5, 0.2, 0.8), Interval(0.5, 0.2, 0.8, 0.9)),
            "level of the second interval is 0.9; allowed: that of the first, 0.95",
        ),
    ],
)
def test_wrong_arguments_are_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        call()


# --- laws -----------------------------------------------------------------------------------------

groups = st.one_of(st.integers(1, 40), st.integers(1, 10**7)).flatmap(
    lambda n: st.tuples(st.one_of(st.integers(0, n), st.sampled_from([0, n])), st.just(n))
)
tables = st.tuples(groups, groups).map(lambda pair: (*pair[0], *pair[1]))
levels = st.floats(0.5, 0.999)
relaxed = settings(max_examples=60, deadline=None)


def intervals(counts: Table, level: float) -> dict[str, Interval | None]:
    found: dict[str, Interval | None] = {
        name: function(*counts, level=level) for name, function in DIFFERENCES.items()
    }
    found["ratio"] = koopman_ratio(*counts, level=level)
    found["odds ratio"] = conditional_odds_ratio(*counts, level=level)
    return found


@relaxed
@given(tables, levels)
def test_every_value_is_a_number_or_none_with_the_estimate_inside(counts: Table, level: float) -> None:
    for name, interval in intervals(counts, level).items():
        for value in interval or ():
            assert value is None or (type(value) is float and math.isfinite(value)), name
        if interval is None or interval.estimate is None:
            continue
        slack = 1e-9 * max(abs(interval.estimate), 1e-6)
        assert interval.low <= interval.estimate + slack, name
        assert interval.high is not None
        assert interval.estimate - slack <= interval.high, name
        if name in DIFFERENCES:
            assert -1 <= interval.low <= interval.high <= 1
        else:
            assert interval.low >= 0


@relaxed
@given(tables, levels)
def test_swapping_the_groups_negates_differences_and_inverts_ratios(counts: Table, level: float) -> None:
    swapped = intervals((*counts[2:], *counts[:2]), level)
    for name, ours in intervals(counts, level).items():
        other = swapped[name]
        if ours is None or other is None:
            assert ours is other
        elif name in DIFFERENCES:
            assert tuple(ours) == pytest.approx(
                (-other.estimate, -other.high, -other.low), rel=1e-9, abs=1e-12
            )
        else:
            for value, partner in zip(ours, (other.estimate, other.high, other.low), strict=True):
                inverse = 1 / partner if partner else {None: 0, 0: None}[partner]
                assert close(value, inverse, 1e-9)


@relaxed
@given(tables, levels)
def test_mirrored_counts_negate_differences_and_invert_the_odds_ratio(counts: Table, level: float) -> None:
    x1, n1, x2, n2 = counts
    mirrored = intervals((n1 - x1, n1, n2 - x2, n2), level)
    for name, ours in intervals(counts, level).items():
        other = mirrored[name]
        if name in DIFFERENCES:
            assert ours is not None
            assert other is not None
            # 1 - p of 1e7 patients keeps nine digits.
            assert tuple(ours) == pytest.approx(
                (-other.estimate, -other.high, -other.low), rel=1e-7, abs=1e-9
            )
        elif name == "odds ratio" and ours is not None:
            assert other is not None
            for value, partner in zip(ours, (other.estimate, other.high, other.low), strict=True):
                assert close(value, 1 / partner if partner else {None: 0, 0: None}[partner], 1e-7)
    assert fisher_pvalue(n1 - x1, n1, n2 - x2, n2) == pytest.approx(
        fisher_pvalue(*counts), rel=1e-6, abs=1e-300
    )


@relaxed
@given(tables, levels, levels)
def test_a_wider_level_never_gives_a_narrower_interval(counts: Table, one: float, two: float) -> None:
    inner, outer = intervals(counts, min(one, two)), intervals(counts, max(one, two))
    for name in inner:
        narrow, wide = inner[name], outer[name]
        if narrow is None or wide is None:
            continue
        slack = 1e-9 * max(abs(narrow.low), 1e-6)
        assert wide.low <= narrow.low + slack, name
        if narrow.high is not None:
            assert wide.high >= narrow.high - 1e-9 * max(abs(narrow.high), 1e-6), name


@relaxed
@given(tables)
def test_the_test_is_a_probability_and_does_not_care_for_order(counts: Table) -> None:
    pvalue = fisher_pvalue(*counts)
    assert 0 <= pvalue <= 1
    assert fisher_pvalue(*counts[2:], *counts[:2]) == pytest.approx(pvalue, rel=1e-9, abs=1e-300)


@given(tables, levels)
def test_newcombe_is_mover_of_two_wilson_intervals(counts: Table, level: float) -> None:
    x1, n1, x2, n2 = counts
    one, two = (
        proportion_interval(np.array([x]), np.array([n]), method="wilson", level=level)
        for x, n in ((x1, n1), (x2, n2))
    )
    batch = mover_difference(one, two)
    assert [float(v[0]) for v in batch] == pytest.approx(tuple(newcombe_difference(*counts, level=level)))


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(st.integers(1, 25), st.integers(1, 25)).flatmap(
        lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
    ),
    st.sampled_from([0.8, 0.9, 0.95, 0.99]),
)
def test_hidden_nonresponders_is_the_first_number_that_turns_the_test(counts: Table, level: float) -> None:
    x1, n1, x2, n2 = counts
    hidden = hidden_nonresponders(*counts, level=level)
    if hidden is None:
        assert x1 / n1 < x2 / n2
        assert fisher_pvalue(*counts) <= 1 - level
    else:
        assert fisher_pvalue(x1, n1 + hidden, x2, n2) > 1 - level
        assert all(fisher_pvalue(x1, n1 + h, x2, n2) <= 1 - level for h in range(hidden))


def test_hidden_nonresponders_in_large_groups() -> None:
    hidden = hidden_nonresponders(90_000, 100_000, 50_000, 100_000)
    assert hidden is not None
    assert fisher_pvalue(90_000, 100_000 + hidden - 1, 50_000, 100_000) <= 0.05
    assert fisher_pvalue(90_000, 100_000 + hidden, 50_000, 100_000) > 0.05


@given(groups, st.floats(0, 1))
def test_chance_of_at_least_is_a_probability(group: tuple[int, int], rate: float) -> None:
    events, n = group
    assert 0 <= chance_of_at_least(events, n, rate) <= 1
    assert chance_of_at_least(0, n, rate) == 1


# --- size and speed ---------------------------------------------------------------------------------


def test_ten_million_patients_agree_with_the_normal_limit_in_good_time() -> None:
    counts = (5_000_000, 10**7, 5_003_000, 10**7)
    started = time.process_time()
    found = compare_proportions(*counts)
    assert time.process_time() - started < 5  # a tenth of a second where nothing else runs
    se = math.sqrt(0.25 * 2 / 10**7)
    assert found.difference.high - found.difference.low == pytest.approx(2 * 1.959964 * se, rel=1e-5)
    assert found.odds_ratio is not None
    assert math.log(found.odds_ratio.high / found.odds_ratio.low) == pytest.approx(
        2 * 1.959964 * 4 * se, rel=1e-3
    )
    assert found.pvalue == pytest.approx(math.erfc(0.0003 / se / math.sqrt(2)), rel=1e-3)


def test_fisher_far_out_is_small_and_not_nan() -> None:
    assert fisher_pvalue(10**7, 10**7, 0, 10**7) == 0
    assert fisher_pvalue(300, 300, 0, 300) == pytest.approx(2 / math.comb(600, 300), rel=1e-9)
