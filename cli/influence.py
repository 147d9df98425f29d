"""evidence influence: what each study does to the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options
from .showing import analysed, explaining, present

if TYPE_CHECKING:
    from evidence.analysis.influencing import Influence

# The words are the library's own, as in options: importing it would cost every --help numpy. A test compares.
SHOWS = ("leave-one-out", "cumulative", "diagnostics", "baujat")


@click.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.rows
@click.option(
    "--show",
    type=click.Choice(SHOWS),
    default="leave-one-out",
    show_default=True,
    help="The pool without each series; as series were added; residuals and the like; share of Q against influence.",
)
@click.option(
    "--order",
    metavar="COLUMN",
    help="Of cumulative: n, events, percent or a column. Default: year, or as given.",
)
@click.option("--descending", is_flag=True, help="Of cumulative: the largest or latest first.")
@options.pooling
@options.explaining
@options.output("text", "markdown", "csv", "json")
def influence(
    args: tuple[str, ...],
    review: str | None,
    methods: bool,
    show_r: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Show what each study does to the pool.

    By default the pool without each of them, by the model that all of them
    got; where the rest cannot be pooled so, the row says what was done
    instead. Diagnostics and the Baujat plot need a model with weights
    (random or common); the binomial model has some of its own.

    \b
    Examples:
      evidence influence
      evidence influence --show cumulative
      evidence influence 5/9 4/8 11/12 20/31 5/6 3/3
      evidence influence 5/9 4/8 11/12 20/31 5/6 --show diagnostics --model random
      evidence influence 5/9 4/8 11/12 20/31 5/6 --show baujat --model random
      evidence influence 5/9 4/8 11/12 --show cumulative --order n --descending
      evidence influence --model random --show-r
      evidence influence --methods
    """
    instead = explaining(methods, show_r, format)
    present(_found(args, review, choices), format, output, instead)


def _found(args: tuple[str, ...], review: str | None, choices: dict[str, Any]) -> Influence:
    from evidence.analysis.influencing import influence as of_review
    from evidence.analysis.influencing import influence_rows as of_rows

    return analysed(args, review, choices, of_review, of_rows)
