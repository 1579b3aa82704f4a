"""How exact the measures are: each against shapes and surfaces whose answer is known. Tables for the docs.

    python benchmarks/measures.py        # half a minute; parity with surfalize only where that is installed
"""

import one_core  # noqa: F401  # isort: skip

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from kmc_li import morphology as m

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import self_affine  # noqa: E402
import solids  # noqa: E402


def table(title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table in Markdown."""
    head = list(head)
    print(f"\n## {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def parity() -> None:
    """Largest relative difference from surfalize over 24 random surfaces, without periodicity."""
    try:
        import surfalize
    except ImportError:
        print("\nsurfalize is not installed: no parity")
        return
    worst: dict[str, float] = {}
    rng = np.random.default_rng(7)
    for _ in range(24):
        shape, spacing = rng.integers(16, 70, size=2), rng.uniform(0.05, 3)
        q = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij"))
        rough = np.fft.ifft2(np.fft.fft2(rng.normal(size=shape)) / (q + 0.02) ** rng.uniform(0, 2)).real
        heights = np.exp(rng.uniform(0, 1) * rough / rough.std()) * rng.uniform(0.1, 5)
        oracle = surfalize.Surface((heights - heights.mean()).T.copy(), spacing, spacing)
        ours = m.roughness(heights)._asdict() | {
            "Sdq": m.rms_gradient(heights, spacing, periodic=False),
            "Sdr": 100 * m.developed_area_ratio(heights, spacing, periodic=False),
        }
        for name, value in ours.items():
            worst[name] = max(worst.get(name, 0.0), abs(value / getattr(oracle, name)() - 1))
    table("Parity with surfalize, 24 surfaces", worst, [[f"{value:.0e}" for value in worst.values()]])


def fits(measure: Callable[[int], m.Exponent], truth: float, seeds: int) -> list[str]:
    """Mean of many fits, its standard error, the scatter of one fit, and the error that one states."""
    found = [measure(seed) for seed in range(seeds)]
    values, errors = np.array([f.value for f in found]), np.array([f.error for f in found])
    mean = f"{values.mean():.3f} ± {values.std(ddof=1) / np.sqrt(seeds):.3f}"
    return [f"{truth:g}", mean, f"{values.std(ddof=1):.3f}", f"{errors.mean():.3f}"]


def exponents() -> None:
    """Hurst and growth exponents of surfaces that have them exactly."""
    rows = []
    for hurst in (0.3, 0.5, 0.8):

        def spectral(seed: int, hurst: float = hurst) -> m.Exponent:
            return m.hurst_exponent(m.power_spectrum(self_affine.spectral((256, 256), hurst, seed)), 4, 64)

        def piece(seed: int, hurst: float = hurst) -> m.Exponent:
            cut = self_affine.spectral((512, 512), hurst, seed)[:256, :256]
            return m.hurst_exponent(m.power_spectrum(cut, periodic=False), 4, 64)

        def differences(seed: int, hurst: float = hurst) -> m.Exponent:
            surface = self_affine.fractional_brownian(360, hurst, seed)
            return m.hurst_from_differences(surface, 2, 16, periodic=False)

        rows.append(["H, spectrum, periodic 256 x 256, 4..64", *fits(spectral, hurst, 40)])
        rows.append(["H, spectrum, a piece 256 x 256, 4..64", *fits(piece, hurst, 40)])
        rows.append(["H, G(r), a piece 254 x 254, 2..16", *fits(differences, hurst, 40)])
    times = np.unique(np.round(np.geomspace(4, 512, 24)))

    def deposition(seed: int, runs: int) -> m.Exponent:
        arrivals = np.random.default_rng(seed).poisson(np.diff(times, prepend=0)[:, None] * np.ones((runs, 1, 512)))
        return m.growth_exponent(times, arrivals.cumsum(axis=1).std(axis=2))

    rows.append(["beta, random deposition, 512 columns, 6 runs", *fits(lambda s: deposition(s, 6), 0.5, 60)])
    rows.append(["beta, random deposition, 512 columns, 1 run", *fits(lambda s: deposition(s, 1), 0.5, 60)])
    table("Exponents", ["", "exact", "mean of fits", "scatter of one", "error stated by one"], rows)


def areas() -> None:
    """Corrected area of balls at random places, and of the gyroid."""
    rows = []
    for radius in (3, 4, 6, 8, 12, 16, 20):
        rng, side, off = np.random.default_rng(radius), 2 * radius + 8, []
        for _ in range(100 if radius < 12 else 30):
            center = (*rng.uniform(0, side, 2), side / 2 + rng.uniform(-0.5, 0.5))
            off.append(m.surface_area(solids.sphere((side,) * 3, radius, center)).smooth / (4 * np.pi * radius**2) - 1)
        spread = f"{np.mean(off):+.2%}", f"{np.std(off):.2%}", f"{np.abs(off).max():.1%}"
        rows.append([f"ball, radius {radius}", *spread])
    for n in (32, 64, 128):
        body = solids.gyroid(n)
        period = m.surface_area(np.concatenate([body, body], axis=2)).smooth - m.surface_area(body).smooth
        rows.append([f"gyroid, period {n}", f"{period / n**2 / solids.GYROID_AREA - 1:+.2%}", "", ""])
    table("Area, staircase corrected, against the exact one", ["", "mean", "scatter", "worst"], rows)


def tortuosities() -> None:
    """Rods and balls in cubic arrays, and a slanted laminate, against their exact tau."""
    rows = []
    for share in (0.2, 0.4):
        exact = 1 - 2 * share / (1 + share - 0.305827 * share**4 / (1 - 1.402958 * share**8) - 0.013362 * share**8)
        for n in (40, 80, 160, 320):
            rods = solids.cylinder((n, 1, n), np.sqrt(share / np.pi) * n, (n / 2, 0.5, n / 2), 1)
            off = m.tortuosity(~rods) * exact / (1 - share) - 1
            rows.append([f"rods, {share:.0%}", f"{2 * np.sqrt(share / np.pi) * n:.0f}", f"{off:+.2%}"])
    for share in (0.1, 0.3):
        a, b = 0.409 * 6 / 4 * share ** (7 / 3), 0.75 * share ** (10 / 3)
        exact = (2 - 2 * share + a - 2.133 * b) / (2 + share + a - 0.906 * b)
        for n in (32, 64, 96):
            radius = (3 * share / 4 / np.pi) ** (1 / 3) * n
            off = m.tortuosity(~solids.sphere((n, n, n), radius, (n / 2, n / 2, n / 2))) * exact / (1 - share) - 1
            rows.append([f"balls, {share:.0%}", f"{2 * radius:.0f}", f"{off:+.2%}"])
    for width in (4, 16, 64):
        lengths = (6 * width, 9 * width)
        ways = [np.indices((2 * width, 1, length))[::2].sum(axis=0) % (2 * width) < width for length in lengths]
        end, more = (m.tortuosity(way, tolerance=1e-8) * length for way, length in zip(ways, lengths, strict=True))
        rows.append(["laminate at 45 degrees", str(width), f"{(more - end) / (3 * width) / 2 - 1:+.2%}"])
    table("Tortuosity against the exact one", ["", "voxels across", "off by"], rows)


def dimensions() -> None:
    """Box counting of the Sierpinski carpet and the Menger sponge."""
    carpet, exact = solids.carpet(5), np.log(8) / np.log(3)
    cases = [
        ("carpet 243, boxes 1 3 9 .. 243", m.fractal_dimension(carpet), exact),
        ("carpet 243, boxes 1 2 4 .. 64", m.fractal_dimension(carpet, 1, 64, periodic=False), exact),
        ("piece 200 of it, boxes 1 2 4 .. 64", m.fractal_dimension(carpet[20:220, :200], 1, 64, periodic=False), exact),
        ("sponge 81, boxes 1 3 9 .. 81", m.fractal_dimension(solids.sponge(4)), np.log(20) / np.log(3)),
    ]
    rows = [[name, f"{truth:.4f}", f"{fit.value:.4f}", f"{fit.error:.4f}"] for name, fit, truth in cases]
    table("Fractal dimension", ["", "exact", "found", "its error"], rows)


if __name__ == "__main__":
    for part in (parity, exponents, areas, tortuosities, dimensions):
        part()
