"""A review goes into a workbook and comes back: nothing changes but what a person changed, and Excel's habits are found."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

import evidence
from evidence.cli import main
from evidence.errors import DataError, InputError
from evidence.review.returned import Returned, apply, habit, placed, read_workbook
from evidence.review.schema import STATES, TABLES
from evidence.review.tables import load
from evidence.review.workbook import LISTS, ROW, STAMP, neutral, restored, write_workbook
from evidence.review.writing import LOCK, editing
from tests.made_reviews import review as make_review
from tests.test_reading import tables, write

SHIPPED = Path(evidence.__file__).parent.parent / "data"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two reports, ours and another, with notes a spreadsheet would change."""
    home = tmp_path / "small"
    home.mkdir()
    make_review(home, ["ours 6/6", "other 3/9", "other 1/9 outcome=rash"])
    path = home / "studies.csv"
    lines = path.read_text().splitlines()
    added = ["registration,note,recruited_from", "007,3-4,2023-07", "1E5,\"a 'quote' - here\",2023", ",,"]
    path.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, added, strict=False)) + "\n")
    load(home)
    return home


def changed(folder: Path, act: Callable[[Workbook], object]) -> bytes:
    """The folder's workbook after somebody worked in it."""
    book = load_workbook(BytesIO(write_workbook(folder)))
    act(book)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def at(book: Workbook, table: str, row: int, column: str) -> Any:
    page = book[table]
    names = [cell.value for cell in page[1]]
    return page.cell(row, names.index(column) + 1)


def put(table: str, row: int, **cells: object) -> Callable[[Workbook], None]:
    def act(book: Workbook) -> None:
        for name, value in cells.items():
            cell = at(book, table, row, name)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # typed into a cell formatted as text

    return act


def back(folder: Path, raw: bytes, **options: bool) -> Returned:
    return read_workbook(raw, "x.xlsx", folder, **options)


def said(folder: Path, act: Callable[[Workbook], object], **options: bool) -> list[str]:
    with pytest.raises(DataError) as error:
        back(folder, changed(folder, act), **options)
    return [str(problem) for problem in error.value.problems]


def bring_in(folder: Path, raw: bytes) -> None:
    with editing(folder) as edit:
        apply(back(folder, raw), edit)
        edit.commit()


# ---- there and back ------------------------------------------------------------------------------


@settings(max_examples=8)
@given(
    tables(),
    st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", ".")]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_valid_tables_come_back_unchanged_and_nothing_is_a_formula(
    tmp_path_factory: pytest.TempPathFactory, found: Any, signs: tuple[str, str], end: str
) -> None:
    folder = write(tmp_path_factory.mktemp("any"), found, signs[0], end, signs[1], "")
    load(folder)
    raw = write_workbook(folder)
    assert back(folder, raw).changes == ()
    book = load_workbook(BytesIO(raw))
    out = BytesIO()
    book.save(out)  # as another program writes it
    assert back(folder, out.getvalue()).changes == ()
    for page in book.worksheets:
        for row in page.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n"), (page.title, cell.coordinate, cell.value)
                if cell.data_type == "s" and cell.value:
                    assert cell.value[0] not in "=@\t\r"
                    assert cell.value[0] not in "+-" or float(cell.value) <= 0


@given(st.text(st.sampled_from(list("='+-@\t\r1.ax_0D")) | st.characters(codec="utf-8"), max_size=9))
def test_what_is_neutralised_is_restored(text: str) -> None:
    text = text.strip()
    if "_x" not in text:
        assert restored(neutral(text)) == text
    assert neutral(text)[:1] not in ("=", "@")
    assert neutral(text)[:1] not in ("+", "-") or neutral(text).lstrip("-").replace(".", "").isdigit()


