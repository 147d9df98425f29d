"""Trials against their own controls, in sentences and as cells of a table: the answer first, then what to mind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evidence.analysis.trials import Refused, TrialPool, TrialRow, Trials
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.compared.words import METHODS
from evidence.report.numbers import brief, known, plain, points, pvalue
from evidence.report.pooled.rows import STATE_MARKS
from evidence.report.pooled.words import FOOTNOTES, heading, heterogeneity_sentence, sentence
from evidence.report.verbs import did, did_too, said
from evidence.synthesis.arms.pooling import ARM_MODELS, PooledArms
from evidence.synthesis.arms.tables import ARM_MEASURES, RATIOS
from evidence.synthesis.notes import joined
from evidence.synthesis.results import Comparison, Interval

APART = "‡"
"""Behind a trial that is shown but not pooled."""

NO_TIME = "time not stated"

SHORT = {
    "common": "Common effect",
    "random": "Random effects",
    "peto": "Peto",
    "sample-size": "Sample-size weights",
    "hypergeometric": "Hypergeometric-normal",
    "conditional-binomial": "Conditional binomial",
    "fixed-studies": "Fixed study effects",
    "random-studies": "Random study effects",
}
"""Models as a table has room for."""


class Words(NamedTuple):
    """The sentences around the tables, each a paragraph; empty where there is nothing to say."""

    heading: str
    headline: str
    heterogeneity: tuple[str, ...]
    notes: tuple[str, ...]
    row_notes: tuple[str, ...]
    apart: tuple[str, ...]
    methods: tuple[str, ...]
    footnotes: tuple[tuple[str, str], ...]


def words(trials: Trials) -> Words:
    """Everything there is to say about trials, once."""
    return Words(
        heading=heading(trials),
        headline=" ".join(_headline(trials)),
        heterogeneity=tuple(_heterogeneity(trials)),
        notes=tuple(dict.fromkeys(_notes(trials))),
        row_notes=tuple(_row_notes(trials)),
        apart=tuple(_apart(trials)),
        methods=tuple(dict.fromkeys(_methods(trials))),
        footnotes=tuple(_footnotes(trials)),
    )


# ---- the answer ----------------------------------------------------------------------------------


def leading_row(trials: Trials) -> TrialRow | None:
    """The first contrast of its own patients that has been checked."""
    return next((row for row in trials.trials if row.pooled and row.state != "unverified"), None)


def _headline(trials: Trials) -> Iterator[str]:
    yield from map(clean, trials.warnings)
    for pool in trials.pools:
        yield _of_pool(trials, pool)
    lead = leading_row(trials)
    if not trials.pools and lead is None:
        yield "No trial here has been checked against its paper: the figures below are a calculation, not a finding."
    elif not trials.pools and lead is not None:
        yield _of_row(trials, lead)
        for row in trials.trials:
            if row is not lead and row.pooled and (row.study, row.arm) == (lead.study, lead.arm):
                yield f"{_at(row)[:1].upper()}{_at(row)[1:]}: {_gap(row.comparison)}."


def _of_row(trials: Trials, row: TrialRow) -> str:
    treated, control = clean(row.arm) or "treatment", clean(row.control) or "control"
    when = f" at {clean(row.when)}" if row.when.startswith("week ") else ""
    share, other = (brief(x / n) for x, n in ((row.events, row.n), (row.events_control, row.n_control)))
    test = f"{(row.comparison.test or '').capitalize()} {pvalue(float(row.comparison.pvalue or 0.0))}"
    return (
        f"In {clean(row.name)}, {row.events} of {row.n} on {treated} {did(trials)}{when} ({share} %) and "
        f"{row.events_control} of {row.n_control} on {control} {did_too(trials)} ({other} %): "
        f"{_gap(row.comparison)}{_ratios(row.comparison)} ({test})."
        + (" They were randomised against each other." if trials.review else "")
    )


def _gap(comparison: Comparison) -> str:
    gap = comparison.difference
    limits = f"{points(gap.low)} to {points(gap.high)}"
    return f"{points(gap.estimate, sign=True)} points ({numbers.level(gap.level)} % CI {limits})"


def _ratios(comparison: Comparison) -> str:
    parts = [
        f"{name} {ratio_cell(interval)}"
        for name, interval in (("ratio", comparison.ratio), ("odds ratio", comparison.odds_ratio))
        if interval is not None and known(interval.estimate)
    ]
    return "".join(f", {part}" for part in parts)


def _of_pool(trials: Trials, pool: TrialPool) -> str:
    names = joined([clean(name) for name in pool.studies]) if len(pool.studies) <= 4 else ""
    when = f" at {clean(pool.when)}" if pool.when.startswith("week ") else ""
    head = f"{_count(len(pool.studies))} trials{f', {names},' if names and when else f', {names}' if names else ''}{when}: "
    found = [result for result in pool.results if isinstance(result, PooledArms)]
    if not found:
        assert isinstance(pool.results[0], Refused)
        return head + f"nothing can be pooled. {sentence(said(trials, pool.results[0].reason))}"
    parts = []
    for number, result in enumerate(found):
        level = f"{numbers.level(result.level)} % CI " if number == 0 else ""
        parts.append(f"{ARM_MEASURES[result.measure]} {_effect(result, level)}")
    model = ARM_MODELS[found[0].model]
    return f"{head}{', '.join(parts)} ({model}, {pvalue(found[0].pvalue)})."


def _effect(result: PooledArms, level: str) -> str:
    effect = result.effect
    if result.measure in RATIOS:
        return f"{numbers.ratio(effect.estimate)} ({level}{numbers.ratio(effect.low)} to {numbers.ratio(effect.high)})"
    if result.measure == "risk-difference":
        limits = f"{points(effect.low)} to {points(effect.high)}"
        return f"{points(effect.estimate, sign=True)} points ({level}{limits})"
    return f"{effect.estimate:.3f} ({level}{effect.low:.3f} to {effect.high:.3f})"


def _count(number: int) -> str:
    word = numbers.count(number)
    return word[:1].upper() + word[1:]


def _at(row: TrialRow) -> str:
    return f"at {clean(row.when)}" if row.when.startswith("week ") else clean(row.when) or NO_TIME


# ---- cells ---------------------------------------------------------------------------------------


def row_name(row: TrialRow) -> str:
    """Name, time and marks."""
    flags = [STATE_MARKS[row.state]] if row.state in STATE_MARKS else []
    flags += [APART] if not row.pooled else []
    return " ".join((", ".join(filter(None, (clean(row.name), clean(row.when)))), *flags))


def table(trials: Trials) -> list[tuple[str, ...]]:
    """Each trial, then the pools of their times, as cells with the head first."""
    level = numbers.level(trials.options["level"])
    test = str(trials.options["test"]).capitalize()
    ci = f"({level}% CI)"
    lines: list[tuple[str, ...]] = [
        ("Trial", "Treated", "Control", f"Points {ci}", f"{test} p", f"Ratio {ci}", f"Odds ratio {ci}")
    ]
    for row in trials.trials:
        comparison = row.comparison
        gap = comparison.difference
        p = "" if comparison.pvalue is None else _bare(pvalue(float(comparison.pvalue)))
        lines.append(
            (
                row_name(row),
                f"{row.events}/{row.n}",
                f"{row.events_control}/{row.n_control}",
                f"{points(gap.estimate, sign=True)} ({points(gap.low)} to {points(gap.high)})",
                p,
                ratio_cell(comparison.ratio),
                ratio_cell(comparison.odds_ratio),
            )
        )
    return lines


def pool_table(trials: Trials, pool: TrialPool) -> list[tuple[str, ...]]:
    """What a time's trials say together, model by model, the one asked for first."""
    level = numbers.level(trials.options["level"])
    head = f"Pooled, {clean(pool.when)}" if pool.when else "Pooled"
    lines: list[tuple[str, ...]] = [(head, "Measure", f"Estimate ({level}% CI)", "p", "Prediction")]
    for result in (*pool.results, *pool.panel):
        name = SHORT.get(result.model, ARM_MODELS[result.model])
        measure = _measure(result.measure)
        if isinstance(result, Refused):
            lines.append((name, measure, "none", "", ""))
            continue
        prediction = ""
        if result.prediction is not None:
            low, high = result.prediction.low, result.prediction.high
            form = numbers.ratio if result.measure in RATIOS else points
            prediction = f"{form(low)} to {form(high)}"
        p = _bare(pvalue(result.pvalue))
        lines.append((name, measure, _effect(result, ""), p, prediction))
    if not any(line[4] for line in lines[1:]):
        lines = [line[:4] for line in lines]
    return lines


