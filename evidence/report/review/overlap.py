"""Suspected overlaps, on a screen and for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evidence.report.characters import clean
from evidence.report.machine import csv_rows, json_text
from evidence.report.numbers import plural
from evidence.report.terminal import BOLD, DIM, INDENT, Paper
from evidence.review.resemblance import SUSPECT, Suspicion
from evidence.review.tables import Review

COLUMNS = ("study_a", "study_b", "points", "decided", "reasons")

SAID = {
    "": "not decided",
    "same cohort": "one cohort, by cohorts.csv",
    "certain": "certain, by overlaps.csv",
    "probable": "probable, by overlaps.csv",
    "possible": "possible, by overlaps.csv",
    "ruled out": "ruled out, by overlaps.csv",
}


def render_text(
    review: Review,
    found: Sequence[Suspicion],
    *,
    every: bool = False,
    single: bool = False,
    width: int = 80,
    unicode: bool = True,
    color: bool = False,
) -> str:
    """Pairs nobody has decided first; those that are decided are counted, or listed where `every` is asked for.

    A `single` pair is shown without the count.
    """
    paper = Paper(width, unicode, color)
    undecided = [pair for pair in found if not pair.decided]
    decided = [pair for pair in found if pair.decided]
    lines = paper.paragraph(_head(undecided, decided), style=BOLD) if not single else []
    for pair in (*undecided, *(decided if every else ())):
        names = f"{clean(review.label(pair.one))} ({pair.one}) and {clean(review.label(pair.other))} ({pair.other})"
        lines += ["", *paper.paragraph(f"{names}: {plural(pair.points, 'point')}; {SAID[pair.decided]}.")]
        lines += paper.paragraph("; ".join(map(clean, pair.reasons)) + ".", INDENT, INDENT)
    if undecided:
        one = undecided[0]
        example = f'evidence overlap {one.one} {one.other} --decision probable --reason "..."'
        lines += ["", *paper.paragraph(f"Decide with: {example}", style=DIM)]
    elif decided and not every:
        lines += paper.paragraph("evidence overlap --all lists them, with the reasons.", style=DIM)
    return "\n".join(lines).lstrip("\n") + "\n"


def _head(undecided: Sequence[Suspicion], decided: Sequence[Suspicion]) -> str:
    known = f"{plural(len(decided), 'pair')} with {SUSPECT} points or more {'is' if len(decided) == 1 else 'are'} decided"
    if not undecided:
        return f"No pair of reports is suspected of sharing patients that is not decided; {known}."
    return f"{plural(len(undecided), 'pair')} of reports may share patients, and nobody has decided; {known}."


def render_json(review: Review, found: Sequence[Suspicion], **_: Any) -> str:
    """One object: the pairs, the most suspicious first."""
    pairs = [
        {
            "study_a": clean(pair.one),
            "study_b": clean(pair.other),
            "points": pair.points,
            "decided": pair.decided or None,
            "reasons": [clean(reason) for reason in pair.reasons],
        }
        for pair in found
    ]
    told = {"review": clean(review.name), "least": SUSPECT, "pairs": pairs}
    return json_text(told)


def render_csv(review: Review, found: Sequence[Suspicion], **_: Any) -> str:
    """One row a pair."""
    pairs = ((pair.one, pair.other, pair.points, pair.decided, "; ".join(pair.reasons)) for pair in found)
    return csv_rows((COLUMNS, *pairs))
