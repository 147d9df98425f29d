"""multiverse(): every defensible way to make one comparison, and the share of them that keeps its conclusion.

What is defensible is declared in review.toml, each choice with its reason, before the numbers are seen:

    [multiverse.primary]
    references = [{ study = "trial", weeks = 52, reason = "the trial's end" }]
    models = [{ model = "random", measure = "arcsine", reason = "no correction where all respond" }]

The analysis' own choice of each kind is always among them. After specification curves (Simonsohn, Simmons & Nelson 2020,
Nat Hum Behav 4:1208-1214); a specification keeps the conclusion if its interval of the difference lies on the same side of 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

from evidence.analysis.contrasts import Place, between_rows, place, pool_and_row
from evidence.analysis.pooling import DEFAULTS, plan_rows
from evidence.analysis.results import PoolRow, StudyRow
from evidence.analysis.rows import count_rows, review_rows
from evidence.errors import NotPossible
from evidence.review.arms import is_control
from evidence.review.choice import Chosen
from evidence.review.counts import CountRow
from evidence.review.question import ALTERNATIVES, Alternative, AnalysisSpec, ReferenceSpec
from evidence.review.references import find_reference, time_in_words
from evidence.review.selection import select
from evidence.review.tables import Review
from evidence.synthesis.results import Interval

KINDS = tuple(ALTERNATIVES)


class Specification(NamedTuple):
    """One way to make the comparison: what was chosen of each kind, and what came out.

    `choices` are names in the order of KINDS, "" where a kind does not matter (a pool's model for one row).
    """

    choices: tuple[str, ...]
    difference: Interval
    pvalue: float | None
    keeps: bool


class Multiverse(NamedTuple):
    """All specifications, the smallest difference first. `primary` is the analysis as declared.

    `kept` of them keep its conclusion; None where the primary draws none (its interval holds 0). `reasons` says
    why each named choice is defensible, `impossible` which could not be made, `idle` which select the same rows as
    another and are not counted again, `declared` whether review.toml declares a list at all.
    """

    specifications: tuple[Specification, ...]
    primary: Specification
    kept: int | None
    reasons: Mapping[tuple[str, str], str]
    impossible: tuple[str, ...]
    idle: tuple[str, ...]
    declared: bool

    def by_choice(self, kind: str) -> dict[str, tuple[int, int]]:
        """Of each choice of one kind: how many specifications keep the conclusion, of how many."""
        at = KINDS.index(kind)
        found = {name: (0, 0) for where, name in self.reasons if where == kind}
        for one in self.specifications:
            name = one.choices[at]
            if name:
                kept, total = found.get(name, (0, 0))
                found[name] = kept + one.keeps, total + 1
        return {name: counts for name, counts in found.items() if counts[1]}


class _Choice(NamedTuple):
    """A choice by name, with what it stands for."""

    name: str
    value: Any


OWN = "as declared in the analysis"


# ---- of a review ---------------------------------------------------------------------------------


def multiverse(review: Review, spec: AnalysisSpec, *, level: float = 0.95) -> Multiverse | None:
    """Every declared way to compare; None where the analysis names no reference."""
    if spec.reference is None:
        return None
    declared = review.question.multiverse.get(spec.name, ())
    options, reasons = _options(review, spec, declared)
    impossible: dict[str, None] = {}
    references = []
    for choice in options["references"]:
        try:
            found = find_reference(review, spec.outcome, choice.value)
        except NotPossible as reason:
            impossible[str(reason)] = None
            continue
        references.append(_Choice(choice.name, found))
    idle: list[str] = []
    made = _of_selections(review, spec, options, references, level, impossible, idle)
    return _judged(made, reasons, impossible, idle, declared=bool(declared))


def _options(
    review: Review, spec: AnalysisSpec, declared: Sequence[Alternative]
) -> tuple[dict[str, list[_Choice]], dict[tuple[str, str], str]]:
    """Of each kind the analysis' own choice, then the declared ones that differ from it."""
    assert spec.reference is not None
    own: dict[str, Any] = {
        "sides": "ours" if spec.ours else "all",
        "references": spec.reference,
        "models": {"model": "auto"},
        "windows": (spec.weeks, spec.last_visit),
        "overlaps": "probable",
        "differences": "newcombe",
    }
    options = {kind: [_Choice(_name(review, kind, value), value)] for kind, value in own.items()}
    reasons = {(kind, choices[0].name): OWN for kind, choices in options.items()}
    for one in declared:
        value = _value(one)
        choice = _Choice(_name(review, one.kind, value), value)
        if choice.name not in {known.name for known in options[one.kind]}:
            options[one.kind].append(choice)
            reasons[one.kind, choice.name] = one.reason
    return options, reasons


def _value(one: Alternative) -> Any:
    if one.kind == "references":
        return ReferenceSpec(
            one.values.get("study", ""),
            one.values.get("arm", ""),
            one.values.get("subgroup", ""),
            one.values.get("weeks"),
        )
    if one.kind == "models":
        return dict(one.values)
    if one.kind == "windows":
        return one.values.get("weeks"), bool(one.values.get("last_visit"))
    return next(iter(one.values.values()), "")


def _name(review: Review, kind: str, value: Any) -> str:
    if kind == "references":
        when = None if value.weeks is None else f"week {value.weeks:g}"
        label = review.label(value.study) if value.study in review.studies else value.study
        arm = value.arm if is_control(value.arm) else ""
        return ", ".join(filter(None, (label, arm, value.subgroup, when)))
    if kind == "models":
        return " ".join(str(word) for word in value.values())
    if kind == "windows":
        weeks, last_visit = value
        if weeks is None:
            return "any time, last visit first" if last_visit else "any time"
        return time_in_words(weeks) + (", else last visit" if last_visit else "")
    if kind == "overlaps":
        return f"{value} overlaps dropped" if value == "certain" else f"certain to {value} overlaps dropped"
    return str(value)


def _of_selections(
    review: Review,
    spec: AnalysisSpec,
    options: Mapping[str, Sequence[_Choice]],
    references: Sequence[_Choice],
    level: float,
    impossible: dict[str, None],
    idle: list[str],
) -> Iterator[tuple[tuple[str, ...], Interval, float | None]]:
    """The same selection and the same fit are made once, whatever they are compared with."""
    seen: dict[tuple[Place, ...], str] = {}
    for window, overlaps in product(options["windows"], options["overlaps"]):
        weeks, last_visit = window.value
        asked = spec._replace(weeks=weeks, last_visit=last_visit, beside=())
        rows = _selected(review, asked, overlaps.value, references)
        if not rows:
            impossible[f"{window.name}: no row is left to pool"] = None
            continue
        name = f"{window.name}; {overlaps.name}"
        same = seen.setdefault(tuple(map(place, rows)), name)
        if same != name:
            idle.append(f"{name}: the same rows as {same}")
            continue
        studies = review_rows(rows, "exact", level)
        others = [(name, review_rows([found], "exact", level)[0]) for name, found in references]
        for side in options["sides"]:
            yield from _of_side(side.name, studies, others, options, (window.name, overlaps.name), level)


def _selected(review: Review, spec: AnalysisSpec, drop: str, references: Sequence[_Choice]) -> list[Chosen]:
    """The rows that enter when overlaps up to that certainty count as the same patients."""
    if drop == "certain":
        kept = tuple(pair for pair in review.overlaps if pair.certainty != "probable")
        review = replace(review, overlaps=kept)
    elif drop == "possible":
        doubted = tuple(
            pair._replace(certainty="probable") if pair.certainty == "possible" else pair
            for pair in review.overlaps
        )
        review = replace(review, overlaps=doubted)
    lead = [found for _, found in references[:1]]
    return list(select(review, spec, references=lead).chosen)


def _of_side(
    side: str,
    studies: Sequence[StudyRow],
    others: Sequence[tuple[str, StudyRow]],
    options: Mapping[str, Sequence[_Choice]],
    selected: tuple[str, str],
    level: float,
) -> Iterator[tuple[tuple[str, ...], Interval, float | None]]:
    """One row against each reference by each interval; or a pool by each model, against each."""
    window, overlaps = selected
    if side == "ours":
        own = next((row for row in studies if row.role == "ours"), None)
        if own is None:
            return
        for (name, other), method in product(others, options["differences"]):
            found = between_rows(own, other, {}, level=level, difference=method.value).comparison
            yield (side, name, "", window, "", method.name), found.difference, found.pvalue
        return
    rows = [row for row in studies if side == "all" or row.role != "ours"]
    if not rows:
        return
    for model in options["models"]:
        pool = PoolRow(side, plan_rows(rows, {**DEFAULTS, "level": level, **model.value}))
        for name, other in others:
            found = pool_and_row(pool, (), other, {}).comparison
            yield (side, name, model.name, window, overlaps, ""), found.difference, found.pvalue


# ---- of counts -----------------------------------------------------------------------------------

FOR_COUNTS: Mapping[str, Sequence[tuple[str, Any, str]]] = {
    "models": (
        ("exact", {"model": "exact"}, "speaks of these series alone"),
        ("bayes", {"model": "bayes"}, "few series, or all responded"),
        ("random logit", {"model": "random"}, "the usual inverse-variance model"),
        ("random arcsine", {"model": "random", "measure": "arcsine"}, "no correction at 0 and 100 %"),
    ),
    "differences": (
        ("newcombe", "newcombe", OWN),
        ("miettinen-nurminen", "miettinen-nurminen", "the score interval trials report"),
    ),
}
"""What is tried of typed counts, for which nobody has declared a list."""


def multiverse_rows(rows: Sequence[CountRow], against: CountRow, *, level: float = 0.95) -> Multiverse | None:
    """Every usual way to compare these counts with those; the list is this tool's, not declared in advance."""
    studies = count_rows(rows, "exact", level)
    other = count_rows([against], "exact", level, role="reference")[0]
    several = len(studies) > 1
    own = any(row.role == "ours" for row in studies)
    if not several and not own:
        studies = [studies[0]._replace(role="ours")]
        own = True
    options = {kind: [_Choice(name, value) for name, value, _ in given] for kind, given in FOR_COUNTS.items()}
    options["models"].insert(0, _Choice("auto", {"model": "auto"}))
    reasons = {(kind, name): why for kind, given in FOR_COUNTS.items() for name, _, why in given}
    sides = (["ours"] if own else []) + (["all"] if several else [])
    made = [
        one
        for side in sides
        for one in _of_side(side, studies, [(other.name, other)], options, ("", ""), level)
    ]
    return _judged(iter(made), reasons, {}, [], declared=False)


# ---- the verdict ---------------------------------------------------------------------------------


def _judged(
    made: Iterator[tuple[tuple[str, ...], Interval, float | None]],
    reasons: Mapping[tuple[str, str], str],
    impossible: Mapping[str, None],
    idle: Sequence[str],
    *,
    declared: bool,
) -> Multiverse | None:
    found = list(dict.fromkeys(made))
    if not found:
        return None
    first = found[0][1]
    side = 1 if first.low > 0 else -1 if first.high < 0 else 0

    def keeps(difference: Interval) -> bool:
        return bool(difference.low > 0 if side > 0 else difference.high < 0 if side < 0 else False)

    every = [Specification(names, gap, p, keeps(gap)) for names, gap, p in found]
    ordered = tuple(sorted(every, key=lambda one: (one.difference.estimate, one.difference.low)))
    kept = sum(one.keeps for one in every) if side else None
    return Multiverse(ordered, every[0], kept, reasons, tuple(impossible), tuple(idle), declared)
