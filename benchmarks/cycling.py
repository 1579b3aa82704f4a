"""How fast cycled deposits are plated and stripped, and where the time of stripping goes.

    python benchmarks/cycling.py                   # 20 cycles of the three studies, some minutes
    python benchmarks/cycling.py --cycles 2        # the first ones, before dead lithium lies on the electrode
    python benchmarks/cycling.py --along           # walks and whole events along the first stripping of bare lithium
    python benchmarks/cycling.py --error           # of the potential that guides walkers, 7 cycles on 32 x 32 columns

Studies cycling_bare, cycling_inert and cycling_piezo, 64 x 64 columns, one run each, one after the other; figures and
storage left out. Stripping pays for dead lithium that falls after each monolayer ("settling", given as its share).

The second table says what of the ratio is geometry: the moves of a walker on the deposits of all record points, more
where it has to find its way through dead lithium. The third one begins without any: walkers on the deposit of the first
plating, frozen, once as it plates and once as it strips; and the events of the half steps on either side, of which the
one that strips leaves dead lithium that floats until it settles.
"""

import argparse
import sys
import time
from collections import Counter

import numpy as np
from tqdm import tqdm

from kmc_li import Parameters, UserError
from kmc_li.commands.parser import at_least
from kmc_li.engine.cycling import Cycling
from kmc_li.engine.field_error import field_error
from kmc_li.kernels.base.codes import NO_METAL
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.methods import walkers
from kmc_li.study.presets import study_path

CONDITIONS = ("bare", "inert", "piezo")
MOST = 2**20  # moves after which a walker is left out: when a step has ended, dead lithium may shut in all that is live


class Timed(Cycling):
    """A cycled run that knows how long dead lithium took to settle."""

    settling_s = 0.0

    def _settle(self) -> None:
        began = time.process_time()
        super()._settle()
        self.settling_s += time.process_time() - began


@njit
def lands(box, state, rng, patience):
    """Whether a walker lands within so many moves."""
    n, x, y = state.counters[0], int(rng.random() * box.nx), int(rng.random() * box.ny)
    args = state.lattice.cell, box, state.method, n, rng, x, y, n.top_plane + 1, patience
    return walkers.walk_at_most(*args) != NO_METAL


@njit
def walk_all(box, state, rng, count):
    """Let walkers land; nothing else happens."""
    for _ in range(count):
        walkers.walk(state.lattice.cell, box, state.method, state.counters[0], rng)


def moves(box, state, count, seed):
    """Moves of each of so many walkers on a frozen deposit that land, found by how much patience they need."""
    state, rng = state._replace(counters=state.counters.copy()), np.random.default_rng(seed)
    state.counters[0].most_visits = 0.0  # no cut-off
    found = []
    for _ in range(count):
        start, low, high = rng.bit_generator.state, 0, 64

        def within(patience, start=start):
            rng.bit_generator.state = start
            return lands(box, state, rng, patience)

        while high <= MOST and not within(high):
            low, high = high, 2 * high
        if high > MOST:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if within(middle) else (middle, high)
        found.append(high)
    return found


def without_dead(study, seed):
    """Moves and CPU microseconds of a walker on the deposit of the first plating, as it plates and as it strips."""
    run, found = Cycling(study.replace(**{"protocol.cycles": 1}), seed), {}
    while not run.at_step_end:
        run.advance(10**9)
    states = {"plate": run._state}
    run.advance(0)  # builds the state that strips
    states["strip"] = run._state
    for kind, state in states.items():
        found[f"{kind} moves"] = float(np.mean(moves(run._box, state, 1000, seed)))
    spent = {kind: [] for kind in states}
    for _ in range(4):
        for kind, state in states.items():
            frozen = state._replace(counters=state.counters.copy())
            began = time.process_time()
            walk_all(run._box, frozen, np.random.default_rng(seed), 10**4)
            spent[kind].append(100 * (time.process_time() - began))
    return found | {f"{kind} us": min(times[1:]) for kind, times in spent.items()}


def measure(condition: str, cycles: int, seed: int) -> dict[str, float]:
    """Events a CPU second of each kind of step, moves of its walkers, CPU seconds, share of settling."""
    study = Parameters.from_toml(study_path(f"cycling_{condition}"))
    warm, run = (Timed(study.replace(**{"protocol.cycles": n}), seed) for n in (1, cycles))
    while warm.finished is None:
        warm.advance(10**9)
    events: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    walked: dict[str, list[int]] = {"plate": [], "strip": []}
    with tqdm(total=1000, desc=condition, bar_format="{desc} {percentage:3.0f} %|{bar}| {elapsed}") as bar:
        while run.finished is None:
            before, began = run.events, time.process_time()
            run.advance(10**9)
            spent, kind = time.process_time() - began, run.step.kind
            names = [kind]
            if run._index < 2 and (run.progress * 2 * cycles % 1.0 < 0.5) == (kind == "strip") and not run.at_step_end:
                names.append(f"first {kind}")  # the later half of the first plating, the earlier half of its stripping
            for name in names:
                seconds[name] += spent
                events[name] += run.events - before
            walked[kind] += moves(run._box, run._state, 4, run._row)
            bar.update(int(1000 * run.progress) - bar.n)
    found = {name: events[name] / seconds[name] for name in seconds}
    found |= {f"{kind} walk": float(np.mean(counts)) for kind, counts in walked.items()}
    found |= {"cpu_s": seconds["plate"] + seconds["strip"], "settling": run.settling_s / seconds["strip"]}
    return found | without_dead(study, seed)


