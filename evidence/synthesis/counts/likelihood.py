"""The binomial-normal and beta-binomial models by maximum likelihood as a `Part`: intervals, prediction, tests."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, chdtri, expit

from evidence.synthesis import notes
from evidence.synthesis.bayesian.posterior import predict_new_study
from evidence.synthesis.counts import binomial
from evidence.synthesis.fitting import Options, Part, few_studies_notes, from_q, interval_words
from evidence.synthesis.inverse_variance.heterogeneity import boundary_pvalue
from evidence.synthesis.inverse_variance.models import critical, predict
from evidence.synthesis.results import Floats

FEW_ENOUGH = 30
"""Studies up to which the usual interval is the corrected profile one; for more, t is as narrow and holds as well."""

PREDICTED_BY_POSTERIOR = 200
"""Studies up to which a new one is predicted by the posterior; of more, tau is known well enough for t, which costs nothing."""

_VERY_DIFFERENT = 5.0  # tau on the logit scale: studies at 1 % and at 99 % are then ordinary
_VERY_OVERDISPERSED = 0.8  # the beta is then a bowl: studies are near 0 or near 1


def binomial_normal(x: Floats, n: Floats, options: Options) -> Part:
    """The binomial-normal model by maximum likelihood; every table must have a finite maximum."""
    k = x.shape[-1]
    best = binomial.maximise(x, n)
    ci = options.ci or ("corrected" if k <= FEW_ENOUGH else "t")
    df = k - 1 if ci == "t" else None
    se = best.se
    drop = chdtri(1, 1 - options.level) / 2
    if ci == "profile":
        low, high = binomial.profile_mu(x, n, best, drop)
    elif ci == "corrected":
        from evidence.synthesis.counts.corrected import corrected_limits

        low, high = corrected_limits(x, n, best, options.level)
    else:
        half = critical(options.level, df) * se
        low, high = best.mu - half, best.mu + half
    tau2 = best.tau**2
    if options.prediction is None:
        options = options._replace(prediction="posterior" if k <= PREDICTED_BY_POSTERIOR else "t")
    predicted_later = k >= 3 and options.prediction == "posterior"
    part = Part(
        "binomial",
        f"Binomial-normal model (k = {k}; maximum likelihood; {interval_words(ci, df)}"
        + ("; another study by the posterior, half-normal(1.5) on tau)" if predicted_later else ")"),
        expit(np.stack([best.mu, low, high])),
        measure="logit",
        tau2_estimator="ml",
        ci=ci,
        df=df,
        average=_average(x, n, best, ci, critical(options.level, k - 1 if ci == "corrected" else df), drop),
        prediction=None if predicted_later else _prediction(x, n, best, options),
        prediction_later=(lambda: predict_new_study(x, n, options.level)) if predicted_later else None,
        fit=np.stack([best.mu, se, *(np.where(np.isfinite(end), end, np.nan) for end in (low, high))]),
        heterogeneity=_tests(
            x, n, tau2, np.where(best.tau > 0, best.value, best.common), best.common, options
        ),
        tau2_limits=lambda: binomial.profile_tau2(x, n, best, drop),
        notes=[[] for _ in x],
    )
    for table in np.flatnonzero(best.tau > _VERY_DIFFERENT):
        part.notes[table].append(notes.very_heterogeneous(float(best.tau[table])))
    for table in np.flatnonzero(~(np.isfinite(low) & np.isfinite(high))):
        part.notes[table].append(notes.NO_LIMIT)
    if part.prediction is not None and options.prediction == "bootstrap":
        _bootstrap_notes(part, k)
    few_studies_notes(part, k, options)
    return part


def _average(x: Floats, n: Floats, best: binomial.Maximum, ci: str, quantile: float, drop: float) -> Floats:
    """The population average, with limits of the same kind as the median's; beside corrected limits, t by the delta method."""
    from evidence.synthesis.counts.average_limits import average_and_error, profile_average

    logit, error = average_and_error(best)
    if ci == "profile":
        low, high = profile_average(x, n, best, drop)
    else:
        low, high = logit - quantile * error, logit + quantile * error
    return np.asarray(expit(np.stack([logit, low, high])))


