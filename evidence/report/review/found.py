"""One thing a review knows of, on a screen: whether it enters and why not, then all that is recorded, with sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from evidence.analysis.notices import notices_of
from evidence.papers.notices import PaperNotice
from evidence.report.characters import cells, clean
from evidence.report.machine import interval, json_text
from evidence.report.numbers import brief, plural, span
from evidence.report.pooled.rows import at
from evidence.report.terminal import BOLD, INDENT, Paper, as_text
from evidence.review.lookup import LEFT_OUT, NOT_POSSIBLE, CohortView, Found, Use
from evidence.review.question import Outcome
from evidence.review.schema import OutcomeRow, Patient, ReferenceEntry, Score, Statement, Study
from evidence.review.tables import Review
from evidence.synthesis.proportions import proportion_interval
from evidence.synthesis.results import Interval

NAME_WIDTH = 22
"""Longest name that stands beside its text; a longer one stands above it."""

STATES = {
    "verified": "verified: read in the full text",
    "read": "read in the abstract or a register entry",
    "secondary": "secondary: reported by another source",
    "unverified": "unverified: not yet checked against the paper",
}

ROLES = {"ours": "pooled, as ours", "pooled": "pooled", "reference": "compared with"}

NOT_FACTS = frozenset(
    {"study", "label", "title", "extra", "row", "state", "derived", "rule", "key", "patient"}
)
"""Fields that have a place of their own, or none."""


class Section(NamedTuple):
    """A heading and what stands below it: names with texts, or texts alone (their name is empty)."""

    heading: str
    items: tuple[tuple[str, str], ...]


def render_text(
    found: Sequence[Found], review: Review, *, width: int = 80, unicode: bool = True, color: bool = False
) -> str:
    """Each thing as a screen of `width` columns; no line is longer."""
    paper = Paper(width, unicode, color)
    blocks = []
    for one in found:
        blocks.append(
            paper.paragraph(f"{clean(one.label)} ({clean(one.key)}), {KINDS[one.kind]}", style=BOLD)
        )
        answer = _answer(one, review)
        if answer:
            blocks.append(paper.paragraph(answer))
        blocks += [_block(section, paper) for section in sections(one, review) if section.items]
    return as_text(blocks)


KINDS = {
    "report": "a report",
    "cohort": "a cohort",
    "outcome": "an outcome",
    "patient": "a patient",
    "row": "a result",
    "reference": "a reference",
}


def _block(section: Section, paper: Paper) -> list[str]:
    """The section's items, names in a column as wide as they need."""
    names = [cells(paper.say(name)) for name, _ in section.items if 0 < cells(paper.say(name)) <= NAME_WIDTH]
    column = max(names, default=0)
    lines = paper.paragraph(section.heading, INDENT, INDENT)
    for name, text in section.items:
        shown, deep = paper.say(name), INDENT * 2
        if not name:
            lines += paper.paragraph(text, deep, deep + INDENT)
        elif cells(shown) <= NAME_WIDTH:
            indent = deep + shown + " " * (column - cells(shown) + 2)
            lines += paper.paragraph(text, indent, " " * (len(deep) + column + 2))
        else:
            lines += [*paper.paragraph(name, deep, deep), *paper.paragraph(text, deep * 2, deep * 2)]
    return lines


def sections(found: Found, review: Review) -> Iterator[Section]:
    """All that is known of one thing, what matters first."""
    record = found.record
    yield Section(
        "Notices on the paper", tuple(("", clean(str(notice))) for notice in _notices(found, review))
    )
    if isinstance(record, ReferenceEntry):
        yield Section("As printed", (("", clean(record.citation)),))
    if isinstance(record, Study) and record.title:
        yield Section("Title", (("", clean(record.title)),))
    if isinstance(record, Outcome):
        yield Section("Meaning", tuple(_meaning(record)))
    yield Section("In the analyses", tuple(_uses(found, review)))
    judged = found.kind == "patient"
    heading = "By the outcomes' rules, at the last visit" if judged else "Results"
    yield Section(heading, tuple(_judged(found, review) if judged else _results(found, review)))
    if record is not None and not isinstance(record, Outcome):
        yield Section("On record", tuple(_facts(record)))
    if found.kind == "patient":
        yield Section("Scores", tuple(map(_score, found.scores)))
    for view in found.cohorts:
        yield Section(f"Cohort {clean(view.cohort)}", tuple(_cohort(view, found, review)))
    if found.kind != "patient" and found.patients:
        keys = ", ".join(clean(f"{patient.study}:{patient.patient}") for patient in found.patients)
        yield Section("Patients, each with evidence show", (("", keys),))
    yield Section("What it says of itself", tuple(map(_statement, found.statements)))
    yield Section("It cites", tuple(map(_citation, found.references)))
    yield Section("It is cited", tuple(_cited(entry, review) for entry in found.cited))


