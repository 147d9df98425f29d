"""evidence init: a review of any disease, which validates from its first moment."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import evidence
from evidence.cli import changing, main
from evidence.cli import init as init_module
from evidence.errors import OptionError
from evidence.review import starting
from evidence.review.schema import TABLES
from evidence.review.starting import Start, key_of, start, toml
from evidence.review.tables import load

SHIPPED = Path(evidence.__file__).parent.parent / "data"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVIDENCE_REVIEW", raising=False)


def run(*args, **settings):
    return CliRunner().invoke(main, [str(arg) for arg in args], **settings)


# ---- from nothing --------------------------------------------------------------------------------

SCRIPT = """\
evidence init prurigo --title "Dupilumab for prurigo nodularis" --outcome "IGA 0/1" --weeks 12-26
evidence add report --review prurigo --from reports.csv --yes
evidence add outcome --review prurigo --study lin2024 --outcome iga_0_1 --weeks 16 --events 5 --n 9 --state unverified --yes
evidence add outcome --review prurigo --study rossi2025 --outcome iga_0_1 --weeks 24 --events 7 --n 11 --state unverified --yes
evidence add outcome --review prurigo --study ortiz2026 --outcome iga_0_1 --weeks 12 --events 3 --n 8 --state unverified --yes
evidence check --review prurigo
evidence pool --review prurigo
"""


def test_from_nothing_to_a_pool_in_under_ten_commands():
    reports = ["study,authors,year,design,state", "lin2024,Lin A,2024,case series,unverified"]
    reports += ["rossi2025,Rossi B,2025,cohort,unverified", "ortiz2026,Ortiz C,2026,case series,unverified"]
    Path("reports.csv").write_text("\n".join(reports) + "\n")
    steps = SCRIPT.splitlines()
    assert len(steps) < 10
    for step in steps:
        done = run(*shlex.split(step)[1:])
        assert done.exit_code == 0, (step, done.output)
    pooled = evidence.pool(load("prurigo"))
    expected = evidence.pool_counts([5, 7, 3], [9, 11, 8])
    assert [(s.label, s.events, s.n) for s in pooled.studies] == [
        ("Lin 2024", 5, 9),
        ("Rossi 2025", 7, 11),
        ("Ortiz 2026", 3, 8),
    ]
    assert tuple(pooled.proportion) == pytest.approx(tuple(expected.proportion), abs=1e-12)
    assert "15 of 28 patients" in done.stdout


def test_a_new_review_holds_what_was_said_and_no_row():
    done = run(
        "init", "new", "--title", "Über \"x\" \\ y", "--outcome", "PASI-75", "--definition", "75 % less", "--better", "lower",
        "--scale", "PASI", "--weeks", "8-26", "--design", "registry", "--ours", "wir",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    review = load("new")
    (outcome,), spec = review.outcomes.values(), review.analyses["primary"]
    assert review.title == 'Über "x" \\ y'
    assert (outcome.key, outcome.label, outcome.definition) == ("pasi_75", "PASI-75", "75 % less")
    assert (outcome.better, outcome.scale) == ("lower", "PASI")
    assert (spec.weeks, spec.designs, spec.ours) == ((8.0, 26.0), ("registry",), "wir")
    assert [(s.study, s.label, s.design, s.state) for s in review.studies.values()] == [
        ("wir", "Ours", "case series", "unverified")
    ]
    assert review.rows == ()
    assert run("check", "--review", "new").exit_code == 0


def test_yes_takes_the_defaults_and_asks_nothing():
    done = run("init", "alopecia-areata", "--yes")
    assert done.exit_code == 0
    assert load("alopecia-areata").title == "Alopecia areata"
    assert list(load("alopecia-areata").outcomes) == ["response"]


def test_a_person_is_asked(monkeypatch):
    monkeypatch.setattr(init_module, "at_a_terminal", lambda: True)
    done = run(
        "init",
        "asked",
        "--outcome",
        "Cure",
        input="Drug for disease\nall lesions gone\nlower\n\n8-26\nours\n",
    )
    assert done.exit_code == 0, done.output
    assert "What is counted" not in done.stderr
    review = load("asked")
    assert review.title == "Drug for disease"
    assert review.outcomes["cure"].better == "lower"
    assert (review.analyses["primary"].weeks, review.analyses["primary"].ours) == ((8.0, 26.0), "ours")


def test_the_commands_it_goes_on_with_are_ones_that_exist():
    done = run("init", "a b", "--yes")
    steps = re.findall(r"^  (.*)$", done.stdout, re.MULTILINE)
    assert steps[0] == "cd 'a b'"
    for step in steps[1:]:
        assert shlex.split(step)[0] == "evidence"
        assert run(*shlex.split(step)[1:], "--help").exit_code == 0


# ---- the files -----------------------------------------------------------------------------------


def test_every_line_that_is_not_in_use_is_one_that_could_be(tmp_path):
    """The remarks in review.toml are part of the explanation: with the mark taken away they are valid."""
    text = toml(Start("Title", "Cure"))
    used = re.sub(r"^# (?=[a-z_]+ = |\[)", "", text, flags=re.MULTILINE).replace('"key"', '"s"')
    assert used != text
    document = tomllib.loads(used)
    assert {"columns", "searches"} <= set(document)
    assert document["analyses"]["primary"]["reference"]["study"] == "s"
    start(tmp_path / "r", Start("Title", "Cure"))
    (tmp_path / "r" / "review.toml").write_text(used)
    reports = (tmp_path / "r" / "studies.csv").read_text().splitlines()[0].split(",")
    row = {"study": "s", "design": "cohort", "state": "unverified"}
    with (tmp_path / "r" / "studies.csv").open("a") as file:
        file.write(",".join(row.get(name, "") for name in reports) + "\n")
    assert load(tmp_path / "r").analyses["primary"].ours == "s"


@given(
    text=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20),
    weeks=st.none() | st.tuples(st.integers(0, 9), st.integers(9, 99)),
    ours=st.sampled_from(["", "us"]),
)
def test_whatever_is_asked_about_makes_a_review_that_validates(tmp_path_factory, text, weeks, ours):
    folder = tmp_path_factory.mktemp("r") / "new"
    about = Start(text, f"A{text}", text, "higher", text, weeks, ours=ours)
    review = start(folder, about)
    assert review.title == text
    assert review.outcomes[about.key].label == f"A{text}"
    assert review.analyses["primary"].weeks == weeks


def test_the_readme_explains_every_column():
    start("new", Start("A_b *c*", "Cure"))
    text = Path("new/README.md").read_text()
    assert text.startswith("# A\\_b \\*c\\*\n")
    for table in TABLES.values():
        assert f"### {table.file}" in text
        for column in table.columns:
            assert f"`{column.name}`" in text


def test_keys_are_made_of_labels():
    assert key_of("IGA 0/1") == "iga_0_1"
    assert key_of("Réponse complète") == "reponse_complete"
    with pytest.raises(OptionError):
        key_of("???")


# ---- what is there already -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["notes.txt", "review.toml"])
def test_a_folder_with_anything_in_it_is_refused_and_left_alone(name):
    Path("full").mkdir()
    Path("full", name).write_text("mine")
    done = run("init", "full", "--yes")
    assert done.exit_code == 2
    assert name in done.stderr
    assert [path.name for path in Path("full").iterdir()] == [name]
    assert Path("full", name).read_text() == "mine"


def test_an_empty_folder_and_a_new_repository_are_used():
    Path("empty").mkdir()
    Path("repository/.git").mkdir(parents=True)
    for name in ("empty", "repository", "a/b/deep"):
        assert run("init", name, "--yes").exit_code == 0
        assert load(name).rows == ()
    assert Path("repository/.git").is_dir()


def test_a_file_in_the_way_is_said():
    Path("file").write_text("mine")
    done = run("init", "file", "--yes")
    assert done.exit_code == 2
    assert Path("file").read_text() == "mine"


def test_what_fails_leaves_nothing(monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(starting.os, "rename", full)
    done = run("init", "new", "--yes")
    assert done.exit_code == 2
    assert "No space left" in done.stderr
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "args",
    [
        ("--better", "best"),
        ("--design", "series"),
        ("--ours", "a b"),
        ("--outcome", "?"),
        ("--title", "a\x1bb"),
    ],
)
def test_what_could_not_be_written_as_it_is_meant_is_refused(args):
    assert run("init", "new", *args, "--yes").exit_code == 2
    assert not Path("new").exists()


# ---- the example ---------------------------------------------------------------------------------


def test_the_example_is_the_shipped_review_byte_for_byte_and_can_be_changed():
    assert run("init", "copy", "--example").exit_code == 0
    for path in SHIPPED.glob("*.csv"):
        assert (Path("copy") / path.name).read_bytes() == path.read_bytes()
    assert (Path("copy") / "review.toml").read_bytes() == (SHIPPED / "review.toml").read_bytes()
    papers = {path.name for path in (SHIPPED / "papers").glob("*") if path.is_file()}
    assert {path.name for path in Path("copy/papers").glob("*")} == papers
    assert not load("copy").shipped
    done = run("add", "cohort", "--study", "khan2023", "--cohort", "ward", "--review", "copy", "--yes")
    assert done.exit_code == 0, done.output


def test_the_example_takes_no_question():
    assert run("init", "copy", "--example", "--title", "Mine").exit_code == 2
    assert not Path("copy").exists()


def test_nobody_is_asked_where_nobody_is():
    assert not changing.at_a_terminal()
    assert run("init", "quiet").exit_code == 0
