"""evidence regress: what the studies' covariates have to do with their proportions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from . import options
from .showing import analysed, explaining, present

if TYPE_CHECKING:
    from evidence.analysis.regressing import Regression

# The words are the engine's own, as in options: importing it would cost every --help numpy. A test compares.
MODELS = ("binomial", "random", "common")
CI = ("t", "wald", "hksj", "hksj-plain")
TAU2 = ("reml", "pm", "dl", "ml", "eb", "hs", "he", "sj")


class Permutations(click.ParamType):
    """A number of random permutations, or "exact"."""

    name = "permutations"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if value == "exact" or isinstance(value, int):
            return value  # type: ignore[no-any-return]
        try:
            number = int(str(value))
        except ValueError:
            number = -1
        if not 0 <= number <= 1_000_000:
            self.fail(f"{value!r} is not a number of permutations; write 10000, or exact for all", param, ctx)
        return number


class At(click.ParamType):
    """Values of covariates: year=2020, or several with commas between."""

    name = "at"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        if isinstance(value, dict):
            return value
        pairs = [part.partition("=") for part in str(value).split(",")]
        if not all(name.strip() and sign and given.strip() for name, sign, given in pairs):
            self.fail(f"{value!r} gives no values; write year=2020, or year=2020,design=cohort", param, ctx)
        return {name.strip(): given.strip() for name, _, given in pairs}


@click.command()
@click.argument("formula")
@click.argument("args", nargs=-1, metavar="[EVENTS/N... | FILE.csv | -]")
@options.rows
@click.option(
    "--model",
    type=click.Choice(MODELS),
    default="binomial",
    show_default=True,
    help="binomial by maximum likelihood; random and common by inverse variance.",
)
@click.option(
    "--measure",
    type=click.Choice(options.MEASURES),
    default="logit",
    show_default=True,
    help="Scale of the random and common models.",
)
@click.option(
    "--tau2",
    type=click.Choice(TAU2),
    default="reml",
    show_default=True,
    help="Estimator of how much series still differ (random).",
)
@click.option(
    "--ci",
    type=click.Choice(CI),
    help="Tests and intervals. Default: t for binomial, hksj for random, wald for common.",
)
@options.level
@click.option(
    "--permutations",
    type=Permutations(),
    default=0,
    metavar="N|exact",
    help="Permutation test of N draws, or of all arrangements (random, common).",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the draws.")
@click.option(
    "--at",
    type=At(),
    multiple=True,
    metavar="NAME=VALUE,...",
    help="Predict the proportion there, such as year=2020; may be repeated.",
)
@click.option("--excluded", is_flag=True, help="List what was left out, with rule and reason.")
@options.explaining
@options.output("text", "csv", "json")
def regress(
    formula: str,
    args: tuple[str, ...],
    review: str | None,
    excluded: bool,
    methods: bool,
    show_r: bool,
    format: str | None,
    output: str | None,
    **choices: Any,
) -> None:
    """Regress proportions on columns of the studies, by FORMULA.

    FORMULA names columns of the review's studies and outcomes tables, or of
    FILE.csv: "~ year + design". Words are groups, compared with the first in
    the alphabet; C(design, contr.treatment("trial")) names another one.
    center(year), log(n), poly(year, 2) and products (a * b) work as well.

    Rows without a value of a column are left out, and named. With fewer than
    ten studies for each coefficient what is found is a hint at most.

    \b
    Examples:
      evidence regress "~ n" --outcome discontinuation
      evidence regress "~ n" --outcome discontinuation --at n=20
      evidence regress "~ log(n)" 3/9 8/12 10/20 7/19 --model random
      evidence regress "~ n" 3/9 8/12 7/19 --model random --permutations 99
      evidence regress "~ n" 3/9 8/12 10/20 7/19 14/30 --methods
      evidence regress "~ n" 3/9 8/12 10/20 7/19 14/30 --show-r
    """
    instead = explaining(methods, show_r, format)
    present(_regressed(formula, args, review, choices), format, output, instead, excluded=excluded)


def _regressed(
    formula: str, args: tuple[str, ...], review: str | None, choices: dict[str, Any]
) -> Regression:
    from evidence.analysis import regress as of_review
    from evidence.analysis import regress_rows as of_rows

    choices = {**choices, "formula": formula}
    return analysed(args, review, choices, of_review, of_rows)
