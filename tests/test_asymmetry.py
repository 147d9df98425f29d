"""Tests of funnel asymmetry against R, by brute force, and by the laws they must keep."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import permutations
from math import sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import NotPossible, OptionError
from evidence.synthesis.proportions import MEASURES
from evidence.synthesis.small_studies.asymmetry import (
    PREDICTORS,
    FunnelTest,
    begg,
    egger,
    kendall_se,
    linear_test,
    macaskill,
    peters,
    rank_test,
    size_test,
    tau2_around_line,
    thompson,
)
from evidence.synthesis.small_studies.doi import doi_plot
from evidence.synthesis.small_studies.failsafe import orwin, rosenberg, rosenthal

from .test_parity_reference import (
    CLOSED_FORM,
    COMMITTED,
    ITERATED,
    MEASURE,
    SHARED,
    SM,
    Row,
    beside,
    number,
    read,
    sets,
)

PREDICTOR = {
    "sei": "se",
    "vi": "variance",
    "ni": "size",
    "ninv": "inverse-size",
    "sqrtni": "root-size",
    "sqrtninv": "inverse-root-size",
}
FLAT = 1e-10  # a statistic of 0 but for rounding: identical proportions
TAU2 = {"REML": "reml", "DL": "dl", "EE": "none"}

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def studies(folder: Any, dataset: str, measure: str) -> Arrays:
    x, n = sets(folder)[dataset]
    return (x, n, *MEASURES[measure].effects(x, n))


def near(ours: float | None, theirs: float | None, rtol: float) -> bool:
    """`theirs` None is what R does not print."""
    return theirs is None or (
        ours is not None and abs(ours - theirs) <= rtol * max(abs(theirs), 1e-8) + 1e-14
    )


def exact_variances(measure: str, x: np.ndarray, n: np.ndarray) -> list[Fraction]:
    """The variances as fractions: what is a tie there is one."""
    made = []
    for events, size in zip(x.astype(int).tolist(), n.astype(int).tolist(), strict=True):
        half = Fraction(1, 2) if events in (0, size) else Fraction(0)
        a, total = events + half, size + 2 * half
        made.append(
            {
                "log": (total - a) / (a * total),
                "raw": a * (total - a) / total**3,
                "logit": total / (a * (total - a)),
            }[measure]
        )
    return made


def ties_among_others(measure: str, x: np.ndarray, n: np.ndarray) -> bool:
    """Whether studies of other counts have the same variance: then its last digits, and R's ranks, are chance."""
    by_variance: dict[Fraction, set[tuple[float, float]]] = {}
    for variance, events, size in zip(exact_variances(measure, x, n), x.tolist(), n.tolist(), strict=True):
        by_variance.setdefault(variance, set()).add((events, size))
    return any(len(counts) > 1 for counts in by_variance.values())


# ---- what validation/small_studies.R made ----------------------------------------------------------


def ours(row: Row) -> list[float | None]:
    """The same four figures as a row of the reference holds."""
    measure = MEASURE.get(row["measure"], "arcsine")
    x, n, yi, vi = studies(COMMITTED, row["dataset"], measure)
    if row["test"] == "ranktest":
        rank = begg(yi, vi)
        return [rank.statistic, rank.pvalue]
    if row["test"] == "fsn":
        return [*(rosenthal if row["detail"] == "Rosenthal" else rosenberg)(yi, vi)]
    if row["test"] == "lfk":
        return [doi_plot(yi, vi).lfk]
    if row["test"] == "size":
        test = size_test(x, n)
    elif row["test"] == "peters":
        test = peters(yi, x, n)
    elif row["detail"] == "lm":
        test = egger(yi, vi)
    else:
        test = egger(yi, vi, form="mixed", tau2=TAU2[row["detail"]])
    return [test.statistic, test.pvalue, test.slope, test.slope_se]


def test_against_r() -> None:
    rows = [
        row for row in read(COMMITTED, "small_studies.csv") if row["test"] not in ("trimfill", "selmodel")
    ]
    kinds = Counter(row["test"] for row in rows)
    assert kinds == {"regtest": 42, "ranktest": 14, "peters": 14, "size": 7, "fsn": 28, "lfk": 14}
    wrong, hidden = [], 0
    for row in rows:
        rtol = ITERATED if row["detail"] == "REML" else 1e-9
        theirs = [number(row, name) for name in "abcd"]
        found = [*ours(row), None, None, None]
        if all(near(a, b, rtol) for a, b in zip(found, theirs, strict=False)):
            continue
        if row["test"] == "ranktest" and ties_among_others(
            MEASURE[row["measure"]], *sets(COMMITTED)[row["dataset"]]
        ):
            hidden += 1  # R takes rounding for a difference of ranks
        else:
            wrong.append((row, found))
    assert not wrong
    assert hidden == 1


