"""evidence table: a table for a paper, as text or ready to paste."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_reference, given_review, given_rows, not_with_a_review, only_with_a_review
from .output import SUFFIXES, emit
from .progress import Working
from .showing import look

if TYPE_CHECKING:
    from evidence.report.tables.paper import PaperTable

# The words are the library's own, as in options: importing it would cost every --help numpy. A test compares.
KINDS = ("characteristics", "findings", "comparison")
LANGUAGES = ("en", "es")
PER = ("100", "1000")
FORMATS = ("text", "markdown", "html", "latex", "docx", "csv")
ENDINGS = {**SUFFIXES, ".htm": "html", ".html": "html", ".docx": "docx"}


@click.command()
@click.argument("kind", type=click.Choice(KINDS), metavar="|".join(KINDS))
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.rows
@click.option("--against", metavar="EVENTS/N", help="For counts and files: the reference, such as 49/107.")
@options.level
@click.option(
    "--per",
    type=click.Choice(PER),
    default="100",
    show_default=True,
    help="For findings: rates and differences per so many patients.",
)
@click.option(
    "--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="English or Spanish."
)
@options.output(*FORMATS)
def table(
    kind: str,
    args: tuple[str, ...],
    review: str | None,
    against: str | None,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Make a table for a paper: characteristics, findings, comparison.

    Characteristics has a row a report. Findings is GRADE's summary: a row an
    outcome that can be pooled, with its certainty as the review's own tables
    have it, else "not judged". Comparison sets ours, each series and each pool
    beside each reference, with what differs and the limitations beneath.

    \b
    Examples:
      evidence table characteristics
      evidence table findings --per 1000 --output findings.html
      evidence table findings --analysis any_adverse_event
      evidence table comparison --lang es --output comparacion.tex
      evidence table comparison 6/6 9/9 11/11 --against 49/107
    """
    chosen = _format(format, output)
    choices["per"] = int(choices["per"])
    with Working("analysing"):
        made = _made(kind, args, review, against, choices)
    if chosen == "docx":
        from evidence.files import write_whole
        from evidence.report.tables.export import render_docx

        assert output is not None
        write_whole(output, render_docx(made))
        return
    from evidence import report

    emit(report.render(made, chosen, **look(output)), output, binary=chosen != "text")


def _format(format: str | None, output: str | None) -> str:
    """The format asked for, else the one the file's name ends in, else text; wrong usage before anything is computed."""
    ending = os.path.splitext(output or "")[1].lower()
    chosen = format or (ENDINGS.get(ending, "") if ending else "text")
    if chosen not in FORMATS:
        raise click.UsageError(f"evidence table makes {', '.join(FORMATS)}, not {ending}.")
    if chosen == "docx" and output is None:
        raise click.UsageError("DOCX is nothing for a terminal; name a file: --output table.docx")
    return chosen


def _made(
    kind: str, args: tuple[str, ...], review: str | None, against: str | None, choices: dict[str, Any]
) -> PaperTable:
    if not args:
        not_with_a_review(against)
    else:
        only_with_a_review(review, choices, ("outcome", "analysis", "weeks", "exclude_retracted"))
    from evidence.report.tables.making import table as make

    if not args:
        return make(kind, given_review(review), **choices)
    from evidence.analysis import pool_rows

    rows, title = given_rows(args)
    of = {name: choices.pop(name) for name in ("where", "level")}
    return make(kind, pool_rows(rows, title=title, against=given_reference(against), **of), **choices)
