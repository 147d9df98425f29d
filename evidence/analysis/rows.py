"""A review's chosen rows, and typed counts, as rows of a result: their intervals, their names, their marks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from evidence.analysis.results import WHOLE, StudyRow
from evidence.review.arms import is_control
from evidence.review.choice import Chosen
from evidence.review.counts import CountRow
from evidence.synthesis.proportions import proportion_interval
from evidence.synthesis.results import Interval

OURS = "Ours"
"""What our own row is called; a typed count of that name is ours."""


def review_rows(
    entries: Sequence[Chosen], interval: str, level: float, groups: Sequence[str | None] | None = None
) -> list[StudyRow]:
    """Chosen rows and references as rows of a result, each with its interval."""
    limits = _intervals([(entry.events, entry.n) for entry in entries], interval, level)
    return [
        StudyRow(
            study=entry.study.study,
            label=OURS if entry.role == "ours" else entry.label,
            arm=entry.arm,
            subgroup=entry.subgroup,
            weeks=entry.weeks,
            when=entry.when,
            role=entry.role,
            group=groups[number] if groups else None,
            events=entry.events,
            n=entry.n,
            weight=None,
            state=entry.state,
            source=entry.source,
            locator=entry.locator,
            scale=entry.scale,
            proportion=limits[number],
            notes=entry.notes,
        )
        for number, entry in enumerate(entries)
    ]


def count_rows(
    rows: Sequence[CountRow],
    interval: str,
    level: float,
    *,
    role: str = "",
    groups: Sequence[str | None] | None = None,
) -> list[StudyRow]:
    """Typed counts as rows of a result, which know no source; `role` is theirs, else by their names."""
    limits = _intervals([(row.events, row.n) for row in rows], interval, level)
    return [
        StudyRow(
            study=row.study,
            label=row.study,
            arm="",
            subgroup="",
            weeks=None,
            when="",
            role=role or ("ours" if row.study.strip().casefold() == OURS.casefold() else "pooled"),
            group=groups[number] if groups else None,
            events=row.events,
            n=row.n,
            weight=None,
            state="",
            source="",
            locator="",
            scale="",
            proportion=limits[number],
        )
        for number, row in enumerate(rows)
    ]


def _intervals(counts: Sequence[tuple[int, int]], method: str, level: float) -> list[Interval]:
    """One interval a row, all computed at once: a numpy call a row would take longer than the pool."""
    if not counts:
        return []
    events, sizes = zip(*counts, strict=True)
    found = proportion_interval(events, sizes, method=method, level=level)
    limits = zip(found.estimate.tolist(), found.low.tolist(), found.high.tolist(), strict=True)
    return [Interval(*limit, level) for limit in limits]


# ---- names ---------------------------------------------------------------------------------------

_DETAILS: tuple[Callable[[StudyRow], str], ...] = (
    lambda row: row.label if row.role == "reference" and is_control(row.arm) else row.arm,
    lambda row: row.subgroup,
    lambda row: ", ".join(filter(None, (row.arm, row.subgroup))),
    lambda row: row.study,
    lambda row: ", ".join(filter(None, (row.study, row.arm, row.subgroup))),
)
"""What may tell rows of one name apart, the shortest first."""


def tell_apart(rows: Sequence[StudyRow], taken: Iterable[str] = WHOLE) -> list[StudyRow]:
    """The rows with names of their own: a contrast is between names, and finds its rows by them.

    Rows of one name get as much of arm, subgroup and report as tells them apart;
    `taken` are names no row may have.
    """
    reserved = set(taken)
    uses = Counter([*reserved, *(row.name for row in rows)])
    known = set(uses)
    if len(known) == len(rows) + len(reserved):
        return list(rows)
    clashes: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if uses[row.name] > 1:
            clashes[row.name].append(place)
    named = list(rows)
    for name, places in clashes.items():
        for detail in (*_DETAILS, None):
            tried = [
                rows[place]._replace(also=detail(rows[place]) if detail else str(number))
                for number, place in enumerate(places, 1)
            ]
            names = {row.name for row in tried}
            if len(names) == len(tried) and not names & (known if name in reserved else known - {name}):
                break
        for place, row in zip(places, tried, strict=True):
            named[place] = row
        known |= names
    return named


# ---- marks ---------------------------------------------------------------------------------------


def scale_marks(rows: Iterable[StudyRow], usual: str) -> Mapping[str, str]:
    """A letter for each scale that is not the outcome's usual one: its first letter not yet taken."""
    marks: dict[str, str] = {}
    for scale in dict.fromkeys(row.scale for row in rows):
        if scale and scale != usual and scale not in marks.values():
            letters = [letter for letter in scale.upper() if letter.isalpha()]
            letters += "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
            marks[next((letter for letter in letters if letter not in marks), f"{len(marks)}")] = scale
    return marks
