"""Two arms, study by study and pooled, against R row by row: every row is compared, or left out for a reason that is counted.

The full reference (metafor 5.0, meta 8.3) may lie beside the checkout; a small one made by validation/two_arms.R with Debian's
metafor is always there.
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import InputError, NotPossible, OptionError
from evidence.synthesis.arms.mantel_haenszel import association_test
from evidence.synthesis.arms.peto import peto_effects
from evidence.synthesis.arms.pooling import ARM_MODELS, PooledArms, compare_arms, pool_arms
from evidence.synthesis.arms.tables import (
    ARM_MEASURES,
    ZERO_CELLS,
    Arms,
    Convention,
    additions,
    arm_effects,
    as_arms,
)
from evidence.synthesis.comparison import compare_proportions
from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2, generalised_q
from evidence.synthesis.inverse_variance.models import fit_inverse_variance

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "tests" / "reference" / "two_arms.csv"
SHARED = ROOT.parent / "shared" / "reference"
beside = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the full reference does not lie beside this checkout"
)

CLOSED_FORM = 1e-10  # relative, or absolute where the number is small
ITERATED = 1e-6
TAU2 = 1e-7  # absolute: R's Fisher scoring and root search stop there

MEASURE = {"OR": "odds-ratio", "RR": "risk-ratio", "RD": "risk-difference", "AS": "arcsine-difference"}
MEASURE |= {"ASD": "arcsine-difference"}
MODEL = {
    "CM.EL": "hypergeometric",
    "CM.AL": "conditional-binomial",
    "UM.FS": "fixed-studies",
    "UM.RS": "random-studies",
}
CI = {"z": "wald", "knha": "hksj-plain", "t": "t"}

Row = dict[str, str]


@cache
def read(name: str) -> list[Row]:
    with (SHARED / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@cache
def sets() -> dict[str, Arms]:
    found: dict[str, list[list[float]]] = {}
    for row in read("twoarm_datasets.csv"):
        found.setdefault(row["dataset"], []).append([float(row[name]) for name in ("ai", "n1i", "ci", "n2i")])
    return {name: as_arms(*np.array(rows).T) for name, rows in found.items()}


def number(row: Row, name: str) -> float | None:
    return float(row[name]) if row.get(name) not in ("", "NaN", None) else None


def enlarged(arms: Arms) -> Arms:
    """With 0.5 in each cell of the studies with an empty one: escalc and rma.uni do it even for Peto's effects."""
    first, second, _ = additions(arms, Convention())
    return Arms(arms.ai + first, arms.n1i + 2 * first, arms.ci + second, arms.n2i + 2 * second)


def agree(faults: list[str], row: Row, rtol: float, atol: float = 0.0, **pairs: Any) -> None:
    """Note each value of ours that is not R's."""
    for name, ours in pairs.items():
        theirs = number(row, name)
        if theirs is None or (ours is None and theirs == 0):  # a heterogeneity of one study: none is said
            continue
        if ours is None or not abs(ours - theirs) <= rtol * max(abs(theirs), 1e-3) + atol + 1e-14:
            which = " ".join(
                filter(None, (row.get(c) for c in ("dataset", "fun", "measure", "sm", "method", "option")))
            )
            faults.append(f"{which}: {name} {ours} instead of {theirs}")


# ---- effects -------------------------------------------------------------------------------------


@beside
def test_effects_are_those_of_both_packages() -> None:
    faults: list[str] = []
    seen: Counter[str] = Counter()
    for place, row in enumerate(read("twoarm_effects.csv")):
        arms, at = sets()[row["dataset"]], int(float(row["idx"])) - 1
        if row["measure"] == "PETO":
            effects = peto_effects(enlarged(arms))
        else:
            keep = row["drop00"] == "FALSE"
            convention = Convention(double_zeros=keep, corrected_difference=True)
            effects = arm_effects(arms, MEASURE[row["measure"]], convention)
        yi = number(row, "yi")
        seen["metafor, no effect" if yi is None else "metafor"] += 1
        if yi is None:
            assert not effects.used[at], place
        else:
            agree(faults, row, CLOSED_FORM, yi=effects.yi[at], vi=effects.vi[at])
        if number(row, "meta_TE") is not None and row["measure"] != "PETO":
            seen["meta"] += 1
            other = arm_effects(arms, MEASURE[row["measure"]], Convention(half_totals=True))
            agree(faults, row, CLOSED_FORM, meta_TE=other.yi[at], meta_seTE=np.sqrt(other.vi[at]))
    assert not faults, "\n".join(faults[:20])
    assert seen == {"metafor": 1688, "metafor, no effect": 34, "meta": 950}


