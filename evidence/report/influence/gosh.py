"""Pools of all subsets on a screen: where they lie, in how many heaps, and which series splits them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from evidence.analysis.influencing import Gosh
from evidence.report.characters import clean
from evidence.report.influence.text import tables
from evidence.report.numbers import brief, known, percent, points
from evidence.report.pooled.words import heading, sentence
from evidence.report.terminal import BOLD, DIM, INDENT, Paper, as_text
from evidence.report.verbs import said

QUANTILES = (0.0, 0.025, 0.25, 0.5, 0.75, 0.975, 1.0)
SPLIT = 0.8
"""Separation from which on a series is said to split the subsets: nine in ten pairs lie the same way round."""
_HEIGHT = 7  # lines of the histogram
_EIGHTHS = " ▁▂▃▄▅▆▇█"


class Words(NamedTuple):
    """The sentences around the histogram and the table."""

    heading: str
    headline: str
    shape: str
    notes: tuple[str, ...]
    method: str


def words(found: Gosh) -> Words:
    """Everything there is to say, once."""
    about = heading(found)
    title = "Pools of all subsets (GOSH)" if found.subsets.complete else "Pools of sampled subsets (GOSH)"
    return Words(
        f"{title}. {about}" if about else title,
        " ".join(_headline(found)),
        " ".join(_shape(found)),
        tuple(dict.fromkeys(sentence(said(found, note)) for note in found.notes)),
        f"Method of each subset: {sentence(found.leading.method)}",
    )


def _headline(found: Gosh) -> Iterator[str]:
    low, middle, high = np.quantile(found.proportion, (0.025, 0.5, 0.975))
    number = f"{len(found.proportion):,}".replace(",", "\u00a0")
    yield (
        f"{number} subsets of {len(found.series)} series: 95 % of their pools lie between {brief(low)} % and "
        f"{brief(high)} %, half of them below {brief(middle)} %; all series together: "
        f"{brief(found.leading.proportion.estimate)} %."
    )
    several = found.subsets.size > 1
    if several.any():
        low, middle, high = (100 * v for v in np.quantile(found.subsets.i2[several], (0.025, 0.5, 0.975)))
        yield f"I² (Q) of subsets of two or more: {low:.0f} to {high:.0f} %, median {middle:.0f} %."


def _shape(found: Gosh) -> Iterator[str]:
    heaps = found.heaps
    if not heaps.told:
        yield f"{len(found.proportion)} subsets are too few to speak of the shape of their distribution."
    elif len(heaps.tops) > 1:
        tops = [f"{brief(top)} %" for top in heaps.tops]
        yield (
            f"The pools lie in {len(tops)} heaps, around {', '.join(tops[:-1])} and {tops[-1]}: one estimate does not "
            "stand for all these series."
        )
    else:
        yield "The pools lie in one heap."
    separate = [(split.separation, place) for place, split in enumerate(found.splits) if known(split.above)]
    if not separate or not heaps.told:
        return
    most, place = max(separate)
    split = found.splits[place]
    name = clean(found.series[place].name)
    if most >= SPLIT:
        yield (
            f"{name} splits them: half of the subsets with it lie below {brief(split.median_with)} %, of those without "
            f"it below {brief(split.median_without)} %."
        )
    else:
        yield (
            f"No single series splits them; {name} moves them most (medians {brief(split.median_with)} % with and "
            f"{brief(split.median_without)} % without it)."
        )


def render_text(found: Gosh, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The analysis as a screen of `width` columns; no line is longer."""
    paper, told = Paper(width, unicode, color), words(found)
    notes = [
        line
        for text, style in ((told.shape, ""), (" ".join(told.notes), ""), (told.method, DIM))
        for line in paper.paragraph(text, INDENT, INDENT * 2, style)
    ]
    blocks = [
        paper.paragraph(told.heading, style=BOLD),
        paper.paragraph(told.headline),
        list(_histogram(found, paper)),
        *tables(table(found), paper),
        notes,
    ]
    return as_text(blocks)


def table(found: Gosh) -> list[tuple[str, ...]]:
    """Each series: medians of the subsets with it and without it, and how far it sets them apart."""
    head = ("Series", "Median with", "Median without", "Points", "Separation")
    rows = []
    for row, split in zip(found.series, found.splits, strict=True):
        if not known(split.above):
            rows.append((clean(row.name), "–", "–", "–", "–"))
            continue
        rows.append(
            (
                clean(row.name),
                f"{percent(split.median_with)} %",
                f"{percent(split.median_without)} %",
                points(split.median_with - split.median_without, sign=True),
                f"{split.separation:.2f}",
            )
        )
    return [head, *rows]


def _histogram(found: Gosh, paper: Paper) -> Iterator[str]:
    """How many subsets have which estimate; a bin is one column, or two where there is room."""
    heaps = found.heaps
    if len(heaps.counts) < 2 or not heaps.told:
        return
    repeat = 2 if paper.width >= 2 * len(heaps.counts) + 2 * len(INDENT) else 1
    top = max(heaps.counts)
    for level in range(_HEIGHT - 1, -1, -1):
        line = []
        for count in heaps.counts:
            filled = count / top * _HEIGHT - level
            if paper.unicode:
                eighth = max(0, min(8, round(8 * filled)))
                if not level and count and not eighth:
                    eighth = 1  # a rare estimate is seen all the same
                sign = _EIGHTHS[eighth]
            else:
                sign = "#" if filled >= 0.5 or (not level and count) else " "
            line.append(sign * repeat)
        yield INDENT + "".join(line)
    wide = repeat * len(heaps.counts)
    ends = f"{percent(heaps.low)} %", f"{percent(heaps.high)} %"
    yield paper.paint(DIM, INDENT + ends[0] + "estimate".center(wide - len(ends[0]) - len(ends[1])) + ends[1])
