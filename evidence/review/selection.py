"""One row a cohort: which rows of a review enter an analysis, and why the others do not.

Rules apply to each report in this order; the first that leaves nothing over
gives the reason. Their short names are what `Excluded.rule` holds.

    no row           the report has no row for the outcome
    not poolable     its rows are medians, rates, percentages without a count, ...
    control arm      its rows are of placebo or control arms, or not of the `arms` asked for
    design           its design is not one the analysis pools
    where            the --where condition does not hold
    window           its rows are outside the weeks; one at the last visit counts where the analysis says so
    subgroup         only subgroups are there. Strata of one complete `split` are summed where no row for
                     all exists; a subgroup is never added to the row for all
    reference        its patients are those of a reference: nobody is on both sides of a comparison
    same cohort      another report of the same cohort is kept. Order: ours, better state, larger n,
                     later year, table order
    overlap          its cohort certainly or probably shares patients with one that is kept

A possible overlap between two reports that are both kept is a warning. A report
without usable rows whose cohort is kept through another report is listed as
`same cohort`: a translation is not missing data.

Within a report one row is chosen: among the times in the window the one nearest
the reference's weeks (the middle of the window, if that lies outside or there
is none), else the last visit. Without a window or a reference the last visit
leads, then the latest time. Of several arms it is the first of
`arms` that has a row, else the largest. A time that is asked for replaces the
window, and of the references the row of that time leads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from evidence.errors import NotPossible, OptionError
from evidence.review import overlaps
from evidence.review.arms import is_control, whole_rows
from evidence.review.choice import RULES, Chosen, Excluded, Left, Reference, Selection, Window
from evidence.review.overlaps import ADVERBS
from evidence.review.question import AnalysisSpec
from evidence.review.references import declared_references, find_reference, middle, time_in_words
from evidence.review.schema import LAST_VISIT, STATES, OutcomeRow, Study, near
from evidence.review.tables import Review
from evidence.telling import DEBUG, tell

if TYPE_CHECKING:
    from evidence.review.where import Where

__all__ = [
    "Chosen",
    "Excluded",
    "OutcomeSummary",
    "Reference",
    "Selection",
    "Window",
    "find_reference",
    "is_control",
    "list_outcomes",
    "resolve",
    "row_of",
    "select",
    "value_of",
    "where_columns",
]


# ---- what is asked -------------------------------------------------------------------------------


def resolve(review: Review, outcome: str | None = None, analysis: str | None = None) -> AnalysisSpec:
    """The analysis meant by a name, or by an outcome's key or label; `primary`, else the first, by default.

    An outcome without an analysis of its own takes whom to pool and who is ours
    from the default analysis, at any time and without a reference.
    """
    analyses = review.analyses
    key = None if outcome is None else _outcome(review, outcome)
    if analysis is not None:
        if analysis not in analyses:
            raise OptionError(
                "analysis", analysis, _offer(analysis, analyses, "review.toml declares no analysis")
            )
        spec = analyses[analysis]
        if key is not None and key != spec.outcome:
            raise OptionError("outcome", outcome, f"{spec.outcome}, the outcome of the analysis {analysis}")
        return spec
    default = analyses.get("primary") or next(iter(analyses.values()), None)
    if key is None:
        if default is not None:
            return default
        if len(review.outcomes) == 1:
            key = next(iter(review.outcomes))
        else:
            raise OptionError(
                "outcome", "", ", ".join(review.outcomes) or "none; review.toml declares no outcome"
            )
    if default is not None and default.outcome == key:
        return default
    declared = next((spec for spec in analyses.values() if spec.outcome == key), None)
    if declared is not None:
        return declared
    if default is None:
        return AnalysisSpec(name="", outcome=key, last_visit=True)
    return AnalysisSpec(
        name="", outcome=key, designs=default.designs, arms=default.arms, last_visit=True, ours=default.ours
    )


def _outcome(review: Review, name: str) -> str:
    if name in review.outcomes:
        return name
    folded = name.strip().casefold()
    names = {key.casefold(): key for key in review.outcomes}
    labels = {outcome.label.casefold(): key for key, outcome in review.outcomes.items()}
    found = names.get(folded) or labels.get(folded) or names.get(folded.replace(" ", "_").replace("-", "_"))
    if found is None:
        also = [outcome.label for outcome in review.outcomes.values()]
        raise OptionError(
            "outcome", name, _offer(name, review.outcomes, "review.toml declares no outcome", also)
        )
    return found


def _offer(word: str, choices: Iterable[str], none: str, also: Iterable[str] = ()) -> str:
    """What may be asked for, a near miss first; `none` where there is nothing."""
    choices = list(choices)
    hint = near(word, [*choices, *also]).strip(" ()")
    return f"{hint} {', '.join(choices)}".strip() or none


def where_columns(review: Review) -> tuple[str, ...]:
    """The columns a `--where` may name: the outcome row's, then the report's, the review's own included."""
    names = [column.name for table in ("outcomes", "studies") for column in review.columns(table)]
    return tuple(dict.fromkeys(names))


