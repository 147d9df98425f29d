"""How often tests of funnel asymmetry cry bias where there is none: proportions, no selection of any kind.

Writes validation/small_studies.csv: for each proportion and each spread between studies (tau, of logits), the share
of p-values below 0.05 by test, and how often the test existed. Takes under a minute; the seed is fixed.

    python validation/small_studies.py
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from evidence.errors import NotPossible
from evidence.synthesis.proportions import MEASURES
from evidence.synthesis.results import Floats
from evidence.synthesis.small_studies.asymmetry import (
    FunnelTest,
    begg,
    egger,
    macaskill,
    peters,
    size_test,
    thompson,
)

SEED, DRAWS, STUDIES = 20261122, 1000, 15
SMALLEST, LARGEST = 10, 200  # patients, even on the log scale
PROPORTIONS, TAUS = (0.5, 0.8, 0.9, 0.95), (0.0, 0.5, 1.0)
TABLE = Path(__file__).parent / "small_studies.csv"


def logit(x: Floats, n: Floats) -> tuple[Floats, Floats]:
    return MEASURES["logit"].effects(x, n)


def arcsine(x: Floats, n: Floats) -> tuple[Floats, Floats]:
    return MEASURES["arcsine"].effects(x, n)


TESTS: dict[str, Callable[[Floats, Floats], FunnelTest]] = {
    "size": size_test,
    "arcsine": lambda x, n: egger(*arcsine(x, n)),
    "arcsine-thompson": lambda x, n: thompson(*arcsine(x, n)),
    "peters": lambda x, n: peters(logit(x, n)[0], x, n),
    "macaskill": lambda x, n: macaskill(*logit(x, n), n),
    "egger": lambda x, n: egger(*logit(x, n)),
    "egger-mixed": lambda x, n: egger(*logit(x, n), form="mixed"),
    "thompson": lambda x, n: thompson(*logit(x, n)),
    "begg": lambda x, n: begg(*logit(x, n)),
}


def rate(
    test: Callable[[Floats, Floats], FunnelTest], draws: list[tuple[Floats, Floats]]
) -> tuple[float, float]:
    """The share of p-values below 0.05, and of draws for which the test existed."""
    pvalues = []
    for x, n in draws:
        try:
            pvalues.append(test(x, n).pvalue)
        except NotPossible:
            continue
    return float(np.mean(np.array(pvalues) < 0.05)), len(pvalues) / len(draws)


def main() -> None:
    rng = np.random.default_rng(SEED)
    with TABLE.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["proportion", "tau", "k", "draws", "test", "false_positives", "existed"])
        for p in PROPORTIONS:
            for tau in TAUS:
                sizes = np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST), (DRAWS, STUDIES))).round()
                logits = np.log(p / (1 - p)) + tau * rng.standard_normal((DRAWS, STUDIES))
                events = rng.binomial(sizes.astype(int), 1 / (1 + np.exp(-logits))).astype(float)
                draws = list(zip(events, sizes, strict=True))
                for name, test in TESTS.items():
                    false, existed = rate(test, draws)
                    table.writerow([p, tau, STUDIES, DRAWS, name, f"{false:.3f}", f"{existed:.3f}"])


if __name__ == "__main__":
    main()
