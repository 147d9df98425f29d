"""reproduce.R: it holds every number that the result holds, no text can leave its place in it, and R runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from pkgutil import get_data
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.analysis.comparing import compare_rows
from evidence.analysis.pooling import pool_rows
from evidence.analysis.results import Analysis
from evidence.report.compared import export as compared_export
from evidence.report.export.reproduce import TOLERANCES, _code, _pieces, reproduce_r
from evidence.report.export.reproduce_contrasts import DIFFERENCES, TESTS
from evidence.report.export.reproduce_pools import LOG_MU, LOG_TAU, MODELS
from evidence.report.export.reproduce_writing import r_comment, r_number, r_string, r_vector
from evidence.report.pooled.export import to_dict
from evidence.review.counts import CountRow
from evidence.synthesis import comparison
from evidence.synthesis.bayesian import bayes
from evidence.synthesis.pooling import FITTERS

COUNTS = [(8, 10), (9, 12), (7, 9), (3, 8), (20, 31), (12, 14), (11, 19), (2, 9), (15, 16), (6, 6)]
HOSTILE = [
    '"); system("touch sentinel")',
    "a\nb\\",
    "'`$(touch sentinel)`'",
    "Ünïcode 皮膚科 \U0001f600",
    "\x1b[31mred\x07 %s",
]

R = shutil.which("Rscript")


@cache
def has_metafor() -> bool:
    if R is None:
        return False
    asked = [R, "--vanilla", "-e", 'quit(status = if (requireNamespace("metafor", quietly = TRUE)) 0 else 1)']
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def rows(labels: list[str] | None = None) -> list[CountRow]:
    names = labels or [f"Study {place}" for place in range(1, len(COUNTS) + 1)]
    return [
        CountRow(name, *counts, {"arm": "ab"[place % 2]}, place)
        for place, (name, counts) in enumerate(zip(names, COUNTS, strict=False))
    ]


def alone(analysis: Analysis) -> Analysis:
    """Without the other models' answers."""
    return replace(analysis, panel=())


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    assert R is not None
    (folder / "reproduce.R").write_text(script, encoding="ascii")
    command = [R, "--vanilla", "reproduce.R"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


# ---- what is in it -----------------------------------------------------------------------------------

COUNTED = {"k", "events", "n", "df", "level", "weeks", "options", "excluded", "notes", "tau2_common", "text"}
"""Keys of the JSON that are what was put in, not what came out."""


def numbers(value: Any, key: str = "") -> Iterator[float]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in COUNTED:
                yield from numbers(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner, key)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def expected(script: str) -> set[str]:
    return set(re.findall(r', ([-+.\de]+), "\w+"\)$', script, re.M))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"model": "exact"},
        {"model": "bayes"},
        {"model": "beta-binomial"},
        {"model": "random", "by": "arm"},
        {"model": "common", "by": "arm"},
        {"model": "binomial", "by": "arm", "ci": "profile"},
        {"model": "random", "ci": "profile", "i2": "tau2", "measure": "double-arcsine"},
        {"model": "random", "weights": "equal", "tau2": "genq", "tau2_ci": "jackson", "interval": "mid-p"},
    ],
    ids=str,
)
def test_every_number_of_the_json_is_expected(options: dict[str, Any]) -> None:
    analysis = pool_rows(rows(), against=CountRow("Trial", 24, 49, {}, 0), **options)
    found = expected(reproduce_r(analysis))
    wanted = list(numbers(to_dict(analysis)))
    assert len(wanted) > 60
    assert [value for value in wanted if r_number(value) not in found] == []


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("difference", DIFFERENCES)
def test_every_number_of_a_comparison_is_expected(test: str, difference: str) -> None:
    one, other = CountRow("Ours", 6, 7, {}, 0), CountRow("Trial", 24, 49, {}, 1)
    made = compare_rows(one, other, test=test, difference=difference)
    found = expected(reproduce_r(alone(pool_rows([one])), made))
    assert [value for value in numbers(compared_export.to_dict(made)) if r_number(value) not in found] == []


def test_nothing_that_can_be_chosen_is_without_its_code() -> None:
    assert set(MODELS) == set(FITTERS)
    assert set(LOG_TAU) == set(bayes.PRIORS)
    assert set(LOG_MU) == set(bayes.MEDIANS)
    assert set(TESTS) == set(comparison.TESTS)
    assert set(DIFFERENCES) == set(comparison.DIFFERENCES)
    assert all(relative > 0 and absolute > 0 and why for relative, absolute, why in TOLERANCES.values())


@pytest.mark.parametrize("model", FITTERS)
def test_what_is_called_is_defined_once_and_nothing_else(model: str) -> None:
    script = reproduce_r(alone(pool_rows(rows(), model=model)))
    pieces = _pieces(script)
    names = {piece: re.findall(r"^([a-z0-9.]+) <- ", piece, re.M)[0] for piece in pieces}
    assert "study.interval" in names.values()
    for piece, name in names.items():
        assert script.count(piece) == 1
        rest = _code(script.replace(piece, ""))
        assert re.search(rf"(?<![\w.$]){re.escape(name)}(?![\w.])", rest), f"{name} is never called"
    assert ("posterior <- function" in script) == (model in ("bayes", "binomial"))


