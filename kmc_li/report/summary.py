"""What is said of runs in a few numbers: for tables, JSON and the next script."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kmc_li import morphology
from kmc_li.errors import UserError
from kmc_li.report.statistics import Band, band_words, mean_band
from kmc_li.storage.run import Run
from kmc_li.storage.store import find_runs, load_run
from kmc_li.study.dimensionless import fitted

WORDS = {
    "areal_capacity_mAh_cm2": "charge (mAh/cm2)",
    "thickness_um": "thickness (um)",
    "thickness_p95_um": "95 % height (um)",
    "roughness_Sa_um": "Sa (um)",
    "roughness_Sq_um": "Sq (um)",
    "roughness_Sz_um": "Sz (um)",
    "porosity": "porosity",
}
SHORT = ("thickness_um", "roughness_Sq_um", "porosity")
NOTE = "in [ ]: the 95 % band of the mean, Student t"


def metrics(run: Run) -> dict[str, float]:
    """The numbers of a run's deposit as it stands; names carry their units."""
    edge = run.parameters.lattice.voxel_um
    heights = morphology.height_map(run.occupancy)
    rough = morphology.roughness(heights)
    return {
        "areal_capacity_mAh_cm2": float(run.series["areal_capacity_mAh_cm2"][-1]),
        "thickness_um": float(morphology.thickness(run.occupancy)) * edge,
        "thickness_p95_um": float(morphology.thickness_percentile(run.occupancy)) * edge,
        "roughness_Sa_um": float(rough.Sa) * edge,
        "roughness_Sq_um": float(rough.Sq) * edge,
        "roughness_Sz_um": float(rough.Sz) * edge,
        "porosity": float(morphology.porosity(run.occupancy)),
    }


def bands(runs: Sequence[Run]) -> dict[str, Band]:
    """Mean and 95 % Student t band of each metric over the runs of one study."""
    rows = [metrics(run) for run in runs]
    return {name: mean_band([row[name] for row in rows]) for name in rows[0]}


def load_groups(folders: Iterable[str | Path]) -> dict[str, list[Run]]:
    """The runs at or below the folders as name -> runs of one study.

    The name is that of the run's folder, for seed-NNNN that of the folder above it; where different studies
    share a name, the path tells them apart. Raises UserError for a folder without runs and for a run given
    twice.
    """
    groups: list[tuple[str, list[Run]]] = []
    for path in [path for folder in folders for path in find_runs(folder)]:
        run, name = load_run(path), _group_name(path)
        for other, runs in groups:
            if other == name and runs[0].parameters == run.parameters:
                twins = [twin.path for twin in runs if twin.seed == run.seed]
                if twins:
                    raise UserError(f"{path} and {twins[0]} are the same run: a band needs different seeds")
                runs.append(run)
                break
        else:
            groups.append((name, [run]))
    names = [name for name, _ in groups]
    return {name if names.count(name) == 1 else f"{name} ({runs[0].path})": runs for name, runs in groups}


def _group_name(path: Path) -> str:
    full = path.resolve()
    return full.parent.name if re.fullmatch(r"seed-\d+", full.name) else full.name


def metrics_table(groups: Mapping[str, Sequence[Run]], names: Sequence[str] = tuple(WORDS)) -> str:
    """A table of means and bands, one line a group."""
    head = ["", "runs", *(WORDS[name] for name in names)]
    rows = []
    for label, runs in groups.items():
        found = bands(runs)
        rows.append([label, str(len(runs)), *(band_words_short(found[name]) for name in names)])
    table = align([head, *rows])
    return f"{table}\n{NOTE}" if any(len(runs) > 1 for runs in groups.values()) else table


def band_words_short(band: Band) -> str:
    """'29.1 [28.0, 30.2]', or the mean alone where there is no band."""
    if np.isnan(band.low):
        return f"{band.mean:.4g}"
    return f"{band.mean:.4g} [{band.low:.4g}, {band.high:.4g}]"


def align(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def as_json(content: Any) -> str:
    """JSON text; bands become objects, numbers JSON has no word for (NaN, infinity) become null."""
    return json.dumps(_plain(content), indent=1, allow_nan=False)


def report(groups: Mapping[str, Sequence[Run]]) -> dict[str, Any]:
    """Everything `analyze` knows of the groups, for as_json."""
    return {
        label: {
            "runs": [
                {
                    "path": str(run.path),
                    "seed": run.seed,
                    "finished": run.finished,
                    "state_sha256": run.state_sha256,
                    "metrics": metrics(run),
                    "report": dict(run.report),
                }
                for run in runs
            ],
            "bands": bands(runs),
            "band": band_words(len(runs)),
            "fitted": fitted(runs[0].parameters),
        }
        for label, runs in groups.items()
    }


def _plain(content: Any) -> Any:
    if isinstance(content, Band):
        return _plain(content._asdict())
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    if isinstance(content, np.generic):
        return _plain(content.item())
    if isinstance(content, float) and not np.isfinite(content):
        return None
    return content
