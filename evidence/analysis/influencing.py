"""influence(): the pool without each study, as studies came, and how far each bends it; gosh(): of every subset.

Both start from the pool that `pool` makes, so that rows, options, warnings and notes are the same; the `_rows` functions
do the same with bare counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from evidence.analysis.pooling import plan_rows, pool, pool_rows
from evidence.analysis.results import Analysis, Result, StudyRow
from evidence.errors import NotPossible, OptionError
from evidence.review.counts import CountRow
from evidence.review.schema import NOT_STATED
from evidence.review.selection import where_columns
from evidence.review.tables import Review
from evidence.synthesis.fitting import Options
from evidence.synthesis.influence.gosh import MOST_SUBSETS, Progress, Subsets, subsets
from evidence.synthesis.influence.heaps import Heaps, Split, heaps, splits
from evidence.synthesis.influence.influence import (
    Diagnostics,
    LikelihoodDiagnostics,
    diagnose,
    diagnose_binomial,
)
from evidence.synthesis.influence.leaving_out import Refits, step_by_step, without_each
from evidence.synthesis.notes import NO_PREDICTION
from evidence.synthesis.pooling import Plan
from evidence.synthesis.proportions import MEASURES, harmonic_mean
from evidence.synthesis.results import Floats, Interval, Pooled

SHOWS = ("leave-one-out", "cumulative", "diagnostics", "baujat")
COUNTED = ("n", "events", "percent")
"""What studies can be ordered by besides their columns."""
YEAR = "year"
AS_GIVEN = "as given"


@dataclass(frozen=True)
class Influence(Result):
    """Everything `evidence influence` shows; the refits or diagnostics are of `series`, in its order."""

    show: str = ""
    order: str = ""
    """What a cumulative pool follows, in words; else empty."""
    keys: tuple[str, ...] = ()
    """Each series' value of it."""
    refits: Refits | None = None
    diagnostics: Diagnostics | LikelihoodDiagnostics | None = None

    @property
    def leading(self) -> Pooled:
        """The pool of all series."""
        return self.pooled[0].result

    @property
    def series(self) -> tuple[StudyRow, ...]:
        """The pooled rows, without references."""
        return tuple(row for row in self.studies if row.role != "reference")

    @property
    def averages(self) -> bool:
        """Whether population averages are shown: where a Bayesian row is, whose median nobody quotes."""
        models = {self.leading.model, *(self.refits.model if self.refits else ())}
        return "bayes" in models

    @property
    def whole(self) -> Interval:
        """The pool of all series, of the kind that is shown."""
        return self.leading.average if self.averages and self.leading.average else self.leading.proportion

    @cached_property
    def rows(self) -> tuple[Interval, ...]:
        """Each refit's interval, of the kind that is shown."""
        if self.refits is None:
            return ()
        proportion, average = self.refits.proportion, self.refits.average
        values = np.stack([*proportion])
        if self.averages:
            values = np.where(np.isnan([*average]), values, np.stack([*average]))
        return tuple(Interval(e, low, high, proportion.level) for e, low, high in values.T.tolist())


@dataclass(frozen=True)
class Gosh(Result):
    """Everything `evidence gosh` shows: pools of subsets, as proportions in `proportion`."""

    subsets: Subsets = field(default=None)  # type: ignore[assignment]
    proportion: Floats = field(default_factory=lambda: np.zeros(0), repr=False)

    @property
    def leading(self) -> Pooled:
        """The pool of all series."""
        return self.pooled[0].result

    @property
    def series(self) -> tuple[StudyRow, ...]:
        """The pooled rows, without references."""
        return tuple(row for row in self.studies if row.role != "reference")

    @cached_property
    def splits(self) -> tuple[Split, ...]:
        """What the subsets with each series say, and those without it."""
        return splits(self.subsets, self.proportion)

    @cached_property
    def heaps(self) -> Heaps:
        """Whether the estimates lie in one heap or in more."""
        return heaps(self.proportion)


# ---- influence ---------------------------------------------------------------------------------------


