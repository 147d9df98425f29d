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
    "text": ("pooled.text", "render_text", (*SCREEN, "excluded", "panel")),
    "markdown": ("pooled.documents", "render_markdown", ("excluded", "panel")),
    "csv": ("pooled.export", "render_csv", ("excluded",)),
    "json": ("pooled.export", "render_json", ()),
    "latex": ("pooled.documents", "render_latex", ("excluded", "panel")),
}
"""Of a pool: format -> module, its renderer, and the options that change what it prints."""

COMPARED_FORMATS: Mapping[str, Renderer] = {
    "text": ("compared.text", "render_text", SCREEN),
    "markdown": ("compared.export", "render_markdown", ()),
    "csv": ("compared.export", "render_csv", ()),
    "json": ("compared.export", "render_json", ()),
}
"""Of a comparison."""

ASYMMETRY_FORMATS: Mapping[str, Renderer] = {
    "text": ("asymmetry.text", "render_text", (*SCREEN, "plot")),
    "markdown": ("asymmetry.export", "render_markdown", ()),
    "csv": ("asymmetry.export", "render_csv", ()),
    "json": ("asymmetry.export", "render_json", ()),
}
"""Of a judgement of asymmetry."""

TRIAL_FORMATS: Mapping[str, Renderer] = {
    "text": ("trial.text", "render_text", SCREEN),
    "markdown": ("trial.export", "render_markdown", ()),
    "csv": ("trial.export", "render_csv", ()),
    "json": ("trial.export", "render_json", ()),
}
"""Of trials against their own controls."""

INFLUENCE_FORMATS: Mapping[str, Renderer] = {
    "text": ("influence.text", "render_text", SCREEN),
    "markdown": ("influence.export", "render_markdown", ()),
    "csv": ("influence.export", "render_csv", ()),
    "json": ("influence.export", "render_json", ()),
}
"""Of the influence of each study."""

GOSH_FORMATS: Mapping[str, Renderer] = {
    "text": ("influence.gosh", "render_text", SCREEN),
    "markdown": ("influence.gosh_export", "render_markdown", ()),
    "csv": ("influence.gosh_export", "render_csv", ()),
    "json": ("influence.gosh_export", "render_json", ()),
}
"""Of the pools of all subsets."""

REGRESSION_FORMATS: Mapping[str, Renderer] = {
    "text": ("regression.text", "render_text", (*SCREEN, "excluded")),
    "csv": ("regression.export", "render_csv", ()),
    "json": ("regression.export", "render_json", ()),
}
"""Of a meta-regression."""

_BY_KIND = {
    "Influence": INFLUENCE_FORMATS,
    "Gosh": GOSH_FORMATS,
    "Analysis": FORMATS,
    "Asymmetry": ASYMMETRY_FORMATS,
    "Compared": COMPARED_FORMATS,
    "Regression": REGRESSION_FORMATS,
    "Trials": TRIAL_FORMATS,
}


def render(result: Result, format: str = "text", **options: Any) -> str:
    """The result in one of its formats; options a format has no use for are left aside."""
    module, name, known = _BY_KIND[type(result).__name__][format]
    renderer = getattr(import_module(f"{__name__}.{module}"), name)
    return str(renderer(result, **{key: value for key, value in options.items() if key in known}))
