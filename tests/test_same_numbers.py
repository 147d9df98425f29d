"""One result, every way there is to see it: the same counts, percentages and limits in each.

The truth is the JSON. What is looked for is a row of numbers in order (events, n, estimate, low, high), in a line of the
table, of the figure, of the page, of the document; the names of rows are compared where a format keeps them as they are.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import evidence
from evidence.analysis.results import Analysis
from evidence.report import numbers, r_code, render
from evidence.report.figures.drawing import page_of
from evidence.report.figures.forest import LAYOUTS
from evidence.report.figures.layout import Page as Drawing
from evidence.report.figures.layout import Text
from evidence.report.page.gather import gather
from evidence.report.page.render import render_html, render_markdown
from evidence.report.parts import Page

from . import made_reviews

NUMBER = re.compile(r"(?:[<>]|(?<!\w)-)?\d+(?:\.\d+)?")


class Expected(NamedTuple):
    """A row as JSON has it: the name, and the numbers a reader must meet in this order."""

    name: str
    numbers: tuple[str, ...]


class Shown(NamedTuple):
    """A result, where it came from, and what JSON says of its studies, its pools and its contrasts."""

    review: evidence.Review
    made: Analysis
    studies: list[Expected]
    pools: list[Expected]
    contrasts: list[Expected]
    pages: dict[str, Page]


def _figures(value: dict[str, Any]) -> tuple[str, ...]:
    return tuple(numbers.percent(value[key], 1) for key in ("estimate", "low", "high"))


def _shown(review: evidence.Review, **options: Any) -> Shown:
    made = evidence.pool(review, **options)
    said = json.loads(render(made, "json"))
    studies = [
        Expected(row["label"], (str(row["events"]), str(row["n"]), *_figures(row["proportion"])))
        for row in said["studies"]
    ]
    pools = []
    for pool in said["pooled"]:
        leads = pool["average"] or pool["proportion"]
        counts = () if pool["model"] == "bayes" else (str(pool["events"]), str(pool["n"]))
        pools.append(Expected(pool["pool"], (*counts, *_figures(leads))))
    contrasts = [
        Expected(
            f"{one['ours']} - {one['against']}",
            tuple(
                numbers.points(one["difference"][key], 1).lstrip("+") for key in ("estimate", "low", "high")
            ),
        )
        for one in said["comparisons"]
    ]
    return Shown(review, made, studies, pools, contrasts, {})


@pytest.fixture(scope="module", params=["shipped", "heterogeneous"])
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The shipped review, in which all responded; and eight series that differ, pooled with weights."""
    if request.param == "shipped":
        return _shown(evidence.load("data"))
    rows = [
        "ours 6/7",
        "a 11/19",
        "b 3/14",
        "c 21/33",
        "d 8/9",
        "e 30/71",
        "f 5/16",
        "g 12/13",
        "trial 49/107",
    ]
    folder = tmp_path_factory.mktemp("review")
    studies = {"trial": "design=trial"}
    made = made_reviews.review(folder, rows, toml=made_reviews.REFERENCE, studies=studies)
    return _shown(made, model="random", measure="logit")


# ---- what each format shows, as lines ------------------------------------------------------------


