"""The forest plot's layout: the table's own numbers, at places where nothing touches, in four houses' ways."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import evidence
from evidence.analysis import Analysis
from evidence.errors import OptionError
from evidence.report import numbers
from evidence.report.figures.fonts import FIGURE_SPACE
from evidence.report.figures.forest import LAYOUTS, SMALL, TALLEST, forest_page
from evidence.report.figures.layout import Area, Line, Page, Text
from evidence.report.figures.save import draw, page_bytes
from evidence.report.figures.style import ORANGE, VERMILLION, WHITE
from evidence.report.pooled.rows import decimals, rows
from evidence.review.counts import CountRow

LONG = "Consortium for the Study of Rare Cutaneous Diseases, no. {:03d}"
OTHER = (
    "Иванов и соавт. {}",
    "Παπαδόπουλος κ.ά. {}",
    "Nguyễn Thị Ánh {}",
    "Đorđević & Øst {}",
    "محمد وآخرون {}",
)
GROUPS = (
    "cohort", "case series", "a group whose name alone would fill a good part of the line", "trial",
    "registry", "chart review", "Когорта", "8",
)  # fmt: skip
TRIAL = CountRow("Trial X, week 12", 49, 107, {}, 0)


def series(k: int, *, name: str = "Author {} 2020", groups: int = 0) -> list[CountRow]:
    random = np.random.default_rng(k)
    made = []
    for i in range(k):
        n = int(random.choice([4, 9, 20, 60, 400]))
        extra = {"design": GROUPS[i % groups]} if groups else {}
        called = OTHER[i % len(OTHER)] if name == "other" else name
        made.append(
            CountRow(called.format(i) if i else "Ours", int(random.binomial(n, 0.5)), n, extra, i + 1)
        )
    return made


@cache
def pooled(k: int, *, by: bool = False, model: str = "random", against: bool = True, **how: Any) -> Analysis:
    return evidence.pool_rows(
        series(k, groups=how.pop("groups", 8) if by else 0, **how),
        model=model if k > 1 else "auto",
        by="design" if by else None,
        against=TRIAL if against else None,
    )


# ---- nothing touches -----------------------------------------------------------------------------


def extents(page: Page) -> tuple[np.ndarray, list[str]]:
    """Each text's box as matplotlib sets it, mm: left, right, bottom, top; and the texts."""
    ax = draw(page)
    figure: Any = ax.figure
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in ax.texts]
    mm = 25.4 / figure.dpi
    return np.array([[b.x0, b.x1, b.y0, b.y1] for b in boxes]) * mm, [text.get_text() for text in ax.texts]


