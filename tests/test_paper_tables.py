"""evidence table: the numbers of the other formats, certainty read and never computed, and harmless in every format."""

from __future__ import annotations

import csv
import io
import re
import string
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import evidence
from evidence import report
from evidence.cli import main
from evidence.cli import table as command
from evidence.errors import NotPossible, OptionError
from evidence.report.compared.words import cells_of
from evidence.report.numbers import percent, points, span
from evidence.report.parts import Said, Table
from evidence.report.pooled.export import to_dict
from evidence.report.pooled.rows import decimals, rows
from evidence.report.tables import making
from evidence.report.tables.export import render_docx
from evidence.report.tables.paper import PaperTable, letters
from evidence.report.tables.saying import Saying
from evidence.report.tables.texts import OWN, TEXTS
from evidence.review.quality import CERTAINTY
from evidence.review.selection import list_outcomes
from evidence.review.tables import load

from .made_analyses import all_responded
from .made_reviews import REFERENCE
from .made_reviews import review as made_review
from .test_report import read

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ("text", "markdown", "html", "latex", "csv")
TRIAL = {"trial": "design=trial year=2019"}


@pytest.fixture(scope="module")
def shipped() -> evidence.Review:
    return evidence.load(ROOT / "data")


@pytest.fixture(scope="module")
def compared(shipped: evidence.Review) -> PaperTable:
    return evidence.table("comparison", shipped)


@pytest.fixture(scope="module")
def found(shipped: evidence.Review) -> PaperTable:
    return evidence.table("findings", shipped)


def lines_of(table: Table) -> dict[str, dict[str, str]]:
    """Of each row, by its name: head -> text."""
    return {
        row[0].text: {head.text: cell.text for head, cell in zip(table.head, row, strict=True)}
        for row in table.rows
    }


def lines(table: PaperTable) -> dict[str, dict[str, str]]:
    (only,) = table.tables
    return lines_of(only)


def notes(table: PaperTable) -> str:
    return "\n".join(note.text for note in table.notes)


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["table", *args])


# ---- the numbers are those of the other formats --------------------------------------------------


def test_a_comparison_has_every_line_of_the_pool_with_its_printed_numbers(
    shipped: evidence.Review, compared: PaperTable
) -> None:
    made = evidence.pool(shipped)
    digits = decimals(made)
    references = [
        row for row in rows(made) if row.kind == "reference" and row.study and row.study.arm != "placebo"
    ]
    assert [table.caption for table in compared.tables] == [f"Against {row.name}" for row in references]
    for table, reference in zip(compared.tables, references, strict=True):
        told = lines_of(table)
        for line in rows(made):
            if (
                line.value is None
                or line.kind == "prediction"
                or (line.kind == "reference" and line is not reference)
            ):
                continue
            cells = told[line.name]
            assert cells["Events/n"] == line.counts
            assert (
                cells["% (95 % CI)"] == f"{percent(line.value.estimate, digits)} ({span(line.value, digits)})"
            )
        assert told[reference.name]["Points (95 % CI)"] == "reference"


def test_differences_ratios_and_p_are_those_evidence_compare_prints(
    shipped: evidence.Review, compared: PaperTable
) -> None:
    for cohort, name in (
        ("ours", "Ours"),
        ("chasset2023", "Chasset 2023 ◦"),
        ("valencia2025", "Valencia 2025 ᴿ"),
    ):
        result = evidence.compare(shipped, cohort=cohort)
        printed = {one.against: cells_of(result, one) for one in result.comparisons}
        for table, against in zip(
            compared.tables, ("TULIP-1+2, week 12", "TULIP-1+2, week 52", "TULIP-2, week 12"), strict=True
        ):
            cells = lines_of(table)[name]
            assert (cells["Points (95 % CI)"], cells["Fisher p"], cells["Ratio (95 % CI)"]) == printed[
                against
            ][:3]
    pooled = evidence.compare(shipped, cohort="all")
    assert (
        lines_of(compared.tables[0])["All series, Bayes, average"]["Points (95 % CI)"]
        == (cells_of(pooled, pooled.leading)[0])
    )


