"""Three doubts at once: hidden non-responders, unpublished series and dropped patients, and where a conclusion ends.

For each number of unpublished series and of dropped patients, the map holds how many hidden non-responders the
conclusion survives. What each doubt adds to a pool of x responders of n patients is declared here, and is this
project's own definition:

- a hidden non-responder is one more patient, who did not respond;
- an unpublished series has the median size of the published ones, and its patients respond at the reference's rate,
  given that not all of them did (or it would have been published);
- a dropped patient (stopped early, lost) responds at the reference's rate.

Expected responders of both kinds are added up and rounded down: the conclusion is never helped by a fraction.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evidence.errors import OptionError
from evidence.synthesis.comparison import fisher_pvalue
from evidence.synthesis.doubts.fragility import MOST_HIDDEN, UNEVEN
from evidence.synthesis.proportions import binomial_tail
from evidence.synthesis.roots import first_true

CONCLUSIONS = ("pvalue", "limit")
"""What must hold: Fisher's p at or below 1 - level, or the exact lower limit above the reference's rate."""


class JointMap(NamedTuple):
    """`survives[u, d]`: the most hidden non-responders with which the conclusion holds beside up to u unpublished series
    and up to d dropped patients; -1 where it does not hold even without any. `size` and `rate` are those of an
    unpublished series.
    """

    survives: npt.NDArray[np.int64]
    conclusion: str
    size: int
    rate: float


def joint_map(
    events: int,
    n: int,
    sizes: npt.ArrayLike,
    events2: int,
    n2: int,
    *,
    unpublished: int = 10,
    dropped: int = 20,
    conclusion: str = "limit",
    level: float = 0.95,
    progress: Callable[[float], None] | None = None,
) -> JointMap:
    """The map for a pool of `events` of `n` in series of `sizes`, against a reference with a lower rate.

    `unpublished` and `dropped` are the largest numbers considered; `progress` is called with the share done.
    Raises OptionError for a conclusion that is not one of CONCLUSIONS, or a pool that does not exceed the reference.
    """
    if conclusion not in CONCLUSIONS:
        raise OptionError("conclusion", conclusion, CONCLUSIONS)
    if events * n2 <= events2 * n:
        raise OptionError("events", f"{events}/{n}", f"a rate above the reference's {events2}/{n2}")
    reference = events2 / n2
    size = max(1, int(np.median(np.asarray(sizes, dtype=float))))
    rate = unpublished_rate(reference, size)

    def holds(x: int, patients: int) -> bool:
        if x * n2 <= events2 * patients:
            return False
        if conclusion == "pvalue":
            return fisher_pvalue(x, patients, events2, n2) <= 1 - level
        # whether the exact lower limit, which is the root of this, lies above the reference
        return bool(binomial_tail(x, patients, reference) < (1 - level) / 2)

    survives = np.empty((unpublished + 1, dropped + 1), dtype=np.int64)
    for u in range(unpublished + 1):
        for d in range(dropped + 1):
            x = events + floor(u * size * rate + d * reference + 1e-9)
            patients = n + u * size + d
            survives[u, d] = _survived(holds, x, patients)
        if progress is not None:
            progress((u + 1) / (unpublished + 1))
    survives = np.minimum.accumulate(np.minimum.accumulate(survives, axis=0), axis=1)
    return JointMap(survives, conclusion, size, rate)


def _survived(holds: Callable[[int, int], bool], x: int, n: int) -> int:
    """How many hidden non-responders `holds` bears; -1 where it does not hold without any."""
    turned = first_true(lambda hidden: not holds(x, n + hidden), most=MOST_HIDDEN, uneven=UNEVEN)
    assert turned is not None  # enough non-responders end any lead
    return turned - 1


def unpublished_rate(rate: float, size: int) -> float:
    """The expected share of responders in a series of `size` in which not all responded, each with probability `rate`."""
    every = rate**size
    return 0.0 if every == 1 or size == 1 else (rate - every) / (1 - every)
