"""The signed-rank test and the Hodges-Lehmann estimate: R's answers, every sign of every sample, SciPy, and laws."""

from __future__ import annotations

import csv
from itertools import combinations_with_replacement, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import OptionError
from evidence.synthesis.scores.paired_change import differences, hodges_lehmann, signed_rank

REFERENCE = Path(__file__).parent / "reference" / "scores.csv"
CLOSED_FORM = 1e-10
LETTER = np.array([0, 2, 2, 1, 5, 0]) - np.array([33, 47, 17, 49, 23, 20])

CHANGES = st.lists(st.integers(-30, 30).map(float), min_size=1, max_size=9)
LEVELS = st.floats(0.5, 0.99)


def reference() -> list[dict[str, str]]:
    with REFERENCE.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def by_all_signs(changes: list[float], zeros: str) -> float:
    """The two-sided p by writing out every sign: the share of samples whose rank sum is as far out as this one."""
    x = np.array(changes)
    kept = x if zeros == "pratt" else x[x != 0]
    sizes = np.abs(kept)
    ranks = np.array([(sizes < a).sum() + ((sizes == a).sum() + 1) / 2 for a in sizes])[kept != 0]
    signs = np.sign(kept[kept != 0])
    middle = ranks.sum() / 2
    far = abs(ranks[signs > 0].sum() - middle)
    sums = [ranks[np.array(pattern, dtype=bool)].sum() for pattern in product((0, 1), repeat=len(ranks))]
    return float(np.mean([abs(total - middle) >= far - 1e-9 for total in sums]))


# ---- R ------------------------------------------------------------------------------------------


def test_the_reference_is_whole() -> None:
    assert len(reference()) == 33


@pytest.mark.parametrize("row", reference(), ids=lambda row: f"{row['set']}-{row['level']}")
def test_r_says_the_same_where_there_are_no_ties_and_zeros(row: dict[str, str]) -> None:
    changes = [float(word) for word in row["changes"].split()]
    test, found = signed_rank(changes), hodges_lehmann(changes, level=float(row["level"]))
    assert (test.statistic, test.n, test.zeros, test.tied) == (float(row["statistic"]), int(row["n"]), 0, 0)
    assert test.exact == (len(changes) > 0)
    assert test.pvalue == pytest.approx(float(row["pvalue"]), rel=CLOSED_FORM)
    wanted = [float(row[name]) for name in ("estimate", "low", "high", "attained")]
    assert [*found, found.level] == pytest.approx(wanted, rel=CLOSED_FORM)


def test_the_letters_six() -> None:
    test, found = signed_rank(LETTER), hodges_lehmann(LETTER)
    assert (test.statistic, test.pvalue, test.smallest) == (0, 0.03125, 0.03125)
    assert (found.estimate, found.low, found.high, found.level) == (-31.5, -48, -15, 0.96875)


# ---- every sign, ties and zeros -------------------------------------------------------------------


@given(CHANGES, st.sampled_from(["wilcoxon", "pratt"]))
def test_p_is_the_share_of_all_signs_that_are_as_far_out(changes: list[float], zeros: str) -> None:
    found = signed_rank(changes, zeros=zeros)
    if not any(changes):
        assert found.n == 0 and np.isnan(found.pvalue)
        return
    assert found.pvalue == pytest.approx(by_all_signs(changes, zeros), rel=1e-12)
    assert found.n == sum(x != 0 for x in changes) and found.zeros == sum(x == 0 for x in changes)


@given(CHANGES, LEVELS)
def test_the_estimate_is_the_median_of_all_pairs_and_the_interval_ends_at_pairs(
    changes: list[float], level: float
) -> None:
    found = hodges_lehmann(changes, level=level)
    means = sorted((a + b) / 2 for a, b in combinations_with_replacement(changes, 2))
    assert found.estimate == pytest.approx(float(np.median(means)), abs=1e-12)
    if len(changes) > 1:
        assert {found.low, found.high} <= set(means)
        assert found.low <= found.estimate <= found.high


