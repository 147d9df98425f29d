"""evidence trial: trial arms against their own controls, and what independent trials say together."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from . import options
from .counts import MOST
from .given import given_review, only_with_a_review
from .showing import OF_A_REVIEW, explaining, present

if TYPE_CHECKING:
    from evidence.analysis.trials import Trials
    from evidence.review.arm_counts import ArmRow

# The words are the engine's own, as in options: importing it would cost every --help numpy. A test compares.
MEASURES = ("odds-ratio", "risk-ratio", "risk-difference", "arcsine-difference")
MODELS = (
    "mantel-haenszel",
    "common",
    "random",
    "peto",
    "sample-size",
    "hypergeometric",
    "conditional-binomial",
    "fixed-studies",
    "random-studies",
)
CI = ("wald", "t", "hksj", "hksj-plain", "profile")
PREDICTIONS = ("t", "hts", "wald", "none")
EFFECTS = ("random", "common")
ZERO_CELLS = ("only-zero", "if-any", "all", "treatment-arm", "none")
TESTS = ("fisher", "boschloo", "barnard")
DIFFERENCES = ("newcombe", "miettinen-nurminen")

TYPED = re.compile(
    r"(?:(?P<name>.+?)\s*=\s*)?(?P<events>\d+)\s*/\s*(?P<n>\d+)\s*,\s*(?P<events2>\d+)\s*/\s*(?P<n2>\d+)",
    re.ASCII,
)


@click.command()
@click.argument("args", nargs=-1, metavar="[EVENTS/N,EVENTS/N... | FILE.csv | -]")
@options.review
@click.option("--outcome", metavar="NAME", help="Outcome to compare; `evidence outcomes` lists them.")
@click.option("--analysis", metavar="NAME", help="Analysis of review.toml whose outcome to take.")
@click.option("--arm", metavar="NAME", help="The treated arm to take. Default: the largest of each trial.")
@click.option("--weeks", type=options.Weeks(), metavar="TIME", help="12, 8-26 or 'last visit'. Default: all.")
@click.option("--where", metavar="RULE", help='Rows to keep, such as "state == verified".')
@click.option("--subgroups", is_flag=True, help="Show parts of the patients too; they are never pooled.")
@options.exclude_retracted
@click.option(
    "--measure",
    type=click.Choice(MEASURES),
    default="odds-ratio",
    show_default=True,
    metavar="NAME",
    help=f"Pooled first, and by every other model: {', '.join(MEASURES)}.",
)
@click.option(
    "--model",
    type=click.Choice(MODELS),
    default="mantel-haenszel",
    show_default=True,
    metavar="NAME",
    help=f"How trials are pooled: {', '.join(MODELS)}.",
)
@click.option(
    "--tau2",
    type=click.Choice(options.TAU2),
    default="reml",
    show_default=True,
    help="Estimator of how much trials differ (random, sample-size).",
)
@click.option(
    "--ci",
    type=click.Choice(CI),
    help="Interval of the pool. Default: hksj for random, t for binomial models, wald for the rest.",
)
@click.option(
    "--prediction",
    type=click.Choice(PREDICTIONS),
    default="t",
    show_default=True,
    help="Interval for another trial.",
)
@click.option(
    "--effects",
    type=click.Choice(EFFECTS),
    default="random",
    show_default=True,
    help="Binomial models: whether trials may differ.",
)
@click.option(
    "--zero-cells",
    type=click.Choice(ZERO_CELLS),
    default="only-zero",
    show_default=True,
    metavar="NAME",
    help=f"What inverse variance adds 0.5 to: {', '.join(ZERO_CELLS)}.",
)
@click.option(
    "--double-zeros", is_flag=True, help="Keep trials without any event in ratios by inverse variance."
)
@click.option(
    "--corrected", is_flag=True, help="Enlarge counts in Mantel-Haenszel sums too, as R's meta does."
)
@click.option(
    "--continuity/--no-continuity",
    default=True,
    show_default=True,
    help="Correct the Mantel-Haenszel test by 0.5.",
)
@click.option(
    "--test",
    type=click.Choice(TESTS),
    default="fisher",
    show_default=True,
    help="The one test of each trial. Name it before you look.",
)
@click.option(
    "--difference",
    type=click.Choice(DIFFERENCES),
    default="newcombe",
    show_default=True,
    help="Interval of each trial's difference.",
)
@options.level
@options.explaining
@options.output("text", "markdown", "csv", "json")
def trial(
    args: tuple[str, ...],
    review: str | None,
    methods: bool,
    show_r: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Compare trial arms with their own controls.

    Without arguments: every trial of the review that has both arms, each time
    by itself, with difference, ratio and odds ratio. Independent trials of one
    time are pooled; patients count once, and single arms never enter.

    Counts are treated,control: 49/107,24/94, with a name if you like. A table
    has the columns study, events, n, events_control, n_control (or ai, n1i,
    ci, n2i, or event.e, n.e, event.c, n.c); - reads it from stdin.

    \b
    Examples:
      evidence trial
      evidence trial --outcome bicla
      evidence trial --weeks 12 --subgroups
      evidence trial --outcome bicla --model random --measure risk-ratio
      evidence trial TULIP=49/107,24/94
      evidence trial A=25/58,14/54 B=24/49,10/40 --model hypergeometric
      evidence trial 0/20,2/22 1/25,4/24 3/40,5/42 --zero-cells treatment-arm
      evidence trial --outcome bicla --methods
      evidence trial --format json --output trials.json
    """
    instead = explaining(methods, show_r, format)
    present(_trials(args, review, choices), format, output, instead)


