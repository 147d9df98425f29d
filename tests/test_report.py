"""evidence report: one page whose numbers are the other formats', that a browser cannot be tricked with, and anyone can use."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
import string
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import evidence
from evidence.cli import main
from evidence.errors import OptionError
from evidence.report.forest import TOPS
from evidence.report.markup import escape_markdown
from evidence.report.numbers import brief, percent, points, span
from evidence.report.page.forest import LEAST, MOST, bars, position, ticks
from evidence.report.page.gather import gather
from evidence.report.page.links import address, place
from evidence.report.page.render import render_html, render_markdown
from evidence.report.page.texts import TEXTS, number, when
from evidence.report.page.views import MODELS
from evidence.report.parts import Forest, Page, Table, View
from evidence.report.pooled.export import to_dict
from evidence.report.pooled.rows import Row, rows
from evidence.report.pooled.words import words
from evidence.synthesis.results import Interval

ROOT = Path(__file__).resolve().parent.parent
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Element:
    """One element of a page: its tag, attributes, place in the tree, and all text within it."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: Element | None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.inside: list[Element | str] = []

    @property
    def text(self) -> str:
        """As a reader has it, to whom a space that does not break is one."""
        parts = (part if isinstance(part, str) else part.text for part in self.inside)
        return "".join(parts).replace("\N{NO-BREAK SPACE}", " ")

    def all(self, *tags: str, **attributes: str) -> list[Element]:
        found = []
        for part in self.inside:
            if isinstance(part, Element):
                wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
                if (not tags or part.tag in tags) and wanted.items() <= part.attributes.items():
                    found.append(part)
                found += part.all(*tags, **attributes)
        return found

    def one(self, *tags: str, **attributes: str) -> Element:
        (found,) = self.all(*tags, **attributes)
        return found


class Tree(HTMLParser):
    """A page as a tree; fails where an element is left open or closed twice."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("", {}, None)
        self.feed(html)
        self.close()
        assert self.here is self.root, f"<{self.here.tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.inside.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.here.inside.append(Element(tag, {name: value or "" for name, value in attrs}, self.here))

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.inside.append(data)


def read(html: str) -> Element:
    return Tree(html).root


def forest_of(page: Page) -> Forest:
    (results,) = (section for section in page.sections if section.key == "results")
    (found,) = (part for part in results.parts if isinstance(part, Forest))
    return found


@pytest.fixture(scope="module")
def review() -> evidence.Review:
    return evidence.load(ROOT / "data")


@pytest.fixture(scope="module")
def html(page: Page) -> str:
    return render_html(page)


@pytest.fixture(scope="module")
def tree(html: str) -> Element:
    return read(html)


def run(*args: str) -> Result:
    return CliRunner().invoke(main, args)


# ---- the numbers ---------------------------------------------------------------------------------


def lines_of(table: Element) -> dict[str, list[str]]:
    """Of each line of a forest: its name, and its cells' texts."""
    found = {}
    for row in table.one("tbody").all("tr"):
        name = row.one("th").all("a")[0].text
        found[name] = [" ".join(cell.text.split()) for cell in row.all("td")]
    return found


def test_table_words_page_and_json_of_one_result_hold_the_same_numbers(
    review: evidence.Review, page: Page, tree: Element
) -> None:
    analysis = evidence.pool(review)
    told, data = words(analysis), to_dict(analysis)
    shown = lines_of(tree.one("div", data_model="0").one("table", **{"class": "forest"}))
    printed = str(analysis)
    lines = [line for line in rows(analysis) if line.value]
    assert list(shown) == [line.name for line in lines]
    assert len(lines) == 11
    for line in lines:
        assert line.value
        counts, estimate, limits, *_ = shown[line.name]
        assert counts == line.counts
        assert estimate == ("" if line.kind == "prediction" else percent(line.value.estimate))
        assert limits == f"{percent(line.value.low)} to {percent(line.value.high)}"
        in_text = next(
            text for text in printed.splitlines() if line.name in text and percent(line.value.low) in text
        )
        assert all(cell in re.sub(r" +", " ", in_text) for cell in (counts, estimate))
    for study in data["studies"]:
        same = next(
            line
            for line in lines
            if line.study
            and to_dict(analysis)["studies"].index(study) == list(analysis.studies).index(line.study)
        )
        assert shown[same.name][:2] == [
            f"{study['events']}/{study['n']}",
            percent(study["proportion"]["estimate"]),
        ]
    whole = data["pooled"][0]
    assert shown["All series, Bayes, average"][1] == percent(whole["average"]["estimate"])
    answer = tree.one("section", id="answer").text
    assert told.headline in answer
    assert all(sentence in tree.one("section", id="results").text for sentence in told.notes)
    for contrast in data["comparisons"]:
        gap = contrast["difference"]
        said = f"{points(gap['estimate'], sign=True)}"
        limits = f"{points(gap['low'])} to {points(gap['high'])}"
        tables = [
            part for part in tree.one("div", data_model="0").all("table") if contrast["against"] in part.text
        ]
        assert any(said in table.text and limits in table.text for table in tables), contrast["against"]


