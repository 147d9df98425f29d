"""Whether an answer of the E-utilities is one: HTTP 200 also comes with errors, other people's pages and half a body.

Each `read_` function takes the text of an answer and returns what is in it, or raises `BadAnswer`. Nothing is
parsed further than that takes: records are kept as the text they came in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

PMID = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
"""What a PubMed number looks like."""

LIMITED = "API rate limit exceeded"
NO_SUCH_KEY = "API key invalid"
NONE_OF_THEM = "ID list is empty"
"""The words of efetch (HTTP 400) where not one of the numbers asked for exists."""

EMPTY = "an empty answer"

FULL_LINE = 70
"""Lines are wrapped after this many columns or more; a shorter one has no continuation."""

_REQUIRED = (("title", ("TI", "BTI")), ("source", ("SO",)), ("publication type", ("PT",)))
_RECORDS = re.compile(r"^(?=PMID- )", re.MULTILINE)
_ODD_LINE = re.compile(r"^(?![A-Z][A-Z0-9]{1,3} {0,2}-(?: |$)|      |[ \t\r]*$)", re.MULTILINE)
_LOST = re.compile(
    r"^id: *(?P<pmid>\d+) +Error occurred:(?:.* duplicate of PMID (?P<other>[1-9]\d{0,8}))?.*$", re.MULTILINE
)
"""What efetch says of a PMID it has nothing on, if it says anything."""

_TAGGED = re.compile(r"^([A-Z]{2,4}) {0,2}-", re.MULTILINE)


class BadAnswer(Exception):
    """An answer that cannot be used: why, in words that hold nothing secret; `again` if asking again may help."""

    def __init__(self, reason: str, *, again: bool = True, limited: bool = False) -> None:
        self.reason, self.again, self.limited = reason, again, limited
        super().__init__(reason)


class Records(NamedTuple):
    """What efetch gave, by PMID: the exact MEDLINE text; those it says are gone, with what each became or "";
    those whose record is not whole, with why. `others` were sent without being asked for."""

    texts: Mapping[str, str]
    gone: Mapping[str, str] = MappingProxyType({})
    refused: Mapping[str, str] = MappingProxyType({})
    others: tuple[str, ...] = ()


class Match(NamedTuple):
    """What ecitmatch says of one citation: its PMID, or the PMIDs it cannot choose from; neither is nothing."""

    pmid: str = ""
    ambiguous: tuple[str, ...] = ()
    undecided: bool = False


class Found(NamedTuple):
    """What esearch gave: how many records there are, and the first PMIDs."""

    total: int
    pmids: tuple[str, ...]


class Searched(NamedTuple):
    """The same with the query as PubMed ran it, and what it left out of it, in words."""

    total: int
    pmids: tuple[str, ...]
    translation: str
    left_out: tuple[str, ...]


def check_text(body: bytes) -> str:
    """The body as text. Raises BadAnswer where it is empty or not UTF-8, or says that we ask too often."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadAnswer("an answer that is not text") from None
    if text.lstrip().startswith("{") and LIMITED in text[:500]:
        raise BadAnswer("asked too often", limited=True)
    if not text.strip():
        raise BadAnswer(EMPTY)
    return text


def read_records(text: str, asked: Collection[str]) -> Records:
    """The records in an answer of efetch to `asked` PMIDs.

    A record that is incomplete or was not asked for is left out, and said; the others are as good as they would be
    without it. Raises BadAnswer for anything that is not whole MEDLINE text.
    """
    if text.lstrip()[:1] in ("<", "{", "["):
        raise BadAnswer(_error_in(text) or "a page that is not MEDLINE text")
    if not text.endswith("\n"):
        raise BadAnswer("an answer that was cut short")
    asked = frozenset(asked)
    gone = {found["pmid"]: found["other"] or "" for found in _LOST.finditer(text) if found["pmid"] in asked}
    rest = _LOST.sub("", text)
    if _ODD_LINE.search(rest):
        raise BadAnswer("an answer with lines that are not MEDLINE")
    texts: dict[str, str] = {}
    refused: dict[str, str] = {}
    others: list[str] = []
    parts = [part.strip("\n") + "\n" for part in _RECORDS.split(rest) if part.strip()]
    for part in parts:
        pmid = part.split("\n", 1)[0].removeprefix("PMID- ").strip()
        if not part.startswith("PMID- ") or not PMID.fullmatch(pmid):
            raise BadAnswer("a record without its PMID")
        tags = set(_TAGGED.findall(part))
        lacks = next((what for what, names in _REQUIRED if tags.isdisjoint(names)), "")
        if pmid not in asked:
            others.append(pmid)
        elif lacks:
            refused[pmid] = f"its record has no {lacks}"
        elif pmid in texts:
            raise BadAnswer(f"the record of PMID {pmid} twice")
        else:
            texts[pmid] = part
    if parts:
        _check_end(parts[-1])
    if not parts and not gone:
        raise BadAnswer("an answer without a record")
    return Records(texts, gone, refused, tuple(others))


