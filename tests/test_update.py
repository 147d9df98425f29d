"""evidence update, as a user runs it: saved searches, what is new in them, what is written, and what goes wrong."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from evidence.analysis.updating import check_searches, update, waiting
from evidence.cli import main
from evidence.cli import update as command
from evidence.errors import DataError, InputError, OptionError
from evidence.files import FORMULA
from evidence.papers import pacing
from evidence.papers.library import Library
from evidence.report.characters import cells
from evidence.review import schema
from evidence.review.foreign_text import as_cell
from evidence.review.sheet import read_sheet
from evidence.review.tables import load

from .standin import StandIn, record
from .standin.reviews import make_review

SEARCH = '\n[searches.series]\nquery = "skin[tiab] AND (response[tiab] OR lupus[tiab])"\n'
NEW = ["99000113", "99000114"]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVIDENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NCBI_EMAIL", "someone@example.org")
    monkeypatch.setattr(pacing, "SLACK", 0.0)
    monkeypatch.setattr(pacing.RealClock, "sleep", lambda self, seconds: None)


def review(folder: str | Path = "mine", searches: str = SEARCH, **more: object) -> Path:
    made = make_review(Path(folder), **more)  # type: ignore[arg-type]
    with (made / "review.toml").open("a", encoding="utf-8") as out:
        out.write(searches)
    return made


@pytest.fixture
def ask(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("EVIDENCE_EUTILS_URL", standin.url)
    return lambda *args: CliRunner().invoke(main, ["update", "--review", "mine", *args])


def rows(table: str, folder: str = "mine") -> list[dict[str, str]]:
    path = Path(folder, f"{table}.csv")
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.is_file() else []


def everything(folder: str = "mine") -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


# ---- a living review -------------------------------------------------------------------------------------


def test_what_is_new_is_shown_and_kept_once(standin: StandIn, ask: Callable[..., Result]) -> None:
    standin.records[99000113] = record(
        99000113, "Skin response to a made-up treatment.", abstract="Six of six.", doi="10.99999/sick.113"
    )
    review()
    first = ask()
    assert first.exit_code == 0, first.output
    assert "A review for tests: 2 new papers" in first.stdout
    assert 'PubMed searched: "skin"[Title/Abstract] AND ("response"' in first.stdout
    assert "Six of six." in first.stdout
    assert "2 papers wait to be screened: evidence screen --by" in first.stdout
    (run,) = rows("searches")
    assert [
        run[name] for name in ("run", "search", "database", "records", "seen", "duplicates", "known", "new")
    ] == [*("1", "series", "PubMed", "2", "0", "0", "0", "2")]
    assert run["date"] == date.today().isoformat()
    assert [row["paper"] for row in rows("found")] == NEW
    assert [paper.pmid for paper in Library("mine/papers").papers()] == NEW
    assert rows("found")[0]["abstract"] == ""  # it is in papers/
    load("mine")

    standin.asked.clear()
    again = ask()
    assert "no new paper" in again.stdout
    assert [call.utility for call in standin.asked] == ["esearch"]
    assert [run["seen"] for run in rows("searches")] == ["0", "2"]
    assert len(rows("found")) == 2

    standin.records[99000300] = record(99000300, "Lupus of the skin, another one.", authors=["Late E"])
    third = ask()
    assert "1 new paper\n" in third.stdout
    assert "3 papers wait" in third.stdout
    assert rows("found")[-1] | {"title": ""} == {
        **dict.fromkeys(rows("found")[0], ""),
        "paper": "99000300",
        "search": "series",
        "run": "3",
        "status": "new",
        "pmid": "99000300",
        "authors": "Late E",
        "year": "2021",
        "journal": "J Made Up Res",
    }


def test_what_the_review_has_is_known_by_pmid_doi_and_title(
    standin: StandIn, ask: Callable[..., Result]
) -> None:
    title = "Skin response to a made-up treatment in lupus patients"
    for number, name in enumerate("abcde"):
        standin.records[99000400 + number] = record(
            99000400 + number,
            f"{title} {name}.",
            authors=[f"Name{name} A"],
            doi=f"10.99999/new.{name}",
            year=2024,
        )
    studies = [
        {"study": "a", "pmid": "99000400", "design": "cohort", "state": "unverified"},
        {"study": "b", "doi": "10.99999/NEW.b", "design": "cohort", "state": "unverified"},
        {
            "study": "c",
            "title": f"{title.upper()} C",
            "year": "2023",
            "authors": "Namec A, Other B",
            "design": "cohort",
            "state": "unverified",
        },
        {"study": "e", "title": f"{title} e", "year": "2020", "design": "cohort", "state": "unverified"},
    ]
    review(
        citations=[f"Named A. {title} d. J Made Up Res. 2024;7:1-9."],
        studies=studies,
        searches='\n[searches.x]\nquery = "lupus[ti] AND patients[ti]"\n',
    )
    result = ask("--format", "json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert [paper["paper"] for paper in told["papers"]] == ["99000404"]
    notes = {row["paper"]: row["note"] for row in rows("found") if row["status"] == "known"}
    assert notes == {
        "99000400": "studies.csv: a",
        "99000401": "studies.csv: b",
        "99000402": "studies.csv: c",
        "99000403": "references.csv: letter:1",
    }
    assert "1 known paper stands in a reference list alone, not in studies.csv: 99000403" in result.stderr


def test_two_searches_that_find_one_paper_count_it_once(ask: Callable[..., Result]) -> None:
    review(searches=SEARCH + '[searches.other]\nquery = "skin[ti] AND response[ti]"\n')
    assert ask().exit_code == 0
    assert [[run[name] for name in ("records", "duplicates", "new")] for run in rows("searches")] == [
        ["2", "0", "2"],
        ["2", "2", "0"],
    ]
    assert [row["status"] for row in rows("found")] == ["new", "new", "duplicate", "duplicate"]
    assert len(waiting(load("mine"))) == 2


def test_another_databases_export_is_taken_in(ask: Callable[..., Result]) -> None:
    review(searches=SEARCH + '[searches.embase]\ndatabase = "Embase"\nquery = "lupus:ti,ab"\n')
    first = ask()
    assert first.exit_code == 0
    assert (
        "embase is a search of Embase: run it there, export what it finds, then: evidence update embase --from FILE"
        in first.stderr
    )
    Path("scopus.csv").write_text(
        "Authors,Title,Year,Source title,DOI,Abstract,PubMed ID\n"
        '"Reed C.","SKIN RESPONSE to a made-up treatment",2021,J Made Up,10.99999/SICK.113,,\n'
        '"Else F.; Other G.","Lupus in a database that PubMed is not",2022,Acta,,"It says ""so"".",\n'
        '"Else F.; Other G.","Lupus in a database that PubMed is not.",2023,Acta,,,\n',
        encoding="utf-8",
    )
    result = ask("embase", "--from", "scopus.csv")
    assert result.exit_code == 0, result.output
    run = rows("searches")[-1]
    assert [
        run[name] for name in ("search", "database", "records", "seen", "duplicates", "known", "new")
    ] == [*("embase", "Embase", "3", "0", "2", "0", "1")]
    (new,) = [row for row in rows("found") if row["search"] == "embase" and row["status"] == "new"]
    assert new["paper"] == "else 2022 lupus in a database that pubmed is not"
    assert new["abstract"] == 'It says "so".'
    assert ask("embase", "--from", "scopus.csv").exit_code == 0
    assert [rows("searches")[-1][name] for name in ("seen", "duplicates", "new")] == ["2", "1", "0"]


@pytest.mark.parametrize("ending", ["ris", "bib", "nbib"])
def test_exports_of_reference_managers(ending: str, standin: StandIn, ask: Callable[..., Result]) -> None:
    texts = {
        "ris": "TY  - JOUR\nAU  - New, H\nTI  - A title that is new to all of us here\nPY  - 2024\nER  - \n",
        "bib": "@article{k, author={New, H.}, title={A title that is new to all of us here}, year={2024}}\n",
        "nbib": standin.records[99000101],
    }
    review()
    Path(f"list.{ending}").write_text(texts[ending], encoding="utf-8")
    result = ask("--from", f"list.{ending}", "--kind", "citations")
    assert result.exit_code == 0, result.output
    assert "1 new paper" in result.stdout
    assert rows("searches")[0]["kind"] == "citations"
    assert not standin.asked or standin.calls("esearch") == []
    assert ("RETRACTED" in result.stdout) is (ending == "nbib")


def test_a_retraction_of_a_report_is_news_once_and_loud_ever_after(
    standin: StandIn, ask: Callable[..., Result]
) -> None:
    studies = [{"study": "sick", "pmid": "99000101", "design": "cohort", "state": "unverified"}]
    review(studies=studies)
    retracted = standin.records[99000101]
    standin.records[99000101] = record(99000101, "A series that was retracted.", doi="10.99999/sick.101")
    assert "WARNING" not in ask().output
    standin.records[99000101] = retracted
    second = ask()
    assert second.exit_code == 0
    assert "WARNING: sick: RETRACTED: J Made Up Res. 2022;8:50." in " ".join(second.stdout.split())
    assert "(new)" in second.stdout
    assert "PMID 99000101 changed" in second.stderr
    third = ask()
    assert "WARNING: sick: RETRACTED" in third.stdout
    assert "(new)" not in third.stdout


# ---- what PubMed does to a query -------------------------------------------------------------------------


def test_an_unknown_tag_is_a_problem_with_its_place_and_nothing_is_sent(
    standin: StandIn, ask: Callable[..., Result]
) -> None:
    review(searches='\n[searches.a]\nquery = "skin[tiabb] AND (lupus[foo]"\n[searches.b]\nquery = "x[ti]"\n')
    before = everything()
    result = ask()
    assert result.exit_code == 1
    assert "3 problems in the data" in result.stderr
    assert "review.toml, searches.a.query: '[tiabb]' is no field known here" in result.stderr
    assert "(did you mean [tiab]?)" in result.stderr
    assert standin.asked == []
    assert everything() == before


def test_what_pubmed_left_out_is_loud_recorded_and_a_finding(ask: Callable[..., Result]) -> None:
    review(searches='\n[searches.a]\nquery = "skin[tiab] AND zzqqx"\n')
    result = ask()
    assert result.exit_code == 1
    assert "WARNING: a was not run as it is written: not found, and left out: zzqqx" in result.stdout
    assert rows("searches")[0]["note"] == "not found, and left out: zzqqx"
    assert json.loads(ask("--format", "json").stdout)["sound"] is False


def test_check_shows_the_queries_and_asks_nobody(standin: StandIn, ask: Callable[..., Result]) -> None:
    review()
    result = ask("--check")
    assert result.exit_code == 0
    assert "skin[tiab] AND (response[tiab] OR lupus[tiab])" in result.stdout
    assert standin.asked == []
    assert ask("--check", "serie").exit_code == 2
    assert "(did you mean series?)" in ask("--check", "serie").stderr


def test_a_large_set_is_split_and_recorded_whole(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = review(searches='\n[searches.big]\nquery = "crowd[tiab]"\n')
    standin.crowd("crowd", {date(2000 + year, 1, 1): 1500 for year in range(7)})
    monkeypatch.setattr(
        "evidence.analysis.updating._Records.of", lambda self, results, review: bare(results.pmids)
    )
    result = update(load(folder), base_url=standin.url)
    (run,) = result.runs
    assert (run.records, run.new, run.parts) == (10_500, 10_500, 2)
    assert len(load(folder).found) == 10_500


def bare(pmids: tuple[str, ...]) -> tuple[object, ...]:
    from evidence.papers.paper import Paper

    return tuple(Paper(pmid=pmid, title=f"Number {pmid}") for pmid in pmids)


def test_since_limits_what_is_asked(standin: StandIn, ask: Callable[..., Result]) -> None:
    review()
    assert ask("--since", "2026-01").exit_code == 0
    assert standin.asked[0].fields["mindate"] == "2026/01/01"
    assert rows("searches")[0]["since"] == "2026-01"
    for wrong in ("yesterday", "2026-13", "2026-02-30"):
        assert ask("--since", wrong).exit_code == 2


# ---- nothing is written ----------------------------------------------------------------------------------


def test_dry_run_shows_and_records_nothing(ask: Callable[..., Result]) -> None:
    review()
    before = everything()
    result = ask("--dry-run")
    assert result.exit_code == 0
    assert "2 new papers" in result.stdout
    assert "nothing was recorded" in result.stdout
    assert everything() == before


def test_the_shipped_review_is_shown_what_is_new_and_not_written(
    standin: StandIn, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIDENCE_EUTILS_URL", standin.url)
    before = everything(str(root / "data"))
    result = CliRunner().invoke(main, ["update"])
    assert result.exit_code == 0, result.output
    assert "nothing was recorded: the review that comes with evidence is read-only" in result.stderr
    assert "evidence init --example" in result.stderr
    assert everything(str(root / "data")) == before


def test_a_read_only_folder_is_refused(ask: Callable[..., Result]) -> None:
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    folder = review()
    folder.chmod(0o500)
    try:
        assert ask().exit_code == 2
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("fault", ["html_500", "html_200", "empty", "error", "invalid_json", "limited"])
def test_a_fault_that_stays_stops_that_search_and_writes_no_run(
    fault: str, standin: StandIn, ask: Callable[..., Result]
) -> None:
    review()
    standin.fail(fault, "esearch", times=50)
    result = ask()
    assert result.exit_code == 1
    assert "WARNING: series is not up to date" in result.stdout
    assert "no new paper" not in result.stdout
    assert rows("searches") == rows("found") == []
    standin.heal()
    assert ask().exit_code == 0
    assert len(rows("found")) == 2


@pytest.mark.parametrize("fault", ["html_500", "empty", "half", "one_missing"])
def test_a_fault_that_passes_leaves_no_trace(
    fault: str, standin: StandIn, ask: Callable[..., Result]
) -> None:
    review()
    standin.fail(fault, "esearch" if fault != "one_missing" else "efetch", times=1)
    assert ask().exit_code == 0
    assert len(rows("found")) == 2


def test_records_that_do_not_come_stop_the_search(standin: StandIn, ask: Callable[..., Result]) -> None:
    review()
    standin.fail("html_500", "efetch", times=50)
    assert ask().exit_code == 1
    assert rows("found") == []


def test_offline_asks_nobody(standin: StandIn, ask: Callable[..., Result]) -> None:
    review()
    result = ask("--offline")
    assert result.exit_code == 1
    assert standin.asked == []
    assert ask().exit_code == 0
    standin.asked.clear()
    assert ask("--offline").exit_code == 0
    assert standin.asked == []


def test_a_paper_found_by_two_processes_is_written_once(
    standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is done between our asking and our writing."""
    folder = review()
    loaded = load(folder)
    from evidence.analysis import updating

    done = []

    def first(path: str) -> object:
        if not done:
            done.append(True)
            updating.update(loaded, base_url=standin.url)
        return real(path)

    real = updating.editing
    monkeypatch.setattr(updating, "editing", first)
    result = updating.update(loaded, base_url=standin.url)
    assert [run.seen for run in result.runs] == [2]
    assert [run["new"] for run in rows("searches")] == ["2", "0"]
    assert len(rows("found")) == 2


