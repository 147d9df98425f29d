"""How a regression explains itself: its methods as a paragraph with references, and the same analysis in R."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evidence.analysis.regressing import Regression
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.explaining import METAFOR, printed, r_head

SCALES = {
    "logit": "logit",
    "arcsine": "arcsine",
    "double-arcsine": "Freeman-Tukey double arcsine",
    "log": "log",
    "raw": "raw",
}
R_TESTS = {"wald": "z", "t": "t", "hksj": "adhoc", "hksj-plain": "knha"}
SAME_IN_R = re.compile(r"\b(C|center|scale|poly)\s*\(")
"""Functions that R has not, or means otherwise: then the design matrix itself is written out."""


def methods(regression: Regression) -> str:
    """The methods paragraph, written from the options used."""
    return printed(" ".join(_sentences(regression))) + "\n"


def _sentences(regression: Regression) -> Iterator[str]:
    fit = regression.fit
    covariates = (
        ", ".join(clean(name) for name in (*regression.design.ranges, *regression.design.levels)) or "nothing"
    )
    size = f"{fit.k} studies, {numbers.plural(fit.p, 'coefficient')}"
    on = f"on {covariates} (formula {clean(regression.formula)}; {size})"
    if fit.model == "binomial":
        yield (
            f"Response was regressed {on} with the binomial-normal model, in which each study's logit is normal around "
            "its linear predictor and its count binomial, by maximum likelihood with adaptive Gauss-Hermite "
            "quadrature [stijnen2010]."
        )
    else:
        kind = (
            f"a mixed-effects meta-regression [thompson2002, berkey1995], the variance between studies estimated by "
            f"{str(fit.tau2_estimator).upper()}"
            if fit.model == "random"
            else "a common-effect meta-regression"
        )
        yield (
            f"Proportions on the {SCALES[regression.measure]} scale were regressed {on} with {kind}, weights being "
            "inverse variances"
            + (
                "; 0.5 was added to both counts of a study at 0 or 100 %."
                if regression.measure in ("logit", "log", "raw")
                else "."
            )
        )
    level = numbers.level(fit.level)
    yield {
        "wald": f"Tests and {level} % intervals of coefficients are Wald's.",
        "t": f"Tests and {level} % intervals of coefficients are by t with {fit.df} degrees of freedom.",
        "hksj": f"Tests and {level} % intervals of coefficients follow Knapp and Hartung with {fit.df} degrees of "
        "freedom [knapp2003], their variance never taken below the classic one.",
        "hksj-plain": f"Tests and {level} % intervals of coefficients follow Knapp and Hartung with {fit.df} degrees "
        "of freedom [knapp2003].",
    }[fit.ci]
    if fit.r2 is not None and fit.p > 1:
        yield (
            "R² is the share of the variance between studies that the covariates explain."
            if fit.model != "common"
            else "R² is adjusted for the number of coefficients."
        )
    test = regression.permutation
    if test is not None:
        count = f"all {test.count}" if test.kind == "exact" else f"{test.count} random"
        add = "" if test.kind == "exact" else ", the observed one counted among them [phipson2010]"
        yield f"p-values were checked by permuting the covariates over studies [higgins2004], {count} arrangements{add}."
    if regression.left_out:
        yield f"{numbers.plural(len(regression.left_out), 'study')} without a value of a covariate could not enter."


# ---- R -------------------------------------------------------------------------------------------


def r_code(regression: Regression) -> str:
    """The same regression as R code."""
    return "\n".join([r_head(packages=("metafor",)), "", *_data(regression), "", *_calls(regression)]) + "\n"


def _data(regression: Regression) -> Iterator[str]:
    studies = regression.studies
    yield "dat <- data.frame("
    columns = {
        "study": _texts([clean(row.name) for row in studies]),
        "events": _values([row.events for row in studies]),
        "n": _values([row.n for row in studies]),
    }
    if not _by_matrix(regression):
        for name, values in regression.values.items():
            if name in columns:
                continue
            words = [clean(str(value)) for value in values]
            columns[name] = _texts(words) if name in regression.design.levels else _values(list(values))
    else:
        for place, term in enumerate(regression.terms):
            columns[term] = _values(regression.design.matrix[:, place].tolist())
    lines = [f"  {_r_name(name)} = c({text})" for name, text in columns.items()]
    yield ",\n".join(lines)
    yield ", check.names = FALSE)" if _by_matrix(regression) else ")"


def _calls(regression: Regression) -> Iterator[str]:
    fit = regression.fit
    if _by_matrix(regression):
        terms = ", ".join(f'"{_quoted(term)}"' for term in regression.terms)
        yield f"X <- as.matrix(dat[, c({terms})])  # the design matrix, its intercept included"
        mods = "mods = X, intercept = FALSE"
    else:
        for name in regression.design.levels:
            levels = _texts([clean(level) for level in regression.design.levels[name]])
            yield f"dat${_r_name(name)} <- factor(dat${_r_name(name)}, levels = c({levels}))"
        mods = f"mods = {clean(regression.formula).replace('**', '^')}"
    level = f"level = {100 * fit.level:.6g}"
    counts = "xi = events, ni = n"
    if fit.model == "binomial":
        yield f'res <- rma.glmm(measure = "PLO", {counts}, {mods}, data = dat, method = "ML",'
        yield f'                test = "{R_TESTS[fit.ci]}", nAGQ = 25, {level})'
        yield "# lme4 stops within about 1e-4 of the maximum; this program's quadrature goes on to the end"
    else:
        method = "EE" if fit.model == "common" else str(fit.tau2_estimator).upper()
        measure = METAFOR[regression.measure]
        added = "" if measure in ("PAS", "PFT") else ', add = 1/2, to = "only0"'
        yield f'res <- rma(measure = "{measure}", {counts}, {mods}, data = dat, method = "{method}",'
        yield f'           test = "{R_TESTS[fit.ci]}", {level}{added},'
        yield "           control = list(threshold = 1e-11, maxiter = 20000, tol = 1e-12))"
    yield "print(res, digits = 6)"
    test = regression.permutation
    if test is not None:
        how = "exact = TRUE" if test.kind == "exact" else f"iter = {test.count + 1}"
        yield f"permutest(res, {how})"


def _by_matrix(regression: Regression) -> bool:
    return SAME_IN_R.search(regression.formula) is not None


def _r_name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]*", name) else f"`{clean(name).replace('`', '')}`"


def _quoted(text: str) -> str:
    return clean(text).replace("\\", "\\\\").replace('"', '\\"')


def _texts(values: list[str]) -> str:
    return ", ".join(f'"{_quoted(value)}"' for value in values)


def _values(values: list[float]) -> str:
    return ", ".join(f"{value:.15g}" for value in values)
