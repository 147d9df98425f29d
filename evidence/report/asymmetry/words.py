"""Asymmetry in sentences: what the tests found, and what asymmetry of proportions does and does not mean."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite, sqrt
from typing import NamedTuple

from evidence.analysis.small_studies import Asymmetry, FunnelRow
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.pooled.words import heading, sentence
from evidence.synthesis.results import Interval
from evidence.synthesis.small_studies.asymmetry import FunnelTest

DOUBT = 0.1
"""Where tests of asymmetry are customarily judged (Egger et al. 1997): their power is low."""

NAMES = {
    "size": "By size",
    "egger": "Egger",
    "egger-mixed": "Egger, mixed model",
    "thompson": "Thompson-Sharp",
    "begg": "Begg, exact",
    "begg-normal": "Begg, normal",
    "peters": "Peters",
    "macaskill": "Macaskill",
}

MEANING = (
    "Asymmetry is not publication bias: small series may differ because their patients, treatment or follow-up do. And a "
    "single-arm series has no null effect that significance could favour, so symmetry does not show that nothing is "
    "missing: a series without responders may never have been written up."
)
BY_SIZE = (
    "The test by size leads because it takes smallness from the number of patients alone. A standard error made from the "
    "study's own proportion shrinks or grows with it, so near 0 or 100 % a funnel is lopsided by construction: without "
    "any bias, Egger's test of logits called 18 to 60 % of simulated reviews at 90 % asymmetric at 0.05 (15 studies; tau 0 to 1), "
    "the test by size 4 to 5 %."
)
ON_LOGIT = (
    "On the {measure} scale the standard error depends on the study's own proportion; of the tests below the first alone "
    "is safe from that. The default scale, arcsine, is too."
)
TRIM_MEANS = "It is a sensitivity analysis of one mechanism, not a corrected estimate."
LFK_MEANS = (
    "It is no test: by chance alone its size depends on how many and how large the studies are, and simulation advises "
    "against judging by it (Schwarzer et al. 2024)."
)


class Words(NamedTuple):
    """The sentences, each a paragraph; empty where there is nothing to say."""

    heading: str
    warnings: tuple[str, ...]
    headline: str
    filled: str
    doi: str
    selection: str
    failsafe: str
    notes: tuple[str, ...]
    method: str


def words(found: Asymmetry) -> Words:
    """Everything there is to say, once."""
    return Words(
        heading(found) or "Do small studies report other proportions than large ones?",
        tuple(sentence(text) for text in found.warnings),
        _headline(found),
        _filled(found),
        _doi(found),
        _selection(found),
        _failsafe(found),
        tuple(_notes(found)),
        method(found),
    )


def remarks(told: Words) -> list[str]:
    """What follows the table of tests, in the order of the screen."""
    parts = (told.filled, told.doi, told.selection, told.failsafe, *told.notes, told.method)
    return [text for text in parts if text]


def _headline(found: Asymmetry) -> str:
    test, n = found.leading.result, found.counts[1]
    k = len(n)
    if test is None:
        return f"The test by size does not exist: {sentence(found.leading.reason)}"
    assert test.slope is not None and test.limit is not None
    at = ", ".join((statistic(test), numbers.pvalue(test.pvalue)))
    if test.pvalue >= DOUBT:
        return (
            f"No sign that small studies report other proportions than large ones (by size: {at}). With {k} studies "
            "such a test overlooks much, so this is no proof that nothing is missing."
        )
    ends = [min(1.0, max(0.0, test.limit[0] + test.slope / sqrt(size))) for size in (n.min(), n.max())]
    which, goes = ("higher", "falls") if test.slope > 0 else ("lower", "rises")
    return (
        f"Small studies report {which} proportions than large ones (by size: {at}): the line {goes} from "
        f"{numbers.brief(ends[0])} % at n = {n.min():.0f} to {numbers.brief(ends[1])} % at n = {n.max():.0f}."
    )


def statistic(test: FunnelTest) -> str:
    """ "t = 2.08, 12 df", "z = 2.41", "tau = 0.30"."""
    text = f"{test.kind} = {number(test.statistic)}"
    return text if test.df is None else f"{text}, {test.df} df"


def number(value: float) -> str:
    """To two decimals, with a true minus sign."""
    text = f"{value:.2f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def table(found: Asymmetry) -> list[tuple[str, ...]]:
    """The tests as cells, the head first: name, what stands for smallness, statistic, p.

    Begg's normal form is left out where it says what the exact one says, which it does where there are ties.
    """
    lines: list[tuple[str, ...]] = [("Test", "Smallness by", "Statistic", "p")]
    shown: list[FunnelTest | None] = []
    for row in found.tests:
        if row.name == "begg-normal" and row.result == shown[-1]:
            continue
        shown.append(row.result)
        cells = (statistic(row.result), _pvalue(row.result.pvalue)) if row.result else ("none", "")
        lines.append((NAMES[row.name], smallness(found, row), *cells))
    return lines


def scale(found: Asymmetry, row: FunnelRow) -> str:
    """The scale of a test's effects."""
    return "proportion" if row.name == "size" else str(found.options["measure"])


