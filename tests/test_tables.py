"""Reading a review: clean ones come back as they are, each fault is found where it is, all of them at once."""

from __future__ import annotations

import pytest

from evidence.errors import DataError, InputError
from evidence.review.schema import Problem
from evidence.review.tables import find_review, load

TOML = """\
format = 1
title = "Antibodies after vaccination"

[outcomes.seroconversion]
label = "Seroconversion"
definition = "titre at least four times that before"
better = "higher"
scale = "titre"
patients = { score = "titre", at_least = 40 }

[outcomes.fever]
better = "lower"

[analyses.primary]
outcome = "seroconversion"
pool = { design = ["cohort", "trial"] }
weeks = [2, 8]
last_visit = true
ours = "smith2020"
arms = ["vaccine"]
reference = { study = "jones2021", arm = "vaccine", weeks = 4 }

[columns.studies]
age_group = ["children", "adults"]
mean_age = "number"

[searches.all]
query = "vaccine[tiab]"
"""

STUDIES = """\
study,authors,year,design,age_group,mean_age,source,state
smith2020,Smith A,2020,cohort,adults,40.5,https://example.org/1,verified
jones2021,Jones B,2021,trial,children,,https://example.org/2,read
"""

OUTCOMES = """\
study,arm,outcome,weeks,events,n,percent,source,state,not_poolable,subgroup,split,percent_kind,weeks_from,weeks_to
smith2020,vaccine,seroconversion,4,8,9,88.9,https://example.org/1,verified,,,,,,
smith2020,vaccine,fever,last visit,0,9,,https://example.org/1,verified,,,,,1,8
jones2021,vaccine,seroconversion,4,30,40,75,https://example.org/2,read,,,,,,
jones2021,placebo,seroconversion,4,2,40,5.5,https://example.org/2,read,,,,stratified,,
jones2021,vaccine,fever,4,,,12,https://example.org/2,read,no count,,,,,
"""

COHORTS = "study,cohort,note\nsmith2020,leeds,\njones2021,york,\n"
OVERLAPS = "cohort_a,cohort_b,certainty,reason\nleeds,york,possible,neighbours\n"
PATIENTS = "study,patient,arm,age,sex,source,state\nsmith2020,1,vaccine,30,F,https://example.org/1,verified\n"
SCORES = (
    "study,patient,score,weeks,value,source,state\n"
    "smith2020,1,titre,0,10,https://example.org/1,verified\n"
    "smith2020,1,titre,6,80,https://example.org/1,verified\n"
)
FILES = {
    "review.toml": TOML,
    "studies.csv": STUDIES,
    "cohorts.csv": COHORTS,
    "overlaps.csv": OVERLAPS,
    "outcomes.csv": OUTCOMES,
    "patients.csv": PATIENTS,
    "scores.csv": SCORES,
}


def write(folder, **changes):
    """A small review about another subject; `changes` replaces whole files (dots as __), None leaves one out."""
    files = FILES | {name.replace("__", "."): text for name, text in changes.items()}
    for name, text in files.items():
        if text is not None:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def problems_of(folder):
    with pytest.raises(DataError) as caught:
        load(folder)
    assert caught.value.exit_code == 1
    assert all(isinstance(problem, Problem) for problem in caught.value.problems)
    return caught.value.problems


def places(problems):
    return [(problem.file, problem.row, problem.column) for problem in problems]


# ---- clean reviews -------------------------------------------------------------------------------


def test_a_review_on_another_subject_is_read_as_it_stands(tmp_path):
    review = load(write(tmp_path))
    assert review.title == "Antibodies after vaccination"
    assert list(review.studies) == ["smith2020", "jones2021"]
    assert review.studies["smith2020"].extra == {"age_group": "adults", "mean_age": 40.5}
    assert review.studies["smith2020"].row == 2
    assert not review.shipped
    assert review.name == tmp_path.name
    first = review.rows[0]
    assert (first.study, first.arm, first.weeks, first.events, first.n, first.percent) == (
        "smith2020",
        "vaccine",
        4.0,
        8,
        9,
        "88.9",
    )
    assert first.row == 2
    assert review.rows[1].weeks == "last visit"
    assert review.rows[4].events is None
    assert review.outcomes["fever"].label == "fever"
    assert review.analyses["primary"].weeks == (2.0, 8.0)
    assert review.searches["all"].query == "vaccine[tiab]"
    assert review.cohorts == {"smith2020": ("leeds",), "jones2021": ("york",)}
    assert [row.outcome for row in review.rows if row.derived] == ["seroconversion"]