def value_of(column: str, row: OutcomeRow, study: Study) -> object:
    """A column's value for a row: the outcome table's, else that of the report."""
    for record in (row, study):
        if column in record._fields:
            return getattr(record, column)
        if column in record.extra:
            return record.extra[column]
    return None


# ---- the selection -------------------------------------------------------------------------------

NOBODY: Mapping[str, Left] = {}


def select(
    review: Review,
    analysis: AnalysisSpec | str | None = None,
    *,
    weeks: Window | float | str | None = None,
    where: str | Where | None = None,
    references: Sequence[Reference] | None = None,
    barred: Mapping[str, Left] = NOBODY,
) -> Selection:
    """The rows an analysis pools, its references, every other report with a reason, and warnings.

    `weeks`, a week, a window or "last visit", is used instead of the analysis'
    window, and the reference's row of that time leads. `references` replaces those
    the analysis names; `barred` reports are left out before any rule, each with its
    own. Raises `NotPossible` if a reference cannot be found, `OptionError` for `weeks` or a `where` that cannot be read.
    """
    spec = resolve(review, analysis=analysis) if not isinstance(analysis, AnalysisSpec) else analysis
    if weeks is not None:
        spec = _at(spec, weeks)
    condition = _condition(review, where) if isinstance(where, str) else where
    warnings: list[str] = []
    if references is None:
        asked = spec.weeks if weeks is not None and isinstance(spec.weeks, tuple) else None
        references, warnings = declared_references(review, spec, asked)
    chosen, left_out = _choose(review, spec, references, condition, barred)
    warnings += overlaps.warnings(review, chosen, ("possible",))
    excluded = _excluded(review, spec, chosen, references, left_out)
    _tell(spec, chosen, references, excluded)
    return Selection(spec, chosen, tuple(references), excluded, tuple(warnings))


def _tell(
    spec: AnalysisSpec,
    chosen: Sequence[Chosen],
    references: Sequence[Reference],
    excluded: Sequence[Excluded],
) -> None:
    """For whoever listens: the rows that are in, and at the second level why the others are not."""
    tell("analysis %s of %s", spec.name or "without a name", spec.outcome)
    for entry in (*chosen, *references):
        place = f"row {entry.row.row} of outcomes.csv" if entry.row.row else "derived from other rows"
        when, role = entry.row.when, entry.role
        named = ", ".join(filter(None, (entry.label, entry.row.arm, when)))
        tell("in, as %s: %s: %d/%d, %s", role, named, entry.events, entry.n, place)
    for left in excluded:
        tell("out, %s: %s: %s", left.rule, left.label, left.reason, level=DEBUG)


def _at(spec: AnalysisSpec, weeks: Window | float | str) -> AnalysisSpec:
    """The analysis at another time."""
    if isinstance(weeks, int | float):
        return spec._replace(weeks=(float(weeks), float(weeks)))
    if isinstance(weeks, str):
        if weeks != LAST_VISIT:
            raise OptionError("weeks", weeks, f"a week, a window of two, or {LAST_VISIT!r}")
        return spec._replace(weeks=LAST_VISIT, last_visit=True)
    return spec._replace(weeks=weeks)


