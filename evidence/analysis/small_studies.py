"""asymmetry(): do small studies report other proportions than large ones? asymmetry_rows(): the same of bare counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from evidence.analysis.pooling import pool, pool_rows
from evidence.analysis.results import Analysis, Result
from evidence.errors import NotPossible, OptionError
from evidence.review.choice import Window
from evidence.review.counts import CountRow
from evidence.review.tables import Review
from evidence.synthesis.inverse_variance.heterogeneity import TAU2_ESTIMATORS, estimate_tau2
from evidence.synthesis.inverse_variance.models import fit_inverse_variance
from evidence.synthesis.proportions import MEASURES, check_level, harmonic_mean
from evidence.synthesis.results import Floats, Interval
from evidence.synthesis.small_studies import asymmetry as tests
from evidence.synthesis.small_studies.asymmetry import FunnelTest
from evidence.synthesis.small_studies.doi import DoiPlot, doi_plot
from evidence.synthesis.small_studies.failsafe import rosenberg, rosenthal
from evidence.synthesis.small_studies.selection_model import Selection, select_by_steps
from evidence.synthesis.small_studies.trimming import Trimmed, trim_and_fill

ENOUGH = 10
"""Below ten studies a test sees only gross asymmetry, and chance looks like a pattern (Sterne et al. 2011, BMJ 343:d4002)."""

STEP = 0.025
"""The one-sided p-value at which being seen may get less likely: two-sided 0.05."""


class FunnelRow(NamedTuple):
    """One test by name, or the reason why there is none; `by_size` where smallness is judged by patients alone."""

    name: str
    by_size: bool
    result: FunnelTest | None
    reason: str = ""


class Filled(NamedTuple):
    """Trim and fill: the pool of the studies seen, and with the mirror images; filled-in proportions, their variances.

    `result` is None where there is none, and `reason` says why.
    """

    observed: Interval
    result: Trimmed | None
    adjusted: Interval | None
    proportions: tuple[float, ...]
    reason: str = ""


class Selected(NamedTuple):
    """The selection model's proportion, or the reason why there is none."""

    result: Selection | None
    proportion: Interval | None
    observed: Interval
    reason: str = ""


@dataclass(frozen=True)
class Asymmetry(Result):
    """Everything `evidence asymmetry` shows. The first of `tests` leads.

    `doi` is None where all proportions are the same. `selection` and `failsafe` (Rosenthal's and Rosenberg's numbers)
    are there only where a null proportion was named: without one no p-value has a meaning.
    """

    tests: tuple[FunnelRow, ...] = ()
    filled: Filled | None = None
    doi: DoiPlot | None = None
    selection: Selected | None = None
    failsafe: tuple[float, float] | None = None

    @property
    def leading(self) -> FunnelRow:
        """The test by size."""
        return self.tests[0]

    @property
    def pvalue(self) -> float | None:
        """Of the leading test; None where there is none."""
        return self.leading.result.pvalue if self.leading.result else None

    @property
    def counts(self) -> tuple[Floats, Floats]:
        """Events and n of the pooled studies."""
        seen = [row for row in self.studies if row.role != "reference"]
        return np.array([row.events for row in seen], float), np.array([row.n for row in seen], float)


# ---- from a review, from counts --------------------------------------------------------------------


def asymmetry(
    review: Review,
    outcome: str | None = None,
    *,
    analysis: str | None = None,
    where: str | None = None,
    weeks: Window | float | str | None = None,
    exclude_retracted: bool = False,
    measure: str = "arcsine",
    tau2: str = "reml",
    estimator: str = "L0",
    side: str = "auto",
    trim: str = "common",
    null: float | None = None,
    favoured: str | None = None,
    few: bool = False,
    level: float = 0.95,
) -> Asymmetry:
    """Test whether small studies of a review's outcome report other proportions than large ones.

    `analysis`, `where`, `weeks` and `exclude_retracted` choose rows as in `pool`.

    The test by size leads: it regresses proportions on 1 / sqrt(n). The others are made on `measure`: on arcsine
    the standard error depends on n alone; on logit it depends on the proportion as well, and near 0 or 100 % tests
    then find asymmetry that is not there. `tau2`, `estimator` (L0, R0, Q0), `side` (auto, left, right) and `trim`
    (common, random) are trim and fill's. `null`, a proportion, is what p-values test: it brings the selection model
    and the fail-safe numbers, `favoured` ("higher" or "lower", by default what is better) saying which results were
    likelier to be seen. `few` computes what can be with 3 to 9 studies. `level` is that of every interval, 0 to 1.

    Raises NotPossible below ten studies (below three with `few`) and where every study is at 0 or 100 %.
    """
    pooled = pool(
        review,
        outcome,
        analysis=analysis,
        where=where,
        weeks=weeks,
        exclude_retracted=exclude_retracted,
        model="exact",
        level=_checked(level),
    )
    asked = {
        "where": where,
        "weeks": pooled.options["weeks"],
        "exclude_retracted": exclude_retracted,
        **_options(
            measure, tau2, estimator, side, trim, null, favoured or pooled.better or "higher", few, level
        ),
    }
    return _judge(pooled, asked)


