"""References to PubMed records: by PMID, else DOI, else ecitmatch, else title; confirmed, or left to the user.

Each step asks for all references at once. A hit is a candidate until its record was fetched and confirmed
(`evidence.papers.confirming`); where there are several, or none is confirmed, they are listed and none is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from evidence.papers.citation import Citation
from evidence.papers.confirming import contradictions, disagreements
from evidence.papers.eutils import Batch, Eutils, NoAnswer, Printed
from evidence.papers.library import Change, Library, read_papers
from evidence.papers.paper import Paper

# What became of a reference. The first three are settled.
CONFIRMED = "confirmed"  # first author, year and title of the record agree
GIVEN = "given"  # the PMID is the user's own word, and its record is kept
LEFT_OUT = "not in PubMed"  # the user's word
AMBIGUOUS = "ambiguous"  # several records fit; none was chosen
UNCONFIRMED = "unconfirmed"  # the record found does not agree; it was not chosen
NOT_FOUND = "not found"
NO_RECORD = "no record"  # PubMed has none of the PMID that was given
NOT_ASKED = "not fetched"  # there was nobody to ask

SETTLED = (CONFIRMED, GIVEN, LEFT_OUT)


@dataclass(frozen=True)
class Wanted:
    """A reference to find: what it is called, what it says, and what is known of it.

    With `trusted`, the PMID is the user's own word and need not be confirmed.
    `nowhere` is her word that PubMed does not have it.
    """

    key: str
    citation: Citation
    pmid: str = ""
    doi: str = ""
    trusted: bool = False
    nowhere: bool = False


class Candidate(NamedTuple):
    """A record that may be the one meant, and what keeps it from being confirmed."""

    pmid: str
    paper: Paper
    against: tuple[str, ...]


@dataclass(frozen=True)
class Resolution:
    """What became of a reference: its state, its record where settled, else the candidates and a reason."""

    wanted: Wanted
    state: str
    paper: Paper | None = None
    by: str = ""
    candidates: tuple[Candidate, ...] = ()
    reason: str = ""

    @property
    def key(self) -> str:
        """What the reference is called."""
        return self.wanted.key

    @property
    def pmid(self) -> str:
        """PMID of its record, "" unless settled with one."""
        return self.paper.pmid if self.paper else ""

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to do."""
        return self.state in SETTLED


@dataclass
class _Case:
    """A reference while it is looked for: the PMIDs that came up, each with the step it came from, and what stopped it."""

    wanted: Wanted
    tried: dict[str, str] = field(default_factory=dict)
    done: Resolution | None = None
    undecided: str = ""
    asked: bool = False
    stopped: str = ""


Progress = Callable[[int, int], None]
Answer = TypeVar("Answer")


