"""Nuclei of lithium on copper by overpotential: size and number by the law of Pei et al., its scale assumed.

Pei, Zheng, Shi, Li, Cui, Nano Lett. 17, 1132 (2017), found the radius proportional to the inverse of the overpotential
and the areal density to its cube. The reference values below, which set the scale, are assumed.
"""

REFERENCE_V = 0.1
REFERENCE_RADIUS_UM = 0.15
REFERENCE_PER_UM2 = 1.0

LAW = (
    f"radius {REFERENCE_RADIUS_UM:g} um x ({REFERENCE_V:g} V/eta), number {REFERENCE_PER_UM2:g}/um^2 x "
    f"(eta/{REFERENCE_V:g} V)^3; powers by Pei et al. 2017, scale assumed"
)


def law(overpotential_V: float) -> tuple[float, float]:
    """Number of nuclei on a square micrometre and radius of each [um], overpotential > 0 [V]."""
    ratio = overpotential_V / REFERENCE_V
    return REFERENCE_PER_UM2 * ratio**3, REFERENCE_RADIUS_UM / ratio
