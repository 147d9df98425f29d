"""The page of `evidence report` in a browser: what it shows, asks of the network, prints, and does for a keyboard.

    python validation/page.py AXE [FOLDER] > validation/page.md     writes the record (some 4 minutes; Linux)
    python validation/page.py AXE FOLDER shipped                    one page alone

AXE is axe-core's `axe.min.js` (`npm pack axe-core` and unpack it). Pictures of each page at phone and desktop width, by
day and by night, and its PDF are left in FOLDER: what no program can judge, eyes must. Besides, it needs Debian's
packages chromium, chromium-driver and poppler-utils, and `pip install selenium` where evidence is installed. None of
these is a dependency of the project: the tests check the page's text, and this is run by hand when its looks change.

The browser has JavaScript, styles and the page's own policy as anybody's has. What a choice in the switch must show is
asked from `evidence pool` in a process of its own, as JSON and CSV, and written by `evidence.report.numbers` alone.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import evidence
from evidence.report import numbers
from evidence.report.forest import axis_top
from evidence.report.page.views import MODELS
from evidence.review.starting import copy_shipped
from evidence.synthesis.results import Interval

ROOT = Path(__file__).resolve().parent.parent
PHONE, DESKTOP, NARROWEST = (390, 844), (1280, 900), (320, 640)
"""Widths and heights in CSS pixels; WCAG's reflow asks for 320."""

MOST_BYTES = 1_000_000
A4 = (595.3, 841.9)
MARGIN = 14 * 72 / 25.4
PRINTED = (round((A4[0] - 2 * MARGIN) * 96 / 72), 900)
"""Left and right on paper, in points, as style.css has it; and what is between them, in CSS pixels."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Case(NamedTuple):
    """A page to look at: its name, the review's folder (none: the one that comes with evidence), and what is asked."""

    name: str
    folder: Path | None = None
    asked: tuple[str, ...] = ()
    lang: str = "en"

    def command(self, name: str, *words: str) -> str:
        """What `evidence NAME` prints of this review."""
        where = ["--review", str(self.folder)] if self.folder else []
        run = [sys.executable, "-m", "evidence.cli", name, *where, *self.asked, *words]
        env = {key: value for key, value in os.environ.items() if key != "EVIDENCE_REVIEW"}
        made = subprocess.run(run, capture_output=True, text=True, env=env)
        expect(made.returncode == 0, f"{run}: {made.stderr}")
        return made.stdout


# ---- reviews -------------------------------------------------------------------------------------

GROUPS = ("cohort", "case series", "registry")
NAMES = (
    "Papadopoulos-Androulidaki and the Aegean Consortium of Dermatology",
    "Παπαδόπουλος κ.ά.",
    "Иванов и соавт.",
    "李明等",
    "Nguyễn Thị Ánh",
    "O'Brien & <Sons>",
)


