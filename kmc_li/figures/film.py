"""A film of growth from a run's snapshots, one deposit or several side by side: .gif by Pillow, .mp4 by ffmpeg."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib import animation
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from kmc_li.errors import UserError
from kmc_li.figures.captions import check_groups, conditions_line, fitted_line, number
from kmc_li.figures.raster import View, check_view, frame_of
from kmc_li.figures.series import at_capacity
from kmc_li.figures.style import CAPTION_LINE_MM, INK, MUTED, Page, group_looks, house_style, wrapped
from kmc_li.figures.view3d import Picture, box_shape, by_height, dead_metal, height_bar, render, show, what_is_drawn
from kmc_li.morphology import height_map
from kmc_li.storage.cycles import DONE, StepRows, step_rows
from kmc_li.storage.files import check_path, writing

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

FILMS = (".gif", ".mp4")
MOST_RUNS = 4
_PANEL_MM, _TALLEST, _DPI = 58.0, 1.7, 127.0  # 5 pixels a millimetre
_LAST_S = 2.0  # that the last frame of a .gif stays on
_LEFT, _SIDE, _TOP = 6.0, 20.0, 11.0  # mm: margin, heights' colour bar, room for titles


class Moment(NamedTuple):
    """What one frame shows: the areal capacity [mAh/cm2] (of cycled runs the step) and which snapshot of each run."""

    position: float
    snapshots: tuple[int, ...]


def check_film_path(path: str | Path) -> Path:
    """The path, if a film can be written there: .gif, or .mp4 where ffmpeg is installed. Raises UserError."""
    target = check_path(path, FILMS, "a film")
    if target.suffix.lower() == ".mp4" and not animation.writers.is_available("ffmpeg"):
        raise UserError(f"{target}: an .mp4 film needs ffmpeg, which is not installed here; write a .gif")
    return target


def moments(runs: Mapping[str, "Run"]) -> tuple[list[Moment], float]:
    """The frames of a film, and how far the snapshots are from their frame's charge at most [mAh/cm2].

    The frames are at the snapshots of the run that has most of them, as far as every run has come; each other run shows
    its snapshot nearest in charge. Of runs with a protocol they are the ends of the steps that all have done. Raises
    UserError for a run without snapshots.
    """
    charges = []
    for label, run in runs.items():
        if len(run.snapshots) == 0:
            raise UserError(
                f"{run.path or label}: has no snapshots to make a film of: set output.snapshots (such as 60) in its "
                "study and run it again"
            )
        charges.append(np.array(run.snapshots.areal_capacity_mAh_cm2))
    if all(_steps(run) for run in runs.values()):
        return [Moment(k + 1.0, (k,) * len(charges)) for k in range(min(map(len, charges)))], 0.0
    common = min(float(charge[-1]) for charge in charges)
    leading = max(charges, key=len)
    gap = float(np.max(np.diff(leading, prepend=0.0)))
    marks = [float(mark) for mark in leading if mark <= common + gap / 2]
    chosen = [tuple(int(np.argmin(np.abs(charge - mark))) for charge in charges) for mark in marks]
    off = max(
        abs(float(charge[k]) - mark)
        for mark, which in zip(marks, chosen, strict=True)
        for k, charge in zip(which, charges, strict=True)
    )
    return [Moment(mark, which) for mark, which in zip(marks, chosen, strict=True)], off


def _steps(run: "Run") -> list[StepRows]:
    return step_rows(run.series, run.parameters)


def _layers(run: "Run", snapshot: int) -> int:
    """Planes up to the highest metal of a snapshot."""
    return int(height_map(run.snapshots[snapshot].occupancy).max())


class Film:
    """A page whose pictures change from frame to frame; camera, colours and axes stay."""

    def __init__(self, runs: Mapping[str, "Run"], view: View | None = None) -> None:
        """runs: label -> run, 1 to 4, of one box. Raises UserError for unlike boxes or runs without snapshots."""
        check_groups({label: [run] for label, run in runs.items()}, MOST_RUNS)
        self.moments, self.off = moments(runs)
        self.runs, self.view = dict(runs), check_view(view or View())
        boxes = {(*run.occupancy.shape[:2], run.parameters.lattice.voxel_um) for run in runs.values()}
        if len(boxes) > 1:
            raise UserError("one camera needs one box: the runs differ in lattice.nx, lattice.ny or lattice.voxel_um")
        self.shape = max((box_shape(run) for run in runs.values()), key=lambda shape: shape[2])
        if all(_steps(run) for run in runs.values()):  # highest before the last step strips
            heights = [_layers(run, moment.snapshots[0]) for run in runs.values() for moment in self.moments]
            self.shape = (*self.shape[:2], max(self.shape[2], *heights))
        self.edge_um = next(iter(runs.values())).parameters.lattice.voxel_um
        frame = frame_of(self.shape, self.view, 1000)
        tall = frame.rows / frame.columns
        width = min(_PANEL_MM, _PANEL_MM * _TALLEST / tall)
        self._columns = round(width / 25.4 * _DPI)
        with house_style():
            self.figure = self._page(width, width * tall)

    def _page(self, width: float, height: float) -> Figure:
        total = max(_LEFT + (_PANEL_MM + 3) * len(self.runs) + _SIDE, 100.0)
        groups = {label: [run] for label, run in self.runs.items()}
        lines = [what_is_drawn(run) for run in self.runs.values()]
        shown = max(lines, key=len)
        seeds = ", ".join(f"{run.seed} ({label})" for label, run in self.runs.items())
        told = f"One run each (n = 1, no band), seed {seeds}."
        if self.off > 0:
            told += f" Snapshots nearest to the areal capacity shown, at most {number(self.off)} mAh/cm² off."
        caption = wrapped([told, shown, conditions_line(groups), fitted_line(groups)], int(156 * (total - 6) / 174))
        bottom = _TOP + height + 17
        page = Page(total, bottom + CAPTION_LINE_MM * len(caption) + 2)
        page.figure.set_facecolor("white")
        looks = group_looks(self.runs)
        self._pictures, self._facts = [], []
        for k, label in enumerate(self.runs):
            left = _LEFT + k * (_PANEL_MM + 3)
            axes = page.axes(left + (_PANEL_MM - width) / 2, _TOP, width, height)
            show(axes, self._picture(label, 0), self.edge_um, self.shape)
            self._pictures.append(axes.images[0])
            page.text(left, 3, label, fit=_PANEL_MM, size=8, fontweight="bold", color=looks[label].color)
            page.text(left, 7, " ", size=6, color=MUTED)
            self._facts.append(page.figure.texts[-1])
        side = _LEFT + len(self.runs) * (_PANEL_MM + 3)
        height_bar(page.figure, page.axes(side, _TOP + 0.2 * height, 2.4, 0.6 * height), self.shape[2] * self.edge_um)
        last = self.moments[-1].position
        bar = page.axes(_LEFT + 2, bottom - 13, total - 2 * _LEFT - 4, 2.6)
        cycled = all(_steps(run) for run in self.runs.values())
        words = "Steps of the protocol that are done" if cycled else "Areal capacity (mAh/cm²)"
        bar.set(xlim=(0, last), ylim=(0, 1), yticks=[], xlabel=words)
        bar.spines["left"].set_visible(False)
        self._bar = Rectangle((0, 0), 0, 1, color=INK, linewidth=0)
        bar.add_patch(self._bar)
        page.lines(bottom, caption)
        return page.figure

    def _picture(self, label: str, snapshot: int) -> Picture:
        run = self.runs[label]
        occupancy = run.snapshots[snapshot].occupancy
        return render(
            occupancy, by_height(0, self.shape[2]), self.view, self.shape[2], self._columns,
            self._rest_plane(run, snapshot), dead_metal(occupancy),
        )  # fmt: skip

    def _value(self, run: "Run", name: str, snapshot: int) -> float:
        """Of a series at a snapshot, by its charge or, where that comes and goes, by its step."""
        if steps := _steps(run):
            return float(run.series[name][steps[snapshot].end])
        return float(at_capacity(run, name, run.snapshots.areal_capacity_mAh_cm2[snapshot]))

    def _rest_plane(self, run: "Run", snapshot: int) -> float | None:
        """In voxels; None without a layer, or where it lies above what is drawn."""
        if run.parameters.layer is None or not np.isfinite(run.series.get("rest_plane_um", [np.nan])).any():
            return None
        plane = self._value(run, "rest_plane_um", snapshot) / self.edge_um
        return plane if 0 < plane <= self.shape[2] else None

    def frame(self, number_of_frame: int) -> Figure:
        """The page with this frame's pictures, numbers and bar; one page for all frames."""
        moment = self.moments[number_of_frame]
        for k, (label, run) in enumerate(self.runs.items()):
            snapshot = moment.snapshots[k]
            self._pictures[k].set_data(self._picture(label, snapshot).rgba)
            words = f"thickness {self._value(run, 'thickness_um', snapshot):.1f} µm"
            if steps := _steps(run):
                words = f"cycle {steps[snapshot].cycle}, {DONE[steps[snapshot].kind]}: {words}"
            self._facts[k].set_text(words)
        self._bar.set_width(moment.position)
        return self.figure


