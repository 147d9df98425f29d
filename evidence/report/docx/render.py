"""Parts, and the whole page of `evidence report`, as a Word document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evidence.report.docx.figures import Figure
from evidence.report.docx.frame import POINT, blank, room, saved, shape
from evidence.report.docx.inline import Inline, field, run
from evidence.report.docx.tables import pairs, table
from evidence.report.docx.texts import TEXTS
from evidence.report.docx.widths import columns
from evidence.report.docx.xml import fit, fit_code, make
from evidence.report.page.texts import TEXTS as PAGE_TEXTS
from evidence.report.parts import (
    Code,
    Folded,
    Forest,
    Heading,
    Line,
    Page,
    Pairs,
    Paragraph,
    Part,
    Points,
    Said,
    Table,
    View,
)

if TYPE_CHECKING:
    from docx.document import Document

STYLES = {"lead": "Lead", "warning": "Warning", "small": "Small"}
DEEPEST = 3
"""Levels of headings."""

MANY, LINES = 6, 8
"""A table of so many columns, whose rows take so many lines on an upright page, lies across."""

SPACED = ("Heading", "Caption", "Figure")
"""Styles that have room above them."""

BELOW = 140
"""Room below a table and other blocks, twips."""

TOGETHER = 25
"""Lines of code that are kept on one page."""

ROOMY = 8.0
"""Points of type at which that is looked at."""


def render_parts(title: str, parts: Sequence[Part], *, lang: str = "en", version: str = "") -> bytes:
    """A document of these parts, one after the other; a wide table turns all of its pages."""
    from evidence import __version__

    said = Said(title)
    writer = _Writer(title, lang, version or __version__, _anchors(parts))
    writer.turn(_across(parts))
    if title:
        writer.add(writer.inline.paragraph("Title", said=said))
    writer.parts(parts, 1)
    return writer.done()


def render_page(page: Page, figures: Mapping[str, Figure] | None = None) -> bytes:
    """The whole page; `figures` by the key of the section they are part of (`figures.figures_of` draws them)."""
    title = f"{page.title.text}: {page.subtitle.text}" if page.subtitle.text else page.title.text
    anchors = [section.key for section in page.sections]
    for section in page.sections:
        anchors += _anchors(section.parts)
    writer = _Writer(title, page.lang, page.version, anchors, page.words, foot=page.title.text)
    inline = writer.inline
    writer.add(inline.paragraph("Title", said=page.title))
    if page.subtitle.text:
        writer.add(inline.paragraph("Subtitle", said=page.subtitle))
    if page.words["english"]:
        writer.add(inline.paragraph("Small", said=Said(page.words["english"])))
    for section in page.sections:
        writer.turn(_across(section.parts))
        heading = inline.paragraph("Heading1", *inline.mark(section.key), said=Said(section.title))
        writer.add(heading)
        writer.figure = (figures or {}).get(section.key)
        writer.parts(section.parts, 2)
    return writer.done()


def _anchors(parts: Iterable[Part]) -> Iterator[str]:
    """The places of these parts that can be gone to."""
    for part in parts:
        if isinstance(part, Table):
            yield from part.ids
        elif isinstance(part, Folded):
            yield from _anchors(part.parts)


def _across(parts: Iterable[Part]) -> bool:
    """Whether a table among the parts needs the page's long side."""
    return any(
        _across(part.parts) if isinstance(part, Folded) else isinstance(part, Table) and _wide(part)
        for part in parts
    )


def _wide(part: Table) -> bool:
    if len(part.head) < MANY:
        return False
    upright, _ = room(across=False)
    lines = [[fit(said.text) for said in line] for line in (part.head, *part.rows)]
    found = columns(lines, upright * POINT, part.numeric)
    return not found.whole or found.size < ROOMY or found.lines > LINES


