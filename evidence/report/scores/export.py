"""Scores and their pools for other programs: JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evidence.analysis.scoring import Pool, PooledScores, Scores
from evidence.report.characters import clean
from evidence.report.machine import csv_text, interval, json_text, limits, plain
from evidence.report.scores import pooled as scores_pooled
from evidence.report.scores.responders_export import as_medians, as_patient, patient_line
from evidence.report.scores.text import words

COLUMNS = (
    "kind", "label", "time", "n", "estimate", "low", "high", "level", "range_low", "range_high", "pvalue",
    "before", "after", "change", "relative_change", "note",
)  # fmt: skip


def render_json(result: Scores) -> str:
    """One object; shares from 0 to 1, numbers in full, null where there is none."""
    return json_text(to_dict(result))


def to_dict(result: Scores) -> dict[str, Any]:
    """The result as plain dicts, lists, strings and numbers."""
    told, test, said = result.described, result.test, words(result)
    return {
        "version": result.version,
        "source": clean(told.source),
        "before": clean(told.names[0]),
        "after": clean(told.names[1]),
        "options": {"better": told.better, "zeros": result.zeros, "level": result.level},
        "n": len(result.changes),
        "medians": as_medians(told),
        "hodges_lehmann": {
            "change": plain(interval(result.hodges_lehmann)),
            "relative_change": plain(interval(result.relative)),
        },
        "test": None
        if test is None
        else {
            "name": "Wilcoxon signed-rank",
            "statistic": test.statistic,
            "pvalue": plain(test.pvalue),
            "exact": test.exact,
            "n": test.n,
            "zeros": test.zeros,
            "tied": test.tied,
            "smallest_pvalue": plain(test.smallest),
        },
        "missing": [clean(name) for name in result.missing],
        "bounds": [bound._asdict() for bound in result.bounds],
        "patients": [as_patient(patient) for patient in told.patients],
        "notes": [*said.notes, said.method],
    }


def render_csv(result: Scores) -> str:
    """One row a median, an estimate, the test and a patient, then the notes."""
    return csv_text(COLUMNS, _rows(result))


def _rows(result: Scores) -> Iterator[dict[str, Any]]:
    told, test, said = result.described, result.test, words(result)
    for name, summary in (
        ("before", told.before),
        ("after", told.after),
        ("change", told.change),
        ("relative change", told.relative_change),
    ):
        if summary is not None:
            line = {"kind": "median", "label": name, "n": summary.n} | limits(summary.interval)
            yield line | {"estimate": summary.median, "range_low": summary.low, "range_high": summary.high}
    for name, value in (("change", result.hodges_lehmann), ("relative change", result.relative)):
        if value is not None:
            yield {"kind": "hodges-lehmann", "label": name} | limits(value)
    if test is not None:
        kind = "exact" if test.exact else "normal approximation"
        yield {
            "kind": "test",
            "label": f"Wilcoxon signed-rank, {kind}",
            "n": test.n,
            "estimate": test.statistic,
            "pvalue": plain(test.pvalue),
        }
    for bound in result.bounds:
        yield {"kind": "bound", "label": bound.assumed, "estimate": bound.median, "pvalue": bound.pvalue}
    yield from map(patient_line, told.patients)
    yield from ({"kind": "note", "note": note} for note in (*said.notes, said.method))


# ---- pools ---------------------------------------------------------------------------------------


def render_pooled_json(result: PooledScores) -> str:
    """One object: each time with its studies and its pool by each method."""
    return json_text(
        {
            "version": result.version,
            "source": clean(result.source),
            "options": {"using": result.using, "level": result.level},
            "times": [_time(pool) for pool in result.times],
            "left_out": [clean(text) for text in result.left_out],
            "notes": [*scores_pooled.notes(result), scores_pooled.method(result)],
        }
    )


def _time(pool: Pool) -> dict[str, Any]:
    return {
        "time": clean(pool.time),
        "studies": [
            {
                **{
                    name: clean(value) if isinstance(value, str) else value
                    for name, value in row._asdict().items()
                },
                "row": row.row or None,
                "skewness": None
                if tested is None
                else {"statistic": tested.statistic, "critical": tested.critical, "skewed": tested.skewed},
            }
            for row, tested in zip(pool.rows, pool.skewness, strict=True)
        ],
        "pooled": [
            {
                "method": each.method,
                "target": each.target,
                "pooled": plain(interval(each.pooled)),
                "tau2": each.tau2,
                "assumes": scores_pooled.ASSUMES[each.method],
                "studies": [{"value": one.value, "se": one.se, "how": one.how} for one in each.studies],
            }
            for each in pool.pools
        ],
        "not_possible": [{"method": name, "reason": clean(reason)} for name, reason in pool.not_possible],
    }


def render_pooled_csv(result: PooledScores) -> str:
    """One row a study and a pool, then the notes."""
    return csv_text(COLUMNS, _pooled_rows(result))


def _pooled_rows(result: PooledScores) -> Iterator[dict[str, Any]]:
    for pool in result.times:
        for row in pool.rows:
            yield {
                "kind": "study",
                "label": row.study,
                "time": pool.time,
                "n": row.n,
                "estimate": row.median if row.median is not None else row.mean,
                "range_low": row.low,
                "range_high": row.high,
            }
        for each in pool.pools:
            line = {"kind": f"pooled {each.target}", "label": each.method, "time": pool.time}
            yield line | {"n": sum(row.n for row in pool.rows)} | limits(each.pooled)
    for note in (*scores_pooled.notes(result), scores_pooled.method(result)):
        yield {"kind": "note", "note": note}
