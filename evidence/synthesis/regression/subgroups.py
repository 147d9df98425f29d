"""Do groups of studies differ? Q between their pools, each with its own tau2 or all with one.

Groups are compared as pools of random effects, never by their summed counts: an exact test of those takes the patients
of different studies for draws from one urn, and calls groups different that differ no more than studies do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from evidence.errors import OptionError
from evidence.synthesis.counts import binomial
from evidence.synthesis.inverse_variance.heterogeneity import (
    TAU2_ESTIMATORS,
    estimate_tau2,
    generalised_q,
    weighted_mean,
)
from evidence.synthesis.proportions import MEASURES, as_counts
from evidence.synthesis.regression.binomial import (
    fit_binomial_regression,
    likelihood_ratio_of_groups,
    separated_by,
)
from evidence.synthesis.regression.regression import ESTIMATORS, ModeratorTest, residual_tau2
from evidence.synthesis.results import Floats

SOURCES = ("borenstein2013",)

MODELS = ("common", "random", "binomial")
INTERVALS = ("wald", "hksj", "hksj-plain")

ENOUGH = 5
"""Studies in the smallest group for its own tau2 to be worth estimating; with fewer, all groups share one."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group's pool on the model scale; estimate and se are None where its likelihood has no maximum."""

    name: str
    k: int
    events: int
    n: int
    estimate: float | None
    se: float | None
    tau2: float | None


@dataclass(frozen=True, slots=True)
class SubgroupTest:
    """The test of whether groups differ.

    `kind` is "Q between" (inverse variance), "Wald" or "likelihood ratio" (binomial), or "" where no test exists; then
    statistic, df and pvalue are None and `notes` says why. `tau2_common` says whether the groups share one tau2, which
    is then `tau2`. `wald` is Wald's test where the likelihood ratio leads and it exists too. `q_within` is the
    heterogeneity left within groups, with the weights of the common-effect model.
    """

    by: str
    model: str
    measure: str
    tau2_estimator: str | None
    tau2_common: bool
    groups: tuple[Group, ...]
    kind: str
    statistic: float | None
    df: int | None
    pvalue: float | None
    wald: ModeratorTest | None
    tau2: float | None
    q_within: float | None
    q_within_df: int | None
    notes: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        """How it was reached, in a line."""
        model = {
            "common": "common effect",
            "random": "random effects",
            "binomial": "binomial-normal model",
        }[self.model]
        shared = {True: "one tau² for all groups", False: "each group its own tau²"}[self.tau2_common]
        parts = [f"{len(self.groups)} groups", model, *([] if self.model == "common" else [shared])]
        return f"{self.kind or 'no test'} ({'; '.join(parts)})"


def compare_groups(
    events: npt.ArrayLike,
    n: npt.ArrayLike,
    groups: Sequence[str],
    *,
    by: str = "group",
    model: str = "binomial",
    measure: str = "logit",
    tau2: str = "reml",
    ci: str = "wald",
    tau2_common: bool | None = None,
) -> SubgroupTest:
    """Test whether the groups' pooled proportions differ (Borenstein & Higgins 2013, Prev Sci 14:134-143).

    `groups` names each study's group. model: common, random (inverse variance on `measure`) or binomial. With
    `tau2_common` the groups share one tau2; without, each has its own; None lets each have its own where every group
    has at least five studies. Only the binomial model's shared tau2 gives a likelihood ratio; else the test is Wald's.
    `ci` "hksj" or "hksj-plain" weighs groups with tau2 of their own by the Hartung-Knapp variance, as R's meta does
    where its intervals are; "wald" by the classic one.
    """
    for name, value, allowed in (
        ("model", model, MODELS),
        ("measure", measure, MEASURES),
        ("tau2", tau2, TAU2_ESTIMATORS),
        ("ci", ci, INTERVALS),
    ):
        if value not in allowed:
            raise OptionError(name, value, allowed)
    x, sizes = as_counts(events, n)
    names = list(dict.fromkeys(groups))
    number = np.array([names.index(group) for group in groups])
    least = int(np.bincount(number).min())
    if tau2_common is None:
        tau2_common = least < ENOUGH
    if model == "common":
        tau2_common = True
    if tau2_common and model == "random" and tau2 not in ESTIMATORS:
        raise OptionError("tau2 common to all groups", tau2, ESTIMATORS)
    asked = Asked(by, model, measure, tau2, ci, bool(tau2_common))
    made = _binomial if model == "binomial" else _inverse_variance
    return made(x, sizes, number, names, asked)


