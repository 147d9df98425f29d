"""For other programs: JSON whose keys do not change silently, CSV that a spreadsheet opens safely. Numbers in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evidence.analysis.results import Analysis, Contrast, PoolRow, Result, StudyRow
from evidence.report.characters import clean
from evidence.report.machine import about, csv_text, finite, interval, json_text, limits, missing_note, plain
from evidence.report.pooled.rows import Row, marks, rows
from evidence.report.pooled.words import words
from evidence.report.verbs import said
from evidence.synthesis.results import Pooled

COLUMNS = (
    "kind", "label", "marks", "study", "arm", "subgroup", "group", "weeks", "when", "role", "events", "n",
    "estimate", "low", "high", "level", "weight", "k", "requested", "model", "measure", "tau2_estimator", "ci",
    "state", "scale", "source", "locator", "notes",
)  # fmt: skip


def render_json(analysis: Analysis) -> str:
    """One object, its keys a contract; infinite and undefined numbers are null, with a note that says so."""
    return json_text(to_dict(analysis))


def to_dict(analysis: Analysis) -> dict[str, Any]:
    """The analysis as plain dicts, lists, strings and numbers."""
    told = words(analysis)
    notes = [*map(clean, (*analysis.warnings, *analysis.notes)), *told.comparison]
    for contrast in analysis.comparisons:
        notes += [
            f"{clean(contrast.ours)} against {clean(contrast.against)}: {said(analysis, n)}"
            for n in contrast.comparison.notes
        ]
    notes += [f"{mark} {text}" for mark, text in told.footnotes]
    return {
        **about(analysis),
        "options": plain(analysis.options),
        "studies": [finite(as_study(analysis, study)) for study in analysis.studies],
        "pooled": [finite(as_pool(analysis, pool)) for pool in analysis.pooled],
        "panel": [finite(as_pool(analysis, pool)) for pool in analysis.panel],
        "subgroups": _subgroups(analysis),
        "comparisons": [as_contrast(contrast, notes) for contrast in analysis.comparisons],
        "excluded": [{"study": clean(e.study), "reason": clean(e.reason)} for e in analysis.excluded],
        "notes": notes,
    }


def _subgroups(analysis: Analysis) -> dict[str, Any] | None:
    if analysis.subgroups is None:
        return None
    from evidence.report.pooled.grouped import as_subgroups  # seldom asked for

    return finite(as_subgroups(analysis.subgroups))


def as_study(analysis: Result, study: StudyRow) -> dict[str, Any]:
    """A row with the keys of the contract."""
    notes = list(map(clean, study.notes))
    if study.when and study.weeks is None:
        notes.append(clean(study.when))
    if study.scale and study.scale in analysis.scales.values():
        notes.append(f"scale: {clean(study.scale)}")
    return {
        "study": clean(study.study),
        "label": clean(study.label),
        "arm": clean(study.arm),
        "weeks": study.weeks,
        "role": study.role,
        "events": int(study.events),
        "n": int(study.n),
        "weight": study.weight,
        "state": study.state,
        "source": clean(study.source),
        "locator": clean(study.locator),
        "proportion": interval(study.proportion),
        "notes": notes,
    }


def as_pool(analysis: Result, pool: PoolRow) -> dict[str, Any]:
    """A pool with the keys of the contract."""
    result = pool.result
    fit, het = result.fit, result.heterogeneity
    method = [f"Method: {clean(str(result.method))}"] if result.method else []
    return {
        "pool": clean(pool.pool),
        "k": int(result.k),
        "events": int(result.events),
        "n": int(result.n),
        "requested": result.requested,
        "model": result.model,
        "measure": result.measure,
        "tau2_estimator": result.tau2_estimator,
        "ci": result.ci,
        "df": result.df,
        "proportion": interval(result.proportion),
        "average": interval(result.average),
        "prediction": interval(result.prediction),
        "fit": fit and {"estimate": fit.estimate, "se": fit.se, "low": fit.low, "high": fit.high},
        "heterogeneity": het
        and {
            "tau2": het.tau2,
            "tau2_low": het.tau2_low,
            "tau2_high": het.tau2_high,
            "tau2_ci": het.tau2_ci,
            "i2": het.i2,
            "i2_low": het.i2_low,
            "i2_high": het.i2_high,
            "i2_kind": het.i2_kind,
            "h2": het.h2,
            "h2_low": het.h2_low,
            "h2_high": het.h2_high,
            "q": het.q,
            "df": het.df,
            "pvalue": het.pvalue,
            "q_lrt": het.q_lrt,
            "q_lrt_pvalue": het.q_lrt_pvalue,
            "lrt": het.lrt,
            "lrt_pvalue": het.lrt_pvalue,
            "overdispersion": het.overdispersion,
            "overdispersion_low": het.overdispersion_low,
            "overdispersion_high": het.overdispersion_high,
        },
        "notes": [*(said(analysis, note) for note in result.notes), *method],
    }


def as_contrast(contrast: Contrast, notes: list[str]) -> dict[str, Any]:
    """A comparison with the keys of the contract; what is not finite goes to `notes`."""
    comparison = contrast.comparison
    made = {
        "ours": clean(contrast.ours),
        "against": clean(contrast.against),
        "difference": interval(comparison.difference, comparison.difference_method),
        "ratio": interval(comparison.ratio, comparison.ratio_method),
        "odds_ratio": interval(comparison.odds_ratio, comparison.odds_ratio_method),
        "test": comparison.test,
        "pvalue": comparison.pvalue,
        "differs_in": list(map(clean, contrast.differs_in)),
    }
    missing: list[str] = []
    done = {key: plain(value, key, missing) for key, value in made.items()}
    notes += [f"{made['ours']} against {made['against']}: {note}" for note in missing_note(missing)]
    return done


# ---- CSV -------------------------------------------------------------------------------------


def render_csv(analysis: Analysis, *, excluded: bool = False) -> str:
    """One row a study and pool, then the notes; proportions from 0 to 1 in full."""
    return csv_text(COLUMNS, (*_csv_rows(analysis), *_csv_notes(analysis, excluded)))


def _csv_rows(analysis: Analysis) -> Iterator[dict[str, Any]]:
    for row in rows(analysis, panel=True, single=True):
        if row.value is None:
            continue
        line: dict[str, Any] = {
            "kind": row.kind,
            "label": row.label,
            "group": row.group,
            "events": row.events,
            "n": row.n,
            **limits(row.value),
        }
        if row.study:
            yield line | _csv_study(analysis, row)
        elif row.pool:
            yield line | _csv_pool(analysis, row, row.pool.result)


def _csv_study(analysis: Analysis, row: Row) -> dict[str, Any]:
    study = row.study
    assert study is not None
    kept = (
        "study",
        "arm",
        "subgroup",
        "weeks",
        "when",
        "role",
        "state",
        "scale",
        "source",
        "locator",
        "weight",
    )
    fields = {name: getattr(study, name) for name in kept}
    fields["weeks"] = None if study.weeks is None else f"{study.weeks:g}"
    return fields | {
        "label": study.label,
        "marks": " ".join(marks(analysis, study)),
        "notes": " ".join(study.notes),
    }


def _csv_pool(analysis: Result, row: Row, result: Pooled) -> dict[str, Any]:
    fields = {
        name: getattr(result, name) for name in ("k", "requested", "model", "measure", "tau2_estimator", "ci")
    }
    if row.kind == "pool" and result.model == "bayes":  # this line is the exact interval beside it
        fields |= {"model": "exact", "measure": None, "tau2_estimator": None, "ci": None}
    method = [f"Method: {result.method}"] if result.method else []
    notes = {"pool": [*(said(analysis, note) for note in result.notes), *method], "panel": method}.get(
        row.kind, []
    )
    return fields | {"notes": " ".join(map(str, notes))}


def _csv_notes(analysis: Analysis, excluded: bool) -> Iterator[dict[str, Any]]:
    told = words(analysis)
    for text in (told.headline, *told.comparison, *told.heterogeneity, told.differences, *analysis.notes):
        if text:
            yield {"kind": "note", "notes": text}
    for mark, text in told.footnotes:
        yield {"kind": "note", "marks": mark, "notes": text}
    if excluded:
        for e in analysis.excluded:
            yield {"kind": "excluded", "study": e.study, "label": e.label, "notes": f"{e.rule}: {e.reason}"}
