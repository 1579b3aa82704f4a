"""Where the current goes: potential and stream lines on a cut around the highest tip, current on the metal's faces."""

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.figures.captions import check_groups, conditions_line, fitted_line, number
from kmc_li.figures.raster import Faces, View, signs
from kmc_li.figures.series import CAPACITY
from kmc_li.figures.style import (
    CAPTION_LINE_MM,
    DOUBLE_COLUMN_MM,
    INK,
    Page,
    house_style,
    wrapped,
)
from kmc_li.figures.view3d import Paint, by_value, draw_deposit, shaded_palette
from kmc_li.morphology import height_map

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

CURRENT_COLORS, POTENTIAL_COLORS = "magma", "Blues"
_CUT, _METAL = "#C9CCD1", "#5A5F66"
_SHARE_SHOWN = 0.95  # of the current lands on faces within the colours


class Field(Protocol):
    """A converged field, such as kmc_li.export.fields.electric returns it; arrays (nx, ny, nz)."""

    @property
    def potential_V(self) -> NDArray[np.float64]: ...
    @property
    def plating_current_A(self) -> NDArray[np.float64]: ...


class Current(NamedTuple):
    """Current density onto metal faces over the electrode's mean.

    ratio: (nx, ny, nz), of the faces that each empty voxel shares with metal, their mean; NaN where it touches none.
    most: where the colours end.
    """

    ratio: NDArray[np.float64]
    most: float


def check_field(run: "Run", field: Field) -> None:
    """Raises UserError for a field of another box or one without current."""
    shape = run.occupancy.shape
    if field.potential_V.shape != shape or field.plating_current_A.shape != shape:
        raise UserError(f"the field has shape {field.potential_V.shape}, the deposit {shape}: they must be of one box")
    if not float(field.plating_current_A.sum()) > 0:
        raise UserError("the field carries no plating current")


def face_current(occupancy: NDArray[np.bool_], plating_current: NDArray[np.float64]) -> Current:
    """Current density on the faces by the empty voxel they look into, over the mean of the flat electrode.

    plating_current: (nx, ny, nz), any unit, into the metal faces of each empty voxel.
    """
    faces = np.zeros(occupancy.shape, dtype=np.int64)
    for axis in (0, 1):
        for step in (1, -1):
            faces += np.roll(occupancy, step, axis)
    faces[:, :, 1:] += occupancy[:, :, :-1]
    faces[:, :, :-1] += occupancy[:, :, 1:]
    faces[:, :, 0] += 1  # the collector
    mean = float(plating_current.sum()) / (occupancy.shape[0] * occupancy.shape[1])
    touching = ~occupancy & (faces > 0)
    ratio = np.full(occupancy.shape, np.nan)
    ratio[touching] = plating_current[touching] / faces[touching] / mean
    order = np.argsort(ratio[touching])
    below = np.cumsum(np.clip(plating_current[touching][order], 0, None))
    return Current(ratio, float(ratio[touching][order][np.searchsorted(below, _SHARE_SHOWN * below[-1])]))


def by_current(current: Current, view: View) -> Paint:
    """Paint faces by the current onto them; grey where metal is cut and no current lands."""

    def paint(faces: Faces) -> NDArray[np.float64]:
        place = [faces.x, faces.y, np.maximum(faces.z, 0)]
        for axis, sign in enumerate(signs(view)):
            place[axis] = np.where(faces.axis == axis, place[axis] + sign, place[axis])
        nx, ny, nz = current.ratio.shape
        ratio = current.ratio[place[0] % nx, place[1] % ny, np.minimum(place[2], nz - 1)]
        color = by_value(np.nan_to_num(ratio) / current.most, CURRENT_COLORS)
        color[np.isnan(ratio)] = to_rgb(_CUT)
        return color

    return paint


def current_scale(current: Current) -> ScalarMappable:
    """The colours of the current, for a colour bar."""
    return ScalarMappable(Normalize(0, current.most), shaded_palette(CURRENT_COLORS))


