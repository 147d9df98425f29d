"""Read and check the tables of a review: all of its problems at once, or a `Review`.

A review is a folder with review.toml and the tables of `schema.TABLES`. Where
no folder is named, `find_review` says which one is meant.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from evidence.errors import DataError, InputError
from evidence.review import schema
from evidence.review.counts import CountRow, read_counts
from evidence.review.heading import COUNTS, Heading, read_heading
from evidence.review.labels import make_labels
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
from evidence.review.rules import (
    CHECKS,
    HINTS,
    agree,
    duplicate,
    mirrored,
    no_check,
    source_check,
    unknown_patients,
)
from evidence.review.schema import (
    MARKED,
    NOTHING,
    TABLES,
    Appraisal,
    CohortLink,
    Column,
    Decision,
    Fault,
    FoundPaper,
    Grade,
    OutcomeRow,
    Overlap,
    Patient,
    Problem,
    ReferenceEntry,
    Run,
    Score,
    Statement,
    Study,
    Table,
)
from evidence.review.sheet import POINT, Sheet, find_mark, padding, read_sheet, with_point
from evidence.shown import Displayed
from evidence.telling import DEBUG, tell

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["CountRow", "Review", "find_review", "load", "read_counts"]

VARIABLE = "EVIDENCE_REVIEW"
"""Environment variable that names the review's folder."""


Record = TypeVar("Record")


