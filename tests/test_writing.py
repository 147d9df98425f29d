"""Tables are changed line by line: what was not meant stays byte for byte, and nothing is ever half written."""

from __future__ import annotations

import csv
import errno
import multiprocessing
import os
import shutil
import time
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evidence
from evidence.errors import DataError, InputError
from evidence.review import writing
from evidence.review.tables import load
from evidence.review.writing import LOCK, editing
from tests.made_reviews import review as make_review
from tests.test_reading import tables, write

SHIPPED = Path(evidence.__file__).parent.parent / "data"


@pytest.fixture
def small(tmp_path):
    """Two reports, ours and another."""
    make_review(tmp_path, ["ours 6/6", "other 3/9"])
    return tmp_path


def row(study="ours", **cells):
    return {
        "study": study, "arm": "drug", "outcome": "rash", "weeks": "12", "events": "1", "n": "6",
        "state": "read", "source": "x", **cells,
    }  # fmt: skip


def add(folder, **cells):
    with editing(folder) as edit:
        number = edit.append("outcomes", row(**cells))
        edit.commit()
    return number


# ---- rows ----------------------------------------------------------------------------------------


def test_an_added_row_is_one_more_line_and_nothing_else(small):
    before = {path.name: path.read_bytes() for path in small.iterdir()}
    assert add(small) == 4
    after = {path.name: path.read_bytes() for path in small.iterdir() if path.name != LOCK}
    line = after["outcomes.csv"].removeprefix(before["outcomes.csv"])
    assert line == b"ours,drug,,,rash,12,1,6,read,,,,,,,,,,,,x\n"
    assert {name: raw for name, raw in after.items() if name != "outcomes.csv"} == {
        name: raw for name, raw in before.items() if name != "outcomes.csv"
    }
    assert [r.events for r in load(small).by_outcome["rash"]] == [1]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False], ids=["ends", "open"])
def test_the_style_of_a_file_is_kept(small, end, delimiter, bom, last):
    path = small / "outcomes.csv"
    text = bom + path.read_text().replace(",", delimiter).replace("\n", end)
    old = (text if last else text.removesuffix(end)).encode()
    path.write_bytes(old)
    add(small, definition=f'half{delimiter} "or" more')
    added = path.read_bytes().removeprefix(old).decode()
    if not last:
        assert added.startswith(end)
        added = added.removeprefix(end)
    assert added.endswith(end)
    assert added.count(end) == 1
    assert f'"half{delimiter} ""or"" more"' in added
    assert load(small).rows[-1].definition == f'half{delimiter} "or" more'


def test_a_file_with_decimal_commas_gets_decimal_commas(small):
    path = small / "outcomes.csv"
    path.write_text(path.read_text().replace(",", ";").replace(";12;", ";12,5;"))
    add(small, weeks="8.5", weeks_from="8")
    assert path.read_text().splitlines()[-1].startswith("ours;drug;;;rash;8,5;1;6;")
    assert load(small).rows[-1].weeks == 8.5
    with editing(small) as edit:
        assert edit.row("outcomes", 4)["weeks"] == "8.5"


def test_a_file_with_all_cells_quoted_gets_them_quoted(small):
    path = small / "cohorts.csv"
    path.write_text('"study","cohort"\n"ours","ward"\n')
    with editing(small) as edit:
        edit.append("cohorts", {"study": "other", "cohort": "clinic"})
        edit.commit()
    assert path.read_text() == '"study","cohort"\n"ours","ward"\n"other","clinic"\n'


def test_replacing_changes_a_cell_and_keeps_the_rest_of_its_line(small):
    path = small / "studies.csv"
    lines = path.read_text().splitlines(keepends=True)
    lines[2] = lines[2].replace("OTHER", '"Other, ""the"" one"')
    path.write_text("".join(lines))
    with editing(small) as edit:
        edit.replace("studies", 3, {"year": "2021"})
        edit.commit()
    assert path.read_text() == "".join([*lines[:2], lines[2].replace("2020", "2021")])


