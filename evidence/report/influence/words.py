"""An influence analysis in sentences and cells, made once for every renderer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from evidence.analysis.influencing import Influence
from evidence.analysis.results import Result, StudyRow
from evidence.report.characters import clean
from evidence.report.forest import axis_top
from evidence.report.numbers import brief, digits_for, known, plain, points, span
from evidence.report.pooled.rows import MODEL_NAMES, Row, marks
from evidence.report.pooled.text import checked_reference
from evidence.report.pooled.words import heading, sentence
from evidence.report.verbs import said
from evidence.synthesis.influence.influence import Diagnostics, LikelihoodDiagnostics
from evidence.synthesis.results import Interval

TITLES = {
    "leave-one-out": "Leave-one-out",
    "cumulative": "Cumulative pool",
    "diagnostics": "Influence diagnostics",
    "baujat": "Baujat plot",
}
COLUMNS: dict[str, tuple[str, str]] = {
    "rstudent": ("rstudent", "residual from the pool without the series, in its standard errors"),
    "rstandard": ("rstandard", "residual from the pool of all, in its standard errors"),
    "dffits": ("DFFITS", "shift of the series' own fitted value"),
    "dfbetas": ("DFBETAS", "shift of the estimate, in standard errors"),
    "cooks": ("Cook's D", "squared shift of the estimate, in standard errors of all"),
    "displacement": ("Displaced", "twice the log-likelihood lost"),
    "covariance": ("Cov. ratio", "variance of the estimate without the series over that of all"),
    "tau2": ("tau² del.", "tau² without the series"),
    "q": ("Q del.", "Q without the series"),
    "hat": ("Hat", "leverage"),
    "weight": ("Weight %", "share of the weight"),
    "baujat_x": ("Share of Q", "squared Pearson residual"),
    "baujat_y": ("Influence", "squared shift of the estimate, in standard errors without the series"),
    "blup": ("BLUP", "the series' own effect as the model predicts it"),
    "blup_se": ("BLUP SE", "its standard error"),
}
"""Diagnostics with their heads and meanings; every renderer takes names from here."""

SHOWN: dict[str, tuple[str, ...]] = {
    "baujat": ("baujat_x", "baujat_y"),
    "inverse variance": (
        "rstudent", "dffits", "cooks", "covariance", "tau2", "q", "weight", "dfbetas",
    ),
    "likelihood": ("dfbetas", "cooks", "displacement", "covariance", "tau2", "q"),
}  # fmt: skip
"""What the terminal has; CSV and JSON have every diagnostic."""

CUT_OFFS = "|DFFITS| above 3/√(k − 1), Cook's distance above 0.45, weight above 3/k, or |DFBETAS| above 1"
CUT_OFFS_LIKELIHOOD = (
    "likelihood displacement above 1.39, |DFBETAS| above 1, or no maximum without the series"
)


class Words(NamedTuple):
    """The sentences around the table."""

    heading: str
    headline: str
    notes: tuple[str, ...]
    method: str


def words(found: Influence) -> Words:
    """Everything there is to say, once."""
    about = heading(found)
    title = TITLES[found.show]
    return Words(
        heading=f"{title}. {about}" if about else title,
        headline=" ".join(_headline(found)),
        notes=tuple(_notes(found)),
        method=f"Method: {sentence(found.leading.method)}",
    )


def digits(found: Influence) -> int:
    """Decimals of every percentage."""
    return digits_for(axis_top([found.whole, *found.rows]))


# ---- sentences ---------------------------------------------------------------------------------------


def _headline(found: Influence) -> Iterator[str]:
    d = digits(found)
    whole = found.whole
    every = f"All {len(found.series)} series: {brief(whole.estimate, d)} % ({span(whole, d)})."
    if found.show == "leave-one-out":
        yield every
        estimates = [row.estimate for row in found.rows]
        low, high = int(np.argmin(estimates)), int(np.argmax(estimates))
        if estimates[high] - estimates[low] < 1e-9:
            yield "Whichever one is left out, the estimate stays."
        else:
            yield (
                f"Leaving out one at a time, the estimate lies between {brief(estimates[low], d)} % (without "
                f"{_name(found, low)}) and {brief(estimates[high], d)} % (without {_name(found, high)})."
            )
        yield from _against_reference(found)
    elif found.show == "cumulative":
        first, last = found.rows[0], found.rows[-1]
        yield (
            f"Added by {found.order}: from {brief(first.estimate, d)} % ({span(first, d)}) with one series to "
            f"{brief(last.estimate, d)} % ({span(last, d)}) with all {len(found.rows)}."
            if found.keys
            else f"Added in {found.order}: from {brief(first.estimate, d)} % ({span(first, d)}) with one series to "
            f"{brief(last.estimate, d)} % ({span(last, d)}) with all {len(found.rows)}."
        )
    else:
        yield every
        yield from _diagnosed(found)


def _against_reference(found: Influence) -> Iterator[str]:
    """Whether any one series carries the pool's being above (or below) the reference."""
    reference = checked_reference(found)
    if reference is None:
        return
    rate = reference.events / reference.n
    name = f"{clean(reference.name)}'s {brief(rate)} %"

    def side(value: Interval) -> int:
        return 1 if value.low > rate else -1 if value.high < rate else 0

    whole = side(found.whole)
    if not whole:
        yield f"The interval of all holds {name}."
        return
    where = "above" if whole > 0 else "below"
    other = [_name(found, place) for place, row in enumerate(found.rows) if side(row) != whole]
    if other:
        yield f"The interval of all lies {where} {name}; not so without {', or without '.join(other)}."
    else:
        yield f"Every one of these intervals lies {where} {name}."


