"""How an influence analysis, and one of all subsets, explain themselves: methods paragraph and R code."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.analysis.influencing import Gosh, Influence
from evidence.report.characters import clean
from evidence.report.explaining import ESTIMATORS, METAFOR, printed, r_head

TESTS = {"wald": "z", "t": "t", "hksj": "adhoc", "hksj-plain": "knha", "profile": "z"}


# ---- methods -----------------------------------------------------------------------------------------


def methods(found: Influence | Gosh) -> str:
    """The methods paragraph of the options used, with its references."""
    sentences = _subsets(found) if isinstance(found, Gosh) else _influence(found)
    return printed(" ".join([_pooling(found), *sentences])) + "\n"


def _pooling(found: Influence | Gosh) -> str:
    whole, k = found.leading, len(found.series)
    if whole.model == "binomial":
        return (
            f"The proportions of {k} series were pooled by a binomial-normal model with a random intercept on the logit "
            "scale, fitted by maximum likelihood [stijnen2010]."
        )
    if whole.model == "bayes":
        return (
            f"The proportions of {k} series were pooled by a Bayesian binomial-normal model with weakly informative priors "
            f"[rover2021] ({clean(str(whole.method)).partition('(')[2].removesuffix(')')})."
        )
    if whole.model == "exact":
        return f"The counts of {k} series were summed, with an exact interval [clopper1934]."
    if whole.model == "random":
        estimator = ESTIMATORS[str(whole.tau2_estimator)]
        knapp = " with Hartung-Knapp intervals [hartung2001]" if str(whole.ci).startswith("hksj") else ""
        return (
            f"The proportions of {k} series were pooled by random effects and inverse variance on the {whole.measure} "
            f"scale, the between-series variance estimated by {estimator}{knapp}."
        )
    if whole.model == "common":
        return (
            f"The proportions of {k} series were pooled by a common effect and inverse variance on the {whole.measure} "
            "scale."
        )
    return f"The proportions of {k} series were pooled as follows: {clean(str(whole.method))}."


def _influence(found: Influence) -> Iterator[str]:
    if found.show == "leave-one-out":
        estimated = found.leading.model in ("random", "binomial")
        anew = " and with the between-series variance estimated anew" if estimated else ""
        yield (
            f"The pool was repeated without each series in turn, by the same model{anew} [viechtbauer2010influence]."
        )
        others = sorted(
            {model for model in found.refits.model if model != found.leading.model} if found.refits else ()
        )
        if others:
            yield (
                f"Where the rest could not be pooled by that model ({', '.join(others)} instead), the row says so."
            )
    elif found.show == "cumulative":
        where = f"by {clean(found.order)}" if found.keys else f"in {clean(found.order)}"
        yield f"Series were added one at a time {where}, and pooled again at each step [lau1992]."
        if found.options.get("model") == "auto":
            yield (
                "Each step chose its model as a pool of those series would: an exact interval for one, the Bayesian model "
                "for two to four or where the likelihood has no finite maximum, else maximum likelihood."
            )
    elif found.show == "baujat":
        yield (
            "Each series' contribution to the heterogeneity (its squared Pearson residual) was set against its influence on "
            "the estimate (the squared shift of the estimate without it, in standard errors) [baujat2002]."
        )
    elif found.leading.model == "binomial":
        yield (
            "The influence of each series was judged by the maximum of the likelihood without it: the shift of the mean "
            "logit in standard errors, and the likelihood displacement [viechtbauer2010influence]."
        )
    else:
        yield (
            "Outlying and influential series were sought by externally studentised residuals, DFFITS, Cook's distances, "
            "covariance ratios, hat values and DFBETAS, each from the pool without the series "
            "[viechtbauer2010influence]; cut-offs were those of R's metafor [viechtbauer2010]."
        )


def _subsets(found: Gosh) -> Iterator[str]:
    pools = found.subsets
    which = (
        f"every one of the {len(pools.size)} subsets of the series"
        if pools.complete
        else f"{len(pools.size)} subsets drawn at random (seed {pools.seed})"
    )
    yield f"The same pool was made of {which}, to see whether their estimates form one heap or several [olkin2012]."


# ---- R -----------------------------------------------------------------------------------------------


def r_code(found: Influence | Gosh) -> str:
    """The same analysis in R, by metafor, where it has one."""
    lines = _r_gosh(found) if isinstance(found, Gosh) else _r_influence(found)
    return "\n".join([r_head(packages=("metafor",)), *_r_data(found), *lines]) + "\n"


def _r_data(found: Influence | Gosh) -> Iterator[str]:
    rows = found.series
    names = ", ".join(f'"{_quoted(row.name)}"' for row in rows)
    yield f"dat <- data.frame(study = c({names}),"
    yield f"                  xi = c({', '.join(str(int(row.events)) for row in rows)}),"
    yield f"                  ni = c({', '.join(str(int(row.n)) for row in rows)}))"


def _quoted(name: str) -> str:
    return clean(name).replace("\\", "\\\\").replace('"', '\\"')


def _r_pool(found: Influence | Gosh) -> str:
    whole = found.leading
    method = "EE" if whole.model == "common" else str(whole.tau2_estimator).upper()
    test = TESTS.get(str(whole.ci), "z")
    level = f"{100 * whole.level:g}"
    return (
        f'res <- rma(yi, vi, data = dat, slab = study, method = "{method}", test = "{test}", level = {level},\n'
        "           control = list(threshold = 1e-11, maxiter = 20000, tol = 1e-12))"
    )


def _r_effects(found: Influence | Gosh) -> str:
    measure = str(found.leading.measure)
    add = "add = 0" if measure.endswith("arcsine") else 'add = 1/2, to = "only0"'
    return f'dat <- escalc(measure = "{METAFOR[measure]}", xi = xi, ni = ni, data = dat, {add})'


def _r_influence(found: Influence) -> Iterator[str]:
    model = found.leading.model
    cumulative = found.show == "cumulative"
    if model == "binomial" or (model == "bayes" and cumulative and found.options.get("model") == "auto"):
        yield from _r_binomial(found)
        return
    if model not in ("common", "random"):
        yield f"# metafor has no {model} model of proportions, so there is no such call."
        return
    yield _r_effects(found)
    yield _r_pool(found)
    if found.leading.ci == "profile":
        yield "# metafor has no profile interval of the estimate: the intervals below are Wald's"
    if found.show == "leave-one-out":
        yield "leave1out(res)"
    elif cumulative:
        yield "cumul(res)  # the rows are in the order asked for"
    elif found.show == "baujat":
        yield "print(baujat(res))"
    else:
        if str(found.leading.ci) not in ("wald", "None"):
            yield 'res <- update(res, test = "z")  # the diagnostics here use the classic variance'
        yield "inf <- influence(res)"
        yield "print(inf)"
        yield "rstandard(res)"
        yield "blup(res)"


def _r_binomial(found: Influence) -> Iterator[str]:
    level = f"{100 * found.leading.level:g}"
    cumulative = found.show == "cumulative"
    rows = "seq_len(i)" if cumulative else "-i"
    steps = "seq_len(nrow(dat))[-1]" if cumulative else "seq_len(nrow(dat))"
    test = TESTS.get(str(found.leading.ci or "t"), "t")
    yield "# metafor refits a GLMM (by lme4) one at a time; where the rest has no finite maximum it stops or diverges,"
    yield "# and its likelihood has 7 quadrature nodes"
    yield f"refits <- lapply({steps}, function(i) try(rma.glmm(xi = xi, ni = ni, data = dat[{rows}, ],"
    yield f'  measure = "PLO", method = "ML", test = "{test}", level = {level}, nAGQ = 7), silent = TRUE))'
    yield "t(sapply(refits, function(fit) if (inherits(fit, 'try-error')) rep(NA, 5) else"
    yield "  c(mu = fit$beta[1], se = fit$se, lower = fit$ci.lb, upper = fit$ci.ub, tau2 = fit$tau2)))"
    if found.show == "diagnostics":
        yield "# dfbetas: (mu of all - mu without) / se without"


def _r_gosh(found: Gosh) -> Iterator[str]:
    yield _r_effects(found)
    yield _r_pool(found)
    pools = found.subsets
    number = "" if pools.complete else f", subsets = {len(pools.size)}"
    if not pools.complete:
        yield f"set.seed({pools.seed})  # R draws other subsets"
    yield f"sav <- gosh(res{number}, progbar = FALSE)"
    yield "summary(sav$res)"
