"""evidence regress: formulas, what it refuses and why, what it prints, and that no formula runs code."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from scipy.special import expit

import evidence
from evidence.cli import main, regress
from evidence.errors import NotPossible, OptionError
from evidence.literature import LITERATURE
from evidence.report import render
from evidence.report.regression import methods as regression_methods
from evidence.review.counts import CountRow
from evidence.synthesis.regression import binomial as regression_binomial
from evidence.synthesis.regression import permutation, regression, subgroups

TABLE = """study,events,n,year,design
Adams 2010,5,9,2010,cohort
Baker 2011,8,12,2011,trial
Cole 2013,10,20,2013,cohort
Diaz 2014,7,9,2014,trial
Evans 2015,14,30,2015,cohort
Ford 2016,22,25,2016,trial
Gray 2018,9,21,2018,cohort
Hill 2019,18,22,2019,trial
Ito 2020,3,7,2020,
Jones 2021,30,41,2021,cohort
Kim 2021,12,41,2021,cohort
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TABLE)


def run(*args: str, **settings: Any) -> Result:
    return CliRunner().invoke(main, ["regress", *args], **settings)


def rows(text: str = TABLE) -> list[CountRow]:
    return [
        CountRow(line.pop("study"), int(line.pop("events")), int(line.pop("n")), line, number)
        for number, line in enumerate(csv.DictReader(io.StringIO(text)), 2)
    ]


# ---- what it prints --------------------------------------------------------------------------------


def test_the_screen() -> None:
    result = run(
        "~ year + design", "t.csv", "--at", "year=2020,design=trial", "--at", "year=1990,design=cohort"
    )
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    assert "design: trial against cohort: odds 4.49 times as high" in text
    assert "Not in the regression: Ito 2020 (no value for design)." in text
    assert "10 studies for 2 coefficients besides the intercept" in text
    assert "year 1990 lies outside the studies' 2010 to 2021." in text
    assert "F(2, 7) =" in text
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_the_screen_says_what_the_library_says() -> None:
    made = evidence.regress_rows(rows(), "~ year + design", model="random", permutations=99)
    shown = json.loads(
        run(
            "~ year + design", "t.csv", "--model", "random", "--permutations", "99", "--format", "json"
        ).stdout
    )
    assert [one["term"] for one in shown["coefficients"]] == list(made.terms)
    for place, one in enumerate(shown["coefficients"]):
        assert one["estimate"] == made.fit.estimate[place]
        assert one["pvalue"] == made.fit.pvalue[place]
        assert made.permutation is not None
        assert one["permutation_pvalue"] == made.permutation.pvalue[place]
    assert shown["left_out"] == [{"study": "Ito 2020", "reason": "no value for design"}]
    assert shown["against"] == {"design": "cohort"}
    assert shown["heterogeneity"]["tau2_high"] > shown["heterogeneity"]["tau2"]


def test_csv_has_every_coefficient_and_study() -> None:
    lines = list(csv.DictReader(run("~ year + design", "t.csv", "--format", "csv").stdout.splitlines()))
    kinds = [line["kind"] for line in lines]
    assert kinds.count("coefficient") == 3
    assert kinds.count("study") == 10
    assert kinds.count("left out") == 1
    trial = next(line for line in lines if line["term"] == "design[T.trial]")
    assert float(trial["odds_ratio"]) == pytest.approx(np.exp(float(trial["estimate"])))


