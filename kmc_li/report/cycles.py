"""What is said of cycled runs: each measure a cycle with its band, for tables and JSON."""

from collections.abc import Mapping, Sequence

import numpy as np

from kmc_li.report.statistics import Band, mean_band
from kmc_li.report.summary import NOTE, align, band_words_short
from kmc_li.storage.run import Run

SHOWN = {
    "coulombic_efficiency": "efficiency",
    "thickness_um": "thickness (um)",
    "thickness_live_um": "live (um)",
    "roughness_Sq_um": "Sq (um)",
    "dead_voxels": "dead voxels",
    "overpotential_V": "overpotential (V)",
}
_LANDMARKS = (1, 2, 5)  # of each power of ten, and the last


def completed(runs: Sequence[Run]) -> int:
    """Cycles that all runs have completed."""
    return min((len(run.cycles.get("cycle", ())) for run in runs), default=0)


def cycle_bands(runs: Sequence[Run]) -> dict[str, list[Band]]:
    """name of a column of Run.cycles -> its mean and 95 % Student t band in each cycle that all runs have completed."""
    tables, count = [run.cycles for run in runs], completed(runs)
    names = [name for name in tables[0] if name != "cycle"]
    return {name: [mean_band([table[name][k] for table in tables]) for k in range(count)] for name in names}


def cycles_table(groups: Mapping[str, Sequence[Run]]) -> str:
    """A table of means and bands at cycles 1, 2, 5, 10 ... and the last, one line a group and cycle."""
    rows = [["", "runs", "cycle", *SHOWN.values()]]
    for label, runs in groups.items():
        last, bands = completed(runs), cycle_bands(runs)
        powers = 10 ** np.arange(6)
        for cycle in sorted({*(c for c in np.outer(powers, _LANDMARKS).ravel().tolist() if c < last), last} - {0}):
            cells = [band_words_short(bands[name][cycle - 1]) for name in SHOWN]
            rows.append([label, str(len(runs)), str(cycle), *cells])
    table = align(rows)
    return f"{table}\n{NOTE}" if any(len(runs) > 1 for runs in groups.values()) else table