def test_the_functions_file_is_pieces_with_a_comment_each() -> None:
    text = (get_data("evidence.report.export", "reproduce_functions.R") or b"").decode("ascii")
    pieces = text.strip().split("\n\n")[1:]
    assert len(pieces) > 30
    for piece in pieces:
        assert re.match(r"(# .*\n)+[a-z0-9.]+ <- ", piece), piece[:80]


def test_what_cannot_be_computed_says_why() -> None:
    mine = bayes.half_normal(0.3)._replace(label="mine")
    script = reproduce_r(alone(pool_rows(rows()[:3], model="bayes", prior=mine)))
    assert script.count('"its prior was made in Python"') == 9
    drawn = reproduce_r(alone(pool_rows(rows(), model="binomial", prediction="bootstrap")))
    assert "by random numbers, of which R draws others" in drawn


def test_it_reads_nothing_and_needs_no_other_file() -> None:
    script = _code(reproduce_r(pool_rows(rows())))
    assert not re.search(
        r"\b(read\w*|source|scan|file|url|load|system2?|download\S*|setwd|unlink|eval|parse)\(", script
    )


# ---- texts -------------------------------------------------------------------------------------------


def unescaped(text: str) -> str:
    """What R reads: the escapes that are written, and no others."""
    assert text[0] == text[-1] == '"'
    inner = text[1:-1]
    assert re.fullmatch(r'(?:[ !#-\[\]-~]|\\["\\]|\\u[0-9A-F]{4}|\\U[0-9A-F]{8})*', inner), inner
    code = re.sub(
        r"\\[uU]([0-9A-F]{8}|[0-9A-F]{4})", lambda m: chr(int(m[1], 16)), re.sub(r"\\\\", "\0", inner)
    )
    return code.replace('\\"', '"').replace("\0", "\\")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_any_text_is_one_string_of_ascii_that_reads_back(text: str) -> None:
    assert unescaped(r_string(text)) == text


def test_what_r_has_not_becomes_a_replacement_sign() -> None:
    assert r_string("a\0b\ud800") == '"a\\uFFFDb\\uFFFD"'


@given(st.text(max_size=200))
def test_a_comment_stays_one(text: str) -> None:
    made = r_comment(text)
    assert made.isascii()
    assert all(line.startswith("#") for line in made.split("\n"))
    assert not set(made) - set("\n") & set(map(chr, range(32)))


def test_numbers_and_vectors() -> None:
    assert [r_number(value) for value in (0.1, 6.0, -1e-30, float("inf"), None)] == [
        "0.1",
        "6",
        "-1e-30",
        "NA",
        "NA",
    ]
    values = [r_string("x, y" * place) for place in range(60)]
    made = r_vector(values)
    assert made.startswith("c(") and made.endswith(")")
    assert re.sub(r"\n *", " ", made[2:-1]) == ", ".join(values)
    assert len(made.split("\n")) > 10


def test_hostile_names_stay_in_strings_and_comments() -> None:
    analysis = pool_rows(rows(HOSTILE), title=HOSTILE[0], model="random", by="arm", where="n >= 5")
    script = reproduce_r(replace(analysis, outcome_label="x\nquit(status = 0)", panel=()))
    assert script.isascii()
    assert "sentinel" not in _code(script)
    assert "quit(status = 0)" not in _code(script)


# ---- run ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(not has_metafor(), reason="needs Rscript with metafor")
def test_r_agrees_whatever_the_names_and_does_nothing_else(tmp_path: Path) -> None:
    analysis = alone(pool_rows(rows(HOSTILE), title=HOSTILE[0], model="random", interval="wilson"))
    done = run(reproduce_r(analysis, compare_rows(*rows(HOSTILE)[:2])), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"^(\d+) numbers: (\d+) ok, 0 differ, 0 not computed$", done.stdout, re.M)
    assert found and found[1] == found[2] and int(found[1]) > 50
    assert [path.name for path in tmp_path.iterdir()] == ["reproduce.R"]


@pytest.mark.skipif(not has_metafor(), reason="needs Rscript with metafor")
def test_one_number_tampered_with_is_found(tmp_path: Path) -> None:
    analysis = alone(pool_rows(rows()[:5], model="random"))
    script = reproduce_r(analysis)
    low = r_number(analysis.proportion.low)
    tampered = re.sub(
        rf"(proportion, lower.*, ){re.escape(low)}(, )", rf"\g<1>{float(low) * 1.0001!r}\2", script
    )
    assert tampered != script
    done = run(tampered, tmp_path)
    assert done.returncode == 1
    assert len(re.findall("DIFFERS$", done.stdout, re.M)) == 1
    assert ", 1 differ, " in done.stdout