def _check_end(record: str) -> None:
    """The last field of a record is its source, a sentence; a full line that ends otherwise was going to be continued."""
    lines = record.splitlines()
    source = next((line for line in reversed(lines) if not line.startswith(" ")), "")
    if source.startswith("SO") and len(lines[-1]) >= FULL_LINE and not lines[-1].rstrip().endswith("."):
        raise BadAnswer("an answer that was cut short")


def read_matches(text: str, asked: Collection[str]) -> dict[str, Match]:
    """Key -> what ecitmatch says, for the keys it has a line on. Lines are found by key, for they can be missing.

    A key that comes twice is nobody's: its lines are left out. Raises BadAnswer for what is not ecitmatch's, or is
    about other citations.
    """
    if text.lstrip()[:1] in ("<", "{", "["):
        raise BadAnswer(_error_in(text) or "a page that is not a list of matches")
    if not text.endswith("\n"):
        raise BadAnswer("an answer that was cut short")
    matches: dict[str, Match] = {}
    twice = set()
    for line in text.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) < 7 or fields[-2] not in asked:
            continue  # a line may be shifted by a bar, or be nobody's
        key, answer = fields[-2], fields[-1]
        if key in matches:
            twice.add(key)
        if PMID.fullmatch(answer):
            matches[key] = Match(answer)
        elif answer.startswith("AMBIGUOUS"):
            matches[key] = Match("", tuple(dict.fromkeys(re.findall(r"\b[1-9]\d{3,8}\b", answer))), True)
        else:
            matches[key] = Match()
    if not matches:
        raise BadAnswer("an answer about none of the citations")
    return {key: match for key, match in matches.items() if key not in twice}


def read_search(text: str) -> Found:
    """How many records esearch found, and the PMIDs it lists. None found is an answer, not an error."""
    result = _json(text).get("esearchresult")
    if not isinstance(result, dict):
        raise BadAnswer("an answer without a search result")
    error = result.get("ERROR")
    if error:
        raise BadAnswer(f"an error of the search ({_words(str(error))})")
    count, listed = str(result.get("count", "")), result.get("idlist")
    if not count.isdigit() or not isinstance(listed, list):
        raise BadAnswer("a search result without a count")
    pmids = tuple(str(pmid) for pmid in listed)
    if len(count) > 12 or not all(PMID.fullmatch(pmid) for pmid in pmids) or len(pmids) > int(count):
        raise BadAnswer("a search result that lists no PMIDs")
    return Found(int(count), pmids)


def read_searched(text: str) -> Searched:
    """The same, with what esearch made of the query."""
    found, result = read_search(text), _json(text)["esearchresult"]
    translation = _words(str(result.get("querytranslation") or ""), LONGEST_QUERY)
    return Searched(*found, translation, _left_out(result))


LONGEST_QUERY = 10_000
"""Characters of a translated query that are kept."""

LEFT_OUT = {
    ("errorlist", "phrasesnotfound"): "not found, and left out: {}",
    ("errorlist", "fieldsnotfound"): "no such field, and left out: {}",
    ("warninglist", "phrasesignored"): "left out: {}",
    ("warninglist", "quotedphrasesnotfound"): "phrase not found: {}",
}
"""Where esearch says that it searched something else than was asked. "No items found." among its messages does not."""


def _left_out(result: Mapping[str, Any]) -> tuple[str, ...]:
    said = []
    for (part, name), words in LEFT_OUT.items():
        holder = result.get(part)
        listed = holder.get(name) if isinstance(holder, dict) else None
        said += [words.format(_words(str(one))) for one in listed or ()] if isinstance(listed, list) else []
    return tuple(said)


def _json(text: str) -> dict[str, Any]:
    """The JSON object; control characters inside its strings are let pass, for esearch writes raw line breaks."""
    import json

    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise BadAnswer(_error_in(text) or "an answer that is not JSON") from None
    if not isinstance(value, dict):
        raise BadAnswer("an answer that is not JSON as expected")
    if value.get("error"):
        raise BadAnswer(f"an error ({_words(str(value['error']))})")
    return value


def error_of(text: str) -> str:
    """What an error page says, in a few words; "" where it says nothing."""
    found = _error_in(text)
    if found:
        return found
    try:
        _json(text)
    except BadAnswer as error:
        return error.reason if "error" in error.reason else ""
    return ""


def _error_in(text: str) -> str:
    """`an error (...)` from <ERROR> or the title of an HTML page."""
    found = re.search(r"<(?:ERROR|title|TITLE)>([^<]{1,300})", text[:20_000])
    return f"an error ({_words(found[1])})" if found else ""


def _words(text: str, most: int = 120) -> str:
    """One line of at most so many characters."""
    words = " ".join(text.split())
    return words if len(words) <= most else words[: most - 3] + "..."
