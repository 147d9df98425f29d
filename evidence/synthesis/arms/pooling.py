"""compare_arms(), pool_arms(): treated against control arms, study by study and pooled, by whichever model.

    mantel-haenszel, peto                  a common effect from sums over studies; empty cells need no correction
    common, random                         inverse variance, with the house's estimators of tau2 and intervals
    sample-size                            weights n1 n2 / N, which do not depend on the events (Bakbergenuly, Hoaglin &
                                           Kulinskaya 2020, Res Synth Methods 11:426-442)
    hypergeometric, conditional-binomial,  binomial models with a random treatment effect, see `two_arm_binomial`
    fixed-studies, random-studies

A study is one randomised contrast. Arms are never added over studies: that would compare patients who were not randomised
against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, ndtr, stdtr

from evidence.errors import NotPossible, OptionError
from evidence.synthesis import notes
from evidence.synthesis.arms import binomial as two_arm_binomial
from evidence.synthesis.arms.mantel_haenszel import (
    VARIANCES,
    Association,
    association_test,
    homogeneity_test,
    mantel_haenszel,
    mantel_haenszel_weights,
)
from evidence.synthesis.arms.peto import peto_effects, strained
from evidence.synthesis.arms.tables import (
    ARM_MEASURES,
    RATIOS,
    ZERO_CELLS,
    Arms,
    Bools,
    Convention,
    Effects,
    additions,
    arm_effects,
    as_arms,
    natural,
    uninformative,
)
from evidence.synthesis.comparison import compare_proportions
from evidence.synthesis.fitting import from_q, interval_words
from evidence.synthesis.inverse_variance.heterogeneity import (
    TAU2_ESTIMATORS,
    estimate_tau2,
    generalised_q,
    q_profile,
)
from evidence.synthesis.inverse_variance.models import critical, fit_inverse_variance, predict
from evidence.synthesis.proportions import check_level
from evidence.synthesis.results import Comparison, Fit, Floats, Heterogeneity, Interval

ARM_MODELS: Mapping[str, str] = {
    "mantel-haenszel": "Mantel-Haenszel",
    "common": "Common effect by inverse variance",
    "random": "Random effects by inverse variance",
    "peto": "Peto's one-step method",
    "sample-size": "Sample-size weights",
    "hypergeometric": "Hypergeometric-normal model",
    "conditional-binomial": "Conditional binomial-normal model",
    "fixed-studies": "Binomial-normal model, fixed study effects",
    "random-studies": "Binomial-normal model, random study effects",
}
"""Word for the option -> what it is called in a sentence."""

ARM_INTERVALS: Mapping[str, tuple[str, ...]] = {
    "mantel-haenszel": ("wald",),
    "common": ("wald", "t", "hksj", "hksj-plain"),
    "random": ("hksj", "wald", "t", "hksj-plain", "profile"),
    "peto": ("wald",),
    "sample-size": ("wald",),
    **dict.fromkeys(two_arm_binomial.BINOMIAL_MODELS, ("t", "wald", "profile")),
}
"""The intervals of each model, its default first."""

ARM_PREDICTIONS = ("t", "hts", "wald", "none")
EFFECTS = ("random", "common")


class ArmOptions(NamedTuple):
    """What `pool_arms` was asked for; the words are explained there."""

    measure: str = "odds-ratio"
    model: str = "mantel-haenszel"
    tau2: str = "reml"
    ci: str | None = None
    prediction: str = "t"
    effects: str = "random"
    zero_cells: str = "only-zero"
    double_zeros: bool = False
    corrected: bool = False
    corrected_difference: bool = False
    half_totals: bool = False
    variance: str = "sato"
    continuity: bool = True
    level: float = 0.95

    @property
    def convention(self) -> Convention:
        return Convention(self.zero_cells, self.double_zeros, self.corrected_difference, self.half_totals)

    @property
    def binomial(self) -> bool:
        return self.model in two_arm_binomial.BINOMIAL_MODELS

    @property
    def random(self) -> bool:
        """Whether studies may differ in their effects."""
        return self.model in ("random", "sample-size") or (self.binomial and self.effects == "random")


@dataclass(frozen=True)
class PooledArms:
    """What trials say together of treated against control, and how it was reached.

    k, studies      studies that carry the effect, and studies given; `used`, of shape (studies,), says which
    measure, model  as they were asked for: the words of `pool_arms`
    tau2_estimator  how tau2 was estimated; None where the model assumes there is none
    ci, df          how the interval was made, and the degrees of freedom of its quantile; None for the normal one's
    level           of every interval, 0 to 1
    effect          on the scale people read: ratios as ratios, differences as fractions
    fit             the same on the model scale: logs of ratios, the differences themselves
    pvalue          two-sided, of no effect
    prediction      where the effect of a new study may lie; None where the model has none
    heterogeneity   tau2, Q, I2 on the model scale; None where the model has none
    association     whether treatment and response go together at all; None where the model has no such test
    homogeneity     whether the odds ratio is the same in all studies; None likewise
    weights         shares of the studies, of shape (studies,), 0 for those that carry nothing; None without weights
    effects         each study's own effect and variance on the model scale, and whether it was corrected
    notes           what the counts could not support, in words
    method          model, k and options in a line
    options         everything that was asked for
    maximum         of the likelihood, for binomial models; else None
    """

    k: int
    studies: int
    measure: str
    model: str
    tau2_estimator: str | None
    ci: str
    df: int | None
    level: float
    effect: Interval
    fit: Fit
    pvalue: float
    prediction: Interval | None
    heterogeneity: Heterogeneity | None
    association: Association | None
    homogeneity: Association | None
    weights: Floats | None
    effects: Effects
    used: Bools
    notes: tuple[str, ...]
    method: str
    options: ArmOptions
    maximum: two_arm_binomial.Maximum | None = field(default=None, repr=False)


def compare_arms(
    ai: npt.ArrayLike,
    n1i: npt.ArrayLike,
    ci: npt.ArrayLike,
    n2i: npt.ArrayLike,
    *,
    test: str = "fisher",
    difference: str = "newcombe",
    level: float = 0.95,
) -> tuple[Comparison, ...]:
    """Each study by itself: risk difference, risk ratio and odds ratio with intervals that hold for small counts.

    ai, n1i     events and patients of the treated arms, arrays of shape (k,)
    ci, n2i     those of the control arms, in the same order
    test        fisher, boschloo or barnard
    difference  newcombe or miettinen-nurminen
    level       of every interval, 0 to 1

    One `Comparison` a study, in their order; treated minus and over control. The methods are those of
    `compare_proportions` (score intervals, the exact conditional odds ratio, one test): none needs a correction for empty
    cells.

    Raises InputError for counts that are not counts or not of one shape, OptionError for an option outside these,
    NotPossible for boschloo and barnard of a study with more than 2000 patients.
    """
    arms = as_arms(ai, n1i, ci, n2i)
    return tuple(
        compare_proportions(*map(float, counts), test=test, difference=difference, level=level)
        for counts in zip(*arms, strict=True)
    )


def pool_arms(
    ai: npt.ArrayLike,
    n1i: npt.ArrayLike,
    ci: npt.ArrayLike,
    n2i: npt.ArrayLike,
    *,
    measure: str = "odds-ratio",
    model: str = "mantel-haenszel",
    tau2: str = "reml",
    ci_method: str | None = None,
    prediction: str = "t",
    effects: str = "random",
    zero_cells: str = "only-zero",
    double_zeros: bool = False,
    corrected: bool = False,
    corrected_difference: bool = False,
    half_totals: bool = False,
    variance: str = "sato",
    continuity: bool = True,
    level: float = 0.95,
) -> PooledArms:
    """Pool k studies with `ai` events of `n1i` treated patients and `ci` events of `n2i` controls.

    measure       odds-ratio, risk-ratio, risk-difference, arcsine-difference (inverse variance only)
    model         see the head of this module
    tau2          reml, pm, dl, ml, eb, hs, he, sj (random and sample-size)
    ci_method     wald, t, hksj, hksj-plain, profile; by default hksj for random, t for binomial models, else wald
    prediction    t (k - 1 df), hts (k - 2 df), wald, none
    effects       of the binomial models: random, or common for one effect in all studies
    zero_cells    only-zero, if-any, all, treatment-arm, none: see `two_arms`
    double_zeros  keep studies without any event (or non-event) in a ratio by inverse variance
    corrected     also enlarge the counts for the Mantel-Haenszel sums, as R's metabin does by default
    corrected_difference, half_totals, variance   where R's packages part, see `two_arms`, `mantel_haenszel`
    continuity    correct the Mantel-Haenszel test by 0.5
    level         of every interval, 0 to 1

    Raises OptionError, InputError; NotPossible where these counts support no finite effect, with the reason.
    """
    options = ArmOptions(
        measure, model, tau2, ci_method, prediction, effects, zero_cells, double_zeros, corrected,
        corrected_difference, half_totals, variance, continuity, level,
    )  # fmt: skip
    return pool_with(as_arms(ai, n1i, ci, n2i), options)


def check_arm_options(options: ArmOptions) -> None:
    """Raise OptionError for what is no option, or not one of the model's."""
    for name, allowed in (
        ("measure", tuple(ARM_MEASURES)),
        ("model", tuple(ARM_MODELS)),
        ("tau2", tuple(TAU2_ESTIMATORS)),
        ("prediction", ARM_PREDICTIONS),
        ("effects", EFFECTS),
        ("zero_cells", ZERO_CELLS),
        ("variance", VARIANCES),
    ):
        if getattr(options, name) not in allowed:
            raise OptionError(name, getattr(options, name), allowed)
    check_level(options.level)
    model, measure = options.model, options.measure
    if options.ci is not None and options.ci not in ARM_INTERVALS[model]:
        raise OptionError(f"ci of the {model} model", options.ci, ARM_INTERVALS[model])
    if (options.binomial or model == "peto") and measure != "odds-ratio":
        raise OptionError(f"measure of the {model} model", measure, "odds-ratio")
    if measure == "arcsine-difference" and model == "mantel-haenszel":
        raise OptionError(
            "measure of the mantel-haenszel model", measure, ("odds-ratio", "risk-ratio", "risk-difference")
        )


