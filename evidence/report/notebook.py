"""A result in a notebook: the words and rows of the terminal as an HTML fragment, with the forest drawn beside its numbers.

A notebook may show it on a light or a dark page, and without our style and pictures where the notebook is not trusted:
so colours are the page's own, and whatever a picture shows stands in the table as text too. Everything is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from evidence.report.characters import KEEP, clean, shorten
from evidence.report.markup import URL
from evidence.report.notebook_parts import Fragment, Picture, describe
from evidence.report.parts import Bar, Code, Folded, Line, Paragraph, Part, Points, Said, Table

if TYPE_CHECKING:
    from markupsafe import Markup

LONGEST = 6000
"""Characters of a text: what is longer is no text any more, and would fill the notebook."""

WIDTH, HEIGHT, MARGIN = 220, 20, 10
"""Of a bar, in pixels; the margin is for marks and numbers at the ends of the axis."""

STYLE = """
.evidence-shown { max-width: 70em; line-height: 1.45; }
.evidence-shown p { margin: 0.3em 0; max-width: 50em; }
.evidence-shown .alarm { border-left: 4px solid currentColor; padding-left: 0.6em; font-weight: bold; }
.evidence-shown table { border-collapse: collapse; table-layout: auto; margin: 0.6em 0; font-variant-numeric: tabular-nums; }
.evidence-shown caption { caption-side: top; text-align: left; font-weight: bold; padding: 0.2em 0; color: inherit; }
.evidence-shown th, .evidence-shown td { text-align: left; vertical-align: top; padding: 0.15em 0.6em 0.15em 0; }
.evidence-shown th, .evidence-shown td { max-width: 28em; white-space: normal; }
.evidence-shown thead th { vertical-align: bottom; border-bottom: 1px solid currentColor; }
.evidence-shown tbody th { font-weight: normal; }
.evidence-shown tr.pool > *, .evidence-shown tr.average > *, .evidence-shown tr.heading > * { font-weight: bold; }
.evidence-shown .number { text-align: right; white-space: nowrap; }
.evidence-shown ul { margin: 0.4em 0; padding-left: 1.3em; max-width: 50em; font-size: 0.92em; }
.evidence-shown summary { cursor: pointer; }
.evidence-shown a { color: inherit; }
.evidence-shown svg { display: block; overflow: visible; }
"""


def html(result: object) -> str:
    """The result as a fragment of a page: its heading, the answer, tables with their forest, what to mind."""
    from markupsafe import Markup

    fragment = describe(result)
    return str(
        Markup(
            '<section class="evidence-shown" aria-label="{label}">\n<style>{style}</style>\n{body}\n</section>\n'
        ).format(
            label=_text(fragment.heading),
            style=Markup(STYLE),  # our own
            body=Markup("\n").join(_parts(fragment)),
        )
    )


def _parts(fragment: Fragment) -> Iterator[Markup]:
    from markupsafe import Markup

    yield Markup("<p><strong>{}</strong></p>").format(_text(fragment.heading))
    yield from _each(fragment.parts)


def _each(parts: Iterable[Part | Picture]) -> Iterator[Markup]:
    from markupsafe import Markup

    for part in parts:
        match part:
            case Paragraph() if part.said.text:
                tone = Markup(' class="alarm"') if part.tone == "warning" else ""
                yield Markup("<p{}>{}</p>").format(tone, _said(part.said))
            case Points() if part.items:
                name = "ol" if part.numbered else "ul"
                items = Markup("\n").join(Markup("<li>{}</li>").format(_said(item)) for item in part.items)
                yield Markup("<{0}>\n{1}\n</{0}>").format(name, items)
            case Table():
                yield _table(part)
            case Picture():
                yield _picture(part)
            case Folded():
                yield Markup("<details><summary>{}</summary>\n{}\n</details>").format(
                    _text(part.summary), Markup("\n").join(_each(part.parts))
                )
            case Code():
                yield Markup("<pre>{}</pre>").format("\n".join(map(_line_of, part.lines)))


def _text(text: str) -> str:
    """Visible characters, not endlessly many; "p = 0.01" and "95 %" stay on a line."""
    return KEEP.sub("\xa0", shorten(clean(text), LONGEST))


def _line_of(text: str) -> str:
    """A line as it is, its indentation kept."""
    return text[: len(text) - len(text.lstrip(" "))] + clean(text)


def _said(said: Said) -> Markup:
    """The text; a link where its address is one of the web, and only then."""
    from markupsafe import Markup, escape

    text = escape(_text(said.text))
    if said.href and URL.fullmatch(said.href):
        return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(said.href, text)
    return text


# ---- tables --------------------------------------------------------------------------------------


def _table(part: Table) -> Markup:
    from markupsafe import Markup

    head = Markup("").join(_head(said, place in part.numeric) for place, said in enumerate(part.head))
    lines = Markup("\n").join(
        _row("", row[0], [_cell(_said(cell), place in part.numeric) for place, cell in enumerate(row)][1:])
        for row in part.rows
    )
    return _framed(part.caption, head, lines)


def _framed(caption: str, head: Markup, lines: Markup) -> Markup:
    from markupsafe import Markup

    titled = Markup("<caption>{}</caption>\n").format(_text(caption)) if caption else ""
    return Markup("<table>\n{}<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody>\n</table>").format(
        titled, head, lines
    )


def _head(said: Said, number: bool = False) -> Markup:
    from markupsafe import Markup

    return Markup('<th scope="col"{}>{}</th>').format(_number(number), _said(said))


def _cell(inside: Markup, number: bool = False) -> Markup:
    from markupsafe import Markup

    return Markup("<td{}>{}</td>").format(_number(number), inside)


def _number(number: bool) -> Markup:
    from markupsafe import Markup

    return Markup(' class="number"' if number else "")


def _row(kind: str, name: Said, cells: Sequence[Markup]) -> Markup:
    from markupsafe import Markup

    named = Markup(' class="{}"').format(kind) if kind else Markup("")
    return Markup('<tr{}><th scope="row">{}</th>{}</tr>').format(named, _said(name), Markup("").join(cells))


# ---- the forest ----------------------------------------------------------------------------------


def _picture(part: Picture) -> Markup:
    from markupsafe import Markup

    name, *figures, plot, source = part.head
    head = [_head(Said(name)), *(_head(Said(figure), number=True) for figure in figures)]
    head.append(
        Markup('<th scope="col" aria-label="{}">{}</th>').format(_text(plot), _axis(part.ticks)),
    )
    sourced = any(line.detail for line in part.lines)
    if sourced:
        head.append(_head(Said(source)))
    rows = [_line(line, place, part, sourced) for place, line in enumerate(part.lines)]
    return _framed(part.caption, Markup("").join(head), Markup("\n").join(rows))


def _line(line: Line, place: int, part: Picture, sourced: bool) -> Markup:
    from markupsafe import Markup, escape

    shown = [line.counts, line.estimate, line.interval, *([line.weight] if part.weighted else [])]
    cells = [_cell(escape(figure), number=True) for figure in shown]
    cells.append(_cell(_bar(line.bar, part.rule) if line.kind != "heading" else Markup("")))
    if sourced:
        cells.append(_cell(_said(Said(line.detail, part.addresses[place]))))
    return _row(line.kind, line.name, cells)


def _x(percent: float) -> float:
    """A place on the axis in pixels."""
    return round(MARGIN + percent / 100 * (WIDTH - 2 * MARGIN), 1)


def _svg(inside: Markup) -> Markup:
    """A picture of what stands beside it as text, so nothing is read out."""
    from markupsafe import Markup

    return Markup(
        '<svg width="{0}" height="{1}" viewBox="0 0 {0} {1}" aria-hidden="true" focusable="false" '
        'stroke="currentColor" fill="currentColor">{2}</svg>'
    ).format(WIDTH, HEIGHT, inside)


def _axis(ticks: Sequence[tuple[float, str]]) -> Markup:
    from markupsafe import Markup

    text = '<text x="{}" y="14" font-size="11" text-anchor="middle" stroke="none">{}</text>'
    return _svg(Markup("").join(Markup(text).format(_x(at), said) for at, said in ticks))


def _bar(bar: Bar | None, rule: float | None) -> Markup:
    from markupsafe import Markup

    middle = HEIGHT / 2
    drawn = []
    if rule is not None:
        drawn.append(
            Markup('<path d="M{} 0V{}" stroke-dasharray="2 3" opacity="0.6"/>').format(_x(rule), HEIGHT)
        )
    if bar is not None:
        low, high, at = _x(bar.low), _x(bar.high), _x(bar.at)
        dashed = Markup(' stroke-dasharray="5 4"' if bar.shape == "dashes" else "")
        drawn.append(
            Markup('<path d="M{0} {1}H{2}" stroke-width="1.5"{3}/>').format(low, middle, high, dashed)
        )
        drawn.append(
            Markup('<path d="M{0} {2}v8M{1} {2}v8" stroke-width="1.5"/>').format(low, high, middle - 4)
        )
        if bar.shape == "square":
            drawn.append(
                Markup('<rect x="{0}" y="{1}" width="{2}" height="{2}" stroke="none"/>').format(
                    round(at - bar.size / 2, 1), round(middle - bar.size / 2, 1), bar.size
                )
            )
        elif bar.shape == "diamond":
            drawn.append(
                Markup('<path d="M{} {}l7 -7l7 7l-7 7z" stroke="none"/>').format(round(at - 7, 1), middle)
            )
    return _svg(Markup("").join(drawn))
