"""Each row and each pool of a result against each of its references: the contrasts it has, and those it has no need to print."""

from __future__ import annotations

from evidence.analysis.contrasts import Differences, between_rows, pool_and_row
from evidence.analysis.results import Analysis, Contrast, PoolRow, StudyRow
from evidence.review.arms import is_control


def series_of(made: Analysis) -> list[StudyRow]:
    """Ours, then the others."""
    return sorted(
        (row for row in made.studies if row.role != "reference"), key=lambda row: row.role != "ours"
    )


def references_of(made: Analysis) -> list[StudyRow]:
    """What is compared with, checked rows first. A control arm of another study is no stand-in for the treated one."""
    found = [row for row in made.studies if row.role == "reference" and not is_control(row.arm)]
    return sorted(found, key=lambda row: row.state == "unverified")


def controls_of(made: Analysis) -> list[StudyRow]:
    """The control arms beside them."""
    return [row for row in made.studies if row.role == "reference" and is_control(row.arm)]


def members(made: Analysis, pool: PoolRow) -> list[StudyRow]:
    """The rows a pool is of."""
    rows = [row for row in made.studies if row.role != "reference"]
    if pool.pool == "all":
        return rows
    if pool.pool == "others":
        return [row for row in rows if row.role != "ours"]
    return [row for row in rows if row.group == pool.pool]


def row_against(made: Analysis, row: StudyRow, reference: StudyRow, found: Differences) -> Contrast:
    """A row minus a reference."""
    had = _had(made, row.name, reference)
    return had or between_rows(row, reference, found, level=float(made.options["level"]))


def pool_against(made: Analysis, pool: PoolRow, reference: StudyRow, found: Differences) -> Contrast:
    """A pool minus a reference; a pool of one series is that series."""
    rows = members(made, pool)
    if len(rows) == 1:
        return row_against(made, rows[0], reference, found)
    return _had(made, pool.pool, reference) or pool_and_row(pool, rows, reference, found)


def _had(made: Analysis, ours: str, reference: StudyRow) -> Contrast | None:
    return next((one for one in made.comparisons if (one.ours, one.against) == (ours, reference.name)), None)
