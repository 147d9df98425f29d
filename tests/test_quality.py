"""Judgements of quality and certainty: a person's, checked for sense, shown with what is missing, never made up."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import evidence
from evidence.cli import main
from evidence.cli.quality import INSTRUMENTS as OFFERED
from evidence.errors import DataError, NotPossible
from evidence.report.review.quality import SIGNS
from evidence.report.review.quality_export import render_robvis, robvis_call
from evidence.review.instruments import GRADES, INSTRUMENTS, JUDGEMENTS, LEVELS, STEPS
from evidence.review.quality import certainties, offered, quality_of
from evidence.review.schema import DESIGNS
from evidence.review.tables import Review, load
from tests.made_reviews import REFERENCE
from tests.made_reviews import review as make_review

SHIPPED = Path(evidence.__file__).parent.parent / "data"
QUALITY = "study,instrument,outcome,item,judgement,reason,by,source,locator,state"
CERTAINTY = "outcome,question,item,judgement,reason,by"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Ours is a case series; another a cohort, one with controls; and a trial to compare with."""
    folder = tmp_path / "home"
    folder.mkdir()
    make_review(
        folder,
        ["ours 6/6", "other 3/9", "controlled 4/9", "trial 49/107"],
        toml=REFERENCE,
        studies={"ours": "design=case_series", "controlled": "controls=9", "trial": "design=trial"},
    )
    return folder


def judge(folder: Path, *rows: str) -> Review:
    """Rows as `study|instrument|item|judgement`, each with a reason and a name."""
    lines = [QUALITY]
    for row in rows:
        study, instrument, item, judgement = row.split("|")
        lines.append(f"{study},{instrument},,{item},{judgement},said so,Anna Ruiz,x,p. 2,read")
    (folder / "quality.csv").write_text("\n".join(lines) + "\n")
    return load(folder)


def grade(folder: Path, *rows: str) -> Review:
    """Rows as `question|item|judgement` about cure."""
    lines = [CERTAINTY, *(f"cure,{row.replace('|', ',')},because,Anna Ruiz" for row in rows)]
    (folder / "certainty.csv").write_text("\n".join(lines) + "\n")
    return load(folder)


def problem(error: pytest.ExceptionInfo[DataError]) -> str:
    (found,) = error.value.problems
    return str(found)


# ---- instruments ---------------------------------------------------------------------------------


def test_the_instruments_have_the_items_of_their_papers() -> None:
    counts = {name: len(one.domains) for name, one in INSTRUMENTS.items()}
    assert counts == {"JBI case series": 10, "ROBINS-I": 7, "RoB 2": 5, "Newcastle-Ottawa": 8}
    jbi = INSTRUMENTS["JBI case series"].items
    assert jbi["consecutive inclusion"] == "Did the case series have consecutive inclusion of participants?"
    assert jbi["complete inclusion"] == "Did the case series have complete inclusion of participants?"
    assert tuple(INSTRUMENTS) == OFFERED
    for one in INSTRUMENTS.values():
        assert set(one.drawn) == set(one.words + one.unknown)
        assert set(one.designs) <= set(DESIGNS)
    assert set(SIGNS) == set(JUDGEMENTS)


def test_each_design_is_offered_the_instrument_for_it() -> None:
    assert {
        design: offered(design) for design in ("case report", "cohort", "registry", "trial", "review")
    } == {
        "case report": "JBI case series",
        "cohort": "ROBINS-I",
        "registry": "ROBINS-I",
        "trial": "RoB 2",
        "review": "",
    }


