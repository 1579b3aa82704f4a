"""How the field on the lattice converges: with the size of a bud in voxels, and with the distance of the top boundary.

    python benchmarks/convergence.py                        # some minutes
    python benchmarks/convergence.py --largest 8            # buds of up to 8 voxels' radius
    python benchmarks/convergence.py --json convergence.json

Current at the tip over that on the flat. Where W = 0 the tip is measured by the current on the bud over the area of
its base, the flat by the neighbors' dipoles; with kinetics by the voxels above the tip and those at the cell's corner
(tests/buds.py says why). The corner of a cell 8 radii wide still feels buds: the ratio is 1 to 2 % high, see the table
for the width of the cell. The exact numbers are of tests/continuum.py.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests")]

import buds  # noqa: E402
import continuum  # noqa: E402

from kmc_li import field  # noqa: E402
from kmc_li.commands.parser import at_least  # noqa: E402

CELL, CELL_PLANAR, CELL_SPHEROID = 8, 64, 10  # width over radius
GAPS = (1, 2, 4, 8, 16, 32)  # of the top above the deposit, in voxels
WIDTHS = (8, 12, 16, 24)  # of the cell, in radii


def local_field(polarizability: float, width: float, planar: bool = False) -> float:
    """Current density on the flat that a bud is in when its periodic images are accounted for as dipoles; mean 1."""
    neighbors = np.pi**2 / 3 / width**2 if planar else continuum.SQUARE_SUM / width**3
    return float(1 / (1 + neighbors * polarizability))


def hemisphere(radius: int, wagner: float) -> float:
    bud = buds.solve(radius, wagner=wagner, cell=CELL)
    return bud.tip / bud.corner if wagner > 0 else bud.on_base / local_field(1.0, CELL)


def ellipse(radius: int, aspect: int) -> float:
    bud = buds.solve(radius, aspect * radius, cell=CELL_PLANAR, planar=True)
    return bud.on_base / local_field(aspect * (1 + aspect) / 2, CELL_PLANAR, planar=True)


def spheroid(radius: int, aspect: int) -> float:
    bud = buds.solve(radius, aspect * radius, cell=CELL_SPHEROID)
    return bud.on_base / local_field(aspect / 3 / continuum.depolarization(aspect), CELL_SPHEROID)


def exact_hemisphere(wagner: float) -> float:
    return continuum.at_tip(*continuum.hemisphere(wagner, cells=80)) if wagner > 0 else 3.0


BUDS = {
    **{f"hemisphere, W/R = {w:g}": (exact_hemisphere, hemisphere, w) for w in (0, 0.1, 0.3, 1, 3, 10)},
    "half cylinder": (lambda aspect: 1.0 + aspect, ellipse, 1),
    "half ellipse, c/a = 2": (lambda aspect: 1.0 + aspect, ellipse, 2),
    "half ellipse, c/a = 3": (lambda aspect: 1.0 + aspect, ellipse, 3),
    "hemi-ellipsoid, c/a = 2": (lambda aspect: 1 / continuum.depolarization(aspect), spheroid, 2),
    "hemi-ellipsoid, c/a = 3": (lambda aspect: 1 / continuum.depolarization(aspect), spheroid, 3),
}
WAVES = {f"sinusoid, kW = {w:g}": w for w in (0, 0.3, 1, 10)}
RADII, WAVELENGTHS = (4, 6, 8, 12, 16, 24), (128, 256, 512, 1024)


def bud_row(name: str, radii: tuple[int, ...] = RADII) -> tuple[float, list[float]]:
    """(exact, measured for each radius in voxels) of a case of BUDS."""
    exact, measured, parameter = BUDS[name]
    return exact(parameter), [measured(radius, parameter) for radius in radii]


def wave_row(name: str, wavelengths: tuple[int, ...] = WAVELENGTHS) -> tuple[float, list[float]]:
    """(exact, measured for each wavelength in voxels) of i1/(i k a)."""
    return 1 / (1 + WAVES[name]), [buds.sinusoid(wave, WAVES[name])[1] for wave in wavelengths]


def width_row(wagner: float, widths: tuple[int, ...] = WIDTHS) -> list[float]:
    """Tip over corner of a hemisphere of 8 voxels' radius in wider and wider cells."""
    return [(bud := buds.solve(8, wagner=wagner, cell=width)).tip / bud.corner for width in widths]


