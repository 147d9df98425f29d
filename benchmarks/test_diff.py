"""Ten thousand reports with a hundred thousand results: a snapshot, its list, and a difference each within 3 s and 500 MB."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .test_large_review import EVIDENCE, MEGABYTES, SECONDS, large

__all__ = ["large"]


def spent(*args: str, folder: Path) -> None:
    """Run a command, and hold its CPU seconds and memory against what a person waits for."""
    command = [EVIDENCE, *args, "--review", str(folder)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0
    assert used.ru_utime + used.ru_stime < SECONDS
    assert used.ru_maxrss / 1024 < MEGABYTES


@pytest.fixture(scope="module")
def changed(large: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with a snapshot and a commit; then ten rows changed and one gone, four of them in the pool."""
    folder = tmp_path_factory.mktemp("changed") / "review"
    shutil.copytree(large, folder)
    subprocess.run(
        [EVIDENCE, "pool", "--snapshot", "before", "--review", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    if shutil.which("git"):
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        for call in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "before"]):
            subprocess.run(["git", *call], cwd=folder, check=True)
    head, *lines = (folder / "outcomes.csv").read_text(encoding="utf-8").splitlines()
    names = head.split(",")
    for at in range(100, 100_000, 10_000):
        cells = dict(zip(names, lines[at].split(","), strict=True))
        lines[at] = ",".join((cells | {"events": cells["n"]}).values())
    del lines[5000]
    (folder / "outcomes.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("since", ["before", "HEAD"])
def test_a_difference_is_told_at_once(changed: Path, since: str) -> None:
    if since == "HEAD" and not shutil.which("git"):
        pytest.skip("git is not installed")
    spent("diff", since, folder=changed)


def test_a_snapshot_and_the_list(changed: Path) -> None:
    spent("pool", "--snapshot", "after", folder=changed)
    spent("history", folder=changed)
    assert (changed / "snapshots" / "after.json").stat().st_size < 8_000_000
