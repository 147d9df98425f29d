"""Asymmetry on a screen: the answer, the tests, the plot, then what to mind."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.analysis.small_studies import Asymmetry
from evidence.report.asymmetry.plot import draw_asymmetry
from evidence.report.asymmetry.words import Words, table, words
from evidence.report.characters import clean
from evidence.report.stack import stack
from evidence.report.terminal import BOLD, DIM, INDENT, Paper, as_text


def render_text(
    found: Asymmetry, *, width: int = 80, unicode: bool = True, color: bool = False, plot: str = "funnel"
) -> str:
    """The result as a screen of `width` columns; `plot` is funnel, doi or none."""
    paper, told = Paper(width, unicode, color), words(found)
    blocks = [
        paper.paragraph(told.heading, style=BOLD),
        [line for text in told.warnings for line in paper.paragraph(f"Mind: {text}", style=BOLD)],
        paper.paragraph(told.headline),
        *_tests(found, paper),
        draw_asymmetry(found, paper, plot),
        list(_remarks(told, paper)),
    ]
    return as_text(blocks)


def _tests(found: Asymmetry, paper: Paper) -> Iterator[list[str]]:
    said = [tuple(paper.say(clean(cell)) for cell in line) for line in table(found)]
    for block in stack(said, paper.width, indent=INDENT, ellipsis=paper.say("…")):
        yield [paper.paint(DIM, block[0]), *block[1:]]


def _remarks(told: Words, paper: Paper) -> Iterator[str]:
    paragraphs = [(text, "") for text in (told.filled, told.doi, told.selection, told.failsafe, *told.notes)]
    for text, style in (*paragraphs, (told.method, DIM)):
        if text:
            yield from paper.paragraph(text, INDENT, INDENT * 2, style)
