"""Characters on a terminal: how wide they are, which are safe, and what stands for them in ASCII."""

from __future__ import annotations

import re
from functools import cache
from unicodedata import category, combining, east_asian_width, normalize

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""A terminal command: removed whole, so that its parameters do not remain as text."""

ASCII = {
    "†": "+", "◦": "o", "┊": ":", "\xa0": "\xa0", "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "…": "...", "·": ".", "•": "*",
    "≥": ">=", "≤": "<=", "≠": "!=", "±": "+/-", "×": "x", "→": "->", "°": " degrees", "µ": "u",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "«": '"', "»": '"', "²": "^2", "³": "^3",
    "∞": "infinity", "τ": "tau", "μ": "mu", "χ": "chi", "α": "alpha", "β": "beta", "γ": "gamma", "ß": "ss",
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE",
    "ı": "i", "þ": "th", "Þ": "Th", "ð": "d",
}  # fmt: skip
KEEP = re.compile(r"(?<=\d) (?=%)|(?<=\bp) (?=[=<])|(?<=[=<]) (?=[\d.])")
"""A space no line may break at: "95 %", "p = 0.011"."""

SUPERSCRIPT = dict(zip("ABDEGHIJKLMNOPRTUVW", "ᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ", strict=True))
"""Unicode has raised forms of these capitals only."""

ASCII |= {raised: f"^{letter}" for letter, raised in SUPERSCRIPT.items()}


def clean(text: str) -> str:
    """One line of visible characters: no terminal commands, controls or direction overrides.

    Everything that came from a file passes here before it is shown anywhere.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    text = ANSI.sub("", text)
    # Cc controls, Cf invisible formatting (zero-width, right-to-left overrides), Cs and Co have no glyph.
    safe = (" " if c.isspace() else "" if category(c) in {"Cc", "Cf", "Cs", "Co"} else c for c in text)
    return " ".join("".join(safe).split())


def cells(text: str) -> int:
    """How many terminal columns the text takes: East Asian wide letters two, combining marks none."""
    return len(text) if text.isascii() else sum(map(_cell, text))


@cache
def _cell(c: str) -> int:
    if combining(c) or category(c) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if east_asian_width(c) in "WF" else 1


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in at most `width` columns, with an ellipsis where it was cut."""
    if cells(text) <= width:
        return text
    room = width - cells(ellipsis)
    if room <= 0:
        return ellipsis[:width]
    return _head(text, room).rstrip() + ellipsis


def _head(text: str, width: int) -> str:
    used = 0
    for at, c in enumerate(text):
        used += _cell(c)
        if used > width:
            return text[:at]
    return text


def pad(text: str, width: int, *, right: bool = False) -> str:
    """The text filled with spaces to `width` columns; `right` aligns it to the right."""
    spaces = " " * max(0, width - cells(text))
    return spaces + text if right else text + spaces


def wrap(text: str, width: int, indent: str = "", hanging: str | None = None) -> list[str]:
    """Lines of at most `width` columns. textwrap counts characters, not columns, hence our own."""
    lines: list[str] = []
    line, used, empty = indent, cells(indent), True
    again = indent if hanging is None else hanging
    for word in KEEP.sub("\xa0", text).split(" "):
        size = cells(word)
        while used + (not empty) + size > width:
            if empty:  # a word longer than a line: cut it
                head = _head(word, max(2, width - used))
                line, word = line + head, word[len(head) :]
                size = cells(word)
            lines.append(line)
            line, used, empty = again, cells(again), True
        if word:
            line, used, empty = f"{line}{'' if empty else ' '}{word}", used + (not empty) + size, False
    return [done.replace("\xa0", " ") for done in (lines if empty else [*lines, line])]


def to_ascii(text: str) -> str:
    """Plain ASCII with the same meaning where there is one, `?` where there is not."""
    if text.isascii():
        return text
    return "".join(map(_ascii, text))


def _ascii(c: str) -> str:
    if c.isascii():
        return c
    if c in ASCII:
        return ASCII[c]
    plain = "".join(p for p in normalize("NFKD", c) if p.isascii())
    return plain or ("" if _cell(c) == 0 else " " if c.isspace() else "?")