def in_plane_flow(
    occupancy: NDArray[np.bool_], potential: NDArray[np.float64], plane: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """-grad of the potential along x and z in the cut at y = plane, by voxel: (nx, nz) each; NaN in metal.

    The mean of the two links to electrolyte voxels along the axis (one, where metal is on the other side).
    """
    metal, phi = occupancy[:, plane], potential[:, plane]
    flow = []
    for axis in (0, 1):
        total, links = np.zeros(phi.shape), np.zeros(phi.shape)
        for step in (1, -1):
            link = ~metal & ~np.roll(metal, step, axis)
            if axis == 1:
                link[:, 0 if step > 0 else -1] = False
            total += np.where(link, step * (np.roll(phi, step, axis) - phi), 0.0)
            links += link
        flow.append(np.where(metal, np.nan, total / np.maximum(links, 1)))
    return flow[0], flow[1]


def tip_plane(run: "Run") -> int:
    """The y index of the highest column, the first of several."""
    heights = height_map(run.occupancy)
    return int(np.unravel_index(np.argmax(heights), heights.shape)[1])


def draw_potential(axes: Axes, run: "Run", field: Field, plane: int, current: Current) -> AxesImage:
    """Potential and in-plane stream lines of the current in the cut at y = plane, around the tips.

    Metal's faces in the cut are drawn in the colours of their current. The window is as high as the box is wide.
    """
    edge, heights = run.parameters.lattice.voxel_um, height_map(run.occupancy)
    nx, _, nz = run.occupancy.shape
    tall = max(nx, 8)
    high = min(int(heights.max()) + tall // 3, nz)
    low = max(high - tall, 0)
    metal = run.occupancy[:, plane, low:high]
    potential = np.ma.masked_array(1e3 * field.potential_V[:, plane, low:high], metal)
    extent = (0, nx * edge, low * edge, high * edge)
    axes.set_facecolor(_METAL)
    image = axes.imshow(potential.T, origin="lower", extent=extent, cmap=POTENTIAL_COLORS, interpolation="nearest")
    right, up = in_plane_flow(run.occupancy, field.potential_V, plane)
    x, z = (np.arange(nx) + 0.5) * edge, (np.arange(low, high) + 0.5) * edge
    axes.streamplot(
        x, z, right[:, low:high].T, up[:, low:high].T, color=INK, linewidth=0.45, density=1.3, arrowsize=0.45
    )
    _draw_faces(axes, run.occupancy[:, plane], current, plane, edge, low, high)
    axes.set(xlim=extent[:2], ylim=extent[2:], xticks=[], ylabel="Height (µm)")
    return image


def _draw_faces(
    axes: Axes, metal: NDArray[np.bool_], current: Current, plane: int, edge: float, low: int, high: int
) -> None:
    """The faces between metal and electrolyte in the cut, as lines in the colours of their current."""
    nx = metal.shape[0]
    lines, values = [], []
    for x, z in np.argwhere(~metal[:, low:high]) + (0, low):
        for dx, dz in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            over = z + dz
            if not 0 <= over < metal.shape[1] or not metal[(x + dx) % nx, over]:
                continue
            middle = np.array([x + 0.5 + 0.5 * dx, z + 0.5 + 0.5 * dz])
            along = np.array([abs(dz), abs(dx)]) * 0.5
            lines.append([(middle - along) * edge, (middle + along) * edge])
            values.append(current.ratio[x, plane, z])
    drawn = LineCollection(lines, linewidths=1.1, cmap=shaded_palette(CURRENT_COLORS), zorder=3)
    drawn.set_array(np.array(values))
    drawn.set_clim(0, current.most)
    axes.add_collection(drawn, autolim=False)


def what_the_field_is(run: "Run") -> str:
    """What the pictures of the field show, in words."""
    words = (
        "field solved to convergence around the deposit at the end of the run, linear charge transfer. Blue: potential "
        "of the electrolyte against the metal; lines: current within the plane of the cut (what leaves the plane is "
        f"not drawn). The colours of the metal's faces hold {100 * _SHARE_SHOWN:.0f} % of the current; grey: cut metal."
    )
    if run.report.get("dead_voxels"):
        words += " Dead lithium takes no current."
    return words


def tips_figure(run: "Run", field: Field, view: View | None = None) -> Figure:
    """Potential with stream lines on the cut through the highest tip, and current on the surface: 180 mm wide.

    field: the converged field of the run's deposit, same box. Raises UserError for another box or no current.
    """
    group = {run.label: [run]}
    check_groups(group, most=1)
    check_field(run, field)
    plane, current, view = tip_plane(run), face_current(run.occupancy, field.plating_current_A), view or View()
    facts = f"{run.label}, seed {run.seed} (n = 1 run, no band), {number(run.series[CAPACITY][-1])} mAh/cm²."
    caption = wrapped([facts, f"a, b: {what_the_field_is(run)}", conditions_line(group), fitted_line(group)])
    with house_style():
        page = Page(DOUBLE_COLUMN_MM, 92 + CAPTION_LINE_MM * len(caption))
        axes = page.axes(14, 8, 70, 70)
        image = draw_potential(axes, run, field, plane, current)
        bar = page.axes(86, 18, 2.4, 50)
        page.figure.colorbar(image, cax=bar, label="Potential (mV)").outline.set_linewidth(0.5)
        draw_deposit(page.axes(104, 6, 56, 76), run, view, paint=by_current(current, view))
        bar = page.axes(162, 18, 2.4, 50)
        label = "Current density / mean"
        page.figure.colorbar(current_scale(current), cax=bar, label=label, extend="max").outline.set_linewidth(0.5)
        page.letter(3, 3, "a")
        page.letter(100, 3, "b")
        page.lines(88, caption)
    return page.figure
