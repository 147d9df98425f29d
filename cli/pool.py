"""evidence pool: the answer in words, the table with its forest, and what to mind."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from . import options
from .counts import looks_typed, typed
from .output import emit, format_of, say, terminal

if TYPE_CHECKING:
    from evidence.analysis import Analysis
    from evidence.review.counts import CountRow


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
@click.option(
    "--exclude-retracted", is_flag=True, help="Leave out reports that PubMed's records call retracted."
)
@click.option("--excluded", is_flag=True, help="List what was left out, with rule and reason.")
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

    --weeks 52 asks what another time would say: series are pooled at week 52,
    and the reference's row of that time leads.

    \b
    Examples:
      evidence pool
      evidence pool --weeks 8-26 --excluded
      evidence pool --weeks 52
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
            raise click.UsageError(
                "--against goes with counts or a table; a review names its own reference. "
                f"For another one: evidence compare --against {against}"
            )
        return _of_review(review, choices)
    for name in ("outcome", "analysis", "weeks", "exclude_retracted"):
        if choices.pop(name) or review is not None:
            option = "--review" if review is not None else f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} goes with a review, not with counts or a table.")
    if all(map(looks_typed, args)):
        rows, title = [typed(arg, f"Series {number}", number) for number, arg in enumerate(args, 1)], ""
    else:
        rows, title = _of_table(args)
    from evidence.analysis import pool_rows

    return pool_rows(rows, title=title, against=_against(against), **choices)


def _of_review(folder: str | None, choices: Mapping[str, Any]) -> Analysis:
    from evidence.analysis import pool
    from evidence.review.tables import find_review, load

    path, note = find_review(folder)
    if note:
        say(note)
    return pool(load(path), **choices)


def _against(text: str | None) -> CountRow | None:
    if text is None:
        return None
    if not looks_typed(text):
        raise click.UsageError(f"--against is {text!r}; it takes events/n, such as 49/107 or Trial=49/107.")
    return typed(text, "the reference")


def _of_table(args: tuple[str, ...]) -> tuple[list[CountRow], str]:
    from evidence.review.counts import read_counts

    if len(args) > 1:
        wrong = next(arg for arg in args if not looks_typed(arg))
        raise click.UsageError(
            f"{wrong!r} is not events/n, such as 6/6; and a table must be the only argument."
        )
    if args[0] == "-":
        return read_counts(sys.stdin.buffer, "standard input"), "Table from standard input"
    return read_counts(args[0]), f"Table {args[0]}"
