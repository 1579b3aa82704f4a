"""The verbs that draw runs: one run on one page, and a film of one or several."""

from collections.abc import Callable, Sequence
from pathlib import Path

from kmc_li.figures.style import check_path

Say = Callable[[str], None]


def plot(folder: str | Path, figure: str | Path, say: Say, complain: Say) -> None:
    """Draw the run in a folder: its cycles, or the deposit and (linear kinetics) the field. Raises UserError."""
    check_path(figure)
    from kmc_li.export.fields import electric, has_linear_field
    from kmc_li.figures import cycling_figure, is_cycled, run_figure, save
    from kmc_li.running.progress import bar
    from kmc_li.storage.store import load_run

    run, field = load_run(folder), None
    if is_cycled({run.label: [run]}):
        save(cycling_figure({run.label: [run]}), figure)
        return say(f"figure    {figure}")
    if not has_linear_field(run.parameters):
        complain(f"{folder}: drawn without the field, which is solved for linear kinetics and faces of one age only")
    with bar(True, total=3, desc="solving the field") as shown:
        if has_linear_field(run.parameters):
            field = electric(run.parameters, run.occupancy)
        shown.set_description_str("drawing")
        shown.update()
        page = run_figure(run, field)
        shown.update()
        save(page, figure)
        shown.update()
    say(f"figure    {figure}")


def animate(folders: Sequence[str | Path], path: str | Path, frames_per_s: float, say: Say) -> None:
    """Write a film of the first run at or below each folder, side by side. Raises UserError."""
    from kmc_li.figures.film import Film, check_film_path, save_film

    check_film_path(path)
    from kmc_li.report.summary import load_groups
    from kmc_li.running.progress import frames_bar

    shown = {label: runs[0] for label, runs in load_groups(folders).items()}
    film = Film(shown)
    save_film(film, path, frames_per_s, each=frames_bar)
    for label, run in shown.items():
        say(f"{label}: {run.path}")
    say(f"film      {path} ({len(film.moments)} frames)")
