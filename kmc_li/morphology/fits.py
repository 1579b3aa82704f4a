"""Straight lines through measured points, and the exponents read off them, with their errors."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Exponent(NamedTuple):
    """An exponent, its standard error, and the fit window: lowest and highest abscissa used, points in between.

    The error is one standard deviation; NaN where two points leave it unknown.
    """

    value: float
    error: float
    low: float
    high: float
    points: int


def slope(x: Array, y: Array, variance: Array | None = None) -> tuple[float, float]:
    """Slope of a straight line through points and its standard error; NaN error for two points.

    x, y: float (n,), n >= 2. variance: those of y, all positive; None: alike and unknown (ordinary least squares).
    Where points scatter more about the line than their variances say, the same excess is added to each (Paule and
    Mandel, J. Res. Natl. Bur. Stand. 87, 377 (1982)): a bent curve is fitted evenly, not by its surest points alone.
    """
    free = x.size - 2
    if variance is None:
        found, error, squares = _line(x, y, np.ones_like(x))
        return found, error * float(np.sqrt(squares / free)) if free else float("nan")
    surplus = _line(x, y, variance)[2] - free
    if free and surplus > 0:
        most = _line(x, y, np.ones_like(x))[2]  # with this excess no point can be too far off
        from scipy.optimize import brentq

        variance = variance + brentq(lambda excess: _line(x, y, variance + excess)[2] - free, 0.0, most)
    found, error, _ = _line(x, y, variance)
    return found, error if free else float("nan")


def window(x: Array, low: float, high: float) -> NDArray[np.bool_]:
    """The points between low and high, both included (to rounding)."""
    return (x >= low * (1 - 1e-9)) & (x <= high * (1 + 1e-9))


def _line(x: Array, y: Array, variance: Array) -> tuple[float, float, float]:
    """Weighted least squares: slope, its standard error, chi squared."""
    weight = 1 / variance
    off = x - np.average(x, weights=weight)
    spread = float((weight * off**2).sum())
    found = float((weight * off * y).sum() / spread)
    residual = y - np.average(y, weights=weight) - found * off
    return found, spread**-0.5, float((weight * residual**2).sum())
