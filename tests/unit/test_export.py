"""Exported files: what is in them, and what is refused; test_export_readers.py has other programs read them."""

import re
import zlib

import exported
import numpy as np
import pytest

from kmc_li import UserError, export, layer, morphology
from kmc_li.export import moments
from kmc_li.export.extxyz import neighbours
from kmc_li.export.fields import pressed
from kmc_li.export.stl import triangles
from kmc_li.surfaces import read_height_map


def test_age_counts_from_the_first_snapshot_that_shows_the_voxel():
    run, boxes = exported.run(), exported.deposits()
    found = list(moments.moments(run))
    assert len(found) == moments.how_many(run) == 3  # the last snapshot is the end
    gone = boxes[0] & ~boxes[2]
    assert gone.any() and np.isnan(found[2].age_mAh_cm2[gone]).all()
    for number, moment in enumerate(found):
        assert np.array_equal(np.isnan(moment.age_mAh_cm2), ~boxes[number])
        for voxel in np.argwhere(boxes[number]):
            first = next(c for c, box in zip(exported.CAPACITIES, boxes, strict=True) if box[tuple(voxel)])
            assert moment.age_mAh_cm2[tuple(voxel)] == np.float32(exported.CAPACITIES[number] - first)


def test_the_end_is_a_moment_of_its_own_where_no_snapshot_shows_it():
    run = exported.run(shown=2)
    found = list(moments.moments(run))
    assert len(found) == moments.how_many(run) == 3
    assert found[-1].areal_capacity_mAh_cm2 == run.series["areal_capacity_mAh_cm2"][-1]
    assert np.array_equal(found[-1].occupancy, run.occupancy)
    assert moments.how_many(exported.run(shown=0)) == 1


def test_neighbours_are_those_across_the_sides_too():
    occupancy = exported.deposits()[-1]
    counts, (nx, ny, nz) = neighbours(occupancy), occupancy.shape
    for x, y, z in np.ndindex(occupancy.shape):
        expected = occupancy[x - 1, y, z] + 0 + occupancy[(x + 1) % nx, y, z]
        expected += int(occupancy[x, y - 1, z]) + occupancy[x, (y + 1) % ny, z]
        expected += int(z > 0 and occupancy[x, y, z - 1]) + int(z < nz - 1 and occupancy[x, y, z + 1])
        assert counts[x, y, z] == expected
    flat = np.ones((3, 1, 2), bool)
    assert (neighbours(flat) == 3).all()  # a plane has no neighbours across itself


@pytest.mark.parametrize("edge", [0.25, 0.1])
def test_the_surface_is_closed_and_encloses_the_lithium(edge):
    occupancy = exported.deposits()[-1]
    found = triangles(occupancy, edge)
    corners = found["corners"].astype(np.float64)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    volume = (a * np.cross(b, c)).sum() / 6  # divergence theorem
    assert volume == pytest.approx(occupancy.sum() * edge**3, rel=1e-6)
    cross = np.cross(b - a, c - a)
    assert np.allclose(cross / np.linalg.norm(cross, axis=1)[:, None], found["normal"], atol=1e-5)
    points, index = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    index = index.reshape(-1, 3)
    directed = np.concatenate([index[:, [0, 1]], index[:, [1, 2]], index[:, [2, 0]]])
    there, back = (sorted(map(tuple, edges.tolist())) for edges in (directed, directed[:, ::-1]))
    assert there == back  # every edge is run through as often one way as the other
    assert len(points) < 8 * occupancy.sum()


def test_one_voxel_is_a_cube_of_twelve_triangles():
    found = triangles(np.ones((1, 1, 1), bool), 2.0)
    assert len(found) == 12 and found["corners"].min() == 0 and found["corners"].max() == 2
    centre = found["corners"].mean(axis=1) - 1.0
    assert ((centre * found["normal"]).sum(axis=1) == 1).all()  # outward, each on its face


