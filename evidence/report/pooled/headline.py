"""The answer, in two or three sentences. What was counted leads; what is unverified never does."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.analysis.results import Analysis, PoolRow, Result, StudyRow
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.numbers import brief, count, span
from evidence.report.pooled.rows import at, decimals
from evidence.report.verbs import did, did_too, one_did, one_did_not
from evidence.review.names import listed
from evidence.synthesis.results import Interval

NOT_RANDOMISED = "Not randomised against each other."


def headline(analysis: Analysis) -> Iterator[str]:
    """Warnings; ours, else the pool; then the first checked reference, and what its rate would make of our counts."""
    yield from map(clean, analysis.warnings)
    ours = next((s for s in analysis.studies if s.role == "ours" and s.state != "unverified"), None)
    if ours:
        yield of_row(analysis, ours)
    else:
        yield of_pool(analysis, analysis.pooled[0])
        if any(s.role == "ours" for s in analysis.studies):
            yield "Our own count is not yet checked against its source and does not lead."
    unchecked = [s for s in analysis.studies if s.role == "pooled" and s.state == "unverified"]
    if unchecked and not ours:
        yield f"Not yet checked against the paper: {listed([clean(s.label) for s in unchecked])}."
    yield from _beside_reference(analysis, ours)


def of_row(result: Result, row: StudyRow) -> str:
    """A row's count in words: "All 6 of our patients responded (95 % CI 54.1 to 100)"."""
    digits, verb = decimals(result), did(result)
    ci = f"{_level(row.proportion)} {span(row.proportion, digits)}"
    ours = row.role == "ours"
    named = "" if ours else f" in {clean(row.name)}"
    when = "" if ours else at(row.when)
    if row.n == 1:
        who = "Our one patient" if ours else f"The one patient{named}"
        return f"{who} {one_did(result) if row.events else one_did_not(result)}{when} ({ci})."
    if row.events in (0, row.n):
        all_or_none = "All" if row.events else "None of the"
        who = f"{all_or_none} {row.n} patients{named}"
        if ours:
            who = f"All {row.n} of our patients" if row.events else f"None of our {row.n} patients"
        return f"{who} {verb}{when} ({ci})."
    who = f"{row.events} of our {row.n} patients" if ours else f"{row.events} of {row.n} patients{named}"
    return f"{who} {verb}{when} ({brief(row.proportion.estimate, digits)} %, {ci})."


def of_pool(analysis: Result, pool: PoolRow) -> str:
    """The pool in a sentence: counts where nobody or everybody had the outcome, else the model's answer."""
    result, verb = pool.result, did(analysis)
    events, n, digits = int(result.events), int(result.n), decimals(analysis)
    ci = f"{_level(result.exact)} {span(result.exact, digits)}"
    other = "other " if pool.pool == "others" else ""
    if result.k == 1:
        series = f"In the one {other}series, "
    else:
        series = f"In the {count(result.k)} {other}series together, "
    if events == n or events == 0:
        who = f"all {n} patients" if events else f"none of {n} patients"
        return f"{series}{who} {verb} (exact {ci})."
    share = f"{brief(events / n, digits)} %"
    if result.k == 1 or result.model == "exact":
        return f"{series}{events} of {n} patients {verb} ({share}, exact {ci})."
    bayes = result.model == "bayes"
    best, kind = result.proportion, "in the typical series"
    if result.model == "common":
        kind = "if one rate holds for all"
    elif result.model == "beta-binomial":
        kind = "on average over series"
    elif bayes and result.average:
        best, kind = result.average, "on average over series"
    interval = f"{_level(best, bayes=bayes)} {span(best, digits)}"
    said = f"{brief(best.estimate, digits)} % {did_too(analysis)} {kind} ({interval})"
    another = (
        f" Another series may lie anywhere from {span(result.prediction, digits)} %."
        if result.prediction
        else ""
    )
    return f"{series}{events} of {n} patients {verb}; {said}.{another}"