def influence(
    review: Review,
    outcome: str | None = None,
    *,
    show: str = "leave-one-out",
    order: str | None = None,
    descending: bool = False,
    **pooling: Any,
) -> Influence:
    """What each study does to the pool of an outcome; `pooling` are options of `pool` (not `by`).

    show        leave-one-out: the pool without each study. cumulative: the pool as studies are added.
                diagnostics: residuals, Cook's distance and the like. baujat: share of Q against shift of the estimate
    order       of cumulative: n, events, percent or a column of outcomes or studies; the year by default
    descending  largest, latest or last of the alphabet first

    Raises OptionError for a name that does not exist, NotPossible where the model has no such thing.
    """
    _check(show, order, descending)
    column = _column(order, where_columns(review)) if show == "cumulative" else None
    base = pool(review, outcome, by=None if column in (*COUNTED, None) else column, **pooling)
    return _influence(base, show, column, descending, pooling)


def influence_rows(
    rows: Sequence[CountRow],
    *,
    title: str = "",
    show: str = "leave-one-out",
    order: str | None = None,
    descending: bool = False,
    **pooling: Any,
) -> Influence:
    """The same of bare counts, typed in or read from a table, under `title`; `pooling` are options of `pool_rows`.

    The rest, and what is raised, is as in `influence`; without a column year, cumulative follows the order given.
    """
    _check(show, order, descending)
    columns = ("study", *dict.fromkeys(name for row in rows for name in row.extra))
    column = None
    if show == "cumulative" and (order is not None or YEAR in columns):
        column = _column(order, columns)
    base = pool_rows(rows, title=title, by=None if column in (*COUNTED, None) else column, **pooling)
    return _influence(base, show, column, descending, pooling)


def _check(show: str, order: str | None, descending: bool) -> None:
    if show not in SHOWS:
        raise OptionError("show", show, SHOWS)
    if show != "cumulative" and (order is not None or descending):
        name = "order" if order is not None else "descending"
        raise OptionError(name, order if order is not None else descending, 'with show = "cumulative" only')


def _column(order: str | None, columns: Sequence[str]) -> str:
    name = order or YEAR
    if name not in (*COUNTED, *columns):
        raise OptionError("order", name, (*COUNTED, *columns))
    return name


def _influence(
    base: Analysis, show: str, column: str | None, descending: bool, pooling: Mapping[str, Any]
) -> Influence:
    notes = list(_of_rows(base))
    options = {**base.options, "show": show}
    options.pop("by", None)
    series, order = _series(base), ""
    keys: list[str] = []
    if show == "cumulative":
        series, keys, order, said = _ordered(series, column, descending)
        notes += said
        options |= {"order": column or AS_GIVEN, "descending": descending}
    series = [row._replace(group=None) for row in series]
    if len(series) < 2:
        raise NotPossible("one series: there is nothing to leave out or to add; see: evidence pool")
    planned = plan_rows(series, _options(pooling))
    refits: Refits | None = None
    found: Diagnostics | LikelihoodDiagnostics | None = None
    if show == "leave-one-out":
        refits = without_each(planned)
        notes += [*_fallen_back(series, refits, planned), *_of_pool(base.leading)]
    elif show == "cumulative":
        refits = step_by_step(planned)
        notes += _of_pool(base.leading)
    else:
        found = _diagnosed(planned, base.leading, show)
        notes += _about_diagnostics(found, base.leading, len(series), show)
    references = [row for row in base.studies if row.role == "reference"]
    return Influence(
        **_about(base, (*series, *references), options, notes),
        show=show,
        order=order,
        keys=tuple(keys),
        refits=refits,
        diagnostics=found,
    )


def _about(
    base: Analysis, studies: tuple[StudyRow, ...], options: Mapping[str, Any], notes: Sequence[str]
) -> dict[str, Any]:
    """What a result of ours has in common with the pool it starts from."""
    kept = {entry.name: getattr(base, entry.name) for entry in fields(Result)}
    mine = {"studies": studies, "pooled": base.pooled[:1], "panel": (), "comparisons": ()}
    return {**kept, **mine, "options": options, "notes": tuple(dict.fromkeys(notes))}


def _series(base: Analysis) -> list[StudyRow]:
    return [row for row in base.studies if row.role != "reference"]


