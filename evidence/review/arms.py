"""The arms of a report: which are controls, and the row for all of an arm, if need be from its strata."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from evidence.review.schema import OutcomeRow, worst_state

CONTROLS = frozenset({"placebo", "control", "controls", "comparator", "sham"})
"""First words of arms that never enter a pool unless `arms` names them; so do rows over all arms."""

ALL_ARMS = frozenset({"both arms", "all arms"})


def is_control(arm: str) -> bool:
    """Whether an arm is a placebo or control arm, or all arms of a trial together."""
    return is_comparator(arm) or arm.casefold() in ALL_ARMS


def is_comparator(arm: str) -> bool:
    """Whether an arm is a placebo or control arm."""
    words = arm.casefold().split()
    return bool(words) and words[0] in CONTROLS


def whole_rows(rows: Sequence[OutcomeRow], report: Sequence[OutcomeRow]) -> list[OutcomeRow]:
    """For each arm and time the row for all, else the sum of a split of which every stratum is at hand.

    `report` holds all of the report's rows for the outcome: a split with a
    stratum left out (not poolable, or filtered away) is not complete.
    """
    groups: dict[tuple[str, float | str], list[OutcomeRow]] = defaultdict(list)
    for row in rows:
        groups[row.arm, row.weeks].append(row)
    units = []
    for (arm, weeks), members in groups.items():
        whole = next((row for row in members if not row.subgroup), None)
        if whole is not None:
            units.append(whole)
            continue
        splits = []
        for split in sorted({row.split for row in members if row.split}):
            strata = [row for row in members if row.split == split]
            total = sum(row.split == split and row.arm == arm and row.weeks == weeks for row in report)
            if len(strata) == total > 1:
                splits.append(add_strata(strata))
        if splits:
            units.append(max(splits, key=lambda row: row.n or 0))
    return units


def add_strata(strata: Sequence[OutcomeRow]) -> OutcomeRow:
    """The row for all, from rows of the subgroups that make it up; its note says what was added."""
    strata = sorted(strata, key=lambda row: (-(row.n or 0), row.subgroup))
    counts = " + ".join(f"{row.events}/{row.n}" for row in strata)
    return strata[0]._replace(
        subgroup="",
        events=sum(row.events or 0 for row in strata),
        n=sum(row.n or 0 for row in strata),
        percent="",
        percent_kind="",
        value="",
        population="; ".join(dict.fromkeys(row.population for row in strata if row.population)),
        caution="; ".join(dict.fromkeys(row.caution for row in strata if row.caution)),
        disputed="; ".join(dict.fromkeys(row.disputed for row in strata if row.disputed)),
        source="; ".join(dict.fromkeys(row.source for row in strata if row.source)),
        locator="; ".join(dict.fromkeys(row.locator for row in strata if row.locator)),
        state=worst_state(row.state for row in strata),
        note=f"sum of {len(strata)} strata: {counts}",
        row=0,
        derived=True,
    )
