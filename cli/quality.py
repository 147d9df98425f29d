"""evidence quality: how the reports were judged, who is not judged yet, and how sure the conclusions are."""

from __future__ import annotations

import sys
from typing import Any

import click

from . import options
from .given import given_review
from .output import emit, format_of, say, terminal

# The words are the library's own; importing it would cost every --help a millisecond. A test compares.
INSTRUMENTS = ("JBI case series", "ROBINS-I", "RoB 2", "Newcastle-Ottawa")


@click.command()
@options.review
@click.option("--instrument", type=click.Choice(INSTRUMENTS), help="Only this one.")
@click.option("--reasons", is_flag=True, help="Every judgement with its reason, place and author.")
@click.option("--certainty", is_flag=True, help="The certainty of each outcome (GRADE), step by step.")
@click.option(
    "--items", is_flag=True, help="The instruments with their items' wording, and what they answer with."
)
@click.option("--methods", is_flag=True, help="Print how the reports were judged, with references.")
@options.output("text", "json", "csv", "robvis")
def quality(
    review: str | None,
    instrument: str | None,
    reasons: bool,
    certainty: bool,
    items: bool,
    methods: bool,
    format: str | None,
    output: str | None,
) -> None:
    """Show how the reports were judged, and whom nobody has judged.

    Judgements are rows of quality.csv: the JBI checklist for case series,
    ROBINS-I or the Newcastle-Ottawa scale for cohorts, RoB 2 for trials. They are
    a person's, with a reason, and are checked for sense, never made up: an item
    without a row is not judged. Comparisons between studies are at least serious
    for confounding, whoever judges. --format robvis is a table for that R package.

    \b
    Examples:
      evidence quality
      evidence quality --reasons
      evidence quality --certainty
      evidence quality --items
      evidence quality --instrument "JBI case series" --format robvis
    """
    if sum((certainty, items, methods)) > 1:
        raise click.UsageError("--certainty, --items and --methods are one at a time.")
    chosen = format_of(format, output)
    if (items or methods) and chosen != "text":
        raise click.UsageError(f"{'--items' if items else '--methods'} is text.")
    if certainty and (chosen == "robvis" or instrument or reasons):
        raise click.UsageError(
            "--certainty has no instrument and no robvis table; its reasons are always shown."
        )
    from evidence.report.review import quality as rendering

    screen = terminal(sys.stdout, file=output is not None)
    if items:
        emit(rendering.render_items(width=screen.width, unicode=screen.unicode), output)
        return
    known = given_review(review)
    look: Any = {"width": screen.width, "unicode": screen.unicode, "color": screen.color}
    if certainty:
        from evidence.report.review import quality_export
        from evidence.review.quality import certainties

        found = certainties(known.grades)
        if chosen == "text":
            emit(rendering.render_certainty(known, found, **look), output)
        else:
            emit(getattr(quality_export, f"render_certainty_{chosen}")(known, found), output, binary=True)
        return
    from evidence.review.quality import quality_of

    judged = quality_of(known, instrument=instrument)
    if methods:
        from evidence.report.review.quality_methods import methods as told

        emit(told(known, judged), output)
    elif chosen == "text":
        emit(rendering.render_text(known, judged, reasons=reasons, **look), output)
    else:
        from evidence.report.review import quality_export

        emit(getattr(quality_export, f"render_{chosen}")(known, judged), output, binary=True)
        if chosen == "robvis":
            say(f"in R: library(robvis); {quality_export.robvis_call(judged)}")
