"""evidence diff: what changed in a review, in rows and in results, since a snapshot, a revision or another folder."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from . import options
from .given import given_folder
from .showing import present


@click.command()
@click.argument("since", required=False, metavar="[SNAPSHOT | REVISION | FOLDER]")
@options.review
@options.selection
@options.pooling
@click.option("--exit-code", is_flag=True, help="End with 1 where anything changed.")
@options.output("text", "markdown", "csv", "json")
@click.pass_context
def diff(
    context: click.Context,
    /,
    since: str | None,
    review: str | None,
    exit_code: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """What changed: rows, reports in and out, and the pool, study by study.

    Compares the review as it is now with a snapshot (by name, or its file), a
    revision of git, another folder, or "example", the review that comes with
    evidence. Without a name: the last snapshot, else git's HEAD. Rows are known
    by their keys, not by their place in the file.

    The analysis is the snapshot's own, with its options, unless you give others.

    \b
    Examples:
      evidence diff example

    \b
    In a review of your own:
      evidence diff
      evidence diff before-update --format markdown --output changes.md
      evidence diff HEAD~3 --outcome any_adverse_event
      evidence diff ../last-year --exit-code
    """
    given = {
        name: value
        for name, value in choices.items()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    from evidence.analysis.history import diff as compare

    found = compare(given_folder(review), since, **given)
    present(found, format, output)
    context.exit(1 if exit_code and found.changed else 0)
