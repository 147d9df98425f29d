"""fetch(): the references of a review, or a list of one's own, to PubMed's records, kept with the review.

What was found is written into references.csv: the PMID, how sure it is, and the DOI where there was none. Nothing
else of the file changes, and what is not settled is left to the user.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from evidence.errors import InputError, OptionError
from evidence.files import write_whole
from evidence.papers.cache import cache_folder
from evidence.papers.checking import PMID
from evidence.papers.citation import Citation, parse_citation
from evidence.papers.eutils import NCBI, Eutils
from evidence.papers.formats import read_references
from evidence.papers.library import Change, Library
from evidence.papers.notices import FOLDER, PaperNotice, in_order
from evidence.papers.paper import Paper
from evidence.papers.resolving import CONFIRMED, GIVEN, Resolution, Resolver, Wanted, next_step
from evidence.review.rewriting import change_cells
from evidence.review.schema import ReferenceEntry, Study, near
from evidence.review.tables import Review
from evidence.review.writing import editing

if TYPE_CHECKING:
    from evidence.papers.pacing import Clock

NONE = "none"
"""What is accepted for a reference that PubMed does not have."""

STATUS = {
    CONFIRMED: "PubMed record: first author, year and title agree",
    GIVEN: "accepted by hand",
    NONE: "not in PubMed, said by hand",
}
"""What references.csv says of a PMID."""

DOI_STATUS = "PubMed record"

Accepted = Mapping[str, str]


@dataclass(frozen=True)
class Fetched:
    """What became of each reference, and what the user should hear about it.

    `notices` are by PMID, of settled references alone. `stopped` is why PubMed
    was not asked to the end, "" if it was; `requests` how often `service` was.
    """

    version: str
    review: str
    title: str
    resolutions: tuple[Resolution, ...]
    notices: Mapping[str, tuple[PaperNotice, ...]]
    changes: tuple[Change, ...] = ()
    added: int = 0
    written: int = 0
    requests: int = 0
    service: str = "PubMed"
    stopped: str = ""
    notes: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do."""
        return not self.stopped and all(one.settled for one in self.resolutions)


class Planned(NamedTuple):
    """What would be done for a reference: the step, and what would be sent for it, "" for nothing."""

    wanted: Wanted
    step: str
    sends: str


def fetch(
    review: Review,
    pmids: Sequence[str] = (),
    *,
    source: str | None = None,
    accept: Accepted | None = None,
    email: str = "",
    api_key: str = "",
    base_url: str | None = None,
    offline: bool = False,
    refresh: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    told: Callable[[str], None] = lambda text: None,
    clock: Clock | None = None,
) -> Fetched:
    """Find and keep the records of `pmids`, else of the references in the file `source`, else of the review's own.

    `accept` is the user's word on what could not be confirmed: key -> PMID, or "none". `offline` asks nobody;
    `refresh` asks again for what is kept. Raises InputError for the review that comes with evidence, which is
    read-only, and for what cannot be read or written; OptionError for a wrong PMID, key or address.
    """
    refuse_shipped(review)
    wanted, rows = _wanted(review, pmids, source)
    wanted = _accepting(wanted, accept or {})
    eutils = Eutils(
        email=email,
        api_key=api_key,
        base_url=base_url or NCBI,
        folder=cache_folder(),
        offline=offline,
        refresh=refresh,
        clock=clock,
        told=told,
    )
    library = Library(os.path.join(review.path, FOLDER))
    notes = [f"{problem}; it counts again once it is fetched again" for problem in library.problems()[:5]]
    resolver = Resolver(library, eutils, refresh=refresh, progress=progress)
    try:
        resolutions = resolver.resolve(wanted)
    finally:
        eutils.close()
    written = _write(review, resolutions, rows)
    if eutils.trouble:
        notes.append(f"answers are not remembered for the next time: {eutils.trouble}")
    notes += [
        f"PubMed has no record of PMID {pmid} any more; the one fetched before is kept"
        for pmid in resolver.vanished
    ]
    notes += _doubts(resolutions, rows)
    settled = {one.pmid for one in resolutions}
    notices: dict[str, list[PaperNotice]] = {}
    for notice in library.notices():
        if notice.pmid in settled:
            notices.setdefault(notice.pmid, []).append(notice)
    from evidence import __version__

    return Fetched(
        version=__version__,
        review=review.name,
        title=os.path.basename(source) if source else "" if pmids else review.title,
        resolutions=tuple(resolutions),
        notices={pmid: tuple(in_order(hung)) for pmid, hung in notices.items()},
        changes=tuple(resolver.changes),
        added=len(resolver.added),
        written=written,
        requests=eutils.sent,
        service=eutils.name,
        stopped="" if resolver.stopped is None or resolver.stopped.offline else str(resolver.stopped),
        notes=tuple(notes),
    )


