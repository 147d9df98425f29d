"""Asymmetry for other programs: JSON and CSV with numbers in full, Markdown to paste."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evidence.analysis.small_studies import Asymmetry, FunnelRow
from evidence.report.asymmetry.words import remarks, scale, smallness, table, words
from evidence.report.characters import clean
from evidence.report.machine import about, csv_text, finite, interval, json_text, limits, missing_note, plain
from evidence.report.markup import escape_markdown, markdown_table, markdown_text
from evidence.report.pooled.export import as_study

COLUMNS = (
    "kind", "name", "scale", "smallness", "by_size", "statistic", "statistic_kind", "df", "pvalue", "k", "slope",
    "slope_se", "limit", "limit_low", "limit_high", "tau2", "estimate", "low", "high", "level", "events", "n", "z",
    "notes",
)  # fmt: skip


def render_json(found: Asymmetry) -> str:
    """One object; a test that does not exist has null for its numbers and its reason in notes."""
    return json_text(to_dict(found))


def to_dict(found: Asymmetry) -> dict[str, Any]:
    """The result as plain dicts, lists, strings and numbers."""
    told = words(found)
    missing: list[str] = []
    parts = {
        "trim_and_fill": _trimmed(found),
        "doi": _doi(found),
        "selection": _selected(found),
        "failsafe": found.failsafe and {"rosenthal": found.failsafe[0], "rosenberg": found.failsafe[1]},
    }
    notes = [*told.warnings, *remarks(told)]
    done = {name: plain(value, name, missing) for name, value in parts.items()}
    notes += missing_note(missing)
    return {
        **about(found),
        "options": plain(found.options),
        "answer": told.headline,
        "studies": [finite(as_study(found, study)) for study in found.studies],
        "tests": [
            finite({**_test(found, row), "notes": [row.reason] if row.reason else []}) for row in found.tests
        ],
        **done,
        "excluded": [{"study": clean(e.study), "reason": clean(e.reason)} for e in found.excluded],
        "notes": notes,
    }


def _test(found: Asymmetry, row: FunnelRow) -> dict[str, Any]:
    result = row.result
    limit = result.limit if result else None
    return {
        "test": row.name,
        "scale": scale(found, row),
        "smallness": smallness(found, row),
        "by_size": row.by_size,
        "statistic": result and result.statistic,
        "statistic_kind": result and result.kind,
        "df": result and result.df,
        "pvalue": result and result.pvalue,
        "k": result and result.k,
        "slope": result and result.slope,
        "slope_se": result and result.slope_se,
        "limit": limit and dict(zip(("estimate", "low", "high"), limit, strict=True)),
        "tau2": result and result.tau2,
    }


def _trimmed(found: Asymmetry) -> dict[str, Any] | None:
    filled = found.filled
    if filled is None:
        return None
    result = filled.result
    return {
        "estimator": result and result.estimator,
        "side": result and result.side,
        "missing": result and result.k0,
        "missing_se": result and result.se,
        "pvalue": result and result.pvalue,
        "observed": interval(filled.observed),
        "adjusted": interval(filled.adjusted),
        "tau2": result and result.tau2,
        "filled": list(filled.proportions),
        "reason": filled.reason,
    }


def _doi(found: Asymmetry) -> dict[str, Any] | None:
    if found.doi is None:
        return None
    return {"lfk": found.doi.lfk, "verdict": found.doi.verdict, "z": found.doi.z.tolist()}


def _selected(found: Asymmetry) -> dict[str, Any] | None:
    selected = found.selection
    if selected is None:
        return None
    result = selected.result
    return {
        "steps": result and result.steps,
        "counts": result and result.counts,
        "weights": result and result.weights,
        "weights_se": result and result.weights_se,
        "proportion": interval(selected.proportion),
        "tau2": result and result.tau2,
        "lrt": result and result.lrt,
        "df": result and result.df,
        "pvalue": result and result.pvalue,
        "reason": selected.reason,
    }


# ---- CSV -----------------------------------------------------------------------------------------


def render_csv(found: Asymmetry) -> str:
    """One row a test, then trim and fill, the studies with their place in the Doi plot, and the notes."""
    return csv_text(COLUMNS, _lines(found))


def _lines(found: Asymmetry) -> Iterator[dict[str, Any]]:
    for row in found.tests:
        made = _test(found, row)
        limit = made.pop("limit") or {}
        yield {
            "kind": "test",
            "name": made.pop("test"),
            **made,
            "limit": limit.get("estimate"),
            "limit_low": limit.get("low"),
            "limit_high": limit.get("high"),
            "notes": row.reason,
        }
    filled = found.filled
    if filled is not None:
        yield {"kind": "pool", "name": "observed", **limits(filled.observed)}
        if filled.result is not None and filled.adjusted is not None:
            more = {
                "k": filled.result.k + filled.result.k0,
                "tau2": filled.result.tau2,
                "pvalue": filled.result.pvalue,
            }
            yield {"kind": "pool", "name": "trim and fill", **limits(filled.adjusted), **more}
    if found.doi is not None:
        yield {"kind": "doi", "name": "LFK index", "statistic": found.doi.lfk, "notes": found.doi.verdict}
    if (
        found.selection is not None
        and found.selection.result is not None
        and found.selection.proportion is not None
    ):
        result = found.selection.result
        line = {"statistic": result.lrt, "statistic_kind": "chi2", "df": result.df, "pvalue": result.pvalue}
        yield {"kind": "selection", "name": "step function", **line, **limits(found.selection.proportion)}
    for number, study in enumerate(found.studies):
        yield {
            "kind": "study",
            "name": study.name,
            "events": study.events,
            "n": study.n,
            "estimate": study.events / study.n,
            "z": None if found.doi is None else float(found.doi.z[number]),
        }
    told = words(found)
    for text in (*told.warnings, told.headline, *remarks(told)):
        yield {"kind": "note", "notes": text}


# ---- Markdown --------------------------------------------------------------------------------------


def render_markdown(found: Asymmetry) -> str:
    """A heading, the answer, the tests, then the rest as a list."""
    told, escape = words(found), escape_markdown
    parts = [
        [f"# {escape(told.heading)}"],
        [f"**{escape(text)}**" for text in told.warnings],
        [escape(told.headline)],
        markdown_table((list(map(escape, line)) for line in table(found)), numeric=(2, 3)),
        [f"- {escape(text)}" for text in remarks(told)],
    ]
    return markdown_text(parts)
