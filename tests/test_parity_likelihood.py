"""The likelihood and Bayesian models against R, row by row, where the full reference lies beside the checkout.

Each row is compared or left out for a reason that is named and counted. `test_parity_reference` has the maximum of the
binomial-normal model and its predictions.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.special import expit, logit

from evidence.synthesis.bayesian.bayes import Prior, half_cauchy, half_normal, posterior
from evidence.synthesis.counts.average import average_proportion
from evidence.synthesis.pooling import pool_counts

from .test_parity_reference import SHARED, Faults, beside, number, pool, read, sets

GLM_STOP = 2e-4  # relative: R's logistic regressions stop early, and study logits at 0 and n stay finite
DEVIANCE = 1e-9  # relative: where they stop matters little for the height itself
AVERAGE = 1e-8  # absolute: an integral in R against ours, at R's own mu and tau
LAPLACE = 0.02  # absolute, of a proportion: one node in place of an exact integral
NORMAL = 0.06  # of a posterior standard deviation: a normal likelihood in place of the binomial one


@beside
def test_shared_likelihood_ratio_test_of_one_proportion() -> None:
    faults, seen = Faults(), Counter[str]()
    for row in read(SHARED, "glmm.csv"):
        if (row["method"], row["nAGQ"], row["test"]) != ("ML", "7", "z"):
            seen["left out: the same test again, or a row without it"] += 1
            continue
        found = pool(SHARED, row["dataset"], model="binomial", ci="wald").heterogeneity
        if row["status"] != "ok" or found is None:
            seen["left out: R stopped, or no finite maximum"] += 1
            continue
        seen["rows"] += 1
        assert found.df == int(row["QE_df"])
        faults.near(row, "QE_LRT", found.q_lrt, number(row, "QE_LRT"), DEVIANCE, atol=1e-6)
        faults.near(row, "QEp_LRT", found.q_lrt_pvalue, number(row, "QEp_LRT"), 1e-6, atol=1e-9)
    assert faults == []
    assert seen == {
        "rows": 34,
        "left out: R stopped, or no finite maximum": 5,
        "left out: the same test again, or a row without it": 273,
    }


@beside
def test_shared_heterogeneity_of_the_glmm() -> None:
    faults, seen = Faults(), Counter[str]()
    for row in read(SHARED, "meta_het.csv"):
        if row["method"] != "GLMM":
            continue
        found = pool(SHARED, row["dataset"], model="binomial", ci="wald").heterogeneity
        if row["status"] != "ok" or found is None:
            seen["left out: one study, or no finite maximum"] += 1
            continue
        if row["dataset"] == "syn_identical":
            seen["left out: meta falls back to the common effect"] += 1
            continue
        seen["rows"] += 1
        faults.near(row, "Q", found.q, number(row, "Q"), GLM_STOP)
        faults.near(row, "p", found.pvalue, number(row, "pval_Q"), GLM_STOP, atol=1e-5)
        faults.near(row, "Q_LRT", found.q_lrt, number(row, "Q_LRT"), DEVIANCE, atol=1e-6)
        faults.near(row, "p of it", found.q_lrt_pvalue, number(row, "pval_Q_LRT"), 1e-6, atol=1e-9)
        faults.near(row, "I2", found.i2, number(row, "I2"), GLM_STOP, atol=1e-5)
        faults.near(row, "H", np.sqrt(found.h2), number(row, "H"), GLM_STOP, atol=1e-5)
    assert faults == []
    assert seen == {
        "rows": 34,
        "left out: one study, or no finite maximum": 4,
        "left out: meta falls back to the common effect": 1,
    }


@beside
def test_shared_population_average() -> None:
    """R's package altmeta has the model by the Laplace approximation, and the exact average at its own mu and tau."""
    faults, seen = Faults(), Counter[str]()
    for row in read(SHARED, "altmeta.csv"):
        if row["fun"] != "maprop.glmm":
            seen["left out: two-step methods with 0.5 added to every study"] += 1
            continue
        if row["link"] != "logit":
            seen["left out: another link"] += 1
            continue
        exact = number(row, "prop_marginal_exact_integral")
        if row["status"] != "ok" or exact is None:
            seen["left out: R stopped"] += 1
            continue
        mu, tau = (np.array([number(row, name)]) for name in ("mu", "tau"))
        seen["integrals"] += 1
        faults.near(row, "average", float(average_proportion(mu, tau)[0]), exact, 0.0, atol=AVERAGE)
        found = pool(SHARED, row["dataset"], model="binomial", ci="wald")
        if found.fit is None or found.average is None:
            seen["left out of the estimates: no finite maximum"] += 1
            continue
        if row["dataset"] == "syn_huge_tiny":
            seen["left out of the estimates: R is at the lower of two maxima"] += 1
            continue
        seen["estimates"] += 1
        faults.near(row, "our average", found.average.estimate, exact, 0.0, atol=LAPLACE)
        assert abs(found.average.estimate - 0.5) <= abs(found.proportion.estimate - 0.5) + 1e-9
    assert faults == []
    assert seen == {
        "integrals": 33,
        "estimates": 31,
        "left out of the estimates: R is at the lower of two maxima": 1,
        "left out of the estimates: no finite maximum": 1,
        "left out: R stopped": 3,
        "left out: another link": 144,
        "left out: two-step methods with 0.5 added to every study": 288,
    }