def save_film(
    film: Film,
    path: str | Path,
    frames_per_s: float = 8.0,
    each: Callable[[Sequence[Moment]], Any] = iter,
) -> Path:
    """Write a film as .gif (Pillow) or .mp4 (ffmpeg, where it is installed). Returns the path.

    each: wraps the frames while they are drawn, such as tqdm. Raises UserError for a path that cannot be written, or a
    number of frames a second outside 0.1 to 60.
    """
    target = check_film_path(path)
    if not 0.1 <= frames_per_s <= 60:
        raise UserError(f"frames a second: got {frames_per_s:g}, must be between 0.1 and 60")
    with _replacing(target) as temporary, writing(target):
        if target.suffix.lower() == ".gif":
            frames = [_small(film.frame(k)) for k, _ in enumerate(each(film.moments))]
            _write_gif(frames, temporary, frames_per_s, [look.color for look in group_looks(film.runs).values()])
        else:
            _write_mp4(film, temporary, frames_per_s, each)
    return target


def _small(figure: Figure) -> Image.Image:
    return Image.fromarray(frame_pixels(figure)[:, :, :3])


def _write_gif(frames: list[Image.Image], path: Path, frames_per_s: float, titles: Sequence[str]) -> None:
    """All frames in one palette, that of the last, so that no colour flickers; the last frame stays a while."""
    palette = frames[-1].quantize(256, method=Image.Quantize.MEDIANCUT)
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    for exact in ("white", INK, *titles):
        wanted = np.array(to_rgb(exact)) * 255
        colours[np.argmin(np.abs(colours - wanted).sum(axis=1))] = np.round(wanted)
    colours[colours.min(axis=1) > 245] = 255  # Pillow takes any of several near whites
    palette.putpalette(colours.ravel().tolist())
    first, *others = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    each_ms = 1000 / frames_per_s
    times = [round(each_ms)] * len(others) + [round(each_ms + 1000 * _LAST_S)]
    first.save(path, format="GIF", save_all=True, append_images=others, duration=times, loop=0, optimize=False)


def _write_mp4(film: Film, path: Path, frames_per_s: float, each: Callable[[Sequence[Moment]], Any]) -> None:
    # the encoder takes even numbers of pixels only
    even = ["-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-pix_fmt", "yuv420p"]
    writer = animation.FFMpegWriter(fps=frames_per_s, codec="h264", extra_args=even)  # type: ignore[arg-type]
    with house_style(), writer.saving(film.figure, str(path), _DPI):
        for k, _ in enumerate(each(film.moments)):
            film.frame(k)
            writer.grab_frame(facecolor="white")


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A name beside the target that takes its place once all is written."""
    temporary = target.with_name(f".{target.stem}.tmp{target.suffix}")
    try:
        yield temporary
        with writing(target):
            temporary.replace(target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def frame_pixels(figure: Figure) -> NDArray[np.uint8]:
    """A figure as RGBA bytes, (rows, columns, 4), as a film's frame holds it."""
    with house_style():
        figure.set_dpi(_DPI)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]
        return np.asarray(canvas.buffer_rgba()).copy()  # type: ignore[no-untyped-call]
