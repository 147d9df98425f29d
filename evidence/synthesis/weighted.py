"""Common and random effects by inverse variance as a `Part`, on the measure asked for, with their warnings."""

from __future__ import annotations

import numpy as np

from evidence.synthesis import notes
from evidence.synthesis.fitting import Options, Part, few_studies_notes, from_q, interval_words
from evidence.synthesis.heterogeneity import estimate_tau2, generalised_q, q_profile
from evidence.synthesis.models import fit_inverse_variance, hksj_se, predict
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
        f"{name} by inverse variance ({'; '.join([*details, interval_words(ci, df)])})",
        back(fit.estimate, fit.low, fit.high),
        measure=measure.name,
        tau2_estimator=estimator,
        ci=ci,
        df=df,
        prediction=prediction,
        fit=np.stack([fit.estimate, fit.se, fit.low, fit.high]),
        heterogeneity=from_q(generalised_q(yi, vi, np.zeros(len(x))), k, tau2, options.level),
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
