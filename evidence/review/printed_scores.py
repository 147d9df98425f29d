"""What papers print of a score: a table of medians, ranges, quartiles, means and SDs, or what a review states.

    study,n,median,min,max
    Chasset 2023,11,15,4,35

Columns go by the names such tables have (`q1` or `lower quartile`, `min` or `minimum`); those not there are not known.
A column `time` (or `quantity`) keeps baseline and last visit apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from evidence.errors import InputError, NotPossible, OptionError
from evidence.review.counts import STUDY, plain
from evidence.review.patients import ends
from evidence.review.schema import MOST, NOT_STATED, Column, Fault, Problem, Score, parse
from evidence.review.sheet import bytes_of, find_mark, read_sheet, refuse_faults
from evidence.review.tables import Review

COLUMNS = {
    "n": ("n", "patients", "total", "size", "samplesize"),
    "median": ("median", "med", "q2"),
    "q1": ("q1", "q25", "p25", "lowerquartile", "firstquartile"),
    "q3": ("q3", "q75", "p75", "upperquartile", "thirdquartile"),
    "low": ("min", "low", "lowest", "minimum"),
    "high": ("max", "high", "highest", "maximum"),
    "mean": ("mean", "average"),
    "sd": ("sd", "standarddeviation", "stdev"),
    "time": ("time", "quantity", "when", "visit", "timepoint"),
}
"""What is read -> the names it goes by, in any case and with any spaces."""

TIMES = ("baseline", "last visit")

_N = Column("n", "integer", "", True, low=1, high=MOST)
_NUMBER = Column("number", "number", "")
_NUMBERS = ("median", "q1", "q3", "low", "high", "mean", "sd")


class PrintedScore(NamedTuple):
    """One study's score at one time as its paper prints it; numbers are in points of the score, None where it does not say.

    study      what the study is called
    time       when, in the paper's words; baseline or last visit where a review states it
    n          patients
    median     of their scores
    q1, q3     lower and upper quartile
    low, high  lowest and highest score
    mean, sd   mean and standard deviation
    row        in the file, the header being 1; 0 where it is from none
    """

    study: str
    time: str
    n: int
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: float | None = None
    row: int = 0


def read_printed(source: str | Path | BinaryIO) -> list[PrintedScore]:
    """The rows of a CSV file or an open stream.

    Raises InputError where there is no such table, DataError with every fault in it: a row must have n and a median
    or a mean, its numbers in order.
    """
    file, raw = bytes_of(source)
    sheet = read_sheet(raw, file, delimiter=None)
    problems = list(sheet.problems)
    names = [plain(name) for name in sheet.header]
    places = {
        what: next((names.index(name) for name in known if name in names), None)
        for what, known in {"study": STUDY, **COLUMNS}.items()
    }
    if places["n"] is None or (places["median"] is None and places["mean"] is None):
        found = ", ".join(map(repr, sheet.header)) or "none"
        raise InputError(
            f"{file} needs the columns n and median (or mean), such as study,n,median,min,max; it has {found}"
        )
    comma = find_mark(sheet, [place for name in _NUMBERS if (place := places[name]) is not None]) == ","
    rows = []
    for position, (number, cells) in enumerate(sheet.rows, 1):

        def text(what: str, cells: Sequence[str] = cells) -> str:
            place = places[what]
            return "" if place is None else cells[place]

        values: dict[str, float | None] = {}
        before = len(problems)
        for what in ("n", *_NUMBERS):
            cell = text(what)
            read = "" if cell.casefold() in ("na", "n/a") else cell
            value = parse(_N if what == "n" else _NUMBER, read.replace(",", ".") if comma else read)
            if isinstance(value, Fault):
                place = places[what]
                column = sheet.header[place] if place is not None else what
                problems.append(Problem(file, number, column, cell, value.reason, value.allowed))
            values[what] = value if isinstance(value, int | float) else None
        if len(problems) > before:
            continue
        row = PrintedScore(
            text("study") or str(position), text("time"), int(values.pop("n") or 0), **values, row=number
        )
        reason = _impossible(row)
        if reason:
            problems.append(Problem(file, number, "", "", reason, "what a paper can print of a score"))
        rows.append(row)
    refuse_faults(sheet, problems)
    return rows


def _impossible(row: PrintedScore) -> str:
    """Why no patients can have these numbers; empty if they can."""
    if row.median is None and row.mean is None:
        return "has neither a median nor a mean"
    known = [value for value in (row.low, row.q1, row.median, row.q3, row.high) if value is not None]
    if known != sorted(known):
        return "has minimum, quartiles, median and maximum out of order"
    if row.sd is not None and row.sd < 0:
        return "has a standard deviation below 0"
    return ""


def score_of(review: Review, score: str | None) -> str:
    """The score that is meant: the one named, else the only one. Raises OptionError, InputError or NotPossible."""
    known = list(dict.fromkeys(row.score for row in review.scores))
    if score is not None and score not in known:
        raise OptionError("score", score, f"one of the review's scores: {', '.join(known)}")
    if score is None and len(known) != 1:
        if not known:
            raise NotPossible(f"{review.name} has no scores of patients; name a table of printed ones")
        raise InputError(f"which score is meant? {review.name} has {', '.join(known)}; name one with --score")
    return score or known[0]


def printed_of(review: Review, score: str) -> tuple[list[PrintedScore], list[str]]:
    """A score of a review at the first and the last visit, one report a cohort; and what stands in its way elsewhere.

    From the individual patients where all of a report have it; else as statements.csv prints `<score>_baseline` and
    `<score>_last`, a median with its range or a mean, of as many patients as were treated. What is printed in words
    only (`value` in outcomes.csv) is quoted among the reasons.
    """
    scales = {
        outcome.scale for outcome in review.outcomes.values() if outcome.rule and outcome.rule.score == score
    }
    rows: list[PrintedScore] = []
    left: list[str] = []
    taken: dict[str, str] = {}
    for study in review.studies:
        label, treated = review.label(study), review.studies[study].treated or 0
        own = _from_patients(review, study, score)
        found = own if own and own[0].n >= treated else _stated(review, study, score, treated)
        if found:
            same = next((taken[cohort] for cohort in review.cohorts[study] if cohort in taken), None)
            if same is not None:
                left.append(f"{label}: same patients as {same}")
                continue
            taken.update(dict.fromkeys(review.cohorts[study], label))
            rows += found
        elif own:
            left.append(f"{label}: scores of {own[0].n} of {treated} patients")
        texts = [
            row
            for row in review.rows
            if row.study == study and row.value and row.not_poolable and row.scale in scales
        ]
        if not found:
            left += [f"{label}: in words only, {row.value} (n = {row.n or NOT_STATED})" for row in texts]
    return rows, left


def _from_patients(review: Review, study: str, score: str) -> list[PrintedScore]:
    from statistics import fmean, median, stdev

    courses: dict[str, list[Score]] = {}
    for row in review.scores:
        if row.study == study and row.score == score:
            courses.setdefault(row.patient, []).append(row)
    pairs = [ends(course) for course in courses.values()]
    both = [(a.value, b.value) for a, b in pairs if a and b and a.value is not None and b.value is not None]
    found = []
    for place, time in enumerate(TIMES) if both else ():
        values = [pair[place] for pair in both]
        found.append(
            PrintedScore(
                study=review.label(study),
                time=time,
                n=len(values),
                median=median(values),
                low=min(values),
                high=max(values),
                mean=fmean(values),
                sd=stdev(values) if len(values) > 1 else None,
            )
        )
    return found


def _stated(review: Review, study: str, score: str, treated: int) -> list[PrintedScore]:
    """What statements.csv says of the score, where it says one thing only, and of how many patients is known."""
    found = []
    for time, suffix in zip(TIMES, ("baseline", "last"), strict=True):
        said = {
            (row.statistic, row.value, row.low, row.high)
            for row in review.statements
            if row.study == study
            and row.quantity == f"{score}_{suffix}"
            and row.statistic in ("median", "mean")
        }
        if len(said) != 1 or not treated:
            continue
        ((statistic, value, low, high),) = said
        if statistic == "median":
            row = PrintedScore(review.label(study), time, treated, median=value, low=low, high=high)
        else:
            row = PrintedScore(review.label(study), time, treated, mean=value)
        if value is not None and not _impossible(row):
            found.append(row)
    return found
