"""A table as an HTML page of its own, or as a part of another. Jinja2 escapes every text; nothing is fetched, nothing runs."""

from __future__ import annotations

from typing import Any

from evidence.report.tables.paper import PaperTable
from evidence.report.tables.texts import TEXTS
from evidence.report.templates import environment, own_file, policy

HOME = "evidence.report.tables"


def render_html(table: PaperTable) -> str:
    """One file with everything in it."""
    from markupsafe import Markup

    style = own_file(HOME, "table.css")
    return _rendered("page.html", table, style=Markup(style), policy=policy(style=style))


def render_fragment(table: PaperTable) -> str:
    """The same without the page around it, for a notebook or an editor: it takes the style of where it stands."""
    return _rendered("parts.html", table)


def _rendered(template: str, table: PaperTable, **values: Any) -> str:
    notes_head = TEXTS[table.lang]["notes_head"]
    return (
        environment(HOME).get_template(template).render(table=table, notes_head=notes_head, **values) + "\n"
    )
