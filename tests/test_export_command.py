"""`evidence export`: what is in it, that it can be checked and read back, that it is the same twice, and where it may be written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from math import log, sqrt
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import evidence
from evidence.cli import main
from evidence.errors import InputError, NotPossible, OptionError
from evidence.report import render
from evidence.report.dated import EPOCH
from evidence.report.export import placing
from evidence.report.export.bundle import MANIFEST, README, SUMS, Export
from evidence.report.export.everything import Everything
from evidence.report.export.exporting import KINDS, save
from evidence.report.export.members import BYTES, DEVICES, FORBIDDEN, Members, safe, slug
from evidence.report.export.revman import ARMS, INFORMATION, RESULTS, SINGLE, revman
from evidence.report.pooled.export import to_dict
from evidence.review.revision import read_folder

from . import made_reviews

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
TOP = "itch"
JUDGED = """\
study,instrument,outcome,item,judgement,reason,by,source,locator,state
series,JBI case series,,criteria,yes,they are listed,AB,x,p. 2,verified
trial,RoB 2,,overall,low,registered,AB,x,,verified
"""
SEARCHED = """\
run,search,date,database,kind,query,translation,since,records,seen,duplicates,known,new,note
1,series,2026-01-05,PubMed,database,q,t,,1,0,0,0,1,
"""
FOUND = "paper,search,run,status,pmid,title,year,note\n5,series,1,new,5,Title,2025,\n"


def run(*args: str, **settings: Any) -> Result:
    return CliRunner().invoke(main, args, **settings)


def table(text: str | bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode() if isinstance(text, bytes) else text)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review with a bit of everything: series, a trial, judgements, a search of which a paper waits, a record."""
    folder = tmp_path_factory.mktemp("somebodys folder")
    rows = ["ours 5/9", "series 4/8", "c 7/9", "trial 6/9", "trial 3/9 arm=placebo"]
    toml = made_reviews.REFERENCE.replace("format = 1\n", 'format = 1\ntitle = "Itch"\n')
    studies = {"trial": "design=trial", "series": "design=case_series"}
    made_reviews.review(folder, rows, toml=toml, studies=studies)
    for name, text in (("quality", JUDGED), ("searches", SEARCHED), ("found", FOUND)):
        (folder / f"{name}.csv").write_text(text)
    (folder / "papers").mkdir()
    (folder / "papers" / "7.nbib").write_text("PMID- 7\n")
    return folder


@pytest.fixture(scope="module")
def everything(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Export, Path]:
    """That review, exported once, and its zip."""
    path = tmp_path_factory.mktemp("export") / "review.zip"
    return evidence.export(evidence.load(folder), path=path), path


