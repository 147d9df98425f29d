"""A pool's numbers worked anew in R, each beside the one expected: inverse variance by metafor, the rest in base R.

Where metafor's answer is its own by a documented stop or default (the nodes of its GLMM, the ends of its double-arcsine,
the steps of its searches), the check uses code written out, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from evidence.analysis.results import Analysis, PoolRow, Result
from evidence.report.export.reproduce_writing import (
    PARTS,
    check,
    check_interval,
    not_computed,
    r_comment,
    r_number,
    r_string,
    r_vector,
)
from evidence.report.pooled.r_code import BACK, Rma, escalc, interval_lines, prediction_lines
from evidence.synthesis.bayesian.posterior import PREDICTING
from evidence.synthesis.counts.likelihood import PREDICTED_BY_POSTERIOR
from evidence.synthesis.fitting import Options
from evidence.synthesis.pooling import WEIGHTS, Plan
from evidence.synthesis.results import Heterogeneity, Pooled

DROP = "qchisq(level, 1) / 2"
CUT = "k / 2 * log1p(qt((1 + level) / 2, k - 1)^2 / (k - 1))"
SEARCH = "threshold = 1e-11, maxiter = 20000, tol = 1e-12"
ROUNDING = 1e-10
"""A likelihood ratio below it is 0."""

LOG_TAU = {
    "half-normal": ("-(tau / {scale})^2 / 2", "9 * {scale}"),
    "half-cauchy": ("-log1p((tau / {scale})^2)", "11000 * {scale}"),
    "exponential": ("-tau / {scale}", "40 * {scale}"),
    "uniform": ("0", "{scale}"),
}
"""Each prior's log density of tau, and how far it reaches."""
LOG_MU = {"jeffreys": "dlogis(mu, log = TRUE) / 2", "uniform": "dlogis(mu, log = TRUE)"}


def pool_lines(pool: PoolRow, rows: Sequence[int], name: str, result: Result) -> Iterator[str]:
    """A pool of the numbered rows of `data`, under a name; `answers` keeps its interval for contrasts."""
    found, options = pool.result, _options(pool, result)
    yield r_comment(f"{name}: {found.method}", "# ---- ")
    yield f"x <- data$events[{r_vector(map(str, rows))}]; n <- data$n[{r_vector(map(str, rows))}]"
    yield f"k <- length(x); level <- {found.level!r}"
    yield from MODELS[found.model](found, options, name)
    yield ""


def _options(pool: PoolRow, result: Result) -> Options:
    """What the pool was made with."""
    if isinstance(pool.source, Plan):
        return pool.source.options
    known: Mapping[str, Any] = result.options
    return Options(**{field: known[field] for field in Options._fields if field in known})


# ---- one proportion --------------------------------------------------------------------------------


def _exact(result: Pooled, options: Options, name: str) -> Iterator[str]:
    yield "fit <- tried({ test <- binom.test(sum(x), sum(n), conf.level = level); c(test$estimate, test$conf.int) })"
    yield f"answers[[{r_string(name)}]] <- fit"
    yield from check_interval(f"{name}: proportion", "fit", result.proportion, "closed")


# ---- inverse variance ------------------------------------------------------------------------------


