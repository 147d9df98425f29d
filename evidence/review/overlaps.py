"""Which cohorts share patients, certainly, probably or possibly, as overlaps.csv says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from evidence.review.choice import Chosen
from evidence.review.schema import Overlap
from evidence.review.tables import Review

ADVERBS = {"certain": "certainly", "probable": "probably", "possible": "possibly"}
"""How sure an overlap is, before `share patients`; what is ruled out is none."""


def shared(review: Review, certainties: Iterable[str]) -> Mapping[str, dict[str, tuple[str, str]]]:
    """cohort -> other cohort -> (certainty, reason), both ways round."""
    wanted = set(certainties)
    found: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for pair in review.overlaps:
        if pair.certainty in wanted:
            found[pair.cohort_a][pair.cohort_b] = found[pair.cohort_b][pair.cohort_a] = (
                pair.certainty,
                pair.reason,
            )
    return found


def warnings(review: Review, chosen: Sequence[Chosen], certainties: Iterable[str]) -> Iterator[str]:
    """A sentence for each pair of entries whose cohorts overlap so."""
    wanted = set(certainties)
    holder = {cohort: entry for entry in chosen for cohort in review.cohorts[entry.study.study]}
    for pair in review.overlaps:
        a, b = holder.get(pair.cohort_a), holder.get(pair.cohort_b)
        if pair.certainty in wanted and a is not None and b is not None and a is not b:
            yield f"{a.label} and {b.label} {ADVERBS[pair.certainty]} share patients: {pair.reason}"


def of_cohort(review: Review, cohort: str) -> Iterator[tuple[str, Overlap]]:
    """The other cohort and the row of the table, for each pair with this one, those ruled out included."""
    for pair in review.overlaps:
        if cohort == pair.cohort_a:
            yield pair.cohort_b, pair
        elif cohort == pair.cohort_b:
            yield pair.cohort_a, pair
