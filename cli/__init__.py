"""The command line: parse, call one function, render.

Kept light: `evidence --help` and completion import click and nothing else of
weight. Each command lives in a module of its own, imported when it is named.
"""

from __future__ import annotations

import click

from .commands import Commands


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        import evidence

        click.echo(f"evidence {evidence.__version__}")
        context.exit()


@click.group(
    cls=Commands,
    names=(
        "pool",
        "forest",
        "figure",
        "compare",
        "regress",
        "trial",
        "sensitivity",
        "asymmetry",
        "influence",
        "gosh",
        "show",
        "check",
        "audit",
        "init",
        "add",
        "edit",
        "remove",
        "verify",
        "history",
        "diff",
        "overlap",
        "sheet",
        "responders",
        "scores",
        "multilevel",
        "outcomes",
        "update",
        "screen",
        "flow",
        "fetch",
        "cite",
        "cache",
        "completion",
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 the data have findings, or the analysis is not possible; 2 wrong usage or unreadable input.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version.",
)
def main() -> None:
    """Pool response proportions from cited papers, every number with its source.

    \b
    Examples:
      evidence pool
      evidence pool 6/6 9/9 11/11 --against 49/107
      evidence compare --weeks 52
      evidence show viedma2025
      evidence outcomes
    """
