"""Studies, arms, results and risk of bias as the CSV files that RevMan imports. Not tried against RevMan itself.

RevMan (Cochrane's, the former RevMan Web) imports study data from CSV files, one each for study information, study arms,
study results and risk of bias, "such as those exported from Covidence or from RevMan"; references go in before, as RIS, or
studies are doubled; names of outcomes and interventions must be those of the review's criteria there. What the files hold is
from:

- Cochrane's RevMan Knowledge Base, "Populate study data", "Data extraction templates" and "Data package specification"
  (documentation.cochrane.org/revman-kb): which files there are, one row a study, an arm, an arm's result; RoB 1 or RoB 2 only;
- Covidence, "How to upload your data to RevMan Web" (support.covidence.org): RIS first, and "Char: ..." columns;
- programs that read or write RevMan's own packages: `Study, Arm, Description, Intervention` of study-arms.csv, the columns
  from `Study, Outcome, Data type` to `Footnotes` of study-results.csv, and RoB 2's "... (judgement)" and "... (support)".

The templates themselves could not be had. Columns of study-results.csv that counts never fill are there and empty. Which
column of risk-of-bias.csv names the result is the least certain: it is `Outcome` here, as in study-results.csv.

RevMan compares two groups: it has no outcome for the proportion of a single arm, and its inverse variance takes no series in
which all or none responded. So single arms are in a table of their own, with logits to type in where there are any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import log, sqrt
from typing import NamedTuple

from evidence.analysis.citing import cited
from evidence.errors import NotPossible, OptionError
from evidence.papers.formats import write_references
from evidence.report.characters import clean
from evidence.report.machine import csv_text
from evidence.review.arms import whole_rows
from evidence.review.instruments import OVERALL, ROB2
from evidence.review.quality import quality_of
from evidence.review.randomised import Randomised, randomised
from evidence.review.schema import RANDOMISED, OutcomeRow, near
from evidence.review.tables import Review

INFORMATION = (
    "Study",
    "Char: Methods",
    "Char: Participants",
    "Char: Interventions",
    "Char: Outcomes",
    "Char: Notes",
)
ARMS = ("Study", "Arm", "Description", "Intervention")
RESULTS = (
    "Study", "Outcome", "Data type", "Effect measure", "Arm", "Reference arm", "Sample size", "Cases", "Mean", "SD", "SE",
    "Variance", "CI level", "CI start", "CI end", "Exp mean", "Exp CI start", "Exp CI end", "t-test", "z-test", "P value",
    "Covariance method", "Covariance", "Other arm 1", "Other arm 2", "Correlation arm 1", "Correlation arm 2", "Correlation",
    "Other mean", "Other SE", "Other variance", "Other CI level", "Other CI start", "Other CI end", "Other exp mean",
    "Other exp CI start", "Other exp CI end", "Other t-test", "Other z-test", "Other P value", "Footnotes",
)  # fmt: skip
BIAS = {item: "Overall bias" if item == OVERALL else text for item, text in ROB2.items.items()}
"""RoB 2's domains as RevMan calls them."""

JUDGED = {"low": "Low risk", "some concerns": "Some concerns", "high": "High risk"}
SINGLE = ("Study", "Outcome", "Arm", "Cases", "Sample size", "GIV Mean", "GIV SE", "Scale", "Footnotes")

NOT_TRIED = "the files follow RevMan's documentation and packages; they were not tried against RevMan itself"
SAME_CONTROL = "same control"
"""The one reason not to pool a contrast that does not keep its arm from RevMan, which knows trials of several arms."""


class RevMan(NamedTuple):
    """The files by name, with what each is, and what to tell whoever imports them."""

    files: dict[str, tuple[str, str]]
    notes: tuple[str, ...]


class _Result(NamedTuple):
    """One arm's count: of which report, under which outcome, and what must be said of it."""

    row: OutcomeRow
    outcome: str
    remarks: tuple[str, ...]


