"""The command in a shell: exit codes, pipes, full disks, Ctrl-C, -v, progress, completion, other systems' paths and line ends."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import evidence
from evidence import files
from evidence.cli import main, progress
from evidence.cli.progress import Working
from evidence.telling import tell

ROOT = Path(__file__).resolve().parent.parent
PYTHON = (sys.executable, "-m", "evidence.cli")
POSIX = pytest.mark.skipif(os.name != "posix", reason="of this shell only")


def run(*args: str, input: bytes | None = None, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, args, input=input, env={"EVIDENCE_REVIEW": None, **(env or {})})


def shell(command: str, **given: Any) -> subprocess.CompletedProcess[str]:
    """A line for bash, with `evidence` in it."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    whole = f'evidence() {{ "{sys.executable}" -m evidence.cli "$@"; }}\n{command}'
    env = {**os.environ, "EVIDENCE_REVIEW": str(ROOT / "data"), "PYTHONUTF8": "1"}
    return subprocess.run([bash, "-c", whole], capture_output=True, text=True, env=env, timeout=60, **given)


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with its words."""

    def walk(
        command: click.Command, words: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], click.Command]]:
        if not isinstance(command, click.Group):
            yield words, command
            return
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from walk(inner, (*words, name))

    yield from walk(main, ())


COMMANDS = dict(commands())


def name_of(words: tuple[str, ...]) -> str:
    return " ".join(words)


# ---- exit codes ----------------------------------------------------------------------------------


def no_traceback(result: Result) -> None:
    assert isinstance(result.exception, SystemExit | None), result.exception
    assert "Traceback" not in result.output


def test_there_are_all_commands() -> None:
    assert len(COMMANDS) > 50
    assert {("pool",), ("figure", "funnel"), ("add", "report"), ("sheet", "export")} <= set(COMMANDS)


@pytest.mark.parametrize("words", list(COMMANDS), ids=name_of)
def test_a_wrong_option_ends_with_2_and_a_word_on_stderr(words: tuple[str, ...]) -> None:
    result = run(*words, "--no-such-option")
    no_traceback(result)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "--no-such-option" in result.stderr
    assert f"evidence {' '.join(words)} --help" in result.stderr


@pytest.mark.parametrize("words", list(COMMANDS), ids=name_of)
def test_every_command_shows_by_an_example_how_it_is_called(words: tuple[str, ...]) -> None:
    shown = run(*words, "--help")
    assert shown.exit_code == 0
    assert f" evidence {name_of(words)}" in shown.stdout.partition("\n")[2]


GIVEN = {
    "add cohort": ["--study", "a", "--cohort", "b"],
    "edit": ["studies", "a", "label=b"],
    "remove": ["studies", "a"],
    "verify": ["a", "--by", "me", "--locator", "Table 1"],
    "regress": ["~ n"],
    "figure bubble": ["~ n"],
    "show": ["a"],
    "agree": None,
    "sheet import": None,
    "diff": ["example"],
    "cite": ["a"],
    "write": ["results"],
    "checklist": ["prisma"],
    "table": ["characteristics"],
}
"""What a command needs besides a review; None for those that open something else first."""


OF_A_REVIEW = [
    words for words, command in COMMANDS.items() if any(p.name == "review" for p in command.params)
]


@pytest.mark.parametrize("question", [None, b"title = ", b"\xff\xfe\x00"], ids=["none", "no TOML", "no text"])
@pytest.mark.parametrize("words", OF_A_REVIEW, ids=name_of)
def test_what_is_no_review_ends_with_2_and_a_word_on_stderr(
    words: tuple[str, ...], question: bytes | None, tmp_path: Path
) -> None:
    given = GIVEN.get(name_of(words), [])
    if given is None:
        pytest.skip("opens another file first")
    if words[0] in ("history", "diff") and question is not None:
        pytest.skip("tells of reviews that cannot be read as well")
    folder = tmp_path / "some folder"
    folder.mkdir()
    if question is not None:
        (folder / "review.toml").write_bytes(question)
    if words[0] in ("figure", "forest"):
        given = [*given, "--output", str(tmp_path / "made.pdf")]
    elif words[0] == "export":
        given = [*given, "--output", str(tmp_path / "made.zip")]
    elif words == ("sheet", "export"):
        given = [*given, str(tmp_path / "made.xlsx")]
    if any("--yes" in param.opts for param in COMMANDS[words].params):
        given = [*given, "--yes"]
    result = run(*words, *given, "--review", str(folder))
    no_traceback(result)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "review.toml" in result.stderr
    assert list(tmp_path.iterdir()) == [folder]
    left = [path.read_bytes() for path in folder.iterdir() if path.name != ".evidence.lock"]
    assert left == ([] if question is None else [question])


# ---- pipes and disks -----------------------------------------------------------------------------


@POSIX
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    for command in ("--help", "completion bash", "outcomes"):
        done = shell(f"evidence {command} | true; echo ${{PIPESTATUS[0]}}")
        assert (done.stdout, done.stderr) == ("0\n", "")


@POSIX
def test_a_table_through_a_pipe_and_dev_stdout() -> None:
    table = "printf 'study,events,n\\nA,3,5\\nB,4,9\\n'"
    done = shell(
        f"{table} | evidence pool - --format csv --output /dev/stdout | head -2; echo ${{PIPESTATUS[1]}}"
    )
    assert done.stdout.splitlines()[1].startswith("study,A,") and done.stdout.endswith("\n0\n")
    assert done.stderr == ""


@POSIX
def test_dev_stdout_goes_on_where_the_shell_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = shell(f"echo before > '{log}'; evidence outcomes --format csv --output /dev/stdout >> '{log}'")
    assert done.returncode == 0 and done.stderr == ""
    assert log.read_text(encoding="utf-8").startswith("before\noutcome,")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_full_disk_is_said_and_ends_with_2() -> None:
    for command, what in (
        ("evidence outcomes > /dev/full", "cannot write the output: No space left on device"),
        ("evidence outcomes --format json > /dev/full", "cannot write the output: No space left on device"),
        ("evidence --help > /dev/full", "cannot write the output: No space left on device"),
        ("evidence outcomes --output /dev/full", "cannot write /dev/full: No space left on device"),
    ):
        done = shell(command)
        assert (done.returncode, done.stderr) == (2, f"evidence: {what}\n")


@POSIX
def test_streams_that_the_shell_has_closed(tmp_path: Path) -> None:
    done = shell("evidence check - <&-")
    assert done.returncode == 2 and done.stderr.startswith(
        "evidence: standard input is not a table of counts"
    )
    done = shell("evidence outcomes >&-")
    assert (done.returncode, done.stderr) == (2, "evidence: cannot write the output: it is closed\n")
    done = shell(f"evidence outcomes --output '{tmp_path / 'made.txt'}' >&-")
    assert (done.returncode, done.stderr) == (0, "") and (tmp_path / "made.txt").stat().st_size
    done = shell("evidence nosuch 2>&-")
    assert (done.returncode, done.stdout) == (2, "")


@POSIX
def test_ctrl_c_ends_with_130_and_without_a_word() -> None:
    command = [*PYTHON, "-v", "sensitivity", "--review", str(ROOT / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "read: 39 reports" in process.stderr.readline()  # now it works for a second or more
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == "" and "Traceback" not in err and "writing" not in err


# ---- -v ------------------------------------------------------------------------------------------


def test_verbose_tells_what_is_read_and_taken_and_by_which_model() -> None:
    quiet, told = (
        run("pool", "--review", str(ROOT / "data")),
        run("-v", "pool", "--review", str(ROOT / "data")),
    )
    assert quiet.stderr == "" and told.stdout == quiet.stdout
    lines = [line.split(" s  ", 1) for line in told.stderr.splitlines()]
    assert all(len(line) == 2 and line[0].startswith("evidence:") for line in lines)
    said = [text for _, text in lines]
    assert f"{ROOT / 'data'} read: 39 reports" in said[0]
    assert sum(text.startswith("in, as pooled: ") for text in said) == 2
    assert any("49/107, row 33 of outcomes.csv" in text for text in said)
    assert any(text.startswith("auto asked for: Bayesian binomial-normal model (k = 3") for text in said)
    assert [text.partition(" took ")[0] for text in said if " took " in text] == [
        "reading",
        "analysing",
        "writing",
    ]
    assert not any(text.startswith("out, ") for text in said)
    detailed = run("-vv", "pool", "--review", str(ROOT / "data")).stderr
    assert "out, not poolable: Carter 2023: " in detailed and "outcomes.csv: rows read: " in detailed


def test_verbose_tells_a_line_once_and_every_detail_each_time() -> None:
    def told(level: str) -> list[str]:
        lines = run(level, "table", "findings", "--review", str(ROOT / "data")).stderr.splitlines()
        return [line.partition(" s  ")[2] for line in lines if "in, as " in line]

    once = told("-v")
    assert len(once) == len(set(once)) > 10
    again = told("-vv")
    assert len(again) > len(set(again)) and set(again) == set(once)


def test_who_listened_is_forgotten() -> None:
    before = list(logging.getLogger("evidence").handlers)
    run("-vv", "pool", "3/5", "4/9")
    assert logging.getLogger("evidence").handlers == before
    assert run("pool", "3/5", "4/9").stderr == ""


def test_verbose_shows_no_terminal_commands(capsys: pytest.CaptureFixture[str]) -> None:
    result = run("-v", "pool", "-", input=b"study,events,n\nA,3,5\nB,4,9\n")
    assert "standard input read: 2 rows" in result.stderr
    from evidence.cli.listening import Lines

    Lines().emit(logging.LogRecord("evidence", logging.INFO, "", 0, "a\x1b[2Jb %s", ("\u202ec",), None))
    assert capsys.readouterr().err.endswith("s  ab c\n")


def test_without_listeners_telling_costs_nothing_and_logging_stays_unknown() -> None:
    script = (
        "import sys; from evidence.cli import main; from evidence.telling import tell; tell('%s', 1)\n"
        "main(['--help'], standalone_mode=False); print('logging' in sys.modules, 'threading' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].startswith("False")


def test_the_standard_logging_hears_the_library(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "evidence"):
        evidence.pool(evidence.load(ROOT / "data"))
        tell("a %s", 1)
    assert any("Chasset 2023" in message for message in caplog.messages) and caplog.messages[-1] == "a 1"


def test_verbose_behind_the_command_is_told_where_it_goes() -> None:
    result = run("pool", "-v")
    assert result.exit_code == 2
    # the word that follows is said by the whole command, outside of click's runner
    done = shell("evidence pool --verbose")
    assert done.returncode == 2
    assert done.stderr.endswith("evidence: it goes before the command: evidence --verbose COMMAND\n")


def test_requests_are_told_without_who_asks(caplog: pytest.LogCaptureFixture) -> None:
    from evidence.papers.adapter import Courier, Identity

    courier = Courier(Identity("evidence", "me@example.org", "abcdef123456"), None, time)  # type: ignore[arg-type]
    asked: Any = SimpleNamespace(
        method="POST",
        url="https://example.org/efetch.fcgi",
        body="id=1&email=me%40example.org&api_key=abcdef123456",
    )
    with caplog.at_level(logging.INFO, "evidence"):
        courier._tell(asked, "200, 12 bytes for me@example.org", time.monotonic())
    (said,) = caplog.messages
    assert said.startswith("POST https://example.org/efetch.fcgi id=1&") and "200, 12 bytes" in said
    assert "abcdef123456" not in said and "example.org&" not in said and "me@" not in said


# ---- progress ------------------------------------------------------------------------------------


class Terminal:
    """A stderr that is a terminal, or is none."""

    def __init__(self, terminal: bool) -> None:
        self.terminal, self.written = terminal, ""

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        pass


def worked(monkeypatch: pytest.MonkeyPatch, stream: Any, *, patience: float, seconds: float) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", patience)
    monkeypatch.setattr(progress, "PERIOD", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    with Working("pooling") as told:
        told(1, 4)
        with Working("inside"):
            time.sleep(seconds)


def test_progress_is_said_after_its_time_and_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal(True)
    worked(monkeypatch, stream, patience=0.02, seconds=0.3)
    lines = stream.written.split("\r")
    assert "evidence: pooling, 25 %, 0 s" in lines
    assert lines[-2].strip() == lines[-1] == ""  # written over
    assert "inside" not in stream.written
    assert not progress._WORDS


def test_a_line_of_verbose_never_stands_behind_the_word_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence.cli.listening import Lines

    stream = Terminal(True)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    monkeypatch.setattr(progress, "PERIOD", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    record = logging.LogRecord("evidence", logging.INFO, "", 0, "request 1", (), None)
    with Working("fetching"):
        for _ in range(3):
            time.sleep(0.05)
            Lines().emit(record)
    assert stream.written.count("fetching") >= 3  # it came back
    for line in stream.written.split("\n")[:-1]:
        assert line.rpartition("\r")[2].startswith("evidence: ") and line.endswith("request 1")
        assert line.rsplit("\r", 2)[-2].strip() == ""  # the word is written over


def test_what_is_quick_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal(True)
    worked(monkeypatch, stream, patience=5, seconds=0.01)
    assert stream.written == ""


def test_files_and_pipes_and_dumb_terminals_get_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (Terminal(False), None):
        worked(monkeypatch, stream, patience=0.001, seconds=0.05)
        assert stream is None or stream.written == ""
    monkeypatch.setattr(sys, "stderr", Terminal(True))
    monkeypatch.setenv("TERM", "dumb")
    assert not progress.on_terminal()


def test_a_share_that_is_full_is_not_said_to_be_the_end() -> None:
    told = Working("pooling")
    told(0.999)
    assert "100 %" in told.line()
    told(1.0)
    assert "%" not in told.line()


# ---- other systems -------------------------------------------------------------------------------


def test_lines_that_end_as_on_windows_are_the_same_review(tmp_path: Path) -> None:
    folder = tmp_path / "Größe und Übersicht (1)"
    shutil.copytree(ROOT / "data", folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.rglob("*.*"):
        if path.suffix in (".csv", ".toml", ".nbib"):
            path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    here, there = (
        run("pool", "--review", str(place), "--format", "csv") for place in (ROOT / "data", folder)
    )
    assert there.exit_code == 0 and there.stdout == here.stdout
    assert run("check", "--review", str(folder)).exit_code == 0


def test_names_with_spaces_and_umlauts(tmp_path: Path) -> None:
    table = tmp_path / "Tabelle für Ärzte.csv"
    table.write_bytes("study;events;n\r\nMüller;3;5\r\nØrsted;4;9\r\n".encode("utf-8-sig"))
    made = tmp_path / "Ergebnis für Ärzte.csv"
    assert run("pool", str(table), "--output", str(made)).exit_code == 0
    assert "Müller" in made.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) and not [path for path in tmp_path.iterdir() if path.suffix == ".part"]


def test_a_windows_path_is_a_table_and_never_counts() -> None:
    for path in (r"C:\Users\Zoë\tabelle.csv", r"\\server\share\6 von 9.csv", "C:tabelle.csv"):
        result = run("pool", path)
        assert result.exit_code == 2 and path in result.stderr and "no such file" in result.stderr.lower()


@pytest.mark.parametrize("name", ["con", "CON", "nul.old", "Com1", "LPT9.x"])
def test_a_snapshot_has_no_name_that_is_a_device_on_windows(name: str) -> None:
    from evidence.analysis.snapshots import NAME

    assert not NAME.fullmatch(name)
    assert NAME.fullmatch(f"{name.partition('.')[0]}sole") and NAME.fullmatch("before-con")


def test_a_file_that_windows_holds_for_a_moment_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, refusals, replace = tmp_path / "made.txt", [], os.replace

    def held(source: str, destination: str) -> None:
        if len(refusals) < 3:
            refusals.append(source)
            raise PermissionError(13, "Permission denied")
        replace(source, destination)

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr(files, "PAUSES", (0.0, 0.0, 0.0))
    with pytest.raises(evidence.InputError, match="Permission denied"):
        files.write_whole(str(target), b"new")
    assert not list(tmp_path.iterdir())
    refusals.clear()
    monkeypatch.setattr(files, "WINDOWS", True)
    files.write_whole(str(target), b"new")
    assert target.read_bytes() == b"new" and list(tmp_path.iterdir()) == [target]


# ---- completion ----------------------------------------------------------------------------------


COMPLETED = {
    "evidence poo": ["pool"],
    "evidence pool --mod": ["--model"],
    "evidence pool --model b": ["binomial", "beta-binomial", "bayes"],
    "evidence pool --outcome clasi5": ["clasi50"],
    "evidence show viedma2024": ["viedma2024"],
    "evidence figure fun": ["funnel"],
    "evidence add outcome --state v": ["verified"],
    "evidence pool --review nowhere --outcome c": [],
}


@POSIX
def test_bash_completes_commands_options_choices_and_names(tmp_path: Path) -> None:
    command = tmp_path / "evidence"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m evidence.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    lines = ['eval "$(evidence completion bash)"']
    for line in COMPLETED:
        words = line.split()
        lines.append(f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; COMPREPLY=()")
        lines.append(f'_evidence_completion "{command}"; echo "${{COMPREPLY[@]}}"')
    done = shell("\n".join(lines))
    assert done.stderr == ""
    assert [line.split() for line in done.stdout.splitlines()] == list(COMPLETED.values())


def test_every_command_is_offered_without_being_imported() -> None:
    script = (
        "import sys; import click; from evidence.cli import main\n"
        "print(*(one.value for one in main.shell_complete(click.Context(main), '')))\n"
        "print(*(name for name in sys.modules if name.startswith('evidence.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    offered, imported = done.stdout.splitlines()
    assert set(offered.split()) == {words[0] for words in COMMANDS}
    assert "evidence.cli.pool" not in imported


def test_an_output_without_a_name_is_said_to_have_none() -> None:
    done = CliRunner().invoke(main, ["pool", "6/6", "--output", ""])
    assert done.exit_code == 2
    assert "the name of the file is empty" in done.stderr
