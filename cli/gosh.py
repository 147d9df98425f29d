"""evidence gosh: the pool of every subset of the studies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options
from .showing import analysed, explaining, present

if TYPE_CHECKING:
    from evidence.analysis.influencing import Gosh

MODELS = ("random", "common")


@click.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.rows
@click.option(
    "--model", type=click.Choice(MODELS), default="random", show_default=True, help="Model of each subset."
)
@click.option(
    "--measure", type=click.Choice(options.MEASURES), default="logit", show_default=True, help="Scale of it."
)
@click.option(
    "--tau2",
    type=click.Choice(options.TAU2),
    default="reml",
    show_default=True,
    help="Estimator of how much series differ (random).",
)
@click.option(
    "--most",
    type=click.IntRange(min=1, max=1 << 24),
    default=1 << 20,
    show_default=True,
    metavar="NUMBER",
    help="Subsets pooled at most; of more, a sample is drawn.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of the sample.")
@options.explaining
@options.output("text", "markdown", "csv", "json")
def gosh(
    args: tuple[str, ...],
    review: str | None,
    methods: bool,
    show_r: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Pool every subset of the studies (GOSH).

    Shows where the pools of all subsets lie, whether in one heap or in
    several, and which series sets them apart. Up to 20 series all subsets
    are pooled, beyond that a sample. CSV and JSON have every subset.

    \b
    Examples:
      evidence gosh 5/9 4/8 11/12 20/31 5/6 3/9 12/40 7/11
      evidence gosh 5/9 4/8 11/12 20/31 5/6 --model common
      evidence gosh 5/9 4/8 11/12 20/31 5/6 --output subsets.csv
      evidence gosh 5/9 4/8 11/12 20/31 5/6 --methods --show-r
      evidence gosh
    """
    instead = explaining(methods, show_r, format)
    present(_found(args, review, choices), format, output, instead)


def _found(args: tuple[str, ...], review: str | None, choices: dict[str, Any]) -> Gosh:
    from evidence.analysis.influencing import gosh as of_review
    from evidence.analysis.influencing import gosh_rows as of_rows

    return analysed(args, review, choices, of_review, of_rows, tracked=True)
