"""The README says what is true: its first screen is printed, its commands exist, its example is run."""

from __future__ import annotations

import difflib
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from evidence.cli import main

README = Path(__file__).resolve().parent.parent / "README.md"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def maker(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme", root / "validation" / "readme.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def block(text: str, name: str) -> str:
    found = re.findall(rf"<!-- {name} -->\n```text\n(.*?)```\n<!-- /{name} -->", text, re.DOTALL)
    assert len(found) == 1, f"one block between <!-- {name} --> and <!-- /{name} -->"
    return str(found[0])


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def same(shown: str, true: str) -> None:
    if shown.rstrip() != true.rstrip():
        changes = difflib.unified_diff(
            shown.splitlines(), true.splitlines(), "README.md", "true", lineterm="", n=0
        )
        pytest.fail("make readme rewrites this block:\n" + "\n".join(changes))


# ---- the blocks that are made -------------------------------------------------------------------------


def test_the_first_screen_is_what_the_command_prints(text: str, run: Run) -> None:
    done = run("pool", env={"COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    same(block(text, "first screen"), done.stdout)


def test_the_first_screen_fits_80_columns(text: str) -> None:
    for line in block(text, "first screen").splitlines():
        assert len(line) <= 80, line


def test_the_house_is_the_one_that_stands(text: str, maker: ModuleType) -> None:
    same(block(text, "house"), maker.house())


def test_every_module_has_its_line(root: Path, maker: ModuleType) -> None:
    same((root / "HOUSE.md").read_text(encoding="utf-8"), maker.house_file())


def test_every_room_is_in_the_plan_and_every_module_in_its_file(text: str, root: Path) -> None:
    words = set(re.findall(r"[\w./]+", block(text, "house")))
    for package in (root / "evidence").rglob("__init__.py"):
        assert f"{package.parent.name}/" in words, package
    words = set(re.findall(r"[\w./]+", (root / "HOUSE.md").read_text(encoding="utf-8")))
    for folder in ("evidence", "cli"):
        for module in (root / folder).rglob("*.py"):
            if module.name != "__init__.py":
                assert module.stem in words or module.name in words, module


# ---- commands -----------------------------------------------------------------------------------------


def documented(text: str) -> list[list[str]]:
    """Every `evidence ...` of the README that is a command line, split as a shell would."""
    quoted = re.findall(r"`(evidence [^`\n]+)`", text)
    console = [
        line[2:] for part in fenced(text, "console") for line in part.splitlines() if line.startswith("$ ")
    ]
    console += [
        line for part in fenced(text, "sh") for line in part.splitlines() if line.startswith("evidence ")
    ]
    setup = re.findall(r"\.venv/bin/(evidence \S+)", text)
    return [shlex.split(line, comments=True)[1:] for line in [*quoted, *console, *setup]]


def test_every_command_and_option_in_the_readme_exists(text: str) -> None:
    calls = documented(text)
    assert calls
    for call in calls:
        name = call[0]
        assert isinstance(main, click.Group)
        known = main.get_command(click.Context(main), name)
        assert known is not None, f"evidence {name}"
        if isinstance(known, click.Group) and len(call) > 1 and call[1].islower():
            known = known.get_command(click.Context(known), call[1])
            assert known is not None, call
        options = {flag for parameter in known.params for flag in parameter.opts} | {"--help", "-h"}
        assert {part for part in call if part.startswith("--")} <= options, call


def test_every_command_is_in_the_readme_and_has_help(text: str) -> None:
    names = main.list_commands(click.Context(main))
    assert set(names) == {call[0] for call in documented(text)}
    for name in names:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert command.get_short_help_str()


def examples() -> list[list[str]]:
    """The command lines of the README's console block, without their remarks."""
    (block,) = fenced(README.read_text(encoding="utf-8"), "console")
    return [shlex.split(line.removeprefix("$ "), comments=True) for line in block.splitlines()]


@pytest.mark.parametrize("words", examples(), ids=" ".join)
def test_the_console_examples_run(
    words: list[str], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(root / "data", tmp_path / "data", ignore=shutil.ignore_patterns("__*"))
    (tmp_path / "table.csv").write_text("study,events,n\nA,6,6\nB,9,9\nC,11,11\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert words[0] == "evidence"
    done = CliRunner().invoke(main, words[1:], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    if "result.json" in words:
        assert json.loads(Path("result.json").read_text(encoding="utf-8"))["outcome"] == "clasi50"


# ---- set up, test, use --------------------------------------------------------------------------------


def one_liners(text: str) -> tuple[str, str]:
    lines = [line.strip() for line in text.splitlines() if line.startswith("    python3 -m venv")]
    assert len(lines) == 2, "one command to see the first screen, one to run the tests"
    return lines[0], lines[1]


def test_two_commands_set_up_and_test(text: str) -> None:
    see, check = one_liners(text)
    assert see.endswith(".venv/bin/evidence pool")
    assert check.endswith(".venv/bin/python -m pytest -q")


def test_continuous_integration_runs_the_readmes_test_command(text: str, root: Path) -> None:
    lines = (root / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert one_liners(text)[1] in lines


def test_the_python_example_runs(
    text: str, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    (example,) = fenced(text, "python")
    exec(compile(example, "README.md", "exec"), {})
    assert "CLASI-50" in capsys.readouterr().out


def test_a_review_from_nothing_and_a_series_added_as_described(
    text: str, root: Path, run: Run, tmp_path: Path
) -> None:
    """The shell blocks are run as they stand, `cd` included."""
    (tmp_path / "reports.csv").write_text(
        "study,authors,year,design,state\nlin2024,Lin A,2024,case series,unverified\n"
        "rossi2025,Rossi B,2025,cohort,unverified\nortiz2026,Ortiz C,2026,case series,unverified\n",
        encoding="utf-8",
    )
    (tmp_path / "counts.csv").write_text(
        "study,outcome,weeks,events,n,state\nlin2024,iga_0_1,16,5,9,unverified\n"
        "rossi2025,iga_0_1,24,7,11,unverified\nortiz2026,iga_0_1,12,3,8,unverified\n",
        encoding="utf-8",
    )
    new, added = fenced(text, "sh")
    assert len(new.splitlines()) < 10
    printed = followed(new, tmp_path, run)
    assert "15/28" in printed
    shutil.copytree(root / "data", tmp_path / "my-review")
    printed = followed(added, tmp_path / "my-review", run)
    assert "García 2026 (7/8) entered" in " ".join(printed.split())
    assert "26/26, now 33/34" in " ".join(printed.split())


def followed(commands: str, folder: Path, run: Run) -> str:
    """What the last command printed."""
    printed = ""
    for line in commands.splitlines():
        words = shlex.split(line)
        if words[0] == "cd":
            folder = folder / words[1]
            continue
        done = run(*words[1:], cwd=folder)
        assert done.returncode == 0, (line, done.stderr)
        printed = done.stdout
    return printed


def test_every_link_to_a_file_leads_somewhere(text: str, root: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (root / target).exists(), target
