"""The command line. A verb imports what it needs itself, so that help and errors come at once."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from kmc_li import __version__
from kmc_li.errors import UserError

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

BAD_INPUT = 2
EXAMPLES = """\
examples:
  kmc-li demo                                   the comparison of the paper, in a few minutes
  kmc-li parameters                             every key of a study and what it means
  kmc-li validate my.toml                       check a study, see its dimensionless numbers
  kmc-li run my.toml -o results/one --seed 1    one deposit
  kmc-li resume results/one                     complete it after an interruption
  kmc-li ensemble my.toml --seeds 8 -o results/my
  kmc-li analyze results/my --json              numbers with 95 % bands
  kmc-li compare results/my results/other -o comparison.pdf
  kmc-li plot results/my/seed-0000 -o one.pdf
  kmc-li animate results/my/seed-0000 -o growth.gif
  kmc-li report results/my results/other -o report.html
  kmc-li export results/one --format vti -o one.vti

A STUDY is a TOML file, or the name of one that comes with kmc_li: bare, inert, piezo, anti_poled, screened,
literature, tiny, seeded_bare, seeded_piezo, cycling_bare, cycling_inert, cycling_piezo."""

EXPORT = """\
  kmc-li export results/piezo --format vti --snapshots -o piezo.pvd

A run does not store when each voxel was plated: its age (mAh/cm2) counts from the first snapshot in which the voxel
is lithium, so ages are as fine as output.snapshots of the study. Potential and current are those of the converged
field (linear kinetics only). docs/export.md lists every array with its unit."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0, 2 for bad input, 130 or 143 after SIGINT or SIGTERM."""
    warnings.showwarning = _show_warning
    options = _parser().parse_args(arguments)
    try:
        options.verb(options)
        sys.stdout.flush()
    except UserError as error:
        for line in error.lines:
            _complain(line)
        return BAD_INPUT
    except KeyboardInterrupt as interrupt:
        _complain(str(interrupt) or "interrupted")
        return 128 + getattr(interrupt, "signal_number", 2)
    except BrokenPipeError:
        # The reader of a pipe has left; nothing more to say, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        _complain("not enough memory for this box: take fewer or larger voxels, or fewer jobs")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    raw: Any = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = _Parser(
        prog="kmc-li",
        description="Kinetic Monte Carlo of lithium electrodeposition, bare or under a piezoelectric layer.",
        epilog=EXAMPLES,
        **raw,
    )
    parser.add_argument("--version", action="version", version=f"kmc_li {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)

    def verb(action: Any, name: str, help: str, example: str) -> argparse.ArgumentParser:
        words: Any = {
            "help": help.replace("%", "%%"),
            "description": help,
            "epilog": f"example:\n  {example}",
        }
        sub = verbs.add_parser(name, **words, **raw)
        sub.set_defaults(verb=action)
        return sub

    study: Any = {"metavar": "STUDY", "help": "a TOML file, or the name of one that comes with kmc_li"}

    words = "grow bare lithium, an inert layer and a piezoelectric one at the paper's scale, and compare them"
    sub = verb(_demo, "demo", words, "kmc-li demo --seeds 8")
    sub.add_argument("-o", metavar="DIR", dest="out", default="kmc_li_demo", help="folder for results [kmc_li_demo]")
    sub.add_argument("--seeds", type=_at_least(2), default=4, metavar="N", help="number of runs of each study [4]")
    _add_jobs(sub)

    sub = verb(_run, "run", "grow one deposit", "kmc-li run piezo -o results/piezo --seed 7")
    sub.add_argument("study", **study)
    _add_folder(sub, "a new or empty folder that receives the run")
    sub.add_argument("--seed", type=_at_least(0), default=0, metavar="N", help="seed of the random numbers [0]")

    words = "complete an interrupted run up to the target of its study"
    sub = verb(_resume, "resume", words, "kmc-li resume results/piezo")
    sub.add_argument("folder", metavar="DIR", help="the run's folder")

    words = "run a study with many seeds on all processors; after an interruption the same command continues"
    sub = verb(_ensemble, "ensemble", words, "kmc-li ensemble bare --seeds 8 --jobs 4 -o results/bare")
    sub.add_argument("study", **study)
    words = "number of runs; they have the seeds 0 to N - 1"
    sub.add_argument("--seeds", type=_at_least(1), required=True, metavar="N", help=words)
    _add_jobs(sub)
    _add_folder(sub, "folder that receives one run folder for each seed")
    words = "where the runs are done: local, or tcp://HOST:PORT of a dask scheduler [local]"
    sub.add_argument("--executor", default="local", help=words)

    words = "print the numbers of one run or of many, with 95 % bands"
    sub = verb(_analyze, "analyze", words, "kmc-li analyze results --json")
    sub.add_argument("folder", metavar="DIR", help="a run folder, or a folder with runs anywhere below it")
    sub.add_argument("--json", action="store_true", help="print JSON, for a script to read")

    words = "draw one figure that compares several studies, each named after its folder"
    sub = verb(_compare, "compare", words, "kmc-li compare results/bare results/piezo -o comparison.pdf")
    sub.add_argument("folders", metavar="DIR", nargs="+", help="run folders, or folders with runs below them")
    sub.add_argument("-o", metavar="FIGURE", dest="figure", required=True, help="figure to write: .png, .pdf or .svg")

    words = "one figure of one run: 3-D view, ages, height map, series, potential and current around the tips"
    sub = verb(_plot, "plot", words, "kmc-li plot results/piezo -o figure.pdf")
    sub.add_argument("folder", metavar="DIR", help="the run's folder")
    sub.add_argument("-o", metavar="FIGURE", dest="figure", required=True, help="a .png, .pdf or .svg file")

    words = "a film of growth, or of several side by side at the same areal capacity, from the runs' snapshots"
    sub = verb(_animate, "animate", words, "kmc-li animate results/bare results/piezo -o growth.gif")
    words = "a run each (of an ensemble its first seed)"
    sub.add_argument("folders", metavar="DIR", nargs="+", help=words)
    words = "a .gif file, or .mp4 where ffmpeg is installed"
    sub.add_argument("-o", metavar="FILM", dest="film", required=True, help=words)
    sub.add_argument("--fps", type=float, default=8.0, metavar="N", help="frames a second [8]")

    words = "one HTML page of one or several studies: figures, tables, parameters, how to cite; opens without a network"
    sub = verb(_report, "report", words, "kmc-li report results/bare results/piezo -o report.html")
    sub.add_argument("folders", metavar="DIR", nargs="+", help="runs, or folders with runs below them")
    sub.add_argument("-o", metavar="FILE", dest="page", required=True, help="a .html file")

    words = "a run as a file for ParaView (vti), OVITO (extxyz), Gwyddion (gwy), spreadsheets (csv) or meshes (stl)"
    sub = verb(_export, "export", words, "kmc-li export results/piezo --format vti -o piezo.vti")
    sub.add_argument("folder", metavar="DIR", help="the run's folder")
    words = "vti (or .pvd with --snapshots), extxyz (.xyz), gwy, csv, stl"
    sub.add_argument("--format", choices=("vti", "extxyz", "gwy", "csv", "stl"), required=True, help=words)
    sub.add_argument("-o", metavar="FILE", dest="file", required=True, help="its name ends as the format says")
    words = "all snapshots: a .pvd with one .vti each beside it, or a .xyz with a frame each"
    sub.add_argument("--snapshots", action="store_true", help=words)
    words = "vti without potential and current, which take a solution of the field each"
    sub.add_argument("--no-field", dest="field", action="store_false", help=words)
    sub.epilog = f"{sub.epilog}\n{EXPORT}"

    words = "check a study and print its dimensionless numbers"
    sub = verb(_validate, "validate", words, "kmc-li validate my.toml")
    sub.add_argument("study", **study)

    words = "list every key of a study with its unit, range, default and meaning"
    sub = verb(_parameters, "parameters", words, "kmc-li parameters layer")
    sub.add_argument("section", metavar="SECTION", nargs="?", help="one section of a study, such as layer [all]")
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, for a script to read")
    form.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    return parser


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=_at_least(1), metavar="J", help="number of processes [one for each processor]")


