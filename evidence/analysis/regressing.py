"""regress(): what a review's studies have to do with their proportions; regress_rows(): the same of bare counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from evidence.analysis.about import about_counts, about_review
from evidence.analysis.formula import CODED, Design, make_design, parse_formula, read_columns
from evidence.analysis.notices import alarms, notices_of, retracted
from evidence.analysis.pooling import unchecked, version
from evidence.analysis.results import Result, StudyRow
from evidence.analysis.rows import count_rows, review_rows, tell_apart
from evidence.errors import NotPossible, OptionError
from evidence.review.choice import Window
from evidence.review.counts import CountRow
from evidence.review.names import listed
from evidence.review.selection import resolve, select, value_of, where_columns
from evidence.review.tables import Review
from evidence.synthesis.inverse_variance.models import critical
from evidence.synthesis.proportions import MEASURES, check_level, harmonic_mean
from evidence.synthesis.regression.binomial import fit_binomial_regression, separated_by
from evidence.synthesis.regression.permutation import PermutationTest, permute
from evidence.synthesis.regression.regression import (
    ESTIMATORS,
    RegressionFit,
    dependent_columns,
    fit_inverse_variance_regression,
    slopes,
)
from evidence.synthesis.results import Floats, Interval

MODELS = ("binomial", "random", "common")
INTERVALS_OF: Mapping[str, tuple[str, ...]] = {
    "binomial": ("t", "wald"),
    "random": ("hksj", "hksj-plain", "t", "wald"),
    "common": ("wald", "t", "hksj", "hksj-plain"),
}
"""Model -> intervals of its coefficients, the default first."""

PER_COVARIATE = 10
"""Studies a covariate needs for its coefficient to be more than a hint (Cochrane Handbook, chapter 10)."""

INTERCEPT = "Intercept"


@dataclass(frozen=True)
class Predicted:
    """The proportion that the regression expects of studies with these covariates.

    `proportion` is the mean on the model scale taken back (for logits the median proportion), `prediction` the limits
    for one study, None where the model knows no differences between studies.
    """

    at: Mapping[str, Any]
    proportion: Interval
    prediction: Interval | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Regression(Result):
    """Everything `evidence regress` shows: the rows that entered, the coefficients, the tests, what was left out."""

    formula: str = ""
    fit: RegressionFit = field(default=None, repr=False)  # type: ignore[assignment]
    design: Design = field(default=None, repr=False)  # type: ignore[assignment]
    measure: str = "logit"
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict, repr=False)
    """The covariates of the rows that entered, by column."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Pairs of a row's name and why it could not enter."""
    permutation: PermutationTest | None = None
    predictions: tuple[Predicted, ...] = ()

    @property
    def terms(self) -> tuple[str, ...]:
        """The coefficients' names, as the formula codes them: Intercept, year, design[T.cohort]."""
        return self.design.names

    def coefficient(self, term: str) -> Interval:
        """A coefficient with its limits, on the model scale; raises OptionError for a name there is not."""
        if term not in self.terms:
            raise OptionError("term", term, self.terms)
        place, fit = self.terms.index(term), self.fit
        return Interval(float(fit.estimate[place]), float(fit.low[place]), float(fit.high[place]), fit.level)

    def odds_ratio(self, term: str) -> Interval | None:
        """The same as an odds ratio; None on other scales than the logit, and for the intercept."""
        if self.measure != "logit" or term == INTERCEPT:
            return None
        with np.errstate(over="ignore"):
            middle, low, high = (float(np.exp(value)) for value in self.coefficient(term))
        return Interval(middle, low, high, self.fit.level)

    def predict(self, at: Mapping[str, object]) -> tuple[Predicted, ...]:
        """The proportion expected at values of the covariates: {"year": 2020} or {"year": [2010, 2020]}.

        Every column of the formula needs a value; lists are taken side by side, a single value stands for all.
        """
        columns: dict[str, list[object]] = {
            name: list(value) if isinstance(value, list | tuple | np.ndarray) else [value]
            for name, value in at.items()
        }
        sizes = {len(column) for column in columns.values() if len(column) != 1}
        if len(sizes) > 1:
            raise OptionError("at", dict(at), "lists of one length")
        size = sizes.pop() if sizes else 1
        columns = {name: column * (size if len(column) == 1 else 1) for name, column in columns.items()}
        mean, se = self.fit.at(self.design.rows(columns))
        quantile = critical(self.fit.level, self.fit.df)
        tau2 = None if self.fit.model == "common" else self.fit.tau2
        return tuple(
            Predicted(
                {name: column[place] for name, column in columns.items()},
                self._natural(mean[place], quantile * se[place]),
                None
                if tau2 is None
                else self._natural(mean[place], quantile * float(np.sqrt(tau2 + se[place] ** 2))),
                tuple(self._beyond({name: column[place] for name, column in columns.items()})),
            )
            for place in range(len(mean))
        )

    def _natural(self, mean: float, half: float) -> Interval:
        inverse = MEASURES[self.measure].inverse
        size = harmonic_mean(np.array([float(row.n) for row in self.studies]))
        low, middle, high = (float(inverse(value, size)) for value in (mean - half, mean, mean + half))
        return Interval(middle, low, high, self.fit.level)

    def _beyond(self, at: Mapping[str, object]) -> Iterator[str]:
        for name, (least, most) in self.design.ranges.items():
            value = float(str(at[name]))
            if not least <= value <= most:
                yield f"{name} {value:g} lies outside the studies' {least:g} to {most:g}."


