"""A comparison on a screen: the answer in words, both sides with their intervals, the contrasts, what to mind."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.analysis.results import Compared, PoolRow, StudyRow
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.compared.words import Words, cells_of, side, side_name, words
from evidence.report.pooled.picture import draw
from evidence.report.pooled.rows import Row, decimals, find_row, marks, pool_lines, study_line
from evidence.report.pooled.text import legend
from evidence.report.stack import stack
from evidence.report.terminal import BOLD, DIM, INDENT, Paper, as_text


def render_text(compared: Compared, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The comparison as a screen of `width` columns; no line is longer."""
    paper, said = Paper(width, unicode, color), words(compared)
    ruled = ruled_row(compared)
    rate = float(ruled.proportion.estimate) if ruled else None
    blocks = [
        paper.paragraph(said.heading, style=BOLD) if said.heading else [],
        paper.paragraph(said.headline),
        draw(list(side_lines(compared)), paper, decimals(compared), rate),
        *_contrasts(compared, paper),
        _remarks(said, paper, legend(ruled)),
    ]
    return as_text(blocks)


def ruled_row(compared: Compared) -> StudyRow | None:
    """The row that the leading contrast is with, at which the dotted line stands once it has been checked."""
    lead = side(compared, compared.leading.against)
    return lead if isinstance(lead, StudyRow) and lead.state != "unverified" else None


def side_lines(compared: Compared) -> Iterator[Row]:
    """The lines of the picture: the side of interest, then each it is compared with, the first to lead."""
    names = dict.fromkeys(
        name for contrast in compared.comparisons for name in (contrast.ours, contrast.against)
    )
    for name in names:
        found = side(compared, name)
        if isinstance(found, PoolRow):
            yield from pool_lines(found, single=True)
        else:
            yield study_line(compared, found)


def table(compared: Compared) -> list[tuple[str, ...]]:
    """The contrasts as cells, the head first: against whom, difference, p, ratio, odds ratio."""
    lead = compared.leading
    level = f"{numbers.level(lead.comparison.difference.level)}% CI"
    test = (lead.comparison.test or "").partition(",")[0].capitalize()
    head = (f"{side_name(compared, lead.ours)} against", f"Points ({level})", f"{test} p", f"Ratio ({level})")
    lines: list[tuple[str, ...]] = [(*head, f"Odds ratio ({level})")]
    for contrast in compared.comparisons:
        row = find_row(compared, contrast.against)
        flags = marks(compared, row) if row else ()
        lines.append(
            (" ".join((side_name(compared, contrast.against), *flags)), *cells_of(compared, contrast))
        )
    if all(contrast.comparison.ratio_method is None for contrast in compared.comparisons):
        return [line[:3] for line in lines]  # a pool's average has neither
    return lines


def _contrasts(compared: Compared, paper: Paper) -> Iterator[list[str]]:
    said = [tuple(paper.say(clean(cell)) for cell in line) for line in table(compared)]
    for block in stack(said, paper.width, indent=INDENT, ellipsis=paper.say("…")):
        yield [paper.paint(DIM, block[0]), *block[1:]]


def _remarks(said: Words, paper: Paper, ruled: list[tuple[str, str]]) -> list[str]:
    marked = "; ".join(f"{mark}\xa0{text}" for mark, text in (*said.footnotes, *ruled))
    paragraphs = [
        (said.bearing, ""),
        (said.hidden, ""),
        (" ".join(said.notes), ""),
        (" ".join(said.row_notes), ""),
        (said.differences, ""),
        (said.test, ""),
        (said.method, DIM),
        (marked, DIM),
    ]
    return [line for text, style in paragraphs for line in paper.paragraph(text, INDENT, INDENT * 2, style)]