def pool_with(arms: Arms, options: ArmOptions) -> PooledArms:
    """`pool_arms` of checked counts and options in one piece."""
    check_arm_options(options)
    if options.binomial:
        return _by_likelihood(arms, options)
    if options.model in ("common", "random", "sample-size"):
        return _by_variance(arms, options)
    return _by_sums(arms, options)


# ---- inverse variance ----------------------------------------------------------------------------


def _by_variance(arms: Arms, options: ArmOptions) -> PooledArms:
    effects = arm_effects(arms, options.measure, options.convention)
    used = effects.used
    _refuse_nothing(arms, used, options.measure)
    yi, vi = (
        effects.yi[None, used],
        effects.vi[None, used],
    )  # a batch of one table, as the estimators take them
    k = yi.shape[-1]
    ci = options.ci or ARM_INTERVALS[options.model][0]
    estimator = ("ml" if ci == "profile" else options.tau2) if options.random else None
    tau2 = estimate_tau2(yi, vi, estimator) if estimator else np.zeros(1)
    weights = 1 / (vi[0] + tau2)
    if options.model == "sample-size":
        weights = (arms.n1i * arms.n2i / arms.total)[used]
        fit = _weighted(yi[0], vi[0] + tau2, weights, options.level)
    elif ci == "profile" and k == 1:  # a likelihood of one effect is normal
        fit = _single(fit_inverse_variance(yi, vi, tau2, ci="wald", level=options.level))
    else:
        fit = _single(fit_inverse_variance(yi, vi, tau2, ci=ci, level=options.level))
    df = k - 1 if ci in ("t", "hksj", "hksj-plain") and k > 1 else None
    prediction = None
    if options.random and k >= 3 and options.prediction != "none":
        se = np.array([fit.se]) if options.model == "sample-size" else np.sqrt(1 / weights.sum())[None]
        middle = np.array([fit.estimate])
        limits = predict(middle, se, tau2, k, kind=options.prediction, level=options.level)
        prediction = _natural(options, fit.estimate, *limits)
    q = generalised_q(yi, vi, np.zeros(1))
    level = options.level
    details = [f"k = {k}", *([f"tau² by {estimator.upper()}"] if estimator else [])]
    said = [
        *_left_out(arms, used, options),
        *_corrections(effects, arms.empty_cell, options),
        *_few(k, options),
    ]
    if ci.startswith("hksj") and k > 1 and fit.high - fit.low <= 1e-12 * (1 + abs(float(fit.estimate))):
        said.append(notes.no_spread(ci))
    if estimator == "ml" != options.tau2 and ci == "profile":
        said.append(notes.profile_needs_ml(options.tau2))
    return PooledArms(
        k=k,
        studies=arms.k,
        measure=options.measure,
        model=options.model,
        tau2_estimator=estimator,
        ci=ci,
        df=df,
        level=level,
        effect=_natural(options, fit.estimate, fit.low, fit.high),
        fit=fit,
        pvalue=_pvalue(fit, df),
        prediction=prediction,
        heterogeneity=_heterogeneity(
            q[0], k, tau2[0], level, (lambda: _floats(q_profile(yi, vi, level))) if options.random else None
        ),
        association=association_test(arms, correct=options.continuity),
        homogeneity=_homogeneity(arms),
        weights=_spread(weights / weights.sum(), used),
        effects=effects,
        used=used,
        notes=tuple(said),
        method=_method(options, ci, df, details),
        options=options,
    )


