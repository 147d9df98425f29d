"""Two people's tables beside each other, on a screen: how far they agree, and what is left to settle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.report.characters import cells, clean, pad
from evidence.report.explaining import printed
from evidence.report.numbers import brief, fixed, level, plural
from evidence.report.terminal import BOLD, DIM, INDENT, Paper
from evidence.review.agreement import ColumnAgreement, Kappa, TableAgreement
from evidence.review.schema import one_line

SHOWN = 25
"""Differences listed on a screen; the rest are counted, and are all in --format json and in the consensus."""


def render_text(
    found: Sequence[TableAgreement],
    *,
    names: tuple[str, str] = ("A", "B"),
    width: int = 80,
    unicode: bool = True,
    color: bool = False,
) -> str:
    """For each table its rows, its columns and their agreement, then what differs."""
    paper = Paper(width, unicode, color)
    lines = paper.paragraph(headline(found), style=BOLD)
    lines += paper.paragraph(f"A is {clean(names[0])}, B is {clean(names[1])}.")
    for table in found:
        if table.shared or not table.agreed:
            lines += [""] * (not table.agreed) + [*_table(table, paper)]
    return "\n".join(lines) + "\n"


def headline(found: Sequence[TableAgreement]) -> str:
    """What there is to settle, in one sentence."""
    cells_, alike = sum(table.cells for table in found), sum(table.alike for table in found)
    only = sum(len(table.only_a) + len(table.only_b) for table in found)
    shared = sum(table.shared for table in found)
    if not shared:
        return f"No row in common: {plural(only, 'row')} that only one has."
    share = f"{brief(alike / cells_)} % of {cells_:,} cells" if cells_ else "no cell"
    said = f"{share} alike in {plural(shared, 'row')} that both have"
    return (
        f"{said}; {plural(only, 'row')} that only one has." if only else f"{said}; no row that only one has."
    )


def _table(table: TableAgreement, paper: Paper) -> Iterator[str]:
    head = f"{table.name or 'the table'}: {plural(table.shared, 'row')} in common"
    if table.agreed and not table.notes:
        yield f"{head}, alike throughout"
        return
    yield paper.paint(BOLD, head)
    for whose, rows in (("A", table.only_a), ("B", table.only_b)):
        if rows:
            shown = "; ".join(_key(row) for row in rows[:5]) + ("; ..." if len(rows) > 5 else "")
            yield from paper.paragraph(
                f"{plural(len(rows), 'row')} only in {whose}: {shown}", INDENT, INDENT * 2
            )
    for note in table.notes:
        yield from paper.paragraph(f"{clean(note)}.", INDENT, INDENT * 2)
    columns = [column for column in table.columns if column.cells]
    whole = [column for column in columns if column.alike == column.cells and column.kappa is None]
    listed = [column for column in columns if column not in whole]
    if listed:
        wide = max([6, *(cells(clean(column.column)) for column in listed)])
        yield paper.paint(DIM, f"{INDENT}{pad('column', wide)}   alike        %  ")
        for column in listed:
            share = f"{brief(column.percent):>6}"
            counts = f"{column.alike}/{column.cells}"
            head = f"{INDENT}{pad(clean(column.column), wide)}  {counts:>7}  {share}  "
            yield from paper.paragraph(_more(column), head, " " * cells(head))
    if whole:
        names = ", ".join(clean(column.column) for column in whole)
        yield from paper.paragraph(f"alike throughout: {names}", INDENT, INDENT * 2, style=DIM)
    if table.differences:
        yield from paper.paragraph("To be settled:", INDENT)
    for cell in table.differences[:SHOWN]:
        both = f"{_value(cell.a)} (A row {cell.row_a}), {_value(cell.b)} (B row {cell.row_b})"
        said = f"{_key(cell.key)}: {clean(cell.column)} {both}"
        yield from paper.paragraph(said, INDENT * 2, INDENT * 3)
    if len(table.differences) > SHOWN:
        yield f"{INDENT * 2}... and {len(table.differences) - SHOWN} more"


def _more(column: ColumnAgreement) -> str:
    parts = []
    if column.kappa is not None:
        parts.append(kappa_in_words(column.kappa))
    if column.largest:
        parts.append(f"A larger in {column.larger_a}, B in {column.larger_b}; by {column.largest:g} at most")
    for whose, count in (("A", column.only_a), ("B", column.only_b)):
        if count:
            parts.append(f"{count} only {whose} filled")
    return "; ".join(parts)


def kappa_in_words(found: Kappa) -> str:
    """`kappa 0.62 (0.41 to 0.83)`, or why there is none."""
    if found.kappa is None:
        return f"kappa {found.note}" if found.note.startswith("not") else f"no kappa: {found.note}"
    limits = (
        f" ({fixed(found.low)} to {fixed(found.high)})"
        if found.low is not None and found.high is not None
        else ""
    )
    note = f", {found.note}" if found.note else ""
    return f"kappa {fixed(found.kappa)}{limits}{note}"


def _key(key: Sequence[str]) -> str:
    return clean(one_line(", ".join(filter(None, key))))


def _value(text: str) -> str:
    return f"'{clean(one_line(text))}'" if text else "empty"


def methods(found: Sequence[TableAgreement]) -> str:
    """How two people's extractions were compared, as a paragraph for a paper's methods."""
    cells_, alike = sum(table.cells for table in found), sum(table.alike for table in found)
    kappas = [column.kappa for table in found for column in table.columns if column.kappa is not None]
    defined = [one for one in kappas if one.kappa is not None]
    said = (
        f"Two extractions of the same reports were compared cell by cell. Of {cells_:,} cells that one or both filled "
        "in rows that both had, "
        f"{alike:,} were alike ({brief(alike / cells_) if cells_ else '-'} %); numbers were alike if they meant the same."
    )
    if defined:
        values = [one.kappa for one in defined if one.kappa is not None]
        said += (
            f" For {plural(len(defined), 'column')} of categories, agreement beyond chance was Cohen's kappa [cohen1960], "
            f"from {fixed(min(values))} to {fixed(max(values))}, with {level(defined[0].level)} % intervals from its large-sample "
            "standard error [fleiss1969], over the rows that both filled."
        )
    left = sum(len(table.differences) for table in found)
    only = sum(len(table.only_a) + len(table.only_b) for table in found)
    rest = (
        f"{plural(left, 'difference')} and {plural(only, 'row')} that only one had were left to be settled."
    )
    return printed(f"{said} {rest}") + "\n"