def smallness(found: Asymmetry, row: FunnelRow) -> str:
    """What a test takes for a study's smallness."""
    if row.name == "size":
        return "1 / sqrt(n)"
    if row.name == "peters":
        return "1 / n"
    if row.name == "macaskill":
        return "n"
    by = "variance" if row.name.startswith("begg") else "standard error"
    return f"{by} (n alone)" if row.by_size else by


def _pvalue(p: float) -> str:
    return numbers.pvalue(p).removeprefix("p = ").removeprefix("p ")


def interval(value: Interval) -> str:
    """ "85.3 % (68.1 to 97.0)"."""
    if not (isfinite(value.low) and isfinite(value.high)):
        return f"{numbers.brief(value.estimate)} % (no limits)"
    return f"{numbers.brief(value.estimate)} % ({numbers.span(value)})"


def _filled(found: Asymmetry) -> str:
    filled = found.filled
    assert filled is not None
    if filled.result is None or filled.adjusted is None:
        return f"Trim and fill: {sentence(filled.reason)}"
    result = filled.result
    ends = "low" if result.side == "left" else "high"
    test = f"; {numbers.pvalue(result.pvalue)} that none is" if result.pvalue is not None else ""
    if result.k0 == 0:
        return f"Trim and fill ({result.estimator}): no study is missing among the {ends} proportions{test}. {TRIM_MEANS}"
    error = f", standard error {result.se:.1f}" if result.se is not None else ""
    many = "1 study" if result.k0 == 1 else f"{result.k0} studies"
    return (
        f"Trim and fill ({result.estimator}): {many} missing among the {ends} proportions{error}{test}. With their "
        f"mirror images filled in, the random-effects pool goes from {interval(filled.observed)} to "
        f"{interval(filled.adjusted)}. {TRIM_MEANS}"
    )


def _doi(found: Asymmetry) -> str:
    if found.doi is None:
        return "Doi plot: none, all proportions are the same."
    return f"LFK index {number(found.doi.lfk)} (its authors call that {found.doi.verdict} asymmetry). {LFK_MEANS}"


def _null(found: Asymmetry) -> str:
    return f"{numbers.brief(found.options['null'])} %"


def _selection(found: Asymmetry) -> str:
    selected = found.selection
    if selected is None:
        return ""
    start = f"Selection model against {_null(found)}"
    if selected.result is None or selected.proportion is None:
        return f"{start}: {sentence(selected.reason)}"
    result = selected.result
    favoured = found.options["favoured"]
    return (
        f"{start}, {favoured} results favoured: a study with a one-sided p above {result.steps[0]:g} "
        f"({result.counts[1]} of {sum(result.counts)} studies) is {numbers.ratio(result.weights[1])} times as likely to be "
        f"seen as one below (likelihood ratio {numbers.pvalue(result.pvalue)}); allowing for that, the pool is "
        f"{interval(selected.proportion)} instead of {interval(selected.observed)}. It holds if the null proportion was "
        "what decided about publication, which for one arm is seldom so."
    )


def _failsafe(found: Asymmetry) -> str:
    if found.failsafe is None:
        return ""
    by_z, by_weight = found.failsafe
    if by_z == by_weight == 0:
        return f"Fail-safe N against {_null(found)}: none, for p is not below 0.05 as it is."
    return (
        f"Fail-safe N against {_null(found)}: {by_z:.0f} (Rosenthal), {by_weight:.0f} (Rosenberg) unseen studies of exactly "
        f"{_null(found)} would undo p < 0.05. The Cochrane Handbook advises against such numbers: they know nothing of "
        "how large or how different unseen studies are."
    )


def _notes(found: Asymmetry) -> Iterator[str]:
    if found.options["measure"] not in ("arcsine", "double-arcsine"):
        yield ON_LOGIT.format(measure=found.options["measure"])
    yield MEANING
    yield BY_SIZE
    missing: dict[str, list[str]] = {}
    for row in found.tests[1:]:
        if row.result is None:
            missing.setdefault(row.reason, []).append(NAMES[row.name].partition(",")[0])
    for reason, names in missing.items():
        yield f"No test by {', '.join(dict.fromkeys(names))}: {sentence(reason)}"
    left = [row for row in found.tests if row.name == "peters" and row.result]
    k = len(found.studies)
    if left and left[0].result and left[0].result.k < k:
        yield f"Peters' test leaves out {k - left[0].result.k} of {k} studies, those at 0 or 100 %: they have no weight."
    yield from (sentence(clean(note)) for note in found.notes)


def method(found: Asymmetry) -> str:
    """One line: the models, k, the options."""
    options, k = found.options, len(found.studies)
    return (
        f"Method: weighted regression of proportions on 1 / sqrt(n), weights n, t with {k - 2} df (k = {k}); the other tests on "
        f"the {options['measure']} scale; trim and fill by {options['estimator']}, centre by {options['trim']} effects, "
        f"pool by random effects (tau² by {options['tau2'].upper()}, Hartung-Knapp interval)."
    )
