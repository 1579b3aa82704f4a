"""A run folder that tests write, and how they tamper with it."""


import numpy as np
import pytest
from fake_simulation import tiny

from kmc_li.storage.manifest import read_manifest, sealed
from kmc_li.storage.run import pack
from kmc_li.storage.store import History, RunFolder

PARAMETERS = tiny()
SHAPE = (8, 8, 32)


def part(number):
    """What a run could have to commit the number-th time: history, occupancy, state, events."""
    rng = np.random.default_rng(number)
    occupancy = rng.random(SHAPE) < 0.3
    history = History(
        rows=[{"time_s": number + 0.1 * i, "thickness_um": rng.random()} for i in range(3)],
        snapshots=[(0.1 * number, pack(occupancy))],
    )
    arrays = {"occupancy": occupancy, "field": rng.random(SHAPE), "table": rng.integers(0, 9, 77, dtype="i4")}
    return history, occupancy, (arrays, {"rng": rng.bit_generator.state, "time_s": 0.1 + 0.2}), 100 * number


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def written(path):
    """A folder with three commits."""
    with RunFolder.create(path, PARAMETERS, 5) as folder:
        for number in range(3):
            folder.commit(*part(number))
    return path


def names(path):
    return sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())


def reseal(path, **changes):
    """What a clever attacker does: change the manifest and seal it again."""
    manifest = read_manifest(path).model_copy(update=changes)
    (path / "run.json").write_bytes(sealed(manifest))
