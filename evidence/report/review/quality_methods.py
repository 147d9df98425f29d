"""How the reports were judged, as a paragraph for a paper's methods."""

from __future__ import annotations

from evidence.report.explaining import printed
from evidence.review.quality import Quality
from evidence.review.tables import Review

CITED = {
    "JBI case series": "munn2020",
    "ROBINS-I": "sterne2016",
    "RoB 2": "sterne2019",
    "Newcastle-Ottawa": "wells2000",
}
CALLED = {
    "JBI case series": "the JBI checklist for case series [munn2020]",
    "ROBINS-I": "ROBINS-I [sterne2016]",
    "RoB 2": "RoB 2 [sterne2019]",
    "Newcastle-Ottawa": "the Newcastle-Ottawa scale [wells2000]",
}


def methods(review: Review, quality: Quality) -> str:
    """Who judged how many reports with what; what holds by rule; how certainty was judged, if it was."""
    sentences = []
    for name, called in CALLED.items():
        judged = [one for one in quality.judged if one.instrument.name == name]
        if judged:
            people = dict.fromkeys(row.by for one in judged for row in one.rows.values())
            reports = len({one.study for one in judged})
            whole = sum(not one.open for one in judged)
            noun = "report" if reports == 1 else "reports"
            sentences.append(
                f"{reports} {noun} ({whole} with every item) {'was' if reports == 1 else 'were'} judged with {called} "
                f"({'; '.join(people)})."
            )
    if not quality.judged:
        sentences.append("No report was judged with an instrument.")
    if quality.contrasts:
        sentences.append(
            "Comparisons of groups from different studies were taken to be at serious risk of bias by confounding or worse "
            "[sterne2016]."
        )
    if review.grades:
        people = dict.fromkeys(row.by for row in review.grades)
        sentences.append(
            "Certainty was judged with GRADE [guyatt2008], the event rate apart from contrasts; evidence from single arms "
            f"started at low, and no large effect raised it ({'; '.join(people)})."
        )
    return printed(" ".join(sentences)) + "\n"