class Asked(NamedTuple):
    """The options of `compare_groups`, settled."""

    by: str
    model: str
    measure: str
    tau2: str
    ci: str
    tau2_common: bool


def _inverse_variance(
    x: Floats,
    n: Floats,
    number: npt.NDArray[np.intp],
    names: Sequence[str],
    asked: Asked,
) -> SubgroupTest:
    model, measure, tau2, tau2_common = asked.model, asked.measure, asked.tau2, asked.tau2_common
    yi, vi = MEASURES[measure].effects(x, n)
    design = (number[:, None] == np.arange(len(names))).astype(float)
    free = len(x) - len(names)
    shared = 0.0
    if model == "random" and tau2_common and free > 0:
        shared = float(residual_tau2(yi[None], vi[None], design[None], tau2)[0])
    made, within = [], 0.0
    for place, name in enumerate(names):
        own = number == place
        y, v = yi[own], vi[own]
        between = np.float64(shared)
        if model == "random" and not tau2_common:
            between = estimate_tau2(y[None], v[None], tau2)[0]
        mean, total = weighted_mean(y, v, np.asarray(between))
        se = float(total) ** -0.5
        if asked.ci != "wald" and model == "random" and not tau2_common and len(y) > 1:
            factor = float(generalised_q(y, v, np.asarray(between))) / (len(y) - 1)
            se *= (factor if asked.ci == "hksj-plain" else max(1.0, factor)) ** 0.5
        within += float(generalised_q(y, v, np.zeros(())))
        made.append(_group(name, x[own], n[own], float(mean), se, float(between)))
    df = len(names) - 1
    q = _q_between(made) if all(group.se for group in made) else None
    notes = []
    if q is None:
        notes.append(
            "A group's studies agree to the last digit, so its Hartung-Knapp variance is 0: no test."
        )
    if model == "random" and tau2_common and free == 0:
        notes.append(
            "Every group is one study: how much studies differ within groups cannot be estimated, and was taken "
            "to be nothing. The test is of these studies only."
        )
    edge = [group.name for group in made if group.events in (0, group.n)]
    if edge and measure in ("logit", "log", "raw"):
        notes.append(_corrected(edge))
    return SubgroupTest(
        by=asked.by,
        model=model,
        measure=measure,
        tau2_estimator=tau2 if model == "random" else None,
        tau2_common=tau2_common,
        groups=tuple(made),
        kind="" if q is None else "Q between",
        statistic=q,
        df=None if q is None else df,
        pvalue=None if q is None else float(chdtrc(df, q)),
        wald=None,
        tau2=shared if tau2_common and model == "random" else None,
        q_within=within,
        q_within_df=free,
        notes=tuple(notes),
    )


def _corrected(edge: Sequence[str]) -> str:
    listed = ", ".join(edge)
    return (
        f"All or none responded in every study of {listed}: its pool, and so the test, rests on the 0.5 added to its "
        "counts."
    )


def _group(
    name: str, x: Floats, n: Floats, estimate: float | None, se: float | None, tau2: float | None
) -> Group:
    return Group(name, len(x), int(x.sum()), int(n.sum()), estimate, se, tau2)


def _q_between(groups: Sequence[Group]) -> float:
    """The weighted squares of the groups' estimates about their mean."""
    y = np.array([group.estimate for group in groups])
    v = np.array([group.se for group in groups]) ** 2
    return float(generalised_q(y, v, np.zeros(())))


