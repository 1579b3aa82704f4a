"""Bits of occupancy, snapshots, labels."""

import dataclasses

import numpy as np
import pytest
from fake_simulation import install, tiny

from kmc_li.running.driver import simulate
from kmc_li.storage.run import Snapshots, pack, unpack


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 7), (4, 5, 6), (8, 8, 8)])
def test_bits_round_trip(shape):
    occupancy = np.random.default_rng(0).random(shape) < 0.4
    bits = pack(occupancy)
    assert bits.dtype == np.uint8 and bits.shape == (-(-occupancy.size // 8),)
    back = unpack(bits, shape)
    assert back.dtype == np.bool_ and np.array_equal(back, occupancy)


def test_bits_order_is_as_documented():
    occupancy = np.zeros((2, 2, 2), dtype=bool)
    occupancy[0, 0, 0] = occupancy[1, 1, 1] = True
    assert pack(occupancy).tolist() == [0b10000001]
    assert pack(np.asfortranarray(occupancy)).tolist() == [0b10000001]


def test_snapshots_are_a_lazy_sequence():
    asked = []

    def load(index):
        asked.append(index)
        return np.full((1, 1, 1), index == 2)

    snapshots = Snapshots([0.1, 0.2, 0.3], load)
    assert len(snapshots) == 3 and asked == []
    assert snapshots[-1].areal_capacity_mAh_cm2 == 0.3 and snapshots[-1].occupancy.all()
    assert [capacity for capacity, _ in snapshots[1:]] == [0.2, 0.3]
    assert [capacity for capacity, _ in snapshots] == [0.1, 0.2, 0.3]
    assert asked == [2, 2, 1, 2, 0, 1, 2]
    with pytest.raises(IndexError):
        snapshots[3]


def test_a_run_is_frozen_and_labelled(monkeypatch, tmp_path):
    install(monkeypatch)
    run = simulate(tiny(title=""), 3)
    assert run.label == "seed 3" and run.path is None
    assert simulate(tiny(title="Named"), 3).label == "Named"
    assert simulate(tiny(title=""), 3, tmp_path / "folder").label == "folder"
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.seed = 4
