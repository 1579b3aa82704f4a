"""Physical constants, CODATA as scipy.constants has them, in SI."""

from scipy import constants as _codata

AVOGADRO_PER_MOL: float = _codata.Avogadro
BOLTZMANN_EV_K: float = _codata.physical_constants["Boltzmann constant in eV/K"][0]
BOLTZMANN_J_K: float = _codata.Boltzmann
FARADAY_C_MOL: float = _codata.physical_constants["Faraday constant"][0]
GAS_J_MOL_K: float = _codata.gas_constant
VACUUM_PERMITTIVITY_F_M: float = _codata.epsilon_0
