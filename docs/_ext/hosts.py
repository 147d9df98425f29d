"""What a page would load from another host when it is opened: scripts, styles, fonts, pictures. Links are not loaded."""

from __future__ import annotations

import re

ELSEWHERE = r"""["']?\s*(?:https?:)?//[^\s"'>)]+"""
LOADS = re.compile(
    rf"<(?:script|img|iframe|source|video|audio|embed|track|input)\b[^>]*\ssrc(?:set)?\s*=\s*{ELSEWHERE}"
    rf"|<link\b(?=[^>]*\srel\s*=\s*[\"']?[^\"'>]*(?:stylesheet|load|connect|prefetch|icon))[^>]*\shref\s*=\s*{ELSEWHERE}"
    rf"|<object\b[^>]*\sdata\s*=\s*{ELSEWHERE}"
    rf"|@import\s+{ELSEWHERE}|\burl\(\s*{ELSEWHERE}",
    re.IGNORECASE,
)


def loaded(text: str) -> str:
    """The first thing that this HTML or CSS would load from elsewhere; "" where there is none."""
    found = LOADS.search(text)
    return found[0] if found else ""
