"""evidence screen: what waits, decisions written at once, two screeners, conflicts and kappa."""

from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evidence.analysis.screening import decide, how_far, to_screen
from evidence.cli import main
from evidence.cli import screen as command
from evidence.errors import InputError, OptionError
from evidence.review import schema
from evidence.review.decisions import CONSENSUS, agreements, verdicts
from evidence.review.schema import Decision
from evidence.review.tables import load

from .standin.reviews import make_review

FOUND = """\
paper,search,run,status,pmid,doi,authors,year,title,journal,abstract,note
11,series,1,new,11,,Alpha A,2024,First paper,J One,Abstract of the first.,
12,series,1,new,12,10.1000/b,"Béta B, Gamma C",2025,"Second ""paper"", with a comma",J Two,,
12,other,1,duplicate,12,,,,,,,
13,series,1,known,13,,,,,,,studies.csv: letter
"else 2022 a title",series,2,new,,,Else D,2022,=A title,J,'=hostile,
"""
FOUND = FOUND.replace(",=A title", ",'=A title")


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVIDENCE_SCREENER", raising=False)
    folder = make_review(tmp_path / "mine")
    (folder / "found.csv").write_text(FOUND, encoding="utf-8")
    return folder


def screen(*args: str, **settings: object) -> Result:
    return CliRunner().invoke(main, ["screen", "--review", "mine", *args], **settings)  # type: ignore[arg-type]


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(Path("mine/decisions.csv").read_text(encoding="utf-8").splitlines()))


# ---- by script -------------------------------------------------------------------------------------------


def test_a_decision_is_one_more_line_and_no_other_byte() -> None:
    before = {path: path.read_bytes() for path in Path("mine").glob("*.*")}
    done = screen("11", "--decision", "exclude", "--reason", "no skin outcome", "--by", "AB")
    assert done.exit_code == 0, done.output
    assert "11, abstract, AB: exclude: no skin outcome" in done.stdout
    assert {path: path.read_bytes() for path in before} == before
    first = Path("mine/decisions.csv").read_bytes()
    assert screen("12", "--decision", "include", "--by", "AB").exit_code == 0
    assert Path("mine/decisions.csv").read_bytes().startswith(first)
    assert [(row["paper"], row["stage"], row["decision"], row["reason"]) for row in rows()] == [
        ("11", "abstract", "exclude", "no skin outcome"),
        ("12", "abstract", "include", ""),
    ]


def test_the_stages_follow_each_other_and_an_included_paper_is_offered() -> None:
    assert "full text" not in screen("12", "--decision", "include", "--by", "AB").stdout
    done = screen("12", "--decision", "include", "--by", "AB")
    assert "12, full text, AB: include" in done.stdout
    line = done.stdout.strip().splitlines()[-1]
    words = shlex.split(line)
    assert words[:5] == ["evidence", "add", "report", "--review", "mine"]
    assert dict(zip(words[5::2], words[6::2], strict=True)) == {
        "--study": "béta2025".replace("é", "e"),
        "--authors": "Béta B, Gamma C",
        "--year": "2025",
        "--title": 'Second "paper", with a comma',
        "--journal": "J Two",
        "--doi": "10.1000/b",
        "--pmid": "12",
        "--design": "not stated",
        "--state": "unverified",
    }
    added = CliRunner().invoke(main, [*words[1:], "--yes"])
    assert added.exit_code == 0, added.output
    assert load("mine").studies["beta2025"].pmid == "12"
    assert "add report" not in screen("12", "--decision", "include", "--by", "AB", "--change").stdout


def test_a_paper_is_named_by_pmid_doi_or_its_name() -> None:
    for name in ("10.1000/B", "https://doi.org/10.1000/b", "else 2022 a title"):
        assert screen(name, "--decision", "later", "--by", "AB").exit_code == 0, name
    wrong = screen("13", "--decision", "include", "--by", "AB")
    assert wrong.exit_code == 2
    assert "this one was known: studies.csv: letter" in wrong.stderr
    assert screen("99", "--decision", "include", "--by", "AB").exit_code == 2
    assert len(rows()) == 2


@pytest.mark.parametrize(
    "args",
    [
        ("11", "--decision", "exclude", "--by", "AB"),
        ("11", "--decision", "not retrieved", "--by", "AB"),
        ("11", "--decision", "include"),
        ("11", "--decision", "include", "--by", "AB", "--stage", "full text"),
        ("11",),
        ("--decision", "include"),
        ("11", "--list"),
        ("11", "--decision", "maybe", "--by", "AB"),
    ],
)
def test_what_may_not_be_is_refused_and_nothing_is_written(args: tuple[str, ...]) -> None:
    assert screen(*args).exit_code == 2
    assert not Path("mine/decisions.csv").exists()


