"""What is made of cycled runs: tables by step and cycle, their figure, and files beside a cycler's export."""

import csv
import json
import warnings

import numpy as np
import pytest
import synthetic
from matplotlib.text import Text

from kmc_li import export, figures
from kmc_li.errors import UserError
from kmc_li.figures import cycling, sections, style
from kmc_li.report.cycles import completed, cycle_bands, cycles_table
from kmc_li.report.summary import as_json
from kmc_li.running import demo
from kmc_li.storage.cycles import step_rows


@pytest.fixture(scope="module")
def groups():
    return {name: [synthetic.cycled_run(name, seed) for seed in range(3)] for name in ("bare", "piezo")}


def test_the_table_has_the_columns_of_a_cycler_and_a_row_a_cycle(groups):
    run = groups["bare"][0]
    names = ["cycle", "plated_mAh_cm2", "stripped_mAh_cm2", "coulombic_efficiency", "dead_voxels", "thickness_um",
             "thickness_live_um", "roughness_Sq_um", "porosity", "overpotential_V"]  # fmt: skip
    assert set(names) <= run.cycles.keys()
    assert all(column.shape == (3,) and column.dtype == np.float64 for column in run.cycles.values())
    unit = run.series["areal_capacity_mAh_cm2"][2] / run.series["plated"][2]
    dead = np.diff(run.cycles["dead_voxels"], prepend=0)
    lost = run.cycles["plated_mAh_cm2"] - run.cycles["stripped_mAh_cm2"]
    np.testing.assert_allclose(lost[0], dead[0] * unit)
    np.testing.assert_array_equal(run.cycles["thickness_um"], run.series["thickness_um"][[2, 8, 14]])
    assert ((run.cycles["overpotential_V"] >= 0.05) & (run.cycles["overpotential_V"] <= 0.06)).all()


def test_a_cycle_counts_when_its_last_step_has_ended():
    whole = synthetic.cycled_run("bare", 0)
    for rows, finished, complete in ((19, "protocol", 3), (19, None, 2), (18, "box is full", 2), (13, None, 1), (2, None, 0)):
        cut = type(whole)(**{**vars(whole), "finished": finished, "series": {k: v[:rows] for k, v in whole.series.items()}})
        assert len(cut.cycles["cycle"]) == complete, (rows, finished)
    steps = step_rows(whole.series, whole.parameters)
    assert [(s.cycle, s.step, s.kind) for s in steps[2:5]] == [(1, 3, "strip"), (2, 1, "plate"), (2, 2, "rest")]
    assert len(steps) == len(whole.snapshots) == 9 and list(steps[3].rows) == [7, 8]


def test_bands_of_cycles(groups):
    short = synthetic.cycled_run("bare", 9, cycles=2)
    assert completed([*groups["bare"], short]) == 2 and completed(synthetic.synthetic_groups(("bare",), 1)["bare"]) == 0
    bands = cycle_bands(groups["bare"])
    values = [run.cycles["thickness_um"][1] for run in groups["bare"]]
    assert bands["thickness_um"][1].mean == pytest.approx(np.mean(values)) and "cycle" not in bands
    assert json.loads(as_json(bands))["dead_voxels"][0]["n"] == 3
    table = cycles_table(groups).splitlines()
    assert [line.split()[:3] for line in table[1:4]] == [["bare", "3", str(cycle)] for cycle in (1, 2, 3)]


def test_the_figure_says_what_it_shows(groups):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pages = [figures.cycling_figure(some) for some in (groups, {"piezo": groups["piezo"][:1]})]
        with style.house_style():
            for page in pages:
                drawn, (width, height) = page.get_tightbbox(), page.get_size_inches()
                assert drawn.x0 >= 0 and drawn.y0 >= 0 and drawn.x1 <= width and drawn.y1 <= height
    both, alone = ("\n".join(text.get_text() for text in page.findobj(Text)) for page in pages)
    for words in ("band: 95 % Student t, n = 3 seeds", "cycle 3, plated", "cycle 3, stripped", "dead lithium", "(mAh/cm²)",
                  "Coulombic efficiency (%)", "Time (min)", "Voltage against Li (V)", "Fitted, not measured"):  # fmt: skip
        assert words in both, words
    assert "cycle 1, stripped" in alone and "cycle 2, plated" in alone and "no band: n = 1" in alone
    assert not figures.is_cycled(synthetic.synthetic_groups(("bare",), 1))
    with pytest.raises(UserError, match="have a \\[protocol\\]"):
        figures.cycling_figure(synthetic.synthetic_groups(("bare",), 1))


def test_a_film_of_cycles_has_a_frame_a_step(groups):
    film = figures.Film({label: runs[0] for label, runs in groups.items()})
    assert [moment.snapshots for moment in film.moments] == [(k, k) for k in range(9)] and film.off == 0.0
    run = groups["piezo"][0]
    said = "\n".join(text.get_text() for text in film.frame(5).findobj(Text))
    assert f"cycle 2, stripped: thickness {run.series['thickness_um'][12]:.1f} µm" in said and "Steps of the protocol" in said