def _inverse_variance(result: Pooled, options: Options, name: str) -> Iterator[str]:
    measure, ci = str(result.measure), str(result.ci)
    iterated = result.tau2_estimator in ("reml", "ml", "pm", "eb", "dlit", "sjit", "pmm")
    kind = "iterated" if iterated else "closed"
    weights = options.weights if isinstance(options.weights, str) else "given"
    if weights not in WEIGHTS and not isinstance(options.weights, str):
        given = np.broadcast_to(options.weights, result.study_n.shape)
        yield f"w <- {r_vector(map(r_number, given.tolist()))}"
    fit = Rma.of(result, weights)
    yield "fit <- tried({"
    yield f"  {escalc(measure)}"
    if fit.method in ("REML", "ML"):
        start = fit._replace(control=f"control = list({SEARCH}, tau2.init = start)")
        yield f"  res <- best.start(function(start) {start.call()},"
        yield "    dat$yi, dat$vi)"
        fit = fit._replace(control="tau2 = res$tau2")
    else:
        yield f"  res <- {fit.call()}"
    yield "  b <- c(res$b)"
    if ci == "profile":
        yield "  ci <- mean.profile(dat$yi, dat$vi, level); se <- res$se"
    else:
        yield from (f"  {line}" for line in interval_lines(ci, fit))
    if measure == "double-arcsine":
        yield "  back <- function(v) sapply(v, back.from.double.arcsine, n = 1 / mean(1 / n))"
    else:
        yield f"  back <- function(v) {BACK[measure]}"
    yield "  list(res = res, dat = dat, b = b, ci = ci, se = se, proportion = back(c(b, ci)), back = back,"
    if ci == "ivhet":
        yield "    share = (1 / dat$vi) / sum(1 / dat$vi))"
    else:
        yield "    share = weights(res) / 100)"
    yield "})"
    limits = "iterated" if ci == "profile" else kind
    yield f"answers[[{r_string(name)}]] <- tried(fit$proportion)"
    yield from check_interval(f"{name}: proportion", "fit$proportion", result.proportion, limits, kind)
    if result.fit is not None:
        yield from check(f"{name}: estimate on the {measure} scale", "fit$b", result.fit.estimate, kind)
        yield from check(f"{name}: its standard error", "fit$se", result.fit.se, kind)
        yield from check(f"{name}: its lower limit", "fit$ci[1]", result.fit.low, limits)
        yield from check(f"{name}: its upper limit", "fit$ci[2]", result.fit.high, limits)
    if result.prediction is not None:
        yield "new <- tried({"
        yield "  res <- fit$res; dat <- fit$dat; b <- fit$b"
        yield from (f"  {line}" for line in prediction_lines(options.prediction or "t"))
        yield "  fit$back(c(b, new))"
        yield "})"
        yield from check_interval(f"{name}: another study", "new", result.prediction, kind)
    if result.heterogeneity is not None:
        yield from _of_variance(result.heterogeneity, result, options, fit, name, kind)
    if result.weights is not None:
        for place, weight in enumerate(result.weights.tolist(), 1):
            yield from check(f"{name}: weight of study {place}", f"fit$share[{place}]", weight, kind)


def _of_variance(
    het: Heterogeneity, result: Pooled, options: Options, fit: Rma, name: str, kind: str
) -> Iterator[str]:
    yield from check(f"{name}: tau2", "fit$res$tau2", het.tau2, kind)
    yield from check(f"{name}: Q", "fit$res$QE", het.q, "closed")
    yield from check(f"{name}: p of Q", "fit$res$QEp", het.pvalue, "closed")
    if result.model == "random":
        yield from _tau2_limits(het, options, fit, name)
    if het.i2_kind == "Q":
        yield "i2 <- tried(i2.from.q(fit$res$QE, k, level))"
        yield from _i2(het, name, "closed", "i2$i2", "i2$i2.limits", "i2$h2", "i2$h2.limits")
    else:
        yield "i2 <- tried({"
        yield "  wi <- 1 / fit$dat$vi; typical <- (k - 1) * sum(wi) / (sum(wi)^2 - sum(wi^2))"
        yield "  list(limits = limits / (limits + typical)) })"
        yield from _i2(
            het, name, "iterated", "fit$res$I2 / 100", "i2$limits", "fit$res$H2", "(1 / (1 - i2$limits))"
        )
    if het.lrt is not None:
        restricted = "TRUE" if result.tau2_estimator == "reml" else "FALSE"
        yield "lrt <- tried({"
        yield f"  at <- function(tau2) normal.likelihood(fit$dat$yi, fit$dat$vi, NULL, tau2, {restricted})"
        yield "  max(2 * (at(fit$res$tau2) - at(0)), 0) })"
        yield from _likelihood_ratio(het, name)


