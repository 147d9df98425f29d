"""When files are said to be made: always at the same moment, so that equal content is equal bytes, or at SOURCE_DATE_EPOCH's."""

from __future__ import annotations

import os
import time

from evidence.errors import InputError

EPOCH = "SOURCE_DATE_EPOCH"
"""Environment variable with the time that files shall have, in seconds since 1970 (reproducible-builds.org)."""

Moment = tuple[int, int, int, int, int, int]
"""Year, month, day, hour, minute, second, as UTC."""

EARLIEST: Moment = (1980, 1, 1, 0, 0, 0)
LATEST: Moment = (2107, 12, 31, 23, 59, 58)
"""Of the moments that a zip knows, and a Word document is one; the first is that of files without another."""


def is_dated() -> bool:
    """Whether a time was asked for."""
    return bool(os.environ.get(EPOCH))


def moment() -> Moment:
    """The time asked for, as near as a zip can say it, else always the same. Raises InputError where it is no time."""
    given = os.environ.get(EPOCH)
    if not given:
        return EARLIEST
    try:
        at = time.gmtime(int(given))[:6]
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"{EPOCH} is {given!r}, which is no time in seconds since 1970") from error
    return min(max(at, EARLIEST), LATEST)
