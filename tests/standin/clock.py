"""A clock that does not wait: sleeping moves it on, and says so."""

from __future__ import annotations


class StillClock:
    """Starts at `now` seconds since 1970; `slept` is every wait."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self.slept: list[float] = []
        self._since = 0.0

    def time(self) -> float:
        """The hour it shows; may be set back by setting `now`."""
        return self.now

    def monotonic(self) -> float:
        """Never goes back."""
        return self._since

    def sleep(self, seconds: float) -> None:
        """Note it and move on."""
        assert seconds >= 0
        self.slept.append(seconds)
        self.now += seconds
        self._since += seconds