# ---- metafor -------------------------------------------------------------------------------------


@beside
def test_inverse_variance_is_that_of_metafor() -> None:
    faults: list[str] = []
    seen: Counter[str] = Counter()
    for row in read("twoarm_pooled_metafor.csv"):
        if row["fun"] != "rma.uni":
            continue
        arms = sets()[row["dataset"]]
        if row["measure"] == "PETO":
            seen[f"Peto effects, {row['status']}"] += 1
            _by_parts(faults, row, arms)
            continue
        common = row["method"] == "EE"
        options = {
            "measure": MEASURE[row["measure"]],
            "model": "common" if common else "random",
            "ci_method": CI[row["test"]],
            "double_zeros": "drop00=FALSE" in row["option"],
            "corrected_difference": True,
        }
        if not common:
            options["tau2"] = row["method"].lower()
        if row["status"] == "error":
            seen["no study is left: refused"] += 1
            with pytest.raises(NotPossible):
                pool_arms(*arms, **options)
            continue
        found = pool_arms(*arms, **options)
        seen["compared"] += 1
        k1 = found.k == 1
        seen["of one study"] += k1
        iterated = row["method"] in ("REML", "PM")
        rtol, atol = (ITERATED, TAU2) if iterated else (CLOSED_FORM, 0.0)
        assert found.k == int(float(row["k"]))
        agree(
            faults, row, rtol, atol,
            estimate=found.fit.estimate, se=found.fit.se, ci_lb=found.fit.low, ci_ub=found.fit.high, pval=found.pvalue,
        )  # fmt: skip
        if found.heterogeneity is not None:
            h = found.heterogeneity
            agree(faults, row, rtol, atol, tau2=h.tau2)
            agree(faults, row, CLOSED_FORM, Q=h.q, Qp=h.pvalue)
    assert not faults, "\n".join(faults[:20])
    assert seen == {
        "compared": 738,
        "of one study": 54,
        "no study is left: refused": 18,
        "Peto effects, ok": 126,
    }


def _by_parts(faults: list[str], row: Row, arms: Arms) -> None:
    """Random effects of Peto's effects: no model of ours, but our parts give it."""
    effects = peto_effects(enlarged(arms))
    used = effects.used
    if not used.any():
        assert number(row, "estimate") in (None, 0.0) or row["status"] != "ok", row
        return
    yi, vi = effects.yi[None, used], effects.vi[None, used]
    tau2 = np.zeros(1) if row["method"] == "EE" else estimate_tau2(yi, vi, row["method"].lower())
    fit = fit_inverse_variance(yi, vi, tau2, ci=CI[row["test"]], level=0.95)
    agree(
        faults, row, ITERATED, TAU2, estimate=float(fit.estimate[0]), se=float(fit.se[0]), tau2=float(tau2[0])
    )
    agree(
        faults, row, CLOSED_FORM, Q=float(generalised_q(yi, vi, np.zeros(1))[0]) if yi.shape[1] > 1 else None
    )


