"""Every method's reference is there, every reference is some method's, and citations are numbered as they come."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evidence.literature import LITERATURE
from evidence.report.explaining import printed

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for path in (ROOT / "evidence").rglob("*.py")
    if path.name != "literature.py"
}
KEY = re.compile(r"\b[a-z]+(?:19|20)\d\d[a-z]*\b")


def test_what_a_sentence_cites_is_there() -> None:
    cited = {
        key
        for path, text in SOURCES.items()
        if "report" in path.parts
        for inside in re.findall(r"\[((?:[a-z]+\d{4}[a-z]*)(?:,\s*[a-z]+\d{4}[a-z]*)*)\]", text)
        for key in KEY.findall(inside)
    }
    assert len(cited) > 30
    assert cited <= set(LITERATURE)


def test_every_reference_is_some_methods() -> None:
    known = {key for text in SOURCES.values() for key in KEY.findall(text)}
    assert set(LITERATURE) <= known


@pytest.mark.parametrize("key", LITERATURE)
def test_a_reference_is_whole(key: str) -> None:
    reference, year = LITERATURE[key], re.findall(r"\d{4}", key)[0]
    assert re.match(r"[A-ZÅÖÜÉ]", reference)
    assert year in reference
    assert reference.endswith(".")
    assert "  " not in reference


def test_references_are_in_order_of_their_keys() -> None:
    assert list(LITERATURE) == sorted(LITERATURE)


def test_citations_are_numbered_in_order_and_listed_once() -> None:
    said = printed("One [wilson1927], two [clopper1934, wilson1927] and 24/49 [34.4, 63.7].").split("\n")
    assert said[0] == "One [1], two [2,1] and 24/49 [34.4, 63.7]."
    assert [line[:8] for line in said[2:]] == ["1. Wilso", "2. Clopp"]
    assert printed("Nothing cited.") == "Nothing cited."
