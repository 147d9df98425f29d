"""What happens to a review when whoever changes it is killed, the disk is full, the folder read-only, or two write at once.

    python validation/killing.py [KILLS] > validation/killing.md     writes the record (some 5 minutes; Linux)

Each kill is a process of its own, forked with everything imported, that runs a command (add, add a series with its
report, edit, remove) and gets SIGKILL at a random moment: half of them anywhere in the command, half after it has
begun to write. Then every file must be whole (as before or as after), the review valid, what was reported as done
there, and the next command at work without waiting. Nothing of this is timed by luck alone: the moments are drawn
from a seeded generator over the measured length of each command.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import evidence.analysis.consequences
import evidence.report.review.changes  # noqa: F401  (imported before forking)
from evidence.cli import main
from evidence.review.starting import copy_shipped
from evidence.review.tables import load
from evidence.review.writing import Edit, editing

KILLS = 1000
SEED = 7
WRITERS, EACH = 4, 25
NOBODY = 65534

ROW = {"study": "khan2023", "outcome": "death", "events": "0", "n": "2", "state": "unverified"}


def add(folder: Path, turn: int) -> None:
    """One row by the command."""
    _command("add", "outcome", *_options({**ROW, "weeks": str(turn)}), "--review", str(folder), "--yes")


def add_both(folder: Path, turn: int) -> None:
    """A report, its cohort and its result in one change of three files."""
    with editing(folder) as edit:
        edit.append("outcomes", {**ROW, "study": f"new{turn}", "weeks": "12"})
        edit.append("cohorts", {"study": f"new{turn}", "cohort": f"ward{turn}"})
        edit.append("studies", {"study": f"new{turn}", "design": "case series", "state": "unverified"})
        edit.commit()


def edit_one(folder: Path, turn: int) -> None:
    """A cell by the command."""
    _command(
        "edit", "outcomes", "khan2023", "death", "1000000", f"note={turn}", "--review", str(folder), "--yes"
    )


def remove_one(folder: Path, turn: int) -> None:
    """The last row, and the one of another table, in one change."""
    with editing(folder) as edit:
        for table in ("cohorts", "outcomes"):
            edit.remove(table, max(number for number, _ in edit.rows(table)))
        edit.append("outcomes", {**ROW, "weeks": f"{turn}.5"})
        edit.commit()


ACTS: tuple[Callable[[Path, int], None], ...] = (add, add_both, edit_one, remove_one)


def _options(row: dict[str, str]) -> Iterator[str]:
    for name, text in row.items():
        yield from (f"--{name}", text)


def _command(*args: str) -> None:
    code = 1
    try:
        main(args)
    except SystemExit as done:
        code = int(done.code or 0)
    if code:
        raise RuntimeError(f"{args[0]} ended with {code}")


def run(act: Callable[[], None], *, quiet: bool = True) -> tuple[int, int]:
    """The act in a process of its own; its number, and a pipe on which it says c when it writes and d when it is done."""
    out, inn = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child:
        os.close(inn)
        return child, out
    code = 70
    try:
        os.close(out)
        if quiet:
            void = os.open(os.devnull, os.O_RDWR)
            os.dup2(void, 1), os.dup2(void, 2)
        commit = Edit.commit

        def announced(self: Edit) -> None:
            os.write(inn, b"c")
            commit(self)
            os.write(inn, b"d")

        Edit.commit = announced  # type: ignore[method-assign]
        act()
        code = 0
    except Exception as error:
        print(error, file=sys.stderr)
        code = 2
    finally:
        os._exit(code)


def said(pipe: int) -> bytes:
    """All that the process said before it ended."""
    with os.fdopen(pipe, "rb") as file:
        return file.read()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".csv"}


def fresh(where: Path) -> Path:
    folder = where / "review"
    shutil.rmtree(folder, ignore_errors=True)
    copy_shipped(folder)
    with editing(folder) as edit:
        edit.append("outcomes", {**ROW, "weeks": "1000000"})
        edit.append("cohorts", {"study": "khan2023", "cohort": "spare"})
        edit.commit()
    return folder


def lengths(folder: Path, act: Callable[[Path, int], None]) -> tuple[float, float]:
    """Seconds a whole run of the act takes, and the writing in it."""
    keep = files(folder)
    whole, writing = [], []
    for turn in range(5):
        start = time.perf_counter()
        child, pipe = run(lambda turn=turn: act(folder, 900 + turn))  # type: ignore[misc]
        os.read(pipe, 1)
        begun = time.perf_counter()
        os.read(pipe, 1)
        writing.append(time.perf_counter() - begun)
        os.close(pipe)
        assert os.waitpid(child, 0)[1] == 0, act.__name__
        whole.append(time.perf_counter() - start)
        restore(folder, keep)
    return max(whole), max(writing)


def restore(folder: Path, keep: dict[str, bytes]) -> None:
    for name, raw in keep.items():
        (folder / name).write_bytes(raw)


def kill_many(where: Path, kills: int) -> None:
    chance, counts, moments = random.Random(SEED), Counter[str](), Counter[str]()
    folder = fresh(where)
    timed = {act: lengths(folder, act) for act in ACTS}
    keep = files(folder)
    for turn in range(kills):
        act = ACTS[turn % len(ACTS)]
        whole, writing = timed[act]
        late = turn // len(ACTS) % 2 == 1
        moment = chance.uniform(0, writing if late else whole)
        child, pipe = run(lambda: act(folder, turn))  # noqa: B023  (called before the loop goes on)
        words = os.read(pipe, 1) if late else b""
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        words += said(pipe)
        now = files(folder)
        changed = [name for name in keep if now[name] != keep[name]]
        review = load(folder)  # raises where the tables are not those of a valid review
        wanted = {"add": 1, "add_both": 3, "edit_one": 1, "remove_one": 2}[act.__name__]
        assert set(now) == set(keep), "a file is gone or new"
        assert b"d" not in words or len(changed) == wanted, "reported as done, and not there"
        assert len(changed) <= wanted, changed
        for name in changed:
            whole_lines(keep[name], now[name])
        state = "all" if len(changed) == wanted else "nothing" if not changed else "the first files"
        counts[state] += 1
        moments[
            "writing" if b"c" in words and b"d" not in words else "done" if b"d" in words else "before"
        ] += 1
        counts["left half-written file"] += sum(1 for path in folder.glob(".*.part"))
        for path in folder.glob(".*.part"):
            path.unlink()
        start = time.perf_counter()
        with editing(folder) as edit:  # the lock is free: nobody has to clear it away
            edit.row("outcomes", 2)
        assert time.perf_counter() - start < 2
        assert review.title
        restore(folder, keep)
    print(f"## Killed at {kills} random moments\n")
    print("| killed | processes |\n|---|---|")
    for name, label in (
        ("before", "before it began to write"),
        ("writing", "while it wrote"),
        ("done", "after"),
    ):
        print(f"| {label} | {moments[name]} |")
    print("\n| afterwards the review had | processes |\n|---|---|")
    for state in ("nothing", "the first files", "all"):
        print(f"| {state} of the change | {counts[state]} |")
    print(
        f"\nTorn files: 0. Rows lost: 0. Invalid reviews: 0. Locks left behind: 0. Half-written files beside the tables, "
        f"which the next change sweeps away: {counts['left half-written file']}.\n\n"
        "A change of several files that was cut short left the first ones, which alone are a valid review "
        "(a report without its result, never a result without its report)."
    )


def whole_lines(before: bytes, after: bytes) -> None:
    """Every line of the file is one it had, or the new one, and ends."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    assert after.endswith(b"\n")
    assert len(set(new) - set(old)) <= 1
    assert abs(len(new) - len(old)) <= 1


