"""The pool of an analysis as R code, the counts inlined: to run beside it, or to hand to a statistician.

metafor where it has the model; what only R's meta has (Kenward and Roger's interval, two of Hartung and Knapp's variants,
IVhet) is written out, so that the code says what is done; the Bayesian posterior is summed over a grid in base R. Every
default that has moved between versions is set, and searches are told to converge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from evidence.analysis.results import WHOLE, Analysis, PoolRow
from evidence.report.characters import clean
from evidence.report.explaining import METAFOR, r_head
from evidence.report.pooled.rows import pool_name
from evidence.synthesis.counts.likelihood import PREDICTED_BY_POSTERIOR
from evidence.synthesis.results import Pooled

BACK = {
    "logit": "transf.ilogit(v)",
    "arcsine": "transf.iarcsin(v)",
    "double-arcsine": "transf.ipft.hm(v, targs = list(ni = n))",
    "log": "pmin(exp(v), 1)",
    "raw": "pmin(pmax(v, 0), 1)",
}
METHODS = {"hsk": "HSk", "dlit": "PM", "sjit": "PM", "eb": "EB", "genq": "GENQ"}
CONVERGE = "control = list(tol = 1e-12)"
TIGHT = "control = list(threshold = 1e-11, maxiter = 20000, tol = 1e-12)"


def r_code(analysis: Analysis) -> str:
    """The pool of all series, and of each group, in R."""
    pools = [pool for pool in analysis.pooled if pool.pool not in WHOLE[1:]]
    packages = (
        ("metafor",) if any(pool.result.model in ("common", "random", "binomial") for pool in pools) else ()
    )
    blocks = ["\n".join(_pool(analysis, pool)) for pool in pools]
    return "\n\n".join([r_head(packages=packages), *blocks]) + "\n"


def _pool(analysis: Analysis, pool: PoolRow) -> Iterator[str]:
    result = pool.result
    rows = [row for row in analysis.studies if row.role != "reference"]
    if pool.pool not in WHOLE:
        rows = [row for row in rows if row.group == pool.pool]
    yield f"# {_comment(pool_name(pool.pool))}: {_comment(str(result.method))}"
    yield f"# {_comment(', '.join(row.name for row in rows))}"
    yield f"x <- {_vector(result.study_events)}"
    yield f"n <- {_vector(result.study_n)}"
    yield f"level <- {result.level!r}"
    weights = str(analysis.options.get("weights", "model"))
    if result.model in ("common", "random") and weights not in ("model", "equal"):
        yield f"w <- c({', '.join(repr(row.given_weight) for row in rows)})"
    if result.model == "exact":
        yield "binom.test(sum(x), sum(n), conf.level = level)  # Clopper-Pearson"
    elif result.model == "bayes":
        yield from _bayes(str(result.method), analysis)
    elif result.model == "beta-binomial":
        yield from _beta_binomial(result)
    elif result.model == "binomial":
        yield from _binomial(result, analysis.options["prediction"])
    else:
        yield from _inverse_variance(result, analysis, weights)


def _comment(text: str) -> str:
    """One line that ends where it should."""
    return " ".join(clean(text).split())


def _vector(values: Iterable[float]) -> str:
    return f"c({', '.join(f'{value:.0f}' for value in values)})"


# ---- inverse variance ----------------------------------------------------------------------------


def _inverse_variance(result: Pooled, analysis: Analysis, weights: str) -> Iterator[str]:
    measure, ci = str(result.measure), str(result.ci)
    yield escalc(measure)
    fit = Rma.of(result, weights)
    if ci == "ivhet":
        yield f"res <- {fit.call()}"
    else:
        yield f"res <- {fit.call()}  # its standard error is the classic one"
        yield "b <- c(res$b); k <- length(x)"
    yield from interval_lines(ci, fit)
    yield f"back <- function(v) {BACK[measure]}"
    yield "print(sapply(c(estimate = b, low = ci[1], high = ci[2]), back), digits = 8)"
    if result.prediction is not None:
        yield from prediction_lines(analysis.options["prediction"] or "t")
        yield "print(sapply(c(low = new[1], high = new[2]), back), digits = 8)  # another study"
    if result.model == "random":
        yield from _tau2_interval(str(result.heterogeneity and result.heterogeneity.tau2_ci), fit)


def escalc(measure: str) -> str:
    """The studies' effects as `dat`, by `escalc`."""
    corrected = measure in ("logit", "log", "raw")
    how = 'add = 1/2, to = "only0"' if corrected else 'add = 0, to = "none"'
    return f'dat <- escalc(measure = "{METAFOR[measure]}", xi = x, ni = n, {how})'


