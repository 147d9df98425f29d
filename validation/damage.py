"""tests/damaged: real tables cut down to a small review, and copies of them with one fault each.

    python validation/damage.py          makes the damaged copies from tests/damaged/review
    python validation/damage.py cut      first makes that review anew from data/ (the copies change with it)

A copy is one file; index.csv says which table it stands for, what is wrong with
it, and in which row and column that must be found. Copies without a row are
other ways to write the same, in which nothing may be found. Which cell is
damaged is drawn with a fixed seed, so everything comes out the same each time; a
test runs `made` and compares.
"""

from __future__ import annotations

import csv
import io
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "tests" / "damaged"
REVIEW = HOME / "review"
SEED = 20260701

REPORTS = ("viedma2025", "viedma2024", "valencia2025", "carter2023", "tulip12", "azahar")
COHORTS = ("cadiz", "cadiz-earlier", "valencia", "leeds", "azahar")
OUTCOMES = (
    ("viedma2025", "", "any_adverse_event"),
    ("viedma2025", "", "dose_spacing"),
    ("valencia2025", "", "clasi50"),
    ("valencia2025", "", "complete_response"),
    ("carter2023", "", "clasi_a_course"),
    ("carter2023", "", "discontinuation"),
    ("tulip12", "", "clasi50"),
    ("tulip12", "IFNGS-high", "clasi50"),
    ("tulip12", "IFNGS-low", "clasi50"),
)
"""Rows of outcomes.csv that are kept: report, subgroup, outcome; not the placebo arms."""

REMARKS, LONGEST = ("note", "reason", "citation", "not_poolable", "design_detail", "population"), 40

QUESTION = """\
format = 1
title = "A small review, cut from the one that comes with evidence"

{outcomes}
[analyses.primary]
outcome = "clasi50"
pool = {{ design = ["case series", "cohort"] }}
weeks = [8, 26]
last_visit = true
ours = "viedma2025"
reference = {{ study = "tulip12", arm = "anifrolumab 300 mg", weeks = 12 }}

[columns.studies]
individual_patients = "text"
skin_outcome = "text"

[columns.patients]
subtypes = "text"
sle = "text"
systemic = "text"
autoantibodies = "text"
disease_years = "number"
prior_treatments = "text"
prior_count = "integer"
response_months = "number"
response_infusions = "integer"
follow_up_months = "number"
infusions = "integer"
spacing = "text"
adverse_events = "text"
discontinued = "text"
"""


class Copy(NamedTuple):
    """A damaged copy: its name, the table it stands for, the fault, where it is to be found, its bytes.

    `row` is None where nothing is to be found, 0 where it is the whole file; `likely` what must be guessed, if
    anything.
    """

    name: str
    file: str
    fault: str
    row: int | None
    column: str
    likely: str
    raw: bytes


