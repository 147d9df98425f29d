"""What a command is given: nothing (a review), counts, or a table of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from .counts import looks_typed, typed
from .output import say
from .progress import Working

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from evidence.review.counts import CountRow
    from evidence.review.tables import Review


def given_folder(folder: str | None) -> Path | Traversable:
    """The folder of a review: the one named, or the one that is found without a name, which is then said."""
    from evidence.review.tables import find_review

    path, note = find_review(folder)
    if note:
        say(note)
    return path


def given_review(folder: str | None) -> Review:
    """The review in that folder."""
    from evidence.review.tables import load

    path = given_folder(folder)
    with Working("reading"):
        return load(path)


def given_rows(args: tuple[str, ...]) -> tuple[list[CountRow], str]:
    """Counts as typed, else the rows of the one table named (- is stdin), with the title of what was read."""
    if all(map(looks_typed, args)):
        return [typed(arg, f"Series {number}", number) for number, arg in enumerate(args, 1)], ""
    from evidence.review.counts import read_counts

    if len(args) > 1:
        wrong = next(arg for arg in args if not looks_typed(arg))
        raise click.UsageError(
            f"{wrong!r} is not events/n, such as 6/6; and a table must be the only argument."
        )
    if args[0] == "-":
        return read_counts(sys.stdin.buffer, "standard input"), "Table from standard input"
    return read_counts(args[0]), f"Table {args[0]}"


def given_reference(text: str | None) -> CountRow | None:
    """What --against says, as counts."""
    if text is None:
        return None
    if not looks_typed(text):
        raise click.UsageError(f"--against is {text!r}; it takes events/n, such as 49/107 or Trial=49/107.")
    return typed(text, "the reference")


def only_with_a_review(review: str | None, choices: dict[str, Any], names: Iterable[str]) -> None:
    """Take options out of `choices` that counts and tables have no use for; wrong usage where one was given."""
    for name in names:
        if choices.pop(name) or review is not None:
            option = "--review" if review is not None else f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} goes with a review, not with counts or a table.")


def not_with_a_review(against: str | None) -> None:
    """Wrong usage where --against is given beside a review."""
    if against is not None:
        raise click.UsageError(
            "--against goes with counts or a table; a review names its own reference. "
            f"For another one: evidence compare --against {against}"
        )
