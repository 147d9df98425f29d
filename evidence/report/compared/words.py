"""A comparison in sentences: the answer first, then what it can bear, what would undo it, how it was made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evidence.analysis.results import Compared, Contrast, PoolRow, Result, StudyRow
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.numbers import brief, points
from evidence.report.pooled.contrasts import hidden_sentence, test_words
from evidence.report.pooled.headline import NOT_RANDOMISED, of_pool, of_row
from evidence.report.pooled.rows import arm_of, at, decimals, find_row, pool_name
from evidence.report.pooled.words import footnotes, heading, row_notes, sentence
from evidence.report.verbs import did_too, said
from evidence.synthesis.results import Interval

UNFINISHED = "The figures below are a calculation, not a finding."

METHODS = {
    "newcombe": "difference with Newcombe's hybrid score interval",
    "miettinen-nurminen": "difference with Miettinen and Nurminen's score interval",
    "koopman": "ratio with Koopman's score interval",
    "conditional": "conditional odds ratio with its exact interval",
    "fisher": "Fisher's exact test, two-sided",
    "boschloo": "Boschloo's exact unconditional test, two-sided",
    "barnard": "Barnard's exact unconditional test, two-sided",
}

DEFAULT_TEST = "fisher"


class Words(NamedTuple):
    """The sentences around the tables, each a paragraph; empty where there is nothing to say."""

    heading: str
    headline: str
    bearing: str
    hidden: str
    notes: tuple[str, ...]
    row_notes: tuple[str, ...]
    differences: str
    test: str
    method: str
    footnotes: tuple[tuple[str, str], ...]


def words(compared: Compared) -> Words:
    """Everything there is to say about a comparison, once."""
    lead = compared.leading
    return Words(
        heading=heading(compared),
        headline=" ".join(_headline(compared)),
        bearing=" ".join(_bearing(compared)),
        hidden=_hidden(compared),
        notes=tuple(dict.fromkeys(_notes(compared))),
        row_notes=tuple(row_notes(compared)),
        differences=_differences(compared, lead),
        test=_test(compared),
        method=_method(lead),
        footnotes=tuple(footnotes(compared)),
    )


def side(compared: Compared, name: str) -> StudyRow | PoolRow:
    """The row or the pool a contrast names."""
    row = find_row(compared, name)
    return row if row is not None else next(pool for pool in compared.pooled if pool.pool == name)


def side_name(compared: Compared, name: str) -> str:
    """How that side is called on its own line."""
    found = side(compared, name)
    return clean(found.name) if isinstance(found, StudyRow) else pool_name(found.pool)


# ---- the answer ----------------------------------------------------------------------------------


def _headline(compared: Compared) -> Iterator[str]:
    yield from map(clean, compared.warnings)
    lead = compared.leading
    one, other = side(compared, lead.ours), side(compared, lead.against)
    if _unchecked(one):
        yield f"{_count(one)} is not yet checked against the paper and does not lead. {UNFINISHED}"
        return
    yield of_row(compared, one) if isinstance(one, StudyRow) else of_pool(compared, one)
    if compared.instead:
        yield sentence(compared.instead)
    if _unchecked(other):
        yield f"No checked row is there to compare with: {_count(other)} is not yet checked against the paper. {UNFINISHED}"
    else:
        yield _answer(compared, lead, one, other)
    if lead.kind:
        randomised = "Patients were randomised between the two."
        yield randomised if lead.kind == "randomised" else NOT_RANDOMISED


def _unchecked(found: StudyRow | PoolRow) -> bool:
    return isinstance(found, StudyRow) and found.state == "unverified"


def _count(found: StudyRow | PoolRow) -> str:
    assert isinstance(found, StudyRow)
    return f"{clean(found.name)} ({found.events} of {found.n})"


def _answer(compared: Compared, lead: Contrast, one: StudyRow | PoolRow, other: StudyRow | PoolRow) -> str:
    """The leading contrast, then the other times of the same arm."""
    gap = f"a difference of {_points(compared, lead, first=True)}"
    average = next((found for found in (one, other) if isinstance(found, PoolRow)), None)
    if average is not None:
        result = average.result
        kind = "the average over series" if result.average else "the pool"
        share = brief((result.average or result.proportion).estimate, decimals(compared))
        gap = f"from {kind}, {share} %, {gap}"
    if isinstance(other, PoolRow):
        return f"{of_pool(compared, other).removesuffix('.')}: {gap}."
    parts = [f"In {arm_of(other)}, {_rate(compared, other, verb=did_too(compared))}: {gap}"]
    for contrast in compared.comparisons[1:]:
        row = find_row(compared, contrast.against)
        if row and (row.label, row.arm) == (other.label, other.arm) and row.state != "unverified":
            parts.append(f"{_rate(compared, row)}: {_points(compared, contrast)}")
    source = " It was read from a secondary source." if other.state == "secondary" else ""
    return f"{'; '.join(parts)}.{source}"


def _rate(compared: Compared, row: StudyRow, verb: str = "") -> str:
    """ "49 of 107 did at week 12 (45.8 %)"; without a verb the time comes first."""
    share = f"({brief(row.proportion.estimate, decimals(compared))} %)"
    counts, when = f"{row.events} of {row.n}", at(row.when)
    if verb:
        return f"{counts} {verb}{when} {share}"
    return f"{when.strip()}, {counts} {share}" if when else f"{counts} {share}"


def _points(compared: Compared, contrast: Contrast, *, first: bool = False) -> str:
    """ "+54.2 points (95 % CI 14.1 to 63.3, Fisher p = 0.011)"."""
    gap, digits = contrast.comparison.difference, decimals(compared)
    limits = f"{points(gap.low, digits)} to {points(gap.high, digits)}"
    inside = ", which includes 0" if gap.low <= 0 <= gap.high and gap.low < gap.high else ""
    if not first:
        return f"{points(gap.estimate, digits, sign=True)} ({limits}{inside})"
    test = f", {test_words(contrast.comparison)}" if contrast.comparison.test else ""
    level = f"{numbers.level(gap.level)} % CI"
    return f"{points(gap.estimate, digits, sign=True)} points ({level} {limits}{inside}{test})"


# ---- what to mind --------------------------------------------------------------------------------


def _bearing(compared: Compared) -> Iterator[str]:
    """What the leading contrast can bear, and what cannot be done about it; only what is true."""
    lead = compared.leading
    if lead.kind == "randomised":
        yield (
            "Both arms were randomised together. Counts are added up over sites, trials and strata: the report's own "
            "adjusted estimates may differ."
        )
        return
    if not lead.kind:
        yield (
            "Counts do not say how the groups came about: unless patients were randomised between them the comparison "
            "is naive, and nothing here adjusts for how they differ."
        )
        return
    if lead.kind == "anchored":
        yield (
            "A naive comparison: patients were not randomised between the two. Both sides have a control arm, so an "
            "anchored comparison through it may be possible; this is not one."
        )
    else:
        yield (
            "A naive comparison: patients were not randomised between the two and no comparator is common to them, so "
            "no anchored comparison is possible."
        )
    one = side(compared, lead.ours)
    events, n = (one.events, one.n) if isinstance(one, StudyRow) else (one.source.events, one.source.n)
    # Weighting would move an anchored contrast, by its control arm.
    if events in (0, n) and lead.kind == "naive":
        share = "100 %" if events else "0 %"
        yield f"Matching or weighting (MAIC, STC) cannot help: however its patients are weighted, {events} of {n} stays {share}."
    else:
        yield "Nothing here adjusts for how the patients differ."


def _hidden(compared: Compared) -> str:
    """What would undo the leading contrast, if it rests on checked rows and there is something to undo."""
    lead = compared.leading
    checked = not any(_unchecked(side(compared, name)) for name in (lead.ours, lead.against))
    if not checked or not lead.hidden_nonresponders:
        return ""
    test = (lead.comparison.test or DEFAULT_TEST).partition(",")[0]
    return hidden_sentence(compared, lead, "p" if test == DEFAULT_TEST else "Fisher's p")


def _notes(compared: Compared) -> Iterator[str]:
    yield from map(sentence, compared.notes)
    for pool in compared.pooled:
        yield from (sentence(said(compared, note)) for note in pool.result.notes)
    for contrast in compared.comparisons:
        for note in contrast.comparison.notes:
            text = said(compared, note).partition(";")[0]
            yield sentence(text[:1].upper() + text[1:])


def _differences(compared: Compared, lead: Contrast) -> str:
    listed = "; ".join(map(clean, lead.differs_in))
    return f"Differences from {side_name(compared, lead.against)}: {listed}." if listed else ""


def _test(compared: Compared) -> str:
    """A word where another test than the usual one was asked for."""
    test = (compared.leading.comparison.test or DEFAULT_TEST).partition(",")[0]
    if test == DEFAULT_TEST:
        return ""
    return (
        f"{test.capitalize()}'s test was asked for in place of Fisher's: a test is named before the numbers are seen; "
        "choosing among their p-values afterwards is a way to cheat."
    )


def _method(lead: Contrast) -> str:
    comparison = lead.comparison
    test, _, basis = (comparison.test or "").partition(", ")
    parts = [
        METHODS.get(comparison.difference_method, f"difference by {comparison.difference_method}"),
        METHODS.get(comparison.ratio_method or "", comparison.ratio_method or ""),
        METHODS.get(comparison.odds_ratio_method or "", comparison.odds_ratio_method or ""),
        METHODS.get(test, test) + (f", on {basis}" if basis else ""),
    ]
    return f"Method: {'; '.join(clean(part) for part in parts if part)}."


# ---- cells ---------------------------------------------------------------------------------------


def cells_of(compared: Result, contrast: Contrast) -> tuple[str, str, str, str]:
    """Difference, p, ratio and odds ratio as they stand in a table."""
    comparison, digits = contrast.comparison, decimals(compared)
    gap = comparison.difference
    limits = f"{points(gap.low, digits)} to {points(gap.high, digits)}"
    p = "" if comparison.pvalue is None else numbers.pvalue(float(comparison.pvalue))
    return (
        f"{points(gap.estimate, digits, sign=True)} ({limits})",
        p.removeprefix("p = ").removeprefix("p "),
        _ratio(comparison.ratio),
        _ratio(comparison.odds_ratio),
    )


def _ratio(interval: Interval | None) -> str:
    """ "2.18 (1.30 to 2.73)"; where no finite value exists what is known: "at least 1.65"."""
    if interval is None:
        return "none"
    low = numbers.ratio(interval.low)
    if not numbers.known(interval.estimate):
        return f"at least {low}"
    return f"{numbers.ratio(interval.estimate)} ({low} to {numbers.ratio(interval.high)})"
