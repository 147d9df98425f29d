"""What changed, on a screen: the snapshots of a review in a list, and one difference in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.analysis.history import Diff, History
from evidence.report.characters import cells, clean, pad, shorten
from evidence.report.history.words import history_table, line_words, moved, words
from evidence.report.numbers import plural
from evidence.report.terminal import BOLD, DIM, INDENT, Paper, as_text

LEAST = 20
"""Columns that the name of a step takes at least; the numbers get the rest."""


def render_diff(diff: Diff, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The difference as a screen of `width` columns; no line is longer."""
    paper, told = Paper(width, unicode, color), words(diff)
    blocks = [
        paper.paragraph(told.heading, style=BOLD),
        *(paper.paragraph(clean(warning), style=BOLD) for warning in diff.warnings),
        paper.paragraph(told.headline),
        *(_list(name, lines, paper) for name, lines in told.lists),
    ]
    if diff.changed:
        blocks += [
            _list("Results", list(moved(told.results)), paper),
            _steps(told.steps, paper),
        ]
    blocks.append([line for note in told.notes for line in paper.paragraph(note, INDENT, INDENT * 2)])
    return _text(blocks)


def _list(name: str, lines: Sequence[str], paper: Paper) -> list[str]:
    out = [paper.paint(DIM, name)] if lines else []
    for line in lines:
        sign, text = line[:2], line[2:]  # the sign, and the space after it, hang to the left
        first, *rest = paper.paragraph(text, INDENT * 2, INDENT * 3)
        out += [INDENT + sign + first[len(INDENT * 2) :], *rest]
    return out


def _steps(lines: Sequence[Sequence[str]], paper: Paper) -> list[str]:
    if not lines:
        return []
    return _columns(lines, paper, right=(1, 2, 4), least=LEAST) or list(_stacked(lines, paper))


def _columns(
    lines: Sequence[Sequence[str]], paper: Paper, *, right: Sequence[int], least: int
) -> list[str] | None:
    """Cells under each other, the first line their head; None where the paper has no room for names of `least` columns."""
    said = [[paper.say(cell) for cell in line] for line in lines]
    widths = [max(cells(line[column]) for line in said) for column in range(len(said[0]))]
    room = paper.width - len(INDENT) - sum(widths[1:]) - 2 * (len(widths) - 1)
    if room < min(least, widths[0]):
        return None
    widths[0] = min(widths[0], room)
    out = []
    for line in said:
        parts = [
            pad(shorten(cell, size, paper.say("…")), size, right=column in right)
            for column, (cell, size) in enumerate(zip(line, widths, strict=True))
        ]
        out.append((INDENT + "  ".join(parts)).rstrip())
    return [paper.paint(DIM, out[0]), *out[1:]]


def _stacked(lines: Sequence[Sequence[str]], paper: Paper) -> Iterator[str]:
    """The name on a line, its values named below it."""
    head = lines[0]
    for line in lines[1:]:
        yield from paper.paragraph(line[0].strip(), INDENT, INDENT * 2)
        told = "; ".join(f"{name}: {value}" for name, value in zip(head[1:], line[1:], strict=True) if value)
        yield from paper.paragraph(told, INDENT * 2, INDENT * 3)


def render_history(history: History, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The snapshots in the order they were taken, with a line on what changed."""
    paper = Paper(width, unicode, color)
    blocks = [paper.paragraph(clean(history.title or history.review), style=BOLD)]
    if not history.lines:
        blocks.append(
            paper.paragraph(
                "No snapshot yet. evidence pool --snapshot NAME keeps one in a review of your own."
            )
        )
    else:
        blocks.append(list(_listed(history, paper)))
        outcomes = dict.fromkeys(
            line.snapshot.state.outcome_label or line.snapshot.state.outcome for line in history.lines
        )
        after = [f"{plural(len(history.lines), 'snapshot')} of {', '.join(map(clean, outcomes))}."]
        if history.unsaved:
            after.append("The review has changed since the last one: evidence diff says how.")
        else:
            after.append("The review is as it was then.")
        blocks.append(paper.paragraph(" ".join(after)))
    blocks += [paper.paragraph(clean(note), INDENT, INDENT * 2) for note in history.notes]
    return _text(blocks)


def _listed(history: History, paper: Paper) -> Iterator[str]:
    """Each snapshot with what changed below it. Names are whole: they are to be typed."""
    table = list(history_table(history))
    longest = max(cells(line[0]) for line in table)
    rows = _columns(table, paper, right=(2, 3, 4), least=longest)
    if rows:
        yield rows[0]
    for number, line in enumerate(history.lines, 1):
        yield from [rows[number]] if rows else _stacked([table[0], table[number]], paper)
        yield from paper.paragraph(line_words(line), INDENT * 3, INDENT * 4, DIM)


def _text(blocks: Sequence[Sequence[str]]) -> str:
    return as_text(blocks)
