"""evidence history: the snapshots of a review, and what changed between them."""

from __future__ import annotations

import sys

import click

from . import options
from .output import emit, format_of, say, terminal


@click.command()
@options.review
@options.output("text", "markdown", "csv", "json")
def history(review: str | None, format: str | None, output: str | None) -> None:
    """List the snapshots of a review, and what changed from each to the next.

    `evidence pool --snapshot NAME` keeps one; `evidence diff NAME` says in full
    what changed since. The estimate is the average over studies where the model
    has one, else the pooled proportion.

    \b
    Examples:
      evidence history
      evidence history --format csv --output history.csv
    """
    chosen = format_of(format, output)
    from evidence.analysis.history import history as listed
    from evidence.review.tables import find_review

    path, note = find_review(review)
    if note:
        say(note)
    found = listed(path)
    screen = terminal(sys.stdout, file=output is not None)
    if chosen == "text":
        from evidence.report.history.text import render_history

        text = render_history(found, width=screen.width, unicode=screen.unicode, color=screen.color)
    else:
        from evidence.report.history.export import HISTORY

        text = HISTORY[chosen](found)
    emit(text, output, binary=chosen != "text")