@beside
def test_mantel_haenszel_and_peto_are_those_of_metafor() -> None:
    faults: list[str] = []
    seen: Counter[str] = Counter()
    for row in read("twoarm_pooled_metafor.csv"):
        if row["fun"] not in ("rma.mh", "rma.peto"):
            continue
        arms = sets()[row["dataset"]]
        peto = row["fun"] == "rma.peto"
        options: dict[str, Any] = {"measure": "odds-ratio", "model": "peto"}
        if not peto:
            options = {
                "measure": MEASURE[row["measure"]],
                "continuity": "correct=FALSE" not in row["option"],
                "corrected": row["option"].startswith("add=c"),
                "double_zeros": row["option"].startswith("add=c"),
                "corrected_difference": True,
            }
        kind = "Peto" if peto else "Mantel-Haenszel"
        try:
            found = pool_arms(*arms, **options)
        except NotPossible:
            estimate = number(row, "estimate")
            assert arms.no_events.all()
            assert row["status"] == "error" or estimate in (None, 0.0), row
            seen[f"{kind}, refused: nobody responded anywhere"] += 1
            continue
        if row["option"].startswith("add=c") and arms.no_events.all():
            seen["enlarged counts where nobody responded: made by the correction"] += 1
        seen[kind] += 1
        agree(
            faults, row, CLOSED_FORM,
            estimate=found.fit.estimate, se=found.fit.se, pval=found.pvalue, ci_lb=found.fit.low, ci_ub=found.fit.high,
        )  # fmt: skip
        if found.heterogeneity is not None:
            q = _metafor_q(arms, row, found)
            agree(faults, row, CLOSED_FORM, Q=q)
        if row["measure"] == "OR" and not row["option"].startswith("add=c"):
            test = found.association
            agree(faults, row, CLOSED_FORM, MH=test and test.statistic, MHp=test and test.pvalue)
            test = found.homogeneity
            agree(faults, row, CLOSED_FORM, TA=test and test.statistic, TAp=test and test.pvalue)
    assert not faults, "\n".join(faults[:20])
    assert seen == MH_COUNTS


MH_COUNTS = {
    "Mantel-Haenszel": 120,
    "Mantel-Haenszel, refused: nobody responded anywhere": 6,
    "enlarged counts where nobody responded: made by the correction": 3,
    "Peto": 13,
    "Peto, refused: nobody responded anywhere": 1,
}


def _metafor_q(arms: Arms, row: Row, found: PooledArms) -> float | None:
    """Q at our estimate over the studies metafor takes: it drops those with 0 or 100 % in both arms from differences too."""
    if row["fun"] == "rma.peto" or (row["measure"] == "OR" and not row["option"].startswith("add=c")):
        return found.heterogeneity.q if found.heterogeneity else None
    effects = arm_effects(arms, MEASURE[row["measure"]], Convention(corrected_difference=True))
    used = effects.used & arms.informative
    return (
        float(((effects.yi - found.fit.estimate) ** 2 / effects.vi)[used].sum()) if used.sum() > 1 else None
    )


# ---- meta ----------------------------------------------------------------------------------------


@beside
def test_pools_are_those_of_metabin() -> None:
    faults: list[str] = []
    seen: Counter[str] = Counter()
    for row in read("twoarm_pooled_meta.csv"):
        if row["method"] == "GLMM":  # with metafor's, in test_two_arm_binomial
            seen["GLMM"] += 1
            continue
        arms = sets()[row["dataset"]]
        convention = {
            "zero_cells": {"if0all": "if-any", "all": "all"}.get(row["method_incr"], "only-zero"),
            "double_zeros": row["option"] == "allstudies",
            "half_totals": row["option"] != "RR.Cochrane",
        }
        if row["option"] == "TACC":
            convention["zero_cells"] = "treatment-arm"
        if row["method"] == "Peto":
            common: dict[str, Any] = {"model": "peto"}
        elif row["method"] == "MH":
            common = {
                "measure": MEASURE[row["sm"]], "model": "mantel-haenszel", "variance": "greenland-robins",
                "corrected": row["option"] != "MH.exact", **convention,
            }  # fmt: skip
        else:
            common = {"measure": MEASURE[row["sm"]], "model": "common", **convention}
        try:
            found = pool_arms(*arms, **common)
        except NotPossible:
            assert arms.no_events.all(), row
            seen["refused: nobody responded anywhere"] += 1
            continue
        if row["method"] == "SSW":
            _sample_size(faults, seen, row, arms, convention)
            continue
        if row["method"] == "MH" and row["sm"] == "RD" and common["corrected"] and arms.empty_cell.any():
            # raw differences by weights of enlarged totals: neither the data's nor the enlarged table's estimate
            large = enlarged(arms)
            weights = large.n1i * large.n2i / large.total
            mixed = (weights * (arms.ai / arms.n1i - arms.ci / arms.n2i)).sum() / weights.sum()
            agree(faults, row, CLOSED_FORM, te_common=mixed, se_common=found.fit.se)
            seen["Mantel-Haenszel difference with an empty cell: meta's own mixture, recomputed"] += 1
            continue
        seen["common"] += 1
        # meta prints limits and p by the same normal quantile; they follow from estimate and se
        agree(
            faults, row, CLOSED_FORM, te_common=found.fit.estimate, se_common=found.fit.se,
            lower_common=found.fit.low, upper_common=found.fit.high, pval_common=found.pvalue,
        )  # fmt: skip
        test = association_test(arms, correct=False, cochran=True)  # meta's CMH divides by N, not N - 1
        agree(faults, row, CLOSED_FORM, Q_CMH=test and test.statistic, pval_Q_CMH=test and test.pvalue)
        if row["method"] == "MH" and row["method_tau"] == "DL":
            _about_mantel_haenszel(faults, row, arms, convention)
            seen[
                "random columns: DerSimonian and Laird about Mantel-Haenszel's estimate (RevMan's), recomputed"
            ] += 1
        elif row["method"] == "Peto":
            seen["random columns: of Peto's effects, compared with metafor's"] += 1
        else:
            _random(faults, row, arms, convention)
            seen["random"] += 1
    assert not faults, "\n".join(faults[:20])
    assert seen == META_COUNTS


