"""Ten thousand reports with a hundred thousand results: a row added, changed and removed, each within 3 s, preview and all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

_beside = spec_from_file_location("large_review", Path(__file__).with_name("test_large_review.py"))
assert _beside
assert _beside.loader
_module = module_from_spec(_beside)
_beside.loader.exec_module(_module)
large = _module.large  # the same review

SECONDS, MEGABYTES = 3.0, 700
EVIDENCE = str(Path(sysconfig.get_path("scripts")) / "evidence")
ROW = "--arm drug --outcome cure --weeks 11 --events 3 --n 7 --state read --source x"

CALLS = {
    "add, enters": f"add outcome --study s1 {ROW}",
    "add, left out": f"add outcome --study s4321 {ROW}",
    "add report": "add report --study lin --design cohort --state unverified",
    "edit": "edit outcomes s1 cure drug 24 n=90 state=read",
    "edit report": "edit studies s4321 country=France",
    "remove": "remove outcomes s1 cure drug 24",
    "verify": "verify s4321 cure drug 24 --by MV --locator x",
}


@pytest.mark.parametrize("call", list(CALLS))
def test_a_large_review_is_changed_within_seconds(large: Path, tmp_path: Path, call: str) -> None:
    folder = tmp_path / "large"
    shutil.copytree(large, folder)
    command = [EVIDENCE, *CALLS[call].split(), "--review", str(folder)]
    subprocess.run([*command, "--dry-run"], check=True, stdout=subprocess.DEVNULL)  # compiles what is not yet
    child = subprocess.Popen([*command, "--yes"], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0
    assert used.ru_utime + used.ru_stime < SECONDS
    assert used.ru_maxrss / 1024 < MEGABYTES
