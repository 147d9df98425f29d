"""What confounding would have to do: the E-value, and the size of effect that guidance calls dramatic."""

from __future__ import annotations

from math import isfinite, sqrt
from typing import NamedTuple

from evidence.errors import OptionError

DRAMATIC = 10.0
"""A rate ratio from which confounding alone is an unlikely explanation: Glasziou et al. 2007, BMJ 334:349-351."""


class EValue(NamedTuple):
    """How strongly an unmeasured confounder would have to go with both group and response, as risk ratios.

    `estimate` would explain away the whole ratio, `limit` move its interval to 1 (1 where it holds 1 already,
    None where there is no finite limit). Selection, measurement and reporting are not confounding: it ignores them.
    """

    estimate: float
    limit: float | None


def e_value(ratio: float, low: float | None = None, high: float | None = None) -> EValue:
    """The E-value of a risk ratio and of the limit nearer to 1: VanderWeele & Ding 2017, Ann Intern Med 167:268-274.

    RR + sqrt(RR (RR - 1)); below 1 the ratio is inverted first. Raises OptionError for a ratio that is not above 0.
    """
    if not (isfinite(ratio) and ratio > 0):
        raise OptionError("ratio", ratio, "a risk ratio above 0")
    nearer = low if ratio >= 1 else high
    if nearer is None or not isfinite(nearer):
        return EValue(_bound(ratio), None)
    crossed = nearer <= 1 if ratio >= 1 else nearer >= 1
    return EValue(_bound(ratio), 1.0 if crossed else _bound(nearer))


def _bound(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return above + sqrt(above * (above - 1))


def largest_ratio(rate: float) -> float | None:
    """The ratio to a reference's rate if everybody responded; no series can show a larger one. None at rate 0."""
    return 1 / rate if rate > 0 else None
