"""An empty document of a language, and a document as bytes: the same content, the same bytes."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from evidence.errors import InputError, OptionError
from evidence.report.characters import shorten
from evidence.report.dated import is_dated, moment
from evidence.report.docx.inline import field, run
from evidence.report.docx.texts import LOCALES, TEXTS
from evidence.report.docx.xml import fit
from evidence.report.templates import own_file

if TYPE_CHECKING:
    from docx.document import Document
    from docx.section import Section

WIDTH, HEIGHT = 210.0, 297.0
SIDE, TOP, BOTTOM = 20.0, 18.0, 20.0
"""A4 and its margins, mm."""

MM = 36000
"""English metric units of a mm."""

POINT = 72 / 25.4
"""Points of a mm."""

FOOT = 70
"""Columns of the title at the foot of a page."""

UNNEEDED = ("thumbnail", "customXml", "stylesWithEffects", "extended-properties")
"""What python-docx's template brings that is not of this document."""


def need_docx() -> None:
    """Raises InputError, with what to install, where python-docx is not there."""
    try:
        import docx  # noqa: F401
    except ImportError as error:
        raise InputError(
            "Word documents are written with python-docx, which is not installed: pip install python-docx"
        ) from error


def blank(title: str, lang: str, version: str, *, foot: str = "") -> Document:
    """A4, with our styles, the language its words are in, and a footer that begins with `foot`, else the title."""
    if lang not in TEXTS:
        raise OptionError("lang", lang, tuple(TEXTS))
    need_docx()
    import docx

    document = docx.Document()
    for part in (document.part, document.part.package):
        for key, relation in list(part.rels.items()):
            if relation.reltype.rpartition("/")[2] in UNNEEDED:
                del part.rels[key]
    _replace(document.styles.element, _own_file("styles.xml"))
    _replace(document.part.numbering_part.element, _own_file("numbering.xml"))
    _language(document, LOCALES[lang])
    _properties(document, title or TEXTS[lang]["untitled"], LOCALES[lang], version)
    section = document.sections[0]
    shape(section, across=False)
    _footer(section, foot or title, lang, version)
    return document


def shape(section: Section, *, across: bool) -> None:
    """The sheet of a section and its margins, which are the same either way up."""
    from docx.enum.section import WD_ORIENTATION

    wide, high = (HEIGHT, WIDTH) if across else (WIDTH, HEIGHT)
    section.orientation = WD_ORIENTATION.LANDSCAPE if across else WD_ORIENTATION.PORTRAIT
    section.page_width, section.page_height = _length(wide), _length(high)
    section.left_margin = section.right_margin = _length(SIDE)
    section.top_margin, section.bottom_margin = _length(TOP), _length(BOTTOM)
    section.header_distance = section.footer_distance = _length(10)


def room(*, across: bool) -> tuple[float, float]:
    """Width and height within the margins, mm; `across` is of a page that lies."""
    wide, high = (HEIGHT, WIDTH) if across else (WIDTH, HEIGHT)
    return wide - 2 * SIDE, high - TOP - BOTTOM


def _length(mm: float) -> Any:
    from docx.shared import Mm

    return Mm(mm)


def _own_file(name: str) -> Any:
    from docx.oxml import parse_xml

    return parse_xml(own_file("evidence.report.docx", name).encode())


def _replace(element: Any, other: Any) -> None:
    for child in list(element):
        element.remove(child)
    for child in list(other):
        if isinstance(child.tag, str):
            element.append(child)


def _language(document: Document, locale: str) -> None:
    from docx.oxml.ns import qn

    for element in document.styles.element.iter(qn("w:lang")):
        element.set(qn("w:val"), locale)
    settings = document.settings.element
    for element in settings.iter(qn("w:themeFontLang")):
        element.set(qn("w:val"), locale)
    for element in settings.iter(qn("w:compatSetting")):
        if element.get(qn("w:name")) == "compatibilityMode":
            element.set(qn("w:val"), "15")  # else Word speaks of a compatibility mode
    for element in list(settings.iter(qn("w:zoom"))):
        element.set(qn("w:percent"), "100")  # without it the file is not as the schema has it


def _properties(document: Document, title: str, locale: str, version: str) -> None:
    properties = document.core_properties
    for element in list(properties._element):  # the template's own, with its date
        properties._element.remove(element)
    properties.title = shorten(fit(title), 250)
    properties.author = properties.last_modified_by = f"evidence {version}"
    properties.language = locale
    if is_dated():  # else none: a document that says nothing of its time is true at any
        properties.created = properties.modified = datetime(*moment())


def _footer(section: Section, title: str, lang: str, version: str) -> None:
    text = TEXTS[lang]
    footer = section.footer
    footer.is_linked_to_previous = False
    paragraph = footer.paragraphs[0]
    element: Any = paragraph._p
    for one in (
        run(f"{_begun(title)}evidence {version} · {text['page']} "),
        *field("PAGE", "1"),
        run(f" {text['of']} "),
        *field("NUMPAGES", "1"),
    ):
        element.append(one)


def _begun(title: str) -> str:
    return f"{shorten(fit(title), FOOT)} · " if fit(title) else ""


def saved(document: Document) -> bytes:
    """The document as a file. The library writes the time of the day into each part, which is taken out again."""
    raw, out = BytesIO(), BytesIO()
    document.save(raw)
    when = moment()
    with ZipFile(raw) as given, ZipFile(out, "w", ZIP_DEFLATED) as written:
        for name in given.namelist():
            info = ZipInfo(name, when)
            info.compress_type = ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            info.create_system = 3
            written.writestr(info, given.read(name))
    return out.getvalue()