def full_disk(where: Path) -> None:
    print("\n## A full disk\n")
    folder = fresh(where)
    keep = files(folder)

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        add(folder, 1)

    print(f"- a limit on the size of files: {attempt(limited)}")
    assert files(folder) == keep
    small = where / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(small)], check=False, capture_output=True
    )
    if mounted.returncode:
        print("- a small file system: not tried, only root may mount one")
        return
    try:
        inside = small / "review"
        shutil.copytree(folder, inside)
        with contextlib.suppress(OSError), (small / "filler").open("wb") as file:
            while True:
                file.write(b"x" * 4096)
                file.flush()
        keep = files(inside)
        print(f"- a file system without room: {attempt(lambda: add(inside, 1))}")
        assert files(inside) == keep
        assert not list(inside.glob(".*.part"))
        (small / "filler").unlink()
        print(f"- the same with room again: {attempt(lambda: add(inside, 1))}")
        load(inside)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def read_only(where: Path) -> None:
    print("\n## A read-only folder, a read-only file\n")
    folder = fresh(where)
    keep = files(folder)
    os.chmod(where, 0o755)

    def unprivileged() -> None:
        if os.geteuid() == 0:
            os.setuid(NOBODY)
        add(folder, 1)

    os.chmod(folder, 0o555)
    print(f"- folder: {attempt(unprivileged)}")
    os.chmod(folder, 0o777)
    (folder / ".evidence.lock").chmod(0o666)
    (folder / "outcomes.csv").chmod(0o444)
    print(f"- file: {attempt(unprivileged)}")
    assert files(folder) == keep


def attempt(act: Callable[[], None]) -> str:
    """How the act ended, and what it said."""
    with tempfile.TemporaryFile() as heard:

        def loud() -> None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(heard.fileno(), 2)
            act()

        child, pipe = run(loud, quiet=False)
        said(pipe)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        heard.seek(0)
        words = heard.read().decode().strip().splitlines()
    line = re.sub(r"\S*/(review\b\S*)", r"\1", words[0] if words else "")
    return f"exit {status}, `{line}`"


def at_once(where: Path) -> None:
    folder = fresh(where)
    before = len(load(folder).rows)
    children = []
    for writer in range(WRITERS):

        def many(writer: int = writer) -> None:
            for turn in range(EACH):
                with editing(folder) as edit:
                    edit.append("outcomes", {**ROW, "weeks": f"{writer}.{turn + 1:03}"})
                    edit.commit()

        children.append(run(many))
    for child, pipe in children:
        said(pipe)
        assert os.waitpid(child, 0)[1] == 0
    after = len(load(folder).rows)
    assert after - before == WRITERS * EACH
    print("\n## Several at once\n")
    print(
        f"{WRITERS} processes that add {EACH} rows each to one table: {after - before} rows more, none lost."
    )


def everything(kills: int) -> None:
    print("# A review under attack\n\nWritten by `python validation/killing.py`.\n")
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        kill_many(where, kills)
        full_disk(where)
        read_only(where)
        at_once(where)


if __name__ == "__main__":
    everything(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS)
