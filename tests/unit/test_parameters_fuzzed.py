"""Studies at random: each is read, or refused in lines that a terminal can print."""

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.test_parameters import STUDY

import kmc_li
from kmc_li import Parameters, UserError

KEYS = [
    (section, key)
    for section, model in Parameters.from_dict(STUDY).to_dict().items() if isinstance(model, dict)
    for key in model
]  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(width=64) | st.text(max_size=20)
    | st.sampled_from([10**400, -(10**4000), 1e308, -0.0, 5e-324, "1e308 Tm", "8 um", "-1 um", "1 mA/cm^2", "Li", "inert"])
    | st.builds("{} {}".format, st.floats(-10, 10), st.text("munkAVhsgCNPa/*^²-() 123", max_size=8))
)  # fmt: skip
LISTS = st.lists(SCALARS, max_size=4) | st.dictionaries(st.text(max_size=8), SCALARS, max_size=3)
VALUES = st.floats(1e-6, 1e3) | st.integers(1, 100) | SCALARS | SCALARS | LISTS | st.lists(LISTS, max_size=2)


@st.composite
def studies(draw: st.DrawFn) -> Any:
    """A good study with some keys changed or added, a section lost or replaced, or anything added on top."""
    data: Any = copy.deepcopy(STUDY)
    kind = draw(st.integers(0, 7))
    if kind == 0:
        data |= draw(st.dictionaries(st.text(max_size=8), VALUES, max_size=2))
    elif kind == 1:
        data.pop(draw(st.sampled_from(sorted(data))))
    elif kind == 2:
        data[draw(st.sampled_from(sorted(data)))] = draw(VALUES)
    elif kind == 3:
        sizes = st.floats(1e-3, 1e3) | st.integers(1, 100) | SCALARS
        data["lattice"] = {"size_um": draw(st.lists(sizes, min_size=2, max_size=4)), "voxel_um": draw(sizes)}
    for section, key in draw(st.lists(st.sampled_from(KEYS), max_size=3)):
        if not isinstance(data.setdefault(section, {}), dict):
            data[section] = {}
        data[section][key] = draw(VALUES)
    return data


@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
@given(studies())
def test_fuzzed_studies_are_read_or_refused_in_printable_lines(data: Any) -> None:
    try:
        p = Parameters.from_dict(data)
    except UserError as caught:
        assert caught.lines and all(len(line) < 600 for line in caught.lines)
        assert all(": " in line and line.isprintable() for line in str(caught).split("\n"))
        return
    assert Parameters.from_dict(json.loads(json.dumps(p.to_dict(), allow_nan=False))) == p
    numbers = kmc_li.dimensionless.dimensionless_numbers(p)
    assert all(math.isfinite(q.value) for q in numbers)
    assert p.face_area_m2 > 0 and p.voxel_charge_C > 0


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")))
def test_fuzzed_files_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_bytes(content)
    with pytest.raises(UserError):
        Parameters.from_toml(path)
