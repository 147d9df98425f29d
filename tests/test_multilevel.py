"""The three-level model and cluster-robust variance: metafor, clubSandwich, dense matrices, a published table, laws."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence
from evidence.cli import main
from evidence.cli import multilevel as command
from evidence.errors import InputError, NotPossible, OptionError
from evidence.literature import LITERATURE
from evidence.review.counts import CountRow
from evidence.synthesis.clusters import multilevel as engine
from evidence.synthesis.clusters.multilevel import Likelihood, ThreeLevel, pool_clusters, three_level
from evidence.synthesis.clusters.robust import ROBUST, cluster_robust
from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2
from evidence.synthesis.inverse_variance.models import critical
from evidence.synthesis.proportions import MEASURES

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "tests" / "reference"
SHARED = ROOT.parent / "shared" / "reference"

CLOSED_FORM = 1e-10
ITERATED = 1e-6  # relative, of the estimate, se and limits
TAU2 = 1e-8  # absolute, where relative is less
LIKELIHOOD = 1e-7  # absolute: where R's variances stop near 0 rather than at it

MEASURE = {"PLO": "logit", "PAS": "arcsine", "PFT": "double-arcsine"}

Row = dict[str, str]


@cache
def read(folder: Path, name: str) -> list[Row]:
    with (folder / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def data(folder: Path, clusters: str, row: Row) -> tuple[np.ndarray, np.ndarray, list[str]]:
    own = [each for each in read(folder, "datasets.csv") if each["dataset"] == row["dataset"]]
    x, n = (np.array([float(each[name]) for each in own]) for name in (_events(own[0]), "n"))
    yi, vi = MEASURES[MEASURE[row["measure"]]].effects(x, n)
    return yi, vi, [each["cluster"] for each in read(folder, clusters) if each["dataset"] == row["dataset"]]


def _events(row: Row) -> str:
    return "event" if "event" in row else "events"


def number(row: Row, name: str) -> float:
    return float(row[name])


def as_index(cluster: list[Any]) -> np.ndarray:
    known: dict[Any, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in cluster])


# ---- R -----------------------------------------------------------------------------------------------


def test_the_reference_is_whole() -> None:
    rows = read(COMMITTED, "multilevel.csv")
    assert len(rows) == 28
    assert sum(number(row, "between") > 0 for row in rows) >= 5
    assert sum(number(row, "within") > 0 for row in rows) >= 14


@pytest.mark.parametrize(
    "row",
    read(COMMITTED, "multilevel.csv"),
    ids=lambda row: f"{row['dataset']}-{row['measure']}-{row['method']}",
)
def test_metafor_and_clubsandwich_say_the_same(row: Row) -> None:
    yi, vi, cluster = data(COMMITTED, "multilevel_clusters.csv", row)
    found = three_level(yi, vi, cluster, estimator=row["method"].lower())
    plain = three_level(yi, vi, cluster, estimator=row["method"].lower(), robust="cr1").robust
    assert (found.k, found.clusters) == (int(row["k"]), int(row["clusters"]))
    assert found.fit.estimate == pytest.approx(number(row, "estimate"), rel=ITERATED)
    assert found.fit.se == pytest.approx(number(row, "se"), rel=ITERATED)
    assert found.log_likelihood == pytest.approx(number(row, "ll"), abs=LIKELIHOOD)
    for part, name in ((found.between, "between"), (found.within, "within")):
        assert part.variance == pytest.approx(number(row, name), rel=ITERATED, abs=TAU2)
        if row[f"{name}_high"]:
            assert part.low == pytest.approx(number(row, f"{name}_low"), rel=ITERATED, abs=TAU2)
            assert part.high == pytest.approx(number(row, f"{name}_high"), rel=ITERATED)
    assert found.robust is not None and plain is not None
    assert found.robust.se == pytest.approx(number(row, "cr2_se"), rel=ITERATED)
    assert found.robust.df == pytest.approx(number(row, "cr2_df"), rel=ITERATED)
    assert (plain.se, plain.df) == (pytest.approx(number(row, "cr1_se"), rel=ITERATED), number(row, "cr1_df"))
    flat = cluster_robust(yi, vi + number(row, "uni_tau2"), as_index(cluster))
    assert flat.se == pytest.approx(number(row, "uni_cr2_se"), rel=ITERATED)
    assert flat.df == pytest.approx(number(row, "uni_cr2_df"), rel=ITERATED)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the full reference does not lie beside this checkout")
def test_the_full_reference_is_met() -> None:
    """Every row of threelevel.csv, with the cohorts of clusters.csv."""
    counts: Counter[str] = Counter()
    for row in read(SHARED, "threelevel.csv"):
        assert row["status"] == "ok"
        yi, vi, cluster = data(SHARED, "clusters.csv", row)
        if row["model"].startswith("robust"):
            tau2 = estimate_tau2(yi[None], vi[None], "reml")[0]
            found = cluster_robust(yi, vi + tau2, as_index(cluster), kind="cr1")
            assert found.df == number(row, "df") == number(row, "n_clusters") - 1
            wanted = [number(row, name) for name in ("estimate", "se", "ci_lb", "ci_ub")]
            assert [found.estimate, found.se, found.low, found.high] == pytest.approx(wanted, rel=ITERATED)
            counts["robust"] += 1
            continue
        fit = three_level(yi, vi, cluster, estimator=row["method"].lower(), ci="wald")
        if not _meets(fit, row):
            assert (row["dataset"], row["measure"], row["method"]) in STOPPED_EARLY
            like = Likelihood(engine._rows(yi, vi, cluster), restricted=row["method"] == "REML")
            theirs_at = np.array([number(row, "sigma2_cluster"), number(row, "sigma2_obs")])
            ours_at = np.array([fit.between.variance, fit.within.variance])
            free = ours_at > 0
            steep, flat = (np.abs(like.slope(at)[free]).max() for at in (theirs_at, ours_at))
            assert flat < 1e-3 * steep
            counts["R's search stopped early"] += 1
            continue
        df = number(row, "df") if row["df"] else None
        half = critical(0.95, df) * float(fit.fit.se)
        spread = critical(0.95, df) * np.sqrt(fit.fit.se**2 + fit.between.variance + fit.within.variance)
        ours = [
            fit.fit.estimate - half,
            fit.fit.estimate + half,
            fit.fit.estimate - spread,
            fit.fit.estimate + spread,
        ]
        theirs = [number(row, name) for name in ("ci_lb", "ci_ub", "pi_lb", "pi_ub")]
        assert ours == pytest.approx(theirs, rel=5 * ITERATED)
        assert fit.q == pytest.approx(number(row, "Q"), rel=CLOSED_FORM)
        assert fit.log_likelihood == pytest.approx(number(row, "ll"), abs=LIKELIHOOD)
        counts["three-level"] += 1
    assert counts == SHARED_COUNTS


STOPPED_EARLY = {("gurusamy2011", "PFT", "REML"), ("dong2013", "PLO", "ML")}
"""Where the likelihood still rises at R's variances, and no longer at ours; they differ by 1e-8."""

