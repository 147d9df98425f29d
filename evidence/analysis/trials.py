"""trial(): a review's trial arms against their own controls; trial_rows(): the same of bare counts.

Only randomised contrasts are here: single arms are never mixed with them. Each stands by itself, with its difference, ratio and
odds ratio; independent ones of one time are pooled, and their patients count once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from evidence.analysis.about import about_counts, about_review
from evidence.analysis.notices import alarms, notices_of, retracted
from evidence.analysis.pooling import version
from evidence.analysis.results import Result
from evidence.errors import NotPossible, OptionError
from evidence.review.arm_counts import ArmRow
from evidence.review.choice import Window
from evidence.review.names import listed
from evidence.review.randomised import Randomised, randomised
from evidence.review.schema import LAST_VISIT, near
from evidence.review.selection import resolve
from evidence.review.tables import Review
from evidence.synthesis.arms.pooling import ArmOptions, PooledArms, check_arm_options, pool_with
from evidence.synthesis.arms.tables import as_arms
from evidence.synthesis.comparison import DIFFERENCES, TESTS, compare_proportions
from evidence.synthesis.results import Comparison

READ_AS = ("risk-difference", "risk-ratio", "odds-ratio")
"""The measures a trial is shown by, and a pool where its model has them."""

PANEL = ("mantel-haenszel", "random", "common", "peto", "hypergeometric")
"""What others may have used instead, each at its own defaults."""


class TrialRow(NamedTuple):
    """One randomised contrast: both arms' counts with where they come from, and what they say.

    `pooled` says whether it enters the pool of its time, `why` why it does not; `weight` is its share, None where the model
    has none. `state` is the worse of the two arms', "" for counts typed in.
    """

    study: str
    label: str
    arm: str
    control: str
    subgroup: str
    weeks: float | None
    when: str
    events: int
    n: int
    events_control: int
    n_control: int
    state: str
    source: str
    locator: str
    comparison: Comparison
    pooled: bool = True
    why: str = ""
    weight: float | None = None
    notes: tuple[str, ...] = ()
    also: str = ""

    @property
    def name(self) -> str:
        """What the row is called beside others."""
        return ", ".join(filter(None, (self.label, self.subgroup, self.also)))


class Refused(NamedTuple):
    """A model that these counts cannot support, and why."""

    model: str
    measure: str
    reason: str


class TrialPool(NamedTuple):
    """The independent contrasts of one time together: `results` by measure, the one asked for first, and the panel.

    Where the leading model supports no finite effect, `results` holds why instead.
    """

    when: str
    weeks: float | None
    studies: tuple[str, ...]
    results: tuple[PooledArms | Refused, ...]
    panel: tuple[PooledArms | Refused, ...] = ()

    @property
    def leading(self) -> PooledArms | None:
        """The pool by the measure asked for; None where there is none."""
        first = self.results[0]
        return first if isinstance(first, PooledArms) else None


@dataclass(frozen=True)
class Trials(Result):
    """Everything `evidence trial` shows: each contrast in `trials`, and in `pools` those of one time together."""

    trials: tuple[TrialRow, ...] = ()
    pools: tuple[TrialPool, ...] = ()

    @property
    def leading(self) -> PooledArms | None:
        """The first pool by the measure asked for, if independent trials report one time."""
        return self.pools[0].leading if self.pools else None


def trial(
    review: Review,
    outcome: str | None = None,
    *,
    analysis: str | None = None,
    arm: str | None = None,
    weeks: Window | float | str | None = None,
    where: str | None = None,
    subgroups: bool = False,
    exclude_retracted: bool = False,
    measure: str = "odds-ratio",
    model: str = "mantel-haenszel",
    tau2: str = "reml",
    ci: str | None = None,
    prediction: str = "t",
    effects: str = "random",
    zero_cells: str = "only-zero",
    double_zeros: bool = False,
    corrected: bool = False,
    continuity: bool = True,
    test: str = "fisher",
    difference: str = "newcombe",
    level: float = 0.95,
) -> Trials:
    """The trial arms of an outcome against their own controls, and the pool of independent trials of one time.

    `arm` is the treated arm to take, `weeks` a week, a window or "last visit", `where` a condition both arms' rows meet;
    `subgroups` shows parts of the patients as well, which are never pooled. The pool's options are those of `pool_arms`;
    `test` and `difference` those of `compare`. `analysis` and `exclude_retracted` select as in `pool`.

    Raises OptionError for a name that does not exist, NotPossible where no trial has both arms.
    """
    pooling = ArmOptions(
        measure, model, tau2, ci, prediction, effects, zero_cells, double_zeros, corrected,
        continuity=continuity, level=level,
    )  # fmt: skip
    _check(pooling, test, difference)
    spec = resolve(review, outcome, analysis)
    meaning = review.outcomes[spec.outcome]
    rows = review.by_outcome.get(spec.outcome, ())
    arms = dict.fromkeys(row.arm for row in rows if row.arm)
    if arm is not None and arm not in arms:
        raise OptionError("arm", arm, f"{', '.join(arms) or 'none is named'}{near(arm, arms)}")
    notices = notices_of(review)
    window = _window(weeks)
    found = randomised(
        review,
        spec.outcome,
        arm=arm,
        weeks=window,
        where=where,
        subgroups=subgroups,
        barred=retracted(notices) if exclude_retracted else {},
    )
    if not found.found:
        reasons = [f"  {entry.label}: {entry.reason} ({entry.rule})" for entry in found.excluded]
        head = f"no trial has a treated and a control arm for {meaning.label}"
        more = f"; {found.single_arms} reports have single arms: evidence pool" if found.single_arms else ""
        raise NotPossible("\n".join([head + more, *reasons]))
    contrasts = _told_apart([_row(one, test, difference, level) for one in found.found])
    return _result(
        contrasts,
        pooling,
        **about_review(review, spec),
        options={
            "arm": arm,
            "weeks": window,
            "where": where,
            "subgroups": subgroups,
            "exclude_retracted": exclude_retracted,
            **_said(pooling),
            "test": test,
            "difference": difference,
        },
        excluded=found.excluded,
        notes=(*found.warnings, *_single_arms(found.single_arms)),
        warnings=tuple(alarms(contrasts, notices)),  # type: ignore[arg-type]
    )


def trial_rows(
    rows: Sequence[ArmRow],
    *,
    title: str = "",
    measure: str = "odds-ratio",
    model: str = "mantel-haenszel",
    tau2: str = "reml",
    ci: str | None = None,
    prediction: str = "t",
    effects: str = "random",
    zero_cells: str = "only-zero",
    double_zeros: bool = False,
    corrected: bool = False,
    continuity: bool = True,
    test: str = "fisher",
    difference: str = "newcombe",
    level: float = 0.95,
) -> Trials:
    """Bare counts of two arms, typed in or read from a table: each row a trial, all independent; `title` heads the result.

    Options as in `trial`. Raises OptionError for one that is not allowed, NotPossible where there is no row.
    """
    pooling = ArmOptions(
        measure, model, tau2, ci, prediction, effects, zero_cells, double_zeros, corrected,
        continuity=continuity, level=level,
    )  # fmt: skip
    _check(pooling, test, difference)
    if not rows:
        raise NotPossible("no trial is there to compare")
    named = _told_apart(
        [
            TrialRow(
                study=row.study, label=row.study, arm="", control="", subgroup="", weeks=None, when="",
                events=row.events, n=row.n, events_control=row.events_control, n_control=row.n_control,
                state="", source="", locator="",
                comparison=_compared(row.events, row.n, row.events_control, row.n_control, test, difference, level),
            )
            for row in rows
        ]
    )  # fmt: skip
    return _result(
        named,
        pooling,
        **about_counts(title),
        options={**_said(pooling), "test": test, "difference": difference},
    )


# ---- options -------------------------------------------------------------------------------------


def _check(pooling: ArmOptions, test: str, difference: str) -> None:
    check_arm_options(pooling)
    for name, value, allowed in (("test", test, TESTS), ("difference", difference, DIFFERENCES)):
        if value not in allowed:
            raise OptionError(name, value, allowed)


def _said(pooling: ArmOptions) -> dict[str, Any]:
    """The options a user gave, by name."""
    packages_part = ("corrected_difference", "half_totals", "variance")
    return {name: value for name, value in pooling._asdict().items() if name not in packages_part}


def _window(weeks: Window | float | str | None) -> Window | str | None:
    if isinstance(weeks, int | float):
        return float(weeks), float(weeks)
    if isinstance(weeks, str) and weeks != LAST_VISIT:
        raise OptionError("weeks", weeks, f"a week, a window of two, or {LAST_VISIT!r}")
    return weeks


def _single_arms(count: int) -> Iterator[str]:
    if count:
        reports = "1 report has" if count == 1 else f"{count} reports have"
        yield f"{reports} a single arm only, which is never set against a trial's control: evidence pool"


# ---- rows ----------------------------------------------------------------------------------------


def _row(one: Randomised, test: str, difference: str, level: float) -> TrialRow:
    treated, control = one.treated, one.control
    counts = treated.events or 0, treated.n or 0, control.events or 0, control.n or 0
    sources = dict.fromkeys(filter(None, (treated.source, control.source)))
    places = dict.fromkeys(filter(None, (treated.locator, control.locator)))
    return TrialRow(
        study=one.study.study,
        label=one.label,
        arm=treated.arm,
        control=control.arm,
        subgroup=treated.subgroup,
        weeks=treated.weeks if isinstance(treated.weeks, float) else None,
        when=treated.when,
        events=counts[0],
        n=counts[1],
        events_control=counts[2],
        n_control=counts[3],
        state=one.state,
        source="; ".join(sources),
        locator="; ".join(places),
        comparison=_compared(*counts, test, difference, level),
        pooled=one.left is None,
        why=one.left[1] if one.left else "",
        notes=one.notes,
    )


def _compared(
    events: int, n: int, events2: int, n2: int, test: str, difference: str, level: float
) -> Comparison:
    return compare_proportions(events, n, events2, n2, test=test, difference=difference, level=level)


def _told_apart(rows: Sequence[TrialRow]) -> list[TrialRow]:
    """Rows of one name and time get what tells them apart: the arm, the report's key, else a number."""
    named = list(rows)
    for detail in (lambda row: row.arm, lambda row: row.study, None):
        clashes: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, row in enumerate(named):
            clashes[row.name, row.when].append(place)
        for places in clashes.values():
            said = [detail(named[place]) if detail else str(number) for number, place in enumerate(places, 1)]
            if len(places) > 1 and len(set(said)) > 1:
                for place, also in zip(places, said, strict=True):
                    both = ", ".join(filter(None, (named[place].also, also)))
                    named[place] = named[place]._replace(also=both)
    return named


