"""A difference names rows by key, reports by rule, and takes the move of the pool apart so that the parts add up."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import evidence
from evidence.analysis import history
from evidence.analysis.snapshots import read_snapshot
from evidence.cli import main
from evidence.errors import InputError
from evidence.review import revision
from evidence.review.changes import changes
from evidence.review.revision import FILES, Past, read_folder, read_revision
from evidence.review.tables import load
from tests.made_reviews import REFERENCE
from tests.made_reviews import review as make_review

SHIPPED = Path(evidence.__file__).parent.parent / "data"
ROWS = ["ours 6/6", "a 9/12", "b 30/41", "c 5/9", "trial 24/49 weeks=12"]
TRIAL = {"trial": "design=trial"}

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def _no_repository_around(tmp_path, monkeypatch):
    """Git looks no further up than the test's own folder, and follows nobody's settings."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path):
    """Four series and a trial to compare with."""
    place = tmp_path / "review"
    place.mkdir()
    make(place)
    return place


def make(folder, rows=(), *, without=(), **settings):
    kept = [row for row in ROWS if row.split()[0] not in without]
    make_review(folder, [*kept, *rows], **{"toml": REFERENCE, "studies": TRIAL, **settings})


def run(*args):
    return CliRunner().invoke(main, args)


def shipped_copy(tmp_path):
    copy = tmp_path / "mine"
    copy.mkdir()
    for name in FILES:
        if (SHIPPED / name).exists():
            shutil.copy(SHIPPED / name, copy)
    return copy


