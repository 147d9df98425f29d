"""What a call of the command costs before it does anything: CPU seconds of child processes, medians.

Reach: `evidence --help` within 2 times the cost of importing click; `evidence pool` within 1.3 times that of
importing click, numpy and scipy.special. One thread for the linear algebra library on both sides: its threads would be counted.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

RUNS = 21
ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = str(Path(sysconfig.get_path("scripts")) / "evidence")
THREADS = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def cpu_seconds(command: list[str]) -> float:
    """User and system time of one child."""
    env = {**os.environ, **THREADS}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's second call finds the modules compiled
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def medians(*commands: list[str]) -> list[float]:
    """Medians of RUNS calls of each, taken in turn so that a busy moment hits all."""
    for command in commands:
        cpu_seconds(command)
    times = [[cpu_seconds(command) for command in commands] for _ in range(RUNS)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


@pytest.mark.parametrize(
    ("arguments", "imports", "reach"),
    [
        (["--help"], "click", 2.0),
        (["pool"], "click, numpy, scipy.special", 1.3),
        (["pool", "6/6", "9/9", "11/11", "--against", "49/107"], "click, numpy, scipy.special", 1.3),
    ],
)
def test_start(arguments: list[str], imports: str, reach: float, capsys: pytest.CaptureFixture[str]) -> None:
    ours, base = medians([EVIDENCE, *arguments], [sys.executable, "-c", f"import {imports}"])
    with capsys.disabled():
        print(
            f"\n  evidence {' '.join(arguments)}: {ours:.3f} s CPU; import {imports}: {base:.3f} s; "
            f"ratio {ours / base:.2f} (reach {reach})"
        )
    assert ours <= reach * base
