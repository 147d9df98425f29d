"""Pools of counts of which some are only bounded: not one answer but the set of those that are possible.

Nothing is imputed: every whole count within the bounds is as possible as any other, so that what comes out are the lowest and
the highest of each number, not an interval with a probability (after Manski's worst-case bounds, 2003, Partial
Identification of Probability Distributions, Springer).
"""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from evidence.errors import OptionError
from evidence.synthesis.pooling import pool_counts
from evidence.synthesis.results import Interval

MOST_TABLES = 400
"""Tables tried one by one; of more only the two ends are."""


class PooledSet(NamedTuple):
    """What a pool can be. `estimate`, `low`, `high`: the smallest and largest of each over the tables; `exact` likewise.

    `ends` are the exact intervals of the summed counts at the lowest and the highest counts; `tables` how many
    were tried, `complete` whether these are all there are.
    """

    estimate: tuple[float, float]
    low: tuple[float, float]
    high: tuple[float, float]
    ends: tuple[Interval, Interval]
    events: tuple[int, int]
    n: int
    tables: int
    complete: bool


def pool_set(low: npt.ArrayLike, high: npt.ArrayLike, n: npt.ArrayLike, **options: Any) -> PooledSet:
    """The set of pools of k studies with `low` to `high` events of `n`; arrays (k,). `options` as in `pool_counts`.

    The estimate is the average over studies where the model has one, else its proportion. Raises OptionError where
    low exceeds high.
    """
    least, most, sizes = (np.asarray(values, dtype=float) for values in (low, high, n))
    if (least > most).any():
        raise OptionError("low", least.tolist(), "counts not above `high`")
    number = float(np.prod(most - least + 1))
    complete = number <= MOST_TABLES
    if complete:
        ranges = [range(int(a), int(b) + 1) for a, b in zip(least, most, strict=True)]
        tables = np.array(list(product(*ranges)), dtype=float)
    else:
        tables = np.stack([least, most])
    pooled = pool_counts(tables, np.broadcast_to(sizes, tables.shape), **options)
    best = pooled.proportion
    if pooled.average is not None and not np.isnan(pooled.average.estimate).any():
        best = pooled.average
    edges = [(float(np.min(part)), float(np.max(part))) for part in (best.estimate, best.low, best.high)]
    totals = int(least.sum()), int(most.sum())
    ends = [
        pool_counts([total], [sizes.sum()], model="exact", level=pooled.level).proportion for total in totals
    ]
    return PooledSet(
        edges[0], edges[1], edges[2], (ends[0], ends[1]), totals, int(sizes.sum()), len(tables), complete
    )
