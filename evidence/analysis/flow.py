"""flow(): the counts of a PRISMA 2020 flow diagram for an updated review, from the tables, and whether they add up.

What searches found comes from searches.csv and found.csv, what was decided from decisions.csv, what the review had
before from studies.csv. A report is included where a table holds a result of it; a study is a cohort, however often
published.

Page MJ, McKenzie JE, Bossuyt PM, et al. The PRISMA 2020 statement: an updated guideline for reporting systematic
reviews. BMJ. 2021;372:n71. The CSV has the columns that the R package PRISMA2020 reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from evidence.analysis.screening import study_of
from evidence.errors import OptionError
from evidence.review.decisions import ABSTRACT, FULL_TEXT, Verdict, is_included, papers_of, verdicts
from evidence.review.schema import PATTERNS, FoundPaper, Run
from evidence.review.tables import Review

OTHERS = ("website", "organisation", "citations")
"""Kinds of sources in the right column of the diagram; the others are databases and registers."""

NO_REASON = "no reason given"


class Finding(NamedTuple):
    """Where counts do not add up, or are not final: what, and what to do about it."""

    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}" if self.remedy else self.what


class Arm(NamedTuple):
    """One column of the diagram: from the papers to be screened to those taken in; `excluded` by reason."""

    screened: int
    out: int
    sought: int
    not_retrieved: int
    assessed: int
    excluded: Mapping[str, int]
    included: int


@dataclass(frozen=True)
class Flow:
    """The counts of the diagram, by the names of the R package PRISMA2020; `findings` are what does not add up."""

    version: str
    review: str
    title: str
    since: str
    sources: Mapping[str, Mapping[str, int]]
    duplicates: int
    known: int
    databases: Arm
    others: Arm
    previous_studies: int
    previous_reports: int
    new_studies: int
    new_reports: int
    total_studies: int
    total_reports: int
    pooled_studies: int
    pooled_reports: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def identified(self) -> int:
        """Records from databases and registers."""
        return sum(sum(self.sources.get(kind, {}).values()) for kind in ("database", "register"))

    def counts(self) -> dict[str, int | Mapping[str, int]]:
        """Name of the template -> count, or counts by name."""
        of = {kind: sum(names.values()) for kind, names in self.sources.items()}
        return {
            "previous_studies": self.previous_studies,
            "previous_reports": self.previous_reports,
            "database_results": of.get("database", 0),
            "database_specific_results": self.sources.get("database", {}),
            "register_results": of.get("register", 0),
            "register_specific_results": self.sources.get("register", {}),
            "website_results": of.get("website", 0),
            "organisation_results": of.get("organisation", 0),
            "citations_results": of.get("citations", 0),
            "duplicates": self.duplicates,
            "excluded_automatic": 0,
            "excluded_other": self.known,
            "records_screened": self.databases.screened,
            "records_excluded": self.databases.out,
            "dbr_sought_reports": self.databases.sought,
            "dbr_notretrieved_reports": self.databases.not_retrieved,
            "other_sought_reports": self.others.sought,
            "other_notretrieved_reports": self.others.not_retrieved,
            "dbr_assessed": self.databases.assessed,
            "dbr_excluded": self.databases.excluded,
            "other_assessed": self.others.assessed,
            "other_excluded": self.others.excluded,
            "new_studies": self.new_studies,
            "new_reports": self.new_reports,
            "total_studies": self.total_studies,
            "total_reports": self.total_reports,
            "total_studies_ma": self.pooled_studies,
            "total_reports_ma": self.pooled_reports,
        }


def flow(review: Review, *, since: str | None = None) -> Flow:
    """The flow of papers into the review; `since` (2026, 2026-03 or 2026-03-31) counts the updates from that day on.

    Raises OptionError for a date that is none.
    """
    since = since or ""
    if since and not PATTERNS["date"][0].fullmatch(since):
        raise OptionError("since", since, PATTERNS["date"][1])
    runs = [run for run in review.runs if run.date >= since]
    numbers = {run.run for run in runs}
    standing = verdicts(review.decisions)
    kinds = {(run.run, run.search): run.kind for run in review.runs}
    papers = {paper: row for paper, row in papers_of(review.found).items() if row.run in numbers}
    sides: dict[bool, list[str]] = {False: [], True: []}
    for paper, row in papers.items():
        sides[kinds.get((row.run, row.search)) in OTHERS].append(paper)
    databases, others = (_arm(sides[side], standing) for side in (False, True))
    new = [(row, study_of(review, row)) for paper, row in papers.items() if is_included(paper, standing)]
    fresh = {study for _, study in new if study}
    with_results = _with_results(review)
    before = with_results - fresh
    included = before | fresh
    previous_studies, total_studies = _cohorts(review, before), _cohorts(review, included)
    pooled, pool_notes = _pooled(review)
    from evidence import __version__

    main = [run for run in runs if run.kind not in OTHERS]
    counted = Flow(
        version=__version__,
        review=review.name,
        title=review.title,
        since=since,
        sources=_sources(runs),
        duplicates=sum(run.duplicates for run in main),
        known=sum(run.known for run in main),
        databases=databases,
        others=others,
        previous_studies=len(previous_studies),
        previous_reports=len(before),
        new_studies=len(_cohorts(review, fresh) - previous_studies),
        new_reports=len(new),
        total_studies=len(total_studies),
        total_reports=len(included),
        pooled_studies=len(_cohorts(review, pooled)),
        pooled_reports=len(pooled),
        findings=tuple(_findings(review, runs, papers, standing, sides, new)),
        notes=(*_notes(review, with_results, fresh, runs), *pool_notes),
    )
    return replace(counted, findings=(*counted.findings, *_sums(counted, len(sides[False]))))


def _sums(flow: Flow, to_screen: int) -> Iterator[Finding]:
    """Sums of the diagram that do not come out, other than by papers that wait, which are said to."""
    left = flow.identified - flow.duplicates - flow.known
    if left != to_screen:
        yield Finding(
            f"{flow.identified:,} records - {flow.duplicates:,} duplicates - {flow.known:,} known = {left:,}, "
            f"but found.csv has {to_screen:,} papers to screen"
        )
    if flow.total_reports != flow.previous_reports + flow.new_reports:
        yield Finding(
            f"{flow.previous_reports:,} earlier + {flow.new_reports:,} new reports = "
            f"{flow.previous_reports + flow.new_reports:,}, but the review has {flow.total_reports:,}"
        )


def _sources(runs: Iterable[Run]) -> dict[str, dict[str, int]]:
    """Kind -> database -> records, those that an earlier run of the same search had found left out."""
    sources: dict[str, dict[str, int]] = {}
    for run in runs:
        names = sources.setdefault(run.kind, {})
        # Of websites, organisations and citations the diagram has no box for duplicates: what is new is counted.
        records = run.new if run.kind in OTHERS else run.records - run.seen
        name = run.database or run.search
        names[name] = names.get(name, 0) + records
    return sources


def _arm(papers: Sequence[str], standing: Mapping[tuple[str, str], Verdict]) -> Arm:
    abstract = Counter(_decision(standing, paper, ABSTRACT) for paper in papers)
    passed = [paper for paper in papers if _decision(standing, paper, ABSTRACT) == "include"]
    full = [standing.get((paper, FULL_TEXT)) for paper in passed]
    decided = Counter(one.decision for one in full if one)
    reasons = Counter(one.reason or NO_REASON for one in full if one and one.decision == "exclude")
    return Arm(
        screened=abstract["include"] + abstract["exclude"],
        out=abstract["exclude"],
        sought=len(passed),
        not_retrieved=decided["not retrieved"],
        assessed=decided["include"] + decided["exclude"],
        excluded=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        included=decided["include"],
    )


def _decision(standing: Mapping[tuple[str, str], Verdict], paper: str, stage: str) -> str:
    verdict = standing.get((paper, stage))
    return verdict.decision if verdict else ""


def _with_results(review: Review) -> set[str]:
    """Reports of which a table holds a result."""
    return {row.study for row in review.rows} | {patient.study for patient in review.patients}


def _cohorts(review: Review, reports: Iterable[str]) -> set[str]:
    return {cohort for study in reports for cohort in review.cohorts[study]}


def _pooled(review: Review) -> tuple[set[str], tuple[str, ...]]:
    """The reports that the default analysis pools."""
    from evidence.errors import NotPossible
    from evidence.review.selection import resolve, select

    if not review.analyses:
        return set(), ("review.toml declares no analysis: nothing counts as pooled.",)
    try:
        selection = select(review, resolve(review))
    except NotPossible as error:
        return set(), (f"Nothing counts as pooled: {error}.",)
    return {entry.study.study for entry in selection.chosen}, ()


# ---- does it add up ------------------------------------------------------------------------------


def _findings(
    review: Review,
    runs: Sequence[Run],
    papers: Mapping[str, FoundPaper],
    standing: Mapping[tuple[str, str], Verdict],
    sides: Mapping[bool, Sequence[str]],
    new: Sequence[tuple[FoundPaper, str]],
) -> Iterator[Finding]:
    rows = Counter((row.run, row.search, row.status) for row in review.found)
    for run in runs:
        where = f"searches.csv row {run.row} ({run.search}, update {run.run})"
        parts = run.seen + run.duplicates + run.known + run.new
        if parts != run.records:
            yield Finding(
                f"{where}: {run.records} records are not {run.seen} seen + {run.duplicates} duplicates + "
                f"{run.known} known + {run.new} new = {parts}"
            )
        for status, count in (("new", run.new), ("known", run.known)):
            there = rows[run.run, run.search, status]
            if there != count and (status == "new" or there > count):
                yield Finding(f"{where}: {count} {status}, but found.csv has {there} {status} rows of it")
    logged = {(run.run, run.search) for run in review.runs}
    for row in review.found:
        if (row.run, row.search) not in logged:
            yield Finding(f"found.csv row {row.row}: update {row.run} of {row.search} is not in searches.csv")
            break
    known = {row.paper for row in review.found if row.status == "new"}
    for one in review.decisions:
        if one.paper not in known:
            yield Finding(f"decisions.csv row {one.row}: {one.paper} is no new paper of found.csv")
        elif one.decision == "exclude" and not one.reason:
            yield Finding(f"decisions.csv row {one.row}: {one.paper} is excluded without a reason")
    for paper in papers:
        if _decision(standing, paper, FULL_TEXT) and _decision(standing, paper, ABSTRACT) != "include":
            yield Finding(f"{paper} is decided on its full text, but its abstract was not let through")
    conflicts = [one for one in standing.values() if one.conflict and one.paper in papers]
    if conflicts:
        yield Finding(
            f"{_papers(len(conflicts))} in conflict between screeners", "evidence screen --conflicts"
        )
    for stage in (ABSTRACT, FULL_TEXT):
        waits = [
            paper
            for paper in (*sides[False], *sides[True])
            if not _decision(standing, paper, stage)
            and (stage == ABSTRACT or _decision(standing, paper, ABSTRACT) == "include")
            and not ((paper, stage) in standing and standing[paper, stage].conflict)
        ]
        if waits:
            yield Finding(f"{_papers(len(waits))} not yet decided on the {stage}", "evidence screen")
    for row, study in new:
        if not study:
            yield Finding(
                f"{row.paper} is included, but studies.csv has no such report", "evidence add report"
            )


def _papers(count: int) -> str:
    return f"{count:,} paper{'s' * (count != 1)}"


def _notes(review: Review, with_results: set[str], fresh: set[str], runs: Sequence[Run]) -> Iterator[str]:
    without = [study for study in review.studies if study not in with_results and study not in fresh]
    if without:
        count = len(without)
        reports = f"{count} report{'s' * (count != 1)} of studies.csv without a result"
        yield f"Not counted: {reports} ({', '.join(without[:4])}{', ...' if count > 4 else ''})."
    waiting = [study for study in fresh if study not in with_results]
    if waiting:
        yield f"Included, but no result entered yet: {', '.join(sorted(waiting))}."
    if not runs:
        yield "No search was run: evidence update."
    other = [run for run in runs if run.kind in OTHERS and run.records != run.new]
    if other:
        count = sum(run.records - run.new for run in other)
        yield f"From other methods {count} more records were duplicates or known; the diagram has no box for them."
    yield "A report counts as included where a table holds a result of it, a study is a cohort."
