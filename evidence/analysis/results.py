"""What a pool or a comparison is when it is done: rows with their sources, pools, contrasts. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from evidence.review.arms import is_control
from evidence.review.choice import Excluded
from evidence.review.schema import NOT_STATED
from evidence.shown import Shown
from evidence.synthesis.pooling import Plan
from evidence.synthesis.results import Comparison, Heterogeneity, Interval, Pooled

if TYPE_CHECKING:
    from evidence.synthesis.regression.subgroups import SubgroupTest

WHOLE = ("all", "others")
"""Names of the pools of all series and of those that are not ours; what else is pooled is a group."""


NO_TIME = f"time {NOT_STATED}"
"""What `when` says where no time is known: no part of a name, and nothing a sentence need repeat."""


class StudyRow(NamedTuple):
    """One line of the picture: a study's (or a trial arm's) counts with where they come from.

    `role` is "ours", "pooled" or "reference"; `weeks` is None for "last visit"
    and times not stated, `when` says the time in words ("week 12", "last visit
    (9 to 43 weeks)"). `weight` is the share in the pool, 0 to 1, None where the
    model has no weights. `state` is verified, read, secondary, unverified or
    "" (counts typed in by the user). `also` is what tells the row from another
    of the same name, such as its arm.
    """

    study: str
    label: str
    arm: str
    subgroup: str
    weeks: float | None
    when: str
    role: str
    group: str | None
    events: int
    n: int
    weight: float | None
    state: str
    source: str
    locator: str
    scale: str
    proportion: Interval
    notes: tuple[str, ...] = ()
    also: str = ""
    given_weight: float | None = None
    """What the user's column of weights says, in any unit."""

    @property
    def name(self) -> str:
        """What the row is called beside others: a reference has several times, and maybe a control arm."""
        if self.role != "reference":
            return ", ".join(filter(None, (self.label, self.also)))
        called = self.arm if is_control(self.arm) else self.label
        when = "" if self.when == NO_TIME else self.when
        return ", ".join(filter(None, (called, self.also, when)))


@dataclass(frozen=True, eq=False)
class PoolRow:
    """A pool by name: "all", "others" (without ours) or a group's value.

    `source` is the result, or the plan of it: then `result` is fitted when first asked for, while the counts,
    their exact interval and the model's name are there at once.
    """

    pool: str
    source: Pooled | Plan

    @cached_property
    def result(self) -> Pooled:
        return self.source.fit() if isinstance(self.source, Plan) else self.source


class Contrast(NamedTuple):
    """One side (ours, any row, a pool) against another; `differs_in` says what differs besides the numbers.

    `ours` and `against` are the `name` of a study row, or a pool's ("all",
    "others"). `kind` says what the contrast can bear: "randomised" (two arms of
    one trial), "anchored" (not randomised, but each side has a control arm),
    "naive" (neither), or "" where only counts are known.
    """

    ours: str
    against: str
    comparison: Comparison
    differs_in: tuple[str, ...] = ()
    hidden_nonresponders: int | None = None
    kind: str = ""


@dataclass(frozen=True)
class Result(Shown):
    """What every renderer reads, and nothing else: what was asked, the rows, the pools, the contrasts.

    version           of evidence
    review, title     name of the review's folder, and what heads the result; "" for counts
    outcome           its key; `outcome_label`, `definition` and `better` are review.toml's
    analysis          its name in review.toml; "" for counts
    options           every option by name, as it was asked for
    studies           ours, what was pooled, then references
    pooled            the pool of all first, then without ours, then each group
    panel             what other models say; fitted when first asked for
    comparisons       one side against another, the one that leads first
    excluded          reports left out, with rule and reason
    notes             what must be said with the numbers
    """

    version: str
    review: str
    title: str
    outcome: str
    outcome_label: str
    definition: str
    better: str
    analysis: str
    options: Mapping[str, Any]
    studies: tuple[StudyRow, ...]
    pooled: tuple[PoolRow, ...] = ()
    panel: tuple[PoolRow, ...] = ()
    comparisons: tuple[Contrast, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    notes: tuple[str, ...] = ()
    scales: Mapping[str, str] = field(default_factory=dict)
    """Mark letter -> scale, for rows whose scale is not the outcome's own (RCLASI-A)."""
    verb: str = ""
    """What patients with the outcome did, in the past tense; else `better` says it."""
    warnings: tuple[str, ...] = ()
    """What must be read before anything else: a paper that has been retracted."""
    instead: str = ""
    """Why another row leads than the one that was asked for."""


class Analysis(Result):
    """Everything `evidence pool` shows.

    `proportion`, `average`, `prediction` and `heterogeneity` are those of `leading`; see `Pooled` for what each is, and
    for when it is None.
    """

    @property
    def leading(self) -> Pooled:
        """The pool of all studies, which the attributes below read from."""
        return self.pooled[0].result

    @property
    def proportion(self) -> Interval:
        return self.leading.proportion

    @property
    def average(self) -> Interval | None:
        return self.leading.average

    @property
    def prediction(self) -> Interval | None:
        return self.leading.prediction

    @property
    def heterogeneity(self) -> Heterogeneity | None:
        return self.leading.heterogeneity

    @cached_property
    def subgroups(self) -> SubgroupTest | None:
        """Whether the groups differ, tested when first asked for; None where nothing was grouped."""
        if not self.options.get("by"):
            return None
        from evidence.analysis.grouping import subgroup_test  # seldom asked for

        return subgroup_test(self)


class Compared(Result):
    """Everything `evidence compare` shows: one side against each arm and time of the other, the first to lead.

    `difference`, `ratio`, `odds_ratio` and `pvalue` are those of `leading`; see `Comparison`.
    """

    @property
    def leading(self) -> Contrast:
        """The contrast that leads, which the attributes below read from."""
        return self.comparisons[0]

    @property
    def difference(self) -> Interval:
        return self.leading.comparison.difference

    @property
    def ratio(self) -> Interval | None:
        return self.leading.comparison.ratio

    @property
    def odds_ratio(self) -> Interval | None:
        return self.leading.comparison.odds_ratio

    @property
    def pvalue(self) -> float | None:
        return self.leading.comparison.pvalue
