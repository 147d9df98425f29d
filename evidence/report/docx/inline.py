"""Texts within a paragraph: languages, directions, links, anchors, fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from unicodedata import bidirectional

from evidence.report.docx.texts import LOCALES
from evidence.report.docx.xml import fit, make
from evidence.report.page.links import address
from evidence.report.parts import Said

MAIL = re.compile(r"mailto:[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")
LETTER = {"L": "", "R": "rtl", "AL": "rtl"}


def target(href: str) -> str:
    """The address a link may lead to: a web page, a DOI, a mailbox; "" for any other, which is only shown."""
    return href if len(href) < 300 and MAIL.fullmatch(href) else address(href)


def locale(lang: str) -> str | None:
    """A language as Word names it, None where it is none."""
    return LOCALES.get(lang) or (lang if LANGUAGE.fullmatch(lang) else None)


def backward(text: str) -> bool:
    """Whether a text runs from right to left: its first letter says."""
    kinds = (LETTER.get(bidirectional(c)) for c in text)
    return next((kind for kind in kinds if kind is not None), "") == "rtl"


class Inline:
    """Puts texts into paragraphs of one document; `anchors` are the places of it that can be gone to."""

    def __init__(self, document: Any, anchors: Iterable[str] = ()) -> None:
        self.part = document.part
        self.names = {anchor: f"_{number}" for number, anchor in enumerate(dict.fromkeys(anchors), 1)}
        self.marked: set[str] = set()

    def paragraph(
        self,
        style: str,
        *inside: Any,
        said: Said | None = None,
        keep: bool = False,
        bold: bool = False,
        size: float | None = None,
    ) -> Any:
        """A paragraph of a style; `keep` has it on the page of what follows, `bold` and `size` are of what is said."""
        settings = make(
            "w:pPr",
            make("w:pStyle", w_val=style),
            make("w:keepNext") if keep else None,
            make("w:bidi") if said and backward(said.text) else None,
        )
        return make("w:p", settings, *inside, *(self.said(said, bold, size) if said else ()))

    def said(self, said: Said, bold: bool = False, size: float | None = None) -> Iterator[Any]:
        """A text as runs: a link where its address may be one, and where its anchor is a place of the document."""
        link = target(said.href) if said.href else ""
        text = fit(said.text)
        if link and text:
            from docx.opc.constants import RELATIONSHIP_TYPE

            there = self.part.relate_to(link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
            shown = run(text, said.lang, "Hyperlink", bold, size)
            yield make("w:hyperlink", shown, r_id=there, w_history=1)
        elif said.anchor in self.names and text:
            shown = run(text, said.lang, "", bold, size)
            yield make("w:hyperlink", shown, w_anchor=self.names[said.anchor], w_history=1)
        elif text:
            yield run(text, said.lang, "", bold, size)

    def mark(self, anchor: str) -> Iterator[Any]:
        """The place that links to an anchor lead to; of two of one name the first."""
        if anchor not in self.names or anchor in self.marked:
            return
        self.marked.add(anchor)
        name = self.names[anchor]
        yield make("w:bookmarkStart", w_id=name[1:], w_name=name)
        yield make("w:bookmarkEnd", w_id=name[1:])


def run(text: str, lang: str = "", style: str = "", bold: bool = False, size: float | None = None) -> Any:
    """Characters of one language, which `fit` made fit; what looks like a field's code is text in Word too."""
    name = locale(lang) if lang else None
    half_points = round(2 * size) if size else None
    settings = [  # in the order that Word wants
        make("w:rStyle", w_val=style) if style else None,
        *((make("w:b"), make("w:bCs")) if bold else ()),
        *((make("w:sz", w_val=half_points), make("w:szCs", w_val=half_points)) if size else ()),
        make("w:rtl") if backward(text) else None,
        make("w:lang", w_val=name, w_bidi=name) if name else None,
    ]
    look = make("w:rPr", *settings) if any(one is not None for one in settings) else None
    return make("w:r", look, _text("w:t", text))


def _text(tag: str, shown: str) -> Any:
    element = make(tag, shown)
    element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return element


def field(code: str, shown: str) -> Iterator[Any]:
    """One of Word's own fields, such as a page number, and what it last showed; `code` is never a text from elsewhere."""
    yield make("w:r", make("w:fldChar", w_fldCharType="begin"))
    yield make("w:r", _text("w:instrText", f" {code} "))
    yield make("w:r", make("w:fldChar", w_fldCharType="separate"))
    yield make("w:r", _text("w:t", shown))
    yield make("w:r", make("w:fldChar", w_fldCharType="end"))
