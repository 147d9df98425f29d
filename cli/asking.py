"""A row asked for on a terminal, column by column, with the choices the tables know."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from evidence.review.schema import Column
    from evidence.review.writing import Edit

ASKED = {
    "studies": (
        "study", "authors", "year", "title", "journal", "doi", "pmid", "design", "centre", "country",
        "recruited_from", "recruited_to", "treated", "source", "locator", "state",
    ),
    "outcomes": (
        "study", "arm", "subgroup", "outcome", "weeks", "events", "n", "percent", "definition", "source", "locator",
        "state",
    ),
}  # fmt: skip
"""What is asked of tables with many columns; the others are offered at the end."""

LATER = ("verified_by", "verified_on")
MOST_CHOICES = 12


def ask_row(edit: Edit, table: str, given: dict[str, str]) -> dict[str, str]:
    """The row, what was given left as it is; Enter leaves a cell empty where it may be."""
    row = dict(given)
    columns = {column.name: column for column in edit.columns(table)}
    names = [name for name in ASKED.get(table, tuple(columns)) if name not in LATER]
    names += [name for name, column in columns.items() if column.required and name not in names]
    for name in names:
        if name not in row:
            _put(row, name, ask_cell(edit, table, columns[name]))
    if row.get("state") == "verified":
        for name in ("locator", "verified_by"):
            if name in columns and not row.get(name):
                _put(row, name, ask_cell(edit, table, columns[name]._replace(required=True)))
    rest = [name for name in columns if name not in names and name not in row and name not in LATER]
    while rest:
        name = click.prompt(
            f"Another column ({', '.join(rest)}; Enter: none)", default="", show_default=False, err=True
        ).strip()
        if not name:
            break
        if name not in columns:
            from evidence.review.schema import nearest

            near = nearest(name, rest)
            click.echo(
                f"  There is no column {name!r}" + (f"; did you mean {near}?" if near else ""), err=True
            )
            continue
        _put(row, name, ask_cell(edit, table, columns[name]))
        rest = [other for other in rest if other != name]
    return row


def _put(row: dict[str, str], name: str, text: str) -> None:
    if text:
        row[name] = text


def ask_cell(edit: Edit, table: str, column: Column) -> str:
    """A cell that the column may hold; asked again until it is one."""
    from evidence.review.likely import explain
    from evidence.review.schema import Fault, parse

    choices = _choices(edit, table, column)
    shown = list(choices)[:MOST_CHOICES]
    click.echo(f"{column.name.replace('_', ' ')}: {column.meaning}", err=True)
    for number, choice in enumerate(shown, 1):
        label = f"  {choices[choice]}" if choices[choice] else ""
        click.echo(f"  {number:2}  {choice}{label}", err=True)
    if len(choices) > len(shown):
        click.echo(f"      and {len(choices) - len(shown)} more", err=True)
    while True:
        text = click.prompt("  >", default="", show_default=False, prompt_suffix=" ", err=True).strip()
        if text.isdigit() and text not in choices and 0 < int(text) <= len(shown):
            text = shown[int(text) - 1]
        value = parse(column, text)
        if isinstance(value, Fault):
            guess = explain(column, text, value)
            hint = f" (did you mean {guess.likely}?)" if guess.likely else ""
            click.echo(
                f"  {text!r} {guess.reason}{hint}; allowed: {value.allowed}" if text else "  needed", err=True
            )
        elif column.refers and text and text not in choices:
            from evidence.review.schema import nearest

            near = nearest(text, choices)
            click.echo("  there is no such one" + (f"; did you mean {near}?" if near else ""), err=True)
        else:
            return text


def _choices(edit: Edit, table: str, column: Column) -> dict[str, str]:
    """What may be chosen, with what it means; for free text what the column holds most often."""
    if column.name == "state":
        from evidence.report.review.check import MEANS

        return {word: MEANS[word] for word in column.words}
    if column.words:
        return dict.fromkeys(column.words, "")
    if column.refers == "studies":
        labels = _column(edit, "studies", "label")
        return dict(zip(_column(edit, "studies", "study"), labels or [""] * 10**6, strict=False))
    if column.refers == "outcomes":
        return {key: outcome.label for key, outcome in edit.question.outcomes.items()}
    if column.refers == "cohorts":
        linked = set(_column(edit, "cohorts", "study"))
        alone = [study for study in _column(edit, "studies", "study") if study not in linked]
        return dict.fromkeys([*_column(edit, "cohorts", "cohort"), *alone], "")
    if column.kind not in ("key", "name") or column.name in ("study", "patient"):
        return {}
    counted = Counter(filter(None, _column(edit, table, column.name)))
    return {text: "" for text, _ in counted.most_common(MOST_CHOICES)}


def _column(edit: Edit, table: str, name: str) -> list[str]:
    header = edit.header(table)
    if name not in header:
        return []
    place = header.index(name)
    return [cells[place] for _, cells in edit.rows(table)]
