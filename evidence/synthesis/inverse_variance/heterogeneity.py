"""How much studies differ: between-study variance tau2, Cochran's Q, I2, H2 and their intervals.

Every function takes yi and vi of shape (..., k), effects and their sampling variances on the model scale,
and returns arrays of shape (...,). Estimates of tau2 are truncated at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, chdtri, ndtri

from evidence.errors import OptionError
from evidence.synthesis.results import Floats
from evidence.synthesis.roots import Function, bracketed_root, decreasing_root

_GRID = 24  # points over which a likelihood of tau2 is searched for more than one maximum


def weighted_mean(yi: Floats, vi: Floats, tau2: Floats) -> tuple[Floats, Floats]:
    """The inverse-variance mean and the sum of its weights 1 / (vi + tau2)."""
    wi = 1.0 / (vi + np.asarray(tau2)[..., None])
    total = wi.sum(-1)
    return np.einsum("...k,...k", wi, yi) / total, total


def generalised_q(yi: Floats, vi: Floats, tau2: Floats) -> Floats:
    """Q(tau2) = sum of (yi - mean)^2 / (vi + tau2) (DerSimonian & Kacker 2007, eq. 6); Cochran's Q at tau2 = 0."""
    wi = 1.0 / (vi + np.asarray(tau2)[..., None])
    mean = np.einsum("...k,...k", wi, yi) / wi.sum(-1)
    deviation = yi - mean[..., None]
    return np.asarray(np.einsum("...k,...k,...k", wi, deviation, deviation))


def estimate_tau2(yi: Floats, vi: Floats, method: str = "reml") -> Floats:
    """The between-study variance, shape (...,), by one of `TAU2_ESTIMATORS`.

    reml, ml   restricted / maximum likelihood (Viechtbauer 2005, J Educ Behav Stat 30:261-293), the
               global maximum: the likelihood can have two
    dl         DerSimonian & Laird 1986, Control Clin Trials 7:177-188
    pm, eb     Paule & Mandel 1982; Morris's empirical Bayes solves the same equation (Viechtbauer et al. 2015)
    he         Hedges & Olkin 1985 (variance component)
    hs, hsk    Hunter & Schmidt 1990; with the small-sample correction k / (k - 1) of Q (Brannick et al. 2019)
    sj         Sidik & Jonkman 2005, J R Stat Soc C 54:367-384
    dlit, sjit DerSimonian-Laird's and Sidik-Jonkman's repeated until they stay: both then solve pm's equation
    pmm        median-unbiased Paule-Mandel: Q(tau2) at the median of its chi-square distribution (Viechtbauer 2021)

    Raises OptionError for any other name.
    """
    if method not in TAU2_ESTIMATORS:
        raise OptionError("tau2", method, TAU2_ESTIMATORS)
    if yi.shape[-1] < 2:
        return np.zeros(yi.shape[:-1])
    return np.maximum(TAU2_ESTIMATORS[method](yi, vi), 0.0)


def _dersimonian_laird(yi: Floats, vi: Floats) -> Floats:
    wi = 1.0 / vi
    scale = wi.sum(-1) - (wi**2).sum(-1) / wi.sum(-1)
    return np.asarray((generalised_q(yi, vi, np.zeros(yi.shape[:-1])) - (yi.shape[-1] - 1)) / scale)


def moment_tau2(yi: Floats, vi: Floats, weights: Floats) -> Floats:
    """The tau2 >= 0 by which the Q of any fixed weights meets its expectation (DerSimonian & Kacker 2007, eq. 6).

    Weights 1 / vi make it DerSimonian-Laird's, equal ones Hedges'. Metafor's GENQ.
    """
    if yi.shape[-1] < 2:
        return np.zeros(yi.shape[:-1])
    share = weights / weights.sum(-1, keepdims=True)
    deviation = yi - np.einsum("...k,...k", share, yi)[..., None]
    q = np.einsum("...k,...k,...k", share, deviation, deviation)
    own = np.einsum("...k,...k", share * (1 - share), vi)
    return np.asarray(np.maximum((q - own) / (share * (1 - share)).sum(-1), 0.0))


def _hunter_schmidt(yi: Floats, vi: Floats) -> Floats:
    return np.asarray((generalised_q(yi, vi, np.zeros(yi.shape[:-1])) - yi.shape[-1]) / (1.0 / vi).sum(-1))


def _hunter_schmidt_corrected(yi: Floats, vi: Floats) -> Floats:
    k = yi.shape[-1]
    return np.asarray((k / (k - 1) * generalised_q(yi, vi, np.zeros(yi.shape[:-1])) - k) / (1.0 / vi).sum(-1))


