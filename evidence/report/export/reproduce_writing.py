"""R written safely: texts, numbers and vectors as R reads them, and a check of one number."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from math import isfinite

from evidence.report.characters import ASCII, clean
from evidence.synthesis.results import Interval

LINE = 118
PARTS = ("", ", lower", ", upper")
"""What is said of an interval's three numbers."""


def r_string(text: str) -> str:
    """The text as an R string of ASCII characters, whatever is in it.

    All that is not plain is written as its code point: R refuses other escapes beside these in one string, and a file of
    ASCII alone reads the same in every locale. R has neither the zero character nor halves of pairs: a replacement sign.
    """
    return '"' + "".join(map(_character, text)) + '"'


def _character(c: str) -> str:
    code = ord(c)
    if c in '"\\':
        return "\\" + c
    if 0x20 <= code < 0x7F:
        return c
    if code == 0 or 0xD800 <= code <= 0xDFFF:
        code = 0xFFFD
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def r_number(value: float | None) -> str:
    """The number in full; NA for none."""
    if value is None or not isfinite(value):
        return "NA"
    return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def r_vector(values: Iterable[str], *, indent: int = 2) -> str:
    """`c(...)` of what is R already, in lines of a readable length that end between values."""
    lines = [""]
    for value in values:
        if lines[-1].strip() and len(lines[-1]) + len(value) > LINE - 30:
            lines.append(" " * indent)
        lines[-1] += f"{value}, "
    return "c(" + "\n".join(line.rstrip() for line in lines).removesuffix(",") + ")"


def r_comment(text: str, mark: str = "# ") -> str:
    """The text as comment lines of ASCII characters, none of which it can leave."""
    plain = "".join(ASCII.get(c, c) for c in clean(text)).encode("ascii", "backslashreplace").decode()
    return (
        "\n".join(
            textwrap.wrap(plain, LINE, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False)
        )
        or mark.rstrip()
    )


# ---- checks ----------------------------------------------------------------------------------------


def check(name: str, code: str, expected: float | None, kind: str) -> Iterator[str]:
    """A line that compares what `code` gives with the number expected, where there is one."""
    if expected is not None and isfinite(expected):
        yield f'check({r_string(name)}, {code}, {r_number(expected)}, "{kind}")'


def check_interval(
    name: str, code: str, expected: Interval | None, kind: str, estimate: str = ""
) -> Iterator[str]:
    """The same of an estimate and its limits, `code` being a vector of the three; `estimate` is the estimate's own kind."""
    if expected is None:
        return
    for place, (part, value) in enumerate(zip(PARTS, expected, strict=True), 1):
        yield from check(name + part, f"{code}[{place}]", value, kind if part or not estimate else estimate)


def not_computed(name: str, reason: str, expected: float | None) -> str:
    """A line that says why the number expected is not compared."""
    return f"not.computed({r_string(name)}, {r_string(reason)}, {r_number(expected)})"
