"""A decision about two reports recorded in overlaps.csv: one row for each pair of their cohorts."""

from __future__ import annotations

from itertools import product

from evidence.errors import NotPossible
from evidence.review.names import find_reports
from evidence.review.writing import editing


def decide_overlap(
    folder: str, one: str, other: str, certainty: str, reason: str, source: str = ""
) -> list[str]:
    """Record it, replacing what was decided before, and say what was written.

    Raises OptionError for a report the review does not have, NotPossible for two reports of one cohort, InputError
    where the table cannot be written.
    """
    with editing(folder) as edit:
        review = edit.preview()
        names = [find_reports(review, name, "report")[0] for name in (one, other)]
        mine, its = (review.cohorts[name] for name in names)
        if set(mine) & set(its):
            shared = ", ".join(sorted(set(mine) & set(its)))
            raise NotPossible(
                f"{names[0]} and {names[1]} are of one cohort ({shared}) by cohorts.csv: that settles it"
            )
        known = {frozenset((pair.cohort_a, pair.cohort_b)): pair for pair in review.overlaps}
        said = []
        for a, b in product(mine, its):
            cells = {"certainty": certainty, "reason": reason, "source": source}
            before = known.get(frozenset((a, b)))
            if before is None:
                row = edit.append("overlaps", {"cohort_a": a, "cohort_b": b, **cells})
                said.append(f"overlaps.csv row {row}: {a} and {b}, {certainty}")
            else:
                edit.replace("overlaps", before.row, cells)
                said.append(
                    f"overlaps.csv row {before.row}: {a} and {b}, {before.certainty} before, now {certainty}"
                )
        edit.commit()
    return said
