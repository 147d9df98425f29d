"""evidence multilevel: several rows of each cohort in one pool."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .counts import looks_typed, typed
from .output import emit, format_of, say, terminal

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
@click.option(
    "--level", type=options.Level(), default=0.95, show_default=True, metavar="LEVEL", help="0.95, 95 or 95%."
)
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
    chosen = format_of(format, output)
    if methods and show_r:
        raise click.UsageError("--methods and --show-r are two texts: ask for one at a time.")
    if (methods or show_r) and format not in (None, "text"):
        raise click.UsageError(f"--{'methods' if methods else 'show-r'} prints text, not {format}.")
    result = _analyse(args, review, choices)
    from evidence.report import multilevel as report

    if methods or show_r:
        text, chosen = (report.render_methods if methods else report.render_r)(result), "text"
    elif chosen == "text":
        screen = terminal(sys.stdout, file=output is not None)
        text = report.render_text(result, width=screen.width, unicode=screen.unicode, color=screen.color)
    else:
        text = report.render_json(result) if chosen == "json" else report.render_csv(result)
    emit(text, output, binary=chosen != "text")


def _analyse(args: tuple[str, ...], review: str | None, choices: dict[str, Any]) -> Multilevel:
    """What the arguments mean: none a review, counts themselves, anything else one table."""
    if not args:
        if choices.pop("cluster") is not None:
            raise click.UsageError("--cluster goes with a table; a review knows its cohorts.")
        from evidence.analysis.clustering import multilevel
        from evidence.review.tables import find_review, load

        path, note = find_review(review)
        if note:
            say(note)
        return multilevel(load(path), **choices)
    for name in ("outcome", "where"):
        if choices.pop(name) is not None:
            raise click.UsageError(f"--{name} goes with a review, not with counts or a table.")
    if review is not None:
        raise click.UsageError("--review goes without counts and tables.")
    from evidence.analysis.clustering import multilevel_rows

    if all(map(looks_typed, args)):
        rows = [typed(arg, f"Series {number}", number) for number, arg in enumerate(args, 1)]
        return multilevel_rows(rows, **choices)
    if len(args) > 1:
        raise click.UsageError(
            "counts are NAME=EVENTS/N, such as A=6/6; and a table must be the only argument."
        )
    from evidence.review.counts import read_counts

    if args[0] == "-":
        return multilevel_rows(read_counts(sys.stdin.buffer, "standard input"), **choices)
    return multilevel_rows(read_counts(args[0]), title=f"Table {args[0]}", **choices)
