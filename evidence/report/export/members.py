"""The files of an export by name: names that every file system and every unzipping program takes, and no two alike."""

from __future__ import annotations

import re
from typing import NamedTuple
from unicodedata import combining, normalize

from evidence.report.characters import clean

LONGEST = 100
"""Characters of a name. In UTF-8 they are at most 400 bytes, so that is looked at as well."""

BYTES = 200

FORBIDDEN = re.compile(r'[<>:"/\\|?*]+')
"""What Windows has in no name; with it go drive letters, folders and the way out of them."""

DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Names that Windows takes for devices, whatever they end in."""


class Member(NamedTuple):
    """A file: its bytes, and what it is in a few words."""

    data: bytes
    what: str


class Members:
    """Files by their paths, `/` between folders; a path is made safe when a file is added."""

    def __init__(self) -> None:
        self._files: dict[str, Member] = {}
        self._taken: set[str] = set()

    def add(self, path: str, data: bytes | str, what: str) -> str:
        """Keep a file under a path that is safe and not taken, and return that path."""
        parts = [safe(part) for part in path.split("/")]
        *folders, name = parts
        stem, dot, ending = name.rpartition(".")
        number = 1
        while _key("/".join([*folders, name])) in self._taken:
            number += 1
            name = f"{stem}-{number}.{ending}" if dot and stem else f"{parts[-1]}-{number}"
        kept = "/".join([*folders, name])
        self._taken.add(_key(kept))
        self._files[kept] = Member(data.encode() if isinstance(data, str) else data, what)
        return kept

    def sorted(self) -> dict[str, Member]:
        """Path -> file, in the order of the paths."""
        return {path: self._files[path] for path in sorted(self._files)}


def _key(path: str) -> str:
    """Paths that some file system takes for one have one key."""
    return normalize("NFC", path).casefold()


def safe(name: str) -> str:
    """One part of a path: no folder, no way up, no drive, no device, nothing invisible, no dot or space at its ends."""
    text = normalize("NFC", clean(FORBIDDEN.sub("-", name)))
    text = FORBIDDEN.sub("-", text)  # full-width forms, composed
    stem, dot, ending = text.strip(". ").rpartition(".")
    if not dot or not stem or len(ending) > 12:
        stem, ending = text.strip(". "), ""
    ending = f".{ending}" if ending else ""
    stem = stem[: LONGEST - len(ending)]
    while len((stem + ending).encode()) > BYTES:
        stem = stem[:-1]
    done = (stem.rstrip(". ") + ending).lstrip("-~. ")
    if not done.strip("-. "):
        return "unnamed"
    return f"_{done}" if DEVICES.fullmatch(done) else done


def slug(title: str) -> str:
    """A title as a short name of small letters, digits and hyphens; "review" where nothing is left of it."""
    plain = "".join(c for c in normalize("NFKD", clean(title)) if not combining(c)).casefold()
    short = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(short) > 60:
        short = short[:60].rpartition("-")[0] or short[:60]
    return safe(short) if short else "review"
