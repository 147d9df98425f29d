"""How well printed references are read: score the corpus, and write validation/citations.md.

    python validation/citations.py

The corpus is tests/citations/printed.csv: references as papers, help pages and
reference lists print them, with the parts they have. Half of each style, drawn
once at random, was held out: the parser was written with the other half alone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from evidence.papers.citation import Citation, parse_citation

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "citations" / "printed.csv"
REPORT = ROOT / "validation" / "citations.md"

PARTS = ("family", "year", "journal", "volume", "first_page", "doi", "pmid")
"""Columns of the corpus that are compared: empty where the reference does not print the part."""

STYLES = {
    "vancouver": "Vancouver",
    "ama": "AMA",
    "apa": "APA",
    "elsevier": "the letter's (Elsevier)",
    "other": "others: notes, short forms, Harvard, Nature, books",
}

HELD_OUT_FIRST = """\
The held-out halves were scored once, before any of their misses was looked at: in the four styles every part of all 120
references was right; of the 19 others the family name in 16, the year in 19, the journal in 16, the volume in 18, the first
page in 17, the DOI in 19. Those misses (labels such as [R13] before a reference, titles in quotation marks, a semicolon
before a DOI, pages of a book behind a second semicolon) were then mended, so the others have no held-out half any more.
"""


class Scored(NamedTuple):
    """A row of the corpus, what was read, and the parts that differ: name -> (read, expected)."""

    row: dict[str, str]
    citation: Citation
    wrong: dict[str, tuple[str, str]]


def score() -> list[Scored]:
    """Every reference of the corpus, parsed and compared."""
    with CORPUS.open(encoding="utf-8", newline="") as lines:
        return [_scored(row) for row in csv.DictReader(lines)]


def _scored(row: dict[str, str]) -> Scored:
    citation = parse_citation(row["text"])
    read = {
        "family": citation.first_author_family,
        "year": str(citation.year or ""),
        "journal": citation.journal,
        "volume": citation.volume,
        "first_page": citation.first_page,
        "doi": citation.doi,
        "pmid": citation.pmid,
    }
    return Scored(row, citation, {part: (read[part], row[part]) for part in PARTS if read[part] != row[part]})


def accuracy(scored: Iterable[Scored]) -> dict[str, float]:
    """Part -> share of references in which it is right, empty where there is none included."""
    scored = list(scored)
    return {part: sum(part not in one.wrong for one in scored) / len(scored) for part in PARTS}


def report(scored: list[Scored]) -> str:
    """The report in Markdown."""
    return "\n".join(_lines(scored)) + "\n"


def _lines(scored: list[Scored]) -> Iterator[str]:
    yield "# How well printed references are read"
    yield ""
    yield f"`python validation/citations.py` writes this from the {len(scored)} references of tests/citations/printed.csv, all really"
    yield "printed, with the parts they print. A part counts as right when it is what is printed, or empty where nothing is."
    yield "Titles are not scored. The lines of a PDF's references were joined by hand; a paste from one may be worse."
    yield ""
    yield "| style | references | " + " | ".join(part.replace("_", " ") for part in PARTS) + " |"
    yield "|---|---:|" + "---:|" * len(PARTS)
    for style, name in STYLES.items():
        mine = [one for one in scored if one.row["style"] == style]
        yield _row(name, mine)
    yield _row("all", scored)
    yield ""
    yield HELD_OUT_FIRST
    misses = [one for one in scored if one.wrong]
    yield f"## Misses: {len(misses)} references"
    yield ""
    for one in misses:
        yield f"- {one.row['text']}"
        for part, (read, expected) in one.wrong.items():
            yield f"  - {part.replace('_', ' ')}: read {_shown(read)}, printed {_shown(expected)}"
    yield ""
    yield "## Where the references are from"
    yield ""
    sources: dict[str, int] = {}
    for one in scored:
        source = one.row["source"].split(", help page")[0]
        sources[source] = sources.get(source, 0) + 1
    for source, count in sources.items():
        yield f"- {source}: {count}"


def _row(name: str, scored: list[Scored]) -> str:
    right = accuracy(scored)
    counts = (f"{round(right[part] * len(scored))}" for part in PARTS)
    return f"| {name} | {len(scored)} | " + " | ".join(counts) + " |"


def _shown(text: str) -> str:
    return f"“{text}”" if text else "nothing"


if __name__ == "__main__":
    REPORT.write_text(report(score()), encoding="utf-8")
