"""How people see a result. Each renderer is imported when its format is asked for.

Records here are named tuples: they are immutable as well, and a dataclass adds
half a millisecond to the start of every command.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

Renderer = tuple[str, str, tuple[str, ...]]
"""A module, its function, and the options that change what it prints."""

SCREEN = ("width", "unicode", "color")


def _formats(text: Renderer, files: str, *formats: str, suffix: str = "") -> Mapping[str, Renderer]:
    """Text by its own module, the other formats by one module for files."""
    return {"text": text} | {name: (files, f"render_{suffix}{name}", ()) for name in formats}


def _text(module: str, *options: str, name: str = "render_text") -> Renderer:
    return module, name, (*SCREEN, *options)


FORMATS: Mapping[str, Renderer] = {
    "text": _text("pooled.text", "excluded", "panel"),
    "markdown": ("pooled.documents", "render_markdown", ("excluded", "panel")),
    "csv": ("pooled.export", "render_csv", ("excluded",)),
    "json": ("pooled.export", "render_json", ()),
    "latex": ("pooled.documents", "render_latex", ("excluded", "panel")),
}
"""Of a pool."""

ALL = ("markdown", "csv", "json")
PLAIN = ("csv", "json")

COMPARED_FORMATS = _formats(_text("compared.text"), "compared.export", *ALL)

FORMATS_OF: Mapping[str, Mapping[str, Renderer]] = {
    "Analysis": FORMATS,
    "Asymmetry": _formats(_text("asymmetry.text", "plot"), "asymmetry.export", *ALL),
    "Audit": _formats(_text("review.audit"), "review.audit_export", *PLAIN),
    "Compared": COMPARED_FORMATS,
    "Diff": _formats(_text("history.text", name="render_diff"), "history.export", *ALL, suffix="diff_"),
    "Gosh": _formats(_text("influence.gosh"), "influence.gosh_export", *ALL),
    "History": _formats(
        _text("history.text", name="render_history"), "history.export", *ALL, suffix="history_"
    ),
    "Influence": _formats(_text("influence.text"), "influence.export", *ALL),
    "Multilevel": _formats(_text("pooled.multilevel"), "pooled.multilevel", *PLAIN),
    "PaperTable": {
        "text": _text("tables.text"),
        "markdown": ("tables.documents", "render_markdown", ()),
        "html": ("tables.html", "render_html", ()),
        "latex": ("tables.documents", "render_latex", ()),
        "csv": ("tables.export", "render_csv", ()),
    },
    "PooledScores": _formats(_text("scores.pooled"), "scores.export", *PLAIN, suffix="pooled_"),
    "Regression": _formats(_text("regression.text", "excluded"), "regression.export", *PLAIN),
    "Responders": _formats(_text("scores.responders"), "scores.responders_export", *ALL),
    "Scores": _formats(_text("scores.text"), "scores.export", *PLAIN),
    "Sensitivity": _formats(_text("sensitivity.text"), "sensitivity.export", *PLAIN),
    "Trials": _formats(_text("trial.text"), "trial.export", *ALL),
}
"""Kind of result -> its formats -> who renders it."""

EXPLAINED: Mapping[str, tuple[str, str]] = {
    "Analysis": ("pooled.methods", "pooled.r_code"),
    "Asymmetry": ("asymmetry.methods", "asymmetry.methods"),
    "Compared": ("compared.methods", "compared.methods"),
    "Gosh": ("influence.methods", "influence.methods"),
    "Influence": ("influence.methods", "influence.methods"),
    "Multilevel": ("pooled.multilevel", "pooled.multilevel"),
    "PooledScores": ("scores.pooled", "scores.pooled"),
    "Regression": ("regression.methods", "regression.methods"),
    "Scores": ("scores.text", "scores.text"),
    "Trials": ("trial.methods", "trial.methods"),
}
"""Kind of result -> the modules of its `methods` and of its `r_code`."""


def render(result: object, format: str = "text", **options: Any) -> str:
    """The result in one of its formats; options a format has no use for are left aside."""
    module, name, known = FORMATS_OF[type(result).__name__][format]
    return str(_find(module, name)(result, **{key: value for key, value in options.items() if key in known}))


def methods(result: object) -> str:
    """The paragraph for a paper's methods, written from the options used, with its references."""
    return str(_find(EXPLAINED[type(result).__name__][0], "methods")(result))


def r_code(result: object) -> str:
    """The same analysis in R."""
    return str(_find(EXPLAINED[type(result).__name__][1], "r_code")(result))


def _find(module: str, name: str) -> Any:
    return getattr(import_module(f"{__name__}.{module}"), name)
