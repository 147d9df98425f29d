"""Docstrings and help texts of this project as reStructuredText: they are plain prose, with `code` in single backticks."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Collection, Iterator

MARKED = re.compile(
    r"`(?P<code>[^`\n]+)`|(?<![\w-])(?P<option>--[a-z][\w-]*)|\b(?P<error>[A-Z]\w+Error|NotPossible)\b|(?<![\w*])\*(?P<stress>\w(?:[^*\n]*\w)?)\*(?![\w*])"
)
NAME = re.compile(r"[A-Za-z_][\w.]*")
ENTRY = re.compile(r"(\S(?:.*?\S)?) {2,}(\S.*)")
BULLET = re.compile(r"([-*]|\d+\.) +(\S.*)")


def rst(text: str, *, own: Collection[str] = ()) -> str:
    """The prose as reStructuredText; `own` are names of the thing itself (its arguments), code but no links.

    Paragraphs stay paragraphs. Indented lines are an example, shown as they stand. Lines in two columns, as

        level        of every interval, 0 to 1
        prior_scale  the scale of a prior given by its name

    are a list of terms, and lines that start with a dash or a number a list.
    """
    return "\n".join(_blocks(text, own)).strip("\n") + "\n"


def _blocks(text: str, own: Collection[str]) -> Iterator[str]:
    for block in paragraphs(text) if text.strip() else ():
        lines = block.split("\n")
        if all(line.startswith("    ") or not line for line in lines):
            yield f".. code-block:: {language(block)}"
            yield ""
            yield from lines
        elif entries := terms(lines):
            for term, meaning in entries:
                yield " ".join(f"``{name}``" if name != "," else name for name in re.split(r"(?=,)| ", term))
                yield f"    {inline(meaning, own)}"
        elif BULLET.match(lines[0]):
            for item in listed(lines):
                mark, rest = BULLET.match(item).groups()  # type: ignore[union-attr]
                yield f"{mark if mark != '*' else '-'} {inline(rest, own)}"
        else:
            yield inline(" ".join(line.strip() for line in lines), own)
        yield ""


def language(block: str) -> str:
    """Python where it is Python; else text, which is coloured as nothing."""
    try:
        ast.parse(inspect.cleandoc(f"\n{block}"))
    except SyntaxError:
        return "text"
    return "python"


def paragraphs(text: str) -> list[str]:
    """What blank lines part; an indented line starts a part of its own, and indented parts that follow each other are one."""
    parts: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = block.rstrip().split("\n")
        start = next((i for i, line in enumerate(lines) if line.startswith("    ")), len(lines))
        example = start < len(lines) and all(line.startswith("    ") for line in lines[start:])
        if example and start and lines[start - 1].endswith(":"):
            new = ["\n".join(lines[:start]), "\n".join(lines[start:])]
        else:
            new = ["\n".join(lines)]
        for one in new:
            if parts and one.startswith("    ") and parts[-1].startswith("    "):
                parts[-1] += f"\n\n{one}"
            else:
                parts.append(one)
    return parts


def terms(lines: list[str]) -> list[tuple[str, str]]:
    """Terms with their meanings, where the lines are in two columns; else none."""
    first = ENTRY.fullmatch(lines[0])
    if not first or not lines[1:]:
        return []
    column = first.start(2)
    found: list[tuple[str, str]] = []
    for line in lines:
        entry = ENTRY.fullmatch(line)
        if line.startswith(" "):
            if len(line) - len(line.lstrip()) < min(column, 4):
                return []
            term, meaning = found.pop()
            found.append((term, f"{meaning} {line.strip()}"))
        elif entry:
            found.append((entry[1], entry[2]))
        elif line[column - 1 : column] == " " and line[:column].strip():
            found.append((line[:column].strip(), line[column:]))
        else:
            return []
    return found


def listed(lines: list[str]) -> list[str]:
    """Items, each on one line."""
    items: list[str] = []
    for line in lines:
        if BULLET.match(line) or not items:
            items.append(line)
        else:
            items[-1] += f" {line.strip()}"
    return items


def inline(text: str, own: Collection[str] = ()) -> str:
    """One paragraph: `name`, --option and errors become code, linked where the library has them; else only *stress* is markup."""
    made, at = "", 0
    for found in MARKED.finditer(text):
        made = _joined(made, _escaped(text[at : found.start()]))
        made = _joined(made, _marked(found, own))
        at = found.end()
    return _joined(made, _escaped(text[at:]))


def _marked(found: re.Match[str], own: Collection[str]) -> str:
    if found["stress"]:
        return f"*{_escaped(found['stress'])}*"
    code = found["code"] or found["option"] or found["error"]
    return f":py:obj:`{code}`" if NAME.fullmatch(code) and code not in own else f"``{code}``"


def _escaped(text: str) -> str:
    return re.sub(r"([\\*|_`])", r"\\\1", text)


def _joined(before: str, after: str) -> str:
    """Markup ends at a space or not at all; an escaped space leaves no trace."""
    apart = before and after and not before[-1].isspace() and not after[0].isspace()
    return before + ("\\ " if apart else "") + after
