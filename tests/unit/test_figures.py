"""Figures of synthetic deposits: what they say, that nothing is clipped or warned about, and what they refuse."""

import re
import warnings

import numpy as np
import pytest
import synthetic
from matplotlib.colors import to_rgb
from matplotlib.text import Text

import kmc_li.figures as figures
from kmc_li.errors import UserError
from kmc_li.figures import captions, sections, series, style, thickness
from kmc_li.report.statistics import mean_band, ratio_band

REFERENCE = ("bare", "piezo", 1.73)


@pytest.fixture(scope="module")
def groups():
    return synthetic.synthetic_groups(seeds=3)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def words(figure):
    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_text())


def assert_nothing_clipped(figure):
    """All that is drawn lies on the page."""
    with style.house_style():
        drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert drawn.x0 >= 0 and drawn.y0 >= 0, f"beyond the left or lower edge: {drawn}"
    assert drawn.x1 <= width and drawn.y1 <= height, f"beyond the right or upper edge: {drawn}"


def test_comparison_says_what_it_must(groups):
    figure = figures.comparison_figure(groups, REFERENCE)
    said = words(figure)
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(180)
    for label in groups:
        assert label in said
    assert "band: 95 % Student t, n = 3 seeds" in said
    assert "Fitted, not measured" in said
    assert r"\kappa" in said and "4.15×10⁻⁴ S/m" in said and "Wagner length 0.83 µm" in said
    assert "s = 0.05 (piezo)" in said
    assert "(★ measured: 1.73)" in said
    assert "Welch t on the log ratio" in said
    assert "Current density 1 mA/cm²; box 4 × 4 µm; voxel 0.25 µm." in said
    for unit in (
        "Height (µm)",
        "Thickness (µm)",
        "Roughness Sq (µm)",
        "Porosity",
        "Areal capacity (mAh/cm²)",
    ):
        assert unit in said
    letters = [line for line in said.split("\n") if re.fullmatch("[a-z]", line)]
    assert letters == list("abcdefghijk")
    assert_nothing_clipped(figure)


def test_the_ratio_written_is_that_of_the_statistics(groups):
    capacity = series.common_capacity(groups)
    finals = {
        k: [float(series.at_capacity(r, "thickness_um", capacity)) for r in v] for k, v in groups.items()
    }
    band = ratio_band(finals["bare"], finals["piezo"])
    said = words(figures.comparison_figure(groups, REFERENCE))
    assert f"bare / piezo: {band.mean:#.3g} [{band.low:#.3g}, {band.high:#.3g}]" in said
    assert thickness.thickness_ratios(groups, "bare", capacity)["piezo"] == band
    alone = words(figures.comparison_figure(groups))
    mean = mean_band(finals["bare"])
    assert f"bare: {mean.mean:#.3g} [{mean.low:#.3g}, {mean.high:#.3g}] µm" in alone


@pytest.mark.parametrize(
    "scenarios", [("bare",), ("bare", "piezo"), ("bare", "inert", "piezo", "anti-poled")]
)
def test_any_number_of_groups_fits_the_page(scenarios):
    some = synthetic.synthetic_groups(scenarios, seeds=2, nx=12, ny=12)
    assert_nothing_clipped(figures.comparison_figure(some))
    assert_nothing_clipped(figures.series_figure(some))
    assert_nothing_clipped(figures.profiles_figure(some))


def test_two_dimensions_and_one_seed():
    some = synthetic.synthetic_groups(("bare", "piezo"), seeds=1, nx=64, ny=1)
    said = words(figures.comparison_figure(some, REFERENCE))
    assert "no band: n = 1 seed" in said
    assert "16 µm (2-D)" in said
    assert_nothing_clipped(figures.comparison_figure(some, REFERENCE))


def test_runs_that_ended_early_are_compared_at_the_charge_all_reached(groups):
    run = groups["bare"][0]
    short = {k: v[:20] for k, v in run.series.items()}
    cut = type(run)(**{**vars(run), "series": short})
    mixed = {"bare": [cut, *groups["bare"][1:]], "piezo": groups["piezo"]}
    expected = short["areal_capacity_mAh_cm2"][-1]
    assert series.common_capacity(mixed) == expected
    assert f"Ratios at {captions.number(expected)} mAh/cm²" in words(
        figures.comparison_figure(mixed, REFERENCE)
    )


def test_series_and_profiles_say_what_they_must(groups):
    for figure in (figures.series_figure(groups), figures.profiles_figure(groups)):
        said = words(figure)
        assert "band: 95 % Student t, n = 3 seeds" in said and "4.15×10⁻⁴ S/m" in said
        assert_nothing_clipped(figure)
    assert "Overpotential (V)" in words(figures.series_figure(groups))
    assert "Overpotential (V)" not in words(figures.series_figure(groups, ["porosity"]))


def test_interpolation_skips_undefined_rows(groups):
    run = groups["bare"][0]
    patched = dict(run.series)
    patched["porosity"] = np.where(np.arange(40) == 0, np.nan, patched["porosity"])
    run = type(run)(**{**vars(run), "series": patched})
    charge = patched["areal_capacity_mAh_cm2"]
    middle = (charge[4] + charge[5]) / 2
    expected = (patched["porosity"][4] + patched["porosity"][5]) / 2
    assert series.at_capacity(run, "porosity", middle) == pytest.approx(expected)
    assert series.at_capacity(run, "porosity", charge[0]) == patched["porosity"][1]
    with pytest.raises(UserError, match="no series 'charm'"):
        series.at_capacity(run, "charm", 0.1)


