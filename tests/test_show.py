"""evidence show: the answer first, then all that is recorded, on a screen and as JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import evidence
from evidence.cli import main
from evidence.report.characters import cells
from evidence.report.review.found import render_json, render_text
from evidence.review.lookup import look_up
from evidence.review.tables import Review, load

from .made_reviews import REFERENCE, review

ROOT = Path(__file__).resolve().parent.parent
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def shipped() -> Review:
    return load(ROOT / "data")


def shown(made: Review, key: str) -> str:
    """The screen as one line, so that its wrapping does not matter."""
    return " ".join(render_text(look_up(made, key), made).split())


def every_key(made: Review) -> list[str]:
    cohorts = {f"cohort {cohort}" for cohorts in made.cohorts.values() for cohort in cohorts}
    patients = {f"{patient.study}:{patient.patient}" for patient in made.patients}
    references = {f"{entry.cited_by} ref {entry.number}" for entry in made.references}
    rows = {f"{row.study} {row.outcome}" for row in made.rows}
    return sorted({*made.studies, *made.outcomes, *cohorts, *patients, *references, *rows})


# ---- the four questions --------------------------------------------------------------------------

IN_OR_OUT = [
    (
        "viedma2025",
        "In the pool of CLASI-50: 6/6 at the last visit (9 to 43 weeks), 100 % (95 % CI 54.1 to 100), as ours.",
    ),
    ("chasset2023", "In the pool of CLASI-50: 11/11 at week 16, 100 % (95 % CI 71.5 to 100)."),
    ("carter2023", "Not in the pool of CLASI-50: bounds from a median, not a count (rule: not poolable)."),
    (
        "viedma2025es",
        "Not in the pool of CLASI-50: same patients as Viedma-Martínez 2025 (viedma2025) (rule: same cohort).",
    ),
    ("lsm2023four", "Not in the pool of CLASI-50: scores of 2 of 4 patients (rule: not poolable)."),
    ("tulip1", "Not in the pool of CLASI-50: trial; pooled are case series, cohort (rule: design)."),
    ("ref 6", "Not in the pool of CLASI-50: bounds from a median, not a count (rule: not poolable)."),
    (
        "tulip2",
        "Not in the pool of CLASI-50: the pool is compared with it (anifrolumab 300 mg, 24/49 at week 12, 49.0 %",
    ),
    ("clasi50", "3 series pooled, 26/26 together; 3 reports with a row left out."),
]


@pytest.mark.parametrize(("key", "answer"), IN_OR_OUT)
def test_is_it_in_the_pool_and_why_not(shipped: Review, key: str, answer: str) -> None:
    blocks = render_text(look_up(shipped, key), shipped).split("\n\n")
    assert " ".join(blocks[1].split()).startswith(answer)


def test_an_unchecked_count_says_so(shipped: Review) -> None:
    assert "Its count is not yet checked against the paper." in shown(shipped, "tulip2")
    assert "not yet checked" not in shown(shipped, "valencia2025")


def test_each_rule_has_its_answer(tmp_path: Path) -> None:
    made = review(
        tmp_path,
        ["a 5/9", "again 4/9", "early 1/9 weeks=2", "part 1/9 subgroup=men", "trial 5/9", "near 4/9"],
        toml=REFERENCE,
        studies={"trial": "design=trial", "silent": ""},
        cohorts="a,one again,one near,two",
        overlaps="one,two,certain",
    )
    wanted = {
        "again": "same patients as A (a), which comes first (rule: same cohort)",
        "early": "week 2; the analysis takes weeks 8 to 26 or the last visit (rule: window)",
        "part": "only subgroups (men), which do not make up the whole (rule: subgroup)",
        "near": "certainly shares patients with A (a): same ward (rule: overlap)",
        "silent": "no row for Cure (rule: no row)",
    }
    for key, reason in wanted.items():
        assert f"Not in the pool of Cure: {reason}." in shown(made, key)
    assert "the pool is compared with it (drug, 5/9 at week 12" in shown(made, "trial")


# ---- all that is known ---------------------------------------------------------------------------


def test_a_result_shows_count_interval_print_source_state_and_place(shipped: Review) -> None:
    told = shown(shipped, "tulip12 clasi50 placebo")
    assert "24/94, 25.5 % (95 % CI 17.1 to 35.6), compared with; printed as 24.9 % (stratified)" in told
    for part in ("missing data: non-responder imputation", "verified; Table 1", "PMC9213795/table/T1"):
        assert part in told


def test_a_report_shows_everything_that_hangs_on_it(shipped: Review) -> None:
    told = shown(shipped, "viedma2025")
    for part in (
        "Real-World Experience with Anifrolumab",
        "Hospital Universitario Puerta del Mar",
        "also described by Viedma-Martínez 2025 (Spanish original) (viedma2025es): Spanish original",
        "overlap with cadiz-earlier (Viedma-Martínez 2024): probable:",
        "viedma2025:1, viedma2025:2",
        "median 35 (range, 17-47) (text; verified); the rows of Table 1 give 28",
        "ref 10 Martín-Torregrosa D",
        "[martintorregrosa2024]",
        "verified: read in the full text",
        "individual patients yes",  # a column of the review's own
    ):
        assert part in told, part
    assert "as reference 3 of Viedma-Martínez 2025" in shown(shipped, "tulip2")


def test_a_patient_shows_scores_and_verdicts(shipped: Review) -> None:
    told = shown(shipped, "viedma2025:1")
    assert "CLASI-50 yes" in told
    assert "clasi_a, week 0 33; verified; Table 1" in told
    assert "printed: 10 months" in told
    assert "cannot be judged: no score at a last visit is on record" in shown(shipped, "lsm2023four:3")


def test_an_outcome_shows_its_meaning_and_rule(shipped: Review) -> None:
    told = shown(shipped, "clasi50")
    assert "at least 50 % less CLASI-A than at baseline; CLASI-A; more is better" in told
    assert "of patients: clasi_a at least 50 % at the last visit" in told


def test_nothing_recorded_is_kept_back(shipped: Review) -> None:
    """Every cell of a report, its results and its patients is on its screen."""
    for key in ("viedma2025", "tulip2", "carter2023", "azahar"):
        told = re.sub(r"\s", "", render_text(look_up(shipped, key), shipped))
        (found,) = look_up(shipped, key)
        assert found.record is not None
        cells_of = [
            value for name, value in found.record._asdict().items() if name not in ("extra", "row", "state")
        ]
        for row in found.rows:
            cells_of += [row.locator, row.note, row.caution, row.value, row.population, row.not_poolable]
            cells_of += [row.definition, row.time_printed, row.missing_data, row.scale, row.threshold]
        for value in cells_of:
            if value not in ("", None):
                assert re.sub(r"\s", "", str(value)) in told, (key, value)


# ---- screens -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "unicode"), [(80, True), (80, False), (132, True)])
def test_every_key_fits_the_screen(shipped: Review, width: int, unicode: bool) -> None:
    keys = every_key(shipped)
    assert len(keys) > 150
    for key in keys[:: 1 if width == 80 and unicode else 7]:
        screen = render_text(look_up(shipped, key), shipped, width=width, unicode=unicode)
        assert max(map(cells, screen.splitlines())) <= width, key
        assert not CONTROL.search(screen)
        assert unicode or screen.isascii()


def test_hostile_text_is_shown_harmless(tmp_path: Path) -> None:
    made = review(tmp_path, ["a 5/9", "b 4/9"], overlaps="a,b,possible")
    evil = "x\x1b[31mred\x1b]0;t\x07\u202eabc"
    row = made.rows[0]._replace(note=evil, source=evil, locator=evil, caution=evil)
    study = made.studies["a"]._replace(title=evil, note=evil)
    from dataclasses import replace

    bad = replace(
        made,
        rows=(row, made.rows[1]),
        by_outcome={"cure": (row, made.rows[1])},
        studies={**made.studies, "a": study},
        labels={"a": evil, "b": "B"},
    )
    for key in ("a", "cohort a", "cure", "a cure"):
        found = look_up(bad, key)
        assert not CONTROL.search(render_text(found, bad))
        assert not CONTROL.search(render_json(found, bad))


def test_json_of_every_key(shipped: Review) -> None:
    for key in every_key(shipped)[::5]:
        for made in json.loads(render_json(look_up(shipped, key), shipped), parse_constant=pytest.fail):
            assert {"kind", "key", "label", "answer", "record", "analyses", "results"} <= set(made)


def test_json_has_numbers_rules_and_places(shipped: Review) -> None:
    (made,) = json.loads(render_json(evidence.look_up(shipped, "carter2023"), shipped))
    primary = made["analyses"][0]
    assert (primary["analysis"], primary["role"], primary["rule"]) == ("primary", "left out", "not poolable")
    assert made["record"]["pmid"] == "36944572"
    (zoster,) = [row for row in made["results"] if row["outcome"] == "herpes_zoster"]
    assert (zoster["events"], zoster["n"], zoster["when"]) == (1, 7, "week 26")
    assert 0 < zoster["proportion"]["low"] < 1 / 7 < zoster["proportion"]["high"]
    assert zoster["row"] > 1  # where to find it in the spreadsheet


# ---- the command ---------------------------------------------------------------------------------


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["show", *args, "--review", str(ROOT / "data")])


def test_a_key_may_be_several_words() -> None:
    assert run("Chasset", "2023").stdout == run("Chasset 2023").stdout == run("chasset2023").stdout
    assert run("tulip12", "clasi50", "placebo").exit_code == 0


def test_near_misses_are_suggested() -> None:
    result = run("viedma205")
    assert result.exit_code == 2
    assert "did you mean viedma2025" in result.stderr
    assert result.stdout == ""


def test_a_key_is_needed() -> None:
    result = run()
    assert result.exit_code == 2
    assert "Missing argument" in result.stderr


def test_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("ref", "3", "--output", "ref.json").exit_code == 0
    assert json.loads(Path("ref.json").read_text(encoding="utf-8"))[0]["record"]["number"] == 3
    assert run("ref", "3", "--output", "ref.txt").exit_code == 0
    assert Path("ref.txt").read_text(encoding="utf-8") == run("ref", "3").stdout


def test_left_out_is_explained_by_rule_in_every_format_of_a_pool() -> None:
    for name, words in (
        ("text", "    same cohort   Viedma-Martínez 2025 (Spanish original): same patients as"),
        ("markdown", "- Left out (same cohort): Viedma-Martínez 2025 (Spanish original): same patients as"),
        ("csv", "same cohort: same patients as"),
        ("latex", "Left out (same cohort): Viedma-Martínez 2025 (Spanish original): same patients as"),
    ):
        result = CliRunner().invoke(
            main, ["pool", "--excluded", "--format", name, "--review", str(ROOT / "data")]
        )
        assert words in result.stdout, name


def test_help_costs_no_numerics() -> None:
    code = (
        "import sys\nfrom evidence.cli import main\n"
        "try:\n    main([sys.argv[1], '--help'])\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert not {'numpy', 'evidence.analysis', 'evidence.review.tables'} & set(sys.modules)"
    )
    for name in ("show", "compare"):
        subprocess.run([sys.executable, "-c", code, name], capture_output=True, check=True)
