"""How much an audit finds, and how often it cries wolf: true papers, and the same with one number altered.

    python validation/audit.py          writes validation/audit.md (a minute)

A paper is a series of patients drawn at random, or a trial of two arms, of 3 to 200 patients. What it prints is
recomputed from them without error: medians, means, ranges and SDs, shares, intervals of several kinds, p values, words.
Every paper rounds, or cuts off, all it prints. A falsified paper is a true one with one digit of one number replaced by
another digit, or one word by another. A falsification counts as found where the audit says something that it does not
say of the true paper.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from math import asin, comb, erfc, exp, log, sin, sqrt
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

from scipy.special import betaincinv

from evidence.review.audit.auditing import Audit, audit
from evidence.review.tables import load
from evidence.synthesis.comparison import koopman_ratio, newcombe_difference
from evidence.synthesis.proportions import proportion_interval

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "validation" / "audit.md"
SEED, PAPERS = 20260131, 2400
"""Not the seed (20250517) with which the rules were made: nothing was changed after this one was first drawn."""

TOML = """\
format = 1
title = "Made papers"
[outcomes.half]
scale = "Severity"
patients = { score = "severity", reduction_at_least = 0.5 }
[outcomes.ninety]
scale = "Severity"
patients = { score = "severity", reduction_at_least = 0.9 }
[outcomes.clear]
scale = "Severity"
patients = { score = "severity", at_most = 0 }
[outcomes.event]
better = "lower"
[columns.patients]
visits = "integer"
signs = "text"
spaced = "text"
"""

Row = dict[str, str]


@dataclass(frozen=True)
class Paper:
    """The rows that one paper fills in each table. A statement's words are made of its numbers by `form`."""

    name: str
    tables: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))


class Change(NamedTuple):
    """A number that can be falsified: its kind, table, row and column."""

    kind: str
    table: str
    row: int
    column: str


# ---- printing ------------------------------------------------------------------------------------


def printed(value: float | Fraction, decimals: int, cut: bool) -> str:
    """A number with so many decimals, rounded half up or cut off, exactly."""
    exact = Fraction(value)
    scaled = abs(exact) * 10**decimals
    digits = int(scaled) if cut else int(scaled + Fraction(1, 2))
    sign = "-" if exact < 0 and digits else ""
    text = str(digits).rjust(decimals + 1, "0")
    return sign + (text[:-decimals] + "." + text[-decimals:] if decimals else text)


def printed_p(p: float) -> str:
    """As journals print p values."""
    return "P<0.001" if p < 0.001 else f"P={p:.3f}"


# ---- true papers ---------------------------------------------------------------------------------


