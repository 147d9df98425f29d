"""Formats for other programs and for manuscripts: their contract, the same numbers in each, and hostile text."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from evidence.analysis import Analysis, PoolRow
from evidence.report import FORMATS, render
from evidence.report.markup import escape_latex, escape_markdown
from evidence.report.pooled.documents import render_latex, render_markdown
from evidence.report.pooled.export import COLUMNS, render_csv, render_json

from .made_analyses import all_responded, bare_counts, heterogeneous, pooled, study

MADE = {"all responded": all_responded(), "heterogeneous": heterogeneous(), "bare counts": bare_counts()}

TOP = {
    "version", "review", "outcome", "analysis", "options", "studies", "pooled", "panel", "comparisons", "excluded",
    "notes", "subgroups",
}  # fmt: skip
STUDY = {
    "study", "label", "arm", "weeks", "role", "events", "n", "weight", "state", "source", "locator", "proportion",
    "notes",
}  # fmt: skip
POOL = {
    "pool", "k", "events", "n", "requested", "model", "measure", "tau2_estimator", "ci", "df", "proportion", "average",
    "prediction", "fit", "heterogeneity", "notes",
}  # fmt: skip
HETEROGENEITY = {
    "tau2", "tau2_low", "tau2_high", "tau2_ci", "i2", "i2_low", "i2_high", "i2_kind", "h2", "h2_low", "h2_high", "q", "df",
    "pvalue", "q_lrt", "q_lrt_pvalue", "lrt", "lrt_pvalue", "overdispersion", "overdispersion_low", "overdispersion_high",
}  # fmt: skip
COMPARISON = {"ours", "against", "difference", "ratio", "odds_ratio", "test", "pvalue", "differs_in"}
INTERVAL = {"estimate", "low", "high", "level"}


def read_json(analysis: Analysis) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(render_json(analysis), parse_constant=refuse)


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


# ---- JSON ------------------------------------------------------------------------------------


@pytest.mark.parametrize("analysis", MADE.values(), ids=MADE)
def test_json_has_exactly_the_keys_of_the_contract(analysis: Analysis) -> None:
    made = read_json(analysis)
    assert set(made) == TOP
    for part in made["studies"]:
        assert set(part) == STUDY
        assert set(part["proportion"]) == INTERVAL
    for part in made["pooled"] + made["panel"]:
        assert set(part) == POOL
        for name in ("proportion", "average", "prediction"):
            assert part[name] is None or set(part[name]) == INTERVAL
        assert part["fit"] is None or set(part["fit"]) == {"estimate", "se", "low", "high"}
        assert part["heterogeneity"] is None or set(part["heterogeneity"]) == HETEROGENEITY
    for part in made["comparisons"]:
        assert set(part) == COMPARISON
    for part in made["excluded"]:
        assert set(part) == {"study", "reason"}


def test_json_prints_numbers_in_full() -> None:
    made = read_json(all_responded())
    assert made["studies"][3]["proportion"]["estimate"] == 49 / 107
    assert "0.45794392523364486" in render_json(all_responded())


def test_what_is_not_finite_is_null_with_a_note() -> None:
    odd = pooled(3, 5, 6, (float("nan"), float("inf")), df=float("inf"))
    made = read_json(replace(all_responded(), pooled=(PoolRow("all", odd),)))
    (pool,) = made["pooled"]
    assert pool["df"] is None
    assert pool["proportion"]["low"] is None
    assert "no finite value: df, proportion.low, proportion.high" in pool["notes"]
    assert made["comparisons"][0]["ratio"]["high"] is None
    assert "Ours against TULIP-1+2, week 12: no finite value: ratio.high" in made["notes"]


def test_numpy_numbers_are_written_as_numbers() -> None:
    import numpy as np

    result = pooled(np.int64(2), np.int64(5), np.int64(6), (np.float64(0.3), np.float64(1)), df=np.float64(4))
    made = read_json(
        replace(bare_counts(), pooled=(PoolRow("all", result),), options={"weeks": (np.float64(8), 26)})
    )
    assert made["pooled"][0]["events"] == 5
    assert made["pooled"][0]["df"] == 4
    assert made["options"] == {"weeks": [8, 26]}


def test_the_method_travels_with_each_pool() -> None:
    assert (
        "Method: Bayesian binomial-normal model (k = 3)" in read_json(all_responded())["pooled"][0]["notes"]
    )


# ---- marks, notes and methods in every format --------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_marks_notes_and_method_travel_to_every_format(name: str) -> None:
    text = " ".join(render(all_responded(), name).split())
    assert re.search("unverified|not yet checked", text)
    assert "secondary" in text
    assert "RCLASI-A" in text
    assert "Bayesian binomial-normal model" in text
    assert "A possible overlap of Valencia 2025 with Martin 2024" in text
    assert "no likelihood can estimate" in text
    assert "One hidden non-responder among ours" in text
    assert "drop-outs counted as non-responders" in text


@pytest.mark.parametrize("analysis", MADE.values(), ids=MADE)
def test_every_format_holds_the_same_numbers(analysis: Analysis) -> None:
    text = render(analysis, "text")
    plain = {
        f"{100 * float(row['estimate']):.1f}"
        for row in read_csv(render_csv(analysis))
        if row["kind"] == "study"
    }
    for name in ("text", "markdown", "latex"):
        said = render(analysis, name)
        assert all(number in said for number in plain)
    for row, part in zip(read_csv(render_csv(analysis)), read_json(analysis)["studies"][1:], strict=False):
        if row["kind"] == "study" and row["label"] == part["label"]:
            assert float(row["estimate"]) == part["proportion"]["estimate"]
    assert all(f"{row.events}/{row.n}" in text for row in analysis.studies)


# ---- CSV -------------------------------------------------------------------------------------


def test_csv_has_a_row_for_each_study_and_pool() -> None:
    lines = read_csv(render_csv(all_responded()))
    assert tuple(lines[0]) == COLUMNS
    kinds = [line["kind"] for line in lines]
    assert kinds.count("study") == 3
    assert kinds.count("reference") == 4
    assert kinds.count("pool") == 2
    assert {"average", "prediction", "panel", "note"} <= set(kinds)


def test_csv_keeps_state_source_place_and_marks() -> None:
    lines = {(line["label"], line["when"]): line for line in read_csv(render_csv(all_responded()))}
    line = lines["TULIP-2", "week 12"]
    assert (line["state"], line["marks"], line["locator"]) == ("unverified", "†", "Table 1")
    assert line["source"] == "https://example.org/paper"
    assert lines["Valencia 2025", ""]["scale"] == "RCLASI-A"


def test_csv_shows_a_pool_of_one() -> None:
    one = replace(
        bare_counts(), studies=bare_counts().studies[:1], pooled=(PoolRow("all", pooled(1, 5, 6, (0.4, 1))),)
    )
    assert [line["kind"] for line in read_csv(render_csv(one))][:2] == ["study", "pool"]


def test_csv_lists_what_was_left_out_when_asked_for() -> None:
    lines = read_csv(render_csv(all_responded(), excluded=True))
    assert [line["study"] for line in lines if line["kind"] == "excluded"] == ["lsm2023"]


# ---- hostile text ----------------------------------------------------------------------------

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "+1",
    "-1",
    "a | b \\ c",
    "<script>alert(1)</script>",
    "\x1b[31mred\x1b]0;t\x07\r\nnext",
    "[x](javascript:alert(1))",
    "\\input{/etc/passwd} $x$ %c & _y ^z ~ #1 {",
    "`code` *bold* _it_ ~~no~~",
    "\u202eabc\u200b",
]


def hostile(text: str) -> Analysis:
    made = all_responded()
    first, *rest = made.studies
    bad = study(
        text,
        6,
        6,
        0.54,
        1,
        source=text,
        locator=text,
        state="unverified",
        scale=text,
        notes=(text,),
        when=text,
    )
    return replace(made, title=text, studies=(first, bad, *rest), notes=(text,), scales={text[:1]: text})


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", FORMATS)
def test_no_control_character_reaches_any_output(text: str, name: str) -> None:
    out = render(hostile(text), name)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]", out)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_spreadsheet_gets_no_formula(text: str) -> None:
    for line in csv.reader(io.StringIO(render_csv(hostile(text)))):
        assert not any(cell.startswith(("=", "+", "@", "-")) for cell in line)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_text_as_text(text: str) -> None:
    out = render_markdown(hostile(text))
    assert "<script" not in out
    assert not re.search(r"(?<!\\)\]\(", out)
    table = [line for line in out.splitlines() if line.startswith("| ")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_latex_runs_no_command_of_the_data(text: str) -> None:
    out = render_latex(hostile(text))
    assert r"\input" not in out
    assert out.count("{") - out.count(r"\{") == out.count("}") - out.count(r"\}")
    body = out.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert len({len(re.findall(r"(?<!\\)&", line)) for line in body}) == 1
    assert all(line.endswith(r"\\") for line in body)


def test_escapes() -> None:
    assert escape_latex("50 % of n_1 † ≥ 3 ᴿ") == r"50 \% of n\_1 \textdagger{} $\geq$ 3 \textsuperscript{R}"
    assert escape_markdown("a|b <i> *c*") == r"a\|b &lt;i&gt; \*c\*"


def test_only_web_addresses_become_links() -> None:
    out = render_markdown(hostile("javascript:alert(1)"))
    assert "<javascript" not in out
    assert "<https://example.org/paper>" in out
