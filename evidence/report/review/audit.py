"""What an audit found, as text for people: by report, worst first, what many places share said once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from evidence.literature import LITERATURE
from evidence.report.characters import clean, to_ascii, wrap
from evidence.report.numbers import plural
from evidence.report.review.check import row_numbers

if TYPE_CHECKING:
    from evidence.review.audit.auditing import Audit
    from evidence.review.audit.findings import Finding, Rule

NOUNS = {"statements": "statement", "outcomes": "result", "patients": "patient", "scores": "score"}
"""What the rows of a table are called."""

MEANS = {
    "error": "cannot be true",
    "contradiction": "two places disagree",
    "note": "cut off instead of rounded, or unusual and perhaps right",
}

SHORT = 4
"""Quantities and places named in one entry; JSON and CSV have them all."""

HANGING = 17
"""Columns in front of a reason: the severity, and two spaces on either side."""


def render_text(audit: Audit, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """What was found, by report, worst first. There is no colour in it: `color` is asked of every screen."""
    text = "\n".join(_lines(audit, width)) + "\n"
    return text if unicode else to_ascii(text)


def _lines(audit: Audit, width: int) -> Iterator[str]:
    yield from wrap(clean(audit.title), width)
    read = _listed([plural(audit.read[table], noun) for table, noun in NOUNS.items() if audit.read[table]])
    found = _listed([plural(count, severity) for severity, count in audit.counts.items()])
    yield from wrap(f"{read or 'Nothing'} recomputed: {found or 'nothing found'}.", width)
    if not audit:
        return
    yield ""
    for severity, count in audit.counts.items():
        if count:
            yield f"  {severity:{HANGING - 4}}  {MEANS[severity]}"
    for study in dict.fromkeys(finding.study for finding in audit.findings):
        yield ""
        yield from wrap(clean(audit.labels[study]), width)
        for group in _alike(finding for finding in audit.findings if finding.study == study):
            yield from _entry(group, width)
    yield ""
    yield from wrap(
        "Nothing was changed. Look each place up in the paper; evidence audit --methods explains the rules.",
        width,
    )


def _alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings that say the same thing, of however many places."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.rule, finding.reason), []).append(finding)
    return list(groups.values())


def _entry(group: Sequence[Finding], width: int) -> Iterator[str]:
    first = group[0]
    yield from wrap(clean(first.reason), width, f"  {first.severity:{HANGING - 4}}  ", " " * HANGING)
    quantities = _few(dict.fromkeys(finding.quantity for finding in group if finding.quantity))
    places = _few(dict.fromkeys(finding.place for finding in group if finding.place))
    rows = []
    for file in dict.fromkeys(finding.file for finding in group):
        numbers = sorted({finding.row for finding in group if finding.file == file})
        rows.append(f"{file} {row_numbers(numbers)}")
    said = "; ".join(filter(None, (quantities, places, *rows)))
    yield from wrap(clean(f"[{first.rule}] {said}"), width, " " * HANGING)


def _few(names: Iterable[str]) -> str:
    names = list(names)
    if len(names) <= SHORT + 1:
        return ", ".join(names)
    return f"{', '.join(names[:SHORT])} and {len(names) - SHORT} more"


def _listed(parts: Sequence[str]) -> str:
    """`one`; `one and two`; `one, two and three`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def render_rules(rules: Iterable[Rule], *, width: int = 80, unicode: bool = True) -> str:
    """What each rule asks, with the papers they are from, and what the severities mean."""
    rules = list(rules)
    widest = max(len(rule.name) for rule in rules)
    numbers: dict[str, int] = {}
    lines = list(
        wrap(
            "Every number is compared with what can be recomputed from the review's own tables. A printed number stands for "
            "all values that round to it, halves either way, and for all that are cut off to it. A percentage that the table or "
            "the words call stratified, adjusted, modelled or a Kaplan-Meier estimate is not held against counts.",
            width,
        )
    )
    lines += ["", *(f"  {severity:{widest}}  {means}" for severity, means in MEANS.items()), ""]
    for rule in rules:
        cited = [str(numbers.setdefault(source, len(numbers) + 1)) for source in rule.sources]
        says = rule.says + (f" [{','.join(cited)}]" if cited else "")
        lines += wrap(says, width, f"  {rule.name:{widest}}  ", " " * (widest + 4))
    if numbers:
        lines.append("")
    for source, number in numbers.items():
        lines += wrap(f"{number}. {LITERATURE[source]}", width, "", "   ")
    text = "\n".join(lines) + "\n"
    return text if unicode else to_ascii(text)