def _hedges(yi: Floats, vi: Floats) -> Floats:
    return np.asarray(yi.var(-1, ddof=1) - vi.mean(-1))


def _sidik_jonkman(yi: Floats, vi: Floats) -> Floats:
    first = yi.var(-1)  # the crude estimate they start from divides by k
    safe = np.where(first > 0, first, 1.0)
    return np.where(first > 0, safe * generalised_q(yi, vi, safe) / (yi.shape[-1] - 1), 0.0)


def _paule_mandel(yi: Floats, vi: Floats) -> Floats:
    return solve_q(yi, vi, np.full(yi.shape[:-1], yi.shape[-1] - 1.0))


def _median_unbiased(yi: Floats, vi: Floats) -> Floats:
    return solve_q(yi, vi, np.full(yi.shape[:-1], chdtri(yi.shape[-1] - 1, 0.5)))


def solve_q(yi: Floats, vi: Floats, target: Floats) -> Floats:
    """The tau2 >= 0 at which the generalised Q equals `target`; 0 where Q(0) is below it."""
    scale = yi.var(-1) + vi.min(-1)
    return decreasing_root(lambda tau2: generalised_q(yi, vi, tau2) - target, scale)


def _restricted(yi: Floats, vi: Floats) -> Floats:
    return _maximum_likelihood(yi, vi, restricted=True)


def _full(yi: Floats, vi: Floats) -> Floats:
    return _maximum_likelihood(yi, vi, restricted=False)


def log_likelihood(
    yi: Floats, vi: Floats, tau2: Floats, *, restricted: bool, mean: Floats | None = None
) -> Floats:
    """The normal-normal log-likelihood of tau2 without its constant, profiled over the mean unless it is given."""
    total = vi + np.asarray(tau2)[..., None]
    wi = 1.0 / total
    sum_w = wi.sum(-1)
    centre = np.einsum("...k,...k", wi, yi) / sum_w if mean is None else mean
    deviation = yi - centre[..., None]
    value = np.log(total).sum(-1) + np.einsum("...k,...k,...k", wi, deviation, deviation)
    return np.asarray(-0.5 * (value + np.log(sum_w)) if restricted else -0.5 * value)


def _score(yi: Floats, vi: Floats, tau2: Floats, *, restricted: bool, mean: Floats | None = None) -> Floats:
    """Twice the derivative of the log-likelihood in tau2 (Viechtbauer 2005, eqs. 11 and 14)."""
    wi = 1.0 / (vi + np.asarray(tau2)[..., None])
    sum_w = wi.sum(-1)
    centre = np.einsum("...k,...k", wi, yi) / sum_w if mean is None else mean
    pull = wi * (yi - centre[..., None])
    value = np.einsum("...k,...k", pull, pull) - sum_w
    return np.asarray(value + np.einsum("...k,...k", wi, wi) / sum_w if restricted else value)


def _maximum_likelihood(yi: Floats, vi: Floats, *, restricted: bool, mean: Floats | None = None) -> Floats:
    """The tau2 with the highest likelihood."""
    centre = yi.mean(-1) if mean is None else mean
    spread = np.abs(yi - centre[..., None]).max(-1)
    high = 2 * spread**2 + 1e-12 * vi.min(-1)
    for _ in range(100):  # the score is negative beyond the last maximum
        rising = _score(yi, vi, high, restricted=restricted, mean=mean) > 0
        if not rising.any():
            break
        high = np.where(rising, 4 * high, high)
    low = np.minimum(1e-3 * vi.min(-1), 1e-3 * high)

    def height(tau2: Floats) -> Floats:
        return log_likelihood(yi, vi, tau2, restricted=restricted, mean=mean)

    def score(tau2: Floats) -> Floats:
        return _score(yi, vi, tau2, restricted=restricted, mean=mean)

    return highest(height, score, low, high)


