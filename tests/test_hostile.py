"""A review whose every text is an attack: whatever a command prints or writes of it is harmless.

The shipped review with attacks in all free texts of its tables and of review.toml. Labels, notes, sources and the like come
from papers, from a spreadsheet somebody sent, from the web; none of them may command a terminal, a browser, a spreadsheet,
LaTeX, R or Word.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path
from unicodedata import category

import pytest
from click.testing import CliRunner

from evidence.cli import main
from evidence.review.schema import TABLES

REFUSED = ("=cmd|' /C calc'!A0", "\x1b]0;owned\x07\x1b[31mred", "\u202egnp.exe\u200b")
"""What no table may hold: said to be a problem, and never acted on."""

ATTACKS = (
    "<script>alert(1)</script>",
    r"\write18{touch owned}\input{/etc/passwd}",
    "[click](javascript:alert(1)) ![](http://evil.example/x.png)",
    '"); system("touch owned") #',
    "{{ 7 * 7 }}{% raise %}",
    "| a | b |",
    "../../../etc/passwd",
    '{ HYPERLINK "http://evil.example" }',
    '<img src=x onerror="alert(1)">',
    "%s %n {0} {missing}",
    "javascript:alert(1)",
    "@SUM(1+1)",
    "+1+1",
    "w" * 3000,
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "review"
    shutil.copytree("data", folder, ignore=shutil.ignore_patterns("__*"))
    attacks, written = cycle(ATTACKS), cycle(REFUSED + ATTACKS)
    for table in TABLES.values():
        path = folder / f"{table.name}.csv"
        if path.exists():
            free = {c.name for c in table.columns if c.kind == "text" and not (c.words or c.refers)}
            _attack(path, free - {"verified_by", "split", "not_poolable", "where", "criterion"}, attacks)
    toml = (folder / "review.toml").read_text(encoding="utf-8")
    free = re.compile(r'^(title|label|definition|query|reason|note|why) = "(.*)"$', re.MULTILINE)
    attacked = free.sub(lambda m: f"{m[1]} = {json.dumps(m[2] + ' ' + next(written)[:300])}", toml)
    assert attacked != toml
    (folder / "review.toml").write_text(attacked, encoding="utf-8")
    return folder


def _attack(path: Path, columns: set[str], attacks: Iterator[str]) -> None:
    """An attack behind every free text, in front of every third, and in every seventh empty cell."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header, rows = list(reader.fieldnames or ()), list(reader)
    for number, row in enumerate(rows):
        for name in sorted(columns & row.keys()):
            attack = next(attacks)
            if row[name]:
                row[name] = f"{attack} {row[name]}" if number % 3 == 0 else f"{row[name]} {attack}"
            elif number % 7 == 0:
                row[name] = attack
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def run(args: Sequence[str], hostile: Path, folder: Path) -> bytes:
    """What the command writes to stdout, its words on stderr being harmless too; nothing else is written."""
    before = set(folder.rglob("*"))
    done = CliRunner().invoke(main, [*args, "--review", str(hostile)], catch_exceptions=False)
    assert done.exit_code in (0, 1), (args, done.stderr)
    assert set(folder.rglob("*")) == before
    assert_plain(done.stderr)
    return done.stdout_bytes


def assert_plain(text: str) -> None:
    """No control character, no invisible one, no direction override."""
    strange = {c for c in text if category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and c not in "\n\t"}
    assert not strange, (strange, text[:300])


def assert_cells(text: str) -> None:
    """No cell that a spreadsheet would compute."""
    number = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")
    rows = list(csv.reader(io.StringIO(text), strict=True))
    assert len({len(row) for row in rows}) == 1
    for row in rows:
        for cell in row:
            assert not re.match(r"\s*[=+\-@\t\r＝＋－＠]", cell) or number.fullmatch(cell), cell[:80]


