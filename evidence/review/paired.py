"""One row a patient, a score before and a score after: read from a table (CSV or XLSX), or from a review.

No review is needed for a table. Which two columns are meant is asked for, or taken from their names where these
leave no doubt; `Paired.guessed` then says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from shlex import quote
from typing import BinaryIO, NamedTuple

from evidence.errors import DataError, InputError, NotPossible, OptionError
from evidence.review.patients import ends
from evidence.review.schema import Column, Fault, Patient, Problem, near, parse
from evidence.review.sheet import POINT, Sheet, bytes_of, find_mark, read_sheet, with_point
from evidence.review.spreadsheet import Cell, Grid, is_spreadsheet, read_spreadsheet
from evidence.review.tables import Review
from evidence.review.where import parse_where

BEFORE = ("before", "baseline", "pre", "bl", "initial", "start", "week0", "w0", "day0", "first")
AFTER = ("after", "last", "post", "final", "end", "followup", "lastvisit")
PATIENT = (
    "patient",
    "id",
    "patientid",
    "patientno",
    "patientnumber",
    "subject",
    "subjectid",
    "case",
    "no",
    "nr",
)
"""Names columns are known by; case, spaces and underscores do not matter."""

SUMMARIES = ("total", "sum", "mean", "meansd", "average", "median", "medianrange", "medianiqr", "range")
"""What a line below a table is called that is not a patient's. Short ones (SD, N) may be somebody's initials."""

MISSING = ("", "na", "n/a")
"""What stands where there is no score. Whatever else is not a number is a mistake."""

LARGEST, SMALLEST = 1e9, 1e-9
"""Beyond these no score lies, though slips and damaged files do; within them nothing overflows."""

FOUND = Fault("", "")
"""A cell that is among the problems already: not to be found twice."""

_SCORE = Column("score", "number", "a score")
_ALLOWED = "a number; empty or NA where there is no score"


class PairedScores(NamedTuple):
    """One patient: the score before and the one after, None where there is none; `row` in the file, else 0."""

    patient: str
    before: float | None
    after: float | None
    row: int = 0


class Paired(NamedTuple):
    """All patients of a table, in its order; `before` and `after` say what the two scores are called.

    `score` is the score's name in a review; `guessed` are the options that columns told by their names would have
    been given with.
    """

    source: str
    before: str
    after: str
    patients: tuple[PairedScores, ...]
    score: str = ""
    guessed: str = ""


# ---- from a table --------------------------------------------------------------------------------


def read_paired(
    source: str | Path | BinaryIO,
    *,
    before: str | None = None,
    after: str | None = None,
    id: str | None = None,
    sheet: str | None = None,
    where: str | None = None,
) -> Paired:
    """The patients of a CSV file (commas, semicolons or tabs) or an XLSX workbook, or of an open stream of either.

    `before`, `after` and `id` name columns, `sheet` a sheet of a workbook; `where` keeps the rows that meet a
    condition. Without `id`, patients are called by their row. Raises `InputError` where there is no such table,
    `OptionError` for a column that is not there or not certain, `DataError` with every fault in the rows kept.
    """
    grid, text = _read(source, sheet)
    problems = list(grid.problems)
    try:
        pair, patient, guessed = _columns(grid, before, after, id)
    except InputError:
        if problems:  # a header that cannot be read has no names to find
            raise DataError(problems) from None
        raise
    keep = parse_where(where, [name for name in grid.header if name]) if where else None
    # In a workbook a number is a number: text with a comma in it is a slip.
    comma = text is not None and find_mark(text, pair) == ","
    rows = [row for row in grid.rows if keep is None or keep(_texts(grid, row[1], comma))]
    if not rows and not problems:
        reason = f"no row meets {where}" if grid.rows else "there are no rows below the header"
        problems.append(Problem(grid.file, None, "", "", reason, "a row for each patient"))
    seen: dict[str, int] = {}
    patients = []
    for number, cells in rows:
        name = f"row {number}" if patient is None else _name(grid, number, cells, patient, seen, problems)
        first, last = (_score(grid, number, cells, index, comma, problems) for index in pair)
        patients.append(PairedScores(name, first, last, number))
    if problems:
        problems.sort(key=lambda problem: problem.row or 0)
        raise DataError(problems)
    return Paired(grid.file, grid.header[pair[0]], grid.header[pair[1]], tuple(patients), guessed=guessed)


def _read(source: str | Path | BinaryIO, sheet: str | None) -> tuple[Grid, Sheet | None]:
    """The cells, and the CSV file they are from, if they are from one."""
    file, raw = bytes_of(source)
    if is_spreadsheet(raw):
        return read_spreadsheet(raw, file, sheet), None
    if sheet is not None:
        raise OptionError("sheet", sheet, f"a sheet of an XLSX workbook, and {file} is not one")
    text = read_sheet(raw, file, delimiter=None)
    if not text.header and raw.strip():
        raise DataError(text.problems)
    if not text.header:
        raise InputError(f"{file} is empty; it needs a header row such as patient,before,after")
    rows: list[tuple[int, list[Cell]]] = []
    for number, cells in text.rows:
        spoiled = set(text.spoiled.get(number, ()))
        rows.append((number, [FOUND if index in spoiled else cell for index, cell in enumerate(cells)]))
    return Grid(file, text.header, tuple(rows), text.problems), text


def _texts(grid: Grid, cells: list[Cell], comma: bool) -> dict[str, object]:
    """The cells as conditions see them: numbers with a point."""
    texts = ["" if isinstance(cell, Fault) else with_point(cell) if comma else cell for cell in cells]
    return dict(zip(grid.header, texts, strict=True))


def _name(
    grid: Grid, number: int, cells: list[Cell], index: int, seen: dict[str, int], problems: list[Problem]
) -> str:
    """What the patient is called; nobody may be counted twice, and nobody who is none."""
    cell = cells[index]
    place, value = grid.place(index, number), ""
    if cell is FOUND:
        return ""
    if isinstance(cell, Fault):
        reason, allowed = cell
    elif not cell:
        reason, allowed = (
            "the cell is empty",
            "a number or name for each patient; no lines that are not patients",
        )
    elif _plain(cell) in SUMMARIES:
        value, reason, allowed = cell, "is a summary, not a patient", "one row a patient: delete the line"
    elif seen.setdefault(cell, number) != number:
        value, reason = cell, f"is in row {seen[cell]} already"
        allowed = "each patient once, or another column that tells them apart"
    else:
        return cell
    problems.append(Problem(grid.file, number, place, value, reason, allowed))
    return ""


def _score(
    grid: Grid, number: int, cells: list[Cell], index: int, comma: bool, problems: list[Problem]
) -> float | None:
    cell = cells[index]
    place = grid.place(index, number)
    if isinstance(cell, Fault):
        if cell is not FOUND:
            problems.append(Problem(grid.file, number, place, "", cell.reason, cell.allowed))
        return None
    if cell.casefold() in MISSING:
        return None
    if comma and re.fullmatch(POINT, cell):
        reason, likely = "has a decimal point, where other scores have a comma", cell.replace(".", ",")
    else:
        value = parse(_SCORE, with_point(cell) if comma else cell)
        if isinstance(value, float) and (value == 0 or SMALLEST <= abs(value) <= LARGEST):
            return value
        reason, likely = "is no score, by its size", ""
        if isinstance(value, Fault):
            from evidence.review.likely import explain

            reason, likely = explain(_SCORE, cell, value)
    problems.append(Problem(grid.file, number, place, cell, reason, _ALLOWED, likely))
    return None


# ---- which columns -------------------------------------------------------------------------------


def _columns(
    grid: Grid, before: str | None, after: str | None, patient: str | None
) -> tuple[tuple[int, int], int | None, str]:
    """Where the two scores and the patient's name stand (None if nowhere), and what was guessed, in words."""
    first = None if before is None else _find(grid, "before", before)
    second = None if after is None else _find(grid, "after", after)
    named = None if patient is None else _find(grid, "id", patient)
    pair = _pair(grid, first, second)
    if pair[0] == pair[1]:
        raise OptionError("after", grid.header[pair[1]], f"another column than before; {_listed(grid)}")
    guesses = []
    if first is None:
        guesses.append(f"--before {quote(grid.header[pair[0]])}")
    if second is None:
        guesses.append(f"--after {quote(grid.header[pair[1]])}")
    if named is None:
        # The clearest name first: `patient` is one even beside a column `no`.
        plain = [_plain(name) for name in grid.header]
        named = next(
            (plain.index(name) for name in PATIENT if name in plain and plain.index(name) not in pair), None
        )
        if named is not None:
            guesses.append(f"--id {quote(grid.header[named])}")
    return pair, named, " ".join(guesses)


