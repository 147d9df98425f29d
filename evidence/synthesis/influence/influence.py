"""How far each study bends an inverse-variance pool, and what can be said of that for the binomial-normal model.

All deletion diagnostics compare the pool of all studies with the pool without one, tau2 estimated anew each time
(Viechtbauer & Cheung 2010, Res Synth Methods 1:112-125; definitions as in metafor's influence.rma.uni with normal
quantiles: they use the classic variance 1 / sum of weights, whatever interval the pool has). The Baujat plot: Baujat et
al. 2002, Stat Med 21:2641-52.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtr

from evidence.errors import NotPossible
from evidence.synthesis.counts import binomial
from evidence.synthesis.counts.quadrature import study_log_likelihood
from evidence.synthesis.influence.leaving_out import Refits, leave_one_out
from evidence.synthesis.inverse_variance.heterogeneity import estimate_tau2, generalised_q, weighted_mean
from evidence.synthesis.proportions import as_counts
from evidence.synthesis.results import Floats

sources = ("viechtbauer2010influence", "baujat2002")

_CHUNK = 1 << 17  # effects refitted at once: a few MB of temporaries
_ROUNDING = 100 * np.finfo(float).eps  # residuals smaller than this are none, as in metafor


@dataclass(frozen=True)
class Diagnostics:
    """Each study's influence on an inverse-variance pool, arrays (k,) on the model scale.

    rstudent, rstandard   residual from the pool without the study (externally studentised), and from that of all
    dffits, dfbetas       how many standard errors the study moves its own fitted value, and the pooled estimate
    cooks, covariance     Cook's distance; the variance of the estimate without the study over that of all
    tau2, q               heterogeneity without the study
    hat, weight           leverage and share of the weight (the same where weights are inverse variances), 0 to 1
    baujat_x, baujat_y    squared Pearson residual (contribution to Q); squared shift of the estimate in standard errors
    blup, blup_se         the study's own effect as the model predicts it, and its standard error
    influential           as metafor marks it: |dffits| > 3 sqrt(1 / (k - 1)), or the lower tail of a chi-square (1 df)
                          at Cook's distance above a half, or hat > 3 / k, or |dfbetas| > 1
    """

    rstudent: Floats
    rstandard: Floats
    dffits: Floats
    dfbetas: Floats
    cooks: Floats
    covariance: Floats
    tau2: Floats
    q: Floats
    hat: Floats
    weight: Floats
    baujat_x: Floats
    baujat_y: Floats
    blup: Floats
    blup_se: Floats
    influential: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LikelihoodDiagnostics:
    """Each study's influence on the binomial-normal model, arrays (k,); what needs a residual's variance is not here.

    dfbetas        shift of the mean logit, in standard errors without the study
    cooks          squared shift of the mean logit, in standard errors of all studies
    displacement   twice the log-likelihood (of all) lost by going to (mu, tau) without the study (Cook 1986)
    covariance     variance of the mean logit without the study over that of all
    tau2, q        without the study; q is Wald's
    influential    the lower tail of a chi-square (2 df) at the displacement above a half, or |dfbetas| > 1
    Where the rest has no finite maximum every value is nan and `influential` true.
    """

    dfbetas: Floats
    cooks: Floats
    displacement: Floats
    covariance: Floats
    tau2: Floats
    q: Floats
    influential: npt.NDArray[np.bool_]


def diagnose(yi: npt.ArrayLike, vi: npt.ArrayLike, *, tau2: str | None = "reml") -> Diagnostics:
    """The diagnostics of effects yi with sampling variances vi, both (k,); `tau2` names the estimator, None for common.

    Raises NotPossible for fewer than two studies.
    """
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    k = y.size
    if k < 2:
        raise NotPossible("one study: influence needs others beside it")

    def between(y: Floats, v: Floats) -> Floats:
        return np.zeros(y.shape[:-1]) if tau2 is None else estimate_tau2(y, v, tau2)

    all_tau2 = between(y[None], v[None])
    (mean,), (total,) = weighted_mean(y[None], v[None], all_tau2)
    weight = 1 / ((v + all_tau2) * total)
    mean_del, total_del, tau2_del, q_del = np.empty((4, k))
    step = max(1, _CHUNK // k)
    places = np.arange(k - 1)
    for start in range(0, k, step):
        rows = np.arange(start, min(start + step, k))
        keep = places + (places >= rows[:, None])
        ys, vs = y[keep], v[keep]
        tau2_del[rows] = between(ys, vs)
        mean_del[rows], total_del[rows] = weighted_mean(ys, vs, tau2_del[rows])
        q_del[rows] = generalised_q(ys, vs, np.zeros(len(rows)))
    # All studies' weights with the tau2 of the others: what metafor scales the shift by.
    total_mixed = np.array([(1 / (v + t)).sum() for t in tau2_del])
    shift, residual = mean - mean_del, y - mean
    deleted = y - mean_del
    deleted[np.abs(deleted) < _ROUNDING] = 0.0
    share = all_tau2 / (all_tau2 + v)
    dffits = shift / np.sqrt(weight * (tau2_del + v))
    dfbetas = shift * np.sqrt(total_mixed)
    cooks = shift**2 * total
    influential = (
        (np.abs(dffits) > 3 * np.sqrt(1 / (k - 1)))
        | (chdtr(1, cooks) > 0.5)
        | (weight > 3 / k)
        | (np.abs(dfbetas) > 1)
    )
    return Diagnostics(
        rstudent=deleted / np.sqrt(v + 1 / total_del + tau2_del),
        rstandard=residual / np.sqrt(v + all_tau2 - 1 / total),
        dffits=dffits,
        dfbetas=dfbetas,
        cooks=cooks,
        covariance=total / total_del,
        tau2=tau2_del,
        q=q_del,
        hat=weight,
        weight=weight,
        baujat_x=residual**2 / (v + all_tau2),
        baujat_y=shift**2 * total_del,
        blup=share * y + (1 - share) * mean,
        blup_se=np.sqrt(share * v + (1 - share) ** 2 / total),
        influential=influential,
    )


def diagnose_binomial(
    events: npt.ArrayLike, n: npt.ArrayLike, without: Refits | None = None
) -> LikelihoodDiagnostics:
    """The diagnostics of the binomial-normal model of counts (k,); `without` are its leave-one-out refits, if known.

    Raises NotPossible where all studies together have no finite maximum, or are fewer than two.
    """
    x, sizes = as_counts(events, n)
    if len(x) < 2 or not binomial.has_maximum(x[None], sizes[None])[0]:
        raise NotPossible(
            "the binomial model has no finite maximum for these counts, so no study can move it; "
            "leave-one-out says what the pool would be without each"
        )
    best = binomial.maximise(x[None], sizes[None])
    refits = without or leave_one_out(x, sizes, model="binomial")
    finite = np.isfinite(refits.fit.estimate) & (np.array(refits.model) == "binomial")
    nodes = int(best.nodes[0])
    lost = np.full(len(x), np.nan)
    for row in np.flatnonzero(finite):
        at = np.array([refits.fit.estimate[row]]), np.sqrt(refits.tau2[row : row + 1])
        lost[row] = 2 * (best.value[0] - study_log_likelihood(x, sizes, *at, nodes).sum())
    lost = np.maximum(lost, 0.0)
    shift = np.where(finite, best.mu[0] - refits.fit.estimate, np.nan)
    dfbetas = shift / refits.fit.se
    return LikelihoodDiagnostics(
        dfbetas=dfbetas,
        cooks=shift**2 / best.covariance_mu[0],
        displacement=lost,
        covariance=np.where(finite, refits.fit.se**2 / best.covariance_mu[0], np.nan),
        tau2=np.where(finite, refits.tau2, np.nan),
        q=np.where(finite, refits.q, np.nan),
        influential=~finite | (chdtr(2, np.nan_to_num(lost)) > 0.5) | (np.abs(np.nan_to_num(dfbetas)) > 1),
    )
