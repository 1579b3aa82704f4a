"""One look for every figure: sizes, fonts, a fixed color for each scenario, scale bars, saving.

Colors are those of Okabe and Ito (2008), which the common forms of color blindness tell apart; every line has
its own dash pattern as well, so that a figure survives a grey printer.
"""

import io
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnchoredOffsetbox, AuxTransformBox, TextArea, VPacker
from matplotlib.textpath import TextPath

from kmc_li.storage import files

DOUBLE_COLUMN_MM = 180.0
SUFFIXES = (".png", ".pdf", ".svg")
RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib: the same look on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": 7.0,
    "axes.labelsize": 7.0,
    "axes.titlesize": 7.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "figure.dpi": 150,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # embedded TrueType, which journals ask for
    "svg.fonttype": "path",
    "svg.hashsalt": "kmc_li",  # the same figure gives the same file
}
HEIGHT_COLORS = "cividis"
INK, MUTED = "#222222", "#666666"
CAPTION_SIZE, CAPTION_LINE_MM = 6.2, 3.2
LETTERS = "abcdefghijklmnopqrstuvwxyz"

LABELS = {
    "areal_capacity_mAh_cm2": "Areal capacity (mAh/cm²)",
    "time_s": "Time (s)",
    "thickness_um": "Thickness (µm)",
    "thickness_p95_um": "95th percentile of height (µm)",
    "roughness_Sa_um": "Roughness Sa (µm)",
    "roughness_Sq_um": "Roughness Sq (µm)",
    "roughness_Sz_um": "Roughness Sz (µm)",
    "porosity": "Porosity",
    "dead_voxels": "Voxels of dead metal",
    "interphase_voxels": "Voxels taken by the interphase",
    "high_current_share": "Current share of the highest 5 %",
    "overpotential_V": "Overpotential (V)",
    "current_density_mA_cm2": "Current density (mA/cm²)",
    "rest_plane_um": "Rest plane of the layer (µm)",
    "contact_share": "Share of columns in contact",
    "peak_pressure_MPa": "Peak pressure (MPa)",
    "field_tv_estimate": "Field error estimate (TV)",
    "field_bound": "Field error bound",
}

Dash = str | tuple[float, tuple[float, ...]]


class Look(NamedTuple):
    """How a group is drawn: color, dash pattern, marker."""

    color: str
    dash: Dash
    marker: str


# a label is searched for these names in this order
_SCENARIOS = {
    "bare": Look("#D55E00", "-", "o"),
    "inert": Look("#009E73", (0, (4, 1.5)), "s"),
    "piezo": Look("#0072B2", "-", "D"),
    "anti-poled": Look("#CC79A7", (0, (5, 1, 1, 1)), "^"),
    "screened": Look("#56B4E9", (0, (1.2, 1.2)), "v"),
}
_OTHERS = (
    Look("#E69F00", "-", "P"),
    Look("#000000", (0, (4, 1.5)), "X"),
    Look("#8C6D31", (0, (1.2, 1.2)), "<"),
)


def group_looks(labels: Iterable[str]) -> dict[str, Look]:
    """The look of every group: that of the scenario its label names, else the first one that is free.

    "piezo", "Piezoelectric layer" and "piezo, 2 mA/cm2" all name piezo; the first of them has its look.
    """
    labels = list(labels)
    looks: dict[str, Look] = {}
    # a label that is the scenario's bare name comes before one that merely contains it
    for label in sorted(labels, key=lambda label: label.lower() not in _SCENARIOS):
        scenario = _scenario(label)
        if scenario is not None and _SCENARIOS[scenario] not in looks.values():
            looks[label] = _SCENARIOS[scenario]
    free = [look for look in (*_OTHERS, *_SCENARIOS.values()) if look not in looks.values()]
    for label in labels:
        if label not in looks:
            looks[label] = free.pop(0) if free else _OTHERS[0]
    return looks


def _scenario(label: str) -> str | None:
    words = label.lower().replace("_", "-").replace(" ", "-")
    return next((name for name in _SCENARIOS if name in words), None)


