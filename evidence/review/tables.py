"""Read and check the tables of a review: all of its problems at once, or a `Review`.

A review is a folder with review.toml and the tables of `schema.TABLES`. Where
no folder is named, `find_review` says which one is meant.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from evidence.errors import DataError, InputError
from evidence.review import schema
from evidence.review.counts import CountRow, read_counts
from evidence.review.patients import derive
from evidence.review.question import (
    FILE,
    AnalysisSpec,
    Outcome,
    Question,
    Search,
    check_studies,
    read_question,
)
from evidence.review.schema import (
    NOTHING,
    TABLES,
    CohortLink,
    Column,
    Fault,
    OutcomeRow,
    Overlap,
    Patient,
    Problem,
    ReferenceEntry,
    Score,
    Statement,
    Study,
    Table,
    near,
)
from evidence.review.sheet import Sheet, read_sheet

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["CountRow", "Review", "find_review", "load", "read_counts"]

VARIABLE = "EVIDENCE_REVIEW"
"""Environment variable that names the review's folder."""


Record = TypeVar("Record")


@dataclass(frozen=True)
class Review:
    """A review that has been read and checked; mappings and tuples keep the order of the files.

    `rows` holds the typed outcome rows, then those derived from patients.
    """

    path: str
    name: str
    shipped: bool
    question: Question
    studies: Mapping[str, Study]
    links: tuple[CohortLink, ...]
    overlaps: tuple[Overlap, ...]
    rows: tuple[OutcomeRow, ...]
    patients: tuple[Patient, ...]
    scores: tuple[Score, ...]
    references: tuple[ReferenceEntry, ...]
    statements: tuple[Statement, ...]
    labels: Mapping[str, str] = field(repr=False)
    cohorts: Mapping[str, tuple[str, ...]] = field(repr=False)
    """Cohorts of each report; one that cohorts.csv does not mention is a cohort of its own."""
    by_outcome: Mapping[str, tuple[OutcomeRow, ...]] = field(repr=False)

    @property
    def title(self) -> str:
        return self.question.title

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        return self.question.outcomes

    @property
    def analyses(self) -> Mapping[str, AnalysisSpec]:
        return self.question.analyses

    @property
    def searches(self) -> Mapping[str, Search]:
        return self.question.searches

    def label(self, study: str) -> str:
        """How the report is called: its label, else first author and year, with a, b where two agree."""
        return self.labels[study]

    def columns(self, table: str) -> tuple[Column, ...]:
        """The columns of a table, the review's own ones last."""
        return TABLES[table].columns + self.question.columns.get(table, ())


# ---- finding -------------------------------------------------------------------------------------


def find_review(explicit: str | None = None) -> tuple[Path | Traversable, str | None]:
    """The folder to read, and what to tell the user about the choice (None if she made it).

    In order: the one named, `EVIDENCE_REVIEW`, the current folder or its data/
    if it holds review.toml, the review that comes with the package.
    """
    named = explicit or os.environ.get(VARIABLE)
    if named:
        return Path(named), None
    for here in (Path(), Path("data")):
        if (here / FILE).is_file():
            return here, None
    from importlib.resources import files  # not needed where a review is at hand

    note = f"no {FILE} here: using the review that comes with evidence (or name one: --review, {VARIABLE})"
    return files("evidence.data"), note


def _is_shipped(folder: Path | Traversable) -> bool:
    from importlib.util import find_spec

    spec = find_spec("evidence.data")
    if spec is None or spec.origin is None:
        return False
    return os.path.realpath(str(folder)) == os.path.realpath(os.path.dirname(spec.origin))


# ---- loading -------------------------------------------------------------------------------------


