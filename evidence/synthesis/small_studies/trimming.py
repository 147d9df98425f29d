"""Trim and fill: how many studies would have to be missing on one side for the funnel to be symmetric.

Duval & Tweedie 2000, Biometrics 56:455-463, and J Am Stat Assoc 95:89-98. A sensitivity analysis of one mechanism, the
suppression of the most extreme results on one side; not a corrected estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import floor

import numpy as np

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2, generalised_q, weighted_mean
from evidence.synthesis.results import Floats
from evidence.synthesis.small_studies.asymmetry import LEAST, egger

_MOST_ROUNDS = 100
_SAME = 1e-12  # relative: effects closer than this differ by rounding


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The studies with their mirror images: yi and vi hold the k observed ones first, then k0 filled in.

    `side` is where studies are missing; `se` is that of k0, None where its formula has no root; `pvalue` tests
    that none is missing (estimator R0 only).
    """

    k: int
    k0: int
    se: float | None
    side: str
    estimator: str
    pvalue: float | None
    yi: Floats
    vi: Floats
    tau2: float
    q: float


def trim_and_fill(
    yi: Floats,
    vi: Floats,
    *,
    estimator: str = "L0",
    side: str = "auto",
    trim: str = "common",
    tau2: str | None = "reml",
    ties: str = "average",
) -> Trimmed:
    """Trim the most extreme studies of one side until the rest is symmetric, then fill in their mirror images.

    estimator  L0 (linear, the best all round), R0 (the run of extreme ranks; brings a test), Q0 (quadratic)
    side       "left" or "right", where studies are missing; "auto": low values if small studies are higher
    trim       the centre while trimming: "common" (inverse variance without tau2, so that small studies pull
               less; meta's default) or "random" (with tau2 again at each step; metafor, given such a model)
    tau2       the estimator of the random-effects model of observed and filled studies; None for a common one
    ties       ranks of equal distances: "average", whatever the order of studies (meta), or "first" (metafor)

    Raises NotPossible below three studies, where no side can be told, where Q0 has no real value, and where
    trimming goes round in circles.
    """
    for name, value, allowed in (
        ("estimator", estimator, tuple(ESTIMATORS)),
        ("side", side, ("auto", "left", "right")),
        ("trim", trim, ("common", "random")),
        ("ties", ties, ("average", "first")),
    ):
        if value not in allowed:
            raise OptionError(name, value, allowed)
    k = len(yi)
    if k < LEAST:
        raise NotPossible(f"trim and fill needs at least {LEAST} studies; here are {k}")
    if np.ptp(yi) <= _SAME * np.abs(yi).max():
        raise NotPossible("the studies' effects are all the same: none is more extreme than another")
    inner = tau2 if trim == "random" else None
    if side == "auto":
        side = missing_side(yi, vi, inner)
    sign = 1.0 if side == "left" else -1.0
    order = np.argsort(sign * yi, kind="stable")
    ordered, variances = sign * yi[order], vi[order]
    k0, last, centre, se = 0, -1, 0.0, 0.0
    for _ in range(_MOST_ROUNDS):
        if k0 == last:
            break
        last = k0
        centre = _centre(ordered[: k - k0], variances[: k - k0], inner)
        raw, se = ESTIMATORS[estimator](_signed_ranks(ordered - centre, ties), k)
        k0 = min(max(0, floor(raw + (0.0 if estimator == "R0" else 0.5))), k - 1)
    else:
        raise NotPossible(
            f"trim and fill does not settle: {estimator} swings between {last} and {k0} missing studies"
        )
    filled = sign * (2 * centre - ordered[k - k0 :])
    all_yi = np.concatenate([yi, filled])
    all_vi = np.concatenate([vi, variances[k - k0 :]])
    found = float(estimate_tau2(all_yi[None], all_vi[None], tau2)[0]) if tau2 else 0.0
    return Trimmed(
        k,
        k0,
        se if np.isfinite(se) else None,
        side,
        estimator,
        0.5 ** (k0 + 1) if estimator == "R0" else None,
        all_yi,
        all_vi,
        found,
        float(generalised_q(all_yi, all_vi, np.zeros(()))),
    )


def missing_side(yi: Floats, vi: Floats, tau2: str | None) -> str:
    """Where studies are missing: left if small ones have the higher values, by the slope on the standard error; else right."""
    form, between = ("linear", "none") if tau2 is None else ("mixed", "dl" if tau2 == "dl" else "reml")
    slope = egger(yi, vi, form=form, tau2=between).slope
    assert slope is not None
    return "right" if slope < 0 else "left"


def _centre(yi: Floats, vi: Floats, tau2: str | None) -> float:
    between = estimate_tau2(yi[None], vi[None], tau2)[0] if tau2 else np.zeros(())
    return float(weighted_mean(yi, vi, between)[0])


def _signed_ranks(distance: Floats, ties: str) -> Floats:
    size = np.abs(distance)
    ranks = np.empty(len(size))
    ranks[np.argsort(size, kind="stable")] = np.arange(1, len(size) + 1)
    if ties == "average":
        values, place = np.unique(size, return_inverse=True)
        ranks = np.array([ranks[place == number].mean() for number in range(len(values))])[place]
    return np.asarray(np.sign(distance) * ranks)


# ---- how many are missing ------------------------------------------------------------------------


def _run(ranks: Floats, k: int) -> tuple[float, float]:
    """R0: the run of extreme ranks on one side, less one."""
    k0 = k - float(np.abs(ranks[ranks < 0]).max(initial=0.0)) - 1
    return k0, float(np.sqrt(2 * max(0.0, k0) + 2))


def _linear(ranks: Floats, k: int) -> tuple[float, float]:
    """L0, from the sum of the ranks above the centre (Wilcoxon's statistic)."""
    rank_sum = float(ranks[ranks > 0].sum())
    k0 = (4 * rank_sum - k * (k + 1)) / (2 * k - 1)
    return k0, _root(16 * _variance(k0, k)) / (2 * k - 1)


def _quadratic(ranks: Floats, k: int) -> tuple[float, float]:
    """Q0: has no real value where the rank sum exceeds k^2 / 2 + 1/16 (Duval & Tweedie 2000)."""
    rank_sum = float(ranks[ranks > 0].sum())
    inside = 2 * k**2 - 4 * rank_sum + 0.25
    if inside < 0:
        raise NotPossible(
            "the estimator Q0 has no value for these studies: nearly all extreme ones are on one side. L0 has one"
        )
    k0 = k - 0.5 - float(np.sqrt(inside))
    return k0, _root(4 * _variance(k0, k)) / _root((k - 0.5) ** 2 - k0 * (2 * k - k0 - 1))


def _variance(k0: float, k: int) -> float:
    """Of the rank sum where k0 studies are missing (Duval & Tweedie 2000, J Am Stat Assoc, theorem 2)."""
    return (
        k * (k + 1) * (2 * k + 1)
        + 10 * k0**3
        + 27 * k0**2
        + 17 * k0
        - 18 * k * k0**2
        - 18 * k * k0
        + 6 * k**2 * k0
    ) / 24


def _root(value: float) -> float:
    return float(np.sqrt(value)) if value > 0 else float("nan")


ESTIMATORS: Mapping[str, Callable[[Floats, int], tuple[float, float]]] = {
    "L0": _linear,
    "R0": _run,
    "Q0": _quadratic,
}
"""How the number of missing studies is estimated from signed ranks: its value and standard error."""
