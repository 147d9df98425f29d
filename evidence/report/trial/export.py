"""Trials against their own controls for other programs and for manuscripts: JSON and CSV in full, Markdown to paste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evidence.analysis.trials import Refused, TrialPool, TrialRow, Trials
from evidence.report.characters import clean
from evidence.report.machine import about, csv_text, interval, json_text, limits, plain
from evidence.report.markup import escape_markdown, markdown_table, markdown_text
from evidence.report.trial.words import Words, pool_table, table, words
from evidence.report.verbs import said
from evidence.synthesis.arms.mantel_haenszel import Association
from evidence.synthesis.arms.pooling import PooledArms


def remarks(told: Words) -> list[str]:
    """What to mind, in the order of the screen."""
    return [*told.heterogeneity, *told.notes, *told.row_notes, *told.apart, *told.methods]


# ---- JSON ----------------------------------------------------------------------------------------


def render_json(trials: Trials) -> str:
    """One object; numbers in full, null where there is none, with a note that says why."""
    return json_text(to_dict(trials))


def to_dict(trials: Trials) -> dict[str, Any]:
    """The trials as plain dicts, lists, strings and numbers."""
    told = words(trials)
    return {
        **about(trials),
        "options": plain(trials.options),
        "answer": told.headline,
        "trials": [_trial(trials, row) for row in trials.trials],
        "pooled": [_pool(trials, pool) for pool in trials.pools],
        "excluded": [{"study": clean(e.study), "reason": clean(e.reason)} for e in trials.excluded],
        "notes": [*remarks(told), *(f"{mark} {text}" for mark, text in told.footnotes)],
    }


def _trial(trials: Trials, row: TrialRow) -> dict[str, Any]:
    comparison = row.comparison
    return {
        "study": clean(row.study),
        "label": clean(row.label),
        "arm": clean(row.arm),
        "control": clean(row.control),
        "subgroup": clean(row.subgroup),
        "weeks": row.weeks,
        "events": row.events,
        "n": row.n,
        "events_control": row.events_control,
        "n_control": row.n_control,
        "difference": plain(interval(comparison.difference, comparison.difference_method)),
        "ratio": plain(interval(comparison.ratio, comparison.ratio_method)),
        "odds_ratio": plain(interval(comparison.odds_ratio, comparison.odds_ratio_method)),
        "test": comparison.test,
        "pvalue": plain(comparison.pvalue),
        "pooled": row.pooled,
        "weight": plain(row.weight),
        "state": row.state,
        "source": clean(row.source),
        "locator": clean(row.locator),
        "notes": [
            *(clean(note) for note in row.notes),
            *(said(trials, note) for note in comparison.notes),
            *([clean(row.why)] if row.why else []),
        ],
    }


def _pool(trials: Trials, pool: TrialPool) -> dict[str, Any]:
    return {
        "weeks": pool.weeks,
        "when": clean(pool.when),
        "studies": [clean(name) for name in pool.studies],
        "results": [_result(trials, result) for result in pool.results],
        "panel": [_result(trials, result) for result in pool.panel],
    }


def _result(trials: Trials, result: PooledArms | Refused) -> dict[str, Any]:
    if isinstance(result, Refused):
        notes = [said(trials, result.reason)]
        return {"model": result.model, "measure": result.measure, "k": 0, "effect": None, "notes": notes}
    het = result.heterogeneity
    return {
        "model": result.model,
        "measure": result.measure,
        "k": result.k,
        "effect": plain(interval(result.effect)),
        "fit": {name: plain(getattr(result.fit, name)) for name in ("estimate", "se", "low", "high")},
        "pvalue": plain(result.pvalue),
        "prediction": plain(interval(result.prediction)),
        "tau2_estimator": result.tau2_estimator,
        "ci": result.ci,
        "df": result.df,
        "heterogeneity": het
        and {
            name: plain(getattr(het, name))
            for name in (
                "tau2", "tau2_low", "tau2_high", "i2", "i2_low", "i2_high", "i2_kind", "h2", "q", "df", "pvalue",
                "lrt", "lrt_pvalue",
            )
        },
        "association": _test(result.association),
        "homogeneity": _test(result.homogeneity),
        "notes": [*(said(trials, note) for note in result.notes), f"Method: {result.method}."],
    }  # fmt: skip


def _test(test: Association | None) -> dict[str, Any] | None:
    return None if test is None else plain(test._asdict())


# ---- CSV -----------------------------------------------------------------------------------------

COLUMNS = (
    "kind", "study", "label", "arm", "control", "subgroup", "weeks", "when", "events", "n", "events_control",
    "n_control", "model", "measure", "estimate", "low", "high", "level", "method", "pvalue", "k", "tau2", "weight",
    "pooled", "state", "source", "locator", "notes",
)  # fmt: skip
OF_TRIAL = (("difference", "risk-difference"), ("ratio", "risk-ratio"), ("odds_ratio", "odds-ratio"))


def render_csv(trials: Trials) -> str:
    """A row for each measure of each trial, then of each pool, then the notes; differences are fractions."""
    return csv_text(COLUMNS, _lines(trials))


def _lines(trials: Trials) -> Iterator[dict[str, Any]]:
    same = (
        "study", "label", "arm", "control", "subgroup", "when", "events", "n", "events_control", "n_control",
        "weight", "state", "source", "locator",
    )  # fmt: skip
    for row in trials.trials:
        for part, measure in OF_TRIAL:
            yield {name: getattr(row, name) for name in same} | {
                "kind": "trial",
                "weeks": None if row.weeks is None else f"{row.weeks:g}",
                "measure": measure,
                "method": getattr(row.comparison, f"{part}_method"),
                "pvalue": row.comparison.pvalue,
                "pooled": "yes" if row.pooled else "no",
                "notes": "; ".join(filter(None, (*row.notes, row.why))),
                **limits(getattr(row.comparison, part)),
            }
    for pool in trials.pools:
        for kind, results in (("pool", pool.results), ("panel", pool.panel)):
            yield from (_pool_line(trials, pool, kind, result) for result in results)
    told = words(trials)
    yield from ({"kind": "note", "notes": text} for text in (told.headline, *remarks(told)))


def _pool_line(trials: Trials, pool: TrialPool, kind: str, result: PooledArms | Refused) -> dict[str, Any]:
    line: dict[str, Any] = {
        "kind": kind,
        "label": f"Pooled, {pool.when}" if pool.when else "Pooled",
        "weeks": None if pool.weeks is None else f"{pool.weeks:g}",
        "when": pool.when,
        "model": result.model,
        "measure": result.measure,
    }
    if isinstance(result, Refused):
        return line | {"notes": said(trials, result.reason)}
    het = result.heterogeneity
    return line | {
        "method": result.method,
        "pvalue": result.pvalue,
        "k": result.k,
        "tau2": het.tau2 if het else None,
        "notes": "; ".join(said(trials, note) for note in result.notes),
        **limits(result.effect),
    }


# ---- Markdown ------------------------------------------------------------------------------------


def render_markdown(trials: Trials) -> str:
    """A heading, the answer, the tables, then the notes as a list."""
    told, escape = words(trials), escape_markdown
    notes = [f"- {escape(text)}" for text in remarks(told)]
    notes += [f"- {mark} {escape(text)}" for mark, text in told.footnotes]
    parts = [
        [f"# {escape(told.heading)}"] if told.heading else [],
        [escape(told.headline)],
        _table(table(trials)),
        *(_table(pool_table(trials, pool)) for pool in trials.pools),
        notes,
    ]
    return markdown_text(parts)


def _table(lines: Sequence[Sequence[str]]) -> list[str]:
    return markdown_table([escape_markdown(clean(cell)) for cell in line] for line in lines)
