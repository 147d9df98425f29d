"""Two arms of a trial, study by study: risk difference, risk ratio, odds ratio, arcsine difference, and what to do with zeros.

The first arm is the treated one: differences are treated minus control, ratios treated over control. Ratios live on the
log scale (`yi`, `vi`) and come back by `exp`. A cell without anybody makes a log ratio infinite or a variance 0; each way
out of it is a convention, and each has its name here:

    only-zero       0.5 to all four cells of the studies that have an empty one (Gart & Zweifel 1967, Biometrika 54:181-187)
    if-any          0.5 to all cells of every study, as soon as one study has an empty one
    all             0.5 to all cells of every study
    treatment-arm   to the studies with an empty cell: to each arm's cells its own share of the patients, so that the
                    larger arm gets the larger addition (Sweeting, Sutton & Lambert 2004, Stat Med 23:1351-1375)
    none            nothing is added; studies whose effect is then not finite drop out

A study in which nobody, or everybody, responded in both arms says nothing of a ratio. It is left out of ratios unless
asked for; a difference keeps it, since 0 % and 0 % do not differ by anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evidence.errors import InputError, OptionError
from evidence.synthesis.results import Floats

Bools = npt.NDArray[np.bool_]

ARM_MEASURES: Mapping[str, str] = {
    "odds-ratio": "odds ratio",
    "risk-ratio": "risk ratio",
    "risk-difference": "risk difference",
    "arcsine-difference": "difference of arcsines",
}
"""Word for the option -> what it is called in a sentence."""

RATIOS = ("odds-ratio", "risk-ratio")
ZERO_CELLS = ("only-zero", "if-any", "all", "treatment-arm", "none")


class Arms(NamedTuple):
    """The counts of k studies: events and patients of the treated arm, then of the control arm; arrays (k,)."""

    ai: Floats
    n1i: Floats
    ci: Floats
    n2i: Floats

    @property
    def bi(self) -> Floats:
        return self.n1i - self.ai

    @property
    def di(self) -> Floats:
        return self.n2i - self.ci

    @property
    def total(self) -> Floats:
        return self.n1i + self.n2i

    @property
    def k(self) -> int:
        return len(self.ai)

    def keep(self, rows: Bools) -> Arms:
        """Some of the studies."""
        return Arms(*(values[rows] for values in self))

    @property
    def empty_cell(self) -> Bools:
        """Whether one of the four cells has nobody."""
        return np.asarray((self.ai == 0) | (self.bi == 0) | (self.ci == 0) | (self.di == 0))

    @property
    def no_events(self) -> Bools:
        """Nobody responded in either arm."""
        return np.asarray((self.ai == 0) & (self.ci == 0))

    @property
    def all_events(self) -> Bools:
        """Everybody responded in both arms."""
        return np.asarray((self.bi == 0) & (self.di == 0))

    @property
    def informative(self) -> Bools:
        """Somebody responded and somebody did not, in whichever arm: else a study says nothing of an odds ratio."""
        return np.asarray(~(self.no_events | self.all_events))


class Convention(NamedTuple):
    """What is done about empty cells.

    `double_zeros` keeps studies without any event, or non-event, in a ratio. R's metafor and meta part in two ways, both
    to be had: with `corrected_difference` a risk difference is itself computed from the enlarged counts (metafor), else
    only its variance is (meta); with `half_totals` the risk ratio's denominators grow by one addition instead of two (meta's
    default), so that events and patients grow alike.
    """

    zero_cells: str = "only-zero"
    double_zeros: bool = False
    corrected_difference: bool = False
    half_totals: bool = False
    add: float = 0.5


class Effects(NamedTuple):
    """Effects and their variances on the model scale, arrays (k,); nan where a study is not `used`."""

    yi: Floats
    vi: Floats
    used: Bools
    corrected: Bools


def as_arms(ai: npt.ArrayLike, n1i: npt.ArrayLike, ci: npt.ArrayLike, n2i: npt.ArrayLike) -> Arms:
    """The counts as arrays of one length. Raises InputError for what are no counts."""
    try:
        columns = [np.asarray(values, dtype=float) for values in (ai, n1i, ci, n2i)]
    except (TypeError, ValueError) as error:
        raise InputError(f"counts must be numbers: {error}") from error
    shapes = {column.shape for column in columns}
    if len(shapes) > 1 or columns[0].ndim != 1 or columns[0].size == 0:
        found = ", ".join(str(column.shape) for column in columns)
        raise InputError(f"events and n of both arms must be four rows of the same length, not {found}")
    for name, events, n in (("treated", columns[0], columns[1]), ("control", columns[2], columns[3])):
        whole = np.isfinite(events) & np.isfinite(n) & (events == np.floor(events)) & (n == np.floor(n))
        bad = np.flatnonzero(~(whole & (events >= 0) & (events <= n) & (n >= 1)))
        if bad.size:
            at = int(bad[0])
            raise InputError(
                f"study {at + 1}, {name} arm: {events[at]:g}/{n[at]:g} is not events/n (whole numbers, n from 1, "
                "events no more than n)"
            )
    return Arms(*columns)


def additions(arms: Arms, convention: Convention) -> tuple[Floats, Floats, Bools]:
    """What is added to each cell of the treated and of the control arm, and which studies are changed by it."""
    empty = arms.empty_cell
    where = {
        "only-zero": empty,
        "treatment-arm": empty,
        "if-any": np.full(arms.k, bool(empty.any())),
        "all": np.ones(arms.k, dtype=bool),
        "none": np.zeros(arms.k, dtype=bool),
    }
    if convention.zero_cells not in where:
        raise OptionError("zero_cells", convention.zero_cells, ZERO_CELLS)
    if not (np.isfinite(convention.add) and 0 < convention.add <= 1):
        raise OptionError("add", convention.add, "a number above 0, up to 1")
    changed = where[convention.zero_cells]
    share = np.full(arms.k, 0.5)
    if convention.zero_cells == "treatment-arm":
        share = arms.n1i / arms.total
    scale = 2 * convention.add * changed
    return share * scale, (1 - share) * scale, changed


def uninformative(arms: Arms, measure: str) -> Bools:
    """Studies that say nothing of the measure: for ratios those without events; for odds also those without non-events."""
    if measure == "odds-ratio":
        return ~arms.informative
    return arms.no_events if measure == "risk-ratio" else np.zeros(arms.k, dtype=bool)


def arm_effects(arms: Arms, measure: str, convention: Convention | None = None) -> Effects:
    """yi and vi of each study: logs of ratios, plain differences (of arcsines of roots: Rucker et al. 2009).

    odds-ratio           log(a d / (b c)); 1/a + 1/b + 1/c + 1/d (Woolf 1955, Ann Hum Genet 19:251-253)
    risk-ratio           log(a/n1) - log(c/n2); 1/a - 1/n1 + 1/c - 1/n2 (Katz et al. 1978, Biometrics 34:469-474)
    risk-difference      a/n1 - c/n2; ab/n1^3 + cd/n2^3
    arcsine-difference   asin sqrt(a/n1) - asin sqrt(c/n2); 1/(4 n1) + 1/(4 n2), never corrected (Rucker, Schwarzer,
                         Carpenter & Olkin 2009, Stat Med 28:721-738)

    Raises OptionError for another measure or convention.
    """
    if measure not in ARM_MEASURES:
        raise OptionError("measure", measure, ARM_MEASURES)
    convention = convention or Convention()
    if measure == "arcsine-difference":
        yi = np.arcsin(np.sqrt(arms.ai / arms.n1i)) - np.arcsin(np.sqrt(arms.ci / arms.n2i))
        vi = 1 / (4 * arms.n1i) + 1 / (4 * arms.n2i)
        return Effects(yi, vi, np.ones(arms.k, dtype=bool), np.zeros(arms.k, dtype=bool))
    first, second, corrected = additions(arms, convention)
    a, b, c, d = arms.ai + first, arms.bi + first, arms.ci + second, arms.di + second
    n1, n2 = a + b, c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "odds-ratio":
            yi, vi = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
        elif measure == "risk-ratio":
            if convention.half_totals:
                n1, n2 = n1 - first, n2 - second
            yi, vi = np.log(a / n1) - np.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2
        else:
            raw = arms.ai / arms.n1i - arms.ci / arms.n2i
            yi = a / n1 - c / n2 if convention.corrected_difference else raw
            vi = a * b / n1**3 + c * d / n2**3
    used = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    if not convention.double_zeros:
        used &= ~uninformative(arms, measure)
    corrected = corrected & used
    return Effects(np.where(used, yi, np.nan), np.where(used, vi, np.nan), used, corrected)


def natural(measure: str, value: Floats | float) -> Floats:
    """From the model scale to the one people read: ratios by exp; the rest as it is."""
    return np.asarray(np.exp(value) if measure in RATIOS else value)
