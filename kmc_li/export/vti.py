"""VTK ImageData (.vti) for ParaView, VisIt and PyVista: one cell a voxel, lengths in micrometres."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.export.moments import Moment, final
from kmc_li.export.origin import origin
from kmc_li.morphology import height_map
from kmc_li.storage.files import check_path, write_atomically
from kmc_li.storage.run import Run

TYPES = {"uint8": "UInt8", "float32": "Float32", "float64": "Float64"}


def write_vti(run: Run, path: str | Path, *, field: bool = True) -> Path:
    """Write the deposit of a run as VTK ImageData; returns the path.

    Lengths are in um. Cell arrays, one value a voxel:

    occupancy            uint8, 1 for lithium
    dead                 uint8, 1 for lithium without a path to the collector
    age_mAh_cm2          float32, charge passed since the first snapshot that shows the voxel; NaN in electrolyte
    potential_V          float32, electrolyte minus metal, 0 in lithium
    plating_current_A    float32, into the lithium faces of an electrolyte voxel; below 0 dissolves
    pressure_Pa          float32, on the topmost lithium of each column, 0 elsewhere
    face_shift_V         float32, at the same places
    piezo_charge_C_m2    float32, at the same places: on the layer's upper face, before screening

    Potential and current are there with field=True where the kinetics are linear (kmc_li.field.solve), the last three
    in studies with a layer.
    Field data: areal_capacity_mAh_cm2 and, with a layer, rest_plane_um.
    Raises UserError for a name that does not end in .vti or cannot be written, and for a deposit that no current can
    reach (field=True).
    """
    target = check_path(path, (".vti",), "a VTK image")
    write_atomically(target, image(run, final(run), field))
    return target


def image(run: Run, moment: Moment, field: bool) -> bytes:
    """The file of one moment."""
    from kmc_li.export.fields import electric, has_linear_field, pressed  # the only part that needs the compiler
    from kmc_li.field import NotConverged

    parameters, occupancy = run.parameters, moment.occupancy
    cells: dict[str, NDArray[np.generic]] = {
        "occupancy": occupancy.astype(np.uint8),
        "dead": moment.dead.astype(np.uint8),
        "age_mAh_cm2": moment.age_mAh_cm2,
    }
    facts = {"areal_capacity_mAh_cm2": moment.areal_capacity_mAh_cm2}
    if field and has_linear_field(parameters):
        try:
            solved = electric(parameters, occupancy)
        except NotConverged as error:  # dead lithium that seals the collector off, say
            at = f"the deposit at {moment.areal_capacity_mAh_cm2:.4g} mAh/cm2"
            raise UserError(f"{at} has no field: {error}; leave it out (--no-field, field=False)") from error
        cells |= {name: array.astype(np.float32) for name, array in solved._asdict().items()}
    if parameters.layer is not None:
        state = pressed(parameters, occupancy)
        heights = height_map(occupancy)
        facts["rest_plane_um"] = state.rest_plane_m * 1e6
        for name in ("pressure_Pa", "face_shift_V", "piezo_charge_C_m2"):
            cells[name] = _on_top(getattr(state, name), heights, occupancy.shape[2])
    return encode(cells, parameters.lattice.voxel_um, facts, origin(run))


def encode(
    cells: Mapping[str, NDArray[np.generic]], voxel: float, facts: Mapping[str, float], comment: str
) -> bytes:
    """A VTK XML image: arrays (nx, ny, nz) of uint8, float32 or float64, compressed by zlib and appended raw."""
    nx, ny, nz = next(iter(cells.values())).shape
    arrays, appended = [], b""
    for name, array in cells.items():
        arrays.append(_described(name, array, f'offset="{len(appended)}"'))
        appended += _compressed(array.ravel(order="F"))
    values = []
    for name, value in facts.items():
        number = np.array([value])
        values.append(_described(name, number, f'NumberOfTuples="1" offset="{len(appended)}"'))
        appended += _compressed(number)
    extent = f"0 {nx} 0 {ny} 0 {nz}"
    head = (
        f'<?xml version="1.0"?>\n<!-- {comment} -->\n'
        '<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64" '
        'compressor="vtkZLibDataCompressor">\n'
        f'<ImageData WholeExtent="{extent}" Origin="0 0 0" Spacing="{voxel!r} {voxel!r} {voxel!r}">\n'
        f"<FieldData>\n{''.join(values)}</FieldData>\n"
        f'<Piece Extent="{extent}">\n<CellData Scalars="occupancy">\n{"".join(arrays)}</CellData>\n</Piece>\n'
        '</ImageData>\n<AppendedData encoding="raw">\n_'
    )
    return head.encode() + appended + b"\n</AppendedData>\n</VTKFile>\n"


def _described(name: str, array: NDArray[np.generic], more: str) -> str:
    return f'<DataArray type="{TYPES[array.dtype.name]}" Name={quoteattr(name)} format="appended" {more}/>\n'


def _compressed(array: NDArray[np.generic]) -> bytes:
    """One zlib block with VTK's header: number of blocks, size of a block, of the last one if shorter, compressed."""
    data = array.astype(array.dtype.newbyteorder("<")).tobytes()
    packed = zlib.compress(data, 1)
    return np.array([1, len(data), 0, len(packed)], "<u8").tobytes() + packed


def _on_top(values: NDArray[np.float64], heights: NDArray[np.int64], nz: int) -> NDArray[np.float32]:
    """Values of columns (nx, ny) on their topmost voxels, (nx, ny, nz); none where a column is empty."""
    box = np.zeros((*values.shape, nz), np.float32)
    x, y = np.nonzero(heights)
    box[x, y, heights[x, y] - 1] = values[x, y]
    return box