SHARED_COUNTS = {"three-level": 18, "robust": 10, "R's search stopped early": 2}


def _meets(fit: ThreeLevel, row: Row) -> bool:
    pairs = ((fit.between.variance, "sigma2_cluster"), (fit.within.variance, "sigma2_obs"))
    near = all(ours == pytest.approx(number(row, name), rel=ITERATED, abs=TAU2) for ours, name in pairs)
    return near and fit.fit.se == pytest.approx(number(row, "se"), rel=ITERATED)


# ---- dense matrices ----------------------------------------------------------------------------------


def table(seed: int, k: int = 14, m: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    cluster = np.concatenate([np.arange(m), rng.integers(0, m, k - m)])
    return rng.normal(size=m)[cluster] + rng.normal(size=k) * 0.7, rng.uniform(0.05, 0.6, k), cluster


def dense(vi: np.ndarray, cluster: np.ndarray, theta: np.ndarray) -> np.ndarray:
    return np.diag(vi + theta[1]) + theta[0] * (cluster[:, None] == cluster[None])


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_likelihood_is_that_of_the_whole_matrix_and_its_slope_that_of_differences(
    seed: int, restricted: bool
) -> None:
    yi, vi, cluster = table(seed)
    like = Likelihood(engine._rows(yi, vi, cluster.tolist()), restricted=restricted)
    one = np.ones_like(yi)
    for theta in (np.array([0.4, 0.2]), np.array([0.0, 0.3]), np.array([0.5, 0.0]), np.zeros(2)):
        inverse = np.linalg.inv(dense(vi, cluster, theta))
        total = one @ inverse @ one
        e = yi - one @ inverse @ yi / total
        wanted = 0.5 * np.linalg.slogdet(inverse)[1] - 0.5 * e @ inverse @ e
        wanted -= 0.5 * np.log(total) if restricted else 0.0
        assert like.value(theta) == pytest.approx(wanted, rel=CLOSED_FORM)
        for place in (0, 1):
            h = np.zeros(2)
            h[place] = 1e-6
            rise = like.value(theta + 2 * h) - like.value(theta + h)
            assert like.slope(theta + 1.5 * h)[place] == pytest.approx(rise / 1e-6, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("seed", range(6))
def test_no_point_of_a_fine_grid_is_higher(seed: int) -> None:
    yi, vi, cluster = table(seed)
    like = Likelihood(engine._rows(yi, vi, cluster.tolist()), restricted=True)
    top = like.value(like.maximum())
    sizes = np.concatenate([[0.0], np.logspace(-5, 2, 40)])
    assert all(like.value(np.array([a, b])) <= top + 1e-10 for a in sizes for b in sizes)


@pytest.mark.parametrize("seed", range(4))
def test_cr2_is_unbiased_under_the_working_model_and_its_df_matches_the_quadratic_form(seed: int) -> None:
    """By whole matrices: E[V] is the model's variance, and df = 2 (E V)^2 / var V."""
    yi, vi, cluster = table(seed)
    phi = dense(vi, cluster, np.array([0.3, 0.1]))
    inverse = np.linalg.inv(phi)
    one = np.ones_like(yi)
    total = one @ inverse @ one
    keep = np.eye(yi.size) - np.outer(one, one @ inverse) / total
    form = np.zeros_like(phi)
    for j in range(5):
        own = np.flatnonzero(cluster == j)
        root = np.linalg.cholesky(phi[np.ix_(own, own)]).T
        values, vectors = np.linalg.eigh(root @ (phi[np.ix_(own, own)] - 1 / total) @ root.T)
        half = vectors @ np.diag([v**-0.5 if v > 1e-9 else 0.0 for v in values]) @ vectors.T
        a = np.zeros(yi.size)
        a[own] = root.T @ half @ root @ np.linalg.solve(phi[np.ix_(own, own)], np.ones(own.size)) / total
        form += np.outer(keep.T @ a, keep.T @ a)
    found = cluster_robust(yi, vi + 0.1, cluster, between=0.3)
    assert found.se**2 == pytest.approx(yi @ form @ yi, rel=1e-9)
    assert np.trace(form @ phi) == pytest.approx(1 / total, rel=1e-9)
    assert found.df == pytest.approx(np.trace(form @ phi) ** 2 / np.trace(form @ phi @ form @ phi), rel=1e-9)


def test_like_cohorts_make_cr2_cr1() -> None:
    yi = np.array([0.1, 0.5, 1.2, 0.8, -0.3, 0.2])
    both = [
        cluster_robust(yi, np.full(6, 0.2), np.repeat([0, 1, 2], 2), between=0.1, kind=k)
        for k in ("cr2", "cr1")
    ]
    assert both[0].se == pytest.approx(both[1].se, rel=1e-12)
    assert both[0].df == pytest.approx(2, rel=1e-12)


# ---- laws --------------------------------------------------------------------------------------------

COUNTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(2, 30)), min_size=5, max_size=12
).filter(lambda rows: 2 <= len({c for c, _, _ in rows}) < len(rows))


