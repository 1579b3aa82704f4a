"""The demonstration: bare, inert and piezoelectric side by side, one deposit each or a few cycles."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kmc_li.errors import UserError
from kmc_li.report.cycles import cycle_bands, cycles_table
from kmc_li.report.statistics import RATIO_METHOD, Band
from kmc_li.report.summary import SHORT, as_json, band_words_short, metrics_table, report
from kmc_li.running.ensemble import plan_ensemble, run_ensemble
from kmc_li.storage.files import write_atomically
from kmc_li.storage.provenance import provenance
from kmc_li.storage.run import Run
from kmc_li.study import dimensionless
from kmc_li.study.parameters import Parameters
from kmc_li.study.presets import study_path

STUDIES = {"bare": "seeded_bare", "inert": "seeded_inert", "piezo": "seeded_piezo"}
PAPER_RATIO = ("bare", "piezo", 1.73)  # thickness, 29 um / 16.8 um (Li et al. 2022)
_FIGURES = ("comparison", "cycles")
_KNOWN = {*STUDIES, *(f"{name}.{kind}" for name in _FIGURES for kind in ("png", "pdf")), "summary.json"}
_COLUMNS = 32  # a side of the box that is cycled: half the width of the other, for the time it takes
_FIRST, _MORE = 192, 32  # voxels of its height, for the first plating and for what each cycle leaves


def demo(
    out: str | Path,
    seeds: int = 4,
    jobs: int | None = None,
    say: Callable[[str], None] = print,
    cycles: int | None = None,
) -> dict[str, list[Run]]:
    """Run the three studies with `seeds` seeds each and leave runs, figure and summary.json in `out`.

    cycles: plate and strip 1 mAh/cm^2 so often, on half the width, in place of one deposit. The same call again goes
    on with what is missing. say(text): receives what a terminal would show. Raises UserError and Interrupted as
    `run_ensemble` does.
    """
    out = Path(out)
    if seeds < 2:
        raise UserError(f"seeds: got {seeds}, must be at least 2: one run has no error band")
    if out.exists() and (not out.is_dir() or any(entry.name not in _KNOWN for entry in out.iterdir())):
        raise UserError(f"{out} is not empty and holds no demo: name a new folder (-o DIR)")
    studies = {name: Parameters.from_toml(study_path(study)) for name, study in STUDIES.items()}
    if cycles is not None:
        studies = {name: cycled(name, cycles) for name in STUDIES}
    plan_ensemble(studies, range(seeds), out, jobs)
    say(f"{len(STUDIES)} studies x {seeds} seeds, after Li et al., Batteries & Supercaps 2022\n")
    say(dimensionless.table(studies["piezo"]) + "\n")
    groups = run_ensemble(studies, range(seeds), out, jobs, progress=True, tell=say)
    return conclude(groups, out, say) if cycles is None else conclude_cycles(groups, out, say)


def cycled(name: str, cycles: int) -> Parameters:
    """The study of a condition that is cycled, so many cycles long. Raises UserError for a number out of range."""
    return Parameters.from_toml(study_path(f"cycling_{name}")).replace(**{
        "protocol.cycles": cycles, "lattice.nx": _COLUMNS, "lattice.ny": _COLUMNS, "field.samples": 0,
        "lattice.nz": _FIRST + _MORE * cycles, "output.series_points": 40 * cycles,
    })  # fmt: skip


def conclude_cycles(
    groups: dict[str, list[Run]], out: Path, say: Callable[[str], None]
) -> dict[str, list[Run]]:
    """Table, figure and summary.json of the demo that is cycled; returns the groups."""
    from kmc_li.figures import cycling_figure, is_cycled, save

    bands = {label: cycle_bands(runs) for label, runs in groups.items()}
    write_atomically(out / "summary.json", as_json({"cycles": bands, "provenance": provenance()}).encode())
    say(cycles_table(groups))
    say(fitted_lines(groups))
    if is_cycled(groups):
        for kind in ("png", "pdf"):
            save(cycling_figure(groups), out / f"cycles.{kind}")
        say(f"\nfigure    {out / 'cycles.png'} (and .pdf)")
    say(f"numbers   {out / 'summary.json'}\nruns      {out}/*/seed-*\nnext      kmc-li analyze {out}")
    return groups


def conclude(groups: dict[str, list[Run]], out: Path, say: Callable[[str], None]) -> dict[str, list[Run]]:
    """Table, figure and summary.json of the demo's groups; returns them."""
    from kmc_li.figures import comparison_figure, save

    ratio = thickness_ratio(groups)
    figure = comparison_figure(groups, PAPER_RATIO)
    for kind in ("png", "pdf"):
        save(figure, out / f"comparison.{kind}")
    summary = {
        "thickness_ratio_bare_piezo": {"band": ratio, "method": RATIO_METHOD, "paper": PAPER_RATIO[2]},
        "studies": report(groups),
        "provenance": provenance(),
    }
    write_atomically(out / "summary.json", as_json(summary).encode())
    say(metrics_table(groups, SHORT))
    say(ratio_line(ratio))
    say(fitted_lines(groups))
    say(f"\nfigure    {out / 'comparison.png'} (and .pdf)\nnumbers   {out / 'summary.json'}")
    say(f"runs      {out}/*/seed-*\nnext      kmc-li analyze {out}")
    return groups


def thickness_ratio(groups: dict[str, list[Run]]) -> Band:
    """Thickness of bare over piezo with its 95 % band, as the figure shows it."""
    from kmc_li.figures.series import common_capacity
    from kmc_li.figures.thickness import thickness_ratios

    return thickness_ratios(groups, PAPER_RATIO[0], common_capacity(groups))[PAPER_RATIO[1]]


def paper_ratio(groups: Mapping[str, Sequence[Run]]) -> tuple[str, str, float] | None:
    """The paper's ratio of thicknesses, if both of its conditions are among the groups."""
    return PAPER_RATIO if set(PAPER_RATIO[:2]) <= groups.keys() else None


def ratio_line(ratio: Band) -> str:
    """The thickness ratio in words, beside the paper's."""
    return (
        f"\nthickness bare/piezo {band_words_short(ratio)} ({RATIO_METHOD}); "
        f"the paper measured 29/16.8 = {PAPER_RATIO[2]}"
    )


def fitted_lines(groups: dict[str, list[Run]]) -> str:
    """Which numbers were fitted, in words, each once."""
    found = dict.fromkeys(
        line for runs in groups.values() for line in dimensionless.fitted(runs[0].parameters)
    )
    return "\n".join(f"fitted to the paper, not measured: {line}" for line in found)
