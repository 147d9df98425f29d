"""What every test gets: no network, a known environment, and the installed command."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from .standin import StandIn

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile(
    "local", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, print_blob=True)
settings.register_profile("thorough", settings.get_profile("local"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "local"))

# What a user's shell may hold that would change an answer or its look.
for name in ("EVIDENCE_REVIEW", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM"):
    os.environ.pop(name, None)
for name in ("NCBI_EMAIL", "NCBI_API_KEY", "EVIDENCE_EUTILS_URL"):
    os.environ.pop(name, None)

CACHE = tempfile.TemporaryDirectory(prefix="evidence-cache-")
os.environ["EVIDENCE_CACHE"] = CACHE.name  # what a test asks, or clears, is nobody's own cache

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections leave this machine in no test; one that tries fails with the address it wanted."""

    def guard(method: Callable[..., Any]) -> Callable[..., Any]:
        def connect(self: socket.socket, address: Any, *rest: Any) -> Any:
            inet = self.family in (socket.AF_INET, socket.AF_INET6)
            if inet and address[0] not in LOOPBACK:
                pytest.fail(f"a test tried to reach {address[0]}:{address[1]}")
            return method(self, address, *rest)

        return connect

    def resolve(host: Any, *rest: Any, **options: Any) -> Any:
        if host not in (*LOOPBACK, None, ""):
            pytest.fail(f"a test tried to look up {host}")
        return lookup(host, *rest, **options)

    lookup = socket.getaddrinfo
    monkeypatch.setattr(socket.socket, "connect", guard(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guard(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """The stand-in E-utilities, afresh."""
    with StandIn() as server:
        yield server


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def command() -> Path:
    """The installed console script of the interpreter that runs the tests."""
    script = Path(sysconfig.get_path("scripts")) / ("evidence.exe" if os.name == "nt" else "evidence")
    if not script.exists():
        pytest.fail(f"{script} is missing; install the checkout first: pip install --editable '.[test]'")
    return script


@pytest.fixture(scope="session")
def run(command: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the installed command as a user would: run("pool", "6/6", cwd=..., env=...)."""

    def call(
        *args: str, cwd: Path = ROOT, env: dict[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(command), *args],
            cwd=cwd,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **(env or {})},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )

    return call


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter that runs the tests."""
    return sys.executable


@pytest.fixture(scope="session")
def page(root: Path) -> Any:
    """The report on the shipped review, in English: gathered once for all that look at it."""
    import evidence
    from evidence.report.page.gather import gather

    return gather(evidence.load(root / "data"))
