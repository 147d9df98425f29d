"""An analysis in sentences. No claim is stronger than the number it rests on.

What was counted leads; an unverified row never does. Sentences use Unicode
signs; the terminal's ASCII mode replaces them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evidence.analysis.results import Analysis, Result
from evidence.report.characters import clean
from evidence.report.numbers import known, plain, pvalue
from evidence.report.pooled.contrasts import contrast_sentences, leading_contrast, name_of
from evidence.report.pooled.headline import headline
from evidence.report.pooled.rows import SECONDARY, UNVERIFIED, marks, pool_name, raised, subgroups
from evidence.report.verbs import said
from evidence.review.choice import RULES, Excluded
from evidence.synthesis.results import Heterogeneity

FOOTNOTES = {
    UNVERIFIED: "not yet checked against the paper",
    SECONDARY: "read from a secondary source",
}


TAU2_INTERVALS = {"jackson": ", Jackson's", "biggerstaff-jackson": ", Biggerstaff and Jackson's"}


class Words(NamedTuple):
    """The sentences around the table, each a paragraph; empty where there is nothing to say.

    `footnotes` are pairs of a mark and its meaning, `excluded` of the rule that
    left reports out and a line on them.
    """

    heading: str
    headline: str
    comparison: tuple[str, ...]
    heterogeneity: tuple[str, ...]
    notes: tuple[str, ...]
    group_notes: tuple[str, ...]
    row_notes: tuple[str, ...]
    differences: str
    methods: tuple[str, ...]
    footnotes: tuple[tuple[str, str], ...]
    excluded: tuple[tuple[str, str], ...]


def words(analysis: Analysis) -> Words:
    """Everything there is to say about an analysis, once."""
    return Words(
        heading=heading(analysis),
        headline=" ".join(headline(analysis)),
        comparison=tuple(contrast_sentences(analysis)),
        heterogeneity=tuple(_heterogeneity(analysis)),
        notes=tuple(_notes(analysis)),
        group_notes=tuple(_group_notes(analysis)),
        row_notes=tuple(row_notes(analysis)),
        differences=_differences(analysis),
        methods=tuple(_methods(analysis)),
        footnotes=tuple(footnotes(analysis)),
        excluded=tuple(_excluded(analysis)),
    )


def heading(analysis: Result) -> str:
    """Title, outcome and its definition, as far as there are any."""
    parts = [clean(part) for part in (analysis.title, analysis.outcome_label) if part]
    definition = f" ({clean(analysis.definition)})" if analysis.definition else ""
    return ": ".join(parts) + definition


def _heterogeneity(analysis: Analysis) -> Iterator[str]:
    for pool in (pool for pool in analysis.pooled if pool.pool != "others"):
        text = heterogeneity_sentence(pool.result.heterogeneity) if pool.result.heterogeneity else ""
        if text:
            of = "" if pool.pool == "all" else f" ({clean(pool.pool)})"
            yield f"Heterogeneity{of}: {text}."
    if analysis.subgroups is not None:
        from evidence.report.pooled.grouped import subgroup_sentences  # seldom asked for

        yield " ".join(subgroup_sentences(analysis.subgroups))


def heterogeneity_sentence(h: Heterogeneity) -> str:
    """tau², I² (named), Q and its test: what is known of them."""
    parts = []
    limited = known(h.tau2_low) and known(h.tau2_high)
    if known(h.tau2) and (
        h.tau2 > 0 or limited
    ):  # a bare 0 is what the common model assumes, not an estimate
        by = TAU2_INTERVALS.get(h.tau2_ci or "", "")  # the usual ones need no name
        limits = f" ({plain(h.tau2_low)} to {plain(h.tau2_high)}{by})" if limited else ""
        parts.append(f"tau² {plain(h.tau2)}{limits}")
    if known(h.overdispersion):
        parts.append(
            f"overdispersion {plain(h.overdispersion)} ({plain(h.overdispersion_low)} to {plain(h.overdispersion_high)})"
        )
    if known(h.i2):
        both = known(h.i2_low) and known(h.i2_high)
        limits = f" ({100 * h.i2_low:.0f} to {100 * h.i2_high:.0f})" if both else ""
        kind = "tau²" if h.i2_kind == "tau2" else h.i2_kind
        parts.append(f"I² ({kind}) {100 * h.i2:.0f} %{limits}")
    if known(h.q):
        test = f", {pvalue(float(h.pvalue))}" if known(h.pvalue) else ""
        wald = " (Wald)" if known(h.q_lrt) else ""
        parts.append(f"Q{wald} = {plain(h.q)}, df {h.df}{test}")
    if known(h.q_lrt):
        parts.append(f"Q (likelihood ratio) = {plain(h.q_lrt)}, {pvalue(float(h.q_lrt_pvalue))}")
    if known(h.lrt_pvalue):
        of = "overdispersion" if known(h.overdispersion) else "tau²"
        parts.append(f"likelihood ratio test of {of} = 0: {pvalue(float(h.lrt_pvalue))}")
    return "; ".join(parts)


def _notes(analysis: Analysis) -> Iterator[str]:
    """What to mind about the whole: of its pool, then of the analysis."""
    notes = (*(said(analysis, note) for note in analysis.leading.notes), *analysis.notes)
    yield from dict.fromkeys(map(sentence, notes))


def _group_notes(analysis: Analysis) -> Iterator[str]:
    """What a group has to say besides, its notes together. A single study's line says it all."""
    known = {sentence(said(analysis, note)) for note in analysis.leading.notes}
    for pool in subgroups(analysis):
        notes = [sentence(said(analysis, note)) for note in pool.result.notes]
        notes = [note for note in notes if note not in known]
        if notes and pool.result.k > 1:
            yield f"{clean(pool.pool)}: {' '.join(notes)}"


