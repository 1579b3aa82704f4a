"""The table of measures: names and units, agreement with the functions, units, seams, and samples without numbers."""

import numpy as np
import pytest
import solids
from scipy.ndimage import gaussian_filter

from kmc_li import morphology as m
from kmc_li.errors import UserError


def porous(shape=(32, 24, 40), seed=0):
    """A porous deposit with a rough top on a dense film."""
    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.normal(size=shape), 1.5, mode=("wrap", "wrap", "nearest"))
    tops = gaussian_filter(rng.normal(size=shape[:2]), 2, mode="wrap")
    z = np.arange(shape[2])
    body = (noise > np.quantile(noise, 0.4)) & (z < (0.6 + 0.1 * tops / tops.std())[:, :, None] * shape[2])
    return body | (z < 2)


def test_keys_are_unique_and_say_the_unit():
    keys = [measure.key for measure in m.MEASURES]
    assert len(set(keys)) == len(keys) and len({measure.name for measure in m.MEASURES}) == len(keys)
    for measure in m.MEASURES:
        assert measure.unit in ("", "um", "per_um", "per_um2")
        assert measure.key.endswith(measure.unit) and measure.meaning and "\n" not in measure.meaning


def test_names_of_the_series_mean_the_same():
    box, edge = porous(), 0.25
    found = m.measure_all(box, edge)
    rough = m.roughness(m.height_map(box) * edge)
    for name in rough._fields:
        key = f"roughness_{name}" + ("" if name in ("Ssk", "Sku") else "_um")
        assert found[key] == pytest.approx(getattr(rough, name))
    assert found["thickness_um"] == pytest.approx(m.thickness(box) * edge)
    assert found["thickness_p95_um"] == pytest.approx(m.thickness_percentile(box) * edge)
    assert found["porosity"] == m.porosity(box)
    assert found["closed_porosity"] == m.closed_porosity(box)
    assert found["detached_share"] == m.detached_share(box)


