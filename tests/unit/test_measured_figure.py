"""Users' own surfaces beside simulated deposits: what the figure draws and says, and what it refuses."""

import numpy as np
import pytest
import synthetic
from matplotlib.text import Text

from kmc_li import UserError, figures, morphology
from kmc_li.figures import style
from kmc_li.surfaces import HeightMap, Tomogram


@pytest.fixture(scope="module")
def groups():
    return synthetic.synthetic_groups(seeds=3)


def test_measured_lines_are_the_measures_of_what_was_given(groups):
    rng = np.random.default_rng(2)
    scan = HeightMap(rng.normal(0, 0.2, (48, 40)), 0.05, "scan.gwy, plane taken off")
    metal = rng.random((20, 20, 30)) < np.linspace(0.9, 0.1, 30)
    figure = figures.measured_figure(groups, {"scan": scan}, {"cut": Tomogram(metal, 0.1, "cut.npy")})
    with style.house_style():
        figure.canvas.draw()
        drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert width * 25.4 == pytest.approx(180)
    assert drawn.x0 >= 0 and drawn.y0 >= 0 and drawn.x1 <= width and drawn.y1 <= height
    spectra = next(axes for axes in figure.axes if axes.get_ylabel().startswith("Spectral density"))
    lines = {line.get_label(): line for line in spectra.lines}
    spectrum = morphology.power_spectrum(scan.z_um, 0.05, periodic=False)
    np.testing.assert_allclose(lines["scan"].get_ydata(), spectrum.density)
    np.testing.assert_allclose(lines["scan"].get_xdata(), spectrum.q)
    found = [morphology.power_spectrum(morphology.height_map(run.occupancy) * 0.25, 0.25).density for run in groups["bare"]]
    np.testing.assert_allclose(lines["bare"].get_ydata(), np.exp(np.log(found).mean(axis=0)))
    said = "\n".join(text.get_text() for text in figure.findobj(Text))
    for words in ("scan.gwy, plane taken off", "cut.npy", "n = 3 seeds", "Fitted, not measured", f"Sq {scan.z_um.std():.3g} µm"):
        assert words in said
    share = [line for axes in figure.axes if axes.get_xlabel() == "Metal share of the layer" for line in axes.lines]
    assert any(np.array_equal(line.get_xdata(), morphology.solid_profile(metal)) for line in share)


def test_nothing_measured_and_names_twice_are_refused(groups):
    scan = HeightMap(np.zeros((8, 8)), 0.05, "flat")
    with pytest.raises(UserError, match="at least one measured"):
        figures.measured_figure(groups)
    with pytest.raises(UserError, match="different names, got bare"):
        figures.measured_figure(groups, {"bare": scan})
