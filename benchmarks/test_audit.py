"""Ten thousand reports with a hundred thousand results: an audit within 3 s and 500 MB, reading them included."""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

SECONDS, MEGABYTES = 3.0, 500
EVIDENCE = str(Path(sysconfig.get_path("scripts")) / "evidence")

_spec = importlib.util.spec_from_file_location("large", Path(__file__).with_name("test_large_review.py"))
assert _spec is not None
assert _spec.loader is not None
_maker = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_maker)
large = _maker.large


@pytest.fixture(scope="module")
def printed(large: Path) -> Path:
    """That review with percentages, thresholds and, of every tenth report, a percentage and a median in words."""
    with (large / "outcomes.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        row["percent"] = f"{100 * int(row['events']) / int(row['n']):.1f}"
        row["threshold"] = {"cure": "at least 50 %", "rash": "at most 3", "relapse": "above 2"}[
            row["outcome"]
        ]
    with (large / "outcomes.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    said = ["study,place,quantity,statistic,value,low,high,printed,n,source,state"]
    for i in range(1, len(rows) // 10, 10):
        said.append(
            f"s{i},text,women,percent,50,,,50 % were women,{2 * (i % 30) + 2},https://example.org,read"
        )
        said.append(
            f"s{i},text,stay,median,{i % 9},0,{i % 9 + 4},median stay,{i % 30 + 2},https://example.org,read"
        )
    (large / "statements.csv").write_text("\n".join(said) + "\n", encoding="utf-8")
    return large


def test_a_large_review_is_audited_at_once(printed: Path) -> None:
    command = [EVIDENCE, "audit", "--review", str(printed), "--format", "json"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)  # compiles what is not compiled yet
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0  # made without a contradiction
    print(
        f"\naudit of 100 000 results: {used.ru_utime + used.ru_stime:.2f} s, {used.ru_maxrss / 1024:.0f} MB"
    )
    assert used.ru_utime + used.ru_stime < SECONDS
    assert used.ru_maxrss / 1024 < MEGABYTES
