"""compare(): ours, a pool or any row of a review against a trial's arms and times; compare_rows(): bare counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from evidence.analysis.about import about_counts, about_review
from evidence.analysis.contrasts import (
    Differences,
    between_rows,
    differences,
    kinds,
    pool_and_row,
    row_and_pool,
)
from evidence.analysis.notices import alarms, notices_of
from evidence.analysis.pooling import plan_rows, unchecked, version
from evidence.analysis.results import WHOLE, Compared, Contrast, PoolRow, StudyRow
from evidence.analysis.rows import OURS, count_rows, review_rows, scale_marks, tell_apart
from evidence.errors import NotPossible, OptionError
from evidence.review import overlaps
from evidence.review.arms import is_control
from evidence.review.choice import Chosen, Reference, Window
from evidence.review.counts import CountRow
from evidence.review.names import Address, find_address, listed, match
from evidence.review.question import AnalysisSpec
from evidence.review.references import (
    Time,
    Wanted,
    compared_with,
    declared_references,
    middle,
    same_patients,
)
from evidence.review.schema import LAST_VISIT
from evidence.review.selection import preference, resolve, row_of, select
from evidence.review.tables import Review
from evidence.synthesis.comparison import DIFFERENCES, TESTS
from evidence.synthesis.fitting import Options
from evidence.synthesis.proportions import INTERVALS


class Side(NamedTuple):
    """One side of a comparison: typed `counts`, or `entries` of the review; as a `pool` ("all", "others") or a row."""

    entries: tuple[Chosen, ...] = ()
    counts: tuple[CountRow, ...] = ()
    pool: str = ""
    notes: tuple[str, ...] = ()


def compare(
    review: Review,
    outcome: str | None = None,
    *,
    cohort: str | CountRow | None = None,
    against: str | CountRow | None = None,
    arm: str | None = None,
    weeks: Window | float | str | None = None,
    analysis: str | None = None,
    test: str = "fisher",
    difference: str = "newcombe",
    interval: str = "exact",
    level: float = 0.95,
) -> Compared:
    """Ours, or any cohort, against a reference: every arm and time of it side by side, the one asked for first.

    `cohort` and `against` are reports by key or label ("trial2", "trial2:placebo"),
    "ours", a pool ("all", "others"), or counts; by default ours against the
    reference of the analysis. `arm` and `weeks` say which row of the reference
    leads; an unverified one never does where a checked one of its patients is at
    hand. `test` is one of fisher, boschloo, barnard, `difference` newcombe or
    miettinen-nurminen; a pool is that of the analysis, at its own times, and is
    compared by MOVER. `interval` is that of each row as in `pool`, `level` that
    of every interval, 0 to 1.

    Raises OptionError for a name that does not exist, NotPossible where there is
    nothing to compare or the same patients are on both sides.
    """
    options = _checked(test, difference, interval, level)
    spec = resolve(review, outcome, analysis)
    at = _time(weeks)
    one = _one_side(review, spec, cohort, at)
    other = _other_side(review, spec, one, against, arm, at)
    if one.pool and other.pool:
        raise OptionError("against", against, f"a report or counts: {one.pool} is a pool already")
    if one.pool:
        one = _members(review, spec, one.pool, other.entries)
    rows = _rows(one, "", options)
    beside = _rows(other, "" if other.pool else "reference", options)
    named = tell_apart([*rows, *beside])
    rows, beside = named[: len(rows)], named[len(rows) :]
    meaning = review.outcomes[spec.outcome]
    shared = overlaps.warnings(review, [*one.entries, *other.entries], overlaps.ADVERBS)
    return _result(
        _Drawn(rows, one.pool),
        _Drawn(beside, other.pool),
        options,
        found=differences(review, one.entries, other.entries),
        bears=kinds(review, one.entries, other.entries) if one.entries else [],
        **about_review(review, spec),
        options={"cohort": _said(cohort), "against": _said(against), "arm": arm, "weeks": at, **options},
        notes=tuple(dict.fromkeys([*one.notes, *shared])),
        warnings=tuple(alarms([*rows, *beside], notices_of(review))),
        instead="; ".join(other.notes),
        scales=scale_marks([*rows, *beside], meaning.scale),
    )


def compare_rows(
    one: CountRow,
    *others: CountRow,
    title: str = "",
    test: str = "fisher",
    difference: str = "newcombe",
    interval: str = "exact",
    level: float = 0.95,
) -> Compared:
    """Bare counts against one or more others, without a review, under `title`. Options as in `compare`.

    Raises OptionError where there is nothing to compare with.
    """
    options = _checked(test, difference, interval, level)
    if not others:
        raise OptionError("against", "", "counts to compare with, such as 24/49")
    rows = _rows(Side(counts=(one,)), "", options)
    beside = _rows(Side(counts=others), "reference", options)
    named = tell_apart([*rows, *beside])
    return _result(
        _Drawn(named[:1]),
        _Drawn(named[1:]),
        options,
        found={},
        bears=[],
        **about_counts(title),
        options=options,
    )


def _checked(test: str, difference: str, interval: str, level: float) -> dict[str, Any]:
    checked = (
        ("test", test, TESTS),
        ("difference", difference, DIFFERENCES),
        ("interval", interval, INTERVALS),
    )
    for name, value, allowed in checked:
        if value not in allowed:
            raise OptionError(name, value, allowed)
    return {"test": test, "difference": difference, "interval": interval, "level": level}


def _time(weeks: Window | float | str | None) -> Time | None:
    if isinstance(weeks, int | float):
        return float(weeks), float(weeks)
    if isinstance(weeks, str) and weeks != LAST_VISIT:
        raise OptionError("weeks", weeks, f"a week, a window of two, or {LAST_VISIT!r}")
    return weeks


def _said(side: str | CountRow | None) -> str | None:
    return f"{side.study}={side.events}/{side.n}" if isinstance(side, CountRow) else side


# ---- the side of interest ------------------------------------------------------------------------


def _one_side(review: Review, spec: AnalysisSpec, cohort: str | CountRow | None, at: Time | None) -> Side:
    if isinstance(cohort, CountRow):
        return Side(counts=(cohort,))
    if cohort in WHOLE:
        return Side(pool=str(cohort))
    if cohort is None and not spec.ours:
        return Side(pool="all")
    if cohort is None or cohort.casefold() == OURS.casefold():
        if not spec.ours:
            raise OptionError("cohort", cohort, "a report or a pool; review.toml does not say which is ours")
        return Side((_entry(review, spec, Address((spec.ours,)), at),))
    rows = review.by_outcome.get(spec.outcome, ())
    return Side((_entry(review, spec, find_address(review, cohort, rows, "cohort"), at),))


def _entry(review: Review, spec: AnalysisSpec, address: Address, at: Time | None) -> Chosen:
    """The row somebody means; of several reports' rows (one label, one cohort) the one a pool would keep."""
    target = middle(at) if at is not None else spec.reference.weeks if spec.reference else None
    window = at if isinstance(at, tuple) else None
    found: list[Chosen] = []
    reasons: list[NotPossible] = []
    for study in address.reports:
        try:
            found.append(
                row_of(
                    review,
                    spec,
                    study,
                    arm=address.arm,
                    subgroup=address.subgroup,
                    weeks=address.weeks,
                    at=window,
                    target=target,
                )
            )
        except NotPossible as reason:
            reasons.append(reason)
    if not found:
        raise reasons[0]
    return min(found, key=preference)


