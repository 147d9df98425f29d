"""evidence report as a Word document: the page's numbers, real tables and links, the same bytes, and nothing that acts."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import docx
import pytest
from click.testing import CliRunner, Result
from docx.document import Document
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import evidence
from evidence.cli import main
from evidence.errors import InputError, OptionError
from evidence.report.docx.figures import DPI, Figure, _figure, figures_of
from evidence.report.docx.frame import room
from evidence.report.docx.inline import target
from evidence.report.docx.render import render_page, render_parts
from evidence.report.docx.texts import TEXTS
from evidence.report.docx.widths import SIZES, columns
from evidence.report.docx.xml import fit
from evidence.report.page.gather import gather
from evidence.report.page.texts import TEXTS as PAGE_TEXTS
from evidence.report.parts import (
    Code,
    Folded,
    Forest,
    Heading,
    Page,
    Pairs,
    Paragraph,
    Part,
    Points,
    Said,
    Section,
    Table,
)
from evidence.report.pooled.export import to_dict

ROOT = Path(__file__).resolve().parent.parent
TWIPS = 56.6929
"""Of a mm."""


@pytest.fixture(scope="module")
def review() -> evidence.Review:
    return evidence.load(ROOT / "data")


@pytest.fixture(scope="module")
def spanish(review: evidence.Review) -> Page:
    return gather(review, lang="es")


@pytest.fixture(scope="module")
def figures(review: evidence.Review) -> Any:
    return figures_of(review)


@pytest.fixture(scope="module")
def made(page: Page, figures: Any) -> bytes:
    return render_page(page, figures)


def run(*args: str) -> Result:
    return CliRunner().invoke(main, args)


def read(data: bytes) -> Document:
    return docx.Document(io.BytesIO(data))


def xml(data: bytes, name: str = "word/document.xml") -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return etree.fromstring(archive.read(name))


def said(element: Any) -> str:
    """The text of an element, links and all."""
    return "".join(one.text or "" for one in element.iter(qn("w:t")))


def tables(data: bytes) -> list[tuple[str, list[list[str]]]]:
    """Each table with the caption above it, "" where it has none."""
    found, above = [], ""
    for element in xml(data).find(qn("w:body")):
        if element.tag == qn("w:tbl"):
            cells = [[said(cell) for cell in row.findall(qn("w:tc"))] for row in element.findall(qn("w:tr"))]
            found.append((above.partition(". ")[2], cells))
            above = ""
        elif element.find(f"{qn('w:pPr')}/{qn('w:pStyle')}[@{qn('w:val')}='Caption']") is not None:
            above = said(element)
    return found


def parts_of(parts: Sequence[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        if isinstance(part, Folded):
            yield from parts_of(part.parts)


def every_part(page: Page) -> list[Part]:
    return [part for section in page.sections for part in parts_of(section.parts)]


def forest_of(page: Page) -> Forest:
    (found,) = (part for part in every_part(page) if isinstance(part, Forest))
    return found


def sound(data: bytes) -> None:
    """What Word asks of a document, as far as it can be seen in the file."""
    root = xml(data)
    body = root.find(qn("w:body"))
    marks = [mark.get(qn("w:name")) for mark in root.iter(qn("w:bookmarkStart"))]
    assert len(marks) == len(set(marks))
    assert {link.get(qn("w:anchor")) for link in root.iter(qn("w:hyperlink"))} - {None} <= set(marks)
    ids = [shape.get("id") for shape in root.iter(qn("wp:docPr"))]
    assert len(ids) == len(set(ids))
    for cell in root.iter(qn("w:tc")):
        assert cell[-1].tag == qn("w:p")  # a cell without a paragraph is a damaged file to Word
    across = (
        sect.find(qn("w:pgSz")).get(qn("w:orient")) == "landscape" for sect in root.iter(qn("w:sectPr"))
    )
    flags, wide = list(across), []
    section = 0
    for element in body:
        if element.tag == qn("w:tbl"):
            grid = [int(one.get(qn("w:w"))) for one in element.iter(qn("w:gridCol"))]
            wide.append(sum(grid))
            assert sum(grid) <= room(across=flags[section])[0] * TWIPS + len(grid)
            assert min(grid) > 0
            for row in element.findall(qn("w:tr")):
                assert len(row.findall(qn("w:tc"))) == len(grid)
            assert element.getnext().tag == qn("w:p")  # two tables that touch are one; none ends a document
        if element.find(f"{qn('w:pPr')}/{qn('w:sectPr')}") is not None:
            section += 1
    defined = {style.get(qn("w:styleId")) for style in xml(data, "word/styles.xml").iter(qn("w:style"))}
    for tag in ("w:pStyle", "w:rStyle", "w:tblStyle"):
        assert {one.get(qn("w:val")) for one in root.iter(qn(tag))} <= defined
    numbers = {one.get(qn("w:numId")) for one in xml(data, "word/numbering.xml").iter(qn("w:num"))}
    assert {one.get(qn("w:val")) for one in root.iter(qn("w:numId"))} <= numbers


def harmless(data: bytes) -> None:
    """No field but our own, no link but to the web or a mailbox, nothing fetched, no macro or object."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        relations = [etree.fromstring(archive.read(name)) for name in names if name.endswith(".rels")]
        codes = [
            code.text
            for name in names
            if name.startswith("word/") and name.endswith(".xml")
            for code in etree.fromstring(archive.read(name)).iter(qn("w:instrText"))
        ]
        simple = [name for name in names if b"fldSimple" in archive.read(name)]
    assert not simple
    assert all(
        re.fullmatch(r" (PAGE|NUMPAGES|SEQ (Table|Figure|Tabla|Figura) \\\* ARABIC) ", c) for c in codes
    )
    assert not [name for name in names if re.search(r"vba|ole|embed|activeX|altChunk", name, re.IGNORECASE)]
    for relation in (one for part in relations for one in part):
        if relation.get("TargetMode") == "External":
            assert relation.get("Type").endswith("/hyperlink")
            assert re.match(r"(https?://|mailto:)", relation.get("Target"), re.IGNORECASE)


