"""evidence overlap: which reports may describe the same patients, and what was decided of them."""

from __future__ import annotations

import sys

import click

from . import options
from .given import given_folder, given_review
from .output import emit, format_of, say, terminal
from .progress import Working

# The words are the schema's own; importing it would cost every --help a millisecond. A test compares.
CERTAINTIES = ("certain", "probable", "possible", "ruled out")


@click.command()
@click.argument("reports", nargs=-1, metavar="[REPORT REPORT]")
@options.review
@click.option(
    "--decision", type=click.Choice(CERTAINTIES), help="Record it in overlaps.csv, for two reports."
)
@click.option("--reason", metavar="TEXT", help="Why; a decision needs one.")
@click.option("--source", metavar="ADDRESS", default="", help="Where that was read.")
@click.option("--all", "every", is_flag=True, help="List pairs that are decided as well.")
@options.output("text", "json", "csv")
def overlap(
    reports: tuple[str, ...],
    review: str | None,
    decision: str | None,
    reason: str | None,
    source: str,
    every: bool,
    format: str | None,
    output: str | None,
) -> None:
    """Which reports may describe the same patients.

    Pairs are scored by what they share: authors, centre, country, recruitment
    windows, number of patients, registration, title. The score is a reason to
    look, no proof; what you find is recorded in overlaps.csv, where a pool
    reads it: certain and probable overlaps count once, possible ones are said.

    \b
    Examples:
      evidence overlap
      evidence overlap --all
      evidence overlap viedma2025 viedma2024
      evidence overlap --format json

    \b
    In a review of your own:
      evidence overlap garcia2026 lopez2025 --decision possible --reason "ward"
    """
    if decision is not None:
        _decide(reports, review, decision, reason, source)
        return
    if reason is not None or source:
        raise click.UsageError("--reason and --source go with --decision.")
    if len(reports) not in (0, 2):
        raise click.UsageError("name two reports, or none for every pair.")
    chosen = format_of(format, output)
    from evidence.report.review import overlap as rendering
    from evidence.review.resemblance import suspicions

    known = given_review(review)
    if reports:
        from evidence.review.resemblance import suspicion

        found, every = [suspicion(known, *reports)], True
    else:
        with Working("comparing reports"):
            found = suspicions(known)
    screen = terminal(sys.stdout, file=output is not None)
    look = {"width": screen.width, "unicode": screen.unicode, "color": screen.color}
    render = getattr(rendering, f"render_{chosen}")
    emit(render(known, found, every=every, single=bool(reports), **look), output, binary=chosen != "text")


def _decide(
    reports: tuple[str, ...], folder: str | None, decision: str, reason: str | None, source: str
) -> None:
    if len(reports) != 2:
        raise click.UsageError("a decision is about two reports.")
    if not (reason or "").strip():
        raise click.UsageError("a decision needs a --reason, in words for the next reader.")
    from evidence.review.deciding import decide_overlap

    for line in decide_overlap(str(given_folder(folder)), *reports, decision, str(reason).strip(), source):
        say(line)