def test_the_shipped_review_comes_back_unchanged_and_is_easy_to_edit() -> None:
    raw = write_workbook(SHIPPED)
    assert read_workbook(raw, "x.xlsx", SHIPPED) == Returned("x.xlsx", (), (), back(SHIPPED, raw).lines)
    book = load_workbook(BytesIO(raw))
    assert book.sheetnames == ["about", *TABLES, LISTS, STAMP]
    assert [book[name].sheet_state for name in (STAMP, LISTS)] == ["veryHidden", "veryHidden"]
    page = book["outcomes"]
    assert page.freeze_panes == "C2"
    assert page["A1"].value == ROW
    for cell in page[1]:
        assert cell.comment is not None
    columns = {column.name: column for column in TABLES["outcomes"].columns}
    events = at(book, "outcomes", 1, "events")
    assert columns["events"].meaning in events.comment.text
    assert "a whole number from 0" in events.comment.text
    assert page.column_dimensions[events.column_letter].number_format == "@"
    rules = {str(rule.sqref).split(":")[0]: rule for rule in page.data_validations.dataValidation}
    rule = rules[f"{at(book, 'outcomes', 1, 'state').column_letter}2"]
    letter = rule.formula1.split("$")[1]
    assert [cell.value for cell in book[LISTS][letter] if cell.value] == list(STATES)
    assert rule.errorStyle == "stop"
    keys = rules[f"{at(book, 'outcomes', 1, 'study').column_letter}2"]
    assert keys.formula1.startswith("'studies'!$B$2:")
    assert keys.errorStyle == "warning"  # a new report may come
    assert at(book, "outcomes", 2, "events").value == 4
    assert at(book, "outcomes", 2, "weeks_from").value == "8.70"  # its spelling would be lost as a number


def test_a_table_that_is_not_there_yet_has_a_sheet_to_begin_with(small: Path) -> None:
    raw = changed(
        small,
        lambda book: book["patients"].append([None, "ours", 1, "drug"] + [None] * 5 + ["x", "t", "read"]),
    )
    book = load_workbook(BytesIO(write_workbook(small)))
    assert [cell.value for cell in book["patients"][1]][:4] == [ROW, "study", "patient", "arm"]
    change = back(small, changed(small, put("patients", 2, study="ours", patient="1", state="unverified")))
    assert [(c.table, c.kind, c.line) for c in change.changes] == [("patients", "added", 2)]
    bring_in(small, changed(small, put("patients", 2, study="ours", patient="1", state="unverified")))
    assert [p.patient for p in load(small).patients] == ["1"]
    assert raw


# ---- what a person changed -----------------------------------------------------------------------


def test_only_the_cells_that_were_changed_are_written(small: Path) -> None:
    before = {path.name: path.read_bytes() for path in small.iterdir()}

    def work(book: Workbook) -> None:
        put("outcomes", 3, events=4, state="read")(book)
        put("outcomes", 5, study="ours", outcome="death", weeks="12", events=0, n="6", state="unverified")(
            book
        )
        book["outcomes"].delete_rows(4)
        put("studies", 3, label="Other, and more")(book)

    raw = changed(small, work)
    assert [(c.table, c.kind, c.row, c.line) for c in back(small, raw).changes] == [
        ("studies", "changed", 3, 3),
        ("outcomes", "changed", 3, 3),
        ("outcomes", "removed", 4, 0),
        ("outcomes", "added", 0, 4),
    ]
    bring_in(small, raw)
    after = {path.name: path.read_bytes() for path in small.iterdir() if path.name != LOCK}
    lines = before["outcomes.csv"].split(b"\n")
    now = after["outcomes.csv"].split(b"\n")
    assert now[:2] == lines[:2]
    assert now[2] == lines[2].replace(b",3,9,verified", b",4,9,read")
    assert now[3] == b"ours,,,,death,12,0,6,unverified,,,,,,,,,,,,"
    assert len(now) == len(lines)
    assert after["studies.csv"] == before["studies.csv"].replace(b"OTHER", b'"Other, and more"')
    unchanged = {"review.toml", "cohorts.csv", "overlaps.csv"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    assert back(small, raw).changes == ()  # a second time there is nothing left to do


def test_sorting_and_a_filter_that_hides_nothing_change_nothing(small: Path) -> None:
    def sort(book: Workbook) -> None:
        page = book["outcomes"]
        rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]
        for number, row in enumerate(reversed(rows), 2):
            for place, value in enumerate(row, 1):
                page.cell(number, place).value = value
        page.auto_filter.ref = page.dimensions

    assert back(small, changed(small, sort)).changes == ()


