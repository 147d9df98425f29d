"""evidence show: all that is known of one thing, and where it enters or why not."""

from __future__ import annotations

import click

from . import options
from .given import given_review
from .output import emit, format_of
from .showing import look


@click.command()
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@options.review
@options.output("text", "json")
def show(key: tuple[str, ...], review: str | None, format: str | None, output: str | None) -> None:
    """Show all that is known of one thing, and why it is in or out.

    KEY is a report (by key, label, DOI or PubMed number), a cohort, an
    outcome, a patient (REPORT:NUMBER), a result (REPORT OUTCOME, then arm or
    time) or an entry of a reference list (ref NUMBER). Where one word means two
    things, put the kind first: cohort tulip1.

    \b
    Examples:
      evidence show viedma2025
      evidence show carter2023
      evidence show TULIP-2
      evidence show cohort cadiz
      evidence show clasi50
      evidence show viedma2025:1
      evidence show viedma2025 clasi50
      evidence show tulip12 clasi50 placebo week 12
      evidence show ref 3
      evidence show chasset2023 --format json
    """
    from evidence.report.review.found import render_json, render_text
    from evidence.review.lookup import look_up

    read = given_review(review)
    found = look_up(read, " ".join(key))
    chosen = format_of(format, output)
    if chosen == "json":
        emit(render_json(found, read), output, binary=True)
        return
    emit(render_text(found, read, **look(output)), output)