def _binomial(
    x: Floats,
    n: Floats,
    number: npt.NDArray[np.intp],
    names: Sequence[str],
    asked: Asked,
) -> SubgroupTest:
    """Wald's test of separate pools; the likelihood ratio where tau2 is shared."""
    tau2_common = asked.tau2_common
    notes: list[str] = []
    wald = None
    if tau2_common:
        groups, wald = _shared(x, n, number, names)
    else:
        groups = _separate(x, n, number, names)
    statistic: float | None = None
    df: int | None = None
    kind, between = "", None
    lost = [group.name for group in groups if group.estimate is None]
    if not tau2_common:
        if not lost:
            kind, statistic, df = "Wald", _q_between(groups), len(names) - 1
        else:
            notes.append(_no_wald(lost))
    else:
        found = None if len(x) <= len(names) else likelihood_ratio_of_groups(x, n, number.astype(float))
        if found is not None:
            statistic, df, tau = found
            kind, between = "likelihood ratio", tau**2
            if lost:
                notes.append(
                    f"All or none responded in every study of {', '.join(lost)}: its logit is infinite, so it has no "
                    "estimate and Wald's test does not exist; the likelihood ratio does, but its p is rougher than "
                    "it looks."
                )
        elif len(x) <= len(names):
            notes.append(
                f"{len(x)} studies in {len(names)} groups leave nothing to tell differences between groups from "
                "those between studies: no test."
            )
        else:
            notes.append(
                "In every study either all patients responded or none did: no likelihood can tell how much studies "
                "differ within groups, so there is no test of whether the groups do. A test of the summed counts "
                "would ignore that studies differ, and is no substitute."
            )
    return SubgroupTest(
        by=asked.by,
        model=asked.model,
        measure="logit",
        tau2_estimator="ml",
        tau2_common=tau2_common,
        groups=tuple(groups),
        kind=kind,
        statistic=statistic,
        df=df,
        pvalue=None if statistic is None or df is None else float(chdtrc(df, statistic)),
        wald=wald,
        tau2=between,
        q_within=None,
        q_within_df=None,
        notes=tuple(notes),
    )


def _no_wald(lost: Sequence[str]) -> str:
    listed = ", ".join(lost)
    return (
        f"In every study of {listed} all patients responded, or none, or only one group of patients was seen: with a "
        "tau² of its own its likelihood has no maximum, so there is no test with separate tau². With one tau² for all "
        "groups there may be. An exact test of the summed counts would ignore that studies differ, and is no "
        "substitute."
    )


def _separate(x: Floats, n: Floats, number: npt.NDArray[np.intp], names: Sequence[str]) -> list[Group]:
    """Each group pooled by itself."""
    made = []
    for place, name in enumerate(names):
        own = number == place
        counts = x[own][None], n[own][None]
        if binomial.has_maximum(*counts)[0]:
            best = binomial.maximise(*counts)
            pool = float(best.mu[0]), float(best.se[0]), float(best.tau[0]) ** 2
            made.append(_group(name, x[own], n[own], *pool))
        else:
            made.append(_group(name, x[own], n[own], None, None, None))
    return made


def _shared(
    x: Floats, n: Floats, number: npt.NDArray[np.intp], names: Sequence[str]
) -> tuple[list[Group], ModeratorTest | None]:
    """The groups' logits in one model, with Wald's test; those of groups where all or none responded are infinite."""
    totals = [(x[number == place].sum(), n[number == place].sum()) for place in range(len(names))]
    finite = [place for place, (events, size) in enumerate(totals) if 0 < events < size]
    kept = np.isin(number, finite)
    design = (number[kept][:, None] == np.array(finite, dtype=int)).astype(float)
    found: dict[int, tuple[float, float]] = {}
    tau2 = wald = None
    inside = kept & (x > 0) & (x < n)
    if (
        inside.any()
        and kept.sum() > len(finite)
        and len(x) > len(names)
        and separated_by(x[kept], n[kept], design) is None
    ):
        fit = fit_binomial_regression(x[kept], n[kept], design)
        tau2 = fit.tau2
        if len(finite) == len(names) > 1:
            wald = _wald(fit.estimate, fit.covariance)
        found = {
            place: (float(b), float(s)) for place, b, s in zip(finite, fit.estimate, fit.se, strict=True)
        }
    made = []
    for place, name in enumerate(names):
        own = number == place
        estimate, se = found.get(place, (None, None))
        made.append(_group(name, x[own], n[own], estimate, se, tau2 if place in found else None))
    return made, wald


def _wald(estimate: Floats, covariance: Floats) -> ModeratorTest:
    """Whether the groups' logits, from one model, are one: their differences from the first, jointly."""
    contrast = np.column_stack([-np.ones(len(estimate) - 1), np.eye(len(estimate) - 1)])
    differences, spread = contrast @ estimate, contrast @ covariance @ contrast.T
    value = float(differences @ np.linalg.solve(spread, differences))
    df = len(estimate) - 1
    return ModeratorTest("chi-square", value, df, None, float(chdtrc(df, value)))