def test_every_measure_equals_its_function():
    box, edge = porous(), 0.25
    heights = m.height_map(box) * edge
    found = m.measure_all(box, edge)
    bulk = box[:, :, 2 : int(np.ceil(m.height_map(box).mean()))]
    area, metal = m.surface_area(box), np.count_nonzero(box)
    chords = [m.chord_lengths(~bulk, axis) for axis in (0, 1)]
    lengths = [(np.arange(c.counts.size) * c.counts).sum() for c in chords]
    dimension = m.fractal_dimension(box, 2, 8)
    expected = {
        "roughness_Sdq": m.rms_gradient(heights, edge),
        "roughness_Sdr": m.developed_area_ratio(heights, edge),
        "roughness_Sal_um": m.autocorrelation_length(heights, edge),
        "roughness_Str": m.texture_aspect_ratio(heights),
        "hurst_exponent": m.hurst_exponent(m.power_spectrum(heights, edge), 4 * edge, 16 * edge).value,
        "hurst_differences": m.hurst_from_differences(heights, 2 * edge, 8 * edge, edge).value,
        "buds": m.buds(heights, max(2 * edge, 0.05 * np.ptp(heights))).x.size,
        "bulk_porosity": 1 - bulk.mean(),
        "pore_chord_lateral_um": sum(lengths) / sum(c.counts.sum() for c in chords) * edge,
        "metal_chord_vertical_um": m.chord_lengths(bulk, 2).mean * edge,
        "specific_surface_per_um": area.smooth / metal / edge,
        "specific_surface_faces_per_um": area.faces / metal / edge,
        "roughness_factor": area.smooth / heights.size,
        "tortuosity": m.tortuosity(~bulk),
        "fractal_dimension": dimension.value,
        "fractal_dimension_error": dimension.error,
        "fractal_dimension_largest_um": dimension.high * edge,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert np.isfinite(list(found.values())).all()


def test_numbers_scale_with_the_voxel_as_their_units_say():
    box = porous()
    power = {"": 0, "um": 1, "per_um": -1, "per_um2": -2}
    units = {measure.key: measure.unit for measure in m.MEASURES}
    small, large = m.measure_all(box, 0.25), m.measure_all(box, 0.5)
    for key, value in small.items():
        assert large[key] == pytest.approx(value * 2.0 ** power[units[key]], rel=1e-9), key


def test_nothing_depends_on_the_seam():
    box = porous()
    moved = m.measure_all(np.roll(box, (16, 8), axis=(0, 1)), 0.25)
    # tiles of the jackknife move with the map's corner
    for key, value in m.measure_all(box, 0.25).items():
        assert moved[key] == pytest.approx(value, rel=0.3 if key == "hurst_differences_error" else 1e-4), key


def test_chosen_names_come_in_their_order_with_or_without_unit():
    found = m.measure_all(porous(), 0.25, ["porosity", "roughness_Sq", "thickness_um"])
    assert list(found) == ["porosity", "roughness_Sq_um", "thickness_um"]
    assert m.measure_all(porous(), 0.25, []) == {}


def test_wrong_names_are_told():
    with pytest.raises(UserError, match="unknown measure 'roughness_Sx', must be one of: roughness_Sa_um, "):
        m.measure_all(porous(), 0.25, ["roughness_Sx"])
    with pytest.raises(UserError, match="'porosity' needs an occupancy"):
        m.measure_surface(np.zeros((4, 4)), 1, ["porosity"])
    with pytest.raises(UserError, match="'tip_to_mean_current' needs the plating current"):
        m.measure_all(porous(), 0.25, ["tip_to_mean_current"])


def test_measures_of_the_current():
    box = porous()
    current = np.zeros(box.shape)
    x, y = np.indices(box.shape[:2])
    current[x, y, m.height_map(box)] = 1.0
    found = m.measure_all(box, 0.25, plating_current=current)
    assert found["tip_to_mean_current"] == pytest.approx(1)
    buds = m.buds(m.height_map(box), max(2, 0.05 * np.ptp(m.height_map(box))))
    assert found["bud_current_share"] == pytest.approx(m.bud_current_shares(current, buds).sum())
    assert 0 < found["bud_current_share"] < 1


def test_surface_measures_of_a_deposit_are_those_of_its_map():
    box, edge = porous(), 0.25
    deposit = m.measure_all(box, edge)
    surface = m.measure_surface(m.height_map(box) * edge, edge, periodic=True)
    for key, value in surface.items():
        if not key.startswith("bud"):  # of a deposit they stand out by two voxels
            assert deposit[key] == pytest.approx(value), key


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize(
    "box",
    [
        np.zeros((6, 6, 6), bool),
        np.ones((6, 6, 6), bool),
        np.ones((1, 1, 1), bool),
        solids.slabs((8, 8, 8), 2, 3, 20),
        solids.slabs((8, 8, 12), 2, 2, 2),
        porous((24, 1, 32)),
        porous((9, 7, 11)),
    ],
    ids=["empty", "full", "voxel", "film", "layers", "flat", "small"],
)
def test_no_sample_breaks_the_table(box, periodic, recwarn):
    found = m.measure_all(box, 0.5, periodic=periodic)
    assert set(found) == {measure.key for measure in m.MEASURES if measure.of != "current"}
    assert not recwarn.list


def test_a_film():
    found = m.measure_all(solids.slabs((16, 16, 30), 2, 6, 100), 0.5)
    assert (found["thickness_um"], found["porosity"], found["roughness_Sq_um"]) == (3, 0, 0)
    assert found["roughness_factor"] == pytest.approx(1) and found["specific_surface_per_um"] == pytest.approx(1 / 3)
    for undefined in ("hurst_exponent", "tortuosity", "bulk_porosity", "pore_chord_lateral_um", "roughness_Sal_um"):
        assert np.isnan(found[undefined])
    shut = m.measure_all(solids.slabs((16, 16, 30), 2, 2, 2), 0.5)
    assert shut["tortuosity"] == float("inf")


def test_a_piece_without_periodicity():
    box = porous((48, 48, 40), 3)[:32, :32]
    cut, closed = m.measure_all(box, 0.25, periodic=False), m.measure_all(box, 0.25)
    for key in ("roughness_Sq_um", "porosity", "thickness_um", "bulk_porosity"):
        assert cut[key] == closed[key]
    # the cliffs of the seams are gone
    assert cut["roughness_Sdq"] < closed["roughness_Sdq"]
    assert cut["specific_surface_faces_per_um"] < closed["specific_surface_faces_per_um"]
