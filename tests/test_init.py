"""The public names: there, documented in one list, and free until used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import evidence


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import evidence; print(sorted(set(sys.modules) - before))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = {name for name in ast.literal_eval(out) if not name.startswith("__editable__")}
    assert {name for name in loaded if name.split(".")[0] == "evidence"} == {"evidence", "evidence.lazily"}
    assert not loaded & {"numpy", "scipy", "click", "pandas"}


@pytest.mark.parametrize("name", evidence.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(evidence, name) is not None
    assert name in dir(evidence)


def test_the_lists_of_names_agree() -> None:
    tree = ast.parse(Path(evidence.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imported = {
        alias.name: (node.module or "").removeprefix("evidence.")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == evidence._HOMES
    assert sorted(evidence.__all__) == sorted([*imported, "__version__"])


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'pol'"):
        _ = evidence.pol  # type: ignore[attr-defined]


def test_the_version_is_the_distributions() -> None:
    from importlib.metadata import version

    assert evidence.__version__ == version("evidence-pool")
