"""A filled checklist as text, Markdown, CSV or JSON."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.report.characters import to_ascii, wrap
from evidence.report.checklists.items import STATUSES, Checklist, Filled
from evidence.report.machine import csv_rows, json_text
from evidence.report.markup import escape_markdown, markdown_table

WORDS = {
    "en": {"missing": "Missing", "where": "Where", "see": "See"},
    "es": {"missing": "Falta", "where": "Dónde", "see": "Véase"},
}
HEADS = {
    "en": ("Item", "Topic", "Checklist item", "Status", "Where", "Missing", "Command"),
    "es": ("Ítem", "Tema", "Ítem de la lista", "Estado", "Dónde", "Falta", "Orden"),
}
COLUMNS = ("number", "study", "section", "topic", "text", "status", "where", "missing", "command")


def render(checklist: Checklist, format: str = "text", *, width: int = 80, unicode: bool = True) -> str:
    """The checklist in one of text, markdown, csv, json."""
    if format == "text":
        return _text(checklist, width, unicode)
    return {"markdown": _markdown, "csv": _csv, "json": _json}[format](checklist)


def _summary(checklist: Checklist) -> str:
    words = STATUSES[checklist.lang]
    return "; ".join(f"{words[status]}: {checklist.count(status)}" for status in words)


def _text(checklist: Checklist, width: int, unicode: bool) -> str:
    said, words = WORDS[checklist.lang], STATUSES[checklist.lang]
    lines = wrap(f"{checklist.title}. {checklist.review}", width)
    lines += wrap(f"{_summary(checklist)}.", width)
    head = ("", "")
    for item in checklist.items:
        # CARE's sections are its topics: each would be a heading over itself
        section = "" if checklist.name == "care" else item.section
        if (item.study, section) != head:
            head = (item.study, section)
            lines += ["", *wrap(": ".join(filter(None, head)), width)]
        lines += wrap(f"{item.number:<4}{item.topic}: {words[item.status]}", width, "  ", "      ")
        lines += wrap(item.text, width, "      ")
        for name, text in (
            (said["where"], item.where),
            (said["missing"], item.missing),
            (said["see"], item.command),
        ):
            if text:
                lines += wrap(f"{name}: {text}", width, "      - ", "        ")
    lines += [""]
    for note in (*checklist.notes, checklist.source):
        lines += wrap(note, width)
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return text if unicode else to_ascii(text)


def _cells(checklist: Checklist, item: Filled) -> Iterator[str]:
    yield f"{item.study} {item.number}".strip()
    yield item.topic
    yield item.text
    yield STATUSES[checklist.lang][item.status]
    yield item.where
    yield item.missing
    yield item.command


def _markdown(checklist: Checklist) -> str:
    escape = escape_markdown
    lines = [f"# {escape(checklist.title)}: {escape(checklist.review)}", "", f"{_summary(checklist)}.", ""]
    rows = ([escape(cell) for cell in _cells(checklist, item)] for item in checklist.items)
    lines += markdown_table((HEADS[checklist.lang], *rows), numeric=())
    lines += ["", *(f"- {escape(note)}" for note in (*checklist.notes, checklist.source))]
    return "\n".join(lines) + "\n"


def _csv(checklist: Checklist) -> str:
    """One row an item; status in the words of the library, whatever the language."""
    return csv_rows((COLUMNS, *([getattr(item, name) for name in COLUMNS] for item in checklist.items)))


def _json(checklist: Checklist) -> str:
    found = {
        "name": checklist.name,
        "title": checklist.title,
        "source": checklist.source,
        "lang": checklist.lang,
        "review": checklist.review,
        "counts": {status: checklist.count(status) for status in STATUSES["en"]},
        "items": [{name: getattr(item, name) for name in COLUMNS} for item in checklist.items],
        "notes": list(checklist.notes),
    }
    return json_text(found)
