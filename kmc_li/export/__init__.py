"""Runs as files that other programs open: ParaView, OVITO, Gwyddion, a spreadsheet, a mesh viewer.

    import kmc_li
    run = kmc_li.load_run("results/piezo")
    kmc_li.export.write_vti(run, "piezo.vti")           # ParaView: deposit, age, field, pressure
    kmc_li.export.write_extxyz(run, "piezo.xyz")        # OVITO, ASE
    kmc_li.export.write_gwy(run, "piezo.gwy")           # Gwyddion: height map
    kmc_li.export.write_csv(run, "piezo.csv")           # a spreadsheet, pandas: the time series
    kmc_li.export.write_cycler_csv(run, "records.csv")  # a cycled run beside a battery cycler's export
    kmc_li.export.write_stl(run, "piezo.stl")           # the surface as triangles

Every file is written whole or not at all; a name that will not do is a UserError of one line.
"""

from kmc_li.export.cycler_csv import write_cycler_csv, write_cycles_csv, write_steps_csv
from kmc_li.export.extxyz import write_extxyz
from kmc_li.export.gwy import write_gwy
from kmc_li.export.pvd import write_pvd
from kmc_li.export.series_csv import write_csv
from kmc_li.export.stl import write_stl
from kmc_li.export.vti import write_vti

__all__ = [
    "write_csv",
    "write_cycler_csv",
    "write_cycles_csv",
    "write_extxyz",
    "write_gwy",
    "write_pvd",
    "write_steps_csv",
    "write_stl",
    "write_vti",
]
