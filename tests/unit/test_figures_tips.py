"""Figures of one run and of the field around its tips: ages, current on faces, flow, the field itself, words, refusals."""

import runpy
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import synthetic
from matplotlib.text import Text

import kmc_li
import kmc_li.figures as figures
from kmc_li.cli import main
from kmc_li.errors import UserError
from kmc_li.export.fields import Electric, electric
from kmc_li.figures import age, raster, style, tips, view3d
from kmc_li.figures.raster import View
from kmc_li.storage.run import Snapshots, pack
from kmc_li.storage.store import History, RunFolder

SCRIPTS = Path(__file__).resolve().parents[2] / "analysis"


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures of few pixels: quick, and all else is as in print."""
    monkeypatch.setattr(view3d, "_PIXELS", 3e4)


def field_around(run):
    return electric(run.parameters, run.occupancy)


def words(figure):
    return " ".join(text.get_text().replace("\n", " ") for text in figure.findobj(Text))


def on_the_page(figure):
    with style.house_style():
        drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    return drawn.x0 >= 0 and drawn.y0 >= 0 and drawn.x1 <= width and drawn.y1 <= height


def test_ages_are_those_of_the_snapshots():
    run = synthetic.synthetic_run("bare", 0, nx=4, ny=4)
    end = np.zeros((4, 4, 48), dtype=bool)
    end[0, 0, :4] = True
    early, late = end.copy(), end.copy()
    early[0, 0, 1:] = False
    late[0, 0, 3:] = False
    late[2, 2, 0] = True  # dissolved again
    boxes = [early, late]
    run = type(run)(**{**vars(run), "occupancy": end, "snapshots": Snapshots([0.1, 0.2], lambda k: boxes[k])})
    seen = age.first_seen(run)
    assert seen[0, 0, :4].tolist() == pytest.approx([0.1, 0.2, 0.2, run.series["areal_capacity_mAh_cm2"][-1]])
    assert np.isnan(seen[2, 2, 0]) and np.isfinite(seen).sum() == 4


def test_current_of_faces_adds_up_to_the_electrode():
    rng = np.random.default_rng(3)
    box = rng.random((5, 4, 6)) < 0.4
    box[:, :, 5] = False
    current = np.where(box, 0, rng.random(box.shape))
    naive = np.zeros(box.shape)  # faces by voxel, one after the other
    for x, y, z in np.argwhere(~box):
        around = [((x + 1) % 5, y, z), (x - 1, y, z), (x, (y + 1) % 4, z), (x, y - 1, z), (x, y, z + 1), (x, y, z - 1)]
        naive[x, y, z] = sum(c == -1 or (c < 6 and box[a, b, c]) for a, b, c in around)
    current[naive == 0] = 0
    found = tips.face_current(box, current)
    assert np.array_equal(np.isfinite(found.ratio), ~box & (naive > 0))
    assert np.nansum(found.ratio * naive) == pytest.approx(5 * 4)  # mean one over the flat area
    inside = np.nan_to_num(found.ratio) <= found.most
    assert 0.94 <= current[inside].sum() / current.sum() <= 1


def test_each_face_has_the_color_of_the_voxel_it_looks_into():
    box = np.zeros((4, 4, 5), dtype=bool)
    box[1, 2, :2] = True
    ratio = np.arange(80, dtype=float).reshape(4, 4, 5) / 80
    ratio[box] = np.nan
    view = View(30, 30)  # sees +x, +y, +z
    faces = raster.exposed_faces(box, view)
    color = tips.by_current(tips.Current(ratio, 1.0), view)(faces)
    for k, (x, y, z, axis, _) in enumerate(zip(*faces, strict=True)):
        into = np.array([x, y, z]) + np.eye(3, dtype=int)[axis]
        np.testing.assert_allclose(color[k], view3d.by_value(np.array([ratio[tuple(into)]]), tips.CURRENT_COLORS)[0])


def test_flow_is_the_gradient_down_and_stays_out_of_metal():
    x, z = np.meshgrid(np.arange(8.0), np.arange(6.0), indexing="ij")
    phi = np.broadcast_to((0.0 * x + 2.0 * z)[:, None, :], (8, 3, 6)).copy()
    box = np.zeros((8, 3, 6), dtype=bool)
    box[4, 1, :2] = True
    right, up = tips.in_plane_flow(box, phi, 1)
    assert np.isnan(right[box[:, 1]]).all()
    np.testing.assert_allclose(up[~box[:, 1]], -2)
    np.testing.assert_allclose(right[~box[:, 1]], 0)
    tilted = phi + np.sin(2 * np.pi * x / 8)[:, None, :]
    right, _ = tips.in_plane_flow(np.zeros_like(box), tilted, 0)  # across the seam: the periodic central difference
    np.testing.assert_allclose(right[:, 0], -np.cos(2 * np.pi * np.arange(8) / 8) * np.sin(np.pi / 4), atol=1e-14)


@pytest.fixture(scope="module")
def runs():
    found = {name: synthetic.synthetic_run(name, 0, nx=12, ny=12) for name in ("bare", "piezo")}
    return {name: (run, field_around(run)) for name, run in found.items()}


def test_the_field_around_a_run_carries_its_current(runs):
    for run, field in runs.values():
        p = run.parameters
        assert field.plating_current_A.sum() == pytest.approx(p.current_density_A_m2 * p.face_area_m2, rel=1e-4)
    run, field = runs["piezo"]
    unshifted = field_around(type(run)(**{**vars(run), "parameters": runs["bare"][0].parameters}))
    top = kmc_li.morphology.tip_to_mean_current
    assert top(field.plating_current_A, run.occupancy) < top(unshifted.plating_current_A, run.occupancy)


@pytest.mark.parametrize("scenario", ["bare", "piezo"])
def test_figures_say_what_they_must(scenario, runs):
    run, field = runs[scenario]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = [figures.run_figure(run, field), figures.run_figure(run), figures.tips_figure(run, field)]
    for figure in made:
        said = words(figure)
        assert "(n = 1 run, no band)" in said and "4.15×10⁻⁴ S/m" in said and "voxel 0.25 µm" in said
        assert on_the_page(figure)
        assert figure.get_size_inches()[0] * 25.4 == pytest.approx(180)
    both = words(made[0])
    for unit in ("Potential (mV)", "Height (µm)", "First seen at (mAh/cm²)", "Current density / mean", "Porosity"):
        assert unit in both
    assert "first appears (of 1, so ages are no finer)" in both and "Potential (mV)" not in words(made[1])
    letters = [text.get_text() for text in made[0].texts if len(text.get_text()) == 1]
    assert letters == list("abcdefgh")


def test_two_dimensions_fit_the_page():
    run = synthetic.synthetic_run("piezo", 0, nx=32, ny=1)
    assert on_the_page(figures.run_figure(run, field_around(run)))


def test_a_foreign_field_is_refused(runs):
    (run, field), other = runs["bare"], synthetic.synthetic_run("bare", 0, nx=8, ny=8)
    with pytest.raises(UserError, match="must be of one box"):
        figures.tips_figure(other, field)
    still = Electric(field.potential_V, 0 * field.plating_current_A)
    with pytest.raises(UserError, match="carries no plating current"):
        figures.run_figure(run, still)


def test_verb_and_script(runs, tmp_path, capsys, monkeypatch):
    run, _ = runs["piezo"]
    rows = [dict(zip(run.series, map(float, row), strict=True)) for row in zip(*run.series.values(), strict=True)]
    shots = [(rows[-1]["areal_capacity_mAh_cm2"], pack(run.occupancy))]
    with RunFolder.create(tmp_path / "run", run.parameters, 0) as stored:
        stored.commit(History(rows=rows, snapshots=shots), run.occupancy, ({"a": run.occupancy}, {}), 1)
    assert main(["plot", str(tmp_path / "run"), "-o", str(tmp_path / "one.png")]) == 0
    assert "one.png" in capsys.readouterr().out and (tmp_path / "one.png").stat().st_size > 50_000
    for place in ("one.gif", "none/one.png"):
        assert main(["plot", str(tmp_path / "run"), "-o", str(tmp_path / place)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert main(["plot", str(tmp_path / "nothing"), "-o", str(tmp_path / "two.png")]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "two.png").exists()
    monkeypatch.setattr(sys, "argv", ["tips", str(tmp_path / "run"), "-o", str(tmp_path / "tips.png")])
    runpy.run_path(str(SCRIPTS / "tips.py"), run_name="__main__")
    said = capsys.readouterr().out
    ratio = kmc_li.morphology.tip_to_mean_current(runs["piezo"][1].plating_current_A, run.occupancy)
    assert f"current density on the highest column over the mean: {ratio:.3g}" in said
    assert (tmp_path / "tips.png").stat().st_size > 50_000
