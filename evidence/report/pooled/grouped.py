"""The test of whether groups differ, in words and as keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evidence.report.characters import clean
from evidence.report.numbers import plain, pvalue
from evidence.report.pooled.words import sentence
from evidence.synthesis.regression.subgroups import SubgroupTest

FEW = 0.1
"""Above it a test of few studies says nothing either way."""


def subgroup_sentences(test: SubgroupTest) -> Iterator[str]:
    """The answer, how it was reached, and what to mind."""
    by = clean(test.by)
    if test.statistic is None or test.pvalue is None:
        yield f"Differences between groups ({by}): no test."
    else:
        tau2 = "" if test.tau2 is None else f", tau² {plain(test.tau2)}"
        yield (
            f"Differences between groups ({by}): {test.method.partition(' (')[0]} {plain(test.statistic)}, df {test.df}, "
            f"{pvalue(test.pvalue)} ({test.method.partition(' (')[2].removesuffix(')')}{tau2})."
        )
        if test.wald is not None:
            yield f"Wald's test: {plain(test.wald.statistic)}, df {test.wald.df}, {pvalue(test.wald.pvalue)}."
        if test.pvalue > FEW:
            yield "Not shown to differ is not shown to be alike."
    yield from map(sentence, map(clean, test.notes))


def as_subgroups(test: SubgroupTest) -> dict[str, Any]:
    """The test with the keys that other programs read."""
    return {
        "by": clean(test.by),
        "model": test.model,
        "measure": test.measure,
        "tau2_estimator": test.tau2_estimator,
        "tau2_common": test.tau2_common,
        "test": test.kind or None,
        "statistic": test.statistic,
        "df": test.df,
        "pvalue": test.pvalue,
        "wald": test.wald
        and {"statistic": test.wald.statistic, "df": test.wald.df, "pvalue": test.wald.pvalue},
        "tau2": test.tau2,
        "groups": [
            {
                "group": clean(group.name),
                "k": group.k,
                "events": group.events,
                "n": group.n,
                "estimate": group.estimate,
                "se": group.se,
                "tau2": group.tau2,
            }
            for group in test.groups
        ],
        "notes": [*map(clean, test.notes), f"Method: {test.method}"],
    }
