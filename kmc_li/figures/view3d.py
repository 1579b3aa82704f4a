"""The deposit in three dimensions: voxels lit from one side, drawn in a second by numpy and matplotlib alone."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.figures.captions import check_groups, conditions_line, fitted_line, number
from kmc_li.figures.light import brightness, points_seen
from kmc_li.figures.raster import Faces, Frame, View, check_view, frame_of, inverse_map, visible
from kmc_li.figures.sections import COPPER, rest_plane_um
from kmc_li.figures.style import (
    CAPTION_LINE_MM,
    HEIGHT_COLORS,
    INK,
    MUTED,
    Page,
    house_style,
    nice_length,
    wrapped,
)
from kmc_li.morphology import attached_to_collector, height_map
from kmc_li.morphology.height import as_occupancy

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

DEAD, _DEAD_DIMMEST = "#6CC5FF", 0.85  # always bright: in a shadow it would look like live metal far down
PLANE, _PLANE_ALPHA = "#C39BD8", 0.36
_LIGHTEST_DARK = 0.13  # of white that a palette is lightened by
_PALE = 0.2  # of white in the color of metal that the side of the box cuts
_FINE = 2  # picture elements along the edge of a pixel, averaged
_PIXELS = 1.2e6  # of a picture, if not said otherwise; in a figure at most

Paint = Callable[[Faces], NDArray[np.float64]]  # RGB of every face, (faces, 3)


class Picture(NamedTuple):
    """RGBA, float32 (rows, columns, 4), row 0 lowest, and where it lies in the picture plane."""

    rgba: NDArray[np.float32]
    frame: Frame
    view: View


def box_shape(run: "Run", top_um: float | None = None) -> tuple[int, int, int]:
    """Columns in x and y and layers up to a height; by default a little above deposit and rest plane."""
    edge = run.parameters.lattice.voxel_um
    if top_um is None:
        top_um = 1.03 * max(float(height_map(run.occupancy).max()) * edge, rest_plane_um(run) or 0.0, 4 * edge)
    nx, ny = run.occupancy.shape[:2]
    return nx, ny, int(np.ceil(top_um / edge))


def collector_slab(shape: tuple[int, int, int]) -> int:
    """Thickness [voxels] of the collector that is drawn below a box."""
    return max(1, round(0.02 * max(shape)))


def framed(shape: tuple[int, int, int], view: View, columns: int) -> Frame:
    """The frame of a box with its collector, which hangs below z = 0."""
    slab = collector_slab(shape)
    frame = frame_of((shape[0], shape[1], shape[2] + slab), view, columns)
    return frame._replace(bottom=frame.bottom + float(view.project(np.array([0.0, 0.0, -slab]))[1]))


def by_height(lowest: float, highest: float) -> Paint:
    """Paint by the height of a voxel's middle [voxels]."""
    return lambda faces: by_value((faces.z + 0.5 - lowest) / max(highest - lowest, 1e-12))


def by_value(share: NDArray[np.floating], colors: str = HEIGHT_COLORS) -> NDArray[np.float64]:
    """RGB of numbers from 0 to 1 in a palette for shaded surfaces."""
    return np.asarray(shaded_palette(colors)(np.clip(share, 0, 1))[..., :3])


def shaded_palette(colors: str = HEIGHT_COLORS) -> ListedColormap:
    """A palette of matplotlib whose dark end is light enough to show the shading."""
    listed = mpl.colormaps[colors](np.linspace(0, 1, 256))[:, :3]
    return ListedColormap(_LIGHTEST_DARK + (1 - _LIGHTEST_DARK) * listed)