def test_an_update_killed_between_its_two_files_is_resumed(
    ask: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    from evidence.review import writing

    def killed(path: str, data: bytes, **more: object) -> None:
        if path.endswith("searches.csv"):
            raise KeyboardInterrupt
        real(path, data)

    real = writing.write_whole
    review()
    with monkeypatch.context() as patched:
        patched.setattr(writing, "write_whole", killed)
        assert ask().exit_code == 130
    assert len(rows("found")) == 2
    assert rows("searches") == []
    load("mine")
    again = ask()
    assert "2 new papers" in again.stdout
    assert [[run[name] for name in ("run", "seen", "new")] for run in rows("searches")] == [["1", "0", "2"]]
    assert len(rows("found")) == 2
    assert ask().exit_code == 0
    assert [run["seen"] for run in rows("searches")] == ["0", "2"]


# ---- text of others --------------------------------------------------------------------------------------

HOSTILE = '\x1b[2J\x1b]0;owned\x07=HYPERLINK("http://x") skin lupus \u202egnp.exe\u200b \x00 Ã© \ufffd'


def test_hostile_text_is_harmless_everywhere(standin: StandIn, ask: Callable[..., Result]) -> None:
    title = HOSTILE.replace('"', '""')
    table = f'Title,Authors,Year,Abstract\n"{title}",=cmd,2024,"+1 \x1b[31m@SUM(1)"\n'
    Path("evil.csv").write_text(table, encoding="utf-8")
    review()
    for kind in ("text", "json", "csv"):
        shutil.rmtree("mine")
        review()
        result = ask("--from", "evil.csv", "--format", kind)
        assert result.exit_code == 0, result.output
        for sign in ("\x1b", "\u202e", "\u200b", "\x07", "\x00"):
            assert sign not in result.output.replace("\\u001b", sign)
    load("mine")
    assert rows("found")[0]["title"].startswith("'=HYPERLINK")
    assert rows("found")[0]["authors"].startswith("'=cmd")
    assert not any(line.startswith("=") for line in result.stdout.splitlines())


@pytest.mark.parametrize("sign", FORMULA)
def test_a_text_is_no_formula_whichever_way_it_begins(sign: str) -> None:
    assert as_cell(f"{sign}1+1") == f"'{sign}1+1"


@given(st.text(max_size=30) | st.sampled_from([HOSTILE, "#REF!", "###", "â€œ", "=1", "\u2028x", "ÃƒÂ©"]))
def test_any_text_makes_a_cell_that_is_read_back(text: str) -> None:
    from evidence.review.rewriting import written

    cell = as_cell(text)
    assert as_cell(cell) == cell or cell.startswith("'")
    sheet = read_sheet(f"a,b\n1,{written(cell, ',', False)}\n".encode(), "x.csv")
    assert sheet.problems == ()
    assert sheet.rows[0][1][1] == cell


def test_the_text_is_80_columns_and_ascii_where_it_must(standin: StandIn, tmp_path: Path) -> None:
    from evidence.report.papers.update import render_text

    standin.records[99000301] = record(
        99000301, "Skin lupus: " + "a very long title " * 12, abstract="Müller ≥ 50 % " * 40
    )
    result = update(load(review()), base_url=standin.url, dry_run=True)
    assert max(map(cells, render_text(result).splitlines())) <= 80
    assert render_text(result, unicode=False).isascii()


def test_the_words_of_the_command_are_the_schemas() -> None:
    assert command.KINDS == schema.KINDS


def test_wrong_usage(ask: Callable[..., Result]) -> None:
    review(searches="")
    assert ask().exit_code == 1
    assert "has no saved search" in ask().stderr
    assert ask("--database", "Embase").exit_code == 2
    assert ask("--from", "x.ris", "--since", "2020").exit_code == 2
    assert ask("--from", "missing.ris").exit_code == 2
    Path("none.csv").write_text("a,b\n1,2\n")
    assert "no column with a title" in ask("--from", "none.csv").stderr
    loaded = load("mine")
    with pytest.raises(OptionError):
        update(loaded, kind="rumour")
    with pytest.raises(OptionError):
        check_searches(loaded, ["x"])
    with pytest.raises(InputError):
        update(loaded, source="nowhere.ris")
    with pytest.raises(DataError):
        check_searches(load(review("other", '\n[searches.a]\nquery = "x[foo]"\n')))
