"""How many hidden patients turn a conclusion: patients lost, dropped or unreported who would have spoken against it.

A first group did better (or worse) than a reference. Hidden patients are added to the first group, each with the result
that narrows the gap: non-responders where it responded more often, responders where less. Counts of hidden patients are
in the tradition of the fragility index (Walsh et al. 2014, J Clin Epidemiol 67:622-628), which changes the results of
known patients instead; adding unseen ones, and asking it of an exact limit, is this project's own.
"""

from __future__ import annotations

from typing import NamedTuple

from evidence.errors import OptionError
from evidence.synthesis.comparison import fisher_pvalue, newcombe_difference
from evidence.synthesis.proportions import proportion_interval
from evidence.synthesis.roots import first_true

MOST_HIDDEN = 1_000_000
"""Beyond so many hidden patients nobody would say that a conclusion is fragile; the answer is then None."""

UNEVEN = 200
"""p rises unevenly as patients are added: so many numbers below its crossing are tried one by one."""


class Fragility(NamedTuple):
    """The smallest number of hidden patients after which each no longer speaks for a difference; 0: none is needed.

    `pvalue`     Fisher's two-sided p is above 1 - level
    `interval`   Newcombe's interval of the difference holds 0
    `limit`      the first group's exact limit meets the reference's proportion
    `estimate`   the first group's proportion meets the reference's

    None where even `MOST_HIDDEN` are not enough, or no number is (a reference at 0 or 100 %).
    `hidden` says what the hidden patients are: "non-responders" or "responders".
    """

    hidden: str
    pvalue: int | None
    interval: int | None
    limit: int | None
    estimate: int | None


def fragility(events1: int, n1: int, events2: int, n2: int, *, level: float = 0.95) -> Fragility:
    """How many hidden patients in the first group turn its comparison with the second.

    Whole counts, 0 <= events <= n, n >= 1. Raises OptionError for others, or a level that is no fraction.
    """
    for which, events, n in (("first", events1, n1), ("second", events2, n2)):
        if not 0 <= events <= n or n < 1:
            raise OptionError(f"{which} group", f"{events}/{n}", "events from 0 to n, n from 1")
    if not 0 < level < 1:
        raise OptionError("level", level, "a fraction between 0 and 1")
    if events1 * n2 < events2 * n1:  # mirrored, hidden responders are hidden non-responders
        mirrored = fragility(n1 - events1, n1, n2 - events2, n2, level=level)
        return mirrored._replace(hidden="responders")
    rate = events2 / n2

    def by_estimate(hidden: int) -> bool:
        return events1 * n2 <= events2 * (n1 + hidden)

    def by_limit(hidden: int) -> bool:
        return bool(proportion_interval(events1, n1 + hidden, method="exact", level=level).low <= rate)

    def by_interval(hidden: int) -> bool:
        return bool(newcombe_difference(events1, n1 + hidden, events2, n2, level=level).low <= 0)

    return Fragility(
        "non-responders",
        hidden_nonresponders(events1, n1, events2, n2, level=level),
        first_true(by_interval, most=MOST_HIDDEN),
        first_true(by_limit, most=MOST_HIDDEN),
        first_true(by_estimate, most=MOST_HIDDEN),
    )


def hidden_nonresponders(
    events1: float, n1: float, events2: float, n2: float, *, level: float = 0.95
) -> int | None:
    """How many unseen non-responders in the first group would take Fisher's p above 1 - level.

    The smallest number; 0 where p is above already, None where the first group responded less often, so that
    non-responders only widen the gap, or where more than `MOST_HIDDEN` are needed.
    """

    def turned(hidden: int) -> bool:
        return fisher_pvalue(events1, n1 + hidden, events2, n2) > 1 - level

    def settled(hidden: int) -> bool:
        # once the estimates meet, p falls again on the other side
        return turned(hidden) or events1 * n2 <= events2 * (n1 + hidden)

    found = first_true(settled, most=MOST_HIDDEN, uneven=UNEVEN)
    return found if found is not None and turned(found) else None


class DropOuts(NamedTuple):
    """What a group's result is under each way to count the patients who dropped out, as (events, n).

    `observed` leaves them out; `worst` and `best` give all of them the result against or for the first group;
    `nonresponder` is non-responder imputation, as trials do.
    """

    observed: tuple[int, int]
    worst: tuple[int, int]
    best: tuple[int, int]
    nonresponder: tuple[int, int]


def drop_outs(events: int, n: int, treated: int, *, better: str = "higher") -> DropOuts:
    """The four counts of a group of `treated` patients of whom `n` were evaluated; `better` higher or lower.

    Raises OptionError where fewer were treated than evaluated.
    """
    if treated < n:
        raise OptionError("treated", treated, f"at least the {n} evaluated")
    none, every = (events, treated), (events + treated - n, treated)
    worst, best = (none, every) if better != "lower" else (every, none)
    return DropOuts((events, n), worst, best, none)
