"""evidence sheet: the tables as one workbook for a spreadsheet program, and back."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from . import changing, options
from .given import given_folder
from .output import format_of, say

if TYPE_CHECKING:
    from evidence.review.adding import RowChange
    from evidence.review.writing import Edit


@click.group()
def sheet() -> None:
    """Edit the tables in Excel or LibreOffice, and take the changes back.

    `export` writes a workbook with a sheet for each table: words to choose from,
    what a column means as a note on its name, cells that stay as they are typed.
    `import` shows what was changed there and writes only that, so that order,
    quotes and line ends of everything else stay. What a spreadsheet does to data
    by itself (dates made of 3-4, lost zeros, curly quotes) is found, not taken.

    \b
    Examples:
      evidence sheet export review.xlsx

    \b
    In a review of your own:
      evidence sheet import review.xlsx --dry-run
      evidence sheet import review.xlsx
    """


@sheet.command("export")
@click.argument("file", metavar="FILE.xlsx")
@options.review
@click.option("--force", is_flag=True, help="Write over a FILE that is there.")
def write(file: str, review: str | None, force: bool) -> None:
    """Write the review's tables into one workbook.

    \b
    Examples:
      evidence sheet export review.xlsx
    """
    if not file.lower().endswith(".xlsx"):
        raise click.UsageError(f"{file} has to end in .xlsx.")
    if os.path.exists(file) and not force:
        raise click.UsageError(f"{file} exists, perhaps with changes in it; another name, or --force.")
    from evidence.files import write_whole
    from evidence.review.workbook import write_workbook

    path = given_folder(review)
    write_whole(file, write_workbook(path))
    say(f"written: {file}; take its changes back with evidence sheet import {file}")


@sheet.command("import")
@click.argument("file", metavar="FILE.xlsx")
@click.option(
    "--literal", is_flag=True, help="Take cells that look changed by the spreadsheet as they stand."
)
@changing.changing
def read(file: str, literal: bool, **given: Any) -> None:
    """Take the changes made in an exported workbook into the tables.

    All of them or none: the tables are checked as they would be, and a row
    that somebody changed in the tables since the export is not written over.

    \b
    Exit code: 0 done, or nothing to do; 1 findings; 2 nothing that can be read.

    \b
    In a review of your own:
      evidence sheet import review.xlsx --dry-run
      evidence sheet import review.xlsx --yes
    """
    from evidence.review.returned import apply, placed, read_workbook

    raw, name = _read(file), os.path.basename(file)
    lines: Any = {}

    def act(edit: Edit) -> list[RowChange]:
        returned = read_workbook(raw, name, edit.folder, literal=literal)
        for note in returned.notes:
            say(note)
        changes, found = apply(returned, edit)
        lines.update(found)
        if not changes:
            say(f"{file} changes nothing")
            if format_of(given["format"], given["output"]) == "text":
                raise click.exceptions.Exit(0)
        return changes

    def in_the_sheet(problems: Iterable[object]) -> Iterable[object]:
        return placed(problems, name, lines)

    changing.carry_out(act, problems=in_the_sheet, **given)


def _read(file: str) -> bytes:
    from evidence.errors import InputError

    try:
        with open(file, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
