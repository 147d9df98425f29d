"""The phrases in English: British spelling, decimal point, past tense, third person."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.analysis.results import Result, StudyRow
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.pooled.rows import arm_of, at
from evidence.report.verbs import did, did_too, one_did, one_did_not, without
from evidence.report.writing.language import Beside, Language
from evidence.synthesis.results import Pooled

MODELS = {
    "common": "a common-effect model",
    "random": "a random-effects model",
    "binomial": "a binomial-normal model",
    "beta-binomial": "a beta-binomial model",
    "bayes": "a Bayesian binomial-normal model",
}
OF = {
    "common": "the proportion was",
    "random": "the proportion in the typical series was",
    "binomial": "the proportion in the typical series was",
    "beta-binomial": "the average proportion over series was",
    "bayes": "the average proportion over series was",
}
FIELDS = {
    "time": "time of assessment",
    "missing data": "handling of missing data",
    "definition": "definition of the outcome",
}
HETEROGENEOUS = {
    "tau2": "tau² was {}",
    "overdispersion": "the overdispersion was {}",
    "i2": "I² {} %",
    "q": "Cochran's Q {} with {} degrees of freedom",
    "": "Between series, {}.",
}


class English(Language):
    """English sentences."""

    code = "en"
    heterogeneous = HETEROGENEOUS
    to = "to"
    present = "the present series"

    def level(self, level: float, kind: str = "ci") -> str:
        name = {"credible": "credible interval"}.get(kind, "CI")
        return f"{'exact ' if kind == 'exact' else ''}{numbers.level(level)} % {name}"

    def count(self, number: int, *, feminine: bool = False) -> str:
        return numbers.count(number)

    def listed(self, items: Sequence[str]) -> str:
        if len(items) < 2:
            return "".join(items)
        return f"{', '.join(items[:-1])} and {items[-1]}"

    # ---- names -------------------------------------------------------------------------------------

    def arm(self, row: StudyRow) -> str:
        return arm_of(row)

    def time(self, when: str) -> str:
        return at(when).strip()

    def differing(self, what: str) -> str:
        return FIELDS.get(what, what)

    # ---- results -----------------------------------------------------------------------------------

    def one_side(
        self, result: Result, who: str, outcome: str, events: int, n: int, when: str, share: str, ci: str
    ) -> str:
        of = f"of {who}" if who == self.present else f"in {who}"
        if n == 1:
            verb = one_did(result) if events else one_did_not(result)
            subject = f"the one patient {of} {verb}"
        elif events == n:
            subject = f"all {n} patients {of} {did(result)}"
        elif events == 0:
            subject = f"none of the {n} patients {of} {did(result)}"
        else:
            verb = one_did(result) if events == 1 else did(result)
            subject = f"{events} of the {n} patients {of} {verb}"
        lead = f"For {outcome}, " if outcome else ""
        figures = f"{share} %; {ci}" if share else ci
        return f"{_upper(lead + subject)}{_space(when)} ({figures}).".replace(") (", "; ")

    def beside(self, result: Result, rows: Sequence[Beside], kind: str, *, short: bool = False) -> str:
        parts = []
        for place, row in enumerate(rows):
            first = place == 0 or row.name != rows[place - 1].name
            verb = f" {did_too(result)}" if place == 0 else ""
            where = f"in {row.name}, " if first else ""
            counts = f"{where}{row.events} of {row.n}{verb}{_space(row.when)}{row.cite}"
            zero = ", which includes 0" if row.holds_zero else ""
            unit = "percentage points" if not short else "points"
            ci = row.ci if place == 0 else row.ci.partition(" CI ")[2] or row.ci
            gap = (
                f"difference {row.gap} {unit}"
                if place == 0
                else row.gap
                if short
                else f"difference {row.gap}"
            )
            test = f"; {_capital(row.test)} {row.p}" if row.p and not short else ""
            share = "" if short else f"{row.share} %; "
            parts.append(f"{counts} ({share}{gap}, {ci}{zero}{test})")
        joined = " and ".join(parts) if len(parts) < 3 else "; ".join(parts)
        if short and kind not in ("", "randomised"):
            return f"{_upper(joined)}; not randomised."
        return f"{_upper(joined)}. {self.bearing(kind)}"

    def bearing(self, kind: str) -> str:
        return {
            "randomised": "Patients were randomised between the two.",
            "": (
                "How the groups came about is not known from their counts: unless patients were randomised between "
                "them, nothing but chance is allowed for."
            ),
        }.get(kind, "The groups were not randomised against each other.")

    def alone(self, name: str) -> str:
        return (
            f"No comparison is given, because the count of {name} had not yet been checked against its paper."
        )

    def unchecked_lead(self, name: str) -> str:
        return f"The count of {name} had not yet been checked against its source and is left out."

    def pool(
        self, result: Result, pooled: Pooled, outcome: str, others: bool, counts: str, model: str
    ) -> str:
        other = "other " if others else ""
        events, n, k = int(pooled.events), int(pooled.n), pooled.k
        series = f"in the one {other}series" if k == 1 else f"in the {k} {other}series together"
        verb = did(result)
        if n == 1:
            who, verb = "the one patient", one_did(result) if events else one_did_not(result)
        elif events == n:
            who = f"all {n} patients"
        elif events == 0:
            who = f"none of the {n} patients"
        else:
            who, verb = f"{events} of {n} patients", one_did(result) if events == 1 else verb
        lead = f"For {outcome}, " if outcome else ""
        return f"{_upper(lead + series)}, {who} {verb} ({counts}){model}."

    def counted(self, share: str, ci: str) -> str:
        return f"{share} %; {ci}"

    def modelled(self, pooled: Pooled, share: str, ci: str) -> str:
        return f"; by {MODELS[pooled.model]}, {OF[pooled.model]} {share} % ({ci})"

    def prediction(self, level: float, low: str, high: str) -> str:
        return f"The {numbers.level(level)} % prediction interval for a further series was {low} to {high} %."

    def assumption(self, model: str) -> str:
        return {
            "common": "This model assumes that one proportion holds for all series.",
            "exact": "This interval speaks of these series together, not of a further one.",
        }.get(model, "")

    def all_or_none(self, result: Result, *, everyone: bool, bayes: bool) -> str:
        who = "every patient" if everyone else "no patient"
        verb = one_did(result)
        text = f"As {who} {verb} in every series, how much series differ could not be estimated"
        return text + (", and the limits of the model lean on its prior." if bayes else ".")

    def unverified(self, some: int, total: int, names: Sequence[str]) -> str:
        which = f" ({self.listed(names)})" if names else ""
        if total == 1:
            return f"The only count{which} had not yet been checked against the paper."
        return f"Of the {total} counts, {some}{which} had not yet been checked against the paper."

    def unchecked(self, name: str) -> str:
        return f"The count of {name} had not yet been checked against its paper."

    def secondary(self, names: Sequence[str]) -> str:
        if len(names) == 1:
            return f"The count of {names[0]} was read from a secondary source."
        return f"The counts of {self.listed(names)} were read from secondary sources."

    def note(self, text: str) -> str:
        return text

    def warning(self, text: str) -> str:
        return text

    def not_alike(self) -> str:
        return "Series that are not shown to differ are not thereby shown to be alike."

    def series(self, rows: Sequence[tuple[str, str, str, str]]) -> str:
        said = "; ".join(f"{name}, {counts} ({share} %; {ci})" for name, counts, share, ci in rows)
        return f"By series: {said}."

    def ranging(self, k: int, low: str, high: str) -> str:
        return f"The proportions of the {k} series ranged from {low} to {high} %."

    def groups(self, by: str, rows: Sequence[tuple[str, str, str, str]], p: str, df: int | None) -> str:
        said = "; ".join(f"{name}, {counts} ({share} %; {ci})" for name, counts, share, ci in rows)
        test = f" The test for a difference between groups gave {p} (df {df})." if p else ""
        return f"By {by}: {said}.{test}"

    def pool_beside(self, name: str, when: str, gap: str, ci: str, holds_zero: bool) -> str:
        zero = ", which includes 0" if holds_zero else ""
        return (
            f"The series together minus {name}{_space(when)} made {gap} percentage points ({ci}{zero}), a comparison "
            "that was not randomised."
        )

    def row_minus(self, gap: str, ci: str, holds_zero: bool) -> str:
        zero = ", which includes 0" if holds_zero else ""
        return f"The former minus these made {gap} percentage points ({ci}{zero})."

    def ratios(self, rows: Sequence[tuple[str, str, str, str]], kind: str) -> str:
        said = [f"{value} to {name}{_space(when)} ({ci})" for name, when, value, ci in rows]
        adjusted = "" if kind == "randomised" else ", not adjusted"
        return f"The ratio of proportions{adjusted}, was {self.listed(said)}.".replace(
            "proportions, was", "proportions was"
        )

    # ---- limitations -------------------------------------------------------------------------------

    def design(self, kind: str, differs: Sequence[str], e_value: str) -> str:
        if kind == "randomised":
            return (
                "Counts were added up over sites and strata; the reports' own adjusted estimates may differ."
            )
        said = (
            "The groups were not randomised against each other, and nothing was adjusted for"
            if kind
            else "Unless patients were randomised between the groups the comparison is naive, and nothing was adjusted for"
        )
        if differs:
            said += f"; they differed in {self.listed(differs)}"
        if e_value:
            said += (
                f"; an unmeasured factor associated with both group and outcome by a risk ratio of {e_value} each "
                "could move the interval to no difference"
            )
        return f"{said}."

    def hidden(self, result: Result, kind: str, number: int, who: str, bar: str) -> str:
        whom = _hidden(result, kind, number)
        be = "was" if number == 1 else "were"
        return f"{_upper(self.count(number))} {whom} of {who} who {be} not seen or not counted would take p above {bar}."

    def no_difference(self) -> str:
        return "The counts do not show a difference to begin with."

    def elsewhere(self, name: str, when: str, p: str) -> str:
        return f"Against {name}{_space(when)} instead, {p}: the conclusion depends on the choice of the comparator."

    def multiverse(self, kept: int | None, total: int, low: str, high: str, *, declared: bool) -> str:
        ways = "ways of making the comparison that are declared in the review"
        which = f"{total} {ways}" if declared else f"{total} usual ways of making the comparison"
        ends = f"the differences ran from {low} to {high} percentage points"
        return (
            f"Over {which}, {ends}." if kept is None else f"Of {which}, {kept} kept its conclusion; {ends}."
        )

    def small(self, n: int, low: str, high: str) -> str:
        who = "one patient" if n == 1 else f"{n} patients"
        return f"The present series had {who}, so that its interval reached from {low} to {high} %."

    def few(self, k: int) -> str:
        return (
            f"Only {self.count(k)} series were pooled: too few to judge reliably how much series differ, or "
            "whether others went unpublished."
        )

    def tipping(self, tau: str) -> str:
        return (
            f"Without any prior, the pool's exact limit would meet the reference if series differed by tau = {tau} "
            "(the standard deviation of their logits)."
        )

    def drawer(self, number: float, rate: str) -> str:
        return (
            f"If only series as extreme as these were published, {numbers.expected(number)} unpublished series would explain "
            f"them at a true rate of {rate} %."
        )

    def lost(self, name: str, treated: int, counted: int) -> str:
        return f"In {name}, {treated} patients were treated and {counted} counted."

    def lost_turns(self, result: Result, name: str, events: int, n: int, bar: str) -> str:
        return f"Counting the drop-outs of {name} as patients without the outcome ({events} of {n}) would take p above {bar}."

    def completers(self, name: str) -> str:
        return (
            f"{_upper(name)} counted only patients who stayed on treatment; how many did not is not stated."
        )

    def bounds(self, reports: int, low: int, high: int, n: int) -> str:
        one = reports == 1
        return (
            f"{_upper(self.count(reports))} further {'report gives its' if one else 'reports give their'} count only "
            f"within bounds and {'was' if one else 'were'} not pooled; with {'it' if one else 'them'}, {low} to {high} "
            f"of {n} patients would have had the outcome."
        )

    def overlap(self, one: str, other: str, adverb: str) -> str:
        return f"{_upper(one)} and {other} {adverb} share patients."

    def retained(self, *, everyone: bool) -> str:
        share = "100 %" if everyone else "0 %"
        return f"Matching or weighting its patients could not adjust the comparison: {share} stays {share}."

    def no_reference(self) -> str:
        return "There was no group to compare with."

    def nothing(self) -> str:
        return "No limitation could be put in numbers from these counts alone."


def _hidden(result: Result, kind: str, number: int) -> str:
    """ "non-responder", "patients with the outcome"."""
    one = without(result)
    if kind != "non-responders":
        one = "responder" if one == "non-responder" else one.replace("without", "with")
    if number == 1:
        return one
    return one.replace("patient ", "patients ", 1) if one.startswith("patient ") else f"{one}s"


def _capital(test: str) -> str:
    return clean(test)[:1].upper() + clean(test)[1:]


def _space(when: str) -> str:
    return f" {when}" if when else ""


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
