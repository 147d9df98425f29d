"""The file drawer of single-arm series: if only those with a striking result are published, how many are not.

A series of n patients is published only if at least a share `level_of_response` of them responds (all of them, by
default). If each patient responds with probability p, the series is published with probability q = P(X >= share * n), and
behind each published one lie on average 1/q - 1 unpublished ones of its size (a geometric distribution). After
Rosenthal's file drawer (1979, Psychol Bull 86:638-641), which asks the same of p values; the form for proportions is
this project's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, expm1, log
from typing import NamedTuple

from evidence.errors import OptionError
from evidence.synthesis.proportions import binomial_tail


class FileDrawer(NamedTuple):
    """What a true rate implies.

    `unpublished`: expected number over all published series; `each`, for each of them in order; `chance`: the
    probability that as many series of these sizes in a row were all published without one unpublished.
    """

    rate: float
    unpublished: float
    each: tuple[float, ...]
    chance: float


def file_drawer(n: Sequence[int], rate: float, *, share: float = 1.0) -> FileDrawer:
    """Expected unpublished series behind published ones of sizes `n` if patients respond at `rate`, 0 < rate <= 1.

    `share` is the least share of responders with which a series is published, 0 < share <= 1.
    Raises OptionError for a rate or a share outside these, or a size below 1.
    """
    if not 0 < rate <= 1:
        raise OptionError("rate", rate, "a probability above 0, up to 1")
    if not 0 < share <= 1:
        raise OptionError("share", share, "a share of the patients above 0, up to 1")
    if not n or min(n) < 1:
        raise OptionError("n", list(n), "sizes of at least 1 patient")
    # 1e-9: a share of 0.7 of 10 patients is 7, whatever binary arithmetic says
    published = [float(binomial_tail(ceil(share * size - 1e-9), size, rate)) for size in n]
    each = tuple(1 / q - 1 if q < 0.5 else expm1(-log(q)) for q in published)
    chance = 1.0
    for q in published:
        chance *= q
    return FileDrawer(rate, sum(each), each, chance)
