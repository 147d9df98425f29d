"""Below the cache: a request is signed, waits its turn, is tried again where that may help, and comes back checked.

What the cache sees has no identity in it, neither in the request nor in the answer; and an answer that cannot be
used never comes up to it: it is an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from evidence.papers import checking
from evidence.papers.checking import BadAnswer
from evidence.papers.pacing import Clock, Pacer
from evidence.telling import tell

if TYPE_CHECKING:
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter

TRIES = 5
HOPELESS_TRIES = 2
"""Where not even a connection came about: probably there is no network, and the user waits."""

FIRST_PAUSE = 1.0
"""Seconds before the second try; doubled each time."""

LONGEST_PAUSE = 30.0
"""Seconds at most, whatever Retry-After says."""

MOST_BYTES = 64 << 20
"""Of one answer, unpacked: 200 records of PubMed are about 1 MB, with the longest lists of authors 20 MB."""

PIECE = 1 << 14
"""Bytes read at once: older urllib3 unpack all they have read, and a kilobyte of gzip can hold a megabyte."""

SECONDS = (10.0, 60.0)
"""For the connection, and for each piece of the answer."""

MOST_SECONDS = 180.0
"""For a whole answer, however steadily it drips."""

HIDDEN = "(not shown)"


class Identity(NamedTuple):
    """Who asks. Goes into the body of a request on its way out, and nowhere else."""

    tool: str = "evidence"
    email: str = ""
    api_key: str = ""

    def __repr__(self) -> str:
        return f"Identity(tool={self.tool!r})"

    def sign(self, body: str) -> str:
        """The body of a form with who asks added."""
        own = [(name, value) for name, value in self._asdict().items() if value]
        return urlencode([*parse_qsl(body, keep_blank_values=True), *own])

    def redact(self, text: str) -> str:
        """The text without the key and the address, however they are written."""
        for secret in (self.api_key, self.email):
            for form in {secret, quote(secret), quote(secret, safe="")} - {""}:
                text = text.replace(form, HIDDEN)
        return text


class Unanswered(Exception):
    """No usable answer in all tries: why, and whether there was any connection at all."""

    def __init__(self, reason: str, *, tries: int, connected: bool) -> None:
        self.reason, self.tries, self.connected = reason, tries, connected
        super().__init__(reason)


class Courier:
    """Carries requests to the service; `sent` counts those that went out.

    `told` is called before each pause with what to tell the user.
    """

    def __init__(
        self,
        identity: Identity,
        pacer: Pacer,
        clock: Clock,
        *,
        seconds: tuple[float, float] = SECONDS,
        told: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.identity, self.pacer, self.clock = identity, pacer, clock
        self.seconds, self.told = seconds, told
        self.sent = 0

    def carry(
        self, request: PreparedRequest, send: Callable[[PreparedRequest], Response]
    ) -> tuple[Response, bytes]:
        """The answer and its body, checked. Raises BadAnswer if it is of no use to try again, else Unanswered."""
        from urllib3.exceptions import HTTPError

        signed = self._sign(request)
        pause, tries, connected = FIRST_PAUSE, 0, False
        while True:
            self.pacer.wait()
            self.sent += 1
            tries += 1
            after: float | None = None
            begun = self.clock.monotonic()
            try:
                response = send(signed)
                connected = True
                body = self._read(response)
                after = _retry_after(response.headers.get("Retry-After"), self.clock)
                self._judge(request, response, body)
                self._tell(request, f"{response.status_code}, {len(body):,} bytes", begun)
                return response, body
            except BadAnswer as error:
                error.reason = self.identity.redact(error.reason)
                if not error.again:
                    raise BadAnswer(error.reason, again=False) from None
                reason, limited = error.reason, error.limited
            except (OSError, HTTPError) as error:  # those of requests are OSErrors
                reason, limited = _what_failed(error), False
                connected = connected or not _is_hopeless(error)
            self._tell(request, reason, begun)
            if tries >= (TRIES if connected else HOPELESS_TRIES):
                raise Unanswered(reason, tries=tries, connected=connected)
            seconds = min(pause if after is None else max(after, 0.0), LONGEST_PAUSE)
            pause *= 2
            self.told(f"{reason}; asking again in {seconds:.0f} s")
            if limited:
                self.pacer.hold(seconds)  # the other processes wait as well, and we with them
            else:
                self.clock.sleep(seconds)

    def _tell(self, request: PreparedRequest, what: str, begun: float) -> None:
        """For whoever listens: what was asked, without who asks, and what came of it."""
        asked = self.identity.redact(f"{request.method} {request.url} {_text(request.body)[:200]}")
        tell("%s: %s, %.2f s", asked, self.identity.redact(what), self.clock.monotonic() - begun)

    def _sign(self, request: PreparedRequest) -> PreparedRequest:
        signed = request.copy()
        signed.body = self.identity.sign(_text(request.body)).encode()
        signed.headers["Content-Length"] = str(len(signed.body))
        return signed

    def _read(self, response: Response) -> bytes:
        """The unpacked body, within limits of size and time."""
        pieces: list[bytes] = []
        size, until = 0, self.clock.monotonic() + MOST_SECONDS
        try:
            for piece in response.iter_content(PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > MOST_BYTES:
                    raise BadAnswer(f"an answer of more than {MOST_BYTES >> 20} MB")
                if self.clock.monotonic() > until:
                    raise BadAnswer(f"an answer that took more than {MOST_SECONDS:.0f} s")
        finally:
            response.close()
        return b"".join(pieces)

    def _judge(self, request: PreparedRequest, response: Response, body: bytes) -> None:
        status = response.status_code
        if 300 <= status < 400:
            raise BadAnswer(_moved(response), again=False)
        if status != 200:
            said = checking.error_of(body[:20_000].decode("utf-8", errors="replace"))
            if status == 429 or checking.LIMITED in said:
                raise BadAnswer("it is asked too often", limited=True)
            if checking.NO_SUCH_KEY in said:
                raise BadAnswer("it does not know the key in NCBI_API_KEY", again=False)
            told = f"HTTP {status}" + (f", {said}" if said else "")
            raise BadAnswer(told, again=status >= 500 or status == 408)
        check(utility_of(request.url or ""), dict(parse_qsl(_text(request.body))), body)


def check(utility: str, sent: Mapping[str, str], body: bytes) -> None:
    """Raise BadAnswer where the body is no answer to what was sent."""
    text = checking.check_text(body)
    if utility == "efetch":
        checking.read_records(text, sent["id"].split(","))
    elif utility == "ecitmatch":
        checking.read_matches(text, [line.split("|")[-2] for line in sent["bdata"].split("\r")])
    else:
        checking.read_search(text)


def utility_of(url: str) -> str:
    """`efetch` of https://.../efetch.fcgi."""
    return urlsplit(url).path.rsplit("/", 1)[-1].partition(".")[0]


