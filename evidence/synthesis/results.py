"""The frozen values that synthesis returns. No computation here, only names, shapes and units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from evidence.shown import Displayed

Floats: TypeAlias = npt.NDArray[np.float64]
Number: TypeAlias = Any
"""A float; for a batch of B tables an array of shape (B,), nan where a table has no such value."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between two limits, on the natural scale of what it estimates.

    `level` is the confidence (or credible) level, 0 to 1. In a batch each of
    estimate, low and high is an array of shape (B,).
    """

    estimate: Number
    low: Number
    high: Number
    level: float = 0.95

    def __iter__(self) -> Iterator[Number]:
        return iter((self.estimate, self.low, self.high))

    def __format__(self, spec: str) -> str:
        """`f"{interval:.1%}"` prints estimate and limits together: 50.0% [20.0%, 80.0%]."""
        if np.ndim(self.estimate):
            rows = zip(self.estimate, self.low, self.high, strict=True)
            return "\n".join(format(Interval(*row, self.level), spec) for row in rows)
        return f"{self.estimate:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"

    def __str__(self) -> str:
        return format(self, ".4f")


@dataclass(frozen=True, slots=True)
class Fit:
    """The pooled value on the model scale (logit unless the measure says otherwise)."""

    estimate: Number
    se: Number
    low: Number
    high: Number


@dataclass(frozen=True)
class Heterogeneity:
    """How much the studies differ.

    `tau2` is a variance on the model scale (0 where a common-effect model assumes
    it); its interval `tau2_low`, `tau2_high` is computed when first asked for, and
    None where the model has none, and `tau2_ci` names it. `i2` is a fraction, 0 to 1, and `i2_kind` names
    its definition: "Q" for (Q - df)/Q, "tau2" for tau2 / (tau2 + a typical sampling variance). `lrt` and `lrt_pvalue` test tau2 = 0 (or
    overdispersion = 0) by likelihood ratio, where a likelihood was maximised; `q_lrt` and `q_lrt_pvalue` one common
    proportion against one a study (binomial and beta-binomial models only).
    `overdispersion`, 0 to 1, is the beta-binomial model's in place of tau2.
    """

    tau2: Number
    i2: Number
    i2_low: Number
    i2_high: Number
    i2_kind: str
    h2: Number
    q: Number
    df: int
    pvalue: Number
    lrt: Number = None
    lrt_pvalue: Number = None
    q_lrt: Number = None
    q_lrt_pvalue: Number = None
    overdispersion: Number = None
    overdispersion_low: Number = None
    overdispersion_high: Number = None
    tau2_ci: str | None = None
    tau2_limits: Callable[[], tuple[Number, Number]] = field(
        default=lambda: (None, None), repr=False, compare=False
    )

    @cached_property
    def _limits(self) -> tuple[Number, Number]:
        return self.tau2_limits()

    @property
    def tau2_low(self) -> Number:
        return self._limits[0]

    @property
    def tau2_high(self) -> Number:
        return self._limits[1]

    @property
    def h2_low(self) -> Number:
        """H2 = 1 / (1 - I2), in its limits too."""
        return None if self.i2_low is None else 1 / (1 - self.i2_low)

    @property
    def h2_high(self) -> Number:
        return None if self.i2_high is None else 1 / (1 - self.i2_high)


@dataclass(frozen=True)
class Pooled(Displayed):
    """What a pool of proportions says, and how it was reached.

    `proportion` is the headline on the 0..1 scale: for the binomial and Bayes
    models the *median* proportion over studies; `average` is the population
    average beside it (None where the model has no such thing). `exact` is the
    Clopper-Pearson interval of the summed counts: it always exists, and speaks
    of these studies only. `fit`, `heterogeneity` and `prediction` are None
    where the data cannot support them; `notes` then says why.

    In a batch of B tables, `events`, `n` are arrays (B,), `model`, `method` and
    `notes` are tuples of length B, and every Interval holds arrays (B,);
    `measure`, `tau2_estimator`, `ci` and `df` are what all tables share, or
    tuples of length B where they differ.
    """

    k: int
    events: Number
    n: Number
    requested: str
    model: Any
    measure: Any
    tau2_estimator: Any
    ci: Any
    df: Number
    level: float
    proportion: Interval
    exact: Interval
    average: Interval | None = None
    fit: Fit | None = None
    heterogeneity: Heterogeneity | None = None
    weights: Floats | None = None
    notes: tuple[Any, ...] = ()
    method: Any = ""
    study_events: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    study_n: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    interval: str = "exact"
    average_above: Callable[[float], float] | None = field(default=None, repr=False)
    predicted: Callable[[], Interval | None] = field(default=lambda: None, repr=False, compare=False)

    @cached_property
    def prediction(self) -> Interval | None:
        """Where another study may lie; by the posterior it takes longer than all the rest, so only when asked for."""
        return self.predicted()

    def probability_above(self, proportion: float) -> float | None:
        """The posterior probability that the average over studies exceeds `proportion`; None without a Bayes model."""
        return None if self.average_above is None else self.average_above(proportion)

    @property
    def studies(self) -> Interval:
        """Each study's own interval, arrays of the counts' shape; computed when asked for."""
        from evidence.synthesis.proportions import proportion_interval

        return proportion_interval(self.study_events, self.study_n, method=self.interval, level=self.level)


@dataclass(frozen=True, slots=True)
class Comparison(Displayed):
    """Two proportions beside each other: first minus second, first over second, odds ratio.

    difference         first minus second, -1 to 1
    ratio, odds_ratio  first over second; None where there is none at all
    difference_method, ratio_method, odds_ratio_method  how each interval was made, in the options' words
    test, pvalue       of equal proportions, two-sided; None where none was made
    notes              why something is missing or not finite, in words

    An estimate or limit that does not exist (a ratio with 0 events below) is None with a sentence in `notes`.
    """

    difference: Interval
    difference_method: str
    ratio: Interval | None
    ratio_method: str | None
    odds_ratio: Interval | None
    odds_ratio_method: str | None
    test: str | None
    pvalue: float | None
    notes: tuple[str, ...] = ()