class Rows(HTMLParser):
    """The text of each table row, and of each point of a list, of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.within = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("tr", "li"):
            self.rows.append("")
            self.within = True

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag not in ("tr", "li")

    def handle_data(self, data: str) -> None:
        if self.within:
            self.rows[-1] += f" {data}"


def _rows_of(text: str) -> list[str]:
    page = Rows()
    page.feed(text)
    return page.rows


def _latex(text: str) -> list[str]:
    return text.replace(r"\textgreater{}", ">").replace(r"\textless{}", "<").split("\n")


def _drawn(page: Drawing) -> list[str]:
    """Texts on one line of the figure, from left to right."""
    lines: dict[float, list[tuple[float, str]]] = defaultdict(list)
    for item in page.items:
        if isinstance(item, Text):
            lines[round(item.y, 1)].append((item.x, item.text))
    return [" ".join(text for _, text in sorted(line)) for line in lines.values()]


def _document(data: bytes) -> list[str]:
    import docx

    tables = docx.Document(io.BytesIO(data)).tables
    return [" ".join(cell.text for cell in row.cells) for table in tables for row in table.rows]


def _page(shown: Shown, lang: str = "en") -> Page:
    """The report, gathered once for all that read it."""
    if lang not in shown.pages:
        shown.pages[lang] = gather(shown.review, lang=lang)
    return shown.pages[lang]


def _word(shown: Shown) -> list[str]:
    from evidence.report.docx.render import render_page

    return _document(render_page(_page(shown)))


OF_A_POOL: dict[str, Callable[[Shown], list[str]]] = {
    "text": lambda s: render(s.made).split("\n"),
    "text, wide, no signs": lambda s: render(s.made, width=120, unicode=False).split("\n"),
    "markdown": lambda s: render(s.made, "markdown").split("\n"),
    "latex": lambda s: _latex(render(s.made, "latex")),
    "notebook": lambda s: _rows_of(s.made._repr_html_()),
    **{
        f"figure, {layout}": lambda s, layout=layout: _drawn(page_of("forest", s.made, layout=layout))
        for layout in LAYOUTS
    },
}
OF_A_REVIEW: dict[str, Callable[[Shown], list[str]]] = {
    "page": lambda s: _rows_of(render_html(_page(s))),
    "page in Markdown": lambda s: render_markdown(_page(s)).split("\n"),
    "page in Spanish": lambda s: [
        re.sub(r"(?<=\d),(?=\d)", ".", row) for row in _rows_of(render_html(_page(s, "es")))
    ],
    "document": _word,
}


def holds(line: str, wanted: Expected) -> bool:
    """Whether the numbers stand in the line in this order, whatever stands between."""
    there = iter([_plain(number) for number in NUMBER.findall(unescape(line))])
    return all(_plain(number) in there for number in wanted.numbers)


def _plain(number: str) -> str:
    """ "100.0" and "100" are one number; ">99.9" and "99.9" are not."""
    sign = number[:1] if number[:1] in "<>" else ""
    return f"{sign}{float(number.removeprefix(sign)):g}"


def assert_all_there(lines: Iterable[str], wanted: Iterable[Expected]) -> None:
    lines = list(lines)
    for one in wanted:
        assert any(holds(line, one) for line in lines), (
            one,
            [line for line in lines if one.numbers[0] in line][:20],
        )


@pytest.mark.parametrize("format", OF_A_POOL)
def test_every_form_of_a_pool_has_its_rows(shown: Shown, format: str) -> None:
    lines = OF_A_POOL[format](shown)
    assert_all_there(lines, shown.studies)
    assert_all_there(lines, shown.pools[:1])


@pytest.mark.parametrize("format", OF_A_REVIEW)
def test_every_form_of_the_report_has_its_rows(shown: Shown, format: str) -> None:
    """The report's first view is the default model's, so only the studies are those of another model."""
    lines = OF_A_REVIEW[format](shown)
    assert_all_there(lines, shown.studies)
    if shown.made.options["model"] == "auto":
        assert_all_there(lines, shown.pools[:1])


def test_the_csv_has_them_in_full(shown: Shown) -> None:
    said = json.loads(render(shown.made, "json"))
    rows = list(csv.DictReader(io.StringIO(render(shown.made, "csv"))))
    for row in said["studies"]:
        values = row["proportion"]
        cells = [
            str(row["events"]),
            str(row["n"]),
            *(str(values[key]) for key in ("estimate", "low", "high")),
        ]
        assert any([r["events"], r["n"], r["estimate"], r["low"], r["high"]] == cells for r in rows), row
    for pool in said["pooled"][:1]:
        values = pool["average"] or pool["proportion"]
        cells = [str(values[key]) for key in ("estimate", "low", "high")]
        assert any([r["estimate"], r["low"], r["high"]] == cells for r in rows), pool


@pytest.mark.parametrize(("format", "lines_of"), [("markdown", str.splitlines), ("html", _rows_of)])
def test_the_table_for_a_paper_has_them(
    shown: Shown, format: str, lines_of: Callable[[str], list[str]]
) -> None:
    made = evidence.table("comparison", shown.review)
    assert_all_there(lines_of(render(made, format)), shown.studies)


def test_differences_are_the_same_everywhere(shown: Shown) -> None:
    """Of ours and the leading reference: in the text's sentence, the table for a paper, the page and the document."""
    one = shown.contrasts[0]
    low, high = (re.escape(number) for number in one.numbers[1:])
    sentence = re.compile(rf"{re.escape(one.numbers[0])} points \({low} to {high}[,)]")
    assert sentence.search(" ".join(render(shown.made).replace("−", "-").split()))
    table = render(evidence.table("comparison", shown.review), "markdown").splitlines()
    for lines in (table, _rows_of(render_html(_page(shown))), _word(shown)):
        assert any(holds(line, one) for line in (line.replace("−", "-") for line in lines))


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_words_say_no_other(shown: Shown, lang: str) -> None:
    """Each number with a decimal that the results paragraph says is one of JSON's rows, and the pool's are among them."""
    text = re.sub(r"(?<=\d),(?=\d)", ".", evidence.write("results", shown.made, lang=lang).text)
    said = {_plain(number) for number in NUMBER.findall(text)}
    rows = {_plain(number) for row in (*shown.studies, *shown.pools) for number in row.numbers}
    assert {_plain(number) for number in shown.pools[0].numbers[-3:]} <= said
    assert len({number for number in said if "." in number} & rows) >= 3


def test_the_r_code_expects_them_in_full(shown: Shown) -> None:
    from evidence.report.export.reproduce import reproduce_r

    code = reproduce_r(shown.made)
    said = json.loads(render(shown.made, "json"))
    for pool in said["pooled"][:1]:
        values = pool["average"] or pool["proportion"]
        for key in ("estimate", "low", "high"):
            assert (
                re.search(rf"(?<![\d.]){re.escape(f'{values[key]:.17g}'.rstrip('0'))}", code)
                or repr(values[key]) in code
            ), key
    assert all(str(row["events"]) in code for row in said["studies"])
    assert r_code(shown.made)


def test_a_wrong_number_would_be_found(shown: Shown, tmp_path: Path) -> None:
    """The comparison can fail: a limit off by a tenth of a percent is missed in no format."""
    first = shown.studies[0]
    wrong = first._replace(
        numbers=(*first.numbers[:-2], f"{float(first.numbers[-2]) + 0.1:.1f}", first.numbers[-1])
    )
    for lines_of in (OF_A_POOL["text"], OF_A_POOL["markdown"], OF_A_POOL["figure, bmj"]):
        with pytest.raises(AssertionError):
            assert_all_there(lines_of(shown), [wrong])
