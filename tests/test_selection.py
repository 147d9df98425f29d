"""Which rows enter: each rule on a made case, the order of the rules, references, and that row order is irrelevant."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.errors import NotPossible, OptionError
from evidence.review import selection
from evidence.review.choice import RULES
from evidence.review.differences import differs_in
from evidence.review.question import ReferenceSpec
from evidence.review.selection import find_reference, is_control, list_outcomes, resolve, select

from .made_reviews import REFERENCE, TOML, review


def entered(selection):
    return {entry.study.study: f"{entry.events}/{entry.n}" for entry in selection.chosen}


def rules(selection):
    return {entry.study: entry.rule for entry in selection.excluded}


def reason(selection, study):
    (found,) = [entry.reason for entry in selection.excluded if entry.study == study]
    return found


# ---- the rules, one by one -----------------------------------------------------------------------


def test_each_report_is_in_or_has_a_reason(tmp_path):
    made = review(
        tmp_path,
        [
            "ours 6/6 weeks=last_visit weeks_from=9 weeks_to=43",
            "other 9/9 weeks=16",
            "silent 1/2 outcome=rash",
            "medians - not_poolable=a_median",
            "trial 49/107",
            "trial 24/94 arm=placebo",
            "control 3/9 arm=placebo",
            "early 1/9 weeks=4",
            "part 3/9 subgroup=women",
        ],
        studies={"trial": "design=trial", "nothing": ""},
    )
    found = select(made)
    assert entered(found) == {"ours": "6/6", "other": "9/9"}
    assert [(entry.role, entry.label) for entry in found.chosen] == [("ours", "OURS"), ("pooled", "OTHER")]
    assert rules(found) == {
        "silent": "no row",
        "nothing": "no row",
        "medians": "not poolable",
        "trial": "design",
        "control": "control arm",
        "early": "window",
        "part": "subgroup",
    }
    assert reason(found, "medians") == "a median"
    assert reason(found, "trial") == "trial; pooled are cohort, case series"
    assert reason(found, "early") == "week 4; the analysis takes weeks 8 to 26 or the last visit"
    assert reason(found, "part") == "only subgroups (women), which do not make up the whole"
    assert set(entered(found)) | set(rules(found)) == set(made.studies)
    assert found.warnings == ()


def test_where_comes_before_the_window_and_after_the_design(tmp_path):
    made = review(
        tmp_path, ["a 5/9", "b 5/20", "early 1/9 weeks=4", "trial 1/9"], studies={"trial": "design=trial"}
    )
    found = select(made, where="n >= 10 or year > 2020")
    assert entered(found) == {"b": "5/20"}
    assert rules(found) == {"a": "where", "early": "where", "trial": "design"}
    assert reason(found, "a") == "does not meet n >= 10 or year > 2020"
    assert entered(select(made, where='design == "case series"')) == {}
    with pytest.raises(OptionError, match="did you mean events"):
        select(made, where="event > 3")


@pytest.mark.parametrize(
    ("rows", "weeks", "kept", "when"),
    [
        (
            ["a 1/9 weeks=12", "a 2/9 weeks=16", "a 3/9 weeks=24"],
            None,
            "2/9",
            "week 16",
        ),  # middle of 8 to 26 is 17
        (["a 1/9 weeks=12", "a 2/9 weeks=22"], None, "1/9", "week 12"),  # equally near: the earlier one
        (["a 1/9 weeks=12", "a 2/9 weeks=last_visit"], None, "1/9", "week 12"),  # a week in the window leads
        (["a 1/9 weeks=52", "a 2/9 weeks=last_visit"], None, "2/9", "last visit"),
        (["a 1/9 weeks=8", "a 2/9 weeks=52"], (52, 52), "2/9", "week 52"),
        (["a 1/9 weeks=8", "a 2/9 weeks=26"], 26, "2/9", "week 26"),
        (["a 1/9 weeks=7.99", "a 2/9 weeks=26.01", "a 3/9 weeks=26"], None, "3/9", "week 26"),
    ],
)
def test_the_time_that_fits_best(tmp_path, rows, weeks, kept, when):
    (entry,) = select(review(tmp_path, rows), weeks=weeks).chosen
    assert (f"{entry.events}/{entry.n}", entry.when) == (kept, when)


def test_with_a_reference_the_row_nearest_its_weeks(tmp_path):
    rows = ["trial 5/10", "a 1/9 weeks=8", "a 2/9 weeks=13", "a 3/9 weeks=17"]
    made = review(tmp_path, rows, toml=REFERENCE, studies={"trial": "design=trial"})
    assert entered(select(made)) == {"a": "2/9"}
    assert entered(select(made, weeks=(16, 26))) == {"a": "3/9"}  # week 12 is outside: the middle, 21


def test_without_a_window_the_last_visit_then_the_latest_time(tmp_path):
    anytime = TOML.replace("weeks = [8, 26]\n", "")
    rows = [
        "a 1/9 weeks=4",
        "a 2/9 weeks=52",
        "b 3/9 weeks=52",
        "b 4/9 weeks=last_visit",
        "c 5/9 weeks=not_stated",
    ]
    found = select(review(tmp_path, rows, toml=anytime))
    assert entered(found) == {"a": "2/9", "b": "4/9", "c": "5/9"}
    assert [entry.when for entry in found.chosen] == ["week 52", "last visit", "time not stated"]
    assert [entry.weeks for entry in found.chosen] == [52.0, None, None]


def test_a_last_visit_counts_only_where_the_analysis_says_so_and_is_said_to(tmp_path):
    rows = ["a 1/9 weeks=last_visit weeks_from=9 weeks_to=43", "b 2/9 weeks=not_stated"]
    found = select(review(tmp_path, rows))
    assert entered(found) == {"a": "1/9"}
    assert rules(found) == {"b": "window"}
    assert found.chosen[0].notes == (
        "last visit (9 to 43 weeks), counted though the analysis asks for weeks 8 to 26",
    )
    strict = TOML.replace("last_visit = true", "last_visit = false")
    assert rules(select(review(tmp_path, rows, toml=strict))) == {"a": "window", "b": "window"}


def test_subgroups_are_never_added_to_the_row_for_all(tmp_path):
    rows = ["a 5/9", "a 3/5 subgroup=men split=sex", "a 2/4 subgroup=women split=sex"]
    assert entered(select(review(tmp_path, rows))) == {"a": "5/9"}


def test_strata_of_one_complete_split_are_summed(tmp_path):
    rows = [
        "a 3/5 subgroup=men split=sex",
        "a 2/7 subgroup=women split=sex state=secondary",
        "a 1/3 subgroup=young split=age",  # one stratum is not a division
    ]
    (entry,) = select(review(tmp_path, rows)).chosen
    assert (entry.events, entry.n, entry.subgroup, entry.state) == (5, 12, "", "secondary")
    assert entry.notes == ("sum of 2 strata: 2/7 + 3/5",)
    assert entry.row.derived


@pytest.mark.parametrize(
    "rows",
    [
        ["a 3/5 subgroup=men split=sex"],
        ["a 3/5 subgroup=men", "a 2/4 subgroup=women"],
        ["a 3/5 subgroup=men split=sex", "a 2/4 subgroup=women split=sex weeks=16"],
        ["a 3/5 subgroup=men split=sex", "a 2/4 subgroup=women split=sex arm=other"],
        ["a 3/5 subgroup=men split=sex", "a 2/4 subgroup=old split=age"],
        ["a 3/5 subgroup=men split=sex", "a - subgroup=women split=sex not_poolable=percent"],
    ],
    ids=["one stratum", "no split named", "two times", "two arms", "two splits", "a stratum without a count"],
)
def test_what_is_not_a_complete_split(tmp_path, rows):
    found = select(review(tmp_path, rows))
    assert entered(found) == {}
    assert rules(found) == {"a": "subgroup"}


def test_a_stratum_that_where_takes_away_leaves_no_sum(tmp_path):
    rows = ["a 3/5 subgroup=men split=sex", "a 2/4 subgroup=women split=sex"]
    assert rules(select(review(tmp_path, rows), where="n >= 5")) == {"a": "subgroup"}


def test_control_arms(tmp_path):
    assert [
        arm
        for arm in ("placebo", "Placebo SC", "control", "both arms", "", "drug", "uncontrolled")
        if is_control(arm)
    ] == [
        "placebo",
        "Placebo SC",
        "control",
        "both arms",
    ]
    rows = ["a 1/9 arm=placebo", "a 2/9 arm=drug", "b 3/9 arm=both_arms", "c 4/9 arm="]
    assert entered(select(review(tmp_path, rows))) == {"a": "2/9", "c": "4/9"}


def test_arms_of_an_analysis(tmp_path):
    named = TOML + 'arms = ["placebo", "low"]\n'
    rows = ["a 1/9 arm=placebo weeks=8", "a 2/90 arm=low weeks=17", "b 3/9 arm=low", "c 4/9 arm=high"]
    found = select(review(tmp_path, rows, toml=named))
    assert entered(found) == {"a": "1/9", "b": "3/9"}
    assert found.chosen[0].notes == ()
    assert reason(found, "c") == "only rows of high; the analysis takes placebo, low"


def test_of_several_arms_the_largest_and_it_is_said(tmp_path):
    (entry,) = select(review(tmp_path, ["a 1/9 arm=low", "a 2/10 arm=high"])).chosen
    assert (entry.arm, entry.notes) == ("high", ("one of 2 arms (low, high): high",))


# ---- one cohort, one row -------------------------------------------------------------------------


def test_a_translation_counts_once_even_without_rows_of_its_own(tmp_path):
    made = review(tmp_path, ["ours 6/6"], studies={"ours-es": ""}, cohorts="ours,cadiz ours-es,cadiz")
    found = select(made)
    assert entered(found) == {"ours": "6/6"}
    assert rules(found) == {"ours-es": "same cohort"}
    assert reason(found, "ours-es") == "same patients as OURS (ours)"


@pytest.mark.parametrize(
    ("rows", "studies", "kept", "why"),
    [
        (["x 9/90", "ours 6/7 state=unverified"], {}, "ours", "which is ours"),
        (["x 9/90 state=read", "y 6/7"], {}, "y", "which is verified, this row read"),
        (
            ["x 9/90 state=unverified", "y 6/7 state=secondary"],
            {},
            "y",
            "which is secondary, this row unverified",
        ),
        (["x 5/6", "y 6/7"], {}, "y", "which is larger"),
        (["x 6/7", "y 6/7"], {"y": "year=2021"}, "y", "which is later"),
        (["x 6/7", "y 6/7"], {}, "x", "which comes first"),
    ],
    ids=["ours", "state", "unverified", "n", "year", "table order"],
)
def test_interim_and_final_report(tmp_path, rows, studies, kept, why):
    names = [row.split()[0] for row in rows]
    cohorts = " ".join(f"{name},one" for name in names)
    found = select(review(tmp_path, rows, studies=studies, cohorts=cohorts))
    assert list(entered(found)) == [kept]
    (out,) = found.excluded
    assert (out.rule, out.reason) == ("same cohort", f"same patients as {kept.upper()} ({kept}), {why}")


def test_a_pooled_analysis_of_two_trials_stands_for_both(tmp_path):
    rows = ["one 5/10", "two 6/10", "both 11/20", "three 1/10"]
    made = review(tmp_path, rows, cohorts="one,c1 two,c2 both,c1 both,c2 three,c3")
    found = select(made)
    assert entered(found) == {"both": "11/20", "three": "1/10"}
    assert rules(found) == {"one": "same cohort", "two": "same cohort"}
    better = ["one 5/10", "two 6/10", "both 11/20 state=read"]
    found = select(review(tmp_path, better, cohorts="one,c1 two,c2 both,c1 both,c2"))
    assert entered(found) == {"one": "5/10", "two": "6/10"}


def test_an_excluded_report_takes_nobody_s_place(tmp_path):
    rows = ["early 9/90 weeks=2", "late 5/9", "trial 50/100"]
    made = review(tmp_path, rows, studies={"trial": "design=trial"}, cohorts="early,c late,c trial,c")
    found = select(made)
    assert entered(found) == {"late": "5/9"}
    assert rules(found) == {"early": "window", "trial": "design"}


@pytest.mark.parametrize(
    ("certainty", "out", "warned"),
    [
        ("certain", True, False),
        ("probable", True, False),
        ("possible", False, True),
        ("ruled out", False, False),
    ],
)
def test_overlaps(tmp_path, certainty, out, warned):
    made = review(tmp_path, ["a 5/9", "b 5/8"], overlaps=f"b,a,{certainty}")
    found = select(made)
    assert entered(found) == ({"a": "5/9"} if out else {"a": "5/9", "b": "5/8"})
    assert [entry.rule for entry in found.excluded] == (["overlap"] if out else [])
    if out:
        word = {"certain": "certainly", "probable": "probably"}[certainty]
        assert reason(found, "b") == f"{word} shares patients with A (a): same ward"
    assert list(found.warnings) == (["B and A possibly share patients: same ward"] if warned else [])


def test_a_possible_overlap_with_a_report_that_is_out_is_no_warning(tmp_path):
    made = review(tmp_path, ["a 5/9", "registry 5/8 weeks=2"], overlaps="a,registry,possible")
    assert select(made).warnings == ()


def test_a_report_without_a_row_says_that_it_probably_overlaps(tmp_path):
    made = review(tmp_path, ["a 5/9", "b 5/8 outcome=rash"], overlaps="a,b,probable")
    assert reason(select(made), "b") == "no row for Cure; probably shares patients with A (a)"


def test_overlap_is_not_carried_on(tmp_path):
    """a-b and b-c overlap: b goes, for a is larger; c stays, for b is out."""
    made = review(tmp_path, ["a 9/9", "b 8/8", "c 7/7"], overlaps="a,b,certain\nb,c,certain")
    assert entered(select(made)) == {"a": "9/9", "c": "7/7"}


def test_two_windows_of_one_cohort(tmp_path):
    """An early and a late report of the same patients: each stands for them in its own window."""
    rows = ["early 5/9 weeks=12", "late 7/9 weeks=52 state=read"]
    made = review(tmp_path, rows, cohorts="early,one late,one")
    assert entered(select(made)) == {"early": "5/9"}
    assert rules(select(made)) == {"late": "window"}
    at_52 = select(made, weeks=52)
    assert entered(at_52) == {"late": "7/9"}
    assert reason(at_52, "early") == "week 12; the analysis takes week 52 or the last visit"
    both = select(made, weeks=(8, 60))
    assert entered(both) == {"early": "5/9"}
    assert reason(both, "late") == "same patients as EARLY (early), which is verified, this row read"


def test_strata_that_sum_to_the_whole_of_another_report(tmp_path):
    """A later report splits the same patients: the parts add up to the whole, and it counts once."""
    rows = [
        "whole 49/107",
        "parts 30/73 subgroup=before split=earlier_treatment",
        "parts 19/34 subgroup=never split=earlier_treatment",
    ]
    made = review(tmp_path, rows, cohorts="whole,c1 whole,c2 parts,c2 parts,c1")
    found = select(made)
    assert entered(found) == {"whole": "49/107"}
    assert reason(found, "parts") == "same patients as WHOLE (whole), which comes first"
    alone = select(made, where="study == parts")
    assert entered(alone) == {"parts": "49/107"}
    assert alone.chosen[0].notes == ("sum of 2 strata: 30/73 + 19/34",)


def test_a_cohort_in_two_registries_with_a_possible_overlap(tmp_path):
    rows = ["ward 5/9", "north 40/80", "south 30/60"]
    pairs = "ward,north,possible\nsouth,ward,possible\nnorth,south,possible"
    found = select(review(tmp_path, rows, overlaps=pairs))
    assert entered(found) == {"ward": "5/9", "north": "40/80", "south": "30/60"}
    assert found.warnings == (
        "WARD and NORTH possibly share patients: same ward",
        "SOUTH and WARD possibly share patients: same ward",
        "NORTH and SOUTH possibly share patients: same ward",
    )
    found = select(
        review(tmp_path, rows, overlaps=pairs.replace("ward,north,possible", "ward,north,probable"))
    )
    assert rules(found) == {"ward": "overlap"}  # the larger one is kept
    assert found.warnings == ("NORTH and SOUTH possibly share patients: same ward",)
    cohorts = "ward,ward north,ward north,elsewhere south,south"  # this registry certainly has the ward
    found = select(review(tmp_path, rows, cohorts=cohorts, overlaps="ward,south,possible"))
    assert rules(found) == {"ward": "same cohort"}
    assert found.warnings == ("NORTH and SOUTH possibly share patients: same ward",)


def test_a_report_is_left_out_by_the_first_rule_that_applies(tmp_path):
    """Each report breaks its own rule and every later one."""
    late = "weeks=99 subgroup=men"
    rows = [
        "trial 9/20",
        "none 1/2 outcome=rash",
        f"unusable - not_poolable=a_median arm=placebo {late}",
        f"placebo 1/9 arm=placebo {late}",
        f"design 1/9 {late}",
        f"where 1/3 {late}",
        f"window 1/9 {late}",
        "subgroup 1/9 subgroup=men",
        "reference 2/9",
        "best 5/9",
        "again 4/9 state=read",
        "near 4/9 state=read",
    ]
    studies = {"trial": "design=trial", "design": "design=trial"}
    cohorts = " ".join(
        f"{name},t" for name in ("trial", "reference", "design", "where", "window", "subgroup")
    )
    cohorts += " best,b again,b near,n unusable,u placebo,p"
    made = review(
        tmp_path, rows, toml=REFERENCE, studies=studies, cohorts=cohorts, overlaps="b,n,certain\nt,b,possible"
    )
    found = select(made, where="n >= 5")
    assert entered(found) == {"best": "5/9"}
    assert rules(found) == {
        "none": "no row",
        "unusable": "not poolable",
        "placebo": "control arm",
        "design": "design",
        "where": "where",
        "window": "window",
        "subgroup": "subgroup",
        "reference": "reference",
        "again": "same cohort",
        "near": "overlap",
    }
    assert tuple(dict.fromkeys(rules(found).values())) == RULES


def test_the_rules_are_documented_in_their_order():
    lines = [line for line in selection.__doc__.splitlines() if line.startswith("    ") and line[4] != " "]
    assert tuple(line[4:21].strip() for line in lines) == RULES


def test_where_says_that_a_column_holds_numbers(tmp_path):
    made = review(tmp_path, ["a 5/9"])
    for text in ("n >= many", "year < then", 'n == "nine"'):
        with pytest.raises(OptionError, match="holds numbers: expected one"):
            select(made, where=text)
    assert entered(select(made, where='n == "9"')) == {"a": "5/9"}


# ---- references ----------------------------------------------------------------------------------

TRIAL = {"trial": "design=trial", "sub": "design=trial"}


def test_references_and_what_stands_beside_them(tmp_path):
    toml = (
        REFERENCE
        + 'beside = [{ study = "trial", arm = "placebo", weeks = 12 }, { study = "sub", weeks = 52 }]\n'
    )
    rows = [
        "a 5/9",
        "trial 49/107",
        "trial 24/94 arm=placebo",
        "trial 1/9 weeks=4",
        "sub 50/73 weeks=52 subgroup=yes split=before",
        "sub 18/34 weeks=52 subgroup=no split=before",
        "sub 9/99 weeks=52 arm=placebo",
    ]
    found = select(review(tmp_path, rows, toml=toml, studies=TRIAL))
    assert [(r.label, r.arm, r.events, r.n, r.when, r.role) for r in found.references] == [
        ("TRIAL", "drug", 49, 107, "week 12", "reference"),
        ("TRIAL", "placebo", 24, 94, "week 12", "reference"),
        ("SUB", "drug", 68, 107, "week 52", "reference"),
    ]
    assert found.references[2].notes == ("sum of 2 strata: 50/73 + 18/34",)
    assert found.excluded == ()  # references are not left out, they are compared with


def test_nobody_is_on_both_sides_of_a_comparison(tmp_path):
    toml = REFERENCE.replace('["cohort", "case series"]', '["cohort", "trial"]')
    rows = ["a 5/9", "trial 5/10", "again 5/8", "near 5/7"]
    made = review(
        tmp_path, rows, toml=toml, studies=TRIAL, cohorts="trial,t again,t", overlaps="t,near,probable"
    )
    found = select(made)
    assert entered(found) == {"a": "5/9"}
    assert rules(found) == {"again": "reference", "near": "reference", "sub": "no row"}
    assert reason(found, "again") == "same patients as the reference, TRIAL (trial)"


def test_an_unverified_reference_never_leads_where_a_checked_one_is_at_hand(tmp_path):
    toml = (
        REFERENCE
        + 'beside = [{ study = "trial", arm = "placebo", weeks = 12 }, { study = "sub", weeks = 12 }]\n'
    )
    rows = ["a 5/9", "trial 24/49 state=unverified", "trial 1/4 arm=placebo", "sub 49/107"]
    found = select(review(tmp_path, rows, toml=toml, studies=TRIAL))
    assert [reference.label for reference in found.references] == ["SUB", "TRIAL", "TRIAL"]
    assert found.warnings == ("TRIAL (trial) is unverified: SUB (sub) leads instead",)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["trial 1/9 outcome=rash"], "no row for Cure"),
        (["trial 1/9 weeks=4"], "its rows are: drug, week 4"),
        (["trial 1/9 arm=placebo"], "its rows are: placebo, week 12"),
        (["trial - not_poolable=a_rate"], "a rate"),
        (["trial 1/9 subgroup=men"], "only subgroups are there: men"),
    ],
)
def test_a_reference_that_is_not_to_be_had(tmp_path, rows, says):
    made = review(tmp_path, ["a 5/9", *rows], toml=REFERENCE, studies=TRIAL)
    with pytest.raises(
        NotPossible, match=r"the reference TRIAL \(trial, drug week 12\) cannot be used: "
    ) as caught:
        select(made)
    assert says in str(caught.value)


def test_a_reference_must_mean_one_row(tmp_path):
    made = review(tmp_path, ["t 1/9 weeks=4", "t 2/9 weeks=8", "t 3/9 subgroup=men weeks=8"])
    with pytest.raises(NotPossible, match="any of drug, week 4; drug, week 8: name its arm and weeks"):
        find_reference(made, "cure", ReferenceSpec("t"))
    assert find_reference(made, "cure", ReferenceSpec("t", weeks=4)).events == 1
    assert find_reference(made, "cure", ReferenceSpec("t", subgroup="men")).events == 3


TIMES = [
    "a 5/9 weeks=12",
    "a 6/9 weeks=52",
    "trial 49/107",
    "trial 70/107 weeks=24",
    "trial 24/94 arm=placebo weeks=24",
    "again 50/73 weeks=52 subgroup=yes split=before",
    "again 18/34 weeks=52 subgroup=no split=before",
]
SAME = "trial,t again,t"


@pytest.mark.parametrize(
    ("weeks", "lead", "others", "kept"),
    [
        (None, "TRIAL, week 12", [], "5/9"),
        (24, "TRIAL, week 24", ["TRIAL, week 12"], None),
        ((20, 30), "TRIAL, week 24", ["TRIAL, week 12"], None),
        (52, "AGAIN, week 52", ["TRIAL, week 12"], "6/9"),
        ((8, 60), "TRIAL, week 12", [], "5/9"),
        ("last visit", "TRIAL, week 12", [], None),
    ],
)
def test_the_reference_of_the_time_that_was_asked_for_leads(tmp_path, weeks, lead, others, kept):
    made = review(tmp_path, TIMES, toml=REFERENCE, studies=TRIAL | {"again": "design=trial"}, cohorts=SAME)
    found = select(made, weeks=weeks)
    assert [f"{r.label}, {r.when}" for r in found.references] == [lead, *others]
    assert entered(found) == ({"a": kept} if kept else {})
    assert found.warnings == ()
    assert all(r.arm == "drug" for r in found.references)


def test_a_time_the_reference_does_not_have_is_said(tmp_path):
    made = review(tmp_path, ["a 5/9 weeks=30", "trial 49/107"], toml=REFERENCE, studies=TRIAL)
    found = select(made, weeks=30)
    assert found.references[0].when == "week 12"
    assert found.warnings == ("TRIAL (trial) has no row at week 30: its week 12 leads",)


def test_an_unverified_row_does_not_lead_because_its_time_was_asked_for(tmp_path):
    rows = ["a 5/9 weeks=52", "trial 49/107", "trial 60/107 weeks=52 state=unverified"]
    found = select(review(tmp_path, rows, toml=REFERENCE, studies=TRIAL), weeks=52)
    assert [r.when for r in found.references] == ["week 12", "week 52"]
    assert found.warnings == ("TRIAL (trial) at week 52 is unverified: its week 12 leads instead",)


# ---- what is asked for ---------------------------------------------------------------------------


def test_resolve(tmp_path):
    toml = TOML + '[analyses.skin]\noutcome = "rash"\n'
    made = review(tmp_path, ["ours 1/9"], toml=toml)
    assert resolve(made).name == "primary"
    assert resolve(made, analysis="skin").outcome == "rash"
    assert resolve(made, "ANY RASH").name == "skin"
    assert resolve(made, "Cure").name == "primary"
    other = resolve(made, "death")
    assert (other.name, other.ours, other.designs) == ("", "ours", ("cohort", "case series"))
    assert (other.weeks, other.reference, other.last_visit) == (None, None, True)
    with pytest.raises(OptionError, match=r"did you mean Any rash\?"):
        resolve(made, "any rush")
    with pytest.raises(OptionError, match="primary, skin"):
        resolve(made, analysis="second")
    with pytest.raises(OptionError, match="rash, the outcome of the analysis skin"):
        resolve(made, "cure", "skin")


def test_without_any_analysis_everything_enters(tmp_path):
    bare = "format = 1\n[outcomes.cure]\n[outcomes.rash]\n"
    rows = ["a 1/9 weeks=2", "trial 3/9 weeks=last_visit", "trial 4/9 arm=placebo"]
    made = review(tmp_path, rows, toml=bare, studies=TRIAL)
    found = select(made, resolve(made, "cure"))
    assert entered(found) == {"a": "1/9", "trial": "3/9"}
    with pytest.raises(OptionError, match="cure, rash"):
        resolve(made)


def test_list_outcomes(tmp_path):
    rows = [
        "a 1/9",
        "b 2/9",
        "b 3/9 arm=placebo",
        "c - not_poolable=a_median",
        "d 4/9 weeks=2",
        "a 1/9 outcome=rash",
    ]
    cure, rash, death = list_outcomes(review(tmp_path, rows))
    assert (cure.key, cure.label, cure.rows, cure.reports) == ("cure", "Cure", 4, 3)
    assert (cure.k, cure.events, cure.n) == (2, 3, 18)
    assert (rash.k, death.rows, death.k) == (1, 0, 0)
    made = review(tmp_path, rows, toml=REFERENCE, studies=TRIAL)
    assert "cannot be used" in list_outcomes(made)[0].note


def test_what_differs_between_two_rows(tmp_path):
    rows = [
        "a 5/9 scale=R threshold=50_% weeks=16",
        "b 5/9 scale=S threshold=50_% missing_data=imputed definition=two",
        "c 5/9 definition=one",
        "d 5/9 definition=one",
    ]
    made = review(tmp_path, rows, studies={"b": "design=trial population=adults", "a": "population=children"})
    a, b, c, d = made.rows
    assert differs_in(a, b, made) == (
        "scale: R against S",
        "time: week 16 against week 12",
        "population: children against adults",
        "design: cohort against trial",
        "missing data: not stated against imputed",
    )
    assert differs_in(c, d, made) == ()
    assert differs_in(c, b, made)[0] == "definition: one against two"


# ---- the order of the rows is irrelevant ---------------------------------------------------------

STUDY = st.sampled_from(["ours", "s1", "s2", "s3", "s4"])
CASES = st.lists(
    st.tuples(
        STUDY,
        st.sampled_from(["drug", "placebo", "high"]),
        st.sampled_from(["", "men", "women"]),
        st.sampled_from(["4", "12", "16", "52", "last_visit", "not_stated"]),
        st.integers(1, 10**6),
        st.sampled_from(["verified", "read", "unverified"]),
    ),
    unique_by=(lambda case: case[:4], lambda case: case[4]),
    min_size=1,
    max_size=14,
)
PAIRS = st.lists(
    st.tuples(STUDY, STUDY, st.sampled_from(["certain", "probable", "possible"])).filter(
        lambda p: p[0] < p[1]
    ),
    unique_by=lambda pair: pair[:2],
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)
@given(CASES, PAIRS, st.sets(st.tuples(STUDY, st.sampled_from(["c1", "c2"])), max_size=4), st.randoms())
def test_row_order_does_not_change_what_enters(tmp_path, cases, pairs, links, shuffler):
    rows = [
        f"{study} 1/{n} arm={arm} weeks={weeks} state={state}"
        + (f" subgroup={part} split=sex" if part else "")
        for study, arm, part, weeks, n, state in cases
    ]
    studies = dict.fromkeys(["ours", "s1", "s2", "s3", "s4"], "")
    linked = {study for study, _ in links}
    cohorts = [f"{study},{cohort}" for study, cohort in links]
    cohorts += [f"{study},{study}" for study in linked]  # so that the overlaps below find them
    overlaps = [",".join(pair) for pair in pairs]

    def outcome():
        made = review(
            tmp_path, rows, studies=studies, cohorts=" ".join(cohorts), overlaps="\n".join(overlaps)
        )
        found = select(made)
        inside = {entry.study.study for entry in found.chosen}
        assert inside.isdisjoint(rules(found))
        assert inside | set(rules(found)) == set(made.studies)
        # the law: nobody counts twice
        held = [cohort for study in inside for cohort in made.cohorts[study]]
        assert len(held) == len(set(held))
        assert not any({a, b} <= set(held) for a, b, certainty in pairs if certainty != "possible")
        assert all(entry.row.subgroup == "" for entry in found.chosen)
        return entered(found), rules(found)

    before = outcome()
    for table in (rows, cohorts, overlaps):
        shuffler.shuffle(table)
    assert outcome() == before


def test_the_last_visit_alone_can_be_asked_for(tmp_path):
    made = review(tmp_path, ["a 1/9 weeks=12", "a 2/9 weeks=last_visit", "b 3/9 weeks=12"])
    found = select(made, weeks="last visit")
    assert [entry.when for entry in found.chosen] == ["last visit"]
    assert reason(found, "b") == "week 12; the analysis takes the last visit only"
    with pytest.raises(OptionError, match="a week, a window of two, or 'last visit'"):
        select(made, weeks="soon")
