"""The simulation's design: which truths are simulated, how tables are drawn, and how an interval is scored.

A cell is (k, p, tau): k studies whose logits are normal around logit(p) with standard deviation tau, so that p is the
*median* proportion; sizes n are uniform on 5..50, drawn anew for each study; counts are binomial. Tables with
all, none or only separated responders are kept: a procedure must say something of them too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtr

from evidence.synthesis.counts.average import average_proportion

KS = (2, 3, 5, 10, 20)
PS = (0.5, 0.8, 0.95, 0.99)
TAUS = (0.0, 0.5, 1.0)
SIZES = (5, 50)
SEED = 20_261_122
BLOCK = 1000
"""Draws come in blocks with a seed each, so that asking for more draws keeps the first ones."""

LEVEL = 0.95
WANTED = 0.94
"""The least coverage a default may have, within Monte Carlo error, in every cell."""


class Cell(NamedTuple):
    k: int
    p: float
    tau: float

    @property
    def mu(self) -> float:
        return float(logit(self.p))

    @property
    def average(self) -> float:
        """The true population average E[expit(mu + tau z)], by integration."""
        return float(average_proportion(np.array([self.mu]), np.array([self.tau]))[0])

    def truth(self, target: str) -> float:
        return self.p if target == "median" else self.average

    def below(self, value: np.ndarray) -> np.ndarray:
        """The chance that a new study's proportion is below `value`; where tau = 0 it is p itself."""
        if self.tau == 0:
            return (value > self.p).astype(float)
        with np.errstate(divide="ignore"):
            return np.asarray(ndtr((logit(value) - self.mu) / self.tau))

    def draw(self, draws: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Events and sizes, floats of shape (draws, k), from block `first` on."""
        blocks = [self._block(first + number) for number in range(-(-draws // BLOCK))]
        events, sizes = (np.concatenate(column)[:draws] for column in zip(*blocks, strict=True))
        return events, sizes

    def _block(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([SEED, self.k, round(100 * self.p), round(10 * self.tau), number])
        n = rng.integers(SIZES[0], SIZES[1] + 1, (BLOCK, self.k))
        events = rng.binomial(n, expit(self.mu + self.tau * rng.standard_normal(n.shape)))
        return events.astype(float), n.astype(float)


CELLS = tuple(Cell(k, p, tau) for k in KS for p in PS for tau in TAUS)
BEYOND = tuple(Cell(k, p, 2.0) for k in KS for p in PS)
"""More heterogeneity than a default was chosen for: what does it do then?"""
BETWEEN = tuple(Cell(k, p, tau) for k in (4, 7, 40) for p in PS for tau in TAUS)
"""Numbers of studies that no default was chosen by."""


class Score(NamedTuple):
    """How one procedure did in one cell; the columns of the results after the cell's own."""

    target: str
    candidate: str
    draws: int
    coverage: float
    se: float
    truth_below: float
    truth_above: float
    mean_width: float
    median_width: float
    own: float
    """The share of tables that the candidate itself answered; the rest took its fallback."""


HEADER = ("k", "p", "tau", *Score._fields)


def score(
    cell: Cell, target: str, candidate: str, low: np.ndarray, high: np.ndarray, own: float = 1.0
) -> Score:
    """Score limits on the proportion scale. A new study is not drawn: its chance to lie inside is computed."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    if target == "new":
        under = cell.below(low)
        over = 1 - (high >= cell.p).astype(float) if cell.tau == 0 else 1 - cell.below(high)
    else:
        truth = cell.truth(target)
        under, over = (truth < low).astype(float), (truth > high).astype(float)
    inside = 1 - under - over
    width = high - low
    return Score(
        target,
        candidate,
        len(low),
        float(inside.mean()),
        float(inside.std(ddof=1) / np.sqrt(len(low))),
        float(under.mean()),
        float(over.mean()),
        float(width.mean()),
        float(np.median(width)),
        own,
    )
