"""Several rows of one cohort: the three-level model, in which rows of a cohort are more alike than others.

    y_ij = mu + u_j + w_ij + e_ij,  var u = between (cohorts), var w = within (rows of a cohort), var e = v_ij known

by restricted or full maximum likelihood (Konstantopoulos 2011, Res Synth Methods 2:61-76; Cheung 2014, Psychol
Methods 19:211-229), as metafor's rma.mv(yi, vi, random = ~ 1 | cohort/row). A cohort's covariance matrix is a diagonal
plus a constant, so its inverse is written down (Sherman and Morrison 1950) and every step is linear in the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, chdtri

from evidence.errors import InputError, NotPossible, OptionError
from evidence.synthesis.clusters.robust import ROBUST, Robust, cluster_robust
from evidence.synthesis.inverse_variance.models import critical
from evidence.synthesis.proportions import MEASURES, as_counts, check_level, harmonic_mean
from evidence.synthesis.results import Fit, Floats, Interval
from evidence.synthesis.roots import bracketed_root

ESTIMATORS = ("reml", "ml")
CI = ("t", "wald")

RELIABLE = 4
"""Degrees of freedom below which a robust interval is not to be relied on (Tipton 2015)."""

_SHARES = (0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.0)  # of the variance that lies between cohorts
_SIZES = 12  # total variances searched
_STARTS = 3  # points of the grid from which the climb starts
_FLAT = 1e-9  # a variance below this share of the scale may be 0
_STEPS = 200
_SAME = 1e-6  # of the model's standard error: a robust one below is rounding
_LARGEST = 1e10  # times the scale: a limit beyond is none

Clusters = npt.NDArray[np.intp]


class Component(NamedTuple):
    """A variance with its profile-likelihood limits, its share of the total (I2) and its test against 0.

    `high` is inf where the likelihood sets no limit. `pvalue` is that of the likelihood-ratio statistic `lrt`, with
    half its weight at 0 since a variance cannot be less.
    """

    variance: float
    low: float
    high: float
    i2: float
    lrt: float
    pvalue: float


class ThreeLevel(NamedTuple):
    """The three-level model on the scale of yi.

    `df` is what the interval's t has, None for the normal quantile. `prediction` is for another row of another
    cohort. `sampling_i2` is what is left to sampling error: it and the components' i2 sum to 1. `q` is Cochran's,
    of all rows. `log_likelihood` is as metafor's logLik.
    """

    k: int
    clusters: int
    estimator: str
    fit: Fit
    df: int | None
    between: Component
    within: Component
    sampling_i2: float
    prediction: tuple[float, float] | None
    q: float
    q_df: int
    q_pvalue: float
    log_likelihood: float
    robust: Robust | None


class ClusterPool(NamedTuple):
    """What `pool_clusters` says, on the 0..1 scale and on the model's.

    `cluster_sizes` are rows a cohort in order of first appearance; `robust` is the same average with the
    cluster-robust interval; `notes` say what the data could not support.
    """

    k: int
    clusters: int
    events: int
    n: int
    measure: str
    level: float
    proportion: Interval
    prediction: Interval | None
    robust: Interval | None
    model: ThreeLevel
    cluster_sizes: tuple[int, ...]
    notes: tuple[str, ...]
    method: str


# ---- the model -----------------------------------------------------------------------------------


def pool_clusters(
    events: npt.ArrayLike,
    n: npt.ArrayLike,
    cluster: Sequence[Any],
    *,
    measure: str = "logit",
    tau2: str = "reml",
    ci: str = "t",
    robust: str = "cr2",
    level: float = 0.95,
) -> ClusterPool:
    """Pool proportions of which several may be of one cohort (times, subgroups), by the three-level model.

    `events` and `n` have shape (k,), `cluster` names the cohort of each row.

    measure   logit, arcsine, double-arcsine, log, raw
    tau2      reml or ml
    ci        t (cohorts - 1 degrees of freedom) or wald
    robust    cr2 (Satterthwaite's degrees of freedom), cr1 (metafor's robust()), cr0, or none: a second interval that
              holds though rows of a cohort be more, or less, alike than the model says
    level     of every interval, 0 to 1

    Raises OptionError and InputError for what cannot be read, NotPossible where fewer than two cohorts, no cohort
    with two rows, or where nobody or everybody responded: no likelihood can tell cohorts from rows then.
    """
    x, sizes = as_counts(events, n)
    if x.ndim != 1:
        raise OptionError("shape of events", x.shape, "(rows,)")
    if measure not in MEASURES:
        raise OptionError("measure", measure, MEASURES)
    if (x == sizes).all() or (x == 0).all():
        who = "everybody" if (x == sizes).all() else "nobody"
        raise NotPossible(
            f"{who} responded in every row: there is nothing to tell cohorts from rows by; "
            "pool one row of each cohort instead, with evidence pool"
        )
    scale = MEASURES[measure]
    yi, vi = scale.effects(x, sizes)
    found = three_level(yi, vi, cluster, estimator=tau2, ci=ci, robust=robust, level=level)
    counts = _sizes(cluster)
    typical = harmonic_mean(sizes)

    def back(estimate: float, low: float, high: float) -> Interval:
        shown = [float(scale.inverse(value, typical)) for value in (estimate, low, high)]
        return Interval(shown[0], shown[1], shown[2], level)

    fit, other = found.fit, found.robust
    centre = float(fit.estimate)
    return ClusterPool(
        k=found.k,
        clusters=found.clusters,
        events=int(x.sum()),
        n=int(sizes.sum()),
        measure=measure,
        level=level,
        proportion=back(centre, float(fit.low), float(fit.high)),
        prediction=None if found.prediction is None else back(centre, *found.prediction),
        robust=None if other is None else back(centre, other.low, other.high),
        model=found,
        cluster_sizes=counts,
        notes=tuple(_notes(x, sizes, found, measure, asked=robust != "none")),
        method=_method(found, measure, level),
    )


def three_level(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    cluster: Sequence[Any],
    *,
    estimator: str = "reml",
    ci: str = "t",
    robust: str = "cr2",
    level: float = 0.95,
) -> ThreeLevel:
    """Fit the model to effects yi with sampling variances vi, shape (k,); options as in `pool_clusters`."""
    for name, value, allowed in (
        ("tau2", estimator, ESTIMATORS),
        ("ci", ci, CI),
        ("robust", robust, (*ROBUST, "none")),
    ):
        if value not in allowed:
            raise OptionError(name, value, allowed)
    check_level(level)
    rows = _rows(yi, vi, cluster)
    k, m = rows.y.size, rows.m
    if m < 2:
        raise NotPossible("all rows are of one cohort: at least two are needed")
    if m == k:
        raise NotPossible(
            "no cohort has more than one row: there is nothing for a three-level model to do; use evidence pool"
        )
    like = Likelihood(rows, restricted=estimator == "reml")
    best = like.maximum()
    mean, total = like.mean(best)
    se = float(np.sqrt(1 / total))
    df = m - 1 if ci == "t" else None
    half = critical(level, df) * se
    spread = critical(level, df) * float(np.sqrt(se**2 + best.sum()))
    typical = _typical_variance(rows.v)
    whole = float(best.sum()) + typical
    between, within = (_component(like, best, place, whole, level) for place in (0, 1))
    centred = rows.y - np.average(rows.y, weights=1 / rows.v)
    q = float((centred**2 / rows.v).sum())
    sandwich = None
    if robust != "none":
        sandwich = cluster_robust(
            rows.y, rows.v + best[1], rows.place, between=float(best[0]), kind=robust, level=level
        )
    if sandwich is not None and not sandwich.se > _SAME * se:
        sandwich = None  # every cohort has the same average: no spread of cohorts to go by
    return ThreeLevel(
        k=k,
        clusters=m,
        estimator=estimator,
        fit=Fit(mean, se, mean - half, mean + half),
        df=df,
        between=between,
        within=within,
        sampling_i2=typical / whole,
        prediction=(mean - spread, mean + spread) if m > 2 else None,
        q=q,
        q_df=k - 1,
        q_pvalue=float(chdtrc(k - 1, q)),
        log_likelihood=like.value(best) + like.constant,
        robust=sandwich,
    )


def _component(like: Likelihood, best: Floats, place: int, whole: float, level: float) -> Component:
    low, high = like.limits(best, place, level)
    without = like.value(like.held(place, 0.0))
    lrt = max(0.0, 2 * (like.value(best) - without)) if best[place] > 0 else 0.0
    pvalue = float(chdtrc(1, lrt)) / 2 if lrt > 0 else 1.0
    return Component(float(best[place]), low, high, float(best[place]) / whole, lrt, pvalue)


def _typical_variance(v: Floats) -> float:
    """Higgins and Thompson's typical sampling variance (2002, Stat Med 21:1539-1558, eq. 9)."""
    w = 1 / v
    return float((v.size - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum()))


