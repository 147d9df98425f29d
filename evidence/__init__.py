"""Pool response proportions from cited papers, every number with its source.

    import evidence

    review = evidence.load("data")
    print(evidence.pool(review, "response"))
    evidence.pool_counts([3, 3, 9, 7], [117, 35, 195, 136]).proportion

The public names are imported when first used (PEP 562): `import evidence`
costs nothing, and a pool does not pay for what only a comparison needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.lazily import from_homes

if TYPE_CHECKING:
    from evidence.analysis import (
        Analysis,
        Asymmetry,
        Compared,
        Gosh,
        Influence,
        Regression,
        Trials,
        asymmetry,
        asymmetry_rows,
        compare,
        compare_rows,
        gosh,
        gosh_rows,
        influence,
        influence_rows,
        pool,
        pool_rows,
        regress,
        regress_rows,
        trial,
        trial_rows,
    )
    from evidence.analysis.clustering import Multilevel, multilevel, multilevel_rows
    from evidence.analysis.history import Diff, History, diff, history
    from evidence.analysis.robustness import Sensitivity, sensitivity, sensitivity_rows
    from evidence.analysis.scoring import PooledScores, Scores, pool_scores, scores
    from evidence.analysis.snapshots import Snapshot, snapshot
    from evidence.errors import DataError, EvidenceError, InputError, NotPossible, OptionError
    from evidence.report.checklists.filling import checklist
    from evidence.report.checklists.items import Checklist
    from evidence.report.export.bundle import Export
    from evidence.report.export.exporting import export
    from evidence.report.figures.drawing import figure, save_figure
    from evidence.report.figures.forest import forest
    from evidence.report.tables.making import table
    from evidence.report.tables.paper import PaperTable
    from evidence.report.writing.composing import Written, write
    from evidence.review.audit.auditing import Audit, audit
    from evidence.review.lookup import Found, look_up
    from evidence.review.printed_scores import PrintedScore
    from evidence.review.responders import Responders, responders
    from evidence.review.tables import Review, find_review, load
    from evidence.review.writing import Edit, editing
    from evidence.synthesis.arms.pooling import PooledArms, compare_arms, pool_arms
    from evidence.synthesis.clusters.multilevel import pool_clusters
    from evidence.synthesis.comparison import compare_proportions
    from evidence.synthesis.influence.leaving_out import Refits, cumulative, leave_one_out
    from evidence.synthesis.pooling import pool_counts
    from evidence.synthesis.results import Comparison, Fit, Heterogeneity, Interval, Pooled

__version__ = "0.1.0"
"""The distribution's (a test compares): asking importlib.metadata takes 25 ms, a tenth of a whole `evidence pool`."""

_HOMES = {
    "Diff": "analysis.history",
    "History": "analysis.history",
    "diff": "analysis.history",
    "history": "analysis.history",
    "Snapshot": "analysis.snapshots",
    "snapshot": "analysis.snapshots",
    "Multilevel": "analysis.clustering",
    "multilevel": "analysis.clustering",
    "multilevel_rows": "analysis.clustering",
    "PooledScores": "analysis.scoring",
    "Scores": "analysis.scoring",
    "pool_scores": "analysis.scoring",
    "scores": "analysis.scoring",
    "PrintedScore": "review.printed_scores",
    "pool_clusters": "synthesis.clusters.multilevel",
    "Influence": "analysis",
    "Gosh": "analysis",
    "influence": "analysis",
    "influence_rows": "analysis",
    "gosh": "analysis",
    "gosh_rows": "analysis",
    "Refits": "synthesis.influence.leaving_out",
    "cumulative": "synthesis.influence.leaving_out",
    "leave_one_out": "synthesis.influence.leaving_out",
    "Trials": "analysis",
    "trial": "analysis",
    "trial_rows": "analysis",
    "PooledArms": "synthesis.arms.pooling",
    "compare_arms": "synthesis.arms.pooling",
    "pool_arms": "synthesis.arms.pooling",
    "Analysis": "analysis",
    "Asymmetry": "analysis",
    "asymmetry": "analysis",
    "asymmetry_rows": "analysis",
    "Compared": "analysis",
    "compare": "analysis",
    "compare_rows": "analysis",
    "Sensitivity": "analysis.robustness",
    "sensitivity": "analysis.robustness",
    "sensitivity_rows": "analysis.robustness",
    "pool": "analysis",
    "pool_rows": "analysis",
    "Regression": "analysis",
    "regress": "analysis",
    "regress_rows": "analysis",
    "DataError": "errors",
    "EvidenceError": "errors",
    "InputError": "errors",
    "NotPossible": "errors",
    "OptionError": "errors",
    "Checklist": "report.checklists.items",
    "checklist": "report.checklists.filling",
    "Export": "report.export.bundle",
    "export": "report.export.exporting",
    "PaperTable": "report.tables.paper",
    "table": "report.tables.making",
    "Written": "report.writing.composing",
    "write": "report.writing.composing",
    "Audit": "review.audit.auditing",
    "audit": "review.audit.auditing",
    "figure": "report.figures.drawing",
    "forest": "report.figures.forest",
    "save_figure": "report.figures.drawing",
    "Found": "review.lookup",
    "look_up": "review.lookup",
    "Responders": "review.responders",
    "responders": "review.responders",
    "Edit": "review.writing",
    "editing": "review.writing",
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
    "Asymmetry",
    "Audit",
    "Checklist",
    "Compared",
    "Comparison",
    "DataError",
    "Diff",
    "Edit",
    "EvidenceError",
    "Export",
    "Fit",
    "Found",
    "Gosh",
    "Heterogeneity",
    "History",
    "Influence",
    "InputError",
    "Interval",
    "Multilevel",
    "NotPossible",
    "OptionError",
    "PaperTable",
    "Pooled",
    "PooledArms",
    "PooledScores",
    "PrintedScore",
    "Refits",
    "Regression",
    "Responders",
    "Review",
    "Scores",
    "Sensitivity",
    "Snapshot",
    "Trials",
    "Written",
    "__version__",
    "asymmetry",
    "asymmetry_rows",
    "audit",
    "checklist",
    "compare",
    "compare_arms",
    "compare_proportions",
    "compare_rows",
    "cumulative",
    "diff",
    "editing",
    "export",
    "figure",
    "find_review",
    "forest",
    "gosh",
    "gosh_rows",
    "history",
    "influence",
    "influence_rows",
    "leave_one_out",
    "load",
    "look_up",
    "multilevel",
    "multilevel_rows",
    "pool",
    "pool_arms",
    "pool_clusters",
    "pool_counts",
    "pool_rows",
    "pool_scores",
    "regress",
    "regress_rows",
    "responders",
    "save_figure",
    "scores",
    "sensitivity",
    "sensitivity_rows",
    "snapshot",
    "table",
    "trial",
    "trial_rows",
    "write",
]


__getattr__ = from_homes(__name__, _HOMES, globals())


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
