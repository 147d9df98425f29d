"""`pool_counts`: which model answers, what it says beside the numbers, and that many tables are as many single ones."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from scipy import special
from scipy.stats import beta, chi2, norm, t

from evidence.errors import InputError, OptionError
from evidence.synthesis import notes
from evidence.synthesis.inverse_variance.heterogeneity import boundary_pvalue
from evidence.synthesis.pooling import (
    CI,
    FITTERS,
    I2,
    MODELS,
    POOL_INTERVALS,
    PREDICTIONS,
    PREDICTIONS_OF,
    PRIORS,
    TAU2,
    TAU2_INTERVALS,
    WEIGHTS,
    pool_counts,
)
from evidence.synthesis.proportions import INTERVALS, MEASURES, proportion_interval
from evidence.synthesis.results import Interval, Pooled

PRINTED_6 = 5e-7  # half a unit of the last of six decimals
PRINTED_4 = 5e-5
QUOTED = 1e-3
CLOSED_FORM = 1e-10
TOGETHER = 1e-9  # relative: sums over tables of another size are rounded otherwise
DIFFERENCED = 1e-7  # the average's limits come from differences of two such sums

PRITZ = (
    [16, 10, 4, 43, 10, 25, 13, 12, 22, 4, 5, 18, 58, 6],
    [17, 12, 8, 58, 10, 42, 14, 12, 41, 5, 6, 23, 68, 10],
)
COHORTS = ([6, 9, 11], [6, 9, 11])
TRAP = ([20, 0, 1, 2, 0], [20000, 7, 50, 800, 12])
SIX = ([3, 8, 1, 5, 9, 2], [10, 12, 9, 11, 20, 30])


def numbers(interval: Interval | None) -> list[float]:
    assert interval is not None
    return [*interval]


def has_no_likelihood_result(pooled: Pooled) -> bool:
    return pooled.fit is None and pooled.heterogeneity is None and pooled.tau2_estimator is None


# --- the hard cases -------------------------------------------------------------------------


def test_all_responded() -> None:
    pooled = pool_counts(*COHORTS, prior_median="uniform", prior_scale=1)
    assert (pooled.requested, pooled.model, pooled.k, pooled.events, pooled.n) == ("auto", "bayes", 3, 26, 26)
    assert numbers(pooled.exact) == pytest.approx([1, 0.867725, 1], abs=PRINTED_6)
    assert numbers(pooled.proportion) == pytest.approx([0.9731, 0.8101, 0.9991], abs=QUOTED)
    assert numbers(pooled.average) == pytest.approx([0.964, 0.740, 0.999], abs=QUOTED)
    assert numbers(pooled.prediction)[1:] == pytest.approx([0.633, 0.9994], abs=QUOTED)
    assert has_no_likelihood_result(pooled)
    assert notes.everyone(True) in pooled.notes


def test_all_responded_by_default_is_what_a_plain_grid_gives() -> None:
    """Beta(1/2, 1/2) on the median proportion, half-normal(1.25) on tau, summed on a grid in other coordinates."""
    pooled = pool_counts(*COHORTS)
    grid = (np.arange(3000) + 0.5) / 3000
    median = np.sin(np.pi / 2 * grid) ** 2  # equal steps of Beta(1/2, 1/2)
    tau = 1.25 * special.ndtri(0.5 + 0.5 * (np.arange(120) + 0.5) / 120)  # of the half-normal
    z, w = np.polynomial.hermite_e.hermegauss(80)
    p = special.expit(special.logit(median)[:, None, None] + tau[:, None] * z)
    likelihood = np.prod([(p**n) @ w for n in (6, 9, 11)], axis=0)
    for values, interval in (
        (np.broadcast_to(median[:, None], likelihood.shape), pooled.proportion),
        ((p @ w) / w.sum(), pooled.average),
    ):
        assert interval is not None
        order = np.argsort(values.ravel())
        mass = np.cumsum(likelihood.ravel()[order]) / likelihood.sum()
        found = values.ravel()[order][np.searchsorted(mass, [0.5, 0.025, 0.975])]
        assert numbers(interval) == pytest.approx(found.tolist(), abs=QUOTED)


def test_all_responded_says_how_far_the_prior_carries_and_the_curve_without_one() -> None:
    said = " ".join(pool_counts(*COHORTS).notes)
    assert "half-Cauchy(1) on tau" in said and "normal(0, 10) on the average logit" in said
    assert "80.0 %" in said  # never a bare number: the limit beside what other priors make of it
    for limit in ("85.2", "80.8", "69.1", "59.6"):
        assert limit in said
    assert "lower limit" in said and "upper limit" not in said


def test_none_responded_is_the_mirror() -> None:
    zeros, ones = pool_counts([0, 0, 0], [6, 9, 11]), pool_counts(*COHORTS)
    for name in ("proportion", "average", "prediction", "exact"):
        here, there = numbers(getattr(zeros, name)), numbers(getattr(ones, name))
        assert here == pytest.approx([1 - there[0], 1 - there[2], 1 - there[1]], abs=1e-9)
    assert notes.everyone(False) in zeros.notes
    said = " ".join(zeros.notes)
    assert "upper limit" in said and "lower limit" not in said
    for limit in ("14.8", "19.2", "30.9", "40.4"):
        assert limit in said


@pytest.mark.parametrize("model", ["auto", "binomial"])
@pytest.mark.parametrize("counts", [([6, 0], [6, 5]), ([6, 0, 7, 0, 3], [6, 5, 7, 20, 3])])
def test_separated_studies_have_no_finite_estimate_and_are_told_so(
    model: str, counts: tuple[list[int], list[int]]
) -> None:
    pooled = pool_counts(*counts, model=model)
    assert (pooled.requested, pooled.model) == (model, "bayes")
    assert has_no_likelihood_result(pooled)
    assert notes.SEPARATED in pooled.notes
    assert "no estimate of the average or of the heterogeneity is finite" in notes.SEPARATED


def test_one_patient_a_study_does_not_identify_tau() -> None:
    pooled = pool_counts([1, 0, 1, 1, 0, 1], [1] * 6)
    assert pooled.model == "bayes"
    assert has_no_likelihood_result(pooled)
    assert notes.NOT_IDENTIFIED in pooled.notes and notes.SEPARATED not in pooled.notes


def test_one_study_is_its_own_exact_interval() -> None:
    for model in ("auto", "exact", "binomial", "common", "random"):
        pooled = pool_counts([7], [20], model=model)
        assert (pooled.requested, pooled.model, pooled.k) == (model, "exact", 1)
        expected = [0.35, beta.ppf(0.025, 7, 14), beta.ppf(0.975, 8, 13)]
        assert numbers(pooled.proportion) == pytest.approx(expected, rel=CLOSED_FORM)
        assert notes.ONE_STUDY in pooled.notes
        assert has_no_likelihood_result(pooled)
        assert pooled.average is None and pooled.prediction is None


def test_one_study_may_be_given_to_bayes() -> None:
    pooled = pool_counts([7], [20], model="bayes", prior_median="uniform", prior_scale=1)
    assert pooled.model == "bayes"
    assert numbers(pooled.proportion) == pytest.approx([0.376832, 0.115040, 0.770146], abs=QUOTED)
    assert pooled.prediction is None


def test_two_studies_say_that_they_say_little() -> None:
    for model in ("auto", "binomial", "common", "random", "bayes"):
        pooled = pool_counts([5, 116], [119, 170], model=model)
        assert notes.TWO_STUDIES in pooled.notes
        assert notes.NO_PREDICTION in pooled.notes
        assert pooled.prediction is None


def test_two_far_apart_by_the_binomial_model() -> None:
    pooled = pool_counts([5, 116], [119, 170], model="binomial")
    assert pooled.proportion.estimate == pytest.approx(0.235485, abs=PRINTED_6)


def test_the_binomial_model_on_pritz1997() -> None:
    pooled = pool_counts(*PRITZ)
    assert (pooled.model, pooled.measure, pooled.tau2_estimator, pooled.ci, pooled.df) == (
        "binomial",
        "logit",
        "ml",
        "corrected",
        None,
    )
    assert (pool_counts(*PRITZ, ci="t").ci, pool_counts(*PRITZ, ci="t").df) == ("t", 13)
    assert pooled.proportion.estimate == pytest.approx(0.798443, abs=PRINTED_6)
    assert pooled.heterogeneity is not None
    assert pooled.heterogeneity.tau2 == pytest.approx(0.58931, abs=5e-6)
    assert pooled.notes == ()


def test_the_freeman_tukey_trap_warns() -> None:
    pooled = pool_counts(*TRAP, model="random", measure="double-arcsine", ci="wald")
    assert [round(v, 4) for v in pooled.proportion] == [0, 0, 0]
    assert notes.freeman_tukey_edge(23) in pooled.notes
    assert any("depends on which n stands for all studies" in note for note in pooled.notes)


def test_freeman_tukey_on_ordinary_sizes_does_not_warn() -> None:
    pooled = pool_counts(*SIX, model="random", measure="double-arcsine")
    assert not any("double-arcsine back-transform" in note for note in pooled.notes)


def test_inverse_variance_warns_where_it_has_to_add_a_half() -> None:
    for measure in ("logit", "log", "raw"):
        assert notes.corrected(2, 14, False) in pool_counts(*PRITZ, model="random", measure=measure).notes
    for measure in ("arcsine", "double-arcsine"):
        pooled = pool_counts(*PRITZ, model="random", measure=measure)
        assert notes.edge_without_correction(measure) in pooled.notes
    assert pool_counts(*SIX, model="random").notes == ()


def test_inverse_variance_on_nothing_but_corrections_says_so() -> None:
    pooled = pool_counts([6, 10, 20, 3], [6, 10, 20, 3], model="random")
    assert pooled.proportion.estimate == pytest.approx(0.945, abs=5e-4)  # invented by the 0.5
    assert notes.ALL_CORRECTED in pooled.notes


def test_an_interval_without_width_is_pointed_out() -> None:
    for counts in (([5, 10, 20, 40], [20, 40, 80, 160]), ([5] * 4, [20] * 4)):
        assert notes.no_spread("hksj-plain") in pool_counts(*counts, model="random", ci="hksj-plain").notes
        assert notes.no_spread("hksj") not in pool_counts(*counts, model="random").notes


def test_very_different_studies_are_to_be_looked_at_one_by_one() -> None:
    near_separated = pool_counts([20, 0, 20, 0, 1], [20, 20, 20, 20, 2])
    assert near_separated.heterogeneity is not None
    tau = near_separated.heterogeneity.tau2**0.5
    assert tau > 5 and notes.very_heterogeneous(tau) in near_separated.notes


def test_the_exact_model_says_whom_it_speaks_of() -> None:
    pooled = pool_counts(*PRITZ, model="exact")
    expected = [246 / 326, beta.ppf(0.025, 246, 81), beta.ppf(0.975, 247, 80)]
    assert numbers(pooled.proportion) == pytest.approx(expected, rel=CLOSED_FORM)
    assert numbers(pooled.proportion) == numbers(pooled.exact)
    assert notes.EXACT_SPEAKS_OF in pooled.notes
    assert has_no_likelihood_result(pooled) and pooled.average is None


# --- which model, and why ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "model"), [(1, "exact"), (2, "bayes"), (3, "bayes"), (4, "bayes"), (5, "binomial")]
)
def test_auto_by_the_number_of_studies(k: int, model: str) -> None:
    pooled = pool_counts(SIX[0][:k], SIX[1][:k])
    assert (pooled.requested, pooled.model) == ("auto", model)
    if model == "bayes":
        assert notes.auto_bayes(k) in pooled.notes


def test_auto_falls_back_where_five_studies_have_no_finite_maximum() -> None:
    pooled = pool_counts([0] * 5, [10] * 5)
    assert pooled.model == "bayes"
    assert notes.FELL_BACK in pooled.notes and notes.everyone(False) in pooled.notes


@pytest.mark.parametrize(
    "options",
    [{"measure": "raw"}, {"tau2": "pm"}, {"ci": "hksj"}, {"ci": "hksj-plain"}, {"prediction": "hksj"}],
    ids=str,
)
def test_auto_takes_inverse_variance_where_only_it_has_the_option(options: dict[str, str]) -> None:
    pooled = pool_counts(*SIX, **options)
    assert (pooled.requested, pooled.model) == ("auto", "random")
    said = [f"{name} {value}" for name, value in options.items()]
    assert notes.auto_inverse_variance(said) in pooled.notes


def test_an_interval_that_the_model_used_does_not_have_is_said_to_be_unused() -> None:
    assert notes.unused("ci", "wald", "bayes") in pool_counts(*COHORTS, ci="wald").notes
    assert (
        notes.unused("ci", "profile", "bayes")
        in pool_counts([0, 6], [5, 6], model="binomial", ci="profile").notes
    )


def test_profile_with_another_estimator_of_tau2_says_that_it_needs_ml() -> None:
    pooled = pool_counts(*SIX, model="random", ci="profile", tau2="pm")
    assert pooled.tau2_estimator == "ml"
    assert notes.profile_needs_ml("pm") in pooled.notes
    assert (
        notes.profile_needs_ml("ml") not in pool_counts(*SIX, model="random", ci="profile", tau2="ml").notes
    )


@pytest.mark.parametrize("model", FITTERS)
def test_what_each_model_fills_in(model: str) -> None:
    pooled = pool_counts(*SIX, model=model)
    likelihood = model in ("common", "random", "binomial", "beta-binomial")
    assert (pooled.fit is not None) == likelihood
    assert (pooled.heterogeneity is not None) == likelihood
    assert (pooled.average is not None) == (model in ("binomial", "bayes"))
    assert (pooled.prediction is not None) == (model in ("random", "binomial", "beta-binomial", "bayes"))
    assert (pooled.weights is not None) == (model in ("common", "random"))
    assert pooled.tau2_estimator == {"random": "reml", "binomial": "ml"}.get(model)
    assert pooled.ci == {
        "random": "hksj",
        "binomial": "corrected",
        "beta-binomial": "t",
        "common": "wald",
    }.get(model)
    assert pooled.df == {"random": 5, "beta-binomial": 5}.get(model)
    assert (pooled.k, pooled.events, pooled.n, pooled.level) == (6, 28, 92, 0.95)
    assert f"k = {pooled.k}" in pooled.method


def test_the_heading_names_model_number_scale_and_estimator() -> None:
    method = pool_counts(*SIX, model="random", tau2="pm", measure="arcsine").method
    assert "k = 6" in method and "arcsine" in method and "PM" in method and "random" in method.lower()
    assert "half-normal(0.5)" in pool_counts(*SIX, model="bayes", prior_scale=0.5).method


def test_heterogeneity_of_the_binomial_model() -> None:
    h = pool_counts(*PRITZ, model="binomial").heterogeneity
    assert h is not None
    assert (h.df, h.i2_kind) == (13, "Q")
    assert h.lrt_pvalue == pytest.approx(chi2.sf(h.lrt, 1) / 2, rel=CLOSED_FORM)
    assert h.pvalue == pytest.approx(chi2.sf(h.q, 13), rel=CLOSED_FORM)
    assert h.i2 == pytest.approx((h.q - 13) / h.q, rel=CLOSED_FORM)
    assert h.tau2_low < h.tau2 < h.tau2_high


def test_heterogeneity_of_nothing_is_nothing() -> None:
    h = pool_counts([5, 10, 20, 40, 5], [20, 40, 80, 160, 20], model="binomial").heterogeneity
    assert h is not None
    assert (h.tau2, h.lrt, h.lrt_pvalue, h.i2, h.h2, h.tau2_low) == (0, 0, 1, 0, 1, 0)
    assert h.tau2_high > 0


def test_a_common_effect_has_no_interval_of_tau2() -> None:
    h = pool_counts(*SIX, model="common").heterogeneity
    assert h is not None
    assert (h.tau2, h.tau2_low, h.tau2_high) == (0, None, None)


def test_i2_of_two_studies_may_have_no_interval() -> None:
    h = pool_counts([4, 8], [10, 20], model="common").heterogeneity
    assert h is not None
    assert (h.i2_low, h.i2_high) == (None, None)


def test_weights_are_shares() -> None:
    weights = pool_counts(*SIX, model="common").weights
    assert weights is not None
    x, n = np.array(SIX[0]), np.array(SIX[1])
    inverse = x * (n - x) / n
    assert weights == pytest.approx(inverse / inverse.sum(), rel=CLOSED_FORM)


@pytest.mark.parametrize("kind", ["t", "hts", "wald"])
def test_prediction_of_the_binomial_model(kind: str) -> None:
    pooled = pool_counts(*PRITZ, prediction=kind)
    assert pooled.fit is not None and pooled.heterogeneity is not None
    quantile = {"t": t.ppf(0.975, 13), "hts": t.ppf(0.975, 12), "wald": norm.ppf(0.975)}[kind]
    half = quantile * np.sqrt(pooled.heterogeneity.tau2 + pooled.fit.se**2)
    logits = pooled.fit.estimate + half * np.array([0, -1, 1])
    assert numbers(pooled.prediction) == pytest.approx(1 / (1 + np.exp(-logits)), rel=CLOSED_FORM)


@pytest.mark.parametrize("model", ["random", "binomial", "bayes"])
def test_no_prediction_is_made_where_none_is_wanted(model: str) -> None:
    assert pool_counts(*SIX, model=model, prediction="none").prediction is None


def test_the_average_of_the_binomial_model_lies_between_median_and_a_half() -> None:
    pooled = pool_counts(*PRITZ)
    median, average = numbers(pooled.proportion), numbers(pooled.average)
    assert 0.5 < average[0] < median[0]
    assert average[1] < average[0] < average[2]


def test_the_average_s_interval_is_the_median_s_where_tau_is_nil() -> None:
    pooled = pool_counts([5, 10, 20, 40, 5], [20, 40, 80, 160, 20], ci="t")
    assert numbers(pooled.average) == pytest.approx(numbers(pooled.proportion), rel=1e-6)


@pytest.mark.parametrize("interval", INTERVALS)
def test_each_study_s_own_interval(interval: str) -> None:
    pooled = pool_counts(*SIX, interval=interval)
    expected = proportion_interval(*SIX, method=interval)
    for ours, theirs in zip(pooled.studies, expected, strict=True):
        assert ours.tolist() == theirs.tolist()
    assert pooled.studies.level == 0.95


def test_the_level_reaches_every_interval() -> None:
    pooled = pool_counts(*SIX, level=0.8)
    for interval in (pooled.proportion, pooled.exact, pooled.average, pooled.prediction, pooled.studies):
        assert interval is not None
        assert interval.level == 0.8
    assert pooled.level == 0.8


def test_the_prior_s_scale_matters_to_bayes_alone() -> None:
    narrow, wide = (pool_counts(*COHORTS, prior_scale=scale) for scale in (0.5, 2.0))
    assert narrow.proportion.low > wide.proportion.low
    same = [pool_counts(*SIX, model="binomial", prior_scale=scale).proportion for scale in (0.5, 2.0)]
    assert numbers(same[0]) == numbers(same[1])


def test_a_limit_is_never_asked_for_before_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence.synthesis.counts import binomial

    def fail(*_: Any) -> None:
        raise AssertionError("the profile interval of tau2 was computed unasked")

    monkeypatch.setattr(binomial, "profile_tau2", fail)
    h = pool_counts(*SIX, model="binomial").heterogeneity
    assert h is not None
    with pytest.raises(AssertionError, match="unasked"):
        _ = h.tau2_low


def test_a_prediction_that_the_model_chosen_does_not_have_is_said() -> None:
    said = pool_counts([6, 9, 11], [6, 9, 11], prediction="hts").notes
    assert "prediction = hts was not used: the bayes model has no such choice." in said


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "name", "allowed"),
    [
        ({"model": "fixed"}, "model", ", ".join(MODELS)),
        ({"measure": "probit"}, "measure", ", ".join(MEASURES)),
        ({"tau2": "bayes"}, "tau2", ", ".join(TAU2)),
        ({"ci": "z"}, "ci", ", ".join(CI)),
        ({"interval": "wald"}, "interval", ", ".join(INTERVALS)),
        ({"prediction": "v"}, "prediction", ", ".join(PREDICTIONS)),
        ({"level": 95}, "level", "a fraction above 0 and below 1, such as 0.95"),
        ({"level": 0}, "level", "a fraction above 0 and below 1, such as 0.95"),
        ({"prior_scale": 0}, "prior_scale", "a number above 0"),
        ({"prior_scale": -1}, "prior_scale", "a number above 0"),
        ({"prior_scale": np.inf}, "prior_scale", "a number above 0"),
        ({"prior_scale": np.nan}, "prior_scale", "a number above 0"),
        ({"model": "common", "ci": "profile"}, "ci of the common model", ", ".join(POOL_INTERVALS["common"])),
        ({"model": "random", "ci": "ivhet"}, "ci of the random model", ", ".join(POOL_INTERVALS["random"])),
        ({"weights": "own"}, "weights", "model, equal, or a number above 0 for each study"),
        (
            {"model": "bayes", "weights": "equal"},
            "weights of the bayes model",
            "model (others need common or random)",
        ),
        ({"tau2": "genq"}, "tau2", "with weights: equal, or numbers (it is made from them)"),
        ({"tau2_ci": "wald"}, "tau2_ci", ", ".join(TAU2_INTERVALS)),
        ({"i2": "tau"}, "i2", "q, tau2"),
        (
            {"model": "binomial", "i2": "tau2"},
            "i2 of the binomial model",
            "q (only the random model has another)",
        ),
        (
            {"model": "common", "prior": "uniform"},
            "prior of the common model",
            "none (only the bayes model has one)",
        ),
        ({"prior": "flat"}, "prior", "half-normal, half-cauchy, exponential, uniform, or a Prior"),
        ({"model": "binomial", "ci": "hksj"}, "ci of the binomial model", "t, wald, profile, corrected"),
        (
            {"model": "bayes", "ci": "t"},
            "ci of the bayes model",
            "none (the bayes model has its own interval)",
        ),
        (
            {"model": "exact", "ci": "wald"},
            "ci of the exact model",
            "none (the exact model has its own interval)",
        ),
        (
            {"model": "binomial", "measure": "raw"},
            "measure of the binomial model",
            "logit (the others need common or random)",
        ),
        (
            {"model": "common", "tau2": "dl"},
            "tau2 of the common model",
            "none (only the random model estimates it so)",
        ),
        (
            {"model": "binomial", "prediction": "hksj"},
            "prediction of the binomial model",
            ", ".join(PREDICTIONS_OF["binomial"]),
        ),
        ({"model": "bayes", "prediction": "hts"}, "prediction of the bayes model", "posterior, t, none"),
    ],
    ids=str,
)
def test_an_option_outside_those_allowed_says_which_are(
    options: dict[str, Any], name: str, allowed: str
) -> None:
    with pytest.raises(OptionError) as caught:
        pool_counts(*SIX, **options)
    assert caught.value.name == name
    assert caught.value.allowed == allowed
    value = list(options.values())[-1]
    assert caught.value.value == value or value != value
    assert str(caught.value) == f"{name} is {value!r}; allowed: {allowed}"
    assert isinstance(caught.value, ValueError) and isinstance(caught.value, InputError)


@pytest.mark.parametrize(
    ("events", "n", "named"),
    [
        ([3], [2], "events[0]"),
        ([-1, 2], [5, 5], "events[0]"),
        ([1, 2.5], [5, 5], "events[1]"),
        ([1, 2], [5, 0], "n[1]"),
        ([1, 2], [5, 5.5], "n[1]"),
        ([1, np.nan], [5, 5], "events[1]"),
        ([1, 2], [np.inf, 5], "n[0]"),
        ([], [], "number of studies"),
        ([[]], [[]], "number of studies"),
        ([1, 2], [5], "shape of events"),
        (3, 5, "shape of events"),
        ([[[1]]], [[[2]]], "shape of events"),
        ([[1, 2], [3, 9]], [[5, 5], [5, 5]], "events[1, 1]"),
        (["a"], [5], "events"),
        ([[1, 2], [3]], [[5, 5], [5]], "events"),
    ],
    ids=str,
)
def test_counts_that_are_no_counts_are_refused_by_name(events: Any, n: Any, named: str) -> None:
    with pytest.raises(OptionError) as caught:
        pool_counts(events, n)
    assert caught.value.name == named


def test_a_refusal_of_options_comes_before_any_work() -> None:
    with pytest.raises(OptionError):
        pool_counts([0] * 10_000, [10**7] * 10_000, level=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"weights": "equal", "ci": "kenward-roger"},
            "weights with kenward-roger is 'equal'; allowed: model",
        ),
        ({"weights": "equal", "ci": "ivhet"}, "weights with ivhet is 'equal'; allowed: model"),
        (
            {"weights": [1] * 6, "ci": "profile", "model": "random"},
            "weights with profile is 'given'; allowed: model",
        ),
        (
            {"weights": "equal", "prediction": "kenward-roger-hts"},
            "weights with kenward-roger-hts is 'equal'",
        ),
        ({"tau2": "dl", "ci": "kenward-roger"}, "tau2 with kenward-roger is 'dl'; allowed: reml"),
        ({"tau2": "dl", "tau2_ci": "profile"}, "tau2 with tau2_ci profile is 'dl'; allowed: reml, ml"),
        ({"weights": [1, 2, 0, 1, 1, 1]}, "a number above 0 for each study"),
        ({"weights": [1, 2, np.nan, 1, 1, 1]}, "a number above 0 for each study"),
        ({"weights": [1, 2]}, "shape of weights"),
    ],
    ids=str,
)
def test_options_that_exclude_each_other(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        pool_counts(*SIX, **options)


def test_auto_takes_the_model_that_has_the_interval_asked_for() -> None:
    for options, model in (
        ({"ci": "ivhet"}, "common"),
        ({"ci": "kenward-roger"}, "random"),
        ({"weights": "equal"}, "random"),
        ({"i2": "tau2"}, "random"),
        ({"tau2_ci": "jackson"}, "random"),
        ({"prediction": "bootstrap"}, "binomial"),
    ):
        assert pool_counts(*SIX, **options).model == model, options


# --- weights of one's own ---------------------------------------------------------


def test_weights_of_ones_own_make_the_estimate_and_its_variance() -> None:
    weights = np.array([1.0, 4, 2, 2, 1, 5])
    found = pool_counts(*SIX, model="random", weights=weights, ci="wald", tau2="dl")
    assert found.fit is not None and found.heterogeneity is not None and found.weights is not None
    yi, vi = MEASURES["logit"].effects(*map(np.array, SIX))
    share = weights / weights.sum()
    assert found.fit.estimate == pytest.approx(share @ yi, rel=1e-12)
    assert found.fit.se**2 == pytest.approx(share**2 @ (vi + found.heterogeneity.tau2), rel=1e-12)
    np.testing.assert_allclose(found.weights, share, rtol=1e-12)
    assert "weights as given" in found.method


def test_weights_of_the_model_given_as_numbers_change_nothing() -> None:
    plain = pool_counts(*SIX, model="common", ci="wald")
    _, vi = MEASURES["logit"].effects(*map(np.array, SIX))
    own = pool_counts(*SIX, model="common", ci="wald", weights=1 / vi)
    assert own.fit is not None and plain.fit is not None
    assert own.fit.estimate == pytest.approx(plain.fit.estimate, rel=1e-12)
    assert own.fit.se == pytest.approx(plain.fit.se, rel=1e-12)


def test_weights_count_by_their_ratios_only() -> None:
    one, other = (
        pool_counts(*SIX, model="random", weights=np.array([1, 4, 2, 2, 1, 5]) * scale).proportion
        for scale in (1.0, 1e9)
    )
    assert tuple(one) == pytest.approx(tuple(other), rel=1e-12)


def test_many_tables_with_their_own_weights_are_each_as_if_alone() -> None:
    rng = np.random.default_rng(4)
    n = rng.integers(5, 40, (4, 6))
    x = rng.binomial(n, 0.6)
    weights = rng.uniform(1, 5, (4, 6))
    together = pool_counts(x, n, model="random", weights=weights, ci="hksj-ci", tau2="genq")
    for i in range(4):
        alone = pool_counts(x[i], n[i], model="random", weights=weights[i], ci="hksj-ci", tau2="genq")
        assert alone.proportion.low == pytest.approx(together.proportion.low[i], rel=1e-12)
        dfs = together.df if isinstance(together.df, tuple) else (together.df,) * 4
        assert alone.df == dfs[i]
        assert alone.method == together.method[i]


# --- what tables of a batch do not share ---------------------------------------------


def test_a_batch_of_two_models_says_each_tables_own() -> None:
    x = np.array([[3, 4, 5, 6, 2, 7], [9, 9, 9, 9, 9, 9]])
    mixed = pool_counts(x, np.full((2, 6), 9))
    assert mixed.model == ("binomial", "bayes")
    assert mixed.ci == ("corrected", None)
    assert mixed.df is None
    assert mixed.tau2_estimator == ("ml", None)
    assert mixed.measure == "logit"
    assert pool_counts(x, np.full((2, 6), 9), ci="t").df == (5, None)
    assert pool_counts(x[:1], np.full((1, 6), 9)).ci == "corrected"
    assert pool_counts([3, 4] * 16, [9] * 32).ci == "t"


# --- Kenward and Roger ----------------------------------------------------------------


def test_kenward_roger_without_a_degree_of_freedom_for_a_prediction_says_so() -> None:
    found = pool_counts(
        [8, 9, 7, 3, 20], [10, 12, 9, 8, 31], ci="kenward-roger", prediction="kenward-roger-hts"
    )
    assert found.df is not None and found.df < 1
    assert found.prediction is None
    assert any("no degree of freedom" in note for note in found.notes)


def test_kenward_roger_with_less_than_a_degree_of_freedom_says_so() -> None:
    few = pool_counts([8, 9, 7, 3, 20], [10, 12, 9, 8, 31], model="random", ci="kenward-roger")
    assert few.df is not None and few.df < 1
    assert notes.LESS_THAN_ONE_DEGREE in few.notes
    enough = pool_counts([30, 12, 20, 9, 17], [40] * 5, model="random", ci="kenward-roger")
    assert enough.df is not None and enough.df > 1
    assert notes.LESS_THAN_ONE_DEGREE not in enough.notes


def test_a_likelihood_ratio_of_rounding_has_p_one() -> None:
    """tau2 a hair above 0: the ratio is 1e-16, of which half a chi-square would say 0.5."""
    found = pool_counts([4] * 6, [10] * 6, model="random", measure="arcsine").heterogeneity
    assert found is not None
    assert found.lrt_pvalue == 1.0
    assert boundary_pvalue(np.array([0.0, 1e-16, 3.841459]))[:2].tolist() == [1.0, 1.0]
    assert boundary_pvalue(np.array([3.841459]))[0] == pytest.approx(0.025, abs=1e-6)


def test_a_prediction_narrower_than_the_pool_s_own_interval_says_so() -> None:
    """With Hartung and Knapp's factor above 1 the pool's interval is wider than t's prediction by the plain standard error."""
    found = pool_counts([8, 9, 7, 3, 20], [10, 12, 9, 8, 31], model="random")
    assert found.prediction is not None
    assert found.prediction.low > found.proportion.low
    assert notes.NARROWER_PREDICTION in found.notes
    alike = pool_counts([8, 9, 7, 3, 20], [10, 12, 9, 8, 31], model="random", prediction="hksj")
    assert notes.NARROWER_PREDICTION not in alike.notes