def _measure(measure: str) -> str:
    return {"odds-ratio": "odds ratio", "risk-ratio": "risk ratio", "risk-difference": "difference"}.get(
        measure, "arcsine difference"
    )


def _bare(p: str) -> str:
    return p.removeprefix("p = ").removeprefix("p ")


def ratio_cell(interval: Interval | None) -> str:
    """ "2.18 (1.30 to 2.73)"; where no finite value exists what is known: "at least 1.65"."""
    if interval is None:
        return "none"
    low = numbers.ratio(interval.low)
    if not known(interval.estimate):
        return f"at least {low}"
    return f"{numbers.ratio(interval.estimate)} ({low} to {numbers.ratio(interval.high)})"


# ---- what to mind --------------------------------------------------------------------------------


def _heterogeneity(trials: Trials) -> Iterator[str]:
    for pool in trials.pools:
        lead = pool.leading
        if lead is None:
            continue
        at = f" ({clean(pool.when)})" if len(trials.pools) > 1 else ""
        parts = [heterogeneity_sentence(lead.heterogeneity)] if lead.heterogeneity else []
        if lead.association:
            test = lead.association
            parts.append(f"Mantel-Haenszel test chi² = {plain(test.statistic)}, {pvalue(test.pvalue)}")
        if lead.homogeneity:
            test = lead.homogeneity
            parts.append(
                f"one odds ratio for all (Breslow-Day with Tarone's correction): chi² = {plain(test.statistic)}, "
                f"df {test.df}, {pvalue(test.pvalue)}"
            )
        yield f"Heterogeneity{at}: {'; '.join(filter(None, parts))}."


