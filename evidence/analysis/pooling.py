"""pool(): an outcome of a review, one row a cohort, beside its references; pool_rows(): the same of bare counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evidence.analysis.about import about_counts, about_review
from evidence.analysis.contrasts import (
    Differences,
    between_rows,
    differences,
    pool_and_row,
)
from evidence.analysis.notices import alarms, notices_of, retracted
from evidence.analysis.results import WHOLE, Analysis, Contrast, PoolRow, StudyRow
from evidence.analysis.rows import count_rows, review_rows, scale_marks, tell_apart
from evidence.errors import NotPossible, OptionError
from evidence.review.arms import is_control
from evidence.review.choice import Chosen, Selection, Window
from evidence.review.counts import CountRow
from evidence.review.names import listed
from evidence.review.schema import NOT_STATED, near
from evidence.review.selection import resolve, select, value_of, where_columns
from evidence.review.tables import Review
from evidence.synthesis.doubts.tipping import tipping_tau
from evidence.synthesis.fitting import Options
from evidence.synthesis.pooling import WEIGHTS, Plan, plan
from evidence.synthesis.results import Pooled
from evidence.telling import tell

if TYPE_CHECKING:
    from evidence.synthesis.bayesian.bayes import Prior

# ---- from a review -------------------------------------------------------------------------------


def pool(
    review: Review,
    outcome: str | None = None,
    *,
    analysis: str | None = None,
    by: str | None = None,
    where: str | None = None,
    weeks: Window | float | str | None = None,
    exclude_retracted: bool = False,
    model: str = "auto",
    measure: str = "logit",
    tau2: str = "reml",
    ci: str | None = None,
    interval: str = "exact",
    prediction: str | None = None,
    prior: str | Prior = "half-normal",
    prior_scale: float = 1.25,
    prior_median: str = "jeffreys",
    weights: str = "model",
    tau2_ci: str | None = None,
    i2: str = "q",
    level: float = 0.95,
) -> Analysis:
    """Pool an outcome of a review, one row a cohort, beside the references its analysis names.

    `outcome` is a key or a label, `analysis` the name of one in review.toml; without either, the primary one.
    `by` names a column whose values are pooled apart as well; `where` keeps the rows that meet a condition, such
    as "n >= 5"; `weeks`, a week, a window or "last visit", replaces the analysis' window, and the reference's row
    of that time leads; `exclude_retracted` leaves out reports that PubMed's records call retracted (kept, they
    are a loud warning). `weights` is model, equal, or a column with a number above 0 in every pooled row. The rest is
    as in `pool_counts`.

    Raises OptionError for a name that does not exist, NotPossible where no row is left to pool.
    """
    options = Options(
        model,
        measure,
        tau2,
        ci,
        interval,
        prediction,
        prior_scale,
        level,
        prior,
        weights,
        tau2_ci,
        i2,
        prior_median,
    )._asdict()
    spec = resolve(review, outcome, analysis)
    if by is not None:
        _check_column("by", by, where_columns(review), "a column of outcomes or studies")
    notices = notices_of(review)
    barred = retracted(notices) if exclude_retracted else {}
    selection = select(review, spec, weeks=weeks, where=where, barred=barred)
    if not selection.chosen:
        raise NotPossible(_nothing_left(review, selection))
    groups = None if by is None else [_value(entry, by) for entry in selection.chosen]
    chosen = review_rows(selection.chosen, interval, level, groups)
    if weights not in WEIGHTS:
        _check_column("weights", weights, where_columns(review), _WEIGHTS_ARE)
        given = [value_of(weights, entry.row, entry.study) for entry in selection.chosen]
        chosen = _weighted(chosen, given, weights)
    named = tell_apart([*chosen, *review_rows(selection.references, interval, level)])
    rows, references = named[: len(chosen)], named[len(chosen) :]
    meaning = review.outcomes[spec.outcome]
    return _analyse(
        rows,
        references,
        options,
        found=differences(review, selection.chosen, selection.references),
        **about_review(review, spec),
        options={
            **_shown(options),
            "by": by,
            "where": where,
            "weeks": selection.spec.weeks,
            "exclude_retracted": exclude_retracted,
        },
        excluded=selection.excluded,
        warnings=tuple(alarms([*rows, *references], notices)),
        notes=(*selection.warnings, *unchecked(rows)),
        scales=scale_marks([*rows, *references], meaning.scale),
    )


def _shown(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as a result states them: a prior made by the user by its words."""
    prior = options["prior"]
    return {**options, "prior": prior if isinstance(prior, str) else prior.label}


