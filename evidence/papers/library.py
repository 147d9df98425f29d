"""The records a review keeps: one .nbib a PMID, exactly as PubMed gave it, with an index of when, from where and its hash.

    papers/
      index.csv         pmid, fetched, address, sha256
      notices.csv       what hangs on them: see evidence.papers.notices
      37378095.nbib     opens in Zotero, EndNote and Mendeley
      earlier/          what a record said before it changed

A record counts as kept once the index has it with the hash of the file; a file that was changed since, or that was
written when the program was killed, does not, and is fetched again.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import NamedTuple

from evidence.errors import InputError
from evidence.files import write_whole
from evidence.papers import notices as noticing
from evidence.papers.cache import cache_folder
from evidence.papers.checking import PMID
from evidence.papers.medline import read_medline, unfold
from evidence.papers.notices import PaperNotice
from evidence.papers.paper import NOTICES, Paper

INDEX = "index.csv"
EARLIER = "earlier"
COLUMNS = ("pmid", "fetched", "address", "sha256")
LOCK_SECONDS = 30.0

NAMES = {
    "TI": "title",
    "AB": "abstract",
    "AU": "authors",
    "FAU": "authors",
    "CN": "authors",
    "DP": "date",
    "VI": "volume",
    "IP": "issue",
    "PG": "pages",
    "TA": "journal",
    "LID": "identifiers",
    "AID": "identifiers",
    "PT": "publication type",
    "PST": "publication status",
    **NOTICES,
}
"""What a reader calls the fields; the others are the library's own bookkeeping."""


class Entry(NamedTuple):
    """A kept record: its PMID, when and from which address it was fetched (ISO 8601, local time), its hash."""

    pmid: str
    fetched: str
    address: str
    sha256: str


class Change(NamedTuple):
    """A record that differs from the one kept before: what changed, in words, and the file that has the old one."""

    pmid: str
    what: tuple[str, ...]
    earlier: str

    def __str__(self) -> str:
        return f"PMID {self.pmid} changed: {'; '.join(self.what)} (before: {self.earlier})"


