"""The results of a pool or a comparison as passages: each claim with what qualifies it, the most important first.

Which numbers are said is decided here, once for all languages. A number nobody has checked never leads; where it cannot
be avoided, as in a pool, it is named in the same passage. Another time of the reference at which the difference is no
longer shown stands in the same sentence as the one at which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from evidence.analysis.results import Analysis, Compared, Contrast, PoolRow, Result, StudyRow
from evidence.report.characters import clean
from evidence.report.numbers import known
from evidence.report.pooled.grouped import FEW
from evidence.report.pooled.rows import decimals, find_row, subgroups
from evidence.report.writing.language import Beside, Language, Passage
from evidence.synthesis import notes
from evidence.synthesis.results import Pooled

MANY = 12
"""More series than these are told by their range."""

Cite = Callable[[StudyRow], str]
"""A row -> what cites its report, such as " [study:key]"; "" where there is nothing to cite."""

CRITICAL = (
    notes.TWO_STUDIES,
    notes.NOT_IDENTIFIED,
    notes.SEPARATED,
    notes.ALL_CORRECTED,
    "The studies differ so much",
    "The double-arcsine back-transform",
    "The studies' estimates are identical",
)
"""How the engine's notes begin without which a pool must not be told."""

CORRECTED = "studies have no event"


def results(result: Result, say: Language, cite: Cite) -> Iterator[Passage]:
    """Everything a results section would say of a pool or of a comparison."""
    if isinstance(result, Compared):
        yield from _compared(result, say, cite)
    elif isinstance(result, Analysis):
        yield from _pooled(result, say, cite)


# ---- a pool --------------------------------------------------------------------------------------


def _pooled(analysis: Analysis, say: Language, cite: Cite) -> Iterator[Passage]:
    digits = decimals(analysis)
    outcome = clean(analysis.outcome_label)
    warned = [say.warning(clean(text)) for text in analysis.warnings]
    own = [row for row in analysis.studies if row.role == "ours"]
    ours = next((row for row in own if row.state != "unverified"), None)
    if ours is not None:
        yield _one_side(analysis, ours, say, cite, outcome, digits, warned)
        yield from _beside(analysis, ours, say, cite, digits)
    elif own:
        warned.append(say.unchecked_lead(say.present))
    if ours is None or analysis.leading.k > 1:
        whole = _pool(analysis, analysis.pooled[0], say, cite, outcome if ours is None else "", digits)
        text = _text([] if ours else warned, *whole)
        yield Passage(2 if ours else 0, text, shared=tuple(pooled_states(analysis, say)))
        if ours is None:
            yield from _beside_pool(analysis, say, cite, digits)
    found = analysis.leading.heterogeneity
    if found is not None:
        text = say.heterogeneity(found, analysis.leading.level)
        alike = say.not_alike() if known(found.pvalue) and found.pvalue > FEW else ""
        if text:
            yield Passage(3, _text([], text, alike))
    yield from _groups(analysis, say, digits)
    if analysis.leading.k > 1:
        yield _series(analysis, say, cite, digits)
    if ours is not None and analysis.leading.k > 1:
        yield from _pool_minus(analysis, say, cite, digits)


def _text(before: Sequence[str], *sentences: str) -> str:
    return " ".join(filter(None, (*before, *sentences)))


def _one_side(
    result: Result, row: StudyRow, say: Language, cite: Cite, outcome: str, digits: int, warned: Sequence[str]
) -> Passage:
    who = say.name(row) + cite(row)
    share, ci = say.share(row.proportion.estimate, digits), say.limits(row.proportion, digits)
    when = say.time(row.when)
    said = say.one_side(result, who, outcome, row.events, row.n, when, share, ci)
    short = say.one_side(result, who, outcome, row.events, row.n, when.partition(" (")[0], "", ci)
    return Passage(
        0, _text(warned, said), _text(warned, short), tuple(filter(None, [secondary_sources([row], say)]))
    )


def _checked(analysis: Result, name: str) -> StudyRow | None:
    row = find_row(analysis, name)
    return row if row is not None and row.state != "unverified" else None


def _side(
    result: Result, contrast: Contrast, row: StudyRow, say: Language, cite: Cite, digits: int
) -> Beside:
    """One reference beside a side. Fisher's test of summed counts is left out: it knows no differences between series."""
    comparison = contrast.comparison
    gap = comparison.difference
    test, _, basis = (comparison.test or "").partition(", ")
    alone = isinstance(result, Analysis) and result.leading.k == 1  # its summed counts are the series' own
    told = bool(test) and (alone or not basis) and known(comparison.pvalue)
    low, high = say.points(gap.low, digits).lstrip("+"), say.points(gap.high, digits).lstrip("+")
    return Beside(
        name=say.name(row),
        cite=cite(row),
        when=say.time(row.when),
        events=row.events,
        n=row.n,
        share=say.share(row.proportion.estimate, digits),
        gap=say.points(gap.estimate, digits),
        ci=f"{say.level(gap.level)} {say.span(low, high)}",
        holds_zero=bool(gap.low <= 0 <= gap.high),
        test=clean(test) if told else "",
        p=say.pvalue(float(comparison.pvalue or 0)) if told else "",
    )


