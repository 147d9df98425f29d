"""A result that prints itself: the one way from a result up to its renderers, taken when it is printed."""

from __future__ import annotations


class Shown:
    """What `print` shows of a result is what its command prints on an 80 column terminal."""

    def __str__(self) -> str:
        from evidence.report import render

        return render(self).removesuffix("\n")
