"""evidence export KIND: a review and its analysis as files that other tools open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_reference, given_review, not_with_a_review
from .output import emit, say
from .progress import Working
from .quality import INSTRUMENTS
from .showing import analysed

if TYPE_CHECKING:
    from evidence.report.export.bundle import Export

several = click.option(
    "--output", metavar="FILE.zip|FOLDER", help="A zip where the name ends in .zip, else a folder."
)
text = click.option(
    "--output", metavar="FILE", help="Write there, whole or not at all; else to the terminal."
)
since = click.option(
    "--since",
    metavar="DATE",
    help="Of the flow of papers: count the updates from that day on, such as 2026-03.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def export() -> None:
    """Write files that other tools open, by KIND.

    `all` is everything that is behind an analysis, to archive or to send along:
    tables, result, report, figures, references, R code, with a manifest of
    hashes and versions. The others are a part of it. The same review and options
    give the same bytes, and no folder of this machine is named in them.

    \b
    Examples:
      evidence export all --output review.zip
      evidence export package --output package.zip
      evidence export revman --output revman
      evidence export reproduce --output reproduce.R
      evidence export robvis --output robvis.csv
      evidence export prisma --output PRISMA.csv
    """


@export.command("all")
@options.review
@options.selection
@options.pooling
@since
@several
@click.pass_context
def everything(context: click.Context, /, review: str | None, output: str | None, **choices: Any) -> None:
    """Everything behind an analysis, with hashes and versions.

    Takes what evidence pool takes. README.md says what each file is, and
    sha256sum -c SHA256SUMS checks them. What cannot be had, a figure without
    matplotlib or a flow of papers without searches, is left out and said. Ends
    with 1 where the analysis itself is not possible.

    \b
    Examples:
      evidence export all --output review.zip
      evidence export all --model random --output review
    """
    target = _target(output, "all")
    made = _made("all", review, target, **choices)
    if made.impossible:
        context.exit(1)


@export.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.review
@options.selection
@click.option("--against", metavar="EVENTS/N", help="For counts and files: the reference, such as 49/107.")
@options.pooling
@text
def reproduce(
    args: tuple[str, ...], review: str | None, against: str | None, output: str | None, **choices: Any
) -> None:
    """The analysis as R code that checks its own numbers.

    Takes what evidence pool takes.

    \b
    Examples:
      evidence export reproduce --output reproduce.R
      evidence export reproduce 8/10 9/12 7/9 3/8 20/31 --model random
    """
    if not args:
        not_with_a_review(against)
        _made("reproduce", review, output, **choices)
        return
    from evidence.analysis import pool, pool_rows
    from evidence.report.export.reproduce import reproduce_r

    analysis = analysed(args, review, choices, pool, pool_rows, against=given_reference(against))
    emit(reproduce_r(analysis), output, binary=True)


@export.command()
@options.review
@click.option("--outcome", metavar="NAME", help="Only this one; `evidence outcomes` lists them.")
@several
def revman(review: str | None, outcome: str | None, output: str | None) -> None:
    """Trials for RevMan: its CSV import, and references as RIS.

    Arms of trials with their own controls, as dichotomous results. RevMan has no
    outcome for the proportion of a single arm: such series are in a table of
    their own, which is not imported. The files follow RevMan's documentation;
    they were not tried against RevMan itself.

    \b
    Examples:
      evidence export revman --output revman.zip
      evidence export revman --outcome clasi50 --output revman
    """
    _made("revman", review, _target(output, "revman"), outcome=outcome)


@export.command()
@options.review
@click.option("--instrument", type=click.Choice(INSTRUMENTS), help="Only this one.")
@text
def robvis(review: str | None, instrument: str | None, output: str | None) -> None:
    """Judgements of bias, for the R package robvis.

    As evidence quality --format robvis.

    \b
    Examples:
      evidence export robvis --instrument "JBI case series" --output robvis.csv
    """
    _made("robvis", review, output, instrument=instrument)


@export.command()
@options.review
@since
@text
@click.pass_context
def prisma(context: click.Context, review: str | None, since: str | None, output: str | None) -> None:
    """The flow of papers, for the R package PRISMA2020.

    As evidence flow --format csv: ends with 1 where counts do not add up.

    \b
    Examples:
      evidence export prisma --output PRISMA.csv
    """
    if _made("prisma", review, output, since=since).notes:
        context.exit(1)


@export.command()
@options.review
@several
def package(review: str | None, output: str | None) -> None:
    """The review's tables as a Frictionless data package.

    Tables, question and PubMed's records byte for byte, and datapackage.json
    that describes them: frictionless validate, or evidence check, reads it.

    \b
    Examples:
      evidence export package --output package.zip
    """
    _made("package", review, _target(output, "package"))


def _target(output: str | None, kind: str) -> str:
    """Wrong usage before anything is computed: several files need a place."""
    if output is None:
        raise click.UsageError(
            f"{kind} is several files; name a zip or a folder: --output {kind}.zip, or --output {kind}"
        )
    return output


def _made(kind: str, review: str | None, output: str | None, **choices: Any) -> Export:
    """The export, written or printed, with what is left out and what to mind on stderr."""
    from evidence.report.export.exporting import export as make

    known = given_review(review)
    with Working("exporting"):
        made = make(known, kind, output, **choices)
    if made.single and output is None:
        emit(made.text, None, binary=True)
    for one in made.left_out:
        say(f"left out: {one.name}: {one.reason}")
    for note in made.notes:
        say(note)
    return made
