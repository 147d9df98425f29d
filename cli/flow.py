"""evidence flow: the counts of a PRISMA 2020 flow diagram, checked to add up."""

from __future__ import annotations

import sys

import click

from . import options
from .given import given_review
from .output import emit, format_of, terminal


@click.command()
@options.review
@click.option(
    "--since", metavar="DATE", help="Count the updates from that day on: 2026, 2026-03 or 2026-03-31."
)
@options.output("text", "json", "csv")
@click.pass_context
def flow(
    context: click.Context, review: str | None, since: str | None, format: str | None, output: str | None
) -> None:
    """Count the papers for a PRISMA 2020 flow diagram.

    The form for updated reviews: what searches found, what was removed, screened
    and included, and what the review had before. The CSV is the template of the
    R package PRISMA2020. Ends with 1 where counts do not add up, or papers wait.

    \b
    Examples:
      evidence flow
      evidence flow --format csv --output PRISMA.csv
      evidence flow --since 2026-01 --format json
    """
    from evidence.analysis.flow import flow as count
    from evidence.report.review.flow import RENDERERS

    counted = count(given_review(review), since=since)
    chosen = format_of(format, output)
    screen = terminal(sys.stdout, file=output is not None)
    emit(
        RENDERERS[chosen](counted, width=screen.width, unicode=screen.unicode),
        output,
        binary=chosen != "text",
    )
    if counted.findings:
        context.exit(1)
