"""Konstantopoulos 2011, Research Synthesis Methods 2:61-76: modified school calendars, 56 studies in 11 districts.

Table 5, page 71, three-level model by maximum likelihood; the REML figures and profile intervals as metafor's own test
of this analysis states them. Data: metadat's dat.konstantopoulos2011.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from evidence.synthesis.clusters.multilevel import ThreeLevel, three_level

DATA = Path(__file__).resolve().parents[1] / "reference" / "konstantopoulos2011.csv"

HALF = 0.5e-4  # half a unit of the last digit


def fit(estimator: str, **options: str) -> ThreeLevel:
    with DATA.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    yi, vi = ([float(row[name]) for row in rows] for name in ("yi", "vi"))
    return three_level(yi, vi, [row["district"] for row in rows], estimator=estimator, **options)


def test_table_5_maximum_likelihood() -> None:
    found = fit("ml", ci="wald")
    assert (found.k, found.clusters) == (56, 11)
    assert [found.fit.estimate, found.fit.se] == pytest.approx([0.1845, 0.0805], abs=HALF)
    assert [found.between.variance, found.within.variance] == pytest.approx([0.0577, 0.0329], abs=HALF)
    assert found.prediction == pytest.approx((-0.4262, 0.7951), abs=HALF)


def test_restricted_likelihood_and_its_profile_intervals() -> None:
    found = fit("reml")
    assert [found.fit.estimate, found.fit.se] == pytest.approx([0.1847, 0.0846], abs=HALF)
    assert found.log_likelihood == pytest.approx(-7.9587, abs=HALF)
    between, within = found.between, found.within
    assert [between.variance, between.low, between.high] == pytest.approx([0.0651, 0.0222, 0.2072], abs=HALF)
    assert [within.variance, within.low, within.high] == pytest.approx([0.0327, 0.0163, 0.0628], abs=HALF)
    # the correlation of rows of a district
    assert between.variance / (between.variance + within.variance) == pytest.approx(0.6653, abs=HALF)
