"""evidence cite: the right references, from the best there is, in every form, and what it says about them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import evidence
from evidence.analysis.citing import PRINTED, RECORD, TABLE, cited
from evidence.cli import main
from evidence.errors import NotPossible, OptionError
from evidence.papers.citation import Citation
from evidence.papers.formats import read_references
from evidence.papers.library import Library
from evidence.papers.paper import Paper

ROOT = Path(__file__).resolve().parent.parent

MORAND = """PMID- 31851795
VI  - 382
IP  - 3
DP  - 2020 Jan 16
TI  - Trial of Anifrolumab in Active Systemic Lupus Erythematosus.
PG  - 211-221
LID - 10.1056/NEJMoa1912196 [doi]
FAU - Morand, Eric F
AU  - Morand EF
FAU - Furie, Richard
AU  - Furie R
LA  - eng
PT  - Journal Article
TA  - N Engl J Med
JT  - The New England journal of medicine
AID - 10.1056/NEJMoa1912196 [doi]
SO  - N Engl J Med. 2020 Jan 16;382(3):211-221. doi: 10.1056/NEJMoa1912196.
"""
"""Written by hand from facts, in MEDLINE's form: no record of PubMed."""

KHAN = """PMID- 37378095
VI  - 15
IP  - 5
DP  - 2023 May
TI  - Role of Anifrolumab in Refractory Cutaneous Manifestations.
PG  - e39553
LID - 10.7759/cureus.39553 [doi]
FAU - Khan, Muhammad A
AU  - Khan MA
LA  - eng
PT  - Case Reports
PT  - Retracted Publication
TA  - Cureus
JT  - Cureus
RIN - Cureus. 2024 Jan 1;16(1):r1. PMID: 99000001
SO  - Cureus. 2023 May 27;15(5):e39553. doi: 10.7759/cureus.39553.
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVIDENCE_REVIEW", raising=False)


@pytest.fixture
def review(tmp_path: Path) -> Path:
    """The shipped review in a folder of its own, with two records."""
    folder = tmp_path / "mine"
    shutil.copytree(ROOT / "data", folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    keep(folder, {"31851795": MORAND, "37378095": KHAN})
    return folder


def keep(folder: Path, texts: dict[str, str]) -> None:
    Library(folder / "papers").add(
        texts, fetched=datetime(2026, 1, 1, tzinfo=UTC), address="https://example.org/"
    )


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["cite", *args])


# ---- without records: as printed ------------------------------------------------------------------------


def test_the_letters_references_as_the_letter_prints_them() -> None:
    with (ROOT / "data" / "references.csv").open(encoding="utf-8", newline="") as lines:
        printed = [f"{row['number']}. {row['citation']}" for row in csv.DictReader(lines)]
    result = run()
    assert result.exit_code == 0
    assert result.stdout.splitlines() == printed
    assert "all of 10 as printed" in result.stderr
    assert "evidence fetch" in result.stderr


def test_as_printed_is_never_put_into_another_style() -> None:
    result = run("--style", "apa")
    assert "Khan MA, Khan FH, Khan HB, Saadeh C, Davey N. Role of anifrolumab" in result.stdout
    assert "(2023)" not in result.stdout
    assert "as printed, in whatever style that is" in result.stderr


def test_an_analysis_cites_what_it_pools_and_compares_with() -> None:
    result = run("--analysis", "primary")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split(".")[0] for line in lines] == [str(number) for number in range(1, len(lines) + 1)]
    read = evidence.load(ROOT / "data")
    pooled = evidence.pool(read)
    assert len(lines) == len({row.study for row in pooled.studies})
    assert "2. Chasset F, Jaume L" in result.stdout
    assert "doi:10.1016/j.ad.2025.05.013. [from the table]" in result.stdout
    assert (
        "put together from studies.csv, and marked so: Viedma-Martínez 2025, Valencia 2025" in result.stderr
    )


@pytest.mark.parametrize(
    ("keys", "begins"),
    [
        (["3"], ["3. Morand EF"]),
        (["9", "3"], ["9. Chasset F", "3. Morand EF"]),
        (["khan2023"], ["2. Khan MA"]),
        (["viedma2025:10"], ["10. Martín-Torregrosa D"]),
        (["31851795"], ["3. Morand EF"]),
        (["viedma2025", "3"], ["1. Viedma-Martínez M", "2. Morand EF"]),
        (["3", "tulip2"], ["3. Morand EF"]),
    ],
)
def test_keys(keys: list[str], begins: list[str]) -> None:
    result = run(*keys)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) == len(begins)
    for line, begin in zip(lines, begins, strict=True):
        assert line.startswith(begin)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["11"], "KEY is '11'; allowed: a report of studies.csv, a number of the reference list, or a PMID"),
        (["99999999"], "KEY is '99999999'"),
        (["khan2033"], "did you mean khan2023?"),
        (["3", "--analysis", "primary"], "leave it out, or the keys"),
        (["--analysis", "primry"], "primary"),
        (["--style", "harvard"], "'harvard' is not one of"),
        (["--format", "word"], "'word' is not one of"),
        (["--review", "nowhere"], "nowhere"),
        (["--output", "no/such/folder/x.ris"], "cannot write no/such/folder/x.ris"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(args: list[str], said: str) -> None:
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert result.stdout == ""


# ---- with records ------------------------------------------------------------------------------------------


def test_a_record_is_cited_in_the_style_asked_for(review: Path) -> None:
    result = run("--review", str(review), "3")
    assert result.stdout == (
        "3. Morand EF, Furie R. Trial of Anifrolumab in Active Systemic Lupus Erythematosus. N Engl J Med. 2020;382:211–21.\n"
    )
    assert result.stderr == ""
    apa = run("--review", str(review), "3", "--style", "apa").stdout
    assert apa.startswith("Morand, E. F., & Furie, R. (2020). Trial of Anifrolumab")
    assert (
        "The New England Journal of Medicine, 382(3), 211–221. https://doi.org/10.1056/NEJMoa1912196" in apa
    )


def test_each_reference_comes_from_the_best_there_is(review: Path) -> None:
    read = evidence.load(review)
    found = {entry.number: entry for entry in cited(read).entries}
    assert {number: entry.origin for number, entry in found.items()} == {
        number: RECORD if number in (2, 3) else PRINTED for number in range(1, 11)
    }
    (own,) = cited(read, ["viedma2025"]).entries
    assert own.origin == TABLE
    assert isinstance(own.item, Citation)
    assert own.item.text.endswith("[from the table]")
    assert (own.item.title, own.item.journal, own.item.year) == (
        (
            "Real-World Experience with Anifrolumab in Cutaneous Lupus Erythematosus: Data from a Spanish Tertiary "
            "Referral Center"
        ),
        "Actas Dermosifiliogr",
        2025,
    )


def test_a_journal_with_its_numbers_in_one_cell_is_read_apart(review: Path) -> None:
    (entry,) = cited(evidence.load(review), ["tulip12"]).entries
    item = entry.item
    assert (item.journal, item.year, item.volume, item.first_page) == ("Ann Rheum Dis", 2022, "81", "951")
    assert item.doi == "10.1136/annrheumdis-2021-221425"


def test_a_retracted_paper_is_loud_and_marked_in_every_format(review: Path) -> None:
    for name in ("text", "markdown", "ris", "bibtex", "csl-json", "csv"):
        result = run("--review", str(review), "khan2023", "--format", name)
        assert result.exit_code == 0
        shown = re.sub(r"[{}*\\]", "", result.stdout)
        assert "[RETRACTED] Role of Anifrolumab" in shown, name
        assert "retracted: Khan 2023 (Cureus. 2024 Jan 1;16(1):r1. PMID: 99000001)" in result.stderr
    assert (
        "PT  - Retracted Publication" in run("--review", str(review), "khan2023", "--format", "nbib").stdout
    )


def test_a_pmid_that_only_the_library_has(review: Path) -> None:
    keep(review, {"99000005": MORAND.replace("31851795", "99000005")})
    result = run("--review", str(review), "99000005")
    assert result.stdout.startswith("1. Morand EF, Furie R.")


def test_a_record_that_was_changed_by_hand_is_not_cited(review: Path) -> None:
    path = review / "papers" / "31851795.nbib"
    path.write_text(MORAND.replace("2020 Jan 16", "2021"), encoding="utf-8")
    result = run("--review", str(review), "3")
    assert "Morand EF, Furie R, Tanaka Y" in result.stdout
    assert "31851795.nbib is not what was fetched" in result.stderr


def test_the_shipped_review_carries_no_record_that_was_not_fetched() -> None:
    """Until PubMed has been asked, none."""
    for path in (ROOT / "data").rglob("*.nbib"):
        text = path.read_text(encoding="utf-8")
        assert "PMID- 99" not in text
        assert hashlib.sha256(text.encode()).hexdigest() in (path.parent / "index.csv").read_text(
            encoding="utf-8"
        )


# ---- where it goes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.ris", "TY  - JOUR"), ("a.bib", "@article{kuhn2017,"), ("a.json", "["), ("a.csv", "pmid,doi"),
        ("a.md", "1. Kuhn"), ("a.txt", "1. Kuhn"), ("a", "1. Kuhn"),
    ],
)  # fmt: skip
def test_the_ending_of_the_file_chooses_the_format(name: str, begins: str) -> None:
    result = run("--output", name)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert Path(name).read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize("format", ["ris", "bibtex", "csl-json", "nbib"])
def test_every_reference_is_read_again(review: Path, format: str) -> None:
    written = run("--review", str(review), "--format", format).stdout
    read = read_references(written, format)
    assert len(read) == 10
    assert all(isinstance(paper, Paper) for paper in read)
    assert [paper.first_author_family for paper in read][:3] == ["Kuhn", "Khan", "Morand"]
    assert [paper.year for paper in read] == [2017, 2023, 2020, 2024, 2023, 2023, 2023, 2023, 2023, 2024]


def test_csv_says_what_is_a_record(review: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("--review", str(review), "--format", "csv").stdout)))
    assert [row["origin"] for row in rows].count("record") == 2
    assert rows[1]["retracted"] == "yes"
    assert rows[3]["citation"].startswith("Viedma-Martínez M, Garrido-Gamarro B")


def test_csl_is_json(review: Path) -> None:
    items = json.loads(run("--review", str(review), "--format", "csl-json").stdout)
    assert items[2]["PMID"] == "31851795"
    assert items[2]["issued"] == {"date-parts": [[2020, 1, 16]]}
    assert items[0]["note"].startswith("As printed: Kuhn A")


def test_a_terminal_without_unicode_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner(charset="ascii").invoke(main, ["cite", "4"])
    assert result.exit_code == 0
    assert result.stdout.isascii()
    assert "Viedma-Martinez" in result.stdout
    assert "e576-83" in result.stdout


# ---- other reviews -----------------------------------------------------------------------------------------------


def small(folder: Path, references: str = "", studies: str = "") -> Path:
    folder.mkdir()
    (folder / "review.toml").write_text(
        'format = 1\ntitle = "x"\n[outcomes.a]\nlabel = "A"\n', encoding="utf-8"
    )
    head = "study,authors,year,title,journal,design,state\n"
    (folder / "studies.csv").write_text(head + studies, encoding="utf-8")
    (folder / "outcomes.csv").write_text("study,outcome,weeks,events,n,state\n", encoding="utf-8")
    if references:
        (folder / "references.csv").write_text(
            "cited_by,number,citation,pmid\n" + references, encoding="utf-8"
        )
    return folder


TWO = (
    'one,A B,2020,First,Lancet,cohort,unverified\ntwo,"C D, E F, et al.",2021,Second?,BMJ,cohort,unverified\n'
)


def test_several_reference_lists_are_printed_apart(tmp_path: Path) -> None:
    folder = small(
        tmp_path / "r",
        "one,1,X A. T. BMJ. 2020;1:2.,\none,2,Y B. T. BMJ. 2020;1:3.,\ntwo,1,X A. T. BMJ. 2020;1:2.,\n",
        TWO,
    )
    result = run("--review", str(folder))
    assert (
        result.stdout
        == "A 2020\n\n1. X A. T. BMJ. 2020;1:2.\n2. Y B. T. BMJ. 2020;1:3.\n\nC 2021\n\n1. X A. T. BMJ. 2020;1:2.\n"
    )
    assert run("--review", str(folder), "--format", "markdown").stdout.startswith("## A 2020\n\n1. X A.")
    with pytest.raises(OptionError, match="one of the lists' own: one:1, two:1"):
        cited(evidence.load(folder), ["1"])


def test_a_review_without_a_reference_list_cites_its_reports(tmp_path: Path) -> None:
    folder = small(tmp_path / "r", studies=TWO)
    result = run("--review", str(folder))
    assert result.stdout == (
        "1. A B. First. Lancet. 2020. [from the table]\n2. C D, E F, et al. Second? BMJ. 2021. [from the table]\n"
    )
    item = cited(evidence.load(folder)).entries[1].item
    assert isinstance(item, Citation)
    assert (item.authors, item.et_al) == (("C D", "E F"), True)


def test_nothing_to_cite(tmp_path: Path) -> None:
    folder = small(tmp_path / "r")
    with pytest.raises(NotPossible, match="nothing to cite"):
        cited(evidence.load(folder))
    assert run("--review", str(folder)).exit_code == 1


def test_hostile_references_obey_nothing(tmp_path: Path) -> None:
    folder = small(tmp_path / "r", "one,1,X\x1b[31m A. \u202eT\x07. BMJ. 2020;1:2.,\n", TWO)
    for name in ("text", "markdown", "ris", "bibtex", "csl-json", "nbib", "csv"):
        out = run("--review", str(folder), "--format", name).output
        assert all(c.isprintable() or c == "\n" for c in out), name


def test_help_imports_nothing_of_weight() -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfrom evidence.cli import main\ntry: main(['cite', '--help'])\nexcept SystemExit: pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert not loaded & {"evidence.papers.citation", "evidence.review.tables", "Bio", "bibtexparser", "numpy"}
    code = code.replace("'--help'", "'1'")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stderr.split()) & {"Bio", "bibtexparser", "pylatexenc", "requests", "numpy", "pandas"}
