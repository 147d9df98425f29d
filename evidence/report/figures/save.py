"""A resolved page drawn with matplotlib, and written as PNG, TIFF, SVG or PDF: the same page, the same bytes.

No pyplot: it would bring a window system, and a state that outlives the figure.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from evidence.errors import InputError, OptionError
from evidence.files import write_whole
from evidence.report.figures.fonts import properties
from evidence.report.figures.layout import Area, Dot, Line, Page, Text
from evidence.report.figures.style import DPI, DPI_LEAST, DPI_MOST, WHITE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = ("pdf", "png", "svg", "tiff")
SUFFIXES = {".pdf": "pdf", ".png": "png", ".svg": "svg", ".tif": "tiff", ".tiff": "tiff"}

SETTINGS: Any = {
    "pdf.fonttype": 42,  # TrueType: text can be selected and edited, as journals ask
    "pdf.compression": 6,
    "svg.fonttype": "none",
    "svg.hashsalt": "evidence",
    "text.hinting": "none",  # the same widths in pixels as in PDF
    "text.usetex": False,
    "path.simplify": False,
    "axes.unicode_minus": True,
}

HALIGN = {"start": "left", "middle": "center", "end": "right"}


def format_of(path: str) -> str:
    """The format a file's name ends in."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in SUFFIXES:
        raise OptionError("output", path, f"a name that ends in {', '.join(SUFFIXES)}")
    return SUFFIXES[suffix]


