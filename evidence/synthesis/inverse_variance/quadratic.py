"""The distribution of a weighted sum of squares about its own weighted mean, where the summands are normal.

With independent y_i of one mean and of variances s_i, and fixed weights a_i, Q = sum of a_i (y_i - mean_a)^2 is a mixture
of k - 1 chi-squares. Its Laplace transform needs none of their eigenvalues: with d_i = a_i s_i,

    M(z) = E exp(-z Q) = [prod(1 + 2 z d_i) * sum(a_i / (1 + 2 z d_i)) / sum(a_i)]^(-1/2),

whose singularities all lie on the negative axis. P(Q <= q) is the integral of exp(z q) M(z) / z along a path around them:
Talbot's (1979, J Inst Math Appl 23:97-120), across the positive axis where the integrand is smallest, bent as M asks for.
k studies cost k, and a mixture with one huge part costs no more than another.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from evidence.synthesis.results import Floats
from evidence.synthesis.roots import bracketed_root

Complex: TypeAlias = npt.NDArray[np.complex128]

_NODES = 96  # on the upper half of the path; the lower half mirrors it
_NEGLIGIBLE = 9.0  # standard deviations of M's peak: e^-40
_ROUNDING = -37.0  # e^-37 is 1e-16
_BLOCK = 2**16  # complex numbers held at once for one power of the transform


def q_below(q: Floats, weights: Floats, variances: Floats) -> Floats:
    """P(Q <= q), shape (B,), for weights and variances of shape (B, k), k >= 2; good to about 1e-12."""
    parts = weights * variances
    shares = weights / weights.sum(-1, keepdims=True)
    safe = np.where(q > 0, q, 1.0)
    start, bend, near, far = _path(safe, shares, parts)
    step = np.arcsinh(far / near) / _NODES
    u = step[:, None] * (np.arange(_NODES) + 0.5)
    # close together beside the pole at 0, far apart where it no longer matters
    theta = near[:, None] * np.sinh(u)
    turn = theta / np.tan(theta)
    z: Complex = np.empty(theta.shape, dtype=complex)
    z.real, z.imag = start[:, None] + bend[:, None] * (turn - 1), bend[:, None] * theta
    slope = bend[:, None] * ((turn - turn**2 - theta**2) / theta + 1j) * near[:, None] * np.cosh(u)
    exponent = z * safe[:, None] + _log_transform(z, shares, parts)
    value = step / np.pi * (np.exp(exponent) / z * slope).imag.sum(-1)
    value = np.where(_nothing_above(safe, shares, parts), 1.0, np.clip(value, 0.0, 1.0))
    return np.where(q > 0, value, 0.0)


def _nothing_above(q: Floats, shares: Floats, parts: Floats) -> npt.NDArray[np.bool_]:
    """Where Chernoff's bound leaves less than rounding above q, which is where the integral would cancel."""
    found = np.zeros(q.shape, dtype=bool)
    for x in (0.2, 0.5, 0.8):
        scale = 1 - x * parts / parts.max(-1, keepdims=True)
        log_m = -0.5 * (np.log(scale).sum(-1) + np.log((shares / scale).sum(-1)))
        found |= log_m - x * q / (2 * parts.max(-1)) < _ROUNDING
    return found


def _path(q: Floats, shares: Floats, parts: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Where the path crosses the axis, its scale, over what angle the integrand changes, and where it is negligible."""

    def at(z: Floats) -> tuple[Floats, Floats, Floats]:
        """Minus the first derivative of log M at z, the second, and minus the third."""
        scale = 1 + 2 * z[:, None] * parts
        pull, own = parts / scale, shares / scale
        own = own / own.sum(-1, keepdims=True)
        first, second, third = ((own * pull**power).sum(-1) for power in (1, 2, 3))
        return (
            pull.sum(-1) - first,
            2 * ((pull**2).sum(-1) - 2 * second + first**2),
            8 * ((pull**3).sum(-1) - 3 * third + 3 * second * first - first**3),
        )

    def slope(log_z: Floats) -> Floats:
        z = np.exp(log_z)
        return np.asarray(q - at(z)[0] - 1 / z)

    low, high = -np.log(q), np.log((parts.shape[-1] + 1) / 2 / q)
    start = np.exp(bracketed_root(slope, low, high, rtol=1e-4))
    one, squares, cubes = at(start)
    squares = np.maximum(squares, 1e-6 * one**2)  # differences, of which rounding may leave nothing
    cubes = np.maximum(cubes, 1e-6 * one**3)
    mean = at(np.zeros_like(q))[0]
    bend = (
        2 * squares / cubes * np.minimum(1.0, 4 * mean / q)
    )  # far above the mean exp(z q) is what the path must follow
    near = 1 / (bend * np.sqrt(squares + start**-2))
    far = np.minimum(np.pi * (1 - 1e-9), _NEGLIGIBLE / (bend * np.sqrt(squares)))
    return start, bend, near, far


def _log_transform(z: Complex, shares: Floats, parts: Floats) -> Complex:
    """log M at z, (B, nodes). Some studies at a time, so that memory stays flat."""
    logs = np.zeros(z.shape, dtype=complex)
    mean = np.zeros(z.shape, dtype=complex)
    stride = max(1, _BLOCK // z.size)
    for first in range(0, parts.shape[-1], stride):
        some = slice(first, first + stride)
        factor = 1 + 2 * z[..., None] * parts[:, None, some]
        logs += np.log(factor).sum(-1)
        mean += (shares[:, None, some] / factor).sum(-1)
    return np.asarray(-0.5 * (logs + np.log(mean)))
