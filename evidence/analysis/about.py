"""What a result says it is about: a review's question, or counts of which no question is known."""

from __future__ import annotations

from typing import Any

from evidence.review.question import AnalysisSpec
from evidence.review.tables import Review

ABOUT = ("review", "title", "outcome", "outcome_label", "definition", "better", "verb", "analysis")
"""Fields of `Result`."""


def about_review(review: Review, spec: AnalysisSpec) -> dict[str, Any]:
    """The fields of a result on an analysis of a review."""
    outcome = review.outcomes[spec.outcome]
    return {
        "review": review.name,
        "title": spec.title or review.title,
        "outcome": outcome.key,
        "outcome_label": outcome.label,
        "definition": outcome.definition,
        "better": outcome.better,
        "verb": outcome.verb,
        "analysis": spec.name,
    }


def about_counts(title: str) -> dict[str, Any]:
    """The fields of a result on counts: a title at most."""
    return dict.fromkeys(ABOUT, "") | {"title": title}
