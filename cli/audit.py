"""evidence audit: what the papers of a review print, recomputed from the review's own tables."""

from __future__ import annotations

import sys

import click

from . import options
from .given import given_review
from .output import emit, format_of, terminal
from .progress import Working
from .showing import present

SEVERITIES = ("error", "contradiction", "note")
"""The library's words; a test compares."""


def _names(_: click.Context, __: click.Parameter, given: str | None) -> tuple[str, ...]:
    """Names between commas."""
    return tuple(name.strip() for name in (given or "").split(",") if name.strip())


@click.command()
@options.review
@click.option("--study", metavar="REPORT", help="Only this report, by its key or label.")
@click.option("--rules", metavar="NAMES", callback=_names, help="Only these rules, such as percent,median.")
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default="note",
    show_default=True,
    help="Only what is at least so bad.",
)
@click.option("--methods", is_flag=True, help="Print the rules with their references, and audit nothing.")
@options.output("text", "json", "csv")
@click.pass_context
def audit(
    context: click.Context,
    review: str | None,
    study: str | None,
    rules: tuple[str, ...],
    severity: str,
    methods: bool,
    format: str | None,
    output: str | None,
) -> None:
    """Recompute what papers print: percentages, medians, ranges, intervals.

    Every number of outcomes.csv and every statement of statements.csv is held
    against its patients, its counts and the other places that speak of it. A
    finding names rule, place, printed and recomputed value. Nothing is changed.

    \b
    Exit code: 0 nothing found, 1 findings, 2 wrong usage or nothing to read.

    \b
    Examples:
      evidence audit --study tulip12
      evidence audit --rules percent,thresholds
      evidence audit --study safety --format csv
      evidence audit --methods
    """
    chosen = format_of(format, output)
    if chosen not in ("text", "json", "csv"):
        raise click.UsageError("evidence audit writes text, json and csv.")
    screen = terminal(sys.stdout, file=output is not None)
    if methods:
        from evidence.errors import OptionError
        from evidence.report.review.audit import render_rules
        from evidence.review.audit.findings import RULES

        for name in rules:
            if name not in RULES:
                raise OptionError("rules", name, tuple(RULES))
        asked = [rule for rule in RULES.values() if not rules or rule.name in rules]
        emit(render_rules(asked, width=screen.width, unicode=screen.unicode), output)
        return
    from evidence.review.audit import auditing

    known = given_review(review)
    with Working("recomputing"):
        found = auditing.audit(known, study=study, rules=rules, severity=severity)
    present(found, chosen, output)
    context.exit(1 if found else 0)
