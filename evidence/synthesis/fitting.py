"""One function a model: counts of B tables in, a `Part` of the result out, everything in arrays of shape (B,).

Where a table has no such value the arrays hold nan; `pooling` turns parts into the `Pooled` that users see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc, chdtri, expit

from evidence.synthesis import bayes, binomial, notes, tipping
from evidence.synthesis.average import average_proportion
from evidence.synthesis.heterogeneity import estimate_tau2, generalised_q, i2_h2, q_profile, q_pvalue
from evidence.synthesis.models import critical, fit_inverse_variance, hksj_se, predict
from evidence.synthesis.proportions import MEASURES, freeman_tukey_spread, harmonic_mean, proportion_interval
from evidence.synthesis.results import Floats

_VERY_DIFFERENT = 5.0  # tau on the logit scale: studies at 1 % and at 99 % are then ordinary
_FT_TOLERANCE = (
    0.1  # of the interval's width: how far double-arcsine back-transforms may part without a warning
)


class Options(NamedTuple):
    """What `pool_counts` was asked for, checked."""

    model: str
    measure: str
    tau2: str
    ci: str | None
    interval: str
    prediction: str
    prior_scale: float
    level: float


@dataclass(slots=True)
class Part:
    """What one model says of B tables of k studies; triples are (estimate, low, high), each row (B,)."""

    model: str
    method: str
    proportion: Floats
    measure: str | None = None
    tau2_estimator: str | None = None
    ci: str | None = None
    df: int | None = None
    average: Floats | None = None
    prediction: Floats | None = None
    fit: Floats | None = None  # estimate, se, low, high
    heterogeneity: dict[str, Floats] | None = None
    tau2_limits: Callable[[], tuple[Floats, Floats]] | None = None
    weights: Floats | None = None
    average_above: Callable[[float], float] | None = None  # of the last table; only a single one passes it on
    notes: list[list[str]] = field(default_factory=list)


def exact(x: Floats, n: Floats, options: Options) -> Part:
    """Clopper-Pearson on the summed counts (one study: on its own)."""
    k = x.shape[-1]
    interval = proportion_interval(x.sum(-1), n.sum(-1), method="exact", level=options.level)
    method = (
        "Exact (Clopper-Pearson) interval of the study's counts"
        if k == 1
        else f"Exact (Clopper-Pearson) interval of the summed counts (k = {k})"
    )
    said = notes.ONE_STUDY if k == 1 else notes.EXACT_SPEAKS_OF
    return Part("exact", method, np.stack([*interval]), notes=[[said] for _ in x])


def inverse_variance(x: Floats, n: Floats, options: Options) -> Part:
    """Common or random effects on the scale `options.measure`."""
    k = x.shape[-1]
    measure = MEASURES[options.measure]
    yi, vi = measure.effects(x, n)
    ci = options.ci or ("wald" if options.model == "common" else "hksj")
    random = options.model == "random"
    estimator = ("ml" if ci == "profile" else options.tau2) if random else None
    tau2 = estimate_tau2(yi, vi, estimator) if estimator else np.zeros(len(x))
    fit = fit_inverse_variance(yi, vi, tau2, ci=ci, level=options.level)
    size = harmonic_mean(n)

    def back(*values: Floats) -> Floats:
        return np.stack([np.asarray(measure.inverse(value, size)) for value in values])

    prediction = None
    if random and k >= 3 and options.prediction != "none":
        classic = np.sqrt(1 / (1 / (vi + tau2[:, None])).sum(-1))
        se = hksj_se(yi, vi, tau2) if options.prediction == "hksj" else classic
        limits = predict(fit.estimate, se, tau2, k, kind=options.prediction, level=options.level)
        prediction = back(fit.estimate, *limits)
    weights = 1 / (vi + tau2[:, None])
    df = k - 1 if ci in ("t", "hksj", "hksj-plain") else None
    name = "Random-effects model" if random else "Common-effect model"
    details = [f"k = {k}", f"{measure.name} scale", *([f"tau² by {estimator.upper()}"] if estimator else [])]
    part = Part(
        options.model,
        f"{name} by inverse variance ({'; '.join([*details, _interval_words(ci, df)])})",
        back(fit.estimate, fit.low, fit.high),
        measure=measure.name,
        tau2_estimator=estimator,
        ci=ci,
        df=df,
        prediction=prediction,
        fit=np.stack([fit.estimate, fit.se, fit.low, fit.high]),
        heterogeneity=_from_q(generalised_q(yi, vi, np.zeros(len(x))), k, tau2, options.level),
        tau2_limits=(lambda: q_profile(yi, vi, options.level)) if random else None,
        weights=weights / weights.sum(-1, keepdims=True),
        notes=[[] for _ in x],
    )
    _inverse_variance_notes(part, x, n, options)
    return part


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
    if part.tau2_estimator == "ml" != options.tau2 and part.ci == "profile":
        for remarks in said:
            remarks.append(notes.profile_needs_ml(options.tau2))
    if part.measure == "double-arcsine":
        _freeman_tukey_notes(part, x, n)
    _few_studies_notes(part, k, options)


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


def _few_studies_notes(part: Part, k: int, options: Options) -> None:
    for table in part.notes:
        if k == 2:
            table.append(notes.TWO_STUDIES)
        if k < 3 and options.prediction != "none":
            table.append(notes.NO_PREDICTION)


def _interval_words(ci: str, df: int | None) -> str:
    names = {
        "wald": "Wald interval",
        "t": "t interval",
        "hksj": "Hartung-Knapp interval, variance not below the classic one",
        "hksj-plain": "Hartung-Knapp interval",
        "profile": "profile likelihood interval",
    }
    return names[ci] if df is None else f"{names[ci]}, {df} df"


def _from_q(q: Floats, k: int, tau2: Floats, level: float) -> dict[str, Floats]:
    i2, i2_low, i2_high, h2 = i2_h2(q, k - 1, level)
    return {
        "tau2": tau2,
        "i2": i2,
        "i2_low": i2_low,
        "i2_high": i2_high,
        "h2": h2,
        "q": q,
        "pvalue": q_pvalue(q, k - 1),
    }


def binomial_normal(x: Floats, n: Floats, options: Options) -> Part:
    """The binomial-normal model by maximum likelihood; every table must have a finite maximum."""
    k = x.shape[-1]
    best = binomial.maximise(x, n)
    ci = options.ci or "t"
    df = k - 1 if ci == "t" else None
    se = best.se
    if ci == "profile":
        low, high = binomial.profile_mu(x, n, best, chdtri(1, 1 - options.level) / 2)
    else:
        half = critical(options.level, df) * se
        low, high = best.mu - half, best.mu + half
    tau2 = best.tau**2
    prediction = None
    if k >= 3 and options.prediction != "none":
        limits = predict(best.mu, se, tau2, k, kind=options.prediction, level=options.level)
        prediction = expit(np.stack([best.mu, *limits]))
    lrt = np.where(best.tau > 0, np.maximum(2 * (best.value - best.common), 0.0), 0.0)
    heterogeneity = _from_q(binomial.wald_q(x, n), k, tau2, options.level)
    heterogeneity |= {"lrt": lrt, "lrt_pvalue": np.where(lrt > 0, 0.5 * chdtrc(1, lrt), 1.0)}
    drop = chdtri(1, 1 - options.level) / 2
    part = Part(
        "binomial",
        f"Binomial-normal model (k = {k}; maximum likelihood; {_interval_words(ci, df)})",
        expit(np.stack([best.mu, low, high])),
        measure="logit",
        tau2_estimator="ml",
        ci=ci,
        df=df,
        average=_average_interval(best, critical(options.level, df)),
        prediction=prediction,
        fit=np.stack([best.mu, se, low, high]),
        heterogeneity=heterogeneity,
        tau2_limits=lambda: binomial.profile_tau2(x, n, best, drop),
        notes=[[] for _ in x],
    )
    for table in np.flatnonzero(best.tau > _VERY_DIFFERENT):
        part.notes[table].append(notes.very_heterogeneous(float(best.tau[table])))
    _few_studies_notes(part, k, options)
    return part


def _average_interval(best: binomial.Maximum, quantile: float) -> Floats:
    """The population average with limits by the delta method on its logit, in (mu, tau)."""
    step = 1e-5
    average = average_proportion(best.mu, best.tau)
    inner = average * (1 - average)
    d_mu, d_tau = (
        (
            average_proportion(best.mu + a, best.tau + b)
            - average_proportion(best.mu - a, np.abs(best.tau - b))
        )
        / (2 * step)
        / inner
        for a, b in ((step, 0.0), (0.0, step))
    )
    at_edge = best.tau == 0  # the average is flat in tau there
    rest = 2 * d_mu * d_tau * best.covariance_mu_tau + d_tau**2 * best.covariance_tau
    variance = d_mu**2 * best.covariance_mu + np.where(at_edge, 0.0, rest)
    half = quantile * np.sqrt(np.maximum(variance, 0.0))
    logit = np.log(average / (1 - average))
    return np.asarray(expit(np.stack([logit, logit - half, logit + half])))


def bayesian(x: Floats, n: Floats, options: Options) -> Part:
    """The binomial-normal model with priors; any table will do."""
    k = x.shape[-1]
    prior = bayes.half_normal(options.prior_scale)
    wants_prediction = k >= 3 and options.prediction != "none"
    rows: list[tuple[Floats, Floats, Floats]] = []
    said: list[list[str]] = []
    missing = np.full(3, np.nan)
    for events, sizes in zip(x, n, strict=True):
        posterior = bayes.posterior(events, sizes, prior)
        average = np.array([*posterior.average(options.level)])
        prediction = np.array([*posterior.prediction(options.level)]) if wants_prediction else missing
        rows.append((np.array([*posterior.proportion(options.level)]), average, prediction))
        said.append(_everyone_notes(events, sizes, average, options.level))
    proportion, average, prediction = (np.stack(column, axis=-1) for column in zip(*rows, strict=True))
    part = Part(
        "bayes",
        f"Bayesian binomial-normal model (k = {k}; {prior.label}; posterior median, equal-tailed credible interval)",
        proportion,
        measure="logit",
        average=average,
        prediction=prediction if wants_prediction else None,
        average_above=posterior.average_above,
        notes=said,
    )
    _few_studies_notes(part, k, options)
    return part


def _everyone_notes(events: Floats, n: Floats, average: Floats, level: float) -> list[str]:
    """Where all or none responded: the range over priors and the tipping curve. Other tables need neither."""
    if 0 < events.sum() < n.sum():
        return []
    none = events.sum() == 0
    tail = (1 + level) / 2 if none else (1 - level) / 2
    others = [
        (prior.label, bayes.posterior(events, n, prior, rough=True).average_quantile(tail))
        for prior in (bayes.half_cauchy(), bayes.vague_normal())
    ]
    limits = tipping.average_limit(n, np.array(tipping.TAUS), level)
    return [
        notes.prior_range(float(average[2 if none else 1]), others, upper=bool(none)),
        notes.tipping(tipping.TAUS, (1 - limits if none else limits).tolist(), upper=bool(none)),
    ]
