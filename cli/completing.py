"""What a shell may offer where a command's own words end: files and folders, and what the review at hand knows by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from evidence.review.tables import Review

Names = Callable[["Review"], Iterator[tuple[str, str]]]
"""Names with what they stand for."""

STUDIES = frozenset({"about", "as_rows", "keys", "ours", "reports", "study", "words"})
"""Parameters that take the key of a report, whatever else."""

WORDS = re.compile(r"[a-z][a-z -]*(?:\|[a-z][a-z -]*)+")
"""A metavar that lists what it stands for."""


def teach(command: click.Command) -> None:
    """Let the parameters of a command, and of those within it, offer more than click knows of them."""
    for param in command.params:
        offer = _offer(param)
        if offer is not None and not isinstance(param.type, click.Choice):
            param.shell_complete = offer  # type: ignore[method-assign,assignment]
    if isinstance(command, click.Group):
        command.get_command = partial(_taught, command.get_command)  # type: ignore[method-assign]


def _taught(
    find: Callable[[click.Context, str], click.Command | None], context: click.Context, name: str
) -> click.Command | None:
    """A command within a group, which may make it only when it is named."""
    command = find(context, name)
    if command is not None:
        teach(command)
    return command


Offer = Callable[[click.Context, str], list[CompletionItem]]


def _offer(param: click.Parameter) -> Offer | None:
    metavar = str(param.metavar or "")
    if param.name == "outcome":
        return partial(_known, _outcomes)
    if param.name == "analysis":
        return partial(_known, _analyses)
    if param.name == "args" and "WHO" in metavar:
        return partial(_known, _sides)
    if param.name == "names":
        return partial(_known, _searches)
    if param.name == "key":
        return partial(_known, _things)
    if param.name in STUDIES:
        return partial(_known, _studies)
    if metavar == "COLUMN" and param.name in ("by", "order", "weights"):
        return partial(_known, _columns)
    if "FILE" in metavar or "PATH" in metavar or param.name in ("a", "b"):
        return partial(_place, "file")
    if "DIR" in metavar or "FOLDER" in metavar:
        return partial(_place, "dir")
    if WORDS.fullmatch(metavar):
        return partial(_listed, metavar.split("|"))
    return None


def _place(kind: str, context: click.Context, incomplete: str) -> list[CompletionItem]:
    """The shell looks for itself."""
    return [CompletionItem(incomplete, type=kind)]


def _listed(words: list[str], context: click.Context, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _known(names: Names, context: click.Context, incomplete: str) -> list[CompletionItem]:
    """What the review knows; nothing where there is none that can be read: a shell is no place for messages."""
    from evidence.errors import EvidenceError
    from evidence.report.characters import clean
    from evidence.review.tables import find_review, load

    try:
        review = load(find_review(context.params.get("review"))[0])
    except (EvidenceError, OSError):
        return []
    return [
        CompletionItem(name, help=clean(means))
        for name, means in dict(names(review)).items()
        if name.startswith(incomplete) and clean(name) == name
    ]


def _outcomes(review: Review) -> Iterator[tuple[str, str]]:
    return ((key, outcome.label) for key, outcome in review.outcomes.items())


def _analyses(review: Review) -> Iterator[tuple[str, str]]:
    return ((key, review.outcomes[spec.outcome].label) for key, spec in review.analyses.items())


def _studies(review: Review) -> Iterator[tuple[str, str]]:
    return ((key, review.label(key)) for key in review.studies)


def _things(review: Review) -> Iterator[tuple[str, str]]:
    yield from _studies(review)
    yield from _outcomes(review)


def _sides(review: Review) -> Iterator[tuple[str, str]]:
    yield from (("all", "the pool of all series"), ("others", "the pool without ours"))
    yield from _studies(review)


def _searches(review: Review) -> Iterator[tuple[str, str]]:
    return ((key, search.query) for key, search in review.searches.items())


def _columns(review: Review) -> Iterator[tuple[str, str]]:
    from evidence.review.selection import where_columns

    return ((name, "") for name in where_columns(review))