def test_each_row_of_the_sources_has_the_counts_state_and_link_of_json(
    page: Page, review: evidence.Review
) -> None:
    data = to_dict(evidence.pool(review))
    (section,) = (section for section in page.sections if section.key == "numbers")
    (table,) = (part for part in section.parts if isinstance(part, Table))
    assert len(table.rows) == len(data["studies"]) == 7
    by_id = dict(zip(table.ids, table.rows, strict=True))
    for place_, study in enumerate(data["studies"], 1):
        row = by_id[f"source-{place_}"]
        interval = Interval(**study["proportion"])
        assert row[3].text == f"{study['events']}/{study['n']}"
        assert row[4].text == f"{brief(interval.estimate)} % ({span(interval)})"
        assert row[5].text == TEXTS["en"][study["state"]]
        assert row[6].href == study["source"]
        assert study["locator"] in row[6].text


@pytest.mark.parametrize("choice", MODELS)
def test_each_view_shows_what_pool_prints_with_that_model(choice: dict[str, str], page: Page) -> None:
    view = forest_of(page).views[MODELS.index(choice)]
    printed = run(
        "pool", "--review", str(ROOT / "data"), *(word for k, v in choice.items() for word in (f"--{k}", v))
    )
    assert printed.exit_code == 0
    table = [" ".join(line.split()) for line in printed.stdout.splitlines()]
    for line in view.lines:
        said = " ".join(filter(None, (line.name.text, line.counts, line.estimate, line.interval)))
        assert any(text.startswith(said) for text in table), said
    drawn = [text for text in table if re.search(r"\d to +>?\d", text) and re.search(r"[├■◆╌]", text)]
    assert len(view.lines) == len(drawn)
    prose = " ".join(printed.stdout.split())
    for number_, name in enumerate(forest_of(page).references):
        beside = view.beside[number_]
        if name.startswith("placebo"):
            assert beside.table is None
            continue
        assert beside.table
        ours = beside.table.rows[0]
        assert ours[0].text == "Ours"
        assert (
            f"{ours[1].text} points ({ours[2].text}" in prose or f"{ours[1].text} ({ours[2].text})" in prose
        )
    leading = view.beside[0].table
    assert leading
    whole = leading.rows[1]
    assert f"{whole[1].text} points ({whole[2].text}, {whole[3].text})" in prose


def test_the_model_that_gives_way_is_called_so(page: Page) -> None:
    labels = [view.label for view in forest_of(page).views]
    assert labels == [
        "Bayes (as evidence pool chooses)",
        "exact",
        "Bayes",
        "asked for binomial; gave way to Bayes",
        "random effects, arcsine",
    ]


def test_one_series_has_nothing_to_switch_between(review: evidence.Review) -> None:
    forest = forest_of(gather(review, "clasi75"))
    assert len(forest.views) == 1
    assert forest.references == ()
    tree = read(render_html(gather(review, "clasi75")))
    assert tree.all("form") == []
    assert tree.all("select") == []


# ---- the picture ---------------------------------------------------------------------------------

shares = st.floats(0, 1)


