"""The review that comes with the package: what it pools, what it says about the rest, and that nothing was lost."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from evidence.review.differences import differs_in
from evidence.review.schema import STATES, TABLES
from evidence.review.selection import list_outcomes, resolve, select
from evidence.review.tables import load

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT.parent / "shared" / "facts"


@pytest.fixture(scope="module")
def review():
    return load(ROOT / "data")


def counts(entries):
    return {entry.study.study: f"{entry.events}/{entry.n}" for entry in entries}


# ---- what is pooled ------------------------------------------------------------------------------


def test_the_primary_analysis(review):
    found = select(review)
    assert found.spec.name == "primary"
    assert counts(found.chosen) == {"viedma2025": "6/6", "valencia2025": "9/9", "chasset2023": "11/11"}
    ours, chasset, valencia = found.chosen
    assert (ours.role, ours.when, ours.state) == ("ours", "last visit (9 to 43 weeks)", "verified")
    assert (valencia.role, valencia.when, valencia.scale) == ("pooled", "week 16", "RCLASI-A")
    assert (chasset.role, chasset.when, chasset.state) == ("pooled", "week 16", "secondary")
    assert [entry.label for entry in found.chosen[1:]] == ["Chasset 2023", "Valencia 2025"]
    assert found.warnings == ()


def test_its_references(review):
    shown = [(r.label, r.arm, r.events, r.n, r.when, r.state) for r in select(review).references]
    assert shown == [
        ("TULIP-1+2", "anifrolumab 300 mg", 49, 107, "week 12", "verified"),
        ("TULIP-1+2", "anifrolumab 300 mg", 68, 107, "week 52", "verified"),
        ("TULIP-2", "anifrolumab 300 mg", 24, 49, "week 12", "unverified"),
        ("TULIP-1+2", "placebo", 24, 94, "week 12", "verified"),
    ]
    assert select(review).references[1].notes == ("sum of 2 strata: 50/73 + 18/34",)


def test_why_the_others_are_out(review):
    found = {entry.study: entry for entry in select(review).excluded}
    assert len(found) == len(review.studies) - 3 - 3  # three pooled, three reports as references
    expected = {
        "viedma2025es": ("same cohort", "same patients as Viedma-Martínez 2025"),
        "viedma2024": ("no row", "probably shares patients with Viedma-Martínez 2025"),
        "valencia2024es": ("same cohort", "same patients as Valencia 2025"),
        "lsm2023four": ("not poolable", "scores of 2 of 4 patients"),
        "carter2023": ("not poolable", "bounds from a median, not a count"),
        "tulip1": ("design", "trial; pooled are case series, cohort"),
        "azahar": ("no row", "no row for CLASI-50"),
    }
    for study, (rule, reason) in expected.items():
        assert found[study].rule == rule
        assert reason in found[study].reason


@pytest.mark.parametrize(
    ("outcome", "pooled", "reference"),
    [
        ("complete response", {"viedma2025": "2/6", "valencia2025": "8/9"}, {}),
        ("any adverse event", {"viedma2025": "4/6", "valencia2025": "3/9"}, {"anifrolumab 300 mg": "399/459", "placebo": "370/466"}),
        (
            "discontinuation",
            {"viedma2025": "0/6", "carter2023": "1/7", "lsm2024a112": "2/18"},
            {"anifrolumab 300 mg": "19/459", "placebo": "24/466"},
        ),
        ("herpes zoster", {"carter2023": "1/7"}, {"anifrolumab 300 mg": "28/459", "placebo": "6/466"}),
        ("clasi75", {"viedma2025": "6/6"}, {}),
        ("clasi90", {"viedma2025": "4/6"}, {}),
        ("below3", {"viedma2025": "5/6"}, {}),
        ("urti", {"viedma2025": "4/6", "valencia2025": "1/9"}, {}),
    ],
)  # fmt: skip
def test_other_outcomes(review, outcome, pooled, reference):
    found = select(review, resolve(review, outcome))
    assert counts(found.chosen) == pooled
    assert {entry.arm: f"{entry.events}/{entry.n}" for entry in found.references} == reference


def test_a_caution_travels_with_its_row(review):
    (carter,) = select(review, resolve(review, "herpes zoster")).chosen
    assert carter.notes == ("severe herpes zoster that led to stopping; other herpes zoster is not stated",)


def test_both_arms_by_strata_at_week_52(review):
    from evidence.review.question import ReferenceSpec
    from evidence.review.selection import find_reference

    placebo = find_reference(review, "clasi50", ReferenceSpec("tulip12is", "placebo", weeks=52))
    assert (placebo.events, placebo.n) == (42, 94)
    drug = find_reference(review, "bicla", ReferenceSpec("tulip12is", "anifrolumab 300 mg"))
    assert (drug.events, drug.n) == (171, 360)  # the same patients, whole, in tulip12
    high = find_reference(review, "clasi50", ReferenceSpec("tulip12", "placebo", "IFNGS-high", 12))
    assert (high.events, high.n) == (23, 81)


def test_trials_would_count_once(review):
    """Pooling the trials too: the pooled analysis stands for both trials, whose own counts are unverified."""
    spec = resolve(review)._replace(designs=("trial", "pooled trials"), reference=None, beside=())
    found = select(review, spec)
    assert counts(found.chosen) == {"tulip12": "49/107"}
    rules = {entry.study: (entry.rule, entry.reason) for entry in found.excluded}
    assert rules["tulip1"] == (
        "same cohort",
        "same patients as TULIP-1+2 (tulip12), which is verified, this row unverified",
    )
    assert rules["tulip12is"][0] == "window"


def test_what_differs_from_the_trials(review):
    found = select(review)
    ours, _, valencia = found.chosen
    trial = found.references[0]
    assert differs_in(valencia.row, trial.row, review)[:2] == (
        "scale: RCLASI-A against CLASI-A",
        "time: week 16 against week 12",
    )
    assert (
        "missing data: completers: at least 16 weeks on the drug required against non-responder imputation"
        in differs_in(valencia.row, trial.row, review)
    )
    kinds = [text.split(":")[0] for text in differs_in(ours.row, trial.row, review)]
    assert kinds == ["time", "population", "design", "missing data"]


def test_every_outcome_has_a_label_and_can_be_selected(review):
    listed = list_outcomes(review)
    assert [entry.key for entry in listed] == list(review.outcomes)
    assert all(entry.label and not entry.note for entry in listed)
    assert set(review.by_outcome) == set(review.outcomes)  # nothing declared without a row


# ---- the tables ----------------------------------------------------------------------------------


def test_every_number_says_where_it_is_from(review):
    for row in review.rows:
        assert row.state in STATES
        assert row.state == "unverified" or (row.source and row.locator)
        assert row.not_poolable or row.events is not None
    unverified = [(row.study, row.arm, row.events, row.n) for row in review.rows if row.state == "unverified"]
    assert unverified == [
        ("tulip2", "anifrolumab 300 mg", 24, 49),
        ("tulip2", "placebo", 10, 40),
        ("tulip1", "anifrolumab 300 mg", 25, 58),
        ("tulip1", "placebo", 14, 54),
    ]


def test_stratified_percentages_are_kept_beside_their_counts(review):
    (row,) = [
        row
        for row in review.by_outcome["clasi50"]
        if (row.study, row.arm, row.subgroup) == ("tulip12", "placebo", "")
    ]
    assert (row.events, row.n, row.percent, row.percent_kind) == (24, 94, "24.9", "stratified")


def test_labels_are_ready_to_print(review):
    assert review.label("viedma2025") == "Viedma-Martínez 2025"
    assert review.label("carter2023") == "Carter 2023"
    assert review.label("tulip12") == review.label("tulip12is") == "TULIP-1+2"
    assert all(review.label(study) for study in review.studies)


def test_the_letter_s_own_numbers_from_its_patients(review):
    ours = [patient for patient in review.patients if patient.study == "viedma2025"]
    scores = [score for score in review.scores if score.study == "viedma2025"]
    assert median(patient.age for patient in ours) == 50
    assert median(patient.extra["disease_years"] for patient in ours) == 15
    assert median(patient.extra["follow_up_months"] for patient in ours) == 3.5
    baseline = [score.value for score in scores if score.weeks == 0]
    last = [score.value for score in scores if score.weeks != 0]
    assert (median(baseline), min(baseline), max(baseline)) == (28, 17, 49)
    assert (median(last), min(last), max(last)) == (1.5, 0, 5)
    months = [round(score.weeks * 7 * 12 / 365.25, 2) for score in scores if score.weeks != 0]
    assert months == [patient.extra["follow_up_months"] for patient in ours]


def test_the_readme_describes_every_table_column_and_state():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for table in TABLES.values():
        start = text.index(f"### {table.file}\n")
        part = text[start : text.find("\n### ", start + 1) if "\n### " in text[start + 1 :] else len(text)]
        for column in table.columns:
            assert f"`{column.name}`" in part, (table.name, column.name)
    for state in STATES:
        assert f"| `{state}` |" in text


def test_the_readme_lists_the_rules_in_their_order():
    from evidence.review import selection

    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| rule |") : text.index("Within a report")]
    documented = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    lines = [
        line for line in (selection.__doc__ or "").splitlines() if line.startswith("    ") and line[4] != " "
    ]
    assert documented == [line[4:21].strip() for line in lines]
    assert documented[0] == "no row"
    assert documented[-1] == "overlap"


# ---- against the facts it was made from ----------------------------------------------------------

KEYS = {"TULIPPOOL": "tulip12", "ISPOOL": "tulip12is", "SAFETYPOOL": "safety"}
DERIVED = {
    "O001": ("viedma2025", "clasi50"),
    "O002": ("viedma2025", "clasi75"),
    "O003": ("viedma2025", "clasi90"),
    "O004": ("viedma2025", "complete_response"),
    "O005": ("viedma2025", "below3"),
    "O031": ("lsm2023four", "clasi50"),
}
STATE = {"full-text": "verified", "abstract": "read", "secondary": "secondary", "unverified": "unverified"}


def facts(name):
    if not FACTS.is_dir():
        pytest.skip("the extracted facts are not beside the checkout")
    with (FACTS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def key(study):
    return KEYS.get(study, study.lower())


def test_every_extracted_outcome_is_in(review):
    rows = facts("outcomes.csv")
    wanted = Counter(
        (
            key(row["study_id"]),
            row["arm"],
            row["n"],
            row["events"],
            row["percent_reported"],
            row["value_text"],
            STATE[row["confidence"]],
        )
        for row in rows
        if row["row_id"] not in DERIVED
    )
    have = Counter(
        (
            row.study,
            row.arm,
            str(row.n if row.n is not None else ""),
            str(row.events if row.events is not None else ""),
            row.percent,
            row.value,
            row.state,
        )
        for row in review.rows
        if not row.derived and row.events_low is None  # bounds are computed here from what was extracted
    )
    assert wanted == have
    for row in rows:
        if row["row_id"] in DERIVED:
            (found,) = [
                mine
                for mine in review.rows
                if mine.derived and (mine.study, mine.outcome) == DERIVED[row["row_id"]]
            ]
            assert (str(found.events), str(found.n)) == (row["events"], row["n"])


def test_what_the_facts_call_poolable_is(review):
    poolable = Counter(row.study for row in review.rows if not row.derived and not row.not_poolable)
    never = ("no", "NO", "case report")
    wanted = Counter(
        key(row["study_id"])
        for row in facts("outcomes.csv")
        if row["row_id"] not in DERIVED
        and (row["poolable"].startswith("not a skin") or not row["poolable"].startswith(never))
    )
    assert poolable == wanted


def test_every_report_patient_and_reference_is_in(review):
    assert {key(row["study_id"]) for row in facts("studies.csv")} <= set(review.studies)
    for row in facts("studies.csv"):
        mine = review.studies[key(row["study_id"])]
        assert row["pmid"] == mine.pmid
        assert row["doi"].split(" ")[0] == mine.doi
        assert not row["n_treated_anifrolumab"].isdigit() or int(row["n_treated_anifrolumab"]) == mine.treated
    patients = {(key(row["study_id"]), row["patient_id"]) for row in facts("patients.csv")}
    assert patients == {(patient.study, patient.patient) for patient in review.patients}
    values = sorted(
        (key(row["study_id"]), row["patient_id"], float(row[column]))
        for row in facts("patients.csv")
        for column in ("baseline_clasi_a", "last_clasi_a")
        if row[column]
    )
    assert values == sorted((score.study, score.patient, score.value) for score in review.scores)
    references = facts("references.csv")
    assert [(row["ref_no"], row["citation_as_printed"], row["pmid"], row["doi"]) for row in references] == [
        (str(mine.number), mine.citation, mine.pmid, mine.doi) for mine in review.references
    ]