def test_what_differs_and_the_limitations_stand_beneath(
    shipped: evidence.Review, compared: PaperTable, tmp_path: Path
) -> None:
    ours = lines_of(compared.tables[0])["Ours"]
    assert ours["What differs"] == "; ".join(evidence.pool(shipped).comparisons[0].differs_in)
    assert "placebo, week 12: 24/94, 25.5 % (17.1 to 35.6): a control arm" in notes(compared)
    rows_ = ["ours 6/6 missing_data=completers", "one 9/10", "trial 4/19"]
    made = made_review(tmp_path, rows_, toml=REFERENCE, studies=TRIAL)
    told = evidence.write("limitations", evidence.pool(made), sensitivity=evidence.sensitivity(made))
    assert len(told.sentences) > 3
    assert set(told.sentences) <= {note.text for note in evidence.table("comparison", made).notes}


def test_limitations_of_one_of_several_comparisons_say_of_which(
    shipped: evidence.Review, compared: PaperTable, tmp_path: Path
) -> None:
    said = [note.text for note in compared.notes]
    place = said.index("Limitations, of the comparison with TULIP-1+2, week 12:")
    told = evidence.write("limitations", evidence.pool(shipped), sensitivity=evidence.sensitivity(shipped))
    assert tuple(said[place + 1 :]) == told.sentences
    spanish = notes(evidence.table("comparison", shipped, lang="es"))
    assert "Limitaciones, de la comparación con TULIP-1+2, semana 12:" in spanish
    rows_ = ["ours 6/6", "one 9/10", "trial 4/19"]
    alone = evidence.table("comparison", made_review(tmp_path, rows_, toml=REFERENCE, studies=TRIAL))
    assert "Limitations, of" not in notes(alone)


def test_no_p_value_is_given_for_a_pool(compared: PaperTable) -> None:
    for table in compared.tables:
        told = lines_of(table)
        assert {
            cells["Fisher p"] for name, cells in told.items() if "series" in name or "others" in name
        } == {""}
        assert told["Ours"]["Fisher p"]
    assert "No p value of pools" in notes(compared)


def test_findings_have_the_counts_of_outcomes_and_the_numbers_of_json(
    shipped: evidence.Review, found: PaperTable
) -> None:
    told = lines(found)
    listed = {one.label: one for one in list_outcomes(shipped) if one.k}
    assert set(told) == set(listed)
    declared = [shipped.outcomes[spec.outcome].label for spec in shipped.analyses.values()]
    assert list(told)[: len(declared)] == declared
    for label, one in listed.items():
        cells = told[label]
        assert cells["Events/n (series)"] == f"{one.events}/{one.n} ({one.k})"
        assert ("No analysis of this outcome" in cells["Comments"]) == (label not in declared)
    for name, spec in shipped.analyses.items():
        result = evidence.pool(shipped, analysis=name)
        whole, digits = to_dict(result)["pooled"][0], decimals(result)
        cells = told[shipped.outcomes[spec.outcome].label]
        value = result.studies[0].proportion if whole["k"] == 1 else result.average or result.proportion
        assert cells["Rate (95 % CI)"] == f"{percent(value.estimate, digits)} ({span(value, digits)})"
        gaps = [one for one in result.comparisons if one.ours == ("all" if whole["k"] > 1 else "Ours")]
        if gaps:
            gap = gaps[0].comparison.difference
            assert cells["Difference (95 % CI)"] == (
                f"{points(gap.estimate, digits, sign=True)} ({points(gap.low, digits)} to {points(gap.high, digits)})"
            )
        elif spec.reference is None:
            assert cells["Difference (95 % CI)"] == cells["Its rate"] == ""
            assert "There was no group to compare with." in cells["Comments"]