def _same_arm(rows: Sequence[tuple[Contrast, StudyRow]]) -> list[tuple[Contrast, StudyRow]]:
    """The first reference and the other times of its arm: what undoes the first stands beside it."""
    first = rows[0][1]
    return [(c, row) for c, row in rows if (row.label, row.arm) == (first.label, first.arm)]


def secondary_sources(rows: Sequence[StudyRow], say: Language) -> str:
    """Which of the rows were read from a secondary source; "" for none."""
    names = [say.name(row) for row in rows if row.state == "secondary"]
    return say.secondary(list(dict.fromkeys(names))) if names else ""


def _told(
    result: Result,
    pairs: Sequence[tuple[Contrast, StudyRow]],
    kind: str,
    say: Language,
    cite: Cite,
    digits: int,
) -> Passage:
    """References beside one side, long and short."""
    sides = [_side(result, contrast, row, say, cite, digits) for contrast, row in pairs]
    secondary = secondary_sources([row for _, row in pairs], say)
    long, short = (say.beside(result, sides, kind, short=short) for short in (False, True))
    return Passage(1, long, short, tuple(filter(None, [secondary])))


def _kind(result: Result, contrast: Contrast) -> str:
    """What a contrast can bear: of a review's pool, whose contrasts do not say, that it is naive."""
    return contrast.kind or ("naive" if result.review else "")


def _pairs(result: Result, contrasts: Sequence[Contrast]) -> list[tuple[Contrast, StudyRow]]:
    found = [(contrast, _checked(result, contrast.against)) for contrast in contrasts]
    return [(contrast, row) for contrast, row in found if row is not None]


def _beside(analysis: Analysis, ours: StudyRow, say: Language, cite: Cite, digits: int) -> Iterator[Passage]:
    contrasts = [contrast for contrast in analysis.comparisons if contrast.ours == ours.name]
    pairs = _pairs(analysis, contrasts)
    if pairs:
        pairs = _same_arm(pairs)
        yield _told(analysis, pairs, _kind(analysis, pairs[0][0]), say, cite, digits)
    elif contrasts:
        row = find_row(analysis, contrasts[0].against)
        yield Passage(1, say.alone(say.name(row) if row else clean(contrasts[0].against)))


def _beside_pool(analysis: Analysis, say: Language, cite: Cite, digits: int) -> Iterator[Passage]:
    contrasts = [contrast for contrast in analysis.comparisons if contrast.ours == "all"]
    pairs = _pairs(analysis, contrasts)
    if pairs:
        yield _told(analysis, pairs, _kind(analysis, pairs[0][0]), say, cite, digits)
    elif contrasts:
        row = find_row(analysis, contrasts[0].against)
        yield Passage(1, say.alone(say.name(row) if row else clean(contrasts[0].against)))


def _pool_minus(analysis: Analysis, say: Language, cite: Cite, digits: int) -> Iterator[Passage]:
    for contrast, row in _pairs(analysis, [c for c in analysis.comparisons if c.ours == "all"]):
        side = _side(analysis, contrast, row, say, cite, digits)
        text = say.pool_beside(side.name + side.cite, side.when, side.gap, side.ci, side.holds_zero)
        shared = filter(None, [*pooled_states(analysis, say), secondary_sources([row], say)])
        yield Passage(6, text, shared=tuple(shared))


def pooled_states(analysis: Analysis, say: Language) -> Iterator[str]:
    """Which pooled counts nobody has checked, or were read elsewhere."""
    rows = [row for row in analysis.studies if row.role != "reference"]
    unverified = [say.name(row) for row in rows if row.state == "unverified"]
    if unverified:
        yield say.unverified(len(unverified), len(rows), unverified if len(unverified) <= MANY else ())
    secondary = secondary_sources(rows, say)
    if secondary:
        yield secondary


def _pool(
    analysis: Result, pool: PoolRow, say: Language, cite: Cite, outcome: str, digits: int
) -> Iterator[str]:
    """A pool, the model's answer, and all that must not be left out beside it."""
    pooled = pool.result
    events, n = int(pooled.events), int(pooled.n)
    counts = say.counted(say.share(events / n, digits), say.limits(pooled.exact, digits, "exact"))
    model = ""
    if pooled.k > 1 and pooled.model != "exact":
        bayes = pooled.model == "bayes"
        best = pooled.average if bayes and pooled.average is not None else pooled.proportion
        kind = "credible" if bayes else "ci"
        model = say.modelled(pooled, say.share(best.estimate, digits), say.limits(best, digits, kind))
    yield say.pool(analysis, pooled, outcome, pool.pool == "others", counts, model)
    if pooled.k > 1:
        yield from assumed(analysis, pooled, say, digits)


