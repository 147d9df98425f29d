"""A snapshot: what a review held and what its analysis said at one time, in one small JSON file.

    snapshots/NAME.json in the review's folder, or any file that is named

It keeps the tables themselves, compressed, and their hashes, so that a later
difference can be told cell by cell; the options, the version, the rows that
entered with their sources, those left out with the rule, and the numbers in full.
Nothing of it is ever written over.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from evidence.analysis.results import Analysis, Contrast, PoolRow, StudyRow
from evidence.errors import InputError
from evidence.files import write_whole
from evidence.review.choice import Excluded
from evidence.review.encoding import visible_json
from evidence.review.question import FILE
from evidence.review.revision import FILES, Past, plain_lines, read_folder
from evidence.synthesis.results import Interval

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FORMAT = 1
FOLDER = "snapshots"
ENDING = ".json"
NAME = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))[^\W_][\w.-]{0,99}", re.IGNORECASE)

MOST_BYTES = 512_000_000
"""More than this no review holds: a snapshot that claims more was not made here."""

HETEROGENEITY = ("tau2", "i2", "i2_low", "i2_high", "i2_kind", "h2", "q", "df", "pvalue")
TAU2_LIMITS = ("tau2_low", "tau2_high")
"""What is kept of how much the studies differ; the limits of tau2 are searched for, so only a snapshot has them."""

LIMITED = 1000
"""Up to so many studies: for thousands the search would take longer than all else."""


class PoolState(NamedTuple):
    """One pool in numbers. `estimate` is what a move is told by: the average over studies, else the pooled proportion."""

    pool: str
    k: int
    events: int
    n: int
    requested: str
    model: str
    proportion: Interval
    exact: Interval
    average: Interval | None
    prediction: Interval | None
    heterogeneity: Mapping[str, Any] | None
    notes: tuple[str, ...] = ()
    method: str = ""

    @property
    def estimate(self) -> Interval:
        """The average over studies where the model has one, else the pooled proportion."""
        return self.average or self.proportion


class ContrastState(NamedTuple):
    """One comparison in numbers; sides by name, as in `Contrast`."""

    ours: str
    against: str
    difference: Interval
    ratio: Interval | None
    odds_ratio: Interval | None
    test: str | None
    pvalue: float | None


@dataclass(frozen=True)
class State:
    """What an analysis said: its rows, who was left out, its pools, its comparisons."""

    outcome: str
    outcome_label: str
    analysis: str
    options: Mapping[str, Any]
    studies: tuple[StudyRow, ...]
    excluded: tuple[Excluded, ...]
    pooled: tuple[PoolState, ...]
    comparisons: tuple[ContrastState, ...]
    warnings: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[StudyRow, ...]:
        """The rows that are pooled."""
        return tuple(row for row in self.studies if row.role != "reference")

    @property
    def references(self) -> tuple[StudyRow, ...]:
        """The rows the pool is compared with."""
        return tuple(row for row in self.studies if row.role == "reference")


class Kept(NamedTuple):
    """One file as a snapshot keeps it: its hash, how many rows, its size, its text compressed."""

    sha256: str
    rows: int
    size: int
    text: str


@dataclass(frozen=True)
class Snapshot:
    """A snapshot that was read or taken. `asked` are the options the user gave, `state.options` all of them."""

    name: str
    path: str
    taken: str
    version: str
    title: str
    data: str
    """Hash of all files together."""
    files: Mapping[str, Kept] = field(repr=False)
    asked: Mapping[str, Any]
    state: State = field(repr=False)
    notes: tuple[str, ...] = ()

    def past(self, where: str) -> Past:
        """The files as they were, each checked against its hash. Raises InputError where one is not what it was."""
        files = {name: _unpacked(kept, f"{self.path}: {name}") for name, kept in self.files.items()}
        return Past(where, files, f"snapshot {self.name}", self.taken[:10])


# ---- taking --------------------------------------------------------------------------------------


def snapshot(folder: str | Path | Traversable, name: str = "", **choices: Any) -> tuple[Snapshot, Analysis]:
    """Pool the review in a folder and keep what it held and said; the snapshot and the analysis.

    `name` is a word (`snapshots/NAME.json` in the folder), a file to write elsewhere
    (with a folder in its name, or ending in .json), or "" for the date; `choices`
    are the options of `pool`. Raises InputError where a snapshot of that name is
    there already, or the review is the one that comes with evidence, and what `pool` raises.
    """
    from evidence.analysis.pooling import pool, version

    elsewhere = name.endswith(ENDING) or os.path.basename(name) != name
    if elsewhere:
        _free(name)
    else:
        _check_name(folder, name)
    past = read_folder(folder)
    review = past.load()
    analysis = pool(review, **choices)
    taken = _now()
    with _to_oneself(folder, elsewhere):
        path = name if elsewhere else _path(str(folder), name or taken[:10], numbered=not name)
        _free(path)
        made = Snapshot(
            name=os.path.basename(path).removesuffix(ENDING),
            path=path,
            taken=taken,
            version=version(),
            title=analysis.title,
            data=data_hash(past.files),
            files={file: _packed(file, raw) for file, raw in past.files.items()},
            asked={key: value for key, value in choices.items() if key not in ("outcome", "analysis")},
            state=state_of(analysis, limits=True),
        )
        text = to_json(made)
        if not elsewhere:
            _make_folder(os.path.dirname(path))
        write_whole(path, text.encode())
    return made, analysis


def _check_name(folder: str | Path | Traversable, name: str) -> None:
    """Wrong names and folders nobody can write in are said before anything is computed."""
    from evidence.review.tables import is_shipped
    from evidence.review.writing import refuse

    place = Path(str(folder))
    if is_shipped(place):
        raise InputError(
            "the review that comes with evidence is read-only: evidence init --example DIR makes a copy of it that is "
            f"yours, or name a file to keep the snapshot in: --snapshot {name or 'NAME'}.json"
        )
    refuse(str(folder))
    if name and not NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is no name for a snapshot: letters, digits, '.', '_' and '-', such as before-update; or a file: ./NAME.json"
        )
    if name:
        _free(_path(str(folder), name))


def _free(path: str) -> None:
    if os.path.lexists(path):
        raise InputError(f"{path} exists; a snapshot is never written over: give this one another name")


def _path(folder: str, name: str, *, numbered: bool = False) -> str:
    """Where a snapshot of that name is; with `numbered`, the first such name that is free."""
    path = os.path.join(folder, FOLDER, name + ENDING)
    count = 1
    while numbered and os.path.lexists(path):
        count += 1
        path = os.path.join(folder, FOLDER, f"{name}-{count}{ENDING}")
    return path


def _to_oneself(folder: str | Path | Traversable, elsewhere: bool) -> Any:
    if elsewhere:
        return nullcontext()
    from evidence.review.writing import editing

    return editing(str(folder))


def _make_folder(path: str) -> None:
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {path}: {error.strerror}") from error


def _now() -> str:
    from datetime import datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- files and hashes ----------------------------------------------------------------------------


def file_hash(raw: bytes) -> str:
    """The SHA-256 of a file's bytes."""
    return hashlib.sha256(raw).hexdigest()


