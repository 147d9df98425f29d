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
`arms` that has a row, else the largest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from evidence.errors import NotPossible, OptionError
from evidence.review.question import AnalysisSpec, ReferenceSpec
from evidence.review.schema import LAST_VISIT, STATES, OutcomeRow, Study, near, worst_state
from evidence.review.tables import Review

if TYPE_CHECKING:
    from evidence.review.where import Where

CONTROLS = frozenset({"placebo", "control", "controls", "comparator", "sham"})
"""First words of arms that never enter a pool unless `arms` names them; so do rows over all arms."""

ALL_ARMS = frozenset({"both arms", "all arms"})

Window = tuple[float, float]
Left = tuple[str, str]
"""The rule that left a report out, and the reason."""


class Chosen(NamedTuple):
    """A row that enters, its report, its role ("ours" or "pooled") and what to say about the choice."""

    row: OutcomeRow
    study: Study
    label: str
    role: str
    notes: tuple[str, ...] = ()

    @property
    def events(self) -> int:
        assert self.row.events is not None  # poolable rows have counts: the tables are checked for it
        return self.row.events

    @property
    def n(self) -> int:
        assert self.row.n is not None
        return self.row.n

    @property
    def arm(self) -> str:
        return self.row.arm

    @property
    def subgroup(self) -> str:
        return self.row.subgroup

    @property
    def weeks(self) -> float | None:
        """Weeks as a number; None for the last visit and times not stated."""
        return self.row.weeks if isinstance(self.row.weeks, float) else None

    @property
    def when(self) -> str:
        return self.row.when

    @property
    def state(self) -> str:
        return self.row.state

    @property
    def source(self) -> str:
        return self.row.source

    @property
    def locator(self) -> str:
        return self.row.locator

    @property
    def scale(self) -> str:
        return self.row.scale


Reference = Chosen
"""A row to compare with: a `Chosen` whose role is "reference"."""


class Excluded(NamedTuple):
    """A report that does not enter: the rule that left it out, the reason in words."""

    study: str
    label: str
    rule: str
    reason: str


class Selection(NamedTuple):
    """What an analysis works on. `references[0]` is the one to lead; `spec` what was asked."""

    spec: AnalysisSpec
    chosen: tuple[Chosen, ...]
    references: tuple[Reference, ...]
    excluded: tuple[Excluded, ...]
    warnings: tuple[str, ...]


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


def select(
    review: Review,
    analysis: AnalysisSpec | str | None = None,
    *,
    weeks: Window | float | str | None = None,
    where: str | Where | None = None,
) -> Selection:
    """The rows an analysis pools, its references, every other report with a reason, and warnings.

    `weeks`, a week, a window or "last visit", is used instead of the analysis'
    window. Raises `NotPossible` if a reference cannot be found, `OptionError` for
    `weeks` or a `where` that cannot be read.
    """
    spec = resolve(review, analysis=analysis) if not isinstance(analysis, AnalysisSpec) else analysis
    if weeks is not None:
        spec = _at(spec, weeks)
    condition = _condition(review, where) if isinstance(where, str) else where
    references, warnings = _references(review, spec)
    chosen, left_out = _choose(review, spec, references, condition)
    warnings += _possible_overlaps(review, chosen)
    excluded = _excluded(review, spec, chosen, references, left_out)
    return Selection(spec, chosen, references, excluded, tuple(warnings))


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
    review: Review, spec: AnalysisSpec, references: Sequence[Reference], condition: Where | None = None
) -> tuple[tuple[Chosen, ...], dict[str, Left]]:
    """What enters, in the order of studies.csv, and why each other report with rows does not."""
    by_study: dict[str, list[OutcomeRow]] = defaultdict(list)
    for row in review.by_outcome.get(spec.outcome, ()):
        by_study[row.study].append(row)
    left_out: dict[str, Left] = {}
    entries: list[Chosen] = []
    for study, rows in by_study.items():
        found = _one_row(review, spec, review.studies[study], rows, condition, references)
        if isinstance(found, Chosen):
            entries.append(found)
        else:
            left_out[study] = found
    kept = _one_a_cohort(review, entries, references, left_out)
    return tuple(sorted(kept, key=_in_table_order)), left_out


