"""Files written whole or not at all.

Also what a spreadsheet would run in them.
"""

from __future__ import annotations

import os
import stat

from evidence.errors import InputError

STREAMS = ("/dev/std", "/dev/fd/", "/proc/")
"""How the names of open streams begin, which are regular files where the shell made them so."""

WINDOWS = os.name == "nt"
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that a spreadsheet takes for a formula, also in full width. Text gets an apostrophe before it."""

PAUSES = (0.05, 0.1, 0.2, 0.4)
"""Seconds between tries: on Windows a scanner or an indexer holds a new file for a moment."""


def write_whole(path: str, data: bytes, *, sync: bool = True) -> None:
    """Write beside the file and put it in its place: whatever fails, the old file stays as it was.

    `sync` waits until the disk has it, so that it outlives a power cut as well;
    without, only a crash of the program. Raises InputError, with the reason.
    """
    if not path:
        raise InputError("cannot write: the name of the file is empty")
    target = os.path.realpath(path)
    beside = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.part")
    try:
        # A device or a pipe cannot be replaced. /dev/stdout must not be, whatever file it is: the shell goes on writing there.
        if os.path.abspath(path).startswith(STREAMS) or (
            os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode)
        ):
            with open(path, "ab") as out:
                out.write(data)
            return
        try:
            # A file of that name was left by a process that was killed: process numbers come again.
            with open(beside, "wb") as out:
                out.write(data)
                out.flush()
                if sync:
                    os.fsync(out.fileno())
            if os.path.exists(target):
                os.chmod(beside, stat.S_IMODE(os.stat(target).st_mode))
            _replace(beside, target)
        finally:
            if os.path.exists(beside):
                os.unlink(beside)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def _replace(source: str, target: str) -> None:
    for pause in PAUSES if WINDOWS else ():
        try:
            return os.replace(source, target)
        except PermissionError:
            import time

            time.sleep(pause)
    return os.replace(source, target)
