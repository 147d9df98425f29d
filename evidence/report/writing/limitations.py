"""The limitations of a comparison or a pool as passages: what is weakest first, each with the number that makes it weak.

The points are those of `evidence sensitivity` (a test holds them against its own words), then what the rows say of
themselves: their states, overlaps, counts known only within bounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from evidence.analysis.results import Analysis, Compared, Contrast, Result, StudyRow
from evidence.analysis.robustness import Claim, Sensitivity
from evidence.report.characters import clean
from evidence.report.numbers import brief, plain, points
from evidence.report.pooled.rows import decimals, find_row
from evidence.report.writing.language import Language, Passage
from evidence.report.writing.results import Cite, pooled_states, secondary_sources
from evidence.review.overlaps import ADVERBS

OVERLAP = re.compile(rf"(.+) and (.+) ({'|'.join(ADVERBS.values())}) share patients: ")
"""The house's sentence of an overlap; its reason is the review's own and is not repeated."""

FEW = 10
"""Below so many series neither their differences nor those unpublished can be judged (Sterne et al. 2011)."""


def limitations(result: Result, found: Sensitivity | None, say: Language, cite: Cite) -> Iterator[Passage]:
    """Everything a limitations paragraph would say; `found` is what `evidence sensitivity` makes of the same counts."""
    told = sorted(_all(result, found, say, cite), key=lambda passage: passage.rank)
    if not told:
        told = [Passage(0, say.nothing())]
    warned = " ".join(say.warning(clean(text)) for text in result.warnings)
    if warned:
        told[0] = told[0]._replace(rank=0, text=f"{warned} {told[0].text}")
    yield from told


def _all(result: Result, found: Sensitivity | None, say: Language, cite: Cite) -> Iterator[Passage]:
    contrast = _contrast(result)
    yield from _design(result, contrast, found, say)
    if found is not None:
        yield from _sensitivity(found, say, cite)
    elif contrast is not None and contrast.hidden_nonresponders:
        row = find_row(result, contrast.ours)
        kind = "non-responders" if contrast.comparison.difference.estimate > 0 else "responders"
        bar = say.figure(plain(1 - contrast.comparison.difference.level))
        who = say.name(row) if row is not None else _pool_name(contrast.ours, say)
        yield Passage(1, say.hidden(result, kind, contrast.hidden_nonresponders, who, bar))
    yield from _rows(result, say)


def _contrast(result: Result) -> Contrast | None:
    """The comparison that leads, with a reference that has been checked if there is one."""
    own = {row.name for row in result.studies if row.role == "ours"}
    ordered = sorted(result.comparisons, key=lambda contrast: bool(own) and contrast.ours not in own)
    for contrast in ordered:
        row = find_row(result, contrast.against)
        if row is None or row.state != "unverified":
            return contrast
    return ordered[0] if ordered else None


def _design(
    result: Result, contrast: Contrast | None, found: Sensitivity | None, say: Language
) -> Iterator[Passage]:
    if contrast is None:
        yield Passage(8, say.no_reference())
        return
    kind = contrast.kind or ("naive" if result.review else "")
    differs = [clean(text.partition(":")[0]) for text in contrast.differs_in if ": " in text]
    named = [say.differing(what) for what in dict.fromkeys(differs)]
    value = ""
    if found is not None and found.confounding is not None and found.lead is not None:
        limit = found.confounding.e_value.limit
        if limit is not None and limit > 1 and found.lead.fragility.pvalue != 0:
            value = say.figure(f"{limit:.1f}")
    if find_row(result, contrast.ours) is None:
        named = []  # of a pool, what is said differs is said of some of its series
    yield Passage(0, say.design(kind, named, value if kind != "randomised" else ""))


def _pool_name(name: str, say: Language) -> str:
    english = {"all": "all series together", "others": "the other series together"}
    spanish = {"all": "el conjunto de las series", "others": "el conjunto de las otras series"}
    return (english if say.code == "en" else spanish).get(name) or clean(name)


# ---- what it would take --------------------------------------------------------------------------


def _sensitivity(found: Sensitivity, say: Language, cite: Cite) -> Iterator[Passage]:
    lead, other, made = found.lead, found.reference, found.analysis
    if lead is not None and other is not None:
        yield from _turning(found, lead, say, cite)
    yield from _lost(found, say)
    if lead is not None and lead.events in (0, lead.n) and other is not None and made.review:
        yield Passage(6, say.retained(everyone=bool(lead.events)))
    several = found.multiverse
    if several is not None and len(several.specifications) > 1:
        gaps = [one.difference.estimate for one in several.specifications]
        ends = [say.figure(points(gap, sign=True)) for gap in (gaps[0], gaps[-1])]
        total = len(several.specifications)
        yield Passage(3, say.multiverse(several.kept, total, *ends, declared=several.declared))
    if found.bounds is not None:
        low, high = found.bounds.pools.events
        n = int(found.bounds.pools.n)
        yield Passage(5, say.bounds(len(found.bounds.rows), int(low), int(high), n))


def _turning(found: Sensitivity, lead: Claim, say: Language, cite: Cite) -> Iterator[Passage]:
    made, first = found.analysis, lead.fragility.pvalue
    bar = say.figure(plain(1 - found.level))
    if first == 0:
        yield Passage(1, say.no_difference())
        return
    if first is not None:
        row = find_row(made, lead.name)
        who = say.name(row) if row is not None else _pool_name(lead.name, say)
        yield Passage(1, say.hidden(made, lead.fragility.hidden, first, who, bar))
    turned = [(name, p) for name, claim, p in found.elsewhere if claim.fragility.pvalue == 0]
    if turned:
        name, p = max(turned, key=lambda pair: pair[1])
        other = find_row(made, name)
        if other is not None:
            unverified = other.state == "unverified"
            text = say.elsewhere(say.name(other) + cite(other), say.time(other.when), say.pvalue(p))
            yield Passage(1, f"{text} {say.unchecked(say.name(other))}" if unverified else text)
    if found.tipping is not None and found.tipping.crossing is not None:
        yield Passage(7, say.tipping(say.figure(f"{found.tipping.crossing:.1f}")))
    if found.drawer is not None and found.drawer.rates:
        drawer = found.drawer.rates[0]
        yield Passage(7, say.drawer(drawer.unpublished, say.figure(brief(drawer.rate))))


def _lost(found: Sensitivity, say: Language) -> Iterator[Passage]:
    bar = say.figure(plain(1 - found.level))
    for row in found.lost:
        x, n = row.counts.nonresponder
        counted = row.counts.observed[1]
        name = clean(row.name)
        if row.treated <= counted:
            yield Passage(5, say.completers(name))
            continue
        text = say.lost(name, row.treated, counted)
        if row.pvalues is not None and row.pvalues[0] <= 1 - found.level < row.pvalues[3]:
            text += f" {say.lost_turns(found.analysis, name, x, n, bar)}"
        yield Passage(2, text)


# ---- what the rows say of themselves ---------------------------------------------------------------


def _rows(result: Result, say: Language) -> Iterator[Passage]:
    own = next((row for row in result.studies if row.role == "ours" and row.state != "unverified"), None)
    if own is not None and own.n <= 30:
        digits = decimals(result)
        low, high = say.share(own.proportion.low, digits), say.share(own.proportion.high, digits)
        yield Passage(4, say.small(own.n, low, high))
    if isinstance(result, Analysis):
        states = [text for text in pooled_states(result, say) if text]
        if states:
            yield Passage(2, " ".join(states))
        if 1 < result.leading.k < FEW:
            yield Passage(4, say.few(result.leading.k))
        if result.leading.k > 1 and result.leading.events in (0, result.leading.n):
            bayes = result.leading.model == "bayes"
            yield Passage(2, say.all_or_none(result, everyone=bool(result.leading.events), bayes=bayes))
    elif isinstance(result, Compared):
        yield from _compared_states(result, say)
    for note in map(clean, result.notes):
        overlap = OVERLAP.match(note)
        if overlap:
            yield Passage(3, say.overlap(*overlap.groups()))


def _compared_states(result: Compared, say: Language) -> Iterator[Passage]:
    used: list[StudyRow] = []
    for name in (result.leading.ours, result.leading.against):
        row = find_row(result, name)
        if row is not None:
            used.append(row)
    for row in used:
        if row.state == "unverified":
            yield Passage(1, say.unchecked(say.name(row)))
    secondary = secondary_sources(used, say)
    if secondary:
        yield Passage(2, secondary)