@pytest.mark.parametrize("n", [2, 5, 6, 9, 11])
def test_the_interval_holds_the_middle_in_as_many_samples_as_it_says(n: int) -> None:
    """Sizes 1 to n with every sign are all equally likely about 0, and have no ties."""
    sizes = np.arange(1, n + 1) + 0.001 * np.arange(1, n + 1) ** 2
    level = hodges_lehmann(sizes).level
    held = 0
    for signs in product((-1.0, 1.0), repeat=n):
        found = hodges_lehmann(sizes * signs)
        held += found.low <= 0 <= found.high
    assert held / 2**n == pytest.approx(level, abs=1e-12)


def test_five_cannot_reach_95_percent() -> None:
    found = hodges_lehmann([1, -4, 7.5, 2, 12])
    assert (found.low, found.high, found.level) == (-4, 12, 0.9375)


# ---- other programs, and many patients ------------------------------------------------------------


def test_scipy_has_the_same_exact_p_without_ties() -> None:
    from scipy.stats import wilcoxon

    x = np.random.default_rng(3).normal(0.2, 1, 80)
    assert signed_rank(x).pvalue == pytest.approx(wilcoxon(x, method="exact").pvalue, rel=1e-9)


def test_the_approximation_beyond_takes_up_where_the_enumeration_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from evidence.synthesis.scores import paired_change

    x = np.random.default_rng(4).normal(0.1, 1, 380)
    exact, limits = signed_rank(x), hodges_lehmann(x)
    monkeypatch.setattr(paired_change, "MOST_EXACT", 100)
    near, close = signed_rank(x), hodges_lehmann(x)
    assert not near.exact
    assert near.pvalue == pytest.approx(exact.pvalue, rel=0.05)
    assert close.level == pytest.approx(limits.level, abs=1e-3)
    assert (close.low, close.high) == pytest.approx((limits.low, limits.high), abs=2e-3)


def test_counting_pairs_finds_what_writing_them_out_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence.synthesis.scores import paired_change

    x = np.random.default_rng(5).normal(0, 1, 150)
    whole = hodges_lehmann(x)
    monkeypatch.setattr(paired_change, "_MOST_PAIRS", 10)
    assert list(hodges_lehmann(x)) == pytest.approx(list(whole), abs=1e-12)


# ---- laws -----------------------------------------------------------------------------------------


@given(CHANGES)
def test_mirrored_changes_mirror_the_answer(changes: list[float]) -> None:
    one, other = signed_rank(changes), signed_rank([-x for x in changes])
    assert one.pvalue == pytest.approx(other.pvalue, nan_ok=True)
    first, second = hodges_lehmann(changes), hodges_lehmann([-x for x in changes])
    assert first.estimate == pytest.approx(-second.estimate)
    assert first.low == pytest.approx(-second.high, nan_ok=True)


@given(CHANGES, st.integers(-5, 5))
def test_a_shift_moves_the_estimate_as_far(changes: list[float], shift: int) -> None:
    there = hodges_lehmann([x + shift for x in changes])
    assert there.estimate == pytest.approx(hodges_lehmann(changes).estimate + shift)


def test_ties_are_ties_though_binary_fractions_are_not() -> None:
    found = differences([0.1, 0.2], [0.3, 0.4])
    assert found[0] == found[1]
    assert 0.3 - 0.1 != 0.4 - 0.2
    assert signed_rank(found).tied == 2


def test_what_is_no_sample_is_refused() -> None:
    for wrong in ([], [[1.0, 2.0]], [1.0, float("nan")]):
        with pytest.raises(OptionError):
            signed_rank(wrong)
        with pytest.raises(OptionError):
            hodges_lehmann(wrong)
    with pytest.raises(OptionError, match="pratt"):
        signed_rank([1.0], zeros="drop")
