"""evidence pool: the answer in words, the table with its forest, and what to mind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_folder, given_reference, not_with_a_review
from .output import say
from .showing import analysed, explaining, present

if TYPE_CHECKING:
    from evidence.analysis import Analysis


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
@click.option("--excluded", is_flag=True, help="List what was left out, with rule and reason.")
@click.option("--panel", is_flag=True, help="Show what other models say.")
@click.option(
    "--snapshot",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="Keep data, options and result for evidence history and diff. Default name: the date.",
)
@options.explaining
@options.output("text", "markdown", "csv", "json", "latex")
def pool(
    args: tuple[str, ...],
    review: str | None,
    against: str | None,
    excluded: bool,
    panel: bool,
    snapshot: str | None,
    methods: bool,
    show_r: bool,
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
      evidence pool 8/10 9/12 7/9 3/8 20/31 --model random --ci kenward-roger
      evidence pool 8/10 9/12 7/9 3/8 20/31 --methods
      evidence pool --show-r
      evidence pool --format json --output result.json
    """
    instead = explaining(methods, show_r, format)
    if snapshot is None:
        analysis = _analyse(args, review, against, choices)
    else:
        analysis = _kept(args, review, against, snapshot, choices)
    present(analysis, format, output, instead, excluded=excluded, panel=panel)


def _kept(
    args: tuple[str, ...], review: str | None, against: str | None, name: str, choices: dict[str, Any]
) -> Analysis:
    """The pool of a review, kept as a snapshot."""
    if args or against is not None:
        raise click.UsageError("--snapshot goes with a review, not with counts or a table.")
    from evidence.analysis.snapshots import snapshot

    taken, analysis = snapshot(given_folder(review), name, **choices)
    say(f"snapshot {taken.name} kept in {taken.path}")
    return analysis


def _analyse(
    args: tuple[str, ...], review: str | None, against: str | None, choices: dict[str, Any]
) -> Analysis:
    if not args:
        not_with_a_review(against)
    from evidence.analysis import pool as of_review
    from evidence.analysis import pool_rows as of_rows

    return analysed(args, review, choices, of_review, of_rows, against=given_reference(against))
