"""sensitivity(): what it would take to turn a conclusion; sensitivity_rows(): the same of bare counts.

A pool is made as `pool` makes it; then its claim, that one rate is higher (or lower) than the reference's, is held against
patients nobody saw, series nobody published, differences between series, confounding and the threshold itself. Each part is
arithmetic of `evidence.synthesis`; here it is only asked of the rows at hand. A part that the data cannot bear is None, and
`notes` says why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from evidence.analysis.multiverse import Multiverse, multiverse, multiverse_rows
from evidence.analysis.notices import notices_of, retracted
from evidence.analysis.pooling import pool, pool_rows
from evidence.analysis.results import WHOLE, Analysis, StudyRow
from evidence.errors import NotPossible, OptionError
from evidence.review.arms import is_control
from evidence.review.bounds import Bounded, bounded_rows
from evidence.review.choice import Selection
from evidence.review.counts import CountRow
from evidence.review.patients import ends
from evidence.review.schema import Score
from evidence.review.selection import resolve, select
from evidence.review.tables import Review
from evidence.shown import Shown
from evidence.synthesis.bayesian.posterior import UnderPrior, over_priors
from evidence.synthesis.comparison import compare_proportions, fisher_pvalue
from evidence.synthesis.doubts.confounding import EValue, e_value, largest_ratio
from evidence.synthesis.doubts.count_bounds import PooledSet, pool_set
from evidence.synthesis.doubts.file_drawer import FileDrawer, file_drawer
from evidence.synthesis.doubts.fragility import DropOuts, Fragility, drop_outs, fragility
from evidence.synthesis.doubts.joint_map import JointMap, joint_map
from evidence.synthesis.doubts.margin import Margin, Measured, response_margin, with_error
from evidence.synthesis.doubts.total import average_limits, correlation, tipping_point
from evidence.synthesis.proportions import proportion_interval
from evidence.synthesis.results import Floats, Interval

TAUS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
"""Of the tipping curve: standard deviations of the series' logits, from none to more than anybody has seen."""

RATES = (0.8, 0.9)
"""True rates beside the reference's for which the file drawer is counted."""


class Claim(NamedTuple):
    """One side's counts against the reference's, and how many hidden patients turn it."""

    name: str
    events: int
    n: int
    fragility: Fragility


class Lost(NamedTuple):
    """A row of which more patients were treated than evaluated, under each way to count the others.

    `intervals` are exact, `pvalues` Fisher's against the reference (None without one), both in the order of `counts`.
    """

    name: str
    treated: int
    counts: DropOuts
    intervals: tuple[Interval, ...]
    pvalues: tuple[float, ...] | None
    required: str


class Tipping(NamedTuple):
    """Limits of the average for each tau of the pool of all series; `crossing` is where the nearer meets `reference`.

    `crossing` is 0.0 where it does so without any heterogeneity, None where it does not by tau = 20.
    """

    taus: Floats
    correlations: Floats
    low: Floats
    high: Floats
    reference: float | None
    crossing: float | None


class Drawer(NamedTuple):
    """Unpublished series to be expected if only series with at least `share` of responders are published.

    `mirrored`: the claim is that fewer had the outcome, and shares and rates are of those without it.
    """

    sizes: tuple[int, ...]
    share: float
    mirrored: bool
    rates: tuple[FileDrawer, ...]


class Bounds(NamedTuple):
    """What the pool can be with the series whose count is only bounded: their rows, and the set of pools.

    `turned` says whether, at the lowest and at the highest counts, Fisher's p against the reference is above
    1 - level; None without a reference.
    """

    rows: tuple[Bounded, ...]
    pools: PooledSet
    turned: tuple[bool, bool] | None


class Confounding(NamedTuple):
    """The risk ratio to the reference, its E-values, and the largest ratio that reference leaves possible."""

    name: str
    ratio: Interval
    e_value: EValue
    largest: float | None


