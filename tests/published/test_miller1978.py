"""Miller (1978). The inverse of the Freeman-Tukey double arcsine transformation. Am Stat 32(4):138.

The note's example on its only page: 3/11, 6/17, 10/21 and 1/6. Miller adds the two arcsines where this package
halves their sum, so his angles are twice ours and his variances four times. Four digits as metafor re-does them.
"""

from __future__ import annotations

import numpy as np
import pytest

from evidence.synthesis.pooling import pool_counts
from evidence.synthesis.proportions import MEASURES, harmonic_mean

PRINTED = 5e-5  # half a unit of the fourth decimal

EVENTS, N = [3, 6, 10, 1], [11, 17, 21, 6]


def test_the_angles_and_their_variances() -> None:
    yi, vi = MEASURES["double-arcsine"].effects(EVENTS, N)
    assert 2 * yi == pytest.approx([1.1391, 1.2888, 1.5253, 0.9515], abs=PRINTED)
    assert 4 * vi == pytest.approx([0.0870, 0.0571, 0.0465, 0.1538], abs=PRINTED)


def test_the_unweighted_mean_taken_back_at_the_harmonic_mean_of_n() -> None:
    yi, _ = MEASURES["double-arcsine"].effects(EVENTS, N)
    mean = float(np.mean(yi))
    assert 2 * mean == pytest.approx(1.2262, abs=PRINTED)
    assert MEASURES["double-arcsine"].inverse(mean, harmonic_mean(N)) == pytest.approx(0.3164, abs=PRINTED)


def test_the_weighted_mean_taken_back_at_the_harmonic_mean_of_n() -> None:
    pooled = pool_counts(EVENTS, N, model="common", measure="double-arcsine")
    assert pooled.fit is not None
    assert 2 * pooled.fit.estimate == pytest.approx(1.3093, abs=PRINTED)
    assert pooled.proportion.estimate == pytest.approx(0.3595, abs=PRINTED)


@pytest.mark.parametrize(("x", "n"), [(0, 10), (4, 10), (9, 15), (16, 20), (20, 20), (10, 10)])
def test_the_inverse_gives_each_study_its_own_proportion_back(x: int, n: int) -> None:
    yi, _ = MEASURES["double-arcsine"].effects(x, n)
    assert MEASURES["double-arcsine"].inverse(yi, n) == pytest.approx(x / n, rel=1e-10, abs=1e-12)
