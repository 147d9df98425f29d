"""What it would take, in sentences a careful colleague would write: never stronger than the number in them."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import NamedTuple

from evidence.analysis.robustness import Claim, Sensitivity
from evidence.report import numbers
from evidence.report.characters import clean
from evidence.report.numbers import brief, count, plain, points, pvalue
from evidence.report.verbs import did, without
from evidence.review.names import listed
from evidence.synthesis.doubts.confounding import DRAMATIC

NAMES = {"all": "All series", "others": "The others"}
ORDER = ("First", "Second", "Third")


class Words(NamedTuple):
    """The paragraphs about a result; empty where there is nothing to say."""

    heading: str
    headline: str
    weakest: str
    lost: str
    tipping: str
    drawer: str
    joint: str
    confounding: str
    margin: str
    multiverse: str
    bounds: str
    notes: tuple[str, ...]
    method: str


def words(result: Sensitivity) -> Words:
    """Everything there is to say, once."""
    return Words(
        heading=_heading(result),
        headline=" ".join(_headline(result)),
        weakest=_weakest(result),
        lost=" ".join(_lost(result)),
        tipping=" ".join(_tipping(result)),
        drawer=" ".join(_drawer(result)),
        joint=_joint(result),
        confounding=" ".join(_confounding(result)),
        margin=" ".join(_margin(result)),
        multiverse=" ".join(_multiverse(result)),
        bounds=" ".join(_bounds(result)),
        notes=tuple(map(clean, result.notes)),
        method=result.method,
    )


def named(name: str) -> str:
    """A row's own name, or what a pool is called."""
    return NAMES.get(name) or clean(name)


def _heading(result: Sensitivity) -> str:
    made = result.analysis
    title = ": ".join(filter(None, (clean(made.title), clean(made.outcome_label))))
    return f"What it would take. {title}" if title else "What it would take"


# ---- the answer ----------------------------------------------------------------------------------


def _headline(result: Sensitivity) -> Iterator[str]:
    lead, other = result.lead, result.reference
    if lead is None or other is None:
        return
    verb = did(result.analysis)
    share = f"{brief(other.events / other.n)} %"
    yield f"{_who(lead)} {verb}, against {other.events} of {other.n} ({share}) in {clean(other.name)}."
    yield _turned(result, lead)
    pool = next((claim for claim in result.claims[1:] if claim.name == "all"), None)
    if pool is not None:
        yield f"All series together ({pool.events}/{pool.n}): {_turned(result, pool, brief_form=True)}."


def _who(claim: Claim) -> str:
    if claim.events in (0, claim.n):
        some = "All" if claim.events else "None of"
        who = f"{some} {claim.n} of our patients" if claim.events else f"None of our {claim.n} patients"
        return who if claim.name == "Ours" else f"{named(claim.name)}: {some.lower()} {claim.n} patients"
    counts = f"{claim.events} of {claim.n}"
    return f"{counts} of our patients" if claim.name == "Ours" else f"{named(claim.name)}: {counts} patients"


def _turned(result: Sensitivity, claim: Claim, *, brief_form: bool = False) -> str:
    found, bar = claim.fragility, plain(1 - result.level)
    if found.pvalue == 0:
        return f"p is above {bar} as it is" if brief_form else _no_difference(result)
    kind = hidden_kind(result, claim, found.pvalue or 2)
    if found.pvalue is None:
        text = f"no number of hidden {kind} takes p above {bar}"
    else:
        text = f"{count(found.pvalue)} hidden {kind} would take p above {bar}"
        if found.limit == 0:
            text += ", while the exact interval holds the reference's rate as it is"
        elif found.limit is not None and found.estimate is not None:
            text += (
                f", {count(found.limit)} would take the exact limit to the reference's rate, "
                f"{count(found.estimate)} the estimate itself"
            )
    return text if brief_form else f"{text[0].upper()}{text[1:]}."


def _no_difference(result: Sensitivity) -> str:
    return "The counts do not show a difference to begin with: there is nothing for a hidden patient to undo."


def hidden_kind(result: Sensitivity, claim: Claim, number: int) -> str:
    """What the hidden patients are, in the outcome's own words: "non-responder", "patients without the event"."""
    made = result.analysis
    if claim.fragility.hidden == "non-responders":
        one = without(made)
    else:
        one = "responder" if without(made) == "non-responder" else without(made).replace("without", "with")
    if number == 1:
        return one
    return one.replace("patient ", "patients ") if one.startswith("patient ") else f"{one}s"


