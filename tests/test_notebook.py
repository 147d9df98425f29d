"""Results in Jupyter: whole HTML, nothing obeyed, the terminal's numbers; and the notebook in examples/ runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import evidence
from evidence.report import FORMATS_OF
from evidence.report.notebook import html
from evidence.report.notebook_parts import KINDS
from evidence.review.counts import CountRow
from evidence.review.printed_scores import PrintedScore

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "examples" / "letter.ipynb"

MIXED = [
    CountRow(f"S{number}", x, n, {}, number)
    for number, (x, n) in enumerate([(6, 9), (4, 8), (11, 12), (20, 31), (5, 6)], 1)
]
COHORTS = [
    CountRow(name, x, n, {}, 1) for name, x, n in (("A", 5, 9), ("A", 7, 9), ("B", 12, 20), ("C", 3, 11))
]
PRINTED = [
    PrintedScore(name, "week 12", n, median=median, low=low, high=high)
    for name, n, median, low, high in (("A", 11, 14, 4, 30), ("B", 9, 17, 6, 41), ("C", 20, 12, 3, 28))
]


@cache
def review() -> evidence.Review:
    return evidence.load(ROOT / "data")


MAKERS: Mapping[str, Callable[[], Any]] = {
    "Analysis": lambda: evidence.pool(review(), by="design"),
    "Asymmetry": lambda: evidence.asymmetry_rows(MIXED, few=True),
    "Audit": lambda: evidence.audit(review()),
    "Checklist": lambda: evidence.checklist(review(), "care"),
    "Compared": lambda: evidence.compare(review()),
    "Comparison": lambda: evidence.compare_proportions(6, 6, 49, 107),
    "Diff": lambda: evidence.diff(ROOT / "data", "example"),
    "Gosh": lambda: evidence.gosh_rows(MIXED),
    "History": lambda: evidence.history(ROOT / "data"),
    "Influence": lambda: evidence.influence_rows(MIXED),
    "Multilevel": lambda: evidence.multilevel_rows(COHORTS),
    "Pooled": lambda: evidence.pool_counts([6, 4, 11], [9, 8, 12], model="random"),
    "PooledScores": lambda: evidence.pool_scores(PRINTED),
    "Regression": lambda: evidence.regress_rows(
        [row._replace(extra={"x": str(row.row)}) for row in MIXED], "~ x", at=[{"x": 2}]
    ),
    "Responders": lambda: evidence.responders([23, 34, 12], [1, 5, None], missing="worst"),
    "Review": review,
    "Scores": lambda: evidence.scores([23, 34, 12], [1, 5, 0]),
    "Sensitivity": lambda: evidence.sensitivity_rows(MIXED[:2], against=CountRow("T", 5, 29, {}, 1)),
    "Trials": lambda: evidence.trial(review()),
    "Written": lambda: evidence.write("results", evidence.pool(review()), review=review()),
}
"""One of each kind that a notebook knows."""


@cache
def made(kind: str) -> Any:
    return MAKERS[kind]()


VOID = {"br", "hr", "img", "meta"}


class Fragment(HTMLParser):
    """What a browser sees: the text, the elements with their attributes, and that each is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.said: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.cells.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open or "svg" in self.open:
            return
        self.said.append(data)
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data

    @property
    def text(self) -> str:
        return " ".join("".join(self.said).split())


def flat(text: str) -> str:
    return " ".join(text.split())


# ---- every kind of result ------------------------------------------------------------------------


