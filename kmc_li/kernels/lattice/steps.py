"""A step of an atom: where it is, what lies beside it, where a direction leads. Flat voxel numbers throughout."""

import numpy as np

from kmc_li.kernels.base.jit import leaf


@leaf
def place(box, voxel):
    """Coordinates of a voxel (32-bit division is the cheap one)."""
    column = np.uint32(voxel) // np.uint32(box.ns)
    x = np.int64(column // np.uint32(box.ny))
    return x, np.int64(column) - x * box.ny, voxel - np.int64(column) * box.ns


@leaf
def sides(box, voxel, x, y):
    """The voxel's neighbours to the west, east, south and north; itself on an axis of one column."""
    along_x, along_y = box.ny * box.ns, box.ns
    west = voxel - along_x if x > 0 else voxel + (box.nx - 1) * along_x
    east = voxel + along_x if x + 1 < box.nx else voxel - (box.nx - 1) * along_x
    south = voxel - along_y if y > 0 else voxel + (box.ny - 1) * along_y
    north = voxel + along_y if y + 1 < box.ny else voxel - (box.ny - 1) * along_y
    return west, east, south, north


@leaf
def goal_of(box, height, voxel, x, y, s, direction):
    """(voxel in that direction, how many of its neighbours are the atom itself); the atom's own where there is none.

    Directions are -x, +x, -y, +y, down, up. In two columns an atom is its neighbour's neighbour on both sides.
    """
    along_x, along_y = box.ny * box.ns, box.ns
    step = along_x if direction < 2 else along_y if direction < 4 else 1
    goal = voxel + step if (direction & 1) == 1 else voxel - step
    bonds = 1
    if x == 0 or y == 0 or x + 1 == box.nx or y + 1 == box.ny or s == height:
        west, east, south, north = sides(box, voxel, x, y)
        if direction < 2:
            goal = west if direction == 0 else east
            bonds = 2 if box.nx == 2 else 1
        elif direction < 4:
            goal = south if direction == 2 else north
            bonds = 2 if box.ny == 2 else 1
        elif direction == 5 and s == height:
            goal = voxel
    return goal, bonds
