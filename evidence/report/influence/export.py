"""An influence analysis for other programs: JSON and CSV, every diagnostic, numbers in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from evidence.analysis.influencing import Influence
from evidence.report.characters import clean
from evidence.report.influence.words import words
from evidence.report.machine import about, csv_text, finite, json_text, plain
from evidence.report.markup import escape_markdown, markdown_table, markdown_text
from evidence.report.pooled.export import as_pool, as_study


def render_json(found: Influence) -> str:
    """One object; infinite and undefined numbers are null, with a note that says so."""
    return json_text(to_dict(found))


def to_dict(found: Influence) -> dict[str, Any]:
    """The analysis as plain dicts, lists, strings and numbers."""
    told = words(found)
    made: dict[str, Any] = {
        **about(found),
        "options": plain(found.options),
        "show": found.show,
        "order": found.order,
        "studies": [finite(as_study(found, study)) for study in found.studies],
        "pooled": [finite(as_pool(found, pool)) for pool in found.pooled],
    }
    if found.refits is not None:
        made["refits"] = [finite(row) for row in refits(found)]
    else:
        made["diagnostics"] = [finite(row) for row in diagnostics(found)]
    return made | {"notes": [told.headline, *told.notes]}


def refits(found: Influence) -> Iterator[dict[str, Any]]:
    """Each refit with the names of the engine: what was left out or added, the counts and the pool of the rest."""
    r = found.refits
    assert r is not None
    for place, row in enumerate(found.series):
        average = {name: getattr(r.average, name)[place] for name in ("estimate", "low", "high")}
        values = {name: getattr(r.proportion, name)[place] for name in ("estimate", "low", "high")}
        level = r.proportion.level
        yield {
            "series": clean(row.name),
            "study": clean(row.study),
            "order": clean(found.keys[place]) if found.keys else None,
            "k": int(r.k[place]),
            "events": int(r.events[place]),
            "n": int(r.n[place]),
            "model": r.model[place],
            "proportion": values | {"level": level},
            "average": average | {"level": level} if average["estimate"] == average["estimate"] else None,
            "fit": {"estimate": r.fit.estimate[place], "se": r.fit.se[place]}
            if r.fit.estimate[place] == r.fit.estimate[place]
            else None,
            "heterogeneity": {name: getattr(r, name)[place] for name in ("tau2", "i2", "q", "pvalue")}
            if r.q[place] == r.q[place]
            else None,
            "notes": [*map(clean, r.notes[place]), f"Method: {clean(r.method[place])}"],
        }


def diagnostics(found: Influence) -> Iterator[dict[str, Any]]:
    """Each series with all its diagnostics."""
    d = found.diagnostics
    assert d is not None
    names = [entry.name for entry in fields(d)]
    if found.show == "baujat":
        names = ["baujat_x", "baujat_y"]
    for place, row in enumerate(found.series):
        values = {name: getattr(d, name)[place] for name in names}
        if "influential" in values:
            values["influential"] = bool(values["influential"])
        yield {"series": clean(row.name), "study": clean(row.study), **values, "notes": []}


def render_csv(found: Influence) -> str:
    """One row a series, then the notes; proportions from 0 to 1, numbers in full."""
    rows = list(map(_flat, refits(found))) if found.refits is not None else list(diagnostics(found))
    columns = list(dict.fromkeys(["kind", *(name for row in rows for name in row)]))
    columns = [*(name for name in columns if name != "notes"), "notes"]
    told = words(found)
    lines = [{"kind": found.show, **row, "notes": " ".join(row["notes"])} for row in rows]
    lines += [{"kind": "note", "notes": note} for note in (told.headline, *told.notes, told.method)]
    return csv_text(columns, lines)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Nested parts as columns of their own: average_low, fit_se."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        if name == "proportion":
            out |= value
        elif name in ("average", "fit"):
            parts = ("estimate", "low", "high") if name == "average" else ("estimate", "se")
            out |= {f"{name}_{part}": None if value is None else value[part] for part in parts}
        elif name == "heterogeneity":
            out |= {part: None if value is None else value[part] for part in ("tau2", "i2", "q", "pvalue")}
        else:
            out[name] = value
    return out


def render_markdown(found: Influence) -> str:
    """The sentences and the table, for a report."""
    from evidence.report.influence.words import digits, lines, table
    from evidence.report.numbers import level, percent

    told, d = words(found), digits(found)
    parts = [[f"# {escape_markdown(told.heading)}"], [escape_markdown(told.headline)]]
    if found.refits is not None:
        head = ("Series", "Events/n", "%", f"{level(found.whole.level)}% CI")
        rows = [
            (line.name, line.counts, percent(line.value.estimate, d), _limits(line.value, d))
            for line in lines(found)
            if line.value is not None
        ]
        parts.append(_table([head, *rows]))
    cells = table(found)
    if cells:
        parts.append(_table(cells))
    parts.append([f"- {escape_markdown(note)}" for note in (*told.notes, told.method)])
    return markdown_text(parts)


def _limits(value: Any, d: int) -> str:
    from evidence.report.numbers import percent

    return f"{percent(value.low, d)} to {percent(value.high, d)}"


def _table(rows: Iterable[Iterable[object]]) -> list[str]:
    return markdown_table([escape_markdown(str(cell)) for cell in row] for row in rows)
