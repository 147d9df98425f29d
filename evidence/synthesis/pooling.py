"""pool_counts(): events and n in, a measure, a model, a `Pooled` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from evidence.errors import OptionError
from evidence.synthesis import notes
from evidence.synthesis.bayesian import bayes
from evidence.synthesis.bayesian.posterior import bayesian
from evidence.synthesis.counts.binomial import has_maximum
from evidence.synthesis.counts.likelihood import binomial_normal
from evidence.synthesis.counts.summed import exact
from evidence.synthesis.fitting import Options, Part
from evidence.synthesis.inverse_variance.heterogeneity import TAU2_ESTIMATORS
from evidence.synthesis.inverse_variance.weighted import inverse_variance
from evidence.synthesis.proportions import INTERVALS, MEASURES, as_counts, check_level, proportion_interval
from evidence.synthesis.results import Fit, Floats, Heterogeneity, Interval, Number, Pooled


def _beta_binomial(x: Floats, n: Floats, options: Options) -> Part:
    """The beta-binomial model, imported when it is asked for."""
    from evidence.synthesis.counts.likelihood import beta_binomial

    return beta_binomial(x, n, options)


FITTERS: Mapping[str, Callable[[Floats, Floats, Options], Part]] = {
    "exact": exact,
    "common": inverse_variance,
    "random": inverse_variance,
    "binomial": binomial_normal,
    "beta-binomial": _beta_binomial,
    "bayes": bayesian,
}
MODELS = ("auto", *FITTERS)
_LIKELIHOODS = ("binomial", "beta-binomial")  # models that need a finite maximum
_HKSJ = ("hksj", "hksj-plain", "hksj-ci", "hksj-iqwig6")
POOL_INTERVALS: Mapping[str, tuple[str, ...]] = {
    "exact": (),
    "common": ("wald", "t", *_HKSJ, "ivhet"),
    "random": ("wald", "t", *_HKSJ, "kenward-roger", "profile"),
    "binomial": ("t", "wald", "profile", "corrected"),
    "beta-binomial": ("t", "wald", "profile"),
    "bayes": (),
}
CI = tuple(dict.fromkeys(word for words in POOL_INTERVALS.values() for word in words))
_OF_THE_MODEL = ("kenward-roger", "profile", "ivhet")  # intervals that come with the model's own weights
_BY_VARIANCE = ("t", "hts", "hksj", "hksj-hts", "kenward-roger", "kenward-roger-hts", "wald", "none")
PREDICTIONS = (*_BY_VARIANCE[:-1], "posterior", "bootstrap", "none")
PREDICTIONS_OF: Mapping[str, tuple[str, ...]] = {
    "exact": PREDICTIONS,  # it has none, whatever is asked; nor has the next
    "common": PREDICTIONS,
    "random": _BY_VARIANCE,
    "binomial": ("posterior", "t", "hts", "wald", "bootstrap", "none"),
    "beta-binomial": ("t", "none"),
    "bayes": ("posterior", "t", "none"),  # its own, whichever word asks for it
}
TAU2 = (*TAU2_ESTIMATORS, "genq")
TAU2_INTERVALS = ("q-profile", "profile", "jackson", "biggerstaff-jackson")
WEIGHTS = ("model", "equal")
I2 = ("q", "tau2")
PRIORS = tuple(bayes.PRIORS)
PRIOR_MEDIANS = tuple(bayes.MEDIANS)
_ENOUGH_FOR_LIKELIHOOD = 5  # studies; below, t intervals are valid but too wide, Wald ones not valid


def pool_counts(
    events: npt.ArrayLike,
    n: npt.ArrayLike,
    *,
    model: str = "auto",
    measure: str = "logit",
    tau2: str = "reml",
    ci: str | None = None,
    interval: str = "exact",
    prediction: str | None = None,
    prior: str | bayes.Prior = "half-normal",
    prior_scale: float = 1.25,
    prior_median: str = "jeffreys",
    weights: str | npt.ArrayLike = "model",
    tau2_ci: str | None = None,
    i2: str = "q",
    level: float = 0.95,
) -> Pooled:
    """Pool response proportions.

    `events` responders of `n` patients in each study: arrays of shape (k,), or (B, k) for B tables at once (then
    every number of the result is an array of shape (B,)).

    model        auto, exact, common, random, binomial (binomial-normal by maximum likelihood), beta-binomial or bayes.
                 auto takes one study's own exact interval; the Bayesian model for two to four studies, or where the
                 likelihood has no finite maximum; else the binomial model. With a measure, tau2 or ci that only
                 inverse variance has, auto takes random.
    measure      logit, arcsine, double-arcsine, log, raw (common and random only; the others are on logits)
    tau2         reml, pm, dl, ml, eb, hs, he, sj, hsk, dlit, sjit, pmm; genq by the weights given (random only)
    ci           wald, t, profile (not common); of binomial corrected, profile likelihood cut for few studies; of
                 common and random hksj, hksj-plain, hksj-ci, hksj-iqwig6; of random
                 kenward-roger; of common ivhet. By default corrected for binomial up to 30 studies, else t; t for
                 beta-binomial, hksj for random, wald for common
    interval     of each study: exact, wilson, agresti-coull, jeffreys, mid-p
    prediction   t (k - 1 df), hts (k - 2 df), wald, none; of random hksj (k - 1 df), hksj-hts (k - 2 df),
                 kenward-roger, kenward-roger-hts (one df less); of binomial posterior and bootstrap. By default
                 posterior for binomial up to 200 studies (worked when first looked at), else t
    prior        of tau (bayes): half-normal, half-cauchy, exponential, uniform, or a `bayes.Prior`
    prior_scale  the scale of a prior given by its name
    prior_median of the median proportion: jeffreys, Beta(1/2, 1/2), or uniform, which pulls away from 0 and 100 %
    weights      model, equal, or numbers of shape (k,) or (B, k) (common and random only)
    tau2_ci      interval of tau2: q-profile, profile, jackson, biggerstaff-jackson (random); binomial has profile
    i2           q, or tau2: from tau2 and a typical sampling variance, its interval from tau2's (random)
    level        of every interval, 0 to 1

    Raises OptionError for an option outside these, InputError for counts that are not counts. What the data cannot
    support is None in the result, with a sentence in `notes`.
    """
    given = weights if isinstance(weights, str) else np.asarray(weights, dtype=float)
    options = Options(
        model,
        measure,
        tau2,
        ci,
        interval,
        prediction,
        prior_scale,
        level,
        prior,
        given,
        tau2_ci,
        i2,
        prior_median,
    )
    return plan(events, n, options).fit()


def plan(events: npt.ArrayLike, n: npt.ArrayLike, options: Options) -> Plan:
    """Check counts and options and choose the model, without fitting it; errors as in `pool_counts`."""
    x, sizes = as_counts(events, n)
    _check(options)
    if not isinstance(options.weights, str) and options.weights.shape not in (x.shape, x.shape[-1:]):
        raise OptionError("shape of weights", options.weights.shape, f"{x.shape}, as the counts")
    return Plan(x, sizes, options, _choose(np.atleast_2d(x), np.atleast_2d(sizes), options))


class Plan(NamedTuple):
    """A pool before it is fitted: the counts, and which model each table gets.

    Fitting costs milliseconds, which matters where a report may never show the result.
    """

    x: Floats
    sizes: Floats
    options: Options
    choices: list[Choice]

    @property
    def k(self) -> int:
        return int(self.x.shape[-1])

    @property
    def model(self) -> str:
        """The model of the (first) table."""
        return self.choices[0].model

    @property
    def events(self) -> Number:
        return _total(self.x)

    @property
    def n(self) -> Number:
        return _total(self.sizes)

    @property
    def exact(self) -> Interval:
        """Clopper-Pearson on the summed counts."""
        events, n = self.x.sum(-1)[()], self.sizes.sum(-1)[()]
        return proportion_interval(events, n, method="exact", level=self.options.level)

    def fit(self) -> Pooled:
        tables = np.atleast_2d(self.x), np.atleast_2d(self.sizes)
        fitted = [(choice, _fit(*tables, choice, self.options)) for choice in self.choices]
        return _single(fitted[0][1], self) if self.x.ndim == 1 else _batch(fitted, self)


def _total(counts: Floats) -> Number:
    return int(counts.sum()) if counts.ndim == 1 else counts.sum(-1)


class Choice(NamedTuple):
    """A model for some tables (their row numbers), with what is to be said of each first."""

    model: str
    rows: npt.NDArray[np.intp]
    said: list[list[str]]


def _check(options: Options) -> None:
    for name, allowed in (
        ("model", MODELS),
        ("measure", tuple(MEASURES)),
        ("tau2", TAU2),
        ("interval", tuple(INTERVALS)),
        ("i2", I2),
    ):
        if getattr(options, name) not in allowed:
            raise OptionError(name, getattr(options, name), allowed)
    for name, allowed in (("ci", CI), ("tau2_ci", TAU2_INTERVALS), ("prediction", PREDICTIONS)):
        if getattr(options, name) not in (None, *allowed):
            raise OptionError(name, getattr(options, name), allowed)
    check_level(options.level)
    bayes.as_prior(options.prior, options.prior_scale, options.prior_median)
    _check_weights(options)
    if options.model in FITTERS:
        _check_fits_model(options)
    _check_together(options)


def _given_weights(options: Options) -> str:
    """model or equal; "given" for numbers."""
    return options.weights if isinstance(options.weights, str) else "given"


def _check_weights(options: Options) -> None:
    if isinstance(options.weights, str):
        if options.weights not in WEIGHTS:
            raise OptionError("weights", options.weights, (*WEIGHTS, "or a number above 0 for each study"))
    elif not (np.isfinite(options.weights).all() and (options.weights > 0).all()):
        raise OptionError("weights", options.weights.tolist(), "a number above 0 for each study")


def _check_fits_model(options: Options) -> None:
    """An option that the model named cannot use is refused, rather than ignored."""
    model = options.model
    by_variance = model in ("common", "random")
    if options.ci is not None and options.ci not in POOL_INTERVALS[model]:
        allowed = POOL_INTERVALS[model] or (f"none (the {model} model has its own interval)",)
        raise OptionError(f"ci of the {model} model", options.ci, allowed)
    if options.prediction is not None and options.prediction not in PREDICTIONS_OF[model]:
        raise OptionError(f"prediction of the {model} model", options.prediction, PREDICTIONS_OF[model])
    has_tau2 = model == "random" or options.ci == "ivhet"
    has_prior = model in ("bayes", *_LIKELIHOODS)  # a likelihood without a maximum gives way to bayes
    only = "logit (the others need common or random)"
    for name, value, usual, fits, allowed_words in (
        ("measure", options.measure, "logit", by_variance, only),
        ("tau2", options.tau2, "reml", has_tau2, "none (only the random model estimates it so)"),
        (
            "tau2_ci",
            options.tau2_ci or "",
            "",
            model == "random",
            "none (only the random model has a choice)",
        ),
        ("i2", options.i2, "q", model == "random", "q (only the random model has another)"),
        ("weights", _given_weights(options), "model", by_variance, "model (others need common or random)"),
        ("prior", options.prior, "half-normal", has_prior, "none (only the bayes model has one)"),
    ):
        if value != usual and not fits:
            raise OptionError(f"{name} of the {model} model", value, allowed_words)


def _check_together(options: Options) -> None:
    """Options of inverse variance that exclude each other."""
    own = _given_weights(options) != "model"
    kenward_roger = "kenward-roger" in (options.ci, (options.prediction or "").removesuffix("-hts"))
    if own and (options.ci in _OF_THE_MODEL or kenward_roger):
        word = options.ci if options.ci in _OF_THE_MODEL else options.prediction
        raise OptionError(f"weights with {word}", _given_weights(options), "model")
    if kenward_roger and options.tau2 != "reml":
        raise OptionError("tau2 with kenward-roger", options.tau2, "reml")
    if options.tau2 == "genq" and not own:
        raise OptionError("tau2", options.tau2, "with weights: equal, or numbers (it is made from them)")
    if options.tau2_ci == "profile" and options.ci != "profile" and options.tau2 not in ("reml", "ml"):
        raise OptionError("tau2 with tau2_ci profile", options.tau2, ("reml", "ml"))


def _choose(x: Floats, n: Floats, options: Options) -> list[Choice]:
    """Which model pools which tables, and why: the only place where the model used can differ from the one asked."""
    tables, k = x.shape
    every = np.arange(tables)
    silent: list[list[str]] = [[] for _ in every]
    if options.model == "auto":
        special = _needs_inverse_variance(options)
        if special and k > 1:
            model = "common" if options.ci == "ivhet" else "random"
            return [Choice(model, every, [[notes.auto_inverse_variance(special, model)] for _ in every])]
    if k == 1 and options.model != "bayes":
        return [Choice("exact", every, silent)]
    if options.model not in ("auto", *_LIKELIHOODS):
        return [Choice(options.model, every, silent)]
    finite = has_maximum(x, n)
    if options.model == "auto" and k < _ENOUGH_FOR_LIKELIHOOD:
        return [
            Choice("bayes", every, [_why_bayes(*table, few=True) for table in zip(x, n, finite, strict=True)])
        ]
    choices = []
    if finite.any():
        rows = np.flatnonzero(finite)
        named = "binomial" if options.model == "auto" else options.model
        choices.append(Choice(named, rows, [[] for _ in rows]))
    if not finite.all():
        rows = np.flatnonzero(np.logical_not(finite))
        said = [_why_bayes(x[row], n[row], False, few=False) for row in rows]
        choices.append(Choice("bayes", rows, said))
    return choices


def _needs_inverse_variance(options: Options) -> list[str]:
    """The options given that only inverse variance can use."""
    wanted = []
    if options.measure != "logit":
        wanted.append(f"measure {options.measure}")
    if options.tau2 != "reml":
        wanted.append(f"tau2 {options.tau2}")
    if options.ci is not None and options.ci not in POOL_INTERVALS["binomial"]:
        wanted.append(f"ci {options.ci}")
    if options.prediction is not None and options.prediction not in PREDICTIONS_OF["binomial"]:
        wanted.append(f"prediction {options.prediction}")
    if _given_weights(options) != "model":
        wanted.append(f"weights {_given_weights(options)}")
    if options.tau2_ci is not None:
        wanted.append(f"tau2_ci {options.tau2_ci}")
    if options.i2 != "q":
        wanted.append(f"i2 {options.i2}")
    return wanted


def _why_bayes(x: Floats, n: Floats, finite: bool, *, few: bool) -> list[str]:
    said = []
    if not finite:
        if x.sum() in (0, n.sum()):
            said.append(notes.everyone(bool(x.sum() > 0)))
        else:
            said.append(notes.NOT_IDENTIFIED if (n == 1).all() else notes.SEPARATED)
    if few and finite:
        said.append(notes.auto_bayes(len(x)))
    elif not few:
        said.append(notes.FELL_BACK)
    return said


def _fit(x: Floats, n: Floats, choice: Choice, options: Options) -> Part:
    part = FITTERS[choice.model](x[choice.rows], n[choice.rows], options._replace(model=choice.model))
    unused = []
    if options.ci is not None and options.ci not in POOL_INTERVALS[choice.model]:
        unused.append(notes.unused("ci", options.ci, choice.model))
    if options.prediction is not None and options.prediction not in PREDICTIONS_OF[choice.model]:
        unused.append(notes.unused("prediction", options.prediction, choice.model))
    part.notes = [[*first, *then, *unused] for first, then in zip(choice.said, part.notes, strict=True)]
    return part


def _single(part: Part, planned: Plan) -> Pooled:
    """One table: plain floats, and None for what does not exist."""
    options = planned.options
    row = _Row(part, planned.k, options.level)
    weights = part.weights[0] if part.weights is not None else None
    proportion = row.interval(part.proportion)
    assert proportion is not None
    return Pooled(
        k=planned.k,
        events=planned.events,
        n=planned.n,
        requested=options.model,
        model=part.model,
        measure=part.measure,
        tau2_estimator=part.tau2_estimator,
        ci=part.ci,
        df=_df(part.df, 0),
        level=options.level,
        proportion=proportion,
        exact=planned.exact,
        average=row.interval(part.average),
        fit=None
        if part.fit is None
        else Fit(*(float(v) if np.isfinite(v) else None for v in part.fit[:, 0])),
        heterogeneity=row.heterogeneity(),
        weights=weights,
        notes=tuple(part.notes[0]),
        method=part.method if isinstance(part.method, str) else part.method[0],
        study_events=planned.x,
        study_n=planned.sizes,
        interval=options.interval,
        average_above=part.average_above,
        predicted=lambda: row.interval(_predicted(part)),
    )


def _predicted(part: Part) -> Floats | None:
    """The prediction, worked now where that was put off."""
    return part.prediction if part.prediction_later is None else part.prediction_later()


def _df(df: int | Floats | None, row: int) -> float | None:
    """Of one table: a whole number where it is one, None for the normal quantile."""
    if df is None or isinstance(df, int):
        return df
    value = float(df[row])
    if value == np.inf:
        return None
    return int(value) if value.is_integer() else value


class _Row(NamedTuple):
    """The first table of a part, its arrays as floats."""

    part: Part
    k: int
    level: float

    def interval(self, triple: Floats | None) -> Interval | None:
        if triple is None or np.isnan(triple[0, 0]):
            return None
        estimate, low, high = triple[:, 0].tolist()
        return Interval(estimate, low, high, self.level)

    def heterogeneity(self) -> Heterogeneity | None:
        arrays = self.part.heterogeneity
        if arrays is None:
            return None
        values: dict[str, Any] = {}
        for name, array in arrays.items():
            values[name] = None if np.isnan(array[0]) else float(array[0])
        return Heterogeneity(
            **values,
            i2_kind=self.part.i2_kind,
            df=self.k - 1,
            tau2_ci=self.part.tau2_ci if self.part.tau2_limits else None,
            tau2_limits=self._tau2_limits,
        )

    def _tau2_limits(self) -> tuple[float | None, float | None]:
        if self.part.tau2_limits is None:
            return None, None
        low, high = self.part.tau2_limits()
        return float(low[0]), float(high[0])


def _batch(fitted: list[tuple[Choice, Part]], planned: Plan) -> Pooled:
    """B tables: arrays of shape (B,), nan where a table has no such value."""
    options = planned.options
    gather = _Gather(fitted, len(planned.x))
    proportion = gather.rows("proportion", 3)
    assert proportion is not None
    fit = gather.rows("fit", 4)
    one = fitted[0][1]
    return Pooled(
        k=planned.k,
        events=planned.events,
        n=planned.n,
        requested=options.model,
        model=gather.words("model"),
        measure=gather.same("measure"),
        tau2_estimator=gather.same("tau2_estimator"),
        ci=gather.same("ci"),
        df=gather.same("df"),
        level=options.level,
        proportion=Interval(proportion[0], proportion[1], proportion[2], options.level),
        exact=planned.exact,
        average=gather.interval("average", options.level),
        fit=None if fit is None else Fit(*fit),
        heterogeneity=gather.heterogeneity(planned.k),
        weights=one.weights,  # inverse variance never splits a batch
        notes=gather.words("notes"),
        method=gather.words("method"),
        study_events=planned.x,
        study_n=planned.sizes,
        interval=options.interval,
        predicted=gather.predicted(options.level),
    )


class _Gather(NamedTuple):
    """Parts of a batch put back in the order of its tables."""

    fitted: list[tuple[Choice, Part]]
    tables: int

    def rows(self, name: str, height: int) -> Floats | None:
        found = [
            (choice.rows, getattr(part, name))
            for choice, part in self.fitted
            if getattr(part, name) is not None
        ]
        if not found:
            return None
        out = np.full((height, self.tables), np.nan)
        for rows, values in found:
            out[:, rows] = values
        return out

    def interval(self, name: str, level: float) -> Interval | None:
        triple = self.rows(name, 3)
        return None if triple is None else Interval(triple[0], triple[1], triple[2], level)

    def predicted(self, level: float) -> Callable[[], Interval | None]:
        """The predictions, worked when asked for."""

        def work() -> Interval | None:
            now = [(choice, replace(part, prediction=_predicted(part))) for choice, part in self.fitted]
            return self._replace(fitted=now).interval("prediction", level)

        return work

    def words(self, name: str) -> tuple[object, ...]:
        out: list[object] = [None] * self.tables
        for choice, part in self.fitted:
            value = getattr(part, name)
            for place, row in enumerate(choice.rows):
                own = value if isinstance(value, str) else value[place]
                out[row] = own if isinstance(own, str) else tuple(own)
        return tuple(out)

    def same(self, name: str) -> Any:
        """What all tables have in common; where they differ, a tuple with each one's own."""
        out: list[Any] = [None] * self.tables
        for choice, part in self.fitted:
            value = getattr(part, name)
            for place, row in enumerate(choice.rows):
                out[row] = _df(value, place) if name == "df" else value
        return out[0] if len(set(out)) == 1 else tuple(out)

    def heterogeneity(self, k: int) -> Heterogeneity | None:
        found = [(choice.rows, part) for choice, part in self.fitted if part.heterogeneity is not None]
        if not found:
            return None
        values = {
            name: self._spread(
                [(rows, part.heterogeneity[name]) for rows, part in found if part.heterogeneity]
            )
            for name in (found[0][1].heterogeneity or {})
        }

        def limits() -> tuple[Floats, Floats]:
            both = [(rows, part.tau2_limits()) for rows, part in found if part.tau2_limits is not None]
            low, high = (self._spread([(rows, pair[side]) for rows, pair in both]) for side in (0, 1))
            return low, high

        one = found[0][1]
        return Heterogeneity(
            **values,
            i2_kind=one.i2_kind,
            df=k - 1,
            tau2_ci=one.tau2_ci if one.tau2_limits else None,
            tau2_limits=limits,
        )

    def _spread(self, pieces: list[tuple[npt.NDArray[np.intp], Floats]]) -> Floats:
        out = np.full(self.tables, np.nan)
        for rows, values in pieces:
            out[rows] = values
        return out