def _weighted(yi: Floats, vi: Floats, weights: Floats, level: float) -> Fit:
    """A mean by weights that are not the variances': its variance is that of a sum."""
    total = weights.sum()
    estimate = float((weights * yi).sum() / total)
    se = float(np.sqrt((weights**2 * vi).sum()) / total)
    half = critical(level) * se
    return Fit(estimate, se, estimate - half, estimate + half)


# ---- Mantel-Haenszel and Peto --------------------------------------------------------------------


def _by_sums(arms: Arms, options: ArmOptions) -> PooledArms:
    peto = options.model == "peto"
    effects = peto_effects(arms) if peto else arm_effects(arms, options.measure, options.convention)
    used = effects.used if peto else ~uninformative(arms, options.measure)
    if options.corrected and options.double_zeros:
        used = effects.used
    _refuse_nothing(arms, used, options.measure)
    counts = arms.keep(used)
    if peto:
        wi = 1 / effects.vi[used]
        estimate, se = float((wi * effects.yi[used]).sum() / wi.sum()), float(1 / np.sqrt(wi.sum()))
        weights = wi / wi.sum()
    else:
        if options.corrected:
            first, second, _ = (values[used] for values in additions(arms, options.convention))
            counts = Arms(
                counts.ai + first, counts.n1i + 2 * first, counts.ci + second, counts.n2i + 2 * second
            )
        estimate, se = mantel_haenszel(counts, options.measure, variance=options.variance)
        weights = mantel_haenszel_weights(counts, options.measure)
    if not np.isfinite(estimate):
        raise NotPossible(_no_sum(arms, options.measure))
    if se == 0:
        raise NotPossible(
            "Every arm has 0 or 100 %: the difference has no estimable variance. "
            "Each trial's own interval still holds."
        )
    half = critical(options.level) * se
    fit = Fit(estimate, se, estimate - half, estimate + half)
    finite = effects.used
    k = int(used.sum())
    q = float(((effects.yi[finite] - estimate) ** 2 / effects.vi[finite]).sum())
    said = [*_left_out(arms, used, options), *_few(k, options)]
    if options.corrected and effects.corrected.any():
        said += _corrections(effects, arms.empty_cell, options)
    if peto:
        reasons = strained(counts, estimate)
        said += [f"Peto's method is biased here: {notes.joined(reasons)}."] if reasons else []
    return PooledArms(
        k=k,
        studies=arms.k,
        measure=options.measure,
        model=options.model,
        tau2_estimator=None,
        ci="wald",
        df=None,
        level=options.level,
        effect=_natural(options, fit.estimate, fit.low, fit.high),
        fit=fit,
        pvalue=_pvalue(fit, None),
        prediction=None,
        heterogeneity=_heterogeneity(q, int(finite.sum()), None, options.level, None),
        association=association_test(arms, correct=options.continuity),
        homogeneity=_homogeneity(arms),
        weights=None if np.isnan(weights).any() else _spread(weights, used),
        effects=effects,
        used=used,
        notes=tuple(said),
        method=_method(options, "wald", None, [f"k = {k}"]),
        options=options,
    )


