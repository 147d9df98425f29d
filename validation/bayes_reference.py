"""tests/reference/bayes.csv: the binomial-normal posterior by brute force.

x_i ~ Bin(n_i, expit(mu + tau z_i)), z_i ~ N(0, 1); mu ~ standard logistic; tau ~ half-normal(scale).

Nothing here is adaptive and nothing is shared with the package: trapezoidal sums on
dense uniform grids in z and in tau (every integrand is even and analytic in tau, so
the sum over tau >= 0 takes half of its first cell and converges spectrally), and for
each tau a quintic spline through the density in mu, integrated exactly. Three
distributions are then inverted at 2.5, 50 and 97.5 %:

    median   expit(mu)                        the proportion of the median study
    average  E[expit(mu + tau z) | mu, tau]   the mean over studies
    new      expit(mu + tau z)                the proportion of one further study

and `mean` is each one's posterior mean. The whole is computed twice, on different
grids; the largest difference is printed and must stay below 1e-9.

    python validation/bayes_reference.py          rewrites the table (about a minute)
    python validation/bayes_reference.py priors   what other priors say of 26/26
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline
from scipy.optimize import brentq
from scipy.special import expit, gammaln, log_expit, logit

TARGET = Path(__file__).resolve().parent.parent / "tests" / "reference" / "bayes.csv"

PRITZ = (
    [16, 10, 4, 43, 10, 25, 13, 12, 22, 4, 5, 18, 58, 6],
    [17, 12, 8, 58, 10, 42, 14, 12, 41, 5, 6, 23, 68, 10],
)
SETS: dict[str, tuple[list[int], list[int]]] = {
    "all_events": ([6, 9, 11], [6, 9, 11]),
    "pritz1997": PRITZ,
    "k3_near_one": ([5, 9, 11], [6, 9, 11]),
    "rare_four": ([3, 3, 9, 7], [117, 35, 195, 136]),
    "all_zero": ([0, 0], [20, 30]),
    "k1": ([7], [20]),
    "separated": ([0, 6], [5, 6]),
}
SCALES = {"all_events": (0.5, 1.0, 2.0), "pritz1997": (0.5, 1.0, 2.0)}

Prior = Callable[[np.ndarray], np.ndarray]


def log_logistic(mu: np.ndarray) -> np.ndarray:
    return log_expit(mu) + log_expit(-mu)


@dataclass(frozen=True)
class Grid:
    """Step and reach of each grid; `tau_reach` counts prior scales."""

    z_step: float = 0.05
    z_reach: float = 7.4
    tau_step: float = 0.08
    tau_reach: float = 7.2
    mu_step: float = 0.08
    mu_reach: float = 28.0


COARSE = Grid()
FINE = Grid(z_step=0.039, z_reach=7.8, tau_step=0.063, tau_reach=7.6, mu_step=0.057, mu_reach=31.0)

# Informative sets: a narrower density in mu, so a finer step and a shorter reach.
SHARP = {"pritz1997", "rare_four"}


@dataclass(frozen=True)
class Posterior:
    """For each tau: its share, and the splines of F(mu | tau) and of A(mu) = E expit(mu + tau z)."""

    tau: np.ndarray
    share: np.ndarray
    below: list[BSpline]
    average: list[BSpline]
    mu: np.ndarray
    z: np.ndarray
    phi: np.ndarray

    def cdf_mu(self, j: int, at: np.ndarray | float) -> np.ndarray:
        return self.below[j](np.clip(at, self.mu[0], self.mu[-1]))

    def cdf_median(self, at: float) -> float:
        return float(sum(s * self.cdf_mu(j, at) for j, s in enumerate(self.share)))

    def cdf_new(self, at: float) -> float:
        return float(
            sum(
                s * (self.phi @ self.cdf_mu(j, at - t * self.z))
                for j, (s, t) in enumerate(zip(self.share, self.tau, strict=True))
            )
        )

    def cdf_average(self, at: float) -> float:
        """`at` on the logit scale: the mu whose average is expit(at), for each tau, then F there."""
        total = 0.0
        for j, s in enumerate(self.share):
            spline = self.average[j]
            low, high = self.mu[0], self.mu[-1]
            if spline(low) >= at:
                continue
            root = (
                high
                if spline(high) <= at
                else brentq(lambda m, f=spline: float(f(m)) - at, low, high, xtol=1e-13)
            )
            total += s * float(self.cdf_mu(j, root))
        return total


def posterior(
    events: list[int],
    n: list[int],
    grid: Grid,
    log_prior_mu: Prior,
    log_prior_tau: Prior,
    taus: tuple[np.ndarray, np.ndarray],
) -> Posterior:
    """`taus` are the nodes and weights of the sum over tau."""
    tau, weight = taus
    z = np.arange(-round(grid.z_reach / grid.z_step), round(grid.z_reach / grid.z_step) + 1) * grid.z_step
    phi = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * grid.z_step
    mu = (
        np.arange(-round(grid.mu_reach / grid.mu_step), round(grid.mu_reach / grid.mu_step) + 1)
        * grid.mu_step
    )
    logs = np.empty((tau.size, mu.size))
    means = np.empty((tau.size, mu.size))
    pairs = sorted(set(zip(events, n, strict=True)))
    times = [list(zip(events, n, strict=True)).count(pair) for pair in pairs]
    for j, t in enumerate(tau):
        eta = mu[:, None] + t * z[None, :]
        yes, no = log_expit(eta), log_expit(-eta)
        small = np.where(mu <= 0, expit(eta) @ phi, expit(-eta) @ phi)  # the smaller tail, in full precision
        means[j] = np.where(mu <= 0, np.log(small) - np.log1p(-small), np.log1p(-small) - np.log(small))
        total = log_prior_mu(mu) + log_prior_tau(t)
        for (x, m), copies in zip(pairs, times, strict=True):
            binomial = gammaln(m + 1) - gammaln(x + 1) - gammaln(m - x + 1)
            total = total + copies * np.log(np.exp(binomial + x * yes + (m - x) * no) @ phi + 1e-300)
        logs[j] = total
    density = np.exp(logs - logs.max())
    below, mass = [], np.empty(tau.size)
    for j in range(tau.size):
        cumulative = make_interp_spline(mu, density[j], k=5).antiderivative()
        mass[j] = cumulative(mu[-1]) - cumulative(mu[0])
        below.append(BSpline(cumulative.t, (cumulative.c - cumulative(mu[0])) / mass[j], cumulative.k))
    share = weight * mass
    return Posterior(
        tau=tau,
        share=share / share.sum(),
        below=below,
        average=[make_interp_spline(mu, row, k=5) for row in means],
        mu=mu,
        z=z,
        phi=phi / phi.sum(),
    )


def even_taus(scale: float, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Uniform from 0, the first cell halved."""
    step = grid.tau_step * min(scale, 1.0)
    tau = np.arange(round(grid.tau_reach * scale / step) + 1) * step
    weight = np.ones_like(tau)
    weight[0] = 0.5
    return tau, weight


