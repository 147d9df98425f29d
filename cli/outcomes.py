"""evidence outcomes: what a review can pool."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .output import emit, format_of, say, terminal

if TYPE_CHECKING:
    from evidence.review.tables import Review


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
    from evidence.review.tables import find_review, load

    path, note = find_review(review)
    if note:
        say(note)
    found = [_summary(read, name) for read in [load(path)] for name in read.outcomes]
    chosen = format_of(format, output)
    if chosen == "json":
        import json

        text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
    else:
        text = _csv(found) if chosen == "csv" else _text(found, file=output is not None)
    emit(text, output, binary=chosen != "text")


def _summary(review: Review, name: str) -> dict[str, Any]:
    from evidence.errors import NotPossible
    from evidence.report.characters import clean
    from evidence.review.selection import resolve, select

    outcome, spec = review.outcomes[name], resolve(review, name)
    summary = {"outcome": name, "label": clean(outcome.label), "definition": clean(outcome.definition)}
    try:
        selection = select(review, spec)
    except NotPossible as error:  # a declared reference that is not there; the series may still be
        return summary | {
            "analysis": spec.name,
            "series": 0,
            "events": 0,
            "n": 0,
            "left_out": 0,
            "note": str(error),
        }
    return summary | {
        "analysis": spec.name,
        "series": len(selection.chosen),
        "events": sum(entry.events for entry in selection.chosen),
        "n": sum(entry.n for entry in selection.chosen),
        "left_out": len([e for e in selection.excluded if e.rule != "no row"]),
        "note": "",
    }


def _csv(found: list[dict[str, Any]]) -> str:
    import csv
    import io

    out = io.StringIO()
    table = csv.DictWriter(out, list(found[0]) if found else ["outcome"], lineterminator="\n")
    table.writeheader()
    table.writerows(found)
    return out.getvalue()


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
