"""Small studies for tests of the engine: boxes that grow in a second, and helpers that grow and count."""

from scipy.stats import chi2

from kmc_li.study.parameters import Parameters

BARE = {
    "lattice": {"nx": 8, "ny": 8, "nz": 32, "voxel_um": 0.5},
    "electrolyte": {"conductivity_S_m": 4.15e-4, "charge_transfer_resistance_ohm_cm2": 20.0},
    "plating": {"current_density_mA_cm2": 1.0},
    "field": {"method": "multigrid"},
    "stop": {"capacity_mAh_cm2": 0.4},
    "output": {"series_points": 4, "snapshots": 1},
}
# A layer whose own conductivity and charge both matter after a few monolayers.
LAYER = {"layer.preset": "BaTiO3/PVDF composite", "layer.thickness_um": 4.0, "layer.unscreened_share": 0.02}
# The same ions, walking.
WALKERS = {"field.method": "walkers"}
# Hops about as frequent as plating, so that both shape the deposit.
HOPS = {"hops.enabled": True, "hops.attempt_frequency_per_s": 2e4}
# Hops so hot that now and then an atom is left without a neighbor: dead metal.
SHEDDING = HOPS | {"hops.temperature_K": 900.0, "hops.attempt_frequency_per_s": 3.0}


def study(**changes):
    """The bare study with dotted keys changed, the layer's all at once."""
    layer = {key.removeprefix("layer."): value for key, value in changes.items() if key.startswith("layer.")}
    rest = {key: value for key, value in changes.items() if not key.startswith("layer.")}
    start = Parameters.from_dict(BARE | ({"layer": layer} if layer else {}))
    return start.replace(**rest) if rest else start


def grown(parameters, seed=0, chunk=10**9):
    """The finished simulation of a study, advanced `chunk` events at a time."""
    from kmc_li.engine.simulation import Simulation

    simulation = Simulation(parameters, seed)
    while simulation.finished is None:
        simulation.advance(chunk)
    return simulation


def chi_squared_p(counts, share):
    """p-value of counts against expected shares; all places that expect less than 10 count as one."""
    expected = counts.sum() * share / share.sum()
    common = expected > 10
    rest = expected[~common].sum()
    square = ((counts - expected)[common] ** 2 / expected[common]).sum()
    if rest > 1:
        square += (counts[~common].sum() - rest) ** 2 / rest
    return chi2.sf(square, common.sum())
