"""A table of words: columns that a line has no room for are stacked below, their rows named again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.report.characters import cells, pad, shorten

LABEL_SHARE = 0.4
"""How much of the width the names may take where columns stand in line for the rest."""


def stack(
    lines: Sequence[Sequence[str]],
    width: int,
    *,
    indent: str = "  ",
    gap: str = "  ",
    ellipsis: str = "…",
    share: float = LABEL_SHARE,
) -> list[list[str]]:
    """The lines, the first their head, as blocks no wider than `width`; their first cell is the row's name.

    Names are cut where they would take more than `share` of the width; a cell wider than what remains is cut as well.
    """
    widths = [max(cells(line[column]) for line in lines) for column in range(len(lines[0]))]
    label = min(widths[0], int(share * width))
    room = width - len(indent) - label
    blocks = []
    for columns in _blocks(widths, room, len(gap)):
        block = []
        for line in lines:
            parts = [pad(shorten(line[0], label, ellipsis), label)]
            for column in columns:
                size = min(widths[column], room - len(gap))
                parts.append(pad(shorten(line[column], size, ellipsis), size))
            block.append((indent + gap.join(parts)).rstrip())
        blocks.append(block)
    return blocks


def _blocks(widths: Sequence[int], room: int, gap: int) -> Iterator[list[int]]:
    """Which columns stand together: as many as there is room for, at least one."""
    block: list[int] = []
    used = 0
    for column in range(1, len(widths)):
        needed = gap + widths[column]
        if block and used + needed > room:
            yield block
            block, used = [], 0
        block.append(column)
        used += needed
    if block:
        yield block
