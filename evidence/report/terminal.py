"""What a screen is written on: its width, the characters it can show, and whether it has colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from evidence.report.characters import to_ascii, wrap

INDENT, GAP = "  ", "  "
TEXT_WIDTH = 100
"""Longer lines of prose are hard to read, however wide the terminal."""
BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Paper(NamedTuple):
    """What is written on: its width, the characters it can show, and whether it has colours."""

    width: int
    unicode: bool
    color: bool

    def say(self, text: str) -> str:
        """The text in characters this terminal has."""
        return text if self.unicode else to_ascii(text)

    def paint(self, style: str, line: str) -> str:
        return f"{style}{line}{RESET}" if self.color and line else line

    def paragraph(
        self, text: str, indent: str = "", hanging: str | None = None, style: str = ""
    ) -> list[str]:
        lines = wrap(self.say(text), min(self.width, TEXT_WIDTH), indent, hanging)
        return [self.paint(style, line) for line in lines] if style else lines


def as_text(blocks: Iterable[Sequence[str]]) -> str:
    """Blocks of lines, those that have any, with an empty line between them and no blanks at the ends of lines."""
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"