@dataclass(frozen=True)
class Review(Displayed):
    """A review that has been read and checked; mappings and tuples keep the order of the files.

    path        of its folder, as it was given
    name        what messages call it: the folder's name
    shipped     whether it is the one that comes with evidence, which no command changes
    question    review.toml: title, outcomes, analyses, saved searches
    studies     key -> report, as studies.csv has it
    links       which report describes which cohort, as cohorts.csv has it
    overlaps    pairs of cohorts that may share patients, as overlaps.csv has them
    rows        results: the typed ones of outcomes.csv, then those derived from patients
    patients    individual patients, as patients.csv has them
    scores      their scores, one row a measurement, as scores.csv has them
    references  entries of the reports' reference lists, as references.csv has them
    statements  what papers print about themselves, as statements.csv has it
    labels      key of a report -> what it is called
    by_outcome  key of an outcome -> its rows, in their order
    found       papers that saved searches found, as found.csv has them
    decisions   what screeners decided about them, as decisions.csv has it
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
    runs: tuple[Run, ...] = ()
    """Of the saved searches, as searches.csv has them."""
    found: tuple[FoundPaper, ...] = ()
    decisions: tuple[Decision, ...] = ()
    appraisals: tuple[Appraisal, ...] = ()
    """What was judged of the reports, as quality.csv has it."""
    grades: tuple[Grade, ...] = ()
    """The steps of each certainty, as certainty.csv has them."""

    def __repr__(self) -> str:
        """In a word: with every row it fills a screen, in messages as well."""
        return f"<Review {self.title!r}: {len(self.studies)} reports, {len(self.rows)} results, in {self.path!r}>"

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

    In order: `explicit`, the path of a folder, as it was named; the one that the variable `EVIDENCE_REVIEW` names;
    the current folder or its data/ if it holds review.toml; the review that comes with the package.

    Nothing is read and nothing raised: whether a named folder holds a review is found by `load`.
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


def review_of(path: str | Path) -> Path | None:
    """The folder of the review that a path is, or is a file of; None if it is neither."""
    here = Path(path)
    if here.is_dir():
        return here
    known = {FILE, *(table.file for table in TABLES.values())}
    return here.parent if here.name in known and (here.parent / FILE).is_file() else None


def is_shipped(folder: Path | Traversable) -> bool:
    """Whether the folder is that of the review that comes with evidence."""
    # The shipped review is a package too; to look where it is installed takes 3 ms.
    if not folder.joinpath("__init__.py").is_file():
        return False
    from importlib.util import find_spec

    spec = find_spec("evidence.data")
    if spec is None or spec.origin is None:
        return False
    return os.path.realpath(str(folder)) == os.path.realpath(os.path.dirname(spec.origin))


# ---- loading -------------------------------------------------------------------------------------


def load(path: str | Path | Traversable) -> Review:
    """The review in a folder, checked.

    `path` is that of the folder with review.toml and the tables, or what `find_review` gave.

    Raises `InputError` where there is no review to read (no folder, no
    review.toml, not TOML) and `DataError` with every problem in its files.
    """
    folder = Path(path) if isinstance(path, str) else path
    question, problems = read_toml(folder)
    tables = _Tables(folder, question, problems)
    studies = {study.study: study for study in tables.records("studies", Study)}
    links = tables.records("cohorts", CohortLink)
    cohorts = _cohorts_of(studies, links)
    tables.keys["cohorts"] = _known_cohorts(tables)
    overlaps = tables.records("overlaps", Overlap)
    problems += mirrored(overlaps)
    rows = tables.records("outcomes", OutcomeRow)
    patients = tables.records("patients", Patient)
    scores = tables.records("scores", Score)
    references = tables.records("references", ReferenceEntry)
    statements = tables.records("statements", Statement)
    runs = tables.records("searches", Run)
    found = tables.records("found", FoundPaper)
    decisions = tables.records("decisions", Decision)
    appraisals = tables.records("quality", Appraisal)
    grades = tables.records("certainty", Grade)
    if appraisals or grades:
        from evidence.review.quality import check_appraisals, check_grades

        problems += [*check_appraisals(appraisals, studies), *check_grades(grades)]
    known = tables.keys.get("studies")
    if known is not None:
        problems += check_studies(question, known)
    listed = tables.raw("patients", "study", "patient")
    if listed is not None:
        problems += unknown_patients(scores, listed)
    if not problems:
        derived, problems = agree(rows, derive(question.outcomes.values(), patients, scores, studies))
        rows += derived
    if problems:
        order = {
            name: number for number, name in enumerate([FILE, *(table.file for table in TABLES.values())])
        }
        problems.sort(key=lambda problem: (order[problem.file], problem.row or 0))
        raise DataError(problems)
    tell("%s read: %d reports, %d results, %d patients", folder, len(studies), len(rows), len(patients))
    shipped = is_shipped(folder)
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
        labels=make_labels(studies, references),
        cohorts=cohorts,
        by_outcome={outcome: tuple(entries) for outcome, entries in by_outcome.items()},
        runs=tuple(runs),
        found=tuple(found),
        decisions=tuple(decisions),
        appraisals=tuple(appraisals),
        grades=tuple(grades),
    )


def read_toml(folder: Path | Traversable) -> tuple[Question, list[Problem]]:
    """The question in a folder's review.toml, with what is wrong in it; raises InputError where it is none."""
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
        self.mark = "."
        self.hints = 0

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
        heading = read_heading(table, columns, sheet)
        if not heading.places:  # then what else is odd about that row is no news
            said = [problem for problem in sheet.problems if problem.row == sheet.first]
            self.problems[:] = [problem for problem in self.problems if problem not in said]
        self.problems += heading.problems
        if not heading.places:
            return []
        self.sheets[name] = sheet, heading.places
        keys = {heading.places[column] for column in table.key if column in heading.places}
        if sheet.torn or not all(keys.isdisjoint(places) for places in sheet.spoiled.values()):
            self.damaged.add(name)
        marked = (column.name for column in columns if column.kind in MARKED)
        self.mark = find_mark(sheet, [heading.places[name] for name in marked if name in heading.places])
        strict = {heading.places.get(column.name, -1) for column in columns if column.kind != "text"}
        self.problems += padding(sheet, strict)
        records = cast(list[Record], self._parse(table, columns, sheet, heading))
        if name == "studies":
            self.keys["studies"] = _first(self.raw("studies", "study"))
        tell("%s: rows read: %d", table.file, len(records), level=DEBUG)
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

    def _parse(self, table: Table, columns: Sequence[Column], sheet: Sheet, heading: Heading) -> list[Any]:
        # One row costs a dictionary look-up a cell: most cells repeat, so each distinct text is parsed once.
        places = heading.places
        plan: _Plan = [
            (column, places.get(column.name, -1), {} if column.kind != "text" or column.required else None)
            for column in columns
        ]
        fixed = len(table.columns)
        own_names = [column.name for column in columns[fixed:]]
        missing = set(heading.missing)
        missing |= {column.name for column in columns if column.required and column.name not in places}
        missing |= self._no_counts(table, sheet, heading)
        keyed = [index for index, column in enumerate(columns) if column.name in table.key]
        check = CHECKS.get(table.name, no_check)
        unsourced = source_check(table, places)
        first: dict[tuple[object, ...], int] = {}
        records = []
        for number, cells in sheet.rows:
            if number in sheet.spoiled:
                values, faulty = self._row(
                    table, number, cells, *_without(plan, missing, sheet.spoiled[number])
                )
            else:
                values, faulty = self._row(table, number, cells, plan, missing)
            key = tuple([values[index] for index in keyed])
            if first.setdefault(key, number) != number and not faulty.intersection(table.key):
                self.problems.append(duplicate(table, key, number, first[key]))
            own = dict(zip(own_names, values[fixed:], strict=True)) if own_names else NOTHING
            record: Any = table.record(*values[:fixed], own, number)
            self.problems += check(record, faulty)
            self.problems += unsourced(record, faulty)
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
                self.problems.append(self._problem(table, number, column, text, value))
                faulty.add(column.name)
                if column.name in table.key:
                    self.damaged.add(table.name)
                value = None
            values.append(value)
        return values, faulty

    def _value(self, column: Column, text: str) -> schema.Value | Fault:
        if self.mark == "," and column.kind in MARKED:
            if re.fullmatch(POINT, text):
                return Fault(
                    "has a decimal point, where other numbers of the file have a comma", "one decimal mark"
                )
            text = with_point(text)
        value = schema.parse(column, text)
        if column.refers and text and not isinstance(value, Fault):
            known = self.keys.get(column.refers)
            if known is not None and text not in known:
                where = FILE if column.refers == "outcomes" else f"{column.refers}.csv"
                return Fault(f"is not in {where}", f"a key of {where}")
        return value

    def _problem(self, table: Table, number: int, column: Column, text: str, fault: Fault) -> Problem:
        """The fault at its place, with what was likely meant."""
        self.hints += 1
        if not text or self.hints > HINTS:
            return Problem(table.file, number, column.name, text, fault.reason, fault.allowed)
        if self.mark == "," and column.kind in MARKED and re.fullmatch(POINT, text):
            likely = text.replace(".", ",")
            return Problem(table.file, number, column.name, text, fault.reason, fault.allowed, likely)
        from evidence.review.likely import explain

        known = self.keys.get(column.refers) if column.refers else None
        guess = explain(column, text, fault, known)
        return Problem(table.file, number, column.name, text, guess.reason, fault.allowed, guess.likely)

    def _no_counts(self, table: Table, sheet: Sheet, heading: Heading) -> set[str]:
        """Columns of counts that are not there, though rows have to be pooled."""
        absent = [name for name in COUNTS if name not in heading.places]
        if table.name != "outcomes" or not absent:
            return set()
        excuse = heading.places.get("not_poolable", -1)
        if excuse >= 0 and all(cells[excuse] for _, cells in sheet.rows):
            return set()
        meanings = {column.name: column.meaning for column in table.columns}
        for name in absent:
            if name not in heading.missing:
                missing = Problem(table.file, sheet.first, name, "", "the column is missing", meanings[name])
                self.problems.append(missing)
        return set(absent)


def _without(
    plan: _Plan, missing: AbstractSet[str], spoiled: Iterable[int]
) -> tuple[_Plan, AbstractSet[str]]:
    """The plan for a row with cells that are problems already: neither their faults nor what follows is said again."""
    kept: _Plan = [
        (column, -1, {"": None}) if index in spoiled else (column, index, memo)
        for column, index, memo in plan
    ]
    return kept, missing | {column.name for column, index, _ in plan if index in spoiled}


# ---- what tables refer to ------------------------------------------------------------------------


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