def test_only_studies_and_outcomes_are_needed(tmp_path):
    bare = 'format = 1\n[outcomes.seroconversion]\n[outcomes.fever]\n[columns.studies]\nage_group="text"\nmean_age="text"'
    nothing = dict.fromkeys(("cohorts__csv", "overlaps__csv", "patients__csv", "scores__csv"))
    review = load(write(tmp_path, review__toml=bare, **nothing))
    assert review.cohorts == {"smith2020": ("smith2020",), "jones2021": ("jones2021",)}
    assert len(review.rows) == 5


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n",
        lambda text: text + "," * text.split("\n")[0].count(",") + "\n",
        lambda text: "\n".join(", ".join(line.split(",")) for line in text.split("\n")),
    ],
    ids=["BOM", "CRLF", "CR", "no last line end", "blank lines", "empty row", "spaces after commas"],
)
def test_forms_that_mean_the_same(tmp_path, change):
    plain = load(write(tmp_path))
    other = load(write(tmp_path, outcomes__csv=change(OUTCOMES), studies__csv=change(STUDIES)))
    assert other.rows == plain.rows
    assert other.studies == plain.studies


def test_rows_are_counted_as_a_spreadsheet_shows_them(tmp_path):
    lines = OUTCOMES.split("\n")
    lines.insert(1, "")  # row 2 is blank
    lines[2] = lines[2].replace("https://example.org/1", '"two\nlines"')  # row 3 has a line break in it
    lines[4] = lines[4].replace(",30,40,", ",41,40,")
    assert places(problems_of(write(tmp_path, outcomes__csv="\n".join(lines)))) == [
        ("outcomes.csv", 5, "events")
    ]


def test_a_cohort_without_a_link_is_its_own(tmp_path):
    review = load(
        write(
            tmp_path,
            cohorts__csv="study,cohort\nsmith2020,leeds\n",
            overlaps__csv=OVERLAPS.replace("york", "jones2021"),
        )
    )
    assert review.cohorts["jones2021"] == ("jones2021",)


# ---- faults, one at a time: found once, where it is ------------------------------------------------