def test_removing_takes_one_line_out_and_moves_no_number_before_it_is_written(small):
    path = small / "outcomes.csv"
    add(small), add(small, weeks="16"), add(small, weeks="20")
    lines = path.read_text().splitlines(keepends=True)
    with editing(small) as edit:
        edit.remove("outcomes", 4)
        edit.remove("outcomes", 5)
        assert edit.row("outcomes", 6)["weeks"] == "20"
        assert edit.append("outcomes", row(weeks="30")) == 5
        edit.commit()
    assert path.read_text().splitlines(keepends=True)[:4] == [*lines[:3], lines[5]]


def test_a_row_of_several_lines_counts_once(small):
    add(small, definition="one\ntwo")
    assert add(small, weeks="16") == 5
    with editing(small) as edit:
        edit.replace("outcomes", 5, {"events": "2"})
        edit.remove("outcomes", 4)
        edit.commit()
    assert [r.events for r in load(small).by_outcome["rash"]] == [2]


def test_a_table_or_a_column_that_is_not_there_is_made(small):
    (small / "cohorts.csv").unlink()
    with editing(small) as edit:
        assert edit.append("cohorts", {"study": "ours", "cohort": "ward"}) == 2
        edit.append("outcomes", row(locator="Table 1"))
        edit.commit()
    assert (small / "cohorts.csv").read_text() == "study,cohort,note\nours,ward,\n"
    lines = (small / "outcomes.csv").read_text().splitlines()
    assert lines[0].endswith(",source,locator")
    assert lines[1].endswith(",x,")
    assert lines[3].endswith(",x,Table 1")
    assert load(small).rows[-1].locator == "Table 1"


def test_an_empty_cell_makes_no_column(small):
    add(small, locator="")
    assert "locator" not in (small / "outcomes.csv").read_text()


