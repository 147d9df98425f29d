"""A written piece as text, Markdown, CSV or JSON."""

from __future__ import annotations

from evidence.report.machine import csv_rows, json_text
from evidence.report.markup import escape_markdown
from evidence.report.writing.composing import Written, words_of


def render(written: Written, format: str = "text") -> str:
    """The piece in one of text, markdown, csv, json; the paragraph of a text is one line, to paste."""
    return {"text": _text, "markdown": _markdown, "csv": _csv, "json": _json}[format](written)


def _text(written: Written) -> str:
    return f"{written}\n"


def _markdown(written: Written) -> str:
    listed = [f"{number}. {escape_markdown(text)}" for number, text in enumerate(written.references, 1)]
    parts = [escape_markdown(written.text), "\n".join(listed)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _csv(written: Written) -> str:
    """One row a passage, then one a reference."""
    kinds = (("text", written.sentences), ("reference", written.references), ("left out", written.left_out))
    rows = (
        (kind, number, words_of(text), text) for kind, texts in kinds for number, text in enumerate(texts, 1)
    )
    return csv_rows((("kind", "number", "words", "text"), *rows))


def _json(written: Written) -> str:
    found = {
        "piece": written.piece,
        "lang": written.lang,
        "words": written.count,
        "text": written.text,
        "sentences": list(written.sentences),
        "references": list(written.references),
        "left_out": list(written.left_out),
    }
    return json_text(found)
