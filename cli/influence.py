"""evidence influence: what each study does to the pool."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_review, given_rows, only_with_a_review
from .output import emit, format_of, terminal

if TYPE_CHECKING:
    from evidence.analysis.influencing import Influence

# The words are the library's own, as in options: importing it would cost every --help numpy. A test compares.
SHOWS = ("leave-one-out", "cumulative", "diagnostics", "baujat")


@click.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.review
@click.option("--outcome", metavar="NAME", help="Outcome to pool; `evidence outcomes` lists them.")
@click.option("--analysis", metavar="NAME", help="Analysis of review.toml to follow. Default: the first one.")
@click.option("--where", metavar="RULE", help='Rows to keep, such as "design == cohort and n >= 5".')
@click.option(
    "--weeks",
    type=options.Weeks(),
    metavar="TIME",
    help="12, 8-26 or 'last visit'. Default: the analysis' own.",
)
@click.option(
    "--exclude-retracted", is_flag=True, help="Leave out reports that PubMed's records call retracted."
)
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
    chosen = format_of(format, output)
    found = _found(args, review, choices)
    if methods or show_r:
        from evidence.report import influence_methods as explained

        parts = [
            *([explained.methods(found)] if methods else []),
            *([explained.r_code(found)] if show_r else []),
        ]
        emit("\n".join(parts), output, binary=output is None and show_r)
        return
    screen = terminal(sys.stdout, file=output is not None)
    from evidence.report import render

    look = {"width": screen.width, "unicode": screen.unicode, "color": screen.color}
    emit(render(found, chosen, **look), output, binary=chosen != "text")


def _found(args: tuple[str, ...], review: str | None, choices: dict[str, Any]) -> Influence:
    if not args:
        from evidence.analysis.influencing import influence as examine

        return examine(given_review(review), **choices)
    only_with_a_review(review, choices, ("outcome", "analysis", "weeks", "exclude_retracted"))
    rows, title = given_rows(args)
    from evidence.analysis.influencing import influence_rows

    return influence_rows(rows, title=title, **choices)
