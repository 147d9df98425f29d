"""evidence verify: who read a number in the full text, on which page, and when."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from .changing import carry_out, changing

if TYPE_CHECKING:
    from evidence.review.adding import RowChange
    from evidence.review.writing import Edit


@click.command()
@click.argument("row", nargs=-1, required=True, metavar="[TABLE] ROW...")
@click.option("--by", required=True, metavar="NAME", help="Who read it: a name or initials.")
@click.option(
    "--locator", required=True, metavar="PLACE", help='The page, table or figure, such as "Table 2, p. 4".'
)
@click.option("--on", metavar="DATE", help="When it was read: 2026-07-31. Default: today.")
@click.option("--source", metavar="ADDRESS", help="The paper or page that was read, where the row has none.")
@click.option(
    "--reads", metavar="NUMBER", help="What the page says, such as 6/6: recorded only if the row says so too."
)
@changing
def verify(
    row: tuple[str, ...],
    by: str,
    locator: str,
    on: str | None,
    source: str | None,
    reads: str | None,
    **given: Any,
) -> None:
    """Record that somebody checked a number against the full text.

    ROW is a result (REPORT OUTCOME, then arm or time) or row NUMBER of
    outcomes.csv; of another table where that comes first. Only this makes a
    row verified: what was read in an abstract stays "read". A second reader is
    added to the first. evidence show says who verified what, and when.

    \b
    Examples:
      evidence verify row 8 --by MV --locator "Table 1" --reads 9/9 --dry-run
      evidence verify studies carter2023 --by MV --locator "p. 2" --dry-run
    """

    def act(edit: Edit) -> list[RowChange]:
        from evidence.errors import OptionError
        from evidence.review.adding import find_row, find_table, verify_row

        table, words = "outcomes", row
        if len(row) > 1:
            with suppress(OptionError):
                table, words = find_table(row[0]).name, row[1:]
        number = find_row(edit, table, words)
        said = {"on": on or "", "source": source or "", "reads": reads or ""}
        return [verify_row(edit, table, number, by=by, locator=locator, **said)]

    carry_out(act, **given)
