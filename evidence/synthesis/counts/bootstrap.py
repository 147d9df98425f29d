"""A prediction interval by parametric bootstrap for the binomial-normal model.

How sure one can be of tau is found by simulation: at each tau of a grid, with the mu that fits it best, counts are
drawn from the model, and the share of draws whose Pearson chi-square is at least the one observed is the confidence
that tau is no larger than that. tau is then drawn from this distribution (0 included), the mean around the best mu by
Student's t, and one further study around the mean. It is the route of Nagashima, Noma & Furukawa (2019, Stat Methods
Med Res 28:1689-1702) for the normal-normal model, whose exact distribution of Cochran's Q is simulated here.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, stdtrit

from evidence.synthesis.counts.binomial import Maximum, best_mu
from evidence.synthesis.results import Floats

sources = ("nagashima2019",)

DRAWS = 2000
SEED = 2019
TAUS = np.concatenate([[0.0], np.geomspace(0.05, 15.0, 23)])
_MOST_STUDIES = 400_000  # drawn at one tau: with more than 200 studies fewer draws are made
_FEWEST = 200
_NEW_STUDIES = 20_000  # drawn in the end; they cost nothing
_NODES = 41


def draws_for(k: int) -> int:
    """How many draws are made at each tau for k studies."""
    return max(min(DRAWS, _MOST_STUDIES // k), _FEWEST)


def predict(x: Floats, n: Floats, best: Maximum, level: float) -> Floats:
    """Limits (2, B) of a new study's logit; x, n of shape (B, k). Each table has the same seed, so is as if alone."""
    tails = [(1 - level) / 2, (1 + level) / 2]
    found = [np.quantile(_new_studies(*table), tails) for table in zip(x, n, best.mu, best.tau, strict=True)]
    return np.stack(found, axis=-1)


def _new_studies(x: Floats, n: Floats, mu: float, tau: float) -> Floats:
    """Logits of studies yet to come."""
    k, (grid, confidence, mus, errors) = len(n), confidence_in_tau(x, n, mu, tau)
    random = np.random.default_rng(SEED + 1)
    share, of_mean = random.random(_NEW_STUDIES), random.random(_NEW_STUDIES)
    drawn = np.interp(share, confidence, grid, left=0.0)
    mean = np.interp(drawn, grid, mus) + np.interp(drawn, grid, errors) * stdtrit(k - 1, of_mean)
    return np.asarray(mean + drawn * random.standard_normal(_NEW_STUDIES))


def confidence_in_tau(x: Floats, n: Floats, mu: float, tau: float) -> tuple[Floats, Floats, Floats, Floats]:
    """At each tau of a grid (T,): the confidence that tau is no larger, the best mu there and its standard error."""
    grid = np.sort(np.append(TAUS[1:], tau)) if tau > 0 else TAUS[1:]
    grid = np.concatenate([[0.0], grid])
    copies = (len(grid), 1)
    mus, errors, _ = best_mu(np.tile(x, copies), np.tile(n, copies), np.full(len(grid), mu), grid, _NODES)
    draws, observed = draws_for(len(n)), _pearson(x, n)
    confidence = np.empty(len(grid))
    for place, (centre, spread) in enumerate(zip(mus, grid, strict=True)):
        random = np.random.default_rng(SEED)  # the same at every tau: neighbours then differ by tau alone
        logits = centre + spread * random.standard_normal((draws, len(n)))
        drawn = _pearson(random.binomial(n.astype(np.int64), expit(logits)).astype(float), n)
        slack = 1e-9 * (1 + observed)
        more, less = (drawn > observed + slack).mean(), (drawn < observed - slack).mean()
        confidence[place] = more + (1 - more - less) / 2
    # the first of equal values would be taken by interpolation; rounding keeps them apart
    return grid, np.maximum.accumulate(confidence) + 1e-12 * np.arange(len(grid)), mus, errors


def _pearson(x: Floats, n: Floats) -> Floats:
    """Pearson's chi-square for one common proportion, over the last axis; 0 where all or none responded."""
    share = x.sum(-1, keepdims=True) / n.sum()
    inner = n * share * (1 - share)
    return np.asarray(((x - n * share) ** 2 / np.where(inner > 0, inner, 1.0)).sum(-1))