def _random(faults: list[str], row: Row, arms: Arms, convention: dict[str, Any]) -> None:
    options = {"measure": MEASURE[row["sm"]], "model": "random", "tau2": row["method_tau"].lower()}
    wald = pool_arms(*arms, **options, ci_method="wald", **convention)
    hk = pool_arms(*arms, **options, ci_method="hksj-plain", prediction="hts", **convention)
    rtol, atol = (CLOSED_FORM, 0.0) if row["method_tau"] == "DL" else (ITERATED, TAU2)
    agree(
        faults, row, rtol, atol, te_random=wald.fit.estimate, se_random=wald.fit.se,
        lower_random=wald.fit.low, upper_random=wald.fit.high, pval_random=wald.pvalue,
    )  # fmt: skip
    if wald.heterogeneity is None:
        return
    h = wald.heterogeneity
    agree(
        faults,
        row,
        rtol,
        atol,
        tau2=h.tau2,
        se_random_hk=hk.fit.se,
        lower_random_hk=hk.fit.low,
        upper_random_hk=hk.fit.high,
    )
    agree(faults, row, CLOSED_FORM, Q=h.q, pval_Q=h.pvalue, I2=h.i2)
    if wald.prediction is not None and hk.prediction is not None:
        back = np.log if row["sm"] in ("OR", "RR") else np.asarray
        low, high = (
            back([wald.prediction.low, hk.prediction.low]),
            back([wald.prediction.high, hk.prediction.high]),
        )
        if row["sm"] != "RD":  # ours stay within -1 and 1
            agree(
                faults, row, rtol, atol, pi_v_lb=low[0], pi_v_ub=high[0], pi_hts_lb=low[1], pi_hts_ub=high[1]
            )


def _about_mantel_haenszel(faults: list[str], row: Row, arms: Arms, convention: dict[str, Any]) -> None:
    effects = arm_effects(arms, MEASURE[row["sm"]], Convention(**convention))
    yi, wi = effects.yi[effects.used], 1 / effects.vi[effects.used]
    centre = number(row, "te_common")
    assert centre is not None
    q = (wi * (yi - centre) ** 2).sum()
    if len(yi) > 1:
        tau2 = max((q - (len(yi) - 1)) / (wi.sum() - (wi**2).sum() / wi.sum()), 0.0)
        agree(faults, row, CLOSED_FORM, Q=q, tau2=tau2)


def _sample_size(
    faults: list[str], seen: Counter[str], row: Row, arms: Arms, convention: dict[str, Any]
) -> None:
    found = pool_arms(*arms, measure="odds-ratio", model="sample-size", **convention)
    agree(faults, row, ITERATED, te_common=found.fit.estimate, te_random=found.fit.estimate)
    if found.k == 1:
        seen["sample-size, one study: meta's standard error is 0"] += 1
        assert row["se_random"] == "0" and found.fit.se > 0
        return
    if row["se_random"] == "Inf":
        seen["sample-size, an empty cell: meta's standard error is infinite"] += 1
        assert np.isfinite(found.fit.se) and arms.empty_cell.any()
        return
    seen["sample-size"] += 1
    agree(
        faults,
        row,
        ITERATED,
        TAU2,
        se_random=found.fit.se,
        lower_random=found.fit.low,
        upper_random=found.fit.high,
    )


