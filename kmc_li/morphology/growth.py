"""Growth exponent: how fast a surface roughens, W ~ t^beta (Family and Vicsek, J. Phys. A 18, L75 (1985))."""

import numpy as np
from numpy.typing import ArrayLike

from .fits import Array, Exponent, slope, window
from .undefined import Undefined


def growth_exponent(
    time: ArrayLike, roughness: ArrayLike, start: float = 0.0, stop: float = float("inf")
) -> Exponent:
    """Growth exponent beta from roughness against time, the slope of log W against log t between start and stop.

    time: (rows,), any unit; charge or thickness serve as well. roughness: (rows,) of one run or (runs, rows) of
    several at the same times, Sq in any unit. Rows at time or roughness 0 are left out; the fit is even in log t if
    the rows are. Beta holds from some layers on until the surface levels off at t ~ L^z: choose the window so.
    Several runs are averaged as W^2, and the error is a jackknife over runs. That of one run comes from its scatter
    about the line, widened for the likeness of neighboring rows, and is still half of what runs differ by.
    Raises ValueError for shapes that do not match; Undefined for fewer than three rows in the window.
    """
    times, widths = np.asarray(time, dtype=np.float64), np.atleast_2d(np.asarray(roughness, dtype=np.float64))
    if times.ndim != 1 or widths.ndim != 2 or widths.shape[1] != times.size or not widths.shape[0]:
        raise ValueError(
            f"time must be (rows,) and roughness (rows,) or (runs, rows), got {times.shape} and {np.shape(roughness)}"
        )
    inside = window(times, start, stop) & (times > 0) & (widths > 0).all(axis=0)
    if np.count_nonzero(inside) < 3:
        raise Undefined(f"fewer than three rows of positive roughness between {start:g} and {stop:g}")
    t, squares = np.log(times[inside]), widths[:, inside] ** 2
    beta, error = slope(t, np.log(squares.mean(axis=0)) / 2)
    runs = len(squares)
    if runs > 1:
        left_out = [slope(t, np.log(np.delete(squares, i, 0).mean(axis=0)) / 2)[0] for i in range(runs)]
        error = float(np.sqrt((runs - 1) * np.var(left_out)))
    else:
        error *= _widening(t, np.log(squares[0]) / 2)
    return Exponent(beta, error, float(np.exp(t.min())), float(np.exp(t.max())), t.size)


def _widening(x: Array, y: Array) -> float:
    """By how much the likeness of neighboring residuals widens the error of a slope (first-order autoregression)."""
    residual = y - np.polyval(np.polyfit(x, y, 1), x)
    if not residual.any():
        return 1.0
    likeness = min(max(0.0, float((residual[1:] * residual[:-1]).sum() / (residual**2).sum())), 0.9)
    return float(np.sqrt((1 + likeness) / (1 - likeness)))
