"""Functions of an OpenSim file, of one coordinate: what they are at a value of it, as OpenSim has it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Polynomial

from mousearm.model.xml import Node

_ORDER = 4  # of the polynomials that MuJoCo takes
_STRAIGHT = 1e-9  # share of the largest value that a point may be off a straight line
_SPLINES = ("SimmSpline", "NaturalCubicSpline", "natCubicSpline", "PiecewiseLinearFunction")
_KINDS = ("Constant", "LinearFunction", "PolynomialFunction", "MultiplierFunction", "SimmSpline", _SPLINES[-1])


class Function(NamedTuple):
    """A function of one coordinate."""

    kind: str
    at: Callable[[np.ndarray], np.ndarray]  # maps (n,) values to (n,)
    polynomial: Polynomial | None  # that it is, if any

    @property
    def is_constant(self) -> bool:
        """True if it has one value everywhere."""
        return self.polynomial is not None and self.polynomial.degree() == 0

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
    """The function that an element is, or holds; ModelError where its kind is not known, or it is not complete."""
    while node.children and node.tag[0].islower() and node.tag not in _SPLINES:
        node = node.children[0]
    if node.tag == "Constant":
        return _polynomial(node.tag, [node.number("value", 0.0)])
    if node.tag in ("LinearFunction", "PolynomialFunction"):
        count = 2 if node.tag == "LinearFunction" else max(1, len(node.string("coefficients").split()))
        return _polynomial(node.tag, node.numbers("coefficients", count, [1.0, 0.0])[::-1])
    if node.tag == "MultiplierFunction":
        scale, inner = node.number("scale", 1.0), read_function(node.need("function"))
        if inner.polynomial is not None:
            return _polynomial(inner.kind, np.multiply(scale, inner.polynomial.coef))
        return Function(inner.kind, lambda x: scale * inner.at(x), None)
    if node.tag in _SPLINES:
        return _through_points(node)
    raise node.error(
        "no function of a kind that is known here, so it cannot even be held at its value. Known are "
        f"{', '.join(_KINDS)}: replace it by one of these in OpenSim."
    )


def _polynomial(kind: str, coefficients: np.ndarray | list[float]) -> Function:
    curve = Polynomial(coefficients).trim()
    return Function(kind, curve, curve)


def _through_points(node: Node) -> Function:
    """A curve through points, straight beyond them.

    The third derivative of a smooth one at each end is that of the cubic through the four points there, as in Forsythe,
    Malcolm, Moler 1977, Computer methods for mathematical computations.
    """
    from scipy.interpolate import CubicHermiteSpline, make_interp_spline  # slow to import

    x, y = (node.numbers(tag, max(2, len(node.string("x").split()))) for tag in ("x", "y"))
    if (np.diff(x) <= 0).any():
        raise node.error("each number of x must be above the one before.")
    mean = (y[-1] - y[0]) / (x[-1] - x[0])
    if np.abs(y - y[0] - mean * (x - x[0])).max() <= _STRAIGHT * np.abs(y).max():
        return _polynomial(node.tag, [y[0] - mean * x[0], mean])
    if node.tag == _SPLINES[-1]:
        spline = make_interp_spline(x, y, 1)
    else:
        ends = [Polynomial.fit(x[four], y[four], 3) for four in (slice(4), slice(-4, None)) if len(x) > 3]
        first, last = [6 * end.convert().coef[-1] for end in ends] or (0.0, 0.0)
        slopes = make_interp_spline(x, y, 3, bc_type=([(3, first)], [(3, last)]))(x, 1)
        spline = CubicHermiteSpline(x, y, slopes)  # the same, and exact at the points
    before, beyond = spline(x[[0, -1]], 1)

    def at(where: np.ndarray) -> np.ndarray:
        inside = np.clip(where, x[0], x[-1])
        return spline(inside) + np.where(where < x[0], before, beyond) * (where - inside)

    return Function(node.tag, at, None)