# ---- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "ours|JBI case series|selection|yes",
            "column item: 'selection' is no item of JBI case series; allowed: criteria,",
        ),
        (
            "ours|JBI case series|criteria|low",
            "column judgement: 'low' is no judgement of JBI case series; allowed: yes, no,",
        ),
        (
            "other|ROBINS-I|selection|high",
            "'high' is no judgement of ROBINS-I; allowed: low, moderate, serious, critical",
        ),
        ("ours|RoB 2|deviations|low", "'RoB 2' is for randomised trials, and the design is case series"),
        (
            "ours|ROBINS-I|confounding|moderate",
            "'moderate' is too good for a report without a control group of its own",
        ),
        (
            "other|ROBINS-I|confounding|low",
            "'low' is too good for a report without a control group of its own",
        ),
        (
            "ours|ROBINS-I|overall|moderate",
            "'moderate' is too good for a report without a control group of its own",
        ),
        ("other|Newcastle-Ottawa|exposure|two stars", "'two stars' is for comparability alone"),
        (
            "other|ROBINS|selection|low",
            "'ROBINS' is not one of the words for this column (did you mean ROBINS-I?)",
        ),
        ("nobody|ROBINS-I|selection|low", "'nobody' is not in studies.csv"),
    ],
)
def test_a_judgement_that_makes_no_sense_is_a_problem(home: Path, row: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        judge(home, row)
    assert problem(error).startswith("quality.csv row 2, column ")
    assert said in problem(error)


def test_a_judgement_needs_a_reason_and_a_name(home: Path) -> None:
    (home / "quality.csv").write_text(f"{QUALITY}\nours,JBI case series,,criteria,yes,,,x,p. 2,read\n")
    with pytest.raises(DataError) as error:
        load(home)
    assert [(p.column, p.reason) for p in error.value.problems] == [  # type: ignore[attr-defined]
        ("reason", "the cell is empty"),
        ("by", "the cell is empty"),
    ]


def test_overall_is_no_better_than_the_worst_item(home: Path) -> None:
    rows = ("trial|RoB 2|deviations|some concerns", "trial|RoB 2|measurement|low")
    assert judge(home, *rows, "trial|RoB 2|overall|high").appraisals
    with pytest.raises(DataError) as error:
        judge(home, *rows, "trial|RoB 2|overall|low")
    assert (
        "row 4, column judgement: 'low' is better than deviations, which is some concerns (row 2)"
        in problem(error)
    )


def test_confounding_may_be_moderate_where_there_was_a_control_group(home: Path) -> None:
    assert judge(home, "controlled|ROBINS-I|confounding|moderate").appraisals
    assert judge(home, "other|ROBINS-I|confounding|serious").appraisals
    assert judge(home, "other|ROBINS-I|confounding|no information").appraisals


# ---- certainty -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["event rate|start|high"], "'high' is too high a start for what nobody was randomised to; allowed: low or very low"),
        (["naive contrast|start|moderate"], "is too high a start"),
        (["naive contrast|large effect|up 2"], "'up 2' raises nothing: a large effect raises no certainty"),
        (["event rate|imprecision|up 1"], "'up 1' goes the wrong way for imprecision"),
        (["event rate|dose response|down 1"], "'down 1' goes the wrong way for dose response"),
        (["event rate|imprecision|low"], "'low' is a level, and imprecision a step"),
        (["event rate|start|down 1"], "'down 1' is a step, and the row start a level"),
        (["event rate|overall|low"], "'low' is where it ends, and no row says where it starts"),
        (
            ["event rate|start|low", "event rate|imprecision|down 1", "event rate|overall|low"],
            "row 4, column judgement: 'low' is not where the rows lead: low, down 1 is very low",
        ),
    ],
)  # fmt: skip
def test_a_certainty_that_does_not_hold_together_is_a_problem(home: Path, rows: list[str], said: str) -> None:
    with pytest.raises(DataError) as error:
        grade(home, *rows)
    assert said in problem(error)


