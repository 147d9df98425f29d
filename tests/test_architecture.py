"""Imports point downward, nothing heavy is imported before it is needed, and everything public says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

RANK = {
    "errors": 0,
    "lazily": 0,
    "literature": 0,
    "shown": 0,
    "telling": 0,
    "files": 1,
    "synthesis": 1,
    "review": 2,
    "papers": 2,
    "analysis": 3,
    "report": 4,
    "cli": 5,
}
"""errors < files, synthesis < review, papers < analysis < report < cli. `data` holds no code."""

UPWARD = {
    ("evidence.shown", "evidence.report", "__str__"),
    ("evidence.shown", "evidence.report.notebook", "_repr_html_"),
}
"""The one way up: a result prints or displays itself, by an import when it is asked to. (importer, imported, function)"""

LATER = {
    "Bio",
    "docx",
    "jinja2",
    "lxml",
    "matplotlib",
    "openpyxl",
    "pandas",
    "requests",
    "requests_cache",
    "scipy.optimize",
    "scipy.stats",
    "statsmodels",
}
"""Imported inside the function that needs them: at module level each of them slows every command."""


class Import(NamedTuple):
    """One imported module: by whom, in which function ("" at module level), for type checkers only or not."""

    module: str
    imported: str
    function: str
    typing_only: bool
    line: int


def modules() -> dict[str, Path]:
    """Import name -> file, for everything under evidence/ and cli/."""
    found = {}
    for package, folder in (("evidence", "evidence"), ("evidence.cli", "cli")):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join([package, *(p for p in parts if p != "__init__")])] = path
    return found


MODULES = modules()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def absolute(module: str, node: ast.ImportFrom) -> str:
    """The module a `from` statement names, dots resolved."""
    if not node.level:
        return node.module or ""
    package = module.split(".")
    if MODULES[module].name != "__init__.py":
        package = package[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def imports(module: str) -> Iterator[Import]:
    def walk(node: ast.AST, function: str, typing_only: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(module, alias.name, function, typing_only, child.lineno)
            elif isinstance(child, ast.ImportFrom):
                base = absolute(module, child)
                for alias in child.names:
                    name = f"{base}.{alias.name}"
                    own = name in MODULES or name in LATER or alias.name == "__version__"
                    target = name if own else base
                    yield Import(module, target, function, typing_only, child.lineno)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from walk(child, child.name, typing_only)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                yield from walk(ast.Module(child.body, []), function, True)
                yield from walk(ast.Module(child.orelse, []), function, typing_only)
            else:
                yield from walk(child, function, typing_only)

    yield from walk(TREES[module], "", False)


def room(module: str) -> str:
    """evidence.review.tables -> review; the package itself, a list of names, has none."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def test_every_module_is_in_a_room_whose_rank_is_known() -> None:
    assert {room(module) for module in MODULES} - {""} <= set(RANK)


@pytest.mark.parametrize("module", [name for name in MODULES if room(name)])
def test_imports_point_downward(module: str) -> None:
    for use in imports(module):
        if use.imported.split(".")[0] != "evidence" or use.imported.startswith(
            ("evidence.data", "evidence.__version__")
        ):
            continue
        here, there = room(module), room(use.imported)
        if not there and here == "cli":
            continue  # the command may use the library's public names
        assert there, f"{module}:{use.line} imports the package's list of names, not the module it needs"
        if here == there or (module, use.imported, use.function) in UPWARD:
            continue
        assert RANK[there] < RANK[here], f"{module}:{use.line} ({here}) imports {use.imported} ({there})"


def test_the_named_exceptions_are_still_needed() -> None:
    used = {(use.module, use.imported, use.function) for module in MODULES for use in imports(module)}
    assert used >= UPWARD


def test_nothing_in_the_library_imports_the_command() -> None:
    for module in MODULES:
        if room(module) != "cli":
            for use in imports(module):
                assert not use.imported.startswith(("evidence.cli", "cli", "click")), f"{module}:{use.line}"


def test_no_circle_of_imports() -> None:
    edges = {
        module: {
            use.imported for use in imports(module) if not (use.function or use.typing_only)
        }.intersection(MODULES)
        for module in MODULES
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path, module])
        if module not in done:
            for other in sorted(edges[module] - {module}):
                # `from . import x` in a package names the package only to reach x
                if not module.startswith(f"{other}."):
                    visit(other, (*path, module))
            done.add(module)

    for module in sorted(edges):
        visit(module, ())


@pytest.mark.parametrize("module", list(MODULES))
def test_nothing_heavy_is_imported_before_it_is_needed(module: str) -> None:
    for use in imports(module):
        if use.function or use.typing_only:
            continue
        names = use.imported.split(".")
        starts = {".".join(names[:i]) for i in range(1, len(names) + 1)}
        assert not starts & LATER, f"{module}:{use.line} imports {use.imported} at module level"


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("evidence.synthesis")])
def test_synthesis_is_arithmetic_alone(module: str) -> None:
    """Arrays in, frozen results out: no frames, no files, no printing, no environment."""
    for use in imports(module):
        top = use.imported.split(".")[0]
        assert top not in {"pandas", "csv", "io", "os", "pathlib", "sys", "logging", "json"}, (
            f"{module}:{use.line}"
        )
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input"}, f"{module}:{node.lineno}"


@pytest.mark.parametrize("module", list(MODULES))
def test_what_is_public_says_what_it_is(module: str) -> None:
    tree = TREES[module]
    if tree.body:
        assert ast.get_docstring(tree), f"{module} has no docstring"
    for node in tree.body:
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        if isinstance(node, kinds) and not node.name.startswith("_") and not is_overload(node):
            assert ast.get_docstring(node), f"{module}:{node.lineno} {node.name} has no docstring"


def is_overload(node: ast.AST) -> bool:
    return any("overload" in ast.dump(decorator) for decorator in getattr(node, "decorator_list", []))


def test_no_module_has_the_name_of_a_public_function() -> None:
    """evidence.pool must be the function, whatever was imported first."""
    import evidence

    tops = {module.split(".")[1] for module in MODULES if module.count(".") == 1}
    assert not tops & set(evidence.__all__)
