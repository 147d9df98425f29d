"""export(): a review and its analysis as files that other tools open."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evidence.analysis.pooling import pool
from evidence.analysis.snapshots import data_hash, file_hash
from evidence.errors import OptionError
from evidence.files import write_whole
from evidence.report.characters import clean
from evidence.report.export.bundle import Export, bundle
from evidence.report.export.everything import Everything, said
from evidence.report.export.members import Members, slug
from evidence.review.revision import Past, read_folder
from evidence.review.tables import Review

KINDS = ("all", "reproduce", "revman", "robvis", "prisma", "package")

SINGLE = {"reproduce": "reproduce.R", "robvis": "robvis.csv", "prisma": "prisma.csv"}
"""Kinds that are one text, and what it is called."""

POOLED = ("all", "reproduce")
"""Kinds that have a pool in them, and take its options."""


def export(
    review: Review,
    kind: str = "all",
    path: str | os.PathLike[str] | None = None,
    outcome: str | None = None,
    *,
    instrument: str | None = None,
    since: str | None = None,
    **options: Any,
) -> Export:
    """Export a review: "all" with its analysis, or "reproduce", "revman", "robvis", "prisma", "package".

    With a `path` the files are written there: a zip where it ends in .zip, else a folder; a file for the kinds that are
    one text. Without, they are returned only. `outcome` and `options` are those of `pool`, for "all" and "reproduce";
    of revman, `outcome` keeps one. `instrument` is robvis', `since` prisma's and all's.

    Everything is made from the files as they are on disk now, so that tables and numbers belong together, and names no
    folder of this machine. The same review and options give the same bytes.

    Raises OptionError for names that do not exist, NotPossible where a kind cannot be made of the review, InputError
    where it cannot be written. In "all", what is not possible is left out and said in `left_out`.
    """
    choices = _checked(kind, outcome, options, instrument, since)
    if path is not None and kind not in SINGLE:
        from evidence.report.export.placing import check

        check(os.fspath(path))
    past = read_folder(review.path)
    # Neither what the folder is called nor where it lies may show: a copy of the review gives the same bytes.
    held = past.load()
    held = replace(held, name=clean(held.title) or "review", shipped=False)
    made = _MAKERS[kind](past, held, outcome, choices, instrument, since)
    if path is not None:
        save(made, os.fspath(path))
    return made


def save(made: Export, path: str) -> None:
    """Write an export: see `export`."""
    if made.single:
        write_whole(path, made.text.encode())
        return
    from evidence.report.export.placing import place

    # A data package is found at the top of its zip; everything else unpacks into one folder.
    place(made.files, path, top="" if made.kind == "package" else slug(made.title))


def _checked(
    kind: str, outcome: str | None, options: Mapping[str, Any], instrument: str | None, since: str | None
) -> dict[str, Any]:
    """The options of the pool that differ from its defaults."""
    if kind not in KINDS:
        raise OptionError("kind", kind, KINDS)
    known = {
        name: parameter.default
        for name, parameter in inspect.signature(pool).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    for name in options:
        if name not in known:
            raise TypeError(f"export() got an unexpected keyword argument {name!r}")
    given = {name: value for name, value in options.items() if value != known[name]}
    for name, value, kinds in (
        *((name, value, POOLED) for name, value in given.items()),
        ("outcome", outcome, (*POOLED, "revman")),
        ("instrument", instrument, ("robvis",)),
        ("since", since, ("all", "prisma")),
    ):
        if value is not None and kind not in kinds:
            raise OptionError(name, value, f"none for {kind}; it goes with {', '.join(kinds)}")
    return given


def _everything(
    past: Past, review: Review, outcome: str | None, choices: dict[str, Any], _: str | None, since: str | None
) -> Export:
    found = Everything(past, review, outcome, choices, since)
    found.gather()
    asked = {"outcome": outcome, **choices, "since": since}
    asked = {name: value for name, value in asked.items() if value is not None}
    return bundle(
        "all",
        review.name,
        found.members,
        command=f"evidence export all --review package{''.join(said(asked))} --output again.zip",
        options=asked,
        review=_hashes(past),
        left_out=found.left_out,
        notes=found.notes,
        impossible=found.impossible,
    )


def _package(past: Past, review: Review, *_: Any) -> Export:
    from evidence.report.export.tables import add_tables

    members = Members()
    left = list(add_tables(members, past, review.name))
    command = "evidence export package --review DIR --output package.zip"
    return bundle(
        "package",
        review.name,
        members,
        command=command,
        options={},
        review=_hashes(past),
        left_out=left,
        readme=False,
    )


def _revman(past: Past, review: Review, outcome: str | None, *_: Any) -> Export:
    from evidence.report.export.revman import revman

    found = revman(review, outcome)
    members = Members()
    for name, (text, what) in found.files.items():
        members.add(name, text, what)
    asked = {} if outcome is None else {"outcome": outcome}
    command = f"evidence export revman --review DIR{''.join(said(asked))} --output revman.zip"
    return bundle(
        "revman",
        review.name,
        members,
        command=command,
        options=asked,
        review=_hashes(past),
        notes=found.notes,
    )


def _reproduce(past: Past, review: Review, outcome: str | None, choices: dict[str, Any], *_: Any) -> Export:
    from evidence.report.export.reproduce import reproduce_r

    return _single("reproduce", review, reproduce_r(pool(review, outcome, **choices)))


def _robvis(
    past: Past, review: Review, outcome: str | None, choices: dict[str, Any], instrument: str | None, _: Any
) -> Export:
    from evidence.report.review.quality_export import render_robvis, robvis_call
    from evidence.review.quality import quality_of

    quality = quality_of(review, instrument=instrument)
    text = render_robvis(review, quality)
    return _single("robvis", review, text, f"in R: library(robvis); {robvis_call(quality)}")


def _prisma(
    past: Past, review: Review, outcome: str | None, choices: dict[str, Any], _: Any, since: str | None
) -> Export:
    from evidence.analysis.flow import flow
    from evidence.report.review.flow import render_csv

    found = flow(review, since=since)
    return _single("prisma", review, render_csv(found), *map(str, found.findings))


def _single(kind: str, review: Review, text: str, *notes: str) -> Export:
    return Export(
        kind, review.name, {SINGLE[kind]: text.encode()}, notes=tuple(map(clean, notes)), single=True
    )


def _hashes(past: Past) -> dict[str, Any]:
    """Of each file that was read, and of all together, as the page and the snapshots have it."""
    return {
        "sha256": data_hash(past.files),
        "files": {name: file_hash(raw) for name, raw in past.files.items()},
    }


_MAKERS = {
    "all": _everything,
    "reproduce": _reproduce,
    "revman": _revman,
    "robvis": _robvis,
    "prisma": _prisma,
    "package": _package,
}