def _no_sum(arms: Arms, measure: str) -> str:
    """Why a Mantel-Haenszel sum is empty."""
    for name, empty in (
        ("nobody in any control arm responded", arms.ci.sum() == 0),
        ("nobody in any treated arm responded", arms.ai.sum() == 0),
        ("everybody in every control arm responded", arms.di.sum() == 0),
        ("everybody in every treated arm responded", arms.bi.sum() == 0),
    ):
        if empty:
            return f"No finite {ARM_MEASURES[measure]}: {name}."
    return f"No finite {ARM_MEASURES[measure]}: an empty cell in every study."


# ---- likelihood ----------------------------------------------------------------------------------


def _by_likelihood(arms: Arms, options: ArmOptions) -> PooledArms:
    used = arms.informative
    _refuse_nothing(arms, used, options.measure)
    counts = arms.keep(used)
    k = counts.k
    common = options.effects == "common"
    best = two_arm_binomial.maximise(counts, options.model, common=common)
    ci = options.ci or ("wald" if common else "t")
    df = k - 1 if ci == "t" and k > 1 else None
    if ci == "profile" and not common:
        low, high = two_arm_binomial.profile_limits(
            counts, options.model, best, float(chdtri(1, 1 - options.level)) / 2
        )
    else:
        if ci == "profile":
            raise OptionError(f"ci of the {options.model} model with common effects", ci, ("wald", "t"))
        half = critical(options.level, df) * best.se
        low, high = best.theta - half, best.theta + half
    fit = Fit(best.theta, best.se, low, high)
    tau2 = None if common or k == 1 else best.tau**2
    prediction = None
    if tau2 is not None and k >= 3 and options.prediction != "none":
        middle, se, spread = (np.array([value]) for value in (best.theta, best.se, tau2))
        limits = predict(middle, se, spread, k, kind=options.prediction, level=options.level)
        prediction = _natural(options, best.theta, *limits)
    effects = arm_effects(arms, "odds-ratio", options.convention)
    details = [f"k = {k}", "maximum likelihood", "one effect" if common else "random effects"]
    return PooledArms(
        k=k,
        studies=arms.k,
        measure=options.measure,
        model=options.model,
        tau2_estimator=None if tau2 is None else "ml",
        ci=ci,
        df=df,
        level=options.level,
        effect=_natural(options, fit.estimate, fit.low, fit.high),
        fit=fit,
        pvalue=_pvalue(fit, df),
        prediction=prediction,
        heterogeneity=_likelihood_heterogeneity(best, k, tau2, options.level),
        association=association_test(arms, correct=options.continuity),
        homogeneity=_homogeneity(arms),
        weights=None,
        effects=effects,
        used=used,
        notes=(*_left_out(arms, used, options), *_few(k, options)),
        method=_method(options, ci, df, details),
        options=options,
        maximum=best,
    )