def render(
    occupancy: NDArray[np.bool_],
    paint: Paint,
    view: View | None = None,
    layers: int | None = None,
    columns: int | None = None,
    rest_plane: float | None = None,
    dead: NDArray[np.bool_] | None = None,
) -> Picture:
    """The deposit on its collector, `layers` high, as the camera sees it.

    occupancy: bool (nx, ny, nz). paint: colour of the faces. rest_plane [voxels]: drawn translucent where it lies in
    front. dead: bool (nx, ny, nz), metal that has its own colour. Sides of the box where metal is cut are paler.
    Pictures of one view, layers and columns have the same camera. Raises UserError for a view that does not look down.
    """
    view = check_view(view or View())
    metal = as_occupancy(occupancy)
    nx, ny, nz = metal.shape
    layers = nz if layers is None else layers
    slab = collector_slab((nx, ny, layers))
    metal = metal[:, :, :layers]
    solid = np.concatenate([np.ones((nx, ny, slab), dtype=np.bool_), metal], axis=2)
    shape = nx, ny, layers + slab
    frame = frame_of(shape, view, 1000 if columns is None else columns)
    if columns is None:
        frame = frame_of(shape, view, round(1000 * min(1.0, (_PIXELS / frame.columns / frame.rows) ** 0.5)))
    fine = frame._replace(columns=frame.columns * _FINE, rows=frame.rows * _FINE, scale=frame.scale * _FINE)
    faces, seen = visible(solid, view, fine)
    points = points_seen(faces, seen, view, fine)
    there = seen >= 0
    face = seen[there]
    color, is_dead = _face_colors(faces._replace(z=faces.z - slab), paint, dead)
    tone = brightness(solid, points, faces.axis[face], view)
    tone = np.where(is_dead[face], np.maximum(tone, _DEAD_DIMMEST), tone)
    rgba = np.zeros((*seen.shape, 4), dtype=np.float32)
    rgba[there, :3] = np.clip(color[face] * tone[:, None], 0, 1)
    rgba[there, 3] = 1
    if rest_plane is not None:
        height = np.full(seen.shape, -np.inf)
        height[there] = points[:, 2]
        _blend_plane(rgba, height, rest_plane + slab, (nx, ny), view, fine)
    rgba[:, :, :3] *= rgba[:, :, 3:]
    rgba = rgba.reshape(frame.rows, _FINE, frame.columns, _FINE, 4).mean(axis=(1, 3))
    rgba[:, :, :3] /= np.maximum(rgba[:, :, 3:], 1e-6)
    return Picture(rgba, framed((nx, ny, layers), view, frame.columns), view)


