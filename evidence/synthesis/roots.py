"""Where functions turn: roots of many monotone functions at once, and the first whole number that changes an answer.

scipy.optimize has the same method, but importing it costs more than a whole pool does; this is the
one numerical routine kept here for the sake of start-up.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evidence.synthesis.results import Floats

Function = Callable[[Floats], Floats]

_MAX_STEPS = 200  # bisection alone needs about 1075 halvings at worst; interpolation needs about 10
_MAX_DOUBLINGS = 1100  # the whole range of a double


def bracketed_root(function: Function, low: Floats, high: Floats, *, rtol: float = 4e-15) -> Floats:
    """Solve function(x) = 0 element by element, given a sign change between low and high.

    Chandrupatla's method (1997, Adv Eng Softw 28:145-149): inverse quadratic
    interpolation where it is safe, bisection elsewhere. `function` maps an array
    to an array of the same shape. Elements without a sign change return the end
    whose value is nearer zero.
    """
    a, b = np.array(high, dtype=float), np.array(low, dtype=float)
    fa, fb = function(a), function(b)
    c, fc = a.copy(), fa.copy()
    step = np.full(a.shape, 0.5)
    best = np.where(np.abs(fa) < np.abs(fb), a, b)
    open_ = np.sign(fa) * np.sign(fb) < 0
    for _ in range(_MAX_STEPS):
        if not open_.any():
            break
        x = np.where(open_, a + step * (b - a), best)
        fx = function(x)
        same = np.sign(fx) == np.sign(fa)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
        nearer = np.abs(fa) < np.abs(fb)
        best = np.where(open_, np.where(nearer, a, b), best)
        width = np.abs(b - a)
        tolerance = rtol * np.abs(best) + np.finfo(float).tiny
        open_ &= (width > 2 * tolerance) & (fa != 0) & (fb != 0)
        step = _next_step(
            a, b, c, fa, fb, fc, np.where(width > 0, tolerance / np.where(width > 0, width, 1), 0.5)
        )
    return best


def _next_step(a: Floats, b: Floats, c: Floats, fa: Floats, fb: Floats, fc: Floats, least: Floats) -> Floats:
    """The fraction of the bracket to step from a to b: interpolated where that is trustworthy, else a half."""
    with np.errstate(all="ignore"):  # elements already closed divide zero by zero; they are not used
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        safe = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
        step = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
    step = np.where(safe & np.isfinite(step), step, 0.5)
    return np.clip(step, np.minimum(least, 0.5), 1 - np.minimum(least, 0.5))


def decreasing_root(function: Function, start: Floats) -> Floats:
    """The root x >= 0 of a function that decreases from x = 0, or 0 where it is not positive there.

    `start` (> 0) is a first guess of the scale; the bracket is doubled from it.
    """
    zero = np.zeros_like(start)
    positive = function(zero) > 0
    high = np.where(positive, start, 0.0)
    for _ in range(_MAX_DOUBLINGS):
        beyond = positive & (function(high) > 0)
        if not beyond.any():
            break
        high = np.where(beyond, 2 * high, high)
    return np.where(positive, bracketed_root(function, zero, high), 0.0)


def first_true(holds: Callable[[int], bool], *, most: int, uneven: int = 0) -> int | None:
    """The smallest number from 0 to `most` for which `holds`; None if it does not even at `most`.

    Once true it must stay true, but for at most `uneven` numbers before it does for good: those are tried one by one.
    Costs grow with the logarithm of the answer.
    """
    if holds(0):
        return 0
    high = 1
    while not holds(high):
        if high >= most:
            return None
        high = min(2 * high, most)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return next((number for number in range(max(1, high - uneven), high) if holds(number)), high)
