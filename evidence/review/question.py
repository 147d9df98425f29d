"""review.toml: the question, fixed before the numbers are seen.

Outcomes with the rules that turn patients' scores into responders, analyses,
the review's own columns, saved searches. Everything is declared, nothing is
evaluated as code, and a key that means nothing is a problem, not a comment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from evidence.review.schema import DESIGNS, OWN_KINDS, TABLES, Column, Problem, nearest

FORMAT = 1
"""Version of the layout of review.toml and the tables."""

FILE = "review.toml"
TESTS = ("at_most", "below", "at_least", "above", "reduction_at_least")


class PatientRule(NamedTuple):
    """When a patient is a responder: `test` of `TESTS` against `limit`, on `score` at the last visit."""

    score: str
    test: str
    limit: float

    @property
    def threshold(self) -> str:
        """The limit in words: `at least 50 %`, `at most 0`."""
        if self.test == "reduction_at_least":
            return f"at least {100 * self.limit:g} %"
        return f"{self.test.replace('_', ' ')} {self.limit:g}"


class Outcome(NamedTuple):
    """An outcome: its key, how it is called, what it means, which direction is better ("" if neither).

    `verb` is what patients with it did, in the past tense ("responded", "were
    detected"); "" leaves the word to `better`.
    """

    key: str
    label: str
    definition: str
    better: str
    scale: str
    rule: PatientRule | None
    verb: str = ""


class ReferenceSpec(NamedTuple):
    """Which row of which report to compare with; empty `arm` and None `weeks` leave the choice open."""

    study: str
    arm: str = ""
    subgroup: str = ""
    weeks: float | None = None


class AnalysisSpec(NamedTuple):
    """An analysis fixed in advance. Empty `designs` takes any; `weeks` None any time, "last visit" no other."""

    name: str
    outcome: str
    title: str = ""
    designs: tuple[str, ...] = ()
    weeks: tuple[float, float] | str | None = None
    last_visit: bool = False
    ours: str = ""
    arms: tuple[str, ...] = ()
    reference: ReferenceSpec | None = None
    beside: tuple[ReferenceSpec, ...] = ()


class Alternative(NamedTuple):
    """A choice that could have been made instead: of one `kind` of ALTERNATIVES, its `values`, and why it is defensible."""

    kind: str
    values: Mapping[str, Any]
    reason: str


class Search(NamedTuple):
    """A saved search: a name, a database and the query as it is sent."""

    name: str
    query: str
    database: str
    note: str


class Question(NamedTuple):
    """All of review.toml; `columns` are the review's own, by table."""

    title: str
    outcomes: Mapping[str, Outcome]
    analyses: Mapping[str, AnalysisSpec]
    columns: Mapping[str, tuple[Column, ...]]
    searches: Mapping[str, Search]
    multiverse: Mapping[str, tuple[Alternative, ...]] = MappingProxyType({})
    """Of each analysis, the choices that could have been made instead."""


def read_question(document: Mapping[str, object]) -> tuple[Question, list[Problem]]:
    """The question in a parsed review.toml, with everything that is wrong in it.

    What it says about reports (`ours`, references) is checked by `check_studies`,
    once the tables are read.
    """
    problems: list[Problem] = []
    top = _Part(
        document,
        "",
        problems,
        ("format", "title", "outcomes", "analyses", "columns", "searches", "multiverse"),
    )
    version = document.get("format")
    if type(version) is not int or version != FORMAT:
        shown = "" if version is None else str(version)
        reason = "is a format this version does not read" if shown else "the format is missing"
        problems.append(Problem(FILE, None, "format", shown, reason, f"format = {FORMAT}"))
    outcomes = {part.name: _outcome(part) for part in top.parts("outcomes", _OUTCOME)}
    analyses = {part.name: _analysis(part, outcomes) for part in top.parts("analyses", _ANALYSIS)}
    columns = {part.name: _own_columns(part) for part in top.parts("columns", None)}
    searches = {
        part.name: Search(
            part.name, part.text("query", needed=True), part.text("database"), part.text("note")
        )
        for part in top.parts("searches", ("query", "database", "note"))
    }
    multiverse = {
        part.name: _alternatives(part, analyses) for part in top.parts("multiverse", tuple(ALTERNATIVES))
    }
    return Question(top.text("title"), outcomes, analyses, columns, searches, multiverse), problems


def check_studies(question: Question, studies: Iterable[str]) -> list[Problem]:
    """Reports named in the analyses that studies.csv does not have."""
    known = tuple(studies)
    problems = []
    for spec in question.analyses.values():
        place = f"analyses.{spec.name}"
        named = [(f"{place}.ours", spec.ours)]
        if spec.reference:
            named.append((f"{place}.reference.study", spec.reference.study))
        named += [(f"{place}.beside[{i}].study", beside.study) for i, beside in enumerate(spec.beside)]
        others = [one for one in question.multiverse.get(spec.name, ()) if one.kind == "references"]
        named += [
            (f"multiverse.{spec.name}.references[{i}].study", str(one.values.get("study", "")))
            for i, one in enumerate(others)
        ]
        for where, study in named:
            if study and study not in known:
                reason, likely = "is not a report in studies.csv", nearest(study, known)
                problems.append(Problem(FILE, None, where, study, reason, "a key of studies.csv", likely))
    return problems


ALTERNATIVES: Mapping[str, tuple[str, ...]] = {
    "sides": ("use",),
    "references": ("study", "arm", "subgroup", "weeks"),
    "models": ("model", "measure", "tau2", "ci", "prior", "prior_scale"),
    "windows": ("weeks", "last_visit"),
    "overlaps": ("drop",),
    "differences": ("use",),
}
"""Kinds of choices with the keys of each, beside the `reason` that every one needs."""

_WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("sides", "use"): ("ours", "all", "others"),
    ("overlaps", "drop"): ("certain", "probable", "possible"),
    ("differences", "use"): ("newcombe", "miettinen-nurminen"),
}

