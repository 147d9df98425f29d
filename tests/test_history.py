"""Snapshots keep what was there and what was said, whole, and are never written over; the list says what changed."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import evidence
from evidence.analysis import snapshots
from evidence.analysis.snapshots import list_snapshots, plain, read_snapshot, to_json
from evidence.cli import main
from evidence.errors import InputError, NotPossible
from evidence.review.revision import FILES
from tests.made_reviews import REFERENCE
from tests.made_reviews import review as make_review

ROWS = ["ours 6/6", "a 9/12", "b 30/41", "c 5/9", "trial 24/49 weeks=12"]
TRIAL = {"trial": "design=trial"}
SHIPPED = Path(evidence.__file__).parent.parent / "data"


@pytest.fixture
def folder(tmp_path):
    """Four series and a trial to compare with."""
    place = tmp_path / "review"
    place.mkdir()
    make_review(place, ROWS, toml=REFERENCE, studies=TRIAL)
    return place


def run(*args, **settings):
    return CliRunner().invoke(main, args, **settings)


def tables(folder):
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


# ---- what is kept --------------------------------------------------------------------------------


def test_a_snapshot_comes_back_as_it_was_to_the_last_bit(folder):
    taken, analysis = evidence.snapshot(folder, "first", model="random", weeks=(8.0, 26.0))
    read = read_snapshot(taken.path)
    assert read == taken
    assert read.state.studies == analysis.studies
    assert read.state.excluded == tuple(analysis.excluded)
    assert read.asked == {"model": "random", "weeks": (8.0, 26.0)}
    assert read.state.options == dict(analysis.options)
    assert read.version == evidence.__version__
    kept, result = read.state.pooled[0], analysis.leading
    assert (kept.proportion, kept.exact, kept.prediction) == (
        result.proportion,
        result.exact,
        result.prediction,
    )
    assert kept.heterogeneity["tau2"] == result.heterogeneity.tau2
    assert kept.heterogeneity["tau2_low"] == result.heterogeneity.tau2_low
    differences = [contrast.comparison.difference for contrast in analysis.comparisons]
    assert [contrast.difference for contrast in read.state.comparisons] == differences
    assert len(differences) == 2


def test_the_tables_are_in_it_and_it_is_small(folder):
    before = tables(folder)
    taken, _ = evidence.snapshot(folder, "first")
    (folder / "outcomes.csv").unlink()
    assert read_snapshot(taken.path).past(str(folder)).files == before
    assert tables(folder).keys() == before.keys() - {"outcomes.csv"}, "nothing was put back"
    assert os.path.getsize(taken.path) < 20_000


def test_the_shipped_review_can_be_kept_in_a_file_only(tmp_path):
    with pytest.raises(InputError, match=r"evidence init --example DIR.*--snapshot before\.json"):
        evidence.snapshot(SHIPPED, "before")
    taken, analysis = evidence.snapshot(SHIPPED, str(tmp_path / "before.json"))
    assert not (SHIPPED / "snapshots").exists()
    assert read_snapshot(taken.path).state.pooled[0].events == analysis.leading.events
    assert taken.name == "before"


def test_the_name_is_the_date_and_then_numbered(folder, monkeypatch):
    monkeypatch.setattr(snapshots, "_now", lambda: "2026-03-01T12:00:00Z")
    names = [evidence.snapshot(folder)[0].name for _ in range(3)]
    assert names == ["2026-03-01", "2026-03-01-2", "2026-03-01-3"]
    monkeypatch.setattr(snapshots, "_now", lambda: "2026-03-01T12:00:01Z")
    assert [line.snapshot.name for line in evidence.history(folder).lines] == names


def test_a_snapshot_is_never_written_over(folder, tmp_path):
    evidence.snapshot(folder, "first")
    kept = (folder / "snapshots" / "first.json").read_bytes()
    with pytest.raises(InputError, match="never written over"):
        evidence.snapshot(folder, "first")
    assert (folder / "snapshots" / "first.json").read_bytes() == kept
    (tmp_path / "mine.json").write_text("mine")
    with pytest.raises(InputError, match="never written over"):
        evidence.snapshot(folder, str(tmp_path / "mine.json"))
    assert (tmp_path / "mine.json").read_text() == "mine"


@pytest.mark.parametrize("name", ["..", ".hidden", "a b", "-x", "x" * 200, "a\x1b[2J"])
def test_a_name_is_a_word(folder, name):
    with pytest.raises(InputError, match="no name for a snapshot"):
        evidence.snapshot(folder, name)
    assert list_snapshots(folder) == ()


def test_nothing_is_written_where_nothing_can_be_pooled_or_the_disk_is_full(folder, monkeypatch):
    with pytest.raises(NotPossible):
        evidence.snapshot(folder, "first", where="n > 1000")
    assert not (folder / "snapshots").exists()

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left on device"):
        evidence.snapshot(folder, "first")
    assert list_snapshots(folder) == ()
    assert os.listdir(folder / "snapshots") == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_read_only_is_said_to_be(folder):
    folder.chmod(0o500)
    with pytest.raises(InputError, match="read-only"):
        evidence.snapshot(folder, "first")


# ---- what is not one -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a snapshot"),
        ('{"snapshot": "x"}', "not a snapshot"),
        ('{"snapshot": "x", "format": 99, "version": "7.0"}', "format 99, made by evidence 7.0"),
        ('{"snapshot": "x", "format": 1}', "not a whole snapshot"),
    ],
)
def test_a_file_that_is_no_snapshot_is_said_and_hides_no_other(folder, text, said):
    evidence.snapshot(folder, "first")
    (folder / "snapshots" / "bad.json").write_text(text)
    found = evidence.history(folder)
    assert [line.snapshot.name for line in found.lines] == ["first"]
    assert len(found.notes) == 1
    assert said in found.notes[0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["texts"].update({"outcomes.csv": d["texts"]["studies.csv"]}),
        lambda d: d["texts"].update({"outcomes.csv": "!"}),
        lambda d: d["data"]["files"]["outcomes.csv"].update({"bytes": 10**12}),
        lambda d: d["data"]["files"]["outcomes.csv"].update({"bytes": 3}),
    ],
)
def test_tables_that_were_tampered_with_are_refused(folder, spoil):
    taken, _ = evidence.snapshot(folder, "first")
    document = json.loads(Path(taken.path).read_text())
    spoil(document)
    Path(taken.path).write_text(json.dumps(document))
    with pytest.raises(InputError, match="changed or damaged"):
        evidence.diff(folder, "first")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["studies"][0].update({"events": 7, "n": 6}),
        lambda d: d["studies"][0].update({"label": ["x"]}),
        lambda d: d["pooled"][0].update({"exact": None}),
        lambda d: d["excluded"].append({"study": 1}),
        lambda d: d["data"]["files"].pop("review.toml"),
        lambda d: d.pop("asked"),
    ],
)
def test_a_snapshot_with_a_part_of_another_kind_is_refused(folder, spoil):
    taken, _ = evidence.snapshot(folder, "first")
    document = json.loads(Path(taken.path).read_text())
    spoil(document)
    Path(taken.path).write_text(json.dumps(document))
    with pytest.raises(InputError, match="not a whole snapshot"):
        read_snapshot(taken.path)


def test_what_is_not_finite_is_null_with_a_note(folder):
    taken, _ = evidence.snapshot(folder, "first")
    pools = taken.state.pooled
    worse = pools[0]._replace(proportion=replace(pools[0].proportion, high=float("inf")))
    text = to_json(replace(taken, state=replace(taken.state, pooled=(worse, *pools[1:]))))
    document = json.loads(text, parse_constant=lambda word: pytest.fail(word))
    assert document["pooled"][0]["proportion"]["high"] is None
    assert document["notes"] == ["all: proportion high is not a finite number"]


def test_a_snapshot_holds_json_s_own_kinds():
    assert plain({"x": (1, 2.5, None, True)}) == {"x": [1, 2.5, None, True]}


# ---- the list ------------------------------------------------------------------------------------


def add(folder, *rows, without=()):
    kept = [row for row in ROWS if row.split()[0] not in without]
    make_review(folder, [*kept, *rows], toml=REFERENCE, studies=TRIAL)


def test_each_line_says_what_changed_since_the_one_before(folder, monkeypatch):
    times = iter(f"2026-0{month}-01T00:00:00Z" for month in range(1, 9))
    monkeypatch.setattr(snapshots, "_now", lambda: next(times))
    evidence.snapshot(folder, "zero")
    add(folder, "new 8/9")
    evidence.snapshot(folder, "one")
    add(folder, "new 8/10", without=("a",))
    evidence.snapshot(folder, "two")
    evidence.snapshot(folder, "other", outcome="cure", model="exact")
    found = evidence.history(folder)
    text = str(found)
    assert [line.snapshot.name for line in found.lines] == ["zero", "one", "two", "other"]
    assert [line.files for line in found.lines] == [
        (),
        (("studies.csv", 1), ("outcomes.csv", 1)),
        (("studies.csv", -1), ("outcomes.csv", -1)),
        (),
    ]
    assert "NEW (8/9) entered" in text
    assert "A (9/12) left; NEW (8/10) changed" in text
    assert "model auto → exact" in text
    assert "The review is as it was then." in text
    add(folder)
    assert evidence.history(folder).unsaved
    assert "changed since the last one" in str(evidence.history(folder))


def test_another_version_is_said(folder, monkeypatch):
    monkeypatch.setattr(evidence, "__version__", "0.0.9")
    evidence.snapshot(folder, "old")
    monkeypatch.undo()
    evidence.snapshot(folder, "young")
    assert f"evidence 0.0.9 → {evidence.__version__}" in str(evidence.history(folder))


def test_another_analysis_is_not_compared(folder):
    make_review(folder, [*ROWS, "a 3/12 outcome=rash"], toml=REFERENCE, studies=TRIAL)
    evidence.snapshot(folder, "cure")
    evidence.snapshot(folder, "rash", outcome="rash")
    found = evidence.history(folder)
    assert found.lines[1].other
    assert not any(found.lines[1].moves)
    assert "another analysis: rash" in str(found)


# ---- the commands --------------------------------------------------------------------------------


def test_pool_keeps_a_snapshot_and_shows_what_it_always_shows(folder):
    usual = run("pool", "--review", str(folder))
    kept = run("pool", "--review", str(folder), "--snapshot", "first")
    assert kept.exit_code == 0
    assert kept.stdout == usual.stdout
    assert "snapshot first kept in" in kept.stderr
    assert list_snapshots(folder) == ("first",)
    dated = run("pool", "--review", str(folder), "--snapshot", "--model", "exact", "--format", "json")
    assert json.loads(dated.stdout)["options"]["model"] == "exact"
    assert len(list_snapshots(folder)) == 2
    assert run("pool", "--review", str(folder), "--snapshot", "first").exit_code == 2


def test_counts_have_no_snapshot():
    result = run("pool", "--snapshot", "x.json", "6/6")
    assert result.exit_code == 2
    assert "--snapshot goes with a review" in result.stderr
    assert not Path("x.json").exists()


def test_a_review_without_snapshots_says_how_to_make_one(folder):
    result = run("history", "--review", str(folder))
    assert result.exit_code == 0
    assert "evidence pool --snapshot NAME" in result.output


def test_every_format_of_the_list(folder):
    evidence.snapshot(folder, "first")
    add(folder, "new 8/9")
    evidence.snapshot(folder, "second")
    outputs = {
        name: run("history", "--review", str(folder), "--format", name)
        for name in ("json", "csv", "markdown", "text")
    }
    assert {result.exit_code for result in outputs.values()} == {0}
    document = json.loads(outputs["json"].stdout)
    assert [one["snapshot"] for one in document["snapshots"]] == ["first", "second"]
    assert document["snapshots"][1]["entered"] == ["new"]
    assert document["unsaved"] is False
    lines = list(csv.DictReader(io.StringIO(outputs["csv"].stdout)))
    assert [(line["k"], line["events"], line["n"]) for line in lines] == [
        ("4", "50", "68"),
        ("5", "58", "77"),
    ]
    pool = evidence.pool(evidence.load(str(folder)))
    estimate = pool.average or pool.proportion
    assert (
        float(lines[1]["estimate"])
        == document["snapshots"][1]["pooled"][0]["average"]["estimate"]
        == estimate.estimate
    )
    assert outputs["markdown"].stdout.count("| ") > 10
    assert max(map(len, outputs["text"].stdout.splitlines())) <= 80


@pytest.mark.parametrize("length", [1, 20, 30, 60, 100])
def test_names_however_long_stand_whole_in_the_list(folder, length):
    for letter in "xy":
        evidence.snapshot(folder, letter * length)
    shown = run("history", "--review", str(folder)).stdout
    assert max(map(len, shown.splitlines())) <= 80
    packed = "".join(shown.split())
    assert all(packed.count(letter * length) >= 1 for letter in "xy")
    assert packed.count("50/68") == 2
    assert shown.index("the first") < shown.index("nothing changed")


def test_two_at_once_keep_both(folder):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        names = list(pool.map(lambda _: evidence.snapshot(folder)[0].name, range(4)))
    assert len(set(names)) == 4 == len(list_snapshots(folder))


def test_a_copy_of_a_review_takes_its_snapshots_along(folder, tmp_path):
    evidence.snapshot(folder, "first")
    shutil.copytree(folder, tmp_path / "copy")
    assert not evidence.diff(tmp_path / "copy").changed