def along(seed: int) -> None:
    """Print how long a walk takes on the frozen deposits of the first stripping, and a whole event between them."""
    study = Parameters.from_toml(study_path("cycling_bare")).replace(**{"protocol.cycles": 1})
    warm, run, rows = Timed(study.replace(**{"lattice.nx": 16, "lattice.ny": 16}), seed), Timed(study, seed), []
    while warm.finished is None:
        warm.advance(10**9)
    while run.finished is None:
        before, settling, began = run.events, run.settling_s, time.process_time()
        run.advance(10**9)
        spent = 1e6 * (time.process_time() - began - run.settling_s + settling)
        if run.step.kind == "strip" and not run.at_step_end and run.events - before > 150:
            frozen = run._state._replace(counters=run._state.counters.copy())
            frozen.counters[0].most_visits = 0.0
            walk_all(run._box, frozen, np.random.default_rng(seed), 1000)
            began = time.process_time()
            walk_all(run._box, frozen, np.random.default_rng(seed), 4000)
            walk = 1e6 * (time.process_time() - began) / 4000
            rows.append((run._passed() / run._columns, walk, spent / (run.events - before)))
    print("| bare, monolayers stripped | a walk, frozen, CPU us | an event, settling left out |\n|---|---|---|")
    for stripped, walk, event in rows[:: max(len(rows) // 40, 1)]:
        print(f"| {stripped:.2f} | {walk:.1f} | {event:.1f} |")
    print("\n| monolayer | a walk in its first tenth, CPU us | in its last tenth |\n|---|---|---|")
    for layer in range(int(rows[-1][0]) + 1):
        parts = [[walk for at, walk, _ in rows if low <= at - layer < low + 0.1] for low in (0.0, 0.9)]
        if all(parts):
            print(f"| {layer + 1} | {np.mean(parts[0]):.1f} | {np.mean(parts[1]):.1f} |")


def error(seed: int, cycles: int = 7, columns: int = 32) -> None:
    """Print the total variation between where guided walkers land and the converged field, every third cycle."""
    print("| cycled | step | moments | TV, mean (%) | worst (%) |\n|---|---|---|---|---|")
    for condition in CONDITIONS[1:]:
        found: dict[str, list[float]] = {"plate": [], "strip": []}
        size = {"protocol.cycles": cycles, "lattice.nx": columns, "lattice.ny": columns}
        run = Cycling(Parameters.from_toml(study_path(f"cycling_{condition}")).replace(**size), seed)
        while run.finished is None:
            run.advance(10**9)
            n = run._state.counters[0]
            if run._index // 2 % 3 == 0 and not run.at_step_end and n.initial + n.plated - n.stripped > n.dead_voxels:
                found[run.step.kind].append(100 * field_error(run._model, run._box, run._state)["tv"])
        for kind, tv in found.items():
            print(f"| {condition} | {kind} | {len(tv)} | {np.mean(tv):.3f} | {max(tv):.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cycles", type=at_least(1), default=20, metavar="N", help="[20]")
    parser.add_argument("--seed", type=at_least(0), default=1)
    parser.add_argument("--along", action="store_true", help="only walks along the first stripping of bare lithium")
    parser.add_argument("--error", action="store_true", help="only the error (TV) of guided walkers in cycles")
    options = parser.parse_args()
    if options.along or options.error:
        (along if options.along else error)(options.seed)
        return
    rows = {condition: measure(condition, options.cycles, options.seed) for condition in CONDITIONS}
    print("| cycled | cycles | plating, events/s | stripping, events/s | over plating | settling | the run (CPU s) |")
    print("|---|---|---|---|---|---|---|")
    for condition, r in rows.items():
        print(
            f"| {condition} | {options.cycles} | {r['plate']:,.0f} | {r['strip']:,.0f} | {r['strip'] / r['plate']:.2f} "
            f"| {100 * r['settling']:.0f} % | {r['cpu_s']:.0f} |"
        )
    print("\n| over all cycles | moves a walker, plating | stripping | over plating |\n|---|---|---|---|")
    for condition, r in rows.items():
        a, b = r["plate walk"], r["strip walk"]
        print(f"| {condition} | {a:,.0f} | {b:,.0f} | {b / a:.1f} |")
    print("\n| first cycle | moves a walker, plating | stripping | CPU us, plating | stripping | in speed ", end="")
    print("| events/s, later half of plating | earlier half of stripping | over plating |")
    print("|---|---|---|---|---|---|---|---|---|")
    for condition, r in rows.items():
        walk = f"{r['plate moves']:,.0f} | {r['strip moves']:,.0f} | {r['plate us']:.1f} | {r['strip us']:.1f}"
        a, b = r["first plate"], r["first strip"]
        print(f"| {condition} | {walk} | {r['plate us'] / r['strip us']:.2f} | {a:,.0f} | {b:,.0f} | {b / a:.2f} |")


if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
