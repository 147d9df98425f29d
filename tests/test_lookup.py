"""What people call things, what is found under it, and what the analyses make of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import OptionError
from evidence.review.labels import make_labels
from evidence.review.lookup import LEFT_OUT, NOT_POSSIBLE, Found, look_up
from evidence.review.names import Address, find_address, find_reports, listed, match, plain, read_weeks
from evidence.review.schema import STUDIES, ReferenceEntry, Study
from evidence.review.selection import select
from evidence.review.tables import Review, load

from .made_reviews import REFERENCE, review

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def shipped() -> Review:
    return load(ROOT / "data")


def one(shipped: Review, key: str) -> Found:
    (found,) = look_up(shipped, key)
    return found


# ---- names ---------------------------------------------------------------------------------------


def test_case_accents_and_hyphens_do_not_matter() -> None:
    assert plain("Viedma-Martínez  2025") == plain("viedma martinez 2025") == "viedma martinez 2025"
    assert plain("CLASI_50") == plain("clasi-50")


TIMES = [("12", 12.0), ("week 12", 12.0), ("w12", 12.0), ("43.48 weeks", 43.48), ("Last visit", "last visit")]


@pytest.mark.parametrize(
    ("text", "weeks"), [*TIMES, ("soon", None), ("12 13", None), ("", None), ("-3", None)]
)
def test_times_as_people_write_them(text: str, weeks: float | str | None) -> None:
    assert read_weeks(text) == weeks


def test_a_part_of_a_name_will_do() -> None:
    arms = ["placebo", "drug 300 mg", "drug 150 mg"]
    assert match("placebo", arms) == ["placebo"]
    assert match("PLACEBO", arms) == ["placebo"]
    assert match("300", arms) == ["drug 300 mg"]
    assert match("drug", arms) == arms[1:]
    assert match("", arms) == []


def test_long_lists_are_cut() -> None:
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("viedma2025", ["viedma2025"]),
        ("VIEDMA2025", ["viedma2025"]),
        ("Chasset 2023", ["chasset2023"]),
        ("viedma martinez 2025", ["viedma2025"]),
        ("TULIP-1+2", ["tulip12", "tulip12is"]),
        ("https://doi.org/10.1016/j.ad.2025.05.013", ["viedma2025"]),
        ("36944572", ["carter2023"]),
        ("NCT02446899", ["tulip2"]),
        ("cadiz", ["viedma2025", "viedma2025es"]),
        ("chasset", ["chasset2023"]),
    ],
)
def test_reports_go_by_key_label_identifier_cohort_or_part(
    shipped: Review, name: str, found: list[str]
) -> None:
    assert list(find_reports(shipped, name, "key")) == found


def test_addresses(shipped: Review) -> None:
    rows = shipped.by_outcome["clasi50"]

    def found(text: str) -> Address:
        return find_address(shipped, text, rows, "against")

    assert found("tulip12") == Address(("tulip12",))
    assert found("tulip12:placebo") == found("TULIP12:plac") == Address(("tulip12",), "placebo")
    assert found("tulip12:12:placebo:IFNGS-high") == Address(("tulip12",), "placebo", "IFNGS-high", 12.0)
    assert found("10.1016/j.ad.2025.05.013").reports == ("viedma2025",)
    with pytest.raises(OptionError, match="IFNGS-high, IFNGS-low"):
        found("tulip12:IFNGS")


# ---- what is found -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "kind", "found"),
    [
        ("viedma2025", "report", "viedma2025"),
        ("chasset", "report", "chasset2023"),
        ("report tulip1", "report", "tulip1"),
        ("tulip1", "report", "tulip1"),
        ("cohort tulip1", "cohort", "tulip1"),
        ("cadiz", "cohort", "cadiz"),
        ("clasi50", "outcome", "clasi50"),
        ("Herpes zoster", "outcome", "herpes_zoster"),
        ("zoster", "outcome", "herpes_zoster"),
        ("primary", "outcome", "clasi50"),
        ("viedma2025:1", "patient", "viedma2025:1"),
        ("viedma2025 patient 1", "patient", "viedma2025:1"),
        ("Viedma-Martínez 2025 1", "patient", "viedma2025:1"),
        ("viedma2025 clasi50", "row", "viedma2025 clasi50"),
        ("ref 3", "reference", "viedma2025 ref 3"),
        ("3", "reference", "viedma2025 ref 3"),
        ("viedma2025 ref 3", "reference", "viedma2025 ref 3"),
        ("31851795", "reference", "viedma2025 ref 3"),
    ],
)
def test_keys(shipped: Review, key: str, kind: str, found: str) -> None:
    thing = one(shipped, key)
    assert (thing.kind, thing.key) == (kind, found)
    assert look_up(shipped, thing.key)[0].key == thing.key or kind == "cohort"


def test_two_reports_of_one_label_are_both_shown(shipped: Review) -> None:
    assert [found.key for found in look_up(shipped, "TULIP-1+2")] == ["tulip12", "tulip12is"]


ROWS = [
    ("tulip12:clasi50:placebo", [(24, 94), (23, 81), (1, 13)]),
    ("tulip12 placebo clasi50 week 12", [(24, 94), (23, 81), (1, 13)]),
    ("tulip12 week 12 IFNGS-low clasi50 anifrolumab", [(2, 14)]),
    ("TULIP-1+2 clasi50 52 placebo", [(26, 57), (16, 37)]),
    ("viedma2025 clasi-50", [(6, 6)]),
    ("viedma2025 last visit clasi90", [(4, 6)]),
]


@pytest.mark.parametrize(("key", "wanted"), ROWS)
def test_rows_of_a_report(shipped: Review, key: str, wanted: list[tuple[int, int]]) -> None:
    found = one(shipped, key)
    assert found.kind == "row"
    assert [(row.events, row.n) for row in found.rows] == wanted


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("viedma205", r"did you mean viedma2025, viedma2025es, viedma2024\?"),
        ("viedma", "one of those it could be: viedma2025, viedma2025es, viedma2024"),
        ("clasi5", r"one of those it could be|did you mean clasi50"),
        ("tulip12 nothing", r"an outcome \(clasi50, bicla, sri4, gc_taper\), or an arm"),
        ("tulip12 clasi50 99", "placebo, week 12"),
        ("viedma2025 clasi", "one of the outcomes it has: clasi50, clasi75"),
        ("ref 99", "reference"),
        ("???", "a report, cohort or outcome"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(shipped: Review, key: str, why: str) -> None:
    with pytest.raises(OptionError, match=why) as caught:
        look_up(shipped, key)
    assert caught.value.name == "key"


MADE = load(ROOT / "data")


@given(st.text(max_size=40))
def test_any_text_finds_something_or_is_refused_in_words(text: str) -> None:
    with suppress(OptionError):
        assert look_up(MADE, text)


# ---- what the analyses make of it ----------------------------------------------------------------


def test_uses_are_the_selections(shipped: Review) -> None:
    """Whatever `show` says of a report is what the pool does with it."""
    selection = select(shipped)
    entered = {entry.study.study: entry for entry in (*selection.chosen, *selection.references)}
    left = {out.study: out for out in selection.excluded}
    for study in shipped.studies:
        uses = [use for use in one(shipped, f"report {study}").uses if use.analysis == "primary"]
        if study in left:
            (use,) = uses
            assert (use.role, use.rule, use.reason) == (LEFT_OUT, left[study].rule, left[study].reason)
        else:
            assert {use.role for use in uses} <= {"ours", "pooled", "reference"}
            assert any(use.row == entered[study].row for use in uses)


def test_a_report_tells_of_each_of_its_outcomes(shipped: Review) -> None:
    uses = {use.outcome: use for use in one(shipped, "carter2023").uses}
    assert (uses["clasi50"].role, uses["clasi50"].rule) == (LEFT_OUT, "not poolable")
    assert (uses["herpes_zoster"].role, uses["herpes_zoster"].row is not None) == ("pooled", True)
    assert uses["clasi_a_course"].rule == "not poolable"


def test_a_report_with_all_that_hangs_on_it(shipped: Review) -> None:
    found = one(shipped, "viedma2025")
    assert len(found.patients) == 6
    assert len(found.scores) == 12
    assert len(found.references) == 10
    assert len(found.statements) > 20
    (cohort,) = found.cohorts
    assert [study for study, _ in cohort.reports] == ["viedma2025", "viedma2025es"]
    assert {other for other, _ in cohort.overlaps} == {"cadiz-earlier", "azahar", "anifro-reu"}
    assert [entry.number for entry in one(shipped, "tulip2").cited] == [3]


def test_a_patient_is_judged_by_every_rule(shipped: Review) -> None:
    judged = {row.outcome: bool(row.events) for row in one(shipped, "viedma2025:3").rows}
    scores = {score.weeks: score.value for score in one(shipped, "viedma2025:3").scores}
    assert set(judged) == {"clasi50", "clasi75", "clasi90", "complete_response", "below3"}
    last = next(value for weeks, value in scores.items() if weeks != 0)
    assert judged["complete_response"] is (last == 0)
    totals = [one(shipped, f"viedma2025:{number}").rows for number in range(1, 7)]
    for outcome, events in (("clasi50", 6), ("clasi90", 4), ("below3", 5)):
        assert sum(row.events or 0 for rows in totals for row in rows if row.outcome == outcome) == events


def test_an_analysis_that_is_not_possible_says_so(tmp_path: Path) -> None:
    made = review(tmp_path, ["a 5/9", "trial 1/9 weeks=4"], toml=REFERENCE, studies={"trial": "design=trial"})
    (use,) = one(made, "a").uses
    assert use.role == NOT_POSSIBLE
    assert "cannot be used" in use.reason


# ---- labels --------------------------------------------------------------------------------------


def study(key: str, **cells: object) -> Study:
    values = {column.name: "" for column in STUDIES.columns} | {
        "year": None,
        "treated": None,
        "controls": None,
    }
    return Study(**(values | {"study": key} | cells))  # type: ignore[arg-type]


def reference(key: str, citation: str) -> ReferenceEntry:
    return ReferenceEntry("letter", 1, citation, "", "", "", "", "", "", key, "")


def labels(*studies: Study, references: tuple[ReferenceEntry, ...] = ()) -> list[str]:
    return list(make_labels({one.study: one for one in studies}, references).values())


def test_first_author_and_year_told_apart_where_two_agree() -> None:
    smith = {"authors": "Smith AB, Jones C", "year": 2020}
    assert labels(study("a", **smith), study("b", authors="Smith X", year=2020)) == [
        "Smith 2020a",
        "Smith 2020b",
    ]
    assert labels(study("a", **smith), study("b", **(smith | {"year": 2021}))) == ["Smith 2020", "Smith 2021"]


def test_a_label_that_was_written_down_is_never_changed() -> None:
    smith = {"authors": "Smith AB", "year": 2020}
    made = labels(
        study("a", label="Smith 2020"),
        study("b", **smith),
        study("c", label="Smith 2020a"),
        study("d", label="Smith 2020"),
    )
    assert made == ["Smith 2020", "Smith 2020b", "Smith 2020a", "Smith 2020"]


CITED = [
    ("Khan MA, Khan FH, Saadeh C. Role of a drug. Cureus. 2023;15:e39553.", "Khan 2023"),
    ("de la Cruz M-L, Lee GP, et al. A title. J. 2021;3:1.", "de la Cruz 2021"),
    ("Tang W. Alone. Clin Pharmacokinet. 2023;62:655–71.", "Tang 2023"),
    ("World Health Organization. A report of 2019. Geneva; 2020.", "x"),
    ("A title without authors, 2020.", "x"),
    ("", "x"),
]


@pytest.mark.parametrize(("citation", "label"), CITED)
def test_a_report_without_authors_is_called_by_its_reference_as_printed(citation: str, label: str) -> None:
    assert labels(study("x"), references=(reference("x", citation),)) == [label]


def test_the_report_s_own_authors_come_before_a_reference() -> None:
    cited = (reference("x", "Khan MA. Title. J. 2023;1:2."),)
    assert labels(study("x", authors="Lee G", year=2022), references=cited) == ["Lee 2022"]
    assert labels(study("x", authors="Lee G"), references=cited) == ["Lee"]
    assert labels(study("x", year=2022), references=cited) == ["Khan 2022"]
