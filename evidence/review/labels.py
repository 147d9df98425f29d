"""What to call each report: its label, else first author and year, told apart by a, b, ... where two agree."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from evidence.review.schema import ReferenceEntry, Study

_YEAR = re.compile(r"\b((?:18|19|20)[0-9]{2})\b\s*(?:;|\.|:|$)")
"""The year in a reference as printed: before the volume, or at the end."""


def make_labels(studies: Mapping[str, Study], references: Iterable[ReferenceEntry] = ()) -> dict[str, str]:
    """A label for each report, in table order: its own, or `First-Author 2024`, or its key where neither is known.

    Author and year are those of the report; where it has none, those of a
    reference to it as printed. A label that was written down is never changed.
    """
    cited: dict[str, str] = {}
    for entry in references:
        if entry.study:
            cited.setdefault(entry.study, entry.citation)
    labels = {key: study.label or _made(study, cited.get(key, "")) for key, study in studies.items()}
    made = Counter(labels.values())
    seen: Counter[str] = Counter()
    for key, study in studies.items():
        label = labels[key]
        while not study.label and made[label] > 1 and labels[key] in made:
            labels[key] = label + _letters(seen[label])
            seen[label] += 1
    return labels


def _made(study: Study, citation: str) -> str:
    """`Smith-Jones 2025` from `Smith-Jones M, Lee GP, ...`."""
    name = _surname(study.authors) if study.authors else _cited_author(citation)
    year = study.year
    if year is None and not study.authors:
        printed = _YEAR.search(citation)
        year = int(printed[1]) if printed else None
    if not name:
        return study.study
    return f"{name} {year}" if year else name


def _surname(authors: str) -> str:
    """The first author without initials, as PubMed writes them after the name."""
    words = authors.split(",")[0].split(";")[0].split()
    while len(words) > 1 and (_initials(words[-1]) or words[-2:] == ["et", "al."]):
        words = words[:-2] if words[-1] == "al." else words[:-1]
    return " ".join(words)


def _cited_author(citation: str) -> str:
    """The first author of a reference as printed; nothing where it does not begin with a name and initials."""
    first = citation.split(",")[0].split(".")[0].split()
    return _surname(" ".join(first)) if 2 <= len(first) <= 5 and _initials(first[-1]) else ""


def _initials(word: str) -> bool:
    return word.isupper() and len(word) <= 4


def _letters(number: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    letters = ""
    while number >= 0:
        letters = chr(ord("a") + number % 26) + letters
        number = number // 26 - 1
    return letters
