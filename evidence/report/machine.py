"""For other programs: numbers in full, nothing infinite, no cell that a spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from evidence.files import FORMULA
from evidence.report.characters import clean
from evidence.review.encoding import visible_json

if TYPE_CHECKING:
    from evidence.analysis.results import Result
    from evidence.synthesis.results import Interval


def json_text(made: object, *, indent: int | None = 1) -> str:
    """One JSON value as a text. `made` holds no infinite number: `plain` and `finite` see to that."""
    import json

    return visible_json(json.dumps(made, ensure_ascii=False, allow_nan=False, indent=indent)) + "\n"


def csv_text(columns: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> str:
    """A header and a row a line; a cell the line does not name, or names None, is blank."""
    import csv
    import io

    out = io.StringIO()
    table = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    table.writeheader()
    for line in lines:
        table.writerow({name: field(value) for name, value in line.items() if value is not None})
    return out.getvalue()


def csv_rows(rows: Iterable[Iterable[Any]]) -> str:
    """Rows whose cells are known by their place, the header among them."""
    import csv
    import io

    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerows(map(field, row) for row in rows)
    return out.getvalue()


def field(value: Any) -> str:
    """Text a spreadsheet will not take for a formula; numbers in full, blank where there is none.

    "-3.5" is text and gets its apostrophe like any other: whoever has a number gives a number. A tab, a blank or a line's
    end before a formula is gone once text is `clean`.
    """
    if isinstance(value, str):
        text = clean(value)
        return "'" + text if text.startswith(FORMULA) else text
    number = plain(value)
    return "" if number is None else str(number)


def about(result: Result) -> dict[str, str]:
    """What a result is about and who computed it, with the keys of the contract."""
    return {
        "version": result.version,
        "review": clean(result.review),
        "outcome": clean(result.outcome),
        "analysis": clean(result.analysis),
    }


def interval(value: Interval | None, method: str | None = None) -> dict[str, Any] | None:
    """An interval with the keys of the contract."""
    if value is None:
        return None
    return limits(value) | ({"method": method} if method else {})


def limits(value: Interval | None) -> dict[str, Any]:
    """An interval as columns of a table, none where there is none."""
    if value is None:
        return {}
    return {"estimate": value.estimate, "low": value.low, "high": value.high, "level": value.level}


def finite(made: dict[str, Any]) -> dict[str, Any]:
    """The same with JSON's own types, and a note about each number there is none for."""
    missing: list[str] = []
    done = {key: plain(value, key, missing) for key, value in made.items()}
    done["notes"] += missing_note(missing)
    return done


def missing_note(missing: list[str]) -> list[str]:
    """What to say of the numbers that are not finite, by their paths."""
    return [f"no finite value: {', '.join(missing)}"] if missing else []


def plain(value: Any, path: str = "", missing: list[str] | None = None) -> Any:
    """numpy's numbers to Python's, tuples to lists; what is not finite to None, its path kept in `missing`."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v, f"{path}.{k}", missing) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v, path, missing) for v in value]
    if isinstance(value, int):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return clean(str(value))
    if isfinite(number):
        return number
    if missing is not None:
        missing.append(path)
    return None
