"""What a cell that cannot be read was probably meant to be: the slips of spreadsheets, locales and hands.

Nothing is corrected. A problem only says what it takes the cell for, so that
the person who can look at the paper decides. Imported on the way to an error.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from evidence.review.schema import LAST_VISIT, NOT_STATED, NUMERIC, Column, Fault, nearest, parse

MISSING = frozenset(
    {
        "", "-", "--", "---", "–", "—", ".", "..", "?", "/", "na", "n/a", "n.a.", "n. a.", "nan", "nd", "n.d.", "nr",
        "n.r.", "ns", "n.s.", "none", "null", "nil", "missing", "unknown", "not available", "not reported", "not given",
        "no data", "not known",
    }
)  # fmt: skip
"""Words people write where they know nothing. "Not stated" is a word of the tables' own, where a column has it."""

LAST_VISITS = frozenset(
    {
        "last",
        "last follow-up",
        "last follow up",
        "last observation",
        "end of follow-up",
        "end of study",
        "final visit",
    }
)
ERRORS = re.compile(r"#(N/A|NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!|SPILL!|CALC!)", re.IGNORECASE)

LOOK_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухԁһԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧον",
    "ABESIJKMHOPCTYXaesijopcyxdhqwABEZHIKMNOPTYXov",
)
"""Cyrillic and Greek letters that print as Latin ones."""

INVISIBLE = {
    "\u00ad": "a soft hyphen", "\u200b": "a zero-width space", "\u200c": "a zero-width non-joiner",
    "\u200d": "a zero-width joiner", "\u200e": "a direction mark", "\u200f": "a direction mark",
    "\u2028": "a line separator", "\u2029": "a paragraph separator", "\u2060": "a word joiner",
    "\ufeff": "a byte-order mark", "\u00a0": "a no-break space", "\u202f": "a narrow no-break space",
    "\u2007": "a figure space", "\u2009": "a thin space", "\x00": "a NUL character", "\t": "a tab", "\n": "a line break",
    "\r": "a line break",
}  # fmt: skip

_MONTHS = {
    "jan": 1, "ene": 1, "gen": 1, "feb": 2, "fev": 2, "mar": 3, "mrz": 3, "maa": 3, "mrt": 3, "apr": 4, "abr": 4, "avr": 4,
    "may": 5, "mai": 5, "mag": 5, "mei": 5, "jun": 6, "giu": 6, "jul": 7, "lug": 7, "aug": 8, "ago": 8, "aou": 8, "sep": 9,
    "set": 9, "oct": 10, "okt": 10, "ott": 10, "out": 10, "nov": 11, "dec": 12, "dez": 12, "dic": 12,
}  # fmt: skip
"""First letters of the months in English, German, French, Spanish, Italian, Portuguese and Dutch, without accents."""

_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_THOUSANDS = re.compile(r"-?[0-9]{1,3}([,.'’ \u00a0\u2009\u202f])[0-9]{3}(?:\1[0-9]{3})*((?!\1)[.,][0-9]+)?")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]{1,2}")
_DAY_MONTH = re.compile(r"([0-9]{1,2})[-/. ]{1,2}([a-z]{3,9})\.?(?:[-/., ]+[0-9]{2,4})?")
_MONTH_DAY = re.compile(r"([a-z]{3,9})\.?[-/. ]{1,2}([0-9]{1,2})(?:,? +[0-9]{4})?")
_CLOCK = r"(?:[T ]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_ISO = re.compile(rf"([0-9]{{4}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}}){_CLOCK}")
_NUMERIC = re.compile(rf"([0-9]{{1,2}})([-/.])([0-9]{{1,2}})\2(?:[0-9]{{4}}|[0-9]{{2}}){_CLOCK}")
_BESIDE = re.compile(
    r"(?:week|wk|w|month|day|n ?=|x ?=)?\s*(-?[0-9]+(?:\.[0-9]+)?)\s*([^\W\d_][\w .]*|[*†‡§¶#]+)?",
    re.IGNORECASE,
)
_WITH_PERCENT = re.compile(r"([0-9]+)\s*\(\s*[0-9]+(?:[.,][0-9]+)?\s*%?\s*\)")
_FRACTION = re.compile(r"([0-9]+)\s*(?:/|of|de|von|sur)\s*([0-9]+)")

MONTH = 365.25 / 12 / 7
"""Weeks in a month, as reviews write them."""


class Guess(NamedTuple):
    """What is wrong, in better words than the rule's own ("" to keep those), and what was meant ("" if unclear)."""

    reason: str
    likely: str = ""