def _notices(found: Found, review: Review) -> tuple[PaperNotice, ...]:
    """What PubMed's records say happened to the paper of a report, worst first."""
    return notices_of(review).get(found.record.study, ()) if isinstance(found.record, Study) else ()


# ---- the answer ----------------------------------------------------------------------------------


def _answer(found: Found, review: Review) -> str:
    """Whether it is in the pool of the first analysis, and why not: what people ask first."""
    if found.kind == "outcome":
        return _outcome_answer(found)
    use = found.uses[0] if found.uses and found.kind in ("report", "row", "reference", "cohort") else None
    if use is None:
        return ""
    mine = [other for other in found.uses if (other.analysis, other.outcome) == (use.analysis, use.outcome)]
    entered = [other for other in mine if other.role not in (LEFT_OUT, NOT_POSSIBLE)]
    label = clean(review.outcomes[use.outcome].label)
    if use.role == NOT_POSSIBLE:
        return f"The analysis of {label} is not possible: {clean(use.reason)}."
    if not entered:
        return f"Not in the pool of {label}: {clean(use.reason)} (rule: {use.rule})."
    said = []
    pooled = [other for other in entered if other.role in ("ours", "pooled")]
    if pooled:
        as_ours = ", as ours" if pooled[0].role == "ours" else ""
        said.append(f"In the pool of {label}: {_counted(pooled[0], review)}{as_ours}.")
    compared = [_counted(other, review) for other in entered if other.role == "reference"]
    if compared:
        said.append(f"Not in the pool of {label}: the pool is compared with it ({'; '.join(compared)}).")
    if any(other.row is not None and other.row.state == "unverified" for other in entered):
        said.append("Its count is not yet checked against the paper.")
    return " ".join(said)


def _outcome_answer(found: Found) -> str:
    """How many series its analysis pools, and how many of the reports with a row it leaves out."""
    pooled = {use.study: use.row for use in found.uses if use.role in ("ours", "pooled") and use.row}
    left = {use.study for use in found.uses if use.role == LEFT_OUT and use.rule != "no row"}
    if not pooled:
        return (
            f"Nothing to pool: {len(left)} reports have a row, and none can enter."
            if left
            else "No report has a row."
        )
    events, n = sum(row.events or 0 for row in pooled.values()), sum(row.n or 0 for row in pooled.values())
    series = f"{plural(len(pooled), 'series')} pooled, {events}/{n} together"
    more = f"; {plural(len(left), 'report')} with a row left out" if left else ""
    return f"{series}{more}. The pool: evidence pool --outcome {clean(found.key)}"


def _counted(use: Use, review: Review) -> str:
    """ "6/6 at the last visit (9 to 43 weeks), 100 % (95 % CI 54.1 to 100)"."""
    row = use.row
    assert row is not None
    arm = f"{clean(row.arm)}, " if use.role == "reference" and row.arm else ""
    return f"{arm}{row.events}/{row.n}{at(row.when)}, {_proportion(row)}"


def _proportion(row: OutcomeRow) -> str:
    assert row.events is not None
    assert row.n is not None
    exact = _exact(row.events, row.n)
    return f"{brief(exact.estimate)} % (95 % CI {span(exact)})"


@cache
def _exact(events: int, n: int) -> Interval:
    """The count's exact 95 % interval; the same counts come back often."""
    return proportion_interval(events, n)


# ---- what the analyses make of it ----------------------------------------------------------------


def _uses(found: Found, review: Review) -> Iterator[tuple[str, str]]:
    """Each analysis with what becomes of the thing; reports without a row share a line for an outcome shown."""
    absent = 0
    for use in found.uses:
        if found.kind == "outcome" and use.rule == "no row":
            absent += 1
            continue
        yield _use_name(use, found, review), _use(use, review)
    if absent:
        yield "", f"{absent} reports without a row"


def _use_name(use: Use, found: Found, review: Review) -> str:
    if found.kind == "outcome":
        return clean(review.label(use.study))
    label = clean(review.outcomes[use.outcome].label)
    named = (
        f"{clean(use.analysis)}, {label}" if use.analysis and clean(use.analysis) != use.outcome else label
    )
    return named if found.kind != "cohort" else f"{clean(review.label(use.study))}, {named}"


