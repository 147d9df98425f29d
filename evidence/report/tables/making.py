"""table(): a table for a paper, from a review or from a result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from evidence.analysis.contrasts import Differences, differences
from evidence.analysis.notices import notices_of, retracted
from evidence.analysis.pooling import pool
from evidence.analysis.results import Analysis
from evidence.analysis.robustness import Sensitivity, sensitivity
from evidence.errors import NotPossible, OptionError
from evidence.report.tables.characteristics import characteristics
from evidence.report.tables.comparison import comparison
from evidence.report.tables.findings import Finding, findings
from evidence.report.tables.paper import PaperTable
from evidence.report.tables.saying import Saying
from evidence.report.tables.texts import TEXTS
from evidence.review.choice import Chosen, Window
from evidence.review.quality import certainties
from evidence.review.selection import resolve, select
from evidence.review.tables import Review

KINDS = ("characteristics", "findings", "comparison")
PER = (100, 1000)


class Scene(NamedTuple):
    """A result, what differs between its rows and their references, and the rows of the tables it was made from."""

    made: Analysis
    found: Differences
    entries: tuple[Chosen, ...]


def table(
    kind: str,
    source: Review | Analysis,
    outcome: str | None = None,
    *,
    analysis: str | None = None,
    where: str | None = None,
    weeks: Window | float | str | None = None,
    exclude_retracted: bool = False,
    level: float = 0.95,
    per: int = 100,
    lang: str = "en",
) -> PaperTable:
    """A table for a paper: "characteristics", "findings" (GRADE's summary) or "comparison".

    `source` is a review, of which the options choose the rows as in `pool`, or what `pool` or `pool_rows` gave: then
    the table has what that knows, without what only the review's own tables say. Findings are of every outcome of a
    review that can be pooled, those with an analysis first.

    outcome, analysis  an outcome by key or label, an analysis by its name in review.toml; without either the
                       primary one, of findings all
    where              keeps the rows that meet a condition, such as "n >= 5"
    weeks              a week, a window of two, or "last visit", in place of the analysis' own
    exclude_retracted  leaves out reports that PubMed's records call retracted
    level              of every interval, 0 to 1
    per                how many patients the findings count by, 100 or 1000
    lang               en or es

    Raises OptionError for another kind, language or number, and what `pool` raises where nothing can be pooled.
    """
    for name, value, allowed in (("kind", kind, KINDS), ("lang", lang, tuple(TEXTS)), ("per", per, PER)):
        if value not in allowed:
            raise OptionError(name, value, tuple(map(str, allowed)))
    if per != PER[0] and kind != "findings":
        raise OptionError("per", per, f"{PER[0]}: only findings count by another number")
    asked: dict[str, Any] = {
        "analysis": analysis,
        "where": where,
        "weeks": weeks,
        "exclude_retracted": exclude_retracted,
        "level": level,
    }
    say = Saying(lang, per)
    if isinstance(source, Review):
        return _of_review(kind, source, outcome, asked, say)
    if not isinstance(source, Analysis):
        raise OptionError("source", type(source).__name__, "a review, or what pool or pool_rows gave")
    defaults = {**dict.fromkeys(asked), "exclude_retracted": False, "level": 0.95}
    for name, value in {"outcome": outcome, **asked}.items():
        if value != defaults.get(name):
            raise OptionError(
                name, value, "nothing where a result is given: it was made with its own options"
            )
    if kind == "characteristics":
        return characteristics(source, None, (), say)
    if kind == "comparison":
        return comparison(source, {}, None, say)
    return findings(source.title, [Finding(source, {})], 0, (), say, float(source.options["level"]))


def _of_review(
    kind: str, review: Review, outcome: str | None, asked: dict[str, Any], say: Saying
) -> PaperTable:
    if kind == "findings":
        found = list(_findings(review, outcome, asked))
        if not any(one.made for one in found):
            first = next((one.reason for one in found if one.reason), None)
            raise first or NotPossible("no outcome of this review can be pooled; see: evidence outcomes")
        shown = [one for one in found if one.made or (one.spec and one.spec.name)]
        empty = len(found) - len(shown)
        return findings(review.title, shown, empty, certainties(review.grades), say, asked["level"])
    scene = _scene(review, outcome, asked)
    if kind == "characteristics":
        return characteristics(scene.made, review, scene.entries, say)
    return comparison(scene.made, scene.found, _doubts(review, outcome, asked), say)


def _scene(review: Review, outcome: str | None, asked: dict[str, Any]) -> Scene:
    made = pool(review, outcome, **asked)
    barred = retracted(notices_of(review)) if asked["exclude_retracted"] else {}
    spec = resolve(review, outcome, asked["analysis"])
    chosen = select(review, spec, weeks=asked["weeks"], where=asked["where"], barred=barred)
    found = differences(review, chosen.chosen, chosen.references)
    return Scene(made, found, (*chosen.chosen, *chosen.references))


def _doubts(review: Review, outcome: str | None, asked: dict[str, Any]) -> Sensitivity | None:
    """What it would take to turn the conclusion, where that can be said."""
    try:
        return sensitivity(review, outcome, **asked)
    except NotPossible:
        return None


def _findings(review: Review, outcome: str | None, asked: dict[str, Any]) -> Iterator[Finding]:
    """Of what was asked for; else of every analysis, then of the outcomes without one."""
    if outcome is not None or asked["analysis"] is not None:
        wanted = [(outcome, asked["analysis"])]
    else:
        declared = {spec.outcome for spec in review.analyses.values()}
        wanted = [(None, name) for name in review.analyses]
        wanted += [(key, None) for key in review.outcomes if key not in declared]
    for key, name in wanted:
        options = {**asked, "analysis": name}
        spec = resolve(review, key, name)
        about = review.outcomes[spec.outcome]
        try:
            scene = _scene(review, key, options)
        except NotPossible as reason:
            yield Finding(None, {}, about, spec, reason)
        else:
            yield Finding(scene.made, scene.found, about, spec)
