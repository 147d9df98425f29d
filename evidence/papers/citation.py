"""A printed reference as its parts: `parse_citation` reads Vancouver, AMA, APA and what journals make of them.

A part is taken only where the text has it, and as the text has it; what cannot
be told stays empty. The text itself is never lost.

The year decides how a reference is read. Medical styles have it behind the
journal, with volume and pages on its heels:

    Khan MA, Khan FH. Role of anifrolumab. Cureus. 2023;15:e39553.
    Perel A. Using dynamic variables. Anesthesiology. (2020) 133:929–35.

APA and its kin have it behind the authors, and volume and pages at the end:

    Khan, M. A., & Khan, F. H. (2023). Role of anifrolumab. Cureus, 15(6), e39553.

From there the text is taken apart from its ends: identifiers and remarks first,
then the numbers, then the journal before them, the authors at the beginning;
what is left is the title.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from evidence.papers import journals
from evidence.papers.names import all_authors, author_family, et_al_in, take_authors
from evidence.papers.paper import first_page


class Citation(NamedTuple):
    """A reference as printed, `text`, and the parts found in it; "", () and None where there are none.

    `authors` are people as `Khan MA` whatever the style, and groups as printed.
    `journal` is as printed; `journal_abbreviation` is the NLM's where known.
    """

    authors: tuple[str, ...] = ()
    et_al: bool = False
    title: str = ""
    journal: str = ""
    year: int | None = None
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    text: str = ""

    @property
    def first_author_family(self) -> str:
        """Family name of the first author, or the group's; "" where nobody is named."""
        return author_family(self.authors[0]) if self.authors else ""

    @property
    def first_page(self) -> str:
        """211 of 211–21, e576 of e576–83; "" where no page is printed."""
        return first_page(self.pages)

    @property
    def journal_abbreviation(self) -> str:
        """The NLM's abbreviation where the journal is a known one, else the journal as printed."""
        return journals.abbreviation_of(self.journal) or self.journal


LONGEST_NAME = 150
"""Characters: no journal has a longer name."""

MOST = 5000
"""Characters of a text that are looked at: the longest reference has a tenth, a pasted page has more."""


def parse_citation(text: str) -> Citation:
    """The parts of one printed reference. Never raises: text that is none gives a Citation with little but `text`."""
    line = plain(text[:MOST])
    if re.fullmatch(r"[1-9]\d{4,8}", line, re.ASCII):  # a list of PMIDs
        return Citation(pmid=line, text=text)
    core, doi, pmid = take_identifiers(line)
    found = _year_behind_the_journal(core) or _year_behind_the_authors(core) or _year_somewhere(core)
    return _as_printed(found, line)._replace(et_al=et_al_in(core), doi=doi, pmid=pmid, text=text)


def _as_printed(found: Citation, line: str) -> Citation:
    """Without a part the line does not have: one put together around something that was taken out of its middle."""
    parts = ("title", "journal", "volume", "issue", "pages")
    amiss: dict[str, Any] = {name: "" for name in parts if getattr(found, name) not in line}
    named = all(author_family(name) in line for name in found.authors)
    year = found.year if str(found.year) in line else None
    return found._replace(**amiss, year=year, authors=found.authors if named else ())


# ---- what is not the reference itself ------------------------------------------------------------

_NUMBER = re.compile(
    r"\s*(?:[#>•*·–-]+\s+)*(?:(?:\[[A-Za-z_-]*\d{1,4}[a-z]?\]|\(\d{1,4}\)|\d{1,4}[.)](?!\d))\.?\s*)?"
)
"""How a list numbers its entries, or marks them: 3. [3] (3) 3) [R3] - • #."""

_LETTERS = str.maketrans(
    {"ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ﬃ": "ffi", "ﬄ": "ffl", "\u00ad": "", "\u200b": "", "\ufeff": ""}
)
"""Ligatures of PDF files, soft hyphens and invisible spaces: what a paste from a page carries along."""


