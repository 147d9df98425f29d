"""How a pool explains itself: the methods paragraph says what was done and no more, the R code holds the counts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import evidence
from evidence.analysis import Analysis, pool_rows
from evidence.cli import main
from evidence.literature import LITERATURE
from evidence.report.pooled import methods as words
from evidence.report.pooled.methods import methods
from evidence.report.pooled.r_code import DENSITIES, METHODS, r_code
from evidence.review.counts import CountRow
from evidence.synthesis.bayesian.bayes import PRIORS, half_normal
from evidence.synthesis.pooling import CI, POOL_INTERVALS, PREDICTIONS_OF, TAU2, TAU2_INTERVALS
from evidence.synthesis.proportions import INTERVALS, MEASURES

from .made_reviews import review

COUNTS = ((8, 10), (9, 12), (7, 9), (3, 8), (20, 31), (2, 14), (11, 12))
TYPED = [f"{x}/{n}" for x, n in COUNTS]


def pooled(counts: tuple[tuple[int, int], ...] = COUNTS, **options: Any) -> Analysis:
    rows = [CountRow(f"S{i}", x, n, {"w": str(i)}, i) for i, (x, n) in enumerate(counts, 1)]
    return pool_rows(rows, **options)


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args), catch_exceptions=False)


# ---- the paragraph -------------------------------------------------------------------------------


def test_every_word_an_option_may_have_has_its_words() -> None:
    assert set(words.ESTIMATORS) == set(TAU2)
    assert set(words.INTERVALS) == set(CI)
    assert set(words.PREDICTIONS) == {*PREDICTIONS_OF["random"], *PREDICTIONS_OF["binomial"]} - {"none"}
    assert set(words.TAU2_INTERVALS) == set(TAU2_INTERVALS)
    assert set(words.STUDY_INTERVALS) == set(INTERVALS)
    assert set(words.SCALES) == set(MEASURES)


def test_every_key_is_in_the_literature() -> None:
    tables = (
        words.ESTIMATORS,
        words.INTERVALS,
        words.PREDICTIONS,
        words.TAU2_INTERVALS,
        words.STUDY_INTERVALS,
    )
    keys = {
        key.strip()
        for table in (*tables, words.SCALES)
        for text in table.values()
        for found in re.findall(r"\[([^\]]+)\]", text)
        for key in found.split(",")
    }
    assert len(keys) > 25
    assert keys <= set(LITERATURE)


@pytest.mark.parametrize("ci", POOL_INTERVALS["random"])
def test_the_interval_used_is_named_with_its_paper(ci: str) -> None:
    said = methods(pooled(model="random", ci=ci))
    assert words.INTERVALS[ci].split("[")[0].split("{")[0] in said
    for found in re.findall(r"\[([^\]]+)\]", words.INTERVALS[ci]):
        for key in found.split(","):
            assert LITERATURE[key] in said
    assert "{" not in said


def test_references_are_numbered_in_order_and_none_is_left_over() -> None:
    said = methods(pooled(model="random"))
    text, _, listed = said.partition("\n\n")
    cited = [int(n) for found in re.findall(r"\[([\d,]+)\]", text) for n in found.split(",")]
    assert list(dict.fromkeys(cited)) == list(range(1, listed.count("\n") + 1))


def test_estimator_scale_and_weights_are_those_of_the_fit() -> None:
    said = methods(pooled(model="random", tau2="dl", measure="arcsine", weights="equal", i2="tau2"))
    assert "a random-effects model with equal weights on the arcsine square root scale" in said
    assert "DerSimonian and Laird" in said
    assert "I² from that variance and a typical sampling variance" in said
    assert "weights from the column w" in methods(pooled(model="random", weights="w"))


def test_a_profile_interval_is_said_to_have_its_own_estimator() -> None:
    said = methods(pooled(model="random", ci="profile"))
    assert "estimated by maximum likelihood" in said
    assert "restricted" not in said


def test_a_correction_is_told_where_one_was_made_and_only_there() -> None:
    with_edge = (*COUNTS[:3], (5, 5))
    assert "In 1 study without an event or without a non-event 0.5 was added" in methods(
        pooled(with_edge, model="random")
    )
    assert "0.5 was added" not in methods(pooled(with_edge, model="random", measure="arcsine"))
    assert "0.5 was added" not in methods(pooled(model="random"))


def test_all_responders_are_told_first_and_nothing_is_claimed_of_a_likelihood() -> None:
    said = methods(pooled(((6, 6), (9, 9), (11, 11))))
    assert "no likelihood has a finite maximum" in said
    assert "heterogeneity cannot be estimated" in said
    assert "half-normal(1.25) on tau" in said
    for word in ("maximum likelihood", "I²", "Cochran", "t distribution"):
        assert word not in said
    assert "No patient had the outcome in any study" in methods(pooled(((0, 6), (0, 9), (0, 11))))


def test_few_studies_one_study_and_no_prediction() -> None:
    assert "fewer than five studies (3 here)" in methods(pooled(COUNTS[:3]))
    one = methods(pooled(COUNTS[:1]))
    assert "nothing was pooled" in one
    assert "prediction" not in one.lower()
    assert "No prediction interval is given" in methods(pooled(COUNTS[:2], model="random"))
    assert "prediction" not in methods(pooled(prediction="none")).lower()


def test_another_level_is_said() -> None:
    assert "All intervals are 90 % intervals." in methods(pooled(level=0.9))


# ---- R ---------------------------------------------------------------------------------------------


def test_the_r_code_holds_the_counts_and_sets_what_has_moved() -> None:
    code = r_code(pooled(model="random"))
    assert "x <- c(8, 9, 7, 3, 20, 2, 11)\nn <- c(10, 12, 9, 8, 31, 14, 12)\nlevel <- 0.95" in code
    assert 'escalc(measure = "PLO", xi = x, ni = n, add = 1/2, to = "only0")' in code
    assert 'method = "REML", test = "adhoc"' in code
    assert "threshold = 1e-11" in code
    assert code.startswith("# compared with R 4.2.2, metafor 5.0-1, meta 8.3-0\nlibrary(metafor)\n")


@pytest.mark.parametrize("tau2", TAU2)
def test_every_estimator_is_one_of_metafors(tau2: str) -> None:
    code = r_code(pooled(model="random", tau2=tau2, weights="equal" if tau2 == "genq" else "model"))
    known = {"REML", "ML", "DL", "PM", "EB", "HS", "HE", "SJ", "HSk", "PMM", "GENQ"}
    assert set(re.findall(r'method = "(\w+)"', code)) <= known
    assert f'method = "{METHODS.get(tau2, tau2.upper())}"' in code


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"model": "exact"}, "binom.test(sum(x), sum(n), conf.level = level)"),
        ({"model": "binomial"}, 'rma.glmm(measure = "PLO", xi = x, ni = n, method = "ML"'),
        ({"model": "beta-binomial"}, "lbeta(x + m * s, n - x + (1 - m) * s)"),
        ({"model": "random", "weights": "w"}, "w <- c(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)"),
        ({"model": "random", "weights": "equal"}, "weighted = FALSE"),
        ({"model": "random", "ci": "kenward-roger"}, "qt((1 + level) / 2, df.kr) * se.kr"),
        ({"model": "random", "ci": "hksj-iqwig6"}, 'method = "DL"'),
        ({"model": "common", "ci": "ivhet"}, "sum(p^2 * (dat$vi + res$tau2))"),
        ({"model": "random", "tau2_ci": "jackson"}, "weights = 1 / sqrt(vi)"),
        ({"model": "random", "measure": "double-arcsine"}, "transf.ipft.hm(v, targs = list(ni = n))"),
        ({"model": "bayes", "prior": "half-cauchy", "prior_scale": 0.5}, "scale <- 0.5"),
    ],
    ids=str,
)
def test_what_makes_each_choice_is_in_the_code(options: dict[str, Any], expected: str) -> None:
    assert expected in r_code(pooled(**options))


def test_every_named_prior_has_its_density_and_one_of_ones_own_is_said_to_have_none() -> None:
    assert set(DENSITIES) == set(PRIORS)
    mine = half_normal(0.3)._replace(label="mine\nx <- 0")
    code = r_code(pooled(model="bayes", prior=mine))
    assert "# the prior was given in Python (mine x <- 0)" in code


def test_names_cannot_leave_their_comment() -> None:
    rows = [CountRow(f"A\n}}; system('x') #{i}", 5, 9, {}, i) for i in range(5)]
    lines = r_code(pool_rows(rows)).splitlines()
    assert [line for line in lines if "system(" in line and not line.startswith("#")] == []


def test_groups_have_their_own_code() -> None:
    rows = [CountRow(f"S{i}", 4 + i % 3, 9, {"arm": "ab"[i % 2]}, i) for i in range(10)]
    code = r_code(pool_rows(rows, by="arm"))
    assert code.count("x <- c(") == 3


# ---- the command -------------------------------------------------------------------------------------


def test_the_command_prints_either_or_both() -> None:
    paragraph, code = run("pool", *TYPED, "--methods"), run("pool", *TYPED, "--show-r")
    both = run("pool", *TYPED, "--methods", "--show-r")
    assert both.stdout == f"{paragraph.stdout}\n{code.stdout}"
    assert "\n1. " in paragraph.stdout
    assert "library(metafor)" in code.stdout


def test_another_format_than_text_is_refused() -> None:
    result = run("pool", *TYPED, "--methods", "--format", "json")
    assert result.exit_code == 2
    assert "--methods prints text, not json" in result.output


def test_the_r_code_goes_to_a_file(tmp_path: Any) -> None:
    path = tmp_path / "pool.R"
    assert run("pool", *TYPED, "--show-r", "--output", str(path)).exit_code == 0
    assert "x <- c(8, 9" in path.read_text(encoding="utf-8")


def test_weights_of_a_tables_column(tmp_path: Any) -> None:
    path = tmp_path / "table.csv"
    lines = [f"S{i},{x},{n},{i}" for i, (x, n) in enumerate(COUNTS, 1)]
    path.write_text("\n".join(["study,events,n,quality", *lines]) + "\n", encoding="utf-8")
    made = json.loads(run("pool", str(path), "--weights", "quality", "--format", "json").stdout)
    assert [study["weight"] for study in made["studies"]] == pytest.approx([i / 28 for i in range(1, 8)])
    assert made["pooled"][0]["model"] == "random"
    assert made["options"]["weights"] == "quality"
    wrong = run("pool", str(path), "--weights", "qualty")
    assert wrong.exit_code == 2
    assert "quality" in wrong.output
    path.write_text(path.read_text(encoding="utf-8").replace("S3,7,9,3", "S3,7,9,"), encoding="utf-8")
    lacking = run("pool", str(path), "--weights", "quality")
    assert lacking.exit_code == 2
    assert "S3" in lacking.output


def test_heterogeneity_of_every_kind_reaches_text_and_json() -> None:
    text = run("pool", *TYPED, "--model", "random", "--tau2-ci", "jackson", "--i2", "tau2").stdout
    flat = " ".join(text.split())
    assert "Jackson's" in flat
    assert "I² (tau²)" in flat
    assert "likelihood ratio test of tau² = 0" in flat
    (made, *_) = json.loads(run("pool", *TYPED, "--model", "binomial", "--format", "json").stdout)["pooled"]
    found = made["heterogeneity"]
    assert found["tau2_ci"] == "profile"
    assert found["q_lrt"] > found["q"] > 0
    assert 0 < found["q_lrt_pvalue"] < found["pvalue"] < 1
    assert found["i2_low"] <= found["i2"] <= found["i2_high"]


def test_nobody_left_out_is_not_counted(tmp_path: Path) -> None:
    rows = ["one 9/10", "two 4/9"]
    assert "left out" not in methods(evidence.pool(review(tmp_path, rows)))
    told = methods(evidence.pool(review(tmp_path, [*rows, "ours 3/4 not_poolable=bounds"])))
    assert "; 1 report left out has its reason listed with the result." in told