def _condition(review: Review, where: str) -> Where:
    from evidence.review.where import parse_where  # 1 ms, and seldom asked for

    return parse_where(where, where_columns(review))


def _in_table_order(entry: Chosen) -> int:
    return entry.study.row


# ---- one row of a report -------------------------------------------------------------------------


def _one_row(
    review: Review,
    spec: AnalysisSpec,
    study: Study,
    rows: Sequence[OutcomeRow],
    where: Where | None,
    references: Sequence[Reference],
) -> Chosen | Left:
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
    units = _whole(timely, rows)
    if not units:
        subgroups = ", ".join(dict.fromkeys(row.subgroup for row in timely))
        return "subgroup", f"only subgroups ({subgroups}), which do not make up the whole"
    preferred = min(_arm_order(unit.arm, spec.arms) for unit in units)
    units = [unit for unit in units if _arm_order(unit.arm, spec.arms) == preferred]
    first = _nearest(units, spec, references)
    same_time = [unit for unit in units if unit.weeks == first.weeks]
    row = min(same_time, key=lambda unit: (-(unit.n or 0), unit.arm))
    notes = [note for note in (row.note if row.split else "",) if note]
    others = list(dict.fromkeys(unit.arm for unit in same_time))
    if len(others) > 1:
        notes.append(f"one of {len(others)} arms ({', '.join(others)}): {row.arm}")
    if not isinstance(row.weeks, float) and isinstance(spec.weeks, tuple):
        notes.append(f"{row.when}, counted though the analysis asks for {_weeks_in_words(spec.weeks)}")
    if row.caution:
        notes.append(row.caution)
    role = "ours" if study.study == spec.ours else "pooled"
    return Chosen(row, study, review.label(study.study), role, tuple(notes))


def is_control(arm: str) -> bool:
    """Whether an arm is a placebo or control arm, or all arms of a trial together."""
    words = arm.casefold().split()
    return bool(words) and (words[0] in CONTROLS or arm.casefold() in ALL_ARMS)


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
    parts = ["any week" if spec.weeks is None else _weeks_in_words(spec.weeks)]
    if spec.last_visit:
        parts.append("the last visit")
    return " or ".join(parts)


def _weeks_in_words(weeks: Window) -> str:
    low, high = weeks
    return f"week {low:g}" if low == high else f"weeks {low:g} to {high:g}"


def _whole(rows: Sequence[OutcomeRow], report: Sequence[OutcomeRow]) -> list[OutcomeRow]:
    """For each arm and time the row for all, else the sum of a split of which every stratum is at hand.

    `report` holds all of the report's rows for the outcome: a split with a
    stratum left out (not poolable, or filtered away) is not complete.
    """
    groups: dict[tuple[str, float | str], list[OutcomeRow]] = defaultdict(list)
    for row in rows:
        groups[row.arm, row.weeks].append(row)
    units = []
    for (arm, weeks), members in groups.items():
        whole = next((row for row in members if not row.subgroup), None)
        if whole is not None:
            units.append(whole)
            continue
        splits = []
        for split in sorted({row.split for row in members if row.split}):
            strata = [row for row in members if row.split == split]
            total = sum(row.split == split and row.arm == arm and row.weeks == weeks for row in report)
            if len(strata) == total > 1:
                splits.append(add_strata(strata))
        if splits:
            units.append(max(splits, key=lambda row: row.n or 0))
    return units


def add_strata(strata: Sequence[OutcomeRow]) -> OutcomeRow:
    """The row for all, from rows of the subgroups that make it up; its note says what was added."""
    strata = sorted(strata, key=lambda row: (-(row.n or 0), row.subgroup))
    counts = " + ".join(f"{row.events}/{row.n}" for row in strata)
    return strata[0]._replace(
        subgroup="",
        events=sum(row.events or 0 for row in strata),
        n=sum(row.n or 0 for row in strata),
        percent="",
        percent_kind="",
        value="",
        population="; ".join(dict.fromkeys(row.population for row in strata if row.population)),
        caution="; ".join(dict.fromkeys(row.caution for row in strata if row.caution)),
        source="; ".join(dict.fromkeys(row.source for row in strata if row.source)),
        locator="; ".join(dict.fromkeys(row.locator for row in strata if row.locator)),
        state=worst_state(row.state for row in strata),
        note=f"sum of {len(strata)} strata: {counts}",
        row=0,
        derived=True,
    )