def test_one_outcome_can_be_asked_for(shipped: evidence.Review) -> None:
    assert list(lines(evidence.table("findings", shipped, "clasi75"))) == ["CLASI-75"]
    assert list(lines(evidence.table("findings", shipped, analysis="herpes_zoster"))) == ["Herpes zoster"]
    with pytest.raises(NotPossible):
        evidence.table("findings", shipped, "malignancy")


@given(st.decimals(0, 100, places=1) | st.decimals(0, 100, places=3) | st.integers(0, 100))
def test_per_1000_moves_the_point_and_no_digit(number: Any) -> None:
    text = f"−{number} ({number} to >{number})"
    moved = Saying("en", 1000).scaled(text)
    assert [float(part) for part in re.findall(r"[\d.]+", moved)] == [pytest.approx(float(number) * 10)] * 3
    assert re.sub(r"[\d.]+", "x", moved) == re.sub(r"[\d.]+", "x", text)
    assert Saying("en").scaled(text) == text


def test_findings_per_1000(shipped: evidence.Review, found: PaperTable) -> None:
    told = lines(evidence.table("findings", shipped, per=1000, analysis="primary"))["CLASI-50"]
    hundred = lines(found)["CLASI-50"]
    assert hundred["Its rate"] == "45.8"
    assert told["Its rate"] == "458"
    assert told["Difference (95 % CI)"] == hundred["Difference (95 % CI)"].replace(".", "")
    assert told["Events/n (series)"] == hundred["Events/n (series)"]
    with pytest.raises(OptionError):
        evidence.table("findings", shipped, per=10)
    with pytest.raises(OptionError):
        evidence.table("comparison", shipped, per=1000)


# ---- certainty is read ---------------------------------------------------------------------------

STEPS = """\
outcome,question,item,judgement,reason,by,date,note
cure,event rate,start,low,no control group,A. Reader,2026-01-02,
cure,event rate,risk of bias,down 1,series of unclear inclusion,A. Reader,2026-01-02,
cure,event rate,inconsistency,no change,alike,A. Reader,2026-01-02,
cure,event rate,overall,very low,the steps above,A. Reader,2026-01-02,
cure,naive contrast,start,low,no randomisation,B. Other,2026-01-02,
"""


def test_certainty_is_what_people_judged_with_their_reasons(tmp_path: Path) -> None:
    made_review(
        tmp_path, ["ours 6/6", "one 9/10", "trial 4/9", "one 2/9 outcome=rash"], toml=REFERENCE, studies=TRIAL
    )
    (tmp_path / CERTAINTY).write_text(STEPS, encoding="utf-8")
    table = evidence.table("findings", load(tmp_path))
    told = lines(table)
    assert told["Cure"]["Certainty"] == "event rate: very low (a); naive contrast: not concluded (b)"
    assert told["Any rash"]["Certainty"] == "not judged"
    first, second = (note.text for note in table.notes if note.text.startswith("("))
    assert first.startswith(
        "(a) Cure, event rate: start: low, no control group; risk of bias: down 1, series of unclear"
    )
    assert "alike" not in first
    assert "Judged by A. Reader." in first
    assert "Not said: indirectness, imprecision, publication bias." in first
    assert "B. Other" in second
    assert "overall" in second
    spanish = lines(evidence.table("findings", load(tmp_path), lang="es"))["Cure"]["Certeza"]
    assert spanish == "proporción de casos: muy baja (a); contraste no aleatorizado: sin concluir (b)"


def test_without_judgements_nothing_is_judged(found: PaperTable) -> None:
    assert {cells["Certainty"] for cells in lines(found).values()} == {"not judged"}


def test_marks_of_notes_go_on_after_z() -> None:
    marks = letters()
    made = [next(marks) for _ in range(54)]
    assert made[:26] == list(string.ascii_lowercase)
    assert made[26:28] == ["aa", "ab"]
    assert made[51:] == ["az", "ba", "bb"]


# ---- what cannot be told, and why ----------------------------------------------------------------