def _members(review: Review, spec: AnalysisSpec, pool: str, references: Sequence[Reference]) -> Side:
    """The series of a pool, nobody among them who is on the other side."""
    selection = select(review, spec, references=references)
    members = tuple(entry for entry in selection.chosen if pool == "all" or entry.role != "ours")
    if not members:
        label = review.outcomes[spec.outcome].label
        raise NotPossible(f"no series is left to pool for {label}: evidence pool --excluded says why")
    return Side(members, pool=pool, notes=selection.warnings)


# ---- the side it is compared with ----------------------------------------------------------------


def _other_side(
    review: Review,
    spec: AnalysisSpec,
    one: Side,
    against: str | CountRow | None,
    arm: str | None,
    at: Time | None,
) -> Side:
    if isinstance(against, CountRow):
        return Side(counts=(against,))
    if against in WHOLE:
        if against == "all" and any(entry.role == "ours" for entry in one.entries):
            raise OptionError("against", against, "others: all series together have ours among them")
        return _members(review, spec, str(against), one.entries if not _ours(one) else ())
    entry = one.entries[0] if one.entries else None
    rows = review.by_outcome.get(spec.outcome, ())
    declared: Sequence[Reference] = ()
    if against is not None:
        address = find_address(review, against, rows, "against")
    elif (
        entry is not None and not _ours(one) and arm and match(arm, _arms(review, spec, (entry.study.study,)))
    ):
        address = Address((entry.study.study,))  # another arm of the same trial
    elif spec.reference is not None:
        address = Address((spec.reference.study,), subgroup=spec.reference.subgroup)
    else:
        named = f"the analysis {spec.name}" if spec.name else f"the outcome {spec.outcome}"
        raise NotPossible(f"{named} names no reference: say what to compare with, such as --against STUDY")
    if spec.reference is not None and spec.reference.study in address.reports and not address.subgroup:
        declared = declared_references(review, spec)[0]
        if against is None and not arm and entry is not None:
            _check_apart(review, entry, declared[0])
    if arm:
        address = address._replace(arm=_arm(review, spec, address.reports, arm))
    if isinstance(address.weeks, float):
        at = address.weeks, address.weeks
    elif address.weeks is not None:
        at = address.weeks
    wanted = Wanted(address.reports, address.arm, address.subgroup, at)
    found, said = compared_with(review, spec, wanted, entry=entry, declared=declared)
    return Side(tuple(found), notes=tuple(said))


