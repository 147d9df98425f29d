"""The façade: a review, an outcome and options in; a result that knows its sources and prints itself out.

results     what comes out: a pool, or a comparison, with its rows and where each is from
rows        a review's rows and typed counts as rows of a result
contrasts   two rows, or a pool and a row, beside each other
pooling     pool(), pool_rows()
comparing   compare(), compare_rows()

The names below are imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.analysis.comparing import compare, compare_rows
    from evidence.analysis.pooling import pool, pool_rows
    from evidence.analysis.results import Analysis, Compared, Contrast, PoolRow, Result, StudyRow

_HOMES = {
    "Analysis": "results",
    "Compared": "results",
    "Contrast": "results",
    "PoolRow": "results",
    "Result": "results",
    "StudyRow": "results",
    "compare": "comparing",
    "compare_rows": "comparing",
    "pool": "pooling",
    "pool_rows": "pooling",
}

__all__ = [
    "Analysis",
    "Compared",
    "Contrast",
    "PoolRow",
    "Result",
    "StudyRow",
    "compare",
    "compare_rows",
    "pool",
    "pool_rows",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # found at once from now on
    return value