def test_pressure_and_charge_are_those_of_the_layer():
    run = exported.run()
    found, state = pressed(run.parameters, run.occupancy), layer.press(morphology.height_map(run.occupancy), run.parameters)
    assert np.array_equal(found.pressure_Pa, state.pressure_Pa)
    assert found.pressure_Pa.mean() == pytest.approx(0.35e6)  # the stack's
    # 5.7 pC/N, poled as in the paper: positive on the upper face
    assert found.piezo_charge_C_m2 == pytest.approx(5.7e-12 * state.pressure_Pa)
    tops = layer.face_shift(morphology.height_map(run.occupancy) * run.parameters.voxel_m, state.rest_plane_m, run.parameters)
    np.testing.assert_allclose(tops, state.face_shift_V, rtol=1e-12)
    with pytest.raises(ValueError, match="no layer"):
        layer.face_shift(0.0, 0.0, exported.run("bare").parameters)


def test_own_reader_of_gwyddion_files_reads_it(tmp_path):
    run = exported.run()
    found = read_height_map(export.write_gwy(run, tmp_path / "a.gwy"))
    np.testing.assert_allclose(found.z_um, morphology.height_map(run.occupancy) * 0.25, rtol=1e-14)
    assert found.pixel_um == pytest.approx(0.25)


def test_the_table_reads_back_exactly(tmp_path):
    run = exported.run()
    rows = [line.split(",") for line in export.write_csv(run, tmp_path / "a.csv").read_text().splitlines()]
    assert rows[0] == list(run.series) and "time_s" in rows[0]
    assert np.array_equal(np.array(rows[1:], float).T, np.array(list(run.series.values())))


def test_the_image_says_where_it_comes_from_and_cannot_be_broken_by_it(tmp_path):
    data = export.write_vti(exported.run(), tmp_path / "a.vti", field=False).read_bytes()
    comment = re.search(rb"<!-- (.*?) -->", data).group(1)
    assert b"seed: 1" in comment and b"commit abc-?def?" in comment and b"--" not in comment
    first = data[data.index(b"\n_") + 2 :]
    blocks, size, rest, packed = np.frombuffer(first[:32], "<u8")
    assert (blocks, size, rest) == (1, np.prod(exported.SHAPE), 0)
    assert zlib.decompress(first[32 : 32 + int(packed)]) == exported.deposits()[-1].tobytes(order="F")
    assert b"potential_V" not in data and b"pressure_Pa" in data


def test_without_linear_kinetics_there_is_no_field(tmp_path):
    run = exported.run(**{"plating.kinetics": "butler-volmer"})
    assert b"potential_V" not in export.write_vti(run, tmp_path / "a.vti").read_bytes()


def test_a_deposit_that_no_current_can_reach_is_one_line(tmp_path):
    run = exported.run("bare")
    run.occupancy[:, :, :12] = False
    run.occupancy[:, :, 12] = True  # a sheet of dead lithium over the bare collector
    with pytest.raises(UserError, match="has no field.*--no-field") as raised:
        export.write_vti(run, tmp_path / "a.vti")
    assert len(raised.value.lines) == 1 and list(tmp_path.iterdir()) == []
    export.write_vti(run, tmp_path / "a.vti", field=False)


WRITERS = [export.write_vti, export.write_pvd, export.write_extxyz, export.write_gwy, export.write_csv, export.write_stl]


@pytest.mark.parametrize("write", WRITERS)
def test_a_bad_name_is_refused_before_anything_is_written(write, tmp_path):
    for name, why in (("a.txt", "must end in"), ("no/a.txt", "must end in"), ("", "must end in")):
        with pytest.raises(UserError, match=why) as raised:
            write(exported.run(), tmp_path / name)
        assert len(raised.value.lines) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_leaves_the_old_file(tmp_path, monkeypatch):
    path = export.write_csv(exported.run(), tmp_path / "a.csv")
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="No space left"):
        export.write_csv(exported.run(shown=0), path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
