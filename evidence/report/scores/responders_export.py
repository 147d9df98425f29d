"""Responders for other programs and for a manuscript: JSON, CSV, Markdown, and rows for a review's outcomes.csv."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evidence.errors import OptionError
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.machine import csv_text, interval, json_text, limits, plain
from evidence.report.markup import escape_markdown, markdown_table, markdown_text
from evidence.report.scores.responders import figures, patient_lines, summaries, words
from evidence.review.paired import PairedScores
from evidence.review.responders import POLICIES, Count, Responders, Rule, Summary, change, relative_change
from evidence.review.schema import LAST_VISIT, TABLES, Fault, parse

COLUMNS = (
    "kind", "label", "events", "n", "estimate", "low", "high", "level", "range_low", "range_high",
    "before", "after", "change", "relative_change", "note",
)  # fmt: skip


def render_json(result: Responders) -> str:
    """One object; shares from 0 to 1, numbers in full, null where there is none."""
    return json_text(to_dict(result))


def to_dict(result: Responders) -> dict[str, Any]:
    """The result as plain dicts, lists, strings and numbers."""
    said = words(result)
    return {
        "version": result.version,
        "source": clean(result.source),
        "before": clean(result.names[0]),
        "after": clean(result.names[1]),
        "options": {
            "better": result.better,
            "missing": result.missing,
            "interval": result.interval,
            "level": result.level,
        },
        "rules": [_rule(count) for count in result.counts],
        "medians": as_medians(result),
        "all_respond_up_to": None
        if result.holds is None
        else {
            "relative_change": result.holds.percent / (-100 if result.better == "lower" else 100),
            "patients": [clean(name) for name in result.holds.patients],
        },
        "patients": [
            as_patient(patient) | {"responses": [count.responses[index] for count in result.counts]}
            for index, patient in enumerate(result.patients)
        ],
        "notes": [*said.missing, *said.notes, said.method],
    }


def _rule(count: Count) -> dict[str, Any]:
    return {
        "rule": count.rule.test,
        "limit": count.rule.limit,
        "label": clean(count.rule.name),
        "events": count.events,
        "n": count.n,
        "proportion": interval(count.proportion),
        "missing": [clean(name) for name in count.missing],
        "undefined": [clean(name) for name in count.undefined],
        "choices": {word: {"events": events, "n": n} for word, (events, n) in count.choices.items()},
    }


def as_medians(result: Responders) -> dict[str, Any]:
    """The medians of the scores and of their change."""
    names = ("before", "after", "change", "relative_change")
    return {name: _summary(getattr(result, name)) for name in names}


def _summary(summary: Summary | None) -> dict[str, Any] | None:
    """The median with its range; `level` of the interval is the confidence attained."""
    if summary is None:
        return None
    return {
        "n": summary.n,
        "median": summary.median,
        "range": [summary.low, summary.high],
        "interval": plain(interval(summary.interval)),
    }


def as_patient(patient: PairedScores) -> dict[str, Any]:
    """A patient with the keys of the contract."""
    return {"patient": clean(patient.patient), "row": patient.row or None, **_scores(patient)}


def patient_line(patient: PairedScores) -> dict[str, Any]:
    """A patient as a line of the CSV."""
    return {"kind": "patient", "label": patient.patient, **_scores(patient)}


def _scores(patient: PairedScores) -> dict[str, Any]:
    return {
        "before": patient.before,
        "after": patient.after,
        "change": change(patient),
        "relative_change": relative_change(patient),
    }


# ---- CSV -------------------------------------------------------------------------------------


def render_csv(result: Responders) -> str:
    """One row a rule, a median and a patient, then the notes; shares from 0 to 1 in full."""
    return csv_text(COLUMNS, _csv_rows(result))


def _csv_rows(result: Responders) -> Iterator[dict[str, Any]]:
    said = words(result)
    for count in result.counts:
        line = {"kind": "rule", "label": count.rule.name, "events": count.events, "n": count.n}
        yield line | limits(count.proportion)
    for name, summary, kind in summaries(result):
        line = {"kind": "median", "label": "relative change" if kind == "share" else name, "n": summary.n}
        line |= limits(summary.interval)
        yield line | {"estimate": summary.median, "range_low": summary.low, "range_high": summary.high}
    yield from map(patient_line, result.patients)
    yield from ({"kind": "note", "note": note} for note in (*said.missing, *said.notes, said.method))


# ---- Markdown --------------------------------------------------------------------------------


def render_markdown(result: Responders) -> str:
    """A heading, the answer, the counts, the medians, the patients, then the notes as a list."""
    said, escape = words(result), escape_markdown
    counts = [["Response", "Events/n", "%", f"{numbers.level(result.level)}% CI"]]
    for count in result.counts:
        value = count.proportion
        percent = numbers.percent(value.estimate) if value else ""
        limits = f"{numbers.percent(value.low)} to {numbers.percent(value.high)}" if value else ""
        counts.append([clean(count.rule.name), f"{count.events}/{count.n}", percent, limits])
    medians = [["Median of", "n", "Median", "Range", "Exact interval"]]
    medians += [list(figures(*row)) for row in summaries(result)]
    before, after = map(clean, result.names)
    patients = [["Patient", before, after, "% change"]]
    patients += [list(line) for line in patient_lines(result)]
    parts = [[f"# {escape(said.heading)}"], [escape(said.headline)]]
    parts += [
        markdown_table([escape(cell) for cell in row] for row in table)
        for table in (counts, medians, patients)
    ]
    parts.append([f"- {escape(text)}" for text in (*said.missing, *said.notes, said.method)])
    return markdown_text(parts)


# ---- rows for a review ---------------------------------------------------------------------------


def outcome_rows(result: Responders, study: str) -> str:
    """Lines for a review's outcomes.csv, one a rule, under its header: counts, threshold, how missing scores count.

    The names of the outcomes (drop50, at_most_0) are to be declared in review.toml, or replaced by those that are.
    Raises OptionError for a study's name that cannot be one.
    """
    table = TABLES["outcomes"]
    key = parse(next(column for column in table.columns if column.name == "study"), study)
    if isinstance(key, Fault):
        raise OptionError("as_rows", study, key.allowed)
    rows = (_outcome_row(result, count, study) for count in result.counts)
    return csv_text(tuple(column.name for column in table.columns), rows)


def _outcome_row(result: Responders, count: Count, study: str) -> dict[str, Any]:
    before, after = map(clean, result.names)
    row: dict[str, Any] = {
        "study": study,
        "outcome": count.rule.key or outcome_key(count.rule),
        "weeks": LAST_VISIT,
        "definition": f"{after} {count.rule.threshold}" + (f" than {before}" if count.rule.relative else ""),
        "threshold": count.rule.threshold,
        "source": clean(result.source),
        "locator": f"columns {before} and {after}",
        "state": "read",
        "note": "counted from the individual patients",
    }
    if count.n:
        row |= {"events": count.events, "n": count.n}
    whole = len(result.patients)
    if count.missing:
        row["missing_data"] = f"{len(count.missing)} of {whole} missing: {POLICIES[result.missing]}"
    # As rows derived in a review: those who have a score are not a sample of all.
    if count.n != whole:
        row["not_poolable"] = f"scores of {count.n} of {whole} patients"
    elif count.missing and result.missing == "best":
        row["caution"] = "missing scores counted as responses"
    return row


def outcome_key(rule: Rule) -> str:
    """drop50, rise20, at_most_0, below_3."""
    return f"{rule.test}{'' if rule.relative else '_'}{rule.limit:g}"