def _i2(
    het: Heterogeneity, name: str, kind: str, i2: str, i2_limits: str, h2: str, h2_limits: str
) -> Iterator[str]:
    of_q = f" ({'from Q' if het.i2_kind == 'Q' else 'from tau2'})"
    for word, place, limits, found in (
        ("I2", i2, i2_limits, (het.i2, het.i2_low, het.i2_high)),
        ("H2", h2, h2_limits, (het.h2, het.h2_low, het.h2_high)),
    ):
        yield from check(f"{name}: {word}{of_q}", place, found[0], kind)
        yield from check(f"{name}: {word}{of_q}, lower", f"{limits}[1]", found[1], kind)
        yield from check(f"{name}: {word}{of_q}, upper", f"{limits}[2]", found[2], kind)


def _likelihood_ratio(het: Heterogeneity, name: str) -> Iterator[str]:
    """`lrt` holds the statistic; on the edge of tau2 it is half and half a chi-square of none and of one degree."""
    yield from check(f"{name}: likelihood ratio of no heterogeneity", "lrt[[1]]", het.lrt, "iterated")
    if 0 < het.lrt < ROUNDING:
        reason = "the ratio is nothing but rounding, and p leaps there from 1 to a half"
        yield not_computed(f"{name}: its p", reason, het.lrt_pvalue)
        return
    chance = f"if (lrt[[1]] > {ROUNDING}) pchisq(lrt[[1]], 1, lower.tail = FALSE) / 2 else 1"
    yield from check(f"{name}: its p", chance, het.lrt_pvalue, "iterated")


def _tau2_limits(het: Heterogeneity, options: Options, fit: Rma, name: str) -> Iterator[str]:
    kind = str(het.tau2_ci)
    if kind == "q-profile":
        yield "limits <- tried(q.profile(fit$dat$yi, fit$dat$vi, level))"
    elif kind == "profile":
        restricted = "FALSE" if fit.method == "ML" else "TRUE"
        yield f"limits <- tried(tau2.profile(fit$dat$yi, fit$dat$vi, level, {restricted}))"
    else:
        weights = "1 / fit$dat$vi" if kind == "biggerstaff-jackson" else "1 / sqrt(fit$dat$vi)"
        yield f"limits <- tried(fixed.weights.interval(fit$dat$yi, fit$dat$vi, {weights}, level))"
    named = f"{name}: tau2 ({kind})"
    how = "quadrature" if "jackson" in kind else "iterated"
    yield from check(f"{named}, lower", "limits[1]", het.tau2_low, how)
    yield from check(f"{named}, upper", "limits[2]", het.tau2_high, how)
    if kind in ("q-profile", "profile") and fit.method in ("REML", "ML") and het.tau2_high:
        word = "QP" if kind == "q-profile" else "PL"
        most = "control = list(tol = 1e-12, tau2.max = 1e6)"  # where it is 100, and the upper limit beyond it is cut
        yield f'of.metafor <- tried(confint(fit$res, type = "{word}", {most})$random["tau^2", -1])'
        yield from check(f"{named}, lower, by confint", "of.metafor[1]", het.tau2_low, "iterated")
        yield from check(f"{named}, upper, by confint", "of.metafor[2]", het.tau2_high, "iterated")


# ---- binomial-normal -------------------------------------------------------------------------------


