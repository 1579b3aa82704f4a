"""What `kmc-li export` does: names and options checked before anything is read, then the writer of the format."""

from collections.abc import Callable
from pathlib import Path

from kmc_li.errors import UserError
from kmc_li.storage.files import check_path
from kmc_li.storage.run import Run

SUFFIXES = {
    "vti": (".vti",),
    "extxyz": (".xyz", ".extxyz"),
    "gwy": (".gwy",),
    "csv": (".csv",),
    "stl": (".stl",),
    "cycler": (".csv",),
    "steps": (".csv",),
    "cycles": (".csv",),
}


def check(path: str | Path, format: str, snapshots: bool = False, field: bool = True) -> Path:
    """The path, if such a file can be asked for and written there. Raises UserError, one line."""
    if snapshots and format not in ("vti", "extxyz"):
        raise UserError(f"--snapshots: only vti and extxyz hold a time series, got the format {format}")
    if not field and format != "vti":
        raise UserError(f"--no-field: only vti holds the field, got the format {format}")
    suffixes = (".pvd",) if snapshots and format == "vti" else SUFFIXES[format]
    return check_path(path, suffixes, f"a file of the format {format}" + (" with --snapshots" if snapshots else ""))


def export(
    run: Run, path: str | Path, format: str, snapshots: bool, field: bool, tell: Callable[[str], None]
) -> Path:
    """Write the run in that format; tell(line) says what the file will lack. Returns the path."""
    from kmc_li import export as writers

    check(path, format, snapshots, field)
    if format == "extxyz":
        return writers.write_extxyz(run, path, snapshots=snapshots)
    if format == "vti":
        from kmc_li.export.fields import has_linear_field

        if field and not has_linear_field(run.parameters):
            why = "the interphase ages" if run.parameters.faces_age else (
                f'plating.kinetics is "{run.parameters.plating.kinetics}", not "linear"'
            )
            tell(f"no potential and current: {why}")
        write = writers.write_pvd if snapshots else writers.write_vti
        return write(run, path, field=field)
    plain = {
        "gwy": writers.write_gwy,
        "csv": writers.write_csv,
        "stl": writers.write_stl,
        "cycler": writers.write_cycler_csv,
        "steps": writers.write_steps_csv,
        "cycles": writers.write_cycles_csv,
    }
    return plain[format](run, path)
