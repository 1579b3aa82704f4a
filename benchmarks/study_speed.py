"""Speed and error of the studies that come with the package, each beside bare walkers; `field.py --studies` calls it.

A study and a bare deposit of the same box grow by turns, a fifth of the charge at a time, so that both see the same
machine. The error is taken in another growth of the same seed, which is the same deposit: at random moments, and under
a layer at one moment in four right after a column first came to stand above its rest plane. Where a method keeps no
rates, 20,000 events are drawn at each. TV then hides a bias below half a percent, so `pressed_share` says how many
of the events fell on faces that a layer shifts, over how many should have.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from landings import Moment, moment
from numpy.typing import NDArray
from tqdm import tqdm

from kmc_li import Parameters
from kmc_li.engine import build, warm_up
from kmc_li.engine.advance import advance
from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.codes import RUNNING
from kmc_li.study.presets import study_path

STUDIES = ("bare", "inert", "piezo", "anti_poled", "butler-volmer", "potentiostatic", "literature", "wide")
WIDE_UM = 2000.0  # Wagner length of the last: charge transfer alone decides, walkers touch metal thousands of times
MOMENTS = {64: 40, 128: 12, 256: 4}  # at which TV is taken, by columns along x up to; 2 beyond
TURNS = 5
HEIGHT_UM = 48.0  # of the box
HELD_HEIGHT_UM = 24.0  # potentiostatic: near enough for the current to change
VOXEL_UM = 0.25


class Row(NamedTuple):
    """What is measured."""

    study: str
    columns: int
    voxel_um: float = VOXEL_UM
    capacity_mAh_cm2: float = 0.5
    method: str = "auto"
    tolerance: float = 0.01
    repeats: int = 3
    moments: int = 40
    seed: int = 1
    wide_um: float = WIDE_UM

    @property
    def key(self) -> str:
        """In the JSON: columns along x, with the voxel if it is not the demo's."""
        return str(self.columns) + ("" if self.voxel_um == VOXEL_UM else f"@{self.voxel_um:g}um")

    @property
    def label(self) -> str:
        return f"{self.study}, {self.columns} x {self.columns}, {self.voxel_um:g} um"


def parameters(row: Row) -> Parameters:
    """The study of a row; Butler-Volmer kinetics, a held potential and a wide W are those of bare lithium."""
    bare = row.study in ("butler-volmer", "potentiostatic", "wide")
    height_um = HELD_HEIGHT_UM if row.study == "potentiostatic" else HEIGHT_UM
    p = Parameters.from_toml(study_path("bare" if bare else row.study)).replace(
        **{
            "lattice.nx": row.columns,
            "lattice.ny": row.columns,
            "lattice.nz": round(height_um / row.voxel_um),
            "lattice.voxel_um": row.voxel_um,
            "stop.capacity_mAh_cm2": row.capacity_mAh_cm2,
            "field.tolerance": row.tolerance,
            "field.samples": 0,
            "output.series_points": 5,
        }
    )
    if row.study == "wide":
        resistance = p.electrolyte.charge_transfer_resistance_ohm_cm2 * 1e-6 * row.wide_um / p.wagner_length_m
        p = p.replace(**{"electrolyte.charge_transfer_resistance_ohm_cm2": resistance})
    if row.study == "butler-volmer":
        p = p.replace(**{"plating.kinetics": "butler-volmer"})
    if row.study == "potentiostatic":  # the study's current density at the start
        resistance = p.charge_transfer_resistance_ohm_m2 + p.reference_height_m / p.conductivity_S_m
        held_V = p.current_density_A_m2 * resistance
        p = p.replace(**{"plating.control": "potentiostatic", "plating.overpotential_V": held_V})
    return p if row.method == "auto" else p.replace(**{"field.method": row.method})


