"""The step-function selection model against R, by quadrature, and where it must refuse."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.special import ndtr

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.small_studies.selection_model import Selection, select_by_steps

from .test_asymmetry import near, studies
from .test_parity_reference import COMMITTED, MEASURE, SHARED, beside, number, read

SEARCH = 2e-3  # relative, or of a standard error: R's optimiser stops at a relative change of 1e-8 in a flat likelihood


def close(ours: float | None, theirs: float | None, scale: float | None) -> bool:
    assert ours is not None and theirs is not None
    return abs(ours - theirs) <= SEARCH * max(abs(theirs), scale or 0.0)


def test_against_r() -> None:
    rows = [row for row in read(COMMITTED, "small_studies.csv") if row["test"] == "selmodel"]
    assert len(rows) == 13
    refused = 0
    for row in rows:
        _, _, yi, vi = studies(COMMITTED, row["dataset"], MEASURE[row["measure"]])
        try:
            found = select_by_steps(yi, vi, alternative=row["detail"])
        except NotPossible:  # this metafor answers without a word
            pvalues = ndtr(-yi / np.sqrt(vi) * (1 if row["detail"] == "greater" else -1))
            assert (pvalues > 0.025).all() or (pvalues <= 0.025).all()
            refused += 1
            continue
        estimate, tau2, delta, lrt = (number(row, name) for name in "abcd")
        assert close(found.estimate, estimate, found.se), row
        assert close(found.weights[1], delta, found.weights_se[1]), row
        assert tau2 is not None and lrt is not None
        assert found.tau2 == pytest.approx(tau2, rel=SEARCH, abs=1e-4)
        assert -1e-6 <= found.lrt - lrt <= 1e-4, row  # where R's search stopped short, ours is higher
    assert refused == 4


@beside
def test_the_full_reference() -> None:
    """Exempt: intervals of p without a study, for which R returns what its search happened on; its bound of 100."""
    seen: Counter[str] = Counter()
    for row in read(SHARED, "selmodel.csv"):
        _, _, yi, vi = studies(SHARED, row["dataset"], MEASURE[row["measure"]])
        try:
            found = select_by_steps(yi, vi, alternative=row["alternative"])
        except NotPossible:
            assert "do not contain any observed" in row["warnings"]
            seen["an interval without a study"] += 1
            continue
        height = number(row, "ll")
        assert height is not None
        assert found.log_likelihood >= height - 1e-9
        if "upper bound" in row["warnings"]:
            assert found.log_likelihood > height + 0.5
            assert found.weights[1] > 100
            seen["R's bound of 100"] += 1
            continue
        assert found.log_likelihood <= height + 1e-6
        assert close(found.estimate, number(row, "estimate"), found.se)
        assert close(found.tau2, number(row, "tau2"), None)
        assert close(found.weights[1], number(row, "delta2"), None)
        assert close(found.se, number(row, "se"), None)
        assert close(found.weights_se[1], number(row, "se_delta2"), None)
        assert near(found.lrt, number(row, "LRT"), 1e-6)
        assert near(found.pvalue, number(row, "LRTp"), 1e-6)
        seen["compared"] += 1
    assert seen == {"compared": 10, "an interval without a study": 13, "R's bound of 100": 1}


YI = np.array([0.9, 0.7, 1.2, 0.2, 0.5, 0.1, 1.0, 0.35, -0.1, 0.8])
VI = np.array([0.05, 0.08, 0.2, 0.04, 0.1, 0.06, 0.15, 0.02, 0.09, 0.12])


def likelihood(found: Selection, mean: float, tau2: float, weight: float) -> float:
    """By numerical integration over what a study could have found."""
    from scipy.integrate import quad
    from scipy.stats import norm

    total = 0.0
    for y, v in zip(YI, VI, strict=True):
        se, cut = np.sqrt(v + tau2), norm.isf(found.steps[0]) * np.sqrt(v)

        def chance(at: float, cut: float = cut) -> float:
            return 1.0 if at >= cut else weight

        def seen(at: float, se: float = se, cut: float = cut) -> float:
            return chance(at, cut) * float(norm.pdf(at, mean, se))

        area = quad(seen, -12, cut)[0] + quad(seen, cut, 14)[0]
        total += np.log(chance(float(y))) + norm.logpdf(y, mean, se) - np.log(area)
    return float(total)


def test_the_likelihood_is_that_by_integration_and_its_maximum_is_one() -> None:
    found = select_by_steps(YI, VI)
    best = likelihood(found, found.estimate, found.tau2, found.weights[1])
    assert best == pytest.approx(found.log_likelihood, abs=1e-7)
    for mean, tau2, weight in ((0.02, 0, 0), (0, 0.01, 0), (0, 0, -0.03)):
        beside = likelihood(found, found.estimate + mean, found.tau2 + tau2, found.weights[1] + weight)
        assert beside < best


def test_it_mirrors() -> None:
    found, other = select_by_steps(YI, VI), select_by_steps(-YI, VI, alternative="less")
    assert other.estimate == pytest.approx(-found.estimate, abs=1e-6)
    assert other.weights == pytest.approx(found.weights, rel=1e-5)
    assert found.low is not None and found.high is not None
    assert found.low < found.estimate < found.high
    assert sum(found.counts) == len(YI)


def test_two_steps_have_three_weights() -> None:
    found = select_by_steps(YI, VI, steps=(0.3, 0.025))
    assert found.steps == (0.025, 0.3)
    assert (len(found.weights), found.df, found.weights[0]) == (3, 2, 1.0)


def test_an_interval_without_a_study_is_refused() -> None:
    with pytest.raises(NotPossible, match=r"none of the 10 studies .* between 0\.025 and 1"):
        select_by_steps(YI + 5, VI)
    with pytest.raises(NotPossible, match=r"between 0 and 0\.025"):
        select_by_steps(YI - 5, VI)


@pytest.mark.parametrize("steps", [(), (0.0,), (1.0,), (1.5,)])
def test_steps_that_are_no_p_values_are_refused(steps: tuple[float, ...]) -> None:
    with pytest.raises(OptionError, match="such as"):
        select_by_steps(YI, VI, steps=steps)
    with pytest.raises(OptionError, match="greater"):
        select_by_steps(YI, VI, alternative="both")
