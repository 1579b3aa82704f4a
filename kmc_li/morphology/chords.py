"""Chord lengths: how far one sees along a line through the pores, or through the metal, until the other begins."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .height import as_occupancy


class Chords(NamedTuple):
    """Chords of a mask along one axis.

    counts: int64 (n + 1,), counts[k] whole chords of k voxels (counts[0] = 0). cut: those left out because a face of
    the box cuts them. endless: lines that lie in the mask throughout, along a periodic axis.
    """

    counts: NDArray[np.int64]
    cut: int
    endless: int

    @property
    def mean(self) -> float:
        """Mean length of the whole chords [voxels]; NaN if there is none."""
        number = int(self.counts.sum())
        return float((np.arange(self.counts.size) * self.counts).sum() / number) if number else float("nan")


def chord_lengths(mask: NDArray[np.bool_], axis: int, periodic: bool = True) -> Chords:
    """Chords of a mask (nx, ny, nz) along axis 0, 1 or 2: runs of True between two False.

    periodic: x and y close across the seams (z never does). A chord that a face cuts is left out, which thins out the
    long ones: along z, and along x and y of a piece, give the box several chord lengths.
    Mean and distribution are those of lines (not of points or pores); of an isotropic medium the mean is 4 V/S
    (Torquato, Random Heterogeneous Materials, 2002). Raises ValueError for an array that is no mask or another axis.
    """
    inside = as_occupancy(mask)
    if axis not in (0, 1, 2):
        raise ValueError(f"axis must be 0, 1 or 2, got {axis!r}")
    n = inside.shape[axis]
    lines = np.moveaxis(inside, axis, 2).reshape(-1, n)
    full = lines.all(axis=1)
    # an empty voxel behind each line keeps its chords apart from those of the next
    apart = np.zeros((lines.shape[0], n + 1), dtype=np.bool_)
    apart[:, :n] = lines
    ends = np.flatnonzero(np.diff(apart.ravel(), prepend=False))
    counts = np.bincount(ends[1::2] - ends[::2], minlength=n + 1)
    # chords at either end of a line are parts: join them across the seam, or leave them out
    first, last = np.argmin(lines, axis=1), np.argmin(lines[:, ::-1], axis=1)
    counts[n] -= np.count_nonzero(full)
    for part in (first[~full], last[~full]):
        counts -= np.bincount(part[part > 0], minlength=n + 1)
    if periodic and axis < 2:
        joined = (first + last)[~full]
        counts += np.bincount(joined[joined > 0], minlength=n + 1)
        return Chords(counts.astype(np.int64), 0, int(np.count_nonzero(full)))
    cut = np.count_nonzero(first) + np.count_nonzero(last) + np.count_nonzero(full)
    return Chords(counts.astype(np.int64), int(cut), 0)


def mean_chord(mask: NDArray[np.bool_], axes: Sequence[int], periodic: bool = True) -> float:
    """Mean length of the whole chords along several axes taken together [voxels]; NaN if there is none.

    Arguments and errors as for `chord_lengths`.
    """
    found = [chord_lengths(mask, axis, periodic).counts for axis in axes]
    number = sum(int(counts.sum()) for counts in found)
    length = sum(int((np.arange(counts.size) * counts).sum()) for counts in found)
    return length / number if number else float("nan")