def plain(text: str) -> str:
    """The reference on one line, without its number in the list, emphasis marks and a PDF's ligatures."""
    line = " ".join(text.translate(_LETTERS).split())
    line = re.sub(r"(?<![\w*])(\*{1,3}|_{1,2})(?=\S)(.+?)(?<=\S)\1(?![\w*])", r"\2", line)
    line = re.sub(r"\s+([.,;])(?=\s|$)", r"\1", line)
    return line[end.end() :] if (end := _NUMBER.match(line)) else line


_DOI = re.compile(
    r"[\[(<]?\b(?:(?:doi|DOI|Doi)\s*[:.]?\s*)?(?:https?://(?:\w+\.)*doi\.org/\s*|(?:\w+\.)*doi\.org/|(?:doi|DOI):?\s*)?"
    r"(10\.\d{4,9}/[^\s\"]+)",
)
_PMID = re.compile(
    r"[\[(]?(?:https?://)?(?:(?:www\.)?ncbi\.nlm\.nih\.gov/pubmed/|pubmed\.ncbi\.nlm\.nih\.gov/|\bPMID\s*[:.]?\s*|"
    r"\bPubMed(?: PMID)?\s*:\s*)([1-9]\d{0,8})(?![\d.]*\d)[/\])]?\.?"
)
_REMARKS = re.compile(
    r"(?:\bPubMed Central\s+)?\bPMCID:?\s*PMC\d+\.?|\bPMC\d{4,}\b\.?"
    r"|\[?\(?\b(?:e-?pub|published online|online ahead|advance online)\b[^.;\])]*[.;\])]*"
    r"|\[(?:cited|accessed|citado|consultado)[^\]]*\]"
    r"|(?:\bAvailable (?:from|at)|\bDisponible en|\bDisponível em|\bRetrieved from)\s*:?.*$"
    r"|\b(?:Accessed|Retrieved)\s+(?:on\s+)?\w+ \d{1,2},? \d{4}\.?"
    r"|<?https?://\S+",
    re.IGNORECASE,
)

_ONLINE = re.compile(r"\b(?:e-?pub|published online|online ahead)\b[^.;]*?\b(20\d\d)\b", re.IGNORECASE)
"""The year of a paper that has no other yet."""


def take_identifiers(line: str) -> tuple[str, str, str]:
    """The line without DOI, PMID, addresses and remarks such as "Epub ahead of print"; the DOI; the PMID."""
    doi = ""
    for found in _DOI.finditer(line):
        candidate = _trim_doi(found[1])
        if not doi:
            doi = candidate
        rest = found[1][len(candidate) :] if candidate else ""
        line = line.replace(found[0], " " + rest.lstrip("])>.,;"), 1)
    numbers = [found[1] for found in _PMID.finditer(line)]
    line = _PMID.sub(" ", line)
    online = _ONLINE.search(line)
    line = _REMARKS.sub(" ", line)
    line = re.sub(r"\s*\((?:Supersedes|Erratum|Reprinted|Comment|Discussion)[^)]*\)\.?\s*$", "", line.strip())
    if online and not _ANY_YEAR.search(line):
        line = f"{line.rstrip(' .')}. {online[1]}"
    line = re.sub(r"(?:[\s,;]*\b(?:doi|DOI|PMID|PMCID)\b\s*[:.]?)+[\s.]*$", "", " ".join(line.split()))
    line = re.sub(r"\(\s*\)|\[\s*\]", " ", line).strip(" ;,|")
    return line, doi, numbers[0] if numbers else ""


def _trim_doi(doi: str) -> str:
    """Without the full stop that ends the reference, or a bracket that was opened before the DOI."""
    while doi and (
        doi[-1] in ".,;:*" or (doi[-1] in ")]>" and doi.count(doi[-1]) > doi.count(_OPENS[doi[-1]]))
    ):
        doi = doi[:-1]
    # A line's end has cut it: 10.1007/s10877- or 10.1016/j.
    cut = doi.endswith(("-", "/", "_")) or not re.search(r"/.*\d|/.{4}", doi)
    return "" if cut else doi


_OPENS = {")": "(", "]": "[", ">": "<"}

# ---- the numbers ---------------------------------------------------------------------------------