_OUTCOME = ("label", "definition", "better", "verb", "scale", "patients")
_ANALYSIS = ("title", "outcome", "pool", "weeks", "last_visit", "ours", "arms", "reference", "beside")
_REFERENCE = ("study", "arm", "subgroup", "weeks")


def _outcome(part: _Part) -> Outcome:
    rule = None
    patients = part.part("patients", ("score", *TESTS))
    if patients is not None:
        score = patients.text("score", needed=True)
        limits = {test: limit for test in TESTS if (limit := patients.number(test)) is not None}
        if len(limits) == 1 and score:
            ((test, limit),) = limits.items()
            if test == "reduction_at_least" and not 0 < limit <= 1:
                patients.fault(
                    test, f"{limit:g}", "is not a share of the baseline", "above 0, up to 1 (0.5 is 50 %)"
                )
            rule = PatientRule(score, test, limit)
        elif len(limits) != 1 and not patients.faulty:
            found = " and ".join(limits) or ""
            patients.fault(
                "", found, "is not one rule" if found else "there is no rule", "one of " + ", ".join(TESTS)
            )
    return Outcome(
        part.name,
        part.text("label") or part.name.replace("_", " "),
        part.text("definition"),
        part.text("better", words=("higher", "lower")),
        part.text("scale"),
        rule,
        part.text("verb"),
    )


def _analysis(part: _Part, outcomes: Mapping[str, Outcome]) -> AnalysisSpec:
    outcome = part.text("outcome", needed=True)
    if outcome and outcome not in outcomes:
        meant = nearest(outcome, outcomes)
        part.fault("outcome", outcome, "is not declared", "a name under [outcomes]", meant)
    pool = part.part("pool", ("design",))
    beside = part.listed("beside", _REFERENCE)
    reference = part.part("reference", _REFERENCE)
    return AnalysisSpec(
        name=part.name,
        outcome=outcome,
        title=part.text("title"),
        designs=pool.texts("design", DESIGNS) if pool else (),
        weeks=part.pair("weeks"),
        last_visit=part.flag("last_visit"),
        ours=part.text("ours"),
        arms=part.texts("arms"),
        reference=_reference(reference) if reference else None,
        beside=tuple(_reference(entry) for entry in beside),
    )


def _reference(part: _Part) -> ReferenceSpec:
    return ReferenceSpec(
        part.text("study", needed=True), part.text("arm"), part.text("subgroup"), part.number("weeks", low=0)
    )


def _alternatives(part: _Part, analyses: Mapping[str, AnalysisSpec]) -> tuple[Alternative, ...]:
    if part.name not in analyses:
        part.fault(
            "", part.name, "is not an analysis", "a name under [analyses]", nearest(part.name, analyses)
        )
    found = []
    for kind, keys in ALTERNATIVES.items():
        for entry in part.listed(kind, (*keys, "reason")):
            values = {key: _alternative(entry, kind, key) for key in keys if key in entry.data}
            if not values:
                entry.fault("", "", "names no choice", ", ".join(keys))
            found.append(Alternative(kind, values, entry.text("reason", needed=True)))
    return tuple(found)


def _alternative(entry: _Part, kind: str, key: str) -> Any:
    if key == "last_visit":
        return entry.flag(key)
    if key == "prior_scale":
        return entry.number(key, low=0)
    if key == "weeks":
        return entry.pair(key) if kind == "windows" else entry.number(key, low=0)
    return entry.text(key, needed=True, words=_WORDS.get((kind, key), ()))