@given(
    st.lists(st.tuples(shares, shares, shares, st.integers(1, 10**6)), min_size=1, max_size=30),
    st.sampled_from(TOPS),
)
def test_bars_stay_on_their_axis(values: list[tuple[float, float, float, int]], top: float) -> None:
    lines = []
    for *ends, n in values:
        low, at, high = sorted(ends)
        lines.append(Row("study", "A", events=0, n=n, value=Interval(at, low, high)))
    drawn = bars(lines, top)
    for bar in drawn:
        assert bar
        assert 0 <= bar.low <= bar.at <= bar.high <= 100
        assert LEAST <= bar.size <= MOST
    largest = max(range(len(lines)), key=lambda i: lines[i].n or 0)
    assert drawn[largest].size == MOST  # type: ignore[union-attr]


def test_what_has_no_limits_has_no_bar_and_a_prediction_no_mark() -> None:
    nan = float("nan")
    lines = [
        Row("heading", "Others"),
        Row("pool", "x", value=Interval(0.5, nan, nan)),
        Row("prediction", "x", value=Interval(0.5, 0.25, 1)),
    ]
    nothing, unknown, prediction = bars(lines, 1)
    assert nothing is None
    assert unknown is None
    assert prediction
    assert (prediction.low, prediction.high, prediction.shape) == (25, 100, "dashes")


def test_positions_and_ticks_are_percent_of_the_axis() -> None:
    assert position(0.458, 1) == 45.8
    assert position(0.001, 0.002) == 50
    assert position(0.5, 0.1) == 100
    assert ticks(0.02) == ((0, "0"), (25, "0.5"), (50, "1"), (75, "1.5"), (100, "2"))


def test_the_dotted_lines_stand_at_the_references_rates(tree: Element, review: evidence.Review) -> None:
    references = [row for row in evidence.pool(review).studies if row.role == "reference"]
    drawn = tree.one("div", data_model="0").one("table", **{"class": "forest"}).one("tbody").all("tr")
    for row in drawn:
        rules = row.all("line", **{"class": "rule"})
        assert [float(rule.attributes["x1"].rstrip("%")) for rule in rules] == pytest.approx(
            [100 * reference.events / reference.n for reference in references], abs=0.005
        )
        assert ["hidden" in rule.attributes for rule in rules] == [False, True, True, True]


# ---- one file, nothing fetched, nothing run but ours ------------------------------------------------


