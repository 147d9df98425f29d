"""evidence multilevel: several rows of each cohort in one pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_review, given_rows, only_with_a_review
from .showing import explaining, present

if TYPE_CHECKING:
    from evidence.analysis.clustering import Multilevel

ROBUST = ("cr2", "cr1", "cr0", "none")
"""The library's words; a test compares."""


@click.command()
@click.argument("args", nargs=-1, metavar="[NAME=EVENTS/N... | FILE.csv | -]")
@options.review
@click.option("--outcome", metavar="NAME", help="Outcome to pool; `evidence outcomes` lists them.")
@click.option("--where", metavar="RULE", help='Rows of the review to keep, such as "n >= 5".')
@click.option(
    "--cluster",
    metavar="COLUMN",
    help="Column of a table that names the cohort. Default: cluster, cohort or study.",
)
@click.option(
    "--measure",
    type=click.Choice(options.MEASURES),
    default="logit",
    show_default=True,
    help="Scale of the model.",
)
@click.option(
    "--tau2",
    type=click.Choice(["reml", "ml"]),
    default="reml",
    show_default=True,
    help="How variances are estimated.",
)
@click.option(
    "--ci",
    type=click.Choice(["t", "wald"]),
    default="t",
    show_default=True,
    help="Interval: t has cohorts - 1 degrees of freedom.",
)
@click.option(
    "--robust",
    type=click.Choice(ROBUST),
    default="cr2",
    show_default=True,
    help="Second interval, whatever ties rows of a cohort together.",
)
@options.level
@options.explaining
@options.output("text", "csv", "json")
def multilevel(
    args: tuple[str, ...],
    review: str | None,
    methods: bool,
    show_r: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Pool several rows of each cohort: times, subgroups.

    evidence pool takes one row of each cohort. This takes all of them, by a
    three-level model: rows of one cohort are more alike than others. Counts are
    NAME=EVENTS/N, rows of one name being of one cohort; a table has the columns
    study, events, n, and cohort where that is not the study.

    \b
    Examples:
      evidence multilevel A=5/9 A=7/9 B=12/20 B=15/20 B=16/19 C=3/11 D=8/10
      evidence multilevel A=5/9 A=7/9 B=12/20 B=15/20 C=3/11 --measure arcsine
      evidence multilevel A=5/9 A=7/9 B=12/20 B=15/20 C=3/11 --show-r

    \b
    With a table, or a review that has several times of its cohorts:
      evidence multilevel table.csv --cluster centre
      evidence multilevel --review my-review --outcome response
    """
    instead = explaining(methods, show_r, format)
    present(_analyse(args, review, choices), format, output, instead)


def _analyse(args: tuple[str, ...], review: str | None, choices: dict[str, Any]) -> Multilevel:
    """What the arguments mean: none a review, counts themselves, anything else one table."""
    if not args:
        if choices.pop("cluster") is not None:
            raise click.UsageError("--cluster goes with a table; a review knows its cohorts.")
        from evidence.analysis.clustering import multilevel

        return multilevel(given_review(review), **choices)
    only_with_a_review(review, choices, ("outcome", "where"))
    from evidence.analysis.clustering import multilevel_rows

    rows, title = given_rows(args)
    return multilevel_rows(rows, title=title, **choices)
