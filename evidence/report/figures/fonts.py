"""Type: how wide a text is, which fonts have its characters, and what stands for one that none has."""

from __future__ import annotations

from functools import cache
from typing import Any

from evidence.errors import OptionError
from evidence.report.characters import clean
from evidence.report.figures.style import MM

DEFAULT = "DejaVu Sans"
"""Comes with matplotlib, so that a figure is the same everywhere; has Latin, Greek, Cyrillic and more."""

FALLBACKS = (
    "Noto Sans",
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR",
    "Source Han Sans SC", "Source Han Sans", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback",
    "PingFang SC", "PingFang HK", "Hiragino Sans", "Hiragino Sans GB", "Apple SD Gothic Neo", "Heiti TC",
    "Microsoft YaHei", "SimHei", "Yu Gothic", "MS Gothic", "Malgun Gothic", "Arial Unicode MS",
    "IPAexGothic", "TakaoPGothic", "NanumGothic", "UnBatang", "Unifont",
    "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Thai", "Noto Sans Devanagari", "Noto Sans Bengali",
    "Noto Sans Tamil", "Lohit Devanagari", "Mangal", "Nirmala UI", "FreeSans", "Segoe UI", "Tahoma",
)  # fmt: skip
"""Asked in turn for a character that the figure's own font lacks."""

FIGURE_SPACE = "\N{FIGURE SPACE}"
"""As wide as a digit: numbers under each other line up, and stay text that can be copied."""

JOINED = ("\u0590", "\u0dff")
"""Hebrew, Arabic to the scripts of India: letters that join, change places, or run from right to left."""

JOINS = (3, 11)
"""The matplotlib that can write them; those before it set letter after letter, from left to right."""

UNKNOWN = "?"
"""Stands for a character that no font has: an empty box would say nothing, and this is warned of."""


class Type:
    """A font with those that stand in for it; measures and cleans texts, and remembers what could not be written."""

    def __init__(self, font: str | None = None) -> None:
        import logging

        from matplotlib.font_manager import fontManager

        logging.getLogger("matplotlib.font_manager").addFilter(_not_of_weight)
        self._installed = {entry.name for entry in fontManager.ttflist}
        if font is not None and font not in self._installed:
            raise OptionError("font", font, "a font that is installed, such as DejaVu Sans or Arial")
        self.families: tuple[str, ...] = tuple(dict.fromkeys([font or DEFAULT, DEFAULT]))
        self.missing: dict[str, str] = {}
        """Character -> the text it was first seen in."""
        self.apart = ""
        """The first text that this matplotlib cannot write as it is read."""
        self._widths: dict[tuple[str, float, bool], float] = {}

    def say(self, text: str) -> str:
        """The text as it will be drawn: clean, and of characters that a font has."""
        digits = text.replace(FIGURE_SPACE, "0")
        if digits.isascii() and digits.isprintable():
            return text.strip(" ")
        safe = clean(text)
        if not self.apart and any(JOINED[0] <= c <= JOINED[1] for c in safe) and not _joins():
            self.apart = safe
        return "".join(c if self._has(c) else self._note(c, safe) for c in safe)

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """Of a text in mm, as it was made by `say`."""
        key = (text, 1.0, bold)
        if key not in self._widths:
            from matplotlib.textpath import text_to_path

            face = properties(self.families, 10.0, bold)
            self._widths[key] = text_to_path.get_text_width_height_descent(text, face, False)[0] / 10
        return self._widths[key] * size * MM

    def _has(self, c: str) -> bool:
        if c.isspace() or any(c in _characters(family) for family in self.families):
            return True
        for family in FALLBACKS:
            if family in self._installed and c in _characters(family):
                self.families = (*self.families, family)
                self._widths.clear()
                return True
        return False

    def _note(self, c: str, text: str) -> str:
        self.missing.setdefault(c, text)
        return UNKNOWN


def _joins() -> bool:
    import matplotlib

    return bool(matplotlib.__version_info__ >= JOINS)


def _not_of_weight(record: Any) -> bool:
    """Fonts that stand in often have one weight; nobody need be told."""
    return "Failed to find font weight" not in str(record.msg)


@cache
def _characters(family: str) -> frozenset[str]:
    """What a font can write; both its weights must."""
    from matplotlib.font_manager import findfont, get_font

    found = [
        frozenset(map(chr, get_font(findfont(properties((family,), 10.0, bold))).get_charmap()))
        for bold in (False, True)
    ]
    return found[0] & found[1]


@cache
def properties(families: tuple[str, ...], size: float, bold: bool) -> Any:
    """matplotlib's name for a face."""
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=list(families), size=size, weight="bold" if bold else "normal")
