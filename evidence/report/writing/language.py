"""What a language must be able to say. The numbers are chosen elsewhere, once, so that every language says the same ones.

A sentence that compares groups says in itself what the comparison can bear, and carries no word for "better".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from evidence.analysis.results import Result, StudyRow
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.numbers import known
from evidence.synthesis.results import Heterogeneity, Interval, Pooled


class Passage(NamedTuple):
    """A claim with everything that qualifies it: kept whole or dropped whole. The higher `rank`, the sooner it goes.

    Rank 0 is never dropped. `short` says the same in fewer words, with the same qualifications. `shared` are further
    qualifications that other passages have too: they are said with the first that stays.
    """

    rank: int
    text: str
    short: str = ""
    shared: tuple[str, ...] = ()


class Beside(NamedTuple):
    """A reference's row beside one side of a comparison: who, when, its counts, and the difference from it."""

    name: str
    cite: str
    when: str
    events: int
    n: int
    share: str
    gap: str
    """The difference in percentage points, with its sign."""
    ci: str
    holds_zero: bool
    test: str
    """The name of the test, "" without one."""
    p: str


class Language(ABC):
    """One language's phrases. Arguments that are text have been cleaned, and their numbers written in this language."""

    code: str

    # ---- numbers -----------------------------------------------------------------------------------

    def figure(self, text: str) -> str:
        """A number as this language prints it."""
        return text

    def share(self, value: float, digits: int) -> str:
        """A percentage without its sign: "45.8"."""
        return self.figure(numbers.brief(value, digits))

    def points(self, value: float, digits: int) -> str:
        """A difference of percentages, with its sign."""
        return self.figure(numbers.points(value, digits, sign=True))

    def pvalue(self, p: float) -> str:
        """ "p = 0.011"."""
        return self.figure(numbers.pvalue(p))

    def plain(self, value: float) -> str:
        """A number to three figures."""
        return self.figure(numbers.plain(value))

    def span(self, low: str, high: str) -> str:
        """ "54.1 to 100"."""
        return f"{low} {self.to} {high}"

    to: str

    def limits(self, interval: Interval, digits: int, kind: str = "ci") -> str:
        """ "95 % CI 54.1 to 100"; `kind` is ci, exact or credible."""
        low, high = self.share(interval.low, digits), self.share(interval.high, digits)
        return f"{self.level(interval.level, kind)} {self.span(low, high)}"

    @abstractmethod
    def level(self, level: float, kind: str = "ci") -> str:
        """ "95 % CI"."""

    @abstractmethod
    def count(self, number: int, *, feminine: bool = False) -> str:
        """Small numbers as words."""

    @abstractmethod
    def listed(self, items: Sequence[str]) -> str:
        """ "a, b and c"."""

    # ---- names -------------------------------------------------------------------------------------

    def name(self, row: StudyRow) -> str:
        """A row in a sentence, without its time."""
        if row.role == "ours":
            return self.present
        return clean(", ".join(filter(None, (self.arm(row), row.also))))

    present: str
    """What our own series is called."""

    @abstractmethod
    def arm(self, row: StudyRow) -> str:
        """ "Trial 2", or "the placebo arm of Trial 2"."""

    @abstractmethod
    def time(self, when: str) -> str:
        """ "at week 12", "at the last visit (9 to 43 weeks)"; "" where no time is known."""

    @abstractmethod
    def differing(self, what: str) -> str:
        """What differs, by its name in the tables: "missing data"."""

    # ---- results -----------------------------------------------------------------------------------

    @abstractmethod
    def one_side(
        self, result: Result, who: str, outcome: str, events: int, n: int, when: str, share: str, ci: str
    ) -> str:
        """A row's count; `share` is "" in a short sentence."""

    @abstractmethod
    def beside(self, result: Result, rows: Sequence[Beside], kind: str, *, short: bool = False) -> str:
        """References beside our counts, in one sentence, with what the comparison can bear."""

    @abstractmethod
    def bearing(self, kind: str) -> str:
        """What a comparison can bear: randomised, naive, or "" where only counts are known."""

    @abstractmethod
    def alone(self, name: str) -> str:
        """No comparison, for want of a checked reference."""

    @abstractmethod
    def unchecked_lead(self, name: str) -> str:
        """The row that would lead has not been checked."""

    @abstractmethod
    def pool(
        self, result: Result, pooled: Pooled, outcome: str, others: bool, counts: str, model: str
    ) -> str:
        """A pool: its counts with their exact interval in `counts`, the model's answer in `model` or ""."""

    @abstractmethod
    def counted(self, share: str, ci: str) -> str:
        """ "45.8 %, exact 95 % CI ..." behind summed counts."""

    @abstractmethod
    def modelled(self, pooled: Pooled, share: str, ci: str) -> str:
        """What the model says beside the counts."""

    @abstractmethod
    def prediction(self, level: float, low: str, high: str) -> str:
        """Where a further series may lie."""

    @abstractmethod
    def assumption(self, model: str) -> str:
        """What a model speaks of; "" where nothing needs be said."""

    @abstractmethod
    def all_or_none(self, result: Result, *, everyone: bool, bayes: bool) -> str:
        """All, or none, responded in every series."""

    @abstractmethod
    def unverified(self, some: int, total: int, names: Sequence[str]) -> str:
        """Counts that nobody has checked."""

    @abstractmethod
    def unchecked(self, name: str) -> str:
        """One count that nobody has checked."""

    @abstractmethod
    def secondary(self, names: Sequence[str]) -> str:
        """Counts from a secondary source."""

    @abstractmethod
    def note(self, text: str) -> str:
        """A note of the engine, in this language."""

    @abstractmethod
    def warning(self, text: str) -> str:
        """A warning that must be read before anything else."""

    def heterogeneity(self, found: Heterogeneity, level: float) -> str:
        """tau², I², Q: what is known of them; "" for nothing."""

        def within(low: str, high: str) -> str:
            return f" ({self.level(level)} {self.span(low, high)})"

        said, parts = self.heterogeneous, list[str]()
        if known(found.tau2) and (found.tau2 > 0 or known(found.tau2_high)):
            limits = ""
            if known(found.tau2_low) and known(found.tau2_high):
                limits = within(self.plain(found.tau2_low), self.plain(found.tau2_high))
            parts.append(said["tau2"].format(self.plain(found.tau2)) + limits)
        if known(found.overdispersion):
            limits = within(self.plain(found.overdispersion_low), self.plain(found.overdispersion_high))
            parts.append(said["overdispersion"].format(self.plain(found.overdispersion)) + limits)
        if known(found.i2):
            limits = ""
            if known(found.i2_low) and known(found.i2_high):
                limits = within(f"{100 * found.i2_low:.0f}", f"{100 * found.i2_high:.0f}")
            parts.append(said["i2"].format(f"{100 * found.i2:.0f}") + limits)
        if known(found.q):
            p = f", {self.pvalue(float(found.pvalue))}" if known(found.pvalue) else ""
            parts.append(said["q"].format(self.plain(found.q), found.df) + p)
        return said[""].format(self.listed(parts)) if parts else ""

    heterogeneous: Mapping[str, str]
    """What is said of each, and the sentence around it all."""

    @abstractmethod
    def not_alike(self) -> str:
        """Not shown to differ is not shown to be alike."""

    @abstractmethod
    def series(self, rows: Sequence[tuple[str, str, str, str]]) -> str:
        """Each series: name, counts, share, interval."""

    @abstractmethod
    def ranging(self, k: int, low: str, high: str) -> str:
        """Too many series to name: from the lowest to the highest."""

    @abstractmethod
    def groups(self, by: str, rows: Sequence[tuple[str, str, str, str]], p: str, df: int | None) -> str:
        """Each group: name, counts, share, interval; then the test, if there is one."""

    @abstractmethod
    def pool_beside(self, name: str, when: str, gap: str, ci: str, holds_zero: bool) -> str:
        """The pool minus a reference."""

    @abstractmethod
    def row_minus(self, gap: str, ci: str, holds_zero: bool) -> str:
        """A row minus a pool, after both have been told."""

    @abstractmethod
    def ratios(self, rows: Sequence[tuple[str, str, str, str]], kind: str) -> str:
        """Ratios to each reference: name, time, ratio, limits."""

    # ---- limitations -------------------------------------------------------------------------------

    @abstractmethod
    def design(self, kind: str, differs: Sequence[str], e_value: str) -> str:
        """How the groups came about, what differs between them, and how little confounding it takes."""

    @abstractmethod
    def hidden(self, result: Result, kind: str, number: int, who: str, bar: str) -> str:
        """How many patients nobody saw turn the test."""

    @abstractmethod
    def no_difference(self) -> str:
        """The counts show no difference to begin with."""

    @abstractmethod
    def elsewhere(self, name: str, when: str, p: str) -> str:
        """Another row of the reference turns the test."""

    @abstractmethod
    def multiverse(self, kept: int | None, total: int, low: str, high: str, *, declared: bool) -> str:
        """How many defensible choices keep the conclusion."""

    @abstractmethod
    def small(self, n: int, low: str, high: str) -> str:
        """Our series is small."""

    @abstractmethod
    def few(self, k: int) -> str:
        """Few series were pooled."""

    @abstractmethod
    def tipping(self, tau: str) -> str:
        """How much series must differ for the pool to meet the reference."""

    @abstractmethod
    def drawer(self, number: float, rate: str) -> str:
        """Unpublished series: about how many, at which true rate."""

    @abstractmethod
    def lost(self, name: str, treated: int, counted: int) -> str:
        """More were treated than counted."""

    @abstractmethod
    def lost_turns(self, result: Result, name: str, events: int, n: int, bar: str) -> str:
        """Drop-outs counted as without the outcome turn the test."""

    @abstractmethod
    def completers(self, name: str) -> str:
        """Only those who stayed on treatment were counted."""

    @abstractmethod
    def bounds(self, reports: int, low: int, high: int, n: int) -> str:
        """Counts known only within bounds."""

    @abstractmethod
    def overlap(self, one: str, other: str, adverb: str) -> str:
        """Two reports may share patients."""

    @abstractmethod
    def retained(self, *, everyone: bool) -> str:
        """Neither matching nor weighting can help a series at 100 or 0 %."""

    @abstractmethod
    def no_reference(self) -> str:
        """There was nothing to compare with."""

    # ---- around --------------------------------------------------------------------------------------

    @abstractmethod
    def nothing(self) -> str:
        """No limitation could be put in numbers."""