# ---- from a review -------------------------------------------------------------------------------


def regress(
    review: Review,
    formula: str,
    outcome: str | None = None,
    *,
    analysis: str | None = None,
    where: str | None = None,
    weeks: Window | float | str | None = None,
    exclude_retracted: bool = False,
    model: str = "binomial",
    measure: str = "logit",
    tau2: str = "reml",
    ci: str | None = None,
    level: float = 0.95,
    permutations: int | str = 0,
    seed: int = 1,
    at: Sequence[Mapping[str, object]] = (),
) -> Regression:
    """Regress an outcome's proportions on columns of the studies and outcomes tables, one row a cohort.

    `formula` names them, "~ year + design"; the rows are those that `pool` would pool of `outcome` with `analysis`,
    `where`, `weeks` and `exclude_retracted`. The other options, and what is raised, are those of `regress_rows`.
    """
    options = _options(model, measure, tau2, ci, level, permutations, seed)
    spec = resolve(review, outcome, analysis)
    columns = where_columns(review)
    parsed = parse_formula(formula, columns)
    notices = notices_of(review)
    barred = retracted(notices) if exclude_retracted else {}
    selection = select(review, spec, weeks=weeks, where=where, barred=barred)
    meaning = review.outcomes[spec.outcome]
    if not selection.chosen:
        raise NotPossible(f"no row of {meaning.label} is left; see: evidence pool --excluded")
    rows = tell_apart(review_rows(selection.chosen, "exact", level))
    cells = [
        {name: value_of(name, entry.row, entry.study) for name in parsed.columns}
        for entry in selection.chosen
    ]
    return _regress(
        rows,
        cells,
        parsed,
        options,
        at=at,
        **about_review(review, spec),
        options={
            **options,
            "where": where,
            "weeks": selection.spec.weeks,
            "exclude_retracted": exclude_retracted,
        },
        excluded=selection.excluded,
        warnings=tuple(alarms(rows, notices)),
        notes=(*selection.warnings, *unchecked(rows)),
    )


# ---- from counts ---------------------------------------------------------------------------------


def regress_rows(
    rows: Sequence[CountRow],
    formula: str,
    *,
    title: str = "",
    where: str | None = None,
    model: str = "binomial",
    measure: str = "logit",
    tau2: str = "reml",
    ci: str | None = None,
    level: float = 0.95,
    permutations: int | str = 0,
    seed: int = 1,
    at: Sequence[Mapping[str, object]] = (),
) -> Regression:
    """Regress the proportions of a table's rows on its other columns.

    formula       columns joined by + : *, and C(), center(), scale(), poly(), log() ... of them; words are groups
    model         binomial (binomial-normal, maximum likelihood), random or common (inverse variance)
    measure       logit, arcsine, double-arcsine, log, raw (random and common)
    tau2          reml, pm, dl, ml, eb, hs, he, sj (random)
    ci            of the coefficients: t, wald; for random and common hksj (default of random) and hksj-plain too
    permutations  a permutation test of so many draws, or of all where there are no more; "exact" for all; 0 for none
    seed          of the draws
    level         of every interval, 0 to 1
    at            values of the covariates to predict the proportion for, such as [{"year": 2020}]

    Raises OptionError for what is not one of these, NotPossible where the data cannot answer, in words.
    """
    options = _options(model, measure, tau2, ci, level, permutations, seed)
    columns = tuple(dict.fromkeys(["study", "events", "n", *(name for row in rows for name in row.extra)]))
    parsed = parse_formula(formula, columns)
    table: list[tuple[CountRow, dict[str, object]]] = [
        (row, {**row.extra, "study": row.study, "events": row.events, "n": row.n}) for row in rows
    ]
    if where is not None:
        from evidence.review.where import parse_where  # seldom asked for

        condition = parse_where(where, columns)
        table = [(row, cells) for row, cells in table if condition(cells)]
    if not table:
        raise NotPossible("no row is left" + (f" where {where}" if where else ""))
    return _regress(
        tell_apart(count_rows([row for row, _ in table], "exact", level)),
        [cells for _, cells in table],
        parsed,
        options,
        at=at,
        **about_counts(title),
        options={**options, "where": where},
    )


