"""outcomes.csv by itself: percentages, thresholds, parts of a whole, denominators, and who was treated."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, product
from math import prod
from typing import NamedTuple

from evidence.review.arms import ALL_ARMS, is_comparator, is_control
from evidence.review.audit.findings import Finding
from evidence.review.audit.rounding import prints_as, rounds_to, shown
from evidence.review.audit.scene import Scene, found_at
from evidence.review.printed import counts_of, read_printed
from evidence.review.schema import NOT_STATED, OutcomeRow

MOST_SUMS = 1000
"""Ways to add up reports that are tried."""

# ---- a row ---------------------------------------------------------------------------------------


def check_percent(row: OutcomeRow) -> Iterator[Finding]:
    """A crude percentage is that of its count, or of some whole count of n."""
    if not row.percent or row.percent_kind not in ("", "crude") or not row.n:
        return
    if row.events is not None and _rounded(row.percent, row.events, row.n):
        return
    printed = read_printed(row.percent)
    if printed is None:
        return
    text = f"{row.percent} %"
    if row.events is None:
        if not counts_of(printed, row.n).any:
            reason = f"{text} of {row.n} patients is no whole number of them."
            yield found_at(
                row,
                "percent",
                "error",
                reason,
                printed=text,
                recomputed=f"no count of {row.n}",
                column="percent",
            )
        return
    exact = Fraction(100 * row.events, row.n)
    value = f"{shown(exact, printed.decimals + 1)} %"
    count = f"{row.events}/{row.n}"
    if not prints_as(exact, printed):
        reason = f"{text} is printed for {count}, which is {value}."
        yield found_at(row, "percent", "error", reason, printed=text, recomputed=value, column="percent")
    elif not rounds_to(exact, printed):
        rounded = f"{float(exact):.{printed.decimals}f} %"
        reason = f"{count} is {value}, cut off to {text} instead of rounded to {rounded}."
        yield found_at(row, "cut-off", "note", reason, printed=text, recomputed=rounded, column="percent")


def _rounded(percent: str, events: int, n: int) -> bool:
    """Whether a percentage is the count's, rounded: whole numbers alone, since nearly every row ends here."""
    whole, _, decimals = percent.partition(".")
    digits = whole + decimals
    if not (digits.isascii() and digits.isdigit()):
        return False
    over: int = 100 * 10 ** len(decimals) * events - int(digits) * n
    return abs(2 * over) <= n


def check_evaluated(scene: Scene, row: OutcomeRow) -> Iterator[Finding]:
    """No more patients than the report treated; a control arm against its own number, all arms against both."""
    study = scene.review.studies[row.study]
    if row.n is None or study.treated is None:
        return
    if is_comparator(row.arm):
        most, who = study.controls, "controls"
    elif row.arm.casefold() in ALL_ARMS:
        most, who = (None if study.controls is None else study.treated + study.controls), "patients"
    else:
        most, who = study.treated, "treated patients"
    if most is not None and row.n > most:
        yield found_at(
            row, "evaluated", "contradiction", f"{row.n} patients are evaluated, but studies.csv has {most} {who}.",
            printed=str(row.n), recomputed=f"at most {most}", column="n",
        )  # fmt: skip


# ---- thresholds ----------------------------------------------------------------------------------


class Threshold(NamedTuple):
    """A limit as `outcomes.csv` states it: `at least 50 %` is a reduction, others are of the score itself."""

    test: str
    limit: float


_THRESHOLD = re.compile(r"(at least|at most|below|above) (-?[0-9]+(?:\.[0-9]+)?)( %)?")


@cache
def read_threshold(text: str) -> Threshold | None:
    """`at least 50 %` -> (reduction, 50); None for other words."""
    match = _THRESHOLD.fullmatch(text.strip().lower())
    if match is None:
        return None
    if match[3]:
        return Threshold("reduction", float(match[2])) if match[1] == "at least" else None
    return Threshold(match[1], float(match[2]))


def stricter(a: Threshold, b: Threshold) -> bool:
    """Whether everybody who meets `a` meets `b`, and not the other way round."""
    lower, higher = ("at most", "below"), ("at least", "above")
    if a.test == b.test == "reduction" or (a.test in higher and b.test in higher):
        return a.limit > b.limit or (a.limit == b.limit and (a.test, b.test) == ("above", "at least"))
    if a.test in lower and b.test in lower:
        return a.limit < b.limit or (a.limit == b.limit and (a.test, b.test) == ("below", "at most"))
    # A score of 0 is a reduction of 100 %.
    return a.test == "at most" and a.limit <= 0 and b.test == "reduction" and b.limit <= 100