def test_nothing_is_lost_when_a_decision_is_changed() -> None:
    assert screen("11", "--decision", "later", "--note", "ask CD", "--by", "AB").exit_code == 0
    assert screen("11", "--decision", "exclude", "--reason", "no skin", "--by", "AB").exit_code == 0
    refused = screen("11", "--decision", "include", "--by", "AB")
    assert refused.exit_code == 2
    assert "--change replaces it" in refused.stderr
    assert screen("11", "--decision", "include", "--by", "AB", "--change").exit_code == 0
    (row,) = rows()
    assert row["decision"] == "include"
    assert row["note"].startswith("was exclude (no skin) on 2")
    assert "was later on 2" in row["note"]
    assert "ask CD" in row["note"]
    before = Path("mine/decisions.csv").read_bytes()
    assert screen("11", "--decision", "include", "--by", "AB", "--stage", "abstract").exit_code == 0
    assert Path("mine/decisions.csv").read_bytes() == before


def test_the_shipped_review_is_not_written(root: Path) -> None:
    with pytest.raises(InputError, match="read-only"):
        decide(root / "data", "1", "include", by="AB")
    assert CliRunner().invoke(main, ["screen", "--list"]).exit_code == 0


# ---- what waits ------------------------------------------------------------------------------------------


def test_what_waits_is_listed_as_text_json_and_csv() -> None:
    screen("11", "--decision", "exclude", "--reason", "x", "--by", "AB")
    screen("12", "--decision", "include", "--by", "AB")
    text = screen("--list").stdout
    assert "3 papers: 0 included, 1 excluded, 2 open" in text
    assert text.index("To decide on the full text:") > text.index("To decide on the abstract:")
    told = json.loads(screen("--format", "json").stdout)
    assert told["open"] == {"abstract": 1, "full text": 1}
    assert [one["paper"] for one in told["waiting"]] == ["12", "else 2022 a title"]
    table = list(csv.DictReader(screen("--format", "csv").stdout.splitlines()))
    assert table[1]["title"] == "'=A title"
    assert table[1]["abstract"].startswith("'=")


def test_what_was_put_off_comes_last() -> None:
    decide("mine", "11", "later", by="AB", note="no access")
    waiting = to_screen(load("mine"), "AB")
    assert [one.row.paper for one in waiting] == ["12", "else 2022 a title", "11"]
    assert waiting[-1].later == "no access"


# ---- two screeners ---------------------------------------------------------------------------------------


def test_the_second_one_decides_unseen_and_conflicts_are_settled() -> None:
    for paper, decision in (("11", "include"), ("12", "exclude")):
        decide("mine", paper, decision, by="AB", reason="r")
    assert [one.row.paper for one in to_screen(load("mine"), "CD", second=True)] == [
        "11",
        "12",
        "else 2022 a title",
    ]
    assert all(not one.later for one in to_screen(load("mine"), "CD", second=True))
    decide("mine", "11", "include", by="CD")
    assert decide("mine", "12", "include", by="CD").conflict
    result = screen("--conflicts")
    assert result.exit_code == 1
    assert "1 conflict" in result.stdout
    assert "AB and CD, 1 of 2 (50 %), kappa 0.00, no interval: its standard" in result.stdout
    table = list(csv.DictReader(screen("--conflicts", "--format", "csv").stdout.splitlines()))
    assert [(row["screener"], row["decision"]) for row in table] == [("AB", "exclude"), ("CD", "include")]
    assert "12" not in [one.row.paper for one in to_screen(load("mine"), "AB")]
    assert screen("12", "--decision", "exclude", "--reason", "r", "--by", CONSENSUS).exit_code == 0
    assert screen("--conflicts").exit_code == 0
    assert how_far(load("mine")).excluded == 1
    assert how_far(load("mine")).agreements[0].kappa.kappa == 0


def decisions(pairs: Mapping[tuple[str, str], int]) -> list[Decision]:
    said, number = [], 0
    for words, count in pairs.items():
        for _ in range(count):
            number += 1
            said += [
                Decision(str(number), who, "abstract", word, "", "", "")
                for who, word in zip("AB", words, strict=True)
            ]
    return said


