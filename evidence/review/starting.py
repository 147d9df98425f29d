"""A new review: a folder with a question, tables with nothing but their headers, and a page that explains them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from unicodedata import combining, normalize

from evidence.errors import InputError, OptionError
from evidence.files import write_whole
from evidence.review.question import FILE, FORMAT
from evidence.review.schema import DESIGNS, PATTERNS, STATES, TABLES, Table
from evidence.review.tables import Review, load
from evidence.review.writing import LOCK

FIRST = ("studies", "cohorts", "overlaps", "outcomes", "patients", "scores", "references")
"""Tables a review starts with; the others are made with their first row."""

INTRODUCTION = """\
A review for `evidence`: a question in `review.toml`, the data in tables, one fact a row.
A table opens in any spreadsheet; save it as CSV UTF-8."""

README, IGNORED = "README.md", ".gitignore"
KEPT = frozenset({".git"})
"""What may be in the folder already."""

MEANS = {
    "verified": "somebody read it in the full text: `evidence verify` records who, where and when",
    "read": "read in an abstract or a register entry",
    "secondary": "reported by another source",
    "unverified": "recalled or assumed; never leads an answer",
}
"""How a number was read, for the page that explains the tables."""


class Start(NamedTuple):
    """What a new review is about. `weeks` is a window, None for any time; `ours` a report's key."""

    title: str
    outcome: str
    definition: str = ""
    better: str = "higher"
    scale: str = ""
    weeks: tuple[float, float] | None = None
    designs: tuple[str, ...] = ("case series", "cohort")
    ours: str = ""

    @property
    def key(self) -> str:
        return key_of(self.outcome)


def key_of(label: str) -> str:
    """A label as a key: "IGA 0/1" -> iga_0_1. Raises `OptionError` where nothing is left of it."""
    plain = "".join(c for c in normalize("NFKD", label) if not combining(c)).casefold()
    key = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if not key:
        raise OptionError("outcome", label, "a name with letters or digits, such as PASI-75")
    return key


def start(folder: str | Path, about: Start) -> Review:
    """Make a review in a folder that is not there, or is empty. Raises `InputError` where it cannot be made."""
    _check(about)
    files = {table.file: _header(table) for table in (TABLES[name] for name in FIRST)}
    files |= {README: readme(about), IGNORED: f"{LOCK}\n.*.part\n"}
    if about.ours:
        files[TABLES["studies"].file] += _ours(about.ours)
    files[FILE] = toml(about)  # last: a folder with it is a review
    return _make(folder, {name: text.encode() for name, text in files.items()})


def copy_shipped(folder: str | Path) -> Review:
    """A copy of the review that comes with evidence, to be changed. Raises `InputError` as `start` does."""
    from importlib.resources import files

    shipped = files("evidence.data")
    found = {
        entry.name: entry.read_bytes()
        for entry in shipped.iterdir()
        if entry.is_file() and _copied(entry.name)
    }
    papers = shipped / "papers"
    if papers.is_dir():
        found |= {f"papers/{entry.name}": entry.read_bytes() for entry in papers.iterdir() if entry.is_file()}
    found[IGNORED] = f"{LOCK}\n.*.part\n".encode()
    found[FILE] = found.pop(FILE)
    return _make(folder, found)


def _copied(name: str) -> bool:
    return name == FILE or name.endswith((".csv", ".md"))


def _check(about: Start) -> None:
    """Raise `OptionError` for what could not be written as it is meant."""
    for name in ("title", "outcome", "definition", "scale"):
        text = getattr(about, name)
        if not text.isprintable():
            raise OptionError(name, text, "visible characters on one line")
    if not about.title.strip():
        raise OptionError("title", about.title, "what the review is about")
    if about.better not in ("higher", "lower"):
        raise OptionError("better", about.better, "higher, lower")
    for design in about.designs:
        if design not in DESIGNS:
            raise OptionError("design", design, DESIGNS)
    if about.ours and not PATTERNS["key"][0].fullmatch(about.ours):
        raise OptionError("ours", about.ours, PATTERNS["key"][1])