def load(path: str | Path | Traversable) -> Review:
    """The review in a folder, checked.

    Raises `InputError` where there is no review to read (no folder, no
    review.toml, not TOML) and `DataError` with every problem in its files.
    """
    folder = Path(path) if isinstance(path, str) else path
    question, problems = _read_toml(folder)
    tables = _Tables(folder, question, problems)
    studies = {study.study: study for study in tables.records("studies", Study)}
    links = tables.records("cohorts", CohortLink)
    cohorts = _cohorts_of(studies, links)
    tables.keys["cohorts"] = _known_cohorts(tables)
    overlaps = tables.records("overlaps", Overlap)
    problems += _mirrored(overlaps)
    rows = tables.records("outcomes", OutcomeRow)
    patients = tables.records("patients", Patient)
    scores = tables.records("scores", Score)
    references = tables.records("references", ReferenceEntry)
    statements = tables.records("statements", Statement)
    known = tables.keys.get("studies")
    if known is not None:
        problems += check_studies(question, known)
    problems += _unknown_patients(scores, tables.raw("patients", "study", "patient"))
    if not problems:
        derived, problems = _agree(rows, derive(question.outcomes.values(), patients, scores, studies))
        rows += derived
    if problems:
        order = {
            name: number for number, name in enumerate([FILE, *(table.file for table in TABLES.values())])
        }
        problems.sort(key=lambda problem: (order[problem.file], problem.row or 0))
        raise DataError(problems)
    shipped = _is_shipped(folder)
    by_outcome: dict[str, list[OutcomeRow]] = defaultdict(list)
    for row in rows:
        by_outcome[row.outcome].append(row)
    return Review(
        path=str(folder),
        name="the review that comes with evidence"
        if shipped
        else os.path.basename(os.path.abspath(str(folder))),
        shipped=shipped,
        question=question,
        studies=studies,
        links=tuple(links),
        overlaps=tuple(overlaps),
        rows=tuple(rows),
        patients=tuple(patients),
        scores=tuple(scores),
        references=tuple(references),
        statements=tuple(statements),
        labels=_labels(studies),
        cohorts=cohorts,
        by_outcome={outcome: tuple(found) for outcome, found in by_outcome.items()},
    )


def _read_toml(folder: Path | Traversable) -> tuple[Question, list[Problem]]:
    import tomllib

    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; a review is a folder with {FILE} and its tables")
    file = folder.joinpath(FILE)
    if not file.is_file():
        raise InputError(f"{folder} has no {FILE}; a review is a folder with {FILE} and its tables")
    try:
        return read_question(tomllib.loads(file.read_bytes().decode("utf-8-sig")))
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, numbers of thousands of digits
        raise InputError(f"{file} cannot be read as TOML: {error}") from error
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error


_Plan = list[tuple[Column, int, dict[str, Any] | None]]
"""How to read a row: column, its place (-1 if absent), and the values its texts have; None for plain text."""