TAU_PRIORS = {"halfnormal0.5": half_normal(0.5), "halfcauchy1": half_cauchy(1.0)}


@beside
def test_shared_bayesmeta() -> None:
    """Another likelihood: normal, around logits corrected by 0.5, so only sets of large studies can be near.

    Under the same priors ours differs by half a posterior standard deviation and more where studies are small or at
    n; in debruin2009, whose smallest study has 17 patients and none stands at 0 or n, hardly at all.
    """
    seen = Counter[str]()
    worst = {"near": 0.0, "apart": 0.0}
    for row in read(SHARED, "bayesmeta.csv"):
        if row["quantity"] == "tau":
            seen["left out: the distribution of tau is not reported"] += 1
            continue
        of_tau, sd = TAU_PRIORS[row["tau_prior"]], 100.0 if row["mu_prior"] == "flat" else 2.0
        prior = Prior(
            "as theirs",
            lambda mu, sd=sd: -0.5 * (mu / sd) ** 2,
            of_tau.log_tau,
            of_tau.scale,
            of_tau.farthest,
        )
        x, n = sets(SHARED)[row["dataset"]]
        found = posterior(x, n, prior, rough=True)
        ours = found.proportion(0.95) if row["quantity"] == "mu" else found.prediction(0.95)
        theirs = [float(row[name]) for name in ("median", "central95_lb", "central95_ub")]
        gap = float(np.abs(logit([*ours]) - theirs).max()) / float(row["sd"])
        group = "near" if row["dataset"] == "debruin2009" else "apart"
        worst[group] = max(worst[group], gap)
        seen[group] += 1
    assert worst["near"] < NORMAL
    assert worst["apart"] > 0.2  # were it to vanish, this sentence would be untrue
    assert seen == {"near": 6, "apart": 18, "left out: the distribution of tau is not reported": 12}


def test_expit_of_a_median_is_no_average() -> None:
    """What the average is for: at tau = 2 the median 0.9 belongs to an average of 0.80."""
    average = average_proportion(np.array([logit(0.9)]), np.array([2.0]))
    random = np.random.default_rng(4)
    drawn = expit(logit(0.9) + 2 * random.standard_normal(200_000))
    assert average[0] == pytest.approx(drawn.mean(), abs=3e-3)


def test_the_average_is_what_many_large_studies_average() -> None:
    """400 studies of 500 patients drawn from one model: the estimate of the average is the mean of their proportions."""
    random = np.random.default_rng(5)
    n = np.full(400, 500)
    x = random.binomial(n, expit(1.0 + 1.5 * random.standard_normal(400)))
    found = pool_counts(x, n, model="binomial")
    assert found.average is not None
    assert found.average.estimate == pytest.approx((x / n).mean(), abs=5e-3)
    assert found.proportion.estimate > found.average.estimate + 0.03