_YEAR = r"(?P<year>1[5-9]\d\d|20\d\d)[a-z]?"
_MONTH = (
    r"(?:\s+(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*|Spring|Summer|Autumn|Fall|Winter)"
    r"[\w\s/–-]*)?"
)
_SUPPLEMENT = r"(?:\s*(?P<supplement>\(?(?:Suppl?|Supplement|Pt|Part|Spec No)\b\.?[^:;,()]{0,20}\)?))?"
_VOLUME = r"(?P<volume>[A-Z]?\d{1,8}[A-Z]?(?:[-–/]\d{1,4})?)?"
_ISSUE = r"(?:\s*\((?P<issue>[^()]{1,40})\))?"
_DASH = r"\s*(?:--|[-‐‑‒–—−])\s*"
_PAGE = r"[A-Za-z]{0,4}\d[A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*"
_PAGES = rf"(?P<pages>{_PAGE}(?:{_DASH}{_PAGE})?(?:,\s*{_PAGE}(?:{_DASH}{_PAGE})?)*)"
_END = r"(?=\s*(?:[.;,\])]|$|\s[A-Z(\[]))"

_AFTER_YEAR = re.compile(
    rf"\(?\b{_YEAR}{_MONTH}\)?\s*(?:;|(?<=\))\s|:)\s*{_VOLUME}{_SUPPLEMENT}{_ISSUE}(?:(?:\s*[:,]|(?<=\)))\s*(?:pp?\.?\s*)?{_PAGES})?{_END}"
)
"""2020;382(3):211–21, 2020 Jan 16;382:211, (2016) 316:1298–309, 2009;36(4 Suppl):S3, 2020:95–102, 2008;(4):MR000002."""

_COMMAS = re.compile(
    rf"\b{_YEAR},\s*{_VOLUME}{_ISSUE}{_SUPPLEMENT}\s*[,:]\s*(?:pp?\.?\s*)?{_PAGES}\s*\.?\s*$"
)
"""2025, 14, 5683 and 2017, 31:389-404, at the end of the text."""

_AT_THE_END = re.compile(
    r"(?P<before>[,.]?\s*|\s)(?:[Vv]ol(?:ume|\.)?\s*)?\b(?P<volume>[A-Z]?\d{1,5}[A-Z]?(?:[-–/]\d{1,4})?)"
    rf"{_ISSUE}{_SUPPLEMENT}\s*(?:[:,]\s*(?:(?:no|issue|n\.º)\.?\s*(?P<number>\d+),\s*)?(?:pp?\.?\s*|[Aa]rticle\s*(?:no\.?\s*)?)?{_PAGES})\s*\.?\s*$"
)
"""15(6), e39553 · 14, 905–907 · 2:4 · vol. 3, no. 2, pp. 5–9, at the end of the text."""

_VOLUME_ALONE = re.compile(
    rf",\s*(?P<volume>\d{{1,4}}[A-Z]?){_ISSUE}{_SUPPLEMENT}\s*\.?\s*$|,\s*(?:pp?\.?\s*)?(?P<pages>{_PAGE}{_DASH}{_PAGE})\s*\.?\s*$"
)
"""A journal's volume without pages, or pages without a volume, behind a comma."""


def _year_behind_the_journal(core: str) -> Citation | None:
    found = None
    for found in _AFTER_YEAR.finditer(core):
        if found["volume"] or found["pages"] or found["issue"]:
            break
    else:
        found = _COMMAS.search(core)
        if not found:
            return None
    head = core[: found.start()]
    if not head.strip(" .") or _is_book(core):
        return None
    volume, pages = found["volume"] or "", found["pages"] or ""
    if volume and not pages and len(volume) > 4:
        volume, pages = "", volume  # 2017;4643830: an article's number, no journal has as many volumes
    authors, title, journal = take_apart(head)
    issue = " ".join(filter(None, (found["issue"], _unbracketed(found["supplement"]))))
    issue = issue if issue in core else (found["issue"] or _unbracketed(found["supplement"]))
    return Citation(authors, False, title, journal, int(found["year"]), volume, issue, pages)


def _unbracketed(text: str | None) -> str:
    return (text or "").strip().strip("()").strip()