FAULTS = {
    "events above n": ("outcomes.csv", ",8,9,", ",10,9,", 2, "events", "is more than n (9)"),
    "negative": ("outcomes.csv", ",8,9,", ",-8,9,", 2, "events", "is negative"),
    "fraction": ("outcomes.csv", ",8,9,", ",8.5,9,", 2, "events", "is not a whole number"),
    "no number": ("outcomes.csv", ",8,9,", ",eight,9,", 2, "events", "is not a number"),
    "thousands": (
        "outcomes.csv",
        ",8,9,",
        ',8,"1,000",',
        2,
        "n",
        "has a thousands separator (did you mean 1000?)",
    ),
    "n of 0": ("outcomes.csv", ",0,9,", ",0,0,", 3, "n", "is less than 1"),
    "empty n": ("outcomes.csv", ",0,9,", ",0,,", 3, "n", "though there are 0 events"),
    "empty events": ("outcomes.csv", ",0,9,", ",,9,", 3, "events", "no reason says why"),
    "empty both": ("outcomes.csv", ",0,9,", ",,,", 3, "events", "no reason says why"),
    "impossible percent": (
        "outcomes.csv",
        ",88.9,",
        ",87.9,",
        2,
        "percent",
        "cannot be 8/9, which is 88.89 %",
    ),
    "percent sign": (
        "outcomes.csv",
        ",88.9,",
        ",88.9%,",
        2,
        "percent",
        "has a percent sign (did you mean 88.9?)",
    ),
    "percent kind": ("outcomes.csv", "stratified", "adjusted", 5, "percent_kind", "is not one of the words"),
    "weeks": ("outcomes.csv", "last visit", "last vist", 3, "weeks", "did you mean last visit?"),
    "weeks empty": ("outcomes.csv", "fever,4,", "fever,,", 6, "weeks", "the cell is empty"),
    "span": ("outcomes.csv", ",1,8\n", ",8,1\n", 3, "weeks_to", "is before weeks_from (8)"),
    "split": (
        "outcomes.csv",
        "verified,,,,,,\n",
        "verified,,,sex,,,\n",
        2,
        "subgroup",
        "part of the split sex",
    ),
    "unknown study": (
        "outcomes.csv",
        "smith2020,vaccine,fever",
        "smith2021,vaccine,fever",
        3,
        "study",
        "smith2020?",
    ),
    "unknown outcome": (
        "outcomes.csv",
        "fever,4",
        "fevr,4",
        6,
        "outcome",
        "is not in review.toml (did you mean fever?)",
    ),
    "unknown state": (
        "outcomes.csv",
        "1,verified,,,,,1,8",
        "1,cheked,,,,,1,8",
        3,
        "state",
        "not one of the words",
    ),
    "no source": (
        "outcomes.csv",
        "https://example.org/1,verified,,,,,1",
        ",verified,,,,,1",
        3,
        "source",
        "(verified)",
    ),
    "duplicate": (
        "outcomes.csv",
        "jones2021,placebo",
        "jones2021,vaccine",
        5,
        "study",
        "is in row 4 already",
    ),
    "ragged": ("outcomes.csv", ",1,8\n", ",1,8,9\n", 3, "", "16 cells where the header has 15"),
    "short": ("outcomes.csv", ",1,8\n", ",1\n", 3, "", "14 cells where the header has 15"),
    "unknown column": ("outcomes.csv", "weeks_from", "week_from", 1, "week_from", "did you mean weeks_from?"),
    "column twice": ("outcomes.csv", "subgroup", "arm", 1, "arm", "names 2 columns"),
    "column without a name": ("outcomes.csv", "subgroup,", ",", 1, "", "column 11 has no name"),
    "missing column": ("outcomes.csv", "state,", "note,", 1, "state", "the column is missing"),
    "missing source": ("outcomes.csv", ",source,", ",note,", 1, "source", "the column is missing"),
    "year": ("studies.csv", ",2020,", ",20.20,", 2, "year", "is not a whole number"),
    "far year": ("studies.csv", ",2020,", ",202,", 2, "year", "is less than 1800"),
    "design": ("studies.csv", ",cohort,", ",cohrt,", 2, "design", "did you mean cohort?"),
    "own words": ("studies.csv", "children", "babies", 3, "age_group", "is not one of the words"),
    "own number": ("studies.csv", "40.5", "forty", 2, "mean_age", "is not a number"),
    "study twice": (
        "studies.csv",
        "\njones2021",
        "\nsmith2020,Smith A,2020,cohort,,,u,read\njones2021",
        3,
        "study",
        "row 2 already",
    ),
    "key with a space": ("cohorts.csv", "leeds", "in leeds", 2, "cohort", "is not a short name"),
    "cohort of nobody": ("cohorts.csv", "jones2021", "jones", 3, "study", "did you mean jones2021?"),
    "overlap of nobody": ("overlaps.csv", "york", "yorck", 2, "cohort_b", "did you mean york?"),
    "overlap with itself": ("overlaps.csv", "york", "leeds", 2, "cohort_b", "is cohort_a too"),
    "overlap unsure": ("overlaps.csv", "possible", "maybe", 2, "certainty", "is not one of the words"),
    "overlap unexplained": ("overlaps.csv", "neighbours", "", 2, "reason", "the cell is empty"),
    "overlap twice": (
        "overlaps.csv",
        "neighbours\n",
        "n\nyork,leeds,certain,n\n",
        3,
        "cohort_a",
        "other way round",
    ),
    "patient of nobody": (
        "scores.csv",
        "smith2020,1,titre,6",
        "smith2020,2,titre,6",
        3,
        "patient",
        "not a patient of",
    ),
    "score without value": ("scores.csv", "6,80", "6,", 3, "value", "the cell is empty"),
    "age": ("patients.csv", ",30,", ",-30,", 2, "age", "is negative"),
    "quote not closed": (
        "outcomes.csv",
        "jones2021,placebo",
        'jones2021,"placebo',
        5,
        "arm",
        "a quote is left open",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_once_at_its_place(tmp_path, fault):
    file, old, new, row, column, says = FAULTS[fault]
    text = FILES[file]
    assert text.count(old) >= 1
    damaged = text.replace(old, new, 1)
    found = problems_of(write(tmp_path, **{file.replace(".", "__"): damaged}))
    assert places(found) == [(file, row, column)], [str(problem) for problem in found]
    assert says in str(found[0])
    assert found[0].allowed


def test_all_faults_at_once_in_the_order_of_files_and_rows(tmp_path):
    texts = dict(FILES)
    expected = []
    for file, old, new, row, column, _ in (
        FAULTS[name] for name in ("age", "year", "events above n", "weeks")
    ):
        texts[file] = texts[file].replace(old, new, 1)
        expected.append((file, row, column))
    texts["review.toml"] = texts["review.toml"].replace('better = "lower"', 'beter = "lower"')
    found = problems_of(write(tmp_path, **{file.replace(".", "__"): text for file, text in texts.items()}))
    assert places(found) == [
        ("review.toml", None, "outcomes.fever.beter"),
        ("studies.csv", 2, "year"),
        ("outcomes.csv", 2, "events"),
        ("outcomes.csv", 3, "weeks"),
        ("patients.csv", 2, "age"),
    ]


@pytest.mark.parametrize(
    ("cells", "likely"),
    [
        (",,9,88.9,", "8"),  # the only count of nine that prints so
        (",,9000,88.9,", ""),  # 8000 does, and others
        (",,9,87.9,", ""),  # none does
        (",,,88.9,", ""),
    ],
)
def test_a_row_with_a_percentage_alone_is_told_what_it_may_have(tmp_path, cells, likely):
    (found,) = problems_of(write(tmp_path, outcomes__csv=OUTCOMES.replace(",8,9,88.9,", cells, 1)))
    assert (found.column, found.likely) == ("events", likely)
    assert "leave events empty and say in not_poolable why there is none" in found.allowed
    assert "only the percentage is printed" in found.allowed


def test_several_faults_of_one_row(tmp_path):
    text = OUTCOMES.replace(",8,9,88.9,https://example.org/1,verified", ",10,9,x,,verified", 1)
    found = problems_of(write(tmp_path, outcomes__csv=text))
    assert sorted(problem.column for problem in found) == ["events", "percent", "source"]
    assert {problem.row for problem in found} == {2}


def test_a_faulty_row_is_not_missing_elsewhere(tmp_path):
    """smith2020 has a bad year and its patient a bad age: nothing that refers to them is a problem too."""
    found = problems_of(
        write(
            tmp_path,
            studies__csv=STUDIES.replace(",2020,", ",MMXX,"),
            patients__csv=PATIENTS.replace(",30,", ",old,"),
            cohorts__csv=COHORTS.replace("jones2021,york", "jones2022,york"),
        )
    )
    assert places(found) == [
        ("studies.csv", 2, "year"),
        ("cohorts.csv", 3, "study"),
        ("patients.csv", 2, "age"),
    ]


def test_bytes_that_are_not_utf8_are_found_in_their_cells(tmp_path):
    raw = STUDIES.replace("Jones B", "Jon\u00e9s B").encode("latin-1")
    (found,) = problems_of(write(tmp_path, studies__csv=raw))
    assert places([found]) == [("studies.csv", 3, "authors")]
    assert (found.value, found.likely) == ("Jon\ufffds B", "Jon\u00e9s B")
    assert "byte 0xE9, which is not UTF-8 (\u00e9 in Windows-1252)" in found.reason
    assert "UTF-8" in found.allowed


# ---- one fault, one finding; several faults, several --------------------------------------------------


def changed(*changes):
    text = OUTCOMES
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def test_the_cells_of_a_misspelt_column_are_checked_all_the_same(tmp_path):
    text = changed((",events,", ",evnts,"), (",30,40,", ",41,40,"), (",8,9,88.9", ",x,9,88.9"))
    assert places(problems_of(write(tmp_path, outcomes__csv=text))) == [
        ("outcomes.csv", 1, "evnts"),
        ("outcomes.csv", 2, "events"),
        ("outcomes.csv", 4, "events"),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("study,arm,outcome", "Study,Arm,Outcome")], [(1, "Study"), (1, "Arm"), (1, "Outcome")]),
        ([("events,", "responders,"), (",n,", ",N total,")], [(1, "responders"), (1, "N total")]),
        ([("not_poolable", "why")], [(1, "why")]),  # and no row without counts is a finding
        ([("state,", "quality,"), ("percent_kind", "kind")], [(1, "quality"), (1, "kind")]),
        ([("weeks_from", "weeks_note")], [(1, "weeks_note")]),
        ([("source,", ","), ("subgroup", "arm")], [(1, ""), (1, "arm")]),
    ],
)
def test_the_header_s_slips_have_no_consequences(tmp_path, changes, expected):
    found = problems_of(write(tmp_path, outcomes__csv=changed(*changes)))
    assert sorted((problem.row, problem.column) for problem in found) == sorted(expected), list(
        map(str, found)
    )


