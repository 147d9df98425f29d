"""evidence cache: where, how much, and gone; and nothing else is ever touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evidence.cli import main
from evidence.papers import cache
from evidence.papers.eutils import Eutils

from .standin import StandIn, StillClock


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVIDENCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run(action: str) -> Result:
    return CliRunner().invoke(main, ["cache", action])


def fill(standin: StandIn, folder: Path) -> None:
    eutils = Eutils(base_url=standin.url, folder=str(folder), clock=StillClock())
    list(eutils.fetch(["31851795"]))
    eutils.search_title("anifrolumab")


def test_where_it_is(folder: Path) -> None:
    assert run("path").output == f"{folder}\n"
    assert not folder.exists()


def test_without_a_name_it_is_where_the_system_keeps_a_users_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVIDENCE_CACHE")
    named = cache.cache_folder()
    assert Path(named).is_absolute()
    assert Path(named).name in ("evidence", "Cache")


def test_what_is_in_it_and_that_it_is_gone(standin: StandIn, folder: Path) -> None:
    assert run("info").output == f"0 answers, 0 bytes in {folder}\n"
    assert run("clear").exit_code == 0
    fill(standin, folder)
    shown = run("info").output
    assert shown.startswith("2 answers, ")
    assert " kB in " in shown
    cleared = run("clear")
    assert cleared.exit_code == 0
    assert cleared.output == f"removed {shown}"
    assert run("info").output.startswith("0 answers")
    fill(standin, folder)
    assert len(standin.asked) == 4


def test_clearing_touches_nothing_but_answers(standin: StandIn, folder: Path) -> None:
    fill(standin, folder)
    mine = [
        folder / "answers" / "notes.json",
        folder / "answers" / ("x" * 64 + ".txt"),
        folder / "letter.txt",
    ]
    for path in mine:
        path.write_text("mine")
    assert run("clear").output.startswith("removed 2 answers")
    assert all(path.read_text() == "mine" for path in mine)


def test_what_is_not_an_action_is_wrong_usage(folder: Path) -> None:
    result = run("burn")
    assert result.exit_code == 2
    assert "'path', 'info', 'clear'" in result.output


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (28_720, "28.7 kB"),
        (5e9, "5.0 GB"),
        (5e13, "50000.0 GB"),
    ],
)
def test_sizes_as_people_say_them(size: float, words: str) -> None:
    from importlib import import_module

    assert import_module("evidence.cli.cache")._size(int(size)) == words


def test_the_serializer_is_json(folder: Path) -> None:
    """The default of requests-cache is pickle, and reading pickle runs what it says."""
    session = cache.open_session(str(folder))
    assert session.cache.responses.serializer.name == "json"
    session.close()
