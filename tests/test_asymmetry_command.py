"""evidence asymmetry: what it says, what it refuses, and that every format carries the same numbers."""

from __future__ import annotations

import csv
import inspect
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import evidence
from evidence.analysis.small_studies import Asymmetry
from evidence.cli import asymmetry as command
from evidence.cli import main
from evidence.errors import NotPossible, OptionError
from evidence.literature import LITERATURE
from evidence.report import render
from evidence.report.asymmetry.words import BY_SIZE, NAMES
from evidence.review.counts import CountRow
from evidence.synthesis.small_studies.asymmetry import size_test

TEN = ["4/5", "5/6", "7/8", "9/9", "6/8", "9/14", "13/17", "8/13", "20/31", "41/69"]
FIVE = ["--few", "6/9", "4/8", "11/12", "20/31", "5/6"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("EVIDENCE_REVIEW", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["asymmetry", *args])


def rows(counts: list[str]) -> list[CountRow]:
    pairs = [tuple(map(int, text.split("/"))) for text in counts]
    return [CountRow(f"S{i}", x, n, {}, i) for i, (x, n) in enumerate(pairs, 1)]


def judged(counts: list[str] = TEN, **options: Any) -> Asymmetry:
    return evidence.asymmetry_rows(rows(counts), **options)


def test_the_test_by_size_leads_and_the_figures_are_the_engines() -> None:
    found = judged()
    test = size_test(*found.counts)
    assert found.leading.name == "size"
    assert found.pvalue == test.pvalue
    assert [row.name for row in found.tests] == list(NAMES)
    assert "Small studies report higher proportions" in str(found)
    assert f"{test.pvalue:.3f}" in str(found)


def test_every_format_has_the_same_numbers() -> None:
    found = judged(null=49 / 107)
    made = json.loads(render(found, "json"))
    table = list(csv.DictReader(io.StringIO(render(found, "csv"))))
    tests = [line for line in table if line["kind"] == "test"]
    assert [float(line["pvalue"]) for line in tests] == [test["pvalue"] for test in made["tests"]]
    assert len(made["studies"]) == len([line for line in table if line["kind"] == "study"]) == 10
    assert made["trim_and_fill"]["missing"] == len(made["trim_and_fill"]["filled"])
    assert made["selection"]["counts"] == [6, 4]
    assert made["failsafe"] == {"rosenthal": 178.0, "rosenberg": 99.0}  # metafor's fsn says the same
    assert made["doi"]["lfk"] == float(next(line["statistic"] for line in table if line["kind"] == "doi"))
    assert made["answer"] in render(found, "markdown").replace("\\", "")
    assert {"version", "options", "notes", "excluded"} <= set(made)


def test_what_does_not_exist_is_null_with_its_reason() -> None:
    found = judged(["5/10", "5/10", "6/10", "7/10"], few=True)
    made = json.loads(render(found, "json"))
    assert all(test["pvalue"] is None and test["notes"] for test in made["tests"])
    assert found.pvalue is None
    assert "does not exist" in str(found)
    assert made["trim_and_fill"]["adjusted"] is None


def test_asymmetry_is_explained_wherever_it_is_shown() -> None:
    for form in ("text", "markdown", "json", "csv"):
        text = " ".join(render(judged(), form).split())
        assert "not publication bias" in text.replace("\\", "")
        assert "no null effect" in text


def test_below_ten_studies_it_refuses_unless_told_and_then_warns_first() -> None:
    result = run("6/9", "4/8", "11/12", "20/31", "5/6")
    assert result.exit_code == 1
    assert "5 studies are too few" in result.output
    assert "--few" in result.output
    result = run(*FIVE)
    assert result.exit_code == 0
    assert result.output.index("Mind: Only 5 studies") < result.output.index("By size")


@pytest.mark.parametrize(
    "counts",
    [["6/6", "9/9", "11/11"], ["0/5"] * 12, ["5/5", "0/4", "7/7"] * 4],
    ids=["all", "none", "either"],
)
def test_where_every_study_is_at_an_end_it_refuses(counts: list[str]) -> None:
    result = run("--few", *counts)
    assert result.exit_code == 1
    assert "every study is at 0 or 100 %" in result.output


@pytest.mark.parametrize("counts", [["3/5"], ["3/5", "4/9"]])
def test_one_and_two_studies_are_refused_in_any_case(counts: list[str]) -> None:
    result = run("--few", *counts)
    assert result.exit_code == 1
    assert "at least 3" in result.output


def test_the_shipped_review_is_refused_since_all_responded() -> None:
    review = evidence.load("data") if Path("data").is_dir() else evidence.load(evidence.find_review(None)[0])
    with pytest.raises(NotPossible, match="every study is at 0 or 100 %"):
        evidence.asymmetry(review)


def test_a_review_with_enough_studies_is_judged_by_its_rows(tmp_path: Path) -> None:
    table = tmp_path / "series.csv"
    lines = [f"S{i},{text.replace('/', ',')},{2000 + i}" for i, text in enumerate(TEN)]
    table.write_text("\n".join(["study,events,n,year", *lines]), encoding="utf-8")
    result = run(str(table), "--format", "json")
    assert json.loads(result.output)["tests"][0]["pvalue"] == judged().pvalue
    assert run(str(table), "--where", "year > 2005", "--few").exit_code == 0


def test_the_logit_scale_is_marked_as_unsafe() -> None:
    assert "depends on the study's own proportion" not in str(judged()).split("The test by size leads")[0]
    text = " ".join(str(judged(measure="logit")).split())
    assert "On the logit scale the standard error depends on the study's own proportion" in text
    assert "adds 0.5" in text


@pytest.mark.parametrize("plot", ["funnel", "doi", "none"])
@pytest.mark.parametrize("unicode", [True, False])
def test_it_fits_the_screen(plot: str, unicode: bool) -> None:
    text = render(judged(null=0.4), width=80, unicode=unicode, plot=plot)
    assert max(map(len, text.splitlines())) <= 80
    assert unicode or text.isascii()
    marks = text.count("■" if unicode else "#")
    assert (marks == 0) == (plot == "none")
    assert marks <= 10


def test_hostile_names_and_huge_sizes_do_no_harm() -> None:
    made = [
        row._replace(study=f'\x1b[31m"); system("x")\n{i}', n=row.n * 10_000_000)
        for i, row in enumerate(rows(TEN))
    ]
    found = evidence.asymmetry_rows(made)
    assert "\x1b" not in render(found, "csv") + str(found)
    from evidence.report.asymmetry.methods import r_code

    assert r"\"); system(\"x\")" in r_code(found)


def test_methods_cite_what_is_known_and_name_the_options() -> None:
    result = run(*TEN, "--null", "49/107", "--methods", "--estimator", "R0", "--tau2", "dl")
    assert result.exit_code == 0
    for key in ("peters2006", "egger1997", "duval2000", "vevea1995", "schwarzer2024", "hunter2014"):
        assert LITERATURE[key] in result.output
    assert "estimator R0" in result.output
    assert "DerSimonian" in result.output
    assert "45.8 %" in result.output


def test_r_code_sets_what_moved_and_names_its_versions() -> None:
    result = run(*TEN, "--null", "0.4", "--show-r", "--measure", "logit")
    assert result.exit_code == 0
    for text in (
        "metafor 5.0-1",
        'measure = "PLO"',
        "add = 1/2",
        'method = "REML"',
        "steps = 0.025",
        "qlogis(0.4)",
    ):
        assert text in result.output
    assert "add = 0" in run(*TEN, "--show-r").output


@pytest.mark.parametrize("text", ["0", "1", "x", "7/7", "150%", "nan", "-0.2"])
def test_a_null_that_is_no_proportion_is_wrong_usage(text: str) -> None:
    result = run(*TEN, "--null", text)
    assert result.exit_code == 2
    assert "0.458, 45.8% or 49/107" in result.output


def test_a_null_is_read_as_people_write_it() -> None:
    values = [
        json.loads(run(*TEN, "--null", text, "--format", "json").output)["options"]["null"]
        for text in ("0.25", "25%", "1/4")
    ]
    assert values == [0.25] * 3


@pytest.mark.parametrize("option", ["measure", "tau2", "estimator", "side", "trim", "favoured"])
def test_unknown_words_are_refused_by_the_library(option: str) -> None:
    with pytest.raises(OptionError, match="nowhere"):
        judged(**{option: "nowhere"})


def test_options_carry_their_keywords_names_and_defaults() -> None:
    shown = {"args", "review", "plot", "methods", "show_r", "format", "output", "help"}
    options = {option.name for option in command.asymmetry.params} - shown
    library = inspect.signature(evidence.asymmetry).parameters
    assert options == {name for name in library if name != "review"}
    ours = command.asymmetry.make_context("asymmetry", []).params
    assert {name: ours[name] for name in options} == {name: library[name].default for name in options}
    for name, words in (("estimator", command.ESTIMATORS), ("side", command.SIDES), ("trim", command.TRIMS)):
        for word in words:
            judged(**{name: word})


def test_counts_do_not_go_with_a_reviews_options() -> None:
    result = run(*TEN, "--outcome", "clasi50")
    assert result.exit_code == 2
    assert "--outcome goes with a review" in result.output


def test_figures_stay_within_0_and_100_percent() -> None:
    rng = np.random.default_rng(5)
    for _ in range(10):
        sizes = rng.integers(3, 80, 10)
        counts = [f"{rng.binomial(n, 0.93)}/{n}" for n in sizes]
        found = judged(counts, measure="raw")
        assert found.filled is not None
        if found.filled.adjusted is not None:
            assert 0 <= found.filled.adjusted.low <= found.filled.adjusted.high <= 1
        assert all(0 <= p <= 1 for p in found.filled.proportions)
        assert str(found)


def test_what_the_screen_says_of_false_alarms_is_what_was_simulated() -> None:
    table = Path(__file__).resolve().parents[1] / "validation" / "small_studies.csv"
    with table.open(newline="", encoding="utf-8") as stream:
        lines = [line for line in csv.DictReader(stream) if line["proportion"] == "0.9"]

    def percents(test: str) -> list[int]:
        return [round(100 * float(line["false_positives"])) for line in lines if line["test"] == test]

    for test in ("egger", "size"):
        found = percents(test)
        assert len(found) == 3
        assert f"{min(found)} to {max(found)} %" in BY_SIZE
