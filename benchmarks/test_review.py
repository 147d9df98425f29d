"""What reading costs: a large review checked by the command, and the shipped one loaded. CPU seconds and memory of a child.

Reach: 10 000 reports with 100 000 outcome rows within 3 s and 500 MB, whether their numbers are verified or not and
whatever is wrong with them; the shipped review within 7 ms, its modules compiled and in memory.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.review.schema import TABLES

REPORTS, ROWS = 10_000, 10
SECONDS, MEGABYTES = 3.0, 500

MEASURE = """
import resource, sys
from evidence.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    code = end.code or 0
spent = resource.getrusage(resource.RUSAGE_SELF)
print(code, spent.ru_utime + spent.ru_stime, spent.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2), file=sys.stderr)
"""

LOAD = """
import time
from evidence.review.tables import find_review, load
folder, _ = find_review()
load(folder)
times = []
for _ in range(51):
    before = time.process_time()
    load(folder)
    times.append(time.process_time() - before)
print(sorted(times)[25])
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 000 rows as a person would have them: text of some length, an address and a place each."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "review.toml").write_text(
        'format = 1\ntitle = "Large"\n[outcomes.response]\n[outcomes.fever]\n'
        '[analyses.primary]\noutcome = "response"\npool = { design = ["cohort"] }\nweeks = [4, 30]\n'
    )
    with (folder / "studies.csv").open("w", newline="") as file:
        studies = csv.DictWriter(file, [column.name for column in TABLES["studies"].columns])
        studies.writeheader()
        for i in range(REPORTS):
            row = {
                "study": f"s{i}",
                "authors": f"Author{i} A, Other B",
                "year": 2000 + i % 25,
                "design": "cohort",
                "treated": 100,
            }
            studies.writerow(
                row
                | {"title": f"Title of report {i}", "source": f"https://example.org/{i}", "state": "verified"}
            )
    with (folder / "outcomes.csv").open("w", newline="") as file:
        outcomes = csv.DictWriter(file, [column.name for column in TABLES["outcomes"].columns])
        outcomes.writeheader()
        for i in range(REPORTS):
            for j in range(ROWS):
                n = 20 + (i * 7 + j) % 80
                events = (i * 13 + j * 5) % (n + 1)
                row = {
                    "study": f"s{i}",
                    "arm": "drug 300 mg",
                    "outcome": "response" if j < 9 else "fever",
                    "weeks": 4 * j + 4,
                }
                row |= {
                    "events": events,
                    "n": n,
                    "percent": f"{100 * events / n:.1f}",
                    "scale": "VAS",
                    "state": "verified",
                }
                row |= {
                    "definition": "at least half as much as at baseline, as the report says",
                    "locator": f"Table {j}",
                }
                outcomes.writerow(row | {"source": f"https://example.org/{i}"})
    return folder


def unverified(text: str) -> str:
    return text.replace(",verified,", ",read,")


def a_fault_in_each_row(text: str) -> str:
    return text.replace(",drug 300 mg,", ",drug  300 mg,")


def another_form(text: str) -> str:
    return "\ufeff" + text.replace(",", ";")


@pytest.mark.parametrize("change", [str, unverified, a_fault_in_each_row, another_form])
def test_check_of_a_large_review(large: Path, change: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(change)
    whole = (large / "outcomes.csv").read_bytes()
    (large / "outcomes.csv").write_bytes(change(whole.decode()).encode())
    try:
        command = [sys.executable, "-c", MEASURE, "check", "--review", str(large)]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
    finally:
        (large / "outcomes.csv").write_bytes(whole)
    code, seconds, megabytes = map(float, done.stderr.split()[-3:])
    with capsys.disabled():
        print(
            f"\n  check, 100 000 rows, {getattr(change, '__name__', '')}: {seconds:.2f} s CPU, {megabytes:.0f} MB"
        )
    assert code == (change is a_fault_in_each_row)
    assert seconds <= SECONDS
    assert megabytes <= MEGABYTES


def test_load_of_the_shipped_review(capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    with capsys.disabled():
        print(f"\n  loading the shipped review: {1000 * float(done.stdout):.1f} ms CPU")
    assert float(done.stdout) <= 0.007