# ---- the page as a document ----------------------------------------------------------------------


@pytest.mark.parametrize("language", ["page", "spanish"])
def test_the_documents_tables_hold_the_pages_numbers(language: str, request: pytest.FixtureRequest) -> None:
    page: Page = request.getfixturevalue(language)
    found = dict(tables(render_page(page)))
    wanted = [part for part in every_part(page) if isinstance(part, Table)]
    assert len(wanted) > 8
    for part in wanted:
        cells = [[fit(cell.text) for cell in row] for row in (part.head, *part.rows)]
        assert found[part.caption] == cells
    forest = forest_of(page)
    first = forest.views[0]
    shown = found[f"{forest.caption}. {page.words['model']}: {first.label}"]
    for line, cells in zip(first.lines, shown[1:], strict=True):
        assert cells[:4] == [line.name.text, line.counts, line.estimate, line.interval]
    for beside in first.beside:
        if beside.table:
            assert found[beside.table.caption][1:] == [
                [cell.text for cell in row] for row in beside.table.rows
            ]


def test_the_forests_table_holds_the_numbers_of_the_json(review: evidence.Review, made: bytes) -> None:
    result = to_dict(evidence.pool(review))
    rows = next(cells for caption, cells in tables(made) if caption.startswith("Forest: "))[1:]
    by_counts = {row[1]: row for row in rows if row[1]}
    for study in result["studies"]:
        row = by_counts[f"{study['events']}/{study['n']}"]
        low, high = (100 * study["proportion"][end] for end in ("low", "high"))
        assert row[2] == f"{100 * study['proportion']['estimate']:.1f}"
        assert row[3] == f"{low:.1f} to {high:.1f}"
    whole = result["pooled"][0]
    assert by_counts[f"{whole['events']}/{whole['n']}"][0].startswith("All series")


def test_what_another_model_says_otherwise_is_there_and_nothing_twice(page: Page, made: bytes) -> None:
    forest, found = forest_of(page), tables(made)
    seen: list[tuple[str, ...]] = []
    for caption, rows in found:
        if caption.startswith(forest.caption):
            seen += [tuple(row[:4]) for row in rows[1:]]
    for view in forest.views:
        for line in view.lines:
            assert (line.name.text, line.counts, line.estimate, line.interval) in seen
    text = said(xml(made))
    for note in {note.text for view in forest.views for note in view.notes}:
        assert text.count(note) >= 1


