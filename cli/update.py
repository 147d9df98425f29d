"""evidence update: the saved searches run again, and the papers nobody has seen yet."""

from __future__ import annotations

import os
import sys

import click

from . import options
from .fetch import KEY, progress_bar
from .output import emit, format_of, say, terminal

# The schema's own words; importing it would cost every --help. A test compares.
KINDS = ("database", "register", "website", "organisation", "citations")


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@options.review
@click.option(
    "--from",
    "source",
    metavar="FILE",
    help="What another database exported: NBIB, RIS, BibTeX, CSL-JSON or CSV.",
)
@click.option("--database", default="", metavar="NAME", help="Where that file is from, such as Embase.")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="database",
    show_default=True,
    help="What that is, as PRISMA 2020 tells them apart.",
)
@click.option(
    "--since", metavar="DATE", help="Only what entered PubMed from then on: 2023, 2023-07 or 2023-07-31."
)
@click.option("--check", is_flag=True, help="Check the queries and show them; ask nobody, record nothing.")
@click.option("--dry-run", is_flag=True, help="Ask, show what is new, record nothing.")
@click.option("--offline", is_flag=True, help="Ask nobody: what was answered before.")
@options.pubmed
@options.output("text", "json", "csv")
@click.pass_context
def update(
    context: click.Context,
    names: tuple[str, ...],
    review: str | None,
    source: str | None,
    database: str,
    kind: str,
    since: str | None,
    check: bool,
    dry_run: bool,
    offline: bool,
    email: str,
    base_url: str | None,
    format: str | None,
    output: str | None,
) -> None:
    """Run the review's saved searches and show what is new.

    Field tags are checked before a query is sent, since PubMed drops those it
    does not know and searches everywhere. What is new goes to found.csv, its
    records to papers/, the counts to searches.csv; then: evidence screen. Ends
    with 1 where a search was not run, or not as it is written.

    \b
    Examples:
      evidence update --check
      evidence update new_series --check

    \b
    With a network, in a review of your own:
      evidence update --review my-review
      evidence update --review my-review --dry-run --since 2026-01
      evidence update embase --review my-review --from embase.ris
    """
    if source and since:
        raise click.UsageError("--since goes with PubMed; limit the export where it is made.")
    if not source and (database or kind != "database"):
        raise click.UsageError("--database and --kind say where the file of --from is from.")
    from evidence.analysis import updating
    from evidence.report.papers.update import RENDERERS, render_plan
    from evidence.review.tables import find_review, load

    path, note = find_review(review)
    if note:
        say(note)
    loaded = load(path)
    chosen = format_of(format, output)
    screen = terminal(sys.stdout, file=output is not None)
    if check:
        emit(
            render_plan(updating.check_searches(loaded, names), width=screen.width, unicode=screen.unicode),
            output,
        )
        return
    if not (email or offline or source):
        say("NCBI asks who is asking: --email or NCBI_EMAIL")
    with progress_bar() as progress:
        result = updating.update(
            loaded,
            names,
            source=source,
            database=database,
            kind=kind,
            since=since,
            email=email,
            api_key=os.environ.get(KEY, ""),
            base_url=base_url,
            offline=offline,
            dry_run=dry_run,
            progress=progress,
            told=say,
        )
    text = RENDERERS[chosen](result, width=screen.width, unicode=screen.unicode)
    emit(text, output, binary=chosen != "text")
    for one in result.notes:
        say(one)
    for change in result.changes:
        say(str(change))
    if not result.sound:
        context.exit(1)
