"""evidence fetch, as a user runs it: the letter's references to records, kept with her review and written into it."""

from __future__ import annotations

import csv
import difflib
import io
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from evidence.analysis.fetching import STATUS, fetch
from evidence.cli import main
from evidence.errors import InputError
from evidence.papers import pacing
from evidence.papers.citation import parse_citation
from evidence.papers.library import Library
from evidence.papers.notices import notices_by_study
from evidence.report.characters import cells
from evidence.review.rewriting import change_cells
from evidence.review.tables import load

from .standin import INVENTED_FROM, MERGED, SICK, StandIn, record
from .standin.reviews import make_review, printed

EMAIL, KEY = "someone@example.org", "0123456789abcdef0123456789abcdef0123"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, a cache of its own, and nothing waits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVIDENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NCBI_EMAIL", EMAIL)
    monkeypatch.setattr(pacing, "SLACK", 0.0)
    monkeypatch.setattr(pacing.RealClock, "sleep", lambda self, seconds: None)


@pytest.fixture
def ask(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """evidence fetch of the stand-in, for the review in `mine`."""
    monkeypatch.setenv("EVIDENCE_EUTILS_URL", standin.url)

    def call(*args: str) -> Result:
        return CliRunner().invoke(main, ["fetch", "--review", "mine", *args])

    return call


def references(folder: str = "mine") -> list[dict[str, str]]:
    return list(csv.DictReader(Path(folder, "references.csv").read_text(encoding="utf-8").splitlines()))


# ---- the letter ------------------------------------------------------------------------------------------


def test_the_letters_ten_references_as_printed(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine")
    first = ask()
    assert first.exit_code == 0, first.output
    assert "10 of 10 references with a PubMed record" in first.stdout
    assert [call.utility for call in standin.asked] == ["ecitmatch", "efetch"]
    assert f"{standin.url} was asked twice; 10 new records in papers/; 10 rows of the tables" in first.stderr
    rows = references()
    assert [row["pmid"] for row in rows][:3] == ["99000001", "37378095", "31851795"]
    assert {row["pmid_status"] for row in rows} == {STATUS["confirmed"]}
    assert rows[2]["doi"] == "10.1056/NEJMoa1912196"
    assert rows[8]["doi"] == rows[8]["doi_status"] == ""
    assert len(list(Path("mine/papers").glob("*.nbib"))) == 10

    standin.asked.clear()
    before = {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()}
    second = ask()
    assert second.exit_code == 0
    assert standin.asked == []
    offline = ask("--offline")
    assert offline.exit_code == 0
    assert first.stdout == second.stdout == offline.stdout
    assert second.stderr == offline.stderr == ""
    assert {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()} == before


def test_the_same_from_a_file(standin: StandIn, ask: Callable[..., Result], tmp_path: Path) -> None:
    make_review(tmp_path / "mine", [])
    Path("list.txt").write_text(
        "\n".join(f"{n}. {text}" for n, text in enumerate(printed(), 1)) + "\n", encoding="utf-8"
    )
    first = ask("--from", "list.txt")
    assert first.exit_code == 0, first.output
    assert "list.txt: 10 of 10 references" in first.stdout
    assert [call.utility for call in standin.asked] == ["ecitmatch", "efetch"]
    assert len(Library("mine/papers").entries()) == 10
    standin.asked.clear()
    assert ask("--from", "list.txt").stdout == first.stdout
    assert ask("--from", "list.txt", "--offline").stdout == first.stdout
    assert standin.asked == []


TITLE = parse_citation(printed()[1]).title
LISTS = {
    "a.txt": "37378095\n31851795\n",
    "a.ris": f"TY  - JOUR\nAU  - Khan, M A\nTI  - {TITLE}\nPY  - 2023\nDO  - 10.7759/cureus.39553\nER  - \n",
    "a.bib": f"@article{{k, author={{Khan, M. A.}}, title={{{TITLE}}}, year={{2023}}, doi={{10.7759/cureus.39553}}}}\n",
    "a.json": json.dumps(
        [
            {
                "id": "k",
                "type": "article-journal",
                "author": [{"family": "Khan", "given": "M A"}],
                "issued": {"date-parts": [[2023]]},
                "DOI": "10.7759/cureus.39553",
                "title": TITLE,
            }
        ]
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_from_the_files_of_reference_managers(name: str, ask: Callable[..., Result], tmp_path: Path) -> None:
    make_review(tmp_path / "mine", [])
    Path(name).write_text(LISTS[name], encoding="utf-8")
    result = ask("--from", name)
    assert result.exit_code == 0, result.output
    assert "37378095" in Library("mine/papers").entries()


def test_a_reference_managers_record_with_a_pmid_is_fetched_and_confirmed(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine", [])
    Path("a.nbib").write_text(standin.records[31851795], encoding="utf-8")
    assert ask("--from", "a.nbib").exit_code == 0
    wrong = standin.records[31851795].replace("PMID- 31851795", "PMID- 37378095")
    Path("b.nbib").write_text(wrong, encoding="utf-8")
    result = ask("--from", "b.nbib")
    assert result.exit_code == 1
    assert "first author Khan, not Morand" in result.stdout


# ---- what is left to the user ------------------------------------------------------------------------------

TWIN = "Twin A. Twin letters: the first. J Made Up Res. 2021;7:70."


def test_what_is_ambiguous_is_listed_and_taken_when_accepted(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine", [*printed()[:2], TWIN])
    result = ask()
    assert result.exit_code == 1
    assert "letter:3: several records fit its journal, volume and page" in result.stdout
    for pmid in ("99000111", "99000112"):
        assert pmid in result.stdout
    assert "evidence fetch --accept letter:3=99000111" in result.stdout
    assert references()[2]["pmid"] == references()[2]["pmid_status"] == ""
    accepted = ask("--accept", "letter:3=99000112")
    assert accepted.exit_code == 0, accepted.output
    assert (references()[2]["pmid"], references()[2]["pmid_status"]) == ("99000112", "accepted by hand")
    standin.asked.clear()
    assert ask().exit_code == 0
    assert standin.asked == []
    assert ask("--accept", "3=none").exit_code == 0
    assert (references()[2]["pmid"], references()[2]["pmid_status"]) == ("", "not in PubMed, said by hand")
    assert ask("--offline").exit_code == 0


def test_a_pmid_that_is_another_paper_is_not_corrected_by_itself(
    ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine", [printed()[2]], known={1: {"pmid": "37378095", "pmid_status": "typed"}})
    result = ask()
    assert result.exit_code == 1
    shown = " ".join(result.stdout.split())
    assert "PMID 37378095 has first author Khan, not Morand; year 2023, not 2020; another title" in shown
    assert "first author, year and title agree" in shown
    assert "evidence fetch --accept letter:1=31851795" in shown
    assert (references()[0]["pmid"], references()[0]["pmid_status"]) == ("37378095", "typed")
    assert ask("--accept", "1=31851795").exit_code == 0
    assert references()[0]["pmid"] == "31851795"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("somebody:99=31851795", "the key of a reference, such as letter:1"),
        ("lettre:1=31851795", "did you mean letter:1?"),
        ("1=x", "KEY=PMID, or KEY=none"),
        ("1=0123", "KEY=PMID, or KEY=none"),
        ("31851795", "it takes KEY=PMID"),
        ("=31851795", "it takes KEY=PMID"),
    ],
)
def test_what_cannot_be_accepted_is_wrong_usage(
    given: str, said: str, standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine", printed()[:1])
    result = ask("--accept", given)
    assert result.exit_code == 2
    assert said in result.stderr
    assert standin.asked == []


def test_an_accepted_pmid_that_pubmed_does_not_have_is_not_written(
    ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine", printed()[:1])
    result = ask("--accept", "1=12")
    assert result.exit_code == 1
    assert "PubMed has no record of PMID 12" in result.stdout
    assert references()[0]["pmid"] == ""


# ---- studies ---------------------------------------------------------------------------------------------


def test_pmids_and_dois_of_studies_are_fetched_too(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    more = {"design": "cohort", "state": "unverified"}
    studies = [
        {"study": "khan", "pmid": "37378095", "authors": "Khan MA, Khan FH, et al.", "year": "2023", **more},
        {"study": "odd", "pmid": "31851795", "authors": "Moran EF", "year": "1999", **more},
        {"study": "carter", "doi": "10.1093/bjd/ljad089", "authors": "Carter LM", "year": "2023",
         "title": parse_citation(printed()[5]).title, **more},
        {"study": "recalled", "doi": "10.1002/art.42392", "authors": "Kalunian KC", "year": "2023", "title": "The extension trial", **more},
        {"study": "neither", **more},
    ]  # fmt: skip
    make_review(tmp_path / "mine", [], studies=studies)
    result = ask()
    assert result.exit_code == 1
    assert "3 of 4 references" in result.stdout
    assert (
        "PMID 31851795, which studies.csv gives for odd: first author Morand, not Moran; year 2020"
        in result.stderr
    )
    assert "recalled: unconfirmed: another title" in result.stdout
    before = Path("mine/studies.csv").read_text(encoding="utf-8")
    assert ask("--accept", "recalled=99000008").exit_code == 0
    after = Path("mine/studies.csv").read_text(encoding="utf-8")
    changed = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    assert len(changed) == 2
    assert "recalled,cohort,unverified,99000008" in changed[1]
    standin.asked.clear()
    assert ask().exit_code == 0
    assert standin.asked == []


def test_a_study_that_is_cited_is_looked_up_once(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    study = {
        "study": "tulip2",
        "design": "trial",
        "state": "unverified",
        "pmid": "31851795",
        "doi": "10.1056/NEJMoa1912196",
    }
    make_review(tmp_path / "mine", [printed()[2]], known={1: {"study": "tulip2"}}, studies=[study])
    result = ask()
    assert result.exit_code == 0
    assert "1 of 1 reference with" in result.stdout
    assert references()[0]["pmid"] == "31851795"
    assert [call.utility for call in standin.asked] == ["efetch"]


# ---- PMIDs ----------------------------------------------------------------------------------------------


def test_pmids_by_themselves(standin: StandIn, ask: Callable[..., Result], tmp_path: Path) -> None:
    make_review(tmp_path / "mine")
    result = ask("37378095", "31851795", "37378095")
    assert result.exit_code == 0
    assert "2 of 2 PMIDs with a PubMed record" in result.stdout
    assert "Khan 2023, Cureus. Role of Anifrolumab" in result.stdout
    assert references()[1]["pmid"] == ""
    assert len(standin.asked) == 1


@pytest.mark.parametrize("pmid", ["0", "x", "1234567890", "12 34", "-5", "PMID:12"])
def test_a_pmid_that_is_none_is_wrong_usage(
    pmid: str, standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine")
    result = ask("--", pmid)
    assert result.exit_code == 2
    assert "a PubMed number" in result.stderr
    assert standin.asked == []


def test_missing_and_merged_pmids_are_named(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine")
    standin.speaks = True
    merged = next(iter(MERGED))
    result = ask("12", str(merged), "31851795")
    assert result.exit_code == 1
    assert "PubMed has no record of PMID 12" in result.stdout
    assert f"PubMed gave PMID {merged} up for PMID {MERGED[merged]}" in " ".join(result.stdout.split())


# ---- notices --------------------------------------------------------------------------------------------


def test_notices_are_shown_a_retraction_first(ask: Callable[..., Result], tmp_path: Path) -> None:
    make_review(tmp_path / "mine")
    result = ask(*map(str, SICK))
    shown = result.stdout
    assert "2 with a warning" in shown
    assert "! PMID 99000101: RETRACTED: J Made Up Res. 2022;8:50." in shown
    assert "! PMID 99000103: EXPRESSION OF CONCERN:" in shown
    assert shown.index("RETRACTED") < shown.index("99000104  Example")
    for word in ("erratum", "corrected and republished", "updated", "retraction of"):
        assert re.search(rf"PMID 990001\d\d: {word}: ", shown), word
    assert ask(*map(str, SICK), "--offline").stdout == shown


def test_what_changed_is_said_and_reaches_the_notices(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    study = {"study": "s", "design": "cohort", "state": "unverified", "pmid": "801"}
    make_review(tmp_path / "mine", [], studies=[study])
    standin.records[801] = record(801, "A series.")
    assert ask().exit_code == 0
    review = load("mine")
    assert notices_by_study("mine", review.studies.values(), review.references) == {}
    standin.records[801] = record(801, "A series.", more=[("RIN", "J Made Up Res. 2026;1:1. PMID: 99000102")])
    assert "RETRACTED" not in ask().stdout
    result = ask("--refresh")
    assert result.exit_code == 0
    assert "! s: RETRACTED: J Made Up Res. 2026;1:1. PMID: 99000102" in result.stdout
    assert (
        "PMID 801 changed: retracted: J Made Up Res. 2026;1:1. PMID: 99000102 (before: earlier"
        in result.stderr
    )
    found = notices_by_study("mine", review.studies.values(), review.references)
    assert [notice.kind for notice in found["s"]] == ["retracted"]
    standin.gone.add(801)
    gone = ask("--refresh")
    assert "PubMed has no record of PMID 801 any more; the one fetched before is kept" in gone.stderr
    assert Library("mine/papers").get("801")


# ---- where it writes ---------------------------------------------------------------------------------------


def test_the_review_that_comes_with_evidence_is_read_only(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIDENCE_EUTILS_URL", standin.url)
    result = CliRunner().invoke(main, ["fetch"])
    assert result.exit_code == 2
    assert "is read-only: copy its folder" in result.stderr
    assert "evidence fetch --review my-review" in result.stderr
    assert standin.asked == []


def test_nothing_invented_is_in_the_review_that_comes_with_evidence(root: Path) -> None:
    for path in (root / "data").rglob("*"):
        if path.suffix in (".csv", ".nbib", ".toml"):
            numbers = re.findall(r"(?<!\d)9\d{7}(?!\d)", path.read_text(encoding="utf-8"))
            assert not [number for number in numbers if int(number) >= INVENTED_FROM], path
            assert "Stand-in" not in path.read_text(encoding="utf-8")


def test_a_file_written_otherwise_keeps_its_ways(ask: Callable[..., Result], tmp_path: Path) -> None:
    """Semicolons, CR LF, a byte-order mark, quotes where none are needed, another order, no DOI column."""
    make_review(tmp_path / "mine")
    citation = printed()[2].replace('"', '""')
    text = (
        "\ufeffnumber;citation;cited_by;pmid_status;pmid;note\r\n"
        f'"2";"{citation}";letter;"";"";"a ""b""; c"\r\n'
        "\r\n"
        '1;in press;letter;;;" "\r\n'
    )
    Path("mine/references.csv").write_bytes(text.encode())
    result = ask()
    assert result.exit_code == 1, result.output
    status = STATUS["confirmed"]
    assert Path("mine/references.csv").read_bytes().decode() == (
        "\ufeffnumber;citation;cited_by;pmid_status;pmid;note;doi;doi_status\r\n"
        f'"2";"{citation}";letter;"{status}";"31851795";"a ""b""; c";10.1056/NEJMoa1912196;PubMed record\r\n'
        "\r\n"
        '1;in press;letter;;;" ";;\r\n'
    )
    load("mine")


CELLS = st.text(st.sampled_from('ab ,;"\n\té'), max_size=6)


@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5),
    st.data(),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_changing_cells_changes_nothing_else(
    rows: list[list[str]], data: st.DataObject, delimiter: str, end: str, quoted: bool
) -> None:
    out = io.StringIO()
    style: Any = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    table = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=style)
    table.writerow(["one", "two"])
    table.writerows([["x", *row][:2] for row in rows])
    raw = out.getvalue().encode()
    places = st.tuples(st.integers(2, len(rows) + 1), st.sampled_from(["one", "two", "three"]))
    changes = data.draw(st.dictionaries(places, CELLS, max_size=3))
    changed = change_cells(raw, "t.csv", changes)

    def read(text: bytes) -> list[list[str]]:
        return list(csv.reader(io.StringIO(text.decode(), newline=""), delimiter=delimiter))

    wanted = read(raw)
    if any(column == "three" for _, column in changes):
        wanted = [
            [*row, changes.get((number, "three"), "") if number > 1 else "three"]
            for number, row in enumerate(wanted, 1)
        ]
    for (number, column), value in changes.items():
        if column != "three":
            wanted[number - 1][["one", "two"].index(column)] = value
    assert read(changed) == wanted
    if not changes:
        assert changed == raw


@pytest.mark.parametrize("text", ['a,b\n"x,1\n', "", "\n\n", "a,b\n1,2,3\n"])
def test_a_file_that_cannot_be_changed_safely_is_left(text: str) -> None:
    with pytest.raises(InputError, match="cannot be rewritten"):
        change_cells(text.encode(), "t.csv", {(2, "a"): "9"})


def test_a_table_that_was_changed_meanwhile_is_not_written(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    """She inserts a row while PubMed answers: what was found would go into the wrong one."""
    make_review(tmp_path / "mine", printed()[:2])
    path = Path("mine/references.csv")

    def insert(answer: Any) -> Any:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join([lines[0], "letter,9,in press,,,,,,,,\n", *lines[1:]]), encoding="utf-8")
        return answer

    standin.fail(insert, "efetch")
    result = ask()
    assert result.exit_code == 2
    assert "references.csv was changed meanwhile: row 2 is another; run the command again" in result.stderr
    assert [row["pmid"] for row in references()] == ["", "", ""]
    assert ask().exit_code == 1
    assert [row["pmid"] for row in references()] == ["", "99000001", "37378095"]


def test_a_failed_write_leaves_the_tables_as_they_were(
    ask: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_review(tmp_path / "mine")
    before = Path("mine/references.csv").read_bytes()
    real = os.replace

    def full(source: Any, target: Any) -> None:
        if str(target).endswith("references.csv"):
            raise OSError(28, "No space left on device")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        result = ask()
    assert result.exit_code == 2
    assert re.search(r"cannot write mine.references.csv: No space left on device", result.stderr)
    assert Path("mine/references.csv").read_bytes() == before
    assert len(Library("mine/papers").entries()) == 10
    assert ask("--offline").exit_code == 0
    assert references()[0]["pmid"] == "99000001"


# ---- formats ------------------------------------------------------------------------------------------------


def test_as_data(ask: Callable[..., Result], tmp_path: Path) -> None:
    make_review(tmp_path / "mine", [*printed()[:2], TWIN])
    found = json.loads(ask("--format", "json").stdout)
    assert found["settled"] is False
    assert [one["state"] for one in found["references"]] == ["confirmed", "confirmed", "ambiguous"]
    assert found["references"][1]["paper"] == {
        "pmid": "37378095",
        "doi": "10.7759/cureus.39553",
        "first_author": "Khan",
        "year": 2023,
        "journal": "Cureus",
        "title": found["references"][1]["paper"]["title"],
    }
    assert [one["pmid"] for one in found["references"][2]["candidates"]] == ["99000111", "99000112"]
    assert ask("--output", "out.csv").stdout == ""
    rows = list(csv.DictReader(Path("out.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["key"] for row in rows] == ["letter:1", "letter:2", "letter:3"]
    assert rows[2]["candidates"] == "99000111 99000112"


def test_the_screen_is_80_columns_wide_and_obeys_no_record(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    """Text from outside reaches the terminal as plain characters."""
    make_review(tmp_path / "mine", [*printed(), TWIN, "\x1b[31mEvil\x07 X. Title. J. 2020;1:1."])
    for number, one in enumerate(("\x1b]0;owned\x07A series.", "A\u202eseries.")):
        standin.records[810 + number] = record(810 + number, one, more=[("RIN", "J \x1b[2J. 2026;1:1.")])
    for args in ([], ["810", "811"]):
        result = ask(*args)
        for line in result.stdout.splitlines():
            assert cells(line) <= 80, line
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", result.output)


def test_thousands_are_not_listed_one_by_one(ask: Callable[..., Result], tmp_path: Path) -> None:
    make_review(tmp_path / "mine")
    result = ask(*(str(99_500_000 + n) for n in range(401)))
    assert "401 of 401 PMIDs" in result.stdout
    assert len(result.stdout.splitlines()) < 10
    assert len(ask("--format", "csv", *(str(99_500_000 + n) for n in range(401))).stdout.splitlines()) == 402


# ---- with nobody to ask --------------------------------------------------------------------------------------


def test_without_network_and_cache_one_message_and_the_review_still_pools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StandIn() as gone:
        pass
    monkeypatch.setenv("EVIDENCE_EUTILS_URL", gone.url)
    make_review(tmp_path / "mine")
    result = CliRunner().invoke(main, ["fetch", "--review", "mine"])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert len([line for line in result.stderr.splitlines() if "cannot be reached" in line]) == 1
    assert "0 of 10 references with a PubMed record" in result.stdout
    pooled = CliRunner().invoke(main, ["pool", "--review", "mine"])
    assert pooled.exit_code == 0, pooled.output
    assert "6/6" in pooled.stdout


def test_offline_without_anything_says_so(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine")
    result = ask("--offline")
    assert result.exit_code == 1
    assert result.stdout.count("--offline asks nobody") == 10
    assert standin.asked == []


# ---- options ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["12", "--from", "x.txt"], "do not go together"),
        (["--offline", "--refresh"], "--offline asks nobody"),
        (["--email", "nobody"], "an e-mail address"),
        (["--base-url", "http://example.org/eutils"], "an https address"),
        (["--from", "no-such-file.txt"], "no-such-file.txt"),
    ],
)
def test_wrong_usage(
    args: list[str], said: str, standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine")
    result = ask(*args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert standin.asked == []
    assert not Path("mine/papers").exists()


def test_who_asks_is_asked_for_once(
    ask: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_review(tmp_path / "mine")
    monkeypatch.delenv("NCBI_EMAIL")
    assert ask("31851795").stderr.count("NCBI asks who is asking") == 1
    assert "NCBI asks" not in ask("37378095", "--email", EMAIL).stderr


def test_a_dry_run_asks_and_writes_nothing(
    standin: StandIn, ask: Callable[..., Result], tmp_path: Path
) -> None:
    make_review(tmp_path / "mine")
    result = ask("--dry-run")
    assert result.exit_code == 0
    assert "10 references; 10 would be asked for" in result.stdout
    assert "by citation  N Engl J Med|2020|382|211|Morand EF" in result.stdout
    assert standin.asked == []
    assert not Path("mine/papers").exists()
    assert not Path("cache").exists()


def test_key_and_address_are_in_no_file_log_message_or_url(
    standin: StandIn,
    ask: Callable[..., Result],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("NCBI_API_KEY", KEY)
    make_review(tmp_path / "mine", [*printed(), TWIN])
    standin.fail("limited_200", times=2)
    shown = [ask().output]
    standin.limits = (0, 0)
    shown.append(ask("--refresh").output)
    standin.limits = None
    standin.fail("loop")
    shown += [ask("--refresh").output, ask("12").output, ask("--format", "json").output]
    assert {call.fields["api_key"] for call in standin.asked} == {KEY}
    assert {call.fields["email"] for call in standin.asked} == {EMAIL}
    assert not any("?" in call.path for call in standin.asked)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 20
    import base64

    for path in files:
        text = path.read_bytes().decode("utf-8", errors="replace")
        if path.suffix == ".json":
            entry = json.loads(text)
            text += repr([base64.b64decode(entry["_content"]), base64.b64decode(entry["request"]["body"])])
        shown.append(text)
    shown.append(caplog.text)
    for secret in (KEY, EMAIL, EMAIL.replace("@", "%40"), KEY[-12:]):
        assert not any(secret in text for text in shown)


# ---- interrupted -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_keeps_what_has_arrived_and_running_again_goes_on(standin: StandIn, tmp_path: Path) -> None:
    make_review(tmp_path / "mine", [])
    Path("list.txt").write_text("".join(f"{99_500_000 + n}\n" for n in range(600)), encoding="utf-8")
    env = {
        **os.environ,
        "EVIDENCE_EUTILS_URL": standin.url,
        "NCBI_EMAIL": EMAIL,
        "EVIDENCE_CACHE": str(tmp_path / "cache"),
    }
    command = [sys.executable, "-m", "evidence.cli", "fetch", "--review", "mine", "--from", "list.txt"]
    standin.fail("stall", "efetch", after=1)
    running = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(400):
        if len(standin.asked) > 1:
            break
        import time

        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "the records that have arrived are kept" in errors
    assert "Traceback" not in errors
    assert len(Library("mine/papers").entries()) == 200
    standin.asked.clear()
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert [len(call.fields["id"].split(",")) for call in standin.asked] == [200, 200]
    assert len(Library("mine/papers").entries()) == 600


def test_a_bar_shows_on_a_terminal_alone(
    standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Result]
) -> None:
    from importlib import import_module

    make_review(tmp_path / "mine")
    assert "#" not in ask("31851795").stderr
    module = import_module("evidence.cli.fetch")
    monkeypatch.setattr(module.sys, "stderr", type("Tty", (), {"isatty": lambda self: True})())
    shown: list[str] = []
    monkeypatch.setattr(module.click, "echo", lambda text="", err=False, nl=True: shown.append(text))
    with module.progress_bar() as step:
        step(100, 400)
        step(400, 400)
    assert shown == [
        "\r  [#######-----------------------] 100 of 400 records",
        "\r  [##############################] 400 of 400 records",
    ]


# ---- the library -------------------------------------------------------------------------------------------------


def test_as_a_function(standin: StandIn, tmp_path: Path) -> None:
    shutil.copytree(make_review(tmp_path / "mine"), tmp_path / "copy")
    fetched = fetch(load(tmp_path / "copy"), ["31851795"], base_url=standin.url)
    assert fetched.settled
    assert fetched.resolutions[0].paper
    assert (fetched.added, fetched.written, fetched.requests) == (1, 0, 1)
    shipped = load(files("evidence.data"))
    with pytest.raises(InputError, match="read-only"):
        fetch(shipped, ["31851795"], base_url=standin.url)
