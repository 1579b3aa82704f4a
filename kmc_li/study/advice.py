"""What is allowed in a study and yet likely not what is meant: a line each, printed before a run."""

from kmc_li.study.parameters import Parameters

_ROUNDED = 0.05  # more than this share of the noise's volume is worth a line


def warnings(parameters: Parameters) -> list[str]:
    """The lines of a study."""
    return [*_rounded_noise(parameters)]


def _rounded_noise(p: Parameters) -> list[str]:
    given = None if p.surface is None else p.surface.noise_volume_um3
    if given is None:
        return []
    used = p.lattice.voxel_um**3 / p.quanta
    if abs(used - given) <= _ROUNDED * given:
        return []
    parts = f"the voxel in {p.quanta} part" + ("s" if p.quanta > 1 else "")
    return [f"surface.noise_volume_um3: got {given:.4g}, {used:.4g} um^3 is used, {parts}"]
