"""Text for Markdown and LaTeX: whatever a review says is shown as it is, never obeyed."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Sequence
from typing import NamedTuple

from evidence.report.characters import SUPERSCRIPT

Escape = Callable[[str], str]
"""Text to text that the format prints as it is."""

URL = re.compile(r"https?://[^\s<>|\\{}`\"]+")


class Markup(NamedTuple):
    """How a format writes text, a group's heading, and an address."""

    escape: Escape
    strong: Escape
    address: Escape


def escape_markdown(text: str) -> str:
    """Text that Markdown shows as it is: no markup, no table cell's end, no HTML."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", text)


def _markdown_address(source: str) -> str:
    """A link if it is a web address, and only then."""
    return f"<{source}>" if URL.fullmatch(source) else escape_markdown(source)


LATEX_SIGNS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "[": "{[}", "]": "{]}", "*": "{*}",
    "†": r"\textdagger{}", "◦": r"$\circ$", "−": r"$-$", "–": "--", "—": "---", "…": r"\ldots{}",
    "≥": r"$\geq$", "≤": r"$\leq$", "×": r"$\times$", "±": r"$\pm$", "²": r"\textsuperscript{2}",
    "³": r"\textsuperscript{3}", "τ": r"$\tau$", "μ": r"$\mu$", "χ": r"$\chi$", "∞": r"$\infty$",
}  # fmt: skip
LATEX_SIGNS |= {small: rf"\textsuperscript{{{letter}}}" for letter, small in SUPERSCRIPT.items()}


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it is. Letters beyond ASCII stay: today's LaTeX reads UTF-8."""
    return "".join(LATEX_SIGNS.get(c, c) for c in text)


def markdown_table(lines: Iterable[Sequence[str]], numeric: Container[int] | None = None) -> list[str]:
    """The header and the rows, cells that are Markdown already, as a table; `numeric` columns, else all but the first, to the right."""
    head, *rows = lines
    right = range(1, len(head)) if numeric is None else numeric
    align = ["---:" if column in right else "---" for column in range(len(head))]
    return ["| " + " | ".join(line) + " |" for line in (head, align, *rows)]


def markdown_text(parts: Iterable[Sequence[str]]) -> str:
    """Blocks of lines, those that have any, with an empty line between them."""
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


MARKDOWN = Markup(escape_markdown, "**{}**".format, _markdown_address)
LATEX = Markup(escape_latex, r"\textbf{{{}}}".format, escape_latex)