def test_it_is_built_as_word_builds_documents(page: Page, made: bytes) -> None:
    sound(made)
    harmless(made)
    document = read(made)
    headings = [p.text for p in document.paragraphs if p.style and p.style.name == "Heading 1"]
    assert headings == [section.title for section in page.sections]
    levels = [int(p.style.name[-1]) for p in document.paragraphs if p.style and "Heading" in p.style.name]  # type: ignore[operator]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in document.tables[1:]:
        rows = table._tbl.tr_lst
        assert rows[0].trPr is not None and rows[0].trPr.find(qn("w:tblHeader")) is not None
        assert all(row.trPr is not None and row.trPr.find(qn("w:cantSplit")) is not None for row in rows)
    captions = [p.text for p in document.paragraphs if p.style and p.style.name == "Caption"]
    numbered = [
        int(text.split(".")[0].removeprefix("Table ")) for text in captions if text.startswith("Table")
    ]
    assert numbered == list(range(1, len(document.tables)))  # but for the terms of the question
    footer = "".join(said(p._p) for p in document.sections[0].footer.paragraphs)
    assert footer == f"{page.title.text} · evidence {evidence.__version__} · Page 1 of 1"
    assert document.core_properties.title == f"{page.title.text}: {page.subtitle.text}"
    assert document.core_properties.language == "en-GB"


def test_numbers_are_aligned_to_the_right(page: Page, made: bytes) -> None:
    (part,) = (p for p in every_part(page) if isinstance(p, Table) and p.ids)
    (table,) = (
        t for t in read(made).tables if t.cell(0, 1).text == part.head[1].text and len(t.columns) == 8
    )
    for place in range(len(part.head)):
        style = table.cell(1, place).paragraphs[0].style
        assert style is not None
        assert (style.name == "Table Number") == (place in part.numeric)


def test_each_list_of_references_begins_at_one(made: bytes) -> None:
    numbering = xml(made, "word/numbering.xml")
    used = []
    for paragraph in xml(made).iter(qn("w:p")):
        number = paragraph.find(f".//{qn('w:numId')}")
        if number is not None and number.get(qn("w:val")) not in used:
            used.append(number.get(qn("w:val")))
    assert len(used) == 3  # the flow, the methods cited, the references
    for one in numbering.iter(qn("w:num")):
        if one.get(qn("w:numId")) in used:
            assert one.find(f".//{qn('w:startOverride')}").get(qn("w:val")) == "1"


def test_links_lead_where_the_page_leads(page: Page, made: bytes) -> None:
    wanted = set()
    for part in every_part(page):
        if isinstance(part, Table):
            wanted |= {cell.href for row in part.rows for cell in row if cell.href}
        elif isinstance(part, Points):
            wanted |= {item.href for item in part.items if item.href}
    found = {one.target_ref for one in read(made).part.rels.values() if one.is_external}
    assert found == wanted
    assert len(found) > 5
    root = xml(made)
    (row,) = (p for p in every_part(page) if isinstance(p, Table) and p.ids)
    inner = {link.get(qn("w:anchor")) for link in root.iter(qn("w:hyperlink"))} - {None}
    assert len(inner) >= len(row.ids)


def test_the_language_is_the_documents_and_what_is_english_says_so(spanish: Page) -> None:
    data = render_page(spanish)
    lang = xml(data, "word/styles.xml").find(f".//{qn('w:docDefaults')}//{qn('w:lang')}")
    assert lang.get(qn("w:val")) == "es-ES"
    spoken = {
        said(run): run.find(f".//{qn('w:lang')}").get(qn("w:val"))
        for run in xml(data).iter(qn("w:r"))
        if run.find(f".//{qn('w:lang')}") is not None
    }
    assert set(spoken.values()) == {"en-GB"}
    assert any(text.startswith("Method: ") for text in spoken)
    assert read(data).core_properties.language == "es-ES"
    assert set(TEXTS["en"]) == set(TEXTS["es"]) and set(TEXTS) == set(PAGE_TEXTS)


# ---- figures -------------------------------------------------------------------------------------


