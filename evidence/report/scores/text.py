"""One group's scores before and after, on the terminal: the answer in words, the medians, the test, and what to mind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evidence.analysis.scoring import Scores
from evidence.report import numbers
from evidence.report.characters import cells, clean, pad, shorten
from evidence.report.explaining import printed, r_head
from evidence.report.scores.responders import figures, percent_text, summaries
from evidence.report.terminal import BOLD, DIM, GAP, INDENT, Paper, as_text
from evidence.review.responders import some
from evidence.synthesis.results import Interval

ASSUMED = {
    "worse": "all had changed more for the worse than anybody seen",
    "same": "none had changed",
    "better": "all had changed more for the better than anybody seen",
}


class Words(NamedTuple):
    """The sentences about a result, each a paragraph."""

    heading: str
    headline: str
    notes: tuple[str, ...]
    method: str


def words(result: Scores) -> Words:
    """Everything there is to say, once."""
    return Words(
        _heading(result), " ".join(_headline(result)), tuple(_notes(result)), f"Method: {method(result)}."
    )


def render_text(result: Scores, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The result as a screen of `width` columns."""
    paper, said = Paper(width, unicode, color), words(result)
    remarks = [(text, "") for text in said.notes] + [(said.method, DIM)]
    blocks = [
        paper.paragraph(said.heading, style=BOLD),
        paper.paragraph(said.headline),
        _table(result, paper),
        [line for text, style in remarks for line in paper.paragraph(text, INDENT, INDENT * 2, style)],
    ]
    return as_text(blocks)


def _heading(result: Scores) -> str:
    told = result.described
    before, after = map(clean, told.names)
    source = f"{clean(told.source)}: " if told.source else ""
    return f"{source}{before} to {after}, {numbers.plural(len(told.patients), 'patient')} ({told.better} is better)"


def _headline(result: Scores) -> Iterator[str]:
    told, test, centre = result.described, result.test, result.hodges_lehmann
    if test is None or centre is None or told.before is None or told.after is None:
        yield "Nobody has both scores: there is no change to speak of."
        return
    n = len(result.changes)
    fell, rose = sum(x < 0 for x in result.changes), sum(x > 0 for x in result.changes)
    whole = numbers.plural(n, "patient")
    who = f"{whole} with both scores" if result.missing else whole
    if n in (fell, rose):
        way = "fell" if fell else "rose"
        yield f"The score {way} in {'all ' if n > 1 else 'the '}{'1 patient' if n == 1 else who}"
    else:
        yield f"Of {who}, the score fell in {fell}, rose in {rose} and stayed in {n - fell - rose}"
    spans = []
    for name, summary in zip(told.names, (told.before, told.after), strict=True):
        _, _, median, spread, _ = figures("", summary, "score")
        spans.append(f"{median} ({spread}; {clean(name)})")
    yield f"(medians {spans[0]} and {spans[1]})."
    limits = ""
    if centre.level:
        limits = f", exact {_level(centre)} % interval {_number(centre.low)} to {_number(centre.high)}"
    p = f"Wilcoxon {numbers.pvalue(test.pvalue)}" if test.n else "nobody changed, so there is nothing to test"
    yield f"Hodges-Lehmann change {_number(centre.estimate)}{limits}; {p}."


def _level(interval: Interval) -> str:
    return f"{100 * interval.level:.4g}"


def _number(value: float) -> str:
    return f"{value:{'+' if value else ''}.6g}".replace("-", "−")


def _notes(result: Scores) -> Iterator[str]:
    test, told = result.test, result.described
    if result.missing:
        yield (
            f"Missing scores: {clean(some(result.missing))} ({len(result.missing)} of {len(told.patients)} patients), "
            f"left out. {' '.join(_bounds(result))}"
        )
    if test is not None and test.n:
        if test.pvalue == test.smallest and test.exact:
            yield f"p = {test.smallest:.4g} is the smallest that {numbers.plural(test.n, 'change')} can give."
        elif test.smallest > 1 - result.level:
            yield (
                f"{numbers.plural(test.n, 'change')} cannot give a p below {test.smallest:.4g}, whatever they are."
            )
        if test.zeros:
            how = (
                "left out before ranking (--zeros pratt ranks them)"
                if result.zeros == "wilcoxon"
                else "ranked, then left out (Pratt)"
            )
            yield f"{test.zeros} of {len(result.changes)} did not change: {how} in the test; the estimate counts them."
        if test.tied:
            yield (
                f"{test.tied} changes share their size with another: the test's p allows for it; intervals attain at "
                "least the confidence stated."
            )
    yield from _too_few(result)
    if told.relative_change is not None and told.relative_change.n < len(result.changes):
        yield "No percent change can be computed from a baseline that is not above 0; such patients are not in its row."
    if result.changes:
        yield (
            "Hodges-Lehmann and Wilcoxon take the changes to lie evenly about their middle; the median's interval does not."
        )
    yield (
        "One group before and after, without a control: part of the change may be the natural course or "
        "regression to the mean."
    )