def _find(grid: Grid, option: str, name: str) -> int:
    if name in grid.header:
        return grid.header.index(name)
    alike = [index for index, column in enumerate(grid.header) if column and _plain(column) == _plain(name)]
    if len(alike) == 1:
        return alike[0]
    raise OptionError(option, name, f"{_listed(grid)}{near(name, filter(None, grid.header))}")


def _pair(grid: Grid, first: int | None, second: int | None) -> tuple[int, int]:
    """The columns before and after; those not given by their names, if only one reading is possible."""
    firsts = _named_as(grid, BEFORE) if first is None else {first: None}
    seconds = _named_as(grid, AFTER) if second is None else {second: None}
    for both in (
        [
            (a, b) for a in firsts for b in seconds if firsts[a] == seconds[b] == ""
        ],  # named so, and nothing else
        [(a, b) for a in firsts for b in seconds if firsts[a] == seconds[b]],  # clasi_before, clasi_after
        [(a, b) for a in firsts for b in seconds if a != b],
    ):
        if len(both) == 1:
            return both[0]
        if both:
            break
    option = "before" if first is None else "after"
    columns = ", ".join(repr(name) for name in grid.header if name)
    raise InputError(
        f"which column of {grid.file} is the score {option}? It has {columns}; name one with --{option}"
    )