def _likelihood_heterogeneity(
    best: two_arm_binomial.Maximum, k: int, tau2: float | None, level: float
) -> Heterogeneity | None:
    """tau2 with its likelihood ratio test (half-and-half mixture), and Wald's Q where each study has an effect."""
    if k < 2:
        return None
    lrt = pvalue = None
    if tau2 is not None:
        lrt = max(2 * (best.value - best.common_value), 0.0) if best.tau > 0 else 0.0
        pvalue = float(ndtr(-np.sqrt(lrt))) if lrt > 0 else 1.0
    if best.q is None:
        return Heterogeneity(tau2, None, None, None, "Q", None, None, k - 1, None, lrt=lrt, lrt_pvalue=pvalue)
    return _heterogeneity(best.q, k, tau2, level, None, lrt, pvalue)


# ---- what they share -----------------------------------------------------------------------------


def _refuse_nothing(arms: Arms, used: Bools, measure: str) -> None:
    """Raise NotPossible where no study is left, saying why."""
    if used.any():
        return
    if arms.no_events.all():
        why = "nobody responded in either arm of any study"
    elif arms.all_events.all():
        why = "everybody responded in both arms of every study"
    else:
        why = "no study has a finite effect without a correction of its empty cells"
    hint = ". Each trial's risk difference has an interval all the same" if measure in RATIOS else ""
    raise NotPossible(f"No {ARM_MEASURES[measure]} can be estimated: {why}{hint}.")


def _left_out(arms: Arms, used: Bools, options: ArmOptions) -> list[str]:
    """How many studies say nothing of the measure, and what became of those kept all the same."""
    silent = uninformative(arms, options.measure)
    measure, k = ARM_MEASURES[options.measure], arms.k
    dropped = int((~used).sum())
    if dropped:
        which = "nobody, or everybody, responded in both arms"
        if not (silent & ~used & arms.all_events).any():
            which = "nobody responded in either arm"
        if (~used & ~silent).any():
            which = "the effect is not finite without a correction"
        says, are = ("says", "is") if dropped == 1 else ("say", "are")
        return [f"{dropped} of {k} studies {says} nothing of the {measure} and {are} left out: {which}."]
    same = int((silent & used).sum())
    if same:
        are, what = ("is", "it says comes") if same == 1 else ("are", "they say comes")
        kept = f"{are} kept: what {what} from the correction alone"
    elif options.measure == "risk-difference" and not arms.informative.all():
        same = int((~arms.informative).sum())
        kept = f"{'counts' if same == 1 else 'count'} with a difference of 0"
    return [f"{same} of {k} studies had 0 or 100 % in both arms and {kept}."] if same else []