def _notes(trials: Trials) -> Iterator[str]:
    for pool in trials.pools:
        found: dict[str, list[str]] = {}
        leading = pool.results[0].model
        for result in (*pool.results, *pool.panel):
            notes = (result.reason,) if isinstance(result, Refused) else result.notes
            for note in notes:
                found.setdefault(note, []).append(result.model)
        for note, models in found.items():
            names = [SHORT.get(model, ARM_MODELS[model]) for model in dict.fromkeys(models)]
            head = "" if leading in models else f"{joined(names)}: "
            yield f"{head}{sentence(said(trials, note))}"
    silent: dict[str, list[str]] = {}
    for row in trials.trials:
        for note in row.comparison.notes:
            silent.setdefault(said(trials, note).partition(";")[0], []).append(clean(row.name))
    for note, names in silent.items():
        yield sentence(f"{joined(list(dict.fromkeys(names)))}: {note}")
    yield from map(sentence, trials.notes)


def _row_notes(trials: Trials) -> Iterator[str]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in trials.trials:
        notes = tuple(text.rstrip(".") for text in map(clean, row.notes) if text)
        if notes:
            name = ", ".join(filter(None, (clean(row.name), clean(row.when))))
            groups.setdefault(notes, []).append(name)
    for notes, names in groups.items():
        yield f"{joined(names)}: {'; '.join(notes)}."


def _apart(trials: Trials) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for row in trials.trials:
        if not row.pooled:
            reasons.setdefault(clean(row.why), []).append(f"{clean(row.name)} {_at(row)}")
    for why, names in reasons.items():
        are = "is" if len(names) == 1 else "are"
        yield f"{joined(names)} {are} not counted again: {why}."
    for entry in trials.excluded:
        yield f"{clean(entry.label)} has no such contrast: {clean(entry.reason)}."


def _methods(trials: Trials) -> Iterator[str]:
    comparison = trials.trials[0].comparison
    parts = [
        METHODS[comparison.difference_method],
        METHODS["koopman"],
        METHODS["conditional"],
        METHODS.get(comparison.test or "", comparison.test or ""),
    ]
    yield f"Each trial: {'; '.join(parts)}."
    for pool in trials.pools:
        found = next((result for result in pool.results if isinstance(result, PooledArms)), None)
        if found is not None:
            yield f"Pooled: {found.method}."


def _footnotes(trials: Trials) -> Iterator[tuple[str, str]]:
    states = {row.state for row in trials.trials}
    for state, mark in STATE_MARKS.items():
        if state in states:
            yield mark, FOOTNOTES[mark]
    if any(not row.pooled for row in trials.trials):
        yield APART, "its patients are counted in another line"
