"""The façade: a review, an outcome and options in; a result that knows its sources and prints itself out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from evidence.errors import NotPossible, OptionError
from evidence.review.counts import CountRow
from evidence.review.differences import differs_in
from evidence.review.schema import near
from evidence.review.selection import (
    Chosen,
    Excluded,
    Selection,
    Window,
    is_control,
    resolve,
    select,
    value_of,
    where_columns,
)
from evidence.review.tables import Review
from evidence.review.where import parse_where
from evidence.synthesis.comparison import (
    compare_proportions,
    fisher_pvalue,
    hidden_nonresponders,
    mover_difference,
)
from evidence.synthesis.fitting import Options
from evidence.synthesis.pooling import Plan, plan
from evidence.synthesis.proportions import proportion_interval
from evidence.synthesis.results import Comparison, Heterogeneity, Interval, Pooled
from evidence.synthesis.tipping import tipping_tau

NOT_STATED = "not stated"
SAID_OF_OTHERS = "missing data: "
"""What is said of another pooled series that differs from the reference; of ours everything is."""

Differences = Mapping[tuple[tuple[str, str, str], tuple[str, str, str]], tuple[str, ...]]


class StudyRow(NamedTuple):
    """One line of the picture: a study's (or a trial arm's) counts with where they come from.

    `role` is "ours", "pooled" or "reference"; `weeks` is None for "last visit"
    and times not stated, `when` says the time in words ("week 12", "last visit
    (9 to 43 weeks)"). `weight` is the share in the pool, 0 to 1, None where the
    model has no weights. `state` is verified, read, secondary, unverified or
    "" (counts typed in by the user).
    """

    study: str
    label: str
    arm: str
    subgroup: str
    weeks: float | None
    when: str
    role: str
    group: str | None
    events: int
    n: int
    weight: float | None
    state: str
    source: str
    locator: str
    scale: str
    proportion: Interval
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the row is called beside others: a reference has several times, and maybe a control arm."""
        if self.role != "reference":
            return self.label
        return ", ".join(
            part for part in (self.arm if is_control(self.arm) else self.label, self.when) if part
        )


@dataclass(frozen=True, eq=False)
class PoolRow:
    """A pool by name: "all", "others" (without ours) or a subgroup's value.

    `source` is the result, or the plan of it: then `result` is fitted when first asked for, while the counts,
    their exact interval and the model's name are there at once.
    """

    pool: str
    source: Pooled | Plan

    @cached_property
    def result(self) -> Pooled:
        return self.source.fit() if isinstance(self.source, Plan) else self.source


class Contrast(NamedTuple):
    """Ours (or a pool) against a reference arm; naive, so `differs_in` says what else differs.

    `ours` and `against` are the `name` of a study row, or a pool's ("all", "others").
    """

    ours: str
    against: str
    comparison: Comparison
    differs_in: tuple[str, ...] = ()
    hidden_nonresponders: int | None = None


@dataclass(frozen=True)
class Analysis:
    """Everything `evidence pool` shows; every renderer reads this and nothing else."""

    version: str
    review: str
    title: str
    outcome: str
    outcome_label: str
    definition: str
    better: str
    analysis: str
    options: Mapping[str, Any]
    studies: tuple[StudyRow, ...]
    pooled: tuple[PoolRow, ...]
    panel: tuple[PoolRow, ...]
    comparisons: tuple[Contrast, ...]
    excluded: tuple[Excluded, ...]
    notes: tuple[str, ...] = ()
    scales: Mapping[str, str] = field(default_factory=dict)
    """Mark letter -> scale, for rows whose scale is not the outcome's own (RCLASI-A)."""

    @property
    def leading(self) -> Pooled:
        """The pool of all studies, which the attributes below read from."""
        return self.pooled[0].result

    @property
    def proportion(self) -> Interval:
        return self.leading.proportion

    @property
    def average(self) -> Interval | None:
        return self.leading.average

    @property
    def prediction(self) -> Interval | None:
        return self.leading.prediction

    @property
    def heterogeneity(self) -> Heterogeneity | None:
        return self.leading.heterogeneity

    def __str__(self) -> str:
        from evidence.report.text import render_text  # the one upward import: results print themselves

        return render_text(self)


# ---- from a review -------------------------------------------------------------------------------


def pool(
    review: Review,
    outcome: str | None = None,
    *,
    analysis: str | None = None,
    by: str | None = None,
    where: str | None = None,
    weeks: Window | float | str | None = None,
    model: str = "auto",
    measure: str = "logit",
    tau2: str = "reml",
    ci: str | None = None,
    interval: str = "exact",
    prediction: str = "t",
    prior_scale: float = 1.0,
    level: float = 0.95,
) -> Analysis:
    """Pool an outcome of a review, one row a cohort, beside the references its analysis names.

    `outcome` is a key or a label, `analysis` the name of one in review.toml; without either, the primary one.
    `by` names a column whose values are pooled apart as well; `where` keeps the rows that meet a condition, such
    as "n >= 5"; `weeks`, a week, a window or "last visit", replaces the analysis' window. The rest is as in `pool_counts`.

    Raises OptionError for a name that does not exist, NotPossible where no row is left to pool.
    """
    options = _options(model, measure, tau2, ci, interval, prediction, prior_scale, level)
    spec = resolve(review, outcome, analysis)
    selection = select(review, spec, weeks=weeks, where=where)
    if not selection.chosen:
        raise NotPossible(_nothing_left(review, selection))
    rows = [_study_row(entry, _group(review, entry, by), interval, level) for entry in selection.chosen]
    references = [_study_row(entry, None, interval, level) for entry in selection.references]
    differences = _differences(review, selection)
    meaning = review.outcomes[spec.outcome]
    notes = [*selection.warnings, *_unchecked(rows)]
    return _analyse(
        rows,
        references,
        options,
        differences=differences,
        review=review.name,
        title=spec.title or review.title,
        outcome=meaning.key,
        outcome_label=meaning.label,
        definition=meaning.definition,
        better=meaning.better,
        analysis=spec.name,
        options={**options, "by": by, "where": where, "weeks": selection.spec.weeks},
        excluded=selection.excluded,
        notes=tuple(notes),
        scales=_scale_marks([*rows, *references], meaning.scale),
    )


def _options(
    model: str,
    measure: str,
    tau2: str,
    ci: str | None,
    interval: str,
    prediction: str,
    prior_scale: float,
    level: float,
) -> dict[str, Any]:
    return {
        "model": model,
        "measure": measure,
        "tau2": tau2,
        "ci": ci,
        "interval": interval,
        "prediction": prediction,
        "prior_scale": prior_scale,
        "level": level,
    }


def _nothing_left(review: Review, selection: Selection) -> str:
    label = review.outcomes[selection.spec.outcome].label
    reasons = [f"  {entry.label}: {entry.reason}" for entry in selection.excluded if entry.rule != "no row"]
    said = "\n".join([f"no row of {label} is left to pool; the reports that have one:", *reasons])
    return said if reasons else f"no report has a row for {label}; see: evidence outcomes"


def _study_row(entry: Chosen, group: str | None, interval: str, level: float) -> StudyRow:
    return StudyRow(
        study=entry.study.study,
        label="Ours" if entry.role == "ours" else entry.label,
        arm=entry.arm,
        subgroup=entry.subgroup,
        weeks=entry.weeks,
        when=entry.when,
        role=entry.role,
        group=group,
        events=entry.events,
        n=entry.n,
        weight=None,
        state=entry.state,
        source=entry.source,
        locator=entry.locator,
        scale=entry.scale,
        proportion=proportion_interval(entry.events, entry.n, method=interval, level=level),
        notes=entry.notes,
    )


def _group(review: Review, entry: Chosen, by: str | None) -> str | None:
    if by is None:
        return None
    columns = where_columns(review)
    if by not in columns:
        raise OptionError(
            "by", by, f"a column of outcomes or studies: {', '.join(columns)}{near(by, columns)}"
        )
    value = value_of(by, entry.row, entry.study)
    return NOT_STATED if value in (None, "") else str(value)


def _differences(review: Review, selection: Selection) -> Differences:
    """What differs between each pooled row and each reference, from the tables' own columns."""
    return {
        (_key(entry), _key(reference)): differs_in(entry.row, reference.row, review)
        for entry in selection.chosen
        for reference in selection.references
    }


def _key(row: Chosen | StudyRow) -> tuple[str, str, str]:
    study = row.study if isinstance(row, StudyRow) else row.study.study
    return study, row.arm, row.when


def _unchecked(rows: Sequence[StudyRow]) -> Iterator[str]:
    unverified = [row.label for row in rows if row.state == "unverified"]
    if unverified:
        yield (
            f"{len(unverified)} of {len(rows)} pooled counts not yet checked against the paper: "
            f"{', '.join(unverified)}."
        )


def _scale_marks(rows: Iterable[StudyRow], usual: str) -> dict[str, str]:
    """A letter for each scale that is not the outcome's usual one: its first letter not yet taken."""
    marks: dict[str, str] = {}
    for scale in dict.fromkeys(row.scale for row in rows):
        if scale and scale != usual and scale not in marks.values():
            letters = [letter for letter in scale.upper() if letter.isalpha()] + [
                *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
            ]
            marks[next(letter for letter in letters if letter not in marks)] = scale
    return marks


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
    prediction: str = "t",
    prior_scale: float = 1.0,
    level: float = 0.95,
) -> Analysis:
    """Pool bare counts, typed in or read from a table, without a review; `against` is compared with.

    A row called "Ours" is ours. Options as in `pool`; columns for `by` and `where` are the table's own.
    Raises NotPossible where `where` leaves no row.
    """
    options = _options(model, measure, tau2, ci, interval, prediction, prior_scale, level)
    columns = dict.fromkeys(["study", "events", "n", *(name for row in rows for name in row.extra)])
    if by is not None and by not in columns:
        raise OptionError("by", by, f"a column of the table: {', '.join(columns)}{near(by, columns)}")
    if where is not None:
        condition = parse_where(where, tuple(columns))
        rows = [row for row in rows if condition(_cells(row))]
    if not rows:
        raise NotPossible("no row is left to pool" + (f" where {where}" if where else ""))
    studies = [
        _count_row(row, None if by is None else str(_cells(row).get(by) or NOT_STATED), options)
        for row in rows
    ]
    references = [] if against is None else [_count_row(against, None, options, role="reference")]
    return _analyse(
        studies,
        references,
        options,
        differences={},
        review="",
        title=title,
        outcome="",
        outcome_label="",
        definition="",
        better="",
        analysis="",
        options={**options, "by": by, "where": where, "weeks": None},
        excluded=(),
        notes=(),
        scales={},
    )


