"""Runs reproduce.R of many analyses with R, and keeps what each printed.

    python validation/reproduce.py            # writes validation/reproduce/*.txt and validation/reproduce.md
    python validation/reproduce.py NAME ...   # only these; the summary is of all outputs kept

The analyses are those of the shipped review and of sets in tests/reference/datasets.csv, with one model and kind of
interval after another, so that every branch of the script is run. Needs Rscript with metafor and lme4.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from evidence.analysis.comparing import compare, compare_rows  # noqa: E402
from evidence.analysis.pooling import pool, pool_rows  # noqa: E402
from evidence.analysis.results import Analysis, Compared  # noqa: E402
from evidence.report.export.reproduce import reproduce_r  # noqa: E402
from evidence.review.counts import CountRow  # noqa: E402
from evidence.review.tables import load  # noqa: E402

KEPT = ROOT / "validation" / "reproduce"
Made = tuple[Analysis, Compared | None]


def of_review(name: str = "primary", *, panel: bool = False, **options: Any) -> Made:
    """An analysis of the shipped review."""
    found = pool(load(ROOT / "data"), analysis=name, **options)
    return (found if panel else replace(found, panel=())), None


def beside(against: Mapping[str, Any], **options: Any) -> Made:
    """The primary analysis with a comparison beside it."""
    review = load(ROOT / "data")
    return replace(pool(review, **options), panel=()), compare(review, **against)


def counts(name: str) -> list[CountRow]:
    """A set of tests/reference, every study in one of two groups."""
    with (ROOT / "tests" / "reference" / "datasets.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["dataset"] == name]
    return [
        CountRow(
            f"Study {row['idx']}",
            int(float(row["event"])),
            int(float(row["n"])),
            {"half": "ab"[number % 2], "w": str(1 + number % 4)},
            number,
        )
        for number, row in enumerate(rows)
    ]


def of_set(name: str, *, panel: bool = False, **options: Any) -> Made:
    """A set of tests/reference."""
    found = pool_rows(counts(name), title=name, **options)
    return (found if panel else replace(found, panel=())), None


def two(one: tuple[int, int], other: tuple[int, int], **options: Any) -> Made:
    """Two counts beside each other."""
    rows = [CountRow("Ours", *one, {}, 0), CountRow("Trial", *other, {}, 1)]
    compared = compare_rows(*rows, **options)
    return replace(pool_rows(rows, title="Two proportions", model="exact"), panel=()), compared


RANDOM = {"model": "random"}
CASES: dict[str, Callable[[], Made]] = {
    "review": lambda: (of_review(panel=True)[0], compare(load(ROOT / "data"))),
    "review-complete-response": lambda: of_review("complete_response"),
    "review-adverse-events": lambda: of_review("any_adverse_event"),
    "review-discontinuation": lambda: of_review("discontinuation"),
    "review-zoster": lambda: of_review("herpes_zoster"),
    "review-by-design": lambda: of_review(by="design"),
    "review-random": lambda: of_review(**RANDOM, tau2="reml"),
    "review-exact": lambda: of_review(model="exact", interval="wilson"),
    "review-half-cauchy": lambda: of_review(model="bayes", prior="half-cauchy", prior_scale=1.0),
    "review-pool-compared": lambda: beside({"cohort": "all"}),
    "review-against-others": lambda: beside({"against": "others"}),
    "pritz1997": lambda: of_set("pritz1997", panel=True),
    "pritz1997-wald": lambda: of_set("pritz1997", model="binomial", ci="wald", prediction="wald"),
    "pritz1997-profile": lambda: of_set("pritz1997", model="binomial", ci="profile", prediction="hts"),
    "pritz1997-beta-binomial": lambda: of_set("pritz1997", model="beta-binomial", ci="profile"),
    "pritz1997-groups": lambda: of_set("pritz1997", by="half", model="binomial", ci="t", prediction="none"),
    "pritz1997-groups-random": lambda: of_set("pritz1997", by="half", **RANDOM),
    "pritz1997-groups-common": lambda: of_set("pritz1997", by="half", model="common"),
    "pritz1997-kenward-roger": lambda: of_set(
        "pritz1997", **RANDOM, ci="kenward-roger", prediction="kenward-roger-hts"
    ),
    "pritz1997-iqwig6": lambda: of_set("pritz1997", **RANDOM, ci="hksj-iqwig6", tau2="pm", interval="mid-p"),
    "pritz1997-weights": lambda: of_set("pritz1997", **RANDOM, weights="w", tau2="genq", interval="jeffreys"),
    "debruin2009": lambda: of_set("debruin2009", **RANDOM, i2="tau2", prediction="hksj"),
    "debruin2009-profile": lambda: of_set(
        "debruin2009", **RANDOM, ci="profile", tau2_ci="profile", measure="raw"
    ),
    "debruin2009-jackson": lambda: of_set(
        "debruin2009", **RANDOM, measure="double-arcsine", tau2_ci="jackson", level=0.9
    ),
    "debruin2009-beta-binomial": lambda: of_set("debruin2009", model="beta-binomial"),
    "debruin2009-ivhet": lambda: of_set("debruin2009", model="common", ci="ivhet"),
    "heterogeneous": lambda: of_set("heterogeneous", interval="agresti-coull"),
    "heterogeneous-bj": lambda: of_set(
        "heterogeneous", **RANDOM, tau2="dl", tau2_ci="biggerstaff-jackson", ci="hksj-ci", measure="log"
    ),
    "homogeneous": lambda: of_set("homogeneous"),
    "homogeneous-uniform": lambda: of_set(
        "homogeneous", model="bayes", prior="uniform", prior_scale=2.0, prior_median="uniform"
    ),
    "extreme": lambda: of_set("extreme", model="binomial", ci="t"),
    "near-one": lambda: of_set("near_one", model="bayes", prior="exponential", prior_scale=1.0, level=0.9),
    "rare": lambda: of_set("rare", model="binomial", prediction="bootstrap"),
    "huge-tiny": lambda: of_set("huge_tiny", **RANDOM, tau2="ml", ci="t", measure="arcsine"),
    "identical": lambda: of_set("identical", model="binomial", ci="t"),
    "zero-but-one": lambda: of_set("zero_but_one", model="binomial"),
    "huge-tiny-binomial": lambda: of_set("huge_tiny", model="binomial"),
    "separated": lambda: of_set("separated", model="binomial"),
    "pft-trap": lambda: of_set("pft_trap", model="common", measure="double-arcsine"),
    "k30": lambda: of_set("k30"),
    "k2": lambda: of_set("k2", **RANDOM),
    "k1": lambda: of_set("k1"),
    "boschloo": lambda: two((6, 6), (24, 49), test="boschloo", difference="miettinen-nurminen"),
    "barnard": lambda: two((17, 40), (9, 31), test="barnard", difference="miettinen-nurminen", level=0.9),
    "nobody": lambda: two((4, 21), (0, 17)),
    **{
        f"estimator-{word}": (lambda word=word: of_set("pritz1997", **RANDOM, tau2=word, ci="hksj-plain"))
        for word in ("eb", "hs", "hsk", "he", "sj", "sjit", "dlit", "pmm")
    },
}
"""Every analysis by the name of the file that keeps its output."""


def run(name: str) -> tuple[str, str, int, float]:
    """Write the script, run it, and keep its output; returns name, output, status and seconds."""
    script = reproduce_r(*CASES[name]())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reproduce.R"
        path.write_text(script, encoding="ascii")
        start = time.monotonic()
        done = subprocess.run(
            ["Rscript", "--vanilla", path.name], cwd=folder, capture_output=True, text=True, check=False
        )
    KEPT.mkdir(exist_ok=True)
    kept = "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines()) + "\n"
    (KEPT / f"{name}.txt").write_text(kept, encoding="utf-8")
    return name, kept, done.returncode, time.monotonic() - start


KNOWN: dict[str, str] = {}
"""Why a number differs, where that is known."""


def summary() -> str:
    """The table of all outputs kept, what differs, and why what was not computed was not."""
    texts = {name: (KEPT / f"{name}.txt").read_text(encoding="utf-8") for name in CASES}
    lines = [
        "# reproduce.R, run",
        "",
        "What `evidence export reproduce` writes, run with Rscript: each line of `reproduce/*.txt` is a number as R has it, the",
        "one that evidence had, and how far they may be apart. Written by `python validation/reproduce.py`.",
        "",
        f"{texts['review'].splitlines()[-1].strip()}.",
        "",
        "| analysis | numbers | agree | differ | not computed | closed forms | iterated | quadrature | posterior | lme4 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    kinds = ("closed", "iterated", "quadrature", "posterior", "lme4")
    total = [0, 0, 0, 0]
    worst: dict[str, float] = {}
    reasons: Counter[str] = Counter()
    differing: list[str] = []
    for name, text in texts.items():
        found = re.search(r"^(\d+) numbers: (\d+) ok, (\d+) differ, (\d+) not computed$", text, re.M)
        if not found:
            lines.append(f"| {name} | R stopped: {text.splitlines()[-1]} |")
            continue
        total = [so_far + int(number) for so_far, number in zip(total, found.groups(), strict=True)]
        farthest = dict(re.findall(r"^farthest apart, (\w+): (\S+)$", text, re.M))
        for kind, value in farthest.items():
            worst[kind] = max(worst.get(kind, 0.0), float(value))
        reasons.update(re.findall(r"not computed: (.*)$", text, re.M))
        own = re.findall(r"^(.*?)  +(\S+) +(\S+) +\S+ +DIFFERS$", text, re.M)
        differing += [f"- {name}: {what}: R {ours}, expected {theirs}" for what, ours, theirs in own]
        if own and name in KNOWN:
            differing.append(f"  ({KNOWN[name]})")
        lines.append(
            f"| {' | '.join((name, *found.groups(), *(farthest.get(kind, '') for kind in kinds)))} |"
        )
    ends = [f"{worst[kind]:.1e}" if kind in worst else "" for kind in kinds]
    lines += [f"| **all** | {' | '.join([*map(str, total), *ends])} |", ""]
    lines += ["The last five columns are the largest deviation, relative to the number expected.", ""]
    if differing:
        lines += ["What differs:", "", *differing, ""]
    lines += [f"- not computed, {times} of them: {reason}" for reason, times in reasons.most_common()]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    names = sys.argv[1:] or list(CASES)
    with ThreadPoolExecutor(2) as workers:
        results = list(workers.map(run, names))
    for name, text, status, seconds in results:
        line = next((line for line in text.splitlines() if " numbers: " in line), text[-300:])
        print(f"{name:28} {seconds:5.1f} s  status {status}  {line}")
    (ROOT / "validation" / "reproduce.md").write_text(summary(), encoding="utf-8")
    return max(status for _, _, status, _ in results)


if __name__ == "__main__":
    sys.exit(main())
