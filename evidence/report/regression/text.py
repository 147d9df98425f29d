"""A regression on a screen: what it found in words, the coefficients, what is left unexplained, what to mind."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.analysis.regressing import INTERCEPT, Predicted, Regression, shown_factor, shown_term
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.numbers import known, plain, pvalue
from evidence.report.pooled.words import heading, sentence
from evidence.report.stack import stack
from evidence.report.terminal import BOLD, DIM, INDENT, Paper, as_text
from evidence.synthesis.regression.regression import ModeratorTest

_SAID = 4
"""Coefficients that are put into words as well; more are a table's business."""


def render_text(
    regression: Regression,
    *,
    width: int = 80,
    unicode: bool = True,
    color: bool = False,
    excluded: bool = False,
) -> str:
    """The regression as a screen of `width` columns; no line is longer."""
    paper = Paper(width, unicode, color)
    blocks = [
        paper.paragraph(title(regression), style=BOLD),
        [line for text in regression.warnings for line in paper.paragraph(sentence(text), style=BOLD)],
        paper.paragraph(" ".join(findings(regression))),
        *_table(coefficient_cells(regression), paper),
        *(_table(prediction_cells(regression), paper) if regression.predictions else []),
        _remarks(regression, paper, excluded),
    ]
    return as_text(blocks)


def title(regression: Regression) -> str:
    """What is regressed on what."""
    head = heading(regression)
    return f"{head}: {clean(regression.formula)}" if head else f"Meta-regression: {clean(regression.formula)}"


def _table(lines: list[tuple[str, ...]], paper: Paper) -> Iterator[list[str]]:
    said = [tuple(paper.say(clean(cell)) for cell in line) for line in lines]
    for block in stack(said, paper.width, indent=INDENT, ellipsis=paper.say("…")):
        yield [paper.paint(DIM, block[0]), *block[1:]]


# ---- in words ------------------------------------------------------------------------------------


def findings(regression: Regression) -> Iterator[str]:
    """What the coefficients say, where there are few of them and the scale has words for it."""
    fit = regression.fit
    slopes = [term for term in regression.terms if term != INTERCEPT]
    if regression.measure != "logit" or not 0 < len(slopes) <= _SAID or INTERCEPT not in regression.terms:
        return
    level = numbers.level(fit.level)
    for place, term in enumerate(regression.terms):
        ratio = regression.odds_ratio(term)
        if ratio is None or ":" in term:
            continue
        limits = f"({level} % CI {numbers.ratio(ratio.low)} to {numbers.ratio(ratio.high)}"
        if not known(fit.pvalue[place]):
            continue
        test = f"{limits}, {pvalue(float(fit.pvalue[place]))})"
        other = _against(regression, term)
        if other:
            yield f"{_first(shown_term(term))} against {other}: odds {numbers.ratio(ratio.estimate)} times as high {test}."
        else:
            yield f"{_first(shown_term(term))}: each unit more, odds {numbers.ratio(ratio.estimate)} times as high {test}."


def _first(text: str) -> str:
    return clean(text)


def _against(regression: Regression, term: str) -> str:
    factor = term.partition("[T.")[0]
    return clean(regression.design.against.get(factor, "")) if "[T." in term else ""


def test_words(test: ModeratorTest) -> str:
    """A test with its degrees of freedom: "F(2, 10) = 3.1, p = 0.07"."""
    if not known(test.statistic):
        return "no test (the fit is perfect)"
    if test.kind == "F":
        value = f"F({test.df}, {test.df2}) = {plain(test.statistic)}"
    elif test.kind == "chi-square":
        value = f"Q_M = {plain(test.statistic)}, df {test.df}"
    else:
        value = f"{test.kind} {plain(test.statistic)}, df {test.df}"
    return f"{value}, {pvalue(test.pvalue)}"


def joint_words(regression: Regression) -> str:
    """The covariates together, and the share of tau2 they explain."""
    fit = regression.fit
    if len(fit.estimate) < 2:
        return ""
    said = f"The covariates together: {'; '.join(test_words(test) for test in fit.moderators)}."
    if fit.r2 is None:
        return said
    if fit.model == "common":
        return f"{said} Adjusted R² {100 * fit.r2:.0f} %."
    assert fit.tau2_null is not None
    if fit.tau2_null == 0:
        return f"{said} Without them there is no tau² either: nothing for an R² to be a share of."
    of = f"tau² {plain(fit.tau2_null)} without them, {plain(fit.tau2)} with them"
    return f"{said} R² {100 * fit.r2:.0f} % ({of}); with few studies R² is a very rough number."


def heterogeneity_words(regression: Regression) -> str:
    """How much studies differ beyond the covariates."""
    fit = regression.fit
    parts = []
    if fit.model != "common":
        limits = fit.tau2_interval
        shown = f" ({plain(limits[0])} to {plain(limits[1])})" if limits else ""
        parts.append(f"tau² {plain(fit.tau2)}{shown}")
    parts.append(f"I² (Q) {100 * fit.i2:.0f} %")
    if fit.i2_tau2 is not None and fit.model != "common":
        parts.append(f"I² (tau²) {100 * fit.i2_tau2:.0f} %")
    parts.append(f"Q = {plain(fit.q)}, df {fit.q_df}, {pvalue(fit.q_pvalue)}")
    if fit.heterogeneity_lrt is not None:
        parts.append(f"likelihood ratio {pvalue(fit.heterogeneity_lrt.pvalue)}")
    return f"Heterogeneity left: {'; '.join(parts)}."


