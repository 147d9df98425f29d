"""Run the simulation: python validation/coverage/simulate.py FAMILY [--draws N] [--cells k,k,...]

Families, each a CSV beside this script, one row for a cell, target and candidate; finished cells are kept, so a run
that was stopped goes on where it was:

    engine      pool_counts as it stands, everything by default (before.csv holds what it was before the defaults changed)
    surface     Bayes under many priors, profile likelihoods, t, Wald, R's defaults: on the same draws, more of them
    fresh       the same on draws that were not looked at while candidates were chosen
    beyond      the same at tau = 2, outside the design
    between     the same at k = 4, 7 and 40
    skovgaard   r* (coverage only)
    bootstrap   bootstrap-t, and a bootstrapped prediction interval; fewer draws
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, expit, stdtrit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from design import BETWEEN, BEYOND, CELLS, HEADER, LEVEL, Cell, Score, score  # noqa: E402

from evidence import pool_counts  # noqa: E402
from evidence.synthesis.counts import binomial  # noqa: E402
from evidence.synthesis.counts.bootstrap import predict  # noqa: E402

Limits = tuple[np.ndarray, np.ndarray]
SMALL, LARGE = "bayes-hn1.25-j", "bayes-hn1.5-j"
"""What is proposed: SMALL for two to four studies and where there is no maximum, else the corrected profile likelihood, with
a new study predicted by LARGE."""
FRESH = 1000
"""The first block of draws that confirm, not choose."""


def engine(cell: Cell, draws: int) -> Iterator[Score]:
    """The whole procedure as users get it; equal tables (in any order) are pooled once."""
    x, n = cell.draw(draws)
    order = np.lexsort((x, n), axis=-1)
    x, n = np.take_along_axis(x, order, -1), np.take_along_axis(n, order, -1)
    tables, back = np.unique(np.concatenate([x, n], -1), axis=0, return_inverse=True)
    pooled = pool_counts(tables[:, : cell.k], tables[:, cell.k :])
    likely = float(np.mean(np.array(pooled.model)[back.ravel()] == "binomial"))
    for target, interval in (
        ("median", pooled.proportion),
        ("average", pooled.average),
        ("new", pooled.prediction),
    ):
        if interval is not None:
            low, high = (np.asarray(limit)[back.ravel()] for limit in (interval.low, interval.high))
            yield score(cell, target, "auto", low, high, likely)


def surface(cell: Cell, draws: int, first: int = 0) -> Iterator[Score]:
    from surface import PRIORS, make_grid, profile_limits, read

    k = cell.k
    x, n = cell.draw(draws, first)
    finite = binomial.has_maximum(x, n)
    own = float(finite.mean())
    t = stdtrit(k - 1, 0.5 + LEVEL / 2)
    cuts = {
        "profile": chdtri(1, 1 - LEVEL),
        "profile-normal": k * np.log1p(t**2 / (k - 1)),
        "profile-t": t**2,
    }
    fallback = {}
    for target in ("median", "average"):
        truth = cell.truth(target)
        grid = make_grid(target, float(np.log(truth / (1 - truth))))
        found = read(grid, x, n, LEVEL)
        for prior in PRIORS:
            below, low, high = found.limits[prior.name]
            # the mass below the truth is sharper than limits that are interpolated: let it decide
            low = np.where(below < (1 - LEVEL) / 2, np.maximum(low, truth + 1e-12), np.minimum(low, truth))
            high = np.where(below > (1 + LEVEL) / 2, np.minimum(high, truth - 1e-12), np.maximum(high, truth))
            yield score(cell, target, prior.name, low, high)
            if target == "median":
                yield score(cell, "new", prior.name, *found.new[prior.name])
        fallback[target] = found.limits["bayes-hn1"][1:]
        if target == "median":
            fallback["new"] = found.new["bayes-hn1"]
        for name, cut in cuts.items():
            low, high = profile_limits(grid, found.root, cut)
            yield score(
                cell, target, name, *_with(finite, (low[finite], high[finite]), fallback[target]), own
            )
            if name == "profile-normal":  # what it says by itself where there is no maximum
                yield score(cell, target, f"{name}-alone", low, high)
                small = found.limits[SMALL][1:]
                limits = small if k < 5 else _with(finite, (low[finite], high[finite]), small)
                yield score(cell, target, "proposed", *limits, own if k >= 5 else 0.0)
        if target == "median":
            yield score(cell, "new", "proposed", *found.new[SMALL if k < 5 else LARGE])
    yield from _closed(cell, x, n, finite, fallback, own)


def fresh(cell: Cell, draws: int) -> Iterator[Score]:
    return surface(cell, draws, FRESH)


def _with(finite: np.ndarray, limits: Limits, fallback: Limits) -> Limits:
    """Limits of the tables with a maximum, and the fallback's of the others."""
    low, high = (np.array(limit, dtype=float) for limit in fallback)
    low[finite], high[finite] = limits
    return low, high


