"""evidence pool: the answer in words, the table with its forest, and what to mind."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from . import options
from .output import emit, format_of, say, terminal

if TYPE_CHECKING:
    from evidence.analysis import Analysis
    from evidence.review.counts import CountRow

COUNTS = re.compile(r"(?:(?P<name>.+?)\s*=\s*)?(?P<events>\d+)\s*/\s*(?P<n>\d+)", re.ASCII)
"""6/6, or with a name: Ours=6/6."""


@click.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.review
@options.selection
@click.option(
    "--against",
    metavar="EVENTS/N",
    help="For counts and files: what to compare the pool with, such as 49/107.",
)
@options.pooling
@click.option("--excluded", is_flag=True, help="List what was left out, with reasons.")
@click.option("--panel", is_flag=True, help="Show what other models say.")
@options.output("text", "markdown", "csv", "json", "latex")
def pool(
    args: tuple[str, ...],
    review: str | None,
    against: str | None,
    excluded: bool,
    panel: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Pool proportions: of a review, of counts, or of a table.

    Without arguments it follows the analysis fixed in the review. Counts are
    events/n, with a name if you like (Ours=6/6). A table has the columns
    study, events and n, or their usual aliases; - reads it from stdin.

    \b
    Examples:
      evidence pool
      evidence pool --weeks 8-26 --excluded
      evidence pool --by design --model binomial
      evidence pool 6/6 9/9 11/11 --against 49/107
      evidence pool Ours=6/6 Lopez=9/9 --model exact --level 90
      evidence pool 3/117 3/35 9/195 7/136 --model random --panel
      evidence pool --format json --output result.json
    """
    chosen = format_of(format, output)
    analysis = _analyse(args, review, against, choices)
    screen = terminal(sys.stdout, file=output is not None)
    from evidence.report import render

    look = {"width": screen.width, "unicode": screen.unicode, "color": screen.color}
    text = render(analysis, chosen, excluded=excluded, panel=panel, **look)
    emit(text, output, binary=chosen != "text")


def _analyse(
    args: tuple[str, ...], review: str | None, against: str | None, choices: dict[str, Any]
) -> Analysis:
    """What the arguments mean: none a review, counts themselves, anything else one table."""
    if not args:
        if against is not None:
            raise click.UsageError("--against goes with counts or a table; a review names its own reference.")
        return _of_review(review, choices)
    for name in ("outcome", "analysis", "weeks"):
        if choices.pop(name) is not None or review is not None:
            option = "--review" if review is not None else f"--{name}"
            raise click.UsageError(f"{option} goes with a review, not with counts or a table.")
    counts = [COUNTS.fullmatch(arg.strip()) for arg in args]
    rows, title = (_typed(counts), "") if all(counts) else _of_table(args)
    from evidence.analysis import pool_rows

    return pool_rows(rows, title=title, against=_against(against), **choices)


def _of_review(folder: str | None, choices: Mapping[str, Any]) -> Analysis:
    from evidence.analysis import pool
    from evidence.review.tables import find_review, load

    path, note = find_review(folder)
    if note:
        say(note)
    return pool(load(path), **choices)


def _typed(counts: list[re.Match[str] | None]) -> list[CountRow]:
    return [_row(match, f"Series {number}", number) for number, match in enumerate(counts, 1) if match]


def _row(match: re.Match[str], name: str, number: int) -> CountRow:
    from evidence.review.counts import CountRow

    events, n = int(match["events"]), int(match["n"])
    if events > n or n == 0:
        allowed = "n from 1, and events no more than n"
        raise click.UsageError(f"{match['events']}/{match['n']} is not events/n: {allowed}.")
    return CountRow(match["name"] or name, events, n, {}, number)


def _against(text: str | None) -> CountRow | None:
    if text is None:
        return None
    match = COUNTS.fullmatch(text.strip())
    if not match:
        raise click.UsageError(f"--against is {text!r}; it takes events/n, such as 49/107 or Trial=49/107.")
    return _row(match, "the reference", 0)


def _of_table(args: tuple[str, ...]) -> tuple[list[CountRow], str]:
    from evidence.review.counts import read_counts

    if len(args) > 1:
        wrong = next(arg for arg in args if not COUNTS.fullmatch(arg.strip()))
        raise click.UsageError(
            f"{wrong!r} is not events/n, such as 6/6; and a table must be the only argument."
        )
    if args[0] == "-":
        return read_counts(sys.stdin.buffer, "standard input"), "Table from standard input"
    return read_counts(args[0]), f"Table {args[0]}"