# ---- the full reference ----------------------------------------------------------------------------


@beside
def test_metafors_regtest_and_ranktest() -> None:
    """Exempt: what has no scatter about its line, and Kendall's tau where R takes rounding for a difference of ranks."""
    seen: Counter[str] = Counter()
    wrong = []
    for row in read(SHARED, "smallstudy_metafor.csv"):
        measure = MEASURE[row["measure"]]
        x, n, yi, vi = studies(SHARED, row["dataset"], measure)
        try:
            if row["test"] == "ranktest":
                test = begg(yi, vi)
            else:
                form = "linear" if row["model"] == "lm" else "mixed"
                predictor = PREDICTOR[row["predictor"]]
                test = egger(
                    yi, vi, form=form, predictor=predictor, n=n, tau2=TAU2.get(row["method"], "reml")
                )
        except NotPossible:
            if row["status"] != "ok":
                seen["both refuse"] += 1
            elif row["test"] == "ranktest":
                assert row["stat"] == ""
                seen["R has no tau either"] += 1
            else:
                assert row["stat"] == "NaN" or float(row["slope_se"]) < 1e-12
                seen["no scatter about the line"] += 1
            continue
        if row["status"] != "ok":
            assert "Fisher scoring" in row["error"]
            seen["R did not converge"] += 1
            continue
        names = {"stat": test.statistic, "pval": test.pvalue, "slope": test.slope, "slope_se": test.slope_se}
        if test.limit is not None:
            names |= dict(zip(("limit_est", "limit_lb", "limit_ub"), test.limit, strict=True))
        flat = row["test"] == "regtest" and abs(float(row["stat"])) < FLAT
        rtol = CLOSED_FORM if row["model"] in ("lm", "kendall") else ITERATED
        good = all(near(value, number(row, name), rtol) for name, value in names.items())
        if flat:
            assert abs(test.statistic) < FLAT
            seen["compared"] += 1
        elif not good and row["test"] == "ranktest" and measure in ("log", "raw"):
            assert ties_among_others(measure, x, n)
            seen["ties that rounding hides from R"] += 1
        elif good:
            seen["compared"] += 1
        else:
            wrong.append((row, test))
    assert not wrong
    assert seen == {
        "compared": 1361,
        "both refuse": 61,
        "no scatter about the line": 38,
        "R has no tau either": 11,
        "ties that rounding hides from R": 4,
        "R did not converge": 1,
    }


META: dict[str, Any] = {
    "Egger": lambda x, n, yi, vi: egger(yi, vi),
    "Begg": lambda x, n, yi, vi: begg(yi, vi, form="normal"),
    "Thompson": lambda x, n, yi, vi: thompson(yi, vi),
    "Macaskill": lambda x, n, yi, vi: macaskill(yi, vi, n),
    "Peters": lambda x, n, yi, vi: peters(yi, x, n),
}


def line_likelihood(yi: np.ndarray, vi: np.ndarray, tau2: float) -> float:
    """The restricted log-likelihood of the line on the standard error, by matrices."""
    design = np.column_stack([np.ones_like(yi), np.sqrt(vi)])
    weights = 1 / (vi + tau2)
    information = design.T @ (weights[:, None] * design)
    beta = np.linalg.solve(information, design.T @ (weights * yi))
    q = (weights * (yi - design @ beta) ** 2).sum()
    return float(0.5 * (np.log(weights).sum() - np.linalg.slogdet(information)[1] - q))


