"""The traffic light of risk of bias: a study a row, a domain a column; signs as well as colours, so that grey suffices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from evidence.errors import OptionError
from evidence.report.figures.fonts import Type
from evidence.report.figures.forest import millimetres
from evidence.report.figures.layout import Dot, Item, Line, Page, Sheet, wrap
from evidence.report.figures.plane import Key, keys
from evidence.report.figures.style import (
    GREEN,
    GREY,
    HAIR,
    INK,
    PALE,
    SIZES,
    THIN,
    VERMILLION,
    WHITE,
    YELLOW,
    line_height,
)

JUDGEMENTS: Mapping[str, tuple[str, str, str]] = {
    "low": (GREEN, "+", "low risk"),
    "some": (YELLOW, "−", "some concerns"),
    "unclear": (YELLOW, "?", "unclear"),
    "moderate": (YELLOW, "−", "moderate risk"),
    "high": (VERMILLION, "×", "high risk"),
    "serious": (VERMILLION, "×", "serious risk"),
    "critical": (INK, "!", "critical risk"),
    "none": (PALE, "0", "no information"),
    "na": (WHITE, "", "no judgement, or not applicable"),
}
"""Judgement -> colour, sign, words."""

ALIASES = {
    "yes": "low", "y": "low", "+": "low", "low risk": "low", "met": "low",
    "some concerns": "some", "-": "some",
    "?": "unclear", "unsure": "unclear", "partial": "unclear",
    "no": "high", "n": "high", "x": "high", "high risk": "high", "not met": "high",
    "critical risk": "critical", "serious risk": "serious", "no information": "none",
    "not applicable": "na", "not judged": "na", "n/a": "na", "": "na",
}  # fmt: skip
"""What tools and people write -> judgement; checklists (JBI) answer yes, no, unclear."""


def rob_page(
    rows: Sequence[Mapping[str, str]], *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """The table resolved. Each row has `study` and a judgement for each domain, in the first row's order;
    a column Weight, which robvis wants, is left aside.

    Raises OptionError for a word that is no judgement, and for rows without a study.
    """
    if not rows:
        raise OptionError("rows", [], "a row for each study")
    domains = [name for name in rows[0] if name not in ("study", "Weight")]
    if not domains:
        raise OptionError("rows", list(rows[0]), "a column study and one for each domain")
    table = []
    for row in rows:
        if not str(row.get("study", "")).strip():
            raise OptionError("study", row.get("study"), "a name in every row")
        table.append((str(row["study"]), [_judgement(str(row.get(name) or "")) for name in domains]))
    wide = millimetres(width)
    sheet = Sheet(wide, SIZES[0] if wide >= 120 else 6.0, Type(font))
    if title:
        sheet.paragraph(title, size=sheet.size + 1, bold=True)
        sheet.bottom += 0.5 * sheet.line
    widest_head = max(sheet.type.width(sheet.type.say(name), sheet.size, True) for name in domains)
    cell = max(2.1 * sheet.line, widest_head + 2.0)
    if cell > 0.6 * (sheet.right - sheet.left) / len(domains):
        cell = 2.1 * sheet.line
    room = sheet.right - sheet.left - cell * len(domains) - sheet.line
    if room < 18:
        cell = max(1.25 * sheet.line, (sheet.right - sheet.left - sheet.line - 18) / len(domains))
        room = sheet.right - sheet.left - cell * len(domains) - sheet.line
    if room < 12:
        raise OptionError("width", width, f"a wider page for {len(domains)} domains")
    labels = [wrap(sheet.type, sheet.type.say(name), room, sheet.size) for name, _ in table]
    widest = max(sheet.type.width(line, sheet.size) for lines in labels for line in lines)
    left = sheet.left + max(widest, sheet.type.width("Study", sheet.size, True)) + sheet.line
    short = [f"D{number}" for number in range(1, len(domains) + 1)]
    names_fit = all(sheet.type.width(sheet.type.say(name), sheet.size, True) < cell - 0.6 for name in domains)
    heads = [sheet.type.say(name) for name in domains] if names_fit else short
    sheet.text(sheet.left, sheet.bottom + 0.9 * sheet.line, "Study", bold=True)
    for number, head in enumerate(heads):
        sheet.text(
            left + (number + 0.5) * cell, sheet.bottom + 0.9 * sheet.line, head, anchor="middle", bold=True
        )
    end = left + cell * len(domains)
    sheet.bottom += 1.25 * sheet.line
    sheet.rule(sheet.bottom, sheet.left, end)
    radius = min(0.42 * cell, 0.8 * sheet.line)
    for (_, judged), lines in zip(table, labels, strict=True):
        high = max(2.1, len(lines) + 0.4) * sheet.line
        y = sheet.bottom + high / 2
        for place, line in enumerate(lines):
            sheet.centred(sheet.left, y + (place - (len(lines) - 1) / 2) * sheet.line, line)
        for number, word in enumerate(judged):
            sheet.items.extend(_light(left + (number + 0.5) * cell, y, radius, word))
        sheet.bottom += high
        sheet.rule(sheet.bottom, sheet.left, end, HAIR, GREY)
    used = [word for word in JUDGEMENTS if any(word in judged for _, judged in table)]
    small = min(1.15, 0.4 * line_height(max(5.0, sheet.size - 1)))
    entries = [Key(_sign(word, small), JUDGEMENTS[word][2]) for word in used]
    notes = (
        []
        if names_fit
        else ["; ".join(f"{mark}: {name}" for mark, name in zip(short, domains, strict=True)) + "."]
    )
    keys(sheet, entries, notes)
    said = f"Risk of bias of {len(table)} studies in {len(domains)} domains."
    return sheet.page(title or "Risk of bias", said)


def _judgement(word: str) -> str:
    key = " ".join(word.strip().lower().split())
    found = ALIASES.get(key, key)
    if found not in JUDGEMENTS:
        raise OptionError("judgement", word, (*JUDGEMENTS, "yes", "no"))
    return found


def _sign(word: str, radius: float) -> Callable[[float, float], list[Item]]:
    return lambda x, y: _light(x, y, radius, word)


def _light(x: float, y: float, radius: float, word: str) -> list[Item]:
    """A disc with its sign drawn as lines, so that it stands in the middle in any font."""
    fill, sign, _ = JUDGEMENTS[word]
    items: list[Item] = [Dot(x, y, radius, fill, INK, HAIR, order=2)]
    ink = WHITE if word in ("critical",) else INK
    r = 0.5 * radius

    def stroke(*points: tuple[float, float]) -> None:
        items.append(
            Line(tuple((x + r * a, y + r * b) for a, b in points), 2 * THIN * min(1.0, radius), ink, order=4)
        )

    if sign in ("+", "−"):
        stroke((-1, 0), (1, 0))
    if sign == "+":
        stroke((0, -1), (0, 1))
    elif sign == "×":
        stroke((-0.8, -0.8), (0.8, 0.8))
        stroke((-0.8, 0.8), (0.8, -0.8))
    elif sign == "!":
        stroke((0, -1.1), (0, 0.4))
        items.append(Dot(x, y + 0.85 * r, 0.2 * radius * 0.6, ink, order=4))
    elif sign == "?":
        arc = (
            (-0.6, -0.55),
            (-0.45, -0.9),
            (0.0, -1.05),
            (0.45, -0.9),
            (0.6, -0.5),
            (0.4, -0.15),
            (0.05, 0.1),
            (0.0, 0.45),
        )
        stroke(*arc)
        items.append(Dot(x, y + 0.9 * r, 0.2 * radius * 0.6, ink, order=4))
    elif sign == "0":
        stroke((-0.6, 0.7), (0.6, -0.7))
    return items
