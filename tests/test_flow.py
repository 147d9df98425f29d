"""evidence flow: the counts of PRISMA 2020 from the tables, checked to add up, in the columns R's PRISMA2020 reads."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evidence.analysis.flow import flow
from evidence.cli import main
from evidence.errors import OptionError
from evidence.report.characters import cells
from evidence.report.review.flow import COLUMNS, TEMPLATE, render_csv, render_text
from evidence.review.tables import load

from .standin.reviews import make_review

SEARCHES = "run,search,date,database,kind,query,translation,since,records,seen,duplicates,known,new,note\n"
FOUND = "paper,search,run,status,pmid,title,year,note\n"
DECISIONS = "paper,screener,stage,decision,reason,date\n"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two updates of two databases and a list of citations, screened to the end; one paper was added to the review."""
    monkeypatch.chdir(tmp_path)
    studies = [
        {"study": "new1", "pmid": "1", "design": "cohort", "state": "unverified"},
        {"study": "cited9", "pmid": "9", "design": "cohort", "state": "unverified"},
    ]
    folder = make_review(tmp_path / "mine", studies=studies)
    with (folder / "review.toml").open("a") as out:
        out.write('[analyses.primary]\noutcome = "response"\n')
    (folder / "searches.csv").write_text(
        SEARCHES
        + "1,series,2026-01-05,PubMed,database,q,t,,6,0,0,2,4,\n"
        + "1,embase,2026-01-05,Embase,database,q,,,5,0,3,0,2,\n"
        + "1,refs,2026-01-06,,citations,,,,3,0,1,0,2,\n"
        + "2,series,2026-02-05,PubMed,database,q,t,,7,6,0,0,1,\n"
    )
    found = [f"{n},series,1,new,{n},Title {n},2025," for n in (1, 2, 3, 4)]
    found += ["7,series,1,known,7,,,studies.csv: letter", "8,series,1,known,8,,,references.csv: letter:2"]
    found += [f"{n},embase,1,duplicate,{n},,," for n in (1, 2, 3)]
    found += [f"e{n},embase,1,new,,Embase {n},2025," for n in (1, 2)]
    found += ["1,refs,1,duplicate,1,,,", "9,refs,1,new,9,Nine,2020,", "10,refs,1,new,10,Ten,2020,"]
    found += ["5,series,2,new,5,Five,2026,"]
    (folder / "found.csv").write_text(FOUND + "\n".join(found) + "\n")
    said = [("1", "include", ""), ("2", "include", ""), ("3", "exclude", "not lupus"), ("4", "include", "")]
    said += [
        ("e1", "exclude", "review"),
        ("e2", "include", ""),
        ("9", "include", ""),
        ("10", "exclude", "review"),
    ]
    said += [("5", "exclude", "not lupus")]
    rows = [f"{paper},AB,abstract,{decision},{reason},2026-02-06" for paper, decision, reason in said]
    full = [("1", "include", ""), ("2", "exclude", "no skin; outcome, at all"), ("4", "exclude", "dose")]
    full += [("e2", "not retrieved", ""), ("9", "include", "")]
    rows += [f'{paper},AB,full text,{decision},"{reason}",2026-02-07' for paper, decision, reason in full]
    (folder / "decisions.csv").write_text(DECISIONS + "\n".join(rows) + "\n")
    return folder


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["flow", *args])


def test_the_counts_are_those_of_the_tables_and_add_up(mine: Path) -> None:
    counted = flow(load(mine))
    assert counted.findings == ()
    counts = counted.counts()
    assert counts == {
        "previous_studies": 1,
        "previous_reports": 1,
        "database_results": 12,
        "database_specific_results": {"PubMed": 7, "Embase": 5},
        "register_results": 0,
        "register_specific_results": {},
        "website_results": 0,
        "organisation_results": 0,
        "citations_results": 2,
        "duplicates": 3,
        "excluded_automatic": 0,
        "excluded_other": 2,
        "records_screened": 7,
        "records_excluded": 3,
        "dbr_sought_reports": 4,
        "dbr_notretrieved_reports": 1,
        "other_sought_reports": 1,
        "other_notretrieved_reports": 0,
        "dbr_assessed": 3,
        "dbr_excluded": {"dose": 1, "no skin; outcome, at all": 1},
        "other_assessed": 1,
        "other_excluded": {},
        "new_studies": 2,
        "new_reports": 2,
        "total_studies": 3,
        "total_reports": 3,
        "total_studies_ma": 1,
        "total_reports_ma": 1,
    }
    result = run("--review", "mine")
    assert result.exit_code == 0, result.output
    assert "All counts add up." in result.stdout
    assert "Included, but no result entered yet: cited9, new1." in result.stdout


