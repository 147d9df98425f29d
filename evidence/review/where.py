"""The grammar of `--where`: a condition on the columns of a row, parsed once, nothing evaluated.

    design == cohort and n >= 5
    state in (verified, read) or not (year < 2020)
    design == "case series"
    adverse_events has URTI

Comparisons are == != < <= > >=, `in (...)`, `not in (...)` and `has`, which finds
words within a cell ("ANA" in "ANA; anti-Ro", not in "banana"); they join with
`and`, `or`, `not` and parentheses. A column stands on the left, a number, a word
or a quoted text on the right. Text is compared without regard to case, numbers
as numbers. A missing value compares false, so `not (year < 2020)` holds where
no year is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from evidence.errors import OptionError
from evidence.review.schema import near

Predicate = Callable[[Mapping[str, object]], bool]

DEEPEST = 50
"""Parentheses and nots within one another; more is not a question a person asks."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"[^"]*"|'[^']*')
      | (?P<operator>==|!=|<=|>=|<|>|\(|\)|,)
      | (?P<word>[^\s"'()<>=!,&|]+)
    )""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_HINTS = {
    "=>": "write >=", "=<": "write <=", "<>": "write !=", "=": "write == for equal", "&": "write and", "|": "write or",
    "!": "write != or not", "≥": "write >=", "≤": "write <=", "≠": "write !=",
} | dict.fromkeys("“”„‟‘’‚«»", "use straight quotes: \" or '")  # fmt: skip
"""What other languages write, and word processors make of what is typed."""

_ODD = re.compile(r"\s*(=>|=<|<>|[≥≤≠“”„‟‘’‚«»])")


class Where(NamedTuple):
    """A parsed condition: call it with a row's columns. `names` are the columns it looks at."""

    text: str
    names: frozenset[str]
    predicate: Predicate

    def __call__(self, row: Mapping[str, object]) -> bool:
        return self.predicate(row)

    def __str__(self) -> str:
        return self.text


def parse_where(text: str, columns: Iterable[str], numeric: Iterable[str] = ()) -> Where:
    """The condition as a predicate; `columns` are the names it may use, `numeric` those that hold numbers only.

    Raises `OptionError` with the place of the fault marked by a caret.
    """
    parser = _Parser(text, tuple(columns), frozenset(numeric))
    predicate = parser.parse()
    return Where(text, frozenset(parser.names), predicate)


class _Token(NamedTuple):
    kind: str  # text, operator, word, end
    text: str
    at: int


class _Parser:
    def __init__(self, text: str, columns: tuple[str, ...], numeric: frozenset[str]) -> None:
        self.text, self.columns, self.numeric = text, columns, numeric
        self.names: set[str] = set()
        self.tokens = self._tokens()
        self.position = 0
        self.depth = 0

    # ---- tokens

    def _tokens(self) -> list[_Token]:
        tokens, at, end = [], 0, len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at) if _ODD.match(self.text, at) is None else None
            if match is None:
                at = len(self.text) - len(self.text[at:].lstrip())
                two, one = self.text[at : at + 2], self.text[at]
                hint = _HINTS.get(two) or _HINTS.get(one, "not understood")
                if one in "\"'":
                    hint = "this quote is not closed"
                raise self.error(at, hint)
            kind = match.lastgroup or ""
            tokens.append(_Token(kind, match[kind], match.start(kind)))
            at = match.end()
        tokens.append(_Token("end", "", end))
        return tokens

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def take(self) -> _Token:
        token = self.token
        self.position += token.kind != "end"
        return token

    def word(self, *words: str) -> bool:
        """Whether the next token is one of these keywords."""
        return self.token.kind == "word" and self.token.text.lower() in words

    def sign(self, *signs: str) -> bool:
        return self.token.kind == "operator" and self.token.text in signs

    def error(self, at: int, message: str) -> OptionError:
        caret = f"  {self.text}\n  {' ' * at}^ {message}"
        example = 'a condition such as: design == cohort and n >= 5, or design in ("case series", cohort)'
        return OptionError("where", self.text, f"{example}\n{caret}")

    # ---- grammar, one method a rule

    def parse(self) -> Predicate:
        if self.token.kind == "end":
            raise self.error(0, "the condition is empty")
        predicate = self.either()
        if self.token.kind != "end":
            word = self.token.kind == "word" and self.tokens[self.position - 1].kind == "word"
            raise self.error(
                self.token.at, "put several words in quotes" if word else "expected and, or, or the end"
            )
        return predicate

    def either(self) -> Predicate:
        parts = [self.both()]
        while self.word("or"):
            self.take()
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def both(self) -> Predicate:
        parts = [self.single()]
        while self.word("and"):
            self.take()
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def single(self) -> Predicate:
        if self.depth >= DEEPEST:
            raise self.error(self.token.at, f"more than {DEEPEST} levels of parentheses and nots")
        self.depth += 1
        try:
            if self.word("not"):
                self.take()
                inner = self.single()
                return lambda row: not inner(row)
            if self.sign("("):
                opened = self.take()
                inner = self.either()
                if not self.sign(")"):
                    raise self.error(opened.at if self.token.kind == "end" else self.token.at, "expected )")
                self.take()
                return inner
            return self.comparison()
        finally:
            self.depth -= 1

    def comparison(self) -> Predicate:
        name = self.column()
        if self.word("in") or self.word("not"):
            inverse = self.word("not")
            self.take()
            if inverse:
                if not self.word("in"):
                    raise self.error(self.token.at, "expected in")
                self.take()
            tests = [_comparison(name, "==", value) for value in self.values()]
            if not inverse:
                return lambda row: any(test(row) for test in tests)
            return lambda row: not _missing(row.get(name)) and not any(test(row) for test in tests)
        if self.word("has"):
            self.take()
            words = self.value()
            if not _text(words).strip():
                raise self.error(words.at, "expected a word")
            return _words_within(name, words)
        if not self.sign(*_COMPARISONS):
            raise self.error(self.token.at, "expected one of " + " ".join(_COMPARISONS) + " in has")
        operator = self.take().text
        value = self.value()
        if name in self.numeric and not _NUMBER.fullmatch(_text(value).strip()):
            raise self.error(value.at, f"{name} holds numbers: expected one")
        return _comparison(name, operator, value)

    def column(self) -> str:
        token = self.take()
        name = token.text[1:-1] if token.kind == "text" else token.text
        if token.kind in ("word", "text") and name in self.columns:
            self.names.add(name)
            return name
        if token.kind in ("end", "operator"):
            raise self.error(token.at, "expected a column: " + ", ".join(self.columns))
        hint = near(name, self.columns)
        raise self.error(token.at, f"not a column{hint}; columns: {', '.join(self.columns)}")

    def values(self) -> list[_Token]:
        if not self.sign("("):
            raise self.error(self.token.at, "expected a list: (one, two)")
        self.take()
        values = [self.value()]
        while self.sign(","):
            self.take()
            values.append(self.value())
        if not self.sign(")"):
            raise self.error(self.token.at, "expected , or ); put several words in quotes")
        self.take()
        return values

    def value(self) -> _Token:
        if self.token.kind not in ("word", "text"):
            raise self.error(self.token.at, "expected a number, a word or a text in quotes")
        return self.take()