@beside
def test_metas_metabias() -> None:
    """Exempt: no scatter. Thompson's rows carry the stopping error of R's tau2: with R's tau2 all digits agree, and
    ours is the likelier."""
    seen: Counter[str] = Counter()
    wrong = []
    for row in read(SHARED, "smallstudy_meta.csv"):
        x, n, yi, vi = studies(SHARED, row["dataset"], SM[row["sm"]])
        kind = row["method_bias"]
        try:
            test = META[kind](x, n, yi, vi)
        except NotPossible:
            if row["status"] == "ok":
                spread = float(row["se_bias"] or 0) if kind != "Begg" else 0.0
                assert spread < 1e-12 or row["statistic"] == "NaN"
            seen["both refuse" if row["status"] != "ok" else "no scatter"] += 1
            continue
        if row["status"] != "ok":
            seen["R did not converge"] += 1
            continue
        statistic, pvalue, rtol = test.statistic, test.pvalue, 1e-9
        if kind == "Begg":
            weights = 1 / vi
            centre = (weights * yi).sum() / weights.sum()
            ranks = (yi - centre) / np.sqrt(vi - 1 / weights.sum())
            score = statistic * _pairs(ranks, vi)
            assert near(score, number(row, "bias"), 1e-9)
            statistic = score / kendall_se(ranks, vi)
        if kind == "Thompson":
            theirs = float(row["tau"]) ** 2
            assert test.tau2 is not None
            assert line_likelihood(yi, vi, test.tau2) >= line_likelihood(yi, vi, theirs) - 1e-10
            statistic, pvalue = _at(yi, vi, theirs)
            rtol = 1e-8
            if abs(float(row["statistic"])) < FLAT:
                assert abs(test.statistic) < FLAT
                seen["Thompson"] += 1
                continue
        if near(statistic, number(row, "statistic"), rtol) and near(pvalue, number(row, "pval"), rtol):
            seen[kind] += 1
        else:
            wrong.append((row, test, statistic))
    assert not wrong
    assert seen == {
        "Egger": 96,
        "Begg": 97,
        "Thompson": 99,
        "Macaskill": 95,
        "Peters": 91,
        "both refuse": 33,
        "no scatter": 13,
        "R did not converge": 1,
    }


def _pairs(first: np.ndarray, second: np.ndarray) -> float:
    """What turns tau-b into Kendall's score."""
    pairs = len(first) * (len(first) - 1) / 2
    left = [pairs - sum(t * (t - 1) / 2 for t in _ties(column)) for column in (first, second)]
    return sqrt(left[0] * left[1])


def _ties(column: np.ndarray) -> list[int]:
    ordered = np.sort(column)
    cuts = np.flatnonzero(np.diff(ordered) > 1e-12 * np.abs(ordered[1:])) + 1
    return [len(part) for part in np.split(ordered, cuts)]


def _at(yi: np.ndarray, vi: np.ndarray, tau2: float) -> tuple[float, float]:
    """Thompson and Sharp's test at a given variance around the line."""
    from scipy.stats import t

    design = np.column_stack([np.ones_like(yi), np.sqrt(vi)])
    covariance = np.linalg.inv(design.T @ (design / (vi + tau2)[:, None]))
    slope = (covariance @ design.T @ (yi / (vi + tau2)))[1]
    statistic = slope / np.sqrt(covariance[1, 1])
    return float(statistic), float(2 * t.sf(abs(statistic), len(yi) - 2))


def two_arms(dataset: str, sm: str) -> tuple[np.ndarray, ...]:
    """Effects and variances as R's meta has them, and the four counts, of the studies that have an effect."""
    effects = {
        row["idx"]: (number(row, "meta_TE"), number(row, "meta_seTE"))
        for row in read(SHARED, "twoarm_effects.csv")
        if (row["dataset"], row["measure"], row["drop00"]) == (dataset, sm, "FALSE")
    }
    made = []
    for row in read(SHARED, "twoarm_datasets.csv"):
        effect, se = effects[row["idx"]] if row["dataset"] == dataset else (None, None)
        if effect is not None and se is not None:
            made.append([effect, se**2, *(float(row[name]) for name in ("ai", "n1i", "ci", "n2i"))])
    return tuple(np.array(made).reshape(-1, 6).T)


def two_arm_test(kind: str, sm: str, columns: tuple[np.ndarray, ...]) -> FunnelTest:
    """The tests for two arms by the same functions: only effect, variance and what stands for size are others."""
    yi, vi, a, n1, c, n2 = columns
    n, dead = n1 + n2, a + c
    if kind == "Peters":
        inside = (dead > 0) & (dead < n)
        weights = (dead * (n - dead) / n)[inside]
        return linear_test(yi[inside], 1 / n[inside], weights, vanishing=True)
    if kind == "Deeks":
        effective = 4 * n1 * n2 / n
        return egger(yi, 1 / effective, predictor="inverse-root-size", n=effective)
    if kind == "Harbord":
        if sm == "RR":
            # meta's information is that of equal arms, whatever the arms: n1 n2 / n would be right, n / 4 stands there
            score, information = (a * n - dead * n1) / (n - dead), n / 4 * dead / (n - dead)
        else:
            score = a - dead * n1 / n
            information = n1 * n2 * dead * (n - dead) / (n**2 * (n - 1))
        inside = information > 0
        return egger((score / np.where(inside, information, 1))[inside], 1 / information[inside])
    return META[kind](a, n, yi, vi)  # type: ignore[no-any-return]


