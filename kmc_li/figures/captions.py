"""What a figure has to say in words: fitted numbers, bands, conditions. And checks of what it is given."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from kmc_li.errors import UserError
from kmc_li.report.statistics import band_words

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

Groups = Mapping[str, Sequence["Run"]]


def check_groups(groups: Groups, most: int) -> None:
    """Raises UserError for no groups, a group without runs, or more groups than a figure can show."""
    if not groups:
        raise UserError("a figure needs at least one group of runs")
    for label, runs in groups.items():
        if not runs:
            raise UserError(f"group '{label}' holds no runs")
        for run in runs:
            if run.series["areal_capacity_mAh_cm2"].size == 0:
                raise UserError(f"group '{label}', seed {run.seed}: the run has no series yet")
    if len(groups) > most:
        raise UserError(f"this figure shows at most {most} groups side by side, got {len(groups)}")


def number(value: float, digits: int = 2) -> str:
    """A number as a reader writes it: 1.47×10⁻⁴, not 1.47e-04."""
    text = f"{value:.{digits + 1}g}"
    if "e" not in text and (value == 0 or abs(value) >= 1e-3):
        return text.replace("-", "−")
    text = f"{value:.{digits}e}"
    mantissa, exponent = text.split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    powers = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa.replace('-', '−')}×10{powers}"


def fitted_line(groups: Groups) -> str:
    """The line that names the fitted numbers, kappa_eff and s, and their values (by group where unlike)."""
    parts = []
    kappa = _by_group(groups, _fitted_conductivity)
    if kappa:
        parts.append("effective conductivity κ_eff = " + kappa)
    share = _by_group(groups, _fitted_share)
    if share:
        parts.append("unscreened share of the piezo charge s = " + share)
    if not parts:
        return "Fitted numbers: none."
    return "Fitted, not measured: " + "; ".join(parts) + "."


def band_line(groups: Groups) -> str:
    """What the bands are, in words: 'band: 95 % Student t, n = 4 seeds'."""
    counts = {label: len(runs) for label, runs in groups.items()}
    if len(set(counts.values())) == 1:
        return band_words(next(iter(counts.values())))
    if max(counts.values()) < 2:
        return band_words(1)
    return (
        "band: 95 % Student t, n = " + ", ".join(f"{n} ({label})" for label, n in counts.items()) + " seeds"
    )


def conditions_line(groups: Groups) -> str:
    """Current density, box and voxel of the runs, by group where they differ."""
    current = _by_group(groups, lambda run: f"{number(run.parameters.plating.current_density_mA_cm2)} mA/cm²")
    return f"Current density {current}; box {_by_group(groups, _box)}; voxel {_by_group(groups, _voxel)}."


def ageing_line(groups: Groups) -> str:
    """What the interphase does where it ages, by group where that differs; '' where it does not."""
    told = _by_group(groups, _ageing)
    return f"The interphase ages: {told}." if told else ""


def _ageing(run: "Run") -> str | None:
    ageing = run.parameters.ageing
    if ageing is None:
        return None
    parts = []
    if ageing.time_constant_s is not None:
        parts.append(f"time constant {number(ageing.time_constant_s)} s")
    if ageing.fresh_charge_mC_cm2 > 0.0:
        parts.append(f"{number(ageing.fresh_charge_mC_cm2)} mC/cm² on fresh faces")
    return " and ".join(parts)


def _fitted_conductivity(run: "Run") -> str | None:
    cell = run.parameters.electrolyte
    if not cell.conductivity_is_fitted:
        return None
    wagner_um = number(1e6 * run.parameters.wagner_length_m)
    return f"{number(cell.conductivity_S_m)} S/m (Wagner length {wagner_um} µm)"


def _fitted_share(run: "Run") -> str | None:
    layer = run.parameters.layer
    if layer is None or not layer.unscreened_share_is_fitted or layer.d33_pC_N == 0:
        return None
    return number(layer.unscreened_share)


def _box(run: "Run") -> str:
    nx, ny, _ = run.occupancy.shape
    edge = run.parameters.lattice.voxel_um
    return f"{number(nx * edge)} µm (2-D)" if ny == 1 else f"{number(nx * edge)} × {number(ny * edge)} µm"


def _voxel(run: "Run") -> str:
    return f"{number(run.parameters.lattice.voxel_um)} µm"


def _by_group(groups: Groups, tell: Callable[["Run"], str | None]) -> str:
    """One value if all groups that have one agree, else 'value (group), value (group)'; '' if none has."""
    told = {label: _distinct(tell(run) for run in runs) for label, runs in groups.items()}
    told = {label: values for label, values in told.items() if values}
    if not told:
        return ""
    distinct = _distinct(value for values in told.values() for value in values)
    if len(distinct) == 1:
        return distinct[0] if len(told) == len(groups) else f"{distinct[0]} ({', '.join(told)})"
    return ", ".join(f"{'/'.join(values)} ({label})" for label, values in told.items())


def _distinct(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value is not None))