def make_adapter(courier: Courier) -> HTTPAdapter:
    """An adapter of requests that lets the courier carry; mounted below a cached session."""
    from io import BytesIO

    from requests.adapters import HTTPAdapter
    from requests.cookies import RequestsCookieJar
    from requests.structures import CaseInsensitiveDict
    from urllib3.response import HTTPResponse

    class Adapter(HTTPAdapter):
        def send(  # type: ignore[no-untyped-def]
            self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None
        ) -> Response:
            def on(signed: PreparedRequest) -> Response:
                return HTTPAdapter.send(self, signed, True, courier.seconds, verify, cert, proxies)

            response, body = courier.carry(request, on)
            # What goes up is the answer alone: no cookies, no headers that repeat who asked, and the unsigned request.
            kept = {
                name: response.headers[name] for name in ("Content-Type", "Date") if name in response.headers
            }
            response.headers = CaseInsensitiveDict(kept)
            response.cookies = RequestsCookieJar()
            response.request = request
            response.raw = HTTPResponse(
                BytesIO(body), headers=kept, status=200, preload_content=False, request_url=request.url
            )
            response._content = body
            response._content_consumed = True
            return response

    return Adapter(max_retries=0)


def _text(body: bytes | str | object) -> str:
    return body.decode() if isinstance(body, bytes) else str(body or "")


def _moved(response: Response) -> str:
    """Redirects are not followed: a form sent on would arrive without its fields, or at somebody else's."""
    try:
        to = urlsplit(response.headers.get("Location", ""))
        where = f" to {to.scheme}://{to.hostname}{to.path}" if to.scheme and to.hostname else ""
    except ValueError:
        where = ""
    return (
        f"it sends us elsewhere{where} (HTTP {response.status_code}); if that is right, give it as --base-url"
    )


def _retry_after(value: str | None, clock: Clock) -> float | None:
    """Seconds from `2` or from a date; None where there is neither."""
    if not value:
        return None
    if value.strip().isdigit() and len(value) < 10:
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(value).timestamp() - clock.time()
    except (TypeError, ValueError):
        return None


def _chain(error: BaseException) -> list[BaseException]:
    """The error and those it came from, also as arguments of one another, as urllib3 wraps them."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo and len(found) < 20:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            todo += [*one.args, one.__cause__, one.__context__, getattr(one, "reason", None)]
    return found


def _is_hopeless(error: BaseException) -> bool:
    """Whether there was no connection at all: no such host, nobody listening, a proxy or certificate that refuses."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError, SSLError

    refusals = (ConnectTimeoutError, NewConnectionError, ProxyError, SSLError)
    return any(isinstance(one, refusals) for one in _chain(error))


def _what_failed(error: BaseException) -> str:
    """The failure in our own words: those of the libraries quote addresses and forms."""
    import ssl

    from requests import exceptions
    from urllib3.exceptions import NameResolutionError, NewConnectionError, ProxyError, SSLError

    chain = _chain(error)

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(one, kinds) for one in chain)

    if has(NameResolutionError):
        return "its name cannot be looked up; is there a network?"
    if has(ProxyError, exceptions.ProxyError):
        return "the proxy does not let us through"
    if has(NewConnectionError):
        return "no connection"
    if has(ssl.SSLError, SSLError, exceptions.SSLError):
        return "no secure connection: its certificate cannot be verified"
    if has(exceptions.Timeout, TimeoutError) or "timed out" in str(error):
        return "no answer in time"
    if has(exceptions.ContentDecodingError):
        return "an answer that cannot be unpacked"
    return "the connection broke off in mid-answer"
