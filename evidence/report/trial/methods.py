"""How trials were compared and pooled: a methods paragraph written from the options used, and the same as R code."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.analysis.trials import TrialPool, TrialRow, Trials
from evidence.report.characters import clean
from evidence.report.compared.methods import DIFFERENCES
from evidence.report.explaining import printed, r_head
from evidence.report.numbers import level, plural
from evidence.synthesis.arms.pooling import PooledArms
from evidence.synthesis.arms.tables import ARM_MEASURES

R_MEASURE = {"odds-ratio": "OR", "risk-ratio": "RR", "risk-difference": "RD", "arcsine-difference": "AS"}
R_TEST = {"wald": "z", "t": "t", "hksj": "adhoc", "hksj-plain": "knha"}
R_ZEROS = {"only-zero": "only0", "if-any": "if0all", "all": "all", "none": "none"}
R_MODEL = {
    "hypergeometric": "CM.EL",
    "conditional-binomial": "CM.AL",
    "fixed-studies": "UM.FS",
    "random-studies": "UM.RS",
}

# ---- methods -------------------------------------------------------------------------------------

_MODELS = {
    "mantel-haenszel": "the Mantel-Haenszel method [mantel1959]",
    "common": "a common-effect model with inverse-variance weights",
    "random": "a random-effects model with inverse-variance weights",
    "peto": "Peto's one-step method [yusuf1985]",
    "sample-size": "weights from the arms' sizes alone [bakbergenuly2020]",
    "hypergeometric": "the hypergeometric-normal model, that is conditional logistic regression with a random treatment "
    "effect and its exact likelihood [vanhouwelingen1993, stijnen2010]",
    "conditional-binomial": "conditional logistic regression with a random treatment effect, its likelihood approximated by "
    "a binomial one [stijnen2010]",
    "fixed-studies": "logistic regression with a parameter for each trial and a random treatment effect [turner2000]",
    "random-studies": "logistic regression with random trial and treatment effects [turner2000]",
}
_VARIANCES = {
    "odds-ratio": "the variance of Robins, Breslow and Greenland [robins1986]",
    "risk-ratio": "the variance of Greenland and Robins [greenland1985]",
    "risk-difference": "the variance of Sato, Greenland and Robins [sato1989]",
}
_ZEROS = {
    "only-zero": "0.5 was added to every cell of trials with an empty one",
    "if-any": "0.5 was added to every cell of all trials because one had an empty cell",
    "all": "0.5 was added to every cell of all trials",
    "treatment-arm": "trials with an empty cell had each arm's share of the patients added to its cells [sweeting2004]",
    "none": "no correction was made for empty cells",
}
_INTERVALS = {
    "wald": "a Wald interval",
    "t": "an interval by Student's t with k - 1 degrees of freedom",
    "hksj": "the Hartung-Knapp interval, its variance not below the classic one [hartung2001]",
    "hksj-plain": "the Hartung-Knapp interval [hartung2001]",
    "profile": "a profile likelihood interval",
}
_TAU2 = {"dl": " [dersimonian1986]", "reml": " [viechtbauer2005]"}


def methods(trials: Trials) -> str:
    """A paragraph for a manuscript, references below it."""
    return printed(" ".join(_sentences(trials))) + "\n"


def _sentences(trials: Trials) -> Iterator[str]:
    options = trials.options
    what = f" for {clean(trials.outcome_label)}" if trials.outcome_label else ""
    yield (
        f"We compared treated and control arms within {plural(len(trials.trials), 'randomised contrast')}{what}: the risk "
        f"difference with {DIFFERENCES[options['difference']]}, the risk ratio with Koopman's score interval [koopman1984] "
        "and the conditional odds ratio with its exact interval [cornfield1956], at a confidence level of "
        f"{level(options['level'])} %; equality was tested by {str(options['test']).capitalize()}'s exact test."
    )
    left = sum(not row.pooled for row in trials.trials)
    if left:
        was = "contrast was" if left == 1 else "contrasts were"
        yield f"{left} {was} not pooled because the patients are in another one or are part of it."
    for pool in trials.pools:
        lead = pool.leading
        if lead is not None:
            yield from _pooled(pool, lead)
    if not trials.pools:
        yield "Nothing was pooled: no two trials with patients of their own report one time."


def _pooled(pool: TrialPool, lead: PooledArms) -> Iterator[str]:
    options = lead.options
    when = f" at {clean(pool.when)}" if pool.when else ""
    how = f" ({_VARIANCES[lead.measure]})" if lead.model == "mantel-haenszel" else ""
    by = f"{_MODELS[lead.model]}{how}, with {_INTERVALS[lead.ci]}"
    yield f"The {ARM_MEASURES[lead.measure]} of {lead.studies} trials{when} was pooled by {by}."
    if lead.tau2_estimator and not options.binomial:
        name = lead.tau2_estimator
        yield f"Between-study variance was estimated by {name.upper()}{_TAU2.get(name, '')}."
    if options.binomial:
        effect = (
            "one effect in all trials"
            if options.effects == "common"
            else "effects normal on the log odds scale"
        )
        yield f"It was fitted by maximum likelihood with adaptive quadrature, {effect}; no correction for empty cells is needed."
    elif lead.model in ("common", "random", "sample-size") or options.corrected:
        yield f"Where cells were empty, the convention was fixed: {_ZEROS[options.zero_cells]}."
    else:
        yield "Empty cells needed no correction."
    if lead.k < lead.studies:
        yield f"{plural(lead.studies - lead.k, 'trial')} without information on the {ARM_MEASURES[lead.measure]} did not count."
    if lead.homogeneity is not None:
        yield "That all trials share one odds ratio was tested after Breslow and Day with Tarone's correction [tarone1985]."


# ---- R -------------------------------------------------------------------------------------------


def r_code(trials: Trials) -> str:
    """The same in R, a block for each time; every default that moved between versions is set."""
    parts = []
    if not trials.pools:
        parts = [r_head(packages=("metafor",)), *_single(trials)]
    for pool in trials.pools:
        lead = pool.leading
        options = lead.options if lead else None
        meta = options is not None and (
            options.model == "sample-size" or options.zero_cells == "treatment-arm"
        )
        if not parts:
            parts.append(r_head(packages=("metafor", *(("meta",) if meta else ()))))
        parts.append(_data([row for row in trials.trials if row.pooled and row.when == pool.when], pool.when))
        if lead is None:
            parts.append("# nothing can be pooled by the model asked for")
        else:
            parts.append("\n".join(_call(lead)))
    return "\n".join(parts) + "\n"


def _single(trials: Trials) -> Iterator[str]:
    for row in trials.trials:
        b, d = row.n - row.events, row.n_control - row.events_control
        yield f"# {_comment(f'{row.name}, {row.when}' if row.when else row.name)}"
        yield f"fisher.test(matrix(c({row.events}, {b}, {row.events_control}, {d}), 2), conf.level = {trials.options['level']:g})"
        if row.comparison.difference_method == "newcombe":
            yield (
                f"# Newcombe's interval of the difference: prop.test's Wilson limits of each arm, joined by his method 10\n"
                f"prop.test({row.events}, {row.n}, conf.level = {trials.options['level']:g}, correct = FALSE)$conf.int\n"
                f"prop.test({row.events_control}, {row.n_control}, conf.level = {trials.options['level']:g}, correct = FALSE)$conf.int"
            )


def _data(rows: list[TrialRow], when: str) -> str:
    columns = {
        "ai": [row.events for row in rows],
        "n1i": [row.n for row in rows],
        "ci": [row.events_control for row in rows],
        "n2i": [row.n_control for row in rows],
    }
    names = ", ".join(_quoted(row.name) for row in rows)
    counts = ",\n  ".join(f"{name} = c({', '.join(map(str, values))})" for name, values in columns.items())
    head = f"# {_comment(when)}\n" if when else ""
    return f"{head}dat <- data.frame(\n  study = c({names}),\n  {counts}\n)"


def _call(lead: PooledArms) -> Iterator[str]:
    options = lead.options
    measure, at = R_MEASURE[lead.measure], f"{100 * options.level:g}"
    counts = "ai = ai, n1i = n1i, ci = ci, n2i = n2i"
    ratio = lead.measure in ("odds-ratio", "risk-ratio")
    drop = "FALSE" if options.double_zeros or not ratio else "TRUE"
    if lead.model == "mantel-haenszel":
        zeros = R_ZEROS.get(options.zero_cells, "only0")
        sums = (
            f'c(1/2, 1/2), to = c("{zeros}", "{zeros}")'
            if options.corrected
            else 'c(1/2, 0), to = c("only0", "none")'
        )
        correct = "TRUE" if options.continuity else "FALSE"
        yield (
            f'res <- rma.mh(measure = "{measure}", {counts}, data = dat,\n'
            f"  add = {sums}, drop00 = {drop}, correct = {correct}, level = {at})"
        )
    elif lead.model == "peto":
        yield (
            f"res <- rma.peto({counts}, data = dat,\n"
            f'  add = c(1/2, 0), to = c("only0", "none"), drop00 = TRUE, level = {at})'
        )
    elif lead.model in R_MODEL:
        kind = "EE" if options.effects == "common" else "ML"
        test = "t" if lead.ci == "t" else "z"
        if lead.ci == "profile":
            yield "# metafor has no profile interval of the effect of this model: its Wald interval instead"
        if lead.model == "hypergeometric":
            yield "# needs BiasedUrn; rma.glmm integrates the exact likelihood as evidence does, lme4's seven nodes are not used"
        if lead.model == "random-studies":
            yield "# lme4 fits this model by Laplace's approximation; evidence by quadrature in two dimensions"
        yield (
            f'res <- rma.glmm(measure = "OR", {counts}, data = dat,\n'
            f'  model = "{R_MODEL[lead.model]}", method = "{kind}", test = "{test}", drop00 = TRUE, level = {at})'
        )
    elif lead.model == "sample-size" or options.zero_cells == "treatment-arm":
        method = "SSW" if lead.model == "sample-size" else "Inverse"
        incr = '"TACC"' if options.zero_cells == "treatment-arm" else "0.5"
        tau = "" if lead.tau2_estimator is None else f', method.tau = "{lead.tau2_estimator.upper()}"'
        name = "ASD" if measure == "AS" else measure
        keep = "TRUE" if options.double_zeros else "FALSE"
        yield (
            f'res <- metabin(ai, n1i, ci, n2i, studlab = study, data = dat, sm = "{name}", method = "{method}",\n'
            f'  incr = {incr}{tau}, method.random.ci = "classic", RR.Cochrane = TRUE,\n'
            f"  allstudies = {keep}, level.ma = {options.level:g})"
        )
    else:
        yield from _inverse_variance(lead, measure, counts, drop, at)
    yield "print(res, digits = 6)"


def _inverse_variance(lead: PooledArms, measure: str, counts: str, drop: str, at: str) -> Iterator[str]:
    options = lead.options
    method = "EE" if lead.model == "common" else (lead.tau2_estimator or "reml").upper()
    test = R_TEST.get(lead.ci, "z")
    zeros = '0, to = "none"' if measure == "AS" else f'1/2, to = "{R_ZEROS[options.zero_cells]}"'
    raw = ", addyi = FALSE" if measure == "RD" else ""  # only the variance is corrected
    yield (
        f'dat <- escalc(measure = "{measure}", {counts}, data = dat,\n  add = {zeros}, drop00 = {drop}{raw})'
    )
    if lead.ci == "profile":
        yield 'res <- rma(yi, vi, data = dat, method = "ML")  # a profile interval of the mean: see rma.mv and confint'
        return
    control = ", control = list(threshold = 1e-11, maxiter = 20000)" if method in ("REML", "ML", "EB") else ""
    yield f'res <- rma(yi, vi, data = dat, method = "{method}", test = "{test}", level = {at}{control})'


def _quoted(name: str) -> str:
    text = clean(name).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _comment(text: str) -> str:
    return clean(text).replace("\n", " ")
