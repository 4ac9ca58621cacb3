"""Functions of an OpenSim file, of one coordinate: what they are at a value of it, as OpenSim has it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Polynomial

from mousearm.errors import ModelError
from mousearm.model.xml import Node

_ORDER = 4  # of the polynomials that MuJoCo takes
_STRAIGHT = 1e-9  # share of the largest value that a point may be off a straight line
_SPLINES = ("SimmSpline", "NaturalCubicSpline", "natCubicSpline", "PiecewiseLinearFunction")
_KINDS = ("Constant", "LinearFunction", "PolynomialFunction", "MultiplierFunction", "SimmSpline", _SPLINES[-1])


class Function(NamedTuple):
    """A function of one coordinate: its kind, what maps (n,) values to (n,), and the polynomial that it is, if any."""

    kind: str
    at: Callable[[np.ndarray], np.ndarray]
    polynomial: Polynomial | None

    @property
    def line(self) -> tuple[float, float] | None:
        """(slope, intercept) of a straight line, None for any other."""
        if self.polynomial is None or self.polynomial.degree() > 1:
            return None
        intercept, slope = [*self.polynomial.coef, 0.0][:2]
        return float(slope), float(intercept)

    def value(self, x: float) -> float:
        """Its value at one point."""
        return float(self.at(np.array([x]))[0])

    def fitted(self, low: float, high: float) -> tuple[Polynomial, float]:
        """The polynomial of order 4 that is nearest in a range, and the largest error there."""
        if self.polynomial is not None and self.polynomial.degree() <= _ORDER:
            return self.polynomial, 0.0
        x = np.linspace(low, max(high, low + 1e-6), 501)
        fit = Polynomial.fit(x, self.at(x), _ORDER)
        return fit.convert(), float(np.abs(fit(x) - self.at(x)).max())


def read_function(node: Node) -> Function:
    """The function that an element is, or holds.

    Raises:
        ModelError: it is of a kind that is not known, so that it cannot even be held at its value, or is not complete.
    """
    while node.children and node.tag[0].islower() and node.tag not in _SPLINES:
        node = node.children[0]
    if node.tag == "Constant":
        return _polynomial(node.tag, [node.number("value", 0.0)])
    if node.tag in ("LinearFunction", "PolynomialFunction"):
        count = 2 if node.tag == "LinearFunction" else max(1, len(node.string("coefficients").split()))
        return _polynomial(node.tag, node.numbers("coefficients", count, [1.0, 0.0])[::-1])
    if node.tag == "MultiplierFunction":
        scale, inner = node.number("scale", 1.0), read_function(node.need("function"))
        scaled = (
            None if inner.polynomial is None else _polynomial("", np.multiply(scale, inner.polynomial.coef)).polynomial
        )
        return Function(inner.kind, lambda x: scale * inner.at(x), scaled)
    if node.tag in _SPLINES:
        return _through_points(node)
    raise ModelError(
        f"{node.place} (line {node.line}): no function of a kind that is known here, so it cannot even be held at its "
        f"value. Known are {', '.join(_KINDS)}: replace it by one of these in OpenSim."
    )


def _polynomial(kind: str, coefficients: "np.ndarray | list[float]") -> Function:
    curve = Polynomial(coefficients).trim()
    return Function(kind, curve, curve)


def _through_points(node: Node) -> Function:
    """A curve through points, straight beyond them."""
    x, y = (node.numbers(tag, max(2, len(node.string("x").split()))) for tag in ("x", "y"))
    if (np.diff(x) <= 0).any():
        raise ModelError(f"{node.place} (line {node.line}): each number of x must be above the one before.")
    slopes = np.diff(y) / np.diff(x)
    mean = (y[-1] - y[0]) / (x[-1] - x[0])
    if np.abs(y - y[0] - mean * (x - x[0])).max() <= _STRAIGHT * np.abs(y).max():
        return _polynomial(node.tag, [y[0] - mean * x[0], mean])
    spline = (lambda inside: np.interp(inside, x, y)) if node.tag == _SPLINES[-1] else None
    if spline is None:
        spline, slopes = _simm(x, y)

    def at(where: np.ndarray) -> np.ndarray:
        inside = np.clip(where, x[0], x[-1])
        return spline(inside) + np.where(where < x[0], slopes[0], slopes[-1]) * (where - inside)

    return Function(node.tag, at, None)


def _simm(x: np.ndarray, y: np.ndarray) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """The cubic spline whose third derivative at each end is that of the cubic through the four points there.

    As in Forsythe, Malcolm, Moler 1977, Computer methods for mathematical computations. Returns it, and its slopes at
    the points.
    """
    from scipy.interpolate import CubicHermiteSpline  # slow to import
    from scipy.linalg import solve_banded

    d, m = np.diff(x), np.diff(y) / np.diff(x)
    band, right = np.ones((3, len(x))), np.zeros(len(x))  # three diagonals, of the second derivatives
    band[0, 1] = band[2, -2] = -1.0
    band[0, 2:], band[1, 1:-1], band[2, :-2], right[1:-1] = d[1:], 2 * (d[:-1] + d[1:]), d[:-1], 6 * np.diff(m)
    for end, inner, four in ((0, 1, slice(0, 4)), (-1, -2, slice(-4, None))) if len(x) > 3 else ():
        right[end] = 6 * Polynomial.fit(x[four], y[four], 3).convert().coef[-1] * (x[end] - x[inner])
    second = solve_banded((1, 1), band, right)
    slopes = np.append(m - d * (2 * second[:-1] + second[1:]) / 6, m[-1] + d[-1] * (second[-2] + 2 * second[-1]) / 6)
    return CubicHermiteSpline(x, y, slopes), slopes