def test_the_forest_is_a_picture_with_words_for_those_who_do_not_see_it(figures: Any, made: bytes) -> None:
    from PIL import Image

    document = read(made)
    (shape,) = document.inline_shapes
    wide, high = room(across=False)
    assert shape.width.mm <= wide and shape.height.mm <= high
    words = shape._inline.docPr.get("descr") or ""
    assert words.startswith(TEXTS["en"]["said_forest"])
    assert "49 of 107" in words
    with Image.open(io.BytesIO(figures["results"].png)) as picture:
        # whole pixels and whole EMU: a picture of this width cannot have the resolution to better than that
        assert picture.width / (shape.width.mm / 25.4) == pytest.approx(DPI, rel=0.01)


def flow_page(lang: str = "en") -> Page:
    """A page with nothing but steps."""
    steps = Points((Said("one"), Said("two")), steps=True)
    return Page(lang, Said("A"), Said(""), (Section("flow", "Flow", (steps,)),), {"english": ""}, "1")


def test_the_flow_is_drawn_below_its_steps() -> None:
    figure = _figure("prisma", {"identified": 120, "screened": 100, "excluded": 90, "studies": 3}, "en")
    assert figure is not None
    document = read(render_page(flow_page(), {"flow": figure}))
    assert len(document.inline_shapes) == 1
    assert document.paragraphs[-1].text == f"Figure 1. {TEXTS['en']['flow']}"


def test_a_figure_too_tall_to_be_read_on_a_page_is_left_out() -> None:
    counts = {"identified": 900, "screened": 900, "studies": 3, "sought": 500, "assessed": 500}
    reasons = {f"reason {number}": 1 for number in range(300)}
    assert _figure("prisma", counts, "en") is not None
    assert _figure("prisma", counts | {"excluded_full_text": reasons}, "en") is None


def test_without_matplotlib_there_is_the_table_and_how_to_get_the_figure(
    review: evidence.Review, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert figures_of(review) == {}
    data = render_page(page, figures_of(review))
    document = read(data)
    assert not document.inline_shapes
    assert TEXTS["en"]["no_figure"] in [p.text for p in document.paragraphs]
    assert any(caption.startswith("Forest: ") for caption, _ in tables(data))


def test_what_a_figure_could_not_do_is_said_below_it() -> None:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (10, 10)).save(out, "PNG")
    figure = Figure(out.getvalue(), 20, 20, "words", ("no font has this sign",))
    data = render_page(flow_page("es"), {"flow": figure})
    assert "no font has this sign" in [p.text for p in read(data).paragraphs]


# ---- the same bytes, its size, its time ----------------------------------------------------------


def test_the_same_page_is_the_same_bytes(
    page: Page, figures: Any, made: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(2_000_000_000))
    assert render_page(page, figures) == made
    assert read(made).core_properties.created is None
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    dated = render_page(page, figures)
    assert dated != made
    created = read(dated).core_properties.created
    assert created is not None and created.isoformat().startswith("2023-11-14T22:13:20")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "99999999999999")  # later than a zip or a date can say
    latest = read(render_page(page, figures)).core_properties.created
    assert latest is not None and latest.isoformat().startswith("2107-12-31T23:59:58")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(InputError, match="yesterday"):
        render_page(page, figures)
    assert len(made) < 600_000


def test_a_long_review_takes_neither_long_nor_much(tmp_path: Path) -> None:
    head = tuple(map(Said, ("Study", "Year", "n", "Population", "Source")))
    row = (
        Said("A label of some length 2020"),
        Said("2020"),
        Said("12"),
        Said("adults with the disease " * 4),
        Said("doi:10.1000/1", "10.1000/1"),
    )
    begun = time.perf_counter()
    data = render_parts("Long", [Table("Studies", head, (row,) * 200, frozenset({1, 2}))])
    assert time.perf_counter() - begun < 5
    assert len(data) < 100_000
    sound(data)


# ---- parts of others -----------------------------------------------------------------------------


def test_parts_alone_make_a_document() -> None:
    table = Table("Counts", (Said("Study"), Said("n")), ((Said("A"), Said("1")),), frozenset({1}))
    data = render_parts("Tables", [Heading(Said("First")), table, table, Folded("Counts", (table,))])
    sound(data)
    document = read(data)
    assert [[c.text for c in row.cells] for row in document.tables[0].rows] == [["Study", "n"], ["A", "1"]]
    assert [p.text for p in document.paragraphs if p.style and p.style.name == "Heading 1"] == ["First"]
    assert len(document.tables) == 3
    with pytest.raises(OptionError):
        render_parts("x", [], lang="xx")