def _choose(
    review: Review,
    spec: AnalysisSpec,
    references: Sequence[Reference],
    condition: Where | None = None,
    barred: Mapping[str, Left] = NOBODY,
) -> tuple[tuple[Chosen, ...], dict[str, Left]]:
    """What enters, in the order of studies.csv, and why each other report with rows does not."""
    by_study: dict[str, list[OutcomeRow]] = defaultdict(list)
    for row in review.by_outcome.get(spec.outcome, ()):
        by_study[row.study].append(row)
    left_out: dict[str, Left] = {}
    entries: list[Chosen] = []
    target = references[0].weeks if references else None
    for study, rows in by_study.items():
        found = barred.get(study) or _one_row(review, spec, review.studies[study], rows, condition, target)
        if isinstance(found, Chosen):
            entries.append(found)
        else:
            left_out[study] = found
    kept = _one_a_cohort(review, entries, references, left_out)
    return tuple(sorted(kept, key=_in_table_order)), left_out


def _condition(review: Review, where: str) -> Where:
    from evidence.review.where import parse_where  # 1 ms, and seldom asked for

    numeric = [
        column.name
        for table in ("outcomes", "studies")
        for column in review.columns(table)
        if column.kind in ("integer", "number")
    ]
    return parse_where(where, where_columns(review), numeric)


def _in_table_order(entry: Chosen) -> int:
    return entry.study.row


# ---- one row of a report -------------------------------------------------------------------------


def _one_row(
    review: Review,
    spec: AnalysisSpec,
    study: Study,
    rows: Sequence[OutcomeRow],
    where: Where | None,
    target: float | None,
) -> Chosen | Left:
    """The row that enters, nearest the week `target`; or the first rule that leaves nothing over."""
    poolable = [row for row in rows if not row.not_poolable]
    if not poolable:
        return "not poolable", "; ".join(dict.fromkeys(row.not_poolable for row in rows))
    treated = [row for row in poolable if _asked_for(row.arm, spec.arms)]
    if not treated:
        arms = ", ".join(dict.fromkeys(row.arm or "no named arm" for row in poolable))
        asked = f"; the analysis takes {', '.join(spec.arms)}" if spec.arms else ""
        return "control arm", f"only rows of {arms}{asked}"
    if spec.designs and study.design not in spec.designs:
        return "design", f"{study.design}; pooled are {', '.join(spec.designs)}"
    held = treated
    if where is not None:
        held = [row for row in treated if where({name: value_of(name, row, study) for name in where.names})]
        if not held:
            return "where", f"does not meet {where}"
    timely = [row for row in held if _in_time(row, spec)]
    if not timely:
        times = ", ".join(dict.fromkeys(row.when for row in held))
        return "window", f"{times}; the analysis takes {_window_in_words(spec)}"
    units = whole_rows(timely, rows)
    if not units:
        subgroups = ", ".join(dict.fromkeys(row.subgroup for row in timely))
        return "subgroup", f"only subgroups ({subgroups}), which do not make up the whole"
    preferred = min(_arm_order(unit.arm, spec.arms) for unit in units)
    units = [unit for unit in units if _arm_order(unit.arm, spec.arms) == preferred]
    first = _nearest(units, spec, target)
    same_time = [unit for unit in units if unit.weeks == first.weeks]
    row = min(same_time, key=lambda unit: (-(unit.n or 0), unit.arm))
    notes = [note for note in (row.note if row.split else "",) if note]
    others = list(dict.fromkeys(unit.arm for unit in same_time))
    if len(others) > 1:
        notes.append(f"one of {len(others)} arms ({', '.join(others)}): {row.arm}")
    if not isinstance(row.weeks, float) and isinstance(spec.weeks, tuple):
        notes.append(f"{row.when}, counted though the analysis asks for {time_in_words(spec.weeks)}")
    notes += row.cautions
    role = "ours" if study.study == spec.ours else "pooled"
    return Chosen(row, study, review.label(study.study), role, tuple(notes))


