"""What is made, not written: the README's first screen and plan of the house, and HOUSE.md.

    python validation/readme.py     rewrites them in place

A test calls `rendered` and compares.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ORDER = (
    "errors.py",
    "lazily.py",
    "literature.py",
    "shown.py",
    "telling.py",
    "files.py",
    "synthesis",
    "review",
    "papers",
    "analysis",
    "report",
)
"""The library's rooms from the ground up."""

AROUND = {
    "data/": "installed as evidence.data: the anifrolumab review, a real one",
    "tests/": "one file a module; published/ one a re-done paper; reference/ pinned answers",
    "examples/": "a notebook, from six patients to the paragraph; the tests run it",
    "docs/": "the documentation site: tutorial, how-tos, statistics; _ext/ makes its reference from the code",
    "validation/": "the scripts that made tests/reference, and simulations with their results; not shipped",
    "benchmarks/": "timings, apart from the tests",
}


def first_screen() -> str:
    """What `evidence pool` prints here, 80 columns wide."""
    drop = ("EVIDENCE_REVIEW", "NO_COLOR")
    env = {name: value for name, value in os.environ.items() if name not in drop}
    done = subprocess.run(
        [sys.executable, "-m", "evidence.cli", "pool"],
        cwd=ROOT,
        env={**env, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def summary(path: Path) -> str:
    """The first line of a module's docstring, without its full stop."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0].removesuffix(".")


def line(indent: int, name: str, says: str) -> str:
    return f"{' ' * indent}{name}".ljust(24) + f"  {says}" if says else f"{' ' * indent}{name}"


def described(folder: Path, indent: int) -> list[str]:
    """The modules of a room, each with the first line of its docstring."""
    found = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    return [line(indent, path.name, summary(path)) for path in found]


Listing = Callable[[Path, int], list[str]]


def unlisted(folder: Path, indent: int) -> list[str]:
    """No module by name: the README's plan has the rooms."""
    return []


def room(folder: Path, indent: int, listing: Listing) -> list[str]:
    """A package: what it is, its modules, then the packages in it."""
    lines = [line(indent, f"{folder.name}/", summary(folder / "__init__.py")), *listing(folder, indent + 2)]
    for inner in sorted(path for path in folder.iterdir() if (path / "__init__.py").exists()):
        lines += room(inner, indent + 2, listing)
    return lines


def house(listing: Listing = unlisted) -> str:
    """The rooms under evidence/ and cli/; in HOUSE.md every module with a line of its own."""
    lines = [line(0, "evidence/", summary(ROOT / "evidence" / "__init__.py"))]
    inside = {
        path.name
        for path in (ROOT / "evidence").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    inside.discard("__init__.py")
    known = [name for name in ORDER if name in inside]
    for name in [*known, *sorted(inside.difference(known))]:
        path = ROOT / "evidence" / name
        lines += [line(2, name, summary(path))] if path.is_file() else room(path, 2, listing)
    lines.append(line(0, "cli/", f"installed as evidence.cli: {summary(ROOT / 'cli' / '__init__.py')}"))
    lines += listing(ROOT / "cli", 2)
    lines += [line(0, name, says) for name, says in AROUND.items()]
    return "\n".join(lines) + "\n"


def house_file() -> str:
    """HOUSE.md: the same picture with a line for each module."""
    return f"""# The house, module by module

Made by `make readme` from the first line of each module's docstring; a test compares. The README has the plan.

```text
{house(described).rstrip()}
```
"""


def rendered(text: str) -> str:
    """The README with both blocks as they should be."""
    for name, body in (("first screen", first_screen()), ("house", house())):
        block = f"<!-- {name} -->\n```text\n{body.rstrip()}\n```\n<!-- /{name} -->"
        text, count = re.subn(
            rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _, b=block: b, text, flags=re.DOTALL
        )
        if count != 1:
            raise SystemExit(
                f"README.md: expected one block between <!-- {name} --> and <!-- /{name} -->, found {count}"
            )
    return text


if __name__ == "__main__":
    (ROOT / "HOUSE.md").write_text(house_file(), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(rendered(readme.read_text(encoding="utf-8")), encoding="utf-8")