def made(folder: Path, counts: Sequence[tuple[int, int]]) -> Path:
    """A review of so many cohorts, its labels long and from many scripts, beside a trial."""
    folder.mkdir()
    several = len(counts) > 1
    designs = ", ".join(f'"{design}"' for design in GROUPS)
    toml = ["format = 1", 'title = "A made review"', "[outcomes.cure]", 'label = "Cure"', 'better = "higher"']
    toml += [
        "[analyses.primary]",
        'outcome = "cure"',
        f"pool = {{ design = [{designs}] }}",
        "weeks = [8, 26]",
    ]
    outcomes = ["study,arm,outcome,weeks,events,n,source,locator,state"]
    studies, cohorts = ["study,label,year,design,source,state"], ["study,cohort"]
    for i, (events, n) in enumerate(counts):
        outcomes.append(f"s{i},drug,cure,12,{events},{n},https://example.org/paper/{i},Table 2,verified")
        studies.append(
            f's{i},"{NAMES[i % len(NAMES)]} {1980 + i}",{1980 + i},{GROUPS[i % len(GROUPS)]},x,read'
        )
        cohorts.append(f"s{i},c{i}")
    if several:
        toml += ['ours = "s0"', 'reference = { study = "trial", arm = "drug", weeks = 12 }']
        toml.append(
            'beside = [{ study = "trial", arm = "placebo", weeks = 12 }, { study = "other", weeks = 12 }]'
        )
        outcomes += [
            f"trial,{arm},cure,12,{e},90,x,Table 1,read" for arm, e in (("drug", 41), ("placebo", 17))
        ]
        outcomes.append("other,drug,cure,12,33,60,x,Table 1,unverified")
        studies += ["trial,A trial,2019,trial,x,read", "other,Another trial,2020,trial,x,unverified"]
        cohorts += ["trial,t1", "other,t2"]
    tables = {"outcomes.csv": outcomes, "studies.csv": studies, "cohorts.csv": cohorts, "review.toml": toml}
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def cases(scratch: Path) -> list[Case]:
    """The pages that are looked at."""
    copy = scratch / "copy"
    copy_shipped(copy)
    forty = made(scratch / "forty", [((7 * i) % (8 + 3 * i) + 1, 9 + 3 * i) for i in range(40)])
    return [
        Case("shipped"),
        Case("spanish", lang="es"),
        Case("harms", copy, ("--analysis", "any_adverse_event")),
        Case("one-study", made(scratch / "one", [(7, 9)])),
        Case("forty", forty),
        Case("forty-groups", forty, ("--by", "design")),
    ]


# ---- the browser ---------------------------------------------------------------------------------


