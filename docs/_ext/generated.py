"""What the reference says, from the code itself: each function here is a page or a part of one, as reStructuredText.

Nothing is kept: the pages are made when the site is built, and a test asks these functions whether anything is missing.
No Sphinx is needed here.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import click
import prose

import evidence
from evidence.cli import SECTIONS, main
from evidence.literature import LITERATURE
from evidence.report.pooled.export import COLUMNS
from evidence.review import schema

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("review", "papers", "analysis", "synthesis", "report", "errors")
"""In the order in which a reader meets them; a room that has no public name is left out."""

KEY = re.compile(r"\b[a-z]+(?:19|20)\d\d[a-z]*\b")

# ---- commands ------------------------------------------------------------------------------------


def commands() -> str:
    """Every command under the sections that `evidence --help` has."""
    parts = []
    for title, names in SECTIONS.items():
        parts.append(heading(title, "="))
        for name in names:
            parts.append(
                f".. click:: evidence.cli.{name}:{name}\n   :prog: evidence {name}\n   :nested: full\n"
            )
    return "\n".join(parts)


def list_of_commands() -> str:
    """A line for each command, with a link to it."""
    parts = []
    for title, names in SECTIONS.items():
        parts.append(f".. rubric:: {title}\n")
        lines = [(f"`{name} <#{anchor(name)}>`__", prose.inline(says)) for name, says in names.items()]
        parts.append(table(("command", "what it does"), lines, widths=(20, 80)))
    return "\n".join(parts)


def anchor(name: str) -> str:
    """Where a command is described on the page of commands."""
    return f"evidence-{name.replace(' ', '-')}"


def all_commands() -> dict[str, click.Command]:
    """Every command by its words: `pool`, `cache`, `sheet export`."""
    context = click.Context(main, info_name="evidence")

    def within(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            words = f"{before} {name}".strip()
            yield words, command
            if isinstance(command, click.Group):
                yield from within(command, words)

    return dict(within(main, ""))


def command_help(command: click.Command) -> str:
    """A help text as reStructuredText: what click leaves as it stands, and examples, are shown as commands."""
    text = inspect.cleandoc(command.help or "").partition("\f")[0]
    made = []
    for block in re.split(r"\n\s*\n", text):
        kept = block.startswith("\b\n")
        head, _, rest = block.removeprefix("\b\n").partition("\n")
        if kept and rest:
            made += [prose.inline(head), console(inspect.cleandoc(f"\n{rest}"))]
        elif kept:
            made += [console(head)]
        else:
            made += [prose.inline(" ".join(block.split()))]
    return "\n\n".join(made) + "\n"


def options(context: click.Context) -> str:
    """The options of a command, each with what it may be and what it is when it is not given."""
    made = []
    for option in context.command.get_params(context):
        if not isinstance(option, click.Option) or option.hidden or option.name == "help":
            continue
        names = "/".join([*option.opts, *option.secondary_opts])
        value = "" if option.is_flag else f" {_value(option)}"
        made.append(f".. option:: {names}{value}\n\n   {' '.join(_said(option))}\n")
    return "\n".join(made)


def _value(option: click.Option) -> str:
    return option.metavar or (option.name or "").replace("_", "-").upper()


def _said(option: click.Option) -> Iterator[str]:
    words = option.help or ""
    yield prose.inline(words)
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    if not all(str(choice) in words for choice in choices):
        yield f"One of {', '.join(f'``{choice}``' for choice in choices)}."
    if option.required:
        yield "Needed."
    if option.multiple:
        yield "May be given several times."
    if option.show_default and option.default is not None and not option.is_flag:
        yield f"Default: ``{option.default}``."


def console(text: str) -> str:
    """Commands to type, one a line."""
    return ".. code-block:: sh\n\n" + "\n".join(f"   {line}" for line in text.strip("\n").split("\n"))


# ---- the library ---------------------------------------------------------------------------------


@cache
def public() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Room -> module -> public names, functions before classes, as `evidence.__all__` has them."""
    found: dict[str, dict[str, list[str]]] = {room: {} for room in ROOMS}
    for name in evidence.__all__:
        home = getattr(getattr(evidence, name), "__module__", "")
        if home.startswith("evidence."):  # __version__ is a word
            found[home.split(".")[1]].setdefault(home, []).append(name)
    return {
        room: {
            home: tuple(sorted(names, key=lambda name: (inspect.isclass(getattr(evidence, name)), name)))
            for home, names in sorted(homes.items(), key=_functions_first)
        }
        for room, homes in found.items()
        if homes
    }