def _add_folder(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument("-o", metavar="DIR", dest="out", required=True, help=help)


def _at_least(least: int) -> Any:
    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"got {text!r}, must be a whole number, at least {least}")
        return value

    return read


def _demo(options: argparse.Namespace) -> None:
    from kmc_li.running.demo import demo

    demo(options.out, options.seeds, options.jobs, _say)


def _run(options: argparse.Namespace) -> None:
    parameters, table = _read(options.study)
    from kmc_li.storage.store import require_unused

    require_unused(Path(options.out))
    _say(table + "\n")
    from kmc_li.running.driver import compile_kernels, simulate

    compile_kernels(parameters, _say, progress=True)
    _conclude(simulate(parameters, options.seed, options.out, progress=True))


def _resume(options: argparse.Namespace) -> None:
    from kmc_li.running.driver import check_resumable, compile_kernels, resume
    from kmc_li.storage.store import load_run

    if check_resumable(Path(options.folder)).finished is not None:
        run = load_run(options.folder)
        _say(f"{options.folder} is finished already")
        return _conclude(run)
    compile_kernels(load_run(options.folder).parameters, _say, progress=True)
    _conclude(resume(options.folder, progress=True))


def _ensemble(options: argparse.Namespace) -> None:
    parameters, table = _read(options.study)
    from kmc_li.report.summary import SHORT, metrics_table
    from kmc_li.running.ensemble import plan_ensemble, run_ensemble

    what = parameters, range(options.seeds), options.out, options.jobs, options.executor
    plan_ensemble(*what)
    _say(table + "\n")
    runs = run_ensemble(*what, progress=True, tell=_say)[""]
    _say(metrics_table({Path(options.out).name: runs}, SHORT))
    _say(f"\nruns      {options.out}/seed-*\nnext      kmc-li analyze {options.out}")


