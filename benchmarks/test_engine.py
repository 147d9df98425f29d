"""The engine's speed: one large table, and many small ones at once. `make bench` runs it; the test run does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evidence.synthesis.pooling import pool_counts


def draw(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts of studies of 10 to 200 patients whose proportions differ: mu = 0.5, tau = 0.7 on the logit scale."""
    rng = np.random.default_rng(20260701)
    n = rng.integers(10, 201, shape)
    p = 1 / (1 + np.exp(-(0.5 + 0.7 * rng.standard_normal(shape))))
    return rng.binomial(n, p), n


@pytest.mark.parametrize("k", [10, 100, 1_000, 10_000])
def test_binomial(benchmark: Any, k: int) -> None:
    """The binomial-normal model by maximum likelihood; reach: 20 ms at k = 1000, cost linear in k."""
    events, n = draw(k)
    result = benchmark(pool_counts, events, n, model="binomial")
    assert 0.5 < result.proportion.estimate < 0.8


@pytest.mark.parametrize("k", [10, 1_000, 100_000])
def test_random_reml(benchmark: Any, k: int) -> None:
    """Inverse variance with tau2 by REML; reach: 50 ms at k = 100 000."""
    events, n = draw(k)
    result = benchmark(pool_counts, events, n, model="random", tau2="reml")
    assert 0.4 < result.proportion.estimate < 0.8


@pytest.mark.parametrize("model", ["exact", "random", "binomial", "bayes"])
def test_one_small_table(benchmark: Any, model: str) -> None:
    events, n = draw(10)
    benchmark(pool_counts, events, n, model=model)


@pytest.mark.parametrize("model", ["random", "binomial", "auto"])
def test_ten_thousand_tables_at_once(benchmark: Any, model: str) -> None:
    """10 000 tables of 10 studies; reach: 3 s for the binomial-normal model."""
    events, n = draw(10_000, 10)
    result = benchmark.pedantic(pool_counts, (events, n), {"model": model}, rounds=3, warmup_rounds=1)
    assert np.shape(result.proportion.estimate) == (10_000,)


def test_three_hundred_tables_by_bayes(benchmark: Any) -> None:
    """The Bayesian model costs most; 300 tables of 3 studies."""
    events, n = draw(300, 3)
    benchmark.pedantic(pool_counts, (events, n), {"model": "bayes"}, rounds=3, warmup_rounds=1)