def test_kenward_roger_with_equal_variances_is_the_t_interval_of_the_mean() -> None:
    # one variance for all: the mean's variance is s^2 / k with k - 1 df, and both approximations are exact
    found = pool_counts([3, 12, 20, 9, 17], [40] * 5, measure="arcsine", ci="kenward-roger")
    plain = pool_counts([3, 12, 20, 9, 17], [40] * 5, measure="arcsine", ci="t")
    assert found.df == pytest.approx(4, rel=1e-9)
    assert found.fit is not None and plain.fit is not None
    assert (found.fit.low, found.fit.high) == pytest.approx((plain.fit.low, plain.fit.high), rel=1e-9)


# --- I2 from tau2 ---------------------------------------------------------------------


def test_i2_from_tau2_and_its_limits() -> None:
    found = pool_counts(*SIX, model="random", i2="tau2").heterogeneity
    assert found is not None and found.i2_kind == "tau2"
    _, vi = MEASURES["logit"].effects(*map(np.array, SIX))
    wi = 1 / vi
    typical = 5 / (wi.sum() - (wi**2).sum() / wi.sum())
    for i2, tau2 in (
        (found.i2, found.tau2),
        (found.i2_low, found.tau2_low),
        (found.i2_high, found.tau2_high),
    ):
        assert i2 == pytest.approx(tau2 / (tau2 + typical), rel=1e-10)
    assert found.h2 == pytest.approx(1 / (1 - found.i2), rel=1e-12)
    assert (found.h2_low, found.h2_high) == pytest.approx((1 / (1 - found.i2_low), 1 / (1 - found.i2_high)))


