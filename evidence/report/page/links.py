"""Which addresses may become links: web addresses and DOIs, and nothing a browser would run."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from evidence.report.characters import clean

WEB = re.compile(r"https?://[^\s<>\"'`\\^{}|]+", re.IGNORECASE)
DOI = re.compile(r"(?:doi:\s*)?(10\.\d{4,9}/[^\s<>\"'`\\^{}|]+)", re.IGNORECASE)
LONGEST = 2000
"""Characters of an address; what is longer is data, not a place."""


def address(source: str) -> str:
    """The address to link to, or "" where the text is none: then it is only shown."""
    text = source.strip()
    if not text or len(text) > LONGEST or text != clean(text):
        return ""
    doi = DOI.fullmatch(text)
    if doi:
        return f"https://doi.org/{quote(doi[1], safe='/():;._-~')}"
    if not WEB.fullmatch(text):
        return ""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return ""
    # What stands before an @ looks like the host and is not.
    return text if parts.hostname and "@" not in parts.netloc else ""


def place(source: str) -> str:
    """A source as short as it can be recognised: a DOI, the site of an address, else as it was written."""
    link = address(source)
    if not link:
        return source
    if link.startswith("https://doi.org/"):
        return f"doi:{clean(source).removeprefix('https://doi.org/').removeprefix('doi:').strip()}"
    return urlsplit(link).hostname or source