def _corrections(effects: Effects, empty: Bools, options: ArmOptions) -> list[str]:
    count = int(effects.corrected.sum())
    if not count:
        return []
    words = {
        "only-zero": f"{count} of {len(effects.yi)} studies have an empty cell: 0.5 was added to each cell of these",
        "if-any": "As soon as one study has an empty cell, 0.5 is added to each cell of every study",
        "all": "0.5 was added to each cell of every study",
        "treatment-arm": f"{count} of {len(effects.yi)} studies have an empty cell: to the cells of each of their arms "
        "its share of the patients was added",
    }[options.zero_cells]
    hint = "Mantel-Haenszel and the hypergeometric model need none"
    said = [f"{words} ({options.zero_cells}). The estimate moves with that choice; {hint}."]
    if options.measure in RATIOS and count == effects.used.sum() and empty[effects.used].all():
        said.append(
            "No study has a finite ratio of its own: this estimate is made by what was added, not by the data."
        )
    return said


def _few(k: int, options: ArmOptions) -> list[str]:
    if k == 1:
        return ["One study, not pooled: this is its own effect."]
    said = []
    if options.random and k == 2:
        said.append(notes.TWO_STUDIES)
    if options.random and k < 3 and options.prediction != "none":
        said.append(notes.NO_PREDICTION)
    return said


def _homogeneity(arms: Arms) -> Association | None:
    return homogeneity_test(arms, mantel_haenszel(arms, "odds-ratio").estimate)


def _heterogeneity(
    q: float,
    k: int,
    tau2: float | None,
    level: float,
    limits: Callable[[], tuple[float, float]] | None,
    lrt: float | None = None,
    lrt_pvalue: float | None = None,
) -> Heterogeneity | None:
    if k < 2:
        return None
    values = from_q(np.array([q]), k, np.zeros(1), level)

    def value(name: str) -> float | None:
        number = float(values[name][0])
        return None if np.isnan(number) else number

    return Heterogeneity(
        tau2=None if tau2 is None else float(tau2),
        i2=value("i2"),
        i2_low=value("i2_low"),
        i2_high=value("i2_high"),
        i2_kind="Q",
        h2=value("h2"),
        q=value("q"),
        df=k - 1,
        pvalue=value("pvalue"),
        lrt=lrt,
        lrt_pvalue=lrt_pvalue,
        tau2_limits=limits or (lambda: (None, None)),
    )


def _floats(pair: tuple[Floats, Floats]) -> tuple[float, float]:
    return float(pair[0][0]), float(pair[1][0])


def _single(fit: Fit) -> Fit:
    return Fit(*(float(value[0]) for value in (fit.estimate, fit.se, fit.low, fit.high)))


def _spread(weights: Floats, used: Bools) -> Floats:
    out = np.zeros(len(used))
    out[used] = weights
    return out


def _natural(options: ArmOptions, *values: Floats | float) -> Interval:
    """Estimate and limits on the scale people read; a difference stays within -1 and 1."""
    estimate, low, high = (float(natural(options.measure, value).item()) for value in values)
    if options.measure == "risk-difference":
        low, high = max(low, -1.0), min(high, 1.0)
    return Interval(estimate, low, high, options.level)


def _pvalue(fit: Fit, df: int | None) -> float:
    """Two-sided, of no effect."""
    statistic = -abs(float(fit.estimate) / float(fit.se)) if fit.se > 0 else -np.inf
    return float(2 * (ndtr(statistic) if df is None else stdtr(df, statistic)))


def _method(options: ArmOptions, ci: str, df: int | None, details: list[str]) -> str:
    words = [ARM_MEASURES[options.measure], *details, interval_words(ci, df)]
    if options.model == "mantel-haenszel" and options.corrected:
        words.insert(2, "counts enlarged where a cell is empty")
    return f"{ARM_MODELS[options.model]} ({'; '.join(words)})"


__all__ = [
    "ARM_INTERVALS",
    "ARM_MEASURES",
    "ARM_MODELS",
    "ARM_PREDICTIONS",
    "EFFECTS",
    "ZERO_CELLS",
    "ArmOptions",
    "PooledArms",
    "check_arm_options",
    "compare_arms",
    "pool_arms",
    "pool_with",
]
