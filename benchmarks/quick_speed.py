"""A few seconds' look at speeds that took minutes to measure: do the tables still say how fast the code is?

    python benchmarks/quick_speed.py plating_speed        # speeds now, as recorded, and their ratio

A fixed loop, which reads random bytes of a small table as the engine does, is timed before and after each row in the
same process. Speeds are compared in units of it, so that a busy or a slower processor changes little. It cannot make
up for everything: on a shared machine ratios of unchanged code were seen from 0.73 to 1.31. BAND is allowed on the
processor of the record, ELSEWHERE on another. The loop needs no memory bandwidth; what does is allowed UNLIKE: on
a processor of the same name the recorded commit itself made 0.25 of its 32,600 events/s by the solver, 0.3 to 0.4 in
units of the loop. That band sees only that a solver has become several times slower; pairs in one minute see the rest.
"""

import one_core  # noqa: F401  # isort: skip

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from engine import h1, speed, uniform
from full_resolve import SCIPY_DEFAULT, Deposit, resolve
from growth import Case, grow
from page_tables import load

from kmc_li.kernels.base.jit import njit

BAND, ELSEWHERE, UNLIKE = 1.6, 3.0, 4.0  # factors, both ways
NEED_MEMORY = ("64 × 64, 0.3, solver", "scipy")  # how these rows begin
STEPS = 3_000_000


@njit
def _walk(cell: Any, steps: int) -> int:
    state, met = np.uint64(88172645463325252), 0
    for _ in range(steps):
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        met += cell[state & np.uint64(cell.size - 1)]
    return met


def band(row: str, same: bool) -> float:
    """Factor by which the speed of a row may differ from that recorded, on the processor of the record or another."""
    if row.startswith(NEED_MEMORY):
        return UNLIKE
    return BAND if same else ELSEWHERE


def yardstick(repeats: int = 5) -> float:
    """Steps of the fixed loop a CPU second, the median."""
    cell = np.ones(1 << 18, np.uint8)
    _walk(cell, 1)
    found = []
    for _ in range(repeats):
        start = time.process_time()
        _walk(cell, STEPS)
        found.append(STEPS / (time.process_time() - start))
    return float(np.median(found))


def plating(method: str) -> float:
    """Events a CPU second of the row of 64 x 64 columns, Delta/W = 0.3, 8 monolayers."""
    case = Case(64, 64, 0.3, 0.01, method)
    nothing = np.array([], int)
    grow(case._replace(monolayers=1), nothing)
    return float(case.monolayers * 64**2 / np.median([grow(case, nothing).cpu_s.sum() for _ in range(3)]))


def library() -> float:
    """Events a CPU second with scipy solving to 1e-5 after each, on the solver's deposit at half its height."""
    case = Case(64, 64, 0.3, 0.01, "multigrid", monolayers=4)
    half = grow(case, np.array([], int))
    return 1 / resolve(Deposit(half.box, half.state), "scipy", 1, SCIPY_DEFAULT, 8, 2).event_s


# Of each table: the first cells of a row, the column of its speed, what measures it again
ROWS: dict[str, list[tuple[tuple[str, ...], str, Callable[[], float]]]] = {
    "plating_speed": [
        (("64 × 64", "0.3", "walkers", "8"), "events/s", lambda: plating("walkers")),
        (("64 × 64", "0.3", "solver, 1 %", "8"), "events/s", lambda: plating("multigrid")),
    ],
    "full_resolve": [(("scipy", "each event", "1e-05"), "an event", library)],
    "engine_speed": [
        (("H1, executed hops", "100²"), "events a CPU second", lambda: speed(h1(100), 5, "hops", 2)[0]),
        (("plating, uniform rates", "64²"), "events a CPU second", lambda: speed(uniform(64, 200), 5)[0]),
    ],
}


def fresh(name: str) -> list[tuple[str, float, float]]:
    """(row, events a CPU second, steps of the fixed loop a CPU second) of the rows of a table that are quick."""
    found = []
    for row, _, measure in ROWS[name]:
        before = yardstick()
        value = measure()
        found.append((", ".join(row), value, 0.5 * (before + yardstick())))
    return found


def recorded(name: str, record: dict[str, Any]) -> list[float]:
    """The speeds of the same rows as they stand in the table."""
    found = []
    for row, column, _ in ROWS[name]:
        cells = next(cells for cells in record["rows"] if tuple(cells[: len(row)]) == row)
        number, *unit = cells[record["head"].index(column)].replace(",", "").split()
        value = float(number)
        found.append(1e6 / value if unit == ["µs"] else value * (1e6 if unit == ["M"] else 1.0))
    return found


def compared(name: str) -> list[dict[str, Any]]:
    """The quick rows of a table: speed now and recorded, and their ratio in steps of the fixed loop."""
    record = load(name)
    found = []
    for (row, now, steps), then in zip(fresh(name), recorded(name, record), strict=True):
        ratio = now / steps / (then / record["steps_per_cpu_s"])
        found.append({"row": row, "now": now, "recorded": then, "ratio": ratio})
    return found


if __name__ == "__main__":
    print(json.dumps([line for name in sys.argv[1:] for line in compared(name)], indent=1, ensure_ascii=False))
