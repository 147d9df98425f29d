"""Responders among individual patients: rules, counts under each way to take missing scores, and medians.

    evidence.responders([33, 47, 17, 49, 23, 20], [0, 2, 2, 1, 5, 0], drop=[50, 75, 90], at_most=[0])

What a rule means is decided in one place for a review's derived rows and here:
`evidence.review.patients.responds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from evidence.errors import NotPossible, OptionError
from evidence.review.paired import LARGEST, SMALLEST, Paired, PairedScores
from evidence.review.patients import responds
from evidence.review.question import Outcome, PatientRule
from evidence.shown import Shown
from evidence.synthesis.proportions import proportion_interval
from evidence.synthesis.results import Interval
from evidence.synthesis.scores.median import median_interval

TESTS = {"lower": ("drop", "at_most", "below"), "higher": ("rise", "at_least", "above")}
"""Which score is better -> the tests a responder may be told by. drop and rise are percent of the baseline."""

USUAL = (50.0, 75.0, 90.0)
"""Percent, where no rule is named."""

MISSING = ("ask", "observed", "worst", "best")
POLICIES = {
    "observed": "only patients with the scores the rule needs",
    "worst": "a missing score counts as no response (non-responder imputation)",
    "best": "a missing score counts as a response",
}
"""How missing scores may count. `ask` counts nobody: it stops where a score is missing."""


class MissingScores(NotPossible):
    """Scores are missing, and nobody has said how they count; the message shows what each choice would give."""


class Rule(NamedTuple):
    """What makes a responder: `test` of TESTS against `limit`; key and label where a review declares it."""

    test: str
    limit: float
    key: str = ""
    label: str = ""

    @property
    def relative(self) -> bool:
        """Whether the limit is a percentage of the baseline."""
        return self.test in ("drop", "rise")

    @property
    def threshold(self) -> str:
        """`at least 50 % lower`, `at most 0`."""
        if self.relative:
            return f"at least {self.limit:g} % {'lower' if self.test == 'drop' else 'higher'}"
        return f"{self.test.replace('_', ' ')} {self.limit:g}"

    @property
    def name(self) -> str:
        """The review's label, else the threshold."""
        return self.label or self.threshold

    def judge(self, patient: PairedScores) -> bool | None:
        """Whether the patient is a responder; None where a score is missing or the baseline no base of a share."""
        before, after = patient.before, patient.after
        if after is None:
            return None
        if not self.relative:
            return responds(PatientRule("", self.test, self.limit), before, after)
        if self.test == "rise" and before is not None:
            after = 2 * before - after  # mirrored at the baseline, a rise is a drop
        return responds(PatientRule("", "reduction_at_least", self.limit / 100), before, after)


class Count(NamedTuple):
    """Responders by one rule.

    `responses` are the patients' in order: True, False, or None where the scores do not tell. Of these,
    `missing` lack a score that the rule needs, and count as was asked; `undefined` have a baseline of which
    there is no percentage, and never count. `proportion` is None where n is 0. `choices` has (events, n) by
    each of POLICIES.
    """

    rule: Rule
    events: int
    n: int
    proportion: Interval | None
    responses: tuple[bool | None, ...]
    missing: tuple[str, ...]
    undefined: tuple[str, ...]
    choices: Mapping[str, tuple[int, int]]


class Summary(NamedTuple):
    """Values of n patients: median, range, and the median's interval with the confidence it attains.

    `interval` is None for fewer than two values, `low` and `high` are the range.
    """

    n: int
    median: float
    low: float
    high: float
    interval: Interval | None


class Holds(NamedTuple):
    """How far it holds that all respond: up to `percent` of change, which these `patients` reach and no more."""

    percent: float
    patients: tuple[str, ...]


@dataclass(frozen=True)
class Responders(Shown):
    """Everything `evidence responders` shows; every renderer reads this and nothing else.

    `change` is after minus before, `relative_change` the same as a share of the baseline (-0.5: halved), over
    those who have both scores. Summaries are None where nobody has the scores. `holds` is None where some
    patient did not improve, or lacks a score that counts as no response.
    """

    version: str
    source: str
    names: tuple[str, str]
    better: str
    missing: str
    level: float
    interval: str
    patients: tuple[PairedScores, ...]
    counts: tuple[Count, ...]
    before: Summary | None
    after: Summary | None
    change: Summary | None
    relative_change: Summary | None
    holds: Holds | None


# ---- the scores of one patient -------------------------------------------------------------------


def change(patient: PairedScores) -> float | None:
    """After minus before; None where either is missing."""
    if patient.before is None or patient.after is None:
        return None
    return patient.after - patient.before