def _trials(args: tuple[str, ...], review: str | None, choices: dict[str, Any]) -> Trials:
    """What the arguments mean: none a review, counts themselves, anything else one table."""
    if not args:
        from evidence.analysis.trials import trial

        return trial(given_review(review), **choices)
    only_with_a_review(review, choices, (*OF_A_REVIEW, "arm", "where", "subgroups"))
    if all(TYPED.fullmatch(arg.strip()) for arg in args):
        rows, title = [_typed(arg, number) for number, arg in enumerate(args, 1)], ""
    else:
        rows, title = _of_table(args)
    from evidence.analysis.trials import trial_rows

    return trial_rows(rows, title=title, **choices)


def _typed(text: str, number: int) -> ArmRow:
    """The counts of one trial. Wrong usage where they cannot be events/n."""
    from evidence.review.arm_counts import ArmRow

    match = TYPED.fullmatch(text.strip())
    assert match
    counts = [match[name] for name in ("events", "n", "events2", "n2")]
    if any(len(count) > 18 or int(count) > MOST for count in counts):
        raise click.UsageError(f"{text.strip()} is not events/n,events/n: n is at most {MOST}.")
    events, n, events2, n2 = map(int, counts)
    for x, size in ((events, n), (events2, n2)):
        if x > size or size == 0:
            raise click.UsageError(f"{x}/{size} is not events/n: n from 1, and events no more than n.")
    return ArmRow(match["name"] or f"Trial {number}", events, n, events2, n2, number)


def _of_table(args: tuple[str, ...]) -> tuple[list[ArmRow], str]:
    from evidence.review.arm_counts import read_arms

    if len(args) > 1:
        wrong = next(arg for arg in args if not TYPED.fullmatch(arg.strip()))
        raise click.UsageError(
            f"{wrong!r} is not treated,control, such as 49/107,24/94; and a table must be the only argument."
        )
    if args[0] == "-":
        return read_arms(sys.stdin.buffer, "standard input"), "Table from standard input"
    if re.fullmatch(r"[^/]*\d+/\d+", args[0]):
        raise click.UsageError(
            f"{args[0]!r} is one arm; a trial has two: treated,control, such as 49/107,24/94. One arm: evidence pool"
        )
    return read_arms(args[0]), f"Table {args[0]}"
