"""Files written whole or not at all."""

from __future__ import annotations

import os
import stat

from evidence.errors import InputError


def write_whole(path: str, data: bytes, *, sync: bool = True) -> None:
    """Write beside the file and put it in its place: whatever fails, the old file stays as it was.

    `sync` waits until the disk has it, so that it outlives a power cut as well;
    without, only a crash of the program. Raises InputError, with the reason.
    """
    target = os.path.realpath(path)
    beside = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}.part")
    try:
        if os.path.exists(target) and not stat.S_ISREG(os.stat(target).st_mode):  # /dev/stdout, a pipe
            with open(target, "wb") as out:
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
            os.replace(beside, target)
        finally:
            if os.path.exists(beside):
                os.unlink(beside)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
