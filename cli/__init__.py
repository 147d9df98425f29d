"""The command line: parse, call one function, render.

Kept light: `evidence --help` and completion import click and nothing else of
weight. Each command lives in a module of its own, imported when it is named.
"""

from __future__ import annotations

from collections.abc import Mapping

import click

from .commands import Commands


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        import evidence

        click.echo(f"evidence {evidence.__version__}")
        context.exit()


def _listen(context: click.Context, _: click.Parameter, times: int) -> None:
    """Let what is done be told; nothing of that is even imported where nobody asks."""
    if times and not context.resilient_parsing:
        from .listening import listen

        context.call_on_close(listen(times))


SECTIONS: Mapping[str, Mapping[str, str]] = {
    "Answer": {
        "pool": "Pool proportions: of a review, of counts, or of a table.",
        "compare": "Compare ours, any series or a pool with a trial's arms.",
        "sensitivity": "What it would take to turn the conclusion.",
        "trial": "Compare trial arms with their own controls.",
        "regress": "Regress proportions on columns of the studies, by FORMULA.",
        "influence": "Show what each study does to the pool.",
        "gosh": "Pool every subset of the studies (GOSH).",
        "asymmetry": "Judge whether small studies differ from large ones.",
        "multilevel": "Pool several rows of each cohort: times, subgroups.",
        "responders": "Count responders from patients' scores before and after.",
        "scores": "Scores before and after: medians, estimate, exact test.",
    },
    "Look and check": {
        "outcomes": "List what can be pooled, with counts.",
        "show": "Show all that is known of one thing, and why it is in or out.",
        "check": "Find every problem in the tables, and the numbers still to be checked.",
        "audit": "Recompute what papers print: percentages, medians, ranges, intervals.",
        "overlap": "Which reports may describe the same patients.",
        "quality": "Show how the reports were judged, and whom nobody has judged.",
    },
    "Keep a living review": {
        "init": "Start a new review in the folder DIR, of any disease and outcome.",
        "add": "Add a row to a table of the review: one line more, and no other byte.",
        "edit": "Change cells of a row.",
        "remove": "Take a row out of a table.",
        "verify": "Record that somebody checked a number against the full text.",
        "sheet": "Edit the tables in Excel or LibreOffice, and take the changes back.",
        "agree": "Compare what two people extracted, cell by cell.",
        "update": "Run the review's saved searches and show what is new.",
        "screen": "Decide on the papers that the searches found.",
        "flow": "Count the papers for a PRISMA 2020 flow diagram.",
        "history": "List the snapshots of a review, and what changed from each to the next.",
        "diff": "What changed: rows, reports in and out, and the pool, study by study.",
    },
    "Write and draw": {
        "report": "One page with the answer and all that is behind it.",
        "write": "Write the results, methods or limitations of a pool for a paper.",
        "table": "Make a table for a paper: characteristics, findings, comparison.",
        "checklist": "Fill a reporting checklist from the review.",
        "export": "Write files that other tools open, by KIND.",
        "forest": "Draw the forest plot of a pool for print.",
        "figure": "Draw a figure for print, by KIND.",
    },
    "Papers": {
        "fetch": "Find references in PubMed and keep their records.",
        "cite": "Print references, from PubMed's records where they were fetched.",
        "cache": "Show or empty the cache of PubMed's answers.",
    },
    "The shell": {
        "completion": "Print the completion script for a shell.",
    },
}
"""Commands with their first sentences, as help lists them: importing them all for that would cost it a tenth of a second."""


@click.group(
    cls=Commands,
    sections=SECTIONS,
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
@click.option(
    "-v",
    "--verbose",
    count=True,
    expose_value=False,
    callback=_listen,
    help="Tell on stderr what is read, taken and asked, and how long it took; -vv every detail.",
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
      evidence -v pool
    """
