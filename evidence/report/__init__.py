"""How people see a result. Each renderer is imported when its format is asked for.

Records here are named tuples: they are immutable as well, and a dataclass adds
half a millisecond to the start of every command.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evidence.analysis.results import Result

Renderer = tuple[str, str, tuple[str, ...]]

SCREEN = ("width", "unicode", "color")

FORMATS: Mapping[str, Renderer] = {
    "text": ("text", "render_text", (*SCREEN, "excluded", "panel")),
    "markdown": ("documents", "render_markdown", ("excluded", "panel")),
    "csv": ("export", "render_csv", ("excluded",)),
    "json": ("export", "render_json", ()),
    "latex": ("documents", "render_latex", ("excluded", "panel")),
}
"""Of a pool: format -> module, its renderer, and the options that change what it prints."""

COMPARED_FORMATS: Mapping[str, Renderer] = {
    "text": ("compared", "render_text", SCREEN),
    "markdown": ("compared_export", "render_markdown", ()),
    "csv": ("compared_export", "render_csv", ()),
    "json": ("compared_export", "render_json", ()),
}
"""Of a comparison."""

_BY_KIND = {"Analysis": FORMATS, "Compared": COMPARED_FORMATS}


def render(result: Result, format: str = "text", **options: Any) -> str:
    """The result in one of its formats; options a format has no use for are left aside."""
    module, name, known = _BY_KIND[type(result).__name__][format]
    renderer = getattr(import_module(f"{__name__}.{module}"), name)
    return str(renderer(result, **{key: value for key, value in options.items() if key in known}))
