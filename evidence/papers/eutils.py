"""NCBI's E-utilities: records by PMID, PMIDs by citation, PMIDs by search.

Everything is asked by POST: nothing of it ends in an address, and so in no log. Answers that were checked are
remembered (`evidence.papers.cache`); what they hold is kept by `evidence.papers.library`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from evidence.errors import NotPossible, OptionError
from evidence.papers import checking
from evidence.papers.adapter import (
    HIDDEN,
    SECONDS,
    Courier,
    Identity,
    Unanswered,
    check,
    make_adapter,
    utility_of,
)
from evidence.papers.cache import key_of, open_session
from evidence.papers.checking import BadAnswer, Found, Match, Records, Searched
from evidence.papers.pacing import Clock, Pacer, RealClock

if TYPE_CHECKING:
    from requests import Response
    from requests_cache import CachedSession

NCBI = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
"""The service's address. https://www.ncbi.nlm.nih.gov/books/NBK25497/"""

RATE, RATE_WITH_KEY = 3.0, 10.0
"""Requests a second that NCBI allows an address, and a key."""

RECORDS_A_REQUEST = 200
CITATIONS_A_REQUEST = 50
DOIS_A_REQUEST = 50
MOST_PMIDS = 9_999
"""That esearch gives of one query; it cuts what is asked beyond silently."""

_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+", re.ASCII)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NoAnswer(NotPossible):
    """PubMed gave no usable answer, or, `offline`, was not to be asked; or its answers were all `empty`."""

    def __init__(self, reason: str, *, offline: bool = False, empty: bool = False) -> None:
        self.offline, self.empty = offline, empty
        super().__init__(reason)


class Batch(NamedTuple):
    """Records that came with one answer, and when the service gave it."""

    records: Records
    fetched: datetime


class Printed(NamedTuple):
    """As much of a citation as ecitmatch takes; it needs the NLM's abbreviation of the journal."""

    journal: str
    year: str
    volume: str
    first_page: str
    author: str


