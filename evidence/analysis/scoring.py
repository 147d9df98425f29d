"""scores(): one group's scores before and after, with the exact test; pool_scores(): what papers print of a score, pooled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from evidence.analysis.pooling import version
from evidence.errors import NotPossible, OptionError
from evidence.review.paired import Paired
from evidence.review.printed_scores import PrintedScore
from evidence.review.responders import Responders, change, count_responders, relative_change, responders
from evidence.shown import Shown
from evidence.synthesis.results import Interval
from evidence.synthesis.scores.medians import (
    METHODS,
    PooledScore,
    Skewness,
    Summary,
    pool_medians,
    skewness,
)
from evidence.synthesis.scores.paired_change import (
    ZEROS,
    SignedRank,
    differences,
    hodges_lehmann,
    signed_rank,
)

BETTER = ("lower", "higher")


class Bound(NamedTuple):
    """What the change would be if all who lack a score had done so: `worse` or `better` than anybody seen, or not
    changed at all (`same`). Numbers are None where they have no bound."""

    assumed: str
    median: float | None
    hodges_lehmann: float | None
    pvalue: float | None


@dataclass(frozen=True)
class Scores(Shown):
    """Everything `evidence scores` shows of one group.

    version         of evidence
    described       the patients, and the medians before, after and of the change
    zeros           what changes of 0 do in the test: wilcoxon or pratt
    level           of every interval, 0 to 1
    changes         after minus before, in points, of those who have both scores
    hodges_lehmann  estimate of the change, in points
    relative        the same of the change as a share of the baseline: -0.5 is half
    test            Wilcoxon's signed-rank test, exact
    missing         patients who lack a score
    bounds          what those could have done to it; empty where nobody lacks one

    `hodges_lehmann`, `relative` and `test` are None where nobody has both scores.
    """

    version: str
    described: Responders
    zeros: str
    level: float
    changes: tuple[float, ...]
    hodges_lehmann: Interval | None
    relative: Interval | None
    test: SignedRank | None
    missing: tuple[str, ...]
    bounds: tuple[Bound, ...]


def scores(
    before: Iterable[Any],
    after: Iterable[Any],
    *,
    patients: Iterable[Any] | None = None,
    better: str = "lower",
    zeros: str = "wilcoxon",
    level: float = 0.95,
) -> Scores:
    """The change of patients' scores: medians, Hodges-Lehmann's estimate and Wilcoxon's signed-rank test, exact.

    `before` and `after` hold a score for each patient, in one order; None or nan stands for a missing one. `patients`
    names them, `better` (lower, higher) says which way improvement goes, `level` is that of the intervals.
    `zeros` says what changes of 0 do in the test: left out (wilcoxon) or ranked first (pratt).

    Raises OptionError for scores, names and options that cannot be.
    """
    told = responders(before, after, patients=patients, missing="observed", better=better)
    return score_changes(
        Paired("", "before", "after", told.patients), better=better, zeros=zeros, level=level
    )


def score_changes(
    paired: Paired, *, better: str = "lower", zeros: str = "wilcoxon", level: float = 0.95
) -> Scores:
    """The same for patients who have been read (`evidence.review.paired`)."""
    for name, value, allowed in (("better", better, BETTER), ("zeros", zeros, ZEROS)):
        if value not in allowed:
            raise OptionError(name, value, allowed)
    described = count_responders(paired, (), better=better, missing="observed", level=level)
    both = [patient for patient in paired.patients if change(patient) is not None]
    changes = differences([p.before or 0.0 for p in both], [p.after or 0.0 for p in both])
    shares = [share for p in both if (share := relative_change(p)) is not None]
    missing = tuple(p.patient for p in paired.patients if change(p) is None)
    return Scores(
        version=version(),
        described=described,
        zeros=zeros,
        level=level,
        changes=tuple(changes.tolist()),
        hodges_lehmann=hodges_lehmann(changes, level=level) if both else None,
        relative=hodges_lehmann(shares, level=level) if shares else None,
        test=signed_rank(changes, zeros=zeros) if both else None,
        missing=missing,
        bounds=tuple(_bounds(changes.tolist(), len(missing), better, zeros)) if both else (),
    )


def _bounds(changes: list[float], missing: int, better: str, zeros: str) -> Iterator[Bound]:
    from math import inf, isfinite

    from evidence.synthesis.scores.median import median_interval

    if not missing:
        return
    gain = -inf if better == "lower" else inf
    for assumed, value in (("worse", -gain), ("same", 0.0), ("better", gain)):
        whole = sorted([*changes, *[value] * missing])
        n = len(whole)
        first, second = whole[(n - 1) // 2], whole[n // 2]
        middle = median_interval([first, second]).estimate if isfinite(first) and isfinite(second) else None
        estimate = float(hodges_lehmann(whole).estimate)
        pvalue = signed_rank(whole, zeros=zeros).pvalue
        yield Bound(
            assumed,
            None if middle is None else float(middle),
            estimate if isfinite(estimate) else None,
            pvalue if pvalue == pvalue else None,
        )


# ---- pooled --------------------------------------------------------------------------------------


class Pool(NamedTuple):
    """A score at one time: its studies, each with its test for skewness, and the pool by each method that can be.

    `pools[0]` leads; `not_possible` are methods with the reason.
    """

    time: str
    rows: tuple[PrintedScore, ...]
    skewness: tuple[Skewness | None, ...]
    pools: tuple[PooledScore, ...]
    not_possible: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PooledScores(Shown):
    """Everything `evidence scores --pool` shows: one `Pool` a time, and what was left out with reasons."""

    version: str
    source: str
    using: str
    level: float
    times: tuple[Pool, ...]
    left_out: tuple[str, ...] = ()


def pool_scores(
    rows: Sequence[PrintedScore],
    *,
    using: str = "weighted-median",
    level: float = 0.95,
    source: str = "",
    left_out: Sequence[str] = (),
) -> PooledScores:
    """Pool what papers print of a score, each time apart, by `using` and beside it by every other method that can.

    Methods are those of `evidence.synthesis.scores.medians`, `level` is that of every interval, 0 to 1. `source` says where the
    rows are from, `left_out` what could not be a row; both are only shown. Raises OptionError for another method,
    NotPossible where no time has two studies, and where
    `using` cannot be used at any.
    """
    if using not in METHODS:
        raise OptionError("using", using, METHODS)
    times: dict[str, list[PrintedScore]] = defaultdict(list)
    for row in rows:
        times[row.time].append(row)
    found = [_pool(time, members, using, level) for time, members in times.items() if len(members) > 1]
    if not found:
        single = "; ".join(f"{row.study}{f', {row.time}' if row.time else ''}" for row in rows) or "none"
        reasons = "".join(f"\n  {reason}" for reason in left_out)
        raise NotPossible(
            f"a pool needs two studies at one time; there are only: {single}."
            + (f"\nNot used:{reasons}" if reasons else "")
            + "\nPut what papers print into a table, such as study,time,n,median,min,max, and name it after --pool."
        )
    if not any(pool.pools and pool.pools[0].method == using for pool in found):
        raise NotPossible("; ".join(dict(pool.not_possible)[using] for pool in found))
    return PooledScores(version(), source, using, level, tuple(found), tuple(left_out))


def _pool(time: str, rows: Sequence[PrintedScore], using: str, level: float) -> Pool:
    summaries = [summary_of(row) for row in rows]
    pools, reasons = [], []
    for method in sorted(METHODS, key=lambda name: name != using):
        try:
            pools.append(pool_medians(summaries, method=method, level=level))
        except NotPossible as error:
            reasons.append((method, _named(str(error), rows)))
    return Pool(
        time, tuple(rows), tuple(skewness(summary) for summary in summaries), tuple(pools), tuple(reasons)
    )


def _named(reason: str, rows: Sequence[PrintedScore]) -> str:
    """The reason with the study's name for its number."""
    for number in range(len(rows), 0, -1):
        if reason.startswith(f"study {number} "):
            return f"{rows[number - 1].study} {reason.removeprefix(f'study {number} ')}"
    return reason


def summary_of(row: PrintedScore) -> Summary:
    """The numbers alone. Of a report with median and mean, methods for medians take the one, for means the other."""
    return Summary(row.n, row.median, row.q1, row.q3, row.low, row.high, row.mean, row.sd)