@given(
    cells=st.lists(
        st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12), max_size=6
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
def test_whatever_is_written_is_read_again(tmp_path_factory, cells, end, delimiter):
    folder = tmp_path_factory.mktemp("r")
    (folder / "review.toml").write_text("format = 1\n")
    header = delimiter.join(("study", "design", "state", "note", "population"))
    (folder / "studies.csv").write_text(header + end, newline="")
    (folder / "outcomes.csv").write_text("study,outcome,weeks,events,n,state\n")
    with editing(folder) as edit:
        for number, cell in enumerate(cells):
            edit.append(
                "studies", {"study": f"s{number}", "design": "cohort", "state": "unverified", "note": cell}
            )
        raw = edit._tables["studies"].raw().decode() if cells else ""
        refused = None
        try:
            edit.commit()
        except DataError as error:
            refused = error
    if refused:  # for an unseen character or a formula, and said
        assert {problem.column for problem in refused.problems} == {"note"}
        return
    assert [study.note for study in load(folder).studies.values()] == [cell.strip() for cell in cells]
    if cells:
        assert (folder / "studies.csv").read_bytes().decode() == raw
        assert list(csv.reader(StringIO(raw, newline=""), delimiter=delimiter))[1:] == [
            [f"s{number}", "cohort", "unverified", cell.strip(), ""] for number, cell in enumerate(cells)
        ]


@given(
    found=tables(),
    delimiter=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from(["", "\ufeff"]),
)
@settings(max_examples=12)
def test_any_valid_tables_are_read_back_as_they_were_written(tmp_path_factory, found, delimiter, end, bom):
    folder = write(tmp_path_factory.mktemp("r"), {name: [] for name in found}, delimiter, end, ".", bom)
    with editing(folder) as edit:
        for table, rows in found.items():
            for number, cells in enumerate(rows, 2):
                assert edit.append(table, {name: text for name, (text, _) in cells.items()}) == number
        edit.commit()
    load(folder)
    with editing(folder) as edit:
        for table, rows in found.items():
            header = edit.header(table)
            texts = [dict(zip(header, cells, strict=True)) for _, cells in edit.rows(table)]
            assert texts == [{name: text for name, (text, _) in cells.items()} for cells in rows]


# ---- checked before it is written ----------------------------------------------------------------


def test_a_preview_is_the_review_as_it_would_be_and_writes_nothing(small):
    before = (small / "outcomes.csv").read_bytes()
    with editing(small) as edit:
        edit.append("outcomes", row())
        review = edit.preview()
        assert edit.preview() is review
        assert review.path == str(small)
        assert len(review.rows) == 3
        edit.append("outcomes", row(weeks="16"))
        assert len(edit.preview().rows) == 4
    assert (small / "outcomes.csv").read_bytes() == before


def test_what_would_not_validate_is_not_written(small):
    before = (small / "outcomes.csv").read_bytes()
    with editing(small) as edit:
        edit.append("outcomes", row(events="7"))
        with pytest.raises(DataError, match=r"outcomes.csv row 4, column events: '7' is more than n \(6\)"):
            edit.commit()
    assert (small / "outcomes.csv").read_bytes() == before


def test_several_files_are_written_in_an_order_that_is_valid_at_every_step(small, monkeypatch):
    written = []

    def recorded(path, data):
        Path(path).write_bytes(data)
        written.append(os.path.basename(path))
        load(small)  # raises where a review of this moment is not one

    monkeypatch.setattr(writing, "write_whole", recorded)
    with editing(small) as edit:
        edit.append("outcomes", row("new"))
        edit.append(
            "overlaps", {"cohort_a": "ward", "cohort_b": "ours", "certainty": "certain", "reason": "x"}
        )
        edit.append("cohorts", {"study": "new", "cohort": "ward"})
        edit.append("studies", {"study": "new", "design": "cohort", "state": "unverified"})
        edit.commit()
    assert written == ["studies.csv", "cohorts.csv", "overlaps.csv", "outcomes.csv"]
    written.clear()
    with editing(small) as edit:
        for table, number in (("studies", 4), ("cohorts", 2), ("overlaps", 2), ("outcomes", 4)):
            edit.remove(table, number)
        edit.commit()
    assert written == ["outcomes.csv", "overlaps.csv", "cohorts.csv", "studies.csv"]


def test_a_change_that_no_order_makes_valid_is_refused(small):
    before = (small / "studies.csv").read_bytes()
    with editing(small) as edit:
        edit.replace("studies", 3, {"study": "renamed"})
        edit.replace("outcomes", 3, {"study": "renamed"})
        with pytest.raises(InputError, match="in several steps"):
            edit.commit()
    assert (small / "studies.csv").read_bytes() == before


def test_the_review_before_a_change_is_the_one_on_disk(tmp_path):
    rows = [f"s{i} {i % 4}/9 weeks={10 + i % 3}" for i in range(6)]
    make_review(tmp_path, rows, cohorts="s1,a s2,a s4,b", overlaps="a,b,possible")
    (tmp_path / "patients.csv").write_text("study,patient,state,note\ns1,1,unverified,\n")
    toml = tmp_path / "review.toml"
    toml.write_text(
        toml.read_text().replace("[outcomes.death]", '[outcomes.death]\npatients = {score="d", at_most=1}')
    )
    (tmp_path / "scores.csv").write_text("study,patient,score,weeks,value,state\ns1,1,d,9,1,unverified\n")
    changes = [
        [("append", "outcomes", row("s3"))],
        [("replace", "outcomes", 3, {"events": "9"}), ("remove", "outcomes", 5)],
        [
            ("remove", "outcomes", 2),
            ("append", "outcomes", row("s3")),
            ("replace", "outcomes", 7, {"weeks": "1"}),
        ],
        [("append", "outcomes", row("s3", locator="p. 1"))],
        [("replace", "studies", 3, {"year": "1999"})],
        [("remove", "scores", 2), ("append", "cohorts", {"study": "s5", "cohort": "b"})],
        [("append", "outcomes", row("s1", outcome="death", weeks="last visit", n="1"))],
    ]
    for steps in changes:
        with editing(tmp_path) as edit:
            for name, *what in steps:
                getattr(edit, name)(*what)
            assert edit.before() == load(tmp_path), steps
            assert edit.preview() != load(tmp_path)


def test_rows_are_listed_with_their_numbers(small):
    add(small, definition="one\ntwo"), add(small, weeks="20")
    with editing(small) as edit:
        edit.remove("outcomes", 3)
        place = edit.header("outcomes").index("weeks")
        assert [(number, cells[place]) for number, cells in edit.rows("outcomes")] == [
            (2, "12"),
            (4, "12"),
            (5, "20"),
        ]


def test_a_draft_of_the_shipped_review_can_be_looked_at_and_not_written():
    edit = writing.draft(SHIPPED)
    edit.append("outcomes", row("viedma2025", outcome="death", arm="anifrolumab", events="0", n="6"))
    assert len(edit.preview().by_outcome["death"]) == len(edit.before().by_outcome["death"]) + 1
    with pytest.raises(InputError, match="nothing is written"):
        edit.commit()


# ---- who may write -------------------------------------------------------------------------------


def test_the_shipped_review_is_refused_with_what_to_do():
    with pytest.raises(InputError, match="read-only; evidence init --example"), editing(SHIPPED):
        pass
    assert not (SHIPPED / LOCK).exists()


def test_what_is_no_review_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"has no review.toml, .* evidence init"), editing(tmp_path):
        pass
    with pytest.raises(InputError, match="is not a folder"), editing(tmp_path / "none"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_changed_meanwhile_is_not_written_over(small):
    path = small / "outcomes.csv"
    with editing(small) as edit:
        edit.append("outcomes", row())
        edit.preview()
        theirs = path.read_bytes().replace(b"3,9", b"4,9")
        path.write_bytes(theirs)
        with pytest.raises(InputError, match="was changed meanwhile; nothing was written"):
            edit.commit()
    assert path.read_bytes() == theirs


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_or_file_is_said(small):
    (small / "outcomes.csv").chmod(0o400)
    with pytest.raises(InputError, match=r"cannot write .*outcomes.csv: it is read-only"):
        add(small)
    small.chmod(0o500)
    try:
        with pytest.raises(InputError, match="read-only for you"), editing(small):
            pass
    finally:
        small.chmod(0o700)


def test_a_read_only_file_system_is_said(small, monkeypatch):
    from filelock import FileLock

    def refused(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(FileLock, "acquire", refused)
    with pytest.raises(InputError, match=r"cannot write in .*: Read-only file system"), editing(small):
        pass


def test_a_full_disk_leaves_the_file_as_it_was(small, monkeypatch):
    before = (small / "outcomes.csv").read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot write .*outcomes.csv: No space left"):
        add(small)
    assert (small / "outcomes.csv").read_bytes() == before
    assert not list(small.glob(".*.part"))


def test_a_second_process_is_told_who_writes(small, monkeypatch):
    monkeypatch.setattr(writing, "LOCK_SECONDS", 0.1)
    with (
        editing(small),
        pytest.raises(InputError, match=rf"process {os.getpid()} on .* is writing"),
        editing(small),
    ):
        pass
    with editing(small):
        pass


def _add_some(folder, name):
    for number in range(5):
        add(folder, weeks=str(number), subgroup=name)


def test_two_processes_at_once_lose_no_row(small):
    spawn = multiprocessing.get_context("fork" if os.name != "nt" else "spawn")
    processes = [spawn.Process(target=_add_some, args=(small, name)) for name in ("a", "b")]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    found = {(r.subgroup, r.weeks) for r in load(small).by_outcome["rash"]}
    assert found == {(name, float(number)) for name in "ab" for number in range(5)}


def test_half_written_files_of_the_killed_are_swept_away_and_fresh_ones_not(small):
    old, fresh, other = (
        small / name for name in (".studies.csv.1.part", ".studies.csv.2.part", ".x.csv.1.part")
    )
    for path in (old, fresh, other):
        path.write_text("half")
    os.utime(old, (time.time() - 3600,) * 2)
    with editing(small):
        pass
    assert not old.exists()
    assert fresh.exists()
    assert other.exists()


def test_a_copy_of_the_shipped_review_can_be_changed(tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("__pycache__"))
    raw = (copy / "outcomes.csv").read_bytes()
    with editing(copy) as edit:
        edit.append("outcomes", row("viedma2025", outcome="death", arm="anifrolumab", events="0", n="6"))
        edit.commit()
    assert (copy / "outcomes.csv").read_bytes().startswith(raw)
