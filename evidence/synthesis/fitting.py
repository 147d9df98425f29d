"""What every model is asked for and answers with: `Options` in, a `Part` of B tables out, and what their parts share.

Where a table has no such value the arrays hold nan; `pooling` turns parts into the `Pooled` that users see. The models:
`weighted` (inverse variance), `likelihood` (binomial-normal), `posterior` (Bayes), `summed` (exact).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from evidence.synthesis import notes
from evidence.synthesis.inverse_variance.heterogeneity import i2_h2, q_pvalue
from evidence.synthesis.results import Floats

if TYPE_CHECKING:
    from evidence.synthesis.bayesian.bayes import Prior


class Options(NamedTuple):
    """What `pool_counts` was asked for, checked; the defaults are those of every command."""

    model: str = "auto"
    measure: str = "logit"
    tau2: str = "reml"
    ci: str | None = None
    interval: str = "exact"
    prediction: str | None = None
    prior_scale: float = 1.25
    level: float = 0.95
    prior: str | Prior = "half-normal"
    weights: str | Floats = "model"
    tau2_ci: str | None = None
    i2: str = "q"
    prior_median: str = "jeffreys"


@dataclass(slots=True)
class Part:
    """What one model says of B tables of k studies; triples are (estimate, low, high), each row (B,)."""

    model: str
    method: str | list[str]  # one for all tables, or one each
    proportion: Floats
    measure: str | None = None
    tau2_estimator: str | None = None
    ci: str | None = None
    df: int | Floats | None = None  # of every table, or (B,), infinite where the quantile is the normal one
    average: Floats | None = None
    prediction: Floats | None = None
    prediction_later: Callable[[], Floats] | None = (
        None  # in place of it, where it takes longer than all the rest
    )
    fit: Floats | None = None  # estimate, se, low, high
    heterogeneity: dict[str, Floats] | None = None
    i2_kind: str = "Q"
    tau2_ci: str = "profile"  # of what `tau2_limits` makes
    tau2_limits: Callable[[], tuple[Floats, Floats]] | None = None
    weights: Floats | None = None
    average_above: Callable[[float], float] | None = None  # of the last table; only a single one passes it on
    notes: list[list[str]] = field(default_factory=list)


def from_q(q: Floats, k: int, tau2: Floats, level: float) -> dict[str, Floats]:
    """The fields of `Heterogeneity` that follow from Cochran's Q (k - 1 df) and a tau2."""
    i2, i2_low, i2_high, h2 = i2_h2(q, k - 1, level)
    return {
        "tau2": tau2,
        "i2": i2,
        "i2_low": i2_low,
        "i2_high": i2_high,
        "h2": h2,
        "q": q,
        "pvalue": q_pvalue(q, k - 1),
    }


INTERVAL_NAMES = {
    "wald": "Wald interval",
    "t": "t interval",
    "hksj": "Hartung-Knapp interval, variance not below the classic one",
    "hksj-plain": "Hartung-Knapp interval",
    "hksj-ci": "Hartung-Knapp interval, or Wald's where that is wider",
    "hksj-iqwig6": "Hartung-Knapp interval, variance classic where DerSimonian-Laird's Wald interval is wider",
    "kenward-roger": "Kenward-Roger interval",
    "ivhet": "IVhet interval, Wald",
    "profile": "profile likelihood interval",
    "corrected": "profile likelihood interval, cut for few studies",
}


def interval_words(ci: str, df: float | None) -> str:
    """The interval of the pool by name, for method lines."""
    if df is None or df == float("inf"):
        return INTERVAL_NAMES[ci]
    return f"{INTERVAL_NAMES[ci]}, {df:.4g} df"


def few_studies_notes(part: Part, k: int, options: Options) -> None:
    """Say of each table what two studies, or fewer than three, cannot support."""
    for table in part.notes:
        if k == 2:
            table.append(notes.TWO_STUDIES)
        if k < 3 and options.prediction != "none":
            table.append(notes.NO_PREDICTION)