def plan(
    review: Review,
    pmids: Sequence[str] = (),
    *,
    source: str | None = None,
    accept: Accepted | None = None,
) -> list[Planned]:
    """What `fetch` would do first for each reference, and what it would send; nothing is sent or written."""
    wanted, _ = _wanted(review, pmids, source)
    library = Library(os.path.join(review.path, FOLDER))
    return [Planned(one, *next_step(one, library)) for one in _accepting(wanted, accept or {})]


def refuse_shipped(review: Review) -> None:
    """Raise InputError for the review that comes with evidence: an update of the package would overwrite what is added."""
    if review.shipped:
        raise InputError(
            f"the review that comes with evidence is read-only: copy its folder {review.path} to one of your own, "
            "such as my-review, then: evidence fetch --review my-review"
        )


# ---- what is wanted ------------------------------------------------------------------------------


def _wanted(
    review: Review, pmids: Sequence[str], source: str | None
) -> tuple[list[Wanted], Mapping[str, ReferenceEntry | Study]]:
    """The references to find, and the rows of the review they are from, by key."""
    if pmids:
        for pmid in pmids:
            if not PMID.fullmatch(pmid):
                raise OptionError("PMID", pmid, "a PubMed number: up to nine digits, the first not 0")
        return [Wanted(pmid, Citation(), pmid, trusted=True) for pmid in dict.fromkeys(pmids)], {}
    if source is not None:
        from pathlib import Path

        return [_listed(number, one) for number, one in enumerate(read_references(Path(source)), 1)], {}
    rows: dict[str, ReferenceEntry | Study] = {
        f"{row.cited_by}:{row.number}": row for row in review.references
    }
    cited = {row.study for row in review.references if row.study}
    for study in review.studies.values():
        if study.study not in cited and (study.pmid or study.doi):
            rows[study.study] = study
    return [
        _referred(key, row, review.studies.get(row.study)) if isinstance(row, ReferenceEntry) else _own(row)
        for key, row in rows.items()
    ], rows


def _listed(number: int, one: Citation | Paper) -> Wanted:
    """A reference of a file. A line that is nothing but digits is a PMID."""
    if isinstance(one, Paper):
        one = _as_printed(one)
    elif re.fullmatch(r"\s*[1-9]\d{0,8}\s*", one.text, re.ASCII):
        pmid = one.text.strip()
        return Wanted(str(number), Citation(pmid=pmid), pmid, trusted=True)
    return Wanted(str(number), one, one.pmid, one.doi)


def _as_printed(paper: Paper) -> Citation:
    """A record of a reference manager as the citation it stands for."""
    return Citation(
        authors=tuple(author.name for author in paper.authors),
        title=paper.title,
        journal=paper.journal_abbreviation or paper.journal,
        year=paper.year,
        volume=paper.volume,
        issue=paper.issue,
        pages=paper.pages,
        doi=paper.doi,
        pmid=paper.pmid,
        text=f"{paper.first_author_family} {paper.year or ''}. {paper.title}",
    )


def _referred(key: str, row: ReferenceEntry, study: Study | None) -> Wanted:
    """A row of references.csv; what it does not say of its identifiers its study may."""
    citation = parse_citation(row.citation)
    own = row.pmid or (study.pmid if study else "")
    return Wanted(
        key,
        citation,
        own or citation.pmid,
        row.doi or (study.doi if study else "") or citation.doi,
        trusted=bool(row.pmid) and row.pmid_status == STATUS[GIVEN],
        nowhere=not row.pmid and row.pmid_status == STATUS[NONE],
    )


