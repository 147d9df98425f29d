"""Sentences on two proportions beside each other: ours, or a pool, minus a reference."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from evidence.analysis.results import Analysis, Contrast, Result, StudyRow
from evidence.report.characters import clean
from evidence.report.numbers import count, known, points, pvalue
from evidence.report.pooled.rows import at, decimals, find_row, marks, pool_name
from evidence.report.verbs import without
from evidence.synthesis.results import Comparison


def contrast_sentences(analysis: Analysis) -> Iterator[str]:
    """One sentence for each pair of names, its times side by side: "Ours minus A at week 12: +54.2 points ...".

    What it would take to undo the leading one follows it.
    """
    leading = leading_contrast(analysis)
    for (ours, against), pairs in groupby(_told(analysis), key=lambda c: _pair(analysis, c)):
        contrasts = list(pairs)
        parts = [_difference(analysis, contrast, first=i == 0) for i, contrast in enumerate(contrasts)]
        yield f"{ours} minus {against}{';'.join(parts)}."
        if leading in contrasts and leading and leading.hidden_nonresponders:
            yield hidden_sentence(analysis, leading)


def leading_contrast(analysis: Analysis) -> Contrast | None:
    """The first comparison with a reference that has been checked."""
    for contrast in _told(analysis):
        row = find_row(analysis, contrast.against)
        if row is None or row.state != "unverified":
            return contrast
    return None


def _told(analysis: Analysis) -> list[Contrast]:
    """Those that say something of their own: the pool of one study is that study, which has been compared."""
    repeated = analysis.leading.k == 1 and any(find_row(analysis, c.ours) for c in analysis.comparisons)
    return [c for c in analysis.comparisons if find_row(analysis, c.ours) or not repeated]


def _pair(analysis: Analysis, contrast: Contrast) -> tuple[str, str]:
    return name_of(analysis, contrast.ours), name_of(analysis, contrast.against, bare=True)


def name_of(analysis: Result, name: str, *, bare: bool = False) -> str:
    """How a contrast's side is called in a sentence; `bare` leaves a reference's time to be said apart."""
    row = find_row(analysis, name)
    if row is None:
        return pool_name(name)
    return clean(row.name.removesuffix(f", {row.when}") if bare else row.name)


def _difference(analysis: Analysis, contrast: Contrast, *, first: bool) -> str:
    comparison = contrast.comparison
    difference, digits = comparison.difference, decimals(analysis)
    row = find_row(analysis, contrast.against)
    limits = f"{points(difference.low, digits)} to {points(difference.high, digits)}"
    test = f", {test_words(comparison)}" if first and comparison.test and known(comparison.pvalue) else ""
    value = f"{points(difference.estimate, digits, sign=True)}{' points' if first else ''} ({limits}{test})"
    return f"{at(row.when) if row else ''}{_state(analysis, row)}: {value}"


def _state(analysis: Analysis, row: StudyRow | None) -> str:
    return "".join(f" {mark}" for mark in marks(analysis, row)) if row else ""


def test_words(comparison: Comparison) -> str:
    """ "fisher" -> "Fisher p = 0.011"; what follows a comma says what it was done on."""
    name, _, basis = clean(comparison.test or "").partition(", ")
    return f"{name.capitalize()} {pvalue(float(comparison.pvalue or 0))}" + (f" on {basis}" if basis else "")


def hidden_sentence(analysis: Result, contrast: Contrast, p: str = "p") -> str:
    """How little it would take: patients not seen, or not counted, who did not have the outcome."""
    number = contrast.hidden_nonresponders or 0
    row = find_row(analysis, contrast.ours)
    if row is None:
        group = pool_name(contrast.ours).lower()
    else:
        group = "ours" if row.role == "ours" else f"those of {clean(row.name)}"
    limit = 1 - contrast.comparison.difference.level
    who, _, lacking = without(analysis).partition(" ")
    several = "" if number == 1 else "s"
    lacking = f" {lacking}" if lacking else ""
    return f"{count(number).capitalize()} hidden {who}{several}{lacking} among {group} would take {p} above {limit:.2g}."
