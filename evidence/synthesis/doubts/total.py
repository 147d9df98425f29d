"""Limits of the population average for a given heterogeneity, from the total of responders alone: exact, and prior-free.

For studies whose logits are normal with mean mu and a given tau, the total of responders over all studies has a known
distribution: each study's counts are a mixture of binomials over its random effect, and the total is their convolution.
The lower limit is the smallest population average under which a total as large as the one observed still has
probability (1 - level)/2, the upper limit mirrors it. At tau = 0 both are Clopper and Pearson's of the summed counts; where
everybody responded the lower one is `tipping.average_limit`. The definition is this project's own.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from scipy.special import betaln, log_expit

from evidence.errors import NotPossible
from evidence.synthesis.counts.average import average_proportion, mu_of_average
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import bracketed_root

MOST_PATIENTS = 2000
"""In all; beyond, the convolutions take seconds and the total is as good as normal."""

LARGEST_TAU = 20.0
_REACH = 8.5  # standard deviations of the random effect; beyond lies 2e-17
_STEP = 0.02  # of the trapezoid: exact to rounding while tau n stays moderate, 1e-7 where a study has 1000 patients
_FARTHEST = 20.0  # logits; a proportion beyond is 0 or 1 in print


def average_limits(x: Floats, n: Floats, taus: Floats, level: float = 0.95) -> Floats:
    """Lower and upper limit of the average for each tau: shape (2, T). `x`, `n` are one table, shape (k,).

    Raises NotPossible for more than `MOST_PATIENTS` patients in all.
    """
    if n.sum() > MOST_PATIENTS:
        raise NotPossible(f"more than {MOST_PATIENTS} patients: the exact limits by tau take too long")
    lows = [_lower(x.sum(), n, tau, level) for tau in taus]
    highs = [1 - _lower((n - x).sum(), n, tau, level) for tau in taus]
    return np.array([lows, highs])


def _lower(total: float, n: Floats, tau: float, level: float) -> float:
    if total == 0:
        return 0.0
    log_tail = np.log((1 - level) / 2)

    def excess(mu: Floats) -> Floats:
        return np.array([_log_chance(total, n, float(value), tau) - log_tail for value in mu])

    far = _FARTHEST + 4 * tau
    mu = bracketed_root(excess, np.array([-far]), np.array([far]), rtol=1e-9)
    return float(average_proportion(mu, np.array([tau]))[0])


def tipping_point(x: Floats, n: Floats, reference: float, level: float = 0.95) -> float | None:
    """The tau at which the lower limit falls to the proportion `reference`; 0 where it is there at once, None where it
    is not there by tau = 20. Raises NotPossible as `average_limits` does."""
    if n.sum() > MOST_PATIENTS:
        raise NotPossible(f"more than {MOST_PATIENTS} patients: the exact limits by tau take too long")
    if not 0 < reference < 1:
        return None if reference <= 0 else 0.0
    log_tail = np.log((1 - level) / 2)

    def excess(taus: Floats) -> Floats:
        mus = mu_of_average(np.full_like(taus, np.log(reference / (1 - reference))), taus)
        chances = [_log_chance(x.sum(), n, float(mu), float(tau)) for mu, tau in zip(mus, taus, strict=True)]
        return np.asarray(np.array(chances) - log_tail)

    ends = excess(np.array([1e-6, LARGEST_TAU]))
    if ends[0] >= 0:
        return 0.0
    if ends[1] < 0:
        return None
    return float(bracketed_root(excess, np.array([1e-6]), np.array([LARGEST_TAU]), rtol=1e-5)[0])


def correlation(tau: float) -> float:
    """The intra-class correlation of two patients of one study on the latent logistic scale: tau2 / (tau2 + pi2 / 3)."""
    return tau**2 / (tau**2 + np.pi**2 / 3)


def _log_chance(total: float, n: Floats, mu: float, tau: float) -> float:
    return float(np.log(max(chance_of_total(int(total), n, mu, tau), 1e-300)))


def chance_of_total(total: int, n: Floats, mu: float, tau: float) -> float:
    """The probability that `total` or more of all patients respond, the studies' logits being normal(mu, tau)."""
    z = np.arange(-_REACH, _REACH + _STEP / 2, _STEP) if tau > 0 else np.zeros(1)
    weight = np.exp(-0.5 * z**2)
    weight /= weight.sum()
    sizes, studies = np.unique(n.astype(int), return_counts=True)
    counts = np.ones(1)
    for size, repeats in zip(sizes.tolist(), studies.tolist(), strict=True):
        one = weight @ _binomial(size, mu + tau * z)
        counts = reduce(np.convolve, [one] * repeats, counts)
    # the smaller tail is summed, so that it keeps its digits
    upper = counts[total:].sum()
    return float(upper if upper < 0.5 else 1 - counts[:total].sum())


def _binomial(size: int, logits: Floats) -> Floats:
    """Binomial probabilities of 0 to `size` for each logit: shape (logits, size + 1)."""
    j = np.arange(size + 1)
    choose = -betaln(j + 1, size - j + 1) - np.log(size + 1)
    logs = choose + j * log_expit(logits)[:, None] + (size - j) * log_expit(-logits)[:, None]
    return np.asarray(np.exp(logs))
