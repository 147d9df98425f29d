"""So many requests a second, however many processes ask: the service counts them by address, not by process.

Processes share a small file that holds the next free moment; each takes it, puts a later one there, and waits
outside the lock. filelock does the locking: flock on Unix, msvcrt on Windows, and freed when a process dies.
"""

from __future__ import annotations

import os
import time
from typing import Protocol

SLACK = 1.2
"""Requests are sent this much further apart than the limit allows, for the way there takes a little more or less time."""

LOCK_SECONDS = 10.0
"""Longest wait for the file's lock, which is never held longer than it takes to read and write a line."""

LONGEST_HOLD = 60.0
"""No moment further ahead than this is believed: the clock was set, or the file is damaged."""


class Clock(Protocol):
    """What is asked of time; tests bring one that does not wait."""

    def time(self) -> float:
        """Seconds since 1970, the same in every process; may be set back."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class RealClock:
    """The computer's own."""

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Pacer:
    """Keeps requests `SLACK / rate` seconds apart, together with every process that uses the same `file`.

    Without a file, or where it cannot be used (`shared` is then False), only
    this process' own requests are paced.
    """

    def __init__(self, rate: float, file: str | None = None, clock: Clock | None = None) -> None:
        self.interval = SLACK / rate
        self.file = file
        self.clock: Clock = clock or RealClock()
        self.shared = file is not None
        self._next = 0.0
        self._written = 0.0

    def wait(self) -> None:
        """Wait for this request's turn."""
        pause = self._take(0.0)
        if pause > 0:
            self.clock.sleep(pause)

    def hold(self, seconds: float) -> None:
        """Let nobody ask for so long: the service said so."""
        self._take(min(seconds, LONGEST_HOLD), sends=False)

    def _take(self, ahead: float, *, sends: bool = True) -> float:
        """Seconds until the next free moment, which is then taken; or put off by `ahead`, if nothing is sent."""
        if self.file is None or not self.shared:
            return self._advance(ahead, sends)
        from filelock import FileLock, Timeout

        try:
            os.makedirs(os.path.dirname(self.file), exist_ok=True)
            with FileLock(self.file + ".lock", timeout=LOCK_SECONDS):
                self._written, self._next = self._read()
                pause = self._advance(ahead, sends)
                with open(self.file, "w", encoding="ascii") as out:
                    out.write(f"{self._written:.6f} {self._next:.6f}\n")
                return pause
        except (
            OSError,
            Timeout,
            NotImplementedError,
        ):  # no such folder, read-only, a file system without locks
            self.shared = False
            return self._advance(ahead, sends)

    def _advance(self, ahead: float, sends: bool) -> float:
        now = self.clock.time()
        # Written in the future, or a moment too far ahead: the clock was set back. Then a full interval is safe.
        believable = self._written <= now and self._next <= now + LONGEST_HOLD + self.interval
        free = max(self._next, now) if believable else now + self.interval
        self._written = now
        self._next = free + self.interval if sends else max(free, now + ahead)
        return free - now

    def _read(self) -> tuple[float, float]:
        assert self.file is not None
        try:
            with open(self.file, encoding="ascii") as lines:
                written, following = map(float, lines.read(100).split())
        except (ValueError, FileNotFoundError):  # damaged, or not there yet
            return 0.0, 0.0
        return written, following
