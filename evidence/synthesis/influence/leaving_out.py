"""The pool without each study in turn, and as the studies came: the same pool, fitted again and again.

Leave-one-out asks whether one study carries the answer: Viechtbauer & Cheung 2010, Res Synth Methods 1:112-125. Every
refit uses the model that all studies got, so that rows differ by the study alone; where the rest has no finite maximum
(all others responded) the refit falls back as a pool would, and says so. A cumulative pool asks what was known when:
Lau et al. 1992, N Engl J Med 327:248-254. There each step chooses its model as a pool of those studies would.

Refits are batched, in chunks of bounded size. The binomial-normal model of many studies is not refitted at all but
found from the maximum of all of them (see `downdating`), in time linear in the studies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from evidence.errors import NotPossible
from evidence.synthesis.counts.average_limits import average_and_error
from evidence.synthesis.counts.binomial import Maximum
from evidence.synthesis.counts.likelihood import FEW_ENOUGH
from evidence.synthesis.fitting import Options
from evidence.synthesis.influence.downdating import maxima_without_each, wald_q_without_each
from evidence.synthesis.inverse_variance.heterogeneity import i2_h2, q_pvalue
from evidence.synthesis.inverse_variance.models import critical
from evidence.synthesis.pooling import Plan, plan
from evidence.synthesis.proportions import as_counts
from evidence.synthesis.results import Fit, Floats, Heterogeneity, Interval, Pooled

sources = ("viechtbauer2010influence", "lau1992")

_CHUNK = 1 << 16  # counts fitted at once: 10 to 20 MB of temporaries in the likelihood, whatever k is
_MANY = (
    FEW_ENOUGH + 2
)  # studies: finding the maxima from that of all is quicker than fitting them, and t is the usual interval


@dataclass(frozen=True)
class Refits:
    """Pools of m subsets of the studies, in order: arrays (m,), nan where that pool has no such value.

    study         the place, from 0, of the study that is left out, or that came last
    k             studies pooled
    events, n     their responders and patients, summed
    model         the model of each row, m words
    proportion    0 to 1; of binomial and Bayes models the median over studies
    average       the population average, 0 to 1, where the model has one
    fit           the pooled value on the model scale
    tau2, i2      between-study variance on the model scale; share of the variation that is not chance, 0 to 1
    q, pvalue     Cochran's Q, and its p
    method        model, k and options of each row in a line
    notes         what that pool's data could not support, a tuple of sentences a row
    warm          rows found from the maximum of all studies instead of being fitted from the beginning
    """

    study: npt.NDArray[np.intp]
    k: npt.NDArray[np.intp]
    events: Floats
    n: Floats
    model: tuple[str, ...]
    proportion: Interval
    average: Interval
    fit: Fit
    tau2: Floats
    i2: Floats
    q: Floats
    pvalue: Floats
    method: tuple[str, ...]
    notes: tuple[tuple[str, ...], ...]
    warm: npt.NDArray[np.bool_]


def leave_one_out(events: npt.ArrayLike, n: npt.ArrayLike, **options: Any) -> Refits:
    """The pool without each of the k studies, in their order.

    events, n  responders and patients of each study, arrays of shape (k,), whole numbers
    options    as in `pool_counts`; the model that all studies get serves for every row, and no prediction is made

    After Viechtbauer and Cheung [viechtbauer2010influence]. Raises NotPossible for a single study, OptionError for what
    `pool_counts` does not take as an option, InputError for counts that are not counts.
    """
    return without_each(plan(events, n, as_options(options)))


def cumulative(events: npt.ArrayLike, n: npt.ArrayLike, **options: Any) -> Refits:
    """The pool of the first study, of the first two, and so on, in the order given.

    events, n  responders and patients of each study, arrays of shape (k,), whole numbers
    options    as in `pool_counts`; each step chooses its model as a pool of these studies would, and no prediction is made

    After Lau and others [lau1992]. Raises OptionError for what `pool_counts` does not take as an option, InputError
    for counts that are not counts.
    """
    return step_by_step(plan(events, n, as_options(options)))


def as_options(given: dict[str, Any]) -> Options:
    """Keywords as `Options`; weights as an array where they are numbers."""
    options = Options(**given)
    weights = options.weights
    return options if isinstance(weights, str) else options._replace(weights=np.asarray(weights, dtype=float))


def without_each(whole: Plan) -> Refits:
    """`leave_one_out` of a pool that is planned."""
    x, n = as_counts(whole.x, whole.sizes)
    k = len(x)
    if k < 2:
        raise NotPossible("one study: without it nothing is left to pool")
    # The whole's own model for every row: auto would take another one for four studies than for five.
    options = whole.options._replace(model=whole.model, prediction="none")
    rows = _Rows(k, x.sum() - x, n.sum() - n, np.full(k, k - 1))
    cold = np.arange(k)
    if whole.model == "binomial" and k >= _MANY and options.ci in (None, "t", "wald"):
        best, found = maxima_without_each(x, n)
        # One is always fitted from the beginning, the study that moves most: it names the method.
        shift = np.where(found, np.abs(best.mu - np.nanmean(best.mu)) if found.any() else 0.0, np.inf)
        found[shift.argmax()] = False
        _fill_warm(rows, x, n, best, np.flatnonzero(found), options)
        cold = np.flatnonzero(~found)
    for part in _chunks(cold, k - 1):
        keep = _others(part, k)
        _fill(rows, part, plan(x[keep], n[keep], _with_weights(options, keep)).fit())
    return rows.done(np.arange(k))


def step_by_step(whole: Plan) -> Refits:
    """`cumulative` of a pool that is planned."""
    x, n = as_counts(whole.x, whole.sizes)
    k = len(x)
    options = whole.options._replace(prediction="none")
    rows = _Rows(k, np.cumsum(x), np.cumsum(n), np.arange(1, k + 1))
    for step in range(k):
        keep = np.arange(step + 1)[None]
        _fill(rows, np.array([step]), plan(x[keep], n[keep], _with_weights(options, keep)).fit())
    return rows.done(np.arange(k))


def _with_weights(options: Options, keep: npt.NDArray[np.intp]) -> Options:
    """The options with the weights of the studies kept."""
    weights = options.weights
    return options if isinstance(weights, str) else options._replace(weights=np.asarray(weights)[keep])


def _chunks(rows: npt.NDArray[np.intp], size: int) -> Iterator[npt.NDArray[np.intp]]:
    step = max(1, _CHUNK // max(size, 1))
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def _others(rows: npt.NDArray[np.intp], k: int) -> npt.NDArray[np.intp]:
    """For each row the places of all studies but that one, (rows, k - 1)."""
    places = np.arange(k - 1)
    return np.asarray(places + (places >= rows[:, None]))


class _Rows:
    """What is known of each refit so far."""

    def __init__(self, m: int, events: Floats, n: Floats, k: npt.NDArray[np.intp]) -> None:
        self.events, self.n, self.k = events, n, k
        self.proportion, self.average = np.full((3, m), np.nan), np.full((3, m), np.nan)
        self.fit, self.heterogeneity = np.full((4, m), np.nan), np.full((4, m), np.nan)
        self.model, self.method = [""] * m, [""] * m
        self.notes: list[tuple[str, ...]] = [()] * m
        self.warm = np.zeros(m, dtype=bool)
        self.level = 0.95

    def done(self, study: npt.NDArray[np.intp]) -> Refits:
        """As a result."""
        fit, between = self.fit, self.heterogeneity
        return Refits(
            study=study,
            k=self.k,
            events=self.events,
            n=self.n,
            model=tuple(self.model),
            proportion=_interval(self.proportion, self.level),
            average=_interval(self.average, self.level),
            fit=Fit(fit[0], fit[1], fit[2], fit[3]),
            tau2=between[0],
            i2=between[1],
            q=between[2],
            pvalue=between[3],
            method=tuple(self.method),
            notes=tuple(self.notes),
            warm=self.warm,
        )


def _interval(triple: Floats, level: float) -> Interval:
    return Interval(triple[0], triple[1], triple[2], level)


def _fill(rows: _Rows, places: npt.NDArray[np.intp], pooled: Pooled) -> None:
    """A batch of pools into its places."""
    rows.level = pooled.level
    rows.proportion[:, places] = [*pooled.proportion]
    if pooled.average is not None:
        rows.average[:, places] = [*pooled.average]
    if pooled.fit is not None:
        fit = pooled.fit
        rows.fit[:, places] = [fit.estimate, fit.se, fit.low, fit.high]
    if pooled.heterogeneity is not None:
        rows.heterogeneity[:, places] = _of(pooled.heterogeneity)
    for at, place in enumerate(places):
        rows.model[place], rows.method[place] = pooled.model[at], pooled.method[at]
        rows.notes[place] = tuple(pooled.notes[at])


def _of(heterogeneity: Heterogeneity) -> list[Floats]:
    return [heterogeneity.tau2, heterogeneity.i2, heterogeneity.q, heterogeneity.pvalue]


def _fill_warm(
    rows: _Rows, x: Floats, n: Floats, best: Maximum, places: npt.NDArray[np.intp], options: Options
) -> None:
    """Maxima found from that of all studies into their places, with the intervals a pool gives them."""
    df = len(x) - 2
    best = Maximum._make(values[places] for values in best)
    quantile = critical(options.level, df if options.ci in (None, "t") else None)
    low, high = best.mu - quantile * best.se, best.mu + quantile * best.se
    logit, error = average_and_error(best)
    q = wald_q_without_each(x, n)[places]
    rows.level = options.level
    rows.fit[:, places] = [best.mu, best.se, low, high]
    rows.proportion[:, places] = expit(np.stack([best.mu, low, high]))
    rows.average[:, places] = expit(np.stack([logit, logit - quantile * error, logit + quantile * error]))
    rows.heterogeneity[:, places] = [best.tau**2, i2_h2(q, df, options.level)[0], q, q_pvalue(q, df)]
    name = f"Binomial-normal model (k = {len(x) - 1}; maximum likelihood)"
    for place in places:
        rows.model[place], rows.method[place] = "binomial", name
    rows.warm[places] = True
