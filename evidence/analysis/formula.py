"""A formula over the studies' columns, such as "~ year + design", as a design matrix.

formulaic parses and codes it. It would also run any Python written into a formula: here a formula may name columns,
add, cross and nest them, and use the few functions below, and nothing else, so that one found in a file does no harm.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from evidence.errors import NotPossible, OptionError
from evidence.review.names import listed
from evidence.review.schema import LAST_VISIT, NOT_STATED, near
from evidence.synthesis.results import Floats

FUNCTIONS = ("C", "I", "center", "scale", "poly", "log", "log2", "log10", "exp")
CONTRASTS = ("treatment", "sum")
"""What may be called in a formula: `C(design, contr.treatment("cohort"))` names the group the others are compared with."""

ALLOWED = f'columns joined by + : * and the functions {", ".join(FUNCTIONS)}, such as "~ year + design"'

OUTCOME = ("events", "percent", "percent_kind", "value")
"""Columns that are the outcome itself: it cannot explain itself."""

MISSING = ("", "na", "n/a", "nan", "none", ".", "?", NOT_STATED)

_NODES = (
    ast.Expression, ast.Name, ast.Load, ast.Call, ast.keyword, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Attribute,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd,
)  # fmt: skip


@dataclass(frozen=True)
class Parsed:
    """A formula that may be evaluated: its text, the columns it names, and those it wants as groups."""

    text: str
    columns: tuple[str, ...]
    grouped: frozenset[str]
    formula: Any = field(repr=False, compare=False)


def parse_formula(text: str, columns: Sequence[str]) -> Parsed:
    """Check a formula against the columns there are; raises OptionError for what it may not hold."""
    from formulaic import Formula, SimpleFormula  # brings pandas: half a second
    from formulaic.errors import FormulaicError

    written = text.strip()
    if not written.strip("~ ") or "{" in written or "[" in written:
        raise OptionError("formula", text, ALLOWED)
    if "~" in written[1:]:
        raise OptionError(
            "formula", text, f"{ALLOWED}; nothing left of ~, since the outcome is the proportion"
        )
    try:
        formula = Formula(written if written.startswith("~") else f"~ {written}")
    except (FormulaicError, SyntaxError, ValueError, RecursionError) as error:
        raise OptionError("formula", text, f"{ALLOWED} ({_first_line(error)})") from error
    if not isinstance(formula, SimpleFormula):
        raise OptionError("formula", text, ALLOWED)
    found: dict[str, None] = {}
    grouped: set[str] = set()
    for factor in dict.fromkeys(factor for term in formula for factor in term.factors):
        kind = factor.eval_method.name
        if kind == "LOOKUP":
            found[factor.expr] = None
        elif kind == "PYTHON":
            for name, as_group in _names_in(factor.expr, text):
                found[name] = None
                grouped |= {name} if as_group else set()
        elif str(factor.expr) not in ("0", "1"):
            raise OptionError("formula", text, ALLOWED)
    for name in found:
        if name not in columns:
            raise OptionError("formula", text, f"columns: {', '.join(columns)}{near(name, columns)}")
        if name in OUTCOME:
            raise OptionError("formula", text, f"columns other than {name}, which is the outcome itself")
    if not len(list(formula)):
        raise OptionError("formula", text, f"{ALLOWED}; it has no term at all")
    return Parsed(
        written if written.startswith("~") else f"~ {written}", tuple(found), frozenset(grouped), formula
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _names_in(expression: str, text: str) -> list[tuple[str, bool]]:
    """The columns a function call names, and whether C() makes groups of them; refuses what is not on the list."""
    quoted: dict[str, str] = {}

    def stand_in(match: re.Match[str]) -> str:
        return quoted.setdefault(match[1], f"quoted_name_{len(quoted)}")

    plain = re.sub(r"`([^`]*)`", stand_in, expression)
    back = {value: key for key, value in quoted.items()}
    try:
        tree = ast.parse(plain, mode="eval")
    except SyntaxError as error:
        raise OptionError("formula", text, ALLOWED) from error
    called: set[int] = set()
    named: set[int] = set()
    grouped: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise OptionError("formula", text, ALLOWED)
        if isinstance(node, ast.Attribute):
            owner = node.value
            if not (isinstance(owner, ast.Name) and owner.id == "contr" and node.attr in CONTRASTS):
                raise OptionError("formula", text, ALLOWED)
            called.add(id(owner))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id not in FUNCTIONS:
                raise OptionError("formula", text, ALLOWED)
            called.add(id(node.func))
            if node.func.id == "C" and node.args:
                grouped.add(id(node.args[0]))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            named |= {id(word) for word in (*node.args, *(keyword.value for keyword in node.keywords))}
        elif isinstance(node, ast.Call):
            raise OptionError("formula", text, ALLOWED)
        if (
            isinstance(node, ast.Constant)
            and id(node) not in named
            and not isinstance(node.value, int | float)
        ):
            raise OptionError("formula", text, f"{ALLOWED}; words only to name a group in contr.treatment()")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            power = node.right
            if not (
                isinstance(power, ast.Constant)
                and isinstance(power.value, int | float)
                and abs(power.value) <= 9
            ):
                raise OptionError("formula", text, f"{ALLOWED}; powers up to 9")
    return [
        (back.get(node.id, node.id), id(node) in grouped)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and id(node) not in called
    ]


# ---- values --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Columns:
    """The columns a formula names, for the rows that have them all: floats, or words where they are groups.

    `kept` are the numbers of these rows, `left_out` pairs of the others' with the reason.
    """

    values: Mapping[str, tuple[Any, ...]]
    kept: tuple[int, ...]
    left_out: tuple[tuple[int, str], ...]


def read_columns(parsed: Parsed, cells: Sequence[Mapping[str, object]], labels: Sequence[str]) -> Columns:
    """The covariates of each row (its cells by column); a row without one of them is left out, and named.

    A column is numbers if all its cells are; one that mixes numbers and words is refused unless C() makes groups of
    it. A time that is "last visit" is no number of weeks: that row is left out.
    """
    read: dict[str, list[Any]] = {}
    reasons: dict[int, str] = {}
    for name in parsed.columns:
        raw = [row.get(name) for row in cells]
        present = [not _missing(value) for value in raw]
        numbers = [_number(value) if there else None for value, there in zip(raw, present, strict=True)]
        words = [
            place
            for place, (there, number) in enumerate(zip(present, numbers, strict=True))
            if there and number is None
        ]
        as_groups = name in parsed.grouped or not any(number is not None for number in numbers)
        if words and not as_groups:
            late = [place for place in words if str(raw[place]).strip() == LAST_VISIT]
            for place in late:
                reasons.setdefault(place, f"{name} is {LAST_VISIT!r}, not a number")
            odd = [place for place in words if place not in late]
            if odd:
                shown = listed([f"{labels[place]} ({str(raw[place])[:40]!r})" for place in odd[:3]])
                raise NotPossible(
                    f"{name} holds numbers and words: {shown}{' and others' if len(odd) > 3 else ''}. "
                    f"Correct them, or write C({name}) to compare its values as groups"
                )
        for place, there in enumerate(present):
            if not there:
                reasons.setdefault(place, f"no value for {name}")
        read[name] = [_word(value) for value in raw] if as_groups else numbers
    kept = tuple(place for place in range(len(cells)) if place not in reasons)
    return Columns(
        {name: tuple(values[place] for place in kept) for name, values in read.items()},
        kept,
        tuple(sorted(reasons.items())),
    )


def _missing(value: object) -> bool:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return True
    return isinstance(value, str) and value.strip().casefold() in MISSING


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value.strip() if isinstance(value, str) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) else None


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


# ---- the matrix ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Design:
    """The design matrix (k, p), its columns' names, and how to code other rows the same way.

    `against` says of each column of groups what it is compared with; `ranges` what each column of numbers spans, and
    `levels` which groups each column of words has.
    """

    matrix: Floats = field(repr=False)
    names: tuple[str, ...]
    against: Mapping[str, str]
    ranges: Mapping[str, tuple[float, float]]
    levels: Mapping[str, tuple[str, ...]]
    spec: Any = field(repr=False, compare=False)

    def rows(self, values: Mapping[str, Sequence[object]]) -> Floats:
        """Other rows, coded as these were; raises OptionError for a value that no study has or a column not given."""
        import pandas as pd

        known = (*self.ranges, *self.levels)
        for name in values:
            if name not in known:
                raise OptionError("at", name, f"the formula's columns: {', '.join(known)}{near(name, known)}")
        absent = [name for name in known if name not in values]
        if absent:
            raise OptionError(
                "at", dict(values), f"a value for each of: {', '.join(known)} (none for {', '.join(absent)})"
            )
        data: dict[str, list[object]] = {}
        for name, column in values.items():
            if name in self.levels:
                words = [_word(float(v) if isinstance(v, int) else v) for v in column]
                for word in words:
                    if word not in self.levels[name]:
                        raise OptionError(name, word, self.levels[name])
                data[name] = list(words)
                continue
            numbers = [_number(value) for value in column]
            if None in numbers:
                raise OptionError(name, column[numbers.index(None)], "a number")
            data[name] = list(numbers)
        size = max((len(column) for column in data.values()), default=1)
        if not data:
            return np.ones((1, len(self.names)))
        made = self.spec.get_model_matrix(pd.DataFrame(data, index=range(size)))
        return np.asarray(made.to_numpy(), dtype=float)


def make_design(parsed: Parsed, columns: Columns) -> Design:
    """The design matrix of the rows kept; raises NotPossible for a covariate that says nothing."""
    import pandas as pd

    for name, values in columns.values.items():
        if len(set(values)) == 1:
            shown = f"{values[0]:g}" if isinstance(values[0], float) else repr(values[0])
            raise NotPossible(f"{name} is {shown} in every study that enters: there is nothing to regress on")
    data = pd.DataFrame(dict(columns.values), index=range(len(columns.kept)))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            made = parsed.formula.get_model_matrix(data, na_action="ignore")
        except Exception as error:  # formulaic raises what its functions do
            raise NotPossible(
                f"the formula {parsed.text} cannot be computed: {_first_line(error)}"
            ) from error
    matrix = np.asarray(made.to_numpy(), dtype=float)
    names = tuple(str(name) for name in made.columns)
    bad = [name for name, column in zip(names, matrix.T, strict=True) if not np.isfinite(column).all()]
    if bad:
        raise NotPossible(f"{', '.join(bad)} is not a finite number in every study: a logarithm of 0 perhaps")
    levels = {
        name: tuple(sorted(set(values)))
        for name, values in columns.values.items()
        if isinstance(values[0], str)
    }
    ranges = {
        name: (min(values), max(values)) for name, values in columns.values.items() if name not in levels
    }
    return Design(matrix, names, _against(names, levels), ranges, levels, made.model_spec)


CODED = re.compile(r"(?P<factor>[^:\[\]]+(?:\([^\[\]]*\))?)\[(?P<treated>T\.)?(?P<level>[^\]]*)\]")
"""A column of groups as formulaic names it: design[T.cohort]."""


def _against(names: Sequence[str], levels: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Factor -> the group that has no column of its own."""
    shown: dict[str, set[str]] = {}
    for name in names:
        for match in CODED.finditer(name):
            if match["treated"]:
                shown.setdefault(match["factor"], set()).add(match["level"])
    found = {}
    for factor, present in shown.items():
        column = next((c for c in levels if c == factor or re.search(rf"\b{re.escape(c)}\b", factor)), None)
        absent = [level for level in levels.get(column or "", ()) if level not in present]
        if len(absent) == 1:
            found[factor] = absent[0]
    return found