class Growing:
    """A deposit whose event loop is timed."""

    def __init__(self, p: Parameters, seed: int) -> None:
        self.target = int(p.target_voxels or 0)
        self.model, self.box, self.state = build.build(p, seed)
        self.rng = np.random.Generator(np.random.PCG64(seed))
        self.cpu_s: list[float] = []

    @property
    def net(self) -> int:
        n = self.state.counters[0]
        return int(n.plated - n.stripped)

    def turn(self, number: int) -> None:
        """One more fifth of the charge."""
        start = time.process_time()
        code, self.state = advance(
            self.model, self.box, self.state, self.rng, 2**62, self.target * (number + 1) // TURNS
        )
        self.cpu_s.append(time.process_time() - start)
        if code != RUNNING:
            raise RuntimeError("the deposit reached the top of its box, or nothing could happen any more")

    def to(self, events: int) -> bool:
        """Up to so many events; whether the charge has not passed yet."""
        code, self.state = advance(self.model, self.box, self.state, self.rng, events, self.target)
        return code == RUNNING and self.net < self.target


def speed(row: Row, tick: Callable[[int], None]) -> dict[str, Any]:
    """Events per CPU second, the study's and those of bare walkers; of each fifth the median of the repeats."""
    bare = Row("bare", row.columns, row.voxel_um, row.capacity_mAh_cm2, "walkers")
    both = parameters(row), parameters(bare)
    for p in both:
        for part in warm_up.parts(p):
            warm_up.compile_part(p, part)
    times: list[tuple[list[float], list[float]]] = []
    for _ in range(row.repeats):
        ours, theirs = (Growing(p, row.seed) for p in both)
        for number in range(TURNS):
            ours.turn(number)
            theirs.turn(number)
            tick(ours.target // TURNS)
        times.append((ours.cpu_s, theirs.cpu_s))
    cpu_s = np.median(times, axis=0).sum(axis=1)
    n, beside = ours.state.counters[0], theirs.state.counters[0]
    events_s = n.events / cpu_s[0], beside.events / cpu_s[1]
    return {
        "events_per_cpu_s": float(events_s[0]),
        "over_bare": float(events_s[0] / events_s[1]),
        "bare_events_per_cpu_s": float(events_s[1]),
        "events": int(n.events),
        "stripped": int(n.stripped),
        "highest_voxel": int(n.top_plane),
        "events_per_refresh": float(n.events / n.refreshes) if n.refreshes else None,
        "method": both[0].method,
        "tolerance": row.tolerance,
        "voxel_um": row.voxel_um,
        "capacity_mAh_cm2": row.capacity_mAh_cm2,
        "repeats": row.repeats,
    }


def pressed_columns(growing: Growing) -> NDArray[np.bool_] | None:
    """Columns that stand above the rest plane of a layer."""
    state, layer = growing.state, verbs.physics(growing.state.method)[1]
    if layer is None:
        return None
    columns = state.lattice.height_histogram
    top = int(state.lattice.height.max())
    return np.asarray(state.lattice.height > verbs.rest_plane(layer, state.lattice.height.size, columns, top))


def to_contact(growing: Growing) -> bool:
    """Go on, event by event, until one has lifted a column above the rest plane; whether that has happened."""
    before, heights = pressed_columns(growing), growing.state.lattice.height.copy()
    while growing.to(int(growing.state.counters[0].events) + 1):
        now = pressed_columns(growing)
        if (now & ~before & (growing.state.lattice.height > heights)).any():
            return True
        before, heights = now, growing.state.lattice.height.copy()
    return False


def errors(row: Row, events: int, tick: Callable[[int], None]) -> tuple[list[Moment], list[Moment]]:
    """The growth again, which makes `events` of them in all: its error at random moments, and right after contacts."""
    growing = Growing(parameters(row), row.seed)
    stops = np.sort(np.random.default_rng(row.seed + 1000).integers(1, events, row.moments, endpoint=True))
    contacts: list[Moment] = []
    others: list[Moment] = []
    for number, stop in enumerate(stops):
        more = growing.to(int(stop))
        contact = number % 4 == 3 and pressed_columns(growing) is not None and more and to_contact(growing)
        found = moment(growing.model, growing.box, growing.state, row.seed)
        (contacts if contact else others).append(found)
        tick(1)
    return others, contacts


def pressed_share(moments: list[Moment]) -> tuple[float, float] | None:
    """Events at shifted faces, used over exact, and its standard error; None where hardly any face is shifted."""
    should = sum(m.pressed_exact for m in moments)
    if should * max(moments[0].drawn, 1) < 1e-6:
        return None
    noise = sum(m.pressed_exact * (1 - m.pressed_exact) / m.drawn for m in moments if m.drawn)
    return sum(m.pressed for m in moments) / should, float(np.sqrt(noise)) / should


def measure(row: Row, tick: Callable[[int], None], tick_moment: Callable[[int], None]) -> dict[str, Any]:
    """Everything about a row."""
    found = speed(row, tick)
    if row.moments == 0:
        return found | {"tv_mean": None, "tv_worst": None, "tv_moments": 0}
    others, contacts = errors(row, found["events"], tick_moment)
    both = others + contacts
    share, touching = pressed_share(both), pressed_share(contacts) if contacts else None
    return found | {
        "tv_mean": float(np.mean([m.tv for m in both])),
        "tv_worst": float(np.max([m.tv for m in both])),
        "tv_moments": len(both),
        "contact_moments": len(contacts),
        "contact_tv_mean": float(np.mean([m.tv for m in contacts])) if contacts else None,
        "contact_tv_worst": float(np.max([m.tv for m in contacts])) if contacts else None,
        "drawn": both[0].drawn,
        "pressed_exact": float(np.mean([m.pressed_exact for m in both])),
        "pressed_share": share[0] if share else None,
        "pressed_share_error": share[1] if share else None,
        "contact_pressed_share": touching[0] if touching else None,
        "contact_pressed_share_error": touching[1] if touching else None,
    }


def default_moments(columns: int) -> int:
    """Fewer in larger boxes, where each takes its time."""
    return next((count for limit, count in MOMENTS.items() if columns <= limit), 2)


def table(found: Iterable[tuple[str, str, dict[str, Any]]]) -> str:
    """(study, columns, figures) in Markdown."""
    lines = [
        "| study | columns | method | events/s | over bare | TV mean | worst | after contacts | pressed, used/exact |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for study, key, r in found:
        tv = [f"{100 * r[k]:.2f} %" if r.get(k) is not None else "" for k in ("tv_mean", "tv_worst", "contact_tv_mean")]
        if r.get("contact_tv_worst") is not None:
            tv[2] += f", worst {100 * r['contact_tv_worst']:.2f} % of {r['contact_moments']}"
        share = r.get("pressed_share")
        pressed = "" if share is None else f"{share:.4f} ± {r['pressed_share_error']:.4f}"
        lines.append(
            f"| {study} | {key} | {r['method']} | {r['events_per_cpu_s']:,.0f} | {r['over_bare']:.3f} "
            f"| {' | '.join(tv)} | {pressed} |"
        )
    return "\n".join(lines)


def rows(options: argparse.Namespace) -> list[Row]:
    """The rows that the command asks for."""
    names = STUDIES if "all" in options.studies else options.studies
    return [
        Row(
            name, columns, voxel_um, options.capacity, options.method or "auto", (options.tolerance or [1.0])[0] / 100,
            options.repeats, default_moments(columns) if options.moments is None else options.moments,
            wide_um=options.wide_um,
        )
        for columns in options.columns or [64] for voxel_um in options.voxel_um for name in names
    ]  # fmt: skip


def run(options: argparse.Namespace, facts: dict[str, Any]) -> None:
    """Measure all rows, print their table and keep the JSON up to date."""
    chosen, found = rows(options), []
    total = sum((parameters(row).target_voxels or 0) // TURNS * TURNS * row.repeats for row in chosen)
    with (
        tqdm(total=total, unit=" voxels", unit_scale=True, disable=None) as bar,
        tqdm(total=sum(row.moments for row in chosen), unit=" moments", disable=None) as moments,
    ):
        for row in chosen:
            bar.set_description_str(row.label)
            try:
                found.append((row.study, row.key, measure(row, bar.update, moments.update)))
            except RuntimeError as error:
                bar.write(f"{row.label}: {error}", file=sys.stderr)
                continue
            if options.json:
                content = {"studies": nested(found), "machine": facts}
                Path(options.json).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    print(f"\n{table(found)}\n")


def nested(found: Iterable[tuple[str, str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """{study: {columns: figures}}."""
    out: dict[str, dict[str, Any]] = {}
    for study, key, figures in found:
        out.setdefault(study, {})[key] = figures
    return out
