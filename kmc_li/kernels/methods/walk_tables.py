"""Where a free walk on the lattice leaves a cube, and where it comes down from above: exact tables for the kernels."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels.methods.free_regions import CONTACT, METAL, NEAR, PAD

EDGES = (1, 2, 3, 4, 5, 8, 12, 16)  # half-widths of the cubes, below PAD
HEIGHTS = 6  # a walker above the launch plane comes down 1, 2, 4, .. 32 planes at a time
INNER, SPAN = 3, 32  # heights of which the inner displacements have a table small enough to stay in the cache


def alias_table(share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Walker's method (1977) to draw from a distribution: entry i with probability p[i], else index[i]."""
    keep, other = share.ravel() * (share.size / share.sum()), np.arange(share.size, dtype=np.int32)
    small, large = [int(i) for i in np.flatnonzero(keep < 1)], [int(i) for i in np.flatnonzero(keep >= 1)]
    while small and large:
        i, j = small.pop(), large[-1]
        other[i] = j
        keep[j] -= 1 - keep[i]
        if keep[j] < 1:
            small.append(large.pop())
    return keep, other


def sine_transform(values: NDArray[np.float64], factor: float = 1.0) -> NDArray[np.float64]:
    """DST-I along all axes, times a factor: the Fourier transform of what goes on oddly beyond both ends.

    The bits of scipy.fft's dstn, whose import would add 0.3 s to every start of a program.
    """
    for axis in range(values.ndim):
        odd = np.moveaxis(values, axis, -1)
        none = np.zeros((*odd.shape[:-1], 1))
        odd = np.concatenate([none, odd, none, -odd[..., ::-1]], axis=-1)
        values = np.moveaxis(-np.fft.rfft(odd).imag[..., 1 : values.shape[axis] + 1] * factor, -1, axis)
        factor = 1.0
    return np.ascontiguousarray(values)