def data_hash(files: Mapping[str, bytes]) -> str:
    """One hash for all files of a review: of their names and hashes."""
    listed = "".join(f"{file_hash(files[name])}  {name}\n" for name in sorted(files))
    return file_hash(listed.encode())


def _packed(file: str, raw: bytes) -> Kept:
    import base64
    import zlib

    rows = 0 if file == FILE else count_rows(raw)
    return Kept(file_hash(raw), rows, len(raw), base64.b64encode(zlib.compress(raw, 6)).decode())


def count_rows(raw: bytes) -> int:
    """How many rows a table has below its header, as csv counts them."""
    import csv

    lines = plain_lines(raw)
    if lines is None:
        try:
            lines = [
                b"-"
                for cells in csv.reader(raw.decode("utf-8", "replace").splitlines(keepends=True))
                if cells
            ]
        except csv.Error:
            lines = raw.splitlines()
    return max(0, sum(1 for line in lines if line.strip()) - 1)


def _unpacked(kept: Kept, what: str) -> bytes:
    import base64
    import zlib

    try:
        if kept.size > MOST_BYTES:
            raise ValueError
        # No more than it says it has: a few bytes can be made to swell to gigabytes.
        raw = zlib.decompressobj().decompress(base64.b64decode(kept.text, validate=True), kept.size + 1)
    except (ValueError, zlib.error):
        raw = None
    if raw is None or file_hash(raw) != kept.sha256:
        raise InputError(f"{what} is not what was kept: the snapshot was changed or damaged")
    return raw


# ---- results -------------------------------------------------------------------------------------


def state_of(analysis: Analysis, *, limits: bool = False) -> State:
    """What an analysis says, in plain values; every pool is fitted, and tau2 given its `limits` if asked for."""
    return State(
        outcome=analysis.outcome,
        outcome_label=analysis.outcome_label,
        analysis=analysis.analysis,
        options=dict(analysis.options),
        studies=analysis.studies,
        excluded=tuple(analysis.excluded),
        pooled=tuple(pool_state(row, limits=limits) for row in analysis.pooled),
        comparisons=tuple(map(_contrast_state, analysis.comparisons)),
        warnings=tuple(analysis.warnings),
    )