def test_a_row_emptied_is_a_row_deleted(small: Path) -> None:
    def empty(book: Workbook) -> None:
        for cell in book["outcomes"][4][1:]:
            cell.value = None

    (change,) = back(small, changed(small, empty)).changes
    assert (change.kind, change.row, change.name) == ("removed", 4, "other, drug, rash, 12")


def test_what_others_did_meanwhile_stays_and_a_conflict_is_nobodys(small: Path) -> None:
    raw = changed(small, put("outcomes", 2, caution="checked"))
    other = changed(small, put("outcomes", 3, caution="checked"))
    path = small / "outcomes.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], "ours,drug,,,death,12,0,6,unverified" + "," * 12 + "\n", *lines[1:]]))
    (change,) = back(small, raw).changes
    assert (change.row, change.line) == (3, 2)  # it stands a row further down now
    path.write_text(path.read_text().replace("3,9", "4,9"))
    with pytest.raises(DataError, match=r"outcomes row 3: the row was changed here, and since the export"):
        back(small, other)
    bring_in(small, raw)
    assert "4,9" in path.read_text()
    gone = changed(small, lambda book: book["outcomes"].delete_rows(3))
    path.write_text(path.read_text().replace("6,6", "5,6"))
    with pytest.raises(DataError, match="was changed since the export, and is deleted here"):
        back(small, gone)


def test_a_verified_number_does_not_stay_verified_by_silence(small: Path) -> None:
    (problem,) = said(small, put("outcomes", 3, events=4))
    assert "x.xlsx, sheet outcomes row 3, column events: '4' is another value" in problem
    assert "still says that it was verified" in problem
    assert back(small, changed(small, put("outcomes", 3, events=4, state="read"))).changes
    assert back(small, changed(small, put("outcomes", 3, caution="new"))).changes


def test_the_tables_are_checked_as_they_would_be_and_problems_named_by_the_sheet(small: Path) -> None:
    def work(book: Workbook) -> None:
        book["outcomes"].delete_rows(2)  # what comes after moves up
        put("outcomes", 2, events=10, state="read")(book)

    raw = changed(small, work)
    before = (small / "outcomes.csv").read_bytes()
    with editing(small) as edit:
        _, lines = apply(back(small, raw), edit)
        with pytest.raises(DataError) as error:
            edit.preview()
    (problem,) = placed(error.value.problems, "x.xlsx", lines)
    assert str(problem).startswith("x.xlsx, sheet outcomes row 2, column events: '10' is more than n (9)")
    assert (small / "outcomes.csv").read_bytes() == before


# ---- what spreadsheets do ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"registration": 7}, "'7' has lost its leading zeros"),
        ({"note": datetime.datetime(2026, 4, 3)}, "is a date (2026-04-03), perhaps made of 3/4 or 4/3 (did you mean 3-4, as"),
        ({"note": "03-Apr"}, "'03-Apr' is a date that a spreadsheet made of 3-4 (did you mean 3-4?)"),
        ({"recruited_from": datetime.datetime(2023, 7, 1)}, "is a date (2023-07-01)"),
        ({"note": "=1+1"}, "is a formula (=1+1) whose result is not in the file"),
        ({"note": True}, "is a truth value (TRUE)"),
    ],
)  # fmt: skip
def test_what_excel_makes_of_a_cell_is_explained_and_not_taken(
    small: Path, cells: dict[str, object], problem: str
) -> None:
    def work(book: Workbook) -> None:
        for name, value in cells.items():
            at(book, "studies", 2, name).value = value

    (found,) = said(small, work)
    assert problem in found
    assert found.startswith("x.xlsx, sheet studies row 2, column ")


