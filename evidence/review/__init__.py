"""What we know: a review on disk, read, checked, and brought down to one row a cohort.

schema      columns, rules, records; a problem is a value
sheet       a CSV file as numbered rows
question    review.toml: outcomes, rules, analyses
tables      load(folder) -> Review, or all of its problems
patients    scores of individual patients -> responder counts
selection   which rows enter an analysis, and why the others do not
differences what differs between two rows besides their numbers
where       the grammar of --where
counts      a bare file of counts

The names below are imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.review.counts import CountRow, read_counts
    from evidence.review.differences import differs_in
    from evidence.review.question import AnalysisSpec, Outcome, PatientRule, ReferenceSpec
    from evidence.review.schema import OutcomeRow, Problem, Study
    from evidence.review.selection import (
        Chosen,
        Excluded,
        Reference,
        Selection,
        list_outcomes,
        resolve,
        select,
    )
    from evidence.review.tables import Review, find_review, load
    from evidence.review.where import Where, parse_where

_HOMES = {
    "AnalysisSpec": "question",
    "Chosen": "selection",
    "CountRow": "counts",
    "Excluded": "selection",
    "Outcome": "question",
    "OutcomeRow": "schema",
    "PatientRule": "question",
    "Problem": "schema",
    "Reference": "selection",
    "ReferenceSpec": "question",
    "Review": "tables",
    "Selection": "selection",
    "Study": "schema",
    "Where": "where",
    "differs_in": "differences",
    "find_review": "tables",
    "list_outcomes": "selection",
    "load": "tables",
    "parse_where": "where",
    "read_counts": "counts",
    "resolve": "selection",
    "select": "selection",
}

__all__ = [
    "AnalysisSpec",
    "Chosen",
    "CountRow",
    "Excluded",
    "Outcome",
    "OutcomeRow",
    "PatientRule",
    "Problem",
    "Reference",
    "ReferenceSpec",
    "Review",
    "Selection",
    "Study",
    "Where",
    "differs_in",
    "find_review",
    "list_outcomes",
    "load",
    "parse_where",
    "read_counts",
    "resolve",
    "select",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # found at once from now on
    return value