def explain(column: Column, text: str, fault: Fault, known: AbstractSet[str] | None = None) -> Guess:
    """The fault of a cell with what was probably meant; `known` are the keys a reference may name."""
    guess = _explain(column, text)
    if known is not None and guess.likely not in known:
        guess = guess._replace(likely=nearest(text, known) or guess.likely)
    return guess._replace(reason=guess.reason or fault.reason)


@lru_cache(maxsize=4096)
def _explain(column: Column, text: str) -> Guess:
    if not text:
        return Guess("")
    readers: tuple[Callable[[Column, str], Guess | None], ...] = (_unseen, _apostrophe)
    if column.kind in NUMERIC:
        readers += (_missing, *_OF_NUMBERS)
    elif column.words:
        readers += (_word, _missing)
    elif column.kind in _OF_KIND:
        readers += (_OF_KIND[column.kind], _missing)
    for read in readers:
        guess = read(column, text)
        if guess is not None:
            return guess if guess.likely != text else guess._replace(likely="")
    return Guess("")


def fits(column: Column, text: str) -> bool:
    """Whether the column could hold the text."""
    return not isinstance(parse(column, text), Fault)


def joined(readings: Iterable[str]) -> str:
    """Each reading once: `3/12 or 12/3`."""
    return " or ".join(dict.fromkeys(readings))


# ---- what no column may hold ---------------------------------------------------------------------


def visible(text: str) -> str:
    """The text as a person sees it: nothing invisible, single plain spaces."""
    kept = "".join(
        " " if c.isspace() else "" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") else c
        for c in text
    )
    return " ".join(kept.split())


def unseen(text: str) -> str:
    """What invisible character is in the text: `a zero-width space (U+200B)`; "" where there is none."""
    found = (
        c for c in text if c != " " and (c.isspace() or unicodedata.category(c) in ("Cc", "Cf", "Co", "Cn"))
    )
    return next(map(called, found), "")


def called(character: str) -> str:
    """The name of a character nobody sees, and its code."""
    name = INVISIBLE.get(character) or unicodedata.name(character, "a control character").lower()
    return f"{name} (U+{ord(character):04X})"


def latin(text: str) -> str:
    """The text with look-alike letters made Latin in each word that has Latin ones too; else as it is."""
    return re.sub(
        r"[^\W\d_]+",
        lambda word: word[0].translate(LOOK_ALIKE) if re.search("[A-Za-z]", word[0]) else word[0],
        text,
    )


def composed(text: str) -> str:
    """The text with each accented letter as one character."""
    return unicodedata.normalize("NFC", text)


def _unseen(column: Column, text: str) -> Guess | None:
    found = unseen(text)
    if not found or _THOUSANDS.fullmatch(text):
        return None
    clean = visible(text)
    meant = clean if fits(column, clean) else _explain(column, clean).likely
    return Guess(f"has {found} in it", meant)


def shown_otherwise(text: str) -> Guess | None:
    """What a spreadsheet holds and shows as something else: a formula, an error, a column too narrow."""
    if text.startswith("="):
        total = re.fullmatch(r"=([0-9]{1,9}(?:\+[0-9]{1,9}){0,9})", text)
        return Guess("is a formula, not its value", str(sum(map(int, total[1].split("+")))) if total else "")
    if ERRORS.fullmatch(text):
        return Guess(
            "is a spreadsheet's error, not a value", "an empty cell" if text.upper() == "#N/A" else ""
        )
    if set(text) == {"#"}:
        return Guess("is what a spreadsheet shows where a column is too narrow")
    return None


def _apostrophe(column: Column, text: str) -> Guess | None:
    if text[0] not in "'’‘`´" or column.kind == "text":
        return None
    rest = text[1:].strip()
    return Guess("starts with an apostrophe", rest if fits(column, rest) else _explain(column, rest).likely)


def _missing(column: Column, text: str) -> Guess | None:
    if text.casefold() not in MISSING:
        return None
    if not column.required:
        return Guess("stands for a missing value", "an empty cell")
    stated = column.kind == "weeks" or NOT_STATED in column.words
    return Guess("stands for a missing value", NOT_STATED if stated else "")


# ---- numbers -------------------------------------------------------------------------------------


def _percent_sign(column: Column, text: str) -> Guess | None:
    if not text.endswith(("%", "％")):
        return None
    number = text[:-1].strip()
    number = number.replace(",", ".") if _COMMA.fullmatch(number) else number
    counts = column.kind == "integer" and column.name in ("events", "n")
    if counts and _PLAIN.fullmatch(number):
        return Guess("is a percentage, not a count", f"{number} in the column percent")
    return Guess("has a percent sign", number if fits(column, number) and column.kind != "integer" else "")


