"""evidence check: every problem in a review or a table, or which of its numbers nobody has verified yet."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from . import options
from .given import given_folder
from .output import emit, format_of, say, terminal
from .progress import Working

if TYPE_CHECKING:
    from evidence.review.checking import Checked


@click.command()
@click.argument("file", required=False, metavar="[FILE | -]")
@options.review
@click.option("--states", is_flag=True, help="List all that is not verified, not only the most doubtful.")
@options.output("text", "json")
@click.pass_context
def check(
    context: click.Context,
    file: str | None,
    review: str | None,
    states: bool,
    format: str | None,
    output: str | None,
) -> None:
    """Find every problem in the tables, and the numbers still to be checked.

    Without FILE it reads the review: each problem with its file, row (as a
    spreadsheet counts), column, what is allowed and what was likely meant.
    Without problems it lists the numbers that nobody has read in the paper.
    FILE is a bare table of counts; - reads one from stdin.

    \b
    Exit code: 0 no problems, 1 problems, 2 nothing that can be read.

    \b
    Examples:
      evidence check
      evidence check --states
      evidence check --format json --output check.json
    """
    chosen = format_of(format, output)
    checked = _checked(file, review)
    from evidence.report.review.check import render_check

    screen = terminal(sys.stdout, file=output is not None)
    shown = output is None and sys.stdout.isatty()
    width = screen.width if shown else None  # None: a finding a line, for grep
    text = render_check(checked, chosen, states=states, width=width, unicode=screen.unicode)
    emit(text, output, binary=chosen == "json")
    context.exit(1 if checked.problems else 0)


def _checked(file: str | None, review: str | None) -> Checked:
    """What was found in the review, or in a table; a table of a review means the whole of it."""
    from evidence.review.checking import check_counts, check_review
    from evidence.review.tables import review_of

    if file is None:
        path = given_folder(review)
        with Working("reading"):
            checked = check_review(path)
        return _with_notices(path, checked)
    if review is not None:
        raise click.UsageError("--review goes with a review; FILE is a table of counts.")
    if file == "-":
        return check_counts(sys.stdin.buffer, "standard input")
    folder = review_of(file)
    if folder is None:
        return check_counts(file)
    if not os.path.isdir(file):
        say(f"{file} is part of the review in {folder}: all of it is checked")
    return _with_notices(folder, check_review(folder))


def _with_notices(folder: object, checked: Checked) -> Checked:
    """Beside the findings: what PubMed's records say happened to the papers. No fault of a table, so no finding."""
    from evidence.papers.notices import in_order, read_notices

    for notice in in_order(read_notices(str(folder))):
        say(f"PMID {notice.pmid}: {notice}")
    return checked
