"""Ten thousand reports with a hundred thousand results: a pool and a comparison each within 3 s and 500 MB."""

from __future__ import annotations

import os
import random
import subprocess
import sysconfig
from pathlib import Path

import pytest

REPORTS, RESULTS = 10_000, 10
SECONDS, MEGABYTES = 3.0, 500
EVIDENCE = str(Path(sysconfig.get_path("scripts")) / "evidence")
WEEKS = ("4", "12", "16", "24", "52", "last visit")

TOML = """\
format = 1
title = "Large"
[outcomes.cure]
better = "higher"
[outcomes.rash]
better = "lower"
[outcomes.relapse]
better = "lower"
[analyses.primary]
outcome = "cure"
pool = { design = ["cohort", "case series"] }
weeks = [8, 26]
last_visit = true
ours = "s1"
reference = { study = "trial", arm = "drug", weeks = 12 }
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review of that size, the same each time; every seventh report shares its cohort, some overlap."""
    folder, chance = tmp_path_factory.mktemp("large"), random.Random(1)
    where = "https://example.org"
    studies = [
        "study,authors,year,design,country,source,state",
        f"trial,Trialist A,2020,trial,X,{where},verified",
    ]
    outcomes = [
        "study,arm,outcome,weeks,events,n,definition,scale,threshold,population,missing_data,source,locator,state"
    ]
    outcomes += [
        f"trial,{arm},cure,{weeks},50,107,half,S,50 %,adults,imputed,{where},Table 1,verified"
        for weeks in (12, 52)
        for arm in ("drug", "placebo")
    ]
    cohorts, overlaps = ["study,cohort"], ["cohort_a,cohort_b,certainty,reason"]
    for i in range(1, REPORTS):
        design = chance.choice(["cohort", "case series", "trial", "registry"]) if i > 1 else "cohort"
        state = chance.choice(["verified", "read", "secondary"])
        studies.append(f"s{i},Author{i % 3000} A,{2000 + i % 25},{design},C{i % 40},{where}/{i},{state}")
        cohorts.append(f"s{i},c{i - (i % 7 == 0)}")
        for j in range(RESULTS):
            n = chance.randint(3, 80)
            cells = ("drug", "placebo")[j // 6], ("cure", "rash", "relapse")[j % 3], WEEKS[j % 6]
            outcomes.append(
                f"s{i},{','.join(cells)},{chance.randint(0, n)},{n},half,S,50 %,pop {i % 100},observed,"
                f"{where}/{i},Table {j},verified"
            )
        if i % 20 == 1 and i % 7 not in (0, 6):
            overlaps.append(f"c{i},c{i + 1},{chance.choice(['possible', 'probable'])},same ward")
    (folder / "review.toml").write_text(TOML, encoding="utf-8")
    for name, lines in (
        ("studies", studies),
        ("outcomes", outcomes),
        ("cohorts", cohorts),
        ("overlaps", overlaps),
    ):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("call", [("pool",), ("compare",), ("compare", "all")], ids=" ".join)
def test_a_large_review_is_answered_at_once(large: Path, call: tuple[str, ...]) -> None:
    command = [EVIDENCE, *call, "--review", str(large)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # compiles what is not compiled yet
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0
    assert used.ru_utime + used.ru_stime < SECONDS
    assert used.ru_maxrss / 1024 < MEGABYTES
