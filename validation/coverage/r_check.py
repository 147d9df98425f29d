"""Does the formula used for R's default give what R gives? python validation/coverage/r_check.py (needs R with metafor, lme4)

Five tables of every cell go through metafor's rma.glmm (lme4, as meta's metaprop calls it, Wald interval) and
through the Wald interval of this library. Prints how far they part, and what R does where there is no maximum.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from design import CELLS

from evidence import pool_counts
from evidence.synthesis.counts.binomial import has_maximum

R = """
suppressPackageStartupMessages(library(metafor))
path <- commandArgs(TRUE)
d <- read.csv(path[1])
out <- sapply(split(d, d$table), function(t) {
  fit <- try(suppressWarnings(rma.glmm(measure = "PLO", xi = t$x, ni = t$n)), silent = TRUE)
  if (inherits(fit, "try-error")) c(NA, NA) else plogis(c(fit$ci.lb, fit$ci.ub))
})
write.csv(data.frame(table = colnames(out), low = out[1, ], high = out[2, ]), path[2], row.names = FALSE)
"""


def answers(tables: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """metafor's limits (B, 2); nan where it stops with an error."""
    with tempfile.TemporaryDirectory() as folder:
        script, given, got = (Path(folder) / name for name in ("r.R", "given.csv", "got.csv"))
        script.write_text(R)
        with given.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["table", "x", "n"])
            for number, (x, n) in enumerate(tables):
                writer.writerows([number, int(a), int(b)] for a, b in zip(x, n, strict=True))
        subprocess.run(["Rscript", str(script), str(given), str(got)], check=True)
        limits = np.full((len(tables), 2), np.nan)
        with got.open(newline="") as file:
            for row in csv.DictReader(file):
                limits[int(row["table"])] = [
                    float(row[name]) if row[name] != "NA" else np.nan for name in ("low", "high")
                ]
        return limits


def main() -> None:
    ordinary: list[tuple[np.ndarray, np.ndarray]] = []
    without: list[tuple[np.ndarray, np.ndarray]] = []
    for cell in CELLS:
        x, n = cell.draw(1000)
        finite = has_maximum(x, n)
        ordinary += [(x[row], n[row]) for row in np.flatnonzero(finite)[:5]]
        without += [(x[row], n[row]) for row in np.flatnonzero(np.logical_not(finite))[:2]]
    theirs = answers(ordinary)
    ours = np.array([[*pool_counts(x, n, model="binomial", ci="wald").proportion][1:] for x, n in ordinary])
    gap = np.abs(theirs - ours).max(1)
    stopped = np.isnan(gap)
    apart = np.flatnonzero(gap > 1e-3)
    print(f"{len(ordinary)} tables with a maximum: metafor stops at {stopped.sum()}; of the others")
    print(
        f"limits agree within 1e-4 in {(gap < 1e-4).sum()}, within 1e-3 in {(gap < 1e-3).sum()}, median gap {np.nanmedian(gap):.1e}"
    )
    for row in apart:
        x, n = ordinary[row]
        pairs = " ".join(f"{int(a)}/{int(b)}" for a, b in zip(x, n, strict=True))
        print(f"  {pairs}: metafor {theirs[row].round(4)}, here {ours[row].round(4)}")
    for row in np.flatnonzero(stopped):
        x, n = ordinary[row]
        print("  metafor stops:", " ".join(f"{int(a)}/{int(b)}" for a, b in zip(x, n, strict=True)))
    theirs = answers(without)
    everyone = np.array([x.sum() in (0, n.sum()) for x, n in without])
    print(
        f"{everyone.sum()} tables in which all (or none) responded: metafor stops at {np.isnan(theirs[everyone, 0]).sum()}"
    )
    print(f"{(~everyone).sum()} separated tables: {theirs[~everyone].round(4).tolist()}")


if __name__ == "__main__":
    main()
