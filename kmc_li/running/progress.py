"""The progress bars: charge passed, events a second, time left. Silent off a terminal."""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from tqdm import tqdm

_FORMAT = "{percentage:3.0f}%|{bar}| {desc} [{elapsed}<{remaining}]"


class Progressing(Protocol):
    """What a bar needs to know of a simulation."""

    @property
    def progress(self) -> float: ...
    @property
    def events(self) -> int: ...
    @property
    def areal_capacity_mAh_cm2(self) -> float: ...


Report = Callable[[Progressing], None]


def bar(show: bool, **settings: Any) -> "tqdm[Any]":
    """A bar from 0 to 1 (or `total`) on stderr; shown only on a terminal, and only if show."""
    # A terminal in a container may report a size of 0, for which tqdm alone would draw nothing.
    size = shutil.get_terminal_size((100, 24))
    place = {"ncols": size.columns, "nrows": size.lines, "bar_format": _FORMAT}
    return tqdm(disable=None if show else True, **{"total": 1.0, **place, **settings})


def frames_bar(frames: Sequence[Any]) -> Iterator[Any]:
    """The frames of a film, with a bar that counts them."""
    with bar(True, total=len(frames), desc="frames") as shown:
        for frame in frames:
            yield frame
            shown.update()


def charge_words(areal_capacity_mAh_cm2: float, events_per_s: float) -> str:
    """What stands behind a bar."""
    return f"{areal_capacity_mAh_cm2:.3f} mAh/cm2, {events_per_s:,.0f} events/s"


@contextlib.contextmanager
def run_bar(show: bool) -> Iterator[Report]:
    """A bar for one run; yields what to call after each advance."""
    with bar(show) as shown:
        start: list[float] = []

        def report(simulation: Progressing) -> None:
            now = time.monotonic()
            if not start:
                start.extend((now, simulation.events))
            rate = (simulation.events - start[1]) / max(now - start[0], 1e-9)
            shown.set_description_str(charge_words(simulation.areal_capacity_mAh_cm2, rate), refresh=False)
            shown.update(simulation.progress - shown.n)

        yield report