def _digits(column: Column, text: str) -> Guess | None:
    """Digits of other scripts, minus signs and dashes for a minus, a plus, letters that look like digits."""
    other = "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() else "-" if c in "−–‐‑" and index == 0 else c
        for index, c in enumerate(text)
    )
    if other != text and fits(column, other):
        return Guess("has digits or signs of another script", other)
    if text[0] == "+" and fits(column, text[1:]):
        return Guess("starts with a plus sign", text[1:])
    letters = text.translate(str.maketrans("OoΟОІlI|", "00001111"))
    if letters != text and any("0" <= c <= "9" for c in text) and fits(column, letters):
        return Guess("has a letter for a digit", letters)
    return None


def _thousands(column: Column, text: str) -> Guess | None:
    found = _THOUSANDS.fullmatch(text)
    if not found or text.startswith("0"):
        return None
    mark, rest = found[1], found[2] or ""
    whole = text[: len(text) - len(rest)].replace(mark, "") + rest.replace(",", ".")
    readings = [whole] if fits(column, whole) else []
    if mark in ".," and not rest and text.count(mark) == 1 and column.kind != "integer":
        decimal = text.replace(",", ".")
        readings += [decimal] if fits(column, decimal) else []
        return Guess("has a thousands separator or a decimal comma", joined(readings))
    return Guess("has a thousands separator", joined(readings))


def _decimal_comma(column: Column, text: str) -> Guess | None:
    if not _COMMA.fullmatch(text):
        return None
    number = text.replace(",", ".")
    if column.kind == "integer":
        return Guess("is not a whole number", _whole(number))
    return Guess("has a decimal comma", number if fits(column, number) else "")


def _scientific(column: Column, text: str) -> Guess | None:
    if not _SCIENTIFIC.fullmatch(text):
        return None
    number = format(Decimal(text.replace(",", ".")), "f")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    reason = "is in scientific notation, in which spreadsheets lose digits"
    return Guess(reason, number if fits(column, number) else "")


def _date(column: Column, text: str) -> Guess | None:
    readings = list(dates(text, {"integer": "/", "weeks": "-"}.get(column.kind, ".")))
    return Guess("is a date, which a spreadsheet made of a number", joined(readings)) if readings else None


def dates(text: str, mark: str = "/") -> Iterable[str]:
    """What was typed before a spreadsheet took it for a date, in both orders: `3/12`, `12/3`; nothing if it is none.

    A month with a number that is no day ("Mar-49") was a month and a year: 3/49.
    """
    plain = _unaccented(text)
    year = ""
    if found := _DAY_MONTH.fullmatch(plain):
        day, month = int(found[1]), _month(found[2])
    elif found := _MONTH_DAY.fullmatch(plain):
        day, month = int(found[2]), _month(found[1])
        if month and not 1 <= day <= 31:
            yield f"{month}{mark}{day:02d}"
            return
    elif found := _ISO.fullmatch(text):
        day, month, year = int(found[3]), int(found[2]), found[1][2:]
    elif found := _NUMERIC.fullmatch(text):
        day, month = int(found[1]), int(found[3])
        if month > 12:
            day, month = month, day
    else:
        return
    if not (month and 1 <= month <= 12 and 1 <= day <= 31):
        return
    yield f"{day}{mark}{month}"
    yield f"{month}{mark}{day}"
    if day == 1 and year:  # 3/49 becomes the first of March 1949
        yield f"{month}{mark}{year}"


def serial(number: int) -> str:
    """What was typed before a spreadsheet made a date of it and showed the date's number (46359): `3/12 or 12/3`."""
    if not 36526 <= number <= 73050:  # the years 2000 to 2099
        return ""
    day = datetime.date(1899, 12, 30) + datetime.timedelta(days=number)
    return joined((f"{day.day}/{day.month}", f"{day.month}/{day.day}"))


def _counts(column: Column, text: str) -> Guess | None:
    if found := _WITH_PERCENT.fullmatch(text):
        return Guess("is a count with its percentage", found[1] if fits(column, found[1]) else "")
    if found := _FRACTION.fullmatch(text):
        if column.name in ("events", "n"):
            return Guess("is two numbers in one cell", f"events {found[1]}, n {found[2]}")
        return Guess("is two numbers in one cell")
    return None


def _in_words(column: Column, text: str) -> Guess | None:
    folded = text.casefold()
    if column.kind == "weeks":
        if folded == "baseline":
            return Guess("", "0")
        meant = LAST_VISIT if folded in LAST_VISITS else nearest(text, (LAST_VISIT, NOT_STATED))
        if meant:
            return Guess("", meant)
    words = (
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    )
    number = str(words.index(folded)) if folded in words else ""
    return Guess("", number) if number and fits(column, number) else None


