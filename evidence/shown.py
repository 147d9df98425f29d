"""A result that prints itself: the one way from a result up to its renderers, taken when it is printed or displayed."""

from __future__ import annotations

from typing import Any


class Displayed:
    """What Jupyter and IPython display of a result."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """The result as HTML, where a notebook shows it."""
        from evidence.report.notebook import html

        return html(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Where only text can be shown, what `print` shows: a dataclass would show every field."""
        return {"text/plain": str(self)}


class Shown(Displayed):
    """What `print` shows of a result is what its command prints on an 80 column terminal."""

    def __str__(self) -> str:
        from evidence.report import render

        return render(self).removesuffix("\n")