def test_a_reference_nobody_checked_gives_no_difference_in_findings(tmp_path: Path) -> None:
    rows_ = ["ours 6/6", "one 9/10", "trial 4/9 state=unverified"]
    made = made_review(tmp_path, rows_, toml=REFERENCE, studies=TRIAL)
    cells = lines(evidence.table("findings", made))["Cure"]
    assert "Difference (95 % CI)" not in cells
    assert "not yet been checked against its paper" in cells["Comments"]
    shown = evidence.table("comparison", made)
    assert "†" in shown.tables[0].caption
    assert "† not yet checked against the paper" in notes(shown)


def test_pooled_counts_nobody_checked_are_named(tmp_path: Path) -> None:
    made = made_review(tmp_path, ["ours 6/6", "one 9/10 state=unverified"])
    comments = lines(evidence.table("findings", made))["Cure"]["Comments"]
    assert "Of the 2 counts, 1 (ONE) had not yet been checked against the paper." in comments


def test_a_control_arm_is_no_reference(tmp_path: Path) -> None:
    toml = REFERENCE.replace('arm = "drug"', 'arm = "placebo"')
    made = made_review(tmp_path, ["ours 6/6", "one 9/10", "trial 4/9 arm=placebo"], toml=toml, studies=TRIAL)
    table = evidence.table("comparison", made)
    assert "Points (95 % CI)" not in lines(table)["Ours"]
    assert "4/9, 44.4 % (13.7 to 78.8): a control arm of another study" in notes(table)
    assert "control arm" in lines(evidence.table("findings", made))["Cure"]["Comments"]


def test_a_review_that_names_no_reference_has_nothing_to_compare(tmp_path: Path) -> None:
    made = made_review(tmp_path, ["ours 6/6", "one 9/10"])
    with pytest.raises(NotPossible, match="nothing to compare with"):
        evidence.table("comparison", made)


def test_one_series_is_itself(tmp_path: Path) -> None:
    made = made_review(tmp_path, ["one 9/10", "trial 4/9"], toml=REFERENCE, studies=TRIAL)
    (table,) = evidence.table("comparison", made).tables
    assert [row[0].text for row in table.rows] == ["TRIAL, week 12", "ONE"]
    (cells,) = lines(evidence.table("findings", made)).values()
    assert "One series" in cells["Comments"]
    assert cells["Difference (95 % CI)"] == lines_of(table)["ONE"]["Points (95 % CI)"]


