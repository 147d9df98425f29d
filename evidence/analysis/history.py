"""What changed: in the rows of a review, in what its analysis takes, and, study by study, in what it says.

history()   the snapshots of a review, and what changed from one to the next
diff()      a review now against a snapshot, a revision of git or another folder

The move of the pooled estimate is taken apart by going from the old rows to the
new ones a study at a time, in table order, pooling after each step. The steps add
up to the whole move. A study's share depends on the order, as it must: pooling is
not a sum.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from evidence.analysis.pooling import plan_rows, pool, version
from evidence.analysis.results import PoolRow, StudyRow
from evidence.analysis.snapshots import (
    ENDING,
    ContrastState,
    PoolState,
    Snapshot,
    State,
    data_hash,
    list_snapshots,
    pool_state,
    read_snapshot,
    read_snapshots,
    state_of,
)
from evidence.errors import DataError, EvidenceError, InputError, OptionError
from evidence.review.changes import FileChange, changes
from evidence.review.choice import Window
from evidence.review.question import AnalysisSpec, Outcome
from evidence.review.revision import Past, in_repository, read_folder, read_revision
from evidence.review.selection import resolve
from evidence.review.tables import Review, read_toml
from evidence.shown import Shown
from evidence.synthesis.fitting import Options
from evidence.synthesis.results import Interval

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from evidence.synthesis.bayesian.bayes import Prior

EXAMPLE = "example"
"""What the review that comes with evidence is called, beside snapshots, folders and revisions."""

STEPS, FITS = 20, 20_000
"""At most so many steps, and so many studies pooled in all of them; beyond, neighbours move together."""

SAME = 1e-9
"""Estimates closer than this are the same: a refit of the same counts."""


# ---- what is told --------------------------------------------------------------------------------


class Entry(NamedTuple):
    """A report that entered the analysis or left it, with its row and, for the side without it, the rule and reason."""

    row: StudyRow
    rule: str
    reason: str


class Outside(NamedTuple):
    """A report that is in neither analysis, or is new, gone, or out by another rule than before; "" is not in the review."""

    study: str
    label: str
    rule_before: str
    rule_after: str
    reason: str


class Moves(NamedTuple):
    """What changed between two states of one analysis, report by report."""

    entered: tuple[Entry, ...] = ()
    left: tuple[Entry, ...] = ()
    changed: tuple[tuple[StudyRow, StudyRow], ...] = ()
    outside: tuple[Outside, ...] = ()
    references: tuple[tuple[StudyRow | None, StudyRow | None], ...] = ()
    options: tuple[tuple[str, Any, Any], ...] = ()


class Step(NamedTuple):
    """The pool after one step from the old rows to the new ones; `move` is what it did to the estimate.

    `kind` is "before", "recomputed" (the old rows as this version pools them, where
    that differs from what was kept), "came", "went" or "changed".
    """

    kind: str
    studies: tuple[str, ...]
    labels: tuple[str, ...]
    k: int
    events: int
    n: int
    model: str
    estimate: Interval
    exact: Interval
    move: float


class Side(NamedTuple):
    """One of the two times: what it is called, from when, by which version, the hash of its data, and what was said.

    `state` is None where there could be no analysis, and `impossible` says why.
    """

    name: str
    when: str
    version: str
    data: str
    state: State | None
    impossible: str = ""


@dataclass(frozen=True)
class Diff(Shown):
    """Everything `evidence diff` shows.

    before, after   the two times: what was said then, and now
    files           rows of the tables that came, went or changed, file by file
    moves           reports that entered or left the analysis, changed, or stay out for another reason
    steps           the pool from the old rows to the new ones, a study at a time
    comparisons     each comparison before and after; None where it is not made
    """

    version: str
    review: str
    title: str
    outcome: str
    outcome_label: str
    analysis: str
    before: Side
    after: Side
    files: tuple[FileChange, ...]
    moves: Moves
    steps: tuple[Step, ...]
    comparisons: tuple[tuple[ContrastState | None, ContrastState | None], ...]
    notes: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be read before anything else: a pooled paper that has been retracted."""
        return self.after.state.warnings if self.after.state else ()

    @property
    def changed(self) -> bool:
        """Whether anything is another: a file, a report in or out, a number."""
        return bool(
            self.files or any(self.moves) or self.total or self.before.impossible != self.after.impossible
        )

    @property
    def total(self) -> float | None:
        """How far the estimate moved in all; None where one side has none."""
        if not self.steps:
            return None
        first, final = self.steps[0].estimate.estimate, self.steps[-1].estimate.estimate
        return float(final - first)