def highest(height: Function, score: Function, low: Floats, high: Floats) -> Floats:
    """The tau2 >= 0 with the greatest `height`: the best point of a grid, then the root of its derivative beside it.

    The grid has 0 and is logarithmic from `low` to `high`, beyond which `score` is negative.
    """
    ratio = (high / low) ** (1.0 / (_GRID - 2))
    grid = np.stack([np.zeros_like(low), *(low * ratio**j for j in range(_GRID - 1))])
    heights = np.stack([height(tau2) for tau2 in grid])
    best = heights.argmax(0)

    def summit(place: npt.NDArray[np.intp]) -> Floats:
        """The maximum beside a point of the grid that is higher than its neighbours."""
        left = np.take_along_axis(grid, np.maximum(place - 1, 0)[None], 0)[0]
        right = np.take_along_axis(grid, np.minimum(place + 1, _GRID - 1)[None], 0)[0]
        return np.where((place == 0) & (score(left) <= 0), 0.0, bracketed_root(score, left, right))

    tau2 = summit(best)
    beside = np.pad(heights, ((1, 1), (0, 0)), constant_values=-np.inf)
    others = (heights > beside[:-2]) & (heights > beside[2:]) & (np.arange(_GRID)[:, None] != best)
    if others.any():  # the grid may show a lower point of the higher of two maxima
        second = summit(np.where(others, heights, -np.inf).argmax(0))
        tau2 = np.where(others.any(0) & (height(second) > height(tau2)), second, tau2)
    return tau2


def profiled_log_likelihood(yi: Floats, vi: Floats, mean: Floats) -> Floats:
    """The highest log-likelihood over tau2 with the mean held at `mean` (for profile intervals)."""
    tau2 = _maximum_likelihood(yi, vi, restricted=False, mean=mean)
    return log_likelihood(yi, vi, tau2, restricted=False, mean=mean)


TAU2_ESTIMATORS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "reml": _restricted,
    "pm": _paule_mandel,
    "dl": _dersimonian_laird,
    "ml": _full,
    "eb": _paule_mandel,
    "hs": _hunter_schmidt,
    "he": _hedges,
    "sj": _sidik_jonkman,
    "hsk": _hunter_schmidt_corrected,
    "dlit": _paule_mandel,
    "sjit": _paule_mandel,
    "pmm": _median_unbiased,
}


def q_profile(yi: Floats, vi: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """The Q-profile interval of tau2 (Viechtbauer 2007, Stat Med 26:37-52); (0, 0) where no tau2 >= 0 fits."""
    df = yi.shape[-1] - 1
    ones = np.ones(yi.shape[:-1])
    tail = (1 - level) / 2
    return solve_q(yi, vi, ones * chdtri(df, tail)), solve_q(yi, vi, ones * chdtri(df, 1 - tail))


def typical_variance(vi: Floats) -> Floats:
    """One sampling variance to stand for all, (k - 1) / tr(P) (Higgins & Thompson 2002, eq. 9): I2 = tau2 / (tau2 + it)."""
    wi = 1.0 / vi
    total = wi.sum(-1)
    return np.asarray((vi.shape[-1] - 1) * total / (total**2 - (wi**2).sum(-1)))


_NO_RATIO = 1e-10  # a likelihood ratio below this is rounding


def boundary_pvalue(lrt: Floats) -> Floats:
    """p of the likelihood ratio test of tau2 = 0, which lies on the edge: half and half chi-square of no and one df (B,)."""
    return np.where(lrt > _NO_RATIO, 0.5 * chdtrc(1, lrt), 1.0)


def q_pvalue(q: Floats, df: int) -> Floats:
    """The chance of a Q as large or larger if all studies shared one proportion."""
    return np.asarray(chdtrc(df, np.maximum(q, 0)))


def i2_h2(q: Floats, df: int, level: float = 0.95) -> tuple[Floats, Floats, Floats, Floats]:
    """I2 = (Q - df) / Q with its limits, and H2 = Q / df, both floored (Higgins & Thompson 2002, eqs. 10-13).

    I2 is a fraction. Its limits come from ln H's test-based standard error, as R's meta prints them; nan where
    df = 1 leaves none (meta prints none for two studies unless Q exceeds k).
    """
    safe_q = np.where(q > 0, q, 1.0)
    h2 = np.maximum(q / df, 1.0)
    i2 = np.where(q > df, (q - df) / safe_q, 0.0)
    k = df + 1
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = 0.5 * (np.log(safe_q) - np.log(df)) / (np.sqrt(2 * safe_q) - np.sqrt(2 * k - 3))
        close = np.sqrt(1 / (2.0 * (k - 2)) * (1 - 1 / (3.0 * (k - 2) ** 2))) if k > 2 else np.nan
    se = np.where(q > k, wide, close)
    z = ndtri(0.5 + level / 2)
    h = np.sqrt(h2)
    low, high = (np.maximum(h * np.exp(sign * z * se), 1.0) for sign in (-1, 1))
    return i2, 1 - low**-2, 1 - high**-2, h2
