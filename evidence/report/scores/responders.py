"""Responders on a screen: the answer, the counts with their intervals, the medians, one bar a patient."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import floor
from typing import NamedTuple

from evidence.report import forest, numbers
from evidence.report.characters import cells, clean, pad, shorten
from evidence.report.scores.waterfall import MOST_BARS, Bar, waterfall
from evidence.report.terminal import BOLD, DIM, GAP, INDENT, Paper, as_text
from evidence.review.paired import PairedScores
from evidence.review.responders import (
    Count,
    Responders,
    Rule,
    Summary,
    improvement,
    relative_change,
    some,
)

TOP = 1.0
LABEL_LEAST = 14


class Words(NamedTuple):
    """The sentences about a result, each a paragraph; empty where there is nothing to say."""

    heading: str
    headline: str
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    method: str


def words(result: Responders) -> Words:
    """Everything there is to say, once."""
    return Words(
        heading=_heading(result),
        headline=" ".join(_headline(result)),
        missing=tuple(_missing(result)),
        notes=tuple(_notes(result)),
        method=_method(result),
    )


def render_text(result: Responders, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The result as a screen of `width` columns; no line is longer."""
    paper, said = Paper(width, unicode, color), words(result)
    remarks = [(text, "") for text in (*said.missing, *said.notes)] + [(said.method, DIM)]
    blocks = [
        paper.paragraph(said.heading, style=BOLD),
        paper.paragraph(said.headline),
        _count_lines(result, paper),
        _summary_lines(result, paper),
        _waterfall_lines(result, paper),
        [line for text, style in remarks for line in paper.paragraph(text, INDENT, INDENT * 2, style)],
    ]
    return as_text(blocks)


# ---- sentences -----------------------------------------------------------------------------------


def _heading(result: Responders) -> str:
    before, after = map(clean, result.names)
    source = f"{clean(result.source)}: " if result.source else ""
    return f"{source}{before} to {after}, {numbers.plural(len(result.patients), 'patient')} ({result.better} is better)"


def _headline(result: Responders) -> Iterator[str]:
    """By the first rule, then how far it holds."""
    first = result.counts[0]
    if first.proportion is None:
        yield f"Nobody can be judged by {clean(first.rule.name)}."
    else:
        ci = f"{numbers.level(result.level)} % CI {numbers.span(first.proportion)}"
        if first.events < first.n:
            who = f"{first.events} of {numbers.plural(first.n, 'patient')}"
            ci = f"{numbers.brief(first.proportion.estimate)} %, {ci}"
        else:
            who = f"all {first.n} patients" if first.n > 1 else "the one patient"
        who += " who can be judged" if first.n < len(result.patients) else ""
        said = f"{_assumed(result, first)}{who} {_did(first.rule)} ({ci})."
        yield said[:1].upper() + said[1:]
    yield from _how_far(result)


def _assumed(result: Responders, count: Count) -> str:
    """What a count rests on besides scores: nobody is called a responder, or not one, on an assumption unsaid."""
    kind = {"worst": "non-responders", "best": "responders"}.get(result.missing)
    return f"counting {len(count.missing)} with missing scores as {kind}, " if kind and count.missing else ""


def _did(rule: Rule) -> str:
    """`met CLASI-50`, `had a score at least 50 % lower`, `ended with a score of at most 0`."""
    if rule.label:
        return f"met {clean(rule.label)}"
    if rule.relative:
        return f"had a score {rule.threshold}"
    of = "of " if rule.test in ("at_most", "at_least") else ""
    return f"ended with a score {of}{rule.threshold}"


def _how_far(result: Responders) -> Iterator[str]:
    """The largest percentage at which all are responders, and who sets it."""
    known = [p for p in result.patients if improvement(p, result.better) is not None]
    if result.holds is None or not known:
        return
    everyone = len(known) == len(result.patients)
    who = f"All {len(known)}" if everyone else f"All {len(known)} whose percent change is known"
    limit = f"{floor(result.holds.percent + 1e-9)} %" if result.holds.percent >= 1 else "less than 1 %"
    least = _by_name(result, result.holds.patients[0])
    many = len(result.holds.patients)
    limiting = f"{_who(least)}: {_number(least.before)} to {_number(least.after)}"
    limiting += f", and {many - 1} more" if many > 1 else ""
    yield f"{who} are responders at any threshold up to {limit} {result.better} ({limiting})."


def _by_name(result: Responders, name: str) -> PairedScores:
    return next(patient for patient in result.patients if patient.patient == name)


def _who(patient: PairedScores) -> str:
    name = clean(patient.patient)
    return name if name.startswith("row ") else f"patient {name}"