@pytest.mark.parametrize(
    ("start", "steps", "end"),
    [
        ("low", ["risk of bias|no change"], "low"),
        ("low", ["risk of bias|down 1"], "very low"),
        ("low", ["risk of bias|down 2", "imprecision|down 1"], "very low"),  # there is nothing below
        ("low", ["large effect|no change", "dose response|up 1"], "moderate"),
        ("high", ["risk of bias|down 1", "imprecision|down 1"], "low"),
    ],
)
def test_what_adds_up_is_taken(home: Path, start: str, steps: list[str], end: str) -> None:
    question = "randomised contrast" if start == "high" else "naive contrast"
    review = grade(home, *(f"{question}|{step}" for step in (f"start|{start}", *steps, f"overall|{end}")))
    (found,) = certainties(review.grades)
    assert found.steps["overall"].judgement == end
    for other in LEVELS:
        if other != end:
            with pytest.raises(DataError, match="is not where the rows lead"):
                grade(
                    home, *(f"{question}|{step}" for step in (f"start|{start}", *steps, f"overall|{other}"))
                )


def test_a_rate_and_a_contrast_are_two_certainties_and_what_nobody_said_is_named(home: Path) -> None:
    review = grade(home, "naive contrast|start|low", "event rate|start|low", "event rate|imprecision|down 1")
    rate, contrast = certainties(review.grades)
    assert (rate.question, contrast.question) == ("event rate", "naive contrast")
    assert rate.open == ("risk of bias", "inconsistency", "indirectness", "publication bias", "overall")
    text = run("--review", home, "--certainty").stdout
    assert "Cure, event rate: not concluded" in text  # though the rows would lead to very low
    assert "very low" not in text
    assert "start: low. because [Anna Ruiz]" in text
    told = json.loads(run("--review", home, "--certainty", "--format", "json").stdout)
    assert [one["overall"] for one in told["certainties"]] == [None, None]
    rows = list(csv.DictReader(run("--review", home, "--certainty", "--format", "csv").stdout.splitlines()))
    assert [row["item"] for row in rows] == ["start", "imprecision", "start"]


# ---- shown ---------------------------------------------------------------------------------------


def run(*args: object) -> Any:
    return CliRunner().invoke(main, ["quality", *map(str, args)])


def test_the_table_shows_what_was_judged_and_who_was_not(home: Path) -> None:
    judge(
        home,
        "ours|JBI case series|criteria|yes",
        "ours|JBI case series|consecutive inclusion|no",
        "ours|JBI case series|site|unclear",
        "trial|RoB 2|randomisation|low",
    )
    result = run("--review", home)
    assert result.exit_code == 0
    (signs,) = [line.split()[1:] for line in result.stdout.splitlines() if line.startswith("  OURS")]
    assert signs == ["+", ".", ".", "-", ".", ".", ".", ".", "?", "."]
    text = " ".join(result.stdout.split())
    assert "+ yes; - no; ? unclear; . not judged" in text
    assert "OTHER (other): cohort; ROBINS-I is for its design [primary]" in text
    assert "TRIAL (trial)" not in text
    assert "at least serious for confounding, by rule (ROBINS-I, domain 1)" in text
    assert "primary: OURS against TRIAL; they differ in design" in text
    reasons = " ".join(run("--review", home, "--reasons").stdout.split())
    assert "OURS, consecutive inclusion: no. said so (p. 2) [Anna Ruiz; read]" in reasons
    only = run("--review", home, "--instrument", "RoB 2").stdout
    assert "RoB 2" in only
    assert "OURS  " not in only
    assert "JBI checklist for case series [1] (Anna Ruiz)" in run("--review", home, "--methods").stdout


def test_json_and_csv_say_the_same(home: Path) -> None:
    judge(home, "ours|JBI case series|criteria|yes")
    told = json.loads(run("--review", home, "--format", "json").stdout)
    (judged,) = told["judged"]
    assert judged["items"]["criteria"]["by"] == "Anna Ruiz"
    assert len(judged["not_judged"]) == 9
    assert {one["study"] for one in told["not_judged"]} == {"other", "controlled", "trial"}
    assert told["contrasts"][0]["confounding"] == "at least serious"
    rows = list(csv.DictReader(run("--review", home, "--format", "csv").stdout.splitlines()))
    assert [row["judgement"] for row in rows if row["study"] == "ours"] == ["yes", *[""] * 9]