# ---- pools ---------------------------------------------------------------------------------------


def _result(
    rows: Sequence[TrialRow],
    pooling: ArmOptions,
    *,
    notes: Sequence[str] = (),
    **about: Any,
) -> Trials:
    groups: dict[tuple[float | None, str], list[TrialRow]] = defaultdict(list)
    for row in rows:
        if row.pooled:
            groups[row.weeks, "" if row.weeks is not None else row.when].append(row)
    pools = [_pool(members, pooling) for members in groups.values() if len(members) > 1]
    weights = {
        (pool.when, study): weight
        for pool in pools
        if pool.leading is not None and pool.leading.weights is not None
        for study, weight in zip(pool.studies, pool.leading.weights.tolist(), strict=True)
    }
    weighed = [row._replace(weight=weights.get((row.when, row.name))) if row.pooled else row for row in rows]
    said = list(notes)
    unverified = [row.name for row in rows if row.pooled and row.state == "unverified"]
    if unverified:
        said.insert(0, f"Not yet checked against the paper: {listed(list(dict.fromkeys(unverified)))}")
    if not pools and about["review"]:
        said.insert(
            0, "Nothing is pooled: at no time do two trials with patients of their own report this outcome"
        )
    return Trials(
        version=version(), studies=(), trials=tuple(weighed), pools=tuple(pools), notes=tuple(said), **about
    )


