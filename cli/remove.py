"""evidence remove: one row taken out, if nothing refers to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .changing import carry_out, changing

if TYPE_CHECKING:
    from evidence.review.adding import RowChange
    from evidence.review.writing import Edit


@click.command()
@click.argument("table")
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@changing
def remove(table: str, key: tuple[str, ...], **given: Any) -> None:
    """Take a row out of a table.

    KEY is what tells the row from others, or row NUMBER. What others refer to
    stays, and they are named: remove those first.

    \b
    Examples:
      evidence remove outcomes chasset2023 clasi50 --dry-run
      evidence remove overlaps cadiz cadiz-earlier --dry-run
      evidence remove outcomes row 5 --dry-run --format json
    """

    def act(edit: Edit) -> list[RowChange]:
        from evidence.review.adding import find_row, find_table, remove_row

        name = find_table(table).name
        return [remove_row(edit, name, find_row(edit, name, key))]

    carry_out(act, **given)