def half_normal(scale: float) -> Prior:
    return lambda tau: -((tau / scale) ** 2) / 2


def mean_of(cdf: Callable[[float], float]) -> float:
    """E expit(X) = 1 - integral of F(logit p) dp, by the trapezoidal rule in x = logit p."""
    x = np.arange(-160, 161) * 0.25
    p = expit(x)
    return 1 - float(sum(cdf(float(v)) * q * (1 - q) for v, q in zip(x, p, strict=True))) * 0.25


def summary(post: Posterior, level: float = 0.95) -> dict[str, float]:
    out: dict[str, float] = {}
    tail = (1 - level) / 2
    for name, cdf in (("median", post.cdf_median), ("average", post.cdf_average), ("new", post.cdf_new)):
        for column, mass in ((name, 0.5), (f"{name}_low", tail), (f"{name}_high", 1 - tail)):
            root = brentq(lambda x, f=cdf, q=mass: f(x) - q, -40, 40, xtol=1e-12)
            out[column] = float(expit(root))
        if name != "new":  # the mean of a new study's proportion is that of the average
            out[f"{name}_mean"] = mean_of(cdf)
    return out


def write() -> None:
    rows: list[dict[str, str]] = []
    worst = 0.0
    for name, (events, n) in SETS.items():
        grids = [COARSE, FINE]
        if name in SHARP:
            grids = [replace(grid, mu_step=grid.mu_step / 4, mu_reach=grid.mu_reach / 2.5) for grid in grids]
        for scale in SCALES.get(name, (1.0,)):
            both = [
                summary(posterior(events, n, grid, log_logistic, half_normal(scale), even_taus(scale, grid)))
                for grid in grids
            ]
            gap = max(abs(both[0][column] - both[1][column]) for column in both[0])
            worst = max(worst, gap)
            rows.append(
                {"dataset": name, "prior_scale": f"{scale:g}"} | {c: f"{v:.12f}" for c, v in both[1].items()}
            )
            print(
                f"{name:12} scale {scale:<4g} difference {gap:.1e}  "
                + " ".join(f"{c} {v:.6f}" for c, v in both[1].items()),
                flush=True,
            )
    print(f"largest difference between the two grids: {worst:.1e}")
    if worst > 1e-9:
        raise SystemExit("the grids are too coarse; nothing written")
    with TARGET.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{TARGET.name}: {len(rows)} rows")