def _own(study: Study) -> Wanted:
    """A row of studies.csv. Its PMID is the user's own word; what its DOI finds has to be confirmed."""
    names = [name.strip() for name in re.split("[,;]", study.authors) if name.strip(" .")]
    people = tuple(name for name in names if not name.lower().startswith("et al"))
    text = ". ".join(filter(None, (study.authors, study.title)))
    citation = Citation(
        authors=people,
        title=study.title,
        year=study.year,
        journal=study.journal,
        doi=study.doi,
        pmid=study.pmid,
        text=text,
    )
    return Wanted(study.study, citation, study.pmid, study.doi, trusted=bool(study.pmid))


def _accepting(wanted: Sequence[Wanted], accept: Accepted) -> list[Wanted]:
    """The references with what the user accepted for them."""
    keys = {one.key: one.key for one in wanted}
    numbers = [key.rpartition(":")[2] for key in keys]
    for key, number in zip(list(keys), numbers, strict=True):
        if numbers.count(number) == 1:
            keys.setdefault(number, key)  # 3 is viedma2025:3 where only one report's list is there
    said: dict[str, str] = {}
    for key, pmid in accept.items():
        if key not in keys:
            raise OptionError("accept", key, "the key of a reference" + (near(key, keys) or _some(keys)))
        if pmid != NONE and not PMID.fullmatch(pmid):
            raise OptionError(
                "accept", f"{key}={pmid}", f"KEY=PMID, or KEY={NONE} if PubMed does not have it"
            )
        said[keys[key]] = pmid
    return [
        one
        if one.key not in said
        else Wanted(one.key, one.citation, nowhere=True)
        if said[one.key] == NONE
        else Wanted(one.key, one.citation, said[one.key], one.doi, trusted=True)
        for one in wanted
    ]


def _some(keys: Iterable[str]) -> str:
    return f", such as {next(iter(keys))}" if keys else ""


# ---- what is written -----------------------------------------------------------------------------


def _write(
    review: Review,
    resolutions: Iterable[Resolution],
    rows: Mapping[str, ReferenceEntry | Study],
) -> int:
    """Put what was settled into the review's tables; how many rows changed."""
    changes: dict[str, dict[tuple[int, str], str]] = {"references.csv": {}, "studies.csv": {}}
    tells: dict[tuple[int, str], str] = {}
    for one in resolutions:
        row = rows.get(one.key)
        if row is None or not one.settled:
            continue
        table, tell = (
            ("references.csv", "citation") if isinstance(row, ReferenceEntry) else ("studies.csv", "study")
        )
        for column, value in _cells(one, row):
            if value != getattr(row, column):
                changes[table][row.row, column] = value
                tells[row.row, tell] = getattr(row, tell)
    if not tells:
        return 0
    with editing(review.path):  # nobody else writes a table meanwhile
        for table, cells in changes.items():
            if cells:
                path = os.path.join(review.path, table)
                try:
                    with open(path, "rb") as file:
                        raw = file.read()
                except OSError as error:
                    raise InputError(f"{path} cannot be read: {error.strerror}") from error
                tell = "citation" if table == "references.csv" else "study"
                expected = {place: text for place, text in tells.items() if place[1] == tell}
                write_whole(path, change_cells(raw, table, cells, expected))
    return len(tells)


def _cells(one: Resolution, row: ReferenceEntry | Study) -> Iterator[tuple[str, str]]:
    """What a row should say. Of a study only the PMID that was accepted for it is written: the rest is the user's."""
    if isinstance(row, Study):
        if one.state == GIVEN and one.pmid != row.pmid:
            yield "pmid", one.pmid
        return
    if one.paper is None:
        yield "pmid", ""
        yield "pmid_status", STATUS[NONE]
        return
    yield "pmid", one.pmid
    yield "pmid_status", STATUS[one.state]
    if one.paper.doi and not row.doi:
        yield "doi", one.paper.doi
        yield "doi_status", DOI_STATUS


def _doubts(resolutions: Iterable[Resolution], rows: Mapping[str, ReferenceEntry | Study]) -> Iterator[str]:
    """What is settled and yet odd."""
    for one in resolutions:
        if one.state == GIVEN and one.reason and isinstance(rows.get(one.key), Study):
            yield f"PMID {one.pmid}, which studies.csv gives for {one.key}: {one.reason}"
        doi = one.paper.doi if one.paper else ""
        if doi and one.wanted.doi and doi.lower() != one.wanted.doi.lower():
            yield f"{one.key}: the record of PMID {one.pmid} has the DOI {doi}, not {one.wanted.doi}"
