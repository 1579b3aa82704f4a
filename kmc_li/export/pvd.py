"""A time series for ParaView: a .pvd collection and one .vti a moment beside it."""

from pathlib import Path
from xml.sax.saxutils import quoteattr

from tqdm import tqdm

from kmc_li.export.moments import how_many, moments
from kmc_li.export.origin import origin
from kmc_li.export.vti import image
from kmc_li.storage.files import check_path, write_atomically
from kmc_li.storage.run import Run


def write_pvd(run: Run, path: str | Path, *, field: bool = True, progress: bool = False) -> Path:
    """Write every snapshot of a run, and its end, as NAME-0000.vti ... beside NAME.pvd; returns the path of the .pvd.

    ParaView's time is the areal capacity [mAh/cm^2]. Arrays: as in `write_vti`. The collection is written last.
    Raises UserError for a name that does not end in .pvd or cannot be written.
    """
    target = check_path(path, (".pvd",), "a ParaView collection")
    lines = []
    bar = tqdm(moments(run), total=how_many(run), unit="file", desc="export", disable=None if progress else True)
    for number, moment in enumerate(bar):
        part = target.with_name(f"{target.stem}-{number:04d}.vti")
        write_atomically(part, image(run, moment, field))
        time = repr(moment.areal_capacity_mAh_cm2)
        lines.append(f'<DataSet timestep="{time}" part="0" file={quoteattr(part.name)}/>\n')
    collection = (
        f'<?xml version="1.0"?>\n<!-- {origin(run)} -->\n'
        '<VTKFile type="Collection" version="1.0" byte_order="LittleEndian">\n'
        f"<Collection>\n{''.join(lines)}</Collection>\n</VTKFile>\n"
    )
    write_atomically(target, collection.encode())
    return target
