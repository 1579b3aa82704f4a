"""Figures of runs: each a function from loaded runs to a matplotlib Figure. No pyplot, no global state.

    from kmc_li.figures import comparison_figure, save
    figure = comparison_figure({"bare": bare_runs, "piezo": piezo_runs}, ("bare", "piezo", 1.73))
    save(figure, "comparison.pdf")
"""

from kmc_li.figures.comparison import comparison_figure
from kmc_li.figures.cycling import cycling_figure, is_cycled
from kmc_li.figures.film import Film, check_film_path, save_film
from kmc_li.figures.measured import measured_figure
from kmc_li.figures.one_run import run_figure
from kmc_li.figures.profiles import profiles_figure
from kmc_li.figures.raster import View
from kmc_li.figures.series import series_figure
from kmc_li.figures.style import check_path, save
from kmc_li.figures.tips import tips_figure
from kmc_li.figures.view3d import deposit_figure

__all__ = [
    "Film",
    "View",
    "check_film_path",
    "check_path",
    "comparison_figure",
    "cycling_figure",
    "deposit_figure",
    "is_cycled",
    "measured_figure",
    "profiles_figure",
    "run_figure",
    "save",
    "save_film",
    "series_figure",
    "tips_figure",
]