class Line(NamedTuple):
    """One snapshot in the list, with what changed since the one before."""

    snapshot: Snapshot
    files: tuple[tuple[str, int], ...]
    """Files that are not as they were, and by how many rows they grew."""
    moves: Moves
    version_before: str
    """The version that made the snapshot before; "" for the first."""
    other: bool = False
    """Whether the one before was of another outcome or analysis, so that their numbers do not compare."""


@dataclass(frozen=True)
class History(Shown):
    """Everything `evidence history` shows: the snapshots, the oldest first, in `lines`."""

    version: str
    review: str
    title: str
    lines: tuple[Line, ...]
    unsaved: bool | None
    """Whether the review now differs from its last snapshot; None without one."""
    notes: tuple[str, ...]


# ---- the list ------------------------------------------------------------------------------------


def history(folder: str | Path | Traversable) -> History:
    """The snapshots of the review in a folder, the oldest first, and what changed from each to the next.

    Only the snapshots are read, not the tables inside them. A file that is no
    snapshot is said, and keeps no other from being listed. Raises InputError where
    there is no such folder.
    """
    now = read_folder(folder)
    snapshots, faults = read_snapshots(folder)
    lines = []
    before: Snapshot | None = None
    for one in snapshots:
        comparable = before is not None and _same_question(before.state, one.state)
        lines.append(
            Line(
                one,
                () if before is None else tuple(_grown(before, one)),
                moves_between(before.state, one.state) if before and comparable else Moves(),
                before.version if before else "",
                before is not None and not comparable,
            )
        )
        before = one
    return History(
        version(),
        _name(now),
        _title(now),
        tuple(lines),
        None if before is None else data_hash(now.files) != before.data,
        faults,
    )


def _same_question(before: State, after: State) -> bool:
    return (before.outcome, before.analysis) == (after.outcome, after.analysis)


def _grown(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, int]]:
    for file in dict.fromkeys([*after.files, *before.files]):
        old, new = before.files.get(file), after.files.get(file)
        if old is None or new is None or old.sha256 != new.sha256:
            yield file, (new.rows if new else 0) - (old.rows if old else 0)


# ---- the difference ------------------------------------------------------------------------------


