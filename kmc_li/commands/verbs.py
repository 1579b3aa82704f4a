"""What each verb does. One imports what it needs itself, so that help and errors come at once."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kmc_li.storage.run import Run


def demo(options: argparse.Namespace) -> None:
    from kmc_li.running.demo import demo as grow

    out = options.out or ("kmc_li_demo" if options.cycles is None else "kmc_li_demo_cycles")
    grow(out, options.seeds, options.jobs, _say, options.cycles)


def run(options: argparse.Namespace) -> None:
    parameters, table = _read(options.study)
    from kmc_li.storage.store import require_unused

    require_unused(Path(options.out))
    _say(table + "\n")
    from kmc_li.running.driver import compile_kernels, simulate

    compile_kernels(parameters, _say, progress=True)
    _conclude(simulate(parameters, options.seed, options.out, progress=True))


def resume(options: argparse.Namespace) -> None:
    from kmc_li.running.driver import check_resumable, compile_kernels, resume
    from kmc_li.storage.store import load_run

    if check_resumable(Path(options.folder)).finished is not None:
        run = load_run(options.folder)
        _say(f"{options.folder} is finished already")
        return _conclude(run)
    compile_kernels(load_run(options.folder).parameters, _say, progress=True)
    _conclude(resume(options.folder, progress=True))


def ensemble(options: argparse.Namespace) -> None:
    parameters, table = _read(options.study)
    from kmc_li.report.summary import SHORT, metrics_table
    from kmc_li.running.ensemble import plan_ensemble, run_ensemble

    what = parameters, range(options.seeds), options.out, options.jobs, options.executor
    plan_ensemble(*what)
    _say(table + "\n")
    runs = run_ensemble(*what, progress=True, tell=_say)[""]
    _say(metrics_table({Path(options.out).name: runs}, SHORT))
    _say_cycles({Path(options.out).name: runs})
    _say(f"\nruns      {options.out}/seed-*\nnext      kmc-li analyze {options.out}")


def analyze(options: argparse.Namespace) -> None:
    from kmc_li.report.cycles import completed, cycle_bands
    from kmc_li.report.summary import as_json, load_groups, metrics_table
    from kmc_li.report.summary import report as told

    groups = load_groups([options.folder])
    if options.json:
        content = told(groups)
        for label, runs in groups.items():
            content[label] |= {"cycles": cycle_bands(runs)} if completed(runs) else {}
        print(as_json(content))
        return
    for run in [run for runs in groups.values() for run in runs if run.finished is None]:
        complain(f"{run.path} is not finished; shown as far as it is (kmc-li resume {run.path})")
    print(metrics_table(groups))
    _say_cycles(groups)


def compare(options: argparse.Namespace) -> None:
    from kmc_li.figures.style import check_path

    check_path(options.figure)
    from kmc_li.figures import comparison_figure, cycling_figure, is_cycled, save
    from kmc_li.report.cycles import cycles_table
    from kmc_li.report.summary import SHORT, load_groups, metrics_table
    from kmc_li.running.demo import paper_ratio, ratio_line, thickness_ratio

    groups = load_groups(options.folders)
    if is_cycled(groups):
        save(cycling_figure(groups), options.figure)
        _say(cycles_table(groups))
    else:
        reference = paper_ratio(groups)
        save(comparison_figure(groups, reference), options.figure)
        _say(metrics_table(groups, SHORT))
        if reference:
            _say(ratio_line(thickness_ratio(groups)))
    _say(f"\nfigure    {options.figure}")


def report(options: argparse.Namespace) -> None:
    from kmc_li.html_report import check_path, report_page, write_page

    check_path(options.page)
    from kmc_li.report.summary import load_groups
    from kmc_li.running.demo import paper_ratio

    groups = load_groups(options.folders)
    write_page(report_page(groups, paper_ratio(groups), progress=True), options.page)
    _say(f"report    {options.page}")


def export(options: argparse.Namespace) -> None:
    from kmc_li.export.command import check, export

    check(options.file, options.format, options.snapshots, options.field)
    from kmc_li.storage.store import load_run

    run = load_run(options.folder)
    path = export(run, options.file, options.format, options.snapshots, options.field, complain)
    _say(f"file      {path}")


def plot(options: argparse.Namespace) -> None:
    from kmc_li.running.pictures import plot

    plot(options.folder, options.figure, _say, complain)


def animate(options: argparse.Namespace) -> None:
    from kmc_li.running.pictures import animate

    animate(options.folders, options.film, options.fps, _say)


def validate(options: argparse.Namespace) -> None:
    _, table = _read(options.study)
    _say(f"{options.study} is valid\n\n{table}")


def parameters(options: argparse.Namespace) -> None:
    from kmc_li.study import reference

    if options.json:
        from kmc_li.report.summary import as_json

        print(as_json(reference.as_dict(options.section)))
        return
    print((reference.as_markdown if options.markdown else reference.as_text)(options.section))


def _read(study: str) -> tuple[Any, str]:
    """The parameters of a study and the table of its dimensionless numbers."""
    from kmc_li.running.start import read_study

    return read_study(study)


def _conclude(run: "Run") -> None:
    from kmc_li.report.summary import metrics_table

    _say(metrics_table({run.label: [run]}))
    _say_cycles({run.label: [run]})
    _say(f"\nended by {run.finished}; seed {run.seed}, state sha256 {run.state_sha256}")
    _say(f"run       {run.path}\nnext      kmc-li analyze {run.path} --json")


def _say_cycles(groups: "Mapping[str, Sequence[Run]]") -> None:
    """The table of cycles of those groups that have any."""
    from kmc_li.report.cycles import completed, cycles_table

    cycled = {label: runs for label, runs in groups.items() if completed(runs)}
    if cycled:
        _say(f"\n{cycles_table(cycled)}")


def _say(line: str) -> None:
    print(line, flush=True)


def complain(line: str) -> None:
    print(f"kmc-li: {line}", file=sys.stderr, flush=True)