META_COUNTS = {
    "common": 537,
    "random": 397,
    "random columns: DerSimonian and Laird about Mantel-Haenszel's estimate (RevMan's), recomputed": 114,
    "random columns: of Peto's effects, compared with metafor's": 26,
    "Mantel-Haenszel difference with an empty cell: meta's own mixture, recomputed": 40,
    "refused: nobody responded anywhere": 26,
    "GLMM": 24,
    "sample-size": 7,
    "sample-size, an empty cell: meta's standard error is infinite": 5,
    "sample-size, one study: meta's standard error is 0": 1,
}


# ---- the small reference that is always here -------------------------------------------------------


def committed() -> list[Row]:
    with COMMITTED.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


SETS = {
    "zeros": as_arms([0, 1, 0, 3, 0], [20, 25, 30, 40, 15], [2, 4, 0, 5, 1], [22, 24, 31, 42, 15]),
    "varied": as_arms(
        [1, 3, 2, 5, 4, 12], [10, 300, 20, 500, 40, 30], [10, 4, 1, 3, 6, 5], [100, 30, 20, 100, 40, 30]
    ),
    "full": as_arms([9, 20, 7, 14], [9, 25, 8, 20], [6, 15, 8, 11], [10, 24, 8, 19]),
}
"""As in validation/two_arms.R."""


@pytest.mark.parametrize(
    "row", committed(), ids=lambda row: "-".join(row[c] for c in ("set", "measure", "model"))
)
def test_pools_are_those_of_the_small_reference(row: Row) -> None:
    faults: list[str] = []
    binomial = row["model"] in MODEL.values()
    found = pool_arms(
        *SETS[row["set"]], measure=row["measure"], model=row["model"], corrected_difference=True,
        **({"ci_method": "wald"} if binomial or row["model"] == "random" else {}),
    )  # fmt: skip
    rtol, atol = (
        (1e-4, 1e-4) if binomial else (ITERATED, TAU2)
    )  # lme4 stops early; R differences its likelihood
    agree(faults, row, rtol, atol, estimate=found.fit.estimate, se=found.fit.se)
    if found.heterogeneity is not None and found.heterogeneity.tau2 is not None:
        agree(faults, row, rtol, 3 * atol, tau2=found.heterogeneity.tau2)
    if row["model"] == "mantel-haenszel" and row["measure"] == "odds-ratio":
        agree(
            faults, row, CLOSED_FORM, mh=found.association and found.association.statistic,
            tarone=found.homogeneity and found.homogeneity.statistic,
        )  # fmt: skip
    assert not faults, faults


def test_the_small_reference_is_complete() -> None:
    kept = Counter(row["model"] for row in committed())
    assert kept == SMALL


SMALL = {
    "common": 12, "random": 12, "mantel-haenszel": 9, "peto": 3, "conditional-binomial": 3, "fixed-studies": 3,
}  # fmt: skip


# ---- conventions and laws --------------------------------------------------------------------------


def test_each_convention_adds_where_it_says() -> None:
    arms = as_arms([0, 3, 5], [10, 12, 20], [2, 4, 9], [30, 12, 40])

    def added(zero_cells: str) -> list[tuple[float, float]]:
        first, second, _ = additions(arms, Convention(zero_cells))
        return list(zip(first.tolist(), second.tolist(), strict=True))

    assert added("only-zero") == [(0.5, 0.5), (0, 0), (0, 0)]
    assert added("if-any") == added("all") == [(0.5, 0.5)] * 3
    assert added("treatment-arm") == [(0.25, 0.75), (0, 0), (0, 0)]
    assert added("none") == [(0, 0)] * 3
    whole = as_arms([1, 3], [10, 12], [2, 4], [30, 12])
    assert additions(whole, Convention("if-any"))[2].sum() == 0
    assert additions(whole, Convention("all"))[2].sum() == 2