class Rma(NamedTuple):
    """How metafor's `rma` is called for a pool: its method, its weights, and what else is set."""

    method: str
    weights: str = ""
    control: str = TIGHT

    @classmethod
    def of(cls, result: Pooled, weights: str) -> Rma:
        """`weights` is model, equal, or anything else for those in `w`."""
        estimator = result.tau2_estimator
        method = "EE" if estimator is None else METHODS.get(estimator, estimator.upper())
        equal = ", weights = rep(1, length(x))" if method == "GENQ" else ", weighted = FALSE"
        return cls(method, {"model": "", "equal": equal}.get(weights, ", weights = w"))

    def call(self, test: str = "z") -> str:
        return (
            f'rma(yi, vi, data = dat, method = "{self.method}", test = "{test}", level = 100 * level{self.weights}, '
            f"{self.control})"
        )


def interval_lines(ci: str, fit: Rma) -> Iterator[str]:
    """The interval of the mean as `ci`, and what half its width is a multiple of as `se`, from `res`, `b` and `k`."""
    test = {"wald": "z", "t": "t", "hksj-plain": "knha", "hksj": "adhoc"}.get(ci)
    if test:
        if test != "z":
            yield f"res.ci <- {fit.call(test)}"
        name = "res" if test == "z" else "res.ci"
        yield f"ci <- c({name}$ci.lb, {name}$ci.ub); se <- {name}$se"
        return
    if ci == "ivhet":
        yield "p <- (1 / dat$vi) / sum(1 / dat$vi)  # common-effect weights, random-effects variance (meta: IVhet)"
        yield "b <- sum(p * dat$yi); se <- sqrt(sum(p^2 * (dat$vi + res$tau2)))"
        yield "ci <- b + c(-1, 1) * qnorm((1 + level) / 2) * se"
        return
    if ci == "profile":
        yield "# the profile likelihood interval of the mean, by base R"
        yield "ll <- function(m) optimize(function(t) sum(dnorm(dat$yi, m, sqrt(dat$vi + t), log = TRUE)),"
        yield "  c(0, 100), maximum = TRUE, tol = 1e-10)$objective"
        yield "drop <- function(m) ll(b) - ll(m) - qchisq(level, 1) / 2"
        yield "ci <- c(uniroot(drop, b - c(20, 0) * res$se, tol = 1e-9)$root,"
        yield "  uniroot(drop, b + c(0, 20) * res$se, tol = 1e-9)$root)"
        return
    if ci == "kenward-roger":
        yield from _kenward_roger()
        yield "ci <- b + c(-1, 1) * qt((1 + level) / 2, df.kr) * se.kr; se <- se.kr"
        return
    yield f"hk <- {fit.call('knha')}"
    if ci == "hksj-ci":
        yield '# meta: adhoc.hakn.ci = "ci"'
        yield "narrow <- diff(c(hk$ci.lb, hk$ci.ub)) < diff(c(res$ci.lb, res$ci.ub))"
        yield "ci <- if (narrow) c(res$ci.lb, res$ci.ub) else c(hk$ci.lb, hk$ci.ub)"
        yield "se <- if (narrow) res$se else hk$se"
        return
    yield '# meta: adhoc.hakn.ci = "IQWiG6"'
    yield 'dl <- rma(yi, vi, data = dat, method = "DL", test = "z", level = 100 * level)'
    yield "narrow <- diff(c(hk$ci.lb, hk$ci.ub)) < diff(c(dl$ci.lb, dl$ci.ub))"
    yield "se <- if (narrow) res$se else hk$se"
    yield "ci <- b + c(-1, 1) * qt((1 + level) / 2, k - 1) * se"


