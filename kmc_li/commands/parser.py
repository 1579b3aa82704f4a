"""Every verb of the command line with its options and words. Imports nothing heavy: help comes at once."""

import argparse
from typing import Any, NoReturn

from kmc_li import __version__
from kmc_li.commands import verbs

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
literature, tiny, seeded_bare, seeded_inert, seeded_piezo, cycling_bare, cycling_inert, cycling_piezo, pulse_bare."""

EXPORT = """\
  kmc-li export results/piezo --format vti --snapshots -o piezo.pvd
  kmc-li export results/cycled --format cycler -o cycled.csv      to open beside a battery cycler's export

A run does not store when each voxel was plated: its age (mAh/cm2) counts from the first snapshot in which the voxel
is lithium, so ages are as fine as output.snapshots of the study. Potential and current are those of the converged
field (linear kinetics only). docs/export.md lists every array with its unit."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line; a verb's function stands in `verb` of what it returns."""
    raw: Any = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    whole = _Parser(
        prog="kmc-li",
        description="Kinetic Monte Carlo of lithium electrodeposition, bare or under a piezoelectric layer.",
        epilog=EXAMPLES,
        **raw,
    )
    whole.add_argument("--version", action="version", version=f"kmc_li {__version__}")
    sub_parsers = whole.add_subparsers(title="verbs", metavar="VERB", required=True)

    def verb(action: Any, name: str, help: str, example: str) -> argparse.ArgumentParser:
        words: Any = {
            "help": help.replace("%", "%%"),
            "description": help,
            "epilog": f"example:\n  {example}",
        }
        sub = sub_parsers.add_parser(name, **words, **raw)
        sub.set_defaults(verb=action)
        return sub

    study: Any = {"metavar": "STUDY", "help": "a TOML file, or the name of one that comes with kmc_li"}

    words = "grow bare lithium, an inert layer and a piezoelectric one at the paper's scale, and compare them"
    sub = verb(verbs.demo, "demo", words, "kmc-li demo --seeds 8\n  kmc-li demo --cycles 3")
    words = "folder for results [kmc_li_demo, kmc_li_demo_cycles]"
    sub.add_argument("-o", metavar="DIR", dest="out", help=words)
    words = "plate and strip 1 mAh/cm2 so often in place of one deposit, on a box of half the width"
    sub.add_argument("--cycles", type=at_least(1), metavar="N", help=words)
    sub.add_argument("--seeds", type=at_least(2), default=4, metavar="N", help="number of runs of each study [4]")
    _add_jobs(sub)

    sub = verb(verbs.run, "run", "grow one deposit", "kmc-li run piezo -o results/piezo --seed 7")
    sub.add_argument("study", **study)
    _add_folder(sub, "a new or empty folder that receives the run")
    sub.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="seed of the random numbers [0]")

    words = "complete an interrupted run up to the target of its study"
    sub = verb(verbs.resume, "resume", words, "kmc-li resume results/piezo")
    sub.add_argument("folder", metavar="DIR", help="the run's folder")

    words = "run a study with many seeds on all processors; after an interruption the same command continues"
    sub = verb(verbs.ensemble, "ensemble", words, "kmc-li ensemble bare --seeds 8 --jobs 4 -o results/bare")
    sub.add_argument("study", **study)
    words = "number of runs; they have the seeds 0 to N - 1"
    sub.add_argument("--seeds", type=at_least(1), required=True, metavar="N", help=words)
    _add_jobs(sub)
    _add_folder(sub, "folder that receives one run folder for each seed")
    words = "where the runs are done: local, or tcp://HOST:PORT of a dask scheduler [local]"
    sub.add_argument("--executor", default="local", help=words)

    words = "print the numbers of one run or of many, with 95 % bands"
    sub = verb(verbs.analyze, "analyze", words, "kmc-li analyze results --json")
    sub.add_argument("folder", metavar="DIR", help="a run folder, or a folder with runs anywhere below it")
    sub.add_argument("--json", action="store_true", help="print JSON, for a script to read")

    words = "draw one figure that compares several studies, each named after its folder; of cycled runs, cycles"
    sub = verb(verbs.compare, "compare", words, "kmc-li compare results/bare results/piezo -o comparison.pdf")
    sub.add_argument("folders", metavar="DIR", nargs="+", help="run folders, or folders with runs below them")
    sub.add_argument("-o", metavar="FIGURE", dest="figure", required=True, help="figure to write: .png, .pdf or .svg")

    words = "a figure of one run: 3-D view, ages, height map, series, current around the tips; of a cycled run, cycles"
    sub = verb(verbs.plot, "plot", words, "kmc-li plot results/piezo -o figure.pdf")
    sub.add_argument("folder", metavar="DIR", help="the run's folder")
    sub.add_argument("-o", metavar="FIGURE", dest="figure", required=True, help="a .png, .pdf or .svg file")

    words = "a film of growth, or of several side by side at the same areal capacity, from the runs' snapshots"
    sub = verb(verbs.animate, "animate", words, "kmc-li animate results/bare results/piezo -o growth.gif")
    words = "a run each (of an ensemble its first seed)"
    sub.add_argument("folders", metavar="DIR", nargs="+", help=words)
    words = "a .gif file, or .mp4 where ffmpeg is installed"
    sub.add_argument("-o", metavar="FILM", dest="film", required=True, help=words)
    sub.add_argument("--fps", type=float, default=8.0, metavar="N", help="frames a second [8]")

    words = "one HTML page of one or several studies: figures, tables, parameters, how to cite; opens without a network"
    sub = verb(verbs.report, "report", words, "kmc-li report results/bare results/piezo -o report.html")
    sub.add_argument("folders", metavar="DIR", nargs="+", help="runs, or folders with runs below them")
    sub.add_argument("-o", metavar="FILE", dest="page", required=True, help="a .html file")

    words = "a run as a file for ParaView (vti), OVITO (extxyz), Gwyddion (gwy), spreadsheets (csv) or meshes (stl)"
    sub = verb(verbs.export, "export", words, "kmc-li export results/piezo --format vti -o piezo.vti")
    sub.add_argument("folder", metavar="DIR", help="the run's folder")
    words = "vti (or .pvd with --snapshots), extxyz (.xyz), gwy, csv, stl; of a cycled run cycler, steps, cycles (.csv)"
    formats = ("vti", "extxyz", "gwy", "csv", "stl", "cycler", "steps", "cycles")
    sub.add_argument("--format", choices=formats, metavar="FORMAT", required=True, help=words)
    sub.add_argument("-o", metavar="FILE", dest="file", required=True, help="its name ends as the format says")
    words = "all snapshots: a .pvd with one .vti each beside it, or a .xyz with a frame each"
    sub.add_argument("--snapshots", action="store_true", help=words)
    words = "vti without potential and current, which take a solution of the field each"
    sub.add_argument("--no-field", dest="field", action="store_false", help=words)
    sub.epilog = f"{sub.epilog}\n{EXPORT}"

    words = "check a study and print its dimensionless numbers"
    sub = verb(verbs.validate, "validate", words, "kmc-li validate my.toml")
    sub.add_argument("study", **study)

    words = "list every key of a study with its unit, range, default and meaning"
    sub = verb(verbs.parameters, "parameters", words, "kmc-li parameters layer")
    sub.add_argument("section", metavar="SECTION", nargs="?", help="one section of a study, such as layer [all]")
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, for a script to read")
    form.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    return whole


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=at_least(1), metavar="J", help="number of processes [one for each processor]")


def _add_folder(parser: argparse.ArgumentParser, help: str) -> None:
    parser.add_argument("-o", metavar="DIR", dest="out", required=True, help=help)


def at_least(least: int) -> Any:
    """Type of an argument: a whole number, no smaller than this."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"got {text!r}, must be a whole number, at least {least}")
        return value

    return read


