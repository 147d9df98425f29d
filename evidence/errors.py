"""What can go wrong, and the exit code each ends with.

    EvidenceError
    ├── InputError            2  unreadable input: no such file, not a table, not TOML
    │   └── OptionError       2  an option or argument that is not one of those allowed (also a ValueError)
    ├── DataError             1  the data have findings; carries every problem, not the first
    └── NotPossible           1  the data are sound but cannot support the analysis asked for

Problems are values (see `evidence.review.schema.Problem`); the exception is only their envelope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class EvidenceError(Exception):
    """Anything this package raises on purpose; `exit_code` is what the shell sees."""

    exit_code = 2


class InputError(EvidenceError):
    """Input that cannot be read at all."""


class OptionError(InputError, ValueError):
    """An option outside its allowed values: says which, what it got and what it may be."""

    def __init__(self, name: str, value: object, allowed: Iterable[str] | str) -> None:
        self.name, self.value = name, value
        self.allowed = allowed if isinstance(allowed, str) else ", ".join(allowed)
        super().__init__(f"{name} is {value!r}; allowed: {self.allowed}")


class DataError(EvidenceError):
    """Tables with findings: `problems` holds all of them, in file and row order."""

    exit_code = 1

    def __init__(self, problems: Sequence[object]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n".join([f"{head} in the data:", *(f"  {p}" for p in self.problems)]))


class NotPossible(EvidenceError):
    """The data cannot support what was asked; the message says what can be said instead."""

    exit_code = 1
