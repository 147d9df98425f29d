"""evidence report: the result and everything behind it as one page to send to a co-author."""

from __future__ import annotations

import os
from typing import Any

import click

from . import options
from .given import given_review
from .output import emit

FORMATS = ("html", "markdown")
LANGUAGES = ("en", "es")
"""The library's words; a test compares."""


@click.command()
@options.rows
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
    and works without JavaScript but for the switch.

    \b
    Examples:
      evidence report --output report.html
      evidence report --lang es --output informe.html
      evidence report --analysis any_adverse_event --output harms.html
      evidence report --format markdown --output report.md
    """
    from evidence.report.page.gather import gather
    from evidence.report.page.render import render_html, render_markdown

    page = gather(given_review(review), **choices)
    markdown = (
        format == "markdown" if format else os.path.splitext(output or "")[1].lower() in (".md", ".markdown")
    )
    emit(render_markdown(page) if markdown else render_html(page), output, binary=True)
