"""The benchmark of the analysis runs and measures what it says."""

import json
import subprocess
import sys
from pathlib import Path

from kmc_li.morphology import MEASURES

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "analysis.py"


def test_benchmark_of_a_small_deposit():
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--shape", "16", "16", "32", "--json"],
        capture_output=True, text=True, check=True, cwd=SCRIPT.parents[1], timeout=120,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert set(found["measures"]) == {measure.key for measure in MEASURES if measure.of != "current"}
    assert set(found["seconds_each"]) == set(found["measures"])
    assert 0 < found["seconds"] < 60 and 0 < found["peak_GB"] < 2
