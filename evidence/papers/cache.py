"""Answers that were given before, one JSON file each in the user's cache folder.

requests-cache decides what may be used again; its SQLite file is not used, since one that is locked hangs it for
ever and one that is damaged stops it, and files need neither. Whatever goes wrong here costs a request and no more.
JSON, because the default serializer is pickle, and reading pickle runs what it says.

The cache is a convenience: records live in the review's folder (`evidence.papers.library`).
"""

from __future__ import annotations

import hashlib
import logging
import os
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from requests import PreparedRequest
    from requests_cache import CachedSession

VARIABLE = "EVIDENCE_CACHE"
"""Environment variable that names the cache folder."""

DAY = 86_400
SEARCH_DAYS = 7
"""How long what a search found is used again: PubMed grows every day."""

RECORD_DAYS = 1
"""How long records are: only to resume what was interrupted, for they are kept in the review."""


class Contents(NamedTuple):
    """What is in the cache: the folder, the number of answers and their bytes."""

    folder: str
    answers: int
    size: int


def cache_folder() -> str:
    """The cache folder: EVIDENCE_CACHE, else where this system keeps a user's caches. It may not exist yet."""
    named = os.environ.get(VARIABLE)
    if named:
        return os.path.abspath(named)
    from platformdirs import user_cache_dir

    return user_cache_dir("evidence", appauthor=False)


def contents() -> Contents:
    """What is in the cache."""
    folder = cache_folder()
    sizes = [os.path.getsize(path) for path in _answers(folder)]
    return Contents(folder, len(sizes), sum(sizes))


def clear() -> Contents:
    """Remove every answer, and say what was removed. Records in a review's folder are not touched."""
    before = contents()
    removed, size = 0, 0
    for path in _answers(before.folder):
        try:
            length = os.path.getsize(path)
            os.unlink(path)
        except OSError:
            continue
        removed, size = removed + 1, size + length
    return Contents(before.folder, removed, size)


def _answers(folder: str) -> list[str]:
    """The files of the answers, which have a hash as their name: nothing else is ever touched."""
    inside = answers_folder(folder)
    try:
        names = os.listdir(inside)
    except OSError:
        return []
    return [os.path.join(inside, name) for name in names if len(name) == 69 and name.endswith(".json")]


def answers_folder(folder: str) -> str:
    """Where in the cache folder the answers are."""
    return os.path.join(folder, "answers")


def key_of(request: PreparedRequest | Any, **_: object) -> str:
    """The same for the same question to the same service, whoever asks and in whatever order.

    The service's address is part of it: what a test server said is no answer of PubMed's.
    """
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    parts = urlsplit(str(request.url))
    fields = [*parse_qsl(parts.query), *parse_qsl(body, keep_blank_values=True)]
    fields = [(name, ",".join(sorted(value.split(","))) if name == "id" else value) for name, value in fields]
    text = repr((f"{parts.scheme}://{parts.netloc}{parts.path}", sorted(fields)))
    return hashlib.sha256(text.encode()).hexdigest()


def open_session(folder: str | None) -> CachedSession:
    """A session that remembers good answers in the folder; in memory only, where there is none.

    `session.cache.trouble` is then why what was asked will not be remembered, "" as long as it is.
    """
    from requests_cache import CachedSession
    from requests_cache.backends.base import BaseCache
    from requests_cache.backends.filesystem import FileDict

    class Answers(BaseCache):
        """One file an answer; what cannot be read is not there, what cannot be written is not remembered."""

        def __init__(self) -> None:
            super().__init__(cache_name="answers")
            self.trouble = ""
            if folder is None:
                return
            try:
                self.responses = FileDict(answers_folder(folder), serializer="json")
            except OSError as error:
                self.trouble = f"{answers_folder(folder)}: {error.strerror or 'not a folder'}"

        def get_response(self, key: str, default: Any = None) -> Any:
            try:
                return super().get_response(key, default)
            except (OSError, ValueError, RecursionError):  # a damaged file is no answer
                return default

        def save_response(self, *args: Any, **settings: Any) -> None:
            try:
                super().save_response(*args, **settings)
            except (OSError, KeyError) as error:
                cause = error.__cause__ if isinstance(error, KeyError) else error
                reason = (
                    cause.strerror if isinstance(cause, OSError) and cause.strerror else "cannot be written"
                )
                self.trouble = f"{self.cache_name}: {reason}"

    log = logging.getLogger("requests_cache")
    if not log.handlers:  # else a damaged file is an error on the user's screen
        log.addHandler(logging.NullHandler())
    session = CachedSession(
        backend=Answers(),
        expire_after=SEARCH_DAYS * DAY,
        urls_expire_after={"*/efetch.fcgi": RECORD_DAYS * DAY},
        allowable_methods=("POST",),
        allowable_codes=(200,),
        key_fn=key_of,
        ignored_parameters=(),
        stale_if_error=False,
    )
    session.auth = _nobody  # else requests looks into ~/.netrc for a name and password
    return session


def _nobody(request: PreparedRequest) -> PreparedRequest:
    return request
