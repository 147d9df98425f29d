"""Roots: many functions at once, to the last digits, whatever their shape and scale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import brentq

from evidence.synthesis.roots import bracketed_root, decreasing_root

CLOSED_FORM = 1e-13  # relative: the default tolerance of the solver is 4e-15

# name, function, bracket: smooth, flat, steep, and with the root far from where a secant points
SHAPES: list[tuple[str, Callable, tuple[float, float]]] = [
    ("line", lambda x: 3 * x - 1, (-5.0, 5.0)),
    ("cubic", lambda x: x**3 - 2 * x - 5, (2.0, 3.0)),
    ("flat at the root", lambda x: (x - 0.3) ** 3, (-1.0, 2.0)),
    ("steep wall", lambda x: np.tanh(1e4 * (x - 0.7)), (0.0, 1.0)),
    ("exponential", lambda x: np.exp(x) - 1e6, (-100.0, 100.0)),
    ("falling", lambda x: np.exp(-x) - 1e-6, (0.0, 500.0)),
    ("cosine", lambda x: np.cos(x) - x, (0.0, 1.0)),
    ("logarithm", lambda x: np.log(x), (1e-30, 1e30)),
    ("reciprocal", lambda x: 1 / x - 1e5, (1e-12, 1e6)),
    ("sign alone", lambda x: np.where(x < 0.125, -1.0, 1.0), (0.0, 1.0)),
    ("a root of 1e-12", lambda x: x - 1e-12, (-1.0, 1.0)),
]


@pytest.mark.parametrize(("function", "bracket"), [s[1:] for s in SHAPES], ids=[s[0] for s in SHAPES])
def test_a_root_is_where_scipy_finds_it(function: Callable, bracket: tuple[float, float]) -> None:
    found = bracketed_root(function, np.array([bracket[0]]), np.array([bracket[1]]))[0]
    expected = brentq(
        lambda x: float(function(np.float64(x))), *bracket, xtol=1e-300, rtol=8.9e-16, maxiter=2000
    )
    assert found == pytest.approx(expected, rel=CLOSED_FORM, abs=0)


@pytest.mark.parametrize(
    ("function", "bracket", "root"),
    [
        (lambda x: 3 * x - 1, (-5.0, 5.0), 1 / 3),
        (lambda x: np.exp(x) - 1e6, (-100.0, 100.0), np.log(1e6)),
        (lambda x: np.exp(-x) - 1e-6, (0.0, 500.0), np.log(1e6)),
        (lambda x: x * x - 2, (0.0, 1e30), np.sqrt(2)),
        (lambda x: np.log(x), (1e-30, 1e30), 1.0),
        (lambda x: 1e-200 * (x - 5), (0.0, 7.0), 5.0),
        (lambda x: 1e200 * (x - 5), (0.0, 7.0), 5.0),
    ],
)
def test_a_root_is_good_to_the_last_digits(
    function: Callable, bracket: tuple[float, float], root: float
) -> None:
    found = bracketed_root(function, np.array([bracket[0]]), np.array([bracket[1]]))[0]
    assert found == pytest.approx(root, rel=CLOSED_FORM)


def test_ten_thousand_roots_at_once_over_thirty_orders_of_magnitude() -> None:
    target = np.logspace(-15, 15, 10_000)
    found = bracketed_root(lambda x: x**3 - target, np.zeros_like(target), target + 1)
    np.testing.assert_allclose(found, np.cbrt(target), rtol=CLOSED_FORM)


def test_each_root_is_the_same_alone_and_among_others() -> None:
    target = np.array([1e-9, 0.2, 1.0, 7.0, 1e9])

    def solve(wanted: np.ndarray) -> np.ndarray:
        return bracketed_root(
            lambda x: np.exp(x) - wanted, np.full_like(wanted, -50), np.full_like(wanted, 50)
        )

    assert solve(target).tolist() == [solve(target[i : i + 1])[0] for i in range(len(target))]


def test_the_ends_may_come_in_either_order() -> None:
    ends = np.array([0.0]), np.array([10.0])
    assert bracketed_root(lambda x: x - 3, *ends) == pytest.approx(3, rel=CLOSED_FORM)
    assert bracketed_root(lambda x: x - 3, *ends[::-1]) == pytest.approx(3, rel=CLOSED_FORM)


def test_an_exact_zero_at_an_end_is_that_end() -> None:
    assert bracketed_root(lambda x: x - 2, np.array([2.0]), np.array([9.0]))[0] == 2.0
    assert bracketed_root(lambda x: x - 9, np.array([2.0]), np.array([9.0]))[0] == 9.0


def test_an_exact_zero_on_the_way_stops_there() -> None:
    assert bracketed_root(lambda x: x, np.array([-1.0]), np.array([1.0]))[0] == 0.0


def test_without_a_sign_change_the_end_nearer_zero_comes_back() -> None:
    low, high = np.array([1.0, 1.0, -3.0]), np.array([4.0, 4.0, -1.0])
    sign = np.array([1.0, -1.0, 1.0])
    assert bracketed_root(lambda x: sign * x, low, high).tolist() == [1.0, 1.0, -1.0]


def test_elements_with_and_without_a_root_do_not_disturb_each_other() -> None:
    found = bracketed_root(lambda x: x * x - np.array([4.0, -1.0, 9.0]), np.zeros(3), np.full(3, 100.0))
    assert found == pytest.approx([2.0, 0.0, 3.0], rel=CLOSED_FORM)


def test_a_loose_tolerance_is_kept_and_costs_fewer_steps() -> None:
    calls: dict[float, int] = {}

    def solve(rtol: float) -> float:
        def function(x: np.ndarray) -> np.ndarray:
            calls[rtol] = calls.get(rtol, 0) + 1
            return np.exp(x) - 5.0

        return float(bracketed_root(function, np.array([0.0]), np.array([50.0]), rtol=rtol)[0])

    assert solve(1e-3) == pytest.approx(np.log(5), rel=2e-3)
    assert solve(4e-15) == pytest.approx(np.log(5), rel=CLOSED_FORM)
    assert calls[1e-3] < calls[4e-15] <= 20


def test_no_function_needs_more_than_a_few_hundred_calls() -> None:
    count = 0

    def nasty(x: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        return np.where(x < 1e-200, -1e-300, 1e300)

    found = bracketed_root(nasty, np.array([0.0]), np.array([1e300]))[0]
    assert count <= 203
    assert found <= 1e300


def test_the_arguments_are_left_as_they_were() -> None:
    low, high = np.array([0.0, 0.0]), np.array([4.0, 5.0])
    bracketed_root(lambda x: x - 1, low, high)
    assert (low.tolist(), high.tolist()) == ([0.0, 0.0], [4.0, 5.0])


def test_a_decreasing_function_is_followed_as_far_as_its_root() -> None:
    root = np.logspace(-30, 250, 29)
    found = decreasing_root(lambda x: root - x, np.ones_like(root))
    np.testing.assert_allclose(found, root, rtol=CLOSED_FORM)


def test_a_decreasing_function_that_starts_at_or_below_zero_has_its_root_at_zero() -> None:
    at_zero = np.array([2.0, 0.0, -3.0])
    assert decreasing_root(lambda x: at_zero - x, np.ones(3)).tolist() == pytest.approx([2.0, 0.0, 0.0])


@pytest.mark.parametrize("start", [1e-12, 1.0, 1e12])
def test_the_first_guess_of_the_scale_does_not_matter(start: float) -> None:
    found = decreasing_root(lambda x: 10 / (1 + x) - 1, np.array([start]))
    assert found == pytest.approx(9.0, rel=CLOSED_FORM)


def test_no_numpy_warning_whatever_the_function() -> None:
    with np.errstate(all="raise", under="ignore"):
        bracketed_root(lambda x: np.where(x < 0.5, -1.0, 1.0), np.zeros(3), np.ones(3))
        bracketed_root(lambda x: np.zeros_like(x), np.zeros(3), np.ones(3))
        decreasing_root(lambda x: -np.ones_like(x), np.ones(3))
