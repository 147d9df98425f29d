"""The façade: a review, an outcome and options in; a result that knows its sources and prints itself out.

results     what comes out: a pool, or a comparison, with its rows and where each is from
rows        a review's rows and typed counts as rows of a result
contrasts   two rows, or a pool and a row, beside each other
pooling     pool(), pool_rows()
regressing  regress(), regress_rows(); formula reads their formulas
comparing   compare(), compare_rows()
influencing   influence(), influence_rows(); gosh(), gosh_rows(): of every subset
small_studies   asymmetry(), asymmetry_rows()
trials      trial(), trial_rows()
clustering  multilevel(), multilevel_rows()
scoring     scores(), pool_scores()
snapshots   snapshot(): what a review held and said, kept
history     history(), diff(): what changed since
updating    update(): the saved searches run again; screening: decide() on what they find; flow: flow(), PRISMA 2020

The names below are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence.lazily import from_homes

if TYPE_CHECKING:
    from evidence.analysis.clustering import Multilevel, multilevel, multilevel_rows
    from evidence.analysis.comparing import compare, compare_rows
    from evidence.analysis.history import Diff, History, diff
    from evidence.analysis.influencing import Gosh, Influence, gosh, gosh_rows, influence, influence_rows
    from evidence.analysis.pooling import pool, pool_rows
    from evidence.analysis.regressing import Regression, regress, regress_rows
    from evidence.analysis.results import Analysis, Compared, Contrast, PoolRow, Result, StudyRow
    from evidence.analysis.scoring import PooledScores, Scores, pool_scores, scores
    from evidence.analysis.small_studies import Asymmetry, asymmetry, asymmetry_rows
    from evidence.analysis.snapshots import Snapshot, snapshot
    from evidence.analysis.trials import Trials, trial, trial_rows

_HOMES = {
    "Diff": "history",
    "History": "history",
    "diff": "history",
    "Snapshot": "snapshots",
    "snapshot": "snapshots",
    "Multilevel": "clustering",
    "multilevel": "clustering",
    "multilevel_rows": "clustering",
    "PooledScores": "scoring",
    "Scores": "scoring",
    "pool_scores": "scoring",
    "scores": "scoring",
    "Influence": "influencing",
    "Gosh": "influencing",
    "influence": "influencing",
    "influence_rows": "influencing",
    "gosh": "influencing",
    "gosh_rows": "influencing",
    "Trials": "trials",
    "trial": "trials",
    "trial_rows": "trials",
    "Analysis": "results",
    "Compared": "results",
    "Contrast": "results",
    "PoolRow": "results",
    "Result": "results",
    "StudyRow": "results",
    "Asymmetry": "small_studies",
    "asymmetry": "small_studies",
    "asymmetry_rows": "small_studies",
    "compare": "comparing",
    "compare_rows": "comparing",
    "pool": "pooling",
    "pool_rows": "pooling",
    "Regression": "regressing",
    "regress": "regressing",
    "regress_rows": "regressing",
}

__all__ = [
    "Analysis",
    "Asymmetry",
    "Compared",
    "Contrast",
    "Diff",
    "Gosh",
    "History",
    "Influence",
    "Multilevel",
    "PoolRow",
    "PooledScores",
    "Regression",
    "Result",
    "Scores",
    "Snapshot",
    "StudyRow",
    "Trials",
    "asymmetry",
    "asymmetry_rows",
    "compare",
    "compare_rows",
    "diff",
    "gosh",
    "gosh_rows",
    "influence",
    "influence_rows",
    "multilevel",
    "multilevel_rows",
    "pool",
    "pool_rows",
    "pool_scores",
    "regress",
    "regress_rows",
    "scores",
    "snapshot",
    "trial",
    "trial_rows",
]


__getattr__ = from_homes(__name__, _HOMES, globals())
