"""Pool response proportions from cited papers, every number with its source.

    import evidence

    review = evidence.load("data")
    print(evidence.pool(review, "response"))
    evidence.pool_counts([3, 3, 9, 7], [117, 35, 195, 136]).proportion

The public names are imported when first used (PEP 562): `import evidence`
costs nothing, and a pool does not pay for what only a comparison needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.analysis import Analysis, Compared, compare, compare_rows, pool, pool_rows
    from evidence.errors import DataError, EvidenceError, InputError, NotPossible, OptionError
    from evidence.review.lookup import Found, look_up
    from evidence.review.responders import Responders, responders
    from evidence.review.tables import Review, find_review, load
    from evidence.synthesis.comparison import compare_proportions
    from evidence.synthesis.pooling import pool_counts
    from evidence.synthesis.results import Comparison, Fit, Heterogeneity, Interval, Pooled

__version__ = "0.1.0"
"""The distribution's (a test compares): asking importlib.metadata takes 25 ms, a tenth of a whole `evidence pool`."""

_HOMES = {
    "Analysis": "analysis",
    "Compared": "analysis",
    "compare": "analysis",
    "compare_rows": "analysis",
    "pool": "analysis",
    "pool_rows": "analysis",
    "DataError": "errors",
    "EvidenceError": "errors",
    "InputError": "errors",
    "NotPossible": "errors",
    "OptionError": "errors",
    "Found": "review.lookup",
    "look_up": "review.lookup",
    "Responders": "review.responders",
    "responders": "review.responders",
    "Review": "review.tables",
    "find_review": "review.tables",
    "load": "review.tables",
    "compare_proportions": "synthesis.comparison",
    "pool_counts": "synthesis.pooling",
    "Comparison": "synthesis.results",
    "Fit": "synthesis.results",
    "Heterogeneity": "synthesis.results",
    "Interval": "synthesis.results",
    "Pooled": "synthesis.results",
}
"""Public name -> the module it lives in. A test compares this with the imports above and with `__all__`."""

__all__ = [
    "Analysis",
    "Compared",
    "Comparison",
    "DataError",
    "EvidenceError",
    "Fit",
    "Found",
    "Heterogeneity",
    "InputError",
    "Interval",
    "NotPossible",
    "OptionError",
    "Pooled",
    "Responders",
    "Review",
    "__version__",
    "compare",
    "compare_proportions",
    "compare_rows",
    "find_review",
    "load",
    "look_up",
    "pool",
    "pool_counts",
    "pool_rows",
    "responders",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # found at once from now on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
