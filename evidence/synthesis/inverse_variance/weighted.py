"""Common and random effects by inverse variance as a `Part`, on the measure asked for, with their warnings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evidence.synthesis import notes
from evidence.synthesis.fitting import Options, Part, few_studies_notes, from_q, interval_words
from evidence.synthesis.inverse_variance.heterogeneity import (
    boundary_pvalue,
    estimate_tau2,
    generalised_q,
    log_likelihood,
    moment_tau2,
    q_profile,
    typical_variance,
)
from evidence.synthesis.inverse_variance.models import centre, fit_and_df, prediction_limits
from evidence.synthesis.proportions import MEASURES, freeman_tukey_spread, harmonic_mean
from evidence.synthesis.results import Floats

_FT_TOLERANCE = (
    0.1  # of the interval's width: how far double-arcsine back-transforms may part without a warning
)


def inverse_variance(x: Floats, n: Floats, options: Options) -> Part:
    """Common or random effects on the scale `options.measure`."""
    k = x.shape[-1]
    measure = MEASURES[options.measure]
    yi, vi = measure.effects(x, n)
    random = options.model == "random"
    ci = options.ci or ("hksj" if random else "wald")
    own = _own_weights(options.weights, x.shape)
    estimator, tau2 = _tau2(yi, vi, own, ci, options)
    if ci == "ivhet":  # weights of the common effect, variance of random ones
        at = centre(yi, vi, tau2, 1 / vi, options.level)
    else:
        at = centre(yi, vi, tau2, own, options.level)
    fit, df = fit_and_df(at, "wald" if ci == "ivhet" else ci)
    size = harmonic_mean(n)

    def back(*values: Floats) -> Floats:
        return np.stack([np.asarray(measure.inverse(value, size)) for value in values])

    prediction = None
    if random and k >= 3 and options.prediction != "none":
        low, high = prediction_limits(at, options.prediction or "t")
        prediction = back(np.where(np.isnan(low), np.nan, fit.estimate), low, high)
    weights = (1 / vi if ci == "ivhet" else 1 / (vi + tau2[:, None])) if own is None else own
    heterogeneity, limits = _heterogeneity(yi, vi, tau2, estimator if random else None, options)
    part = Part(
        options.model,
        [_method(ci, float(value), estimator, own, k, options) for value in df],
        back(fit.estimate, fit.low, fit.high),
        measure=measure.name,
        tau2_estimator=estimator,
        ci=ci,
        df=df,
        prediction=prediction,
        fit=np.stack([fit.estimate, fit.se, fit.low, fit.high]),
        heterogeneity=heterogeneity,
        i2_kind="tau2" if random and options.i2 == "tau2" else "Q",
        tau2_ci=options.tau2_ci or "q-profile",
        tau2_limits=limits if random else None,
        weights=weights / weights.sum(-1, keepdims=True),
        notes=[[] for _ in x],
    )
    _inverse_variance_notes(part, x, n, options)
    return part


def _own_weights(weights: str | Floats, shape: tuple[int, ...]) -> Floats | None:
    """The user's weights, one for every study; None for those of the model."""
    if isinstance(weights, str):
        return np.ones(shape) if weights == "equal" else None
    return np.broadcast_to(weights, shape)


def _tau2(yi: Floats, vi: Floats, own: Floats | None, ci: str, options: Options) -> tuple[str | None, Floats]:
    """The estimator used, None for a common effect, and its tau2."""
    if options.model == "common" and ci != "ivhet":
        return None, np.zeros(len(yi))
    estimator = "ml" if ci == "profile" else options.tau2
    if estimator == "genq":
        assert own is not None
        return estimator, moment_tau2(yi, vi, own)
    return estimator, estimate_tau2(yi, vi, estimator)


Limits = Callable[[], tuple[Floats, Floats]]


def _heterogeneity(
    yi: Floats, vi: Floats, tau2: Floats, estimator: str | None, options: Options
) -> tuple[dict[str, Floats], Limits]:
    """The fields of `Heterogeneity`, and the interval of tau2, which is computed when it is asked for."""
    k, level = yi.shape[-1], options.level
    found = from_q(generalised_q(yi, vi, np.zeros(len(yi))), k, tau2, level)
    if estimator in ("reml", "ml") and k > 1:
        found |= _likelihood_ratio(yi, vi, tau2, restricted=estimator == "reml")

    def limits() -> tuple[Floats, Floats]:
        return _tau2_limits(yi, vi, tau2, estimator, options)

    if options.i2 != "tau2" or estimator is None or k < 2:
        return found, limits
    low, high = limits()
    typical = typical_variance(vi)
    found |= {
        "i2": tau2 / (tau2 + typical),
        "i2_low": low / (low + typical),
        "i2_high": high / (high + typical),
        "h2": tau2 / typical + 1,
    }
    return found, lambda: (low, high)