def asymmetry_rows(
    rows: Sequence[CountRow],
    *,
    title: str = "",
    where: str | None = None,
    measure: str = "arcsine",
    tau2: str = "reml",
    estimator: str = "L0",
    side: str = "auto",
    trim: str = "common",
    null: float | None = None,
    favoured: str | None = None,
    few: bool = False,
    level: float = 0.95,
) -> Asymmetry:
    """The same of bare counts, typed in or read from a table, under `title`; `where` is a condition on its columns.

    The other options, and what is raised, are those of `asymmetry`.
    """
    pooled = pool_rows(rows, title=title, where=where, model="exact", level=_checked(level))
    asked = {
        "where": where,
        **_options(measure, tau2, estimator, side, trim, null, favoured or "higher", few, level),
    }
    return _judge(pooled, asked)


def _checked(level: float) -> float:
    check_level(level)
    return level


def _options(
    measure: str,
    tau2: str,
    estimator: str,
    side: str,
    trim: str,
    null: float | None,
    favoured: str,
    few: bool,
    level: float,
) -> dict[str, Any]:
    for name, value, allowed in (
        ("measure", measure, tuple(MEASURES)),
        ("tau2", tau2, tuple(TAU2_ESTIMATORS)),
        ("favoured", favoured, ("higher", "lower")),
    ):
        if value not in allowed:
            raise OptionError(name, value, allowed)
    if null is not None and not 0 < null < 1:
        raise OptionError("null", null, "a proportion above 0 and below 1, such as 0.458")
    return {
        "measure": measure,
        "tau2": tau2,
        "estimator": estimator,
        "side": side,
        "trim": trim,
        "null": null,
        "favoured": favoured,
        "few": few,
        "level": level,
    }


# ---- what can be said --------------------------------------------------------------------------------


def _judge(pooled: Analysis, options: dict[str, Any]) -> Asymmetry:
    seen = [row for row in pooled.studies if row.role != "reference"]
    events = np.array([row.events for row in seen], dtype=float)
    n = np.array([row.n for row in seen], dtype=float)
    _refuse(events, n, few=options["few"])
    yi, vi = MEASURES[options["measure"]].effects(events, n)
    null = options["null"]
    return Asymmetry(
        version=pooled.version,
        review=pooled.review,
        title=pooled.title,
        outcome=pooled.outcome,
        outcome_label=pooled.outcome_label,
        definition=pooled.definition,
        better=pooled.better,
        analysis=pooled.analysis,
        options=options,
        studies=tuple(seen),
        excluded=pooled.excluded,
        warnings=(*_too_few(len(seen)), *pooled.warnings),
        notes=(*_edges(events, n, options["measure"]), *pooled.notes),
        scales=pooled.scales,
        verb=pooled.verb,
        tests=tuple(_tests(events, n, yi, vi, options)),
        filled=_filled(yi, vi, n, options),
        doi=_doi(yi, vi),
        selection=None if null is None else _selected(yi, vi, n, options),
        failsafe=None if null is None else _failsafe(yi - _at(null, n, options["measure"]), vi),
    )


def _refuse(events: Floats, n: Floats, *, few: bool) -> None:
    k = len(n)
    if not ((events > 0) & (events < n)).any():
        raise NotPossible(
            f"every study is at 0 or 100 % ({k} of {k}): the proportions do not vary with size or with anything, so "
            "no test of asymmetry, trim and fill or selection model can say whether studies are missing. What can be "
            "asked is how many hidden patients would turn the conclusion: evidence sensitivity says it"
        )
    if k < tests.LEAST:
        raise NotPossible(f"asymmetry needs at least {tests.LEAST} studies, better {ENOUGH}; here are {k}")
    if k < ENOUGH and not few:
        raise NotPossible(
            f"{k} studies are too few: with fewer than {ENOUGH}, tests of asymmetry see only gross asymmetry, and "
            "chance looks like a pattern (Sterne et al. 2011). --few (few=True) computes them all the same"
        )


def _too_few(k: int) -> Iterator[str]:
    if k < ENOUGH:
        yield (
            f"Only {k} studies: nothing below can tell asymmetry from chance. Ten are the least that guidelines ask "
            "for (Sterne et al. 2011); do not report these numbers as evidence for or against missing studies."
        )


