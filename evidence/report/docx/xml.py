"""Elements and text as Word's XML takes them. Nothing is ever put together as a string, so no text can become markup."""

from __future__ import annotations

import re
from typing import Any

from evidence.report.characters import clean

UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for, not even escaped."""


def make(tag: str, *inside: Any, **attributes: object) -> Any:
    """An element such as "w:p" with its attributes (w_val="x") and what is inside it; None is left out."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element: Any = OxmlElement(tag)
    for name, value in attributes.items():
        if value is not None:
            element.set(qn(name.replace("_", ":", 1)) if "_" in name else name, str(value))
    for one in inside:
        if isinstance(one, str):
            element.text = one
        elif one is not None:
            element.append(one)
    return element


def fit(text: str) -> str:
    """One line of visible characters, all of which XML allows."""
    return UNFIT.sub("", clean(text))


def fit_code(text: str) -> str:
    """A line to type, with its leading spaces."""
    return " " * (len(text) - len(text.lstrip(" "))) + fit(text)