@settings(max_examples=10)
@given(COUNTS, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_mirrored_counts_mirror(
    rows: list[tuple[int, int, int]], random: Any
) -> None:
    def pool(rows: list[tuple[int, int, int]]) -> engine.ClusterPool:
        return pool_clusters([x for _, x, _ in rows], [x + n for _, x, n in rows], [c for c, _, _ in rows])

    found = pool(rows)
    shuffled = rows.copy()
    random.shuffle(shuffled)
    again, mirrored = pool(shuffled), pool([(c, n, x) for c, x, n in rows])
    assert again.proportion.estimate == pytest.approx(found.proportion.estimate, rel=1e-6)
    assert again.model.log_likelihood == pytest.approx(found.model.log_likelihood, abs=1e-8)
    assert mirrored.proportion.estimate == pytest.approx(1 - found.proportion.estimate, rel=1e-5)
    assert found.proportion.low <= found.proportion.estimate <= found.proportion.high
    model = found.model
    assert model.between.i2 + model.within.i2 + model.sampling_i2 == pytest.approx(1, rel=1e-12)
    for part in (model.between, model.within):
        assert part.low <= part.variance <= part.high


def test_one_row_a_cohort_in_all_but_one_leaves_little_between_and_time_is_linear() -> None:
    rng = np.random.default_rng(2)
    k = 4000
    cluster = np.arange(k) // 4
    yi = rng.normal(size=k // 4)[cluster] + rng.normal(size=k) * 0.5
    found = three_level(yi, np.full(k, 0.1), cluster.tolist())
    assert found.between.variance == pytest.approx(1.0, abs=0.15)
    assert found.within.variance == pytest.approx(0.15, abs=0.03)
    assert found.between.low < found.between.variance < found.between.high


# ---- what cannot be ----------------------------------------------------------------------------------


def test_what_cannot_be_pooled_is_refused() -> None:
    with pytest.raises(NotPossible, match="everybody responded"):
        pool_clusters([6, 6, 9], [6, 6, 9], ["a", "a", "b"])
    with pytest.raises(NotPossible, match="nobody"):
        pool_clusters([0, 0, 0], [6, 6, 9], ["a", "a", "b"])
    with pytest.raises(NotPossible, match="one cohort"):
        pool_clusters([5, 6, 7], [9, 9, 9], ["a", "a", "a"])
    with pytest.raises(NotPossible, match="more than one row"):
        pool_clusters([5, 6, 7], [9, 9, 9], ["a", "b", "c"])
    with pytest.raises(OptionError, match="shape of cluster"):
        pool_clusters([5, 6, 7], [9, 9, 9], ["a", "b"])
    with pytest.raises(OptionError, match="reml"):
        pool_clusters([5, 6, 7], [9, 9, 9], ["a", "a", "b"], tau2="dl")
    with pytest.raises(InputError):
        three_level([0.1, float("nan"), 0.3], [1, 1, 1], ["a", "a", "b"])


def test_two_cohorts_and_rows_without_non_responders_are_said() -> None:
    found = pool_clusters([9, 9, 5], [9, 9, 9], ["a", "a", "b"])
    said = " ".join(found.notes)
    assert "2 of 3 rows" in said and "2 cohorts hardly inform" in said
    assert found.prediction is None


def test_cohorts_of_one_average_get_no_robust_interval_without_width() -> None:
    found = pool_clusters([5, 5, 5, 5, 5], [10] * 5, list("aabbc"))
    assert found.robust is None and found.model.robust is None
    assert "same average" in " ".join(found.notes)
    assert found.proportion.low < 0.5 < found.proportion.high
    shown = run("a=5/10", "a=5/10", "b=5/10").output
    assert "robust interval would have no width" in " ".join(shown.split())


# ---- the command -------------------------------------------------------------------------------------

TYPED = ["A=5/9", "A=7/9", "B=12/20", "B=15/20", "B=16/19", "C=3/11", "D=8/10"]


def run(*args: str, **settings: Any) -> Any:
    return CliRunner().invoke(main, ["multilevel", *args], **settings)


def test_the_words_are_the_librarys() -> None:
    assert [*ROBUST, "none"] == list(command.ROBUST)
    options = {option.name: option for option in command.multilevel.params}
    assert tuple(options["tau2"].type.choices) == engine.ESTIMATORS  # type: ignore[attr-defined]
    assert tuple(options["ci"].type.choices) == engine.CI  # type: ignore[attr-defined]


def test_counts_a_table_and_the_library_agree(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = [arg.replace("=", "/").split("/") for arg in TYPED]
    lines = [
        "study,centre,time,events,n",
        *(f"Study {i},{c},{i},{x},{n}" for i, (c, x, n) in enumerate(rows)),
    ]
    table.write_text("\n".join(lines))
    first = json.loads(run(*TYPED, "--format", "json").output)
    second = json.loads(run(str(table), "--cluster", "centre", "--format", "json").output)
    own = pool_clusters([int(x) for _, x, _ in rows], [int(n) for *_, n in rows], [c for c, *_ in rows])
    assert first["proportion"] == second["proportion"]
    assert first["proportion"]["estimate"] == own.proportion.estimate
    assert first["heterogeneity"]["between"]["variance"] == own.model.between.variance
    counts = [CountRow(c, int(x), int(n), {}, 0) for c, x, n in rows]
    assert evidence.multilevel_rows(counts).pooled.robust == own.robust
    assert f"{100 * own.proportion.estimate:.1f}" in run(*TYPED).output
    kinds = [row["kind"] for row in csv.DictReader(run(*TYPED, "--format", "csv").output.splitlines())]
    assert kinds.count("row") == 7 and kinds.count("pool") == 3


def test_it_explains_itself() -> None:
    said = run(*TYPED, "--methods").output
    assert LITERATURE["konstantopoulos2011"] in said and "three-level" in said and "[" in said
    code = run(*TYPED, "--show-r", "--ci", "wald", "--robust", "cr1").output
    assert "cohort <- c(1, 1, 2, 2, 2, 3, 4)" in code
    assert 'random = ~ 1 | cohort / row, data = dat, method = "REML", test = "z"' in code
    assert "robust(fit, cluster = cohort, adjust = TRUE)" in code
    assert 'conf_int(fit, vcov = "CR2"' in run(*TYPED, "--show-r").output


def test_a_review_gives_every_time_of_each_cohort(tmp_path: Path) -> None:
    (tmp_path / "review.toml").write_text(
        'format = 1\ntitle = "R"\n[outcomes.r]\nlabel = "Response"\nbetter = "higher"\n'
        '[analyses.primary]\noutcome = "r"\npool = { design = ["cohort"] }\n'
    )
    (tmp_path / "studies.csv").write_text(
        "study,label,design,source,locator,state\n"
        + "".join(
            f"{s},{s.upper()},{d},https://doi.org/10.1/{s},T1,read\n"
            for s, d in (("a", "cohort"), ("b", "cohort"), ("c", "cohort"), ("t", "trial"))
        )
    )
    rows = [
        ("a", 4, 5, 9),
        ("a", 12, 7, 9),
        ("b", 12, 12, 20),
        ("b", 24, 15, 20),
        ("c", 12, 3, 11),
        ("t", 12, 9, 30),
    ]
    (tmp_path / "outcomes.csv").write_text(
        "study,arm,outcome,weeks,events,n,source,locator,state\n"
        + "".join(f"{s},drug,r,{w},{x},{n},https://doi.org/10.1/{s},T2,read\n" for s, w, x, n in rows)
    )
    found = evidence.multilevel(evidence.load(str(tmp_path)))
    assert [(row.cluster, row.events) for row in found.rows] == [
        ("a", 5),
        ("a", 7),
        ("b", 12),
        ("b", 15),
        ("c", 3),
    ]
    assert "week 24" in str(found)
    late = evidence.multilevel(evidence.load(str(tmp_path)), where="weeks >= 12")
    assert len(late.rows) == 4


def test_it_ends_as_it_should(tmp_path: Path) -> None:
    assert run().exit_code == 1  # the shipped series have one row each
    assert run("6/6", "nonsense").exit_code == 2
    assert run(*TYPED, "--outcome", "x").exit_code == 2
    assert run(*TYPED, "--cluster", "nope").exit_code == 2
    assert run(str(tmp_path / "none.csv")).exit_code == 2
    assert run("A=6/6", "A=6/6", "B=9/9").exit_code == 1
    hostile = tmp_path / "h.csv"
    hostile.write_text("study,events,n\n\x1b[31mX,3,9\n\x1b[31mX,4,9\nY,5,9\n")
    assert "\x1b" not in run(str(hostile)).output
    assert max(map(len, run(*TYPED).output.splitlines())) <= 80


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from evidence.cli import main; "
        "CliRunner().invoke(main, ['multilevel', '--help']); CliRunner().invoke(main, ['scores', '--help']); "
        "print(sorted({'numpy', 'scipy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
