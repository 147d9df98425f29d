"""Trials against their own controls on a screen: the answer in words, each trial, what they say together, what to mind."""

from __future__ import annotations

from evidence.analysis.trials import Trials
from evidence.report.characters import clean
from evidence.report.stack import stack
from evidence.report.terminal import BOLD, DIM, INDENT, Paper, as_text
from evidence.report.trial.words import pool_table, table, words


def render_text(trials: Trials, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The trials as a screen of `width` columns; no line is longer."""
    paper, said = Paper(width, unicode, color), words(trials)
    blocks = [
        paper.paragraph(said.heading, style=BOLD) if said.heading else [],
        paper.paragraph(said.headline),
    ]
    for lines in (table(trials), *(pool_table(trials, pool) for pool in trials.pools)):
        cells = [tuple(paper.say(clean(cell)) for cell in line) for line in lines]
        for block in stack(cells, paper.width, indent=INDENT, ellipsis=paper.say("…")):
            blocks.append([paper.paint(DIM, block[0]), *block[1:]])
    marked = "; ".join(f"{mark}\xa0{text}" for mark, text in said.footnotes)
    paragraphs = [
        (" ".join(said.heterogeneity), ""),
        (" ".join(said.notes), ""),
        (" ".join(said.row_notes), ""),
        (" ".join(said.apart), ""),
        (" ".join(said.methods), DIM),
        (marked, DIM),
    ]
    blocks.append(
        [
            line
            for text, style in paragraphs
            for line in paper.paragraph(text, INDENT, INDENT * 2, style)
            if text
        ]
    )
    return as_text(blocks)
