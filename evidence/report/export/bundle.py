"""What goes with the files of an export: their hashes, a manifest, and a page that says what each is and how to check it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from evidence.report.characters import clean, wrap
from evidence.report.export.members import Members
from evidence.report.machine import json_text, plain
from evidence.report.markup import escape_markdown

README, MANIFEST, SUMS = "README.md", "MANIFEST.json", "SHA256SUMS"
FORMAT = 1
WORD = "an export of evidence"
"""What a manifest begins with: by it a later export knows the folder."""

LIBRARIES = ("numpy", "scipy", "biopython", "bibtexparser", "jinja2", "matplotlib")
"""Distributions whose code writes a part of a full export."""


class LeftOut(NamedTuple):
    """What a full export would have had, and why it is not there."""

    name: str
    reason: str


@dataclass(frozen=True)
class Export:
    """Files to send or to keep: `files` by path, `left_out` with reasons, `notes` for whoever opens them.

    `single` is whether they are one text to print; `impossible` whether the analysis itself could not be had.
    """

    kind: str
    title: str
    files: Mapping[str, bytes]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    single: bool = False
    impossible: bool = False

    @property
    def text(self) -> str:
        """The one text there is."""
        (data,) = self.files.values()
        return data.decode()


def sha256(data: bytes) -> str:
    """The hash of a file's bytes, as sha256sum prints it."""
    return hashlib.sha256(data).hexdigest()


def bundle(
    kind: str,
    title: str,
    members: Members,
    *,
    command: str,
    options: Mapping[str, Any],
    review: Mapping[str, Any],
    left_out: Iterable[LeftOut] = (),
    notes: Iterable[str] = (),
    readme: bool = True,
    impossible: bool = False,
) -> Export:
    """The members with their manifest and hashes, and with a page that explains them unless `readme` says no."""
    left = tuple(LeftOut(clean(one.name), clean(one.reason)) for one in left_out)
    said = tuple(map(clean, notes))
    listed = members.sorted()
    if readme:
        page = _readme(
            kind, title, [(path, one.what) for path, one in listed.items()], left, said, command=command
        )
        members.add(README, page, "this page")
        listed = members.sorted()
    made = {
        "what": WORD,
        "format": FORMAT,
        "kind": kind,
        "title": clean(title),
        "versions": versions("figures/forest.pdf" in listed),
        "command": command,
        "options": plain(options),
        "review": plain(review),
        "files": [
            {"name": path, "bytes": len(one.data), "sha256": sha256(one.data), "what": one.what}
            for path, one in listed.items()
        ],
        "left_out": [one._asdict() for one in left],
        "notes": list(said),
    }
    members.add(MANIFEST, json_text(made), "files, hashes, versions, command and options")
    listed = members.sorted()
    sums = "".join(f"{sha256(one.data)}  {path}\n" for path, one in listed.items())
    members.add(SUMS, sums, "hashes, as sha256sum reads them")
    files = {path: one.data for path, one in members.sorted().items()}
    return Export(kind, clean(title), files, left, said, impossible=impossible)


def versions(drawn: bool) -> dict[str, str]:
    """Of evidence, Python and the libraries that wrote something."""
    from importlib.metadata import version

    from evidence import __version__

    used = [name for name in LIBRARIES if drawn or name != "matplotlib"]
    return {
        "evidence": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in used},
    }


WHAT = {
    "all": "An analysis of a review with everything behind it, exported by `evidence`.",
    "revman": "Study data for RevMan, exported by `evidence`.",
}


def _readme(
    kind: str,
    title: str,
    listed: Iterable[tuple[str, str]],
    left: Iterable[LeftOut],
    notes: Iterable[str],
    *,
    command: str,
) -> str:
    listed = list(listed)
    begin = " Begin with `report.html`." if any(path == "report.html" for path, _ in listed) else ""
    lines = [f"# {escape_markdown(clean(title))}", "", WHAT[kind] + begin, ""]
    lines += ["| file | what it is |", "| --- | --- |"]
    lines += [f"| `{path}` | {escape_markdown(what)} |" for path, what in listed]
    lines += [
        f"| `{MANIFEST}` | for each file its bytes and SHA-256; versions, command, options, the review's hash |",
        f"| `{SUMS}` | the hashes, as `sha256sum` reads them |",
    ]
    lines += ["", "## Check", "", "In this folder:", "", "```sh", f"sha256sum -c {SUMS}", "```", ""]
    if kind == "all":
        lines += wrap(
            "`package` holds the tables, the question and PubMed's records. Other files of the review's folder (full texts, "
            "notes, snapshots) are not sent along.",
            100,
        )
        lines += ["", "The tables against what describes them, with the `frictionless` program:", "", "```sh"]
        lines += ["frictionless validate package/datapackage.json", "```", ""]
        lines += wrap("The analysis again, from the tables that are here:", 100)
        lines += ["", "```sh", "evidence check package", command, "```", ""]
    for head, said in (
        ("Left out", [f"`{one.name}`: {escape_markdown(one.reason)}" for one in left]),
        ("Notes", list(map(escape_markdown, notes))),
    ):
        if said:
            lines += [f"## {head}", "", *(f"- {text}" for text in said), ""]
    return "\n".join(lines).rstrip() + "\n"