def _binomial(result: Pooled, options: Options, name: str) -> Iterator[str]:
    ci = str(result.ci)
    df = {"t": "k - 1", "corrected": "k - 1"}.get(ci, "Inf")
    yield "fit <- tried(binomial.maximum(x, n))"
    yield "ci <- tried({"
    yield "  se <- sqrt(fit$covariance[1, 1])"
    if ci in ("profile", "corrected"):
        yield f"  mu.profile(x, n, fit, {DROP if ci == 'profile' else CUT})"
    else:
        yield f"  fit$mu + c(-1, 1) * qt((1 + level) / 2, {df}) * se"
    yield "})"
    yield from check(f"{name}: proportion", "plogis(fit$mu)", result.proportion.estimate, "iterated")
    yield from check(f"{name}: proportion, lower", "plogis(ci[1])", result.proportion.low, "iterated")
    yield from check(f"{name}: proportion, upper", "plogis(ci[2])", result.proportion.high, "iterated")
    assert result.fit is not None
    yield from check(f"{name}: estimate on the logit scale", "fit$mu", result.fit.estimate, "iterated")
    yield from check(f"{name}: its standard error", "sqrt(fit$covariance[1, 1])", result.fit.se, "iterated")
    yield from check(f"{name}: its lower limit", "ci[1]", result.fit.low, "iterated")
    yield from check(f"{name}: its upper limit", "ci[2]", result.fit.high, "iterated")
    yield "average <- tried({ at <- average.with.error(fit)"
    if ci == "profile":
        yield f"  plogis(c(at[[1]], average.profile(x, n, fit, {DROP}))) }})"
    else:
        yield f"  plogis(at[[1]] + c(0, -1, 1) * qt((1 + level) / 2, {df}) * at[[2]]) }})"
    yield f"answers[[{r_string(name)}]] <- average"
    yield from check_interval(f"{name}: average", "average", result.average, "quadrature", "iterated")
    yield from _another_study(result, options, name)
    if result.heterogeneity is not None:
        yield from _of_likelihood(result.heterogeneity, name)
        yield from check(f"{name}: tau2", "fit$tau^2", result.heterogeneity.tau2, "iterated")
        yield f"limits <- tried(binomial.tau2.profile(x, n, fit, {DROP}))"
        yield from check(
            f"{name}: tau2 (profile), lower", "limits[1]", result.heterogeneity.tau2_low, "iterated"
        )
        yield from check(
            f"{name}: tau2 (profile), upper", "limits[2]", result.heterogeneity.tau2_high, "iterated"
        )
    yield "# the same model by rma.glmm, with 100 nodes in place of lme4's 7; its search stops four digits in"
    yield 'glmm <- tried(at.maximum(rma.glmm(measure = "PLO", xi = x, ni = n, method = "ML", test = "z", nAGQ = 100),'
    yield "  fit, x, n))"
    yield from check(f"{name}: estimate, by rma.glmm", "c(glmm$b)", result.fit.estimate, "lme4")
    if result.heterogeneity is not None:
        yield from check(f"{name}: tau2, by rma.glmm", "glmm$tau2", result.heterogeneity.tau2, "lme4")
        yield from check(
            f"{name}: Q by likelihood ratio, by rma.glmm", "glmm$QE.LRT", result.heterogeneity.q_lrt, "lme4"
        )


def _of_likelihood(het: Heterogeneity, name: str) -> Iterator[str]:
    """The tests of the binomial models, by formula: in R's logistic regressions logits of 0 and of n stay finite."""
    yield "q <- local({ inside <- x > 0 & x < n; y <- qlogis(x[inside] / n[inside]); w <- (x * (n - x) / n)[inside]"
    yield "  sum(w * (y - sum(w * y) / sum(w))^2) })"
    yield "i2 <- tried(i2.from.q(q, k, level))"
    yield from check(f"{name}: Q (Wald)", "q", het.q, "closed")
    yield from check(f"{name}: p of Q", "pchisq(q, k - 1, lower.tail = FALSE)", het.pvalue, "closed")
    yield from _i2(het, name, "closed", "i2$i2", "i2$i2.limits", "i2$h2", "i2$h2.limits")
    yield "q <- 2 * sum(dbinom(x, n, x / n, log = TRUE) - dbinom(x, n, sum(x) / sum(n), log = TRUE))"
    yield from check(f"{name}: Q (likelihood ratio)", "q", het.q_lrt, "closed")
    yield from check(f"{name}: its p", "pchisq(q, k - 1, lower.tail = FALSE)", het.q_lrt_pvalue, "closed")
    yield "lrt <- tried(max(2 * (fit$value - fit$common), 0))"
    yield from _likelihood_ratio(het, name)


