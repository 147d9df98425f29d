"""BibTeX, by bibtexparser 2: it keeps what it cannot read as a block with its line, so that nothing is lost unsaid.

pybtex was the other candidate. It reads on after a slip and goes wrong without
a word: a missing brace becomes part of the title, a doubled quotation mark ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from unicodedata import normalize

from evidence.errors import InputError
from evidence.papers.exchange import (
    author_from,
    date_from,
    date_parts,
    full_name,
    join_words,
    joined_pages,
    line,
    marked_title,
    notes_of,
    page_range,
    split_words,
    take_notices,
    unmark,
)
from evidence.papers.paper import Author, Paper, initials_of, year_of

TYPES = {
    "article": "article",
    "book": "book",
    "incollection": "chapter",
    "inproceedings": "conference",
    "unpublished": "preprint",
    "techreport": "report",
    "phdthesis": "thesis",
    "online": "webpage",
    "misc": "other",
    "inbook": "chapter",
    "booklet": "book",
    "mvbook": "book",
    "collection": "book",
    "conference": "conference",
    "proceedings": "conference",
    "report": "report",
    "mastersthesis": "thesis",
    "thesis": "thesis",
    "electronic": "webpage",
    "www": "webpage",
    "periodical": "article",
}
"""Entry type -> kind. The first of each kind is the one written."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read_bibtex(text: str) -> list[Paper]:
    """The papers in BibTeX text, in order. Raises InputError with the line of an entry that cannot be read."""
    import logging

    from bibtexparser.entrypoint import parse_string
    from bibtexparser.middlewares import RemoveEnclosingMiddleware, ResolveStringReferencesMiddleware
    from bibtexparser.model import Block, DuplicateBlockKeyBlock, DuplicateFieldKeyBlock, Entry

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what it cannot read is said below
    stack = [ResolveStringReferencesMiddleware(), RemoveEnclosingMiddleware()]
    library = parse_string(text.lstrip("\ufeff").replace("\r\n", "\n"), parse_stack=stack)
    papers = []
    for found in library.blocks:
        block: Block | None = found
        raw = False
        if isinstance(found, DuplicateFieldKeyBlock | DuplicateBlockKeyBlock):
            block, raw = found.ignore_error_block, True  # a field, or a key, twice: both are kept
        if isinstance(block, Entry):
            papers.append(_paper(block.entry_type.lower(), _fields(block, raw)))
        elif found in library.failed_blocks:
            begun = (found.raw or "").strip().split("\n")[0][:60]
            raise InputError(
                f"line {(found.start_line or 0) + 1} of the BibTeX: the entry {begun!r} cannot be read; "
                "a brace, a quotation mark or a comma is missing"
            )
    return papers


_JOINED = {"author": " and ", "keywords": ", ", "note": "\n\n", "annote": "\n\n"}


def _fields(entry: object, raw: bool) -> dict[str, str]:
    """Field -> value; of a field given twice both values, or the first. `raw`: what encloses them is still there."""
    values: dict[str, str] = {}
    for field in entry.fields:  # type: ignore[attr-defined]
        key, value = field.key.lower(), str(field.value).strip()
        if raw and len(value) > 1 and value[0] + value[-1] in ("{}", '""'):
            value = value[1:-1]
        if key in values and key in _JOINED:
            value = values[key] + _JOINED[key] + value
        elif values.get(key):
            continue
        values[key] = value
    return values


def _paper(type_: str, fields: Mapping[str, str]) -> Paper:
    def text(*names: str) -> str:
        return " ".join(next((plain(fields[name]) for name in names if fields.get(name)), "").split())

    title, retracted = unmark(text("title"))
    notes = [plain(fields[name]) for name in ("note", "annote", "annotation") if fields.get(name)]
    paragraphs = [part.strip("\n") for note in notes for part in re.split(r"\n[ \t]*\n", note)]
    kept, notices = take_notices(paragraphs, retracted)
    year = text("year", "date")
    parts = [int(part) for part in re.findall(r"\d+", fields.get("date", ""))[:3]]
    if not parts and year_of(year):
        parts = [year_of(year) or 0, *_month(fields.get("month", ""))]
    first, last = _pages(text("pages", "eid", "article-number"))
    return Paper(
        pmid=_match(r"(?:PMID:?\s*|^|pubmed/)([1-9]\d{0,8})$", text("pmid"))
        or (text("eprint") if text("eprinttype").lower() == "pubmed" else "")
        or _match(r"\bPMID:\s*([1-9]\d{0,8})\b", " ".join(kept)),
        doi=_match(r"(10\.\d{4,9}/\S+)", text("doi") or text("url")),
        pmcid=_match(r"(PMC\d+)", text("pmcid", "pmc")),
        title=title,
        authors=tuple(_authors(fields.get("author", ""))),
        journal=text("journal", "journaltitle", "booktitle"),
        journal_abbreviation=text("shortjournal", "journal-abbrev", "journalabbreviation"),
        year=year_of(year),
        date=date_from(parts),
        volume=text("volume"),
        issue=text("number", "issue"),
        pages=joined_pages(first, last),
        issn=_match(r"(\d{4}-?\d{3}[\dXx])", text("issn")),
        language=text("language", "langid"),
        abstract=text("abstract"),
        keywords=split_words(text("keywords")),
        notes=kept,
        url=text("url"),
        notices=notices,
        kind=TYPES.get(type_, "other"),
    )


