"""A cross section coloured by age: by the snapshot in which a voxel of metal first appears."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from kmc_li.figures.sections import FINE, frame_section, rest_plane_um, section_depth, section_image
from kmc_li.figures.series import CAPACITY
from kmc_li.figures.view3d import shaded_palette

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

AGE_COLORS = "viridis"
_BEHIND = "#A9AEB5"


def first_seen(run: "Run") -> NDArray[np.float64]:
    """Areal capacity [mAh/cm2] of the snapshot in which each voxel of the deposit first appears: (nx, ny, nz).

    Metal that no snapshot holds has the capacity at the end of the run. NaN where there is no metal at the end.
    """
    seen = np.full(run.occupancy.shape, float(run.series[CAPACITY][-1]))
    for charge, occupancy in reversed(list(run.snapshots)):
        seen[occupancy] = charge
    return np.where(run.occupancy, seen, np.nan)


def draw_age_section(axes: Axes, run: "Run", top_um: float, plane: int) -> ScalarMappable:
    """The cut at y = plane through a run's deposit coloured by age, grey metal behind it; what the colour bar shows."""
    edge = run.parameters.lattice.voxel_um
    nx, ny, nz = run.occupancy.shape
    layers, rest, depth = int(np.ceil(top_um / edge)), rest_plane_um(run), 0.0
    if rest is not None and run.parameters.layer is not None:
        depth = run.parameters.layer.thickness_um / edge
    turned = np.roll(run.occupancy, ny // 2 - plane, axis=1)
    picture = section_image(turned, _BEHIND, layers, np.inf if rest is None else rest / edge, depth)
    age = ScalarMappable(Normalize(0, float(run.series[CAPACITY][-1])), shaded_palette(AGE_COLORS))
    cut = np.zeros((layers, nx), dtype=np.bool_)
    cut[:nz] = (section_depth(turned)[:, :layers] == 0).T
    color = np.zeros((layers, nx, 3))
    color[cut] = age.to_rgba(first_seen(run)[:, plane, :layers].T[cut[:nz]])[:, :3]
    fine = np.kron(cut, np.ones((FINE, FINE))) > 0
    picture[fine] = np.kron(color, np.ones((FINE, FINE, 1)))[fine]
    axes.imshow(picture, origin="lower", extent=(0, nx * edge, 0, layers * edge), interpolation="nearest")
    frame_section(axes, nx * edge, top_um, rest)
    axes.set_ylabel("Height (µm)")
    return age
