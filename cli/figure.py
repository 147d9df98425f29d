"""evidence figure KIND: the other figures for print, each from what its own command takes."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

from evidence.errors import InputError

from . import asymmetry, gosh, influence, options, regress, responders, sensitivity
from .forest import check_target, drawing, write_figure
from .given import given_review, only_with_a_review
from .output import say

OF_TEXT = {
    "format",
    "output",
    "methods",
    "show_r",
    "excluded",
    "plot",
    "show",
    "order",
    "descending",
    "as_rows",
    "panel",
}
"""Options that only printed results have."""

LOOKS = ("title", "width", "font")

Found = Callable[[dict[str, Any]], Any]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def figure() -> None:
    """Draw a figure for print, by KIND.

    Each kind takes what the command takes whose numbers it shows; see
    evidence figure KIND --help. The forest plot is evidence forest.

    \b
    Examples:
      evidence figure funnel --few 6/9 4/8 11/12 20/31 5/6 --output funnel.pdf
      evidence figure doi --few 6/9 4/8 11/12 20/31 5/6 --output doi.svg
      evidence figure baujat 5/9 4/8 11/12 20/31 --model random --output b.pdf
      evidence figure gosh 5/9 4/8 11/12 20/31 5/6 3/9 --output gosh.png
      evidence figure bubble "~ n" 3/9 8/12 10/20 7/19 --output bubble.svg
      evidence figure curve --output curve.pdf
      evidence figure tipping 6/6 9/9 --against 49/107 --output tipping.svg
      evidence figure margin --output margin.svg
      evidence figure waterfall --width one --output waterfall.png
      evidence figure swimmer --output swimmer.svg
      evidence figure prisma --output prisma.svg
      evidence figure rob --output rob.svg
    """


def _kind(name: str, of: click.Command, found: Found, help: str) -> None:
    """A subcommand with the options of another command, those of its printed result left out."""
    taken = [copy.copy(param) for param in of.params if param.name not in OF_TEXT]

    @click.pass_context
    def draw(context: click.Context, /, **given: Any) -> None:
        target = {key: given.pop(key) for key in ("output", "format", "dpi")}
        look = {key: given.pop(key) for key in LOOKS}
        check_target(target["output"], target["format"], name)
        write_figure(name, found(given), **target, **look)

    command = click.Command(name, callback=draw, params=taken, help=help)
    # click puts decorators' options on the callback; on a command they are added by hand
    for option in reversed(_drawing_options()):
        command.params.append(option)
    figure.add_command(command)


def _drawing_options() -> list[click.Parameter]:
    """What every figure takes: title, width, font, dpi, format, output; last first."""

    @drawing
    def bearer() -> None:
        """Carries the options."""

    return list(bearer.__click_params__)  # type: ignore[attr-defined]


def _by_args(given: dict[str, Any], examine: Callable[..., Any], **more: Any) -> Any:
    return examine(given.pop("args"), given.pop("review"), {**given, **more})


def _asymmetry(given: dict[str, Any]) -> Any:
    return _by_args(given, asymmetry._found)


def _baujat(given: dict[str, Any]) -> Any:
    return _by_args(given, influence._found, show="baujat", order=None, descending=False)


def _gosh(given: dict[str, Any]) -> Any:
    return _by_args(given, gosh._found)


def _regression(given: dict[str, Any]) -> Any:
    return regress._regressed(given.pop("formula"), given.pop("args"), given.pop("review"), given)


def _sensitivity(given: dict[str, Any]) -> Any:
    return sensitivity._examined(given.pop("args"), given.pop("review"), given.pop("against"), given)


def _responders(given: dict[str, Any]) -> Any:
    from evidence.review.responders import rules_of

    limits = {name: given.pop(name) for name in responders.RULES}
    asked = {name: given.pop(name) for name in ("better", "interval", "level")}
    missing, file, folder, score = (given.pop(name) for name in ("missing", "file", "review", "score"))
    rules = rules_of(asked["better"], **limits)
    if file is not None:
        return responders._counted(responders._of_table(file, given), rules, missing, asked)
    for name in ("before", "after", "id", "sheet"):
        if given[name] is not None:
            raise click.UsageError(f"--{name} goes with a table; a review has its own scores.")
    paired, declared = responders._of_review(folder, score, given["where"], asked["better"])
    return responders._counted(paired, rules if any(limits.values()) else declared or rules, missing, asked)


OF: Mapping[str, tuple[click.Command, Found, str]] = {
    "funnel": (asymmetry.asymmetry, _asymmetry, "Studies by effect and standard error, with trim and fill."),
    "doi": (asymmetry.asymmetry, _asymmetry, "The Doi plot: ranks against effects, with the LFK index."),
    "baujat": (
        influence.influence,
        _baujat,
        "What studies add to heterogeneity, and how far they move the pool.",
    ),
    "gosh": (gosh.gosh, _gosh, "The pools of all subsets by estimate and heterogeneity."),
    "bubble": (regress.regress, _regression, "A regression on one column of numbers, with its studies."),
    "curve": (
        sensitivity.sensitivity,
        _sensitivity,
        "Every defensible specification in the order of its result.",
    ),
    "tipping": (sensitivity.sensitivity, _sensitivity, "How much series must differ to meet the reference."),
    "margin": (sensitivity.sensitivity, _sensitivity, "Our responders at every threshold, with a band."),
    "waterfall": (responders.responders, _responders, "Each patient's change of the score, sorted."),
}
"""Kind -> the command whose options it takes, how its result is found, and what it shows."""

for _name, (_command, _found, _help) in OF.items():
    _kind(_name, _command, _found, _help)


@figure.command()
@options.review
@click.option(
    "--outcome", metavar="NAME", help="Outcome whose rule judges the scores; the primary one by default."
)
@click.option("--study", metavar="ID", help="Patients of this report only.")
@drawing
def swimmer(
    review: str | None,
    outcome: str | None,
    study: str | None,
    output: str | None,
    format: str | None,
    dpi: int,
    **look: Any,
) -> None:
    """A bar a patient over time, with a mark at each measurement."""
    check_target(output, format, "swimmer")
    write_figure("swimmer", given_review(review), output, format, dpi, outcome=outcome, study=study, **look)


@figure.command()
@click.argument("args", nargs=-1, metavar="[COUNT=NUMBER... | FILE.json | -]")
@options.review
@click.option(
    "--since", metavar="DATE", help="Of a review: count the updates from that day on, such as 2026-03."
)
@drawing
def prisma(
    args: tuple[str, ...],
    review: str | None,
    since: str | None,
    output: str | None,
    format: str | None,
    dpi: int,
    **look: Any,
) -> None:
    """The PRISMA 2020 flow diagram, of a review or from counts.

    COUNT is identified, duplicates, removed_otherwise, screened, excluded,
    sought, not_retrieved, assessed, excluded_full_text, other_sources, studies
    or reports. In a JSON file a count may be an object: reasons with numbers.
    """
    check_target(output, format, "prisma")
    if args:
        only_with_a_review(review, {"since": since}, ("since",))
        counts: Any = _counts(args)
    else:
        from evidence.analysis.flow import flow

        counts = flow(given_review(review), since=since)
        for finding in counts.findings:
            say(str(finding))
    write_figure("prisma", counts, output, format, dpi, **look)


@figure.command()
@click.argument("file", required=False, metavar="[FILE.csv | -]")
@options.review
@click.option("--instrument", metavar="NAME", help="Of a review: JBI case series, ROBINS-I or RoB 2.")
@drawing
def rob(
    file: str | None,
    review: str | None,
    instrument: str | None,
    output: str | None,
    format: str | None,
    dpi: int,
    **look: Any,
) -> None:
    """The traffic light of risk of bias, of a review or from a table.

    FILE has a column study and one for each domain: low, some, moderate, high,
    serious, critical, unclear, none, na; or yes, no, unclear, as checklists
    answer. Tables made for robvis will do.
    """
    check_target(output, format, "rob")
    if file is not None:
        only_with_a_review(review, {"instrument": instrument}, ("instrument",))
        rows = _judged(_text(file), file)
    else:
        from evidence.report.review.quality_export import render_robvis
        from evidence.review.quality import quality_of

        known = given_review(review)
        rows = _judged(render_robvis(known, quality_of(known, instrument=instrument)), "the review")
    write_figure("rob", rows, output, format, dpi, **look)


def _text(file: str) -> str:
    try:
        if file == "-":
            return sys.stdin.read()
        with open(file, encoding="utf-8-sig") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error


def _counts(args: tuple[str, ...]) -> dict[str, Any]:
    """Counts as typed, or one JSON object."""
    if not args:
        raise click.UsageError("name counts, such as identified=120 screened=100 studies=4, or a JSON file.")
    if all("=" in arg for arg in args):
        found = {}
        for arg in args:
            name, _, number = arg.partition("=")
            if not number.strip().isdecimal():
                raise click.UsageError(f"{arg!r} is not COUNT=NUMBER, such as screened=100.")
            found[name.strip().replace("-", "_")] = int(number)
        return found
    if len(args) > 1:
        raise click.UsageError("a JSON file must be the only argument.")
    import json

    try:
        read = json.loads(_text(args[0]))
    except ValueError as error:
        raise InputError(f"{args[0]} is not JSON: {error}") from error
    if not isinstance(read, dict):
        raise InputError(f'{args[0]} is no JSON object of counts, such as {{"identified": 120}}')
    return read


def _judged(text: str, called: str) -> list[dict[str, str]]:
    import csv
    from io import StringIO

    reader = csv.DictReader(StringIO(text, newline=""), restkey="more than the heads")
    rows = [{"study" if name == "Study" else name: cell for name, cell in row.items()} for row in reader]
    if not rows or "study" not in rows[0]:
        raise InputError(f"{called} is no table with a column study and one for each domain")
    if any("more than the heads" in row for row in rows):
        raise InputError(f"{called} has a row with more cells than heads")
    return rows


for _name, _command in figure.commands.items():
    _lines = [f"  {line.strip()}" for line in (figure.help or "").splitlines() if f"figure {_name} " in line]
    _command.epilog = "\n".join(["\b", "Examples:", *_lines])
