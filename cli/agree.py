"""evidence agree: two people's tables compared cell by cell, and what is left to settle."""

from __future__ import annotations

import sys

import click

from . import options
from .output import emit, format_of, say, terminal


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--table", metavar="NAME", help="Compare only this table; or the one that A and B are.")
@click.option(
    "--key",
    metavar="COLUMNS",
    help="Columns that tell rows apart, such as patient,week; for tables of your own.",
)
@click.option(
    "--level",
    type=options.Level(),
    default=0.95,
    show_default=True,
    metavar="LEVEL",
    help="Of kappa's interval.",
)
@click.option(
    "--consensus",
    metavar="PATH",
    help="Write what both agree on, the rest marked, to a new folder or CSV file.",
)
@click.option("--methods", is_flag=True, help="Print how it was compared, with references.")
@options.output("text", "json", "csv")
@click.pass_context
def agree(
    context: click.Context,
    a: str,
    b: str,
    table: str | None,
    key: str | None,
    level: float,
    consensus: str | None,
    methods: bool,
    format: str | None,
    output: str | None,
) -> None:
    """Compare what two people extracted, cell by cell.

    A and B are two folders with a review's tables, two CSV files or two workbooks.
    Rows are matched by their key; 8.70 and 8.7 are the same number. Columns of
    words get Cohen's kappa where it is defined. --consensus keeps what is alike,
    leaves empty what differs and says so in a column disagreement: nothing is
    chosen for you.

    \b
    Exit code: 0 they agree throughout, 1 something is to be settled.

    \b
    With two tables of your own:
      evidence agree anna/outcomes.csv ben/outcomes.csv
      evidence agree anna ben --consensus agreed
      evidence agree anna.xlsx ben.xlsx --table outcomes --format json

    \b
    Examples:
      evidence agree --help
    """
    chosen = format_of(format, output)
    if methods and chosen != "text":
        raise click.UsageError("--methods is text.")
    from evidence.report.review import agreement as rendering
    from evidence.review.agreement import agree as compare
    from evidence.review.agreement import write_consensus

    keys = tuple(filter(None, (name.strip() for name in (key or "").split(","))))
    found = compare(a, b, table=table, key=keys, level=level)
    if consensus is not None:
        written = write_consensus(consensus, found, a)
        open_cells = sum(len(one.differences) for one in found)
        say(f"written: {', '.join(written)}; {open_cells} cells left empty, see the column disagreement")
    if methods:
        emit(rendering.methods(found), output)
    elif chosen == "text":
        screen = terminal(sys.stdout, file=output is not None)
        look = {"unicode": screen.unicode, "color": screen.color}
        emit(rendering.render_text(found, names=(a, b), width=screen.width, **look), output)
    else:
        from evidence.report.review import agreement_export

        emit(getattr(agreement_export, f"render_{chosen}")(found, names=(a, b)), output, binary=True)
    context.exit(0 if all(one.agreed for one in found) else 1)
