"""The review's own files as a Frictionless data package: tables, question and records byte for byte, and what describes them.

    datapackage.json   columns, types, limits, keys: see `evidence.review.package`
    review.toml        the question
    *.csv              the tables, as they are
    papers/            PubMed's records, if any were fetched

`evidence.load` reads the folder as it read the review. Only what evidence keeps is here: other files of the folder (full
texts, notes, snapshots) are nobody's to send along.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from typing import Any

from evidence.errors import InputError
from evidence.papers.library import EARLIER, INDEX
from evidence.papers.notices import FILE as NOTICES
from evidence.papers.notices import FOLDER
from evidence.report.characters import clean
from evidence.report.export.bundle import LeftOut
from evidence.report.export.members import Members, slug
from evidence.review.package import FILE, describe, render_package
from evidence.review.question import FILE as QUESTION
from evidence.review.revision import Past
from evidence.review.sheet import find_mark, read_sheet

RECORD = re.compile(r"[1-9][0-9]{0,8}(\.[0-9a-z-]+)?\.nbib", re.ASCII)
"""A PubMed record, or an earlier one with the day it was fetched."""


def add_tables(members: Members, past: Past, title: str, folder: str = "") -> Iterator[LeftOut]:
    """Put the package into the members, under a folder if one is named; yields what of `papers` stays out, and why."""
    package = describe(past.where, slug(title))
    for resource in package["resources"]:
        _as_written(resource, past.files.get(resource["path"], b""))
    described = render_package(package)
    members.add(f"{folder}{FILE}", described, "describes the tables (Frictionless data package)")
    for name, raw in past.files.items():
        what = "the review's question" if name == QUESTION else "a table of the review, as it is"
        members.add(f"{folder}{name}", raw, what)
    for name, record in _papers(past.where):
        if record is None:
            yield LeftOut(f"{folder}{FOLDER}/{clean(name)}", "not a record that evidence keeps")
        else:
            members.add(f"{folder}{FOLDER}/{name}", record, "PubMed's records, as they came")


def _as_written(resource: dict[str, Any], raw: bytes) -> None:
    """Say how a table is written where that is not with commas and decimal points."""
    sheet = read_sheet(raw, resource["path"])
    if sheet.delimiter == ",":
        return
    resource["dialect"] = {"delimiter": sheet.delimiter}
    fields = resource["schema"]["fields"]
    numbers = [place for place, field in enumerate(fields) if field["type"] == "number"]
    if find_mark(sheet, numbers) == ",":
        for place in numbers:
            fields[place]["decimalChar"] = ","


def _papers(where: str) -> Iterator[tuple[str, bytes | None]]:
    """The records that are kept, by name; None for what else lies there. A link is followed nowhere."""
    for inside in ("", EARLIER):
        here = os.path.join(where, FOLDER, inside)
        if os.path.islink(here):
            yield inside or "(a link to another folder)", None
            continue
        if not os.path.isdir(here):
            continue
        for name in sorted(os.listdir(here)):
            path, shown = os.path.join(here, name), f"{inside}/{name}" if inside else name
            if name == EARLIER and not inside:
                continue
            kept = RECORD.fullmatch(name) or (not inside and name in (INDEX, NOTICES))
            if not kept or not stat.S_ISREG(os.lstat(path).st_mode):
                yield shown, None
                continue
            try:
                with open(path, "rb") as file:
                    yield shown, file.read()
            except OSError as error:
                raise InputError(f"{FOLDER}/{shown} cannot be read: {error.strerror}") from error
