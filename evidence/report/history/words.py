"""What changed, in sentences and in cells of a table, once for every renderer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from evidence.analysis.history import Diff, Entry, History, Line, Moves, Side, Step
from evidence.analysis.results import StudyRow
from evidence.analysis.snapshots import ContrastState, PoolState
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.pooled.rows import MODEL_NAMES
from evidence.review.changes import CAME, CHANGED, WENT, Cell, FileChange, RowChange
from evidence.review.names import listed
from evidence.review.question import FILE
from evidence.review.schema import one_line
from evidence.synthesis.results import Interval

SIGNS = {CAME: "+", WENT: "-", CHANGED: "~"}

ROWS, CELLS, REPORTS = 20, 6, 20
"""How many rows of a file, cells of a row, and reports of a kind are shown; JSON and CSV have them all."""

SAME = "as before"

DOUBTS = {"unverified": "not yet checked against the paper", "secondary": "read from a secondary source"}
"""What is said of a count in such a state."""


class Told(NamedTuple):
    """A heading, the answer, and headed lists of what changed; each line with its sign."""

    heading: str
    headline: str
    lists: tuple[tuple[str, tuple[str, ...]], ...]
    results: tuple[tuple[str, str, str], ...]
    steps: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def words(diff: Diff) -> Told:
    """All that is said of a difference."""
    subject = clean(diff.outcome_label or diff.outcome)
    heading = f"{clean(diff.title or diff.review)}{f': {subject}' if subject else ''}"
    return Told(
        heading,
        headline(diff),
        tuple(
            (name, lines)
            for name, lines in (*_files(diff.files), ("Analysis", tuple(reports(diff.moves))))
            if lines
        ),
        tuple(results(diff)),
        tuple(steps(diff)),
        tuple(_notes(diff)),
    )


# ---- the answer ----------------------------------------------------------------------------------


def headline(diff: Diff) -> str:
    """What changed, the pool first."""
    since = f"Since {side(diff.before)}"
    if not diff.changed:
        return f"{since}, nothing has changed."
    impossible = [
        f"{clean(one.name)}: {clean(one.impossible)}" for one in (diff.before, diff.after) if one.impossible
    ]
    files = _counted(diff.files)
    if impossible:
        return f"{since}: {files or 'no row changed'}. No pool to compare: {'; '.join(impossible)}."
    said = [_who(diff.moves), files]
    opening = f"{since}: {'; '.join(filter(None, said)) or 'the tables are as they were'}."
    return f"{opening} {_pool_moved(diff)}"


def side(one: Side) -> str:
    """ "snapshot first (2026-11-22, evidence 0.1.0)"."""
    date = one.when[:10] if one.when[:10] not in one.name else ""
    about = ", ".join(filter(None, (date, f"evidence {one.version}" if one.version else "")))
    return clean(f"{one.name} ({about})" if about else one.name)


def _who(moves: Moves) -> str:
    parts = []
    for entries, verb in ((moves.entered, "entered"), (moves.left, "left")):
        if entries:
            parts.append(f"{_named([entry.row for entry in entries])} {verb}")
    if moves.changed:
        parts.append(f"{_named([row for _, row in moves.changed])} changed")
    return "; ".join(parts)


def _named(rows: Sequence[StudyRow]) -> str:
    shown = [f"{clean(row.label)} ({row.events}/{row.n})" for row in rows[:5]]
    return listed(shown) if len(rows) <= 5 else f"{', '.join(shown[:3])} and {len(rows) - 3} more series"


def _counted(files: Sequence[FileChange]) -> str:
    """ "one row came in studies.csv and outcomes.csv"."""
    places: dict[str, list[str]] = {}
    for change in files:
        noun = "setting" if change.file == FILE else "row"
        counts = [(change.count(kind), kind) for kind in SIGNS if change.count(kind)]
        parts = [f"{numbers.count(number)} {noun}{'s' * (number > 1)} {kind}" for number, kind in counts]
        said = ", ".join(parts) or (
            "other columns" if "column" in change.note else "another form, the same rows"
        )
        places.setdefault(said, []).append(change.file)
    return "; ".join(
        f"{said} in {'each of ' * (len(names) > 1)}{' and '.join([', '.join(names[:-1]), names[-1]] if names[1:] else names)}"
        for said, names in places.items()
    )


def _pool_moved(diff: Diff) -> str:
    first, last = _ends(diff)
    if first is None or last is None or diff.total is None:
        return ""
    counts = f"{first.events}/{first.n}", f"{last.events}/{last.n}"
    if counts[0] == counts[1] and _same(first.estimate, last.estimate) and _same(first.exact, last.exact):
        return f"The pool is as it was: {counts[0]}, {what(last)} {limits(last.estimate)}."
    moved = f"{limits(first.estimate)} to {limits(last.estimate)}"
    pooled = (
        f"All series: {counts[0]}, now {counts[1]}"
        if counts[0] != counts[1]
        else f"All series: still {counts[0]}"
    )
    return (
        f"{pooled}. {what(last).capitalize()} from {moved}: {numbers.points(diff.total, sign=True)} points. "
        f"Exact interval of the summed counts from {numbers.span(first.exact)} to {numbers.span(last.exact)} %."
    )


def _ends(diff: Diff) -> tuple[PoolState | None, PoolState | None]:
    before, after = diff.before.state, diff.after.state
    return before.pooled[0] if before else None, after.pooled[0] if after else None


def what(pool: PoolState) -> str:
    """What the estimate of a pool is."""
    return "average" if pool.average else "pooled proportion"


def limits(value: Interval | None, *, sign: bool = False) -> str:
    """ "96.4 % (74.0 to 99.9)"."""
    if value is None:
        return "none"
    if sign:
        low, high = numbers.points(value.low), numbers.points(value.high)
        return f"{numbers.points(value.estimate, sign=True)} points ({low} to {high})"
    return f"{numbers.brief(value.estimate)} % ({numbers.span(value)})"


def _same(one: Interval | None, other: Interval | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(a == b or (None not in (a, b) and abs(a - b) < 1e-9) for a, b in zip(one, other, strict=True))


# ---- rows ----------------------------------------------------------------------------------------


def _files(files: Sequence[FileChange]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for change in files:
        lines = [_row(row, change.file) for row in change.rows[:ROWS]]
        if len(change.rows) > ROWS:
            lines.append(f"  and {len(change.rows) - ROWS} more: --format csv lists them")
        yield change.file, (*((f"  {clean(change.note)}",) if change.note else ()), *lines)


def _row(row: RowChange, file: str) -> str:
    if file == FILE:
        cell = row.cells[0]
        return f"{SIGNS[row.kind]} {clean(cell.column)}: {_values(cell, row.kind)}"
    key = ", ".join(filter(None, map(_shown, row.key)))
    told = [f"{clean(cell.column)} {_values(cell, row.kind)}" for cell in row.cells[:CELLS]]
    if len(row.cells) > CELLS:
        told.append(f"and {numbers.plural(len(row.cells) - CELLS, 'more cell')}")
    where = "was row" if row.kind == WENT else "row"
    return (
        f"{SIGNS[row.kind]} {key} ({where} {row.row}): {'; '.join(told)}"
        if told
        else f"{SIGNS[row.kind]} {key} ({where} {row.row})"
    )


def _values(cell: Cell, kind: str) -> str:
    if kind != CHANGED:
        return _shown(cell.after or cell.before)
    return f"{_shown(cell.before) or 'empty'} → {_shown(cell.after) or 'empty'}"


def _shown(text: str) -> str:
    return one_line(clean(text))


# ---- reports -------------------------------------------------------------------------------------


def reports(moves: Moves) -> Iterator[str]:
    """Who entered, who left and by which rule, whose numbers are others; then the settings."""
    yield from _most([_entered(entry) for entry in moves.entered])
    yield from _most([_left(entry) for entry in moves.left])
    yield from _most([_changed(old, new) for old, new in moves.changed])
    for old, new in moves.references:
        yield _reference(old, new)
    yield from _most(
        [
            f"  {clean(one.label)} ({clean(one.study)}) stays out: {_rule(one.rule_after, one.reason)}"
            + (f"; before: {clean(one.rule_before)}" if one.rule_before else "; new in the review")
            if one.rule_after
            else f"  {clean(one.label)} ({clean(one.study)}) is no longer in the review; it was out: {clean(one.rule_before)}"
            for one in moves.outside
        ]
    )
    for name, old, new in moves.options:
        yield f"~ {clean(name)}: {_option(old)} → {_option(new)}"


def _most(lines: list[str]) -> Iterator[str]:
    yield from lines[:REPORTS]
    if len(lines) > REPORTS:
        yield f"  and {len(lines) - REPORTS} more: --format csv lists them"


def _entered(entry: Entry) -> str:
    why = (
        f"it was {clean(entry.reason)}"
        if not entry.rule
        else f"it was out: {_rule(entry.rule, entry.reason)}"
    )
    return f"+ {_study(entry.row)}, entered: {why}"


def _left(entry: Entry) -> str:
    why = f"it is {clean(entry.reason)}" if not entry.rule else _rule(entry.rule, entry.reason)
    return f"- {_study(entry.row)}, left: {why}"


def _rule(rule: str, reason: str) -> str:
    return clean(f"{reason} ({rule})")


def _study(row: StudyRow) -> str:
    parts = (f"{row.label} ({row.study})", f"{row.events}/{row.n}", row.when, DOUBTS.get(row.state, ""))
    return clean(", ".join(filter(None, parts)))


_FIELDS = ("role", "arm", "subgroup", "when", "group", "given_weight", "state")


def _changed(old: StudyRow, new: StudyRow) -> str:
    parts = []
    if (old.events, old.n) != (new.events, new.n):
        parts.append(f"{old.events}/{old.n} → {new.events}/{new.n}")
    for name in _FIELDS:
        one, other = getattr(old, name), getattr(new, name)
        if one != other:
            parts.append(f"{name} {clean(str(one or 'empty'))} → {clean(str(other or 'empty'))}")
    return f"~ {clean(new.label)} ({clean(new.study)}): {'; '.join(parts)}"


def _reference(old: StudyRow | None, new: StudyRow | None) -> str:
    if old is None or new is None:
        row = new or old
        assert row is not None
        return f"{'-' if new is None else '+'} reference {clean(row.name)}, {row.events}/{row.n}"
    parts = (
        [f"{old.events}/{old.n} → {new.events}/{new.n}"] if (old.events, old.n) != (new.events, new.n) else []
    )
    parts += [f"state {clean(old.state)} → {clean(new.state)}"] if old.state != new.state else []
    return f"~ reference {clean(new.name)}: {'; '.join(parts)}"


def _option(value: Any) -> str:
    if isinstance(value, tuple | list):
        return " to ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    return clean(f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value))


# ---- numbers -------------------------------------------------------------------------------------


def results(diff: Diff) -> Iterator[tuple[str, str, str]]:
    """Each number of the analysis before and now; "as before" where it is the same."""
    before, after = diff.before.state, diff.after.state
    if before is None or after is None:
        return
    old, new = ({pool.pool: pool for pool in state.pooled} for state in (before, after))
    for name in dict.fromkeys([*new, *old]):
        yield from _pool(name, old.get(name), new.get(name))
    for one, other in diff.comparisons:
        named = other or one
        assert named is not None
        label = f"{_side_name(named.ours)} minus {clean(named.against)}"
        yield _line(label, _contrast(one), _contrast(other))


def _pool(name: str, old: PoolState | None, new: PoolState | None) -> Iterator[tuple[str, str, str]]:
    called = _side_name(name)
    yield _line(called, *(f"{pool.events}/{pool.n}, k = {pool.k}" if pool else "none" for pool in (old, new)))
    words = {what(pool) for pool in (old, new) if pool}
    estimate = words.pop() if len(words) == 1 else "average or proportion"
    yield _line(f"{called}, {estimate}", *(limits(pool.estimate) if pool else "none" for pool in (old, new)))
    if name != "all":
        return
    yield _line(
        f"{called}, exact interval",
        *(f"{numbers.span(pool.exact)} %" if pool else "none" for pool in (old, new)),
    )
    yield _line("Another series, prediction", *(_prediction(pool) for pool in (old, new)))
    yield _line(f"{called}, tau², I²", *(_differ(pool) for pool in (old, new)))
    yield _line(
        f"{called}, model",
        *(MODEL_NAMES.get(pool.model, pool.model) if pool else "none" for pool in (old, new)),
    )


def moved(results: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    """The numbers that moved, each on a line; the others named together at the end. Nothing where none did."""
    still = [label for label, _, new in results if new == SAME]
    yield from (f"~ {label}: {old} → {new}" for label, old, new in results if new != SAME)
    if still and len(still) < len(results):
        yield f"  as before: {'; '.join(still)}"


def _line(label: str, old: str, new: str) -> tuple[str, str, str]:
    return label, old, SAME if old == new else new


def _side_name(name: str) -> str:
    return {"all": "All series", "others": "The others"}.get(name, clean(name))


def _prediction(pool: PoolState | None) -> str:
    return f"{numbers.span(pool.prediction)} %" if pool and pool.prediction else "none"


def _differ(pool: PoolState | None) -> str:
    het = pool.heterogeneity if pool else None
    if not het or not numbers.known(het.get("tau2")):
        return "none"
    i2 = het.get("i2")
    return numbers.plain(het["tau2"]) + (f", {numbers.percent(i2)} %" if numbers.known(i2) else "")


def _contrast(contrast: ContrastState | None) -> str:
    if contrast is None:
        return "none"
    p = f", {numbers.pvalue(contrast.pvalue)}" if contrast.pvalue is not None else ""
    return limits(contrast.difference, sign=True) + p


STEP_HEAD = ("Study by study", "Events/n", "%", "CI", "Points")


def steps(diff: Diff) -> Iterator[tuple[str, ...]]:
    """The move of the estimate a study at a time, its head first; nothing where it did not move."""
    if len(diff.steps) < 2:
        return
    level = numbers.level(diff.steps[0].estimate.level)
    models = {step.model for step in diff.steps}
    yield (*STEP_HEAD[:3], f"{level}% CI", STEP_HEAD[4], *(("Model",) if len(models) > 1 else ()))
    for place, step in enumerate(diff.steps):
        yield (
            step_name(step),
            f"{step.events}/{step.n}",
            numbers.percent(step.estimate.estimate),
            f"{numbers.percent(step.estimate.low)} to {numbers.percent(step.estimate.high)}",
            numbers.points(step.move, 2, sign=True) if place else "",
            *((MODEL_NAMES.get(step.model, step.model),) if len(models) > 1 else ()),
        )
    yield (
        "In all",
        "",
        "",
        "",
        numbers.points(diff.total, 2, sign=True),
        *(("",) if len(models) > 1 else ()),
    )


def step_name(step: Step) -> str:
    """ "+ Garcia 2026"."""
    if step.kind == "before":
        return "before"
    if step.kind == "recomputed":
        return "as pooled now"
    return f"{SIGNS[step.kind]} {', '.join(map(clean, step.labels))}"


def _notes(diff: Diff) -> Iterator[str]:
    yield from map(clean, diff.notes)
    if len(diff.steps) > 2:
        yield "A study's share of the move depends on the order, which is that of the table; the sum does not."
    if any(step.kind == "recomputed" for step in diff.steps):
        yield (
            "The same rows give another estimate now than was kept, by another version or other options: "
            'that part of the move is the line "as pooled now".'
        )


# ---- history -------------------------------------------------------------------------------------


def line_words(line: Line) -> str:
    """What changed since the snapshot before, in a line."""
    if not line.version_before:
        return "the first"
    state = line.snapshot.state
    parts = [_who(line.moves)]
    files = [f"{name}{f' {rows:+d}' if rows else ''}" for name, rows in line.files]
    if files:
        parts.append(f"changed: {', '.join(files)}")
    if line.moves.references:
        parts.append("references changed")
    parts += [f"{name} {_option(old)} → {_option(new)}" for name, old, new in line.moves.options]
    if line.version_before != line.snapshot.version:
        parts.append(f"evidence {line.version_before} → {line.snapshot.version}")
    if line.other:
        parts.append(f"another analysis: {clean(state.analysis or state.outcome)}")
    return clean("; ".join(filter(None, parts))) or "nothing changed"


HISTORY_HEAD = ("Snapshot", "Date", "k", "Events/n", "%", "CI", "Version")


def history_table(history: History) -> Iterator[tuple[str, ...]]:
    """The snapshots as cells, their head first."""
    levels = {line.snapshot.state.pooled[0].estimate.level for line in history.lines}
    level = f"{numbers.level(levels.pop())}% CI" if len(levels) == 1 else "CI"
    yield tuple(level if head == "CI" else head for head in HISTORY_HEAD)
    for line in history.lines:
        one, pool = line.snapshot, line.snapshot.state.pooled[0]
        yield (
            clean(one.name),
            clean(one.taken[:10]),
            str(pool.k),
            f"{pool.events}/{pool.n}",
            numbers.percent(pool.estimate.estimate),
            f"{numbers.percent(pool.estimate.low)} to {numbers.percent(pool.estimate.high)}",
            clean(one.version),
        )
