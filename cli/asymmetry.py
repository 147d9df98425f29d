"""evidence asymmetry: do small studies report other proportions than large ones, and what would that mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options
from .counts import looks_typed, typed
from .showing import analysed, explaining, present

if TYPE_CHECKING:
    from evidence.analysis import Asymmetry

# The words are the engine's own, as in options: importing it would cost every --help numpy. A test compares.
ESTIMATORS = ("L0", "R0", "Q0")
SIDES = ("auto", "left", "right")
TRIMS = ("common", "random")
FAVOURED = ("higher", "lower")
PLOTS = ("funnel", "doi", "none")


def _share(context: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """A proportion as people write it: 0.458, 45.8% or 49/107."""
    if value is None:
        return None
    text = value.strip()
    if looks_typed(text):
        row = typed(text, "")
        share = row.events / row.n
    else:
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = float("nan")
    if not 0 < share < 1:
        raise click.BadParameter(
            f"{value!r} is not between 0 and 100 %; write 0.458, 45.8% or 49/107", context, param
        )
    return share


@click.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.rows
@click.option(
    "--measure",
    type=click.Choice(options.MEASURES),
    default="arcsine",
    show_default=True,
    help="Scale of all tests but the first. On arcsine the standard error depends on n alone.",
)
@click.option(
    "--tau2",
    type=click.Choice(options.TAU2),
    default="reml",
    show_default=True,
    help="Trim and fill: estimator of how much series differ.",
)
@click.option(
    "--estimator",
    type=click.Choice(ESTIMATORS),
    default="L0",
    show_default=True,
    help="Trim and fill: how missing studies are counted.",
)
@click.option(
    "--side",
    type=click.Choice(SIDES),
    default="auto",
    show_default=True,
    help="Trim and fill: where they are missing; left is low proportions.",
)
@click.option(
    "--trim",
    type=click.Choice(TRIMS),
    default="common",
    show_default=True,
    help="Trim and fill: the centre while trimming.",
)
@click.option(
    "--null",
    callback=_share,
    metavar="PROPORTION",
    help="What p-values test, such as 0.458 or 49/107: adds selection model and fail-safe N.",
)
@click.option(
    "--favoured",
    type=click.Choice(FAVOURED),
    help="Selection model: results likelier to be seen. Default: what is better.",
)
@click.option("--few", is_flag=True, help="Compute with 3 to 9 studies all the same, with a warning.")
@options.level
@click.option("--plot", type=click.Choice(PLOTS), default="funnel", show_default=True, help="Plot in text.")
@options.explaining
@options.output("text", "markdown", "csv", "json")
def asymmetry(
    args: tuple[str, ...],
    review: str | None,
    plot: str,
    methods: bool,
    show_r: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Judge whether small studies differ from large ones.

    The test by size leads: proportions against the number of patients, since
    a proportion's standard error depends on the proportion itself. Beside it
    Egger, Thompson-Sharp, Begg, Peters and Macaskill, trim and fill, and the
    Doi plot with its LFK index; with --null a selection model.

    Needs ten studies (--few: three), not all of them at 0 or 100 %.

    \b
    Examples:
      evidence asymmetry --few 6/9 4/8 11/12 20/31 5/6
      evidence asymmetry 4/5 5/6 7/8 9/9 6/8 9/14 13/17 8/13 20/31 41/69
      evidence asymmetry --few 6/9 4/8 11/12 20/31 5/6 --measure logit --plot doi
      evidence asymmetry --few 6/9 4/8 11/12 20/31 5/6 --methods
      evidence asymmetry --few 6/9 4/8 11/12 20/31 5/6 --show-r
    """
    instead = explaining(methods, show_r, format)
    present(_found(args, review, choices), format, output, instead, plot=plot)


def _found(args: tuple[str, ...], review: str | None, choices: dict[str, Any]) -> Asymmetry:
    from evidence.analysis import asymmetry as of_review
    from evidence.analysis import asymmetry_rows as of_rows

    return analysed(args, review, choices, of_review, of_rows)
