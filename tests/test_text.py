"""The first screen: no line wider than the terminal, whatever the labels; ASCII where that is all there is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.analysis import Analysis, PoolRow
from evidence.report.characters import cells, clean, shorten, to_ascii, wrap
from evidence.report.forest import ASCII, UNICODE, axis, axis_top, draw
from evidence.report.pooled.text import render_text
from evidence.synthesis.results import Interval

from .made_analyses import all_responded, bare_counts, heterogeneous, pooled, study

LABELS = [
    "Viedma-Martínez 2025",
    "山田太郎ほか 2024",
    "Ü" * 60,
    "x" * 60,
    "a b " * 15,
    "é" * 30,
    "กำลัง 2020",
    "👩‍⚕️ 2021",
]


def widest(screen: str) -> int:
    return max(cells(line) for line in screen.splitlines())


def test_the_first_screen() -> None:
    assert render_text(all_responded()) == FIRST_SCREEN


FIRST_SCREEN = """\
A drug for a disease of the skin: CLASI-50 (at least 50 % less CLASI-A)

All 6 of our patients responded (95 % CI 54.1 to 100). In TULIP-1+2, 49 of 107
did at week 12 (45.8 %): if that rate applied, 6 of 6 would occur about once in
100; at week 52's 63.6 %, once in 15. Not randomised against each other.

  Study               Events/n      %  95% CI          0    25    50    75   100
  Chasset 2023 ◦         11/11  100.0   71.5 to 100.0             ┊     ├──────■
  Valencia 2025 ᴿ          9/9  100.0   66.4 to 100.0             ┊    ├───────■
  Ours                     6/6  100.0   54.1 to 100.0             ┊ ├──────────■
  All series, exact      26/26  100.0   86.8 to 100.0             ┊         ├──◆
  The others, exact      20/20  100.0   83.2 to 100.0             ┊        ├───◆
  All series, Bayes, average     96.4   74.0 to  99.9             ┊      ├────◆┤
  Another series, prediction            63.3 to  99.9             ┊   ├╌╌╌╌╌╌╌╌┤
  TULIP-1+2, week 12    49/107   45.8   36.1 to  55.7           ├─■─┤
  TULIP-1+2, week 52    68/107   63.6   53.7 to  72.7             ┊ ├─■─┤
  TULIP-2, week 12 †     24/49   49.0   34.4 to  63.7          ├───■──┤
  placebo, week 12       24/94   25.5   17.1 to  35.6      ├─■──┤ ┊

  Ours minus TULIP-1+2 at week 12: +54.2 points (14.1 to 63.3, Fisher
    p = 0.012); at week 52: +36.4 (−3.5 to 45.9). One hidden non-responder among
    ours would take p above 0.05. Ours minus TULIP-2 at week 12 †: +51.0 points
    (9.7 to 64.4, Fisher p = 0.027).
  All responded in every series: no likelihood can estimate how much series
    differ. A possible overlap of Valencia 2025 with Martin 2024.
  Differences from TULIP-1+2, week 12: drop-outs counted as non-responders in
    TULIP; last visit against weeks 12 and 52.
  Method: Bayesian binomial-normal model (k = 3).
  ᴿ by RCLASI-A; † not yet checked against the paper; ◦ read from a secondary
    source; ┊ TULIP-1+2, week 12

  Left out, with reasons: evidence pool --excluded
