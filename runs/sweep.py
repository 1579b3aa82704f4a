"""One study over a range of one of its values, with several seeds each. Copy it and edit it.

    python runs/sweep.py runs/studies/piezo.toml layer.unscreened_share 0 0.005 0.01 0.02 -o results/s
    python runs/sweep.py runs/studies/bare.toml plating.current_density_mA_cm2 1 2 3 6 -o results/j

Finished runs are never done again: add values or seeds and only those are done.
"""

import argparse
import sys
import tomllib

from kmc_li import Parameters, UserError
from kmc_li.report.summary import metrics_table
from kmc_li.running.ensemble import run_ensemble


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("study", metavar="STUDY", help="a TOML file")
    parser.add_argument("key", metavar="SECTION.KEY", help="key to change, as the file calls it")
    parser.add_argument(
        "values", nargs="+", metavar="VALUE", help="values as the file would have them; '8 um' works"
    )
    parser.add_argument("--seeds", type=int, default=4, help="number of runs for each value [4]")
    parser.add_argument("--jobs", type=int, help="number of worker processes [one for each processor]")
    parser.add_argument("-o", metavar="DIR", required=True, help="folder that receives all runs")
    options = parser.parse_args()

    study = Parameters.from_toml(options.study)
    studies = {
        f"{options.key}={text.replace('/', ' per ')}": study.replace(**{options.key: value_of(text)})
        for text in options.values
    }
    groups = run_ensemble(studies, range(options.seeds), options.o, options.jobs, progress=True, tell=print)
    print(metrics_table(groups))


def value_of(text: str) -> object:
    """A number, true, false or a list as TOML writes it; everything else is text, such as '8 um'."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


# Worker processes import this file again: without this line each would start the sweep anew.
if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