def _use(use: Use, review: Review) -> str:
    if use.role == LEFT_OUT:
        return f"left out: {clean(use.reason)} (rule: {use.rule})"
    if use.role == NOT_POSSIBLE:
        return f"not possible: {clean(use.reason)}"
    notes = f"; {'; '.join(map(clean, use.notes))}" if use.notes else ""
    return f"{ROLES[use.role]}: {_counted(use, review)}{notes}"


# ---- results -------------------------------------------------------------------------------------


def _results(found: Found, review: Review) -> Iterator[tuple[str, str]]:
    usual = found.record.source if isinstance(found.record, Study) else ""
    roles = {id(use.row): ROLES[use.role] for use in found.uses if use.row is not None}
    for row in found.rows:
        outcome = clean(review.outcomes[row.outcome].label) if found.kind != "outcome" else ""
        report = clean(review.label(row.study)) if found.kind == "outcome" else ""
        parts = (report, outcome, clean(row.arm), clean(row.subgroup), clean(row.when))
        yield ", ".join(filter(None, parts)), "; ".join(_result(row, usual, roles.get(id(row), "")))


def _result(row: OutcomeRow, usual: str, role: str) -> Iterator[str]:
    if row.not_poolable:
        printed = row.value or (f"{row.percent} %" if row.percent else "")
        counts = f"{row.events}/{row.n}" if row.events is not None else clean(printed)
        yield f"{counts} " * bool(counts) + f"(cannot be pooled: {clean(row.not_poolable)})"
    else:
        yield f"{row.events}/{row.n}, {_proportion(row)}" + f", {role}" * bool(role)
    if row.percent and row.events is not None:
        yield f"printed as {row.percent} %" + f" ({clean(row.percent_kind)})" * bool(row.percent_kind)
    for text in (row.value if not row.not_poolable or row.events is not None else "", *row.cautions):
        if text:
            yield clean(text)
    scale = " ".join(filter(None, (clean(row.scale), clean(row.threshold))))
    if scale:
        yield scale
    for words in (row.definition, row.time_printed, row.population):
        if words:
            yield clean(words)
    if row.missing_data:
        yield f"missing data: {clean(row.missing_data)}"
    yield _state(row)
    if row.locator:
        yield clean(row.locator)
    if row.source and row.source != usual:
        yield clean(row.source)
    if row.note:
        yield clean(row.note)
    for name, value in row.extra.items():
        if value not in ("", None):
            yield f"{clean(name).replace('_', ' ')}: {clean(str(value))}"


def _judged(found: Found, review: Review) -> Iterator[tuple[str, str]]:
    if not found.rows:
        yield "", "cannot be judged: no score at a last visit is on record"
    for row in found.rows:
        yield clean(review.outcomes[row.outcome].label), "yes" if row.events else "no"


def _meaning(outcome: Outcome) -> Iterator[tuple[str, str]]:
    better = {"higher": "more is better", "lower": "less is better"}.get(outcome.better, "neither is better")
    yield "", "; ".join(filter(None, (clean(outcome.definition), clean(outcome.scale), better)))
    if outcome.rule is not None:
        yield "", f"of patients: {clean(outcome.rule.score)} {outcome.rule.threshold} at the last visit"


# ---- records -------------------------------------------------------------------------------------


def _facts(record: Study | Patient | ReferenceEntry) -> Iterator[tuple[str, str]]:
    """Every cell that holds something, the review's own columns too, under its column's name."""
    for name, value in fields(record).items():
        if name not in NOT_FACTS and name != "citation":
            yield name.replace("_", " "), clean(f"{value:g}" if isinstance(value, float) else str(value))
    state = getattr(record, "state", "")
    if state:
        yield "state", STATES[state]


def fields(record: Any) -> Mapping[str, Any]:
    """A record's cells that hold something, by column."""
    made = {**record._asdict(), **record.extra}
    return {
        name: value
        for name, value in made.items()
        if value not in ("", None, ()) and name not in ("extra", "row")
    }


def _state(record: OutcomeRow | Score | Statement) -> str:
    """How a number was read, and who checked it against the paper, and when."""
    by = f" by {clean(record.verified_by)}" if record.verified_by else ""
    return record.state + by + (f" on {record.verified_on}" if record.verified_on else "")