@pytest.fixture(scope="module")
def unpacked(everything: tuple[Export, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(everything[1]) as archive:
        archive.extractall(folder)
    return folder / TOP


# ---- everything ----------------------------------------------------------------------------------


def test_all_that_is_promised_is_in_it(unpacked: Path, folder: Path) -> None:
    there = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    assert there == {f"package/{path.name}" for path in folder.iterdir() if path.is_file()} | {
        README, MANIFEST, SUMS, "package/datapackage.json", "package/papers/7.nbib",
        "result.json", "result.csv", "report.html", "report.md", "methods.md", "reproduce.R", "prisma.csv",
        "references/references.ris", "references/references.bib", "references/references.json",
        "figures/forest.pdf", "figures/forest.svg", "figures/forest.png",
        *(f"checklists/{name}.{end}" for name in ("prisma", "jbi", "care") for end in ("md", "csv")),
        "robvis/jbi-case-series.csv", "robvis/rob-2.csv",
        *(f"revman/{name}" for name in ("references.ris", "study-information.csv", "study-arms.csv", "study-results.csv")),
        "revman/risk-of-bias.csv", "revman/single-arms.csv",
    }  # fmt: skip


def test_every_file_is_in_the_manifest_and_in_the_sums_with_its_hash(unpacked: Path) -> None:
    sums = dict(reversed(line.split("  ", 1)) for line in (unpacked / SUMS).read_text().splitlines())
    files = {
        path.relative_to(unpacked).as_posix(): path.read_bytes()
        for path in unpacked.rglob("*")
        if path.is_file()
    }
    assert set(sums) == set(files) - {SUMS}
    assert all(hashlib.sha256(files[name]).hexdigest() == digest for name, digest in sums.items())
    listed = {one["name"]: one for one in json.loads(files[MANIFEST])["files"]}
    assert set(listed) == set(files) - {SUMS, MANIFEST}
    assert all(one["sha256"] == sums[name] for name, one in listed.items())
    assert all(one["bytes"] == len(files[name]) for name, one in listed.items())
    assert all(f"`{name}`" in files[README].decode() for name in set(files) - {README})


def test_the_manifest_says_by_what_it_was_made(everything: tuple[Export, Path], folder: Path) -> None:
    made = json.loads(everything[0].files[MANIFEST])
    assert made["versions"]["evidence"] == evidence.__version__
    assert made["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"numpy", "scipy", "matplotlib", "jinja2"} <= set(made["versions"])
    assert made["options"] == {}
    assert made["left_out"] == []
    outcomes = (folder / "outcomes.csv").read_bytes()
    assert made["review"]["files"]["outcomes.csv"] == hashlib.sha256(outcomes).hexdigest()
    assert any("prisma.csv: 1 paper not yet decided" in note for note in made["notes"]), made["notes"]


def test_tables_are_as_they_are_byte_for_byte(unpacked: Path, folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            assert (unpacked / "package" / path.name).read_bytes() == path.read_bytes()


def test_the_package_is_a_review_with_the_same_pool(unpacked: Path, folder: Path) -> None:
    again = json.loads(render(evidence.pool(evidence.load(unpacked / "package")), "json"))
    kept = json.loads((unpacked / "result.json").read_text(encoding="utf-8"))
    first = json.loads(render(evidence.pool(evidence.load(folder)), "json"))
    for one in (again, kept, first):
        one.pop("review")
    assert again == kept == first
    rows = table((unpacked / "result.csv").read_text(encoding="utf-8"))
    assert next(row["events"] for row in rows if row["study"] == "ours") == "5"


def test_the_shipped_review_comes_back_from_its_package(tmp_path: Path) -> None:
    files = evidence.export(evidence.load(DATA), "package", tmp_path / "p").files
    for path in DATA.iterdir():
        if path.suffix in (".csv", ".toml"):
            assert files[path.name] == path.read_bytes()
    one, other = (to_dict(evidence.pool(evidence.load(folder))) for folder in (DATA, tmp_path / "p"))
    assert {**one, "review": ""} == {**other, "review": ""}


def test_another_process_makes_the_same_bytes_of_the_unpacked_package(
    everything: tuple[Export, Path], unpacked: Path, tmp_path: Path
) -> None:
    """By another order of hashing, in another folder, under another name: the command that the manifest names."""
    command = json.loads((unpacked / MANIFEST).read_text())["command"].split()
    env = os.environ | {"PYTHONHASHSEED": "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"}
    command[command.index("again.zip")] = str(tmp_path / "again.zip")
    done = subprocess.run(
        [sys.executable, "-m", "evidence.cli", *command[1:]], cwd=unpacked, env=env, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "not tried against RevMan itself" in done.stderr
    assert (tmp_path / "again.zip").read_bytes() == everything[1].read_bytes()


def test_no_folder_of_this_machine_is_named(everything: tuple[Export, Path], folder: Path) -> None:
    for name, data in everything[0].files.items():
        for text in (
            str(folder),
            folder.name,
            str(ROOT),
            str(Path.home()) + os.sep,
            os.path.realpath(sys.prefix),
        ):
            assert text.encode() not in data, (name, text)


def test_options_are_those_of_pool_and_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = made_reviews.review(tmp_path, ["a 5/9", "b 4/8", "c 11/12", "d 20/31", "e 5/6"])
    found = Everything(read_folder(tmp_path), review, "cure", {"model": "random", "level": 0.9}, None)
    monkeypatch.setattr(Everything, "_page", lambda _: None)
    monkeypatch.setattr(Everything, "_figures", lambda *_: None)
    found._result()
    assert json.loads(found.members.sorted()["result.json"].data)["pooled"][0]["model"] == "random"
    with pytest.raises(TypeError, match="modle"):
        evidence.export(review, modle="random")
    with pytest.raises(OptionError, match="model is 'random'; allowed: none for revman"):
        evidence.export(review, "revman", model="random")
    with pytest.raises(OptionError, match="kind"):
        evidence.export(review, "everything")
    with pytest.raises(OptionError, match="outcome"):
        evidence.export(review, "all", outcome="no such")


def test_what_cannot_be_had_is_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = made_reviews.review(tmp_path, ["a 5/9", "b 4/8"])
    found = Everything(read_folder(tmp_path), review, None, {}, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    found._figures(evidence.pool(review))
    found._quality()
    found._flow()
    assert [one.name for one in found.left_out] == [
        "figures/forest.pdf", "figures/forest.svg", "figures/forest.png", "robvis", "prisma.csv",
    ]  # fmt: skip
    assert "pip install" in found.left_out[0].reason


def test_without_a_pool_the_tables_are_exported_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "review"
    folder.mkdir()
    made_reviews.review(folder, ["a 5/9 outcome=rash"])
    result = run("export", "all", "--review", str(folder), "--output", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "left out: result.json:" in result.stderr
    assert (tmp_path / "out" / "package" / "outcomes.csv").read_bytes() == (
        folder / "outcomes.csv"
    ).read_bytes()
    assert not (tmp_path / "out" / "result.json").exists()


def test_the_tables_are_those_on_disk_and_so_are_the_numbers(tmp_path: Path) -> None:
    """Whoever loaded a review and then changed a table gets no old numbers beside new tables."""
    review = made_reviews.review(tmp_path, ["a 5/9", "b 4/8"])
    made_reviews.review(tmp_path, ["a 6/9", "b 4/8"])
    assert ",6,9," in evidence.export(review, "package").files["outcomes.csv"].decode()
    assert "10/17" in evidence.export(review, "reproduce").text or re.search(
        r"c\(6, 4\)", evidence.export(review, "reproduce").text
    )


# ---- hostile -------------------------------------------------------------------------------------


def test_a_hostile_review_gives_harmless_names_and_cells(tmp_path: Path) -> None:
    folder, secret = tmp_path / "review", tmp_path / "secret.txt"
    folder.mkdir()
    secret.write_text("not for you")
    toml = made_reviews.REFERENCE.replace(
        "format = 1\n", 'format = 1\ntitle = "../../etc/passwd\\u001b[31m CON: a\\u202eb"\n'
    ).replace('"Cure"', "'=HYPERLINK(1)'")
    rows = ["CON 5/9", "nul. 4/8", "a.._b 3/7", "trial 6/9", "trial 3/9 arm=placebo"]
    studies = {"trial": "design=trial label=-1+1", "CON": "label=../../etc/passwd", "nul.": "label=<script>"}
    made_reviews.review(folder, rows, toml=toml, studies=studies)
    papers = folder / "papers"
    papers.mkdir()
    (papers / "12.nbib").write_text("PMID- 12\n")
    (papers / "13.nbib").symlink_to(secret)
    (papers / "full text.pdf").write_bytes(b"%PDF")
    for kind in ("package", "revman"):
        target = tmp_path / f"{kind}.zip"
        made = evidence.export(evidence.load(folder), kind, target)
        with zipfile.ZipFile(target) as archive:
            names = archive.namelist()
            assert all("not for you" not in archive.read(name).decode() for name in names)
        assert all(harmless(part) for name in names for part in name.split("/")), names
        assert len({name.casefold() for name in names}) == len(names)
        for name, data in made.files.items():
            assert not re.search(rb"[\x00-\x08\x0b-\x1f]", data) or name == "review.toml", name
    packed = evidence.export(evidence.load(folder), "package")
    assert [one.name for one in packed.left_out] == ["papers/13.nbib", "papers/full text.pdf"]
    assert packed.files["papers/12.nbib"] == b"PMID- 12\n"
    cells = [
        cell
        for name, data in made.files.items()
        if name.endswith(".csv")
        for row in csv.reader(io.StringIO(data.decode()))
        for cell in row
    ]
    assert "'-1+1" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@") and not number(cell)]
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("CON") == "_con"
    assert slug("ΩΩΩ") == slug("") == "review"


def number(cell: str) -> bool:
    return bool(re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell))


def harmless(name: str) -> bool:
    return bool(
        name
        and not {category(c) for c in name} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        and not FORBIDDEN.search(name)
        and not DEVICES.fullmatch(name)
        and name.strip(". ") == name
        and len(name.encode()) <= BYTES + 1
    )


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("..", "unnamed"),
        ("", "unnamed"),
        ("a\x00b", "ab"),
        ("a:b", "a-b"),
        ("C:\\x", "C-x"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("name. .", "name"),
        ("-rf", "rf"),
        ("x\u202egnp.exe", "xgnp.exe"),
        ("37378095.nbib", "37378095.nbib"),
    ],
)
def test_names_that_some_system_minds(name: str, kept: str) -> None:
    assert safe(name) == kept


@given(st.lists(st.text(max_size=300), max_size=8))
def test_any_names_become_safe_and_differ(names: list[str]) -> None:
    members = Members()
    kept = [members.add(name, b"", "") for name in names]
    assert all(harmless(part) for path in kept for part in path.split("/")), kept
    assert len({path.casefold() for path in kept}) == len(names) == len(members.sorted())


# ---- where it may be written ----------------------------------------------------------------------

FILES = {"a.txt": b"a", "b/c.txt": b"c"}


def exported(folder: Path) -> Export:
    return evidence.export(made_reviews.review(folder, ["a 5/9", "b 4/8"]), "package")


@pytest.fixture
def small(tmp_path: Path) -> Export:
    folder = tmp_path / "review"
    folder.mkdir()
    return exported(folder)


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_earlier_export_is_replaced_and_nothing_else(small: Export, tmp_path: Path) -> None:
    target = tmp_path / "out"
    save(small, str(target))
    save(small, str(target))
    assert snapshot(target) == dict(small.files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "review"]
    (target / "mine.txt").write_text("my notes")
    with pytest.raises(InputError, match=r"changes in it \(mine.txt\)"):
        save(small, str(target))
    (target / "mine.txt").unlink()
    (target / "studies.csv").write_text("changed")
    with pytest.raises(InputError, match=r"changes in it \(studies.csv\)"):
        save(small, str(target))
    assert (target / "studies.csv").read_text() == "changed"


def test_links_and_empty_folders_in_an_earlier_export_are_somebodys(small: Export, tmp_path: Path) -> None:
    target = tmp_path / "out"
    save(small, str(target))
    (target / "drafts").mkdir()
    with pytest.raises(InputError, match=r"changes in it \(drafts\)"):
        save(small, str(target))
    (target / "drafts").rmdir()
    (target / "letters").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(InputError, match=r"changes in it \(letters\)"):
        save(small, str(target))
    assert (target / "letters").is_symlink()


def test_a_folder_that_is_no_export_is_not_gone_through(
    small: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a whole disk."""
    (tmp_path / "home" / "deep").mkdir(parents=True)
    walked: list[object] = []
    monkeypatch.setattr(placing.os, "walk", lambda *given, **_: walked.append(given) or iter(()))
    with pytest.raises(InputError, match="no earlier export"):
        save(small, str(tmp_path / "home"))
    assert not walked


@pytest.mark.parametrize("there", ["thesis.docx", SUMS, MANIFEST])
def test_a_folder_that_is_no_export_is_refused(small: Export, tmp_path: Path, there: str) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / there).write_text("{}")
    with pytest.raises(InputError, match="no earlier export"):
        save(small, str(target))
    assert snapshot(target) == {there: b"{}"}
    with pytest.raises(InputError, match="no earlier export"):
        save(small, str(tmp_path / "review"))


def test_an_empty_folder_will_do_and_a_file_will_not(small: Export, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    save(small, str(tmp_path / "out"))
    assert SUMS in snapshot(tmp_path / "out")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        save(small, str(tmp_path / "file"))
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        save(small, str(tmp_path / "folder.zip"))
    with pytest.raises(InputError, match="cannot write"):
        save(small, str(tmp_path / "nowhere" / "x.zip"))


@pytest.mark.parametrize("here", [".", ""])
def test_the_folder_one_is_in_stays(
    small: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(InputError, match="the folder you are in"):
        save(small, here)


@pytest.mark.parametrize("call", [1, 2])
def test_a_failure_leaves_what_was_there(
    small: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """The disk is full, or the new folder cannot be put in its place."""
    target = tmp_path / "out"
    save(small, str(target))
    before = snapshot(target)
    calls = 0

    def broken(*args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(28, "No space left on device")
        os.replace(*args)

    monkeypatch.setattr(placing.os, "rename", broken)
    with pytest.raises(InputError, match="No space left"):
        save(small, str(target))
    assert snapshot(target) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "review"]


def test_times_in_a_zip_are_fixed_or_those_of_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    def times() -> set[tuple[int, ...]]:
        return {info.date_time for info in zipfile.ZipFile(io.BytesIO(placing.zipped(FILES))).infolist()}

    monkeypatch.delenv(EPOCH, raising=False)
    assert times() == {(1980, 1, 1, 0, 0, 0)}
    monkeypatch.setenv(EPOCH, "1700000000")
    assert times() == {(2023, 11, 14, 22, 13, 20)}
    monkeypatch.setenv(EPOCH, "0")
    assert times() == {(1980, 1, 1, 0, 0, 0)}
    monkeypatch.setenv(EPOCH, "yesterday")
    with pytest.raises(InputError, match="yesterday"):
        times()
    monkeypatch.setenv(EPOCH, "99999999999999")
    assert times() == {(2107, 12, 31, 23, 59, 58)}


def test_order_of_the_files_is_that_of_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EPOCH, raising=False)
    assert placing.zipped(FILES) == placing.zipped(dict(reversed(FILES.items())))
    assert zipfile.ZipFile(io.BytesIO(placing.zipped(FILES, "top"))).namelist() == [
        "top/a.txt",
        "top/b/c.txt",
    ]


# ---- the data package ----------------------------------------------------------------------------


def test_a_data_package_lies_at_the_top_of_its_zip(small: Export, tmp_path: Path) -> None:
    save(small, str(tmp_path / "p.ZIP"))
    with zipfile.ZipFile(tmp_path / "p.ZIP") as archive:
        described = json.loads(archive.read("datapackage.json"))
        assert {one["path"] for one in described["resources"]} <= set(archive.namelist())
    assert described["name"] == "review"


def test_tables_that_are_written_otherwise_are_described_so(tmp_path: Path) -> None:
    made_reviews.review(tmp_path, ["a 5/9", "b 4/8"])
    (tmp_path / "scores.csv").write_text(
        "study;patient;score;weeks;value;state;source\na;p1;pasi;12;17,5;verified;x\n"
    )
    (tmp_path / "patients.csv").write_text("study,patient,state,source\na,p1,verified,x\n")
    files = evidence.export(evidence.load(tmp_path), "package").files
    by_name = {one["name"]: one for one in json.loads(files["datapackage.json"])["resources"]}
    assert by_name["scores"]["dialect"] == {"delimiter": ";"}
    assert [f["name"] for f in by_name["scores"]["schema"]["fields"] if f.get("decimalChar") == ","] == [
        "value"
    ]
    assert "dialect" not in by_name["studies"]


# ---- RevMan --------------------------------------------------------------------------------------

TRIALS = [
    "one 6/9 source=p1",
    "one 3/9 arm=placebo",
    "two 12/20",
    "two 13/20 arm=high",
    "two 5/21 arm=control",
    "series 8/8",
    "series 2/8 outcome=rash",
    "cohort 0/4",
]
DESIGNS = {"one": "design=trial", "two": "design=trial", "series": "design=case_series"}


@pytest.fixture
def trials(tmp_path: Path) -> evidence.Review:
    return made_reviews.review(tmp_path, TRIALS, studies=DESIGNS)


def test_columns_are_revmans() -> None:
    """As its packages have them; the names of RoB 2's are in another test."""
    assert ARMS == ("Study", "Arm", "Description", "Intervention")
    assert RESULTS[:8] == (
        "Study", "Outcome", "Data type", "Effect measure", "Arm", "Reference arm", "Sample size", "Cases",
    )  # fmt: skip
    assert len(set(RESULTS)) == len(RESULTS) == 41
    assert RESULTS[-1] == "Footnotes"
    assert [name for name in INFORMATION if not name.startswith("Char: ")] == ["Study"]


def test_arms_of_trials_are_dichotomous_results(trials: evidence.Review) -> None:
    files = {name: text for name, (text, _) in revman(trials).files.items()}
    assert list(files) == [
        "references.ris", "study-information.csv", "study-arms.csv", "study-results.csv", "single-arms.csv",
    ]  # fmt: skip
    results = table(files["study-results.csv"])
    assert tuple(results[0]) == RESULTS
    assert sorted((row["Study"], row["Arm"], row["Cases"], row["Sample size"]) for row in results) == [
        ("ONE", "drug", "6", "9"),
        ("ONE", "placebo", "3", "9"),
        ("TWO", "control", "5", "21"),
        ("TWO", "drug", "12", "20"),
        ("TWO", "high", "13", "20"),
    ]
    assert {(row["Outcome"], row["Data type"]) for row in results} == {("Cure, week 12", "Dichotomous")}
    (one,) = [row for row in results if row["Cases"] == "6"]
    assert one["Footnotes"] == "state: verified; p1"
    arms = {(row["Study"], row["Arm"]) for row in table(files["study-arms.csv"])}
    assert arms == {(row["Study"], row["Arm"]) for row in results}
    assert {row["Study"] for row in table(files["study-information.csv"])} == {"ONE", "TWO"}
    assert files["references.ris"].count("TY  - ") == 2


def test_single_arms_are_apart_with_their_log_odds_where_there_are_any(trials: evidence.Review) -> None:
    made = revman(trials)
    rows = table(made.files["single-arms.csv"][0])
    assert tuple(rows[0]) == SINGLE
    by = {(row["Study"], row["Outcome"]): row for row in rows}
    assert set(by) == {
        ("SERIES", "Cure, week 12"),
        ("SERIES", "Any rash, week 12"),
        ("COHORT", "Cure, week 12"),
    }
    rash = by["SERIES", "Any rash, week 12"]
    assert float(rash["GIV Mean"]) == pytest.approx(log(2 / 6), abs=1e-14)
    assert float(rash["GIV SE"]) == pytest.approx(sqrt(1 / 2 + 1 / 6), abs=1e-14)
    for study in ("SERIES", "COHORT"):
        row = by[study, "Cure, week 12"]
        assert row["GIV Mean"] == row["GIV SE"] == ""
        assert "no finite log odds" in row["Footnotes"]
    assert any("no outcome for the proportion of a single arm" in note for note in made.notes)
    assert any("not tried against RevMan" in note for note in made.notes)


def test_the_shipped_trials_are_those_of_evidence_trial() -> None:
    review = evidence.load(DATA)
    found = evidence.trial(review, "clasi50").trials
    made = revman(review, "CLASI-50")
    results = table(made.files["study-results.csv"][0])
    pooled = [one for one in found if one.pooled]
    assert len(results) == 2 * len(pooled) == 4
    assert {(int(row["Cases"]), int(row["Sample size"])) for row in results} == {
        pair for one in pooled for pair in ((one.events, one.n), (one.events_control, one.n_control))
    }
    assert sum(note.startswith("left out: ") for note in made.notes) == len(found) - len(pooled) == 2
    with pytest.raises(OptionError, match="clasi50"):
        revman(review, "clasi5")


def test_rob_2_is_in_the_words_of_revman(tmp_path: Path) -> None:
    made_reviews.review(tmp_path, TRIALS, studies=DESIGNS)
    judged = ["study,instrument,outcome,item,judgement,reason,by,source,locator,state"]
    judged += ["one,RoB 2,,randomisation,low,by computer,AB,x,p. 3,verified"]
    judged += ["one,RoB 2,,overall,some concerns,open label,AB,x,,verified"]
    (tmp_path / "quality.csv").write_text("\n".join(judged) + "\n")
    (row,) = table(revman(evidence.load(tmp_path)).files["risk-of-bias.csv"][0])
    assert (row["Study"], row["Outcome"]) == ("ONE", "Cure, week 12")
    assert row["Bias arising from the randomization process (judgement)"] == "Low risk"
    assert row["Bias arising from the randomization process (support)"] == "by computer; p. 3; judged by AB"
    assert row["Overall bias (judgement)"] == "Some concerns"
    assert row["Bias due to missing outcome data (judgement)"] == ""
    assert len(row) == 2 + 2 * 6


def test_a_review_without_trials_has_nothing_to_import_and_one_without_counts_nothing_at_all(
    tmp_path: Path,
) -> None:
    made = revman(made_reviews.review(tmp_path, ["a 5/9", "b 4/8"]))
    assert list(made.files) == ["single-arms.csv"]
    assert any("nothing that RevMan imports" in note for note in made.notes)
    (tmp_path / "outcomes.csv").write_text("study,outcome,weeks,events,n,state\n")
    with pytest.raises(NotPossible):
        revman(evidence.load(tmp_path))


def test_two_reports_of_one_label_stay_two(tmp_path: Path) -> None:
    rows = ["x 6/9", "x 3/9 arm=placebo", "y 5/9", "y 2/9 arm=placebo"]
    studies = dict.fromkeys(("x", "y"), "design=trial label=Same")
    made = revman(made_reviews.review(tmp_path, rows, studies=studies))
    results = table(made.files["study-results.csv"][0])
    assert [row["Study"] for row in results] == ["Same (x)", "Same (x)", "Same (y)", "Same (y)"]


# ---- the command ---------------------------------------------------------------------------------


def test_each_kind_is_a_command() -> None:
    command = main.get_command(None, "export")  # type: ignore[arg-type]
    assert sorted(command.commands) == sorted(KINDS)  # type: ignore[union-attr]
    for kind in KINDS:
        shown = run("export", kind, "--help")
        assert shown.exit_code == 0
        assert "Examples:" in shown.output


@pytest.mark.parametrize("kind", ["all", "package", "revman"])
def test_several_files_need_a_place(kind: str) -> None:
    result = run("export", kind, "--review", str(DATA))
    assert result.exit_code == 2
    assert f"--output {kind}.zip" in result.stderr


@pytest.mark.parametrize(
    ("kind", "same"), [("robvis", ["quality", "--format", "robvis"]), ("prisma", ["flow", "--format", "csv"])]
)
def test_robvis_and_prisma_are_those_of_their_own_commands(kind: str, same: list[str]) -> None:
    result, other = run("export", kind, "--review", str(DATA)), run(*same, "--review", str(DATA))
    assert result.exit_code == other.exit_code == 0
    assert result.stdout == other.stdout != ""


def test_reproduce_takes_what_pool_takes(tmp_path: Path) -> None:
    typed = run("export", "reproduce", "6/6", "9/9", "--against", "49/107")
    assert typed.exit_code == 0, typed.output
    assert "metafor" in typed.stdout or "binom.test" in typed.stdout
    target = tmp_path / "again.R"
    assert run("export", "reproduce", "--review", str(DATA), "--output", str(target)).exit_code == 0
    assert "c(" in target.read_text(encoding="utf-8")
    assert target.read_text(encoding="utf-8") == evidence.export(evidence.load(DATA), "reproduce").text
    assert run("export", "reproduce", "--against", "1/2").exit_code == 2