def test_reading_goes_on_after_a_row_that_cannot_be_read(tmp_path):
    text = changed(
        ("smith2020,vaccine,fever", 'smith2020,"vaccine,fever'),
        (",30,40,", ",41,40,"),
        (",stratified", ",strat"),
    )
    assert places(problems_of(write(tmp_path, outcomes__csv=text))) == [
        ("outcomes.csv", 3, "arm"),
        ("outcomes.csv", 4, "events"),
        ("outcomes.csv", 5, "percent_kind"),
    ]


def test_a_file_full_of_open_quotes_is_given_up(tmp_path):
    row = 'smith2020,"vaccine,fever\n'
    found = problems_of(write(tmp_path, outcomes__csv=OUTCOMES.split("\n")[0] + "\n" + row * 50))
    assert len(found) == 21
    assert "the rows after it were not read" in found[-1].reason


def test_a_reference_into_a_table_that_cannot_be_read_is_no_finding(tmp_path):
    for studies in (
        "PK\x03\x04",
        "study,design\nsmith2020\n",
        STUDIES.replace("smith2020", "smith\u200b2020"),
        "no,such,header\n",
    ):
        found = problems_of(write(tmp_path, studies__csv=studies))
        assert {problem.file for problem in found} == {"studies.csv"}, list(map(str, found))


