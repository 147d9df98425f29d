"""What hangs on papers, read without their records: retractions, expressions of concern, errata, corrections, updates.

`evidence.papers.library` writes the table when it keeps a record; reading it costs a command nothing but csv, so
a pool can warn of a study that has been retracted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from evidence.errors import InputError

FOLDER = "papers"
"""The folder of records, in the folder of a review."""

FILE = "notices.csv"
COLUMNS = ("pmid", "doi", "kind", "text", "by")

LOUD = ("retracted", "partially retracted", "expression of concern")
"""Kinds that put the numbers themselves in doubt, worst first."""

UNSAID = ("comment", "comment on")
"""Kinds of link that are no notice: letters to the editor, and what they are about."""


class PaperNotice(NamedTuple):
    """A notice on a paper: `kind` in words, `text` the citation of the notice, `by` its PMID; both may be empty."""

    pmid: str
    doi: str
    kind: str
    text: str
    by: str

    @property
    def loud(self) -> bool:
        """Whether it puts the paper's numbers in doubt."""
        return self.kind in LOUD

    def __str__(self) -> str:
        text = self.text if not self.by or self.by in self.text else f"{self.text} PMID: {self.by}"
        return f"{self.kind}: {text}" if text.strip() else self.kind


class _Paper(Protocol):
    """A row of studies.csv or references.csv, as far as it matters here."""

    @property
    def study(self) -> str: ...
    @property
    def pmid(self) -> str: ...
    @property
    def doi(self) -> str: ...


def read_notices(review: str | os.PathLike[str]) -> list[PaperNotice]:
    """Every notice in the folder of a review, in the order of the PMIDs; none where no record was fetched.

    Raises InputError where the table is damaged: a retraction must not get lost.
    """
    return read_table(os.path.join(review, FOLDER, FILE))


def notices_by_study(
    review: str | os.PathLike[str], studies: Iterable[_Paper], references: Iterable[_Paper] = ()
) -> dict[str, tuple[PaperNotice, ...]]:
    """Study -> notices on it, for the studies that have any, loud ones first.

    A study is found by its PMID or DOI, its own or that of a reference that is this study.
    """
    notices = read_notices(review)
    if not notices:
        return {}
    by_name: dict[str, list[PaperNotice]] = {}
    for notice in notices:
        for name in {notice.pmid, notice.doi.lower()} - {""}:
            by_name.setdefault(name, []).append(notice)
    found: dict[str, dict[PaperNotice, None]] = {}
    for paper in [*studies, *references]:
        for name in (paper.pmid, paper.doi.lower()):
            if paper.study and name in by_name:
                found.setdefault(paper.study, {}).update(dict.fromkeys(by_name[name]))
    return {study: tuple(in_order(hung)) for study, hung in found.items()}


def in_order(notices: Iterable[PaperNotice]) -> list[PaperNotice]:
    """Loud ones first, the worst before all."""
    return sorted(notices, key=lambda notice: LOUD.index(notice.kind) if notice.loud else len(LOUD))


def read_table(path: str) -> list[PaperNotice]:
    """The notices in a file; none where there is no such file."""
    if not os.path.isfile(path):
        return []
    import csv

    try:
        with open(path, encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.reader(lines, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(_damaged(path, getattr(error, "strerror", None) or str(error))) from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise InputError(_damaged(path, f"its columns are not {', '.join(COLUMNS)}"))
    if any(row and len(row) != len(COLUMNS) for row in rows):
        raise InputError(_damaged(path, "a row has another number of cells"))
    return [PaperNotice(*row) for row in rows[1:] if row]


def _damaged(path: str, why: str) -> str:
    return f"{path} cannot be read: {why}; delete it, and evidence fetch --refresh makes it again"


def write_table(notices: Sequence[PaperNotice]) -> bytes:
    """The table as a file."""
    import csv
    import io

    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(notices)
    return out.getvalue().encode()
