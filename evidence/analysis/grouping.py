"""Do the groups of `pool --by` differ? Their rows to the test of `synthesis.regression.subgroups`, by the model that pooled them."""

from __future__ import annotations

from dataclasses import replace

from evidence.analysis.results import Analysis
from evidence.review.schema import NOT_STATED
from evidence.synthesis.regression.regression import ESTIMATORS
from evidence.synthesis.regression.subgroups import INTERVALS, SubgroupTest, compare_groups

ENOUGH = 20
"""Degrees of freedom within groups for a chi-square test between them to hold what it says."""


def subgroup_test(analysis: Analysis) -> SubgroupTest | None:
    """The test of whether the groups differ; None where there are not two to compare.

    Rows whose group is not stated are left out of it, and this is said. Groups pooled by inverse variance are compared
    by it, all others by the binomial-normal model.
    """
    by = str(analysis.options.get("by") or "")
    grouped = [row for row in analysis.studies if row.group is not None and row.role != "reference"]
    rows = [row for row in grouped if row.group != NOT_STATED]
    names = [row.group or "" for row in rows]
    if not by or len(set(names)) < 2:
        return None
    model = analysis.leading.model
    weighed = model in ("common", "random")
    asked = analysis.options
    tau2 = asked["tau2"] if model == "random" and asked["tau2"] in ESTIMATORS else "reml"
    ci = analysis.leading.ci if model == "random" else "wald"
    test = compare_groups(
        [row.events for row in rows],
        [row.n for row in rows],
        names,
        by=by,
        model=model if weighed else "binomial",
        measure=asked["measure"] if weighed else "logit",
        tau2=tau2,
        ci=ci if ci in INTERVALS else "wald",
    )
    said = []
    if len(rows) < len(grouped):
        said.append(
            f"{len(grouped) - len(rows)} of {len(grouped)} studies do not state {by}: not in the test."
        )
    if model == "random" and asked["tau2"] != tau2:
        said.append("The groups are compared with tau² by REML: the estimator asked for knows no groups.")
    if asked.get("weights", "model") != "model":
        said.append("The groups are compared by inverse-variance weights, not by those given.")
    if not weighed and model != "binomial":
        said.append("The groups are compared by the binomial-normal model.")
    free = len(rows) - len(test.groups)
    if test.statistic is not None and free < ENOUGH:
        said.append(
            f"A chi-square test of so few studies finds differences too easily; evidence regress tests by F with {free} "
            "degrees of freedom."
        )
    return replace(test, notes=(*test.notes, *said))