def diff(
    folder: str | Path | Traversable,
    since: str | None = None,
    *,
    outcome: str | None = None,
    analysis: str | None = None,
    by: str | None = None,
    where: str | None = None,
    weeks: Window | float | str | None = None,
    exclude_retracted: bool | None = None,
    model: str | None = None,
    measure: str | None = None,
    tau2: str | None = None,
    ci: str | None = None,
    interval: str | None = None,
    prediction: str | None = None,
    prior: str | Prior | None = None,
    prior_scale: float | None = None,
    prior_median: str | None = None,
    weights: str | None = None,
    tau2_ci: str | None = None,
    i2: str | None = None,
    level: float | None = None,
) -> Diff:
    """What changed in the review of a folder since a snapshot, a revision of git, or another folder.

    `since` is tried in that order (a snapshot's name; a folder; a snapshot's file;
    "example" for the review that comes with evidence; a revision); without it the
    last snapshot, else git's HEAD. An option that is None is what the snapshot was
    made with, else `pool`'s default; one that is given is used for both sides.
    Raises InputError where there is nothing of that name.
    """
    given = {
        "outcome": outcome, "analysis": analysis, "by": by, "where": where, "weeks": weeks,
        "exclude_retracted": exclude_retracted, "model": model, "measure": measure, "tau2": tau2, "ci": ci,
        "interval": interval, "prediction": prediction, "prior": prior, "prior_scale": prior_scale, "prior_median": prior_median,
        "weights": weights, "tau2_ci": tau2_ci, "i2": i2, "level": level,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    now = read_folder(folder, "now")
    found = _since(now.where, since)
    past = found.past(now.where) if isinstance(found, Snapshot) else found
    before, after, notes = _sides(found, past, now, given)
    moves = Moves()
    steps: tuple[Step, ...] = ()
    comparisons: tuple[tuple[ContrastState | None, ContrastState | None], ...] = ()
    state = after.state or before.state
    if before.state and after.state:
        moves = moves_between(before.state, after.state)
        steps = tuple(_steps(before.state, after.state, kept=isinstance(found, Snapshot)))
        comparisons = tuple(_compared(before.state, after.state))
        notes += _of_the_model(before.state, after.state)
    return Diff(
        version=version(),
        review=_name(now),
        title=_title(now),
        outcome=state.outcome if state else "",
        outcome_label=state.outcome_label if state else "",
        analysis=state.analysis if state else "",
        before=before,
        after=after,
        files=changes(past, now),
        moves=moves,
        steps=steps,
        comparisons=comparisons,
        notes=tuple(notes),
    )


def _since(where: str, since: str | None) -> Snapshot | Past:
    """The other side: what a name means, or the last snapshot, else git's HEAD."""
    names = list_snapshots(where)
    if since is None:
        snapshots, faults = read_snapshots(where)
        if snapshots:
            return snapshots[-1]
        if faults:
            raise InputError(" ".join(faults))
        if not in_repository(where):
            raise InputError(
                f"there is nothing to compare {where} with: it has no snapshot, and is in no git repository with a commit. "
                "evidence pool --snapshot makes a first one; or name another folder"
            )
        return read_revision(where, "HEAD")
    if since in names:
        return read_snapshot(os.path.join(where, "snapshots", since + ENDING))
    if os.path.isdir(since):
        return read_folder(since, f"the review in {since}")
    if os.path.isfile(since):
        return read_snapshot(since)
    if since == EXAMPLE:
        from importlib.resources import files

        return read_folder(files("evidence.data"), "the review that comes with evidence")
    try:
        return read_revision(where, since)
    except InputError as error:
        there = f"the snapshots are: {', '.join(names)}" if names else "it has no snapshots"
        raise InputError(
            f"{since!r} is no snapshot of {where} ({there}) and no folder or file; {error}"
        ) from None


def _sides(
    found: Snapshot | Past, past: Past, now: Past, given: Mapping[str, Any]
) -> tuple[Side, Side, list[str]]:
    """Both times, analysed with the same options: those given, else those of the snapshot."""
    if not isinstance(found, Snapshot):
        after = _side(now, version(), given, strict=bool(given))
        same = now.files == past.files
        before = after._replace(name=past.name, when=past.when) if same else _side(past, "", given)
        return before._replace(version=""), after, []
    notes = []
    asked = {"outcome": found.state.outcome, "analysis": found.state.analysis, **found.asked}
    asked = {name: value for name, value in asked.items() if value not in (None, "")}
    choices = {**asked, **given}
    after = _side(now, version(), choices, strict=bool(given))
    before = Side(past.name, found.taken, found.version, found.data, found.state)
    if choices != asked:
        before = _side(past, version(), choices)._replace(when=found.taken)
        notes.append("The options are others than the snapshot's: its tables are analysed again with these.")
    elif found.version != version():
        notes.append(f"{past.name.capitalize()} was made by evidence {found.version}, this is {version()}.")
    return before, after, notes


def _side(past: Past, made_by: str, choices: Mapping[str, Any], *, strict: bool = False) -> Side:
    """One time, analysed now; without a state where its tables have faults or cannot support the analysis.

    An option that means nothing is an error only where the user gave it: what
    review.toml declares may have been another at another time.
    """
    empty = Side(past.name, past.when, made_by, data_hash(past.files), None)
    try:
        spec = resolve(_question(past), choices.get("outcome"), choices.get("analysis"))
        review = past.of_outcome(spec.outcome).load()
        return empty._replace(state=state_of(pool(review, **choices)))
    except DataError as error:
        first = str(error.problems[0]) if error.problems else ""
        count = len(error.problems)
        more = f" (and {count - 1} more)" if count > 1 else ""
        return empty._replace(impossible=f"the tables have {count} problem{'s' * (count > 1)}: {first}{more}")
    except EvidenceError as error:
        if strict and isinstance(error, OptionError):
            raise
        return empty._replace(impossible=str(error))


class _Declared(NamedTuple):
    """As much of a review as it takes to say which analysis is meant."""

    outcomes: Mapping[str, Outcome]
    analyses: Mapping[str, AnalysisSpec]


def _question(past: Past) -> Review:
    question, problems = read_toml(past)  # type: ignore[arg-type]  # it is as much of a folder as is asked for
    if problems:
        raise DataError(problems)
    return _Declared(question.outcomes, question.analyses)  # type: ignore[return-value]


def _title(past: Past) -> str:
    try:
        return read_toml(past)[0].title  # type: ignore[arg-type]
    except EvidenceError:
        return ""


def _name(past: Past) -> str:
    from evidence.review.tables import is_shipped

    if is_shipped(Path(past.where)):
        return "the review that comes with evidence"
    return os.path.basename(os.path.abspath(past.where))


# ---- reports -------------------------------------------------------------------------------------

_NUMBERS = ("events", "n", "role", "arm", "subgroup", "when", "group", "given_weight", "state")
"""What of a pooled row is said to have changed."""


def moves_between(before: State, after: State) -> Moves:
    """Which reports entered or left, by which rule, and whose rows are others."""
    old, new = ({row.study: row for row in state.rows} for state in (before, after))
    old_out, new_out = ({entry.study: entry for entry in state.excluded} for state in (before, after))
    entered = [Entry(row, *_why(study, old_out, before)) for study, row in new.items() if study not in old]
    left = [Entry(row, *_why(study, new_out, after)) for study, row in old.items() if study not in new]
    changed = [
        (old[study], row)
        for study, row in new.items()
        if study in old and any(getattr(row, name) != getattr(old[study], name) for name in _NUMBERS)
    ]
    options = [
        (name, before.options.get(name), after.options.get(name))
        for name in dict.fromkeys([*after.options, *before.options])
        if before.options.get(name) != after.options.get(name)
    ]
    return Moves(
        tuple(entered),
        tuple(left),
        tuple(changed),
        tuple(_outside(before, after, {*old, *new})),
        tuple(_references(before, after)),
        tuple(options),
    )


NOT_THERE = "not in the review"


def _why(study: str, out: Mapping[str, Any], state: State) -> tuple[str, str]:
    """The rule that keeps a report out on the side that is without it, and the reason."""
    if study in out:
        return out[study].rule, out[study].reason
    if any(row.study == study for row in state.references):
        return "reference", "it is the reference"
    return "", NOT_THERE


def _outside(before: State, after: State, pooled: set[str]) -> Iterator[Outside]:
    old, new = ({entry.study: entry for entry in state.excluded} for state in (before, after))
    inside = pooled | {row.study for state in (before, after) for row in state.references}
    for study in dict.fromkeys([*new, *old]):
        one, other = old.get(study), new.get(study)
        rules = one.rule if one else "", other.rule if other else ""
        if study not in inside and rules[0] != rules[1]:
            entry = other or one
            assert entry is not None
            yield Outside(study, entry.label, *rules, other.reason if other else NOT_THERE)


def _references(before: State, after: State) -> Iterator[tuple[StudyRow | None, StudyRow | None]]:
    old, new = ({_place(row): row for row in state.references} for state in (before, after))
    for place in dict.fromkeys([*new, *old]):
        one, other = old.get(place), new.get(place)
        if (
            one is None
            or other is None
            or (one.events, one.n, one.state) != (other.events, other.n, other.state)
        ):
            yield one, other


def _place(row: StudyRow) -> tuple[str, str, str, str]:
    return row.study, row.arm, row.subgroup, row.when


# ---- study by study ------------------------------------------------------------------------------

_COUNTED = ("events", "n", "given_weight")
"""What of a row moves a pool."""


def _steps(before: State, after: State, *, kept: bool) -> Iterator[Step]:
    """From the old pool to the new one, a study at a time in table order.

    The old pool was `kept`, or made just now: only a kept one can be another than this version's.
    """
    options = _pooling(after.options)
    old, new = ({row.study: row for row in state.rows} for state in (before, after))
    begun, final = before.pooled[0], after.pooled[0]
    yield _step("before", (), begun, begun.estimate)
    at = begun.estimate
    order = _merged(list(old), list(new))
    todo = [
        study
        for study in order
        if study not in old or study not in new or _counts(old[study]) != _counts(new[study])
    ]
    rows = dict(old)
    if kept or _pooling(before.options) != options:
        begun = final if not todo else _fitted(list(rows.values()), options)
        if not _near(begun.estimate, at):
            yield _step("recomputed", (), begun, at)
            at = begun.estimate
    groups = _groups(_never_empty(todo, old, new), len(order))
    for number, group in enumerate(groups, 1):
        for study in group:
            if study in new:
                rows[study] = new[study]
            else:
                del rows[study]
        arranged = [rows[study] for study in order if study in rows]
        last = number == len(groups)
        made = final if last else _fitted(arranged, options)
        kinds = {"came" if study not in old else "went" if study not in new else "changed" for study in group}
        kind = kinds.pop() if len(kinds) == 1 else "changed"
        yield _step(kind, tuple((new.get(study) or old[study]) for study in group), made, at)
        at = made.estimate


def _fitted(rows: Sequence[StudyRow], options: Mapping[str, Any]) -> PoolState:
    return pool_state(PoolRow("all", plan_rows(rows, options)))


def _pooling(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in Options._fields if name in options}


def _counts(row: StudyRow) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in _COUNTED)


