"""The six rules that make three folders one package, each with the failure it prevents; and the wheel, elsewhere."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from importlib.metadata import distribution, entry_points, version
from importlib.resources import files
from pathlib import Path

import click
import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def setup_cfg(root: Path) -> configparser.ConfigParser:
    config = configparser.ConfigParser(interpolation=None)
    config.read(root / "setup.cfg", encoding="utf-8")
    return config


def entries(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def mapping(config: configparser.ConfigParser) -> dict[str, str]:
    pairs = (line.split("=") for line in entries(config["options"]["package_dir"]))
    return {package.strip(): folder.strip() for package, folder in pairs}


def sources(root: Path) -> list[Path]:
    return sorted(path for folder in ("evidence", "cli", "data") for path in (root / folder).rglob("*.py"))


# ---- 1. packages are listed, and the list is the folders' ----------------------------------------------


def test_the_packages_listed_are_the_folders(root: Path, setup_cfg: configparser.ConfigParser) -> None:
    found = set()
    for package, folder in mapping(setup_cfg).items():
        for init in (root / folder).rglob("__init__.py"):
            found.add(".".join([package, *init.parent.relative_to(root / folder).parts]))
    listed = entries(setup_cfg["options"]["packages"])
    assert set(listed) == found
    assert len(listed) == len(set(listed))


def test_a_folder_with_modules_is_a_package(root: Path) -> None:
    assert {path.parent for path in sources(root) if not (path.parent / "__init__.py").exists()} == set()


# ---- 2. each mapped folder has an __init__.py (editable installs fail without data's) ------------------


def test_each_mapped_folder_has_an_init(root: Path, setup_cfg: configparser.ConfigParser) -> None:
    folders = mapping(setup_cfg)
    assert folders == {"evidence": "evidence", "evidence.cli": "cli", "evidence.data": "data"}
    for folder in folders.values():
        assert (root / folder / "__init__.py").is_file(), folder


# ---- 3. data is read through the import name, which holds wherever it is installed ---------------------


def test_data_is_read_through_its_import_name(root: Path) -> None:
    for path in sources(root):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            where = f"{path.relative_to(root)}:{getattr(node, 'lineno', 0)}"
            assert not (isinstance(node, ast.Name) and node.id == "__file__"), f"{where}: __file__"
            if isinstance(node, ast.Call):
                function = node.func
                name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                if name == "files":
                    assert [ast.literal_eval(a) for a in node.args] == ["evidence.data"], where


def test_the_data_are_where_the_import_name_says() -> None:
    assert files("evidence.data").joinpath("review.toml").is_file()


# ---- 4. the command imports itself relatively, and is reached through its entry point ------------------


def test_the_command_imports_itself_relatively(root: Path) -> None:
    for path in (root / "cli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names.append(node.module or "")
            for name in names:
                assert name.split(".")[0] != "cli", path
                assert not name.startswith("evidence.cli"), path


def test_the_entry_point_is_the_command() -> None:
    (point,) = entry_points(group="console_scripts", name="evidence")
    assert point.value == "evidence.cli:main"
    assert isinstance(point.load(), click.Group)


def test_the_command_starts_from_its_entry_point_and_as_a_module(
    run: Run, python: str, tmp_path: Path
) -> None:
    script = run("--version", cwd=tmp_path)
    assert script.returncode == 0, script.stderr
    module = subprocess.run(
        [python, "-m", "evidence.cli", "--version"], cwd=tmp_path, capture_output=True, text=True
    )
    assert module.returncode == 0, module.stderr
    assert script.stdout == module.stdout
    assert version("evidence-pool") in script.stdout


# ---- 5. pyproject.toml names the build backend and no more --------------------------------------------


def test_pyproject_only_names_the_build_backend(root: Path) -> None:
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {
        "build-system": {"requires": ["setuptools>=64"], "build-backend": "setuptools.build_meta"}
    }
    assert len(entries(text)) == 3


# ---- 6. the README installs editable; the wheel is tested from elsewhere ------------------------------


def test_the_readme_installs_editable(root: Path) -> None:
    installs = re.findall(r"pip install [^\n`]*", (root / "README.md").read_text(encoding="utf-8"))
    assert installs
    local = [line for line in installs if re.search(r"\s'?\.(\[|'|\s|$)", line)]
    assert local
    assert all(" -e " in line or " --editable " in line for line in local), local


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this tree, built from a copy (a build leaves folders behind, and takes up stale ones)."""
    copy = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for folder in ("evidence", "cli", "data"):
        shutil.copytree(root / folder, copy / folder, ignore=ignored)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, copy / name)
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check"]
    build += ["--wheel-dir", str(out)]
    if builds_wheels():
        build.append("--no-build-isolation")
    done = subprocess.run([*build, str(copy)], capture_output=True, text=True, cwd=out)
    if done.returncode and not builds_wheels():
        pytest.skip(f"no setuptools >= 70.1 here, and none could be fetched: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    (built,) = out.glob("*.whl")
    return built


def builds_wheels() -> bool:
    """Whether the installed setuptools makes wheels by itself: since 70.1."""
    try:
        major, minor = (int(part) for part in version("setuptools").split(".")[:2])
    except ModuleNotFoundError:
        return False
    return (major, minor) >= (70, 1)


def test_the_wheel_holds_every_module_and_every_table(root: Path, wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for package, folder in (("evidence", "evidence"), ("evidence/cli", "cli"), ("evidence/data", "data")):
        for path in (root / folder).rglob("*"):
            inside = path.relative_to(root / folder)
            left_behind = any(part.startswith((".", "__pycache__")) for part in inside.parts)
            if path.is_file() and not left_behind:
                assert f"{package}/{inside.as_posix()}" in names
    assert {"evidence/py.typed", "evidence/data/review.toml", "evidence/data/outcomes.csv"} <= names
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"evidence"}, "cli or data at the top"
    assert any(re.fullmatch(r"evidence_pool-[^/]*\.dist-info/(licenses/)?LICENSE", name) for name in names)


def test_the_wheel_works_from_another_folder(wheel: Path, python: str, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTHONIOENCODING": "utf-8"}

    def call(*args: str) -> str:
        done = subprocess.run(
            [python, *args], cwd=elsewhere, env=env, capture_output=True, encoding="utf-8", timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = call(
        "-c", "import evidence, evidence.cli, evidence.data as d; print(evidence.cli.__file__, d.__file__)"
    )
    assert where.count(str(tmp_path / "site")) == 2
    assert version("evidence-pool") in call("-m", "evidence.cli", "--version")
    assert "CLASI-50" in call("-m", "evidence.cli", "pool")


# ---- what a distribution says of itself ---------------------------------------------------------------


def test_dependencies_have_a_lower_bound_and_no_upper_one(setup_cfg: configparser.ConfigParser) -> None:
    extras = setup_cfg["options.extras_require"]
    required = entries(setup_cfg["options"]["install_requires"])
    assert {re.split(r"[>=<~!]", line)[0] for line in required} >= {
        "biopython",
        "click",
        "numpy",
        "pandas",
        "requests-cache",
        "scipy",
        "statsmodels",
    }
    for line in required:
        assert re.fullmatch(r"[\w-]+>=[\d.]+", line), line
    for extra in extras:
        for line in entries(extras[extra]):
            assert re.fullmatch(r"[\w-]+(>=[\d.]+)?", line), line
    assert setup_cfg["options"]["python_requires"] == ">=3.11"


def test_the_package_is_typed(setup_cfg: configparser.ConfigParser) -> None:
    assert files("evidence").joinpath("py.typed").is_file()
    assert entries(setup_cfg["options.package_data"]["evidence"]) == ["py.typed"]


def test_every_file_that_states_the_version_states_the_same(
    root: Path, setup_cfg: configparser.ConfigParser
) -> None:
    import evidence

    stated = setup_cfg["metadata"]["version"]
    assert evidence.__version__ == stated
    assert distribution("evidence-pool").version == stated, (
        "installed before the version changed: install again"
    )
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(stated)}$", citation, re.MULTILINE)
    assert f"[{stated}]" in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_licence_is_the_one_stated(root: Path, setup_cfg: configparser.ConfigParser) -> None:
    assert setup_cfg["metadata"]["license"] == "MIT"
    assert (root / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
    assert "license: MIT" in (root / "CITATION.cff").read_text(encoding="utf-8")


def test_make_prints_its_own_help(root: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    shown = subprocess.run(["make", "-s"], cwd=root, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(targets) > 5
    for target in targets:
        assert re.search(rf"^\s*{target}\s+\w", shown, re.MULTILINE), f"make {target} has no help"
