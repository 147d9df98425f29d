"""Whatever goes wrong, the library is right or one message says which reference is left; and nothing waits in earnest."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evidence.errors import InputError
from evidence.papers import library as libraries
from evidence.papers import pacing
from evidence.papers.citation import Citation, parse_citation
from evidence.papers.eutils import Eutils
from evidence.papers.library import Library
from evidence.papers.resolving import Resolution, Resolver, Wanted

from .standin import StandIn, StillClock, record
from .standin.reviews import printed

LONGEST = 200.0
"""Seconds of waiting in all that a user may be asked for, by a service that fails for good."""


@dataclass
class Run:
    """What came of looking references up."""

    found: list[Resolution]
    resolver: Resolver
    library: Library
    clock: StillClock
    eutils: Eutils

    @property
    def stopped(self) -> str:
        return str(self.resolver.stopped or "")


def look_up(
    standin: StandIn,
    folder: Path,
    wanted: list[Wanted] | None = None,
    *,
    cache: Path | None = None,
    **settings: Any,
) -> Run:
    clock = settings.pop("clock", None) or StillClock()
    refresh = settings.get("refresh", False)
    eutils = Eutils(base_url=standin.url, clock=clock, folder=str(cache) if cache else None, **settings)
    library = Library(folder / "papers")
    resolver = Resolver(library, eutils, refresh=refresh)
    found = resolver.resolve(letter() if wanted is None else wanted)
    eutils.close()
    return Run(found, resolver, library, clock, eutils)


def letter() -> list[Wanted]:
    return [Wanted(f"letter:{number}", parse_citation(text)) for number, text in enumerate(printed(), 1)]


def pmid(number: int | str, key: str = "") -> Wanted:
    return Wanted(key or str(number), Citation(), str(number), trusted=True)


def is_right(library: Library, standin: StandIn) -> bool:
    """Every record in the index is the service's, word for word, and nothing half-written is left."""
    texts = {number: library.text(number) for number in library.entries()}
    assert all(text == standin.find(int(number)) for number, text in texts.items())
    assert not [name for name in os.listdir(library.folder) if name.endswith(".part")]
    return True


# ---- the service ------------------------------------------------------------------------------------

PASSING = [
    "limited", "limited_long", "limited_bare", "limited_200", "html_500", "html_200", "empty", "half", "error", "cut",
    "reset", "bad_gzip", "bomb",
]  # fmt: skip


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_leaves_no_trace(fault: str, standin: StandIn, tmp_path: Path) -> None:
    standin.fail(fault, "efetch", times=2)
    run = look_up(standin, tmp_path, [pmid(31851795)])
    assert [one.state for one in run.found] == ["given"]
    assert run.stopped == ""
    assert len(standin.asked) == 3
    assert is_right(run.library, standin)


@pytest.mark.parametrize(
    "fault", ["limited_200", "html_500", "html_200", "empty", "half", "error", "cut", "reset"]
)
def test_a_fault_of_the_matcher_that_passes_leaves_no_trace(
    fault: str, standin: StandIn, tmp_path: Path
) -> None:
    standin.fail(fault, "ecitmatch", times=2)
    run = look_up(standin, tmp_path)
    assert [one.state for one in run.found] == ["confirmed"] * 10
    assert is_right(run.library, standin)


@pytest.mark.parametrize(
    "fault", ["limited_200", "html_500", "empty", "half", "error", "invalid_json", "cut"]
)
def test_a_fault_of_the_search_that_passes_leaves_no_trace(
    fault: str, standin: StandIn, tmp_path: Path
) -> None:
    standin.fail(fault, "esearch", times=2)
    wanted = [Wanted("a", parse_citation(printed()[2]), doi="10.1056/NEJMoa1912196")]
    run = look_up(standin, tmp_path, wanted)
    assert [one.pmid for one in run.found] == ["31851795"]


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_lasts_ends_with_one_message_and_names_the_reference(
    fault: str, standin: StandIn, tmp_path: Path
) -> None:
    kept = look_up(standin, tmp_path, [pmid(37378095)]).library.text("37378095")
    standin.asked.clear()
    standin.fail(fault, "efetch", times=99)
    run = look_up(standin, tmp_path, [*letter()[2:4], pmid(37378095)])
    assert "gave no usable answer in 5 tries, the last time: " in run.stopped
    assert "\n" not in run.stopped
    left = [one for one in run.found if not one.settled]
    assert [(one.key, one.state) for one in left] == [
        ("letter:3", "not fetched"),
        ("letter:4", "not fetched"),
    ]
    assert all(one.reason == run.stopped for one in left)
    assert len(standin.calls("efetch")) == 5
    assert sum(run.clock.slept) <= LONGEST
    assert run.library.text("37378095") == kept
    assert is_right(run.library, standin)