# ---- the weakest points --------------------------------------------------------------------------


class Weakness(NamedTuple):
    """A point against the claim: how little it takes, from 0 (much) to 1 (nothing), and the clause that says so.

    The scale is this tool's own: a point that turns the conclusion as it stands is 0.9 or more; one that would take
    N of something is near 1/N. It orders the points and is never printed.
    """

    severity: float
    clause: str


def weaknesses(result: Sensitivity) -> list[Weakness]:
    """Every point that can be made with a number, the weakest first."""
    return sorted(_weaknesses(result), key=lambda point: -point.severity)


def _weakest(result: Sensitivity) -> str:
    points = weaknesses(result)[:3]
    if not points:
        return ""
    head = {1: "The weakest point of this comparison.", 2: "The two weakest points of this comparison."}.get(
        len(points), "The three weakest points of this comparison."
    )
    said = [
        f"{order}, {point.clause}." if len(points) > 1 else f"{point.clause[0].upper()}{point.clause[1:]}."
        for order, point in zip(ORDER, points, strict=False)
    ]
    return " ".join([head, *said])


def _weaknesses(result: Sensitivity) -> Iterator[Weakness]:
    lead, other = result.lead, result.reference
    if lead is None or other is None:
        return
    bar = plain(1 - result.level)
    first = lead.fragility.pvalue
    if first == 0:
        yield Weakness(1.0, "the counts do not show a difference as they are")
    elif first is not None:
        whose = "ours" if lead.name == "Ours" else named(lead.name)
        kind = hidden_kind(result, lead, first)
        text = f"{count(first)} hidden {kind} among {whose} would take p above {bar}"
        yield Weakness(0.9 / first, text)
    against = [(name, p) for name, claim, p in result.elsewhere if claim.fragility.pvalue == 0 and first != 0]
    if against:
        name, p = max(against, key=lambda pair: pair[1])
        yield Weakness(0.95, f"against {clean(name)} instead, p is {_bare(p)}: the choice of the row decides")
    yield from _of_drop_outs(result, bar)
    yield from _of_design(result)
    if result.tipping is not None and result.tipping.crossing is not None and first != 0:
        tau = result.tipping.crossing
        yield Weakness(
            1 / (1 + tau),
            f"without any prior, the pool's exact limit meets the reference once series differ by tau = {tau:.1f}",
        )
    if result.drawer is not None and first != 0:
        drawer = result.drawer.rates[0]
        yield Weakness(
            1 / (1 + drawer.unpublished / 5),
            f"{numbers.expected(drawer.unpublished)} unpublished series would explain what is published at a true rate of "
            f"{brief(drawer.rate)} %",
        )
    unverified = [
        row for row in result.analysis.studies if row.role != "reference" and row.state == "unverified"
    ]
    if unverified:
        pooled = sum(row.role != "reference" for row in result.analysis.studies)
        yield Weakness(
            0.3 + 0.5 * len(unverified) / pooled,
            f"{len(unverified)} of {pooled} counts are not yet checked against their papers",
        )


def _of_drop_outs(result: Sensitivity, bar: str) -> Iterator[Weakness]:
    for row in result.lost:
        x, n = row.counts.nonresponder
        if row.pvalues is not None and row.pvalues[0] <= 1 - result.level < row.pvalues[3]:
            yield Weakness(
                0.85,
                f"counting {clean(row.name)}'s drop-outs as {without(result.analysis)}s ({x}/{n}) takes its p "
                f"above {bar}",
            )
        elif row.treated == row.counts.observed[1]:
            yield Weakness(
                0.4,
                f"{clean(row.name)} counted only those who stayed on treatment, and how many did not is not stated",
            )


def _of_design(result: Sensitivity) -> Iterator[Weakness]:
    found = result.confounding
    if found is None or result.lead is None or result.lead.fragility.pvalue == 0:
        return
    contrast = next((c for c in result.analysis.comparisons if c.ours == found.name), None)
    differs = [text.partition(":")[0] for text in contrast.differs_in] if contrast else []
    text = "the groups were not randomised against each other"
    if differs:
        text += f" and differ in {listed(list(dict.fromkeys(map(clean, differs))))}"
    limit = found.e_value.limit
    if limit is not None and limit > 1:
        text += (
            f"; an unmeasured factor that goes with both group and response by a risk ratio of {limit:.1f} could "
            "move the interval to no difference"
        )
    yield Weakness(0.5 if limit is None else max(0.3, 1 / limit), text)


