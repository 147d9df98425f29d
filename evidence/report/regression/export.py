"""A regression for other programs: JSON whose keys do not change silently, CSV of its coefficients. Numbers in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evidence.analysis.regressing import Predicted, Regression
from evidence.report.characters import clean
from evidence.report.machine import about, csv_text, finite, interval, json_text, plain
from evidence.report.pooled.export import as_study
from evidence.report.pooled.words import sentence
from evidence.report.regression.text import at_words, method_words
from evidence.synthesis.regression.regression import ModeratorTest

COLUMNS = (
    "kind", "term", "estimate", "se", "statistic", "df", "pvalue", "low", "high", "level", "odds_ratio",
    "odds_ratio_low", "odds_ratio_high", "permutation_pvalue", "study", "events", "n", "weight", "notes",
)  # fmt: skip


def to_dict(regression: Regression) -> dict[str, Any]:
    """The regression as plain dicts, lists, strings and numbers."""
    fit, test = regression.fit, regression.permutation
    limits = fit.tau2_interval
    notes = [*map(clean, (*regression.warnings, *map(sentence, regression.notes))), method_words(regression)]
    made = {
        **about(regression),
        "formula": clean(regression.formula),
        "options": plain(regression.options),
        "model": fit.model,
        "measure": regression.measure,
        "tau2_estimator": fit.tau2_estimator,
        "ci": fit.ci,
        "level": fit.level,
        "k": fit.k,
        "df": fit.df,
        "coefficients": [_coefficient(regression, place) for place in range(fit.p)],
        "against": {clean(factor): clean(level) for factor, level in regression.design.against.items()},
        "moderators": [_test(one) for one in fit.moderators] if fit.p > 1 else [],
        "r2": fit.r2,
        "heterogeneity": {
            "tau2": fit.tau2,
            "tau2_low": limits and limits[0],
            "tau2_high": limits and limits[1],
            "tau2_without": fit.tau2_null,
            "i2": fit.i2,
            "i2_kind": "Q",
            "i2_tau2": fit.i2_tau2,
            "h2": fit.h2,
            "q": fit.q,
            "df": fit.q_df,
            "pvalue": fit.q_pvalue,
            "lrt": fit.heterogeneity_lrt and _test(fit.heterogeneity_lrt),
        },
        "permutation": test
        and {
            "kind": test.kind,
            "count": test.count,
            "possible": test.possible if test.possible < 10**15 else None,
            "seed": test.seed,
            "joint_pvalue": test.joint,
            "least_pvalue": test.least,
        },
        "predictions": [_prediction(one) for one in regression.predictions],
        "studies": [finite(as_study(regression, study)) for study in regression.studies],
        "left_out": [{"study": clean(name), "reason": clean(reason)} for name, reason in regression.left_out],
        "excluded": [{"study": clean(e.study), "reason": clean(e.reason)} for e in regression.excluded],
        "notes": notes,
    }
    return finite(made)


def _coefficient(regression: Regression, place: int) -> dict[str, Any]:
    fit, test = regression.fit, regression.permutation
    term = regression.terms[place]
    return {
        "term": clean(term),
        "estimate": fit.estimate[place],
        "se": fit.se[place],
        "statistic": fit.statistic[place],
        "pvalue": fit.pvalue[place],
        "low": fit.low[place],
        "high": fit.high[place],
        "odds_ratio": interval(regression.odds_ratio(term)),
        "permutation_pvalue": None if test is None else test.pvalue[place],
        "permutation_error": None if test is None else test.error[place],
    }


def _test(test: ModeratorTest) -> dict[str, Any]:
    return {
        "kind": test.kind,
        "statistic": test.statistic,
        "df": test.df,
        "df2": test.df2,
        "pvalue": test.pvalue,
    }


def _prediction(one: Predicted) -> dict[str, Any]:
    return {
        "at": {clean(name): plain(value) for name, value in one.at.items()},
        "proportion": interval(one.proportion),
        "prediction": interval(one.prediction),
        "notes": list(map(clean, one.notes)),
    }


def render_json(regression: Regression) -> str:
    """One object; infinite and undefined numbers are null, with a note that says so."""
    return json_text(to_dict(regression))


def render_csv(regression: Regression) -> str:
    """One row a coefficient, test, prediction and study, then the notes."""
    return csv_text(COLUMNS, _lines(regression))


def _lines(regression: Regression) -> Iterator[dict[str, Any]]:
    made = to_dict(regression)
    level = regression.fit.level
    for one in made["coefficients"]:
        ratio = one["odds_ratio"] or {}
        kept = ("term", "estimate", "se", "statistic", "pvalue", "low", "high", "permutation_pvalue")
        yield {
            "kind": "coefficient",
            **{name: one[name] for name in kept},
            "df": regression.fit.df,
            "level": level,
            "odds_ratio": ratio.get("estimate"),
            "odds_ratio_low": ratio.get("low"),
            "odds_ratio_high": ratio.get("high"),
        }
    for test in made["moderators"]:
        df = f"{test['df']}" if test["df2"] is None else f"{test['df']}, {test['df2']}"
        yield {
            "kind": "moderators",
            "term": test["kind"],
            "statistic": test["statistic"],
            "df": df,
            "pvalue": test["pvalue"],
        }
    h = made["heterogeneity"]
    yield {
        "kind": "heterogeneity",
        "term": "tau2",
        "estimate": h["tau2"],
        "low": h["tau2_low"],
        "high": h["tau2_high"],
        "level": level,
    }
    yield {
        "kind": "heterogeneity",
        "term": "Q",
        "statistic": h["q"],
        "df": h["df"],
        "pvalue": h["pvalue"],
    }
    yield {"kind": "heterogeneity", "term": "I2 (Q)", "estimate": h["i2"]}
    yield {"kind": "heterogeneity", "term": "R2", "estimate": made["r2"]}
    for one, value in zip(regression.predictions, made["predictions"], strict=True):
        for kind in ("proportion", "prediction"):
            if value[kind]:
                yield {"kind": kind, "term": at_words(one), **value[kind], "notes": " ".join(value["notes"])}
    for study in made["studies"]:
        yield {
            "kind": "study",
            "study": study["label"],
            **{name: study[name] for name in ("events", "n", "weight")},
        }
    for row in made["left_out"]:
        yield {"kind": "left out", "study": row["study"], "notes": row["reason"]}
    for note in made["notes"]:
        yield {"kind": "note", "notes": note}
