"""What a full export holds: each file made as its own command makes it, and what cannot be had left out with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evidence.analysis.pooling import pool
from evidence.analysis.results import Analysis
from evidence.errors import InputError, NotPossible
from evidence.report import render
from evidence.report.export.bundle import LeftOut
from evidence.report.export.members import Members, slug
from evidence.report.export.revman import revman
from evidence.report.export.tables import add_tables
from evidence.review.revision import Past
from evidence.review.tables import Review

PACKAGE = "package/"

OF_PAGE = ("analysis", "where", "weeks", "exclude_retracted", "level")
"""Options that the page takes of those of a pool: it shows the models itself."""

REFERENCES = {"references.ris": "ris", "references.bib": "bibtex", "references.json": "csl-json"}
FIGURES = ("pdf", "svg", "png")
OF_ANALYSIS = (
    "result.json",
    "result.csv",
    "report.html",
    "report.md",
    "methods.md",
    "figures",
    "reproduce.R",
)
"""What rests on the pool, and goes with it."""


class Everything:
    """The members of a full export, and what is to be said of those that are not there."""

    def __init__(
        self, past: Past, review: Review, outcome: str | None, choices: Mapping[str, Any], since: str | None
    ) -> None:
        self.past, self.review, self.outcome, self.since = past, review, outcome, since
        self.choices = dict(choices)
        self.members = Members()
        self.left_out: list[LeftOut] = []
        self.notes: list[str] = []
        self.impossible = False

    def gather(self) -> None:
        """Put everything in. Raises OptionError for names that do not exist."""
        self._result()
        self.left_out += add_tables(self.members, self.past, self.review.title or "review", PACKAGE)
        self._references()
        self._checklists()
        self._quality()
        self._flow()
        self._try("revman", self._revman)

    def _try(self, name: str, make: Callable[[], None]) -> bool:
        """Make a part, or say why it cannot be."""
        try:
            make()
        except NotPossible as error:
            self.left_out.append(LeftOut(name, str(error)))
            return False
        return True

    # ---- the analysis ----------------------------------------------------------------------------

    def _result(self) -> None:
        try:
            analysis = pool(self.review, self.outcome, **self.choices)
        except NotPossible as error:
            self.impossible = True
            self.left_out += [LeftOut(name, str(error)) for name in OF_ANALYSIS]
            return
        add = self.members.add
        add(
            "result.json",
            render(analysis, "json"),
            "the pool with every number in full, as evidence pool --format json",
        )
        add("result.csv", render(analysis, "csv"), "the same as a table, for a spreadsheet")
        self._try("report.html", self._page)
        self._try("methods.md", lambda: self._methods(analysis))
        self._figures(analysis)
        self._try("reproduce.R", lambda: self._reproduce(analysis))

    def _page(self) -> None:
        from evidence.report.page.gather import gather
        from evidence.report.page.render import render_html, render_markdown

        asked = {name: self.choices[name] for name in OF_PAGE if name in self.choices}
        page = gather(self.review, self.outcome, **asked)
        self.members.add(
            "report.html",
            render_html(page),
            "one page with the answer and all that is behind it; open it in a browser",
        )
        self.members.add("report.md", render_markdown(page), "the same page as text")
        if set(self.choices) - set(OF_PAGE):
            self.notes.append(
                "report.html and report.md show the standard models beside each other, whatever model the other files are of"
            )

    def _methods(self, analysis: Analysis) -> None:
        from evidence.report.writing.composing import write
        from evidence.report.writing.printing import render as printed

        written = write("methods", analysis, review=self.review)
        self.members.add(
            "methods.md",
            printed(written, "markdown"),
            "the methods, to paste into a manuscript, with references",
        )

    def _figures(self, analysis: Analysis) -> None:
        from evidence.report.figures.save import need_matplotlib

        try:
            need_matplotlib()
        except InputError as error:
            self.left_out += [LeftOut(f"figures/forest.{kind}", str(error)) for kind in FIGURES]
            return
        from evidence.report.figures.drawing import page_of
        from evidence.report.figures.save import page_bytes

        page = page_of("forest", analysis)
        self.notes += [f"figures/forest: {warning}" for warning in page.warnings]
        for kind in FIGURES:
            self.members.add(f"figures/forest.{kind}", page_bytes(page, kind), "the forest plot, for print")

    def _reproduce(self, analysis: Analysis) -> None:
        from evidence.report.export.reproduce import reproduce_r

        self.members.add(
            "reproduce.R", reproduce_r(analysis), "the analysis in R, with the numbers it must come to"
        )

    # ---- the review ------------------------------------------------------------------------------

    def _references(self) -> None:
        from evidence.analysis.citing import cited
        from evidence.papers.formats import write_references

        try:
            entries = cited(self.review).entries
        except NotPossible as error:
            self.left_out += [LeftOut(f"references/{name}", str(error)) for name in REFERENCES]
            return
        for name, kind in REFERENCES.items():
            text = write_references((entry.item for entry in entries), kind)
            self.members.add(f"references/{name}", text, f"the references, for a reference manager ({kind})")

    def _checklists(self) -> None:
        from evidence.report.checklists.filling import NAMES, checklist
        from evidence.report.checklists.printing import render as printed

        for name in NAMES:

            def fill(name: str = name) -> None:
                filled = checklist(self.review, name, analysis=self.choices.get("analysis"))
                for ending, kind in (("md", "markdown"), ("csv", "csv")):
                    self.members.add(
                        f"checklists/{name}.{ending}",
                        printed(filled, kind),
                        f"{filled.title}, filled from the review",
                    )

            self._try(f"checklists/{name}", fill)

    def _quality(self) -> None:
        from evidence.report.review.quality_export import render_robvis, robvis_call
        from evidence.review.quality import quality_of

        names = dict.fromkeys(one.instrument.name for one in quality_of(self.review).judged)
        if not names:
            self.left_out.append(LeftOut("robvis", "nobody has judged a report yet: quality.csv has no row"))
        for name in names:

            def judge(name: str = name) -> None:
                quality = quality_of(self.review, instrument=name)
                file = f"robvis/{slug(name)}.csv"
                call = robvis_call(quality).replace("FILE.csv", file)
                self.members.add(file, render_robvis(self.review, quality), f"{name}, for R's robvis: {call}")

            self._try(f"robvis/{slug(name)}.csv", judge)

    def _flow(self) -> None:
        from evidence.analysis.flow import flow
        from evidence.report.review.flow import render_csv

        found = flow(self.review, since=self.since)
        if not any(found.sources.values()):
            self.left_out.append(
                LeftOut("prisma.csv", "no search is recorded, so there is no flow of papers to draw")
            )
            return
        self.members.add("prisma.csv", render_csv(found), "the flow of papers, for R's PRISMA2020")
        self.notes += [f"prisma.csv: {finding}" for finding in found.findings]

    def _revman(self) -> None:
        made = revman(self.review)
        for name, (text, what) in made.files.items():
            self.members.add(f"revman/{name}", text, f"RevMan: {what}")
        self.notes += [f"revman: {note}" for note in made.notes]


def said(choices: Mapping[str, Any]) -> Iterator[str]:
    """Options as they are typed."""
    import shlex

    from evidence.report.characters import clean

    for name, value in choices.items():
        option = f" --{name.replace('_', '-')}"
        if value is True:
            yield option
            continue
        if isinstance(value, tuple | list):
            value = "-".join(f"{part:g}" for part in value)
        elif isinstance(value, float):
            value = f"{value:g}"
        yield f"{option} {shlex.quote(clean(str(value)))}"