def _beside(column: Column, text: str) -> Guess | None:
    """A number with a unit, a word or a footnote's sign beside it; months and days are made weeks."""
    found = _BESIDE.fullmatch(text)
    if not found or found[1] == text:
        return None
    number, around = found[1], text.casefold()
    if column.kind == "weeks" and not re.search(r"\bw", around):
        if "month" in around or re.search(r"\bmo", around):
            number = f"{float(number) * MONTH:.2f}"
        elif re.search(r"\bd", around) or "day" in around:
            number = f"{float(number) / 7:.2f}".rstrip("0").rstrip(".")
    return Guess("has something beside the number", number if fits(column, number) else "")


def _point_nought(column: Column, text: str) -> Guess | None:
    return Guess("", _whole(text)) if column.kind == "integer" and _PLAIN.fullmatch(text) else None


def _whole(number: str) -> str:
    """7 for 7.0; "" for 7.5."""
    whole, _, decimals = number.partition(".")
    return "" if decimals.strip("0") else whole


_OF_NUMBERS = (
    _percent_sign, _digits, _thousands, _decimal_comma, _scientific, _date, _counts, _in_words, _point_nought, _beside,
)  # fmt: skip
"""In this order: "1,234" is a thousand before it is a decimal comma, "03-Dec" a date before it is 3 of something."""


# ---- words, keys, identifiers, dates -------------------------------------------------------------


def _word(column: Column, text: str) -> Guess | None:
    meant = nearest(text, column.words)
    return Guess("", meant) if meant else None


def _name(column: Column, text: str) -> Guess | None:
    plain = latin(text)
    if plain != text:
        odd = next(c for c, d in zip(text, plain, strict=True) if c != d)
        return Guess(f"has a letter that only looks Latin ({odd}, U+{ord(odd):04X})", plain)
    clean = composed(visible(text))
    return Guess("", clean) if clean != text else None


def _key(column: Column, text: str) -> Guess | None:
    if latin(text) != text:
        return _name(column, text)
    clean = re.sub(r"[^\w.-]+", "-", composed(visible(text))).strip("-_.")
    return Guess("", clean) if clean and fits(column, clean) else None


def _found(pattern: str, before: str = "") -> Callable[[Column, str], Guess | None]:
    """A reader that takes the one thing that fits out of a link or a label."""
    compiled = re.compile(pattern)

    def read(column: Column, text: str) -> Guess | None:
        found = compiled.search(text)
        meant = before + found[1] if found else ""
        return Guess("", meant) if meant and fits(column, meant) else None

    return read


def _calendar(column: Column, text: str) -> Guess | None:
    """A date as others write it, in the year-month-day of the tables; both readings where it has two."""
    plain, readings = _unaccented(text), []
    if found := _ISO.fullmatch(text):
        readings = [(int(found[1]), int(found[2]), int(found[3]))]
    elif found := re.fullmatch(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})", text):
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        readings = [(year, second, first), (year, first, second)]
    elif found := re.fullmatch(r"([0-9]{1,2})[-/.]([0-9]{4})", text):
        readings = [(int(found[2]), int(found[1]), 0)]
    elif found := re.fullmatch(r"([0-9]{4})[-/.]([0-9]{1,2})", text):
        readings = [(int(found[1]), int(found[2]), 0)]
    elif found := re.fullmatch(r"([0-9]{1,2})[-/. ]+([a-z]{3,9})\.?[-/., ]+([0-9]{4})", plain):
        readings = [(int(found[3]), _month(found[2]), int(found[1]))]
    elif found := re.fullmatch(r"([a-z]{3,9})\.? +([0-9]{1,2}),? +([0-9]{4})", plain):
        readings = [(int(found[3]), _month(found[1]), int(found[2]))]
    elif found := re.fullmatch(r"([a-z]{3,9})\.?[-/. ]+([0-9]{4}|[0-9]{2})", plain):
        year = int(found[2])
        readings = [(year if year > 99 else 2000 + year, _month(found[1]), 0)]
    written = [f"{y}-{m:02d}-{d:02d}" if d else f"{y}-{m:02d}" for y, m, d in readings]
    meant = joined(date for date in written if fits(column, date))
    return Guess("", meant) if meant else None


_OF_KIND: dict[str, Callable[[Column, str], Guess | None]] = {
    "name": _name,
    "key": _key,
    "date": _calendar,
    "doi": _found(r"(10\.[0-9]{4,9}/\S+?)[.,;]?$"),
    "pmid": _found(r"(?:^|\D)([1-9][0-9]{0,8})(?:\.0*)?\D*$"),
    "pmcid": _found(r"([1-9][0-9]{0,9})\D*$", "PMC"),
}


def _month(word: str) -> int:
    """1 to 12, in the languages that spreadsheets speak; 0 for no month."""
    if word.startswith("jui"):  # juin, juillet
        return 7 if word.startswith("juil") else 6
    return _MONTHS.get(word[:3], 0)


def _unaccented(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
