"""The waterfall's layout: sorted, within its width, each bar as long as the change and no longer than it earns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.report.characters import cells
from evidence.report.scores.waterfall import (
    ASCII,
    MOST_BARS,
    UNICODE,
    Axis,
    Bar,
    axis_of,
    draw_axis,
    draw_bar,
    waterfall,
)

GAINS = st.one_of(
    st.floats(-400, 400), st.sampled_from([0.0, 50.0, 75.0, 90.0, 100.0, -100.0, 1e18, -1e18, 1e-9])
)
THRESHOLDS = st.lists(st.sampled_from([20.0, 50.0, 75.0, 90.0, 100.0]), unique=True, max_size=4).map(sorted)


def bar(gain: float | None, label: str = "1", note: str = "") -> Bar:
    return Bar(label, "10 → 5", "?" if gain is None else f"{-gain:+.1f}", gain, note)


def test_six_patients() -> None:
    gains = {"3": 88.2, "1": 100.0, "5": 40.0, "2": -20.0, "4": 49.9}
    bars = [bar(gain, name) for name, gain in gains.items()]
    lines = waterfall([*bars, bar(None, "6", "no score")], [50, 75], width=64)
    assert lines == [
        "  Patient  Scores       %  +20   0             −50    −75   −100",
        "  2        10 → 5   +20.0  ▒▒▒▒▒▒│              ┊      ┊",
        "  5        10 → 5   -40.0        │████████████  ┊      ┊",
        "  4        10 → 5   -49.9        │██████████████┊      ┊",
        "  3        10 → 5   -88.2        │██████████████████████████",
        "  1        10 → 5  -100.0        │██████████████████████████████",
        "  6        10 → 5       ?  no score",
    ]


def test_ascii() -> None:
    axis = Axis(-50, 100, 31)  # 5 percent a cell
    assert draw_bar(60, axis, [50, 90], ASCII) == "          |############     :  "
    assert draw_bar(-30, axis, [50], ASCII) == "    ======|         :          "
    assert draw_bar(1000, axis, [50], ASCII).endswith("#>")
    assert draw_bar(-1000, axis, [50], ASCII).startswith("<=")


@given(GAINS, st.lists(GAINS, max_size=5), THRESHOLDS, st.integers(20, 61))
def test_a_bar_covers_a_mark_exactly_if_it_reaches_the_threshold(
    gain: float, others: list[float], thresholds: list[float], width: int
) -> None:
    axis = axis_of([gain, *others], thresholds, width)
    places = [axis.cell(threshold) for threshold in thresholds]
    line = draw_bar(gain, axis, thresholds, UNICODE)
    assert len(line) == width
    for threshold, place in zip(thresholds, places, strict=True):
        if places.count(place) == 1 and place != axis.cell(0):
            assert (line[place] != UNICODE.threshold) == (gain >= threshold), (line, threshold)


@given(st.lists(GAINS, min_size=1, max_size=6), st.integers(20, 61))
def test_a_longer_bar_is_a_larger_change(gains: list[float], width: int) -> None:
    axis = axis_of(gains, [], width)
    lengths = [
        draw_bar(gain, axis, [], UNICODE).count(UNICODE.better)
        - draw_bar(gain, axis, [], UNICODE).count(UNICODE.worse)
        for gain in sorted(gains)
        if axis.low <= gain <= axis.high
    ]
    assert lengths == sorted(lengths)
    assert axis.low <= 0 < axis.high


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), GAINS),
            st.text(max_size=30).filter(str.isprintable),
            st.text("0123→ .", max_size=40),
        ),
        max_size=12,
    ),
    THRESHOLDS,
    st.integers(72, 200),
    st.booleans(),
)
def test_no_line_is_wider_than_the_terminal(
    made: list[tuple[float | None, str, str]], thresholds: list[float], width: int, unicode: bool
) -> None:
    bars = [Bar(label, scores, "−100.0", gain, "no score " * 5) for gain, label, scores in made]
    lines = waterfall(bars, thresholds, width=width, unicode=unicode)
    assert len(lines) == (len(bars) + 1 if bars else 0)
    assert all(cells(line) <= width for line in lines)


def test_bars_are_sorted_from_worst_to_best_and_those_without_one_come_last() -> None:
    bars = [bar(gain, f"p{i}") for i, gain in enumerate([30.0, None, -5.0, 100.0, 0.0])]
    order = [line.split()[0] for line in waterfall(bars, [50])[1:]]
    assert order == ["p2", "p4", "p0", "p3", "p1"]


def test_many_are_thinned_evenly_with_the_ends_kept() -> None:
    bars = [bar(i / 10, f"p{i}") for i in range(1000)]
    lines = waterfall(bars, [50])
    assert len(lines) == MOST_BARS + 1
    assert lines[1].split()[0] == "p0"
    assert lines[-1].split()[0] == "p999"
    assert len(waterfall(bars[:60], [50])) == 61


@pytest.mark.parametrize(
    ("gains", "thresholds", "ends"),
    [
        ([10, 30], [], (0, 50)),
        ([10, 30], [90], (0, 100)),
        ([-3, 10], [50], (-10, 50)),
        ([-300, 10], [50], (-100, 50)),
        ([900], [50], (0, 200)),
        ([900], [400], (0, 400)),
        ([0], [], (0, 10)),
    ],
)
def test_the_axis_ends_at_a_round_number(
    gains: list[float], thresholds: list[float], ends: tuple[float, float]
) -> None:
    axis = axis_of(gains, thresholds, 40)
    assert (axis.low, axis.high) == ends


@given(THRESHOLDS, st.integers(20, 61), st.sampled_from([-1, 1]))
def test_the_axis_prints_whole_numbers_over_their_cells(
    thresholds: list[float], width: int, sign: int
) -> None:
    axis = axis_of([-30.0, 60.0], thresholds, width)
    line = draw_axis(axis, thresholds, sign=sign)
    assert len(line) == width
    allowed = {0.0, axis.low, axis.high, *thresholds}
    for number in line.replace("−", "-").split():
        assert float(number) * sign in allowed
    assert "0" in line.split()
