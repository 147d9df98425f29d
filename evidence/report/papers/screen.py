"""The screening of papers: what waits, who disagrees, a decision as it was written."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evidence.report.characters import clean, to_ascii, wrap
from evidence.report.machine import csv_rows, csv_text, json_text
from evidence.report.papers.update import cited

if TYPE_CHECKING:
    from evidence.analysis.screening import Decided, Progress, ToScreen
    from evidence.papers.paper import Paper
    from evidence.review.decisions import Verdict

CSV_COLUMNS = (
    "paper",
    "stage",
    "pmid",
    "doi",
    "authors",
    "year",
    "title",
    "journal",
    "search",
    "later",
    "abstract",
)
CONFLICT_COLUMNS = ("paper", "stage", "screener", "decision", "reason", "date")


def render_paper(paper: ToScreen, place: str = "", *, width: int = 80, unicode: bool = True) -> str:
    """One paper with its abstract, to be decided on."""
    head = f"{place}{clean(paper.row.paper)}, {paper.stage}" + (
        f" (later: {clean(paper.later)})" if paper.later else ""
    )
    lines = ["", *wrap(head, width), *wrap(clean(cited(paper.paper)), width, "  ")]
    lines += [f"  {line}" for line in _notices(paper.paper)]
    lines += ["", *wrap(clean(paper.paper.abstract) or "No abstract.", width, "  "), ""]
    text = "\n".join(lines) + "\n"
    return text if unicode else to_ascii(text)


def _notices(paper: Paper) -> Iterator[str]:
    for notice in paper.notices:
        if notice.kind in ("retracted", "partially retracted", "expression of concern"):
            yield f"{notice.kind.upper()}: {clean(notice.text)}"


def render_list(
    waiting: Sequence[ToScreen], progress: Progress, *, width: int = 80, unicode: bool = True
) -> str:
    """What waits, one paper after another, and how far the screening is."""
    lines = wrap(_so_far(progress), width)
    for stage, count in progress.waiting.items():
        shown = [one for one in waiting if one.stage == stage]
        if shown:
            lines += ["", f"  To decide on the {stage}:" if count else f"  {stage}:"]
        for one in shown:
            later = f" (later: {clean(one.later)})" if one.later else ""
            lines += wrap(clean(cited(one.paper)) + later, width, "    ", "      ")
    if progress.conflicts:
        count = len(progress.conflicts)
        lines += ["", f"  {count} conflict{'s' * (count != 1)}: evidence screen --conflicts"]
    text = "\n".join(lines) + "\n"
    return text if unicode else to_ascii(text)


def _so_far(progress: Progress) -> str:
    if not progress.papers:
        return "No search has found a paper yet: evidence update"
    open_ = sum(progress.waiting.values())
    return f"{progress.papers:,} papers: {progress.included:,} included, {progress.excluded:,} excluded, {open_:,} open"


def render_conflicts(progress: Progress, *, width: int = 80, unicode: bool = True) -> str:
    """Papers on which screeners disagree, and how well they agree on all."""
    if not progress.conflicts:
        lines = ["No conflict."]
    else:
        count = len(progress.conflicts)
        lines = [f"{count} conflict{'s' * (count != 1)}; who settles one decides as: --by consensus"]
    for verdict in progress.conflicts:
        lines += ["", f"  {clean(verdict.paper)}, {verdict.stage}"]
        for one in verdict.decisions:
            reason = f": {clean(one.reason)}" if one.reason else ""
            lines += wrap(
                f"{clean(one.screener)}, {one.date}: {one.decision}{reason}", width, "    ", "      "
            )
    if progress.agreements:
        lines += ["", "  How they agree (Cohen's kappa):"]
    for pair in progress.agreements:
        kappa = f"{pair.kappa.kappa:.2f}" if pair.kappa.kappa is not None else ""
        if pair.kappa.low is not None and pair.kappa.high is not None:
            kappa += f" ({pair.kappa.low:.2f} to {pair.kappa.high:.2f})"
        kappa = ", ".join(filter(None, (kappa and f"kappa {kappa}", pair.kappa.note)))
        share = f"{pair.agreed} of {pair.papers} ({100 * pair.agreed / pair.papers:.0f} %)"
        told = f"{pair.stage}: {clean(pair.one)} and {clean(pair.other)}, {share}, {kappa}"
        lines += wrap(told, width, "    ", "      ")
    text = "\n".join(lines) + "\n"
    return text if unicode else to_ascii(text)


def render_decided(decided: Decided, review: str = "", *, width: int = 80, unicode: bool = True) -> str:
    """The decision, and the report to add where a paper was taken in."""
    one = decided.decision
    reason = f": {clean(one.reason)}" if one.reason else ""
    told = f"decisions.csv row {one.row}: {clean(one.paper)}, {one.stage}, {clean(one.screener)}: {one.decision}{reason}"
    lines = wrap(told + (f" ({clean(decided.replaced)})" if decided.replaced else ""), width)
    if decided.conflict:
        lines += wrap("Others decided otherwise: evidence screen --conflicts", width, "  ")
    if decided.report:
        lines += ["  To add it to the review:", "", add_line(decided.report, review)]
    text = "\n".join(lines) + "\n"
    return text if unicode else to_ascii(text)


def add_line(report: Mapping[str, str], review: str = "") -> str:
    """The command that adds a report, as a shell reads it."""
    where = ["--review", review] if review else []
    given = [
        word for name, value in report.items() if value for word in (f"--{name.replace('_', '-')}", value)
    ]
    return "evidence add report " + " ".join(shlex.quote(clean(word)) for word in (*where, *given))


# ---- for programs --------------------------------------------------------------------------------


def render_json(waiting: Sequence[ToScreen], progress: Progress) -> str:
    """One object."""
    found: dict[str, Any] = {
        "papers": progress.papers,
        "included": progress.included,
        "excluded": progress.excluded,
        "open": dict(progress.waiting),
        "waiting": [_row(one) for one in waiting],
        "conflicts": [
            {
                "paper": clean(verdict.paper),
                "stage": verdict.stage,
                "decisions": [
                    {
                        name: clean(str(getattr(one, name)))
                        for name in ("screener", "decision", "reason", "date")
                    }
                    for one in verdict.decisions
                ],
            }
            for verdict in progress.conflicts
        ],
        "agreement": [pair._asdict() | {"kappa": pair.kappa._asdict()} for pair in progress.agreements],
    }
    return json_text(found)


def render_csv(waiting: Sequence[ToScreen]) -> str:
    """One row a paper that waits."""
    return csv_text(CSV_COLUMNS, map(_row, waiting))


def render_conflicts_csv(conflicts: Sequence[Verdict]) -> str:
    """One row a decision on a paper in conflict."""
    rows = (
        [getattr(one, name) for name in CONFLICT_COLUMNS]
        for verdict in conflicts
        for one in verdict.decisions
    )
    return csv_rows((CONFLICT_COLUMNS, *rows))


def _row(one: ToScreen) -> dict[str, Any]:
    paper = one.paper
    return {
        "paper": clean(one.row.paper),
        "stage": one.stage,
        "pmid": paper.pmid,
        "doi": clean(paper.doi),
        "authors": ", ".join(clean(author.name) for author in paper.authors),
        "year": paper.year,
        "title": clean(paper.title),
        "journal": clean(paper.journal_abbreviation or paper.journal),
        "search": clean(one.row.search),
        "later": clean(one.later),
        "abstract": clean(paper.abstract),
    }