def plain(value: str) -> str:
    """LaTeX as Unicode: accents, dashes, escaped signs; without the braces that only keep capitals."""
    if "\\" in value or "$" in value:
        from pylatexenc.latex2text import LatexNodes2Text

        blocks = re.split(r"(\n[ \t]*\n)", value)  # LaTeX makes one space of any: paragraphs are kept apart
        decode = LatexNodes2Text(math_mode="text", keep_braced_groups=False).latex_to_text
        decoded = "".join(part if part.isspace() else decode(part, tolerant_parsing=True) for part in blocks)
        return decoded.replace("ˆ", "^").replace("˜", "~")  # it makes accents without a letter of these two
    return re.sub(r"[{}]", "", value).replace("---", "—").replace("--", "–").replace("~", "\xa0")


def _match(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


def _pages(text: str) -> tuple[str, str]:
    first, _, last = (part.strip() for part in re.sub(r"\s*[–—-]+\s*", "-", text).partition("-"))
    return first, last


def _month(value: str) -> list[int]:
    name = value.strip().lower()[:3]
    if name in _MONTHS:
        return [_MONTHS.index(name) + 1]
    return [int(value)] if value.strip().isdigit() else []


def _authors(field: str) -> Iterator[Author]:
    """Names as BibTeX means them: `von Last, Jr, First`, `First von Last`, {a group}; `others` is nobody."""
    from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names

    for name in split_multiple_persons_names(" ".join(field.split())):
        if name.strip().lower() == "others" or not name.strip(" {}"):
            continue
        if re.fullmatch(r"\{[^{}]*\}", name.strip()):
            yield Author(collective=plain(name))
            continue
        try:
            parts = parse_single_name_into_parts(name, strict=False)
        except ValueError:  # braces or commas nobody can make sense of
            yield author_from(plain(name))
            continue
        given = plain(" ".join(parts.first))
        family = plain(" ".join([*parts.von, *parts.last]))
        yield Author(family, given, initials_of(given), suffix=plain(" ".join(parts.jr)))


# ---- writing -------------------------------------------------------------------------------------

_WRITTEN = {kind: type_ for type_, kind in reversed(TYPES.items())}
_ESCAPED = str.maketrans(
    {c: "\\" + c for c in "&%$#_{}"}
    | {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}"}
)


def escape(text: str) -> str:
    """Text that LaTeX prints as it is; letters stay letters (UTF-8), as biber and today's BibTeX read them."""
    return text.translate(_ESCAPED)


def write_bibtex(papers: Iterable[Paper]) -> str:
    """The papers as BibTeX, with keys such as khan2023, khan2023b."""
    taken: dict[str, int] = {}
    return "\n".join(_entry(paper, _free_key(paper, taken)) for paper in papers)


def _free_key(paper: Paper, taken: dict[str, int]) -> str:
    """A key no other entry has; `taken` counts how often each was asked for."""
    name = normalize("NFKD", (paper.first_author_family or "anon").casefold())
    base = (re.sub(r"[^a-z0-9]", "", name)[:40] or "anon") + str(paper.year or "")
    key = base
    while key in taken:
        taken[base] += 1
        key = base + _letters(taken[base])
    taken[key] = 1
    return key


def _letters(number: int) -> str:
    """b, c, ..., z, ba, bb, ..."""
    letters = ""
    number -= 1
    while number >= 0:
        letters = chr(ord("a") + number % 26) + letters
        number = number // 26 - 1
    return letters


def _entry(paper: Paper, key: str) -> str:
    first, last = page_range(paper)
    parts = date_parts(paper.date)
    fields = {
        "author": " and ".join(map(_name, paper.authors)),
        "title": _capitals_kept(marked_title(paper)),
        "journal": escape(line(paper.journal or paper.journal_abbreviation)),
        "shortjournal": escape(line(paper.journal_abbreviation)),
        "year": str(paper.year or ""),
        "date": "-".join(f"{part:02}" for part in parts) if len(parts) > 1 else "",
        "volume": escape(line(paper.volume)),
        "number": escape(line(paper.issue)),
        "pages": escape(f"{first}--{last}" if last else first),
        "doi": escape(line(paper.doi)),
        "pmid": paper.pmid,
        "pmcid": escape(line(paper.pmcid)),
        "issn": escape(line(paper.issn)),
        "language": escape(line(paper.language)),
        "url": escape(line(paper.url)),
        "keywords": escape(join_words(paper.keywords)),
        "abstract": escape(line(paper.abstract)),
        "note": escape("\n\n".join(re.sub(r"\n\s*\n", "\n", note) for note in notes_of(paper))),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{_WRITTEN[paper.kind]}{{{key},", *lines, "}"]) + "\n"


def _name(author: Author) -> str:
    if author.collective:
        return "{" + escape(line(author.collective)) + "}"
    if author.suffix:
        given = author.given or " ".join(author.initials)
        return escape(line(f"{author.family}, {author.suffix}, {given}"))
    return escape(full_name(author)).replace(" and ", " {and} ")


def _capitals_kept(title: str) -> str:
    """Words with capitals in braces: BibTeX styles make the rest lower case."""
    words = title.split(" ")
    kept = []
    for index, word in enumerate(words):
        inner = word if index else word[1:]
        safe = escape(word)
        kept.append(
            "{" + safe + "}" if any(c.isupper() for c in inner) and not re.search(r"[{}\\]", word) else safe
        )
    return " ".join(kept)
