"""What was judged of the reports, on a screen: reports by items, who is not judged yet, and what holds by rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from evidence.report.characters import cells, clean, pad
from evidence.report.numbers import plural
from evidence.report.terminal import BOLD, DIM, INDENT, Paper
from evidence.review.instruments import INSTRUMENTS, OVERALL, START, Instrument
from evidence.review.quality import CROSS_STUDY, SERIOUS, Certainty, Judged, Quality
from evidence.review.tables import Review

SIGNS = {
    "yes": "+", "no": "-", "unclear": "?", "not applicable": "n", "low": "+", "moderate": "m", "some concerns": "~",
    "serious": "-", "high": "-", "critical": "x", "no information": "?", "two stars": "2", "one star": "1", "no star": "0",
}  # fmt: skip
OPEN = "."
"""What nobody has judged."""

LISTED = 12
"""Reports named that are not judged; the rest are counted."""


def render_text(
    review: Review,
    quality: Quality,
    *,
    reasons: bool = False,
    width: int = 80,
    unicode: bool = True,
    color: bool = False,
) -> str:
    """A table of signs for each instrument, with a key; every reason where `reasons` is asked for."""
    paper = Paper(width, unicode, color)
    lines: list[str] = []
    for name, group in groupby(quality.judged, key=lambda one: one.instrument.name):
        lines += [*_instrument(review, INSTRUMENTS[name], list(group), reasons, paper), ""]
    if not quality.judged:
        lines += [*paper.paragraph("Nobody has judged a report yet.", style=BOLD), ""]
    lines += _missing(review, quality, paper)
    lines += _contrasts(review, quality, paper)
    return "\n".join(lines).rstrip("\n") + "\n"


def _instrument(
    review: Review, instrument: Instrument, judged: Sequence[Judged], reasons: bool, paper: Paper
) -> Iterator[str]:
    yield paper.paint(BOLD, instrument.name)
    items = list(instrument.items)
    heads = [heading(instrument, item) for item in items]
    labels = [_label(review, one) for one in judged]
    wide = max(cells(label) for label in labels)
    yield paper.paint(DIM, INDENT + pad("", wide) + "  " + " ".join(head.rjust(3) for head in heads))
    for label, one in zip(labels, judged, strict=True):
        signs = [SIGNS[one.rows[item].judgement] if item in one.rows else OPEN for item in items]
        yield INDENT + pad(paper.say(label), wide) + "  " + " ".join(sign.rjust(3) for sign in signs)
    used = [word for word in instrument.words + instrument.unknown if any(_says(one, word) for one in judged)]
    key = [f"{SIGNS[word]} {word}" for word in used] + [f"{OPEN} not judged"] * any(
        one.open for one in judged
    )
    yield from paper.paragraph("; ".join(key), INDENT, INDENT, style=DIM)
    named = (f"{head} {item}" for head, item in zip(heads, items, strict=True) if item != OVERALL)
    yield from paper.paragraph("; ".join(named), INDENT, INDENT, style=DIM)
    for label, one in zip(labels, judged, strict=True) if reasons else ():
        for item, row in one.rows.items():
            where = f" ({clean(row.locator)})" if row.locator else ""
            said = f"{clean(label)}, {item}: {row.judgement}. {clean(row.reason)}{where} [{clean(row.by)}; {row.state}]"
            yield from paper.paragraph(said, INDENT, INDENT * 2)


def heading(instrument: Instrument, item: str) -> str:
    """D1, D2, ...; the overall judgement is "all"."""
    return "all" if item == OVERALL else f"D{instrument.domains.index(item) + 1}"


def _says(one: Judged, word: str) -> bool:
    return any(row.judgement == word for row in one.rows.values())


def _label(review: Review, one: Judged) -> str:
    label = clean(review.label(one.study))
    return f"{label}, {clean(review.outcomes[one.outcome].label)}" if one.outcome else label


def _missing(review: Review, quality: Quality, paper: Paper) -> Iterator[str]:
    used = [one for one in quality.missing if one.analyses]
    others = len(quality.missing) - len(used)
    if used:
        yield from paper.paragraph(
            f"Not judged, though an analysis rests on {'it' if len(used) == 1 else 'them'}:", style=BOLD
        )
        for one in used[:LISTED]:
            offered = f"; {one.instrument} is for its design" if one.instrument else ""
            text = f"{clean(review.label(one.study))} ({clean(one.study)}): {one.design}{offered}"
            yield from paper.paragraph(f"{text} [{', '.join(map(clean, one.analyses))}]", INDENT, INDENT * 2)
        if len(used) > LISTED:
            yield f"{INDENT}... and {len(used) - LISTED} more"
    if others:
        yield from paper.paragraph(
            f"{'Also not' if used else 'Not'} judged: {plural(others, 'report')} that no analysis uses."
        )
    if quality.missing:
        yield ""


def _contrasts(review: Review, quality: Quality, paper: Paper) -> Iterator[str]:
    if not quality.contrasts:
        return
    yield from paper.paragraph(
        f"Comparisons between studies: at least {SERIOUS} for confounding, by rule (ROBINS-I, domain 1)",
        style=BOLD,
    )
    yield from paper.paragraph(f"{CROSS_STUDY[0].upper()}{CROSS_STUDY[1:]}.", INDENT, INDENT)
    for one in quality.contrasts:
        ours = clean(review.label(one.ours)) if one.ours else "the pooled series"
        differs = f"; they differ in {', '.join(_subject(d) for d in one.differs)}" if one.differs else ""
        text = f"{clean(one.analysis)}: {ours} against {clean(review.label(one.against))}{differs}"
        yield from paper.paragraph(text, INDENT, INDENT * 2)


def _subject(difference: str) -> str:
    return difference.partition(":")[0]


# ---- certainty -----------------------------------------------------------------------------------


def render_certainty(
    review: Review,
    found: Sequence[Certainty],
    *,
    width: int = 80,
    unicode: bool = True,
    color: bool = False,
) -> str:
    """Each certainty with its steps, their reasons and who took them; nothing that nobody said."""
    paper = Paper(width, unicode, color)
    lines: list[str] = []
    for one in found:
        end = one.steps.get(OVERALL)
        level = end.judgement if end else "not concluded"
        lines += paper.paragraph(
            f"{clean(review.outcomes[one.outcome].label)}, {one.question}: {level}", style=BOLD
        )
        for item in (START, *(key for key in one.steps if key not in (START, OVERALL)), OVERALL):
            row = one.steps.get(item)
            if row is not None:
                said = f"{item}: {row.judgement}. {clean(row.reason)} [{clean(row.by)}{', ' * bool(row.date)}{row.date}]"
                lines += paper.paragraph(said, INDENT, INDENT * 2)
        if one.open:
            lines += paper.paragraph(f"Not said: {', '.join(one.open)}.", INDENT, INDENT * 2, style=DIM)
        lines.append("")
    if not found:
        lines += [
            *paper.paragraph("Nobody has judged a certainty yet, and none is computed.", style=BOLD),
            "",
        ]
    lines += paper.paragraph(RULES)
    return "\n".join(lines) + "\n"


RULES = (
    "Certainty is a judgement with reasons by a named person: each step is a row of certainty.csv. The rate in those treated "
    "is judged apart from the contrast with others; what nobody was randomised to starts at low; a large effect raises "
    "nothing here; overall must be where the steps lead."
)


def render_items(*, width: int = 80, unicode: bool = True, **_: object) -> str:
    """Every instrument with its items, their wording and its words."""
    paper = Paper(width, unicode, color=False)
    lines: list[str] = []
    for instrument in INSTRUMENTS.values():
        words = ", ".join(instrument.words + instrument.unknown)
        lines += [f"{instrument.name}: {words}"]
        wide = max(map(len, instrument.items))
        for item, said in instrument.items.items():
            head = f"  {heading(instrument, item):>3}  {item:{wide}}  "
            lines += paper.paragraph(said, head, " " * len(head))
        lines += [""]
    return "\n".join(lines)