def test_every_result_that_prints_is_known_to_notebooks() -> None:
    assert set(FORMATS_OF) - {"PaperTable"} <= set(KINDS)  # which is HTML itself
    assert set(KINDS) == set(MAKERS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_result_is_a_whole_fragment_that_needs_nothing_else(kind: str) -> None:
    assert type(made(kind)).__name__ == kind
    text = made(kind)._repr_html_()
    seen = Fragment(text)
    names = [tag for tag, _ in seen.elements]
    assert names[0] == "section" and names.count("section") == 1
    assert not {"script", "link", "img", "iframe", "object", "html", "body"} & set(names)
    assert seen.elements[0][1]["aria-label"]
    for tag, attributes in seen.elements:
        assert not any(name.startswith("on") for name in attributes)
        if tag == "th":
            assert attributes["scope"] in ("col", "row")
        if tag == "svg":
            assert attributes["aria-hidden"] == "true"
        if tag == "a":
            assert re.match("https?://", attributes["href"] or "")
    assert names.count("table") or kind in ("Written", "History", "Diff")  # nothing has changed there
    assert not re.search(r"#[0-9a-f]{3,6}\b|rgb|black|white;", text.split("<style>")[1].split("</style>")[0])
    assert "None" not in seen.text and "nan" not in seen.cells


@pytest.mark.parametrize(
    "kind", ["Analysis", "Compared", "Trials", "Influence", "Gosh", "Sensitivity", "Scores"]
)
def test_its_numbers_are_the_terminals(kind: str) -> None:
    result = made(kind)
    shown, printed = Fragment(result._repr_html_()), flat(str(result))
    numbers = [cell for cell in shown.cells if re.search(r"\d[./]\d", cell) and len(cell) < 60]
    assert len(numbers) > 2
    for cell in numbers:
        for number in re.findall(r"[\d.]*\d/\d+|\d+\.\d+", cell):
            assert number in printed, (cell, number)


def test_the_forest_has_a_bar_for_each_interval_at_its_place() -> None:
    text = evidence.pool_rows([CountRow("A", 1, 4, {}, 1), CountRow("B", 3, 4, {}, 1)])._repr_html_()
    bars = re.findall(r"<svg.*?</svg>", text)[1:]  # the first is the axis
    squares = [re.search(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', bar) for bar in bars]
    centres = [float(found[1]) + float(found[2]) / 2 for found in squares if found]
    # 220 pixels with margins of 10: a quarter is at 60, three quarters at 160
    assert centres == pytest.approx([60, 160], abs=0.11)
    assert sum("M" in bar and "l7 -7" in bar for bar in bars) == text.count('<tr class="pool"') + text.count(
        '<tr class="average"'
    )


def test_jupyter_is_given_text_too_and_not_every_field() -> None:
    pooled = made("Analysis")
    assert pooled._repr_mimebundle_() == {"text/plain": str(pooled)}
    assert len(repr(made("Review"))) < 200


def test_what_is_not_known_is_shown_as_text() -> None:
    class Odd:
        def __str__(self) -> str:
            return "a <b>\n  c\x1b[31m"

    assert "<pre>a &lt;b&gt;\n  c</pre>" in html(Odd())


def test_a_batch_shows_its_tables_and_not_all_of_a_thousand() -> None:
    text = evidence.pool_counts([[3, 4]] * 1000, [[9, 8]] * 1000)._repr_html_()
    seen = Fragment(text)
    assert "1000 tables of 2 studies, pooled" in seen.text and seen.cells.count("7/17") == 20


# ---- hostile text --------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{}{{7*7}}\x1b[2J\u202e"


def test_hostile_names_are_shown_and_never_obeyed() -> None:
    rows = [
        CountRow(HOSTILE, 6, 9, {}, 1),
        CountRow("javascript:alert(1)", 4, 8, {}, 1),
        CountRow("x" * 9000, 5, 6, {}, 1),
    ]
    texts = [
        evidence.pool_rows(rows, title=HOSTILE)._repr_html_(),
        evidence.compare_rows(*rows[:2], title=HOSTILE)._repr_html_(),
        evidence.influence_rows(rows, title=HOSTILE)._repr_html_(),
        evidence.responders([9, 8], [1, 1], patients=[HOSTILE, "b"])._repr_html_(),
        evidence.pool_scores([row._replace(study=HOSTILE) for row in PRINTED], source=HOSTILE)._repr_html_(),
    ]
    for text in texts:
        seen = Fragment(text)
        assert not {"script", "img", "a"} & {tag for tag, _ in seen.elements}
        assert "\x1b" not in text and "\u202e" not in text
        assert len(text) < 60_000
    assert "<script>alert(1)</script>" in Fragment(texts[0]).text  # as text
    assert "{{7*7}}" in unescape(texts[0])


def test_only_addresses_of_the_web_become_links() -> None:
    pooled = made("Analysis")
    first = pooled.studies[0]

    def linked(source: str) -> list[str | None]:
        from dataclasses import replace

        changed = replace(pooled, studies=(first._replace(source=source), *pooled.studies[1:]))
        return [
            attributes["href"] for tag, attributes in Fragment(changed._repr_html_()).elements if tag == "a"
        ]

    fine = linked(first.source)
    assert first.source in fine
    for source in ("javascript:alert(1)", 'https://x"onclick="y', "data:text/html,x", "https://a b"):
        assert len(linked(source)) == len(fine) - 1


# ---- figures -------------------------------------------------------------------------------------


def test_a_figures_axes_show_themselves_in_jupyter() -> None:
    pytest.importorskip("matplotlib")
    ax = evidence.forest(made("Analysis"))
    png, size = ax._repr_png_()  # type: ignore[attr-defined]
    assert png.startswith(b"\x89PNG")
    assert size["width"] == pytest.approx(175 / 25.4 * 96, abs=1)  # a journal's page, in pixels of a web page


# ---- the notebook in examples/ -------------------------------------------------------------------


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None
    explained = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    assert len(explained) >= 8


def test_the_notebook_runs_and_shows_what_the_library_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("EVIDENCE_REVIEW", str(ROOT / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    place = {"metadata": {"path": str(NOTEBOOK.parent)}}
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3", resources=place).execute()
    shown: dict[str, Any] = {}
    printed = ""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                assert output.name == "stdout", output.text
                printed += output.text
            else:
                shown[cell.source.splitlines()[-1]] = output.data
    pooled = evidence.pool(review(), "clasi50")
    assert shown["pooled"]["text/html"] == pooled._repr_html_()
    assert shown["pooled"]["text/plain"] == str(pooled)
    assert shown["compared"]["text/html"] == evidence.compare(review(), "clasi50")._repr_html_()
    assert "image/png" in shown["ax"]
    assert f"all series, exact  26/26  {pooled.leading.exact:.1%}" in printed
    assert all("text/html" in data for source, data in shown.items() if source != "ax")
    assert len(shown) >= 11
