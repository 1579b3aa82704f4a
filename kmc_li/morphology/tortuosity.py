"""Tortuosity factor of the pore space: how much longer the way of the ions is than the straight one."""

import numpy as np
from numpy.typing import NDArray

from .clusters import label_periodic
from .height import as_occupancy
from .laplace import conductance


def tortuosity(
    pore: NDArray[np.bool_], axis: int = 2, periodic: bool = True, tolerance: float = 1e-4
) -> float:
    """Tortuosity factor tau = porosity / (D_eff / D) along an axis; 1 for straight channels, infinite without a path.

    pore: bool (nx, ny, nz), True where there is electrolyte. D_eff follows from Laplace's equation with the potential
    held on the two faces of the box across the axis and insulating metal (Tjaden et al., Curr. Opin. Chem. Eng. 12, 44
    (2016), where tau is written kappa or tau^2). periodic: the sides close across the seams of x and y; z never does,
    and no axis along itself. tolerance: relative, of the solver. The staircase narrows what is slanted or round, in
    first order: a channel at 45 degrees, w voxels wide, reads w/(w - 1) of its tau; rods and balls of 50 voxels make it
    1 % too high at 20 to 30 % of the volume, 3 % at 50 %.
    Raises ValueError for an array that is no mask, or another axis than 0, 1, 2.
    """
    if axis not in (0, 1, 2):
        raise ValueError(f"axis must be 0, 1 or 2, got {axis!r}")
    # x y z -> the two sides, then the axis
    sides = [side for side in (0, 1, 2) if side != axis]
    turned = np.transpose(as_occupancy(pore), (*sides, axis))
    wraps = (periodic and sides[0] != 2, periodic and sides[1] != 2)
    through = _through(turned, wraps)
    if not through.any():
        return float("inf")
    conductivity = conductance(through, wraps, tolerance) * turned.shape[2] / (turned.shape[0] * turned.shape[1])
    return float(np.count_nonzero(turned) / turned.size / conductivity)


def _through(pore: NDArray[np.bool_], wraps: tuple[bool, bool]) -> NDArray[np.bool_]:
    """The pores that reach from the first to the last layer."""
    labels, count = label_periodic(pore, wraps)
    kept = np.zeros((2, count + 1), dtype=np.bool_)
    kept[0, labels[:, :, 0].ravel()] = True
    kept[1, labels[:, :, -1].ravel()] = True
    both = kept[0] & kept[1]
    both[0] = False
    return np.asarray(both[labels])
