"""evidence screen: decisions on the papers that a search found, one after another or by script."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from . import options
from .given import given_folder, given_review
from .output import Terminal, emit, format_of, terminal

if TYPE_CHECKING:
    from evidence.review.tables import Review

# The schema's own words; importing it would cost every --help. A test compares.
VERDICTS = ("include", "exclude", "later", "not retrieved")
STAGES = ("abstract", "full text")


@click.command()
@click.argument("papers", nargs=-1, metavar="[PAPER...]")
@options.review
@click.option("--decision", type=click.Choice(VERDICTS), help="What to decide about the papers named.")
@click.option("--reason", default="", metavar="TEXT", help="Why a paper is excluded; needed for that.")
@click.option(
    "--by",
    envvar="EVIDENCE_SCREENER",
    default="",
    metavar="NAME",
    help="Who decides; consensus settles a conflict. Else: EVIDENCE_SCREENER.",
)
@click.option("--stage", type=click.Choice(STAGES), help="What was read. Default: the first one still open.")
@click.option("--note", default="", metavar="TEXT", help="Anything else to keep with the decision.")
@click.option("--change", is_flag=True, help="Replace what the same person decided; the note keeps it.")
@click.option(
    "--second", is_flag=True, help="Be the second to decide on abstracts, unseen what the first said."
)
@click.option("--conflicts", is_flag=True, help="List on which papers screeners disagree, and their kappa.")
@click.option("--list", "listing", is_flag=True, help="List what waits; also without a terminal.")
@options.output("text", "json", "csv")
@click.pass_context
def screen(
    context: click.Context,
    papers: tuple[str, ...],
    review: str | None,
    decision: str | None,
    reason: str,
    by: str,
    stage: str | None,
    note: str,
    change: bool,
    second: bool,
    conflicts: bool,
    listing: bool,
    format: str | None,
    output: str | None,
) -> None:
    """Decide on the papers that the searches found.

    On a terminal one after another with its abstract; in a script by PMID, DOI
    or name. First the abstract is decided on, then the full text; what is
    included there is offered as a report to add. Two may screen: conflicts
    are listed and settled as --by consensus. Ends with 1 where there are any.

    \b
    Examples:
      evidence screen --list
      evidence screen --conflicts

    \b
    In a review of your own:
      evidence screen --review my-review --by AB
      evidence screen 36944572 --decision include --by AB
      evidence screen 36944572 --decision exclude --reason "no CLASI" --by AB
    """
    from evidence.analysis import screening
    from evidence.report.papers import screen as shown

    if papers and (conflicts or listing):
        raise click.UsageError("Papers are decided on; --list and --conflicts show all.")
    if bool(papers) != bool(decision):
        raise click.UsageError("A paper needs --decision, and --decision a paper.")
    if decision and not by:
        raise click.UsageError("--by says who decides, such as your initials.")
    sight = terminal(sys.stdout, file=output is not None)
    if decision:
        folder = given_folder(review)
        for paper in papers:
            done = screening.decide(
                str(folder),
                paper,
                decision,
                by=by,
                reason=reason,
                stage=stage or "",
                note=note,
                change=change,
            )
            text = shown.render_decided(done, review or "", width=sight.width, unicode=sight.unicode)
            sys.stdout.write(text)
        return
    loaded = given_review(review)
    chosen = format_of(format, output)
    asks = not (conflicts or listing or output or format) and sys.stdin.isatty() and sys.stderr.isatty()
    if asks and _ask(loaded, by, stage or "", second, sight, review or ""):
        return
    progress = screening.how_far(loaded)
    waiting = screening.to_screen(loaded, by, stage=stage or "", second=second)
    if chosen == "json":
        emit(shown.render_json(waiting, progress), output, binary=True)
    elif chosen == "csv":
        text = shown.render_conflicts_csv(progress.conflicts) if conflicts else shown.render_csv(waiting)
        emit(text, output, binary=True)
    elif conflicts:
        emit(shown.render_conflicts(progress, width=sight.width, unicode=sight.unicode), output)
    else:
        emit(shown.render_list(waiting, progress, width=sight.width, unicode=sight.unicode), output)
    if conflicts and progress.conflicts:
        context.exit(1)


ANSWERS = {"i": "include", "e": "exclude", "l": "later", "n": "not retrieved"}


def _ask(review: Review, by: str, stage: str, second: bool, sight: Terminal, named: str) -> bool:
    """One paper after another, each decision written at once; False where nothing waits."""
    from evidence.analysis.screening import decide, to_screen
    from evidence.report.papers.screen import render_decided, render_paper
    from evidence.review.writing import refuse

    if not to_screen(review, by, stage=stage, second=second):
        return False
    refuse(review.path)
    by = by or click.prompt("Who decides (initials)", err=True).strip()
    waiting = to_screen(review, by, stage=stage, second=second)
    reason = ""
    for number, one in enumerate(waiting, 1):
        place = f"{number} of {len(waiting)}: "
        click.echo(render_paper(one, place, width=sight.width, unicode=sight.unicode), nl=False)
        words = {key: word for key, word in ANSWERS.items() if key != "n" or one.stage == "full text"}
        told = ", ".join(f"{key} {word}" for key, word in words.items())
        answer = click.prompt(
            f"{told}, q quit", type=click.Choice([*words, "q"]), show_choices=False, err=True
        )
        if answer == "q":
            break
        if answer == "e":
            reason = click.prompt("Reason", default=reason or None, err=True)
        why = reason if answer == "e" else ""
        done = decide(review.path, one.row.paper, words[answer], by=by, reason=why, stage=one.stage)
        click.echo(render_decided(done, named, width=sight.width, unicode=sight.unicode), nl=False)
    return True
