"""evidence compare: two sides beside each other, with what else differs and what the contrast can bear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options
from .counts import looks_typed, typed
from .given import given_review
from .showing import explaining, present

if TYPE_CHECKING:
    from evidence.analysis import Compared
    from evidence.review.counts import CountRow

# The words are the engine's own, as in options: importing it would cost every --help numpy. A test compares.
TESTS = ("fisher", "boschloo", "barnard")
DIFFERENCES = ("newcombe", "miettinen-nurminen")


@click.command()
@click.argument("args", nargs=-1, metavar="[WHO [AGAINST...]]")
@options.review
@click.option("--outcome", metavar="NAME", help="Outcome to compare; `evidence outcomes` lists them.")
@options.analysis
@click.option(
    "--against",
    metavar="WHAT",
    help="A report such as tulip2, a pool (others, all) or counts. Default: the analysis' reference.",
)
@click.option("--arm", metavar="NAME", help="The arm of it to lead, such as placebo. All are shown.")
@click.option(
    "--weeks",
    type=options.Weeks(),
    metavar="TIME",
    help="The time of it to lead: 52, 8-26 or 'last visit'. All are shown.",
)
@click.option(
    "--test",
    type=click.Choice(TESTS),
    default="fisher",
    show_default=True,
    help="The one test. Name it before you look: choosing among p-values is a way to cheat.",
)
@click.option(
    "--difference",
    type=click.Choice(DIFFERENCES),
    default="newcombe",
    show_default=True,
    help="Interval of the difference.",
)
@click.option(
    "--interval",
    type=click.Choice(options.INTERVALS),
    default="exact",
    show_default=True,
    help="Interval of each side by itself.",
)
@options.level
@options.explaining
@options.output("text", "markdown", "csv", "json")
def compare(
    args: tuple[str, ...],
    review: str | None,
    against: str | None,
    methods: bool,
    show_r: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Compare ours, any series or a pool with a trial's arms.

    Without arguments: ours against the reference of the review's analysis, all
    its arms and times side by side. WHO is a report (valencia2025, or one of
    its arms, tulip2:placebo), a pool (all, others) or counts, 6/6 or
    Ours=6/6. AGAINST says what to compare it with, as --against does.

    What has not been checked against its paper is marked and never leads.

    \b
    Examples:
      evidence compare
      evidence compare --weeks 52
      evidence compare --against tulip2
      evidence compare --arm placebo
      evidence compare valencia2025 --against tulip12 --weeks 12
      evidence compare valencia2025 --against tulip12 --outcome clasi50
      evidence compare all
      evidence compare tulip12 tulip12:placebo
      evidence compare 6/6 24/49
      evidence compare Ours=6/6 TULIP-2=24/49 --test boschloo
      evidence compare 8/9 --against tulip12
      evidence compare --methods --show-r
      evidence compare --format json --output compared.json
    """
    who, others = _sides(args, against)
    instead = explaining(methods, show_r, format)
    present(_compared(who, others, review, choices), format, output, instead)


def _sides(args: tuple[str, ...], against: str | None) -> tuple[str | CountRow | None, list[str | CountRow]]:
    """Who is compared, and with what; the words are counts, or names for the review to find."""
    words = [*args[1:], *([against] if against is not None else [])]
    names = (
        ["the reference"] if len(words) == 1 else [f"reference {number + 1}" for number in range(len(words))]
    )
    who = _operand(args[0], "Ours", 1) if args else None
    others = [
        _operand(word, name, 2 + number) for number, (word, name) in enumerate(zip(words, names, strict=True))
    ]
    return who, others


def _operand(word: str, name: str, number: int) -> str | CountRow:
    return typed(word, name, number) if looks_typed(word) else word


def _compared(
    who: str | CountRow | None, others: list[str | CountRow], review: str | None, choices: dict[str, Any]
) -> Compared:
    counts = [other for other in others if not isinstance(other, str)]
    if counts and who is not None and not isinstance(who, str) and len(counts) == len(others):
        return _of_counts(who, counts, review, choices)
    if len(others) > 1:
        raise click.UsageError(
            "compare with one thing at a time: of a report all arms and times are shown side by side. "
            "Several counts can be compared with counts."
        )
    from evidence.analysis import compare as compare_in

    return compare_in(given_review(review), cohort=who, against=others[0] if others else None, **choices)


def _of_counts(
    who: CountRow, others: list[CountRow], review: str | None, choices: dict[str, Any]
) -> Compared:
    for name in ("outcome", "analysis", "arm", "weeks"):
        if choices.pop(name) is not None or review is not None:
            option = "--review" if review is not None else f"--{name}"
            raise click.UsageError(f"{option} goes with a review, not with counts alone.")
    from evidence.analysis import compare_rows

    return compare_rows(who, *others, **choices)