class _Writer:
    """A document being written from its top."""

    def __init__(
        self,
        title: str,
        lang: str,
        version: str,
        anchors: Iterable[str],
        words: Mapping[str, str] | None = None,
        foot: str = "",
    ) -> None:
        self.document: Document = blank(title, lang, version, foot=foot)
        self.body: Any = self.document.element.body
        self.inline = Inline(self.document, anchors)
        self.text, self.words = TEXTS[lang], words or PAGE_TEXTS[lang]
        self.counts = {"table": 0, "figure": 0}
        self.across = self.begun = self.below = False
        self.figure: Figure | None = None

    @property
    def room(self) -> tuple[float, float]:
        """Points within the margins, across and down."""
        wide, high = room(across=self.across)
        return wide * POINT, high * POINT

    def add(self, element: Any) -> None:
        """At the end, before what closes the document."""
        if element is None:
            return
        table = element.tag.endswith("}tbl")
        if self.below and table:  # Word would make one table of two
            self.body.sectPr.addprevious(self.inline.paragraph("Break"))
        elif self.below and not element.pPr.pStyle.val.startswith(SPACED):
            element.pPr.append(make("w:spacing", w_before=BELOW))
        self.body.sectPr.addprevious(element)
        self.begun, self.below = True, table

    def done(self) -> bytes:
        """The document, which may not end in a table."""
        if self.below or not self.begun:
            self.add(self.inline.paragraph("Break"))
        return saved(self.document)

    def turn(self, across: bool) -> None:
        """Pages that lie or stand from here on."""
        if across == self.across:
            return
        if self.begun:
            self.document.add_section()
            # what holds the old section's end is a paragraph: one that takes no room
            end = self.body.sectPr.getprevious()
            end.get_or_add_pPr().insert(0, make("w:pStyle", w_val="Break"))
            self.below = False
        self.across = across
        shape(self.document.sections[-1], across=across)

    # ---- parts -----------------------------------------------------------------------------------

    def parts(self, parts: Iterable[Part], level: int) -> None:
        """Each in its form; headings are of this level, and what is folded on a page has one more."""
        parts = tuple(parts)
        for part, then in zip(parts, (*parts[1:], None), strict=False):
            match part:
                case Paragraph():
                    style = STYLES.get(part.tone, "Normal")
                    self.add(self.inline.paragraph(style, said=part.said, keep=isinstance(then, Code)))
                case Heading():
                    self.heading(part.said, level)
                case Points():
                    self.points(part)
                case Pairs():
                    self.add(pairs(part, self.inline, *self.room))
                case Code():
                    self.code(part)
                case Table():
                    self.table(part)
                case Folded():
                    if not _says_it(part):
                        self.heading(Said(part.summary), level)
                    self.parts(part.parts, level + 1)
                case Forest():
                    self.forest(part, level)

    def heading(self, said: Said, level: int) -> None:
        self.add(self.inline.paragraph(f"Heading{min(level, DEEPEST)}", said=said))

    def code(self, part: Code) -> None:
        """Lines to type, on one page if they are few."""
        last = len(part.lines) - 1
        for number, line in enumerate(part.lines):
            keep = number < last < TOGETHER
            self.add(self.inline.paragraph("Code", run(fit_code(line), "en"), keep=keep))
        self.below = bool(part.lines)

    def points(self, part: Points) -> None:
        """A list; each numbered one begins at 1."""
        if not part.items:
            return
        numbered = part.numbered or part.steps
        number = self._numbering() if numbered else None
        for item in part.items:
            paragraph = self.inline.paragraph("ListNumber" if numbered else "ListBullet", said=item)
            if number is not None:
                settings = paragraph.pPr
                style = settings.find(settings.tag.replace("pPr", "pStyle"))
                level = make("w:numPr", make("w:ilvl", w_val=0), make("w:numId", w_val=number))
                style.addnext(level)
            self.add(paragraph)
        if part.steps and self.figure:
            self.picture(self.figure, self.text["flow"])

    def _numbering(self) -> int:
        element: Any = self.document.part.numbering_part.element
        number = element.add_num(1)
        number.add_lvlOverride(0).add_startOverride(1)
        return int(number.numId)

    def caption(self, kind: str, text: str, *, keep: bool) -> None:
        """ "Table 3. ..." with a number that Word counts itself, so that its list of tables works."""
        self.counts[kind] += 1
        count = str(self.counts[kind])
        self.add(
            self.inline.paragraph(
                "Caption",
                run(f"{self.text[kind]} "),
                *field(f"SEQ {self.text[kind]} \\* ARABIC", count),
                run(f". {fit(text)}" if text else "."),
                keep=keep,
            )
        )

    def table(self, part: Table, strong: Iterable[int] = ()) -> None:
        """Its caption, and itself."""
        made = table(part, self.inline, *self.room, strong=frozenset(strong))
        if made is None:
            return
        self.caption("table", part.caption, keep=True)
        self.add(made)

    def picture(self, figure: Figure, caption: str) -> None:
        """A figure, with its words for those who do not see it, above its caption."""
        from io import BytesIO

        from docx.oxml.ns import qn
        from docx.shared import Mm

        paragraph: Any = self.document.add_paragraph()
        shape = paragraph.add_run().add_picture(BytesIO(figure.png), Mm(figure.width), Mm(figure.height))
        paragraph._p.get_or_add_pPr().insert(0, make("w:pStyle", w_val="Figure"))
        self.begun = True
        for side in ("distT", "distB", "distL", "distR"):  # else some programs leave room of their own
            shape._inline.set(side, "0")
        for properties in shape._inline.iter(qn("wp:docPr"), qn("pic:cNvPr")):
            properties.set("name", f"{self.text['figure']} {self.counts['figure'] + 1}")
            properties.set("descr", fit(figure.said))
        self.caption("figure", caption, keep=False)
        for note in figure.notes:
            self.add(self.inline.paragraph("Small", said=Said(note, lang="en")))

    def forest(self, part: Forest, level: int) -> None:
        """The first model in full; of the others what they say otherwise."""
        first, *others = part.views
        if self.figure:
            self.picture(self.figure, self._caption(part.caption, first))
            self.small("signs")
        else:
            self.small("no_figure")
        self.table(self._forest(part, first), _pools(first.lines))
        if first.beside:
            self.heading(Said(self.words["differences"]), level)
        for beside in first.beside:
            if beside.table:
                self.table(beside.table)
            self.bullets(beside.said)
        if first.notes:
            self.heading(Said(self.words["notes"]), level)
            self.bullets(first.notes)
        if others:
            self.heading(Said(self.text["others"]), level)
            self.small("same")
        known = {note.text for note in first.notes}
        for view in others:
            self.heading(Said(view.label[:1].upper() + view.label[1:]), level + 1)
            if not self.other(part, first, view):
                self.small("alike")
            self.bullets([note for note in view.notes if note.text not in known])
            known |= {note.text for note in view.notes}

    def other(self, part: Forest, first: View, view: View) -> bool:
        """The numbers of another model that the first does not have; whether there are any."""
        before = {_cells(line, weighted=view.weighted) for line in first.lines if line.kind != "heading"}
        lines = tuple(line for line in view.lines if _cells(line, weighted=view.weighted) not in before)
        if lines:
            self.table(self._forest(part, replace(view, lines=lines)), _pools(lines))
        if not 0 <= part.leading < len(view.beside):
            return bool(lines)
        table, known = view.beside[part.leading].table, first.beside[part.leading].table
        rows = tuple(row for row in table.rows if not known or row not in known.rows) if table else ()
        if table and rows:
            self.table(replace(table, caption=self._caption(table.caption, view), rows=rows))
        return bool(lines or rows)

    def _caption(self, caption: str, view: View) -> str:
        return f"{caption}. {self.words['model']}: {view.label}"

    def _forest(self, part: Forest, view: View) -> Table:
        """The lines of one model as a table."""
        head = (*part.head[:-1], *([self.words["weight"]] if view.weighted else []))
        rows = tuple((line.name, *map(Said, _cells(line, weighted=view.weighted)[1:])) for line in view.lines)
        caption = self._caption(part.caption, view)
        return Table(caption, tuple(map(Said, head)), rows, frozenset(range(1, len(head))))

    def bullets(self, items: Sequence[Said]) -> None:
        self.points(Points(tuple(items)))

    def small(self, key: str) -> None:
        """A word of our own."""
        self.add(self.inline.paragraph("Small", said=Said(self.text[key])))


def _cells(line: Line, *, weighted: bool) -> tuple[str, ...]:
    """A line of the forest as cells."""
    cells = (line.name.text, line.counts, line.estimate, line.interval)
    return (*cells, line.weight) if weighted else cells


def _pools(lines: Sequence[Line]) -> Iterator[int]:
    """Which of the lines stand out."""
    return (number for number, line in enumerate(lines) if line.kind not in ("study", "reference"))


def _says_it(part: Folded) -> bool:
    """Whether what is folded is one table whose caption says what the line that opens it says."""
    return len(part.parts) == 1 and isinstance(part.parts[0], Table) and part.parts[0].caption == part.summary