def test_section_sees_the_first_metal_behind_the_middle_plane():
    box = np.zeros((3, 4, 2), dtype=bool)
    box[0, 2, 0] = True  # in the plane y = 2
    box[1, 3, 0] = True  # one behind
    box[1, 0, 1] = True  # two behind, through the seam
    assert sections.section_depth(box).tolist() == [[0, 4], [1, 2], [4, 4]]
    picture = sections.section_image(np.tile(box, (3, 1, 1)), "#0072B2", layers=5)
    assert picture.shape == (20, 36, 3)
    assert picture.min() >= 0 and picture.max() <= 1
    np.testing.assert_allclose(picture[2, 2], to_rgb("#0072B2"))  # the middle of a cut voxel
    np.testing.assert_allclose(picture[-1, 5], to_rgb(sections.ELECTROLYTE))
    layer = sections.section_image(box, "#0072B2", layers=5, rest_plane=3.0, depth=1.0)
    np.testing.assert_allclose(layer[13, 5], to_rgb(sections.LAYER))
    np.testing.assert_allclose(layer[17, 5], to_rgb(sections.ELECTROLYTE))


def test_scenarios_keep_their_colors():
    first = style.group_looks(["piezo", "bare"])
    second = style.group_looks(
        ["Bare lithium", "Screened layer", "Piezoelectric layer", "anti_poled", "2 mA"]
    )
    assert first["bare"] == second["Bare lithium"]
    assert first["piezo"] == second["Piezoelectric layer"]
    many = style.group_looks([f"piezo {k}" for k in range(8)])
    assert len({look.color for look in many.values()}) == 8
    assert style.group_looks(["piezo, 2 mA/cm2", "piezo"])["piezo"] == first["piezo"]


@pytest.mark.parametrize(
    ("extent", "length"), [(16, 5), (4, 1), (6.5, 2), (0.04, 0.01), (350, 100), (32, 10), (3.2, 1)]
)
def test_scale_bars_are_round(extent, length):
    assert style.nice_length(extent) == pytest.approx(length)


@pytest.mark.parametrize(
    ("value", "text"),
    [(4.15e-4, "4.15×10⁻⁴"), (0.91, "0.91"), (1e-3, "0.001"), (0, "0"), (-2.5, "−2.5"), (1e6, "1×10⁶")],
)
def test_numbers_read_well(value, text):
    assert captions.number(value) == text


def test_fitted_line_tells_groups_apart(groups):
    bare, piezo = groups["bare"][0], groups["piezo"][0]
    bulk = bare.parameters.replace(
        **{"electrolyte.conductivity_is_fitted": False, "electrolyte.conductivity_S_m": 0.91}
    )
    measured = type(bare)(**{**vars(bare), "parameters": bulk})
    assert captions.fitted_line({"bare": [measured]}) == "Fitted numbers: none."
    mixed = captions.fitted_line({"bare": [measured], "piezo": [piezo]})
    assert "4.15×10⁻⁴ S/m (Wagner length 0.83 µm) (piezo)" in mixed and "0.91" not in mixed
    other = piezo.parameters.replace(**{"layer.unscreened_share": 0.2})
    two = {"a": [piezo], "b": [type(piezo)(**{**vars(piezo), "parameters": other})]}
    assert "s = 0.05 (a), 0.2 (b)" in captions.fitted_line(two)


def test_bands_are_told_by_group_where_counts_differ(groups):
    assert captions.band_line({"a": groups["bare"], "b": groups["piezo"][:2]}) == (
        "band: 95 % Student t, n = 3 (a), 2 (b) seeds"
    )


def test_bad_input_is_one_clear_line(groups):
    for bad, message in (
        ({}, "at least one group"),
        ({"bare": []}, "'bare' holds no runs"),
        ({str(k): groups["bare"] for k in range(7)}, "at most 6 groups"),
    ):
        with pytest.raises(UserError, match=message):
            figures.comparison_figure(bad)
    with pytest.raises(UserError, match="names 'gold', but the groups are bare, inert, piezo"):
        figures.comparison_figure(groups, ("bare", "gold", 1.7))
    with pytest.raises(UserError, match="two different groups"):
        figures.comparison_figure(groups, ("bare", "bare", 1.0))
    with pytest.raises(UserError, match="no series 'charm'"):
        figures.series_figure(groups, ["charm"])


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_files_are_complete_and_reproducible(groups, tmp_path, suffix):
    for name in ("one", "two"):
        figure = figures.series_figure(groups, ["thickness_um"])
        assert figures.save(figure, tmp_path / f"{name}{suffix}").stat().st_size > 5000
    one, two = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert b"CreationDate" not in one and b"<dc:date>" not in one
    if suffix == ".pdf":
        assert b"/FontFile2" in one  # embedded TrueType
        assert b"/Type3" not in one


def test_places_where_no_figure_can_go(groups, tmp_path):
    figure = figures.series_figure(groups, ["thickness_um"])
    (tmp_path / "folder.png").mkdir()
    for place, message in (
        ("figure.gif", "must end in one of .png, .pdf, .svg"),
        ("figure", "must end in"),
        ("missing/figure.png", "does not exist"),
        ("folder.png", "is a folder"),
    ):
        with pytest.raises(UserError, match=message):
            figures.save(figure, tmp_path / place)
    with pytest.raises(UserError, match="cannot write"):
        figures.save(figure, tmp_path / f"{'n' * 300}.png")


def test_the_users_matplotlib_settings_stay(groups):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with mpl.rc_context({"font.size": 23.0, "figure.autolayout": True}):
        personal = dict(mpl.rcParams)
        figure = figures.series_figure(groups, ["thickness_um"])
        assert dict(mpl.rcParams) == personal
    assert dict(mpl.rcParams) == before
    assert figure.get_layout_engine() is None