@dataclass(frozen=True)
class Sensitivity(Shown):
    """Everything `evidence sensitivity` shows; a part that the data cannot bear is None or empty.

    analysis     the pool, as `pool` makes it
    reference    the row that leads, None where there is none; then only what needs none is given
    claims       ours, else the pool, first; then each series and the pools: how many hidden patients turn them
    elsewhere    (the reference's other time or arm, the first claim against it, Fisher's p)
    lost         rows of which more patients were treated than evaluated
    tipping      limits of the average for each standard deviation of the series' logits
    drawer       unpublished series to be expected
    joint        hidden patients, unpublished series and dropped patients at once
    confounding  the E-value of the first claim
    margin       responders among our patients at every threshold
    measured     responders by true scores, where `sem` was given; one entry a threshold
    multiverse   every defensible way to make the comparison, and how many keep the conclusion
    bounds       the pool with series whose count is only bounded
    notes        what must be said with the numbers
    method       how they were made, in sentences
    """

    analysis: Analysis
    reference: StudyRow | None
    claims: tuple[Claim, ...]
    elsewhere: tuple[tuple[str, Claim, float], ...]
    lost: tuple[Lost, ...]
    tipping: Tipping | None
    drawer: Drawer | None
    joint: JointMap | None
    confounding: Confounding | None
    margin: Margin | None
    measured: tuple[Measured, ...]
    multiverse: Multiverse | None
    bounds: Bounds | None
    notes: tuple[str, ...]
    method: str

    @cached_property
    def priors(self) -> tuple[UnderPrior, ...]:
        """The pool of all under other priors, where it is the Bayesian model's; worked when first asked for."""
        whole = next((pooled.source for pooled in self.analysis.pooled if pooled.pool == "all"), None)
        if whole is None or whole.model != "bayes":
            return ()
        rows = [row for row in self.analysis.studies if row.role != "reference"]
        return over_priors([row.events for row in rows], [row.n for row in rows], level=self.level)

    @property
    def lead(self) -> Claim | None:
        """Ours where there is such a row, else the pool of all."""
        return self.claims[0] if self.claims else None

    @property
    def level(self) -> float:
        return float(self.analysis.options["level"])


Progress = Callable[[float], None]


def sensitivity(
    review: Review,
    outcome: str | None = None,
    *,
    analysis: str | None = None,
    where: str | None = None,
    weeks: Any = None,
    exclude_retracted: bool = False,
    sem: float | None = None,
    level: float = 0.95,
    progress: Progress | None = None,
) -> Sensitivity:
    """What it would take to turn the comparison of a review's series with its reference.

    `analysis`, `where`, `weeks` and `exclude_retracted` select as in `pool`; errors are its too. `level` is that of every
    interval, 0 to 1. `sem` is the standard error of measurement of the score behind the
    outcome, in its points, from a reliability study. `progress` is called with the share of the joint map done.
    """
    made = pool(
        review,
        outcome,
        analysis=analysis,
        where=where,
        weeks=weeks,
        exclude_retracted=exclude_retracted,
        level=level,
    )
    treated = {study: entry.treated for study, entry in review.studies.items() if entry.treated}
    required = {
        (row.study, row.outcome, row.arm): row.missing_data for row in review.rows if row.missing_data
    }
    said = {row.name: required.get((row.study, made.outcome, row.arm), "") for row in made.studies}
    margin, measured = _margin(review, made, level, sem)
    found = _examined(made, treated, said, progress)
    spec = resolve(review, outcome, analysis)
    several = multiverse(review, spec, level=level) if found.reference else None
    barred = retracted(notices_of(review)) if exclude_retracted else {}
    bounds = _bounds(review, found, select(review, spec, weeks=weeks, where=where, barred=barred), barred)
    return replace(found, margin=margin, measured=measured, multiverse=several, bounds=bounds)


def sensitivity_rows(
    rows: Sequence[CountRow],
    *,
    title: str = "",
    against: CountRow | None = None,
    where: str | None = None,
    level: float = 0.95,
    progress: Progress | None = None,
) -> Sensitivity:
    """The same of counts, typed in or read from a table, under `title`; a column `treated` tells how many were.

    `against` is what they are compared with; without it only what needs no reference is given. `where` is a condition
    on the table's columns. Raises what `pool_rows` raises.
    """
    made = pool_rows(rows, title=title, against=against, where=where, level=level)
    treated = {row.study: _whole(row.extra.get("treated")) for row in rows}
    found = _examined(made, {k: v for k, v in treated.items() if v}, {}, progress)
    return (
        found if against is None else replace(found, multiverse=multiverse_rows(rows, against, level=level))
    )


def _whole(value: object) -> int:
    text = str(value or "").strip()
    return int(text) if text.isascii() and text.isdigit() else 0


# ---- the parts -----------------------------------------------------------------------------------