def hash_of(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def harmless(tree: Element) -> None:
    """Nothing on the page is fetched, sent or run but the one style and script whose hashes the policy names."""
    style, script = tree.one("style").text, tree.one("script").text
    policy = tree.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hash_of(style)}'; script-src 'sha256-{hash_of(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    for element in tree.all():
        assert element.tag not in {
            "link",
            "img",
            "iframe",
            "object",
            "embed",
            "base",
            "use",
            "image",
            "foreignobject",
        }
        for name, value in element.attributes.items():
            assert not name.startswith("on"), (element.tag, name)
            assert name not in {
                "style",
                "src",
                "srcset",
                "srcdoc",
                "action",
                "formaction",
                "xlink:href",
                "ping",
            }
            if name == "href":
                assert re.match(r"#[a-z][a-z0-9-]*$|https?://[^\s\"'<>]+$", value), value
    assert not re.search(r"@import|url\(|https?:", style)
    assert not re.search(r"fetch\(|XMLHttp|innerHTML|eval\(|https?:", script)


def test_the_page_is_one_file_that_fetches_nothing(tree: Element, html: str) -> None:
    harmless(tree)
    assert len(html.encode()) < 300_000


def test_the_same_review_gives_the_same_page(tmp_path: Path) -> None:
    loaded = evidence.load(review_of(tmp_path / "mine", 3))
    assert render_html(gather(loaded)) == render_html(gather(loaded))


def test_links_to_elsewhere_tell_nobody_where_from(tree: Element) -> None:
    away = [link for link in tree.all("a") if not link.attributes["href"].startswith("#")]
    assert len(away) > 10
    assert {link.attributes["rel"] for link in away} == {"noopener noreferrer"}


def review_of(folder: Path, count: int, **cells: str) -> Path:
    """A review of `count` series and a trial, with these cells in each row of its tables."""
    folder.mkdir()
    title = cells.get("title", "A review")
    (folder / "review.toml").write_text(
        "\n".join(
            [
                "format = 1",
                f"title = {json.dumps(title)}",
                "[outcomes.response]",
                f"label = {json.dumps(cells.get('outcome', 'Response'))}",
                f"definition = {json.dumps(cells.get('definition', 'any'))}",
                'better = "higher"',
                "[analyses.primary]",
                'outcome = "response"',
                f"ours = {json.dumps(cells.get('key', 's') + '0')}",
                'pool = { design = ["case series"] }',
                'reference = { study = "trial" }',
            ]
        )
    )
    names = [*(f"{cells.get('key', 's')}{i}" for i in range(count)), "trial"]
    label, source = cells.get("label", "Series"), cells.get("source", "https://example.org/a")
    with (folder / "studies.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["study", "label", "design", "population", "doi", "source", "locator", "state", "title"])
        for i, name in enumerate(names):
            design = "trial" if name == "trial" else "case series"
            made = f"{label} {i}"
            out.writerow(
                [
                    name,
                    made,
                    design,
                    cells.get("population", ""),
                    cells.get("doi", ""),
                    source,
                    label,
                    "read",
                    label,
                ]
            )
    with (folder / "outcomes.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["study", "arm", "outcome", "weeks", "events", "n", "source", "locator", "state", "caution"]
        )
        for i, name in enumerate(names):
            counts = [40, 100] if name == "trial" else [3 + i % 5, 9]
            out.writerow(
                [name, cells.get("arm", "drug"), "response", 12, *counts, source, label, "read", label]
            )
    return folder


HOSTILE = [
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% for x in y %}",
    '=cmd|"/c calc"!A1',
    "../../etc/passwd",
    "javascript:alert(1)",
    "]] [x](javascript:alert(1)) | `x` <b>",
    "{model} {against} {0} $& %s",
    "\u202eevil \u200b \u2066x",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_review_gives_a_harmless_page(text: str, tmp_path: Path) -> None:
    cell = text
    if (
        text.startswith("=") or not text.isprintable()
    ):  # a table with a formula or unseen signs is not even read
        cell = f"x {text}" if text.isprintable() else "data:text/html,x"
    cells = dict.fromkeys(("title", "outcome", "definition"), text)
    cells |= dict.fromkeys(("label", "population", "source"), cell)
    loaded = evidence.load(review_of(tmp_path / "hostile", 3, **cells))
    page = gather(loaded)
    tree = read(render_html(page))
    harmless(tree)
    usable(tree)
    shown = " ".join(text.replace("\u202e", "").replace("\u200b", "").replace("\u2066", "").split())
    assert shown in tree.one("h1").text  # said as it is, and nothing more
    assert tree.all("script")[0].text.startswith('\n"use strict"') or tree.one("script").text.startswith(
        '"use strict"'
    )
    links = {link.attributes["href"] for link in tree.all("a")}
    assert not [link for link in links if not link.startswith("#")]
    markdown = render_markdown(page)
    assert "<script" not in markdown
    assert "<img" not in markdown
    assert not re.search(r"(?<!\\)\]\(<?javascript", markdown)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e\u200b]", markdown)


def test_terminal_commands_in_review_toml_do_not_reach_the_page(tmp_path: Path) -> None:
    loaded = evidence.load(review_of(tmp_path / "ansi", 2, title="A \x1b[31mred\x1b]0;x\x07 title"))
    made = render_html(gather(loaded))
    assert read(made).one("h1").text == "A red title"
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", made)


def test_keys_that_look_like_paths_or_names_of_the_page_stay_keys(tmp_path: Path) -> None:
    for number_, key in enumerate(("a..-..etc..-..", "answer", "source-", "constructor")):
        tree = read(render_html(gather(evidence.load(review_of(tmp_path / str(number_), 3, key=key)))))
        harmless(tree)
        usable(tree)


def test_a_label_of_a_million_letters_does_not_fill_the_page(tmp_path: Path) -> None:
    folder = review_of(tmp_path / "huge", 6, label="x" * 100_000, title="y" * 1_000_000)
    made = render_html(gather(evidence.load(folder)))
    assert len(made.encode()) < 1_000_000
    harmless(read(made))


def test_sixty_series_stay_under_a_megabyte(tmp_path: Path) -> None:
    page = gather(
        evidence.load(
            review_of(
                tmp_path / "many", 60, label="A label of sixty characters, as long as they are in practice"
            )
        )
    )
    assert len(forest_of(page).views) == len(MODELS)
    assert len(render_html(page).encode()) < 1_000_000


LINKS = [
    ("https://doi.org/10.1016/j.ad.2025.05.013", "https://doi.org/10.1016/j.ad.2025.05.013"),
    ("10.1016/j.ad.2025.05.013", "https://doi.org/10.1016/j.ad.2025.05.013"),
    ("doi: 10.1002/(SICI)1097-0258", "https://doi.org/10.1002/(SICI)1097-0258"),
    ("10.1234/a#b?c", "https://doi.org/10.1234/a%23b%3Fc"),
    ("http://example.org:8080/x?y=1&z=2#w", "http://example.org:8080/x?y=1&z=2#w"),
    ("HTTPS://Example.org/x", "HTTPS://Example.org/x"),
]
NO_LINKS = [
    "", "javascript:alert(1)", "JaVaScRiPt:alert(1)", " java\nscript:alert(1)", "data:text/html,x", "file:///etc/passwd",
    "vbscript:x", "//example.org", "https://", "https:///x", "https://a b", "https://x/\"onclick=", "https://x/<b>",
    "https://doi.org@evil.example/", "https://x:99999/", "https://[x/", "ftp://x/y", "../../x", "https://x/\u202ey",
    "https://x/" + "y" * 3000, "10.1234/<script>", "mailto:a@b", "https://x/\x00",
]  # fmt: skip


@pytest.mark.parametrize(("source", "link"), LINKS)
def test_web_addresses_and_dois_become_links(source: str, link: str) -> None:
    assert address(source) == link


@pytest.mark.parametrize("source", NO_LINKS)
def test_nothing_else_becomes_a_link(source: str) -> None:
    assert address(source) == ""
    assert place(source) == source


@given(st.text(max_size=60))
def test_whatever_becomes_a_link_is_of_the_web(source: str) -> None:
    for text in (source, f"https://{source}", f"10.1234/{source}"):
        assert re.match(r"https?://[^\s\"'<>`]+$|$", address(text), re.IGNORECASE)


# ---- anyone can use it ----------------------------------------------------------------------------


def usable(tree: Element) -> None:
    """What a keyboard and a screen reader need: landmarks, headings in order, captions, scopes, names, ends of links."""
    assert tree.one("html").attributes["lang"] in TEXTS
    for landmark in ("header", "nav", "main", "footer", "h1", "title"):
        tree.one(landmark)
    levels = [int(heading.tag[1]) for heading in tree.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    ids = Counter(element.attributes["id"] for element in tree.all() if "id" in element.attributes)
    assert max(ids.values()) == 1
    for element in tree.all():
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert element.attributes.get(name, next(iter(ids))) in ids, (element.tag, name)
        if element.tag == "a":
            assert element.text.strip()
            if element.attributes["href"].startswith("#"):
                assert element.attributes["href"][1:] in ids
        if element.tag == "svg":
            within = element.parent is not None and element.parent.tag == "svg"
            assert within or element.attributes["aria-hidden"] == "true"
    for table in tree.all("table"):
        assert table.all("caption")[0].text.strip()
        assert {head.attributes.get("scope") for head in table.all("th")} <= {"col", "row"}
        for row in table.one("tbody").all("tr"):
            row.one("th", scope="row")
    labelled = {label.attributes["for"] for label in tree.all("label")}
    assert {select.attributes["id"] for select in tree.all("select")} == labelled


def test_a_keyboard_and_a_screen_reader_find_their_way(tree: Element) -> None:
    usable(tree)
    assert tree.one("a", **{"class": "skip"}).attributes["href"] == "#answer"
    assert {link.attributes["href"] for link in tree.one("nav").all("a")} == {
        f"#{section.attributes['id']}" for section in tree.all("section")
    }


def test_without_a_script_the_first_view_stands_and_the_switch_does_not(tree: Element) -> None:
    assert "hidden" in tree.one("form").attributes
    shown = [
        div.attributes["data-model"]
        for div in tree.all("div")
        if "data-model" in div.attributes and "hidden" not in div.attributes
    ]
    assert shown == ["0"]


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXT = [
    ("ink", "paper"),
    ("soft", "paper"),
    ("link", "paper"),
    ("ink", "tint"),
    ("soft", "tint"),
    ("link", "tint"),
    ("ink", "alarm-paper"),
]
MARKS = [
    ("mark", "paper"),
    ("pool", "paper"),
    ("rule", "paper"),
    ("link", "paper"),
    ("mark", "tint"),
    ("pool", "tint"),
]


def test_colours_have_the_contrast_of_wcag_aa_by_day_by_night_and_on_paper(tree: Element) -> None:
    schemes = re.findall(r":root \{([^}]*)\}", tree.one("style").text)
    assert len(schemes) == 3
    for scheme in schemes:
        colors = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", scheme))
        for pairs, least in ((TEXT, 4.5), (MARKS, 3.0)):
            for one, other in pairs:
                assert contrast(colors[one], colors[other]) >= least, (one, other)


def test_black_on_white_has_a_contrast_of_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_motion_print_and_night_are_thought_of(tree: Element) -> None:
    style = tree.one("style").text
    for question in ("prefers-reduced-motion: reduce", "prefers-color-scheme: dark", "@media print"):
        assert question in style
    assert ":focus-visible" in style


# ---- languages -----------------------------------------------------------------------------------


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    english, spanish = TEXTS["en"], TEXTS["es"]
    assert list(english) == list(spanish)
    fields = string.Formatter().parse
    for key, text in english.items():
        asked, said = ({field for _, field, _, _ in fields(one)} - {None} for one in (text, spanish[key]))
        assert asked == said, key
        assert text == "" or spanish[key], key


def test_in_spanish_the_page_and_its_numbers_are_spanish_and_the_rest_is_marked(tmp_path: Path) -> None:
    loaded = evidence.load(review_of(tmp_path / "mine", 3))
    pooled = evidence.pool(loaded)
    tree = read(render_html(gather(loaded, lang="es")))
    usable(tree)
    harmless(tree)
    assert tree.one("html").attributes["lang"] == "es"
    shown = lines_of(tree.one("div", data_model="0").one("table", **{"class": "forest"}))
    assert shown["Series 3, semana 12"][:3] == ["40/100", "40,0", "30,3 a 50,3"]
    average = pooled.average
    assert average
    limits = f"{percent(average.low)} a {percent(average.high)}"
    assert shown["Todas las series, Bayes, media"][1:3] == [
        percent(average.estimate).replace(".", ","),
        limits.replace(".", ","),
    ]
    assert "respondieron" in tree.one("section", id="answer").text
    notes = words(pooled).notes
    marked = {span_.text for span_ in tree.all("span", lang="en")}
    assert set(notes) <= marked
    assert "" not in marked  # an empty cell is empty, so that a phone leaves it out


def test_a_language_there_is_not_is_wrong_usage(review: evidence.Review) -> None:
    with pytest.raises(OptionError, match=r"lang is 'fr'|lang is fr"):
        gather(review, lang="fr")


def test_numbers_and_times_in_spanish() -> None:
    assert number("36.1 to 55.7", "es") == "36,1 a 55,7"
    assert number("36.1 to 55.7", "en") == "36.1 to 55.7"
    assert number("Fisher p < 0.001 on summed counts", "es") == "Fisher p < 0,001 con los recuentos sumados"
    assert when("last visit (9 to 43 weeks)", "es") == "última visita (9 a 43 semanas)"


# ---- what is behind the answer ----------------------------------------------------------------------


def test_every_section_is_there_in_the_order_of_reading(page: Page) -> None:
    assert [section.key for section in page.sections] == [
        "answer", "question", "flow", "studies", "results", "numbers", "robustness", "limitations", "audit", "quality",
        "methods", "references", "reproduce",
    ]  # fmt: skip


def section_text(tree: Element, key: str) -> str:
    return " ".join(tree.one("section", id=key).text.split())


def test_sections_say_what_the_commands_say(tree: Element, review: evidence.Review) -> None:
    from evidence.report.pooled.methods import methods
    from evidence.report.sensitivity.words import words as doubts
    from evidence.review.audit.auditing import audit

    outcome = "any_adverse_event"
    other = read(render_html(gather(review, outcome)))
    pooled = evidence.pool(review, outcome)
    assert " ".join(doubts(evidence.sensitivity(review, outcome)).weakest.split()) in section_text(
        other, "robustness"
    )
    assert " ".join(methods(pooled).split("\n")[0].split()) in section_text(other, "methods")
    for report in pooled.excluded:
        assert report.label in section_text(other, "flow")
    for finding in audit(review).findings:
        assert " ".join(finding.reason.split()) in section_text(tree, "audit")
        assert finding.file in section_text(tree, "audit")
    for citation in ("Chasset F, Jaume L", "[from the table]", "N Engl J Med. 2020;382:211"):
        assert citation in section_text(tree, "references")


def test_a_retracted_paper_is_said_to_be_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = evidence.load(review_of(tmp_path / "mine", 3))
    from evidence.papers.notices import PaperNotice

    notices = {"s1": (PaperNotice("1", "", "retracted", "J Med 2025;1:2", ""),)}
    monkeypatch.setattr("evidence.analysis.pooling.notices_of", lambda _: notices)
    monkeypatch.setattr("evidence.analysis.notices.notices_of", lambda _: notices)
    tree = read(render_html(gather(loaded)))
    first = next(part for part in tree.one("section", id="answer").all("p"))
    assert first.attributes["class"] == "warning"
    assert "Series 1" in first.text
    assert "retracted: J Med 2025;1:2" in section_text(tree, "references")


def test_the_page_can_be_made_again_from_what_it_says(page: Page, review: evidence.Review) -> None:
    tree = read(render_html(page))
    code = tree.one("section", id="reproduce").one("code").text.strip().splitlines()
    folder = "" if review.shipped else " --review DIR"
    assert code[0] == f"evidence report{folder} --output report.html"
    assert f"evidence pool{folder} --model random --measure arcsine" in code
    asked = [
        line for line in code if " pool " in f"{line} " and "--model" not in line
    ]  # those have a test of their own
    assert len(asked) == 2
    for line in asked:
        assert run(*line.replace("DIR", str(ROOT / "data")).split()[1:]).exit_code == 0, line
    assert {line.split()[1] for line in code} <= set(main.list_commands(click.Context(main)))
    for name in ("outcomes.csv", "review.toml"):
        digest = hashlib.sha256((ROOT / "data" / name).read_bytes()).hexdigest()
        assert digest in section_text(tree, "reproduce")
    assert str(ROOT) not in render_html(page)


def test_what_was_asked_is_in_the_commands_quoted_for_the_shell(tmp_path: Path) -> None:
    loaded = evidence.load(review_of(tmp_path / "mine", 3))
    page = gather(loaded, where="n >= 5", weeks=(8.0, 26.0), level=0.9)
    code = read(render_html(page)).one("section", id="reproduce").one("code").text
    assert "evidence pool --review DIR --where 'n >= 5' --weeks 8-26 --level 0.9 --panel" in code
    assert str(tmp_path) not in code


def test_groups_are_those_of_pool_and_are_asked_for_again(tmp_path: Path) -> None:
    folder = review_of(tmp_path / "mine", 6)
    text = (folder / "studies.csv").read_text()
    (folder / "studies.csv").write_text(text.replace("case series", "cohort", 3))
    toml = (folder / "review.toml").read_text()
    (folder / "review.toml").write_text(toml.replace('["case series"]', '["case series", "cohort"]'))
    loaded = evidence.load(folder)
    page = gather(loaded, by="design")
    pooled = evidence.pool(loaded, by="design", model="exact")
    view = next(view for view in forest_of(page).views if view.label == "exact")
    assert [line.name.text for line in view.lines] == [row.name for row in rows(pooled)]
    assert {"cohort", "case series"} <= {line.name.text for line in view.lines if line.kind == "heading"}
    tree = read(render_html(page))
    terms = {pair.one("dt").text: pair.one("dd").text for pair in tree.one("dl").all("div")}
    assert terms["Groups by"] == "design"
    code = tree.one("section", id="reproduce").one("code").text.splitlines()
    assert "evidence report --review DIR --by design --output report.html" in code
    assert "evidence sensitivity --review DIR" in code  # it knows no groups


def test_a_report_without_a_title_is_called_by_its_name(tmp_path: Path) -> None:
    folder = review_of(tmp_path / "mine", 2)
    lines = (folder / "studies.csv").read_text().splitlines()
    (folder / "studies.csv").write_text("\n".join(line.rpartition(",")[0] for line in lines) + "\n")
    loaded = evidence.load(folder)
    items = [
        item.text for item in read(render_html(gather(loaded))).one("section", id="references").all("li")
    ]
    labels = [loaded.label(row.study) for row in evidence.pool(loaded).studies]
    assert sorted(items) == sorted(f"{label}. [from the table]" for label in labels)


def test_a_number_stays_on_the_line_of_its_sign(html: str) -> None:
    tied, free = "\N{NO-BREAK SPACE}", " "
    body = html[html.index("<main>") :]
    assert f"45.8{tied}%" in body and f"p{tied}={tied}0.011" in body
    assert f"45.8{free}%" not in body and f"p ={free}0.011" not in body


def test_the_question_says_which_weeks_were_asked_for(review: evidence.Review) -> None:
    asked: tuple[tuple[Any, str], ...] = (
        (None, "any"),
        ((8.0, 60.0), "8 to 60, else the last visit"),
        (52.0, "52, else the last visit"),
        ("last visit", "last visit"),
    )
    for weeks, said in asked:
        tree = read(render_html(gather(review, "any_adverse_event", weeks=weeks)))
        terms = {pair.one("dt").text: pair.one("dd").text for pair in tree.one("dl").all("div")}
        assert terms["Weeks"] == said


def test_papers_found_by_searches_flow_into_the_review(tmp_path: Path) -> None:
    folder = review_of(tmp_path / "mine", 2)
    (folder / "searches.csv").write_text(
        "run,search,date,database,kind,query,translation,since,records,seen,duplicates,known,new,note\n"
        "1,series,2026-01-05,PubMed,database,q,t,,6,0,1,2,3,\n"
    )
    rows_ = "".join(f"{n},series,1,new,{n},Title {n},2025,\n" for n in (1, 2, 3))
    (folder / "found.csv").write_text("paper,search,run,status,pmid,title,year,note\n" + rows_)
    (folder / "decisions.csv").write_text(
        "paper,screener,stage,decision,reason,date\n1,AB,abstract,exclude,not lupus,2026-01-06\n"
    )
    said = section_text(read(render_html(gather(evidence.load(folder)))), "flow")
    assert "Records identified by the saved searches: 6 (PubMed 6)" in said
    assert "Duplicates removed: 1; known already: 2" in said
    assert "Records screened: 1; excluded: 1" in said
    assert "2 papers not yet decided on the abstract" in said


# ---- the command ---------------------------------------------------------------------------------


def test_the_command_writes_one_file_and_markdown_by_its_ending(tmp_path: Path, html: str) -> None:
    data = str(ROOT / "data")
    out = tmp_path / "report.html"
    outcome = ("--outcome", "any_adverse_event")
    assert run("report", "--review", data, *outcome, "--output", str(out)).exit_code == 0
    written = out.read_text(encoding="utf-8")
    assert read(written).one("h1").text == read(html).one("h1").text
    assert run("report", "--review", data, *outcome, "--output", str(tmp_path / "r.md")).exit_code == 0
    markdown = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert markdown.startswith("# Anifrolumab for cutaneous lupus erythematosus\n")
    assert "| Ours | 4/6 | 66.7 | 22.3 to 95.7 |" in markdown
    assert "](<https://doi.org/10.1016/j.ad.2025.05.013>)" in markdown


def test_a_failed_report_leaves_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("old")
    assert (
        run("report", "--review", str(ROOT / "data"), "--outcome", "nonsense", "--output", str(out)).exit_code
        == 2
    )
    assert (
        run("report", "--review", str(ROOT / "data"), "--outcome", "death", "--output", str(out)).exit_code
        == 1
    )
    assert out.read_text() == "old"


def test_the_commands_languages_are_the_pages() -> None:
    from evidence.cli.report import LANGUAGES

    assert tuple(TEXTS) == LANGUAGES


def test_markdown_has_every_section_and_each_models_numbers(page: Page) -> None:
    markdown = render_markdown(page)
    for section in page.sections:
        assert f"\n## {escape_markdown(section.title)}\n" in markdown
    views: tuple[View, ...] = forest_of(page).views
    for view in views:
        assert f"### {escape_markdown(view.label)}" in markdown
        for line in view.lines:
            cells = (line.name.text, line.counts, line.estimate, line.interval)
            assert f"| {' | '.join(map(escape_markdown, cells))} |" in markdown