def test_decimal_commas_and_points_are_each_fine_and_not_together(tmp_path):
    commas = OUTCOMES.replace(",", ";").replace("88.9", "88,9").replace("5.5", "5,5")
    plain = load(write(tmp_path))
    assert load(write(tmp_path, outcomes__csv=commas)).rows == plain.rows
    assert load(write(tmp_path, outcomes__csv=OUTCOMES.replace(",", ";"))).rows == plain.rows
    (found,) = problems_of(write(tmp_path, outcomes__csv=commas.replace(";12;https", ";12.5;https")))
    assert (found.row, found.column, found.likely) == (6, "percent", "12,5")
    (found,) = problems_of(
        write(tmp_path, outcomes__csv=commas.replace("5,5", "5.5").replace("12;https", "12.5;https"))
    )
    assert (found.row, found.value, found.likely) == (2, "88,9", "88.9")


def test_a_windows_file_is_one_finding_and_a_mixed_one_a_finding_a_cell(tmp_path):
    accents = STUDIES.replace("Smith A", "Smíth Á").replace("Jones B", "Jónes B")
    (found,) = problems_of(write(tmp_path, studies__csv=accents.encode("cp1252")))
    assert (found.row, found.column, found.likely) == (2, "authors", "Smíth Á")
    assert "so it is in one more cell" in found.reason
    mixed = accents.encode("cp1252").replace(b"/1,", "/ñ,".encode())
    assert places(problems_of(write(tmp_path, studies__csv=mixed))) == [
        ("studies.csv", 2, "authors"),
        ("studies.csv", 3, "authors"),
    ]


