"""Where a result goes: the terminal as it is, or a file written whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from typing import IO, NamedTuple

import click

from evidence.errors import InputError

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


def write_whole(path: str, data: bytes) -> None:
    """Write beside the file and put it in its place: whatever fails, the old file stays as it was."""
    target = os.path.realpath(path)
    beside = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.part")
    try:
        if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):  # /dev/stdout, a pipe
            with open(target, "wb") as out:
                out.write(data)
            return
        try:
            with open(beside, "xb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            if os.path.exists(target):
                os.chmod(beside, stat.S_IMODE(os.stat(target).st_mode))
            os.replace(beside, target)
        finally:
            if os.path.exists(beside):
                os.unlink(beside)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def say(message: str) -> None:
    """A word to the person, beside the result: on stderr, and nothing a terminal would obey."""
    from evidence.report.characters import clean

    lines = [line[: len(line) - len(line.lstrip(" "))] + clean(line) for line in message.split("\n")]
    click.echo("evidence: " + "\n".join(lines), err=True)
