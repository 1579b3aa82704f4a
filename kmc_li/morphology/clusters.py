"""Clusters on the periodic lattice: what is joined to the collector, what is cut off, which pores are shut.

Neighbors share a face. scipy.ndimage.label is not periodic, so its labels are joined across x and y.
"""

import numpy as np
from numpy.typing import NDArray

from .height import as_occupancy, height_map
from .undefined import Undefined


def label_periodic(
    mask: NDArray[np.bool_], wraps: tuple[bool, bool] = (True, True)
) -> tuple[NDArray[np.int32], int]:
    """Labels of a mask's face-joined clusters, periodic in x and y: int32 (nx, ny, nz), and their number.

    wraps: whether x, and whether y, closes across its seam. Label 0 is the background; clusters are numbered
    1..count. Raises ValueError for an array that is no mask.
    """
    from scipy import ndimage  # not above: every run would load it, a quarter of a second
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    labels, count = ndimage.label(as_occupancy(mask))
    seams = ((labels[0], labels[-1]), (labels[:, 0], labels[:, -1]))
    pairs = [np.zeros((2, 0), dtype=np.int32)]
    for low, high in (seam for seam, wrap in zip(seams, wraps, strict=True) if wrap):
        touching = (low > 0) & (high > 0)
        pairs.append(np.stack([low[touching], high[touching]]))
    first, second = np.concatenate(pairs, axis=1)
    # rows of the graph as scipy wants them: made from pairs, it would convert them ten times, which took longer than
    # all else on small lattices
    rows = np.concatenate(([0], np.cumsum(np.bincount(first, minlength=count + 1)))).astype(np.int32)
    beyond = second[np.argsort(first, kind="stable")]
    graph = csr_array((np.ones(first.size), beyond, rows), shape=(count + 1, count + 1))
    # the background is a node without edges and comes first, so it keeps the number 0
    joined, renumber = connected_components(graph, directed=False)
    return renumber[labels].astype(np.int32, copy=False), int(joined) - 1


def cluster_sizes(mask: NDArray[np.bool_], periodic: bool = True) -> NDArray[np.int64]:
    """Voxels of every cluster of the mask, largest first: int64 (count,). periodic: x and y close across the seams."""
    labels, count = label_periodic(mask, (periodic, periodic))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return np.sort(sizes)[::-1].astype(np.int64)


def attached_to_collector(occupancy: NDArray[np.bool_], periodic: bool = True) -> NDArray[np.bool_]:
    """The metal joined to the collector, that is to metal in layer z = 0: bool (nx, ny, nz).

    periodic: paths across the seams of x and y count.
    """
    labels, count = label_periodic(occupancy, (periodic, periodic))
    return _keep(labels, count, labels[:, :, 0])


def detached_share(occupancy: NDArray[np.bool_], periodic: bool = True) -> float:
    """Share of the metal that has lost its path to the collector ('dead' metal), 0..1; 0 without metal.

    periodic: paths across the seams of x and y count.
    """
    deposit = as_occupancy(occupancy)
    metal = int(np.count_nonzero(deposit))
    return 1.0 - np.count_nonzero(attached_to_collector(deposit, periodic)) / metal if metal else 0.0


def closed_porosity(occupancy: NDArray[np.bool_], periodic: bool = True) -> float:
    """Share of the space under the envelope that is void without a path to the electrolyte above, 0..1.

    periodic: paths across the seams of x and y count.
    Raises ValueError for an array that is no occupancy, Undefined for a deposit that covers the top of the box.
    """
    deposit = as_occupancy(occupancy)
    if deposit[:, :, -1].all():
        raise Undefined("the deposit covers the top of the box: no electrolyte above it to be joined to")
    enclosed = int(height_map(deposit).sum())
    labels, count = label_periodic(~deposit, (periodic, periodic))
    shut = ~deposit & ~_keep(labels, count, labels[:, :, -1])
    return np.count_nonzero(shut) / enclosed if enclosed else 0.0


def _keep(labels: NDArray[np.int32], count: int, seeds: NDArray[np.int32]) -> NDArray[np.bool_]:
    """The voxels whose label occurs among the seeds, background excepted."""
    kept = np.zeros(count + 1, dtype=np.bool_)
    kept[seeds.ravel()] = True
    kept[0] = False
    return np.asarray(kept[labels])
