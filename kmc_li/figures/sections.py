"""Pictures of one deposit: the shaded cross section and the height map."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from kmc_li.figures.style import HEIGHT_COLORS, MUTED
from kmc_li.morphology import height_map
from kmc_li.morphology.height import as_occupancy

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

ELECTROLYTE = "#F3F6FA"
LAYER = "#FBEFD0"
COPPER = "#B5713C"
DEAD = "#3A3A3A"  # of dead lithium where it is shown: as dark on all the groups' colours
COLLECTOR_SHARE = 0.022  # thickness of the drawn collector, as a share of the height axis
FINE = 4  # picture elements an edge of a voxel


def section_depth(occupancy: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How far behind the middle plane y = ny // 2 the first metal lies: int64 (nx, nz) in voxels.

    0 in the plane itself, ny where the line of sight meets none. The line runs once through the periodic box.
    """
    deposit = as_occupancy(occupancy)
    ny = deposit.shape[1]
    ahead = np.roll(deposit, -(ny // 2), axis=1)
    return np.asarray(np.where(ahead.any(axis=1), np.argmax(ahead, axis=1), ny), dtype=np.int64)


def section_image(
    occupancy: NDArray[np.bool_],
    color: str,
    layers: int,
    rest_plane: float = np.inf,
    depth: float = 0.0,
    dead: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """RGB picture of the cross section, float (layers * 4, nx * 4, 3), first row at the collector.

    The cut through the metal has the group's color and a dark rim; metal behind it is lit from above left
    and fades with distance. From rest_plane to rest_plane + depth [voxels] the ground has the layer's tint.
    dead: bool like the occupancy, metal that is drawn in a color of its own.
    """
    behind = section_depth(occupancy)[:, :layers].T
    far = as_occupancy(occupancy).shape[1]
    behind = np.pad(behind, ((0, layers - behind.shape[0]), (0, 0)), constant_values=far)
    paint = np.array(to_rgb(color)) * np.ones((*behind.shape, 1))
    if dead is not None:
        paint[_seen(dead, behind)] = to_rgb(DEAD)
    height = (np.arange(layers) + 0.5)[:, None, None]
    in_layer = (height > rest_plane) & (height < rest_plane + depth)
    ground = np.where(in_layer, to_rgb(LAYER), to_rgb(ELECTROLYTE)) * np.ones((*behind.shape, 1))
    picture = _lit_metal(behind, far, paint, ground)
    picture = np.where((behind == far)[:, :, None], ground, picture)
    fine, paint = (np.kron(part, np.ones((FINE, FINE, 1))).astype(np.float64) for part in (picture, paint))
    return _with_cut(fine, np.kron(behind == 0, np.ones((FINE, FINE))) > 0, paint)


def _seen(marked: NDArray[np.bool_], behind: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where the voxel that is seen, `behind` voxels behind the middle plane, is a marked one: bool like `behind`."""
    ny, high = marked.shape[1], min(behind.shape[0], marked.shape[2])
    seen = np.zeros(behind.shape, np.bool_)
    z, x = np.nonzero(behind[:high] < ny)
    seen[z, x] = marked[x, (behind[z, x] + ny // 2) % ny, z]
    return seen


def _lit_metal(
    behind: NDArray[np.int64], far: int, paint: NDArray[np.float64], ground: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The metal behind the cut as seen from the front: lit by its slope, fading into the ground."""
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(behind.astype(float), 0.8, mode=("nearest", "wrap"))
    slope_z, slope_x = np.gradient(np.pad(smooth, 1, mode="edge"))
    slope_z, slope_x = slope_z[1:-1, 1:-1], slope_x[1:-1, 1:-1]
    # metal that recedes upwards (its top) or to the left faces a lamp above left
    light = (0.75 * slope_z - 0.45 * slope_x + 0.9) / np.sqrt(1 + slope_x**2 + slope_z**2) / 1.25
    tone = np.clip(0.42 + 0.58 * light, 0.25, 1.0)[:, :, None]
    metal = (0.55 * paint + 0.45 * np.array(to_rgb("#B9BCC2"))) * tone
    haze = (1 - np.exp(-behind / (0.35 * max(far, 8))))[:, :, None]
    return np.asarray(metal + (ground - metal) * (0.1 + 0.62 * haze))


def _with_cut(
    picture: NDArray[np.float64], cut: NDArray[np.bool_], paint: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The picture with the cut plane painted over it and its rim darkened."""
    core = cut.copy()
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        core &= np.roll(cut, step, axis) | _outer_row(cut.shape, axis, step)
    picture[cut] = 0.45 * paint[cut]
    picture[core] = paint[core]
    return picture


def _outer_row(shape: tuple[int, ...], axis: int, step: int) -> NDArray[np.bool_]:
    """True where a roll along z (axis 0) came in from the other end: the box is not periodic there."""
    mask = np.zeros(shape, dtype=np.bool_)
    if axis == 0:
        mask[0 if step > 0 else -1] = True
    return mask


def draw_section(axes: Axes, run: "Run", color: str, top_um: float) -> None:
    """The cross section of a run in physical units: width and height in um, collector at the bottom."""
    draw_moment(axes, run, run.occupancy, color, top_um, rest_plane_um(run))


def draw_moment(
    axes: Axes,
    run: "Run",
    occupancy: NDArray[np.bool_],
    color: str,
    top_um: float,
    rest: float | None,
    dead: NDArray[np.bool_] | None = None,
) -> None:
    """The same of the deposit and the layer's rest plane [um] at another moment, dead lithium in its own color."""
    edge, depth = run.parameters.lattice.voxel_um, 0.0
    width, layers = occupancy.shape[0] * edge, int(np.ceil(top_um / edge))
    if rest is not None and run.parameters.layer is not None:
        depth = run.parameters.layer.thickness_um / edge
    plane = np.inf if rest is None else rest / edge
    picture = section_image(occupancy, color, layers, plane, depth, dead)
    axes.imshow(picture, origin="lower", extent=(0, width, 0, layers * edge), interpolation="nearest")
    frame_section(axes, width, top_um, rest)


def frame_section(axes: Axes, width: float, top_um: float, rest: float | None) -> None:
    """What is around the picture of a section: collector below it, the layer's rest plane, limits."""
    collector = COLLECTOR_SHARE * top_um
    axes.add_patch(Rectangle((0, -collector), width, collector, color=COPPER, linewidth=0))
    if rest is not None and rest < top_um:
        axes.axhline(rest, color=MUTED, linewidth=0.6, dashes=(4, 2))
    axes.set_xlim(0, width)
    axes.set_ylim(-collector, top_um)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def rest_plane_um(run: "Run", row: int = -1) -> float | None:
    """The height of the layer's rest plane at the end of a run, or at a row [um]; None for a bare electrode."""
    if run.parameters.layer is None or "rest_plane_um" not in run.series:
        return None
    last = float(run.series["rest_plane_um"][row])
    return last if np.isfinite(last) else None


def draw_height_map(
    axes: Axes, run: "Run", lowest_um: float, highest_um: float, plane: int | None = None
) -> AxesImage:
    """The height map of a run seen from above, the cross section's plane (y index, the middle) marked by two ticks."""
    edge = run.parameters.lattice.voxel_um
    nx, ny = run.occupancy.shape[:2]
    image = axes.imshow(
        height_map(run.occupancy).T * edge,
        origin="lower",
        extent=(0, nx * edge, 0, ny * edge),
        interpolation="nearest",
        cmap=HEIGHT_COLORS,
        vmin=lowest_um,
        vmax=highest_um,
        aspect="auto" if ny == 1 else "equal",
    )
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
    if ny > 1:
        cut = ((ny // 2 if plane is None else plane) + 0.5) * edge
        for x, side in ((0.0, "right"), (nx * edge, "left")):
            pointer = "▸" if side == "right" else "◂"
            axes.text(x, cut, pointer, ha=side, va="center", fontsize=6, color=MUTED)
    return image
