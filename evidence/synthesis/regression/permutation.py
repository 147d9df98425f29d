"""Permutation tests of a meta-regression: the studies' covariates dealt out anew, every way or many times.

With few studies and several covariates the usual tests find what is not there; dealing the covariates out to other
studies shows how often chance alone does as well (Higgins & Thompson 2004, Stat Med 23:1663-1682). Where only an
intercept is tested the effects' signs are flipped instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import factorial, prod

import numpy as np
import numpy.typing as npt

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.regression.regression import (
    joint_statistic,
    residual_tau2,
    scaled_covariance,
    slopes,
    solve,
)
from evidence.synthesis.results import Floats

SOURCES = ("higgins2004", "phipson2010")

MOST = 1_000_000
"""Arrangements tried at the most."""

_CELLS = 1 << 16  # studies a batch holds
_TIE = 1.5e-8  # statistics nearer than this are the same one, found by another way


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """p-values by permutation, arrays (p,), and of all covariates jointly.

    `kind` is "exact" (all `count` distinct arrangements) or "sampled" (`count` draws from `seed`; the data's own
    arrangement is counted among them, Phipson & Smyth 2010). `error` is the standard error that sampling leaves on
    each p-value, 0 where exact. `least` is the smallest p-value that so few arrangements can give.
    """

    kind: str
    count: int
    possible: int
    seed: int | None
    pvalue: Floats
    joint: float
    error: Floats
    joint_error: float
    least: float


def arrangements(design: Floats) -> int:
    """How many different ways there are to deal the rows out; sign patterns where all rows are alike."""
    _, counts = np.unique(design, axis=0, return_counts=True)
    if len(counts) == 1:
        return 1 << len(design)
    return int(factorial(len(design)) // prod(factorial(int(count)) for count in counts))


def permute(
    yi: Floats,
    vi: Floats,
    design: Floats,
    *,
    tau2: str | None = "reml",
    ci: str = "hksj",
    permutations: int | str = 1000,
    seed: int = 1,
) -> PermutationTest:
    """Test the coefficients of `fit_inverse_variance_regression` by permutation.

    `permutations` is how many draws to take; where there are no more different arrangements all are taken instead.
    "exact" takes all whatever their number, up to a million. tau2 is estimated anew in each.
    """
    possible = arrangements(design)
    exact = permutations == "exact" or (isinstance(permutations, int) and possible <= permutations)
    if not exact and not (isinstance(permutations, int) and 99 <= permutations <= MOST):
        raise OptionError("permutations", permutations, f"exact, or a whole number from 99 to {MOST}")
    if exact and possible > MOST:
        raise NotPossible(
            f"an exact permutation test would need {float(possible):.3g} arrangements; at most {MOST:.0e} are tried. "
            "Ask for a number of random ones instead, such as 10000"
        )
    free, tested = len(yi) - design.shape[1], slopes(design)
    if not tested.size:
        tested = np.arange(design.shape[1])

    def statistics(y: Floats, x: Floats) -> tuple[Floats, Floats]:
        v = np.broadcast_to(vi, y.shape)
        between = np.zeros(len(y)) if tau2 is None else residual_tau2(y, v, x, tau2)
        at = solve(y, v, x, between)
        covariance = scaled_covariance(at, free, ci)
        with np.errstate(divide="ignore", invalid="ignore"):
            each = at.beta / np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
        return np.abs(each), joint_statistic(at.beta, covariance, tested)

    own, own_joint = statistics(yi[None], design[None])
    above, above_joint, used = np.zeros(design.shape[1]), 0.0, 0
    for y, x in _dealt(yi, design, exact=exact, count=0 if exact else int(permutations), seed=seed):
        each, joint = statistics(y, x)
        kept = np.isfinite(each).all(-1)
        above += (each[kept] >= own - _TIE * np.maximum(1, own)).sum(0)
        above_joint += float((joint[kept] >= own_joint - _TIE * np.maximum(1, own_joint)).sum())
        used += int(kept.sum())
    if not used or not np.isfinite(own).all():
        raise NotPossible(
            "the studies fit the covariates without any error left: there is nothing to permute"
        )
    extra = 0 if exact else 1  # the data's own arrangement is among all of them, but not among the draws
    pvalue, joint_p = (above + extra) / (used + extra), (above_joint + extra) / (used + extra)
    return PermutationTest(
        kind="exact" if exact else "sampled",
        count=used,
        possible=possible,
        seed=None if exact else seed,
        pvalue=pvalue,
        joint=joint_p,
        error=np.zeros_like(pvalue) if exact else np.sqrt(pvalue * (1 - pvalue) / used),
        joint_error=0.0 if exact else (joint_p * (1 - joint_p) / used) ** 0.5,
        least=1 / possible if exact else 1 / (used + 1),
    )


def _dealt(
    yi: Floats, design: Floats, *, exact: bool, count: int, seed: int
) -> Iterator[tuple[Floats, Floats]]:
    """Batches of effects (B, k) and designs (B, k, p)."""
    k = len(yi)
    size = max(1, _CELLS // k)
    rows, labels = np.unique(design, axis=0, return_inverse=True)
    flat = len(rows) == 1
    if not exact:
        dice = np.random.default_rng(seed)
        for start in range(0, count, size):
            some = min(size, count - start)
            if flat:
                yield yi * dice.choice([-1.0, 1.0], (some, k)), np.broadcast_to(design, (some, *design.shape))
            else:
                order = dice.permuted(np.tile(np.arange(k), (some, 1)), axis=1)
                yield np.broadcast_to(yi, (some, k)), design[order]
        return
    if flat:
        for start in range(0, 2**k, size):
            number = np.arange(start, min(start + size, 2**k))
            signs = 1.0 - 2.0 * ((number[:, None] >> np.arange(k)) & 1)
            yield yi * signs, np.broadcast_to(design, (len(signs), *design.shape))
        return
    every = _distinct(sorted(labels.ravel().tolist()))
    while batch := list(islice(every, size)):
        dealt: npt.NDArray[np.intp] = np.array(batch)
        yield np.broadcast_to(yi, (len(dealt), k)), rows[dealt]


def _distinct(labels: list[int]) -> Iterator[list[int]]:
    """Every different order of the labels, which come sorted, each the next in the dictionary's order."""
    k = len(labels)
    while True:
        yield labels.copy()
        turn = k - 2
        while turn >= 0 and labels[turn] >= labels[turn + 1]:
            turn -= 1
        if turn < 0:
            return
        swap = k - 1
        while labels[swap] <= labels[turn]:
            swap -= 1
        labels[turn], labels[swap] = labels[swap], labels[turn]
        labels[turn + 1 :] = labels[:turn:-1]
