"""evidence sensitivity: what it would take to turn the conclusion."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_reference, given_review, given_rows, not_with_a_review, only_with_a_review
from .output import emit, format_of, terminal

if TYPE_CHECKING:
    from evidence.analysis.robustness import Sensitivity


@click.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.review
@click.option("--outcome", metavar="NAME", help="Outcome; `evidence outcomes` lists them.")
@click.option("--analysis", metavar="NAME", help="Analysis of review.toml to follow. Default: the first one.")
@click.option("--where", metavar="RULE", help='Rows to keep, such as "design == cohort and n >= 5".')
@click.option(
    "--weeks",
    type=options.Weeks(),
    metavar="TIME",
    help="12, 8-26 or 'last visit'. Default: the analysis' own.",
)
@click.option("--against", metavar="EVENTS/N", help="For counts and files: the reference, such as 49/107.")
@click.option(
    "--exclude-retracted", is_flag=True, help="Leave out reports that PubMed's records call retracted."
)
@click.option(
    "--sem",
    type=click.FloatRange(min=0, min_open=True),
    metavar="POINTS",
    help="Standard error of measurement of our patients' score, from a reliability study.",
)
@click.option(
    "--level", type=options.Level(), default=0.95, show_default=True, metavar="LEVEL", help="0.95, 95 or 95%."
)
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
    chosen = format_of(format, output)
    result = _examined(args, review, against, choices)
    if chosen == "text":
        from evidence.report.sensitivity import render_text

        screen = terminal(sys.stdout, file=output is not None)
        emit(render_text(result, width=screen.width, unicode=screen.unicode, color=screen.color), output)
        return
    from evidence.report import sensitivity_export

    emit(getattr(sensitivity_export, f"render_{chosen}")(result), output, binary=True)


def _examined(
    args: tuple[str, ...], review: str | None, against: str | None, choices: dict[str, Any]
) -> Sensitivity:
    if not args:
        not_with_a_review(against)
        from evidence.analysis.robustness import sensitivity as examine

        return examine(given_review(review), **choices)
    only_with_a_review(review, choices, ("outcome", "analysis", "weeks", "exclude_retracted", "sem"))
    rows, title = given_rows(args)
    from evidence.analysis.robustness import sensitivity_rows

    return sensitivity_rows(rows, title=title, against=given_reference(against), **choices)