def test_a_later_update_counts_what_came_before_as_previous(mine: Path) -> None:
    counted = flow(load(mine), since="2026-02")
    assert counted.counts()["database_results"] == counted.databases.screened == 1
    assert counted.new_reports == 0
    assert counted.findings == ()
    with pytest.raises(OptionError):
        flow(load(mine), since="last month")


# ---- what does not add up --------------------------------------------------------------------------------


def change(mine: Path, table: str, old: str, new: str) -> list[str]:
    path = mine / f"{table}.csv"
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))
    return [str(one) for one in flow(load(mine)).findings]


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        (
            "searches",
            ",,6,0,0,2,4,",
            ",,8,0,0,2,4,",
            "searches.csv row 2 (series, update 1): 8 records are not 0 seen + 0 duplicates + 2 known + 4 new = 6",
        ),
        ("searches", ",,6,0,0,2,4,", ",,7,0,0,2,5,", "5 new, but found.csv has 4 new rows of it"),
        ("searches", ",,6,0,0,2,4,", ",,5,0,0,1,4,", "1 known, but found.csv has 2 known rows"),
        (
            "searches",
            "2,series,2026-02-05",
            "3,series,2026-02-05",
            "update 2 of series is not in searches.csv",
        ),
        (
            "decisions",
            "3,AB,abstract,exclude,not lupus",
            "3,AB,abstract,exclude,",
            "3 is excluded without a reason",
        ),
        (
            "decisions",
            "3,AB,abstract,exclude,not lupus",
            "33,AB,abstract,exclude,x",
            "33 is no new paper of found.csv",
        ),
        (
            "decisions",
            "3,AB,abstract,exclude,not lupus",
            "3,AB,abstract,later,",
            "1 paper not yet decided on the abstract; evidence screen",
        ),
        (
            "decisions",
            '4,AB,full text,exclude,"dose"',
            '4,AB,full text,include,""',
            "4 is included, but studies.csv has no such report; evidence add report",
        ),
        (
            "decisions",
            "3,AB,abstract,exclude,not lupus,2026-02-06",
            "3,AB,abstract,exclude,x,2026-02-06\n3,CD,abstract,include,,2026-02-06",
            "1 paper in conflict between screeners",
        ),
        (
            "decisions",
            "4,AB,abstract,include",
            "4,AB,abstract,exclude",
            "4 is decided on its full text, but its abstract was not let through",
        ),
    ],
)
def test_what_does_not_add_up_is_a_finding(mine: Path, table: str, old: str, new: str, said: str) -> None:
    findings = change(mine, table, old, new)
    assert any(said in one for one in findings), findings
    result = run("--review", "mine")
    assert result.exit_code == 1
    assert json.loads(run("--review", "mine", "--format", "json").stdout)["adds_up"] is False


def test_whatever_is_made_of_searches_and_decisions_adds_up_or_says_why(tmp_path: Path) -> None:
    """Thirty made reviews: the sums of the diagram hold in all that are screened to the end."""
    for seed in range(30):
        chance = random.Random(seed)
        folder = make_review(tmp_path / str(seed))
        found, counts, said, paper = [], {}, [], 0
        searches = [("a", "database"), ("b", "register"), ("c", "website")]
        for name, _ in searches:
            tally = dict.fromkeys(("duplicates", "known", "new"), 0)
            for _ in range(chance.randint(0, 6)):
                paper += 1
                status = chance.choice(["new", "new", "known"])
                tally[status] += 1
                found.append(f"{paper},{name},1,{status},{paper},T {paper},2020,")
                if status == "new":
                    word = chance.choice(["include", "exclude"])
                    said.append(f"{paper},A,abstract,{word},r,2026-01-01")
                    if word == "include":
                        said.append(
                            f"{paper},A,full text,{chance.choice(['exclude', 'not retrieved'])},r,2026-01-01"
                        )
            counts[name] = tally
        table = [
            f"1,{name},2026-01-01,{name.upper()},{kind},,,,{sum(counts[name].values())},0,{counts[name]['duplicates']},{counts[name]['known']},{counts[name]['new']},"
            for name, kind in searches
        ]
        (folder / "searches.csv").write_text(SEARCHES + "\n".join(table) + "\n")
        (folder / "found.csv").write_text(FOUND + "\n".join(found) + "\n")
        (folder / "decisions.csv").write_text(DECISIONS + "\n".join(said) + "\n")
        counted = flow(load(folder))
        assert counted.findings == ()
        main_arm = counted.databases
        assert counted.identified - counted.duplicates - counted.known == main_arm.screened
        assert main_arm.screened == main_arm.out + main_arm.sought
        assert main_arm.sought == main_arm.not_retrieved + main_arm.assessed
        assert main_arm.assessed == sum(main_arm.excluded.values()) + main_arm.included


