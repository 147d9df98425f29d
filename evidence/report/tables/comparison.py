"""Comparison: ours, each series and each pool beside each reference, what differs, and the limitations beneath."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evidence.analysis.contrasts import Differences
from evidence.analysis.results import Analysis, Contrast, StudyRow
from evidence.analysis.robustness import Sensitivity
from evidence.errors import NotPossible
from evidence.report.characters import clean, shorten
from evidence.report.compared.words import METHODS, cells_of
from evidence.report.page.texts import name
from evidence.report.page.views import LABEL
from evidence.report.parts import Said, Table
from evidence.report.pooled.rows import Row, decimals, pool_lines, study_line
from evidence.report.tables.beside import controls_of, pool_against, references_of, row_against, series_of
from evidence.report.tables.paper import Column, PaperTable, tabled
from evidence.report.tables.saying import Saying
from evidence.report.writing.composing import write


class Line(NamedTuple):
    """A line of the table and its difference from the reference; the reference itself has none."""

    row: Row
    contrast: Contrast | None = None


def comparison(made: Analysis, found: Differences, doubts: Sensitivity | None, say: Saying) -> PaperTable:
    """A table a reference, the checked ones first; a control arm of another study is only named.

    Raises NotPossible where there is nothing to compare with.
    """
    references, controls = references_of(made), controls_of(made)
    if not references and not controls:
        raise NotPossible(
            "there is nothing to compare with: name a reference in the analysis of review.toml, or, with counts, --against"
        )
    blocks = [(reference, list(_lines(made, reference, found))) for reference in references]
    tables = tuple(_table(made, reference, lines, say) for reference, lines in blocks)
    if not references:
        tables = (_table(made, None, [Line(study_line(made, row)) for row in series_of(made)], say),)
    contrasts = [line.contrast for _, lines in blocks for line in lines if line.contrast]
    notes = (
        *say.warnings([made]),
        *say.marks([made]),
        *(_control(made, row, say) for row in controls),
        *([say.word("no_p")] if any(_pooled(made, contrast) for contrast in contrasts) else []),
        *([say.english(_methods(contrasts))] if contrasts else []),
        # These are said of one comparison: another beside it may well come out otherwise.
        *([say.word("limits_of", name=say.row(made, references[0]))] if len(references) > 1 else []),
        *map(say.prose, write("limitations", made, sensitivity=doubts, lang=say.lang).sentences),
    )
    return PaperTable("comparison", say.lang, say.titled("comparison", made), tables, notes)


def _lines(made: Analysis, reference: StudyRow, found: Differences) -> Iterator[Line]:
    """The reference, each series with ours first, then the pools: the difference stands beside the value it is made of."""
    yield Line(study_line(made, reference))
    for row in series_of(made):
        yield Line(study_line(made, row), row_against(made, row, reference, found))
    for pool in made.pooled:
        drawn = list(pool_lines(pool, single=False))
        for line in drawn:
            last = line is drawn[-1]
            yield Line(line, pool_against(made, pool, reference, found) if last else None)


def _table(made: Analysis, reference: StudyRow | None, lines: Sequence[Line], say: Saying) -> Table:
    digits, level = decimals(made), say.level(made)
    tests = [line.contrast.comparison.test for line in lines if line.contrast]
    test = clean(tests[0] or "").partition(",")[0].capitalize() if tests else ""
    columns = (
        Column(say.word("group"), [Said(_name(made, line, say)) for line in lines]),
        Column(say.word("counts"), [Said(line.row.counts) for line in lines], numeric=True),
        Column(
            say.word("share", level=level),
            [
                Said(say.figure(say.interval(line.row.value, digits)) if line.row.value else "")
                for line in lines
            ],
            numeric=True,
        ),
        Column(
            say.word("difference_points", level=level),
            [Said(_difference(made, line, reference, say)) for line in lines],
            numeric=True,
        ),
        Column(
            say.word("ratio", level=level), [Said(_ratio(made, line, say)) for line in lines], numeric=True
        ),
        Column(
            say.word("test_p", test=test), [Said(_pvalue(made, line, say)) for line in lines], numeric=True
        ),
        Column(say.word("differs"), [_differs(line, say) for line in lines]),
    )
    caption = say.text["against"].format(name=say.row(made, reference)) if reference else say.text["group"]
    return tabled(caption, columns)


def _name(made: Analysis, line: Line, say: Saying) -> str:
    return say.row(made, line.row.study) if line.row.study else shorten(name(line.row.name, say.lang), LABEL)


def _pooled(made: Analysis, contrast: Contrast) -> bool:
    """Whether one side is a pool: its test is of summed counts."""
    return contrast.comparison.test is not None and ", " in contrast.comparison.test


def _difference(made: Analysis, line: Line, reference: StudyRow | None, say: Saying) -> str:
    if line.contrast:
        return say.figure(cells_of(made, line.contrast)[0])
    return say.text["reference"] if reference and line.row.study is reference else ""


def _ratio(made: Analysis, line: Line, say: Saying) -> str:
    if not line.contrast or line.contrast.comparison.ratio_method is None:
        return ""
    text = cells_of(made, line.contrast)[2]
    if text.startswith("at least "):
        return f"{say.text['at_least']} {say.figure(text.removeprefix('at least '))}"
    return say.text["none"] if text == "none" else say.figure(text)


def _pvalue(made: Analysis, line: Line, say: Saying) -> str:
    if not line.contrast or _pooled(made, line.contrast):
        return ""
    return say.figure(cells_of(made, line.contrast)[1])


def _differs(line: Line, say: Saying) -> Said:
    return say.own("; ".join(map(say.differing, line.contrast.differs_in)) if line.contrast else "")


def _control(made: Analysis, row: StudyRow, say: Saying) -> Said:
    """A control arm with its count, and why nothing is subtracted from it."""
    return say.prose(say.text["control_arm"].format(counted=say.counted(made, row)))


def _methods(contrasts: Sequence[Contrast]) -> str:
    """How intervals and tests were made, each once: "Newcombe's ...; Koopman's ...; Fisher's exact test, two-sided."."""
    found = [one.comparison for one in contrasts]
    keys = [one.difference_method for one in found] + [one.ratio_method or "" for one in found]
    keys += [one.test or "" for one in found if ", " not in (one.test or "")]
    said = "; ".join(
        METHODS.get(key, f"difference by {clean(key)}") for key in dict.fromkeys(filter(None, keys))
    )
    return f"{said[:1].upper()}{said[1:]}."
