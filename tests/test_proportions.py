"""One study's proportion: intervals and measures against R, statsmodels and their own laws."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom
from statsmodels.stats.proportion import proportion_confint

from evidence.errors import InputError, OptionError
from evidence.synthesis.proportions import (
    INTERVALS,
    MEASURES,
    as_counts,
    binomial_tail,
    freeman_tukey_spread,
    harmonic_mean,
    proportion_interval,
)

CLOSED_FORM = 1e-10
ITERATED = 1e-8

HERE = Path(__file__).parent
REFERENCE = HERE / "reference"
ALL_OF_R = HERE.parent.parent / "shared" / "reference"
needs_all_of_r = pytest.mark.skipif(not ALL_OF_R.is_dir(), reason="the full tables from R are not here")

Row = dict[str, str]


def table(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def column(rows: list[Row], name: str) -> npt.NDArray[np.float64]:
    return np.array([float(row[name]) for row in rows])


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """No computation here may warn, nor divide by zero where numpy would keep silent."""
    with warnings.catch_warnings(), np.errstate(divide="raise", over="raise", invalid="raise"):
        warnings.simplefilter("error")
        yield


# --- counts ---------------------------------------------------------------------


def test_counts_become_float_arrays() -> None:
    events, n = as_counts([6, 9], (6, 10))
    assert events.dtype == n.dtype == np.float64
    assert as_counts([[1, 2], [0, 1]], [[5, 5], [1, 1]])[0].shape == (2, 2)


@pytest.mark.parametrize(
    ("events", "n", "message"),
    [
        ([1, 2, 3, 12], [5, 5, 5, 9], r"events\[3\] is 12; allowed: a whole number from 0 to n\[3\] = 9"),
        ([[1, 2], [3, -1]], [[5, 5], [5, 5]], r"events\[1, 1\] is -1; allowed: .*n\[1, 1\] = 5"),
        ([1, 2.5], [5, 5], r"events\[1\] is 2.5"),
        ([float("nan")], [5], r"events\[0\] is nan"),
        ([0, 0], [5, 0], r"n\[1\] is 0; allowed: a whole number of patients, 1 or more"),
        ([0], [float("inf")], r"n\[0\] is inf"),
        ([0], [2.5], r"n\[0\] is 2.5"),
        ([], [], "number of studies is 0"),
        ([1], [5, 5], r"shape of events is \(1,\); allowed: the shape of n, \(2,\)"),
        (3, 5, r"shape of events is \(\)"),
        (["six"], [6], "events is .*six.*; allowed: whole numbers"),
        ([[1, 2], [3]], [[5, 5], [5]], "rows of equal length"),
    ],
)
def test_counts_that_are_none_are_named(events: object, n: object, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        as_counts(events, n)  # type: ignore[arg-type]


def test_a_bad_count_is_unreadable_input_and_a_value_error() -> None:
    assert issubclass(OptionError, InputError)
    assert issubclass(OptionError, ValueError)


def test_harmonic_mean() -> None:
    assert harmonic_mean([1, 2, 4]) == pytest.approx(12 / 7, rel=CLOSED_FORM)
    assert harmonic_mean([[1, 2], [3, 6]]) == pytest.approx([4 / 3, 4], rel=CLOSED_FORM)


# --- intervals --------------------------------------------------------------------


@pytest.mark.parametrize("method", INTERVALS)
def test_intervals_are_rs(method: str) -> None:
    rows = [row for row in table(REFERENCE / "proportions_intervals.csv") if row["method"] == method]
    assert len(rows) == 140
    for row in rows:
        ours = proportion_interval(
            float(row["events"]), float(row["n"]), method=method, level=float(row["level"])
        )
        # R's root finder stops a little earlier than ours.
        tolerance = ITERATED if method == "mid-p" else CLOSED_FORM
        assert (ours.low, ours.high) == pytest.approx(
            (float(row["low"]), float(row["high"])), rel=tolerance, abs=1e-14
        ), row


@needs_all_of_r
def test_intervals_are_those_of_all_of_rs_rows() -> None:
    rows = table(ALL_OF_R / "study_ci.csv")
    compared = 0
    for code, method in {"CP": "exact", "WS": "wilson", "AC": "agresti-coull"}.items():
        for level in (0.9, 0.95, 0.99):
            mine = [row for row in rows if row["method"] == code and float(row["level"]) == level]
            events, n = column(mine, "event"), column(mine, "n")
            ours = proportion_interval(events, n, method=method, level=level)
            # R leaves Agresti and Coull's limits outside 0..1 where they fall there.
            assert ours.low == pytest.approx(np.clip(column(mine, "lower"), 0, 1), rel=CLOSED_FORM, abs=1e-12)
            assert ours.high == pytest.approx(np.clip(column(mine, "upper"), 0, 1), rel=CLOSED_FORM)
            compared += len(mine)
    assert compared == 8658


@pytest.mark.parametrize(
    ("method", "theirs"),
    [
        ("exact", "beta"),
        ("wilson", "wilson"),
        ("agresti-coull", "agresti_coull"),
        ("jeffreys", "jeffreys"),
    ],
)
def test_intervals_are_those_of_statsmodels(method: str, theirs: str) -> None:
    n = np.repeat(np.arange(1, 31), np.arange(2, 32))
    events = np.concatenate([np.arange(size + 1) for size in range(1, 31)])
    inside = (events > 0) & (events < n)  # at the ends Jeffreys' limits differ by convention
    events, n = events[inside], n[inside]
    low, high = proportion_confint(events, n, alpha=0.1, method=theirs)
    ours = proportion_interval(events, n, method=method, level=0.9)
    assert ours.low == pytest.approx(np.clip(low, 0, 1), rel=CLOSED_FORM, abs=1e-14)
    assert ours.high == pytest.approx(np.clip(high, 0, 1), rel=CLOSED_FORM)


def test_jeffreys_ends_are_those_of_brown_cai_dasgupta() -> None:
    ours = proportion_interval([0, 10], 10, method="jeffreys")
    assert ours.low == pytest.approx([0, beta.ppf(0.025, 10.5, 0.5)], rel=CLOSED_FORM)
    assert ours.high == pytest.approx([beta.ppf(0.975, 0.5, 10.5), 1], rel=CLOSED_FORM)


def test_mid_p_limits_leave_half_the_observed_count_in_each_tail() -> None:
    for n in (1, 2, 7, 40, 1000):
        for x in {0, 1, n // 3, n - 1, n}:
            ours = proportion_interval(x, n, method="mid-p", level=0.9)
            half = 0.5 * binom.pmf(x, n, [ours.low, ours.high])
            if x > 0:
                assert binom.sf(x, n, ours.low) + half[0] == pytest.approx(0.05, rel=ITERATED)
            if x < n:
                assert binom.cdf(x - 1, n, ours.high) + half[1] == pytest.approx(0.05, rel=ITERATED)


def test_agresti_coull_shrinks_the_centre_not_the_estimate() -> None:
    ours = proportion_interval(8, 10, method="agresti-coull")
    assert ours.estimate == 0.8
    assert (ours.low + ours.high) / 2 == pytest.approx((8 + 1.9207) / (10 + 3.8415), rel=1e-4)


def test_scalars_give_floats_and_arrays_broadcast() -> None:
    assert all(type(value) is float for value in proportion_interval(6, 6))
    assert proportion_interval([[1], [2]], [5, 6, 7]).low.shape == (2, 3)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, float("nan")])
def test_a_level_is_a_fraction(level: float) -> None:
    with pytest.raises(OptionError, match=r"level is .*; allowed: a fraction above 0 and below 1"):
        proportion_interval(6, 6, level=level)


def test_an_unknown_method_is_told_the_known_ones() -> None:
    with pytest.raises(
        OptionError, match="method is 'wald'; allowed: exact, wilson, agresti-coull, jeffreys, mid-p"
    ):
        proportion_interval(6, 6, method="wald")
    with pytest.raises(OptionError, match="events is 7; allowed: a whole number from 0 to n = 6"):
        proportion_interval(7, 6)


@pytest.mark.parametrize("method", INTERVALS)
def test_intervals_hold_at_a_thousand_million_patients(method: str) -> None:
    events = np.array([0, 1, 2, 999, 1000, 1001, 5e8, 1e9 - 1000, 1e9 - 1, 1e9])
    ours = proportion_interval(events, 1e9, method=method)
    assert np.all(ours.low <= ours.estimate)
    assert np.all(ours.estimate <= ours.high)
    assert np.all(np.diff(ours.low) >= 0)
    assert np.all(np.diff(ours.high) >= 0)
    # All methods agree on 1000 of a thousand million: within a twentieth of the interval's half width.
    assert ours.low[4] == pytest.approx(1e-6 - 1.96e-6 / 1000**0.5, abs=3e-9)


def test_the_exact_limit_holds_where_boosts_beta_quantile_strays() -> None:
    n = np.array([3e7, 1e8, 594914113, 634612125, 786500908, 1e9])
    low = proportion_interval(1000, n).low
    assert binomial_tail(1000, n, low) == pytest.approx(np.full(n.shape, 0.025), rel=1e-6)


counts = st.one_of(st.integers(1, 60), st.integers(1, 10**7)).flatmap(
    lambda n: st.tuples(st.one_of(st.integers(0, n), st.sampled_from([0, n])), st.just(n))
)
levels = st.floats(0.5, 0.999)
methods = st.sampled_from(list(INTERVALS))


@given(counts, levels, methods)
def test_the_estimate_is_in_its_interval_within_0_to_1(
    pair: tuple[int, int], level: float, method: str
) -> None:
    ours = proportion_interval(*pair, method=method, level=level)
    assert 0 <= ours.low <= ours.estimate <= ours.high <= 1
    assert (ours.low == 0) or pair[0] > 0
    assert (ours.high == 1) or pair[0] < pair[1]


@given(counts, levels, methods)
def test_mirrored_counts_mirror_the_interval(pair: tuple[int, int], level: float, method: str) -> None:
    events, n = pair
    ours = proportion_interval(events, n, method=method, level=level)
    mirror = proportion_interval(n - events, n, method=method, level=level)
    assert (1 - mirror.high, 1 - mirror.low) == pytest.approx((ours.low, ours.high), rel=1e-9, abs=1e-12)


@given(counts, levels, levels, methods)
def test_a_wider_level_never_gives_a_narrower_interval(
    pair: tuple[int, int], one: float, two: float, method: str
) -> None:
    inner = proportion_interval(*pair, method=method, level=min(one, two))
    outer = proportion_interval(*pair, method=method, level=max(one, two))
    assert outer.low <= inner.low * (1 + 1e-9)
    assert outer.high >= inner.high * (1 - 1e-9)


@given(counts, levels)
def test_mid_p_lies_within_exact(pair: tuple[int, int], level: float) -> None:
    exact, mid = (proportion_interval(*pair, method=method, level=level) for method in ("exact", "mid-p"))
    assert exact.low <= mid.low
    assert mid.high <= exact.high


@given(counts, st.floats(0, 1))
def test_binomial_tail_is_the_binomial_distribution(pair: tuple[int, int], p: float) -> None:
    events, n = pair
    assert binomial_tail(0, n, p) == 1
    assert binomial_tail(n + 1, n, p) == 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        theirs = binom.sf(events - 1, n, p)
    assert binomial_tail(events, n, p) == pytest.approx(theirs, rel=1e-7, abs=1e-300)


# --- measures ---------------------------------------------------------------------


CODES = {"PLO": "logit", "PAS": "arcsine", "PFT": "double-arcsine", "PLN": "log", "PR": "raw"}


def test_the_measures_are_these_and_know_their_names() -> None:
    assert list(MEASURES) == ["logit", "arcsine", "double-arcsine", "log", "raw"]
    assert all(measure.name == name for name, measure in MEASURES.items())


@pytest.mark.parametrize("name", MEASURES)
def test_effects_are_metafors(name: str) -> None:
    rows = [row for row in table(REFERENCE / "proportions_effects.csv") if row["measure"] == name]
    assert len(rows) == 35
    yi, vi = MEASURES[name].effects(column(rows, "events"), column(rows, "n"))
    assert yi == pytest.approx(column(rows, "yi"), rel=CLOSED_FORM)
    assert vi == pytest.approx(column(rows, "vi"), rel=CLOSED_FORM)


@pytest.mark.parametrize("name", MEASURES)
def test_inverses_are_metafors(name: str) -> None:
    rows = [row for row in table(REFERENCE / "proportions_inverse.csv") if row["measure"] == name]
    assert len(rows) >= 9
    ours = MEASURES[name].inverse(column(rows, "y"), column(rows, "n"))
    # metafor's formula for the double arcsine keeps 15 decimals at most, and half of them around 1/2.
    tolerance = {"abs": 1e-8} if name == "double-arcsine" else {"rel": CLOSED_FORM}
    assert ours == pytest.approx(column(rows, "proportion"), **tolerance)


@needs_all_of_r
@pytest.mark.parametrize("code", CODES)
def test_effects_are_those_of_all_of_metafors_rows(code: str) -> None:
    rows = [row for row in table(ALL_OF_R / "study_effects.csv") if row["measure"] == code]
    assert len(rows) == 1466
    yi, vi = MEASURES[CODES[code]].effects(column(rows, "event"), column(rows, "n"))
    assert yi == pytest.approx(column(rows, "yi"), rel=CLOSED_FORM, abs=1e-15)
    assert vi == pytest.approx(column(rows, "vi"), rel=CLOSED_FORM)


def expressible(row: Row) -> bool:
    """What of escalc's `to` and `add` our one convention can say.

    That is to = "only0" with 0.5 for logit, log and raw; for the arcsines nothing is
    ever added, which is to = "none". The rest adds another amount, to other studies, or
    (none, on the logit) leaves infinities.
    """
    if row["measure"] in ("PAS", "PFT"):
        return row["to"] == "none"
    return row["measure"] in CODES and row["to"] == "only0" and float(row["add"]) == 0.5


@needs_all_of_r
def test_effects_are_metafors_for_the_options_we_can_express() -> None:
    study = {
        (row["dataset"], row["idx"]): (float(row["event"]), float(row["n"]))
        for row in table(ALL_OF_R / "datasets.csv")
    }
    rows = [row for row in table(ALL_OF_R / "study_effects_to.csv") if expressible(row)]
    assert len(rows) == 3 * 60 + 2 * 2 * 60
    for row in rows:
        yi, vi = MEASURES[CODES[row["measure"]]].effects(*study[row["dataset"], row["idx"]])
        assert (yi, vi) == pytest.approx((float(row["yi"]), float(row["vi"])), rel=CLOSED_FORM), row


# study_effects_vtype.csv holds variances of kinds (unbiased, averaged over studies) that are not offered.


@given(counts, st.sampled_from(list(MEASURES)))
def test_effects_are_finite_and_the_variance_positive(pair: tuple[int, int], name: str) -> None:
    yi, vi = MEASURES[name].effects(*pair)
    assert np.isfinite(yi)
    assert 0 < vi < np.inf


@given(counts, st.sampled_from(["logit", "arcsine", "double-arcsine", "raw"]))
def test_mirrored_counts_mirror_the_effect(pair: tuple[int, int], name: str) -> None:
    events, n = pair
    centre = {"logit": 0.0, "raw": 1.0}.get(name, np.pi / 2)
    (y, v), (mirror_y, mirror_v) = (MEASURES[name].effects(x, n) for x in (events, n - events))
    assert y + mirror_y == pytest.approx(centre, abs=1e-12)
    assert v == pytest.approx(mirror_v, rel=1e-12)


@given(counts, st.sampled_from(list(MEASURES)))
def test_inverse_undoes_the_effect(pair: tuple[int, int], name: str) -> None:
    events, n = pair
    y, _ = MEASURES[name].effects(events, n)
    halved = name in ("logit", "log", "raw") and events in (0, n)
    expected = (events + 0.5) / (n + 1) if halved else events / n
    # An arcsine near its end determines the proportion to the square root of its own precision, squared.
    assert MEASURES[name].inverse(y, n) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@given(
    st.lists(st.floats(-50, 50) | st.floats(-0.5, 2), min_size=2),
    st.floats(1, 1e9),
    st.sampled_from(list(MEASURES)),
)
def test_inverse_never_decreases_and_stays_within_0_to_1(values: list[float], n: float, name: str) -> None:
    p = MEASURES[name].inverse(np.sort(values), n)
    assert np.all((p >= 0) & (p <= 1))
    assert np.all(np.diff(p) >= -1e-15)


@pytest.mark.parametrize("name", MEASURES)
def test_measures_take_any_shape(name: str) -> None:
    yi, vi = MEASURES[name].effects([[0, 1], [2, 3]], [[3, 3], [3, 3]])
    assert yi.shape == vi.shape == (2, 2)
    assert MEASURES[name].inverse(yi, np.array([[3.0], [4.0]])).shape == (2, 2)
    assert np.ndim(MEASURES[name].inverse(0.3, 5.0)) == 0


def test_freeman_tukey_spread_shows_that_the_choice_of_n_decides() -> None:
    events, n = np.array([20, 0, 1, 2, 0]), np.array([20000, 7, 50, 800, 12])
    yi, vi = MEASURES["double-arcsine"].effects(events, n)
    pooled = np.sum(yi / vi) / np.sum(1 / vi)
    spread = freeman_tukey_spread(pooled, n)
    assert list(spread) == ["smallest", "harmonic", "geometric", "arithmetic", "largest"]
    assert spread["harmonic"] == MEASURES["double-arcsine"].inverse(pooled, harmonic_mean(n)) == 0
    assert spread["largest"] == pytest.approx(23 / 20869, rel=0.05)


def test_freeman_tukey_spread_closes_where_all_studies_are_one_size() -> None:
    spread = freeman_tukey_spread([0.4, 1.1], [[20, 20, 20], [50, 50, 50]])
    assert np.ptp(np.array(list(spread.values())), axis=0) == pytest.approx([0, 0], abs=1e-14)