def assert_apart(page: Page) -> None:
    """No two texts overlap, and all lie on the page; a hair (0.15 mm) is rounding of pixels."""
    boxes, texts = extents(page)
    hair = 0.15
    left, right, low, high = boxes.T
    assert (left > -hair).all() and (right < page.width + hair).all(), [
        t for t, r in zip(texts, right, strict=True) if r > page.width
    ]
    assert (low > -hair).all() and (high < page.height + hair).all()
    across = (left[:, None] < right[None] - hair) & (left[None] < right[:, None] - hair)
    along = (low[:, None] < high[None] - hair) & (low[None] < high[:, None] - hair)
    i, j = np.nonzero(np.triu(across & along, 1))
    assert not len(i), [(texts[a], texts[b]) for a, b in zip(i, j, strict=True)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("k", [1, 3, 14, 60])
def test_texts_do_not_overlap(k: int, layout: str) -> None:
    assert_apart(forest_page(pooled(k), layout=layout))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("groups", [1, 8])
@pytest.mark.parametrize("k", [1, 3, 14, 60])
def test_nor_with_subgroups_and_labels_of_sixty_letters(k: int, groups: int, layout: str) -> None:
    page = forest_page(pooled(k, by=True, groups=groups, name=LONG, against=groups == 8), layout=layout)
    assert_apart(page)
    if (
        k == 60
    ):  # nothing but the depth is to be said of it; labels are not cut where a narrower plot spares them
        assert bool(page.warnings) == (page.height > TALLEST)
        assert all(LONG.format(i) in {text.text for text in page.texts} for i in range(1, k))
    else:
        assert not page.warnings


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nor_with_other_scripts(layout: str) -> None:
    page = forest_page(pooled(14, by=True, groups=3, name="other", against=False), layout=layout)
    assert not page.warnings
    assert_apart(page)


def test_a_figure_that_no_printed_page_holds_is_said_to_be() -> None:
    page = forest_page(pooled(60, by=True, groups=8, name=LONG))
    assert page.height > TALLEST
    assert [f"{page.height:.0f} mm deep" in warning for warning in page.warnings] == [True]


def test_a_hyphen_between_limits_is_no_arrow() -> None:
    page = forest_page(pooled(3), layout="jama")
    limits = {text.text.replace(FIGURE_SPACE, "") for text in page.texts if text.text.endswith(")")}
    assert "(<0.1 to >99.9)" in limits and "(43.0-53.0)" in limits


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nor_in_one_column(layout: str) -> None:
    assert_apart(forest_page(pooled(6, name=LONG), layout=layout, width="one"))


def test_nor_with_everything_at_100_percent_the_panel_and_a_title() -> None:
    all_responded = evidence.pool_rows([CountRow(f"S {n}", n, n, {}, n) for n in (6, 9, 11)], against=TRIAL)
    page = forest_page(all_responded, layout="revman5", width="one", panel=True, title="A title " * 9)
    assert_apart(page)


@settings(max_examples=8)
@given(
    names=st.lists(st.text(max_size=70), min_size=1, max_size=5),
    layout=st.sampled_from(LAYOUTS),
    width=st.sampled_from([85.0, 110.0, 175.0, 300.0]),
)
def test_whatever_the_labels_are_they_stay_in_their_column(
    names: list[str], layout: str, width: float
) -> None:
    found = evidence.pool_rows(
        [CountRow(name, i + 1, 9, {}, i) for i, name in enumerate(names)], model="exact"
    )
    page = forest_page(found, layout=layout, width=width)
    assert page.x is not None
    from evidence.report.figures.fonts import Type
    from evidence.report.figures.layout import box

    face = Type()
    face.families = page.families
    top = min(item.points[0][1] for item in page.items if isinstance(item, Line))
    axis = max(text.y for text in page.texts if text.text in ("0", "100"))
    for text in page.texts:
        left, _, right, _ = box(text, face)
        assert left >= 0 and right <= page.width + 0.01
        if top < text.y < axis - 5:  # no label reaches into the plot
            assert right <= page.x.start or left >= page.x.end, text


# ---- what it says --------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_line_of_the_table_is_there_with_its_numbers(layout: str) -> None:
    found = pooled(14, by=True, groups=3)
    page = forest_page(found, layout=layout)
    said = [text.text.replace(FIGURE_SPACE, "") for text in page.texts]
    digits = decimals(found)
    for line in rows(found):
        if line.value is None:
            assert line.label in " ".join(said)
            continue
        assert " ".join(line.name.split()) in " ".join(said)
        if line.kind != "prediction":
            assert numbers.percent(line.value.estimate, digits) in said
        low, high = (numbers.percent(limit, digits) for limit in (line.value.low, line.value.high))
        assert any(low in text and high in text for text in said), line
        if line.events is not None:
            assert line.counts in said or {str(line.events), str(line.n)} <= set(said)
        if line.weight is not None:
            assert f"{100 * line.weight:.1f}" in said


def shapes(page: Page, kind: type, **look: Any) -> list[Any]:
    return [
        item
        for item in page.items
        if isinstance(item, kind) and all(getattr(item, a) == v for a, v in look.items())
    ]


def square_areas(page: Page, found: Analysis) -> list[float]:
    """Areas of filled squares in the order of the lines: four corners, of one width and height, on the plot."""
    assert page.x is not None
    sizes = []
    for item in page.items:
        if isinstance(item, Area) and len(item.points) == 4 and item.fill != WHITE:
            (x1, y1), (x2, _), (_, y3), _ = item.points
            if x2 - x1 == pytest.approx(y3 - y1) and page.x.start - 3 < x1 and x2 < page.x.end + 3:
                sizes.append((x2 - x1) * (y3 - y1))
    return sizes


def test_squares_are_as_large_as_weights() -> None:
    counts = [CountRow(f"S{n}", n // 2, n, {}, n) for n in (40, 60, 80, 120)]
    found = evidence.pool_rows(counts, model="common")
    weights = [study.weight for study in found.studies]
    areas = square_areas(forest_page(found, layout="jama"), found)
    assert np.array(areas) / areas[-1] == pytest.approx(np.array(weights, float) / weights[-1], rel=1e-9)


@pytest.mark.parametrize(
    ("model", "word"), [("exact", "exact"), ("bayes", "Bayesian"), ("binomial", "binomial")]
)
def test_without_weights_squares_are_as_large_as_n_and_the_figure_says_so(model: str, word: str) -> None:
    counts = [CountRow(f"S{n}", n // 3, n, {}, n) for n in (40, 60, 80, 120)]
    found = evidence.pool_rows(counts, model=model)
    page = forest_page(found)
    areas = square_areas(page, found)
    assert np.array(areas) / areas[-1] == pytest.approx(np.array([40, 60, 80, 120]) / 120, rel=1e-9)
    said = " ".join(text.text for text in page.texts)
    assert f"proportional to the number of patients: the {word} model has no weights" in said
    assert "Weight" not in {text.text for text in page.texts}


def test_marks_stand_where_their_numbers_say() -> None:
    found = pooled(5)
    page = forest_page(found)
    assert page.x is not None
    diamond = next(line for line in rows(found) if line.kind == "pool").value
    assert diamond is not None
    found_at = [
        item
        for item in page.items
        if isinstance(item, Area)
        and min(x for x, _ in item.points) == pytest.approx(page.x(100 * diamond.low))
        and max(x for x, _ in item.points) == pytest.approx(page.x(100 * diamond.high))
    ]
    assert found_at
    dashed = [item for item in shapes(page, Line) if item.dash and item.points[0][0] == item.points[1][0]]
    assert [item.points[0][0] for item in dashed] == [pytest.approx(page.x(100 * 49 / 107))]
    bar = shapes(page, Area, fill=ORANGE)
    assert len(bar) == 1
    assert found.prediction is not None
    assert bar[0].points[0][0] == pytest.approx(page.x(100 * found.prediction.low))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_in_pixels_too_marks_stand_where_their_numbers_say(layout: str) -> None:
    """The picture itself, in colour and in grey: our square, the trial's line, white margins, and no ink beyond."""
    counts = [CountRow("Ours", 60, 80, {}, 1), CountRow("Author 2020", 20, 90, {}, 2)]
    page = forest_page(evidence.pool_rows(counts, model="random", against=TRIAL), layout=layout)
    dpi = 300
    with Image.open(BytesIO(page_bytes(page, "png", dpi=dpi))) as picture:
        pixels, grey = np.asarray(picture).astype(int), np.asarray(picture.convert("L")).astype(int)
    assert page.x is not None
    per_mm = dpi / 25.4
    rgb = [int(VERMILLION[i : i + 2], 16) for i in (1, 3, 5)]
    rows, columns = np.nonzero((np.abs(pixels - rgb) < 8).all(axis=2))
    assert columns.mean() / per_mm == pytest.approx(page.x(75.0), abs=0.1)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)  # a square
    # At the reference's place there are its dashes, which are not beside it.
    at = page.x(100 * 49 / 107)
    (line,) = (line for line in shapes(page, Line) if line.dash and line.points[0][0] == line.points[1][0])
    top, bottom = (round(y * per_mm) for _, y in line.points)
    dark = [
        (grey[top:bottom, place - 1 : place + 2] < 100).any(axis=1).mean()
        for place in (round((at + beside) * per_mm) for beside in (-1, 0, 1))
    ]
    assert 0.4 < dark[1] < 0.95 and max(dark[0], dark[2]) < 0.35  # whiskers and diamonds cross them
    edge = int(0.5 * per_mm)
    for border in (grey[:edge], grey[-edge:], grey[:, :edge], grey[:, -edge:]):
        assert (border == 255).all()
    assert np.median(grey[rows, columns]) < 150  # seen without colour, too


def test_clipped_intervals_end_in_arrows_and_nothing_lies_beyond_the_axis() -> None:
    found = pooled(5)
    whole, part = forest_page(found), forest_page(found, xlim=(0.4, 0.6))

    def arrows(page: Page) -> int:
        return sum(isinstance(item, Area) and len(item.points) == 3 for item in page.items)

    assert arrows(whole) == 0
    lines = [line for line in rows(found) if line.value is not None]
    ends = sum((line.value.low < 0.4) + (line.value.high > 0.6) for line in lines if line.value)
    assert arrows(part) == ends > 0
    assert part.x is not None
    for item in shapes(part, Line):
        if item.points[0][1] == item.points[1][1] and item.points[0][0] > part.x.start + 0.01:
            assert item.points[1][0] <= part.x.end + 1e-9 or item.points[1][0] == pytest.approx(
                part.width - 1.5
            )


def test_without_a_reference_a_dotted_line_stands_at_the_pool() -> None:
    found = pooled(5, against=False)
    page = forest_page(found)
    assert page.x is not None
    (rule,) = [item for item in shapes(page, Line) if item.dash]
    assert rule.points[0][0] == pytest.approx(page.x(100 * found.proportion.estimate))


def test_sixty_studies_stay_within_a_printed_page_in_readable_type() -> None:
    for layout in LAYOUTS:
        page = forest_page(pooled(60), layout=layout)
        assert page.height <= TALLEST
        assert min(text.size for text in page.texts) >= SMALL - 1


def test_the_shipped_review_shows_its_marks_states_and_the_trials_line() -> None:
    found = evidence.pool(evidence.load(str(evidence.find_review(None)[0])))
    page = forest_page(found)
    said = " ".join(text.text for text in page.texts)
    for part in (
        "◦",
        "†",
        "ᴿ",
        "not yet checked against the paper",
        "TULIP-1+2, week 12: 45.8 %",
        "54.1 to 100.0",
    ):
        assert part in said
    assert page.title.startswith("Anifrolumab")
    assert_apart(page)


def test_one_study_needs_no_pool() -> None:
    page = forest_page(evidence.pool_rows([CountRow("Ours", 6, 6, {}, 1)]))
    assert not any("All series" in text.text for text in page.texts)
    assert_apart(page)


def test_wrong_options_say_what_is_allowed() -> None:
    found = pooled(3)
    with pytest.raises(OptionError, match="meta, revman5, jama, bmj"):
        forest_page(found, layout="lancet")
    with pytest.raises(OptionError, match="one, two, or 60 to 1000 mm"):
        forest_page(found, width="wide")
    with pytest.raises(OptionError, match="one, two"):
        forest_page(found, width=float("nan"))
    with pytest.raises(OptionError, match="two proportions"):
        forest_page(found, xlim=(0.6, 0.4))
    with pytest.raises(OptionError, match="mm for these columns in the layout revman5"):
        forest_page(found, layout="revman5", width=60)
    with pytest.raises(OptionError, match="installed"):
        forest_page(found, font="No Such Font")


def test_a_retracted_paper_is_said_in_the_figure() -> None:
    from dataclasses import replace

    found = replace(pooled(3), warnings=("Author 1 2020 has been retracted.",))
    page = forest_page(found)
    loud = [text for text in page.texts if "has been retracted" in text.text]
    assert loud and loud[0].bold


def test_columns_of_numbers_line_up() -> None:
    page = forest_page(pooled(14))
    intervals = [
        text.text
        for text in page.texts
        if " to " in text.text and text.text[0] in f"{FIGURE_SPACE}0123456789"
    ]
    assert len({text.index(" to ") for text in intervals if not text.endswith(")")}) == 1
    assert isinstance(page.texts[0], Text)
