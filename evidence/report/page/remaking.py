"""How to make a page again: the commands with the options used, and the hashes of the files they read."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from evidence.analysis.snapshots import data_hash, file_hash
from evidence.report.characters import clean
from evidence.report.page.views import MODELS
from evidence.review.question import FILE
from evidence.review.schema import TABLES
from evidence.review.tables import Review


def commands(review: Review, outcome: str | None, asked: Mapping[str, Any], lang: str) -> Iterator[str]:
    """The commands behind the page: no folder of this machine is named in them."""
    folder = "" if review.shipped else " --review DIR"
    rows = "".join(_options(outcome, asked))
    chosen = rows if asked["by"] is None else f"{rows} --by {shlex.quote(clean(asked['by']))}"
    yield f"evidence report{folder}{chosen}{'' if lang == 'en' else f' --lang {lang}'} --output report.html"
    yield f"evidence pool{folder}{chosen} --panel --excluded"
    for model in MODELS[1:]:
        yield f"evidence pool{folder}{chosen}" + "".join(
            f" --{name} {value}" for name, value in model.items()
        )
    yield f"evidence sensitivity{folder}{rows}"
    yield f"evidence audit{folder}"
    yield f"evidence pool{folder}{chosen} --show-r"


def _options(outcome: str | None, asked: Mapping[str, Any]) -> Iterator[str]:
    weeks = asked["weeks"]
    if isinstance(weeks, tuple | list):
        weeks = "-".join(f"{week:g}" for week in weeks)
    elif isinstance(weeks, int | float):
        weeks = f"{weeks:g}"
    for name, value in (
        ("outcome", outcome),
        ("analysis", asked["analysis"]),
        ("where", asked["where"]),
        ("weeks", weeks),
        ("level", None if asked["level"] == 0.95 else f"{asked['level']:g}"),
    ):
        if value is not None:
            yield f" --{name} {shlex.quote(clean(str(value)))}"
    if asked["exclude_retracted"]:
        yield " --exclude-retracted"


def hashes(review: Review) -> tuple[dict[str, str], str]:
    """Of each file of the review that was read, by name; and of all of them together, as a snapshot has it."""
    files = {}
    for name in (FILE, *(table.file for table in TABLES.values())):
        path = os.path.join(review.path, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                files[name] = file.read()
    return {name: file_hash(raw) for name, raw in files.items()}, data_hash(files)
