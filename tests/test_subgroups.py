"""Whether groups differ: against R's meta, by hand, and where there is no test."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

import evidence
from evidence.errors import OptionError
from evidence.review.counts import CountRow
from evidence.synthesis.pooling import pool_counts
from evidence.synthesis.regression.binomial import fit_binomial_regression
from evidence.synthesis.regression.subgroups import SubgroupTest, compare_groups

from .test_regression import SHARED, Faults, beside, counts, number, read, table

SM = {"PLOGIT": "logit", "PFT": "double-arcsine", "PAS": "arcsine"}
ITERATED = 1e-6
LME4 = 5e-3  # relative: R's binomial model has seven quadrature nodes, and tau2 is 5 in one set
WALD_LME4 = 1e-2

EVENTS = [3, 8, 10, 7, 14, 22, 9, 18, 30, 5]
N = [9, 12, 20, 19, 30, 25, 21, 22, 41, 14]
GROUPS = ["a", "b"] * 5


def fits(row: dict[str, str]) -> SubgroupTest:
    x, n = counts(SHARED, row["dataset"])
    groups = [one["subgroup"] for one in table(SHARED, row["dataset"])]
    binomial = row["method"] == "GLMM"
    return compare_groups(
        x,
        n,
        groups,
        model="binomial" if binomial else "random",
        measure=SM[row["sm"]],
        tau2="reml" if binomial else row["method_tau"].lower(),
        tau2_common=row["tau_common"] == "TRUE",
        ci="hksj-plain" if row["method_random_ci"] == "HK" else "wald",
    )


@beside
def test_every_row_of_the_full_reference() -> None:
    seen: Counter[str] = Counter()
    faults = Faults()
    keys = ("dataset", "sm", "method", "method_tau", "tau_common", "method_random_ci")
    groups: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in read(SHARED, "subgroup.csv"):
        groups.setdefault(tuple(row[name] for name in keys), []).append(row)
    for row in read(SHARED, "subgroup_test.csv"):
        named = {**row, "measure": row["sm"], "formula": row["tau_common"], "test": row["method_random_ci"]}
        test = fits(row)
        each = groups[tuple(row[name] for name in keys)]
        assert [group.name for group in test.groups] == [one["subgroup"] for one in each]
        if row["method"] == "GLMM":
            if "fallback" in row["warnings"]:
                seen["R fell back on the common-effect model"] += 1
                continue
            wald = test.wald.statistic if test.wald is not None else test.statistic
            faults.near(named, "Wald", wald, row["Q_b_random"], WALD_LME4)
            for group, one in zip(test.groups, each, strict=True):
                faults.near(named, "te", group.estimate, one["te_random"], 0, 1e-2 * float(one["se_random"]))
            seen["binomial"] += 1
            continue
        if row["dataset"] == "syn_identical" and row["method_random_ci"] == "HK":
            # a group without any spread: R divides by its variance of 0
            assert test.statistic == 0 or test.kind == ""
            assert number(row["Q_b_random"]) is None
            seen["no variance"] += 1
            continue
        # on one set tau2 is 1e-8 and R's search stops at steps of 1e-11
        rtol = 1e-4 if row["dataset"] == "crisafulli2020" and row["sm"] == "PFT" else ITERATED
        faults.near(named, "Q", test.statistic, row["Q_b_random"], rtol)
        faults.near(named, "p", test.pvalue, row["pval_Q_b_random"], rtol)
        faults.near(named, "within", test.q_within, row["Q_w_common"], ITERATED)
        if row["tau_common"] == "TRUE":
            faults.near(named, "tau2", test.tau2, row["tau2_resid"], ITERATED)
        for group, one in zip(test.groups, each, strict=True):
            faults.near(named, "te", group.estimate, one["te_random"], rtol, 1e-8)
            faults.near(named, "se", group.se, one["se_random"], rtol, 1e-8)
            faults.near(named, "tau2", group.tau2, one["tau2"], ITERATED)
        common = compare_groups(
            *counts(SHARED, row["dataset"]),
            [one["subgroup"] for one in table(SHARED, row["dataset"])],
            model="common",
            measure=SM[row["sm"]],
        )
        faults.near(named, "common", common.statistic, row["Q_b_common"], ITERATED)
        seen["inverse variance"] += 1
    assert not faults, "\n".join(faults[:20])
    assert seen == {
        "inverse variance": 189,
        "binomial": 32,
        "no variance": 1,
        "R fell back on the common-effect model": 4,
    }


# ---- by hand ---------------------------------------------------------------------------------------


def test_q_between_is_made_of_the_pools() -> None:
    test = compare_groups(EVENTS, N, GROUPS, model="random", tau2_common=False)
    pools = [pool_counts(EVENTS[start::2], N[start::2], model="random", ci="wald") for start in (0, 1)]
    fits_ = [pool.fit for pool in pools]
    assert all(fit is not None for fit in fits_)
    (a, b) = fits_
    assert a is not None
    assert b is not None
    assert test.statistic == pytest.approx((a.estimate - b.estimate) ** 2 / (a.se**2 + b.se**2), rel=1e-9)
    assert test.pvalue == pytest.approx(chi2.sf(test.statistic, 1), rel=1e-9)


def test_few_studies_share_one_tau2_and_many_do_not() -> None:
    assert compare_groups(EVENTS, N, GROUPS).tau2_common is False
    assert compare_groups(EVENTS[:9], N[:9], GROUPS[:9]).tau2_common is True


def test_the_likelihood_ratio_is_that_of_the_regression() -> None:
    test = compare_groups(EVENTS, N, GROUPS, tau2_common=True)
    design = np.column_stack([np.ones(10), [group == "b" for group in GROUPS]])
    fit = fit_binomial_regression(np.array(EVENTS, float), np.array(N, float), design)
    assert test.kind == "likelihood ratio"
    assert test.statistic == pytest.approx(fit.moderators[1].statistic, abs=1e-6)
    assert test.tau2 == pytest.approx(fit.tau2, abs=1e-6)
    assert test.wald is not None
    assert test.wald.statistic == pytest.approx(float(fit.statistic[1]) ** 2, rel=1e-5)


@settings(max_examples=6)
@given(st.permutations(list(range(10))))
def test_order_does_not_matter(order: list[int]) -> None:
    shuffled = [[values[i] for i in order] for values in (EVENTS, N, GROUPS)]
    for model in ("random", "binomial"):
        one = compare_groups(EVENTS, N, GROUPS, model=model, tau2_common=True)
        other = compare_groups(*shuffled, model=model, tau2_common=True)
        assert other.statistic == pytest.approx(one.statistic, rel=1e-6)


# ---- where there is no test, or half of one ----------------------------------------------------------


def test_a_group_in_which_all_responded() -> None:
    events, n, groups = [6, 9, 11, 5, 7, 4], [6, 9, 11, 9, 12, 10], ["x"] * 3 + ["y"] * 3
    apart = compare_groups(events, n, groups, tau2_common=False)
    assert (apart.kind, apart.statistic, apart.pvalue) == ("", None, None)
    assert "no maximum" in apart.notes[0]
    assert "no substitute" in apart.notes[0]
    assert [group.estimate is None for group in apart.groups] == [True, False]
    together = compare_groups(events, n, groups, tau2_common=True)
    assert together.kind == "likelihood ratio"
    assert together.wald is None
    assert together.statistic is not None
    assert together.statistic > 10
    # the limit of ever larger groups with hardly a non-responder, as the likelihood has it
    near = [
        compare_groups(
            [scale * 6 - 1, 9, 11, 5, 7, 4], [scale * 6, 9, 11, 9, 12, 10], groups, tau2_common=True
        )
        for scale in (1, 2)
    ]
    assert all(test.wald is not None for test in near)


def test_everyone_everywhere() -> None:
    test = compare_groups([6, 9, 11, 4], [6, 9, 11, 4], ["x", "x", "y", "y"])
    assert test.statistic is None
    assert "no likelihood can tell" in test.notes[0]


def test_one_study_a_group() -> None:
    binomial = compare_groups([5, 9], [9, 12], ["x", "y"])
    assert binomial.statistic is None
    assert "2 studies in 2 groups" in binomial.notes[0]
    random = compare_groups([5, 9], [9, 12], ["x", "y"], model="random")
    assert random.statistic is not None
    assert "taken to be nothing" in random.notes[0]


def test_wrong_options() -> None:
    for name, value in (("model", "exact"), ("measure", "probit"), ("tau2", "best"), ("ci", "t")):
        with pytest.raises(OptionError, match=name):
            compare_groups(EVENTS, N, GROUPS, **{name: value})


# ---- with the pool -------------------------------------------------------------------------------


def rows(groups: list[str]) -> list[CountRow]:
    return [
        CountRow(f"S{i}", x, n, {"design": group}, i)
        for i, (x, n, group) in enumerate(zip(EVENTS, N, groups, strict=True), 1)
    ]


def test_a_pool_by_groups_carries_the_test() -> None:
    pooled = evidence.pool_rows(rows(GROUPS), by="design", model="random")
    assert pooled.subgroups is not None
    expected = compare_groups(EVENTS, N, GROUPS, model="random", ci="hksj")
    assert pooled.subgroups.statistic == pytest.approx(expected.statistic)
    assert "Differences between groups (design): Q between" in " ".join(str(pooled).split())
    assert evidence.pool_rows(rows(GROUPS)).subgroups is None
    assert evidence.pool_rows(rows(["a"] * 10), by="design").subgroups is None


def test_rows_whose_group_is_not_stated_are_not_compared() -> None:
    pooled = evidence.pool_rows(rows(["", *GROUPS[1:]]), by="design")
    assert pooled.subgroups is not None
    assert [group.name for group in pooled.subgroups.groups] == ["b", "a"]
    assert any("1 of 10 studies do not state design" in note for note in pooled.subgroups.notes)


def test_the_test_in_json() -> None:
    import json

    from evidence.report import render

    made = json.loads(render(evidence.pool_rows(rows(GROUPS), by="design"), "json"))["subgroups"]
    assert (made["by"], made["test"], len(made["groups"])) == ("design", "Wald", 2)
    assert made["pvalue"] == pytest.approx(compare_groups(EVENTS, N, GROUPS).pvalue)
    assert json.loads(render(evidence.pool_rows(rows(GROUPS)), "json"))["subgroups"] is None