def test_robvis_gets_its_own_columns_and_words(home: Path) -> None:
    rows = ["deviations|low", "randomisation|some concerns", "measurement|high", "overall|high"]
    review = judge(home, *(f"trial|RoB 2|{row}" for row in rows))
    found = quality_of(review)
    assert render_robvis(review, found) == (
        "Study,D1,D2,D3,D4,D5,Overall,Weight\nTRIAL,Some concerns,Low,NA,High,NA,High,1\n"
    )
    assert robvis_call(found).startswith('rob_traffic_light(read.csv("FILE.csv")[, 1:7], tool = "ROB2");')
    review = judge(
        home, *(f"controlled|ROBINS-I|{item}|no information" for item in INSTRUMENTS["ROBINS-I"].items)
    )
    header, row = render_robvis(review, quality_of(review)).splitlines()
    assert header == "Study,D1,D2,D3,D4,D5,D6,D7,Overall,Weight"
    assert row == "CONTROLLED" + ",No information" * 8 + ",1"
    assert robvis_call(quality_of(review)).endswith('tool = "ROBINS-I")')


def test_robvis_weights_are_patients_only_if_all_are_known(home: Path) -> None:
    path = home / "studies.csv"
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join(
            [
                lines[0] + ",treated",
                *(f"{line},{n}" for line, n in zip(lines[1:], (6, "", 9, 107), strict=True)),
            ]
        )
        + "\n"
    )
    review = judge(home, "ours|ROBINS-I|selection|low", "controlled|ROBINS-I|selection|low")
    assert [line.split(",")[-1] for line in render_robvis(review, quality_of(review)).splitlines()[1:]] == [
        "6",
        "9",
    ]
    review = judge(home, "ours|ROBINS-I|selection|low", "other|ROBINS-I|selection|low")
    assert [line.split(",")[-1] for line in render_robvis(review, quality_of(review)).splitlines()[1:]] == [
        "1",
        "1",
    ]


def test_robvis_draws_one_instrument_and_no_stars(home: Path) -> None:
    assert "there is nothing to draw" in run("--review", home, "--format", "robvis").stderr
    judge(home, "ours|JBI case series|criteria|yes", "trial|RoB 2|deviations|low")
    several = run("--review", home, "--format", "robvis")
    assert (several.exit_code, "--instrument, one of JBI case series, RoB 2" in several.stderr) == (1, True)
    one = run("--review", home, "--format", "robvis", "--instrument", "JBI case series")
    assert one.stdout.startswith("Study,Criteria,Condition measured,")
    assert ",Low," in one.stdout
    assert "overall = FALSE" in one.stderr
    review = judge(home, "other|Newcastle-Ottawa|exposure|one star")
    with pytest.raises(NotPossible, match="no template for stars"):
        render_robvis(review, quality_of(review))


def test_the_shipped_review_claims_no_more_than_the_letter_says(tmp_path: Path) -> None:
    review = load(SHIPPED)
    assert {row.study for row in review.appraisals} == {"viedma2025"}
    assert all(row.locator and row.state == "verified" and row.reason for row in review.appraisals)
    assert review.grades == ()
    (judged,) = quality_of(review).judged
    assert set(judged.open) == {
        "criteria",
        "condition measured",
        "condition identified",
        "consecutive inclusion",
        "site",
        "statistics",
    }
    assert "none is computed" in run("--review", SHIPPED, "--certainty").stdout
    copy = tmp_path / "copy"
    shutil.copytree(
        SHIPPED, copy, ignore=shutil.ignore_patterns("__pycache__", "quality.csv", "certainty.csv")
    )
    assert "Nobody has judged a report yet." in run("--review", copy).stdout


def test_wrong_usage_is_said(home: Path) -> None:
    assert run("--certainty", "--items").exit_code == 2
    assert run("--certainty", "--format", "robvis").exit_code == 2
    assert run("--items", "--format", "json").exit_code == 2
    assert max(map(len, run("--items").stdout.splitlines())) <= 80


def test_the_words_of_a_certainty_are_levels_or_steps() -> None:
    assert set(GRADES) == set(LEVELS) | set(STEPS)