def revman(review: Review, outcome: str | None = None) -> RevMan:
    """The files for RevMan: of every outcome, or of one by key or label.

    Raises OptionError for an outcome there is not, NotPossible where no report has counts.
    """
    outcomes = [_outcome(review, outcome)] if outcome is not None else list(review.outcomes)
    notes: list[str] = []
    two: list[_Result] = []
    one: list[_Result] = []
    for key in outcomes:
        two += _contrasts(review, key, notes)
        one += _single(review, key)
    if not two and not one:
        raise NotPossible("no report has a count that could go to RevMan")
    names = _names(review, dict.fromkeys(result.row.study for result in (*two, *one)))
    trials = {study: name for study, name in names.items() if any(r.row.study == study for r in two)}
    files: dict[str, tuple[str, str]] = {}
    if trials:
        # Asked for one by one: each study needs a reference of its own, even where two read alike.
        references = (entry.item for study in trials for entry in cited(review, (study,)).entries)
        files["references.ris"] = (
            write_references(references, "ris"),
            "the trials' references; import these first, or RevMan doubles the studies",
        )
        files["study-information.csv"] = _information(review, trials, two)
        files["study-arms.csv"] = _arms(review, trials, two)
        files["study-results.csv"] = _results(trials, two)
        bias = _bias(review, trials, two)
        if bias:
            files["risk-of-bias.csv"] = bias, "RoB 2 judgements of these trials, one row a result"
        else:
            notes.append(
                "no risk-of-bias.csv: RevMan takes RoB 1 and RoB 2, and no trial here was judged with RoB 2"
            )
        notes.append(
            "before the import, RevMan's review criteria must name the outcomes of study-results.csv and the interventions of "
            "study-arms.csv, word for word; and references.ris goes in first"
        )
    else:
        notes.append("no trial has a treated and a control arm, so there is nothing that RevMan imports")
    if one:
        files["single-arms.csv"] = _singles(names, one)
        notes.append(
            "RevMan has no outcome for the proportion of a single arm: single-arms.csv is not imported; it has what a "
            "generic inverse variance analysis asks for, to be typed in; of series in which all or none of the patients "
            "had the outcome it can take none"
        )
    return RevMan(files, (*notes, NOT_TRIED))


UNNAMED = "treated"
"""An arm without a name."""


def _outcome(review: Review, name: str) -> str:
    for key, meaning in review.outcomes.items():
        if name == key or name.casefold() == meaning.label.casefold():
            return key
    raise OptionError("outcome", name, f"{', '.join(review.outcomes)}{near(name, review.outcomes)}")


def _called(review: Review, row: OutcomeRow) -> str:
    """An outcome at one time, which for RevMan is an outcome of its own."""
    return f"{review.outcomes[row.outcome].label}, {row.when}"


def _contrasts(review: Review, outcome: str, notes: list[str]) -> Iterator[_Result]:
    """Both arms of every contrast whose patients are counted once."""
    said: dict[tuple[str, str, str], None] = {}
    for found in randomised(review, outcome).found:
        if found.left is not None and found.left[0] != SAME_CONTROL:
            notes.append(_left(review, found))
            continue
        for row in (found.treated, found.control):
            key = row.study, row.arm, row.when
            if key not in said:
                said[key] = None
                yield _Result(row, _called(review, row), found.notes)


def _left(review: Review, found: Randomised) -> str:
    assert found.left is not None
    return f"left out: {found.named}, {_called(review, found.treated)}: {found.left[1]}"


def _single(review: Review, outcome: str) -> Iterator[_Result]:
    """Arms of reports without a control of their own."""
    by_study: dict[str, list[OutcomeRow]] = {}
    for row in review.by_outcome.get(outcome, ()):
        if review.studies[row.study].design not in RANDOMISED:
            by_study.setdefault(row.study, []).append(row)
    for rows in by_study.values():
        for row in whole_rows([row for row in rows if not row.not_poolable], rows):
            yield _Result(row, _called(review, row), ())


def _names(review: Review, studies: Iterable[str]) -> dict[str, str]:
    """What RevMan shall call each report: its label, with its key where two are alike."""
    labels = {study: clean(review.label(study)) for study in studies}
    shared = [label.casefold() for label in labels.values()]
    return {
        study: f"{label} ({study})" if shared.count(label.casefold()) > 1 else label
        for study, label in labels.items()
    }


# ---- the files -----------------------------------------------------------------------------------


