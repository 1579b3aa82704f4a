"""Exported files read by the programs they are for: VTK, ASE, gwyfile, numpy-stl (extra: oracles)."""

import exported
import numpy as np
import pytest

from kmc_li import export, morphology
from kmc_li.export.extxyz import neighbours
from kmc_li.export.fields import electric, pressed
from kmc_li.export.moments import final, moments


def image_arrays(mesh):
    """Cell arrays of a VTK image as (nx, ny, nz)."""
    shape = tuple(n - 1 for n in mesh.dimensions)
    return {name: np.asarray(mesh.cell_data[name]).reshape(shape, order="F") for name in mesh.cell_data}


@pytest.mark.parametrize("scenario", ["piezo", "bare"])
def test_vtk_reads_the_image(scenario, tmp_path):
    pyvista = pytest.importorskip("pyvista")
    run = exported.run(scenario)
    mesh = pyvista.read(export.write_vti(run, tmp_path / "a.vti"))
    assert mesh.spacing == (0.25,) * 3 and mesh.origin == (0.0,) * 3
    found, moment = image_arrays(mesh), final(run)
    assert found["occupancy"].shape == exported.SHAPE and found["occupancy"].dtype == np.uint8
    assert np.array_equal(found["occupancy"], run.occupancy)
    dead = run.occupancy & ~morphology.attached_to_collector(run.occupancy)
    assert dead[2, 2, 9] and np.array_equal(found["dead"], dead)
    assert np.array_equal(found["age_mAh_cm2"], moment.age_mAh_cm2, equal_nan=True)
    field = electric(run.parameters, run.occupancy)
    assert np.array_equal(found["potential_V"], field.potential_V.astype(np.float32))
    assert np.array_equal(found["plating_current_A"], field.plating_current_A.astype(np.float32))
    assert mesh.field_data["areal_capacity_mAh_cm2"] == moment.areal_capacity_mAh_cm2
    if scenario == "bare":
        assert len(found) == 5
        return
    assert len(found) == 8
    state, heights = pressed(run.parameters, run.occupancy), morphology.height_map(run.occupancy)
    assert mesh.field_data["rest_plane_um"] == state.rest_plane_m * 1e6
    for name in ("pressure_Pa", "piezo_charge_C_m2", "face_shift_V"):
        for x, y in np.ndindex(heights.shape):
            column = np.zeros(exported.SHAPE[2], np.float32)
            column[heights[x, y] - 1] = getattr(state, name)[x, y]
            assert np.array_equal(found[name][x, y], column), name


def test_vtk_reads_the_time_series(tmp_path):
    pyvista = pytest.importorskip("pyvista")
    run = exported.run()
    reader = pyvista.get_reader(export.write_pvd(run, tmp_path / "a.pvd", field=False))
    assert reader.time_values == list(exported.CAPACITIES)
    for number, moment in enumerate(moments(run)):
        reader.set_active_time_point(number)
        found = image_arrays(reader.read()[0])
        assert np.array_equal(found["occupancy"], moment.occupancy)
        assert np.array_equal(found["age_mAh_cm2"], moment.age_mAh_cm2, equal_nan=True)


@pytest.mark.parametrize("edge", [0.25, 0.1, 0.000278])
def test_ase_reads_the_atoms(edge, tmp_path):
    io = pytest.importorskip("ase.io")
    run = exported.run("bare", **{"lattice.voxel_um": edge, "stop.capacity_mAh_cm2": edge})
    frames = io.read(export.write_extxyz(run, tmp_path / "a.xyz", snapshots=True), index=":")
    (single,) = io.read(export.write_extxyz(run, tmp_path / "b.xyz"), index=":")
    assert single == frames[-1] and len(frames) == 3
    for atoms, moment in zip(frames, moments(run), strict=True):
        places = np.argwhere(moment.occupancy)
        assert set(atoms.symbols) == {"Li"} and atoms.pbc.tolist() == [True, True, False]
        assert np.array_equal(atoms.positions, (places + 0.5) * (edge * 1e4))
        assert np.array_equal(atoms.cell.array, np.diag([n * (edge * 1e4) for n in exported.SHAPE]))
        assert np.array_equal(atoms.arrays["age_mAh_cm2"].astype(np.float32), moment.age_mAh_cm2[moment.occupancy])
        assert np.array_equal(atoms.arrays["neighbours"], neighbours(moment.occupancy)[moment.occupancy])
        assert np.array_equal(atoms.arrays["dead"], moment.dead[moment.occupancy])
        assert atoms.info["areal_capacity_mAh_cm2"] == moment.areal_capacity_mAh_cm2 and atoms.info["seed"] == 1
    assert frames[-1].arrays["dead"].sum() > 0


def test_gwyfile_reads_the_height_map(tmp_path):
    gwyfile = pytest.importorskip("gwyfile")
    run = exported.run()
    tree = gwyfile.load(str(export.write_gwy(run, tmp_path / "a.gwy")))
    channel = gwyfile.util.get_datafields(tree)["Height"]
    assert np.array_equal(channel.data, morphology.height_map(run.occupancy).T * 0.25e-6)
    assert (channel.xreal, channel.yreal) == (6 * 0.25e-6, 5 * 0.25e-6)
    assert channel.si_unit_xy.unitstr == channel.si_unit_z.unitstr == "m"
    assert "seed: 1" in tree["/0/meta"]["Origin"]


def test_numpy_stl_reads_the_surface(tmp_path):
    stl = pytest.importorskip("stl")
    run = exported.run()
    mesh = stl.mesh.Mesh.from_file(str(export.write_stl(run, tmp_path / "a.stl")), calculate_normals=False)
    volume, _, _ = mesh.get_mass_properties()
    assert volume == pytest.approx(run.occupancy.sum() * 0.25**3, rel=1e-6)
    walls = np.pad(run.occupancy, 1).astype(int)
    faces = sum(np.abs(np.diff(walls, axis=axis)).sum() for axis in range(3))
    assert len(mesh.vectors) == 2 * faces and mesh.areas.sum() == pytest.approx(faces * 0.25**2, rel=1e-6)
    written = mesh.normals.copy()
    mesh.update_normals()
    assert np.array_equal(written, np.sign(mesh.normals))


def test_pandas_reads_the_table(tmp_path):
    pandas = pytest.importorskip("pandas")
    run = exported.run()
    table = pandas.read_csv(export.write_csv(run, tmp_path / "a.csv"))
    assert list(table) == list(run.series)
    for name, column in run.series.items():  # pandas' own parser may be off by the last bit
        np.testing.assert_allclose(table[name], column, rtol=1e-14, atol=0)


def test_a_plane_is_a_box_one_voxel_deep(tmp_path):
    pyvista, io = pytest.importorskip("pyvista"), pytest.importorskip("ase.io")
    run = exported.plane()
    found = image_arrays(pyvista.read(export.write_vti(run, tmp_path / "a.vti", field=False)))
    assert found["occupancy"].shape == (6, 1, 40) and np.array_equal(found["occupancy"], run.occupancy)
    atoms = io.read(export.write_extxyz(run, tmp_path / "a.xyz"))
    assert len(atoms) == run.occupancy.sum() and (atoms.positions[:, 1] == 1250.0).all()
