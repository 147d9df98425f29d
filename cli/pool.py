"""evidence pool: the answer in words, the table with its forest, and what to mind."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_reference, given_review, given_rows, only_with_a_review
from .output import emit, format_of, say, terminal

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
@click.option(
    "--exclude-retracted", is_flag=True, help="Leave out reports that PubMed's records call retracted."
)
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
    chosen = format_of(format, output)
    if (methods or show_r) and format not in (None, "text"):
        raise click.UsageError(f"--{'methods' if methods else 'show-r'} prints text, not {format}.")
    if snapshot is None:
        analysis = _analyse(args, review, against, choices)
    else:
        analysis = _kept(args, review, against, snapshot, choices)
    if methods or show_r:
        emit(_explained(analysis, methods=methods, show_r=show_r), output, binary=show_r)
        return
    screen = terminal(sys.stdout, file=output is not None)
    from evidence.report import render

    look = {"width": screen.width, "unicode": screen.unicode, "color": screen.color}
    text = render(analysis, chosen, excluded=excluded, panel=panel, **look)
    emit(text, output, binary=chosen != "text")


def _explained(analysis: Analysis, *, methods: bool, show_r: bool) -> str:
    """The methods paragraph, the R code, or both."""
    parts = []
    if methods:
        from evidence.report.methods import methods as paragraph

        parts.append(paragraph(analysis))
    if show_r:
        from evidence.report.r_code import r_code

        parts.append(r_code(analysis))
    return "\n".join(parts)


def _kept(
    args: tuple[str, ...], review: str | None, against: str | None, name: str, choices: dict[str, Any]
) -> Analysis:
    """The pool of a review, kept as a snapshot."""
    if args or against is not None:
        raise click.UsageError("--snapshot goes with a review, not with counts or a table.")
    from evidence.analysis.snapshots import snapshot
    from evidence.review.tables import find_review

    path, note = find_review(review)
    if note:
        say(note)
    taken, analysis = snapshot(path, name, **choices)
    say(f"snapshot {taken.name} kept in {taken.path}")
    return analysis


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
        from evidence.analysis import pool

        return pool(given_review(review), **choices)
    only_with_a_review(review, choices, ("outcome", "analysis", "weeks", "exclude_retracted"))
    rows, title = given_rows(args)
    from evidence.analysis import pool_rows

    return pool_rows(rows, title=title, against=given_reference(against), **choices)