class _Tables:
    """Reads one table after the other, and remembers the keys the later ones may refer to.

    `keys[table]` is None where a table is `damaged`, its keys not all readable:
    nothing is held against references into it, which would only repeat the one
    real problem.
    """

    def __init__(self, folder: Path | Traversable, question: Question, problems: list[Problem]) -> None:
        self.folder, self.question, self.problems = folder, question, problems
        self.keys: dict[str, AbstractSet[str] | None] = {"outcomes": question.outcomes.keys()}
        self.sheets: dict[str, tuple[Sheet, Mapping[str, int]]] = {}
        self.damaged: set[str] = set()
        self.unknown = 0

    def raw(self, name: str, *columns: str) -> set[tuple[str, ...]] | None:
        """The cells of some columns as typed, faulty rows included; None if its keys cannot be relied on."""
        sheet, places = self.sheets.get(name, (None, {}))
        if sheet is None or name in self.damaged or not all(column in places for column in columns):
            return None
        indexes = [places[column] for column in columns]
        return {tuple([cells[index] for index in indexes]) for _, cells in sheet.rows}

    def records(self, name: str, kind: type[Record]) -> list[Record]:
        """The faultless rows of a table; the faults of the others go to `problems`."""
        table = TABLES[name]
        sheet = self._sheet(table)
        if sheet is None:
            return []
        columns = table.columns + self.question.columns.get(name, ())
        places = _places(table, columns, sheet, self.problems)
        self.sheets[name] = sheet, places
        records = cast(list[Record], self._parse(table, columns, sheet, places))
        if sheet.problems:
            self.damaged.add(name)
        if name == "studies":
            self.keys["studies"] = _first(self.raw("studies", "study"))
        return records

    def _sheet(self, table: Table) -> Sheet | None:
        file = self.folder.joinpath(table.file)
        if not file.is_file():
            if table.required:
                self.problems.append(Problem(table.file, None, "", "", "the file is missing", "this table"))
                return None
            return Sheet(table.file, tuple(column.name for column in table.columns), (), ())
        try:
            sheet = read_sheet(file.read_bytes(), table.file)
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror}") from error
        self.problems += sheet.problems
        return sheet if sheet.header else None

    def _parse(
        self, table: Table, columns: Sequence[Column], sheet: Sheet, places: Mapping[str, int]
    ) -> list[Any]:
        # One row costs a dictionary look-up a cell: most cells repeat, so each distinct text is parsed once.
        plan: _Plan = [
            (column, places.get(column.name, -1), {} if column.kind != "text" or column.required else None)
            for column in columns
        ]
        fixed = len(table.columns)
        own_names = [column.name for column in columns[fixed:]]
        missing = {column.name for column in columns if column.required and column.name not in places}
        keyed = [index for index, column in enumerate(columns) if column.name in table.key]
        check = _CHECKS.get(table.name, _no_check)
        unsourced = _unsourced(table, places)
        first: dict[tuple[object, ...], int] = {}
        records = []
        for number, cells in sheet.rows:
            values, faulty = self._row(table, number, cells, plan, missing)
            key = tuple([values[index] for index in keyed])
            if first.setdefault(key, number) != number and not faulty.intersection(table.key):
                self.problems.append(_duplicate(table, key, number, first[key]))
            own = dict(zip(own_names, values[fixed:], strict=True)) if own_names else NOTHING
            record: Any = table.record(*values[:fixed], own, number)
            self.problems += check(record, faulty)
            self.problems += unsourced(record)
            if not faulty:
                records.append(record)
        return records

    def _row(
        self, table: Table, number: int, cells: Sequence[str], plan: _Plan, missing: AbstractSet[str]
    ) -> tuple[list[Any], set[str]]:
        """The values of a row, and the names of the columns in which there is none to be had."""
        values: list[Any] = []
        faulty = set(missing)
        for column, index, memo in plan:
            text = cells[index] if index >= 0 else ""
            if memo is None:
                values.append(text)
                continue
            try:
                value = memo[text]
            except KeyError:
                # A missing column is one problem, at the header: its cells are not problems too.
                value = memo[text] = None if column.name in missing else self._value(column, text)
            if value.__class__ is Fault:
                self.problems.append(
                    Problem(table.file, number, column.name, text, value.reason, value.allowed)
                )
                faulty.add(column.name)
                if column.name in table.key:
                    self.damaged.add(table.name)
                value = None
            values.append(value)
        return values, faulty

    def _value(self, column: Column, text: str) -> schema.Value | Fault:
        value = schema.parse(column, text)
        if column.refers and text and not isinstance(value, Fault):
            known = self.keys.get(column.refers)
            if known is not None and text not in known:
                where = FILE if column.refers == "outcomes" else f"{column.refers}.csv"
                self.unknown += 1
                hint = near(text, known) if self.unknown <= 100 else ""  # a wrong file, not a hundred slips
                return Fault(f"is not in {where}{hint}", f"a key of {where}")
        return value


def _places(table: Table, columns: Sequence[Column], sheet: Sheet, problems: list[Problem]) -> dict[str, int]:
    """Where each column stands; columns that are unknown, or missing though needed, are problems."""
    known = {column.name for column in columns}
    places: dict[str, int] = {}
    for index, name in enumerate(sheet.header):
        if name in known:
            places.setdefault(name, index)
        elif name:
            reason = "is not a column of this table" + near(name, known - set(sheet.header))
            allowed = f"a column of the table, or one declared in {FILE} under [columns.{table.name}]"
            problems.append(Problem(table.file, 1, name, name, reason, allowed))
    for column in columns:
        if column.name not in places and (column.required or column.name in table.key[:1]):
            problems.append(Problem(table.file, 1, column.name, "", "the column is missing", column.meaning))
    return places


