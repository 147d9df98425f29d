"""evidence cite: references, to paste or for a reference manager."""

from __future__ import annotations

import sys
from pathlib import PurePath

import click

from . import options
from .given import given_review
from .output import emit, say, terminal

ENDINGS = {".md": "markdown", ".csv": "csv"}
"""Endings of --output besides those of references in files."""


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY...]")
@options.review
@click.option("--analysis", metavar="NAME", help="Cite the reports this analysis pools or compares with.")
@click.option(
    "--style",
    type=click.Choice(["vancouver", "apa"]),
    default="vancouver",
    show_default=True,
    help="Style of text and markdown.",
)
@options.output("text", "markdown", "ris", "bibtex", "csl-json", "nbib", "csv")
def cite(
    keys: tuple[str, ...],
    review: str | None,
    analysis: str | None,
    style: str,
    format: str | None,
    output: str | None,
) -> None:
    """Print references, from PubMed's records where they were fetched.

    Without arguments: the reference list of the review, numbered as printed.
    KEY is a report, a number of that list, or a PMID. A reference of which no
    record was fetched is printed as it was, never put into another style by
    guesses; a report no list has is put together from studies.csv and marked.
    Retracted papers are marked [RETRACTED].

    \b
    Examples:
      evidence cite
      evidence cite --analysis primary
      evidence cite 3 9 khan2023
      evidence cite --style apa --format markdown
      evidence cite --output references.ris
    """
    if keys and analysis is not None:
        raise click.UsageError("--analysis names the references itself; leave it out, or the keys.")
    from evidence.analysis.citing import cited
    from evidence.papers import formats
    from evidence.report.papers.bibliography import LISTS, render

    read = given_review(review)
    bibliography = cited(read, keys, analysis=analysis)
    ending = PurePath(output or "").suffix.lower()
    chosen = format or formats.ENDINGS.get(ending) or ENDINGS.get(ending, "text")
    screen = terminal(sys.stdout, file=output is not None)
    text = render(bibliography, read, style=style, format=chosen, unicode=screen.unicode)
    emit(text, output, binary=chosen not in LISTS)
    for said in bibliography.notes:
        say(said)