def _diagnosed(found: Influence) -> Iterator[str]:
    diagnostics = found.diagnostics
    if found.show == "baujat":
        assert isinstance(diagnostics, Diagnostics)
        most, moves = int(diagnostics.baujat_x.argmax()), int(diagnostics.baujat_y.argmax())
        if most == moves:
            yield f"{_name(found, most)} adds most to the heterogeneity and moves the estimate most."
        else:
            yield (
                f"{_name(found, most)} adds most to the heterogeneity; {_name(found, moves)} moves the estimate most."
            )
        return
    assert diagnostics is not None
    marked = [_name(found, int(place)) for place in np.flatnonzero(diagnostics.influential)]
    k = len(found.series)
    yield (
        f"{len(marked)} of {k} series {'is' if len(marked) == 1 else 'are'} influential (*): {', '.join(marked)}."
        if marked
        else f"None of the {k} series is influential by the usual cut-offs."
    )


def _notes(found: Influence) -> Iterator[str]:
    if found.averages and found.refits is not None:
        single = "; one series alone stands with its own proportion" if (found.refits.k == 1).any() else ""
        yield f"Estimates are population averages{single}."
    diagnostics = found.diagnostics
    if found.show == "diagnostics" and diagnostics is not None:
        cut = CUT_OFFS if isinstance(diagnostics, Diagnostics) else CUT_OFFS_LIKELIHOOD
        yield f"Influential (*): {cut}."
    yield from dict.fromkeys(sentence(said(found, note)) for note in found.notes)


def _name(found: Influence, place: int) -> str:
    return clean(found.series[place].name)


# ---- lines -------------------------------------------------------------------------------------------


def lines(found: Influence) -> list[Row]:
    """The refits as lines of a forest, the pool of all last, then the reference that has been checked."""
    out = [
        Row(
            "study",
            label(found, place),
            marks=marks(found, row) if found.show == "cumulative" else (),
            events=int(found.refits.events[place]),
            n=int(found.refits.n[place]),
            value=value,
        )
        for place, (row, value) in enumerate(zip(found.series, found.rows, strict=True))
        if found.refits is not None
    ]
    whole = found.leading
    model = MODEL_NAMES.get(whole.model, whole.model)
    out.append(
        Row("pool", f"All series, {model}", events=int(whole.events), n=int(whole.n), value=found.whole)
    )
    reference = checked_reference(found)
    if reference is not None:
        out.append(_reference(found, reference))
    return out


