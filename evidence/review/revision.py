"""A review at one time: its files held in memory, from a folder, a revision of git, or wherever they were kept.

`load` reads it as it reads a folder, so what is analysed, hashed and compared is one and the same, whoever writes meanwhile.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from evidence.errors import InputError
from evidence.review.question import FILE
from evidence.review.schema import TABLES
from evidence.review.tables import Review, load

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

FILES = (FILE, *(table.file for table in TABLES.values()))
"""What a review is made of: the question and the tables."""

GIT_SECONDS = 60
"""How long git may take for one file; a repository that fetches its blobs from afar may hang."""


class Past:
    """The files of a review as they were; as much of a folder as `load` asks for.

    `name` is how it is called in a sentence, `when` the date it is from ("" where
    that says nothing). What is not among the files, such as PubMed's records, is
    that of the folder at `where`.
    """

    def __init__(self, where: str, files: Mapping[str, bytes], name: str, when: str = "") -> None:
        self.where, self.files, self.name, self.when = where, files, name, when

    def __str__(self) -> str:
        return self.where

    def __fspath__(self) -> str:
        return self.where

    def is_dir(self) -> bool:
        """A folder, to whom it may concern."""
        return True

    def is_file(self) -> bool:
        """Not a file."""
        return False

    def joinpath(self, name: str) -> _Held | Path:
        """One of its files; any other is what the folder has now."""
        return (
            _Held(self.files.get(name), f"{self.name}: {name}") if name in FILES else Path(self.where, name)
        )

    def load(self) -> Review:
        """The review, checked. Raises as `tables.load` does."""
        return load(cast("Traversable", self))

    def of_outcome(self, outcome: str) -> Past:
        """The same with no more of outcomes.csv than may be about one outcome; rows keep their numbers."""
        name = TABLES["outcomes"].file
        lines = plain_lines(self.files.get(name, b""))
        if not lines:
            return self
        key = outcome.encode()
        first = next((at for at, line in enumerate(lines) if line.strip()), 0)
        kept = [line if at <= first or key in line else b"" for at, line in enumerate(lines)]
        files = {**self.files, name: b"\n".join(kept) + b"\n"}
        files.pop(TABLES["statements"].file, None)
        return Past(self.where, files, self.name, self.when)


class _Held(NamedTuple):
    """One file of a `Past`; None where there was none."""

    raw: bytes | None
    name: str

    def __str__(self) -> str:
        return self.name

    def is_file(self) -> bool:
        return self.raw is not None

    def read_bytes(self) -> bytes:
        return self.raw or b""


def plain_lines(raw: bytes) -> list[bytes] | None:
    """The lines of a table, where each line is a row: not UTF-16, no line break inside quotes; else None."""
    if b"\0" in raw:
        return None
    lines = raw.splitlines()
    if b'"' in raw and any(line.count(b'"') % 2 for line in lines):
        return None
    return lines


def read_folder(path: str | Path | Traversable, name: str = "") -> Past:
    """The files of the review in a folder as they are now. Raises InputError where there is none."""
    folder = Path(path) if isinstance(path, str) else path
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; a review is a folder with {FILE} and its tables")
    files = {}
    for file in FILES:
        held = folder.joinpath(file)
        try:
            if held.is_file():
                files[file] = held.read_bytes()
        except OSError as error:
            raise InputError(f"{held} cannot be read: {error.strerror}") from error
    if FILE not in files:
        raise InputError(f"{folder} has no {FILE}; a review is a folder with {FILE} and its tables")
    return Past(str(folder), files, name or str(folder))


# ---- git -----------------------------------------------------------------------------------------


def read_revision(folder: str | Path, revision: str) -> Past:
    """The files of the review in a folder as a revision of git has them.

    Raises InputError where git is not there, the folder is in no repository, or
    the revision is not known or has no such review.
    """
    where = os.fspath(folder)
    if not in_repository(where):
        raise InputError(
            f"{where} is in no git repository with a commit, so there is no revision {revision!r} of it"
        )
    commit = (
        None
        if revision.startswith("-")
        else _git(where, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    )
    if commit is None:
        raise InputError(f"{revision!r} is no revision of the git repository that {where} is in")
    sha = commit.decode("ascii", "replace").strip()
    listed = _git(where, "ls-tree", "-z", "--name-only", sha) or b""
    there = set(listed.decode("utf-8", "replace").split("\0"))
    if FILE not in there:
        raise InputError(f"{where} had no {FILE} at {revision} ({sha[:9]}): nothing to compare with")
    files = {}
    for file in FILES:
        if file in there:
            # cat-file, because show runs the programs that a repository names for conversion
            raw = _git(where, "cat-file", "blob", f"{sha}:./{file}")
            if raw is None:
                raise InputError(f"git cannot read {file} at {revision} ({sha[:9]})")
            files[file] = raw
    date = (_git(where, "log", "-1", "--format=%cs", sha) or b"").decode("ascii", "replace").strip()
    called = revision if sha.startswith(revision) else f"{revision}, {sha[:9]}"
    return Past(where, files, f"git {called}", date)


def in_repository(folder: str | Path) -> bool:
    """Whether git has a commit to compare the folder with. Raises InputError where git is not installed."""
    return _git(os.fspath(folder), "rev-parse", "--verify", "--quiet", "HEAD^{commit}") is not None


def _git(folder: str, *args: str) -> bytes | None:
    """What git answers in that folder; None where it refuses."""
    try:
        done = subprocess.run(
            ["git", "-C", folder, *args],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise InputError("git is not installed; compare with a snapshot or a folder instead") from None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:  # ValueError: a NUL in a name
        raise InputError(f"git does not answer: {error}") from error
    return done.stdout if done.returncode == 0 else None
