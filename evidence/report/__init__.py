"""How people see a result. Each renderer is imported when its format is asked for.

Records here are named tuples: they are immutable as well, and a dataclass adds
half a millisecond to the start of every command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evidence.analysis import Analysis

FORMATS = {
    "text": ("text", "render_text", ("width", "unicode", "color", "excluded", "panel")),
    "markdown": ("documents", "render_markdown", ("excluded", "panel")),
    "csv": ("export", "render_csv", ("excluded",)),
    "json": ("export", "render_json", ()),
    "latex": ("documents", "render_latex", ("excluded", "panel")),
}
"""Format -> module, its renderer, and the options that change what it prints."""


def render(analysis: Analysis, format: str = "text", **options: Any) -> str:
    """The analysis in one of FORMATS; options a format has no use for are left aside."""
    from importlib import import_module

    module, name, known = FORMATS[format]
    renderer = getattr(import_module(f"{__name__}.{module}"), name)
    return str(renderer(analysis, **{key: value for key, value in options.items() if key in known}))