def _make(folder: str | Path, files: dict[str, bytes]) -> Review:
    """The files, all of them or none: made beside the folder, checked, and put in its place."""
    target = os.path.abspath(os.fspath(folder))
    there = os.path.lexists(target)
    try:
        inside = set(os.listdir(target)) if there else set()
    except OSError as error:
        raise InputError(f"{folder} is not a folder that can be used: {error.strerror}") from error
    if inside - KEPT:
        shown = ", ".join(sorted(inside - KEPT)[:5])
        what = "holds a review already" if FILE in inside else "is not empty"
        raise InputError(f"{folder} {what} ({shown}); name a new folder")
    beside = f"{target}.{os.getpid()}.part"
    try:
        os.makedirs(beside)
        for name, data in files.items():
            path = os.path.join(beside, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_whole(path, data, sync=False)
        load(beside)
        if (
            inside
        ):  # a repository without files: they are moved in one by one, the one that makes it a review last
            for name in dict.fromkeys(name.split("/")[0] for name in files):
                os.replace(os.path.join(beside, name), os.path.join(target, name))
        else:
            if there:
                os.rmdir(target)
            os.rename(beside, target)
    except OSError as error:
        raise InputError(f"cannot make {folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return load(folder)


# ---- the files -----------------------------------------------------------------------------------


def _header(table: Table) -> str:
    return ",".join(column.name for column in table.columns) + "\n"


def _ours(key: str) -> str:
    """Our own series as the first report: a case series nobody has read about yet."""
    cells = {"study": key, "label": "Ours", "design": "case series", "state": "unverified"}
    return ",".join(cells.get(column.name, "") for column in TABLES["studies"].columns) + "\n"


def toml(about: Start) -> str:
    """review.toml, with a word about every line."""
    key = about.key
    weeks = "# weeks = [8, 26]                     # the nearest row within these weeks; without, any time"
    visit = "last_visit = true                     # a row at the last visit counts, and is said to"
    if about.weeks is not None:
        low, high = (f"{week:g}" for week in about.weeks)
        weeks = _aside(f"weeks = [{low}, {high}]", "the nearest row within these weeks; else")
    ours = '# ours = "key"                        # your own series, a key of studies.csv'
    if about.ours:
        ours = _aside(f"ours = {_text(about.ours)}", "your own series, a key of studies.csv")
    designs = ", ".join(map(_text, about.designs))
    pool = _aside(f"pool = {{ design = [{designs}] }}", "which reports are pooled")
    if not about.designs:
        pool = '# pool = { design = ["case series"] }   # which reports are pooled; without, any'
    lines = [
        "# The question, fixed before the numbers are seen. Lines that start with # are remarks, or lines not in use.",
        "",
        f"format = {FORMAT}",
        f"title = {_text(about.title)}",
        "",
        "# ---- outcomes: what is counted; one part each, its name as in outcomes.csv",
        "",
        f"[outcomes.{key}]",
        f"label = {_text(about.outcome)}",
        f"definition = {_text(about.definition)}" if about.definition else '# definition = "..."',
        _aside(f"better = {_text(about.better)}", "higher or lower"),
        f"scale = {_text(about.scale)}"
        if about.scale
        else '# scale = "..."                       # what it is measured on',
        "# From the scores of single patients (scores.csv), by a rule; at_most, below, at_least, above too:",
        '# patients = { score = "score", reduction_at_least = 0.5 }',
        "",
        "# ---- analyses: what is pooled, and with what it is compared",
        "",
        "[analyses.primary]",
        f"outcome = {_text(key)}",
        pool,
        weeks,
        visit,
        ours,
        '# reference = { study = "key", arm = "drug", weeks = 12 }   # the trial to compare with',
        "",
        "# ---- columns of your own, by table; kinds: text, key, integer, number, date, or a list of words",
        "",
        "# [columns.studies]",
        '# ethnicity = "text"',
        "",
        "# ---- searches, for evidence update",
        "",
        "# [searches.new]",
        '# database = "pubmed"',
        '# query = "drug[tiab] AND disease[tiab]"',
    ]
    return "\n".join(lines) + "\n"


def _aside(line: str, remark: str) -> str:
    return f"{line:37} # {remark}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def readme(about: Start) -> str:
    """The page that explains the folder: what is where, what is meant, how to go on."""
    key = about.key
    parts = [
        f"# {_plain(about.title)}",
        INTRODUCTION,
        "\n".join(("```console", *_examples(key), "```")),
        "Run them in this folder. On a terminal `evidence add outcome` asks for what is missing.",
        "Times are weeks from the start (12), `last visit` or `not stated`. Each number says how it was read (`state`):",
        "\n".join(f"- `{state}`: {MEANS[state]}" for state in STATES),
        "## Tables",
        "A column in bold must be filled; tables that are not there yet are made with their first row.",
        *(_about(table) for table in TABLES.values()),
    ]
    return "\n\n".join(parts) + "\n"


def _examples(key: str) -> tuple[str, ...]:
    read = "--state read --source https://doi.org/... --yes"
    return (
        f'$ evidence add report --study lin2024 --year 2024 --design "case series" {read}',
        f"$ evidence add outcome --study lin2024 --outcome {key} --weeks 12 --events 5 --n 6 {read}",
        "$ evidence check",
        "$ evidence pool",
    )


def _plain(text: str) -> str:
    """A title that Markdown leaves alone."""
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", text)


def _about(table: Table) -> str:
    rows = [f"| {_bold(column.name, column.required)} | {column.meaning} |" for column in table.columns]
    return "\n".join([f"### {table.file}", "", "| column | holds |", "|---|---|", *rows])


def _bold(name: str, bold: bool) -> str:
    return f"**`{name}`**" if bold else f"`{name}`"


def next_steps(folder: str | Path, review: Review, outcome: str) -> Sequence[str]:
    """Commands that go on from here."""
    import shlex

    place = shlex.quote(os.fspath(folder))
    if review.rows:
        return (f"cd {place}", "evidence check", "evidence pool")
    return (
        f"cd {place}",
        "evidence add report",
        f"evidence add outcome --outcome {outcome}",
        "evidence pool",
    )