def check_address(address: str) -> str:
    """The address of a service, without a slash at its end. Raises OptionError unless it is https, or this computer."""
    allowed = f"an https address such as {NCBI}, or http on this computer"
    try:
        parts = urlsplit(address.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise OptionError("base-url", "(not an address)", allowed) from None
    if parts.username is not None or parts.password is not None:
        raise OptionError("base-url", "an address with a name and password", allowed)
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not (secure and host) or parts.query or parts.fragment or not address.strip().isprintable():
        raise OptionError("base-url", address, allowed)
    return address.strip().rstrip("/")


def check_identity(email: str, api_key: str) -> Identity:
    """Who asks. Raises OptionError for an e-mail address or a key that is none, without repeating it."""
    if email and not _EMAIL.fullmatch(email):
        raise OptionError("email", HIDDEN, "an e-mail address, by which NCBI can reach you")
    if api_key and not re.fullmatch(r"[A-Za-z0-9_-]{8,128}", api_key):
        raise OptionError("NCBI_API_KEY", HIDDEN, "letters and digits, as your NCBI account shows it")
    return Identity(email=email, api_key=api_key)


class Eutils:
    """The service at `base_url`, asked politely; `sent` is how often it was.

    `folder` is the cache folder, None for no cache. `offline` asks nobody: only
    what is remembered is answered, however old. `refresh` asks again for what is.
    `told` gets a line for the user where there is something to wait for.
    """

    def __init__(
        self,
        *,
        email: str = "",
        api_key: str = "",
        base_url: str = NCBI,
        folder: str | None = None,
        offline: bool = False,
        refresh: bool = False,
        clock: Clock | None = None,
        seconds: tuple[float, float] = SECONDS,
        told: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.base_url = check_address(base_url)
        self.offline, self.refresh = offline, refresh
        self.clock: Clock = clock or RealClock()
        self.identity = check_identity(email, api_key)
        rate = RATE_WITH_KEY if api_key else RATE
        host = re.sub(r"[^A-Za-z0-9.-]", "_", urlsplit(self.base_url).netloc)
        pace = os.path.join(folder, "pace", host) if folder is not None else None
        self._pacer = Pacer(rate, pace, self.clock)
        self._courier = Courier(
            self.identity,
            self._pacer,
            self.clock,
            seconds=seconds,
            told=lambda text: told(f"{self.name}: {text}"),
        )
        self._folder = folder
        self._opened: CachedSession | None = None

    @property
    def sent(self) -> int:
        """Requests that went out, tries again included."""
        return self._courier.sent

    @property
    def trouble(self) -> str:
        """Why answers are not remembered, "" while they are."""
        return str(getattr(self._opened.cache, "trouble", "")) if self._opened else ""

    def close(self) -> None:
        """Close the connections."""
        if self._opened:
            self._opened.close()  # type: ignore[no-untyped-call]

    def fetch(self, pmids: Sequence[str], *, again: bool = False) -> Iterator[Batch]:
        """The records of the PMIDs, 200 at a time; those PubMed has nothing on are in no batch. `again` asks for all anew.

        Raises NoAnswer; the batches before are good.
        """
        for start in range(0, len(pmids), RECORDS_A_REQUEST):
            part = pmids[start : start + RECORDS_A_REQUEST]
            form = {"db": "pubmed", "id": ",".join(part), "rettype": "medline", "retmode": "text"}
            try:
                response = self._ask("efetch.fcgi", form, again=again)
                records = checking.read_records(response.content.decode("utf-8"), part)
            except BadAnswer as error:
                if checking.NONE_OF_THEM not in error.reason:
                    raise self._useless(error) from None
                yield Batch(Records({}, gone=dict.fromkeys(part, "")), datetime.now().astimezone())
            else:
                made = getattr(response, "created_at", None) or datetime.now().astimezone()
                yield Batch(records, made)

    def match(self, printed: Mapping[str, Printed]) -> dict[str, Match]:
        """What ecitmatch says of each citation; a key it has no line on is missing. Raises NoAnswer."""
        matches: dict[str, Match] = {}
        # A line without a journal would end the answer before the citations after it.
        keys = [key for key, one in printed.items() if _line(one, "")[:1] != "|"]
        for start in range(0, len(keys), CITATIONS_A_REQUEST):
            # Keys of our own: a citation's may hold a bar, and one that comes twice gets another one's PMID.
            part = {f"c{number}": key for number, key in enumerate(keys[start : start + CITATIONS_A_REQUEST])}
            lines = [_line(printed[key], own) for own, key in part.items()]
            form = {"db": "pubmed", "retmode": "xml", "bdata": "\r".join(lines)}
            try:
                text = self._ask("ecitmatch.cgi", form).content.decode("utf-8")
                found = checking.read_matches(text, part)
            except BadAnswer as error:
                raise self._useless(error) from None
            except NoAnswer as error:
                if error.empty:  # it leaves out lines it has nothing on, and here they were all
                    continue
                raise
            matches |= {part[own]: match for own, match in found.items()}
        return matches

    def search(self, term: str, *, most: int = 20) -> Found:
        """How many records a query finds, and the first PMIDs. Raises NoAnswer."""
        form = {"db": "pubmed", "term": term, "retmode": "json", "retmax": str(most)}
        try:
            return checking.read_search(self._ask("esearch.fcgi", form).content.decode("utf-8"))
        except BadAnswer as error:
            raise self._useless(error) from None

    def run(self, query: str, first: date | None = None, last: date | None = None) -> Searched:
        """A saved search, run anew: as many PMIDs as esearch gives, of the records that entered PubMed between two days.

        Raises NoAnswer.
        """
        form = {"db": "pubmed", "term": query, "retmode": "json", "retmax": str(MOST_PMIDS)}
        if first and last:
            form |= {"datetype": "edat", "mindate": f"{first:%Y/%m/%d}", "maxdate": f"{last:%Y/%m/%d}"}
        try:
            answer = self._ask("esearch.fcgi", form, again=not self.offline)
            return checking.read_searched(answer.content.decode("utf-8"))
        except BadAnswer as error:
            raise self._useless(error) from None

    def search_dois(self, dois: Sequence[str]) -> list[str]:
        """PMIDs of the records that have one of the DOIs; the records tell which. Raises NoAnswer."""
        pmids: list[str] = []
        for start in range(0, len(dois), DOIS_A_REQUEST):
            part = dois[start : start + DOIS_A_REQUEST]
            found = self.search(" OR ".join(map(_doi_query, part)), most=4 * len(part))
            if found.total <= 4 * len(part):
                pmids += found.pmids
                continue
            for doi in part:  # one of them was taken for words, and finds half of PubMed
                alone = self.search(_doi_query(doi), most=4)
                pmids += alone.pmids if alone.total <= 4 else ()
        return list(dict.fromkeys(pmids))

    def search_title(self, title: str, *, most: int = 5) -> Found:
        """Records with the words of this title in theirs. Raises NoAnswer."""
        return self.search(f'"{_quotable(title)}"[ti]', most=most)

    def _ask(self, utility: str, form: Mapping[str, str], *, again: bool = False) -> Response:
        """The answer, from the cache or the wire. Raises BadAnswer where it is of no use, NoAnswer where there is none."""
        from requests import Request

        session = self._session()
        url = f"{self.base_url}/{utility}"
        if self.offline:
            # Not by the session: it deletes what has expired, where it may not ask.
            prepared = session.prepare_request(Request("POST", url, data=form))
            kept = session.cache.get_response(key_of(prepared))
            if kept is None or not _is_good(kept, form):
                raise NoAnswer("--offline asks nobody", offline=True)
            return kept
        try:
            response = session.post(url, data=form, force_refresh=self.refresh or again)
            remembered = getattr(response, "from_cache", False)
            if remembered and not _is_good(response, form):  # somebody changed the file
                response = session.post(url, data=form, force_refresh=True)
        except Unanswered as error:
            raise NoAnswer(self._failure(error), empty=error.reason == checking.EMPTY) from None
        return response

    def _session(self) -> CachedSession:
        if self._opened is None:
            from evidence import __version__

            self._opened = open_session(self._folder)
            self._opened.headers["User-Agent"] = f"evidence/{__version__}"
            self._opened.mount(self.base_url, make_adapter(self._courier))
            if urlsplit(self.base_url).hostname in _LOOPBACK:
                self._opened.trust_env = False  # a proxy cannot reach this computer
        return self._opened

    @property
    def name(self) -> str:
        """What the service is called in messages."""
        return "PubMed" if self.base_url == NCBI else self.base_url

    def _failure(self, error: Unanswered) -> str:
        if not error.connected:
            return f"{self.name} cannot be reached: {error.reason}"
        return f"{self.name} gave no usable answer in {error.tries} tries, the last time: {error.reason}"

    def _useless(self, error: BadAnswer) -> NoAnswer:
        return NoAnswer(f"{self.name} gave no usable answer: {error.reason}")


def _is_good(response: Response, form: Mapping[str, str]) -> bool:
    """Whether a remembered answer is one."""
    try:
        check(utility_of(str(response.url)), form, response.content)
    except (BadAnswer, AttributeError, TypeError):
        return False
    return True


def _line(printed: Printed, key: str) -> str:
    """journal|year|volume|first page|author|key|, with nothing in a field that would shift the others."""
    fields = [" ".join(re.sub(r"[|\x00-\x1f\x7f]", " ", field).split()) for field in printed]
    return "|".join([*fields, key, ""])


def _doi_query(doi: str) -> str:
    return f'"{_quotable(doi)}"[doi]'


def _quotable(text: str) -> str:
    """Text that may stand between the quotes of a query: no quotes, no brackets, no asterisk for any ending."""
    return " ".join(re.sub(r'["*\[\]\x00-\x1f\x7f“”„]', " ", text).split())
