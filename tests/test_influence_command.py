"""`evidence influence` and `evidence gosh`: what they print, export and refuse."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import evidence
from evidence.analysis.influencing import SHOWS, gosh_rows, influence, influence_rows
from evidence.cli import main
from evidence.cli.influence import SHOWS as OFFERED
from evidence.errors import NotPossible, OptionError
from evidence.literature import LITERATURE
from evidence.report import render
from evidence.report.characters import cells
from evidence.report.influence import methods as influence_methods
from evidence.review.counts import CountRow
from evidence.synthesis.influence import gosh, leaving_out
from evidence.synthesis.influence import influence as diagnostics

FIVE = ("5/9", "4/8", "11/12", "20/31", "5/6")
ONE_OTHER = ("4/5", "6/6", "7/7", "8/8", "9/9", "9/9")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*args: str, **settings: Any) -> Result:
    return CliRunner().invoke(main, args, **settings)


def count_rows(*pairs: tuple[int, int], **extra: list[str]) -> list[CountRow]:
    return [
        CountRow(f"S{number}", x, n, {name: values[number] for name, values in extra.items()}, number)
        for number, (x, n) in enumerate(pairs)
    ]


# ---- leave-one-out ------------------------------------------------------------------------------------


def test_the_review_without_each_series() -> None:
    result = run("influence")
    assert result.exit_code == 0
    for name in ("Without Ours", "Without Chasset 2023", "Without Valencia 2025", "All series, Bayes"):
        assert name in result.stdout
    assert "Every one of these intervals lies above TULIP-1+2, week 12's 45.8 %." in " ".join(
        result.stdout.split()
    )
    assert max(map(cells, result.stdout.splitlines())) <= 80


def test_the_row_that_fell_back_says_so() -> None:
    result = run("influence", *ONE_OTHER)
    said = " ".join(result.stdout.split())
    assert "Without Series 1 (Bayes)" in said
    assert "the rest cannot be pooled by the binomial model" in said
    assert "All patients had the outcome in every study" in said
    missing = list(csv.DictReader(io.StringIO(run("influence", *ONE_OTHER, "--format", "csv").stdout)))
    assert missing[0]["tau2"] == ""
    assert float(missing[1]["tau2"]) >= 0
    assert "Estimates are population averages" in said


def test_each_row_is_what_pool_says_of_the_others() -> None:
    rows = json.loads(run("influence", *FIVE, "--model", "random", "--format", "json").stdout)["refits"]
    alone = json.loads(run("pool", *FIVE[1:], "--model", "random", "--format", "json").stdout)["pooled"][0]
    for name in ("estimate", "low", "high"):
        assert rows[0]["proportion"][name] == pytest.approx(alone["proportion"][name], rel=1e-12)
    assert rows[0]["heterogeneity"]["tau2"] == pytest.approx(alone["heterogeneity"]["tau2"], rel=1e-9)
    assert [row["k"] for row in rows] == [4] * 5


def test_the_shift_is_the_difference_from_all() -> None:
    found = influence_rows(count_rows((5, 9), (4, 8), (11, 12), (20, 31), (5, 6)))
    text = render(found)
    shift = 100 * (found.rows[2].estimate - found.whole.estimate)
    assert re.search(
        rf"S2 +{shift:+.1f}".replace("-", "−").replace("+", "[+]", 1) if shift > 0 else f"S2 +−{-shift:.1f}",
        text,
    )


# ---- cumulative ---------------------------------------------------------------------------------------


def test_by_year_ties_as_in_the_table_and_gaps_last() -> None:
    rows = count_rows((1, 4), (2, 5), (3, 6), (4, 7), year=["2020", "", "2019", "2020"])
    found = influence_rows(rows, show="cumulative")
    assert [row.study for row in found.series] == ["S2", "S0", "S3", "S1"]
    assert found.keys == ("2019", "2020", "2020", "not stated")
    assert found.order == "year, earliest first"
    notes = " ".join(found.notes)
    assert "equal year are added in the order of the table" in notes
    assert "not stated for 1 of 4" in notes
    back = influence_rows(rows, show="cumulative", descending=True)
    assert [row.study for row in back.series] == ["S0", "S3", "S2", "S1"]


@pytest.mark.parametrize(
    ("order", "first"), [("n", "S3"), ("events", "S2"), ("percent", "S2"), ("country", "S0")]
)
def test_by_counts_and_columns(order: str, first: str) -> None:
    rows = count_rows((4, 9), (5, 8), (0, 7), (2, 5), country=["Austria", "chile", "France", "Wales"])
    found = influence_rows(rows, show="cumulative", order=order)
    assert found.series[0].study == first
    assert found.order.startswith(order)


def test_numbers_are_ordered_as_numbers() -> None:
    rows = count_rows((4, 9), (5, 8), (1, 7), dose=["100", "20", "3"])
    assert [row.study for row in influence_rows(rows, show="cumulative", order="dose").series] == [
        "S2",
        "S1",
        "S0",
    ]


def test_as_given_where_there_is_no_year() -> None:
    result = run("influence", *FIVE, "--show", "cumulative")
    assert "Added in the order given" in result.stdout
    assert [f"+ Series {number} " in result.stdout for number in range(1, 6)] == [True] * 5


def test_the_reviews_series_by_year_and_by_a_column() -> None:
    review = evidence.load(evidence.find_review(None)[0])
    found = influence(review, show="cumulative")
    assert list(found.keys) == sorted(found.keys)
    assert found.refits is not None
    assert found.refits.k.tolist() == [1, 2, 3]
    assert influence(review, show="cumulative", order="design").order == "design, first of the alphabet first"


# ---- diagnostics --------------------------------------------------------------------------------------


def test_diagnostics_need_weights_and_say_which_models_have_them() -> None:
    result = run("influence", "--show", "diagnostics")
    assert result.exit_code == 1
    assert "the bayes model has no influence diagnostics" in result.stderr
    assert "random or common" in result.stderr
    assert run("influence", *FIVE, "--show", "baujat").exit_code == 1  # auto takes the binomial model
    with pytest.raises(NotPossible, match="inverse-variance weights"):
        influence_rows(count_rows((5, 9), (4, 8)), show="diagnostics", model="random", weights="equal")


def test_the_binomial_model_says_what_it_does_not_have() -> None:
    result = run("influence", *FIVE, "--show", "diagnostics")
    assert result.exit_code == 0
    assert "not defined for the binomial model" in " ".join(result.stdout.split())
    assert "Displaced" in result.stdout
    assert "DFFITS" not in result.stdout.split("Influential")[0]


def test_the_outlier_is_starred() -> None:
    table = ["10/40"] * 6 + ["38/40"]
    result = run("influence", *table, "--show", "diagnostics", "--model", "common")
    assert "1 of 7 series is influential (*): Series 7." in result.stdout
    assert "Series 7 *" in result.stdout
    plot = run("influence", *table, "--show", "baujat", "--model", "common").stdout
    assert "Series 7 adds most to the heterogeneity and moves the estimate most" in " ".join(plot.split())
    assert re.search(r"^  │ +7$", plot, re.M)


def test_every_diagnostic_is_exported_in_full() -> None:
    made = json.loads(
        run("influence", *FIVE, "--show", "diagnostics", "--model", "random", "--format", "json").stdout
    )
    names = set(diagnostics.Diagnostics.__dataclass_fields__)
    assert names < set(made["diagnostics"][0])
    table = csv.DictReader(
        io.StringIO(
            run("influence", *FIVE, "--show", "diagnostics", "--model", "random", "--format", "csv").stdout
        )
    )
    lines = [line for line in table if line["kind"] == "diagnostics"]
    assert len(lines) == 5
    assert float(lines[2]["cooks"]) == made["diagnostics"][2]["cooks"]


# ---- both commands ------------------------------------------------------------------------------------


def test_the_words_are_the_librarys() -> None:
    assert OFFERED == SHOWS
    assert {*leaving_out.sources, *diagnostics.sources, *gosh.sources} <= set(LITERATURE)


@pytest.mark.parametrize("name", ["text", "markdown", "csv", "json"])
@pytest.mark.parametrize("args", [("influence", *FIVE), ("gosh", *FIVE)])
def test_every_format_goes_to_the_terminal_and_to_a_file(args: tuple[str, ...], name: str) -> None:
    shown = run(*args, "--format", name)
    assert shown.exit_code == 0
    assert "nan" not in shown.stdout.lower().replace("dominant", "")
    run(*args, "--format", name, "--output", "out")
    assert Path("out").read_text(encoding="utf-8") == shown.stdout


@pytest.mark.parametrize(
    "args",
    [
        ("influence", *FIVE, "--show", "baujat", "--model", "random"),
        ("influence", *FIVE, "--show", "cumulative"),
        ("gosh", *FIVE, "3/9", "12/40", "7/11"),
    ],
)
def test_ascii_where_the_terminal_has_no_more(args: tuple[str, ...]) -> None:
    result = CliRunner(charset="ascii").invoke(main, args)
    assert result.exit_code == 0
    assert result.stdout.isascii()
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_hostile_names_do_not_command_the_terminal() -> None:
    names = ("\x1b]0;x\x07A|=1", "=HYPERLINK(1)", 'C")')
    table = [CountRow(name, 3 + n, 9 + n, {}, n) for n, name in enumerate(names)]
    found, pools = influence_rows(table, model="random"), gosh_rows(table)
    texts = [
        render(result, name) for result in (found, pools) for name in ("text", "csv", "markdown", "json")
    ]
    for text in (*texts, influence_methods.r_code(found), influence_methods.r_code(pools)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert "'=HYPERLINK" in render(pools, "csv")
    assert r'"C\")"' in influence_methods.r_code(found)


WRONG = [
    (("influence", *FIVE, "--order", "n"), 2, "order"),
    (("influence", *FIVE, "--show", "cumulative", "--order", "size"), 2, "allowed: n, events, percent"),
    (("influence", *FIVE, "--outcome", "x"), 2, "--outcome goes with a review"),
    (("influence", "6/6"), 1, "nothing to leave out"),
    (("gosh", "6/6"), 1, "no subsets to compare"),
    (("gosh", *FIVE, "--model", "bayes"), 2, "bayes"),
    (("gosh", *FIVE, "--most", "0"), 2, "most"),
    (("influence", "7/6"), 2, "not events/n"),
]


@pytest.mark.parametrize(("args", "code", "said"), WRONG)
def test_what_is_refused(args: tuple[str, ...], code: int, said: str) -> None:
    result = run(*args)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert result.stdout == ""


def test_order_belongs_to_cumulative() -> None:
    with pytest.raises(OptionError, match="cumulative"):
        influence_rows(count_rows((1, 2), (2, 3)), order="n")
    with pytest.raises(OptionError, match="show"):
        influence_rows(count_rows((1, 2), (2, 3)), show="everything")


def test_two_series_and_all_or_none_responded() -> None:
    said = " ".join(run("influence", "6/6", "9/9").stdout.split())
    assert "Two series: without one, the other stands alone." in said
    assert run("influence", "0/6", "0/9", "0/4").exit_code == 0
    assert run("gosh", "0/6", "6/6").exit_code == 0
    assert run("influence", "6/6", "0/5", "3/3").exit_code == 0


def test_methods_name_what_was_done_with_references() -> None:
    text = run("influence", *FIVE, "--model", "random", "--methods").stdout
    assert "without each series in turn" in text
    assert "Viechtbauer W, Cheung MWL" in text
    assert "[viechtbauer" not in text
    assert "Lau J" in run("influence", *FIVE, "--show", "cumulative", "--methods").stdout
    assert "Baujat B" in run("influence", *FIVE, "--show", "baujat", "--model", "common", "--methods").stdout
    assert "31 subsets" in run("gosh", *FIVE, "--methods").stdout
    assert "drawn at random (seed 3)" in run("gosh", *FIVE, "--most", "20", "--seed", "3", "--methods").stdout


@pytest.mark.parametrize(
    ("args", "call"),
    [
        (("influence", "--model", "random"), 'method = "REML", test = "adhoc"'),
        (("influence", "--model", "random", "--ci", "wald", "--tau2", "pm"), 'method = "PM", test = "z"'),
        (("influence", "--model", "common"), "leave1out(res)"),
        (("influence", "--model", "random", "--show", "cumulative"), "cumul(res)"),
        (("influence", "--model", "random", "--show", "diagnostics"), "influence(res)"),
        (("influence", "--model", "random", "--show", "baujat"), "baujat(res)"),
        (("influence",), "rma.glmm("),
        (("influence", "--model", "exact"), "metafor has no exact model"),
        (("gosh", "--measure", "arcsine"), 'measure = "PAS"'),
        (("gosh", "--most", "20"), "gosh(res, subsets = 20"),
    ],
)
def test_r_code(args: tuple[str, ...], call: str) -> None:
    text = run(args[0], *FIVE, *args[1:], "--show-r").stdout
    assert call in text
    assert "xi = c(5, 4, 11, 20, 5)" in text


def test_the_subsets_are_exported_one_by_one() -> None:
    made = json.loads(run("gosh", *FIVE, "--format", "json").stdout)
    columns = made["subsets"]
    assert columns["included"][:3] == ["10000", "01000", "11000"]
    assert len(columns["included"]) == len(columns["proportion"]) == len(columns["i2"]) == 31
    lines = list(csv.DictReader(io.StringIO(run("gosh", *FIVE, "--format", "csv").stdout)))
    assert [line["included"] for line in lines[:2]] == ["s10000", "s01000"]
    assert float(lines[30]["tau2"]) == columns["tau2"][30]
    assert [line["kind"] for line in lines[31:36]] == ["series"] * 5
    assert lines[-1]["kind"] == "note"


def test_a_thousand_studies_take_no_minute() -> None:
    """Not a benchmark: refitting each of them would take twelve seconds."""
    rows = count_rows(*[(7 + number % 5, 20 + number % 7) for number in range(1000)])
    before = time.process_time()
    influence_rows(rows)
    assert time.process_time() - before < 6
