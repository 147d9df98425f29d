"""Laws that hold whatever the counts: found by drawing nasty ones, from one patient to ten million, under raised warnings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evidence.synthesis.inverse_variance.heterogeneity import TAU2_ESTIMATORS
from evidence.synthesis.pooling import POOL_INTERVALS, PREDICTIONS_OF, pool_counts
from evidence.synthesis.proportions import INTERVALS, MEASURES
from evidence.synthesis.results import Interval, Pooled

pytestmark = pytest.mark.filterwarnings("error")

INSIDE = 1e-12  # an estimate may touch its limit by rounding
MIRRORED = 1e-7  # of a proportion: sums run in another order, and searches start elsewhere
CLOSED_FORM = 1e-10
TAU2 = 1e-8

Counts = tuple[list[int], list[int]]

LIMITS = (1, 1, 2, 3, 9, 60, 1000, 10**5, 10**7)


@st.composite
def studies(draw: st.DrawFn, largest: int = 10**7) -> tuple[int, int]:
    """One study: tiny and huge ones alike, at 0 and n as often as between."""
    n = draw(st.integers(1, min(draw(st.sampled_from(LIMITS)), largest)))
    kind = draw(st.sampled_from(["none", "all", "one", "all but one", "any", "any"]))
    x = {"none": 0, "all": n, "one": 1, "all but one": n - 1}.get(kind, -1)
    return (draw(st.integers(0, n)) if x < 0 else x), n


@st.composite
def nasty_tables(draw: st.DrawFn, most: int = 9, largest: int = 10**7) -> Counts:
    """Anything, and the shapes that break things: all alike, one huge among tiny, tiny rates, one event in all."""
    k = draw(st.integers(1, most))
    shape = draw(
        st.sampled_from(["any", "any", "any", "alike", "one huge", "rare", "one event", "one patient"])
    )
    if shape == "alike":
        pairs = [draw(studies(largest))] * k
    elif shape == "one huge":
        huge = largest - draw(st.integers(0, 5))
        pairs = [(draw(st.integers(0, huge)), huge), *[draw(studies(9)) for _ in range(k - 1)]]
    elif shape == "rare":
        pairs = [(draw(st.integers(0, 3)), largest - draw(st.integers(0, 9))) for _ in range(k)]
    elif shape == "one event":
        pairs = [(0, draw(studies(largest))[1]) for _ in range(k)]
        pairs[draw(st.integers(0, k - 1))] = (1, pairs[0][1])
    elif shape == "one patient":
        pairs = [(draw(st.integers(0, 1)), 1) for _ in range(k)]
    else:
        pairs = [draw(studies(largest)) for _ in range(k)]
    return [x for x, _ in pairs], [n for _, n in pairs]


tables = nasty_tables()
gentle_tables = nasty_tables(most=6, largest=1000)

INVERSE_VARIANCE = [
    {"model": model, "measure": measure, "ci": ci}
    for model in ("common", "random")
    for measure in MEASURES
    for ci in POOL_INTERVALS[model]
]


def leaves(value: Any, path: str = "", *, limits: bool = True) -> Iterator[tuple[str, Any]]:
    """Every field of a result by its path, and the properties that are computed when asked for.

    `limits` are those of tau2: by profile likelihood they may take a second.
    """
    if is_dataclass(value):
        for field in fields(value):
            if not callable(getattr(value, field.name)):
                yield from leaves(getattr(value, field.name), f"{path}.{field.name}", limits=limits)
        for name in ("studies", *(("tau2_low", "tau2_high") if limits else ())):
            if hasattr(type(value), name):
                yield from leaves(getattr(value, name), f"{path}.{name}", limits=limits)
    else:
        yield path, value


def check(pooled: Pooled, *, limits: bool = True) -> None:
    """No NaN, no infinity, every proportion inside 0 to 1 and inside its interval."""
    for path, value in leaves(pooled, limits=limits):
        if isinstance(value, float):
            assert math.isfinite(value), path
        elif isinstance(value, np.ndarray):
            assert np.isfinite(value).all(), path
    for name in ("proportion", "exact", "average", "prediction"):
        interval = getattr(pooled, name)
        if interval is not None:
            low, high = interval.low, interval.high
            assert (
                0 <= low <= interval.estimate + INSIDE and interval.estimate <= high + INSIDE <= 1 + INSIDE
            ), name
    if pooled.fit is not None:
        fit = pooled.fit
        slack = INSIDE * (1 + abs(fit.estimate))
        assert fit.low is None or fit.low <= fit.estimate + slack  # None: the likelihood never falls so far
        assert fit.high is None or fit.estimate <= fit.high + slack
        assert fit.se >= 0
    if pooled.heterogeneity is not None:
        h = pooled.heterogeneity
        assert h.tau2 >= 0 and h.q >= 0 and 0 <= h.i2 < 1 <= h.h2 and 0 <= h.pvalue <= 1
        if h.lrt is not None:
            assert h.lrt >= 0 and 0 <= h.lrt_pvalue <= 1
        if limits and h.tau2_low is not None:
            assert 0 <= h.tau2_low <= h.tau2_high
        if h.i2_low is not None:
            assert 0 <= h.i2_low <= h.i2 + INSIDE <= h.i2_high + 2 * INSIDE < 1 + 2 * INSIDE
    if pooled.weights is not None:
        assert (pooled.weights >= 0).all() and pooled.weights.sum() == pytest.approx(1)
    assert all(isinstance(note, str) and note.endswith((".", "all")) for note in pooled.notes)
    assert str(pooled.proportion)


# --- nothing breaks: the estimate in its interval, no warning, no NaN ------------------------


@given(tables)
@example(([0] * 6, [10**7] * 6))
@example(([10**7] * 3, [10**7] * 3))
@example(([1, 0, 0, 0, 0, 0], [10**7, 1, 1, 1, 1, 1]))
@example(([10**7 - 1, 1], [10**7, 10**7]))
@example(([1], [1]))
@example(([0, 1], [1, 1]))
@example(([6, 0], [6, 5]))
@example(([251342, 1, 0, 2, 3], [10**6, 3, 2, 5, 4]))
def test_auto(counts: Counts) -> None:
    check(pool_counts(*counts), limits=False)


@given(tables, st.sampled_from(INVERSE_VARIANCE))
@example(([5, 10, 20], [20, 40, 80]), {"model": "random", "measure": "logit", "ci": "profile"})
@example(([0, 0], [1, 10**7]), {"model": "random", "measure": "raw", "ci": "profile"})
def test_inverse_variance_on_every_scale_with_every_interval(counts: Counts, options: dict[str, Any]) -> None:
    check(pool_counts(*counts, **options))


@given(tables, st.sampled_from(list(TAU2_ESTIMATORS)), st.sampled_from(PREDICTIONS_OF["random"]))
def test_every_estimator_with_every_prediction(counts: Counts, tau2: str, prediction: str) -> None:
    if prediction.startswith("kenward-roger"):
        tau2 = "reml"
    check(pool_counts(*counts, model="random", tau2=tau2, prediction=prediction))


@given(tables, st.sampled_from(["t", "wald"]), st.sampled_from(["t", "hts", "wald"]))
@example(([20, 0, 20, 0, 1], [20, 20, 20, 20, 2]), "t", "t")
@example(([1, 0, 0, 0], [10**7] * 4), "wald", "hts")
def test_the_binomial_model(counts: Counts, ci: str, prediction: str) -> None:
    check(pool_counts(*counts, model="binomial", ci=ci, prediction=prediction), limits=False)


@settings(max_examples=4)
@given(gentle_tables)
@example(([5, 9, 11], [6, 9, 11]))
@example(([0, 0, 0, 2, 0], [30, 12, 45, 60, 25]))
def test_the_binomial_model_s_profile_intervals(counts: Counts) -> None:
    check(pool_counts(*counts, model="binomial", ci="profile"))


@given(tables, st.floats(0.05, 3))
@example(([10**7] * 2, [10**7] * 2), 1.0)
@example(([0, 10**7], [10**7, 10**7]), 0.05)
@example(([0, 0, 0], [1, 3, 28]), 1.0)
def test_bayes(counts: Counts, prior_scale: float) -> None:
    check(pool_counts(*counts, model="bayes", prior_scale=prior_scale))


@given(tables, st.sampled_from(list(INTERVALS)), st.floats(0.5, 0.999))
def test_the_exact_model_and_each_study_s_own_interval(counts: Counts, interval: str, level: float) -> None:
    pooled = pool_counts(*counts, model="exact", interval=interval, level=level)
    check(pooled)
    x, n = (np.array(v) for v in counts)
    own = pooled.studies
    assert (own.low <= x / n + INSIDE).all() and (own.high >= x / n - INSIDE).all()
    assert ((own.low >= 0) & (own.low <= own.high) & (own.high <= 1)).all()


@pytest.mark.parametrize("k", [100, 10_000])
@pytest.mark.parametrize("shape", ["mixed", "one event", "none", "all", "one patient", "all alike"])
def test_very_many_studies(k: int, shape: str) -> None:
    rng = np.random.default_rng(k)
    n = np.ceil(10 ** rng.uniform(0, 2.3, k))
    if shape == "one patient":
        n = np.ones(k)
    p = 1 / (1 + np.exp(-rng.normal(-1, 1, k)))
    x = {
        "mixed": rng.binomial(n.astype(int), p),
        "one event": np.eye(1, k)[0],
        "none": np.zeros(k),
        "all": n,
        "one patient": rng.binomial(1, 0.3, k),
        "all alike": np.full(k, 3.0),
    }[shape]
    if shape == "all alike":
        n = np.full(k, 10.0)
    check(pool_counts(x, n), limits=False)
    check(pool_counts(x, n, model="random"))
    check(pool_counts(x, n, model="common", measure="double-arcsine"))


@settings(max_examples=10)
@given(st.lists(st.lists(studies(1000), min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_batch_of_whatever_tables(batch: list[list[tuple[int, int]]]) -> None:
    x, n = np.moveaxis(np.array(batch), -1, 0)
    for model in ("auto", "binomial", "random", "common", "exact"):
        pooled = pool_counts(x, n, model=model)
        for interval in (pooled.proportion, pooled.exact, pooled.studies):
            assert (interval.low <= interval.estimate + INSIDE).all()
            assert (interval.estimate <= interval.high + INSIDE).all()
        assert len(pooled.notes) == len(batch) == len(pooled.model)


# --- mirror, order, levels -----------------------------------------------------------------------


def assert_mirrored(here: Interval | None, there: Interval | None, tolerance: float) -> None:
    assert (here is None) == (there is None)
    if here is not None and there is not None:
        mirrored = [1 - there.estimate, 1 - there.high, 1 - there.low]
        assert [*here] == pytest.approx(mirrored, abs=tolerance)


@given(
    gentle_tables,
    st.sampled_from(["logit", "arcsine", "double-arcsine"]),
    st.sampled_from(["wald", "hksj", "hksj-plain"]),
)
def test_mirrored_counts_mirror_inverse_variance(counts: Counts, measure: str, ci: str) -> None:
    x, n = (np.array(v) for v in counts)
    here, there = (pool_counts(v, n, model="random", tau2="dl", measure=measure, ci=ci) for v in (x, n - x))
    for name in ("proportion", "prediction", "exact"):
        assert_mirrored(getattr(here, name), getattr(there, name), CLOSED_FORM)


@given(gentle_tables, st.sampled_from(["t", "wald"]))
def test_mirrored_counts_mirror_the_binomial_model(counts: Counts, ci: str) -> None:
    x, n = (np.array(v) for v in counts)
    here, there = (pool_counts(v, n, model="binomial", ci=ci) for v in (x, n - x))
    assert here.model == there.model
    for name in ("proportion", "average", "prediction"):
        assert_mirrored(getattr(here, name), getattr(there, name), MIRRORED)
    if here.fit is not None and there.fit is not None:
        assert here.fit.estimate == pytest.approx(-there.fit.estimate, rel=1e-6, abs=1e-6)
        assert here.fit.se == pytest.approx(there.fit.se, rel=1e-5)


@settings(max_examples=25)
@given(gentle_tables)
def test_mirrored_counts_mirror_bayes(counts: Counts) -> None:
    x, n = (np.array(v) for v in counts)
    here, there = (pool_counts(v, n, model="bayes") for v in (x, n - x))
    for name in ("proportion", "average", "prediction"):
        assert_mirrored(getattr(here, name), getattr(there, name), MIRRORED)


@given(
    gentle_tables,
    st.randoms(use_true_random=False),
    st.sampled_from(["common", "random", "binomial", "bayes", "exact"]),
)
def test_the_order_of_studies_does_not_matter(counts: Counts, random: Any, model: str) -> None:
    order = list(range(len(counts[0])))
    random.shuffle(order)
    here = pool_counts(*counts, model=model)
    there = pool_counts(*([side[i] for i in order] for side in counts), model=model)
    assert there.model == here.model
    for name in ("proportion", "average", "prediction", "exact"):
        a, b = getattr(here, name), getattr(there, name)
        assert (a is None) == (b is None)
        if a is not None:
            assert [*a] == pytest.approx([*b], rel=1e-6, abs=MIRRORED)
    if here.heterogeneity is not None and there.heterogeneity is not None:
        assert here.heterogeneity.tau2 == pytest.approx(there.heterogeneity.tau2, rel=1e-5, abs=TAU2)


@given(studies(10**5), st.integers(2, 8), st.sampled_from(["reml", "pm", "dl", "ml", "eb", "hs", "he", "sj"]))
def test_identical_studies_have_no_heterogeneity(study: tuple[int, int], k: int, tau2: str) -> None:
    x, n = ([v] * k for v in study)
    for options in ({"model": "random", "tau2": tau2}, {"model": "binomial"}):
        h = pool_counts(x, n, **options).heterogeneity
        if h is not None:
            assert h.tau2 == pytest.approx(0, abs=1e-20)
            assert h.i2 == 0 and h.h2 == 1


@given(
    gentle_tables,
    st.sampled_from(
        [
            ("common", "wald"),
            ("random", "hksj"),
            ("random", "t"),
            ("binomial", "t"),
            ("bayes", None),
            ("exact", None),
        ]
    ),
)
def test_a_wider_level_gives_a_wider_interval(counts: Counts, how: tuple[str, str | None]) -> None:
    levels = [pool_counts(*counts, model=how[0], ci=how[1], level=level) for level in (0.5, 0.9, 0.99)]
    for name in ("proportion", "exact", "average", "prediction"):
        found = [getattr(pooled, name) for pooled in levels]
        if found[0] is None:
            continue
        lows, highs = [i.low for i in found], [i.high for i in found]
        assert lows == sorted(lows, reverse=True) and highs == sorted(highs), name
        estimates = [i.estimate for i in found]
        assert estimates[0] == pytest.approx(estimates[1], rel=1e-9) == pytest.approx(estimates[2], rel=1e-9)


@given(gentle_tables)
def test_more_events_never_lower_the_exact_interval(counts: Counts) -> None:
    """Not a law of the others: 4/4, 29/30, 0/1 with one responder more differ more, so their average is less certain."""
    x, n = (np.array(v) for v in counts)
    room = np.flatnonzero(x < n)
    if not room.size:
        return
    more = x.copy()
    more[room[0]] += 1
    before, after = (pool_counts(v, n, model="exact").exact for v in (x, more))
    assert after.low > before.low or before.low == 0
    assert after.high > before.high or before.high == 1


@settings(max_examples=15)
@given(gentle_tables)
def test_the_same_question_has_the_same_answer(counts: Counts) -> None:
    first, again = (dict(leaves(pool_counts(*counts), limits=False)) for _ in range(2))
    assert list(first) == list(again)
    for path, value in first.items():
        same = np.array_equal(value, again[path]) if isinstance(value, np.ndarray) else value == again[path]
        assert same, path


@given(gentle_tables)
def test_hartung_knapp_with_the_floor_is_never_narrower_than_t(counts: Counts) -> None:
    floored, classic = (pool_counts(*counts, model="random", ci=ci) for ci in ("hksj", "t"))
    if floored.fit is not None and classic.fit is not None:
        assert floored.fit.se >= classic.fit.se * (1 - 1e-12)