def test_hostile_names_reach_no_terminal() -> None:
    """Rows made in Python are not checked as a file's are."""
    text = TABLE.replace("Ito 2020", "\x1b[2JIto").replace("trial", "tri\x1b]0;x\x07al")
    made = evidence.regress_rows(rows(text), "~ year + design", at=[{"year": 2020, "design": "cohort"}])
    shown = [render(made, form, unicode=False) for form in ("text", "json", "csv")]
    for said in (*shown, regression_methods.methods(made), regression_methods.r_code(made)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", said)
    assert shown[0].isascii()


def test_methods_and_r() -> None:
    methods = run(
        "~ year + design", "t.csv", "--model", "random", "--permutations", "999", "--methods"
    ).stdout
    assert "REML" in methods
    assert "999 random" in methods
    assert len(re.findall(r"^\d+\. ", methods, re.M)) == 5
    code = run("~ year + design", "t.csv", "--model", "random", "--show-r").stdout
    assert 'mods = ~ year + design, data = dat, method = "REML"' in code
    assert 'test = "adhoc"' in code
    assert 'levels = c("cohort", "trial")' in code
    assert "rma.glmm(" in run("~ year", "t.csv", "--show-r").stdout
    matrix = run("~ C(design, contr.treatment('trial'))", "t.csv", "--model", "common", "--show-r").stdout
    assert "mods = X, intercept = FALSE" in matrix
    both = run("~ year", "t.csv", "--show-r", "--methods").stdout
    assert both.index("1. ") < both.index("library(metafor)")
    assert run("~ year", "t.csv", "--show-r", "--format", "json").exit_code == 2


def test_sources_have_references() -> None:
    for module in (regression, regression_binomial, permutation, subgroups):
        assert set(module.SOURCES) <= set(LITERATURE)


# ---- predictions ---------------------------------------------------------------------------------


def test_predictions_are_the_coefficients_taken_back() -> None:
    made = evidence.regress_rows(rows(), "~ year + design", model="random", ci="t")
    found = made.predict({"year": [2012, 2018], "design": "trial"})
    eta = made.fit.estimate @ np.array([[1, 2012, 1], [1, 2018, 1]]).T
    assert [one.proportion.estimate for one in found] == pytest.approx(expit(eta), rel=1e-9)
    for one in found:
        assert one.prediction is not None
        assert one.prediction.low < one.proportion.low < one.proportion.estimate
    with pytest.raises(OptionError, match="design is 'case'; allowed: cohort, trial"):
        made.predict({"year": 2012, "design": "case"})
    with pytest.raises(OptionError, match="a value for each of"):
        made.predict({"year": 2012})
    with pytest.raises(OptionError, match="a number"):
        made.predict({"year": "soon", "design": "trial"})


def test_the_group_compared_with_can_be_chosen() -> None:
    made = evidence.regress_rows(rows(), "~ C(design, contr.treatment('trial'))")
    other = evidence.regress_rows(rows(), "~ design")
    assert made.fit.estimate[1] == pytest.approx(-other.fit.estimate[1], abs=1e-6)
    assert made.fit.tau2 == pytest.approx(other.fit.tau2, abs=1e-6)


@pytest.mark.parametrize("model", ["binomial", "random", "common"])
def test_centring_moves_the_intercept_alone(model: str) -> None:
    plain, centred = (
        evidence.regress_rows(rows(), formula, model=model) for formula in ("~ year", "~ center(year)")
    )
    assert centred.fit.estimate[1] == pytest.approx(plain.fit.estimate[1], rel=1e-4)
    at = {"year": 2017}
    assert centred.predict(at)[0].proportion.estimate == pytest.approx(
        plain.predict(at)[0].proportion.estimate, rel=1e-6
    )


# ---- formulas run nothing --------------------------------------------------------------------------

HARMFUL = [
    "~ __import__('os').system('touch harm')",
    "~ {open('harm', 'w')}",
    "~ I(open('harm', 'w'))",
    "~ exec('1')",
    "~ year.__class__",
    "~ I(year.__class__)",
    "~ I((lambda: 1)())",
    "~ I([open('harm', 'w') for _ in range(1)])",
    "~ I('a' * 999999999)",
    "~ I(9 ** 9 ** 9)",
    "~ I(year ** year)",
    "~ np.sqrt(year)",
    "~ log(year).__class__",
    "~ contr.treatment(open('harm', 'w'))",
    "~ C(design, open('harm', 'w'))",
]


@pytest.mark.parametrize("formula", HARMFUL)
def test_a_formula_is_no_program(formula: str) -> None:
    with pytest.raises(OptionError):
        evidence.regress_rows(rows(), formula)
    assert not Path("harm").exists()


WRONG = [
    ("~ yeer", "did you mean year?"),
    ("y ~ year", "nothing left of ~"),
    ("", "allowed: columns joined by"),
    ("~ 0", "no term at all"),
    ("~ events", "which is the outcome itself"),
    ("~ year +", "allowed: columns joined by"),
]


@pytest.mark.parametrize(("formula", "said"), WRONG)
def test_wrong_formulas_end_with_2(formula: str, said: str) -> None:
    result = run(formula, "t.csv")
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    "args",
    [
        ["--measure", "arcsine"],
        ["--tau2", "dl"],
        ["--ci", "hksj"],
        ["--permutations", "exact"],
        ["--model", "common", "--tau2", "dl"],
        ["--model", "random", "--permutations", "7"],
        ["--permutations", "many"],
        ["--at", "2020"],
        ["--at", "month=5"],
        ["--outcome", "clasi50"],
    ],
)
def test_options_that_do_not_go_together(args: list[str]) -> None:
    result = run("~ year", "t.csv", *args)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output


