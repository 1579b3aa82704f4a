"""The view by pyvista in place of numpy, off screen and with the same camera. Needs the extra `viz`."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.figures.raster import Frame, View
from kmc_li.figures.sections import COPPER, rest_plane_um
from kmc_li.figures.view3d import DEAD, PLANE, Picture, box_shape, collector_slab, dead_metal, framed, shaded_palette

if TYPE_CHECKING:
    from kmc_li.storage.run import Run


def pyvista_picture(run: "Run", view: View, columns: int) -> Picture:
    """A run's deposit coloured by height, this many pixels wide, framed as `view3d.render` frames it.

    Raises UserError where pyvista is not installed.
    """
    try:
        import pyvista
    except ImportError:
        raise UserError("pyvista is not installed: pip install 'kmc_li[viz]', or leave pyvista out") from None
    nx, ny, layers = box_shape(run)
    frame = framed((nx, ny, layers), view, columns)
    plotter: Any = pyvista.Plotter(off_screen=True, window_size=[frame.columns, frame.rows])
    plotter.set_background("white")
    deposit, dead = run.occupancy[:, :, :layers], dead_metal(run.occupancy)
    if dead is not None:
        plotter.add_mesh(_voxels(pyvista, dead[:, :, :layers]), color=DEAD, ambient=0.5)
        deposit = deposit & ~dead[:, :, :layers]
    if deposit.any():
        plotter.add_mesh(
            _voxels(pyvista, deposit), scalars="height", cmap=shaded_palette(), clim=(0, layers), show_scalar_bar=False,
            ambient=0.35, diffuse=0.8,
        )  # fmt: skip
    slab = collector_slab((nx, ny, layers))
    plotter.add_mesh(pyvista.Box(bounds=(0, nx, 0, ny, -slab, 0)), color=COPPER, ambient=0.3)
    rest = rest_plane_um(run)
    if rest is not None:
        height = rest / run.parameters.lattice.voxel_um
        plane = pyvista.Plane(center=(nx / 2, ny / 2, height), direction=(0, 0, 1), i_size=nx, j_size=ny)
        plotter.add_mesh(plane, color=PLANE, opacity=0.36, lighting=False)
    _place_camera(plotter, view, frame, max(nx, ny, layers))
    plotter.enable_ssao(radius=6.0, bias=0.3)
    plotter.enable_anti_aliasing("ssaa")
    seen = plotter.screenshot(None, return_img=True)[::-1, :, :3] / 255
    plotter.close()
    opaque = np.ones((*seen.shape[:2], 1))
    return Picture(np.concatenate([seen, opaque], axis=2).astype(np.float32), frame, view)


def _place_camera(plotter: Any, view: View, frame: Frame, size: int) -> None:
    """The camera of a parallel projection whose window is the frame."""
    right, up, toward = view.axes()
    left, past, bottom, top = frame.extent
    middle = right * (left + past) / 2 + up * (bottom + top) / 2
    plotter.camera.focal_point = tuple(middle)
    plotter.camera.position = tuple(middle + 4 * size * toward)
    plotter.camera.up = tuple(up)
    plotter.camera.parallel_projection = True
    plotter.camera.parallel_scale = (top - bottom) / 2
    plotter.reset_camera_clipping_range()


def _voxels(pyvista: Any, metal: NDArray[np.bool_]) -> Any:
    """The metal's outer faces as a mesh in voxels, with the height of each voxel's middle."""
    grid = pyvista.ImageData(dimensions=np.array(metal.shape) + 1)
    heights = np.arange(metal.shape[2]) + 0.5
    grid.cell_data["height"] = np.broadcast_to(heights, metal.shape).flatten(order="F")
    return grid.extract_cells(np.flatnonzero(metal.flatten(order="F"))).extract_surface(algorithm="dataset_surface")