def row_of(
    review: Review,
    spec: AnalysisSpec,
    study: str,
    *,
    arm: str = "",
    subgroup: str = "",
    weeks: float | str | None = None,
    at: Window | None = None,
    target: float | None = None,
) -> Chosen:
    """The row of one report, for a comparison: the one the analysis takes, be it of another design or time.

    `arm`, `subgroup` and `weeks` are taken as said; a row inside the window `at` is
    preferred, then the time nearest the week `target`. Raises NotPossible, with the
    rule that stands against it.
    """
    rows = [row for row in review.by_outcome.get(spec.outcome, ()) if row.study == study]
    outcome = review.outcomes[spec.outcome].label
    if not rows:
        own = set(review.cohorts[study])
        told = {row.study for row in review.by_outcome.get(spec.outcome, ())}
        same = [f"{review.label(key)} ({key})" for key in told if own & set(review.cohorts[key])]
        hint = f"; its patients are in {', '.join(sorted(same))}" if same else ""
        raise NotPossible(f"{review.label(study)} ({study}) has no row for {outcome}{hint}")
    meant = [row for row in rows if weeks in (None, row.weeks) and row.subgroup == (subgroup or row.subgroup)]
    if subgroup:  # a part that was asked for stands for itself
        meant = [row._replace(subgroup="", split="") for row in meant]
    asked = spec._replace(designs=(), arms=(arm,) if arm else spec.arms)
    found: Chosen | Left = "no row", "it has no such row"
    at_first = [] if at is None else [asked._replace(weeks=at, last_visit=False)]
    for wider in (*at_first, asked, asked._replace(weeks=None, last_visit=True)):
        found = _one_row(review, wider, review.studies[study], meant, None, target) if meant else found
        if isinstance(found, Chosen):
            return found._replace(row=found.row._replace(subgroup=subgroup or found.row.subgroup))
    assert not isinstance(found, Chosen)
    raise NotPossible(f"{review.label(study)} ({study}) cannot be compared by {outcome}: {found[1]}")


def _asked_for(arm: str, arms: Sequence[str]) -> bool:
    return arm in arms if arms else not is_control(arm)


def _arm_order(arm: str, arms: Sequence[str]) -> int:
    return arms.index(arm) if arm in arms else 0


def _in_time(row: OutcomeRow, spec: AnalysisSpec) -> bool:
    if row.weeks == LAST_VISIT:
        return spec.last_visit
    if spec.weeks is None:
        return True
    if isinstance(spec.weeks, str):
        return False
    low, high = spec.weeks
    return isinstance(row.weeks, float) and low <= row.weeks <= high


def _window_in_words(spec: AnalysisSpec) -> str:
    if isinstance(spec.weeks, str):
        return f"the {spec.weeks} only"
    parts = ["any week" if spec.weeks is None else time_in_words(spec.weeks)]
    if spec.last_visit:
        parts.append("the last visit")
    return " or ".join(parts)


def _nearest(units: Sequence[OutcomeRow], spec: AnalysisSpec, target: float | None) -> OutcomeRow:
    """The unit at the time that fits best; equally near times: the earlier one."""
    if isinstance(spec.weeks, tuple):
        low, high = spec.weeks
        if target is None or not low <= target <= high:
            target = middle(spec.weeks)

    def rank(row: OutcomeRow) -> tuple[float, float]:
        if isinstance(row.weeks, float):
            return (1, -row.weeks) if target is None else (0, abs(row.weeks - target))
        return (0 if target is None else 1, 0) if row.weeks == LAST_VISIT else (2, 0)

    return min(units, key=lambda row: (*rank(row), row.weeks if isinstance(row.weeks, float) else 0.0))


# ---- one row of a cohort -------------------------------------------------------------------------


def _one_a_cohort(
    review: Review, entries: Sequence[Chosen], references: Sequence[Reference], left_out: dict[str, Left]
) -> list[Chosen]:
    """Take entries in order of preference, each unless its patients are in already."""
    taken: dict[str, Chosen] = {}
    for reference in references:
        for cohort in review.cohorts[reference.study.study]:
            taken.setdefault(cohort, reference)
    sharing = overlaps.shared(review, ("certain", "probable"))
    kept = []
    for entry in sorted(entries, key=lambda entry: (*preference(entry), _in_table_order(entry))):
        cohorts = review.cohorts[entry.study.study]
        other = next((taken[cohort] for cohort in cohorts if cohort in taken), None)
        if other is not None:
            left_out[entry.study.study] = _same_cohort(entry, other)
            continue
        shared = next(
            ((taken[b], *why) for a in cohorts for b, why in sharing.get(a, {}).items() if b in taken), None
        )
        if shared is not None:
            other, certainty, reason = shared
            rule = "reference" if other.role == "reference" else "overlap"
            words = f"{ADVERBS[certainty]} shares patients with {other.named}: {reason}"
            left_out[entry.study.study] = rule, words
            continue
        kept.append(entry)
        for cohort in cohorts:
            taken[cohort] = entry
    return kept