class Resolver:
    """Finds references in a library, and what is not there at a service; keeps the records that settle one.

    `changes` are the records that differ from those kept before, `added` the PMIDs
    that were not kept before, `stopped` why the service was not asked to the end.
    """

    def __init__(
        self,
        library: Library,
        eutils: Eutils,
        *,
        refresh: bool = False,
        progress: Progress = lambda done, total: None,
    ) -> None:
        self.library, self.eutils = library, eutils
        self.refresh, self.progress = refresh, progress
        self.changes: list[Change] = []
        self.added: list[str] = []
        self.stopped: NoAnswer | None = None
        self._papers: dict[str, Paper] = {}
        self._lost: dict[str, str] = {}
        self._merged: dict[str, str] = {}
        self._by_pmid: dict[str, list[_Case]] = {}
        self._by_doi: dict[str, list[_Case]] = {}

    @property
    def vanished(self) -> list[str]:
        """PMIDs whose record is kept, though PubMed was asked again and has it no more."""
        return [pmid for pmid in self._lost if pmid in self._papers]

    def resolve(self, wanted: Iterable[Wanted]) -> list[Resolution]:
        """What became of each, in order. Records are kept batch by batch: an interruption loses none that arrived."""
        cases = [_Case(one) for one in wanted]
        for case in cases:
            if case.wanted.nowhere:
                case.done = Resolution(case.wanted, LEFT_OUT)
            elif case.wanted.pmid:
                self._try(case, [case.wanted.pmid], "PMID")
        self._read(pmid for case in cases for pmid in case.tried)
        self._look_here([case for case in cases if not case.tried and not case.done])
        if self.refresh:
            self._fetch([pmid for case in cases for pmid in case.tried], again=True)
        for step in (self._by_number, self._by_citation, self._by_title):
            self._settle(cases)
            step([case for case in cases if not case.done])
        self._settle(cases)
        return [case.done or self._unsettled(case) for case in cases]

    # ---- what is here ----------------------------------------------------------------------------

    def _read(self, pmids: Iterable[str]) -> None:
        """Papers of the library into memory."""
        for pmid in pmids:
            paper = self.library.get(pmid) if pmid not in self._papers else None
            if paper:
                self._papers[pmid] = paper

    def _look_here(self, cases: Sequence[_Case]) -> None:
        """References whose record is kept already: by DOI, or by volume and page; author, year and title must agree."""
        if not cases:
            return
        having: dict[object, list[Paper]] = {}
        for paper in self.library.papers():
            for name in {paper.doi.lower(), _place(paper)} - {"", None}:
                having.setdefault(name, []).append(paper)
        for case in cases:
            near = having.get(case.wanted.doi.lower()) or having.get(_place(case.wanted.citation)) or []
            agreeing = [paper for paper in near if not disagreements(case.wanted.citation, paper)]
            if len(agreeing) == 1:
                self._papers[agreeing[0].pmid] = agreeing[0]
                self._try(case, [agreeing[0].pmid], "library")

    # ---- the steps -------------------------------------------------------------------------------

    def _by_number(self, cases: Sequence[_Case]) -> None:
        """PMIDs that were given, and what the DOIs of the others find: fetched together, told apart by their DOI."""
        searching = [case for case in cases if case.wanted.doi and not case.tried]
        for case in searching:
            self._by_doi.setdefault(case.wanted.doi.lower(), []).append(case)
        dois = list(dict.fromkeys(case.wanted.doi for case in searching))
        found = self._ask(searching, lambda: self.eutils.search_dois(dois)) or []
        self._fetch([*(pmid for case in cases for pmid in case.tried), *found])
        for case in searching:
            doi = case.wanted.doi.lower()
            having = [
                pmid for pmid in found if pmid in self._papers and self._papers[pmid].doi.lower() == doi
            ]
            self._try(case, having, "DOI")
            if len(case.tried) > 1:
                case.undecided = f"{len(case.tried)} records have its DOI"

    def _by_citation(self, cases: Sequence[_Case]) -> None:
        """By journal, year, volume, first page and author."""
        searching = {
            case.wanted.key: case for case in cases if not case.undecided and _printed(case.wanted.citation)
        }
        printed = {key: line for key, case in searching.items() if (line := _printed(case.wanted.citation))}
        matches = self._ask(list(searching.values()), lambda: self.eutils.match(printed)) or {}
        for key, match in matches.items():
            case = searching[key]
            if match.undecided:
                case.undecided = "several records fit its journal, volume and page"
            self._try(case, [pmid for pmid in (match.pmid, *match.ambiguous) if pmid], "citation")
        self._fetch([pmid for case in cases for pmid in case.tried])

    def _by_title(self, cases: Sequence[_Case]) -> None:
        """By the title, word for word: a request for each, hence last."""
        for case in cases:
            title = case.wanted.citation.title
            if case.undecided or not title:
                continue
            found = self._ask([case], lambda title=title: self.eutils.search_title(title))  # type: ignore[misc]
            if found:
                self._try(case, found.pmids, "title")
                if found.total > 1:
                    case.undecided = f"{found.total} records have its title"
        self._fetch([pmid for case in cases for pmid in case.tried])

    def _try(self, case: _Case, pmids: Iterable[str], step: str) -> None:
        for pmid in pmids:
            if pmid not in case.tried:
                case.tried[pmid] = step
                self._by_pmid.setdefault(pmid, []).append(case)

    def _ask(self, cases: Sequence[_Case], question: Callable[[], Answer]) -> Answer | None:
        """The answer; None where there is nobody to ask for, or none came: the cases then know why.

        A service that gave up is not asked again; what is remembered offline is.
        """
        if not cases:
            return None
        if self.stopped is None or self.stopped.offline:
            try:
                answer = question()
            except NoAnswer as error:
                self.stopped = error
            else:
                for case in cases:
                    case.asked = True
                return answer
        for case in cases:
            case.stopped = str(self.stopped)
        return None

    def _fetch(self, pmids: Iterable[str], *, again: bool = False) -> None:
        """Records that are not here yet, into the library; those that do not come are asked for once more."""
        pmids = list(dict.fromkeys(pmids))
        self._read(pmids)
        missing = [pmid for pmid in pmids if again or not (pmid in self._papers or pmid in self._lost)]
        total = len(missing)
        why: dict[str, str] = {}
        for repeated in (False, True):
            if not missing or (self.stopped and not self.stopped.offline):
                return
            came: set[str] = set()
            try:
                for batch in self.eutils.fetch(missing, again=repeated):
                    came |= self._keep(batch, why)
                    self.progress(total - len(missing) + len(came), total)
            except NoAnswer as error:
                self.stopped = error
                return
            missing = [pmid for pmid in missing if pmid not in came]
        self._lost |= {pmid: why.get(pmid) or why.get("") or _nothing_on(pmid) for pmid in missing}

    def _keep(self, batch: Batch, why: dict[str, str]) -> set[str]:
        """Take a batch in, what is wanted into the library; the PMIDs that are dealt with: here, or said to be gone."""
        records = batch.records
        papers = read_papers(records.texts)
        before = set(self.library.entries())
        kept = {
            pmid: records.texts[pmid] for pmid in papers if pmid in before or self._is_wanted(papers[pmid])
        }
        self.added += [pmid for pmid in kept if pmid not in before]
        self.changes += self.library.add(
            kept, fetched=batch.fetched, address=self.eutils.base_url, papers=papers
        )
        self._papers |= papers
        self._merged |= {pmid: other for pmid, other in records.gone.items() if other}
        self._lost |= {
            pmid: f"PubMed gave PMID {pmid} up for PMID {other}" if other else _nothing_on(pmid)
            for pmid, other in records.gone.items()
        }
        why |= {pmid: f"PMID {pmid}: {lack}" for pmid, lack in records.refused.items()}
        why |= {
            pmid: f"PMID {pmid}: its record cannot be read" for pmid in records.texts if pmid not in papers
        }
        if records.others and not records.texts:
            why.setdefault("", f"PubMed sent the record of PMID {records.others[0]} instead")
        return {*papers, *records.gone}

    def _is_wanted(self, paper: Paper) -> bool:
        """Whether some reference is settled by it. The other candidates are shown, not kept: a record that is kept
        would be found there the next time, and so be chosen after all."""
        for case in [*self._by_pmid.get(paper.pmid, ()), *self._by_doi.get(paper.doi.lower(), ())]:
            if case.wanted.trusted and case.wanted.pmid == paper.pmid:
                return True
            alone = not case.undecided and case.wanted.pmid in ("", paper.pmid)
            if alone and not disagreements(case.wanted.citation, paper):
                return True
        return False

    # ---- what became of them ---------------------------------------------------------------------

    def _settle(self, cases: Iterable[_Case]) -> None:
        """Decide what can be decided: a PMID that was given counts alone, and several hits are not chosen from."""
        for case in cases:
            wanted = case.wanted
            if case.done or case.undecided:
                continue
            counting = [wanted.pmid] if wanted.pmid else list(case.tried)
            papers = [self._papers[pmid] for pmid in counting if pmid in self._papers]
            if wanted.trusted and papers:
                against = contradictions(wanted.citation, papers[0])
                case.done = Resolution(wanted, GIVEN, papers[0], "PMID", reason="; ".join(against))
                continue
            agreeing = [paper for paper in papers if not disagreements(wanted.citation, paper)]
            if len(agreeing) == 1:
                case.done = Resolution(wanted, CONFIRMED, agreeing[0], case.tried[agreeing[0].pmid])
            elif agreeing:
                case.undecided = f"{len(agreeing)} records agree with it"

    def _unsettled(self, case: _Case) -> Resolution:
        wanted = case.wanted
        # PubMed's word that a PMID became another is a hint, and no more.
        if wanted.pmid in self._merged:
            other = self._merged[wanted.pmid]
            self._fetch([other])
            self._try(case, [other], "merged")
        papers = [self._papers[pmid] for pmid in case.tried if pmid in self._papers]
        found = [Candidate(paper.pmid, paper, disagreements(wanted.citation, paper)) for paper in papers]
        candidates = tuple(sorted(found, key=lambda candidate: len(candidate.against)))
        pending = [pmid for pmid in case.tried if pmid not in self._papers and pmid not in self._lost]
        if wanted.pmid in self._lost:
            state, reason = NO_RECORD, self._lost[wanted.pmid]
        elif case.undecided:
            state, reason = AMBIGUOUS, case.undecided
        elif case.stopped or pending:
            state, reason = NOT_ASKED, case.stopped or str(self.stopped or "")
        elif candidates:
            given = next((found for found in candidates if found.pmid == wanted.pmid), None)
            state, reason = UNCONFIRMED, ""
            if given:
                reason = f"PMID {given.pmid} has {'; '.join(given.against)}"
            elif len(candidates) == 1:
                reason = "; ".join(candidates[0].against)
        else:
            state, reason = NOT_FOUND, f"no record has its DOI ({wanted.doi})" if wanted.doi else ""
            if not case.asked:
                reason = "nothing to search by: no DOI, no journal with volume and page, no title"
        return Resolution(wanted, state, candidates=candidates, reason=reason)


def _nothing_on(pmid: str) -> str:
    return f"PubMed has no record of PMID {pmid}"


def next_step(wanted: Wanted, library: Library) -> tuple[str, str]:
    """How a reference would be looked for first, and what would be sent: nothing for a record that is kept."""
    if wanted.nowhere:
        return LEFT_OUT, ""
    if wanted.pmid:
        return ("kept", "") if wanted.pmid in library else ("by PMID", wanted.pmid)
    if wanted.doi:
        return "by DOI", wanted.doi
    printed = _printed(wanted.citation)
    if printed:
        return "by citation", "|".join(printed)
    if wanted.citation.title:
        return "by title", wanted.citation.title
    return "not at all", ""


def _place(one: Citation | Paper) -> tuple[str, str] | None:
    """Volume and first page, as far as both are known."""
    return (one.volume.lower(), one.first_page.lower()) if one.volume and one.first_page else None


def _printed(citation: Citation) -> Printed | None:
    """What ecitmatch takes; None where the place is not printed whole."""
    if not (citation.journal and citation.year and citation.volume and citation.first_page):
        return None
    author = citation.authors[0] if citation.authors else ""
    return Printed(
        citation.journal_abbreviation, str(citation.year), citation.volume, citation.first_page, author
    )