def _face_colors(
    faces: Faces, paint: Paint, dead: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """RGB of every face, those of the collector (z < 0) included, and which are dead metal's."""
    color = np.array(paint(faces), dtype=np.float64)
    gone = np.zeros(faces.z.size, dtype=np.bool_)
    if dead is not None:
        gone = (faces.z >= 0) & dead[faces.x, faces.y, np.maximum(faces.z, 0)]
        color[gone] = to_rgb(DEAD)
    color[faces.cut] += _PALE * (1 - color[faces.cut])
    color[faces.z < 0] = to_rgb(COPPER)
    return color, gone


def _blend_plane(
    rgba: NDArray[np.float32],
    height: NDArray[np.float64],
    plane: float,
    size: tuple[int, int],
    view: View,
    frame: Frame,
) -> None:
    """Lay a translucent plane over what lies behind it. The camera looks down: all that is seen below it is behind."""
    inverse = inverse_map(2, view)
    if inverse is None:
        return
    origin = view.project(np.array([0.0, 0.0, plane]))
    across = (np.arange(frame.columns) + 0.5) / frame.scale + frame.left - origin[0]
    upward = (np.arange(frame.rows)[:, None] + 0.5) / frame.scale + frame.bottom - origin[1]
    x, y = (inverse[k, 0] * across + inverse[k, 1] * upward for k in range(2))
    covers = (x > 0) & (x < size[0]) & (y > 0) & (y < size[1]) & (height < plane)
    under, share = rgba[covers], _PLANE_ALPHA
    alpha = share + under[:, 3:] * (1 - share)
    mixed = np.array(to_rgb(PLANE)) * share + under[:, :3] * under[:, 3:] * (1 - share)
    rgba[covers] = np.concatenate([mixed / alpha, alpha], axis=1)


def dead_metal(occupancy: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Metal without a path to the collector, or None where there is none."""
    dead = occupancy & ~attached_to_collector(occupancy)
    return dead if dead.any() else None


def show(axes: Axes, picture: Picture, edge_um: float, shape: tuple[int, int, int]) -> None:
    """A picture in axes without ticks, with two bars of a round length along the edges of the box in its middle plane.

    edge_um: of a voxel; the axes are in um in the picture plane. shape: the box that the picture was framed for.
    """
    axes.imshow(picture.rgba, origin="lower", extent=picture.frame.extent, interpolation="antialiased")
    axes.set_axis_off()
    _bars(axes, picture.view, edge_um, shape)


def _bars(axes: Axes, view: View, edge_um: float, shape: tuple[int, int, int]) -> None:
    """A bar along the lower front edge and one along the left vertical edge of the box, each with its length."""
    nx, ny, layers = shape
    corners = view.project(np.array([(x, y, 0) for x in (0, nx) for y in (0, ny)], dtype=np.float64))
    front, left = corners[np.argmin(corners[:, 1])], corners[np.argmin(corners[:, 0])]
    up = view.project(np.array([0.0, 0.0, 1.0]))
    length = nice_length(max(nx, layers) * edge_um)
    drawn = [(left, up, -1.0)]
    if np.abs(front - left).max() > 1e-9:
        drawn.append((left, (front - left) / (ny if _runs_along_y(view) else nx), 0.0))
    for start, step, side in drawn:
        end = start + step * length / edge_um
        away = np.array([side, 0.0]) if side else np.array([step[1], -step[0]])
        away = away / np.linalg.norm(away) * 0.03 * max(shape)
        (x0, y0), (x1, y1) = start + away, end + away
        axes.plot([x0, x1], [y0, y1], color=INK, linewidth=1.4, solid_capstyle="butt")
        x, y = (start + end) / 2 + 1.4 * away
        words = f"{number(length)} µm"
        if side:
            axes.text(x, y, words, fontsize=6, ha="right", va="center", rotation=90)
        else:
            axes.text(x, y, words, fontsize=6, ha="right", va="top")


def _runs_along_y(view: View) -> bool:
    """Whether the edge from the leftmost to the lowest corner of the box is one along y."""
    right, up, _ = view.axes()
    return bool(right[1] * up[1] < 0)


def draw_deposit(
    axes: Axes,
    run: "Run",
    view: View | None = None,
    top_um: float | None = None,
    columns: int | None = None,
    paint: Paint | None = None,
) -> Picture:
    """A run's deposit as it stands, coloured by height (or by `paint`), dead metal apart, the rest plane translucent.

    top_um: upper end of the box and of the colours; by default of this deposit.
    """
    edge, shape = run.parameters.lattice.voxel_um, box_shape(run, top_um)
    rest = rest_plane_um(run)
    if columns is None:  # 300 an inch, or fewer
        width = axes.get_position().width * axes.figure.get_figure(root=True).get_figwidth()
        frame = frame_of(shape, check_view(view or View()), round(300 * width))
        columns = round(frame.columns * min(1.0, (_PIXELS / frame.columns / frame.rows) ** 0.5))
    picture = render(
        run.occupancy,
        paint or by_height(0, shape[2]),
        view,
        shape[2],
        columns,
        None if rest is None or rest / edge > shape[2] else rest / edge,
        dead_metal(run.occupancy),
    )
    show(axes, picture, edge, shape)
    return picture


def what_is_drawn(run: "Run", paint: str = "colour: height above the collector", pales: bool = True) -> str:
    """The legend of a view in words. pales: whether metal cut by the sides of the box is paler."""
    words = f"Shaded voxels, parallel projection; {paint}; brown: collector. "
    words += "Paler: metal cut by the sides of the periodic box, " if pales else "The box is periodic in x and y, "
    words += "across which pieces that seem to float are joined."
    if dead_metal(run.occupancy) is not None:
        words += " Light blue: dead lithium, without a path to the collector."
    if rest_plane_um(run) is not None:
        words += " Translucent: rest plane of the layer."
    return words


def deposit_figure(
    run: "Run", view: View | None = None, width_mm: float = 85.0, pyvista: bool = False
) -> Figure:
    """One deposit in three dimensions with its colour bar and caption, 85 mm wide (a column) by default.

    pyvista: let pyvista draw it (extra `viz`), with ambient occlusion in place of the shadow.
    Raises UserError for a view that does not look down, a run without rows, a width outside 60 to 400 mm.
    """
    if not 60 <= width_mm <= 400:
        raise UserError(f"width of the figure: got {width_mm:g} mm, must be between 60 and 400")
    check_groups({run.label: [run]}, most=1)
    shape, edge = box_shape(run), run.parameters.lattice.voxel_um
    frame = frame_of(shape, check_view(view or View()), 100)
    wide = width_mm - 24
    high = min(wide * frame.rows / frame.columns, 1.6 * wide)
    charge = number(run.series["areal_capacity_mAh_cm2"][-1])
    facts = f"{run.label}, seed {run.seed} (n = 1 run, no band), {charge} mAh/cm²."
    group = {run.label: [run]}
    lines = [facts, what_is_drawn(run, pales=not pyvista), conditions_line(group), fitted_line(group)]
    caption = wrapped(lines, columns=int(156 * (width_mm - 6) / 174))
    with house_style():
        page = Page(width_mm, 4 + high + 3 + CAPTION_LINE_MM * len(caption) + 1)
        axes = page.axes(5, 3, wide, high)
        if pyvista:
            from kmc_li.figures.pyvista_view import pyvista_picture

            show(axes, pyvista_picture(run, view or View(), round(300 * wide / 25.4)), edge, shape)
        else:
            draw_deposit(axes, run, view)
        bar = page.axes(width_mm - 16, 3 + high * 0.2, 2.6, high * 0.6)
        height_bar(page.figure, bar, shape[2] * edge)
        page.lines(high + 6, caption)
    return page.figure


def height_bar(figure: Figure, axes: Axes, top_um: float) -> None:
    """The colour bar of heights from the collector to the top of the box."""
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, top_um), shaded_palette())
    figure.colorbar(scale, cax=axes, label="Height (µm)").outline.set(linewidth=0.5, edgecolor=MUTED)
