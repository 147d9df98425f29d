"""Which reports may describe the same patients: pairs scored by what they share, with the reasons in words.

Points, added up; each is a reason somebody would give, none is proof, and the decision is a person's, in overlaps.csv:

    +5  the same registration number            +3, 2, 1  three, two or one shared authors; +1 the same first author
    +4  almost the same title                   +2  a rare name in both titles (a trial's acronym)
    +2  a place named in both centres           +1  the same country        -2  different countries
    +1  recruitment windows that meet           -4  windows that do not     +1  the same number of patients
    +1  one is a register, or the protocol of one, of the same country: it takes in such series

The points are this tool's own, chosen on labelled pairs (validation/overlap.md says how well they tell them). Only pairs
with something in common are looked at, so that costs grow with the reports, not with their square.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from evidence.review.names import find_reports, plain
from evidence.review.schema import Study
from evidence.review.tables import Review

SUSPECT = 3
"""Points from which a pair is listed."""

COMMON = 60
"""A name that more reports than this share tells nothing of any two."""

REGISTERS = ("registry", "protocol")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GENERIC = _words(
    "hospital hospitals university universitario universitaria clinic clinical centre centres center centers multicentre "
    "multicenter national general medical school institute department departments community single the and of de la el "
    "del los las for rheumatology dermatology"
)
_TITLE_WORDS = _words("the and of in for with from a an on to by at its after study trial patients")
_ACRONYM = re.compile(r"\b([A-Z]{5,}|[A-Z]{2,}(?=-?[0-9]))")
"""A trial's name: five capitals or more, or some before a number (TULIP-1). Shorter ones are diseases."""


class Suspicion(NamedTuple):
    """Two reports, how many points they have in common, and each reason.

    `decided` is what overlaps.csv says of their cohorts ("same cohort" where cohorts.csv puts them in one), "" where
    nobody has decided.
    """

    one: str
    other: str
    points: int
    reasons: tuple[str, ...]
    decided: str


def suspicions(review: Review, *, least: int = SUSPECT) -> list[Suspicion]:
    """Every pair of reports with at least `least` points, the most suspicious first, then in table order."""
    reports = [_Report.of(study) for study in review.studies.values()]
    rare = _rare_names(reports)
    decided = _decided(review)
    found = []
    for a, b in sorted(_candidates(reports, rare)):
        one, other = reports[a], reports[b]
        reasons = list(_reasons(one, other, rare))
        points = sum(worth for worth, _ in reasons)
        if points >= least:
            said = tuple(text for worth, text in sorted(reasons, key=lambda pair: -pair[0]))
            names = one.study.study, other.study.study
            found.append(Suspicion(*names, points, said, _verdict(review, *names, decided)))
    return sorted(found, key=lambda pair: -pair.points)


def suspicion(review: Review, one: str, other: str) -> Suspicion:
    """What two named reports have in common, however little. Raises OptionError for a report that is not there."""
    names = [find_reports(review, name, "report")[0] for name in (one, other)]
    every = [_Report.of(study) for study in review.studies.values()]
    first, second = (next(report for report in every if report.study.study == name) for name in names)
    reasons = list(_reasons(first, second, _rare_names(every)))
    said = tuple(text for worth, text in sorted(reasons, key=lambda pair: -pair[0]))
    points = sum(worth for worth, _ in reasons)
    return Suspicion(names[0], names[1], points, said, _verdict(review, names[0], names[1], _decided(review)))


class _Report(NamedTuple):
    """A report's traits in the form in which they are compared."""

    study: Study
    authors: tuple[str, ...]
    title: frozenset[str]
    acronyms: frozenset[str]
    places: frozenset[str]
    countries: frozenset[str]
    registrations: frozenset[str]
    window: tuple[str, str] | None

    @classmethod
    def of(cls, study: Study) -> _Report:
        words = re.findall(r"[a-z0-9]+", plain(study.title))
        return cls(
            study,
            tuple(dict.fromkeys(filter(None, map(_author, study.authors.split(","))))),
            frozenset(word for word in words if word not in _TITLE_WORDS),
            frozenset(_ACRONYM.findall(study.title)),
            frozenset(_places(study.centre)),
            frozenset(part.strip().casefold() for part in study.country.split(",") if part.strip()),
            frozenset(re.findall(r"[A-Z]{2,}[0-9-]{6,}", study.registration.upper())),
            _window(study),
        )