def _another_study(result: Pooled, options: Options, name: str) -> Iterator[str]:
    if result.prediction is None:
        return
    kind = options.prediction or ("posterior" if result.k <= PREDICTED_BY_POSTERIOR else "t")
    if kind == "bootstrap":
        for part, value in zip(PARTS, result.prediction, strict=True):
            yield not_computed(
                f"{name}: another study{part}", "by random numbers, of which R draws others", value
            )
    elif kind == "posterior":
        yield r_comment(f"by the posterior under other priors than none: {PREDICTING.label}")
        yield f"made <- tried({_posterior('half-normal', PREDICTING.scale, 'jeffreys')})"
        yield "new <- tried(made$new())"
        yield from check_interval(f"{name}: another study", "new", result.prediction, "posterior")
    else:
        df = {"t": "k - 1", "wald": "Inf"}.get(kind, "k - 2")
        yield "new <- tried(plogis(fit$mu + c(0, -1, 1) *"
        yield f"  qt((1 + level) / 2, {df}) * sqrt(fit$tau^2 + fit$covariance[1, 1])))"
        yield from check_interval(f"{name}: another study", "new", result.prediction, "iterated")


# ---- beta-binomial ---------------------------------------------------------------------------------


def _beta_binomial(result: Pooled, options: Options, name: str) -> Iterator[str]:
    yield "fit <- tried(beta.binomial.maximum(x, n))"
    yield f"profiles <- tried(beta.binomial.profile(x, n, fit, {DROP}))"
    if result.ci == "profile":
        yield "ci <- tried(profiles$mu)"
    else:
        yield f"ci <- tried(fit$mu + c(-1, 1) * qt((1 + level) / 2, {'k - 1' if result.ci == 't' else 'Inf'}) * fit$se)"
    yield "proportion <- tried(plogis(c(fit$mu, ci[1], ci[2])))"
    yield f"answers[[{r_string(name)}]] <- proportion"
    yield from check_interval(
        f"{name}: proportion", "proportion", result.proportion, "quadrature", "iterated"
    )
    assert result.fit is not None
    yield from check(f"{name}: estimate on the logit scale", "fit$mu", result.fit.estimate, "iterated")
    yield from check(f"{name}: its standard error", "fit$se", result.fit.se, "quadrature")
    yield from check(f"{name}: its lower limit", "ci[1]", result.fit.low, "quadrature")
    yield from check(f"{name}: its upper limit", "ci[2]", result.fit.high, "quadrature")
    if result.prediction is not None:
        yield "new <- tried(beta.binomial.new(fit, k - 1, level))"
        yield from check_interval(f"{name}: another study", "new", result.prediction, "quadrature")
    if result.heterogeneity is not None:
        het = result.heterogeneity
        yield from _of_likelihood(het, name)
        yield from check(f"{name}: overdispersion", "fit$rho", het.overdispersion, "iterated")
        yield from check(
            f"{name}: overdispersion, lower", "profiles$rho[1]", het.overdispersion_low, "iterated"
        )
        yield from check(
            f"{name}: overdispersion, upper", "profiles$rho[2]", het.overdispersion_high, "iterated"
        )


# ---- Bayes -----------------------------------------------------------------------------------------


def _posterior(prior: str, scale: float, median: str) -> str:
    log_tau, farthest = (text.format(scale=r_number(scale)) for text in LOG_TAU[prior])
    return f"posterior(x, n, level, function(mu) {LOG_MU[median]},\n  function(tau) {log_tau}, farthest = {farthest})"