def relative_change(patient: PairedScores) -> float | None:
    """The change as a share of the baseline, -1 for a score that fell to 0; None without a baseline above 0."""
    difference = change(patient)
    if difference is None or patient.before is None or patient.before <= 0:
        return None
    return difference / patient.before


def improvement(patient: PairedScores, better: str) -> float | None:
    """The change for the better, in percent of the baseline; negative if it was for the worse."""
    share = relative_change(patient)
    if share is None:
        return None
    return 100 * (0 - share if better == "lower" else share)


# ---- counting ------------------------------------------------------------------------------------


def responders(
    before: Iterable[Any],
    after: Iterable[Any],
    *,
    patients: Iterable[Any] | None = None,
    drop: Sequence[float] = (),
    rise: Sequence[float] = (),
    at_most: Sequence[float] = (),
    below: Sequence[float] = (),
    at_least: Sequence[float] = (),
    above: Sequence[float] = (),
    better: str = "lower",
    missing: str = "ask",
    interval: str = "exact",
    level: float = 0.95,
) -> Responders:
    """Responders among patients with a score before and one after, by each rule; None or nan where a score is missing.

    before, after  a score for each patient, in one order
    patients       their names, each once; else they are 1, 2, ...
    drop, rise     percent of the baseline by which the score must fall, or rise
    at_most, below, at_least, above  limits of the score after, in its points
    better         lower, with drop, at_most and below; or higher, with rise, at_least and above
    missing        how missing scores count: observed, worst, best, or ask, which raises `MissingScores` with the counts of
                   each if any is missing
    interval       of each share: exact, wilson, agresti-coull, jeffreys, mid-p
    level          of every interval, 0 to 1

    Each rule takes several limits. Without a rule it takes 50, 75 and 90 %.

    Raises OptionError for scores, names and options that cannot be, NotPossible where there are no patients.
    """
    rules = rules_of(
        better, drop=drop, rise=rise, at_most=at_most, below=below, at_least=at_least, above=above
    )
    firsts, lasts = _numbers("before", before), _numbers("after", after)
    if len(firsts) != len(lasts):
        raise OptionError("number of scores after", len(lasts), f"that of the scores before, {len(firsts)}")
    names = (
        [str(i) for i in range(1, len(firsts) + 1)] if patients is None else [str(name) for name in patients]
    )
    if len(names) != len(firsts):
        raise OptionError("number of patients", len(names), f"that of the scores, {len(firsts)}")
    twice = (
        next((name for name in names if names.count(name) > 1), None)
        if len(set(names)) < len(names)
        else None
    )
    if twice is not None:
        raise OptionError("patients", twice, "each patient once")
    scores = tuple(PairedScores(*each) for each in zip(names, firsts, lasts, strict=True))
    paired = Paired("", "before", "after", scores)
    return count_responders(paired, rules, better=better, missing=missing, interval=interval, level=level)


def count_responders(
    paired: Paired,
    rules: Sequence[Rule],
    *,
    better: str = "lower",
    missing: str = "ask",
    interval: str = "exact",
    level: float = 0.95,
) -> Responders:
    """The same for patients who have been read (`evidence.review.paired`) and rules from `rules_of`."""
    if missing not in MISSING:
        raise OptionError("missing", missing, MISSING)
    people = paired.patients
    if not people:
        raise NotPossible("there are no patients to count")
    counts = tuple(_count(rule, people, missing, interval, level) for rule in rules)
    if missing == "ask" and any(count.missing for count in counts):
        raise MissingScores(_question(paired, counts))
    both = [patient for patient in people if change(patient) is not None]
    return Responders(
        version=_version(),
        source=paired.source,
        names=(paired.before, paired.after),
        better=better,
        missing=missing,
        level=level,
        interval=interval,
        patients=people,
        counts=counts,
        before=_summary([p.before for p in people], level),
        after=_summary([p.after for p in people], level),
        change=_summary([change(p) for p in both], level),
        relative_change=_summary([relative_change(p) for p in both], level),
        holds=_holds(people, better, missing),
    )


def rules_of(better: str = "lower", **limits: Sequence[float]) -> tuple[Rule, ...]:
    """The rules in the order of TESTS, each limit once; USUAL percentages where none is named."""
    if better not in TESTS:
        raise OptionError("better", better, TESTS)
    if not any(limits.values()):
        return tuple(Rule(TESTS[better][0], limit) for limit in USUAL)
    for test, values in limits.items():
        if test not in TESTS[better] and values:
            other = "higher" if better == "lower" else "lower"
            raise OptionError(test, values[0], f"none while {better} is better: only with better {other}")
    return tuple(
        Rule(test, _limit(test, value))
        for test in TESTS[better]
        for value in dict.fromkeys(limits.get(test, ()))
    )