def _nearest(units: Sequence[OutcomeRow], spec: AnalysisSpec, references: Sequence[Reference]) -> OutcomeRow:
    """The unit at the time that fits best; equally near times: the earlier one."""
    target = references[0].weeks if references else None
    if isinstance(spec.weeks, tuple):
        low, high = spec.weeks
        if target is None or not low <= target <= high:
            target = (low + high) / 2

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
    overlaps = _overlaps(review, ("certain", "probable"))
    kept = []
    for entry in sorted(entries, key=lambda entry: (*_preference(entry), _in_table_order(entry))):
        cohorts = review.cohorts[entry.study.study]
        other = next((taken[cohort] for cohort in cohorts if cohort in taken), None)
        if other is not None:
            left_out[entry.study.study] = _same_cohort(entry, other)
            continue
        shared = next(
            ((taken[b], *why) for a in cohorts for b, why in overlaps.get(a, {}).items() if b in taken), None
        )
        if shared is not None:
            other, certainty, reason = shared
            rule = "reference" if other.role == "reference" else "overlap"
            words = f"{_ADVERBS[certainty]} shares patients with {_named(other)}: {reason}"
            left_out[entry.study.study] = rule, words
            continue
        kept.append(entry)
        for cohort in cohorts:
            taken[cohort] = entry
    return kept


_ADVERBS = {"certain": "certainly", "probable": "probably", "possible": "possibly"}


def _preference(entry: Chosen) -> tuple[bool, int, int, int]:
    """Smaller is better: ours, better state, larger n, later year."""
    return entry.role != "ours", STATES.index(entry.state), -entry.n, -(entry.study.year or 0)


def _same_cohort(entry: Chosen, other: Chosen) -> Left:
    if other.role == "reference":
        if other.study.study == entry.study.study:
            return "reference", "it is the reference"
        return "reference", f"same patients as the reference, {_named(other)}"
    kinds = ("is ours", f"is {other.state}, this row {entry.state}", "is larger", "is later", "comes first")
    pairs = zip(kinds, (*_preference(entry), 1), (*_preference(other), 0), strict=True)
    why = next(kind for kind, mine, its in pairs if mine != its)
    return "same cohort", f"same patients as {_named(other)}, which {why}"


def _named(entry: Chosen) -> str:
    return f"{entry.label} ({entry.study.study})"


def _overlaps(review: Review, certainties: Iterable[str]) -> Mapping[str, dict[str, tuple[str, str]]]:
    """cohort -> other cohort -> (certainty, reason), both ways round."""
    wanted = set(certainties)
    found: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for pair in review.overlaps:
        if pair.certainty in wanted:
            found[pair.cohort_a][pair.cohort_b] = found[pair.cohort_b][pair.cohort_a] = (
                pair.certainty,
                pair.reason,
            )
    return found


def _possible_overlaps(review: Review, chosen: Sequence[Chosen]) -> list[str]:
    holder = {cohort: entry for entry in chosen for cohort in review.cohorts[entry.study.study]}
    warnings = []
    for pair in review.overlaps:
        a, b = holder.get(pair.cohort_a), holder.get(pair.cohort_b)
        if pair.certainty == "possible" and a is not None and b is not None and a is not b:
            warnings.append(f"{a.label} and {b.label} possibly share patients: {pair.reason}")
    return warnings


# ---- references ----------------------------------------------------------------------------------


def _references(review: Review, spec: AnalysisSpec) -> tuple[tuple[Reference, ...], list[str]]:
    """The rows to compare with. An unverified one does not lead if a checked one of its arm is at hand."""
    if spec.reference is None:
        return tuple(find_reference(review, spec.outcome, beside) for beside in spec.beside), []
    lead = find_reference(review, spec.outcome, spec.reference)
    found = [lead]
    for beside in spec.beside:
        found.append(find_reference(review, spec.outcome, beside._replace(arm=beside.arm or lead.arm)))
    checked = next((other for other in found if other.state != "unverified" and other.arm == lead.arm), None)
    if lead.state == "unverified" and checked is not None:
        found.remove(checked)
        found.insert(0, checked)
        return tuple(found), [f"{_named(lead)} is unverified: {_named(checked)} leads instead"]
    return tuple(found), []