# ---- the likelihood ------------------------------------------------------------------------------


class Rows(NamedTuple):
    """Effects, variances, and the cohort of each as a number from 0; `m` cohorts."""

    y: Floats
    v: Floats
    place: Clusters
    m: int


def _rows(yi: npt.ArrayLike, vi: npt.ArrayLike, cluster: Sequence[Any]) -> Rows:
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    if y.ndim != 1 or y.shape != v.shape or y.size != len(cluster):
        raise OptionError("shape of cluster", (len(cluster),), f"that of the rows, {y.shape}")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        raise InputError("effects must be finite, and their variances above 0")
    numbers: dict[Any, int] = {}
    index = np.array([numbers.setdefault(name, len(numbers)) for name in cluster], dtype=np.intp)
    return Rows(y, v, index, len(numbers))


def _sizes(cluster: Sequence[Any]) -> tuple[int, ...]:
    counts: dict[Any, int] = {}
    for name in cluster:
        counts[name] = counts.get(name, 0) + 1
    return tuple(counts.values())


class Likelihood:
    """The log-likelihood of (between, within), the mean profiled out, with its derivatives. All sums, O(k)."""

    def __init__(self, rows: Rows, *, restricted: bool) -> None:
        self.rows, self.restricted = rows, restricted
        k = rows.y.size
        self.constant = -0.5 * (k - restricted) * float(np.log(2 * np.pi))
        if restricted:
            self.constant += 0.5 * float(np.log(k))  # metafor's REMLf: the determinant of X'X
        self.scale = float(rows.y.var() + np.median(rows.v))

    def _by_cluster(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.rows.place, values, self.rows.m))

    def mean(self, theta: Floats) -> tuple[float, float]:
        """The weighted mean and its precision."""
        w = 1 / (self.rows.v + theta[1])
        a = self._by_cluster(w)
        shrunk = 1 / (1 + theta[0] * a)
        total = float((a * shrunk).sum())
        return float((self._by_cluster(w * self.rows.y) * shrunk).sum()) / total, total

    def value(self, theta: Floats) -> float:
        """The log-likelihood without its constant."""
        y, v, _, _ = self.rows
        mean, total = self.mean(theta)
        d = v + theta[1]
        e = y - mean
        a, b = self._by_cluster(1 / d), self._by_cluster(e / d)
        inflated = 1 + theta[0] * a
        quadratic = float((e * e / d).sum() - theta[0] * (b * b / inflated).sum())
        log_det = float(np.log(d).sum() + np.log(inflated).sum())
        return -0.5 * (log_det + quadratic + (np.log(total) if self.restricted else 0.0))

    def slope(self, theta: Floats) -> Floats:
        """Its derivatives in (between, within): half of y'PV_iPy - tr(PV_i)."""
        return self._slope_and_pull(theta)[0]

    def _slope_and_pull(self, theta: Floats) -> tuple[Floats, Floats]:
        y, v, index, _ = self.rows
        mean, total = self.mean(theta)
        d = v + theta[1]
        a = self._by_cluster(1 / d)
        inflated = 1 + theta[0] * a
        pull = self._solve(y - mean, theta)
        weight = 1 / (d * inflated[index])  # row sums of the inverse
        traces = np.array(
            [
                (a / inflated).sum(),
                (1 / d).sum() - theta[0] * (self._by_cluster(1 / d**2) / inflated).sum(),
            ]
        )
        if self.restricted:
            traces -= np.array([(self._by_cluster(weight) ** 2).sum(), (weight**2).sum()]) / total
        squares = np.array([(self._by_cluster(pull) ** 2).sum(), (pull**2).sum()])
        return 0.5 * (squares - traces), pull

    def _solve(self, e: Floats, theta: Floats) -> Floats:
        """The inverse covariance times e."""
        d = self.rows.v + theta[1]
        a, b = self._by_cluster(1 / d), self._by_cluster(e / d)
        return np.asarray((e - (theta[0] * b / (1 + theta[0] * a))[self.rows.place]) / d)

    def information(self, theta: Floats) -> Floats:
        """The average information of the two variances (Gilmour, Thompson and Cullis 1995): half y'PV_iPV_jPy."""
        _, pull = self._slope_and_pull(theta)
        moved = (self._by_cluster(pull)[self.rows.place], pull)
        weight = self._solve(np.ones_like(pull), theta)
        total = weight.sum()
        projected = []
        for each in moved:
            solved = self._solve(each, theta)
            projected.append(solved - weight * (solved.sum() / total))
        return 0.5 * np.array([[first @ second for second in projected] for first in moved])

    # ---- maxima ----

    def maximum(self) -> Floats:
        """The highest point over both variances: climbs from the best points of a grid."""
        sizes = np.concatenate([[0.0], self.scale * np.logspace(-6, 1.5, _SIZES)])
        grid = [np.array([share * size, (1 - share) * size]) for size in sizes for share in _SHARES]
        grid.sort(key=self.value, reverse=True)
        return max((self._climb(start) for start in _apart(grid)), key=self.value)

    def _climb(self, start: Floats) -> Floats:
        """From a start to the maximum beside it, by Newton steps with the average information, held at 0 or more."""
        theta, height = start.copy(), self.value(start)
        for _ in range(_STEPS):
            slope, information = self.slope(theta), self.information(theta)
            free = (theta > 0) | (slope > 0)
            step = np.zeros(2)
            if free.any():
                part = information[np.ix_(free, free)]
                ridge = 1e-12 * np.trace(part) * np.eye(int(free.sum()))
                step[free] = np.linalg.lstsq(part + ridge, slope[free], rcond=None)[0]
            size, moved = 1.0, False
            while size > 1e-12:
                trial = np.maximum(theta + size * step, 0.0)
                above = self.value(trial)
                if above > height:
                    moved = bool(np.abs(trial - theta).max() > 1e-15 * self.scale)
                    theta, height = trial, above
                    break
                size /= 2
            if not moved:
                break
        return self._polished(theta)

    def _polished(self, theta: Floats) -> Floats:
        """To the root of the derivatives: differences of heights stop telling points apart long before."""
        for _ in range(20):
            before = theta
            for place in (0, 1):
                if theta[place] <= _FLAT * self.scale:
                    at_zero = theta.copy()
                    at_zero[place] = 0.0
                    if self.slope(at_zero)[place] <= 0:
                        theta = at_zero
            free = theta > 0
            if not free.any():
                break
            jacobian = self._hessian(theta)[np.ix_(free, free)]
            try:
                step = np.linalg.solve(jacobian, self.slope(theta)[free])
            except np.linalg.LinAlgError:
                break
            trial = theta.copy()
            trial[free] -= step
            if (trial < 0).any() or not np.isfinite(trial).all():
                break
            if np.abs(self.slope(trial)[free]).sum() >= np.abs(self.slope(theta)[free]).sum():
                break
            theta = trial
            if np.abs(theta - before).max() <= 1e-14 * self.scale:
                break
        return theta

    def _hessian(self, theta: Floats) -> Floats:
        """Second derivatives, by central differences of the first."""
        columns = []
        for place in (0, 1):
            h = np.zeros(2)
            h[place] = 1e-5 * max(theta[place], 1e-3 * self.scale)
            low = np.maximum(theta - h, 0.0)
            columns.append((self.slope(theta + h) - self.slope(low)) / ((theta + h - low)[place]))
        return np.stack(columns, axis=1)

    def held(self, place: int, value: float) -> Floats:
        """The highest point with one variance held at a value."""
        other = 1 - place

        def at(free: float) -> Floats:
            theta = np.empty(2)
            theta[place], theta[other] = value, free
            return theta

        sizes = np.concatenate([[0.0], self.scale * np.logspace(-8, 2, 24)])
        heights = [self.value(at(size)) for size in sizes]
        best = int(np.argmax(heights))

        def slope(free: Floats) -> Floats:
            return np.array([self.slope(at(float(free[0])))[other]])

        left, right = sizes[max(best - 1, 0)], sizes[min(best + 1, sizes.size - 1)]
        if best == 0 and slope(np.zeros(1))[0] <= 0:
            return at(0.0)
        return at(float(bracketed_root(slope, np.array([left]), np.array([right]))[0]))

    def limits(self, best: Floats, place: int, level: float) -> tuple[float, float]:
        """Where the profile likelihood of one variance has fallen by half a chi-square quantile."""
        target = self.value(best) - float(chdtri(1, 1 - level)) / 2

        def excess(value: Floats) -> Floats:
            return np.array([self.value(self.held(place, float(value[0]))) - target])

        peak = np.array([best[place]])
        zero = np.zeros(1)
        low = 0.0 if excess(zero)[0] >= 0 else float(bracketed_root(excess, zero, peak, rtol=1e-9)[0])
        reach = np.array([max(2 * best[place], 0.1 * self.scale)])
        while excess(reach)[0] > 0:
            reach = reach * 4
            if reach[0] > _LARGEST * self.scale:
                return low, float("inf")
        return low, float(bracketed_root(excess, peak, reach, rtol=1e-9)[0])