def _level(interval: Interval, *, bayes: bool = False) -> str:
    return f"{numbers.level(interval.level)} % {'credible interval' if bayes else 'CI'}"


def _beside_reference(analysis: Analysis, ours: StudyRow | None) -> Iterator[str]:
    """What a checked reference's rate would make of our counts, at each of its times."""
    references = [s for s in analysis.studies if s.role == "reference"]
    if not references:
        return
    checked = [s for s in references if s.state != "unverified"]
    if not checked:
        first = references[0]
        counts = f"{first.events} of {first.n}"
        yield f"No checked reference exists: {clean(first.name)} ({counts}) is not yet checked against the paper."
        return
    # The analysis' own arm before any other (a placebo arm is no stand-in for the treated one).
    lead = next((s for s in checked if s.arm == references[0].arm), checked[0])
    if references[0].state == "unverified":
        yield f"{clean(references[0].name)} is not yet checked against the paper and does not lead."
    source = " (read from a secondary source)" if lead.state == "secondary" else ""
    when, digits = at(lead.when), decimals(analysis)
    verb = did_too(analysis)
    said = f"In {_arm(lead)}, {lead.events} of {lead.n} {verb}{when} ({brief(lead.proportion.estimate, digits)} %){source}"
    if ours is None:
        yield said + "."
    else:
        later = [s for s in checked if s is not lead and (s.arm, s.label) == (lead.arm, lead.label)]
        chances = [f"if that rate applied, {_tail(ours, lead)} would occur {_frequency(ours, lead)}"]
        for other in later:
            where = f"{clean(other.when)}'s " if other.when else ""
            chances.append(
                f"at {where}{brief(other.proportion.estimate, digits)} %, {_tail_again(ours, lead, other)}"
            )
        yield f"{said}: {'; '.join(chances)}."
    yield NOT_RANDOMISED


def _arm(reference: StudyRow) -> str:
    """The reference without its time."""
    return clean(reference.name.removesuffix(f", {reference.when}"))


def _tail(ours: StudyRow, reference: StudyRow) -> str:
    """The event whose chance is stated: ours or anything further from the reference."""
    if _above(ours, reference):
        return f"{ours.events} of {ours.n}" if ours.events == ours.n else f"{ours.events} or more of {ours.n}"
    return f"{ours.events} of {ours.n}" if ours.events == 0 else f"{ours.events} or fewer of {ours.n}"


def _tail_again(ours: StudyRow, lead: StudyRow, other: StudyRow) -> str:
    """The frequency at another time; the event named again only where it is another one."""
    tail = "" if _tail(ours, other) == _tail(ours, lead) else f"{_tail(ours, other)} "
    return tail + _frequency(ours, other).removeprefix("about ")


def _above(ours: StudyRow, reference: StudyRow) -> bool:
    return bool(ours.events * reference.n >= reference.events * ours.n)


def _frequency(ours: StudyRow, reference: StudyRow) -> str:
    return frequency(
        tail_chance(ours.events, ours.n, reference.events / reference.n, above=_above(ours, reference))
    )


def tail_chance(events: int, n: int, rate: float, *, above: bool) -> float:
    """The binomial chance of so many events or more (`above`), or so many or fewer, at a given rate."""
    from evidence.synthesis.comparison import chance_of_at_least

    return chance_of_at_least(events, n, rate) if above else chance_of_at_least(n - events, n, 1 - rate)


def frequency(chance: float) -> str:
    """A chance as people say it, rounded to what it can bear: 0.0092 -> "about once in 100"."""
    if chance >= 0.5:
        return "more often than not" if chance < 0.95 else "nearly always"
    if chance > 0.2:
        return f"about {count(max(2, round(10 * chance)))} times in ten"
    if chance < 1e-6:
        return "less than once in a million"
    times = 1 / chance
    step = 1 if times < 20 else 5 if times < 100 else 50 if times < 1000 else 10 ** (len(str(int(times))) - 1)
    return f"about once in {step * round(times / step):,}".replace(",", " ")