def other_priors() -> None:
    """26/26 under other priors (three digits; heavy tails of tau by tau = tan(u), Gauss-Legendre in u)."""
    nodes, weights = np.polynomial.legendre.leggauss(100)
    angle = (nodes + 1) * np.pi / 4
    tau = np.tan(angle)
    keep = tau < 60
    heavy = (tau[keep], (weights * np.pi / 4 / np.cos(angle) ** 2)[keep])
    near = Grid(z_step=0.03, mu_step=0.1, mu_reach=40.0)

    def half_cauchy(scale: float) -> Prior:
        return lambda t: -np.log1p((t / scale) ** 2)

    def normal(sd: float) -> Prior:
        return lambda mu: -((mu / sd) ** 2) / 2

    def reaching(sd: float) -> Grid:
        return Grid(z_step=0.05, mu_step=min(0.2, sd / 15), mu_reach=min(7 * sd, 500.0))

    cases: list[tuple[str, Prior, Prior, tuple[np.ndarray, np.ndarray], Grid]] = [
        (f"mu logistic, tau half-Cauchy({s:g})", log_logistic, half_cauchy(s), heavy, near)
        for s in (0.5, 1.0)
    ]
    cases += [
        (
            f"mu N(0, {sd:g}^2), tau half-normal({s:g})",
            normal(sd),
            half_normal(s),
            even_taus(s, COARSE),
            reaching(sd),
        )
        for sd in (1.5, 2.5, 10.0, 100.0)
        for s in (0.5, 1.0, 2.0)
    ]
    cases += [
        (f"mu logistic, tau half-normal({s:g})", log_logistic, half_normal(s), even_taus(s, COARSE), near)
        for s in (0.5, 1.0, 2.0)
    ]
    cases += [
        (f"mu N(0, {sd:g}^2), tau half-Cauchy(1)", normal(sd), half_cauchy(1.0), heavy, reaching(sd))
        for sd in (2.5, 10.0, 100.0)
    ]
    for label, prior_mu, prior_tau, taus, grid in cases:
        post = posterior([6, 9, 11], [6, 9, 11], grid, prior_mu, prior_tau, taus)
        low = [
            float(expit(brentq(lambda x, f=f: f(x) - 0.025, -480, 480)))
            for f in (post.cdf_median, post.cdf_average, post.cdf_new)
        ]
        print(
            f"{label:40} lower limits: median {low[0]:.4f}  average {low[1]:.4f}  new study {low[2]:.4f}",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["priors"]:
        other_priors()
    else:
        assert float(logit(0.5)) == 0.0
        write()
