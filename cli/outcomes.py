"""evidence outcomes: what a review can pool."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_review
from .output import emit, format_of, terminal

if TYPE_CHECKING:
    from evidence.review.selection import OutcomeSummary


@click.command()
@options.review
@options.output("text", "json", "csv")
def outcomes(review: str | None, format: str | None, output: str | None) -> None:
    """List what can be pooled, with counts.

    Each outcome as its analysis in the review takes it, else at any time:
    series, events/n of all together, and how many reports are left out.

    \b
    Examples:
      evidence outcomes
      evidence outcomes --format csv --output outcomes.csv
    """
    from evidence.review.selection import list_outcomes

    found = [_line(outcome) for outcome in list_outcomes(given_review(review))]
    chosen = format_of(format, output)
    if chosen == "json":
        from evidence.report.machine import json_text

        text = json_text(found)
    elif chosen == "csv":
        from evidence.report.machine import csv_text

        text = csv_text(list(found[0]) if found else ["outcome"], found)
    else:
        text = _text(found, file=output is not None)
    emit(text, output, binary=chosen != "text")


def _line(outcome: OutcomeSummary) -> dict[str, Any]:
    """An outcome with the keys of the JSON and the columns of the CSV."""
    from evidence.report.characters import clean

    return {
        "outcome": outcome.key,
        "label": clean(outcome.label),
        "definition": clean(outcome.definition),
        "analysis": outcome.analysis,
        "series": outcome.k,
        "events": outcome.events,
        "n": outcome.n,
        "left_out": outcome.left_out,
        "note": outcome.note,
    }


def _text(found: list[dict[str, Any]], *, file: bool) -> str:
    """A table of those with something to pool, then the names of the rest."""
    from evidence.report.characters import cells, pad, shorten, to_ascii, wrap

    screen = terminal(sys.stdout, file=file)
    full = [line for line in found if line["series"]]
    width = max([len("Outcome"), *(len(line["outcome"]) for line in full)])
    rows = [("Outcome", "Series", "Events/n", "Left out", "")]
    for line in full:
        counts = f"{line['events']}/{line['n']}"
        rows.append(
            (line["outcome"], str(line["series"]), counts, str(line["left_out"] or ""), line["label"])
        )
    lines = []
    for name, series, counts, left, label in rows:
        figures = f"  {pad(name, width)}  {series:>6}  {counts:>9}  {left:>8}  "
        lines.append((figures + shorten(label, screen.width - cells(figures))).rstrip())
    rest = ", ".join(line["outcome"] for line in found if not line["series"])
    if rest:
        lines += [
            "",
            *wrap(
                f"Nothing to pool, with the reasons in evidence pool --outcome NAME: {rest}.",
                screen.width,
                "  ",
            ),
        ]
    text = "\n".join(lines) + "\n"
    return text if screen.unicode else to_ascii(text)