def test_dead_lithium_has_its_own_colour():
    box, dead = np.zeros((3, 4, 4), bool), np.zeros((3, 4, 4), bool)
    box[0, 2, 0] = box[1, 2, 2] = box[2, 0, 1] = True  # in the plane y = 2; two behind it, through the seam
    dead[1, 2, 2] = dead[2, 0, 1] = True
    plain, shown = (sections.section_image(box, "#0072B2", 4, dead=mask) for mask in (None, dead))
    assert np.abs(shown - plain)[:4, :4].max() == 0, "live metal is as it was"
    np.testing.assert_allclose(shown[9, 6], sections.to_rgb(sections.DEAD))
    assert shown[5, 9].max() < plain[5, 9].max() - 0.05
    assert cycling.repeats(24, 5) == 4 and cycling.repeats(24, 11) == 2 and cycling.repeats(24, 60) == 1


def columns_of(path):
    """name -> numbers, or texts, of a file with a head line."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] if name == "step_type" else float(row[name]) for row in rows]) for name in rows[0]}


def test_files_beside_a_cyclers_export(groups, tmp_path):
    run = groups["piezo"][0]
    records = columns_of(export.write_cycler_csv(run, tmp_path / "r.csv"))
    steps = columns_of(export.write_steps_csv(run, tmp_path / "s.csv"))
    cycles = columns_of(export.write_cycles_csv(run, tmp_path / "c.csv"))
    assert [table["cycle"].size for table in (records, steps, cycles)] == [18, 9, 3]
    plates, strips = (records["step_type"] == kind for kind in ("plate", "strip"))
    assert (records["current_mA_cm2"][plates] == -1).all() and (records["voltage_V"][plates] < 0).all()
    assert (records["current_mA_cm2"][strips] == 2).all() and (records["voltage_V"][strips] > 0).all()
    assert list(steps["step_time_s"][:3]) == pytest.approx([360, 600, 162]) and steps["time_s"][-1] == pytest.approx(3366)
    for kind, name in (("strip", "stripped_mAh_cm2"), ("plate", "plated_mAh_cm2")):
        np.testing.assert_allclose(steps["capacity_mAh_cm2"][steps["step_type"] == kind], cycles[name])
    left = (cycles["plated_mAh_cm2"] - cycles["stripped_mAh_cm2"]).cumsum()
    np.testing.assert_allclose(left, cycles["dead_mAh_cm2"])
    assert steps["mean_voltage_V"][0] == pytest.approx(records["voltage_V"][:2].mean()) and "record" not in steps
    with pytest.raises(UserError, match="needs a run with a \\[protocol\\]"):
        export.write_cycler_csv(synthetic.synthetic_run("bare", 0), tmp_path / "no.csv")
    early = type(run)(**{**vars(run), "series": {k: v[:4] for k, v in run.series.items()}, "finished": None})
    with pytest.raises(UserError, match="no cycle is complete"):
        export.write_cycles_csv(early, tmp_path / "no.csv")
    assert not (tmp_path / "no.csv").exists()


def test_what_an_interphase_takes_is_told_apart_from_dead_lithium(groups, tmp_path):
    run = groups["bare"][0]
    ageing = run.parameters.replace(ageing={"time_constant_s": "10 min", "fresh_charge_mC_cm2": 5.0})
    series = run.series | {"interphase_voxels": np.arange(19.0)}
    aged = type(run)(**{**vars(run), "parameters": ageing, "series": series})
    unit = run.cycles["plated_mAh_cm2"][0] / (run.series["plated"][6] - run.series["plated"][0])
    np.testing.assert_allclose(aged.cycles["interphase_mAh_cm2"], 6 * unit)
    assert (run.cycles["interphase_mAh_cm2"] == 0).all()
    steps = columns_of(export.write_steps_csv(aged, tmp_path / "s.csv"))
    np.testing.assert_allclose(steps["interphase_mAh_cm2"], np.arange(2, 19, 2) * unit)
    said = "\n".join(text.get_text() for text in figures.cycling_figure({"bare": [aged]}).findobj(Text))
    assert "Lost lithium (mAh/cm²)" in said and "taken by the interphase" in said
    assert "The interphase ages: time constant 600 s and 5 mC/cm² on fresh faces." in said


def test_the_demo_of_cycles_leaves_figure_table_and_numbers(tmp_path):
    study, said = demo.cycled("piezo", 3), []
    assert study.protocol.cycles == 3 and study.lattice.nx == 32 and study.layer.unscreened_share == 0.004
    groups = {name: [synthetic.cycled_run(name, seed) for seed in range(2)] for name in ("bare", "inert", "piezo")}
    demo.conclude_cycles(groups, tmp_path, said.append)
    assert {path.name for path in tmp_path.iterdir()} == {"cycles.png", "cycles.pdf", "summary.json"} <= demo._KNOWN
    told = json.loads((tmp_path / "summary.json").read_text())["cycles"]
    assert len(told["inert"]["coulombic_efficiency"]) == 3 and told["bare"]["thickness_um"][0]["n"] == 2
    assert "fitted" in (words := "\n".join(said)) and "cycles.png" in words and "efficiency" in words