def _check_column(option: str, name: str, columns: Sequence[str], kind: str) -> None:
    if name not in columns:
        raise OptionError(option, name, f"{kind}: {', '.join(columns)}{near(name, columns)}")


_WEIGHTS_ARE = f"{', '.join(WEIGHTS)}, or a column of numbers"


def _weighted(rows: Sequence[StudyRow], given: Sequence[object], column: str) -> list[StudyRow]:
    """The rows with the weights that a column gives them: numbers above 0, every one."""
    weights = [_positive(value) for value in given]
    lacking = [row.label for row, weight in zip(rows, weights, strict=True) if weight is None]
    if lacking:
        raise OptionError(
            "weights", column, f"a column with a number above 0 for every row; not so: {listed(lacking)}"
        )
    return [row._replace(given_weight=weight) for row, weight in zip(rows, weights, strict=True)]


def _positive(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def _nothing_left(review: Review, selection: Selection) -> str:
    label = review.outcomes[selection.spec.outcome].label
    reasons = [
        f"  {entry.label}: {entry.reason} ({entry.rule})"
        for entry in selection.excluded
        if entry.rule != "no row"
    ]
    said = "\n".join([f"no row of {label} is left to pool; the reports that have one:", *reasons])
    return said if reasons else f"no report has a row for {label}; see: evidence outcomes"


def _value(entry: Chosen, by: str) -> str:
    value = value_of(by, entry.row, entry.study)
    return _group(f"{value:g}" if isinstance(value, float) else str(value or ""), by)


def _group(value: str, by: str) -> str:
    """What a group is called: its value, which must not pass for the pool of all or of the others."""
    return f"{value} ({by})" if value in WHOLE else value or NOT_STATED


def unchecked(rows: Sequence[StudyRow]) -> Iterator[str]:
    """A word about pooled counts nobody has checked."""
    unverified = [row.label for row in rows if row.state == "unverified"]
    if unverified:
        yield (
            f"{len(unverified)} of {len(rows)} pooled counts not yet checked against the paper: {listed(unverified)}."
        )


# ---- from counts ---------------------------------------------------------------------------------


def pool_rows(
    rows: Sequence[CountRow],
    *,
    title: str = "",
    against: CountRow | None = None,
    by: str | None = None,
    where: str | None = None,
    model: str = "auto",
    measure: str = "logit",
    tau2: str = "reml",
    ci: str | None = None,
    interval: str = "exact",
    prediction: str | None = None,
    prior: str | Prior = "half-normal",
    prior_scale: float = 1.25,
    prior_median: str = "jeffreys",
    weights: str = "model",
    tau2_ci: str | None = None,
    i2: str = "q",
    level: float = 0.95,
) -> Analysis:
    """Pool bare counts, typed in or read from a table, without a review; `title` heads the result, `against` is compared with.

    A row called "Ours" is ours. Options as in `pool`; columns for `by` and `where` are the table's own.
    Raises NotPossible where `where` leaves no row.
    """
    options = Options(
        model,
        measure,
        tau2,
        ci,
        interval,
        prediction,
        prior_scale,
        level,
        prior,
        weights,
        tau2_ci,
        i2,
        prior_median,
    )._asdict()
    columns = tuple(dict.fromkeys(["study", "events", "n", *(name for row in rows for name in row.extra)]))
    if by is not None:
        _check_column("by", by, columns, "a column of the table")
    if where is not None:
        from evidence.review.where import parse_where  # seldom asked for

        condition = parse_where(where, columns)
        rows = [row for row in rows if condition(_cells(row))]
    if not rows:
        raise NotPossible("no row is left to pool" + (f" where {where}" if where else ""))
    groups = None if by is None else [_group(str(_cells(row).get(by, "")), by) for row in rows]
    references = [] if against is None else [against]
    made = count_rows(rows, interval, level, groups=groups)
    if weights not in WEIGHTS:
        _check_column("weights", weights, columns, _WEIGHTS_ARE)
        made = _weighted(made, [_cells(row).get(weights) for row in rows], weights)
    return _analyse(
        made,
        count_rows(references, interval, level, role="reference"),
        options,
        found={},
        **about_counts(title),
        options={**_shown(options), "by": by, "where": where, "weeks": None},
        notes=(),
    )


def _cells(row: CountRow) -> dict[str, object]:
    return {**row.extra, "study": row.study, "events": row.events, "n": row.n}


# ---- pools and comparisons -----------------------------------------------------------------------


def _analyse(
    rows: list[StudyRow],
    references: list[StudyRow],
    pooling: Mapping[str, Any],
    *,
    found: Differences,
    notes: tuple[str, ...],
    **about: Any,
) -> Analysis:
    pooled = list(_pools(rows, pooling))
    whole = pooled[0].result
    if whole.weights is not None:
        weights = whole.weights.tolist()
        rows = [row._replace(weight=weight) for row, weight in zip(rows, weights, strict=True)]
    tell("%s asked for: %s", whole.requested, whole.method)
    for note in whole.notes:
        tell("because, or to mind: %s", note)
    compared = [row for row in references if not is_control(row.arm)]
    return Analysis(
        version=version(),
        studies=(*rows, *references),
        pooled=tuple(pooled),
        panel=tuple(_panel(rows, whole, pooling)),
        comparisons=tuple(_contrasts(rows, pooled[0], compared, found, pooling["level"])),
        notes=(*notes, *_where_it_tips(rows, whole, compared)),
        **about,
    )


def version() -> str:
    """The version a result says it was made by."""
    from evidence import __version__

    return __version__


def _contrasts(
    rows: Sequence[StudyRow],
    whole: PoolRow,
    references: Sequence[StudyRow],
    found: Differences,
    level: float,
) -> Iterator[Contrast]:
    """Ours minus each reference, then the pool of all minus the one that leads."""
    for own in (row for row in rows if row.role == "ours"):
        for other in references:
            yield between_rows(own, other, found, level=level)
    for other in references[:1]:
        yield pool_and_row(whole, rows, other, found)


def _pools(rows: Sequence[StudyRow], pooling: Mapping[str, Any]) -> Iterator[PoolRow]:
    """All, the others without ours, and each group, in that order."""
    yield PoolRow("all", plan_rows(rows, pooling))
    others = [row for row in rows if row.role != "ours"]
    if 0 < len(others) < len(rows):
        yield PoolRow("others", plan_rows(others, pooling))
    groups: dict[str, list[StudyRow]] = defaultdict(list)
    for row in rows:
        if row.group is not None:
            groups[row.group].append(row)
    for name, members in groups.items():
        yield PoolRow(name, plan_rows(members, pooling))


def plan_rows(rows: Sequence[StudyRow], pooling: Mapping[str, Any]) -> Plan:
    """The pool of these rows before it is fitted."""
    options = Options(**pooling)
    if isinstance(options.weights, str) and options.weights not in WEIGHTS:
        options = options._replace(weights=np.array([row.given_weight for row in rows], dtype=float))
    return plan([row.events for row in rows], [row.n for row in rows], options)


PANEL: tuple[Mapping[str, Any], ...] = (
    {"model": "exact"},
    {"model": "bayes"},
    {"model": "binomial"},
    {"model": "random", "measure": "logit"},
    {"model": "random", "measure": "arcsine"},
)
"""What a reader may have used instead; each at its own defaults."""

DEFAULTS = Options()._asdict()


def _panel(rows: Sequence[StudyRow], whole: Pooled, pooling: Mapping[str, Any]) -> Iterator[PoolRow]:
    """The other models' answers, left out where one would only fall back on another."""
    if whole.k < 2:
        return
    kept = {name: pooling[name] for name in ("interval", "prior_scale", "prior_median", "level")}
    prediction = {"prediction": "none" if pooling["prediction"] == "none" else None}
    for choice in PANEL:  # planned only: a report that shows no panel does not fit it
        if choice["model"] == whole.model and choice.get("measure", whole.measure) == whole.measure:
            continue
        prior = {"prior": pooling["prior"]} if choice["model"] == "bayes" else {}
        planned = plan_rows(rows, {**DEFAULTS, **kept, **prediction, **prior, **choice})
        if planned.model == choice["model"]:
            yield PoolRow("all", planned)


def _where_it_tips(rows: Sequence[StudyRow], whole: Pooled, references: Sequence[StudyRow]) -> Iterator[str]:
    """Where all (or none) responded in every study: how much they must differ to meet the reference after all."""
    everyone, no_one = whole.events == whole.n, whole.events == 0
    if whole.k < 2 or not (everyone or no_one) or not references:
        return
    other = references[0]
    rate = other.events / other.n
    tau = tipping_tau(whole.study_n, rate if everyone else 1 - rate, whole.level)
    end = "lower" if everyone else "upper"
    rate_words = f"{other.name}'s {100 * rate:.1f} %"
    if tau is None:
        yield f"However much the series differ (tau up to 20), the exact {end} limit does not meet {rate_words}."
    elif tau > 0:
        yield f"The exact {end} limit of the average would meet {rate_words} if tau were {tau:.1f}."
