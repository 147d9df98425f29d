"""The first screen: the answer in words, the table with its forest, then what to mind."""

from __future__ import annotations

from itertools import groupby

from evidence.analysis.results import Analysis, Result, StudyRow
from evidence.report import forest
from evidence.report.characters import cells, clean
from evidence.report.pooled.picture import draw
from evidence.report.pooled.rows import decimals, rows
from evidence.report.pooled.words import Words, words
from evidence.report.terminal import BOLD, DIM, GAP, INDENT, Paper, as_text

__all__ = ["BOLD", "DIM", "GAP", "INDENT", "Paper", "render_text"]


def render_text(
    analysis: Analysis,
    *,
    width: int = 80,
    unicode: bool = True,
    color: bool = False,
    excluded: bool = False,
    panel: bool = False,
) -> str:
    """The analysis as a screen of `width` columns; no line is longer.

    `excluded` lists what was left out and why, `panel` adds the other models.
    """
    paper, said = Paper(width, unicode, color), words(analysis)
    reference = checked_reference(analysis)
    rate = float(reference.proportion.estimate) if reference else None
    blocks = [
        paper.paragraph(said.heading, style=BOLD),
        paper.paragraph(said.headline),
        draw(rows(analysis, panel=panel), paper, decimals(analysis), rate),
        _remarks(said, paper, legend(reference)),
        _left_out(said, paper, listed=excluded),
    ]
    return as_text(blocks)


def _remarks(said: Words, paper: Paper, ruled: list[tuple[str, str]]) -> list[str]:
    marks = "; ".join(f"{mark}\xa0{text}" for mark, text in (*said.footnotes, *ruled))
    flowing = " ".join
    large = (
        flowing(said.comparison),
        *said.heterogeneity,
        flowing(said.notes),
        *said.group_notes,
        flowing(said.row_notes),
        said.differences,
    )
    paragraphs = [*((text, "") for text in large), (flowing(said.methods), DIM), (marks, DIM)]
    return [line for text, style in paragraphs for line in paper.paragraph(text, INDENT, INDENT * 2, style)]


def _left_out(said: Words, paper: Paper, *, listed: bool) -> list[str]:
    if not said.excluded:
        return []
    if not listed:
        return paper.paragraph("Left out, with reasons: evidence pool --excluded", INDENT, style=DIM)
    lines = [INDENT + "Left out, by the first rule that applies:"]
    width = max(cells(rule) for rule, _ in said.excluded) + len(INDENT * 2 + GAP)
    for rule, group in groupby(said.excluded, key=lambda pair: pair[0]):
        for number, (_, text) in enumerate(group):
            head = INDENT * 2 + (paper.say(rule) if number == 0 else "")
            lines += paper.paragraph(text, head.ljust(width), " " * (width + len(INDENT)))
    return lines


def checked_reference(analysis: Result) -> StudyRow | None:
    """The reference at which the dotted line stands: the first that has been checked."""
    return next((s for s in analysis.studies if s.role == "reference" and s.state != "unverified"), None)


def legend(reference: StudyRow | None) -> list[tuple[str, str]]:
    """What the dotted line means."""
    return [(forest.UNICODE.rule, clean(reference.name))] if reference else []
