"""The GOSH plot: where the pools of all subsets lie, by their heterogeneity; a cell is the darker the more subsets it has."""

from __future__ import annotations

import numpy as np

from evidence.analysis.influencing import Gosh
from evidence.report.characters import clean
from evidence.report.figures.layout import Area, Page, percents, ticks, written
from evidence.report.figures.plane import keys, plane, span
from evidence.report.figures.style import BLUE, DASHED, GREY, HAIR, VERMILLION, WHITE

ACROSS, UP = 72, 44
SHADES = 7
HEAD = 14.0
"""Height of the histogram above the plot, mm."""


def gosh_page(found: Gosh, *, width: str | float = "two", title: str = "", font: str | None = None) -> Page:
    """The plot resolved: as many cells as can be seen, however many subsets there are."""
    estimates, i2 = found.proportion, 100 * found.subsets.i2
    low, high = span([float(estimates.min()), float(estimates.max())], share=0.03, least=0.02)
    low, high = max(0.0, low), min(1.0, high)
    marks = ticks(0.0, 100.0, 6)
    frame = plane(width, (low, high), (-2.0, 102.0), written(marks), title=title, font=font, head=HEAD + 1.5)
    counts, xs, ys = np.histogram2d(estimates, i2, bins=(ACROSS, UP), range=((low, high), (-2.0, 102.0)))
    most = float(counts.max())
    for i, j in np.argwhere(counts > 0):
        # by the logarithm: a lone subset must show beside a thousand
        share = np.log1p(counts[i, j]) / np.log1p(most) if most > 1 else 1.0
        left, below = frame.at(float(xs[i]), float(ys[j]))
        right, above = frame.at(float(xs[i + 1]), float(ys[j + 1]))
        fill = _shade(int(np.ceil(share * SHADES)) / SHADES)
        frame.sheet.items.append(
            Area(((left, below), (right, below), (right, above), (left, above)), fill, fill, 0.1, order=1)
        )
    _, top, _, _ = frame.corners
    heights, edges = np.histogram(estimates, bins=ACROSS, range=(low, high))
    for count, left_edge, right_edge in zip(heights, edges, edges[1:], strict=False):
        if count:
            left, right = frame.x(float(left_edge)), frame.x(float(right_edge))
            height = HEAD * count / heights.max()
            base = top - 1.0
            frame.sheet.items.append(
                Area(
                    ((left, base), (right, base), (right, base - height), (left, base - height)),
                    GREY,
                    WHITE,
                    HAIR / 2,
                    order=1,
                )
            )
    whole = (
        float(estimates[int(np.argmax(found.subsets.size))])
        if found.subsets.complete
        else float(found.leading.proportion.estimate)
    )
    frame.line([(whole, -2.0), (whole, 102.0)], color=VERMILLION, dash=DASHED, order=3)
    sides = ticks(100 * low, 100 * high, 7)
    label = clean(found.outcome_label) or "Proportion"
    frame.below(
        [side / 100 for side in sides],
        percents([side / 100 for side in sides]),
        f"{label} by the pool of each subset, %",
    )
    frame.beside(marks, written(marks), "I² (Q), %")
    said = list(_said(found))
    keys(frame.sheet, [], said)
    return frame.sheet.page(title or "GOSH plot", " ".join(said), frame.x, frame.y)


def _shade(share: float) -> str:
    """From a light blue to a dark one, also in grey."""
    pale, dark = np.array([0.85, 0.91, 0.96]), np.array([0.0, 0.18, 0.36])
    blue = np.array([int(BLUE[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    mixed = pale + (blue - pale) * share * 2 if share < 0.5 else blue + (dark - blue) * (2 * share - 1)
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in mixed)


def _said(found: Gosh) -> list[str]:
    subsets = found.subsets
    many = f"{len(found.proportion):,}".replace(",", " ")
    what = "All" if subsets.complete else f"A sample (seed {subsets.seed}) of"
    first = (
        f"{what} {many} subsets of {subsets.k} studies; the darker a cell, the more of them (logarithmic). "
        "The dashed line stands at the pool of all."
    )
    splits = found.splits
    told = [i for i, split in enumerate(splits) if np.isfinite(split.above)]
    if not told:
        return [first]
    i = max(told, key=lambda at: splits[at].separation)
    split = splits[i]
    name = clean(found.series[i].name)
    return [
        first,
        f"{name} sets the subsets apart most: median {100 * split.median_with:.1f} % with it, {100 * split.median_without:.1f} % without.",
    ]
