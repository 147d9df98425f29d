"""evidence asymmetry: do small studies report other proportions than large ones, and what would that mean."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .counts import looks_typed, typed
from .output import emit, format_of, say, terminal

if TYPE_CHECKING:
    from evidence.analysis import Asymmetry
    from evidence.review.counts import CountRow

# The words are the engine's own, as in options: importing it would cost every --help numpy. A test compares.
ESTIMATORS = ("L0", "R0", "Q0")
SIDES = ("auto", "left", "right")
TRIMS = ("common", "random")
FAVOURED = ("higher", "lower")
PLOTS = ("funnel", "doi", "none")

FOR_REVIEWS = ("outcome", "analysis", "weeks", "exclude_retracted")


def _share(context: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """A proportion as people write it: 0.458, 45.8% or 49/107."""
    if value is None:
        return None
    text = value.strip()
    if looks_typed(text):
        row = typed(text, "")
        share = row.events / row.n
    else:
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = float("nan")
    if not 0 < share < 1:
        raise click.BadParameter(
            f"{value!r} is not between 0 and 100 %; write 0.458, 45.8% or 49/107", context, param
        )
    return share


@click.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.review
@click.option("--outcome", metavar="NAME", help="Outcome to judge; `evidence outcomes` lists them.")
@click.option("--analysis", metavar="NAME", help="Analysis of review.toml to follow. Default: the first one.")
@click.option("--where", metavar="RULE", help='Rows to keep, such as "design == cohort and n >= 5".')
@click.option(
    "--weeks",
    type=options.Weeks(),
    metavar="TIME",
    help="12, 8-26 or 'last visit'. Default: the analysis' own.",
)
@click.option(
    "--exclude-retracted", is_flag=True, help="Leave out reports that PubMed's records call retracted."
)
@click.option(
    "--measure",
    type=click.Choice(options.MEASURES),
    default="arcsine",
    show_default=True,
    help="Scale of all tests but the first. On arcsine the standard error depends on n alone.",
)
@click.option(
    "--tau2",
    type=click.Choice(options.TAU2),
    default="reml",
    show_default=True,
    help="Trim and fill: estimator of how much series differ.",
)
@click.option(
    "--estimator",
    type=click.Choice(ESTIMATORS),
    default="L0",
    show_default=True,
    help="Trim and fill: how missing studies are counted.",
)
@click.option(
    "--side",
    type=click.Choice(SIDES),
    default="auto",
    show_default=True,
    help="Trim and fill: where they are missing; left is low proportions.",
)
@click.option(
    "--trim",
    type=click.Choice(TRIMS),
    default="common",
    show_default=True,
    help="Trim and fill: the centre while trimming.",
)
@click.option(
    "--null",
    callback=_share,
    metavar="PROPORTION",
    help="What p-values test, such as 0.458 or 49/107: adds selection model and fail-safe N.",
)
@click.option(
    "--favoured",
    type=click.Choice(FAVOURED),
    help="Selection model: results likelier to be seen. Default: what is better.",
)
@click.option("--few", is_flag=True, help="Compute with 3 to 9 studies all the same, with a warning.")
@click.option(
    "--level", type=options.Level(), default=0.95, show_default=True, metavar="LEVEL", help="0.95, 95 or 95%."
)
@click.option("--plot", type=click.Choice(PLOTS), default="funnel", show_default=True, help="Plot in text.")
@options.explaining
@options.output("text", "markdown", "csv", "json")
def asymmetry(
    args: tuple[str, ...],
    review: str | None,
    plot: str,
    methods: bool,
    show_r: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Judge whether small studies differ from large ones.

    The test by size leads: proportions against the number of patients, since
    a proportion's standard error depends on the proportion itself. Beside it
    Egger, Thompson-Sharp, Begg, Peters and Macaskill, trim and fill, and the
    Doi plot with its LFK index; with --null a selection model.

    Needs ten studies (--few: three), not all of them at 0 or 100 %.

    \b
    Examples:
      evidence asymmetry --few 6/9 4/8 11/12 20/31 5/6
      evidence asymmetry 4/5 5/6 7/8 9/9 6/8 9/14 13/17 8/13 20/31 41/69
      evidence asymmetry --few 6/9 4/8 11/12 20/31 5/6 --measure logit --plot doi
      evidence asymmetry --few 6/9 4/8 11/12 20/31 5/6 --methods
      evidence asymmetry --few 6/9 4/8 11/12 20/31 5/6 --show-r
    """
    chosen = format_of(format, output)
    found = _found(args, review, choices)
    if methods or show_r:
        from evidence.report.asymmetry_methods import methods as paragraph
        from evidence.report.asymmetry_methods import r_code

        parts = [*([paragraph(found)] if methods else []), *([r_code(found)] if show_r else [])]
        emit("\n".join(parts), output, binary=output is None and show_r)
        return
    screen = terminal(sys.stdout, file=output is not None)
    from evidence.report import render

    look = {"width": screen.width, "unicode": screen.unicode, "color": screen.color}
    emit(render(found, chosen, plot=plot, **look), output, binary=chosen != "text")


def _found(args: tuple[str, ...], review: str | None, choices: dict[str, Any]) -> Asymmetry:
    if not args:
        from evidence.analysis import asymmetry as judge
        from evidence.review.tables import find_review, load

        path, note = find_review(review)
        if note:
            say(note)
        return judge(load(path), **choices)
    for name in FOR_REVIEWS:
        if choices.pop(name) or review is not None:
            option = "--review" if review is not None else f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} goes with a review, not with counts or a table.")
    from evidence.analysis import asymmetry_rows

    rows, title = _rows(args)
    return asymmetry_rows(rows, title=title, **choices)


def _rows(args: tuple[str, ...]) -> tuple[list[CountRow], str]:
    """Typed counts, or one table."""
    if all(map(looks_typed, args)):
        return [typed(arg, f"Series {number}", number) for number, arg in enumerate(args, 1)], ""
    from evidence.review.counts import read_counts

    if len(args) > 1:
        wrong = next(arg for arg in args if not looks_typed(arg))
        raise click.UsageError(
            f"{wrong!r} is not events/n, such as 6/6; and a table must be the only argument."
        )
    if args[0] == "-":
        return read_counts(sys.stdin.buffer, "standard input"), "Table from standard input"
    return read_counts(args[0]), f"Table {args[0]}"
