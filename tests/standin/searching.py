"""esearch as PubMed runs it, as far as was seen: tags, AND, OR, NOT from left to right, what it drops and what it says of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

NAMES = {
    "tiab": "Title/Abstract", "title/abstract": "Title/Abstract", "ti": "Title", "title": "Title", "pmid": "PMID", "uid": "PMID",
    "doi": "Article Identifier", "aid": "Article Identifier", "au": "Author", "dp": "Date - Publication", "all": "All Fields",
}  # fmt: skip
"""The tags this knows. Any other one is dropped, as the real one drops those it does not know."""

PART = re.compile(r'"[^"]*"|\[[^\[\]]*\]|[()]|[^\s()\[\]"]+')
OPERATORS = ("AND", "OR", "NOT")

Text = Mapping[str, list[str]]


@dataclass
class Query:
    """A query while it is run: what was made of it, and what was dropped."""

    records: Mapping[int, Text]
    not_found: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)

    def run(self, query: str) -> tuple[set[int], str]:
        """PMIDs, and the query as it was understood."""
        parts = PART.findall(query)
        found, words = self._group(parts)
        return found, words

    def _group(self, parts: list[str]) -> tuple[set[int], str]:
        found: set[int] | None = None
        words: list[str] = []
        operator = "AND"
        while parts:
            part = parts.pop(0)
            if part == ")":
                break
            if part in OPERATORS:
                operator = part
                continue
            if part == "(":
                hits, said = self._group(parts)
                said = f"({said})"
            else:
                term = [part]
                while parts and parts[0] not in ("(", ")", *OPERATORS) and not parts[0].startswith("["):
                    term.append(parts.pop(0))
                tag = parts.pop(0)[1:-1] if parts and parts[0].startswith("[") else ""
                made = self._term(" ".join(term), tag)
                if made is None:  # dropped: the rest is searched without it
                    continue
                hits, said = made
            if found is None:
                found, words = hits, [said]
            else:
                found = (
                    found & hits if operator == "AND" else found | hits if operator == "OR" else found - hits
                )
                words += [operator, said]
            operator = "AND"
        return found or set(), " ".join(words)

    def _term(self, term: str, tag: str) -> tuple[set[int], str] | None:
        name = NAMES.get(tag.lower().partition(":")[0].strip(), "All Fields")
        bare = term.strip('"')
        hits = {pmid for pmid, parts in self.records.items() if _matches(parts, pmid, bare, name)}
        if not hits:
            quoted = term.startswith('"')
            (self.phrases if quoted else self.not_found).append(term if quoted else bare)
            if name == "All Fields":
                return None
        shown = f'"{bare}"[{name}]' if name != "Date - Publication" else f"{bare}[{name}]"
        return hits, shown


def _matches(parts: Text, pmid: int, term: str, name: str) -> bool:
    if name == "PMID":
        return term == str(pmid)
    if name == "Article Identifier":
        return any(
            re.search(r"(\S+) \[doi\]", value, re.I) and value.split()[0].lower() == term.lower()
            for value in parts.get("LID", ())
        )
    if name == "Date - Publication":
        low, _, high = term.partition(":")
        return low[:4] <= parts.get("DP", ["0"])[0][:4] <= (high or low)[:4]
    if name == "Author":
        return any(plain(one).startswith(plain(term)) for one in parts.get("AU", ()))
    where = {"Title": ("TI",), "Title/Abstract": ("TI", "AB")}.get(name, ("TI", "AB", "AU", "TA"))
    text = " ".join(plain(value) for tag in where for value in parts.get(tag, ()))
    wanted = plain(term)
    if term.endswith("*"):
        return bool(wanted) and re.search(rf"\b{re.escape(wanted)}", text) is not None
    return bool(wanted) and f" {wanted} " in f" {text} "


def plain(text: str) -> str:
    """Words in small letters."""
    return " ".join(re.findall(r"\w+", text.lower()))


def entered(parts: Text) -> date:
    """The day a record entered PubMed: its EDAT, else the first of its year."""
    stated = parts.get("EDAT") or [f"{(parts.get('DP') or ['2021'])[0][:4]}/01/01"]
    year, month, day = (int(part) for part in stated[0][:10].split("/"))
    return date(year, month, day)


def within(fields: Mapping[str, str]) -> tuple[Callable[[date], bool], str]:
    """Whether a day is between mindate and maxdate, and how the translation says it."""
    low, high = fields.get("mindate", ""), fields.get("maxdate", "")
    if not (low and high and fields.get("datetype", "") == "edat"):
        return (lambda day: True), ""
    first, last = (date(*map(int, text.split("/"))) for text in (low, high))
    return (lambda day: first <= day <= last), f"{low}:{high}[Date - Entry]"