def _text(token: _Token) -> str:
    """A value without its quotes."""
    return token.text[1:-1] if token.kind == "text" else token.text


def _missing(value: object) -> bool:
    return value is None or value == ""


def _comparison(name: str, operator: str, token: _Token) -> Predicate:
    """A column against a value: as numbers where both are, else as text without case (== and != only)."""
    text = _text(token)
    folded = text.strip().casefold()
    number = float(text) if _NUMBER.fullmatch(text.strip()) else None

    def holds(row: Mapping[str, object]) -> bool:
        value = row.get(name)
        if _missing(value):
            return False
        left = _as_number(value)
        if left is not None and number is not None:
            return _compare(operator, left, number)
        if operator == "==":
            return str(value).strip().casefold() == folded
        if operator == "!=":
            return str(value).strip().casefold() != folded
        if number is None and isinstance(value, str) and left is None:
            return _compare(operator, value.strip().casefold(), folded)  # dates and names have an order too
        return False

    return holds


def _words_within(name: str, token: _Token) -> Predicate:
    """A column in which these words stand, one after the other and whole, in any case."""
    words = r"\s+".join(map(re.escape, _text(token).split()))
    pattern = re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)

    def holds(row: Mapping[str, object]) -> bool:
        value = row.get(name)
        return not _missing(value) and pattern.search(str(value)) is not None

    return holds


def _as_number(value: object) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else None


def _compare(operator: str, left: float | str, right: float | str) -> bool:
    order = (left > right) - (left < right)  # type: ignore[operator]  # both numbers or both text
    return {
        "==": order == 0,
        "!=": order != 0,
        "<": order < 0,
        "<=": order <= 0,
        ">": order > 0,
        ">=": order >= 0,
    }[operator]
