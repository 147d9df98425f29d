"""update(): the saved searches of a review run again, and what they find that nobody has seen yet.

What a search finds is sorted once: seen (by an earlier run of it), duplicate (found by another search), known (in
studies.csv or references.csv), new. Runs go into searches.csv, papers into found.csv, records into papers/; decisions
are made with `evidence screen`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from evidence.errors import DataError, NotPossible, OptionError
from evidence.papers.cache import cache_folder
from evidence.papers.citation import parse_citation
from evidence.papers.deduplicating import Identity, Index, identity_of, plain_doi, plain_title
from evidence.papers.eutils import NCBI, Eutils, NoAnswer
from evidence.papers.exported import read_export
from evidence.papers.library import Change, Library, read_papers
from evidence.papers.notices import FOLDER, UNSAID, PaperNotice, in_order
from evidence.papers.paper import Paper, author_of
from evidence.papers.search import Results, check_query, search_all
from evidence.review.decisions import papers_of, stage_of, verdicts
from evidence.review.foreign_text import as_cell, as_name
from evidence.review.question import FILE, Search
from evidence.review.schema import KINDS, PATTERNS, FoundPaper, Problem, near
from evidence.review.tables import Review
from evidence.review.writing import editing

if TYPE_CHECKING:
    from evidence.papers.pacing import Clock

PUBMED = "PubMed"
LONGEST_KEY = 80


class SearchRun(NamedTuple):
    """One search as it was run: its query, what the database made of it and left out, and what became of the records.

    `parts` is in how many parts a large set was asked for; `stopped` why there is no answer, "" if there is.
    """

    name: str
    database: str
    kind: str
    query: str = ""
    translation: str = ""
    since: str = ""
    records: int = 0
    seen: int = 0
    duplicates: int = 0
    known: int = 0
    new: int = 0
    left_out: tuple[str, ...] = ()
    parts: int = 1
    stopped: str = ""


class NewPaper(NamedTuple):
    """A paper nobody has seen yet: what it is called, its record, and the search that found it first."""

    key: str
    paper: Paper
    search: str


@dataclass(frozen=True)
class Update:
    """What an update found. `notices` are those on the review's own reports, by study; `fresh` those not kept before.

    `waiting` is how many papers wait to be screened, the new ones included; `recorded` whether it was written.
    """

    version: str
    review: str
    title: str
    run: int
    runs: tuple[SearchRun, ...]
    papers: tuple[NewPaper, ...]
    waiting: int
    notices: Mapping[str, tuple[PaperNotice, ...]]
    fresh: frozenset[PaperNotice] = frozenset()
    changes: tuple[Change, ...] = ()
    recorded: bool = False
    requests: int = 0
    service: str = PUBMED
    notes: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether every search was run, and as it was written."""
        return not any(run.stopped or run.left_out for run in self.runs)


class Planned(NamedTuple):
    """A saved search as it would be sent; `sent` is False where its database is not PubMed."""

    search: Search
    sent: bool


class _Hits(NamedTuple):
    """A search with all it found: a record for each, or an identity alone where there is none."""

    run: SearchRun
    papers: tuple[Paper, ...]


def check_searches(review: Review, names: Sequence[str] = ()) -> list[Planned]:
    """The saved searches of these names, else all, checked; nothing is sent.

    Raises DataError with every part of a query that PubMed would not search as it is written, OptionError for a
    name that is none.
    """
    for name in names:
        if name not in review.searches:
            saved = ", ".join(review.searches) or f"none; {FILE} has no [searches.NAME]"
            raise OptionError("NAME", name, f"a saved search{near(name, review.searches)}: {saved}")
    planned = [
        Planned(search, search.database.strip().lower() in ("", "pubmed", "medline"))
        for name, search in review.searches.items()
        if not names or name in names
    ]
    problems = [
        Problem(
            FILE, None, f"searches.{one.search.name}.query", flaw.part, flaw.reason, flaw.allowed, flaw.likely
        )
        for one in planned
        if one.sent
        for flaw in check_query(one.search.query)
    ]
    if problems:
        raise DataError(problems)
    return planned


