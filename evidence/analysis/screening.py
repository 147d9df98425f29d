"""Decisions on the papers a search found: what waits for whom, and a decision written down.

Each decision is written at once, under the review's lock, so that two screeners may work at the same time and nothing
is lost when one is interrupted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import NamedTuple

from evidence.errors import OptionError
from evidence.papers.deduplicating import plain_doi, plain_title
from evidence.papers.library import Library
from evidence.papers.notices import FOLDER
from evidence.papers.paper import Paper, author_of
from evidence.review.decisions import (
    ABSTRACT,
    CONSENSUS,
    FULL_TEXT,
    Agreement,
    Verdict,
    agreements,
    conflicts,
    is_included,
    papers_of,
    stage_of,
    verdicts,
)
from evidence.review.foreign_text import as_cell, as_name
from evidence.review.schema import STAGES, VERDICTS, Decision, FoundPaper
from evidence.review.tables import Review
from evidence.review.writing import editing


class ToScreen(NamedTuple):
    """A paper that waits: its row of found.csv, its record, the stage it is at, and what `later` said of it."""

    row: FoundPaper
    paper: Paper
    stage: str
    later: str = ""


class Decided(NamedTuple):
    """A decision as it was written: the row number it has, what it replaced, and the report to add, if it was taken in."""

    decision: Decision
    replaced: str
    conflict: bool
    report: dict[str, str] | None


class Progress(NamedTuple):
    """How far the screening is: papers by how they stand, the conflicts, and how screeners agree."""

    papers: int
    waiting: dict[str, int]
    included: int
    excluded: int
    conflicts: tuple[Verdict, ...]
    agreements: tuple[Agreement, ...]


def to_screen(review: Review, by: str = "", *, stage: str = "", second: bool = False) -> list[ToScreen]:
    """What waits for a screener, in the order it was found, what was put off last.

    `second` adds what others decided on the abstract and this one did not, without saying what they decided.
    """
    standing = verdicts(review.decisions)
    own = {(one.paper, one.stage): one for one in review.decisions if one.screener == by}
    library = Library(os.path.join(review.path, FOLDER))
    found = []
    for paper, row in papers_of(review.found).items():
        at = stage_of(paper, standing)
        verdict = standing.get((paper, at))
        if second and by and (paper, ABSTRACT) not in own:
            at = ABSTRACT
        elif not at or (verdict and verdict.conflict and by != CONSENSUS):
            continue
        mine = own.get((paper, at))
        if (mine and mine.decision != "later") or (stage and at != stage):
            continue
        said = (mine.reason or mine.note or "put off") if mine else ""
        found.append(ToScreen(row, record_of(row, library), at, said))
    return sorted(found, key=lambda one: bool(one.later))


def record_of(row: FoundPaper, library: Library) -> Paper:
    """The record of a found paper: PubMed's where it is kept, else what the table has."""
    kept = library.get(row.pmid) if row.pmid else None
    if kept is not None:
        return kept
    names = [name.strip() for name in re.split("[,;]", row.authors) if name.strip()]
    return Paper(
        pmid=row.pmid,
        doi=row.doi,
        title=row.title.removeprefix("'"),
        authors=tuple(author_of(name) for name in names),
        journal=row.journal,
        year=row.year,
        abstract=row.abstract.removeprefix("'"),
    )


def how_far(review: Review) -> Progress:
    """How far the screening is."""
    standing = verdicts(review.decisions)
    papers = papers_of(review.found)
    stages = [stage_of(paper, standing) for paper in papers]
    included = sum(1 for paper in papers if is_included(paper, standing))
    return Progress(
        papers=len(papers),
        waiting={stage: stages.count(stage) for stage in STAGES},
        included=included,
        excluded=stages.count("") - included,
        conflicts=tuple(conflicts(review.decisions)),
        agreements=tuple(agreements(review.decisions)),
    )