def permutation_words(regression: Regression) -> str:
    """The p-values by permutation."""
    test = regression.permutation
    if test is None:
        return ""
    how = (
        f"all {test.count} arrangements"
        if test.kind == "exact"
        else f"{test.count} random arrangements, seed {test.seed}"
    )
    each = "; ".join(
        f"{clean(shown_term(term))} {pvalue(float(p))}"
        for term, p in zip(regression.terms, test.pvalue, strict=True)
        if term != INTERCEPT or len(regression.terms) == 1
    )
    jointly = f"; together {pvalue(test.joint)}" if len(regression.terms) > 2 else ""
    error = "" if test.kind == "exact" else f" (sampling error of the p-values up to {max(test.error):.2g})"
    return f"By permutation ({how}): {each}{jointly}{error}."


def method_words(regression: Regression) -> str:
    """Model, scale, estimator and interval in a line."""
    fit = regression.fit
    names = {
        "binomial": "Binomial-normal regression by maximum likelihood",
        "random": "Mixed-effects regression by inverse variance",
        "common": "Common-effect regression by inverse variance",
    }
    of_median = (
        "; proportions are medians over studies" if regression.predictions and fit.model != "common" else ""
    )
    details = [f"k = {fit.k}", numbers.plural(fit.p, "coefficient"), f"{regression.measure} scale"]
    if fit.model == "random":
        details.append(f"tau² by {str(fit.tau2_estimator).upper()}")
    words = {
        "wald": "Wald intervals",
        "t": "t intervals",
        "hksj": "Knapp-Hartung intervals, variance not below the classic one",
        "hksj-plain": "Knapp-Hartung intervals",
    }
    details.append(words[fit.ci] + ("" if fit.df is None else f", {fit.df} df"))
    return f"Method: {names[fit.model]} ({'; '.join(details)}){of_median}."


# ---- tables --------------------------------------------------------------------------------------


def signed(value: float) -> str:
    """A number to three figures with a true minus."""
    return plain(float(value)).replace("-", "−") if known(value) else "?"


def coefficient_cells(regression: Regression) -> list[tuple[str, ...]]:
    """The coefficients as cells, the head first."""
    fit = regression.fit
    level = f"{numbers.level(fit.level)}% CI"
    ratios = regression.measure == "logit" and len(fit.estimate) > 1
    head = ("Coefficient", "Estimate", "SE", level, "p", *([f"Odds ratio ({level})"] if ratios else []))
    lines: list[tuple[str, ...]] = [head]
    for place, term in enumerate(regression.terms):
        p = float(fit.pvalue[place])
        cells = (
            shown_term(term),
            signed(fit.estimate[place]),
            plain(float(fit.se[place])),
            f"{signed(fit.low[place])} to {signed(fit.high[place])}",
            pvalue(p).removeprefix("p = ").removeprefix("p ") if known(p) else "?",
        )
        ratio = regression.odds_ratio(term)
        shown = (
            ""
            if ratio is None
            else f"{numbers.ratio(ratio.estimate)} ({numbers.ratio(ratio.low)} to {numbers.ratio(ratio.high)})"
        )
        lines.append((*cells, *([shown] if ratios else [])))
    return lines


def prediction_cells(regression: Regression) -> list[tuple[str, ...]]:
    """The predicted proportions as cells, the head first."""
    level = numbers.level(regression.fit.level)
    head = ("Predicted at", "%", f"{level}% CI", f"{level}% for one study")
    return [head, *(_predicted(one) for one in regression.predictions)]


def _predicted(one: Predicted) -> tuple[str, ...]:
    mean, single = one.proportion, one.prediction
    return (
        at_words(one) or "all studies",
        numbers.percent(mean.estimate),
        f"{numbers.percent(mean.low)} to {numbers.percent(mean.high)}",
        "" if single is None else f"{numbers.percent(single.low)} to {numbers.percent(single.high)}",
    )


def at_words(one: Predicted) -> str:
    """The covariates' values: "year = 2020, design = cohort"."""
    return ", ".join(
        f"{clean(name)} = {value:g}"
        if isinstance(value, int | float)
        else f"{clean(name)} = {clean(str(value))}"
        for name, value in one.at.items()
    )


# ---- what to mind --------------------------------------------------------------------------------


def remarks(regression: Regression) -> Iterator[str]:
    """The paragraphs under the tables, but for the method."""
    against = [
        f"{clean(shown_factor(factor))}: {clean(level)}"
        for factor, level in regression.design.against.items()
    ]
    if against:
        yield f"Compared with {'; '.join(against)}."
    yield joint_words(regression)
    yield permutation_words(regression)
    yield heterogeneity_words(regression)
    for one in regression.predictions:
        yield " ".join(clean(note) for note in one.notes)
    yield " ".join(map(sentence, regression.notes))
    if regression.left_out:
        listed = "; ".join(f"{clean(name)} ({clean(reason)})" for name, reason in regression.left_out)
        yield f"Not in the regression: {listed}."


def _remarks(regression: Regression, paper: Paper, excluded: bool) -> list[str]:
    paragraphs = [*((text, "") for text in remarks(regression)), (method_words(regression), DIM)]
    if excluded:
        paragraphs += [
            (
                f"Left out of the analysis: {clean(e.label or e.study)}: {clean(e.reason)} ({clean(e.rule)}).",
                "",
            )
            for e in regression.excluded
        ]
    elif regression.excluded:
        paragraphs.append(("Left out of the analysis, with reasons: --excluded", DIM))
    return [
        line
        for text, style in paragraphs
        if text
        for line in paper.paragraph(text, INDENT, INDENT * 2, style)
    ]
