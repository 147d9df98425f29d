"""A table as an HTML page of its own, or as a part of another. Jinja2 escapes every text; nothing is fetched, nothing runs."""

from __future__ import annotations

import pkgutil
from base64 import b64encode
from hashlib import sha256
from typing import Any

from evidence.report.tables.paper import PaperTable
from evidence.report.tables.texts import TEXTS

POLICY = "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
"""What a browser lets the page do: show our own style, known by its hash."""


def render_html(table: PaperTable) -> str:
    """One file with everything in it."""
    from markupsafe import Markup

    style = _own_file("table.css")
    policy = POLICY.format(style=b64encode(sha256(style.encode()).digest()).decode())
    return _rendered("page.html", table, style=Markup(style), policy=policy)


def render_fragment(table: PaperTable) -> str:
    """The same without the page around it, for a notebook or an editor: it takes the style of where it stands."""
    return _rendered("parts.html", table)


def _rendered(template: str, table: PaperTable, **values: Any) -> str:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_own_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    notes_head = TEXTS[table.lang]["notes_head"]
    return environment.get_template(template).render(table=table, notes_head=notes_head, **values) + "\n"


def _own_file(name: str) -> str:
    """A file that comes with this package, with the line ends that its hash is of."""
    raw = pkgutil.get_data(__package__ or "", name)
    assert raw is not None
    return raw.decode().replace("\r\n", "\n")
