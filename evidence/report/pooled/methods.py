"""How a pool explains itself: a methods paragraph written from the options used and what came of them.

It says what was done, not what was hoped for: a model that gave way to another, an interval the data could not support
and a prediction that was not made are told as such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evidence.analysis.results import Analysis
from evidence.report.characters import clean
from evidence.report.explaining import printed
from evidence.report.numbers import known, level, plural
from evidence.report.verbs import said
from evidence.synthesis.counts.likelihood import PREDICTED_BY_POSTERIOR
from evidence.synthesis.results import Pooled

ESTIMATORS: Mapping[str, str] = {
    "reml": "restricted maximum likelihood [viechtbauer2005]",
    "ml": "maximum likelihood [hardy1996]",
    "dl": "DerSimonian and Laird's method [dersimonian1986]",
    "pm": "Paule and Mandel's method [paule1982]",
    "eb": "empirical Bayes [morris1983]",
    "hs": "Hunter and Schmidt's method [hunter1990]",
    "he": "Hedges' method [hedges1985]",
    "sj": "Sidik and Jonkman's method [sidik2005]",
    "hsk": "Hunter and Schmidt's method, corrected for small samples [brannick2019]",
    "dlit": "DerSimonian and Laird's method, repeated until it stayed [dersimonian2007]",
    "sjit": "Sidik and Jonkman's method, repeated until it stayed [sidik2005]",
    "pmm": "the median-unbiased method of Paule and Mandel's kind [viechtbauer2021]",
    "genq": "the moment method for the weights given [dersimonian2007]",
}
INTERVALS: Mapping[str, str] = {
    "wald": "normal quantiles (Wald)",
    "t": "the t distribution with {df} degrees of freedom",
    "hksj": "the method of Hartung, Knapp, Sidik and Jonkman [hartung2001,sidik2002] with {df} degrees of freedom, its "
    "variance not below the classic one [knapp2003,rover2015]",
    "hksj-plain": "the method of Hartung, Knapp, Sidik and Jonkman [hartung2001,sidik2002] with {df} degrees of freedom",
    "hksj-ci": "the method of Hartung, Knapp, Sidik and Jonkman [hartung2001,sidik2002], or normal quantiles where these "
    "made it wider [wiksten2016,jackson2017]",
    "hksj-iqwig6": "the method of Hartung, Knapp, Sidik and Jonkman [hartung2001,sidik2002] with {df} degrees of freedom, "
    "with the classic variance where DerSimonian and Laird's interval was wider [iqwig2020]",
    "kenward-roger": "the method of Kenward and Roger [kenward1997,partlett2017] with {df} degrees of freedom",
    "ivhet": "normal quantiles, the variance allowing for heterogeneity (IVhet) [doi2015]",
    "profile": "profile likelihood [hardy1996]",
    "corrected": "profile likelihood [hardy1996], cut where a normal sample of as many studies has its t interval",
}
PREDICTIONS: Mapping[str, str] = {
    "t": "the t distribution with {one} degrees of freedom [veroniki2019]",
    "hts": "the t distribution with {two} degrees of freedom [higgins2009]",
    "hksj": "the standard error of Hartung and Knapp and {one} degrees of freedom [partlett2017]",
    "hksj-hts": "the standard error of Hartung and Knapp and {two} degrees of freedom [partlett2017]",
    "kenward-roger": "the standard error and degrees of freedom of Kenward and Roger [partlett2017]",
    "kenward-roger-hts": "the standard error of Kenward and Roger and their degrees of freedom less one [partlett2017]",
    "wald": "normal quantiles",
    "posterior": "the posterior of the same model under Beta(1/2, 1/2) on the median proportion and half-normal(1.5) on "
    "the standard deviation of the logits, since an estimate of no variance between studies makes likelihood intervals too short",
    "bootstrap": "parametric bootstrap, in the manner of Nagashima et al. [nagashima2019]",
}
TAU2_INTERVALS: Mapping[str, str] = {
    "q-profile": "by the Q-profile method [viechtbauer2007]",
    "profile": "by profile likelihood [hardy1996]",
    "jackson": "by Jackson's generalised Q [jackson2013]",
    "biggerstaff-jackson": "from the exact distribution of Cochran's Q [biggerstaff2008]",
}
STUDY_INTERVALS: Mapping[str, str] = {
    "exact": "exact (Clopper-Pearson) intervals [clopper1934]",
    "wilson": "Wilson's score intervals [wilson1927]",
    "agresti-coull": "Agresti and Coull's intervals [agresti1998]",
    "jeffreys": "Jeffreys intervals [brown2001]",
    "mid-p": "mid-P intervals [lancaster1961]",
}
SCALES: Mapping[str, str] = {
    "logit": "logit",
    "arcsine": "arcsine square root",
    "double-arcsine": "Freeman-Tukey double arcsine [freeman1950]",
    "log": "log",
    "raw": "untransformed",
}


def methods(analysis: Analysis) -> str:
    """The methods paragraph, with its references."""
    return printed(" ".join(_sentences(analysis))) + "\n"


def _sentences(analysis: Analysis) -> Iterator[str]:
    for _, sentences in parts(analysis):
        yield from sentences


def parts(analysis: Analysis) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The paragraph by what its sentences are about, for who needs it shorter or in another language."""
    pooled = analysis.leading
    yield "rows", tuple(_rows(analysis))
    yield "single", (f"Proportions of single series are given with {STUDY_INTERVALS[pooled.interval]}.",)
    yield "model", tuple(_model(pooled, analysis))
    yield "interval", tuple(_interval(pooled))
    yield "heterogeneity", tuple(_heterogeneity(pooled))
    yield "prediction", tuple(_prediction(pooled, analysis.options.get("prediction")))
    yield "others", tuple(_others(analysis))
    yield "compared", tuple(_compared(analysis))
    yield (
        "software",
        (
            (
                f"All intervals are {level(pooled.level)} % intervals. The analysis was made with evidence {analysis.version} "
                "(Python), whose likelihood and inverse-variance models are checked against R's metafor [viechtbauer2010] "
                "and meta; the code of this analysis in R is to be had with the option --show-r."
            ),
        ),
    )