def append(path, **cells):
    """A row at the end of a table; the other lines stay as they are."""
    raw = path.read_bytes()
    names = next(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([cells.get(name, "") for name in names])
    path.write_bytes(raw + out.getvalue().encode())


def past(**texts):
    files = {f"{name}.csv": text.encode() for name, text in texts.items()}
    return Past("nowhere", files, "then")


# ---- the shipped review with one series more ----------------------------------------------------


def test_a_series_added_to_the_shipped_review(tmp_path):
    copy = shipped_copy(tmp_path)
    evidence.snapshot(copy, "before")
    append(
        copy / "studies.csv",
        study="made2026", label="Made 2026", design="case series", source="made up for a test", locator="none", state="read",
    )  # fmt: skip
    append(
        copy / "outcomes.csv",
        study="made2026", arm="anifrolumab", outcome="clasi50", weeks="16", events="6", n="6", scale="CLASI-A",
        source="made up for a test", locator="none", state="read",
    )  # fmt: skip
    found = evidence.diff(copy)
    assert [(change.file, len(change.rows)) for change in found.files] == [
        ("studies.csv", 1),
        ("outcomes.csv", 1),
    ]
    assert [(entry.row.study, entry.reason) for entry in found.moves.entered] == [
        ("made2026", "not in the review")
    ]
    first, last = (side.state.pooled[0] for side in (found.before, found.after))
    assert (first.events, first.n, last.events, last.n) == (26, 26, 32, 32)
    now = evidence.pool(evidence.load(str(copy)))
    assert found.steps[-1].estimate == now.average
    assert found.total == pytest.approx(now.average.estimate - first.average.estimate, abs=1e-15)
    assert last.exact.low > first.exact.low
    text = " ".join(str(found).split())
    assert "All series: 26/26, now 32/32" in text
    assert f"86.8 to 100 to {100 * last.exact.low:.1f} to 100 %" in text
    same = [old.difference == new.difference for old, new in found.comparisons]
    assert same == [True, True, True, False], "ours did not change, the pool did"


# ---- rows ----------------------------------------------------------------------------------------

HEAD = "study,arm,subgroup,outcome,weeks,events,n\n"


def test_rows_are_known_by_key_not_by_line():
    before = past(outcomes=HEAD + "a,drug,,cure,12,1,2\nb,drug,,cure,12,3,4\nc,drug,,cure,12,5,6\n")
    after = past(outcomes=HEAD + 'c,drug,,cure,12,5,6\n\n"b",drug,,cure,12,3,5\nd,drug,,cure,12,7,8\n')
    (change,) = changes(before, after)
    assert [(row.kind, row.key[0], row.row) for row in change.rows] == [
        ("changed", "b", 4),
        ("came", "d", 5),
        ("went", "a", 2),
    ]
    assert change.rows[0].cells == (("n", "4", "5"),)
    assert change.rows[1].cells == (("events", "", "7"), ("n", "", "8"))
    assert change.rows[2].cells == (("events", "1", ""), ("n", "2", ""))


@pytest.mark.parametrize(
    "other",
    [
        HEAD.replace("\n", "\r\n") + "b,drug,,cure,12,3,4\r\na,drug,,cure,12,1,2\r\n",
        "\ufeff" + HEAD + "a,drug,,cure,12,1,2\nb,drug,,cure,12,3,4\n",
        HEAD.replace(",", ";") + "a;drug;;cure;12;1;2\nb;drug;;cure;12;3;4\n",
        HEAD + '"a",drug,,"cure",12,1,2\nb , drug,,cure,12,3,4',
    ],
)
def test_another_form_of_the_same_rows_is_no_change_of_rows(other):
    (change,) = changes(
        past(outcomes=HEAD + "a,drug,,cure,12,1,2\nb,drug,,cure,12,3,4\n"), past(outcomes=other)
    )
    assert change.rows == ()
    assert "the same rows" in change.note


def test_columns_that_came_or_went_are_said_once():
    before = past(outcomes=HEAD + "a,drug,,cure,12,1,2\nb,drug,,cure,12,3,4\n")
    after = past(outcomes="note," + HEAD.replace(",n", "") + ",a,drug,,cure,12,1\nlook,b,drug,,cure,12,3\n")
    (change,) = changes(before, after)
    assert change.note == "without the column n; with the column note"
    assert [(row.kind, row.key[0], row.cells) for row in change.rows] == [
        ("changed", "a", (("n", "2", ""),)),
        ("changed", "b", (("note", "", "look"), ("n", "4", ""))),
    ]


def test_line_breaks_in_cells_and_rows_that_stand_twice():
    head = "study,cohort,note\n"
    before = past(cohorts=head + 'a,x,"one\ntwo"\nb,y,z\nb,y,z\n')
    after = past(cohorts=head + 'a,x,"one\nthree"\nb,y,z\n')
    (change,) = changes(before, after)
    assert [(row.kind, row.key) for row in change.rows] == [("changed", ("a", "x")), ("went", ("b", "y"))]


@pytest.mark.parametrize(
    "raw", [b"\xff\xfes\0t\0", b"", b"\n\n", b'study,cohort\n"a,b\n', b"study,cohort\na\n"]
)
def test_a_table_that_cannot_be_read_is_no_crash(raw):
    good = past(cohorts="study,cohort,note\na,x,z\n")
    for pair in ((good, Past("", {"cohorts.csv": raw}, "")), (Past("", {"cohorts.csv": raw}, ""), good)):
        (change,) = changes(*pair)
        assert change.rows
        assert change.rows[0].key == ("a", "x")


def test_settings_are_compared_by_their_paths(folder):
    before = read_folder(folder)
    (folder / "review.toml").write_text(
        REFERENCE.replace("[8, 26]", "[4, 30]").replace("last_visit = true\n", "") + "# x\n"
    )
    (change,) = changes(before, read_folder(folder))
    assert [(row.kind, *row.cells[0]) for row in change.rows] == [
        ("changed", "analyses.primary.weeks", "[8, 26]", "[4, 30]"),
        ("went", "analyses.primary.last_visit", "True", ""),
    ]
    (folder / "review.toml").write_text("=")
    (change,) = changes(before, read_folder(folder))
    assert change.note == "not both can be read as TOML"


cell = st.sampled_from(["", "x", "y z", 'say "so"', "a,b", "line\nbreak", "é"])
table = st.dictionaries(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["x", "y"])),
    st.tuples(cell, cell),
    min_size=1,
    max_size=8,
)


