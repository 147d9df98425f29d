"""evidence audit on the command line: what it prints, as what, how it ends, and what a terminal never obeys."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import evidence
from evidence.cli import main
from evidence.cli.audit import SEVERITIES
from evidence.cli.audit import audit as command
from evidence.literature import LITERATURE
from evidence.report.review.audit import render_rules, render_text
from evidence.review.audit import findings
from evidence.review.audit.findings import RULES, Finding

ROOT = Path(__file__).resolve().parent.parent


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["audit", *args])


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for path in (ROOT / "data").iterdir():
        if path.suffix in (".csv", ".toml"):
            shutil.copy(path, tmp_path / path.name)
    return tmp_path


def alter(folder: Path, file: str, before: str, after: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(before) == 1
    (folder / file).write_text(text.replace(before, after), encoding="utf-8")


def test_the_letter_in_words() -> None:
    result = run("--study", "viedma2025")
    assert result.exit_code == 1
    said = " ".join(result.stdout.split())
    assert (
        "The median is printed as 35; the 6 patients give 28. [median] clasi_a_baseline; text; statements.csv row 2"
        in said
    )
    assert "The range 17 to 47 leaves out 49, which patient 4 has." in said
    assert "statements.csv rows 2, 3" in said
    assert "9 contradictions and 21 notes" in said and "Nothing was changed." in said
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_nothing_found_ends_with_0() -> None:
    result = run("--study", "tulip12")
    assert result.exit_code == 0
    assert result.stdout.endswith("12 results recomputed: nothing found.\n")


def test_json_has_every_finding_and_rule() -> None:
    result = run("--format", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["counts"] == {"findings": 32, "error": 2, "contradiction": 9, "note": 21}
    assert set(document["findings"][0]) == set(Finding._fields)
    assert {rule["rule"] for rule in document["rules"]} == set(RULES)
    assert document["findings"][0]["row"] == 2
    assert json.loads(run("--study", "tulip12", "--format", "json").stdout)["findings"] == []


def test_csv_has_a_row_a_finding() -> None:
    rows = list(csv.DictReader(io.StringIO(run("--format", "csv").stdout)))
    assert len(rows) == 32 and list(rows[0]) == list(Finding._fields)
    assert {row["study"] for row in rows} == {"viedma2025", "carter2023"}


def test_the_three_formats_say_the_same() -> None:
    said = " ".join(run().stdout.split())
    rows = list(csv.DictReader(io.StringIO(run("--format", "csv").stdout)))
    found = json.loads(run("--format", "json").stdout)["findings"]
    assert [row["reason"] for row in rows] == [one["reason"] for one in found]
    assert all(row["reason"] in said for row in rows)


def test_the_ending_of_the_file_chooses_the_format(tmp_path: Path) -> None:
    target = tmp_path / "found.csv"
    assert run("--output", str(target)).exit_code == 1
    assert target.read_text(encoding="utf-8").startswith("rule,severity,study,")
    result = run("--output", str(tmp_path / "found.md"))
    assert result.exit_code == 2 and not (tmp_path / "found.md").exists()


def test_choosing_rules_and_severity() -> None:
    result = run("--rules", "median, range", "--format", "csv")
    assert {row["rule"] for row in csv.DictReader(io.StringIO(result.stdout))} == {"median", "range"}
    assert run("--severity", "error", "--study", "viedma2025").exit_code == 0
    wrong = run("--rules", "meridian")
    assert wrong.exit_code == 2 and "median" in wrong.stderr
    assert run("--severity", "dire").exit_code == 2
    assert run("--study", "nobody1999").exit_code == 2


def test_words_and_keywords_are_the_librarys() -> None:
    import inspect

    assert SEVERITIES == findings.SEVERITIES
    names = {option.name for option in command.params} - {"review", "format", "output", "methods"}
    assert names == {name for name in inspect.signature(evidence.audit).parameters if name != "review"}
    assert isinstance(command, click.Command)


def test_the_rules_with_their_references() -> None:
    result = run("--methods")
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    assert all(f"  {name}" in result.stdout for name in RULES)
    for rule in RULES.values():
        assert all(" ".join(LITERATURE[source].split()) in said for source in rule.sources)
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "median" not in run("--methods", "--rules", "percent").stdout.split("\n\n")[2]
    assert run("--methods", "--rules", "no").exit_code == 2


def test_ascii_where_the_terminal_cannot() -> None:
    found = evidence.audit(evidence.load(ROOT / "data"))
    assert render_text(found, unicode=False).isascii()
    assert render_rules(RULES.values(), unicode=False).isascii()
    assert str(found) == render_text(found).rstrip("\n")


def test_a_papers_words_never_command_the_terminal(copied: Path) -> None:
    alter(copied, "statements.csv", "33% ANCA vasculitis (NA)", "\x1b[31m33% ANCA\x07 vasculitis")
    alter(copied, "studies.csv", "viedma2025,,", "viedma2025,Ours\u202e,")
    for name in ("text", "json", "csv"):
        shown = run("--review", str(copied), "--format", name).output
        assert not {"\x1b", "\x07", "\u202e"} & set(shown)


@pytest.mark.parametrize("sign", ["+", "-", "@", "\uff1d"])
def test_no_cell_is_a_formula(copied: Path, sign: str) -> None:
    hostile = f"{sign}cmd|' /C calc'!A0"
    alter(
        copied, "statements.csv", "viedma2025,text,clasi_a_baseline", f"viedma2025,{hostile},clasi_a_baseline"
    )
    result = run("--review", str(copied), "--study", "viedma2025", "--format", "csv")
    cells = [cell for line in csv.reader(io.StringIO(result.stdout)) for cell in line]
    assert any(cell.startswith(f"'{hostile}") for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\uff1d")) for cell in cells)


def test_a_true_table_ends_the_finding(copied: Path) -> None:
    before = run("--review", str(copied)).stdout
    alter(copied, "statements.csv", "33,,,33% ANCA vasculitis (NA)", "16,,,16% ANCA vasculitis (NA)")
    after = run("--review", str(copied)).stdout
    assert "33 %" in before and "33 %" not in after


def test_a_condition_that_cannot_be_read_is_found_by_check_too(copied: Path) -> None:
    alter(copied, "statements.csv", "systemic has Sjögren", "sistemic has Sjögren")
    for name in ("audit", "check"):
        result = CliRunner().invoke(main, [name, "--review", str(copied)])
        assert result.exit_code == 1
        assert "did you mean systemic?" in " ".join(result.output.split())
        assert "row 41" in result.output and "where" in result.output


def test_a_review_with_findings_of_the_tables_is_not_audited(copied: Path) -> None:
    alter(copied, "outcomes.csv", ",3,6,50,crude", ",3,6,40,crude")
    result = run("--review", str(copied))
    assert result.exit_code == 1
    assert "cannot be 3/6" in result.output


def test_no_review_is_wrong_usage(tmp_path: Path) -> None:
    assert run("--review", str(tmp_path / "none")).exit_code == 2