def _cells(row: CountRow) -> dict[str, object]:
    return {**row.extra, "study": row.study, "events": row.events, "n": row.n}


def _count_row(row: CountRow, group: str | None, options: Mapping[str, Any], role: str = "") -> StudyRow:
    ours = row.study.strip().casefold() == "ours"
    return StudyRow(
        study=row.study,
        label=row.study,
        arm="",
        subgroup="",
        weeks=None,
        when="",
        role=role or ("ours" if ours else "pooled"),
        group=group,
        events=row.events,
        n=row.n,
        weight=None,
        state="",
        source="",
        locator="",
        scale="",
        proportion=proportion_interval(row.events, row.n, method=options["interval"], level=options["level"]),
    )


# ---- pools and comparisons -----------------------------------------------------------------------


def _analyse(
    rows: list[StudyRow],
    references: list[StudyRow],
    pooling: Mapping[str, Any],
    *,
    differences: Differences,
    notes: tuple[str, ...],
    **about: Any,
) -> Analysis:
    pooled = list(_pools(rows, pooling))
    whole = pooled[0].result
    if whole.weights is not None:
        weights = whole.weights.tolist()
        rows = [row._replace(weight=weight) for row, weight in zip(rows, weights, strict=True)]
    compared = [row for row in references if not is_control(row.arm)]
    contrasts = [
        *_contrasts_of_ours(rows, compared, differences, pooling["level"]),
        *_contrasts_of_pool(rows, whole, compared[:1], differences),
    ]
    return Analysis(
        version=_version(),
        studies=(*rows, *references),
        pooled=tuple(pooled),
        panel=tuple(_panel(rows, whole, pooling)),
        comparisons=tuple(contrasts),
        notes=(*notes, *_where_it_tips(rows, whole, compared)),
        **about,
    )