def _closed(cell, x, n, finite, fallback, own) -> Iterator[Score]:
    from likelihood import satterthwaite, student

    k = cell.k
    everything = np.zeros(len(x)), np.ones(len(x))
    xs, ns = x[finite], n[finite]
    by_t = pool_counts(xs, ns, model="binomial", ci="t", prediction="t")
    by_z = pool_counts(xs, ns, model="binomial", ci="wald", prediction="wald")
    best = binomial.maximise(xs, ns)
    se, df = satterthwaite(xs, ns, best)
    median = {
        "t": (by_t.proportion.low, by_t.proportion.high),
        "wald": (by_z.proportion.low, by_z.proportion.high),
        "satterthwaite": tuple(expit(limit) for limit in student(best, df, se)),
    }
    for name, limits in median.items():
        yield score(cell, "median", name, *_with(finite, limits, fallback["median"]), own)
    yield score(cell, "median", "r-glmm", *_with(finite, median["wald"], everything), own)
    for name, pooled in (("t", by_t), ("wald", by_z)):
        limits = pooled.average.low, pooled.average.high
        yield score(cell, "average", name, *_with(finite, limits, fallback["average"]), own)
    for name, ci in (("r-inverse", "wald"), ("hksj", "hksj")):
        pooled = pool_counts(x, n, model="random", ci=ci)
        yield score(cell, "median", name, pooled.proportion.low, pooled.proportion.high)
    pooled = pool_counts(x, n, model="exact")
    yield score(cell, "median", "exact", pooled.proportion.low, pooled.proportion.high)
    yield score(cell, "average", "exact", pooled.proportion.low, pooled.proportion.high)
    if k >= 3:
        for name, limits in _new_by_likelihood(best, k).items():
            yield score(cell, "new", name, *_with(finite, limits, fallback["new"]), own)
        yield score(
            cell,
            "new",
            "r-glmm",
            *_with(finite, (by_t.prediction.low, by_t.prediction.high), everything),
            own,
        )


def _new_by_likelihood(best: binomial.Maximum, k: int) -> dict[str, Limits]:
    spread = np.sqrt(best.tau**2 + best.se**2)
    quantiles = {
        "t": stdtrit(k - 1, 0.5 + LEVEL / 2),
        "hts": stdtrit(k - 2, 0.5 + LEVEL / 2),
        "wald": stdtrit(1e9, 0.5 + LEVEL / 2),
    }
    return {name: (expit(best.mu - q * spread), expit(best.mu + q * spread)) for name, q in quantiles.items()}


def skovgaard(cell: Cell, draws: int) -> Iterator[Score]:
    """Coverage at the true mean only: limits would need r* at many values. Fallback: tables without a maximum count as the
    t interval's do, so only tables with one are scored here, by r and by r*."""
    from likelihood import skovgaard as r_star

    x, n = cell.draw(draws)
    finite = binomial.has_maximum(x, n)
    xs, ns = x[finite], n[finite]
    best = binomial.maximise(xs, ns)
    star, r = r_star(xs, ns, best, np.full(len(xs), cell.mu))
    cut = np.sqrt(chdtri(1, 1 - LEVEL))
    for name, root in (("profile", r), ("skovgaard", star)):
        covered = np.abs(root) <= cut
        # an interval from 0 to 1 stands for a covering one: widths mean nothing here
        low = np.where(covered | (root < 0), 0.0, (cell.p + 1) / 2)
        high = np.where(covered | (root > 0), 1.0, cell.p / 2)
        done = score(cell, "median", name, low, high, float(finite.mean()))
        yield done._replace(mean_width=float("nan"), median_width=float("nan"))


def bootstrap(cell: Cell, draws: int, repeats: int = 199) -> Iterator[Score]:
    from likelihood import bootstrap_t, student

    x, n = cell.draw(draws)
    finite = binomial.has_maximum(x, n)
    xs, ns = x[finite], n[finite]
    best = binomial.maximise(xs, ns)
    rng = np.random.default_rng([7, cell.k, round(100 * cell.p), round(10 * cell.tau)])
    own = float(finite.mean())
    for name, limits in (
        ("t", student(best, cell.k - 1)),
        ("bootstrap-t", bootstrap_t(xs, ns, best, repeats, rng)),
    ):
        yield score(cell, "median", name, expit(limits[0]), expit(limits[1]), own)
    if cell.k >= 5:
        some = slice(0, draws // 4)
        part = binomial.Maximum(*(np.asarray(field)[some] for field in best))
        low, high = predict(xs[some], ns[some], part, LEVEL)
        yield score(cell, "new", "bootstrap-q", expit(low), expit(high), own)


class Family(NamedTuple):
    run: Callable[[Cell, int], Iterator[Score]]
    draws: int
    cells: tuple[Cell, ...] = CELLS


FAMILIES = {
    "engine": Family(engine, 4000),
    "surface": Family(surface, 5000),
    "fresh": Family(fresh, 6000),
    "beyond": Family(surface, 2000, BEYOND),
    "between": Family(surface, 2000, BETWEEN),
    "skovgaard": Family(skovgaard, 2000),
    "bootstrap": Family(bootstrap, 400),
}


def run(family: str, draws: int | None = None, ks: tuple[int, ...] = ()) -> None:
    """Append the cells that are missing; a cell's rows are written together when it is done."""
    function, usual, cells = FAMILIES[family]
    path = HERE / f"{family}.csv"
    done = set()
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            done = {(int(r["k"]), float(r["p"]), float(r["tau"])) for r in csv.DictReader(file)}
    else:
        path.write_text(",".join(HEADER) + "\n", encoding="utf-8")
    for cell in sorted(cells, key=lambda cell: (cell.p, cell.tau, cell.k)):  # grids are shared so
        if tuple(cell) in done or (ks and cell.k not in ks):
            continue
        began = time.perf_counter()
        with np.errstate(all="ignore"):
            rows = [[*cell, *_rounded(s)] for s in function(cell, draws or usual)]
        with path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        print(family, *cell, f"{time.perf_counter() - began:.1f} s", flush=True)


def _rounded(values: Score) -> list[object]:
    return [f"{v:.6g}" if isinstance(v, float) else v for v in values]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--draws", type=int)
    parser.add_argument("--ks", default="", help="only these k, as 2,3")
    given = parser.parse_args()
    run(given.family, given.draws, tuple(int(k) for k in given.ks.split(",") if k))
