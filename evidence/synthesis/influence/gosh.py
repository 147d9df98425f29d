"""The pool of every subset of the studies (GOSH: Olkin, Dahabreh & Trikalinos 2012, Res Synth Methods 3:214-23).

Whether one estimate stands for all studies shows in the pools of their subsets: one heap of estimates, or two. With
k studies there are 2^k - 1 subsets; all of them are pooled up to `MOST_SUBSETS`, beyond that a sample drawn with a seed.

Subsets are worked in chunks of rows, a 0/1 row each, so that sums over a subset are matrix products. The likelihood of
tau2 (REML, ML) is first looked at on a grid that all subsets share, for it can have two maxima; then its score, or the
equation of Paule and Mandel, is solved for all subsets of the chunk at once. Memory is the chunk's (a few MB) and the
results': 29 bytes a subset, 30 MB for 2^20 of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.inverse_variance.heterogeneity import TAU2_ESTIMATORS
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import bracketed_root, decreasing_root

sources = ("olkin2012",)

MOST_SUBSETS = 1 << 20
"""Pooled at most, unless more are asked for: all subsets of 20 studies."""

_CELLS = 1 << 16  # of a chunk, subsets times studies: half a MB each array, which a processor's cache holds
_GRID = 20  # values of tau2, 0 among them, at which the likelihood is compared
_RTOL = 1e-12
Progress = Callable[[int, int], None]
Masks = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Subsets:
    """The pools of m subsets of k studies, on the model scale; arrays (m,).

    `bits` says which studies each subset has, 8 to a byte, (m, bytes): see `members`. `size` is the number of studies.
    `complete` is False where the subsets are a sample. `q` is Cochran's Q, `i2` follows from it.
    """

    k: int
    bits: Masks
    size: npt.NDArray[np.uint16]
    estimate: Floats
    tau2: Floats
    q: Floats
    complete: bool
    seed: int | None

    @property
    def i2(self) -> Floats:
        """(Q - df) / Q, not below 0; 0 for single studies."""
        df = np.maximum(self.size.astype(float) - 1, 0.0)
        return np.where(self.q > df, (self.q - df) / np.where(self.q > 0, self.q, 1.0), 0.0)

    def members(self, rows: slice | npt.NDArray[np.intp] = slice(None)) -> npt.NDArray[np.bool_]:
        """Whether each study is in each subset, (rows, k)."""
        return np.unpackbits(self.bits[rows], axis=1, count=self.k, bitorder="little").astype(bool)

    def with_study(self, study: int) -> npt.NDArray[np.bool_]:
        """Which subsets have the study, (m,)."""
        return np.asarray((self.bits[:, study // 8] >> (study % 8)) & 1, dtype=bool)


def subsets(
    yi: npt.ArrayLike,
    vi: npt.ArrayLike,
    *,
    tau2: str | None = "reml",
    most: int = MOST_SUBSETS,
    seed: int = 1,
    progress: Progress | None = None,
) -> Subsets:
    """Pool every subset of effects yi with variances vi, both (k,); `tau2` names the estimator, None for common effect.

    With more than `most` subsets so many are drawn, each study in or out by a fair coin, from `seed`; as there are two
    to the k, hardly any comes twice. `progress` is told how many of how many are done.

    Raises OptionError for an unknown estimator, NotPossible for fewer than two studies.
    """
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    k = y.size
    if tau2 is not None and tau2 not in TAU2_ESTIMATORS:
        raise OptionError("tau2", tau2, TAU2_ESTIMATORS)
    if k < 2:
        raise NotPossible("one study has no subsets to compare")
    if not most >= 1:
        raise OptionError("most", most, "a whole number of subsets, 1 or more")
    complete = k < 63 and (1 << k) - 1 <= most
    bits = _all_bits(k) if complete else _drawn_bits(k, most, seed)
    centre = float(np.average(y, weights=1 / v))
    pool = _Pooling(y - centre, v, tau2)
    m = len(bits)
    found = np.empty((3, m))
    size = np.empty(m, dtype=np.uint16)
    for part in _parts(m, k):
        member = np.unpackbits(bits[part], axis=1, count=k, bitorder="little").astype(float)
        found[:, part], size[part] = pool(member), member.sum(1)
        if progress is not None:
            progress(part.stop, m)
    estimate, between, q = found
    estimate += centre
    return Subsets(k, bits, size, estimate, between, q, complete, None if complete else seed)


def _parts(m: int, k: int) -> Iterator[slice]:
    step = max(64, _CELLS // k)
    for start in range(0, m, step):
        yield slice(start, min(start + step, m))


def _all_bits(k: int) -> Masks:
    """1 to 2^k - 1 as little-endian bytes, study 0 the lowest bit."""
    numbers = np.arange(1, 1 << k, dtype="<u8")
    return np.ascontiguousarray(numbers.view(np.uint8).reshape(-1, 8)[:, : (k + 7) // 8])


def _drawn_bits(k: int, m: int, seed: int) -> Masks:
    """m subsets drawn by fair coins; one without any study gets one study in its place."""
    random = np.random.default_rng(seed)
    bits = random.integers(0, 256, (m, (k + 7) // 8), dtype=np.uint8)
    if k % 8:
        bits[:, -1] &= (1 << (k % 8)) - 1
    (empty,) = np.nonzero(~bits.any(1))
    study = random.integers(0, k, len(empty))
    bits[empty, study // 8] = (1 << (study % 8)).astype(np.uint8)
    return bits


class _Pooling:
    """Pools of 0/1 rows of studies: (estimate, tau2, Q) from the rows (m, k)."""

    def __init__(self, y: Floats, v: Floats, tau2: str | None) -> None:
        self.y, self.v, self.tau2 = y, v, tau2
        self.moments = np.stack([np.ones_like(y), y, y * y], axis=1)
        w = 1 / v
        self.fixed = np.stack([w, w * y, w * y * y, w * w, y, y * y, v], axis=1)
        if tau2 in ("reml", "ml"):
            self.grid = _grid(y, v)
            total = v[:, None] + self.grid
            w = 1 / total
            # per grid point: sum w, sum w y, sum w y^2, sum log; one matrix product gives all of them
            self.shared = np.concatenate([w, w * y[:, None], w * (y * y)[:, None], np.log(total)], axis=1)

    def __call__(self, member: Floats) -> Floats:
        size = member.sum(1)
        sums = (member @ self.fixed).T
        between = np.where(size > 1, self._between(member, size, sums), 0.0)
        weight = member / (self.v + between[:, None])
        estimate = weight @ self.y / weight.sum(1)
        common = sums[1] / sums[0]
        deviation = (self.y - common[:, None]) ** 2
        q = np.einsum("mk,mk,k->m", member, deviation, 1 / self.v)
        return np.stack([estimate, between, np.where(size > 1, q, 0.0)])

    def _between(self, member: Floats, size: Floats, sums: Floats) -> Floats:
        w, wy, wyy, ww, y, yy, v = sums
        df = np.maximum(size - 1, 1.0)
        name = self.tau2
        if name is None:
            return np.zeros(len(member))
        if name in ("reml", "ml"):
            return self._likeliest(member, restricted=name == "reml")
        if name in ("pm", "eb"):
            start = np.maximum(yy / size - (y / size) ** 2, 0.0) + self.v.min()
            return decreasing_root(lambda t: self._q(member, t) - df, start)
        q = np.maximum(wyy - wy * wy / w, 0.0)
        spread = np.maximum(yy - y * y / size, 0.0)
        if name == "dl":
            # a single study has no scale; its tau2 is replaced by 0 above
            return np.asarray(np.maximum((q - df) / np.where(size > 1, w - ww / w, 1.0), 0.0))
        if name == "hs":
            return np.asarray(np.maximum((q - size) / w, 0.0))
        if name == "he":
            return np.asarray(np.maximum(spread / df - v / size, 0.0))
        first = spread / size  # sj
        safe = np.where(first > 0, first, 1.0)
        return np.where(first > 0, safe * self._q(member, safe) / df, 0.0)

    def _q(self, member: Floats, tau2: Floats) -> Floats:
        """The generalised Q of each row at its own tau2."""
        a, b, c = ((member / (self.v + tau2[:, None])) @ self.moments).T
        return np.asarray(np.maximum(c - b * b / a, 0.0))

    def _score(self, member: Floats, tau2: Floats, restricted: bool) -> Floats:
        """Twice the derivative of the log-likelihood in tau2 (Viechtbauer 2005, eqs. 11 and 14), per sum of weights."""
        weight = member / (self.v + tau2[:, None])
        a, b, _ = (weight @ self.moments).T
        weight *= weight
        squares, first, second = (weight @ self.moments).T
        mean = b / a
        pull = second - mean * (2 * first - mean * squares)
        score = pull - a + squares / a if restricted else pull - a
        return np.asarray(score / a)

    def _likeliest(self, member: Floats, *, restricted: bool) -> Floats:
        """The tau2 of the highest likelihood: the best point of the grid, then the root of the score beside it."""
        a, b, c, logs = np.hsplit(member @ self.shared, 4)
        loss = logs + c - b * b / a
        if restricted:
            loss += np.log(a)
        best = loss.argmin(1)
        every = np.arange(len(member))
        tau2 = self._summit(member, best, restricted)
        lower = (
            loss[:, 1:] < loss[:, :-1]
        )  # falls to this point; a second valley is one that is not the best's
        valley = np.empty(loss.shape, dtype=bool)
        valley[:, 0], valley[:, -1] = ~lower[:, 0], lower[:, -1]
        valley[:, 1:-1] = lower[:, :-1] & ~lower[:, 1:]
        valley[every, best] = False
        (two,) = np.nonzero(valley.any(1))
        if two.size:  # the grid may show a lower point of the higher of two maxima
            place = np.where(valley[two], loss[two], np.inf).argmin(1)
            second = self._summit(member[two], place, restricted)
            first = tau2[two]
            losses = [self._loss(member[two], at, restricted) for at in (first, second)]
            tau2[two] = np.where(losses[1] < losses[0], second, first)
        return tau2

    def _summit(self, member: Floats, place: npt.NDArray[np.intp], restricted: bool) -> Floats:
        """The maximum of the likelihood beside a point of the grid that is higher than its neighbours."""
        left, right = self.grid[np.maximum(place - 1, 0)], self.grid[np.minimum(place + 1, _GRID - 1)]
        rows = np.flatnonzero((place > 0) | (self._score(member, left, restricted) > 0))
        out = np.zeros(len(member))
        if rows.size:
            part = member[rows]
            out[rows] = bracketed_root(
                lambda tau2: self._score(part, tau2, restricted), left[rows], right[rows], rtol=_RTOL
            )
        return out

    def _loss(self, member: Floats, tau2: Floats, restricted: bool) -> Floats:
        """Twice the negative log-likelihood at each row's own tau2, without its constant."""
        total = self.v + tau2[:, None]
        a, b, c = ((member / total) @ self.moments).T
        loss = (member * np.log(total)).sum(1) + c - b * b / a
        return np.asarray(loss + np.log(a) if restricted else loss)


def _grid(y: Floats, v: Floats) -> Floats:
    """0, and values of tau2 in equal steps of their logarithm, up to where the score of any subset is negative."""
    spread = float(np.ptp(y)) ** 2
    high = max(2 * spread, 1e-3 * float(v.min()))
    low = min(1e-2 * float(v.min()), 1e-3 * high)
    return np.concatenate([[0.0], np.geomspace(low, high, _GRID - 1)])