def _options(
    model: str, measure: str, tau2: str, ci: str | None, level: float, permutations: int | str, seed: int
) -> dict[str, Any]:
    """The options, checked: one that the model named cannot use is refused, rather than ignored."""
    for name, value, allowed in (
        ("model", model, MODELS),
        ("measure", measure, tuple(MEASURES)),
        ("tau2", tau2, tuple(ESTIMATORS)),
    ):
        if value not in allowed:
            raise OptionError(name, value, allowed)
    check_level(level)
    if ci is not None and ci not in INTERVALS_OF[model]:
        raise OptionError(f"ci of the {model} model", ci, INTERVALS_OF[model])
    if model == "binomial" and measure != "logit":
        raise OptionError(
            "measure of the binomial model", measure, "logit (the others need random or common)"
        )
    if model != "random" and tau2 != "reml":
        raise OptionError(f"tau2 of the {model} model", tau2, "none (only the random model estimates it so)")
    if permutations and model == "binomial":
        raise OptionError(
            "permutations of the binomial model", permutations, "0 (permutation tests need random or common)"
        )
    return {
        "model": model,
        "measure": measure,
        "tau2": tau2,
        "ci": ci or INTERVALS_OF[model][0],
        "level": level,
        "permutations": permutations,
        "seed": seed,
    }


# ---- the regression ------------------------------------------------------------------------------


def _regress(
    rows: Sequence[StudyRow],
    cells: Sequence[Mapping[str, object]],
    parsed: Any,
    asked: Mapping[str, Any],
    *,
    at: Sequence[Mapping[str, object]],
    notes: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
    **about: Any,
) -> Regression:
    found = read_columns(parsed, cells, [row.name for row in rows])
    left_out = tuple((rows[place].name, reason) for place, reason in found.left_out)
    studies = tuple(rows[place] for place in found.kept)
    if not studies:
        raise NotPossible(f"no study has a value for each of {listed(parsed.columns)}")
    design = make_design(parsed, found)
    _check_design(design, studies, left_out)
    x = np.array([float(row.events) for row in studies])
    n = np.array([float(row.n) for row in studies])
    model, measure = asked["model"], asked["measure"]
    permutation = None
    if model == "binomial":
        _check_likelihood(x, n, design, studies)
        fit = fit_binomial_regression(x, n, design.matrix, ci=asked["ci"], level=asked["level"])
    else:
        _check_edges(x, n, measure, len(studies))
        yi, vi = MEASURES[measure].effects(x, n)
        random = {"tau2": asked["tau2"] if model == "random" else None, "ci": asked["ci"]}
        fit = fit_inverse_variance_regression(yi, vi, design.matrix, level=asked["level"], **random)
        if asked["permutations"]:
            permutation = permute(
                yi, vi, design.matrix, permutations=asked["permutations"], seed=asked["seed"], **random
            )
    made = Regression(
        version=version(),
        studies=_weighted(studies, fit, x, n, measure),
        warnings=(*warnings, *_loud(fit, design, x, n, measure)),
        notes=(*notes, *_quiet(fit, permutation)),
        formula=parsed.text,
        fit=fit,
        design=design,
        measure=measure,
        values=found.values,
        left_out=left_out,
        permutation=permutation,
        **about,
    )
    if not at:
        return made
    return replace(made, predictions=tuple(predicted for one in at for predicted in made.predict(one)))


def _weighted(
    studies: tuple[StudyRow, ...], fit: RegressionFit, x: Floats, n: Floats, measure: str
) -> tuple[StudyRow, ...]:
    """The rows with their weights, where the model has any."""
    if fit.model == "binomial":
        return studies
    weights = 1 / (MEASURES[measure].effects(x, n)[1] + fit.tau2)
    weights = weights / weights.sum()
    return tuple(row._replace(weight=float(w)) for row, w in zip(studies, weights, strict=True))


def shown_term(name: str) -> str:
    """A coefficient's name as people read it: design[T.cohort] is "design: cohort", a product has a times sign."""
    words = CODED.sub(lambda match: f"{shown_factor(match['factor'])}= {match['level']}", name)
    return " × ".join(part.replace("= ", ": ") for part in words.split(":"))


def shown_factor(factor: str) -> str:
    """The column that C() made groups of, without the function."""
    match = re.fullmatch(r"C\(\s*`?([^,`]+?)`?\s*(?:,.*)?\)", factor)
    return match[1] if match else factor