def _duplicate(table: Table, key: tuple[object, ...], number: int, before: int) -> Problem:
    shown = ", ".join(
        f"{value:g}" if isinstance(value, float) else str(value) for value in key if value != ""
    )
    rule = "one row for each " + ", ".join(table.key)
    return Problem(table.file, number, table.key[0], shown, f"is in row {before} already", rule)


# ---- rules across the cells of a row -------------------------------------------------------------


def _check_outcome(row: OutcomeRow, faulty: AbstractSet[str]) -> Iterable[Problem]:
    def problem(column: str, value: object, reason: str, allowed: str) -> Problem:
        return Problem(TABLES["outcomes"].file, row.row, column, str(value), reason, allowed)

    events, n = row.events, row.n
    if "events" not in faulty and "n" not in faulty:
        if events is not None and n is None:
            yield problem(
                "n", "", f"the cell is empty, though there are {events} events", "a whole number from 1"
            )
        elif events is None and not row.not_poolable:
            reason = "the cell is empty, and no reason says why the row cannot be pooled"
            yield problem("events", "", reason, "a whole number from 0 to n, or a reason in not_poolable")
        elif events is not None and n is not None and events > n:
            yield problem("events", events, f"is more than n ({n})", "a whole number from 0 to n")
        elif (
            events is not None and n is not None and "percent" not in faulty and "percent_kind" not in faulty
        ):
            crude = row.percent_kind in ("", "crude")
            if row.percent and crude and not schema.percent_fits(row.percent, events, n):
                reason = f"cannot be {events}/{n}, which is {100 * events / n:.2f} %"
                yield problem(
                    "percent", row.percent, reason, "that, rounded or cut off, or another percent_kind"
                )
    low, high = row.weeks_from, row.weeks_to
    if low is not None and high is not None and low > high:
        yield problem("weeks_to", f"{high:g}", f"is before weeks_from ({low:g})", f"a number from {low:g}")
    if row.split and not row.subgroup:
        yield problem(
            "subgroup", "", f"the cell is empty, though the row is part of the split {row.split}", "its part"
        )


def _check_overlap(overlap: Overlap, faulty: AbstractSet[str]) -> Iterable[Problem]:
    if overlap.cohort_a == overlap.cohort_b and not faulty:
        file = TABLES["overlaps"].file
        yield Problem(file, overlap.row, "cohort_b", overlap.cohort_b, "is cohort_a too", "another cohort")


def _no_check(record: object, faulty: AbstractSet[str]) -> Iterable[Problem]:
    return ()


_CHECKS: Mapping[str, Callable[[Any, AbstractSet[str]], Iterable[Problem]]] = {
    "outcomes": _check_outcome,
    "overlaps": _check_overlap,
}


def _unsourced(table: Table, places: Mapping[str, int]) -> Callable[[Any], Iterable[Problem]]:
    """A check that a row read somewhere says where; a missing column is one problem, not one a row."""
    said = set()

    def check(record: Any) -> Iterable[Problem]:
        if record.source or record.state in (None, "unverified") or "source" in said:
            return ()
        value = f"though the row was read ({record.state})"
        allowed = "the address it was read from, or state unverified"
        if "source" in places:
            return (Problem(table.file, record.row, "source", "", f"the cell is empty, {value}", allowed),)
        said.add("source")
        return (
            Problem(table.file, 1, "source", "", "the column is missing, though rows were read", allowed),
        )

    return check if any(column.name == "state" for column in table.columns) else lambda record: ()


# ---- rules across tables -------------------------------------------------------------------------


def _first(cells: set[tuple[str, ...]] | None) -> set[str] | None:
    return None if cells is None else {cell[0] for cell in cells}