def test_curly_quotes_scientific_notation_and_spaces(small: Path) -> None:
    (quotes,) = said(small, put("studies", 3, note="a ‘quote’ – here"))
    assert "only in quotes, dashes or spaces" in quotes
    (number,) = said(small, put("studies", 3, registration=100000))
    assert "is the number that a spreadsheet made of 1E5 (did you mean 1E5?)" in number
    spaces = changed(small, put("studies", 3, note="a 'quote' - here  "))
    assert back(small, spaces).changes == ()
    taken = back(small, changed(small, put("studies", 3, note="a ‘quote’ – here")), literal=True)
    assert taken.changes[0].cells == {"note": ("a 'quote' - here", "a ‘quote’ – here")}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("8.70", "8.7", "made of 8.70"),
        ("0012", "12", "leading zeros"),
        ("12345678901234567", "12345678901234500", "keeps 15"),
        ("1.5", "1.6", ""),
        ("3/4", "2026-04-03 00:00:00", "made of 3/4"),
        ("3/4", "2026-05-03", ""),
        ("text", "#VALUE!", "instead of text"),
        ("text", "########", "instead of text"),
        ("and (c) more...", "and © more…", "by itself"),
        ("", "new", ""),
        ("old", "", ""),
        ("old", "new", ""),
    ],
)
def test_habits(old: str, new: str, found: str) -> None:
    said = habit(old, new)
    assert (found in said) if found else said == ""


def test_numbers_in_another_spelling_are_no_change(small: Path) -> None:
    raw = changed(small, put("outcomes", 2, weeks="12.0", n="6"))
    assert back(small, raw).changes == ()


def test_merged_hidden_renamed_missing_and_copied(small: Path) -> None:
    def merge(book: Workbook) -> None:
        cells = at(book, "outcomes", 2, "arm"), at(book, "outcomes", 3, "arm")
        book["outcomes"].merge_cells(f"{cells[0].coordinate}:{cells[1].coordinate}")

    first, second = said(small, merge)
    assert "is part of the merged cells" in first
    assert "did you mean drug, as in the file?" in second

    def hide(book: Workbook) -> None:
        book["outcomes"].row_dimensions[3].hidden = True

    assert said(small, hide) == [
        "x.xlsx, sheet outcomes row 3: the row is hidden, yet would count; allowed: rows that show, or none: unhide or delete"
    ]
    (renamed,) = said(small, put("outcomes", 1, events="Events"))
    assert "column Events: 'Events' is not a column of this sheet (did you mean events?)" in renamed
    (missing,) = said(
        small, lambda book: book["outcomes"].delete_cols(at(book, "outcomes", 1, "events").column)
    )
    assert "column events: the column is missing; allowed: the column as exported" in missing

    def copy(book: Workbook) -> None:
        book["outcomes"].append([cell.value for cell in book["outcomes"][2]])

    (copied,) = said(small, copy)
    assert "column file row: '2' stands in row 2 too, as in a row that was copied" in copied


def test_a_sheet_that_is_gone_leaves_its_table_alone_and_a_new_one_is_left_aside(small: Path) -> None:
    def work(book: Workbook) -> None:
        del book["studies"]
        book.create_sheet("my notes").append(["a", "b"])

    returned = back(small, changed(small, work))
    assert returned.changes == ()
    assert returned.notes == (
        "sheet my notes is no table and was left aside",
        "the workbook has no sheet studies: studies.csv was left alone",
    )


def test_what_was_not_exported_is_no_workbook_to_bring_back(small: Path) -> None:
    out = BytesIO()
    Workbook().save(out)
    with pytest.raises(InputError, match="was not made by evidence sheet export"):
        back(small, out.getvalue())
    with pytest.raises(InputError, match="is not an XLSX workbook"):
        back(small, b"study,outcome\n")
    with pytest.raises(InputError, match="cannot be read as an XLSX"):
        back(small, b"PK\x03\x04" + b"\x00" * 40)


def test_a_cell_too_long_for_a_workbook_is_refused_not_cut(small: Path) -> None:
    path = small / "studies.csv"
    path.write_text(path.read_text().replace("OTHER", "x" * 32_768))
    with pytest.raises(InputError, match=r"studies.csv row 3, column label has 32,768 characters"):
        write_workbook(small)


