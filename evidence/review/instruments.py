"""Instruments that judge a report, item by item, and the words each answers with. Words alone: nothing is added up here.

JBI's ten items for case series are Munn's (2020), in the checklist's wording; ROBINS-I's domains Sterne's (2016);
RoB 2's Sterne's (2019); the Newcastle-Ottawa scale is that of Wells for cohorts. GRADE's levels and reasons are
Guyatt's (2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

OVERALL = "overall"
CONFOUNDING = "confounding"


class Instrument(NamedTuple):
    """Items with their wording, the words that answer them from best to worst, and those that say nothing of it.

    `robvis` is the name of the template that draws it; `drawn` what its words are called there.
    """

    name: str
    items: Mapping[str, str]
    words: tuple[str, ...]
    unknown: tuple[str, ...]
    designs: tuple[str, ...]
    robvis: str
    drawn: Mapping[str, str]
    source: str

    @property
    def domains(self) -> tuple[str, ...]:
        """The items without the overall judgement."""
        return tuple(item for item in self.items if item != OVERALL)


_TRIALS = ("trial", "pooled trials", "trial extension")
_COHORTS = ("cohort", "registry", "cross-sectional", "case-control")
SERIES = ("case report", "case series")


def _capital(*words: str) -> Mapping[str, str]:
    return {word: word.capitalize() for word in words}


JBI = Instrument(
    "JBI case series",
    {
        "criteria": "Were there clear criteria for inclusion in the case series?",
        "condition measured": "Was the condition measured in a standard, reliable way for all participants included in the "
        "case series?",
        "condition identified": "Were valid methods used for identification of the condition for all participants included "
        "in the case series?",
        "consecutive inclusion": "Did the case series have consecutive inclusion of participants?",
        "complete inclusion": "Did the case series have complete inclusion of participants?",
        "demographics": "Was there clear reporting of the demographics of the participants in the study?",
        "clinical information": "Was there clear reporting of clinical information of the participants?",
        "outcomes": "Were the outcomes or follow up results of cases clearly reported?",
        "site": "Was there clear reporting of the presenting site(s)/clinic(s) demographic information?",
        "statistics": "Was statistical analysis appropriate?",
    },
    ("yes", "no"),
    ("unclear", "not applicable"),
    SERIES,
    "Generic",
    {"yes": "Low", "no": "High", "unclear": "Unclear", "not applicable": "Not applicable"},
    "munn2020",
)
ROBINS = Instrument(
    "ROBINS-I",
    {
        CONFOUNDING: "Bias due to confounding",
        "selection": "Bias in selection of participants into the study",
        "classification": "Bias in classification of interventions",
        "deviations": "Bias due to deviations from intended interventions",
        "missing data": "Bias due to missing data",
        "measurement": "Bias in measurement of outcomes",
        "reported result": "Bias in selection of the reported result",
        OVERALL: "Overall risk of bias",
    },
    ("low", "moderate", "serious", "critical"),
    ("no information",),
    _COHORTS,
    "ROBINS-I",
    _capital("low", "moderate", "serious", "critical", "no information"),
    "sterne2016",
)
ROB2 = Instrument(
    "RoB 2",
    {
        "randomisation": "Bias arising from the randomization process",
        "deviations": "Bias due to deviations from intended interventions",
        "missing data": "Bias due to missing outcome data",
        "measurement": "Bias in measurement of the outcome",
        "reported result": "Bias in selection of the reported result",
        OVERALL: "Overall risk of bias",
    },
    ("low", "some concerns", "high"),
    (),
    _TRIALS,
    "ROB2",
    _capital("low", "some concerns", "high"),
    "sterne2019",
)
NOS = Instrument(
    "Newcastle-Ottawa",
    {
        "representativeness": "Representativeness of the exposed cohort",
        "non-exposed": "Selection of the non-exposed cohort",
        "exposure": "Ascertainment of exposure",
        "outcome at start": "Demonstration that outcome of interest was not present at start of study",
        "comparability": "Comparability of cohorts on the basis of the design or analysis",
        "outcome": "Assessment of outcome",
        "follow-up length": "Was follow-up long enough for outcomes to occur",
        "follow-up adequacy": "Adequacy of follow up of cohorts",
    },
    ("two stars", "one star", "no star"),
    (),
    (),
    "Generic",
    {"two stars": "Low", "one star": "Low", "no star": "High"},
    "wells2000",
)
INSTRUMENTS: Mapping[str, Instrument] = MappingProxyType({one.name: one for one in (JBI, ROBINS, ROB2, NOS)})
"""By name. An instrument's `designs` are those it is offered for; a person may choose another for observed groups."""


def _united(parts: list[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in parts for word in part))


ITEMS = _united([tuple(one.items) for one in INSTRUMENTS.values()])
JUDGEMENTS = _united([one.words + one.unknown for one in INSTRUMENTS.values()])

# ---- certainty (GRADE) ---------------------------------------------------------------------------

LEVELS = ("high", "moderate", "low", "very low")
START = "start"
LOWERING = ("risk of bias", "inconsistency", "indirectness", "imprecision", "publication bias")
LARGE = "large effect"
RAISING = ("dose response", "opposing confounding")
CONSIDERED = (START, *LOWERING, LARGE, *RAISING, OVERALL)
STEPS = {"no change": 0, "down 1": 1, "down 2": 2, "down 3": 3, "up 1": -1, "up 2": -2}
GRADES = (*LEVELS, *STEPS)
EVENT_RATE, NAIVE, RANDOMISED = "event rate", "naive contrast", "randomised contrast"
QUESTIONS = (EVENT_RATE, NAIVE, RANDOMISED)
"""What a certainty is about: a rate in those treated, a contrast between studies, a contrast within randomised trials."""
