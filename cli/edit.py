"""evidence edit: cells of one row changed, the rest of its file byte for byte as it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from .changing import carry_out, changing

if TYPE_CHECKING:
    from evidence.review.adding import RowChange
    from evidence.review.writing import Edit


@click.command()
@click.argument("table")
@click.argument("words", nargs=-1, required=True, metavar="KEY... COLUMN=VALUE...")
@changing
def edit(table: str, words: tuple[str, ...], **given: Any) -> None:
    """Change cells of a row.

    KEY is what tells the row from others (REPORT OUTCOME, then arm or time), or
    row NUMBER as a spreadsheet counts. COLUMN= empties a cell. A verified
    number that changes needs a new state.

    \b
    Examples:
      evidence edit studies chasset2023 country=France --dry-run
      evidence edit outcomes valencia2025 clasi50 events=8 state=read --dry-run
      evidence edit outcomes row 5 note="read again" --dry-run
    """
    pairs = [re.fullmatch(r"(\w+)=(.*)", word, re.DOTALL) for word in words]
    first = next((index for index, pair in enumerate(pairs) if pair), len(pairs))
    changes = {pair[1]: pair[2] for pair in pairs if pair}
    if not changes:
        raise click.UsageError("Say what changes: COLUMN=VALUE, such as events=5.")
    if first == 0 or not all(pairs[first:]):
        raise click.UsageError("KEY comes first, then COLUMN=VALUE: evidence edit studies lin2024 year=2024")

    def act(edit: Edit) -> list[RowChange]:
        from evidence.review.adding import edit_row, find_row, find_table

        name = find_table(table).name
        return [edit_row(edit, name, find_row(edit, name, words[:first]), changes)]

    carry_out(act, **given)