def _version() -> str:
    from evidence import __version__

    return __version__


def _pools(rows: Sequence[StudyRow], pooling: Mapping[str, Any]) -> Iterator[PoolRow]:
    """All, the others without ours, and each group, in that order."""
    yield PoolRow("all", _plan(rows, pooling))
    others = [row for row in rows if row.role != "ours"]
    if 0 < len(others) < len(rows):
        yield PoolRow("others", _plan(others, pooling))
    groups: dict[str, list[StudyRow]] = defaultdict(list)
    for row in rows:
        if row.group is not None:
            groups[row.group].append(row)
    for name, members in groups.items():
        yield PoolRow(name, _plan(members, pooling))


def _plan(rows: Sequence[StudyRow], pooling: Mapping[str, Any]) -> Plan:
    return plan([row.events for row in rows], [row.n for row in rows], Options(**pooling))


PANEL: tuple[Mapping[str, Any], ...] = (
    {"model": "exact"},
    {"model": "bayes"},
    {"model": "binomial"},
    {"model": "random", "measure": "logit"},
    {"model": "random", "measure": "arcsine"},
)
"""What a reader may have used instead; each at its own defaults."""

DEFAULTS = Options("auto", "logit", "reml", None, "exact", "t", 1.0, 0.95)._asdict()


