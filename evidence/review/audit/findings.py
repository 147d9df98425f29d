"""What an audit finds: a rule with its reference, and a finding with its place, the printed and the recomputed value."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

SEVERITIES = ("error", "contradiction", "note")
"""Worst first: cannot be true; two places disagree; cut off instead of rounded, or unusual and perhaps right."""


class Rule(NamedTuple):
    """A check by name: what it says, and the papers it is from (keys of `evidence.literature`), if it has any."""

    name: str
    says: str
    sources: tuple[str, ...] = ()


class Finding(NamedTuple):
    """One number that does not hold.

    `file`, `row` and `column` are where it stands in the review, `place` where in the paper; `reason` is one
    sentence that says what is printed, what was recomputed and from what.
    """

    rule: str
    severity: str
    study: str
    file: str
    row: int
    column: str
    place: str
    quantity: str
    printed: str
    recomputed: str
    reason: str


_RULES = (
    Rule(
        "percent",
        "a percentage is that of a whole count of its patients, or of the count beside it",
        ("brown2017",),
    ),
    Rule(
        "cut-off",
        "a percentage, median or mean is rounded, not cut off or rounded from a half",
        ("brown2017",),
    ),
    Rule("count", "a count is at most the number of patients"),
    Rule("patients", "a count or percentage is that of the patients in patients.csv and scores.csv"),
    Rule("result", "a count or percentage in the text is that of outcomes.csv"),
    Rule("printed-twice", "what is printed twice is the same twice"),
    Rule("word", 'a word such as "all" or "most" holds for the counts'),
    Rule("criterion", "those treated by a stated criterion are those who meet it"),
    Rule("median", "a median is that of the patients"),
    Rule("mean", "a mean is that of the patients"),
    Rule("sd", "a standard deviation is that of the patients"),
    Rule("range", "a range leaves no patient out, and somebody is at each end"),
    Rule("order", "a median or mean lies within its range, and low is not above high"),
    Rule("median-decimals", "a median of so many whole numbers can have these decimals"),
    Rule("mean-decimals", "a mean of so many whole numbers can have these decimals", ("brown2017",)),
    Rule(
        "sd-decimals", "an SD of so many whole numbers with this mean can have these decimals", ("anaya2016",)
    ),
    Rule("spread", "an SD is possible for the range, and for the mean within it", ("bhatia2000",)),
    Rule("outside", "an estimate lies within its interval"),
    Rule(
        "symmetry",
        "an interval is symmetric on its scale, as Wald's is, or a known one of the counts",
        ("altman2011",),
    ),
    Rule(
        "interval",
        "the interval of a proportion is one that its counts can give",
        ("brown2001",),
    ),
    Rule(
        "standard-error",
        "a standard error is not smaller than so few events allow; a percentage has the binomial one",
        ("parmar1998",),
    ),
    Rule("p-interval", "a p value and an interval agree whether there is a difference", ("altman2011",)),
    Rule("p-few", "an exact test of so few patients can give the p value", ("wilcoxon1945",)),
    Rule("percent-change", "a median change in percent is possible between the medians"),
    Rule("thresholds", "no more patients meet a stricter threshold than a looser one"),
    Rule("part", "a part of the patients is not more than all of them"),
    Rule("strata", "the parts of a complete division add up to the whole"),
    Rule("reports", "reports on separate cohorts add up to the report that pools them"),
    Rule("denominator", "the number evaluated for one outcome changes only with a reason"),
    Rule("evaluated", "no more patients are evaluated than were treated"),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _RULES})
"""Every rule by name, in the order of the documentation."""