def _apart(points: Sequence[Floats]) -> list[Floats]:
    """The first few of the points that lie on different sides: mostly between, mostly within, or both."""
    starts: list[Floats] = []
    kinds: set[int] = set()
    for point in points:
        total = point.sum()
        kind = 0 if total == 0 else 1 + int(np.digitize(point[0] / total, (0.05, 0.95)))
        if kind not in kinds:
            kinds.add(kind)
            starts.append(point)
        if len(starts) == _STARTS:
            break
    return starts


# ---- in words ------------------------------------------------------------------------------------


def _method(found: ThreeLevel, measure: str, level: float) -> str:
    kind = "REML" if found.estimator == "reml" else "ML"
    interval = "normal" if found.df is None else f"t({found.df})"
    said = (
        f"three-level random-effects model on the {measure} scale (k = {found.k} rows of {found.clusters} cohorts; "
        f"variances by {kind}, their intervals by profile likelihood; {interval} interval)"
    )
    if found.robust is not None:
        said += f"; cluster-robust interval {found.robust.name} with t({found.robust.df:.3g})"
    return said


def _notes(x: Floats, n: Floats, found: ThreeLevel, measure: str, *, asked: bool) -> list[str]:
    said = []
    edges = int(((x == 0) | (x == n)).sum())
    if edges and measure in ("logit", "log", "raw"):
        said.append(
            f"{edges} of {found.k} rows have no responder or no non-responder: 0.5 was added to them, and near 0 and "
            "100 % such averages are biased and their intervals too narrow."
        )
    if found.clusters < 5:
        said.append(
            f"{found.clusters} cohorts hardly inform how much cohorts differ; both intervals rest on that."
        )
    if found.between.variance == 0 and found.within.variance == 0:
        said.append("Both variances are estimated as 0: the average is that of a common-effect model.")
    if found.robust is None and asked:
        said.append(
            "All cohorts have the same average: a cluster-robust interval would have no width, and is left out."
        )
    if found.robust is not None and found.robust.df < RELIABLE:
        said.append(
            f"The robust interval has {found.robust.df:.2g} degrees of freedom; below 4 it is not to be relied on "
            "(Tipton 2015)."
        )
    said.append(
        "Sampling errors of rows of one cohort are taken as independent; those of the same patients at several times "
        "are not, which the robust interval allows for and the model's does not."
    )
    return said