def _missing(result: Responders) -> Iterator[str]:
    """Who is missing, how they count here, and what the counts would be otherwise."""
    lacking = [p.patient for p in result.patients if p.before is None or p.after is None]
    if not lacking:
        return
    yield f"Missing scores: {clean(some(lacking))} ({len(lacking)} of {len(result.patients)} patients), {_how(result)}."
    ranges = []
    for count in result.counts:
        if count.missing:
            (low, n_low), (high, n_high) = count.choices["worst"], count.choices["best"]
            ranges.append(f"{clean(count.rule.name)}: {low}/{n_low} to {high}/{n_high}")
    if ranges:
        yield f"Had none of them responded, or all of them: {'; '.join(ranges)}."


def _how(result: Responders) -> str:
    counted = {"worst": "counted as no response", "best": "counted as a response"}
    return counted.get(result.missing, "left out where a rule needs it")


def _notes(result: Responders) -> Iterator[str]:
    undefined = list(dict.fromkeys(name for count in result.counts for name in count.undefined))
    if not undefined:  # no percentage was asked for, but the percent change is shown
        undefined = [p.patient for p in result.patients if p.before is not None and p.before <= 0]
    if undefined:
        yield (
            f"No percent change can be computed from a baseline that is not above 0: {clean(some(undefined))}; "
            "not counted by any rule in percent, nor in the median percent change."
        )
    worse = [p for p in result.patients if (improvement(p, result.better) or 0.0) < 0]
    if worse:
        yield f"Got worse: {clean(some([p.patient for p in worse]))}."
    drawn = sum(relative_change(p) is not None for p in result.patients)
    if drawn > MOST_BARS:
        yield f"The plot shows {MOST_BARS} of {drawn} patients, evenly by rank."
    yield from _too_few(result)
    yield (
        "One group before and after, without a control: part of the change may be the natural course or "
        "regression to the mean."
    )


def _too_few(result: Responders) -> Iterator[str]:
    """Where the patients are too few for the level, what they can give; the change over the fewest says it all."""
    changes = [summary for summary in (result.change, result.relative_change) if summary is not None]
    fewest = min(changes, key=lambda summary: summary.n, default=None)
    if fewest is None:
        return
    if fewest.interval is None:
        yield "One patient gives no interval of a median."
    elif fewest.interval.level < result.level - 1e-9:
        yield (
            f"{fewest.n} patients cannot give a {numbers.level(result.level)} % interval of a median: the widest "
            f"there is, from the smallest to the largest value, has {_confidence(fewest.interval.level)} %."
        )


def _method(result: Responders) -> str:
    kind = {"exact": "exact (Clopper-Pearson)", "mid-p": "mid-P"}.get(result.interval, result.interval)
    return (
        f"Method: {kind} {numbers.level(result.level)} % intervals of the proportions; medians with the "
        "distribution-free interval between order statistics (sign test), whose confidence comes in steps: "
        "the one stated is attained."
    )


# ---- tables --------------------------------------------------------------------------------------


def _count_lines(result: Responders, paper: Paper) -> list[str]:
    """Rule, counts, percent, interval and its picture."""
    names = [paper.say(clean(count.rule.name)) for count in result.counts]
    counts = [f"{count.events}/{count.n}" for count in result.counts]
    wide = max(len("Events/n"), *map(len, counts))
    room = paper.width - len(INDENT) - wide - 5 - 14 - 4 * len(GAP)
    label = min(max(len("Response"), *map(cells, names)), room - 17)
    plot = min(61, room - label)
    glyphs = forest.UNICODE if paper.unicode else forest.ASCII
    level = f"{numbers.level(result.level)}% CI"
    head = (
        pad("Response", label),
        pad("Events/n", wide, right=True),
        pad("%", 5, right=True),
        pad(level, 14),
    )
    lines = [paper.paint(DIM, INDENT + GAP.join((*head, forest.axis(TOP, plot))))]
    for name, shown, count in zip(names, counts, result.counts, strict=True):
        value = count.proportion
        parts = [pad(shorten(name, label, paper.say("…")), label), pad(shown, wide, right=True)]
        if value is not None:
            low, high = (pad(numbers.percent(x), 5, right=True) for x in (value.low, value.high))
            parts += [pad(numbers.percent(value.estimate), 5, right=True), f"{low} to {high}"]
            parts.append(forest.draw("study", value, TOP, plot, glyphs))
        lines.append(INDENT + GAP.join(parts))
    return lines


def summaries(result: Responders) -> list[tuple[str, Summary, str]]:
    """The four medians there may be, each with its name and what it is of: score, change or share."""
    before, after = map(clean, result.names)
    rows = (
        (before, result.before, "score"),
        (after, result.after, "score"),
        ("change", result.change, "change"),
        ("percent change", result.relative_change, "share"),
    )
    return [(name, summary, kind) for name, summary, kind in rows if summary is not None]