def _score(score: Score) -> tuple[str, str]:
    when = f"week {score.weeks:g}" if isinstance(score.weeks, float) else score.weeks
    value = "" if score.value is None else f"{score.value:g}"
    parts = (value, _state(score), score.locator, score.source, score.note)
    return clean(f"{score.score}, {when}"), "; ".join(clean(part) for part in parts if part)


def _cohort(view: CohortView, found: Found, review: Review) -> Iterator[tuple[str, str]]:
    for study, note in view.reports:
        if found.kind == "cohort" or study != found.key:
            name = f"{clean(review.label(study))} ({clean(study)})"
            yield (
                "",
                (f"described by {name}" if found.kind == "cohort" else f"also described by {name}")
                + (f": {clean(note)}" if note else ""),
            )
    for other, pair in view.overlaps:
        who = ", ".join(clean(review.label(study)) for study in _reports_of(other, review)) or "no report"
        yield "", f"overlap with {clean(other)} ({who}): {pair.certainty}: {clean(pair.reason)}"


def _reports_of(cohort: str, review: Review) -> Iterable[str]:
    return [study for study, cohorts in review.cohorts.items() if cohort in cohorts]


def _statement(statement: Statement) -> tuple[str, str]:
    note = f"; {clean(statement.note)}" if statement.note else ""
    name = clean(statement.quantity).replace("_", " ")
    where = "; ".join(dict.fromkeys(map(clean, (statement.place, statement.locator or statement.place))))
    return name, f"{clean(statement.printed)} ({where}; {_state(statement)}){note}"


def _citation(entry: ReferenceEntry) -> tuple[str, str]:
    key = f" [{clean(entry.study)}]" if entry.study else ""
    return f"ref {entry.number}", clean(entry.citation) + key


def _cited(entry: ReferenceEntry, review: Review) -> tuple[str, str]:
    note = f"; {clean(entry.note)}" if entry.note else ""
    return "", f"as reference {entry.number} of {clean(review.label(entry.cited_by))}{note}"


# ---- JSON ----------------------------------------------------------------------------------------


def render_json(found: Sequence[Found], review: Review) -> str:
    """A list with an object for each thing; records keep their columns' names."""
    return json_text([as_dict(one, review) for one in found])


def as_dict(found: Found, review: Review) -> dict[str, Any]:
    """One thing as plain dicts, lists, strings and numbers."""
    record = found.record
    return {
        "kind": found.kind,
        "key": clean(found.key),
        "label": clean(found.label),
        "answer": _answer(found, review),
        "notices": [clean(str(notice)) for notice in _notices(found, review)],
        "record": None if record is None else _plain(record),
        "analyses": [_use_dict(use) for use in found.uses],
        "results": [_row_dict(row) for row in found.rows],
        "cohorts": [
            {
                "cohort": clean(view.cohort),
                "reports": [{"study": clean(study), "note": clean(note)} for study, note in view.reports],
                "overlaps": [
                    {"cohort": clean(other), "certainty": pair.certainty, "reason": clean(pair.reason)}
                    for other, pair in view.overlaps
                ],
            }
            for view in found.cohorts
        ],
        "patients": [_plain(patient) for patient in found.patients],
        "scores": [_plain(score) for score in found.scores],
        "statements": [_plain(statement) for statement in found.statements],
        "references": [_plain(entry) for entry in found.references],
        "cited": [_plain(entry) for entry in found.cited],
    }


def _use_dict(use: Use) -> dict[str, Any]:
    row = use.row
    return {
        "study": clean(use.study),
        "analysis": clean(use.analysis),
        "outcome": clean(use.outcome),
        "role": use.role,
        "events": row.events if row else None,
        "n": row.n if row else None,
        "when": clean(row.when) if row else None,
        "rule": use.rule or None,
        "reason": clean(use.reason) or None,
        "notes": list(map(clean, use.notes)),
    }


def _row_dict(row: OutcomeRow) -> dict[str, Any]:
    made = _plain(row) | {"when": clean(row.when)}
    if row.events is not None and row.n is not None:
        made["proportion"] = interval(_exact(row.events, row.n))
    return made


def _plain(record: Any) -> dict[str, Any]:
    """A record's cells that hold something, in JSON's own types; the file's row where it has one."""
    if isinstance(record, Outcome):
        rule = record.rule and record.rule._asdict()
        made: dict[str, Any] = {**record._asdict(), "rule": rule}
    else:
        made = {**fields(record), **({"row": record.row} if record.row else {})}
    return {name: clean(value) if isinstance(value, str) else value for name, value in made.items()}
