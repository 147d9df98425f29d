"""Reviews of other subjects, made from files alone, work with every command: nothing here knows what it is about."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import evidence
from evidence.cli import main
from evidence.report import FORMATS
from evidence.review.tables import Review, load

ROOT = Path(__file__).resolve().parent.parent
SUBJECT = re.compile(r"\b(lupus|r?clasi|anifrolumab|tulip|viedma|cutaneous|skin)", re.IGNORECASE)

VACCINE = {
    "review.toml": """\
format = 1
title = "A vaccine in kidney recipients"

[outcomes.seroconversion]
label = "Seroconversion"
definition = "antibodies of at least 40 units"
better = "higher"
verb = "seroconverted"
scale = "ELISA"
patients = { score = "titre", at_least = 40 }

[outcomes.fever]
label = "Fever"
better = "lower"

[analyses.main]
outcome = "seroconversion"
pool = { design = ["cohort", "case series"] }
weeks = [3, 8]
last_visit = true
ours = "lopez2024"
reference = { study = "trial2021", arm = "vaccine", weeks = 4 }
beside = [{ study = "trial2021", arm = "vaccine", weeks = 24 }]

[columns.studies]
drug = ["tacrolimus", "belatacept", "others"]
""",
    "studies.csv": """\
study,authors,year,design,drug,controls,source,state
lopez2024,"López A, Ruiz B",2024,case series,tacrolimus,,https://example.org/1,verified
kim2022,Kim S,2022,cohort,tacrolimus,,https://example.org/2,read
kim2022b,Kim T,2022,cohort,belatacept,,https://example.org/3,verified
shah2023,Shah R,2023,cohort,others,,https://example.org/4,verified
trial2021,Olsen K,2021,trial,tacrolimus,150,https://example.org/5,verified
""",
    "cohorts.csv": "study,cohort,note\n",
    "overlaps.csv": "cohort_a,cohort_b,certainty,reason\nkim2022,kim2022b,possible,one hospital\n",
    "outcomes.csv": """\
study,arm,outcome,weeks,events,n,threshold,missing_data,source,locator,state
kim2022,,seroconversion,4,12,40,,,https://example.org/2,abstract,read
kim2022b,,seroconversion,6,20,35,,observed,https://example.org/3,Table 1,verified
shah2023,,seroconversion,8,9,30,,,https://example.org/4,Table 2,verified
trial2021,vaccine,seroconversion,4,110,150,,imputed,https://example.org/5,Table 2,verified
trial2021,vaccine,seroconversion,24,90,150,,imputed,https://example.org/5,Table 2,verified
trial2021,placebo,seroconversion,4,3,150,,imputed,https://example.org/5,Table 2,verified
lopez2024,,fever,last visit,0,3,,,https://example.org/1,text,verified
kim2022,,fever,4,0,40,,,https://example.org/2,abstract,read
trial2021,vaccine,fever,4,30,150,,,https://example.org/5,Table 3,verified
""",
    "patients.csv": """\
study,patient,age,source,state
lopez2024,A,40,https://example.org/1,verified
lopez2024,B,50,https://example.org/1,verified
lopez2024,C,60,https://example.org/1,verified
""",
    "scores.csv": """\
study,patient,score,weeks,value,source,state
lopez2024,A,titre,0,1,https://example.org/1,verified
lopez2024,A,titre,6,80,https://example.org/1,verified
lopez2024,B,titre,0,1,https://example.org/1,verified
lopez2024,B,titre,7,39,https://example.org/1,verified
lopez2024,C,titre,0,1,https://example.org/1,verified
lopez2024,C,titre,5,40,https://example.org/1,verified
""",
}

DIAGNOSTIC = {
    "review.toml": """\
format = 1
title = "A rapid test for malaria"

[outcomes.sensitivity]
label = "Sensitivity"
definition = "infected patients whom the test detects"
better = "higher"
verb = "were detected"

[outcomes.false_positive]
label = "False positives"
definition = "patients without infection whom the test calls infected"
better = "lower"
verb = "tested positive"

[analyses.sensitivity]
outcome = "sensitivity"
pool = { design = ["cross-sectional"] }
reference = { study = "reference2015", arm = "expert microscopy" }
arms = ["rapid test"]
""",
    "studies.csv": """\
study,label,authors,year,design,country,source,state
a2018,,Abebe T,2018,cross-sectional,Ethiopia,https://example.org/a,verified
b2019,,Bell J,2019,cross-sectional,Ghana,https://example.org/b,verified
c2020,,Cho H,2020,cross-sectional,Ghana,https://example.org/c,secondary
reference2015,Microscopy trial,Diaz M,2015,trial,Mali,https://example.org/d,verified
""",
    "cohorts.csv": "study,cohort,note\n",
    "overlaps.csv": "cohort_a,cohort_b,certainty,reason\n",
    "outcomes.csv": """\
