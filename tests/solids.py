"""Bodies with known volume, area and chords as occupancies, bool (nx, ny, nz), voxel edge 1."""

import numpy as np

# gyroid sin x cos y + sin y cos z + sin z cos x = 0 over one period, by marching cubes extrapolated from 128 and 256
GYROID_AREA = 3.0916


def slabs(shape, axis, thick, gap):
    """Layers of metal, `thick` voxels, and void, `gap` voxels, in turn along an axis."""
    return np.indices(shape)[axis] % (thick + gap) < thick


def sphere(shape, radius, center):
    """A ball, across the seams of x and y where its center is near one."""
    return sum(d**2 for d in _offsets(shape, center)) < radius**2


def cylinder(shape, radius, center, axis):
    """A rod along an axis through `center` (its entry along that axis is not used)."""
    across = sum(d**2 for a, d in enumerate(_offsets(shape, center)) if a != axis) < radius**2
    return np.broadcast_to(across, shape).copy()


def gyroid(n, shift=0.0):
    """One period: half of the volume."""
    x, y, z = (np.indices((n, n, n)) + shift) * 2 * np.pi / n
    return np.sin(x) * np.cos(y) + np.sin(y) * np.cos(z) + np.sin(z) * np.cos(x) > 0


def carpet(order):
    """Sierpinski carpet of side 3^order: bool (side, side)."""
    cells = np.ones((1, 1), dtype=bool)
    hole = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=bool)
    for _ in range(order):
        cells = np.kron(cells, hole)
    return cells


def sponge(order):
    """Menger sponge of side 3^order: bool (side, side, side)."""
    cells = np.ones((1, 1, 1), dtype=bool)
    hole = (np.indices((3, 3, 3)) == 1).sum(axis=0) < 2
    for _ in range(order):
        cells = np.kron(cells, hole)
    return cells


def _offsets(shape, center):
    for axis, (side, middle) in enumerate(zip(shape, center, strict=True)):
        away = np.arange(side) + 0.5 - middle
        if axis < 2:  # the nearest image
            away -= side * np.rint(away / side)
        yield away.reshape([-1 if a == axis else 1 for a in range(3)])
