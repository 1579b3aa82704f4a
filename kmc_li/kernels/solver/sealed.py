"""Pores that metal has sealed: no current reaches them, so their potential is that at which nothing passes a face.

A cycle takes as much from it as their faces conduct. Where these conduct little, that is, where the Wagner length is
many voxels, a pore would keep the potential that it had when it was sealed for the life of a run. So small pores are
found by the event that seals them, the others by the next refresh. Pores that reach the layer are left to the cycles:
between faces that it shifts a current may flow.
"""

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.connectivity import faces
from kmc_li.kernels.lattice.occupancy import around, is_empty
from kmc_li.kernels.solver import rates
from kmc_li.kernels.solver.equations import place

WIDE = 50.0  # voxels of Wagner length from which on pores are looked for
SMALL = 48  # cells of a pore that an event finds


@leaf
def _is_below_layer(s, rest):
    return s + 1 < rest


@njit
def drain_all(field, cell, box, reached, first, top, rest):
    """Set the potential to 0 in all cells of planes first..top that no path joins to plane top + 1."""
    ns = box.ns
    for column in range(box.nx * box.ny):
        reached[column * ns + top + 1] = 1
    found = 1
    while found > 0:
        found = 0
        for column in range(box.nx * box.ny):
            found += _reach(cell, box, reached, column, first, top)
    for column in range(box.nx * box.ny):
        for s in range(first, top + 1):
            if reached[column * ns + s] == 0 and _is_below_layer(s, rest):
                field.phi[place(field, column, s)] = 0
        reached[column * ns + first : column * ns + top + 2] = 0


@njit
def _reach(cell, box, reached, column, first, top):
    """Go on from what is reached, down a column and up again; returns by how many cells."""
    ns, found, here = box.ns, 0, column * box.ns
    w, e, t, n = around(box, column)
    w, e, t, n = w * ns, e * ns, t * ns, n * ns
    for s in range(top, first - 1, -1):
        if reached[here + s] == 0 and is_empty(cell[here + s]):
            beside = reached[w + s] | reached[e + s] | reached[t + s] | reached[n + s]
            if (beside | reached[here + s + 1]) != 0:
                reached[here + s] = 1
                found += 1
    for s in range(first + 1, top + 1):
        if reached[here + s] == 0 and is_empty(cell[here + s]) and reached[here + s - 1] != 0:
            reached[here + s] = 1
            found += 1
    return found


@njit
def drain_beside(model, box, lattice, method, n, voxel):
    """Set potential and rates to 0 in the small pores that the metal that has come to a voxel has sealed."""
    for other in faces(box, voxel):
        if other != voxel and is_empty(lattice.cell[other]) and n.first_plane <= other % box.ns:
            for i in range(_pore(lattice, box, method.reached, method.pore, n.rest_plane, other)):
                column, s = method.pore[i] // box.ns, method.pore[i] % box.ns
                method.field.phi[place(method.field, column, s)] = 0
                rates.update_voxel(model, lattice.cell, box, method, n, column, s)


@njit
def _pore(lattice, box, seen, pore, rest, start):
    """List the cells joined to one; how many, 0 if they are too many, open to the top or beside the layer."""
    pore[0], seen[start] = start, 1
    size, looked, closed = 1, 0, True
    while looked < size and closed:
        here = pore[looked]
        looked += 1
        closed = here % box.ns < lattice.height[here // box.ns] and _is_below_layer(here % box.ns, rest)
        for other in faces(box, here):
            if closed and seen[other] == 0 and is_empty(lattice.cell[other]):
                closed = size < SMALL
                if closed:
                    pore[size], seen[other] = other, 1
                    size += 1
    for i in range(size):
        seen[pore[i]] = 0
    return size if closed else 0