def _known_cohorts(tables: _Tables) -> set[str] | None:
    """Cohorts of cohorts.csv, and reports it does not mention: each is a cohort of its own."""
    linked, studies = tables.raw("cohorts", "study", "cohort"), tables.keys.get("studies")
    if linked is None or studies is None:
        return None
    return {cohort for _, cohort in linked} | (studies - {study for study, _ in linked})


def _cohorts_of(studies: Iterable[str], links: Iterable[CohortLink]) -> dict[str, tuple[str, ...]]:
    cohorts: dict[str, list[str]] = {study: [] for study in studies}
    for link in links:
        cohorts.setdefault(link.study, []).append(link.cohort)
    return {study: tuple(found) or (study,) for study, found in cohorts.items()}


def _mirrored(overlaps: Iterable[Overlap]) -> list[Problem]:
    """Pairs that stand there twice, the other way round."""
    seen: dict[tuple[str, str], int] = {}
    problems = []
    for pair in overlaps:
        before = seen.get((pair.cohort_b, pair.cohort_a))
        if before is not None:
            shown, reason = (
                f"{pair.cohort_a}, {pair.cohort_b}",
                f"is in row {before} already, the other way round",
            )
            problems.append(
                Problem("overlaps.csv", pair.row, "cohort_a", shown, reason, "one row for each pair")
            )
        seen[pair.cohort_a, pair.cohort_b] = pair.row
    return problems


def _unknown_patients(scores: Iterable[Score], known: set[tuple[str, ...]] | None) -> list[Problem]:
    if known is None:
        return []
    return [
        Problem(
            "scores.csv",
            score.row,
            "patient",
            score.patient,
            f"is not a patient of {score.study}",
            "patients.csv",
        )
        for score in scores
        if (score.study, score.patient) not in known
    ]


def _agree(
    typed: Sequence[OutcomeRow], derived: Sequence[OutcomeRow]
) -> tuple[list[OutcomeRow], list[Problem]]:
    """Derived rows that nobody typed; a typed one must say what the patients say, and is then kept."""
    concerned = {row.study for row in derived}
    by_key = {
        (row.study, row.arm, row.subgroup, row.outcome, row.weeks): row
        for row in typed
        if row.study in concerned
    }
    kept, problems = [], []
    for row in derived:
        same = by_key.get((row.study, row.arm, row.subgroup, row.outcome, row.weeks))
        if same is None:
            kept.append(row)
        elif (
            not row.not_poolable and (same.events, same.n) != (row.events, row.n) and same.events is not None
        ):
            reason = f"does not agree with the patients' scores, which give {row.events}/{row.n}"
            shown = f"{same.events}/{same.n}"
            problems.append(
                Problem("outcomes.csv", same.row, "events", shown, reason, "the same, or no row here")
            )
    return kept, problems


def _labels(studies: Mapping[str, Study]) -> dict[str, str]:
    """What to call each report: its label, or `First-Author 2024`, told apart by a, b, ... in table order."""
    labels = {study.study: study.label or _first_author(study) for study in studies.values()}
    made = Counter(labels.values())
    seen: Counter[str] = Counter()
    for study in studies.values():
        label = labels[study.study]
        if not study.label and made[label] > 1:
            labels[study.study] = label + _letters(seen[label])
            seen[label] += 1
    return labels


def _first_author(study: Study) -> str:
    """`Smith-Jones 2025` from `Smith-Jones M, Lee GP, ...`; the key of the report where no author is known."""
    words = study.authors.split(",")[0].split(";")[0].split()
    while len(words) > 1 and ((words[-1].isupper() and len(words[-1]) <= 4) or words[-2:] == ["et", "al."]):
        words = words[:-2] if words[-1] == "al." else words[:-1]  # initials, as PubMed writes them
    name = " ".join(words) or study.study
    return f"{name} {study.year}" if study.year and words else name


def _letters(number: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    letters = ""
    while number >= 0:
        letters = chr(ord("a") + number % 26) + letters
        number = number // 26 - 1
    return letters
