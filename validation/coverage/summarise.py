"""Worst cells and widths from the results: rewrites the tables of README.md and coverage.png.

python validation/coverage/summarise.py            (the plot needs matplotlib; without it the tables are still made)
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from design import KS, WANTED  # noqa: E402

README = HERE / "README.md"
PLOT = HERE / "coverage.png"
FAMILIES = ("engine", "before", "surface", "fresh", "skovgaard", "bootstrap", "beyond", "between")
TARGETS = {"median": "Median proportion", "average": "Population average", "new": "A new study"}


class Row(NamedTuple):
    """One line of a results file."""

    family: str
    k: int
    p: float
    tau: float
    target: str
    candidate: str
    draws: int
    coverage: float
    se: float
    mean_width: float
    median_width: float

    @property
    def passes(self) -> bool:
        """At least 94 %, within two Monte Carlo standard errors."""
        return self.coverage + 2 * self.se >= WANTED


def results(family: str) -> list[Row]:
    path = HERE / f"{family}.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Row(
                family,
                int(r["k"]),
                float(r["p"]),
                float(r["tau"]),
                r["target"],
                r["candidate"],
                int(r["draws"]),
                *(float(r[name]) for name in ("coverage", "se", "mean_width", "median_width")),
            )
            for r in csv.DictReader(file)
        ]


def worst(rows: Iterable[Row]) -> Row:
    return min(rows, key=lambda row: row.coverage)


def table(rows: Sequence[Row], target: str) -> str:
    """A Markdown table: for each candidate and k the worst cell's coverage, cells that fail, and the mean width."""
    rows = [row for row in rows if row.target == target]
    ks = sorted({row.k for row in rows})
    names = list(dict.fromkeys(row.candidate for row in rows))
    lines = [
        "| interval | " + " | ".join(f"k = {k}" for k in ks) + " |",
        "|---" * (len(ks) + 1) + "|",
    ]
    order = {
        name: (-sum(_cell(rows, name, k)[1] == 0 for k in ks), sum(_cell(rows, name, k)[2] for k in ks))
        for name in names
    }
    for name in sorted(names, key=order.__getitem__):
        lines.append(f"| {name} | " + " | ".join(_words(*_cell(rows, name, k)) for k in ks) + " |")
    return "\n".join(lines)


def _cell(rows: Sequence[Row], name: str, k: int) -> tuple[float, int, float]:
    """Lowest coverage, cells that fail, mean width; nan where the candidate has no such cells."""
    found = [row for row in rows if row.candidate == name and row.k == k]
    if not found:
        return float("nan"), 0, float("nan")
    width = sum(row.mean_width for row in found) / len(found)
    return worst(found).coverage, sum(not row.passes for row in found), width


def _words(coverage: float, failed: int, width: float) -> str:
    if coverage != coverage:
        return "–"
    said = f"{100 * coverage:.1f}" if failed else f"**{100 * coverage:.1f}**"
    wide = "" if width != width else f", {width:.3f}"
    return f"{said}{f' ({failed})' if failed else ''}{wide}"


def worst_cells(rows: Sequence[Row], names: Sequence[str]) -> str:
    """Where each candidate is worst, and how exactly that is known."""
    lines = [
        "| interval | of | worst cell | coverage | Monte Carlo s.e. | mean width there |",
        "|---" * 6 + "|",
    ]
    for name in names:
        for target, label in TARGETS.items():
            found = [row for row in rows if row.candidate == name and row.target == target]
            if found:
                at = worst(found)
                cell = f"k = {at.k}, p = {at.p:g}, tau = {at.tau:g}"
                lines.append(
                    f"| {name} | {label.lower()} | {cell} | {100 * at.coverage:.1f} | {100 * at.se:.2f} | {at.mean_width:.3f} |"
                )
    return "\n".join(lines)


def fill(text: str, blocks: dict[str, str]) -> str:
    """Put each block between its markers `<!-- name -->` and `<!-- end name -->`."""
    for name, block in blocks.items():
        before, rest = text.split(f"<!-- {name} -->", 1)
        _, after = rest.split(f"<!-- end {name} -->", 1)
        text = f"{before}<!-- {name} -->\n\n{block}\n\n<!-- end {name} -->{after}"
    return text


def blocks() -> dict[str, str]:
    """The generated parts of README.md."""
    found = {family: results(family) for family in FAMILIES}
    made = {
        f"{family} {target}": table(found[family], target)
        for family in ("engine", "surface", "fresh", "beyond", "between")
        for target in TARGETS
    }
    for family in ("skovgaard", "bootstrap"):
        made[family] = "\n\n".join(
            f"{label}:\n\n{table(found[family], target)}"
            for target, label in TARGETS.items()
            if any(row.target == target for row in found[family])
        )
    made["worst"] = worst_cells([*found["engine"], *found["before"], *found["fresh"]], SHOWN)
    return made


SHOWN = (
    "r-glmm",
    "r-inverse",
    "before",
    "auto",
    "t",
    "bayes-hn1",
    "bayes-hn1.25-j",
    "profile-normal",
    "proposed",
)
"""Candidates of the plot and of the table of worst cells."""

PROPOSED = "proposed"
"""The candidate that must pass everywhere; tests/test_coverage_design.py sees that it does."""


def plot() -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [*results("engine"), *results("before"), *results("fresh")]
    colours = dict(zip((0.5, 0.8, 0.95, 0.99), ("#1b6ca8", "#3a9d5d", "#d98a00", "#b3261e"), strict=True))
    marks = {0.0: "o", 0.5: "s", 1.0: "^"}
    figure, axes = plt.subplots(len(TARGETS), len(KS), figsize=(15, 9), sharey=True)
    lowest = 0.70
    for line, (target, label) in zip(axes, TARGETS.items(), strict=True):
        for axis, k in zip(line, KS, strict=True):
            axis.axhline(WANTED, color="black", linewidth=0.8)
            axis.axhline(0.95, color="grey", linewidth=0.6, linestyle=":")
            for place, name in enumerate(SHOWN):
                cells = [r for r in rows if (r.target, r.k, r.candidate) == (target, k, name)]
                for number, row in enumerate(sorted(cells, key=lambda r: (r.p, r.tau))):
                    axis.plot(
                        place + (number - 5.5) * 0.05,
                        max(row.coverage, lowest),
                        marks[row.tau] if row.coverage >= lowest else "v",
                        color=colours[row.p],
                        markersize=4,
                    )
            axis.set_xticks(range(len(SHOWN)), SHOWN, rotation=60, ha="right", fontsize=7)
            axis.set_xlim(-0.6, len(SHOWN) - 0.4)
            axis.set_title(f"k = {k}" if target == "median" else "", fontsize=10)
        line[0].set_ylabel(f"{label}\ncoverage of 95 % intervals")
        line[0].set_ylim(lowest - 0.01, 1.005)
    handles = [
        plt.Line2D([], [], color=c, marker="o", linestyle="", label=f"p = {p:g}") for p, c in colours.items()
    ]
    handles += [
        plt.Line2D([], [], color="grey", marker=m, linestyle="", label=f"tau = {t:g}")
        for t, m in marks.items()
    ]
    figure.legend(handles=handles, loc="lower center", ncols=7, frameon=False)
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(PLOT, dpi=110)


if __name__ == "__main__":
    README.write_text(fill(README.read_text(encoding="utf-8"), blocks()), encoding="utf-8")
    try:
        plot()
    except ImportError:
        print("no plot: matplotlib is not installed")