def _options(pooling: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's options among those given."""
    return {name: pooling.get(name, value) for name, value in Options()._asdict().items()}


# ---- the order of a cumulative pool ------------------------------------------------------------------


def _ordered(
    series: list[StudyRow], column: str | None, descending: bool
) -> tuple[list[StudyRow], list[str], str, list[str]]:
    """The rows by the column, their values, the order in words, and what is to be said of ties and gaps."""
    if column is None:
        return series[:: -1 if descending else 1], [], "the order given" + ", last first" * descending, []
    values = [_value(row, column) for row in series]
    known = [place for place, value in enumerate(values) if value is not None]
    numbers = {place: _number(str(values[place])) for place in known}
    numeric = all(number is not None for number in numbers.values())

    def key(place: int) -> Any:
        return numbers[place] if numeric else str(values[place]).casefold()

    # sorted() is stable in both directions: ties stay as the table has them.
    places = sorted(known, key=key, reverse=descending)
    missing = [place for place in range(len(series)) if place not in numbers]
    first = (
        ("largest" if numeric else "last of the alphabet")
        if descending
        else ("smallest" if numeric else "first of the alphabet")
    )
    if column == YEAR:
        first = "latest" if descending else "earliest"
    ties = len(known) - len({key(place) for place in known})
    said = []
    if ties:
        said.append(f"Series of equal {column} are added in the order of the table.")
    if missing:
        said.append(f"{column} is {NOT_STATED} for {len(missing)} of {len(series)} series; they come last.")
    places += missing
    shown = [str(values[place]) if values[place] is not None else NOT_STATED for place in places]
    return [series[place] for place in places], shown, f"{column}, {first} first", said


def _value(row: StudyRow, column: str) -> str | None:
    if column == "n":
        return str(row.n)
    if column == "events":
        return str(row.events)
    if column == "percent":
        return f"{100 * row.events / row.n:.1f}"
    return None if row.group in (None, "", NOT_STATED) else row.group


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


# ---- what is to be said ------------------------------------------------------------------------------


def _of_rows(base: Analysis) -> Iterator[str]:
    """What is to be said of the rows; not at which tau the pool's exact limit would meet the reference."""
    yield from (note for note in base.notes if not note.startswith(("The exact ", "However much the series")))


def _of_pool(whole: Pooled) -> Iterator[str]:
    """What is to be said of the pool of all, but not of its prediction, which is not shown."""
    yield from (note for note in whole.notes if note != NO_PREDICTION)


def _fallen_back(series: Sequence[StudyRow], refits: Refits, planned: Plan) -> Iterator[str]:
    """Without whom the rest could not be pooled by the model of all."""
    other = [place for place, model in enumerate(refits.model) if model != planned.model]
    for place in other:
        if refits.k[place] == 1:
            continue
        reason = refits.notes[place][0] if refits.notes[place] else ""
        yield (
            f"Without {series[place].name} the rest cannot be pooled by the {planned.model} model, so that row is by the "
            f"{refits.model[place]} model: {reason}"
        )
    if len(series) == 2:
        yield "Two series: without one, the other stands alone."


def _diagnosed(planned: Plan, whole: Pooled, show: str) -> Diagnostics | LikelihoodDiagnostics:
    model = whole.model
    if model in ("common", "random"):
        weights = planned.options.weights
        if not isinstance(weights, str) or weights != "model":
            raise NotPossible(
                "influence diagnostics are defined for inverse-variance weights; with others see leave-one-out"
            )
        yi, vi = MEASURES[planned.options.measure].effects(planned.x, planned.sizes)
        return diagnose(yi, vi, tau2=whole.tau2_estimator)
    if model == "binomial" and show == "diagnostics":
        return diagnose_binomial(planned.x, planned.sizes)
    asked = "a Baujat plot" if show == "baujat" else "influence diagnostics"
    raise NotPossible(
        f"the {model} model has no {asked.removeprefix('a ')}: they rest on inverse-variance weights; "
        "choose model random or common, or see leave-one-out"
    )


def _about_diagnostics(
    found: Diagnostics | LikelihoodDiagnostics, whole: Pooled, k: int, show: str
) -> Iterator[str]:
    yield from _of_pool(whole)
    if isinstance(found, LikelihoodDiagnostics):
        yield (
            "Residuals, DFFITS, hat values and weights are not defined for the binomial model: a count near 0 or n has no "
            "standard error to divide by. What is shown compares the maximum of all with the maximum without each."
        )
        lost = int(np.isnan(found.dfbetas).sum())
        if lost:
            yield f"{lost} of {k} series cannot be left out: without them the likelihood has no finite maximum."
    elif whole.ci not in (None, "wald") and show == "diagnostics":
        yield "Diagnostics use the classic variance of the estimate, whatever its interval."
    if k < 5:
        yield f"With {k} series each is bound to weigh; the usual cut-offs were made for more."


# ---- gosh --------------------------------------------------------------------------------------------


def gosh(
    review: Review,
    outcome: str | None = None,
    *,
    most: int = MOST_SUBSETS,
    seed: int = 1,
    progress: Progress | None = None,
    **pooling: Any,
) -> Gosh:
    """The pool of every subset of an outcome's series; `pooling` are options of `pool` (not `by`).

    `model` is random (for auto too) or common. With more than `most` subsets so many are drawn from `seed`. `progress`
    is told how many of how many are done.

    Raises OptionError for another model or weights, NotPossible for one series, and what `pool` raises.
    """
    options = _inverse_variance(pooling)
    return _gosh(pool(review, outcome, **options), options, most, seed, progress)


def gosh_rows(
    rows: Sequence[CountRow],
    *,
    title: str = "",
    most: int = MOST_SUBSETS,
    seed: int = 1,
    progress: Progress | None = None,
    **pooling: Any,
) -> Gosh:
    """The same of bare counts, typed in or read from a table, under `title`; the rest, and what is raised, is as in `gosh`."""
    options = _inverse_variance(pooling)
    return _gosh(pool_rows(rows, title=title, **options), options, most, seed, progress)


def _inverse_variance(pooling: Mapping[str, Any]) -> dict[str, Any]:
    """The options with a model that a million subsets can be pooled by."""
    model = pooling.get("model", "auto")
    if model not in ("auto", "random", "common"):
        raise OptionError(
            "model of gosh", model, "random, common (a likelihood of each subset would take hours)"
        )
    if pooling.get("weights", "model") != "model":
        raise OptionError("weights of gosh", pooling["weights"], "model")
    return {**pooling, "model": "random" if model == "auto" else model}


def _gosh(
    base: Analysis, pooling: Mapping[str, Any], most: int, seed: int, progress: Progress | None
) -> Gosh:
    series = [row._replace(group=None) for row in _series(base)]
    whole = base.leading
    if len(series) < 2:
        raise NotPossible("one series has no subsets to compare; see: evidence pool")
    planned = plan_rows(series, _options(pooling))
    measure = MEASURES[planned.options.measure]
    yi, vi = measure.effects(planned.x, planned.sizes)
    found = subsets(yi, vi, tau2=whole.tau2_estimator, most=most, seed=seed, progress=progress)
    size = (
        _harmonic(found, planned.sizes) if measure.name == "double-arcsine" else harmonic_mean(planned.sizes)
    )
    notes = [*_of_rows(base), *_of_pool(whole)]
    if not found.complete:
        notes.append(
            f"{len(found.size):,} of {_all(found.k)} subsets, drawn with seed {seed}: another seed gives slightly "
            "different figures.".replace(",", "\u00a0")
        )
    options = {**base.options, "most": most, "seed": seed}
    options.pop("by", None)
    references = [row for row in base.studies if row.role == "reference"]
    return Gosh(
        **_about(base, (*series, *references), options, notes),
        subsets=found,
        proportion=np.asarray(measure.inverse(found.estimate, size)),
    )


def _all(k: int) -> str:
    return f"{2**k - 1:,}" if k <= 40 else f"2^{k} - 1"


def _harmonic(found: Subsets, sizes: Floats) -> npt.NDArray[np.float64]:
    """The harmonic mean of n of each subset, in chunks."""
    out = np.empty(len(found.size))
    for start in range(0, len(out), 1 << 14):
        part = slice(start, start + (1 << 14))
        out[part] = found.size[part] / (found.members(part) @ (1 / sizes))
    return out
