"""Text that others wrote, a title or an abstract, as a cell of our tables: visible, on one line, and no formula."""

from __future__ import annotations

import re

from evidence.files import FORMULA
from evidence.review.encoding import HIDDEN, read_once
from evidence.review.likely import composed, latin, shown_otherwise

_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_SURROGATES = re.compile("[\ud800-\udfff]")


def as_cell(text: str) -> str:
    """The text as it may stand in a text column; reading the table gives it back without a finding.

    One that a spreadsheet would run gets an apostrophe before it, as exports do.
    """
    if text.isascii() and text.isprintable() and text[:1].isalnum():
        return text.strip()
    text = _SURROGATES.sub("", _TERMINAL.sub(" ", text)).replace("\ufffd", "?")
    while (once := read_once("".join(" " if c.isspace() else c for c in text if c not in HIDDEN))) != text:
        text = once
    text = " ".join(text.split())
    formula = text.startswith(FORMULA) or (text != "" and shown_otherwise(text) is not None)
    return f"'{text}" if formula else text


def as_name(text: str) -> str:
    """The text as a name that rows are told apart by: one spelling, single spaces."""
    return latin(composed(as_cell(text)))