def _near(one: Interval, other: Interval) -> bool:
    return all(
        a == b or (a is not None and b is not None and abs(a - b) <= SAME)
        for a, b in zip(one, other, strict=True)
    )


def _merged(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The new order, with those that went after the one they used to follow."""
    order = list(new)
    known = set(new)
    previous: str | None = None
    for study in old:
        if study not in known:
            order.insert(0 if previous is None else order.index(previous) + 1, study)
        previous = study
    return order


def _never_empty(todo: Sequence[str], old: Mapping[str, StudyRow], new: Mapping[str, StudyRow]) -> list[str]:
    """The steps in order, but one that would take the last study away comes after the next that adds one."""
    if any(study in new for study in old):
        return list(todo)
    added = next((study for study in todo if study in new), None)
    return list(todo) if added is None else [added, *(study for study in todo if study != added)]


def _groups(todo: Sequence[str], k: int) -> list[list[str]]:
    """Neighbours together where there are more steps than can be pooled while somebody waits."""
    most = max(1, min(STEPS, FITS // max(1, k)))
    size = -(-len(todo) // most) if todo else 1
    return [list(todo[start : start + size]) for start in range(0, len(todo), size)]


def _step(kind: str, rows: Sequence[StudyRow], made: PoolState, at: Interval) -> Step:
    move = made.estimate.estimate - at.estimate
    return Step(
        kind,
        tuple(row.study for row in rows),
        tuple(row.label for row in rows),
        made.k,
        made.events,
        made.n,
        made.model,
        made.estimate,
        made.exact,
        float(move),
    )


def _of_the_model(before: State, after: State) -> Iterator[str]:
    """A word where auto chose another model, so that part of the move is the model's."""
    old, new = before.pooled[0], after.pooled[0]
    if old.model != new.model:
        chose = "auto chose" if new.requested == "auto" else "the pool used"
        yield f"Where {chose} the {old.model} model before, it is now {new.model}: part of the move is the model's."
    if (old.average is None) != (new.average is None):
        yield "The estimate followed is the average over studies where the model has one, else the pooled proportion."


# ---- comparisons ---------------------------------------------------------------------------------


def _compared(before: State, after: State) -> Iterator[tuple[ContrastState | None, ContrastState | None]]:
    """Each comparison of either side, by the names of what is compared."""
    old, new = (
        {(contrast.ours, contrast.against): contrast for contrast in state.comparisons}
        for state in (before, after)
    )
    for pair in dict.fromkeys([*new, *old]):
        yield old.get(pair), new.get(pair)
