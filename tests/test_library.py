"""Records as PubMed gave them, an index that only speaks of what is there, and what changed since."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import InputError
from evidence.papers.library import Change, Library
from evidence.papers.notices import PaperNotice, notices_by_study, read_notices

from .standin import SICK, letter, record

WHEN = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 6, 7, 12, 0, tzinfo=UTC)


def keep(folder: Path, *texts: str, when: datetime = WHEN) -> tuple[Library, tuple[Change, ...]]:
    library = Library(folder)
    by_pmid = {text.split("\n", 1)[0][6:]: text for text in texts}
    return library, library.add(by_pmid, fetched=when, address="https://example.org")


def test_a_record_is_kept_word_for_word_with_when_whence_and_its_hash(tmp_path: Path) -> None:
    text = letter()[37378095]
    library, changes = keep(tmp_path, text, record(9))
    assert changes == ()
    assert (tmp_path / "37378095.nbib").read_text(encoding="utf-8") == text
    rows = list(csv.DictReader((tmp_path / "index.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["pmid"] for row in rows] == ["9", "37378095"]
    assert datetime.fromisoformat(rows[1]["fetched"]) == WHEN
    assert rows[1]["address"] == "https://example.org"
    assert rows[1]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    paper = library.get("37378095")
    assert paper
    assert (paper.first_author_family, paper.year, paper.doi) == ("Khan", 2023, "10.7759/cureus.39553")
    assert [one.pmid for one in library.papers()] == ["9", "37378095"]
    assert "9" in library
    assert "10" not in library
    assert library.get("10") is None


def test_an_empty_folder_is_an_empty_library_and_stays_empty(tmp_path: Path) -> None:
    library = Library(tmp_path / "papers")
    assert list(library.papers()) == list(library.entries()) == library.notices() == library.problems() == []
    assert not (tmp_path / "papers").exists()


def test_a_file_that_was_changed_is_not_what_was_fetched(tmp_path: Path) -> None:
    library, _ = keep(tmp_path, record(1), record(2), record(3))
    (tmp_path / "1.nbib").write_text(record(1, "Forged."), encoding="utf-8")
    (tmp_path / "2.nbib").unlink()
    (tmp_path / "4.nbib").write_text(record(4), encoding="utf-8")
    assert [paper.pmid for paper in library.papers()] == ["3"]
    name = tmp_path.name
    assert library.problems() == [
        f"{name}/1.nbib is not what was fetched on 2026-05-04",
        f"{name}/2.nbib is missing",
    ]


def test_the_same_record_again_is_no_change(tmp_path: Path) -> None:
    keep(tmp_path, record(1))
    library, changes = keep(tmp_path, record(1), when=LATER)
    assert changes == ()
    assert not (tmp_path / "earlier").exists()
    assert datetime.fromisoformat(library.entries()["1"].fetched) == LATER


def test_a_record_that_differs_is_kept_beside_the_old_one(tmp_path: Path) -> None:
    old = record(1, "As it was.", more=[("LR", "20260101")])
    new = record(
        1,
        "As it is.",
        types=("Journal Article", "Retracted Publication"),
        more=[("LR", "20260601"), ("RIN", "J Made Up Res. 2026;1:1. PMID: 99000102")],
    )
    keep(tmp_path, old)
    library, (change,) = keep(tmp_path, new, when=LATER)
    assert (tmp_path / "1.nbib").read_text(encoding="utf-8") == new
    assert change.earlier == os.path.join("earlier", "1.2026-05-04.nbib")
    assert (tmp_path / change.earlier).read_text(encoding="utf-8") == old
    assert change.what == (
        "title was 'As it was.', is 'As it is.'",
        "publication type: Retracted Publication",
        "retracted: J Made Up Res. 2026;1:1. PMID: 99000102",
        "bookkeeping (LR)",
    )
    assert [notice.kind for notice in library.notices()] == ["retracted"]
    for number, title in enumerate(("Again.", "And again."), 2):
        _, (change,) = keep(tmp_path, record(1, title), when=LATER)
        assert (tmp_path / change.earlier).is_file()
        assert len(list((tmp_path / "earlier").iterdir())) == number
    assert library.notices() == []


@settings(max_examples=15)
@given(st.lists(st.sampled_from(["A.", "B.", "C."]), min_size=1, max_size=6))
def test_no_version_is_ever_lost(titles: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for title in titles:
            keep(Path(folder), record(1, title))
        here = {path.read_text(encoding="utf-8") for path in Path(folder).rglob("*.nbib")}
        assert here == {record(1, title) for title in titles}
        paper = Library(folder).get("1")
        assert paper
        assert paper.title.rstrip(".") == titles[-1].rstrip(".")


def test_what_is_no_record_is_not_kept(tmp_path: Path) -> None:
    library = Library(tmp_path)
    for pmid, text in (("1", record(2)), ("../1", record(1)), ("1", "<html>\n"), ("0", record(0))):
        with pytest.raises(ValueError, match="no record"):
            library.add({pmid: text}, fetched=WHEN, address="")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "pmid\n1\n",
        "",
        "pmid,fetched,address,sha256\n1,2\n",
        "pmid,fetched,address,sha256\n../x,2,3,4\n",
        '"\n',
    ],
)
def test_a_damaged_index_is_said_and_how_to_cure_it(text: str, tmp_path: Path) -> None:
    keep(tmp_path, record(1))
    (tmp_path / "index.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"index\.csv .*delete it, and evidence fetch makes it again"):
        Library(tmp_path).entries()
    (tmp_path / "index.csv").unlink()
    library, changes = keep(tmp_path, record(1))
    assert changes == ()
    assert library.get("1")


def test_an_index_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    library, _ = keep(tmp_path, record(1))
    path = tmp_path / "index.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert library.get("1")


# ---- notices ---------------------------------------------------------------------------------------------


def test_what_hangs_on_papers_is_in_a_table_of_its_own(tmp_path: Path) -> None:
    keep(tmp_path / "papers", *SICK.values())
    found = read_notices(tmp_path)
    assert [(notice.pmid, notice.kind, notice.by) for notice in found] == [
        ("99000101", "retracted", "99000102"),
        ("99000102", "retraction of", "99000101"),
        ("99000103", "expression of concern", "99000199"),
        ("99000104", "erratum", "99000198"),
        ("99000105", "corrected and republished", "99000197"),
        ("99000106", "updated", "99000196"),
    ]
    assert [notice.pmid for notice in found if notice.loud] == ["99000101", "99000103"]
    assert str(found[0]) == "retracted: J Made Up Res. 2022;8:50. doi: 10.99999/sick.102. PMID: 99000102"


def test_notices_find_their_study_by_pmid_doi_or_reference(tmp_path: Path) -> None:
    keep(tmp_path / "papers", *SICK.values())

    def row(study: str, pmid: str = "", doi: str = "") -> SimpleNamespace:
        return SimpleNamespace(study=study, pmid=pmid, doi=doi)

    studies = [row("a", "99000104"), row("b", doi="10.99999/SICK.101"), row("c"), row("d", "31851795")]
    references = [row("c", "99000103"), row("", "99000101"), row("a", "99000104")]
    found = notices_by_study(tmp_path, studies, references)
    assert {study: [notice.kind for notice in hung] for study, hung in found.items()} == {
        "a": ["erratum"],
        "b": ["retracted"],
        "c": ["expression of concern"],
    }


def test_without_records_there_are_no_notices(tmp_path: Path) -> None:
    assert read_notices(tmp_path) == []
    assert notices_by_study(tmp_path, [SimpleNamespace(study="a", pmid="1", doi="")]) == {}


@pytest.mark.parametrize(
    "text", ["", "a,b\n", "pmid,doi,kind,text,by\n1,2\n", 'pmid,doi,kind,text,by\n"1\n', "\x00"]
)
def test_a_damaged_table_of_notices_is_said_for_a_retraction_must_not_get_lost(
    text: str, tmp_path: Path
) -> None:
    keep(tmp_path / "papers", record(1))
    (tmp_path / "papers" / "notices.csv").write_text(text, encoding="utf-8")
    with pytest.raises(
        InputError, match=r"notices\.csv cannot be read: .*evidence fetch --refresh makes it again"
    ):
        read_notices(tmp_path)


def test_notices_are_in_order_the_worst_first() -> None:
    from evidence.papers.notices import in_order

    kinds = ["updated", "erratum", "expression of concern", "retracted", "partially retracted"]
    hung = in_order(PaperNotice("1", "", kind, "", "") for kind in kinds)
    assert [notice.kind for notice in hung][:3] == [
        "retracted",
        "partially retracted",
        "expression of concern",
    ]


def test_reading_notices_costs_next_to_nothing(tmp_path: Path) -> None:
    keep(tmp_path / "papers", *SICK.values())
    code = "import sys; from evidence.papers.notices import read_notices; print(len(read_notices(sys.argv[1])), *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    count, *modules = done.stdout.split()
    assert count == "6"
    heavy = {"requests", "requests_cache", "Bio", "filelock", "hashlib", "evidence.papers.paper"}
    assert not heavy & set(modules)