def _edges(events: Floats, n: Floats, measure: str) -> Iterator[str]:
    edge = int(((events == 0) | (events == n)).sum())
    if edge and measure in ("logit", "log", "raw"):
        yield (
            f"{edge} of {len(n)} studies are at 0 or 100 %; the {measure} scale adds 0.5 to their counts, which pulls "
            "small studies inwards and looks like asymmetry."
        )


def _tests(events: Floats, n: Floats, yi: Floats, vi: Floats, options: dict[str, Any]) -> Iterator[FunnelRow]:
    level = options["level"]
    between = "dl" if options["tau2"] == "dl" else "reml"
    sized = options["measure"] in ("arcsine", "double-arcsine")  # whose variance is made from n alone
    asked: tuple[tuple[str, bool, Callable[[], FunnelTest]], ...] = (
        ("size", True, lambda: tests.size_test(events, n, level=level)),
        ("egger", sized, lambda: tests.egger(yi, vi, level=level)),
        ("egger-mixed", sized, lambda: tests.egger(yi, vi, form="mixed", tau2=between, level=level)),
        ("thompson", sized, lambda: tests.thompson(yi, vi, tau2=between, level=level)),
        ("begg", sized, lambda: tests.begg(yi, vi)),
        ("begg-normal", sized, lambda: tests.begg(yi, vi, form="normal")),
        ("peters", False, lambda: tests.peters(yi, events, n, level=level)),
        ("macaskill", sized, lambda: tests.macaskill(yi, vi, n, level=level)),
    )
    for name, by_size, run in asked:
        try:
            yield FunnelRow(name, by_size, run())
        except NotPossible as reason:
            yield FunnelRow(name, by_size, None, str(reason))


def _filled(yi: Floats, vi: Floats, n: Floats, options: dict[str, Any]) -> Filled:
    observed = _pooled(yi, vi, n, options)
    try:
        found = trim_and_fill(
            yi,
            vi,
            estimator=options["estimator"],
            side=options["side"],
            trim=options["trim"],
            tau2=options["tau2"],
        )
    except NotPossible as reason:
        return Filled(observed, None, None, (), str(reason))
    inverse = MEASURES[options["measure"]].inverse
    filled = tuple(float(inverse(value, harmonic_mean(n))) for value in found.yi[found.k :])
    return Filled(observed, found, _pooled(found.yi, found.vi, n, options), filled)


def _pooled(yi: Floats, vi: Floats, n: Floats, options: dict[str, Any]) -> Interval:
    """The random-effects pool as `pool` makes it, back on the scale of proportions."""
    tau2 = estimate_tau2(yi[None], vi[None], options["tau2"])
    fit = fit_inverse_variance(yi[None], vi[None], tau2, ci="hksj", level=options["level"])
    return _back(float(fit.estimate[0]), float(fit.low[0]), float(fit.high[0]), n, options)


def _back(estimate: float, low: float, high: float, n: Floats, options: dict[str, Any]) -> Interval:
    inverse, size = MEASURES[options["measure"]].inverse, harmonic_mean(n)
    ends = [float(inverse(value, size)) for value in (estimate, low, high)]
    return Interval(ends[0], ends[1], ends[2], options["level"])


def _doi(yi: Floats, vi: Floats) -> DoiPlot | None:
    try:
        return doi_plot(yi, vi)
    except NotPossible:
        return None


def _at(null: float, n: Floats, measure: str) -> float:
    """The null proportion on the measure's scale (double-arcsine: at the studies' harmonic mean size)."""
    size = float(harmonic_mean(n)) if measure == "double-arcsine" else 1.0
    return float(MEASURES[measure].effects(null * size, size)[0])


def _selected(yi: Floats, vi: Floats, n: Floats, options: dict[str, Any]) -> Selected:
    observed = _pooled(yi, vi, n, options)
    zero = _at(options["null"], n, options["measure"])
    try:
        found = select_by_steps(
            yi - zero,
            vi,
            steps=(STEP,),
            alternative="greater" if options["favoured"] == "higher" else "less",
            level=options["level"],
        )
    except NotPossible as reason:
        return Selected(None, None, observed, str(reason))
    low, high = (
        (found.low, found.high) if found.low is not None and found.high is not None else (np.nan, np.nan)
    )
    return Selected(found, _back(found.estimate + zero, low + zero, high + zero, n, options), observed)


def _failsafe(yi: Floats, vi: Floats) -> tuple[float, float]:
    return rosenthal(yi, vi)[0], rosenberg(yi, vi)[0]