def _author(name: str) -> str:
    """Family name and first initial, folded: `Viedma-Martínez M` -> `viedma martinez m`."""
    folded = plain(name).strip(" .")
    if folded.startswith("et al") or not folded:
        return ""
    family, _, initials = folded.rpartition(" ")
    return f"{family} {initials[:1]}" if family else folded


def _places(centre: str) -> Iterator[str]:
    """Proper names of a centre, cut to six letters so that Valencia and Valencian agree."""
    for word in re.findall(r"[^\W\d_]{4,}", centre):
        folded = plain(word)
        if word[:1].isupper() and folded not in _GENERIC:
            yield folded[:6]


def _window(study: Study) -> tuple[str, str] | None:
    """First and last month of recruitment as ISO text, which sorts; None where either is not known."""
    start, end = study.recruited_from[:7], study.recruited_to[:7]
    return (start, end) if len(start) == 7 and len(end) == 7 else None


def _rare_names(reports: Sequence[_Report]) -> Mapping[str, int]:
    """Acronyms in titles that some reports share, but not so many that they are just the subject."""
    counts: dict[str, int] = defaultdict(int)
    for report in reports:
        for name in report.acronyms:
            counts[name] += 1
    most = max(3, len(reports) // 5)
    return {name: count for name, count in counts.items() if 1 < count <= min(most, COMMON)}


def _candidates(reports: Sequence[_Report], rare: Mapping[str, int]) -> set[tuple[int, int]]:
    """Pairs that share an author, a place, a registration, a rare name, or a register's country."""
    shared: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, report in enumerate(reports):
        for kind, names in (
            ("author", report.authors),
            ("place", report.places),
            ("registration", report.registrations),
            ("name", report.acronyms & rare.keys()),
        ):
            for name in names:
                shared[kind, name].append(number)
        if report.title:
            shared["title", " ".join(sorted(report.title))].append(number)
        for country in report.countries:
            shared["country", country].append(number)
    found: set[tuple[int, int]] = set()
    for members in shared.values():
        if len(members) <= COMMON:
            found.update(combinations(members, 2))
    return found


def _reasons(one: _Report, other: _Report, rare: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    """Points with a reason each."""
    both = one.registrations & other.registrations
    if both:
        yield 5, f"the same registration ({', '.join(sorted(both))})"
    authors = [name for name in one.authors if name in other.authors]
    if authors:
        word = "one shared author" if len(authors) == 1 else f"{len(authors)} shared authors"
        yield min(3, len(authors)), f"{word} ({', '.join(name.title() for name in authors[:3])})"
        if one.authors[0] == other.authors[0]:
            yield 1, "the same first author"
    union = one.title | other.title
    if len(union) >= 4 and len(one.title & other.title) >= 0.8 * len(union):
        yield 4, "almost the same title"
    names = sorted(one.acronyms & other.acronyms & rare.keys())
    if names:
        yield 2, f"the same name in both titles ({', '.join(names)})"
    places = one.places & other.places
    if places:
        yield 2, f"the same place ({_spelled(one.study.centre, places)})"
    if one.countries and other.countries:
        if one.countries & other.countries:
            yield 1, f"the same country ({one.study.country})"
            if any(report.study.design in REGISTERS for report in (one, other)):
                yield 1, "one is a register of that country"
        else:
            yield -2, f"different countries ({one.study.country}, {other.study.country})"
    if one.window and other.window:
        if one.window[0] <= other.window[1] and other.window[0] <= one.window[1]:
            yield 1, f"recruitment windows that meet ({_span(one.window)}, {_span(other.window)})"
        else:
            yield -4, f"recruitment windows that do not meet ({_span(one.window)}, {_span(other.window)})"
    size = one.study.treated
    if size is not None and size == other.study.treated:
        yield 1, f"the same number of patients ({size})"


def _spelled(centre: str, places: Iterable[str]) -> str:
    words = [word for word in re.findall(r"[^\W\d_]+", centre) if plain(word)[:6] in set(places)]
    return ", ".join(words)


def _span(window: tuple[str, str]) -> str:
    return f"{window[0]} to {window[1]}"


def _decided(review: Review) -> Mapping[frozenset[str], str]:
    return {frozenset((pair.cohort_a, pair.cohort_b)): pair.certainty for pair in review.overlaps}


def _verdict(review: Review, one: str, other: str, decided: Mapping[frozenset[str], str]) -> str:
    mine, its = review.cohorts[one], review.cohorts[other]
    if set(mine) & set(its):
        return "same cohort"
    return next((decided[key] for a in mine for b in its if (key := frozenset((a, b))) in decided), "")