def test_the_likelihood_ratio_test_of_no_heterogeneity_is_given_where_there_is_a_likelihood() -> None:
    for tau2, there in (("reml", True), ("ml", True), ("dl", False), ("pm", False)):
        found = pool_counts(*SIX, model="random", tau2=tau2).heterogeneity
        assert found is not None
        assert (found.lrt is not None) == there
        if there:
            assert found.lrt_pvalue == (pytest.approx(chi2.sf(found.lrt, 1) / 2) if found.lrt > 0 else 1.0)


def test_everything_after_the_counts_is_by_keyword() -> None:
    parameters = inspect.signature(pool_counts).parameters.values()
    assert [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY] == ["events", "n"]
    assert {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY} == {
        "model": "auto",
        "measure": "logit",
        "tau2": "reml",
        "ci": None,
        "interval": "exact",
        "prediction": None,
        "prior": "half-normal",
        "prior_scale": 1.25,
        "prior_median": "jeffreys",
        "weights": "model",
        "tau2_ci": None,
        "i2": "q",
        "level": 0.95,
    }


def test_every_option_is_explained() -> None:
    text = inspect.getdoc(pool_counts) or ""
    for word in (
        *MODELS,
        *MEASURES,
        *TAU2,
        *CI,
        *INTERVALS,
        *PREDICTIONS,
        *PRIORS,
        *TAU2_INTERVALS,
        *WEIGHTS,
        *I2,
    ):
        assert word in text


