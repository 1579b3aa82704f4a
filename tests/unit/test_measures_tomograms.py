"""Segmented tomograms from users' files, and their measures."""

import numpy as np
import pytest
import solids

from kmc_li import morphology, surfaces
from kmc_li.errors import UserError


@pytest.fixture
def body():
    """A ball on a plate: bool (24, 20, 30)."""
    ball = solids.sphere((24, 20, 30), 7, (12, 10, 14))
    ball[:, :, :3] = True
    return ball


def one_line(path, *args, **options):
    with pytest.raises(UserError) as refused:
        surfaces.read_tomogram(path, *args, **options)
    assert len(refused.value.lines) == 1 and "\n" not in str(refused.value)
    return str(refused.value)


def test_numpy_is_x_y_z(tmp_path, body):
    path = tmp_path / "cut.npy"
    for stored in (body, body.astype(np.uint8) * 255, np.where(body, 2.5, -1.0)):
        np.save(path, stored)
        found = surfaces.read_tomogram(path, 0.05)
        assert np.array_equal(found.occupancy, body) and found.occupancy.dtype == bool
        assert (found.voxel_um, found.source) == (0.05, str(path))
    np.save(path, body.transpose(2, 1, 0))
    assert np.array_equal(surfaces.read_tomogram(path, 1, axes="zyx").occupancy, body)
    assert np.array_equal(surfaces.read_tomogram(path, 1, axes="zyx", upside_down=True).occupancy, body[:, :, ::-1])


def test_stack_is_z_y_x(tmp_path, body):
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "cut.tif"
    tifffile.imwrite(path, body.transpose(2, 1, 0).astype(np.uint8) * 255, photometric="minisblack")
    assert np.array_equal(surfaces.read_tomogram(path, 1).occupancy, body)
    tifffile.imwrite(path, body[:, :, 0].astype(np.uint8))
    assert "must be a stack" in one_line(path, 1)


def test_labels_of_the_metal(tmp_path, body):
    labels = body.astype(np.uint8)
    labels[:, :, :3] = 3  # collector
    path = tmp_path / "cut.npy"
    np.save(path, labels)
    assert "holds 3 different values (0, 1, 3), not two: threshold it first, or say which are metal" in one_line(path, 1)
    assert np.array_equal(surfaces.read_tomogram(path, 1, metal=(1, 3)).occupancy, body)
    assert np.count_nonzero(surfaces.read_tomogram(path, 1, metal=1).occupancy) < np.count_nonzero(body)
    assert "metal: got [7], must be among the values" in one_line(path, 1, metal=7)
    assert "metal: got []" in one_line(path, 1, metal=())


def test_bad_files_are_told_in_one_line(tmp_path, body):
    path = tmp_path / "cut.npy"
    assert "there is no such file" in one_line(path, 1)
    np.save(path, body)
    assert "voxel_um: got 0, must be a positive number" in one_line(path, 0)
    assert "axes: got 'xxz', must be x, y and z" in one_line(path, 1, axes="xxz")
    np.save(path, body[0])
    assert "must be numbers in 3 dimensions" in one_line(path, 1)
    np.save(path, np.zeros((3, 3, 3)))
    assert "holds 1 different values (0), not two: must hold metal and pores" in one_line(path, 1)
    np.save(path, np.random.default_rng(0).normal(size=(5, 5, 5)))
    assert "holds 125 different values" in one_line(path, 1)
    np.save(path, np.array([[[None]]]), allow_pickle=True)
    assert "must be a .npy file of plain numbers" in one_line(path, 1)
    path.rename(tmp_path / "cut.vol")
    assert "unknown kind '.vol', must be one of: .tif, .tiff, .npy" in one_line(tmp_path / "cut.vol", 1)


def test_measures_of_a_piece(tmp_path, body):
    np.save(tmp_path / "cut.npy", body)
    cut = surfaces.read_tomogram(tmp_path / "cut.npy", 0.1)
    found = morphology.measure_all(cut.occupancy, cut.voxel_um, periodic=False)
    assert found["porosity"] == morphology.porosity(body)
    ball = 4 * np.pi * 7**2 + 24 * 20
    assert found["specific_surface_per_um"] == pytest.approx(ball / np.count_nonzero(body) / 0.1, rel=0.02)