class Browser:
    """Chromium without a window, what it was told to show, and what it complained of."""

    def __init__(self) -> None:
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for word in ("--headless=new", "--disable-gpu", "--hide-scrollbars", "--no-first-run"):
            options.add_argument(word)
        if os.geteuid() == 0:  # root has no sandbox to give
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver: Any = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.requested: list[str] = []
        self.said: list[str] = []

    def tell(self, command: str, **values: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, values)

    def run(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def look(
        self,
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        script: bool = True,
        media: str = "",
    ) -> None:
        """At this size, by day or by night, with or without JavaScript, on a screen or as print is laid out."""
        width, height = size
        mobile = width < 600
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )
        wishes = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.tell("Emulation.setEmulatedMedia", media=media, features=wishes)
        self.tell("Emulation.setScriptExecutionDisabled", value=not script)

    def open(self, page: Path) -> None:
        self.driver.get(page.as_uri())
        self.listen()

    def listen(self) -> None:
        """What the browser logged since it was last asked."""
        self.said += [entry["message"] for entry in self.driver.get_log("browser")]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requested.append(message["params"]["request"]["url"])

    def picture(self, path: Path) -> None:
        """The whole page, however long."""
        size = self.tell("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16_000), "scale": 1}
        shot = self.tell("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(b64decode(shot["data"]))

    def paper(self, path: Path, size: tuple[float, float] = A4) -> None:
        """The page as it prints."""
        width, height = (side / 72 for side in size)
        made = self.tell(
            "Page.printToPDF",
            paperWidth=width,
            paperHeight=height,
            preferCSSPageSize=True,
            printBackground=False,
        )
        path.write_bytes(b64decode(made["data"]))


# ---- what is checked -----------------------------------------------------------------------------


class Fault(AssertionError):
    """Something that the page should not be."""


def expect(holds: bool, what: object) -> None:
    if not holds:
        raise Fault(str(what))


def links(browser: Browser) -> str:
    """Each link within the page has one target; each one out of it is of the web and tells nobody where from."""
    found = browser.run("return [...document.links].map(a => [a.getAttribute('href'), a.rel, a.textContent])")
    ids = browser.run("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    expect(len(ids) == len(set(ids)), "an id twice")
    inside = [href[1:] for href, _, _ in found if href.startswith("#")]
    outside = [(href, rel) for href, rel, _ in found if not href.startswith("#")]
    expect(set(inside) <= set(ids), set(inside) - set(ids))
    expect(all(text.strip() for _, _, text in found), "a link without words")
    expect(all(re.match(r"https?://\w", href) for href, _ in outside), outside)
    expect(all("noreferrer" in rel and "noopener" in rel for _, rel in outside), outside)
    for target in dict.fromkeys(inside):
        browser.run("document.querySelector('a[href=\"#' + arguments[0] + '\"]').click()", target)
        top = browser.run("return document.getElementById(arguments[0]).getBoundingClientRect().top", target)
        expect(-2 <= top < DESKTOP[1], f"#{target} is not in sight: {top}")
    return f"{len(inside)} within, {len(outside)} to the web"


CELLS = """
return [...document.querySelectorAll('table.forest tbody tr')].filter(row => row.offsetParent).map(row => [
  row.querySelector('th').firstElementChild?.textContent || row.querySelector('th').firstChild.textContent,
  ...[...row.querySelectorAll('td:not(.plot)')].map(cell => cell.innerText.trim()),
  [...row.querySelectorAll('.bar line.rule')].filter(l => getComputedStyle(l).display != 'none')
    .map(l => l.getAttribute('x1')).join(' ')])
"""
BESIDE = """
return [...document.querySelectorAll('#results .scroll table tbody tr')].filter(row => row.offsetParent)
  .map(row => [...row.children].map(cell => cell.innerText.trim()))
"""


def spanish(text: str, lang: str) -> str:
    """A number as Spanish writes it."""
    return re.sub(r"(?<=\d)\.(?=\d)", ",", text).replace(" to ", " a ") if lang == "es" else text


def expected(case: Case, flags: Sequence[str]) -> tuple[list[list[str]], dict[str, Any]]:
    """The lines of `evidence pool` as the forest must have them, and its JSON."""
    data = json.loads(case.command("pool", *flags, "--format", "json"))
    text = case.command("pool", *flags, "--format", "csv")
    lines = [
        line for line in csv.DictReader(io.StringIO(text)) if line["estimate"] and line["kind"] != "panel"
    ]
    lines = [line for line in lines if line["k"] != "1"]  # a pool of one study repeats that study's line
    drawn = [
        Interval(float(line["estimate"]), float(line["low"]), float(line["high"]), 0.95) for line in lines
    ]
    digits = numbers.digits_for(axis_top(drawn))
    weighted = any(line["weight"] for line in lines)
    cells = []
    for line, value in zip(lines, drawn, strict=True):
        counts = f"{line['events']}/{line['n']}" if line["events"] else ""
        estimate = "" if line["kind"] == "prediction" else numbers.percent(value.estimate, digits)
        limits = f"{numbers.percent(value.low, digits)} to {numbers.percent(value.high, digits)}"
        weight = f"{100 * float(line['weight']):.1f}" if line["weight"] else ""
        cells.append([counts, estimate, limits, *([weight] if weighted else [])])
    in_json = {
        (f"{s['events']}/{s['n']}", numbers.percent(s["proportion"]["estimate"], digits))
        for s in data["studies"]
    }
    expect(in_json <= {(line[0], line[1]) for line in cells}, "CSV and JSON of pool disagree")
    return [[spanish(cell, case.lang) for cell in line] for line in cells], data


def differences(data: dict[str, Any], against: str, lang: str) -> list[list[str]]:
    """What JSON says of the differences from one reference, as the page must print them."""
    found = []
    for contrast in data["comparisons"]:
        if contrast["against"] == against:
            gap = contrast["difference"]
            limits = f"{numbers.points(gap['low'])} to {numbers.points(gap['high'])}"
            found.append([spanish(numbers.points(gap["estimate"], sign=True), lang), spanish(limits, lang)])
    return found


def choices(browser: Browser, name: str) -> list[str]:
    """What the switch offers, if it is there."""
    script = "return [...(document.getElementById(arguments[0])?.options || [])].map(option => option.text)"
    return browser.run(script, name)


def choose(browser: Browser, name: str, number: int) -> None:
    """By keyboard: Home, then so many times down."""
    select = browser.driver.find_element(By.ID, name)
    select.send_keys(Keys.HOME, *[Keys.ARROW_DOWN] * number)


def switch(browser: Browser, case: Case) -> str:
    """Every model beside every reference, chosen by keyboard: forest and differences are those of `evidence pool`."""
    models, against = choices(browser, "model"), choices(browser, "against")
    expect(len(models) in (0, len(MODELS)), models)
    compared = 0
    for number, flags in enumerate(MODELS[: max(1, len(models))]):
        cells, data = expected(case, [word for key, value in flags.items() for word in (f"--{key}", value)])
        if models:
            choose(browser, "model", number)
        rules = set()
        for place in range(max(1, len(against))):
            if len(against) > 1:
                choose(browser, "against", place)
            shown = browser.run(CELLS)
            lines = [line[1:-1] for line in shown if line[2] or line[3]]
            expect(
                lines == cells,
                f"{flags}: {[pair for pair in zip(lines, cells, strict=False) if pair[0] != pair[1]]}",
            )
            compared += sum(len(line) for line in lines)
            said = browser.run("return document.getElementById('shown').innerText")
            expect(not models or models[number] in said, said)
            if not against:
                continue
            expect(against[place] in said, said)
            ruled = {line[-1] for line in shown if line[2]}
            expect(len(ruled) == 1 and "%" in ruled.pop(), "one dotted line, the same on every row")
            rules.add(shown[0][-1])
            beside = browser.run(BESIDE)
            wanted = differences(data, against[place], case.lang)
            expect(
                [line[1:3] for line in beside[: len(wanted)]] == wanted,
                (flags, against[place], beside, wanted),
            )
            compared += 2 * len(wanted)
            # What `evidence pool` prints of the pool is beside its own reference; for another one, that one is made it.
            row = next((s for s in data["studies"] if _named(s, against[place])), None)
            if row and data["pooled"][0]["k"] > 1 and case.lang == "en":
                compared += _pool_beside(flags, data, row, beside)
        expect(len(rules) >= min(1, len(against)), "the dotted line moves")
    if not models and len(against) < 2:
        return f"nothing to switch between, {compared} numbers"
    return f"{max(1, len(models))} models × {len(against)} comparators, {compared} numbers"


def _named(study: dict[str, Any], called: str) -> bool:
    control = called.split(",")[0] == study["arm"]
    if study["role"] != "reference" or control:
        return False
    return called == f"{study['label']}, week {study['weeks']:g}"


def _pool_beside(flags: Any, data: dict[str, Any], row: dict[str, Any], beside: list[list[str]]) -> int:
    """The pool's difference from any reference: typed counts pooled against that one's counts."""
    counts = [f"{s['events']}/{s['n']}" for s in data["studies"] if s["role"] != "reference"]
    words = [word for key, value in flags.items() for word in (f"--{key}", value)]
    run = [
        sys.executable,
        "-m",
        "evidence.cli",
        "pool",
        *counts,
        "--against",
        f"{row['events']}/{row['n']}",
        *words,
    ]
    typed = json.loads(
        subprocess.run([*run, "--format", "json"], check=True, capture_output=True, text=True).stdout
    )
    gap = next(c for c in typed["comparisons"] if c["ours"] == "all")["difference"]
    wanted = [
        numbers.points(gap["estimate"], sign=True),
        f"{numbers.points(gap['low'])} to {numbers.points(gap['high'])}",
    ]
    expect(wanted in [line[1:3] for line in beside], (wanted, beside))
    return 2


FOCUSED = """
const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
return [e.tagName, e.id || e.getAttribute('href') || e.textContent.trim().slice(0, 40),
  s.outlineStyle != 'none' && parseFloat(s.outlineWidth) >= 2,
  r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth && r.width > 0]
"""


def keyboard(browser: Browser) -> str:
    """Tab reaches everything that can be used, in the page's order, and what has the focus can be seen."""
    usable = browser.run(
        "return [...document.querySelectorAll('a[href], select, summary, [tabindex=\"0\"]')]"
        ".filter(e => e.checkVisibility()).length"
    )
    browser.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached = []
    for _ in range(usable):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        tag, name, outlined, seen = browser.run(FOCUSED)
        expect(outlined and seen, f"focus on {tag} {name} cannot be seen")
        reached.append(tag)
    expect(reached[0] == "A" and "BODY" not in reached, reached)
    for fold in browser.driver.find_elements(By.TAG_NAME, "summary"):
        opened = "return arguments[0].parentElement.open"
        before = browser.run(opened, fold)
        fold.send_keys(Keys.ENTER)
        expect(browser.run(opened, fold) != before, "Enter does not open a fold-out")
        fold.send_keys(Keys.SPACE)
        expect(browser.run(opened, fold) == before, "Space does not close it")
    details = browser.driver.find_elements(By.CSS_SELECTOR, "table.forest a[aria-describedby]")
    shown = [one for one in details if one.is_displayed()]
    if shown:
        browser.run("arguments[0].focus()", shown[0])
        tip = browser.driver.find_element(By.ID, shown[0].get_attribute("aria-describedby"))
        expect(tip.is_displayed(), "details do not show on focus")
        ActionChains(browser.driver).send_keys(Keys.ESCAPE).perform()
        expect(not tip.is_displayed(), "Escape does not hide the details")
    folds = reached.count("SUMMARY")
    return f"{len(reached)} stops: {reached.count('A')} links, {reached.count('SELECT')} selects, {folds} fold-outs"


def plain(browser: Browser, page: Path, text: str) -> str:
    """Without JavaScript the page says the same, less the switch."""
    browser.look(script=False)
    browser.open(page)
    expect(
        not browser.driver.find_elements(By.CSS_SELECTOR, "select:not([hidden] *)"),
        "a switch that does nothing",
    )
    said = browser.run("return document.body.innerText")
    expect(said == text, "other text without JavaScript")
    for fold in browser.driver.find_elements(By.TAG_NAME, "summary"):
        fold.click()
    shut = browser.run("return document.querySelectorAll('details:not([open])').length")
    expect(shut == 0, "a fold-out stays shut")
    browser.look()
    browser.open(page)
    return f"{len(said.split())} words, the same"


WIDE = """
const limit = document.documentElement.clientWidth;
const inside = e => { for (let p = e; p; p = p.parentElement) {
  const s = getComputedStyle(p); if (/auto|scroll/.test(s.overflowX) || s.position == 'absolute') return true } return false };
return [document.scrollingElement.scrollWidth - limit,
  [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('svg') && !inside(e)
    && e.getBoundingClientRect().right > limit + 1).map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 40)),
  [...document.querySelectorAll('.scroll, pre')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.checkVisibility()).length]
"""


def fits(browser: Browser, page: Path) -> str:
    """Nothing is wider than the screen but what scrolls by itself and says so."""
    areas = []
    for size in (NARROWEST, PHONE, DESKTOP):
        browser.look(size)
        browser.open(page)
        browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        over, found, scrolled = browser.run(WIDE)
        expect(over <= 0 and not found, f"{size[0]} px: {over} too wide: {found[:5]}")
        areas.append(f"{size[0]} px: {scrolled}")
    return f"areas that scroll by themselves at {', '.join(areas)}"


def spoken(browser: Browser, page: Path) -> str:
    """What a screen reader is told of tables does not hang on how they are laid out: on a phone they are no grid."""
    heard = []
    for size in (DESKTOP, PHONE):
        browser.look(size)
        browser.open(page)
        nodes = browser.tell("Accessibility.getFullAXTree")["nodes"]
        roles = Counter(node["role"]["value"] for node in nodes if not node.get("ignored"))
        heard.append({role: roles[role] for role in ("table", "row", "columnheader", "rowheader", "cell")})
    wide, narrow = heard
    # Empty cells and a group's are not shown on a phone.
    cells = browser.run(
        "return [...document.querySelectorAll('td')].filter(e => e.closest('table').checkVisibility()"
        " && !e.checkVisibility() && !e.closest('details:not([open])')).length"
    )
    expect({**narrow, "cell": narrow["cell"] + cells} == wide, heard)
    return f"{wide['table']} tables, {wide['row']} rows, at both widths"


def accessible(browser: Browser, page: Path, axe: str, found: dict[str, int], unsure: dict[str, int]) -> str:
    """What axe-core finds, at two widths, by day and by night, with every fold-out open and another choice made."""
    passed = set()
    for size, scheme in product((PHONE, DESKTOP), ("light", "dark")):
        browser.look(size, scheme)
        browser.open(page)
        browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        for name in ("model", "against"):
            if scheme == "dark" and len(choices(browser, name)) > 1:
                choose(browser, name, 1)
        browser.run(axe)
        result = browser.driver.execute_async_script(
            "axe.run(document, {runOnly: arguments[0]}).then(arguments[1])", RULES
        )
        passed |= {one["id"] for one in result["passes"]}
        for kept, key in ((found, "violations"), (unsure, "incomplete")):
            for one in result[key]:
                name = f"{one['id']} ({one['impact']}): {one['nodes'][0]['html'][:90]}"
                kept[name] = kept.get(name, 0) + len(one["nodes"])
    expect(not found, found)
    return f"{len(passed)} rules passed"


def printed(browser: Browser, page: Path, folder: Path, case: Case) -> str:
    """On paper: everything within the margins, folded parts open, no control, no row on two pages."""
    browser.look()
    browser.open(page)
    parts = browser.run(
        "return [...document.querySelectorAll('summary, h2, dt')].map(e => e.textContent.trim()).filter(Boolean)"
    )
    # A row's words as they stand in the page: on paper all of them must be on one sheet.
    rows = browser.run(
        "document.querySelectorAll('details').forEach(d => d.open = true);"
        "return [...document.querySelectorAll('tbody tr')].filter(r => r.checkVisibility())"
        ".map(r => r.querySelector('th').innerText.trim())"
    )
    browser.open(page)
    browser.look(PRINTED, media="print")  # what is wider than a page would print smaller, not be cut
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    over, wide, _ = browser.run(WIDE)
    expect(over <= 0 and not wide, f"wider than a page: {over}, {wide[:5]}")
    browser.look()
    browser.open(page)
    path = folder / f"{case.name}.pdf"
    browser.paper(path)
    text = subprocess.run(
        ["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True
    ).stdout
    flat = " ".join(text.split())
    missing = [part for part in parts if " ".join(part.split()) not in flat]
    expect(not missing, f"not on paper: {missing}")
    captions = browser.run(
        "return [...document.querySelectorAll('table.forest caption')].map(e => e.textContent)"
    )
    expect(flat.count(captions[0].partition(".")[0]) == 1, "views that are not shown are on paper")
    controls = browser.run("return [...document.querySelectorAll('form label')].map(e => e.textContent)")
    expect(not any(f"{label} " in flat for label in controls[:1]), f"controls are on paper: {controls}")
    boxes = subprocess.run(
        ["pdftotext", "-bbox", path, "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = boxes.count("<page ")
    expect(all(flat.find(row.split()[0]) >= 0 for row in rows if row), "a row is not on paper")
    for left, right, word in re.findall(r'xMin="([\d.]+)".*?xMax="([\d.]+)".*?>(.*?)<', boxes):
        expect(float(left) > MARGIN - 1 and float(right) < A4[0] - MARGIN + 1, f"{word} is in the margin")
    sheets = text.split("\f")[:pages]
    expect(all(len(sheet.split()) > 5 for sheet in sheets), "a page with nothing on it")
    subprocess.run(["pdftoppm", "-r", "60", "-png", path, folder / f"{case.name}-page"], check=True)
    return f"{pages} pages of A4"


# ---- the record ----------------------------------------------------------------------------------


def checks(browser: Browser, case: Case, axe: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Each check of one page and what it measured."""
    page = folder / f"{case.name}.html"
    start = time.perf_counter()
    page.write_text(case.command("report", "--lang", case.lang), encoding="utf-8", newline="")
    took = time.perf_counter() - start
    size = page.stat().st_size
    expect(size < MOST_BYTES, size)
    yield "size", f"{size / 1000:.0f} kB, made in {took:.1f} s"
    browser.said.clear()
    browser.requested.clear()
    browser.look()
    browser.open(page)
    text = browser.run(
        "const s = document.getElementById('switch'); if (s) s.hidden = true;"
        "const t = document.body.innerText; if (s) s.hidden = false; return t"
    )
    yield "links", links(browser)
    browser.open(page)
    yield "switch", switch(browser, case)
    browser.open(page)
    yield "keyboard", keyboard(browser)
    yield "without JavaScript", plain(browser, page, text)
    yield "width", fits(browser, page)
    yield "screen reader", spoken(browser, page)
    yield "paper", printed(browser, page, folder, case)
    found: dict[str, int] = {}
    unsure: dict[str, int] = {}
    yield "axe-core", accessible(browser, page, axe, found, unsure)
    yield "axe-core could not tell", "; ".join(f"{name} × {n}" for name, n in unsure.items()) or "nothing"
    for (width, size_), scheme in product((("phone", PHONE), ("desktop", DESKTOP)), ("light", "dark")):
        browser.look(size_, scheme)
        browser.open(page)
        browser.picture(folder / f"{case.name}-{width}-{scheme}.png")
    if browser.driver.find_elements(
        By.CSS_SELECTOR, "table.forest a"
    ):  # details, dotted line and focus, by night
        browser.look(PHONE, "dark")
        browser.run("document.querySelector('table.forest a').focus()")
        path = folder / f"{case.name}-focus.png"
        path.write_bytes(b64decode(browser.tell("Page.captureScreenshot")["data"]))
    browser.listen()
    expect(not browser.said, browser.said)
    elsewhere = [url for url in browser.requested if url.split("#")[0] != page.as_uri()]
    expect(not elsewhere, elsewhere)
    yield "console", "nothing said"
    yield "network", f"nothing asked for but the file itself ({len(browser.requested)} times opened)"


def main() -> int:
    axe = Path(sys.argv[1]).read_text(encoding="utf-8")
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="evidence-page-"))
    folder.mkdir(parents=True, exist_ok=True)
    browser = Browser()
    capabilities = browser.driver.capabilities
    version = re.search(r"axe v([\d.]+)", axe)
    print("# The page in a browser\n")
    print(f"Written by `python validation/page.py` on {date.today()}.\n")
    print(
        f"evidence {evidence.__version__}; Chromium {capabilities['browserVersion']}; axe-core "
        f"{version[1] if version else '?'}; {PHONE[0]} and {DESKTOP[0]} px, light and dark.\n"
    )
    faults = 0
    try:
        with tempfile.TemporaryDirectory() as scratch:
            for case in cases(Path(scratch)):
                if sys.argv[3:] and case.name not in sys.argv[3:]:
                    continue
                print(f"## {case.name}\n\n| check | found |\n|---|---|")
                try:
                    for name, said in checks(browser, case, axe, folder):
                        print(f"| {name} | {said} |", flush=True)
                except Fault as fault:
                    faults += 1
                    print(f"| **fault** | {str(fault)[:1500]} |")
                print(flush=True)
    finally:
        browser.driver.quit()
    print(
        "axe-core cannot tell the contrast of text in an SVG, the numbers on the forest's axis; a test computes it from "
        "the colours of style.css, as that of all others.\n"
    )
    print(f"Faults: {faults}.")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
