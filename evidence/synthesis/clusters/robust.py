"""Cluster-robust intervals: the spread of whole cohorts about the average, whatever ties their rows together.

CR0 is Liang and Zeger's sandwich (1986, Biometrika 73:13-22), used in meta-analysis by Hedges, Tipton and Johnson
(2010, Res Synth Methods 1:39-65); CR1 multiplies it by m / (m - 1), as metafor's robust(), both with t(m - 1). CR2 is
unbiased under the working model, with Satterthwaite's degrees of freedom (Tipton 2015, Psychol Methods 20:375-393;
Pustejovsky and Tipton 2018, J Bus Econ Stat 36:672-683), as R's clubSandwich.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evidence.synthesis.inverse_variance.models import critical
from evidence.synthesis.results import Floats

ROBUST = ("cr2", "cr1", "cr0")


class Robust(NamedTuple):
    """A weighted mean with its cluster-robust standard error, degrees of freedom and limits, on the scale of y."""

    name: str
    estimate: float
    se: float
    df: float
    low: float
    high: float


def cluster_robust(
    y: Floats,
    variance: Floats,
    index: npt.NDArray[np.intp],
    *,
    between: float = 0.0,
    kind: str = "cr2",
    level: float = 0.95,
) -> Robust:
    """The mean of y weighted by its working covariance: `variance` of each row, plus `between` within a cohort.

    `index` numbers the cohort of each row from 0; at least two cohorts.
    """
    m = int(index.max()) + 1
    w = 1 / variance
    a = np.bincount(index, w, m)
    weight = w / (1 + between * a)[index]  # row sums of the inverse working covariance
    total = float(weight.sum())
    mean = float(weight @ y) / total
    e = y - mean
    if kind == "cr2":
        spread, df = _unbiased(e, variance, index, between, weight, total, m)
    else:
        pulls = np.bincount(index, weight * e, m)
        spread = float(pulls @ pulls) / total**2
        spread *= m / (m - 1) if kind == "cr1" else 1.0
        df = m - 1.0
    se = float(np.sqrt(spread))
    half = critical(level, df) * se
    return Robust(kind.upper(), mean, se, df, mean - half, mean + half)


def _unbiased(
    e: Floats,
    variance: Floats,
    index: npt.NDArray[np.intp],
    between: float,
    weight: Floats,
    total: float,
    m: int,
) -> tuple[float, float]:
    """The CR2 variance of the mean and its degrees of freedom; one small matrix a cohort, none of all rows.

    A cohort's residuals have working covariance B = Phi - 1 1'/W. With Phi = D'D their adjusted weights are
    D'(D B D')^(-1/2) D times the plain ones, which makes the expected square right.
    """
    order = np.argsort(index, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(index, minlength=m))[:-1])
    spread = 0.0
    squares, sums = np.empty(m), np.empty(m)
    for j, rows in enumerate(parts):
        working = np.diag(variance[rows]) + between
        root = np.linalg.cholesky(working).T
        middle = root @ (working - 1 / total) @ root.T
        values, vectors = np.linalg.eigh(middle)
        kept = values > 1e-12 * values.max()
        inverse = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
        adjusted = root.T @ (inverse @ (root @ weight[rows])) / total
        spread += float(adjusted @ e[rows]) ** 2
        squares[j], sums[j] = float(adjusted @ working @ adjusted), float(adjusted.sum())
    # The quadratic form's matrix is diag(squares) - sums sums' / W: its trace and the sum of its squares.
    trace = float(squares.sum() - (sums @ sums) / total)
    square = float(squares @ squares - 2 / total * (squares @ sums**2) + (sums @ sums) ** 2 / total**2)
    return spread, trace**2 / square
