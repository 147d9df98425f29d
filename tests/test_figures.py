"""Figures as files and on Axes: every kind resolved without overlap, the same bytes each time, text that stays text."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from PIL import Image

import evidence
from evidence.cli import main
from evidence.cli.forest import FIGURE_FORMATS as CLI_FORMATS
from evidence.cli.forest import LAYOUTS as CLI_LAYOUTS
from evidence.errors import InputError, NotPossible, OptionError
from evidence.report.figures.drawing import KINDS, page_of
from evidence.report.figures.forest import LAYOUTS, forest_page
from evidence.report.figures.layout import Area, Dot, Line, Page, clipped, ticks, wrap, written
from evidence.report.figures.patients import Course, courses_page
from evidence.report.figures.save import FORMATS, draw, format_of, page_bytes
from evidence.report.figures.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, WHITE, YELLOW
from evidence.review.counts import CountRow

COUNTS = [(6, 9), (4, 8), (11, 12), (20, 31), (5, 6), (1, 5), (30, 44), (12, 40), (3, 9), (8, 13)]
ROWS = [
    CountRow(f"Author {i} 20{i:02d}", e, n, {"dose": str(10 * i)}, i) for i, (e, n) in enumerate(COUNTS, 1)
]


@cache
def shipped() -> evidence.Review:
    return evidence.load(str(evidence.find_review(None)[0]))


@cache
def sensitivity() -> evidence.Sensitivity:
    return evidence.sensitivity(shipped())


@cache
def made(kind: str) -> Any:
    """A result that the kind is drawn of."""
    if kind in ("funnel", "doi"):
        return evidence.asymmetry_rows(ROWS)
    if kind == "baujat":
        return evidence.influence_rows(ROWS, show="baujat", model="random")
    if kind == "gosh":
        return evidence.gosh_rows(ROWS)
    if kind == "bubble":
        return evidence.regress_rows(ROWS, "~ dose", model="random")
    if kind in ("curve", "margin", "tipping"):
        return sensitivity()
    if kind == "waterfall":
        after = [0, 2, 2, 1, 5, 0, 60, 20, None]
        return evidence.responders(
            [33, 47, 17, 49, 23, 20, 20, 20, 11], after, drop=[50, 75], missing="worst"
        )
    if kind == "swimmer":
        return shipped()
    if kind == "prisma":
        why = {"fewer than three patients": 9, "another disease": 4, "no count that can be read": 1}
        return {
            "identified": {"PubMed": 100, "Embase": 20}, "duplicates": 20, "screened": 100, "excluded": 80,
            "sought": 20, "not_retrieved": 2, "assessed": 18, "excluded_full_text": why, "studies": 4, "reports": 5,
        }  # fmt: skip
    if kind == "rob":
        heads = (
            "Clear criteria for inclusion",
            "Condition measured",
            "Consecutive",
            "Complete",
            "Statistics",
        )
        answers = ("yes", "no", "unclear", "na", "low", "high", "some concerns")
        return [
            {
                "study": f"A study with a long name, number {i}",
                **{h: answers[(i + j) % 7] for j, h in enumerate(heads)},
            }
            for i in range(6)
        ]
    return evidence.pool_rows(ROWS, model="random", against=CountRow("Trial", 49, 107, {}, 0))


def texts_apart(page: Page) -> None:
    """No two texts overlap, and all lie on the page."""
    figure: Any = draw(page).figure
    renderer = figure.canvas.get_renderer()
    artists = figure.axes[0].texts
    boxes = (
        np.array([b.extents for b in (t.get_window_extent(renderer) for t in artists)]) * 25.4 / figure.dpi
    )
    left, low, right, high = boxes.T
    assert left.min() > -0.15 and right.max() < page.width + 0.15
    assert low.min() > -0.15 and high.max() < page.height + 0.15
    touch = (left[:, None] < right[None] - 0.15) & (left[None] < right[:, None] - 0.15)
    touch &= (low[:, None] < high[None] - 0.15) & (low[None] < high[:, None] - 0.15)
    pairs = np.argwhere(np.triu(touch, 1))
    assert not len(pairs), [(artists[i].get_text(), artists[j].get_text()) for i, j in pairs]


# ---- every kind ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "width"),
    [*((kind, "one") for kind in KINDS), ("funnel", "two"), ("prisma", "two"), ("rob", "two")],
)
def test_every_kind_is_resolved_without_overlap(kind: str, width: str) -> None:
    page = page_of(kind, made(kind), width=width)
    assert page.width == (85 if width == "one" else 175)
    assert page.title and page.items and not page.warnings
    for item in page.items:
        points = item.points if isinstance(item, Line | Area) else ((item.x, item.y),)
        for x, y in points:
            assert -0.5 <= x <= page.width + 0.5, item
            assert -0.5 <= y <= page.height + 0.5, item
    texts_apart(page)


def test_a_kind_there_is_not_and_a_result_of_another_kind() -> None:
    with pytest.raises(OptionError, match="forest, funnel"):
        page_of("pie", made("forest"))
    with pytest.raises(OptionError, match="for a funnel figure: Asymmetry"):
        page_of("funnel", made("forest"))


def dots(page: Page, **look: Any) -> list[Dot]:
    return [d for d in page.items if isinstance(d, Dot) and all(getattr(d, a) == v for a, v in look.items())]


def test_a_funnel_has_a_dot_for_each_study_and_each_filled_one() -> None:
    found = made("funnel")
    page = page_of("funnel", found)
    key = 1
    assert len(dots(page, fill=BLUE)) == len(ROWS) + key
    added = found.filled.result.k0
    assert len(dots(page, fill=WHITE)) == (added + key if added else 0)


def test_baujat_and_bubble_place_dots_by_their_values() -> None:
    found = made("baujat")
    page = page_of("baujat", found)
    assert page.x and page.y
    xs = sorted(d.x for d in dots(page))
    assert xs == pytest.approx(sorted(page.x(float(v)) for v in found.diagnostics.baujat_x))
    page = page_of("bubble", made("bubble"))
    assert page.x and page.y
    ys = sorted(d.y for d in dots(page))
    assert ys == pytest.approx(sorted(page.y(e / n) for e, n in COUNTS))


def test_gosh_counts_every_subset_once() -> None:
    found = made("gosh")
    page = page_of("gosh", found)
    said = " ".join(text.text for text in page.texts)
    assert f"All {2 ** len(ROWS) - 1:,} subsets".replace(",", " ") in said


def test_bubbles_need_one_column_of_numbers() -> None:
    two = evidence.regress_rows(ROWS, "~ dose + n", model="random")
    with pytest.raises(NotPossible, match="one column of numbers"):
        page_of("bubble", two)


def test_baujat_needs_its_diagnostics() -> None:
    with pytest.raises(NotPossible, match="baujat"):
        page_of("baujat", evidence.influence_rows(ROWS, model="random"))


def test_the_curve_has_every_specification_and_says_how_many_keep() -> None:
    found = made("curve")
    page = page_of("curve", found)
    assert page.x and page.y
    several = found.multiverse
    said = " ".join(text.text for text in page.texts)
    assert f"{several.kept} of {len(several.specifications)} specifications keep the conclusion" in said
    for i, one in enumerate(several.specifications):
        place = (pytest.approx(page.x(i)), pytest.approx(page.y(100 * one.difference.estimate)))
        assert any((d.x, d.y) == place for d in dots(page))


def test_the_tipping_curve_marks_where_it_meets_the_reference() -> None:
    found = made("tipping")
    page = page_of("tipping", found)
    assert page.x and page.y
    crossing = found.tipping.crossing
    mark = dots(page, fill=VERMILLION)[0]
    assert (mark.x, mark.y) == pytest.approx((page.x(crossing), page.y(100 * found.tipping.reference)))


def test_a_waterfall_falls_as_far_as_each_score() -> None:
    page = page_of("waterfall", made("waterfall"))
    assert page.y
    bars = [item for item in page.items if isinstance(item, Area) and len(item.points) == 4]
    ends = sorted(
        y for bar in bars if (y := bar.points[2][1]) and bar.points[0][1] == pytest.approx(page.y(0.0))
    )
    changes = [-100, -100, -45 / 47 * 100, -48 / 49 * 100, -15 / 17 * 100, -18 / 23 * 100, 100]
    assert ends == pytest.approx(sorted(page.y(v) for v in changes))
    assert (
        sum(isinstance(item, Area) and len(item.points) == 3 for item in page.items) == 1
    )  # +200 %: an arrow
    said = " ".join(text.text for text in page.texts)
    assert "Without a change that can be drawn: 9." in said
    assert "No bar: no change." in said


def test_swimmers_show_what_is_not_met_and_what_cannot_be_told() -> None:
    lanes = [Course("A", (4.0, 12.0), (False, True), 12.0, False), Course("B", (8.0,), (None,), 8.0, False)]
    page = courses_page(lanes, "CLASI-50")
    assert page.x
    assert {round(d.x, 6) for d in dots(page, fill=BLUE)} >= {round(page.x(12.0), 6)}
    said = " ".join(text.text for text in page.texts)
    assert "CLASI-50 not met" in said and "cannot be told" in said


def test_prisma_of_a_review_has_what_was_included_before_and_in_all() -> None:
    from evidence.analysis.flow import flow

    found = flow(shipped())
    page = page_of("prisma", found)
    said = [text.text for text in page.texts]
    assert f"Studies in all (n = {found.total_studies})" in said
    assert f"Studies included before (n = {found.previous_studies})" in said
    assert f"Records screened (n = {found.databases.screened})" in said
    texts_apart(page)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"identified": 5, "screened": 5}, "there is none for studies"),
        ({"identified": -1, "screened": 5, "studies": 1}, "a whole number"),
        ({"found": 5}, "identified, duplicates"),
        ({"identified": 5, "screened": 5, "studies": 1, "excluded_full_text": 2}, "beside assessed"),
    ],
)
def test_prisma_says_what_is_wrong_with_its_counts(counts: dict[str, int], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        page_of("prisma", counts)


def test_a_word_that_is_no_judgement_is_refused() -> None:
    with pytest.raises(OptionError, match="low, some"):
        page_of("rob", [{"study": "A", "D1": "maybe"}])
    with pytest.raises(OptionError, match="a name in every row"):
        page_of("rob", [{"study": " ", "D1": "low"}])


# ---- colours -------------------------------------------------------------------------------------


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_only_colours_that_colour_blind_readers_tell_apart() -> None:
    okabe_ito = {BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION, YELLOW}
    for kind in set(KINDS) - {"gosh"}:  # a scale from light to dark
        for item in page_of(kind, made(kind)).items:
            colors = [item.fill, item.edge] if isinstance(item, Area | Dot) else [item.color]
            for color in filter(None, colors):
                grey = len({color[1:3], color[3:5], color[5:7]}) == 1
                assert grey or color in okabe_ito, (kind, color)


def test_what_stands_side_by_side_differs_in_grey_too() -> None:
    assert luminance(ORANGE) / luminance(BLUE) > 2
    assert luminance(SKY) / luminance(BLUE) > 2


# ---- files ---------------------------------------------------------------------------------------


def hostile() -> Page:
    names = ["$\\frac{a}{b}$ & <b>x</b>", "Иванов $1", "=HYPERLINK(1)", "\x1b[31mred\x1b[0m"]
    found = evidence.pool_rows([CountRow(name, 3, 9, {}, i) for i, name in enumerate(names)], model="exact")
    return forest_page(found, width="one")


def test_text_in_svg_is_text_as_it_was_written() -> None:
    svg = page_bytes(hostile(), "svg").decode()
    said = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert "$\\frac{a}{b}$ &amp;" in " ".join(said)
    assert "Иванов $1" in said
    assert "<b>" not in svg and "\x1b" not in svg
    assert "red" in said
    assert svg.count("@font-face") == 2  # regular and bold, with the glyphs in use
    assert "data:font/ttf;base64," in svg


@pytest.mark.parametrize("format", ["png", "tiff"])
def test_the_same_figure_is_the_same_bytes(format: str) -> None:
    assert page_bytes(hostile(), format, dpi=100) == page_bytes(hostile(), format, dpi=100)


def test_another_process_writes_the_same_bytes() -> None:
    code = """
