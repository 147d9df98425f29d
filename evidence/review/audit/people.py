"""A report's patients: the values of a quantity, and whom a condition on them counts.

A quantity is a numeric column of patients.csv (age, or the review's own), or a score with the time behind it:
`<score>_baseline`, `<score>_last`, and `<score>_reduction` in percent of the baseline.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from evidence.errors import OptionError
from evidence.review.patients import ends
from evidence.review.schema import Patient, Problem, Score, Statement
from evidence.review.tables import Review
from evidence.review.where import Where, parse_where

TIMES = ("baseline", "last", "reduction")
_NUMERIC = ("integer", "number")


class Value(NamedTuple):
    """One patient's value of a quantity; None where it is not known."""

    patient: str
    value: Fraction | None


class Counted(NamedTuple):
    """The patients a condition holds for, of how many."""

    patients: tuple[str, ...]
    n: int


class People:
    """The patients of a review, by report; built from the tables when first asked for."""

    def __init__(self, review: Review) -> None:
        self.review = review
        self.columns = {column.name: column for column in review.columns("patients")}
        self._conditions: dict[str, Where] = {}
        self._rows: dict[str, list[tuple[str, Mapping[str, object]]]] = {}

    @cached_property
    def patients(self) -> Mapping[str, Sequence[Patient]]:
        """Patients by report."""
        found: dict[str, list[Patient]] = defaultdict(list)
        for patient in self.review.patients:
            found[patient.study].append(patient)
        return found

    @cached_property
    def courses(self) -> Mapping[tuple[str, str, str], Sequence[Score]]:
        """Scores by report, patient and score."""
        found: dict[tuple[str, str, str], list[Score]] = defaultdict(list)
        for score in self.review.scores:
            found[score.study, score.patient, score.score].append(score)
        return found

    @cached_property
    def scores(self) -> Mapping[str, bool]:
        """Each score of the review, and whether all of its values are whole numbers."""
        found: dict[str, bool] = {}
        for row in self.review.scores:
            if row.value is not None:
                found[row.score] = found.get(row.score, True) and row.value.is_integer()
        return found

    @cached_property
    def whole_scales(self) -> frozenset[str]:
        """Scales that are measured in whole numbers: those of outcomes whose score is."""
        return frozenset(
            outcome.scale
            for outcome in self.review.outcomes.values()
            if outcome.scale and outcome.rule and self.scores.get(outcome.rule.score)
        )

    def size(self, said: Statement) -> int | None:
        """Of how many patients a statement speaks: those it names, else all that were treated; None if unknown."""
        if said.n is not None:
            return said.n
        if said.about and said.about != said.study:
            return None
        return self.review.studies[said.study].treated

    def complete(self, study: str) -> bool:
        """Whether patients.csv has every patient who was treated."""
        treated = self.review.studies[study].treated
        return treated is not None and len(self.patients.get(study, ())) == treated

    # ---- values

    def score_at(self, quantity: str) -> tuple[str, str] | None:
        """`clasi_a_last` -> (clasi_a, last), where that is a score of the review."""
        score, _, time = quantity.rpartition("_")
        return (score, time) if time in TIMES and score in self.scores else None

    def whole(self, quantity: str) -> bool:
        """Whether a quantity is one of whole numbers: an integer column, or a score that is."""
        timed = self.score_at(quantity)
        if timed is not None:
            return self.scores[timed[0]] and timed[1] != "reduction"
        column = self.columns.get(quantity)
        return column is not None and column.kind == "integer"

    def values(self, study: str, quantity: str) -> list[Value]:
        """Each patient's value, in the order of the table; none where the quantity is nothing a patient has."""
        timed = self.score_at(quantity)
        if timed is not None:
            return [Value(p.patient, self._timed(p, *timed)) for p in self.patients.get(study, ())]
        column = self.columns.get(quantity)
        if column is None or column.kind not in _NUMERIC:
            return []
        return [Value(p.patient, _exact(_cell(p, quantity))) for p in self.patients.get(study, ())]

    def _timed(self, patient: Patient, score: str, time: str) -> Fraction | None:
        baseline, last = ends(self.courses.get((patient.study, patient.patient, score), ()))
        before, after = _exact(baseline and baseline.value), _exact(last and last.value)
        if time != "reduction":
            return before if time == "baseline" else after
        return (
            100 * (before - after) / before
            if before is not None and after is not None and before > 0
            else None
        )

    # ---- conditions

    def names(self) -> list[str]:
        """What a condition may speak of: columns of patients.csv, and each score at its times."""
        return [*self.columns, *(f"{score}_{time}" for score in self.scores for time in TIMES)]

    def condition(self, text: str) -> Where:
        """A condition on patients, parsed once; raises `OptionError`."""
        if text not in self._conditions:
            names = self.names()
            numeric = [name for name in names if self.score_at(name)]
            numeric += [name for name, column in self.columns.items() if column.kind in _NUMERIC]
            self._conditions[text] = parse_where(text, names, numeric)
        return self._conditions[text]

    def rows(self, study: str) -> list[tuple[str, Mapping[str, object]]]:
        """Each patient with everything a condition may look at."""
        if study not in self._rows:
            timed = [(f"{score}_{time}", score, time) for score in self.scores for time in TIMES]
            self._rows[study] = [
                (
                    patient.patient,
                    {name: _cell(patient, name) for name in self.columns}
                    | {name: _float(self._timed(patient, score, time)) for name, score, time in timed},
                )
                for patient in self.patients.get(study, ())
            ]
        return self._rows[study]

    def counted(self, study: str, text: str) -> Counted | None:
        """The patients a condition holds for; None unless all patients are known, and all that it looks at of them."""
        if not self.complete(study):
            return None
        condition, rows = self.condition(text), self.rows(study)
        if any(row.get(name) in (None, "") for _, row in rows for name in condition.names):
            return None
        return Counted(tuple(name for name, row in rows if condition(row)), len(rows))


def faulty_conditions(review: Review) -> Iterator[Problem]:
    """Conditions of statements.csv that cannot be read, each a problem with its row."""
    people = People(review)
    for said in review.statements:
        for column, text in (("where", said.where), ("criterion", said.criterion)):
            if text:
                try:
                    people.condition(text)
                except OptionError as error:
                    fault = str(error).rsplit("^ ", 1)[-1].partition("; columns:")[0]
                    reason = f"is not a condition on patients: {fault}"
                    yield Problem("statements.csv", said.row, column, text, reason)
        if said.criterion and not said.where:
            reason = "the cell is empty, though a criterion is stated"
            yield Problem(
                "statements.csv", said.row, "where", "", reason, "whom it was applied to, as a condition"
            )


def _cell(patient: Patient, name: str) -> object:
    return patient.extra[name] if name in patient.extra else getattr(patient, name, None)


def _exact(value: object) -> Fraction | None:
    return Fraction(repr(value)) if isinstance(value, int | float) else None


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