def test_a_forest_alone_has_its_words_too(spanish: Page) -> None:
    forest = forest_of(spanish)
    data = render_parts("x", [forest], lang="es")
    sound(data)
    captions = [caption for caption, _ in tables(data)]
    assert captions[0] == f"{forest.caption}. {PAGE_TEXTS['es']['model']}: {forest.views[0].label}"


def test_a_wide_table_lies_across_and_a_narrow_one_stands() -> None:
    def flat(count: int) -> bool:
        cell = Said("several words that need some room here")
        data = render_parts("x", [Table("t", (cell,) * count, ((cell,) * count,) * 3)])
        sound(data)
        section = read(data).sections[0]
        return bool(section.page_width > section.page_height)  # type: ignore[operator]

    assert not flat(3)
    assert flat(14)


NOTHING: list[Part] = [
    Table("empty", (), ()),
    Table("no rows", (Said("a"),), ()),
    Table("ragged", (Said("a"), Said("b")), ((Said("x"),), (Said("1"), Said("2"), Said("3")))),
    Points(()),
    Pairs(()),
    Code(()),
    Folded("", ()),
    Paragraph(Said("")),
]


@pytest.mark.parametrize("part", NOTHING, ids=lambda part: part.kind)
def test_a_part_with_nothing_in_it_is_no_damage(part: Part) -> None:
    for parts in ([part], [part, part], [part, Paragraph(Said("x"))]):
        sound(render_parts("", parts))


# ---- hostile texts -------------------------------------------------------------------------------

