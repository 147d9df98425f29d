"""P values that so few patients cannot give, and a median against a median change in percent.

The smallest two-sided p of an exact signed-rank or sign test of n pairs is 2 / 2^n (Wilcoxon 1945, Biometrics Bull
1:80-83): 0.0156 of seven, whatever the scores. A median of L at the end leaves more than half of an odd number at or
below L, each of whom fell at least to L from a baseline no lower than the lowest: so did the median change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

from evidence.review.audit.findings import Finding
from evidence.review.audit.reading import (
    NOT_A_RANGE,
    PAIRED_TEST,
    Course,
    PValue,
    Step,
    as_printed,
    read_course,
    read_p,
)
from evidence.review.audit.rounding import as_text, rounds_to, shown, span
from evidence.review.audit.scene import Scene, found_at, found_in, value_of
from evidence.review.printed import Printed
from evidence.review.schema import OutcomeRow, Statement

# ---- p values ------------------------------------------------------------------------------------


def smallest_p(n: int) -> Fraction:
    """The least two-sided p of an exact signed-rank or sign test of n pairs."""
    return min(Fraction(2, 2**n), Fraction(1))


def too_small(p: PValue, n: int, least: Fraction) -> bool:
    """Whether the p value is below what n pairs can give; printed digits stand for all they may."""
    if p.sign == ">":
        return False
    return least >= p.value.value if p.sign == "<" else least > span(p.value).high


def _verdict(p: PValue, n: int, *, named: bool) -> tuple[str, str] | None:
    """Severity and reason; None where so many pairs can give it. `named`: the test is known to be such a one."""
    least = smallest_p(n)
    if n > 60 or not too_small(p, n, least):
        return None
    one_sided = not too_small(p, n, least / 2)
    text = f"{p.text} cannot come from an exact signed-rank or sign test of {n} pairs, whose smallest two-sided p is {_p(least)}"
    if one_sided:
        return "note", f"{text}; a one-sided one can be half of that."
    if not named:
        return "note", f"{text}; only a test that assumes a distribution could give it."
    return "error", f"{text}."


def _p(value: Fraction) -> str:
    return f"{float(value):.3g}"


def check_p(scene: Scene, said: Statement) -> Iterator[Finding]:
    """A p value in statements.csv, of paired scores."""
    if said.statistic != "p":
        return
    timed = scene.people.score_at(said.quantity)
    named = PAIRED_TEST.search(said.printed) is not None
    n = scene.people.size(said)
    if n is None or not (named or timed):
        return
    for p in read_p(said.printed):
        verdict = _verdict(p, n, named=named)
        if verdict is not None:
            severity, reason = verdict
            yield found_in(
                said, "p-few", severity, reason, printed=p.text, recomputed=f"at least {_p(smallest_p(n))}"
            )


# ---- courses in outcomes.csv ---------------------------------------------------------------------


def check_course(scene: Scene, row: OutcomeRow) -> Iterator[Finding]:
    """The course of a score as printed in `value`: its p values, and its last median against the change in percent."""
    course = read_course(row.value)
    if course is None or row.n is None:
        return
    n = row.n
    given = [step.p for step in course.steps if step.p is not None]
    # A p that is the very least an exact test gives shows which test it was.
    least = [p for p in given if p.sign == "=" and rounds_to(smallest_p(n), p.value)]
    named = bool(least) or PAIRED_TEST.search(row.value + row.definition) is not None
    for p in given:
        verdict = _verdict(p, n, named=named)
        if verdict is not None:
            severity, reason = verdict
            if severity == "error" and least:
                reason = f"{reason.rstrip('.')} (the {least[0].text} printed beside it)."
            yield found_at(
                row, "p-few", severity, reason, printed=p.text, recomputed=f"at least {_p(smallest_p(n))}", column="value"
            )  # fmt: skip
    if course.change is not None and "median" in f"{row.definition} {course.words}".casefold():
        scale = row.scale or scene.review.outcomes[row.outcome].scale
        whole = scale in scene.people.whole_scales
        yield from _course_change(row, course, course.change, n, whole)


def _course_change(
    row: OutcomeRow, course: Course, change: Printed, n: int, whole: bool
) -> Iterator[Finding]:
    first = course.steps[0]
    at = next(
        (step for step in course.steps[1:] if step.time and step.time == course.change_time), course.steps[-1]
    )
    allowed = _allowed(n, at.value, first, whole)
    if allowed is not None and not _within(change, allowed):
        yield found_at(
            row, "percent-change", "error", _impossible(n, first.value, at.value, change, allowed),
            printed=f"{as_text(change)} %", recomputed=_between(allowed), column="value",
        )  # fmt: skip


# ---- the change, in both tables ------------------------------------------------------------------


def _allowed(
    n: int, last: Printed, first: Step, whole: bool
) -> tuple[Fraction | None, Fraction | None] | None:
    return change_bounds(n, last, first.low, first.high, whole=whole)


def change_bounds(
    n: int, last: Printed, low: Printed | None, high: Printed | None, *, whole: bool
) -> tuple[Fraction | None, Fraction | None] | None:
    """Between which the median reduction in percent lies, when n scores end at a median of `last`.

    `low` and `high` are the range of the baselines, if known. None is no bound; an even number has none, whose two
    middle patients may be far apart. `whole`: scores are whole numbers, so that the median of an odd number is exact.
    """
    if n % 2 == 0:
        return None
    exact = whole and last.decimals == 0
    end = (last.value, last.value) if exact else tuple(span(last))
    least = most = None
    if end[1] <= 0:
        least = Fraction(100)
    elif low is not None and (base := low.value if whole else span(low).low) > 0:
        least = 100 * (1 - end[1] / base)
    if high is not None and (top := high.value if whole else span(high).high) > 0:
        most = 100 * (1 - max(end[0], Fraction(0)) / top)
    return (least, most) if least is not None or most is not None else None


def _within(change: Printed, allowed: tuple[Fraction | None, Fraction | None]) -> bool:
    own = span(change)
    least, most = allowed
    return (least is None or own.high >= least) and (most is None or own.low <= most)


def _between(allowed: tuple[Fraction | None, Fraction | None]) -> str:
    least, most = allowed
    if least is not None and most is not None:
        return f"{shown(least, 1)} to {shown(most, 1)} %"
    return f"at least {shown(least, 1)} %" if least is not None else f"at most {shown(most or 0, 1)} %"


def _impossible(
    n: int,
    first: Printed | None,
    last: Printed,
    change: Printed,
    allowed: tuple[Fraction | None, Fraction | None],
) -> str:
    least, _ = allowed
    more = n // 2 + 1
    if least == 100:
        return (
            f"A median of {as_text(last)} in {n} patients leaves at least {more} of them at {as_text(last)}, a reduction of 100 %: "
            f"the median reduction cannot be {as_text(change)} %."
        )
    start = f" from {as_text(first)}" if first is not None else ""
    return (
        f"With a median{start} that ends at {as_text(last)} in {n} patients, the median reduction is "
        f"{_between(allowed)}, not {as_text(change)} %."
    )


def check_changes(scene: Scene, statements: Iterable[Statement]) -> Iterator[Finding]:
    """`<score>_reduction` in percent against `<score>_baseline` and `<score>_last`, all medians of the same patients."""
    medians: dict[tuple[str, str, str, int | None], dict[str, list[Statement]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for said in statements:
        timed = scene.people.score_at(said.quantity)
        if timed is not None and said.statistic == "median" and said.value is not None:
            score, time = timed
            medians[said.study, said.about, score, said.n][time].append(said)
    for (_, _, score, _), found in medians.items():
        lasts = {value_of(said) for said in found["last"]}
        n = scene.people.size(found["last"][0]) if found["last"] else None
        if len(lasts) != 1 or n is None:
            continue
        (last,) = lasts
        ranges = {
            (as_printed(said.low, said.printed), as_printed(said.high, said.printed))
            for said in found["baseline"]
            if said.low is not None and said.high is not None and not NOT_A_RANGE.search(said.printed)
        }
        low, high = next(iter(ranges)) if len(ranges) == 1 else (None, None)
        allowed = change_bounds(n, last, low, high, whole=scene.people.scores[score])
        for said in found["reduction"]:
            change = value_of(said)
            if allowed is not None and not _within(change, allowed):
                yield found_in(
                    said, "percent-change", "error", _impossible(n, None, last, change, allowed),
                    printed=f"{as_text(change)} %", recomputed=_between(allowed),
                )  # fmt: skip
