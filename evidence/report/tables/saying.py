"""Texts for a table: the library's in the language asked for, the review's own as they are; all clean, none longer than a text is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from evidence.analysis.results import Analysis, Result, StudyRow
from evidence.analysis.rows import OURS
from evidence.report import numbers
from evidence.report.characters import clean, shorten
from evidence.report.page.links import address
from evidence.report.page.texts import number, when
from evidence.report.page.views import LABEL, called
from evidence.report.parts import Said
from evidence.report.pooled.rows import decimals, marks
from evidence.report.pooled.words import footnotes
from evidence.report.tables.texts import TEXTS
from evidence.report.writing.composing import LANGUAGES
from evidence.review.schema import NOT_STATED
from evidence.synthesis.results import Interval

LONGEST = 1500
"""Characters of a cell or a note: what is longer is no text any more."""

NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Saying:
    """How one language says what stands in a table, and per how many patients it counts."""

    def __init__(self, lang: str, per: int = 100) -> None:
        self.lang, self.per, self.text, self.say = lang, per, TEXTS[lang], LANGUAGES[lang]()

    def own(self, text: object, href: str = "") -> Said:
        """What the review says itself, in whatever language."""
        return Said(shorten(clean(str(text)), LONGEST), address(href))

    def english(self, text: str) -> Said:
        """What the library says in English alone."""
        return Said(shorten(clean(text), LONGEST), lang="" if self.lang == "en" else "en")

    def prose(self, text: str) -> Said:
        """What the library says in this language."""
        return Said(shorten(clean(text), LONGEST))

    def word(self, key: str, **values: object) -> Said:
        return Said(self.text[key].format(**values))

    def impossible(self, reason: Exception) -> str:
        return self.text["not_possible"].format(reason=clean(str(reason)))

    # ---- numbers, as the other formats print them ------------------------------------------------------

    def figure(self, text: str) -> str:
        """A number in this language: "36.1 to 55.7" -> "36,1 a 55,7"."""
        return number(text, self.lang)

    def level(self, result: Result) -> str:
        return self.figure(numbers.level(float(result.options["level"])))

    def interval(self, value: Interval, digits: int) -> str:
        """ "45.8 (36.1 to 55.7)", not yet scaled nor in this language."""
        return f"{numbers.percent(value.estimate, digits)} ({numbers.span(value, digits)})"

    def scaled(self, text: str) -> str:
        """Percentages per so many patients: the digits stay, the point moves."""
        return self.figure(text if self.per == 100 else NUMBER.sub(_tenfold, text))

    def points(self, gap: Interval, digits: int) -> str:
        """A difference with its limits: "+54.2 (14.1 to 63.3)", not yet scaled nor in this language."""
        limits = f"{numbers.points(gap.low, digits)} to {numbers.points(gap.high, digits)}"
        return f"{numbers.points(gap.estimate, digits, sign=True)} ({limits})"

    # ---- names -------------------------------------------------------------------------------------------

    def row(self, result: Result, row: StudyRow) -> str:
        """A row with its marks and, of a reference, its time."""
        return " ".join((self.called(row), *marks(result, row)))

    def called(self, row: StudyRow) -> str:
        """A row without marks; ours, and counts that were typed without a name, in this language."""
        if row.role == "ours" and row.label == OURS:
            return called(row, self.lang).replace(OURS, self.text["ours"], 1)
        if not row.state:
            return shorten(self.say.name(row), LABEL)
        return called(row, self.lang)

    def differing(self, text: str) -> str:
        """What differs: "time: week 16 against week 12"; of a pool behind the names of those it is said of."""
        said = clean(text)
        if self.lang == "en":
            return said
        what, colon, sides = said.partition(": ")
        if not colon:
            return said
        field = self.say.differing(what)
        if field == what:
            return f"{what}: {self.differing(sides)}"
        known = [self._side(what, side) for side in sides.split(" against ")]
        joint = f" {self.text['versus']} "
        return f"{field}: {joint.join(known)}"

    def _side(self, what: str, side: str) -> str:
        if side == NOT_STATED:
            return self.text["not_stated"]
        return when(side, self.lang) if what == "time" else side

    def counted(self, result: Result, row: StudyRow) -> str:
        """A row with its count and interval: "Trial 1, week 12: 49/107, 45.8 % (36.1 to 55.7)"."""
        value = row.proportion
        share = (
            f"{numbers.brief(value.estimate, decimals(result))} % ({numbers.span(value, decimals(result))})"
        )
        return f"{self.row(result, row)}: {row.events}/{row.n}, {self.figure(share)}"

    def marks(self, results: Iterable[Result]) -> Iterator[Said]:
        """What the marks behind names mean, each once."""
        found = dict(pair for result in results for pair in footnotes(result))
        for mark, text in found.items():
            scale = text.removeprefix("by ")
            meaning = self.text.get(text) or f"{self.text['by']} {scale}"
            yield self.own(f"{mark} {meaning}")

    def warnings(self, results: Iterable[Result]) -> Iterator[Said]:
        """What must be read before anything else, each once."""
        for text in dict.fromkeys(text for result in results for text in result.warnings):
            yield self.prose(self.say.warning(clean(text)))

    def titled(self, key: str, result: Analysis) -> Said:
        """ "Comparison: A drug. CLASI-50 (at least 50 % less CLASI-A)"."""
        about = clean(result.outcome_label)
        if result.definition:
            about += f" ({clean(result.definition)})"
        parts = filter(None, (about, clean(result.title)))
        return Said(shorten(": ".join((self.text[key], ". ".join(parts))).removesuffix(": "), LONGEST))


def _tenfold(found: re.Match[str]) -> str:
    """ "45.8" -> "458", "0.1" -> "1", "100" -> "1000"."""
    whole, _, part = found[0].partition(".")
    moved = (whole + (part[:1] or "0")).lstrip("0") or "0"
    return f"{moved}.{part[1:]}" if part[1:] else moved
