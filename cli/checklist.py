"""evidence checklist: a reporting checklist, with where the review answers each item."""

from __future__ import annotations

import sys

import click

from . import options
from .given import given_review
from .output import SUFFIXES, emit, format_of, terminal

NAMES = ("prisma", "jbi", "care")
LANGUAGES = ("en", "es")


@click.command()
@click.argument("name", type=click.Choice(NAMES), metavar="|".join(NAMES))
@options.review
@options.analysis
@click.option("--study", metavar="REPORT", help="For jbi and care: the report. Default: those pooled; ours.")
@click.option(
    "--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="English or Spanish."
)
@options.output("text", "markdown", "csv", "json")
def checklist(
    name: str,
    review: str | None,
    analysis: str | None,
    study: str | None,
    lang: str,
    format: str | None,
    output: str | None,
) -> None:
    """Fill a reporting checklist from the review.

    PRISMA 2020 for the review, JBI's ten questions for each case series it
    pools, CARE 2013 for our own cases. Each item says where the review's tables
    answer it, what is missing and which command prints it. Nothing is ticked
    that was not looked for; what only the authors know is left to them.

    \b
    Examples:
      evidence checklist prisma
      evidence checklist prisma --lang es --output prisma.md
      evidence checklist jbi --study valencia2025
      evidence checklist care --format csv
    """
    chosen = format_of(format, output)
    if chosen not in ("text", "markdown", "csv", "json"):
        ending = next(end for end, kind in SUFFIXES.items() if kind == chosen)
        raise click.UsageError(f"evidence checklist makes text, markdown, csv and json, not {ending}.")
    from evidence.report.checklists.filling import checklist as fill
    from evidence.report.checklists.printing import render

    filled = fill(given_review(review), name, analysis=analysis, study=study, lang=lang)
    screen = terminal(sys.stdout, file=output is not None)
    text = render(filled, chosen, width=screen.width, unicode=screen.unicode)
    emit(text, output, binary=chosen != "text")