_AUTHOR_DATE = re.compile(
    rf"^(?P<authors>[^()]{{2,}}?(?:\([^()]*\)[^()]*?)?)[\s.,]*"
    rf"\((?:{_YEAR}(?:[,/–-][^()]*)?|in press|forthcoming|n\.d\.)\)\s*[.,:;]?\s*(?=\S)"
)


def _year_behind_the_authors(core: str) -> Citation | None:
    found = _AUTHOR_DATE.match(core)
    if not found:
        return None
    authors = all_authors(found["authors"])
    if not authors:
        return None
    year, rest = int(found["year"]) if found["year"] else None, core[found.end() :]
    if _is_book(rest):
        title = _first_sentence(rest)
        return Citation(authors, False, title, "", year, pages=_book_pages(rest))
    numbers = _AT_THE_END.search(rest) or _VOLUME_ALONE.search(rest)
    if not numbers:
        title, journal = split_source(rest.rstrip(" ."))
        if not journals.abbreviation_of(journal):
            # Neither volume nor pages: it may as well be a publisher, a report, a web page.
            title, journal = (title, "") if title else (journal, "")
        return Citation(authors, False, tidy(title), journal, year)
    parts = numbers.groupdict()
    title, journal = split_source(rest[: numbers.start()] + ("." if numbers[0].startswith(".") else ""))
    return Citation(
        authors,
        False,
        title,
        journal,
        year,
        parts.get("volume") or "",
        parts.get("issue") or parts.get("number") or _unbracketed(parts.get("supplement")),
        parts.get("pages") or "",
    )


_ANY_YEAR = re.compile(r"(?<![\d/.–-])(1[5-9]\d\d|20\d\d)(?![\d–/]|-\d|\.\d)")


def _year_somewhere(core: str) -> Citation:
    """Volume and pages before the year, a year alone behind the journal, a book, or nothing of the kind."""
    years = list(_ANY_YEAR.finditer(core))
    year = int(years[-1][1]) if years else None
    if _is_book(core) or not years:
        authors, rest = take_authors(core)
        return Citation(authors, False, _first_sentence(rest), "", year, pages=_book_pages(core))
    head = core[: years[-1].start()].rstrip(" (,;.")
    tail = core[years[-1].end() :].strip(" ).,;")
    numbers = _AT_THE_END.search(head) if not tail else None
    if numbers and re.search(r"[A-Za-z]", head[: numbers.start()]):
        authors, title, journal = take_apart(head[: numbers.start()])
        return Citation(
            authors,
            False,
            title,
            journal,
            year,
            numbers["volume"] or "",
            numbers["issue"] or _unbracketed(numbers["supplement"]),
            numbers["pages"] or "",
        )
    authors, title, journal = take_apart(head)
    if not journals.abbreviation_of(journal) and not (title and _looks_abbreviated(journal)):
        authors, rest = take_authors(core)
        title, journal = re.sub(rf"\.?\s*\(?{year}\)?\.?$", "", _first_sentence(rest)), ""
    return Citation(authors, False, title, journal, year)


_BOOK = re.compile(
    r"\bIn:\s|\bIn [A-Z][^.]{2,80}\((?:pp?\.|[Ee]ds?\.)|(?<!research )\bed(?:itor)?s?\.?\)?[.:;,]\s|\b\d+(?:st|nd|rd|th) ed(?:n|ition)?\b"
    r"|[A-Za-z)]: [A-Z][^:;.]{1,60}[;,] ?(?:1[5-9]|20)\d\d\b|[a-z]; (?:1[5-9]|20)\d\d(?:; pp?\.|\s*\.?\s*$)"
)
"""Chapters and books: In: editors, an edition, City: Publisher; 2007."""


def _is_book(text: str) -> bool:
    return bool(_BOOK.search(text))


def _book_pages(text: str) -> str:
    found = re.search(rf"(?:\bpp?\.?|(?:19|20)\d\d;)\s*(?P<pages>{_PAGE}{_DASH}{_PAGE})", text)
    return found["pages"] if found else ""


def _first_sentence(text: str) -> str:
    return tidy(re.split(r"(?<=[^\s.][^\s.][.?!])\s+(?=[A-Z\"“‘'(\[])|\s+In:\s", text.strip(), maxsplit=1)[0])


