"""The E-utilities as far as `evidence` needs them, on this computer: efetch, esearch, ecitmatch, with their oddities.

It limits, packs and answers as the real ones were seen to; what it is asked is kept in `asked`, and it spoils
answers on request (`fail`).
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from .faults import FAULTS, Answer, Fault, limit
from .records import MADE_FROM, MERGED, SICK, letter, made
from .searching import Query, entered, within

PATH = "/entrez/eutils/"
NO_IDS = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE eEfetchResult PUBLIC "-//NLM//DTD efetch 20131226//EN" '
    '"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20131226/efetch.dtd">\n<eFetchResult>\n'
    "\t<ERROR>ID list is empty! Possibly it has no correct IDs.</ERROR>\n</eFetchResult>\n"
)


class Asked(NamedTuple):
    """A request as it came: its utility, what was asked, its path with query, and how it was answered."""

    utility: str
    fields: dict[str, str]
    method: str
    path: str
    status: int


@dataclass
class _Planned:
    utility: str
    fault: Fault
    times: int
    after: int


class StandIn:
    """The server; `url` is its address. Use it in a `with`.

    `limits` is how many requests a second it takes from an address without and with a key; None takes all.
    `speaks` makes it say of a missing PMID that it is, in a line among the records, as it was also seen to.
    """

    def __init__(self, *, limits: tuple[int, int] | None = None, port: int = 0, speaks: bool = False) -> None:
        self.records: dict[int, str] = {**letter(), **SICK}
        self.gone: set[int] = set()
        self.asked: list[Asked] = []
        self.refused = 0
        self.limits, self.speaks = limits, speaks
        self._crowds: dict[str, dict[date, int]] = {}
        self._histories: list[list[int]] = []
        self._planned: list[_Planned] = []
        self._times: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self.stopped = threading.Event()
        handler = type("Handler", (_Handler,), {"standin": self})
        self._server = _Server(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{PATH.rstrip('/')}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def fail(self, fault: str | Fault, utility: str = "", *, times: int = 1, after: int = 0) -> None:
        """Spoil the next answers: of one utility or of any, so many `times`, `after` so many good ones."""
        chosen = FAULTS[fault] if isinstance(fault, str) else fault
        self._planned.append(_Planned(utility, chosen, times, after))

    def heal(self) -> None:
        """No more faults."""
        self._planned.clear()

    def calls(self, utility: str = "") -> list[Asked]:
        """What was asked, of one utility or of all."""
        return [one for one in self.asked if not utility or one.utility == utility]

    # ---- answers ---------------------------------------------------------------------------------

    def answer(self, method: str, path: str, fields: Mapping[str, str], host: str) -> Answer:
        """The answer to a request, spoilt if that was asked for."""
        utility = urlsplit(path).path.removeprefix(PATH).partition(".")[0]
        with self._lock:
            answer = self._limited(fields, host) or self._good(utility, urlsplit(path).path, fields)
            for plan in list(self._planned):
                if plan.utility in ("", utility) and answer.status == 200:
                    if plan.after > 0:
                        plan.after -= 1
                        continue
                    answer = plan.fault(answer)
                    plan.times -= 1
                    if plan.times <= 0:
                        self._planned.remove(plan)
                    break
            self.asked.append(Asked(utility, dict(fields), method, path, answer.status))
        return answer

    def _limited(self, fields: Mapping[str, str], host: str) -> Answer | None:
        if self.limits is None:
            return None
        key = fields.get("api_key", "")
        most = self.limits[1] if key else self.limits[0]
        now = time.monotonic()
        times = self._times.setdefault(key or host, deque())
        while times and times[0] <= now - 1:
            times.popleft()
        if len(times) >= most:
            self.refused += 1
            refusal = limit(key or host, Answer())
            return replace(
                refusal,
                headers={"Retry-After": "2", "X-RateLimit-Limit": str(most), "X-RateLimit-Remaining": "0"},
            )
        times.append(now)
        return None

    def _good(self, utility: str, path: str, fields: Mapping[str, str]) -> Answer:
        if path == PATH + "efetch.fcgi":
            return self._efetch(fields)
        if path == PATH + "esearch.fcgi":
            return self._esearch(fields)
        if path == PATH + "ecitmatch.cgi":
            return Answer(body=self._ecitmatch(fields).encode())
        return Answer(404, b"<html><head><title>404 Not Found</title></head></html>\n", "text/html")

    def find(self, pmid: int) -> str | None:
        """The record behind a PMID."""
        if pmid in self.gone or pmid in MERGED:
            return None
        return self.records.get(pmid) or (made(pmid) if pmid >= MADE_FROM else None)

    def _efetch(self, fields: Mapping[str, str]) -> Answer:
        texts, known = [], False
        ids = fields.get("id", "")
        if fields.get("WebEnv") and fields.get("query_key", "").isdigit():
            kept = self._histories[int(fields["query_key"]) - 1]
            start = int(fields.get("retstart", "0"))
            ids = ",".join(map(str, kept[start : start + int(fields.get("retmax", "20"))]))
        for word in ids.split(","):
            pmid = int(word) if re.fullmatch(r"[1-9]\d{0,8}", word) else 0
            text = self.find(pmid)
            if text is not None:
                known = True
                texts.append(text)
            elif self.speaks and pmid:
                known = True
                other = MERGED.get(pmid)
                why = (
                    f"PMID {pmid} is a duplicate of PMID {other}"
                    if other
                    else f"The following PMID is not available: {pmid}"
                )
                texts.append(f"id: {pmid} Error occurred: {why}\n")
        if not known:
            return Answer(400, NO_IDS.encode(), "text/xml; charset=UTF-8")
        return Answer(body=("\n" + "\n".join(texts)).encode())

    def crowd(self, word: str, days: Mapping[date, int]) -> None:
        """Let a word find so many made records of each day it was entered; only their number is known until they are fetched."""
        self._crowds[word] = dict(days)

    def _esearch(self, fields: Mapping[str, str]) -> Answer:
        start, most = int(fields.get("retstart", "0")), int(fields.get("retmax", "20"))
        if start >= 9999:
            # As seen: HTTP 200, and a raw line break within the JSON.
            text = '{"header":{"type":"esearch","version":"0.3"},"esearchresult":{"ERROR":"Search Backend failed: Exception:\n'
            text += "'retstart' cannot be larger than 9998. For PubMed, ESearch can only retrieve the first 9,999 records\"}}\n"
            return Answer(body=text.encode(), type="application/json; charset=UTF-8")
        found, said = self._search(fields)
        part = found[start : min(start + most, 9999)]
        result: dict[str, object] = {
            "count": str(len(found)),
            "retmax": str(len(part)),
            "retstart": str(start),
        }
        if fields.get("usehistory") == "y":
            self._histories.append(found)
            result |= {"querykey": str(len(self._histories)), "webenv": "MCID_6927d6e7fee3e90f880ec190"}
        result |= {"idlist": [str(pmid) for pmid in part], "translationset": [], **said}
        if start + most > 9999 and len(found) > 9999:
            adjusted = f"Restrictions achieved. start and count adjusted to {start}, {9999 - start}"
            listed = {"phrasesignored": [], "quotedphrasesnotfound": [], "outputmessages": [adjusted]}
            result.setdefault("warninglist", listed)
        body = {"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result}
        return Answer(body=json.dumps(body).encode() + b"\n", type="application/json; charset=UTF-8")

    def _search(self, fields: Mapping[str, str]) -> tuple[list[int], dict[str, object]]:
        """PMIDs, and what esearch says of the query: its translation, and what it did not find."""
        term = fields.get("term", "")
        inside, dated = within(fields)
        if term.partition("[")[0] in self._crowds:
            days = self._crowds[term.partition("[")[0]]
            pmids = iter(range(MADE_FROM, MADE_FROM + sum(days.values())))
            found = [pmid for day, count in days.items() for pmid in islice(pmids, count) if inside(day)]
            words, query = f'"{term.partition("[")[0]}"[Title/Abstract]', Query({})
        else:
            texts = {pmid: _parts(text) for pmid, text in self.records.items() if pmid not in self.gone}
            query = Query(texts)
            hits, words = query.run(term)
            found = [pmid for pmid in texts if pmid in hits and inside(entered(texts[pmid]))]
        said: dict[str, object] = {
            "querytranslation": f"({words}) AND {dated}"
            if dated and " " in words
            else " AND ".join(filter(None, (words, dated)))
        }
        if query.not_found or "[" in term:
            said["errorlist"] = {"phrasesnotfound": query.not_found, "fieldsnotfound": []}
        if query.phrases or not found:
            told = [] if found else ["No items found."]
            said["warninglist"] = {
                "phrasesignored": [],
                "quotedphrasesnotfound": query.phrases,
                "outputmessages": told,
            }
        return found, said

    def _ecitmatch(self, fields: Mapping[str, str]) -> str:
        lines, seen = [], {}
        for line in re.split(r"\r\n?|\n", fields.get("bdata", "")):
            if not line:
                continue
            cells = line.split("|")
            journal, year, volume, page, author, key = (cells + [""] * 6)[:6]
            if not journal.strip():
                break  # as seen: the answer stops here
            hits = self._cited(journal, volume, page, author)
            if hits is None:
                answer, author = "NOT_FOUND;INVALID_JOURNAL", ""
            elif not hits:
                answer, author = "NOT_FOUND", ""
            else:
                answer = str(hits[0]) if len(hits) == 1 else "AMBIGUOUS " + ",".join(map(str, hits))
            answer = seen.setdefault(key, answer)  # as seen: a repeated key gets the first one's answer
            lines.append("|".join([journal, year, volume, page, author, key, answer]))
        return "\n".join(lines) + "\n"

    def _cited(self, journal: str, volume: str, page: str, author: str) -> list[int] | None:
        """PMIDs by journal, volume and page, whatever the year; None where the journal is none. A family name decides."""
        same = {
            pmid: _parts(text)
            for pmid, text in self.records.items()
            if pmid not in self.gone and _plain(" ".join(_parts(text)["TA"])) == _plain(journal)
        }
        if not same:
            return None
        hits = [
            pmid
            for pmid, parts in same.items()
            if parts["VI"] == [volume.strip()] and re.split("[-–]", parts["PG"][0])[0] == page.strip()
        ]
        family = _plain(author).split(" ")[0] if author.strip() else ""
        named = [pmid for pmid in hits if family and _plain(same[pmid]["AU"][0]).startswith(family)]
        return named or hits


def _parts(text: str) -> dict[str, list[str]]:
    """Tag -> values, continued lines joined."""
    parts: dict[str, list[str]] = {tag: [] for tag in ("TI", "TA", "VI", "PG", "LID", "AU")}
    tag = ""
    for line in text.splitlines():
        if line.startswith("      "):
            parts[tag][-1] += " " + line.strip()
        elif line:
            tag = line[:4].strip()
            parts.setdefault(tag, []).append(line[6:])
    return parts


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Whoever asked has gone in the middle of it: nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    standin: StandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the other side's acknowledgement
    server_version = "Finatra"
    sys_version = ""

    def do_GET(self) -> None:
        self._respond(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode("utf-8", errors="replace")
        fields = [
            *parse_qsl(urlsplit(self.path).query, keep_blank_values=True),
            *parse_qsl(body, keep_blank_values=True),
        ]
        self._respond(dict(fields))

    def log_message(self, *_: object) -> None:
        pass

    def _respond(self, fields: dict[str, str]) -> None:
        answer = self.standin.answer(self.command, self.path, fields, self.client_address[0])
        body = answer.body
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "X-RateLimit-Limit,X-RateLimit-Remaining",
            "Cache-Control": "private",
            "Content-Security-Policy": "upgrade-insecure-requests",
            "Content-Type": answer.type,
            "NCBI-PHID": "322C2F91E09EF7250000472418464447.1.1.m_5",
            "NCBI-SID": "1FF0A5384F8022E1_D0B9SID",
            "Set-Cookie": "ncbi_sid=1FF0A5384F8022E1_D0B9SID; path=/",
            "X-RateLimit-Limit": "10" if fields.get("api_key") else "3",
            "X-RateLimit-Remaining": "1",
            "X-UA-Compatible": "IE=Edge",
            **answer.headers,
        }
        if answer.encoding:
            headers["Content-Encoding"] = answer.encoding
        elif "gzip" in self.headers.get("Accept-Encoding", "") and answer.status == 200 and not answer.how:
            body = gzip.compress(body, 1)
            headers["Content-Encoding"] = "gzip"
        headers["Content-Length"] = str(len(body))
        try:
            self._send(answer, body, headers)
        except OSError:
            self.close_connection = True  # whoever asked has gone

    def _send(self, answer: Answer, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not answer.how:
            self.wfile.write(body)
            return
        self.close_connection = True
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        if answer.how == "stall":
            self.standin.stopped.wait(30)
        elif answer.how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
