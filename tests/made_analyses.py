"""Analyses made by hand, so that renderers are tested without an engine. The numbers are real ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evidence.analysis import Analysis, Contrast, PoolRow, StudyRow
from evidence.review.selection import Excluded
from evidence.synthesis.results import Comparison, Fit, Heterogeneity, Interval, Pooled

INF = float("inf")


def study(label: str, events: int, n: int, low: float, high: float, **fields: Any) -> StudyRow:
    defaults: dict[str, Any] = {
        "study": label.lower().replace(" ", ""),
        "arm": "drug",
        "subgroup": "",
        "weeks": None,
        "when": "",
        "role": "pooled",
        "group": None,
        "weight": None,
        "state": "verified",
        "source": "https://example.org/paper",
        "locator": "Table 1",
        "scale": "CLASI-A",
    }
    interval = Interval(events / n, low, high)
    return StudyRow(label=label, events=events, n=n, proportion=interval, **(defaults | fields))


def pooled(k: int, events: int, n: int, exact: tuple[float, float], **fields: Any) -> Pooled:
    interval = Interval(events / n, *exact)
    defaults: dict[str, Any] = {
        "requested": "auto",
        "model": "exact",
        "measure": None,
        "tau2_estimator": None,
        "ci": None,
        "df": None,
        "level": 0.95,
        "proportion": interval,
        "exact": interval,
        "method": "Clopper-Pearson interval of the summed counts",
    }
    given = fields.pop("prediction", None)
    return Pooled(k=k, events=events, n=n, predicted=lambda: given, **(defaults | fields))


def contrast(
    ours: str, against: str, difference: tuple[float, float, float], p: float, **fields: Any
) -> Contrast:
    comparison = Comparison(
        difference=Interval(*difference),
        difference_method="Newcombe",
        ratio=Interval(2.04, 1.19, INF),
        ratio_method="Koopman",
        odds_ratio=None,
        odds_ratio_method=None,
        test="Fisher",
        pvalue=p,
    )
    return Contrast(ours, against, comparison, **fields)


def all_responded() -> Analysis:
    """Three small series in which everyone responded, against a trial at two times."""
    trial = {"role": "reference", "study": "trials", "arm": "drug 300 mg"}
    return Analysis(
        version="0.1.0",
        review="/somewhere/review",
        title="A drug for a disease of the skin",
        outcome="half",
        outcome_label="CLASI-50",
        definition="at least 50 % less CLASI-A",
        better="higher",
        analysis="primary",
        options={"model": "auto", "weeks": (8, 26), "level": 0.95},
        studies=(
            study("Ours", 6, 6, 0.5407, 1, role="ours", study="ours2025"),
            study("Chasset 2023", 11, 11, 0.7151, 1, state="secondary"),
            study("Valencia 2025", 9, 9, 0.6637, 1, scale="RCLASI-A"),
            study("TULIP-1+2", 49, 107, 0.3611, 0.5573, weeks=12, when="week 12", **trial),
            study("TULIP-1+2", 68, 107, 0.5369, 0.7266, weeks=52, when="week 52", **trial),
            study("TULIP-2", 24, 49, 0.3442, 0.6366, when="week 12", role="reference", state="unverified"),
            study("placebo", 24, 94, 0.1708, 0.3557, when="week 12", role="reference", arm="placebo"),
        ),
        pooled=(
            PoolRow(
                "all",
                pooled(
                    3,
                    26,
                    26,
                    (0.867725, 1),
                    model="bayes",
                    proportion=Interval(0.9731, 0.8101, 0.9991),
                    average=Interval(0.964, 0.740, 0.999),
                    prediction=Interval(0.9731, 0.633, 0.9994),
                    notes=(
                        "All responded in every series: no likelihood can estimate how much series differ.",
                    ),
                    method="Bayesian binomial-normal model (k = 3)",
                ),
            ),
            PoolRow(
                "others", pooled(2, 20, 20, (0.8316, 1), model="bayes", average=Interval(0.95, 0.7, 0.999))
            ),
        ),
        panel=(PoolRow("all", pooled(3, 26, 26, (0.867725, 1))),),
        comparisons=(
            contrast(
                "Ours",
                "TULIP-1+2, week 12",
                (0.542, 0.141, 0.633),
                0.0116,
                differs_in=(
                    "drop-outs counted as non-responders in TULIP",
                    "last visit against weeks 12 and 52",
                ),
                hidden_nonresponders=1,
            ),
            contrast("Ours", "TULIP-1+2, week 52", (0.364, -0.035, 0.459), 0.092),
            contrast("Ours", "TULIP-2, week 12", (0.5102, 0.0970, 0.6442), 0.0266),
        ),
        excluded=(
            Excluded(
                "lsm2023", "Series of four", "patients not public", "2 of 4 patients' scores are public"
            ),
        ),
        notes=("A possible overlap of Valencia 2025 with Martin 2024.",),
        scales={"R": "RCLASI-A"},
    )


def heterogeneous(k: int = 14, **fields: Any) -> Analysis:
    """Many series by maximum likelihood, with heterogeneity, an average and a prediction."""
    base = all_responded()
    rows = tuple(study(f"Study {i + 1}", 20 + i, 40 + i, 0.3, 0.7, weight=1 / k) for i in range(k))
    events, n = sum(r.events for r in rows), sum(r.n for r in rows)
    result = pooled(
        k,
        events,
        n,
        (0.45, 0.6),
        model="binomial",
        measure="logit",
        ci="t",
        df=k - 1,
        proportion=Interval(0.798443, 0.68, 0.8808),
        average=Interval(0.77, 0.66, 0.86),
        prediction=Interval(0.798443, 0.41, 0.96),
        fit=Fit(1.376, 0.25, 0.754, 1.998),
        heterogeneity=Heterogeneity(
            tau2=0.58931,
            i2=0.56,
            i2_low=0.22,
            i2_high=0.76,
            i2_kind="Q",
            h2=2.29,
            q=29.8,
            df=k - 1,
            pvalue=0.005,
            lrt=12.3,
            lrt_pvalue=0.0004,
            tau2_limits=lambda: (0.12, 2.05),
        ),
        method=f"Binomial-normal model (k = {k}; maximum likelihood; t interval, {k - 1} df)",
    )
    made = replace(
        base, studies=rows, pooled=(PoolRow("all", result),), comparisons=(), excluded=(), notes=()
    )
    return replace(made, **fields)


def bare_counts() -> Analysis:
    """Counts typed on the command line: no titles, sources or states."""
    rows = tuple(
        study(f"Series {i}", x, n, 0.5, 1, state="", source="", locator="", scale="")
        for i, (x, n) in enumerate([(5, 6), (9, 9)], 1)
    )
    pool = PoolRow("all", pooled(2, 14, 15, (0.68, 0.998)))
    return replace(
        all_responded(),
        title="Counts",
        outcome="",
        outcome_label="",
        definition="",
        better="",
        studies=rows,
        pooled=(pool,),
        comparisons=(),
        excluded=(),
        notes=(),
        scales={},
    )