def _rows(analysis: Analysis) -> Iterator[str]:
    """What was counted, where a review says so."""
    if not analysis.review:
        return
    named = f" (analysis “{clean(analysis.analysis)}”)" if analysis.analysis else ""
    condition = analysis.options.get("where")
    kept = f", of rows with {clean(str(condition))}" if condition else ""
    label, definition = clean(analysis.outcome_label), clean(analysis.definition)
    means = f", {definition}" if definition else ""
    out = len(analysis.excluded)
    reasons = "has its reason" if out == 1 else "have their reasons"
    listed = f"; {plural(out, 'report')} left out {reasons} listed with the result" if out else ""
    yield (
        f"The outcome was {label}{means}. One row a cohort was pooled{named}{kept}, so that no patient counts twice{listed}."
    )


def _model(pooled: Pooled, analysis: Analysis) -> Iterator[str]:
    k, counts = pooled.k, f"{pooled.events} of {pooled.n} patients"
    all_or_none = pooled.events in (0, pooled.n)
    if k == 1 and pooled.model == "exact":
        yield f"There was one study ({counts}), so nothing was pooled."
        return
    if pooled.model == "exact":
        yield f"The counts of the {k} studies ({counts}) were added up, with an exact (Clopper-Pearson) interval of the sum."
        return
    if pooled.model in ("common", "random"):
        yield from _inverse_variance(pooled, analysis)
        return
    if pooled.model == "beta-binomial":
        yield (
            f"The {k} studies ({counts}) were pooled by a beta-binomial model, fitted by maximum likelihood "
            "[griffiths1973]; the estimate is the average proportion over studies."
        )
        return
    if pooled.model == "binomial":
        yield (
            f"The {k} studies ({counts}) were pooled by a binomial-normal model, a logistic regression with a random "
            "intercept for each study, fitted by maximum likelihood with Gauss-Hermite quadrature [stijnen2010]; no "
            "correction is added to counts of 0 or 100 %. The estimate is the proportion of the median study, with the "
            "average over studies beside it."
        )
        return
    yield from _why_bayes(pooled, analysis, all_or_none=all_or_none)
    prior = clean(str(pooled.method)).partition("; ")[2].partition(";")[0]
    yield (
        f"The {k} studies ({counts}) were pooled by a Bayesian binomial-normal model [rover2021] with priors ({prior}), "
        "computed by numerical integration; posterior medians with equal-tailed credible intervals are given, for the "
        "median study and for the average over studies, beside the exact interval of the summed counts [clopper1934]."
    )
    if all_or_none:
        yield (
            "How far that interval leans on its prior is shown by other priors, and without any prior by the exact limit of "
            "the average over studies for given standard deviations of the studies' logits."
        )


def _why_bayes(pooled: Pooled, analysis: Analysis, *, all_or_none: bool) -> Iterator[str]:
    if all_or_none:
        whom = (
            "All patients responded in every study" if pooled.events else "No patient responded in any study"
        )
        yield said(
            analysis,
            f"{whom}, so that no likelihood has a finite maximum and heterogeneity cannot be "
            "estimated: neither a logit-normal model nor inverse variance with its corrections was used.",
        )
    elif pooled.requested == "auto" and pooled.k < 5:
        yield (
            f"As laid down in the software for fewer than five studies ({pooled.k} here), no likelihood interval was used."
        )
    elif pooled.requested != "bayes":
        yield "The likelihood of the binomial-normal model has no finite maximum for these counts."