def _pool(members: Sequence[TrialRow], pooling: ArmOptions) -> TrialPool:
    arms = as_arms(
        [row.events for row in members],
        [row.n for row in members],
        [row.events_control for row in members],
        [row.n_control for row in members],
    )

    def attempt(options: ArmOptions) -> PooledArms | Refused:
        try:
            return pool_with(arms, options)
        except NotPossible as reason:
            return Refused(options.model, options.measure, str(reason))

    others = [name for name in READ_AS if name != pooling.measure and _possible(pooling.model, name)]
    results = [attempt(pooling._replace(measure=name)) for name in (pooling.measure, *others)]
    base = ArmOptions(
        measure=pooling.measure, level=pooling.level, zero_cells=pooling.zero_cells,
        double_zeros=pooling.double_zeros, prediction=pooling.prediction,
    )  # fmt: skip
    panel = [
        attempt(base._replace(model=name))
        for name in PANEL
        if name != pooling.model and _possible(name, pooling.measure)
    ]
    first = members[0]
    return TrialPool(
        first.when, first.weeks, tuple(row.name for row in members), tuple(results), tuple(panel)
    )


def _possible(model: str, measure: str) -> bool:
    """Whether a model has the measure."""
    if model in ("common", "random", "sample-size"):
        return True
    return measure == "odds-ratio" or (
        model == "mantel-haenszel" and measure in ("risk-ratio", "risk-difference")
    )
