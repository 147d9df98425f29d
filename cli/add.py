"""evidence add: a report, a result, a patient ... as one more row, with what it does to the pool shown before it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from . import changing

if TYPE_CHECKING:
    from evidence.review.adding import RowChange
    from evidence.review.schema import Column
    from evidence.review.writing import Edit

KINDS = ("report", "cohort", "outcome", "patient", "score", "reference", "overlap", "statement")
"""`evidence.review.adding` says which table each goes to; a test compares."""

ASIDE = ("review", "yes", "dry_run", "format", "output", "from", "sheet", "set")
"""Options that are no columns."""

EXAMPLES = {
    "report": '--study lin2026 --label "Lin 2026" --design cohort --state read --source https://...',
    "cohort": "--study lin2026 --cohort lin",
    "outcome": "--study lin2026 --outcome response --weeks 12 --events 5 --n 6 --state read --source https://...",
    "patient": "--study lin2026 --patient 1 --age 44 --sex F --state read --source https://...",
    "score": "--study lin2026 --patient 1 --score activity --weeks 4 --value 12 --state read --source https://...",
    "reference": '--cited-by lin2026 --number 3 --citation "Okoye A. A series. J Derm. 2025;1:1-5."',
    "overlap": '--cohort-a lin --cohort-b okoye --certainty possible --reason "one hospital, the same years"',
    "statement": '--study lin2026 --place abstract --quantity responders --statistic percent --value 80 --printed "80 %" '
    "--state read --source https://...",
}
"""Kind of row -> how a script adds one."""


class _Kinds(click.Group):
    """A command for each kind of row, its options made from the table's columns when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _command(cmd_name) if cmd_name in KINDS else None


@click.group(cls=_Kinds)
def add() -> None:
    """Add a row to a table of the review: one line more, and no other byte.

    What is missing is asked for on a terminal, with choices taken from the
    table; a script gives each column as an option of its name. The row is
    checked first, and shown with what it does to the pool: who enters, or why
    not. --from adds all rows of a CSV file or workbook.

    \b
    A series as a script adds it (--yes in place of --dry-run writes it):
      evidence add outcome --study martintorregrosa2024 --outcome clasi50 \\
          --weeks 16 --events 6 --n 6 --state unverified --dry-run

    \b
    Examples:
      evidence add cohort --study khan2023 --cohort khan --dry-run
      evidence add outcome --help
    """


def _command(kind: str) -> click.Command:
    from evidence.review.adding import find_table

    table = find_table(kind)

    def run(**given: Any) -> None:
        _run(table.name, given)

    command: Callable[..., Any] = run
    command = changing.changing(command)
    command = click.option(
        "--set",
        metavar="COLUMN=VALUE",
        multiple=True,
        help="A column of the review's own, as review.toml declares it.",
    )(command)
    command = click.option("--sheet", metavar="NAME", help="The workbook's sheet, where it has several.")(
        command
    )
    command = click.option(
        "--from",
        metavar="FILE",
        help="Add every row of a CSV file or workbook with these columns; options fill its gaps.",
    )(command)
    for column in reversed(table.columns):
        command = click.option(
            _option(column.name), column.name, metavar=_metavar(column), help=_help(column)
        )(command)
    return click.command(
        kind,
        help=f"Add a row to {table.file}.\n\nRequired columns are marked with *; nothing is filled in for you.",
        epilog=f"Example: evidence add {kind} {EXAMPLES[kind]}",
    )(command)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _metavar(column: Column) -> str:
    if column.words and len("|".join(column.words)) < 40:
        return "|".join(column.words)
    return column.kind.upper()


def _help(column: Column) -> str:
    return column.meaning + (" *" if column.required else "")


def _run(table: str, given: dict[str, Any]) -> None:
    row = {name: text for name, text in given.items() if name not in ASIDE and text is not None}
    for pair in given["set"]:
        name, sign, text = pair.partition("=")
        if not sign:
            raise click.UsageError(f"--set takes COLUMN=VALUE, not {pair!r}.")
        row[name.strip()] = text
    file = given["from"]
    if given["sheet"] and not file:
        raise click.UsageError("--sheet goes with --from.")
    numbers: list[int] = []
    added: list[RowChange] = []

    def act(edit: Edit) -> list[RowChange]:
        from evidence.review.adding import add_rows

        rows: list[Mapping[str, str]] = []
        if file:
            from evidence.review.rows_from import read_rows

            read = read_rows(file, edit.columns(table), given["sheet"])
            numbers.extend(read.numbers)
            rows += [{**row, **{name: text for name, text in one.items() if text}} for one in read.rows]
        else:
            rows.append(_completed(edit, table, row, ask=changing.at_a_terminal() and not given["yes"]))
        added.extend(add_rows(edit, table, rows))
        return added

    def in_the_file(problems: Iterable[object]) -> Iterable[object]:
        """Findings in the new rows by the rows of the file they are from."""
        from evidence.review.schema import Problem

        places = {change.row: number for change, number in zip(added, numbers, strict=True)}
        for problem in problems:
            known = isinstance(problem, Problem) and problem.file == f"{table}.csv" and problem.row in places
            if known and isinstance(problem, Problem) and problem.row is not None:
                yield problem._replace(file=file, row=places[problem.row])
            else:
                yield problem

    names = ("review", "yes", "dry_run", "format", "output")
    changing.carry_out(act, problems=in_the_file if file else None, **{name: given[name] for name in names})


def _completed(edit: Edit, table: str, row: dict[str, str], *, ask: bool) -> dict[str, str]:
    """The row with what is asked for on a terminal; wrong usage where a script left out what a row needs."""
    from evidence.review.adding import lacking

    if ask:
        from .asking import ask_row

        return ask_row(edit, table, row)
    missing = lacking(edit, table, row)
    if missing:
        from evidence.review.schema import allowed

        lines = [f"  {_option(column.name)}: {column.meaning} ({allowed(column)})" for column in missing]
        raise click.UsageError("A row needs:\n" + "\n".join(lines))
    return row