def _information(review: Review, names: dict[str, str], results: list[_Result]) -> tuple[str, str]:
    lines = []
    for key, name in names.items():
        study = review.studies[key]
        mine = [result for result in results if result.row.study == key]
        recruited = " to ".join(filter(None, (study.recruited_from, study.recruited_to)))
        methods = [study.design_detail or study.design, study.centre, study.country, recruited]
        notes = [f"state: {study.state}", study.registration, study.doi or study.source, study.note]
        cells = (
            methods,
            [study.population],
            dict.fromkeys(r.row.arm or UNNAMED for r in mine),
            dict.fromkeys(r.outcome for r in mine),
            notes,
        )
        said = ("; ".join(clean(text) for text in texts if text) for texts in cells)
        lines.append(dict(zip(INFORMATION, (name, *said), strict=True)))
    return csv_text(INFORMATION, lines), "one row a study: what RevMan calls its characteristics"


def _arms(review: Review, names: dict[str, str], results: list[_Result]) -> tuple[str, str]:
    arms = dict.fromkeys((r.row.study, r.row.arm or UNNAMED) for r in results)
    lines = [
        {
            "Study": names[study],
            "Arm": arm,
            "Description": review.studies[study].population,
            "Intervention": arm,
        }
        for study, arm in arms
    ]
    return csv_text(ARMS, lines), "one row an arm of a study, and the intervention it stands for"


def _results(names: dict[str, str], results: list[_Result]) -> tuple[str, str]:
    lines = [
        {
            "Study": names[result.row.study],
            "Outcome": result.outcome,
            "Data type": "Dichotomous",
            "Arm": result.row.arm or UNNAMED,
            "Sample size": result.row.n,
            "Cases": result.row.events,
            "Footnotes": _footnote(result),
        }
        for result in results
    ]
    return csv_text(
        RESULTS, lines
    ), "one row an arm at one time: responders (Cases) of patients (Sample size)"


def _footnote(result: _Result) -> str:
    """How the count was read, from where, and what must be said of it."""
    row = result.row
    said = (f"state: {row.state}", row.source, row.locator, row.note, *row.cautions, *result.remarks)
    return "; ".join(dict.fromkeys(clean(text) for text in said if text))


def _bias(review: Review, names: dict[str, str], results: list[_Result]) -> str:
    """RoB 2's judgements; one that is of a report as a whole is of each of its results."""
    columns = ["Study", "Outcome"]
    columns += [f"{domain} ({kind})" for domain in BIAS.values() for kind in ("judgement", "support")]
    lines = []
    for judged in quality_of(review, instrument=ROB2.name).judged:
        if judged.study not in names:
            continue
        cells = {}
        for item, row in judged.rows.items():
            cells[f"{BIAS[item]} (judgement)"] = JUDGED[row.judgement]
            cells[f"{BIAS[item]} (support)"] = "; ".join(
                filter(None, (row.reason, row.locator, f"judged by {row.by}" if row.by else ""))
            )
        mine = (r for r in results if r.row.study == judged.study and judged.outcome in ("", r.row.outcome))
        for outcome in dict.fromkeys(r.outcome for r in mine):
            lines.append({"Study": names[judged.study], "Outcome": outcome, **cells})
    return csv_text(columns, lines) if lines else ""


def _singles(names: dict[str, str], results: list[_Result]) -> tuple[str, str]:
    lines = []
    for result in results:
        events, n = result.row.events or 0, result.row.n or 0
        line = {
            "Study": names[result.row.study],
            "Outcome": result.outcome,
            "Arm": result.row.arm or UNNAMED,
            "Cases": events,
            "Sample size": n,
        }
        if 0 < events < n:
            line["GIV Mean"] = log(events / (n - events))
            line["GIV SE"] = sqrt(1 / events + 1 / (n - events))
            line["Scale"] = "log odds"
            why = ""
        else:
            why = f"{'all' if events else 'none'} of the patients: no finite log odds, so no inverse variance"
        line["Footnotes"] = "; ".join(filter(None, (why, _footnote(result))))
        lines.append(line)
    return csv_text(SINGLE, lines), "series without controls: not for import, see the notes"