def _bare(p: float) -> str:
    return pvalue(p).removeprefix("p ").removeprefix("= ")


def _chance(p: float) -> str:
    """To two decimals, never a certainty."""
    return "below 0.01" if p < 0.005 else "above 0.99" if p > 0.995 else f"{p:.2f}"


# ---- the sections --------------------------------------------------------------------------------


def _lost(result: Sensitivity) -> Iterator[str]:
    for row in result.lost:
        if row.treated > row.counts.observed[1]:
            gone = row.treated - row.counts.observed[1]
            yield f"{clean(row.name)}: {row.treated} treated, {count(gone)} not counted."
        else:
            yield (
                f"{clean(row.name)} took {clean(row.required)}; how many began and stopped before is not stated, so "
                "that its worst case cannot be counted."
            )


def _tipping(result: Sensitivity) -> Iterator[str]:
    found = result.tipping
    if found is None:
        return
    yield (
        "Without any prior, the average over series has these exact limits if their logits differ with the standard "
        "deviation tau; in brackets, the correlation of two patients of one series."
    )
    if found.reference is None or result.reference is None:
        return
    rate = f"{clean(result.reference.name)}'s {brief(found.reference)} %"
    if found.crossing is None:
        yield f"They do not meet {rate} below tau = 20."
    elif found.crossing == 0:
        yield f"They hold {rate} even if series do not differ."
    else:
        yield f"They meet {rate} at tau = {found.crossing:.1f}."


def priors_in_words(result: Sensitivity) -> str:
    """What the priors do to the pool. Apart from the other paragraphs, because these pools are fitted when asked for."""
    return " ".join(_priors(result))


def _priors(result: Sensitivity) -> Iterator[str]:
    """Where the limits lie; the one that all or none responding puts at the edge is not worth a word."""
    found = result.priors
    if not found:
        return
    made = [row for row in result.analysis.studies if row.role != "reference"]
    events, n = sum(row.events for row in made), sum(row.n for row in made)
    ends = []
    for end, called in (("low", "lower"), ("high", "upper")):
        if (end == "high" and events == n) or (end == "low" and events == 0):
            continue
        limits = [getattr(under.average, end) for under in found]
        ends.append(f"its {called} limit lies between {brief(min(limits))} and {brief(max(limits))} %")
    yield (
        f"The Bayesian average over series leans on its priors: under these {count(len(found))} {' and '.join(ends)}. Where "
        "no prior of the median proportion is named it is Beta(1/2, 1/2)."
    )
    other = result.reference
    if other is None:
        return
    rate = other.events / other.n
    above = sum(under.average.low > rate for under in found)
    below = sum(under.average.high < rate for under in found)
    side, number = ("above", above) if above else ("below", below)
    said = f"{clean(other.name)}'s {brief(rate)} %"
    if not number:
        yield f"Every interval holds {said}."
    else:
        many = "every one" if number == len(found) else f"{count(number)} of them"
        yield f"Under {many} the interval lies {side} {said}."


def _drawer(result: Sensitivity) -> Iterator[str]:
    found = result.drawer
    if found is None:
        return
    sizes = listed([str(size) for size in sorted(found.sizes)]) if len(found.sizes) <= 8 else ""
    who = "do not" if found.mirrored else "do"
    rule = "everybody" if found.share == 1 else f"at least {brief(found.share)} %"
    if found.mirrored:
        rule = "nobody" if found.share == 1 else f"at most {brief(1 - found.share)} %"
        who = "does" if found.share == 1 else "do"
    elif found.share == 1:
        who = "does"
    several = f"these {len(found.sizes)}" + (f" ({sizes} patients)" if sizes else "")
    if len(found.sizes) == 1:
        several = f"this one ({sizes} patients)"
    rates = [
        f"{numbers.expected(each.unpublished)} at {plain(100 * (1 - each.rate if found.mirrored else each.rate))} %"
        for each in found.rates
    ]
    if rates:
        yield (
            f"If only series are published in which {rule} {who}, then behind {several} there are on average, by the "
            f"true rate, {listed(rates)} that are not."
        )
        yield "It is a sum over their sizes, and says nothing of who might have looked for them."


