"""evidence sensitivity: what it would take to turn the conclusion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_reference, not_with_a_review
from .showing import analysed, present

if TYPE_CHECKING:
    from evidence.analysis.robustness import Sensitivity


@click.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.rows
@click.option("--against", metavar="EVENTS/N", help="For counts and files: the reference, such as 49/107.")
@click.option(
    "--sem",
    type=click.FloatRange(min=0, min_open=True),
    metavar="POINTS",
    help="Standard error of measurement of our patients' score, from a reliability study.",
)
@options.level
@options.output("text", "json", "csv")
def sensitivity(
    args: tuple[str, ...],
    review: str | None,
    against: str | None,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """What it would take to turn the conclusion.

    Hidden non-responders, drop-outs, differences between series, unpublished
    series, confounding and the threshold: each doubt with the number that
    would undo the claim, and the three weakest points in a paragraph. A table
    may have a column treated, for those who began.

    \b
    Examples:
      evidence sensitivity
      evidence sensitivity 6/6 --against 49/107
      evidence sensitivity Ours=6/6 9/9 11/11 --against TULIP=49/107
      evidence sensitivity --weeks 52
      evidence sensitivity --outcome clasi75 --sem 2
      evidence sensitivity --format json --output sensitivity.json
    """
    present(_examined(args, review, against, choices), format, output)


def _examined(
    args: tuple[str, ...], review: str | None, against: str | None, choices: dict[str, Any]
) -> Sensitivity:
    from evidence.analysis.robustness import sensitivity as of_review
    from evidence.analysis.robustness import sensitivity_rows as of_rows

    if not args:
        not_with_a_review(against)
    elif choices.pop("sem") is not None:
        raise click.UsageError("--sem goes with a review: it is about the scores of its own patients.")
    return analysed(args, review, choices, of_review, of_rows, tracked=True, against=given_reference(against))