"""


# ---- layout ----------------------------------------------------------------------------------


def many(k: int, label: str, **fields: object) -> Analysis:
    rows = tuple(study(f"{label} {i}", i % 8, 8 + i % 5, 0.1, 0.9, **fields) for i in range(k))
    events, n = sum(r.events for r in rows), sum(r.n for r in rows)
    pool = PoolRow("all", pooled(k, events, n, (0.2, 0.7)))
    return replace(all_responded(), studies=(*rows, *all_responded().studies[3:]), pooled=(pool,))


@pytest.mark.parametrize("width", [80, 81, 91, 92, 100, 119, 120, 160])
@pytest.mark.parametrize("k", [1, 2, 14, 60])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_terminal(width: int, k: int, unicode: bool) -> None:
    for label in LABELS:
        analysis = many(k, label, weight=1 / k, state="unverified", scale="RCLASI-A")
        screen = render_text(analysis, width=width, unicode=unicode, excluded=True, panel=True)
        assert widest(screen) <= width
        assert unicode or screen.isascii()


@settings(max_examples=150, deadline=None)
@given(
    label=st.text(max_size=60),
    width=st.integers(80, 160),
    n=st.integers(1, 10**7),
    note=st.text(max_size=200),
    unicode=st.booleans(),
)
def test_any_text_fits_and_is_harmless(label: str, width: int, n: int, note: str, unicode: bool) -> None:
    analysis = replace(many(2, "A"), notes=(note,), title=label)
    rows = (study(label, n // 2, n, 0.0, 1.0), *analysis.studies)
    screen = render_text(replace(analysis, studies=rows), width=width, unicode=unicode)
    assert widest(screen) <= width
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", screen)
    assert unicode or screen.isascii()


def test_all_table_lines_end_at_the_same_column_or_before() -> None:
    screen = render_text(heterogeneous(), width=100)
    table = [line for line in screen.splitlines() if " to " in line and "├" in line]
    starts = {line.index(" to ") for line in table}
    assert len(starts) == 1
    assert len(table) == 17


def test_wider_terminals_give_the_forest_more_room_and_then_the_weights() -> None:
    def plot(width: int) -> int:
        line = next(x for x in render_text(heterogeneous(), width=width).splitlines() if "prediction" in x)
        return line.count("╌")

    assert plot(80) < plot(100) < plot(140)
    assert "Weight" not in render_text(heterogeneous(), width=80)
    assert "Weight" in render_text(heterogeneous(), width=100)


def test_a_long_label_is_cut_but_keeps_its_marks() -> None:
    screen = render_text(
        many(1, "A very long label of a study nobody can shorten by hand", state="unverified")
    )
    assert re.search(r"  A very long label[^…]*… †", screen)


def test_very_large_counts_still_fit() -> None:
    analysis = replace(
        bare_counts(), studies=(study("Registry", 123_456_789, 987_654_321_000, 0.0001, 0.0002),)
    )
    assert widest(render_text(analysis)) <= 80


def test_ascii_has_only_ascii() -> None:
    screen = render_text(all_responded(), unicode=False, excluded=True, panel=True)
    assert screen.isascii()
    assert "Chasset 2023 o" in screen
    assert "Valencia 2025 ^R" in screen
    assert "TULIP-2, week 12 +" in screen
    assert "|---#--|" in screen
    assert "<>" in screen


def test_letters_keep_their_meaning_in_ascii() -> None:
    assert (
        to_ascii("Viedma-Martínez, Straße, Øre, Łódź ≥ −3 ²")
        == "Viedma-Martinez, Strasse, Ore, Lodz >= -3 ^2"
    )
    assert to_ascii("山田") == "??"


def test_color_adds_only_escapes() -> None:
    plain, color = render_text(all_responded()), render_text(all_responded(), color=True)
    assert "\x1b[1mA drug" in color
    assert re.sub(r"\x1b\[\d+m", "", color) == plain


def test_what_was_left_out_is_listed_when_asked_for() -> None:
    listed = render_text(all_responded(), excluded=True)
    assert "    patients not public  Series of four: 2 of 4 patients' scores are public" in listed
    assert "Left out, with reasons: evidence pool --excluded" in render_text(all_responded())
    assert "Left out" not in render_text(bare_counts())


def test_printing_an_analysis_is_its_screen() -> None:
    """Without the last line's end: print adds its own."""
    assert str(all_responded()) + "\n" == FIRST_SCREEN


# ---- pieces ----------------------------------------------------------------------------------


def test_the_axis_ends_at_the_first_round_number_above_every_limit() -> None:
    assert axis_top([Interval(0.01, 0, 0.04)]) == 0.05
    assert axis_top([Interval(0.3, 0, 0.51)]) == 1
    assert axis(1.0, 21) == "0   25   50   75  100"
    assert axis(0.05, 21) == "0        2.5        5"


def test_rare_events_are_told_apart() -> None:
    registry = study("Registry", 3, 10000, 0.00006, 0.00088)
    pool = PoolRow("all", pooled(1, 3, 10000, (0.00006, 0.00088)))
    screen = render_text(replace(bare_counts(), studies=(registry,), pooled=(pool,)))
    assert " 3/10000  0.030  0.006 to 0.088  " in screen
    assert "(0.030 %, exact 95 % CI 0.006 to 0.088)" in " ".join(screen.split())


def test_an_interval_is_drawn_where_it_lies() -> None:
    half = Interval(0.5, 0.25, 0.75)
    assert draw("study", half, 1, 21, UNICODE) == "     ├────■────┤     "
    assert draw("pool", half, 1, 21, ASCII) == "     |----<>---|     "
    assert draw("prediction", half, 1, 21, UNICODE) == "     ├╌╌╌╌╌╌╌╌╌┤     "
    assert draw("study", Interval(1, 0.9, 1), 1, 21, UNICODE, 0.5) == "          ┊       ├─■"
    assert draw("study", Interval(0.5, float("nan"), 1), 1, 5, UNICODE) == "     "


def test_terminal_commands_are_removed_whole() -> None:
    assert clean("a\x1b[31mred\x1b[0m b") == "ared b"
    assert clean("a\x1b]0;title\x07b\rc\nd\te\u200b\u202ef") == "ab c d ef"
    assert clean("Łukasz 山田") == "Łukasz 山田"


def test_width_counts_columns_not_characters() -> None:
    assert cells("山田") == 4
    assert cells("e\u0301") == 1
    assert shorten("山田太郎", 5) == "山田…"


@given(st.text(max_size=200), st.integers(8, 60))
def test_wrapping_loses_no_word_and_no_line_is_too_long(text: str, width: int) -> None:
    text = clean(text)
    lines = wrap(text, width, "  ", "    ")
    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace("\xa0", "")


def test_a_percent_sign_stays_with_its_number() -> None:
    assert wrap("about 45 % of them", 9) == ["about", "45 % of", "them"]
