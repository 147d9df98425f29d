"""Pools of all subsets for other programs, for a figure say: JSON and CSV, every subset, numbers in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from evidence.analysis.influencing import Gosh
from evidence.report.characters import clean
from evidence.report.influence.gosh import QUANTILES, table, words
from evidence.report.machine import about, csv_rows, finite, json_text, plain
from evidence.report.markup import escape_markdown, markdown_table, markdown_text
from evidence.report.pooled.export import as_pool, as_study

_CHUNK = 1 << 14  # subsets written at once


def render_json(found: Gosh) -> str:
    """One object; `subsets` has columns, `included` a string of 0 and 1 in the order of `splits`."""
    return json_text(to_dict(found), indent=None)


def to_dict(found: Gosh) -> dict[str, Any]:
    """The analysis as plain dicts, lists, strings and numbers."""
    told, pools = words(found), found.subsets
    several = pools.size > 1
    return {
        **about(found),
        "options": plain(found.options),
        "studies": [finite(as_study(found, study)) for study in found.studies],
        "pooled": [finite(as_pool(found, pool)) for pool in found.pooled],
        "quantiles": {
            "probability": list(QUANTILES),
            "proportion": np.quantile(found.proportion, QUANTILES).tolist(),
            "i2": np.quantile(pools.i2[several], QUANTILES).tolist() if several.any() else None,
        },
        "heaps": {
            "counts": list(found.heaps.counts),
            "low": found.heaps.low,
            "high": found.heaps.high,
            "tops": list(found.heaps.tops) if found.heaps.told else None,
        },
        "splits": [
            {
                "series": clean(row.name),
                "median_with": plain(split.median_with),
                "median_without": plain(split.median_without),
                "separation": plain(split.separation),
            }
            for row, split in zip(found.series, found.splits, strict=True)
        ],
        "complete": pools.complete,
        "seed": pools.seed,
        "subsets": {
            "included": list(_included(found)),
            "k": pools.size.tolist(),
            "proportion": found.proportion.tolist(),
            "estimate": pools.estimate.tolist(),
            "tau2": pools.tau2.tolist(),
            "i2": pools.i2.tolist(),
            "q": pools.q.tolist(),
        },
        "notes": [told.headline, told.shape, *told.notes, told.method],
    }


def _included(found: Gosh) -> Iterator[str]:
    """Each subset as 0s and 1s, one for each series."""
    pools = found.subsets
    for start in range(0, len(pools.size), _CHUNK):
        signs = pools.members(slice(start, start + _CHUNK)).astype(np.uint8) + ord("0")
        text = signs.astype(np.uint8).tobytes().decode("ascii")
        yield from (text[at : at + pools.k] for at in range(0, len(text), pools.k))


def render_csv(found: Gosh) -> str:
    """One row a subset, then the series in the order of `included`, then the notes."""
    pools = found.subsets
    columns = (found.proportion, pools.estimate, pools.tau2, pools.i2, pools.q)
    lines = [
        "kind,included,k,proportion,estimate,tau2,i2,q,series,median_with,median_without,separation,notes"
    ]
    included = _included(found)
    for start in range(0, len(pools.size), _CHUNK):
        part = slice(start, start + _CHUNK)
        rows = zip(pools.size[part].tolist(), *(column[part].tolist() for column in columns), strict=True)
        # a subset begins with an s, so that no spreadsheet takes it for a number
        lines += [
            f"subset,s{next(included)},{k},{p!r},{e!r},{t!r},{i!r},{q!r},,,,," for k, p, e, t, i, q in rows
        ]
    return "\n".join(lines) + "\n" + csv_rows(_rows_below(found))


def _rows_below(found: Gosh) -> Iterator[list[Any]]:
    for row, split in zip(found.series, found.splits, strict=True):
        values = (split.median_with, split.median_without, split.separation)
        yield ["series", *[""] * 7, row.name, *values, ""]
    told = words(found)
    yield from (["note", *[""] * 11, note] for note in (told.headline, told.shape, *told.notes, told.method))


def render_markdown(found: Gosh) -> str:
    """The sentences and the table of series, for a report."""
    told = words(found)
    lines = markdown_table([escape_markdown(cell) for cell in line] for line in table(found))
    notes = [f"- {escape_markdown(text)}" for text in (told.shape, *told.notes, told.method)]
    parts = [[f"# {escape_markdown(told.heading)}"], [escape_markdown(told.headline)], lines, notes]
    return markdown_text(parts)
