"""A cycler's steps as people write them, and the table of cycles."""

import numpy as np
import pytest
from small import study

import kmc_li
from kmc_li.errors import UserError
from kmc_li.study.protocol import Step, parse


@pytest.mark.parametrize(
    "text,step",
    [
        ("plate 1 mAh/cm^2 at 1 mA/cm^2", Step("plate", 1.0, 1.0, None, None)),
        ("plate at 10 A/m^2 for 1 h", Step("plate", 1.0, None, 3600.0, None)),
        ("strip at 2 mA/cm² until 500 mV", Step("strip", 2.0, None, None, 0.5)),
        ("strip 0.5 mAh/cm^2 at 1 mA/cm^2 until 1 V", Step("strip", 1.0, 0.5, None, 1.0)),
        ("rest 10 min", Step("rest", 0.0, None, 600.0, None)),
        ("plate 20 ms at 5 mA/cm^2", Step("plate", 5.0, time_s=0.02)),
        ("plate 1 mAh/cm^2 at 4 mA/cm^2 on 20 ms off 60 ms", Step("plate", 4.0, 1.0, on_s=0.02, off_s=0.06)),
        ("plate at 50 mV for 1 h", Step("plate", 0.0, time_s=3600.0, potential_V=0.05)),
        ("strip 10 s at 0.1 V", Step("strip", 0.0, time_s=10.0, potential_V=0.1)),
    ],
)
def test_steps_are_read(text, step):
    assert parse(text) == step


WRONG = [
    ("charge at 1 mA/cm^2", 'must begin with "plate", "strip" or "rest"'),
    ("plate at 1 mA/cm^2", "must say when it ends"),
    ("plate 1 mAh/cm^2", "must say its current"),
    ("rest", "must say how long"),
    ("rest 10 min at 1 mA/cm^2", 'must not say "at"'),
    ("plate 1 mAh/cm^2 at 1 mA/cm^2 until 1 V", 'must not say "until"'),
    ("plate 1 mAh/cm^2 at 1 mA/cm^2 on 20 ms", "how long its pulses are and the pauses"),
    ("plate 1 h at 50 mV on 20 ms off 60 ms", 'must not say "off"'),
    ("strip at 50 mV until 1 V", 'must not say "until"'),
    ("strip at 1 kg", "as a quantity in mA/cm^2"),
    ("strip at 1 mA/cm^2 at 2 mA/cm^2", 'must say "at" once'),
    ("strip at 1 mA/cm^2 until -1 V", "must be from"),
    ("strip at nan mA/cm^2", "cannot read"),
    ("plate 100 mAh/cm^2 at 1 mA/cm^2", "0.9 of the box"),
]


@pytest.mark.parametrize("text,words", WRONG)
def test_a_wrong_step_gets_one_line(text, words):
    with pytest.raises(UserError) as error:
        study(protocol={"steps": [text]}, stop=None)
    (line,) = error.value.lines
    assert line.startswith("protocol.steps: got") and words in line, line


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"stop": {"events": 5}}, "stop: got a section, must be left out"),
        ({"hops.enabled": True}, "hops.enabled: got true, must be false"),
        ({"plating.breakdown_exponent": 2.0}, "plating.breakdown_exponent: got 2, must be 1"),
        ({"plating.kinetics": "uniform"}, "plating.kinetics: got"),
        ({"protocol": {"steps": ["rest 1 s"], "cycles": 0}}, "protocol.cycles: got 0"),
        ({"protocol": {"steps": []}}, "protocol.steps: got"),
        ({"protocol": {"cycles": 2}}, "protocol.steps: missing"),
    ],
)
def test_what_a_protocol_cannot_be_combined_with(changes, words):
    with pytest.raises(UserError) as error:
        study(**{"protocol": {"steps": ["rest 1 s"]}, "stop": None} | changes)
    assert any(line.startswith(words) for line in error.value.lines), error.value.lines


def test_a_row_a_cycle(tmp_path):
    steps = ["plate 0.2 mAh/cm^2 at 1 mA/cm^2", "strip at 1 mA/cm^2 until 0.3 V"]
    parameters = study(**{"protocol": {"steps": steps, "cycles": 3}, "stop": None, "field.method": "walkers"})
    assert kmc_li.Parameters.from_dict(parameters.to_dict()) == parameters
    run = kmc_li.simulate(parameters, 2, tmp_path / "run")
    cycles, dead = run.cycles, run.series["dead_voxels"][-1]
    assert list(cycles["cycle"]) == [1, 2, 3] and run.finished == "protocol" and len(run.snapshots) == 6
    np.testing.assert_allclose(cycles["plated_mAh_cm2"], 0.2, rtol=0.01)
    np.testing.assert_allclose(cycles["coulombic_efficiency"], cycles["stripped_mAh_cm2"] / cycles["plated_mAh_cm2"])
    net = (cycles["plated_mAh_cm2"] - cycles["stripped_mAh_cm2"]).sum()
    assert net == pytest.approx(run.series["areal_capacity_mAh_cm2"][-1], rel=1e-9)
    assert cycles["dead_voxels"][-1] == dead and (cycles["thickness_live_um"] <= cycles["thickness_um"]).all()
    assert (cycles["overpotential_V"] > 0.02).all(), "at least what the charge-transfer resistance takes"
    assert run.series["overpotential_V"][-1] < 0, "the current is reversed"
    assert study().protocol is None and kmc_li.simulate(study(**{"stop.capacity_mAh_cm2": 0.02}), 0).cycles == {}