def _functions_first(item: tuple[str, list[str]]) -> tuple[bool, str]:
    home, names = item
    return all(inspect.isclass(getattr(evidence, name)) for name in names), home


@cache
def records() -> Mapping[str, tuple[type, ...]]:
    """Module -> classes that public functions take and public results hold, and what these hold in turn."""
    named = [
        getattr(evidence, name) for homes in public().values() for names in homes.values() for name in names
    ]
    found = list(named)
    for thing in found:  # grows while it is read
        for word, module in _annotations(thing):
            one = _class(word, module)
            if one is not None and one not in found:
                found.append(one)
    homes: dict[str, list[type]] = {}
    for one in found[len(named) :]:
        homes.setdefault(one.__module__, []).append(one)
    return {home: tuple(homes[home]) for home in sorted(homes, key=_room_of)}


def _room_of(module: str) -> tuple[int, str]:
    return ROOMS.index(module.split(".")[1]), module


def _annotations(thing: Any) -> Iterator[tuple[str, str]]:
    """The words of the annotations of a function, or of a class's fields and properties, with the module they stand in."""
    owners = (
        [one for one in thing.__mro__ if _ours(one)] if inspect.isclass(thing) else [inspect.unwrap(thing)]
    )
    for owner in owners:
        written = list(vars(owner).get("__annotations__", {}).values()) if inspect.isclass(owner) else []
        members = vars(owner).items() if inspect.isclass(owner) else [("", owner)]
        for name, member in members:
            member = getattr(member, "fget", None) or getattr(member, "func", None) or member
            if inspect.isfunction(member) and not name.startswith("_"):
                written += member.__annotations__.values()
        for annotation in written:
            text = getattr(annotation, "__forward_arg__", annotation)
            yield from ((word, owner.__module__) for word in re.findall(r"[A-Za-z]\w*", str(text)))


def _ours(one: type) -> bool:
    return one.__module__.startswith("evidence.")


def _class(word: str, module: str) -> type | None:
    """The class that a word of an annotation means in a module; imports for type checkers alone are not there."""
    one = getattr(sys.modules[module], word, None)
    if inspect.isclass(one):
        return one if _ours(one) else None
    found = _classes().get(word, ())
    return found[0] if len(found) == 1 else None


@cache
def _classes() -> Mapping[str, Sequence[type]]:
    """Every class of the library by its own name, once the homes of public names are there."""
    found: dict[str, list[type]] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("evidence."):
            for one in vars(module).values():
                if inspect.isclass(one) and one.__module__ == name:
                    found.setdefault(one.__name__, []).append(one)
    return found


@cache
def called(word: str, beside: str) -> str:
    """Where the class that is called so is described, as a class described at `beside` means it; "" where nowhere."""
    places = described_classes()
    found = [place for place, one in places.items() if one.__name__ == word]
    if len(found) > 1 and beside in places:
        found = [place for place in found if places[place] is _class(word, places[beside].__module__)]
    return found[0] if len(found) == 1 else ""


@cache
def described_classes() -> Mapping[str, type]:
    """Every class that the reference describes, by the name under which it does."""
    found = {f"{one.__module__}.{one.__name__}": one for classes in records().values() for one in classes}
    for name in evidence.__all__:
        if inspect.isclass(one := getattr(evidence, name)):
            found[f"evidence.{name}"] = one
    return found


def record_pages() -> str:
    """Every record, by the module that makes it."""
    parts = []
    for home, classes in records().items():
        first, _, _ = (sys.modules[home].__doc__ or "").partition("\n")
        parts += [heading(home, "="), prose.rst(first)]
        parts += [documented(f"{home}.{one.__name__}", one) for one in classes]
    return "\n".join(parts)


def api() -> str:
    """Every public name, by room and module, each module with what its head says."""
    parts = []
    for room, homes in public().items():
        first, _, _ = (importlib.import_module(f"evidence.{room}").__doc__ or "").partition("\n")
        parts += [heading(room.capitalize(), "="), prose.rst(first) if room != "errors" else ""]
        for home, names in homes.items():
            parts += [heading(", ".join(names), "-")]
            parts += [prose.rst(inspect.cleandoc(sys.modules[home].__doc__ or ""), own=names)]
            parts += [documented(f"evidence.{name}", getattr(evidence, name)) for name in names]
    return "\n".join(parts)


def documented(name: str, thing: object) -> str:
    """The directive that shows a function, or a class with its fields."""
    if not inspect.isclass(thing):
        return f".. autofunction:: {name}\n"
    if issubclass(thing, Exception):
        return f".. autoexception:: {name}\n   :show-inheritance:\n"
    return f".. autoclass:: {name}\n   :members:\n   :undoc-members:\n   :inherited-members: tuple, object\n"