def update(
    review: Review,
    names: Sequence[str] = (),
    *,
    source: str | None = None,
    database: str = "",
    kind: str = "database",
    since: str | None = None,
    email: str = "",
    api_key: str = "",
    base_url: str | None = None,
    offline: bool = False,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    told: Callable[[str], None] = lambda text: None,
    clock: Clock | None = None,
) -> Update:
    """Run the saved searches of these `names`, else all, or take what another database exported to the file `source`.

    `database` and `kind` (of KINDS) say where that file is from, one name what search it is. `since` leaves out what
    entered PubMed before that day. `dry_run` records nothing; the review that comes with evidence is never written.
    Raises DataError for a query PubMed would not search as written, OptionError, InputError, NotPossible.
    """
    if kind not in KINDS:
        raise OptionError("kind", kind, KINDS)
    first = _day(since) if since else None
    eutils = Eutils(
        email=email,
        api_key=api_key,
        base_url=base_url or NCBI,
        folder=cache_folder(),
        offline=offline,
        clock=clock,
        told=told,
    )
    keeps = not (dry_run or review.shipped)
    records = _Records(review, eutils, keeps, progress)
    notes: list[str] = []
    try:
        if source is not None:
            hits = [_exported(review, names, source, database, kind)]
        else:
            planned = check_searches(review, names)
            if not planned:
                raise NotPossible(
                    f"{FILE} has no saved search; write one under [searches.NAME], or give --from FILE"
                )
            notes += [_elsewhere(one.search) for one in planned if not one.sent]
            hits = [
                _run(one.search, eutils, records, review, first, since or "") for one in planned if one.sent
            ]
        notices, fresh = records.notices()
    finally:
        eutils.close()
    sorted_ = _Sorted()
    run = 0
    if keeps:
        with editing(review.path) as edit:
            now = edit.preview()  # as it is on disk by now: somebody else may have found the same
            run = _next_run(now)
            sorted_ = _sort(now, hits, run)
            for row in sorted_.searches:
                edit.append("searches", row)
            for row in sorted_.found:
                edit.append("found", row)
            after = edit.preview()
            edit.commit()
    else:
        run = _next_run(review)
        sorted_ = _sort(review, hits, run)
        after = review
        if review.shipped and not dry_run:
            notes.append(
                "nothing was recorded: the review that comes with evidence is read-only; "
                "evidence init --example DIR makes a copy of it that is yours"
            )
    if eutils.trouble:
        notes.append(f"answers are not remembered for the next time: {eutils.trouble}")
    notes += records.notes
    if sorted_.cited:
        shown = ", ".join(sorted_.cited[:5]) + (", ..." if len(sorted_.cited) > 5 else "")
        papers = f"{len(sorted_.cited):,} known paper{'s' * (len(sorted_.cited) != 1)}"
        notes.append(
            f"{papers} stand{'s' * (len(sorted_.cited) == 1)} in a reference list alone, not in studies.csv: {shown}"
        )
    from evidence import __version__

    return Update(
        version=__version__,
        review=review.name,
        title=review.title,
        run=run,
        runs=tuple(sorted_.runs),
        papers=tuple(sorted_.papers),
        waiting=len(waiting(after)) + (0 if keeps else len(sorted_.papers)),
        notices=notices,
        fresh=frozenset(fresh),
        changes=tuple(records.changes),
        recorded=keeps,
        requests=eutils.sent,
        service=eutils.name,
        notes=tuple(notes),
    )


def waiting(review: Review) -> list[FoundPaper]:
    """The papers of found.csv on which a decision is still open, in the order they were found."""
    standing = verdicts(review.decisions)
    return [row for paper, row in papers_of(review.found).items() if stage_of(paper, standing)]


def _day(text: str) -> date:
    """The first day of 2023, 2023-07 or 2023-07-31."""
    pattern, words = PATTERNS["date"]
    if pattern.fullmatch(text):
        year, month, day = (*map(int, text.split("-")), 1, 1)[:3]
        try:
            return date(year, month, day)
        except ValueError:
            pass
    raise OptionError("since", text, words)


def _next_run(review: Review) -> int:
    return max((run.run for run in review.runs), default=0) + 1


def _elsewhere(search: Search) -> str:
    return (
        f"{search.name} is a search of {search.database}: run it there, export what it finds, then: "
        f'evidence update {search.name} --from FILE --database "{search.database}"'
    )


# ---- what is found -------------------------------------------------------------------------------


def _run(
    search: Search, eutils: Eutils, records: _Records, review: Review, first: date | None, since: str
) -> _Hits:
    """A saved search of PubMed, with the records that are needed to tell whether they are new."""
    run = SearchRun(search.name, PUBMED, "database", search.query, since=since)
    try:
        results = search_all(search.query, partial(eutils.run, search.query), since=first)
        papers = records.of(results, review)
    except NoAnswer as error:
        why = "it was not run: --offline asks nobody" if error.offline else str(error)
        return _Hits(run._replace(stopped=why), ())
    except NotPossible as error:
        return _Hits(run._replace(stopped=str(error)), ())
    run = run._replace(
        translation=results.translation,
        records=results.total,
        left_out=results.left_out,
        parts=max(1, len(results.splits)),
    )
    if len(results.pmids) != results.total:
        run = run._replace(stopped="PubMed changed while it was asked: run this again")
        return _Hits(run, ())
    return _Hits(run, papers)


