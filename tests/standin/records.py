"""The records the stand-in has: ten written by hand from the letter's references, and invented ones for what papers suffer.

PMIDs from 99000001 up are invented. None of them may leave the tests.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

INVENTED_FROM = 99_000_001
"""From here up a PMID belongs to nobody, and the record behind it to the tests."""

MADE_FROM = 99_500_000
"""From here up there is a record behind every PMID, made when it is asked for."""

LETTER = Path(__file__).with_name("letter.nbib")
LABEL = "Invented for tests; not PubMed's record."


def field(tag: str, value: str) -> str:
    """A line as PubMed writes it, continued after some 85 columns."""
    lines = textwrap.wrap(value, 82, break_long_words=False, break_on_hyphens=False) or [""]
    return "\n".join([f"{tag:<4}- {lines[0]}", *(f"      {line}" for line in lines[1:])]) + "\n"


def record(
    pmid: int | str,
    title: str = "A made-up case series.",
    *,
    authors: Iterable[str] = ("Example A", "Sample B"),
    journal: str = "J Made Up Res",
    year: int = 2021,
    volume: str = "7",
    pages: str = "1-9",
    doi: str = "",
    types: Iterable[str] = ("Journal Article",),
    abstract: str = "",
    more: Iterable[tuple[str, str]] = (),
) -> str:
    """The MEDLINE text of an invented record; `more` are further tags, such as ("RIN", "...")."""
    source = f"{journal}. {year};{volume}:{pages}." + (f" doi: {doi}." if doi else "")
    fields = [
        ("PMID", str(pmid)),
        ("OWN", "NOTNLM"),
        ("STAT", "Stand-in"),
        ("VI", volume),
        ("DP", str(year)),
        ("TI", title),
        ("PG", pages),
        *([("LID", f"{doi} [doi]")] if doi else []),
        *([("AB", abstract)] if abstract else []),
        *(("AU", author) for author in authors),
        ("LA", "eng"),
        ("GN", LABEL),
        *(("PT", kind) for kind in types),
        ("TA", journal),
        *more,
        ("SO", source),
    ]
    return "".join(field(tag, value) for tag, value in fields)


def made(pmid: int) -> str:
    """A record for any PMID from MADE_FROM up, 4 kB long, as PubMed's are with abstract and affiliations."""
    number = pmid - MADE_FROM
    place = "Department of Made-Up Medicine, Hospital of Nowhere, 1 Example Street, 12345 Sample City, Nowhereland. "
    words = ("therapy", "epidemiology", "drug effects", "adverse effects")
    return record(
        pmid,
        f"Response to a made-up treatment in series number {number}.",
        authors=[f"Author{number % 97} {chr(65 + i)}" for i in range(6)],
        year=2000 + number % 25,
        volume=str(1 + number % 40),
        pages=f"{number + 1}-{number + 9}",
        doi=f"10.99999/made.{number}",
        abstract=f"Background: series {number}. " + "Some patients responded and others did not. " * 32,
        more=[("AD", place * 3)] * 6 + [("MH", f"Made up/{word}") for word in words],
    )


SICK = {
    99000101: record(
        99000101,
        "A series that was retracted.",
        doi="10.99999/sick.101",
        types=("Journal Article", "Retracted Publication"),
        pages="11-14",
        more=[("RIN", "J Made Up Res. 2022;8:50. doi: 10.99999/sick.102. PMID: 99000102")],
    ),
    99000102: record(
        99000102,
        "Retraction: A series that was retracted.",
        types=("Retraction of Publication",),
        year=2022,
        volume="8",
        pages="50",
        more=[("ROF", "J Made Up Res. 2021;7:11-14. doi: 10.99999/sick.101. PMID: 99000101")],
    ),
    99000103: record(
        99000103,
        "A series one is concerned about.",
        pages="21-24",
        more=[("ECI", "J Made Up Res. 2022;8:60. PMID: 99000199")],
    ),
    99000104: record(
        99000104,
        "A series with an error in its table.",
        pages="31-34",
        more=[("EIN", "J Made Up Res. 2021;7:99. PMID: 99000198")],
    ),
    99000105: record(
        99000105,
        "A series that was corrected and republished.",
        pages="41-44",
        more=[("CRI", "J Made Up Res. 2023;9:41-44. PMID: 99000197")],
    ),
    99000106: record(
        99000106,
        "A review that was updated.",
        pages="51-54",
        more=[("UIN", "J Made Up Res. 2024;10:1-30. PMID: 99000196"), ("CIN", "J Made Up Res. 2021;7:88. PMID: 99000195")],
    ),
    # Two letters on one page, by authors of one name: a citation matcher cannot tell them apart.
    99000111: record(99000111, "Twin letters: the first.", authors=["Twin A"], pages="70", types=("Letter",)),
    99000112: record(99000112, "Twin letters: the second.", authors=["Twin B"], pages="70", types=("Letter",)),
    # A paper and the reply to it: the title of one is in the title of both.
    99000113: record(99000113, "Skin response to a made-up treatment.", authors=["Reed C"], pages="71-72", doi="10.99999/sick.113"),
    99000114: record(
        99000114,
        "Comment on: Skin response to a made-up treatment.",
        authors=["Critic D"],
        pages="73",
        types=("Comment", "Letter"),
    ),
}  # fmt: skip
"""Papers with something the matter, by PMID."""

MERGED = {99000121: 99000101, 99000122: 31851795}
"""A PMID that was given up for another. It looks missing."""


def letter() -> dict[int, str]:
    """The ten references of the letter, by PMID."""
    text = LETTER.read_text(encoding="utf-8")
    parts = (
        part.strip("\n") + "\n" for part in re.split(r"^(?=PMID- )", text, flags=re.MULTILINE) if part.strip()
    )
    return {int(part.split("\n", 1)[0].removeprefix("PMID- ")): part for part in parts}
