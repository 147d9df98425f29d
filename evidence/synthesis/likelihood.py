"""The binomial-normal model by maximum likelihood as a `Part`: intervals, average, prediction, tests."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, chdtri, expit

from evidence.synthesis import binomial, notes
from evidence.synthesis.average import average_proportion
from evidence.synthesis.fitting import Options, Part, few_studies_notes, from_q, interval_words
from evidence.synthesis.models import critical, predict
from evidence.synthesis.results import Floats

_VERY_DIFFERENT = 5.0  # tau on the logit scale: studies at 1 % and at 99 % are then ordinary


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
    heterogeneity = from_q(binomial.wald_q(x, n), k, tau2, options.level)
    heterogeneity |= {"lrt": lrt, "lrt_pvalue": np.where(lrt > 0, 0.5 * chdtrc(1, lrt), 1.0)}
    drop = chdtri(1, 1 - options.level) / 2
    part = Part(
        "binomial",
        f"Binomial-normal model (k = {k}; maximum likelihood; {interval_words(ci, df)})",
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
    few_studies_notes(part, k, options)
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