def _examined(
    made: Analysis,
    treated: dict[str, int],
    required: dict[str, str],
    progress: Progress | None,
) -> Sensitivity:
    level = float(made.options["level"])
    rows = [row for row in made.studies if row.role != "reference"]
    references = [row for row in made.studies if row.role == "reference" and not is_control(row.arm)]
    lead = references[0] if references else None
    notes = list(_standing(rows, lead))
    claims = tuple(_claims(made, rows, lead, level)) if lead else ()
    best = claims[0] if claims else None
    turns = best is not None and best.fragility.pvalue != 0  # else there is nothing to turn
    return Sensitivity(
        analysis=made,
        reference=lead,
        claims=claims,
        elsewhere=tuple(_elsewhere(best, references[1:], level)) if best else (),
        lost=tuple(_lost(rows, treated, required, lead, made.better, level)),
        tipping=_tipping(rows, lead, level, notes),
        drawer=_drawer(rows, lead) if turns or lead is None else None,
        joint=_joint(rows, lead, level, progress) if turns else None,
        confounding=_confounding(best, lead, level) if turns else None,
        margin=None,
        measured=(),
        multiverse=None,
        bounds=None,
        notes=tuple(notes),
        method=METHOD,
    )


METHOD = (
    "Hidden patients are added to the first group and counted until Fisher's two-sided p, Newcombe's interval, the "
    "exact limit or the estimate turns. The tipping curve is the exact limit, given tau, from the total of responders. "
    "Unpublished series are expected at 1/q - 1 for each published one, q being its chance to look as good. Definitions "
    "are this tool's own but for the E-value (VanderWeele and Ding 2017)."
)


def _standing(rows: Sequence[StudyRow], lead: StudyRow | None) -> Iterator[str]:
    """What must be said before any number."""
    if lead is None:
        yield "No reference to compare with: only what needs none is shown. Name one with --against, or in review.toml."
    elif lead.state == "unverified":
        yield f"{lead.name} is not yet checked against its paper, and everything here leans on it."
    if len(rows) == 1:
        yield "One series: how much series differ cannot be asked of it."


def _claims(made: Analysis, rows: Sequence[StudyRow], lead: StudyRow, level: float) -> Iterator[Claim]:
    """Ours, else the pool of all, first; then the other series and pools."""
    found = [
        _claim(row.name, row.events, row.n, lead, level)
        for row in sorted(rows, key=lambda row: row.role != "ours")
    ]
    pools = [
        _claim(pooled.pool, int(pooled.source.events), int(pooled.source.n), lead, level)
        for pooled in made.pooled
        if pooled.source.k > 1 and pooled.pool in WHOLE
    ]
    first = pools.pop(0) if pools and not any(row.role == "ours" for row in rows) else None
    yield from (*([first] if first else []), *found, *pools)


def _claim(name: str, events: int, n: int, other: StudyRow, level: float) -> Claim:
    return Claim(name, events, n, fragility(events, n, other.events, other.n, level=level))


def _elsewhere(
    best: Claim, references: Sequence[StudyRow], level: float
) -> Iterator[tuple[str, Claim, float]]:
    """The same side against the reference's other rows, with Fisher's p."""
    for other in references:
        claim = _claim(best.name, best.events, best.n, other, level)
        yield other.name, claim, fisher_pvalue(best.events, best.n, other.events, other.n)


def _lost(
    rows: Sequence[StudyRow],
    treated: dict[str, int],
    required: dict[str, str],
    lead: StudyRow | None,
    better: str,
    level: float,
) -> Iterator[Lost]:
    """Rows with patients treated and not evaluated, and rows that only took those who stayed on treatment."""
    for row in rows:
        number = treated.get(row.study, 0)
        said = required.get(row.name, "")
        if number <= row.n and not said.startswith("completers"):
            continue
        counts = drop_outs(row.events, row.n, max(number, row.n), better=better)
        intervals = tuple(proportion_interval(x, n, method="exact", level=level) for x, n in counts)
        pvalues = None
        if lead is not None:
            pvalues = tuple(fisher_pvalue(x, n, lead.events, lead.n) for x, n in counts)
        yield Lost(row.name, max(number, row.n), counts, intervals, pvalues, said)


def _tipping(
    rows: Sequence[StudyRow], lead: StudyRow | None, level: float, notes: list[str]
) -> Tipping | None:
    if len(rows) < 2:
        return None
    x, n = (np.array([getattr(row, name) for row in rows], dtype=float) for name in ("events", "n"))
    taus = np.array(TAUS)
    try:
        low, high = average_limits(x, n, taus, level)
        crossing = reference = None
        if lead is not None:
            reference = lead.events / lead.n
            above = x.sum() / n.sum() >= reference
            counts, rate = (x, reference) if above else (n - x, 1 - reference)
            crossing = tipping_point(counts, n, rate, level)
    except NotPossible as reason:
        notes.append(f"No tipping curve: {reason}.")
        return None
    return Tipping(taus, np.array([correlation(tau) for tau in taus]), low, high, reference, crossing)