def _exported(review: Review, names: Sequence[str], source: str, database: str, kind: str) -> _Hits:
    """What another database exported."""
    if len(names) > 1:
        raise OptionError("NAME", " ".join(names), "one name for the search whose export --from gives")
    path = Path(source)
    name = names[0] if names else as_name(path.name)
    saved = review.searches.get(name)
    if not name:
        raise OptionError("NAME", "", "a name for the search whose export --from gives")
    papers = tuple(read_export(path))
    return _Hits(
        SearchRun(
            name,
            database or (saved.database if saved else "") or (name if kind == "database" else ""),
            kind,
            saved.query if saved else "",
            records=len(papers),
        ),
        papers,
    )


class _Records:
    """The records that are looked into, and where they are kept: in the review's folder, or for this time only."""

    def __init__(
        self, review: Review, eutils: Eutils, keeps: bool, progress: Callable[[int, int], None]
    ) -> None:
        self.review, self.eutils, self.keeps, self.progress = review, eutils, keeps, progress
        self.library = Library(os.path.join(review.path, FOLDER))
        self.changes: list[Change] = []
        self.notes: list[str] = []
        self._papers: dict[str, Paper] = {}

    def of(self, results: Results, review: Review) -> tuple[Paper, ...]:
        """A paper for each PMID: its record where the PMID alone does not tell that it is known, else the PMID alone."""
        told = {row.pmid for row in review.studies.values()} | {row.pmid for row in review.references}
        told |= {row.pmid for row in review.found}
        unknown = [pmid for pmid in results.pmids if pmid not in told and pmid not in self._papers]
        missing = []
        for pmid in unknown:
            kept = self.library.get(pmid)
            if kept is None:
                missing.append(pmid)
            else:
                self._papers[pmid] = kept
        came = 0
        for repeated in (False, True):
            for papers in self._fetch(missing, again=repeated):
                came += len(papers)
                self.progress(came, len(unknown))
            missing = [pmid for pmid in missing if pmid not in self._papers]
            if not missing:
                break
        if missing:
            shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            self.notes.append(f"PubMed lists {len(missing):,} papers whose record it does not give: {shown}")
        return tuple(self._papers.get(pmid) or Paper(pmid=pmid) for pmid in results.pmids)

    def _fetch(self, pmids: Sequence[str], *, again: bool) -> Iterator[Mapping[str, Paper]]:
        for batch in self.eutils.fetch(pmids, again=again) if pmids else ():
            papers = read_papers(batch.records.texts)
            if self.keeps:
                texts = {pmid: text for pmid, text in batch.records.texts.items() if pmid in papers}
                self.changes += self.library.add(
                    texts, fetched=batch.fetched, address=self.eutils.base_url, papers=papers
                )
            self._papers |= papers
            yield papers

    def notices(self) -> tuple[Mapping[str, tuple[PaperNotice, ...]], list[PaperNotice]]:
        """What hangs on the review's own reports as PubMed has it today, by study; and what of it is news."""
        studies = {study.pmid: study.study for study in self.review.studies.values() if study.pmid}
        for reference in self.review.references:
            if reference.pmid and reference.study and reference.study not in studies.values():
                studies[reference.pmid] = reference.study
        before = set(self.library.notices())
        hung = {notice for notice in before if notice.pmid in studies}
        try:
            if studies and not self.eutils.offline:
                for papers in self._fetch(list(studies), again=True):
                    hung = {notice for notice in hung if notice.pmid not in papers} | {
                        PaperNotice(pmid, paper.doi, notice.kind, notice.text, notice.pmid)
                        for pmid, paper in papers.items()
                        for notice in paper.notices
                        if notice.kind not in UNSAID
                    }
        except NoAnswer as error:
            self.notes.append(f"whether a report of the review was retracted was not learned: {error}")
        without = [
            study.study for study in self.review.studies.values() if study.study not in studies.values()
        ]
        if without and not self.eutils.offline:
            of = f"{len(without)} of {len(self.review.studies)} reports of the review have no PMID"
            self.notes.append(f"{of}: whether they were retracted is not known; evidence fetch finds PMIDs")
        by_study: dict[str, list[PaperNotice]] = {}
        for notice in in_order(sorted(hung)):
            by_study.setdefault(studies[notice.pmid], []).append(notice)
        return {study: tuple(one) for study, one in by_study.items()}, [n for n in hung if n not in before]


# ---- what it is ----------------------------------------------------------------------------------


@dataclass
class _Sorted:
    """What becomes of the hits: rows of the two tables, the runs with their counts, the new papers."""

    runs: list[SearchRun]
    papers: list[NewPaper]
    searches: list[dict[str, str]]
    found: list[dict[str, str]]
    cited: list[str]
    """Papers that are known from a reference list, and are no report of the review."""

    def __init__(self) -> None:
        self.runs, self.papers, self.searches, self.found, self.cited = [], [], [], [], []


_COUNTED = {"new": "new", "known": "known", "duplicate": "duplicates"}
"""Status of a paper -> the column of searches.csv that counts it."""