@contextmanager
def house_style() -> Iterator[None]:
    """The settings of this module for as long as the block lasts; the user's own come back afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()  # a personal matplotlibrc must not shift a laid-out page
        mpl.rcParams.update(RC)
        yield


def inches(millimeters: float) -> float:
    """Millimeters in matplotlib's unit."""
    return millimeters / 25.4


class Page:
    """A figure laid out in millimeters from its top left corner."""

    def __init__(self, width_mm: float, height_mm: float) -> None:
        self.width, self.height = width_mm, height_mm
        self.figure = Figure(figsize=(inches(width_mm), inches(height_mm)))

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes whose box has this left and top edge, width and height [mm]."""
        bottom = self.height - top - height
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box)

    def text(
        self, left: float, top: float, words: str, fit: float | None = None, size: float = 7.0, **kwargs: Any
    ) -> None:
        """Words with this top left corner [mm]; in smaller letters where they are wider than `fit` [mm]."""
        if fit is not None:
            font = FontProperties(weight=kwargs.get("fontweight"), size=size)
            extent = TextPath((0, 0), words, prop=font).get_extents().width / 72 * 25.4
            size *= min(1.0, fit / extent)
        kwargs["fontsize"] = size
        x, y = left / self.width, 1 - top / self.height
        self.figure.text(x, y, words, **{"va": "top", "ha": "left", "color": INK, **kwargs})

    def letter(self, left: float, top: float, letter: str) -> None:
        """A panel's letter, bold."""
        self.text(left, top, letter, size=9, fontweight="bold")

    def lines(self, top: float, lines: Iterable[str]) -> None:
        """The lines of a caption over the width of the page, as `wrapped` broke them."""
        for k, line in enumerate(lines):
            self.text(3, top + CAPTION_LINE_MM * k, with_subscripts(line), size=CAPTION_SIZE)


def scale_bar(axes: Axes, length: float, text: str) -> None:
    """A bar of `length` data units in the lower right corner of an image, its length written above it."""
    bar = AuxTransformBox(axes.transData)
    bar.add_artist(Line2D([0, length], [0, 0], color=INK, linewidth=1.6, solid_capstyle="butt"))
    label = TextArea(text, textprops={"color": INK, "fontsize": 6})
    packed = VPacker(children=[label, bar], align="center", pad=0, sep=1.5)
    box = AnchoredOffsetbox("lower right", child=packed, pad=0.25, borderpad=0.3, frameon=True)
    box.patch.set(facecolor="white", edgecolor="none", alpha=0.8, boxstyle="square,pad=0")
    axes.add_artist(box)


def wrapped(lines: Iterable[str], columns: int = 156) -> list[str]:
    """The lines of a caption, broken where they are wider than the page (of two columns, if not said otherwise)."""
    return [part for line in lines for part in textwrap.wrap(line, columns, break_on_hyphens=False)]


def with_subscripts(words: str) -> str:
    """The words with the symbols that have a subscript set as mathematics."""
    return words.replace("κ_eff", r"$\kappa_\mathrm{eff}$")


def nice_length(extent: float) -> float:
    """A round length (1, 2 or 5 times a power of ten) of about a quarter of the extent, for a scale bar."""
    target = extent / 3.2
    power: float = 10.0 ** int(f"{target:e}".split("e")[1])
    return float(max(factor * power for factor in (1, 2, 5) if factor * power <= target))


def check_path(path: str | Path) -> Path:
    """The path, if a figure can be written there.

    Raises UserError for an unknown suffix, a missing folder or a folder in its place.
    """
    return files.check_path(path, SUFFIXES, "a figure")


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as png (300 dpi), pdf (fonts embedded) or svg, as the suffix says; no time stamp inside.

    Returns the path. Raises UserError for an unknown suffix, a missing folder or one that cannot be written.
    """
    target = check_path(path)
    kind = target.suffix.lower().lstrip(".")
    stamps: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}
    drawn = io.BytesIO()
    with house_style():
        figure.savefig(drawn, format=kind, metadata=stamps[kind])
    files.write_atomically(target, drawn.getvalue())
    return target
