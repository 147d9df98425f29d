"""evidence forest: the forest plot as a file for print."""

from __future__ import annotations

import sys
from typing import Any

import click

from . import options
from .given import given_reference, given_review, given_rows, not_with_a_review, only_with_a_review
from .output import say
from .progress import Working

# The words are the library's own, as in options: importing it would cost every --help numpy. A test compares.
LAYOUTS = ("meta", "revman5", "jama", "bmj")
FIGURE_FORMATS = ("pdf", "png", "svg", "tiff")


class Width(click.ParamType):
    """A width as journals give it: one or two columns, or mm."""

    name = "width"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = str(value).strip().lower().removesuffix("mm").strip()
        if text in ("one", "two"):
            return text
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
        if not 60 <= number <= 1000:
            self.fail(
                f"{value!r} is not a width; write one (85 mm), two (175 mm), or 60 to 1000 mm", param, ctx
            )
        return number


class Limits(click.ParamType):
    """Where an axis starts and ends, in percent: 0-50 or 20-100."""

    name = "limits"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        parts = str(value).replace("–", "-").replace("%", "").split("-")
        try:
            low, high = (float(part) for part in parts)
        except ValueError:
            low = high = float("nan")
        if not 0 <= low < high <= 100:
            self.fail(f"{value!r} is not a part of 0 to 100 %; write 0-50 or 20-100", param, ctx)
        return low / 100, high / 100


drawing = options.all_of(
    click.option("--title", default="", metavar="TEXT", help="Above the figure. Journals want none."),
    click.option(
        "--width",
        type=Width(),
        default="two",
        show_default=True,
        metavar="WIDTH",
        help="one (column, 85 mm), two (175 mm), or mm.",
    ),
    click.option(
        "--font", metavar="NAME", help="A font that is installed, such as Arial. Default: DejaVu Sans."
    ),
    click.option(
        "--dpi",
        type=click.IntRange(72, 1200),
        default=300,
        show_default=True,
        help="Of PNG and TIFF.",
    ),
    click.option(
        "--format",
        type=click.Choice(FIGURE_FORMATS),
        help="Default: by the ending of --output. Without --output, to stdout.",
    ),
    click.option("--output", metavar="FILE", help="A name that ends in .pdf, .svg, .png or .tiff."),
)


def write_figure(
    kind: str, result: Any, output: str | None, format: str | None, dpi: int, **look: Any
) -> None:
    """Lay the figure out, say what could not be as it should, and write it, whole or not at all."""
    from evidence.report.figures.drawing import page_of
    from evidence.report.figures.save import page_bytes, save_page

    with Working("drawing"):
        page = page_of(kind, result, **look)
    for warning in page.warnings:
        say(warning)
    if output is not None:
        save_page(page, output, format=format, dpi=dpi)
        return
    assert format is not None
    sys.stdout.buffer.write(page_bytes(page, format, dpi=dpi))
    sys.stdout.buffer.flush()


def check_target(output: str | None, format: str | None, example: str) -> None:
    """Wrong usage before anything is computed: no target, or a name that says no format."""
    if output is None:
        if format is None:
            raise click.UsageError(f"a figure needs a file: --output {example}.pdf (or .svg, .png, .tiff)")
        if sys.stdout.isatty() and format != "svg":
            raise click.UsageError(
                f"{format.upper()} is nothing for a terminal; name a file: --output {example}.{format}"
            )
    elif format is None:
        from evidence.report.figures.save import format_of

        format_of(output)


@click.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.review
@options.selection
@click.option("--against", metavar="EVENTS/N", help="For counts and files: the reference, such as 49/107.")
@options.pooling
@click.option("--panel", is_flag=True, help="Show what other models say.")
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default="meta",
    show_default=True,
    help="Columns and signs as R's meta, RevMan 5, JAMA or the BMJ set them.",
)
@click.option("--xlim", type=Limits(), metavar="LOW-HIGH", help="Ends of the axis in percent, such as 0-50.")
@drawing
def forest(
    args: tuple[str, ...],
    review: str | None,
    against: str | None,
    panel: bool,
    layout: str,
    xlim: tuple[float, float] | None,
    title: str,
    width: str | float,
    font: str | None,
    dpi: int,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Draw the forest plot of a pool for print.

    Takes what evidence pool takes, and shows the same lines and numbers.
    Text in PDF and SVG can be selected; the same review gives the same bytes.

    \b
    Examples:
      evidence forest --output forest.pdf
      evidence forest --layout jama --width one --output forest.tiff --dpi 600
      evidence forest --by design --layout revman5 --output forest.svg
      evidence forest 3/117 3/35 9/195 7/136 --model random --output forest.png
      evidence forest Ours=6/6 9/9 11/11 --against 49/107 --output forest.pdf
    """
    check_target(output, format, "forest")
    if not args:
        not_with_a_review(against)
        from evidence.analysis import pool

        analysis = pool(given_review(review), **choices)
    else:
        only_with_a_review(review, choices, ("outcome", "analysis", "weeks", "exclude_retracted"))
        rows, heading = given_rows(args)
        from evidence.analysis import pool_rows

        analysis = pool_rows(rows, title=heading, against=given_reference(against), **choices)
    look = {"layout": layout, "xlim": xlim, "panel": panel, "title": title, "width": width, "font": font}
    write_figure("forest", analysis, output, format, dpi, **look)