class Tags(HTMLParser):
    """Elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def assert_page(text: str, *, scripts: int) -> None:
    """A page with our own scripts only, no handler, no picture or frame from elsewhere, no address but of the web."""
    page = Tags()
    page.feed(text)
    assert page.elements.count("script") == scripts
    assert not {"iframe", "object", "embed", "base", "link"} & set(page.elements)
    for name, value in page.attributes:
        assert not name.startswith("on"), name
        if name in ("href", "src", "action", "xlink:href"):
            assert re.match(r"(https?://|#|data:image/png)", value), value


COMMANDS = [
    ("pool", "--excluded", "--panel"),
    ("pool", "--methods", "--show-r"),
    ("pool", "--by", "design"),
    ("compare",),
    ("compare", "all"),
    ("sensitivity",),
    ("trial", "--weeks", "12"),
    ("regress", "~ n", "--outcome", "discontinuation"),
    ("influence",),
    ("gosh",),
    ("responders",),
    ("scores",),
    ("outcomes",),
    ("show", "carter2023"),
    ("show", "viedma2025", "clasi50"),
    ("check",),
    ("audit",),
    ("overlap",),
    ("quality",),
    ("flow",),
    ("cite",),
    ("write", "results"),
    ("checklist", "prisma"),
    ("table", "characteristics"),
    ("table", "findings"),
    ("table", "comparison"),
]


@pytest.mark.parametrize("attack", REFUSED)
def test_what_no_table_may_hold_is_a_problem(attack: str, hostile: Path, tmp_path: Path) -> None:
    shutil.copytree(hostile, tmp_path / "copy")
    _attack(tmp_path / "copy" / "studies.csv", {"label"}, cycle([attack]))
    done = CliRunner().invoke(main, ["check", "--review", str(tmp_path / "copy")])
    assert done.exit_code == 1
    assert re.search(r"studies\.csv\n +rows? 2[, \d]*, label: ", done.stdout)
    assert_plain(done.stdout + done.stderr)


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_no_terminal_is_commanded(
    args: tuple[str, ...], hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_plain(run(args, hostile, tmp_path).decode())


WITH_CSV = ["pool", "compare", "sensitivity", "trial", "outcomes", "audit", "overlap", "quality", "cite"]
WITH_CSV += [
    "responders",
    "influence",
    "write results",
    "checklist prisma",
    "table characteristics",
    "table comparison",
]


@pytest.mark.parametrize("name", WITH_CSV)
def test_no_spreadsheet_computes_a_cell(
    name: str, hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = run([*name.split(), "--format", "csv"], hostile, tmp_path).decode()
    assert_plain(text)
    assert_cells(text)


WITH_JSON = [
    "pool",
    "compare",
    "sensitivity",
    "trial",
    "audit",
    "check",
    "show carter2023",
    "quality",
    "overlap",
]


@pytest.mark.parametrize("name", WITH_JSON)
def test_json_is_json(name: str, hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = run([*name.split(), "--format", "json"], hostile, tmp_path).decode()
    json.loads(text, parse_constant=pytest.fail)
    assert_plain(text)


@pytest.mark.parametrize("name", ["pool", "compare", "report", "table characteristics", "table comparison"])
def test_markdown_shows_the_markup(
    name: str, hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = run([*name.split(), "--format", "markdown"], hostile, tmp_path).decode()
    assert_plain(text)
    assert not re.search(r"<(?!https?://)[a-z!/]", text)
    assert not re.search(r"(?<!\\)\]\((?!<?(https?://|#))", text)
    assert not re.search(r"(?<!\\)!\[", text)


@pytest.mark.parametrize("name", ["pool", "table characteristics", "table comparison", "table findings"])
def test_latex_prints_the_commands(
    name: str, hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = run([*name.split(), "--format", "latex"], hostile, tmp_path).decode()
    assert_plain(text)
    assert not re.search(r"\\(write|input|include|def|catcode|immediate)", text)


def test_the_page_runs_nothing_of_it(hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = run(["report"], hostile, tmp_path).decode()
    assert_plain(page)
    assert_page(page, scripts=1)
    assert "49" in page and "7 * 7" in page  # templates are text: nothing was computed
    assert_page(run(["table", "characteristics", "--format", "html"], hostile, tmp_path).decode(), scripts=0)


def test_a_bundle_keeps_its_files_to_itself(
    hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names within, cells, and the R code: what was to be run by R stands in a string."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(
        main, ["export", "all", "--output", "all.zip", "--review", str(hostile)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.stderr
    assert_plain(done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["all.zip"]
    with zipfile.ZipFile("all.zip") as archive:
        for name in archive.namelist():
            assert_plain(name)
            assert re.fullmatch(r"[\w.,()+ /-]+", name)
            assert not name.startswith("/") and ".." not in name.split("/")
            if name.endswith((".html", ".md", ".R", "result.csv", "result.json")):
                assert_plain(archive.read(name).decode())
            if name.endswith("result.csv"):
                assert_cells(archive.read(name).decode())
            if name.endswith(".R"):
                code = re.sub(r'"(?:[^"\\]|\\.)*"|#.*', "", archive.read(name).decode())
                assert "system(" not in code


def test_a_rule_is_never_code(hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A condition in review.toml, or on the command line, that calls something is a problem, not a call."""
    monkeypatch.chdir(tmp_path)
    code = "__import__('os').system('touch owned') or n >= 5"
    done = CliRunner().invoke(main, ["pool", "--where", code, "--review", str(hostile)])
    assert done.exit_code == 2
    shutil.copytree(hostile, "copy")
    toml = Path("copy/review.toml")
    text = toml.read_text(encoding="utf-8")
    toml.write_text(
        text.replace("reduction_at_least = 0.5 ", f"reduction_at_least = {json.dumps(code)} "), "utf-8"
    )
    done = CliRunner().invoke(main, ["pool", "--review", "copy"])
    assert done.exit_code == 1
    assert "reduction_at_least" in done.stderr
    assert not list(tmp_path.rglob("owned"))
