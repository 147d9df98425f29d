"""The extension: generated parts, docstrings as prose, [keys] as links, nothing from other hosts."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import click
import generated
import prose
from docutils import nodes
from hosts import loaded
from pygments.lexers.special import TextLexer
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from evidence.literature import LITERATURE

LOG = logging.getLogger(__name__)


class Generated(SphinxDirective):
    """`.. generated:: api`: what the function of that name in generated.py returns."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        text = getattr(generated, self.arguments[0])()
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def contents(app: Sphinx, name: str, source: list[str]) -> None:
    """The index of a folder is its table of contents: who adds a page need not list it twice."""
    folder, _, page = name.rpartition("/")
    if folder and page == "index":
        beside = (
            other.removeprefix(f"{folder}/") for other in app.env.found_docs if other.startswith(f"{folder}/")
        )
        source[0] += generated.contents(source[0], beside)


def generated_sections(app: Sphinx, doctree: nodes.document) -> None:
    """Let links find them, as commands.md#evidence-pool: the Markdown parser only knows those it has read."""
    known = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for section in doctree.findall(nodes.section):
        title = section.next_node(nodes.title)
        for name in section["ids"]:
            known.setdefault(name, (section.line or 0, name, title.astext() if title else name))


# ---- docstrings ----------------------------------------------------------------------------------


def docstring(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """A docstring as reStructuredText."""
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()  # what every field of a named tuple is called
    own: set[str] = set()
    if callable(thing):
        try:
            own = set(inspect.signature(thing).parameters)
        except (TypeError, ValueError):
            own = set()
    text = "\n".join(lines)
    words = generated.words(text, inspect.getmodule(thing))
    lines[:] = f"{prose.rst(text, own=own)}\n{words}\n".split("\n")


def description(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """A command's help as reStructuredText."""
    lines[:] = generated.command_help(context.command).split("\n")


def options(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """A command's options, each in a sentence or two."""
    lines[:] = generated.options(context).split("\n")


def no_arguments(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """The usage line has them, and the description says what they are."""
    lines.clear()


def no_constructor(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str, returned: str
) -> tuple[str, str] | None:
    """Results are made by functions; their fields, which are listed, say what a constructor would."""
    return ("", "") if what in ("class", "exception") and signature else None


def classes_by_their_names(app: Sphinx, doctree: nodes.document) -> None:
    """A class in an annotation has no module there: say which one is meant, where two have the same name the nearer."""
    for node in doctree.findall(addnodes.pending_xref):
        if node.get("refdomain") == "py":
            beside = ".".join(filter(None, (node.get("py:module"), node.get("py:class"))))
            name = node["reftarget"].rpartition(".")[2]
            node["reftarget"] = generated.called(name, beside) or node["reftarget"]


# ---- citations -----------------------------------------------------------------------------------

CITATION = re.compile(r"\[([a-z]+(?:19|20)\d\d[a-z]*(?:, ?[a-z]+(?:19|20)\d\d[a-z]*)*)\]")


class Citations(SphinxTransform):
    """[wilson1927] in a text leads to the entry of the list of references; a key that is not there is a warning."""

    default_priority = 20
    apart = (
        nodes.literal,
        nodes.literal_block,
        nodes.reference,
        nodes.title,
        nodes.math,
        addnodes.pending_xref,
    )

    def apply(self, **options: Any) -> None:
        for text in list(self.document.findall(nodes.Text)):
            if not CITATION.search(text) or self._apart(text):
                continue
            made: list[nodes.Node] = []
            for i, part in enumerate(CITATION.split(text)):
                if i % 2 == 0:
                    made.append(nodes.Text(part))
                    continue
                made.append(nodes.Text("["))
                for j, key in enumerate(re.split(", ?", part)):
                    if j:
                        made.append(nodes.Text(", "))
                    made.append(self._link(key, text))
                made.append(nodes.Text("]"))
            text.parent.replace(text, made)

    def _apart(self, text: nodes.Text) -> bool:
        node: Any = text.parent
        while node is not None:
            if isinstance(node, self.apart):
                return True
            node = node.parent
        return False

    def _link(self, key: str, place: nodes.Text) -> nodes.Node:
        if key not in LITERATURE:
            LOG.warning("[%s] is not in the list of references", key, location=place.parent)
        return addnodes.pending_xref(
            key,
            nodes.inline(key, key),
            refdomain="std",
            reftype="ref",
            reftarget=key,
            refexplicit=True,
            refwarn=True,
            refdoc=self.env.docname,
        )


# ---- other hosts ---------------------------------------------------------------------------------


def loads_nothing(app: Sphinx, exception: Exception | None) -> None:
    """A page that loads a script, style, font or picture from another host is an error: formulas are plain text, as MathJax would be."""
    if exception or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*")):
        if path.suffix in (".html", ".css", ".svg") and (found := loaded(path.read_text(encoding="utf-8"))):
            raise ExtensionError(f"{path.relative_to(app.outdir)} loads from another host: {found}")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("generated", Generated)
    app.add_transform(Citations)
    for name in ("csv", "nbib", "ris"):  # nothing in them needs colours
        app.add_lexer(name, TextLexer)
    app.connect("source-read", contents)
    app.connect("doctree-read", generated_sections)
    app.connect("doctree-read", classes_by_their_names)
    app.connect("autodoc-process-docstring", docstring)
    app.connect("autodoc-process-signature", no_constructor)
    app.connect("sphinx-click-process-description", description)
    app.connect("sphinx-click-process-options", options)
    app.connect("sphinx-click-process-arguments", no_arguments)
    app.connect("build-finished", loads_nothing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