def need_matplotlib() -> None:
    """Raises InputError, with what to install, where matplotlib is not there."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise InputError(
            "figures are drawn with matplotlib, which is not installed: pip install 'evidence-pool[plot]'"
        ) from error


# ---- drawing -------------------------------------------------------------------------------------


def draw(page: Page, ax: Axes | None = None) -> Axes:
    """The page on these axes, or on a new figure of its size; the axes' own coordinates are the page's data.

    So `ax.axvline(50)` on a forest plot stands at 50 %.
    """
    from matplotlib.transforms import Affine2D

    if ax is None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(page.width / 25.4, page.height / 25.4), dpi=DPI, facecolor=WHITE)
        FigureCanvasAgg(figure)
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        # Jupyter shows figures of pyplot by itself, and others by this.
        ax._repr_png_ = partial(_for_notebook, ax)  # type: ignore[attr-defined]
    scale = _shrinkage(page, ax)
    ax.set_axis_off()
    wide, high = _size_of(ax)
    # mm from the upper left corner -> share of the axes, whose y grows upward
    place = Affine2D().scale(scale / wide, -scale / high).translate(0, 1) + ax.transAxes
    for item in page.items:
        _put(item, ax, place, scale, page.families)
    left, right = 0.0, wide / scale
    if page.x:
        ax.set_xlim(_back(page.x, left), _back(page.x, right))
    else:
        ax.set_xlim(left, right)
    top, bottom = 0.0, high / scale
    if page.y:
        ax.set_ylim(_back(page.y, bottom), _back(page.y, top))
    else:
        ax.set_ylim(bottom, top)
    return ax


def _back(scale: Any, at: float) -> float:
    """The value that lies at a place."""
    return float(scale.low + (at - scale.start) / (scale.end - scale.start) * (scale.high - scale.low))


def _size_of(ax: Axes) -> tuple[float, float]:
    """Width and height of axes, mm."""
    share = ax.get_position()
    inches = ax.figure.get_size_inches()  # type: ignore[union-attr]
    return float(share.width * inches[0] * 25.4), float(share.height * inches[1] * 25.4)


def _shrinkage(page: Page, ax: Axes) -> float:
    """By how much the page must shrink to fit the axes."""
    wide, high = _size_of(ax)
    return min(1.0, wide / page.width, high / page.height)


def fit(make: Callable[[float], Page], ax: Axes) -> Page:
    """The page laid out for the width of these axes, or wider (to be shrunk) where they are too low for it."""
    wide, high = _size_of(ax)
    page = make(wide)
    for _ in range(6):
        if page.height * wide <= page.width * high * 1.001:
            break
        page = make(page.width * min(2.0, max(1.05, page.height * wide / (page.width * high)) ** 0.5))
    return page


def _put(item: Any, ax: Axes, place: Any, scale: float, families: tuple[str, ...]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Circle, Polygon

    if isinstance(item, Text):
        ax.text(
            item.x,
            item.y,
            item.text,
            transform=place,
            fontproperties=properties(families, item.size * scale, item.bold),
            color=item.color,
            ha=HALIGN[item.anchor],
            va="baseline",
            rotation=90 if item.upward else 0,
            rotation_mode="anchor",
            usetex=False,
            parse_math=False,  # a $ in a label is a $
            clip_on=False,
            zorder=5,
        )
        return
    if isinstance(item, Line):
        xs, ys = zip(*item.points, strict=True)
        # matplotlib counts dashes in widths of the line
        style: Any = (0, tuple(part / item.width for part in item.dash)) if item.dash else "-"
        line = Line2D(
            xs,
            ys,
            transform=place,
            color=item.color,
            linewidth=item.width * scale,
            linestyle=style,
            solid_capstyle="butt",
            dash_capstyle="butt",
            solid_joinstyle="miter",
            clip_on=False,
            zorder=item.order,
        )
        ax.add_artist(line)
        return
    look: dict[str, Any] = {
        "facecolor": item.fill or "none",
        "edgecolor": item.edge or "none",
        "linewidth": item.width * scale if item.edge else 0,
        "transform": place,
        "clip_on": False,
        "zorder": item.order,
    }
    if isinstance(item, Dot):
        ax.add_artist(Circle((item.x, item.y), item.radius, **look))
    elif isinstance(item, Area):
        ax.add_artist(Polygon(item.points, closed=True, joinstyle="miter", **look))


# ---- writing -------------------------------------------------------------------------------------


def as_bytes(ax: Axes, format: str, *, dpi: float = DPI, title: str = "", said: str = "") -> bytes:
    """The figure of these axes in one of FORMATS; no date unless SOURCE_DATE_EPOCH gives one."""
    import matplotlib

    if format not in FORMATS:
        raise OptionError("format", format, FORMATS)
    if not DPI_LEAST <= dpi <= DPI_MOST:
        raise OptionError("dpi", dpi, f"{DPI_LEAST} to {DPI_MOST}")
    figure = ax.figure
    assert figure is not None
    out = BytesIO()
    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # said by the layout, with the label
        if format in ("png", "tiff"):
            return _pixels(figure, format, dpi)
        dated = bool(os.environ.get("SOURCE_DATE_EPOCH"))
        metadata: dict[str, Any] = {"Title": title}
        if format == "pdf":
            metadata |= {"Subject": said} | ({} if dated else {"CreationDate": None})
        else:
            metadata |= {"Description": said} | ({} if dated else {"Date": None})
        figure.savefig(out, format=format, metadata=metadata, facecolor=WHITE)  # type: ignore[union-attr]
    if format == "svg":
        from evidence.report.figures.embedding import embed

        return embed(out.getvalue(), _texts(figure))
    return out.getvalue()


def _for_notebook(ax: Axes) -> tuple[bytes, dict[str, int]]:
    """A PNG for sharp screens, and its size on the page, in the pixels of a web page."""
    inches = ax.figure.get_size_inches()  # type: ignore[union-attr]
    wide, high = (round(96 * float(side)) for side in inches)
    return as_bytes(ax, "png", dpi=192), {"width": wide, "height": high}


def _texts(figure: Any) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Each text that was put on a figure's axes, with its families, and whether it is bold."""
    for axes in figure.axes:
        for text in axes.texts:
            face = text.get_fontproperties()
            yield text.get_text(), tuple(face.get_family()), face.get_weight() in ("bold", 700)


def _pixels(figure: Any, format: str, dpi: float) -> bytes:
    """Without an alpha channel, which journals refuse, and with the resolution written in."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    before, canvas = figure.dpi, figure.canvas
    try:
        figure.dpi = dpi
        agg: Any = FigureCanvasAgg(figure)
        agg.draw()
        picture = Image.fromarray(np.ascontiguousarray(np.asarray(agg.buffer_rgba())[:, :, :3]))
    finally:
        figure.dpi = before
        figure.set_canvas(canvas)
    out = BytesIO()
    if format == "png":
        picture.save(out, "PNG", dpi=(dpi, dpi), compress_level=6)
    else:
        picture.save(out, "TIFF", dpi=(dpi, dpi), compression="tiff_lzw")
    return out.getvalue()


def save_page(page: Page, path: str, *, format: str | None = None, dpi: float = DPI) -> None:
    """The page as a file, written whole or not at all."""
    data = page_bytes(page, format or format_of(path), dpi=dpi)
    write_whole(path, data)


def page_bytes(page: Page, format: str, *, dpi: float = DPI) -> bytes:
    """The page in one of FORMATS."""
    return as_bytes(draw(page), format, dpi=dpi, title=page.title, said=page.said)
