"""evidence write: sentences for a manuscript."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .given import given_reference, given_review, given_rows, not_with_a_review, only_with_a_review
from .output import SUFFIXES, emit, format_of, say
from .progress import Working

if TYPE_CHECKING:
    from evidence.analysis import Analysis
    from evidence.analysis.robustness import Sensitivity
    from evidence.review.tables import Review

PIECES = ("results", "methods", "limitations")
LANGUAGES = ("en", "es")
OF_BOTH = ("outcome", "analysis", "where", "weeks", "exclude_retracted", "level")
"""What a pool and its sensitivity both take of a review."""


@click.command()
@click.argument("piece", type=click.Choice(PIECES), metavar="|".join(PIECES))
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@click.option(
    "--words", type=click.IntRange(min=1), metavar="N", help="The most words the paragraph may have."
)
@click.option(
    "--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="English or Spanish."
)
@options.review
@options.selection
@click.option("--against", metavar="EVENTS/N", help="For counts and files: the reference, such as 49/107.")
@options.pooling
@options.output("text", "markdown", "csv", "json")
def write(
    piece: str,
    args: tuple[str, ...],
    words: int | None,
    lang: str,
    review: str | None,
    against: str | None,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Write the results, methods or limitations of a pool for a paper.

    What evidence pool and evidence sensitivity found, as sentences with their
    references. With --words the least important claims are left out first, each
    with everything that qualifies it; references are not counted.

    \b
    Examples:
      evidence write results
      evidence write results --words 60
      evidence write methods --lang es
      evidence write limitations --words 120
      evidence write results 6/6 9/9 11/11 --against 49/107
      evidence write methods 8/10 9/12 7/9 3/8 20/31 --model random
      evidence write results --lang es --output results.md
    """
    chosen = format_of(format, output)
    if chosen not in ("text", "markdown", "csv", "json"):
        ending = next(end for end, name in SUFFIXES.items() if name == chosen)
        raise click.UsageError(f"evidence write makes text, markdown, csv and json, not {ending}.")
    with Working("analysing"):
        analysis, found, read = _made(piece, args, review, against, choices)
    from evidence.report.writing.composing import write as compose
    from evidence.report.writing.printing import render

    written = compose(piece, analysis, sensitivity=found, review=read, lang=lang, words=words)
    text = render(written, chosen)
    if chosen == "text" and output is None:
        text = _shown(text)
    emit(text, output, binary=chosen != "text")
    if written.left_out and chosen == "text":
        several = len(written.left_out)
        say(
            f"left out to fit {words} words: {several} passage{'s' * (several != 1)}; the text has {written.count}"
        )


def _shown(text: str) -> str:
    """The text, in plain letters where the terminal has not all of its signs."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        from evidence.report.characters import to_ascii

        return to_ascii(text)
    return text


def _made(
    piece: str, args: tuple[str, ...], review: str | None, against: str | None, choices: dict[str, Any]
) -> tuple[Analysis, Sensitivity | None, Review | None]:
    """The pool, what it would take to turn it where that is asked, and the review they are of."""
    wanted = piece == "limitations"
    if not args:
        not_with_a_review(against)
        from evidence.analysis import pool

        read = given_review(review)
        analysis = pool(read, **choices)
        if not wanted:
            return analysis, None, read
        from evidence.analysis.robustness import sensitivity

        return analysis, sensitivity(read, **{name: choices[name] for name in OF_BOTH}), read
    only_with_a_review(review, choices, ("outcome", "analysis", "weeks", "exclude_retracted"))
    rows, title = given_rows(args)
    reference = given_reference(against)
    from evidence.analysis import pool_rows

    analysis = pool_rows(rows, title=title, against=reference, **choices)
    if not wanted:
        return analysis, None, None
    from evidence.analysis.robustness import sensitivity_rows

    found = sensitivity_rows(
        rows, title=title, against=reference, where=choices["where"], level=choices["level"]
    )
    return analysis, found, None
