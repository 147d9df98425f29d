"""From a result to a figure: which kinds there are, what each is drawn of, and the functions users call."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from evidence.errors import OptionError
from evidence.report.figures.style import DPI

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evidence.report.figures.layout import Page

KINDS = {
    "forest": ("forest", "forest_page", ("Analysis",)),
    "funnel": ("funnel", "funnel_page", ("Asymmetry",)),
    "doi": ("doi", "doi_page", ("Asymmetry",)),
    "baujat": ("baujat", "baujat_page", ("Influence",)),
    "gosh": ("gosh", "gosh_page", ("Gosh",)),
    "bubble": ("bubble", "bubble_page", ("Regression",)),
    "curve": ("curve", "curve_page", ("Sensitivity",)),
    "margin": ("curve", "margin_page", ("Sensitivity",)),
    "tipping": ("tipping", "tipping_page", ("Sensitivity",)),
    "waterfall": ("patients", "waterfall_page", ("Responders",)),
    "swimmer": ("patients", "swimmer_page", ("Review",)),
    "prisma": ("prisma", "prisma_page", ()),
    "rob": ("rob", "rob_page", ()),
}
"""Kind -> its module, the function that lays it out, and the results it is drawn of (any mapping or rows where empty)."""


def page_of(kind: str, result: Any, **options: Any) -> Page:
    """The figure with everything at its place. Raises OptionError for a kind there is not, or a result of another kind."""
    from evidence.report.figures.save import need_matplotlib

    need_matplotlib()
    if kind not in KINDS:
        raise OptionError("kind", kind, tuple(KINDS))
    module, name, of = KINDS[kind]
    if of and type(result).__name__ not in of:
        raise OptionError("result", type(result).__name__, f"for a {kind} figure: {', '.join(of)}")
    page: Page = getattr(import_module(f"evidence.report.figures.{module}"), name)(result, **options)
    return page


def figure(
    result: Any, kind: str, ax: Axes | None = None, *, width: str | float = "two", **options: Any
) -> Axes:
    """Draw one of KINDS of a result, and return its Axes; without `ax` on a figure of its own.

    result   what the kind is drawn of
    kind     forest of `pool`; funnel and doi of `asymmetry`; baujat of `influence(show="baujat")`; gosh of `gosh`;
             bubble of `regress`; curve, margin and tipping of `sensitivity`; waterfall of `responders`; swimmer of a
             review; prisma of counts or of a review's flow; rob of rows of judgements
    ax       matplotlib's axes to draw on
    width    one (a column, 85 mm), two (the page, 175 mm), or mm; on given axes theirs
    options  title, above the figure; font, the name of an installed one (DejaVu Sans by default); those of `forest`;
             outcome and study of swimmer

    Raises OptionError for another kind, a result of another kind and an option that cannot be, NotPossible where the
    result has nothing to draw, InputError without matplotlib. Warns of characters no font has.
    """
    return drawn(lambda wide: page_of(kind, result, width=wide, **options), ax, width)


def drawn(make: Callable[[str | float], Page], ax: Axes | None, width: str | float) -> Axes:
    """The page that is made for a width, on these axes or on new ones; warns of what the layout could not do."""
    import warnings

    from evidence.report.figures.save import draw, fit, need_matplotlib

    need_matplotlib()
    page = make(width) if ax is None else fit(make, ax)
    for warning in page.warnings:
        warnings.warn(warning, stacklevel=4)
    axes = draw(page, ax)
    axes.set_gid(page.title)
    return axes


def save_figure(ax: Axes, path: str, *, dpi: float = DPI) -> None:
    """Write the figure of these axes as .pdf, .svg, .png or .tiff: text stays text, and equal figures are equal bytes.

    ax    axes of the figure that is written, as `figure` or `forest` gave them
    path  of the file, which is replaced whole or not at all; its ending names the format
    dpi   dots an inch of .png and .tiff, 72 to 1200

    Raises OptionError for another ending and for dpi outside these, InputError where the file cannot be written.
    """
    from evidence.files import write_whole
    from evidence.report.figures.save import as_bytes, format_of

    write_whole(path, as_bytes(ax, format_of(path), dpi=dpi, title=ax.get_gid() or ""))
