"""evidence scores: how scores changed in one group, and scores pooled of which papers print medians only."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_review
from .output import say
from .showing import explaining, present

if TYPE_CHECKING:
    from evidence.analysis.scoring import PooledScores, Scores
    from evidence.review.paired import Paired

ZEROS = ("wilcoxon", "pratt")
USING = ("weighted-median", "median-of-medians", "quantile", "luo", "wan", "quantile-mean", "box-cox")
"""The library's words; a test compares."""

TABLE = ("before", "after", "id", "sheet")
PATIENTS = ("before", "after", "id", "sheet", "where")


@click.command()
@click.argument("file", required=False, metavar="[FILE | -]")
@options.patients
@options.better
@click.option(
    "--zeros",
    type=click.Choice(ZEROS),
    default="wilcoxon",
    show_default=True,
    help="Changes of 0 in the test: left out, or ranked first (pratt).",
)
@click.option("--pool", is_flag=True, help="Pool what papers print: medians, ranges, quartiles, means.")
@click.option(
    "--using",
    type=click.Choice(USING),
    default="weighted-median",
    show_default=True,
    metavar="METHOD",
    help=f"With --pool: the method that leads, others stand beside it: {', '.join(USING)}.",
)
@options.level
@options.review
@click.option("--score", metavar="NAME", help="Score of the review, where it has several.")
@options.explaining
@options.output("text", "csv", "json")
def scores(
    file: str | None,
    better: str,
    zeros: str,
    pool: bool,
    using: str,
    level: float,
    review: str | None,
    score: str | None,
    methods: bool,
    show_r: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Scores before and after: medians, estimate, exact test.

    FILE is a table, CSV or XLSX, with a row for each patient; - reads it from
    stdin. Without --before and --after the columns are told by their names.
    Without FILE it takes the patients of a review, at baseline and last visit.

    With --pool, FILE has a row for each study: study, n, median, min, max, q1,
    q3, mean, sd as far as printed, and time where there are several.

    \b
    Examples:
      evidence scores
      evidence scores --level 90 --zeros pratt
      evidence scores --methods
      evidence scores --format json

    \b
    With tables of your own:
      evidence scores patients.xlsx --before baseline --after last
      evidence scores --pool printed.csv --using quantile
    """
    instead = explaining(methods, show_r, format)
    if file is not None:
        for name, value in (("review", review), ("score", score)):
            if value is not None:
                raise click.UsageError(f"--{name} goes with a review, not with a table.")
    for name in PATIENTS if pool else TABLE if file is None else ():
        if choices[name] is not None:
            where = "a table of patients, not with --pool" if pool else "a table; a review has its own scores"
            raise click.UsageError(f"--{name} goes with {where}.")
    result: Scores | PooledScores = (
        _pooled(file, using, level, review, score)
        if pool
        else _paired(file, choices, better, zeros, level, review, score)
    )
    present(result, format, output, instead)


def _paired(
    file: str | None,
    choices: dict[str, Any],
    better: str,
    zeros: str,
    level: float,
    review: str | None,
    score: str | None,
) -> Scores:
    from evidence.analysis.scoring import score_changes
    from evidence.review.paired import paired_of, read_paired

    paired: Paired
    if file is None:
        paired = paired_of(given_review(review), score=score, where=choices["where"])
    else:
        paired = read_paired(sys.stdin.buffer if file == "-" else file, **choices)
        if paired.guessed:
            say(f"columns by their names: {paired.guessed}")
    return score_changes(paired, better=better, zeros=zeros, level=level)


def _pooled(
    file: str | None, using: str, level: float, review: str | None, score: str | None
) -> PooledScores:
    from evidence.analysis.scoring import pool_scores
    from evidence.review.printed_scores import printed_of, read_printed, score_of

    if file is not None:
        rows = read_printed(sys.stdin.buffer if file == "-" else file)
        return pool_scores(rows, using=using, level=level)
    loaded = given_review(review)
    named = score_of(loaded, score)
    rows, left_out = printed_of(loaded, named)
    return pool_scores(rows, using=using, level=level, source=named, left_out=left_out)
