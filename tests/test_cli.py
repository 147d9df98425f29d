"""The command line: what it accepts, what it says, where it writes, how it ends."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import evidence
from evidence.cli import main, options
from evidence.cli.commands import Commands
from evidence.cli.output import Terminal, can_encode, format_of, terminal, write_whole
from evidence.errors import InputError, OptionError

PROGRAM = [sys.executable, "-m", "evidence.cli"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, so that a review is never found by accident of where pytest was started."""
    monkeypatch.chdir(tmp_path)
    for name in ("EVIDENCE_REVIEW", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def run(*args: str, **settings: Any) -> Result:
    return CliRunner().invoke(main, args, **settings)


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        yield name, command


# ---- help ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_and_option_is_explained(name: str) -> None:
    command = dict(commands())[name]
    assert command.help
    assert "Examples:" in command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
    shown = run(name, "--help")
    assert shown.exit_code == 0
    assert max(map(len, shown.output.splitlines())) <= 80


def examples() -> list[str]:
    texts = [main.help or "", *(command.help or "" for _, command in commands())]
    found = [
        line.strip()
        for text in texts
        for part in re.findall(r"Examples:\n((?:  .*\n?)+)", inspect.cleandoc(text))
        for line in part.splitlines()
    ]
    return list(dict.fromkeys(found))


def test_there_are_examples() -> None:
    assert len(examples()) >= 10
    assert all(example.startswith("evidence ") for example in examples())


@pytest.mark.parametrize("example", examples())
def test_every_example_in_the_help_runs(example: str) -> None:
    result = run(*shlex.split(example)[1:])
    assert result.exit_code == 0, result.output
    assert result.output or list(Path().iterdir())


def test_no_command_shows_the_help_and_a_wrong_one_the_nearest() -> None:
    assert "Answer:" in run().output and "Papers:" in run().output
    result = run("poool")
    assert result.exit_code == 2
    assert "Did you mean 'pool'?" in result.output


def test_version() -> None:
    assert run("--version").output == f"evidence {evidence.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_EVIDENCE_COMPLETE" in result.output


def test_an_offer_in_fish_keeps_the_commas_of_its_help_text() -> None:
    assert 'string split --max 1 "," $completion' in run("completion", "fish").output


def test_every_analysis_option_says_which_one_is_the_default() -> None:
    told = {
        name: option.help
        for name, command in commands()
        for option in command.params
        if isinstance(option, click.Option) and option.name == "analysis"
    }
    defaults = [text for text in told.values() if text and "Default" in text]
    assert len(defaults) > 10
    assert {text.partition("Default: ")[2] for text in defaults} == {
        "the one called primary, else the first."
    }


def test_completion_completes() -> None:
    env = os.environ | {
        "_EVIDENCE_COMPLETE": "bash_complete",
        "COMP_WORDS": "evidence pool --model b",
        "COMP_CWORD": "3",
    }
    done = subprocess.run(PROGRAM, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["plain,binomial", "plain,beta-binomial", "plain,bayes"]


# ---- options carry their keyword's name ---------------------------------------------------------

ONLY_HERE = {
    "args",
    "review",
    "against",
    "excluded",
    "panel",
    "snapshot",
    "methods",
    "show_r",
    "format",
    "output",
    "help",
}


def keywords(function: Callable[..., Any]) -> set[str]:
    return {p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY}


def test_each_option_of_pool_is_a_keyword_of_the_library_and_the_other_way_round() -> None:
    names = {option.name for option in dict(commands())["pool"].params if option.name} - ONLY_HERE
    assert names == keywords(evidence.pool) | {"outcome"}
    assert keywords(evidence.pool_counts) <= names
    assert keywords(evidence.pool_rows) <= names | {"title", "against"}


def test_defaults_are_the_librarys() -> None:
    library = inspect.signature(evidence.pool).parameters
    ours = dict(commands())["pool"].make_context("pool", []).params
    shared = set(library) & set(ours) - {"review"}
    assert len(shared) >= 13
    assert {name: ours[name] for name in shared} == {name: library[name].default for name in shared}


WORDS = {
    "model": options.MODELS,
    "measure": options.MEASURES,
    "tau2": options.TAU2,
    "interval": options.INTERVALS,
    "prediction": options.PREDICTIONS,
    "ci": options.CI,
    "prior": options.PRIORS,
    "tau2_ci": options.TAU2_INTERVALS,
    "i2": options.I2,
}


@pytest.mark.parametrize("name", WORDS)
def test_the_words_of_each_option_are_the_engines(name: str) -> None:
    with pytest.raises(OptionError) as error:
        evidence.pool_counts([1, 2, 3, 2, 2], [4, 5, 6, 7, 8], **{name: "no such word"})
    for word in WORDS[name]:
        assert re.search(rf"(?<![\w-]){word}(?![\w-])", error.value.allowed), word
        needed = {"weights": "equal"} if word == "genq" else {}  # made from weights
        evidence.pool_counts([1, 2, 3, 2, 2], [4, 5, 6, 7, 8], **{name: word} | needed)


def test_which_score_is_better_is_said_in_the_librarys_words() -> None:
    from evidence.analysis.scoring import BETTER
    from evidence.review.responders import TESTS

    assert options.BETTER == BETTER == tuple(TESTS)


# ---- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "level"), [("0.95", 0.95), ("95", 0.95), ("95%", 0.95), ("99.5 %", 0.995), ("0.5", 0.5)]
)
def test_levels_as_people_write_them(text: str, level: float) -> None:
    assert options.Level().convert(text, None, None) == pytest.approx(level, abs=1e-15)


@pytest.mark.parametrize("text", ["0", "1", "100", "0.3", "x", "nan", "0.95%", "-95", "inf"])
def test_levels_that_make_no_sense_are_wrong_usage(text: str) -> None:
    result = run("pool", "6/6", "--level", text)
    assert result.exit_code == 2
    assert "write 0.95, 95 or 95%" in result.output


WEEKS = [
    ("12", 12.0),
    ("8-26", (8.0, 26.0)),
    ("8–26", (8.0, 26.0)),
    ("last visit", "last visit"),
    ("Last_Visit", "last visit"),
]


@pytest.mark.parametrize(("text", "weeks"), WEEKS)
def test_times_as_people_write_them(text: str, weeks: Any) -> None:
    assert options.Weeks().convert(text, None, None) == weeks


@pytest.mark.parametrize("text", ["", "soon", "26-8", "1-2-3", "-3", "nan", "inf"])
def test_times_that_make_no_sense_are_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 12, 8-26 or 'last visit'"):
        options.Weeks().convert(text, None, None)


# ---- what is pooled ------------------------------------------------------------------------------


def test_the_shipped_review_is_used_and_said_so_on_stderr() -> None:
    result = run("pool")
    assert result.exit_code == 0
    assert "using the review that comes with evidence" in result.stderr
    assert "using the review" not in result.stdout


def test_counts() -> None:
    result = run("pool", "6/6", "9/9", "11/11", "--against", "49/107")
    assert result.exit_code == 0
    assert "26/26" in result.stdout
    assert "49/107" in result.stdout
    assert result.stderr == ""


def test_counts_with_names() -> None:
    result = run("pool", "Ours=6/6", "A b c = 9/9", "--against", "Trial X=49/107")
    assert result.exit_code == 0
    for name in ("Ours", "A b c", "Trial X"):
        assert name in result.stdout


def test_a_table_by_file_and_by_stdin() -> None:
    table = "author,cases,N\nA 2020,5,9\nB 2021,3,8\n"
    Path("t.csv").write_text(table)
    from_file = run("pool", "t.csv")
    assert from_file.exit_code == 0
    assert "A 2020" in from_file.stdout
    from_stdin = run("pool", "-", input=table)
    assert from_stdin.exit_code == 0
    drop = re.compile(r"^Table.*\n")
    assert drop.sub("", from_stdin.stdout) == drop.sub("", from_file.stdout)


WRONG = [
    (["pool", "7/6"], "7/6 is not events/n"),
    (["pool", "0/0"], "0/0 is not events/n"),
    (["pool", "6/6", "--against", "half"], "it takes events/n"),
    (["pool", "6/6", "nonsense"], "'nonsense' is not events/n"),
    (["pool", "6/6", "--outcome", "x"], "--outcome goes with a review"),
    (["pool", "6/6", "--review", "x"], "--review goes with a review"),
    (["pool", "--against", "49/107"], "--against goes with counts"),
    (["pool", "6/6", "--model", "best"], "'best' is not one of"),
    (["pool", "6/6", "--prior-scale", "0"], "prior-scale"),
    (["pool", "no-such-file.csv"], "no-such-file.csv"),
    (["pool", "--review", "no-such-folder"], "no-such-folder"),
    (["pool", "--outcome", "no such outcome"], "no such outcome"),
    (["pool", "--where", "n >"], "where"),
    (["pool", "6/6", "--output", "no/such/folder/x.txt"], "cannot write no/such/folder/x.txt"),
]


@pytest.mark.parametrize(("args", "said"), WRONG)
def test_wrong_usage_ends_with_2_and_says_why_on_stderr(args: list[str], said: str) -> None:
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_findings_in_the_data_end_with_1() -> None:
    Path("t.csv").write_text("study,events,n\nA,9,5\nB,x,3\n")
    result = run("pool", "t.csv")
    assert result.exit_code == 1
    assert result.stderr.startswith("evidence: 2 problems in the data:")
    assert result.stdout == ""


def test_an_error_never_commands_the_terminal() -> None:
    result = run("pool", "no\x1b[31m\x07such.csv")
    assert result.exit_code == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", result.stderr)
    Path("t.csv").write_text("study,events,n\n\x1b]0;x\x07A,9\x1b[2J,5\n")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", run("pool", "t.csv").stderr)


# ---- output ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["text", "markdown", "csv", "json", "latex"])
def test_output_is_what_the_terminal_would_get(name: str) -> None:
    shown = run("pool", "6/6", "9/9", "--format", name)
    written = run("pool", "6/6", "9/9", "--format", name, "--output", "out")
    assert written.exit_code == 0
    assert written.stdout == ""
    assert Path("out").read_text(encoding="utf-8") == shown.stdout


def test_the_ending_of_the_file_chooses_the_format() -> None:
    assert run("pool", "6/6", "--output", "a.json").exit_code == 0
    assert Path("a.json").read_text().startswith("{")
    assert format_of(None, "x.MD") == "markdown"
    assert format_of("text", "x.md") == "text"
    assert format_of(None, None) == "text"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "old.txt"
    old.write_text("old")

    def broken(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(InputError, match=r"cannot write .*No space left"):
        write_whole(str(old), b"new")
    assert old.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]


def test_a_written_file_keeps_its_permissions_and_its_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_whole(str(link), b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640


class Stream:
    """As much of a text stream as a terminal's abilities are read from."""

    def __init__(self, encoding: str | None, tty: bool = False) -> None:
        self.encoding, self.tty = encoding, tty

    def isatty(self) -> bool:
        return self.tty


@pytest.mark.parametrize(
    ("encoding", "able"), [("utf-8", True), ("ascii", False), ("latin-1", False), (None, False), ("x", False)]
)
def test_unicode_by_the_streams_encoding(encoding: str | None, able: bool) -> None:
    assert can_encode(Stream(encoding)) is able  # type: ignore[arg-type]


def test_color_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    tty: Any = Stream("utf-8", tty=True)
    assert terminal(tty) == Terminal(80, unicode=True, color=True)
    assert not terminal(Stream("utf-8")).color  # type: ignore[arg-type]
    assert terminal(tty, file=True) == Terminal(80, unicode=True, color=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not terminal(tty).color
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal(tty).color
    monkeypatch.setenv("COLUMNS", "132")
    assert terminal(tty).width == 132


def test_ascii_where_the_terminal_cannot() -> None:
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*PROGRAM, "pool", "6/6", "9/9"], env=env, capture_output=True, check=True)
    assert done.stdout.isascii()
    assert b"|" in done.stdout


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{shlex.join(PROGRAM)} pool 6/6 9/9; echo $? >&2"
    done = subprocess.run(
        ["sh", "-c", f"{{ {command}; }} | true"], capture_output=True, text=True, check=False
    )
    assert done.stderr.split() == ["0"]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_ends_with_130() -> None:
    done = subprocess.Popen(
        [*PROGRAM, "pool", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1)  # until it waits for the table
    done.send_signal(signal.SIGINT)
    _, errors = done.communicate(timeout=20)
    assert done.returncode == 130
    assert "Traceback" not in errors


# ---- outcomes ------------------------------------------------------------------------------------


def test_outcomes_lists_what_can_be_pooled() -> None:
    result = run("outcomes")
    assert result.exit_code == 0
    assert re.search(r"clasi50 +3 +26/26 +\d+  CLASI-50", result.stdout)
    assert "Nothing to pool" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_outcomes_as_data() -> None:
    import csv
    import json

    found = json.loads(run("outcomes", "--format", "json").stdout)
    first = found[0]
    assert (first["outcome"], first["series"], first["events"], first["n"]) == ("clasi50", 3, 26, 26)
    lines = list(csv.DictReader(run("outcomes", "--format", "csv").stdout.splitlines()))
    assert [line["outcome"] for line in lines] == [line["outcome"] for line in found]


def test_help_says_of_each_command_what_it_says_of_itself() -> None:
    assert isinstance(main, Commands)
    context = click.Context(main)
    for commands in main.sections.values():
        for name, said in commands.items():
            command = main.get_command(context, name)
            assert command is not None
            assert command.get_short_help_str(80) == said
            assert len(said) <= 76