@beside
def test_metas_metabias_of_two_arms() -> None:
    """Exempt: Schwarzer's rank test of counts, which is not offered; what has no scatter; R's errors."""
    seen: Counter[str] = Counter()
    wrong = []
    for row in read(SHARED, "twoarm_smallstudy_meta.csv"):
        kind, theirs = row["method_bias"], number(row, "statistic")
        if kind == "Schwarzer":
            seen["not offered"] += 1
            continue
        columns = two_arms(row["dataset"], row["sm"])
        try:
            test = two_arm_test(kind, row["sm"], columns)
        except NotPossible:
            seen["no test"] += 1
            assert theirs is None or row["status"] != "ok", row
            continue
        if row["status"] != "ok" or theirs is None:
            seen["R failed"] += 1
            continue
        # Thompson's tau2 carries R's stopping error, and is not printed here
        good = near(test.pvalue, number(row, "pval"), 0.05 if kind == "Thompson" else 1e-8)
        if kind != "Begg":  # whose statistic there is the score over its standard error
            good = good and near(test.statistic, theirs, 0.01 if kind == "Thompson" else 1e-8)
        seen[kind] += good
        if not good:
            wrong.append((row, test))
    assert not wrong
    compared = {
        "Begg": 36,
        "Deeks": 36,
        "Egger": 36,
        "Harbord": 36,
        "Macaskill": 36,
        "Peters": 36,
        "Thompson": 37,
    }
    assert seen == {**compared, "not offered": 39, "no test": 20}


@beside
def test_metafors_fsn() -> None:
    rows = read(SHARED, "failsafe.csv")
    assert len(rows) == 228
    for row in rows:
        _, _, yi, vi = studies(SHARED, row["dataset"], MEASURE[row["measure"]])
        target = number(row, "target")
        if row["type"] == "Orwin":
            assert target is not None
            found, mean = orwin(yi, target=target, vi=vi)
            assert near(mean, number(row, "est"), CLOSED_FORM)
        else:
            found, pvalue = (rosenthal if row["type"] == "Rosenthal" else rosenberg)(yi, vi)
            assert near(pvalue, number(row, "pval"), 1e-9)
        assert found == number(row, "fsnum"), row


# ---- by brute force ----------------------------------------------------------------------------------


def test_kendalls_chance_is_that_of_all_permutations() -> None:
    first = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.6])
    second = np.array([2.0, 7.0, 1.0, 8.0, 2.8, 1.8])

    def score(a: Any, b: Any) -> int:
        return int(sum(np.sign(a[i] - a[j]) * np.sign(b[i] - b[j]) for i in range(len(a)) for j in range(i)))

    seen = score(first, second)
    scores = [score(first, order) for order in permutations(second)]
    share = min(np.mean([s <= seen for s in scores]), np.mean([s >= seen for s in scores]))
    test = rank_test(first, second, exact=True)
    assert test.statistic == pytest.approx(seen / 15, abs=1e-15)
    assert test.pvalue == pytest.approx(min(1.0, 2 * float(share)), abs=1e-14)


def test_the_line_is_that_of_statsmodels() -> None:
    import statsmodels.api as sm

    x, n = np.array([3.0, 9, 12, 7, 40, 33]), np.array([5.0, 11, 20, 8, 61, 40])
    fit = sm.WLS(x / n, sm.add_constant(1 / np.sqrt(n)), weights=n).fit()
    test = size_test(x, n)
    assert test.limit is not None
    assert (test.slope, test.slope_se, test.pvalue) == pytest.approx(
        (fit.params[1], fit.bse[1], fit.pvalues[1]), rel=1e-10
    )
    assert test.limit == pytest.approx((fit.params[0], *fit.conf_int()[0]), rel=1e-10)


def test_the_variance_around_the_line_is_the_best_of_a_fine_grid() -> None:
    rng = np.random.default_rng(3)
    for _ in range(4):
        vi = rng.uniform(0.05, 1.0, 9)
        yi = rng.normal(0, 0.8, 9) + np.sqrt(vi)
        found = tau2_around_line(yi, vi, np.sqrt(vi))
        best = max(line_likelihood(yi, vi, tau2) for tau2 in np.linspace(0, 6, 601))
        assert line_likelihood(yi, vi, found) >= best - 1e-12


# ---- laws ----------------------------------------------------------------------------------------------