def _own_columns(part: _Part) -> tuple[Column, ...]:
    if part.name not in TABLES:
        part.fault("", part.name, "is not a table", ", ".join(TABLES), nearest(part.name, TABLES))
        return ()
    taken = {column.name for column in TABLES[part.name].columns}
    columns = []
    for name, kind in part.items():
        if name in taken:
            part.fault(name, name, f"is a column {part.name}.csv has anyway", "another name")
        elif isinstance(kind, list) and kind and all(isinstance(word, str) and word for word in kind):
            columns.append(Column(name, "choice", "", words=tuple(kind)))
        elif isinstance(kind, str) and kind in OWN_KINDS:
            columns.append(Column(name, kind, ""))
        else:
            part.fault(
                name, str(kind), "is not a kind of column", ", ".join(OWN_KINDS) + ", or a list of words"
            )
    return tuple(columns)


class _Part:
    """A table of the TOML with its place; takes typed values out of it and notes what does not fit.

    `keys` are those it may have, None for a table with keys of its own.
    """

    def __init__(
        self,
        data: Mapping[str, object],
        place: str,
        problems: list[Problem],
        keys: tuple[str, ...] | None,
        name: str = "",
    ) -> None:
        self.data, self.place, self.problems, self.name = data, place, problems, name
        self.faulty = False
        for key in data if keys is not None else ():
            if key not in (keys or ()):
                meant = nearest(key, keys or ())
                self.fault(key, key, "is not a key of this part", ", ".join(keys or ()), meant)

    def fault(self, key: str, value: str, reason: str, allowed: str, likely: str = "") -> None:
        self.faulty = True
        place = ".".join(filter(None, (self.place, key)))
        self.problems.append(Problem(FILE, None, place, value, reason, allowed, likely))

    def items(self) -> Iterable[tuple[str, object]]:
        return self.data.items()

    def text(self, key: str, *, needed: bool = False, words: tuple[str, ...] = ()) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str):
            self.fault(key, str(value), "is not text", ", ".join(words) or 'text in "quotes"')
            return ""
        if needed and not value:
            self.fault(key, "", f"{key} is missing", "text")
        if words and value and value not in words:
            self.fault(key, value, "is not one of the words", ", ".join(words), nearest(value, words))
            return ""
        return value

    def texts(self, key: str, words: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self.data.get(key, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
            self.fault(key, str(value), "is not a list of words", ", ".join(words) or '["one", "two"]')
            return ()
        for word in value:
            if words and word not in words:
                self.fault(key, word, "is not one of the words", ", ".join(words), nearest(word, words))
        return tuple(value)

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.fault(key, str(value), "is not true or false", "true, false")
            return False
        return value

    def number(self, key: str, *, low: float | None = None) -> float | None:
        value = self.data.get(key)
        if value is None:
            return None
        number = _finite(value)
        if number is None:
            self.fault(key, str(value), "is not a number", "a number")
        elif low is not None and number < low:
            self.fault(key, str(value), f"is less than {low:g}", f"a number from {low:g}")
            return None
        return number

    def pair(self, key: str) -> tuple[float, float] | None:
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, list) and len(value) == 2:
            low, high = _finite(value[0]), _finite(value[1])
            if low is not None and high is not None and 0 <= low <= high:
                return low, high
        self.fault(key, str(value), "is not a window", "[first week, last week], such as [8, 26]")
        return None

    def part(self, key: str, keys: tuple[str, ...]) -> _Part | None:
        value = self.data.get(key)
        if value is None:
            return None
        place = ".".join(filter(None, (self.place, key)))
        if not isinstance(value, dict):
            self.fault(
                key, str(value), "is not a table", "{ " + ", ".join(f"{name} = ..." for name in keys) + " }"
            )
            return None
        return _Part(value, place, self.problems, keys, key)

    def parts(self, key: str, keys: tuple[str, ...] | None) -> list[_Part]:
        """The tables named below a key: `[outcomes.x]`, `[outcomes.y]`."""
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            self.fault(key, str(value), "is not a table of named tables", f"[{key}.name]")
            return []
        return self._tables([(f"{key}.{name}", name, entry) for name, entry in value.items()], keys)

    def listed(self, key: str, keys: tuple[str, ...]) -> list[_Part]:
        """The tables in a list: `beside = [{...}, {...}]`."""
        value = self.data.get(key, [])
        if not isinstance(value, list):
            self.fault(key, str(value), "is not a list", "[{ ... }, { ... }]")
            return []
        return self._tables([(f"{key}[{index}]", "", entry) for index, entry in enumerate(value)], keys)

    def _tables(self, entries: list[tuple[str, str, object]], keys: tuple[str, ...] | None) -> list[_Part]:
        parts = []
        for key, name, entry in entries:
            if isinstance(entry, dict):
                place = ".".join(filter(None, (self.place, key)))
                parts.append(_Part(entry, place, self.problems, keys, name))
            else:
                self.fault(key, str(entry), "is not a table", "key = value pairs")
        return parts


def _finite(value: object) -> float | None:
    """A number of TOML as a float; None for anything else, true, nan, and what a float cannot hold."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        return None
    return float(value)