def _panel(rows: Sequence[StudyRow], whole: Pooled, pooling: Mapping[str, Any]) -> Iterator[PoolRow]:
    """The other models' answers, left out where one would only fall back on another."""
    if whole.k < 2:
        return
    kept = {name: pooling[name] for name in ("interval", "prior_scale", "level")}
    prediction = {"prediction": "none" if pooling["prediction"] == "none" else "t"}
    for choice in PANEL:  # planned only: a report that shows no panel does not fit it
        if choice["model"] == whole.model and choice.get("measure", whole.measure) == whole.measure:
            continue
        planned = _plan(rows, {**DEFAULTS, **kept, **prediction, **choice})
        if planned.model == choice["model"]:
            yield PoolRow("all", planned)


def _contrasts_of_ours(
    rows: Sequence[StudyRow],
    references: Sequence[StudyRow],
    differences: Differences,
    level: float,
) -> Iterator[Contrast]:
    for own in (row for row in rows if row.role == "ours"):
        for other in references:
            counts = own.events, own.n, other.events, other.n
            yield Contrast(
                own.name,
                other.name,
                compare_proportions(*counts, level=level),
                differences.get((_key(own), _key(other)), ()),
                hidden_nonresponders(*counts, level=level),
            )


def _contrasts_of_pool(
    rows: Sequence[StudyRow], whole: Pooled, references: Sequence[StudyRow], differences: Differences
) -> Iterator[Contrast]:
    """The pool minus a trial arm, by MOVER: its average where it has one, and the arm's Wilson interval."""
    for other in references:
        arm = proportion_interval(other.events, other.n, method="wilson", level=whole.level)
        counts = float(whole.events), float(whole.n), float(other.events), float(other.n)
        comparison = Comparison(
            difference=mover_difference(whole.average or whole.proportion, arm),
            difference_method="MOVER (the pool's interval and the arm's Wilson interval)",
            ratio=None,
            ratio_method=None,
            odds_ratio=None,
            odds_ratio_method=None,
            test="fisher, summed counts",
            pvalue=fisher_pvalue(*counts),
        )
        differs = tuple(
            f"{row.name}: {difference}"
            for row in rows
            if row.role != "ours"
            for difference in differences.get((_key(row), _key(other)), ())
            if difference.startswith(SAID_OF_OTHERS) and NOT_STATED not in difference
        )
        hidden = hidden_nonresponders(*counts, level=whole.level)
        yield Contrast("all", other.name, comparison, differs, hidden)


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
