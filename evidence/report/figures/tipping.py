"""The tipping curve: limits of the average for each amount by which series may differ, and where they meet the reference."""

from __future__ import annotations

from evidence.analysis.robustness import Sensitivity
from evidence.errors import NotPossible
from evidence.report.characters import clean
from evidence.report.figures.layout import Dot, Line, Page, ticks, written
from evidence.report.figures.plane import Key, keys, plane
from evidence.report.figures.style import BLUE, DASHED, DOTTED, INK, MEDIUM, PALE, THIN, VERMILLION
from evidence.report.numbers import level


def tipping_page(
    found: Sensitivity, *, width: str | float = "two", title: str = "", font: str | None = None
) -> Page:
    """The curve resolved. Raises NotPossible for fewer than two series, which cannot differ."""
    tipping = found.tipping
    if tipping is None:
        raise NotPossible("fewer than two series: there is nothing to differ")
    taus = [float(tau) for tau in tipping.taus]
    low = [100 * float(value) for value in tipping.low]
    high = [100 * float(value) for value in tipping.high]
    last = max(
        [taus[-1], *([tipping.crossing * 1.08] if tipping.crossing and tipping.crossing <= 20 else [])]
    )
    marks = [0.0, 25.0, 50.0, 75.0, 100.0]
    frame = plane(width, (0.0, last), (-2.0, 102.0), written(marks), title=title, font=font)
    frame.band(taus, low, high, PALE, order=0)
    frame.line(list(zip(taus, low, strict=True)), width=MEDIUM, color=BLUE, order=3)
    frame.line(list(zip(taus, high, strict=True)), width=MEDIUM, color=BLUE, order=3)
    name = clean(found.reference.name) if found.reference is not None else "the reference"
    entries = [
        Key(
            lambda x, y: [Line(((x - 2.4, y), (x + 2.4, y)), MEDIUM, BLUE)],
            f"exact {level(found.level)} % limits of the average over series, for a given tau",
        )
    ]
    said = ""
    if tipping.reference is not None:
        rate = 100 * tipping.reference
        frame.line([(0.0, rate), (last, rate)], color=INK, width=THIN, dash=DASHED, order=2)
        entries.append(
            Key(lambda x, y: [Line(((x - 2.4, y), (x + 2.4, y)), THIN, INK, DASHED)], f"{name}: {rate:.1f} %")
        )
        if tipping.crossing is None:
            said = f"The limits do not meet {name} by tau = 20."
        elif tipping.crossing == 0:
            said = f"Already without any difference between series the limits hold {name}."
        else:
            said = f"They meet {name} at tau = {tipping.crossing:.1f}."
            if tipping.crossing > taus[-1]:  # beyond the last tau it was worked out for
                near = low if rate < low[-1] else high
                frame.line([(taus[-1], near[-1]), (tipping.crossing, rate)], color=BLUE, dash=DOTTED, order=3)
            frame.sheet.items.append(
                Dot(*frame.at(tipping.crossing, rate), 1.0, VERMILLION, INK, THIN, order=4)
            )
            entries.append(
                Key(
                    lambda x, y: [Dot(x, y, 1.0, VERMILLION, INK, THIN)],
                    f"tau = {tipping.crossing:.1f}: where they meet",
                )
            )
    places = ticks(0.0, last, 7)
    frame.below(places, written(places), "tau: standard deviation of the series' logits")
    frame.beside(marks, written(marks), f"Average {clean(found.analysis.outcome_label) or 'proportion'}, %")
    keys(frame.sheet, entries, [said])
    return frame.sheet.page(title or "Tipping curve", said, frame.x, frame.y)