def test_running_again_goes_on_from_there(standin: StandIn, tmp_path: Path) -> None:
    numbers = [pmid(99_500_000 + n) for n in range(450)]
    standin.fail("html_500", "efetch", times=99, after=1)
    run = look_up(standin, tmp_path, numbers)
    assert len(run.library.entries()) == 200
    assert sum(one.state == "not fetched" for one in run.found) == 250
    standin.heal()
    standin.asked.clear()
    run = look_up(standin, tmp_path, numbers)
    assert all(one.settled for one in run.found)
    assert [len(call.fields["id"].split(",")) for call in standin.asked] == [200, 50]


def test_a_stall_ends(standin: StandIn, tmp_path: Path) -> None:
    standin.fail("stall", "efetch", times=1)
    run = look_up(standin, tmp_path, [pmid(31851795)], seconds=(1.0, 0.2))
    assert run.found[0].settled
    standin.fail("stall", "efetch", times=99)
    run = look_up(standin, tmp_path, [pmid(37378095)], seconds=(1.0, 0.1))
    assert run.stopped.endswith("no answer in time")


def test_a_redirect_is_not_followed(standin: StandIn, tmp_path: Path) -> None:
    standin.fail("loop", "efetch", times=99)
    run = look_up(standin, tmp_path, [pmid(31851795)])
    assert "sends us elsewhere (HTTP 302)" in run.stopped
    assert len(standin.asked) == 1