def _analyze(options: argparse.Namespace) -> None:
    from kmc_li.report.summary import as_json, load_groups, metrics_table, report

    groups = load_groups([options.folder])
    if options.json:
        print(as_json(report(groups)))
        return
    for run in [run for runs in groups.values() for run in runs if run.finished is None]:
        _complain(f"{run.path} is not finished; shown as far as it is (kmc-li resume {run.path})")
    print(metrics_table(groups))


def _compare(options: argparse.Namespace) -> None:
    from kmc_li.figures.style import check_path

    check_path(options.figure)
    from kmc_li.figures import comparison_figure, save
    from kmc_li.report.summary import SHORT, load_groups, metrics_table
    from kmc_li.running.demo import paper_ratio, ratio_line, thickness_ratio

    groups = load_groups(options.folders)
    reference = paper_ratio(groups)
    save(comparison_figure(groups, reference), options.figure)
    _say(metrics_table(groups, SHORT))
    if reference:
        _say(ratio_line(thickness_ratio(groups)))
    _say(f"\nfigure    {options.figure}")


def _report(options: argparse.Namespace) -> None:
    from kmc_li.html_report import check_path, report_page, write_page

    check_path(options.page)
    from kmc_li.report.summary import load_groups
    from kmc_li.running.demo import paper_ratio

    groups = load_groups(options.folders)
    write_page(report_page(groups, paper_ratio(groups), progress=True), options.page)
    _say(f"report    {options.page}")


def _export(options: argparse.Namespace) -> None:
    from kmc_li.export.command import check, export

    check(options.file, options.format, options.snapshots, options.field)
    from kmc_li.storage.store import load_run

    run = load_run(options.folder)
    path = export(run, options.file, options.format, options.snapshots, options.field, _complain)
    _say(f"file      {path}")


def _plot(options: argparse.Namespace) -> None:
    from kmc_li.running.pictures import plot

    plot(options.folder, options.figure, _say, _complain)


def _animate(options: argparse.Namespace) -> None:
    from kmc_li.running.pictures import animate

    animate(options.folders, options.film, options.fps, _say)


def _validate(options: argparse.Namespace) -> None:
    _, table = _read(options.study)
    _say(f"{options.study} is valid\n\n{table}")


def _parameters(options: argparse.Namespace) -> None:
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
    _say(f"\nended by {run.finished}; seed {run.seed}, state sha256 {run.state_sha256}")
    _say(f"run       {run.path}\nnext      kmc-li analyze {run.path} --json")


def _say(line: str) -> None:
    print(line, flush=True)


def _complain(line: str) -> None:
    print(f"kmc-li: {line}", file=sys.stderr, flush=True)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    _complain(f"warning: {message}")


if __name__ == "__main__":
    sys.exit(main())