def _check_apart(review: Review, entry: Chosen, reference: Reference) -> None:
    """Whoever names a trial alone may mean ours against it: where the reference has its patients, say how to ask."""
    if set(review.cohorts[entry.study.study]) & set(review.cohorts[reference.study.study]):
        key = entry.study.study
        raise NotPossible(
            f"{entry.named} has patients of the reference, {reference.named}: nobody can be on both sides. "
            f"Ours against it: evidence compare --against {key}; two of its arms: evidence compare {key} {key}:placebo"
        )


def _ours(side: Side) -> bool:
    return any(entry.role == "ours" for entry in side.entries)


def _arms(review: Review, spec: AnalysisSpec, reports: Sequence[str]) -> list[str]:
    known = {other for study in reports for other in same_patients(review, study)}
    rows = [row for row in review.by_outcome.get(spec.outcome, ()) if row.study in known]
    return list(dict.fromkeys(row.arm for row in rows if row.arm and not row.not_poolable))


def _arm(review: Review, spec: AnalysisSpec, reports: Sequence[str], name: str) -> str:
    arms = _arms(review, spec, reports)
    found = match(name, arms)
    if len(found) != 1:
        raise OptionError("arm", name, listed(found or arms) or "none; no arm is named there")
    return found[0]


# ---- the result ----------------------------------------------------------------------------------


def _rows(side: Side, role: str, options: Mapping[str, Any]) -> list[StudyRow]:
    interval, level = options["interval"], options["level"]
    if side.counts:
        return count_rows(side.counts, interval, level, role=role)
    rows = review_rows(side.entries, interval, level)
    return [row._replace(also=_also(row, rows[0])) for row in rows]


def _also(row: StudyRow, lead: StudyRow) -> str:
    """What a row is called besides, to be told from all treated patients of its report, and from the lead's controls."""
    control = ""
    if is_control(row.arm):
        control = row.arm if row.role != "reference" else row.label if row.label != lead.label else ""
    return ", ".join(filter(None, (control, row.subgroup)))


class _Drawn(NamedTuple):
    """A side as rows of the result: one row, several to compare with, or the members of a pool."""

    rows: Sequence[StudyRow]
    pool: str = ""

    def pooled(self, choices: Mapping[str, Any]) -> list[PoolRow]:
        """Its pool, by the default model; none where rows stand for themselves."""
        if not self.pool:
            return []
        options = Options(interval=choices["interval"], level=choices["level"])
        return [PoolRow(self.pool, plan_rows(self.rows, options._asdict()))]


def _result(
    one: _Drawn,
    other: _Drawn,
    choices: Mapping[str, Any],
    *,
    found: Differences,
    bears: Sequence[str],
    notes: Sequence[str] = (),
    **about: Any,
) -> Compared:
    pools = one.pooled(choices), other.pooled(choices)
    members = [row for side in (one, other) if side.pool for row in side.rows]
    return Compared(
        version=version(),
        studies=(*one.rows, *other.rows),
        pooled=(*pools[0], *pools[1]),
        comparisons=tuple(_contrasts(one, other, pools, choices, found, bears)),
        notes=(*notes, *unchecked(members)),
        **about,
    )


def _contrasts(
    one: _Drawn,
    other: _Drawn,
    pools: tuple[list[PoolRow], list[PoolRow]],
    choices: Mapping[str, Any],
    found: Differences,
    bears: Sequence[str],
) -> Iterator[Contrast]:
    test, difference, level = choices["test"], choices["difference"], choices["level"]
    for pool in pools[1]:
        kind = "naive" if set(bears) == {"naive"} else "anchored" if bears else ""
        yield row_and_pool(one.rows[0], pool, test=test, kind=kind)
    if pools[1]:
        return
    for number, row in enumerate(other.rows):
        kind = bears[number] if bears else ""
        for pool in pools[0]:
            yield pool_and_row(pool, one.rows, row, found, test=test, kind=kind)
        if not pools[0]:
            yield between_rows(
                one.rows[0], row, found, level=level, test=test, difference=difference, kind=kind
            )