def test_an_unpacked_gigabyte_is_not_read_to_its_end(standin: StandIn, tmp_path: Path) -> None:
    import resource

    standin.fail("bomb", "efetch", times=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    look_up(standin, tmp_path, [pmid(31851795)])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


@pytest.mark.parametrize("speaks", [False, True])
def test_one_of_two_hundred_missing_is_named(speaks: bool, tmp_path: Path) -> None:
    with StandIn(speaks=speaks) as standin:
        standin.gone.add(99_500_123)
        run = look_up(standin, tmp_path, [pmid(99_500_000 + n) for n in range(200)])
        left = [one for one in run.found if not one.settled]
        assert [(one.key, one.state) for one in left] == [("99500123", "no record")]
        assert left[0].reason == "PubMed has no record of PMID 99500123"
        assert len(run.library.entries()) == 199
        assert len(standin.asked) == (1 if speaks else 2)


def test_one_of_two_hundred_that_was_left_out_once_is_asked_for_again(
    standin: StandIn, tmp_path: Path
) -> None:
    standin.fail("one_missing", "efetch")
    run = look_up(standin, tmp_path, [pmid(99_500_000 + n) for n in range(200)])
    assert all(one.settled for one in run.found)
    assert [len(call.fields["id"].split(",")) for call in standin.asked] == [200, 1]


def test_all_missing(standin: StandIn, tmp_path: Path) -> None:
    run = look_up(standin, tmp_path, [pmid(5), pmid(6, "mine")])
    assert [(one.key, one.state) for one in run.found] == [("5", "no record"), ("mine", "no record")]
    assert run.stopped == ""
    assert len(standin.asked) == 1


@pytest.mark.parametrize("fault", ["wrong_pmid", "without_title"])
def test_a_wrong_record_that_came_once_is_asked_for_again(
    fault: str, standin: StandIn, tmp_path: Path
) -> None:
    standin.fail(fault, "efetch")
    run = look_up(standin, tmp_path, [pmid(31851795)])
    assert run.found[0].settled
    assert len(standin.asked) == 2
    assert is_right(run.library, standin)


def test_a_record_of_somebody_else_is_never_kept(standin: StandIn, tmp_path: Path) -> None:
    standin.fail("wrong_pmid", "efetch", times=99)
    run = look_up(standin, tmp_path, [pmid(31851795)])
    assert run.found[0].state == "no record"
    assert run.found[0].reason == "PubMed sent the record of PMID 99000999 instead"
    assert run.library.entries() == {}


def test_a_record_that_is_not_whole_is_never_kept_and_stops_no_other(
    standin: StandIn, tmp_path: Path
) -> None:
    standin.records[77] = record(77).replace("TI  -", "TT  -")
    run = look_up(standin, tmp_path, [pmid(77), *letter()])
    assert [one.reason for one in run.found if not one.settled] == ["PMID 77: its record has no title"]
    assert "77" not in run.library.entries()
    assert run.stopped == ""


def test_a_matcher_that_says_nothing_is_no_reason_to_stop(standin: StandIn, tmp_path: Path) -> None:
    """It leaves out lines it has nothing on: maybe all of them."""
    standin.fail("empty", "ecitmatch", times=99)
    run = look_up(standin, tmp_path, letter()[2:4])
    assert [(one.state, one.by) for one in run.found] == [("confirmed", "title")] * 2


def test_nobody_there_is_said_soon(tmp_path: Path) -> None:
    with StandIn() as standin:
        pass
    clock = StillClock()
    run = look_up(standin, tmp_path, [pmid(31851795)], clock=clock)
    assert run.stopped.endswith("cannot be reached: no connection")
    assert sum(clock.slept) < 3
    assert run.found[0].state == "not fetched"


# ---- the cache ----------------------------------------------------------------------------------------


def spoil(change: Callable[[Path], object]) -> Callable[[Path], None]:
    def every(folder: Path) -> None:
        found = list(folder.rglob("*.json"))
        assert found
        for path in found:
            change(path)

    return every


def forge(path: Path) -> None:
    """Another answer under the same question."""
    import base64

    entry = json.loads(path.read_text(encoding="utf-8"))
    entry["_content"] = base64.b64encode(b"<html>nothing</html>\n").decode()
    path.write_text(json.dumps(entry), encoding="utf-8")


CORRUPT = {
    "noise": spoil(lambda path: path.write_bytes(b"\x00\xff\xfe\x80" * 50)),
    "empty": spoil(lambda path: path.write_bytes(b"")),
    "half": spoil(lambda path: path.write_bytes(path.read_bytes()[:200])),
    "other JSON": spoil(lambda path: path.write_text('{"a": [1, null]}')),
    "forged": spoil(forge),
    "deep": spoil(lambda path: path.write_text("[" * 100_000)),
    "a folder": spoil(lambda path: (path.unlink(), path.mkdir())),
}


@pytest.mark.parametrize("how", CORRUPT)
def test_a_damaged_cache_costs_a_request(how: str, standin: StandIn, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    look_up(standin, tmp_path, [pmid(31851795)], cache=cache)
    shutil.rmtree(tmp_path / "papers")
    CORRUPT[how](cache)
    run = look_up(standin, tmp_path, [pmid(31851795)], cache=cache)
    assert run.found[0].settled
    assert run.eutils.sent == 1
    assert is_right(run.library, standin)
    run = look_up(standin, tmp_path / "second", [pmid(31851795)], cache=cache)
    assert run.eutils.sent == (1 if how == "a folder" else 0)


def test_an_unwritable_cache_is_said_and_does_without(standin: StandIn, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    run = look_up(standin, tmp_path, [pmid(31851795)], cache=tmp_path / "cache")
    assert run.found[0].settled
    assert run.eutils.trouble.startswith(str(tmp_path / "cache"))
    assert is_right(run.library, standin)


def test_a_cache_that_fills_up_is_said_and_does_without(
    standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def full(self: Path, mode: str = "r", *rest: Any, **settings: Any) -> Any:
        if "w" in mode and self.suffix == ".json":
            raise OSError(28, "No space left on device")
        return real(self, mode, *rest, **settings)

    monkeypatch.setattr(Path, "open", full)
    run = look_up(standin, tmp_path, [pmid(31851795)], cache=tmp_path / "cache")
    assert run.found[0].settled
    assert run.eutils.trouble.endswith("No space left on device")


def test_a_pace_file_locked_by_another_is_not_waited_for_for_ever(
    standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    monkeypatch.setattr(pacing, "LOCK_SECONDS", 0.05)
    pace = tmp_path / "cache" / "pace"
    pace.mkdir(parents=True)
    host = standin.url.split("/")[2].replace(":", "_")
    with FileLock(pace / f"{host}.lock"):
        run = look_up(standin, tmp_path, [pmid(31851795)], cache=tmp_path / "cache")
    assert run.found[0].settled
    assert not run.eutils._pacer.shared


# ---- the library ---------------------------------------------------------------------------------------


def fill_up(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """No space left when the `at`-th file is put in its place, nor after."""
    real, calls = os.replace, [0]

    def replace(source: Any, target: Any) -> None:
        calls[0] += ".part" in str(source)
        if calls[0] >= at and ".part" in str(source):
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)


@pytest.mark.parametrize("at", [1, 3, 11, 12])
def test_a_full_disk_leaves_what_was_kept(
    at: int, standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten records, then the notices, then the index: whichever cannot be written."""
    kept = look_up(standin, tmp_path, [pmid(99_500_000)]).library
    before = dict(kept.entries())
    with monkeypatch.context() as patch:
        fill_up(patch, at)
        with pytest.raises(InputError, match=r"cannot write .*No space left on device"):
            look_up(standin, tmp_path)
    library = Library(tmp_path / "papers")
    assert library.entries() == before
    assert is_right(library, standin)
    run = look_up(standin, tmp_path)
    assert [one.state for one in run.found] == ["confirmed"] * 10
    assert is_right(run.library, standin)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_refresh_that_fails_keeps_the_old_records(
    at: int, standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        standin.records[number] = record(number, "As it was.")
    wanted = [pmid(1), pmid(2)]
    look_up(standin, tmp_path, wanted)
    for number in (1, 2):
        standin.records[number] = record(number, "As it is.")
    with monkeypatch.context() as patch:
        fill_up(patch, at)
        with pytest.raises(InputError):
            look_up(standin, tmp_path, wanted, refresh=True)
    library = Library(tmp_path / "papers")
    assert [paper.title.rstrip(".") for paper in library.papers()] == ["As it was"] * 2
    standin.fail("html_500", times=99)
    run = look_up(standin, tmp_path, wanted, refresh=True)
    assert [one.paper.title.rstrip(".") for one in run.found if one.paper] == ["As it was"] * 2
    assert "HTTP 500" in run.stopped


KILL = """
import os, signal, sys
from datetime import datetime
sys.path.insert(0, sys.argv[3])
from tests.standin import record
from evidence.papers.library import Library
real, calls = os.replace, 0
def replace(source, target):
    global calls
    calls += 1
    if calls == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
os.replace = replace
texts = {str(n): record(n, "New.") for n in range(1, 6)}
Library(sys.argv[1]).add(texts, fetched=datetime.now(), address="here")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize("at", [1, 3, 6, 7])
def test_killed_in_mid_write(at: int, tmp_path: Path, root: Path) -> None:
    from datetime import datetime

    folder = tmp_path / "papers"
    library = Library(folder)
    library.add({"9": record(9)}, fetched=datetime.now(), address="here")
    done = subprocess.run([sys.executable, "-c", KILL, str(folder), str(at), str(root)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(Library(folder).entries()) == ["9"]
    assert library.get("9")
    assert any(name.endswith(".part") for name in os.listdir(folder))
    library.add({str(n): record(n, "New.") for n in range(1, 6)}, fetched=datetime.now(), address="here")
    assert list(Library(folder).entries()) == ["1", "2", "3", "4", "5", "9"]
    assert len(list(Library(folder).papers())) == 6
    assert not [name for name in os.listdir(folder) if name.endswith(".part")]


WRITE = """
import sys
from datetime import datetime
sys.path.insert(0, sys.argv[3])
from tests.standin import record
from evidence.papers.library import Library
library, start = Library(sys.argv[1]), int(sys.argv[2])
for number in range(start, start + 40):
    library.add({str(number): record(number)}, fetched=datetime.now(), address="here")
"""


def test_two_processes_that_write_lose_nothing(tmp_path: Path, root: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path / "papers"), str(start), str(root)])
        for start in (1, 1001)
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    assert len(list(Library(tmp_path / "papers").papers())) == 80


def test_a_library_locked_by_another_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import datetime

    monkeypatch.setattr(libraries, "LOCK_SECONDS", 0.05)
    one, two = Library(tmp_path / "papers"), Library(tmp_path / "papers")
    (tmp_path / "papers").mkdir()
    with one._alone(), pytest.raises(InputError, match="another evidence fetch is writing"):
        two.add({"1": record(1)}, fetched=datetime.now(), address="here")


def test_without_a_place_for_locks_the_library_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import datetime

    (tmp_path / "cache").write_text("")
    monkeypatch.setenv("EVIDENCE_CACHE", str(tmp_path / "cache"))
    library = Library(tmp_path / "papers")
    library.add({"1": record(1)}, fetched=datetime.now(), address="here")
    assert library.get("1")


def test_a_clock_set_back_while_waiting(standin: StandIn, tmp_path: Path) -> None:
    clock = StillClock()

    def set_back(answer: Any) -> Any:
        clock.now -= 7 * 86_400
        return answer

    standin.fail(set_back, times=3)
    run = look_up(standin, tmp_path, clock=clock, cache=tmp_path / "cache")
    assert all(one.settled for one in run.found)
    assert sum(clock.slept) < 3