def find_reference(review: Review, outcome: str, spec: ReferenceSpec) -> Reference:
    """The row a reference means: exact weeks where given; strata of a complete split are summed.

    Raises `NotPossible` with what there is instead.
    """
    study = review.studies.get(spec.study)
    label = review.label(spec.study) if study else spec.study
    asked = " ".join(
        filter(None, (spec.arm, spec.subgroup, f"week {spec.weeks:g}" if spec.weeks is not None else ""))
    )
    head = f"the reference {label} ({spec.study}{', ' + asked if asked else ''}) cannot be used: "
    rows = [row for row in review.by_outcome.get(outcome, ()) if row.study == spec.study]
    if study is None or not rows:
        raise NotPossible(f"{head}it has no row for {review.outcomes[outcome].label}")
    meant = [row for row in rows if (row.arm == spec.arm if spec.arm else not is_control(row.arm))]
    if spec.weeks is not None:
        meant = [row for row in meant if row.weeks == spec.weeks]
    if spec.subgroup:
        meant = [row for row in meant if row.subgroup == spec.subgroup]
    if not meant:
        have = "; ".join(dict.fromkeys(f"{row.arm or 'no arm named'}, {row.when}" for row in rows))
        raise NotPossible(f"{head}its rows are: {have}")
    poolable = [row for row in meant if not row.not_poolable]
    if not poolable:
        raise NotPossible(head + "; ".join(dict.fromkeys(row.not_poolable for row in meant)))
    units = poolable if spec.subgroup else _whole(poolable, rows)
    if not units:
        raise NotPossible(f"{head}only subgroups are there: {', '.join(row.subgroup for row in poolable)}")
    if len(units) > 1:
        could = "; ".join(f"{unit.arm or 'no arm named'}, {unit.when}" for unit in units)
        raise NotPossible(f"{head}it could be any of {could}: name its arm and weeks")
    (row,) = units
    notes = tuple(filter(None, (row.note if row.split and not row.subgroup else "", row.caution)))
    return Reference(row, study, label, "reference", notes)


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
    probable = _overlaps(review, ("certain", "probable"))
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
                reason = f"same patients as {_named(same)}" + (
                    f"; {reason}" if rule == "not poolable" else ""
                )
                rule = "same cohort"
            else:
                for a in cohorts:
                    for b, (certainty, _) in probable.get(a, {}).items():
                        if b in holder:
                            reason += f"; {_ADVERBS[certainty]} shares patients with {_named(holder[b])}"
        excluded.append(Excluded(study, review.label(study), rule, reason))
    return tuple(excluded)


class OutcomeSummary(NamedTuple):
    """One outcome as `evidence outcomes` lists it.

    `rows` and `reports` count what is in the tables and can be pooled, in any
    arm; `k`, `events`, `n` are what its analysis pools, and `note` says why it
    cannot, where a declared reference is not to be had.
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


def list_outcomes(review: Review) -> tuple[OutcomeSummary, ...]:
    """Every declared outcome with what can be pooled of it, in the order of review.toml."""
    summaries = []
    for key, outcome in review.outcomes.items():
        poolable = [row for row in review.by_outcome.get(key, ()) if not row.not_poolable]
        reports = len({row.study for row in poolable})
        spec, note = resolve(review, key), ""
        chosen: tuple[Chosen, ...] = ()
        try:
            chosen = _choose(review, spec, _references(review, spec)[0])[0] if poolable else ()
        except NotPossible as error:
            note = str(error)
        events, n = sum(entry.events for entry in chosen), sum(entry.n for entry in chosen)
        counted = (len(poolable), reports, len(chosen), events, n)
        summaries.append(OutcomeSummary(key, outcome.label, outcome.definition, *counted, note))
    return tuple(summaries)
