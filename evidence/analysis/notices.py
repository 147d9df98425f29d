"""What hangs on the papers of a review, where a result must say it: a pooled study that has been retracted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evidence.analysis.results import StudyRow
from evidence.papers.notices import PaperNotice, notices_by_study
from evidence.review.choice import Left
from evidence.review.tables import Review

Notices = Mapping[str, tuple[PaperNotice, ...]]

RETRACTED = "retracted"
"""The kind of notice, and the rule that leaves a report out."""


def notices_of(review: Review) -> Notices:
    """Study -> notices on its paper, loud ones first; nothing where no record was fetched."""
    return notices_by_study(review.path, review.studies.values(), review.references)


def retracted(notices: Notices) -> dict[str, Left]:
    """The studies whose papers have been retracted, each with the rule and the reason for leaving it out."""
    return {
        study: (RETRACTED, str(notice))
        for study, hung in notices.items()
        for notice in reversed(hung)  # the worst stands first, so it is written last
        if notice.kind == RETRACTED
    }


def alarms(rows: Sequence[StudyRow], notices: Notices) -> Iterator[str]:
    """A sentence for each row shown whose paper's numbers are in doubt."""
    names = {row.study: row.label for row in reversed(rows)}
    for study in dict.fromkeys(row.study for row in rows):
        name = names[study]
        for notice in notices.get(study, ()):
            if notice.loud:
                yield f"WARNING: {name} ({study}): {str(notice).rstrip('.')}."
