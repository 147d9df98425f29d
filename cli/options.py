"""Options that commands share, each named as its keyword in the library (a test compares them)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

# The words are the engine's own; written here again because importing it would cost every --help numpy. A test compares.
MODELS = ("auto", "exact", "common", "random", "binomial", "beta-binomial", "bayes")
MEASURES = ("logit", "arcsine", "double-arcsine", "log", "raw")
TAU2 = ("reml", "pm", "dl", "ml", "eb", "hs", "he", "sj", "hsk", "dlit", "sjit", "pmm", "genq")
CI = (
    "wald",
    "t",
    "hksj",
    "hksj-plain",
    "hksj-ci",
    "hksj-iqwig6",
    "ivhet",
    "kenward-roger",
    "profile",
    "corrected",
)
INTERVALS = ("exact", "wilson", "agresti-coull", "jeffreys", "mid-p")
PREDICTIONS = (
    "t",
    "hts",
    "hksj",
    "hksj-hts",
    "kenward-roger",
    "kenward-roger-hts",
    "wald",
    "posterior",
    "bootstrap",
    "none",
)
PRIORS = ("half-normal", "half-cauchy", "exponential", "uniform")
PRIOR_MEDIANS = ("jeffreys", "uniform")
TAU2_INTERVALS = ("q-profile", "profile", "jackson", "biggerstaff-jackson")
I2 = ("q", "tau2")
BETTER = ("lower", "higher")


def listed(words: tuple[str, ...]) -> str:
    """Choices too many for the margin of a help text."""
    return ", ".join(words)


class Level(click.ParamType):
    """A confidence level as people write it: 0.95, 95 or 95%."""

    name = "level"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(str(value).strip().removesuffix("%"))
        except ValueError:
            number = float("nan")
        level = number / 100 if number >= 1 or "%" in str(value) else number
        if not 0.5 <= level < 1:
            self.fail(f"{value!r} is not a level between 50 and 100 %; write 0.95, 95 or 95%", param, ctx)
        return level


class Weeks(click.ParamType):
    """A time: a week (12), a window (8-26), or "last visit"."""

    name = "weeks"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = " ".join(str(value).replace("–", "-").replace("_", " ").lower().split())
        if text == "last visit":
            return text
        parts = text.split("-")
        try:
            weeks = [float(part) for part in parts]
        except ValueError:
            weeks = []
        if not 1 <= len(weeks) <= 2 or not all(0 <= w < 10_000 for w in weeks) or weeks != sorted(weeks):
            self.fail(f"{value!r} is not a time; write 12, 8-26 or 'last visit'", param, ctx)
        return weeks[0] if len(weeks) == 1 else (weeks[0], weeks[1])


def all_of(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several decorators as one; the first is shown first in the help."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


review = click.option(
    "--review",
    metavar="DIR",
    help="Folder of the review. Else: EVIDENCE_REVIEW, this folder or its data/, the one that comes with evidence.",
)
outcome = click.option("--outcome", metavar="NAME", help="Outcome; `evidence outcomes` lists them.")
analysis = click.option(
    "--analysis",
    metavar="NAME",
    help="Analysis of review.toml to follow. Default: the one called primary, else the first.",
)
where = click.option("--where", metavar="RULE", help='Rows to keep, such as "design == cohort and n >= 5".')
weeks = click.option(
    "--weeks", type=Weeks(), metavar="TIME", help="12, 8-26 or 'last visit'. Default: the analysis' own."
)
exclude_retracted = click.option(
    "--exclude-retracted", is_flag=True, help="Leave out reports that PubMed's records call retracted."
)
level = click.option(
    "--level", type=Level(), default=0.95, show_default=True, metavar="LEVEL", help="0.95, 95 or 95%."
)

rows = all_of(review, outcome, analysis, where, weeks, exclude_retracted)
"""Which rows of a review an analysis takes."""

selection = all_of(
    outcome,
    analysis,
    click.option("--by", metavar="COLUMN", help="Pool by groups of a column, such as design."),
    where,
    weeks,
    exclude_retracted,
)

pooling = all_of(
    click.option(
        "--model",
        type=click.Choice(MODELS),
        default="auto",
        show_default=True,
        help="auto says what it chose, and why.",
    ),
    click.option(
        "--measure",
        type=click.Choice(MEASURES),
        default="logit",
        show_default=True,
        help="Scale of the common and random models.",
    ),
    click.option(
        "--tau2",
        type=click.Choice(TAU2),
        default="reml",
        show_default=True,
        metavar="WORD",
        help=f"Estimator of how much series differ (random): {listed(TAU2)}.",
    ),
    click.option(
        "--ci",
        type=click.Choice(CI),
        metavar="WORD",
        help=f"Interval of the pool: {listed(CI)}. Default: corrected for binomial (t above 30 studies), hksj for random, wald for common.",
    ),
    click.option(
        "--interval",
        type=click.Choice(INTERVALS),
        default="exact",
        show_default=True,
        help="Interval of each series.",
    ),
    click.option(
        "--prediction",
        type=click.Choice(PREDICTIONS),
        metavar="WORD",
        help=f"Interval for another series: {listed(PREDICTIONS)}. Default: posterior for binomial (to 200 studies) and bayes, else t.",
    ),
    click.option(
        "--prior",
        type=click.Choice(PRIORS),
        default="half-normal",
        show_default=True,
        help="Bayes: prior on tau, how much series differ.",
    ),
    click.option(
        "--prior-scale",
        type=click.FloatRange(min=0, min_open=True, max=100),
        default=1.25,
        show_default=True,
        metavar="NUMBER",
        help="Bayes: scale of that prior.",
    ),
    click.option(
        "--prior-median",
        type=click.Choice(PRIOR_MEDIANS),
        default="jeffreys",
        show_default=True,
        help="Bayes: prior of the median proportion.",
    ),
    click.option(
        "--weights",
        default="model",
        show_default=True,
        metavar="COLUMN",
        help="model, equal, or a column with weights (common, random).",
    ),
    click.option(
        "--tau2-ci",
        type=click.Choice(TAU2_INTERVALS),
        metavar="WORD",
        help=f"Interval of tau2: {listed(TAU2_INTERVALS)}. Default: q-profile for random, profile for binomial.",
    ),
    click.option(
        "--i2",
        type=click.Choice(I2),
        default="q",
        show_default=True,
        help="I2 from Cochran's Q, or from tau2 (random).",
    ),
    level,
)


pubmed = all_of(
    click.option(
        "--email",
        envvar="NCBI_EMAIL",
        default="",
        metavar="ADDRESS",
        help="Where NCBI can reach you. Else: NCBI_EMAIL. A key goes into NCBI_API_KEY.",
    ),
    click.option(
        "--base-url",
        envvar="EVIDENCE_EUTILS_URL",
        metavar="URL",
        help="Another address of the E-utilities. Else: EVIDENCE_EUTILS_URL, NCBI.",
    ),
)
"""Who asks PubMed, and where."""

patients = all_of(
    click.option("--before", metavar="COLUMN", help="Column of the score before."),
    click.option("--after", metavar="COLUMN", help="Column of the score after."),
    click.option("--id", metavar="COLUMN", help="Column of the patient's name or number. Else the row."),
    click.option(
        "--sheet", metavar="NAME", help="Sheet of a workbook, where several have something in them."
    ),
    click.option("--where", metavar="RULE", help='Patients to keep, such as "arm == drug and age >= 18".'),
)
"""Which columns of a table have the patients' scores, and which patients are meant."""

better = click.option(
    "--better",
    type=click.Choice(BETTER),
    default="lower",
    show_default=True,
    help="Which score is the better one.",
)


def output(*formats: str) -> Callable[[Command], Command]:
    """--format with these choices, and --output."""
    return all_of(
        click.option(
            "--format", type=click.Choice(formats), help="Default: by the ending of --output, else text."
        ),
        click.option(
            "--output", metavar="FILE", help="Write there, whole or not at all; else to the terminal."
        ),
    )


explaining = all_of(
    click.option(
        "--methods", is_flag=True, help="Print the methods paragraph of this analysis, with references."
    ),
    click.option("--show-r", is_flag=True, help="Print the same analysis as R code (metafor, meta)."),
)
