"""The two blocks of the README that are made, not written: the first screen and the picture of the house.

    python validation/readme.py     rewrites them in place

A test calls `rendered` and compares.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 120

ORDER = ("errors.py", "synthesis", "review", "papers", "analysis", "report")
"""The library's rooms from the ground up."""

AROUND = {
    "data/": "installed as evidence.data: the anifrolumab review, a real one",
    "tests/": "one file a module; published/ one a re-done paper; reference/ pinned answers",
    "validation/": "the scripts that made tests/reference; not shipped",
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
    return f"{' ' * indent}{name}".ljust(26) + says if says else f"{' ' * indent}{name}"


def modules(folder: Path, indent: int) -> list[str]:
    found = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    return [line(indent, path.name, summary(path)) for path in found]


def house() -> str:
    """Every module under evidence/ and cli/ with the first line of its docstring."""
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
        if path.is_file():
            lines.append(line(2, name, summary(path)))
        else:
            lines.append(line(2, f"{name}/", summary(path / "__init__.py")))
            lines += modules(path, 4)
    lines.append(line(0, "cli/", f"installed as evidence.cli: {summary(ROOT / 'cli' / '__init__.py')}"))
    lines += modules(ROOT / "cli", 2)
    lines += [line(0, name, says) for name, says in AROUND.items()]
    return "\n".join(lines) + "\n"


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
    readme = ROOT / "README.md"
    readme.write_text(rendered(readme.read_text(encoding="utf-8")), encoding="utf-8")