import hashlib, sys
import evidence
from evidence.report.figures.drawing import page_of
from evidence.report.figures.save import page_bytes
from evidence.review.counts import CountRow
page = page_of("forest", evidence.pool_rows([CountRow("A", 6, 6, {}, 1), CountRow("B", 3, 7, {}, 2)]))
print(*(hashlib.sha256(page_bytes(page, format)).hexdigest() for format in ("svg", "pdf")))
assert "matplotlib.pyplot" not in sys.modules
"""
    env = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True, text=True)
    page = forest_page(evidence.pool_rows([CountRow("A", 6, 6, {}, 1), CountRow("B", 3, 7, {}, 2)]))
    here = [hashlib.sha256(page_bytes(page, form)).hexdigest() for form in ("svg", "pdf")]
    assert done.stdout.split() == here


def test_pdf_embeds_truetype_and_has_no_date_unless_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    pdf = page_bytes(hostile(), "pdf")
    assert pdf.startswith(b"%PDF")
    assert b"/CIDFontType2" in pdf and b"/FontFile2" in pdf and b"/Type3" not in pdf
    assert b"/CreationDate" not in pdf
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert b"/CreationDate (D:20231114" in page_bytes(hostile(), "pdf")


@pytest.mark.parametrize(("format", "kind"), [("png", "PNG"), ("tiff", "TIFF")])
def test_pixels_have_the_width_and_resolution_asked_for(format: str, kind: str) -> None:
    picture = Image.open(BytesIO(page_bytes(hostile(), format, dpi=600)))
    assert picture.format == kind and picture.mode == "RGB"
    assert picture.size[0] == pytest.approx(85 / 25.4 * 600, abs=1)
    assert picture.info["dpi"][0] == pytest.approx(600, abs=0.5)
    pixels = np.asarray(picture)
    assert (pixels[:5] == 255).all() and pixels.min() < 20  # white margin, black type


def test_a_character_that_no_font_has_is_a_question_mark_and_a_warning() -> None:
    found = evidence.pool_rows(
        [CountRow("A \U0001f9ff", 3, 9, {}, 1), CountRow("B", 2, 9, {}, 2)], model="exact"
    )
    page = forest_page(found)
    assert any("U+1F9FF" in warning for warning in page.warnings)
    assert "A ?" in [text.text for text in page.texts]


def test_a_matplotlib_that_cannot_join_letters_is_said_to_be_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    counts = [CountRow("محمد وآخرون", 3, 9, {}, 1), CountRow("Παπαδόπουλος", 2, 9, {}, 2)]
    found = evidence.pool_rows(counts, model="exact")
    monkeypatch.setattr(matplotlib, "__version_info__", (3, 11, 0, "final", 0))
    assert forest_page(found).warnings == ()
    monkeypatch.setattr(matplotlib, "__version_info__", (3, 10, 9, "final", 0))
    (warning,) = forest_page(found).warnings
    assert "محمد وآخرون" in warning and "3.11" in warning


def test_a_count_stays_on_the_line_of_its_letter() -> None:
    from evidence.report.figures.fonts import Type

    face = Type()
    for text in (
        "Removed for other reasons (n = 0)",
        "of the patients 45.8 % had it",
        "Fisher's exact p = 0.011",
    ):
        for width in range(16, 60, 3):
            lines = wrap(face, text, width, 7.0)
            assert " ".join(lines) == text
            assert " ".join(wrap(face, text, 5.0, 7.0)).replace(" ", "") == text.replace(" ", "")
            assert not [line for line in lines if re.search(r"(^(=|%))|((n|=|[ (]p)$)", line)], lines


@pytest.mark.parametrize(("value", "error"), [("figure.bmp", "must|ends in"), ("figure", "ends in")])
def test_names_that_say_no_format(value: str, error: str) -> None:
    with pytest.raises(OptionError, match=error):
        format_of(value)
    with pytest.raises(OptionError, match="72 to 1200"):
        page_bytes(hostile(), "png", dpi=10)


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"pip install 'evidence-pool\[plot\]'"):
        page_of("forest", made("forest"))


# ---- on Axes -------------------------------------------------------------------------------------


def test_forest_returns_axes_whose_x_is_percent(tmp_path: Path) -> None:
    ax = evidence.forest(made("forest"), layout="jama")
    page = forest_page(made("forest"), layout="jama")
    assert page.x
    pixel = ax.transData.transform((50.0, 0.0))[0]
    assert pixel == pytest.approx(page.x(50.0) / 25.4 * ax.figure.dpi, rel=1e-9)
    target = tmp_path / "f.svg"
    evidence.save_figure(ax, str(target))
    assert target.read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("size", [(7.0, 4.0), (4.0, 9.0), (7.0, 1.5)])
def test_on_given_axes_everything_fits_and_nothing_touches(size: tuple[float, float]) -> None:
    figure = Figure(figsize=size, dpi=200)
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    assert evidence.forest(made("forest"), ax=ax) is ax
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer: Any = FigureCanvasAgg(figure).get_renderer()
    frame = ax.get_window_extent(renderer)
    boxes = np.array([text.get_window_extent(renderer).extents for text in ax.texts])
    assert (boxes[:, 0] > frame.x0 - 2).all() and (boxes[:, 2] < frame.x1 + 2).all()
    assert (boxes[:, 1] > frame.y0 - 2).all() and (boxes[:, 3] < frame.y1 + 2).all()


def test_figure_draws_the_other_kinds() -> None:
    ax = evidence.figure(made("doi"), "doi", width="one")
    assert len(ax.texts) > 5


# ---- pieces --------------------------------------------------------------------------------------


def test_ticks_are_round_and_few() -> None:
    assert ticks(0, 100, 6) == [0, 20, 40, 60, 80, 100]
    assert ticks(0, 0.3, 6) == [0, 0.1, 0.2, 0.3]
    assert written([-0.5, 0.0, 1.0]) == ["−0.5", "0.0", "1.0"]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 7), (0.001, 0.0017), (12, 13_000)])
def test_ticks_lie_within(low: float, high: float) -> None:
    found = ticks(low, high, 6)
    assert 2 <= len(found) <= 6
    assert low - 1e-9 <= found[0] and found[-1] <= high + 1e-9


def test_lines_are_cut_at_the_frame() -> None:
    parts = list(clipped([(-1, 5), (5, 5), (5, 20), (8, 20), (8, 5)], (0, 0, 10, 10)))
    assert parts == [[(0, 5), (5, 5), (5, 10)], [(8, 10), (8, 5)]]


# ---- commands ------------------------------------------------------------------------------------


def run(*args: str, **settings: Any) -> Any:
    return CliRunner().invoke(main, args, **settings)


def test_the_commands_words_are_the_librarys() -> None:
    assert CLI_LAYOUTS == LAYOUTS
    assert CLI_FORMATS == FORMATS


def test_forest_writes_a_file_and_says_nothing(tmp_path: Path) -> None:
    target = tmp_path / "f.pdf"
    result = run("forest", "6/6", "9/9", "--against", "49/107", "--output", str(target))
    assert (result.exit_code, result.output) == (0, "")
    assert target.read_bytes().startswith(b"%PDF")


WRONG: list[tuple[list[str], int, str]] = [
    (["forest", "6/6"], 2, "--output forest.pdf"),
    (["forest", "6/6", "--output", "f.bmp"], 2, "ends in"),
    (["forest", "6/6", "--width", "5", "--output", "f.pdf"], 2, "60 to 1000 mm"),
    (["forest", "6/6", "--xlim", "50-20", "--output", "f.pdf"], 2, "0-50 or 20-100"),
    (["forest", "6/6", "--outcome", "x", "--output", "f.pdf"], 2, "goes with a review"),
    (["forest", "--against", "1/2", "--output", "f.pdf"], 2, "goes with counts"),
    (["forest", "6/6", "--output", "no/such/f.pdf"], 2, "cannot write"),
    (["figure", "prisma", "identified=x", "--output", "f.pdf"], 2, "COUNT=NUMBER"),
    (["figure", "prisma", "no.json", "--output", "f.pdf"], 2, "cannot read no.json"),
    (["figure", "rob", "no.csv", "--output", "f.pdf"], 2, "cannot read no.csv"),
    (["figure", "baujat", "6/6", "9/9", "--output", "f.pdf"], 1, "model"),
    (["figure", "waterfall", "--sheet", "x", "--output", "f.pdf"], 2, "goes with a table"),
    (["figure", "swimmer", "--study", "x", "--output", "f.pdf"], 2, "study is 'x'"),
]


@pytest.mark.parametrize(("args", "code", "message"), WRONG)
def test_wrong_usage_leaves_no_file(
    args: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*args)
    assert result.exit_code == code, result.output
    assert message in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())


def test_each_kind_has_its_command(tmp_path: Path) -> None:
    import click

    group = main.get_command(click.Context(main), "figure")
    assert isinstance(group, click.Group)
    assert {*group.commands} | {"forest"} == set(KINDS)
    for name, command in group.commands.items():
        assert command.help, name
        for option in command.params:
            assert not isinstance(option, click.Option) or option.help, (name, option.name)


def test_counts_of_prisma_and_judgements_from_files(tmp_path: Path) -> None:
    counts = tmp_path / "c.json"
    counts.write_text(
        '{"identified": 9, "screened": 9, "assessed": 5, "excluded_full_text": {"why": 2}, "studies": 3}'
    )
    assert run("figure", "prisma", str(counts), "--output", str(tmp_path / "p.svg")).exit_code == 0
    assert "why: 2" in (tmp_path / "p.svg").read_text()
    table = tmp_path / "r.csv"
    table.write_text("study,D1,D2\nA,yes,no\n")
    assert run("figure", "rob", str(table), "--output", str(tmp_path / "r.svg")).exit_code == 0
    assert run("figure", "rob", "-", "--output", str(tmp_path / "s.svg"), input="a,b\n1,2\n").exit_code != 0


@pytest.mark.parametrize("command", ["forest", "figure"])
def test_help_loads_no_numerics(command: str) -> None:
    code = f"""
import sys
from evidence.cli import main
try:
    main(["{command}", "--help"])
except SystemExit:
    pass
assert not {{"numpy", "matplotlib", "evidence.analysis"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_to_stdout_when_a_format_is_named() -> None:
    result = run("forest", "6/6", "9/9", "--format", "svg")
    assert result.exit_code == 0
    assert result.stdout_bytes.startswith(b"<?xml")