def assumed(analysis: Result, pooled: Pooled, say: Language, digits: int) -> Iterator[str]:
    """What must not be left out beside a pool: what its model assumes, what the data could not support."""
    edge = pooled.events in (0, pooled.n)
    yield say.assumption(pooled.model)
    if edge:
        yield say.all_or_none(analysis, everyone=bool(pooled.events), bayes=pooled.model == "bayes")
    if pooled.prediction is not None:
        low, high = say.share(pooled.prediction.low, digits), say.share(pooled.prediction.high, digits)
        yield say.prediction(pooled.prediction.level, low, high)
    for note in map(clean, map(str, pooled.notes)):
        if note.startswith(CRITICAL) or CORRECTED in note:
            yield say.note(note)


def _series(analysis: Analysis, say: Language, cite: Cite, digits: int) -> Passage:
    """Each series by itself, ours last."""
    rows = [row for row in analysis.studies if row.role != "reference"]
    marks = list(pooled_states(analysis, say))
    if len(rows) > MANY:
        shares = sorted(row.proportion.estimate for row in rows)
        said = say.ranging(len(rows), say.share(shares[0], digits), say.share(shares[-1], digits))
        return Passage(5, said, shared=tuple(marks))
    told = [
        (
            say.name(row) + cite(row),
            f"{row.events}/{row.n}",
            say.share(row.proportion.estimate, digits),
            say.limits(row.proportion, digits),
        )
        for row in sorted(rows, key=lambda row: row.role == "ours")
    ]
    return Passage(5, say.series(told), shared=tuple(marks))


def _groups(analysis: Analysis, say: Language, digits: int) -> Iterator[Passage]:
    groups = subgroups(analysis)
    if not groups:
        return
    told = []
    for pool in groups:
        found = pool.result
        value = found.average if found.model == "bayes" and found.average is not None else found.proportion
        kind = "credible" if found.model == "bayes" and found.k > 1 else "ci"
        told.append(
            (
                clean(pool.pool),
                f"{int(found.events)}/{int(found.n)}",
                say.share(value.estimate, digits),
                say.limits(value, digits, kind),
            )
        )
    test = analysis.subgroups
    tested = test is not None and known(test.pvalue)
    p = say.pvalue(float(test.pvalue or 0)) if test is not None and tested else ""
    alike = say.not_alike() if test is not None and tested and float(test.pvalue or 0) > FEW else ""
    by = clean(str(analysis.options.get("by")))
    text = say.groups(by, told, p, test.df if test else None)
    yield Passage(4, _text([], text, alike), shared=tuple(pooled_states(analysis, say)))


# ---- a comparison --------------------------------------------------------------------------------


def _compared(compared: Compared, say: Language, cite: Cite) -> Iterator[Passage]:
    digits, lead = decimals(compared), compared.leading
    outcome = clean(compared.outcome_label)
    warned = [say.warning(clean(text)) for text in compared.warnings]
    row = find_row(compared, lead.ours)
    if row is not None and row.state == "unverified":
        yield Passage(0, _text(warned, say.unchecked_lead(say.name(row))))
        return
    if row is not None:
        yield _one_side(compared, row, say, cite, outcome, digits, warned)
    else:
        pool = next(pool for pool in compared.pooled if pool.pool == lead.ours)
        states = _unsaid(compared, say)
        yield Passage(0, _text(warned, *_pool(compared, pool, say, cite, outcome, digits), states))
    kind = lead.kind
    pairs = _pairs(compared, compared.comparisons)
    if pairs:
        pairs = _same_arm(pairs)
        yield _told(compared, pairs, kind, say, cite, digits)
        ratios = [
            (
                say.name(other) + cite(other),
                say.time(other.when),
                say.figure(f"{ratio.estimate:.2f}"),
                f"{say.level(ratio.level)} {say.span(say.figure(f'{ratio.low:.2f}'), say.figure(f'{ratio.high:.2f}'))}",
            )
            for contrast, other in pairs
            if (ratio := contrast.comparison.ratio) is not None
            and all(known(value) and 0.01 <= value < 100 for value in ratio)
        ]
        if ratios:
            yield Passage(4, say.ratios(ratios, kind))
        return
    against = find_row(compared, lead.against)
    if against is not None:
        yield Passage(1, say.alone(say.name(against)))
        return
    other_pool = next(pool for pool in compared.pooled if pool.pool == lead.against)
    gap = lead.comparison.difference
    low, high = say.points(gap.low, digits).lstrip("+"), say.points(gap.high, digits).lstrip("+")
    # The difference is a row minus the pool; the sentence says it the other way round only where a pool leads.
    said = _text([], *_pool(compared, other_pool, say, cite, "", digits))
    row_minus = say.row_minus(
        say.points(gap.estimate, digits),
        f"{say.level(gap.level)} {say.span(low, high)}",
        bool(gap.low <= 0 <= gap.high),
    )
    yield Passage(1, _text([], said, row_minus, say.bearing(kind), _unsaid(compared, say)))


def _unsaid(compared: Compared, say: Language) -> str:
    """The engine's word on pooled counts nobody has checked: a comparison keeps no rows of its pool."""
    found = [note for note in map(clean, compared.notes) if "not yet checked" in note]
    return " ".join(map(say.note, found))