def _named_as(grid: Grid, words: tuple[str, ...]) -> dict[int, str | None]:
    """Columns with one of the words in their name -> the rest of the name."""
    found: dict[int, str | None] = {}
    for index, name in enumerate(grid.header):
        if _plain(name) in words:
            found[index] = ""
            continue
        tokens = re.findall(r"[^\W_]+", name.casefold())
        joined = [*tokens, *("".join(two) for two in pairwise(tokens))]
        word = next((token for token in joined if token in words), None)
        if word is not None:
            found[index] = "".join(tokens).replace(word, "", 1)
    return found


def _listed(grid: Grid) -> str:
    return f"a column of {grid.file}: {', '.join(repr(name) for name in grid.header if name)}"


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


# ---- from a review -------------------------------------------------------------------------------


def paired_of(review: Review, *, score: str | None = None, where: str | None = None) -> Paired:
    """A review's own patients: the score at week 0 and at the last visit of one arm of one report.

    `score` and `where` (on the columns of patients.csv) are needed only where the review leaves a choice; without
    `where` it is the arm that the review calls its own.
    Patients whom the report treated but nobody listed have neither score. Raises `OptionError` where a choice is
    left, or leaves nothing.
    """
    scores = list(dict.fromkeys(row.score for row in review.scores))
    if not scores:
        raise NotPossible(
            f"{review.name} has no scores of patients; name a table of them: evidence responders FILE"
        )
    if score is None and len(scores) > 1:
        raise InputError(
            f"which score is meant? {review.name} has {', '.join(scores)}; name one with --score"
        )
    if score is not None and score not in scores:
        raise OptionError(
            "score", score, f"one of the review's scores: {', '.join(scores)}{near(score, scores)}"
        )
    chosen = scores[0] if score is None else score
    courses = defaultdict(list)
    for row in review.scores:
        if row.score == chosen:
            courses[row.study, row.patient].append(row)
    measured = {study for study, _ in courses}
    members = list(_members(review, measured, where))
    arms = list(dict.fromkeys((patient.study, patient.arm) for patient in members))
    if len(arms) > 1 and where is None:
        # The review's own cohort, where it has one.
        ours = {spec.ours for spec in review.analyses.values()}
        arms = [arm for arm in arms if arm[0] in ours] or arms
        members = [patient for patient in members if (patient.study, patient.arm) in arms]
    if len(arms) != 1:
        if where and not arms:
            raise OptionError("where", where, "what leaves a patient with a score")
        each = "\n".join(f"""  --where 'study == {study} and arm == "{arm}"'""" for study, arm in arms)
        raise InputError(f"which patients are meant? Those of one arm of one report:\n{each}")
    ((study, _),) = arms
    patients = []
    for patient in members:
        first, last = ends(courses.get((study, patient.patient), ()))
        patients.append(
            PairedScores(
                patient.patient, first.value if first else None, last.value if last else None, patient.row
            )
        )
    listed = [patient for patient in review.patients if patient.study == study]
    # `treated` counts a whole report, so it can only be held against all of its patients.
    absent = (review.studies[study].treated or 0) - len(listed) if len(members) == len(listed) else 0
    patients += [PairedScores(f"not listed {i}", None, None) for i in range(1, absent + 1)]
    return Paired(f"{review.label(study)}, {chosen}", "week 0", "last visit", tuple(patients), chosen)


def _members(review: Review, measured: Iterable[str], where: str | None) -> Iterator[Patient]:
    """The patients of reports in which anybody was measured, that meet the condition."""
    columns = [column.name for column in review.columns("patients")]
    keep = parse_where(where, columns) if where else None
    for patient in review.patients:
        cells: Mapping[str, object] = {**patient.extra, **patient._asdict()}
        if patient.study in measured and (keep is None or keep(cells)):
            yield patient