def _kenward_roger() -> Iterator[str]:
    yield '# Kenward and Roger (meta: method.random.ci = "KR")'
    yield "wi <- 1 / (dat$vi + res$tau2); s <- sapply(1:3, function(p) sum(wi^p))"
    yield "info <- s[2] / 2 - s[3] / s[1] + (s[2] / s[1])^2 / 2"
    yield "var.kr <- (1 + 2 * (s[3] / s[1] - (s[2] / s[1])^2) / info) / s[1]"
    yield "se.kr <- sqrt(var.kr); df.kr <- 2 * info / (var.kr * s[2])^2"


def prediction_lines(kind: str) -> Iterator[str]:
    """The prediction interval of the mean as `new`, on the model scale."""
    if kind.startswith("kenward-roger"):
        yield from _kenward_roger()
        se, df = "se.kr", "df.kr - 1" if kind.endswith("-hts") else "df.kr"
    else:
        # of weights of one's own as well: the scale is that of inverse-variance weights
        if kind.startswith("hksj"):
            yield "wi <- 1 / (dat$vi + res$tau2)"
            yield "se.hk <- res$se * sqrt(sum(wi * (dat$yi - sum(wi * dat$yi) / sum(wi))^2) / (k - 1))"
        se = "se.hk" if kind.startswith("hksj") else "res$se"
        df = {"t": "k - 1", "hksj": "k - 1", "wald": "Inf"}.get(kind, "k - 2")
    yield f"new <- b + c(-1, 1) * qt((1 + level) / 2, {df}) * sqrt(res$tau2 + {se}^2)"


def _tau2_interval(kind: str, fit: Rma) -> Iterator[str]:
    if kind == "q-profile":
        name = "res"
        if fit.method == "GENQ":
            yield f'reml <- rma(yi, vi, data = dat, method = "REML", level = 100 * level, {TIGHT})'
            name = "reml"
        yield f'print(confint({name}, type = "QP", {CONVERGE}), digits = 8)  # tau^2; its I^2 and H^2 are made from tau^2'
    elif kind == "profile":
        yield f'print(confint(res, type = "PL", {CONVERGE}), digits = 8)'
    else:
        weights = "1 / vi" if kind == "biggerstaff-jackson" else "1 / sqrt(vi)"
        plain = 'test = "z"'
        yield "# needs the package CompQuadForm; R's search stops at steps of 1e-4"
        yield f'genq <- rma(yi, vi, data = dat, method = "GENQ", weights = {weights}, {plain}, level = 100 * level)'
        yield "print(confint(genq), digits = 8)"


# ---- likelihood ----------------------------------------------------------------------------------


def _binomial(result: Pooled, prediction: str | None) -> Iterator[str]:
    yield 'res <- rma.glmm(measure = "PLO", xi = x, ni = n, method = "ML", test = "z", level = 100 * level, nAGQ = 100)'
    yield "b <- c(res$b); k <- length(x)"
    if result.ci in ("profile", "corrected"):
        yield "# the profile likelihood interval is not in metafor: reproduce.R of evidence export has it; this is its estimate"
        yield "print(c(estimate = transf.ilogit(b)), digits = 8)"
    else:
        df = "k - 1" if result.ci == "t" else "Inf"
        yield f"ci <- b + c(-1, 1) * qt((1 + level) / 2, {df}) * res$se"
        yield "print(transf.ilogit(c(estimate = b, low = ci[1], high = ci[2])), digits = 8)  # of the median study"
    yield "average <- integrate(function(z) plogis(b + sqrt(res$tau2) * z) * dnorm(z), -Inf, Inf, rel.tol = 1e-10)$value"
    yield "print(c(average = average, tau2 = res$tau2, Q.Wald = res$QE.Wld, Q.LRT = res$QE.LRT), digits = 8)"
    if prediction is None:
        prediction = "posterior" if result.k <= PREDICTED_BY_POSTERIOR else "t"
    if prediction == "posterior" and result.prediction is not None:
        yield "# another study is predicted by a posterior, which metafor does not have: reproduce.R of evidence export has it"
    elif result.prediction is not None and prediction != "bootstrap":
        df = {"t": "k - 1", "wald": "Inf"}.get(prediction, "k - 2")
        yield f"new <- b + c(-1, 1) * qt((1 + level) / 2, {df}) * sqrt(res$tau2 + res$se^2)"
        yield "print(transf.ilogit(c(low = new[1], high = new[2])), digits = 8)  # another study"