def test_a_missing_table_and_an_empty_one(tmp_path):
    assert places(problems_of(write(tmp_path, outcomes__csv=None))) == [("outcomes.csv", None, "")]
    (tmp_path / "outcomes.csv").unlink(missing_ok=True)
    found = problems_of(write(tmp_path, studies__csv=""))
    assert [problem.reason for problem in found if problem.file == "studies.csv"] == ["the file is empty"]
    assert len(found) == 1  # that nobody in the other tables is known then goes without saying


def test_a_typed_row_must_say_what_the_patients_say(tmp_path):
    typed = "smith2020,vaccine,seroconversion,last visit,{},1,,https://example.org/1,verified,,,,,,\n"
    review = load(write(tmp_path, outcomes__csv=OUTCOMES + typed.format(1)))
    (row,) = [row for row in review.rows if row.weeks == "last visit" and row.outcome == "seroconversion"]
    assert not row.derived
    (found,) = problems_of(write(tmp_path, outcomes__csv=OUTCOMES + typed.format(0)))
    assert (found.row, found.column, found.value) == (7, "events", "0/1")
    assert "which give 1/1" in found.reason


# ---- review.toml ---------------------------------------------------------------------------------

TOML_FAULTS = [
    ("format = 1", "", "format", "the format is missing"),
    ("format = 1", "format = 2", "format", "is a format this version does not read"),
    ("format = 1", "format = true", "format", "is a format this version does not read"),
    ("title =", "titel =", "titel", "did you mean title?"),
    ('better = "higher"', 'better = "up"', "outcomes.seroconversion.better", "is not one of the words"),
    ("at_least = 40", "atleast = 40", "outcomes.seroconversion.patients.atleast", "did you mean at_least?"),
    ("at_least = 40", 'at_least = "40"', "outcomes.seroconversion.patients.at_least", "is not a number"),
    ("at_least = 40", "at_least = 40, below = 3", "outcomes.seroconversion.patients", "is not one rule"),
    (
        "at_least = 40",
        "reduction_at_least = 50",
        "outcomes.seroconversion.patients.reduction_at_least",
        "not a share",
    ),
    (", at_least = 40", "", "outcomes.seroconversion.patients", "there is no rule"),
    ('score = "titre", ', "", "outcomes.seroconversion.patients.score", "score is missing"),
    ('{ score = "titre", at_least = 40 }', "40", "outcomes.seroconversion.patients", "is not a table"),
    ('outcome = "sero', 'outcome = "zero', "analyses.primary.outcome", "did you mean seroconversion?"),
    ('outcome = "seroconversion"\n', "", "analyses.primary.outcome", "outcome is missing"),
    ('"trial"', '"trail"', "analyses.primary.pool.design", "did you mean trial?"),
    ("pool = { design", "pool = { desing", "analyses.primary.pool.desing", "did you mean design?"),
    ("weeks = [2, 8]", "weeks = [8, 2]", "analyses.primary.weeks", "is not a window"),
    ("weeks = [2, 8]", "weeks = 8", "analyses.primary.weeks", "is not a window"),
    ("weeks = [2, 8]", "weeks = [2, inf]", "analyses.primary.weeks", "is not a window"),
    ("last_visit = true", 'last_visit = "yes"', "analyses.primary.last_visit", "is not true or false"),
    ('ours = "smith2020"', 'ours = "smith"', "analyses.primary.ours", "did you mean smith2020?"),
    ('arms = ["vaccine"]', "arms = [1]", "analyses.primary.arms", "is not a list of words"),
    (
        'study = "jones2021"',
        'study = "jones2012"',
        "analyses.primary.reference.study",
        "did you mean jones2021?",
    ),
    ("weeks = 4 }", "week = 4 }", "analyses.primary.reference.week", "did you mean weeks?"),
    ("weeks = 4 }", "weeks = -4 }", "analyses.primary.reference.weeks", "is less than 0"),
    ("[columns.studies]", "[columns.study]", "columns.study", "is not a table (did you mean studies?)"),
    ('mean_age = "number"', 'mean_age = "float"', "columns.studies.mean_age", "is not a kind of column"),
    ('mean_age = "number"', 'year = "number"', "columns.studies.year", "has anyway"),
    ("query =", "querry =", "searches.all.querry", "did you mean query?"),
]