def _bayes(result: Pooled, options: Options, name: str) -> Iterator[str]:
    three = (
        ("median proportion", "made$median", result.proportion),
        ("average", "made$average", result.average),
        ("another study", "new", result.prediction),
    )
    if options.prior not in LOG_TAU:
        for what, _, interval in three:
            for part, value in zip(PARTS, interval or (), strict=interval is not None):
                yield not_computed(f"{name}: {what}{part}", "its prior was made in Python", value)
        yield f'answers[[{r_string(name)}]] <- tried(stop("the pool\'s prior was made in Python"))'
    else:
        yield f"made <- tried({_posterior(str(options.prior), options.prior_scale, options.prior_median)})"
        yield f"answers[[{r_string(name)}]] <- tried(made$average)"
        if result.prediction is not None:
            yield "new <- tried(made$new())"
        for what, code, interval in three:
            yield from check_interval(f"{name}: {what}", code, interval, "posterior")
    yield "exact <- tried(binom.test(sum(x), sum(n), conf.level = level)$conf.int)"
    yield from check(f"{name}: summed counts, exact, lower", "exact[1]", result.exact.low, "closed")
    yield from check(f"{name}: summed counts, exact, upper", "exact[2]", result.exact.high, "closed")


MODELS = {
    "exact": _exact,
    "common": _inverse_variance,
    "random": _inverse_variance,
    "binomial": _binomial,
    "beta-binomial": _beta_binomial,
    "bayes": _bayes,
}


# ---- R's meta --------------------------------------------------------------------------------------

SM = {"logit": "PLOGIT", "arcsine": "PAS"}
META_CI = {
    "wald": 'method.random.ci = "classic"',
    "hksj": 'method.random.ci = "HK", adhoc.hakn.ci = "se"',
    "hksj-plain": 'method.random.ci = "HK", adhoc.hakn.ci = ""',
    "hksj-ci": 'method.random.ci = "HK", adhoc.hakn.ci = "ci"',
    "kenward-roger": 'method.random.ci = "KR"',
}


def meta_lines(analysis: Analysis, pools: Sequence[tuple[PoolRow, Sequence[int], str]]) -> Iterator[str]:
    """The pools that R's meta has as well, compared where it is installed."""
    made = [line for pool, rows, name in pools for line in _meta(pool, rows, name, analysis)]
    if not made:
        return
    yield "# ---- R's package meta, where it is installed (argument names of meta 7 and later)"
    yield 'if (requireNamespace("meta", quietly = TRUE)) {'
    yield from (f"  {line}" for line in made)
    yield '} else cat("R\'s package meta is not installed: the pools were not compared with its answers.\\n")'


def _meta(pool: PoolRow, rows: Sequence[int], name: str, analysis: Analysis) -> Iterator[str]:
    result, options = pool.result, _options(pool, analysis)
    fit = result.fit
    weights = options.weights if isinstance(options.weights, str) else "given"
    if fit is None or weights != "model" or result.measure not in SM:
        return
    estimator = str(result.tau2_estimator).upper()
    if (
        result.model == "random"
        and result.ci in META_CI
        and estimator in ("REML", "ML", "DL", "PM", "HS", "HE", "SJ", "EB")
    ):
        how, which = f'method.tau = "{estimator}", {META_CI[str(result.ci)]}', "random"
    elif result.model == "common" and result.ci == "wald":
        how, which = 'method.tau = "DL"', "common"
    else:
        return
    yield f"x <- data$events[{r_vector(map(str, rows), indent=4)}]; n <- data$n[{r_vector(map(str, rows), indent=4)}]"
    yield f'made <- tried(meta::metaprop(x, n, sm = "{SM[str(result.measure)]}", method = "Inverse", incr = 0.5,'
    yield f'  method.incr = "only0", {how}, level.ma = {result.level!r}))'
    yield from check(f"{name}, by meta: estimate", f"made$TE.{which}", fit.estimate, "meta")
    yield from check(f"{name}, by meta: lower limit", f"made$lower.{which}", fit.low, "meta")
    yield from check(f"{name}, by meta: upper limit", f"made$upper.{which}", fit.high, "meta")
