"""How a result is shown: rendered as asked for and sent where it goes, or explained in place of being shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import click

from .given import given_review, given_rows, only_with_a_review
from .output import emit, format_of, terminal
from .progress import Working

Found = TypeVar("Found")

OF_A_REVIEW = ("outcome", "analysis", "weeks", "exclude_retracted")
"""Options that choose rows of a review; of the others, --where works on counts and tables as well."""


def analysed(
    args: tuple[str, ...],
    review: str | None,
    choices: dict[str, Any],
    of_review: Callable[..., Found],
    of_rows: Callable[..., Found],
    *,
    tracked: bool = False,
    **given: Any,
) -> Found:
    """What the arguments mean: none a review, counts themselves, anything else one table.

    `given` goes to `of_rows` alone, as its title does: what a review knows of itself. `tracked` are those that can
    say how far they are.
    """
    if not args:
        loaded = given_review(review)
        with Working("analysing") as progress:
            return of_review(loaded, **choices, **({"progress": progress} if tracked else {}))
    only_with_a_review(review, choices, (name for name in OF_A_REVIEW if name in choices))
    rows, title = given_rows(args)
    with Working("analysing") as progress:
        return of_rows(rows, title=title, **choices, **given, **({"progress": progress} if tracked else {}))


def look(output: str | None) -> dict[str, Any]:
    """What a text renderer must know of where it is printed."""
    screen = terminal(sys.stdout, file=output is not None)
    return {"width": screen.width, "unicode": screen.unicode, "color": screen.color}


class Explaining(NamedTuple):
    """What is asked for in place of the result: its methods paragraph, its R code, or both; false if neither."""

    methods: bool
    r_code: bool

    def __bool__(self) -> bool:
        return self.methods or self.r_code


def explaining(methods: bool, show_r: bool, format: str | None) -> Explaining:
    """What to print instead of the result; wrong usage with a format, since that is text."""
    if (methods or show_r) and format not in (None, "text"):
        raise click.UsageError(f"--{'methods' if methods else 'show-r'} prints text, not {format}.")
    return Explaining(methods, show_r)


def present(
    result: object,
    format: str | None,
    output: str | None,
    instead: Explaining | None = None,
    **options: Any,
) -> None:
    """The result in the format asked for, else that of the file's ending, else text; or what explains it `instead`.

    R code is UTF-8 wherever it goes, since R reads it, and so is every format but text.
    """
    from evidence import report

    if instead:
        wanted = zip(instead, (report.methods, report.r_code), strict=True)
        with Working("explaining"):
            parts = [write(result).rstrip("\n") for asked, write in wanted if asked]
        emit("\n\n".join(parts) + "\n", output, binary=instead.r_code)
        return
    chosen = format_of(format, output)
    with Working("writing"):
        text = report.render(result, chosen, **options, **look(output))
    emit(text, output, binary=chosen != "text")
