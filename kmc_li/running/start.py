"""Before a run: its study, checked with what it starts from, and what there is to say about it."""

from pathlib import Path

from kmc_li.study import dimensionless
from kmc_li.study.parameters import Parameters
from kmc_li.study.presets import study_path


def read_study(study: str | Path) -> tuple[Parameters, str]:
    """The parameters of a study, by file or name, and the table of its dimensionless numbers.

    Raises UserError for a mistake in it, and for a substrate that cannot be made: a damaged map, a relief too high.
    """
    parameters = Parameters.from_toml(study_path(study))
    if parameters.substrate is None:
        return parameters, dimensionless.table(parameters)
    from kmc_li.engine.seeds import substrate_heights

    heights_um = substrate_heights(parameters, 0) * parameters.lattice.voxel_um
    return parameters, dimensionless.table(parameters, heights_um)