def top_rows() -> dict[str, list[float]]:
    """Share of the current that is misplaced when the top is `GAPS` voxels above a rough deposit: 1/2 sum |p - p*|."""
    rows = {}
    for shape in ((32, 1, 6), (16, 16, 6), (32, 32, 6)):
        rough = np.random.default_rng(7).random(shape) < 0.35
        for wagner in (0.0, 3.0):
            far = _shares(rough, 3 * shape[0], wagner)
            error = [0.5 * np.abs(_shares(rough, gap, wagner) - far).sum() for gap in GAPS]
            rows[f"{shape[0]} x {shape[1]} columns, W = {wagner:g} voxels"] = [float(e) for e in error]
    return rows


def _shares(rough: np.ndarray, gap: int, wagner: float) -> np.ndarray:
    occupancy = np.concatenate([rough, np.zeros((*rough.shape[:2], gap), bool)], axis=2)
    solution = field.solve(
        occupancy,
        voxel_m=1.0,
        conductivity_S_m=1.0,
        charge_transfer_resistance_ohm_m2=wagner,
        current_density_A_m2=1.0,
        tolerance=1e-10,
    )
    current = solution.plating_current_A[:, :, : rough.shape[2] + 1]
    return current / current.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--largest", type=at_least(1), default=24, metavar="VOXELS", help="largest bud's radius [24]")
    parser.add_argument("--json", metavar="FILE", help="write all figures there too")
    options = parser.parse_args()
    radii = tuple(radius for radius in RADII if radius <= options.largest)
    found: dict[str, dict[str, dict[str, float]]] = {"radius": {}, "wavelength": {}, "width": {}, "gap": {}}
    print(f"| tip over flat | exact | {' | '.join(f'R = {r}' for r in radii)} |\n|---|---|{'---|' * len(radii)}")
    for name in BUDS:
        exact, values = bud_row(name, radii)
        found["radius"][name] = {"exact": exact, **{str(r): v for r, v in zip(radii, values, strict=True)}}
        print(f"| {name} | {exact:.3f} | {' | '.join(f'{v:.3f}' for v in values)} |", flush=True)
    waves = " | ".join(f"{w} voxels" for w in WAVELENGTHS)
    print(f"\n| i1/(i k a) | exact | {waves} |\n|---|---|{'---|' * len(WAVELENGTHS)}")
    for name in WAVES:
        exact, values = wave_row(name)
        found["wavelength"][name] = {"exact": exact, **{str(w): v for w, v in zip(WAVELENGTHS, values, strict=True)}}
        print(f"| {name} | {exact:.4f} | {' | '.join(f'{v:.4f}' for v in values)} |", flush=True)
    print(f"\n| width of the cell | {' | '.join(f'{w} R' for w in WIDTHS)} |\n|---|{'---|' * len(WIDTHS)}")
    for wagner in (0.1, 1.0, 10.0):
        values = width_row(wagner)
        found["width"][f"W/R = {wagner:g}"] = {str(w): v for w, v in zip(WIDTHS, values, strict=True)}
        print(f"| W/R = {wagner:g} | {' | '.join(f'{v:.3f}' for v in values)} |", flush=True)
    print(f"\n| top above the deposit | {' | '.join(f'{g} voxels' for g in GAPS)} |\n|---|{'---|' * len(GAPS)}")
    for name, errors in top_rows().items():
        found["gap"][name] = {str(g): e for g, e in zip(GAPS, errors, strict=True)}
        print(f"| {name} | {' | '.join(f'{e:.1e}' for e in errors)} |")
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