class Library:
    """The records in a folder, usually `papers` in that of a review. Nothing is read or made before it is needed."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = os.fspath(folder)
        self._entries: dict[str, Entry] = {}
        self._seen: tuple[int, int, int] | None = None

    # ---- reading ---------------------------------------------------------------------------------

    def entries(self) -> Mapping[str, Entry]:
        """PMID -> entry of the index, read again where it has changed. Raises InputError where it is damaged."""
        seen = self._state()
        if seen != self._seen:
            self._entries = _read_index(os.path.join(self.folder, INDEX)) if seen else {}
            self._seen = seen
        return self._entries

    def _state(self) -> tuple[int, int, int] | None:
        """What tells one state of the index from another; None where there is none."""
        try:
            state = os.stat(os.path.join(self.folder, INDEX))
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino

    def __contains__(self, pmid: str) -> bool:
        return self.text(pmid) is not None

    def text(self, pmid: str) -> str | None:
        """The record as PubMed gave it; None where it is not kept, or the file is not what was kept."""
        entry = self.entries().get(pmid)
        raw = self._file(pmid) if entry else None
        if entry is None or raw is None or _hash(raw) != entry.sha256:
            return None
        return raw.decode("utf-8")

    def get(self, pmid: str) -> Paper | None:
        """The paper; None where `text` is."""
        text = self.text(pmid)
        return _paper(text, pmid) if text is not None else None

    def papers(self) -> Iterator[Paper]:
        """Every paper kept, in the order of their PMIDs."""
        for pmid in self.entries():
            paper = self.get(pmid)
            if paper is not None:
                yield paper

    def notices(self) -> list[PaperNotice]:
        """What hangs on the papers kept."""
        return noticing.read_table(os.path.join(self.folder, noticing.FILE))

    def problems(self) -> list[str]:
        """Records that are not what was fetched, in words."""
        name = os.path.basename(self.folder)
        found = []
        for pmid, entry in self.entries().items():
            raw = self._file(pmid)
            if raw is None:
                found.append(f"{name}/{pmid}.nbib is missing")
            elif _hash(raw) != entry.sha256:
                found.append(f"{name}/{pmid}.nbib is not what was fetched on {entry.fetched[:10]}")
        return found

    def _path(self, pmid: str) -> str:
        return os.path.join(self.folder, f"{pmid}.nbib")

    def _file(self, pmid: str) -> bytes | None:
        try:
            with open(self._path(pmid), "rb") as file:
                return file.read()
        except OSError:
            return None

    # ---- keeping ---------------------------------------------------------------------------------

    def add(
        self,
        texts: Mapping[str, str],
        *,
        fetched: datetime,
        address: str,
        papers: Mapping[str, Paper] | None = None,
    ) -> tuple[Change, ...]:
        """Keep records, PMID -> MEDLINE text; the files first, then the index, so that it only speaks of what is there.

        One that differs from the record kept before is kept beside it, in `earlier`, and what changed is returned.
        `papers` are the records parsed, where that was done. Raises ValueError for a text that is not the record of
        its PMID, InputError where something cannot be written: what was kept before is then still kept.
        """
        if not texts:
            return ()
        papers = read_papers(texts) if papers is None else papers
        for pmid in texts:
            if pmid not in papers:
                raise ValueError(f"no record of PMID {pmid}")
        when = fetched.astimezone().isoformat(timespec="seconds")
        _make(self.folder)
        changes: list[Change] = []
        moved: list[tuple[str, str]] = []
        with self._alone():
            entries = dict(self.entries())
            try:
                for pmid, text in texts.items():
                    raw = text.encode()
                    changes += self._keep(pmid, raw, entries.get(pmid), moved)
                    entries[pmid] = Entry(pmid, when, address, _hash(raw))
                kept = [notice for notice in self.notices() if notice.pmid not in texts]
                kept += [notice for pmid in texts for notice in _notices(papers[pmid])]
                # Notices before the index: a record counts once the index has it, and they must be there by then.
                self._write(
                    noticing.FILE, noticing.write_table(sorted(kept, key=lambda notice: int(notice.pmid)))
                )
                entries = {
                    entry.pmid: entry for entry in sorted(entries.values(), key=lambda entry: int(entry.pmid))
                }
                self._write(INDEX, _table(list(entries.values())))
                self._entries, self._seen = entries, self._state()
            except BaseException:
                for path, earlier in moved:  # back, which takes no space: the index still speaks of them
                    os.replace(earlier, path)
                raise
        return tuple(changes)

    def _keep(
        self, pmid: str, raw: bytes, entry: Entry | None, moved: list[tuple[str, str]]
    ) -> Iterator[Change]:
        """Write the file of a record, and move what was there before aside; `moved` gets from where to where."""
        old = self._file(pmid)
        if old == raw:
            return
        path = self._path(pmid)
        if old and entry:  # a file the index does not know was left when the program was killed
            name = self._free_name(pmid, old, entry)
            earlier = os.path.join(self.folder, name)
            os.replace(path, earlier)
            moved.append((path, earlier))
            yield Change(pmid, tuple(_differences(old, raw)), name)
        write_whole(path, raw, sync=False)  # the hash tells whether it is whole

    def _free_name(self, pmid: str, old: bytes, entry: Entry) -> str:
        """A name for the old record under earlier/, by the day it was fetched; the one it has there already, if any."""
        day = re.sub(r"[^0-9-]", "", entry.fetched[:10]) or "undated"
        _make(os.path.join(self.folder, EARLIER))
        number = 1
        while True:
            name = os.path.join(EARLIER, f"{pmid}.{day}{f'-{number}' if number > 1 else ''}.nbib")
            path = os.path.join(self.folder, name)
            if not os.path.exists(path):
                return name
            with open(path, "rb") as file:
                if file.read() == old:
                    return name
            number += 1

    def _write(self, name: str, data: bytes) -> None:
        write_whole(os.path.join(self.folder, name), data)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other process writes here. The lock is in the cache folder: the review's holds what is worth keeping."""
        from filelock import FileLock, Timeout

        locks = os.path.join(cache_folder(), "locks")
        lock = FileLock(os.path.join(locks, _hash(os.path.realpath(self.folder).encode())[:16] + ".lock"))
        try:
            os.makedirs(locks, exist_ok=True)
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            raise InputError(
                f"another evidence fetch is writing to {self.folder}; try again when it is done"
            ) from None
        except (OSError, NotImplementedError):  # no folder for it, or a file system without locks
            yield
            return
        try:
            self._sweep()
            yield
        finally:
            lock.release()

    def _sweep(self) -> None:
        """Remove half-written files: nobody else is writing, so whoever did was killed."""
        for name in os.listdir(self.folder):
            if name.startswith(".") and name.endswith(".part"):
                with suppress(OSError):
                    os.unlink(os.path.join(self.folder, name))