def _prediction(x: Floats, n: Floats, best: binomial.Maximum, options: Options) -> Floats | None:
    k = n.shape[-1]
    if k < 3 or options.prediction in (None, "none", "posterior"):
        return None
    if options.prediction == "bootstrap":
        from evidence.synthesis.counts import bootstrap

        low, high = bootstrap.predict(x, n, best, options.level)
    else:
        low, high = predict(best.mu, best.se, best.tau**2, k, kind=options.prediction, level=options.level)
    return np.asarray(expit(np.stack([best.mu, low, high])))


def _bootstrap_notes(part: Part, k: int) -> None:
    from evidence.synthesis.counts import bootstrap

    said = notes.bootstrap(bootstrap.draws_for(k), len(bootstrap.TAUS), bootstrap.SEED)
    for remarks in part.notes:
        remarks.append(said)


def _tests(
    x: Floats, n: Floats, tau2: Floats, value: Floats, common: Floats, options: Options
) -> dict[str, Floats]:
    """Q by Wald and by likelihood ratio, and the likelihood ratio test of no heterogeneity.

    The last is half and half a chi-square of no and of one degree of freedom: the common proportion lies on the edge.
    """
    k = x.shape[-1]
    lrt = np.maximum(2 * (value - common), 0.0)
    q_lrt = np.maximum(2 * (binomial.saturated_log_likelihood(x, n) - common), 0.0)
    return from_q(binomial.wald_q(x, n), k, tau2, options.level) | {
        "lrt": lrt,
        "lrt_pvalue": boundary_pvalue(lrt),
        "q_lrt": q_lrt,
        "q_lrt_pvalue": np.asarray(chdtrc(k - 1, q_lrt)),
    }


def beta_binomial(x: Floats, n: Floats, options: Options) -> Part:
    """The beta-binomial model by maximum likelihood; every table must have a finite maximum.

    The proportion is the mean of the beta, which is the population average itself. A new study is predicted by the
    fitted beta, the logit of its mean uncertain by t(k - 1), its overdispersion as estimated.
    """
    from evidence.synthesis.counts import betabinomial

    k = x.shape[-1]
    best = betabinomial.maximise(x, n)
    ci = options.ci or "t"
    df = k - 1 if ci == "t" else None
    drop = chdtri(1, 1 - options.level) / 2
    if ci == "profile":
        low, high = betabinomial.profile_mu(x, n, best, drop)
    else:
        half = critical(options.level, df) * best.se
        low, high = best.mu - half, best.mu + half
    prediction = None
    if k >= 3 and options.prediction != "none":
        wanted = np.array([0.5, (1 - options.level) / 2, (1 + options.level) / 2])
        prediction = betabinomial.new_study(best, k - 1, wanted)
    rho_low, rho_high = betabinomial.profile_rho(x, n, best, drop)
    undefined = np.full(len(x), np.nan)
    part = Part(
        "beta-binomial",
        f"Beta-binomial model (k = {k}; maximum likelihood; mean proportion, {interval_words(ci, df)})",
        expit(np.stack([best.mu, low, high])),
        measure="logit",
        ci=ci,
        df=df,
        prediction=prediction,
        fit=np.stack([best.mu, best.se, low, high]),
        heterogeneity=_tests(
            x, n, undefined, np.where(best.rho > 0, best.value, best.common), best.common, options
        )
        | {"overdispersion": best.rho, "overdispersion_low": rho_low, "overdispersion_high": rho_high},
        notes=[[] for _ in x],
    )
    for table in np.flatnonzero(best.rho > _VERY_OVERDISPERSED):
        part.notes[table].append(notes.very_overdispersed(float(best.rho[table])))
    few_studies_notes(part, k, options)
    return part