class Sheet:
    """A table of the small review as rows of cells, the header first; row numbers are a spreadsheet's."""

    def __init__(self, file: str, draw: random.Random) -> None:
        self.file, self.draw = file, draw
        with (REVIEW / file).open(encoding="utf-8", newline="") as text:
            self.rows = list(csv.reader(text))

    def place(self, column: str) -> int:
        return self.rows[0].index(column)

    def any_row(self, keep: Callable[[dict[str, str]], bool] = lambda row: True) -> int:
        """A row for which the condition holds, drawn by lot; its number."""
        found = [
            number
            for number, cells in enumerate(self.rows[1:], 2)
            if keep(dict(zip(self.rows[0], cells, strict=True)))
        ]
        return self.draw.choice(found)

    def cell(self, number: int, column: str) -> str:
        return self.rows[number - 1][self.place(column)]

    def put(self, number: int, column: str, text: str) -> None:
        self.rows[number - 1][self.place(column)] = text

    def text(self, delimiter: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(self.rows)  # type: ignore[arg-type]
        return out.getvalue()

    def lines(self) -> list[str]:
        """Each row as it is written, its line end included."""
        return [self.line(cells) for cells in self.rows]

    @staticmethod
    def line(cells: list[str]) -> str:
        """One row as it is written."""
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerow(cells)
        return out.getvalue()


# ---- faults of one cell --------------------------------------------------------------------------

Change = Callable[[str], str]


class Slip(NamedTuple):
    """What happens to one cell of a column in a row that `where` holds for."""

    fault: str
    file: str
    column: str
    change: Change
    likely: str = ""
    where: Callable[[dict[str, str]], bool] = lambda row: True


def to(text: str) -> Change:
    return lambda old: text


def counted(row: dict[str, str]) -> bool:
    return bool(row["events"]) and not row["percent"]


def crude(row: dict[str, str]) -> bool:
    return bool(row["events"]) and row["percent_kind"] == "crude"


SLIPS = (
    # what the numbers cannot be
    Slip("more events than n", "outcomes.csv", "events", to("460"), where=counted),
    Slip("negative", "outcomes.csv", "events", lambda old: f"-{int(old) + 1}", where=counted),
    Slip("a fraction", "outcomes.csv", "events", lambda old: f"{old}.5", where=counted),
    Slip("point nought", "outcomes.csv", "n", lambda old: f"{old}.0", where=counted),
    Slip("in words", "outcomes.csv", "events", to("four"), "4", counted),
    Slip("empty n", "outcomes.csv", "n", to(""), where=counted),
    Slip("empty events", "outcomes.csv", "events", to(""), where=counted),
    Slip("n of nobody", "outcomes.csv", "n", to("0"), where=counted),
    Slip("impossible percent", "outcomes.csv", "percent", lambda old: str(float(old) - 7), where=crude),
    Slip("more than a hundred percent", "outcomes.csv", "percent", to("166"), where=crude),
    Slip("span the wrong way", "outcomes.csv", "weeks_to", to("0.5"), where=lambda row: bool(row["weeks_from"])),
    Slip("year too short", "studies.csv", "year", to("202")),
    Slip("negative treated", "studies.csv", "treated", lambda old: f"-{old}", where=lambda row: bool(row["treated"])),
    # spreadsheets that know better
    Slip("a date, English", "outcomes.csv", "events", to("03-Dec"), "3/12 or 12/3", counted),
    Slip("a date, French", "outcomes.csv", "events", to("12-févr."), "12/2 or 2/12", counted),
    Slip("a date, German", "outcomes.csv", "weeks_from", to("8. Jul"), "8.7 or 7.8", lambda row: bool(row["weeks_from"])),
    Slip("a date, ISO", "outcomes.csv", "n", to("2026-12-03"), "3/12 or 12/3", counted),
    Slip("a date with its time", "outcomes.csv", "n", to("2026-12-03 00:00:00"), "3/12 or 12/3", counted),
    Slip("a date in figures", "outcomes.csv", "n", to("03/12/2026"), "3/12 or 12/3", counted),
    Slip("a month and a year", "outcomes.csv", "n", to("Mar-49"), "3/49", counted),
    Slip("a date as its number", "outcomes.csv", "events", to("46359"), "3/12 or 12/3", counted),
    Slip("a date for a percentage", "outcomes.csv", "percent", to("08-Sep"), "8.9 or 9.8", crude),
    Slip("scientific notation", "outcomes.csv", "n", to("1E+02"), "100", counted),
    Slip("an apostrophe before it", "outcomes.csv", "n", lambda old: f"'{old}", where=counted),
    Slip("a formula", "outcomes.csv", "n", to("=47+60"), "107", counted),
    Slip("a formula in a text", "outcomes.csv", "note", to("=A2&B2")),
    Slip("a formula's error", "outcomes.csv", "percent", to("#REF!"), where=crude),
    Slip("a column too narrow", "outcomes.csv", "n", to("###"), where=counted),
    # separators and signs
    Slip("thousands, comma", "outcomes.csv", "n", to("1,234"), "1234", counted),
    Slip("thousands, point", "outcomes.csv", "n", to("1.234"), "1234", counted),
    Slip("thousands, space", "outcomes.csv", "n", to("1 234"), "1234", counted),
    Slip("thousands, no-break space", "outcomes.csv", "n", to("1\u00a0234"), "1234", counted),
    Slip("thousands, apostrophe", "outcomes.csv", "n", to("1'234"), "1234", counted),
    Slip("thousands or a decimal comma", "scores.csv", "value", to("1,234"), "1234 or 1.234"),
    Slip("a decimal comma", "outcomes.csv", "percent", lambda old: f"{float(old):.1f}".replace(".", ","), where=crude),
    Slip("a decimal comma in a score", "scores.csv", "value", to("17,5"), "17.5"),
    Slip("a decimal comma in an own column", "patients.csv", "follow_up_months", to("3,5"), "3.5"),
    Slip("a percent sign", "outcomes.csv", "percent", lambda old: f"{old}%", where=crude),
    Slip("a percentage for a count", "outcomes.csv", "events", to("66%"), "66 in the column percent", counted),
    Slip("a count with its percentage", "outcomes.csv", "events", to("4 (66%)"), "4", counted),
    Slip("two numbers in one cell", "outcomes.csv", "events", to("4/6"), "events 4, n 6", counted),
    Slip("a plus sign", "outcomes.csv", "events", lambda old: f"+{old}", where=counted),
    Slip("a letter for a digit", "outcomes.csv", "n", to("1O7"), "107", counted),
    Slip("digits of another script", "outcomes.csv", "n", to("٢٢"), "22", counted),
    Slip("a footnote's sign", "outcomes.csv", "n", lambda old: f"{old}†", where=counted),
    Slip("a unit", "outcomes.csv", "weeks", to("12 weeks"), "12", lambda row: row["weeks"].isdigit()),
    Slip("months for weeks", "outcomes.csv", "weeks", to("3 months"), "13.04", lambda row: row["weeks"].isdigit()),
    Slip("n/a", "outcomes.csv", "n", to("n/a"), "an empty cell", counted),
    Slip("a dash for nothing", "outcomes.csv", "events", to("-"), "an empty cell", counted),
    # what nobody sees
    Slip("a zero-width space in a key", "outcomes.csv", "study", lambda old: f"{old[:4]}\u200b{old[4:]}"),
    Slip("a zero-width space in a text", "studies.csv", "title", lambda old: f"{old[:4]}\u200b{old[4:]}"),
    Slip("a byte-order mark in mid file", "outcomes.csv", "study", lambda old: f"\ufeff{old}"),
    Slip("a no-break space in an arm", "outcomes.csv", "arm", lambda old: old.replace(" ", "\u00a0"), where=lambda row: " " in row["arm"]),
    Slip("two spaces in an arm", "outcomes.csv", "arm", lambda old: old.replace(" ", "  ", 1), where=lambda row: " " in row["arm"]),
    Slip("a soft hyphen in a word", "studies.csv", "design", lambda old: f"{old[:4]}\u00ad{old[4:]}"),
    Slip("a direction mark in a number", "outcomes.csv", "n", lambda old: f"\u202d{old}", where=counted),
    Slip("a space after a key", "outcomes.csv", "study", lambda old: f"{old} "),
    Slip("a space before a number", "outcomes.csv", "n", lambda old: f" {old}", where=counted),
    Slip("a space for nothing", "outcomes.csv", "percent", to(" "), "an empty cell", counted),
    Slip("a NUL character", "outcomes.csv", "locator", lambda old: f"{old}\x00x"),
    Slip("a control character", "outcomes.csv", "locator", lambda old: f"\x1b{old}"),
    Slip("a letter that only looks Latin", "studies.csv", "study", lambda old: old.replace("a", "а", 1)),
    Slip("a letter that only looks Latin in an arm", "outcomes.csv", "arm", lambda old: old.replace("o", "о", 1)),
    Slip("an accent of its own", "cohorts.csv", "cohort", to("ca\u0301diz"), "cádiz", lambda row: row["cohort"] == "cadiz"),
    Slip("a letter lost", "studies.csv", "authors", lambda old: f"{old[:3]}\ufffd{old[4:]}"),
    Slip("UTF-8 read twice", "studies.csv", "authors", lambda old: old.encode().decode("cp1252"), where=lambda row: "í" in row["authors"]),
    # words
    Slip("last visit misspelt", "outcomes.csv", "weeks", to("last vist"), "last visit", lambda row: row["weeks"] == "last visit"),
    Slip("no time", "outcomes.csv", "weeks", to("")),
    Slip("time unknown", "outcomes.csv", "weeks", to("NA"), "not stated"),
    Slip("a state misspelt", "outcomes.csv", "state", to("verifed"), "verified"),
    Slip("a state in capitals", "outcomes.csv", "state", to("READ"), "read"),
    Slip("no such kind of percentage", "outcomes.csv", "percent_kind", to("adjusted"), where=crude),
    Slip("no source", "outcomes.csv", "source", to("")),
    Slip("a split without its part", "outcomes.csv", "split", to("sex"), where=counted),
    Slip("a design misspelt", "studies.csv", "design", to("case serie"), "case series"),
    Slip("a DOI as an address", "studies.csv", "doi", lambda old: f"https://doi.org/{old}", where=lambda row: bool(row["doi"])),
    Slip("a PubMed number with its name", "studies.csv", "pmid", to("PMID: 37378095"), "37378095"),
    Slip("a month and a year for a date", "studies.csv", "recruited_from", to("Jul-23"), "2023-07"),
    Slip("a date in two readings", "studies.csv", "recruited_to", to("03/04/2024"), "2024-04-03 or 2024-03-04"),
    Slip("no certainty", "overlaps.csv", "certainty", to("maybe")),
    Slip("no reason", "overlaps.csv", "reason", to("")),
    Slip("no such statistic", "statements.csv", "statistic", to("medain"), "median"),
    Slip("a range for a number", "statements.csv", "value", to("17-47")),
    Slip("half an infusion", "patients.csv", "infusions", to("2.5")),
    Slip("an age with its unit", "patients.csv", "age", lambda old: f"{old} years"),
    Slip("no score", "scores.csv", "value", to("")),
    # keys
    Slip("an unknown report", "outcomes.csv", "study", to("viedma2052"), "viedma2025"),
    Slip("a report in capitals", "outcomes.csv", "study", to("Carter2023"), "carter2023"),
    Slip("an unknown outcome", "outcomes.csv", "outcome", to("clasi5O"), "clasi50"),
    Slip("an unknown report in cohorts", "cohorts.csv", "study", to("carter2032"), "carter2023", lambda row: row["study"] == "carter2023"),
    Slip("an unknown cohort", "overlaps.csv", "cohort_b", to("leads"), "leeds"),
    Slip("a cohort with itself", "overlaps.csv", "cohort_b", to("cadiz"), where=lambda row: row["cohort_a"] == "cadiz"),
    Slip("a key of two words", "cohorts.csv", "cohort", to("Leeds 2023"), "Leeds-2023", lambda row: row["cohort"] == "leeds"),
    Slip("an unknown patient", "scores.csv", "patient", to("7")),
)  # fmt: skip


def slip(entry: Slip) -> Copy:
    """The table with that one cell changed."""
    sheet = Sheet(entry.file, random.Random(f"{SEED} {entry.fault}"))
    number = sheet.any_row(lambda row: bool(entry.where(row)) and _changes(entry, row))
    old = sheet.cell(number, entry.column)
    sheet.put(number, entry.column, entry.change(old))
    column = ELSEWHERE.get(entry.fault, entry.column)
    return Copy(
        _name(entry.fault), entry.file, entry.fault, number, column, entry.likely, sheet.text().encode()
    )


def _changes(entry: Slip, row: dict[str, str]) -> bool:
    return entry.change(row[entry.column]) != row[entry.column] and (
        entry.column != "study" or len(row["study"]) > 4
    )


ELSEWHERE = {"a split without its part": "subgroup"}
"""What is missing is in another cell than the one that asks for it."""


# ---- faults of a row, of the header, of the file -------------------------------------------------


def structural() -> list[Copy]:
    """Everything that is not one cell."""
    made: list[Copy] = []

    def add(fault: str, file: str, row: int, column: str, raw: str | bytes, likely: str = "") -> None:
        made.append(
            Copy(
                _name(fault), file, fault, row, column, likely, raw.encode() if isinstance(raw, str) else raw
            )
        )

    def sheet(fault: str, file: str = "outcomes.csv") -> Sheet:
        return Sheet(file, random.Random(f"{SEED} {fault}"))

    for file, key in (
        ("outcomes.csv", "study"),
        ("studies.csv", "study"),
        ("patients.csv", "study"),
        ("cohorts.csv", "study"),
        ("references.csv", "cited_by"),
    ):
        table = sheet(fault := f"a row twice in {file}", file)
        table.rows.append(list(table.rows[table.any_row() - 1]))
        add(fault, file, len(table.rows), key, table.text())
    table = sheet(fault := "a pair of cohorts the other way round", "overlaps.csv")
    first = list(table.rows[1])
    first[:2] = first[1::-1]
    table.rows.append(first)
    add(fault, "overlaps.csv", len(table.rows), "cohort_a", table.text())

    table = sheet(fault := "a cell too many")
    number = table.any_row()
    table.rows[number - 1].insert(3, "")
    add(fault, "outcomes.csv", number, "", table.text())
    table = sheet(fault := "a cell too few")
    number = table.any_row()
    del table.rows[number - 1][3]
    add(fault, "outcomes.csv", number, "", table.text())
    table = sheet(fault := "a row with other separators")
    number = table.any_row(
        lambda row: ";" not in "".join(row.values()) + "," and "," not in "".join(row.values())
    )
    lines = table.lines()
    lines[number - 1] = lines[number - 1].replace(",", ";")
    add(fault, "outcomes.csv", number, "", "".join(lines), "commas between the cells, as in the other rows")
    for fault, change, column in (
        ("a quote left open", lambda line, cell: line.replace(f",{cell},", f',"{cell},', 1), "outcome"),
        ("a quote in a cell without any around it", lambda line, cell: line.replace(f",{cell},", f',{cell[:3]}"{cell[3:]},', 1), "outcome"),
        ("a single quote within quotes", lambda line, cell: line.replace(f",{cell},", f',"{cell[:3]}"{cell[3:]}",', 1), "outcome"),
    ):  # fmt: skip
        table = sheet(fault)
        number = table.any_row()
        lines = table.lines()
        lines[number - 1] = change(lines[number - 1], table.cell(number, column))
        add(fault, "outcomes.csv", number, column, "".join(lines))
    table = sheet(fault := "a space before the quotes", "studies.csv")
    number = table.any_row(lambda row: "," in row["authors"])
    lines = table.lines()
    lines[number - 1] = lines[number - 1].replace(',"', ', "', 1)
    add(fault, "studies.csv", number, "", "".join(lines), "no space before the quotes")
    for fault, old, new in (
        ("one line end of Windows", "\n", "\r\n"),
        ("one line end of the old Macintosh", "\n", "\r"),
        ("a stray line end between two cells", ",", "\r,"),
        ("a stray line end within a cell", "anifro", "ani\rfro"),
    ):
        table = sheet(fault)
        number = table.any_row(lambda row: not any(sign in "".join(row.values()) for sign in '",\n'))
        lines = table.lines()
        lines[number - 1] = lines[number - 1].replace(old, new, 1)
        add(fault, "outcomes.csv", number, "", "".join(lines))
    table = sheet(fault := "the header again")
    number = table.any_row()
    table.rows.insert(number - 1, list(table.rows[0]))
    add(fault, "outcomes.csv", number, "", table.text())

    for fault, old, new, column, likely in (
        ("an unknown column", "time_printed", "remarks", "remarks", ""),
        ("a column misspelt", "events", "evnts", "evnts", "events"),
        ("a column under another name", "n", "Sample size", "Sample size", "n"),
        ("a column in capitals", "weeks", "WEEKS", "WEEKS", "weeks"),
        ("a column twice", "scale", "threshold", "threshold", ""),
        ("a column without a name", "scale", "", "", ""),
        ("a space after a column's name", "events", "events ", "events", "events"),
        ("something invisible in a column's name", "study", "study\u200b", "", "study"),
    ):
        table = sheet(fault)
        table.rows[0][table.place(old)] = new
        add(fault, "outcomes.csv", 1, column, table.text(), likely)
    for fault, file, name in (
        ("no column for the state", "outcomes.csv", "state"),
        ("no column for n", "outcomes.csv", "n"),
        ("no column for the source", "outcomes.csv", "source"),
        ("no column for the report", "scores.csv", "study"),
    ):
        table = sheet(fault, file)
        place = table.place(name)
        for cells in table.rows:
            del cells[place]
        add(fault, file, 1, name, table.text())
    table = sheet(fault := "a semicolon in the header")
    lines = table.lines()
    add(fault, "outcomes.csv", 1, "", "".join([lines[0].replace(",", ";", 1), *lines[1:]]))
    add("no header", "outcomes.csv", 1, "", "".join(lines[1:]))
    add("a title above the header", "outcomes.csv", 1, "", "Table 1. Outcomes\n" + "".join(lines))

    table = sheet(fault := "one byte of Windows-1252", "studies.csv")
    number = table.any_row(lambda row: "í" in row["authors"])
    raw = table.text().encode()
    at = sum(len(line.encode()) for line in table.lines()[: number - 1])
    add(fault, "studies.csv", number, "authors", raw[:at] + raw[at:].replace("í".encode(), b"\xed", 1))
    text = table.text()
    first_row = next(n for n, cells in enumerate(table.rows, 1) if not "".join(cells).isascii())
    first_column = next(
        table.rows[0][i] for i, cell in enumerate(table.rows[first_row - 1]) if not cell.isascii()
    )
    add("all of it Windows-1252", "studies.csv", first_row, first_column, text.encode("cp1252", "replace"))
    add("UTF-16", "studies.csv", 0, "", text.encode("utf-16"))
    add(
        "a spreadsheet by another name",
        "studies.csv",
        0,
        "",
        b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00",
    )
    add("an empty file", "studies.csv", 0, "", b"")
    table = sheet(fault := "two decimal marks", "scores.csv")
    number = table.any_row(lambda row: "." in row["weeks"])
    kept = table.cell(number, "weeks")
    for cells in table.rows[1:]:
        cells[table.place("weeks")] = cells[table.place("weeks")].replace(".", ",")
    likely = table.cell(number, "weeks")
    table.put(number, "weeks", kept)
    add(fault, "scores.csv", number, "weeks", table.text(";"), likely)
    return made


def clean() -> list[Copy]:
    """Other ways to write outcomes.csv that mean the same, so that nothing is to be found."""
    made = []
    for form, change in (
        ("line ends of Windows", lambda s: s.text(end="\r\n")),
        ("line ends of the old Macintosh", lambda s: s.text(end="\r")),
        ("a byte-order mark", lambda s: "\ufeff" + s.text()),
        ("semicolons", lambda s: s.text(";")),
        ("semicolons and decimal commas", _with_commas),
        ("tabs", lambda s: s.text("\t")),
        ("every cell in quotes", lambda s: s.text(quoting=csv.QUOTE_ALL)),
        ("no line end at the end", lambda s: s.text().rstrip("\n")),
        (
            "blank rows",
            lambda s: s.text().replace("\n", "\n\n", 1) + "\n" + "," * (len(s.rows[0]) - 1) + "\n",
        ),
        ("a space after each comma", _with_spaces),
    ):
        sheet = Sheet("outcomes.csv", random.Random(SEED))
        made.append(Copy(_name(f"clean {form}"), "outcomes.csv", form, None, "", "", change(sheet).encode()))
    return made


def _with_commas(sheet: Sheet) -> str:
    """Semicolons between cells and a comma in every number with decimals."""
    for column in ("weeks", "weeks_from", "weeks_to", "percent"):
        place = sheet.place(column)
        for cells in sheet.rows[1:]:
            cells[place] = cells[place].replace(".", ",")
    return sheet.text(";")


def _with_spaces(sheet: Sheet) -> str:
    """A space before each cell but the first and those in quotes, where it would be part of the text."""
    rows = [
        [cell.removesuffix("\n") for cell in map(sheet.line, ([cell] for cell in cells))]
        for cells in sheet.rows
    ]
    rows = [["" if cell == '""' else cell for cell in cells] for cells in rows]
    return "".join(
        cells[0] + "".join(f",{cell}" if cell.startswith('"') else f", {cell}" for cell in cells[1:]) + "\n"
        for cells in rows
    )


def _name(fault: str) -> str:
    return (
        "".join(c if c.isascii() and c.isalnum() else "-" for c in fault.lower())
        .strip("-")
        .replace("--", "-")
    )


# ---- files ---------------------------------------------------------------------------------------


def made() -> dict[str, bytes]:
    """File name -> bytes of every copy, and of the index."""
    copies = [*map(slip, SLIPS), *structural(), *clean()]
    out = io.StringIO()
    index = csv.writer(out, lineterminator="\n")
    index.writerow(["copy", "file", "fault", "row", "column", "likely"])
    for copy in copies:
        row = "" if copy.row is None else copy.row
        index.writerow([f"{copy.name}.csv", copy.file, copy.fault, row, copy.column, copy.likely])
    files = {f"{copy.name}.csv": copy.raw for copy in copies}
    assert len(files) == len(copies), "two copies of one name"
    return {**files, "index.csv": out.getvalue().encode()}


def cut() -> None:
    """The small review, from the rows of data/ that are named above."""
    shutil.rmtree(REVIEW, ignore_errors=True)
    REVIEW.mkdir(parents=True)
    names = dict.fromkeys(outcome for _, _, outcome in OUTCOMES)
    blocks = [f'[outcomes.{name}]\nlabel = "{name.replace("_", " ")}"\n' for name in names]
    (REVIEW / "review.toml").write_text(QUESTION.format(outcomes="\n".join(blocks)), encoding="utf-8")
    for file in sorted((ROOT / "data").glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as text:
            header, *rows = csv.reader(text)
        kept = [cells for cells in rows if _is_kept(file.stem, dict(zip(header, cells, strict=True)))]
        for cells in kept:  # a hundred copies are made: long remarks are not what they are for
            for place, name in enumerate(header):
                if name in REMARKS:
                    cells[place] = cells[place][:LONGEST]
        if file.stem == "outcomes":  # a cell of two lines is one row to a spreadsheet, and must be one here
            kept[0][header.index("note")] += "\nsecond line"
        with (REVIEW / file.name).open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows([header, *kept])


def _is_kept(table: str, row: dict[str, str]) -> bool:
    if table == "outcomes":
        return (row["study"], row["subgroup"], row["outcome"]) in OUTCOMES and row["arm"] != "placebo"
    if table == "overlaps":
        return {row["cohort_a"], row["cohort_b"]} <= set(COHORTS)
    if table == "references":
        return row["study"] in REPORTS
    if table == "statements":
        return row["study"] == "viedma2025" and row["place"] == "text" and row["statistic"] == "median"
    return row["study"] in REPORTS


if __name__ == "__main__":
    if sys.argv[1:] == ["cut"]:
        cut()
    for old in HOME.glob("*.csv"):
        old.unlink()
    for name, raw in made().items():
        (HOME / name).write_bytes(raw)
