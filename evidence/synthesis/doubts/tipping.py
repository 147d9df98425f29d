"""How much studies would have to differ to undo "all responded": the tipping curve, free of any prior.

Where every patient responded no likelihood can estimate tau. But for each tau there is an exact lower limit: the
smallest population average under which seeing only responders is still as likely as (1 - level)/2. At tau = 0 that
is the Clopper-Pearson limit of the summed counts. The definition is this project's own.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from evidence.synthesis.counts.average import average_proportion, mu_of_average
from evidence.synthesis.counts.quadrature import study_log_likelihood
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import bracketed_root

TAUS = (0.5, 1.0, 2.0, 3.0)
_NODES = 641  # where everybody responded and tau is large the integrands are sharp
_LARGEST_TAU = 20.0


def average_limit(n: Floats, tau: Floats, level: float = 0.95) -> Floats:
    """The exact lower limit of the population average for each tau (T,), all of n (k,) having responded; shape (T,)."""
    log_tail = np.log((1 - level) / 2)

    def excess(mu: Floats) -> Floats:
        return np.asarray(_log_chance(n, mu, tau) - log_tail)

    # with more heterogeneity a lower median still lets everyone respond, but never lower than this
    start = logit(np.exp(log_tail / n.sum()))
    reach = 10 * (1 + tau)
    mu = bracketed_root(excess, np.full_like(tau, start) - reach, np.full_like(tau, start) + reach, rtol=1e-9)
    return average_proportion(mu, tau)


def _log_chance(n: Floats, mu: Floats, tau: Floats) -> Floats:
    """The log probability that everybody responds, for mu and tau (T,); studies of one size are worked once."""
    sizes, studies = np.unique(n, return_counts=True)
    return np.asarray(study_log_likelihood(sizes, sizes, mu[:, None], tau[:, None], _NODES) @ studies)


def tipping_tau(n: Floats, reference: float, level: float = 0.95) -> float | None:
    """The tau at which that limit falls to the proportion `reference`; None if it never does below tau = 20."""

    log_tail = np.log((1 - level) / 2)

    def excess(tau: Floats) -> Floats:
        mu = mu_of_average(np.full_like(tau, logit(reference)), tau)
        return np.asarray(_log_chance(n, mu, tau) - log_tail)

    if np.exp(log_tail / n.sum()) <= reference:
        return 0.0
    if excess(np.array([_LARGEST_TAU]))[0] < 0:
        return None
    return float(bracketed_root(excess, np.array([1e-6]), np.array([_LARGEST_TAU]), rtol=1e-4)[0])