@given(
    old=table,
    new=table,
    order=st.randoms(use_true_random=False),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_changes_are_the_difference_of_the_rows_whatever_the_form(old, new, order, quoting):
    def text(rows, style):
        out = io.StringIO()
        writer = csv.writer(out, quoting=style, lineterminator="\n")
        writer.writerow(["study", "cohort", "note", "own"])
        items = list(rows.items())
        order.shuffle(items)
        writer.writerows([*key, *cells] for key, cells in items)
        return out.getvalue()

    pair = past(cohorts=text(old, csv.QUOTE_MINIMAL)), past(cohorts=text(new, quoting))
    rows = [row for change in changes(*pair) for row in change.rows]
    kinds = {kind: {row.key for row in rows if row.kind == kind} for kind in ("came", "went", "changed")}
    assert kinds["came"] == new.keys() - old.keys()
    assert kinds["went"] == old.keys() - new.keys()
    assert kinds["changed"] == {key for key in old.keys() & new.keys() if old[key] != new[key]}
    for row in rows:
        if row.kind == "changed":
            both = dict(zip(["note", "own"], zip(old[row.key], new[row.key], strict=True), strict=True))
            assert {name: (a, b) for name, a, b in row.cells} == {
                n: p for n, p in both.items() if p[0] != p[1]
            }


# ---- reports -------------------------------------------------------------------------------------


def test_who_entered_and_who_left_by_which_rule(folder):
    evidence.snapshot(folder, "before")
    make(
        folder,
        ["new 7/9", "late 3/4 weeks=52", "b2 33/45"],
        without=("a",),
        studies={**TRIAL, "c": "design=trial", "none": "design=cohort"},
        cohorts="b,b b2,b",
    )
    moves = evidence.diff(folder).moves
    assert [(entry.row.study, entry.rule, entry.reason) for entry in moves.entered] == [
        ("new", "", "not in the review"),
        ("b2", "", "not in the review"),
    ]
    assert [(entry.row.study, entry.rule) for entry in moves.left] == [
        ("a", ""),
        ("b", "same cohort"),
        ("c", "design"),
    ]
    assert [(one.study, one.rule_before, one.rule_after) for one in moves.outside] == [
        ("late", "", "window"),
        ("none", "", "no row"),
    ]
    text = " ".join(str(evidence.diff(folder)).split())
    assert "B (b), 30/41, week 12, left: same patients as B2 (b2), which is larger (same cohort)" in text
    assert "LATE (late) stays out: week 52; the analysis takes" in text


def test_a_reference_and_the_settings_that_changed(folder):
    evidence.snapshot(folder, "before")
    rows = [row.replace("24/49", "25/49") for row in ROWS]
    make_review(folder, rows, toml=REFERENCE.replace("[8, 26]", "[4, 30]"), studies=TRIAL)
    found = evidence.diff(folder)
    ((old, new),) = found.moves.references
    assert (old.events, new.events) == (24, 25)
    assert found.moves.options == (("weeks", (8.0, 26.0), (4.0, 30.0)),)
    assert found.total == 0
    assert len(found.steps) == 1
    assert all(old.difference != new.difference for old, new in found.comparisons)
    assert "~ weeks: 8 to 26 → 4 to 30" in str(found)


# ---- study by study ------------------------------------------------------------------------------


def test_steps_go_from_the_old_pool_to_the_new_one_in_table_order(folder):
    evidence.snapshot(folder, "before")
    rows = ["ours 6/6", "first 2/11", "b 31/41", "c 5/9", "trial 24/49 weeks=12", "last 9/9"]
    make_review(folder, rows, toml=REFERENCE, studies=TRIAL)
    found = evidence.diff(folder)
    assert [(step.kind, step.studies) for step in found.steps] == [
        ("before", ()),
        ("went", ("a",)),
        ("came", ("first",)),
        ("changed", ("b",)),
        ("came", ("last",)),
    ]
    counts = [[6, 9, 30, 5], [6, 30, 5], [6, 2, 30, 5], [6, 2, 31, 5], [6, 2, 31, 5, 9]]
    sizes = [[6, 12, 41, 9], [6, 41, 9], [6, 11, 41, 9], [6, 11, 41, 9], [6, 11, 41, 9, 9]]
    for step, events, n in zip(found.steps, counts, sizes, strict=True):
        pooled = evidence.pool_counts(events, n)
        assert step.estimate.estimate == pytest.approx(
            (pooled.average or pooled.proportion).estimate, abs=1e-6
        )
        assert (step.events, step.n, step.k) == (sum(events), sum(n), len(n))
    moves = [step.move for step in found.steps]
    assert sum(moves) == pytest.approx(found.total, abs=1e-15)
    assert moves[0] == 0
    assert all(moves[1:])


counts = st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
series = st.dictionaries(st.sampled_from("pqrstuvw"), counts, min_size=1, max_size=6)


@given(old=series, new=series, model=st.sampled_from(["exact", "common", "random"]))
def test_the_steps_add_up_to_the_whole_move(tmp_path_factory, old, new, model):
    place = tmp_path_factory.mktemp("steps")
    sides = []
    for name, rows in (("old", old), ("new", new)):
        (place / name).mkdir()
        make_review(place / name, [f"{study} {x}/{n}" for study, (x, n) in rows.items()])
        sides.append(evidence.pool(evidence.load(place / name), model=model).leading)
    found = evidence.diff(place / "new", str(place / "old"), model=model)
    ends = [(side.average or side.proportion).estimate for side in sides]
    assert found.steps[0].estimate.estimate == ends[0]
    assert found.steps[-1].estimate.estimate == ends[1]
    assert found.total == ends[1] - ends[0]
    assert sum(step.move for step in found.steps) == pytest.approx(found.total, abs=1e-12)
    touched = {study for study in old.keys() | new.keys() if old.get(study) != new.get(study)}
    assert {study for step in found.steps for study in step.studies} == touched
    assert all(step.k > 0 for step in found.steps)
    assert found.changed == bool(touched) or list(old) != list(new)


def test_a_pool_that_shares_no_study_with_the_old_one_is_never_empty_between(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    make_review(other, ["x 3/4"])
    make_review(folder, ["y 1/4"])
    steps = evidence.diff(folder, str(other)).steps
    assert [(step.kind, step.k) for step in steps] == [("before", 1), ("came", 2), ("went", 1)]


def test_many_studies_move_together(folder):
    evidence.snapshot(folder, "before")
    make(folder, [f"s{number} 3/{number % 7 + 4}" for number in range(90)])
    found = evidence.diff(folder)
    assert len(found.steps) <= history.STEPS + 1
    assert [study for step in found.steps for study in step.studies] == [f"s{number}" for number in range(90)]
    assert sum(step.move for step in found.steps) == pytest.approx(found.total, abs=1e-12)


def test_a_model_that_auto_changes_is_said(folder):
    make_review(folder, ["ours 6/6", "a 9/9", "b 4/4"])
    evidence.snapshot(folder, "before")
    make_review(folder, ["ours 6/6", "a 9/9", "b 4/4", "c 5/9", "d 2/11"])
    found = evidence.diff(folder)
    models = [step.model for step in found.steps]
    assert models[0] != models[-1]
    assert any(
        f"auto chose the {models[0]} model before, it is now {models[-1]}" in note for note in found.notes
    )
    assert "Model" in str(found)


def test_a_result_kept_by_another_version_is_taken_apart_from_the_data(folder):
    taken, _ = evidence.snapshot(folder, "before")
    document = json.loads(Path(taken.path).read_text())
    document["version"] = "0.0.9"
    document["pooled"][0]["average"]["estimate"] -= 0.01
    Path(taken.path).write_text(json.dumps(document))
    make(folder, ["new 7/9"])
    found = evidence.diff(folder)
    assert [step.kind for step in found.steps] == ["before", "recomputed", "came"]
    assert found.steps[1].move == pytest.approx(0.01, abs=1e-12)
    assert f"Snapshot before was made by evidence 0.0.9, this is {evidence.__version__}." in found.notes
    assert "as pooled now" in str(found)


# ---- options -------------------------------------------------------------------------------------


def test_the_analysis_is_the_snapshots_own_unless_others_are_given(folder):
    evidence.snapshot(folder, "before", model="random", level=0.9)
    make(folder, ["new 7/9"])
    found = evidence.diff(folder)
    assert {step.model for step in found.steps} == {"random"}
    assert found.steps[-1].estimate.level == 0.9
    assert found.notes[0:1] == () or "options" not in found.notes[0]
    other = evidence.diff(folder, model="exact")
    assert [(step.model, step.estimate.level, step.k) for step in other.steps] == [
        ("exact", 0.9, 4),
        ("exact", 0.9, 5),
    ]
    assert any("analysed again" in note for note in other.notes)


def test_the_outcome_is_the_snapshots_own(folder):
    make(folder, ["a 3/12 outcome=rash"])
    evidence.snapshot(folder, "rash", outcome="rash")
    make(folder, ["a 4/12 outcome=rash"])
    found = evidence.diff(folder)
    assert (found.outcome, found.after.state.pooled[0].events) == ("rash", 4)
    assert evidence.diff(folder, outcome="cure").after.state.pooled[0].events == 50


def test_every_option_of_the_command_is_a_keyword_of_the_library():
    import inspect

    names = set(inspect.signature(evidence.diff).parameters) - {"folder"}
    command = main.get_command(None, "diff")
    options = {option.name for option in command.params} - {"review", "exit_code", "format", "output"}
    assert options == names
    assert set(inspect.signature(evidence.pool).parameters) - {"review"} == names - {"since"}


# ---- what it is compared with --------------------------------------------------------------------


def git(folder, *args):
    settings = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *settings, *args], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path, folder):
    """The review in a folder of a repository, with two revisions."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    make(folder, ["new 7/9"])
    git(tmp_path, "commit", "-qam", "two")
    return folder


@needs_git
def test_revisions_of_git(repository, tmp_path):
    assert not evidence.diff(repository).changed, "HEAD is what is there"
    found = evidence.diff(repository, "HEAD~1")
    assert [entry.row.study for entry in found.moves.entered] == ["new"]
    assert found.before.name.startswith("git HEAD~1, ")
    assert found.before.when[:3] == "20" + found.before.when[2]
    (repository / "outcomes.csv").write_text((repository / "outcomes.csv").read_text().replace("7,9", "8,9"))
    assert [new.events for _, new in evidence.diff(repository).moves.changed] == [8]
    assert read_revision(repository, "HEAD").files.keys() == read_folder(repository).files.keys()


@needs_git
@pytest.mark.parametrize(
    "name", ["nothing", "-x", "--upload-pack=touch x", "HEAD; touch x", "a\x00b", "HEAD~9"]
)
def test_what_is_no_revision_is_said(repository, name):
    with pytest.raises(
        InputError, match=r"no snapshot .*it has no snapshots.* no folder|embedded null|git does not answer"
    ):
        evidence.diff(repository, name)
    assert not (repository / "x").exists()
    assert not Path("x").exists()


@needs_git
def test_a_review_that_was_not_in_the_revision(repository, tmp_path):
    other = tmp_path / "later"
    shutil.copytree(repository, other)
    with pytest.raises(InputError, match=r"had no review\.toml at HEAD"):
        evidence.diff(other, "HEAD")


def test_neither_snapshot_nor_git(folder):
    with pytest.raises(InputError, match=r"nothing to compare .* evidence pool --snapshot makes a first one"):
        evidence.diff(folder)


def test_git_that_is_not_installed(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="git is not installed; compare with a snapshot or a folder"):
        read_revision(folder, "HEAD")
    result = run("diff", "--review", str(folder))
    assert (result.exit_code, "git is not installed" in result.stderr) == (2, True)


def test_folders_files_names_and_the_shipped_review(folder, tmp_path):
    taken, _ = evidence.snapshot(folder, "before")
    shutil.copytree(folder, tmp_path / "copy")
    make(folder, ["new 7/9"])
    moves = [
        evidence.diff(folder, since).moves for since in (None, "before", taken.path, str(tmp_path / "copy"))
    ]
    assert moves[0].entered
    assert all(one == moves[0] for one in moves)
    with pytest.raises(InputError, match="the snapshots are: before"):
        evidence.diff(folder, "befor")
    assert not evidence.diff(shipped_copy(tmp_path), "example").changed


def test_faults_on_one_side_still_tell_the_rows(folder, tmp_path):
    evidence.snapshot(folder, "before")
    outcomes = (folder / "outcomes.csv").read_text()
    (folder / "outcomes.csv").write_text(outcomes.replace("9,12", "90,12"))
    found = evidence.diff(folder)
    assert found.after.state is None
    assert "1 problem: outcomes.csv row 3" in found.after.impossible
    assert found.files[0].rows[0].cells == (("events", "9", "90"),)
    assert "No pool to compare" in str(found)
    assert found.total is None
    assert json.loads(run("diff", "--review", str(folder), "--format", "json").stdout)["total"] is None


def test_a_fault_in_another_outcome_does_not_stand_in_the_way(folder):
    make(folder, ["a 3/12 outcome=rash"])
    evidence.snapshot(folder, "before")
    outcomes = (folder / "outcomes.csv").read_text()
    (folder / "outcomes.csv").write_text(
        outcomes.replace("rash,12,3,12", "rash,12,13,12").replace("30,41", "31,41")
    )
    found = evidence.diff(folder)
    assert [new.events for _, new in found.moves.changed] == [31]


def test_what_is_left_to_read_for_one_outcome_gives_the_same_analysis():
    whole = read_folder(SHIPPED)
    review, part = load(SHIPPED), whole.of_outcome("clasi50")
    assert len(part.files["outcomes.csv"]) < len(whole.files["outcomes.csv"])
    one, other = evidence.pool(review), evidence.pool(part.load())
    assert (one.studies, one.excluded, one.leading.average) == (
        other.studies,
        other.excluded,
        other.leading.average,
    )
    assert {row.row for row in part.load().by_outcome["clasi50"]} == {
        row.row for row in review.by_outcome["clasi50"]
    }
    assert revision.plain_lines(b'a,"b\nc",d\n') is None


# ---- the command ---------------------------------------------------------------------------------


def test_every_format_says_the_same(folder):
    evidence.snapshot(folder, "before")
    make(folder, ["new 7/9"], without=("a",))
    outputs = {
        name: run("diff", "--review", str(folder), "--format", name)
        for name in ("json", "csv", "markdown", "text")
    }
    assert {result.exit_code for result in outputs.values()} == {0}
    document = json.loads(outputs["json"].stdout, parse_constant=lambda word: pytest.fail(word))
    found = evidence.diff(folder)
    assert document["total"] == found.total == sum(step["move"] for step in document["steps"])
    assert [entry["study"] for entry in document["entered"]] == ["new"]
    assert [(entry["study"], entry["reason"]) for entry in document["left"]] == [("a", "not in the review")]
    assert document["after"]["pooled"][0]["average"]["low"] == found.after.state.pooled[0].average.low
    assert document["files"][1]["rows"][0]["key"] == {
        "study": "new", "arm": "drug", "subgroup": "", "outcome": "cure", "weeks": "12",
    }  # fmt: skip
    lines = list(csv.DictReader(io.StringIO(outputs["csv"].stdout)))
    assert [float(line["move"]) for line in lines if line["kind"] == "step"] == [
        step.move for step in found.steps
    ]
    assert {line["change"] for line in lines if line["kind"] == "report"} == {"entered", "left"}
    assert "| + NEW |" in outputs["markdown"].stdout
    assert f"{100 * found.total:+.2f}".replace("-", "−") in outputs["text"].stdout


def test_the_exit_code_is_0_and_1_only_where_it_is_asked_for(folder):
    evidence.snapshot(folder, "before")
    assert run("diff", "--review", str(folder), "--exit-code").exit_code == 0
    make(folder, ["new 7/9"])
    assert run("diff", "--review", str(folder)).exit_code == 0
    assert run("diff", "--review", str(folder), "--exit-code").exit_code == 1
    assert run("diff", "--review", str(folder), "--model", "nonsense").exit_code == 2
    assert run("diff", "--review", str(folder), "--outcome", "nonsense").exit_code == 2


def test_nothing_changed_is_one_sentence(folder):
    evidence.snapshot(folder, "before")
    lines = run("diff", "--review", str(folder)).stdout.splitlines()
    assert lines[0] == "review: Cure"
    assert " ".join(lines[1:]).strip().endswith("nothing has changed.")


def test_a_form_that_changed_is_no_other_result(folder):
    evidence.snapshot(folder, "before")
    raw = (folder / "outcomes.csv").read_bytes()
    (folder / "outcomes.csv").write_bytes(raw.replace(b"\n", b"\r\n"))
    found = evidence.diff(folder)
    assert found.changed
    assert not any(found.moves)
    assert "The pool is as it was" in str(found)


def test_hostile_cells_command_no_terminal_and_fill_no_screen(folder):
    evidence.snapshot(folder, "before")
    evil = "\x1b[2J\u202e" + "x" * 500 + "|`<script>"
    make(folder, ["new 7/9"])
    studies = (folder / "studies.csv").read_text().replace("NEW", evil)
    (folder / "studies.csv").write_text(studies)
    for name in ("text", "markdown", "csv", "json"):
        shown = run("diff", "--review", str(folder), "--format", name).stdout
        assert shown
        assert all(c.isprintable() or c == "\n" for c in shown), name
        if name == "text":
            assert max(map(len, shown.splitlines())) <= 80
        if name == "markdown":
            assert "<script>" not in shown


def test_text_is_ascii_where_the_terminal_is(folder):
    from evidence.report.history.text import render_diff, render_history

    evidence.snapshot(folder, "before")
    make(folder, ["new 7/9"], without=("a",))
    assert render_diff(evidence.diff(folder), unicode=False).isascii()
    assert render_history(evidence.history(folder), unicode=False).isascii()
    assert read_snapshot(str(folder / "snapshots" / "before.json")).name == "before"


def test_an_analysis_that_became_another_is_said_and_hides_no_row(folder):
    make(folder, ["a 3/12 outcome=rash"])
    evidence.snapshot(folder, "before")
    make(folder, ["a 4/12 outcome=rash"], toml=REFERENCE.replace('outcome = "cure"', 'outcome = "rash"'))
    found = evidence.diff(folder)
    assert "outcome is 'cure'; allowed: rash" in found.after.impossible
    assert [change.file for change in found.files] == ["review.toml", "outcomes.csv"]


def test_a_column_of_weights_and_groups_travel_with_a_snapshot(folder):
    toml = REFERENCE + '[columns.outcomes]\nshare = "number"\n[columns.studies]\nward = "text"\n'

    def weigh(last):
        make(folder, toml=toml)
        for name, column, cells in (
            ("outcomes", "share", f"1 2 3 {last} 9"),
            ("studies", "ward", "n s n s n"),
        ):
            head, *lines = (folder / f"{name}.csv").read_text().splitlines()
            added = zip(lines, cells.split(), strict=True)
            text = "\n".join([f"{head},{column}", *(f"{line},{cell}" for line, cell in added)])
            (folder / f"{name}.csv").write_text(text + "\n")

    weigh(4)
    evidence.snapshot(folder, "before", model="common", weights="share", by="ward")
    assert not evidence.diff(folder).changed
    weigh(5)
    found = evidence.diff(folder)
    assert [(step.kind, step.studies) for step in found.steps] == [("before", ()), ("changed", ("c",))]
    assert found.total
    assert [pool.pool for pool in found.after.state.pooled] == ["all", "others", "n", "s"]


def test_a_retracted_paper_in_the_pool_is_said_first(folder, monkeypatch):
    from evidence.analysis import pooling

    evidence.snapshot(folder, "before")
    make(folder, ["new 7/9 state=unverified"])
    monkeypatch.setattr(pooling, "alarms", lambda rows, notices: ["WARNING: NEW (new): retracted."])
    assert evidence.diff(folder).warnings == ("WARNING: NEW (new): retracted.",)
    for name in ("text", "markdown", "csv", "json"):
        shown = run("diff", "--review", str(folder), "--format", name).stdout
        assert shown.index("WARNING: NEW") < shown.index("entered"), name
    assert "NEW (new), 7/9, week 12, not yet checked against the paper, entered" in " ".join(
        str(evidence.diff(folder)).split()
    )
    taken, _ = evidence.snapshot(folder, "after")
    assert read_snapshot(taken.path).state.warnings == taken.state.warnings != ()