def words(text: str, module: object) -> str:
    """The words behind names such as TESTS that a docstring mentions, where its module has them."""
    lines = []
    for name in dict.fromkeys(re.findall(r"\b[A-Z][A-Z_]{3,}\b", text)):
        value = getattr(module, name, None)
        if isinstance(value, Sequence | Mapping) and not isinstance(value, str) and value:
            members = [getattr(one, "name", one) for one in value]
            if all(isinstance(one, str) for one in members):
                lines.append(f"``{name}``: {', '.join(members)}.")
    return "\n\n".join(lines)


# ---- files ---------------------------------------------------------------------------------------


def tables() -> str:
    """Each table of a review with its columns."""
    parts = []
    for one in schema.TABLES.values():
        record = inspect.getdoc(one.record) or ""
        needed = "Every review has it." if one.required else ""
        key = ", ".join(f"``{name}``" for name in one.key)
        parts += [heading(one.file, "-"), prose.rst(record.partition("\n\n")[0])]
        parts += [f"{needed} No two rows have the same {key}.\n"]
        lines = [
            (
                f"``{column.name}``",
                column.kind,
                prose.inline(column.meaning),
                prose.inline(schema.allowed(column)) + _refers(column),
                "yes" if column.required else "",
            )
            for column in one.columns
        ]
        parts.append(table(("column", "kind", "meaning", "allowed", "needed"), lines, (16, 10, 34, 32, 8)))
    return "\n".join(parts)


def _refers(column: schema.Column) -> str:
    return f"; there must be such a one in {column.refers}" if column.refers else ""


def csv_columns() -> str:
    """The columns of `--format csv`, in order."""
    return f"In order: {', '.join(f'``{name}``' for name in COLUMNS)}.\n"


# ---- references ----------------------------------------------------------------------------------


@cache
def cited() -> Mapping[str, tuple[str, ...]]:
    """Key -> modules whose code or docstring names it, the numbers first."""
    found: dict[str, list[str]] = {key: [] for key in LITERATURE}
    modules = sorted((ROOT / "evidence").rglob("*.py"), key=_room)
    for path in modules:
        if path.name == "literature.py":
            continue
        name = ".".join(path.relative_to(ROOT / "evidence").with_suffix("").parts).removesuffix(".__init__")
        for key in sorted(set(KEY.findall(path.read_text(encoding="utf-8"))) & set(found)):
            found[key].append(name)
    return {key: tuple(names) for key, names in found.items()}


def _room(path: Path) -> tuple[bool, str]:
    return "synthesis" not in path.parts, path.as_posix()


def references() -> str:
    """The literature: each entry with its key, which text links to, and the modules that name it."""
    parts = []
    for key, reference in LITERATURE.items():
        by = ", ".join(f"``{name}``" for name in cited()[key])
        parts.append(
            f".. _{key}:\n\n{key}\n    {prose.inline(reference)} {look_up(reference)}\n\n    Named in {by}.\n"
        )
    return "\n".join(parts)


def look_up(reference: str) -> str:
    """A link to the paper by its DOI, where the reference has one, else to a search for it."""
    doi = re.search(r"\b10\.\d{4,9}/[^\s;]+[^\s;.]", reference)
    if doi:
        return f"`{doi[0]} <https://doi.org/{doi[0]}>`__"
    return f"`Look it up <https://search.crossref.org/search/works?q={quote_plus(reference)}&from_ui=yes>`__"


# ---- contents ------------------------------------------------------------------------------------


def contents(index: str, pages: Iterable[str]) -> str:
    """Of a folder's index.md the table of contents: the pages that it links to, in its order, then whatever else is there."""
    linked = re.findall(r"\]\(([\w-]+)\.md\)", index)
    there = sorted(set(pages) - {"index"})
    ordered = [
        *(page for page in dict.fromkeys(linked) if page in there),
        *(p for p in there if p not in linked),
    ]
    return "\n".join(["", "```{toctree}", ":hidden:", "", *ordered, "```", ""]) if ordered else ""


# ---- reStructuredText ----------------------------------------------------------------------------


def heading(text: str, line: str) -> str:
    return f"{text}\n{line * (len(text) + 2)}\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> str:
    """A table whose cells may hold any markup."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for row in (head, *rows):
        lines += [
            f"   {'-' if i else '* -'} {cell}".replace("   - ", "     - ", 1) for i, cell in enumerate(row)
        ]
    return "\n".join([*lines, ""])