# ---- the template of PRISMA2020 --------------------------------------------------------------------------

NAMES = [
    "previous_studies",
    "previous_reports",
    "database_results",
    "database_specific_results",
    "register_results",
    "register_specific_results",
    "website_results",
    "organisation_results",
    "citations_results",
    "duplicates",
    "excluded_automatic",
    "excluded_other",
    "records_screened",
    "records_excluded",
    "dbr_sought_reports",
    "dbr_notretrieved_reports",
    "other_sought_reports",
    "other_notretrieved_reports",
    "dbr_assessed",
    "dbr_excluded",
    "other_assessed",
    "other_excluded",
    "new_studies",
    "new_reports",
    "total_studies",
    "total_reports",
    "identification",
    "screening",
    "included",
    "total_studies_ma",
    "total_reports_ma",
]
"""What `PRISMA_data` of the R package looks for in the first column."""


def test_the_csv_has_the_templates_columns_and_rows(mine: Path) -> None:
    table = list(csv.DictReader(render_csv(flow(load(mine))).splitlines()))
    assert tuple(table[0]) == COLUMNS
    assert [row["data"] for row in table if row["data"] != "NA"] == NAMES
    assert len(table) == len(TEMPLATE) == 34
    by = {row["data"]: row for row in table}
    assert by["records_screened"] == {
        "data": "records_screened",
        "node": "node9",
        "box": "box4",
        "description": "Records screened (databases and registers)",
        "boxtext": "Records screened",
        "tooltips": "Records screened (databases and registers)",
        "url": "records_screened.html",
        "n": "7",
    }
    assert by["database_specific_results"]["n"] == "PubMed, 7; Embase, 5"
    assert by["dbr_excluded"]["n"] == "dose, 1; no skin outcome at all, 1"
    assert by["other_excluded"]["n"] == by["register_specific_results"]["n"] == "0"
    assert by["database_results"]["boxtext"] == "Databases"
    assert by["citations_results"]["boxtext"] == "Citation searching"
    assert {row["box"]: row["boxtext"] for row in table}["newstud"] == (
        "Identification of new studies via databases and registers"
    )
    boxes = {row["box"] for row in table}
    assert {f"box{number}" for number in range(1, 18)} <= boxes
    assert {row["node"] for row in table if row["node"] != "NA"} == {
        f"node{number}" for number in range(1, 24)
    }


def test_reasons_are_taken_apart_as_they_were_put_together() -> None:
    """The package splits at each semicolon, then at the comma: neither may be in a name, nor what a terminal obeys."""
    from evidence.report.review.flow import _n

    reasons = {"=x; a, b's": 2, "\x1b[31mred \u202e": 1, ";": 3}
    parts = [part.split(",") for part in _n(reasons).split(";")]
    assert [(name.strip(), int(count)) for name, count in parts] == [
        ("x a b\u2019s", 2),
        ("red", 1),
        ("?", 3),
    ]


# ---- shown -----------------------------------------------------------------------------------------------


def test_the_picture_is_80_columns_and_ascii_where_it_must(mine: Path) -> None:
    counted = flow(load(mine))
    text = render_text(counted)
    assert max(map(cells, text.splitlines())) <= 80
    assert render_text(counted, unicode=False).isascii()
    assert "Records identified" in text
    assert "PubMed" in text


def test_the_shipped_review_has_a_flow_before_any_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("--output", "PRISMA.csv")
    assert result.exit_code == 0, result.output
    by = {
        row["data"]: row["n"]
        for row in csv.DictReader(Path("PRISMA.csv").read_text(encoding="utf-8").splitlines())
    }
    assert int(by["previous_reports"]) >= int(by["total_reports_ma"]) >= 3
    assert by["total_reports"] == by["previous_reports"]
    assert "No search was run" in run().stdout