def check_thresholds(scene: Scene, rows: Iterable[OutcomeRow]) -> Iterator[Finding]:
    """Of the same patients at the same time, no more meet the stricter of two thresholds on one scale."""
    rules = {
        key: outcome.rule.threshold
        for key, outcome in scene.review.outcomes.items()
        if outcome.rule is not None
    }
    groups: dict[tuple[object, ...], list[tuple[OutcomeRow, Threshold]]] = defaultdict(list)
    for row in rows:
        if row.events is None or row.weeks == NOT_STATED:
            continue
        threshold = read_threshold(row.threshold or rules.get(row.outcome, ""))
        if threshold is not None:
            scale = row.scale or scene.review.outcomes[row.outcome].scale
            groups[row.study, row.arm, row.subgroup, row.weeks, row.n, scale].append((row, threshold))
    for group in groups.values():
        for one, other in combinations(group, 2):
            for (strict, a), (loose, b) in ((one, other), (other, one)):
                if stricter(a, b) and (strict.events or 0) > (loose.events or 0):
                    row = strict if strict.row else loose
                    names = scene.review.outcomes
                    yield found_at(
                        row, "thresholds", "error" if a.test == b.test else "contradiction",
                        f"{names[strict.outcome].label} ({_limit(a)}) in {strict.events}/{strict.n}, but only "
                        f"{loose.events}/{loose.n} have {names[loose.outcome].label} ({_limit(b)}), which is less to ask.",
                        printed=f"{strict.events}/{strict.n}", recomputed=f"at most {loose.events}/{loose.n}", column="events",
                    )  # fmt: skip


def _limit(threshold: Threshold) -> str:
    if threshold.test == "reduction":
        return f"at least {threshold.limit:g} % less"
    return f"{threshold.test} {threshold.limit:g}"


# ---- parts and the whole -------------------------------------------------------------------------


def check_parts(scene: Scene, rows: Sequence[OutcomeRow]) -> Iterator[Finding]:
    """A subgroup is no more than the whole, and the parts of a complete division add up to it."""
    parts = [row for row in rows if row.subgroup]
    if not parts:
        return
    wanted = {(row.arm, row.outcome, row.weeks) for row in parts}
    whole: dict[tuple[object, ...], OutcomeRow] = {}
    by_cohorts: dict[tuple[object, ...], OutcomeRow] = {}
    for row in rows:
        where = row.arm, row.outcome, row.weeks
        if not row.subgroup and where in wanted and row.n is not None:
            whole[row.study, *where] = row
            by_cohorts.setdefault((_cohorts(scene, row.study), *where), row)
    splits: dict[tuple[object, ...], list[OutcomeRow]] = defaultdict(list)
    for part in parts:
        where = part.arm, part.outcome, part.weeks
        if part.split:
            splits[part.study, part.split, *where].append(part)
        every = whole.get((part.study, *where))
        if every is not None and part.n is not None:
            yield from _part(part, every)
    for (study, split, *place), members in splits.items():
        own = whole.get((study, *place))
        against = own or by_cohorts.get((_cohorts(scene, str(study)), *place))
        if against is None or any(row.events is None or row.n is None for row in members) or len(members) < 2:
            continue
        total = sum(row.events or 0 for row in members), sum(row.n or 0 for row in members)
        if against.events is not None and total != (against.events, against.n):
            counts = " + ".join(f"{row.events}/{row.n}" for row in members)
            there = (
                "the row for all"
                if own is not None
                else f"{scene.review.label(against.study)}, of the same cohorts,"
            )
            yield found_at(
                members[0], "strata", "contradiction" if own is not None else "note",
                f"The parts by {split} make {counts} = {total[0]}/{total[1]}; {there} has {against.events}/{against.n}.",
                printed=f"{total[0]}/{total[1]}", recomputed=f"{against.events}/{against.n}", column="events",
            )  # fmt: skip