def row_notes(analysis: Result) -> Iterator[str]:
    """What to mind about one series or reference."""
    for study in analysis.studies:
        notes = [text.rstrip(".") for text in map(clean, study.notes) if text]
        if notes:
            yield f"{clean(study.name)}: {'; '.join(notes)}."


def sentence(text: object) -> str:
    """A note with its full stop."""
    note = clean(str(text))
    return note if note.endswith((".", "!", "?")) else f"{note}."


def _differences(analysis: Analysis) -> str:
    """What else differs from the leading reference, by the tables' own columns."""
    leading = leading_contrast(analysis)
    if not leading:
        return ""
    differs = [c.differs_in for c in analysis.comparisons if c.against == leading.against]
    listed = "; ".join(clean(difference) for part in differs for difference in part)
    return f"Differences from {name_of(analysis, leading.against)}: {listed}." if listed else ""


def _methods(analysis: Analysis) -> Iterator[str]:
    """How the whole was pooled, and those parts that went another way."""
    whole = analysis.leading
    if whole.method:
        yield f"Method: {sentence(whole.method)}"
    for pool in analysis.pooled[1:]:
        if pool.source.k > 1 and pool.source.model != whole.model and pool.result.method:
            yield f"{pool_name(pool.pool)}: {sentence(pool.result.method)}"


def footnotes(analysis: Result) -> Iterator[tuple[str, str]]:
    """What the marks behind the labels mean, of those in use."""
    used = {mark for study in analysis.studies for mark in marks(analysis, study)}
    scales = {raised(clean(letter)): f"by {clean(scale)}" for letter, scale in analysis.scales.items()}
    yield from ((mark, text) for mark, text in (scales | FOOTNOTES).items() if mark in used)


def _excluded(analysis: Analysis) -> Iterator[tuple[str, str]]:
    """Each report with the rule that left it out and the reason, in the order of the rules.

    Those that only have no row share a line, at the end.
    """
    by_rule: dict[str, list[Excluded]] = {}
    for report in analysis.excluded:
        by_rule.setdefault(report.rule, []).append(report)
    for rule in dict.fromkeys([*RULES[1:], *by_rule]):
        if rule == RULES[0]:
            continue
        yield from (
            (rule, f"{clean(report.label or report.study)}: {clean(report.reason)}")
            for report in by_rule.get(rule, ())
        )
    absent: dict[str, list[str]] = {}
    for report in by_rule.get(RULES[0], ()):
        absent.setdefault(clean(report.reason), []).append(clean(report.label or report.study))
    yield from ((RULES[0], f"{_upper(reason)}: {'; '.join(names)}") for reason, names in absent.items())


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