def pool_state(row: PoolRow, *, limits: bool = False) -> PoolState:
    """A pool, fitted."""
    result = row.result
    het = result.heterogeneity
    kept = (*HETEROGENEITY, *TAU2_LIMITS) if limits and result.k <= LIMITED else HETEROGENEITY
    return PoolState(
        pool=row.pool,
        k=int(result.k),
        events=int(result.events),
        n=int(result.n),
        requested=result.requested,
        model=str(result.model),
        proportion=result.proportion,
        exact=result.exact,
        average=result.average,
        prediction=result.prediction,
        heterogeneity=None if het is None else {name: getattr(het, name) for name in kept},
        notes=tuple(map(str, result.notes)),
        method=str(result.method),
    )


def _contrast_state(contrast: Contrast) -> ContrastState:
    made = contrast.comparison
    return ContrastState(
        contrast.ours,
        contrast.against,
        made.difference,
        made.ratio,
        made.odds_ratio,
        made.test,
        made.pvalue,
    )


# ---- JSON ----------------------------------------------------------------------------------------


def to_json(snapshot: Snapshot) -> str:
    """The snapshot as text: what people read first, the compressed files last."""
    from json import dumps

    missing: list[str] = []
    state = snapshot.state
    document = {
        "format": FORMAT,
        "snapshot": snapshot.name,
        "taken": snapshot.taken,
        "version": snapshot.version,
        "review": snapshot.title,
        "data": {
            "sha256": snapshot.data,
            "files": {
                name: {"sha256": kept.sha256, "rows": kept.rows, "bytes": kept.size}
                for name, kept in snapshot.files.items()
            },
        },
        "outcome": state.outcome,
        "outcome_label": state.outcome_label,
        "analysis": state.analysis,
        "asked": plain(snapshot.asked),
        "options": plain(state.options),
        "studies": [plain(row._asdict(), f"{row.label}: ", missing) for row in state.studies],
        "excluded": [entry._asdict() for entry in state.excluded],
        "pooled": [plain(pool._asdict(), f"{pool.pool}: ", missing) for pool in state.pooled],
        "comparisons": [
            plain(contrast._asdict(), f"{contrast.ours} against {contrast.against}: ", missing)
            for contrast in state.comparisons
        ],
        "warnings": list(state.warnings),
        "notes": [*snapshot.notes, *(f"{what} is not a finite number" for what in missing)],
        "texts": {name: kept.text for name, kept in snapshot.files.items()},
    }
    # An element a line: json.dumps would put a number a line, and take eight times as long.
    parts = [f" {dumps(key)}: {_lines(value)}" for key, value in document.items()]
    return visible_json("{\n" + ",\n".join(parts) + "\n}\n")


def _lines(value: Any) -> str:
    from json import dumps

    if not isinstance(value, list) or not value:
        return dumps(value, ensure_ascii=False, allow_nan=False)
    inside = ",\n".join(f"  {dumps(one, ensure_ascii=False, allow_nan=False)}" for one in value)
    return f"[\n{inside}\n ]"


def plain(value: Any, path: str = "", missing: list[str] | None = None) -> Any:
    """The value in JSON's own kinds; what is not finite is null, and its place goes to `missing`."""
    if isinstance(value, Interval):
        value = {"estimate": value.estimate, "low": value.low, "high": value.high, "level": value.level}
    if isinstance(value, Mapping):
        return {str(key): plain(inner, f"{path}{key} ", missing) for key, inner in value.items()}
    if isinstance(value, str | bool | None.__class__):
        return value
    if isinstance(value, tuple | list):
        return [plain(inner, path, missing) for inner in value]
    if isinstance(value, int):
        return value
    if hasattr(value, "label"):  # a prior made by the user
        return str(value.label)
    number = float(value)
    if isfinite(number):
        return number
    if missing is not None:
        missing.append(path.strip())
    return None


# ---- reading -------------------------------------------------------------------------------------


def list_snapshots(folder: str | Path | Traversable) -> tuple[str, ...]:
    """The names of a review's snapshots, as files; nothing is read."""
    try:
        found = os.listdir(os.path.join(str(folder), FOLDER))
    except OSError:
        return ()
    return tuple(
        sorted(name.removesuffix(ENDING) for name in found if name.endswith(ENDING) and name[0] != ".")
    )


def read_snapshots(folder: str | Path | Traversable) -> tuple[tuple[Snapshot, ...], tuple[str, ...]]:
    """A review's snapshots by the time they were taken, and a sentence on each file that is none."""
    found, faults = [], []
    for name in list_snapshots(folder):
        try:
            found.append(read_snapshot(os.path.join(str(folder), FOLDER, name + ENDING)))
        except InputError as error:
            faults.append(f"{error}.")
    return tuple(sorted(found, key=lambda one: (one.taken, _natural(one.name)))), tuple(faults)


def _natural(name: str) -> tuple[int, str]:
    """2026-11-22-2 before 2026-11-22-10."""
    return len(name), name


