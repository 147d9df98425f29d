"""The PRISMA 2020 flow diagram of an updated review: as a picture of text, as JSON, and as the CSV of R's PRISMA2020.

Haddaway NR, Page MJ, Pritchard CC, McGuinness LA. PRISMA2020: an R package and Shiny app for producing PRISMA
2020-compliant flow diagrams. Campbell Syst Rev. 2022;18:e1230.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from evidence.files import FORMULA
from evidence.report.characters import cells, clean, pad, to_ascii, wrap
from evidence.report.machine import csv_rows, json_text

if TYPE_CHECKING:
    from evidence.analysis.flow import Arm, Flow

COLUMNS = ("data", "node", "box", "description", "boxtext", "tooltips", "url", "n")
"""The columns of the template, which `PRISMA_data` reads."""

_REASONS = "Reports excluded ({}): [separate reasons and numbers using ; e.g. Reason1, xxx; Reason2, xxx; Reason3, xxx]"
NA = "NA"
_FROM, _OUT = "Records identified from: ", "Reports excluded "
_MAIN, _OTHERS = "databases and registers", "Websites, Organisations and Citation Searching"

# data, node, box, description, boxtext, tooltips, page; "" for data stands for a heading. The template's own words.
TEMPLATE: tuple[tuple[str, str, str, str, str, str, str], ...] = (
    (NA, "node4", "prevstud", "Grey title box; Previous studies", "Previous studies", "=", "prevstud"),
    ("previous_studies", "node5", "box1", "Studies included in previous version of review", "=", "=", "previous_studies"),
    ("previous_reports", NA, "box1", "Reports of studies included in previous version of review", "=", NA, "previous_reports"),
    (NA, "node6", "newstud", "Yellow title box; Identification of new studies via databases and registers", "<", "=", "newstud"),
    ("database_results", "node7", "box2", "Records identified from: Databases", "<", _FROM + "Databases and Registers", "database_results"),
    ("database_specific_results", NA, "box2", "Records identified from: specific databases", "Specific Databases", NA, "database_results"),
    ("register_results", NA, "box2", "Records identified from: Registers", "Registers", NA, NA),
    ("register_specific_results", NA, "box2", "Records identified from: specific registers", "Specific Registers", NA, "database_results"),
    (NA, "node16", "othstud", "Grey title box; Identification of new studies via other methods", "<", "=", "othstud"),
    ("website_results", "node17", "box11", "Records identified from: Websites", "<", _FROM + _OTHERS, "website_results"),
    ("organisation_results", NA, "box11", "Records identified from: Organisations", "Organisations", NA, NA),
    ("citations_results", NA, "box11", "Records identified from: Citation searching", "Citation searching", NA, NA),
    ("duplicates", "node8", "box3", "Duplicate records", "=", "=", "duplicates"),
    ("excluded_automatic", NA, "box3", "Records marked as ineligible by automation tools", "=", NA, NA),
    ("excluded_other", NA, "box3", "Records removed for other reasons", "=", NA, NA),
    ("records_screened", "node9", "box4", "Records screened (databases and registers)", "<", "=", "records_screened"),
    ("records_excluded", "node10", "box5", "Records excluded (databases and registers)", "<", "=", "records_excluded"),
    ("dbr_sought_reports", "node11", "box6", "Reports sought for retrieval (databases and registers)", "<", "=", "dbr_sought_reports"),
    ("dbr_notretrieved_reports", "node12", "box7", "Reports not retrieved (databases and registers)", "<", "=", "dbr_notretrieved_reports"),
    ("other_sought_reports", "node18", "box12", "Reports sought for retrieval (other)", "<", "=", "other_sought_reports"),
    ("other_notretrieved_reports", "node19", "box13", "Reports not retrieved (other)", "<", "=", "other_notretrieved_reports"),
    ("dbr_assessed", "node13", "box8", "Reports assessed for eligibility (databases and registers)", "<", "=", "dbr_assessed"),
    ("dbr_excluded", "node14", "box9", _REASONS.format(_MAIN), "Reports excluded", _OUT + f"({_MAIN})", "dbrexcludedrecords"),
    ("other_assessed", "node20", "box14", "Reports assessed for eligibility (other)", "<", "=", "other_assessed"),
    ("other_excluded", "node21", "box15", _REASONS.format("other"), "Reports excluded", _OUT + "(other)", "other_excluded"),
    ("new_studies", "node15", "box10", "New studies included in review", "=", "=", "new_studies"),
    ("new_reports", NA, "box10", "Reports of new included studies", "=", NA, NA),
    ("total_studies", "node22", "box16", "Total studies included in review", "=", "=", "total_studies"),
    ("total_reports", NA, "box16", "Reports of total included studies", "=", NA, NA),
    ("identification", "node1", "identification", "Blue identification box", "Identification", "=", "identification"),
    ("screening", "node2", "screening", "Blue screening box", "Screening", "=", "screening"),
    ("included", "node3", "included", "Blue included box", "Included", "=", "included"),
    ("total_studies_ma", "node23", "box17", "Total studies included in meta-analysis", "=", "=", "total_studies_meta_analysis"),
    ("total_reports_ma", NA, "box17", "Reports of total included studies in meta-analysis", "=", NA, NA),
)  # fmt: skip
"""`=` repeats the description, `<` what is behind its last colon or semicolon, without the parenthesis."""

LEFT, ARROW = 38, 5
"""Columns of the left boxes, and of the arrow to the right ones."""


def render_csv(flow: Flow, **_: object) -> str:
    """The file that `PRISMA2020::PRISMA_data(read.csv(...))` reads."""
    return csv_rows((COLUMNS, *_rows(flow)))


def _rows(flow: Flow) -> Iterator[list[str]]:
    counts = flow.counts()
    for data, node, box, description, boxtext, tooltip, page in TEMPLATE:
        short = re.sub(r"^.*[;:] | \([^()]*\)$", "", description)
        said = (short if text == "<" else description if text == "=" else text for text in (boxtext, tooltip))
        url = page if page == NA else f"{page}.html"
        yield [data, node, box, description, *said, url, _n(counts.get(data, 0))]


def _n(count: int | Mapping[str, int]) -> str:
    """A count; or several with names, as the package takes them apart: at semicolons, then at commas.

    None are 0, of which the package makes "(n = 0)".
    """
    if isinstance(count, int):
        return str(count)
    return "; ".join(f"{_name(name)}, {number}" for name, number in count.items()) or "0"


def _name(text: str) -> str:
    # Its labels stand between apostrophes.
    name = " ".join(re.sub(r"[;,\\\"]", " ", clean(text).replace("'", "\u2019")).split())
    return name.lstrip("".join(FORMULA) + " ") or "?"


def render_json(flow: Flow, **_: object) -> str:
    """One object; `counts` has the names of the template."""
    found = {
        "version": flow.version,
        "review": clean(flow.review),
        "since": flow.since or None,
        "adds_up": not flow.findings,
        "counts": {
            name: count if isinstance(count, int) else {clean(key): number for key, number in count.items()}
            for name, count in flow.counts().items()
        },
        "findings": [clean(str(one)) for one in flow.findings],
        "notes": list(map(clean, flow.notes)),
    }
    return json_text(found)


# ---- the picture ---------------------------------------------------------------------------------


def render_text(flow: Flow, *, width: int = 80, unicode: bool = True, **_: object) -> str:
    """The diagram in words and arrows."""
    title = f"{clean(flow.title)}: " if flow.title else ""
    since = f", updates since {flow.since}" if flow.since else ""
    lines = [*wrap(f"{title}PRISMA 2020 flow of an updated review{since}", width), ""]
    lines += _pair("Studies in the previous version", flow.previous_studies)
    lines += _pair("  in reports", flow.previous_reports)
    lines += ["", "  Databases and registers", *_databases(flow)]
    if any(flow.sources.get(kind) for kind in ("website", "organisation", "citations")):
        lines += ["", "  Other methods", *_others(flow)]
    lines.append("")
    for name, studies, reports in (
        ("New studies included", flow.new_studies, flow.new_reports),
        ("Total studies included", flow.total_studies, flow.total_reports),
        ("of these in the main analysis", flow.pooled_studies, flow.pooled_reports),
    ):
        lines += _pair(name, studies)
        lines += _pair("  in reports", reports)
    if flow.findings:
        lines += ["", f"  Not final, or not adding up ({len(flow.findings)}):"]
        for one in flow.findings:
            lines += wrap(clean(str(one)), width, "    ", "      ")
    else:
        lines += ["", "  All counts add up."]
    for note in flow.notes:
        lines += wrap(clean(note), width, "  ", "    ")
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return text if unicode else to_ascii(text.replace("│", "|").replace("─", "-").replace("▶", ">"))


def _databases(flow: Flow) -> Iterator[str]:
    arm = flow.databases
    yield from _pair("Records identified", flow.identified, _removed(flow))
    for kind in ("database", "register"):
        for name, count in flow.sources.get(kind, {}).items():
            yield from _pair(f"  {clean(name)}", count)
    yield from _down()
    yield from _pair("Records screened", arm.screened, [("excluded", arm.out)])
    yield from _down()
    yield from _reports(arm)


def _others(flow: Flow) -> Iterator[str]:
    for kind in ("website", "organisation", "citations"):
        for name, count in flow.sources.get(kind, {}).items():
            yield from _pair(f"Records from {clean(name) if name != kind else kind}", count)
    yield from _down()
    yield from _reports(flow.others)


def _reports(arm: Arm) -> Iterator[str]:
    yield from _pair("Reports sought", arm.sought, [("not retrieved", arm.not_retrieved)])
    yield from _down()
    reasons = [(clean(name), count) for name, count in arm.excluded.items()]
    yield from _pair("Reports assessed", arm.assessed, [("excluded", sum(arm.excluded.values())), *reasons])
    yield from _down()
    yield from _pair("Reports included", arm.included)


def _removed(flow: Flow) -> list[tuple[str, int]]:
    return [("duplicates", flow.duplicates), ("in the review before", flow.known)]


def _down() -> Iterator[str]:
    yield f"  {'│':>6}"


def _pair(name: str, count: int, aside: list[tuple[str, int]] | None = None) -> Iterator[str]:
    """A box, and what leaves it to the right; its further lines below."""
    number = f"{count:,}"
    from evidence.report.characters import shorten

    shown = shorten(name, LEFT - len(number) - 1)
    left = "    " + shown + pad(number, LEFT - cells(shown), right=True)
    if not aside:
        yield left
        return
    room = 80 - 4 - LEFT - ARROW - 2
    for index, (what, number_out) in enumerate(aside):
        out = f"{number_out:,}"
        indent = "" if index == 0 or what in ("in the review before",) else "  "
        text = shorten(indent + what, room - len(out) - 1)
        right = text + pad(out, room - cells(text), right=True)
        start = left + " ──▶ " if index == 0 else " " * (4 + LEFT + ARROW)
        yield start + right


RENDERERS = {"text": render_text, "json": render_json, "csv": render_csv}