def test_kappa_is_cohens() -> None:
    """20, 5, 10, 15 of 50: 0.7 observed and 0.5 by chance, so 0.4 (Cohen 1960, by hand)."""
    yes, no = "include", "exclude"
    (pair,) = agreements(decisions({(yes, yes): 20, (yes, no): 5, (no, yes): 10, (no, no): 15}))
    assert (pair.papers, pair.agreed) == (50, 35)
    assert pair.kappa.kappa == pytest.approx(0.4, abs=1e-12)
    (same,) = agreements(decisions({(yes, yes): 3}))
    assert same.kappa.kappa is None
    assert list(agreements(decisions({(yes, "later"): 3}))) == []


def test_a_consensus_stands_above_all() -> None:
    said = [
        Decision("1", "A", "abstract", "include", "", "", ""),
        Decision("1", "B", "abstract", "exclude", "r", "", ""),
        Decision("1", CONSENSUS, "abstract", "exclude", "why", "", ""),
    ]
    verdict = verdicts(said)["1", "abstract"]
    assert (verdict.decision, verdict.reason, verdict.conflict) == ("exclude", "why", False)
    assert verdicts(said[:2])["1", "abstract"].conflict


# ---- on a terminal ---------------------------------------------------------------------------------------


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Result]:
    """evidence screen as on a terminal, with what is typed."""

    def call(typed: str, *args: str) -> Result:
        import click.testing

        class Typing(click.testing._NamedTextIOWrapper):
            def isatty(self) -> bool:
                return True

        monkeypatch.setattr(click.testing, "_NamedTextIOWrapper", Typing)
        return screen(*args, input=typed)

    return call


def test_one_after_another_with_abstract_each_written_at_once(at_a_terminal: Callable[..., Result]) -> None:
    result = at_a_terminal("e\nno skin outcome\nx\nl\nq\n", "--by", "AB")
    assert result.exit_code == 0, result.output
    assert "1 of 3: 11, abstract" in result.stdout
    assert "Abstract of the first." in result.stdout
    assert [(row["paper"], row["decision"], row["reason"]) for row in rows()] == [
        ("11", "exclude", "no skin outcome"),
        ("12", "later", ""),
    ]
    again = at_a_terminal("", "--by", "AB")  # the input ends: what was decided stays
    assert again.exit_code != 0
    assert len(rows()) == 2
    first = at_a_terminal("EF\nq\n")
    assert "Who decides" in first.output


def test_hostile_text_reaches_no_terminal(at_a_terminal: Callable[..., Result]) -> None:
    folder = Path("mine/papers")
    folder.mkdir()
    from evidence.papers.library import Library

    from .standin import record

    text = record(11, "Evil \x1b[2J title \u202e.", abstract="\x1b]0;owned\x07 abstract").replace("99", "99")
    from datetime import datetime

    Library(folder).add({"11": text}, fetched=datetime.now().astimezone(), address="x")
    for result in (at_a_terminal("q\n", "--by", "AB"), screen("--list"), screen("--format", "json")):
        assert not {"\x1b", "\u202e", "\x07"} & set(result.output)


# ---- robustness ------------------------------------------------------------------------------------------


def test_two_processes_lose_no_decision() -> None:
    code = (
        "import sys; from evidence.analysis.screening import decide\n"
        "for paper in ('11', '12', 'else 2022 a title'): decide('mine', paper, 'include', by=sys.argv[1])\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, name]) for name in ("AB", "CD")]
    assert [process.wait(60) for process in running] == [0, 0]
    assert sorted((row["paper"], row["screener"]) for row in rows()) == sorted(
        (paper, name) for paper in ("11", "12", "else 2022 a title") for name in ("AB", "CD")
    )


def test_a_full_disk_leaves_the_table_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    decide("mine", "11", "include", by="AB")
    before = Path("mine/decisions.csv").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    result = screen("12", "--decision", "include", "--by", "AB")
    assert result.exit_code == 2
    assert "No space left" in result.stderr
    assert Path("mine/decisions.csv").read_bytes() == before


def test_the_words_of_the_command_are_the_schemas() -> None:
    assert (command.VERDICTS, command.STAGES) == (schema.VERDICTS, schema.STAGES)


def test_what_the_library_refuses() -> None:
    for wrong in ({"decision": "perhaps"}, {"by": " "}, {"stage": "title"}):
        given = {"decision": "include", "by": "AB"} | wrong
        with pytest.raises(OptionError):
            decide("mine", "11", **given)  # type: ignore[arg-type]