# ---- the command ---------------------------------------------------------------------------------


def run(*args: str) -> Any:
    return CliRunner().invoke(main, ["sheet", *args])


def test_export_edit_import(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", "a.xlsx", "--review", "small").exit_code == 0
    again = run("export", "a.xlsx", "--review", "small")
    assert (again.exit_code, "--force" in again.stderr) == (2, True)
    assert run("export", "a.ods").exit_code == 2
    nothing = run("import", "a.xlsx", "--review", "small", "--yes")
    assert (nothing.exit_code, nothing.stderr) == (0, "evidence: a.xlsx changes nothing\n")
    told = run("import", "a.xlsx", "--review", "small", "--yes", "--format", "json")
    assert (told.exit_code, json.loads(told.stdout)["rows"]) == (0, [])
    book = load_workbook("a.xlsx")
    put("outcomes", 2, events=5, state="read")(book)
    book.save("a.xlsx")
    before = (small / "outcomes.csv").read_bytes()
    dry = run("import", "a.xlsx", "--review", "small", "--dry-run")
    assert dry.exit_code == 0
    assert "6 -> 5" in dry.stdout
    assert (small / "outcomes.csv").read_bytes() == before
    unasked = run("import", "a.xlsx", "--review", "small")
    assert (unasked.exit_code, "--yes" in unasked.stderr) == (2, True)
    done = run("import", "a.xlsx", "--review", "small", "--yes")
    assert done.exit_code == 0, done.output
    assert (small / "outcomes.csv").read_bytes() == before.replace(b"6,6,verified", b"5,6,read")


def test_a_workbook_with_findings_writes_nothing(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.xlsx"
    file.write_bytes(changed(small, put("outcomes", 3, events=99, state="read")))
    before = {path.name: path.read_bytes() for path in small.iterdir()}
    result = run("import", str(file), "--review", str(small), "--yes")
    assert result.exit_code == 1
    assert "b.xlsx, sheet outcomes row 3, column events: '99' is more than n (9)" in result.stderr
    assert {path.name: path.read_bytes() for path in small.iterdir() if path.name != LOCK} == before


def test_the_shipped_review_is_exported_and_not_written(tmp_path: Path) -> None:
    file = tmp_path / "c.xlsx"
    assert run("export", str(file), "--review", str(SHIPPED)).exit_code == 0
    result = run("import", str(file), "--review", str(SHIPPED), "--yes")
    assert result.exit_code == 2
    assert "evidence init --example" in result.stderr


def test_a_copy_of_the_shipped_review_takes_a_change(tmp_path: Path) -> None:
    home = tmp_path / "copy"
    shutil.copytree(SHIPPED, home, ignore=shutil.ignore_patterns("__pycache__", "__init__.py"))
    lines = (home / "outcomes.csv").read_bytes().split(b"\n")
    bring_in(home, changed(home, put("outcomes", 2, caution="+ a remark")))
    now = (home / "outcomes.csv").read_bytes().split(b"\n")
    assert [a for a, b in zip(lines, now, strict=True) if a != b] == [lines[1]]
    assert b",+ a remark," in now[1]
    assert back(home, write_workbook(home)).changes == ()


def test_every_row_that_would_change_is_shown_before_it_is_written(tmp_path: Path) -> None:
    home = tmp_path / "many"
    home.mkdir()
    make_review(home, [f"s{number} 1/9" for number in range(9)])
    file = tmp_path / "d.xlsx"

    def work(book: Workbook) -> None:
        for row in range(2, 11):
            put("outcomes", row, events=2, state="read")(book)
        book["studies"].delete_rows(99)

    file.write_bytes(changed(home, work))
    shown = run("import", str(file), "--review", str(home), "--dry-run").stdout
    assert all(f"outcomes.csv row {row}" in shown for row in range(2, 11))
    assert "outcomes.csv row 10 (s8, drug, cure, 12), changed: events 1 -> 2" in " ".join(shown.split())
