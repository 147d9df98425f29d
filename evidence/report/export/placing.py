"""An export written as a zip or a folder: whole or not at all, and the same bytes for the same files."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping

from evidence.errors import InputError
from evidence.files import write_whole
from evidence.report.dated import moment
from evidence.report.export.bundle import MANIFEST, SUMS, WORD, sha256

ZIP = ".zip"


def is_zip(path: str) -> bool:
    """Whether a name asks for a zip."""
    return path.lower().endswith(ZIP)


def place(files: Mapping[str, bytes], path: str, *, top: str = "") -> None:
    """Write the files: into a zip, under one folder `top` if it is named, where the path ends in .zip; else as a folder.

    A folder that is there is replaced only if it is an earlier export of which nobody changed anything.
    Raises InputError, and then leaves what was there.
    """
    check(path)
    if is_zip(path):
        write_whole(path, zipped(files, top))
    else:
        _folder(files, path)


def check(path: str) -> None:
    """Raises InputError where nothing could be written: asked before anything is computed."""
    target = os.path.realpath(path)
    if not os.path.isdir(os.path.dirname(target)):
        raise InputError(f"cannot write {path}: there is no folder {os.path.dirname(path)}")
    if is_zip(path):
        if os.path.isdir(target):
            raise InputError(f"{path} is a folder; name a file that ends in {ZIP}")
    elif target == os.path.realpath(os.curdir):
        raise InputError("the export would take the place of the folder you are in; name a folder inside it")
    elif os.path.lexists(target):
        _check_ours(target, path)


def zipped(files: Mapping[str, bytes], top: str = "") -> bytes:
    """The files as a zip; equal files are equal bytes."""
    out = io.BytesIO()
    when = moment()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, data in sorted(files.items()):
            info = zipfile.ZipInfo(f"{top}/{name}" if top else name, when)
            info.create_system = 3  # Unix, wherever it is made
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()


# ---- folders -------------------------------------------------------------------------------------


def _folder(files: Mapping[str, bytes], path: str) -> None:
    """Made beside it and put in its place; what was there goes only when the new one stands."""
    target = os.path.realpath(path)
    parent, name = os.path.split(target)
    new, old = (os.path.join(parent, f".{name}.{os.getpid()}.{what}") for what in ("part", "old"))
    try:
        try:
            for beside in (new, old):  # left by a process that was killed: process numbers come again
                shutil.rmtree(beside, ignore_errors=True)
            for file, data in files.items():
                here = os.path.join(new, *file.split("/"))
                os.makedirs(os.path.dirname(here), exist_ok=True)
                with open(here, "xb") as out:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
            if os.path.lexists(target):
                os.rename(target, old)
            try:
                os.rename(new, target)
            except OSError:
                if os.path.lexists(old):
                    os.rename(old, target)
                raise
        finally:
            shutil.rmtree(new, ignore_errors=True)
            if os.path.lexists(target):
                shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def _check_ours(target: str, path: str) -> None:
    """Refuse a folder that is not an earlier export, or one that somebody changed since."""
    if not os.path.isdir(target):
        raise InputError(f"{path} is a file; name a folder, or a file that ends in {ZIP}")
    try:
        top = set(os.listdir(target))
        if not top:
            return
        # Asked first: a whole home or disk would take long to go through.
        known = _sums(target) if {SUMS, MANIFEST} <= top else None
        if known is None:
            raise InputError(f"{path} is there and is no earlier export; name another folder")
        there = set(_within(target))
        strange = sorted(there - set(known) - {SUMS}) or sorted(
            name
            for name in there & set(known)
            if _hash(os.path.join(target, *name.split("/"))) != known[name]
        )
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if strange:
        raise InputError(
            f"{path} is an earlier export with changes in it ({', '.join(strange[:3])}); name another folder"
        )


def _within(target: str) -> Iterator[str]:
    """What lies in a folder, by path: files, links, and folders with nothing in them. Raises OSError where one cannot be read."""

    def stop(error: OSError) -> None:
        raise error

    for here, folders, names in os.walk(target, onerror=stop):
        links = [name for name in folders if os.path.islink(os.path.join(here, name))]
        found = [os.path.join(here, name) for name in (*names, *links)]
        if not folders and not names:
            found = [here]
        yield from (os.path.relpath(one, target).replace(os.sep, "/") for one in found)


def _sums(target: str) -> dict[str, str] | None:
    """File -> hash as an earlier export wrote them; None where it was no export."""
    with open(os.path.join(target, MANIFEST), "rb") as file:
        if WORD.encode() not in file.read(200):
            return None
    with open(os.path.join(target, SUMS), encoding="utf-8", errors="replace") as lines:
        pairs = [line.rstrip("\n").split("  ", 1) for line in lines]
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2} if pairs else None


def _hash(path: str) -> str:
    with open(path, "rb") as file:
        return sha256(file.read())
