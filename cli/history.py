"""evidence history: the snapshots of a review, and what changed between them."""

from __future__ import annotations

import click

from . import options
from .given import given_folder
from .showing import present


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
    from evidence.analysis.history import history as listed

    present(listed(given_folder(review)), format, output)
