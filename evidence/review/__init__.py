"""What we know: a review on disk, read, checked, and brought down to one row a cohort.

schema      columns, rules, records; a problem is a value
encoding    bytes that are not UTF-8, characters nobody sees
sheet       a CSV file as numbered rows
heading     a header against the columns there should be
likely      what a slip was probably meant to be
question    review.toml: outcomes, rules, analyses
rules       what no cell shows by itself
tables      load(folder) -> Review, or all of its problems
checking    what a check finds, and what nobody has verified yet
package     the tables as a Frictionless data package
patients    scores of individual patients -> responder counts
selection   which rows enter an analysis, and why the others do not
choice      what a selection is made of
arms        control arms, and the row for all of an arm from its strata
overlaps    cohorts that share patients
references  the rows an analysis is compared with, and which of them leads
labels      what to call each report
names       what people call reports, arms and times
lookup      all that is known of one thing, and where it enters
differences what differs between two rows besides their numbers
where       the grammar of --where
audit       what papers print, recomputed (a package)
counts      a bare file of counts
spreadsheet an XLSX workbook's sheet as numbered rows
workbook    the tables as one XLSX workbook, to be edited in a spreadsheet
returned    what was changed there, and its way back into the tables
agreement   two people's tables, cell by cell
instruments items and words that reports are judged with
quality     judgements of reports and of certainty, checked for sense
paired      one row a patient, a score before and one after
revision    a review at another time: a folder, a revision of git, kept files
changes     rows that came, went or changed, by key, cell by cell
responders  who responded, by which rule, and how missing scores count
rewriting   single cells of a file changed, byte for byte otherwise
writing     rows added, replaced and removed; locked, checked, each file whole
adding      what a person asks for: add, edit, remove, verify
rows_from   rows to be added, from a file
starting    a new review
decisions   what screeners decided about papers, and where they disagree
foreign_text  what others wrote, as a cell of our tables

The names below are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.lazily import from_homes

if TYPE_CHECKING:
    from evidence.review.counts import CountRow, read_counts
    from evidence.review.differences import differs_in
    from evidence.review.lookup import Found, look_up
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
    "Found": "lookup",
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
    "look_up": "lookup",
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
    "Found",
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
    "look_up",
    "parse_where",
    "read_counts",
    "resolve",
    "select",
]


__getattr__ = from_homes(__name__, _HOMES, globals())