def preference(entry: Chosen) -> tuple[bool, int, int, int]:
    """Smaller is better: ours, better state, larger n, later year."""
    return entry.role != "ours", STATES.index(entry.state), -entry.n, -(entry.study.year or 0)


def _same_cohort(entry: Chosen, other: Chosen) -> Left:
    if other.role == "reference":
        if other.study.study == entry.study.study:
            return "reference", "it is the reference"
        return "reference", f"same patients as the reference, {other.named}"
    kinds = ("is ours", f"is {other.state}, this row {entry.state}", "is larger", "is later", "comes first")
    pairs = zip(kinds, (*preference(entry), 1), (*preference(other), 0), strict=True)
    why = next(kind for kind, mine, its in pairs if mine != its)
    return "same cohort", f"same patients as {other.named}, which {why}"


# ---- the rest ------------------------------------------------------------------------------------


def _excluded(
    review: Review,
    spec: AnalysisSpec,
    chosen: Sequence[Chosen],
    references: Sequence[Reference],
    left_out: Mapping[str, Left],
) -> tuple[Excluded, ...]:
    inside = {entry.study.study for entry in (*chosen, *references)}
    holder = {cohort: entry for entry in chosen for cohort in review.cohorts[entry.study.study]}
    probable = overlaps.shared(review, ("certain", "probable"))
    outcome = review.outcomes[spec.outcome].label
    excluded = []
    for study in review.studies:
        if study in inside:
            continue
        rule, reason = left_out.get(study, ("no row", f"no row for {outcome}"))
        cohorts = review.cohorts[study]
        same = next((holder[cohort] for cohort in cohorts if cohort in holder), None)
        if rule in ("no row", "not poolable"):
            if same is not None:
                reason = f"same patients as {same.named}" + (f"; {reason}" if rule == "not poolable" else "")
                rule = "same cohort"
            else:
                for a in cohorts:
                    for b, (certainty, _) in probable.get(a, {}).items():
                        if b in holder:
                            reason += f"; {ADVERBS[certainty]} shares patients with {holder[b].named}"
        excluded.append(Excluded(study, review.label(study), rule, reason))
    return tuple(excluded)


class OutcomeSummary(NamedTuple):
    """One outcome as `evidence outcomes` lists it.

    `rows` and `reports` count what is in the tables and can be pooled, in any
    arm; `k`, `events`, `n` are what its `analysis` pools, `left_out` the reports
    it leaves out though they have a row, and `note` says why it cannot, where a
    declared reference is not to be had.
    """

    key: str
    label: str
    definition: str
    rows: int
    reports: int
    k: int
    events: int
    n: int
    note: str = ""
    analysis: str = ""
    left_out: int = 0


def list_outcomes(review: Review) -> tuple[OutcomeSummary, ...]:
    """Every declared outcome with what can be pooled of it, in the order of review.toml."""
    summaries = []
    for key, outcome in review.outcomes.items():
        poolable = [row for row in review.by_outcome.get(key, ()) if not row.not_poolable]
        reports = len({row.study for row in poolable})
        spec, note, left_out = resolve(review, key), "", 0
        chosen: tuple[Chosen, ...] = ()
        try:
            selection = select(review, spec)
        except NotPossible as error:  # a declared reference that is not there; the series may still be
            note = str(error)
        else:
            chosen = selection.chosen
            left_out = len([report for report in selection.excluded if report.rule != RULES[0]])
        events, n = sum(entry.events for entry in chosen), sum(entry.n for entry in chosen)
        counted = (len(poolable), reports, len(chosen), events, n)
        about = (outcome.label, outcome.definition)
        summaries.append(OutcomeSummary(key, *about, *counted, note, spec.name, left_out))
    return tuple(summaries)