class Maker:
    """One true paper, and the numbers in it that can be falsified."""

    def __init__(self, chance: random.Random, name: str) -> None:
        self.chance, self.paper = chance, Paper(name)
        self.changes: list[Change] = []
        self.cut = chance.random() < 0.3
        self.decimals = chance.choice((0, 1, 1, 2))

    def add(self, table: str, **cells: object) -> int:
        rows = self.paper.tables[table]
        origin = {"source": "https://example.org", "locator": "text", "state": "read"}
        rows.append({"study": self.paper.name, **origin, **{key: str(value) for key, value in cells.items()}})
        return len(rows) - 1

    def say(
        self,
        kind: str,
        quantity: str,
        statistic: str,
        form: str,
        *,
        alter: Sequence[str] = ("value",),
        **cells: object,
    ) -> None:
        """A statement; `alter` names the cells that may be falsified, each under the kind's name."""
        place = self.chance.choice(("text", "table"))
        row = self.add("statements", place=place, quantity=quantity, statistic=statistic, form=form, **cells)
        self.changes += [Change(kind, "statements", row, column) for column in alter]

    def number(self, value: float | Fraction, decimals: int | None = None) -> str:
        return printed(value, self.decimals if decimals is None else decimals, self.cut)

    def make(self) -> Paper:
        if self.chance.random() < 0.35:
            self.trial()
        else:
            self.series()
        return self.paper

    # ---- a series of patients

    def series(self) -> None:
        chance = self.chance
        n = round(exp(chance.uniform(log(3), log(200))))
        listed = n <= 40 and chance.random() < 0.6
        self.add("studies", authors="Maker M", year=2020, design="case series", treated=n)
        ages = [min(95, max(1, round(chance.gauss(48, 15)))) for _ in range(n)]
        visits = [chance.randint(1, 9) for _ in range(n)]
        before = [chance.randint(4, 50) for _ in range(n)]
        strength = chance.choice((0.5, 0.8, 1.0))
        after = [round(b * max(0.0, min(1.2, 1 - chance.gauss(strength, 0.3)))) for b in before]
        signs = [chance.random() < chance.choice((0.1, 0.4, 0.7)) for _ in range(n)]
        spaced = [a < 3 for a in after]
        if listed:
            for i in range(n):
                self.add(
                    "patients", patient=i + 1, age=ages[i], visits=visits[i],
                    signs="fever; ANA" if signs[i] else "none", spaced="yes" if spaced[i] else "no",
                )  # fmt: skip
                for week, values in (("0", before), ("16", after)):
                    self.add("scores", patient=i + 1, score="severity", weeks=week, value=values[i])
        end = "patients" if listed else "alone"
        self.summarise("age", ages, end if listed else "age alone")
        self.summarise("visits", visits, end)
        self.summarise("severity_baseline", before, end, median=True)
        self.summarise("severity_last", after, end, median=True)
        fallen = sorted(100 * Fraction(b - a, b) for a, b in zip(after, before, strict=True))
        change = (fallen[(n - 1) // 2] + fallen[n // 2]) / 2
        kind = "median change, patients listed" if listed else "median change against medians"
        self.say(
            kind, "severity_reduction", "median", "median reduction {value} %", value=self.number(change, 0)
        )
        count = sum(signs)
        self.share("fever", count, n, end, "signs has fever" if listed else "")
        self.responders(after, before, n, listed)
        if listed and any(spaced):
            self.add(
                "statements", place="text", quantity="spacing", statistic="words", form="those below 3",
                where="spaced == yes", criterion="severity_last < 3",
            )  # fmt: skip
            patient = chance.randrange(n)
            self.changes.append(Change("criterion against who met it", "patients", patient, "spaced"))
        up = sum(a > b for a, b in zip(after, before, strict=True))
        moved = sum(a != b for a, b in zip(after, before, strict=True))
        tail = sum(comb(moved, k) for k in range(min(up, moved - up) + 1)) / 2**moved if moved else 1.0
        p = printed_p(min(1.0, 2 * tail))
        row = self.add(
            "statements",
            place="text",
            quantity="severity_last",
            statistic="p",
            form=f"{p} (sign test)",
            value=p[2:],
        )
        if n <= 9 and p != "P<0.001":
            self.changes.append(Change("p of few patients", "statements", row, "p"))

    def summarise(self, quantity: str, values: list[int], end: str, *, median: bool = False) -> None:
        """A median or mean with its range, and sometimes an SD."""
        ordered, n = sorted(values), len(values)
        low, high = str(ordered[0]), str(ordered[-1])
        label = {"patients": "patients listed", "alone": "whole numbers", "age alone": "nothing else known"}[
            end
        ]
        if median or self.chance.random() < 0.5:
            middle = Fraction(ordered[(n - 1) // 2] + ordered[n // 2], 2)
            value = self.number(middle, self.chance.choice((0, 1, 1)))
            self.say(
                f"median, {label}",
                quantity,
                "median",
                "median {value} (range, {low}-{high})",
                value=value,
                low=low,
                high=high,
            )
        else:
            mean = Fraction(sum(values), n)
            value = self.number(mean, self.chance.choice((1, 2)))
            self.say(
                f"mean, {label}",
                quantity,
                "mean",
                "mean {value} (range, {low}-{high})",
                value=value,
                low=low,
                high=high,
            )
            if n > 1:
                sd = sqrt(sum((x - mean) ** 2 for x in values) / (n - 1))
                self.say(
                    f"SD, {label}",
                    quantity,
                    "sd",
                    "SD {value}",
                    value=self.number(sd, self.chance.choice((1, 2))),
                )
        row = len(self.paper.tables["statements"]) - 1
        while self.paper.tables["statements"][row]["statistic"] == "sd":
            row -= 1
        self.changes += [Change(f"range, {label}", "statements", row, column) for column in ("low", "high")]

    def share(self, quantity: str, count: int, n: int, end: str, where: str) -> None:
        """A percentage, and perhaps the count elsewhere."""
        share = Fraction(100 * count, n)
        twice = self.chance.random() < 0.3
        small = "n < 50" if n < 50 else "n >= 50"
        kind = (
            "percentage, patients listed"
            if where
            else "percentage beside its count"
            if twice
            else f"percentage alone, {small}"
        )
        self.say(kind, quantity, "percent", "{value} % had it", value=self.number(share), where=where)
        if twice:
            kind = "count, patients listed" if where else "count beside its percentage"
            self.say(kind, quantity, "count", "{value} patients", value=count, where=where)
        if count and self.chance.random() < 0.3:
            p = count / n
            se = 100 * sqrt(p * (1 - p) / n)
            self.say("standard error of a percentage", quantity, "se", "SE {value}", value=self.number(se, 1))

    def responders(self, after: list[int], before: list[int], n: int, listed: bool) -> None:
        fallen = [Fraction(b - a, b) for a, b in zip(after, before, strict=True)]
        counts = {
            "half": sum(f >= Fraction(1, 2) for f in fallen),
            "ninety": sum(f >= Fraction(9, 10) for f in fallen),
            "clear": sum(a == 0 for a in after),
        }
        if not listed:
            for outcome, events in counts.items():
                row = self.add("outcomes", outcome=outcome, weeks=16, events=events, n=n)
                self.changes.append(Change("responders by thresholds", "outcomes", row, "events"))
            self.changes.append(Change("evaluated against treated", "outcomes", row, "n"))
            row = self.add(
                "outcomes", outcome="event", weeks=16, n=n, percent=self.number(Fraction(100 * counts["half"], n)),
                not_poolable="only the percentage is printed",
            )  # fmt: skip
            self.changes.append(
                Change(f"percentage alone, {'n < 50' if n < 50 else 'n >= 50'}", "outcomes", row, "percent")
            )
        x = counts["half"]
        method = self.chance.choice(("exact", "wilson", "agresti-coull", "jeffreys", "wald", *UNUSUAL))
        low, high = proportion_limits(x, n, method)
        value = self.number(Fraction(100 * x, n), 1)
        cells = {"value": value, "low": self.number(low, 1), "high": self.number(high, 1)}
        self.say(
            "percentage against results",
            "responders",
            "percent",
            "{value} % (95% CI {low} to {high})",
            outcome="half",
            **cells,
        )
        row = len(self.paper.tables["statements"]) - 1
        self.changes += [
            Change("interval of a percentage", "statements", row, column) for column in ("low", "high")
        ]
        word = "All" if x == n else "Most" if 2 * x > n else "None" if x == 0 else "Some"
        self.say(
            "word",
            "improvement",
            "words",
            "{word} patients improved by half",
            alter=("word",),
            word=word,
            outcome="half",
        )

    # ---- a trial of two arms

    def trial(self) -> None:
        chance = self.chance
        n1, n2 = (round(exp(chance.uniform(log(15), log(200)))) for _ in range(2))
        p1, p2 = chance.uniform(0.2, 0.8), chance.uniform(0.1, 0.6)
        x1, x2 = (sum(chance.random() < p for _ in range(n)) for n, p in ((n1, p1), (n2, p2)))
        self.add("studies", authors="Maker M", year=2020, design="trial", treated=n1, controls=n2)
        first = self.add("outcomes", arm="drug", outcome="event", weeks=12, events=x1, n=n1)
        self.add("outcomes", arm="placebo", outcome="event", weeks=12, events=x2, n=n2)
        self.changes.append(Change("evaluated against treated", "outcomes", first, "n"))
        part = chance.randint(1, n1 - 1)
        within = sum(chance.sample([True] * x1 + [False] * (n1 - x1), part))
        for name, events, n in (("women", within, part), ("men", x1 - within, n1 - part)):
            row = self.add(
                "outcomes",
                arm="drug",
                subgroup=name,
                split="sex",
                outcome="event",
                weeks=12,
                events=events,
                n=n,
            )
            self.changes.append(Change("part of a division", "outcomes", row, "events"))
        self.say(
            "percentage against results",
            "event",
            "percent",
            "{value} % had it",
            value=self.number(Fraction(100 * x1, n1)),
        )
        pooled = (x1 + x2) / (n1 + n2)
        spread = sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
        p = printed_p(erfc(abs(x1 / n1 - x2 / n2) / spread / sqrt(2))) if spread else "P=1.000"
        self.effect("difference", x1, n1, x2, n2, p)
        if 0 < x1 < n1 and 0 < x2 < n2:
            self.effect("odds ratio", x1, n1, x2, n2, p)
            self.effect("risk ratio", x1, n1, x2, n2, p)

    def effect(self, kind: str, x1: int, n1: int, x2: int, n2: int, p: str) -> None:
        value, low, high = effect_limits(kind, x1, n1, x2, n2, other=self.chance.random() < 0.3)
        words = ""
        if self.chance.random() < 0.3:  # adjusted for something: another estimate, another standard error
            words = "adjusted "
            ratio = kind != "difference"
            value, low, high = (log(x) for x in (value, low, high)) if ratio else (value, low, high)
            error = (high - low) / (2 * Z)
            value, error = value + self.chance.gauss(0, 0.15) * error, error * self.chance.uniform(0.9, 1.15)
            p = printed_p(erfc(abs(value) / error / sqrt(2))) if error else p
            low, high = value - Z * error, value + Z * error
            value, low, high = (exp(x) for x in (value, low, high)) if ratio else (value, low, high)
        decimals = 1 if kind == "difference" else 2
        cells = {
            name: self.number(x, decimals) for name, x in (("value", value), ("low", low), ("high", high))
        }
        form = words + kind + " {value} (95% CI {low} to {high}), {p}"
        name = "difference" if kind == "difference" else "ratio"
        self.say(
            f"estimate of a {name}", "effect_" + kind.split()[0], kind, form, outcome="event", p=p, **cells
        )
        row = len(self.paper.tables["statements"]) - 1
        self.changes += [
            Change(f"interval of a {name}", "statements", row, column) for column in ("low", "high")
        ]
        self.changes.append(Change("p beside an interval", "statements", row, "p"))


UNUSUAL = ("uniform prior", "arcsine", "bootstrap", "clustered")
"""Right as well; the audit does not recompute the last two."""

Z = NormalDist().inv_cdf(0.975)


@cache
def proportion_limits(x: int, n: int, method: str) -> tuple[float, ...]:
    """A 95 % interval in percent."""
    if method == "uniform prior":
        return tuple(100 * float(betaincinv(x + 1, n - x + 1, tail)) for tail in (0.025, 0.975))
    if method == "arcsine":
        centre, wide = asin(sqrt(x / n)), Z / (2 * sqrt(n))
        ends = max(centre - wide, 0.0), min(centre + wide, asin(1.0))
        return tuple(100 * sin(end) ** 2 for end in ends)
    if method == "bootstrap":
        chances = [comb(n, k) * (x / n) ** k * (1 - x / n) ** (n - k) for k in range(n + 1)]
        below = [sum(chances[: k + 1]) for k in range(n + 1)]
        return tuple(
            100 * next(k for k in range(n + 1) if below[k] >= tail or k == n) / n for tail in (0.025, 0.975)
        )
    if method == "clustered":
        half = 1.2 * Z * sqrt(x / n * (1 - x / n) / n)
        return 100 * max(0.0, x / n - half), 100 * min(1.0, x / n + half)
    if method != "wald":
        interval = proportion_interval(x, n, method=method)
        return 100 * interval.low, 100 * interval.high
    half = Z * sqrt(x / n * (1 - x / n) / n)
    return 100 * max(0.0, x / n - half), 100 * min(1.0, x / n + half)


@cache
def effect_limits(kind: str, x1: int, n1: int, x2: int, n2: int, other: bool) -> tuple[float, float, float]:
    """Wald's interval, or another: Newcombe's of a difference, Koopman's of a risk ratio."""
    p1, p2 = x1 / n1, x2 / n2
    if kind == "difference":
        if other:
            found = newcombe_difference(x1, n1, x2, n2)
            return 100 * found.estimate, 100 * found.low, 100 * found.high
        half = Z * sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
        return 100 * (p1 - p2), 100 * (p1 - p2 - half), 100 * (p1 - p2 + half)
    if kind == "risk ratio":
        if other:
            interval = koopman_ratio(x1, n1, x2, n2)
            assert interval is not None
            return interval.estimate, interval.low, interval.high
        value, error = p1 / p2, sqrt(1 / x1 - 1 / n1 + 1 / x2 - 1 / n2)
    else:
        value = x1 * (n2 - x2) / ((n1 - x1) * x2)
        error = sqrt(1 / x1 + 1 / (n1 - x1) + 1 / x2 + 1 / (n2 - x2))
    return value, value * exp(-Z * error), value * exp(Z * error)


# ---- falsified papers ----------------------------------------------------------------------------


def falsify(chance: random.Random, paper: Paper, change: Change) -> Paper | None:
    """The paper with one number altered; None where there is nothing else it could be."""
    rows = paper.tables[change.table]
    row = dict(rows[change.row])
    if change.column == "word":
        row["word"] = chance.choice([word for word in ("All", "Most", "None") if word != row["word"]])
    elif change.column == "spaced":
        row["spaced"] = "no" if row["spaced"] == "yes" else "yes"
    elif change.column == "p":
        told = row.get("p") or row["form"].partition(" ")[0]
        wrong = chance.choice([p for p in ("P<0.001", "P=0.002", "P=0.012", "P=0.31", "P=0.74") if p != told])
        if change.kind == "p of few patients":
            wrong = chance.choice(("P<0.001", "P=0.001", "P=0.002"))
        row |= {"p": wrong} if "p" in row else {"form": wrong + " (sign test)", "value": wrong[2:]}
    else:
        other = typo(chance, row[change.column])
        if other is None or not valid(change, row | {change.column: other}):
            return None
        row[change.column] = other
    tables = defaultdict(list, {name: list(found) for name, found in paper.tables.items()})
    tables[change.table][change.row] = row
    return replace(paper, tables=tables)


def typo(chance: random.Random, text: str) -> str | None:
    """One digit replaced by another, no leading 0 made."""
    places = [i for i, c in enumerate(text) if c.isdigit()]
    at = chance.choice(places)
    digits = [
        d
        for d in "0123456789"
        if d != text[at] and not (d == "0" and at == places[0] and text[at + 1 : at + 2].isdigit())
    ]
    return text[:at] + chance.choice(digits) + text[at + 1 :]


def valid(change: Change, row: Row) -> bool:
    """Whether the tables would take it: what `evidence check` refuses is no test of the audit."""
    if change.table == "outcomes":
        n, events = int(row["n"] or 0), int(row.get("events") or 0)
        return n >= 1 and events <= n and float(row.get("percent") or 0) <= 100
    return True


# ---- measuring -----------------------------------------------------------------------------------

COLUMNS = {
    "studies": "study,authors,year,design,treated,controls",
    "outcomes": "study,arm,subgroup,outcome,weeks,events,n,percent,split,not_poolable",
    "patients": "study,patient,age,visits,signs,spaced",
    "scores": "study,patient,score,weeks,value",
    "statements": "study,place,quantity,statistic,value,low,high,printed,outcome,where,criterion",
}


def write(folder: Path, papers: Sequence[Paper]) -> None:
    """The papers as a review."""
    (folder / "review.toml").write_text(TOML, encoding="utf-8")
    for table, columns in COLUMNS.items():
        names = [*columns.split(","), "source", "locator", "state"]
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, names, restval="", extrasaction="ignore")
            writer.writeheader()
            for paper in papers:
                for row in paper.tables[table]:
                    words = {"printed": row["form"].format_map(row)} if "form" in row else {}
                    writer.writerow(row | words)


def audited(papers: Sequence[Paper]) -> Audit:
    """What the audit finds in them."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), papers)
        return audit(load(folder))


class Measured(NamedTuple):
    """What came out: `found` by kind of falsification, `alarms` by severity and rule in true papers."""

    statements: int
    papers: int
    true_cut_offs: int
    alarms: Counter[tuple[str, str]]
    found: dict[str, Counter[str]]
    missed: list[tuple[Change, Row, Row]]


def made(seed: int, papers: int) -> Iterator[tuple[Paper, list[Change]]]:
    """True papers and what can be falsified in them."""
    chance = random.Random(seed)
    for number in range(papers):
        maker = Maker(chance, f"p{number}")
        yield maker.make(), maker.changes


def measure(seed: int = SEED, papers: int = PAPERS) -> Measured:
    """True papers, then each with one number altered; kinds take turns, so that rare ones are measured too."""
    true = list(made(seed, papers))
    chance = random.Random(seed + 1)
    said: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    alarms: Counter[tuple[str, str]] = Counter()
    cut_offs = 0
    for finding in audited([paper for paper, _ in true]).findings:
        said[finding.study].add((finding.rule, finding.quantity, finding.reason))
        if finding.rule == "cut-off":
            cut_offs += 1
        else:
            alarms[finding.severity, finding.rule] += 1
    used: Counter[str] = Counter()
    false: list[Paper] = []
    done: dict[str, tuple[Change, Row, Row]] = {}
    for paper, changes in true:
        for change in sorted(changes, key=lambda change: (used[change.kind], chance.random())):
            altered = falsify(chance, paper, change)
            if altered is not None:
                used[change.kind] += 1
                false.append(altered)
                rows = paper.tables[change.table][change.row], altered.tables[change.table][change.row]
                done[paper.name] = (change, *rows)
                break
    worst: dict[str, str] = {}
    for finding in audited(false).findings:  # worst first within a report
        if (finding.rule, finding.quantity, finding.reason) not in said[finding.study]:
            worst.setdefault(finding.study, finding.severity)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, (change, *_) in done.items():
        found[change.kind][worst.get(name, "nothing")] += 1
    numbers = sum(len(paper.tables["statements"]) + len(paper.tables["outcomes"]) for paper, _ in true)
    missed = [entry for name, entry in done.items() if name not in worst]
    return Measured(numbers, len(true), cut_offs, alarms, dict(found), missed)


def report(measured: Measured) -> str:
    """The report in Markdown."""
    return "\n".join(_lines(measured)) + "\n"


def _lines(measured: Measured) -> Iterator[str]:
    yield "# What an audit finds, and how often it is wrong"
    yield ""
    yield f"`python validation/audit.py` writes this: {measured.papers} true papers with {measured.statements} statements and"
    yield f"results drawn with seed {SEED}, and the same papers with one number (one digit replaced by another at random) or"
    yield "one word altered. The audit knows nothing but what the papers print and the tables hold. `validation/audit.py` says how"
    yield "they are made. The rules were made with papers of another seed, and not touched after these were drawn."
    yield ""
    yield "## False alarms in true papers"
    yield ""
    yield "| severity | findings | per 1000 statements |"
    yield "|---|---:|---:|"
    for severity in ("error", "contradiction", "note"):
        count = sum(number for (level, _), number in measured.alarms.items() if level == severity)
        yield f"| {severity} | {count} | {1000 * count / measured.statements:.2f} |"
    yield ""
    rules = "; ".join(
        f"{rule} ({severity}): {count}" for (severity, rule), count in sorted(measured.alarms.items())
    )
    yield f"By rule: {rules or 'none'}. Besides, {measured.true_cut_offs} notes that digits were cut off or a half rounded,"
    yield "which is true of them."
    yield ""
    yield "## Sensitivity by what was falsified"
    yield ""
    yield "| falsified | papers | found as error or contradiction | found at all |"
    yield "|---|---:|---:|---:|"
    total: Counter[str] = Counter()
    for kind in sorted(measured.found):
        yield _row(kind, measured.found[kind])
        total += measured.found[kind]
    yield _row("all", total)
    yield ""
    yield MEANING


def _row(kind: str, counts: Counter[str]) -> str:
    n = sum(counts.values())
    firm = counts["error"] + counts["contradiction"]
    return f"| {kind} | {n} | {100 * firm / n:.0f} % | {100 * (n - counts['nothing']) / n:.0f} % |"


MEANING = """\
"Patients listed": the review has the individual patients. "Whole numbers": it has not, but knows that the quantity is counted
in whole numbers; then only the arithmetic of so many whole numbers speaks (GRIM), and of fifty patients and more hardly
anything does. "Nothing else known": order and range alone. A digit can also turn a number into another that the same data
would print (a median cut off or rounded), or a p value into one on the same side of 0.05: no audit of print can find those.
"""


def main() -> None:
    """Write the report; `--missed` lists what was not found instead."""
    measured = measure()
    if "--missed" in sys.argv:
        for change, before, after in measured.missed:
            altered = {name: (before[name], cell) for name, cell in after.items() if before[name] != cell}
            print(change.kind, altered, before.get("form", ""))
        return
    REPORT.write_text(report(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