study,arm,outcome,weeks,events,n,scale,source,locator,state
a2018,rapid test,sensitivity,not stated,95,100,HRP2,https://example.org/a,Table 1,verified
b2019,rapid test,sensitivity,not stated,50,50,HRP2,https://example.org/b,Table 1,verified
c2020,rapid test,sensitivity,not stated,70,80,pLDH,https://example.org/c,abstract,secondary
reference2015,expert microscopy,sensitivity,not stated,80,100,,https://example.org/d,Table 4,verified
a2018,rapid test,false_positive,not stated,0,200,HRP2,https://example.org/a,Table 1,verified
b2019,rapid test,false_positive,not stated,0,90,HRP2,https://example.org/b,Table 1,verified
""",
}


def written(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def vaccine(tmp_path: Path) -> Path:
    return written(tmp_path / "vaccine", VACCINE)


@pytest.fixture
def diagnostic(tmp_path: Path) -> Path:
    return written(tmp_path / "diagnostic", DIAGNOSTIC)


def run(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(main, [*args, "--review", str(folder)])


def flat(text: str) -> str:
    return " ".join(text.split())


CALLS = [
    ("pool",),
    ("pool", "--excluded", "--panel", "--by", "design"),
    ("pool", "--where", "n >= 5 and year > 2000"),
    ("compare",),
    ("compare", "all"),
    ("outcomes",),
]


@pytest.mark.parametrize("subject", ["vaccine", "diagnostic"])
@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_every_command_works_in_every_format(
    call: tuple[str, ...], subject: str, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(subject)
    formats = {"pool": tuple(FORMATS), "compare": ("text", "markdown", "csv", "json")}.get(
        call[0], ("text", "json", "csv")
    )
    for name in formats:
        result = run(folder, *call, "--format", name)
        assert result.exit_code == 0, result.output
        assert not SUBJECT.search(result.output)
        assert not re.search(r"\brespond", result.output)
        assert not re.search(r"\bNone\b|\bnan\b", result.stdout)


@pytest.mark.parametrize("subject", ["vaccine", "diagnostic"])
def test_everything_in_it_can_be_shown(subject: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(subject)
    made = load(folder)
    patients = [f"{patient.study}:{patient.patient}" for patient in made.patients]
    rows = [f"{row.study} {row.outcome}" for row in made.rows]
    for key in (*made.studies, *made.outcomes, *patients, *rows, *(made.label(s) for s in made.studies)):
        result = run(folder, "show", key)
        assert result.exit_code == 0, result.output
        assert not SUBJECT.search(result.output)
        assert run(folder, "show", key, "--format", "json").exit_code == 0


# ---- the words are the outcome's own ---------------------------------------------------------------


def test_a_vaccine_in_its_own_words(vaccine: Path) -> None:
    said = flat(run(vaccine, "pool").stdout)
    assert said.startswith(
        "A vaccine in kidney recipients: Seroconversion (antibodies of at least 40 units) 2 of our 3 patients "
        "seroconverted (66.7 %, 95 % CI 9.4 to 99.2). In Olsen 2021, 110 of 150 did at week 4 (73.3 %)"
    )
    assert "Kim 2022a" in said
    assert "Kim 2022b" in said
    assert "Kim 2022a and Kim 2022b possibly share patients: one hospital." in said
    compared = flat(run(vaccine, "compare", "--weeks", "24").stdout)
    assert "In Olsen 2021, 90 of 150 did at week 24 (60.0 %): a difference of +6.7 points" in compared
    assert "no comparator is common to them" in compared
    assert "cannot help" not in compared
    assert "In the pool of Seroconversion: 2/3 at the last visit (5 to 7 weeks)" in flat(
        run(vaccine, "show", "lopez2024").stdout
    )


def test_a_harm_of_which_nobody_had_any(vaccine: Path) -> None:
    said = flat(run(vaccine, "pool", "--outcome", "fever").stdout)
    assert "None of our 3 patients had the event" in said
    assert "No patient had the outcome in any study" in said
    assert "respond" not in said


def test_a_test_detects(diagnostic: Path) -> None:
    said = flat(run(diagnostic, "pool").stdout)
    assert "In the three series together, 215 of 230 patients were detected;" in said
    assert "% were on average over series" in said
    assert "In Microscopy trial, 80 of 100 were (80.0 %)." in said
    compared = flat(run(diagnostic, "compare", "b2019").stdout)
    assert "All 50 patients in Bell 2019 were detected (95 % CI 92.9 to 100)." in compared
    assert "50 of 50 stays 100 %" in compared
    assert "hidden patients without the outcome among those of Bell 2019" in compared
    harm = flat(run(diagnostic, "pool", "--outcome", "false positives").stdout)
    assert "none of 290 patients tested positive" in harm


ONE = {"events": 1, "n": 1}


@pytest.mark.parametrize(
    ("verb", "better", "did", "did_not"),
    [
        ("", "higher", "responded", "did not respond"),
        ("", "lower", "had the event", "did not have the event"),
        ("", "", "had the outcome", "did not have the outcome"),
        ("were detected", "higher", "was detected", "was not detected"),
        ("had a relapse", "lower", "had a relapse", "did not have a relapse"),
        ("tested positive", "higher", "tested positive", "is not among those who tested positive"),
    ],
)
def test_one_patient_in_every_voice(vaccine: Path, verb: str, better: str, did: str, did_not: str) -> None:
    toml = VACCINE["review.toml"].replace('verb = "seroconverted"\n', f'verb = "{verb}"\n' if verb else "")
    toml = toml.replace('better = "higher"\n', f'better = "{better}"\n' if better else "", 1)
    (vaccine / "review.toml").write_text(toml, encoding="utf-8")
    for name in ("patients.csv", "scores.csv"):
        lines = VACCINE[name].splitlines(keepends=True)
        (vaccine / name).write_text("".join(x for x in lines if ",B," not in x and ",C," not in x))
    fever = VACCINE["outcomes.csv"].replace(
        "lopez2024,,fever,last visit,0,3", "lopez2024,,fever,last visit,0,1"
    )
    (vaccine / "outcomes.csv").write_text(fever)
    assert f"Our one patient {did} (95 % CI" in flat(run(vaccine, "pool").stdout)
    scores = VACCINE["scores.csv"].splitlines(keepends=True)
    low = [line.replace(",80,", ",8,") for line in scores if ",B," not in line and ",C," not in line]
    (vaccine / "scores.csv").write_text("".join(low))
    assert f"Our one patient {did_not} (95 % CI" in flat(run(vaccine, "pool").stdout)


# ---- groups --------------------------------------------------------------------------------------


def test_groups_by_a_column_of_the_review_in_every_format(vaccine: Path) -> None:
    groups = {"tacrolimus": (2, 14, 43), "belatacept": (1, 20, 35), "others (drug)": (1, 9, 30)}
    made = json.loads(run(vaccine, "pool", "--by", "drug", "--format", "json").stdout)
    pools = {pool["pool"]: (pool["k"], pool["events"], pool["n"]) for pool in made["pooled"]}
    assert pools == {"all": (4, 43, 108), "others": (3, 41, 105)} | groups
    assert [pool["pool"] for pool in made["pooled"]][:2] == ["all", "others"]
    text = run(vaccine, "pool", "--by", "drug").stdout
    for name in groups:
        assert f"  {name}:\n" in text
    assert "tacrolimus, exact" in text
    assert "tacrolimus, Bayes, average" in text
    for name, heading in (("markdown", "| **tacrolimus** |"), ("latex", r"\textbf{tacrolimus}")):
        shown = run(vaccine, "pool", "--by", "drug", "--format", name).stdout
        assert heading in shown
        assert "14/43" in shown
    lines = run(vaccine, "pool", "--by", "drug", "--format", "csv").stdout.splitlines()
    assert any(line.startswith('pool,"tacrolimus, exact",') for line in lines)
    assert any(line.startswith('pool,"others (drug), exact",') for line in lines)


def test_a_group_has_the_pool_of_its_series_alone(vaccine: Path) -> None:
    made: Review = load(vaccine)
    grouped = evidence.pool(made, by="design")
    alone = evidence.pool(made, where="design == cohort")
    (cohort,) = [pool for pool in grouped.pooled if pool.pool == "cohort"]
    assert cohort.result.proportion == alone.proportion
    assert cohort.result.notes == alone.leading.notes


# ---- nothing knows -------------------------------------------------------------------------------


ROOMS = ("synthesis", "review", "analysis", "report")


@pytest.mark.parametrize(
    "path",
    [path for room in ROOMS for path in sorted((ROOT / "evidence" / room).rglob("*.py"))],
    ids=lambda path: path.stem,
)
def test_no_module_of_the_library_says_what_a_review_is_about(path: Path) -> None:
    """Docstrings may give examples; what is printed may not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            assert not SUBJECT.search(node.value), f"{path.name}:{node.lineno}"
