"""The sentences that travel with a pooled result: what the data could not support, in words for a clinician."""

from __future__ import annotations

from collections.abc import Sequence


def percent(value: float, digits: int = 1) -> str:
    """A share as people write it: 45.8 %."""
    return f"{100 * value:.{digits}f} %"


def joined(items: Sequence[str]) -> str:
    """a, b and c."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


ONE_STUDY = "One study, not pooled: this is its own exact interval."
TWO_STUDIES = (
    "Two studies say next to nothing about how much studies differ; an interval from two rests on the model more than "
    "on the data."
)
EXACT_SPEAKS_OF = (
    "The exact interval holds for the average of these studies, weighted by patients, however much they differ; it "
    "does not speak of another study."
)
NO_LIMIT = (
    "On one side the likelihood never falls far enough for a limit: an ever more extreme median with ever more "
    "heterogeneity stays likely, so the interval ends at 0 or 100 %."
)
NO_PREDICTION = "A prediction for a new study needs at least three studies."
NO_DEGREE_OF_FREEDOM = (
    "Kenward and Roger's approximation leaves these studies no degree of freedom for a prediction."
)
NARROWER_PREDICTION = (
    "The prediction interval is narrower than the pool's own: its standard error is the usual one, without what the pool's "
    "interval adds for few studies. Another study is no surer than the average: take the wider of the two limits."
)
LESS_THAN_ONE_DEGREE = (
    "Kenward and Roger's approximation leaves less than one degree of freedom here: its interval says nothing of these "
    "studies."
)
NOT_IDENTIFIED = (
    "Every study has one patient, so the counts cannot tell differences between studies from chance: how much the "
    "studies differ is not estimated."
)
SEPARATED = (
    "In every study either all patients responded or none did. The likelihood then has no maximum: the more the "
    "studies are allowed to differ, the better it fits, so no estimate of the average or of the heterogeneity is finite."
)


def everyone(all_responded: bool) -> str:
    """All, or none, responded in every study."""
    which = "All patients responded in every study" if all_responded else "No patient responded in any study"
    return (
        f"{which}: no likelihood can estimate how much studies differ, so there is no tau², no I² and "
        "no likelihood prediction. The exact interval speaks of these studies; for another one see the Bayesian "
        "average."
    )


def auto_bayes(k: int) -> str:
    """Why auto took the Bayesian model though the likelihood has a maximum."""
    return (
        f"{k} studies are too few for a likelihood interval: the Bayesian model is used, with the exact interval of "
        "the summed counts beside it."
    )


FELL_BACK = "So the Bayesian model is reported, with the exact interval of the summed counts beside it."


def auto_inverse_variance(options: Sequence[str], model: str = "random") -> str:
    """Why auto took the random-effects (or common-effect) model."""
    effects = "random-effects" if model == "random" else "common-effect"
    return f"The {effects} model was chosen because {joined(options)} can only be used with inverse variance."


def prior_range(limit: float, others: Sequence[tuple[str, float]], *, upper: bool) -> str:
    """How far the Bayesian average's outer limit moves with the prior, `others` being (prior, limit)."""
    end = "upper" if upper else "lower"
    spread = joined([f"{percent(value, 0)} with {label}" for label, value in others])
    return f"The Bayesian average's {end} limit leans on its prior: {percent(limit)} here, {spread}."


def tipping(taus: Sequence[float], limits: Sequence[float], *, upper: bool) -> str:
    """The exact limit of the average for each tau."""
    end = "upper" if upper else "lower"
    curve = ", ".join(f"{100 * limit:.1f}" for limit in limits)
    at = ", ".join(f"{tau:g}" for tau in taus)
    return (
        f"Without any prior, the exact {end} limit of the average is {curve} % for tau = {at} (tau: the standard "
        "deviation of the studies' logits)."
    )


def corrected(studies: int, k: int, events_missing: bool) -> str:
    """Inverse variance had to add 0.5 to some studies."""
    lacking = "no event" if events_missing else "no event or no non-event"
    return (
        f"{studies} of {k} studies have {lacking}; inverse variance adds 0.5 to their counts, and its intervals are "
        "too narrow near 0 and 100 %. The binomial model needs no such correction."
    )


ALL_CORRECTED = (
    "This estimate is made by the 0.5 added to every study, not by the data; so are its interval, tau², I² and "
    "prediction. Use the exact or the Bayesian model."
)


def edge_without_correction(measure: str) -> str:
    """Studies at 0 or n on a scale that needs no correction."""
    return f"Some studies have no event or no non-event; {measure} needs no correction, but its intervals there are rough."


def freeman_tukey(low: float, high: float, shown: float) -> str:
    """The double-arcsine back-transform depends on the n chosen."""
    return (
        "The double-arcsine back-transform depends on which n stands for all studies, and here that matters: "
        f"{percent(shown, 2)} at their harmonic mean, {percent(low, 2)} to {percent(high, 2)} at other plausible n "
        "(Schwarzer et al. 2019). Do not report it; use the binomial model."
    )


def freeman_tukey_edge(events: int) -> str:
    """The double-arcsine back-transform has collapsed to 0 or 1."""
    return (
        f"The double-arcsine back-transform says exactly 0 or 1 although there were {events} events: it is not usable "
        "for these sizes (Schwarzer et al. 2019). Use the binomial model."
    )


def very_heterogeneous(tau: float) -> str:
    """tau is so large that no average is worth quoting."""
    return (
        f"The studies differ so much (tau = {tau:.1f} on the logit scale) that their average describes none of them; "
        "look at the studies one by one."
    )


def very_overdispersed(rho: float) -> str:
    """The beta-binomial model finds studies near 0 or near 1."""
    return (
        f"The studies differ so much (overdispersion {rho:.2f} of at most 1) that most lie near 0 or 100 % and their "
        "average describes none of them; look at the studies one by one."
    )


def bootstrap(draws: int, taus: int, seed: int) -> str:
    """How a prediction by simulation was made."""
    return (
        f"The prediction is by parametric bootstrap: {draws} draws from the model at each of {taus} values of tau, seed "
        f"{seed}; the same counts give the same limits every time."
    )


def no_spread(ci: str) -> str:
    """An interval without width."""
    return f"The studies' estimates are identical, so the {ci} interval has no width: it understates the uncertainty."


def profile_needs_ml(estimator: str) -> str:
    """tau² was not estimated as asked."""
    return (
        f"The profile interval is one of maximum likelihood: tau² is estimated by ml instead of {estimator}."
    )


def unused(option: str, value: str, model: str) -> str:
    """An option that the model used does not have."""
    return f"{option} = {value} was not used: the {model} model has no such choice."
