"""evidence fetch: references to PubMed's records, kept with the review."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from . import options
from .output import emit, format_of, say, terminal

if TYPE_CHECKING:
    from evidence.analysis.fetching import Fetched

KEY = "NCBI_API_KEY"
"""Environment variable with NCBI's key: never an option, for the list of processes shows those to everybody."""

WIDTH = 30
"""Columns of the progress bar."""


@click.command()
@click.argument("pmids", nargs=-1, metavar="[PMID...]")
@options.review
@click.option(
    "--from",
    "source",
    metavar="FILE",
    help="References to look up instead: text as printed, RIS, BibTeX, NBIB or CSL-JSON.",
)
@click.option(
    "--accept",
    multiple=True,
    metavar="KEY=PMID",
    help="Take this record for a reference; KEY=none if PubMed does not have it.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be asked; ask nobody, write nothing.")
@click.option("--offline", is_flag=True, help="Ask nobody: what is kept, and what was answered before.")
@click.option("--refresh", is_flag=True, help="Ask again for what is kept, and say what changed.")
@options.pubmed
@options.output("text", "json", "csv")
@click.pass_context
def fetch(
    context: click.Context,
    pmids: tuple[str, ...],
    review: str | None,
    source: str | None,
    accept: tuple[str, ...],
    dry_run: bool,
    offline: bool,
    refresh: bool,
    email: str,
    base_url: str | None,
    format: str | None,
    output: str | None,
) -> None:
    """Find references in PubMed and keep their records.

    Without arguments: the references of the review, and the PMIDs and DOIs of
    its studies. By PMID, else DOI, else journal and page, else title; a record
    counts when first author, year and title agree. Others are listed and left
    to you. Records go to papers/ in the review's folder, PMIDs to
    references.csv. Ends with 1 while something is left to you.

    \b
    Examples:
      evidence fetch --dry-run
      evidence fetch 37378095 36944572 --dry-run

    \b
    With a network, in a review of your own:
      evidence fetch --review my-review
      evidence fetch --review my-review --from references.txt
      evidence fetch --review my-review --accept viedma2025:4=12345678
      evidence fetch --review my-review --refresh
    """
    if pmids and source:
        raise click.UsageError("PMIDs and --from do not go together.")
    if offline and refresh:
        raise click.UsageError("--refresh asks again, --offline asks nobody.")
    accepted = dict(_accepted(one) for one in accept)
    from evidence.analysis import fetching
    from evidence.report.papers.fetch import RENDERERS, render_plan
    from evidence.review.tables import find_review, load

    path, note = find_review(review)
    if note and dry_run:
        say(note)
    chosen = format_of(format, output)
    screen = terminal(sys.stdout, file=output is not None)
    if dry_run:
        planned = fetching.plan(load(path), pmids, source=source, accept=accepted)
        emit(render_plan(planned, width=screen.width, unicode=screen.unicode), output)
        return
    loaded = load(path)
    fetching.refuse_shipped(loaded)
    if not email and not offline:
        say("NCBI asks who is asking: --email or NCBI_EMAIL")
    with progress_bar() as progress:
        fetched = fetching.fetch(
            loaded,
            pmids,
            source=source,
            accept=accepted,
            email=email,
            api_key=os.environ.get(KEY, ""),
            base_url=base_url,
            offline=offline,
            refresh=refresh,
            progress=progress,
            told=say,
        )
    text = RENDERERS[chosen](fetched, width=screen.width, unicode=screen.unicode)
    emit(text, output, binary=chosen != "text")
    _tell(fetched)
    if not fetched.settled:
        context.exit(1)


def _accepted(text: str) -> tuple[str, str]:
    key, equals, pmid = text.rpartition("=")
    if not (equals and key.strip() and pmid.strip()):
        raise click.UsageError(f"--accept is {text!r}; it takes KEY=PMID, or KEY=none.")
    return key.strip(), pmid.strip()


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while records arrive, if that is a terminal; and a word where somebody stops them."""
    begun = False

    def step(done: int, total: int) -> None:
        nonlocal begun
        if not sys.stderr.isatty():
            return
        filled = WIDTH * done // max(total, 1)
        bar = "#" * filled + "-" * (WIDTH - filled)
        click.echo(f"\r  [{bar}] {done:,} of {total:,} records", err=True, nl=done >= total)
        begun = done < total

    try:
        yield step
    except KeyboardInterrupt:
        say("stopped; the records that have arrived are kept, and running again goes on from there")
        raise
    finally:
        if begun:
            click.echo(err=True)


def _tell(fetched: Fetched) -> None:
    """What happened this time, beside the result."""
    for note in fetched.notes:
        say(note)
    for change in fetched.changes:
        say(str(change))
    if fetched.stopped:
        count = sum(1 for one in fetched.resolutions if not one.settled)
        say(f"{fetched.stopped}\n  {count} left; running again goes on from there")
    if fetched.requests and (fetched.added or not fetched.stopped):
        asked = f"{fetched.service} was asked {_times(fetched.requests)}"
        kept = f"; {fetched.added} new record{'s' * (fetched.added != 1)} in papers/" if fetched.added else ""
        rows = (
            f"; {fetched.written} row{'s' * (fetched.written != 1)} of the tables completed"
            if fetched.written
            else ""
        )
        say(asked + kept + rows)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
