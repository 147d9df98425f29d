"""What each command loads. Start-up is what every call pays; a stray import shows here, not as a slow machine."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"pandas", "statsmodels", "matplotlib", "requests", "requests_cache", "Bio", "jinja2", "openpyxl"}
SCIPY = {
    "scipy.stats",
    "scipy.optimize",
    "scipy.integrate",
    "scipy.linalg",
    "scipy.sparse",
    "scipy.interpolate",
}

RUN = """
import sys
from evidence.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print("\\n".join(sorted(sys.modules)), file=sys.stderr)
"""


def loaded(*args: str, env: dict[str, str] | None = None) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, *args],
        capture_output=True,
        text=True,
        check=True,
        env=env,
        encoding="utf-8",
    )
    return set(done.stderr.splitlines())


def test_help_loads_click_alone() -> None:
    for args in (
        ["--help"],
        ["pool", "--help"],
        ["outcomes", "--help"],
        ["completion", "bash"],
        ["--version"],
    ):
        modules = loaded(*args)
        assert "click" in modules
        assert not modules & (HEAVY | {"numpy", "scipy", "evidence.analysis", "evidence.review.tables"}), args


def test_pool_adds_only_the_standard_library_to_click_numpy_and_scipy_special() -> None:
    code = "import sys, click, numpy, scipy.special; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    base = set(done.stdout.splitlines())
    for args in (
        ["pool"],
        ["pool", "6/6", "9/9", "11/11", "--against", "49/107"],
        ["pool", *["5/9", "4/8", "1/7", "2/9", "3/3"]],
    ):
        modules = loaded(*args)
        assert {"numpy", "scipy.special", "evidence.report.pooled.text"} <= modules
        assert not modules & HEAVY, args
        added = modules - base  # some versions of scipy.special load scipy.linalg themselves
        assert not added & SCIPY, args
        foreign = {name.split(".")[0] for name in added} - sys.stdlib_module_names - {"evidence"}
        assert not {name for name in foreign if not name.startswith("__")}, args
        assert not added & {"json", "tempfile", "pathlib", "inspect", "importlib.metadata", "textwrap"}, args
        assert not modules & {"evidence.report.pooled.export", "evidence.report.pooled.documents"}, args


def test_outcomes_needs_no_numerics() -> None:
    assert not loaded("outcomes") & (HEAVY | {"numpy", "scipy"})


def test_blas_gets_one_thread_unless_the_user_says_otherwise() -> None:
    code = (
        "import os\nfrom evidence.cli import main\nassert 'OMP_NUM_THREADS' not in os.environ\n"
        "os.environ['MKL_NUM_THREADS'] = '3'\n"
        "try:\n    main(['--version'])\nexcept SystemExit:\n    pass\n"
        "print(*(os.environ[n] for n in ('OPENBLAS_NUM_THREADS', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS')))"
    )
    import os

    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    ).stdout
    assert out.splitlines()[-1] == "1 1 3"
