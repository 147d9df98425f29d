"""The guides' examples: run in the order of each page, and their outputs rewritten where they changed.

    python validation/guides.py             rewrites the outputs in docs/ that are not true any more
    python validation/guides.py pool        only of pages whose path has that word

A test plays every page and compares. What a page may hold:

| block | what is done with it |
|---|---|
| ```` ```console ```` | `$ ` lines are run; what follows one is its output, `...` standing for lines left out; or none |
| ```` ```sh ```` | `evidence` and `cd` lines are run and must succeed; other programs are left out |
| ```` ```python ```` | run, a page in one namespace; a ```` ```text ```` block right after it is what it prints |
| any, after a line that ends in `` this as `NAME`: `` | written to that file |

A command that does not end with 0 has `$ echo $?` after it. A line `@1-9,/Method/-` in place of an output is
replaced by those lines of it. PubMed is the stand-in of tests/standin. Other languages (bash, r, yaml ...) are not run.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from evidence.cli import main

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LEFT_OUT = ("...", "…")
DAY = "2026-11-22"
"""What the pages say where a command prints today's date."""

ELSEWHERE = ("python", "python3", "pip", ".", "eval", "export", "Rscript")
"""Programs whose lines in a ```sh block are not run: they install, or are not ours."""

FENCE = re.compile(r"^```([^\s`]*)")
FILE = re.compile(r"this as `([\w./-]+)`:$")


class Block(NamedTuple):
    """A fenced block: its language, its lines, the number of the first one, and the file that it is."""

    language: str
    lines: list[str]
    start: int
    file: str = ""
    after: str = ""
    """The language of the block right before it, where nothing but blank lines is between."""


class Shown(NamedTuple):
    """One command of a page: what the page shows from line `start` on, and what is true."""

    command: str
    start: int
    shown: list[str]
    true: list[str]
    code: int
    expected: bool = False
    """Whether `echo $?` follows, so that it may end with something else than 0."""


def pages() -> list[Path]:
    """Every page with examples."""
    folders = (DOCS / "guides", DOCS / "statistics")
    return [*sorted(DOCS.glob("*.md")), *(page for folder in folders for page in sorted(folder.glob("*.md")))]


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    lines = text.splitlines()
    spoken, number = "", 0
    while number < len(lines):
        opened = FENCE.match(lines[number])
        if opened:
            end = lines.index("```", number + 1)
            named = FILE.search(spoken)
            last = found[-1].language if found and not spoken else ""
            body = lines[number + 1 : end]
            found.append(Block(opened[1], body, number + 1, named[1] if named else "", last))
            spoken, number = "", end
        elif lines[number].strip():
            spoken = f"{spoken} {lines[number].strip()}"
        number += 1
    return found


def commands(block: Block) -> Iterator[tuple[str, int, list[str]]]:
    """Each command of a block, the line its output starts on, and that output. A backslash continues a line."""
    console = block.language == "console"
    number = 0
    while number < len(block.lines):
        line = block.lines[number].removeprefix("$ ")
        while line.endswith("\\"):
            number += 1
            line = line[:-1] + block.lines[number].strip()
        number += 1
        end = number
        while console and end < len(block.lines) and not block.lines[end].startswith("$ "):
            end += 1
        if line.strip() and not line.startswith("#"):
            yield line, block.start + number, block.lines[number:end]
        number = end


class Player:
    """A shell of a few words, in a folder: `evidence`, `cd`, `cat FILE |`, `> FILE` and `echo $?`."""

    def __init__(self) -> None:
        self.code = 0
        self.since = date.today()
        self.names: dict[str, Any] = {"__name__": "__main__", "COVERAGE": ROOT / "validation" / "coverage"}

    def run(self, line: str) -> str:
        """What a command line prints, both streams together."""
        printed = self.ran(line)
        for day in {self.since, date.today()}:
            printed = printed.replace(day.isoformat(), DAY)
        return printed

    def ran(self, line: str) -> str:
        """The same with today's date in it."""
        words = shlex.split(line, comments=True)
        words[0] = words[0].removeprefix(".venv/bin/")
        given, target = "", None
        if "|" in words:
            at = words.index("|")
            if words[0] != "cat" or at != 2:
                raise ValueError(f"only `cat FILE |` can be played: {line}")
            given, words = Path(words[1]).read_text(encoding="utf-8"), words[at + 1 :]
        if ">" in words:
            target, words = words[words.index(">") + 1], words[: words.index(">")]
        if words == ["echo", "$?"]:
            return f"{self.code}\n"
        self.code = 0
        if words[0] == "cat":
            return Path(words[1]).read_text(encoding="utf-8")
        if words[0] == "cd":
            os.chdir(words[1])
            return ""
        if words[0] != "evidence":
            raise ValueError(f"only evidence, cd, cat and echo $? can be played: {line}")
        done = CliRunner().invoke(main, words[1:], input=given)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        self.code = done.exit_code
        if target:
            Path(target).write_text(done.stdout, encoding="utf-8")
            return done.stderr
        return done.output

    def python(self, block: Block) -> str:
        """What a block of Python prints."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * block.start + "\n".join(block.lines), "page", "exec"), self.names)
        return printed.getvalue()


@contextlib.contextmanager
def somewhere() -> Iterator[None]:
    """A temporary folder as a reader's: 80 columns, no review of its own, PubMed being the stand-in."""
    sys.path.insert(0, str(ROOT))
    from tests.standin import StandIn

    kept, was = dict(os.environ), Path.cwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, StandIn() as standin:
        for name in ("EVIDENCE_REVIEW", "NO_COLOR", "NCBI_API_KEY"):
            os.environ.pop(name, None)
        os.environ.update(
            COLUMNS="80",
            EVIDENCE_CACHE=str(Path(folder) / "cache"),
            EVIDENCE_EUTILS_URL=standin.url,
            NCBI_EMAIL="reader@example.org",
        )
        (Path(folder) / "page").mkdir()
        os.chdir(Path(folder) / "page")
        try:
            yield
        finally:
            os.chdir(was)
            os.environ.clear()
            os.environ.update(kept)
            sys.path.remove(str(ROOT))