def declared_rules(outcomes: Iterable[Outcome], score: str, better: str = "lower") -> tuple[Rule, ...]:
    """The rules that a review declares for a score, before it saw the numbers."""
    found = []
    for outcome in outcomes:
        rule = outcome.rule
        if rule is not None and rule.score == score:
            relative = rule.test == "reduction_at_least"
            test, limit = ("drop", 100 * rule.limit) if relative else (rule.test, rule.limit)
            if test in TESTS[better]:
                found.append(Rule(test, limit, outcome.key, outcome.label))
    return tuple(found)


def _limit(test: str, value: float) -> float:
    limit = float(value)
    highest = {"drop": 100.0, "rise": LARGEST}.get(test)
    if highest is not None and not 0 < limit <= highest:
        raise OptionError(test, value, "percent above 0" + (", up to 100" if test == "drop" else ""))
    if not abs(limit) <= LARGEST:
        raise OptionError(test, value, "a limit of the score")
    return limit


def _numbers(name: str, values: Iterable[Any]) -> list[float | None]:
    numbers: list[float | None] = []
    for index, value in enumerate(values):
        try:
            number = float("nan") if value is None else float(value)
        except (TypeError, ValueError):
            raise OptionError(
                f"{name}[{index}]", value, "a number, or None where there is no score"
            ) from None
        if number == number and number != 0 and not SMALLEST <= abs(number) <= LARGEST:
            raise OptionError(f"{name}[{index}]", value, f"0, or from {SMALLEST:g} to {LARGEST:g} either way")
        numbers.append(None if number != number else number)
    return numbers


def _count(rule: Rule, people: Sequence[PairedScores], missing: str, interval: str, level: float) -> Count:
    responses = tuple(rule.judge(patient) for patient in people)
    untold = [patient for patient, response in zip(people, responses, strict=True) if response is None]
    undefined = tuple(patient.patient for patient in untold if _undefined(rule, patient))
    lacking = tuple(patient.patient for patient in untold if not _undefined(rule, patient))
    yes, known = responses.count(True), len(people) - len(untold)
    choices = {
        "observed": (yes, known),
        "worst": (yes, known + len(lacking)),
        "best": (yes + len(lacking), known + len(lacking)),
    }
    events, n = choices["observed" if missing == "ask" else missing]
    proportion = proportion_interval(events, n, method=interval, level=level) if n else None
    return Count(rule, events, n, proportion, responses, lacking, undefined, choices)


def _undefined(rule: Rule, patient: PairedScores) -> bool:
    """Whether the rule has no meaning for the patient: a percentage of a baseline that is not above 0."""
    return rule.relative and patient.before is not None and patient.before <= 0


def _summary(values: Iterable[float | None], level: float) -> Summary | None:
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    interval = median_interval(known, level=level)
    median = float(interval.estimate)
    return Summary(len(known), median, known[0], known[-1], interval if len(known) > 1 else None)


def _holds(people: Sequence[PairedScores], better: str, missing: str) -> Holds | None:
    """Over those of whose baseline there is a percentage; one whose missing score counts as none ends it."""
    gains = [(improvement(patient, better), patient) for patient in people]
    known = [(gain, patient.patient) for gain, patient in gains if gain is not None]
    lacking = [p for gain, p in gains if gain is None and not (p.before is not None and p.before <= 0)]
    if not known or (lacking and missing == "worst"):
        return None
    least = min(gain for gain, _ in known)
    if least <= 0:
        return None
    return Holds(least, tuple(name for gain, name in known if gain == least))


def _question(paired: Paired, counts: Sequence[Count]) -> str:
    """Who lacks which score, and what each way to count them would give."""
    people = paired.patients
    lacking = [patient for patient in people if patient.before is None or patient.after is None]
    lines = [f"of {len(people)} patients, {len(lacking)} {'lacks' if len(lacking) == 1 else 'lack'} a score:"]
    for name, absent in (
        (paired.before, [p.patient for p in people if p.before is None]),
        (paired.after, [p.patient for p in people if p.after is None]),
    ):
        if absent:
            lines.append(f"  {name}: {some(absent)}")
    lines.append("Say how they count with --missing (in Python missing=):")
    width = max(len(count.rule.name) for count in counts)
    lines += [f"  {word:<8}  {meaning}" for word, meaning in POLICIES.items()]
    lines.append(f"  {'':<{width}}  " + "".join(f"{word:>10}" for word in POLICIES))
    for count in counts:
        cells = (f"{events}/{n}" for events, n in (count.choices[word] for word in POLICIES))
        lines.append(f"  {count.rule.name:<{width}}  " + "".join(f"{cell:>10}" for cell in cells))
    return "\n".join(lines)


def some(names: Sequence[str], most: int = 12) -> str:
    """The names in a sentence, the rest of many as a number."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def _version() -> str:
    from evidence import __version__

    return __version__
