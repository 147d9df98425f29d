"""What an answer of the E-utilities can suffer on its way, by name: each takes a good answer and spoils it."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

HTML_500 = (
    "<head> <title>NCBI/eutils202 - WWW Error 500 Diagnostic</title> </head> <body> <h1>Server Error</h1>\n"
    "<p>Your request could not be processed due to a problem on our Web server.</p> </body>\n"
)
BACKEND = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n<eFetchResult>\n'
    "\t<ERROR>Unable to obtain query #1 from the backend</ERROR>\n</eFetchResult>\n"
)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer before it is sent; `how` is what happens to the connection: "", "cut", "reset", "stall"."""

    status: int = 200
    body: bytes = b""
    type: str = "text/plain; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    encoding: str = ""
    how: str = ""


Fault = Callable[[Answer], Answer]


def limit(told: str, answer: Answer) -> Answer:
    """The body of HTTP 429, which repeats who asked."""
    body = {"error": "API rate limit exceeded", "api-key": told, "count": "4", "limit": "3"}
    return replace(answer, status=429, body=json.dumps(body).encode() + b"\n", type="application/json")


def limited(answer: Answer) -> Answer:
    """HTTP 429 that says when to come again."""
    return replace(limit("203.0.113.7", answer), headers={"Retry-After": "2"})


def limited_long(answer: Answer) -> Answer:
    """HTTP 429 that wants an hour."""
    return replace(limit("203.0.113.7", answer), headers={"Retry-After": "3600"})


def limited_bare(answer: Answer) -> Answer:
    """HTTP 429 that does not say."""
    return limit("203.0.113.7", answer)


def limited_200(answer: Answer) -> Answer:
    """The body of HTTP 429 under HTTP 200."""
    return replace(limit("203.0.113.7", answer), status=200)


def html_500(answer: Answer) -> Answer:
    """A server's error page."""
    return replace(answer, status=500, body=HTML_500.encode(), type="text/html")


def html_200(answer: Answer) -> Answer:
    """The same page with HTTP 200."""
    return replace(html_500(answer), status=200)


def empty(answer: Answer) -> Answer:
    """Nothing at all."""
    return replace(answer, body=b"")


def half(answer: Answer) -> Answer:
    """The first half, as if it were all."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def error(answer: Answer) -> Answer:
    """An error of the backend under HTTP 200."""
    return replace(answer, body=BACKEND.encode(), type="text/xml")


def invalid_json(answer: Answer) -> Answer:
    """JSON that is none."""
    return replace(answer, body=b'{"esearchresult": {"count": "1", "idlist": [', type="application/json")


def wrong_pmid(answer: Answer) -> Answer:
    """Somebody else's record."""
    first, _, rest = answer.body.partition(b"\n")
    return (
        replace(answer, body=b"PMID- 99000999\n" + rest) if first.startswith(b"PMID") else wrong_after(answer)
    )


def wrong_after(answer: Answer) -> Answer:
    """The same where the answer begins with an empty line."""
    head, tag, tail = answer.body.partition(b"PMID- ")
    return replace(answer, body=head + tag + b"99000999" + tail[tail.index(b"\n") :]) if tag else answer


def one_missing(answer: Answer) -> Answer:
    """Without its last record."""
    at = answer.body.rindex(b"\nPMID- ") + 1
    return replace(answer, body=answer.body[:at])


def all_missing(answer: Answer) -> Answer:
    """Not one of them is known."""
    text = BACKEND.replace(
        "Unable to obtain query #1 from the backend", "ID list is empty! Possibly it has no correct IDs."
    )
    return replace(answer, status=400, body=text.encode(), type="text/xml")


def without_title(answer: Answer) -> Answer:
    """Records that lack what every record has."""
    lines = [line for line in answer.body.split(b"\n") if not line.startswith((b"TI  -", b"      "))]
    return replace(answer, body=b"\n".join(lines))


def loop(answer: Answer) -> Answer:
    """A redirect to itself."""
    return replace(answer, status=302, body=b"", headers={"Location": "/entrez/eutils/efetch.fcgi"})


@cache
def _packed_zeros() -> bytes:
    return gzip.compress(bytes(16 << 20), 9) * 64


def bomb(answer: Answer) -> Answer:
    """A megabyte that unpacks to a gigabyte."""
    return replace(answer, body=_packed_zeros(), encoding="gzip")


def bad_gzip(answer: Answer) -> Answer:
    """gzip with a wrong checksum."""
    packed = gzip.compress(answer.body)
    return replace(answer, body=packed[:-8] + struct.pack("<II", 1, 1), encoding="gzip")


def cut(answer: Answer) -> Answer:
    """The connection closes before the length that was announced."""
    return replace(answer, how="cut")


def reset(answer: Answer) -> Answer:
    """The connection is reset in mid-answer."""
    return replace(answer, how="reset")


def stall(answer: Answer) -> Answer:
    """The answer begins and never ends."""
    return replace(answer, how="stall")


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        limited, limited_long, limited_bare, limited_200, html_500, html_200, empty, half, error, invalid_json, wrong_pmid,
        one_missing, all_missing, without_title, loop, bomb, bad_gzip, cut, reset, stall,
    )
}  # fmt: skip
