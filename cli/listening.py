"""evidence -v: what is read, which rows are in, which model and why, requests, and how long each step took, on stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from time import perf_counter

from evidence.report.characters import clean, to_ascii

from .output import can_encode
from .progress import line_free

STARTED = perf_counter()


class Lines(logging.Handler):
    """Each message as a line on stderr with the seconds since the start, and nothing that a terminal would obey.

    `once` leaves out what was told before: a sensitivity analysis or a table takes the same rows many times over.
    """

    def __init__(self, *, once: bool = False) -> None:
        super().__init__()
        self.once, self.told = once, set[str]()

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; what cannot be written is no reason to stop."""
        try:
            text = clean(record.getMessage())
            if self.once and text in self.told:
                return
            self.told.add(text)
            if not can_encode(sys.stderr):
                text = to_ascii(text)
            with line_free():
                sys.stderr.write(f"evidence: {perf_counter() - STARTED:6.2f} s  {text}\n")
                sys.stderr.flush()
        except (OSError, ValueError, AttributeError):  # closed, or none at all
            pass


def listen(times: int) -> Callable[[], None]:
    """Let the library tell what it does, twice asked every detail; the function that ends it."""
    logger, handler = logging.getLogger("evidence"), Lines(once=times == 1)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO if times == 1 else logging.DEBUG)

    def stop() -> None:
        logger.removeHandler(handler)
        logger.setLevel(before)

    return stop