def _bounds(result: Scores) -> Iterator[str]:
    for bound in result.bounds:
        middle = "without a limit" if bound.median is None else _number(bound.median)
        p = "no p" if bound.pvalue is None else numbers.pvalue(bound.pvalue)
        yield f"If {ASSUMED[bound.assumed]}: median change {middle}, {p}."


def _too_few(result: Scores) -> Iterator[str]:
    centre = result.hodges_lehmann
    if centre is None:
        return
    n = len(result.changes)
    if not centre.level:
        yield "One patient gives no interval."
    elif centre.level < result.level - 1e-9:
        yield (
            f"{n} patients cannot give a {numbers.level(result.level)} % interval: the widest there is, from the "
            f"smallest to the largest change, has {_level(centre)} %."
        )


def method(result: Scores) -> str:
    """The method in a line."""
    test = result.test
    kind = (
        "exact" if test is None or test.exact else "normal approximation with continuity and tie correction"
    )
    zeros = "zero changes left out" if result.zeros == "wilcoxon" else "zero changes ranked, by Pratt"
    return (
        f"Wilcoxon's signed-rank test, two-sided ({kind}; {zeros}; ties by mid-ranks); Hodges-Lehmann estimate with the "
        "interval that inverts the test; medians with the sign test's interval; confidences come in steps, and the one "
        "attained is stated"
    )


HEADS = ("Median of", "Hodges-Lehmann of")


def rows(result: Scores) -> list[tuple[str, list[tuple[str, str, str, str, str]]]]:
    """The two tables as text, each under what it estimates: of what, n, estimate, range, exact interval with its level."""
    medians = [figures(*row) for row in summaries(result.described)]
    centres = []
    told = result.described.relative_change
    for name, interval, text, n in (
        ("change", result.hodges_lehmann, _number, len(result.changes)),
        ("percent change", result.relative, percent_text, told.n if told else 0),
    ):
        if interval is not None:
            limits = ""
            if interval.level:
                limits = f"{text(interval.low)} to {text(interval.high)} ({_level(interval)} %)"
            centres.append((name, str(n), text(interval.estimate), "", limits))
    return [(head, part) for head, part in zip(HEADS, (medians, centres), strict=True) if part]


def _table(result: Scores, paper: Paper) -> list[str]:
    blocks = rows(result)
    table = [row for head, part in blocks for row in ((head, "n", "", "Range", "Exact interval"), *part)]
    if not table:
        return []
    widths = [max(cells(paper.say(row[column])) for row in table) for column in range(5)]
    widths[0] = min(widths[0], 24)
    lines = []
    for row in table:
        head = row[0] in HEADS
        if head and row[0] == HEADS[1]:
            row = (HEADS[1], "", "", "", "")
        name, *middle, last = (paper.say(cell) for cell in row)
        parts = [pad(shorten(name, widths[0], paper.say("…")), widths[0])]
        parts += [pad(cell, width, right=True) for cell, width in zip(middle, widths[1:4], strict=True)]
        line = INDENT + GAP.join([*parts, last])
        if cells(line) <= paper.width:
            lines.append(paper.paint(DIM, line) if head else line)
        else:  # scores of many digits
            lines += [shorten(INDENT + GAP.join(parts), paper.width, paper.say("…")), INDENT * 2 + last]
    return lines


# ---- how it was had ------------------------------------------------------------------------------


def methods(result: Scores) -> str:
    """The methods paragraph of this analysis, with its references."""
    test = result.test
    exact = "the exact distribution of" if test is None or test.exact else "a normal approximation to"
    zeros = "left out before ranking" if result.zeros == "wilcoxon" else "ranked with the others [pratt1959]"
    return (
        printed(
            f"Scores before and after were compared by Wilcoxon's signed-rank test [wilcoxon1945], two-sided, from {exact} "
            f"its statistic given the ranks observed; changes of zero were {zeros}, and tied changes shared their ranks. "
            "The change was estimated by the median of the means of all pairs of changes (Hodges-Lehmann) [hodges1963], with "
            f"the interval that inverts the test at a level of at least {numbers.level(result.level)} % where the number of "
            "patients allows it; the level attained is stated. Medians have the interval that inverts the sign test."
        )
        + "\n"
    )


def r_code(result: Scores) -> str:
    """The same analysis as R code; base R has no exact test with ties or zeros, coin has."""
    test = result.test
    listed = ", ".join(repr(value) for value in result.changes)
    lines = [f"changes <- c({listed})  # after minus before"]
    if test is not None and (test.zeros or test.tied):
        zeros = "Wilcoxon" if result.zeros == "wilcoxon" else "Pratt"
        lines += [
            "# base R's test is not exact with ties or zeros; coin's is",
            f'wilcoxsign_test(changes ~ rep(0, length(changes)), distribution = "exact", zero.method = "{zeros}")',
        ]
        return "\n".join([r_head(packages=("coin",)), *lines]) + "\n"
    lines.append(f"wilcox.test(changes, exact = TRUE, conf.int = TRUE, conf.level = {result.level!r})")
    return "\n".join([r_head(packages=()), *lines]) + "\n"