def _likelihood_ratio(yi: Floats, vi: Floats, tau2: Floats, *, restricted: bool) -> dict[str, Floats]:
    """The test of tau2 = 0, which lies on the edge: half and half a chi-square of no and of one degree of freedom."""
    here, without = (log_likelihood(yi, vi, at, restricted=restricted) for at in (tau2, np.zeros_like(tau2)))
    lrt = np.where(tau2 > 0, np.maximum(2 * (here - without), 0.0), 0.0)
    return {"lrt": lrt, "lrt_pvalue": boundary_pvalue(lrt)}


def _tau2_limits(
    yi: Floats, vi: Floats, tau2: Floats, estimator: str | None, options: Options
) -> tuple[Floats, Floats]:
    kind = options.tau2_ci or "q-profile"
    if kind == "q-profile":
        return q_profile(yi, vi, options.level)
    from evidence.synthesis.inverse_variance import tau2_intervals

    if kind == "profile":
        return tau2_intervals.profile(yi, vi, tau2, options.level, restricted=estimator != "ml")
    weights = 1 / vi if kind == "biggerstaff-jackson" else 1 / np.sqrt(vi)
    return tau2_intervals.generalised_q_interval(yi, vi, weights, options.level)


def _method(ci: str, df: float, estimator: str | None, own: Floats | None, k: int, options: Options) -> str:
    """The method line of one table."""
    name = "Random-effects model" if options.model == "random" else "Common-effect model"
    details = [f"k = {k}", f"{MEASURES[options.measure].name} scale"]
    if estimator:
        details.append(f"tau² by {estimator.upper()}")
    if own is not None:
        details.append("equal weights" if isinstance(options.weights, str) else "weights as given")
    return f"{name} by inverse variance ({'; '.join([*details, interval_words(ci, df)])})"


def _inverse_variance_notes(part: Part, x: Floats, n: Floats, options: Options) -> None:
    k = x.shape[-1]
    edge = (x == 0) | (x == n)
    said = part.notes
    for table in np.flatnonzero(edge.any(-1)):
        if part.measure in ("logit", "log", "raw"):
            said[table].append(notes.corrected(int(edge[table].sum()), k, not (x[table] > 0).any()))
            if edge[table].all():
                said[table].append(notes.ALL_CORRECTED)
        else:
            said[table].append(notes.edge_without_correction(str(part.measure)))
    assert part.fit is not None
    rounding = 1e-12 * (1 + np.abs(part.fit[0]))  # by which logits of equal proportions may differ
    for table in np.flatnonzero(part.fit[3] - part.fit[2] <= rounding):
        said[table].append(notes.no_spread(str(part.ci)))
    if part.ci == "kenward-roger" and part.df is not None:
        for table in np.flatnonzero(np.asarray(part.df) < 1):
            said[table].append(notes.LESS_THAN_ONE_DEGREE)
    if part.prediction is not None:
        for table in np.flatnonzero(np.isnan(part.prediction[0])):
            said[table].append(notes.NO_DEGREE_OF_FREEDOM)
        narrower = (part.prediction[1] > part.proportion[1] + 1e-9) | (
            part.prediction[2] < part.proportion[2] - 1e-9
        )
        for table in np.flatnonzero(narrower):
            said[table].append(notes.NARROWER_PREDICTION)
    if part.tau2_estimator == "ml" != options.tau2 and part.ci == "profile":
        for remarks in said:
            remarks.append(notes.profile_needs_ml(options.tau2))
    if part.measure == "double-arcsine":
        _freeman_tukey_notes(part, x, n)
    few_studies_notes(part, k, options)


def _freeman_tukey_notes(part: Part, x: Floats, n: Floats) -> None:
    assert part.fit is not None
    at = np.stack(list(freeman_tukey_spread(part.fit[0], n).values()))
    spread = at.max(0) - at.min(0)
    estimate, low, high = part.proportion
    events = x.sum(-1)
    inside = (events > 0) & (events < n.sum(-1))
    for table in range(len(x)):
        if inside[table] and estimate[table] in (0.0, 1.0):
            part.notes[table].append(notes.freeman_tukey_edge(int(events[table])))
        if spread[table] > _FT_TOLERANCE * (high[table] - low[table]) and spread[table] > 1e-6:
            part.notes[table].append(
                notes.freeman_tukey(at[:, table].min(), at[:, table].max(), float(estimate[table]))
            )