def _margin(
    review: Review, made: Analysis, level: float, sem: float | None
) -> tuple[Margin | None, tuple[Measured, ...]]:
    """Responders at every threshold among our own patients, where the outcome is a reduction of a score of theirs."""
    rule = review.outcomes[made.outcome].rule
    ours = next((row.study for row in made.studies if row.role == "ours"), None)
    if rule is None or rule.test != "reduction_at_least" or ours is None:
        if sem is not None:
            raise OptionError("sem", sem, "none: the outcome is no reduction of a score of our own patients")
        return None, ()
    courses: dict[str, list[Score]] = defaultdict(list)
    for score in review.scores:
        if score.study == ours and score.score == rule.score:
            courses[score.patient].append(score)
    both = [(first.value, last.value) for first, last in map(ends, courses.values()) if first and last]
    pairs = [(one, two) for one, two in both if one is not None and two is not None and one > 0]
    if not pairs:
        return None, ()
    before, after = zip(*pairs, strict=True)
    margin = response_margin(before, after, level=level)
    if sem is None:
        return margin, ()
    limits = sorted({rule.limit, 0.5, 0.75, 0.9})
    return margin, tuple(with_error(before, after, limit, sem, level=level) for limit in limits)


def _bounds(
    review: Review, found: Sensitivity, selection: Selection, barred: Collection[str]
) -> Bounds | None:
    made, level = found.analysis, found.level
    rows = tuple(one for one in bounded_rows(review, selection) if one.row.study not in barred)
    if not rows:
        return None
    known = [(row.events, row.events, row.n) for row in made.studies if row.role != "reference"]
    every = [*known, *((*row.bounds, row.n) for row in rows)]
    low, high, n = zip(*every, strict=True)
    # what is said of the pools is their average, and its limits by t are those beside the usual interval of the median
    pools = pool_set(low, high, n, ci="t", level=level)
    turned = None
    if found.reference is not None:
        other = found.reference
        least, most = (
            fisher_pvalue(events, pools.n, other.events, other.n) > 1 - level for events in pools.events
        )
        turned = least, most
    return Bounds(rows, pools, turned)


def _drawer(rows: Sequence[StudyRow], lead: StudyRow | None) -> Drawer | None:
    """If only series at least as good as the least of ours are published."""
    events, n = sum(row.events for row in rows), sum(row.n for row in rows)
    rate = lead.events / lead.n if lead is not None else 0.5
    mirrored = events / n < rate
    share = min((row.n - row.events if mirrored else row.events) / row.n for row in rows)
    true = 1 - rate if mirrored else rate
    if share <= true:
        return None  # a series no better than the reference was published: nothing hides the others
    sizes = tuple(row.n for row in rows)
    rates = [true, *(other for other in RATES if other > true + 0.05 and other < 1)]
    if true <= 0:
        rates = rates[1:]
    return Drawer(sizes, share, mirrored, tuple(file_drawer(sizes, at, share=share) for at in rates))


def _joint(
    rows: Sequence[StudyRow], lead: StudyRow | None, level: float, progress: Progress | None
) -> JointMap | None:
    if lead is None:
        return None
    events, n = sum(row.events for row in rows), sum(row.n for row in rows)
    table = (events, n, lead.events, lead.n)
    if events * lead.n < lead.events * n:
        table = (n - events, n, lead.n - lead.events, lead.n)
    elif events * lead.n == lead.events * n:
        return None
    if table[2] == 0:
        return None  # no number of hidden patients takes a limit down to 0
    sizes = [row.n for row in rows]
    return joint_map(*table[:2], sizes, *table[2:], level=level, progress=progress)


def _confounding(best: Claim | None, lead: StudyRow | None, level: float) -> Confounding | None:
    if best is None or lead is None:
        return None
    ratio = compare_proportions(best.events, best.n, lead.events, lead.n, level=level).ratio
    if ratio is None or not ratio.estimate:
        return None
    value = e_value(ratio.estimate, ratio.low, ratio.high)
    return Confounding(best.name, ratio, value, largest_ratio(lead.events / lead.n))
