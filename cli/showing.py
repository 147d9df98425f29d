"""How a result is shown: rendered as asked for and sent where it goes, or explained in place of being shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .given import given_review, given_rows, only_with_a_review
from .output import emit, format_of, terminal

if TYPE_CHECKING:
    from evidence.analysis.results import Result

Found = TypeVar("Found")

OF_A_REVIEW = ("outcome", "analysis", "weeks", "exclude_retracted")
"""Options that choose rows of a review; of the others, --where works on counts and tables as well."""


def analysed(
    args: tuple[str, ...],
    review: str | None,
    choices: dict[str, Any],
    of_review: Callable[..., Found],
    of_rows: Callable[..., Found],
    **given: Any,
) -> Found:
    """What the arguments mean: none a review, counts themselves, anything else one table.

    `given` goes to `of_rows` alone, as its title does: what a review knows of itself.
    """
    if not args:
        return of_review(given_review(review), **choices)
    only_with_a_review(review, choices, (name for name in OF_A_REVIEW if name in choices))
    rows, title = given_rows(args)
    return of_rows(rows, title=title, **choices, **given)


def look(output: str | None) -> dict[str, Any]:
    """What a text renderer must know of where it is printed."""
    screen = terminal(sys.stdout, file=output is not None)
    return {"width": screen.width, "unicode": screen.unicode, "color": screen.color}


def show(result: Result, format: str | None, output: str | None, **options: Any) -> None:
    """The result in the format asked for, else that of the file's ending, else text."""
    from evidence.report import render

    chosen = format_of(format, output)
    emit(render(result, chosen, **options, **look(output)), output, binary=chosen != "text")


def check_explaining(methods: bool, show_r: bool, format: str | None) -> bool:
    """Whether the result is to be explained instead of shown; wrong usage with a format, since that is text."""
    if (methods or show_r) and format not in (None, "text"):
        raise click.UsageError(f"--{'methods' if methods else 'show-r'} prints text, not {format}.")
    return methods or show_r


def explain(
    result: Found,
    output: str | None,
    *,
    methods: Callable[[Found], str] | None,
    r_code: Callable[[Found], str] | None,
) -> None:
    """The methods paragraph, the R code, or both; R code is UTF-8 wherever it goes, since R reads it."""
    parts = [write(result).rstrip("\n") for write in (methods, r_code) if write is not None]
    emit("\n\n".join(parts) + "\n", output, binary=r_code is not None)