TABLES = st.lists(
    st.integers(2, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=4, max_size=14
).filter(lambda rows: len({n for _, n in rows}) > 1 and len({x / n for x, n in rows}) > 2)


def every(x: np.ndarray, n: np.ndarray) -> list[FunnelTest | None]:
    yi, vi = MEASURES["arcsine"].effects(x, n)
    found: list[FunnelTest | None] = []
    for run in (
        lambda: size_test(x, n),
        lambda: egger(yi, vi),
        lambda: thompson(yi, vi),
        lambda: peters(yi, x, n),
        lambda: begg(yi, vi),
        lambda: macaskill(yi, vi, n),
    ):
        try:
            found.append(run())
        except NotPossible:
            found.append(None)
    return found


@given(TABLES)
def test_non_responders_counted_instead_turn_the_sign_and_nothing_else(rows: list[tuple[int, int]]) -> None:
    x, n = np.array(rows, dtype=float).T
    for one, other in zip(every(x, n), every(n - x, n), strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.statistic == pytest.approx(-other.statistic, rel=1e-6, abs=1e-6)
            assert one.pvalue == pytest.approx(other.pvalue, rel=1e-6, abs=1e-6)


@given(TABLES, st.randoms(use_true_random=False))
def test_the_order_of_studies_does_not_matter(rows: list[tuple[int, int]], random: Any) -> None:
    mixed = list(rows)
    random.shuffle(mixed)
    for one, other in zip(every(*np.array(rows, float).T), every(*np.array(mixed, float).T), strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.pvalue == pytest.approx(other.pvalue, rel=1e-6, abs=1e-9)


def test_the_doi_plot_mirrors() -> None:
    yi, vi = np.array([-1.2, 0.3, 0.9, 2.5, 0.1]), np.array([0.2, 0.3, 0.1, 0.6, 0.25])
    assert doi_plot(yi, vi).lfk > 0
    # the half taken from each mid-rank is not mirrored: it is the authors', and small beside 100 a study
    assert doi_plot(-yi, vi).lfk == pytest.approx(-doi_plot(yi, vi).lfk, abs=0.05)


def test_the_lfk_index_of_the_authors_pain_trials() -> None:
    """Furuya-Kanamori et al. 2018: five trials (as R's metasens prints their data); their formula by hand, step by step."""
    smd, variance = [-4.27, -1.71, -0.58, -0.19, 0.0], [0.158, 0.076, 0.018, 0.022, 0.040]
    from statistics import NormalDist

    weights = [100 * 0.158 / v for v in variance]
    z = []
    for i, weight in enumerate(weights):
        z.append(NormalDist().inv_cdf((sum(weights[:i]) + weight / 2 - 0.5) / sum(weights)))
    tip = smd[min(range(5), key=lambda i: abs(z[i]))]
    index = sum(a + (max(z) - min(z)) / 4.27 * (y - tip) for a, y in zip(z, smd, strict=True)) / 2
    found = doi_plot(np.array(smd), np.array(variance))
    assert found.lfk == pytest.approx(index, rel=1e-12)
    assert found.verdict == "major"


# ---- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [0, 1, 2])
def test_fewer_than_three_studies_are_refused(k: int) -> None:
    x, n = np.arange(1.0, k + 1), np.arange(4.0, k + 4)
    yi, vi = MEASURES["logit"].effects(x, n)
    for run in (
        lambda: size_test(x, n),
        lambda: egger(yi, vi),
        lambda: begg(yi, vi),
        lambda: doi_plot(yi, vi),
    ):
        with pytest.raises(NotPossible, match="at least 3"):
            run()


def test_one_size_and_no_scatter_are_refused_with_their_reason() -> None:
    n = np.full(5, 10.0)
    with pytest.raises(NotPossible, match="same size"):
        size_test(np.array([3.0, 4, 5, 6, 7]), n)
    with pytest.raises(NotPossible, match="no scatter"):
        size_test(np.array([5.0, 10, 20]), np.array([10.0, 20, 40]))


@pytest.mark.parametrize(
    ("option", "value"),
    [("form", "cubic"), ("predictor", "age"), ("tau2", "pm"), ("distribution", "f")],
)
def test_unknown_words_are_refused_with_those_allowed(option: str, value: str) -> None:
    yi, vi = MEASURES["logit"].effects(np.array([1.0, 2, 3, 5]), np.array([4.0, 5, 9, 7]))
    asked: dict[str, Any] = {"form": "mixed"} | {option: value}
    with pytest.raises(OptionError, match=value):
        egger(yi, vi, **asked)
    with pytest.raises(OptionError, match="sizes"):
        egger(yi, vi, predictor="size")
    assert set(PREDICTOR.values()) == set(PREDICTORS)
