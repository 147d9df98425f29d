"""Leave-one-out and pools of all subsets: their speed beside R's. `make bench` runs it; the test run does not.

R 4.2.2 with metafor 3.8-1, on the same two-core machine: one rma.glmm (ML, 7 nodes) of 999 studies takes 7.7 s, so a
thousand leave-one-outs would take two hours (extrapolated); leave1out() and influence() of a REML fit take 0.8 and 0.9 s
at k = 100; gosh() of REML fits takes 3.4 s for 2^10 subsets and 13.4 s for 2^12, so that 2^15 would take 107 s and 2^20
57 minutes (extrapolated: linear in subsets).
"""

from __future__ import annotations

from typing import Any

import pytest

from evidence.synthesis.influence.gosh import subsets
from evidence.synthesis.influence.influence import diagnose
from evidence.synthesis.influence.leaving_out import leave_one_out
from evidence.synthesis.proportions import MEASURES

from .test_engine import draw


@pytest.mark.parametrize("k", [100, 1_000, 10_000])
def test_leave_one_out_binomial(benchmark: Any, k: int) -> None:
    """The binomial-normal model without each study; reach: 1 s at k = 1000, cost linear in k."""
    events, n = draw(k)
    found = benchmark.pedantic(leave_one_out, (events, n), {"model": "binomial"}, rounds=3, warmup_rounds=1)
    assert found.warm.sum() >= 0.99 * k


@pytest.mark.parametrize("k", [100, 1_000])
def test_leave_one_out_reml(benchmark: Any, k: int) -> None:
    events, n = draw(k)
    benchmark.pedantic(leave_one_out, (events, n), {"model": "random"}, rounds=3, warmup_rounds=1)


def test_diagnostics(benchmark: Any) -> None:
    """All of metafor's influence() at k = 1000."""
    events, n = draw(1_000)
    yi, vi = MEASURES["logit"].effects(events.astype(float), n.astype(float))
    benchmark.pedantic(diagnose, (yi, vi), rounds=3, warmup_rounds=1)


@pytest.mark.parametrize(("k", "estimator"), [(15, "reml"), (20, "reml"), (20, "dl"), (20, "pm")])
def test_all_subsets(benchmark: Any, k: int, estimator: str) -> None:
    """Pools of all 2^k - 1 subsets; reach: REML 0.3 s at k = 15, 8 s at k = 20."""
    events, n = draw(k)
    yi, vi = MEASURES["logit"].effects(events.astype(float), n.astype(float))
    found = benchmark.pedantic(subsets, (yi, vi), {"tau2": estimator}, rounds=3, warmup_rounds=1)
    assert len(found.size) == 2**k - 1
