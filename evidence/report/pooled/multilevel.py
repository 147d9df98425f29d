"""The three-level pool on the terminal, for other programs, and how it was had."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

from evidence.analysis.clustering import Multilevel
from evidence.report import numbers
from evidence.report.characters import cells, clean, pad, shorten
from evidence.report.explaining import METAFOR, printed, r_head
from evidence.report.machine import csv_text, interval, json_text, limits
from evidence.report.terminal import BOLD, DIM, GAP, INDENT, Paper, as_text
from evidence.synthesis.clusters.multilevel import RELIABLE, Component
from evidence.synthesis.results import Interval

COLUMNS = (
    "kind",
    "cluster",
    "label",
    "when",
    "events",
    "n",
    "estimate",
    "low",
    "high",
    "level",
    "i2",
    "pvalue",
    "note",
)


def render_text(result: Multilevel, *, width: int = 80, unicode: bool = True, color: bool = False) -> str:
    """The answer in words, the rows by cohort, the averages, and what to mind."""
    paper = Paper(width, unicode, color)
    remarks = [(text, "") for text in notes(result)] + [(f"Method: {result.pooled.method}.", DIM)]
    blocks = [
        paper.paragraph(heading(result), style=BOLD),
        paper.paragraph(headline(result)),
        _rows(result, paper),
        _averages(result, paper),
        [line for text, style in remarks for line in paper.paragraph(text, INDENT, INDENT * 2, style)],
    ]
    return as_text(blocks)


def heading(result: Multilevel) -> str:
    """What is pooled."""
    pooled = result.pooled
    named = ": ".join(filter(None, (clean(result.title), clean(result.outcome))))
    counted = f"{pooled.k} rows of {numbers.plural(pooled.clusters, 'cohort')}"
    return f"{named}, {counted}" if named else counted[:1].upper() + counted[1:]


def headline(result: Multilevel) -> str:
    """The average, and how much of the differences lies between cohorts."""
    pooled, model = result.pooled, result.pooled.model
    said = (
        f"On average {numbers.brief(pooled.proportion.estimate)} % "
        f"({numbers.level(pooled.level)} % CI {numbers.span(pooled.proportion)}) responded"
    )
    if pooled.robust is not None and model.robust is not None and model.robust.df >= RELIABLE:
        said += f"; allowing for any dependence within cohorts, {numbers.span(pooled.robust)}"
    share = [f"{100 * part.i2:.0f} %" for part in (model.between, model.within)]
    return (
        f"{said}. Of the variation of rows {share[0]} lies between cohorts, {share[1]} between rows of a cohort, "
        f"{100 * model.sampling_i2:.0f} % is sampling error."
    )


def _rows(result: Multilevel, paper: Paper) -> list[str]:
    names = [
        ", ".join(dict.fromkeys(filter(None, (clean(row.cluster), clean(row.label), clean(row.when)))))
        for row in result.rows
    ]
    counts = [f"{row.events}/{row.n}" for row in result.rows]
    wide = max(8, *map(len, counts))
    label = min(max(6, *(cells(paper.say(name)) for name in names)), paper.width - wide - 14)
    lines = [
        paper.paint(
            DIM,
            INDENT
            + GAP.join((pad("Cohort", label), pad("Events/n", wide, right=True), pad("%", 5, right=True))),
        )
    ]
    for name, shown, row in zip(names, counts, result.rows, strict=True):
        parts = (
            pad(shorten(paper.say(name), label, paper.say("…")), label),
            pad(shown, wide, right=True),
            pad(numbers.percent(row.events / row.n), 5, right=True),
        )
        lines.append(INDENT + GAP.join(parts))
    return lines


def averages(result: Multilevel) -> list[tuple[str, Interval]]:
    """The averages and the prediction, each with its name."""
    pooled = result.pooled
    found: list[tuple[str, Interval]] = [("Three-level", pooled.proportion)]
    if pooled.robust is not None and pooled.model.robust is not None:
        found.append((f"Cluster-robust, {pooled.model.robust.name}", pooled.robust))
    if pooled.prediction is not None:
        found.append(("Another row, another cohort", pooled.prediction))
    return found


def _averages(result: Multilevel, paper: Paper) -> list[str]:
    lines = [
        paper.paint(
            DIM,
            f"{INDENT}{pad('Average', 28)}{GAP}{pad('%', 5, right=True)}{GAP}{numbers.level(result.pooled.level)}% CI",
        )
    ]
    for name, value in averages(result):
        estimate = "" if name.startswith("Another") else numbers.percent(value.estimate)
        lines.append(
            f"{INDENT}{pad(name, 28)}{GAP}{pad(estimate, 5, right=True)}{GAP}"
            f"{pad(numbers.percent(value.low), 5, right=True)} to {pad(numbers.percent(value.high), 5, right=True)}"
        )
    return lines


def notes(result: Multilevel) -> Iterator[str]:
    """The variances, and what to mind."""
    model = result.pooled.model
    yield (
        f"Variance between cohorts {_component(model.between)}; between rows of a cohort {_component(model.within)}; "
        f"on the {result.pooled.measure} scale, intervals by profile likelihood. "
        f"Cochran's Q {numbers.plain(model.q, 4)} on {model.q_df} df, {numbers.pvalue(model.q_pvalue)}."
    )
    yield from result.pooled.notes
    if result.left_out:
        yield f"Left out: {clean('; '.join(result.left_out))}."


def _component(part: Component) -> str:
    high = numbers.plain(part.high) if isfinite(part.high) else "no limit"
    return (
        f"{numbers.plain(part.variance)} ({numbers.plain(part.low)} to {high}; likelihood ratio "
        f"{numbers.pvalue(part.pvalue)})"
    )


# ---- for other programs --------------------------------------------------------------------------


def render_json(result: Multilevel) -> str:
    """One object; proportions from 0 to 1, numbers in full, null where there is none."""
    pooled, model = result.pooled, result.pooled.model
    value = {
        "version": result.version,
        "title": clean(result.title),
        "outcome": clean(result.outcome),
        "options": dict(result.options),
        "rows": [{name: clean(v) if isinstance(v, str) else v for name, v in row._asdict().items()} for row in result.rows],
        "k": pooled.k,
        "clusters": pooled.clusters,
        "proportion": interval(pooled.proportion),
        "robust": None
        if pooled.robust is None or model.robust is None
        else {**limits(pooled.robust), "name": model.robust.name, "se": model.robust.se, "df": model.robust.df},
        "prediction": interval(pooled.prediction),
        "fit": {"estimate": model.fit.estimate, "se": model.fit.se, "low": model.fit.low, "high": model.fit.high, "df": model.df},
        "heterogeneity": {
            "between": _variance(model.between),
            "within": _variance(model.within),
            "sampling_i2": model.sampling_i2,
            "q": model.q,
            "df": model.q_df,
            "pvalue": model.q_pvalue,
            "log_likelihood": model.log_likelihood,
        },
        "left_out": [clean(text) for text in result.left_out],
        "notes": [*notes(result), pooled.method],
    }  # fmt: skip
    return json_text(value)


def _variance(part: Component) -> dict[str, Any]:
    found = part._asdict()
    return found | {"high": part.high if isfinite(part.high) else None}


def render_csv(result: Multilevel) -> str:
    """One row a row, an average and a variance, then the notes."""
    return csv_text(COLUMNS, _csv(result))


def _csv(result: Multilevel) -> Iterator[dict[str, Any]]:
    for row in result.rows:
        yield {
            "kind": "row",
            **{name: getattr(row, name) for name in ("cluster", "label", "when", "events", "n")},
        }
    for name, value in averages(result):
        yield {"kind": "pool", "label": name} | limits(value)
    for name, part in (
        ("between cohorts", result.pooled.model.between),
        ("within cohorts", result.pooled.model.within),
    ):
        line = {"kind": "variance", "label": name, "estimate": part.variance, "low": part.low, "i2": part.i2}
        yield line | {"high": part.high if isfinite(part.high) else None, "pvalue": part.pvalue}
    yield from ({"kind": "note", "note": note} for note in (*notes(result), result.pooled.method))


# ---- how it was had ------------------------------------------------------------------------------


def methods(result: Multilevel) -> str:
    """The methods paragraph, with references."""
    pooled, model = result.pooled, result.pooled.model
    kind = "restricted maximum" if model.estimator == "reml" else "maximum"
    quantile = (
        "the normal distribution"
        if model.df is None
        else f"Student's t with {model.df} degrees of freedom (cohorts less one)"
    )
    text = (
        f"Proportions ({pooled.k} rows of {pooled.clusters} cohorts) were pooled on the {pooled.measure} scale by a three-level "
        f"random-effects model, rows within cohorts [konstantopoulos2011, cheung2014], with variances by {kind} likelihood, "
        f"their {numbers.level(pooled.level)} % intervals by profile likelihood, and the interval of the average by {quantile}. "
        "I2 was split into its parts between and within cohorts [cheung2014]."
    )
    if model.robust is not None:
        how = {
            "CR2": "the bias-reduced cluster-robust variance (CR2) and Satterthwaite's degrees of freedom [tipton2015, pustejovsky2018]",
            "CR1": "the cluster-robust variance times m / (m - 1) [hedges2010]",
            "CR0": "the cluster-robust variance [hedges2010]",
        }[model.robust.name]
        text += f" A second interval uses {how}."
    return printed(text) + "\n"


def r_code(result: Multilevel) -> str:
    """The same analysis in R."""
    pooled, model = result.pooled, result.pooled.model
    packages = (
        ("metafor", "clubSandwich")
        if model.robust is not None and model.robust.name == "CR2"
        else ("metafor",)
    )
    known: dict[str, int] = {}
    groups = [known.setdefault(row.cluster, len(known) + 1) for row in result.rows]
    test = 'test = "z"' if model.df is None else 'test = "t", dfs = "contain"'
    asked = f'method = "{model.estimator.upper()}", {test}, level = {numbers.level(pooled.level)}'
    lines = [
        r_head(packages=packages),
        f"events <- c({', '.join(str(row.events) for row in result.rows)})",
        f"n <- c({', '.join(str(row.n) for row in result.rows)})",
        f"cohort <- c({', '.join(map(str, groups))})",
        f'dat <- escalc(measure = "{METAFOR[pooled.measure]}", xi = events, ni = n, add = 1/2, to = "only0")'
        if pooled.measure in ("logit", "log", "raw")
        else f'dat <- escalc(measure = "{METAFOR[pooled.measure]}", xi = events, ni = n, add = 0)',
        "dat$cohort <- cohort",
        "dat$row <- seq_along(events)",
        f"fit <- rma.mv(yi, vi, random = ~ 1 | cohort / row, data = dat, {asked})",
        "fit",
        "confint(fit)",
    ]
    if model.robust is not None:
        name = model.robust.name
        lines.append(
            'conf_int(fit, vcov = "CR2", cluster = cohort, level = ' + repr(pooled.level) + ")"
            if name == "CR2"
            else f"robust(fit, cluster = cohort, adjust = {'TRUE' if name == 'CR1' else 'FALSE'})"
        )
    return "\n".join(lines) + "\n"