def _reference(found: Result, row: StudyRow) -> Row:
    return Row(
        "reference",
        clean(row.name),
        marks=marks(found, row),
        events=row.events,
        n=row.n,
        value=row.proportion,
    )


def label(found: Influence, place: int) -> str:
    """ "Without A 2020"; "+ A 2020, 14" where the value that orders it is not in its name; a model of its own is named."""
    name = _name(found, place)
    own = found.refits.model[place] if found.refits else ""
    aside = f" ({MODEL_NAMES.get(own, own)})" if own != found.leading.model and own != "exact" else ""
    if found.show == "leave-one-out":
        return f"Without {name}{aside}"
    key = clean(found.keys[place]) if found.keys else ""
    return f"+ {name}{', ' + key if key and key not in name else ''}{aside}"


def table(found: Influence) -> list[tuple[str, ...]]:
    """What the forest does not show, as cells with a head; no rows where there is nothing."""
    if found.refits is None:
        return _diagnostic_cells(found)
    refits, d = found.refits, digits(found)
    columns: list[tuple[str, Sequence[str]]] = []
    if found.show == "leave-one-out":
        shifts = [points(row.estimate - found.whole.estimate, d, sign=True) for row in found.rows]
        columns.append(("Points", shifts))
    for head, values, spec in (
        ("tau²", refits.tau2, 1.0),
        ("I² %", refits.i2, 100.0),
        ("Q", refits.q, 1.0),
    ):
        if np.isfinite(values).any() and not (head == "tau²" and found.leading.model == "common"):
            columns.append((head, [_cell(value, spec) for value in values]))
    if np.isfinite(refits.pvalue).any():
        columns.append(("p", [_p(value) for value in refits.pvalue]))
    if not columns:
        return []
    names = [label(found, place) for place in range(len(found.series))]
    heads = ("Series", *(name for name, _ in columns))
    return [heads, *zip(names, *(cells for _, cells in columns), strict=True)]


def _cell(value: float, times: float) -> str:
    if not known(value):
        return "–"
    return f"{times * value:.0f}" if times == 100 else plain(float(value)) if value else "0"


def _diagnostic(value: float) -> str:
    if known(value) and abs(value) < 1000:
        return f"{value:.3f}".replace("-", "−")
    return _cell(value, 1)


def _p(value: float) -> str:
    if not known(value):
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def diagnostic_names(diagnostics: Diagnostics | LikelihoodDiagnostics, show: str) -> tuple[str, ...]:
    """The diagnostics the terminal has."""
    if show == "baujat":
        return SHOWN["baujat"]
    return SHOWN["inverse variance" if isinstance(diagnostics, Diagnostics) else "likelihood"]


def _diagnostic_cells(found: Influence) -> list[tuple[str, ...]]:
    diagnostics = found.diagnostics
    assert diagnostics is not None
    names = diagnostic_names(diagnostics, found.show)
    columns = []
    for name in names:
        values = getattr(diagnostics, name) * (100 if name == "weight" else 1)
        columns.append([f"{value:.1f}" if name == "weight" else _diagnostic(value) for value in values])
    if found.show == "baujat":
        labels = [f"{number} {clean(row.name)}" for number, row in enumerate(found.series, 1)]
    else:
        labels = [
            clean(row.name) + (" *" if flag else "")
            for row, flag in zip(found.series, diagnostics.influential, strict=True)
        ]
    return [("Series", *(COLUMNS[name][0] for name in names)), *zip(labels, *columns, strict=True)]