HOSTILE = [
    "\x00\x01\x1b[31mred",
    "\ufffe\uffff\ud800 lone",
    '=cmd|"/c calc"!A1',
    '{ HYPERLINK "http://example.org" }',
    "DDEAUTO c:\\x",
    '<w:p/>&amp;]]><!-- "',
    "</w:t></w:r><w:r><w:instrText>PAGE</w:instrText>",
    "\u202egnp.exe \u2066x",
    "مرحبا 12/15 abc",
    "日本語の名前" * 30,
    "L" * 5000,
    "word " * 1000,
    "%s {0} {model} $& \\1",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_is_only_text(text: str) -> None:
    one = Said(text, text, text, text)
    cells = (one, Said("1"), one)
    parts: list[Part] = [
        Heading(one),
        *(Paragraph(one, tone) for tone in ("", "lead", "warning", "small")),
        Points((one, one), numbered=True),
        Pairs(((text, one),)),
        Code((text,)),
        Table(text, cells, (cells, cells), frozenset({1}), (text, text)),
        Folded(text, (Table(text, (one,), ((one,),)),)),
    ]
    data = render_parts(text, parts)
    sound(data)
    harmless(data)
    document = read(data)
    assert not [one for one in document.part.rels.values() if one.is_external]
    assert document.tables[1].cell(1, 0).text == fit(text)
    assert said(xml(data)).count(fit(text)) >= 10


def test_what_runs_from_the_right_is_set_so() -> None:
    data = render_parts("x", [Paragraph(Said("שלום 3/4")), Paragraph(Said("abc שלום"))])
    first, second = (p for p in xml(data).iter(qn("w:p")) if "שלום" in said(p))
    assert first.find(f"{qn('w:pPr')}/{qn('w:bidi')}") is not None
    assert first.find(f".//{qn('w:rtl')}") is not None
    assert second.find(f".//{qn('w:bidi')}") is None


@pytest.mark.parametrize(
    ("href", "link"),
    [
        ("https://example.org/x?y=1&z=2#w", "https://example.org/x?y=1&z=2#w"),
        ("10.1000/abc", "https://doi.org/10.1000/abc"),
        ("mailto:a.b@example.org", "mailto:a.b@example.org"),
        ("mailto:a@example.org?attach=/etc/passwd", ""),
        ("mailto:a@example.org,b@example.org", ""),
        ("mailto:" + "a" * 400 + "@example.org", ""),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("\\\\host\\share\\x", ""),
        ("ms-word:ofe|u|https://example.org/x", ""),
        ("https://u:p@example.org/", ""),
        ('https://example.org/"x', ""),
    ],
)
def test_only_the_web_and_mailboxes_are_linked(href: str, link: str) -> None:
    assert target(href) == link
    data = render_parts("x", [Paragraph(Said("here", href))])
    harmless(data)
    assert [one.target_ref for one in read(data).part.rels.values() if one.is_external] == (
        [link] if link else []
    )
    assert "here" in said(xml(data))


def test_a_hostile_review_gives_a_harmless_document(tmp_path: Path) -> None:
    bad = '</w:t><w:instrText>DDEAUTO</w:instrText> javascript:alert(1) {HYPERLINK "x"}'
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "review.toml").write_text(
        f"format = 1\ntitle = {json.dumps(bad)}\n[outcomes.response]\nlabel = {json.dumps(bad)}\n"
        '[analyses.primary]\noutcome = "response"\nours = "s0"\npool = { design = ["case series"] }\n'
        'reference = { study = "trial" }\n',
        encoding="utf-8",
    )
    names = ["s0", "s1", "trial"]
    with (folder / "studies.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["study", "label", "design", "population", "source", "locator", "state"])
        for name in names:
            design = "trial" if name == "trial" else "case series"
            out.writerow([name, f"{bad} {name}", design, "L" * 3000, "javascript:alert(1)", bad, "read"])
    with (folder / "outcomes.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["study", "arm", "outcome", "weeks", "events", "n", "source", "locator", "state"])
        for name in names:
            out.writerow([name, "drug", "response", 12, 4, 9, "file:///etc/passwd", bad, "read"])
    path = tmp_path / "out.docx"
    result = run("report", "--review", str(folder), "--output", str(path))
    assert result.exit_code == 0, result.output
    data = path.read_bytes()
    sound(data)
    harmless(data)
    assert not [one for one in read(data).part.rels.values() if one.is_external]
    assert "DDEAUTO" in said(xml(data))


# ---- widths --------------------------------------------------------------------------------------


@given(
    st.lists(
        st.lists(st.text(alphabet="ab W1,日 ", max_size=60), min_size=4, max_size=4), min_size=1, max_size=6
    ),
    st.floats(min_value=80, max_value=800),
)
def test_columns_never_leave_the_page(rows: list[list[str]], room: float) -> None:
    found = columns(rows, room, frozenset({1}))
    assert sum(found.widths) <= room * (1 + 1e-9)
    assert min(found.widths) > 0
    assert found.size in SIZES


def test_the_longest_text_gets_most_room_and_numbers_one_line() -> None:
    rows = [["Study", "n (95 % CI)", "Notes"], ["A 2020", "12.5 (3.4 to 45.6)", "many words " * 30]]
    found = columns(rows, 480, frozenset({1}))
    assert found.whole
    assert found.widths[2] > found.widths[1] > 18 * 0.4 * found.size
    assert found.widths[2] > 0.6 * 480


# ---- the command ---------------------------------------------------------------------------------


def test_the_command_writes_it_by_name_or_by_format(
    tmp_path: Path, page: Page, figures: Any, made: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evidence.report.page.gather.gather", lambda *_, **__: page)
    monkeypatch.setattr("evidence.report.docx.figures.figures_of", lambda *_, **__: figures)
    path = tmp_path / "Report.DOCX"
    done = run("report", "--output", str(path))
    assert done.exit_code == 0, done.output
    assert path.read_bytes() == made
    piped = run("report", "--format", "docx")
    assert piped.exit_code == 0
    assert piped.stdout_bytes == made
    assert run("report", "--output", str(tmp_path / "no" / "report.docx")).exit_code == 2
    assert [one.name for one in tmp_path.iterdir()] == ["Report.DOCX"]


def test_a_terminal_is_not_filled_with_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    from evidence.cli import report

    monkeypatch.setattr(report.sys, "stdout", Screen())
    with pytest.raises(Exception, match="nothing for a terminal"):
        report.report.callback(review=None, format="docx", output=None)  # type: ignore[misc]


def test_the_library_is_loaded_only_when_a_document_is_made() -> None:
    code = (
        "import sys, evidence.report.docx.render, evidence.report.docx.figures, evidence.cli.report\n"
        "assert not {'docx', 'lxml'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)