def figures(name: str, summary: Summary, kind: str) -> tuple[str, str, str, str, str]:
    """A summary as text: name, n, median, range, interval with its confidence (of changes only)."""

    def text(value: float) -> str:
        return percent_text(value) if kind == "share" else _number(value, sign=kind == "change")

    spread = f"{text(summary.low)} to {text(summary.high)}"
    interval = summary.interval
    limits = ""
    if kind != "score" and interval is not None:
        limits = f"{text(interval.low)} to {text(interval.high)} ({_confidence(interval.level)} %)"
    return name, str(summary.n), text(summary.median), spread, limits


def _summary_lines(result: Responders, paper: Paper) -> list[str]:
    rows = [figures(*row) for row in summaries(result)]
    if not rows:
        return []
    table = [("Median of", "n", "Median", "Range", "Exact interval"), *rows]
    *widths, last = (max(cells(row[column]) for row in table) for column in range(5))
    spare = paper.width - len(INDENT) - 3 * len(GAP) - sum(widths[1:])
    beside = spare - len(GAP) - last >= min(widths[0], LABEL_LEAST)
    widths[0] = min(widths[0], spare - len(GAP) - last if beside else spare)
    lines = []
    for row in table:
        name, *middle, limits = (paper.say(cell) for cell in row)
        parts = [pad(shorten(name, widths[0], paper.say("…")), widths[0])]
        parts += [pad(cell, width, right=True) for cell, width in zip(middle, widths[1:], strict=True)]
        lines.append(INDENT + GAP.join([*parts, limits] if beside else parts))
        if limits and not beside:  # scores of many digits
            lines.append(INDENT * 2 + limits)
    return [paper.paint(DIM, lines[0]), *lines[1:]]


def _waterfall_lines(result: Responders, paper: Paper) -> list[str]:
    thresholds = [count.rule.limit for count in result.counts if count.rule.relative]
    # By name where the change is the same, so that the order of the table does not matter.
    people = sorted(result.patients, key=lambda patient: _natural(patient.patient))
    lines = waterfall(
        [_bar(result, patient, paper) for patient in people],
        thresholds,
        width=paper.width,
        unicode=paper.unicode,
        sign=-1 if result.better == "lower" else 1,
        heads=("Patient", "Scores", "% change"),
    )
    lines = [paper.say(line) for line in lines]
    return [paper.paint(DIM, lines[0]), *lines[1:]] if lines else []


def _natural(name: str) -> tuple[tuple[float, str], ...]:
    """patient 2 before patient 10."""
    parts = re.findall(r"\d{1,15}|\D+|\d+", name)
    return tuple((float(part), "") if part.isascii() and part.isdigit() else (-1.0, part) for part in parts)


def _bar(result: Responders, patient: PairedScores, paper: Paper) -> Bar:
    share = relative_change(patient)
    scores = paper.say(f"{_number(patient.before)} → {_number(patient.after)}")
    shown = "?" if share is None else percent_text(share)
    gain = improvement(patient, result.better)
    return Bar(paper.say(clean(patient.patient)), scores, paper.say(shown), gain, _why_not(result, patient))


def _why_not(result: Responders, patient: PairedScores) -> str:
    """Why there is no percent change."""
    before, after = map(clean, result.names)
    if patient.before is not None and patient.before <= 0:
        return "no percentage of this baseline"
    if patient.before is None:
        return "no score" if patient.after is None else f"no score {before}"
    return f"no score {after}" if patient.after is None else ""


# ---- numbers -------------------------------------------------------------------------------------


def _number(value: float | None, *, sign: bool = False) -> str:
    """A score as a person writes it, with a true minus; ? where there is none."""
    if value is None:
        return "?"
    return f"{value:{'+' if sign and value else ''}.6g}".replace("-", "−")


def percent_text(share: float) -> str:
    """A relative change in percent, signed: −95.7, +12.5, 0.0; a fall to almost nothing is not −100."""
    value = 100 * share
    if abs(value) >= 1e5:
        return f"{value:+.2g}".replace("-", "−")
    text = f"{value:+.1f}"
    if text == "-100.0" and value != -100:
        text = ">-100.0"
    return ("0.0" if float(text.strip(">")) == 0 else text).replace("-", "−")


def _confidence(level: float) -> str:
    """93.75 %, as exactly as four figures say it."""
    return f"{100 * level:.4g}"


def patient_lines(result: Responders) -> Iterator[tuple[str, str, str, str]]:
    """Each patient as text, in the order of the table: name, before, after, percent change."""
    for patient in result.patients:
        share = relative_change(patient)
        shown = "?" if share is None else percent_text(share)
        yield clean(patient.patient), _number(patient.before), _number(patient.after), shown
