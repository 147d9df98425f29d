"""The coverage simulation: its design, its scoring, its results' completeness, and what the README says of them."""

from __future__ import annotations

import csv
import importlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.special import chdtri, expit, ndtri, stdtrit

from evidence import pool_counts
from evidence.synthesis.counts import binomial, corrected
from evidence.synthesis.counts.quadrature import table_log_likelihood

FOLDER = Path(__file__).resolve().parent.parent / "validation" / "coverage"
NAMES = ("design", "surface", "simulate", "summarise", "likelihood")


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, ModuleType]]:
    """The scripts as they import each other, and no trace of them afterwards."""
    before, path = {name: sys.modules.pop(name, None) for name in NAMES}, list(sys.path)
    sys.path.insert(0, str(FOLDER))
    yield {name: importlib.import_module(name) for name in NAMES}
    sys.path[:] = path
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def rows(family: str) -> list[dict[str, str]]:
    with (FOLDER / f"{family}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cell_of(row: dict[str, str]) -> tuple[int, float, float]:
    return int(row["k"]), float(row["p"]), float(row["tau"])


def test_the_grid_of_cells_is_whole(scripts: dict[str, ModuleType]) -> None:
    cells = scripts["design"].CELLS
    assert len(cells) == len(set(cells)) == 60
    assert {cell.k for cell in cells} == {2, 3, 5, 10, 20}
    assert {cell.p for cell in cells} == {0.5, 0.8, 0.95, 0.99}
    assert {cell.tau for cell in cells} == {0.0, 0.5, 1.0}


@pytest.mark.parametrize(("family", "least"), [("engine", 4000), ("surface", 4000), ("fresh", 4000)])
def test_every_cell_was_simulated(scripts: dict[str, ModuleType], family: str, least: int) -> None:
    """Each candidate of each target in all cells of its k, once, with enough draws."""
    found = rows(family)
    assert min(int(row["draws"]) for row in found) >= least
    counted = Counter((row["target"], row["candidate"], cell_of(row)) for row in found)
    assert set(counted.values()) == {1}
    for target in ("median", "average", "new"):
        names = {row["candidate"] for row in found if row["target"] == target}
        assert names
        for name in names:
            cells = {cell for t, c, cell in counted if (t, c) == (target, name)}
            missing = {tuple(cell) for cell in scripts["design"].CELLS} - cells
            # likelihood predicts from three studies on, and so does pool_counts
            assert missing in (set(), {tuple(c) for c in scripts["design"].CELLS if c.k == 2}), (target, name)
            assert not missing or target == "new"


def test_draws_are_those_of_the_seed_and_grow_by_blocks(scripts: dict[str, ModuleType]) -> None:
    cell = scripts["design"].Cell(5, 0.8, 0.5)
    x, n = cell.draw(1500)
    assert x.shape == n.shape == (1500, 5)
    assert n.min() == 5 and n.max() == 50
    assert (x <= n).all() and (x >= 0).all()
    assert (int(x.sum()), int(n.sum())) == DRAWN
    fewer = cell.draw(1000)
    assert (fewer[0] == x[:1000]).all() and (fewer[1] == n[:1000]).all()
    assert not (cell.draw(500, 1000)[0] == x[:500]).all()  # blocks kept for confirmation are others
    assert abs((x / n).mean() - cell.average) < 4 * np.sqrt(0.02 / x.size) + 0.005


DRAWN = (161876, 205061)


def test_truths(scripts: dict[str, ModuleType]) -> None:
    cell = scripts["design"].Cell(3, 0.95, 1.0)
    z = np.linspace(-9, 9, 20_001)
    weight = np.exp(-0.5 * z**2)
    assert cell.average == pytest.approx((expit(cell.mu + z) @ weight) / weight.sum(), abs=1e-9)
    assert cell.truth("median") == 0.95
    assert cell._replace(tau=0.0).average == pytest.approx(0.95, abs=1e-12)


def test_scores_of_intervals_whose_coverage_is_known(scripts: dict[str, ModuleType]) -> None:
    design = scripts["design"]
    cell = design.Cell(3, 0.8, 1.0)
    half = ndtri(0.975)
    central = expit(np.array([cell.mu - half, cell.mu + half]))
    scored = design.score(cell, "new", "x", np.full(9, central[0]), np.full(9, central[1]))
    assert scored.coverage == pytest.approx(0.95, abs=1e-12)
    assert scored.truth_below == pytest.approx(0.025, abs=1e-12)
    low, high = np.array([0.1, 0.81, 0.1, 0.8]), np.array([0.9, 0.9, 0.79, 0.8])
    scored = design.score(cell, "median", "x", low, high)
    assert (scored.coverage, scored.truth_below, scored.truth_above) == (0.5, 0.25, 0.25)
    assert scored.mean_width == pytest.approx((0.8 + 0.09 + 0.69 + 0) / 4)
    certain = design.Cell(3, 0.8, 0.0)
    assert design.score(certain, "new", "x", low, high).coverage == 0.5  # a new study has p itself
    whole = design.score(cell, "new", "x", np.zeros(4), np.ones(4))
    assert whole.coverage == 1 and whole.truth_below == whole.truth_above == 0


def test_a_small_cell_reproduces(scripts: dict[str, ModuleType]) -> None:
    """The whole procedure by the script, and table by table by hand."""
    design, simulate = scripts["design"], scripts["simulate"]
    cell, draws = design.Cell(3, 0.95, 0.5), 30
    scored = {score.target: score for score in simulate.engine(cell, draws)}
    x, n = cell.draw(draws)
    pooled = [pool_counts(*table) for table in zip(x, n, strict=True)]
    for target, intervals in (
        ("median", [p.proportion for p in pooled]),
        ("average", [p.average for p in pooled]),
    ):
        truth = cell.truth(target)
        inside = [i.low <= truth <= i.high for i in intervals if i is not None]
        width = [i.high - i.low for i in intervals if i is not None]
        assert len(inside) == draws
        assert scored[target].coverage == np.mean(inside)
        assert scored[target].mean_width == pytest.approx(np.mean(width), abs=2e-3)


def test_the_surface_agrees_with_the_engine(
    scripts: dict[str, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Limits read off the common grid against posteriors and profiles worked one by one."""
    design, surface = scripts["design"], scripts["surface"]
    monkeypatch.setattr(surface, "SIZES", (9, 16))  # the grid of so few pairs is made in no time
    cell = design.Cell(5, 0.8, 0.5)
    random = np.random.default_rng(5)
    n = random.integers(9, 17, (8, 5)).astype(float)
    x = random.binomial(n.astype(int), expit(cell.mu + 0.5 * random.standard_normal(n.shape))).astype(float)
    grid = surface.make_grid.__wrapped__("median", cell.mu)
    found = surface.read(grid, x, n)
    pooled = pool_counts(x, n, model="bayes", prior_median="uniform", prior_scale=1)
    _, low, high = found.limits["bayes-hn1"]
    assert np.abs(low - pooled.proportion.low).max() < 2e-3
    assert np.abs(high - pooled.proportion.high).max() < 2e-3
    assert pooled.prediction is not None
    assert np.abs(found.new["bayes-hn1"][0] - pooled.prediction.low).max() < 4e-3
    finite = binomial.has_maximum(x, n)
    best = binomial.maximise(x[finite], n[finite])
    assert np.abs(found.top[finite] - best.value).max() < 5e-3
    wanted = [expit(limit) for limit in corrected.corrected_limits(x[finite], n[finite], best, 0.95)]
    cut = 2 * corrected.small_sample_drop(5, 0.95)
    limits = surface.profile_limits(grid, found.root[finite], cut)
    assert np.abs(np.subtract(limits, wanted)).max() < 2e-3


def test_the_index_of_pairs(scripts: dict[str, ModuleType]) -> None:
    surface = scripts["surface"]
    x, n = surface.pairs()
    assert len(x) == 1311
    assert (surface.index(x, n) == np.arange(len(x))).all()


def test_small_sample_cut() -> None:
    """Exact for a normal sample: the likelihood ratio at the limits of Student's interval; chi-square's for large k."""
    y = np.array([0.3, -1.2, 0.8, 2.0])
    limit = y.mean() + stdtrit(3, 0.975) * y.std(ddof=1) / 2
    ratio = len(y) * np.log(((y - limit) ** 2).mean() / y.var())
    assert 2 * corrected.small_sample_drop(4, 0.95) == pytest.approx(ratio, rel=1e-12)
    assert corrected.small_sample_drop(10**6, 0.9) == pytest.approx(chdtri(1, 0.1) / 2, rel=1e-5)
    drops = [corrected.small_sample_drop(k, 0.95) for k in (2, 3, 5, 10, 20, 100)]
    assert drops == sorted(drops, reverse=True)


def test_corrected_limits_are_profile_limits_at_that_cut() -> None:
    x, n = np.array([[14, 20, 3, 7, 11.0]]), np.array([[20, 22, 9, 9, 12.0]])
    best = binomial.maximise(x, n)
    low, high = corrected.corrected_limits(x, n, best, 0.95)
    theirs = binomial.profile_mu(x, n, best, corrected.small_sample_drop(5, 0.95))
    assert [low[0], high[0]] == pytest.approx([theirs[0][0], theirs[1][0]], abs=1e-6)
    mirrored = corrected.corrected_limits(n - x, n, binomial.maximise(n - x, n), 0.95)
    assert [-mirrored[1][0], -mirrored[0][0]] == pytest.approx([low[0], high[0]], abs=1e-6)


@pytest.mark.parametrize(("mu", "tau"), [(0.3, 0.8), (2.5, 0.2), (-2.0, 1.5), (0.0, 0.0)])
@pytest.mark.parametrize("k", [5, 20])
def test_corrected_limits_are_those_of_a_patient_search(k: int, mu: float, tau: float) -> None:
    """Newton's steps in mu and tau together against the profile likelihood searched at every mu, in a bracket."""
    random = np.random.default_rng(k)
    n = random.integers(6, 60, (10, k)).astype(float)
    x = random.binomial(n.astype(int), expit(random.normal(mu, tau, n.shape))).astype(float)
    there = binomial.has_maximum(x, n)
    x, n = x[there], n[there]
    best = binomial.maximise(x, n)
    drop = corrected.small_sample_drop(k, 0.95)
    rows = np.arange(len(x))
    for side, limits in zip((-1, 1), corrected.corrected_limits(x, n, best, 0.95), strict=True):
        end = side * (np.maximum(side * best.mu, 0) + corrected.FARTHEST)
        searched = corrected._in_a_bracket(x, n, best, rows, end, drop)
        assert expit(limits) == pytest.approx(expit(searched), abs=1e-7)


def test_the_higher_of_two_maxima_over_tau_counts() -> None:
    """At the upper limit the likelihood has a maximum at tau = 0 and a higher one near 1.5: R's script found it missed."""
    x, n = np.array([[0, 0, 0, 2, 0.0]]), np.array([[30, 12, 45, 60, 25.0]])
    best = binomial.maximise(x, n)
    drop = corrected.small_sample_drop(5, 0.95)
    tau = np.linspace(0, 6, 601)
    copies = (tau.size, 1)
    for _, high in (corrected.corrected_limits(x, n, best, 0.95), binomial.profile_mu(x, n, best, drop)):
        at = np.full(tau.size, high[0])
        heights = table_log_likelihood(np.tile(x, copies), np.tile(n, copies), at, tau, 161)
        assert heights.max() == pytest.approx(best.value[0] - drop, abs=1e-6)
        assert 1 < tau[heights.argmax()] < 2


def test_a_limit_the_likelihood_never_reaches_is_infinite() -> None:
    """With most at 100 % an ever higher median with ever more heterogeneity stays likely."""
    x, n = np.array([[30, 25, 12, 40, 1.0]]), np.array([[30, 25, 12, 40, 9.0]])
    low, high = corrected.corrected_limits(x, n, binomial.maximise(x, n), 0.95)
    assert high[0] == np.inf and np.isfinite(low[0]) and expit(high[0]) == 1.0


def test_the_readme_says_what_the_results_say(scripts: dict[str, ModuleType]) -> None:
    summarise: Any = scripts["summarise"]
    text = summarise.README.read_text(encoding="utf-8")
    assert summarise.fill(text, summarise.blocks()) == text, "run validation/coverage/summarise.py"


def test_the_verdict_holds(scripts: dict[str, ModuleType]) -> None:
    """On draws that nobody looked at while choosing, what is proposed passes in every cell; R's defaults do not."""
    summarise: Any = scripts["summarise"]
    found = summarise.results("fresh")
    for target in summarise.TARGETS:
        cells = [r for r in found if r.target == target and r.candidate == summarise.PROPOSED]
        assert len(cells) == 60
        assert [r for r in cells if not r.passes] == []
    for name in ("r-glmm", "r-inverse"):
        assert (
            summarise.worst(r for r in found if r.candidate == name and r.target == "median").coverage < 0.8
        )
