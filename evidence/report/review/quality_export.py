"""What was judged of the reports, for other programs: JSON, CSV, and the columns that the R package robvis draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evidence.errors import NotPossible
from evidence.report.characters import clean
from evidence.report.machine import csv_rows, json_text
from evidence.report.review.quality import RULES, heading
from evidence.review.instruments import NOS, OVERALL, Instrument
from evidence.review.quality import CROSS_STUDY, SERIOUS, Certainty, Quality
from evidence.review.tables import Review

COLUMNS = (
    "study",
    "label",
    "instrument",
    "outcome",
    "item",
    "judgement",
    "reason",
    "by",
    "source",
    "locator",
    "state",
)
NOT_JUDGED = "NA"
"""An empty cell would be a judgement to R; NA is none."""


def render_json(review: Review, quality: Quality, **_: Any) -> str:
    """One object: what is judged, what is not, and the comparisons between studies with what holds by rule."""
    told = {
        "review": clean(review.name),
        "judged": [
            {
                "study": clean(one.study),
                "label": clean(review.label(one.study)),
                "instrument": one.instrument.name,
                "outcome": one.outcome or None,
                "items": {
                    item: {
                        "judgement": row.judgement,
                        "reason": clean(row.reason),
                        "by": clean(row.by),
                        "source": clean(row.source),
                        "locator": clean(row.locator),
                        "state": row.state,
                    }
                    for item, row in one.rows.items()
                },
                "not_judged": list(one.open),
            }
            for one in quality.judged
        ],
        "not_judged": [
            {
                "study": clean(one.study),
                "label": clean(review.label(one.study)),
                "design": one.design,
                "instrument": one.instrument or None,
                "analyses": list(one.analyses),
            }
            for one in quality.missing
        ],
        "contrasts": [
            {
                "analysis": one.analysis,
                "ours": one.ours or None,
                "against": one.against,
                "confounding": f"at least {SERIOUS}",
                "by": "rule",
                "reason": CROSS_STUDY,
                "differs_in": [clean(said) for said in one.differs],
            }
            for one in quality.contrasts
        ],
    }
    return json_text(told)


def render_csv(review: Review, quality: Quality, **_: Any) -> str:
    """One row an item, those nobody has judged with an empty judgement."""
    rows: list[Sequence[object]] = []
    for one in quality.judged:
        for item in one.instrument.items:
            start = (one.study, review.label(one.study), one.instrument.name, one.outcome, item)
            row = one.rows.get(item)
            said = (
                (row.judgement, row.reason, row.by, row.source, row.locator, row.state) if row else ("",) * 6
            )
            rows.append((*start, *said))
    for missing in quality.missing:
        rows.append((missing.study, review.label(missing.study), missing.instrument, *("",) * 8))
    return csv_rows((COLUMNS, *rows))


def render_certainty_json(review: Review, found: Sequence[Certainty], **_: Any) -> str:
    """One object: each certainty with its steps; `overall` null where nobody said it."""
    told = {
        "review": clean(review.name),
        "rules": RULES,
        "certainties": [
            {
                "outcome": one.outcome,
                "question": one.question,
                "overall": one.steps[OVERALL].judgement if OVERALL in one.steps else None,
                "steps": [
                    {
                        "item": item,
                        "judgement": row.judgement,
                        "reason": clean(row.reason),
                        "by": clean(row.by),
                        "date": row.date or None,
                    }
                    for item, row in one.steps.items()
                ],
                "not_said": list(one.open),
            }
            for one in found
        ],
    }
    return json_text(told)


def render_certainty_csv(review: Review, found: Sequence[Certainty], **_: Any) -> str:
    """One row a step."""
    rows = [
        (
            one.outcome,
            review.outcomes[one.outcome].label,
            one.question,
            item,
            row.judgement,
            row.reason,
            row.by,
            row.date,
        )
        for one in found
        for item, row in one.steps.items()
    ]
    return csv_rows((("outcome", "label", "question", "item", "judgement", "reason", "by", "date"), *rows))


# ---- robvis --------------------------------------------------------------------------------------


def render_robvis(review: Review, quality: Quality, **_: Any) -> str:
    """`Study, D1, D2, ..., Overall, Weight` for one instrument, in the words of its template; NA where nobody judged.

    The template for any checklist writes the columns' names below its figure, so there they are the items'. Weight
    is the number of patients treated, where it is known of all; else 1 for each. JBI's checklist has no overall
    judgement, so no such column: `overall = FALSE`.
    """
    instrument = robvis_instrument(quality)
    judged = [one for one in quality.judged if one.instrument is instrument]
    sizes = [review.studies[one.study].treated for one in judged]
    weights: list[Any] = list(sizes) if all(sizes) else [1] * len(sizes)
    head = ["Study"] + [_drawn(instrument, item) for item in instrument.items]
    rows = []
    for one, weight in zip(judged, weights, strict=True):
        label = review.label(one.study) + (f", {review.outcomes[one.outcome].label}" if one.outcome else "")
        words = [
            instrument.drawn[one.rows[item].judgement] if item in one.rows else NOT_JUDGED
            for item in instrument.items
        ]
        rows.append((label, *words, weight))
    return csv_rows(((*head, "Weight"), *rows))


def _drawn(instrument: Instrument, item: str) -> str:
    if item == OVERALL:
        return "Overall"
    return item.capitalize() if instrument.robvis == "Generic" else heading(instrument, item)


def robvis_call(quality: Quality) -> str:
    """The R call that draws what `render_robvis` wrote to FILE.csv."""
    instrument = robvis_instrument(quality)
    overall = "" if OVERALL in instrument.items else ", overall = FALSE"
    last = len(instrument.items) + 1
    call = f'rob_traffic_light(read.csv("FILE.csv")[, 1:{last}], tool = "{instrument.robvis}"{overall})'
    left = any(one.open for one in quality.judged)
    return call + ("; NA is not judged, which it leaves blank and may call not applicable" if left else "")


def robvis_instrument(quality: Quality) -> Instrument:
    """The one instrument there is; raises `NotPossible` where there is none, or several for one table."""
    names = dict.fromkeys(one.instrument.name for one in quality.judged)
    if not names:
        raise NotPossible(
            "nobody has judged a report yet, so there is nothing to draw; judgements go into quality.csv"
        )
    if len(names) > 1:
        raise NotPossible(f"robvis draws one instrument at a time: --instrument, one of {', '.join(names)}")
    instrument = quality.judged[0].instrument
    if instrument is NOS:
        raise NotPossible("robvis has no template for stars; --format csv has them")
    return instrument
