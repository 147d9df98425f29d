"""multilevel(): every row of each cohort in one pool, by the three-level model; multilevel_rows(): the same of bare counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from evidence.analysis.pooling import version
from evidence.errors import NotPossible, OptionError
from evidence.review import overlaps
from evidence.review.arms import is_control, whole_rows
from evidence.review.counts import CountRow
from evidence.review.schema import STATES, OutcomeRow, near
from evidence.review.selection import resolve, value_of, where_columns
from evidence.review.tables import Review
from evidence.shown import Shown
from evidence.synthesis.clusters.multilevel import ClusterPool, pool_clusters

CLUSTER = ("cluster", "cohort")
"""Columns of a table that name the cohort of a row, the clearest first; else rows of one study are of one cohort."""


class ClusterRow(NamedTuple):
    """One row of a cohort: whose, when, and its counts."""

    cluster: str
    label: str
    when: str
    events: int
    n: int
    state: str = ""
    source: str = ""
    locator: str = ""


@dataclass(frozen=True)
class Multilevel(Shown):
    """Everything `evidence multilevel` shows; `left_out` are rows with the reason."""

    version: str
    title: str
    outcome: str
    options: Mapping[str, Any]
    rows: tuple[ClusterRow, ...]
    pooled: ClusterPool
    left_out: tuple[str, ...] = ()


def multilevel(
    review: Review,
    outcome: str | None = None,
    *,
    where: str | None = None,
    measure: str = "logit",
    tau2: str = "reml",
    ci: str = "t",
    robust: str = "cr2",
    level: float = 0.95,
) -> Multilevel:
    """Pool all rows of an outcome, every time of every cohort of the designs that the analysis pools.

    Control arms and subgroups stay out. Cohorts that certainly or probably share patients count as one; of reports
    of the same cohort at the same time one row is kept, the better checked, then the larger. `where` keeps rows that
    meet a condition; the rest is as in `pool_clusters`. Raises NotPossible where rows are too few.
    """
    spec = resolve(review, outcome)
    from evidence.review.where import parse_where

    condition = parse_where(where, where_columns(review)) if where else None
    merged = _merged(review)
    left: list[str] = []
    kept: dict[tuple[str, str], list[OutcomeRow]] = {}
    for study, record in review.studies.items():
        if spec.designs and record.design not in spec.designs:
            continue
        own = [row for row in review.by_outcome.get(spec.outcome, ()) if row.study == study]
        counted = [row for row in own if not row.not_poolable and not is_control(row.arm)]
        if condition is not None:
            counted = [
                row
                for row in counted
                if condition({name: value_of(name, row, record) for name in where_columns(review)})
            ]
        for row in whole_rows(counted, own):
            place = (merged[review.cohorts[study][0]], row.when)
            others = kept.setdefault(place, [])
            if not others or others[0].study == study:
                others.append(row)
                continue
            better = _rank(row) < _rank(others[0])
            dropped = others[0] if better else row
            if better:
                kept[place] = [row]
            left.append(
                f"{review.label(dropped.study)}, {dropped.when}: another report has this cohort at this time"
            )
    rows = [
        ClusterRow(
            cluster,
            review.label(row.study),
            row.when,
            row.events or 0,
            row.n or 0,
            row.state,
            row.source,
            row.locator,
        )
        for (cluster, _), several in kept.items()
        for row in several
    ]
    meaning = review.outcomes[spec.outcome]
    asked = {"where": where, "measure": measure, "tau2": tau2, "ci": ci, "robust": robust, "level": level}
    return _analyse(rows, review.title, meaning.label, asked, tuple(left))


def _rank(row: OutcomeRow) -> tuple[int, int]:
    return STATES.index(row.state), -(row.n or 0)


def _merged(review: Review) -> dict[str, str]:
    """Cohort -> the cohort it counts as: those that share patients, or one report, are one."""
    names = {cohort: cohort for cohorts in review.cohorts.values() for cohort in cohorts}

    def top(name: str) -> str:
        while names[name] != name:
            name = names[name]
        return name

    pairs = [(cohorts[0], other) for cohorts in review.cohorts.values() for other in cohorts[1:]]
    shared = overlaps.shared(review, ("certain", "probable"))
    pairs += [(a, b) for a, others in shared.items() for b in others if a in names and b in names]
    for a, b in pairs:
        names[top(a)] = top(b)
    return {name: top(name) for name in names}


def multilevel_rows(
    rows: Sequence[CountRow],
    *,
    cluster: str | None = None,
    title: str = "",
    measure: str = "logit",
    tau2: str = "reml",
    ci: str = "t",
    robust: str = "cr2",
    level: float = 0.95,
) -> Multilevel:
    """Pool bare counts under `title`; `cluster` names the column with the cohort: else `cluster` or `cohort`, else rows of one study.

    The rest is as in `pool_clusters`, and so is what is raised; OptionError also where a row names no cohort.
    """
    columns = tuple(dict.fromkeys(["study", *(name for row in rows for name in row.extra)]))
    if cluster is None:
        folded = {name.casefold(): name for name in columns}
        cluster = next((folded[name] for name in CLUSTER if name in folded), "study")
    if cluster not in columns:
        raise OptionError(
            "cluster", cluster, f"a column of the table: {', '.join(columns)}{near(cluster, columns)}"
        )
    found = []
    for row in rows:
        name = row.study if cluster == "study" else row.extra.get(cluster, "")
        if not name.strip():
            raise OptionError("cluster", name, f"the cohort's name in every row; row {row.row} has none")
        when = next(
            (value for key, value in row.extra.items() if key.casefold() in ("weeks", "week", "time")), ""
        )
        found.append(ClusterRow(name, row.study, when, row.events, row.n))
    asked = {"cluster": cluster, "measure": measure, "tau2": tau2, "ci": ci, "robust": robust, "level": level}
    return _analyse(found, title, "", asked, ())


def _analyse(
    rows: Sequence[ClusterRow], title: str, outcome: str, asked: Mapping[str, Any], left: tuple[str, ...]
) -> Multilevel:
    if not rows:
        raise NotPossible("no row is left to pool")
    options = {name: asked[name] for name in ("measure", "tau2", "ci", "robust", "level")}
    pooled = pool_clusters(
        [row.events for row in rows], [row.n for row in rows], [row.cluster for row in rows], **options
    )
    return Multilevel(version(), title, outcome, asked, tuple(rows), pooled, left)