@pytest.mark.parametrize(("old", "new", "place", "says"), TOML_FAULTS)
def test_what_review_toml_may_not_say(tmp_path, old, new, place, says):
    assert old in TOML
    found = problems_of(write(tmp_path, review__toml=TOML.replace(old, new, 1)))
    first = [problem for problem in found if problem.column == place]
    assert first, [str(problem) for problem in found]
    assert says in str(first[0])
    assert first[0].row is None
    assert str(first[0]).startswith(f"review.toml, {place}: ")


@pytest.mark.parametrize(
    "text", ["title = ", "\xff".encode("latin-1"), "a = " + "[" * 5000, "x = " + "9" * 5000]
)
def test_a_file_that_is_not_toml_is_unreadable_input(tmp_path, text):
    with pytest.raises(InputError, match="cannot be read as TOML") as caught:
        load(write(tmp_path, review__toml=text))
    assert caught.value.exit_code == 2


def test_no_review_there(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"has no review\.toml"):
        load(str(tmp_path))


# ---- names and places ----------------------------------------------------------------------------


def test_labels(tmp_path):
    rows = [
        ("a", "", "Smith A, Jones B", "2020"),
        ("b", "", "Smith AB, et al.", "2020"),
        ("c", "Own", "Smith A", "2020"),
        ("d", "", "de la Cruz M-L", "2021"),
        ("e", "", "", "2021"),
        ("f", "", "Lee", ""),
        ("g", "", "Smith A", "2020"),
        ("h", "", "World Health Organization", "2022"),
        ("i", "", "Viedma-Martínez M; Gallo G", "2025"),
        ("j", "", "Shaw et al.", "2023"),
    ]
    text = "study,label,authors,year,design,state\n" + "".join(
        f'{study},{label},"{authors}",{year},cohort,unverified\n' for study, label, authors, year in rows
    )
    bare = "format = 1\n[outcomes.o]\n"
    files = dict.fromkeys(("cohorts__csv", "overlaps__csv", "patients__csv", "scores__csv"))
    review = load(
        write(tmp_path, review__toml=bare, studies__csv=text, outcomes__csv=OUTCOMES.split("\n")[0], **files)
    )
    assert [review.label(study) for study in "abcdefghij"] == [
        "Smith 2020a",
        "Smith 2020b",
        "Own",
        "de la Cruz 2021",
        "e",
        "Lee",
        "Smith 2020c",
        "World Health Organization 2022",
        "Viedma-Martínez 2025",
        "Shaw 2023",
    ]


def test_where_the_review_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("EVIDENCE_REVIEW", raising=False)
    monkeypatch.chdir(tmp_path)
    shipped, note = find_review()
    assert load(shipped).shipped
    assert note is not None
    assert "comes with evidence" in note
    (tmp_path / "data").mkdir()
    write(tmp_path / "data")
    path, note = find_review()
    assert (load(path).title, note) == ("Antibodies after vaccination", None)
    write(tmp_path, review__toml=TOML.replace("Antibodies", "Here"))
    assert load(find_review()[0]).title == "Here after vaccination"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("EVIDENCE_REVIEW", str(elsewhere))
    assert str(find_review()[0]) == str(elsewhere)  # named, so it counts, even if nothing is there
    assert str(find_review(str(tmp_path))[0]) == str(tmp_path)
