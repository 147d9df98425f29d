"""What differs between two rows besides their numbers, in words from the tables' own columns."""

from __future__ import annotations

from evidence.review.schema import NOT_STATED, OutcomeRow
from evidence.review.tables import Review


def differs_in(row_a: OutcomeRow, row_b: OutcomeRow, review: Review) -> tuple[str, ...]:
    """`("scale: RCLASI-A against CLASI-A", "time: week 16 against week 12", ...)`.

    Compared are definition, scale, threshold, time, population, design and the
    rule for missing data. What only one row states is a difference for missing
    data alone: there silence is a rule too, and not the same one. Definitions
    are in each report's own words, which always differ; they count only where
    scale and threshold do not say what was measured.
    """
    study_a, study_b = review.studies[row_a.study], review.studies[row_b.study]
    found = []
    measured = all((row_a.threshold, row_b.threshold))
    if not measured and _differ(row_a.definition, row_b.definition):
        found.append(_against("definition", row_a.definition, row_b.definition))
    if _differ(row_a.scale, row_b.scale):
        found.append(_against("scale", row_a.scale, row_b.scale))
    if _differ(row_a.threshold, row_b.threshold):
        found.append(_against("threshold", row_a.threshold, row_b.threshold))
    if row_a.when != row_b.when:
        found.append(_against("time", row_a.when, row_b.when))
    who_a, who_b = row_a.population or study_a.population, row_b.population or study_b.population
    if _differ(who_a, who_b):
        found.append(_against("population", who_a, who_b))
    if _differ(row_a.subgroup or "all", row_b.subgroup or "all"):
        found.append(_against("subgroup", row_a.subgroup or "all", row_b.subgroup or "all"))
    if study_a.design != study_b.design and NOT_STATED not in (study_a.design, study_b.design):
        found.append(_against("design", study_a.design, study_b.design))
    rule_a, rule_b = row_a.missing_data or NOT_STATED, row_b.missing_data or NOT_STATED
    if _differ(rule_a, rule_b):
        found.append(_against("missing data", rule_a, rule_b))
    return tuple(found)


def _differ(a: str, b: str) -> bool:
    return bool(a and b) and a.casefold() != b.casefold()


def _against(what: str, a: str, b: str) -> str:
    return f"{what}: {a} against {b}"
