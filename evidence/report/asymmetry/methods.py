"""How an analysis of asymmetry explains itself: its methods paragraph, and the same as R code."""

from __future__ import annotations

from collections.abc import Iterator
from math import log
from typing import Any

from evidence.analysis.small_studies import STEP, Asymmetry
from evidence.report.characters import clean
from evidence.report.explaining import ESTIMATORS, METAFOR, printed, r_head
from evidence.report.numbers import brief


def methods(found: Asymmetry) -> str:
    """The methods paragraph of the options used, with its references."""
    return printed(" ".join(_sentences(found))) + "\n"


def _sentences(found: Asymmetry) -> Iterator[str]:
    options, k = found.options, len(found.studies)
    yield (
        f"Whether small studies ({k} in all) reported other proportions than large ones was tested by weighted linear "
        "regression of the proportions on 1 / sqrt(n) with weights n, the standard errors being scaled by the residual "
        "scatter (t distribution): smallness by the number of patients, in the manner of Peters et al. [peters2006], "
        "since the standard error of a proportion depends on the proportion itself and makes funnel plots of "
        "proportions asymmetric without any bias [hunter2014]."
    )
    yield (
        f"On the {options['measure']} scale we also applied the regression test of Egger et al. [egger1997], weighted and as "
        "a mixed model with the estimate of Thompson and Sharp [thompson1999], the rank correlation test of Begg and "
        "Mazumdar [begg1994], and the regression on sample size of Macaskill et al. [macaskill2001]."
    )
    centre = "the common effect" if options["trim"] == "common" else "the random-effects mean"
    side = "" if options["side"] == "auto" else f" on the {options['side']}"
    yield (
        f"The number of studies missing{side} was estimated by trim and fill [duval2000] with the estimator "
        f"{options['estimator']}, trimming around {centre}; observed and filled studies were pooled by random effects, "
        f"with the between-study variance by {ESTIMATORS[options['tau2']]} and Hartung-Knapp intervals [hartung2001], "
        "their variance not below the classic one."
    )
    yield (
        "The Doi plot and its LFK index [furuya2018] are shown for orientation; the index is not a test and was advised "
        "against as one [schwarzer2024]."
    )
    if found.selection is not None:
        yield (
            f"A step-function selection model [vevea1995] with one cut at a one-sided p of {STEP:g}, testing against "
            f"{brief(options['null'])} %, was fitted by maximum likelihood, {options['favoured']} results being favoured; "
            "fail-safe numbers are Rosenthal's [rosenthal1979] and Rosenberg's [rosenberg2005]."
        )
    few = (
        ""
        if k >= 10
        else f" With {k} studies, fewer than the ten asked for, they were computed for orientation only."
    )
    yield f"Tests were judged with the guidance of Sterne et al. [sterne2011].{few}"


# ---- R -------------------------------------------------------------------------------------------


def r_code(found: Asymmetry) -> str:
    """The same analysis in R, by metafor; the leading test and Peters' by base R's lm."""
    options = found.options
    return "\n".join([r_head(packages=("metafor",)), *_r_lines(found, options)]) + "\n"


def _r_lines(found: Asymmetry, options: Any) -> Iterator[str]:
    events, n = found.counts
    yield f"dat <- data.frame(study = {_r_vector([_quoted(row.name) for row in found.studies])},"
    yield f"  xi = {_r_vector([f'{x:.0f}' for x in events])},"
    yield f"  ni = {_r_vector([f'{x:.0f}' for x in n])})"
    half = "0" if options["measure"] in ("arcsine", "double-arcsine") else "1/2"
    yield (
        f'dat <- escalc(measure = "{METAFOR[options["measure"]]}", xi = xi, ni = ni, data = dat, '
        f'add = {half}, to = "only0")'
    )
    yield "tight <- list(threshold = 1e-10, maxiter = 1000)"
    method = "DL" if options["tau2"] == "dl" else "REML"
    yield "# by size: the test that leads"
    yield "summary(lm(xi / ni ~ I(1 / sqrt(ni)), weights = ni, data = dat))"
    yield "# Egger, weighted and mixed; Thompson-Sharp is the mixed model judged by t; Begg"
    yield 'regtest(yi, vi, data = dat, model = "lm", predictor = "sei")'
    yield f'mixed <- rma(yi, vi, mods = ~ sqrt(vi), data = dat, method = "{method}", control = tight)'
    yield "coef(summary(mixed))"
    yield "2 * pt(-abs(mixed$zval[2]), df = nrow(dat) - 2)"
    yield "ranktest(yi, vi, data = dat)"
    yield "# Peters and Macaskill"
    yield "inside <- subset(dat, xi > 0 & xi < ni)"
    yield "summary(lm(yi ~ I(1 / ni), weights = xi * (ni - xi) / ni, data = inside))"
    yield 'regtest(yi, vi, ni = ni, data = dat, model = "lm", predictor = "ni")'
    yield from _r_trim(found, options)
    yield "# LFK index: metasens::lfkindex(dat$yi, sqrt(dat$vi))"
    if options["null"] is not None:
        yield from _r_selection(options)


def _r_trim(found: Asymmetry, options: Any) -> Iterator[str]:
    model = (
        'method = "EE"'
        if options["trim"] == "common"
        else f'method = "{options["tau2"].upper()}", control = tight'
    )
    yield f"# trim and fill, centre by {options['trim']} effects"
    side = found.filled.result.side if found.filled and found.filled.result else "left"
    yield f"tf <- trimfill(rma(yi, vi, data = dat, {model}),"
    yield f'  estimator = "{options["estimator"]}", side = "{side}")'
    yield "tf$k0"
    level = f"{100 * options['level']:.10g}"
    yield (
        f'rma(tf$yi, tf$vi, method = "{options["tau2"].upper()}", test = "adhoc", level = {level}, control = tight)'
        if options["tau2"] in ("reml", "ml", "eb")
        else f'rma(tf$yi, tf$vi, method = "{options["tau2"].upper()}", test = "adhoc", level = {level})'
    )


def _r_selection(options: Any) -> Iterator[str]:
    null = options["null"]
    zero = {
        "logit": f"qlogis({null!r})",
        "arcsine": f"asin(sqrt({null!r}))",
        "double-arcsine": f"transf.pft({null!r}, 1 / mean(1 / dat$ni))",
        "log": repr(log(null)),
        "raw": repr(null),
    }[options["measure"]]
    alternative = "greater" if options["favoured"] == "higher" else "less"
    yield f"# selection model and fail-safe N against {brief(null)} %; the estimate is the distance from it"
    yield f"away <- c(dat$yi) - {zero}"
    yield f'selmodel(rma(away, dat$vi, method = "ML"), type = "stepfun", steps = {STEP!r}, alternative = "{alternative}")'
    yield 'fsn(away, dat$vi, type = "Rosenthal", alpha = 0.05)'
    yield 'fsn(away, dat$vi, type = "Rosenberg", alpha = 0.05)'


def _r_vector(items: list[str]) -> str:
    return f"c({', '.join(items)})"


def _quoted(name: str) -> str:
    """A string that R reads as it is, whatever was in the file."""
    text = clean(name).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