@lru_cache
def exits(edge: int, axes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of a walk from the centre of a cube of half-width `edge`: where on one face it leaves, its visits by plane."""
    n = 2 * edge - 1
    start = np.zeros((n,) * axes)
    start[(edge - 1,) * axes] = 1.0
    waves = np.cos(np.pi * np.arange(1, n + 1) / (2 * edge))
    mean = sum(waves.reshape([-1 if i == axis else 1 for i in range(axes)]) for axis in range(axes)) / axes
    visits = sine_transform(sine_transform(start) / (1.0 - mean), (4.0 * edge) ** -axes)
    return np.maximum(visits[0], 0.0).ravel(), visits.sum(axis=tuple(range(1, axes)))


@lru_cache(8)
def jumps(nx: int, ny: int) -> tuple[NDArray[Any], ...]:
    """Tables `cubes`, `exits`, `visits`, `steps` of FreeRegions: jumps along x, y, s, each plus PAD, in one number."""
    axes = [axis for axis, several in enumerate((nx > 1, ny > 1, True)) if several]
    cubes, visits = np.zeros((PAD, 3), np.int64), np.zeros((PAD, 2 * PAD))
    entries: list[NDArray[np.int64]] = []
    for e in EDGES:
        share, mean = exits(e, len(axes))
        offsets = np.indices((2 * e - 1,) * (len(axes) - 1)).reshape(len(axes) - 1, share.size) - e + 1
        packed = []
        for axis in axes:
            for out in (-e, e):
                along = dict(zip([a for a in axes if a != axis], offsets, strict=True)) | {axis: out}
                fields = [(np.zeros(share.size, np.int64) + along.get(a, 0) + PAD) << 10 * a for a in range(3)]
                packed.append(fields[0] | fields[1] | fields[2])
        jump = np.concatenate(packed)
        keep, other = alias_table(np.tile(share, 2 * len(axes)))
        threshold = np.minimum(np.rint(keep * 2.0**32), 2.0**32).astype(np.int64)
        cubes[e:] = sum(entry.shape[0] for entry in entries), jump.size, e
        entries.append(np.stack([threshold, jump | jump[other] << 30], axis=1))
        visits[e, : mean.size] = mean
    steps, one = np.zeros((256, 2), np.int64), np.stack([-np.eye(3, dtype=np.int64), np.eye(3, dtype=np.int64)], axis=1)
    for e in range(1, NEAR):
        steps[NEAR - e] = cubes[e, :2]
    _, ways, directions = contacts(nx, ny)
    for mask in range(1, 64):
        jump = ((one.reshape(6, 3)[directions[6 * mask :][: ways[mask]]] + PAD) << np.array([0, 10, 20])).sum(axis=1)
        steps[METAL | mask] = steps[CONTACT | mask] = sum(entry.shape[0] for entry in entries), jump.size
        entries.append(np.stack([np.full(jump.size, 1 << 32), jump], axis=1))
    return cubes.ravel(), np.concatenate(entries).ravel(), visits, steps.ravel()


@lru_cache
def pattern() -> NDArray[np.uint8]:
    """Codes in the 27 blocks around a metal voxel, by its place in the middle one."""
    x, y, s = np.indices((4, 4, 4)).reshape(3, 64)
    i, j, k = np.indices((3, 3, 3)).reshape(3, 27) * 4 - 4
    steps = [
        np.abs(at[None, None, :] + block[None, :, None] - at[:, None, None])
        for at, block in ((x, i), (y, j), (s, k))
    ]  # fmt: skip
    _, second, most = np.sort(steps, axis=0)
    return np.maximum(NEAR - np.where(second == most, most, most - 1), 0).astype(np.uint8).ravel()


def free_regions(nx: int, ny: int, ns: int, marks: bool = False) -> tuple[NDArray[Any], ...]:
    """What FreeRegions holds, no metal in it."""
    blocks = np.array([-(-n // 4) for n in (nx, ny, ns)], np.int64)
    size = int(blocks.prod())
    x, y = (np.arange(-PAD, n + PAD, dtype=np.int64) % n for n in (nx, ny))
    return (
        np.zeros((ns + 64) // 32 * nx * ny, np.uint32),
        np.zeros(64 * size, np.uint8),
        np.zeros(size, np.uint8),
        np.zeros(size, np.uint8),
        blocks,
        np.array([max(-n % 4 if n > 1 else 0 for n in (nx, ny))]),
        x,
        y,
        64 * (x >> 2) * int(blocks[1] * blocks[2]) + 16 * (x & 3),
        64 * (y >> 2) * int(blocks[2]) + 4 * (y & 3),
        pattern() if nx % 4 == ny % 4 == 0 else np.zeros(0, np.uint8),
        np.zeros(-(-int(blocks[2]) // 32) * int(blocks[0] * blocks[1]), np.uint32),
        *jumps(nx, ny),
        np.array([marks], np.int64),
    )


def return_probabilities(nx: int, ny: int, planes: int) -> NDArray[np.float64]:
    """Probability of each displacement (float64 (nx, ny)) of a walk on the way to the first visit `planes` below.

    One plane down multiplies the Fourier mode k by the root l < 1 of l + 1/l = 2 + 2 sum (1 - cos k).
    """
    kx, ky = 2 * np.pi * np.fft.fftfreq(nx)[:, None], 2 * np.pi * np.fft.fftfreq(ny)[None, :]
    a = 1 + (1 - np.cos(kx)) + (1 - np.cos(ky))
    share = np.maximum(np.fft.ifft2((a - np.sqrt(a * a - 1)) ** planes).real, 0.0)
    return np.asarray(share / share.sum())


@lru_cache(8)
def returns(nx: int, ny: int) -> tuple[NDArray[Any], ...]:
    """Alias tables of displacements on the way down, without the inner ones where these have tables of their own."""
    outer, inner = [], []
    for height in range(HEIGHTS):
        share = return_probabilities(nx, ny, 2**height)
        if height < INNER and min(nx, ny) > SPAN:
            x, y = (np.arange(-(SPAN // 2), SPAN // 2) % n for n in (nx, ny))
            near = share[np.ix_(x, y)].ravel()
            share[np.ix_(x, y)] = 0.0
            inner.append(alias_table(np.append(near, share.sum())))
        outer.append(alias_table(share))
    size = SPAN * SPAN + 1
    return (
        np.array([probability for probability, _ in outer]),
        np.array([index for _, index in outer]),
        np.array([probability for probability, _ in inner]).reshape(-1, size),
        np.array([index for _, index in inner], np.int32).reshape(-1, size),
    )


def contacts(nx: int, ny: int) -> tuple[NDArray[np.int64], ...]:
    """By the mask of metal around a voxel: directions with metal, with a link to electrolyte, and which these are."""
    masks = np.arange(64)
    metal = (masks[:, None] >> np.arange(6) & 1).astype(bool)
    free = ~metal & np.array([nx > 1, nx > 1, ny > 1, ny > 1, True, True])
    directions = np.argsort(~free, axis=1, kind="stable")
    return metal.sum(axis=1), free.sum(axis=1), directions.ravel()
