"""gather(): what goes on the page, from a review and its analysis, as plain values.

Every number comes from the rows and words that the terminal, JSON and the other formats print: here they are only put
together. What cannot be had, because the data do not bear it, is said where it would have stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from evidence.analysis.pooling import pool
from evidence.analysis.results import Analysis
from evidence.analysis.robustness import Sensitivity, sensitivity
from evidence.errors import DataError, EvidenceError, NotPossible, OptionError
from evidence.report.characters import clean, shorten
from evidence.report.numbers import brief, level, plural, span
from evidence.report.page.links import address, place
from evidence.report.page.texts import TEXTS, number, when
from evidence.report.page.views import LABEL, LONGEST, called, forest, source_id
from evidence.report.parts import (
    Code,
    Folded,
    Heading,
    Page,
    Pairs,
    Paragraph,
    Part,
    Points,
    Said,
    Section,
    Table,
)
from evidence.report.pooled.headline import headline
from evidence.report.pooled.rows import decimals, rows
from evidence.report.pooled.words import words
from evidence.report.review.check import row_numbers
from evidence.review.audit.findings import Finding
from evidence.review.quality import CROSS_STUDY, certainties, quality_of
from evidence.review.selection import resolve
from evidence.review.tables import Review

CELL = 1500
"""Characters of a cell: what is longer is no note any more."""


def gather(
    review: Review,
    outcome: str | None = None,
    *,
    analysis: str | None = None,
    by: str | None = None,
    where: str | None = None,
    weeks: Any = None,
    exclude_retracted: bool = False,
    level: float = 0.95,
    lang: str = "en",
) -> Page:
    """The page of an analysis of a review; `lang` is the language of what it says itself, the rest is as in `pool`.

    Raises OptionError for another language, and what `pool` raises where nothing can be pooled.
    """
    if lang not in TEXTS:
        raise OptionError("lang", lang, tuple(TEXTS))
    asked: dict[str, Any] = {
        "analysis": analysis,
        "where": where,
        "weeks": weeks,
        "exclude_retracted": exclude_retracted,
        "level": level,
    }
    made = pool(review, outcome, by=by, **asked)
    doubts = sensitivity(review, outcome, **asked)
    return _Gathering(review, outcome, {**asked, "by": by}, made, doubts, lang).page()


class _Gathering:
    """Review, result and language, from which each section is put together."""

    def __init__(
        self,
        review: Review,
        outcome: str | None,
        asked: dict[str, Any],
        made: Analysis,
        doubts: Sensitivity,
        lang: str,
    ) -> None:
        self.review, self.outcome, self.asked = review, outcome, asked
        self.made, self.doubts, self.lang = made, doubts, lang
        self.text = TEXTS[lang]
        self.used = list(dict.fromkeys(row.study for row in made.studies))

    def page(self) -> Page:
        """Every section that has something to say, in the order of reading."""
        makers: tuple[tuple[str, Callable[[], Iterable[Part]]], ...] = (
            ("answer", self._answer),
            ("question", self._question),
            ("flow", self._flow),
            ("studies", self._studies),
            ("results", self._results),
            ("numbers", self._numbers),
            ("robustness", self._robustness),
            ("limitations", self._limitations),
            ("audit", self._audit),
            ("quality", self._quality),
            ("methods", self._methods),
            ("references", self._references),
            ("reproduce", self._reproduce),
        )
        sections = ((key, tuple(make())) for key, make in makers)
        frame = ("skip", "contents", "english", "model", "against", "shown", "shown_alone", "notes", "weight")
        words_of_frame = {key: self.text[key] for key in (*frame, "differences", "forest_help")}
        words_of_frame["made"] = self.text["made"].format(version=self.made.version)
        means = f"{clean(self.made.outcome_label)}: {clean(self.made.definition)}".removesuffix(": ")
        return Page(
            lang=self.lang,
            title=self._own(self.made.title or self.review.name),
            subtitle=self._own(means),
            sections=tuple(Section(key, self.text[key], parts) for key, parts in sections if parts),
            words=words_of_frame,
            version=self.made.version,
        )

    # ---- texts -----------------------------------------------------------------------------------

    def _own(self, text: object, href: str = "", anchor: str = "") -> Said:
        """What the review says itself, in whatever language: cleaned, and cut where it is no text any more."""
        return Said(shorten(clean(str(text)), CELL), address(href), anchor=anchor)

    def _english(self, text: str) -> Said:
        """What the library says in English."""
        return Said(shorten(clean(text), LONGEST), lang="" if self.lang == "en" else "en")

    def _prose(self, text: str) -> Said:
        """What the library says in the page's language."""
        return Said(shorten(clean(text), LONGEST))

    def _label(self, study: str) -> str:
        return shorten(clean(self.review.label(study)), LABEL)

    def _said(self, key: str, **values: object) -> Said:
        return Said(self.text[key].format(**values))

    def _head(self, *keys: str) -> tuple[Said, ...]:
        return tuple(self._said(key) for key in keys)

    def _impossible(self, reason: Exception) -> Paragraph:
        return Paragraph(self._said("not_possible", reason=shorten(clean(str(reason)), CELL)), "small")

    # ---- sections --------------------------------------------------------------------------------

    def _answer(self) -> Iterator[Part]:
        for warning in self.made.warnings:
            yield Paragraph(self._english(warning), "warning")
        if self.lang == "en":
            said = list(headline(self.made))[len(self.made.warnings) :]
            yield Paragraph(self._prose(" ".join(said)), "lead")
            yield from (Paragraph(self._prose(text)) for text in words(self.made).comparison[:2])
            return
        from evidence.report.writing.composing import write

        try:
            written = write("results", self.made, sensitivity=self.doubts, lang=self.lang, words=90)
        except NotPossible:  # what must be said takes more words
            written = write("results", self.made, sensitivity=self.doubts, lang=self.lang)
        yield Paragraph(self._prose(written.text), "lead")

    def _question(self) -> Iterator[Part]:
        spec = resolve(self.review, self.outcome, self.asked["analysis"])
        meaning = self.review.outcomes[spec.outcome]
        weeks: object = self.made.options.get("weeks")
        if isinstance(weeks, tuple | list):
            low, high = (f"{week:g}" for week in weeks)
            time = low if low == high else self.text["weeks_window"].format(low=low, high=high)
            time += self.text["or_last_visit"] if spec.last_visit else ""
        else:
            time = self.text["any"] if weeks is None else self.text["last_visit"]
        beside = "; ".join(called(row, self.lang) for row in self.made.studies if row.role == "reference")
        ours = next((row.study for row in self.made.studies if row.role == "ours"), "")
        pairs = (
            ("term_title", self._own(self.review.title)),
            ("term_outcome", self._own(meaning.label)),
            ("term_definition", self._own(meaning.definition)),
            ("term_better", Said(self.text.get(meaning.better or "neither", meaning.better))),
            ("term_analysis", self._own(self.made.analysis)),
            ("term_designs", self._own(", ".join(spec.designs) or self.text["any"])),
            ("term_weeks", Said(time)),
            ("term_where", self._own(self.asked["where"] or "")),
            ("term_by", self._own(self.asked["by"] or "")),
            ("term_ours", self._own(self.review.label(ours) if ours in self.review.studies else "")),
            ("term_against", self._own(beside)),
        )
        yield Pairs(tuple((self.text[key], said) for key, said in pairs if said.text))
        yield Paragraph(self._said("fixed" if self.made.analysis else "not_fixed"), "small")

    def _flow(self) -> Iterator[Part]:
        from evidence.analysis.flow import flow

        found = flow(self.review)
        by = {clean(name): n for names in found.sources.values() for name, n in names.items()}
        main, others = found.databases, found.others
        steps = []
        if by:
            steps += [
                self._said("flow_previous", studies=found.previous_studies, reports=found.previous_reports),
                self._said("flow_identified", n=sum(by.values()), by=_listed(by)),
                self._said("flow_duplicates", duplicates=found.duplicates, known=found.known),
                self._said("flow_screened", n=main.screened, out=main.out),
                self._said("flow_sought", n=main.sought, out=main.not_retrieved),
                self._said(
                    "flow_assessed",
                    n=main.assessed,
                    out=sum(main.excluded.values()),
                    by=_listed({clean(reason): n for reason, n in main.excluded.items()}),
                ),
            ]
            if others.screened:
                steps.append(
                    self._said(
                        "flow_others",
                        n=others.screened,
                        assessed=others.assessed,
                        included=others.included,
                    )
                )
            steps.append(self._said("flow_new", studies=found.new_studies, reports=found.new_reports))
        series = [row for row in self.made.studies if row.role != "reference"]
        steps += [
            self._said("flow_total", studies=found.total_studies, reports=found.total_reports),
            self._said("flow_pooled", studies=len(series), patients=sum(row.n for row in series)),
        ]
        if len(self.made.studies) > len(series):
            steps.append(self._said("flow_beside", n=len(self.made.studies) - len(series)))
        yield Points(tuple(steps), steps=True)
        yield from (Paragraph(self._english(str(one)), "warning") for one in found.findings)
        yield from (Paragraph(self._english(note), "small") for note in found.notes)
        out = words(self.made).excluded
        if out:
            table = Table(
                self.text["left_out"].format(n=len(self.made.excluded)),
                self._head("rule", "reason"),
                tuple((self._english(rule), self._own(text)) for rule, text in out),
            )
            yield Folded(table.caption, (table,))

    def _studies(self) -> Iterator[Part]:
        lines = []
        for key in self.used:
            study = self.review.studies[key]
            between = f" {self.text['to']} ".join(filter(None, (study.recruited_from, study.recruited_to)))
            where = ", ".join(filter(None, (study.centre, study.country)))
            source = study.doi or study.source
            lines.append(
                (
                    self._own(self.review.label(key)),
                    self._own("" if study.year is None else study.year),
                    self._own(study.design_detail or study.design),
                    self._own(where),
                    self._own(between),
                    self._own("" if study.treated is None else study.treated),
                    self._own(study.population),
                    self._own(place(source), source),
                )
            )
        head = self._head(
            "study", "year", "design", "country", "recruited", "treated", "population", "source"
        )
        yield Table(self.text["studies_caption"], head, tuple(lines), frozenset({1, 5}))

    def _results(self) -> Iterator[Part]:
        yield from forest(self.review, self.outcome, self.asked, self.made, self.lang)

    def _numbers(self) -> Iterator[Part]:
        lines, ids = [], []
        digits = decimals(self.made)
        for line in rows(self.made):
            study = line.study
            if study is None or line.value is None:
                continue
            ids.append(source_id(self.made, study.name))
            notes = "; ".join(note.rstrip(".") for note in study.notes)
            limits = span(line.value, digits)
            share = brief(line.value.estimate, digits)
            lines.append(
                (
                    Said(" ".join((called(study, self.lang), *line.marks))),
                    self._own(study.arm),
                    self._own(when(study.when, self.lang)),
                    Said(line.counts),
                    Said(number(f"{share} % ({limits})", self.lang)),
                    Said(self.text[study.state]),
                    self._own(", ".join(filter(None, (study.locator, place(study.source)))), study.source),
                    self._english(notes),
                )
            )
        certain = number(level(float(self.made.options["level"])), self.lang)
        head = (
            *self._head("study", "arm", "when", "counts"),
            Said(f"% ({self.text['interval'].format(level=certain)})"),
            *self._head("state", "source", "remarks"),
        )
        yield Table(self.text["numbers_caption"], head, tuple(lines), frozenset({3, 4}), tuple(ids))
        marks = "; ".join(f"{mark} {text}" for mark, text in words(self.made).footnotes)
        if marks:
            yield Paragraph(self._english(marks), "small")

    def _robustness(self) -> Iterator[Part]:
        from evidence.report.sensitivity.text import sections
        from evidence.report.sensitivity.words import words as told

        said = told(self.doubts)
        for text in (said.headline, said.weakest):
            if text:
                yield Paragraph(self._english(text))
        for title, text, table in sections(self.doubts):
            parts: list[Part] = [Paragraph(self._english(text))] if text else []
            if table:
                head, *lines = ([self._english(cell) for cell in line] for line in table)
                numeric = frozenset(range(1, len(head)))
                parts.append(Table(title, tuple(head), tuple(map(tuple, lines)), numeric))
            if parts:
                yield Folded(title, tuple(parts))
        yield from (Paragraph(self._english(note), "small") for note in said.notes)

    def _limitations(self) -> Iterator[Part]:
        from evidence.report.writing.composing import write

        try:
            written = write("limitations", self.made, sensitivity=self.doubts, lang=self.lang)
        except EvidenceError as reason:
            yield self._impossible(reason)
            return
        if written.text:
            yield Paragraph(self._prose(written.text))

    def _audit(self) -> Iterator[Part]:
        from evidence.review.audit.auditing import audit

        try:
            found = audit(self.review)
        except DataError as reason:
            yield self._impossible(reason)
            return
        if not found:
            yield Paragraph(self._said("audit_none"))
            return
        counts = ", ".join(plural(count, severity) for severity, count in found.counts.items())
        yield Paragraph(self._said("audit_lead", found=counts))
        ours = [one for one in found.findings if one.study in self.used]
        others = [one for one in found.findings if one.study not in self.used]

        def table(findings: Sequence[Finding], caption: str) -> Table:
            alike: dict[tuple[str, str, str, str], list[Finding]] = {}
            for one in findings:
                alike.setdefault((one.study, one.severity, one.rule, one.reason), []).append(one)
            lines = tuple(
                (
                    Said(shorten(clean(found.labels[study]), LABEL)),
                    Said(self.text[severity]),
                    self._english(reason),
                    self._own(_places(group)),
                )
                for (study, severity, _, reason), group in alike.items()
            )
            return Table(caption, self._head("report", "severity", "finding", "place"), lines)

        if ours:
            yield table(ours, self.text["audit_used"])
        if others:
            caption = self.text["audit_others"].format(n=len(others))
            yield Folded(caption, (table(others, caption),))

    def _quality(self) -> Iterator[Part]:
        found = quality_of(self.review)
        judged = [
            one for one in found.judged if one.study in self.used and one.outcome in ("", self.made.outcome)
        ]
        for one in judged:
            lines = tuple(
                (
                    self._english(item),
                    self._english(row.judgement),
                    self._own(row.reason),
                    self._own(", ".join(filter(None, (row.locator, place(row.source)))), row.source),
                    self._own(row.by),
                )
                for item, row in one.rows.items()
            )
            caption = self.text["quality_caption"].format(instrument=one.instrument.name)
            head = self._head("item", "judgement", "why", "source", "by")
            yield Table(f"{caption}, {self._label(one.study)}", head, lines)
        if not judged:
            yield Paragraph(self._said("judged_none"))
        known = {one.study for one in judged}
        missing = list(dict.fromkeys(self._label(key) for key in self.used if key not in known))
        if missing and judged:
            yield Paragraph(self._said("judged_missing", names="; ".join(missing)))
        if any(one.analysis == self.made.analysis for one in found.contrasts):
            reason = CROSS_STUDY if self.lang == "en" else SPANISH_CROSS_STUDY
            yield Paragraph(self._said("confounding", reason=reason))
        sure = [one for one in certainties(self.review.grades) if one.outcome == self.made.outcome]
        for certainty in sure:
            steps = tuple(
                (self._english(item), self._english(row.judgement), self._own(row.reason), self._own(row.by))
                for item, row in certainty.steps.items()
            )
            caption = self.text["certainty_caption"].format(question=certainty.question)
            head = self._head("item", "judgement", "why", "by")
            yield Table(caption, head, steps)
        if not sure:
            yield Paragraph(self._said("certainty_none"))

    def _methods(self) -> Iterator[Part]:
        if self.lang == "en":
            from evidence.report.pooled.methods import methods

            paragraph, _, listed = methods(self.made).strip().partition("\n\n")
            yield Paragraph(self._prose(paragraph))
            references = [line.partition(". ")[2] for line in listed.splitlines()]
        else:
            from evidence.report.writing.composing import write

            written = write("methods", self.made, lang=self.lang)
            yield Paragraph(self._prose(written.text))
            references = list(written.references)
        yield Paragraph(self._english(self.doubts.method), "small")
        if references:
            yield Heading(self._said("tools"))
            yield Points(
                tuple(Said(clean(text), lang="en" if self.lang != "en" else "") for text in references),
                numbered=True,
            )

    def _references(self) -> Iterator[Part]:
        from evidence.analysis.citing import MARK, cited
        from evidence.analysis.notices import notices_of
        from evidence.papers.styles import cite

        try:
            listed = cited(self.review, self.used)
        except EvidenceError as reason:
            yield self._impossible(reason)
            return
        items = []
        for entry in listed.entries:
            text = cite([entry.item]).partition(". ")[2].strip()
            if text == MARK and entry.key in self.review.studies:  # the table has neither title nor authors
                text = f"{self._label(entry.key)}. {text}"
            items.append(self._own(text, entry.item.doi or ""))
        yield Points(tuple(items), numbered=True)
        notices = notices_of(self.review)
        hung = [(key, notice) for key in self.used for notice in notices.get(key, ())]
        for key, notice in hung:
            said = f"{self.review.label(key)}: {notice}"
            yield Paragraph(self._english(said), "warning" if notice.loud else "")
        if not hung:
            yield Paragraph(self._said("no_notice"), "small")
        yield from (Paragraph(self._english(note), "small") for note in listed.notes)

    def _reproduce(self) -> Iterator[Part]:
        from evidence.report.page.remaking import commands, hashes

        yield Paragraph(self._said("commands", version=self.made.version))
        yield Code(tuple(commands(self.review, self.outcome, self.asked, self.lang)))
        if not self.review.shipped:
            yield Paragraph(self._said("review_note", name=clean(self.review.name)), "small")
        yield Paragraph(self._said("json_note"), "small")
        files, together = hashes(self.review)
        lines = tuple((Said(name), Said(digest)) for name, digest in files.items())
        table = Table(self.text["hash_caption"], (self._said("file"), Said("SHA-256")), lines)
        yield Folded(table.caption, (table,))
        yield Paragraph(self._said("hash_all", hash=together), "small")


SPANISH_CROSS_STUDY = (
    "los dos grupos proceden de estudios distintos, nadie fue asignado a uno u otro, y nada ajusta por lo que diferencia "
    "a sus pacientes"
)


def _places(findings: Sequence[Finding]) -> str:
    """Where findings that say the same stand: in the paper, then in the review's tables."""
    places = "; ".join(dict.fromkeys(clean(one.place) for one in findings if one.place))
    files = []
    for file in dict.fromkeys(one.file for one in findings):
        files.append(f"{file} {row_numbers(sorted({one.row for one in findings if one.file == file}))}")
    return f"{places} ({', '.join(files)})" if places else ", ".join(files)


def _listed(counts: Mapping[str, int]) -> str:
    """Counts by name, behind a total."""
    said = "; ".join(f"{name} {count}" for name, count in counts.items())
    return f" ({said})" if said else ""