def _beta_binomial(result: Pooled) -> Iterator[str]:
    yield "# by base R: logit of the mean, logit of the overdispersion 1 / (a + b + 1)"
    yield "nll <- function(th) { m <- plogis(th[1]); s <- exp(-th[2])"
    yield "  -sum(lchoose(n, x) + lbeta(x + m * s, n - x + (1 - m) * s) - lbeta(m * s, (1 - m) * s)) }"
    yield 'fit <- optim(c(qlogis(sum(x) / sum(n)), -2), nll, method = "BFGS", hessian = TRUE,'
    yield "  control = list(reltol = 1e-14, maxit = 1000))"
    if result.ci == "profile":
        yield "drop <- function(m) optimize(function(r) nll(c(m, r)), c(-20, 10), tol = 1e-10)$objective -"
        yield "  fit$value - qchisq(level, 1) / 2"
        yield "ci <- c(uniroot(drop, fit$par[1] - c(20, 0), tol = 1e-9)$root,"
        yield "  uniroot(drop, fit$par[1] + c(0, 20), tol = 1e-9)$root)"
    else:
        df = "length(x) - 1" if result.ci == "t" else "Inf"
        yield "se <- sqrt(solve(fit$hessian)[1, 1])"
        yield f"ci <- fit$par[1] + c(-1, 1) * qt((1 + level) / 2, {df}) * se"
    yield "print(plogis(c(estimate = fit$par[1], low = ci[1], high = ci[2])), digits = 8)"
    yield "print(c(overdispersion = 1 / (1 + exp(-fit$par[2]))), digits = 8)"


# ---- Bayes ---------------------------------------------------------------------------------------

DENSITIES = {
    "half-normal": "dnorm(tau, 0, scale)",
    "half-cauchy": "dcauchy(tau, 0, scale)",
    "exponential": "dexp(tau, 1 / scale)",
    "uniform": "dunif(tau, 0, scale)",
}


def _bayes(method: str, analysis: Analysis) -> Iterator[str]:
    prior = str(analysis.options.get("prior", "half-normal"))
    if prior not in DENSITIES:
        yield f"# the prior was given in Python ({_comment(prior)}): no code can be written for it"
        return
    yield "# the posterior on a grid, by base R: good to about three digits"
    yield f"scale <- {float(analysis.options['prior_scale'])!r}"
    farthest = {"uniform": 1, "half-normal": 5, "exponential": 15, "half-cauchy": 60}[prior]
    yield "z <- seq(-6, 6, 0.1); wz <- dnorm(z) / sum(dnorm(z))  # the studies' deviations"
    yield f"mu <- seq(-25, 25, 0.05); tau <- ((1:80) - 0.5) / 80; tau <- scale * {farthest} * tau^2"
    yield f"wt <- {DENSITIES[prior]} * sqrt(tau)  # the grid is finer near 0"
    density = "dlogis(mu)" if analysis.options.get("prior_median") == "uniform" else "sqrt(dlogis(mu))"
    yield "at <- function(t) { p <- plogis(outer(mu, t * z, `+`)); lik <- " + density
    yield "  for (i in seq_along(x)) lik <- lik * c(matrix(dbinom(x[i], n[i], p), length(mu)) %*% wz)"
    yield "  list(lik, c(p %*% wz)) }"
    yield "cells <- lapply(tau, at)"
    yield "post <- unlist(Map(function(cell, w) cell[[1]] * w, cells, wt)); post <- post / sum(post)"
    yield "tails <- c(estimate = 0.5, low = (1 - level) / 2, high = (1 + level) / 2)"
    yield "quant <- function(v, p) { o <- order(v); m <- cumsum(p[o]) - p[o] / 2"
    yield "  setNames(approx(m, v[o], tails, ties = mean)$y, names(tails)) }"
    yield "print(plogis(quant(mu, rowSums(matrix(post, length(mu))))), digits = 4)  # the median study"
    yield "print(quant(unlist(lapply(cells, `[[`, 2)), post), digits = 4)  # the average over studies"
    yield "binom.test(sum(x), sum(n), conf.level = level)$conf.int  # exact, of the summed counts"
