"""What screeners decided about papers, where they disagree, and what is still open.

A paper is decided at a stage where all who decided agree, or where somebody settled it as `consensus`. `later` is no
decision: the paper waits. What passed the abstract is decided again on the full text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from evidence.review.agreement import Kappa, kappa
from evidence.review.schema import STAGES, Decision, FoundPaper

CONSENSUS = "consensus"
"""The screener whose decision stands above the others'."""

ABSTRACT, FULL_TEXT = STAGES


class Verdict(NamedTuple):
    """How a paper stands at a stage: `decision` is "" while nobody decided, or they disagree (`conflict`)."""

    paper: str
    stage: str
    decision: str
    reason: str
    decisions: tuple[Decision, ...]
    conflict: bool = False


class Agreement(NamedTuple):
    """How two screeners agree at a stage, on the papers both decided: how many, and Cohen's kappa."""

    stage: str
    one: str
    other: str
    papers: int
    agreed: int
    kappa: Kappa


def verdicts(decisions: Iterable[Decision]) -> dict[tuple[str, str], Verdict]:
    """(paper, stage) -> how it stands, for each pair somebody said something on."""
    by: dict[tuple[str, str], list[Decision]] = {}
    for decision in decisions:
        by.setdefault((decision.paper, decision.stage), []).append(decision)
    return {key: _verdict(*key, said) for key, said in by.items()}


def _verdict(paper: str, stage: str, said: list[Decision]) -> Verdict:
    final = [one for one in said if one.screener == CONSENSUS and one.decision != "later"]
    final = final or [one for one in said if one.decision != "later"]
    words = {one.decision for one in final}
    if len(words) != 1:
        return Verdict(paper, stage, "", "", tuple(said), conflict=len(words) > 1)
    reason = next((one.reason for one in final if one.reason), "")
    return Verdict(paper, stage, words.pop(), reason, tuple(said))


def papers_of(found: Iterable[FoundPaper]) -> dict[str, FoundPaper]:
    """Paper -> the row with which it came to be screened, in the order they were found; known ones are not among them."""
    papers: dict[str, FoundPaper] = {}
    for row in found:
        if row.status == "new":
            papers.setdefault(row.paper, row)
    return papers


def stage_of(paper: str, standing: Mapping[tuple[str, str], Verdict]) -> str:
    """The stage at which a paper is to be decided; "" where everything is."""
    abstract = standing.get((paper, ABSTRACT))
    full = standing.get((paper, FULL_TEXT))
    if full and full.decision:
        return ""
    if (abstract and abstract.decision == "include") or full:
        return FULL_TEXT
    return "" if abstract and abstract.decision else ABSTRACT


def is_included(paper: str, standing: Mapping[tuple[str, str], Verdict]) -> bool:
    """Whether a paper was taken in on its full text."""
    full = standing.get((paper, FULL_TEXT))
    return full is not None and full.decision == "include"


def conflicts(decisions: Iterable[Decision]) -> list[Verdict]:
    """Papers on which screeners disagree, and nobody settled it."""
    return [verdict for verdict in verdicts(decisions).values() if verdict.conflict]


def agreements(decisions: Iterable[Decision]) -> Iterator[Agreement]:
    """Each pair of screeners at each stage, where they decided papers in common."""
    said: dict[str, dict[str, dict[str, str]]] = {stage: {} for stage in STAGES}
    for one in decisions:
        if one.screener != CONSENSUS and one.decision != "later":
            said[one.stage].setdefault(one.screener, {})[one.paper] = one.decision
    for stage, by in said.items():
        names = sorted(by)
        for index, one_name in enumerate(names):
            for other_name in names[index + 1 :]:
                first, second = by[one_name], by[other_name]
                common = [(first[paper], second[paper]) for paper in first if paper in second]
                if common:
                    agreed = sum(a == b for a, b in common)
                    yield Agreement(stage, one_name, other_name, len(common), agreed, kappa(common))
