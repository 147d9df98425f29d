"""The guides say what is true: each page is played from top to bottom, and what it shows is compared."""

from __future__ import annotations

import difflib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import click
import pytest

from evidence.cli import main
from evidence.literature import LITERATURE

ROOT = Path(__file__).resolve().parent.parent


def made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("guides", ROOT / "validation" / "guides.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GUIDES = made()
PAGES = {str(page.relative_to(GUIDES.DOCS)): page for page in GUIDES.pages()}
MINE = {
    name: page
    for name, page in PAGES.items()
    if name.startswith(("guides", "statistics")) or name == "tutorial.md"
}


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_shows_is_what_the_commands_print(name: str) -> None:
    with GUIDES.somewhere():
        for one in GUIDES.play(PAGES[name].read_text(encoding="utf-8")):
            where = f"docs/{name}, line {one.start}: {one.command}"
            assert one.expected or one.command == "echo $?" or one.code == 0, (where, one.true)
            if not GUIDES.agrees(one.shown, one.true):
                shown, true = GUIDES.trimmed(one.shown), GUIDES.trimmed(one.true)
                changes = difflib.unified_diff(shown, true, "shown", "true", lineterm="", n=0)
                pytest.fail(f"{where}\npython validation/guides.py rewrites it\n" + "\n".join(changes))


def test_there_are_pages_and_they_show_something() -> None:
    assert len(MINE) >= 20
    for name, page in MINE.items():
        text = page.read_text(encoding="utf-8")
        assert text.startswith("# "), name
        if page.name == "index.md":
            continue
        languages = {block.language for block in GUIDES.blocks(text)}
        assert languages & {"console", "sh", "python"}, f"{name} has no example that runs"


def test_every_command_has_a_page() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in MINE.values())
    used = set(re.findall(r"\bevidence ([a-z]+)\b", text))
    assert set(main.list_commands(click.Context(main))) - used == set()


@pytest.mark.parametrize("name", MINE)
def test_references_and_links_of_a_page_lead_somewhere(name: str) -> None:
    page = MINE[name]
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for key in re.findall(r"\[([a-z]+\d{4}[a-z]*)\](?!\()", prose):
        assert key in LITERATURE, key
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
        assert (page.parent / target).exists(), target


# ---- the player itself --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "true", "right"),
    [
        (["a", "b"], ["a", "b", ""], True),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["a", "b"], True),
        (["...", "b"], ["a", "b"], True),
        (["a", "...", "c", "...", "e"], ["a", "b", "c", "d", "e"], True),
        (["a", "...", "e", "...", "c"], ["a", "b", "c", "d", "e"], False),
        (["a", "...", "a"], ["a"], False),
        (["b", "..."], ["a", "b"], False),
        ([], ["anything"], True),
    ],
)
def test_lines_may_be_left_out_but_not_changed(shown: list[str], true: list[str], right: bool) -> None:
    assert GUIDES.agrees(shown, true) is right


def test_a_changed_output_is_renewed_and_no_more_of_it_shown() -> None:
    shown = ["title 1", "...", "row b 2", "...", "end 1"]
    true = ["title 2", "row a 1", "row b 3", "row c 1", "end 2"]
    renewed = GUIDES.renewed(shown, true)
    assert renewed == ["title 2", "...", "row b 3", "...", "end 2"]
    assert GUIDES.agrees(renewed, true)
    assert GUIDES.renewed(["@1,3-4"], true) == ["title 2", "...", "row b 3", "row c 1", "..."]


def test_a_page_is_played_and_a_false_number_is_found() -> None:
    page = "Save this as `t.csv`:\n\n```csv\nstudy,events,n\nA,6,6\nB,9,9\n```\n\n```console\n$ evidence check t.csv\n@1\n```\n"
    with GUIDES.somewhere():
        true = GUIDES.rendered(page)
        assert "@1" not in true
        (one,) = GUIDES.play(true)
        assert GUIDES.agrees(one.shown, one.true)
        (other,) = GUIDES.play(true.replace("15/15", "16/15"))
        assert not GUIDES.agrees(other.shown, other.true)