def _inverse_variance(pooled: Pooled, analysis: Analysis) -> Iterator[str]:
    model = "random-effects" if pooled.model == "random" else "common-effect"
    weights = str(analysis.options.get("weights", "model"))
    weighing = {"model": "inverse-variance weights", "equal": "equal weights"}.get(
        weights, f"weights from the column {clean(weights)}"
    )
    tau2 = ""
    if pooled.tau2_estimator:
        tau2 = f"; the variance between studies was estimated by {ESTIMATORS[pooled.tau2_estimator]}"
    yield (
        f"The {pooled.k} studies ({pooled.events} of {pooled.n} patients) were pooled by a {model} model with {weighing} "
        f"on the {SCALES[str(pooled.measure)]} scale{tau2}."
    )
    edge = int(((pooled.study_events == 0) | (pooled.study_events == pooled.study_n)).sum())
    if edge and pooled.measure in ("logit", "log", "raw"):
        yield f"In {plural(edge, 'study')} without an event or without a non-event 0.5 was added to both counts."
    if pooled.measure == "double-arcsine":
        yield "Results were transformed back with the harmonic mean of the sample sizes [miller1978]."


def _interval(pooled: Pooled) -> Iterator[str]:
    if pooled.ci is None:
        return
    df = f"{pooled.df:.4g}" if known(pooled.df) else ""
    yield f"The interval of the pooled proportion is by {INTERVALS[pooled.ci].format(df=df)}."


def _heterogeneity(pooled: Pooled) -> Iterator[str]:
    found = pooled.heterogeneity
    if found is None:
        return
    parts = []
    if known(found.tau2_low) and found.tau2_ci:
        parts.append(f"the variance between studies with its interval {TAU2_INTERVALS[found.tau2_ci]}")
    if known(found.overdispersion):
        parts.append("the overdispersion with its profile likelihood interval")
    if known(found.i2):
        how = (
            "from that variance and a typical sampling variance"
            if found.i2_kind == "tau2"
            else "from Cochran's Q"
        )
        parts.append(f"I² {how} [higgins2002]")
    tests = [
        "Cochran's Q [cochran1954]"
        if found.q_lrt is None
        else "Wald and likelihood ratio tests of one proportion"
    ]
    if known(found.lrt_pvalue):
        none = "overdispersion" if known(found.overdispersion) else "variance between studies"
        tests.append(f"the likelihood ratio test of no {none}, halved at its edge")
    described = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    yield f"Heterogeneity is described by {described}, and tested by {' and '.join(tests)}."


def _prediction(pooled: Pooled, asked: str | None) -> Iterator[str]:
    if pooled.prediction is None:
        if asked != "none" and pooled.k > 1 and pooled.model not in ("exact", "common"):
            yield "No prediction interval is given: the data do not support one."
        return
    if pooled.model == "bayes":
        yield "The prediction interval for another study is that of the posterior."
    elif pooled.model == "beta-binomial":
        yield (
            "The prediction interval for another study is that of the fitted beta distribution, its mean uncertain by t "
            f"with {pooled.k - 1} degrees of freedom."
        )
    else:
        usual = "posterior" if pooled.model == "binomial" and pooled.k <= PREDICTED_BY_POSTERIOR else "t"
        how = PREDICTIONS[asked or usual].format(one=pooled.k - 1, two=pooled.k - 2)
        yield f"The prediction interval for another study is by {how}."


def _others(analysis: Analysis) -> Iterator[str]:
    """Parts that were pooled by another model than the whole."""
    whole = analysis.leading.model
    other = {
        pool.pool: pool.source.model
        for pool in analysis.pooled[1:]
        if pool.source.k > 1 and pool.source.model != whole
    }
    if other:
        named = "; ".join(f"{clean(name)} by the {model} model" for name, model in other.items())
        yield f"Parts were pooled otherwise, for the same reasons: {named}."


def _compared(analysis: Analysis) -> Iterator[str]:
    if not analysis.comparisons:
        return
    comparison = analysis.comparisons[0].comparison
    interval = (
        "Newcombe's interval [newcombe1998]" if comparison.difference_method == "newcombe" else "an interval"
    )
    name, _, basis = (comparison.test or "").partition(", ")
    test = f" and {name.capitalize()}'s exact test{f', on {basis}' if basis else ''}" if name else ""
    naive = all(contrast.kind in ("naive", "") for contrast in analysis.comparisons)
    unadjusted = "; these comparisons are not randomised and not adjusted" if naive else ""
    yield f"Two proportions are compared by their difference with {interval}{test}{unadjusted}."
