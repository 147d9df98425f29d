"""evidence report: the result and everything behind it as one page to send to a co-author."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from . import options
from .given import given_review
from .output import emit
from .progress import Working

FORMATS = ("html", "markdown", "docx")
SUFFIXES = {".md": "markdown", ".markdown": "markdown", ".docx": "docx"}
LANGUAGES = ("en", "es")
"""The library's words; a test compares."""


@click.command()
@options.review
@options.selection
@options.level
@click.option(
    "--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the page."
)
@click.option("--format", type=click.Choice(FORMATS), help="Default: by the ending of --output, else html.")
@click.option("--output", metavar="FILE", help="Write there, whole or not at all; else to the terminal.")
def report(review: str | None, format: str | None, output: str | None, **choices: Any) -> None:
    """One page with the answer and all that is behind it.

    The question, the flow of reports, the forest with a switch between models
    and references, each number with its source and state, what would turn the
    conclusion, what does not add up in the papers, quality, methods,
    references, and how to make it again. One file: it needs no network, prints,
    and works without JavaScript but for the switch. As a Word document it has the
    same parts, with the figures where matplotlib is installed.

    \b
    Examples:
      evidence report --output report.html
      evidence report --lang es --output informe.html
      evidence report --analysis any_adverse_event --output harms.html
      evidence report --output report.docx
      evidence report --format markdown --output report.md
    """
    chosen = format or SUFFIXES.get(os.path.splitext(output or "")[1].lower(), "html")
    if chosen == "docx" and output is None and sys.stdout.isatty():
        raise click.UsageError("a Word document is nothing for a terminal; name a file: --output report.docx")
    from evidence.report.page.gather import gather

    made = given_review(review)
    with Working("analysing"):
        page = gather(made, **choices)
    if chosen == "docx":
        from evidence.report.docx.figures import figures_of
        from evidence.report.docx.render import render_page

        with Working("drawing"):
            document = render_page(page, figures_of(made, **choices))
        _emit_bytes(document, output)
        return
    from evidence.report.page.render import render_html, render_markdown

    emit(render_markdown(page) if chosen == "markdown" else render_html(page), output, binary=True)


def _emit_bytes(data: bytes, path: str | None) -> None:
    """To the file, whole or not at all, or to a pipe."""
    if path is not None:
        from evidence.files import write_whole

        write_whole(path, data)
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