def decide(
    folder: str | Path,
    paper: str,
    decision: str,
    *,
    by: str,
    reason: str = "",
    stage: str = "",
    note: str = "",
    change: bool = False,
) -> Decided:
    """Write down what `by` decided about a paper (its PMID, DOI or name in found.csv) in the review in `folder`.

    Without a `stage`: the first one at which `by` has not decided. `change` replaces what `by` said before, which
    stays in the note. Raises OptionError for what may not be, and what `editing` raises.
    """
    by, reason, note = as_name(by), as_cell(reason), as_cell(note)
    _check(decision, by, reason, stage)
    with editing(folder) as edit:
        review = edit.preview()
        row = find(review, paper)
        standing = verdicts(review.decisions)
        at = stage or _stage(review, row.paper, by)
        if at == ABSTRACT and decision == "not retrieved":
            raise OptionError("decision", decision, "include, exclude or later on the abstract")
        passed = standing.get((row.paper, ABSTRACT))
        if at == FULL_TEXT and (passed is None or passed.decision != "include"):
            raise OptionError("stage", at, f"{ABSTRACT}: the paper has not passed it")
        before = next(
            (one for one in review.decisions if (one.paper, one.screener, one.stage) == (row.paper, by, at)),
            None,
        )
        cells = {
            "paper": row.paper,
            "screener": by,
            "stage": at,
            "decision": decision,
            "reason": reason,
            "date": date.today().isoformat(),
            "note": note,
        }
        replaced = ""
        if before is None:
            number = edit.append("decisions", cells)
        else:
            said = before.decision + (f" ({before.reason})" if before.reason else "")
            if (before.decision, before.reason) == (decision, reason) and not note:
                return Decided(before, "", False, _report(review, row, standing))
            if before.decision != "later" and not change:
                raise OptionError(
                    "decision", decision, f"{said}, as {by} decided on {before.date}; --change replaces it"
                )
            replaced = f"was {said} on {before.date}"
            kept = "; ".join(filter(None, (note, replaced, before.note)))
            number = before.row
            edit.replace("decisions", number, {**cells, "note": kept})
        after = edit.preview()
        edit.commit()
    standing = verdicts(after.decisions)
    written = next(one for one in after.decisions if one.row == number)
    return Decided(written, replaced, standing[row.paper, at].conflict, _report(after, row, standing))


def find(review: Review, paper: str) -> FoundPaper:
    """The row of a paper that waits, waited or was decided; by PMID, DOI or its name in found.csv."""
    papers = papers_of(review.found)
    wanted = paper.strip()
    doi = plain_doi(wanted)
    if wanted in papers:
        return papers[wanted]
    for row in papers.values() if wanted else ():
        if wanted == row.pmid or (doi and plain_doi(row.doi) == doi):
            return row
    known = next((row for row in review.found if wanted in (row.paper, row.pmid)), None)
    if known:
        raise OptionError("PAPER", paper, f"a paper that is new; this one was known: {known.note}")
    raise OptionError("PAPER", paper, "a paper of found.csv; evidence screen --list shows those that wait")


def _check(decision: str, by: str, reason: str, stage: str) -> None:
    if decision not in VERDICTS:
        raise OptionError("decision", decision, VERDICTS)
    if stage and stage not in STAGES:
        raise OptionError("stage", stage, STAGES)
    if not by:
        raise OptionError("by", by, "who decided, such as your initials")
    if decision == "exclude" and not reason:
        raise OptionError("reason", reason, "why it is excluded, such as: no outcome of ours")


def _stage(review: Review, paper: str, by: str) -> str:
    """The first stage at which somebody has not decided; consensus settles the first conflict."""
    standing = verdicts(review.decisions)
    if by == CONSENSUS:
        open_ = [stage for stage in STAGES if (one := standing.get((paper, stage))) and one.conflict]
        return open_[0] if open_ else stage_of(paper, standing) or FULL_TEXT
    own = {one.stage for one in review.decisions if (one.paper, one.screener) == (paper, by)}
    put_off = {
        one.stage
        for one in review.decisions
        if (one.paper, one.screener, one.decision) == (paper, by, "later")
    }
    for stage in STAGES:
        if stage not in own or stage in put_off:
            passed = stage == ABSTRACT or standing[paper, ABSTRACT].decision == "include"
            return stage if passed else ABSTRACT
    return FULL_TEXT


def _report(
    review: Review, row: FoundPaper, standing: dict[tuple[str, str], Verdict]
) -> dict[str, str] | None:
    """The row of studies.csv for a paper that was taken in and is not there yet; what nobody knows stays empty."""
    if not is_included(row.paper, standing) or study_of(review, row):
        return None
    paper = record_of(row, Library(os.path.join(review.path, FOLDER)))
    return report_row(paper, review.studies)


def study_of(review: Review, row: FoundPaper) -> str:
    """The report of studies.csv that a found paper is, by PMID or DOI, else by title and year; "" if none is."""
    doi, title = plain_doi(row.doi), plain_title(row.title)
    for study in review.studies.values():
        if row.pmid and study.pmid:
            if row.pmid == study.pmid:
                return study.study
        elif doi and study.doi:
            if doi == plain_doi(study.doi):
                return study.study
        elif title and title == plain_title(study.title) and row.year == study.year:
            return study.study
    return ""


def report_row(paper: Paper, taken: Collection[str] = ()) -> dict[str, str]:
    """A row of studies.csv from a record: what it says, unverified; design and all else is for a person to read."""
    family = re.sub("[^a-z0-9]", "", plain_title(paper.first_author_family)) or "paper"
    base = f"{family}{paper.year or ''}"
    number, key = 1, base
    while key in taken:
        number += 1
        key = f"{base}-{number}"
    return {
        "study": key,
        "authors": as_cell(", ".join(author.name for author in paper.authors)),
        "year": str(paper.year or ""),
        "title": as_cell(paper.title),
        "journal": as_cell(paper.journal_abbreviation or paper.journal),
        "doi": plain_doi(paper.doi),
        "pmid": paper.pmid,
        "design": "not stated",
        "state": "unverified",
    }