def test_a_difference_keeps_studies_at_zero_and_a_ratio_does_not() -> None:
    counts = [0, 4, 3], [20, 20, 25], [0, 8, 9], [30, 20, 25]
    assert pool_arms(*counts, measure="risk-difference").k == 3
    ratio = pool_arms(*counts, measure="risk-ratio")
    assert ratio.k == 2
    assert any("left out" in note for note in ratio.notes)
    kept = pool_arms(*counts, model="random", double_zeros=True)
    assert kept.k == 3
    assert any("from the correction alone" in note for note in kept.notes)
    without = pool_arms(*counts, model="random", zero_cells="none")
    assert without.k == 2


def test_an_estimate_made_by_the_correction_is_called_one() -> None:
    found = pool_arms([6, 5], [6, 5], [0, 0], [5, 4], model="common")
    assert any("made by what was added" in note for note in found.notes)


def test_one_trial_is_its_own_effect_and_says_so() -> None:
    found = pool_arms([49], [107], [24], [94])
    assert found.effect.estimate == pytest.approx(49 * 70 / (58 * 24))
    assert found.heterogeneity is None
    assert found.notes == ("One study, not pooled: this is its own effect.",)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        (([0, 0], [9, 8], [0, 0], [7, 9]), "nobody responded in either arm of any study"),
        (([9, 8], [9, 8], [7, 9], [7, 9]), "everybody responded in both arms"),
        (([3, 2], [9, 8], [0, 0], [7, 9]), "nobody in any control arm responded"),
    ],
)
def test_where_no_odds_ratio_exists_the_reason_is_given(counts: Any, reason: str) -> None:
    with pytest.raises(NotPossible, match=reason):
        pool_arms(*counts)


@pytest.mark.parametrize(
    "counts",
    [
        ([1], [2, 3], [1], [2]),
        ([3], [2], [1], [2]),
        ([1.5], [2], [1], [2]),
        ([], [], [], []),
        ([np.nan], [2], [1], [2]),
    ],
)
def test_what_are_no_counts_is_refused(counts: Any) -> None:
    with pytest.raises(InputError):
        pool_arms(*counts)


@pytest.mark.parametrize(
    "options",
    [
        {"model": "peto", "measure": "risk-ratio"}, {"measure": "arcsine-difference"}, {"model": "x"},
        {"ci_method": "hksj"}, {"zero_cells": "x"}, {"level": 1.5}, {"model": "hypergeometric", "ci_method": "hksj"},
    ],
)  # fmt: skip
def test_an_option_the_model_has_not_is_refused(options: Any) -> None:
    with pytest.raises(OptionError):
        pool_arms([1, 2], [9, 9], [3, 4], [9, 9], **options)


def test_each_study_by_itself_is_compared_as_two_proportions() -> None:
    found = compare_arms([49, 6], [107, 6], [24, 0], [94, 5])
    assert found[0] == compare_proportions(49, 107, 24, 94)
    assert found[1].odds_ratio is not None
    assert found[1].odds_ratio.estimate is None


counts = st.tuples(st.integers(0, 20), st.integers(0, 25)).map(lambda pair: (pair[0], 20, pair[1], 25))
tables = st.lists(counts, min_size=1, max_size=6)
closed = [
    model for model in ARM_MODELS if model in ("mantel-haenszel", "common", "random", "peto", "sample-size")
]


@given(tables, st.sampled_from(closed), st.sampled_from(list(ARM_MEASURES)), st.sampled_from(ZERO_CELLS))
def test_laws_of_every_closed_form(table: Any, model: str, measure: str, zero_cells: str) -> None:
    if (model == "peto" and measure != "odds-ratio") or (model, measure) == (
        "mantel-haenszel",
        "arcsine-difference",
    ):
        return
    columns = list(zip(*table, strict=True))
    try:
        found = pool_arms(*columns, model=model, measure=measure, zero_cells=zero_cells)
    except NotPossible:
        return
    effect = found.effect
    assert effect.low <= effect.estimate <= effect.high
    ai, n1i, ci, n2i = columns
    swapped = pool_arms(ci, n2i, ai, n1i, model=model, measure=measure, zero_cells=zero_cells)
    assert swapped.fit.estimate == pytest.approx(-found.fit.estimate, abs=1e-6)
    order = [column[::-1] for column in columns]
    assert pool_arms(
        *order, model=model, measure=measure, zero_cells=zero_cells
    ).fit.estimate == pytest.approx(found.fit.estimate, abs=1e-6)
    if found.weights is not None:
        assert found.weights.sum() == pytest.approx(1)
