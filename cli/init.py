"""evidence init: a new review from a few questions, or a copy of the one that comes with evidence."""

from __future__ import annotations

from typing import Any

import click

from . import options
from .changing import at_a_terminal
from .output import say


@click.command()
@click.argument("folder", metavar="DIR")
@click.option("--title", metavar="TEXT", help='What it is about, such as "Dupilumab for prurigo nodularis".')
@click.option("--outcome", metavar="NAME", help='What is counted, such as "IGA 0/1".')
@click.option("--definition", metavar="TEXT", help="When a patient has the outcome.")
@click.option("--better", type=click.Choice(("higher", "lower")), help="Whether more of it is better.")
@click.option("--scale", metavar="NAME", help="The scale it is measured on.")
@click.option(
    "--weeks",
    type=options.Weeks(),
    metavar="TIME",
    help="When it counts, such as 8-26. Default: any time.",
)
@click.option(
    "--design",
    multiple=True,
    metavar="DESIGN",
    help="Reports to pool; several times. Default: case series, cohort.",
)
@click.option(
    "--ours", metavar="KEY", help="Short name of your own case series: the first row of studies.csv."
)
@click.option("--example", is_flag=True, help="Copy the review that comes with evidence instead.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given takes its default.")
def init(folder: str, example: bool, yes: bool, **given: Any) -> None:
    """Start a new review in the folder DIR, of any disease and outcome.

    It makes review.toml with a word about every line, the tables with their
    headers, and a README that explains them. On a terminal it asks a few
    questions. A folder that holds anything is refused.

    \b
    Examples:
      evidence init prurigo --title "Dupilumab for prurigo" --weeks 12-26
      evidence init psoriasis --yes
      evidence init copy --example
    """
    if example:
        stray = [name for name, value in given.items() if value]
        if stray:
            raise click.UsageError(f"--{stray[0]} goes with a new review, not with --example.")
        from evidence.review.starting import copy_shipped, next_steps

        review = copy_shipped(folder)
        _done(folder, f"a copy of {review.title}", next_steps(folder, review, ""))
        return
    from evidence.review.starting import Start, next_steps, start

    about = _asked(folder, given) if at_a_terminal() and not yes else _settled(folder, given)
    if isinstance(about["weeks"], float):
        about["weeks"] = (about["weeks"], about["weeks"])
    if isinstance(about["weeks"], str):
        raise click.UsageError("--weeks takes a window, such as 8-26; the last visit counts in any case.")
    made = Start(designs=tuple(about.pop("design")) or Start._field_defaults["designs"], **about)
    review = start(folder, made)
    _done(folder, made.title, next_steps(folder, review, made.key))


def _settled(folder: str, given: dict[str, Any]) -> dict[str, Any]:
    """What was given, the rest by default: a title from the folder's name, a response that is better if higher."""
    import os

    name = os.path.basename(os.path.abspath(folder)).replace("-", " ").replace("_", " ").strip()
    usual = {"title": name[:1].upper() + name[1:] or "Review", "outcome": "Response", "better": "higher"}
    return {
        key: usual.get(key, "" if key != "weeks" else None) if value is None else value
        for key, value in given.items()
    }


QUESTIONS = {
    "title": "What is the review about (drug and disease)?",
    "outcome": "What is counted (an outcome's short name, such as PASI-75)?",
    "definition": "When does a patient have it (Enter: say later)?",
    "better": "Is more of it better (higher) or worse (lower)?",
    "scale": "On which scale is it measured (Enter: none)?",
    "weeks": "At which weeks does it count (such as 8-26; Enter: any)?",
    "ours": "A short name for your own series (Enter: none)?",
}


def _asked(folder: str, given: dict[str, Any]) -> dict[str, Any]:
    """What was given, the rest from the person."""
    usual = _settled(folder, given)
    about = dict(usual)
    for key, question in QUESTIONS.items():
        if given[key] is not None:
            continue
        kind: Any = str
        if key == "better":
            kind = click.Choice(("higher", "lower"))
        if key == "weeks":
            kind = _Empty()
        default = usual[key] if usual[key] is not None else ""
        about[key] = click.prompt(question, default=default, show_default=bool(default), type=kind, err=True)
    return about


class _Empty(options.Weeks):
    """A time, or nothing for any."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return None if not str(value).strip() else super().convert(value, param, ctx)


def _done(folder: str, title: str, steps: Any) -> None:
    from evidence.report.characters import clean

    click.echo(f"{clean(folder)}: {clean(title)}")
    click.echo("Go on with:")
    for step in steps:
        click.echo(f"  {clean(step)}")
    say(f"{folder} is a review now; evidence check {folder} says whether it is in order")