def _make(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}") from error


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _paper(text: str, pmid: str) -> Paper | None:
    """The paper in a record; None where it is not that of the PMID."""
    return next((paper for paper in read_medline(text) if paper.pmid == pmid), None)


def read_papers(texts: Mapping[str, str]) -> dict[str, Paper]:
    """PMID -> paper; those whose text is not the record of the PMID are left out."""
    found = {pmid: _paper(text, pmid) for pmid, text in texts.items() if PMID.fullmatch(pmid)}
    return {pmid: paper for pmid, paper in found.items() if paper}


def _notices(paper: Paper) -> Iterator[PaperNotice]:
    for notice in paper.notices:
        if notice.kind not in noticing.UNSAID:
            yield PaperNotice(paper.pmid, paper.doi, notice.kind, notice.text, notice.pmid)


def _table(entries: list[Entry]) -> bytes:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(entries)
    return out.getvalue().encode()


def _read_index(path: str) -> dict[str, Entry]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines, strict=True) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}; {_CURE}"
        ) from None
    if not rows or tuple(rows[0]) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise InputError(f"{path} is not an index with the columns {', '.join(COLUMNS)}; {_CURE}")
    entries = [Entry(*row) for row in rows[1:]]
    wrong = next((entry for entry in entries if not PMID.fullmatch(entry.pmid)), None)
    if wrong:
        raise InputError(f"{path} has {wrong.pmid!r} where a PMID should be; {_CURE}")
    return {entry.pmid: entry for entry in entries}


_CURE = "delete it, and evidence fetch makes it again"


# ---- what changed --------------------------------------------------------------------------------


def _differences(old: bytes, new: bytes) -> Iterator[str]:
    """What changed between two records, in words; fields nobody reads are named together at the end."""
    before, after = _fields(old), _fields(new)
    said: dict[str, None] = {}
    bookkeeping = []
    for tag in dict.fromkeys([*before, *after]):
        was, now = before.get(tag, []), after.get(tag, [])
        if was == now:
            continue
        name = NAMES.get(tag)
        if name is None:
            bookkeeping.append(tag)
        elif name in ("abstract", "authors", "identifiers"):
            said[name] = None
        elif len(was) == len(now) == 1:
            said[f"{name} was {_short(was[0])!r}, is {_short(now[0])!r}"] = None
        else:
            gone = [f"no longer {name}: {_short(value)}" for value in was if value not in now]
            came = [f"{name}: {_short(value)}" for value in now if value not in was]
            said.update(dict.fromkeys([*came, *gone] or [f"order of {name}"]))
    yield from said
    if bookkeeping:
        yield f"bookkeeping ({', '.join(bookkeeping)})"
    if not said and not bookkeeping:
        yield "line breaks"


def _fields(raw: bytes) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for line in unfold(raw.decode("utf-8", errors="replace")):
        fields.setdefault(line[:4].strip(), []).append(line[6:].strip())
    return fields


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
