"""evidence scores: the letter's six, missing and unchanged scores, pools of printed ones, formats, and how it ends."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import evidence
from evidence.analysis.scoring import pool_scores, score_changes
from evidence.cli import main
from evidence.cli import scores as command
from evidence.errors import DataError, InputError, NotPossible, OptionError
from evidence.literature import LITERATURE
from evidence.report.scores.pooled import ASSUMES, CITED
from evidence.review.paired import paired_of
from evidence.review.printed_scores import PrintedScore, printed_of, read_printed
from evidence.synthesis.scores.medians import METHODS
from evidence.synthesis.scores.paired_change import ZEROS

ROOT = Path(__file__).resolve().parents[1]
BEFORE, AFTER = [33, 47, 17, 49, 23, 20], [0, 2, 2, 1, 5, 0]

PRINTED = """study,time,n,median,min,max,mean,sd
Ours,baseline,6,28,17,49,,
Chasset 2023,baseline,11,15,4,35,,
Abstract,baseline,18,,,,12,2.9
Ours,last visit,6,1.5,0,5,,
Chasset 2023,last visit,11,2,0,13,,
Abstract,last visit,18,,,,1.6,2.4
"""


def run(*args: str, **settings: Any) -> Any:
    return CliRunner().invoke(main, ["scores", *args], **settings)


@pytest.fixture
def printed(tmp_path: Path) -> str:
    path = tmp_path / "printed.csv"
    path.write_text(PRINTED)
    return str(path)


# ---- the letter's six ------------------------------------------------------------------------------


def test_the_six_patients_of_the_letter() -> None:
    result = evidence.scores(BEFORE, AFTER)
    told, test, centre = result.described, result.test, result.hodges_lehmann
    assert told.before and told.after and told.change and test and centre
    assert (told.before.median, told.before.low, told.before.high) == (28, 17, 49)
    assert (told.after.median, told.after.low, told.after.high) == (1.5, 0, 5)
    assert (test.pvalue, test.exact, centre.estimate, centre.level) == (0.03125, True, -31.5, 0.96875)
    shown = run().stdout
    for text in ("28 (17 to 49", "1.5 (0 to 5", "−31.5", "96.88 %", "smallest that 6 changes can give"):
        assert text in shown
    of_review = score_changes(paired_of(evidence.load(str(ROOT / "data"))))
    assert of_review.changes == result.changes


def test_five_cannot_give_95_percent_and_it_says_so() -> None:
    shown = str(evidence.scores(BEFORE[:5], AFTER[:5]))
    assert "5 patients cannot give a 95 % interval" in shown and "93.75 %" in shown
    assert "5 changes can give" in shown


def test_one_patient_and_nobody() -> None:
    assert "One patient gives no interval" in str(evidence.scores([10], [3]))
    result = evidence.scores([10, None], [None, 4])
    assert result.test is None and "Nobody has both scores" in str(result)
    with pytest.raises(NotPossible):
        evidence.scores([], [])


# ---- zeros, ties, missing --------------------------------------------------------------------------


def test_zeros_are_left_out_or_ranked_and_said() -> None:
    before, after = [10, 8, 9, 7, 5, 6], [10, 3, 7, 8, 1, 3]
    plain, pratt = (evidence.scores(before, after, zeros=way) for way in ("wilcoxon", "pratt"))
    assert plain.test and pratt.test
    assert (plain.test.zeros, plain.test.n) == (1, 5)
    assert plain.test.statistic == 1 and pratt.test.statistic == 2
    assert "left out before ranking" in str(plain) and "Pratt" in str(pratt)
    assert evidence.scores([3, 4], [3, 4]).test.n == 0  # type: ignore[union-attr]
    assert "nothing to test" in str(evidence.scores([3, 4], [3, 4]))


def test_missing_scores_are_bounded_never_dropped_unsaid() -> None:
    result = evidence.scores([*BEFORE, 30], [*AFTER, None])
    assert result.missing == ("7",)
    worse, same, better = result.bounds
    full = evidence.scores([*BEFORE, 30], [*AFTER, 30])
    assert same.median == full.described.change.median  # type: ignore[union-attr]
    assert same.pvalue == full.test.pvalue  # type: ignore[union-attr]
    # worse: ranked first with the other sign; better: with the same
    assert worse.pvalue == pytest.approx(2 * sum(1 for r in _rank_sums(7) if r <= 7) / 2**7)
    assert better.pvalue == 2 / 2**7
    assert worse.median == -20 and better.median == -33
    assert "1 of 7 patients" in str(result)
    higher = evidence.scores([*BEFORE, 30], [*AFTER, None], better="higher").bounds
    assert higher[0].pvalue == better.pvalue


def _rank_sums(n: int) -> list[int]:
    sums = [0]
    for rank in range(1, n + 1):
        sums += [total + rank for total in sums]
    return sums


def test_more_missing_than_seen_leaves_no_bound() -> None:
    result = evidence.scores([10, 9, 8], [5, None, None])
    assert result.bounds[0].median is None
    assert "without a limit" in str(result)
    json.loads(run("-", "--format", "json", input="before,after\n10,5\n9,\n8,\n").stdout)


# ---- pools -----------------------------------------------------------------------------------------


def test_every_method_stands_beside_the_one_that_leads(printed: str) -> None:
    result = json.loads(run("--pool", printed, "--using", "luo", "--format", "json").stdout)
    first, last = result["times"]
    assert (first["time"], last["time"]) == ("baseline", "last visit")
    assert first["pooled"][0]["method"] == "luo"
    assert {each["method"] for each in first["pooled"]} == set(METHODS)
    assert [each["method"] for each in last["not_possible"]] == ["box-cox"]
    assert "Ours" in last["not_possible"][0]["reason"]
    text = run("--pool", printed).stdout
    assert "Pooled median 12 (75 % CI 12 to 28), by weighted-median" in text
    assert "Skewed" in text and "Limits below 0" in text
    assert max(map(len, text.splitlines())) <= 80


def test_every_method_says_what_it_assumes_and_whose_it_is() -> None:
    assert set(ASSUMES) == set(CITED) == set(METHODS) == set(command.USING)
    assert set(command.ZEROS) == set(ZEROS)
    assert {key.strip() for keys in CITED.values() for key in keys.split(",")} <= set(LITERATURE)


def test_too_few_studies_are_refused_with_what_there_is() -> None:
    one = PrintedScore("A", "week 4", 9, median=3)
    with pytest.raises(NotPossible, match="A, week 4"):
        pool_scores([one, one._replace(time="week 8")])
    result = run("--pool")
    assert result.exit_code == 1
    assert "in words only" in result.stderr and "Chasset 2023" in result.stderr
    with pytest.raises(NotPossible, match="B cannot be pooled by quantile"):
        pool_scores([one._replace(low=1, high=9), one._replace(study="B")], using="quantile")
    with pytest.raises(OptionError):
        pool_scores([one, one], using="mean")


def test_a_review_gives_own_patients_and_what_reports_state(tmp_path: Path) -> None:
    folder = tmp_path / "review"
    shutil.copytree(ROOT / "data", folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    columns = (folder / "statements.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    with (folder / "statements.csv").open("a", newline="", encoding="utf-8") as out:
        said = csv.DictWriter(out, columns, restval="", lineterminator="\n")
        for suffix, numbers in (("baseline", "15,4,35"), ("last", "2,0,13")):
            cells = f"chasset2023,abstract,clasi_a_{suffix},median,{numbers},as printed,https://doi.org/10.1/x,read"
            names = "study,place,quantity,statistic,value,low,high,printed,source,state"
            said.writerow(dict(zip(names.split(","), cells.split(","), strict=True)))
    studies = (folder / "studies.csv").read_text(encoding="utf-8").splitlines()
    header = next(csv.reader([studies[0]]))
    rows = [dict(zip(header, cells, strict=True)) for cells in csv.reader(studies[1:])]
    for row in rows:
        if row["study"] == "chasset2023":
            row["treated"] = "11"
    with (folder / "studies.csv").open("w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, header, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    found, left = printed_of(evidence.load(str(folder)), "clasi_a")
    assert [(row.n, row.median) for row in found if row.time == "baseline"] == [(6, 28), (11, 15)]
    assert any("scores of 2 of 4" in reason for reason in left)
    shown = run("--pool", "--review", str(folder)).stdout
    assert "2 studies, 17 patients" in shown and "Left out" in shown


def test_a_table_with_faults_names_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("study,n,median,min,max\nA,11,15,40,35\nB,x,28,17,49\nC,5,,,\n")
    with pytest.raises(DataError) as caught:
        read_printed(path)
    assert len(caught.value.problems) == 3
    path.write_text("study;n;median;q1;q3\nA;11;15,5;NA;\n")
    assert read_printed(path)[0].median == 15.5
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="needs the columns n and median"):
        read_printed(path)


# ---- the command -------------------------------------------------------------------------------------


def test_formats_say_the_same_and_hold_no_nan(printed: str) -> None:
    value = json.loads(run("--format", "json").stdout, parse_constant=pytest.fail)
    rows = list(csv.DictReader(run("--format", "csv").stdout.splitlines()))
    centre = next(row for row in rows if row["kind"] == "hodges-lehmann" and row["label"] == "change")
    assert float(centre["estimate"]) == value["hodges_lehmann"]["change"]["estimate"] == -31.5
    assert value["test"]["pvalue"] == 0.03125 and value["n"] == 6
    pooled = list(csv.DictReader(run("--pool", printed, "--format", "csv").stdout.splitlines()))
    assert sum(row["kind"] == "study" for row in pooled) == 6
    one = json.loads(
        run("-", "--format", "json", input="before,after\n10,3\n").stdout, parse_constant=pytest.fail
    )
    assert one["hodges_lehmann"]["change"]["low"] is None


def test_it_explains_itself(printed: str) -> None:
    said = run("--methods").stdout
    assert LITERATURE["wilcoxon1945"] in said and LITERATURE["hodges1963"] in said
    assert LITERATURE["pratt1959"] in run("--methods", "--zeros", "pratt").stdout
    code = run("--show-r").stdout
    assert "changes <- c(-33.0, -45.0" in code and "exact = TRUE, conf.int = TRUE" in code
    assert "wilcoxsign_test" in run("-", "--show-r", input="before,after\n5,3\n6,4\n7,7\n").stdout
    for using, call in (
        ("quantile", "metamedian(scores"),
        ("luo", 'mean_method = "luo", sd_method = "wan/shi_normal"'),
    ):
        said = run("--pool", printed, "--using", using, "--methods").stdout
        assert LITERATURE["shi2023"] in said and LITERATURE[CITED[using].split(",")[0]] in said
        assert call in run("--pool", printed, "--using", using, "--show-r").stdout


def test_it_ends_as_it_should(tmp_path: Path, printed: str) -> None:
    assert run(str(tmp_path / "none.csv")).exit_code == 2
    assert run("--pool", str(tmp_path / "none.csv")).exit_code == 2
    assert run("--before", "x").exit_code == 2
    assert run("--pool", printed, "--before", "x").exit_code == 2
    assert run(printed, "--review", "x").exit_code == 2
    assert run("--methods", "--format", "json").exit_code == 2
    assert run("-", input="before,after\n1,x\n").exit_code == 1
    assert run("-", input="").exit_code == 2
    out = tmp_path / "out.json"
    assert run("--output", str(out)).exit_code == 0
    assert json.loads(out.read_text(encoding="utf-8"))["n"] == 6


def test_hostile_names_and_long_numbers_stay_on_the_screen() -> None:
    table = "id,before,after\n\x1b[31mA,1234567.891,7654321.12345\nB,1234567.8,\n"
    result = run("-", input=table)
    assert "\x1b" not in result.stdout
    result = run(
        "-", input="id,before,after\nA,1234567.891,7654321.12345\nB,1234567.8,2\nC,0.0001,900000000\n"
    )
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
