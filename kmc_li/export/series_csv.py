"""The time series as comma-separated values, for a spreadsheet or pandas."""

from pathlib import Path

from kmc_li.storage.files import check_path, write_atomically
from kmc_li.storage.run import Run


def write_csv(run: Run, path: str | Path) -> Path:
    """Write the time series of a run; returns the path.

    One line a record, a head line with the names of the columns, which end in their units (time_s, thickness_um,
    areal_capacity_mAh_cm2; a name without one has none). Numbers are decimal with a point, each the shortest text that
    reads back exactly. Raises UserError for a name that does not end in .csv or cannot be written.
    """
    target = check_path(path, (".csv",), "a table")
    names = list(run.series)
    lines = [",".join(names)]
    lines += [",".join(map(repr, row)) for row in zip(*(run.series[name].tolist() for name in names), strict=True)]
    write_atomically(target, ("\n".join(lines) + "\n").encode())
    return target