# ---- authors, title, journal ---------------------------------------------------------------------


def take_apart(head: str) -> tuple[tuple[str, ...], str, str]:
    """Authors, title and journal of what stands before the year."""
    authors, rest = take_authors(head.strip(" ,;("))
    title, journal = split_source(rest.strip().rstrip(" ,;"))
    return authors, title, journal


_SENTENCE = re.compile(r"(?<=[.?!])[\"”’']?\s+|(?<=[\"”’])\s+(?=[A-Z])")

_QUOTED = re.compile(r"[\"“'‘](?P<title>.+?(?:[.,?!][\"”'’]|[\"”'’][.,]))\s+(?P<journal>\S.*)")
"""'Title', Journal and "Title." Journal."""


def split_source(text: str) -> tuple[str, str]:
    """Title and journal, from `Title. Journal` without the numbers; the journal alone where that is all."""
    text = text.strip().rstrip(",;").strip()
    stopped = text.endswith(".")
    text = text.rstrip(".").strip()
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return tidy(text[0] + quoted["title"]), quoted["journal"].strip(" ,;")
    starts = [0, *(gap.end() for gap in _SENTENCE.finditer(text))]
    pieces = [text[begin:end].strip() for begin, end in zip(starts, [*starts[1:], None], strict=True)]
    if len(pieces) == 1:
        return _run_together(text)
    at = len(pieces) - 1
    while at > 1 and _continues(pieces[at - 1], pieces[at]):
        at -= 1
    if at == 1 and _continues(pieces[0], pieces[1]) and len(pieces[0].split()) <= 5:
        at = 0
    journal = text[starts[at] :].strip(" ,;")
    if len(journal) > LONGEST_NAME:
        return tidy(text), ""
    if stopped and "." in re.sub(r"\([^()]*\)", "", journal):
        journal += "."  # the last dot of J. Clin. Microbiol. belongs to it
    return tidy(text[: starts[at]]), journal


def _continues(piece: str, following: str) -> bool:
    """Whether a piece is the beginning of a dotted journal: `J.` before `Clin.`, `Lancet Infect.` before `Dis.`"""
    words = piece.rstrip(".").split()
    if not words or len(words) > 5 or piece.endswith(("?", "!")):
        return False
    if not all(word[0].isupper() or word in ("of", "and", "&") for word in words):
        return False
    name = journals.fold(piece + " " + following)
    return journals.fold(words[-1]) in journals.ABBREVIATED or bool(journals.abbreviation_of(name))


def _looks_abbreviated(text: str) -> bool:
    words = [journals.fold(word) for word in text.split()]
    return bool(words) and len(words) <= 8 and any(word in journals.ABBREVIATED for word in words)


def _run_together(text: str) -> tuple[str, str]:
    """One piece: a journal, or a title whose full stop was forgotten before the journal's capitals."""
    words = text.split()
    for start in range(1, len(words)):
        name = " ".join(words[start:])
        if len(words) - start <= 8 and start > 3 and journals.abbreviation_of(name):
            return tidy(" ".join(words[:start])), name
    start = len(words)
    while start and words[start - 1][:1].isupper():
        start -= 1
    run = words[start:]
    if start > 3 and len(run) > 1 and all(journals.fold(word) in journals.ABBREVIATED for word in run):
        return tidy(" ".join(words[:start])), " ".join(run)
    if len(words) <= 8 or _looks_abbreviated(text):
        return "", text
    return tidy(text), ""


def tidy(title: str) -> str:
    """A title without its full stop, the quotation marks around it, and a mark of retraction before it."""
    title = re.sub(r"^\s*\[?(?:RETRACTED|Retracted)(?: ARTICLE)?\]?\s*[:.]?\s+", "", title).strip(" ,;")
    title = title.strip()
    if len(title) > 1 and title[0] in "\"“'‘" and title.rstrip(".,")[-1:] in "\"”'’":
        title = title.rstrip(".,")[1:-1]
    while title.endswith((".", ",")) and not title.endswith("..."):
        title = title[:-1].rstrip()
    return title
