"""Numbers in the words papers print: effects with intervals, courses of medians, p values, the decimals of a number.

    difference 21.0 (8.1 to 34.0) p=0.001
    OR 4.56 (90% CI 2.48-8.39)
    17 -> 6 at 1 mo (P=0.016) -> 0 by 3 mo (P<0.001); median percentage reduction at 3 mo 60%

What is not understood is left alone: an audit that guesses raises false alarms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from evidence.review.printed import Printed, read_printed

_NUM = r"[-−]?(?:[0-9]+(?:[.,·][0-9]+)?|[.·][0-9]+)"

_NUMBER = re.compile(rf"(?<![\w.,·]){_NUM}")
_P = re.compile(
    r"\bp(?:[ -]?values?)?\s*(?P<sign>=|<|>|≤|≥|<=|>=)\s*(?P<value>[01]?[.,·][0-9]+)", re.IGNORECASE
)
_KINDS = {
    "difference": r"(?:risk |rate )?difference|RD",
    "odds ratio": r"odds ratio|OR",
    "risk ratio": r"risk ratio|rate ratio|relative risk|RR",
    "hazard ratio": r"hazard ratio|HR",
}
_EFFECT = re.compile(
    r"\b(?:(?P<difference>(?i:(?:risk |rate )?difference)|RD)|(?P<odds_ratio>(?i:odds ratio)|OR)"
    r"|(?P<risk_ratio>(?i:risk ratio|rate ratio|relative risk)|RR)|(?P<hazard_ratio>(?i:hazard ratio)|HR))"
    rf"\s*(?:of|was|is|=|:|,)?\s*(?P<estimate>{_NUM})\s*(?:%|percentage points|points)?\s*[(\[,;]\s*"
    r"(?:(?P<level>[0-9]+(?:\.[0-9]+)?)\s*%?\s*(?:CI|(?i:confidence intervals?))\s*[:,=]?\s*)?"
    rf"(?P<low>{_NUM})\s*%?\s*(?:to|-|–|—|,|;)\s*(?P<high>{_NUM})\s*%?\s*[)\]]"
)
_LEVEL = re.compile(r"([0-9]{2}(?:\.[0-9]+)?)\s*%?\s*(?:CI\b|confidence interval)", re.IGNORECASE)
_ARROW = re.compile(r"->|→")
_CHANGE = re.compile(
    r"median\s+(?:percent(?:age)?|%|relative)\s+(?:reduction|decrease|fall|drop|improvement)", re.IGNORECASE
)
_SHARE = re.compile(rf"({_NUM})\s*%")
_UNITS = {"mo": "month", "month": "month", "w": "week", "wk": "week", "week": "week"}
_TIME = re.compile(
    r"([0-9]+)\s*(months?|mo|weeks?|wks?|w)\b|\b(months?|mo|weeks?|wks?)\s*([0-9]+)", re.IGNORECASE
)
_RANGE = re.compile(rf"^\s*\(\s*(?:range,?\s*)?({_NUM})\s*(?:to|-|–|—)\s*({_NUM})\s*\)")


def read_number(text: str) -> Printed | None:
    """A number as printed, also `.5`, `·5` and with a comma; None for what is none."""
    text = text.strip().replace("·", ".").replace(",", ".").replace("−", "-")
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    return read_printed(sign + ("0" + digits if digits.startswith(".") else digits))


def as_printed(value: float, words: str) -> Printed:
    """A table's number with the decimals it has in the paper's own words, the most where it stands there twice."""
    plain = Decimal(repr(value)).normalize()
    exponent = plain.as_tuple().exponent
    own = Printed(Fraction(plain), max(0, -exponent) if isinstance(exponent, int) else 0)
    decimals = [
        number.decimals
        for match in _NUMBER.finditer(words)
        if (number := read_number(match[0])) is not None and number.value == own.value
    ]
    return Printed(own.value, max(decimals, default=own.decimals))


class PValue(NamedTuple):
    """A p value as printed: "<" says it is below."""

    sign: str
    value: Printed
    text: str


def read_p(text: str) -> list[PValue]:
    """The p values of a text, in order."""
    found = []
    for match in _P.finditer(text):
        value = read_number(match["value"])
        if value is not None:
            sign = {"≤": "<", "<=": "<", "≥": ">", ">=": ">"}.get(match["sign"], match["sign"])
            found.append(PValue(sign, value, " ".join(match[0].split())))
    return found


class Effect(NamedTuple):
    """An estimate with its interval as printed; `kind` is one of difference, odds, risk and hazard ratio."""

    kind: str
    estimate: Printed
    low: Printed
    high: Printed
    level: float
    p: PValue | None
    text: str


def read_level(text: str) -> float:
    """The level of an interval where the words name one (90% CI), else 0.95."""
    match = _LEVEL.search(text)
    level = float(match[1]) / 100 if match else 0.95
    return level if 0.5 <= level < 1 else 0.95


def read_effects(text: str) -> Iterator[Effect]:
    """The effects of a text; a p value right behind belongs to one."""
    for match in _EFFECT.finditer(text):
        kind = str(match.lastgroup)
        kind = next(name for name in _KINDS if match[name.replace(" ", "_")])
        numbers = [read_number(match[name]) for name in ("estimate", "low", "high")]
        estimate, low, high = numbers
        if estimate is None or low is None or high is None:
            continue
        level = float(match["level"]) / 100 if match["level"] else 0.95
        behind = read_p(text[match.end() : match.end() + 25])
        yield Effect(
            kind,
            estimate,
            low,
            high,
            level if 0.5 <= level < 1 else 0.95,
            behind[0] if behind else None,
            match[0],
        )


class Step(NamedTuple):
    """One value in a course: the number, its range if one is printed, its time and its p value."""

    value: Printed
    low: Printed | None
    high: Printed | None
    time: tuple[str, int] | None
    p: PValue | None


class Course(NamedTuple):
    """A score over time as printed, and the median change in percent printed beside it, at a time or at the end."""

    steps: tuple[Step, ...]
    change: Printed | None
    change_time: tuple[str, int] | None
    words: str


def read_course(text: str) -> Course | None:
    """`15 (4-35) -> 4 (0-19) wk4 (P=.001) -> 2 (0-13) wk16`; None where there is no arrow between numbers."""
    clauses = text.split(";")
    for clause in clauses:
        parts = _ARROW.split(clause)
        steps = [step for part in parts if (step := _step(part)) is not None]
        if len(parts) < 2 or len(steps) != len(parts):
            continue
        change = time = None
        for other in clauses:
            named = _CHANGE.search(other)
            shares = _SHARE.findall(other)
            if named and other is not clause and len(shares) == 1:
                change, time = read_number(shares[0]), _time(other)
        return Course(tuple(steps), change, time, clause)
    return None


def _step(part: str) -> Step | None:
    match = _NUMBER.search(part)
    value = read_number(match[0]) if match else None
    if match is None or value is None:
        return None
    rest = part[match.end() :]
    ends = _RANGE.match(rest)
    low, high = (read_number(ends[1]), read_number(ends[2])) if ends else (None, None)
    p = read_p(rest)
    return Step(value, low, high, _time(rest), p[0] if p else None)


def _time(text: str) -> tuple[str, int] | None:
    match = _TIME.search(text)
    if match is None:
        return None
    number, unit = (match[1], match[2]) if match[1] else (match[4], match[3])
    return _UNITS[unit.lower().rstrip("s")], int(number)


_WORDS = (
    "all", "every", "none", "no", "most", "the majority", "majority", "more than half", "at least half", "some", "a minority", "few",
)  # fmt: skip
_LEADING = re.compile(rf"\W*({'|'.join(sorted(_WORDS, key=len, reverse=True))})\b", re.IGNORECASE)


def leading_word(text: str) -> str:
    """The word for a number of patients that a statement begins with: "All patients showed ..." -> "all"; or ""."""
    match = _LEADING.match(text)
    return match[1].lower() if match else ""


NOT_A_RANGE = re.compile(r"\bIQR\b|quartile|\bCI\b|confidence|±|\+/-|\bSD\b", re.IGNORECASE)
"""Words by which the two numbers beside a median or mean are no range."""

NOT_CRUDE = re.compile(
    r"kaplan|adjusted|stratified|weighted|estimated|modell?ed|imputed|actuarial", re.IGNORECASE
)
"""Words by which a percentage need not be a count's."""

PAIRED_TEST = re.compile(r"signed.?rank|wilcoxon|\bsign test", re.IGNORECASE)
"""Words that name a test whose smallest p value depends on the number of pairs alone."""
