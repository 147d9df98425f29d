"""What the commands that change a table share: look, ask, write."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

import click

from . import options
from .output import emit, format_of, say, terminal

if TYPE_CHECKING:
    from evidence.review.adding import RowChange
    from evidence.review.writing import Edit

Command = TypeVar("Command", bound=Callable[..., Any])

SEEN = ("studies", "cohorts", "overlaps", "outcomes", "patients", "scores")
"""Tables that analyses read."""

yes = click.option("--yes", is_flag=True, help="Write without asking.")
dry_run = click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
output = options.output("text", "json", "csv")
changing = options.all_of(options.review, yes, dry_run, output)
"""The options of such a command."""


def at_a_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def carry_out(
    act: Callable[[Edit], list[RowChange]],
    *,
    review: str | None,
    yes: bool,
    dry_run: bool,
    format: str | None,
    output: str | None,
    problems: Callable[[Iterable[object]], Iterable[object]] | None = None,
) -> None:
    """Let `act` change the review, show what that does to the rows and the analyses, ask, and write.

    `problems` may say the findings in another way, such as by the rows of the file they come from.
    """
    if not (yes or dry_run or at_a_terminal()):
        raise click.UsageError(
            "Nobody is there to be asked: --yes writes, --dry-run shows what would change."
        )
    from evidence.errors import DataError
    from evidence.review.tables import find_review
    from evidence.review.writing import draft, editing

    path, note = find_review(review)
    if note and dry_run:
        say(note)
    chosen = format_of(format, output)
    with nullcontext(draft(str(path))) if dry_run else editing(str(path)) as edit:
        try:
            changes = act(edit)
            text = _shown(edit, changes, chosen, output, written=not dry_run)
        except DataError as error:
            say("nothing was written")
            if problems is not None:
                raise DataError(list(problems(error.problems))) from None
            raise
        if dry_run:
            emit(text, output, binary=chosen != "text")
            if chosen == "text":
                say("nothing was written (--dry-run)")
            return
        if not yes:
            click.echo(text if chosen == "text" else _shown(edit, changes, "text", None), err=True)
            if not click.confirm("Write this?", default=False, err=True):
                say("nothing was written")
                return
        edit.commit()
    if yes or chosen != "text" or output is not None:
        emit(text, output, binary=chosen != "text")
    if chosen == "text":
        say(f"written: {', '.join(_places(changes))}")


def _shown(
    edit: Edit, changes: list[RowChange], chosen: str, output: str | None, *, written: bool = False
) -> str:
    """The rows, and what becomes of the analyses. Raises `DataError` where the review would not be valid."""
    after = edit.preview()
    found: Any = ()
    if any(change.table in SEEN for change in changes):
        from evidence.analysis.consequences import consequences
        from evidence.review.adding import touched

        before = edit.before()
        reports = touched(changes, {**before.cohorts, **after.cohorts})
        outcomes = {change.cells["outcome"] for change in changes if "outcome" in change.cells}
        found = consequences(before, after, reports, also=outcomes)
    from evidence.report.review.changes import render_changes

    screen = terminal(sys.stdout, file=output is not None)
    return render_changes(
        changes,
        found,
        after,
        chosen,
        written=written,
        width=screen.width,
        unicode=screen.unicode,
        color=screen.color,
    )


def _places(changes: list[RowChange]) -> list[str]:
    """`outcomes.csv row 5`, `rows 5 to 9`."""
    rows: dict[str, list[int]] = {}
    for change in changes:
        rows.setdefault(change.file, []).append(change.row)
    return [
        f"{file} row {numbers[0]}" if len(numbers) == 1 else f"{file} rows {numbers[0]} to {numbers[-1]}"
        for file, numbers in rows.items()
    ]
