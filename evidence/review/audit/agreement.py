"""Two places of a paper that speak of one thing: printed twice, a word against the counts, a criterion against its use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from evidence.review.audit.findings import Finding
from evidence.review.audit.reading import as_printed, leading_word
from evidence.review.audit.rounding import as_text, may_agree, prints_as
from evidence.review.audit.scene import Scene, about, found_in, value_of
from evidence.review.printed import Bounds, counts_of_word
from evidence.review.schema import Statement

_SHARES = ("count", "percent")

# ---- printed twice -------------------------------------------------------------------------------


def check_twice(scene: Scene, statements: Iterable[Statement]) -> Iterator[Finding]:
    """Statements of one quantity against the first one that says something else."""
    groups: dict[tuple[object, ...], list[Statement]] = defaultdict(list)
    for said in statements:
        kind = "share" if said.statistic in _SHARES else said.statistic
        if kind not in ("words", "p"):
            key = (said.study, said.about, scene.outcome(said), said.quantity, said.n, said.where, kind)
            groups[key].append(said)
    for group in groups.values():
        for later, said in enumerate(group[1:], 1):
            against = next((other for other in group[:later] if _differ(scene, other, said)), None)
            if against is not None:
                here, there = _words(said), _words(against)
                yield found_in(
                    said, "printed-twice", "contradiction",
                    f"{here} here, {there} in {_elsewhere(said, against)}.",
                    printed=here, recomputed=there, column=_column(scene, against, said),
                )  # fmt: skip


def _differ(scene: Scene, a: Statement, b: Statement) -> bool:
    return bool(_column(scene, a, b))


def _column(scene: Scene, a: Statement, b: Statement) -> str:
    """The column in which two statements cannot both be right; "" if they can."""
    if a.value is not None and b.value is not None:
        one, other = value_of(a), value_of(b)
        if a.statistic == b.statistic:
            agree = may_agree(one, other)
        else:
            count, percent = (one, other) if a.statistic == "count" else (other, one)
            n = scene.people.size(a)
            agree = n is None or prints_as(Fraction(100 * count.value, n), percent)
        if not agree:
            return "value"
    for column, low, high in (("low", a.low, b.low), ("high", a.high, b.high)):
        if (
            low is not None
            and high is not None
            and not may_agree(as_printed(low, a.printed), as_printed(high, b.printed))
        ):
            return column
    return ""


def _words(said: Statement) -> str:
    """`median 35 (17 to 47)`."""
    text = "" if said.value is None else as_text(value_of(said))
    if said.statistic == "percent":
        text += " %"
    elif said.statistic != "count":
        text = f"{said.statistic} {text}".strip()
    if said.low is not None and said.high is not None:
        ends = as_text(as_printed(said.low, said.printed)), as_text(as_printed(said.high, said.printed))
        text += f" ({ends[0]} to {ends[1]})"
    return text


def _elsewhere(said: Statement, other: Statement) -> str:
    """The other place: the same one, once more; or another by its name."""
    row = f"row {other.row}"
    return f"the same place ({row})" if about(said) == about(other) else f"{about(other)}, {row}"


# ---- a word --------------------------------------------------------------------------------------


def check_word(scene: Scene, said: Statement) -> Iterator[Finding]:
    """ "All patients ..." against the rows of the outcome it speaks of, or the patients it counts."""
    word = leading_word(said.printed) if said.statistic == "words" and not said.criterion else ""
    if not word:
        return
    counted = scene.people.counted(said.study, said.where) if said.where and not said.about else None
    facts = [(len(counted.patients), len(counted.patients), counted.n, "patients.csv")] if counted else []
    for row in scene.results(said):
        if row.n is None:
            continue
        named = scene.review.outcomes[row.outcome].label
        if row.events is not None:
            facts.append((row.events, row.events, row.n, f"{named}, {row.when}"))
        elif row.events_low is not None or row.events_high is not None:
            high = row.n if row.events_high is None else row.events_high
            facts.append((row.events_low or 0, high, row.n, f"{named}, {row.when}"))
    if not facts or any(_holds(counts_of_word(word, n), low, high) for low, high, n, _ in facts):
        return
    shown = "; ".join(
        f"{low if low == high else f'{low} to {high}'} of {n} ({what})" for low, high, n, what in facts
    )
    yield found_in(
        said, "word", "contradiction", f'"{word.capitalize()}" is printed; the tables have {shown}.',
        printed=word, recomputed=shown, column="printed",
    )  # fmt: skip


def _holds(bounds: Bounds | None, low: int, high: int) -> bool:
    return bounds is None or (low <= bounds.high and high >= bounds.low)


# ---- a criterion ---------------------------------------------------------------------------------


def check_criterion(scene: Scene, said: Statement) -> Iterator[Finding]:
    """Who meets a stated criterion, against whom it was applied to."""
    if not (said.criterion and said.where) or said.about:
        return
    applied, met = (
        scene.people.counted(said.study, said.where),
        scene.people.counted(said.study, said.criterion),
    )
    if applied is None or met is None:
        return
    left = [name for name in met.patients if name not in applied.patients]
    extra = [name for name in applied.patients if name not in met.patients]
    parts = []
    if left:
        parts.append(f'{_patients(left)} {"meets" if len(left) == 1 else "meet"} it but not "{said.where}"')
    if extra:
        parts.append(
            f'{_patients(extra)} {"does" if len(extra) == 1 else "do"} not meet it, but "{said.where}"'
        )
    if parts:
        yield found_in(
            said, "criterion", "contradiction", f'The criterion is "{said.criterion}": {"; ".join(parts)}.',
            printed=said.printed, recomputed=f"met by {_patients(met.patients)}", column="criterion",
        )  # fmt: skip


def _patients(names: Sequence[str]) -> str:
    return f"patient{'s' * (len(names) > 1)} {', '.join(names)}" if names else "nobody"
