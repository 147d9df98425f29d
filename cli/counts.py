"""Counts as people type them: 6/6, or with a name, Ours=6/6."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evidence.review.counts import CountRow

COUNTS = re.compile(r"(?:(?P<name>.+?)\s*=\s*)?(?P<events>\d+)\s*/\s*(?P<n>\d+)", re.ASCII)
MOST = 1_000_000_000
"""Largest count read, as in a table: longer digits are a slip."""


def looks_typed(text: str) -> bool:
    """Whether the text is meant as events/n."""
    return COUNTS.fullmatch(text.strip()) is not None


def typed(text: str, name: str, number: int = 0) -> CountRow:
    """The counts, called `name` unless they bring their own. Wrong usage where they cannot be events/n."""
    from evidence.review.counts import CountRow

    match = COUNTS.fullmatch(text.strip())
    assert match  # callers ask `looks_typed` first
    if len(match["n"]) > 18 or len(match["events"]) > 18 or int(match["n"]) > MOST:
        raise click.UsageError(f"{text.strip()} is not events/n: n is at most {MOST}.")
    events, n = int(match["events"]), int(match["n"])
    if events > n or n == 0:
        raise click.UsageError(f"{events}/{n} is not events/n: n from 1, and events no more than n.")
    return CountRow(match["name"] or name, events, n, {}, number)