# ---- what the data cannot bear ---------------------------------------------------------------------


def refused(formula: str, text: str, **options: Any) -> str:
    with pytest.raises(NotPossible) as error:
        evidence.regress_rows(rows(text), formula, **options)
    return str(error.value)


HEAD = "study,events,n,year,design\n"


def test_refusals_name_what_is_wrong() -> None:
    assert "cannot bear 2 coefficients" in refused("~ year", HEAD + "A,3,5,2010,x\nB,4,6,2011,y\n")
    assert "year is 2010 in every study" in refused(
        "~ year", HEAD + "A,3,5,2010,x\nB,4,6,2010,y\nC,1,4,2010,y\n"
    )
    assert "design is 'x' in every study" in refused(
        "~ design", HEAD + "A,3,5,2010,x\nB,4,6,2011,x\nC,1,4,2012,x\n"
    )
    assert "I(2 * year) is determined by Intercept, year" in refused("~ year + I(2 * year)", TABLE)
    assert "no study has a value" in refused("~ year", HEAD + "A,3,5,,x\nB,4,6,,x\n")
    assert "'about 2012'" in refused("~ year", TABLE.replace("22,25,2016", "22,25,about 2012"))
    assert "not a finite number" in refused("~ log(year)", TABLE.replace("22,25,2016", "22,25,0"))


def test_all_responded() -> None:
    said = refused("~ year", HEAD + "A,6,6,2010,x\nB,9,9,2011,x\nC,11,11,2012,y\n")
    assert said.startswith("All patients responded in every study")
    assert "every one of the 3 studies" in refused(
        "~ year", HEAD + "A,6,6,2010,x\nB,9,9,2011,x\nC,11,11,2012,y\n", model="random"
    )


def test_a_group_in_which_all_responded_is_named() -> None:
    text = HEAD + "A,6,6,2010,x\nB,9,9,2011,x\nC,5,11,2012,y\nD,6,11,2013,y\nE,3,9,2014,y\n"
    said = refused("~ design", text)
    assert "design: y separates the studies" in said or "design: y" in said
    assert "A, B" in said or "A and B" in said
    made = evidence.regress_rows(rows(text), "~ design", model="random")
    assert any("2 of 5 studies are at 0 or 100 %" in warning for warning in made.warnings)


def test_a_last_visit_is_no_number_of_weeks() -> None:
    text = "study,events,n,weeks\nA,3,5,12\nB,4,6,last visit\nC,2,8,24\nD,5,9,16\nE,5,8,20\n"
    made = evidence.regress_rows(rows(text), "~ weeks")
    assert made.left_out == (("B", "weeks is 'last visit', not a number"),)
    assert made.fit.k == 4


def test_a_perfect_fit_prints_without_infinities() -> None:
    text = "study,events,n,z\n" + "".join(f"S{i},10,20,{i}\n" for i in range(6))
    Path("p.csv").write_text(text)
    for form in ("text", "json", "csv"):
        result = run("~ z", "p.csv", "--model", "random", "--ci", "hksj-plain", "--format", form)
        assert result.exit_code == 0, result.output
        assert not re.search(r"\b(nan|inf)\b", result.stdout.lower())


def test_the_review() -> None:
    review = evidence.load(evidence.find_review(None)[0])
    made = evidence.regress(review, "~ n", "discontinuation")
    assert made.fit.k == 3
    assert made.outcome == "discontinuation"
    assert any("3 studies for 1 coefficient" in warning for warning in made.warnings)
    with pytest.raises(NotPossible, match="All patients responded"):
        evidence.regress(review, "~ year")


def test_the_words_are_the_engines() -> None:
    from evidence.analysis import regressing

    assert regress.MODELS == regressing.MODELS
    assert set(regress.CI) == {ci for words in regressing.INTERVALS_OF.values() for ci in words}
    assert set(regress.TAU2) == set(regression.ESTIMATORS)