def test_an_empty_review_says_so_and_a_declared_analysis_why(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    made = made_review(empty, [], studies={"one": ""})
    for kind in making.KINDS:
        with pytest.raises(NotPossible):
            evidence.table(kind, made)
    full = tmp_path / "full"
    full.mkdir()
    table = evidence.table("findings", made_review(full, ["one 3/9 outcome=rash"]))
    told = lines(table)
    assert told["Cure"]["Events/n (series)"] == ""
    assert "Not possible" in told["Cure"]["Comments"]
    assert told["Any rash"]["Events/n (series)"] == "3/9 (1)"
    assert "without a series to pool: 1 " in notes(table)


def test_a_retracted_paper_is_said_to_be() -> None:
    warned = replace(all_responded(), warnings=("WARNING: retracted: Chasset 2023",))
    for kind in making.KINDS:
        table = evidence.table(kind, warned)
        assert "WARNING: retracted: Chasset 2023" in str(table).replace("\n", " ").replace("  ", " "), kind


# ---- characteristics -----------------------------------------------------------------------------


def test_characteristics_have_a_row_a_report_and_only_columns_with_something(
    shipped: evidence.Review,
) -> None:
    table = evidence.table("characteristics", shipped)
    made = evidence.pool(shipped)
    told = lines(table)
    assert len(told) == len({row.study for row in made.studies})
    for head in next(iter(told.values())):
        assert any(cells[head] for cells in told.values()), head
    trial = told["TULIP-1+2 (tulip12)"]
    assert trial["n"] == "anifrolumab 300 mg: 107; placebo: 94"
    assert trial["Arm"] == "anifrolumab 300 mg; placebo"
    assert (trial["Role"], told["Viedma-Martínez 2025"]["Role"]) == ("compared with", "ours")
    assert told["Viedma-Martínez 2025"]["Missing data"] == "not stated"
    assert told["Chasset 2023 ◦"]["State"] == "read from a secondary source"
    assert told["TULIP-2 †"]["State"].startswith("not yet checked against the paper; count recalled")
    assert f"--excluded: {len(made.excluded)}." in notes(table)


def test_more_treated_than_counted_is_said_of_a_series(tmp_path: Path) -> None:
    made_review(tmp_path, ["ours 6/6"])
    path = tmp_path / "studies.csv"
    head, line, *rest = path.read_text().splitlines()
    path.write_text("\n".join([f"{head},treated", f"{line},8", *rest]) + "\n")
    (cells,) = lines(evidence.table("characteristics", load(tmp_path))).values()
    assert cells["n"] == "6 (of 8 treated)"


def test_counts_alone_have_little_to_tell() -> None:
    made = evidence.pool_rows(evidence_counts("Ours=6/6", "9/9"), against=evidence_counts("49/107")[0])
    assert set(lines(evidence.table("characteristics", made))["Ours"]) == {"Study", "Role", "n"}
    (table,) = evidence.table("comparison", made).tables
    assert lines_of(table)["Ours"]["Points (95 % CI)"] == cells_of(made, made.comparisons[0])[0]
    (cells,) = lines(evidence.table("findings", made)).values()
    assert cells["Events/n (series)"] == "15/15 (2)"
    assert "unless patients were randomised between them" in cells["Comments"]


def evidence_counts(*texts: str) -> list[Any]:
    from evidence.cli.counts import typed

    return [typed(text, f"Series {number}", number) for number, text in enumerate(texts, 1)]


def test_a_result_was_made_with_its_own_options() -> None:
    made = all_responded()
    for option in ({"weeks": 12}, {"where": "n > 3"}, {"level": 0.9}, {"exclude_retracted": True}):
        with pytest.raises(OptionError, match="own options"):
            evidence.table("comparison", made, **option)
    for wrong in ({"kind": "forest"}, {"lang": "fr"}):
        with pytest.raises(OptionError):
            evidence.table(**{"kind": "comparison", "source": made, **wrong})
    with pytest.raises(OptionError, match="a review, or what pool"):
        evidence.table("comparison", "data")  # type: ignore[arg-type]


# ---- languages -----------------------------------------------------------------------------------


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    assert OWN["en"].keys() == OWN["es"].keys()

    def values(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for key, english in TEXTS["en"].items():
        assert values(english) == values(TEXTS["es"][key]), key


@pytest.mark.parametrize("kind", ["characteristics", "findings"])
def test_spanish_tables_have_the_same_numbers(kind: str, shipped: evidence.Review) -> None:
    english, spanish = (evidence.table(kind, shipped, lang=lang) for lang in ("en", "es"))
    for one, other in zip(english.tables, spanish.tables, strict=True):
        for row, fila in zip(one.rows, other.rows, strict=True):
            for place in one.numeric:
                assert re.findall(r"\d+", row[place].text) == re.findall(r"\d+", fila[place].text)
    assert not re.search(
        r"\d\.\d", " ".join(cell.text for row in spanish.tables[0].rows for cell in row[3:6])
    )


def test_a_comparison_in_spanish() -> None:
    table = evidence.table("comparison", all_responded(), lang="es")
    told = lines_of(table.tables[0])
    assert told["Nuestra serie"]["Puntos (IC del 95 %)"] == "+54,2 (14,1 a 63,3)"
    assert table.tables[0].caption == "Frente a TULIP-1+2, semana 12"
    assert "† aún no comprobado con el artículo" in notes(table)
    assert "ᴿ según RCLASI-A" in notes(table)
    say = Saying("es")
    assert (
        say.differing("time: week 16 against week 12")
        == "el momento de la evaluación: semana 16 frente a semana 12"
    )
    assert say.differing("A and B: missing data: not stated against counted") == (
        "A and B: el tratamiento de los datos ausentes: no consta frente a counted"
    )
    assert say.differing("a remark") == "a remark"


# ---- formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", making.KINDS)
@pytest.mark.parametrize("lang", ["en", "es"])
def test_no_line_of_text_is_longer_than_the_screen(kind: str, lang: str) -> None:
    table = evidence.table(kind, all_responded(), lang=lang)
    for width in (80, 120):
        assert max(map(len, report.render(table, width=width).splitlines())) <= width
    assert report.render(table, unicode=False).isascii()
    assert str(table) == report.render(table).rstrip("\n")


def test_every_format_holds_every_cell_and_note(compared: PaperTable) -> None:
    wanted = [
        cell.text for table in compared.tables for row in table.rows for cell in row if len(cell.text) < 26
    ]
    wanted += [head.text for table in compared.tables for head in table.head]
    flat = {name: report.render(compared, name) for name in FORMATS}
    plain = {
        "text": flat["text"],
        "html": read(flat["html"]).text,
        "markdown": re.sub(r"\\(.)", r"\1", flat["markdown"]).replace("&gt;", ">").replace("&lt;", "<"),
        "csv": re.sub(r"\b(\d+) of (\d+)\b", r"\1/\2", flat["csv"]),
    }
    for name, text in plain.items():
        for one in wanted:
            assert one in text, (name, one)
    for note in compared.notes:
        assert " ".join(note.text.split()) in " ".join(plain["html"].split())
        assert " ".join(note.text.split()) in " ".join(flat["text"].split())


def test_the_page_is_accessible_and_fetches_nothing(found: PaperTable) -> None:
    html = report.render(found, "html")
    tree = read(html)
    assert html.startswith("<!DOCTYPE html>")
    assert tree.one("html").attributes["lang"] == "en"
    assert tree.one("title").text == tree.one("h1").text == found.title.text
    assert [table.one("caption").text for table in tree.all("table")] == [one.caption for one in found.tables]
    assert all(cell.attributes["scope"] == "col" for cell in tree.one("thead").all("th"))
    assert all(row.one("th").attributes["scope"] == "row" for row in tree.one("tbody").all("tr"))
    assert not tree.all("script", "img", "link", "iframe", "form")
    policy = tree.all("meta")[1].attributes["content"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "<html" not in found._repr_html_()
    assert "<h1>" in found._repr_html_()


def test_latex_rows_have_a_cell_a_column_and_columns_fill_the_line(
    found: PaperTable, compared: PaperTable
) -> None:
    for table in (found, compared):
        latex = report.render(table, "latex")
        balanced(latex)
        for block in re.findall(r"\\begin\{longtable\}.*?\\end\{longtable\}", latex, flags=re.DOTALL):
            shares = [float(share) for share in re.findall(r"dimexpr ([\d.]+)\\linewidth", block)]
            assert sum(shares) == pytest.approx(1, abs=0.001)
            body = block.partition(r"\endfoot")[2]
            for line in filter(None, body.replace(r"\end{longtable}", "").splitlines()):
                assert len(re.findall(r"(?<!\\)&", line)) == len(shares) - 1
    # both the head of the first page and that of the next
    assert report.render(found, "latex").count("Comments") == 2


def balanced(latex: str) -> None:
    """Braces and environments close, and nothing is left that LaTeX would obey."""
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", latex):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    begun, ended = (sorted(re.findall(rf"\\{word}\{{(\w+)\}}", latex)) for word in ("begin", "end"))
    assert begun == ended


def test_a_csv_has_no_dates(compared: PaperTable) -> None:
    lines_ = list(csv.DictReader(io.StringIO(report.render(compared, "csv"))))
    ours = [line for line in lines_ if line["Group"] == "Ours"]
    assert [line["table"] for line in ours] == [table.caption for table in compared.tables]
    assert {line["Events/n"] for line in ours} == {"6 of 6"}
    assert [line["note"] for line in lines_ if line["kind"] == "note"] == [
        note.text for note in compared.notes
    ]


def test_a_document_for_a_word_processor_holds_the_same_cells(found: PaperTable) -> None:
    text = document_text(render_docx(found))
    for row in found.tables[0].rows:
        for cell in row:
            assert cell.text in text
    assert found.title.text in text
    assert all(note.text in text for note in found.notes)


def document_text(raw: bytes) -> str:
    """The texts of a document, a paragraph a line; fails where it is no well-formed XML."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        tree = ElementTree.fromstring(archive.read("word/document.xml"))
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    paragraphs = ("".join(run.text or "" for run in one.iter(f"{word}t")) for one in tree.iter(f"{word}p"))
    return "\n".join(paragraphs)


# ---- hostile texts -------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)> {{ 7*7 }} {% raw %}',
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\x1b[31mred\x1b[0m \u202egnp.exe\u200b\x00",
    "a | b || [click](javascript:alert(1)) `code` **bold**",
    r"\input{/etc/passwd} \write18{rm} $x^2$ #1 %c & ~ _ ^ } {",
    "\\\\ \\end{longtable} & & \\endgroup",
    "∞ ≥ 5 «µ» Ω 中文 العربية",
    "L" * 5000,
    "word " * 1000,
]


def hostile(text: str) -> Any:
    """A result in which every text that a review could bring is this one."""
    made = all_responded()
    studies = tuple(
        row._replace(
            label=text + str(place),
            arm=text,
            when=text,
            scale=text,
            source=text,
            locator=text,
            subgroup=text,
            notes=(text,),
        )
        for place, row in enumerate(made.studies)
    )
    return replace(
        made,
        title=text,
        outcome_label=text,
        definition=text,
        studies=studies,
        comparisons=(),
        notes=(text,),
        warnings=(text,),
        scales={"R": text},
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", making.KINDS)
def test_hostile_texts_are_harmless_in_every_format(kind: str, text: str) -> None:
    table = evidence.table(kind, hostile(text), lang="es" if len(text) % 2 else "en")
    made = {name: report.render(table, name) for name in FORMATS}
    for name, output in made.items():
        assert {c for c in output if not c.isprintable()} <= {"\n"}, name
        assert len(output) < 400_000, name
    assert max(map(len, made["text"].splitlines())) <= 80
    assert "\x1b" not in report.render(table, color=True).replace("\x1b[1m", "").replace(
        "\x1b[2m", ""
    ).replace("\x1b[0m", "")
    tree = read(made["html"])
    assert {one.tag for one in tree.all()} <= {
        *(
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "h1",
            "h2",
            "div",
            "table",
            "caption",
            "thead",
        ),
        *("tbody", "tr", "th", "td", "ul", "li", "a", "span"),
    }
    assert all(one.attributes["href"].startswith("https://") for one in tree.all("a"))
    assert not [name for one in tree.all() for name in one.attributes if name.startswith("on")]
    for line in csv.reader(io.StringIO(made["csv"])):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line)
    rows_ = [line for line in made["markdown"].splitlines() if line.startswith("|")]
    for block in [rows_] if kind != "comparison" else []:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block}) == 1
    assert "<" not in re.sub(r"\]\(<https?://[^>]*>\)", "", made["markdown"])
    balanced(made["latex"])
    own = r"input|begin|end|write|endgroup|catcode"
    for name in re.findall(rf"\\({own})\b", made["latex"]):
        assert name in ("begin", "end", "endgroup")
    assert made["latex"].count(r"\begin{longtable}") == made["latex"].count(r"\end{longtable}")
    assert len(re.findall(r"\\endgroup\b", made["latex"])) == 1
    assert "<script" not in table._repr_html_()


@pytest.mark.parametrize("text", HOSTILE[:7], ids=range(7))
def test_hostile_texts_are_texts_in_a_document(text: str) -> None:
    table = evidence.table("characteristics", hostile(text))
    assert table.tables[0].rows[0][0].text in document_text(render_docx(table))


@given(st.text(max_size=60))
def test_whatever_a_cell_says_a_row_of_latex_stays_a_row(text: str) -> None:
    cell = Said(Saying("en").own(text).text)
    table = PaperTable("findings", "en", cell, (Table("t", (cell, cell), ((cell, cell),)),), (cell,))
    latex = report.render(table, "latex")
    balanced(latex)
    row = latex.partition("\\endfoot\n")[2].splitlines()[0]
    assert len(re.findall(r"(?<!\\)&", row)) == 1
    assert not re.search(r"(?<!\\)(?:\\\\)*[%#_]", row)


# ---- the command ---------------------------------------------------------------------------------


def test_the_commands_words_are_the_librarys() -> None:
    assert making.KINDS == command.KINDS
    assert tuple(TEXTS) == command.LANGUAGES
    assert tuple(map(str, making.PER)) == command.PER
    assert set(report.FORMATS_OF["PaperTable"]) | {"docx"} == set(command.FORMATS)


def test_the_ending_of_the_file_chooses_the_format(tmp_path: Path, shipped: evidence.Review) -> None:
    table = evidence.table("findings", shipped, analysis="primary")
    for ending, name in (
        (".html", "html"),
        (".htm", "html"),
        (".tex", "latex"),
        (".md", "markdown"),
        (".csv", "csv"),
    ):
        target = tmp_path / f"t{ending}"
        done = run("findings", "--analysis", "primary", "--review", "data", "--output", str(target))
        assert done.exit_code == 0, done.output
        assert target.read_text(encoding="utf-8") == report.render(table, name)
    assert run("findings", "--analysis", "primary", "--review", "data").stdout == report.render(table)
    target = tmp_path / "t.docx"
    assert (
        run("findings", "--analysis", "primary", "--review", "data", "--output", str(target)).exit_code == 0
    )
    assert document_text(target.read_bytes()) == document_text(render_docx(table))


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["forest"], 2, "forest"),
        (["findings", "--format", "docx"], 2, "--output table.docx"),
        (["findings", "--output", "x.json"], 2, "not .json"),
        (["findings", "--output", "x.pdf"], 2, "not .pdf"),
        (["findings", "--lang", "fr"], 2, "fr"),
        (["comparison", "--against", "4/9"], 2, "--against goes with counts"),
        (["comparison", "6/6", "--analysis", "primary"], 2, "--analysis goes with a review"),
        (["comparison", "6/6", "--against", "4/9", "--per", "1000"], 2, "only findings"),
        (["comparison", "6/6"], 1, "nothing to compare with"),
        (["comparison", "--analysis", "nosuch", "--review", "data"], 2, "nosuch"),
    ],
)
def test_what_cannot_be_ends_with_its_code(args: list[str], code: int, said: str, tmp_path: Path) -> None:
    done = run(*args)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr


def test_a_failed_table_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "t.html"
    target.write_text("old")
    assert run("comparison", "6/6", "--output", str(target)).exit_code == 1
    assert target.read_text() == "old"
    assert run("comparison", "6/6", "--against", "4/9", "--output", str(target)).exit_code == 0
    assert "<caption>Against the reference</caption>" in target.read_text(encoding="utf-8")


def test_a_pool_loads_nothing_of_it() -> None:
    code = (
        "import sys\nfrom evidence.cli import main\ntry:\n    main(['pool', '6/6', '9/9'])\nexcept SystemExit:\n    pass\n"
        "print(*[name for name in sys.modules if '.tables' in name and 'report' in name], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stderr.strip() == ""