def _sort(review: Review, hits: Iterable[_Hits], number: int) -> _Sorted:
    """Each hit as seen, duplicate, known or new, for the review as it is."""
    known = Index(_known(review))
    found: Index[str] = Index((_identity(row), row.paper) for row in review.found)
    earlier = {(row.paper, row.search): row for row in review.found}
    logged = {(run.run, run.search) for run in review.runs}
    taken = {row.paper for row in review.found}
    today, now = date.today().isoformat(), _Sorted()
    for run, papers in hits:
        counts = dict.fromkeys(("seen", "duplicates", "known", "new"), 0)
        here: set[str] = set()
        for paper in papers:
            identity = identity_of(paper)
            key = found.find(identity)
            note = ""
            before = earlier.get((key or "", run.name))
            if key is not None and before is not None and key not in here:
                here.add(key)
                # A run whose papers were written and its counts not was interrupted: this one is it, once more.
                resumed = before.run == number and (number, run.name) not in logged
                counts[_COUNTED[before.status] if resumed else "seen"] += 1
                if resumed and before.status == "new":
                    now.papers.append(NewPaper(key, paper, run.name))
                continue
            if key is not None:
                status = "duplicate"
            else:
                key = _key(paper, taken)
                note = known.find(identity) or ""
                status = "known" if note else "new"
                if note.startswith("references.csv"):
                    now.cited.append(key)
            counts[_COUNTED[status]] += 1
            if status == "new":
                now.papers.append(NewPaper(key, paper, run.name))
            if key not in here:
                now.found.append(_row(key, paper, run.name, number, status, note))
            here.add(key)
            taken.add(key)
            found.add(identity, key)
        run = run._replace(
            seen=counts["seen"], duplicates=counts["duplicates"], known=counts["known"], new=counts["new"]
        )
        now.runs.append(run)
        if not run.stopped:
            now.searches.append(_logged(run, number, today))
    return now


def _known(review: Review) -> Iterator[tuple[Identity, str]]:
    for study in review.studies.values():
        identity = Identity(study.pmid, study.doi, study.title, study.year, _family(study.authors))
        yield identity, f"studies.csv: {study.study}"
    for row in review.references:
        printed = parse_citation(row.citation)
        cited = f"references.csv: {row.cited_by}:{row.number}"
        where = f"studies.csv: {row.study}" if row.study else cited
        family = author_of(printed.authors[0]).family if printed.authors else ""
        pmid, doi = row.pmid or printed.pmid, row.doi or printed.doi
        yield Identity(pmid, doi, printed.title, printed.year, family), where


def _identity(row: FoundPaper) -> Identity:
    return Identity(row.pmid, row.doi, row.title, row.year, _family(row.authors))


def _family(authors: str) -> str:
    """The family name of the first of `Khan MA, King M` or `Khan, M; King, M`."""
    first = re.split("[,;]", authors, maxsplit=1)[0].strip()
    return author_of(first).family if first else ""


def _key(paper: Paper, taken: set[str]) -> str:
    """What a paper is called: its PMID, else its DOI, else first author, year and title."""
    if paper.pmid:
        return paper.pmid
    words = " ".join(
        filter(
            None, (plain_title(paper.first_author_family), str(paper.year or ""), plain_title(paper.title))
        )
    )
    key = plain_doi(paper.doi) or as_cell(words[:LONGEST_KEY].strip()) or "no title"
    number, name = 1, key
    while name in taken:
        number += 1
        name = f"{key} ({number})"
    return name


def _row(key: str, paper: Paper, search: str, number: int, status: str, note: str) -> dict[str, str]:
    year = str(paper.year) if paper.year and 1500 <= paper.year <= 2200 else ""
    row = {
        "paper": key,
        "search": search,
        "run": str(number),
        "status": status,
        "pmid": paper.pmid,
        "doi": plain_doi(paper.doi),
        "authors": as_cell(", ".join(author.name for author in paper.authors)),
        "year": year,
        "title": as_cell(paper.title),
        "journal": as_cell(paper.journal_abbreviation or paper.journal),
        "abstract": "" if paper.pmid and paper.medline else as_cell(paper.abstract),
        "note": note,
    }
    return row if PATTERNS["doi"][0].fullmatch(row["doi"]) else {**row, "doi": ""}


def _logged(run: SearchRun, number: int, today: str) -> dict[str, str]:
    return {
        "run": str(number),
        "search": run.name,
        "date": today,
        "database": as_cell(run.database),
        "kind": run.kind,
        "query": as_cell(run.query),
        "translation": as_cell(run.translation),
        "since": run.since,
        **{name: str(getattr(run, name)) for name in ("records", "seen", "duplicates", "known", "new")},
        "note": as_cell("; ".join(run.left_out)),
    }