def _part(part: OutcomeRow, whole: OutcomeRow) -> Iterator[Finding]:
    assert part.n is not None
    assert whole.n is not None
    more = part.n > whole.n or (
        part.events is not None
        and whole.events is not None
        and (part.events > whole.events or part.n - part.events > whole.n - whole.events)
    )
    if more:
        a, b = (f"{row.events}/{row.n}" if row.events is not None else str(row.n) for row in (part, whole))
        yield found_at(
            part, "part", "error", f"{part.subgroup} has {a}, which is no part of the {b} of all.",
            printed=a, recomputed=f"within {b}", column="events" if part.events is not None else "n",
        )  # fmt: skip


def _cohorts(scene: Scene, study: str) -> tuple[str, ...]:
    return tuple(sorted(scene.review.cohorts[study]))


def check_reports(scene: Scene, rows: Sequence[OutcomeRow]) -> Iterator[Finding]:
    """A report that pools several cohorts against the reports of each of them."""
    cohorts = scene.review.cohorts
    pooled = [
        row for row in rows if len(cohorts[row.study]) > 1 and not row.subgroup and row.events is not None
    ]
    if not pooled:
        return
    wanted = {(row.arm, row.outcome, row.weeks) for row in pooled}
    single: dict[tuple[object, ...], list[OutcomeRow]] = defaultdict(list)
    for row in rows:
        place = row.arm, row.outcome, row.weeks
        if len(cohorts[row.study]) == 1 and not row.subgroup and row.events is not None and place in wanted:
            single[cohorts[row.study][0], *place].append(row)
    for row in pooled:
        candidates = [
            single.get((cohort, row.arm, row.outcome, row.weeks), ()) for cohort in cohorts[row.study]
        ]
        if not all(candidates) or prod(map(len, candidates)) > MOST_SUMS:
            continue
        sums = [
            (sum(one.events or 0 for one in chosen), sum(one.n or 0 for one in chosen))
            for chosen in product(*candidates)
        ]
        if (row.events, row.n) not in sums:
            events, n = sums[0]
            first = next(product(*candidates))
            counts = " + ".join(f"{one.events}/{one.n}" for one in first)
            yield found_at(
                row, "reports", "note",
                f"{row.events}/{row.n} is printed for all; the reports of its cohorts make {counts} = {events}/{n}.",
                printed=f"{row.events}/{row.n}", recomputed=f"{events}/{n}", column="events",
            )  # fmt: skip


# ---- denominators --------------------------------------------------------------------------------


def check_denominators(scene: Scene, rows: Iterable[OutcomeRow]) -> Iterator[Finding]:
    """Numbers evaluated for one outcome of one arm at several times: a change needs a reason in the row."""
    groups: dict[tuple[str, str, str, str], list[OutcomeRow]] = defaultdict(list)
    for row in rows:
        if row.n is not None and row.events is not None:
            groups[row.study, row.arm, row.subgroup, row.outcome].append(row)
    for group in groups.values():
        if len(group) < 2 or len({row.n for row in group}) == 1:
            continue
        most = max(row.n or 0 for row in group)
        odd = [row for row in group if (row.n or 0) < most and not _reason(row)]
        if not odd:
            continue
        every = ", ".join(f"{row.n} ({row.when})" for row in sorted(group, key=_time))
        yield found_at(
            odd[0], "denominator", "note",
            f"{scene.review.outcomes[odd[0].outcome].label} is evaluated in {every}, and the smaller row gives no reason.",
            printed=str(odd[0].n), recomputed=str(most), column="n",
        )  # fmt: skip


def _reason(row: OutcomeRow) -> bool:
    return any((row.population, row.missing_data, row.not_poolable, row.caution, row.note))


def _time(row: OutcomeRow) -> tuple[bool, float]:
    return (False, row.weeks) if isinstance(row.weeks, float) else (True, 0.0)


def by_place(rows: Iterable[OutcomeRow]) -> Mapping[tuple[object, ...], Sequence[OutcomeRow]]:
    """Rows by report, outcome and time: the arms beside each other."""
    found: dict[tuple[object, ...], list[OutcomeRow]] = defaultdict(list)
    for row in rows:
        found[row.study, row.outcome, row.weeks].append(row)
    return found


def treated_first(row: OutcomeRow) -> bool:
    """Whether a row is of a treated arm, with which an effect is printed once."""
    return not is_control(row.arm)
