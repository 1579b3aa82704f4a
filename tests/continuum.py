"""Exact fields beside the lattice: a bud on a plane, by formula where there is one and body-fitted where there is none.

Lengths in units of the bud's radius, conductivity 1, mean current density 1.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

# Sum over the square lattice without its origin of 1/n^3, and around the center of its cells (Hardy: 4 zeta(3/2)
# beta(3/2), and 2 sqrt 2 times that less itself).
SQUARE_SUM = 9.0336217
SQUARE_SUM_CENTER = SQUARE_SUM * (2 * np.sqrt(2) - 1)


def depolarization(aspect: float) -> float:
    """Depolarization factor along the axis of a spheroid of height c over radius a = `aspect`.

    A conducting half spheroid on a plane draws the current density n_z / N (Landau and Lifshitz, Electrodynamics of
    Continuous Media, section 4): tip over flat is 1/N, and the current on any part is its projected area over N.
    """
    if aspect == 1:
        return 1 / 3
    if aspect < 1:
        raise ValueError("oblate")
    e = np.sqrt(1 - aspect**-2)
    return (1 - e**2) / e**3 * (np.arctanh(e) - e)


def hemisphere(wagner: float, shift=None, cells: int = 160, reach: float = 60.0) -> tuple[NDArray, NDArray]:
    """(polar angle of the ring's center, current density) on a hemisphere of radius 1 on a plane, both with W = wagner.

    Finite volumes on rings of a polar grid that fits the bud, log r by theta, second order; the uniform field's potential
    z + W is prescribed at r = `reach`, where what the bud changes has decayed as r^-3. shift(theta): potential of the
    bud's surface.
    """
    radial = round(cells * np.log(reach) / (np.pi / 2))
    r = np.exp(np.linspace(0, np.log(reach), radial + 1))
    theta = np.linspace(0, np.pi / 2, cells + 1)
    rc, tc = np.sqrt(r[1:] * r[:-1]), (theta[1:] + theta[:-1]) / 2
    step, turn = np.log(r[1] / r[0]), theta[1]
    ring = np.cos(theta[:-1]) - np.cos(theta[1:])  # area of a ring of the unit sphere over 2 pi
    number = np.arange(radial * cells).reshape(radial, cells)
    rows, columns, values = [], [], []
    diagonal, source = np.zeros((radial, cells)), np.zeros((radial, cells))

    def link(a, b, conductance):
        rows.extend((a.ravel(), b.ravel()))
        columns.extend((b.ravel(), a.ravel()))
        values.extend((-conductance.ravel(), -conductance.ravel()))
        diagonal.ravel()[a.ravel()] += conductance.ravel()
        diagonal.ravel()[b.ravel()] += conductance.ravel()

    link(number[:-1], number[1:], r[1:-1, None] * ring / step)
    thickness = (r[1:] - r[:-1])[:, None]
    link(number[:, :-1], number[:, 1:], thickness * np.sin(theta[1:-1]) / turn)
    surface = ring / (wagner + rc[0] - 1)
    held = np.zeros(cells) if shift is None else np.asarray(shift(tc), float)
    diagonal[0] += surface
    source[0] += surface * held
    diagonal[:, -1] += (r[1:] ** 2 - r[:-1] ** 2) / 2 / (wagner + rc * turn / 2)
    outer = reach * ring / (step / 2)
    diagonal[-1] += outer
    source[-1] += outer * (reach * np.cos(tc) + wagner)
    rows.append(number.ravel())
    columns.append(number.ravel())
    values.append(diagonal.ravel())
    matrix = coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))))
    potential = spsolve(matrix.tocsc(), source.ravel()).reshape(radial, cells)
    return tc, surface * (potential[0] - held) / ring


def at_tip(theta: NDArray, current: NDArray) -> float:
    """The value at theta = 0 of an even function known at ring centers."""
    return float(np.polyval(np.polyfit(theta[:4] ** 2, current[:4], 1), 0.0))
