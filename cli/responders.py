"""evidence responders: how many patients responded, from their scores before and after."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_review
from .output import emit, say
from .showing import present

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evidence.review.paired import Paired
    from evidence.review.responders import Responders, Rule

MISSING = ("ask", "observed", "worst", "best")
RULES = ("drop", "rise", "at_most", "below", "at_least", "above")
"""The library's words; a test compares."""


def _numbers(_: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> list[float]:
    """Numbers between commas, however often the option is given: 50,75,90 or 50%."""
    numbers = []
    for part in (part for text in given for part in text.split(",")):
        try:
            number = float(part.strip().removesuffix("%"))
        except ValueError:
            number = float("nan")
        if not abs(number) < float("inf"):
            raise click.BadParameter(f"{part!r} is not a number; write 50 or 50,75,90", param=parameter)
        numbers.append(number)
    return numbers


def _rule(name: str, help: str) -> Callable[[options.Command], options.Command]:
    return click.option(f"--{name}", multiple=True, callback=_numbers, metavar="NUMBERS", help=help)


@click.command()
@click.argument("file", required=False, metavar="[FILE | -]")
@options.patients
@_rule("drop", "Responders fell by at least so many percent. Default: 50,75,90.")
@_rule("at-most", "Responders ended at most at this score.")
@_rule("below", "Responders ended below this score.")
@_rule("rise", "With --better higher: rose by at least so many percent.")
@_rule("at-least", "With --better higher: ended at least at this score.")
@_rule("above", "With --better higher: ended above this score.")
@options.better
@click.option(
    "--missing",
    type=click.Choice(MISSING),
    default="ask",
    show_default=True,
    help="Patients without a score: left out (observed), no response (worst), response (best).",
)
@click.option(
    "--interval",
    type=click.Choice(options.INTERVALS),
    default="exact",
    show_default=True,
    help="Interval of each proportion.",
)
@options.level
@options.review
@click.option("--score", metavar="NAME", help="Score of the review, where it has several.")
@click.option("--as-rows", metavar="STUDY", help="Print lines for the outcomes.csv of a review instead.")
@options.output("text", "markdown", "csv", "json")
def responders(
    file: str | None,
    better: str,
    missing: str,
    interval: str,
    level: float,
    review: str | None,
    score: str | None,
    as_rows: str | None,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Count responders from patients' scores before and after.

    FILE is a table, CSV or XLSX, with a row for each patient; - reads it from
    stdin. Without --before and --after the columns are told by their names.
    Missing scores are asked about, never dropped. Without FILE it counts the
    patients of a review, by the review's own rules.

    \b
    Examples:
      evidence responders
      evidence responders --drop 50,75,90 --at-most 0 --below 3
      evidence responders --drop 50 --interval wilson --level 90 --format json

    \b
    With a table of your own:
      evidence responders patients.xlsx
      evidence responders patients.csv --before baseline --after last --id no
      evidence responders patients.csv --drop 50 --missing worst
      evidence responders patients.csv --as-rows garcia2026 --output rows.csv
    """
    if as_rows is not None and format not in (None, "csv"):
        raise click.UsageError(f"--as-rows prints CSV, not {format}.")
    limits: dict[str, list[float]] = {name: choices.pop(name) for name in RULES}
    from evidence.review.responders import rules_of

    rules: Sequence[Rule] = rules_of(better, **limits)
    if file is None:
        for name in ("before", "after", "id", "sheet"):
            if choices[name] is not None:
                raise click.UsageError(f"--{name} goes with a table; a review has its own scores.")
        if as_rows is not None:
            raise click.UsageError("--as-rows goes with a table; a review counts its own patients anyway.")
        paired, declared = _of_review(review, score, choices["where"], better)
        rules = rules if any(limits.values()) else declared or rules
    else:
        for name, value in (("review", review), ("score", score)):
            if value is not None:
                raise click.UsageError(f"--{name} goes with a review, not with a table.")
        paired = _of_table(file, choices)
    asked = {"better": better, "interval": interval, "level": level}
    result = _counted(paired, rules, missing, asked)
    if as_rows is not None:
        from evidence.report.scores.responders_export import outcome_rows

        emit(outcome_rows(result, as_rows), output, binary=True)
        return
    present(result, format, output)


def _of_table(file: str, choices: dict[str, Any]) -> Paired:
    from evidence.review.paired import read_paired

    paired = read_paired(sys.stdin.buffer if file == "-" else file, **choices)
    if paired.guessed:
        say(f"columns by their names: {paired.guessed}")
    return paired


def _of_review(
    folder: str | None, score: str | None, where: str | None, better: str
) -> tuple[Paired, Sequence[Rule]]:
    """The patients of a review, and the rules it declares for their score."""
    from evidence.review.paired import paired_of
    from evidence.review.responders import declared_rules

    review = given_review(folder)
    paired = paired_of(review, score=score, where=where)
    return paired, declared_rules(review.outcomes.values(), paired.score, better)


def _counted(paired: Paired, rules: Sequence[Rule], missing: str, asked: dict[str, Any]) -> Responders:
    """The counts; on a terminal, a person is asked how missing scores count. A script is told to say so."""
    from evidence.review.responders import MissingScores, count_responders

    try:
        return count_responders(paired, rules, missing=missing, **asked)
    except MissingScores as question:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        say(str(question))
    answer = click.prompt("How do they count", type=click.Choice(MISSING[1:]), err=True)
    return count_responders(paired, rules, missing=answer, **asked)