def _joint(result: Sensitivity) -> str:
    found = result.joint
    if found is None or result.reference is None or found.survives[0, 0] < 0:
        return ""
    return (
        "All three doubts at once: how many hidden patients the pool's exact limit bears beside so many unpublished "
        f"series (of {numbers.plural(found.size, 'patient')}, {brief(found.rate)} % of whom respond) and so many "
        f"dropped patients (who respond at the reference's {brief(result.reference.events / result.reference.n)} %)."
    )


def _confounding(result: Sensitivity) -> Iterator[str]:
    found = result.confounding
    if found is None:
        return
    value = found.e_value
    ratio, low, high = found.ratio.estimate, found.ratio.low, found.ratio.high
    yield (
        f"The ratio to the reference is {numbers.ratio(ratio)} ({numbers.ratio(low)} to {numbers.ratio(high)}). An "
        f"unmeasured confounder would have to go with both group and response by a risk ratio of {value.estimate:.1f} "
        "each to explain it (E-value)"
        + (f", and of {value.limit:.1f} to move its interval to 1." if value.limit is not None else ".")
    )
    yield "The E-value is about confounding alone: it ignores selection, measurement and what was never published."
    if found.largest is not None and found.largest < DRAMATIC:
        yield (
            f"Effects are called dramatic, beyond what confounding plausibly does, from a ratio of about {DRAMATIC:.0f} "
            f"(Glasziou 2007); at the reference's rate no series can exceed {numbers.ratio(found.largest)}."
        )
    lead = result.lead
    if lead is not None and lead.events in (0, lead.n):
        share = "100" if lead.events else "0"
        yield f"Matching or weighting cannot help here: any weights leave {share} % at {share} %."


def _margin(result: Sensitivity) -> Iterator[str]:
    found = result.margin
    if found is None:
        return
    if found.holds is not None:
        yield (
            f"All {found.n} patients respond at any threshold up to a {floor(100 * found.holds + 1e-9)} % reduction"
            f" (at {numbers.level(found.level)} % simultaneous confidence, at least {brief(float(found.low[0]))} % "
            "do at each)."
        )
    for each in result.measured:
        yield (
            f"With this error of measurement, {each.expected:.1f} of {found.n} are expected to meet "
            f"{plain(100 * each.threshold)} % by their true scores ({each.low} to {each.high}), all of them with "
            f"probability {_chance(each.all_respond)}."
        )


def _multiverse(result: Sensitivity) -> Iterator[str]:
    found = result.multiverse
    if found is None or len(found.specifications) < 2:
        return
    total = len(found.specifications)
    gaps = [one.difference.estimate for one in found.specifications]
    ends = f"{points(gaps[0], sign=True)} to {points(gaps[-1], sign=True)} points"
    listed_where = (
        "declared in review.toml" if found.declared else "usual, though nobody declared them in advance"
    )
    yield f"{total} ways to make the comparison are {listed_where}; their differences run from {ends}."
    if found.kept is None:
        showing = sum(one.difference.low > 0 or one.difference.high < 0 for one in found.specifications)
        yield f"The analysis itself shows no difference; {showing} of the {total} would."
    else:
        yield f"{found.kept} of {total} ({100 * found.kept / total:.0f} %) keep the conclusion; by choice:"
    if found.impossible:
        yield f"Could not be made: {'; '.join(map(clean, found.impossible))}."


BY = {
    "stated": "",
    "percentage": ", by its printed percentage",
    "word": ", by its word for it",
    "patients": ", some of its patients having no published score",
}


def _bounds(result: Sensitivity) -> Iterator[str]:
    found = result.bounds
    if found is None:
        return
    for one in found.rows:
        yield f"{clean(one.label)}: {one.bounds.low} to {one.bounds.high} of {one.n}{BY[one.by]}."
        if one.row.disputed:
            yield f"Disputed: {clean(one.row.disputed)}."
    pools = found.pools
    least, most = pools.events
    ends = " and ".join(f"{numbers.span(end)} %" for end in pools.ends)
    yield (
        f"Counted in, all series are {least} to {most} of {pools.n}; the exact intervals at the two ends are {ends}, and "
        f"the default model's estimate lies from {brief(pools.estimate[0])} to {brief(pools.estimate[1])} %, with limits "
        f"no lower than {brief(pools.low[0])} and no higher than {brief(pools.high[1])} %."
    )
    if found.turned is not None and result.reference is not None:
        bar = plain(1 - result.level)
        low, high = found.turned
        verdict = (
            "neither end takes"
            if not (low or high)
            else "both ends take"
            if low and high
            else "one end takes"
        )
        yield f"Against the reference, {verdict} p above {bar}."