def test_counts_may_come_in_any_dress() -> None:
    plain = pool_counts(*SIX).proportion
    for dress in (tuple, np.array, lambda v: np.array(v, dtype=np.int32), lambda v: [float(i) for i in v]):
        assert numbers(pool_counts(dress(SIX[0]), dress(SIX[1])).proportion) == numbers(plain)


# --- many tables at once ---------------------------------------------------------------------------


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a result by its path, properties that are computed on demand included."""
    if is_dataclass(value):
        for field in fields(value):
            if field.name not in ("tau2_limits", "average_above", "predicted"):
                yield from leaves(getattr(value, field.name), f"{path}.{field.name}")
        for name in ("tau2_low", "tau2_high", "studies", "prediction"):
            if hasattr(type(value), name):
                yield from leaves(getattr(value, name), f"{path}.{name}")
    else:
        yield path, value


def row_of(value: Any, row: int) -> Any:
    return value[row] if isinstance(value, np.ndarray | tuple) else value


# What a batch holds once for all its tables; where one fell back it has these none the less.
OF_THE_BATCH = {".measure", ".tau2_estimator", ".ci", ".df"}


def tables(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Nine tables: all, none, separated, one patient each, all equal, one event, and ordinary ones."""
    rng = np.random.default_rng(k)
    n = rng.integers(1, 60, (9, k))
    x = rng.binomial(n, 1 / (1 + np.exp(-rng.normal(0.5, 1.2, (9, k)))))
    x[0], x[1] = n[0], 0
    x[2], x[2, 0] = n[2], 0
    n[3], x[3] = 1, np.arange(k) % 2
    n[4], x[4] = 20, 5
    x[5], x[5, -1] = 0, 1
    return x, n


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"model": "binomial"},
        {"model": "binomial", "ci": "profile", "level": 0.9},
        {"model": "exact"},
        {"model": "common"},
        {"model": "random"},
        {"model": "random", "ci": "profile"},
        {"model": "random", "measure": "double-arcsine", "tau2": "pm", "prediction": "hksj"},
        {"model": "random", "measure": "raw", "tau2": "ml", "ci": "hksj-plain", "prediction": "hts"},
        {"model": "bayes", "prediction": "none"},
    ],
    ids=str,
)
def test_many_tables_are_as_many_single_ones(k: int, options: dict[str, Any]) -> None:
    x, n = tables(k)
    if options.get("ci") == "profile" and k == 5:
        x, n = x[2:6], n[2:6]
    together = pool_counts(x, n, **options)
    by_likelihood = options.get("model", "auto") in ("auto", "binomial")
    assert together.events.tolist() == x.sum(-1).tolist() and together.n.tolist() == n.sum(-1).tolist()
    found = dict(leaves(together))
    for row in range(len(x)):
        alone = pool_counts(x[row], n[row], **options)
        for path, value in leaves(alone):
            if path in OF_THE_BATCH and value is None:
                continue
            if path in (".fit", ".heterogeneity", ".average", ".prediction") and path not in found:
                continue  # None alone; the batch has nan in each of its fields, compared below
            other = row_of(found[path], row)
            where = f"table {row}{path}"
            if isinstance(value, float):
                close = {"rel": DIFFERENCED if ".average" in path else TOGETHER, "abs": 1e-12}
                assert other == (pytest.approx(value, **close) if by_likelihood else value), where
            elif isinstance(value, np.ndarray):
                assert np.array_equal(other, value), where
            elif value is None:
                assert other is None or np.isnan(other), where
            else:
                assert other == value, where
        for part in ("fit", "heterogeneity", "average", "prediction"):
            whole = getattr(together, part)
            if getattr(alone, part) is None and whole is not None:
                absent = [row_of(v, row) for p, v in leaves(whole) if isinstance(v, np.ndarray)]
                assert absent and np.isnan(absent).all(), f"table {row}: {part}"


def test_a_batch_has_one_answer_a_table() -> None:
    x, n = tables(5)
    together = pool_counts(x, n)
    assert together.model == ("bayes",) * 4 + ("binomial",) * 5
    assert len(together.notes) == len(together.method) == 9
    assert all(isinstance(said, tuple) for said in together.notes)
    assert together.proportion.estimate.shape == (9,)
    assert together.studies.low.shape == (9, 5)
    assert notes.everyone(True) in together.notes[0] and notes.everyone(False) in together.notes[1]
    assert notes.SEPARATED in together.notes[2] and notes.NOT_IDENTIFIED in together.notes[3]


def test_a_batch_of_nothing_but_degenerate_tables() -> None:
    x, n = tables(5)
    together = pool_counts(x[:4], n[:4], model="binomial")
    assert together.model == ("bayes",) * 4
    assert together.fit is None and together.heterogeneity is None
    assert np.isfinite(together.proportion.estimate).all()


def test_a_batch_of_one_is_still_a_batch() -> None:
    together = pool_counts([SIX[0]], [SIX[1]])
    assert together.proportion.estimate.shape == (1,)
    assert together.model == ("binomial",)
    assert f"{together.proportion:.1%}" == f"{pool_counts(*SIX).proportion:.1%}"
