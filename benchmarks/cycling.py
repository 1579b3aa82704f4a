"""How fast cycled deposits are plated and stripped, and where the time of stripping goes.

    python benchmarks/cycling.py                   # 20 cycles of the three studies, some minutes
    python benchmarks/cycling.py --cycles 2        # the first ones, before dead lithium lies on the electrode

Studies cycling_bare, cycling_inert and cycling_piezo, 64 x 64 columns, one run each, one after the other; figures and
storage left out. Stripping pays for dead lithium that falls after each monolayer ("settling", given as its share).
"""

import argparse
import sys
import time
from collections import Counter

from tqdm import tqdm

from kmc_li import Parameters, UserError
from kmc_li.engine.cycling import Cycling
from kmc_li.study.presets import study_path

CONDITIONS = ("bare", "inert", "piezo")


class Timed(Cycling):
    """A cycled run that knows how long dead lithium took to settle."""

    settling_s = 0.0

    def _settle(self) -> None:
        began = time.process_time()
        super()._settle()
        self.settling_s += time.process_time() - began


def measure(condition: str, cycles: int, seed: int) -> dict[str, float]:
    """Events a CPU second of each kind of step, CPU seconds of the run, share of settling in those of stripping."""
    study = Parameters.from_toml(study_path(f"cycling_{condition}"))
    warm, run = (Timed(study.replace(**{"protocol.cycles": n}), seed) for n in (1, cycles))
    while warm.finished is None:
        warm.advance(10**9)
    events: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    with tqdm(total=1000, desc=condition, bar_format="{desc} {percentage:3.0f} %|{bar}| {elapsed}") as bar:
        while run.finished is None:
            before, began = run.events, time.process_time()
            run.advance(10**9)
            seconds[run.step.kind] += time.process_time() - began
            events[run.step.kind] += run.events - before
            bar.update(int(1000 * run.progress) - bar.n)
    speed = {kind: events[kind] / seconds[kind] for kind in ("plate", "strip")}
    return {**speed, "cpu_s": sum(seconds.values()), "settling": run.settling_s / seconds["strip"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cycles", type=int, default=20, metavar="N", help="[20]")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = {condition: measure(condition, options.cycles, options.seed) for condition in CONDITIONS}
    print("| cycled | cycles | plating, events/s | stripping, events/s | over plating | settling | the run (CPU s) |")
    print("|---|---|---|---|---|---|---|")
    for condition, r in rows.items():
        print(
            f"| {condition} | {options.cycles} | {r['plate']:,.0f} | {r['strip']:,.0f} | {r['strip'] / r['plate']:.2f} "
            f"| {100 * r['settling']:.0f} % | {r['cpu_s']:.0f} |"
        )


if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