def _check_design(design: Design, studies: Sequence[StudyRow], left_out: Sequence[tuple[str, str]]) -> None:
    """Whether the coefficients can be told apart, and leave anything to judge them by."""
    k, p = design.matrix.shape
    missing = f" ({len(left_out)} more lack a covariate)" if left_out else ""
    dependent = dependent_columns(design.matrix)
    if k <= p:
        raise NotPossible(
            f"{k} {'study' if k == 1 else 'studies'}{missing} cannot bear {p} coefficients "
            f"({listed([shown_term(name) for name in design.names])}): there must be more studies than coefficients, "
            f"and about {PER_COVARIATE} for each covariate to mean much"
        )
    if dependent:
        named = listed([shown_term(design.names[place]) for place in dependent])
        others = listed(
            [shown_term(name) for place, name in enumerate(design.names) if place not in dependent]
        )
        raise NotPossible(
            f"{named} {'is' if len(dependent) == 1 else 'are'} determined by {others} in these studies: their "
            "coefficients cannot be told apart. Leave one of them out of the formula"
        )


def _check_likelihood(x: Floats, n: Floats, design: Design, studies: Sequence[StudyRow]) -> None:
    inside = (x > 0) & (x < n)
    instead = "What can be said of groups by themselves: evidence pool --by COLUMN."
    if not inside.any():
        what = (
            "All patients responded in every study"
            if (x == n).all()
            else "No patient responded in any study"
            if (x == 0).all()
            else "In every study either all patients responded or none did"
        )
        raise NotPossible(
            f"{what}: the likelihood has no maximum, and there is nothing a covariate could explain. {instead}"
        )
    direction = separated_by(x, n, design.matrix)
    if direction is None:
        return
    moved = design.matrix @ direction
    named = [
        name
        for name, share in zip(design.names, direction, strict=True)
        if abs(share) > 1e-6 * np.abs(direction).max() and name != INTERCEPT
    ] or [INTERCEPT]
    pushed = [
        row.name for row, move in zip(studies, moved, strict=True) if abs(move) > 1e-6 * np.abs(moved).max()
    ]
    raise NotPossible(
        f"{listed([shown_term(name) for name in named])} separates the studies: where it sets {listed(pushed)} apart, "
        "all patients responded or none did, so the likelihood has no maximum and its coefficient is infinite. "
        f"{instead} (--model random would give an answer, resting on the 0.5 it adds to such counts.)"
    )


def _check_edges(x: Floats, n: Floats, measure: str, k: int) -> None:
    edge = (x == 0) | (x == n)
    if edge.all():
        raise NotPossible(
            f"every one of the {k} studies is at 0 or 100 %: their effects and variances are made of the correction "
            "for such counts, or of their sizes alone, and a regression of them says nothing"
        )


def _loud(fit: RegressionFit, design: Design, x: Floats, n: Floats, measure: str) -> Iterator[str]:
    """What must be read before the coefficients."""
    covariates = len(slopes(design.matrix)) - (0 if (design.matrix == 1).all(0).any() else 1)
    if covariates > 0 and fit.k < PER_COVARIATE * covariates:
        each = fit.k / covariates
        yield (
            f"{fit.k} studies for {covariates} {'coefficient' if covariates == 1 else 'coefficients'} besides the "
            f"intercept: {each:.3g} each, where about {PER_COVARIATE} are wanted. What is found is a hint at most, and "
            "what is not found may well be there."
        )
    edge = int(((x == 0) | (x == n)).sum())
    if fit.model != "binomial" and edge:
        how = (
            "to their counts 0.5 was added, which the coefficients lean on (the binomial model adds nothing)"
            if measure in ("logit", "log", "raw")
            else "their variance takes no account of it (the binomial model does)"
        )
        yield f"{edge} of {fit.k} studies {'is' if edge == 1 else 'are'} at 0 or 100 %: {how}."


def _quiet(fit: RegressionFit, permutation: PermutationTest | None) -> Iterator[str]:
    if len(fit.estimate) > 1:
        yield (
            "Studies differ in more than the covariates named, and were not randomised to them: an association "
            "between studies need not hold between patients, nor be causal."
        )
    if not (fit.se > 0).all():
        yield "The studies fit the covariates to the last digit: intervals of no width are no certainty."
    if fit.model != "common" and fit.tau2 == 0:
        yield "No difference between studies is estimated beyond the covariates and chance; few studies often show none."
    if permutation is not None and permutation.least > 0.05:
        yield (
            f"The permutation test has {permutation.possible} arrangements: its p cannot fall below "
            f"{permutation.least:.2g}, whatever the studies say."
        )
