"""Where a result goes: the terminal as it is, or a file written whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from typing import IO, NamedTuple

import click

from evidence.files import write_whole

NARROWEST = 80
SIGNS = "├─■┤◆╌┊†◦ᴿ−²…"
"""What a terminal must be able to show, else it gets ASCII."""

SUFFIXES = {".md": "markdown", ".csv": "csv", ".json": "json", ".tex": "latex", ".txt": "text"}


class Terminal(NamedTuple):
    """What the output can show."""

    width: int
    unicode: bool
    color: bool


def terminal(stream: IO[str], *, file: bool = False) -> Terminal:
    """What `stream` can show; a `file` is UTF-8, 80 columns wide, without colour."""
    if file:
        return Terminal(NARROWEST, unicode=True, color=False)
    width = max(NARROWEST, shutil.get_terminal_size((NARROWEST, 24)).columns)
    # https://no-color.org: set to anything but the empty string
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return Terminal(width, can_encode(stream), color=stream.isatty() and not plain)


def can_encode(stream: IO[str]) -> bool:
    """Whether the stream's encoding has the signs of the forest plot."""
    try:
        SIGNS.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def format_of(chosen: str | None, path: str | None) -> str:
    """The format asked for; else the one the file's name ends in; else text."""
    if chosen:
        return chosen
    return SUFFIXES.get(os.path.splitext(path or "")[1].lower(), "text")


def emit(text: str, path: str | None, *, binary: bool = False) -> None:
    """To the file, or to stdout. `binary` formats are UTF-8 wherever they go, since programs read them."""
    if path is not None:
        write_whole(path, text.encode())
    elif binary:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    else:
        sys.stdout.write(text)
        sys.stdout.flush()


def say(message: str) -> None:
    """A word to the person, beside the result: on stderr, and nothing a terminal would obey."""
    from evidence.report.characters import clean

    lines = [line[: len(line) - len(line.lstrip(" "))] + clean(line) for line in message.split("\n")]
    click.echo("evidence: " + "\n".join(lines), err=True)
