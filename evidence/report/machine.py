"""For other programs: numbers in full, nothing infinite, no cell that a spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from evidence.report.characters import clean
from evidence.synthesis.results import Interval


def json_text(made: object) -> str:
    """One JSON value as a text. `made` holds no infinite number: `plain` and `finite` see to that."""
    import json

    return json.dumps(made, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


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


def field(value: Any) -> str:
    """Text a spreadsheet will not take for a formula; numbers in full, blank where there is none."""
    if isinstance(value, str):
        text = clean(value)
        return "'" + text if text[:1] in ("=", "+", "-", "@") else text
    number = plain(value)
    return "" if number is None else str(number)


def interval(value: Interval | None, method: str | None = None) -> dict[str, Any] | None:
    """An interval with the keys of the contract."""
    if value is None:
        return None
    limits = {
        "estimate": value.estimate,
        "low": value.low,
        "high": value.high,
        "level": value.level,
    }
    return limits | {"method": method} if method else limits


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