def read_snapshot(path: str) -> Snapshot:
    """The snapshot in a file. Raises InputError where there is none that can be read."""
    import json

    try:
        with open(path, "rb") as file:
            document = json.loads(file.read().decode())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        raise InputError(f"{path} is not a snapshot: it is not JSON") from None
    if not isinstance(document, dict) or "snapshot" not in document or "format" not in document:
        raise InputError(f"{path} is not a snapshot of evidence")
    if document["format"] != FORMAT:
        made = document.get("version")
        raise InputError(
            f"{path} is a snapshot of format {document['format']!r}, made by evidence {made}; this one reads {FORMAT}"
        )
    try:
        return _snapshot(path, document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} is not a whole snapshot: {type(error).__name__} {error}") from None


def _snapshot(path: str, document: Mapping[str, Any]) -> Snapshot:
    texts = document["texts"]
    files = {
        name: Kept(str(kept["sha256"]), int(kept["rows"]), int(kept["bytes"]), str(texts[name]))
        for name, kept in document["data"]["files"].items()
        if name in FILES
    }
    if FILE not in files:
        raise KeyError(FILE)
    return Snapshot(
        name=os.path.basename(path).removesuffix(ENDING),
        path=path,
        taken=_text(document["taken"]),
        version=_text(document["version"]),
        title=_text(document["review"]),
        data=_text(document["data"]["sha256"]),
        files=files,
        asked={_text(name): _option(value) for name, value in document["asked"].items()},
        state=State(
            outcome=_text(document["outcome"]),
            outcome_label=_text(document["outcome_label"]),
            analysis=_text(document["analysis"]),
            options={_text(name): _option(value) for name, value in document["options"].items()},
            studies=tuple(_study(row) for row in document["studies"]),
            excluded=tuple(
                Excluded(*(_text(row[name]) for name in Excluded._fields)) for row in document["excluded"]
            ),
            pooled=tuple(_pool(pool) for pool in document["pooled"]),
            comparisons=tuple(_contrast(contrast) for contrast in document["comparisons"]),
            warnings=tuple(map(_text, document["warnings"])),
        ),
        notes=tuple(map(_text, document["notes"])),
    )


def _study(row: Mapping[str, Any]) -> StudyRow:
    weight, given, weeks = (_number(row[name]) for name in ("weight", "given_weight", "weeks"))
    events, n = int(row["events"]), int(row["n"])
    if not 0 <= events <= n or n < 1:
        raise ValueError(f"events {events} of n {n}")
    return StudyRow(
        study=_text(row["study"]),
        label=_text(row["label"]),
        arm=_text(row["arm"]),
        subgroup=_text(row["subgroup"]),
        weeks=weeks,
        when=_text(row["when"]),
        role=_text(row["role"]),
        group=None if row["group"] is None else _text(row["group"]),
        events=events,
        n=n,
        weight=weight,
        state=_text(row["state"]),
        source=_text(row["source"]),
        locator=_text(row["locator"]),
        scale=_text(row["scale"]),
        proportion=_needed(row["proportion"]),
        notes=tuple(map(_text, row["notes"])),
        also=_text(row["also"]),
        given_weight=given,
    )


def _pool(pool: Mapping[str, Any]) -> PoolState:
    het = pool["heterogeneity"]
    return PoolState(
        pool=_text(pool["pool"]),
        k=int(pool["k"]),
        events=int(pool["events"]),
        n=int(pool["n"]),
        requested=_text(pool["requested"]),
        model=_text(pool["model"]),
        proportion=_needed(pool["proportion"]),
        exact=_needed(pool["exact"]),
        average=_interval(pool["average"]),
        prediction=_interval(pool["prediction"]),
        heterogeneity=None if het is None else dict(het),
        notes=tuple(map(_text, pool["notes"])),
        method=_text(pool["method"]),
    )


def _contrast(contrast: Mapping[str, Any]) -> ContrastState:
    return ContrastState(
        _text(contrast["ours"]),
        _text(contrast["against"]),
        _needed(contrast["difference"]),
        _interval(contrast["ratio"]),
        _interval(contrast["odds_ratio"]),
        None if contrast["test"] is None else _text(contrast["test"]),
        _number(contrast["pvalue"]),
    )


def _interval(value: Mapping[str, Any] | None) -> Interval | None:
    return None if value is None else _needed(value)


def _needed(value: Mapping[str, Any]) -> Interval:
    level = _number(value["level"])
    if level is None:
        raise ValueError("an interval without a level")
    return Interval(_number(value["estimate"]), _number(value["low"]), _number(value["high"]), level)


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _option(value: object) -> Any:
    """An option as `pool` takes it: a window is a pair."""
    return tuple(value) if isinstance(value, list) else value
