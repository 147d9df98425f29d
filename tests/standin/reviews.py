"""A small review to look references up for: the letter's list as printed, without a PMID or DOI."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent.parent / "data"
COLUMNS = (
    "cited_by",
    "number",
    "citation",
    "pmid",
    "pmid_status",
    "doi",
    "doi_status",
    "type",
    "role",
    "study",
    "note",
)

TOML = """format = 1
title = "A review for tests"

[outcomes.response]
label = "Response"
definition = "any"
better = "higher"
"""


def printed() -> list[str]:
    """The ten references of the letter as printed."""
    with (DATA / "references.csv").open(encoding="utf-8", newline="") as lines:
        return [row["citation"] for row in csv.DictReader(lines) if row["cited_by"] == "viedma2025"]


def make_review(
    folder: Path,
    citations: Sequence[str] | None = None,
    *,
    known: Mapping[int, Mapping[str, str]] | None = None,
    studies: Iterable[Mapping[str, str]] = (),
) -> Path:
    """A review whose one report, `letter`, cites these; `known` are further cells by number, `studies` further rows."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "review.toml").write_text(TOML, encoding="utf-8")
    rows = [{"study": "letter", "design": "case series", "state": "unverified"}, *studies]
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "studies.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, names, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    (folder / "outcomes.csv").write_text(
        "study,outcome,weeks,events,n,state\nletter,response,12,6,6,unverified\n", encoding="utf-8"
    )
    with (folder / "references.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
        table.writeheader()
        for number, citation in enumerate(printed() if citations is None else citations, 1):
            row = {"cited_by": "letter", "number": str(number), "citation": citation}
            table.writerow(row | dict((known or {}).get(number, {})))
    return folder
