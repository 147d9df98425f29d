"""The Bayesian binomial-normal model as a `Part`, with what the answer leans on where all or none responded."""

from __future__ import annotations

import numpy as np

from evidence.synthesis import bayes, notes, tipping
from evidence.synthesis.fitting import Options, Part, few_studies_notes
from evidence.synthesis.results import Floats


def bayesian(x: Floats, n: Floats, options: Options) -> Part:
    """The binomial-normal model with priors; any table will do."""
    k = x.shape[-1]
    prior = bayes.half_normal(options.prior_scale)
    wants_prediction = k >= 3 and options.prediction != "none"
    rows: list[tuple[Floats, Floats, Floats]] = []
    said: list[list[str]] = []
    missing = np.full(3, np.nan)
    for events, sizes in zip(x, n, strict=True):
        posterior = bayes.posterior(events, sizes, prior)
        average = np.array([*posterior.average(options.level)])
        prediction = np.array([*posterior.prediction(options.level)]) if wants_prediction else missing
        rows.append((np.array([*posterior.proportion(options.level)]), average, prediction))
        said.append(_everyone_notes(events, sizes, average, options.level))
    proportion, average, prediction = (np.stack(column, axis=-1) for column in zip(*rows, strict=True))
    part = Part(
        "bayes",
        f"Bayesian binomial-normal model (k = {k}; {prior.label}; posterior median, equal-tailed credible interval)",
        proportion,
        measure="logit",
        average=average,
        prediction=prediction if wants_prediction else None,
        average_above=posterior.average_above,
        notes=said,
    )
    few_studies_notes(part, k, options)
    return part


def _everyone_notes(events: Floats, n: Floats, average: Floats, level: float) -> list[str]:
    """Where all or none responded: the range over priors and the tipping curve. Other tables need neither."""
    if 0 < events.sum() < n.sum():
        return []
    none = events.sum() == 0
    tail = (1 + level) / 2 if none else (1 - level) / 2
    others = [
        (prior.label, bayes.posterior(events, n, prior, rough=True).average_quantile(tail))
        for prior in (bayes.half_cauchy(), bayes.vague_normal())
    ]
    limits = tipping.average_limit(n, np.array(tipping.TAUS), level)
    return [
        notes.prior_range(float(average[2 if none else 1]), others, upper=bool(none)),
        notes.tipping(tipping.TAUS, (1 - limits if none else limits).tolist(), upper=bool(none)),
    ]
