"""A word on stderr while something takes its time: after a second, if that is a terminal, and gone when it is done.

In files and pipes it never appears. What a step took is told to whoever asked for it with -v.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from evidence.telling import tell

if TYPE_CHECKING:
    from threading import Event, Thread

PATIENCE, PERIOD = 1.0, 0.25
"""Seconds before the first word, and between two."""

_WORDS: list[Working] = []
"""The one that stands on the terminal's line: there is room for no other."""


def on_terminal() -> bool:
    """Whether stderr is a terminal whose line can be written over."""
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # none at all, or closed
        return False


@contextmanager
def line_free() -> Iterator[None]:
    """While another line is written to stderr: the word that stands there is gone, and comes back by itself."""
    standing = next(iter(_WORDS), None)
    if standing is None:
        yield
        return
    with standing.writing:
        standing.erase()
        yield


class Working:
    """`with Working("pooling") as progress:`; what knows how far it is calls `progress(done, total)`, or with a share."""

    def __init__(self, step: str) -> None:
        self.step = step
        context = click.get_current_context(silent=True)
        self.command = context.command_path if context else "evidence"
        self.share: float | None = None
        self.wide = 0
        self.thread: Thread | None = None
        self.ended: Event | None = None
        self.writing: AbstractContextManager[Any] = nullcontext()
        self.began = perf_counter()

    def __call__(self, done: float, total: float = 1.0) -> None:
        """Say how far it is."""
        self.share = done / total if total else None

    def __enter__(self) -> Working:
        self.began = perf_counter()
        if on_terminal() and not _WORDS:  # within another one, that one goes on
            from threading import Event, Lock, Thread

            self.ended, self.writing = Event(), Lock()
            _WORDS.append(self)
            self.thread = Thread(target=self._show, daemon=True)
            self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.thread is not None and self.ended is not None:
            self.ended.set()
            self.thread.join()
            _WORDS.remove(self)
        if kind is None:
            tell("%s took %.2f s", self.step, perf_counter() - self.began)

    def _show(self) -> None:
        assert self.ended is not None
        wait = PATIENCE
        while not self.ended.wait(wait):
            wait = PERIOD
            with self.writing:
                self._write(self.line())
        self.erase()

    def erase(self) -> None:
        """Take the word off its line."""
        if self.wide:
            self._write("")
            self._write("", end="\r")

    def line(self) -> str:
        """What is done, how far it is where that is known, and since when; what is at its end may not be the last."""
        known = self.share is not None and 0 <= self.share < 1
        share = f"{100 * self.share:.0f} %, " if known and self.share is not None else ""
        return f"{self.command}: {self.step}, {share}{perf_counter() - self.began:.0f} s"

    def _write(self, text: str, end: str = "") -> None:
        """Over the line that stands there; never longer than the terminal, where it would leave pieces behind."""
        import shutil

        room = shutil.get_terminal_size().columns - 1
        text = text[:room]
        try:
            sys.stderr.write("\r" + text.ljust(min(self.wide, room)) + end)
            sys.stderr.flush()
        except (OSError, ValueError):
            return
        self.wide = len(text)
