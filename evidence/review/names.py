"""What people call things: a report by its key, label or identifier, an arm by part of its name, a time in words.

Case, accents and hyphens do not matter; a part of a name will do where it
means one thing. What means nothing is answered with near misses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from unicodedata import combining, normalize

from evidence.errors import OptionError
from evidence.review.schema import LAST_VISIT, NOT_STATED, OutcomeRow
from evidence.review.tables import Review

IDENTIFIERS = ("doi", "pmid", "pmcid", "registration")

_WEEKS = re.compile(r"(?:weeks?|w)?\s*([0-9]+(?:\.[0-9]+)?)(?:\s*weeks?)?", re.ASCII)


class Address(NamedTuple):
    """Which rows somebody means: of which reports, and of which arm, subgroup and time where that was said."""

    reports: tuple[str, ...]
    arm: str = ""
    subgroup: str = ""
    weeks: float | str | None = None

    def holds(self, row: OutcomeRow) -> bool:
        """Whether a row is among those meant."""
        return (
            row.study in self.reports
            and (not self.arm or row.arm == self.arm)
            and (not self.subgroup or row.subgroup == self.subgroup)
            and self.weeks in (None, row.weeks)
        )


def plain(text: str) -> str:
    """The text without case, accents, and what joins words."""
    if not text.isascii():
        text = "".join(c for c in normalize("NFKD", text) if not combining(c))
    return " ".join(re.split(r"[\s_–-]+", text.casefold())).strip()


def read_weeks(text: str) -> float | str | None:
    """`12`, `week 12`, `last visit` as the tables hold them; None for anything else."""
    said = " ".join(text.casefold().replace("_", " ").split())
    if said in (LAST_VISIT, NOT_STATED):
        return said
    found = _WEEKS.fullmatch(said)
    return float(found[1]) if found else None


def match(name: str, choices: Iterable[str]) -> list[str]:
    """The choices a name means: the one that equals it, else those that do but for case, else those it is part of."""
    choices = list(dict.fromkeys(choices))
    if name in choices:
        return [name]
    said = plain(name)
    equal = [choice for choice in choices if plain(choice) == said]
    return equal or ([choice for choice in choices if said in plain(choice)] if said else [])


def called_reports(review: Review, name: str) -> tuple[str, ...]:
    """The reports that are called so exactly: by key, label, DOI, PubMed or register number."""
    if name in review.studies:
        return (name,)
    said = plain(name)
    for called in ({study: study for study in review.studies}, review.labels):
        found = tuple(study for study, other in called.items() if plain(other) == said)
        if found:
            return found
    bare = bare_identifier(name)
    return tuple(
        key
        for key, study in review.studies.items()
        if bare and bare in [getattr(study, part).casefold() for part in IDENTIFIERS]
    )


def bare_identifier(name: str) -> str:
    """A DOI, PubMed or register number as the tables hold it, whatever was put before it."""
    text = name.strip().casefold()
    for before in ("https://doi.org/", "doi:", "pmid:"):
        text = text.removeprefix(before).strip()
    return text


def known_reports(review: Review, name: str) -> tuple[str, ...]:
    """Those, else the reports on the cohort that is called so."""
    said = plain(name)
    return called_reports(review, name) or tuple(
        key for key, cohorts in review.cohorts.items() if said in map(plain, cohorts)
    )


def find_reports(review: Review, name: str, option: str) -> tuple[str, ...]:
    """The reports somebody means; several where they share the label or the cohort that was named.

    Raises OptionError, in the name of `option`, where nothing is called so, or a
    part of a name could mean several.
    """
    found = known_reports(review, name)
    if found:
        return found
    said = plain(name)
    parts = [
        study
        for study in review.studies
        if said and (said in plain(study) or said in plain(review.label(study)))
    ]
    if len({review.label(study) for study in parts}) == 1:
        return tuple(parts)
    if parts:
        raise OptionError(option, name, f"one of the reports called so: {listed(parts)}")
    raise OptionError(option, name, "a report, by its key or label" + nearest(review, name, review.studies))


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names in a row; of more than a reader would read, the first and how many there are besides."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def nearest(review: Review, name: str, keys: Iterable[str]) -> str:
    """`" (did you mean x, y?)"` with the keys that are near, or whose label is."""
    from difflib import get_close_matches

    called: dict[str, str] = {}
    for key in keys:
        called.setdefault(plain(key), key)
        if key in review.labels:
            called.setdefault(plain(review.label(key)), key)
    said = plain(name)
    if len(called) > 2000:  # comparing with all of them takes longer than the hint is worth
        called = {text: key for text, key in called.items() if text[:1] == said[:1]}
    near = dict.fromkeys(
        called[text] for text in get_close_matches(said, list(called)[:2000], n=3, cutoff=0.6)
    )
    return f" (did you mean {', '.join(near)}?)" if near else ""


def find_address(review: Review, text: str, rows: Sequence[OutcomeRow], option: str) -> Address:
    """`trial2`, `trial2:placebo`, `trial2:placebo:52`: a report, then what picks among `rows`, in any order.

    Raises OptionError where a part names no arm, subgroup or time of the report's rows.
    """
    if known_reports(review, text):
        return Address(known_reports(review, text))
    head, *parts = text.split(":")
    address = Address(find_reports(review, head, option))
    mine = [row for row in rows if row.study in address.reports]
    for part in parts:
        address = narrow(address, part, mine, option)
    return address


def narrow(address: Address, part: str, rows: Sequence[OutcomeRow], option: str) -> Address:
    """The address with one more word: an arm, a subgroup or a time that `rows` have. Raises OptionError for others."""
    weeks = read_weeks(part)
    if weeks is not None and any(row.weeks == weeks for row in rows):
        return address._replace(weeks=weeks)
    arms = match(part, [row.arm for row in rows if row.arm])
    subgroups = match(part, [row.subgroup for row in rows if row.subgroup])
    if len(arms) + len(subgroups) > 1:
        raise OptionError(option, part, listed([*arms, *subgroups]))
    if arms:
        return address._replace(arm=arms[0])
    if subgroups:
        return address._replace(subgroup=subgroups[0])
    raise OptionError(option, part, f"an arm, subgroup or time of its rows: {told(rows)}")


def told(rows: Sequence[OutcomeRow]) -> str:
    """What rows there are, in words: arm, subgroup, time."""
    words = [", ".join(filter(None, (row.arm or "no arm named", row.subgroup, row.when))) for row in rows]
    return "; ".join(dict.fromkeys(words)) or "there are none"