def play(text: str) -> Iterator[Shown]:
    """Run a page where we stand, block after block."""
    player = Player()
    printed = ""
    for block in blocks(text):
        if block.file:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text("\n".join(block.lines) + "\n", encoding="utf-8")
        elif block.language == "sh":
            for command, start, _ in commands(block):
                if command.split()[0].rpartition("/")[2] in ELSEWHERE:
                    continue
                yield Shown(command, start, [], player.run(command).splitlines(), player.code)
        elif block.language == "python":
            printed = player.python(block)
        elif block.language == "text" and block.after == "python":
            yield Shown("the Python above", block.start, block.lines, printed.splitlines(), 0)
        elif block.language == "console":
            given = list(commands(block))
            for (command, start, shown), later in zip(given, [*given[1:], ("", 0, [])], strict=True):
                true = player.run(command).splitlines()
                yield Shown(command, start, shown, true, player.code, later[0] == "echo $?")


def trimmed(lines: list[str]) -> list[str]:
    """Without spaces at the ends of lines and empty lines at both ends."""
    lines = [line.rstrip() for line in lines]
    while lines and not lines[0]:
        lines = lines[1:]
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def pieces(shown: list[str]) -> list[list[str]]:
    """What is shown, cut where lines are left out."""
    cut: list[list[str]] = [[]]
    for line in shown:
        if line.strip() in LEFT_OUT:
            cut.append([])
        else:
            cut[-1].append(line)
    return cut


def agrees(shown: list[str], true: list[str]) -> bool:
    """Whether the lines shown are those printed, in their order, `...` standing for any number of lines."""
    shown, true = trimmed(shown), trimmed(true)
    if not shown:
        return True
    first, *others = pieces(shown)
    if true[: len(first)] != first:
        return False
    if not others:
        return len(first) == len(true)
    at = len(first)
    for piece in others[:-1]:
        fits = [i for i in range(at, len(true) - len(piece) + 1) if true[i : i + len(piece)] == piece]
        if not fits:
            return False
        at = fits[0] + len(piece)
    last = others[-1]
    return not last or (len(true) - len(last) >= at and true[-len(last) :] == last)


def chosen(directive: str, true: list[str]) -> list[str]:
    """The lines that `@1-9,/Method/-` names, by number or by a word of theirs, with `...` for the others."""
    kept: list[str] = []
    at = 0
    for part in re.findall(r"(?:/[^/]*/|[^,/])+", directive.removeprefix("@")):
        low, dash, high = re.fullmatch(r"(\d+|/[^/]*/)(-?)(\d+|/[^/]*/)?", part).groups()  # type: ignore[union-attr]
        first = place(low, true, at)
        last = place(high, true, first) if high else len(true) if dash else first
        if first > at + 1:
            kept.append("...")
        kept += true[first - 1 : last]
        at = last
    return kept if at >= len(true) else [*kept, "..."]


def place(word: str, true: list[str], at: int) -> int:
    """A line's number, from 1: given as such, or by the first line after `at` that has the word."""
    if not word.startswith("/"):
        return int(word)
    found = [number for number, line in enumerate(true, 1) if number > at and word.strip("/") in line]
    if not found:
        raise SystemExit(f"no line after the {at}th has {word} in:\n" + "\n".join(true))
    return found[0]


def nearest(piece: list[str], true: list[str], at: int) -> int:
    """Where, from `at` on, the lines are most like the piece."""
    places = range(at, max(at, len(true) - len(piece)) + 1)

    def likeness(i: int) -> float:
        return difflib.SequenceMatcher(
            None, "\n".join(piece), "\n".join(true[i : i + len(piece)]), autojunk=False
        ).ratio()

    return max(places, key=likeness)


def renewed(shown: list[str], true: list[str]) -> list[str]:
    """The output as it should be shown: the same share of it as before, as far as that can be told."""
    true = trimmed(true)
    if shown and shown[0].startswith("@"):
        return chosen(shown[0], true)
    blank = [""] if shown and not shown[-1].strip() else []
    first, *others = pieces(trimmed(shown))
    if not others:
        return [*true, *blank]
    kept, at = true[: len(first)], len(first)
    for piece in others[:-1]:
        at = nearest(piece, true, at)
        kept += ["...", *true[at : at + len(piece)]]
        at += len(piece)
    last = true[len(true) - len(others[-1]) :] if others[-1] else []
    return [*kept, "...", *last, *blank]


def rendered(text: str) -> str:
    """A page with the outputs as they should be; run where we stand."""
    lines = text.splitlines()
    for one in reversed(list(play(text))):
        if one.shown and not agrees(one.shown, one.true):
            lines[one.start : one.start + len(one.shown)] = renewed(one.shown, one.true)
        if one.code and not one.expected and one.command != "echo $?":
            print(f"  line {one.start}: ended with {one.code}: {one.command}", *one.true[-5:], sep="\n    ")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for page in pages():
        if any(word in str(page) for word in sys.argv[1:]) or not sys.argv[1:]:
            before = page.read_text(encoding="utf-8")
            print(page.relative_to(ROOT))
            with somewhere():
                after = rendered(before)
            if after != before:
                page.write_text(after, encoding="utf-8")
                print("  rewritten")
